//! Changing what somebody holds: a later end, other answers, and for administrators any end and another policy
//! (behaviour.md b.2, b.5; decisions.md H1, H10, H16).

use super::answers::{Answer, Questions, give_attributes};
use super::end::new_end;
use super::fulfil::fulfilled_mail;
use super::{Change, Decision, Names, Request, RequestState, RequestType, Save, TargetState, TimerKey, audit};
use crate::approval::{self, ApprovalStage, Opening, People};
use crate::assignment::{Assignment, AssignmentState};
use crate::attribute::AskedAttribute;
use crate::audit::{Activity, AuditEvent, Modified};
use crate::ids::{Ids, PolicyId, RequestId};
use crate::package::Package;
use crate::policy::eligibility::{TargetFacts, in_scope};
use crate::policy::expiration::{WantedSchedule, policy_end};
use crate::policy::requirements::names_managers;
use crate::policy::{Expiration, Policy};
use crate::refusal::{Code, Guard, GuardName as G, Guards, Refusal, RelatedKind};
use crate::subject::Subject;
use crate::time::Timestamp;

/// Who changes an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updater {
    /// Its holder.
    Holder,
    /// The direct manager of its holder.
    Manager,
    /// An administrator or an application.
    Administrator,
}

/// The change that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateAsk {
    /// [`RequestType::UserUpdate`], [`RequestType::AdminUpdate`], [`RequestType::UserAdd`] by a holder (decisions.md H10), or
    /// [`RequestType::AdminAdd`] under another policy (behaviour.md b.5).
    pub kind: RequestType,
    /// Who asks.
    pub by: Updater,
    /// A later end is asked for, whatever else is said or left out.
    pub extends: bool,
    /// The dates wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// Skip the approval; the caller's right to it was checked.
    pub bypass_approval: bool,
}

impl UpdateAsk {
    /// Whether a later end is asked for: it is said, an end is given, or nothing else is.
    pub(super) fn wants_extension(&self) -> bool {
        self.extends || self.wanted.end != Expiration::NotSpecified || self.answers.is_empty()
    }
}

/// Everything an update may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateFacts {
    /// The assignment.
    pub assignment: Assignment,
    /// Its package.
    pub package: Package,
    /// Its policy, as it is now (decisions.md H1); or the one that an administrator moves it to.
    pub policy: Policy,
    /// Who holds it.
    pub target: TargetState,
    /// Who asks.
    pub requestor: Option<Subject>,
    /// An open request of the pair, to give or to take.
    pub open_request: Option<RequestId>,
    /// The answers given so far.
    pub earlier: Vec<Answer>,
    /// The attributes that the package's resources ask for.
    pub attributes: Vec<AskedAttribute>,
    /// Who could approve.
    pub people: People,
    /// Direct assignment needs the policy's approval too (decisions.md H9).
    pub enforce_approval: bool,
}

impl UpdateFacts {
    /// Whether the assignment comes under another policy.
    pub(super) fn switches(&self) -> bool {
        self.policy.id != self.assignment.policy
    }
}

