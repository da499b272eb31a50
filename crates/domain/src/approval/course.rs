//! The course of an approval: opening a stage, and what its instants bring: reminder, escalation, end.

use super::{ApprovalStage, Opened, People, StageState};
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
        approvers = opening.people.catalog_owners();
    }
    let (save_request, save_row) = saves;
    if approvers.is_empty() {
        row.state = StageState::Expired;
        request.reason = Some(format!("nobody is left who could decide stage {} of the approval", row.number));
        decision.change(Change::Stage(row, save_row));
        deny(decision, request, Decider::Nobody, save_request, opening.names, now);
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
    for approver in &approvers {
        let kind = if approver.is_group { TargetKind::Group } else { TargetKind::User };
        let event = audit(Activity::AddApprover, &request, opening.names);
        decision.audit.push(event.about(AuditTarget::new(kind, approver.principal, None)));
    }
    let mail = match (row.number, escalates) {
        (1, false) => MailKind::Decide,
        (1, true) => MailKind::DecideBefore,
        (_, false) => MailKind::LaterDecide,
        (_, true) => MailKind::LaterDecideBefore,
    };
    tell(decision, mail, &row, Audience::Primary);
    if let Some(at) = row.next_deadline() {
        decision.change(Change::SetTimer(TimerKey::Request(request.id), at));
    }
    decision.change(Change::Request(request.clone(), save_request));
    decision.change(Change::Approvers(Opened { request: request.id, number: row.number, approvers }));
    decision.change(Change::Stage(row, save_row));
}

/// A mail to approvers of a stage.
pub(super) fn tell(decision: &mut Decision, mail: MailKind, row: &ApprovalStage, audience: Audience) {
    decision.effects.push(Effect::NotifyApprovers {
        mail,
        request: row.request,
        number: row.number,
        audience,
        until: row.deadline_at,
    });
}

/// A mail to who asked, when a person did: direct assignments send none (behaviour.md h).
pub(super) fn tell_requestor(decision: &mut Decision, mail: MailKind, request: &Request) {
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
    /// The stages of the policy version it runs under.
    pub stages: Vec<Stage>,
    /// Who is who now.
    pub people: People,
    /// For audit and mail.
    pub names: Names,
}

/// An instant of an open stage was reached: approvers are reminded, alternates are asked, or the request is denied because
/// nobody decided (behaviour.md b.3 #8, #9, #12). Early, late and twice are the same harmless thing.
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
    if reached(row.escalate_at) {
        escalate(&mut decision, facts, &mut request, &mut row);
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

/// Alternates are asked too; those who were asked before keep their right.
fn escalate(decision: &mut Decision, facts: &DueFacts, request: &mut Request, row: &mut ApprovalStage) {
    row.escalate_at = None;
    let settings = usize::try_from(row.number - 1).ok().and_then(|i| facts.stages.get(i));
    let approvers = settings.map(|settings| facts.people.alternates(settings)).unwrap_or_default();
    if approvers.is_empty() {
        return;
    }
    row.is_escalated = true;
    request.state =
        RequestState::PendingApproval { stage: row.number, is_escalated: true, assignment: request.state.assignment() };
    for approver in &approvers {
        let kind = if approver.is_group { TargetKind::Group } else { TargetKind::User };
        let event = audit(Activity::AddApprover, request, &facts.names);
        decision.audit.push(event.about(AuditTarget::new(kind, approver.principal, None)));
    }
    decision.change(Change::Approvers(Opened { request: request.id, number: row.number, approvers }));
    let mail = if row.number == 1 { MailKind::Forwarded } else { MailKind::LaterForwarded };
    tell(decision, mail, row, Audience::Alternates);
    decision.change(Change::Request(request.clone(), Save::Changed));
}
