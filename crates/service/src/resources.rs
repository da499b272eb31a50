//! Resources of catalogs: onboarding, removal, refresh (semantics.md 4; decisions.md H22).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Refusal;
use tenure_domain::attribute::{self, ResourceAttribute};
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Capability, DirectoryRole, Permit, Principal};
use tenure_domain::catalog::{AppRoleFact, Catalog, Origin, OriginSystem, Resource, ResourceRole};
use tenure_domain::directory::site::SiteAddress;
use tenure_domain::ids::{CatalogId, ObjectId, ResourceId, ResourceRequestId, SubjectId};
use tenure_domain::refusal::Code;
use tenure_store::rows;
use tenure_store::rows::catalog::{ResourceRequest, ResourceRequestKind};
use tenure_store::rows::directory::{application, group, member, object, site};
use uuid::Uuid;

/// A resource as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ResourceRef {
    /// By its id in the catalog.
    pub id: Option<ResourceId>,
    /// By the object behind it: the system,
    pub system: Option<OriginSystem>,
    /// and the object's id,
    pub origin: Option<ObjectId>,
    /// or the address of a site.
    pub address: Option<String>,
}

impl ResourceRef {
    /// By the object behind it.
    pub fn of(system: OriginSystem, origin: ObjectId) -> Self {
        Self { system: Some(system), origin: Some(origin), ..Self::default() }
    }
}

/// Where the sites of a resource are, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentRef {
    /// By its id.
    Id(Uuid),
    /// By its address.
    Address(String),
}

/// A request to add or remove a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceCommand {
    /// What it asks for.
    pub kind: ResourceRequestKind,
    /// The catalog.
    pub catalog: CatalogId,
    /// The resource.
    pub resource: ResourceRef,
    /// Where it is, if the request says that.
    pub environment: Option<EnvironmentRef>,
    /// A description other than the origin's.
    pub description: Option<String>,
    /// What the resource shall ask requestors for, in place of what it asks now.
    pub attributes: Option<Vec<ResourceAttribute>>,
    /// Why.
    pub justification: Option<String>,
}

/// Adds, refreshes or removes a resource; the request is done when it is made.
pub fn request(ctx: &mut Ctx<'_, '_>, command: &ResourceCommand) -> Result<ResourceRequestId, ServiceError> {
    let (pending, catalog) = ctx.load_placed(Action::WriteResources, rows::catalog::get(command.catalog))?;
    let (permit, catalog) = pending.on(catalog, || Refusal::not_found("catalog", command.catalog))?;
    let (resource, activity) = match command.kind {
        ResourceRequestKind::AdminAdd => {
            let resource = add(ctx, &permit, &catalog, command)?;
            ask_for(ctx, &permit, &resource, command)?;
            (resource, Activity::CreateResourceRequest)
        }
        ResourceRequestKind::AdminUpdate => {
            let resource = find(ctx, &catalog, &command.resource)?;
            let is_asked = ask_for(ctx, &permit, &resource, command)?;
            let resource = if is_asked { resource } else { renew(ctx, &permit, resource)? };
            (resource, Activity::UpdateCatalogResource)
        }
        ResourceRequestKind::AdminRemove => {
            let resource = find(ctx, &catalog, &command.resource)?;
            may_handle(ctx, resource.system, resource.origin)?;
            remove(ctx, &permit, &resource)?;
            (resource, Activity::CreateResourceRemoveRequest)
        }
    };
    let id = ctx.ids.next(ctx.now);
    let requestor = ctx.caller()?.principal.object().map(|o| SubjectId(o.0));
    let request = ResourceRequest {
        id,
        kind: command.kind,
        catalog: catalog.id,
        resource: resource.id,
        requestor,
        justification: command.justification.clone(),
        created_at: ctx.now,
    };
    rows::catalog::insert_request(ctx.tx, &permit, &request);
    let event = AuditEvent::new(activity, AuditTarget::new(TargetKind::AccessPackageResourceRequest, id, None))
        .about(crate::catalogs::target(&catalog))
        .about(
            target(&resource)
                .with([Modified::set("OriginId", resource.origin_id.clone())].into_iter().chain(asked(command))),
        );
    ctx.audit(&event)?;
    Ok(id)
}

