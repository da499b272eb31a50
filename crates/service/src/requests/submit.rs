//! Asking for access, for oneself or as an administrator.

use super::target::{self, Named, TargetRef};
use crate::approvals::{people_of, people_rows};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::approval::People;
use tenure_domain::authorize::{Action, Permit, Principal, Scope};
use tenure_domain::ids::{CatalogId, ObjectId, PackageId, PolicyId, RequestId, SubjectId};
use tenure_domain::policy::eligibility::{TargetFacts, in_scope};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::{Policy, TargetScope};
use tenure_domain::refusal::{Code, Guard, Refusal};
use tenure_domain::request::{self, Answer, Ask, Conflicts, Direction, Reader, RequestType, SubmitFacts};
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
    let action = if by_person { Action::RequestAccess } else { Action::AssignDirectly };
    let about =
        About { package: command.package, named: &named, kind: command.kind, requestor: ctx.identity_principal() };
    let (permit, facts) = load(ctx, action, &about, |ctx| {
        if command.bypass_approval {
            ctx.permit(Action::BypassApproval)?;
        }
        if by_person { asks_for_himself(ctx, target) } else { Ok(()) }
    })?;
    must_be_visible(&facts)?;
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

/// What is asked for whom, and how.
pub(super) struct About<'n> {
    /// The package.
    pub package: PackageId,
    /// Who would get it.
    pub named: &'n Named,
    /// The kind of request it is judged as.
    pub kind: RequestType,
    /// Who asks; the target himself where nobody is named.
    pub requestor: Option<ObjectId>,
}

/// Loads everything the rules look at, in one round trip. `also` may say no before anything of it is looked at.
pub(super) fn load(
    ctx: &mut Ctx<'_, '_>,
    action: Action,
    about: &About<'_>,
    also: impl FnOnce(&mut Ctx<'_, '_>) -> Result<(), ServiceError>,
) -> Result<(Permit, SubmitFacts), ServiceError> {
    let (package, target) = (about.package, about.named.id());
    let subject = SubjectId(target.0);
    let wanted = (
        (rows::package::get(package), rows::package::catalog_flags(package), rows::policy::of_package(package)),
        (user::get(target), application::service_principal(target), about.named.home()),
        user::policy_groups(package, target),
        rows::request::open(package, subject, Direction::Grant),
        rows::assignment::live(package, subject),
        rows::incompatibility::conflicts(package, subject),
        rows::grant::role_facts(package, subject),
        rows::package::related(package, subject),
        (people_rows(package, about.requestor, target), rows::tenant::settings()),
    );
    let (pending, found) = ctx.load_placed(action, wanted)?;
    let (
        (package_row, flags, policies),
        (person, service, home),
        groups,
        open,
        live,
        conflicts,
        roles,
        related,
        (people, settings),
    ) = found;
    also(ctx)?;
    let settings = settings.unwrap_or_default();
    let id = target;
    let target =
        target::state(ctx, about.named, (person, service, groups), home)?.ok_or_else(|| Refusal::no_such_object(id))?;
    let (permit, package) = pending.on(package_row, || Refusal::not_found("access package", package))?;
    let reader = reader(ctx, id, package.catalog)?;
    let by_person = about.kind == RequestType::UserAdd;
    let (catalog_published, catalog_external) = flags.unwrap_or((false, false));
    let facts = SubmitFacts {
        is_visible: !by_person || related.is_some() || policies.iter().any(|p| offers(p, &target.facts)),
        package,
        catalog_published,
        catalog_external,
        policies,
        requestor: requestor(ctx, &target.subject)?,
        target,
        open_request: open.map(|r| r.id),
        live_assignment: live.map(|a| a.id),
        conflicts: Conflicts::when_asked(conflicts, reader),
        roles,
        people: People { route_to_owners: settings.route_to_catalog_owners, ..people_of(people) },
        enforce_approval: settings.enforce_approval_on_direct_assignment,
    };
    Ok((permit, facts))
}

/// What a person cannot see is not there for him (decisions.md J2, J3).
pub(super) fn must_be_visible(facts: &SubmitFacts) -> Result<(), Refusal> {
    if facts.is_visible { Ok(()) } else { Err(Refusal::not_found("access package", facts.package.id)) }
}

/// Who reads what the rules say.
pub(super) fn reader(ctx: &mut Ctx<'_, '_>, target: ObjectId, catalog: CatalogId) -> Result<Reader, ServiceError> {
    let pending = ctx.pending(Action::AdministerAssignments);
    if pending.is_ok_and(|pending| pending.within(Scope::Catalog(catalog)).is_ok()) {
        return Ok(Reader::Administrator);
    }
    Ok(if ctx.person()? == Some(target) { Reader::Target } else { Reader::Other })
}

/// Asking for somebody else comes with a later release; so does an application that asks.
fn asks_for_himself(ctx: &mut Ctx<'_, '_>, target: ObjectId) -> Result<(), ServiceError> {
    if ctx.person()? == Some(target) {
        return Ok(());
    }
    let message = "requestType userAdd asks for the signed-in person; an administrator uses adminAdd for others";
    Err(Refusal::new(Code::TargetNotEligible, message).detail("/assignment/targetId", "not the caller").into())
}

/// Whether a policy lets a person know that its package exists (decisions.md J3).
fn offers(policy: &Policy, target: &TargetFacts) -> bool {
    let body = &policy.body;
    body.scope != TargetScope::NotSpecified && !body.is_automatic() && in_scope(body, target)
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
