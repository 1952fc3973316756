use futures_util::FutureExt;

use super::{ACCOUNT_TYPE, OF_THE_SCAN, STATUS, UNKNOWN, account_type, status};
use crate::{
    auth::Permission,
    feeds::{
        Column, Kind, Table,
        content::{Asked, Content, Fingerprint, Opened, Rows, Sink},
        table::{AS_OF, Filter},
    },
    organizations::PeopleSnapshot,
};

pub(super) static TABLE: Table = Table {
    name: "users",
    description: "One row a person of an organization.",
    permission: Permission::ReadDirectory,
    cost: OF_THE_SCAN,
    own_columns: &COLUMNS,
    filters: &[Filter::by("status"), Filter::by("claim_status"), Filter::by("account_type")],
    dated_by: None,
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 23] = [
    Column::text("account_id", "The Atlassian account").key(),
    Column::text("account_type", "What kind of account it is").one_of(&ACCOUNT_TYPE),
    Column::text("name", "The full name").personal(),
    Column::text("nickname", "The public name").personal(),
    Column::text("email", "The e-mail address; null where the profile hides it").personal(),
    Column::new("is_email_verified", Kind::Boolean, "Whether the person proved to own the address")
        .nullable(),
    Column::text("status", "What the admin console shows").one_of(&STATUS),
    Column::text("account_status", "The account, everywhere at Atlassian")
        .one_of(&["active", "inactive", "closed", UNKNOWN]),
    Column::text("membership_status", "The person inside the organization").one_of(&[
        "active",
        "suspended",
        "no_membership",
        UNKNOWN,
    ]),
    Column::text("claim_status", "Whether the organization manages the account").one_of(&[
        "managed",
        "unmanaged",
        UNKNOWN,
    ]),
    Column::text("management_source", "How a managed account came in")
        .nullable()
        .one_of(&["invited", "synced", UNKNOWN]),
    Column::new(
        "is_mfa_enabled",
        Kind::Boolean,
        "Two-step verification; told of managed accounts only",
    )
    .nullable(),
    Column::new("added_to_org_at", Kind::Instant, "When the person came into the organization")
        .nullable(),
    Column::new(
        "last_active_at",
        Kind::Instant,
        "The latest activity in any product, up to 24 hours late; null where there is none",
    )
    .nullable(),
    Column::text("job_title", "Of the profile").nullable(),
    Column::text("department", "Of the profile").nullable(),
    Column::text("location", "Of the profile").nullable(),
    Column::text("time_zone", "The IANA name").nullable(),
    Column::new(
        "product_count",
        Kind::Integer,
        "Product instances that the person has access to; null where that was not told",
    )
    .nullable(),
    Column::new(
        "group_count",
        Kind::Integer,
        "Groups that the person is in; null where that was not told",
    )
    .nullable(),
    Column::new(
        "resource_count",
        Kind::Integer,
        "Resources that the person can use at this moment",
    )
    .nullable(),
    Column::new(
        "is_org_admin",
        Kind::Boolean,
        "Whether the person administers the organization; null where that was not told",
    )
    .nullable(),
    AS_OF,
];

struct People(PeopleSnapshot);

async fn open(asked: Asked) -> Opened {
    let people = asked.organization.people(asked.feeds.wait()).await?;
    Ok(Content {
        version: print(&people).version(),
        read_at: Some(people.freshness().fetched_at),
        rows: Box::new(People(people)),
    })
}

/// The version of what is made from a scan. Its number is told from another process' by the instant.
pub(super) fn print(people: &PeopleSnapshot) -> Fingerprint {
    let read_at = people.freshness().fetched_at;
    let print = Fingerprint::default().with(format!("{} {read_at}", people.number()));
    people.corrected().fold(print, |print, corrected| print.with(format!("{corrected:?}")))
}

impl Rows for People {
    fn things(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        0
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let Some(user) = self.0.user(thing) else { return };
        let is_admin = |roles: &Vec<crate::domain::RoleId>| {
            roles.iter().any(|role| role.as_str() == "atlassian/org-admin")
        };
        let last_active_at = user.last_active_at();
        sink.push([
            user.account_id.as_str().into(),
            account_type(user.account_type).into(),
            user.name.into(),
            user.nickname.into(),
            user.email.into(),
            user.is_email_verified.into(),
            status(user.status).into(),
            user.account_status.word().unwrap_or(UNKNOWN).into(),
            user.membership_status.word().unwrap_or(UNKNOWN).into(),
            user.claim_status.word().unwrap_or(UNKNOWN).into(),
            user.management_source.map(|source| source.word().unwrap_or(UNKNOWN)).into(),
            user.is_mfa_enabled.into(),
            user.added_to_org_at.into(),
            last_active_at.into(),
            user.job_title.into(),
            user.department.into(),
            user.location.into(),
            user.time_zone.into(),
            user.product_access.as_ref().map(Vec::len).into(),
            user.groups.as_ref().map(Vec::len).into(),
            user.resource_count.into(),
            user.platform_roles.as_ref().map(is_admin).into(),
            self.0.freshness().fetched_at.into(),
        ]);
    }
}
