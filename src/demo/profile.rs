//! What an organization's people are called, and where they are reached: put together on demand.

use super::{
    generate::names::{FAMILY, GIVEN, JOBS, TOWNS, Town, address_part},
    organization::Organization,
    person::{AccountState, Person, Traits},
};

/// What a field of the profile answers with.
pub(super) enum Shown {
    Text(String),
    /// Never filled in.
    Missing,
}

impl Shown {
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Missing => None,
        }
    }
}

impl Person {
    pub(super) fn name(&self) -> String {
        if self.state == AccountState::Closed {
            return "Former user".to_owned();
        }
        if let Some(name) = corrected(self, |written| written.name.as_ref()) {
            return name;
        }
        format!("{} {}", given(self), family(self))
    }

    pub(super) fn nickname(&self) -> String {
        if self.state == AccountState::Closed {
            return "Former user".to_owned();
        }
        if let Some(nickname) = corrected(self, |written| written.nickname.as_ref()) {
            return nickname;
        }
        if self.is(Traits::OWN_NICKNAME) {
            return address_part(given(self));
        }
        self.name()
    }

    pub(super) fn job_title(&self) -> Shown {
        let generated = JOBS[usize::from(self.job)].0;
        shown(self, generated, |written| written.job_title.as_ref())
    }

    pub(super) fn department(&self) -> Shown {
        let generated = JOBS[usize::from(self.job)].1;
        shown(self, generated, |written| written.department.as_ref())
    }

    pub(super) fn location(&self) -> Shown {
        shown(self, town(self).name, |written| written.location.as_ref())
    }

    pub(super) fn time_zone(&self) -> Shown {
        shown(self, town(self).zone, |written| written.time_zone.as_ref())
    }

    pub(super) fn locale(&self) -> String {
        corrected(self, |written| written.locale.as_ref())
            .unwrap_or_else(|| town(self).locale.to_owned())
    }

    pub(super) fn picture(&self) -> String {
        let initial = |name: &str| name.chars().next().unwrap_or('X');
        let (first, second) = if self.state == AccountState::Closed {
            ('F', 'U')
        } else {
            (initial(given(self)), initial(family(self)))
        };
        let letters: String = [first, second].into_iter().collect();
        format!(
            "https://avatars.example.net/initials/{}-{}.png",
            address_part(&letters).to_uppercase(),
            self.town % 6
        )
    }
}

impl Organization {
    /// The address in lower case, shown to others or not; a closed account has none.
    pub(super) fn email(&self, person: &Person) -> Option<String> {
        if person.state == AccountState::Closed {
            return None;
        }
        if let Some(email) = corrected(person, |written| written.email.as_ref()) {
            return Some(email.to_lowercase());
        }
        let mut local = address_part(given(person));
        local.push('.');
        local.push_str(&address_part(family(person)));
        if person.number > 0 {
            local.push_str(&(person.number + 1).to_string());
        }
        Some(format!("{local}@{}", self.email_domain(person)))
    }

    /// The address where the profile shows it.
    pub(super) fn shown_email(&self, person: &Person) -> Option<String> {
        if person.is(Traits::EMAIL_HIDDEN) { None } else { self.email(person) }
    }

    pub(super) fn email_domain(&self, person: &Person) -> String {
        match corrected(person, |written| written.email.as_ref()) {
            Some(email) => {
                email.split_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default()
            }
            None => self.domains[usize::from(person.domain)].name.to_owned(),
        }
    }

    pub(super) fn employer(&self, person: &Person) -> Shown {
        shown(person, self.name, |written| written.organization.as_ref())
    }
}

pub(super) fn town(person: &Person) -> &'static Town {
    &TOWNS[usize::from(person.town)]
}

fn given(person: &Person) -> &'static str {
    GIVEN[usize::from(person.given)]
}

fn family(person: &Person) -> &'static str {
    FAMILY[usize::from(person.family)]
}

fn corrected(
    person: &Person,
    field: impl Fn(&super::person::Corrections) -> Option<&String>,
) -> Option<String> {
    person.corrections.as_deref().and_then(field).cloned()
}

fn shown(
    person: &Person,
    generated: &str,
    field: impl Fn(&super::person::Corrections) -> Option<&String>,
) -> Shown {
    match corrected(person, field) {
        Some(text) => Shown::Text(text),
        None if person.is(Traits::SPARSE) || person.state == AccountState::Closed => Shown::Missing,
        None => Shown::Text(generated.to_owned()),
    }
}
