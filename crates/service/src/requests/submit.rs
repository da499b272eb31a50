//! Asking for access, for oneself or as an administrator.

use super::target::{self, TargetRef};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::{Action, Principal};
use tenure_domain::ids::{ObjectId, PackageId, PolicyId, RequestId, SubjectId};
use tenure_domain::package::Package;
use tenure_domain::policy::eligibility::{TargetFacts, in_scope};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::{Policy, TargetScope};
use tenure_domain::refusal::{Code, Guard, Refusal};
use tenure_domain::request::{self, Answer, Ask, Direction, RequestType, SubmitFacts};
use tenure_domain::subject::{Lifecycle, Subject, SubjectKind};
use tenure_store::rows;
use tenure_store::rows::directory::{application, user};

/// A request for access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitCommand {
    /// [`RequestType::UserAdd`] or [`RequestType::AdminAdd`].
    pub kind: RequestType,
    /// The package.
    pub package: PackageId,
    /// The policy, if one is named.
    pub policy: Option<PolicyId>,
    /// Who gets access.
    pub target: TargetRef,
    /// The dates wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// Skip the approval.
    pub bypass_approval: bool,
    /// Say what would happen, and do nothing.
    pub validate_only: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// A request was made.
    Made(RequestId),
    /// It would have been made.
    Valid(Vec<Guard>),
}

/// Asks for access (behaviour.md b.2). One snapshot, one decision, one commit.
pub fn submit(ctx: &mut Ctx<'_, '_>, command: &SubmitCommand) -> Result<Submitted, ServiceError> {
    let by_person = command.kind == RequestType::UserAdd;
    let named = target::find(ctx, &command.target, command.kind)?;
    let target = named.id();
    let subject = SubjectId(target.0);
    let package = command.package;
    let wanted = (
        (rows::package::get(package), rows::package::catalog_flags(package), rows::policy::of_package(package)),
        (user::get(target), application::service_principal(target), named.home()),
        user::policy_groups(package, target),
        rows::request::open(package, subject, Direction::Grant),
        rows::assignment::live(package, subject),
        rows::grant::role_facts(package, subject),
        rows::package::related(package, subject),
    );
    let action = if by_person { Action::RequestAccess } else { Action::AdministerAssignments };
    let (permit, found) = ctx.load(action, wanted)?;
    let ((package_row, flags, policies), (person, service, home), groups, open, live, roles, related) = found;
    if command.bypass_approval {
        ctx.permit(Action::BypassApproval)?;
    }
    if by_person {
        asks_for_himself(ctx, target)?;
    }
    let target =
        target::state(ctx, &named, (person, service, groups), home)?.ok_or_else(|| Refusal::no_such_object(target))?;
    let package_row = visible(package_row, by_person, &policies, &target.facts, related.is_some())
        .ok_or_else(|| Refusal::not_found("access package", package))?;
    let (catalog_published, catalog_external) = flags.unwrap_or((false, false));
    let facts = SubmitFacts {
        package: package_row,
        catalog_published,
        catalog_external,
        policies,
        requestor: requestor(ctx, &target.subject)?,
        target,
        open_request: open.map(|r| r.id),
        live_assignment: live.map(|a| a.id),
        roles,
    };
    let ask = Ask {
        kind: command.kind,
        policy: command.policy,
        wanted: command.wanted,
        justification: command.justification.clone(),
        answers: command.answers.clone(),
        bypass_approval: command.bypass_approval,
    };
    let (id, decision) = request::submit(&facts, &ask, ctx.now, &mut ctx.ids)?;
    if command.validate_only {
        let guards = decision.changes.iter().find_map(|c| match c {
            request::Change::Request(r, _) => Some(r.guards.clone()),
            _ => None,
        });
        return Ok(Submitted::Valid(guards.unwrap_or_default()));
    }
    ctx.apply(&permit, &decision)?;
    Ok(Submitted::Made(id))
}

/// Asking for somebody else comes with a later release; so does an application that asks.
fn asks_for_himself(ctx: &mut Ctx<'_, '_>, target: ObjectId) -> Result<(), ServiceError> {
    if ctx.person()? == Some(target) {
        return Ok(());
    }
    let message = "requestType userAdd asks for the signed-in person; an administrator uses adminAdd for others";
    Err(Refusal::new(Code::TargetNotEligible, message).detail("/assignment/targetId", "not the caller").into())
}

/// The package, if the person may know that it exists (decisions.md J3).
fn visible(
    package: Option<Package>,
    by_person: bool,
    policies: &[Policy],
    target: &TargetFacts,
    related: bool,
) -> Option<Package> {
    let offers =
        |p: &Policy| p.body.scope != TargetScope::NotSpecified && !p.body.is_automatic() && in_scope(&p.body, target);
    package.filter(|_| !by_person || related || policies.iter().any(offers))
}

/// Who asks, as a subject; nobody when the product itself does.
fn requestor(ctx: &mut Ctx<'_, '_>, target: &Subject) -> Result<Option<Subject>, ServiceError> {
    let caller = ctx.caller()?;
    let (id, kind, principal_name) = match caller.principal {
        Principal::System => return Ok(None),
        Principal::User(id) => (id, SubjectKind::User, Some(caller.rights.principal_name.clone())),
        Principal::App(id) => (id, SubjectKind::ServicePrincipal, None),
    };
    if Some(id) == target.object {
        return Ok(Some(target.clone()));
    }
    Ok(Some(Subject {
        id: SubjectId(id.0),
        object: Some(id),
        kind,
        name: caller.rights.name.clone(),
        email: None,
        principal_name,
        organization: None,
        lifecycle: Lifecycle::NotDefined,
    }))
}
