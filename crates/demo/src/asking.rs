//! What people did themselves, and ends that were reached. The use cases let only a signed-in person ask or approve, and
//! only a timer end; here the same rules decide, as of the day it happened. No mail goes out: it would be old news.

use tenure_domain::approval::StageState;
use tenure_domain::attribute;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::grant::{Outcome, record};
use tenure_domain::ids::{ObjectId, PackageId, SubjectId};
use tenure_domain::policy::eligibility::TargetFacts;
use tenure_domain::policy::requirements::Asks;
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{
    self, Ask, Change, Conflicts, Decision, Direction, Names, Reader, RemovalFacts, RemovalKind, SubmitFacts,
    TargetState,
};
use tenure_domain::subject::{Lifecycle, Subject, SubjectKind};
use tenure_service::approvals::{self, DecideCommand};
use tenure_service::rows::directory::user;
use tenure_service::{Ctx, ServiceError};
use tenure_service::{requests, rows, work};
use uuid::Uuid;

/// A person asks for access.
pub(crate) fn ask(ctx: &mut Ctx<'_, '_>, package: PackageId, who: ObjectId, ask: &Ask) -> Result<(), ServiceError> {
    let facts = facts(ctx, package, who)?;
    let (_, decision) = request::submit(&facts, ask, ctx.now, &mut ctx.ids)?;
    told(ctx, decision)
}

/// A person asks for access while the group of that name is kept by a system outside, which has answered the first try
/// with "not now".
pub(crate) fn ask_while_away(
    ctx: &mut Ctx<'_, '_>,
    package: PackageId,
    who: ObjectId,
    ask: &Ask,
    (group, source, wait): (&str, Uuid, i64),
) -> Result<(), ServiceError> {
    let mut facts = facts(ctx, package, who)?;
    for facts in facts.roles.iter_mut().filter(|facts| facts.role.resource_name == group) {
        facts.role.source = Some(source);
    }
    let (_, mut decision) = request::submit(&facts, ask, ctx.now, &mut ctx.ids)?;
    let busy = Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds: Some(wait) };
    for change in &mut decision.changes {
        if let Change::Grant(grant, _) = change
            && grant.is_pending()
        {
            *grant = record(grant, &busy, ctx.now);
        }
    }
    told(ctx, decision)
}

/// Stores what was decided, without the mails.
fn told(ctx: &mut Ctx<'_, '_>, mut decision: Decision) -> Result<(), ServiceError> {
    decision.effects.clear();
    ctx.apply(&Permit::system(Action::RequestAccess), &decision)
}

/// A person decides the stage that is open.
pub(crate) fn decide(
    ctx: &mut Ctx<'_, '_>,
    (package, who): (PackageId, ObjectId),
    by: ObjectId,
    approves: bool,
    reason: &str,
) -> Result<(), ServiceError> {
    let missing = || ServiceError::Internal(format!("the demo has no request of `{who}` that waits for approval"));
    let open = ctx.fetch(rows::request::open(package, SubjectId(who.0), Direction::Grant))?;
    let request = open.ok_or_else(missing)?.id;
    let stages = ctx.fetch(rows::approval::stages(request))?;
    let stage = stages.iter().find(|stage| stage.state == StageState::InProgress).ok_or_else(missing)?.id;
    let command = DecideCommand { request, stage, approves, justification: Some(reason.to_owned()) };
    approvals::decide_back_then(ctx, by, &command)
}

