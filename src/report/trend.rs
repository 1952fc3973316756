use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use super::{
    Day, Report, Trend,
    products::{KINDS, keys},
    words::{Seats, count, plural, seats},
};

const SIZE: (u32, u32) = (640, 220);
/// The style puts other colours in their places where the reader's screen is dark.
const COLOURS: [RGBColor; 3] =
    [RGBColor(110, 119, 135), RGBColor(29, 95, 208), RGBColor(12, 134, 96)];
const TEXT: RGBColor = RGBColor(82, 90, 104);
const LINES: RGBColor = RGBColor(216, 220, 228);

/// The lines of each product, with their numbers.
pub(super) fn trends(report: &Report) -> Markup {
    html! {
        section aria-labelledby="trend" {
            h2 id="trend" { "How it went" }
            @if report.trends.is_empty() {
                p { "The gateway keeps the figures of each day. A line needs two days of a product, and they are not there yet." }
            } @else {
                p { "Seats of each product as they were kept, a year back at most."
                    @if let Some(days) = report.trend_inactive_for_days {
                        " Needed counts who was active within " (plural(days.into(), "day", "days")) " of the day."
                    } }
                p { (keys()) }
                div.trends {
                    @for (number, trend) in report.trends.iter().enumerate() { (one(number, trend)) }
                }
            }
        }
    }
}

fn one(number: usize, trend: &Trend) -> Markup {
    let (title, description) = (format!("trend-{number}"), format!("trend-{number}-text"));
    html! {
        figure.trend {
            h3 { (trend.product) @if let Some(site) = &trend.site { " " small { (site) } } }
            @match drawn(&trend.days) {
                Some(lines) => {
                    svg viewBox=(format!("0 0 {} {}", SIZE.0, SIZE.1)) role="img"
                        aria-labelledby=(format!("{title} {description}")) {
                        title id=(title) { "Seats of " (trend.product) " by day" }
                        desc id=(description) { (summary(&trend.days)) }
                        (PreEscaped(lines))
                    }
                }
                None => { p { "The lines could not be drawn." } }
            }
            figcaption { (summary(&trend.days)) }
            details {
                summary { "The numbers" }
                table {
                    caption { "Seats by day" }
                    thead { tr { th scope="col" { "Day" }
                        @for (name, _) in KINDS { th.number scope="col" { (name) } } } }
                    tbody { @for day in &trend.days {
                        tr { th scope="row" { (day.date) }
                            @for (_, seats) in numbers(day) { td.number { (seats) } } }
                    } }
                }
            }
        }
    }
}

/// The first and the last day in a sentence.
pub(super) fn summary(days: &[Day]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    let [paid, used, needed] = numbers(first);
    let [paid_after, used_after, needed_after] = numbers(last);
    format!(
        "{} to {}: {}, {}, {}.",
        first.date,
        last.date,
        went("paid", paid, paid_after),
        went("used", used, used_after),
        went("needed", needed, needed_after),
    )
}

fn went(what: &str, (number, before): Seats, (_, after): Seats) -> String {
    match (number, before == after) {
        (None, true) => format!("{what} {after}"),
        (Some(_), true) => format!("{what} {after} as before"),
        (_, false) => format!("{what} {before} to {after}"),
    }
}

/// Paid, used and needed, each as a number and as a text.
fn numbers(day: &Day) -> [Seats; 3] {
    seats((day.paid, day.paid_source), day.used, day.needed)
}

/// The lines without the element around them, which the page writes with its title. No text of anybody's stands in it.
fn drawn(days: &[Day]) -> Option<String> {
    let mut image = String::new();
    draw(&mut image, days).ok()?;
    let start = image.find("<svg").and_then(|svg| Some(svg + image[svg..].find('>')? + 1))?;
    let end = image.rfind("</svg>")?;
    Some(image[start..end].to_owned())
}

fn draw(image: &mut String, days: &[Day]) -> Result<(), Box<dyn std::error::Error>> {
    let first = days.first().ok_or("no day")?.date;
    let at = |date: Date| (date - first).get_days();
    let last = days.last().map_or(1, |day| at(day.date)).max(1);
    let all = days.iter().flat_map(|day| [day.paid, day.used, day.needed]).flatten();
    let most = all.max().unwrap_or(0).max(4);
    let area = SVGBackend::with_string(image, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(58)
        .build_cartesian_2d(0..last, 0..most + most / 12)?;
    let font = ("sans-serif", 13).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINES)
        .axis_style(LINES)
        .x_labels(5)
        .y_labels(6)
        .x_label_formatter(&|days| label(first, *days))
        .y_label_formatter(&|seats| count(*seats))
        .label_style(font)
        .draw()?;
    let kinds: [fn(&Day) -> Option<u64>; 3] = [|day| day.paid, |day| day.used, |day| day.needed];
    for (of, colour) in kinds.into_iter().zip(COLOURS) {
        // A day without a number parts the line: what was not known is not drawn.
        for stretch in days.split(|day| of(day).is_none()) {
            let points = stretch.iter().filter_map(|day| Some((at(day.date), of(day)?)));
            let style = colour.stroke_width(2);
            if stretch.len() == 1 {
                chart.draw_series(points.map(|point| Circle::new(point, 2, colour.filled())))?;
            } else {
                chart.draw_series(LineSeries::new(points, style))?;
            }
        }
    }
    area.present()?;
    drop(chart);
    Ok(())
}

fn label(first: Date, days: i32) -> String {
    use jiff::ToSpan;
    first.saturating_add(days.days()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SeatSource;

    #[test]
    fn how_it_went_is_told_in_words_also_without_numbers() {
        let day = |date: &str, paid, paid_source, used| Day {
            date: date.parse().unwrap(),
            paid,
            paid_source,
            used: Some(used),
            needed: None,
        };
        let (upstream, unlimited) = (SeatSource::Upstream, SeatSource::Unlimited);
        let grown = [
            day("2026-11-01", Some(100), upstream, 90),
            day("2026-11-22", Some(100), upstream, 1_100),
        ];
        assert_eq!(
            summary(&grown),
            "2026-11-01 to 2026-11-22: paid 100 as before, used 90 to 1,100, needed not known."
        );
        let freed =
            [day("2026-11-01", Some(100), upstream, 90), day("2026-11-22", None, unlimited, 90)];
        assert_eq!(
            summary(&freed),
            "2026-11-01 to 2026-11-22: paid 100 to no limit, used 90 as before, needed not known."
        );
        assert!(summary(&[freed[1], freed[1]]).contains("paid no limit, "));
    }
}
