use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::{
    domain::IntegrationId,
    store::{Keyring, StoreSettings},
};

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn settings() -> FeedTokenSettings {
    FeedTokenSettings {
        tables: vec![
            ("license_usage".to_owned(), Permission::ReadLicenses),
            ("users".to_owned(), Permission::ReadDirectory),
        ],
        queries: vec![
            ("events".to_owned(), PermissionSet::from_iter([Permission::ReadActivity])),
            ("figures".to_owned(), PermissionSet::from_iter([Permission::ReadLicenses])),
            (
                "idle".to_owned(),
                PermissionSet::from_iter([Permission::ReadDirectory, Permission::ReadLicenses]),
            ),
        ],
        longest: SignedDuration::from_hours(24 * 30),
    }
}

fn maker(permissions: &[Permission], integrations: IntegrationScope) -> Caller {
    Caller {
        subject: "admin@acme.example".to_owned(),
        permissions: permissions.iter().copied().collect(),
        integrations,
        expires_at: None,
    }
}

fn draft() -> FeedTokenDraft {
    FeedTokenDraft {
        name: "  Power BI of finance ".to_owned(),
        tables: vec!["license_usage".to_owned()],
        ..FeedTokenDraft::default()
    }
}

async fn tokens(folder: &TempDir) -> FeedTokens {
    let keys = Keyring::new(Keyring::generate(), Vec::new()).unwrap();
    let path = folder.path().join("headcount.db");
    FeedTokens::new(Store::open(&StoreSettings { path }, keys).await.unwrap(), settings())
}

fn checked(draft: FeedTokenDraft, maker: &Caller) -> Result<FeedToken, String> {
    draft.checked(&settings(), maker, now()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_secret_leads_to_its_token_until_it_ends_or_is_revoked() {
    let folder = TempDir::new().unwrap();
    let tokens = tokens(&folder).await;
    let maker = maker(&[Permission::ReadLicenses], IntegrationScope::All);
    let (token, secret) = tokens.create(draft(), &maker, now()).await.unwrap();
    assert_eq!(
        (token.name.as_str(), token.created_by.as_str()),
        ("Power BI of finance", "admin@acme.example")
    );
    let secret = secret.expose_secret();
    assert!(FeedTokens::is_one(secret) && secret.len() == 58, "{}", secret.len());

    let at = |hours| now() + SignedDuration::from_hours(hours);
    let found = tokens.presented(secret, at(1)).await.unwrap();
    assert_eq!(found, token);
    let again = tokens.presented(secret, at(1) + SignedDuration::from_secs(59)).await.unwrap();
    assert_eq!(again.last_used_at, Some(at(1)));
    tokens.presented(secret, at(2)).await.unwrap();
    let listed = tokens.visible_to(&IntegrationScope::All).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(at(2)), "a use a minute later is noted");

    assert!(tokens.presented(secret, at(24 * 30 - 1)).await.is_ok());
    let refused = tokens.presented(secret, at(24 * 30)).await;
    assert_eq!(refused, Err(RefusalReason::FeedTokenExpired));
    for foreign in ["headcount_feed_", &secret[..57], &secret.to_uppercase()] {
        let refused = tokens.presented(foreign, at(1)).await;
        assert_eq!(refused, Err(RefusalReason::UnknownFeedToken), "{foreign}");
    }

    let revoked = tokens.revoke(&token.id, &IntegrationScope::All, at(3)).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(at(3)));
    let again = tokens.revoke(&token.id, &IntegrationScope::All, at(4)).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(at(3)), "the first time stays");
    assert_eq!(tokens.presented(secret, at(5)).await, Err(RefusalReason::FeedTokenRevoked));
    let none = tokens.revoke(&FeedTokenId::from("nosuch"), &IntegrationScope::All, at(5)).await;
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn the_file_holds_no_secret() {
    let folder = TempDir::new().unwrap();
    let tokens = tokens(&folder).await;
    let maker = maker(&[Permission::ReadLicenses], IntegrationScope::All);
    let (_, secret) = tokens.create(draft(), &maker, now()).await.unwrap();
    tokens.store.close().await;
    let mut is_there = false;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!holds(secret.expose_secret()) && !holds(&secret.expose_secret()[15..]));
        is_there |= holds(&secret::hash(&secret));
    }
    assert!(is_there, "the hash is what is looked up");
}

