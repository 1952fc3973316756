use std::time::Duration;

use jiff::Timestamp;

use super::{Issuer, caller, settings, shared, verifier};
use crate::auth::{
    AuthSettings, Error, IntegrationScope, KeySource, MintRequest, Permission, PermissionSet,
    Verifier, mint,
};

fn request() -> MintRequest {
    MintRequest {
        subject: "ada".to_owned(),
        permissions: PermissionSet::from_iter([Permission::ReadLicenses, Permission::ReadAudit]),
        integrations: IntegrationScope::Only(["acme".into(), "other".into()].into()),
        lifetime: Duration::from_hours(1),
    }
}

#[tokio::test]
async fn a_minted_token_is_taken_by_the_same_settings_and_says_what_was_asked() {
    let secret = KeySource::Hmac { secret: "s".repeat(40).into(), key_id: Some("demo".to_owned()) };
    let nested = AuthSettings {
        permissions_claim: "realm_access.roles".to_owned(),
        integrations_claim: "https://acme.example/integrations".to_owned(),
        max_token_lifetime: Some(Duration::from_hours(1)),
        ..settings(vec![Issuer::edwards().source(None), secret])
    };
    for settings in [settings(vec![shared()]), nested] {
        let token = mint(&settings, &request(), Timestamp::now()).unwrap();
        let caller = caller(&Verifier::new(settings).await.unwrap(), &token).await.unwrap();
        assert_eq!(caller.subject, "ada");
        assert_eq!(caller.permissions, request().permissions);
        assert_eq!(caller.integrations, request().integrations);
    }
}

#[tokio::test]
async fn a_minted_token_may_see_all_integrations() {
    let all = MintRequest { integrations: IntegrationScope::All, ..request() };
    let token = mint(&settings(vec![shared()]), &all, Timestamp::now()).unwrap();
    let caller = caller(&verifier(vec![shared()]).await, &token).await.unwrap();
    assert_eq!(caller.integrations, IntegrationScope::All);
}

#[test]
fn what_the_settings_would_refuse_is_not_minted() {
    let now = Timestamp::now();
    let shared = settings(vec![shared()]);
    let public = settings(vec![Issuer::edwards().source(None)]);
    assert!(matches!(mint(&public, &request(), now), Err(Error::NoSharedSecret)));
    let weak = KeySource::Hmac { secret: "short".into(), key_id: None };
    let weak = mint(&settings(vec![weak]), &request(), now);
    assert!(matches!(weak, Err(Error::WeakSecret { bytes: 5 })));
    for subject in ["", "a\nb", &"a".repeat(256)] {
        let nameless = MintRequest { subject: subject.to_owned(), ..request() };
        assert!(matches!(mint(&shared, &nameless, now), Err(Error::Unmintable(_))));
    }
    let endless = MintRequest { lifetime: Duration::MAX, ..request() };
    assert!(matches!(mint(&shared, &endless, now), Err(Error::Unmintable(_))));
    let short = AuthSettings { max_token_lifetime: Some(Duration::from_mins(1)), ..shared };
    assert!(matches!(mint(&short, &request(), now), Err(Error::Unmintable(_))));
}
