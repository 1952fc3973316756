use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use url::Url;

use super::{
    Candidate, Choice, Day, Error, Listed, PaidTwice, Person, Report, Result, SeatPrice, Trend,
    Unavailable, Usage,
};
use crate::{
    domain::{
        IntegrationId, LicenseRow, LicenseSnapshot, Product, ResourceId, User, product_key,
        product_name,
    },
    integrations::Integration,
    organizations::{self, Demand, LicenseReport, Organizations},
};

/// Rows of the reclaim list that are told.
const MOST_CANDIDATES: usize = 200;
/// People paid for twice who are told.
const MOST_TWICE: usize = 100;
/// How far the lines go back.
const TREND_DAYS: i32 = 365;
/// Points of a line: a year is told by the week.
const MOST_POINTS: i32 = 60;

/// Reports over what is connected. Cheap to clone.
#[derive(Clone)]
pub struct Reports {
    organizations: Organizations,
    wait: Duration,
}

/// The integrations whose people are read, and those that cannot be read.
type Scanned = (Vec<Arc<Integration>>, Vec<(IntegrationId, organizations::Error)>);

/// What a report is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Days without activity after which somebody counts as inactive.
    pub inactive_for_days: u32,
    /// Only these integrations; all that the reader may see where empty.
    pub integrations: Vec<IntegrationId>,
    /// Whether names and e-mail addresses of people are told.
    pub with_names: bool,
}

impl Asked {
    /// Days without activity where nobody says otherwise.
    pub const INACTIVE_FOR_DAYS: u32 = 90;
    /// The most days that can be asked for.
    pub const MOST_DAYS: u32 = 3_650;
}

impl Reports {
    /// Reports over these. Who asks while an organization is read for the first time waits for it at most this long.
    #[must_use]
    pub fn new(organizations: Organizations, wait: Duration) -> Self {
        Self { organizations, wait }
    }

    /// Makes a report of the integrations that may be seen. Upstream it costs what `license_report` costs, and nothing while
    /// that is kept.
    ///
    /// # Errors
    /// An integration is unknown; one is still being read for the first time, or all failed; the store cannot be read.
    pub async fn read(
        &self,
        asked: Asked,
        may_see: impl Fn(&IntegrationId) -> bool,
    ) -> Result<Report> {
        let all = self.organizations.integrations().all();
        let visible: Vec<Arc<Integration>> =
            all.iter().filter(|one| may_see(&one.id)).cloned().collect();
        let is_visible = |id: &IntegrationId| visible.iter().any(|one| one.id == *id);
        if !asked.integrations.iter().all(is_visible) {
            return Err(Error::UnknownIntegration);
        }
        let is_chosen = |one: &Integration| {
            asked.integrations.is_empty() || asked.integrations.contains(&one.id)
        };
        let chosen: Vec<Arc<Integration>> =
            visible.iter().filter(|one| is_chosen(one)).cloned().collect();
        let choices = visible.iter().map(|one| Choice {
            id: one.id.as_str().to_owned(),
            label: one.label.clone(),
            is_chosen: is_chosen(one),
        });
        let choices = choices.collect();
        // A reload of the browser asks for no cache; a scan that is asked for anew with each look would never be served.
        let demand = self.organizations.demand(None);
        let (readable, mut failed) = self.scanned(&chosen, demand).await?;
        let days = asked.inactive_for_days;
        let mut found = self.organizations.license_report(&readable, days, demand).await;
        failed.append(&mut found.unavailable);
        if !chosen.is_empty() && failed.len() == chosen.len() {
            return Err(Error::Unavailable(failed));
        }
        found.unavailable = failed;
        let kept = self.history(&chosen, demand.now).await?;
        let reading = Reading { asked, now: demand.now, chosen, choices };
        // Going over a hundred thousand people takes longer than other requests should wait.
        let made = tokio::task::spawn_blocking(move || reading.report(&found, &kept));
        made.await.map_err(|_| Error::Broken)
    }

    /// Waits until everybody is read, or for as long as anybody should wait; and tells those apart that cannot be read.
    async fn scanned(&self, chosen: &[Arc<Integration>], demand: Demand) -> Result<Scanned> {
        let scan = |integration: &Arc<Integration>| {
            let organization = self.organizations.organization(integration, demand);
            async move { organization.people(self.wait).await }
        };
        let scans = join_all(chosen.iter().map(scan)).await;
        let (mut readable, mut failed) = (Vec::new(), Vec::new());
        for (integration, scan) in chosen.iter().zip(scans) {
            match scan {
                Ok(_) => readable.push(Arc::clone(integration)),
                Err(error) => failed.push((integration.id.clone(), error)),
            }
        }
        let is_running = |(_, error): &(IntegrationId, organizations::Error)| {
            matches!(error, organizations::Error::ScanRunning(_))
        };
        if failed.iter().any(is_running) {
            failed.retain(is_running);
            return Err(Error::Unavailable(failed));
        }
        Ok((readable, failed))
    }

