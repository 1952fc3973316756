use serde_json::json;

use super::upstream::{Upstream, answer};
use crate::{
    atlassian::{ErrorKind, Expand, GroupSearch, UserSearch},
    domain::{
        AccountId, AccountStatus, AccountType, AssignmentMethod, ClaimStatus, ManagementSource,
        MembershipStatus, OrderDirection, UserStatus,
    },
};

const USERS: &str = include_str!("../../../tests/it/fixtures/atlassian/users.search.json");
const USER: &str = include_str!("../../../tests/it/fixtures/atlassian/user.json");
const STATISTICS: &str = include_str!("../../../tests/it/fixtures/atlassian/users.stats.json");
const ROLES: &str = include_str!("../../../tests/it/fixtures/atlassian/user.role-assignments.json");
const LAST_ACTIVE_1: &str =
    include_str!("../../../tests/it/fixtures/atlassian/last-active.page1.json");
const LAST_ACTIVE_2: &str =
    include_str!("../../../tests/it/fixtures/atlassian/last-active.page2.json");
const MANAGED: &str = include_str!("../../../tests/it/fixtures/atlassian/managed-users.json");
const GROUPS: &str = include_str!("../../../tests/it/fixtures/atlassian/groups.search.json");
const GROUP_ROLES: &str =
    include_str!("../../../tests/it/fixtures/atlassian/group.role-assignments.json");
const NO_OPERATION: &str = r#"{"errors":[{"status":"404","code":"ADMIN-404-1","title":"x"}]}"#;

#[tokio::test]
async fn a_page_of_people_holds_everything_that_upstream_tells() {
    let upstream = Upstream::start([answer(200, USERS)]).await;
    let page = upstream.client().search_users(&UserSearch::default()).await.expect("a page");
    assert_eq!(page.next.as_deref(), Some("next/page+2="));
    let mara = &page.items[0];
    assert_eq!(mara.account_id.as_str(), "557058:7c1e-mara");
    assert_eq!(mara.status, UserStatus::Active);
    assert_eq!(mara.claim_status, ClaimStatus::Managed);
    assert_eq!(mara.management_source, Some(ManagementSource::Synced));
    assert_eq!(mara.email.as_deref(), Some("mara@north.example"));
    assert_eq!(mara.avatar_url.as_deref(), Some("https://avatars.example/mara.png"));
    assert_eq!(mara.added_to_org_at.expect("a time").to_string(), "2020-02-03T09:15:00Z");
    assert_eq!(mara.resource_count, Some(2));
    let roles = mara.platform_roles.as_ref().expect("roles");
    assert_eq!(roles[0].as_str(), "atlassian/org-admin");
    let access = mara.product_access.as_ref().expect("access");
    assert_eq!(access[0].key, "confluence");
    assert_eq!(
        access[0].last_active_at.expect("a time").to_string(),
        "2026-03-02T07:55:41.870006151Z"
    );
    assert_eq!(access[1].last_active_at, None);
    let groups = mara.groups.as_ref().expect("groups");
    assert_eq!(groups[0].id.as_str(), "g-1");
    assert_eq!(groups[1].name, None);
}

#[tokio::test]
async fn nulls_new_words_and_missing_members_survive() {
    let upstream = Upstream::start([answer(200, USERS)]).await;
    let page = upstream.client().search_users(&UserSearch::default()).await.expect("a page");
    let tiko = &page.items[1];
    assert_eq!(tiko.name, "tiko");
    assert_eq!(tiko.account_type, AccountType::Unknown);
    assert_eq!(tiko.status, UserStatus::Unknown);
    assert_eq!(tiko.membership_status, MembershipStatus::Suspended);
    assert_eq!(tiko.management_source, None);
    assert_eq!(tiko.added_to_org_at.expect("a date").to_string(), "2024-11-05T00:00:00Z");
    assert_eq!(tiko.groups.as_deref(), Some(&[][..]));
    let bare = &page.items[2];
    assert_eq!(bare.name, "qm:bare");
    assert_eq!(bare.account_status, AccountStatus::Unknown);
    assert_eq!(bare.product_access, None, "not told is not the same as never used");
    assert_eq!(bare.groups, None);
}

