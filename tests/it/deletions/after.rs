//! After a change the caller's next query shows it: lists, counts, groups, scans and the other integration of the same
//! organization, also while Atlassian itself is late.

use std::time::{Duration, Instant};

use headcount::demo::{Connection, PersonSummary};
use serde_json::{Value, json};

use super::{DELETION, Scene, delete, is_ordinary, refused, unbraked};
use crate::support::{EVERYTHING, SEARCH, credentials, texts};

const ALL: [&str; 5] = ["ACTIVE", "SUSPENDED", "NOT_INVITED", "DEACTIVATED", "FOR_DELETION"];

/// A person by id, and where lists show them.
const SEEN: &str = "query($in: ID!, $ids: [ID!], $account: String!, $group: ID!, $idle: UserFilter,
    $active: UserFilter, $suspended: UserFilter, $notInvited: UserFilter, $deactivated: UserFilter,
    $forDeletion: UserFilter) {
    user(integration: $in, accountId: $account) { status accountStatus membershipStatus
        groups { nodes { groupId } } productAccess { product { key } } pendingDeletion { id state } }
    group: node(id: $group) { ... on Group { members(first: 100) { nodes { accountId } } } }
    idle: users(first: 100, integrations: $ids, filter: $idle) { totalCount nodes { accountId status } }
    ACTIVE: users(first: 100, integrations: $ids, filter: $active) { totalCount nodes { accountId } }
    SUSPENDED: users(first: 100, integrations: $ids, filter: $suspended) { totalCount nodes { accountId } }
    NOT_INVITED: users(first: 100, integrations: $ids, filter: $notInvited) { totalCount nodes { accountId } }
    DEACTIVATED: users(first: 100, integrations: $ids, filter: $deactivated) { totalCount nodes { accountId } }
    FOR_DELETION: users(first: 100, integrations: $ids, filter: $forDeletion) { totalCount nodes { accountId } } }";

struct Watched<'a> {
    scene: &'a Scene,
    person: PersonSummary,
    group: String,
}

impl<'a> Watched<'a> {
    async fn new(scene: &'a Scene, person: PersonSummary) -> Self {
        let account = &person.account_id;
        let query =
            "query($in: ID!, $account: String!) { user(integration: $in, accountId: $account) {
            groups(first: 1) { nodes { id } } } }";
        let variables = json!({"in": scene.gateway.integration(0), "account": account});
        let answer = scene.gateway.reader().ask_with(query, variables).await;
        let group = answer.texts("/user/groups/nodes", "id").remove(0);
        Self { scene, person, group }
    }

    async fn seen(&self) -> Value {
        let status = |status: &str| json!({"status": [status]});
        let integration = self.scene.gateway.integration(0);
        let variables = json!({
            "in": integration, "ids": [integration], "account": self.person.account_id,
            "group": self.group, "idle": {"inactiveForDays": 0, "status": ["ACTIVE", "SUSPENDED"]},
            "active": status("ACTIVE"), "suspended": status("SUSPENDED"),
            "notInvited": status("NOT_INVITED"), "deactivated": status("DEACTIVATED"),
            "forDeletion": status("FOR_DELETION"),
        });
        let answer = self.scene.admin().ask_with(SEEN, variables).await;
        assert!(answer.errors().is_empty(), "{}", answer.text);
        answer.body["data"].clone()
    }

    fn is_in(&self, list: &Value) -> bool {
        texts(&list["nodes"], "accountId").contains(&self.person.account_id)
    }

    /// Looks, and holds everything against a status. `is_late` where Atlassian does not show the change: no list has
    /// the person who should not, while one that should may still miss them.
    async fn is(&self, status: &str, is_late: bool) -> Value {
        let seen = self.seen().await;
        let user = &seen["user"];
        assert_eq!(user["status"], status, "{user}");
        for list in ALL {
            if list == status && is_late {
                continue;
            }
            assert_eq!(self.is_in(&seen[list]), list == status, "{status} in the list {list}");
            if !is_late {
                let rows = seen[list]["nodes"].as_array().expect("a list").len();
                assert_eq!(seen[list]["totalCount"], rows, "{status}: the count of {list}");
            }
        }
        let is_member = matches!(status, "ACTIVE" | "SUSPENDED" | "DEACTIVATED");
        assert_eq!(
            self.is_in(&seen["group"]["members"]),
            is_member,
            "{status}: the group's members"
        );
        let groups = texts(&user["groups"]["nodes"], "groupId");
        let expected = if is_member { self.person.groups.len() } else { 0 };
        assert_eq!(groups.len(), expected, "{status}: the person's groups");
        let is_idle = matches!(status, "ACTIVE" | "SUSPENDED");
        assert_eq!(self.is_in(&seen["idle"]), is_idle, "{status}: the scan");
        let rows = seen["idle"]["nodes"].as_array().expect("a list");
        assert_eq!(seen["idle"]["totalCount"], rows.len(), "{status}: the count of the scan");
        let mut own = rows.iter().filter(|row| row["accountId"] == self.person.account_id.as_str());
        assert!(own.all(|row| row["status"] == status), "{status}: the row of the scan");
        seen
    }
}

