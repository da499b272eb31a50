//! Sign-in as use cases: clients, people and their passwords, consent, codes and refresh tokens, keys. The protocol around
//! them is the API's business; what tokens look like is `auth`'s.

pub mod artifacts;
pub mod clients;
pub mod consent;
pub mod keys;
pub mod outside;
pub mod people;
pub mod sessions;

use crate::ctx::Ctx;
use crate::error::ServiceError;
pub use tenure_domain::settings::TenantSettings;
use tenure_store::rows;
pub use tenure_store::rows::tenant::Tenant;

/// The tenant.
pub fn tenant(ctx: &mut Ctx<'_, '_>) -> Result<Tenant, ServiceError> {
    ctx.fetch(rows::tenant::get())?.ok_or_else(|| ServiceError::Internal("this database has no tenant yet".to_owned()))
}
