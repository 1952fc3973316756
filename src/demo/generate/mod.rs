//! Makes a believable organization of any size from a seed; the same seed gives the same one.

mod activity;
mod events;
mod groups;
mod kinds;
pub(super) mod names;
mod people;
mod products;

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use jiff::Timestamp;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use super::organization::{Character, Directory, Domain, Organization};

pub(super) use self::events::ACTIONS;

/// What an organization is made from.
pub(super) struct Recipe {
    pub(super) character: Character,
    pub(super) people: usize,
    pub(super) seed: u64,
    /// The simulated moment at which everything is told.
    pub(super) now: Timestamp,
    /// Base addresses of the site listeners, as many as [`site_count`] says.
    pub(super) site_urls: Vec<String>,
}

/// How many site listeners an organization of this character needs.
pub(super) fn site_count(character: Character) -> usize {
    products::sites_of(character).len()
}

/// Makes the organization.
pub(super) fn organization(recipe: &Recipe) -> Organization {
    let stream = match recipe.character {
        Character::Healthy => 0,
        Character::Awkward => 1,
    };
    let mut random = ChaCha8Rng::seed_from_u64(recipe.seed);
    random.set_stream(stream);
    let mut organization = empty(recipe, &mut random);
    organization.sites = products::sites(recipe, &mut random);
    organization.resources = products::resources(recipe, &organization, &mut random);
    let plan = groups::add(&mut organization, recipe, &mut random);
    people::add(&mut organization, &plan, recipe, &mut random);
    products::fit_capacity(&mut organization);
    events::add(&mut organization, recipe, &mut random);
    organization
}

fn empty(recipe: &Recipe, random: &mut ChaCha8Rng) -> Organization {
    let (name, slug) = match recipe.character {
        Character::Healthy => ("Meridian Instruments", "meridian"),
        Character::Awkward => ("Fjordline Studios", "fjordline"),
    };
    Organization {
        id: uuid(random).to_string(),
        name,
        slug,
        character: recipe.character,
        key: secret("ATCTT3xFfGN0", random),
        admin_token: secret("ATATT3xFfGF0", random),
        limited_token: secret("ATATT3xFfGF0", random),
        directories: directories(recipe.character, random),
        domains: domains(recipe.character),
        sites: Vec::new(),
        resources: Vec::new(),
        groups: Vec::new(),
        people: Vec::with_capacity(recipe.people),
        events: Vec::new(),
        tokens: HashMap::new(),
        writes: HashMap::new(),
        pending: BTreeMap::new(),
        by_account: HashMap::with_capacity(recipe.people),
        by_email: HashMap::with_capacity(recipe.people),
        by_nickname: OnceLock::new(),
    }
}

fn directories(character: Character, random: &mut ChaCha8Rng) -> Vec<Directory> {
    let names: &[&str] = match character {
        Character::Healthy => &["Meridian Instruments directory"],
        Character::Awkward => &["Fjordline Studios directory", "Fjordline contractors"],
    };
    names
        .iter()
        .map(|name| Directory { id: uuid(random).to_string(), name: (*name).to_owned() })
        .collect()
}

/// How many of an organization's domains are its own: the first ones.
const OWN_DOMAINS: u8 = 2;

fn domains(character: Character) -> Vec<Domain> {
    let (own, foreign): ([(&str, &str, &str); 4], [&str; 4]) = match character {
        Character::Healthy => (
            [
                ("meridian-instruments.example", "dns", "verified"),
                ("meridian-labs.example", "http", "verified"),
                ("meridian.example", "dns", "unverified"),
                ("old-meridian.example", "dns", "missing_token"),
            ],
            [
                "northlight-consulting.example",
                "freelance.example",
                "kettle-and-sons.example",
                "mailbox.example",
            ],
        ),
        Character::Awkward => (
            [
                ("fjordline.example", "dns", "verified"),
                ("fjordline-games.example", "dns", "verified"),
                ("fjordline.test", "http", "superseded"),
                ("lost-fjord.example", "http", "deleted"),
            ],
            ["pixel-guild.example", "freelance.example", "soundhouse.example", "mailbox.example"],
        ),
    };
    let own =
        own.into_iter().map(|(name, kind, status)| Domain { name, claim: Some((kind, status)) });
    let foreign = foreign.into_iter().map(|name| Domain { name, claim: None });
    own.chain(foreign).collect()
}

fn uuid(random: &mut ChaCha8Rng) -> Uuid {
    uuid::Builder::from_random_bytes(random.random()).into_uuid()
}

fn secret(prefix: &str, random: &mut ChaCha8Rng) -> String {
    let mut bytes = [0; 36];
    random.fill_bytes(&mut bytes);
    format!(
        "{prefix}{}",
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
    )
}

/// Whether something of this likelihood happens.
fn chance(random: &mut ChaCha8Rng, percent: u32) -> bool {
    random.random_range(0..100) < percent
}
