use async_graphql::{ID, InputObject};

use super::{
    enums::{
        AccountStatus, ClaimStatus, MembershipStatus, OrderDirection, UserOrderField, UserStatus,
    },
    error::{ApiError, Result},
    id::ObjectId,
    scalars::DateTime,
};
use crate::{
    audit::{self, Action},
    domain::{self, GroupId, IntegrationId, RoleId},
};

/// Values that one list of a filter may hold.
const MOST_VALUES: usize = 1_000;
/// Characters that one text of a filter may hold.
const LONGEST_TEXT: usize = 1_000;
/// Ten years of days.
const MOST_DAYS: i32 = 3_650;

/// Which people. The members are joined by "and", the values of one member by "or".
#[derive(Debug, Clone, Default, InputObject)]
pub struct UserFilter {
    /// Part of a name or an e-mail address. Not together with `emails`.
    search: Option<String>,
    /// Whole e-mail addresses; one upstream call for 100.
    emails: Option<Vec<String>>,
    /// E-mail domains, at most 10.
    email_domains: Option<Vec<String>>,
    /// Account ids; one upstream call for 10.
    account_ids: Option<Vec<String>>,
    /// The composite status.
    status: Option<Vec<UserStatus>>,
    /// The status of the account, everywhere.
    account_status: Option<Vec<AccountStatus>>,
    /// The status inside the organization.
    membership_status: Option<Vec<MembershipStatus>>,
    /// Managed by the organization or not.
    claim_status: Option<ClaimStatus>,
    /// Two-step verification on or off; tells of managed accounts only.
    is_mfa_enabled: Option<bool>,
    /// Members of one of these groups, by id, at most 10 an organization.
    groups: Option<Vec<ID>>,
    /// Holders of one of these roles, by key such as `atlassian/org-admin`, at most 10.
    roles: Option<Vec<String>>,
    /// People with access to one of these products, by key such as `jira-software` or `confluence`.
    products: Option<Vec<String>>,
    /// No activity in any product for this many days, or never: 0 to 3,650. Reads everybody whom the
    /// other members leave.
    inactive_for_days: Option<i32>,
}

/// In what order.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct UserOrder {
    /// What to order by.
    field: UserOrderField,
    /// Which way.
    direction: OrderDirection,
}

/// Which groups.
#[derive(Debug, Clone, Default, InputObject)]
pub struct GroupFilter {
    /// Part of a name. Not together with `names`.
    search: Option<String>,
    /// Whole names in any case, at most 100.
    names: Option<Vec<String>>,
    /// Groups that grant access to one of these products, by key.
    products: Option<Vec<String>>,
    /// Groups that grant one of these roles, by key, at most 10.
    roles: Option<Vec<String>>,
}

/// Which audit events. Atlassian keeps them for 180 days.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ActivityFilter {
    /// From this instant on.
    from: Option<DateTime>,
    /// Before this instant.
    to: Option<DateTime>,
    /// One of these actions, such as `managed_account_deleted`, at most 5: each costs an upstream call.
    actions: Option<Vec<String>>,
    /// Done by the person with this account id.
    actor: Option<String>,
    /// One search term.
    search: Option<String>,
}

/// Which entries of the record of changes. The members are joined by "and", the values of one member by "or".
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditFilter {
    /// Asked for at this instant or later.
    from: Option<DateTime>,
    /// Asked for before this instant.
    to: Option<DateTime>,
    /// Asked for by this caller: the subject of a token.
    caller: Option<String>,
    /// One of these mutations, such as `deleteUser`; any where the list is empty.
    actions: Option<Vec<String>>,
    /// Of these integrations, by id; those that are gone too.
    integrations: Option<Vec<ID>>,
}

