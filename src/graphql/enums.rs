use async_graphql::Enum;
use strum::IntoStaticStr;

use crate::{auth, domain};

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AccountType")]
pub enum AccountType {
    /// A person, or a service account.
    Person,
    /// A bot or an add-on.
    App,
    /// A Jira Service Management portal customer.
    Customer,
    /// A value that this program does not know yet.
    Unknown,
}

/// The composite status that Atlassian's console shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::UserStatus")]
pub enum UserStatus {
    /// Active account and member of a directory. Suspended in one of several directories still counts as active.
    Active,
    /// Suspended in every directory that the organization's key may see.
    Suspended,
    /// A managed account that is in no directory.
    NotInvited,
    /// Deactivated by the organization that manages the account.
    Deactivated,
    /// In the 14 days of grace before the account is deleted for good.
    ForDeletion,
    /// A value that this program does not know yet.
    Unknown,
}

/// The status of the Atlassian account, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AccountStatus")]
pub enum AccountStatus {
    /// Usable.
    Active,
    /// Deactivated, or waiting for its deletion.
    Inactive,
    /// Deleted for good.
    Closed,
    /// A value that this program does not know yet.
    Unknown,
}

/// The person inside this organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::MembershipStatus")]
pub enum MembershipStatus {
    /// Member of at least one directory.
    Active,
    /// Suspended in all directories that the organization's key may see.
    Suspended,
    /// In no directory.
    NoMembership,
    /// A value that this program does not know yet.
    Unknown,
}

/// Who may manage the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ClaimStatus")]
pub enum ClaimStatus {
    /// The e-mail's domain is verified by this organization: it may deactivate and delete the account.
    Managed,
    /// Somebody else's account: it can only be removed from here.
    Unmanaged,
    /// A value that this program does not know yet.
    Unknown,
}

/// How a managed account came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ManagementSource")]
pub enum ManagementSource {
    /// Invited, or signed up.
    Invited,
    /// From an identity provider.
    Synced,
    /// A value that this program does not know yet.
    Unknown,
}

/// Whether somebody used what they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Usage {
    /// Active within the asked number of days.
    Active,
    /// Used once, but not within the asked number of days.
    Inactive,
    /// May use it and never did.
    NeverUsed,
    /// May not use anything: member of no directory, or without access to any product.
    NoAccess,
    /// Atlassian did not tell.
    Unknown,
}

/// How a role was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AssignmentMethod")]
pub enum RoleSource {
    /// To the person.
    Direct,
    /// To a group that the person is in.
    Group,
    /// It follows from another role.
    Inferred,
    /// A way that this program does not know yet, or that Atlassian did not tell.
    Unknown,
}

/// What a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::RoleScope")]
pub enum RoleScope {
    /// The whole organization.
    Organization,
    /// One site.
    Site,
    /// One product instance.
    Product,
}

/// What can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::UserOrderField")]
pub enum UserOrderField {
    /// The public name (nickname), Atlassian's only own order: a page costs one upstream call.
    Name,
    /// The e-mail address; hidden ones come last. Reads the whole organization once.
    Email,
    /// The latest activity in any product; who never used anything counts as earliest. Reads the whole organization once.
    LastActiveAt,
    /// When the person came into the organization. Reads the whole organization once.
    AddedToOrgAt,
}

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::OrderDirection")]
pub enum OrderDirection {
    /// Smallest or earliest first.
    Asc,
    /// Greatest or latest first.
    Desc,
}

/// What the checks of an integration amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::IntegrationStatus")]
pub enum IntegrationStatus {
    /// Every check passed.
    Connected,
    /// Readable, with something missing.
    Degraded,
    /// The organization cannot be read, or the site belongs to another one.
    Failed,
    /// Never checked.
    Unverified,
}

