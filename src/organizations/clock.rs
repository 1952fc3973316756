use jiff::Timestamp;

/// The present, for the age of answers and for the instant of a request; to the microsecond, as the store keeps it.
#[expect(clippy::disallowed_methods, reason = "the one place of this room that asks the clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or(Timestamp::MAX)
}
