//! Asking for access, for oneself or as an administrator.

use super::target::{self, Named, TargetRef};
use super::update::{renew, switch};
use super::verify::Presentation;
use crate::approvals::{people_of, people_rows_of};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::approval::People;
use tenure_domain::assignment::{Assignment, AssignmentState};
use tenure_domain::attribute;
use tenure_domain::authorize::{Action, Permit, Principal, Scope};
use tenure_domain::directory::user::User;
use tenure_domain::ids::{CatalogId, ObjectId, PackageId, PolicyId, RequestId, SubjectId};
use tenure_domain::policy::eligibility::offers;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::requirements::{Asks, not_for_others};
use tenure_domain::policy::{Expiration, Policy};
use tenure_domain::refusal::{Code, Guard, Refusal};
use tenure_domain::request::{
    self, Answer, Ask, Conflicts, Decision, Direction, FailedDelivery, Reader, RequestType, SubmitFacts,
};
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
    /// The credentials that are presented.
    pub credentials: Vec<Presentation>,
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
    let mut named = target::find(ctx, &command.target, command.kind)?;
    let loaded = match load_for(ctx, command, &named) {
        Err(ServiceError::Refused(refusal)) if !by_person && refusal.code == Code::RequestResourceNotFound => {
            // Who is known by an address only has an id here, too (decisions.md B14).
            named = target::outside(ctx, &command.target)?.ok_or(ServiceError::Refused(refusal))?;
            load_for(ctx, command, &named)
        }
        loaded => loaded,
    };
    let (permit, facts, live) = loaded?;
    must_be_visible(&facts)?;
    match live {
        Some(_) if facts.failed.as_ref().is_some_and(FailedDelivery::holds_nothing) => {}
        Some(assignment) if by_person && is_renewal(command, &facts.policies, &assignment) => {
            return renew(ctx, &permit, (facts, assignment), command);
        }
        Some(assignment) if !by_person && is_switch(command, &facts.policies, &assignment) => {
            return switch(ctx, &permit, (facts, assignment), command);
        }
        Some(_) | None => {}
    }
    let ask = Ask {
        kind: command.kind,
        policy: command.policy,
        wanted: command.wanted,
        justification: command.justification.clone(),
        answers: command.answers.clone(),
        proofs: ctx.verified(&command.credentials),
        bypass_approval: command.bypass_approval,
    };
    let (id, decision) = request::submit(&facts, &ask, ctx.now, &mut ctx.ids)?;
    finish(ctx, &permit, (id, &decision), command.validate_only)
}

/// Loads it all for whom a command names.
fn load_for(ctx: &mut Ctx<'_, '_>, command: &SubmitCommand, named: &Named) -> Result<Loaded, ServiceError> {
    let by_person = command.kind == RequestType::UserAdd;
    let action = if by_person { Action::RequestAccess } else { Action::AssignDirectly };
    let about = About { package: command.package, named, kind: command.kind, requestor: ctx.identity_principal() };
    load(ctx, action, &about, |ctx, person| {
        if command.bypass_approval {
            ctx.permit(Action::BypassApproval)?;
        }
        if by_person { asks_for(ctx, named.id(), person) } else { Ok(Asks::Himself) }
    })
}

/// Stores a decision about a new request, or only says what it passed.
pub(super) fn finish(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    (id, decision): (RequestId, &Decision),
    validate_only: bool,
) -> Result<Submitted, ServiceError> {
    if validate_only {
        let guards = decision.changes.iter().find_map(|c| match c {
            request::Change::Request(r, _) => Some(r.guards.clone()),
            _ => None,
        });
        return Ok(Submitted::Valid(guards.unwrap_or_default()));
    }
    ctx.apply(permit, decision)?;
    Ok(Submitted::Made(id))
}

/// Whether a holder asks for a later end of what he holds: an end is given, and his policy lets holders extend
/// (decisions.md H10). Everything else is an assignment that exists.
fn is_renewal(command: &SubmitCommand, policies: &[Policy], assignment: &Assignment) -> bool {
    let is_under_it = command.policy.is_none_or(|id| id == assignment.policy);
    let lets = policies.iter().find(|p| p.id == assignment.policy).is_some_and(request::lets_update);
    command.wanted.end != Expiration::NotSpecified && is_under_it && lets
}

/// Whether an administrator assigns what somebody holds already, under another policy of the package: that moves his
/// assignment there (behaviour.md b.5).
fn is_switch(command: &SubmitCommand, policies: &[Policy], assignment: &Assignment) -> bool {
    let other = command.policy.filter(|id| *id != assignment.policy);
    other.is_some_and(|id| policies.iter().any(|p| p.id == id)) && !assignment.is_ending
}