fn has_groups(person: &PersonSummary) -> bool {
    is_ordinary(person) && person.status == "active" && !person.groups.is_empty()
}

#[tokio::test]
async fn the_next_query_shows_what_a_change_changed_and_the_scan_is_not_read_again() {
    let scene = Scene::of(60).await;
    let person = scene.find(0, |p| has_groups(p) && p.groups.len() > 1 && !p.visits.is_empty());
    let account = person.account_id.clone();
    let watched = Watched::new(&scene, person).await;
    let products = watched.is("ACTIVE", false).await["user"]["productAccess"].clone();
    assert!(!products.as_array().expect("a list").is_empty());
    let base =
        json!({"first": 100, "filter": {"inactiveForDays": 0, "status": ["ACTIVE", "SUSPENDED"]}});
    let scan = "query($first: Int, $filter: UserFilter) { users(first: $first, filter: $filter) {
        totalCount nodes { accountId } } }";
    let steps = [
        ("suspendUser", "SUSPENDED"),
        ("restoreUser", "ACTIVE"),
        ("deactivateUser", "DEACTIVATED"),
        ("reactivateUser", "ACTIVE"),
        ("suspendUser", "SUSPENDED"),
        ("deactivateUser", "DEACTIVATED"),
        ("reactivateUser", "SUSPENDED"),
        ("restoreUser", "ACTIVE"),
    ];
    for (mutation, status) in steps {
        let answer = scene.change(mutation, &account).await;
        assert_eq!(refused(&answer, mutation), [""; 0]);
        assert_eq!(answer.at(&format!("/{mutation}/user"))["status"], status);
        watched.is(status, false).await;
    }
    let deletion = scene.scheduled(&account).await;
    let seen = watched.is("FOR_DELETION", false).await;
    assert_eq!(seen["user"]["pendingDeletion"], json!({"id": deletion, "state": "SCHEDULED"}));
    assert_eq!(seen["user"]["productAccess"], json!([]), "no seat is taken");
    assert_eq!(refused(&scene.cancel(&deletion).await, "cancelUserDeletion"), [""; 0]);
    let seen = watched.is("ACTIVE", false).await;
    assert!(seen["user"]["pendingDeletion"].is_null());
    assert_eq!(seen["user"]["productAccess"], products, "everything is back");

    let reader = scene.gateway.reader();
    reader.ask_with(scan, base.clone()).await.good("/users");
    scene.change("suspendUser", &account).await;
    let (answer, calls) = scene.gateway.counted(reader.ask_with(scan, base)).await;
    answer.good("/users");
    assert_eq!(calls.of("POST", SEARCH), 0, "the scan was read again: {calls:?}");
}

#[tokio::test]
async fn a_removal_shows_at_once_although_atlassian_is_late() {
    let scene = Scene::of(60).await;
    let person = scene.find(0, has_groups);
    let account = person.account_id.clone();
    let watched = Watched::new(&scene, person).await;
    watched.is("ACTIVE", false).await;
    let answer = scene.delete(&account, json!({"scope": "ORGANIZATION"})).await;
    let deletion = answer.good("/deleteUser/deletion/id").as_str().expect("an id").to_owned();
    assert_eq!(scene.state(&account).memberships.len(), 1, "Atlassian has queued it");
    let seen = watched.is("NOT_INVITED", true).await;
    assert_eq!(seen["user"]["pendingDeletion"]["state"], "QUEUED");
    assert_eq!(seen["user"]["productAccess"], json!([]));
    scene.gateway.atlassian.advance(Duration::from_secs(6));
    assert!(scene.state(&account).memberships.is_empty());
    let done = scene.deletion_once_it_is(&deletion, "REMOVED").await;
    assert_eq!(done["directories"][0]["outcome"], "ACCEPTED");
    let seen = watched.is("NOT_INVITED", false).await;
    assert!(seen["user"]["pendingDeletion"].is_null());
    let again = scene.delete(&account, json!({"scope": "ORGANIZATION"})).await;
    assert_eq!(again.good("/deleteUser/deletion")["state"], "ALREADY_GONE");
}

