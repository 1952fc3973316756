use serde_json::json;

use super::{Asking, told};

#[tokio::test]
async fn each_wrong_credential_is_refused_in_its_own_form() {
    let asking = Asking::healthy(20).await;
    let other = asking.simulator.connections()[1].clone();
    let bad = asking.api_with("nonsense", "GET", "/admin/v1/orgs/{org}", None).await;
    assert_eq!(bad.body, json!({"code": 401, "message": "Unauthorized"}));
    let foreign =
        asking.api_with(&other.organization_api_key, "GET", "/admin/v1/orgs/{org}", None).await;
    assert_eq!(
        (foreign.status.as_u16(), &foreign.body["errors"][0]["code"]),
        (404, &json!("ADMIN-404-2"))
    );
    let foreign = asking
        .api_with(&other.organization_api_key, "GET", "/admin/v1/orgs/{org}/domains", None)
        .await;
    assert_eq!((foreign.status.as_u16(), &foreign.body["error"]), (403, &json!("Forbidden")));
    let foreign = asking
        .api_with(&other.organization_api_key, "POST", "/admin/v2/orgs/{org}/workspaces", None)
        .await;
    assert_eq!((foreign.status.as_u16(), &foreign.body["code"]), (403, &json!("ADMIN-403-3")));
    let mut wrong = asking.connection().clone();
    wrong.api_token = "old".to_owned();
    let refused = asking.site_as(&wrong, "GET", "/rest/api/3/myself").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["x-seraph-loginreason"], "AUTHENTICATED_FAILED");
    assert!(refused.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn a_key_with_scopes_cannot_manage_accounts() {
    let asking = Asking::awkward(60).await;
    let account = asking.simulator.people(1)[0].account_id.clone();
    let told = asking.get(&format!("/users/{account}/manage")).await;
    assert_eq!(
        (told.status.as_u16(), &told.body["key"]),
        (403, &json!("forbidden.insufficientScope"))
    );
    assert_eq!(asking.get("/admin/v1/orgs").await.body["data"], json!([]));
    assert_eq!(asking.get("/admin/v1/orgs/{org}").await.status, 200);
    let path = format!("/admin/v1/orgs/{{org}}/directory/users/{account}/last-active-dates");
    assert_eq!(asking.get(&path).await.status, 403);
    assert_eq!(asking.get("/admin/v1/orgs/{org}/events").await.status, 403);
    assert_eq!(asking.search(json!({})).await.status, 200);
}

#[tokio::test]
async fn the_two_tokens_differ_in_what_they_may() {
    let asking = Asking::healthy(40).await;
    let path = "/rest/api/3/mypermissions?permissions=ADMINISTER,USER_PICKER";
    let limited = asking.simulator.limited_connections()[0].clone();
    let admin = asking.site("GET", path).await;
    let other = asking.site_as(&limited, "GET", path).await;
    let may =
        |told: &super::Told, key: &str| told.body["permissions"][key]["havePermission"] == true;
    assert!(may(&admin, "ADMINISTER") && may(&admin, "USER_PICKER"));
    assert!(!may(&other, "ADMINISTER") && may(&other, "USER_PICKER"));
    let refused = asking.site_as(&limited, "GET", "/rest/api/3/applicationrole").await;
    assert_eq!(refused.status, 403);
    let myself = asking.site("GET", "/rest/api/3/myself?expand=groups,applicationRoles").await;
    let id = myself.body["accountId"].as_str().unwrap();
    assert_eq!(myself.headers["x-aaccountid"], id.replace(':', "%3A"));
    assert_eq!(myself.body["emailAddress"], asking.connection().admin_email);
    assert!(!myself.body["applicationRoles"]["items"].as_array().unwrap().is_empty());
    let unknown = asking.site("GET", "/rest/api/3/mypermissions?permissions=FLY").await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_site_tells_its_organization_and_its_cloud_id() {
    let asking = Asking::healthy(20).await;
    let base = asking.connection().admin_url.clone();
    let anonymous = async |path: &str| {
        let url = format!("{base}{path}");
        told(asking.client.get(url).send().await.unwrap()).await
    };
    let tenant = anonymous("/_edge/tenant_info").await.body;
    assert_eq!(anonymous("/rest/api/3/serverInfo").await.body["deploymentType"], "Cloud");
    assert_eq!(anonymous("/rest/api/3/users/search").await.body, json!([]));
    assert_eq!(anonymous("/rest/api/3/myself").await.status, 401);
    let host = base.strip_prefix("http://").unwrap();
    let query = "query($h:[String!]!){tenantContexts(hostNames:$h){cloudId orgId}}";
    let request = asking
        .client
        .post(format!("{base}/gateway/api/graphql"))
        .basic_auth(&asking.connection().admin_email, Some(&asking.connection().api_token))
        .json(&json!({"query": query, "variables": {"h": [host, "nowhere.atlassian.net"]}}));
    let contexts = told(request.send().await.unwrap()).await.body;
    assert_eq!(
        contexts["data"]["tenantContexts"],
        json!([
            {"cloudId": tenant["cloudId"], "orgId": asking.connection().organization_id},
            null,
        ])
    );
    assert!(asking.simulator.resource_ids(0)[0].ends_with(tenant["cloudId"].as_str().unwrap()));
}

#[tokio::test]
async fn jira_lists_apps_customers_and_former_users_beside_people_until_an_empty_page() {
    let asking = Asking::healthy(60).await;
    let mut kinds = std::collections::BTreeSet::new();
    let (mut start, mut names) = (0, Vec::new());
    loop {
        let path = format!("/rest/api/3/users/search?startAt={start}&maxResults=20");
        let page = asking.site("GET", &path).await.body;
        let rows = page.as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        for row in rows {
            kinds.insert(row["accountType"].as_str().unwrap().to_owned());
            names.push(row["displayName"].as_str().unwrap().to_owned());
        }
        start += 20;
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["app", "atlassian", "customer"]);
    assert!(names.contains(&"Former user".to_owned()));
    let all = names.len();
    names.sort();
    assert!(all > 60, "{all}");
}

#[tokio::test]
async fn ten_wrong_logins_ask_for_a_captcha_even_of_the_right_one() {
    let asking = Asking::healthy(20).await;
    let mut wrong = asking.connection().clone();
    wrong.api_token = "guess".to_owned();
    for _ in 0..10 {
        let refused = asking.site_as(&wrong, "GET", "/rest/api/3/myself").await;
        assert_eq!(refused.status, 401);
    }
    let locked = asking.site("GET", "/rest/api/3/myself").await;
    assert_eq!(locked.headers["x-seraph-loginreason"], "AUTHENTICATION_DENIED");
    asking.simulator.advance(std::time::Duration::from_secs(601));
    assert_eq!(asking.site("GET", "/rest/api/3/myself").await.status, 200);
}

#[tokio::test]
async fn a_person_taken_out_of_the_site_keeps_the_account() {
    let asking = Asking::healthy(60).await;
    let person = asking.person(|person| {
        person.status == "active" && person.platform_roles.is_empty() && person.groups.len() > 2
    });
    let account = &person.account_id;
    let path = format!("/rest/api/3/user?accountId={account}");
    let limited = asking.simulator.limited_connections()[0].clone();
    assert_eq!(asking.site_as(&limited, "DELETE", &path).await.status, 403);
    assert_eq!(asking.site("GET", &path).await.body["active"], true);
    assert_eq!(asking.site("DELETE", &path).await.status, 204);
    assert_eq!(asking.site("GET", &path).await.body["active"], false);
    let told = asking.search(json!({"accountIds": [account]})).await;
    assert_eq!(told.body["data"][0]["status"], "active");
}
