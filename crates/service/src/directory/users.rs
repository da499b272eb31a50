//! People: make, change, delete; their manager and sponsors.

use super::{attribute_changes, may_edit, target};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::identity::sessions::end_all;
use tenure_domain::Patch;
use tenure_domain::attribute::check_extensions;
use tenure_domain::audit::{Activity, AuditEvent, Modified};
use tenure_domain::authorize::Action;
use tenure_domain::directory::user::{User, UserKind, check_principal_name};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::DELETED_OBJECT_KEEP_DAYS;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::check_name;
use tenure_domain::time::plus_seconds;
use tenure_store::queue::{self, Subject};
use tenure_store::rows::directory::{member, object, user};
use tenure_store::rows::identity::{self, Credential, CredentialKind};
use tenure_store::rows::tenant;

/// A new password, hashed already: hashing is slow and has no place in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// Its hash.
    pub hash: String,
    /// It must be replaced at the next sign-in.
    pub must_change: bool,
}

/// A person to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUser {
    /// The id, when an outside directory or the demo decides it.
    pub id: Option<ObjectId>,
    /// Display name.
    pub name: String,
    /// `name@domain`.
    pub principal_name: String,
    /// Mail address.
    pub mail: Option<String>,
    /// Mail alias.
    pub nickname: Option<String>,
    /// Member or guest.
    pub kind: UserKind,
    /// Whether the account can sign in.
    pub is_enabled: bool,
    /// The password.
    pub password: Option<NewPassword>,
    /// The manager.
    pub manager: Option<ObjectId>,
    /// Everything else.
    pub attributes: Attributes,
}

/// What shall change about a person.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UserPatch {
    /// Display name.
    pub name: Patch<String>,
    /// `name@domain`.
    pub principal_name: Patch<String>,
    /// Mail address.
    pub mail: Patch<String>,
    /// Mail alias.
    pub nickname: Patch<String>,
    /// Member or guest.
    pub kind: Patch<UserKind>,
    /// Whether the account can sign in.
    pub is_enabled: Patch<bool>,
    /// The password.
    pub password: Option<NewPassword>,
    /// Everything else; null clears.
    pub attributes: Attributes,
}

fn user_target(user: &User) -> tenure_domain::audit::AuditTarget {
    target(ObjectKind::User, user.id, &user.name)
}

/// Makes a person.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewUser) -> Result<ObjectId, ServiceError> {
    let (permit, tenant) = ctx.load(Action::WriteUsers, tenant::get())?;
    check_name("displayName", &new.name)?;
    let domains = tenant.map(|t| t.domains).unwrap_or_default();
    check_principal_name(&new.principal_name, &domains)?;
    check_extensions(&new.attributes)?;
    if let Some(manager) = new.manager {
        must_be_user(ctx, manager)?;
    }
    let user = User {
        id: new.id.unwrap_or_else(|| ctx.ids.next(ctx.now)),
        name: new.name.clone(),
        principal_name: new.principal_name.clone(),
        mail: new.mail.clone(),
        nickname: new.nickname.clone(),
        kind: new.kind,
        is_enabled: new.is_enabled,
        manager: new.manager,
        attributes: new.attributes.clone(),
        created_at: ctx.now,
        token_epoch: 0,
        source: None,
        version: 1,
    };
    user::insert(ctx.tx, &permit, &user)?;
    if let Some(password) = &new.password {
        set_password(ctx, user.id, password);
    }
    let modified = Modified::set("UserPrincipalName", &user.principal_name);
    ctx.audit(&AuditEvent::new(Activity::AddUser, user_target(&user).with([modified])))?;
    Ok(user.id)
}

/// Replaces the password of a person; the caller has the right to.
pub(crate) fn set_password(ctx: &mut Ctx<'_, '_>, id: ObjectId, password: &NewPassword) {
    identity::delete_credentials(ctx.tx, id, CredentialKind::Password);
    let credential = Credential {
        id: ctx.ids.next(ctx.now),
        hash: password.hash.clone(),
        name: None,
        hint: None,
        must_change: password.must_change,
        starts_at: ctx.wall,
        expires_at: None,
        failures: 0,
        locked_until: None,
    };
    identity::insert_credential(ctx.tx, id, CredentialKind::Password, &credential);
}

