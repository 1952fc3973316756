use std::time::Duration;

use serde_json::json;

use super::Asking;

async fn status_of(asking: &Asking, account: &str) -> String {
    let path = format!("/admin/v2/orgs/{{org}}/directories/-/users/{account}");
    let told = asking.get(&path).await;
    told.body["data"]["status"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn deletion_waits_fourteen_days_and_can_be_cancelled_until_then() {
    let asking = Asking::healthy(60).await;
    let person = asking.person(|person| {
        person.status == "active"
            && person.is_managed
            && person.external_owner.is_none()
            && person.platform_roles.is_empty()
            && !person.is_billing_contact
    });
    let account = person.account_id.as_str();
    let base = format!("/users/{account}/manage/lifecycle");
    let deleted = asking.api("POST", &format!("{base}/delete"), None).await;
    assert_eq!((deleted.status.as_u16(), &deleted.body), (200, &json!({"message": "Success"})));
    assert_eq!(status_of(&asking, account).await, "for_deletion");
    asking.simulator.advance(Duration::from_hours(13 * 24));
    let cancelled = asking.api("POST", &format!("{base}/cancel-delete"), None).await;
    assert_eq!(cancelled.status, 200);
    assert_eq!(status_of(&asking, account).await, "active");
    asking.api("POST", &format!("{base}/delete"), None).await;
    // The first deletion's day comes, and is not the second's.
    asking.simulator.advance(Duration::from_hours(2 * 24));
    assert_eq!(status_of(&asking, account).await, "for_deletion");
    asking.simulator.advance(Duration::from_hours(13 * 24));
    let told = asking.get(&format!("/admin/v2/orgs/{{org}}/directories/-/users/{account}")).await;
    assert_eq!(told.body["data"]["name"], "Former user");
    assert_eq!(told.body["data"]["accountStatus"], "closed");
    let late = asking.api("POST", &format!("{base}/cancel-delete"), None).await;
    assert_eq!((late.status.as_u16(), &late.body["key"]), (404, &json!("accountNotFound")));
}

#[tokio::test]
async fn deletion_is_refused_for_each_of_its_reasons() {
    let asking = Asking::healthy(60).await;
    let refusal = async |account: String| {
        let path = format!("/users/{account}/manage/lifecycle/delete");
        let told = asking.api("POST", &path, None).await;
        let reason = told.body["context"]["reason"]["key"].as_str().unwrap_or_default().to_owned();
        let key = told.body["key"].as_str().unwrap_or_default().to_owned();
        (told.status.as_u16(), key, reason)
    };
    let owned = |by: &'static str| asking.person(move |person| person.external_owner == Some(by));
    let told = |status: u16, key: &str, reason: &str| (status, key.to_owned(), reason.to_owned());
    let scim = owned("externalDirectory.scim").account_id;
    let expected = told(403, "forbidden.action", "externalDirectory.scim");
    assert_eq!(refusal(scim).await, expected);
    let google = owned("externalDirectory.google").account_id;
    let expected = told(403, "forbidden.action", "externalDirectory.google");
    assert_eq!(refusal(google).await, expected);
    let unmanaged = asking.person(|person| !person.is_managed).account_id;
    assert_eq!(refusal(unmanaged).await, told(403, "forbidden", ""));
    let myself = asking.simulator.people(0)[0].account_id.clone();
    let expected = told(403, "forbidden.action", "administrative.notMyself");
    assert_eq!(refusal(myself).await, expected);
    let contact = asking.person(|person| person.is_billing_contact).account_id;
    assert_eq!(refusal(contact).await, told(409, "conflict.lifecycleErrors", ""));
    let nobody = "712020:00000000-0000-4000-8000-000000000000".to_owned();
    assert_eq!(refusal(nobody).await, told(404, "accountNotFound", ""));
}

#[tokio::test]
async fn removal_is_queued_and_then_a_managed_account_is_not_invited() {
    let asking = Asking::healthy(60).await;
    let person = asking.person(|person| {
        person.status == "active" && person.is_managed && person.platform_roles.is_empty()
    });
    let account = person.account_id.as_str();
    let directory = asking.simulator.directory_ids(0).remove(0);
    let dash = format!("/admin/v2/orgs/{{org}}/directories/-/users/{account}");
    assert_eq!(asking.api("DELETE", &dash, None).await.status, 400);
    let real = format!("/admin/v2/orgs/{{org}}/directories/{directory}/users/{account}");
    let removed = asking.api("DELETE", &real, None).await;
    assert_eq!((removed.status.as_u16(), removed.body), (204, json!("")));
    assert_eq!(status_of(&asking, account).await, "active");
    asking.simulator.advance(Duration::from_secs(6));
    assert_eq!(status_of(&asking, account).await, "not_invited");
    assert_eq!(asking.api("DELETE", &real, None).await.status, 404);
}

#[tokio::test]
async fn suspension_in_one_of_two_directories_shows_only_in_the_role_assignments() {
    let asking = Asking::awkward(400).await;
    let directories = asking.simulator.directory_ids(1);
    let mut both = None;
    for row in asking.everybody(json!({"status": ["active"]})).await {
        let account = row["accountId"].as_str().unwrap().to_owned();
        let path = format!("/admin/v2/orgs/{{org}}/directories?accountId={account}");
        let told = asking.get(&path).await;
        let is_admin = asking.simulator.people(1)[0].account_id == account;
        if told.body["data"].as_array().unwrap().len() == 2 && !is_admin {
            both = Some(account);
            break;
        }
    }
    let account = both.unwrap();
    let suspend = async |directory: &str| {
        let path =
            format!("/admin/v2/orgs/{{org}}/directories/{directory}/users/{account}/suspend");
        asking.api("POST", &path, None).await.status.as_u16()
    };
    assert_eq!(suspend(&directories[1]).await, 204);
    assert_eq!(status_of(&asking, &account).await, "active");
    assert_eq!(suspend(&directories[0]).await, 204);
    assert_eq!(status_of(&asking, &account).await, "suspended");
    let path =
        format!("/admin/v2/orgs/{{org}}/directories/{}/users/{account}/restore", directories[0]);
    assert_eq!(asking.api("POST", &path, None).await.status, 204);
    assert_eq!(status_of(&asking, &account).await, "active");
}

#[tokio::test]
async fn leaving_the_granting_group_frees_the_seat_and_synced_groups_refuse() {
    let asking = Asking::healthy(60).await;
    let directory = asking.simulator.directory_ids(0).remove(0);
    let groups = asking.simulator.groups(0);
    let named = |name: &str| groups.iter().find(|(_, known)| known == name).unwrap().0.clone();
    let agents = named("jira-servicemanagement-users-meridian");
    let member = asking.person(|person| {
        person.status == "active"
            && person.groups.contains(&agents)
            && person.platform_roles.is_empty()
    });
    let group = format!("/admin/v2/orgs/{{org}}/directories/{directory}/groups/{agents}");
    let path = format!("{group}/memberships/{}", member.account_id);
    let seats = async || {
        let path = "/rest/api/3/applicationrole/jira-servicedesk";
        asking.site("GET", path).await.body["remainingSeats"].as_i64().unwrap()
    };
    assert_eq!(seats().await, 0);
    let body = json!({"accountId": asking.person(|person| {
        person.status == "active" && !person.groups.contains(&agents)
    }).account_id});
    let full = asking.api("POST", &format!("{group}/memberships"), Some(body.clone())).await;
    assert_eq!(full.status, 409);
    assert_eq!(asking.api("DELETE", &path, None).await.status, 204);
    assert_eq!(asking.api("DELETE", &path, None).await.status, 404);
    assert_eq!(seats().await, 1);
    let added = asking.api("POST", &format!("{group}/memberships"), Some(body)).await;
    assert_eq!(added.status, 204);
    let synced = named("all-employees");
    let member = asking.person(|person| person.groups.contains(&synced)).account_id;
    let path = format!(
        "/admin/v2/orgs/{{org}}/directories/{directory}/groups/{synced}/memberships/{member}"
    );
    assert_eq!(asking.api("DELETE", &path, None).await.status, 403);
}

#[tokio::test]
async fn a_role_given_is_seen_after_half_a_minute() {
    let asking = Asking::healthy(60).await;
    let person = asking.person(|person| {
        person.status == "active" && person.platform_roles.is_empty() && person.is_managed
    });
    let account = &person.account_id;
    let path = format!("/admin/v1/orgs/{{org}}/users/{account}/roles/assign");
    let trello = asking.simulator.resource_ids(0).pop();
    let body = json!({"role": "atlassian/guest", "resource": trello});
    let strange = asking.api("POST", &path, Some(body)).await;
    assert_eq!(strange.body["errors"][0]["code"], "ADMIN-UAM-400-3");
    let body = json!({"role": "atlassian/org-admin"});
    assert_eq!(asking.api("POST", &path, Some(body)).await.status, 204);
    let roles = async || {
        let body = json!({"accountIds": [account], "expand": ["platformRoles"]});
        asking.search(body).await.body["data"][0]["platformRoles"].clone()
    };
    assert_eq!(roles().await, json!([]));
    asking.simulator.advance(Duration::from_secs(30));
    assert_eq!(roles().await, json!(["atlassian/org-admin"]));
}

#[tokio::test]
async fn a_new_group_is_found_after_a_moment_and_not_twice() {
    let asking = Asking::healthy(20).await;
    let directory = asking.simulator.directory_ids(0).remove(0);
    let base = format!("/admin/v2/orgs/{{org}}/directories/{directory}/groups");
    let body = json!({"name": "night shift", "description": "late"});
    let made = asking.api("POST", &base, Some(body.clone())).await;
    assert_eq!((made.status.as_u16(), made.body), (201, json!("")));
    assert_eq!(asking.api("POST", &base, Some(body)).await.status, 409);
    let search = async || {
        let body = json!({"groupNames": ["Night Shift"]});
        let told = asking.api("POST", &format!("{base}/search"), Some(body)).await;
        told.body["data"].as_array().unwrap().len()
    };
    assert_eq!(search().await, 0);
    asking.simulator.advance(Duration::from_secs(2));
    assert_eq!(search().await, 1);
}

#[tokio::test]
async fn people_are_invited_and_what_fails_is_told_one_by_one() {
    let asking = Asking::healthy(40).await;
    let resources = asking.simulator.resource_ids(0);
    let body = json!({
        "emails": ["New.Person@meridian-instruments.example"],
        "permissionRules": [
            {"resource": resources[0], "role": "atlassian/user"},
            {"resource": resources[1], "role": "atlassian/user"},
        ],
    });
    let told = asking.api("POST", "/admin/v2/orgs/{org}/users/invite", Some(body)).await;
    assert_eq!(told.status, 206);
    let results = &told.body["data"][0]["results"][0]["roleAssignmentResult"];
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&json!("INVITED"), &json!("ERROR"))
    );
    let found = asking.search(json!({"emails": ["new.person@meridian-instruments.example"]})).await;
    assert_eq!(found.body["data"][0]["claimStatus"], "managed");
}

#[tokio::test]
async fn what_was_removed_from_the_first_version_is_not_there() {
    let asking = Asking::healthy(10).await;
    for path in ["users/search", "groups/search", "users/invite"] {
        let path = format!("/admin/v1/orgs/{{org}}/{path}");
        assert_eq!(asking.api("POST", &path, Some(json!({}))).await.status, 404, "{path}");
    }
    let wrong = asking.api("PUT", "/admin/v1/orgs/{org}", None).await;
    assert_eq!(wrong.body["errors"][0]["code"], "ADMIN-405-1");
}
