use jiff::Timestamp;

/// The present: the one place of the tests that asks the clock.
#[expect(clippy::disallowed_methods, reason = "what the gateway measures ages against")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A simulator's start that never changes, so that what it tells can be kept in a snapshot.
pub(crate) fn fixed() -> Timestamp {
    "2026-11-02T09:30:00Z".parse().expect("a constant that is an instant")
}
