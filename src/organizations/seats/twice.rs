use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    LicenseReport,
    report::{Reading, organizations},
};
use crate::domain::{IntegrationId, User, product_key};

/// One person who holds a seat of the same product in two organizations or more: each is paid for.
#[derive(Debug, Clone)]
pub struct PaidTwice {
    /// The product's key.
    pub product_key: String,
    /// The person as each of the organizations sees them.
    pub users: Vec<(IntegrationId, Arc<User>)>,
}

/// Where somebody holds a seat: the number of the reading, and the row of its scan.
type Seat = (usize, u32);

impl LicenseReport {
    /// Those who are paid for twice, by product and account id: found by account, and by verified e-mail address.
    /// Sandboxes do not count.
    #[must_use]
    pub fn paid_twice(&self) -> Vec<PaidTwice> {
        let readings: Vec<&Reading> = organizations(&self.readings).collect();
        if readings.len() < 2 {
            return Vec::new();
        }
        let addresses = addresses(&readings);
        let mut seats: HashMap<(String, String), Vec<Seat>> = HashMap::new();
        for (number, reading) in readings.iter().enumerate() {
            for instance in &reading.seats.instances {
                if instance.product.is_sandbox {
                    continue;
                }
                let key = product_key(&instance.product.owner);
                for holder in &instance.holders {
                    let people = &reading.seats.scan.people;
                    let Some(person) = people.person(holder.person as usize) else { continue };
                    let account = person.account_id();
                    let who = addresses.get(account).map_or(account, String::as_str);
                    let entry = seats.entry((key.clone(), who.to_owned())).or_default();
                    // The same product on two sites of one organization is two seats, and no surprise.
                    if entry.iter().all(|(known, _)| *known != number) {
                        entry.push((number, holder.person));
                    }
                }
            }
        }
        let twice = seats.into_iter().filter(|(_, seats)| seats.len() > 1);
        let found = twice.filter_map(|((product_key, _), seats)| {
            let user = |(number, row): &Seat| {
                let reading = readings.get(*number)?;
                let user = reading.seats.scan.people.user(*row as usize)?;
                Some((reading.integration.clone(), Arc::new(user)))
            };
            let users: Vec<_> = seats.iter().filter_map(user).collect();
            let first = users.first()?.1.account_id.clone();
            Some(((product_key.clone(), first), PaidTwice { product_key, users }))
        });
        found.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

/// The verified address of each account, in lower case: one organization may show what another hides.
fn addresses<'a>(readings: &[&'a Reading]) -> HashMap<&'a str, String> {
    let people = readings.iter().map(|reading| &reading.seats.scan.people);
    let each = people.flat_map(|people| (0..people.len()).filter_map(|row| people.person(row)));
    each.filter_map(|person| Some((person.account_id(), person.verified_email()?.to_lowercase())))
        .collect()
}