/// The person of that id, or the 404 of directory objects.
fn must_be_user(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<User, ServiceError> {
    Ok(ctx.fetch(user::get(id))?.ok_or_else(|| Refusal::no_such_object(id))?)
}

/// Changes a person. Blocking him, or giving him another password, ends his tokens at once (decisions.md K2).
pub fn update(ctx: &mut Ctx<'_, '_>, id: ObjectId, patch: &UserPatch) -> Result<(), ServiceError> {
    let (permit, (old, tenant)) = ctx.load(Action::WriteUsers, (user::get(id), tenant::get()))?;
    let old = old.ok_or_else(|| Refusal::no_such_object(id))?;
    may_edit(old.source, &old.name)?;
    let given = patch.clone();
    let mut attributes = old.attributes.clone();
    attributes.merge(&given.attributes);
    check_extensions(&attributes)?;
    let mut new = User {
        name: given.name.or(old.name.clone()),
        principal_name: given.principal_name.or(old.principal_name.clone()),
        mail: given.mail.apply(old.mail.clone()),
        nickname: given.nickname.apply(old.nickname.clone()),
        kind: given.kind.or(old.kind),
        is_enabled: given.is_enabled.or(old.is_enabled),
        attributes,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    if new.principal_name != old.principal_name {
        check_principal_name(&new.principal_name, &tenant.map(|t| t.domains).unwrap_or_default())?;
    }
    if (old.is_enabled && !new.is_enabled) || given.password.is_some() {
        new.token_epoch += 1;
        end_all(ctx, id);
    }
    user::update(ctx.tx, &permit, &new, ctx.now)?;
    if let Some(password) = &given.password {
        set_password(ctx, id, password);
        ctx.audit(&AuditEvent::new(Activity::ResetPassword, user_target(&new)))?;
    }
    let fields = [
        Modified::change("DisplayName", Some(old.name.clone()), Some(new.name.clone())),
        Modified::change("UserPrincipalName", Some(old.principal_name.clone()), Some(new.principal_name.clone())),
        Modified::change("Mail", old.mail.clone(), new.mail.clone()),
        Modified::change("AccountEnabled", Some(old.is_enabled.to_string()), Some(new.is_enabled.to_string())),
    ];
    let mut modified: Vec<Modified> = fields.into_iter().flatten().collect();
    modified.extend(attribute_changes(&old.attributes, &new.attributes));
    ctx.audit(&AuditEvent::new(Activity::UpdateUser, user_target(&new).with(modified)))
}

/// Deletes a person, to be kept for thirty days. Tokens end at once; assignments stay (decisions.md B8).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteUsers, user::get(id))?;
    let found = found.ok_or_else(|| Refusal::no_such_object(id))?;
    may_edit(found.source, &found.name)?;
    user::soft_delete(ctx.tx, &permit, id, ctx.now);
    end_all(ctx, id);
    let keep = plus_seconds(ctx.now, DELETED_OBJECT_KEEP_DAYS * 86_400);
    queue::set_timer(ctx.tx, Subject::DeletedObject(id), keep);
    ctx.audit(&AuditEvent::new(Activity::DeleteUser, user_target(&found)))
}

/// Gives a person a manager, or none.
pub fn set_manager(ctx: &mut Ctx<'_, '_>, id: ObjectId, manager: Option<ObjectId>) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteUsers, user::get(id))?;
    let found = found.ok_or_else(|| Refusal::no_such_object(id))?;
    may_edit(found.source, &found.name)?;
    if let Some(manager) = manager {
        must_be_user(ctx, manager)?;
        if manager == id {
            return Err(Refusal::new(Code::RequestBadRequest, "nobody is his own manager").into());
        }
    }
    user::set_manager(ctx.tx, &permit, id, manager);
    let text = |m: Option<ObjectId>| m.map(|m| m.to_string());
    let modified = Modified::change("Manager", text(found.manager), text(manager));
    ctx.audit(&AuditEvent::new(Activity::UpdateUser, user_target(&found).with(modified)))
}

/// Adds a sponsor, a person or a group.
pub fn add_sponsor(ctx: &mut Ctx<'_, '_>, id: ObjectId, sponsor: ObjectId) -> Result<(), ServiceError> {
    let (permit, (found, head)) = ctx.load(Action::WriteUsers, (user::get(id), object::head(sponsor)))?;
    let found = found.ok_or_else(|| Refusal::no_such_object(id))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(sponsor))?;
    if !matches!(head.kind, ObjectKind::User | ObjectKind::Group) {
        return Err(Refusal::new(Code::RequestBadRequest, "a sponsor is a user or a group").into());
    }
    member::add_sponsor(ctx.tx, &permit, id, sponsor);
    let modified = Modified::set("Sponsors", sponsor.to_string());
    ctx.audit(&AuditEvent::new(Activity::UpdateUser, user_target(&found).with([modified])))
}

/// Removes a sponsor.
pub fn remove_sponsor(ctx: &mut Ctx<'_, '_>, id: ObjectId, sponsor: ObjectId) -> Result<(), ServiceError> {
    let wanted = (user::get(id), member::is_sponsor(id, sponsor));
    let (permit, (found, link)) = ctx.load(Action::WriteUsers, wanted)?;
    let found = found.ok_or_else(|| Refusal::no_such_object(id))?;
    link.ok_or_else(|| Refusal::no_such_object(sponsor))?;
    member::remove_sponsor(ctx.tx, &permit, id, sponsor);
    let modified = Modified::cleared("Sponsors", sponsor.to_string());
    ctx.audit(&AuditEvent::new(Activity::UpdateUser, user_target(&found).with([modified])))
}
