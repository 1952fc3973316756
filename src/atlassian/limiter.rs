use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::InMemoryState,
    state::NotKeyed,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};

use super::{
    rate::{Budget, RateHeaders},
    settings::TransportSettings,
};

/// However long upstream asks to wait, after this it is asked again: a wrong date must not close a gate for good.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The calls that share one limit (API.md, section 2, Rate limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// The Organization API but for the next three.
    Organization,
    /// last-active-dates.
    LastActive,
    /// The audit log's events.
    Events,
    /// The audit log's stream.
    EventsStream,
    /// The User management API.
    UserManagement,
    /// The site's own APIs.
    Site,
}

/// Why a call may not go out within its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its family has to wait this long.
    Paused(Duration),
    /// Too many others are before it.
    Crowded,
}

/// What every call to one organization, or one site, passes: a lane for each family, and a bound on calls in flight.
#[derive(Debug)]
pub(super) struct Gate {
    permits: Arc<Semaphore>,
    lanes: [Lane; 6],
}

/// The right to make one call, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Lane {
    state: Mutex<LaneState>,
    pace: Option<Pace>,
}

#[derive(Debug, Default)]
struct LaneState {
    not_before: Option<Instant>,
    budget: Option<Budget>,
}

type Pace = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

impl Gate {
    pub(super) fn new(settings: &TransportSettings) -> Self {
        let lane = |per_minute: Option<u32>| Lane {
            state: Mutex::default(),
            pace: per_minute.and_then(NonZeroU32::new).map(pace),
        };
        Self {
            permits: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            lanes: [
                lane(None),
                lane(Some(settings.last_active_per_minute)),
                lane(Some(settings.events_per_minute)),
                lane(Some(settings.events_stream_per_minute)),
                lane(None),
                lane(None),
            ],
        }
    }

    /// Waits for the family's turn, at most until the deadline.
    ///
    /// # Errors
    /// At once where it is known that the turn comes too late; otherwise at the deadline.
    pub(super) async fn enter(&self, family: Family, deadline: Instant) -> Result<Permit, Refused> {
        let lane = self.lane(family);
        // The lane comes before the permit: whoever waits a minute for the audit log must not hold up the rest.
        lane.wait_for_turn(deadline).await?;
        loop {
            let permit = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned())
                .await
                .map_err(|_| Refused::Crowded)?
                .expect("nobody closes the semaphore");
            if lane.pause().is_none() {
                return Ok(Permit { _permit: permit });
            }
            // While this call stood in the queue, another one was told to wait.
            drop(permit);
            lane.wait_while_paused(deadline).await?;
        }
    }

    /// Keeps every call of the family back for a while.
    pub(super) fn close(&self, family: Family, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        let mut state = self.lane(family).state();
        state.not_before = Some(state.not_before.map_or(until, |earlier| earlier.max(until)));
    }

    /// Takes in what an answer says about the limit; where nothing is left, the family waits for the reset.
    pub(super) fn learn(&self, family: Family, headers: &RateHeaders) {
        if headers.budget.is_some() {
            self.lane(family).state().budget = headers.budget;
        }
        if let Some(wait) = headers.exhausted_for {
            self.close(family, wait);
        }
    }

    /// The family's limit as it was last told.
    pub(super) fn budget(&self, family: Family) -> Option<Budget> {
        self.lane(family).state().budget
    }

    /// Whether any family is kept back.
    pub(super) fn is_paused(&self) -> bool {
        self.lanes.iter().any(|lane| lane.pause().is_some())
    }

    fn lane(&self, family: Family) -> &Lane {
        &self.lanes[family as usize]
    }
}

