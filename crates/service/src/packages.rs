//! Access packages and the resource roles in them (semantics.md 4 and 5).

use crate::bulk;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::resources::{self, ResourceRef};
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::catalog::RoleKind;
use tenure_domain::ids::{CatalogId, PackageId, RoleId, ScopeId};
use tenure_domain::job::Work;
use tenure_domain::limits::PACKAGE_ROLES_MAX;
use tenure_domain::package::{Package, PackageRole, may_move};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;

/// A package to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPackage {
    /// The catalog it belongs to; General when none is named.
    pub catalog: Option<CatalogId>,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether it is left out of lists for requestors.
    pub is_hidden: bool,
    /// Whether requestors see what is inside.
    pub scopes_visible: bool,
    /// An alternate key.
    pub unique_name: Option<String>,
}

/// What shall change about a package.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PackagePatch {
    /// The catalog that a client believes it is in; it is not changed that way.
    pub catalog: Option<CatalogId>,
    /// Its name.
    pub name: Patch<String>,
    /// Its description.
    pub description: Patch<String>,
    /// Whether it is left out of lists for requestors.
    pub is_hidden: Patch<bool>,
    /// Whether requestors see what is inside.
    pub scopes_visible: Patch<bool>,
    /// An alternate key.
    pub unique_name: Patch<String>,
}

/// The audit target of a package.
pub(crate) fn target(package: &Package) -> AuditTarget {
    AuditTarget::new(TargetKind::AccessPackage, package.id, package.name.clone())
}

/// Makes a package.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewPackage) -> Result<PackageId, ServiceError> {
    let wanted = (new.catalog.map(rows::catalog::get), new.catalog.is_none().then(rows::catalog::general));
    let (pending, (named, general)) = ctx.load_placed(Action::WritePackages, wanted)?;
    let missing = || Refusal::not_found("catalog", new.catalog.map_or(String::new(), |c| c.to_string()));
    let (permit, catalog) = pending.on(named.flatten().or(general.flatten()), missing)?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    let by = ctx.signature()?;
    let package = Package {
        id: ctx.ids.next(ctx.now),
        catalog: catalog.id,
        name: new.name.clone(),
        description: new.description.clone(),
        is_hidden: new.is_hidden,
        scopes_visible: new.scopes_visible,
        unique_name: new.unique_name.clone(),
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
        version: 1,
    };
    rows::package::insert(ctx.tx, &permit, &package);
    let event =
        AuditEvent::new(Activity::CreatePackage, target(&package).with([Modified::set("DisplayName", &package.name)]));
    ctx.audit(&event.about(crate::catalogs::target(&catalog)))?;
    Ok(package.id)
}

/// Changes a package.
pub fn update(ctx: &mut Ctx<'_, '_>, id: PackageId, patch: &PackagePatch) -> Result<(), ServiceError> {
    let (pending, old) = ctx.load_placed(Action::WritePackages, rows::package::get(id))?;
    let (permit, old) = pending.on(old, || Refusal::not_found("access package", id))?;
    if patch.catalog.is_some_and(|id| id != old.catalog) {
        let message = "an access package stays in its catalog; the action moveToCatalog moves it";
        return Err(Refusal::new(Code::InvalidModel, message)
            .detail("/catalogId", "not the catalog of the package")
            .into());
    }
    let patch = patch.clone();
    let new = Package {
        name: patch.name.or(old.name.clone()),
        description: patch.description.apply(old.description.clone()),
        is_hidden: patch.is_hidden.or(old.is_hidden),
        scopes_visible: patch.scopes_visible.or(old.scopes_visible),
        unique_name: patch.unique_name.apply(old.unique_name.clone()),
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    rows::package::update(ctx.tx, &permit, &new);
    let modified = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
        Modified::change("IsHidden", Some(old.is_hidden.to_string()), Some(new.is_hidden.to_string())),
        Modified::change(
            "IsRoleScopesVisible",
            Some(old.scopes_visible.to_string()),
            Some(new.scopes_visible.to_string()),
        ),
        Modified::change("UniqueName", old.unique_name, new.unique_name.clone()),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdatePackage, target(&new).with(modified.into_iter().flatten())))
}

