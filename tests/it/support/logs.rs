use std::{
    io,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// What the process logged while somebody listened; `None` while nobody does.
static HEARD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Everything of ours, and what the libraries say when somebody looks for a fault.
const LEVELS: &str = "debug,headcount=trace";

fn heard() -> MutexGuard<'static, Option<Vec<u8>>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to the log of the whole process from now on.
pub(crate) fn listen() {
    static SUBSCRIBED: OnceLock<bool> = OnceLock::new();
    let is_ours = SUBSCRIBED.get_or_init(|| {
        let lines = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new(LEVELS));
        lines.with_writer(Listener).try_init().is_ok()
    });
    assert!(is_ours, "somebody else has the log already");
    *heard() = Some(Vec::new());
}

/// What was logged since.
pub(crate) fn logged() -> String {
    let bytes = heard().take().expect("somebody listened");
    String::from_utf8(bytes).expect("the log is text")
}

struct Listener;

impl MakeWriter<'_> for Listener {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

impl io::Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(heard) = heard().as_mut() {
            heard.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