#[tokio::test]
async fn a_search_sends_every_member_and_only_those_that_are_set() {
    let upstream = Upstream::start([answer(200, USERS), answer(200, USERS)]).await;
    let client = upstream.client();
    client.search_users(&UserSearch::default()).await.expect("a page");
    let search = UserSearch {
        directory: None,
        limit: Some(100),
        cursor: Some("a/b+c=".to_owned()),
        expand: Expand::ALL,
        account_ids: vec!["a:1".into()],
        emails: vec!["mara@north.example".to_owned()],
        search_term: Some("ma".to_owned()),
        email_domains: vec!["north.example".to_owned()],
        directory_ids: vec!["dir-1".into()],
        group_ids: vec!["g-1".into()],
        resource_ids: vec!["ari:cloud:confluence::site/aa11".into()],
        role_ids: vec!["atlassian/user".into()],
        status: vec![UserStatus::ForDeletion, UserStatus::NotInvited],
        account_status: vec![AccountStatus::Inactive],
        membership_status: vec![MembershipStatus::NoMembership],
        claim_status: Some(ClaimStatus::Unmanaged),
        mfa_enabled: Some(false),
        sort_by_nickname: Some(OrderDirection::Desc),
    };
    client.search_users(&search).await.expect("a page");
    let received = upstream.received();
    assert_eq!(received[0].method, "POST");
    assert_eq!(received[0].target, "/admin/v2/orgs/o-1/directories/-/users/search");
    assert_eq!(received[0].header("authorization"), Some("Bearer organization-key-secret"));
    assert_eq!(received[0].header("content-type"), Some("application/json"));
    let agent = received[0].header("user-agent").expect("a user agent");
    assert_eq!(agent, concat!("headcount/", env!("CARGO_PKG_VERSION")));
    assert_eq!(received[0].json(), json!({}));
    assert_eq!(
        received[1].json(),
        json!({
            "limit": 100,
            "cursor": "a/b+c=",
            "expand": ["platformRoles", "counts.resources", "productAccess", "groups"],
            "accountIds": ["a:1"],
            "emails": ["mara@north.example"],
            "searchTerm": "ma",
            "emailDomains": ["north.example"],
            "directoryIds": ["dir-1"],
            "groupIds": ["g-1"],
            "resourceIds": ["ari:cloud:confluence::site/aa11"],
            "roleIds": ["atlassian/user"],
            "status": ["for_deletion", "not_invited"],
            "accountStatus": ["inactive"],
            "membershipStatus": ["no_membership"],
            "claimStatus": "unmanaged",
            "mfaEnabled": false,
            "sortBy": [{"field": "nick_name", "direction": "desc"}],
        })
    );
}

#[tokio::test]
async fn a_filter_by_the_unknown_is_refused_and_not_left_out() {
    let upstream = Upstream::start([]).await;
    let search = UserSearch { status: vec![UserStatus::Unknown], ..UserSearch::default() };
    let error = upstream.client().search_users(&search).await.expect_err("no such filter");
    assert_eq!(error.kind, ErrorKind::BadRequest);
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn an_unreadable_last_activity_is_unknown_and_not_never() {
    let body = r#"{"data":[{"accountId":"a","productAccess":[
        {"id":"ari:cloud:confluence::site/1","lastActiveTimestamp":"2026-01-01T00:00:00Z"},
        {"id":"ari:cloud:jira::site/1","lastActiveTimestamp":"last spring"}]}]}"#;
    let upstream = Upstream::start([answer(200, body)]).await;
    let page = upstream.client().search_users(&UserSearch::default()).await.expect("a page");
    assert_eq!(page.items[0].product_access, None);
}

#[tokio::test]
async fn without_the_search_a_plain_list_comes_from_the_deprecated_call() {
    let upstream = Upstream::start([answer(404, NO_OPERATION), answer(200, USERS)]).await;
    let search = UserSearch {
        limit: Some(20),
        cursor: Some("c/1".to_owned()),
        status: vec![UserStatus::Active, UserStatus::Suspended],
        mfa_enabled: Some(true),
        ..UserSearch::default()
    };
    let page = upstream.client().search_users(&search).await.expect("a page");
    assert_eq!(page.items.len(), 3);
    let second = &upstream.received()[1];
    assert_eq!(second.method, "GET");
    assert_eq!(
        second.target,
        "/admin/v2/orgs/o-1/directories/-/users?status=active&status=suspended&mfaEnabled=true\
         &limit=20&cursor=c%2F1"
    );
}