/// Moves a package to another catalog, with its policies, requests and assignments (semantics.md 5; decisions.md D6). What
/// it gives must be in that catalog already, and is given by the resources there from then on.
pub fn move_to_catalog(ctx: &mut Ctx<'_, '_>, id: PackageId, to: CatalogId) -> Result<(), ServiceError> {
    let wanted = (rows::package::get(id), rows::catalog::get(to), rows::job::open(id));
    let (pending, (package, catalog, job)) = ctx.load_placed(Action::WritePackages, wanted)?;
    let (permit, old) = pending.on(package, || Refusal::not_found("access package", id))?;
    let (_, catalog) = pending.on(catalog, || Refusal::not_found("catalog", to))?;
    if old.catalog == to {
        return Ok(());
    }
    if job.is_some() {
        let message = format!(
            "a change that reaches the holders of `{}` is under way, or its job waits to be resumed; move it when that is \
             done",
            old.name
        );
        return Err(Refusal::new(Code::AccessPackageInUse, message).into());
    }
    let (from, roles, rows) =
        ctx.fetch((rows::catalog::get(old.catalog), rows::moving::roles(id, to), rows::moving::rows(id)))?;
    may_move(&old.name, rows.unwrap_or(0))?;
    let missing: Vec<&str> = roles.iter().filter(|r| r.there.is_none()).map(|r| r.resource_name.as_str()).collect();
    if !missing.is_empty() {
        let message = format!("the catalog `{}` lacks resources that the access package uses", catalog.name);
        let refusal = Refusal::new(Code::InvalidModel, message);
        let lacks = |refusal: Refusal, name: &&str| {
            refusal
                .detail("/catalogId", format!("`{name}`, or a role of it, is not in that catalog; add it there first"))
        };
        return Err(missing.iter().fold(refusal, lacks).into());
    }
    let new = Package { catalog: to, modified_at: ctx.now, modified_by: ctx.signature()?, ..old.clone() };
    rows::moving::move_package(ctx.tx, &permit, &new, &roles);
    let change = Modified::change("CatalogId", Some(old.catalog.to_string()), Some(to.to_string()));
    let mut event = AuditEvent::new(Activity::UpdatePackage, target(&new).with(change));
    for catalog in from.iter().chain([&catalog]) {
        event = event.about(crate::catalogs::target(catalog));
    }
    ctx.audit(&event)?;
    bulk::reach(ctx, &permit, &new, Work::PackageMove)
}

/// Deletes a package that nobody holds and nobody waits for, with its policies (decisions.md H17).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: PackageId) -> Result<(), ServiceError> {
    let wanted = (rows::package::get(id), rows::package::uses(id), rows::policy::of_package(id));
    let (pending, (package, uses, policies)) = ctx.load_placed(Action::WritePackages, wanted)?;
    let (permit, package) = pending.on(package, || Refusal::not_found("access package", id))?;
    if let Err(refusal) = uses.unwrap_or_default().may_delete(Code::AccessPackageInUse, "access package", &package.name)
    {
        return Err(refusal.because_of(ctx.fetch(rows::hold::package(id))?).into());
    }
    for policy in &policies {
        rows::policy::delete(ctx.tx, &permit, policy.id);
        ctx.audit(&AuditEvent::new(Activity::DeletePolicy, crate::policies::target(policy)).about(target(&package)))?;
    }
    rows::package::delete(ctx.tx, &permit, id);
    ctx.audit(&AuditEvent::new(Activity::DeletePackage, target(&package)))
}

