use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{EMAIL, KEY, TOKEN, credentials};
use crate::integrations::{
    CredentialsDraft, Field, HostPolicy, Invalid, InvalidReason, InvalidReason::*, drafts,
};

fn checked(change: impl FnOnce(&mut CredentialsDraft)) -> Result<(), Invalid> {
    let mut draft = credentials("acme");
    change(&mut draft);
    drafts::credentials(&draft, &HostPolicy::default()).map(drop)
}

#[test]
fn space_around_what_was_pasted_is_dropped() {
    let mut draft = credentials("acme");
    draft.admin_email = format!(" {EMAIL}\n");
    draft.api_token = SecretString::from(format!("{TOKEN}\r\n"));
    draft.organization_api_key = SecretString::from(format!("\t{KEY} "));
    draft.organization_id.push('\n');
    let credentials = drafts::credentials(&draft, &HostPolicy::default()).unwrap();
    assert_eq!(credentials.admin_email, EMAIL);
    assert_eq!(credentials.api_token.expose_secret(), TOKEN);
    assert_eq!(credentials.organization_api_key.expose_secret(), KEY);
    assert_eq!(credentials.organization_id.as_str(), "2ac1j7k-j3c8-17bd-9c8k");
    assert_eq!(credentials.admin_url.as_str(), "https://acme.atlassian.net/");
}

#[test]
fn an_organization_id_that_is_more_than_a_path_segment_is_refused() {
    let refused: [(&str, InvalidReason); 12] = [
        ("", Empty),
        (" ", Empty),
        (".", Malformed),
        ("..", Malformed),
        ("../users", Malformed),
        ("a/b", Malformed),
        ("a%2fb", Malformed),
        ("a?b", Malformed),
        ("a#b", Malformed),
        ("a b", Malformed),
        ("a\0b", Malformed),
        ("\u{430}bc", Malformed),
    ];
    for (id, reason) in refused {
        let refusal = checked(|draft| draft.organization_id = id.to_owned()).expect_err(id);
        assert_eq!((refusal.field, refusal.reason), (Field::OrganizationId, reason), "{id:?}");
    }
    let endless = checked(|draft| draft.organization_id = "a".repeat(101)).unwrap_err();
    assert_eq!(endless.reason, TooLong);
    checked(|draft| draft.organization_id = "a".repeat(100)).unwrap();
}

#[test]
fn an_address_that_is_no_address_is_refused_and_not_repeated() {
    for address in [
        "ada",
        "@acme.example",
        "ada@",
        "a@b@c",
        "a b@acme.example",
        "ada:x@acme.example",
        "ada\n@acme.example",
        "ada\0@acme.example",
        "<ada@acme.example>",
        "ada@acme.example,b@c.d",
        "ada\u{202e}@acme.example",
    ] {
        let refusal = checked(|draft| draft.admin_email = address.to_owned()).expect_err(address);
        assert_eq!((refusal.field, refusal.reason), (Field::AdminEmail, Malformed), "{address:?}");
        assert!(!refusal.message.contains(address));
    }
    let endless = checked(|draft| draft.admin_email = format!("{}@b", "a".repeat(320)));
    assert_eq!(endless.unwrap_err().reason, TooLong);
    for address in ["ada@acme.example", "ada+x.y@sub.acme.example", "o'hara@b"] {
        checked(|draft| draft.admin_email = address.to_owned()).expect(address);
    }
}

#[test]
fn a_secret_with_anything_odd_in_it_is_refused_and_not_repeated() {
    let odd = ["abc def", "abc\ndef", "abc\u{e9}def", "abc\0def", "abc\u{200b}", "Bearer abc"];
    for text in odd {
        let token = checked(|draft| draft.api_token = text.into()).expect_err(text);
        let key = checked(|draft| draft.organization_api_key = text.into()).expect_err(text);
        assert_eq!((token.field, token.reason), (Field::ApiToken, Malformed));
        assert_eq!((key.field, key.reason), (Field::OrganizationApiKey, Malformed));
        assert!(!token.message.contains(text) && !key.message.contains(text));
    }
    for (text, reason) in [(String::new(), Empty), ("a".repeat(4097), TooLong)] {
        let refusal = checked(|draft| draft.api_token = text.clone().into()).unwrap_err();
        assert_eq!(refusal.reason, reason);
    }
    checked(|draft| draft.api_token = "a".repeat(4096).into()).unwrap();
}

#[test]
fn a_label_is_text_that_can_be_seen() {
    assert_eq!(
        drafts::label("  Acme \u{1F468}\u{200D}\u{1F469} GmbH ").as_deref(),
        Ok("Acme \u{1F468}\u{200D}\u{1F469} GmbH")
    );
    assert_eq!(drafts::label(&"ä".repeat(100)).map(|label| label.chars().count()), Ok(100));
    let refused = [
        ("", Empty),
        (" \n\t ", Empty),
        ("a\0b", Malformed),
        ("a\nb", Malformed),
        ("a\u{1b}[31mb", Malformed),
        ("a\u{202e}b", Malformed),
        ("a\u{2066}b", Malformed),
        ("\u{feff}a", Malformed),
    ];
    for (label, reason) in refused {
        let refusal = drafts::label(label).expect_err(label);
        assert_eq!((refusal.field, refusal.reason), (Field::Label, reason), "{label:?}");
    }
}

#[test]
fn five_megabytes_of_label_get_a_short_answer() {
    let refusal = drafts::label(&"Acme ".repeat(1_000_000)).unwrap_err();
    assert_eq!((refusal.field, refusal.reason), (Field::Label, TooLong));
    assert_eq!(refusal.message, "the label is longer than 100 characters");
}

#[test]
fn a_day_that_is_past_everywhere_is_refused() {
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let expiry = |date: &str| drafts::expiry(Field::ApiKeyExpiresOn, date.parse().ok(), now);
    for date in ["2026-11-20", "2000-01-01", "-009999-01-01"] {
        assert_eq!(expiry(date).expect_err(date).reason, Expired);
    }
    for date in ["2026-11-21", "2026-11-22", "2027-11-22", "9999-12-31"] {
        assert!(expiry(date).is_ok(), "{date}");
    }
    assert_eq!(drafts::expiry(Field::ApiKeyExpiresOn, None, now), Ok(None));
}

#[test]
fn a_declared_id_is_a_slug() {
    for id in ["acme", "a", "acme-2", &"a".repeat(64)] {
        assert_eq!(drafts::declared_id(id), Ok(id));
    }
    for id in [
        "",
        "Acme",
        "acme eu",
        "acme/eu",
        "ac\0me",
        "\u{430}cme",
        "*",
        &"a".repeat(65),
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "0f8fad5bd9cb469fa16570867728950e",
    ] {
        assert_eq!(drafts::declared_id(id).expect_err(id).field, Field::Id);
    }
}

#[test]
fn every_field_has_its_path_in_the_mutations() {
    assert_eq!(Field::AdminUrl.path(), ["input", "credentials", "adminUrl"]);
    assert_eq!(Field::Label.path(), ["input", "label"]);
}
