use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    super::{Demand, Error, LicenseSettings, Organizations, Result},
    Seats,
    once::each_product_once,
    sources::authority,
};
use crate::{
    domain::{
        Fetched, Freshness, FreshnessSource, IntegrationId, LicensePeople, LicenseRow,
        LicenseTotals, OrganizationId, SeatFigures, product_key,
    },
    integrations::Integration,
    licenses::{
        Billed, Place, configured_seats, cost, cutoff, figures, price_of, purchased, totals,
    },
};

/// The licence figures of some organizations.
pub struct LicenseReport {
    /// A row for each product on each site. Where two integrations read the same organization, each product has one row.
    pub rows: Vec<LicenseRow>,
    /// Sums without sandboxes, one a currency and one without price.
    pub totals: Vec<LicenseTotals>,
    /// The people, told apart.
    pub people: LicensePeople,
    /// The organizations that could not be read, and why.
    pub unavailable: Vec<(IntegrationId, Error)>,
    /// The age of the oldest part.
    pub freshness: Freshness,
    pub(super) readings: Vec<Reading>,
}

/// What one integration's rows come from.
pub(super) struct Reading {
    pub(super) integration: IntegrationId,
    pub(super) organization: OrganizationId,
    pub(super) seats: Arc<Seats>,
    pub(super) freshness: Freshness,
}

impl Reading {
    pub(super) fn of(integration: &Integration, fetched: Fetched<Seats>) -> Self {
        Self {
            integration: integration.id.clone(),
            organization: integration.credentials.organization_id.clone(),
            seats: fetched.value,
            freshness: fetched.freshness,
        }
    }
}

impl LicenseReport {
    /// What the rows of an integration come from: its reclaim list, and everybody's access.
    #[must_use]
    pub fn seats(&self, integration: &IntegrationId) -> Option<&Arc<Seats>> {
        self.readings
            .iter()
            .find(|reading| reading.integration == *integration)
            .map(|reading| &reading.seats)
    }
}

impl LicenseReport {
    /// Puts together what was read of each integration.
    pub(super) fn of(
        outcomes: Vec<(&Arc<Integration>, Result<Reading>)>,
        settings: &LicenseSettings,
        inactive_for_days: u32,
        now: Timestamp,
    ) -> Self {
        let chosen: Vec<Arc<Integration>> = outcomes.iter().map(|(of, _)| Arc::clone(of)).collect();
        let (mut readings, mut unavailable, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (integration, outcome) in outcomes {
            match outcome {
                Ok(reading) => {
                    let of = (integration.as_ref(), settings);
                    rows.extend(reading.seats.rows(of, inactive_for_days, &reading, now));
                    readings.push(reading);
                }
                Err(error) => unavailable.push((integration.id.clone(), error)),
            }
        }
        let rows = each_product_once(rows, &chosen);
        Self {
            totals: totals(&rows, |rows| people_with_a_seat(&readings, rows)),
            people: everybody(&readings),
            freshness: oldest(&readings, now),
            rows,
            unavailable,
            readings,
        }
    }
}

impl Organizations {
    /// The licence figures of these integrations, at the instant and with the freshness that the demand asks for. What each
    /// costs upstream is said at [`super::super::Organization::seats`]; nothing of it is asked again while it is kept.
    pub async fn license_report(
        &self,
        chosen: &[Arc<Integration>],
        inactive_for_days: u32,
        demand: Demand,
    ) -> LicenseReport {
        let each = chosen.iter().map(|integration| self.reading(integration, demand));
        let read = futures_util::future::join_all(each).await;
        let outcomes = chosen.iter().zip(read).collect();
        let settings = &self.inner.settings.licenses;
        LicenseReport::of(outcomes, settings, inactive_for_days, demand.now)
    }

