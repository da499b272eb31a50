//! What became of a request and why, for those who may know: the published model has no property for it (behaviour.md b.3
//! #17, o.4; decisions.md A4, J6).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::{Action, Reach};
use tenure_domain::grant::HeldGrant;
use tenure_domain::ids::{ObjectId, RequestId, SubjectId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{Direction, Request, RequestState};
use tenure_store::rows;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The request, with the guards that it passed when it was made.
    pub request: Request,
    /// What the code that is its reason means, where it is one.
    pub meaning: Option<&'static str>,
    /// How many of its roles could not be given or taken.
    pub errors: usize,
    /// Which those are, and what was said, where the caller may know.
    pub named: Vec<RoleError>,
}

/// A role that could not be given or taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleError {
    /// The resource, by name.
    pub resource: String,
    /// What the other system said.
    pub error: String,
}

/// Tells what became of a request: to whom it is for, who made it, who could decide it, and to those who see what lies in
/// its catalog. For everybody else it is not there.
pub fn told(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<Told, ServiceError> {
    let found = ctx.fetch(rows::request::get(id))?;
    let sight = ctx.sight()?;
    if sight.entitlement == Reach::Nothing {
        ctx.pending(Action::RequestAccess)?;
    }
    let missing = || Refusal::not_found("assignment request", id);
    let request = found.ok_or_else(missing)?;
    let sees_all = sight.sees(request.catalog);
    if !sees_all && !is_party(ctx, &request)? {
        return Err(missing().into());
    }
    let failed = failed_roles(ctx, &request)?;
    let is_failed = matches!(request.state, RequestState::DeliveryFailed { .. });
    let meaning =
        request.reason.as_deref().filter(|_| is_failed).and_then(|reason| {
            Code::ALL.iter().find(|(code, _)| code.name() == reason).map(|(_, meaning)| meaning.trim())
        });
    let one =
        |held: &HeldGrant| Some(RoleError { resource: held.resource_name.clone(), error: held.grant.error.clone()? });
    let named = if sees_all { failed.iter().filter_map(one).collect() } else { Vec::new() };
    Ok(Told { meaning, errors: failed.len(), named, request })
}

/// Whether the caller is the target, has made the request, or could or can decide it.
fn is_party(ctx: &mut Ctx<'_, '_>, request: &Request) -> Result<bool, ServiceError> {
    let Some(me) = ctx.person()? else {
        let me = ctx.caller()?.principal.object();
        return Ok(me.is_some_and(|me| request.requestor == Some(SubjectId(me.0))));
    };
    let is = |subject: SubjectId| ObjectId(subject.0) == me;
    if is(request.target) || request.requestor.is_some_and(is) {
        return Ok(true);
    }
    let now = ctx.now;
    Ok(!ctx.fetch(rows::approval::bases(request.id, me, now))?.is_empty())
}

/// The roles that could not be given, or taken.
fn failed_roles(ctx: &mut Ctx<'_, '_>, request: &Request) -> Result<Vec<HeldGrant>, ServiceError> {
    let Some(assignment) = request.state.assignment() else { return Ok(Vec::new()) };
    let all = match request.kind.direction() {
        Direction::Grant => ctx.fetch(rows::grant::held(assignment))?,
        Direction::Remove => ctx.fetch(rows::grant::left_behind(assignment))?,
    };
    Ok(all.into_iter().filter(|held| held.grant.error.is_some()).collect())
}