/// Sets what a resource asks requestors for, if the request says that.
fn ask_for(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    resource: &Resource,
    command: &ResourceCommand,
) -> Result<bool, ServiceError> {
    let Some(attributes) = &command.attributes else { return Ok(false) };
    let mut all = attributes.clone();
    for attribute in &mut all {
        if let Some(name) = attribute::storable(&attribute.name) {
            attribute.name = name;
        }
        if attribute.question.id.0.is_nil() {
            attribute.question.id = ctx.ids.next(ctx.now);
        }
    }
    attribute::check(&all)?;
    rows::attribute::set(ctx.tx, permit, resource.id, &all, ctx.now)?;
    Ok(true)
}

/// What the audit says about it: the names of the attributes.
fn asked(command: &ResourceCommand) -> Option<Modified> {
    let names = command.attributes.as_ref()?.iter().map(|a| a.name.as_str()).collect::<Vec<_>>();
    Some(Modified::set("Attributes", names.join(", ")))
}

/// The audit target of a resource.
pub(crate) fn target(resource: &Resource) -> AuditTarget {
    AuditTarget::new(TargetKind::AccessPackageResource, resource.id, resource.name.clone())
}

/// The object behind a resource: its name, description, what it is, and the outside directory it lives in. Of a site also its
/// address, and where it is.
struct Found {
    name: String,
    description: Option<String>,
    origin: Origin,
    source: Option<Uuid>,
    site: Option<(String, Uuid)>,
}

fn look_up(ctx: &mut Ctx<'_, '_>, system: OriginSystem, id: ObjectId) -> Result<Found, ServiceError> {
    match system {
        OriginSystem::AadGroup => {
            let group = ctx.fetch(group::get(id))?.ok_or_else(|| Refusal::no_such_object(id))?;
            Ok(Found {
                name: group.name,
                description: group.attributes.text("description").map(ToOwned::to_owned),
                origin: Origin::Group {
                    is_security: group.is_security,
                    is_unified: group.is_unified,
                    is_dynamic: group.is_dynamic,
                },
                source: group.source,
                site: None,
            })
        }
        OriginSystem::AadApplication => {
            let sp = ctx.fetch(application::service_principal(id))?.ok_or_else(|| Refusal::no_such_object(id))?;
            let roles = sp.roles.iter().map(|r| AppRoleFact {
                id: r.id,
                name: r.display_name.clone().unwrap_or_default(),
                description: r.description.clone(),
                is_enabled: r.is_enabled,
            });
            Ok(Found {
                name: sp.name.clone(),
                description: sp.attributes.text("description").map(ToOwned::to_owned),
                origin: Origin::Application { roles: roles.collect() },
                source: None,
                site: None,
            })
        }
        OriginSystem::SharePointOnline => {
            let (site, groups) = ctx.fetch((site::get(id), site::groups(id)))?;
            let site = site.ok_or_else(|| Refusal::no_such_object(id))?;
            let at = (site.address.text(), site.environment);
            Ok(Found {
                name: site.name,
                description: site.description,
                origin: Origin::Site { groups },
                source: None,
                site: Some(at),
            })
        }
        OriginSystem::DirectoryRole => {
            let role = DirectoryRole::from_id(id.0).ok_or_else(|| Refusal::no_such_object(id))?;
            let origin = Origin::DirectoryRole(role);
            Ok(Found { name: role.name().to_owned(), description: None, origin, source: None, site: None })
        }
    }
}

/// The object that a request names by the word of its system.
fn origin_of(ctx: &mut Ctx<'_, '_>, named: &ResourceRef) -> Result<Option<ObjectId>, ServiceError> {
    let Some(address) = &named.address else { return Ok(named.origin) };
    let wrong = || {
        let message = "originId must be the address of a site, such as https://contoso.example/sites/sales";
        Refusal::new(Code::InvalidModel, message).detail("/resource/originId", "not the address of a site")
    };
    let parsed = SiteAddress::parse(address).ok_or_else(wrong)?;
    // Nothing has the nil id: whoever may not know which sites there are is refused before.
    Ok(Some(ctx.fetch(site::of_address(&parsed))?.map_or(ObjectId(Uuid::nil()), |site| site.id)))
}

