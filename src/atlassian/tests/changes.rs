use std::{collections::BTreeSet, time::Duration};

use super::upstream::{Received, Step, Upstream, answer, answer_with};
use crate::{
    atlassian::{Accepted, Client, ErrorKind, Removal, Result, TransportSettings},
    domain::{AccountId, DirectoryId},
};

const ACCOUNT: &str = "712020:go/ne";

/// Every change that the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Delete,
    CancelDeletion,
    Deactivate,
    Reactivate,
    Suspend,
    Restore,
    Remove,
    RemoveFromSite,
}

const CHANGES: [Change; 8] = [
    Change::Delete,
    Change::CancelDeletion,
    Change::Deactivate,
    Change::Reactivate,
    Change::Suspend,
    Change::Restore,
    Change::Remove,
    Change::RemoveFromSite,
];

impl Change {
    /// Asks for it; what a removal says is `None` for the others.
    async fn ask(self, client: &Client) -> Result<Option<Removal>> {
        let (account, directory) = (AccountId::from(ACCOUNT), DirectoryId::from("dir-1"));
        let accepted = match self {
            Self::Delete => client.delete_account(&account).await?,
            Self::CancelDeletion => client.cancel_account_deletion(&account).await?,
            Self::Deactivate => client.deactivate_account(&account).await?,
            Self::Reactivate => client.reactivate_account(&account).await?,
            Self::Suspend => client.suspend_user(&directory, &account).await?,
            Self::Restore => client.restore_user(&directory, &account).await?,
            Self::Remove => return client.remove_user(&directory, &account).await.map(Some),
            Self::RemoveFromSite => return client.remove_site_user(&account).await.map(Some),
        };
        assert!((200..300).contains(&accepted.status), "{self:?} {accepted:?}");
        Ok(None)
    }

    fn is_removal(self) -> bool {
        matches!(self, Self::Remove | Self::RemoveFromSite)
    }

    fn request_line(self) -> (&'static str, &'static str) {
        match self {
            Self::Delete => ("POST", "/users/712020%3Ago%2Fne/manage/lifecycle/delete"),
            Self::CancelDeletion => {
                ("POST", "/users/712020%3Ago%2Fne/manage/lifecycle/cancel-delete")
            }
            Self::Deactivate => ("POST", "/users/712020%3Ago%2Fne/manage/lifecycle/disable"),
            Self::Reactivate => ("POST", "/users/712020%3Ago%2Fne/manage/lifecycle/enable"),
            Self::Suspend => {
                ("POST", "/admin/v2/orgs/o-1/directories/dir-1/users/712020%3Ago%2Fne/suspend")
            }
            Self::Restore => {
                ("POST", "/admin/v2/orgs/o-1/directories/dir-1/users/712020%3Ago%2Fne/restore")
            }
            Self::Remove => {
                ("DELETE", "/admin/v2/orgs/o-1/directories/dir-1/users/712020%3Ago%2Fne")
            }
            Self::RemoveFromSite => ("DELETE", "/rest/api/3/user?accountId=712020%3Ago%2Fne"),
        }
    }
}

/// An answer with no content type and no body.
fn empty(status: u16) -> Step {
    Step::Answer { status, headers: Vec::new(), body: Vec::new() }
}

/// A client that does not wait long, so that a test of what never comes ends.
fn impatient(upstream: &Upstream) -> Client {
    let settings = TransportSettings {
        read_timeout: Duration::from_millis(200),
        request_timeout: Duration::from_millis(200),
        ..upstream.settings()
    };
    upstream.client_with(settings)
}

#[tokio::test]
async fn every_change_goes_where_it_belongs_with_its_own_credential_and_no_body() {
    for change in CHANGES {
        let upstream = Upstream::start([empty(204)]).await;
        let outcome = change.ask(&upstream.client()).await.expect("it is accepted");
        let accepted = Accepted { status: 204 };
        let removal = change.is_removal().then_some(Removal::Accepted(accepted));
        assert_eq!(outcome, removal, "{change:?}");
        let sent = upstream.one();
        let (method, target) = change.request_line();
        assert_eq!((sent.method.as_str(), sent.target.as_str()), (method, target));
        assert_eq!(sent.body, "", "{change:?}");
        assert_eq!(sent.header("content-type"), None, "{change:?}");
        let expected = if method == "POST" { Some("0") } else { None };
        assert_eq!(sent.header("content-length"), expected, "some proxies demand a length");
        let is_basic = sent.header("authorization").is_some_and(|it| it.starts_with("Basic "));
        assert_eq!(is_basic, change == Change::RemoveFromSite, "{change:?}");
    }
}

