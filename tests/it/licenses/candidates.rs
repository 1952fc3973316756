//! Whose seat can be taken back, and who may see it.

use std::collections::BTreeSet;

use headcount::{
    auth::Permission,
    demo::{Fault, FaultKind},
};
use serde_json::{Value, json};

use super::number;
use crate::support::TestGateway;

const USER_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/role-assignments";

const CANDIDATES: &str = "query($in: [ID!], $first: Int, $after: String) {
    licenseUsage(integrations: $in) { rows { reclaimable product { resourceId }
        reclaimCandidates(first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor }
            edges { cursor node { lastActiveAt reason reasonCode remedy
                user { accountId name addedToOrgAt }
                grantedBy { source role { key } product { resourceId }
                    groups { name isDefaultAccess isExternallySynced } } } } } } } }";

#[tokio::test]
async fn the_reclaim_list_names_person_reason_and_what_grants_the_seat() {
    let gateway = TestGateway::start(150).await;
    let reader = gateway.reader();
    let variables = json!({"in": [gateway.integration(0)], "first": 100});
    let (answer, calls) = gateway.counted(reader.ask_with(CANDIDATES, variables)).await;
    let mut asked = BTreeSet::new();
    for row in answer.list("/licenseUsage/rows") {
        let edges = row["reclaimCandidates"]["edges"].as_array().expect("edges");
        assert_eq!(edges.len() as u64, number(row, "reclaimable"));
        assert_eq!(row["reclaimCandidates"]["totalCount"], row["reclaimable"]);
        let mut since: Vec<&str> = Vec::new();
        for node in edges.iter().map(|edge| &edge["node"]) {
            let last = node["lastActiveAt"].as_str();
            assert_eq!(node["reasonCode"], if last.is_some() { "INACTIVE" } else { "NEVER_USED" });
            since.push(last.or(node["user"]["addedToOrgAt"].as_str()).expect("an instant"));
            let granted = node["grantedBy"].as_array().expect("what grants it");
            assert!(!granted.is_empty(), "{node}");
            for one in granted {
                assert_eq!(one["product"]["resourceId"], row["product"]["resourceId"], "{node}");
                if one["source"] == "GROUP" {
                    let groups = one["groups"].as_array().expect("groups");
                    assert!(!groups.is_empty(), "{node}");
                    let remedy = node["remedy"].as_str().expect("a remedy");
                    for group in groups {
                        assert!(remedy.contains(group["name"].as_str().expect("a name")), "{node}");
                    }
                }
            }
            if edges.len() <= 3 || node["remedy"].as_str().expect("a remedy").starts_with("Revoke")
            {
                asked.insert(node["user"]["accountId"].to_string());
            }
        }
        let instants =
            since.iter().map(|text| text.parse::<jiff::Timestamp>().expect("an instant"));
        assert!(instants.collect::<Vec<_>>().is_sorted(), "the longest idle first: {since:?}");
    }
    let told = "only those of small pages and those whom no group explains";
    assert_eq!(calls.of("GET", USER_ROLES), asked.len() as u64, "{told}: {calls:?}");
}

fn replace(from: &str, to: &str) -> FaultKind {
    FaultKind::Replace { from: from.to_owned(), to: to.to_owned() }
}

/// The candidates for Jira's seats in a page of so many.
async fn of_jira(gateway: &TestGateway, first: u32) -> Vec<Value> {
    let variables = json!({"in": [gateway.integration(0)], "first": first});
    let answer = gateway.reader().ask_with(CANDIDATES, variables).await;
    let edges = answer.list("/licenseUsage/rows")[0]["reclaimCandidates"]["edges"].clone();
    edges.as_array().expect("edges").iter().map(|edge| edge["node"].clone()).collect()
}

