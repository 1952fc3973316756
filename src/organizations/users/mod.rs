//! Pages of people: what Atlassian filters and orders is pushed down, the rest comes from a scan.

mod directories;
mod plan;

use std::sync::Arc;

use futures_util::FutureExt;

use self::plan::Plan;
pub(super) use self::{directories::Telling, plan::split};
use super::{
    Error, Organization, Result,
    clock::now,
    listing::{Position, Row, Rows, UpstreamPosition, walk},
};
use crate::{
    atlassian::{
        Expand, UserSearch,
        users::{MAX_ACCOUNT_IDS, MAX_EMAILS, MAX_PAGE},
    },
    domain::{AccountId, Fetched, Page, User, UserFilter, UserOrder},
};

/// Which people, in what order, with which expandable members, how many, and after which.
#[derive(Debug, Clone)]
pub struct UsersRequest {
    /// Which people.
    pub filter: UserFilter,
    /// In what order; upstream's own without.
    pub order: Option<UserOrder>,
    /// Which members upstream is to expand.
    pub expand: Expand,
    /// How many, 1 to 100.
    pub first: u16,
    /// Where to go on.
    pub after: Option<Position>,
}

/// A page of people.
pub type UsersPage = Rows<User>;

impl Organization {
    /// A page of people. Where Atlassian can filter and order, a page is one upstream page.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked; the cursor is foreign or expired; the filter names more
    /// than Atlassian takes; the scan that the question needs is still running.
    pub async fn users(&self, request: &UsersRequest) -> Result<UsersPage> {
        match self.plan(&request.filter, request.order).await? {
            Plan::Nobody => Ok(UsersPage::default()),
            Plan::Search(searches) => self.searched_page(request, &searches).await,
            Plan::Scan(base) => self.scanned_page(request, &base).await,
        }
    }

    /// How many people the filter describes; `None` where only reading them all would tell.
    ///
    /// # Errors
    /// As [`Self::users`].
    pub async fn count_users(&self, filter: &UserFilter) -> Result<Option<u64>> {
        match self.plan(filter, None).await? {
            Plan::Nobody => Ok(Some(0)),
            // Upstream counts by everything but e-mail addresses.
            Plan::Search(searches) if searches.iter().any(|search| !search.emails.is_empty()) => {
                let mut total = 0;
                for search in searches {
                    let whole = UserSearch { limit: Some(MAX_PAGE), ..search };
                    total += self.search(&whole).await?.value.items.len() as u64;
                }
                Ok(Some(total))
            }
            Plan::Search(searches) => {
                let counts = searches.iter().map(|search| self.count(search));
                Ok(Some(futures_util::future::try_join_all(counts).await?.into_iter().sum()))
            }
            Plan::Scan(base) => self.scanned_count(filter, &base).await.map(Some),
        }
    }

