use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use jiff::{SignedDuration, Timestamp};

/// What each caller has left to spend. A caller is a token's subject.
pub(super) struct Budgets {
    limiter: RateLimiter<
        String,
        DefaultKeyedStateStore<String>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    limit: NonZeroU32,
}

/// What one request cost, and what its caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) cost: u32,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) resets_at: Timestamp,
}

/// Callers that are remembered before those whose budget is whole again are forgotten.
const REMEMBERED: usize = 10_000;

impl Budgets {
    pub(super) fn new(limit: u32) -> Self {
        let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(Quota::per_minute(limit));
        Self { limiter: limiter.with_middleware::<StateInformationMiddleware>(), limit }
    }

    /// Takes a request's cost from its caller's budget; how long to wait where there is not enough left.
    pub(super) fn spend(
        &self,
        subject: &str,
        cost: u32,
        now: Timestamp,
    ) -> Result<Budget, Duration> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        let minute = Duration::from_mins(1);
        // A request is never dearer than a whole budget: it would have to wait for ever.
        let taken = NonZeroU32::new(cost).map_or(NonZeroU32::MIN, |cost| cost.min(self.limit));
        let state = match self.limiter.check_key_n(&subject.to_owned(), taken) {
            Ok(Ok(state)) => state,
            Ok(Err(wait)) => return Err(wait.wait_time_from(DefaultClock::default().now())),
            Err(_) => return Err(minute),
        };
        let (limit, remaining) = (self.limit.get(), state.remaining_burst_capacity());
        let refill = minute.mul_f64(f64::from(limit - remaining.min(limit)) / f64::from(limit));
        let refill = SignedDuration::try_from(refill).unwrap_or(SignedDuration::ZERO);
        Ok(Budget { cost, limit, remaining, resets_at: now.saturating_add(refill).unwrap_or(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_who_spent_everything_waits_and_the_others_do_not() {
        let budgets = Budgets::new(100);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(budgets.spend("a", 60, now).unwrap().remaining, 40);
        let wait = budgets.spend("a", 60, now).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_mins(1));
        assert_eq!(budgets.spend("b", 60, now).unwrap().remaining, 40);
    }
}
