//! Deletions and the life cycle of accounts, seen from outside: what is found, refused, braked and shown, and that the
//! gateway and Atlassian never disagree.

mod after;
mod agreement;
mod brakes;
mod cancelling;
mod directories;
mod preview;
mod protection;
mod refusals;
mod rights;
mod seats;
mod states;

use std::{collections::HashMap, time::Duration};

use headcount::{
    auth::Permission,
    demo::{AccountState, PersonSummary},
};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, EVERYTHING, Setup, TestGateway, claims_with, signed};

pub(crate) const DELETE: &str = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) {
    deletion { id state accountId scope purgesAt viewerCanCancel reason
        directories { id outcome failure { code } } failures { code message } }
    preview { allowed blockers { code } warnings { code } }
    userErrors { code message path isRetryable upstreamCode link } } }";
pub(crate) const CANCEL: &str =
    "mutation($input: CancelUserDeletionInput!) { cancelUserDeletion(input: $input) {
    deletion { id state viewerCanCancel user { status } }
    userErrors { code message path isRetryable upstreamCode link } } }";
pub(crate) const PREVIEW: &str = "query($id: ID!, $scope: DeletionScope) {
    deletionPreview(userId: $id, scope: $scope) { allowed purgesAt confirmationToken
    blockers { code message } warnings { code message } productsLost { key } user { accountId } } }";
pub(crate) const DELETION: &str = "query($id: ID!) { deletion(id: $id) {
    state purgesAt viewerCanCancel failures { code isRetryable }
    directories { id outcome failure { code } } } }";
pub(crate) const LOG: &str = "{ auditLog(first: 100) { nodes { action outcome code target caller
    upstreamStatus upstreamCode reason isDryRun } } }";

/// The four changes of a life cycle that are no deletion.
pub(crate) const LIFECYCLE: [&str; 4] =
    ["suspendUser", "restoreUser", "deactivateUser", "reactivateUser"];

/// A gateway in front of a simulator, and the ids of everybody whom its lists show.
pub(crate) struct Scene {
    pub(crate) gateway: TestGateway,
    ids: HashMap<(usize, String), String>,
}

/// No cap but those that a test asks for: five percent of a small organization is one person.
pub(crate) fn unbraked(people: usize) -> Setup {
    Setup::of(people)
        .with("CHANGES__PER_CALLER_AND_HOUR", 10_000)
        .with("CHANGES__PER_INTEGRATION_AND_HOUR", 10_000)
        .with("CHANGES__PERCENT_PER_DAY", 100)
}

impl Scene {
    pub(crate) async fn of(people: usize) -> Self {
        Self::before(unbraked(people).start().await).await
    }

