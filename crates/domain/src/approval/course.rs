//! The course of an approval: opening a stage, and what its instants bring: reminder, escalation, end.

use super::{ApprovalStage, Approver, Asked, Opened, Part, People, StageState, stand_in};
use crate::audit::{Activity, AuditTarget, TargetKind};
use crate::effect::{Audience, Effect};
use crate::ids::Ids;
use crate::notification::MailKind;
use crate::policy::Stage;
use crate::request::{Change, Decider, Decision, Names, Request, RequestState, Save, TimerKey, audit};
use crate::time::{Timestamp, plus_seconds};

/// What opening a stage needs besides the request.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// The stages of the policy version the request runs under.
    pub stages: &'a [Stage],
    /// Who is who now.
    pub people: &'a People,
    /// For the audit.
    pub names: &'a Names,
}

/// Opens the stage `row`: its approvers may decide from now on. When nobody is left who could, the owners of the catalog
/// are asked; when there are none either, the request is denied, and says so (decisions.md H7).
pub(crate) fn open(
    decision: &mut Decision,
    mut request: Request,
    mut row: ApprovalStage,
    saves: (Save, Save),
    opening: Opening<'_>,
    now: Timestamp,
) {
    let settings =
        usize::try_from(row.number - 1).ok().and_then(|i| opening.stages.get(i)).cloned().unwrap_or_default();
    let mut approvers = opening.people.primary(&settings);
    if approvers.is_empty() {
        approvers = opening.people.catalog_owners(Part::Primary);
    }
    if approvers.is_empty() {
        give_up(decision, (request, row), saves, opening.names, now);
        return;
    }
    let window = settings.effective_window().seconds();
    row.state = StageState::InProgress;
    row.opened_at = Some(now);
    row.deadline_at = Some(plus_seconds(now, window));
    row.remind_at = Some(plus_seconds(now, window / 2));
    let escalates = settings.escalation_enabled && !opening.people.alternates(&settings).is_empty();
    row.escalate_at = settings.escalation_delay.filter(|_| escalates).map(|delay| plus_seconds(now, delay.seconds()));
    request.stage = Some(row.number);
    request.state = RequestState::PendingApproval {
        stage: row.number,
        is_escalated: false,
        assignment: request.state.assignment(),
    };
    decision.audit.push(audit(Activity::CreateApproval, &request, opening.names));
    ask(decision, (&request, &row), approvers, Part::Primary, opening.names);
    if let Some(at) = row.next_deadline() {
        decision.change(Change::SetTimer(TimerKey::Request(request.id), at));
    }
    let (save_request, save_row) = saves;
    decision.change(Change::Request(request, save_request));
    decision.change(Change::Stage(row, save_row));
}

/// Asks people and groups in a stage that is open: they may decide from now on, and are told.
pub(super) fn ask(
    decision: &mut Decision,
    (request, row): (&Request, &ApprovalStage),
    approvers: Vec<Approver>,
    part: Part,
    names: &Names,
) {
    for approver in &approvers {
        let kind = if approver.is_group { TargetKind::Group } else { TargetKind::User };
        let event = audit(Activity::AddApprover, request, names);
        decision.audit.push(event.about(AuditTarget::new(kind, approver.principal, None)));
    }
    decision.change(Change::Approvers(Opened { request: request.id, number: row.number, approvers }));
    let (mail, audience) = match (part, row.number, row.escalate_at.is_some()) {
        (Part::Primary, 1, false) => (MailKind::Decide, Audience::Primary),
        (Part::Primary, 1, true) => (MailKind::DecideBefore, Audience::Primary),
        (Part::Primary, _, false) => (MailKind::LaterDecide, Audience::Primary),
        (Part::Primary, _, true) => (MailKind::LaterDecideBefore, Audience::Primary),
        (Part::Alternate, 1, _) => (MailKind::Forwarded, Audience::Alternates),
        (Part::Alternate, _, _) => (MailKind::LaterForwarded, Audience::Alternates),
    };
    tell(decision, mail, row, audience);
}

/// Nobody is left who could decide a stage: the request is denied, and says so.
pub(super) fn give_up(
    decision: &mut Decision,
    (mut request, mut row): (Request, ApprovalStage),
    (save_request, save_row): (Save, Save),
    names: &Names,
    now: Timestamp,
) {
    row.state = StageState::Expired;
    row.remind_at = None;
    row.escalate_at = None;
    request.reason = Some(format!("nobody is left who could decide stage {} of the approval", row.number));
    decision.change(Change::Stage(row, save_row));
    deny(decision, request, Decider::Nobody, save_request, names, now);
}

