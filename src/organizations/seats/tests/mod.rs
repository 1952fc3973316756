//! Thirty people, counted by hand: every kind of holder, and everybody who holds nothing.

mod remedy;
mod thirty;
mod untold;

use self::thirty::{
    BITBUCKET, CONFLUENCE, DESK, JIRA, LATELY, LOOM, NOW, SANDBOX, at, elsewhere, parts, person,
    report, report_of, seats, thirty_people,
};
use super::{LicenseReport, Seats, join::Correction};
use crate::domain::{
    LicensePeople, LicenseRow, ResourceId, SeatFigures, SeatSource, User, UserStatus,
};

fn row<'a>(report: &'a LicenseReport, ari: &str) -> &'a LicenseRow {
    report.rows.iter().find(|row| row.product.resource_id.as_str() == ari).unwrap()
}

/// used; active, inactive, never used, unknown; needed, reclaimable; robots, protected, newcomers.
fn figures(all: [u64; 10]) -> SeatFigures {
    let [
        used,
        active,
        inactive,
        never_used,
        unknown,
        needed,
        reclaimable,
        robots,
        protected,
        newcomers,
    ] = all.map(Some);
    SeatFigures {
        used,
        active,
        inactive,
        never_used,
        unknown,
        needed,
        reclaimable,
        robots,
        protected,
        newcomers,
    }
}

#[test]
fn the_seats_of_thirty_people_are_those_counted_by_hand() {
    let report = report();
    let jira = row(&report, JIRA);
    // Active: ada fay gus yul cat dov; inactive: ben hal; never: cem dia lea ned; unknown: eli.
    assert_eq!(jira.seats, figures([13, 6, 2, 4, 1, 10, 3, 1, 1, 1]));
    assert_eq!((jira.purchased, jira.purchased_source), (Some(20), SeatSource::Upstream));
    assert_eq!((jira.available(), jira.utilization()), (Some(7), Some(0.65)));
    assert_eq!((jira.suspended, jira.counted_by_atlassian), (1, Some(14)));
    assert_eq!(jira.notes.len(), 2, "20 and 25 seats, 13 and 14 people: {:?}", jira.notes);

    let confluence = row(&report, CONFLUENCE);
    // Active: fay ida kim uma yul; inactive: gus mia; never: hal. Jon is a guest, val and dov were there once.
    assert_eq!(confluence.seats, figures([8, 5, 2, 1, 0, 6, 2, 0, 1, 0]));
    assert_eq!(
        (confluence.purchased, confluence.purchased_source),
        (Some(15), SeatSource::Configured)
    );
    assert!(confluence.notes.is_empty(), "{:?}", confluence.notes);

    let desk = row(&report, DESK);
    assert_eq!(desk.seats, figures([3, 1, 1, 1, 0, 1, 2, 0, 0, 0]));
    assert_eq!((desk.purchased, desk.purchased_source), (None, SeatSource::Unlimited));
    assert_eq!((desk.available(), desk.utilization()), (None, None));

    let loom = row(&report, LOOM);
    let untold = SeatFigures {
        used: Some(2),
        unknown: Some(2),
        robots: Some(0),
        protected: Some(0),
        ..SeatFigures::default()
    };
    assert_eq!(loom.seats, untold);
    assert_eq!((loom.purchased, loom.available()), (Some(5), Some(3)));

    let sandbox = row(&report, SANDBOX);
    assert_eq!(sandbox.seats, figures([1, 1, 0, 0, 0, 1, 0, 0, 0, 0]));
    assert_eq!((sandbox.purchased_source, sandbox.cost.as_ref()), (SeatSource::Unknown, None));
    assert!(sandbox.notes.iter().any(|note| note.starts_with("A sandbox")), "{:?}", sandbox.notes);
    assert_eq!(row(&report, BITBUCKET).seats, figures([1, 1, 0, 0, 0, 1, 0, 0, 0, 0]));
}

#[test]
fn what_they_cost_is_what_was_worked_out_by_hand() {
    let report = report();
    let told = |ari| {
        let cost = row(&report, ari).cost.as_ref().unwrap();
        let money = |amount: Option<rust_decimal::Decimal>| amount.map(|amount| amount.to_string());
        let (unit, on) = (money(cost.unit_price), cost.saving_effective_on.unwrap().to_string());
        (unit, money(cost.monthly_cost).unwrap(), money(cost.monthly_waste).unwrap(), on)
    };
    // 10 x 8 + 3 x 6, of which the three at 6 are idle.
    assert_eq!(told(JIRA), (None, "98.00".into(), "18.00".into(), "2026-12-15".into()));
    // 15 bought at 60 a year less a tenth, of which 6 are needed.
    let confluence = (Some("4.5".into()), "67.50".into(), "40.50".into(), "2027-03-01".into());
    assert_eq!(told(CONFLUENCE), confluence);
    assert_eq!(row(&report, DESK).cost, None);
    let sums: Vec<_> = report
        .totals
        .iter()
        .map(|of| {
            (of.currency.as_deref(), of.people, of.purchased, of.used, of.needed, of.reclaimable)
        })
        .collect();
    let expected = [
        (Some("EUR"), Some(8), Some(15), 8, Some(6), Some(2)),
        (Some("USD"), Some(13), Some(20), 13, Some(10), Some(3)),
        // wes xia yul, zoe abe, cat: of two products it is known who is idle.
        (None, Some(6), None, 6, Some(2), Some(2)),
    ];
    assert_eq!(sums, expected);
    assert_eq!(report.totals[2].products_without_activity, 1);
}

