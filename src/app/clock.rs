use jiff::Timestamp;

/// The present, for commands: the rooms below take it as an argument.
#[expect(clippy::disallowed_methods, reason = "a command begins somewhere; this is the one place")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
