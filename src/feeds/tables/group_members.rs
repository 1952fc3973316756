use futures_util::FutureExt;

use super::{OF_THE_SCAN, STATUS, status, users::print};
use crate::{
    auth::Permission,
    feeds::{
        Column, Table, Value,
        content::{Asked, Content, Opened, Rows, Sink},
        table::{AS_OF, Filter},
    },
    organizations::PeopleSnapshot,
};

pub(super) static TABLE: Table = Table {
    name: "group_members",
    description: "One row a person and group that the person is in.",
    permission: Permission::ReadDirectory,
    cost: OF_THE_SCAN,
    own_columns: &COLUMNS,
    filters: &[Filter::named("group", "group_id"), Filter::by("group_name"), Filter::by("status")],
    dated_by: None,
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 7] = [
    Column::text("account_id", "The Atlassian account").key(),
    Column::text("group_id", "The group").key(),
    Column::text("group_name", "The group's name; null where Atlassian hides it").nullable(),
    Column::text("name", "The person's full name").personal(),
    Column::text("email", "The person's e-mail address; null where the profile hides it")
        .personal(),
    Column::text("status", "The person, as the admin console shows it").one_of(&STATUS),
    AS_OF,
];

struct Members(PeopleSnapshot);

async fn open(asked: Asked) -> Opened {
    let people = asked.organization.people(asked.feeds.wait()).await?;
    Ok(Content {
        version: print(&people).version(),
        read_at: Some(people.freshness().fetched_at),
        rows: Box::new(Members(people)),
    })
}

impl Rows for Members {
    fn things(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        0
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let Some(user) = self.0.user(thing) else { return };
        let account = Value::from(user.account_id.as_str());
        let (name, email) = (Value::from(user.name), Value::from(user.email));
        for group in user.groups.into_iter().flatten() {
            sink.push([
                account.clone(),
                group.id.as_str().into(),
                group.name.into(),
                name.clone(),
                email.clone(),
                status(user.status).into(),
                self.0.freshness().fetched_at.into(),
            ]);
        }
    }
}