/// Decides a change of an assignment. All guards are tested; the refusal lists every one.
pub fn update(
    facts: &UpdateFacts,
    ask: &UpdateAsk,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<(RequestId, Decision), Refusal> {
    let questions =
        Questions { policy: &facts.policy.name, asked: &facts.policy.body.questions, attributes: &facts.attributes };
    let answers = questions.over(&facts.earlier, &ask.answers);
    let (end, guards) = evaluate(facts, ask, (&questions, &answers), now)?;
    let names = Names {
        target: facts.target.subject.name.clone(),
        package: facts.package.name.clone(),
        policy: facts.policy.name.clone(),
    };
    let assignment = &facts.assignment;
    let request = Request {
        id: ids.next(now),
        kind: ask.kind,
        package: assignment.package,
        policy: facts.policy.id,
        policy_version: facts.policy.version,
        catalog: assignment.catalog,
        requestor: facts.requestor.as_ref().map(|r| r.id),
        target: assignment.target,
        // What comes of it is decided below; whoever waits for approval knows the assignment by it.
        state: RequestState::Delivering { assignment: assignment.id },
        wanted: WantedSchedule { start: ask.wanted.start, end },
        stage: None,
        justification: ask.justification.clone(),
        reason: None,
        answers: questions.kept(&answers),
        guards,
        created_at: now,
        version: 1,
    };
    let mut decision = Decision::default();
    decision.change(Change::Subject(facts.target.subject.clone()));
    if let Some(requestor) = facts.requestor.as_ref().filter(|r| r.id != assignment.target) {
        decision.change(Change::Subject(requestor.clone()));
    }
    decision.audit.push(audit(asked(ask), &request, &names));
    let id = request.id;
    if needs_approval(facts, ask) {
        let stages = &facts.policy.body.approval.stages;
        let opening = Opening { stages, people: &facts.people, names: &names };
        for (i, row) in ApprovalStage::all(id, stages, now, ids).into_iter().enumerate() {
            if i == 0 {
                approval::open(&mut decision, request.clone(), row, (Save::New, Save::New), opening, now);
            } else {
                decision.change(Change::Stage(row, Save::New));
            }
        }
        return Ok((id, decision));
    }
    if ask.by != Updater::Administrator {
        decision.audit.push(audit(Activity::AutoApprove, &request, &names));
    }
    apply_update(&mut decision, request, assignment, (&names, Save::New), now);
    Ok((id, decision))
}

fn asked(ask: &UpdateAsk) -> Activity {
    match (ask.by, ask.wants_extension()) {
        (Updater::Administrator, _) if ask.kind == RequestType::AdminAdd => Activity::AdministratorAssigns,
        (Updater::Administrator, _) => Activity::AdministratorUpdates,
        (Updater::Holder | Updater::Manager, true) => Activity::UserRequestsExtension,
        (Updater::Holder | Updater::Manager, false) => Activity::UserRequestsUpdate,
    }
}

/// What follows when nobody has to approve any more: the end moves, the answers count. `request.wanted.end` says the end:
/// a duration counts from now, nothing said leaves it. `save` is how the request is stored.
pub(super) fn apply_update(
    decision: &mut Decision,
    mut request: Request,
    assignment: &Assignment,
    (names, save): (&Names, Save),
    now: Timestamp,
) {
    let old = assignment.ends_at;
    let new = match request.wanted.end {
        Expiration::NotSpecified => old,
        Expiration::Never => None,
        Expiration::After(duration) => duration.after(now).or(old),
        Expiration::At(end) => Some(end),
    };
    // Meanwhile somebody may have moved the end further: a person's request never shortens access.
    let switches = request.policy != assignment.policy;
    let is_moved = switches || if request.kind == RequestType::AdminUpdate { new != old } else { is_later(new, old) };
    request.state = RequestState::Delivered { assignment: assignment.id, completed_at: now };
    if is_moved {
        let moved = Assignment {
            ends_at: new,
            policy: request.policy,
            policy_version: request.policy_version,
            notices: 0,
            is_extended: assignment.is_extended || is_later(new, old),
            version: assignment.version + 1,
            ..assignment.clone()
        };
        decision.audit.push(moved_row(&request, names, assignment, new));
        let timer = TimerKey::Assignment(assignment.id);
        decision.change(moved.next_deadline(now).map_or(Change::ClearTimer(timer), |at| Change::SetTimer(timer, at)));
        decision.change(Change::Assignment(moved, Save::Changed));
    } else {
        decision.audit.push(audit(Activity::Fulfill, &request, names));
    }
    if save == Save::Changed {
        decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
    }
    decision.effects.extend(fulfilled_mail(AssignmentState::Delivered, &request));
    give_attributes(decision, &request, assignment.id);
    decision.change(Change::Request(request, save));
}

/// Whether an end lies after another; no end is the latest.
pub(super) fn is_later(new: Option<Timestamp>, old: Option<Timestamp>) -> bool {
    old.is_some_and(|old| new.is_none_or(|new| new > old))
}

/// The audit row of an end that was moved, with the end before and after; and the policy, where that is another one.
fn moved_row(request: &Request, names: &Names, old: &Assignment, new: Option<Timestamp>) -> AuditEvent {
    let mut row = audit(Activity::ExtendAssignment, request, names);
    let text = |end: Option<Timestamp>| end.map(|t| t.to_string());
    if let Some(target) = row.targets.last_mut() {
        let policy = |id: PolicyId| Some(id.to_string());
        target.modified.extend(Modified::change("AssignmentPolicyId", policy(old.policy), policy(request.policy)));
        target.modified.extend(Modified::change("EndDateTime", text(old.ends_at), text(new)));
    }
    row
}

/// Runs every guard; gives the new end.
fn evaluate(
    facts: &UpdateFacts,
    ask: &UpdateAsk,
    (questions, answers): (&Questions<'_>, &[Answer]),
    now: Timestamp,
) -> Result<(Expiration, Vec<Guard>), Refusal> {
    let mut guards = Guards::default();
    let by_person = ask.by != Updater::Administrator;
    live_guard(facts, by_person, &mut guards);
    if by_person {
        person_guards(facts, ask, &mut guards);
    } else if facts.switches() {
        switch_guards(facts, &mut guards);
    }
    guards.record(
        G::NoOpenRequest,
        facts.open_request.map(|id| {
            let message = format!("there is an open request `{id}` for this access package and target");
            Refusal::new(Code::ExistingOpenRequest, message).related(RelatedKind::Request, id, None)
        }),
    );
    let end = new_end(facts, ask, now);
    guards.record(G::Schedule, end.as_ref().err().cloned());
    let wants_reason = by_person && facts.policy.body.approval.requestor_justification;
    guards.record(G::Justification, super::decide::reason_fault(ask.justification.as_deref(), wants_reason));
    guards.record(G::Answers, questions.fault(answers));
    guards.record(G::Attributes, questions.attributes_fault(answers));
    guards.record(G::ApproverAvailable, approval_fault(facts, ask));
    let all = guards.finish()?;
    Ok((end?, all))
}

fn live_guard(facts: &UpdateFacts, by_person: bool, guards: &mut Guards) {
    let assignment = &facts.assignment;
    // A removal under way is an open request, which says more.
    let is_left_over = assignment.is_ending && facts.open_request.is_none();
    let is_failed = by_person && assignment.state == AssignmentState::DeliveryFailed;
    guards.check(G::LiveAssignment, assignment.state.is_live() && !is_failed && !is_left_over, || {
        let why = if is_left_over {
            "is to be removed, which has failed so far"
        } else {
            "has ended, or was never delivered"
        };
        let message = format!("the assignment `{}` {why}", assignment.id);
        Refusal::new(Code::AssignmentNotLive, message)
    });
}

/// An administrator moves somebody to a policy that would take him (behaviour.md b.5).
fn switch_guards(facts: &UpdateFacts, guards: &mut Guards) {
    let policy = &facts.policy;
    guards.check(G::PolicyEnabled, policy.is_enabled && !policy.body.is_automatic(), || {
        Refusal::new(Code::PolicyDisabled, format!("nobody can be moved to the policy `{}` now", policy.name))
    });
    guards.check(G::PolicyScope, in_scope(&policy.body, &facts.target.facts), || {
        let message =
            "You don't meet policy requirements to request this entitlement. The policy does not include the target.";
        Refusal::new(Code::NotInPolicyScope, message)
    });
}

fn person_guards(facts: &UpdateFacts, ask: &UpdateAsk, guards: &mut Guards) {
    let policy = &facts.policy;
    guards.check(G::PolicyEnabled, policy.is_enabled, || {
        Refusal::new(Code::PolicyDisabled, format!("the policy `{}` takes no new requests", policy.name))
    });
    if ask.by == Updater::Manager {
        guards.check(G::OnBehalfAllowed, policy.body.requestor.on_behalf_update && names_managers(policy), || {
            let message = format!("the policy `{}` does not let managers change what reports hold", policy.name);
            Refusal::new(Code::PolicyDisabled, message)
        });
    } else {
        guards.check(G::SelfUpdateAllowed, lets_update(policy), || {
            let message = format!("the policy `{}` does not let holders extend or change what they hold", policy.name);
            Refusal::new(Code::ExtensionNotAllowed, message)
        });
    }
    guards.check(G::PolicyScope, in_scope(&policy.body, &facts.target.facts), || {
        let message = "You don't meet policy requirements to request this entitlement. The policy no longer includes \
                       the target.";
        Refusal::new(Code::NotInPolicyScope, message)
    });
    guards.check(G::SignInAllowed, facts.target.facts.is_enabled, || {
        Refusal::new(Code::TargetNotEligible, "the account of the target is blocked from signing in")
    });
}

/// Whether holders may extend and change what they hold under a policy; never under one for direct assignment only
/// (behaviour.md b.5).
pub fn lets_update(policy: &Policy) -> bool {
    policy.body.is_self_service() && policy.body.requestor.self_update
}

/// Whether the holder of an assignment could extend it now, which is what a notice of its end tells him.
pub fn may_extend(policy: &Policy, target: &TargetFacts, assignment: &Assignment, now: Timestamp) -> bool {
    let gains = is_later(policy_end(&policy.body, now), assignment.ends_at);
    policy.is_enabled && lets_update(policy) && in_scope(&policy.body, target) && target.is_enabled && gains
}

/// Whether somebody must approve first. Administrators change without (behaviour.md o.12); who moves somebody to another
/// policy assigns him under it (decisions.md H9).
fn needs_approval(facts: &UpdateFacts, ask: &UpdateAsk) -> bool {
    let approval = &facts.policy.body.approval;
    let is_asked = match (ask.by, facts.switches()) {
        (Updater::Holder | Updater::Manager, _) => approval.required_for_update,
        (Updater::Administrator, true) => approval.required_for_add && facts.enforce_approval,
        (Updater::Administrator, false) => false,
    };
    is_asked && !ask.bypass_approval
}

fn approval_fault(facts: &UpdateFacts, ask: &UpdateAsk) -> Option<Refusal> {
    if !needs_approval(facts, ask) {
        return None;
    }
    approval::fault(&facts.policy.body.approval.stages, &facts.people)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::{AssignmentId, CatalogId, ObjectId, PackageId, PolicyId, SeededEntropy, SubjectId};
    use crate::policy::{PolicyBody, TargetScope};
    use crate::subject::SubjectKind;
    use crate::time::{IsoDuration, plus_seconds};
    use proptest::prelude::*;
    use uuid::Uuid;

    const DAY: i64 = 86_400;

    pub(in crate::request) fn t(day: i64) -> Timestamp {
        plus_seconds(Timestamp::UNIX_EPOCH, day * DAY)
    }

    fn policy(expiration: Expiration) -> Policy {
        let mut body =
            PolicyBody { scope: TargetScope::AllMemberUsers, expiration, ..PolicyBody::direct_assignment_only() };
        body.requestor.self_update = true;
        body.requestor.custom_schedule = true;
        Policy {
            id: PolicyId(Uuid::from_u128(3)),
            package: PackageId(Uuid::nil()),
            catalog: CatalogId(Uuid::nil()),
            name: "P".to_owned(),
            is_enabled: true,
            version: 2,
            body,
            keep_pre_existing: false,
            created_at: t(0),
            modified_at: t(0),
            created_by: String::new(),
            modified_by: String::new(),
        }
    }

    fn package() -> Package {
        Package {
            id: PackageId(Uuid::nil()),
            catalog: CatalogId(Uuid::nil()),
            name: "A".to_owned(),
            description: None,
            unique_name: None,
            is_hidden: false,
            scopes_visible: false,
            created_at: t(0),
            modified_at: t(0),
            created_by: String::new(),
            modified_by: String::new(),
            version: 1,
        }
    }

    /// Access from day 0 to day 30, under a policy of thirty days.
    pub(in crate::request) fn facts(expiration: Expiration) -> UpdateFacts {
        let id = Uuid::from_u128(1);
        let subject = Subject {
            id: SubjectId(id),
            object: Some(ObjectId(id)),
            kind: SubjectKind::User,
            name: "Ada".to_owned(),
            email: None,
            principal_name: None,
            organization: None,
            lifecycle: crate::subject::Lifecycle::NotDefined,
        };
        let facts = TargetFacts {
            id,
            kind: SubjectKind::User,
            is_member: true,
            is_enabled: true,
            groups: std::collections::BTreeSet::new(),
            external: crate::policy::eligibility::External::default(),
        };
        UpdateFacts {
            assignment: Assignment {
                id: AssignmentId(Uuid::from_u128(2)),
                package: PackageId(Uuid::nil()),
                policy: PolicyId(Uuid::from_u128(3)),
                policy_version: 1,
                catalog: CatalogId(Uuid::nil()),
                target: SubjectId(id),
                state: AssignmentState::Delivered,
                starts_at: t(0),
                ends_at: Some(t(30)),
                delivered_at: Some(t(0)),
                ended_at: None,
                request: RequestId(Uuid::from_u128(4)),
                notices: 1,
                is_extended: false,
                is_ending: false,
                created_at: t(0),
                version: 1,
            },
            package: package(),
            policy: policy(expiration),
            target: TargetState { facts, subject: subject.clone() },
            requestor: Some(subject),
            open_request: None,
            earlier: Vec::new(),
            attributes: Vec::new(),
            people: People::default(),
            enforce_approval: true,
        }
    }

    fn ask(end: Expiration) -> UpdateAsk {
        UpdateAsk {
            kind: RequestType::UserUpdate,
            by: Updater::Holder,
            extends: false,
            wanted: WantedSchedule { start: None, end },
            justification: None,
            answers: Vec::new(),
            bypass_approval: false,
        }
    }

    fn by_admin(end: Expiration) -> UpdateAsk {
        UpdateAsk { kind: RequestType::AdminUpdate, by: Updater::Administrator, ..ask(end) }
    }

    fn decide(facts: &UpdateFacts, ask: &UpdateAsk, now: Timestamp) -> Result<Decision, Refusal> {
        update(facts, ask, now, &mut Ids::new(Box::new(SeededEntropy::new(1)))).map(|(_, decision)| decision)
    }

    fn moved(decision: &Decision) -> Option<Assignment> {
        decision.changes.iter().find_map(|c| match c {
            Change::Assignment(a, Save::Changed) => Some(a.clone()),
            _ => None,
        })
    }

    fn timer(decision: &Decision) -> Option<Timestamp> {
        decision.changes.iter().find_map(|c| match c {
            Change::SetTimer(_, at) => Some(*at),
            _ => None,
        })
    }

    fn thirty() -> Expiration {
        Expiration::After(IsoDuration::days(30))
    }

    #[test]
    fn an_extension_counts_from_now_and_its_notices_begin_anew() {
        let decision = decide(&facts(thirty()), &ask(Expiration::NotSpecified), t(20));
        let moved = decision.as_ref().ok().and_then(moved);
        assert_eq!(moved.as_ref().and_then(|a| a.ends_at), Some(t(50)));
        assert_eq!(moved.map(|a| (a.notices, a.is_extended, a.policy_version)), Some((0, true, 2)));
        assert_eq!(decision.as_ref().ok().and_then(timer), Some(t(36)), "the notice fourteen days before");
        let done: Vec<Activity> = decision.iter().flat_map(|d| &d.audit).map(|row| row.activity).collect();
        assert_eq!(done, [Activity::UserRequestsExtension, Activity::AutoApprove, Activity::ExtendAssignment]);
    }

    #[test]
    fn a_fixed_date_is_the_latest_end_there_is() {
        let until = facts(Expiration::At(t(40)));
        let end = |wanted: Expiration| {
            decide(&until, &ask(wanted), t(20)).map(|d| moved(&d).and_then(|a| a.ends_at)).map_err(|r| r.code)
        };
        assert_eq!(end(Expiration::NotSpecified), Ok(Some(t(40))));
        assert_eq!(end(Expiration::At(t(35))), Ok(Some(t(35))));
        assert_eq!(end(Expiration::At(t(41))), Err(Code::ScheduleNotAllowed));
        assert_eq!(end(Expiration::Never), Err(Code::ScheduleNotAllowed));
        assert_eq!(end(Expiration::At(t(30))), Err(Code::ScheduleNotAllowed), "not later");
        let gained = decide(&facts(Expiration::At(t(30))), &ask(Expiration::NotSpecified), t(20));
        assert_eq!(gained.map_err(|r| r.code).err(), Some(Code::ExtensionNotAllowed));
    }

    #[test]
    fn every_guard_of_a_person_is_tested_and_told() {
        type Change = fn(&mut UpdateFacts);
        let cases: [(Change, Code); 6] = [
            (|f| f.policy.body.requestor.self_update = false, Code::ExtensionNotAllowed),
            (|f| f.policy.body.scope = TargetScope::NotSpecified, Code::ExtensionNotAllowed),
            (|f| f.target.facts.is_member = false, Code::NotInPolicyScope),
            (|f| f.open_request = Some(RequestId(Uuid::from_u128(9))), Code::ExistingOpenRequest),
            (|f| f.assignment.state = AssignmentState::Expired, Code::AssignmentNotLive),
            (|f| f.policy.is_enabled = false, Code::PolicyDisabled),
        ];
        for (change, code) in cases {
            let mut facts = facts(thirty());
            change(&mut facts);
            let refused = decide(&facts, &ask(Expiration::NotSpecified), t(20)).err();
            assert_eq!(refused.as_ref().map(|r| r.code), Some(code));
            assert!(refused.is_some_and(|r| r.guards.len() > 5));
        }
        let late = decide(&facts(thirty()), &ask(Expiration::NotSpecified), t(30)).map_err(|r| r.code);
        assert_eq!(late.err(), Some(Code::ExtensionNotAllowed), "asked before the end");
    }

    #[test]
    fn an_administrator_moves_the_end_either_way_but_not_into_the_past() {
        let facts = facts(thirty());
        let end = |wanted: Expiration| {
            decide(&facts, &by_admin(wanted), t(20)).map(|d| moved(&d).map(|a| (a.ends_at, a.is_extended)))
        };
        assert_eq!(end(Expiration::At(t(25))), Ok(Some((Some(t(25)), false))));
        assert_eq!(end(Expiration::At(t(400))), Ok(Some((Some(t(400)), true))));
        assert_eq!(end(Expiration::Never), Ok(Some((None, true))));
        assert_eq!(end(Expiration::NotSpecified), Ok(None));
        for past in [t(20), t(10)] {
            assert_eq!(end(Expiration::At(past)).map_err(|r| r.code), Err(Code::ScheduleNotAllowed));
        }
    }

    #[test]
    fn a_start_in_the_past_keeps_the_start_there_is() {
        let facts = facts(thirty());
        let schedule = |start: i64| UpdateAsk {
            wanted: WantedSchedule { start: Some(t(start)), end: thirty() },
            ..by_admin(Expiration::NotSpecified)
        };
        let moved_to =
            |start| decide(&facts, &schedule(start), t(20)).map(|d| moved(&d).map(|a| (a.starts_at, a.ends_at)));
        assert_eq!(moved_to(10), Ok(Some((t(0), Some(t(40))))));
        assert_eq!(moved_to(21).map_err(|r| r.code), Err(Code::ScheduleNotAllowed));
    }

    #[test]
    fn a_person_chooses_an_end_only_where_requestors_may() {
        let mut facts = facts(thirty());
        facts.policy.body.requestor.custom_schedule = false;
        let chosen = ask(Expiration::At(t(45)));
        assert_eq!(decide(&facts, &chosen, t(20)).map_err(|r| r.code).err(), Some(Code::ScheduleNotAllowed));
        assert!(decide(&facts, &ask(Expiration::NotSpecified), t(20)).is_ok(), "the end of the policy");
        let renewal = UpdateAsk { kind: RequestType::UserAdd, ..chosen };
        assert!(decide(&facts, &renewal, t(20)).is_ok(), "asking anew is known by the end that is given");
        assert!(decide(&facts, &by_admin(Expiration::At(t(45))), t(20)).is_ok());
    }

    #[test]
    fn an_administrator_moves_somebody_to_another_policy_with_the_end_it_gives() {
        let mut facts = facts(Expiration::After(IsoDuration::days(90)));
        facts.policy.id = PolicyId(Uuid::from_u128(33));
        let switch = |facts: &UpdateFacts, end| {
            let ask = UpdateAsk { kind: RequestType::AdminAdd, ..by_admin(end) };
            decide(facts, &ask, t(20)).map(|d| moved(&d).map(|a| (a.policy, a.ends_at))).map_err(|r| r.code)
        };
        let other = facts.policy.id;
        assert_eq!(switch(&facts, Expiration::NotSpecified), Ok(Some((other, Some(t(110))))));
        assert_eq!(
            switch(&facts, Expiration::At(t(30))),
            Ok(Some((other, Some(t(30))))),
            "the same end, another policy"
        );
        facts.policy.body.expiration = Expiration::Never;
        assert_eq!(switch(&facts, Expiration::NotSpecified), Ok(Some((other, None))));
        facts.target.facts.is_member = false;
        assert_eq!(switch(&facts, Expiration::NotSpecified), Err(Code::NotInPolicyScope));
        facts.policy.is_enabled = false;
        assert_eq!(switch(&facts, Expiration::NotSpecified), Err(Code::PolicyDisabled));
    }

    #[test]
    fn answers_alone_leave_the_end() {
        let asked = crate::policy::Question {
            id: crate::ids::QuestionId(Uuid::from_u128(5)),
            is_required: true,
            is_editable: false,
            sequence: 0,
            text: "What for?".to_owned(),
            localizations: Vec::new(),
            kind: crate::policy::QuestionKind::Text { single_line: true, pattern: None },
        };
        let answer = |value: &str| Answer { question: asked.id, value: value.to_owned(), ..Answer::default() };
        let mut facts = facts(thirty());
        facts.policy.body.questions = vec![asked.clone()];
        let other = UpdateAsk { answers: vec![answer("tests")], ..ask(Expiration::NotSpecified) };
        let decision = decide(&facts, &other, t(20));
        assert_eq!(decision.as_ref().ok().and_then(moved), None);
        assert!(decision.is_ok_and(|d| d.audit.iter().any(|row| row.activity == Activity::UserRequestsUpdate)));
        let unanswered = decide(&facts, &ask(Expiration::NotSpecified), t(20)).map_err(|r| r.code);
        assert_eq!(unanswered.err(), Some(Code::InvalidAnswers));
        facts.earlier = vec![answer("earlier")];
        assert!(decide(&facts, &ask(Expiration::NotSpecified), t(20)).is_ok(), "earlier answers still count");
    }

    proptest! {
        #[test]
        fn a_person_never_gets_a_shorter_end_nor_one_past_the_policy(
            limit in 1_i32..100, wanted in 1_i32..200, now in 0_i64..30
        ) {
            let facts = facts(Expiration::After(IsoDuration::days(limit)));
            let asked = ask(Expiration::After(IsoDuration::days(wanted)));
            match decide(&facts, &asked, t(now)) {
                Ok(decision) => {
                    let end = moved(&decision).and_then(|a| a.ends_at);
                    prop_assert!(end > Some(t(30)));
                    prop_assert!(end <= Some(t(now + i64::from(limit))));
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal.code, Code::ScheduleNotAllowed);
                    prop_assert!(wanted > limit || now + i64::from(wanted) <= 30);
                }
            }
        }
    }
}
