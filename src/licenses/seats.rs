use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{LastActivity, RoleId, SeatFigures, SeatUse, product_key};

/// Somebody who holds a seat of one product instance, with what decides whether they need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatHolder {
    /// When they last used the product.
    pub last_active: LastActivity,
    /// When they came into the organization, and a seat is not older; `None` where that is not told.
    pub added_at: Option<Timestamp>,
    /// A service account: it has no page views, and must not be reclaimed.
    pub is_robot: bool,
    /// On the operator's list of protected people.
    pub is_protected: bool,
}

/// Whether somebody who holds this role on a product takes a seat of it (API.md, section 3, Roles).
#[must_use]
pub fn uses_seat(role: &RoleId) -> bool {
    matches!(role.as_str(), "atlassian/user" | "atlassian/admin")
}

/// Products whose last activity Atlassian's documents name (API.md, section 3, Products: the keys of v1). Of another
/// product without any activity it cannot be told whether nobody used it or nothing is told.
const TOLD: [&str; 8] = [
    "jira-software",
    "jira-servicedesk",
    "jira-core",
    "confluence",
    "bitbucket",
    "trello",
    "opsgenie",
    "statuspage",
];

/// Jira's name for itself and, it may be, for its whole family (API.md, section 14, doubt 2).
const UMBRELLA: &str = "jira";

/// Products of Jira's family whose activity may stand under the umbrella.
const UNDER_UMBRELLA: [&str; 2] = ["jira-servicedesk", "jira-core"];

/// Of which products one reading tells activity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldActivity {
    products: BTreeSet<String>,
    has_umbrella: bool,
}

impl ToldActivity {
    /// Takes down that somebody used a product, by its key or owner as Atlassian spells it.
    pub fn learn(&mut self, spelled: &str) {
        self.has_umbrella |= spelled.eq_ignore_ascii_case(UMBRELLA);
        self.products.insert(product_key(spelled));
    }

    /// Whether the absence of activity in a product means that there was none. Where a reading tells no activity of anybody,
    /// it means nothing (API.md, section 14, doubt 1); nor does it for what may be told as Jira's.
    #[must_use]
    pub fn is_told(&self, product_key: &str) -> bool {
        if self.products.contains(product_key) {
            return true;
        }
        let may_be_jiras = self.has_umbrella && UNDER_UMBRELLA.contains(&product_key);
        !self.products.is_empty() && TOLD.contains(&product_key) && !may_be_jiras
    }
}

