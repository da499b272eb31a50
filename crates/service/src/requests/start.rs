//! What the start of access may look at, when it was asked for earlier.

use super::{name_rows, named};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::ObjectId;
use tenure_domain::policy::PolicyBody;
use tenure_domain::policy::eligibility::TargetFacts;
use tenure_domain::request::{Conflicts, Request, StartFacts};
use tenure_domain::subject::SubjectKind;
use tenure_store::{Fetch, rows};

/// The facts about a request under that policy version, and `more`, in one round trip.
pub(crate) fn start_facts<F: Fetch>(
    ctx: &mut Ctx<'_, '_>,
    request: Request,
    policy: PolicyBody,
    more: F,
) -> Result<(StartFacts, F::Out), ServiceError> {
    let target = ObjectId(request.target.0);
    let ((person, service, groups, live, roles, conflicts, names), more) = ctx.fetch((
        (
            rows::directory::user::get(target),
            rows::directory::application::service_principal(target),
            rows::directory::user::policy_groups(request.package, target),
            rows::assignment::live(request.package, request.target),
            rows::grant::role_facts(request.package, request.target),
            rows::incompatibility::conflicts(request.package, request.target),
            name_rows(&request),
        ),
        more,
    ))?;
    let names = named(names);
    let facts = |kind, is_member, is_enabled| TargetFacts {
        id: target.0,
        kind,
        is_member,
        is_enabled,
        groups: groups.iter().copied().collect(),
    };
    let target = match (person, service) {
        (Some(p), _) => Some(facts(SubjectKind::User, p.kind == UserKind::Member, p.is_enabled)),
        (None, Some(s)) => Some(facts(SubjectKind::ServicePrincipal, false, s.is_enabled)),
        (None, None) => None,
    };
    let conflicts = Conflicts::later(conflicts);
    Ok((StartFacts { request, policy, target, live_assignment: live, conflicts, roles, names }, more))
}
