use maud::{Markup, html};

use super::{
    Report, Usage,
    words::{self, NO_PRICE, NOT_KNOWN, count, known_money, paid, place, source, utilization},
};

/// What seats paid for, used and needed are called, and their class in the style.
pub(super) const KINDS: [(&str, &str); 3] =
    [("Paid", "paid"), ("Used", "used"), ("Needed", "needed")];

/// The bars and the table.
pub(super) fn products(report: &Report) -> Markup {
    html! {
        section aria-labelledby="products" {
            h2 id="products" { "Seats by product" }
            @if report.usage.is_empty() {
                p { "There is no product." }
            } @else {
                (bars(report))
                (table(report))
                (notes(report))
            }
        }
    }
}

/// One length for all bars, so that they can be compared. Sandboxes have none: nobody pays for them.
fn bars(report: &Report) -> Markup {
    let shown = || report.usage.iter().filter(|usage| !usage.row.product.is_sandbox);
    let longest = longest(shown()).max(1);
    html! {
        figure.bars {
            figcaption { (keys()) }
            @for usage in shown() {
                div.product {
                    h3 { (usage.product)
                        @if let Some(site) = &usage.site { " " small { (site) } } }
                    dl { @for ((name, class), (number, text)) in KINDS.into_iter().zip(seats(usage)) {
                        dt { (name) }
                        dd { (bar(class, number, longest)) " " span.value { (text) } }
                    } }
                }
            }
        }
    }
}

/// Which colour stands for what.
pub(super) fn keys() -> Markup {
    html! { @for (name, class) in KINDS { span class=(format!("key {class}")) { (name) } " " } }
}

/// The greatest number of seats of any bar.
pub(super) fn longest<'a>(shown: impl Iterator<Item = &'a Usage>) -> u64 {
    shown.flat_map(seats).filter_map(|(number, _)| number).max().unwrap_or(0)
}

/// Paid, used and needed, each as a number and as a text.
pub(super) fn seats(usage: &Usage) -> [words::Seats; 3] {
    let row = &usage.row;
    words::seats((row.purchased, row.purchased_source), row.seats.used, row.seats.needed)
}

/// Its number stands beside it, so that it says nothing to who cannot see it.
fn bar(class: &str, number: Option<u64>, longest: u64) -> Markup {
    html! {
        svg class=(format!("bar {class}")) viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.track width="1000" height="10" {}
            @if let Some(number) = number {
                rect.fill width=(thousandths(number, longest)) height="10" {}
            }
        }
    }
}

/// Where there is anything, something is to be seen.
pub(super) fn thousandths(number: u64, longest: u64) -> u64 {
    let share = u128::from(number) * 1_000 / u128::from(longest.max(1));
    let share = u64::try_from(share.min(1_000)).unwrap_or(1_000);
    if number > 0 { share.max(2) } else { 0 }
}

fn table(report: &Report) -> Markup {
    let has_price = report.usage.iter().any(|usage| usage.row.cost.is_some());
    html! {
        div.wide { table {
            caption { "Seats of each product on each site" }
            thead { tr {
                th scope="col" { "Product" }
                th.number scope="col" { "Paid" }
                th.number scope="col" { "Used" }
                th.number scope="col" { "Of paid" }
                th.number scope="col" { "Active" }
                th.number scope="col" { "Inactive" }
                th.number scope="col" { "Never used" }
                th.number scope="col" { "Activity not told" }
                th.number scope="col" { "Needed" }
                th.number scope="col" { "To take back" }
                @if has_price {
                    th.number scope="col" { "Cost a month" }
                    th.number scope="col" { "Above need" }
                }
            } }
            tbody { @for usage in &report.usage { (row(usage, has_price)) } }
        } }
    }
}

fn row(usage: &Usage, has_price: bool) -> Markup {
    let (row, seats) = (&usage.row, &usage.row.seats);
    let number = |number: Option<u64>| {
        html! { td.number { @match number { Some(number) => { (count(number)) } None => { span.unknown { (NOT_KNOWN) } } } } }
    };
    let money = |of: fn(&crate::domain::LicenseCost) -> Option<rust_decimal::Decimal>| {
        html! { td.number { @match &row.cost {
            Some(cost) => { (known_money(of(cost), &cost.currency)) }
            None => { span.unknown { (NO_PRICE) } }
        } } }
    };
    html! {
        tr {
            th scope="row" { (usage.product)
                @if row.product.is_sandbox { " " span.tag { "sandbox" } }
                @if let Some(site) = &usage.site { br; small { (site) } }
                br; small { (usage.integration) @if let Some(plan) = &row.product.plan { " · " (plan) } } }
            td.number { (paid(row.purchased, row.purchased_source)) @if row.purchased.is_some() { br; small { (source(row.purchased_source)) } } }
            (number(seats.used))
            td.number { (utilization(row)) }
            (number(seats.active))
            (number(seats.inactive))
            (number(seats.never_used))
            (number(seats.unknown))
            (number(seats.needed))
            (number(seats.reclaimable))
            @if has_price {
                (money(|cost| cost.monthly_cost))
                (money(|cost| cost.monthly_waste))
            }
        }
    }
}

/// Where two sources disagree, and what is missing.
fn notes(report: &Report) -> Markup {
    let with_notes = || report.usage.iter().filter(|usage| !usage.row.notes.is_empty());
    html! {
        @if with_notes().next().is_some() {
            h3 { "Notes" }
            ul.notes { @for usage in with_notes() {
                li { strong { (place(&usage.product, usage.site.as_deref())) } ": " (usage.row.notes.join(" ")) }
            } }
        }
    }
}