/// The instant before which activity counts as none.
#[must_use]
pub fn cutoff(now: Timestamp, inactive_for_days: u32) -> Timestamp {
    let age = SignedDuration::from_hours(24 * i64::from(inactive_for_days));
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

/// Whether they used the product since the cutoff.
#[must_use]
pub fn seat_use(last_active: LastActivity, cutoff: Timestamp) -> SeatUse {
    match last_active {
        LastActivity::At(at) if at >= cutoff => SeatUse::Active,
        LastActivity::At(_) => SeatUse::Inactive,
        LastActivity::Never => SeatUse::NeverUsed,
        LastActivity::Unknown => SeatUse::Unknown,
    }
}

/// Never used it, and could not have been inactive for so long.
fn is_newcomer(holder: &SeatHolder, cutoff: Timestamp) -> bool {
    holder.last_active == LastActivity::Never && holder.added_at.is_some_and(|at| at >= cutoff)
}

/// Whether the seat can be taken back. Of whom nothing is told, nothing is taken: neither where activity is not told, nor
/// where somebody never used it and it is not told since when they could have.
#[must_use]
pub fn is_reclaimable(holder: &SeatHolder, cutoff: Timestamp) -> bool {
    let is_idle = match seat_use(holder.last_active, cutoff) {
        SeatUse::Inactive => true,
        SeatUse::NeverUsed => holder.added_at.is_some() && !is_newcomer(holder, cutoff),
        SeatUse::Active | SeatUse::Unknown => false,
    };
    is_idle && !holder.is_robot && !holder.is_protected
}

/// Counts the holders of one product instance. Where activity is told of nobody at all, what depends on it is not known.
#[must_use]
pub fn figures(holders: impl Iterator<Item = SeatHolder>, cutoff: Timestamp) -> SeatFigures {
    #[derive(Default)]
    struct Counts {
        used: u64,
        active: u64,
        inactive: u64,
        never_used: u64,
        unknown: u64,
        reclaimable: u64,
        robots: u64,
        protected: u64,
        newcomers: u64,
    }
    let mut counts = Counts::default();
    for holder in holders {
        counts.used += 1;
        match seat_use(holder.last_active, cutoff) {
            SeatUse::Active => counts.active += 1,
            SeatUse::Inactive => counts.inactive += 1,
            SeatUse::NeverUsed => counts.never_used += 1,
            SeatUse::Unknown => counts.unknown += 1,
        }
        counts.reclaimable += u64::from(is_reclaimable(&holder, cutoff));
        counts.robots += u64::from(holder.is_robot);
        counts.protected += u64::from(holder.is_protected);
        counts.newcomers += u64::from(is_newcomer(&holder, cutoff));
    }
    let is_told = counts.used == 0 || counts.unknown < counts.used;
    let told = |count: u64| is_told.then_some(count);
    SeatFigures {
        used: Some(counts.used),
        active: told(counts.active),
        inactive: told(counts.inactive),
        never_used: told(counts.never_used),
        unknown: Some(counts.unknown),
        needed: told(counts.used - counts.reclaimable),
        reclaimable: told(counts.reclaimable),
        robots: Some(counts.robots),
        protected: Some(counts.protected),
        newcomers: told(counts.newcomers),
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-11-22T09:00:00Z";

    fn holder(last_active: LastActivity) -> SeatHolder {
        SeatHolder {
            last_active,
            added_at: Some(at("2020-01-01T00:00:00Z")),
            is_robot: false,
            is_protected: false,
        }
    }

    #[test]
    fn the_edge_of_the_days_is_active() {
        let edge = cutoff(at(NOW), 90);
        assert_eq!(edge, at("2026-08-24T09:00:00Z"));
        assert_eq!(seat_use(LastActivity::At(edge), edge), SeatUse::Active);
        let before = LastActivity::At(edge - SignedDuration::from_nanos(1));
        assert_eq!(seat_use(before, edge), SeatUse::Inactive);
    }

    #[test]
    fn whoever_came_too_lately_to_be_idle_for_so_long_is_a_newcomer() {
        let edge = cutoff(at(NOW), 90);
        let new = SeatHolder { added_at: Some(edge), ..holder(LastActivity::Never) };
        assert!(!is_reclaimable(&new, edge));
        assert!(is_reclaimable(&new, cutoff(at(NOW), 89)));
    }

    #[test]
    fn whose_coming_is_not_told_keeps_what_they_never_used_and_not_what_they_left() {
        let edge = cutoff(at(NOW), 90);
        let never = SeatHolder { added_at: None, ..holder(LastActivity::Never) };
        assert!(!is_reclaimable(&never, edge));
        let left =
            SeatHolder { added_at: None, ..holder(LastActivity::At(at("2020-01-01T00:00:00Z"))) };
        assert!(is_reclaimable(&left, edge));
        let figures = figures([never, left].into_iter(), edge);
        assert_eq!((figures.needed, figures.reclaimable), (Some(1), Some(1)));
        assert_eq!(figures.newcomers, Some(0), "nobody says that they are one");
    }

    fn told(spelled: &[&str]) -> ToldActivity {
        let mut told = ToldActivity::default();
        for one in spelled {
            told.learn(one);
        }
        told
    }

    #[test]
    fn where_no_activity_is_told_its_absence_means_nothing() {
        let nothing = told(&[]);
        for product in TOLD.into_iter().chain(["loom"]) {
            assert!(!nothing.is_told(product), "{product}");
        }
        let some = told(&["confluence"]);
        let told: Vec<&str> = TOLD.into_iter().filter(|one| some.is_told(one)).collect();
        assert_eq!(told, TOLD);
        assert!(!some.is_told("loom"));
        assert!(super::tests::told(&["loom"]).is_told("loom"));
    }

    #[test]
    fn what_may_stand_under_the_umbrella_is_told_under_its_own_key_alone() {
        let umbrella = told(&["jira", "confluence"]);
        let of = |told: &ToldActivity| {
            ["jira-software", "jira-servicedesk", "jira-core", "bitbucket"]
                .map(|one| told.is_told(one))
        };
        assert_eq!(of(&umbrella), [true, false, false, true]);
        assert_eq!(of(&told(&["jira", "jira-service-desk"])), [true, true, false, true]);
        assert_eq!(of(&told(&["jira-software", "confluence"])), [true; 4]);
    }

    #[test]
    fn robots_protected_people_and_the_unknown_are_needed() {
        let edge = cutoff(at(NOW), 90);
        let never = holder(LastActivity::Never);
        let all = [
            SeatHolder { is_robot: true, ..never },
            SeatHolder { is_protected: true, ..never },
            holder(LastActivity::Unknown),
            never,
        ];
        let figures = figures(all.into_iter(), edge);
        assert_eq!((figures.needed, figures.reclaimable), (Some(3), Some(1)));
        assert_eq!((figures.robots, figures.protected), (Some(1), Some(1)));
        assert_eq!((figures.unknown, figures.never_used), (Some(1), Some(3)));
    }

    #[test]
    fn where_nobodys_activity_is_told_only_the_seats_are_known() {
        let all = [holder(LastActivity::Unknown); 3];
        let figures = figures(all.into_iter(), at(NOW));
        assert_eq!((figures.used, figures.unknown), (Some(3), Some(3)));
        assert_eq!((figures.active, figures.needed, figures.reclaimable), (None, None, None));
        let nobody = super::figures(std::iter::empty(), at(NOW));
        assert_eq!((nobody.used, nobody.active, nobody.needed), (Some(0), Some(0), Some(0)));
    }

    #[test]
    fn the_parts_always_make_the_whole() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..2_000 {
            let days = random.random_range(0..=3_650);
            let edge = cutoff(at(NOW), days);
            let mut instant =
                || at(NOW) - SignedDuration::from_secs(random.random_range(0..400_000_000));
            let mut holders = Vec::new();
            for kind in 0..12 {
                let last_active = match kind % 3 {
                    0 => LastActivity::At(instant()),
                    1 => LastActivity::Never,
                    _ => LastActivity::Unknown,
                };
                holders.push(SeatHolder {
                    added_at: (kind % 5 > 0).then(&mut instant),
                    is_robot: kind == 4,
                    is_protected: kind == 7,
                    last_active,
                });
            }
            let figures = figures(holders.iter().copied(), edge);
            let of = |count: Option<u64>| count.unwrap();
            let parts = [figures.active, figures.inactive, figures.never_used, figures.unknown];
            assert_eq!(parts.map(of).iter().sum::<u64>(), of(figures.used));
            assert_eq!(of(figures.needed) + of(figures.reclaimable), of(figures.used));
            assert!(of(figures.needed) >= of(figures.active) + of(figures.unknown));
            let reclaimed = holders.iter().filter(|holder| is_reclaimable(holder, edge)).count();
            assert_eq!(reclaimed as u64, of(figures.reclaimable));
        }
    }

    #[test]
    fn only_user_and_admin_take_a_seat() {
        let taking: Vec<&str> =
            RoleId::KNOWN.into_iter().filter(|role| uses_seat(&RoleId::from(*role))).collect();
        assert_eq!(taking, ["atlassian/admin", "atlassian/user"]);
    }
}
