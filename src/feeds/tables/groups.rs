use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::timeout;

use crate::{
    auth::Permission,
    domain::{Freshness, Group, GroupFilter},
    feeds::{
        Column, Kind, Table,
        content::{Asked, Listed, Opened},
        table::{AS_OF, Filter},
        turns::Progress,
    },
    organizations::{Error, GroupsRequest, Organization, Result},
};

pub(super) static TABLE: Table = Table {
    name: "groups",
    description: "One row a group.",
    permission: Permission::ReadDirectory,
    cost: "one request for a hundred groups, and no reading of people",
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("group", "group_id"),
        Filter::by("name"),
        Filter::by("managed_by"),
        Filter::by("is_externally_synced"),
    ],
    dated_by: None,
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 10] = [
    Column::text("group_id", "The group").key(),
    Column::text("name", "The group's name; its id where Atlassian hides it"),
    Column::text("description", "Free text").nullable(),
    Column::text("directory_id", "The directory that holds it").nullable(),
    Column::text("managed_by", "Who owns it: admins, external, team-members, open").nullable(),
    Column::new(
        "is_externally_synced",
        Kind::Boolean,
        "Whether an identity provider keeps its members",
    )
    .nullable(),
    Column::new("is_modifiable", Kind::Boolean, "Whether Atlassian's API may change it").nullable(),
    Column::new("user_count", Kind::Integer, "Members").nullable(),
    Column::new("resource_count", Kind::Integer, "Resources that it grants a role on").nullable(),
    AS_OF,
];

/// Upstream's largest page.
const PAGE: u16 = 100;

async fn open(asked: Asked) -> Opened {
    let (organization, fresh) = (asked.organization.clone(), asked.fresh());
    let reading = |progress: Arc<Progress>| async move {
        match all(&organization, &progress).await {
            // A page that was kept can lead to one that upstream has given up: all are asked for again.
            Err(Error::CursorExpired) => {
                progress.start_over();
                Ok(all(&fresh, &progress).await?)
            }
            outcome => Ok(outcome?),
        }
    };
    // Pages that were read are kept, so that the next try goes on from there.
    let turns = &asked.feeds.shared.group_turns;
    let taken = turns.take(&asked.integration.id, asked.feeds.wait(), reading).await;
    let (groups, freshness) = match taken {
        Ok(outcome) => outcome?,
        Err(progress) => {
            let expected = count(&asked).await;
            return Err(Error::ScanRunning(progress.so_far(expected)).into());
        }
    };
    let rows = groups.iter().map(|group| {
        [
            group.id.as_str().into(),
            group.name.as_str().into(),
            group.description.clone().into(),
            group.directory_id.as_ref().map(|id| id.as_str().to_owned()).into(),
            group.managed_by.clone().into(),
            group.is_externally_synced.into(),
            group.is_modifiable.into(),
            group.user_count.into(),
            group.resource_count.into(),
            freshness.map(|freshness| freshness.fetched_at).into(),
        ]
    });
    Ok(Listed::content(rows.collect(), freshness.map(|freshness| freshness.fetched_at)))
}

/// How many groups there are, where that is told in time: it is for the progress only.
async fn count(asked: &Asked) -> Option<u64> {
    let organization = asked.organization.clone();
    let counting =
        tokio::spawn(async move { organization.count_groups(&GroupFilter::default()).await });
    timeout(asked.feeds.wait(), counting).await.ok()?.ok()?.ok()
}

async fn all(
    organization: &Organization,
    progress: &Progress,
) -> Result<(Vec<Arc<Group>>, Option<Freshness>)> {
    let mut groups = Vec::new();
    let mut freshness: Option<Freshness> = None;
    let mut after = None;
    loop {
        let request = GroupsRequest {
            filter: GroupFilter::default(),
            with_user_count: true,
            with_resource_count: true,
            first: PAGE,
            after,
        };
        let page = organization.groups(&request).await?;
        freshness = match (freshness, page.freshness) {
            (Some(known), Some(new)) => Some(known.with(new)),
            (known, new) => known.or(new),
        };
        progress.add(page.rows.len());
        after = page.rows.last().and_then(|row| row.next.clone());
        groups.extend(page.rows.into_iter().map(|row| row.item));
        if after.is_none() {
            return Ok((groups, freshness));
        }
    }
}