/// Only who may change the object itself may put it into a catalog or take it out (decisions.md H22).
pub(crate) fn may_handle(ctx: &mut Ctx<'_, '_>, system: OriginSystem, origin: ObjectId) -> Result<(), ServiceError> {
    use DirectoryRole as R;
    let (capability, roles, permission): (_, &[R], _) = match system {
        OriginSystem::AadGroup => {
            (Capability::GroupWrite, &[R::GlobalAdministrator, R::GroupsAdministrator], "Group.ReadWrite.All")
        }
        OriginSystem::AadApplication => (
            Capability::ApplicationWrite,
            &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator, R::ApplicationAdministrator],
            "Application.ReadWrite.All",
        ),
        OriginSystem::SharePointOnline => {
            (Capability::SiteWrite, &[R::GlobalAdministrator, R::SharePointAdministrator], "Sites.FullControl.All")
        }
        OriginSystem::DirectoryRole => (
            Capability::RoleWrite,
            &[R::GlobalAdministrator, R::PrivilegedRoleAdministrator],
            "RoleManagement.ReadWrite.Directory",
        ),
    };
    let caller = ctx.caller()?;
    let (allowed, object) = match caller.principal {
        Principal::System => (true, None),
        Principal::App(id) => (caller.capabilities.has(capability), Some(id)),
        Principal::User(id) => (caller.holds(roles), Some(id)),
    };
    if allowed {
        return Ok(());
    }
    let owns = match (system, object) {
        (_, None) | (OriginSystem::DirectoryRole, _) => None,
        (OriginSystem::SharePointOnline, Some(object)) => ctx.fetch(site::is_owner(origin, object))?,
        (OriginSystem::AadGroup | OriginSystem::AadApplication, Some(object)) => {
            ctx.fetch(member::is_owner(origin, object))?
        }
    };
    if owns.is_some() {
        return Ok(());
    }
    let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let message = format!(
        "The caller is not the resource owner. An owner of the object, a {}, or an application with {permission} can do this.",
        roles.join(" or ")
    );
    Err(Refusal::new(Code::CallerNotResourceOwner, message).into())
}

fn add(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    catalog: &Catalog,
    command: &ResourceCommand,
) -> Result<Resource, ServiceError> {
    let missing = |field: &str| {
        Refusal::new(Code::InvalidModel, format!("resource/{field} is required"))
            .detail(format!("/resource/{field}"), "missing")
    };
    let system = command.resource.system.ok_or_else(|| missing("originSystem"))?;
    let origin = origin_of(ctx, &command.resource)?.ok_or_else(|| missing("originId"))?;
    may_handle(ctx, system, origin)?;
    if let Some(address) = command.resource.address.as_deref().filter(|_| origin.0.is_nil()) {
        return Err(Refusal::no_such_object(address).into());
    }
    let found = look_up(ctx, system, origin)?;
    found.origin.may_be_resource()?;
    let (origin_id, environment) = match found.site {
        Some((address, environment)) => (address, Some(environment)),
        None => (origin.to_string(), None),
    };
    if let Some(named) = &command.environment {
        lies_there(ctx, environment, named)?;
    }
    if let Some(source) = found.source
        && ctx.fetch(object::source_writable(source))? != Some(true)
    {
        let message = format!("`{}` comes from an outside directory that takes no writes", found.name);
        return Err(Refusal::new(Code::ResourceNotWritable, message).into());
    }
    let resource = Resource {
        id: ctx.ids.next(ctx.now),
        catalog: catalog.id,
        system,
        origin,
        origin_id,
        environment,
        name: found.name,
        description: command.description.clone().or(found.description),
        kind: found.origin.kind().to_owned(),
        source: found.source,
        added_by: ctx.signature()?,
        created_at: ctx.now,
    };
    rows::catalog::insert_resource(ctx.tx, permit, &resource);
    for (kind, name, description) in found.origin.roles() {
        let role = ResourceRole { id: ctx.ids.next(ctx.now), resource: resource.id, kind, name, description };
        rows::catalog::insert_role(ctx.tx, permit, catalog.id, &role, origin);
    }
    let scope = ctx.ids.next(ctx.now);
    rows::catalog::insert_scope(ctx.tx, permit, catalog.id, scope, &resource);
    Ok(resource)
}

