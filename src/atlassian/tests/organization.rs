use jiff::Timestamp;
use serde_json::json;

use super::upstream::{Upstream, answer, answer_with};
use crate::{atlassian::ErrorKind, domain::ActivityFilter};

const WORKSPACES_1: &str =
    include_str!("../../../tests/it/fixtures/atlassian/workspaces.page1.json");
const WORKSPACES_2: &str =
    include_str!("../../../tests/it/fixtures/atlassian/workspaces.page2.json");
const DOMAINS: &str = include_str!("../../../tests/it/fixtures/atlassian/domains.json");
const EVENTS: &str = include_str!("../../../tests/it/fixtures/atlassian/events.json");
const MANAGE: &str = include_str!("../../../tests/it/fixtures/atlassian/manage.json");
const APPLICATION_ROLES: &str =
    include_str!("../../../tests/it/fixtures/atlassian/applicationrole.json");
const PERMISSIONS: &str = include_str!("../../../tests/it/fixtures/atlassian/mypermissions.json");

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[tokio::test]
async fn an_organization_without_a_name_shows_its_id() {
    let upstream = Upstream::start([
        answer(200, r#"{"data":{"id":"o-1","type":"orgs","attributes":{"name":"North"}}}"#),
        answer(200, r#"{"data":{"id":"o-1"}}"#),
    ])
    .await;
    let client = upstream.client();
    assert_eq!(client.organization().await.expect("a profile").name, "North");
    assert_eq!(client.organization().await.expect("a profile").name, "o-1");
    assert_eq!(upstream.received()[0].target, "/admin/v1/orgs/o-1");
}

#[tokio::test]
async fn only_a_verified_domain_counts_as_verified() {
    let upstream = Upstream::start([answer(200, DOMAINS)]).await;
    let domains = upstream.client().domains().await.expect("domains");
    let verified: Vec<_> = domains.iter().map(|domain| domain.is_verified).collect();
    assert_eq!(verified, [true, false]);
    assert_eq!(domains[0].name, "north.example");
}

#[tokio::test]
async fn directories_come_from_all_pages() {
    let upstream = Upstream::start([
        answer(200, r#"{"data":[{"directoryId":"d1","name":"Main"}],"links":{"next":"p+2"}}"#),
        answer(200, r#"{"data":[{"directoryId":"d2"}],"links":{"next":null}}"#),
    ])
    .await;
    let directories = upstream.client().directories().await.expect("directories");
    let names: Vec<_> = directories.iter().map(|directory| directory.name.as_str()).collect();
    assert_eq!(names, ["Main", "d2"]);
    assert_eq!(
        upstream.received()[1].target,
        "/admin/v2/orgs/o-1/directories?limit=100&cursor=p%2B2"
    );
}

#[tokio::test]
async fn products_page_by_cursor_alone_even_where_upstream_gives_an_address() {
    let upstream = Upstream::start([answer(200, WORKSPACES_1), answer(200, WORKSPACES_2)]).await;
    let products = upstream.client().products().await.expect("products");
    assert_eq!(products[0].key, "jira-software");
    assert_eq!(products[0].name, "Jira");
    assert_eq!(products[0].instance_name.as_deref(), Some("north"));
    assert_eq!(products[0].capacity, Some(500));
    assert_eq!(products[0].plan.as_deref(), Some("standard"));
    assert!(!products[0].is_sandbox);
    assert_eq!(products[1].key, "confluence", "the ARI tells where the attributes do not");
    assert_eq!(products[1].capacity, None, "a count below zero is unknown");
    assert_eq!(products[1].usage, Some(4));
    assert_eq!(products[1].plan.as_deref(), Some("premium"));
    assert!(products[1].is_sandbox);
    let received = upstream.received();
    assert_eq!(received[0].json(), json!({"limit": 1000}));
    assert_eq!(received[1].json(), json!({"cursor": "d29y="}));
}

#[tokio::test]
async fn a_cursor_that_comes_back_ends_the_list_with_an_error() {
    let page = |next| answer(200, &format!(r#"{{"data":[],"links":{{"next":"{next}"}}}}"#));
    let upstream = Upstream::start([page("a"), page("b"), page("a")]).await;
    let error = upstream.client().products().await.expect_err("it never ends");
    assert_eq!(error.kind, ErrorKind::RepeatedCursor);
    assert_eq!(upstream.count(), 3);
}

#[tokio::test]
async fn a_next_page_on_another_host_is_never_called() {
    let elsewhere = Upstream::start([]).await;
    let body = format!(r#"{{"data":[],"links":{{"next":"{}domains?cursor=x"}}}}"#, elsewhere.url);
    let upstream = Upstream::start([answer(200, &body)]).await;
    let error = upstream.client().domains().await.expect_err("another host");
    assert_eq!(error.kind, ErrorKind::ForeignHost);
    assert_eq!((upstream.count(), elsewhere.count()), (1, 0));
}

#[tokio::test]
async fn an_audit_log_page_pushes_the_whole_filter_down() {
    let upstream = Upstream::start([answer(200, EVENTS)]).await;
    let filter = ActivityFilter {
        from: Some(time("2026-11-20T00:00:00Z")),
        to: Some(time("2026-11-21T00:00:00.5Z")),
        actions: vec!["one".to_owned(), "two".to_owned()],
        actor: Some("557058:7c1e".to_owned()),
        search: Some("olu & co".to_owned()),
    };
    let page = upstream.client().events(&filter, 3, Some("MTc1")).await.expect("a page");
    assert_eq!(page.next.as_deref(), Some("MTc2"));
    assert_eq!(page.items.len(), 2, "an event without any time cannot be shown");
    let event = &page.items[0];
    assert_eq!(event.actor_name.as_deref(), Some("Mara"));
    assert_eq!(event.location.as_deref(), Some("Oslo, Norway"));
    assert_eq!(event.ip_address.as_deref(), Some("203.0.113.27"));
    let kinds: Vec<_> = event.subjects.iter().map(|subject| subject.kind.as_str()).collect();
    assert_eq!(kinds, ["users", "organizations"]);
    assert_eq!(event.subjects[0].name.as_deref(), Some("Olu"));
    assert_eq!(page.items[1].occurred_at, time("2026-11-20T14:03:23Z"));
    assert_eq!(page.items[1].action, "unknown");
    assert_eq!(
        upstream.one().target,
        "/admin/v1/orgs/o-1/events?limit=3&from=1795132800000&to=1795219200500&cursor=MTc1\
         &q=olu+%26+co&actor=557058%3A7c1e&action=one%2Ctwo"
    );
}

#[tokio::test]
async fn the_stream_filters_by_time_only_and_may_repeat_its_cursor() {
    let body = r#"{"data":[],"links":{},"meta":{"next":"MTc2","page_size":0}}"#;
    let upstream = Upstream::start([answer(200, body)]).await;
    let client = upstream.client();
    let everything = ActivityFilter::default();
    let page = client.events_stream(&everything, 200, Some("MTc2")).await.expect("a page");
    assert_eq!(page.next.as_deref(), Some("MTc2"));
    let by_actor = ActivityFilter { actor: Some("a".to_owned()), ..ActivityFilter::default() };
    let error = client.events_stream(&by_actor, 200, None).await.expect_err("no such filter");
    assert_eq!(error.kind, ErrorKind::BadRequest);
    assert_eq!(upstream.one().target, "/admin/v1/orgs/o-1/events-stream?limit=200&cursor=MTc2");
}

#[tokio::test]
async fn permissions_on_an_account_come_with_their_reasons() {
    let upstream = Upstream::start([answer(200, MANAGE)]).await;
    let account = "557058:x".into();
    let may = upstream.client().management_permissions(&account).await.expect("permissions");
    assert!(may.of("lifecycle.delete").expect("told").allowed);
    let reason = |privilege| may.of(privilege).and_then(|permission| permission.reason.as_deref());
    assert_eq!(reason("lifecycle.enablement"), Some("externalDirectory.scim"));
    assert_eq!(reason("email.set"), Some("myselfOnly"));
    assert_eq!(reason("profile.write.extended_profile.department"), Some("externalDirectory.scim"));
    assert_eq!(may.of("apiToken.delete"), None);
    assert_eq!(upstream.one().target, "/users/557058%3Ax/manage");
}

#[tokio::test]
async fn unlimited_seats_are_no_number() {
    let upstream = Upstream::start([answer(200, APPLICATION_ROLES)]).await;
    let roles = upstream.client().application_roles().await.expect("roles");
    assert_eq!(roles[0].number_of_seats, Some(500));
    assert_eq!(roles[0].remaining, Some(88));
    assert_eq!(roles[0].groups[0].id.as_ref().expect("an id").as_str(), "g-7");
    assert_eq!(roles[0].default_groups[0].id, None);
    assert_eq!(roles[0].default_groups[0].name, "jira-users");
    assert!(roles[1].has_unlimited_seats);
    assert_eq!((roles[1].number_of_seats, roles[1].remaining), (None, None));
    assert_eq!(roles[1].user_count, Some(12));
    let request = upstream.one();
    assert_eq!(request.target, "/rest/api/3/applicationrole");
    assert_eq!(
        request.header("authorization"),
        Some("Basic YWRtaW5Abm9ydGguZXhhbXBsZTpzaXRlLXRva2VuLXNlY3JldA==")
    );
}

#[tokio::test]
async fn the_site_says_whether_it_knew_the_caller() {
    let body = r#"{"accountId":"a:1","active":true}"#;
    let known = [("x-aaccountid", "a%3A1")];
    let upstream = Upstream::start([answer_with(200, &known, body), answer(200, body)]).await;
    let client = upstream.client();
    let myself = client.myself().await.expect("myself");
    assert_eq!((myself.account_id.as_str(), myself.authenticated), ("a:1", true));
    assert!(!client.myself().await.expect("myself").authenticated);
}

#[tokio::test]
async fn rights_of_the_token_are_told_apart() {
    let upstream =
        Upstream::start([answer(200, PERMISSIONS), answer(200, r#"{"permissions":{}}"#)]).await;
    let client = upstream.client();
    let may = client.my_permissions().await.expect("permissions");
    assert!(may.administer);
    assert!(!may.browse_users);
    assert!(!client.my_permissions().await.expect("permissions").administer);
    assert_eq!(
        upstream.received()[0].target,
        "/rest/api/3/mypermissions?permissions=ADMINISTER%2CUSER_PICKER"
    );
}

#[tokio::test]
async fn what_everybody_may_read_is_asked_without_credentials() {
    let body = r#"{"baseUrl":"https://north.example","deploymentType":"Cloud"}"#;
    let upstream = Upstream::start([answer(200, body)]).await;
    let info = upstream.client().server_info().await.expect("information");
    assert_eq!(info.deployment_type.as_deref(), Some("Cloud"));
    assert_eq!(info.server_title, None);
    assert_eq!(upstream.one().header("authorization"), None);
}

#[tokio::test]
async fn the_organization_of_a_site_may_be_unknown() {
    let upstream = Upstream::start([
        answer(200, r#"{"data":{"tenantContexts":[{"cloudId":"c","orgId":"o-9"}]}}"#),
        answer(200, r#"{"data":{"tenantContexts":[null]}}"#),
        answer(200, r#"{"errors":[{"message":"no"}],"data":null}"#),
        answer(404, ""),
    ])
    .await;
    let client = upstream.client();
    let organization = client.site_organization().await.expect("an answer");
    assert_eq!(organization.expect("an organization").as_str(), "o-9");
    for _ in 0..3 {
        assert_eq!(client.site_organization().await.expect("an answer"), None);
    }
    assert_eq!(upstream.received()[0].json()["variables"], json!({"hosts": ["127.0.0.1"]}));
}
