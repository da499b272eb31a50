//! Applications, service principals, app roles and who holds them; client secrets.

use super::{attribute_changes, certificates, target};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use serde_json::{Map, Value, json};
use tenure_auth::secret;
use tenure_domain::Patch;
use tenure_domain::Timestamp;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::RoleKind;
use tenure_domain::directory::application::{
    AppRole, AppRoleAssignment, Application, ServicePrincipal, check_app_roles,
};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::{AppRoleAssignmentId, ObjectId};
use tenure_domain::limits::DELETED_OBJECT_KEEP_DAYS;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::check_name;
use tenure_domain::time::{IsoDuration, plus_seconds};
use tenure_store::queue::{self, Subject};
use tenure_store::rows;
use tenure_store::rows::directory::{application, member, object};
use tenure_store::rows::identity::{self, Credential, CredentialKind};
use uuid::Uuid;

/// Days a client secret is good when nobody says otherwise.
const SECRET_DAYS_DEFAULT: i32 = 730;
/// Characters of a secret that are shown again.
const HINT_CHARS: usize = 3;

/// An application to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewApplication {
    /// The id clients sign in with, when the demo or a published client decides it.
    pub app_id: Option<Uuid>,
    /// Display name.
    pub name: String,
    /// An alternate key.
    pub unique_name: Option<String>,
    /// Whether it may sign in without a secret.
    pub is_public_client: bool,
    /// The roles it defines.
    pub roles: Vec<AppRole>,
    /// Everything else.
    pub attributes: Attributes,
    /// First owners.
    pub owners: Vec<ObjectId>,
}

/// What shall change about an application.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ApplicationPatch {
    /// Display name.
    pub name: Patch<String>,
    /// An alternate key.
    pub unique_name: Patch<String>,
    /// Whether it may sign in without a secret.
    pub is_public_client: Patch<bool>,
    /// The roles it defines.
    pub roles: Patch<Vec<AppRole>>,
    /// Everything else; null clears.
    pub attributes: Attributes,
}

fn app_target(app: &Application) -> AuditTarget {
    target(ObjectKind::Application, app.id, &app.name)
}

fn sp_target(sp: &ServicePrincipal) -> AuditTarget {
    target(ObjectKind::ServicePrincipal, sp.id, &sp.name)
}

/// Makes an application.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewApplication) -> Result<ObjectId, ServiceError> {
    let permit = ctx.permit(Action::WriteApplications)?;
    check_name("displayName", &new.name)?;
    check_app_roles(&new.roles)?;
    let id = ctx.ids.next(ctx.now);
    let mut attributes = new.attributes.clone();
    let keys = certificates::settle(ctx, id, &mut attributes)?;
    let app = Application {
        id,
        app_id: new.app_id.unwrap_or_else(|| ctx.ids.next(ctx.now)),
        name: new.name.clone(),
        unique_name: new.unique_name.clone(),
        is_public_client: new.is_public_client,
        roles: new.roles.clone(),
        attributes,
        created_at: ctx.now,
        version: 1,
    };
    application::insert(ctx.tx, &permit, &app)?;
    ctx.audit(&AuditEvent::new(
        Activity::AddApplication,
        app_target(&app).with([Modified::set("AppId", app.app_id.to_string())]).with(keys),
    ))?;
    let mut owners = new.owners.clone();
    owners.extend(ctx.person()?.filter(|c| !owners.contains(c)));
    for owner in owners {
        link_owner(ctx, &permit, app_target(&app), app.id, owner)?;
    }
    Ok(app.id)
}

/// Changes an application; its service principal offers the roles it then defines.
pub fn update(ctx: &mut Ctx<'_, '_>, id: ObjectId, patch: &ApplicationPatch) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteApplications, application::get(id))?;
    let old = found.ok_or_else(|| Refusal::no_such_object(id))?;
    let mut given = patch.clone();
    let keys = certificates::settle(ctx, id, &mut given.attributes)?;
    let mut attributes = old.attributes.clone();
    attributes.merge(&given.attributes);
    let new = Application {
        name: given.name.or(old.name.clone()),
        unique_name: given.unique_name.apply(old.unique_name.clone()),
        is_public_client: given.is_public_client.or(old.is_public_client),
        roles: given.roles.or(old.roles.clone()),
        attributes,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_app_roles(&new.roles)?;
    application::update(ctx.tx, &permit, &new, ctx.now)?;
    if new.roles != old.roles
        && let Some(sp) = ctx.fetch(application::service_principal_by_app_id(new.app_id))?
    {
        let sp = ServicePrincipal { roles: new.roles.clone(), ..sp };
        application::update_service_principal(ctx.tx, &permit, &sp, ctx.now)?;
    }
    let mut modified = attribute_changes(&old.attributes, &new.attributes);
    modified.extend(keys);
    modified.extend(Modified::change("DisplayName", Some(old.name), Some(new.name.clone())));
    if new.roles != old.roles {
        modified.push(Modified::set("AppRole", format!("{} roles", new.roles.len())));
    }
    ctx.audit(&AuditEvent::new(Activity::UpdateApplication, app_target(&new).with(modified)))
}

