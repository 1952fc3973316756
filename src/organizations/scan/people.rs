mod look;

pub(in crate::organizations) use self::look::Person;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{
    AccountId, AccountStatus, AccountType, ClaimStatus, GroupId, ManagementSource,
    MembershipStatus, ProductAccess, ResourceId, RoleId, User, UserGroup, UserStatus,
};

/// People, kept compactly: a few hundred bytes each with groups, roles and last activity.
pub(in crate::organizations) struct People {
    rows: Vec<Row>,
    words: Vec<Box<str>>,
    groups: Vec<UserGroup>,
    products: Vec<(ResourceId, Box<str>)>,
    roles: Vec<RoleId>,
}

/// Stands for "no such text" where an index into `People::words` is expected.
const NONE: u32 = u32::MAX;

struct Row {
    /// Account id, name, nickname, e-mail and avatar, one behind the other.
    text: Box<str>,
    ends: [u32; TEXTS],
    /// Which of the texts were there at all.
    present: u8,
    flags: Flags,
    added_to_org_at: Option<Timestamp>,
    /// Job title, department, location, time zone: many people share them.
    shared: [u32; 4],
    resource_count: Option<u32>,
    /// `None` where upstream did not tell.
    products: Option<Box<[LastActive]>>,
    groups: Option<Box<[u32]>>,
    platform_roles: Option<Box<[u32]>>,
}

/// A product's number and when it was last used.
type LastActive = (u32, Option<Timestamp>);

const TEXTS: usize = 5;

#[derive(Clone, Copy)]
struct Flags {
    account_type: AccountType,
    status: UserStatus,
    account_status: AccountStatus,
    membership_status: MembershipStatus,
    claim_status: ClaimStatus,
    management_source: Option<ManagementSource>,
    is_email_verified: Option<bool>,
    is_mfa_enabled: Option<bool>,
}

/// Takes people in and gives [`People`].
#[derive(Default)]
pub(super) struct PeopleBuilder {
    rows: Vec<Row>,
    words: Interner<Box<str>>,
    groups: Interner<GroupId>,
    group_rows: Vec<UserGroup>,
    products: Interner<(ResourceId, Box<str>)>,
    roles: Interner<RoleId>,
}

struct Interner<T>(HashMap<T, u32>);

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: std::hash::Hash + Eq> Interner<T> {
    fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(NONE - 1);
        *self.0.entry(value).or_insert(next)
    }

    fn into_list(self) -> Vec<T> {
        let mut pairs: Vec<(T, u32)> = self.0.into_iter().collect();
        pairs.sort_unstable_by_key(|(_, number)| *number);
        pairs.into_iter().map(|(value, _)| value).collect()
    }
}

impl PeopleBuilder {
    pub(super) fn push(&mut self, user: &User) {
        let texts = [
            Some(user.account_id.as_str()),
            Some(user.name.as_str()),
            user.nickname.as_deref(),
            user.email.as_deref(),
            user.avatar_url.as_deref(),
        ];
        let mut text = String::with_capacity(texts.iter().flatten().map(|part| part.len()).sum());
        let mut ends = [0; TEXTS];
        let mut present = 0;
        for (index, part) in texts.into_iter().enumerate() {
            if let Some(part) = part {
                text.push_str(part);
                present |= 1 << index;
            }
            ends[index] = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        let shared = [&user.job_title, &user.department, &user.location, &user.time_zone]
            .map(|word| word.as_deref().map_or(NONE, |word| self.words.number(word.into())));
        let row = Row {
            text: text.into_boxed_str(),
            ends,
            present,
            flags: Flags::of(user),
            added_to_org_at: user.added_to_org_at,
            shared,
            resource_count: user.resource_count,
            products: user.product_access.as_ref().map(|list| self.products(list)),
            groups: user.groups.as_ref().map(|list| self.groups(list)),
            platform_roles: user
                .platform_roles
                .as_ref()
                .map(|list| list.iter().map(|role| self.roles.number(role.clone())).collect()),
        };
        self.rows.push(row);
    }

    fn products(&mut self, list: &[ProductAccess]) -> Box<[LastActive]> {
        list.iter()
            .map(|access| {
                let product = (access.resource_id.clone(), access.key.as_str().into());
                (self.products.number(product), access.last_active_at)
            })
            .collect()
    }

    fn groups(&mut self, list: &[UserGroup]) -> Box<[u32]> {
        list.iter()
            .map(|group| {
                let number = self.groups.number(group.id.clone());
                if number as usize == self.group_rows.len() {
                    self.group_rows.push(group.clone());
                }
                number
            })
            .collect()
    }

    pub(super) fn finish(mut self) -> People {
        self.rows.shrink_to_fit();
        People {
            rows: self.rows,
            words: self.words.into_list(),
            groups: self.group_rows,
            products: self.products.into_list(),
            roles: self.roles.into_list(),
        }
    }
}

impl Flags {
    fn of(user: &User) -> Self {
        Self {
            account_type: user.account_type,
            status: user.status,
            account_status: user.account_status,
            membership_status: user.membership_status,
            claim_status: user.claim_status,
            management_source: user.management_source,
            is_email_verified: user.is_email_verified,
            is_mfa_enabled: user.is_mfa_enabled,
        }
    }
}

impl People {
    pub(in crate::organizations) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What the rows take, in bytes.
    pub(in crate::organizations) fn bytes(&self) -> usize {
        let row = |row: &Row| {
            size_of::<Row>()
                + row.text.len()
                + row.products.as_ref().map_or(0, |list| size_of_val::<[_]>(list))
                + row.groups.as_ref().map_or(0, |list| size_of_val::<[_]>(list))
                + row.platform_roles.as_ref().map_or(0, |list| size_of_val::<[_]>(list))
        };
        let tables = self.words.len() * 48 + self.groups.len() * 160 + self.products.len() * 120;
        self.rows.iter().map(row).sum::<usize>() + tables
    }

