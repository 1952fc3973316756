//! Which kinds of people an organization has, and how often each is met.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What sets a person apart from the ordinary employee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The integration's own admin.
    Integration,
    Employee,
    OrgAdmin,
    SiteAdmin,
    UserAccessAdmin,
    /// Unmanaged, with an address of another company.
    Contractor,
    Suspended,
    /// In two directories, suspended in one of them; suspended where there is one only.
    SuspendedInOne,
    Deactivated,
    /// A managed account in no directory.
    NotInvited,
    ForDeletion,
    /// Came in days ago and never opened anything.
    Invited,
    /// Could use products for long and never did.
    NeverUsed,
    ServiceAccount,
    Closed,
    /// Owned by Google Workspace.
    Google,
    /// Owned by the identity provider.
    Scim,
    HiddenEmail,
    BillingContact,
    /// Filled in nothing of the profile.
    Sparse,
}

/// The kinds that even a small organization has, in this order.
const FIRST: [Kind; 24] = [
    Kind::Integration,
    Kind::Employee,
    Kind::Contractor,
    Kind::Suspended,
    Kind::Deactivated,
    Kind::ForDeletion,
    Kind::NotInvited,
    Kind::NeverUsed,
    Kind::Scim,
    Kind::OrgAdmin,
    Kind::SuspendedInOne,
    Kind::HiddenEmail,
    Kind::Google,
    Kind::Invited,
    Kind::ServiceAccount,
    Kind::BillingContact,
    Kind::Sparse,
    Kind::SiteAdmin,
    Kind::UserAccessAdmin,
    Kind::Contractor,
    Kind::Closed,
    Kind::Employee,
    Kind::Employee,
    Kind::Employee,
];

/// Of a thousand people beyond the first.
const OFTEN: [(Kind, u32); 17] = [
    (Kind::Contractor, 95),
    (Kind::Suspended, 22),
    (Kind::SuspendedInOne, 10),
    (Kind::Deactivated, 55),
    (Kind::NotInvited, 25),
    (Kind::ForDeletion, 4),
    (Kind::Invited, 22),
    (Kind::NeverUsed, 35),
    (Kind::ServiceAccount, 4),
    (Kind::Closed, 3),
    (Kind::OrgAdmin, 1),
    (Kind::SiteAdmin, 2),
    (Kind::UserAccessAdmin, 3),
    (Kind::Google, 30),
    (Kind::Scim, 300),
    (Kind::HiddenEmail, 15),
    (Kind::Sparse, 70),
];

/// The kind of the person at this place.
pub(super) fn kind(place: usize, random: &mut ChaCha8Rng) -> Kind {
    if let Some(kind) = FIRST.get(place) {
        return *kind;
    }
    let mut drawn = random.random_range(0..1000_u32);
    for (kind, share) in OFTEN {
        if drawn < share {
            return kind;
        }
        drawn -= share;
    }
    Kind::Employee
}
