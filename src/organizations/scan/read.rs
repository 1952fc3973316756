use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::{People, ScanProgress, people::PeopleBuilder};
use crate::{
    atlassian::{Expand, UserSearch, users::MAX_PAGE},
    domain::{AccountId, ClaimStatus, UserStatus},
    organizations::{Organization, Result, users::split},
};

/// How far a scan is, written by its parts and read by those who wait.
pub(in crate::organizations) struct Progress {
    began: Instant,
    read: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), read: AtomicU64::new(0), expected: AtomicU64::new(0) }
    }

    pub(super) fn so_far(&self) -> ScanProgress {
        let elapsed: Duration = self.began.elapsed();
        ScanProgress {
            read: self.read.load(Ordering::Relaxed),
            expected: self.expected.load(Ordering::Relaxed),
            elapsed,
        }
    }
}

/// More upstream pages than any organization has.
const MOST_PAGES: usize = 20_000;

/// Where the parts of a scan put what they read.
#[derive(Default)]
struct Sink {
    people: PeopleBuilder,
    // Upstream can repeat a person on a later page, and who changes status is in two parts.
    seen: HashSet<AccountId>,
}

impl Organization {
    /// Reads everybody whom `base` finds. Large organizations are read in parts that no person is in
    /// twice, side by side, and the sum is held against upstream's own count (API.md, section 15).
    pub(super) async fn read_everybody(
        &self,
        base: &UserSearch,
        progress: &Progress,
    ) -> Result<People> {
        let searches = split(base.clone(), false)?;
        // Upstream cannot count by e-mail address; such a scan is small anyway.
        let expected = match searches.as_slice() {
            [one] if one.emails.is_empty() => Some(self.count(one).await?),
            _ => None,
        };
        progress.expected.store(expected.unwrap_or(0), Ordering::Relaxed);
        if let (Some(expected), [one]) = (expected, searches.as_slice())
            && expected > self.shared.settings.scan_split_above
            && let Some(people) = self.read_in_parts(parts(one), expected, progress).await?
        {
            return Ok(people);
        }
        progress.read.store(0, Ordering::Relaxed);
        let sink = Mutex::default();
        for search in searches {
            self.read_part(search, progress, &sink).await?;
        }
        Ok(finished(sink))
    }

    /// `None` where the parts do not add up, as when somebody has a status that no part asks for.
    async fn read_in_parts(
        &self,
        parts: Vec<UserSearch>,
        expected: u64,
        progress: &Progress,
    ) -> Result<Option<People>> {
        let sink = Mutex::default();
        stream::iter(parts)
            .map(|part| self.read_part(part, progress, &sink))
            .buffer_unordered(self.shared.settings.scan_concurrency)
            .try_collect::<()>()
            .await?;
        let people = finished(sink);
        let read = people.len() as u64;
        let missing = expected.saturating_sub(read);
        // People come and go during a scan of minutes; one in a thousand is no gap.
        if missing > 5 && missing > read / 1_000 {
            tracing::warn!(
                read,
                missing,
                "The parts of a scan did not add up; reading it as a whole"
            );
            return Ok(None);
        }
        Ok(Some(people))
    }

    async fn read_part(
        &self,
        mut search: UserSearch,
        progress: &Progress,
        sink: &Mutex<Sink>,
    ) -> Result<()> {
        search.limit = Some(MAX_PAGE);
        search.expand = Expand::ALL;
        for _ in 0..MOST_PAGES {
            let mut page = self.shared.client.search_users(&search).await?;
            self.complete(&mut page.items, search.expand).await?;
            progress.read.fetch_add(page.items.len() as u64, Ordering::Relaxed);
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            for user in page.items {
                if sink.seen.insert(user.account_id.clone()) {
                    sink.people.push(&user);
                }
            }
            drop(sink);
            match page.next {
                Some(next) => search.cursor = Some(next),
                None => break,
            }
        }
        Ok(())
    }
}

fn finished(sink: Mutex<Sink>) -> People {
    sink.into_inner().unwrap_or_else(PoisonError::into_inner).people.finish()
}

/// Every claim status with every status, but for what the filter already leaves out.
fn parts(base: &UserSearch) -> Vec<UserSearch> {
    use UserStatus::{Active, Deactivated, ForDeletion, NotInvited, Suspended};
    let claims = match base.claim_status {
        Some(claim) => vec![claim],
        None => vec![ClaimStatus::Managed, ClaimStatus::Unmanaged],
    };
    let statuses = if base.status.is_empty() {
        vec![Active, Suspended, NotInvited, Deactivated, ForDeletion]
    } else {
        base.status.clone()
    };
    let part = |claim, status| UserSearch {
        claim_status: Some(claim),
        status: vec![status],
        ..base.clone()
    };
    // The statuses go outside, so that the two large parts are begun first and run side by side.
    statuses.iter().flat_map(|status| claims.iter().map(|claim| part(*claim, *status))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_every_status_once() {
        let all = parts(&UserSearch::default());
        assert_eq!(all.len(), 10);
        let unique: HashSet<_> = all.iter().collect();
        assert_eq!(unique.len(), 10);
    }

    #[test]
    fn the_parts_stay_within_the_filter() {
        let base = UserSearch {
            claim_status: Some(ClaimStatus::Managed),
            status: vec![UserStatus::Active, UserStatus::Suspended],
            ..UserSearch::default()
        };
        let parts = parts(&base);
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.claim_status == Some(ClaimStatus::Managed)));
    }
}
