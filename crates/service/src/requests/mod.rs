//! Assignment requests: ask, remove, cancel, delete (behaviour.md b; semantics.md 7).

mod explain;
mod remove;
mod reprocess;
mod requirements;
mod start;
mod submit;
mod target;
mod told;
mod update;
mod verify;

pub use explain::{Approver, Asked, ExplainCommand, Explained, StageApprovers, explain};
pub(crate) use remove::removal_facts;
pub use remove::{AssignmentRef, RemoveCommand, remove};
pub use reprocess::{reprocess, reprocess_assignment, resume};
pub use requirements::{Requirement, Requirements, requirements};
pub(crate) use start::start_facts;
pub use submit::{SubmitCommand, Submitted, submit};
pub(crate) use target::Waiting;
pub use target::{TargetRef, external_of};
pub use told::{RoleError, Told, told};
pub use update::{UpdateCommand, update};
pub use verify::{NoVerifier, Presentation, Verifier};

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::ids::{RequestId, SubjectId};
use tenure_domain::package::Package;
use tenure_domain::policy::Policy;
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{self, Names, Request};
use tenure_domain::subject::{Lifecycle, Subject, SubjectKind};
use tenure_store::{First, rows};

/// The subject a person is. A guest who is in the directory already was not invited by us.
pub(crate) fn subject_of(user: &User) -> Subject {
    Subject {
        id: SubjectId(user.id.0),
        object: Some(user.id),
        kind: SubjectKind::User,
        name: user.name.clone(),
        email: user.mail.clone(),
        principal_name: Some(user.principal_name.clone()),
        organization: None,
        lifecycle: match user.kind {
            UserKind::Member => Lifecycle::NotDefined,
            UserKind::Guest => Lifecycle::NotGoverned,
        },
    }
}

/// Where the names that audit rows and mails of a request show are read.
pub(crate) fn name_rows(request: &Request) -> (First<Package>, First<Policy>, First<String>) {
    (rows::package::get(request.package), rows::policy::get(request.policy), rows::subject::name(request.target))
}

/// The names, from those rows.
pub(crate) fn named((package, policy, target): (Option<Package>, Option<Policy>, Option<String>)) -> Names {
    Names {
        target: target.unwrap_or_default(),
        package: package.map(|p| p.name).unwrap_or_default(),
        policy: policy.map(|p| p.name).unwrap_or_default(),
    }
}

/// The same, read at once.
pub(crate) fn names(ctx: &mut Ctx<'_, '_>, request: &Request) -> Result<Names, ServiceError> {
    Ok(named(ctx.fetch(name_rows(request))?))
}

/// A request the caller may act on: administrators on all, people on their own. Invisible is absent (decisions.md J2).
fn own_or_administered(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(Request, Permit), ServiceError> {
    let found = ctx.fetch(rows::request::get(id))?;
    let missing = || Refusal::not_found("assignment request", id);
    let (administers, asks) = (ctx.pending(Action::AdministerAssignments), ctx.pending(Action::RequestAccess));
    let sight = ctx.sight()?;
    let me = sight.me.map(|id| SubjectId(id.0));
    let mine = |r: &Request| me.is_some() && (r.requestor == me || Some(r.target) == me);
    if let (Ok(asks), true) = (&asks, found.as_ref().is_some_and(mine)) {
        let (permit, request) = asks.on(found, missing)?;
        return Ok((request, permit));
    }
    let pending = match (administers, asks) {
        (Ok(pending), _) => pending,
        (Err(_), Err(refused)) => return Err(refused),
        // Somebody who administers nothing hears so about what he sees; what he does not see is not there.
        (Err(refused), Ok(_)) if found.as_ref().is_some_and(|r| sight.sees(r.catalog)) => return Err(refused),
        (Err(_), Ok(_)) => return Err(missing().into()),
    };
    let (permit, request) = pending.on(found, missing)?;
    Ok((request, permit))
}

/// Withdraws a request that waits for approval or for its start: the requestor, or an administrator.
pub fn cancel(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (request, permit) = own_or_administered(ctx, id)?;
    // An administrator may be the one who asked: what he does as such does not depend on it.
    if request::may_withdraw(&request)
        && let Ok(administers) = ctx.pending(Action::AdministerAssignments)
        && let Ok((permit, request)) =
            administers.on(Some(request.clone()), || Refusal::not_found("assignment request", id))
    {
        return reprocess::withdraw(ctx, request, &permit);
    }
    let names = names(ctx, &request)?;
    let decision = request::cancel(&request, &names, ctx.now)?;
    ctx.apply(&permit, &decision)
}

/// Deletes a finished request.
pub fn delete(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (pending, request) = ctx.load_placed(Action::AdministerAssignments, rows::request::get(id))?;
    let (permit, request) = pending.on(request, || Refusal::not_found("assignment request", id))?;
    let assignment = match request.state.assignment() {
        Some(id) => ctx.fetch(rows::assignment::get(id))?,
        None => None,
    };
    let names = names(ctx, &request)?;
    let is_live = assignment.is_some_and(|a| a.state.is_live() && a.request == request.id);
    let decision = request::may_delete(&request, is_live, &names)?;
    ctx.apply(&permit, &decision)
}
