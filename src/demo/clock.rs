//! The simulator's own time: it runs as fast as the real one and can be moved.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// Simulated time: the start that was asked for, plus real time passed since, plus what was added.
pub(super) struct Clock {
    start: Timestamp,
    began: Instant,
    added_nanoseconds: AtomicI64,
}

impl Clock {
    pub(super) fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now(), added_nanoseconds: AtomicI64::new(0) }
    }

    pub(super) fn now(&self) -> Timestamp {
        let added = SignedDuration::from_nanos(self.added_nanoseconds.load(Ordering::Relaxed));
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        let time = self.start.saturating_add(passed);
        time.and_then(|time| time.saturating_add(added)).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn advance(&self, by: Duration) {
        let nanoseconds = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.added_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Moves to this moment, forwards or backwards.
    pub(super) fn move_to(&self, moment: Timestamp) {
        let difference = moment.duration_since(self.now()).as_nanos();
        let nanoseconds = i64::try_from(difference).unwrap_or(0);
        self.added_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// RFC 3339 in UTC with exactly this many fraction digits, as each endpoint writes it.
pub(super) fn text(moment: Timestamp, fraction_digits: u8) -> String {
    jiff::fmt::temporal::DateTimePrinter::new()
        .precision(Some(fraction_digits))
        .timestamp_to_string(&moment)
}

/// The calendar day in UTC.
pub(super) fn day(moment: Timestamp) -> String {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// The real present, which headers name that are read by a real clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this room that asks the real clock"
)]
pub(super) fn real_now() -> Timestamp {
    Timestamp::now()
}