/// Which of the six fields a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::CredentialKind")]
pub enum CredentialKind {
    /// The organization API key.
    OrganizationApiKey,
    /// The admin's e-mail address and API token.
    ApiToken,
    /// The address of the site.
    AdminUrl,
    /// The organization id.
    OrganizationId,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::CheckOutcome")]
pub enum CheckOutcome {
    /// All is well.
    Passed,
    /// Works, with something missing.
    Warning,
    /// Does not work.
    Failed,
    /// Could not be asked, because an earlier check failed.
    Skipped,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::FreshnessSource")]
pub enum FreshnessSource {
    /// Asked of Atlassian for this very answer.
    Live,
    /// Kept from an earlier answer.
    Cache,
}

/// What a caller may do; granted by the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "auth::Permission")]
pub enum Permission {
    /// Reading people, groups, roles and products.
    ReadDirectory,
    /// Reading audit events.
    ReadActivity,
    /// Reading license figures.
    ReadLicenses,
    /// Reading this program's own record of changes.
    ReadAudit,
    /// Deleting accounts.
    DeleteUsers,
    /// Suspending, restoring, deactivating and reactivating people.
    ManageUsers,
    /// Connecting and disconnecting organizations.
    ManageIntegrations,
}

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum UserErrorCode {
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The caller may not do this.
    Forbidden,
    /// A value is wrong; the path says which.
    InvalidInput,
    /// Atlassian does not accept the credentials; the checks say which and why.
    InvalidCredentials,
    /// The Admin URL's host is not one of Atlassian's, nor on the operator's list.
    HostNotAllowed,
    /// Changes are switched off, or the integration is kept in the configuration file and changed there.
    ReadOnly,
    /// The organization does not manage the account.
    NotManaged,
    /// The organization would be left without an admin.
    LastAdmin,
    /// The caller's own account, or the integration's admin's.
    #[graphql(name = "SELF")]
    SelfAccount,
    /// On the operator's list of people who are never touched.
    Protected,
    /// An identity provider owns the account; it is changed there.
    IdpOwned,
    /// The account waits for its deletion already.
    AlreadyScheduled,
    /// There is nothing to cancel.
    NotScheduled,
    /// The 14 days are over; the account is gone for good.
    GracePeriodOver,
    /// What was confirmed is no longer so, or the confirmation has ended: ask `deletionPreview` again.
    StaleConfirmation,
    /// A confirmation token is compulsory here.
    ConfirmationRequired,
    /// The idempotency key was used with another input.
    IdempotencyConflict,
    /// One of the operator's caps; it passes with time.
    CapReached,
    /// Atlassian refused; `upstreamCode` and `link` say more.
    UpstreamRefused,
}

impl From<domain::RefusalCode> for UserErrorCode {
    fn from(code: domain::RefusalCode) -> Self {
        use domain::RefusalCode as Code;
        match code {
            Code::NotFound => Self::NotFound,
            Code::Forbidden => Self::Forbidden,
            Code::NotManaged => Self::NotManaged,
            Code::LastAdmin => Self::LastAdmin,
            Code::SelfAccount => Self::SelfAccount,
            Code::Protected => Self::Protected,
            Code::IdpOwned => Self::IdpOwned,
            Code::AlreadyScheduled => Self::AlreadyScheduled,
            Code::NotScheduled => Self::NotScheduled,
            Code::GracePeriodOver => Self::GracePeriodOver,
            Code::StaleConfirmation => Self::StaleConfirmation,
            Code::ConfirmationRequired => Self::ConfirmationRequired,
            Code::IdempotencyConflict => Self::IdempotencyConflict,
            Code::CapReached => Self::CapReached,
            Code::ReadOnly => Self::ReadOnly,
            Code::InvalidInput => Self::InvalidInput,
            Code::UpstreamRefused => Self::UpstreamRefused,
        }
    }
}

/// What is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::DeletionScope")]
pub enum DeletionScope {
    /// The managed account itself, everywhere at Atlassian, after 14 days of grace in which it can be cancelled.
    Account,
    /// Membership of every directory of the organization; the account lives on. Roles and groups are lost.
    Organization,
    /// Membership of the integration's Jira site; the account lives on.
    Site,
}

/// How far a deletion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::DeletionState")]
pub enum DeletionState {
    /// The account waits out its 14 days of grace.
    Scheduled,
    /// Taken back within the grace; the account is active again.
    Cancelled,
    /// Asked for, and not shown by Atlassian yet.
    Queued,
    /// Removed from the organization or the site.
    Removed,
    /// There was nothing to remove.
    AlreadyGone,
    /// The grace is over and the account is gone for good.
    Purged,
    /// It did not happen, or not in every directory.
    Failed,
}

/// How the removal from one directory ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::RemovalOutcome")]
pub enum RemovalOutcome {
    /// Not asked for yet.
    Pending,
    /// Atlassian accepted it; it may be queued.
    Accepted,
    /// The person was not there.
    AlreadyGone,
    /// Atlassian refused.
    Refused,
    /// The answer was lost; the directory will tell.
    Unknown,
}

/// What was found about a person before a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::FindingCode")]
pub enum DeletionFindingCode {
    /// The organization does not manage the account.
    NotManaged,
    /// The last active organization admin, or it could not be ruled out.
    LastAdmin,
    /// The caller, or the admin whose credentials the integration uses.
    #[graphql(name = "SELF")]
    SelfAccount,
    /// On the operator's list of people who are never touched.
    Protected,
    /// An identity provider owns the account, or will bring the person back.
    IdpOwned,
    /// The organization key may not do it, or whether it may could not be read.
    NotPermitted,
    /// The account waits for its deletion already.
    AlreadyScheduled,
    /// Was active a short while ago.
    ActiveRecently,
    /// Looks like a program's account.
    ServiceAccount,
    /// The integration has no site of this organization.
    NoSuchSite,
}
