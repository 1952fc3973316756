use jiff::civil::Date;

use super::{Topic, plural};
use crate::domain::{CredentialKind, IntegrationCheck};

/// Days before its expiry from which on a credential is warned of.
const WARN_DAYS: i32 = 30;

const KEY: Topic = Topic {
    name: "organization-api-key-expiry",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &[],
};
const TOKEN: Topic =
    Topic { name: "api-token-expiry", credential: CredentialKind::ApiToken, unlocks: &[] };

/// What the expiry dates that the admin entered say on a given day.
#[must_use]
pub fn expiry(
    api_key: Option<Date>,
    api_token: Option<Date>,
    today: Date,
) -> Vec<IntegrationCheck> {
    let key = one(&KEY, "the organization API key", api_key, today);
    let token = one(&TOKEN, "the API token", api_token, today);
    key.into_iter().chain(token).collect()
}

fn one(topic: &Topic, what: &str, expires: Option<Date>, today: Date) -> Option<IntegrationCheck> {
    let expires = expires?;
    let days = today.until(expires).map(|span| span.get_days()).ok()?;
    let remedy = "Make a new one and enter it with its expiry date.";
    Some(if days < 0 {
        topic.failed(format!("{what} expired on {expires}"), remedy)
    } else if days <= WARN_DAYS {
        let left = plural(usize::try_from(days).unwrap_or(0), "day", "days");
        topic.warning(format!("{what} expires on {expires}, in {left}"), remedy)
    } else {
        topic.passed(format!("{what} is good until {expires}"))
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::CheckOutcome;

    #[test]
    fn a_credential_is_warned_of_a_month_before_it_expires() {
        let today = date(2026, 11, 22);
        let outcome = |expires| expiry(Some(expires), None, today)[0].outcome;
        assert_eq!(outcome(date(2026, 11, 21)), CheckOutcome::Failed);
        assert_eq!(outcome(date(2026, 11, 22)), CheckOutcome::Warning);
        assert_eq!(outcome(date(2026, 12, 22)), CheckOutcome::Warning);
        assert_eq!(outcome(date(2026, 12, 23)), CheckOutcome::Passed);
        assert!(expiry(None, None, today).is_empty());
    }
}
