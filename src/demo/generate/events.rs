//! Half a year of audit log.

use jiff::SignedDuration;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    super::organization::{Event, Organization, Subject},
    Recipe, chance, uuid,
};

/// The actions that the catalogue lists: id, display name, group.
pub(in super::super) const ACTIONS: &[(&str, &str, &str)] = &[
    ("managed_account_deactivated", "Deactivated managed account", "Managed accounts"),
    ("managed_account_activated", "Activated managed account", "Managed accounts"),
    ("managed_account_deleted", "Deleted managed account", "Managed accounts"),
    ("managed_account_delete_cancelled", "Cancelled deletion", "Managed accounts"),
    ("user_disabled_org_access", "Suspended access", "User access"),
    ("user_enabled_org_access", "Restored access", "User access"),
    ("user_removed_from_org", "Removed user", "User access"),
    ("user_invited_to_site", "Invited user", "User access"),
    ("user_added_to_group", "Added user to group", "Groups"),
    ("user_removed_from_group", "Removed user from group", "Groups"),
    ("group_created", "Created group", "Groups"),
    ("group_deleted", "Deleted group", "Groups"),
    ("user_granted_role", "Granted role", "Roles"),
    ("user_revoked_role", "Revoked role", "Roles"),
];

/// Fills the log, oldest event first.
pub(super) fn add(organization: &mut Organization, recipe: &Recipe, random: &mut ChaCha8Rng) {
    if organization.people.is_empty() {
        return;
    }
    let count = (recipe.people * 2).clamp(60, 20_000);
    let people = u32::try_from(organization.people.len()).unwrap_or(u32::MAX);
    let groups = u32::try_from(organization.groups.len()).unwrap_or(u32::MAX);
    let admins: Vec<u32> = (0..people)
        .filter(|index| {
            let person = organization.person(*index);
            person.is_account_active() && person.platform.iter().next().is_some()
        })
        .take(40)
        .collect();
    let mut events: Vec<Event> = (0..count)
        .map(|_| {
            let (action, _, _) = ACTIONS[random.random_range(0..ACTIONS.len())];
            let subject = if action.starts_with("group") {
                Subject::Group(random.random_range(0..groups))
            } else {
                Subject::Person(random.random_range(0..people))
            };
            let actor = admins
                .get(random.random_range(0..admins.len().max(1)))
                .copied()
                .unwrap_or_default();
            let actor = if chance(random, 40) { 0 } else { actor };
            let ago = random.random_range(0..180 * 86_400_000_i64);
            Event {
                id: uuid(random),
                at: recipe
                    .now
                    .saturating_sub(SignedDuration::from_millis(ago))
                    .unwrap_or(recipe.now),
                action,
                actor,
                subject,
                town: organization.person(actor).town,
                ip: [203, 0, 113, random.random()],
            }
        })
        .collect();
    events.sort_by_key(|event| event.at);
    organization.events = events;
}
