//! Roles that were given and then taken away by hand: given back, or accepted as gone (decisions.md Q4).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{GrantId, ObjectId};
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{self, DriftFacts, Names};
use tenure_store::rows;

fn facts(ctx: &mut Ctx<'_, '_>, id: GrantId) -> Result<(Permit, DriftFacts), ServiceError> {
    let wanted = (rows::grant::drifted(id), rows::assignment::wanted_by(id));
    let (pending, (held, assignments)) = ctx.load_placed(Action::AdministerAssignments, wanted)?;
    let missing = || Refusal::not_found("drift", id);
    let held = held.ok_or_else(missing)?;
    // Who decides about a role that several catalogs give administers all of them.
    let mut permit = None;
    for assignment in &assignments {
        permit = Some(pending.on(Some(assignment.clone()), missing)?.0);
    }
    let permit = permit.ok_or_else(missing)?;
    let each = assignments.iter().map(|a| (rows::grant::linked(a.id, true), rows::package::get(a.package)));
    let subject = rows::directory::object::head(ObjectId(held.grant.subject.0));
    let (found, subject) = ctx.fetch((each.collect::<Vec<_>>(), subject))?;
    let subject = subject.map(|s| s.name).unwrap_or_default();
    let wanted_by = assignments.into_iter().zip(found).map(|(assignment, (grants, package))| {
        let names = Names {
            target: subject.clone(),
            package: package.map(|p| p.name).unwrap_or_default(),
            policy: String::new(),
        };
        (assignment, grants, names)
    });
    Ok((permit, DriftFacts { held, wanted_by: wanted_by.collect(), subject }))
}

/// Gives a role back that was taken away by hand.
pub fn repair(ctx: &mut Ctx<'_, '_>, id: GrantId) -> Result<(), ServiceError> {
    let (permit, facts) = facts(ctx, id)?;
    ctx.apply(&permit, &request::repair(&facts, ctx.now))
}

/// Accepts that a role was taken away by hand: no assignment wants it any more.
pub fn adopt(ctx: &mut Ctx<'_, '_>, id: GrantId) -> Result<(), ServiceError> {
    let (permit, facts) = facts(ctx, id)?;
    ctx.apply(&permit, &request::adopt(&facts, ctx.now))
}
