/// People whom the operator names: those to protect, or those that are robots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleList {
    /// Account ids.
    pub accounts: Vec<String>,
    /// Whole e-mail addresses, in any case; one `*` stands for any part, as in `svc-*@acme.example`.
    pub emails: Vec<String>,
    /// E-mail domains.
    pub domains: Vec<String>,
    /// Groups, by id or name.
    pub groups: Vec<String>,
}

/// What a list may name somebody by.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The account id.
    pub account_id: &'a str,
    /// The e-mail address; `None` where it is hidden, and then no list names it.
    pub email: Option<&'a str>,
    /// Whether a group of theirs is on the list.
    pub is_in_group: bool,
}

impl PeopleList {
    /// Whether a group is on the list.
    #[must_use]
    pub fn names_group(&self, id: &str, name: Option<&str>) -> bool {
        self.groups.iter().any(|group| {
            group == id || name.is_some_and(|name| group.to_lowercase() == name.to_lowercase())
        })
    }

    /// Whether somebody is on the list.
    #[must_use]
    pub fn names(&self, person: Named<'_>) -> bool {
        if person.is_in_group || self.accounts.iter().any(|account| account == person.account_id) {
            return true;
        }
        let Some(email) = person.email else { return false };
        if self.emails.is_empty() && self.domains.is_empty() {
            return false;
        }
        let email = email.to_lowercase();
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        self.emails.iter().any(|pattern| is_like(&email, &pattern.to_lowercase()))
            || self
                .domains
                .iter()
                .any(|named| domain == Some(named.trim_start_matches('@').to_lowercase().as_str()))
    }
}

fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(account_id: &'a str, email: Option<&'a str>) -> Named<'a> {
        Named { account_id, email, is_in_group: false }
    }

    #[test]
    fn somebody_is_named_by_account_address_domain_pattern_or_group() {
        let list = PeopleList {
            accounts: vec!["a-1".into()],
            emails: vec!["Boss@Acme.example".into(), "svc-*@acme.example".into()],
            domains: vec!["Board.example".into()],
            groups: vec!["Break-Glass".into(), "g-1".into()],
        };
        assert!(list.names(named("a-1", None)));
        assert!(list.names(named("x", Some("boss@acme.EXAMPLE"))));
        assert!(list.names(named("x", Some("svc-build@acme.example"))));
        assert!(list.names(named("x", Some("ada@board.example"))));
        assert!(list.names(Named { is_in_group: true, ..named("x", None) }));
        assert!(list.names_group("g-1", None) && list.names_group("g-9", Some("break-glass")));
        for other in
            [None, Some("ada@acme.example"), Some("svc-@acme.exampl"), Some("board.example")]
        {
            assert!(!list.names(named("x", other)), "{other:?}");
        }
    }

    #[test]
    fn an_empty_list_names_nobody() {
        assert!(!PeopleList::default().names(named("", Some(""))));
        assert!(!PeopleList::default().names_group("", Some("")));
    }
}
