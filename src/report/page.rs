use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Candidate, Listed, PaidTwice, Person, Report,
    missing::{paid_in_sum, price},
    products::products,
    style::STYLE,
    trend::trends,
    words::{age, count, day, instant, known, known_money, plural},
};
use crate::domain::{GrantingGroup, LicenseTotals};

/// The report as a page: one file, without script, that loads nothing.
#[must_use]
pub fn html(report: &Report) -> String {
    let title = format!("Licence report, {}", day(report.made_at));
    let body = html! {
        header.top {
            h1 { "Licence report" }
            p.about { (about(report)) }
            (form(report))
        }
        main {
            (missing(report))
            (totals(report))
            (products(report))
            (trends(report))
            (candidates(report))
            (twice(&report.twice))
            (people(report))
        }
        footer { (footer(report)) }
    };
    whole(&title, None, &body).into_string()
}

/// A page around this body, which asks for itself again after so many seconds.
pub(super) fn whole(title: &str, refresh: Option<u64>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

fn about(report: &Report) -> Markup {
    let chosen: Vec<&str> = report
        .choices
        .iter()
        .filter(|choice| choice.is_chosen)
        .map(|choice| choice.label.as_str())
        .collect();
    html! {
        strong { @if chosen.is_empty() { "No organization" } @else { (chosen.join(", ")) } }
        " · Made " time datetime=(report.made_at) { (instant(report.made_at)) }
        " · Read from Atlassian " (age(report.read_at, report.made_at))
        @if report.is_stale { " " span.mark { "stale: a new reading is on its way" } }
    }
}

/// Reads the page anew with other parameters.
fn form(report: &Report) -> Markup {
    html! {
        form method="get" action="/report" {
            label { "Inactive after "
                input type="number" name="inactiveForDays" min="0" max="3650" required
                    value=(report.inactive_for_days);
                " days" }
            @if report.choices.len() > 1 {
                fieldset {
                    legend { "Organizations" }
                    @for choice in &report.choices {
                        label { input type="checkbox" name="integration" value=(choice.id) checked[choice.is_chosen];
                            " " (choice.label) }
                    }
                }
            }
            button type="submit" { "Show" }
        }
    }
}

fn missing(report: &Report) -> Markup {
    html! {
        @if !report.unavailable.is_empty() {
            section.missing aria-labelledby="missing" {
                h2 id="missing" { "Not in this report" }
                p { "These organizations could not be read. No figure below counts them." }
                ul { @for one in &report.unavailable {
                    li { strong { (one.integration) } ": " (one.reason) }
                } }
            }
        }
    }
}

fn totals(report: &Report) -> Markup {
    html! {
        section aria-labelledby="totals" {
            h2 id="totals" { "At a glance" }
            @if report.totals.is_empty() { p { "There is no product." } }
            @for total in &report.totals { (cards(total, report)) }
        }
    }
}

fn cards(total: &LicenseTotals, report: &Report) -> Markup {
    let card = |term: &str, value: &str, note: &str, class: &str| {
        // Known amounts alone end with their currency.
        let unit =
            total.currency.as_deref().and_then(|unit| Some((value.strip_suffix(unit)?, unit)));
        html! { div class=(format!("card {class}")) {
            dt { (term) }
            dd { @match unit {
                Some((amount, unit)) => { (amount) span.unit { (unit) } }
                None => { (value) }
            } }
            @if !note.is_empty() { dd.note { (note) } }
        } }
    };
    let unknown = if total.needed.is_some() && total.products_without_activity > 0 {
        format!(
            "without {} whose activity is not known",
            plural(total.products_without_activity, "product", "products")
        )
    } else {
        String::new()
    };
    let (paid, paid_note) = paid_in_sum(total, report);
    let people = |people| format!("by {}", plural(people, "person", "people"));
    let people = total.people.map_or_else(String::new, people);
    let days = plural(report.inactive_for_days.into(), "day", "days");
    let idle = total.reclaimable.map_or_else(String::new, |_| format!("not used for {days}"));
    html! {
        h3 { @match &total.currency {
            Some(currency) => { "Products with a price in " (currency) }
            None => { "Products without a price" }
        } }
        dl.cards {
            @if let Some(currency) = &total.currency {
                (card("Paid a month", &known_money(total.monthly_cost, currency), "", ""))
                (card("Of that not needed",
                    &known_money(total.monthly_waste, currency), "a month above what is needed", "waste"))
            }
            (card("Seats paid for", &paid, &paid_note, ""))
            (card("Seats used", &count(total.used), &people, ""))
            (card("Seats needed", &known(total.needed), &unknown, ""))
            (card("Seats to take back", &known(total.reclaimable), &idle, "waste"))
        }
    }
}

fn candidates(report: &Report) -> Markup {
    let listed = &report.candidates;
    let has_price = listed.rows.iter().any(|one| one.price.is_each());
    html! {
        section.list aria-labelledby="reclaim" {
            h2 id="reclaim" { "Seats to take back" }
            @if listed.rows.is_empty() {
                p { "Nobody holds a seat that they do not use, as far as their activity is known." }
            } @else {
                p { (order(has_price)) }
                table {
                    caption { (shown(listed, "seat", "seats")) }
                    thead { tr {
                        th scope="col" { "Person" }
                        th scope="col" { "Product" }
                        th scope="col" { "Last used" }
                        th scope="col" { "What frees the seat" }
                        th scope="col" { "Comes through" }
                        @if has_price { th.number scope="col" { "A month" } }
                    } }
                    tbody { @for one in &listed.rows { (candidate(one, has_price)) } }
                }
                @if listed.rest() > 0 {
                    p.more { "And " (count(listed.rest())) " more. Everybody's access with its last activity is the feed "
                        a href="/feeds/product_access.csv" { "product_access" } "." }
                }
            }
        }
    }
}

fn order(has_price: bool) -> &'static str {
    if has_price {
        "The dearest seats first; of those that cost the same, the longest idle. Sandboxes are not in the list."
    } else {
        "The longest idle first. Sandboxes are not in the list."
    }
}

