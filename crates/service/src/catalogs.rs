//! Catalogs: make, change, delete (behaviour.md a; semantics.md 3).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::catalog::{Catalog, CatalogKind};
use tenure_domain::ids::CatalogId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;

/// A catalog to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCatalog {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether its packages can be requested.
    pub is_published: bool,
    /// Whether external people can see its packages.
    pub is_external: bool,
    /// An alternate key.
    pub unique_name: Option<String>,
}

/// What shall change about a catalog.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CatalogPatch {
    /// Its name.
    pub name: Patch<String>,
    /// Its description.
    pub description: Patch<String>,
    /// Whether its packages can be requested.
    pub is_published: Patch<bool>,
    /// Whether external people can see its packages.
    pub is_external: Patch<bool>,
    /// An alternate key.
    pub unique_name: Patch<String>,
}

/// Makes a catalog; a person who makes one becomes its owner (behaviour.md d.2).
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewCatalog) -> Result<CatalogId, ServiceError> {
    let permit = ctx.permit(Action::CreateCatalogs)?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    let by = ctx.signature()?;
    let catalog = Catalog {
        id: ctx.ids.next(ctx.now),
        name: new.name.clone(),
        description: new.description.clone(),
        kind: CatalogKind::UserManaged,
        is_published: new.is_published,
        is_external: new.is_external,
        unique_name: new.unique_name.clone(),
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
        version: 1,
    };
    rows::catalog::insert(ctx.tx, &permit, &catalog);
    let target = target(&catalog).with([Modified::set("DisplayName", &catalog.name)]);
    ctx.audit(&AuditEvent::new(Activity::CreateCatalog, target))?;
    crate::roles::give_to_maker(ctx, &permit, &catalog)?;
    Ok(catalog.id)
}

/// Changes a catalog.
pub fn update(ctx: &mut Ctx<'_, '_>, id: CatalogId, patch: &CatalogPatch) -> Result<(), ServiceError> {
    let (pending, old) = ctx.load_placed(Action::WriteCatalogs, rows::catalog::get(id))?;
    let (permit, old) = pending.on(old, || Refusal::not_found("catalog", id))?;
    let patch = patch.clone();
    let new = Catalog {
        name: patch.name.or(old.name.clone()),
        description: patch.description.apply(old.description.clone()),
        is_published: patch.is_published.or(old.is_published),
        is_external: patch.is_external.or(old.is_external),
        unique_name: patch.unique_name.apply(old.unique_name.clone()),
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    old.may_rename(&new.name)?;
    rows::catalog::update(ctx.tx, &permit, &new);
    let modified = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
        Modified::change("IsPublished", Some(old.is_published.to_string()), Some(new.is_published.to_string())),
        Modified::change("IsExternallyVisible", Some(old.is_external.to_string()), Some(new.is_external.to_string())),
        Modified::change("UniqueName", old.unique_name, new.unique_name.clone()),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateCatalog, target(&new).with(modified.into_iter().flatten())))
}

/// Deletes a catalog that holds no package, with its resources and the roles held for it.
pub fn delete(ctx: &mut Ctx<'_, '_>, id: CatalogId) -> Result<(), ServiceError> {
    let wanted = (rows::catalog::get(id), rows::catalog::packages(id), rows::catalog::resources(id));
    let (pending, (catalog, packages, resources)) = ctx.load_placed(Action::WriteCatalogs, wanted)?;
    let (permit, catalog) = pending.on(catalog, || Refusal::not_found("catalog", id))?;
    if let Err(refusal) = catalog.may_delete(packages.unwrap_or(0)) {
        return Err(refusal.because_of(ctx.fetch(rows::hold::catalog(id))?).into());
    }
    let taken = resources;
    let resources: Vec<_> = taken.iter().map(|r| r.id).collect();
    // After a move of a package its holders hold resources of its old catalog until a job has reached them.
    let uses = ctx.fetch(resources.iter().map(|id| rows::catalog::resource_uses(*id)).collect::<Vec<_>>())?;
    if uses.iter().flatten().any(|count| *count > 0) {
        let message =
            format!("resources of the catalog `{}` are still being taken from people; try again later", catalog.name);
        return Err(Refusal::new(Code::CatalogNotEmpty, message).into());
    }
    // What goes with it is on record as if it had been taken out first.
    crate::roles::end_of_catalog(ctx, &catalog)?;
    crate::extensions::end_of_catalog(ctx, id)?;
    for resource in &taken {
        let row = AuditEvent::new(Activity::CreateResourceRemoveRequest, crate::resources::target(resource));
        ctx.audit(&row.about(target(&catalog)))?;
    }
    rows::catalog::delete(ctx.tx, &permit, id, &resources);
    ctx.audit(&AuditEvent::new(Activity::DeleteCatalog, target(&catalog)))
}

/// The audit target of a catalog.
pub(crate) fn target(catalog: &Catalog) -> AuditTarget {
    AuditTarget::new(TargetKind::AccessPackageCatalog, catalog.id, catalog.name.clone())
}
