//! The thirty people, their groups, the products and the prices.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    super::super::LicenseSettings,
    super::{
        LicenseReport, Seats,
        gather::Parts,
        report::Reading,
        sources::{CountedBy, Sources},
    },
};
use crate::{
    domain::{
        AccountStatus, AccountType, Billing, ClaimStatus, ConfiguredSeats, Credentials, Freshness,
        FreshnessSource, Group, GroupId, GroupRoles, MembershipStatus, Price, PriceList, Product,
        ProductAccess, Rate, ResourceId, RoleId, Tier, User, UserGroup, UserStatus,
    },
    integrations::{Integration, Origin},
    licenses::PeopleList,
};

pub(super) const NOW: &str = "2026-11-22T09:00:00Z";

pub(super) const JIRA: &str = "ari:cloud:jira-software::site/1";
pub(super) const CONFLUENCE: &str = "ari:cloud:confluence::site/1";
pub(super) const DESK: &str = "ari:cloud:jira-servicedesk::site/1";
pub(super) const LOOM: &str = "ari:cloud:loom::site/1";
pub(super) const SANDBOX: &str = "ari:cloud:confluence::site/2";
pub(super) const BITBUCKET: &str = "ari:cloud:bitbucket::workspace/3";

/// In no list of products.
const ADMINISTRATION: &str = "ari:cloud:jira-admin::site/1";

/// Resource, role, and whether the group is the product's default.
type Grant = (&'static str, &'static str, bool);

/// Group, and what it grants.
pub(super) const GRANTS: [(&str, &[Grant]); 11] = [
    ("jira-users", &[(JIRA, "atlassian/user", true)]),
    ("jira-admins", &[(JIRA, "atlassian/admin", false)]),
    ("confluence-users", &[(CONFLUENCE, "atlassian/user", true)]),
    ("everybody", &[(JIRA, "atlassian/user", false), (CONFLUENCE, "atlassian/user", false)]),
    ("guests", &[(CONFLUENCE, "atlassian/guest", false)]),
    ("desk", &[(DESK, "atlassian/user", true)]),
    ("loomers", &[(LOOM, "atlassian/user", true)]),
    ("sandbox", &[(SANDBOX, "atlassian/user", true)]),
    ("developers", &[(BITBUCKET, "atlassian/user", true)]),
    ("visitors", &[(JIRA, "atlassian/user", false), (CONFLUENCE, "atlassian/guest", false)]),
    (
        "wide",
        &[
            (JIRA, "atlassian/user", false),
            (BITBUCKET, "atlassian/user", false),
            (ADMINISTRATION, "atlassian/admin", false),
        ],
    ),
];

/// A day in reach of the ninety days, and one that is not.
pub(super) const LATELY: &str = "2026-11-20";
pub(super) const LONG_AGO: &str = "2026-03-02";