    async fn reading(&self, integration: &Integration, demand: Demand) -> Result<Reading> {
        let fetched = self.organization(integration, demand).seats().await?;
        Ok(Reading::of(integration, fetched))
    }
}

impl Seats {
    fn rows<'a>(
        &'a self,
        (integration, settings): (&'a Integration, &'a LicenseSettings),
        inactive_for_days: u32,
        reading: &'a Reading,
        now: Timestamp,
    ) -> impl Iterator<Item = LicenseRow> + 'a {
        let edge = cutoff(now, inactive_for_days);
        let today = now.to_zoned(TimeZone::UTC).date();
        self.instances.iter().zip(&self.exact).map(move |(instance, read)| {
            let product = &instance.product;
            let key = product_key(&product.owner);
            let site = product.host_url.as_deref().and_then(authority);
            let place = Place {
                product: &key,
                integration: integration.id.as_str(),
                label: &integration.label,
                site: site.as_deref(),
                plan: product.plan.as_deref(),
            };
            let found = instance.holders.len() as u64;
            let sources = &instance.sources;
            let seats = match sources.used_unseen(found) {
                Some(used) => SeatFigures { used: Some(used), ..SeatFigures::default() },
                None => figures(instance.holders.iter().map(|one| self.holder(*one)), edge),
            };
            // Nobody means a sandbox by a product's name.
            let configured =
                configured_seats(&settings.seats, &place).filter(|_| !product.is_sandbox);
            let paid = purchased(sources.purchased(configured));
            let billed = Billed { purchased: paid.seats, used: seats.used, needed: seats.needed };
            let price = price_of(&settings.prices, &place).filter(|_| !product.is_sandbox);
            let mut notes = paid.notes;
            if let Some(difference) = sources.compared_with(found, read.is_some()) {
                notes.push(difference);
                notes.extend(doubt(instance.doubtful, found));
            }
            notes.extend(sources.notes.iter().cloned());
            notes.extend(without_activity(&seats));
            LicenseRow {
                integration: integration.id.clone(),
                product: Arc::clone(product),
                inactive_for_days,
                purchased: paid.seats,
                purchased_source: paid.source,
                cost: price.map(|price| cost(price, billed, today)),
                seats,
                counted_by_atlassian: sources.counted.map(|(counted, _)| counted),
                suspended: instance.suspended,
                notes,
                freshness: reading.freshness,
            }
        })
    }
}

fn doubt(doubtful: u64, found: u64) -> Option<String> {
    (doubtful > 0).then(|| {
        format!(
            "Of {found} people who hold a seat, {doubtful} can use less at this moment than their groups grant, as when they \
             are suspended in one of several directories; Atlassian does not tell in bulk what, so that they are counted here."
        )
    })
}

fn without_activity(seats: &SeatFigures) -> Option<String> {
    let is_untold = seats.used.is_some_and(|used| used > 0) && seats.unknown == seats.used;
    is_untold.then(|| {
        "Atlassian tells no activity of anybody in this product, so that active, needed and reclaimable are not known."
            .to_owned()
    })
}

/// The readings of different organizations: two of one and the same would count everybody twice.
pub(super) fn organizations(readings: &[Reading]) -> impl Iterator<Item = &Reading> {
    readings.iter().enumerate().filter_map(|(index, reading)| {
        let is_seen =
            readings[..index].iter().any(|before| before.organization == reading.organization);
        (!is_seen).then_some(reading)
    })
}

fn everybody(readings: &[Reading]) -> LicensePeople {
    organizations(readings).map(|reading| reading.seats.people).fold(
        LicensePeople::default(),
        |sum, of| LicensePeople {
            listed: sum.listed + of.listed,
            with_seat: sum.with_seat + of.with_seat,
            suspended: sum.suspended + of.suspended,
            deactivated: sum.deactivated + of.deactivated,
            not_invited: sum.not_invited + of.not_invited,
            for_deletion: sum.for_deletion + of.for_deletion,
            robots: sum.robots + of.robots,
            protected: sum.protected + of.protected,
        },
    )
}

/// People who hold a seat of at least one of the rows, each once an organization.
fn people_with_a_seat(readings: &[Reading], rows: &[&LicenseRow]) -> u64 {
    let of_organization = |reading: &Reading| {
        let seats = &reading.seats;
        let mut has_seat = vec![false; seats.len()];
        // A row may come from another integration of the same organization; the product is the same.
        let is_of = |row: &&&LicenseRow| {
            let of = readings.iter().find(|reading| reading.integration == row.integration);
            of.is_some_and(|of| of.organization == reading.organization)
        };
        let here = rows.iter().filter(is_of);
        for instance in here.filter_map(|row| seats.instance(&row.product.resource_id)) {
            for holder in &seats.instances[instance].holders {
                if let Some(person) = has_seat.get_mut(holder.person as usize) {
                    *person = true;
                }
            }
        }
        has_seat.into_iter().filter(|has| *has).count() as u64
    };
    organizations(readings).map(of_organization).sum()
}

fn oldest(readings: &[Reading], now: Timestamp) -> Freshness {
    let all = readings.iter().map(|reading| reading.freshness);
    all.reduce(Freshness::with).unwrap_or(Freshness {
        fetched_at: now,
        source: FreshnessSource::Live,
        is_stale: false,
        upstream_lag: None,
    })
}
