use jiff::Timestamp;

use super::{Seats, join::Held};
use crate::{
    domain::{AccountId, LastActivity, Product, ResourceId, SeatUse, UserStatus, product_key},
    licenses::{cutoff, seat_use},
};

/// What one person has of one product on one site.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductAccessRow<'a> {
    /// The person.
    pub account_id: &'a str,
    /// Their name, as Atlassian shows it.
    pub name: &'a str,
    /// Their e-mail address; `None` where it is hidden.
    pub email: Option<&'a str>,
    /// Their composite status; only who is active holds a seat.
    pub status: UserStatus,
    /// The product instance, as the list of products spells it.
    pub resource_id: &'a ResourceId,
    /// The product's key.
    pub product_key: String,
    /// The instance in the list of products; `None` for what is not on it.
    pub product: Option<&'a Product>,
    /// When they used it last, up to 24 hours late.
    pub last_active_at: Option<Timestamp>,
    /// Whether they used it within so many days.
    pub usage: SeatUse,
    /// Whether they hold a seat at this moment. Guests and portal customers do not, and neither do suspended people.
    pub holds_seat: bool,
    /// Whether a group of theirs explains the access; else it is a role of their own, or was one.
    pub is_by_group: bool,
}

impl Seats {
    /// The product instances on which an account holds a seat at this moment.
    #[must_use]
    pub fn seats_of(&self, account: &AccountId, now: Timestamp) -> Vec<ResourceId> {
        let is_theirs = |row: &usize| {
            let person = self.scan.people.person(*row);
            person.is_some_and(|person| person.account_id() == account.as_str())
        };
        let Some(row) = (0..self.len()).find(is_theirs) else { return Vec::new() };
        let access = self.product_access(row, 0, now).into_iter();
        access.filter(|one| one.holds_seat).map(|one| one.resource_id.clone()).collect()
    }

    /// What the person in a row of the scan, of [`Self::len`], has of each product. For those who go over everybody:
    /// costs no upstream call and keeps nothing, so that memory does not grow with the people.
    #[must_use]
    pub fn product_access(
        &self,
        row: usize,
        inactive_for_days: u32,
        now: Timestamp,
    ) -> Vec<ProductAccessRow<'_>> {
        let Some(person) = self.scan.people.person(row) else { return Vec::new() };
        let edge = cutoff(now, inactive_for_days);
        let mut held = Vec::new();
        let standing = self.held_by(row, person, &mut held);
        let row_of = |one: &Held| {
            let instance = self.instances.get(one.resource as usize);
            let product = instance.map(|instance| instance.product.as_ref());
            let resource_id = match product {
                Some(product) => &product.resource_id,
                None => self.join.resource(one.resource)?,
            };
            let owner = product.map(|product| product.owner.as_str());
            let owner = owner.or_else(|| resource_id.owner()).unwrap_or_default();
            Some(ProductAccessRow {
                account_id: person.account_id(),
                name: person.name(),
                email: person.email(),
                status: standing.status,
                product_key: product_key(owner),
                resource_id,
                product,
                last_active_at: match one.last_active {
                    LastActivity::At(at) => Some(at),
                    LastActivity::Never | LastActivity::Unknown => None,
                },
                usage: seat_use(one.last_active, edge),
                holds_seat: one.holds_seat,
                is_by_group: one.is_by_group(),
            })
        };
        held.iter().filter_map(row_of).collect()
    }
}
