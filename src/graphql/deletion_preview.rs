use async_graphql::{Context, Object, SimpleObject};

use super::{
    enums::{DeletionFindingCode, DeletionScope},
    error::add_error,
    integration::Integration,
    license::LicenseUsage,
    license_report,
    product::Product,
    scalars::DateTime,
    user::User,
};
use crate::{domain, organizations::changes};

/// What a deletion would do, and what speaks against it.
#[derive(Clone)]
pub struct DeletionPreview {
    integration: Integration,
    preview: changes::Preview,
}

impl DeletionPreview {
    pub(super) fn new(integration: &Integration, preview: changes::Preview) -> Self {
        Self { integration: integration.clone(), preview }
    }
}

/// What a deletion would do, and whether it may be done.
#[Object]
impl DeletionPreview {
    /// Who would be deleted.
    async fn user(&self) -> User {
        User::new(&self.integration, &self.preview.user)
    }

    /// What would be deleted.
    async fn scope(&self) -> DeletionScope {
        self.preview.scope.into()
    }

    /// Whether nothing stands in the way.
    async fn allowed(&self) -> bool {
        self.preview.is_allowed()
    }

    /// What stands in the way; `deleteUser` refuses while there is one.
    async fn blockers(&self) -> Vec<DeletionFinding> {
        self.preview.findings.blockers.iter().map(DeletionFinding::of).collect()
    }

    /// What whoever decides should know; the deletion may be done all the same. What could not be read is told here.
    async fn warnings(&self) -> Vec<DeletionFinding> {
        self.preview.findings.warnings.iter().map(DeletionFinding::of).collect()
    }

    /// The product instances that the person has opened and would lose access to. A seat of one that was never opened is among
    /// `seatsFreed` alone.
    async fn products_lost(&self) -> Vec<Product> {
        let products = self.preview.products.iter();
        products.map(|id| Product::by_resource(self.integration.clone(), id)).collect()
    }

    /// The seats that would get free, used ever or not, each with the figures of its product: `savingEffectiveOn` is when it leaves the invoice.
    /// Reads the whole organization once, as `licenseUsage` does; where that cannot be told, or the caller may not read
    /// licences, the list is empty and an error says why.
    async fn seats_freed(&self, ctx: &Context<'_>) -> Vec<LicenseUsage> {
        let account = &self.preview.user.item.account_id;
        let taken = self.preview.taken.as_deref();
        match license_report::seats_of(ctx, &self.integration, account, taken).await {
            Ok(seats) => seats,
            Err(error) => {
                add_error(ctx, error);
                Vec::new()
            }
        }
    }

    /// When the account would be gone for good; null for removals.
    async fn purges_at(&self) -> Option<DateTime> {
        self.preview.purges_at.map(DateTime)
    }

    /// To be given to `deleteUser`; null where not allowed. Bound to the caller, the person, the scope and what was found;
    /// good for some minutes.
    async fn confirmation_token(&self) -> Option<&str> {
        self.preview.confirmation_token.as_deref()
    }
}

/// Something that was found about the person.
#[derive(Clone, SimpleObject)]
pub struct DeletionFinding {
    /// For programs.
    code: DeletionFindingCode,
    /// For people: what it is and what to do.
    message: String,
}

impl DeletionFinding {
    fn of(finding: &domain::Finding) -> Self {
        Self { code: finding.code.into(), message: finding.message.clone() }
    }
}