/// A resource role as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RoleScopeRef {
    /// The resource.
    pub resource: ResourceRef,
    /// The role by its id.
    pub role: Option<RoleId>,
    /// The role by its origin id.
    pub role_origin: Option<String>,
    /// The scope by its id; the root when none is named.
    pub scope: Option<ScopeId>,
}

/// Puts a resource role into a package. Who holds the package gets it too.
pub fn add_role(ctx: &mut Ctx<'_, '_>, id: PackageId, named: &RoleScopeRef) -> Result<(RoleId, ScopeId), ServiceError> {
    let (pending, (package, present)) =
        ctx.load_placed(Action::WritePackages, (rows::package::get(id), rows::package::roles(id)))?;
    let (permit, package) = pending.on(package, || Refusal::not_found("access package", id))?;
    if present.len() >= PACKAGE_ROLES_MAX {
        let message = format!("an access package holds at most {PACKAGE_ROLES_MAX} resource roles");
        return Err(Refusal::new(Code::LimitExceeded, message).into());
    }
    let catalog = ctx
        .fetch(rows::catalog::get(package.catalog))?
        .ok_or_else(|| Refusal::not_found("catalog", package.catalog))?;
    let resource = resources::find(ctx, &catalog, &named.resource)?;
    let (roles, scopes) = ctx.fetch((rows::catalog::roles(resource.id), rows::catalog::scopes(resource.id)))?;
    let by_origin = |origin: &str| named.role_origin.as_deref().is_some_and(|n| n.trim().eq_ignore_ascii_case(origin));
    let role = roles.iter().find(|(r, origin)| named.role == Some(r.id) || by_origin(origin)).map(|(r, _)| r);
    let role = role.ok_or_else(|| Refusal::new(Code::RoleNotFound, "The role was not found."))?;
    // A directory role is power over the directory: who may not give it does not let a package give it.
    if role.kind == RoleKind::DirectoryRole {
        resources::may_handle(ctx, resource.system, resource.origin)?;
    }
    let scope = scopes.iter().find(|s| named.scope.is_none_or(|id| id == s.id));
    let scope = scope.ok_or_else(|| Refusal::new(Code::ResourceNotFound, "The scope was not found."))?;
    let added = PackageRole {
        role: role.id,
        scope: scope.id,
        resource: resource.id,
        kind: role.kind,
        origin: resource.origin,
        source: resource.source,
        is_missing: false,
        resource_name: resource.name.clone(),
    };
    let by = ctx.signature()?;
    let row = ctx.ids.next(ctx.now);
    rows::package::insert_role(ctx.tx, &permit, row, id, package.catalog, &added, (&by, ctx.now));
    let change = Modified::set("ResourceRoleScopes", format!("{} {}", resource.name, role.name));
    ctx.audit(&AuditEvent::new(Activity::UpdatePackage, target(&package).with([change])))?;
    bulk::reach(ctx, &permit, &package, Work::RoleChange { role: role.id, scope: scope.id })?;
    Ok((role.id, scope.id))
}

/// Takes a resource role out of a package. Who holds the package loses it, unless another package gives it too.
pub fn remove_role(ctx: &mut Ctx<'_, '_>, id: PackageId, role: RoleId, scope: ScopeId) -> Result<(), ServiceError> {
    let wanted = (rows::package::get(id), rows::package::role_row(id, role, scope));
    let (pending, (package, row)) = ctx.load_placed(Action::WritePackages, wanted)?;
    let (permit, package) = pending.on(package, || Refusal::not_found("access package", id))?;
    row.ok_or_else(|| Refusal::not_found("resource role scope", format!("{role}_{scope}")))?;
    rows::package::delete_role(ctx.tx, &permit, id, role, scope);
    let change = Modified::cleared("ResourceRoleScopes", format!("{role}_{scope}"));
    ctx.audit(&AuditEvent::new(Activity::UpdatePackage, target(&package).with([change])))?;
    bulk::reach(ctx, &permit, &package, Work::RoleChange { role, scope })
}
