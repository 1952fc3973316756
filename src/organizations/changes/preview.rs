use jiff::Timestamp;
use url::Url;

use super::{
    Changes, Place, Result,
    confirmation::Confirmed,
    facts::{Facts, Reach},
    findings::{self, Findings, judge},
};
use crate::{
    domain::{AccountId, Actor, Deletion, DeletionScope, DeletionState, GRACE, ResourceId, User},
    organizations::Row,
};

/// What a deletion would do, and what speaks against it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Who would be deleted.
    pub user: Row<User>,
    /// From where.
    pub scope: DeletionScope,
    /// What was found.
    pub findings: Findings,
    /// The product instances that the person has opened and would lose. Whoever never opened one may hold its seat all the same.
    pub products: Vec<ResourceId>,
    /// The product instances that the scope takes away, opened or not; `None` is every one of the organization.
    pub taken: Option<Vec<ResourceId>>,
    /// When the account would be gone for good; `None` for removals.
    pub purges_at: Option<Timestamp>,
    /// To be given with the deletion; `None` where it would be refused.
    pub confirmation_token: Option<String>,
}

impl Preview {
    /// Whether nothing stands in the way.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.findings.blockers.is_empty()
    }
}

impl Changes {
    /// What a deletion would do, and whether it may be done. Reads the person, what the key may do to them, their API
    /// tokens, the number of admins, directories and the site, as far as the scope needs it: two to five calls, side by side.
    ///
    /// # Errors
    /// Atlassian could not be asked for the person. `None` where the organization does not know them.
    pub async fn preview(
        &self,
        place: &Place,
        actor: &Actor,
        account: &AccountId,
        scope: DeletionScope,
    ) -> Result<Option<Preview>> {
        let Some(facts) = Facts::gather(place, account, Reach::Deletion(scope)).await? else {
            return Ok(None);
        };
        Ok(Some(self.preview_of(&facts, (place, actor), scope).await?))
    }

    pub(super) async fn preview_of(
        &self,
        facts: &Facts,
        (place, actor): (&Place, &Actor),
        scope: DeletionScope,
    ) -> Result<Preview> {
        let now = place.organization.now();
        let settings = &self.inner.settings;
        let mut findings = judge(facts, Reach::Deletion(scope), (place, actor), settings, now);
        if self.is_on_its_way(place, &facts.user.account_id, scope).await? {
            findings.about_queue();
        }
        let confirmed = Confirmed {
            caller: actor.subject.clone(),
            integration: place.integration.id.clone(),
            account: facts.user.account_id.clone(),
            scope,
            found: findings::fingerprint(facts, scope, &findings),
        };
        let is_allowed = findings.blockers.is_empty();
        let taken = match scope {
            DeletionScope::Site => Some(jira_products_of_site(place).await),
            DeletionScope::Account | DeletionScope::Organization => None,
        };
        Ok(Preview {
            user: facts.row.clone(),
            scope,
            products: products_lost(facts, taken.as_deref()),
            taken,
            purges_at: (scope == DeletionScope::Account)
                .then(|| now.saturating_add(GRACE).unwrap_or(Timestamp::MAX)),
            confirmation_token: is_allowed.then(|| self.inner.confirmations.token(confirmed, now)),
            findings,
        })
    }

    /// Whether the same was asked for already and Atlassian does not show it yet: its lists still have the person.
    async fn is_on_its_way(
        &self,
        place: &Place,
        account: &AccountId,
        scope: DeletionScope,
    ) -> Result<bool> {
        let organization =
            |place: &Place| place.organization.shared.client.organization_id().clone();
        let is_same = |deletion: &Deletion| {
            let is_queued = deletion.state == DeletionState::Queued && deletion.scope == scope;
            let is_here = match scope {
                // Each integration of an organization has its own site.
                DeletionScope::Site => deletion.integration == place.integration.id,
                _ => self
                    .place(&deletion.integration)
                    .is_some_and(|other| organization(&other) == organization(place)),
            };
            is_queued && is_here
        };
        Ok(self.inner.store.open_deletions_of(account).await?.iter().any(is_same))
    }
}

/// What Jira's own removal takes: the Jira products of that one site. None where the products cannot be read.
async fn jira_products_of_site(place: &Place) -> Vec<ResourceId> {
    let site = place.integration.credentials.admin_url.origin();
    let is_of_site = |address: &str| Url::parse(address).is_ok_and(|url| url.origin() == site);
    let Ok(products) = place.organization.products().await else { return Vec::new() };
    let jira = products.value.iter().filter(|product| {
        product.key.starts_with("jira") && product.host_url.as_deref().is_some_and(is_of_site)
    });
    jira.map(|product| product.resource_id.clone()).collect()
}

/// What the person has opened, of what is taken.
fn products_lost(facts: &Facts, taken: Option<&[ResourceId]>) -> Vec<ResourceId> {
    let opened = facts.user.product_access.iter().flatten().map(|access| &access.resource_id);
    let is_taken = |opened: &&ResourceId| {
        taken.is_none_or(|taken| taken.iter().any(|one| one.is_same_product(opened)))
    };
    opened.filter(is_taken).cloned().collect()
}
