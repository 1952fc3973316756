use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::content::Failure;
use crate::{
    domain::IntegrationId,
    organizations::{Error, ScanProgress},
};

/// Readings of which one at a time runs for each integration. One that was begun goes on when the wait for it is over, so that
/// the next try finds more; that try waits for its turn, so that tries do not pile up.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<IntegrationId, Turn>>);

#[derive(Clone, Default)]
struct Turn {
    one: Arc<tokio::sync::Mutex<()>>,
    running: Arc<Mutex<Arc<Progress>>>,
}

type Outcome<T> = Result<T, Failure>;

/// How far a reading is.
pub(super) struct Progress {
    began: Instant,
    read: AtomicU64,
}

impl Turns {
    /// What comes of a reading that is told where to count. Where the wait for it is over, how far the one is that runs.
    pub(super) async fn take<T, Reading>(
        &self,
        integration: &IntegrationId,
        wait: Duration,
        reading: impl FnOnce(Arc<Progress>) -> Reading,
    ) -> Result<Outcome<T>, Arc<Progress>>
    where
        T: Send + 'static,
        Reading: Future<Output = Outcome<T>> + Send + 'static,
    {
        let turn = self.of(integration);
        let taken = async {
            let guard = Arc::clone(&turn.one).lock_owned().await;
            let progress = Arc::new(Progress::default());
            *turn.running.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&progress);
            let reading = reading(progress);
            let task = tokio::spawn(async move {
                let _guard = guard;
                reading.await
            });
            task.await.unwrap_or_else(|_panicked| Err(Failure::from(Error::Internal)))
        };
        timeout(wait, taken).await.map_err(|_elapsed| {
            Arc::clone(&turn.running.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn of(&self, integration: &IntegrationId) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(integration.clone()).or_default().clone()
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { began: Instant::now(), read: AtomicU64::new(0) }
    }
}

impl Progress {
    /// So many more were read.
    pub(super) fn add(&self, more: usize) {
        self.read.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// Reading begins again.
    pub(super) fn start_over(&self) {
        self.read.store(0, Ordering::Relaxed);
    }

    /// How far it is, where so many are expected; `None` where that is not known.
    pub(super) fn so_far(&self, expected: Option<u64>) -> ScanProgress {
        let read = self.read.load(Ordering::Relaxed);
        let expected = expected.unwrap_or(read).max(read);
        ScanProgress { read, expected, elapsed: self.began.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    const SHORT: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_reading_goes_on_when_nobody_waits_and_the_next_begins_after_it() {
        let turns = Turns::default();
        let id = IntegrationId::from("acme");
        let gate = Arc::new(Semaphore::new(0));
        let begun = Arc::new(AtomicU64::new(0));
        let reading = |progress: Arc<Progress>| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            async move {
                let number = begun.fetch_add(1, Ordering::Relaxed);
                progress.add(7);
                gate.acquire().await.unwrap().forget();
                Ok(number)
            }
        };
        for _ in 0..3 {
            let progress = turns.take(&id, SHORT, reading).await.err().unwrap();
            let progress = progress.so_far(Some(20));
            assert_eq!((progress.read, progress.expected), (7, 20), "that of the one that runs");
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1, "one at a time");
        let other = turns.take(&IntegrationId::from("beta"), SHORT, reading).await;
        assert!(other.is_err() && begun.load(Ordering::Relaxed) == 2, "of each integration");
        gate.add_permits(3);
        let next = turns.take(&id, LONG, reading).await.ok().map(std::result::Result::unwrap);
        assert_eq!(next, Some(2));
    }

    #[tokio::test]
    async fn a_reading_that_panics_is_a_fault_and_gives_its_turn_back() {
        let turns = Turns::default();
        let id = IntegrationId::from("acme");
        let broken = |_: Arc<Progress>| async { panic!("a fault") };
        let outcome: Result<Outcome<u8>, _> = turns.take(&id, LONG, broken).await;
        assert!(matches!(outcome, Ok(Err(Failure::Organization(Error::Internal)))));
        let good = turns.take(&id, LONG, |_| async { Ok(1) }).await;
        assert!(matches!(good, Ok(Ok(1))));
    }

    #[test]
    fn where_it_is_not_known_how_many_there_are_no_fewer_are_expected_than_were_read() {
        let progress = Progress::default();
        progress.add(200);
        assert_eq!(progress.so_far(None).expected, 200);
        assert_eq!(progress.so_far(Some(100)).expected, 200);
        progress.start_over();
        assert_eq!(progress.so_far(Some(100)).read, 0);
    }
}
