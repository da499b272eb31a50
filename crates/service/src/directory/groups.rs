//! Groups: make, change, delete; their members and owners.

use super::{attribute_changes, may_edit, target};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::RoleKind;
use tenure_domain::directory::group::{Group, check_nickname, may_edit_members};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{DELETED_OBJECT_KEEP_DAYS, GROUP_OWNERS_MAX};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::check_name;
use tenure_domain::time::plus_seconds;
use tenure_store::queue::{self, Subject};
use tenure_store::rows;
use tenure_store::rows::directory::object::Head;
use tenure_store::rows::directory::{group, member, object};

/// A group to be made.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent properties of the published model")]
pub struct NewGroup {
    /// The id, when an outside directory or the demo decides it.
    pub id: Option<ObjectId>,
    /// Display name.
    pub name: String,
    /// Mail alias.
    pub nickname: String,
    /// An alternate key.
    pub unique_name: Option<String>,
    /// Whether it can guard access.
    pub is_security: bool,
    /// Whether it receives mail.
    pub is_mail: bool,
    /// Microsoft 365 style.
    pub is_unified: bool,
    /// Filled by a rule.
    pub is_dynamic: bool,
    /// Whether directory roles can be given to it.
    pub is_role_assignable: bool,
    /// The rule that fills it.
    pub rule: Option<String>,
    /// Everything else.
    pub attributes: Attributes,
    /// First owners.
    pub owners: Vec<ObjectId>,
    /// First members.
    pub members: Vec<ObjectId>,
}

/// What shall change about a group.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GroupPatch {
    /// Display name.
    pub name: Patch<String>,
    /// Mail alias.
    pub nickname: Patch<String>,
    /// An alternate key.
    pub unique_name: Patch<String>,
    /// Whether it can guard access.
    pub is_security: Patch<bool>,
    /// Whether it receives mail.
    pub is_mail: Patch<bool>,
    /// The rule that fills it.
    pub rule: Patch<String>,
    /// Everything else; null clears.
    pub attributes: Attributes,
    /// Members to add.
    pub members: Vec<ObjectId>,
    /// Owners to add.
    pub owners: Vec<ObjectId>,
}

fn group_target(group: &Group) -> AuditTarget {
    target(ObjectKind::Group, group.id, &group.name)
}

/// Makes a group. A person who makes one owns it.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewGroup) -> Result<ObjectId, ServiceError> {
    let permit = ctx.permit(Action::WriteGroups)?;
    check_name("displayName", &new.name)?;
    check_nickname(&new.nickname)?;
    if !new.is_security && !new.is_mail {
        let message = "a group has securityEnabled, mailEnabled, or both";
        return Err(Refusal::new(Code::RequestBadRequest, message).detail("/securityEnabled", "false").into());
    }
    if new.is_dynamic != new.rule.is_some() {
        let message = "groupTypes DynamicMembership and membershipRule go together";
        return Err(Refusal::new(Code::RequestBadRequest, message)
            .detail("/membershipRule", "does not fit groupTypes")
            .into());
    }
    let made = Group {
        id: new.id.unwrap_or_else(|| ctx.ids.next(ctx.now)),
        name: new.name.clone(),
        nickname: new.nickname.clone(),
        unique_name: new.unique_name.clone(),
        is_security: new.is_security,
        is_mail: new.is_mail,
        is_unified: new.is_unified,
        is_dynamic: new.is_dynamic,
        is_role_assignable: new.is_role_assignable,
        rule: new.rule.clone(),
        attributes: new.attributes.clone(),
        created_at: ctx.now,
        source: None,
        version: 1,
    };
    group::insert(ctx.tx, &permit, &made)?;
    ctx.audit(&AuditEvent::new(
        Activity::AddGroup,
        group_target(&made).with([Modified::set("DisplayName", &made.name)]),
    ))?;
    let creator = ctx.person()?;
    let mut owners = new.owners.clone();
    owners.extend(creator.filter(|c| !owners.contains(c)));
    for owner in owners {
        link_owner(ctx, &permit, &made, owner)?;
    }
    for member in &new.members {
        link_member(ctx, &permit, &made, *member)?;
    }
    Ok(made.id)
}

/// The group of that id, or the 404 of directory objects.
fn must_be_group(found: Option<Group>, id: ObjectId) -> Result<Group, Refusal> {
    found.ok_or_else(|| Refusal::no_such_object(id))
}