    /// The person in a row, whole again.
    pub(in crate::organizations) fn user(&self, index: usize) -> Option<User> {
        let row = self.rows.get(index)?;
        let owned = |text: usize| row.part(text).map(str::to_owned);
        let word = |number: u32| self.words.get(number as usize).map(ToString::to_string);
        let [job_title, department, location, time_zone] = row.shared.map(word);
        Some(User {
            account_id: AccountId::from(row.part(0).unwrap_or_default()),
            account_type: row.flags.account_type,
            status: row.flags.status,
            account_status: row.flags.account_status,
            membership_status: row.flags.membership_status,
            claim_status: row.flags.claim_status,
            management_source: row.flags.management_source,
            name: owned(1).unwrap_or_default(),
            nickname: owned(2),
            email: owned(3),
            is_email_verified: row.flags.is_email_verified,
            is_mfa_enabled: row.flags.is_mfa_enabled,
            added_to_org_at: row.added_to_org_at,
            deactivated_at: None,
            job_title,
            department,
            location,
            time_zone,
            avatar_url: owned(4),
            platform_roles: row.platform_roles.as_deref().map(|list| pick(&self.roles, list)),
            resource_count: row.resource_count,
            product_access: row.products.as_deref().map(|list| self.product_access(list)),
            groups: row.groups.as_deref().map(|list| pick(&self.groups, list)),
        })
    }

    fn product_access(&self, list: &[LastActive]) -> Vec<ProductAccess> {
        list.iter()
            .filter_map(|(number, last_active_at)| {
                let (resource_id, key) = self.products.get(*number as usize)?;
                Some(ProductAccess {
                    resource_id: resource_id.clone(),
                    key: key.to_string(),
                    last_active_at: *last_active_at,
                })
            })
            .collect()
    }

    /// The product instances that anybody has access to.
    pub(super) fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.products.iter().map(|(resource, _)| resource)
    }

    pub(super) fn account_id(&self, index: usize) -> &str {
        self.rows.get(index).and_then(|row| row.part(0)).unwrap_or_default()
    }

    /// The name that upstream orders by: the nickname, else the name.
    pub(super) fn nickname(&self, index: usize) -> &str {
        let row = self.rows.get(index);
        row.and_then(|row| row.part(2).or_else(|| row.part(1))).unwrap_or_default()
    }

    pub(super) fn email(&self, index: usize) -> Option<&str> {
        self.rows.get(index)?.part(3)
    }

    pub(super) fn added_to_org_at(&self, index: usize) -> Option<Timestamp> {
        self.rows.get(index)?.added_to_org_at
    }

    /// Whether the person used nothing since an instant, or never did. Of whom nothing is told, this is not known and
    /// not claimed.
    pub(super) fn is_inactive_since(&self, index: usize, cutoff: Timestamp) -> bool {
        let is_told = self.rows.get(index).is_some_and(|row| row.products.is_some());
        is_told && self.last_active_at(index).is_none_or(|at| at < cutoff)
    }

    pub(super) fn last_active_at(&self, index: usize) -> Option<Timestamp> {
        self.rows.get(index)?.products.iter().flatten().filter_map(|(_, at)| *at).max()
    }
}

fn pick<T: Clone>(table: &[T], numbers: &[u32]) -> Vec<T> {
    numbers.iter().filter_map(|number| table.get(*number as usize).cloned()).collect()
}

impl Row {
    fn part(&self, index: usize) -> Option<&str> {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        let is_present = self.present & (1 << index) != 0;
        is_present.then(|| self.text.get(begin..self.ends[index] as usize)).flatten()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::organizations::scan) fn person() -> User {
        User {
            account_id: AccountId::from("557058:2b7e"),
            account_type: AccountType::Person,
            status: UserStatus::Active,
            account_status: AccountStatus::Active,
            membership_status: MembershipStatus::Active,
            claim_status: ClaimStatus::Managed,
            management_source: Some(ManagementSource::Synced),
            name: "Bén Okafor".into(),
            nickname: None,
            email: Some("ben@acme.example".into()),
            is_email_verified: Some(true),
            is_mfa_enabled: None,
            added_to_org_at: Some("2021-04-12T08:30:11Z".parse().unwrap()),
            deactivated_at: None,
            job_title: Some("Engineer".into()),
            department: None,
            location: Some("London".into()),
            time_zone: None,
            avatar_url: Some(String::new()),
            platform_roles: Some(vec![RoleId::from("atlassian/org-admin")]),
            resource_count: Some(3),
            product_access: Some(vec![ProductAccess {
                resource_id: ResourceId::from("ari:cloud:confluence::site/1"),
                key: "confluence".into(),
                last_active_at: Some("2026-03-02T07:55:41.870006151Z".parse().unwrap()),
            }]),
            groups: Some(vec![UserGroup {
                id: GroupId::from("g1"),
                name: Some("confluence-users".into()),
                description: None,
            }]),
        }
    }

    #[test]
    fn a_person_comes_out_of_the_rows_as_they_went_in() {
        let mut builder = PeopleBuilder::default();
        let bare = User {
            account_id: AccountId::from("bare"),
            email: None,
            avatar_url: None,
            product_access: None,
            groups: None,
            platform_roles: None,
            resource_count: None,
            job_title: None,
            ..person()
        };
        builder.push(&person());
        builder.push(&bare);
        let rows = builder.finish();
        assert_eq!(rows.user(0), Some(person()));
        assert_eq!(rows.user(1), Some(bare));
        assert_eq!(rows.user(2), None);
    }
}
