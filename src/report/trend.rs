use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use super::{
    Day, Report, Trend,
    products::{KINDS, keys},
    words::{NOT_KNOWN, count, known, plural},
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
                            @for seats in [day.paid, day.used, day.needed] { td.number { (known(seats)) } } }
                    } }
                }
            }
        }
    }
}

/// The first and the last day in a sentence.
pub(super) fn summary(days: &[Day]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    let went = |what: &str, of: fn(&Day) -> Option<u64>| match (of(first), of(last)) {
        (None, None) => format!("{what} {NOT_KNOWN}"),
        (before, after) if before == after => format!("{what} {} as before", known(after)),
        (before, after) => format!("{what} {} to {}", known(before), known(after)),
    };
    format!(
        "{} to {}: {}, {}, {}.",
        first.date,
        last.date,
        went("paid", |day| day.paid),
        went("used", |day| day.used),
        went("needed", |day| day.needed),
    )
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
    let seats = days.iter().flat_map(|day| [day.paid, day.used, day.needed]).flatten();
    let most = seats.max().unwrap_or(0).max(4);
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
