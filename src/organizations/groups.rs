use std::sync::Arc;

use futures_util::FutureExt;

use super::{
    Error, Organization, Result,
    listing::{Position, Rows, UpstreamPosition, walk},
};
use crate::{
    atlassian::{
        GroupSearch,
        groups::{MAX_GROUP_IDS, MAX_NAMES, MAX_PAGE, MAX_ROLE_IDS},
    },
    domain::{Fetched, Group, GroupFilter, GroupId, GroupRoles, OrderDirection, Page},
};

/// Which groups, how many and after which.
#[derive(Debug, Clone)]
pub struct GroupsRequest {
    /// Which groups.
    pub filter: GroupFilter,
    /// Whether the number of members is wanted.
    pub with_user_count: bool,
    /// Whether the number of granted resources is wanted.
    pub with_resource_count: bool,
    /// How many, 1 to 100.
    pub first: u16,
    /// Where to go on.
    pub after: Option<Position>,
}

/// A page of groups.
pub type GroupsPage = Rows<Group>;

impl Organization {
    /// A page of groups by name: one upstream page.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked; the cursor is foreign or expired; the filter is more
    /// than Atlassian takes.
    pub async fn groups(&self, request: &GroupsRequest) -> Result<GroupsPage> {
        let Some(base) = self.group_search(&request.filter).await? else {
            return Ok(GroupsPage::default());
        };
        let base = &base;
        let ask = |at: UpstreamPosition| async move {
            let search = GroupSearch {
                limit: Some(at.limit),
                cursor: at.cursor,
                expand_user_count: request.with_user_count,
                expand_resource_count: request.with_resource_count,
                sort_by_name: Some(OrderDirection::Asc),
                ..base.clone()
            };
            self.search_groups(&search).await
        };
        walk(request.after.as_ref(), request.first, 1, ask).await
    }

    /// How many groups the filter describes.
    ///
    /// # Errors
    /// As [`Self::groups`].
    pub async fn count_groups(&self, filter: &GroupFilter) -> Result<u64> {
        let Some(search) = self.group_search(filter).await? else {
            return Ok(0);
        };
        if !search.names.is_empty() {
            return self.count_named(search).await;
        }
        let ask = async { Ok(self.shared.client.count_groups(&search).await?) }.boxed();
        let cache = &self.shared.caches.group_counts;
        let counted =
            cache.get_or_ask(&self.demand, self.key(search.clone()), |_| 256, ask).await?;
        Ok(*self.note(counted).value)
    }

    // Upstream counts by everything but names.
    async fn count_named(&self, mut search: GroupSearch) -> Result<u64> {
        search.limit = Some(MAX_PAGE);
        let mut total = 0;
        loop {
            let page = self.search_groups(&search).await?.value;
            total += page.items.len() as u64;
            match &page.next {
                Some(next) if search.cursor.as_ref() != Some(next) => {
                    search.cursor = Some(next.clone());
                }
                _ => return Ok(total),
            }
        }
    }

    /// Groups by id with their counts, in the order of the ids. One upstream call for ten.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn groups_by_id(&self, ids: &[GroupId]) -> Result<Vec<Option<Arc<Group>>>> {
        let mut wanted = ids.to_vec();
        wanted.sort();
        wanted.dedup();
        let searches = wanted.chunks(MAX_GROUP_IDS).map(|chunk| GroupSearch {
            limit: Some(MAX_GROUP_IDS.try_into().unwrap_or(10)),
            group_ids: chunk.to_vec(),
            expand_user_count: true,
            expand_resource_count: true,
            ..GroupSearch::default()
        });
        let pages = searches.map(|search| async move { self.search_groups(&search).await });
        let pages = futures_util::future::try_join_all(pages).await?;
        let find = |id: &GroupId| {
            let mut groups = pages.iter().flat_map(|page| page.value.items.iter());
            groups.find(|group| group.id == *id).cloned()
        };
        Ok(ids.iter().map(find).collect())
    }

    /// The roles that a group grants. One upstream call.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn group_roles(&self, group: &GroupId) -> Result<Fetched<Vec<GroupRoles>>> {
        let ask = async { Ok(self.shared.client.group_roles(group).await?) }.boxed();
        let weigh = |roles: &Vec<GroupRoles>| 64 + roles.len() * 220;
        let cache = &self.shared.caches.group_roles;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(group.clone()), weigh, ask).await?))
    }

    pub(super) async fn search_groups(
        &self,
        search: &GroupSearch,
    ) -> Result<Fetched<Page<Arc<Group>>>> {
        let ask = async {
            let page = self.shared.client.search_groups(search).await?;
            Ok(Page { items: page.items.into_iter().map(Arc::new).collect(), next: page.next })
        }
        .boxed();
        let weigh = |page: &Page<Arc<Group>>| 64 + page.items.len() * 400;
        let cache = &self.shared.caches.groups;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(search.clone()), weigh, ask).await?))
    }

    /// The filter as Atlassian takes it; `None` where no group can match.
    async fn group_search(&self, filter: &GroupFilter) -> Result<Option<GroupSearch>> {
        let mut search = GroupSearch {
            search_term: filter.search.clone().filter(|term| !term.trim().is_empty()),
            names: filter.names.clone().unwrap_or_default(),
            group_ids: filter.ids.clone().unwrap_or_default(),
            role_ids: filter.roles.clone().unwrap_or_default(),
            ..GroupSearch::default()
        };
        if let Some(keys) = &filter.products {
            search.resource_ids = self.resources_of(keys).await?;
            if search.resource_ids.is_empty() {
                return Ok(None);
            }
        }
        for (name, given, most) in [
            ("names", search.names.len(), MAX_NAMES),
            ("roles", search.role_ids.len(), MAX_ROLE_IDS),
            ("ids", search.group_ids.len(), MAX_GROUP_IDS),
        ] {
            if given > most {
                return Err(Error::BadRequest(format!(
                    "the filter `{name}` has {given} values, and Atlassian takes at most {most} at a time"
                )));
            }
        }
        if search.search_term.is_some() && !search.names.is_empty() {
            return Err(Error::BadRequest(
                "Atlassian does not take the filters `names` and `search` together; give one of them"
                    .to_owned(),
            ));
        }
        // An empty list matches no group; upstream would take it as no filter at all.
        let lengths = [
            filter.names.as_ref().map(Vec::len),
            filter.ids.as_ref().map(Vec::len),
            filter.products.as_ref().map(Vec::len),
            filter.roles.as_ref().map(Vec::len),
        ];
        Ok((!lengths.contains(&Some(0))).then_some(search))
    }
}
