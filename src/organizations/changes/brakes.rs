use jiff::Timestamp;

use super::{ChangeSettings, Changes, Place, Result};
use crate::{
    domain::{Actor, Refusal, RefusalCode},
    store::CountedChanges,
};

/// How many changes may be made, as far as one change is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caps {
    /// By one caller in an hour.
    caller: u64,
    /// Through one integration in an hour.
    integration: u64,
    /// Through one integration in a day.
    integration_today: u64,
}

impl Caps {
    fn of(settings: &ChangeSettings, people: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a number of people, rounded down"
        )]
        let share = |people: u64| (people as f64 * settings.percent_per_day / 100.0) as u64;
        Self {
            caller: settings.per_caller_and_hour.into(),
            integration: settings.per_integration_and_hour.into(),
            integration_today: share(people).max(1),
        }
    }

    /// Why one more may not be made.
    pub(super) fn reached(self, counted: CountedChanges) -> Option<Refusal> {
        let refusal =
            |message: String| Some(Refusal::new(RefusalCode::CapReached, message).retryable());
        if counted.by_caller >= self.caller {
            return refusal(format!(
                "you have made {} changes in the last hour, as many as a caller may (changes.per_caller_and_hour)",
                counted.by_caller
            ));
        }
        if counted.by_integration >= self.integration {
            return refusal(format!(
                "{} changes were made through this integration in the last hour, as many as may be \
                 (changes.per_integration_and_hour)",
                counted.by_integration
            ));
        }
        if counted.by_integration_today >= self.integration_today {
            return refusal(format!(
                "{} changes were made through this integration in the last day, as many as its size allows \
                 (changes.percent_per_day)",
                counted.by_integration_today
            ));
        }
        None
    }
}

impl Changes {
    pub(super) fn refuse_read_only(&self, place: &Place) -> Result<()> {
        let message = if self.inner.settings.is_read_only {
            "changes are switched off in this gateway (changes.read_only)"
        } else if place.integration.is_read_only {
            "changes are switched off for this integration (isReadOnly)"
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalCode::ReadOnly, message).into())
    }

    pub(super) fn check_reason(&self, reason: Option<&str>) -> Result<()> {
        const LONGEST: usize = 1_000;
        let invalid = |message: &str| {
            Err(Refusal::new(RefusalCode::InvalidInput, message).at(&["input", "reason"]).into())
        };
        match reason.map(str::trim) {
            Some(reason) if reason.chars().count() > LONGEST => {
                invalid("`reason` takes at most 1,000 characters")
            }
            None | Some("") if self.inner.settings.needs_reason => {
                invalid("a reason is compulsory here (changes.needs_reason); say why in `reason`")
            }
            _ => Ok(()),
        }
    }

    /// The caps for one more change. How many people there are is asked at most once a minute.
    pub(super) async fn caps(&self, place: &Place) -> Result<Caps> {
        let people = place.organization.size().await?;
        Ok(Caps::of(&self.inner.settings, people))
    }

    /// Refuses one more change where a cap is reached, without counting it.
    pub(super) async fn refuse_beyond(
        &self,
        caps: Caps,
        place: &Place,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<()> {
        let integration = &place.integration.id;
        let counted = self.inner.store.counted_changes(&actor.subject, integration, now).await?;
        caps.reached(counted).map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(by_caller: u64, by_integration: u64, by_integration_today: u64) -> CountedChanges {
        CountedChanges { by_caller, by_integration, by_integration_today }
    }

    #[test]
    fn each_cap_is_reached_on_its_own() {
        let caps = Caps::of(&ChangeSettings::default(), 1_000);
        assert_eq!(caps.reached(counted(19, 19, 49)), None);
        for (reached, name) in [
            (counted(20, 0, 0), "per_caller_and_hour"),
            (counted(0, 20, 0), "per_integration_and_hour"),
            (counted(0, 0, 50), "percent_per_day"),
        ] {
            let refusal = caps.reached(reached).expect("a cap is reached");
            assert_eq!(refusal.code, RefusalCode::CapReached);
            assert!(refusal.message.contains(name), "{}", refusal.message);
            assert!(refusal.is_retryable);
        }
    }

    #[test]
    fn one_a_day_is_always_allowed() {
        let caps = Caps::of(&ChangeSettings::default(), 3);
        assert_eq!(caps.reached(counted(0, 0, 0)), None);
        assert!(caps.reached(counted(0, 0, 1)).is_some());
    }
}
