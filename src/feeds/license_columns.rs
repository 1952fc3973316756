//! The columns that the licence tables share: what a figure means is the same on any day.

use super::{Column, Kind, Value};
use crate::domain::{SeatFigures, SeatSource};

const fn count(name: &'static str, description: &'static str) -> Column {
    Column::new(name, Kind::Integer, description).nullable()
}

const fn money(name: &'static str, description: &'static str) -> Column {
    Column::new(name, Kind::Decimal, description).nullable()
}

pub(super) const INACTIVE_FOR_DAYS: Column = Column::new(
    "inactive_for_days",
    Kind::Integer,
    "After how many days without activity somebody counts as inactive",
);

/// How many seats are paid for, and who told it.
pub(super) const PURCHASED: [Column; 2] = [
    count("purchased", "Seats paid for; null where unlimited or unknown"),
    Column::text("purchased_source", "Who told it").one_of(&[
        "upstream",
        "configured",
        "unlimited",
        "unknown",
    ]),
];

/// The columns that [`seats`] fills.
pub(super) const SEATS: [Column; 10] = [
    count("used", "People who hold a seat"),
    count("active", "Of those, used it within these days"),
    count("inactive", "Of those, used it once, but not within these days"),
    count("never_used", "Of those, never used it"),
    count("unknown", "Of those, it is not told whether they used it"),
    count(
        "needed",
        "Active, or not to be reclaimed: robots, protected people, newcomers, and those of whom nothing is told",
    ),
    count("reclaimable", "Held and not needed"),
    count("robots", "Of those who hold a seat: service accounts, by the configuration"),
    count("protected", "Of those who hold a seat: protected people, by the configuration"),
    count("newcomers", "Of those who never used it: came into the organization within these days"),
];

/// What it costs.
pub(super) const COST: [Column; 3] = [
    money("monthly_cost", "What is paid a month; null without a configured price"),
    money("monthly_waste", "What is paid a month above what the needed seats alone would cost"),
    Column::text("currency", "ISO 4217; null without a configured price").nullable(),
];

pub(super) const UNIT_PRICE: Column =
    money("unit_price", "What one seat costs a month; null where seats cost differently");

/// What is left of seats: paid for and not held, and the part that is held.
pub(super) const LEFT: [Column; 2] = [
    count("available", "Paid for and not held; null where either is not known"),
    Column::new(
        "utilization",
        Kind::Float,
        "Which part of the seats paid for is held, 1 for all; null where either is not known",
    )
    .nullable(),
];

pub(super) fn source(source: SeatSource) -> Value {
    source.word().into()
}

pub(super) fn seats(seats: &SeatFigures) -> [Value; SEATS.len()] {
    [
        seats.used.into(),
        seats.active.into(),
        seats.inactive.into(),
        seats.never_used.into(),
        seats.unknown.into(),
        seats.needed.into(),
        seats.reclaimable.into(),
        seats.robots.into(),
        seats.protected.into(),
        seats.newcomers.into(),
    ]
}