fn keep(ctx: &mut Ctx<'_, '_>, id: ObjectId) {
    let until = plus_seconds(ctx.now, DELETED_OBJECT_KEEP_DAYS * 86_400);
    queue::set_timer(ctx.tx, Subject::DeletedObject(id), until);
}

/// Deletes an application, to be kept for thirty days, and its service principal with it.
pub fn delete(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteApplications, application::get(id))?;
    let app = found.ok_or_else(|| Refusal::no_such_object(id))?;
    application::set_deleted(ctx.tx, &permit, id, true, ctx.now);
    keep(ctx, id);
    ctx.audit(&AuditEvent::new(Activity::DeleteApplication, app_target(&app)))?;
    match ctx.fetch(application::service_principal_by_app_id(app.app_id))? {
        Some(sp) => end_service_principal(ctx, &permit, &sp),
        None => Ok(()),
    }
}

/// A service principal to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewServicePrincipal {
    /// The application it belongs to.
    pub app_id: Uuid,
    /// Whether it can sign in.
    pub is_enabled: bool,
    /// Everything else.
    pub attributes: Attributes,
}

/// What shall change about a service principal.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ServicePrincipalPatch {
    /// Display name.
    pub name: Patch<String>,
    /// Whether it can sign in.
    pub is_enabled: Patch<bool>,
    /// Everything else; null clears.
    pub attributes: Attributes,
}

/// Makes the service principal of an application of this tenant.
pub fn create_service_principal(ctx: &mut Ctx<'_, '_>, new: &NewServicePrincipal) -> Result<ObjectId, ServiceError> {
    let (permit, app) = ctx.load(Action::WriteApplications, application::by_app_id(new.app_id))?;
    let app = app.ok_or_else(|| {
        let message = format!(
            "The appId '{}' of the service principal does not reference a valid application object.",
            new.app_id
        );
        Refusal::new(Code::RequestBadRequest, message).detail("/appId", "unknown")
    })?;
    let id = ctx.ids.next(ctx.now);
    let mut attributes = new.attributes.clone();
    let keys = certificates::settle(ctx, id, &mut attributes)?;
    let sp = ServicePrincipal {
        id,
        app_id: app.app_id,
        name: app.name.clone(),
        is_enabled: new.is_enabled,
        roles: app.roles.clone(),
        attributes,
        created_at: ctx.now,
        version: 1,
    };
    application::insert_service_principal(ctx.tx, &permit, &sp)?;
    ctx.audit(&AuditEvent::new(
        Activity::AddServicePrincipal,
        sp_target(&sp).with([Modified::set("AppId", sp.app_id.to_string())]).with(keys),
    ))?;
    if let Some(owner) = ctx.person()? {
        link_owner(ctx, &permit, sp_target(&sp), sp.id, owner)?;
    }
    Ok(sp.id)
}

/// Changes a service principal.
pub fn update_service_principal(
    ctx: &mut Ctx<'_, '_>,
    id: ObjectId,
    patch: &ServicePrincipalPatch,
) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteApplications, application::service_principal(id))?;
    let old = found.ok_or_else(|| Refusal::no_such_object(id))?;
    let mut given = patch.clone();
    let keys = certificates::settle(ctx, id, &mut given.attributes)?;
    let mut attributes = old.attributes.clone();
    attributes.merge(&given.attributes);
    let new = ServicePrincipal {
        name: given.name.or(old.name.clone()),
        is_enabled: given.is_enabled.or(old.is_enabled),
        attributes,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    application::update_service_principal(ctx.tx, &permit, &new, ctx.now)?;
    let mut modified = attribute_changes(&old.attributes, &new.attributes);
    modified.extend(keys);
    modified.extend(Modified::change(
        "AccountEnabled",
        Some(old.is_enabled.to_string()),
        Some(new.is_enabled.to_string()),
    ));
    ctx.audit(&AuditEvent::new(Activity::UpdateServicePrincipal, sp_target(&new).with(modified)))
}

/// Deletes a service principal, to be kept for thirty days.
pub fn delete_service_principal(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteApplications, application::service_principal(id))?;
    let sp = found.ok_or_else(|| Refusal::no_such_object(id))?;
    end_service_principal(ctx, &permit, &sp)
}