#[test]
fn a_draft_that_is_wrong_or_opens_too_much_is_refused() {
    let all = maker(Permission::ALL, IntegrationScope::All);
    let with = |change: fn(&mut FeedTokenDraft)| {
        let mut draft = draft();
        change(&mut draft);
        draft
    };
    let refusals = [
        (with(|draft| draft.name = " ".to_owned()), "1 to 100 characters"),
        (with(|draft| draft.name = "a".repeat(101)), "1 to 100 characters"),
        (with(|draft| draft.name = "a\nb".to_owned()), "1 to 100 characters"),
        (with(|draft| draft.tables.clear()), "name at least one table"),
        (with(|draft| draft.tables.push("nosuch".to_owned())), "there are: license_usage, users"),
        (with(|draft| draft.queries.push("nosuch".to_owned())), "there are: events, figures, idle"),
        (with(|draft| draft.integrations = Some(BTreeSet::new())), "name at least one"),
        (
            with(|draft| draft.queries.push("idle".to_owned())),
            "the saved query idle runs with directory:read, which shows people: the token has to show personal data",
        ),
        (
            with(|draft| draft.queries.push("events".to_owned())),
            "the saved query events runs with activity:read, which shows people",
        ),
        (with(|draft| draft.expires_at = Some(now())), "has to be to come"),
        (
            with(|draft| draft.expires_at = Some(now() + SignedDuration::from_hours(24 * 30 + 1))),
            "at most 30 days",
        ),
    ];
    for (draft, expected) in refusals {
        let refused = checked(draft, &all).unwrap_err();
        assert!(refused.contains(expected), "{refused} has no {expected}");
    }

    let shown = |draft: &mut FeedTokenDraft| {
        draft.queries = vec!["idle".to_owned(), "figures".to_owned()];
        draft.shows_personal_data = true;
    };
    assert!(checked(with(shown), &all).is_ok());
    let licenses = maker(&[Permission::ReadLicenses], IntegrationScope::All);
    assert!(checked(draft(), &licenses).is_ok());
    assert!(checked(with(|draft| draft.queries = vec!["figures".to_owned()]), &licenses).is_ok());
    for (draft, expected) in [
        (
            with(|draft| draft.tables.push("users".to_owned())),
            "the table users needs directory:read",
        ),
        (
            with(|draft| draft.queries.push("idle".to_owned())),
            "the saved query idle needs directory:read",
        ),
        (with(|draft| draft.shows_personal_data = true), "personal data needs directory:read"),
    ] {
        let refused = checked(draft, &licenses).unwrap_err();
        assert!(refused.ends_with(expected), "{refused} does not end with {expected}");
    }
}

#[test]
fn a_maker_who_is_limited_to_some_integrations_makes_tokens_for_those() {
    let own = IntegrationScope::Only(BTreeSet::from([IntegrationId::from("acme")]));
    let limited = maker(&[Permission::ReadLicenses], own);
    let of = |ids: Option<&[&str]>| FeedTokenDraft {
        integrations: ids.map(|ids| ids.iter().map(|id| IntegrationId::from(*id)).collect()),
        ..draft()
    };
    assert!(checked(of(Some(&["acme"])), &limited).is_ok());
    assert!(checked(of(None), &limited).unwrap_err().contains("has to name"));
    let refused = checked(of(Some(&["acme", "other"])), &limited).unwrap_err();
    assert_eq!(refused, "there is no integration other");
}

#[tokio::test]
async fn tokens_of_hidden_integrations_are_hidden() {
    let folder = TempDir::new().unwrap();
    let tokens = tokens(&folder).await;
    let all = maker(Permission::ALL, IntegrationScope::All);
    let ids = |ids: &[&str]| ids.iter().map(|id| IntegrationId::from(*id)).collect::<BTreeSet<_>>();
    for integrations in [None, Some(ids(&["acme"])), Some(ids(&["acme", "beta"]))] {
        let draft = FeedTokenDraft { integrations, ..draft() };
        tokens.create(draft, &all, now()).await.unwrap();
    }
    let acme = IntegrationScope::Only(ids(&["acme"]));
    let seen = tokens.visible_to(&acme).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].integrations, Some(ids(&["acme"])));
    let newest = &tokens.visible_to(&IntegrationScope::All).await.unwrap()[0];
    assert_eq!(newest.integrations, Some(ids(&["acme", "beta"])));
    assert!(tokens.revoke(&newest.id, &acme, now()).await.unwrap().is_none());
}
