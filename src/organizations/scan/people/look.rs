//! Looking at the rows as they lie, for those who go over everybody and want little of each.

use jiff::Timestamp;

use super::{People, Row};
use crate::domain::{AccountType, ResourceId, UserGroup, UserStatus};

/// One person as the rows hold them; numbers lead into the tables of [`People`].
#[derive(Clone, Copy)]
pub(in crate::organizations) struct Person<'a>(&'a Row);

impl People {
    /// The person in a row.
    pub(in crate::organizations) fn person(&self, index: usize) -> Option<Person<'_>> {
        self.rows.get(index).map(Person)
    }

    /// Every group that somebody is in, each once.
    pub(in crate::organizations) fn group_table(&self) -> &[UserGroup] {
        &self.groups
    }

    /// Every resource that somebody's access is told of, as upstream spells it there.
    pub(in crate::organizations) fn resource_table(&self) -> impl Iterator<Item = &ResourceId> {
        self.products.iter().map(|(resource, _)| resource)
    }

    /// The same, each with its product's key.
    pub(in crate::organizations) fn product_table(&self) -> &[(ResourceId, Box<str>)] {
        &self.products
    }
}

impl<'a> Person<'a> {
    pub(in crate::organizations) fn account_id(self) -> &'a str {
        self.0.part(0).unwrap_or_default()
    }

    pub(in crate::organizations) fn name(self) -> &'a str {
        self.0.part(1).unwrap_or_default()
    }

    pub(in crate::organizations) fn email(self) -> Option<&'a str> {
        self.0.part(3)
    }

    /// The address, where its owner proved to have it: only then it tells who somebody is.
    pub(in crate::organizations) fn verified_email(self) -> Option<&'a str> {
        self.email().filter(|_| self.0.flags.is_email_verified == Some(true))
    }

    pub(in crate::organizations) fn account_type(self) -> AccountType {
        self.0.flags.account_type
    }

    pub(in crate::organizations) fn status(self) -> UserStatus {
        self.0.flags.status
    }

    pub(in crate::organizations) fn added_at(self) -> Option<Timestamp> {
        self.0.added_to_org_at
    }

    /// How many resources they can use at this moment; `None` where that is not told.
    pub(in crate::organizations) fn resource_count(self) -> Option<u32> {
        self.0.resource_count
    }

    /// Numbers into the table of groups.
    pub(in crate::organizations) fn groups(self) -> &'a [u32] {
        self.0.groups.as_deref().unwrap_or_default()
    }

    /// Numbers into the table of resources with the last activity; `None` where upstream did not tell.
    pub(in crate::organizations) fn products(self) -> Option<&'a [(u32, Option<Timestamp>)]> {
        self.0.products.as_deref()
    }
}