#[tokio::test]
async fn a_role_beside_the_group_is_named_in_a_small_page_and_not_denied_in_a_large_one() {
    let gateway = TestGateway::start(200).await;
    // Everybody has each role twice: through a group, and as one of their own.
    let twice = replace("[\"group_direct\"]", "[\"direct\",\"group_direct\"]");
    gateway.atlassian.add_fault(Fault::new(twice).on("GET", USER_ROLES));
    let large = of_jira(&gateway, 50).await;
    let by_group = |node: &Value| {
        node["remedy"].as_str().is_some_and(|remedy| remedy.starts_with("Take them out of"))
    };
    let large: Vec<&Value> = large.iter().filter(|node| by_group(node)).collect();
    assert!(large.len() > 3, "{}", large.len());
    for node in large {
        let remedy = node["remedy"].as_str().expect("a remedy");
        assert!(
            remedy.ends_with("That frees the seat unless a role was also given to them directly."),
            "{node}"
        );
        let sources = node["grantedBy"].as_array().expect("roles").iter();
        assert!(sources.into_iter().all(|role| role["source"] == "GROUP"), "{node}");
    }
    let small = of_jira(&gateway, 3).await;
    assert_eq!(small.len(), 3);
    assert!(small.iter().any(by_group), "{small:?}");
    for node in small.iter().filter(|node| by_group(node)) {
        let remedy = node["remedy"].as_str().expect("a remedy");
        let own = "and revoke the role on Jira that was also given to them directly.";
        assert!(remedy.ends_with(own), "{node}");
        let roles = node["grantedBy"].as_array().expect("roles");
        let mut sources: Vec<&str> =
            roles.iter().map(|role| role["source"].as_str().expect("a word")).collect();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources, ["DIRECT", "GROUP"], "{node}");
    }
}

#[tokio::test]
async fn groups_are_found_however_their_roles_spell_the_product() {
    let gateway = TestGateway::start(200).await;
    let umbrella = replace("ari:cloud:jira-software::", "ari:cloud:jira::");
    let roles = "groups/{groupId}/role-assignments";
    gateway.atlassian.add_fault(Fault::new(umbrella).on("GET", roles));
    let mut named = 0;
    for node in of_jira(&gateway, 50).await {
        for role in node["grantedBy"].as_array().expect("roles") {
            if role["source"] == "GROUP" {
                assert!(!role["groups"].as_array().expect("groups").is_empty(), "{node}");
                named += 1;
            }
        }
    }
    assert!(named > 3, "{named}");
}

#[tokio::test]
async fn the_reclaim_list_is_paged_and_a_cursor_is_good_for_its_list_alone() {
    let gateway = TestGateway::start(300).await;
    let reader = gateway.reader();
    let query = "query($in: [ID!], $after: String, $days: Int) {
        licenseUsage(integrations: $in, inactiveForDays: $days) { rows { reclaimable
            reclaimCandidates(first: 7, after: $after) {
                edges { cursor node { user { accountId } } } pageInfo { hasNextPage endCursor } } } } }";
    let pointer = "/licenseUsage/rows/0/reclaimCandidates";
    let mut found = Vec::new();
    let mut variables = json!({"in": [gateway.integration(0)], "after": null});
    loop {
        let answer = reader.ask_with(query, variables.clone()).await;
        let edges = answer.at(pointer)["edges"].as_array().expect("edges").clone();
        found.extend(edges.iter().map(|edge| edge["node"]["user"]["accountId"].to_string()));
        let info = &answer.at(pointer)["pageInfo"];
        // The cursor of one product's list is none of the others'.
        let strangers = if variables["after"].is_null() { 0 } else { 11 };
        assert_eq!(answer.codes(), vec!["CURSOR_INVALID"; strangers], "{}", answer.text);
        if info["hasNextPage"] == json!(false) {
            assert_eq!(
                found.len() as u64,
                number(answer.at("/licenseUsage/rows/0"), "reclaimable")
            );
            break;
        }
        variables["after"] = info["endCursor"].clone();
    }
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len());
    variables["days"] = json!(30);
    let answer = reader.ask_with(query, variables).await;
    assert!(answer.at(pointer).is_null(), "other days, another list");
}

#[tokio::test]
async fn whoever_may_read_licences_alone_sees_figures_and_no_people() {
    let gateway = TestGateway::start(60).await;
    let query = "{ licenseUsage { rows { used reclaimCandidates { nodes { user { email } } } }
        paidTwiceCount paidTwice { productKey users { email } } } }";
    let answer = gateway.ask(&[Permission::ReadLicenses], query).await;
    assert!(answer.at("/licenseUsage/rows/0/used").is_u64());
    assert!(answer.codes().iter().all(|code| *code == "FORBIDDEN") && !answer.codes().is_empty());
    for person in gateway.atlassian.people(0) {
        assert!(person.email.is_none_or(|email| !answer.text.contains(&email)));
    }
    let (answer, calls) = gateway
        .counted(gateway.ask(&[Permission::ReadDirectory], "{ licenseUsage { rows { used } } }"))
        .await;
    assert_eq!((answer.codes(), calls.total()), (vec!["FORBIDDEN"], 0));
}
