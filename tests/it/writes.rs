//! The client's changes against the simulator: every refusal that a person can cause, and what is true when an answer
//! is lost.

use std::{sync::Arc, time::Duration};

use headcount::{
    atlassian::{Client, Error, ErrorKind, Removal, Transport, TransportSettings},
    demo::{
        AccountState, Connection, Fault, FaultKind, Options, PersonSummary, RateLimitForm,
        Simulator,
    },
    domain::{AccountId, Credentials},
};
use secrecy::SecretString;

use crate::support::now;

struct Upstream {
    atlassian: Simulator,
    clients: Vec<Client>,
}

impl Upstream {
    async fn start(people: usize) -> Self {
        let options = Options { people, ..Options::starting_at(now()) };
        let atlassian = Simulator::start(options).await.expect("the simulator starts");
        let settings = TransportSettings {
            api_url: atlassian.api_url().parse().expect("a URL"),
            request_timeout: Duration::from_secs(5),
            ..TransportSettings::default()
        };
        let transport = Transport::new(settings).expect("a transport");
        let connect = |one: &Connection| Client::new(&transport, Arc::new(credentials(one)));
        let clients = atlassian.connections().iter().map(connect).collect();
        Self { atlassian, clients }
    }

    fn find(&self, organization: usize, is: impl Fn(&PersonSummary) -> bool) -> PersonSummary {
        self.atlassian.people(organization).into_iter().find(is).expect("there is such a person")
    }

    /// Somebody of the first organization whose account may be deleted.
    fn ordinary(&self) -> AccountId {
        let ordinary = |person: &PersonSummary| {
            person.status == "active"
                && person.is_managed
                && person.is_email_verified
                && person.external_owner.is_none()
                && person.platform_roles.is_empty()
                && !person.is_billing_contact
        };
        self.find(0, ordinary).account_id.into()
    }

    fn state(&self, organization: usize, account: &AccountId) -> AccountState {
        let state = self.atlassian.account_state(organization, account.as_str());
        state.expect("the account exists")
    }
}

fn credentials(connection: &Connection) -> Credentials {
    Credentials {
        admin_email: connection.admin_email.clone(),
        api_token: SecretString::from(connection.api_token.as_str()),
        admin_url: connection.admin_url.parse().expect("a URL"),
        organization_id: connection.organization_id.as_str().into(),
        organization_api_key: SecretString::from(connection.organization_api_key.as_str()),
    }
}

#[tokio::test]
async fn an_account_goes_through_its_whole_life() {
    let upstream = Upstream::start(60).await;
    let (client, account) = (&upstream.clients[0], upstream.ordinary());
    let state = || upstream.state(0, &account).state;
    client.deactivate_account(&account).await.expect("deactivated");
    assert_eq!(state(), "deactivated");
    client.reactivate_account(&account).await.expect("activated");
    assert_eq!(state(), "active");
    client.delete_account(&account).await.expect("scheduled");
    assert_eq!(state(), "for_deletion");
    upstream.atlassian.advance(Duration::from_hours(13 * 24));
    client.cancel_account_deletion(&account).await.expect("cancelled");
    assert_eq!(state(), "active");
    client.delete_account(&account).await.expect("scheduled again");
    upstream.atlassian.advance(Duration::from_hours(14 * 24));
    assert_eq!(state(), "closed");
    let error = client.cancel_account_deletion(&account).await.expect_err("it is over");
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::NotFound, Some("accountNotFound")));
}

#[tokio::test]
async fn each_person_who_may_not_be_deleted_is_refused_with_the_reason() {
    type Is = fn(&PersonSummary) -> bool;
    let upstream = Upstream::start(60).await;
    let me = upstream.atlassian.people(0)[0].account_id.clone();
    let refused = async |organization: usize, account: String| -> Error {
        let client = &upstream.clients[organization];
        let error = client.delete_account(&account.as_str().into()).await.expect_err("refused");
        let state = upstream.atlassian.account_state(organization, &account);
        assert_eq!(state.expect("the account exists").writes("lifecycle/delete"), 0);
        error
    };
    let cases: [(Is, &str, Option<&str>); 4] = [
        (
            |person| person.external_owner == Some("externalDirectory.scim"),
            "forbidden.action",
            Some("externalDirectory.scim"),
        ),
        (
            |person| person.external_owner == Some("externalDirectory.google"),
            "forbidden.action",
            Some("externalDirectory.google"),
        ),
        (|person| !person.is_managed, "forbidden", None),
        (
            |person| person.is_managed && !person.is_email_verified,
            "forbidden.targetUnverified",
            None,
        ),
    ];
    for (is, code, reason) in cases {
        let error = refused(0, upstream.find(0, is).account_id).await;
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Forbidden, Some(code)));
        assert_eq!(error.reason(), reason, "{code}");
    }
    assert_eq!(refused(0, me).await.reason(), Some("administrative.notMyself"));
    let contact = upstream.find(0, |person| person.is_billing_contact).account_id;
    let error = refused(0, contact).await;
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.code.as_deref(), Some("conflict.lifecycleErrors"));
    let codes: Vec<_> = error.conflicts().iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["last-billing-contact", "last-technical-contact"]);
    assert!(error.conflicts().iter().all(|one| one.message.is_some() && one.link.is_some()));
    let scoped = upstream.find(1, |person| person.is_managed).account_id;
    assert_eq!(refused(1, scoped).await.kind, ErrorKind::InsufficientScope);
}