#[tokio::test]
async fn without_the_search_what_only_it_can_do_fails() {
    for search in [
        UserSearch { emails: vec!["m@n.example".to_owned()], ..UserSearch::default() },
        UserSearch {
            expand: Expand { groups: true, ..Expand::default() },
            ..UserSearch::default()
        },
    ] {
        let upstream = Upstream::start([answer(405, "{}")]).await;
        let error = upstream.client().search_users(&search).await.expect_err("no search");
        assert_eq!(error.status, Some(405));
        assert_eq!(upstream.count(), 1);
    }
}

#[tokio::test]
async fn an_organization_that_does_not_exist_is_not_asked_in_another_way() {
    let body = r#"{"errors":[{"status":"404","code":"ADMIN-404-2"}]}"#;
    let upstream = Upstream::start([answer(404, body)]).await;
    let search = UserSearch::default();
    let error = upstream.client().search_users(&search).await.expect_err("no organization");
    assert_eq!(error.code.as_deref(), Some("ADMIN-404-2"));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn people_are_counted_by_their_filters_alone() {
    let upstream = Upstream::start([answer(200, r#"{"count":412}"#)]).await;
    let search = UserSearch {
        limit: Some(10),
        cursor: Some("c".to_owned()),
        resource_ids: vec!["ari:cloud:confluence::site/aa11".into()],
        role_ids: vec!["atlassian/user".into()],
        ..UserSearch::default()
    };
    assert_eq!(upstream.client().count_users(&search).await.expect("a count"), 412);
    assert_eq!(
        upstream.one().target,
        "/admin/v2/orgs/o-1/directories/-/users/count\
         ?resourceIds=ari%3Acloud%3Aconfluence%3A%3Asite%2Faa11&roleIds=atlassian%2Fuser"
    );
}

#[tokio::test]
async fn statistics_add_up_what_is_unknown() {
    let upstream = Upstream::start([answer(200, STATISTICS)]).await;
    let statistics = upstream.client().user_statistics().await.expect("statistics");
    assert_eq!(statistics.account_status[&AccountStatus::Active], 6);
    assert_eq!(statistics.account_status[&AccountStatus::Unknown], 4);
    assert_eq!(statistics.roles["atlassian/user"], 5);
}

#[tokio::test]
async fn one_person_has_a_time_of_deactivation() {
    let upstream = Upstream::start([answer(200, USER)]).await;
    let account = AccountId::from("712020:go/ne");
    let user = upstream.client().user(&account).await.expect("an answer").expect("a user");
    assert_eq!(user.deactivated_at.expect("a time").to_string(), "2026-11-18T09:47:05.2Z");
    assert_eq!(user.status, UserStatus::ForDeletion);
    let target = upstream.one().target;
    assert_eq!(target, "/admin/v2/orgs/o-1/directories/-/users/712020%3Ago%2Fne");
}

#[tokio::test]
async fn nobody_is_an_answer() {
    let upstream = Upstream::start([answer(404, ""), answer(404, "")]).await;
    let client = upstream.client();
    assert_eq!(client.user(&"a".into()).await.expect("an answer"), None);
    assert_eq!(client.group(&"g".into()).await.expect("an answer"), None);
    assert_eq!(client.user(&"..".into()).await.expect("an answer"), None);
    assert_eq!(upstream.count(), 2);
}

#[tokio::test]
async fn roles_come_with_the_way_they_were_given() {
    let upstream = Upstream::start([answer(200, ROLES)]).await;
    let roles = upstream.client().user_role_assignments(&"a:1".into()).await.expect("roles");
    assert_eq!(roles[0].methods, [AssignmentMethod::Group, AssignmentMethod::Direct]);
    assert_eq!(roles[1].role.as_str(), "atlassian/admin");
    assert_eq!(roles[1].methods, [AssignmentMethod::Unknown]);
    assert_eq!(roles[2].role.as_str(), "atlassian/org-admin");
    assert_eq!(roles[2].methods, [], "the deprecated list does not tell");
    assert_eq!(roles[2].directory_id, None);
    let target = upstream.one().target;
    assert!(target.ends_with("/users/a%3A1/role-assignments?limit=100"), "{target}");
}

#[tokio::test]
async fn last_activity_is_put_together_from_all_pages() {
    let upstream = Upstream::start([answer(200, LAST_ACTIVE_1), answer(200, LAST_ACTIVE_2)]).await;
    let answer = upstream.client().last_active(&"a:1".into()).await.expect("an answer");
    let last_active = answer.expect("a member");
    assert_eq!(last_active.added_to_org_at.expect("a time").to_string(), "2021-04-12T08:30:11Z");
    let times: Vec<_> = last_active
        .product_access
        .iter()
        .map(|access| access.last_active_at.expect("a time").to_string())
        .collect();
    assert_eq!(times, ["2026-11-19T11:20:00Z", "2026-03-02T00:00:00Z"]);
    assert_eq!(
        upstream.received()[1].target,
        "/admin/v1/orgs/o-1/directory/users/a%3A1/last-active-dates?cursor=cD0x"
    );
}

#[tokio::test]
async fn managed_accounts_page_by_the_cursor_inside_the_address() {
    let upstream = Upstream::start([answer(200, MANAGED), answer(200, r#"{"data":[]}"#)]).await;
    let client = upstream.client();
    let page = client.managed_users(None).await.expect("a page");
    assert_eq!(page.next.as_deref(), Some("a/b="));
    let mara = &page.items[0];
    assert_eq!(mara.status, UserStatus::Active);
    let access = mara.product_access.as_ref().expect("access");
    assert_eq!(access[0].resource_id.as_str(), "north.atlassian.net");
    assert_eq!(access[0].key, "jira-service-desk");
    assert_eq!(page.items[1].status, UserStatus::Deactivated);
    assert_eq!(page.items[1].product_access, None);
    let page = client.managed_users(page.next.as_deref()).await.expect("a page");
    assert_eq!((page.items.len(), page.next), (0, None));
    assert_eq!(upstream.received()[1].target, "/admin/v1/orgs/o-1/users?cursor=a%2Fb%3D");
}

#[tokio::test]
async fn a_page_of_groups_holds_everything_that_upstream_tells() {
    let upstream = Upstream::start([answer(200, GROUPS)]).await;
    let search = GroupSearch {
        limit: Some(100),
        names: vec!["editors".to_owned()],
        expand_user_count: true,
        sort_by_name: Some(OrderDirection::Asc),
        ..GroupSearch::default()
    };
    let page = upstream.client().search_groups(&search).await.expect("a page");
    assert_eq!(page.next, None, "an empty cursor is the end");
    assert_eq!(page.items[0].user_count, Some(31));
    assert_eq!(page.items[0].is_modifiable, Some(false));
    assert_eq!(page.items[0].is_externally_synced, Some(true));
    assert_eq!(page.items[1].name, "g-2");
    assert_eq!(
        upstream.one().json(),
        json!({
            "limit": 100,
            "groupNames": ["editors"],
            "expand": ["counts.users"],
            "sortBy": [{"field": "name", "direction": "asc"}],
        })
    );
}

#[tokio::test]
async fn groups_are_counted_by_filters_that_a_count_can_take() {
    let upstream = Upstream::start([answer(200, r#"{"count":5}"#)]).await;
    let client = upstream.client();
    let by_name = GroupSearch { names: vec!["x".to_owned()], ..GroupSearch::default() };
    let error = client.count_groups(&by_name).await.expect_err("names cannot be counted");
    assert_eq!(error.kind, ErrorKind::BadRequest);
    let owners =
        GroupSearch { resource_owners: vec!["confluence".to_owned()], ..GroupSearch::default() };
    assert_eq!(client.count_groups(&owners).await.expect("a count"), 5);
    assert!(upstream.one().target.ends_with("/groups/count?resourceOwners=confluence"));
}

#[tokio::test]
async fn the_roles_of_a_group_name_their_default() {
    let upstream = Upstream::start([answer(200, GROUP_ROLES)]).await;
    let roles = upstream.client().group_roles(&"g-1".into()).await.expect("roles");
    assert_eq!(roles[0].default_role.as_ref().expect("a default").as_str(), "atlassian/user");
    assert_eq!(roles[1].resource_owner, "jira-software", "taken from the ARI");
    assert_eq!(roles[1].default_role, None);
}
