use jiff::Timestamp;

use super::{
    super::scan::Person,
    Holder, Seats,
    gather::row_of,
    join::{Held, Standing},
};
use crate::{
    domain::{
        AccountId, LastActivity, Product, ResourceId, SeatFigures, SeatUse, UserStatus, product_key,
    },
    licenses::{SeatHolder, cutoff, figures, is_reclaimable, seat_use},
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
    /// The names of their groups that grant a seat there, working at this moment or not; the id where a name is hidden.
    pub granted_by: Vec<&'a str>,
    /// What keeps a seat of theirs from being taken back.
    pub exemption: SeatExemption,
    /// Whether they hold a seat that can be taken back.
    pub is_reclaimable: bool,
}

/// Why somebody's seats are needed, whether they use them or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatExemption {
    /// A service account, by the configuration, or a bot.
    pub is_robot: bool,
    /// Protected, by the configuration.
    pub is_protected: bool,
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
        let Standing { is_robot, is_protected, .. } = standing;
        let exemption = SeatExemption { is_robot, is_protected };
        let holder = |one: &Held| SeatHolder {
            last_active: one.last_active,
            added_at: person.added_at(),
            is_robot,
            is_protected,
        };
        let access = |one: &Held| {
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
                granted_by: self.granting_names(person, one.resource),
                exemption,
                is_reclaimable: one.holds_seat && is_reclaimable(&holder(one), edge),
            })
        };
        held.iter().filter_map(access).collect()
    }

    fn granting_names(&self, person: Person<'_>, resource: u32) -> Vec<&str> {
        let mut granting = Vec::new();
        for number in person.groups().iter().filter(|one| self.join.grants_seat(**one, resource)) {
            let Some(group) = self.scan.people.group_table().get(*number as usize) else {
                continue;
            };
            let known = || self.groups.get(&group.id).map(|known| known.name.as_str());
            granting.push(group.name.as_deref().or_else(known).unwrap_or(group.id.as_str()));
        }
        granting
    }

    /// Every resource that a row of [`Self::product_access`] can name: the instances first.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        let instances = self.instances.iter().map(|instance| &instance.product.resource_id);
        let beyond = row_of(self.instances.len())..;
        instances.chain(beyond.map_while(|number| self.join.resource(number)))
    }

    /// The figures of each product instance. As time goes by, those of one reading change if and only if somebody's row of
    /// [`Self::product_access`] does: whoever becomes idle stays so.
    pub fn figures(
        &self,
        inactive_for_days: u32,
        now: Timestamp,
    ) -> impl Iterator<Item = SeatFigures> {
        let edge = cutoff(now, inactive_for_days);
        let of =
            move |holders: &[Holder]| figures(holders.iter().map(|one| self.holder(*one)), edge);
        self.instances.iter().map(move |instance| of(&instance.holders))
    }
}