    async fn history(
        &self,
        chosen: &[Arc<Integration>],
        now: Timestamp,
    ) -> Result<Vec<LicenseSnapshot>> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let ids: Vec<IntegrationId> = chosen.iter().map(|one| one.id.clone()).collect();
        let from = today.saturating_sub(TREND_DAYS.days());
        let kept = self.organizations.license_history(from, today, &ids).await;
        kept.map_err(|error| Error::History(error.to_string()))
    }
}

/// What a report is put together with.
struct Reading {
    asked: Asked,
    now: Timestamp,
    chosen: Vec<Arc<Integration>>,
    choices: Vec<Choice>,
}

impl Reading {
    fn report(self, found: &LicenseReport, kept: &[LicenseSnapshot]) -> Report {
        let trends = self.trends(found, kept);
        let mut days = kept.iter().map(|one| one.inactive_for_days);
        let first = days.next();
        Report {
            made_at: self.now,
            read_at: found.freshness.fetched_at,
            is_stale: found.freshness.is_stale,
            inactive_for_days: self.asked.inactive_for_days,
            people: found.people,
            totals: found.totals.clone(),
            usage: found.rows.iter().map(|row| self.usage(row)).collect(),
            trend_inactive_for_days: first.filter(|first| days.all(|other| other == *first)),
            trends,
            candidates: self.candidates(found),
            twice: self.twice(found),
            unavailable: self.unavailable(found),
            choices: self.choices,
        }
    }

    fn label(&self, id: &IntegrationId) -> String {
        let found = self.chosen.iter().find(|one| one.id == *id);
        found.map_or_else(|| id.as_str().to_owned(), |one| one.label.clone())
    }

    fn usage(&self, row: &LicenseRow) -> Usage {
        Usage {
            product: name(&row.product),
            site: site(&row.product),
            integration: self.label(&row.integration),
            row: row.clone(),
        }
    }

    /// A line a product that the report has a row for, without sandboxes.
    fn trends(&self, found: &LicenseReport, kept: &[LicenseSnapshot]) -> Vec<Trend> {
        let mut by_product: BTreeMap<ResourceId, Vec<Day>> = BTreeMap::new();
        for one in kept {
            let day = Day {
                date: one.date,
                paid: one.purchased,
                paid_source: one.purchased_source,
                used: one.seats.used,
                needed: one.seats.needed,
            };
            by_product.entry(one.resource_id.canonical()).or_default().push(day);
        }
        let rows = found.rows.iter().filter(|row| !row.product.is_sandbox);
        let trend = |row: &LicenseRow| {
            let days = thinned(by_product.get(&row.product.resource_id.canonical())?);
            (days.len() > 1).then(|| Trend {
                product: name(&row.product),
                site: site(&row.product),
                integration: self.label(&row.integration),
                days,
            })
        };
        rows.filter_map(trend).collect()
    }

    /// The dearest seats first, and of those that cost the same the longest idle. Amounts of different currencies cannot be
    /// compared: they follow each other by the currency's code. Then those whose price is not one a seat, and those without.
    fn candidates(&self, found: &LicenseReport) -> Listed<Candidate> {
        let rows = found.rows.iter().filter(|row| !row.product.is_sandbox);
        let mut by_value: BTreeMap<Value<'_>, Vec<&LicenseRow>> = BTreeMap::new();
        let mut total = 0;
        for row in rows.filter(|row| row.seats.reclaimable.is_some()) {
            total += row.seats.reclaimable.unwrap_or_default();
            by_value.entry(value(row)).or_default().push(row);
        }
        let mut listed = Vec::new();
        for rows in by_value.into_values() {
            let wanted = MOST_CANDIDATES - listed.len();
            let mut of_value: Vec<(Timestamp, Candidate)> =
                rows.into_iter().flat_map(|row| self.candidates_of(found, row, wanted)).collect();
            of_value.sort_by_key(|(since, _)| *since);
            listed.extend(of_value.into_iter().take(wanted).map(|(_, candidate)| candidate));
        }
        Listed { rows: listed, total }
    }