/// Whether a site is where the request says.
fn lies_there(ctx: &mut Ctx<'_, '_>, environment: Option<Uuid>, named: &EnvironmentRef) -> Result<(), ServiceError> {
    let named = match named {
        EnvironmentRef::Id(id) => Some(*id),
        EnvironmentRef::Address(text) => match SiteAddress::parse(text) {
            Some(address) => ctx.fetch(site::environment(&address))?,
            None => None,
        },
    };
    if named.is_some() && named == environment {
        return Ok(());
    }
    let message = "the resource is not in that environment";
    Err(Refusal::new(Code::InvalidModel, message).detail("/resource/environment", "another environment").into())
}

/// The resource of a catalog that a request names, by its id or by its origin.
pub(crate) fn find(ctx: &mut Ctx<'_, '_>, catalog: &Catalog, named: &ResourceRef) -> Result<Resource, ServiceError> {
    let missing = || Refusal::new(Code::ResourceNotFound, "The resource was not found.");
    if let Some(id) = named.id {
        let resource = ctx.fetch(rows::catalog::resource(id))?.filter(|r| r.catalog == catalog.id);
        if let Some(resource) = resource {
            return Ok(resource);
        }
        if named.origin.is_none() && named.address.is_none() {
            return Err(missing().into());
        }
    }
    if let Some(address) = named.address.as_deref().map(|text| SiteAddress::parse(text).map(|a| a.text())) {
        let system = OriginSystem::SharePointOnline;
        let found = match address {
            Some(address) => ctx.fetch(rows::catalog::resource_by_origin(catalog.id, system, &address))?,
            None => None,
        };
        return Ok(found.ok_or_else(missing)?);
    }
    let Some(origin) = named.origin else {
        return Err(Refusal::new(Code::InvalidModel, "resource/id or resource/originId is required").into());
    };
    let systems = named.system.map_or_else(|| OriginSystem::ALL.to_vec(), |s| vec![s]);
    for system in systems {
        if let Some(resource) = ctx.fetch(rows::catalog::resource_by_origin(catalog.id, system, &origin.to_string()))? {
            return Ok(resource);
        }
    }
    Err(missing().into())
}

fn remove(ctx: &mut Ctx<'_, '_>, permit: &Permit, resource: &Resource) -> Result<(), ServiceError> {
    if ctx.fetch(rows::catalog::resource_uses(resource.id))?.unwrap_or(0) > 0 {
        let message =
            format!("The resource: {} can not be deleted because there are active entitlements.", resource.name);
        let refusal = Refusal::new(Code::InvalidDeleteResourceHasEntitlements, message);
        return Err(refusal.because_of(ctx.fetch(rows::hold::resource(resource.id))?).into());
    }
    rows::catalog::delete_resource(ctx.tx, permit, resource.id);
    Ok(())
}

/// Reads name, description and roles of a resource from its origin again. Where a catalog is named, it must be in that one.
pub fn refresh(ctx: &mut Ctx<'_, '_>, catalog: Option<CatalogId>, id: ResourceId) -> Result<(), ServiceError> {
    let (pending, resource) = ctx.load_placed(Action::WriteResources, rows::catalog::resource(id))?;
    let found = resource.filter(|r| catalog.is_none_or(|catalog| r.catalog == catalog));
    let (permit, resource) = pending.on(found, || Refusal::not_found("resource", id))?;
    let resource = renew(ctx, &permit, resource)?;
    ctx.audit(&AuditEvent::new(Activity::UpdateCatalogResource, target(&resource)))
}

fn renew(ctx: &mut Ctx<'_, '_>, permit: &Permit, resource: Resource) -> Result<Resource, ServiceError> {
    let found = look_up(ctx, resource.system, resource.origin)?;
    let known = ctx.fetch(rows::catalog::roles(resource.id))?;
    let renewed =
        Resource { name: found.name, description: found.description, kind: found.origin.kind().to_owned(), ..resource };
    rows::catalog::update_resource(ctx.tx, permit, &renewed, ctx.now);
    for (kind, name, description) in found.origin.roles() {
        match known.iter().find(|(role, _)| role.kind == kind) {
            Some((role, _)) => rows::catalog::update_role(ctx.tx, permit, role.id, &name, description.as_deref()),
            None => {
                let role = ResourceRole { id: ctx.ids.next(ctx.now), resource: renewed.id, kind, name, description };
                rows::catalog::insert_role(ctx.tx, permit, renewed.catalog, &role, renewed.origin);
            }
        }
    }
    Ok(renewed)
}