/// Somebody who has been there since 2021, in these groups, with this activity.
pub(super) fn person(name: &str, groups: &[&str], activity: &[(&str, &str)]) -> User {
    let group = |id: &&str| UserGroup {
        id: GroupId::from(*id),
        name: Some((*id).to_owned()),
        description: None,
    };
    // User search names Jira by its umbrella.
    let access = |(resource, day): &(&str, &str)| ProductAccess {
        resource_id: ResourceId::from(resource.replace(":jira-software:", ":jira:").as_str()),
        key: "as upstream spells it".to_owned(),
        last_active_at: Some(at(&format!("{day}T12:00:00Z"))),
    };
    User {
        account_id: name.into(),
        account_type: AccountType::Person,
        status: UserStatus::Active,
        account_status: AccountStatus::Active,
        membership_status: MembershipStatus::Active,
        claim_status: ClaimStatus::Managed,
        management_source: None,
        name: name.to_owned(),
        nickname: None,
        email: Some(format!("{name}@acme.example")),
        is_email_verified: Some(true),
        is_mfa_enabled: None,
        added_to_org_at: Some(at("2021-04-12T08:00:00Z")),
        deactivated_at: None,
        job_title: None,
        department: None,
        location: None,
        time_zone: None,
        avatar_url: None,
        platform_roles: Some(Vec::new()),
        resource_count: None,
        product_access: Some(activity.iter().map(access).collect()),
        groups: Some(groups.iter().map(group).collect()),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn thirty_people() -> Vec<User> {
    let with_status = |status, user| User { status, ..user };
    let counting = |count, user| User { resource_count: Some(count), ..user };
    vec![
        person("ada", &["jira-users"], &[(JIRA, LATELY)]),
        person("ben", &["jira-users"], &[(JIRA, LONG_AGO)]),
        person("cem", &["jira-users"], &[]),
        // A newcomer.
        User {
            added_to_org_at: Some(at("2026-11-10T00:00:00Z")),
            ..person("dia", &["jira-users"], &[])
        },
        // Of whom no activity is told at all.
        User { product_access: None, ..person("eli", &["jira-users"], &[]) },
        // Two products.
        person("fay", &["everybody"], &[(JIRA, LATELY), (CONFLUENCE, LATELY)]),
        person("gus", &["everybody"], &[(JIRA, LATELY), (CONFLUENCE, LONG_AGO)]),
        person("hal", &["everybody", "jira-users"], &[(JIRA, LONG_AGO)]),
        person("ida", &["confluence-users"], &[(CONFLUENCE, LATELY)]),
        // A guest, and somebody who is a guest and more.
        person("jon", &["guests"], &[(CONFLUENCE, LATELY)]),
        person("kim", &["guests", "confluence-users"], &[(CONFLUENCE, LATELY)]),
        // A robot, and two protected people, by group and by domain.
        User {
            email: Some("svc-build@acme.example".into()),
            ..person("lea", &["jira-users"], &[])
        },
        person("mia", &["confluence-users", "break-glass"], &[(CONFLUENCE, LONG_AGO)]),
        User { email: Some("ned@board.example".into()), ..person("ned", &["jira-users"], &[]) },
        with_status(UserStatus::Suspended, person("oda", &["everybody"], &[(JIRA, LATELY)])),
        with_status(UserStatus::Deactivated, person("pia", &["jira-users"], &[(JIRA, LATELY)])),
        with_status(UserStatus::ForDeletion, person("quy", &[], &[])),
        with_status(UserStatus::NotInvited, person("rae", &[], &[])),
        User {
            account_type: AccountType::App,
            ..person("sam", &["jira-users"], &[(JIRA, LATELY)])
        },
        User { account_type: AccountType::Customer, ..person("tom", &["desk"], &[]) },
        // A role of her own: no group explains what she uses.
        counting(1, person("uma", &[], &[(CONFLUENCE, LATELY)])),
        // Used it once, and may use nothing any more.
        counting(0, person("val", &[], &[(CONFLUENCE, "2023-01-01")])),
        person("wes", &["desk"], &[(DESK, LATELY)]),
        person("xia", &["desk"], &[(DESK, LONG_AGO)]),
        person("yul", &["desk", "everybody"], &[(JIRA, LATELY), (CONFLUENCE, LATELY)]),
        person("zoe", &["loomers"], &[]),
        person("abe", &["loomers"], &[]),
        person("bob", &["sandbox"], &[(SANDBOX, LATELY)]),
        person("cat", &["developers", "jira-admins"], &[(BITBUCKET, LATELY), (JIRA, LATELY)]),
        // May use one product, which a group explains: what is told of the other is from before.
        counting(1, person("dov", &["jira-users"], &[(JIRA, LATELY), (CONFLUENCE, "2024-05-05")])),
    ]
}

pub(super) fn product(ari: &str, name: &str) -> Product {
    let resource_id = ResourceId::from(ari);
    let owner = resource_id.owner().unwrap().to_owned();
    Product {
        key: owner.clone(),
        name: name.to_owned(),
        instance_name: None,
        host_url: (ari != BITBUCKET).then(|| "https://acme.atlassian.net".to_owned()),
        status: None,
        capacity: None,
        usage: None,
        is_sandbox: ari == SANDBOX,
        plan: None,
        created_at: None,
        owner,
        resource_id,
    }
}

pub(super) fn seats() -> Seats {
    Seats::new(parts(&thirty_people()))
}

/// What was read of an organization with these people.
pub(super) fn parts(people: &[User]) -> Parts {
    let products = [
        (
            product(JIRA, "Jira"),
            Sources {
                jira_seats: Some(20),
                capacity: Some(25),
                counted: Some((14, CountedBy::Jira)),
                ..Sources::default()
            },
        ),
        (
            product(CONFLUENCE, "Confluence"),
            Sources { counted: Some((8, CountedBy::Roles)), ..Sources::default() },
        ),
        (
            product(DESK, "Service Management"),
            Sources { jira_is_unlimited: true, ..Sources::default() },
        ),
        (product(LOOM, "Loom"), Sources { capacity: Some(5), ..Sources::default() }),
        (product(SANDBOX, "Confluence"), Sources::default()),
        (
            product(BITBUCKET, "Bitbucket"),
            Sources {
                capacity: Some(10),
                counted: Some((3, CountedBy::Products)),
                ..Sources::default()
            },
        ),
    ];
    let (products, sources) = products.into_iter().map(|(p, s)| (Arc::new(p), s)).unzip();
    let given = |(resource, role, is_default): &(&str, &str, bool)| GroupRoles {
        resource_id: ResourceId::from(*resource),
        resource_owner: String::new(),
        roles: vec![RoleId::from(*role)],
        default_role: is_default.then(|| RoleId::from(*role)),
    };
    let roles = GRANTS.iter().map(|(group, grants)| {
        (GroupId::from(*group), Arc::new(grants.iter().map(given).collect()))
    });
    let groups = GRANTS.iter().map(|(group, _)| (GroupId::from(*group), Arc::new(named(group))));
    Parts {
        scan: Arc::new(crate::organizations::scan::Scan::of(people)),
        products,
        sources,
        groups: Arc::new(groups.collect()),
        roles: roles.collect(),
        protected: PeopleList {
            domains: vec!["board.example".into()],
            groups: vec!["Break-Glass".into()],
            ..PeopleList::default()
        },
        robots: PeopleList { emails: vec!["svc-*@acme.example".into()], ..PeopleList::default() },
        corrections: HashMap::new(),
        read_at: at(NOW),
    }
}

/// The seats of people in another organization, which has the same products on a site of its own.
pub(super) fn elsewhere(people: &[User]) -> Seats {
    let other = |id: &ResourceId| ResourceId::from(id.as_str().replace("/1", "/9").as_str());
    let moved =
        |access: ProductAccess| ProductAccess { resource_id: other(&access.resource_id), ..access };
    let people: Vec<User> = people
        .iter()
        .cloned()
        .map(|user| User {
            product_access: user.product_access.map(|list| list.into_iter().map(moved).collect()),
            ..user
        })
        .collect();
    let mut parts = parts(&people);
    for product in &mut parts.products {
        let product = Arc::make_mut(product);
        product.resource_id = other(&product.resource_id);
    }
    for given in parts.roles.values_mut().flat_map(Arc::make_mut) {
        given.resource_id = other(&given.resource_id);
    }
    Seats::new(parts)
}

pub(super) fn named(group: &str) -> Group {
    Group {
        id: GroupId::from(group),
        name: group.to_owned(),
        description: None,
        directory_id: None,
        managed_by: None,
        is_externally_synced: Some(group == "everybody"),
        is_modifiable: None,
        user_count: None,
        resource_count: None,
    }
}

pub(super) fn settings() -> LicenseSettings {
    let price = |product: &str, currency: &str, rate, billing, discount: i64| Price {
        product: product.to_owned(),
        integration: None,
        site: None,
        plan: None,
        currency: currency.to_owned(),
        rate,
        billing,
        discount_percent: discount.into(),
    };
    let tiers =
        vec![Tier { up_to: Some(10), price: 8.into() }, Tier { up_to: None, price: 6.into() }];
    let annual = Billing::Annual { renews_on: Some("2025-03-01".parse().unwrap()) };
    LicenseSettings {
        prices: PriceList(vec![
            price(
                "jira-software",
                "USD",
                Rate::Graduated(tiers),
                Billing::Monthly { day: Some(15) },
                0,
            ),
            price("confluence", "EUR", Rate::PerSeat(60.into()), annual, 10),
        ]),
        seats: vec![ConfiguredSeats {
            product: "confluence".to_owned(),
            integration: Some("acme".to_owned()),
            site: None,
            seats: 15,
        }],
        ..LicenseSettings::default()
    }
}

pub(super) fn report() -> LicenseReport {
    report_of(vec![("acme", "o-1", seats())])
}

/// The report of several organizations, each with its integration.
pub(super) fn report_of(all: Vec<(&str, &str, Seats)>) -> LicenseReport {
    let (integrations, readings): (Vec<_>, Vec<_>) = all
        .into_iter()
        .map(|(id, of, seats)| (integration(id, of), reading(id, of, seats)))
        .unzip();
    let outcomes = integrations.iter().zip(readings.into_iter().map(Ok)).collect();
    LicenseReport::of(outcomes, &settings(), 90, at(NOW))
}

fn integration(id: &str, organization: &str) -> Arc<Integration> {
    let credentials = Credentials {
        admin_email: "it@acme.example".to_owned(),
        api_token: SecretString::from("t"),
        admin_url: "https://acme.atlassian.net".parse().unwrap(),
        organization_id: organization.into(),
        organization_api_key: SecretString::from("k"),
    };
    Arc::new(Integration {
        id: id.into(),
        label: "Acme".to_owned(),
        credentials: Arc::new(credentials),
        origin: Origin::Stored,
        api_key_expires_on: None,
        api_token_expires_on: None,
        created_at: at(NOW),
        last_validated_at: None,
        checks: Vec::new(),
        version: 1,
        is_read_only: false,
    })
}

fn reading(id: &str, organization: &str, seats: Seats) -> Reading {
    Reading {
        integration: id.into(),
        organization: organization.into(),
        seats: Arc::new(seats),
        freshness: Freshness {
            fetched_at: at(NOW),
            source: FreshnessSource::Live,
            is_stale: false,
            upstream_lag: None,
        },
    }
}