#[tokio::test]
async fn somebody_whom_nobody_here_manages_is_gone_when_removed() {
    let scene = Scene::of(60).await;
    let person = scene.find(0, |p| !p.is_managed && p.status == "active").account_id;
    let list =
        "query($in: ID!, $account: String!) { user(integration: $in, accountId: $account) { id }
        users(first: 100, filter: {claimStatus: UNMANAGED}) { nodes { accountId } } }";
    let variables = json!({"in": scene.gateway.integration(0), "account": person});
    let is_there = async || {
        let answer = scene.gateway.reader().ask_with(list, variables.clone()).await;
        let listed = answer.texts("/users/nodes", "accountId").contains(&person);
        assert_eq!(answer.good("/user").is_null(), !listed);
        listed
    };
    assert!(is_there().await);
    let answer = scene.delete(&person, json!({"scope": "ORGANIZATION"})).await;
    assert_eq!(answer.good("/deleteUser/deletion")["state"], "QUEUED");
    assert!(!is_there().await, "Atlassian still lists them, we do not");
    let id = answer.at("/deleteUser/deletion/id");
    let user = "query($id: ID!) { deletion(id: $id) { accountId user { id } } }";
    let told = scene.admin().ask_with(user, json!({"id": id})).await;
    assert_eq!(*told.good("/deletion"), json!({"accountId": person, "user": null}));
}

#[tokio::test]
async fn what_is_shown_never_goes_back_when_atlassian_has_caught_up() {
    let setup = unbraked(60).with("CHANGES__SETTLE", "1s");
    let scene = Scene::before(setup.start().await).await;
    let people: Vec<PersonSummary> =
        scene.gateway.atlassian.people(0).into_iter().filter(has_groups).collect();
    let [removed, suspended, deleted] = [0, 1, 2].map(|index: usize| people[index].clone());
    let accounts = [&removed, &suspended, &deleted].map(|p| p.account_id.clone());
    let answer = scene.delete(&accounts[0], json!({"scope": "ORGANIZATION"})).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    scene.gateway.atlassian.advance(Duration::from_millis(4_500));
    scene.change("suspendUser", &accounts[1]).await;
    scene.scheduled(&accounts[2]).await;
    let watched = [
        (Watched::new(&scene, suspended).await, "SUSPENDED"),
        (
            Watched { group: scene.gateway.integration(0), person: removed, scene: &scene },
            "NOT_INVITED",
        ),
    ];
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_600) {
        watched[0].0.is(watched[0].1, false).await;
        let (one, status) = &watched[1];
        let query = "query($in: ID!, $account: String!) {
            user(integration: $in, accountId: $account) { status groups { nodes { groupId } } }
            other: user(integration: $in, accountId: $other) { status } }"
            .replace("$account: String!", "$account: String!, $other: String!");
        let variables =
            json!({"in": one.group, "account": one.person.account_id, "other": accounts[2]});
        let answer = scene.admin().ask_with(&query, variables).await;
        let user = answer.good("/user");
        assert_eq!((&user["status"], &user["groups"]["nodes"]), (&json!(status), &json!([])));
        assert_eq!(answer.at("/other/status"), "FOR_DELETION");
    }
}

