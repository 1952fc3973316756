use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Asking;

const SEARCH: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search";
const EXPANDS: [&str; 4] = ["platformRoles", "counts.resources", "productAccess", "groups"];

#[tokio::test]
async fn the_same_seed_makes_the_same_organizations() {
    let (one, other) = (Asking::healthy(40).await, Asking::healthy(40).await);
    let body = json!({"limit": 40, "expand": EXPANDS});
    let (one, other) = (one.search(body.clone()).await, other.search(body).await);
    assert_eq!(one.body["data"], other.body["data"]);
    assert_eq!(one.body["data"].as_array().unwrap().len(), 39);
}

#[tokio::test]
async fn even_ten_people_are_of_many_kinds() {
    let asking = Asking::healthy(10).await;
    let statuses: BTreeSet<String> = asking
        .everybody(json!({}))
        .await
        .iter()
        .map(|row| row["status"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["active", "deactivated", "for_deletion", "not_invited", "suspended"];
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_scan_meets_everybody_once_and_agrees_with_the_count() {
    let asking = Asking::healthy(260).await;
    let rows = asking.everybody(json!({"limit": 50, "expand": EXPANDS})).await;
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["accountId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len());
    let count = asking.get("/admin/v2/orgs/{org}/directories/-/users/count").await;
    assert_eq!(count.body["count"], rows.len());
    let pages = asking.simulator.requests().of("POST", SEARCH);
    assert_eq!(pages, 6);
    assert_eq!(asking.simulator.requests().total(), 7);
}

#[tokio::test]
async fn members_come_only_when_expanded() {
    let asking = Asking::healthy(30).await;
    let plain = asking.search(json!({"limit": 1})).await;
    let full = asking.search(json!({"limit": 1, "expand": EXPANDS})).await;
    for member in ["platformRoles", "counts", "productAccess", "groups"] {
        assert!(plain.body["data"][0].get(member).is_none(), "{member}");
        assert!(full.body["data"][0].get(member).is_some(), "{member}");
    }
    assert_eq!(full.body["data"][0]["platformRoles"][0], "atlassian/org-admin");
}

#[tokio::test]
async fn every_limit_of_a_search_is_kept() {
    let asking = Asking::healthy(10).await;
    let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    let refused = [
        json!({"limit": 0}),
        json!({"limit": 101}),
        json!({"limit": "10"}),
        json!({"expand": ["roles"]}),
        json!({"accountIds": many(11)}),
        json!({"emails": many(101)}),
        json!({"emails": ["a@b.example"], "searchTerm": "a"}),
        json!({"emailDomains": many(11)}),
        json!({"groupIds": many(11)}),
        json!({"resourceIds": many(21)}),
        json!({"roleIds": ["atlassian/king"]}),
        json!({"status": ["active", "suspended", "not_invited", "deactivated", "for_deletion"]}),
        json!({"status": []}),
        json!({"accountStatus": ["gone"]}),
        json!({"claimStatus": "both"}),
        json!({"sortBy": [{"field": "name", "direction": "asc"}]}),
        json!({"accountType": "atlassian"}),
        json!({"cursor": "nonsense"}),
    ];
    for body in refused {
        let told = asking.search(body.clone()).await;
        assert_eq!(told.status, 400, "{body}");
        assert_eq!(told.body["errors"][0]["status"], "400");
    }
    let accepted = [
        json!({}),
        json!({"limit": 100, "status": ["active", "suspended", "not_invited", "deactivated"]}),
        json!({"sortBy": [{"field": "nick_name", "direction": "desc"}]}),
    ];
    for body in accepted {
        assert_eq!(asking.search(body.clone()).await.status, 200, "{body}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_with_its_own_filters_only() {
    let asking = Asking::healthy(60).await;
    let first = asking.search(json!({"limit": 5})).await;
    let cursor = first.body["links"]["next"].as_str().unwrap();
    let own = asking.search(json!({"limit": 5, "cursor": cursor})).await;
    assert_eq!(own.status, 200);
    assert_ne!(own.body["data"], first.body["data"]);
    let strange = asking.search(json!({"limit": 6, "cursor": cursor})).await;
    assert_eq!(strange.status, 400);
    assert_eq!(strange.body["errors"][0]["code"], "ADMIN-400-1");
}

#[tokio::test]
async fn filters_split_everybody_into_disjoint_parts() {
    let asking = Asking::healthy(250).await;
    let all = asking.everybody(json!({"limit": 100})).await.len();
    let mut parts = 0;
    for claim in ["managed", "unmanaged"] {
        for status in ["active", "suspended", "not_invited", "deactivated", "for_deletion"] {
            let body = json!({"limit": 100, "claimStatus": claim, "status": [status]});
            parts += asking.everybody(body).await.len();
        }
    }
    assert_eq!(parts, all);
}

#[tokio::test]
async fn hidden_addresses_can_be_searched_for_and_are_not_shown() {
    let asking = Asking::healthy(60).await;
    let hidden = asking.person(|person| person.is_email_hidden && person.status == "active");
    let told = asking.search(json!({"emails": [hidden.email]})).await;
    assert_eq!(told.body["data"][0]["accountId"], hidden.account_id);
    assert!(told.body["data"][0].get("email").is_none());
}

#[tokio::test]
async fn the_old_list_goes_on_from_the_cursor_alone() {
    let asking = Asking::healthy(80).await;
    let path = "/admin/v2/orgs/{org}/directories/-/users";
    let mut told = asking.get(&format!("{path}?limit=10&status=active&status=suspended")).await;
    let mut statuses = BTreeMap::<String, usize>::new();
    let mut pages = 1;
    loop {
        for row in told.body["data"].as_array().unwrap() {
            *statuses.entry(row["status"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let Some(next) = told.body["links"]["next"].as_str() else {
            break;
        };
        told = asking.get(&format!("{path}?cursor={next}&status=deactivated")).await;
        pages += 1;
    }
    assert!(pages > 3);
    assert_eq!(statuses.keys().collect::<Vec<_>>(), ["active", "suspended"]);
}

#[tokio::test]
async fn seats_counted_by_the_site_and_by_the_organization_agree() {
    let asking = Asking::healthy(250).await;
    let jira = &asking.simulator.resource_ids(0)[0];
    let path = format!(
        "/admin/v2/orgs/{{org}}/directories/-/users/count\
         ?resourceIds={jira}&roleIds=atlassian/user&roleIds=atlassian/admin&status=active"
    );
    let count = asking.get(&path).await.body["count"].clone();
    let roles = asking.site("GET", "/rest/api/3/applicationrole").await.body;
    assert_eq!(roles[0]["userCount"], count);
    assert!(count.as_u64().unwrap() > 100);
    let (seats, used) = (&roles[0]["numberOfSeats"], &roles[0]["userCount"]);
    assert!(seats.as_u64() > used.as_u64());
    assert_eq!(roles[1]["remainingSeats"], 0);
}

#[tokio::test]
async fn roles_told_one_by_one_are_those_that_groups_and_direct_roles_give() {
    let asking = Asking::healthy(120).await;
    let body = json!({"limit": 100, "status": ["active"], "expand": ["groups"]});
    let rows = asking.everybody(body).await;
    let mut methods = BTreeSet::new();
    for row in &rows {
        let account = row["accountId"].as_str().unwrap();
        let path = format!(
            "/admin/v2/orgs/{{org}}/directories/-/users/{account}/role-assignments?limit=100"
        );
        let told = asking.get(&path).await;
        for assignment in told.body["data"].as_array().unwrap() {
            for role in assignment["roleAssignments"].as_array().unwrap() {
                for method in role["roleAssignmentMethods"].as_array().unwrap() {
                    methods.insert(method.as_str().unwrap().to_owned());
                }
            }
        }
    }
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), ["direct", "group_direct", "inferred"]);
}

#[tokio::test]
async fn the_other_organization_writes_nulls_and_has_two_directories() {
    let asking = Asking::awkward(200).await;
    let rows = asking.everybody(json!({"limit": 100, "expand": EXPANDS})).await;
    assert!(rows.iter().any(|row| row["jobTitle"] == Value::Null));
    assert!(rows.iter().all(|row| row.get("forDeletion").is_some()));
    let mut total = 0;
    for directory in asking.simulator.directory_ids(1) {
        let path = format!("/admin/v2/orgs/{{org}}/directories/{directory}/users/count");
        let count = asking.get(&path).await.body["count"].as_u64().unwrap();
        assert!(count > 0);
        total += count;
    }
    // Some are in both, some managed accounts in none.
    assert_ne!(total, rows.len() as u64);
    let last = asking.search(json!({"limit": 100})).await;
    assert_eq!(last.body["links"]["next"], Value::Null);
    assert!(last.body["links"].as_object().unwrap().contains_key("next"));
}

#[tokio::test]
async fn workspaces_go_on_by_cursor_in_one_organization_and_by_url_in_the_other() {
    for (organization, mark) in [(0, false), (1, true)] {
        let asking = Asking::of(50, organization).await;
        let path = "/admin/v2/orgs/{org}/workspaces";
        let first = asking.api("POST", path, Some(json!({"limit": 2}))).await;
        let next = first.body["links"]["next"].as_str().unwrap().to_owned();
        assert_eq!(next.starts_with("http://"), mark);
        let cursor = next.split("cursor=").last().unwrap();
        let second = asking.api("POST", path, Some(json!({"cursor": cursor}))).await;
        assert_eq!(second.body["meta"]["startIndex"], 2);
        let both = json!({"cursor": cursor, "limit": 2});
        let refused = asking.api("POST", path, Some(both)).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (400, &json!("ADMIN-400-4")));
    }
}

#[tokio::test]
async fn managed_accounts_come_fifty_at_a_time_with_a_whole_url_to_the_next() {
    let asking = Asking::healthy(130).await;
    let first = asking.get("/admin/v1/orgs/{org}/users?limit=3").await;
    assert_eq!(first.body["data"].as_array().unwrap().len(), 50);
    let next = first.body["links"]["next"].as_str().unwrap();
    let path = next.strip_prefix(asking.simulator.api_url()).unwrap();
    let second = asking.get(path).await;
    assert_ne!(second.body["data"][0], first.body["data"][0]);
    let total = first.body["meta"]["total"].as_u64().unwrap();
    let managed = asking.simulator.people(0).iter().filter(|person| person.is_managed).count();
    assert_eq!(total, managed as u64);
}

#[tokio::test]
async fn groups_are_found_by_name_by_role_and_by_what_they_grant() {
    let asking = Asking::healthy(60).await;
    let path = "/admin/v2/orgs/{org}/directories/-/groups/search";
    let search = async |body: Value| asking.api("POST", path, Some(body)).await;
    let named = search(json!({"groupNames": ["ALL-employees"], "expand": ["counts.users"]})).await;
    let group = &named.body["data"][0];
    assert_eq!(group["managedBy"], "external");
    assert_eq!(group["managementAccess"]["modifiable"], false);
    let members = asking.everybody(json!({"groupIds": [group["id"]]})).await.len();
    assert_eq!(group["counts"]["users"], members);
    let jira = &asking.simulator.resource_ids(0)[0];
    let granting = search(json!({"resourceIds": [jira]})).await;
    assert_eq!(granting.body["data"].as_array().unwrap().len(), 4);
    let both = search(json!({"groupNames": ["a"], "searchTerm": "a"})).await;
    assert_eq!(both.status, 400);
}

#[tokio::test]
async fn the_audit_log_goes_backwards_and_takes_ten_calls_a_minute() {
    let asking = Asking::healthy(60).await;
    let first = asking.get("/admin/v1/orgs/{org}/events?limit=5").await;
    let time = |told: &super::Told, place: usize| {
        told.body["data"][place]["attributes"]["time"].as_str().unwrap().to_owned()
    };
    assert!(time(&first, 0) > time(&first, 4));
    let next = first.body["links"]["next"].as_str().unwrap();
    let second = asking.get(next.strip_prefix(asking.simulator.api_url()).unwrap()).await;
    assert!(time(&second, 0) <= time(&first, 4));
    for _ in 0..8 {
        asking.get("/admin/v1/orgs/{org}/events?action=user_granted_role").await;
    }
    let refused = asking.get("/admin/v1/orgs/{org}/events").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
    assert!(!refused.headers.contains_key("retry-after"));
    asking.simulator.advance(std::time::Duration::from_secs(61));
    assert_eq!(asking.get("/admin/v1/orgs/{org}/events").await.status, 200);
}

#[tokio::test]
async fn the_stream_goes_forwards_and_its_last_cursor_stays_good() {
    let asking = Asking::healthy(30).await;
    let mut told = asking.get("/admin/v1/orgs/{org}/events-stream?limit=50").await;
    let mut seen = 0;
    while !told.body["data"].as_array().unwrap().is_empty() {
        seen += told.body["data"].as_array().unwrap().len();
        let next = told.body["meta"]["next"].as_str().unwrap();
        told = asking.get(&format!("/admin/v1/orgs/{{org}}/events-stream?cursor={next}")).await;
    }
    assert_eq!(seen, 60);
}
