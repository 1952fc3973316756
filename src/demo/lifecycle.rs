//! The User management API: deactivating, deleting and bringing back a managed account.

use jiff::Timestamp;
use serde_json::json;

use super::{
    call::{Answer, Call, Reply, ok},
    changes::{Change, GRACE},
    error,
    organization::{Organization, Subject},
    person::{AccountState, Person, Traits},
    user_management::permitted,
};

/// Whoever is named on a subscription is named on it twice.
const LAST_CONTACT: [(&str, &str); 2] = [
    ("last-billing-contact", "This person is the only billing contact of an active subscription."),
    (
        "last-technical-contact",
        "This person is the only technical contact of an active subscription.",
    ),
];

/// The 409 with everything that stands in the way: code and message of each.
fn lifecycle_conflict(person: &Person, conflicts: &[(&str, &str)]) -> Reply {
    let told = conflicts.iter().map(|(code, message)| {
        let link = format!("https://support.example.com/{code}");
        json!({"code": code, "message": message, "link": link})
    });
    let context = json!({
        "accountId": person.account.to_string(),
        "message": "The account cannot be changed yet.",
        "errorCodes": told.collect::<Vec<_>>(),
    });
    error::key_with(409, "conflict.lifecycleErrors", &context)
}

fn set_state(
    organization: &mut Organization,
    index: u32,
    state: AccountState,
    action: &'static str,
    now: Timestamp,
) {
    organization.people[index as usize].state = state;
    organization.record(action, Subject::Person(index), now);
}

fn refuse_in_grace(person: &Person) -> Result<(), Reply> {
    if matches!(person.state, AccountState::ForDeletion { .. }) {
        let message = "The account is to be deleted. Cancel that first.";
        return Err(lifecycle_conflict(person, &[("pending-deletion", message)]));
    }
    Ok(())
}

/// POST …/manage/lifecycle/disable
pub(super) fn disable(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = permitted(call, &organization, "lifecycle.enablement")?;
    refuse_in_grace(organization.person(index))?;
    if organization.person(index).is_account_active() {
        let state = AccountState::Deactivated { since: call.now };
        let action = "managed_account_deactivated";
        set_state(&mut organization, index, state, action, call.now);
    }
    organization.carried_out(index, "lifecycle/disable");
    Ok(Reply::no_content())
}

/// POST …/manage/lifecycle/enable
pub(super) fn enable(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = permitted(call, &organization, "lifecycle.enablement")?;
    refuse_in_grace(organization.person(index))?;
    if !organization.person(index).is_account_active() {
        let action = "managed_account_activated";
        set_state(&mut organization, index, AccountState::Active, action, call.now);
    }
    organization.carried_out(index, "lifecycle/enable");
    Ok(Reply::no_content())
}

/// POST …/manage/lifecycle/delete: begins the fourteen days. Repeating it changes nothing.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = permitted(call, &organization, "lifecycle.delete")?;
    let person = organization.person(index);
    if person.is(Traits::BILLING_CONTACT) {
        return Err(lifecycle_conflict(person, &LAST_CONTACT));
    }
    if !matches!(person.state, AccountState::ForDeletion { .. }) {
        let state = AccountState::ForDeletion { since: call.now };
        let action = "managed_account_deleted";
        set_state(&mut organization, index, state, action, call.now);
        let end = call.now.saturating_add(GRACE).unwrap_or(Timestamp::MAX);
        organization.schedule(end, Change::Close { person: index });
    }
    organization.carried_out(index, "lifecycle/delete");
    ok(&json!({"message": "Success"}))
}

/// POST …/manage/lifecycle/cancel-delete: restores and activates, within the fourteen days.
pub(super) fn cancel_delete(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = permitted(call, &organization, "lifecycle.delete")?;
    if !matches!(organization.person(index).state, AccountState::ForDeletion { .. }) {
        return Err(error::key(404, "notFound"));
    }
    let action = "managed_account_delete_cancelled";
    set_state(&mut organization, index, AccountState::Active, action, call.now);
    organization.carried_out(index, "lifecycle/cancel-delete");
    ok(&json!({"message": "Success"}))
}
