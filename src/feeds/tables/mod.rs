//! The tables, a file each: what a row is, its columns, and what its rows are made from.
//!
//! One more table is one more file with a `TABLE`, and its name in [`ALL`].

mod deletions;
mod group_members;
mod groups;
mod integrations;
mod license_history;
mod license_usage;
mod product_access;
mod role_assignments;
mod users;

use super::Table;
use crate::domain::{AccountType, UserStatus};

/// Every table, in the order of the catalogue.
static ALL: [&Table; 9] = [
    &license_usage::TABLE,
    &license_history::TABLE,
    &product_access::TABLE,
    &users::TABLE,
    &groups::TABLE,
    &group_members::TABLE,
    &role_assignments::TABLE,
    &integrations::TABLE,
    &deletions::TABLE,
];

/// Every table.
#[must_use]
pub fn all() -> &'static [&'static Table] {
    &ALL
}

/// The table of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Table> {
    ALL.into_iter().find(|table| table.name == name)
}

const STATUS: [&str; 6] =
    ["active", "suspended", "not_invited", "deactivated", "for_deletion", "unknown"];

fn status(status: UserStatus) -> &'static str {
    status.word().unwrap_or(UNKNOWN)
}

const ACCOUNT_TYPE: [&str; 4] = ["person", "app", "customer", "unknown"];

fn account_type(kind: AccountType) -> &'static str {
    match kind {
        AccountType::Person => "person",
        AccountType::App => "app",
        AccountType::Customer => "customer",
        AccountType::Unknown => UNKNOWN,
    }
}

/// Stands for words of Atlassian that this program does not know yet.
const UNKNOWN: &str = "unknown";

/// What reading an organization's people costs; tables that need no more say so with this.
const OF_THE_SCAN: &str = "nothing more";

/// What reading the seats of those people costs.
const OF_THE_SEATS: &str = "one request for the products, one for Jira's seats, one for the groups that grant anything and one for \
                            each of them, one for each product that nobody else counts, and up to three for the holders of a small \
                            product whose count differs; shared by `license_usage`, `product_access` and GraphQL";