fn end_service_principal(ctx: &mut Ctx<'_, '_>, permit: &Permit, sp: &ServicePrincipal) -> Result<(), ServiceError> {
    application::set_service_principal_deleted(ctx.tx, permit, sp.id, true, ctx.now);
    super::groups::origin_gone(ctx, sp.id)?;
    keep(ctx, sp.id);
    ctx.audit(&AuditEvent::new(Activity::RemoveServicePrincipal, sp_target(sp)))
}

/// Adds an owner of an application or service principal.
pub fn add_owner(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let (permit, head) = ctx.load(Action::WriteApplications, object::head(id))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(id))?;
    link_owner(ctx, &permit, target(head.kind, id, &head.name), id, who)
}

fn link_owner(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    owned: AuditTarget,
    id: ObjectId,
    who: ObjectId,
) -> Result<(), ServiceError> {
    let head = ctx.fetch(object::head(who))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(who))?;
    if !matches!(head.kind, ObjectKind::User | ObjectKind::ServicePrincipal) {
        return Err(Refusal::new(Code::RequestBadRequest, "an owner is a user or a service principal").into());
    }
    member::add_owner(ctx.tx, permit, id, who);
    let event = AuditEvent::new(Activity::AddApplicationOwner, target(head.kind, who, &head.name));
    ctx.audit(&event.about(owned.with([Modified::set("Owner", who.to_string())])))
}

/// Removes an owner of an application or service principal.
pub fn remove_owner(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let wanted = (object::head(id), object::head(who), member::is_owner(id, who));
    let (permit, (head, owner, link)) = ctx.load(Action::WriteApplications, wanted)?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(id))?;
    let owner = owner.filter(|_| link.is_some()).ok_or_else(|| Refusal::no_such_object(who))?;
    member::remove_owner(ctx.tx, &permit, id, who);
    let event = AuditEvent::new(Activity::RemoveApplicationOwner, target(owner.kind, who, &owner.name));
    ctx.audit(&event.about(target(head.kind, id, &head.name).with([Modified::cleared("Owner", who.to_string())])))
}

/// An app role to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAppRoleAssignment {
    /// The application's service principal.
    pub resource: ObjectId,
    /// The role; the zero id is default access.
    pub role: Uuid,
    /// Who gets it.
    pub principal: ObjectId,
}

/// Gives an app role.
pub fn assign_role(ctx: &mut Ctx<'_, '_>, new: NewAppRoleAssignment) -> Result<AppRoleAssignmentId, ServiceError> {
    let wanted = (application::service_principal(new.resource), object::head(new.principal));
    let (permit, (sp, principal)) = ctx.load(Action::AssignAppRoles, wanted)?;
    let sp = sp.ok_or_else(|| Refusal::no_such_object(new.resource))?;
    let principal =
        principal.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(new.principal))?;
    let offered = sp.roles.iter().any(|r| r.id == new.role && r.is_enabled);
    let is_default_access = new.role.is_nil() && sp.roles.is_empty();
    if !offered && !is_default_access {
        let message = "Permission being assigned was not found on application";
        return Err(Refusal::new(Code::RequestBadRequest, message).detail("/appRoleId", "unknown").into());
    }
    let assignment = AppRoleAssignment {
        id: ctx.ids.next(ctx.now),
        resource: sp.id,
        role: new.role,
        principal: new.principal,
        created_at: ctx.now,
    };
    application::insert_assignment(ctx.tx, &permit, &assignment);
    rows::grant::by_hand(ctx.tx, (sp.id, RoleKind::AppRole(new.role)), new.principal, None);
    let event = AuditEvent::new(Activity::AddAppRoleAssignment, target(principal.kind, principal.id, &principal.name));
    ctx.audit(&event.about(sp_target(&sp).with([Modified::set("AppRole.Id", new.role.to_string())])))?;
    Ok(assignment.id)
}

/// Takes an app role away. `holder` is the object under whose path it was named.
pub fn unassign_role(ctx: &mut Ctx<'_, '_>, id: AppRoleAssignmentId, holder: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::AssignAppRoles, application::assignment(id))?;
    let found = found.filter(|a| a.resource == holder || a.principal == holder);
    let found = found.ok_or_else(|| Refusal::no_such_object(id))?;
    application::delete_assignment(ctx.tx, &permit, id);
    rows::grant::by_hand(ctx.tx, (found.resource, RoleKind::AppRole(found.role)), found.principal, Some(ctx.now));
    let (sp, principal) = ctx.fetch((object::head(found.resource), object::head(found.principal)))?;
    let mut event = AuditEvent::new(
        Activity::RemoveAppRoleAssignment,
        target(ObjectKind::User, found.principal, principal.as_ref().map_or("", |p| &p.name)),
    );
    if let Some(sp) = sp {
        let modified = Modified::cleared("AppRole.Id", found.role.to_string());
        event = event.about(target(ObjectKind::ServicePrincipal, sp.id, &sp.name).with([modified]));
    }
    ctx.audit(&event)
}

