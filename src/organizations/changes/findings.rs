use jiff::{SignedDuration, Timestamp};

use super::{
    ChangeSettings, Place,
    facts::{Facts, Reach},
    idempotency::fingerprint as fingerprint_of,
};
use crate::{
    atlassian::{ErrorKind, Permission},
    domain::{
        AccountType, Actor, DeletionScope, Finding, FindingCode, ManagementSource, UserStatus,
    },
};

/// What speaks against a change, and what whoever decides should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// While there is one, the change is refused.
    pub blockers: Vec<Finding>,
    /// The change may be made all the same.
    pub warnings: Vec<Finding>,
}

/// Judges what was read. Depends on nothing but its arguments.
pub(super) fn judge(
    facts: &Facts,
    reach: Reach,
    (place, actor): (&Place, &Actor),
    settings: &ChangeSettings,
    now: Timestamp,
) -> Findings {
    let mut findings = Findings::default();
    findings.about_state(facts, reach);
    if reach.is_of_account() {
        findings.about_management(facts, reach);
    }
    findings.about_oneself(facts, place, actor);
    findings.about_admins(facts);
    findings.about_protection(facts, settings);
    findings.about_site(facts);
    findings.about_use(facts, settings, now);
    findings
}

impl Findings {
    fn block(&mut self, code: FindingCode, message: impl Into<String>) {
        self.blockers.push(Finding::new(code, message));
    }

    fn warn(&mut self, code: FindingCode, message: impl Into<String>) {
        self.warnings.push(Finding::new(code, message));
    }

    /// The same deletion is on its way already.
    pub(super) fn about_queue(&mut self) {
        self.block(
            FindingCode::AlreadyScheduled,
            "the same was asked for already and is on its way; ask for that deletion to see how far it is",
        );
    }

    fn about_state(&mut self, facts: &Facts, reach: Reach) {
        if facts.user.status == UserStatus::ForDeletion {
            self.block(
                FindingCode::AlreadyScheduled,
                "the account waits for its deletion already; cancel that with cancelUserDeletion, or in Atlassian \
                 Administration",
            );
        }
        if facts.is_closed() && reach.is_of_account() {
            self.block(FindingCode::NotPermitted, "the account is deleted for good already");
        }
        if let Some(Err(error)) = &facts.directories {
            self.warn(
                FindingCode::NotPermitted,
                format!("which directories the person is in could not be read: {error}"),
            );
        }
        let is_synced = facts.user.management_source == Some(ManagementSource::Synced);
        if is_synced && !reach.is_of_account() {
            self.warn(
                FindingCode::IdpOwned,
                "the account comes from an identity provider: its next synchronisation may undo this; change the \
                 person there too",
            );
        }
    }

    fn about_management(&mut self, facts: &Facts, reach: Reach) {
        if !facts.is_managed() {
            self.block(
                FindingCode::NotManaged,
                "the organization does not manage this account: its e-mail address is on no verified domain. It can \
                 be removed with the scopes ORGANIZATION and SITE",
            );
            return;
        }
        let privilege = match reach {
            Reach::Enablement => "lifecycle.enablement",
            _ => "lifecycle.delete",
        };
        match &facts.management {
            None => {}
            Some(Err(error)) => self.about_unread_permissions(error),
            Some(Ok(permissions)) => match permissions.of(privilege) {
                Some(Permission { allowed: true, .. }) => self.about_synchronisation(facts),
                Some(Permission { reason, .. }) => self.about_denial(reason.as_deref()),
                None => self.warn(
                    FindingCode::NotPermitted,
                    "Atlassian did not say whether the key may do this; it will when it is asked to",
                ),
            },
        }
    }

    fn about_unread_permissions(&mut self, error: &crate::atlassian::Error) {
        match error.kind {
            ErrorKind::InsufficientScope => self.block(
                FindingCode::NotPermitted,
                "the organization API key was made with scopes, and Atlassian takes only a key without scopes for \
                 this: create one in Atlassian Administration > Organization settings > API keys and enter it with \
                 updateIntegration",
            ),
            ErrorKind::Forbidden if error.code.as_deref() == Some("forbidden.targetUnverified") => {
                self.block(
                    FindingCode::NotPermitted,
                    "the person never verified the e-mail address of the account; until then Atlassian lets nobody \
                     manage it",
                );
            }
            ErrorKind::Forbidden | ErrorKind::NotFound => self.block(
                FindingCode::NotManaged,
                "Atlassian says that the organization does not manage this account. It can be removed with the \
                 scopes ORGANIZATION and SITE",
            ),
            _ => self.warn(
                FindingCode::NotPermitted,
                format!("whether the key may do this could not be read: {error}"),
            ),
        }
    }

    fn about_denial(&mut self, reason: Option<&str>) {
        let (code, message) = denial(reason);
        self.block(code, message);
    }

    fn about_synchronisation(&mut self, facts: &Facts) {
        if facts.user.management_source == Some(ManagementSource::Synced) {
            self.warn(
                FindingCode::IdpOwned,
                "the account comes from an identity provider: take the person out there first, or the next \
                 synchronisation or login may bring the account back",
            );
        }
    }