#[tokio::test]
async fn an_answer_that_is_lost_on_a_used_connection_leads_to_no_second_change() {
    let upstream = Upstream::start(60).await;
    let client = &upstream.clients[0];
    for (kind, error_kind, times) in [
        (FaultKind::DropConnection, ErrorKind::Connection, 1),
        (FaultKind::DropRequest, ErrorKind::Connection, 0),
        (FaultKind::HtmlAfterwards { status: 504 }, ErrorKind::Unavailable, 1),
        (FaultKind::LateAnswer { milliseconds: 20_000 }, ErrorKind::Timeout, 1),
    ] {
        let account = upstream.ordinary();
        // Leaves a connection behind that the change is then sent on.
        client.organization().await.expect("a profile");
        upstream.atlassian.reset_requests();
        let lost = Fault::new(kind.clone()).on("POST", "lifecycle/delete").times(1);
        upstream.atlassian.add_fault(lost);
        let error = client.delete_account(&account).await.expect_err("no answer comes");
        assert_eq!(error.kind, error_kind, "{kind:?}");
        assert_eq!(upstream.atlassian.requests().total(), 1, "{kind:?}");
        let state = upstream.state(0, &account);
        assert_eq!(state.writes("lifecycle/delete"), times, "{kind:?}");
        let expected = if times == 1 { "for_deletion" } else { "active" };
        assert_eq!(state.state, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn a_limited_change_is_made_once() {
    let upstream = Upstream::start(60).await;
    let account = upstream.ordinary();
    let limited =
        FaultKind::RateLimit { retry_after_seconds: Some(1), form: RateLimitForm::Seconds };
    let limited = Fault::new(limited).on("POST", "lifecycle/delete").times(2);
    upstream.atlassian.add_fault(limited);
    upstream.clients[0].delete_account(&account).await.expect("accepted in the end");
    assert_eq!(upstream.atlassian.requests().total(), 3);
    assert_eq!(upstream.state(0, &account).writes("lifecycle/delete"), 1);
}

#[tokio::test]
async fn a_person_is_suspended_restored_and_removed_directory_by_directory() {
    let upstream = Upstream::start(2_000).await;
    let client = &upstream.clients[1];
    let person = upstream.find(1, |person| {
        person.directories.len() == 2
            && person.membership_status == "active"
            && person.platform_roles.is_empty()
    });
    let account = AccountId::from(person.account_id);
    let told = client.directories_of(&account).await.expect("directories");
    let ids: Vec<_> = told.iter().map(|directory| directory.id.as_str()).collect();
    assert_eq!(ids, person.directories);
    let (first, second) = (&told[0].id, &told[1].id);
    client.suspend_user(first, &account).await.expect("suspended");
    assert_eq!(upstream.state(1, &account).memberships[first.as_str()], "suspended");
    client.restore_user(first, &account).await.expect("restored");
    assert_eq!(upstream.state(1, &account).memberships[first.as_str()], "active");
    let removal = client.remove_user(first, &account).await.expect("removed");
    assert!(matches!(removal, Removal::Accepted(_)), "{removal:?}");
    upstream.atlassian.advance(Duration::from_secs(6));
    assert_eq!(client.remove_user(first, &account).await.expect("told"), Removal::AlreadyGone);
    let state = upstream.state(1, &account);
    assert_eq!(state.memberships.into_keys().collect::<Vec<_>>(), [second.as_str()]);
    let error = client.suspend_user(first, &account).await.expect_err("not a member");
    assert_eq!(error.kind, ErrorKind::NotFound);
    let error = client.remove_user(&"-".into(), &account).await.expect_err("a real id is needed");
    assert_eq!(error.kind, ErrorKind::BadRequest);
}

#[tokio::test]
async fn a_person_leaves_a_site_and_keeps_the_account() {
    let upstream = Upstream::start(60).await;
    let client = &upstream.clients[0];
    let mut removed = None;
    for person in upstream.atlassian.people(0) {
        let account = AccountId::from(person.account_id);
        let user = client.find_site_user(&account).await.expect("an answer");
        if person.status == "active"
            && person.platform_roles.is_empty()
            && user.is_some_and(|user| user.is_active)
        {
            let outcome = client.remove_site_user(&account).await.expect("removed");
            assert!(matches!(outcome, Removal::Accepted(_)), "{outcome:?}");
            removed = Some(account);
            break;
        }
    }
    let account = removed.expect("somebody uses Jira");
    let user = client.find_site_user(&account).await.expect("an answer").expect("still known");
    assert!(!user.is_active);
    let again = client.remove_site_user(&account).await.expect("told");
    assert_eq!(again, Removal::AlreadyGone);
    let state = upstream.state(0, &account);
    assert_eq!((state.state, state.writes("user/remove")), ("active", 1));
    let nobody = AccountId::from("712020:00000000-0000-4000-8000-000000000000");
    assert_eq!(client.find_site_user(&nobody).await.expect("an answer"), None);
    let me = upstream.atlassian.people(0)[0].account_id.as_str().into();
    let error = client.remove_site_user(&me).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::BadRequest);
}

#[tokio::test]
async fn a_service_account_shows_by_its_tokens() {
    let upstream = Upstream::start(60).await;
    let robot = upstream.find(0, |person| {
        person.is_service_account && person.is_email_verified && person.last_token_use.is_some()
    });
    let tokens = upstream.clients[0].api_tokens(&robot.account_id.as_str().into()).await;
    let last = tokens.expect("tokens").iter().filter_map(|token| token.last_access).max();
    let to_the_millisecond = |at: jiff::Timestamp| at.as_millisecond();
    assert_eq!(last.map(to_the_millisecond), robot.last_token_use.map(to_the_millisecond));
}
