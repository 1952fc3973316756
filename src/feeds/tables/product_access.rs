use futures_util::FutureExt;

use super::{STATUS, UNKNOWN, status, users::print};
use crate::{
    auth::Permission,
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Content, Rows, Sink},
        products::{PRODUCT, Products},
        table::{AS_OF, Filter},
    },
    organizations::{PeopleSnapshot, Result},
};

pub(super) static TABLE: Table = Table {
    name: "product_access",
    description: "One row a person and product instance that the person has access to.",
    permission: Permission::ReadLicenses,
    cost: "one request for the products",
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("product", "product_key"),
        Filter::by("resource_id"),
        Filter::by("status"),
        Filter::by("claim_status"),
        Filter::by("is_sandbox"),
    ],
    dated_by: None,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 13] = [
    Column::text("account_id", "The Atlassian account").key(),
    Column::text("resource_id", "The product instance").key(),
    Column::text("name", "The person's full name").personal(),
    Column::text("email", "The person's e-mail address; null where the profile hides it")
        .personal(),
    Column::text("status", "The person, as the admin console shows it").one_of(&STATUS),
    Column::text("claim_status", "Whether the organization manages the account").one_of(&[
        "managed",
        "unmanaged",
        UNKNOWN,
    ]),
    PRODUCT[0],
    PRODUCT[1],
    PRODUCT[2],
    PRODUCT[3],
    PRODUCT[4],
    Column::new(
        "last_active_at",
        Kind::Instant,
        "The last activity in it, up to 24 hours late; null where the person never used it",
    )
    .nullable(),
    AS_OF,
];

struct Access {
    people: PeopleSnapshot,
    products: Products,
}

async fn open(asked: Asked) -> Result<Content> {
    let people = asked.organization.people(asked.feeds.wait()).await?;
    let products = Products::of(&asked.organization, people.resources()).await?;
    Ok(Content {
        version: products.print(print(&people)).version(),
        read_at: Some(people.freshness().fetched_at.min(products.read_at)),
        rows: Box::new(Access { people, products }),
    })
}

impl Rows for Access {
    fn things(&self) -> usize {
        self.people.len()
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let Some(user) = self.people.user(thing) else { return };
        let account = Value::from(user.account_id.as_str());
        let (name, email) = (Value::from(user.name), Value::from(user.email));
        for access in user.product_access.into_iter().flatten() {
            let [key, product, site, site_url, is_sandbox] =
                self.products.values(Some(&access.resource_id));
            sink.push([
                account.clone(),
                access.resource_id.as_str().into(),
                name.clone(),
                email.clone(),
                status(user.status).into(),
                user.claim_status.word().unwrap_or(UNKNOWN).into(),
                key,
                product,
                site,
                site_url,
                is_sandbox,
                access.last_active_at.into(),
                self.people.freshness().fetched_at.into(),
            ]);
        }
    }
}
