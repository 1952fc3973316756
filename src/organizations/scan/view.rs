use std::{cmp::Ordering, sync::Arc};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{Scan, people::People};
use crate::{
    atlassian::UserSearch,
    domain::{AccountId, OrderDirection, UserFilter, UserOrder, UserOrderField},
    organizations::{
        Error, Organization, Result, UsersPage, UsersRequest,
        listing::{Position, Row},
    },
};

/// The rows of a scan that a filter leaves, in order.
pub(in crate::organizations) struct View {
    indices: Vec<u32>,
}

impl Organization {
    /// A page out of a scan. Later pages come from the scan that the first came from.
    pub(in crate::organizations) async fn scanned_page(
        &self,
        request: &UsersRequest,
        base: &UserSearch,
    ) -> Result<UsersPage> {
        let (scan, start) = match &request.after {
            None => (self.scan(base).await?, 0),
            Some(Position::Scan(number, start)) => (self.scan_by_number(*number).await?, *start),
            Some(_) => return Err(Error::CursorInvalid),
        };
        let view = self.view(&scan, &request.filter, request.order).await?;
        let freshness = self.scan_freshness(&scan);
        let start = start as usize;
        let end = view.indices.len().min(start + usize::from(request.first));
        let indices = view.indices.get(start..end).unwrap_or_default();
        let rows = indices.iter().enumerate().filter_map(|(offset, index)| {
            let next = start + offset + 1;
            let user = Arc::new(scan.people.user(*index as usize)?);
            Some(Row {
                item: self.corrected_row(base, user, scan.began_at)?,
                freshness,
                next: (next < view.indices.len())
                    .then(|| Position::Scan(scan.number, u32::try_from(next).unwrap_or(u32::MAX))),
            })
        });
        Ok(UsersPage {
            rows: rows.collect(),
            has_more: end < view.indices.len(),
            freshness: Some(freshness),
        })
    }

    pub(in crate::organizations) async fn scanned_count(
        &self,
        filter: &UserFilter,
        base: &UserSearch,
    ) -> Result<u64> {
        let scan = self.scan(base).await?;
        let view = self.view(&scan, filter, None).await?;
        let corrections = &self.shared.corrections;
        if corrections.is_empty() {
            return Ok(view.indices.len() as u64);
        }
        // As the pages of the scan, which leave out whom a change has taken out of it.
        let changed = corrections.accounts();
        let is_there = |index: &&u32| {
            let index = **index as usize;
            !changed.contains(&AccountId::from(scan.people.account_id(index)))
                || scan.people.user(index).is_some_and(|user| {
                    self.corrected_row(base, Arc::new(user), scan.began_at).is_some()
                })
        };
        Ok(view.indices.iter().filter(is_there).count() as u64)
    }

    // Kept by the scan's number, so that it is put in order once for all its pages.
    async fn view(
        &self,
        scan: &Arc<Scan>,
        filter: &UserFilter,
        order: Option<UserOrder>,
    ) -> Result<Arc<View>> {
        let key = self.key((scan.number, filter.clone(), order));
        let ask = async { Ok(View::of(&scan.people, filter, order, scan.fetched_at)) }.boxed();
        let weigh = |view: &View| 128 + view.indices.len() * size_of::<u32>();
        // What the caller demands of age was settled when the scan was chosen.
        let demand = super::Demand { not_before: None, ..self.demand };
        Ok(self.shared.caches.views.get_or_ask(&demand, key, weigh, ask).await?.value)
    }
}

impl View {
    /// `now` is the instant of the scan, so that every page of a list uses the same.
    fn of(people: &People, filter: &UserFilter, order: Option<UserOrder>, now: Timestamp) -> Self {
        let cutoff = filter.inactive_for_days.map(|days| {
            let age = SignedDuration::from_hours(24 * i64::from(days));
            now.checked_sub(age).unwrap_or(Timestamp::MIN)
        });
        let is_wanted =
            |index: &usize| cutoff.is_none_or(|cutoff| people.is_inactive_since(*index, cutoff));
        let mut indices: Vec<usize> = (0..people.len()).filter(is_wanted).collect();
        if let Some(order) = order {
            indices.sort_by(|a, b| compare(people, order, *a, *b));
        }
        let small = |index| u32::try_from(index).unwrap_or(u32::MAX);
        Self { indices: indices.into_iter().map(small).collect() }
    }
}

/// Ties go by account id, so that the order is the same each time.
fn compare(people: &People, order: UserOrder, a: usize, b: usize) -> Ordering {
    let by_field = match order.field {
        UserOrderField::Name => {
            people.nickname(a).to_lowercase().cmp(&people.nickname(b).to_lowercase())
        }
        // Who never used anything is the least active; who hides the address comes last either way.
        UserOrderField::LastActiveAt => people.last_active_at(a).cmp(&people.last_active_at(b)),
        UserOrderField::AddedToOrgAt => people.added_to_org_at(a).cmp(&people.added_to_org_at(b)),
        UserOrderField::Email => match (people.email(a), people.email(b)) {
            (Some(a), Some(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            (None, None) => Ordering::Equal,
            (hidden, _) => {
                let last = if hidden.is_none() { Ordering::Greater } else { Ordering::Less };
                return last;
            }
        },
    };
    let directed = match order.direction {
        OrderDirection::Asc => by_field,
        OrderDirection::Desc => by_field.reverse(),
    };
    directed.then_with(|| people.account_id(a).cmp(people.account_id(b)))
}
