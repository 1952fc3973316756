use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{FeedTokenError, FeedTokenSettings};
use crate::{
    auth::{Caller, Permission},
    domain::{FeedToken, FeedTokenId, IntegrationId},
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// What somebody wants of a new feed token.
#[derive(Debug, Clone, Default)]
pub struct FeedTokenDraft {
    /// What to call it: 1 to 100 characters.
    pub name: String,
    /// Tables, by name.
    pub tables: Vec<String>,
    /// Saved queries, by name.
    pub queries: Vec<String>,
    /// The integrations whose rows are shown; `None` for all, those that come later too.
    pub integrations: Option<BTreeSet<IntegrationId>>,
    /// Whether e-mail addresses and names of people are shown.
    pub shows_personal_data: bool,
    /// Whether it is accepted as `?key=` in the address of a CSV file.
    pub is_accepted_in_url: bool,
    /// When it ends; `None` for the longest lifetime.
    pub expires_at: Option<Timestamp>,
}

impl FeedTokenDraft {
    /// The token, where it is right and opens no more than its maker may see. That the integrations exist was checked.
    pub(super) fn checked(
        self,
        settings: &FeedTokenSettings,
        maker: &Caller,
        now: Timestamp,
    ) -> Result<FeedToken, FeedTokenError> {
        let name = name(&self.name)?;
        if self.tables.is_empty() && self.queries.is_empty() {
            return Err(invalid("tables", "name at least one table or saved query"));
        }
        self.demand_tables(settings, maker)?;
        self.demand_queries(settings, maker)?;
        if self.shows_personal_data {
            let what = || "personal data".to_owned();
            demand(maker, Permission::ReadDirectory, "shows_personal_data", what)?;
        }
        self.demand_integrations(maker)?;
        Ok(FeedToken {
            id: FeedTokenId::from(Uuid::now_v7().to_string()),
            name,
            expires_at: self.end(settings.longest, now)?,
            tables: self.tables.into_iter().collect(),
            queries: self.queries.into_iter().collect(),
            integrations: self.integrations,
            shows_personal_data: self.shows_personal_data,
            is_accepted_in_url: self.is_accepted_in_url,
            created_by: maker.subject.clone(),
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        })
    }

    fn demand_tables(
        &self,
        settings: &FeedTokenSettings,
        maker: &Caller,
    ) -> Result<(), FeedTokenError> {
        for wanted in &self.tables {
            let Some((_, permission)) = settings.tables.iter().find(|(name, _)| name == wanted)
            else {
                let known = settings.tables.iter().map(|(name, _)| name.as_str());
                return Err(unknown("tables", "table", known));
            };
            demand(maker, *permission, "tables", || format!("the table {wanted}"))?;
        }
        Ok(())
    }

    fn demand_queries(
        &self,
        settings: &FeedTokenSettings,
        maker: &Caller,
    ) -> Result<(), FeedTokenError> {
        for wanted in &self.queries {
            let Some((_, permissions)) = settings.queries.iter().find(|(name, _)| name == wanted)
            else {
                let known = settings.queries.iter().map(|(name, _)| name.as_str());
                return Err(unknown("queries", "saved query", known));
            };
            for permission in permissions.iter() {
                demand(maker, permission, "queries", || format!("the saved query {wanted}"))?;
            }
            let showing = permissions.iter().find(|permission| permission.shows_people());
            if let Some(showing) = showing.filter(|_| !self.shows_personal_data) {
                let word = showing.word();
                let message = format!(
                    "the saved query {wanted} runs with {word}, which shows people: the token has to show personal data"
                );
                return Err(invalid("queries", message));
            }
        }
        Ok(())
    }

    fn demand_integrations(&self, maker: &Caller) -> Result<(), FeedTokenError> {
        match &self.integrations {
            None if !maker.integrations.is_all() => Err(FeedTokenError::TooWide),
            None => Ok(()),
            Some(ids) if ids.is_empty() => {
                Err(invalid("integrations", "name at least one, or leave it out for all of them"))
            }
            Some(ids) => match ids.iter().find(|id| !maker.may_see(id)) {
                Some(hidden) => Err(FeedTokenError::UnknownIntegration(hidden.clone())),
                None => Ok(()),
            },
        }
    }

    fn end(&self, longest: SignedDuration, now: Timestamp) -> Result<Timestamp, FeedTokenError> {
        let last = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
        match self.expires_at {
            None => Ok(last),
            Some(end) if end <= now => Err(invalid("expires_at", "has to be to come")),
            Some(end) if end > last => {
                let days = longest.as_hours() / 24;
                let message = format!("may be at most {days} days away (`feeds.token_days`)");
                Err(invalid("expires_at", message))
            }
            Some(end) => Ok(end),
        }
    }
}

fn name(given: &str) -> Result<String, FeedTokenError> {
    let name = given.trim();
    let is_long = name.chars().count() > LONGEST_NAME;
    if name.is_empty() || is_long || name.chars().any(char::is_control) {
        return Err(invalid("name", "has to have 1 to 100 characters, none of them a control"));
    }
    Ok(name.to_owned())
}

fn demand(
    maker: &Caller,
    permission: Permission,
    field: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), FeedTokenError> {
    if maker.may(permission) {
        return Ok(());
    }
    Err(FeedTokenError::Forbidden { field, what: what(), permission })
}

fn invalid(field: &'static str, message: impl Into<String>) -> FeedTokenError {
    FeedTokenError::Invalid { field, message: message.into() }
}

fn unknown<'a>(
    field: &'static str,
    what: &str,
    known: impl Iterator<Item = &'a str>,
) -> FeedTokenError {
    let known: Vec<&str> = known.collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    invalid(field, format!("there is no such {what}; there are: {known}"))
}