/// A client secret that was made; its text is never shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeSecret {
    /// Its id.
    pub id: Uuid,
    /// Its text.
    pub text: String,
    /// Its first characters.
    pub hint: String,
    /// Its display name.
    pub name: Option<String>,
    /// It is good from then on.
    pub starts_at: Timestamp,
    /// It is good until then.
    pub expires_at: Option<Timestamp>,
}

/// Makes a client secret of an application or service principal.
pub fn add_secret(
    ctx: &mut Ctx<'_, '_>,
    id: ObjectId,
    name: Option<String>,
    expires_at: Option<Timestamp>,
) -> Result<MadeSecret, ServiceError> {
    let (permit, head) = ctx.load(Action::WriteApplications, object::head(id))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(id))?;
    let random: [u8; 32] = ctx.ids.bytes();
    let text = secret::from_bytes(&random);
    let made = MadeSecret {
        id: ctx.ids.next(ctx.now),
        hint: text.chars().take(HINT_CHARS).collect(),
        text,
        name,
        starts_at: ctx.wall,
        expires_at: expires_at.or_else(|| IsoDuration::days(SECRET_DAYS_DEFAULT).after(ctx.wall)),
    };
    store_secret(ctx, id, &made);
    list_secrets(ctx, &permit, head.kind, id)?;
    let modified = Modified::set("PasswordCredential", made.id.to_string());
    ctx.audit(&AuditEvent::new(Activity::UpdateApplication, target(head.kind, id, &head.name).with([modified])))?;
    Ok(made)
}

/// Stores a secret's hash.
pub(crate) fn store_secret(ctx: &mut Ctx<'_, '_>, id: ObjectId, made: &MadeSecret) {
    let credential = Credential {
        id: made.id,
        hash: secret::hash_text(&made.text),
        name: made.name.clone(),
        hint: Some(made.hint.clone()),
        must_change: false,
        starts_at: made.starts_at,
        expires_at: made.expires_at,
        failures: 0,
        locked_until: None,
    };
    identity::insert_credential(ctx.tx, id, CredentialKind::ClientSecret, &credential);
}

/// Notes on the object which secrets it has, for its readers: when they end and how they begin, never more.
pub(crate) fn list_secrets(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    kind: ObjectKind,
    id: ObjectId,
) -> Result<(), ServiceError> {
    let known = ctx.fetch(identity::credentials(id, CredentialKind::ClientSecret))?;
    let shown: Vec<Value> = known
        .iter()
        .map(|c| {
            json!({
                "customKeyIdentifier": null,
                "displayName": c.name,
                "endDateTime": c.expires_at,
                "hint": c.hint,
                "keyId": c.id,
                "secretText": null,
                "startDateTime": c.starts_at,
            })
        })
        .collect();
    let change = Attributes(Map::from_iter([("passwordCredentials".to_owned(), Value::Array(shown))]));
    if kind == ObjectKind::Application
        && let Some(mut app) = ctx.fetch(application::get(id))?
    {
        app.attributes.merge(&change);
        application::update(ctx.tx, permit, &app, ctx.now)?;
    }
    if kind == ObjectKind::ServicePrincipal
        && let Some(mut sp) = ctx.fetch(application::service_principal(id))?
    {
        sp.attributes.merge(&change);
        application::update_service_principal(ctx.tx, permit, &sp, ctx.now)?;
    }
    Ok(())
}

/// Removes a client secret.
pub fn remove_secret(ctx: &mut Ctx<'_, '_>, id: ObjectId, secret: Uuid) -> Result<(), ServiceError> {
    let wanted = (object::head(id), identity::credentials(id, CredentialKind::ClientSecret));
    let (permit, (head, known)) = ctx.load(Action::WriteApplications, wanted)?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(id))?;
    if !known.iter().any(|c| c.id == secret) {
        return Err(Refusal::new(Code::RequestBadRequest, "No password credential found with keyId.").into());
    }
    identity::delete_credential(ctx.tx, id, secret);
    list_secrets(ctx, &permit, head.kind, id)?;
    let modified = Modified::cleared("PasswordCredential", secret.to_string());
    ctx.audit(&AuditEvent::new(Activity::UpdateApplication, target(head.kind, id, &head.name).with([modified])))
}
