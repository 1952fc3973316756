use headcount::demo::PersonSummary;

/// Whether Atlassian's lists show the person: members of a directory and managed accounts, until they are closed.
pub(crate) fn is_listed(person: &PersonSummary) -> bool {
    person.account_status != "closed"
        && (person.is_managed || person.membership_status != "no_membership")
}

/// The account ids of those whom `is_wanted` picks out of the lists, in order.
pub(crate) fn listed(
    people: &[PersonSummary],
    is_wanted: impl Fn(&PersonSummary) -> bool,
) -> Vec<String> {
    let wanted = people.iter().filter(|person| is_listed(person) && is_wanted(person));
    let mut ids: Vec<String> = wanted.map(|person| person.account_id.clone()).collect();
    ids.sort();
    ids
}
