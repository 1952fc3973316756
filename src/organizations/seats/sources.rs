use crate::{atlassian::ApplicationRole, licenses::PurchasedSources};

/// What Atlassian itself tells of the seats of one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Seats of Jira's licence on the site.
    pub(super) jira_seats: Option<u64>,
    pub(super) jira_is_unlimited: bool,
    /// `capacity` in the list of products.
    pub(super) capacity: Option<u64>,
    /// How many people it counts, and where.
    pub(super) counted: Option<(u64, CountedBy)>,
    /// What could not be read, in sentences.
    pub(super) notes: Vec<String>,
}

/// Where Atlassian counts people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountedBy {
    /// Jira's `applicationrole`.
    Jira,
    /// `usage` in the list of products.
    Products,
    /// `users/count` of active people with a role that takes a seat.
    Roles,
}

impl CountedBy {
    fn words(self) -> &'static str {
        match self {
            Self::Jira => "Jira counts {} (applicationrole)",
            Self::Products => "the list of products tells {} (workspaces)",
            Self::Roles => "Atlassian counts {} who hold a role that takes a seat (users/count)",
        }
    }
}

impl Sources {
    pub(super) fn learn(&mut self, role: &ApplicationRole) {
        self.jira_seats = role.number_of_seats;
        self.jira_is_unlimited = role.has_unlimited_seats;
        self.counted = role.user_count.map(|count| (count, CountedBy::Jira));
    }

    pub(super) fn purchased(&self, configured: Option<u64>) -> PurchasedSources {
        PurchasedSources {
            configured,
            jira_seats: self.jira_seats,
            jira_is_unlimited: self.jira_is_unlimited,
            capacity: self.capacity,
        }
    }

    /// Says where the people whom the scan finds and those whom Atlassian counts are not as many. `found` nobody where
    /// Atlassian counts somebody means that the scan cannot see them.
    pub(super) fn compared_with(&self, found: u64) -> Option<String> {
        let (counted, by) = self.counted?;
        if counted == found {
            return None;
        }
        let told = by.words().replace("{}", &people(counted));
        Some(if is_unseen(found, counted) {
            format!(
                "No group that can be read grants a seat here and nobody's activity shows one, but {told}; who they are is \
                 not known."
            )
        } else {
            format!(
                "The scan finds {} who hold a seat, {told}; the scan's number counts, since it says who. It does not see a \
                 role that was given to somebody directly and never used, and the two are not read at the same moment.",
                people(found)
            )
        })
    }

    /// How many seats are used where the scan finds so many holders; `None` where its holders are the answer.
    pub(super) fn used_unseen(&self, found: u64) -> Option<u64> {
        self.counted.map(|(counted, _)| counted).filter(|counted| is_unseen(found, *counted))
    }
}

fn is_unseen(found: u64, counted: u64) -> bool {
    found == 0 && counted > 0
}

fn people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}