/// A mail to approvers of a stage.
pub(super) fn tell(decision: &mut Decision, mail: MailKind, row: &ApprovalStage, audience: Audience) {
    decision.effects.push(Effect::NotifyApprovers {
        mail,
        request: row.request,
        number: row.number,
        last: row.number,
        audience,
        until: row.deadline_at,
        after: None,
    });
}

/// A mail to who asked, when a person did: direct assignments send none (behaviour.md h).
pub(crate) fn tell_requestor(decision: &mut Decision, mail: MailKind, request: &Request) {
    if let Some(requestor) = request.requestor.filter(|_| request.kind.is_by_person()) {
        let (package, request) = (request.package, request.id);
        decision.effects.push(Effect::Notify { mail, to: requestor, package, request });
    }
}

/// Ends a request without access. Nobody is asked any more.
pub(super) fn deny(
    decision: &mut Decision,
    mut request: Request,
    by: Decider,
    save: Save,
    names: &Names,
    now: Timestamp,
) {
    request.state = RequestState::Denied { by, completed_at: now };
    let (activity, mail) = match by {
        Decider::Person | Decider::Nobody => (Activity::Deny, MailKind::Denied),
        Decider::Timeout => (Activity::TimeOut, MailKind::Expired),
    };
    let event = audit(activity, &request, names);
    decision.audit.push(match &request.reason {
        Some(reason) => event.because(reason.clone()),
        None => event,
    });
    tell_requestor(decision, mail, &request);
    if save == Save::Changed {
        decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
        decision.change(Change::CloseApprovers(request.id));
    }
    decision.change(Change::Request(request, save));
}

/// Everything the passing of time may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueFacts {
    /// The request.
    pub request: Request,
    /// The stage that is open.
    pub stage: ApprovalStage,
    /// Those who were asked in it.
    pub asked: Vec<Asked>,
    /// The stages of the policy version it runs under.
    pub stages: Vec<Stage>,
    /// Who is who now.
    pub people: People,
    /// For audit and mail.
    pub names: Names,
}

/// An instant of an open stage was reached: approvers are reminded, alternates are asked, or the request is denied because
/// nobody decided (behaviour.md b.3 #8, #9, #12). Or somebody who was asked may have vanished: then others are asked, or
/// the request is denied because nobody is left (decisions.md H7). Early, late and twice are the same harmless thing.
pub fn due(facts: &DueFacts, now: Timestamp, _: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let RequestState::PendingApproval { stage, .. } = facts.request.state else { return decision };
    if stage != facts.stage.number || facts.stage.state != StageState::InProgress {
        return decision;
    }
    let reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    let mut row = facts.stage.clone();
    let mut request = facts.request.clone();
    request.version += 1;
    if reached(row.deadline_at) {
        let mail = if row.number == 1 { MailKind::StageExpired } else { MailKind::LaterStageExpired };
        tell(&mut decision, mail, &row, Audience::Everybody);
        row.state = StageState::Expired;
        row.remind_at = None;
        row.escalate_at = None;
        decision.change(Change::Stage(row, Save::Changed));
        deny(&mut decision, request, Decider::Timeout, Save::Changed, &facts.names, now);
        return decision;
    }
    let escalates = reached(row.escalate_at);
    if !stand_in::look(&mut decision, facts, (&mut request, &mut row), escalates) {
        give_up(&mut decision, (request, row), (Save::Changed, Save::Changed), &facts.names, now);
        return decision;
    }
    if reached(row.remind_at) {
        let urgent = row.escalate_at.is_some() || row.is_escalated;
        row.remind_at = None;
        let mail = match (row.number, urgent) {
            (1, false) => MailKind::DecideReminder,
            (1, true) => MailKind::DecideBeforeReminder,
            (_, false) => MailKind::LaterDecideReminder,
            (_, true) => MailKind::LaterDecideBeforeReminder,
        };
        tell(&mut decision, mail, &row, Audience::Primary);
    }
    if row != facts.stage {
        decision.change(Change::Stage(row.clone(), Save::Changed));
    }
    if let Some(at) = row.next_deadline() {
        decision.change(Change::SetTimer(TimerKey::Request(request.id), at));
    }
    decision
}
