use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Time, tz::TimeZone};

use super::clock::now;
use crate::{
    domain::IntegrationId, integrations::Integration, organizations::Organizations, store,
};

/// How long after a failure the rest of a day is tried again, where nobody says when.
const PAUSE: Duration = Duration::from_mins(10);
/// The longest sleep: a clock that is set forward is noticed after so long.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// Keeps the licence figures of each day, and forgets those of days long past.
pub(super) struct DailySnapshots {
    organizations: Organizations,
    at: Time,
    is_taking: bool,
}

impl DailySnapshots {
    /// `at` is the time of day in UTC. What callers have kept is forgotten in time also where nothing `is_taking` any.
    pub(super) fn new(organizations: Organizations, at: Time, is_taking: bool) -> Self {
        Self { organizations, at, is_taking }
    }

    /// Takes what is missing of each day, from its time on, for ever. An organization that cannot be read is asked again
    /// later the same day.
    pub(super) async fn keep_taking(self) {
        let mut incomplete = Vec::new();
        loop {
            let now = now();
            let wait = match until(self.at, now) {
                Some(wait) => {
                    // What was missing yesterday stays missing of yesterday.
                    incomplete.clear();
                    wait
                }
                None => match self.take_missing(now, &mut incomplete).await {
                    Ok(None) => until_tomorrow(self.at, now),
                    Ok(Some(again)) => again,
                    Err(error) => {
                        tracing::error!(error = %error, "The licence figures of the day could not be kept");
                        PAUSE
                    }
                },
            };
            tokio::time::sleep(wait.clamp(Duration::from_secs(1), LONGEST_SLEEP)).await;
        }
    }

    /// `None` where nothing is left to do today, else when to go on.
    async fn take_missing(
        &self,
        now: Timestamp,
        incomplete: &mut Vec<IntegrationId>,
    ) -> Result<Option<Duration>, store::Error> {
        let missing: Vec<Arc<Integration>> = if self.is_taking {
            self.organizations.without_license_snapshot(now, incomplete).await?
        } else {
            Vec::new()
        };
        let mut again: Option<Duration> = None;
        if !missing.is_empty() {
            let demand = self.organizations.demand(None);
            let taken = self.organizations.take_license_snapshots(&missing, demand).await?;
            tracing::info!(rows = taken.snapshots.len(), "Kept the licence figures of the day");
            *incomplete = taken.incomplete;
            again = (!incomplete.is_empty()).then_some(PAUSE);
            for (id, error) in &taken.unavailable {
                tracing::warn!(
                    integration.id = %id, error = %error,
                    "The licence figures of the day could not be read"
                );
                let wait = error.retry_after().unwrap_or(PAUSE);
                again = Some(again.map_or(wait, |other| other.min(wait)));
            }
        }
        let forgotten = self.organizations.forget_old_license_snapshots(now).await?;
        if forgotten > 0 {
            tracing::info!(rows = forgotten, "Forgot licence figures of days long past");
        }
        Ok(again)
    }
}

/// How long until the time of today; `None` where it is past.
fn until(at: Time, now: Timestamp) -> Option<Duration> {
    let today = now.to_zoned(TimeZone::UTC).date().to_datetime(at);
    let today = today.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let wait = today.duration_since(now);
    Duration::try_from(wait).ok().filter(|wait| !wait.is_zero())
}

fn until_tomorrow(at: Time, now: Timestamp) -> Duration {
    let midnight = now.to_zoned(TimeZone::UTC).date().saturating_add(1.day());
    let tomorrow = midnight.to_datetime(at).to_zoned(TimeZone::UTC).map(|at| at.timestamp());
    let wait = tomorrow.map_or(SignedDuration::ZERO, |at| at.duration_since(now));
    Duration::try_from(wait).unwrap_or(PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_anew_at_its_time_also_over_the_ends_of_months_and_years() {
        let five = Time::constant(5, 0, 0, 0);
        assert_eq!(until(five, at("2026-11-30T04:00:00Z")), Some(Duration::from_hours(1)));
        assert_eq!(until(five, at("2026-11-30T05:00:00Z")), None);
        assert_eq!(until(five, at("2026-11-30T23:59:59Z")), None);
        for (now, hours) in [
            ("2026-11-30T06:00:00Z", 23),
            ("2026-12-31T23:00:00Z", 6),
            ("2028-02-28T05:00:00Z", 24),
        ] {
            assert_eq!(until_tomorrow(five, at(now)), Duration::from_hours(hours), "{now}");
        }
    }
}