#[tokio::test]
async fn any_success_will_do_whatever_its_body_is() {
    for change in CHANGES {
        let unreadable = answer_with(200, &[("content-type", "text/plain")], "OK");
        for step in [
            empty(200),
            empty(202),
            empty(204),
            answer(200, r#"{"message":"Success"}"#),
            answer(202, r#"{"data":[{"#),
            unreadable,
            Step::CutOff(r#"{"message":"#),
            Step::Stall(r#"{"message":"#),
        ] {
            let upstream = Upstream::start([step.clone()]).await;
            let outcome = change.ask(&impatient(&upstream)).await;
            assert!(outcome.is_ok(), "{change:?} {step:?} {outcome:?}");
            assert_eq!(upstream.count(), 1, "{change:?} {step:?}");
        }
    }
}

#[tokio::test]
async fn a_change_whose_outcome_is_unknown_is_sent_once() {
    let page = answer_with(200, &[("content-type", "text/html")], "<html>Log in</html>");
    for change in CHANGES {
        for (step, kind) in [
            (empty(500), ErrorKind::Unavailable),
            (answer_with(502, &[("content-type", "text/html")], "<html>"), ErrorKind::Unavailable),
            (answer_with(503, &[("retry-after", "0")], ""), ErrorKind::Unavailable),
            (empty(408), ErrorKind::Timeout),
            (page.clone(), ErrorKind::Unavailable),
            (Step::Drop, ErrorKind::Connection),
        ] {
            let upstream = Upstream::start([step.clone(), empty(204)]).await;
            let error = change.ask(&upstream.client()).await.expect_err("no success was told");
            assert_eq!(error.kind, kind, "{change:?} {step:?}");
            assert_eq!(upstream.count(), 1, "{change:?} {step:?}");
        }
    }
}

#[tokio::test]
async fn a_change_without_an_answer_in_time_is_sent_once() {
    for change in CHANGES {
        let upstream = Upstream::start([Step::Silence, empty(204)]).await;
        let error = change.ask(&impatient(&upstream)).await.expect_err("nothing comes");
        assert_eq!((error.kind, error.status), (ErrorKind::Timeout, None), "{change:?}");
        assert_eq!(upstream.count(), 1, "{change:?}");
    }
}

#[tokio::test]
async fn a_change_that_was_limited_goes_out_again() {
    for change in CHANGES {
        let limited = || answer_with(429, &[("retry-after", "0")], "");
        let upstream = Upstream::start([limited(), limited(), empty(204)]).await;
        change.ask(&upstream.client()).await.expect("it is accepted");
        let sent = upstream.received();
        assert_eq!(sent.len(), 3, "{change:?}");
        let lines: BTreeSet<_> = sent.iter().map(|Received { target, .. }| target).collect();
        assert_eq!(lines.len(), 1, "{change:?}");
    }
}

#[tokio::test]
async fn a_change_that_stays_limited_says_how_long() {
    let limited = answer_with(429, &[("retry-after", "120")], r#"{"code":429}"#);
    let upstream = Upstream::start([limited, empty(204)]).await;
    let error = Change::Delete.ask(&upstream.client()).await.expect_err("limited");
    assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(429)));
    assert!(error.retry_after.is_some_and(|wait| wait > Duration::from_secs(110)));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_redirected_change_is_no_success() {
    for change in CHANGES {
        let elsewhere = answer_with(302, &[("location", "ORIGIN/login")], "");
        for step in [empty(204), answer(404, "{}")] {
            let upstream = Upstream::start([elsewhere.clone(), step]).await;
            let error = change.ask(&upstream.client()).await.expect_err("nothing was changed");
            assert_eq!(error.kind, ErrorKind::InvalidResponse, "{change:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_any_more_is_gone() {
    for change in [Change::Remove, Change::RemoveFromSite] {
        for step in [
            empty(404),
            answer(404, r#"{"errors":[{"status":"404","code":"ADMIN-404-8"}]}"#),
            answer(404, r#"{"errorMessages":["no such user"],"errors":{}}"#),
        ] {
            let upstream = Upstream::start([step]).await;
            let outcome = change.ask(&upstream.client()).await.expect("it is an answer");
            assert_eq!(outcome, Some(Removal::AlreadyGone), "{change:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_organization_site_or_operation_is_not_taken_for_a_removal() {
    let page = [("content-type", "text/html")];
    for change in [Change::Remove, Change::RemoveFromSite] {
        for step in [
            answer(404, r#"{"errors":[{"status":"404","code":"ADMIN-404-1"}]}"#),
            answer(404, r#"{"errors":[{"status":"404","code":"ADMIN-404-2"}]}"#),
            answer_with(404, &page, "<html>no such site</html>"),
            empty(410),
        ] {
            let upstream = Upstream::start([step.clone()]).await;
            let error = change.ask(&upstream.client()).await.expect_err("nobody was removed");
            assert_eq!(error.kind, ErrorKind::NotFound, "{change:?} {step:?}");
        }
    }
}

#[tokio::test]
async fn for_all_but_removals_nobody_there_is_an_error() {
    for change in CHANGES.into_iter().filter(|change| !change.is_removal()) {
        let upstream = Upstream::start([answer(404, r#"{"key":"accountNotFound"}"#)]).await;
        let error = change.ask(&upstream.client()).await.expect_err("nobody is there");
        assert_eq!(error.kind, ErrorKind::NotFound, "{change:?}");
        assert_eq!(error.code.as_deref(), Some("accountNotFound"), "{change:?}");
    }
}

#[tokio::test]
async fn an_id_that_nothing_can_have_is_not_sent_and_not_gone() {
    let upstream = Upstream::start([]).await;
    let client = upstream.client();
    for id in ["", ".", ".."] {
        let (account, directory) = (AccountId::from(id), DirectoryId::from("dir-1"));
        client.delete_account(&account).await.expect_err(id);
        client.remove_user(&directory, &account).await.expect_err(id);
        client.remove_user(&DirectoryId::from(id), &"a".into()).await.expect_err(id);
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn the_directories_of_a_person_come_from_all_pages() {
    let upstream = Upstream::start([
        answer(200, r#"{"data":[{"directoryId":"d-1","name":"One"}],"links":{"next":"p+2"}}"#),
        answer(200, r#"{"data":[{"directoryId":"d-2"}],"links":{"next":null}}"#),
    ])
    .await;
    let told = upstream.client().directories_of(&ACCOUNT.into()).await.expect("directories");
    let ids: Vec<_> = told.iter().map(|directory| directory.id.as_str()).collect();
    assert_eq!(ids, ["d-1", "d-2"]);
    let targets: Vec<_> = upstream.received().into_iter().map(|sent| sent.target).collect();
    let path = "/admin/v2/orgs/o-1/directories?limit=100&accountId=712020%3Ago%2Fne";
    assert_eq!(targets, [path.to_owned(), format!("{path}&cursor=p%2B2")]);
}

#[tokio::test]
async fn a_person_on_the_site_is_found_or_not_there() {
    let upstream = Upstream::start([
        answer(200, r#"{"accountId":"712020:go/ne","active":false,"displayName":"x"}"#),
        answer(404, r#"{"errorMessages":["no such user"],"errors":{}}"#),
        answer_with(404, &[("content-type", "text/html")], "<html>no such site</html>"),
        answer(200, r#"{"accountId":"712020:go/ne"}"#),
    ])
    .await;
    let client = upstream.client();
    let account = AccountId::from(ACCOUNT);
    let found = client.find_site_user(&account).await.expect("an answer");
    assert!(!found.expect("a person").is_active);
    assert_eq!(client.find_site_user(&account).await.expect("an answer"), None);
    let error = client.find_site_user(&account).await.expect_err("there is no such site");
    assert_eq!(error.kind, ErrorKind::NotFound);
    let error = client.find_site_user(&account).await.expect_err("it does not tell");
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
    let sent = &upstream.received()[0];
    assert_eq!(sent.target, "/rest/api/3/user?accountId=712020%3Ago%2Fne");
    assert!(sent.header("authorization").is_some_and(|it| it.starts_with("Basic ")));
}

#[tokio::test]
async fn api_tokens_tell_their_times_and_an_unreadable_one_is_missing() {
    let body = r#"[
        {"id":"5d3f8a1c","label":"ci","createdAt":"2026-02-01T08:00:00.000Z",
         "lastAccess":"2026-11-20T23:14:09.310Z","expiry":"2027-02-01T08:00:00.000Z"},
        {"id":"c90e27b4","label":"old","createdAt":"2025-12-11T10:40:21.000Z","lastAccess":7}]"#;
    let upstream = Upstream::start([answer(200, body), answer(200, "[]")]).await;
    let client = upstream.client();
    let tokens = client.api_tokens(&ACCOUNT.into()).await.expect("tokens");
    let last = tokens[0].last_access.expect("a time");
    assert_eq!(last.to_string(), "2026-11-20T23:14:09.31Z");
    assert_eq!(tokens[0].expires_at.expect("a time").to_string(), "2027-02-01T08:00:00Z");
    assert!(tokens[1].created_at.is_some());
    assert_eq!((tokens[1].last_access, tokens[1].expires_at), (None, None));
    assert_eq!(client.api_tokens(&ACCOUNT.into()).await.expect("an answer"), []);
    assert_eq!(upstream.received()[0].target, "/users/712020%3Ago%2Fne/manage/api-tokens");
}
