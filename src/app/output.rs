use std::io::{self, Write};

/// Writes a line to standard output. A reader that went away (`| head`) is not a failure of the command.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
