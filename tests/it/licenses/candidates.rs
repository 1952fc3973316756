//! Whose seat can be taken back, and who may see it.

use headcount::auth::Permission;
use serde_json::json;

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
    let mut unexplained = 0;
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
                    let remedy = node["remedy"].as_str().expect("a remedy");
                    for group in groups {
                        assert!(remedy.contains(group["name"].as_str().expect("a name")), "{node}");
                    }
                }
            }
            unexplained +=
                u64::from(node["remedy"].as_str().is_some_and(|text| text.starts_with("Revoke")));
        }
        let instants =
            since.iter().map(|text| text.parse::<jiff::Timestamp>().expect("an instant"));
        assert!(instants.collect::<Vec<_>>().is_sorted(), "the longest idle first: {since:?}");
    }
    assert!(calls.of("GET", USER_ROLES) <= unexplained, "only whom no group explains: {calls:?}");
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
    let unique: std::collections::BTreeSet<&String> = found.iter().collect();
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