/// What [`load`] gives.
type Loaded = (Permit, SubmitFacts, Option<Assignment>);

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

/// Loads everything the rules look at, in one round trip, and the live assignment of the pair. `also` says who asks, or
/// no, before anything but the person is looked at.
pub(super) fn load(
    ctx: &mut Ctx<'_, '_>,
    action: Action,
    about: &About<'_>,
    also: impl FnOnce(&mut Ctx<'_, '_>, Option<&User>) -> Result<Asks, ServiceError>,
) -> Result<Loaded, ServiceError> {
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
        (
            people_rows_of(package, about.requestor, (target, about.named.organization())),
            rows::tenant::settings(),
            rows::attribute::of_package(package),
        ),
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
        (people, settings, attributes),
    ) = found;
    let asks = also(ctx, person.as_ref())?;
    let attributes = match (&person, about.named) {
        (Some(person), _) => attribute::asked(attributes, person),
        (None, Named::Stranger(_)) => attribute::asked_of_newcomer(attributes),
        // Attributes are those of people.
        (None, Named::Object { .. }) => Vec::new(),
    };
    let settings = settings.unwrap_or_default();
    let id = target;
    let target =
        target::state(ctx, about.named, (person, service, groups), home)?.ok_or_else(|| Refusal::no_such_object(id))?;
    let (permit, package) = pending.on(package_row, || Refusal::not_found("access package", package))?;
    let reader = reader(ctx, id, package.catalog)?;
    let failed = failed(ctx, live.as_ref())?;
    let by_person = about.kind == RequestType::UserAdd;
    let (catalog_published, catalog_external) = flags.unwrap_or((false, false));
    let facts = SubmitFacts {
        is_visible: !by_person
            || related.is_some()
            || policies.iter().any(|p| offers(&p.body, &target.facts, settings.show_specific_packages_to_members)),
        package,
        catalog_published,
        catalog_external,
        policies,
        requestor: requestor(ctx, &target.subject)?,
        target,
        open_request: open.map(|r| r.id),
        live_assignment: live.as_ref().map(|a| a.id),
        failed,
        conflicts: Conflicts::when_asked(conflicts, reader),
        roles,
        people: People { route_to_owners: settings.route_to_catalog_owners, ..people_of(people) },
        enforce_approval: settings.enforce_approval_on_direct_assignment,
        attributes,
        asks,
    };
    Ok((permit, facts, live))
}

/// What hangs on a live assignment whose delivery, or whose removal, has failed; nothing for any other.
fn failed(ctx: &mut Ctx<'_, '_>, live: Option<&Assignment>) -> Result<Option<FailedDelivery>, ServiceError> {
    let Some(live) = live.filter(|a| a.state == AssignmentState::DeliveryFailed) else { return Ok(None) };
    let (held, attributes) = ctx.fetch((rows::grant::held(live.id), rows::attribute::ending(live.id, live.target)))?;
    Ok(Some(FailedDelivery { assignment: live.clone(), held, attributes }))
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

/// For whom a person asks: for himself, or for a report of his. For anybody else he cannot; the refusal tells nothing
/// about the target, not even whether there is one.
pub(super) fn asks_for(ctx: &mut Ctx<'_, '_>, target: ObjectId, person: Option<&User>) -> Result<Asks, ServiceError> {
    let Some(me) = ctx.person()? else { return Err(not_for_others().into()) };
    if me == target {
        return Ok(Asks::Himself);
    }
    if person.is_some_and(|p| p.manager == Some(me)) { Ok(Asks::ForReport) } else { Err(not_for_others().into()) }
}

/// Who asks, as a subject; nobody when the product itself does.
pub(super) fn requestor(ctx: &mut Ctx<'_, '_>, target: &Subject) -> Result<Option<Subject>, ServiceError> {
    // Neither the product itself nor somebody who is not in the directory has an object: they are not one.
    if target.object.is_some() && ctx.caller()?.principal.object() == target.object {
        return Ok(Some(target.clone()));
    }
    caller_subject(ctx)
}

/// Who calls, as a subject; nobody when the product itself does.
pub(super) fn caller_subject(ctx: &mut Ctx<'_, '_>) -> Result<Option<Subject>, ServiceError> {
    let caller = ctx.caller()?;
    let (id, kind, principal_name) = match caller.principal {
        Principal::System => return Ok(None),
        Principal::User(id) => (id, SubjectKind::User, Some(caller.rights.principal_name.clone())),
        Principal::App(id) => (id, SubjectKind::ServicePrincipal, None),
    };
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
