use std::{collections::BTreeMap, sync::Arc};

use futures_util::FutureExt;

use super::{STATUS, UNKNOWN, status, users::print};
use crate::{
    auth::Permission,
    domain::{AssignmentMethod, OrganizationId, ResourceId, RoleId, RoleScope},
    feeds::{
        Column, Table, Value,
        content::{Asked, Content, Opened, Rows, Sink},
        products::{PRODUCT, Products},
        roles::Roles,
        table::{AS_OF, Filter},
    },
    organizations::{HeldRole, Organization, PeopleSnapshot, Result, RoleHolder},
};

pub(super) static TABLE: Table = Table {
    name: "role_assignments",
    description: "One row a role that a person holds on a resource, and a way in which it was given.",
    permission: Permission::ReadDirectory,
    cost: "one request a group that grants a role, and one a person whose roles their groups do not explain, \
           such as administrators and those who are not active",
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("product", "product_key"),
        Filter::by("resource_id"),
        Filter::named("role", "role_id"),
        Filter::by("origin"),
        Filter::by("scope"),
        Filter::by("status"),
    ],
    dated_by: None,
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 15] = [
    Column::text("account_id", "The Atlassian account").key(),
    Column::text(
        "resource_id",
        "What the role is for: a product instance, a site or the organization",
    )
    .key(),
    Column::text("role_id", "The role, by its id").key(),
    Column::text("origin", "How it was given: to the person, to a group, by another role")
        .key()
        .one_of(&["direct", "group", "inferred", UNKNOWN]),
    Column::text("role", "The role's name"),
    Column::text("scope", "What the role reaches").one_of(&["organization", "site", "product"]),
    Column::text("name", "The person's full name").personal(),
    Column::text("email", "The person's e-mail address; null where the profile hides it")
        .personal(),
    Column::text("status", "The person, as the admin console shows it").one_of(&STATUS),
    PRODUCT[0],
    PRODUCT[1],
    PRODUCT[2],
    PRODUCT[3],
    PRODUCT[4],
    AS_OF,
];

struct Assignments {
    people: PeopleSnapshot,
    roles: Arc<Roles>,
    /// The roles of people who were changed since all roles were read.
    corrected: BTreeMap<usize, Vec<HeldRole>>,
    products: Products,
    organization: OrganizationId,
}

async fn open(asked: Asked) -> Opened {
    let wait = asked.feeds.wait();
    let people = asked.organization.people(wait).await?;
    let roles = asked.feeds.shared.roles.of(&asked, &people, wait).await?;
    let corrected = corrected(&asked.organization, &people).await?;
    let of_corrected = corrected.values().flatten().filter_map(|role| role.resource_id.as_ref());
    let resources = roles.resources().chain(of_corrected);
    let products = Products::of(&asked.organization, resources).await?;
    let print = print(&people).with(roles.version).with(format!("{corrected:?}"));
    Ok(Content {
        version: products.print(print).version(),
        read_at: Some(people.freshness().fetched_at.min(products.read_at)),
        rows: Box::new(Assignments {
            people,
            roles,
            corrected,
            products,
            organization: asked.integration.credentials.organization_id.clone(),
        }),
    })
}

async fn corrected(
    organization: &Organization,
    people: &PeopleSnapshot,
) -> Result<BTreeMap<usize, Vec<HeldRole>>> {
    let corrected = people.corrected().filter_map(|(index, user)| Some((index, user?)));
    let (indices, holders): (Vec<usize>, Vec<RoleHolder>) =
        corrected.map(|(index, user)| (index, RoleHolder::of(user))).unzip();
    let outcomes = organization.roles_of(&holders).await;
    indices.into_iter().zip(outcomes).map(|(index, held)| Ok((index, held?))).collect()
}

impl Assignments {
    fn roles_of(&self, thing: usize) -> Vec<(Option<&ResourceId>, &RoleId, AssignmentMethod)> {
        match self.corrected.get(&thing) {
            Some(held) => held
                .iter()
                .map(|held| (held.resource_id.as_ref(), &held.role, held.origin))
                .collect(),
            None => self.roles.of(thing).collect(),
        }
    }
}

impl Rows for Assignments {
    fn things(&self) -> usize {
        self.people.len()
    }

    fn bytes(&self) -> usize {
        let corrected = self.corrected.values().map(|held| size_of_val(held.as_slice()));
        self.products.bytes() + corrected.sum::<usize>()
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let Some(user) = self.people.user(thing) else { return };
        let account = Value::from(user.account_id.as_str());
        let (name, email) = (Value::from(user.name), Value::from(user.email));
        for (resource, role, origin) in self.roles_of(thing) {
            let [key, product, site, site_url, is_sandbox] = self.products.values(resource);
            // Where the page told of the role, it did not name the organization.
            let resource = match resource {
                Some(resource) => resource.as_str().to_owned(),
                None => format!("ari:cloud:platform::org/{}", self.organization),
            };
            sink.push([
                account.clone(),
                resource.into(),
                role.as_str().into(),
                origin_word(origin).into(),
                role.display_name().into(),
                scope_word(role.scope()).into(),
                name.clone(),
                email.clone(),
                status(user.status).into(),
                key,
                product,
                site,
                site_url,
                is_sandbox,
                self.people.freshness().fetched_at.into(),
            ]);
        }
    }
}

fn origin_word(origin: AssignmentMethod) -> &'static str {
    match origin {
        AssignmentMethod::Direct => "direct",
        AssignmentMethod::Group => "group",
        AssignmentMethod::Inferred => "inferred",
        AssignmentMethod::Unknown => UNKNOWN,
    }
}

fn scope_word(scope: RoleScope) -> &'static str {
    match scope {
        RoleScope::Organization => "organization",
        RoleScope::Site => "site",
        RoleScope::Product => "product",
    }
}
