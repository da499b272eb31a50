//! Deleted objects: restore them, or delete them for good (decisions.md B8).

use super::{applications, groups, target, users};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::identity::sessions::end_all;
use crate::requests::{self, removal_facts};
use tenure_domain::audit::{Activity, AuditEvent};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::directory::ObjectKind;
use tenure_domain::ids::{ObjectId, SubjectId};
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{self, RemovalKind};
use tenure_store::queue::{self, Subject};
use tenure_store::rows;
use tenure_store::rows::directory::object::Head;
use tenure_store::rows::directory::{application, group, member, object, user};

const fn action(kind: ObjectKind) -> Action {
    match kind {
        ObjectKind::User => Action::WriteUsers,
        ObjectKind::Group => Action::WriteGroups,
        ObjectKind::ServicePrincipal | ObjectKind::Application => Action::WriteApplications,
    }
}

/// A deleted object and the permit to handle it. Who may handle none of them learns nothing.
fn find(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(Head, Permit), ServiceError> {
    let head = ctx.fetch(object::head(id))?.filter(|h| h.deleted_at.is_some());
    let permit = ctx.permit(head.as_ref().map_or(Action::WriteUsers, |h| action(h.kind)))?;
    Ok((head.ok_or_else(|| Refusal::no_such_object(id))?, permit))
}

/// Deletes an object of whatever kind; it is kept for a while.
pub fn delete(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let head = ctx.fetch(object::head(id))?.filter(|h| h.deleted_at.is_none());
    match head.map(|h| h.kind) {
        Some(ObjectKind::User) => users::delete(ctx, id),
        Some(ObjectKind::Group) => groups::delete(ctx, id),
        Some(ObjectKind::Application) => applications::delete(ctx, id),
        Some(ObjectKind::ServicePrincipal) => applications::delete_service_principal(ctx, id),
        None => {
            ctx.permit(Action::WriteUsers)?;
            Err(Refusal::no_such_object(id).into())
        }
    }
}

/// Brings a deleted object back, with everything it belonged to.
pub fn restore(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (head, permit) = find(ctx, id)?;
    let activity = match head.kind {
        ObjectKind::User => {
            user::restore(ctx.tx, &permit, id, ctx.now);
            // What outside was issued meanwhile is no better than what was issued before.
            end_all(ctx, id);
            Activity::RestoreUser
        }
        ObjectKind::Group => {
            group::restore(ctx.tx, &permit, id, ctx.now);
            groups::origin_back(ctx, id)?;
            Activity::RestoreGroup
        }
        ObjectKind::Application => {
            application::set_deleted(ctx.tx, &permit, id, false, ctx.now);
            Activity::RestoreApplication
        }
        ObjectKind::ServicePrincipal => {
            application::set_service_principal_deleted(ctx.tx, &permit, id, false, ctx.now);
            groups::origin_back(ctx, id)?;
            Activity::RestoreApplication
        }
    };
    queue::clear_timer(ctx.tx, Subject::DeletedObject(id));
    ctx.audit(&AuditEvent::new(activity, target(head.kind, id, &head.name)))
}

/// Deletes a deleted object for good.
pub fn delete_for_good(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (head, permit) = find(ctx, id)?;
    purge(ctx, &permit, &head)
}

/// The thirty days are over.
pub(crate) fn delete_for_good_by_timer(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let Some(head) = ctx.fetch(object::head(id))?.filter(|h| h.deleted_at.is_some()) else { return Ok(()) };
    let permit = Permit::system(action(head.kind));
    purge(ctx, &permit, &head)
}

fn purge(ctx: &mut Ctx<'_, '_>, permit: &Permit, head: &Head) -> Result<(), ServiceError> {
    let id = head.id;
    close_requests(ctx, SubjectId(id.0))?;
    end_assignments(ctx, SubjectId(id.0))?;
    let nested = match head.kind {
        ObjectKind::Group => ctx.fetch(member::groups_directly_in(id))?,
        _ => Vec::new(),
    };
    member::forget(ctx.tx, permit, id);
    application::forget_assignments(ctx.tx, permit, id);
    rows::identity::forget_principal(ctx.tx, id);
    rows::session::delete_of(ctx.tx, id);
    rows::identity_link::delete_of(ctx.tx, id);
    queue::clear_timer(ctx.tx, Subject::DeletedObject(id));
    let activity = match head.kind {
        ObjectKind::User => {
            user::delete(ctx.tx, permit, id, ctx.now);
            Activity::HardDeleteUser
        }
        ObjectKind::Group => {
            group::delete(ctx.tx, permit, id, ctx.now);
            Activity::HardDeleteGroup
        }
        ObjectKind::Application => {
            application::delete(ctx.tx, permit, id, ctx.now);
            Activity::HardDeleteApplication
        }
        ObjectKind::ServicePrincipal => {
            application::delete_service_principal(ctx.tx, permit, id, ctx.now);
            Activity::HardDeleteApplication
        }
    };
    // What was nested in a group loses what lay above it only through that group.
    for group in nested {
        member::rebuild_above(ctx.tx, ObjectId(group))?;
    }
    ctx.audit(&AuditEvent::new(activity, target(head.kind, id, &head.name)))
}

/// Nobody is asked any more about somebody who is gone, and nothing is waited for.
fn close_requests(ctx: &mut Ctx<'_, '_>, subject: SubjectId) -> Result<(), ServiceError> {
    for request in ctx.fetch(rows::request::open_of_target(subject))? {
        let names = requests::names(ctx, &request)?;
        ctx.apply(&Permit::system(Action::AdministerAssignments), &request::close(&request, &names, ctx.now))?;
    }
    Ok(())
}

/// Live assignments of somebody who is gone end without fulfilment: there is nobody to take anything from.
fn end_assignments(ctx: &mut Ctx<'_, '_>, subject: SubjectId) -> Result<(), ServiceError> {
    for assignment in ctx.fetch(rows::assignment::live_of_target(subject))? {
        let facts = removal_facts(ctx, assignment)?;
        if let Some((_, decision)) = request::remove(&facts, &RemovalKind::TargetDeleted, ctx.now, &mut ctx.ids)? {
            ctx.apply(&Permit::system(Action::AdministerAssignments), &decision)?;
        }
    }
    Ok(())
}
