use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use console::Style;

use super::{
    Candidate, Day, PaidTwice, Report, Usage,
    missing::{paid_in_sum, price},
    page::{shown, told_apart},
    products::{KINDS, longest, seats, thousandths},
    trend::summary,
    words::{NOT_KNOWN, age, count, day, instant, known, known_money, place, plural, utilization},
};
use crate::domain::LicenseTotals;

/// What the report is written for.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Letters in a line.
    pub width: u16,
    /// Whether it shows colours.
    pub has_colours: bool,
}

/// Below this the tables cannot be read.
const NARROWEST: u16 = 60;
/// What stands before and behind a bar.
const BESIDE_BAR: u16 = 26;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The report as text.
#[must_use]
pub fn text(report: &Report, terminal: Terminal) -> String {
    let terminal = Terminal { width: terminal.width.max(NARROWEST), ..terminal };
    let mut writer = Writer { text: String::new(), terminal };
    writer.head(report);
    for total in &report.totals {
        writer.total(total, report);
    }
    writer.products(report);
    writer.trends(report);
    writer.candidates(report);
    writer.twice(report);
    writer.people(report);
    writer.text
}

struct Writer {
    text: String,
    terminal: Terminal,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        let heading = self.styled(&Style::new().bold(), heading);
        self.line("");
        self.line(&heading);
    }

    fn styled(&self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.terminal.has_colours).apply_to(text).to_string()
    }

    fn table(&mut self, titles: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        table
            .load_style(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.terminal.width)
            .set_header(titles);
        for row in rows {
            table.add_row(row.into_iter().map(|text| Cell::new(plain(&text))));
        }
        for column in numbers {
            if let Some(column) = table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.lines() {
            self.line(&line);
        }
    }

    fn head(&mut self, report: &Report) {
        let title = self.styled(&Style::new().bold(), "Licence report");
        self.line(&format!("{title}, {}", instant(report.made_at)));
        let chosen: Vec<&str> = report
            .choices
            .iter()
            .filter(|choice| choice.is_chosen)
            .map(|choice| choice.label.as_str())
            .collect();
        let stale = if report.is_stale { ", stale: a new reading is on its way" } else { "" };
        self.line(&plain(&format!(
            "{}. Read from Atlassian {}{stale}. Inactive after {}.",
            if chosen.is_empty() { "No organization".to_owned() } else { chosen.join(", ") },
            age(report.read_at, report.made_at),
            plural(report.inactive_for_days.into(), "day", "days"),
        )));
        for one in &report.unavailable {
            let mark = self.styled(&Style::new().yellow(), "Not in this report:");
            self.line(&format!("{mark} {}: {}", plain(&one.integration), plain(&one.reason)));
        }
    }

    fn total(&mut self, total: &LicenseTotals, report: &Report) {
        let heading = match &total.currency {
            Some(currency) => format!("Products with a price in {currency}"),
            None => "Products without a price".to_owned(),
        };
        self.heading(&heading);
        if let Some(currency) = &total.currency {
            self.line(&format!(
                "  Paid a month           {}",
                known_money(total.monthly_cost, currency)
            ));
            self.line(&format!(
                "  Of that not needed     {}",
                known_money(total.monthly_waste, currency)
            ));
        }
        let (paid, why) = paid_in_sum(total, report);
        let why = if why.is_empty() { why } else { format!(", {why}") };
        self.line(&format!("  Seats paid for         {paid}{why}"));
        let people = |people| format!(" by {}", plural(people, "person", "people"));
        let people = total.people.map_or_else(String::new, people);
        self.line(&format!("  Seats used             {}{people}", count(total.used)));
        let without = total.products_without_activity;
        let unknown = if total.needed.is_some() && without > 0 {
            format!(
                ", without {} whose activity is {NOT_KNOWN}",
                plural(without, "product", "products")
            )
        } else {
            String::new()
        };
        self.line(&format!("  Seats needed           {}{unknown}", known(total.needed)));
        self.line(&format!("  Seats to take back     {}", known(total.reclaimable)));
    }

    fn products(&mut self, report: &Report) {
        self.heading("Seats by product");
        let shown = || report.usage.iter().filter(|usage| !usage.row.product.is_sandbox);
        let most = longest(shown()).max(1);
        for usage in shown() {
            self.product(usage, most);
        }
        let notes = report.usage.iter().filter(|usage| !usage.row.notes.is_empty());
        for (at, usage) in notes.enumerate() {
            if at == 0 {
                self.heading("Notes");
            }
            let place = place(&usage.product, usage.site.as_deref());
            self.line(&plain(&format!("- {place}: {}", usage.row.notes.join(" "))));
        }
    }

    fn product(&mut self, usage: &Usage, most: u64) {
        let row = &usage.row;
        let mut facts = vec![plain(&place(&usage.product, usage.site.as_deref()))];
        if row.utilization().is_some() {
            facts.push(format!("{} of paid used", utilization(row)));
        }
        if let Some(seats) = row.seats.reclaimable {
            facts.push(format!("{} to take back", count(seats)));
        }
        if let Some(cost) = &row.cost {
            facts.push(format!(
                "{} a month above need",
                known_money(cost.monthly_waste, &cost.currency)
            ));
        }
        self.line(&facts.join(" · "));
        let colours = [Style::new().dim(), Style::new().blue(), Style::new().green()];
        let kinds = KINDS.into_iter().zip(seats(usage)).zip(colours);
        for (((name, _), (number, text)), colour) in kinds {
            let bar = number.map_or_else(String::new, |number| self.bar(number, most));
            let bar = self.styled(&colour, &bar);
            let gap = if number == Some(0) || number.is_none() { "" } else { " " };
            self.line(&format!("  {name:<7} {bar}{gap}{text}"));
        }
    }

    fn bar(&self, number: u64, most: u64) -> String {
        let room = u64::from(self.terminal.width.saturating_sub(BESIDE_BAR));
        let eighths = (thousandths(number, most) * room * 8).div_ceil(1_000);
        let mut bar = "█".repeat(usize::try_from(eighths / 8).unwrap_or(0));
        bar.push_str(usize::try_from(eighths % 8).map_or("", |rest| EIGHTHS[rest]));
        bar
    }

    fn trends(&mut self, report: &Report) {
        if report.trends.is_empty() {
            return;
        }
        self.heading("How it went (seats used)");
        for trend in &report.trends {
            let place = place(&trend.product, trend.site.as_deref());
            let line = self.styled(&Style::new().blue(), &heights(&trend.days));
            self.line(&format!("  {line}  {}", plain(&place)));
            self.line(&format!("  {}", summary(&trend.days)));
        }
    }

    fn candidates(&mut self, report: &Report) {
        let listed = &report.candidates;
        self.heading("Seats to take back, the most valuable first");
        if listed.rows.is_empty() {
            self.line(
                "Nobody holds a seat that they do not use, as far as their activity is known.",
            );
            return;
        }
        self.line(&shown(listed, "seat", "seats"));
        let has_price = listed.rows.iter().any(|one| one.price.is_each());
        let mut titles = vec!["Person", "Product", "Last used", "What frees the seat"];
        titles.extend(has_price.then_some("A month"));
        let rows = listed.rows.iter().map(|one| candidate(one, has_price)).collect();
        self.table(&titles, &[4], rows);
        if listed.rest() > 0 {
            let rest = count(listed.rest());
            self.line(&format!(
                "And {rest} more: `headcount export product_access` has everybody."
            ));
        }
    }

    fn twice(&mut self, report: &Report) {
        if report.twice.rows.is_empty() {
            return;
        }
        self.heading("Paid for twice");
        self.line(&shown(&report.twice, "person", "people"));
        let row = |one: &PaidTwice| {
            let seen = one.people.iter().map(|(label, who)| format!("{} in {label}", who.shown()));
            vec![one.product.clone(), seen.collect::<Vec<_>>().join(", ")]
        };
        self.table(&["Product", "Person"], &[], report.twice.rows.iter().map(row).collect());
    }

    fn people(&mut self, report: &Report) {
        self.heading("People");
        for (what, number) in told_apart(report) {
            self.line(&format!("  {:>9}  {what}", count(number)));
        }
    }
}

fn candidate(one: &Candidate, has_price: bool) -> Vec<String> {
    let mut row = vec![
        one.person.shown().to_owned(),
        place(&one.product, one.site.as_deref()),
        one.last_active_at.map_or_else(|| "never".to_owned(), day),
        one.remedy.clone(),
    ];
    if has_price {
        row.push(price(&one.price));
    }
    row
}

/// Seats used as a line of blocks; a gap where they were not known.
fn heights(days: &[Day]) -> String {
    let most = days.iter().filter_map(|day| day.used).max().unwrap_or(0).max(1);
    let height = |day: &Day| {
        let Some(used) = day.used else { return ' ' };
        let height = usize::try_from(u128::from(used) * 7 / u128::from(most)).unwrap_or(0);
        HEIGHTS[height.min(7)]
    };
    days.iter().map(height).collect()
}

/// Without what a terminal would obey: names come from outside.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmless(letter) {
            plain.push(letter);
        } else {
            let _ = write!(plain, "{}", letter.escape_unicode());
        }
    }
    plain
}

/// Neither a control letter nor one that turns the direction of writing.
fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
