//! What people did lately: their visits to products, and the API tokens that act for them.

use jiff::SignedDuration;
use rand::RngExt;

use super::{
    super::{
        organization::Token,
        person::{AccountState, Person, Visit},
        role::Role,
    },
    chance,
    kinds::Kind,
    people::Maker,
    uuid,
};

impl Maker<'_> {
    /// When the products in reach were last used.
    pub(super) fn visits(&mut self, kind: Kind, person: &mut Person) {
        if matches!(kind, Kind::Invited | Kind::NeverUsed | Kind::ServiceAccount | Kind::Closed) {
            return;
        }
        let mut reached: Vec<u16> = self
            .organization
            .held(person)
            .into_iter()
            .filter(|held| held.role != Role::Customer)
            .map(|held| held.resource)
            .collect();
        reached.sort_unstable();
        reached.dedup();
        for resource in reached {
            let drawn = self.random.random_range(0..100);
            let (least, most) = match drawn {
                0..58 => (0, 10),
                58..72 => (10, 60),
                72..82 => (60, 180),
                82..92 => (180, 700),
                _ => continue,
            };
            let at = match (person.state, kind) {
                (AccountState::Deactivated { since }, _) => since
                    .saturating_sub(SignedDuration::from_hours(i64::from(drawn) * 30 + 20))
                    .unwrap_or(since),
                (_, Kind::Suspended | Kind::SuspendedInOne) => self.days_ago(least + 20, most + 20),
                _ => self.days_ago(least, most),
            };
            // What is told is up to a day behind what happened.
            let lag = SignedDuration::from_hours(i64::from(drawn % 24));
            let at = at.saturating_sub(lag).unwrap_or(at);
            let at = person.added.map_or(at, |added| at.max(added));
            person.visits.push(Visit { resource, at });
        }
    }

    /// API tokens that the person made.
    pub(super) fn tokens(&mut self, kind: Kind) -> Vec<Token> {
        let labels = ["ci-pipeline", "old script", "reporting", "terraform", "import"];
        let count = self.random.random_range(1..3_usize);
        (0..count)
            .map(|_| {
                let created = self.days_ago(30, 340);
                let is_used = kind == Kind::ServiceAccount || chance(self.random, 60);
                let id = uuid(self.random).simple().to_string();
                Token {
                    id: id[..8].to_owned(),
                    label: labels[self.random.random_range(0..labels.len())],
                    created,
                    last_access: is_used.then(|| self.days_ago(0, 12)),
                    expiry: chance(self.random, 70)
                        .then(|| created.saturating_add(SignedDuration::from_hours(24 * 365)).ok())
                        .flatten(),
                }
            })
            .collect()
    }
}
