//! What the start of access may look at, when it was asked for earlier.

use super::{Waiting, name_rows};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::ids::ObjectId;
use tenure_domain::policy::{PolicyBody, SubjectSet};
use tenure_domain::request::{Conflicts, Request, StartFacts};
use tenure_store::{Fetch, rows};
use uuid::Uuid;

/// The facts about a request under that policy version, and `more`, in one round trip. What is known of its target as
/// somebody from outside says what else has to be read.
pub(crate) fn start_facts<F: Fetch>(
    ctx: &mut Ctx<'_, '_>,
    (request, policy, waiting): (Request, PolicyBody, Waiting),
    more: F,
) -> Result<(StartFacts, F::Out), ServiceError> {
    let target = ObjectId(request.target.0);
    // The groups that this version names, and not the one of today (decisions.md H1); who belongs to them is asked now.
    let named: Vec<Uuid> = policy.targets.iter().filter_map(group).collect();
    let ((person, service, groups, live, roles, conflicts, names, outside), more) = ctx.fetch((
        (
            rows::directory::user::get(target),
            rows::directory::application::service_principal(target),
            rows::directory::user::groups_among(target, &named),
            rows::assignment::live(request.package, request.target),
            rows::grant::role_facts(request.package, request.target),
            rows::incompatibility::conflicts(request.package, request.target),
            name_rows(&request),
            waiting.wanted(),
        ),
        more,
    ))?;
    let mails = !names.1.as_ref().is_some_and(|p| p.body.mails_disabled.unwrap_or(false));
    let names = super::named(names);
    let target = waiting.facts(ctx, (person, service, groups.concat()), outside)?;
    let conflicts = Conflicts::later(conflicts);
    Ok((StartFacts { request, policy, target, live_assignment: live, conflicts, roles, mails, names }, more))
}

const fn group(set: &SubjectSet) -> Option<Uuid> {
    match set {
        SubjectSet::Group { id, .. } => Some(*id),
        _ => None,
    }
}