impl From<UserOrder> for domain::UserOrder {
    fn from(order: UserOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

impl UserFilter {
    /// The filter as one organization understands it: of the groups, only its own.
    pub(super) fn for_integration(
        &self,
        integration: &IntegrationId,
    ) -> Result<domain::UserFilter> {
        let groups = self.groups.as_ref().map(|ids| groups_of(integration, ids)).transpose()?;
        Ok(domain::UserFilter {
            search: self.search.clone(),
            emails: self.emails.clone(),
            email_domains: self.email_domains.clone(),
            account_ids: self.account_ids.clone(),
            status: into_domain(self.status.as_ref()),
            account_status: into_domain(self.account_status.as_ref()),
            membership_status: into_domain(self.membership_status.as_ref()),
            claim_status: self.claim_status.map(Into::into),
            is_mfa_enabled: self.is_mfa_enabled,
            groups,
            roles: role_ids(self.roles.as_ref()),
            products: self.products.clone(),
            inactive_for_days: self.inactive_for_days.and_then(|days| u32::try_from(days).ok()),
        })
    }

    pub(super) fn check(&self) -> Result<()> {
        texts("search", self.search.as_slice())?;
        texts("emails", self.emails.as_deref().unwrap_or_default())?;
        texts("emailDomains", self.email_domains.as_deref().unwrap_or_default())?;
        texts("accountIds", self.account_ids.as_deref().unwrap_or_default())?;
        texts("roles", self.roles.as_deref().unwrap_or_default())?;
        texts("products", self.products.as_deref().unwrap_or_default())?;
        match self.inactive_for_days {
            Some(days) => inactive_days(days).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl GroupFilter {
    pub(super) fn into_domain(self) -> Result<domain::GroupFilter> {
        texts("search", self.search.as_slice())?;
        texts("names", self.names.as_deref().unwrap_or_default())?;
        texts("products", self.products.as_deref().unwrap_or_default())?;
        texts("roles", self.roles.as_deref().unwrap_or_default())?;
        Ok(domain::GroupFilter {
            search: self.search,
            names: self.names,
            ids: None,
            products: self.products,
            roles: role_ids(self.roles.as_ref()),
        })
    }
}

impl ActivityFilter {
    pub(super) fn into_domain(self) -> Result<domain::ActivityFilter> {
        texts("actions", self.actions.as_deref().unwrap_or_default())?;
        texts("actor", self.actor.as_slice())?;
        texts("search", self.search.as_slice())?;
        in_order(self.from, self.to)?;
        Ok(domain::ActivityFilter {
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            actions: self.actions.unwrap_or_default(),
            actor: self.actor,
            search: self.search,
        })
    }
}

impl AuditFilter {
    pub(super) fn into_audit(self) -> Result<audit::AuditFilter> {
        texts("caller", self.caller.as_slice())?;
        texts("actions", self.actions.as_deref().unwrap_or_default())?;
        in_order(self.from, self.to)?;
        let action = |word: String| {
            Action::from_word(&word).ok_or_else(|| {
                let known: Vec<_> = Action::ALL.iter().map(|known| known.word()).collect();
                let known = known.join(", ");
                ApiError::BadUserInput(format!("`actions` takes names of mutations: {known}"))
            })
        };
        let actions = self.actions.unwrap_or_default();
        if self.integrations.as_ref().is_some_and(|ids| ids.len() > MOST_VALUES) {
            let message = format!("`integrations` takes at most {MOST_VALUES} values");
            return Err(ApiError::BadUserInput(message));
        }
        Ok(audit::AuditFilter {
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            caller: self.caller,
            actions: actions.into_iter().map(action).collect::<Result<_>>()?,
            integrations: self.integrations.as_deref().map(super::id::integrations).transpose()?,
        })
    }
}

fn in_order(from: Option<DateTime>, to: Option<DateTime>) -> Result<()> {
    match (from, to) {
        (Some(from), Some(to)) if from.0 >= to.0 => {
            Err(ApiError::BadUserInput("`from` must be before `to`".into()))
        }
        _ => Ok(()),
    }
}

/// Checks a number of days without activity.
pub(super) fn inactive_days(days: i32) -> Result<u32> {
    match u32::try_from(days) {
        Ok(days) if days <= MOST_DAYS.unsigned_abs() => Ok(days),
        _ => Err(ApiError::BadUserInput(format!(
            "`inactiveForDays` is {days}; it goes from 0 to {MOST_DAYS}"
        ))),
    }
}

// The texts go into Atlassian's queries: bounded, and without what no name or id holds.
fn texts(name: &str, values: &[String]) -> Result<()> {
    let wrong = |why: String| Err(ApiError::BadUserInput(format!("`{name}` {why}")));
    if values.len() > MOST_VALUES {
        return wrong(format!("has {} values; it takes at most {MOST_VALUES}", values.len()));
    }
    for value in values {
        if value.chars().count() > LONGEST_TEXT {
            return wrong(format!("holds a text of more than {LONGEST_TEXT} characters"));
        }
        if value.trim().is_empty() {
            return wrong("holds an empty text".to_owned());
        }
        if value.chars().any(char::is_control) {
            return wrong("holds a control character".to_owned());
        }
    }
    Ok(())
}

fn groups_of(integration: &IntegrationId, ids: &[ID]) -> Result<Vec<GroupId>> {
    let mut groups = Vec::new();
    for id in ids {
        match ObjectId::decode(id)? {
            ObjectId::Group(of, group) if of == *integration => groups.push(group),
            ObjectId::Group(..) => {}
            _ => {
                return Err(ApiError::BadUserInput(
                    "`groups` holds an id that is no group's".into(),
                ));
            }
        }
    }
    Ok(groups)
}

fn role_ids(keys: Option<&Vec<String>>) -> Option<Vec<RoleId>> {
    keys.map(|keys| keys.iter().map(|key| RoleId::from(key.as_str())).collect())
}

fn into_domain<A: Copy + Into<B>, B>(values: Option<&Vec<A>>) -> Option<Vec<B>> {
    values.map(|values| values.iter().copied().map(Into::into).collect())
}
