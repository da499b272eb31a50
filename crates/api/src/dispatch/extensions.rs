//! Writes to workflow extensions.

use super::Target;
use super::changes::{Made, change, create, remove};
use super::etag::IfMatch;
use super::key::{id_of, on};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::{entitlement as em, extension as x};
use crate::wire::write::extension as w;
use tenure_domain::extension::ExtensionKind;
use tenure_domain::ids::{CatalogId, ExtensionId};
use tenure_odata::edm::EntityType;
use tenure_service::{Ctx, ServiceError, extensions};

/// The kind that a path says: the older form has a collection of its own.
fn of_path(target: &Target) -> Option<ExtensionKind> {
    std::ptr::eq(target.resolved.entity, &raw const x::LEGACY).then_some(ExtensionKind::Legacy)
}

/// `POST catalogs/{}/customWorkflowExtensions`
pub async fn create_extension(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_extension(&call.json()?, of_path(target))?;
    let (catalog, version) = (target.key(0), call.version);
    let run = move |ctx: &mut Ctx<'_, '_>| {
        on(ctx, (&em::CATALOG, version), &catalog, |ctx, catalog| {
            extensions::create(ctx, CatalogId(catalog), &new).map(|id| id.to_string())
        })
    };
    create(call, Made::of(call, target), run).await
}

/// A use case on the extension of a path.
fn keyed<F>(
    call: &Call,
    target: &Target,
    mut run: F,
) -> impl FnMut(&mut Ctx<'_, '_>) -> Result<(), ServiceError> + Send + 'static
where
    F: FnMut(&mut Ctx<'_, '_>, CatalogId, ExtensionId) -> Result<(), ServiceError> + Send + 'static,
{
    let (catalog, key, version) = (target.key(0), target.key(1), call.version);
    let entity: &'static EntityType = target.resolved.entity;
    let expected = IfMatch::of(call, target);
    move |ctx| {
        let catalog = CatalogId(id_of(ctx, &em::CATALOG, version, &catalog)?);
        on(ctx, (entity, version), &key, |ctx, id| match &expected {
            None => run(ctx, catalog, ExtensionId(id)),
            Some(expected) => expected.guard(ctx, (entity, id), |ctx, id| run(ctx, catalog, ExtensionId(id))),
        })
    }
}

/// `PATCH catalogs/{}/customWorkflowExtensions/{}`
pub async fn update_extension(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::extension_patch(&call.json()?, of_path(target))?;
    change(call, target, keyed(call, target, move |ctx, catalog, id| extensions::update(ctx, catalog, id, &patch)))
        .await
}

/// `DELETE catalogs/{}/customWorkflowExtensions/{}`
pub async fn delete_extension(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, extensions::delete)).await
}
