//! Roles of entitlement management: given, taken, and given to whoever makes a catalog (behaviour.md d, semantics.md 11).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, EntitlementRole, Permit, Scope};
use tenure_domain::catalog::Catalog;
use tenure_domain::directory::ObjectKind;
use tenure_domain::ids::{ObjectId, RoleAssignmentId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_store::rows;
use tenure_store::rows::directory::object::{self, Head};
use tenure_store::rows::role::RoleAssignment;
use uuid::Uuid;

/// A role to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRoleAssignment {
    /// Who gets it: a person, a group or a service principal.
    pub principal: ObjectId,
    /// The id of the role's definition.
    pub role: Uuid,
    /// Where.
    pub scope: Scope,
}

/// Gives a role. Who holds it by a group, through nested ones too, has it as well.
pub fn assign(ctx: &mut Ctx<'_, '_>, new: &NewRoleAssignment) -> Result<RoleAssignmentId, ServiceError> {
    let wanted = (
        new.scope.catalog().map(rows::catalog::get),
        object::head(new.principal),
        rows::role::same(new.role, new.principal, new.scope),
    );
    let (pending, (catalog, head, same)) = ctx.load_placed(Action::AssignEntitlementRoles, wanted)?;
    let (permit, catalog) = match new.scope {
        Scope::Tenant => (pending.within(Scope::Tenant)?, None),
        Scope::Catalog(id) => {
            let (permit, catalog) = pending.on(catalog.flatten(), || Refusal::not_found("catalog", id))?;
            (permit, Some(catalog))
        }
    };
    let role = fitting_role(new)?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(new.principal))?;
    may_hold(role, head.kind)?;
    if same.is_some() {
        return Err(rows::role::conflicting().into());
    }
    let assignment = RoleAssignment { id: ctx.ids.next(ctx.now), role, principal: new.principal, scope: new.scope };
    give(ctx, &permit, &assignment, Some(&head), catalog.as_ref())?;
    Ok(assignment.id)
}

/// The role that is named, if it can be held where it shall be.
fn fitting_role(new: &NewRoleAssignment) -> Result<EntitlementRole, Refusal> {
    let role = EntitlementRole::from_id(new.role).ok_or_else(|| {
        Refusal::new(Code::RoleNotFound, format!("the role definition `{}` was not found", new.role))
            .detail("/roleDefinitionId", "no role of entitlement management")
    })?;
    match (role.is_of_catalogs(), new.scope) {
        (true, Scope::Catalog(_)) | (false, Scope::Tenant) => Ok(role),
        (true, Scope::Tenant) => {
            let message = format!("the role {} is held for a catalog: /AccessPackageCatalog/{{id}}", role.name());
            Err(Refusal::new(Code::InvalidModel, message).detail("/appScopeId", "not a catalog"))
        }
        (false, Scope::Catalog(_)) => {
            let message = format!("the role {} is held for the whole tenant: /", role.name());
            Err(Refusal::new(Code::InvalidModel, message).detail("/appScopeId", "not the whole tenant"))
        }
    }
}

/// Roles of catalogs are held by people, groups and service principals; those of the tenant by people and groups
/// (behaviour.md d.1).
fn may_hold(role: EntitlementRole, kind: ObjectKind) -> Result<(), Refusal> {
    let fits = match kind {
        ObjectKind::User | ObjectKind::Group => true,
        ObjectKind::ServicePrincipal => role.is_of_catalogs(),
        ObjectKind::Application => false,
    };
    if fits {
        return Ok(());
    }
    let who = if role.is_of_catalogs() { "people, groups and service principals" } else { "people and groups" };
    let message = format!("the role {} is held by {who}", role.name());
    Err(Refusal::new(Code::InvalidModel, message).detail("/principalId", "another kind of object"))
}