#[test]
fn everybody_counts_once_whatever_they_hold() {
    let expected = LicensePeople {
        listed: 30,
        with_seat: 21,
        suspended: 1,
        deactivated: 1,
        not_invited: 1,
        for_deletion: 1,
        robots: 2,
        protected: 2,
    };
    assert_eq!(report().people, expected);
}

#[test]
fn the_reclaim_list_is_those_by_hand_with_the_longest_idle_first() {
    let seats = seats();
    let list = |ari: &str| -> Vec<(String, String)> {
        let resource = ResourceId::from(ari);
        let rows = seats.reclaimable(&resource, 90, at(NOW)).into_iter();
        let found = rows.map(|row| seats.candidate(&resource, row, at(NOW)).unwrap());
        found.map(|one| (one.user.name.clone(), one.remedy)).collect()
    };
    let jira = list(JIRA);
    let names: Vec<&str> = jira.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cem", "ben", "hal"]);
    assert!(jira[0].1.contains("\"jira-users\" (a default group of Jira"), "{}", jira[0].1);
    assert!(
        jira[2].1.contains("all 2 groups") && jira[2].1.contains("takes Confluence"),
        "{}",
        jira[2].1
    );
    let confluence = list(CONFLUENCE);
    assert_eq!(confluence.len(), 2);
    assert_eq!(confluence[0].0, "hal");
    assert!(confluence[1].1.contains("identity provider"), "{}", confluence[1].1);
    assert!(list(LOOM).is_empty(), "of nobody there is it known");
}

#[test]
fn the_rows_of_everybodys_access_add_up_to_the_same_seats() {
    let seats = seats();
    let rows = || (0..seats.len()).flat_map(|row| seats.product_access(row, 90, at(NOW)));
    let of =
        |ari: &str| rows().filter(|row| row.resource_id.as_str() == ari && row.holds_seat).count();
    assert_eq!([JIRA, CONFLUENCE, DESK, LOOM, SANDBOX, BITBUCKET].map(of), [13, 8, 3, 2, 1, 1]);
    let jon = rows().find(|row| row.account_id == "jon").unwrap();
    assert!(!jon.holds_seat && jon.is_by_group && jon.product_key == "confluence");
    let uma = rows().find(|row| row.account_id == "uma").unwrap();
    assert!(uma.holds_seat && !uma.is_by_group && uma.last_active_at.is_some());
}

#[test]
fn whom_headcount_suspended_a_moment_ago_holds_no_seat() {
    let people = thirty_people();
    let row_of = |name: &str| {
        u32::try_from(people.iter().position(|user| user.name == name).unwrap()).unwrap()
    };
    let correction = |status, lost: &[&str]| Correction {
        is_gone: false,
        status,
        lost: lost.iter().map(|ari| ResourceId::from(*ari)).collect(),
    };
    let mut parts = parts(&people);
    parts.corrections.insert(row_of("ada"), correction(UserStatus::Suspended, &[]));
    parts.corrections.insert(row_of("fay"), correction(UserStatus::Active, &[JIRA]));
    let report = report_of(vec![("acme", "o-1", Seats::new(parts))]);
    let jira = row(&report, JIRA);
    assert_eq!((jira.seats.used, jira.suspended), (Some(11), 2));
    assert_eq!(row(&report, CONFLUENCE).seats.used, Some(8));
    assert_eq!(report.people.suspended, 2);
}