    /// The longest idle of one product, each with the instant since when.
    fn candidates_of(
        &self,
        found: &LicenseReport,
        row: &LicenseRow,
        wanted: usize,
    ) -> Vec<(Timestamp, Candidate)> {
        let Some(seats) = found.seats(&row.integration) else { return Vec::new() };
        let resource = &row.product.resource_id;
        let idle = seats.reclaimable(resource, row.inactive_for_days, self.now);
        let candidate = |holder: u32| {
            let one = seats.candidate(resource, holder, self.now)?;
            let since = one.last_active_at.or(one.user.added_to_org_at);
            let cost = row.cost.as_ref();
            let candidate = Candidate {
                person: self.person(&one.user),
                product: name(&row.product),
                site: site(&row.product),
                integration: self.label(&row.integration),
                last_active_at: one.last_active_at,
                reason: one.sentence,
                groups: one.groups,
                remedy: one.remedy,
                price: SeatPrice::of(cost),
                saving_effective_on: cost.and_then(|cost| cost.saving_effective_on),
            };
            Some((since.unwrap_or(Timestamp::MIN), candidate))
        };
        idle.into_iter().take(wanted).filter_map(candidate).collect()
    }

    fn twice(&self, found: &LicenseReport) -> Listed<PaidTwice> {
        let twice = found.paid_twice();
        let one = |twice: &organizations::PaidTwice| {
            let seen =
                |(id, user): &(IntegrationId, Arc<User>)| (self.label(id), self.person(user));
            PaidTwice {
                product: name_of(&twice.product_key),
                people: twice.users.iter().map(seen).collect(),
            }
        };
        let rows = twice.iter().take(MOST_TWICE).map(one).collect();
        Listed { rows, total: twice.len() as u64 }
    }

    fn person(&self, user: &User) -> Person {
        let is_shown = self.asked.with_names;
        Person {
            account_id: user.account_id.as_str().to_owned(),
            name: is_shown.then(|| user.name.clone()),
            email: user.email.clone().filter(|_| is_shown),
        }
    }

    fn unavailable(&self, found: &LicenseReport) -> Vec<Unavailable> {
        let one = |(id, error): &(IntegrationId, organizations::Error)| Unavailable {
            integration: self.label(id),
            reason: error.to_string(),
        };
        found.unavailable.iter().map(one).collect()
    }
}

/// What orders seats by what they cost: the rank, the currency, and the price, the dearest first.
type Value<'a> = (u8, Option<&'a str>, std::cmp::Reverse<Decimal>);

fn value(row: &LicenseRow) -> Value<'_> {
    let currency = row.cost.as_ref().map(|cost| cost.currency.as_str());
    let price = row.cost.as_ref().and_then(|cost| cost.unit_price);
    let rank = match (price, currency) {
        (Some(_), _) => 0,
        (None, Some(_)) => 1,
        (None, None) => 2,
    };
    (rank, currency, std::cmp::Reverse(price.unwrap_or_default()))
}

fn name(product: &Product) -> String {
    product_name(&product_key(&product.owner)).map_or_else(|| product.name.clone(), str::to_owned)
}

fn name_of(key: &str) -> String {
    product_name(key).unwrap_or(key).to_owned()
}

fn site(product: &Product) -> Option<String> {
    let url = product.host_url.as_deref().and_then(|url| Url::parse(url).ok());
    let host = url.as_ref().and_then(Url::host_str);
    let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}"));
    let authority = host.map(|host| format!("{host}{}", port.unwrap_or_default()));
    authority.or_else(|| product.instance_name.clone())
}

/// The last day of each stretch, so that there are not more than can be drawn and read. The first and the last day stay.
fn thinned(days: &[Day]) -> Vec<Day> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
    let between = |from: Date, to: Date| (to - from).get_days();
    let stretch = (between(first.date, last.date) / MOST_POINTS + 1).max(1);
    // Counted from the end, so that the points lie as far from today each time.
    let of = |day: &Day| between(day.date, last.date) / stretch;
    let is_kept = |(at, day): (usize, &Day)| {
        let next = days.get(at + 1);
        at == 0 || next.is_none_or(|next| of(next) != of(day))
    };
    days.iter().enumerate().filter(|(at, day)| is_kept((*at, day))).map(|(_, day)| *day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SeatSource;

    fn days(count: i32, step: i32) -> Vec<Day> {
        let first: Date = "2025-11-22".parse().unwrap();
        let day = |at: i32| Day {
            date: first.saturating_add((at * step).days()),
            paid: None,
            paid_source: SeatSource::Unknown,
            used: u64::try_from(at).ok(),
            needed: None,
        };
        (0..count).map(day).collect()
    }

    #[test]
    fn a_year_is_told_by_the_week_and_a_month_by_the_day() {
        assert_eq!(thinned(&days(31, 1)), days(31, 1));
        assert_eq!(thinned(&[]), []);
        let year = days(366, 1);
        let thin = thinned(&year);
        assert!((52..=62).contains(&thin.len()), "{}", thin.len());
        assert_eq!((thin.first(), thin.last()), (year.first(), year.last()));
        let steps: Vec<i32> =
            thin.windows(2).skip(1).map(|two| (two[1].date - two[0].date).get_days()).collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "{steps:?}");
    }
}