/// Changes a group.
pub fn update(ctx: &mut Ctx<'_, '_>, id: ObjectId, patch: &GroupPatch) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteGroups, group::get(id))?;
    let old = must_be_group(found, id)?;
    may_edit(old.source, &old.name)?;
    let given = patch.clone();
    let mut attributes = old.attributes.clone();
    attributes.merge(&given.attributes);
    let new = Group {
        name: given.name.or(old.name.clone()),
        nickname: given.nickname.or(old.nickname.clone()),
        unique_name: given.unique_name.apply(old.unique_name.clone()),
        is_security: given.is_security.or(old.is_security),
        is_mail: given.is_mail.or(old.is_mail),
        rule: given.rule.apply(old.rule.clone()),
        attributes,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_nickname(&new.nickname)?;
    let fields = [
        Modified::change("DisplayName", Some(old.name.clone()), Some(new.name.clone())),
        Modified::change("MailNickname", Some(old.nickname.clone()), Some(new.nickname.clone())),
        Modified::change("SecurityEnabled", Some(old.is_security.to_string()), Some(new.is_security.to_string())),
        Modified::change("MembershipRule", old.rule.clone(), new.rule.clone()),
    ];
    let mut modified: Vec<Modified> = fields.into_iter().flatten().collect();
    modified.extend(attribute_changes(&old.attributes, &new.attributes));
    let only_members = modified.is_empty() && (!given.members.is_empty() || !given.owners.is_empty());
    if !only_members {
        group::update(ctx.tx, &permit, &new, ctx.now)?;
        ctx.audit(&AuditEvent::new(Activity::UpdateGroup, group_target(&new).with(modified)))?;
    }
    for owner in given.owners {
        link_owner(ctx, &permit, &new, owner)?;
    }
    for member in given.members {
        link_member(ctx, &permit, &new, member)?;
    }
    Ok(())
}

/// Deletes a group, to be kept for thirty days. Resources it stands for are missing from now on (decisions.md B9).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteGroups, group::get(id))?;
    let found = must_be_group(found, id)?;
    may_edit(found.source, &found.name)?;
    group::soft_delete(ctx.tx, &permit, id, ctx.now);
    has_fewer_members(ctx, &permit, id);
    origin_gone(ctx, id)?;
    let keep = plus_seconds(ctx.now, DELETED_OBJECT_KEEP_DAYS * 86_400);
    queue::set_timer(ctx.tx, Subject::DeletedObject(id), keep);
    ctx.audit(&AuditEvent::new(Activity::DeleteGroup, group_target(&found)))
}

/// What waits for the decision of a member of a group is looked at by the job runner, now: somebody else may have to be
/// asked (decisions.md H7).
fn has_fewer_members(ctx: &mut Ctx<'_, '_>, permit: &Permit, id: ObjectId) {
    rows::approval::look_at_its(ctx.tx, permit, id, ctx.now);
    ctx.leaves_work();
}

/// The object behind resources is gone: they are missing, their grants gone, who held them holds part of his package.
/// Their catalogs' owners see it in the audit of each resource, and whom it concerns among the deliveries.
pub(super) fn origin_gone(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    origin_is(ctx, id, true)
}

/// It is back, memberships and all. Who was to join it meanwhile is not joined by that: his request, or his assignment,
/// can be reprocessed.
pub(super) fn origin_back(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    origin_is(ctx, id, false)
}

fn origin_is(ctx: &mut Ctx<'_, '_>, id: ObjectId, is_gone: bool) -> Result<(), ServiceError> {
    rows::catalog::set_missing(ctx.tx, id, is_gone);
    rows::grant::mark_origin(ctx.tx, id, is_gone);
    rows::assignment::stand_at_grants(ctx.tx, id, ctx.now);
    for resource in ctx.fetch(rows::catalog::of_origin(id))? {
        let was = Modified::change("IsMissing", Some((!is_gone).to_string()), Some(is_gone.to_string()));
        let target = AuditTarget::new(TargetKind::AccessPackageResource, resource.id, resource.name).with(was);
        let catalog = AuditTarget::new(TargetKind::AccessPackageCatalog, resource.catalog, None);
        ctx.audit(&AuditEvent::new(Activity::UpdateCatalogResource, target).about(catalog))?;
    }
    Ok(())
}

/// Adds a member: a person, a group, or a service principal.
pub fn add_member(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteGroups, group::get(id))?;
    let found = must_be_group(found, id)?;
    link_member(ctx, &permit, &found, who)
}

fn living(head: Option<Head>, id: ObjectId) -> Result<Head, Refusal> {
    head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(id))
}

