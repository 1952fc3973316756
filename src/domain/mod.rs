//! The words: ids, users, groups, roles, products, activity, pages and their age.
//!
//! Values only: nothing here asks anybody, reads a clock or knows GraphQL, HTTP or a database.
//! What two rooms on one level both need lives here.

mod activity;
mod change;
mod credentials;
mod deletion;
mod feed_token;
mod filter;
mod freshness;
mod group;
mod ids;
mod integration;
mod license;
mod page;
mod price;
mod product;
mod role;
mod user;

pub use activity::{ActivityEvent, ActivityFilter, ActivitySubject};
pub use change::{Actor, Finding, FindingCode, Refusal, RefusalCode};
pub use credentials::Credentials;
pub use deletion::{
    BulkDeletion, BulkDeletionItem, Deletion, DeletionScope, DeletionState, DirectoryRemoval,
    GRACE, RemovalOutcome,
};
pub use feed_token::{FeedToken, FeedTokenState};
pub use filter::{GroupFilter, OrderDirection, UserFilter, UserOrder, UserOrderField};
pub use freshness::{Fetched, Freshness, FreshnessSource};
pub use group::{Group, UserGroup};
pub use ids::{
    AccountId, BulkDeletionId, DeletionId, DirectoryId, FeedTokenId, GroupId, IntegrationId,
    OrganizationId, ResourceId, RoleId,
};
pub use integration::{CheckOutcome, CredentialKind, IntegrationCheck, IntegrationStatus};
pub use license::{
    GrantingGroup, LastActivity, LicensePeople, LicenseRow, LicenseSnapshot, LicenseTotals,
    ReclaimReason, SeatFigures, SeatSource, SeatUse,
};
pub use page::Page;
pub use price::{Billing, ConfiguredSeats, LicenseCost, Price, PriceList, Rate, Tier};
pub use product::{Directory, Domain, OrganizationProfile, Product, product_key, product_name};
pub use role::{AssignmentMethod, GroupRoles, RoleAssignment, RoleScope};
pub use user::{
    AccountStatus, AccountType, ClaimStatus, ManagementSource, MembershipStatus, ProductAccess,
    User, UserStatus,
};
