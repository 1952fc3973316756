//! What frees a seat, and what else goes with it.

use super::{CONFLUENCE, JIRA, NOW, Seats, at, parts, person, thirty::LONG_AGO};
use crate::{domain::GroupId, organizations::Candidate};

/// Somebody in these groups who does not use Jira.
fn idle(groups: &[&str], unread: &[&str]) -> Candidate {
    let mut seats = Seats::new(parts(&[person("ada", groups, &[(JIRA, LONG_AGO)])]));
    let unread: Vec<GroupId> = unread.iter().map(|group| GroupId::from(*group)).collect();
    seats.tell_of_unread(&unread);
    seats.candidate(&JIRA.into(), 0, at(NOW)).unwrap()
}

fn others(groups: &[&str]) -> Vec<Vec<String>> {
    idle(groups, &[]).groups.into_iter().map(|group| group.other_products).collect()
}

#[test]
fn what_another_group_of_theirs_grants_is_not_lost_with_the_first() {
    // There is a sandbox of Confluence too, so that the name alone would not say which.
    let confluence = ["Confluence on acme.atlassian.net"];
    assert_eq!(others(&["everybody"]), [confluence]);
    assert_eq!(others(&["everybody", "confluence-users"]), [Vec::<String>::new()]);
    // A guest may do less than who holds a seat.
    assert_eq!(others(&["everybody", "guests"]), [confluence]);
    // Both groups have to be left.
    assert_eq!(others(&["everybody", "visitors"]), [confluence, confluence]);
}

#[test]
fn access_without_a_seat_goes_with_the_group_too() {
    assert_eq!(others(&["visitors"]), [["Confluence on acme.atlassian.net"]]);
    assert_eq!(others(&["visitors", "guests"]), [Vec::<String>::new()]);
    assert_eq!(others(&["visitors", "confluence-users"]), [Vec::<String>::new()]);
    assert_eq!(others(&["wide"]), [["Bitbucket", "Jira administration"]]);
}

#[test]
fn a_group_that_could_not_be_read_is_told_to_who_is_in_it() {
    let unread = "another group of theirs, whose roles could not be read, grants it too";
    let direct = "unless a role was also given to them directly";
    let told = |groups: &[&str], of: &[&str]| idle(groups, of).remedy;
    let plain = told(&["jira-users"], &[]);
    assert!(plain.ends_with(&format!("That frees the seat {direct}.")), "{plain}");
    let inside = told(&["jira-users", "secret"], &["secret"]);
    assert!(inside.ends_with(&format!("{direct}, or {unread}.")), "{inside}");
    assert_eq!(told(&["jira-users"], &["secret"]), plain);
    let known = idle(&["jira-users", "secret"], &["secret"]).remedy_with(true);
    assert!(known.contains("and revoke the role on Jira that was also given to them"), "{known}");
    assert!(known.ends_with(&format!("unless {unread}.")) && !known.contains(direct), "{known}");
}

#[test]
fn what_could_not_be_read_is_told_of_suspended_people_too() {
    let mut seats = Seats::new(parts(&[person("ada", &["secret"], &[])]));
    seats.tell_of_unread(&["secret".into()]);
    let instance = seats.instance(&CONFLUENCE.into()).unwrap();
    let notes = &seats.instances[instance].sources.notes;
    assert!(notes[0].ends_with("and so are suspended people who would have one."), "{notes:?}");
}