/// What the rules look at when a person asks for himself.
fn facts(ctx: &mut Ctx<'_, '_>, package: PackageId, who: ObjectId) -> Result<SubmitFacts, ServiceError> {
    let id = SubjectId(who.0);
    let wanted = (
        (rows::package::get(package), rows::package::catalog_flags(package), rows::policy::of_package(package)),
        (user::get(who), user::policy_groups(package, who)),
        rows::request::open(package, id, Direction::Grant),
        rows::assignment::live(package, id),
        rows::incompatibility::conflicts(package, id),
        rows::grant::role_facts(package, id),
        approvals::people_rows(package, Some(who), who),
        rows::attribute::of_package(package),
    );
    let ((found, flags, policies), (person, groups), open, live, conflicts, roles, people, attributes) =
        ctx.fetch(wanted)?;
    let person = person.ok_or_else(|| Refusal::no_such_object(who))?;
    let (catalog_published, catalog_external) = flags.unwrap_or_default();
    let subject = subject(&person);
    let external = requests::external_of(ctx, &person)?;
    Ok(SubmitFacts {
        package: found.ok_or_else(|| Refusal::not_found("access package", package))?,
        is_visible: true,
        catalog_published,
        catalog_external,
        policies,
        requestor: Some(subject.clone()),
        target: TargetState {
            facts: TargetFacts {
                id: who.0,
                kind: SubjectKind::User,
                is_member: person.kind == UserKind::Member,
                is_enabled: person.is_enabled,
                groups: groups.into_iter().collect(),
                external,
            },
            subject,
        },
        open_request: open.map(|r| r.id),
        live_assignment: live.map(|a| a.id),
        failed: None,
        conflicts: Conflicts::when_asked(conflicts, Reader::Administrator),
        roles,
        people: approvals::people_of(people),
        enforce_approval: true,
        attributes: attribute::asked(attributes, &person),
        asks: Asks::Himself,
    })
}

fn subject(person: &User) -> Subject {
    Subject {
        id: SubjectId(person.id.0),
        object: Some(person.id),
        kind: SubjectKind::User,
        name: person.name.clone(),
        email: person.mail.clone(),
        principal_name: Some(person.principal_name.clone()),
        organization: None,
        lifecycle: match person.kind {
            UserKind::Member => Lifecycle::NotDefined,
            UserKind::Guest => Lifecycle::NotGoverned,
        },
    }
}

/// The day has come on which access begins that was asked for ahead.
pub(crate) fn start(ctx: &mut Ctx<'_, '_>, package: PackageId, who: ObjectId) -> Result<(), ServiceError> {
    let open = ctx.fetch(rows::request::open(package, SubjectId(who.0), Direction::Grant))?;
    let missing = || ServiceError::Internal(format!("the demo has no request of `{who}` that waits for its day"));
    work::start_back_then(ctx, open.ok_or_else(missing)?.id)
}

/// A person gives access back.
pub(crate) fn give_back(
    ctx: &mut Ctx<'_, '_>,
    package: PackageId,
    who: ObjectId,
    reason: &str,
) -> Result<(), ServiceError> {
    let kind = RemovalKind::Holder { requestor: SubjectId(who.0), justification: Some(reason.to_owned()) };
    end(ctx, package, who, &kind)
}

/// The end of an assignment is reached; the present moves there.
pub(crate) fn expire(ctx: &mut Ctx<'_, '_>, package: PackageId, who: ObjectId) -> Result<(), ServiceError> {
    let live = ctx.fetch(rows::assignment::live(package, SubjectId(who.0)))?;
    ctx.now = live.and_then(|a| a.ends_at).unwrap_or(ctx.now);
    end(ctx, package, who, &RemovalKind::EndReached)
}

fn end(ctx: &mut Ctx<'_, '_>, package: PackageId, who: ObjectId, kind: &RemovalKind) -> Result<(), ServiceError> {
    let missing = || ServiceError::Internal(format!("the demo has no assignment of `{package}` to `{who}` to end"));
    let live = ctx.fetch(rows::assignment::live(package, SubjectId(who.0)))?;
    let assignment = live.ok_or_else(missing)?;
    let (held, policy, found, person) = ctx.fetch((
        rows::grant::held(assignment.id),
        rows::policy::get(assignment.policy),
        rows::package::get(package),
        user::get(who),
    ))?;
    let facts = RemovalFacts {
        keep_pre_existing: false,
        assignment,
        held,
        open_grant_request: None,
        open_removal: None,
        removes_earlier: false,
        manager_remove: false,
        attributes: Vec::new(),
        self_remove: policy.as_ref().is_some_and(|p| p.body.requestor.self_remove),
        mails: false,
        names: Names {
            target: person.map(|p| p.name).unwrap_or_default(),
            package: found.map(|p| p.name).unwrap_or_default(),
            policy: policy.map(|p| p.name).unwrap_or_default(),
        },
    };
    let (_, decision) = request::remove(&facts, kind, ctx.now, &mut ctx.ids)?.ok_or_else(missing)?;
    told(ctx, decision)
}
