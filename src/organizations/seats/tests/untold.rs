//! What is not known where Atlassian tells less than it could.

use super::{
    CONFLUENCE, DESK, JIRA, Seats, User, at, figures, parts, report_of, row, thirty_people,
};
use crate::{
    domain::{LicenseRow, ProductAccess, SeatFigures},
    organizations::seats::LicenseReport,
};

/// The report of the thirty people, whose activity is told otherwise.
fn told(change: impl Fn(Vec<ProductAccess>) -> Vec<ProductAccess>) -> LicenseReport {
    let changed = |user: User| User { product_access: user.product_access.map(&change), ..user };
    let people: Vec<User> = thirty_people().into_iter().map(changed).collect();
    report_of(vec![("acme", "o-1", Seats::new(parts(&people)))])
}

fn is_unknown(row: &LicenseRow) -> bool {
    let of = row.seats;
    let told = [of.active, of.inactive, of.never_used, of.needed, of.reclaimable, of.newcomers];
    told.iter().all(Option::is_none) && of.used == of.unknown && of.used.is_some()
}

#[test]
fn where_nobodys_activity_is_told_nobody_is_idle() {
    let silent = told(|_| Vec::new());
    let without_days = told(|list| {
        list.into_iter().map(|one| ProductAccess { last_active_at: None, ..one }).collect()
    });
    for (report, used) in [(silent, 7), (without_days, 8)] {
        assert!(is_unknown(row(&report, JIRA)), "{:?}", row(&report, JIRA).seats);
        let confluence = row(&report, CONFLUENCE);
        assert_eq!((confluence.seats.used, is_unknown(confluence)), (Some(used), true));
        let cost = confluence.cost.as_ref().unwrap();
        assert!(cost.monthly_cost.is_some() && cost.monthly_waste.is_none(), "{cost:?}");
        let note = "Atlassian tells no activity of anybody in this product";
        assert!(confluence.notes.iter().any(|one| one.starts_with(note)), "{:?}", confluence.notes);
        let seats = report.seats(&"acme".into()).unwrap();
        assert!(seats.reclaimable(&JIRA.into(), 0, at("2026-11-22T09:00:00Z")).is_empty());
    }
}

#[test]
fn what_may_be_told_as_jiras_is_not_never_used() {
    let is_desk = |one: &ProductAccess| one.resource_id.as_str() == DESK;
    // The thirty people's Jira is told under its umbrella.
    let without_desk = told(|list| list.into_iter().filter(|one| !is_desk(one)).collect());
    assert!(is_unknown(row(&without_desk, DESK)), "{:?}", row(&without_desk, DESK).seats);
    assert_eq!(row(&without_desk, JIRA).seats, figures([13, 6, 2, 4, 1, 10, 3, 1, 1, 1]));
    let spelled_out = told(|list| {
        let each = list.into_iter().filter(|one| !is_desk(one));
        each.map(|one| ProductAccess { resource_id: one.resource_id.canonical(), ..one }).collect()
    });
    assert_eq!(row(&spelled_out, DESK).seats, figures([3, 0, 0, 3, 0, 0, 3, 0, 0, 0]));
    let by_key = told(|list| {
        let each = list.into_iter().filter(|one| !is_desk(one));
        let spelled =
            each.map(|one| ProductAccess { resource_id: one.resource_id.canonical(), ..one });
        spelled.map(|one| ProductAccess { key: "jira".into(), ..one }).collect()
    });
    assert!(is_unknown(row(&by_key, DESK)), "{:?}", row(&by_key, DESK).seats);
}

#[test]
fn who_came_at_a_time_that_is_not_told_keeps_what_they_never_used() {
    let mut people = thirty_people();
    for user in &mut people {
        if user.name == "cem" || user.name == "ben" {
            user.added_to_org_at = None;
        }
    }
    let report = report_of(vec![("acme", "o-1", Seats::new(parts(&people)))]);
    let jira = row(&report, JIRA).seats;
    // Cem never used it; ben left it in March, whenever he came.
    let expected = SeatFigures { needed: Some(11), reclaimable: Some(2), ..jira };
    assert_eq!((jira, jira.newcomers), (expected, Some(1)));
    let seats = report.seats(&"acme".into()).unwrap();
    let now = at("2026-11-22T09:00:00Z");
    let listed = seats.reclaimable(&JIRA.into(), 90, now).into_iter();
    let names =
        listed.map(|row| seats.candidate(&JIRA.into(), row, now).unwrap().user.name.clone());
    assert_eq!(names.collect::<Vec<_>>(), ["ben", "hal"]);
}