    /// People by account id, in the order of the ids; `None` for those whom the organization does not
    /// know. One upstream call for ten.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn users_by_id(
        &self,
        ids: &[AccountId],
        expand: Expand,
    ) -> Result<Vec<Option<Row<User>>>> {
        let mut wanted: Vec<AccountId> = ids.to_vec();
        wanted.sort();
        wanted.dedup();
        let searches = wanted.chunks(MAX_ACCOUNT_IDS).map(|chunk| UserSearch {
            limit: Some(MAX_ACCOUNT_IDS.try_into().unwrap_or(10)),
            account_ids: chunk.to_vec(),
            expand,
            ..UserSearch::default()
        });
        let pages = searches.map(|search| async move { self.search(&search).await });
        let pages = futures_util::future::try_join_all(pages).await?;
        let find = |id: &AccountId| {
            pages.iter().find_map(|page| {
                let user = page.value.items.iter().find(|user| user.account_id == *id)?;
                Some(Row { item: Arc::clone(user), freshness: page.freshness, next: None })
            })
        };
        Ok(ids.iter().map(find).collect())
    }

    /// The people with each of these addresses, in the order of the addresses. One upstream call for 100.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn users_by_email(
        &self,
        emails: &[String],
        expand: Expand,
    ) -> Result<Vec<Vec<Row<User>>>> {
        let mut wanted = emails.to_vec();
        wanted.sort();
        wanted.dedup();
        let mut rows = Vec::new();
        for chunk in wanted.chunks(MAX_EMAILS) {
            let found = self.with_emails(chunk, expand).await?;
            // Whose address is hidden cannot be told apart in an answer to several addresses.
            let is_ambiguous = chunk.len() > 1 && found.iter().any(|row| row.item.email.is_none());
            for email in chunk {
                let theirs = if is_ambiguous {
                    self.with_emails(std::slice::from_ref(email), expand).await?
                } else if chunk.len() == 1 {
                    found.clone()
                } else {
                    let is_theirs = |row: &&Row<User>| {
                        row.item.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(email))
                    };
                    found.iter().filter(is_theirs).cloned().collect()
                };
                rows.push((email, theirs));
            }
        }
        let theirs = |email: &String| {
            let found = rows.iter().find(|(of, _)| *of == email);
            found.map(|(_, rows)| rows.clone()).unwrap_or_default()
        };
        Ok(emails.iter().map(theirs).collect())
    }

    async fn with_emails(&self, emails: &[String], expand: Expand) -> Result<Vec<Row<User>>> {
        let search = UserSearch {
            limit: Some(MAX_PAGE),
            emails: emails.to_vec(),
            expand,
            ..UserSearch::default()
        };
        let page = self.search(&search).await?;
        let row = |user: &Arc<User>| Row {
            item: Arc::clone(user),
            freshness: page.freshness,
            next: None,
        };
        Ok(page.value.items.iter().map(row).collect())
    }

    async fn searched_page(
        &self,
        request: &UsersRequest,
        searches: &[UserSearch],
    ) -> Result<UsersPage> {
        let ask = |at: UpstreamPosition| async move {
            let search = UserSearch {
                limit: Some(at.limit),
                cursor: at.cursor,
                expand: request.expand,
                ..searches[at.search].clone()
            };
            self.search(&search).await
        };
        walk(request.after.as_ref(), request.first, searches.len(), ask).await
    }

    /// One page of upstream's, from the cache or asked for once.
    pub(super) async fn search(&self, search: &UserSearch) -> Result<Fetched<Page<Arc<User>>>> {
        let ask = async {
            let mut page = self.shared.client.search_users(search).await?;
            self.complete(&mut page.items, search.expand).await?;
            let items = page.items.into_iter().map(Arc::new).collect();
            Ok(Page { items, next: page.next })
        }
        .boxed();
        let cache = &self.shared.caches.users;
        let key = self.key(search.clone());
        let mut page = self.note(cache.get_or_ask(&self.demand, key, weigh, ask).await?);
        if !self.shared.corrections.is_empty() {
            let items = page.value.items.clone();
            let items = self.corrected(search, items, page.freshness.fetched_at);
            page.value = Arc::new(Page { items, next: page.value.next.clone() });
        }
        Ok(page)
    }

    pub(super) async fn count(&self, search: &UserSearch) -> Result<u64> {
        let filters = UserSearch {
            limit: None,
            cursor: None,
            expand: Expand::default(),
            sort_by_nickname: None,
            ..search.clone()
        };
        let ask = async {
            let counted = self.shared.client.count_users(&filters).await?;
            Ok(counted.saturating_sub(self.outdated(&filters).await?))
        }
        .boxed();
        let cache = &self.shared.caches.user_counts;
        let key = self.key(filters.clone());
        let counted = cache.get_or_ask(&self.demand, key, |_| 256, ask).await?;
        Ok(*self.note(counted).value)
    }

    /// How many people Atlassian still counts whom a change took out of the search: asked only shortly after a change, ten
    /// people a call.
    async fn outdated(&self, search: &UserSearch) -> Result<u64> {
        let organization = self.shared.client.organization_id();
        let mut accounts = self.shared.corrections.unsettled(organization, now());
        if !search.account_ids.is_empty() {
            accounts.retain(|account| search.account_ids.contains(account));
        }
        let mut outdated = 0;
        for some in accounts.chunks(MAX_ACCOUNT_IDS) {
            let search = UserSearch {
                limit: MAX_ACCOUNT_IDS.try_into().ok(),
                account_ids: some.to_vec(),
                ..search.clone()
            };
            let page = self.shared.client.search_users(&search).await?;
            let rows: Vec<Arc<User>> = page.items.into_iter().map(Arc::new).collect();
            let told = rows.len();
            outdated += told - self.corrected(&search, rows, now()).len();
        }
        Ok(outdated as u64)
    }

    /// About how many people there are, for rules that need no exact number: asked at most once in the life of a count,
    /// whatever is changed meanwhile.
    pub(super) async fn size(&self) -> Result<u64> {
        let everybody = UserSearch::default();
        let ask = async { Ok(self.shared.client.count_users(&everybody).await?) }.boxed();
        let key = self.scan_key(everybody.clone());
        let counted = self.shared.caches.user_counts.get_or_ask(&self.demand, key, |_| 256, ask);
        Ok(*self.note(counted.await?).value)
    }
}

/// A close estimate of the memory that a page holds, in bytes.
fn weigh(page: &Page<Arc<User>>) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    page.items
        .iter()
        .map(|user| {
            let products = user.product_access.as_ref().map_or(0, Vec::len) * 140;
            let groups = user.groups.iter().flatten();
            let groups: usize =
                groups.map(|group| 120 + text(&group.name) + text(&group.description)).sum();
            size_of::<User>() + 300 + text(&user.email) + text(&user.avatar_url) + products + groups
        })
        .sum()
}