impl Lane {
    fn state(&self) -> std::sync::MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> Option<Duration> {
        let wait = self.state().not_before?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    async fn wait_while_paused(&self, deadline: Instant) -> Result<(), Refused> {
        while let Some(wait) = self.pause() {
            sleep_within(wait, deadline).await?;
        }
        Ok(())
    }

    async fn wait_for_turn(&self, deadline: Instant) -> Result<(), Refused> {
        loop {
            self.wait_while_paused(deadline).await?;
            let Some(pace) = &self.pace else {
                return Ok(());
            };
            let Err(not_yet) = pace.check() else {
                return Ok(());
            };
            let wait = not_yet.wait_time_from(pace.clock().now());
            sleep_within(wait.max(Duration::from_millis(1)), deadline).await?;
        }
    }
}

async fn sleep_within(wait: Duration, deadline: Instant) -> Result<(), Refused> {
    if Instant::now() + wait > deadline {
        return Err(Refused::Paused(wait));
    }
    sleep(wait).await;
    Ok(())
}

/// A quarter of a minute's allowance may go out at once, the rest evenly, so that no minute ever sees more than all of it.
fn pace(per_minute: NonZeroU32) -> Pace {
    let all = per_minute.get();
    let at_once = NonZeroU32::new(all.div_ceil(4)).unwrap_or(NonZeroU32::MIN);
    let evenly = (all - at_once.get()).max(1);
    let quota = Quota::with_period(Duration::from_mins(1) / evenly)
        .expect("a minute divided by a number of calls is not zero")
        .allow_burst(at_once);
    RateLimiter::direct_with_clock(quota, TokioClock { origin: Instant::now() })
}

/// Tokio's clock, which tests can stop.
#[derive(Debug, Clone)]
struct TokioClock {
    origin: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(&TransportSettings { concurrency: 1, ..TransportSettings::default() })
    }

    fn within(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn a_closed_family_waits_and_the_others_do_not() {
        let gate = gate();
        let closed_until = Instant::now() + Duration::from_millis(60);
        gate.close(Family::Organization, Duration::from_millis(60));
        assert!(gate.is_paused());
        drop(gate.enter(Family::Site, within(0)).await.expect("it is open"));
        drop(gate.enter(Family::Organization, within(5_000)).await.expect("it opens"));
        assert!(Instant::now() >= closed_until);
        assert!(!gate.is_paused());
    }

    #[tokio::test]
    async fn a_shorter_pause_does_not_open_a_longer_one() {
        let gate = gate();
        gate.close(Family::Events, Duration::from_secs(50));
        gate.close(Family::Events, Duration::ZERO);
        let refused = gate.enter(Family::Events, within(1_000)).await.expect_err("closed");
        assert!(matches!(refused, Refused::Paused(wait) if wait.as_secs() >= 49), "{refused:?}");
    }

    #[tokio::test]
    async fn no_pause_is_longer_than_an_hour() {
        let gate = gate();
        gate.close(Family::Site, Duration::MAX);
        let refused = gate.enter(Family::Site, within(1_000)).await.expect_err("closed");
        assert!(matches!(refused, Refused::Paused(wait) if wait <= LONGEST_PAUSE), "{refused:?}");
    }

    #[tokio::test]
    async fn a_minute_never_sees_more_than_its_allowance() {
        let gate = gate();
        let mut at_once = 0;
        let refused = loop {
            match gate.enter(Family::Events, within(10)).await {
                Ok(_) => at_once += 1,
                Err(refused) => break refused,
            }
        };
        assert_eq!(at_once, 3);
        let Refused::Paused(wait) = refused else {
            panic!("{refused:?}");
        };
        // Three at once and one every 60 / 7 seconds: ten in any minute.
        assert!(wait > Duration::from_secs(8) && wait < Duration::from_secs(9), "{wait:?}");
    }

    #[tokio::test]
    async fn who_waits_for_a_pace_takes_nobodys_place() {
        let gate = gate();
        while gate.enter(Family::Events, within(0)).await.is_ok() {}
        let mut waiting = std::pin::pin!(gate.enter(Family::Events, within(60_000)));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        gate.enter(Family::Organization, within(0)).await.expect("the one place is free");
    }

    #[tokio::test]
    async fn who_stood_in_the_queue_minds_a_pause_that_began_meanwhile() {
        let gate = gate();
        let permit = gate.enter(Family::Site, within(0)).await.expect("it is open");
        let mut waiting = std::pin::pin!(gate.enter(Family::Site, within(1_000)));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        gate.close(Family::Site, Duration::from_secs(30));
        drop(permit);
        let refused = waiting.await.expect_err("it was closed meanwhile");
        assert!(matches!(refused, Refused::Paused(_)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_full_house_refuses_at_the_deadline() {
        let gate = gate();
        let _permit = gate.enter(Family::Site, within(0)).await.expect("it is open");
        let refused = gate.enter(Family::Site, within(20)).await.expect_err("it is full");
        assert_eq!(refused, Refused::Crowded);
    }
}