#[tokio::test]
async fn who_leaves_a_site_loses_its_products_and_keeps_the_rest() {
    let scene = Scene::of(60).await;
    let person = scene.find(0, |p| has_groups(p) && p.visits.len() > 2).account_id;
    let query = "query($in: ID!, $account: String!) { user(integration: $in, accountId: $account) {
        status productAccess { product { key } } } }";
    let variables = json!({"in": scene.gateway.integration(0), "account": person});
    let jira = "{ users(first: 100, filter: {products: [\"jira-software\"], inactiveForDays: 0}) {
        totalCount nodes { accountId } } }";
    let is_in_scan = async || {
        let answer = scene.gateway.reader().ask(jira).await;
        let accounts = answer.texts("/users/nodes", "accountId");
        assert_eq!(*answer.good("/users/totalCount"), json!(accounts.len()));
        accounts.contains(&person)
    };
    assert!(is_in_scan().await);
    let keys = async || {
        let answer = scene.gateway.reader().ask_with(query, variables.clone()).await;
        assert_eq!(*answer.good("/user/status"), json!("ACTIVE"));
        let access = answer.list("/user/productAccess").clone();
        let key = |one: Value| one["product"]["key"].as_str().expect("a key").to_owned();
        access.into_iter().map(key).collect::<Vec<String>>()
    };
    let before = keys().await;
    let lost = scene.preview(&person, "SITE").await.texts("/deletionPreview/productsLost", "key");
    assert!(!lost.is_empty() && lost.len() < before.len(), "{lost:?} of {before:?}");
    let answer = scene.delete(&person, json!({"scope": "SITE"})).await;
    assert_eq!(answer.good("/deleteUser/deletion")["state"], "REMOVED", "{}", answer.text);
    assert!(!is_in_scan().await, "the scan has them no more");
    let after = keys().await;
    assert_eq!(after.len(), before.len() - lost.len(), "{after:?}");
    let again = scene.delete(&person, json!({"scope": "SITE"})).await;
    assert_eq!(again.good("/deleteUser/deletion")["state"], "ALREADY_GONE", "{}", again.text);
}

#[tokio::test]
async fn the_other_integration_of_the_organization_shows_it_too() {
    let scene = Scene::of(30).await;
    // Another site of it.
    let sites = scene.gateway.atlassian.site_urls(0);
    let admin_url = sites[1].clone();
    let second = Connection { admin_url, ..scene.gateway.atlassian.connections()[0].clone() };
    let second = &second;
    let create = "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { id } userErrors { code } } }";
    let input = json!({"label": "the same", "credentials": credentials(second)});
    let answer = scene.admin().ask_with(create, json!({ "input": input })).await;
    let other = answer.good("/createIntegration/integration/id").clone();
    assert!(other.is_string(), "{}", answer.text);
    let people = scene.ordinary();
    let query = "query($in: ID!, $account: String!, $ids: [ID!]) {
        user(integration: $in, accountId: $account) { id status pendingDeletion { state } }
        users(first: 100, integrations: $ids, filter: {status: [ACTIVE]}) { nodes { accountId } } }";
    let through_other = async |account: &str| {
        let variables = json!({"in": other, "account": account, "ids": [other]});
        let answer = scene.gateway.caller(EVERYTHING).ask_with(query, variables).await;
        let is_listed = answer.texts("/users/nodes", "accountId").contains(&account.to_owned());
        (answer.good("/user").clone(), is_listed)
    };
    for (person, (mutation, status)) in people.iter().zip([
        ("suspendUser", "SUSPENDED"),
        ("deactivateUser", "DEACTIVATED"),
        ("ORGANIZATION", "NOT_INVITED"),
        ("ACCOUNT", "FOR_DELETION"),
    ]) {
        let account = person.account_id.as_str();
        let (user, is_listed) = through_other(account).await;
        assert_eq!((&user["status"], is_listed), (&json!("ACTIVE"), true));
        let answer = if mutation.ends_with("User") {
            scene.change(mutation, account).await
        } else {
            scene.delete(account, json!({"scope": mutation})).await
        };
        assert!(answer.errors().is_empty(), "{}", answer.text);
        let (user, is_listed) = through_other(account).await;
        assert_eq!((&user["status"], is_listed), (&json!(status), false), "{mutation}");
        if mutation == "ACCOUNT" {
            assert_eq!(user["pendingDeletion"]["state"], "SCHEDULED");
            let id = user["id"].as_str().expect("an id");
            let answer = delete(&scene.admin(), id, json!({})).await;
            assert_eq!(refused(&answer, "deleteUser"), ["ALREADY_SCHEDULED"]);
            let known = answer.at("/deleteUser/deletion/id");
            let told = scene.admin().ask_with(DELETION, json!({"id": known})).await;
            assert_eq!(told.good("/deletion")["state"], "SCHEDULED", "the one that is under way");
        }
    }
}
