//! The licence figures at hand as Prometheus has them. A scrape never waits for Atlassian.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use metrics::{Unit, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::Feeds;
use crate::{domain::LicenseSnapshot, integrations::Integration, organizations::KeptFigures};

const SEATS: &str = "headcount_license_seats";
const AGE: &str = "headcount_license_data_age_seconds";
const SCAN: &str = "headcount_license_scan_running";
const EXPIRY: &str = "headcount_api_key_expiry_seconds";

impl Feeds {
    /// Seats of each product, the age of these figures, and the time until keys expire, in Prometheus' text form. Figures that are
    /// too old are read anew in the background; what is gone has no series.
    pub async fn license_gauges(&self) -> String {
        let organizations = &self.shared.organizations;
        match organizations.kept_license_figures().await {
            Ok(kept) => {
                organizations.renew_old_license_figures(&kept);
                rendered(&kept, self.now())
            }
            Err(error) => {
                tracing::error!(error = %error, "The licence figures for gauges could not be read");
                String::new()
            }
        }
    }
}

/// By a recorder of its own, so that nothing is left of an integration that was removed.
fn rendered(kept: &[KeptFigures], now: Timestamp) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        describe();
        for one in kept {
            let of = labels(&one.integration);
            if let Some(read_at) = one.read_at {
                gauge!(AGE, &of).set(now.duration_since(read_at).as_secs_f64());
            }
            gauge!(SCAN, &of).set(f64::from(u8::from(one.is_scan_running)));
            expiries(&one.integration, now);
            for row in &one.rows {
                seats(&of, row);
            }
        }
    });
    handle.render()
}

type Labels = Vec<(&'static str, String)>;

fn describe() {
    describe_gauge!(
        SEATS,
        "Seats of a product by state, without the states that are not known; leave sandboxes out of sums"
    );
    describe_gauge!(AGE, Unit::Seconds, "How old the figures of headcount_license_seats are");
    describe_gauge!(SCAN, "1 while the organization's people are being read");
    describe_gauge!(
        EXPIRY,
        Unit::Seconds,
        "Time until the end of the key's last day; negative when it is over"
    );
}

fn labels(integration: &Integration) -> Labels {
    vec![
        ("integration", integration.id.to_string()),
        ("integration_label", integration.label.clone()),
    ]
}

fn with(of: &Labels, more: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    of.iter().cloned().chain(more).collect()
}

fn seats(of: &Labels, row: &LicenseSnapshot) {
    let product = [
        ("product", row.product_key.clone()),
        ("site", row.site_url.clone().unwrap_or_default()),
        ("resource_id", row.resource_id.to_string()),
        ("sandbox", row.is_sandbox.to_string()),
    ];
    let of = with(of, product);
    let seats = &row.seats;
    for (state, figure) in [
        ("purchased", row.purchased),
        ("used", seats.used),
        ("active", seats.active),
        ("inactive", seats.inactive),
        ("never_used", seats.never_used),
        ("unknown", seats.unknown),
        ("needed", seats.needed),
        ("reclaimable", seats.reclaimable),
        ("available", row.available()),
    ] {
        // No organization has more people than such a number holds exactly.
        if let Some(figure) = figure.and_then(|figure| u32::try_from(figure).ok()) {
            gauge!(SEATS, &with(&of, [("state", state.to_owned())])).set(f64::from(figure));
        }
    }
}

fn expiries(integration: &Integration, now: Timestamp) {
    for (kind, last_day) in [
        ("organization_api_key", integration.api_key_expires_on),
        ("api_token", integration.api_token_expires_on),
    ] {
        if let Some(end) = last_day.and_then(end_of) {
            let left: SignedDuration = end.duration_since(now);
            let of = with(&labels(integration), [("kind", kind.to_owned())]);
            gauge!(EXPIRY, &of).set(left.as_secs_f64());
        }
    }
}

fn end_of(day: Date) -> Option<Timestamp> {
    let next = day.checked_add(1.day()).ok()?;
    Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_until_the_end_of_its_last_day() {
        for (day, end) in
            [("2026-11-30", "2026-12-01T00:00:00Z"), ("2026-12-31", "2027-01-01T00:00:00Z")]
        {
            assert_eq!(end_of(day.parse().unwrap()), Some(end.parse().unwrap()));
        }
        assert_eq!(end_of(Date::MAX), None);
    }
}
