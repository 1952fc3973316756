use crate::domain::SeatSource;

/// What was told of the seats that are paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurchasedSources {
    /// What the operator configured.
    pub configured: Option<u64>,
    /// `numberOfSeats` of Jira's `applicationrole` on the site.
    pub jira_seats: Option<u64>,
    /// `hasUnlimitedSeats` of the same.
    pub jira_is_unlimited: bool,
    /// `capacity` in the list of products (`workspaces`).
    pub capacity: Option<u64>,
}

/// The seats that are paid for, and what was said about them besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchased {
    /// How many; `None` where unlimited or unknown.
    pub seats: Option<u64>,
    /// Who told it.
    pub source: SeatSource,
    /// Where the sources disagree.
    pub notes: Vec<String>,
}

/// Decides between the sources: what the operator configured, else Jira's own count, which is the licence itself,
/// else the list of products.
#[must_use]
pub fn purchased(sources: PurchasedSources) -> Purchased {
    let told = sources.jira_seats.filter(|_| !sources.jira_is_unlimited);
    let (seats, source) = match (sources.configured, told, sources.capacity) {
        (Some(seats), _, _) => (Some(seats), SeatSource::Configured),
        (None, _, _) if sources.jira_is_unlimited => (None, SeatSource::Unlimited),
        (None, Some(seats), _) | (None, None, Some(seats)) => (Some(seats), SeatSource::Upstream),
        (None, None, None) => (None, SeatSource::Unknown),
    };
    let note = match source {
        SeatSource::Configured => beside_configured(sources, told),
        SeatSource::Upstream | SeatSource::Unlimited => beside_jira(sources, told),
        SeatSource::Unknown => Some(
            "Atlassian does not tell how many seats are paid for; configure them in `licenses.seats`."
                .to_owned(),
        ),
    };
    Purchased { seats, source, notes: note.into_iter().collect() }
}

/// Every other source, where one of them tells something else than the configuration.
fn beside_configured(sources: PurchasedSources, told: Option<u64>) -> Option<String> {
    let configured = sources.configured?;
    let mut others = Vec::new();
    if sources.jira_is_unlimited {
        others.push("Jira tells that they are unlimited (applicationrole)".to_owned());
    }
    others.extend(told.map(|seats| format!("Jira tells {seats} (applicationrole)")));
    others.extend(
        sources.capacity.map(|seats| format!("the list of products tells {seats} (workspaces)")),
    );
    let is_other = |seats: Option<u64>| seats.is_some_and(|seats| seats != configured);
    let differs = sources.jira_is_unlimited || is_other(told) || is_other(sources.capacity);
    differs.then(|| {
        format!(
            "{configured} seats are configured here, {}; the configured number counts.",
            others.join(", ")
        )
    })
}

/// Jira's word against that of the list of products.
fn beside_jira(sources: PurchasedSources, told: Option<u64>) -> Option<String> {
    let capacity = sources.capacity?;
    if sources.jira_is_unlimited {
        return Some(format!(
            "Jira tells that the seats are unlimited (applicationrole), the list of products tells {capacity} \
             (workspaces); Jira's word counts, since it is the site's own licence."
        ));
    }
    told.filter(|seats| *seats != capacity).map(|seats| {
        format!(
            "Jira tells {seats} seats (applicationrole), the list of products {capacity} (workspaces); Jira's number \
             counts, since it is the site's own licence."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: PurchasedSources = PurchasedSources {
        configured: None,
        jira_seats: None,
        jira_is_unlimited: false,
        capacity: None,
    };

    #[test]
    fn jiras_own_count_goes_before_the_list_of_products_and_both_are_told() {
        let both =
            purchased(PurchasedSources { jira_seats: Some(500), capacity: Some(450), ..NOTHING });
        assert_eq!((both.seats, both.source), (Some(500), SeatSource::Upstream));
        assert!(both.notes[0].contains("500") && both.notes[0].contains("450"), "{:?}", both.notes);
        let same =
            purchased(PurchasedSources { jira_seats: Some(5), capacity: Some(5), ..NOTHING });
        assert!(same.notes.is_empty());
        let one = purchased(PurchasedSources { capacity: Some(450), ..NOTHING });
        assert_eq!((one.seats, one.source), (Some(450), SeatSource::Upstream));
    }

    #[test]
    fn what_is_configured_goes_before_all_and_every_other_source_is_told_once() {
        let configured = PurchasedSources { configured: Some(300), ..NOTHING };
        let found = purchased(PurchasedSources { capacity: Some(450), ..configured });
        assert_eq!((found.seats, found.source), (Some(300), SeatSource::Configured));
        let list = "the list of products tells 450 (workspaces); the configured number counts.";
        assert_eq!(found.notes, [format!("300 seats are configured here, {list}")]);
        let both = PurchasedSources { jira_seats: Some(300), capacity: Some(450), ..configured };
        let jira = "Jira tells 300 (applicationrole)";
        assert_eq!(
            purchased(both).notes,
            [format!("300 seats are configured here, {jira}, {list}")]
        );
        let unlimited = PurchasedSources { jira_is_unlimited: true, jira_seats: Some(9), ..both };
        let found = purchased(unlimited);
        assert_eq!((found.seats, found.source), (Some(300), SeatSource::Configured));
        let jira = "Jira tells that they are unlimited (applicationrole)";
        assert_eq!(found.notes, [format!("300 seats are configured here, {jira}, {list}")]);
        let without_list = PurchasedSources { capacity: None, ..unlimited };
        assert_eq!(purchased(without_list).notes.len(), 1, "no limit is another word too");
        let same = PurchasedSources { jira_seats: Some(300), capacity: Some(300), ..configured };
        assert!(purchased(same).notes.is_empty());
    }

    #[test]
    fn unlimited_and_unknown_are_not_zero_and_not_each_other() {
        let sources = PurchasedSources { jira_is_unlimited: true, jira_seats: Some(9), ..NOTHING };
        assert_eq!(purchased(sources).source, SeatSource::Unlimited);
        assert_eq!(purchased(sources).seats, None);
        let unknown = purchased(NOTHING);
        assert_eq!((unknown.seats, unknown.source), (None, SeatSource::Unknown));
        assert_eq!(unknown.notes.len(), 1);
    }
}
