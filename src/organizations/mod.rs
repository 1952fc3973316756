//! One connected organization: cached reads, and what drops them.
//!
//! Answers questions in the program's own words; knows which upstream calls they cost and shares them
//! between everybody who asks. Rights are applied above: what lies here is what the integration's
//! credentials may see.

mod activity;
mod cached;
pub mod changes;
mod checks;
mod clock;
mod corrections;
mod error;
mod groups;
mod listing;
mod organization;
mod products;
mod profile;
mod registry;
mod roles;
mod scan;
mod seats;
mod settings;
mod users;

pub use crate::atlassian::{Budget, ErrorKind, Expand, UserSearch};
pub use crate::licenses::PeopleList;
pub use activity::{EventsPage, EventsRequest};
pub use checks::expiry as expiry_checks;
pub use error::{Error, Result};
pub use groups::{GroupsPage, GroupsRequest};
pub use listing::{Position, Row, Rows};
pub use organization::{Demand, Organization};
pub use registry::Organizations;
pub use roles::{FEW, HeldRole, RoleHolder, RoleOrigin};
pub use scan::{PeopleSnapshot, ScanProgress};
pub use seats::{
    Candidate, KeptFigures, LicenseReport, PaidTwice, ProductAccessRow, SeatExemption, Seats,
    TakenSnapshots,
};
pub use settings::{CacheSettings, LicenseSettings, Settings};
pub use users::{UsersPage, UsersRequest};
