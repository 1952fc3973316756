use super::{Error, Organization, Result};
use crate::{
    atlassian::{
        UserSearch,
        users::{
            MAX_ACCOUNT_IDS, MAX_EMAIL_DOMAINS, MAX_EMAILS, MAX_GROUP_IDS, MAX_ROLE_IDS, MAX_STATUS,
        },
    },
    domain::{AccountId, UserFilter, UserOrder, UserOrderField, UserStatus},
};

/// How a question about people is answered.
pub(super) enum Plan {
    /// No person can match.
    Nobody,
    /// By these searches, one after the other; no person is in two of them.
    Search(Vec<UserSearch>),
    /// From a scan of everybody whom this search finds, filtered and ordered here.
    Scan(Box<UserSearch>),
}

impl Organization {
    /// Decides who filters and orders. What Atlassian can do is left to it.
    pub(super) async fn plan(&self, filter: &UserFilter, order: Option<UserOrder>) -> Result<Plan> {
        let Some(base) = self.pushed_down(filter).await? else {
            return Ok(Plan::Nobody);
        };
        let needs_scan = filter.inactive_for_days.is_some()
            || order.is_some_and(|order| order.field != UserOrderField::Name);
        if needs_scan {
            return Ok(Plan::Scan(Box::new(base)));
        }
        let sorted = UserSearch { sort_by_nickname: order.map(|order| order.direction), ..base };
        split(sorted, order.is_some()).map(Plan::Search)
    }

    /// The part of a filter that Atlassian applies; `None` where nobody can match it.
    async fn pushed_down(&self, filter: &UserFilter) -> Result<Option<UserSearch>> {
        let mut search = UserSearch {
            search_term: filter.search.clone().filter(|term| !term.trim().is_empty()),
            emails: filter.emails.clone().unwrap_or_default(),
            email_domains: filter.email_domains.clone().unwrap_or_default(),
            group_ids: filter.groups.clone().unwrap_or_default(),
            role_ids: filter.roles.clone().unwrap_or_default(),
            account_status: filter.account_status.clone().unwrap_or_default(),
            membership_status: filter.membership_status.clone().unwrap_or_default(),
            claim_status: filter.claim_status,
            mfa_enabled: filter.is_mfa_enabled,
            ..UserSearch::default()
        };
        search.account_ids =
            filter.account_ids.iter().flatten().map(|id| AccountId::from(id.as_str())).collect();
        if let Some(status) = &filter.status {
            search.status.clone_from(status);
            search.status.sort_unstable();
            search.status.dedup();
        }
        if let Some(keys) = &filter.products {
            search.resource_ids = self.resources_of(keys).await?;
            if search.resource_ids.is_empty() {
                return Ok(None);
            }
        }
        within_limits(&search)?;
        // An empty list matches nobody; upstream would take it as no filter at all.
        let is_empty_list = [
            filter.emails.as_ref().map(Vec::len),
            filter.email_domains.as_ref().map(Vec::len),
            filter.account_ids.as_ref().map(Vec::len),
            filter.groups.as_ref().map(Vec::len),
            filter.roles.as_ref().map(Vec::len),
            filter.status.as_ref().map(Vec::len),
            filter.account_status.as_ref().map(Vec::len),
            filter.membership_status.as_ref().map(Vec::len),
            filter.products.as_ref().map(Vec::len),
        ]
        .contains(&Some(0));
        Ok((!is_empty_list).then_some(search))
    }
}

fn within_limits(search: &UserSearch) -> Result<()> {
    let too_many = |name: &str, given: usize, most: usize| {
        Err(Error::BadRequest(format!(
            "the filter `{name}` has {given} values, and Atlassian takes at most {most} at a time"
        )))
    };
    if search.email_domains.len() > MAX_EMAIL_DOMAINS {
        return too_many("emailDomains", search.email_domains.len(), MAX_EMAIL_DOMAINS);
    }
    if search.group_ids.len() > MAX_GROUP_IDS {
        return too_many("groups", search.group_ids.len(), MAX_GROUP_IDS);
    }
    if search.role_ids.len() > MAX_ROLE_IDS {
        return too_many("roles", search.role_ids.len(), MAX_ROLE_IDS);
    }
    if search.status.len() > MAX_STATUS && search.status != all_statuses() {
        return too_many("status", search.status.len(), MAX_STATUS);
    }
    if !search.emails.is_empty() && search.search_term.is_some() {
        return Err(Error::BadRequest(
            "Atlassian does not take the filters `emails` and `search` together; give one of them"
                .to_owned(),
        ));
    }
    let unknown = search.status.iter().any(|status| status.word().is_none())
        || search.account_status.iter().any(|status| status.word().is_none())
        || search.membership_status.iter().any(|status| status.word().is_none())
        || search.claim_status.is_some_and(|status| status.word().is_none());
    if unknown {
        return Err(Error::BadRequest(
            "UNKNOWN stands for values that this program does not know; it cannot be filtered by"
                .to_owned(),
        ));
    }
    Ok(())
}

fn all_statuses() -> Vec<UserStatus> {
    use UserStatus::{Active, Deactivated, ForDeletion, NotInvited, Suspended};
    vec![Active, Suspended, NotInvited, Deactivated, ForDeletion]
}

/// Splits what is too long for one call into calls that find different people.
pub(in crate::organizations) fn split(
    mut search: UserSearch,
    is_ordered: bool,
) -> Result<Vec<UserSearch>> {
    search.account_ids.sort();
    search.account_ids.dedup();
    search.emails.sort();
    search.emails.dedup();
    // All five values together are no filter; upstream takes at most four.
    if search.status.len() > MAX_STATUS {
        search.status.clear();
    }
    let parts: Vec<UserSearch> = if search.account_ids.len() > MAX_ACCOUNT_IDS {
        let chunks = search.account_ids.chunks(MAX_ACCOUNT_IDS);
        chunks.map(|ids| UserSearch { account_ids: ids.to_vec(), ..search.clone() }).collect()
    } else if search.emails.len() > MAX_EMAILS {
        let chunks = search.emails.chunks(MAX_EMAILS);
        chunks.map(|emails| UserSearch { emails: emails.to_vec(), ..search.clone() }).collect()
    } else {
        vec![search]
    };
    if parts.len() > 1 && (is_ordered || parts.iter().any(|part| part.emails.len() > MAX_EMAILS)) {
        return Err(Error::BadRequest(format!(
            "Atlassian takes at most {MAX_ACCOUNT_IDS} account ids and {MAX_EMAILS} e-mail addresses \
             at a time where the answer is ordered or both are given"
        )));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_five_account_ids_become_three_disjoint_searches() {
        let search = UserSearch {
            account_ids: (0..25).map(|n| AccountId::from(format!("a{n:02}"))).collect(),
            ..UserSearch::default()
        };
        let parts = split(search, false).unwrap();
        assert_eq!(
            parts.iter().map(|part| part.account_ids.len()).collect::<Vec<_>>(),
            [10, 10, 5]
        );
    }

    #[test]
    fn all_five_statuses_are_no_filter_because_upstream_takes_four() {
        let search = UserSearch { status: all_statuses(), ..UserSearch::default() };
        within_limits(&search).unwrap();
        assert!(split(search, false).unwrap()[0].status.is_empty());
    }
}
