use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::{OF_THE_SEATS, STATUS, UNKNOWN, status, users::print};
use crate::{
    auth::Permission,
    domain::SeatUse,
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Content, Opened, Rows, Sink},
        products::{PRODUCT, Products},
        table::{AS_OF, Filter},
    },
    organizations::{PeopleSnapshot, ProductAccessRow, Seats},
};

pub(super) static TABLE: Table = Table {
    name: "product_access",
    description: "One row a person and product instance that the person uses, used, or is given by a group. The rows that hold a \
                  seat make `used` of `license_usage`, but for products of which Atlassian tells a number and no people.",
    permission: Permission::ReadLicenses,
    cost: OF_THE_SEATS,
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("product", "product_key"),
        Filter::by("resource_id"),
        Filter::by("status"),
        Filter::by("claim_status"),
        Filter::by("is_sandbox"),
        Filter::by("holds_seat"),
        Filter::by("usage"),
        Filter::by("is_reclaimable"),
    ],
    dated_by: None,
    counts_days: true,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 19] = [
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
        "holds_seat",
        Kind::Boolean,
        "Whether the person holds a seat of it at this moment; suspended people, guests and portal customers hold none",
    ),
    Column::text("usage", "Whether whoever holds a seat used it within these days; null without a seat")
        .nullable()
        .one_of(&["active", "inactive", "never_used", UNKNOWN]),
    Column::new("is_robot", Kind::Boolean, "A bot, or a service account by the configuration"),
    Column::new("is_protected", Kind::Boolean, "Protected, by the configuration"),
    Column::new(
        "is_reclaimable",
        Kind::Boolean,
        "Whether the seat can be taken back; null without a seat, and where the usage is not known",
    )
    .nullable(),
    Column::text(
        "granted_by",
        "The person's groups that grant a seat of it, by name, separated by `; `; null where none that can be read does: a seat is \
         then by a role of their own",
    )
    .nullable(),
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
    seats: Arc<Seats>,
    products: Products,
    inactive_for_days: u32,
    now: Timestamp,
}

async fn open(asked: Asked) -> Opened {
    let people = asked.organization.people(asked.feeds.wait()).await?;
    let (organization, of_these) = (asked.organization.clone(), people.clone());
    let reading = async move { organization.seats_of(&of_these).await };
    let seats = asked.beside(&people, reading).await?;
    let products = Products::of(&asked.organization, seats.value.resources()).await?;
    let (days, now) = (asked.inactive_for_days, asked.demand.now);
    // Of one reading, rows change with the time of day only where these do.
    let figures: Vec<_> = seats.value.figures(days, now).collect();
    let print = print(&people).with(format!("{} {figures:?}", seats.value.reading()));
    Ok(Content {
        version: products.print(print).version(),
        read_at: Some(seats.freshness.fetched_at.min(products.read_at)),
        rows: Box::new(Access {
            people,
            seats: seats.value,
            products,
            inactive_for_days: days,
            now,
        }),
    })
}

impl Rows for Access {
    fn things(&self) -> usize {
        self.people.len()
    }

    fn bytes(&self) -> usize {
        self.products.bytes()
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let Some(user) = self.people.user(thing) else { return };
        let account = Value::from(user.account_id.as_str());
        let (name, email) = (Value::from(user.name), Value::from(user.email));
        let told = user.product_access.unwrap_or_default();
        for access in self.seats.product_access(thing, self.inactive_for_days, self.now) {
            // Groups grant roles on what is no product too, such as a site.
            let is_told =
                told.iter().any(|one| one.resource_id.is_same_product(access.resource_id));
            if access.product.is_none() && !is_told {
                continue;
            }
            let [key, product, site, site_url, is_sandbox] =
                self.products.values(Some(access.resource_id));
            let [holds_seat, usage, is_robot, is_protected, is_reclaimable, granted_by] =
                seat(&access);
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
                holds_seat,
                usage,
                is_robot,
                is_protected,
                is_reclaimable,
                granted_by,
                access.last_active_at.into(),
                self.people.freshness().fetched_at.into(),
            ]);
        }
    }
}

fn seat(access: &ProductAccessRow<'_>) -> [Value; 6] {
    let is_known = access.holds_seat && access.usage != SeatUse::Unknown;
    let granted_by = (!access.granted_by.is_empty()).then(|| access.granted_by.join("; "));
    [
        access.holds_seat.into(),
        access.holds_seat.then(|| usage_word(access.usage)).into(),
        access.exemption.is_robot.into(),
        access.exemption.is_protected.into(),
        is_known.then_some(access.is_reclaimable).into(),
        granted_by.into(),
    ]
}

fn usage_word(usage: SeatUse) -> &'static str {
    match usage {
        SeatUse::Active => "active",
        SeatUse::Inactive => "inactive",
        SeatUse::NeverUsed => "never_used",
        SeatUse::Unknown => UNKNOWN,
    }
}