    /// A gateway that runs already.
    pub(crate) async fn before(gateway: TestGateway) -> Self {
        let mut ids = HashMap::new();
        for organization in 0..2 {
            let query = "query($in: [ID!]) { users(first: 100, integrations: $in) {
                nodes { id accountId groups { totalCount } productAccess { product { key } } } } }";
            let only = json!({"in": [gateway.integration(organization)]});
            let answer = gateway.reader().ask_with(query, only).await;
            for node in answer.list("/users/nodes") {
                let text = |name: &str| node[name].as_str().expect("a text").to_owned();
                ids.insert((organization, text("accountId")), text("id"));
            }
        }
        gateway.atlassian.reset_requests();
        Self { gateway, ids }
    }

    /// The id of a person of the first organization.
    pub(crate) fn id(&self, account: &str) -> &str {
        self.id_in(0, account)
    }

    pub(crate) fn id_in(&self, organization: usize, account: &str) -> &str {
        let id = self.ids.get(&(organization, account.to_owned()));
        id.unwrap_or_else(|| panic!("{account} is in no list"))
    }

    /// Everybody of the first organization whom nothing sets apart: their accounts may be deleted.
    pub(crate) fn ordinary(&self) -> Vec<PersonSummary> {
        let people = self.gateway.atlassian.people(0).into_iter();
        people.filter(|person| person.status == "active" && is_ordinary(person)).collect()
    }

    /// Somebody of an organization.
    #[track_caller]
    pub(crate) fn find(
        &self,
        organization: usize,
        is: impl Fn(&PersonSummary) -> bool,
    ) -> PersonSummary {
        let mut people = self.gateway.atlassian.people(organization).into_iter();
        people.find(is).expect("there is such a person")
    }

    pub(crate) fn state(&self, account: &str) -> AccountState {
        self.state_in(0, account)
    }

    pub(crate) fn state_in(&self, organization: usize, account: &str) -> AccountState {
        let state = self.gateway.atlassian.account_state(organization, account);
        state.expect("the account exists")
    }

    pub(crate) fn advance(&self, hours: u64) {
        self.gateway.atlassian.advance(Duration::from_hours(hours));
    }

    pub(crate) fn admin(&self) -> Caller<'_> {
        self.gateway.caller(EVERYTHING)
    }

    /// Somebody with every permission and this token subject.
    pub(crate) fn named(&self, subject: &str) -> Caller<'_> {
        let words: Vec<&str> = Permission::ALL.iter().map(|one| one.word()).collect();
        let claims = claims_with(&json!({"sub": subject, "scope": words.join(" ")}));
        let header = Header::new(Algorithm::HS256);
        self.gateway.with_token(&signed(&header, &claims, TestGateway::SECRET))
    }

    pub(crate) async fn delete(&self, account: &str, more: Value) -> Answer {
        delete(&self.admin(), self.id(account), more).await
    }

    /// Schedules an account for its deletion; the id of the deletion.
    pub(crate) async fn scheduled(&self, account: &str) -> String {
        let answer = self.delete(account, json!({})).await;
        let deletion = answer.good("/deleteUser/deletion");
        assert_eq!(deletion["state"], "SCHEDULED", "{}", answer.text);
        deletion["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn cancel(&self, deletion: &str) -> Answer {
        self.admin().ask_with(CANCEL, json!({"input": {"deletionId": deletion}})).await
    }

    pub(crate) async fn change(&self, mutation: &str, account: &str) -> Answer {
        change(&self.admin(), mutation, self.id(account)).await
    }

    pub(crate) async fn preview(&self, account: &str, scope: &str) -> Answer {
        let variables = json!({"id": self.id(account), "scope": scope});
        self.admin().ask_with(PREVIEW, variables).await
    }

    /// The record of changes, newest first.
    pub(crate) async fn log(&self) -> Vec<Value> {
        self.admin().ask(LOG).await.list("/auditLog/nodes").clone()
    }

    /// A deletion as it is told.
    pub(crate) async fn deletion(&self, id: &str) -> Value {
        let answer = self.admin().ask_with(DELETION, json!({"id": id})).await;
        answer.good("/deletion").clone()
    }

    /// Asks until a deletion has another state: Atlassian is asked about each at most once a second.
    pub(crate) async fn deletion_once_it_is(&self, id: &str, state: &str) -> Value {
        let mut deletion = Value::Null;
        for _ in 0..60 {
            deletion = self.deletion(id).await;
            if deletion["state"] == state {
                return deletion;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not become {state}: {deletion}");
    }

    /// The changes that were carried out at Atlassian for a person of the first organization.
    pub(crate) fn writes(&self, account: &str) -> u32 {
        self.state(account).writes.values().sum()
    }
}

pub(crate) fn is_ordinary(person: &PersonSummary) -> bool {
    person.is_managed
        && person.is_email_verified
        && person.external_owner.is_none()
        && !person.is_billing_contact
        && !person.platform_roles.contains(&"atlassian/org-admin")
}

pub(crate) async fn delete(caller: &Caller<'_>, user: &str, more: Value) -> Answer {
    caller.ask_with(DELETE, json!({"input": input(user, &more)})).await
}

pub(crate) async fn change(caller: &Caller<'_>, mutation: &str, user: &str) -> Answer {
    change_with(caller, mutation, user, json!({})).await
}

pub(crate) async fn change_with(
    caller: &Caller<'_>,
    mutation: &str,
    user: &str,
    more: Value,
) -> Answer {
    let query = format!(
        "mutation($input: UserLifecycleInput!) {{ {mutation}(input: $input) {{
        user {{ status accountStatus membershipStatus pendingDeletion {{ id }} }}
        userErrors {{ code message path isRetryable upstreamCode link }} }} }}"
    );
    caller.ask_with(&query, json!({"input": input(user, &more)})).await
}

fn input(user: &str, more: &Value) -> Value {
    let mut input = json!({"userId": user});
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

/// The codes of the user errors of a mutation's answer, which has no other errors.
#[track_caller]
pub(crate) fn refused(answer: &Answer, mutation: &str) -> Vec<String> {
    assert!(answer.errors().is_empty(), "there are errors: {}", answer.text);
    answer.texts(&format!("/{mutation}/userErrors"), "code")
}

/// The user errors of a refusal that has one only.
#[track_caller]
pub(crate) fn refusal<'a>(answer: &'a Answer, mutation: &str) -> &'a Value {
    let errors = answer.list(&format!("/{mutation}/userErrors"));
    assert_eq!(errors.len(), 1, "{}", answer.text);
    &errors[0]
}