/// Takes a role away; it ends with the next request.
pub fn unassign(ctx: &mut Ctx<'_, '_>, id: RoleAssignmentId) -> Result<(), ServiceError> {
    let (pending, found) = ctx.load_placed(Action::AssignEntitlementRoles, rows::role::get(id))?;
    let (permit, assignment) = pending.on(found, || Refusal::not_found("role assignment", id))?;
    let wanted = (object::head(assignment.principal), assignment.scope.catalog().map(rows::catalog::get));
    let (head, catalog) = ctx.fetch(wanted)?;
    rows::role::delete(ctx.tx, &permit, id);
    let event = event(Activity::RemoveRoleAssignment, &assignment, head.as_ref(), catalog.flatten().as_ref());
    ctx.audit(&event)
}

/// Makes whoever made a catalog its owner, where that is anybody.
pub(crate) fn give_to_maker(ctx: &mut Ctx<'_, '_>, permit: &Permit, catalog: &Catalog) -> Result<(), ServiceError> {
    let Some(principal) = ctx.caller()?.owner_of_what_is_made() else { return Ok(()) };
    let head = ctx.fetch(object::head(principal))?;
    let assignment = RoleAssignment {
        id: ctx.ids.next(ctx.now),
        role: EntitlementRole::CatalogOwner,
        principal,
        scope: Scope::Catalog(catalog.id),
    };
    give(ctx, permit, &assignment, head.as_ref(), Some(catalog))
}

/// A row for every role that is held for a catalog, which is about to be deleted with them.
pub(crate) fn end_of_catalog(ctx: &mut Ctx<'_, '_>, catalog: &Catalog) -> Result<(), ServiceError> {
    let all = ctx.fetch(rows::role::of_catalog(catalog.id))?;
    let heads = ctx.fetch(all.iter().map(|a| object::head(a.principal)).collect::<Vec<_>>())?;
    for (assignment, head) in all.iter().zip(&heads) {
        ctx.audit(&event(Activity::RemoveRoleAssignment, assignment, head.as_ref(), Some(catalog)))?;
    }
    Ok(())
}

fn give(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    assignment: &RoleAssignment,
    head: Option<&Head>,
    catalog: Option<&Catalog>,
) -> Result<(), ServiceError> {
    rows::role::insert(ctx.tx, permit, assignment, ctx.now);
    ctx.audit(&event(Activity::AddRoleAssignment, assignment, head, catalog))
}

/// What happened to a role: who got or lost it, which, and where.
fn event(
    activity: Activity,
    assignment: &RoleAssignment,
    head: Option<&Head>,
    catalog: Option<&Catalog>,
) -> AuditEvent {
    let kind = match head.map(|h| h.kind) {
        Some(ObjectKind::User) => TargetKind::User,
        Some(ObjectKind::Group) => TargetKind::Group,
        Some(ObjectKind::ServicePrincipal) => TargetKind::ServicePrincipal,
        Some(ObjectKind::Application) | None => TargetKind::Other,
    };
    let holder = AuditTarget::new(kind, assignment.principal, head.map(|h| h.name.clone()));
    let role = AuditTarget::new(TargetKind::Role, assignment.role.id(), assignment.role.name().to_owned())
        .with([Modified::set("AppScopeId", assignment.scope.to_string())]);
    let event = AuditEvent::new(activity, holder).about(role);
    match catalog {
        Some(catalog) => event.about(crate::catalogs::target(catalog)),
        None => event,
    }
}

/// Whoever gives roles hears that there is no request for one: they are given and taken at once.
pub fn no_request(ctx: &mut Ctx<'_, '_>, id: Uuid) -> Result<(), ServiceError> {
    ctx.pending(Action::AssignEntitlementRoles)?;
    Err(Refusal::not_found("request for a role", id).into())
}

/// Whoever gives roles hears that no role with that id was deleted: built-in ones are not, and there are no others.
pub fn not_deleted(ctx: &mut Ctx<'_, '_>, id: Uuid) -> Result<(), ServiceError> {
    ctx.pending(Action::AssignEntitlementRoles)?;
    Err(Refusal::not_found("deleted role definition", id).into())
}