fn candidate(one: &Candidate, has_price: bool) -> Markup {
    html! {
        tr {
            th scope="row" { (person(&one.person)) }
            td { (one.product)
                @if let Some(site) = &one.site { br; small { (site) } }
                br; small { (one.integration) } }
            td.date { @match one.last_active_at {
                Some(at) => { time datetime=(at) { (day(at)) } }
                None => { "never" }
            } }
            td.text { (one.remedy) br; small { (one.reason) } }
            td { @if one.groups.is_empty() { "a role of their own" } @else {
                ul.path { @for of in &one.groups { li { (group(of)) } } }
            } }
            @if has_price {
                td.number { (price(&one.price))
                    @if let Some(from) = one.saving_effective_on { br; small { "from " (from) } } }
            }
        }
    }
}

fn person(person: &Person) -> Markup {
    html! {
        (person.shown())
        @if let Some(email) = &person.email { br; small { (email) } }
    }
}

fn group(group: &GrantingGroup) -> Markup {
    html! {
        strong { (group.name) }
        @if group.is_default { " " span.tag { "default" } }
        @if group.is_synced == Some(true) { " " span.tag { "synced" } }
        @if !group.other_products.is_empty() { " " small { "also " (group.other_products.join(", ")) } }
    }
}

/// How much of a list stands here.
pub(super) fn shown<T>(listed: &Listed<T>, one: &str, many: &str) -> String {
    if listed.rest() == 0 {
        return plural(listed.total, one, many);
    }
    format!("The first {} of {}", count(listed.rows.len() as u64), plural(listed.total, one, many))
}

fn twice(twice: &Listed<PaidTwice>) -> Markup {
    html! {
        @if !twice.rows.is_empty() {
            section.list aria-labelledby="twice" {
                h2 id="twice" { "Paid for twice" }
                p { "People who hold a seat of the same product in more than one organization. Each seat is paid for." }
                table {
                    caption { (shown(twice, "person", "people")) }
                    thead { tr {
                        th scope="col" { "Product" }
                        th scope="col" { "Person, in each organization" }
                    } }
                    tbody { @for one in &twice.rows {
                        tr {
                            th scope="row" { (one.product) }
                            td { ul { @for (integration, who) in &one.people {
                                li { (who.shown()) " " small { "in " (integration) } }
                            } } }
                        }
                    } }
                }
            }
        }
    }
}

fn people(report: &Report) -> Markup {
    html! {
        section aria-labelledby="people" {
            h2 id="people" { "People" }
            table.narrow {
                caption { "Everybody whom Atlassian lists, each once an organization" }
                tbody { @for (what, number) in told_apart(report) {
                    tr { th scope="row" { (what) } td.number { (count(number)) } }
                } }
            }
        }
    }
}

/// The people, told apart.
pub(super) fn told_apart(report: &Report) -> [(&'static str, u64); 8] {
    let people = &report.people;
    [
        ("Listed by Atlassian", people.listed),
        ("Hold at least one seat", people.with_seat),
        ("Suspended", people.suspended),
        ("Deactivated", people.deactivated),
        ("Managed accounts that were never invited, or were removed", people.not_invited),
        ("Waiting for their deletion", people.for_deletion),
        ("Bots, add-ons and service accounts", people.robots),
        ("Protected by the configuration", people.protected),
    ]
}

fn footer(report: &Report) -> Markup {
    html! {
        h2 { "What the words mean" }
        dl {
            dt { "Paid" } dd { "Seats paid for, as Atlassian or the configuration tells. Where nobody tells, it is not known, and no number stands for it." }
            dt { "Used" } dd { "Seats that people hold. Somebody with two products holds two." }
            dt { "Needed" } dd { "Seats of people who were active within " (plural(report.inactive_for_days.into(), "day", "days"))
                ", of service accounts, protected people and newcomers, and of those of whose activity nothing is told." }
            dt { "To take back" } dd { "Used and not needed." }
            dt { "Money" } dd { "What the configured prices make of the seats, by the month. Without a price there is none. Sums leave sandboxes out." }
        }
        p { "Activity is up to 24 hours late at Atlassian. All days and times are in UTC. Made by Headcount." }
    }
}