    fn about_oneself(&mut self, facts: &Facts, place: &Place, actor: &Actor) {
        let user = &facts.user;
        let is_email = |other: &str| {
            user.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(other.trim()))
        };
        if actor.subject == user.account_id.as_str() || is_email(&actor.subject) {
            self.block(FindingCode::SelfAccount, "this is your own account");
        } else if is_email(&place.integration.credentials.admin_email)
            || facts.own_account.as_ref().is_ok_and(|own| *own == user.account_id)
        {
            self.block(
                FindingCode::SelfAccount,
                "this is the admin whose credentials the integration uses; give it another admin's first",
            );
        } else if let Err(error) = &facts.own_account
            && user.email.is_none()
        {
            self.warn(
                FindingCode::SelfAccount,
                format!("whether this is the integration's own admin could not be read: {error}"),
            );
        }
    }

    fn about_admins(&mut self, facts: &Facts) {
        match &facts.admins {
            Some(Ok(0 | 1)) => self.block(
                FindingCode::LastAdmin,
                "this is the last active organization admin; make somebody else one first",
            ),
            Some(Err(error)) => self.block(
                FindingCode::LastAdmin,
                format!(
                    "the person is an organization admin, and whether the last one could not be read: {error}"
                ),
            ),
            Some(Ok(_)) | None => {}
        }
        if facts.user.platform_roles.is_none() {
            self.block(
                FindingCode::LastAdmin,
                "Atlassian did not tell the person's roles, so that the last admin cannot be ruled out",
            );
        }
    }

    fn about_protection(&mut self, facts: &Facts, settings: &ChangeSettings) {
        let protected = &settings.protected;
        if let Some(reason) = protected.reason(&facts.user) {
            self.block(FindingCode::Protected, reason);
        } else if protected.names_groups() && facts.user.groups.is_none() {
            self.block(
                FindingCode::Protected,
                "groups are protected, and Atlassian did not tell which the person is in",
            );
        } else if protected.names_addresses() && facts.user.email.is_none() {
            self.warn(
                FindingCode::Protected,
                "addresses are protected, and this person's is hidden: make sure that it is none of them",
            );
        }
    }

    fn about_site(&mut self, facts: &Facts) {
        match &facts.is_own_site {
            None | Some(Ok(Some(true))) => {}
            Some(Ok(None)) => self.warn(
                FindingCode::NoSuchSite,
                "the site did not tell which organization it belongs to, or there is none at the integration's Admin \
                 URL",
            ),
            Some(Ok(Some(false))) => self.block(
                FindingCode::NoSuchSite,
                "the integration's site belongs to another organization; correct its Admin URL",
            ),
            Some(Err(error)) => self.warn(
                FindingCode::NoSuchSite,
                format!("which organization the site belongs to could not be read: {error}"),
            ),
        }
    }

    fn about_use(&mut self, facts: &Facts, settings: &ChangeSettings, now: Timestamp) {
        let days = settings.active_within_days;
        let since = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let since = since.unwrap_or(Timestamp::MIN);
        if let Some(at) = facts.user.last_active_at().filter(|at| *at >= since) {
            let day = at.strftime("%F");
            self.warn(FindingCode::ActiveRecently, format!("the person was last active on {day}"));
        } else if facts.user.product_access.is_none() {
            self.warn(
                FindingCode::ActiveRecently,
                "Atlassian did not tell when the person was last active",
            );
        }
        if facts.user.account_type == AccountType::App {
            self.warn(FindingCode::ServiceAccount, "this is an app's account, not a person's");
        }
        match &facts.tokens {
            Some(Ok(tokens)) => {
                let used = tokens.iter().filter_map(|token| token.last_access).max();
                if let Some(at) = used.filter(|at| *at >= since) {
                    let day = at.strftime("%F");
                    self.warn(
                        FindingCode::ServiceAccount,
                        format!("an API token of the account was last used on {day}: a program may run with it"),
                    );
                }
            }
            // That it may not be read is told about the account's management.
            Some(Err(error)) if is_refusal(error.kind) => {}
            Some(Err(error)) => self.warn(
                FindingCode::ServiceAccount,
                format!("whether programs use the account could not be read: {error}"),
            ),
            None => {}
        }
    }
}

/// Whether Atlassian answered, and the answer is no.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::InsufficientScope | ErrorKind::NotFound)
}

/// What a reason key of the User management API means, and what to do (API.md, section 6).
pub(super) fn denial(reason: Option<&str>) -> (FindingCode, String) {
    match reason {
        Some("externalDirectory.scim") => (
            FindingCode::IdpOwned,
            "an identity provider owns the account over SCIM: change the person there, Atlassian follows at the next \
             synchronisation"
                .to_owned(),
        ),
        Some("externalDirectory.google") => (
            FindingCode::IdpOwned,
            "Google Workspace owns the account: change the person there, Atlassian follows".to_owned(),
        ),
        Some("authPolicy.saml") => (
            FindingCode::IdpOwned,
            "the account logs in through SAML: take the person out of the identity provider first".to_owned(),
        ),
        Some("administrative.notMyself" | "myselfOnly") => (
            FindingCode::SelfAccount,
            "this is the account of the admin who made the organization API key; nobody changes their own"
                .to_owned(),
        ),
        Some("blocked.exportControl") => (
            FindingCode::NotPermitted,
            "Atlassian has blocked the account for export control; only its support can change that".to_owned(),
        ),
        Some(other) => (
            FindingCode::NotPermitted,
            format!("Atlassian does not allow this for the account ({other})"),
        ),
        None => (
            FindingCode::NotPermitted,
            "Atlassian does not allow this for the account, and gives no reason".to_owned(),
        ),
    }
}

/// What was confirmed: with other findings, another status or another scope it is something else.
pub(super) fn fingerprint(facts: &Facts, scope: DeletionScope, findings: &Findings) -> String {
    let mut codes: Vec<FindingCode> =
        findings.warnings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut directories: Vec<&str> = match &facts.directories {
        Some(Ok(directories)) => directories.iter().map(|one| one.id.as_str()).collect(),
        _ => Vec::new(),
    };
    directories.sort_unstable();
    let user = &facts.user;
    let status = (user.status, user.account_status, user.membership_status, user.claim_status);
    fingerprint_of(&format!("{scope:?} {status:?} {codes:?} {directories:?}"))
}