#[test]
fn whoever_lost_one_product_a_moment_ago_gains_no_seat_of_another() {
    let people = thirty_people();
    let row_of = |name: &str| {
        u32::try_from(people.iter().position(|user| user.name == name).unwrap()).unwrap()
    };
    let mut parts = parts(&people);
    for name in ["dov", "val", "fay", "ida"] {
        let lost = vec![ResourceId::from(JIRA)];
        let correction = Correction { status: UserStatus::Active, lost, is_gone: false };
        parts.corrections.insert(row_of(name), correction);
    }
    let mut seats = Seats::new(parts);
    let used = |seats: &Seats, ari: &str| {
        seats.instances[seats.instance(&ari.into()).unwrap()].holders.len()
    };
    // Dov and fay lose theirs; what dov and val once used of Confluence is no seat again.
    assert_eq!((used(&seats, JIRA), used(&seats, CONFLUENCE)), (11, 8));
    let listed = |names: &[&str]| Some(names.iter().map(|name| row_of(name)).collect());
    let (jira, confluence) = (seats.instance(&JIRA.into()), seats.instance(&CONFLUENCE.into()));
    // Fay is still on Jira's list, which was read before; ida is not on Confluence's.
    seats.exact[jira.unwrap()] = listed(&["ada", "fay"]);
    seats.exact[confluence.unwrap()] = listed(&["fay", "gus"]);
    seats.count_everybody();
    assert_eq!((used(&seats, JIRA), used(&seats, CONFLUENCE)), (1, 2));
}

#[test]
fn a_list_of_nobody_does_not_count_where_somebody_is_counted() {
    let mut seats = seats();
    let [jira, desk] = [JIRA, DESK].map(|ari| seats.instance(&ari.into()).unwrap());
    seats.learn_holders(jira, std::collections::HashSet::new());
    seats.learn_holders(desk, std::collections::HashSet::new());
    seats.count_everybody();
    let report = report_of(vec![("acme", "o-1", seats)]);
    let jira = row(&report, JIRA);
    assert_eq!(jira.seats, figures([13, 6, 2, 4, 1, 10, 3, 1, 1, 1]));
    let is_told = |note: &String| note.starts_with("Asked for the 14 whom it counts");
    assert_eq!(jira.notes.iter().filter(|note| is_told(note)).count(), 1, "{:?}", jira.notes);
    // Of which nobody is counted: there the list of nobody is the answer.
    assert_eq!(row(&report, DESK).seats.used, Some(0));
}

#[test]
fn one_person_in_two_organizations_is_paid_twice_where_the_address_is_verified() {
    let other = |name: &str, email: &str, is_email_verified| User {
        account_id: format!("other-{name}").into(),
        email: Some(email.to_owned()),
        is_email_verified,
        ..person(name, &["jira-users", "confluence-users"], &[(JIRA, LATELY)])
    };
    let people = [
        other("ada", "ADA@acme.example", Some(true)),
        other("ben", "ben@acme.example", Some(false)),
        // The same account, whose address is hidden here.
        User { email: None, ..person("ida", &["confluence-users"], &[]) },
        // Protected and suspended in the first: no seat there.
        other("oda", "oda@acme.example", Some(true)),
    ];
    let report = report_of(vec![("acme", "o-1", seats()), ("two", "o-2", elsewhere(&people))]);
    let twice = report.paid_twice();
    let found: Vec<_> = twice
        .iter()
        .map(|one| {
            let users = one.users.iter().map(|(id, user)| (id.as_str(), user.account_id.as_str()));
            (one.product_key.as_str(), users.collect::<Vec<_>>())
        })
        .collect();
    let expected = [
        ("confluence", vec![("acme", "ida"), ("two", "ida")]),
        ("jira-software", vec![("acme", "ada"), ("two", "other-ada")]),
    ];
    assert_eq!(found, expected);
    let used = |of: &str| {
        let rows = report.rows.iter().filter(|row| row.product.resource_id.as_str() == of);
        rows.map(|row| (row.integration.as_str(), row.seats.used.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(used(JIRA), [("acme", 13)]);
    assert_eq!(used("ari:cloud:jira-software::site/9"), [("two", 3)]);
    let dollars = report.totals.iter().find(|sum| sum.currency.as_deref() == Some("USD")).unwrap();
    assert_eq!((dollars.used, dollars.people), (16, Some(16)), "they are two seats");
    assert_eq!(dollars.purchased, Some(40));
}

#[test]
fn a_product_id_that_two_organizations_have_is_two_products() {
    let report = report_of(vec![("acme", "o-1", seats()), ("two", "o-2", seats())]);
    assert_eq!(report.rows.len(), 12);
    let dollars = report.totals.iter().find(|sum| sum.currency.as_deref() == Some("USD")).unwrap();
    assert_eq!((dollars.used, dollars.reclaimable, dollars.people), (26, Some(6), Some(26)));
}

#[test]
fn two_integrations_of_one_organization_count_everything_once() {
    let report = report_of(vec![("acme", "o-1", seats()), ("again", "o-1", seats())]);
    assert_eq!(report.rows.len(), 6);
    assert_eq!(report.people.listed, 30);
    assert_eq!(report.totals[1].people, Some(13));
    assert!(report.paid_twice().is_empty());
}