fn link_member(ctx: &mut Ctx<'_, '_>, permit: &Permit, group: &Group, who: ObjectId) -> Result<(), ServiceError> {
    may_edit_members(group)?;
    may_edit(group.source, &group.name)?;
    let (head, already) = ctx.fetch((object::head(who), member::is_member(group.id, who)))?;
    let head = living(head, who)?;
    if already.is_some() {
        let message =
            "One or more added object references already exist for the following modified properties: 'members'.";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    }
    if head.kind == ObjectKind::Application || who == group.id {
        let message = "a member is a user, another group, or a service principal";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    }
    member::add(ctx.tx, permit, group.id, (who, head.kind), ctx.now);
    rows::grant::by_hand(ctx.tx, (group.id, RoleKind::GroupMember), who, None);
    if head.kind == ObjectKind::Group {
        member::rebuild_above(ctx.tx, who)?;
    }
    let event = AuditEvent::new(Activity::AddMember, target(head.kind, who, &head.name));
    ctx.audit(&event.about(group_target(group).with([Modified::set("Group.Member", who.to_string())])))
}

/// Removes a member.
pub fn remove_member(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let wanted = (group::get(id), object::head(who), member::is_member(id, who));
    let (permit, (found, head, edge)) = ctx.load(Action::WriteGroups, wanted)?;
    let found = must_be_group(found, id)?;
    may_edit_members(&found)?;
    may_edit(found.source, &found.name)?;
    let head = head.filter(|_| edge.is_some()).ok_or_else(|| Refusal::no_such_object(who))?;
    member::remove(ctx.tx, &permit, id, who, ctx.now);
    rows::grant::by_hand(ctx.tx, (id, RoleKind::GroupMember), who, Some(ctx.now));
    if head.kind == ObjectKind::Group {
        member::rebuild_above(ctx.tx, who)?;
    }
    has_fewer_members(ctx, &permit, id);
    let event = AuditEvent::new(Activity::RemoveMember, target(head.kind, who, &head.name));
    ctx.audit(&event.about(group_target(&found).with([Modified::cleared("Group.Member", who.to_string())])))
}

/// Adds an owner: a person or a service principal.
pub fn add_owner(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteGroups, group::get(id))?;
    let found = must_be_group(found, id)?;
    link_owner(ctx, &permit, &found, who)
}

fn link_owner(ctx: &mut Ctx<'_, '_>, permit: &Permit, group: &Group, who: ObjectId) -> Result<(), ServiceError> {
    may_edit(group.source, &group.name)?;
    let (head, owners) = ctx.fetch((object::head(who), member::owners(group.id)))?;
    let head = living(head, who)?;
    if !matches!(head.kind, ObjectKind::User | ObjectKind::ServicePrincipal) {
        return Err(Refusal::new(Code::RequestBadRequest, "an owner is a user or a service principal").into());
    }
    if owners.unwrap_or(0) >= i64::try_from(GROUP_OWNERS_MAX).unwrap_or(i64::MAX) {
        return Err(Refusal::new(Code::LimitExceeded, format!("a group has at most {GROUP_OWNERS_MAX} owners")).into());
    }
    member::add_owner(ctx.tx, permit, group.id, who);
    rows::grant::by_hand(ctx.tx, (group.id, RoleKind::GroupOwner), who, None);
    let event = AuditEvent::new(Activity::AddOwner, target(head.kind, who, &head.name));
    ctx.audit(&event.about(group_target(group).with([Modified::set("Group.Owner", who.to_string())])))
}

/// Removes an owner.
pub fn remove_owner(ctx: &mut Ctx<'_, '_>, id: ObjectId, who: ObjectId) -> Result<(), ServiceError> {
    let wanted = (group::get(id), object::head(who), member::is_owner(id, who));
    let (permit, (found, head, link)) = ctx.load(Action::WriteGroups, wanted)?;
    let found = must_be_group(found, id)?;
    may_edit(found.source, &found.name)?;
    let head = head.filter(|_| link.is_some()).ok_or_else(|| Refusal::no_such_object(who))?;
    member::remove_owner(ctx.tx, &permit, id, who);
    rows::grant::by_hand(ctx.tx, (id, RoleKind::GroupOwner), who, Some(ctx.now));
    let event = AuditEvent::new(Activity::RemoveOwner, target(head.kind, who, &head.name));
    ctx.audit(&event.about(group_target(&found).with([Modified::cleared("Group.Owner", who.to_string())])))
}
