//! The last scan past its time, for answers that are better late than slow; and how far a running one is.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{Scan, ScanProgress};
use crate::{
    atlassian::UserSearch,
    domain::Freshness,
    organizations::{Organization, Result},
};

impl Organization {
    /// The scan of everybody, and how old it is. Where the last one is past its time it is given marked as stale, while a
    /// new one runs; callers who insist on a fresh answer wait for it.
    pub(in crate::organizations) async fn scan_or_stale(&self) -> Result<(Arc<Scan>, Freshness)> {
        self.scan_or_stale_within(self.shared.settings.scan_wait).await
    }

    /// The same, waited for at most this long where there is no last one.
    pub(super) async fn scan_or_stale_within(
        &self,
        wait: Duration,
    ) -> Result<(Arc<Scan>, Freshness)> {
        let base = UserSearch::default();
        let key = self.scan_key(base.clone());
        let scans = &self.shared.scans;
        if self.demand.not_before.is_none()
            && !scans.latest.contains_key(&key)
            && let Some(scan) = scans.kept.get(&key).await
        {
            self.renew(key);
            let freshness = Freshness { is_stale: true, ..self.scan_freshness(&scan) };
            return Ok((scan, freshness));
        }
        let scan = self.scan_within(&base, wait).await?;
        let freshness = self.scan_freshness(&scan);
        Ok((scan, freshness))
    }

    /// The last scan of everybody that is kept, past its time or not; asks nobody.
    pub(in crate::organizations) async fn scan_at_hand(&self) -> Option<(Arc<Scan>, Freshness)> {
        let key = self.scan_key(UserSearch::default());
        let scans = &self.shared.scans;
        let is_stale = !scans.latest.contains_key(&key);
        let scan = scans.kept.get(&key).await?;
        let freshness = Freshness { is_stale, ..self.scan_freshness(&scan) };
        Some((scan, freshness))
    }

    // Nobody waits for this one, so that its failure is told here or nowhere.
    fn renew(&self, key: (u64, UserSearch)) {
        let is_running = self.shared.scans.running().contains_key(&key);
        let (running, _) = self.start_or_join(key);
        if is_running {
            return;
        }
        let integration = self.shared.integration.clone();
        tokio::spawn(async move {
            if let Err(error) = running.await {
                tracing::warn!(
                    integration.id = %integration, error = %error,
                    "Could not read the organization anew; its last answer stands in"
                );
            }
        });
    }

    /// How far the scan of this organization is; `None` where none is running.
    #[must_use]
    pub fn scan_progress(&self) -> Option<ScanProgress> {
        let everybody = self.scan_key(UserSearch::default());
        let running = self.shared.scans.running();
        let found = running.get(&everybody).or_else(|| {
            running.iter().find(|(key, _)| key.0 == everybody.0).map(|(_, running)| running)
        });
        found.map(|(_, progress)| progress.so_far())
    }
}

impl super::Scans {
    fn running(&self) -> std::sync::MutexGuard<'_, super::Table> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
