//! Notices that access ends soon: mail 19, fourteen days and one day before (behaviour.md b.1, b.5, h).

use super::{Change, Decision, Save, TimerKey};
use crate::assignment::{Assignment, AssignmentState};
use crate::effect::Effect;
use crate::notification::MailKind;
use crate::policy::Policy;
use crate::policy::eligibility::TargetFacts;
use crate::request::update::may_extend;
use crate::time::Timestamp;

/// Everything a notice may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFacts {
    /// The assignment.
    pub assignment: Assignment,
    /// Its policy as it is now; `None` when it is gone.
    pub policy: Option<Policy>,
    /// Who holds it; `None` when the object is gone.
    pub target: Option<TargetFacts>,
    /// It is being removed.
    pub is_removed: bool,
}

/// The timer of an assignment fired before its end: the notice that is due is sent if its holder could extend now, and
/// the next deadline is set either way. Fired twice, it sends nothing more.
pub fn notice(facts: &NoticeFacts, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    let mut assignment = facts.assignment.clone();
    let (Some(end), true) = (assignment.ends_at, assignment.state.is_live()) else { return decision };
    let holds = matches!(assignment.state, AssignmentState::Delivered | AssignmentState::PartiallyDelivered);
    let can_extend = holds && !facts.is_removed && !assignment.is_ending && lets_extend(facts, now);
    if let Some(due) = assignment.due_notice(now).filter(|_| can_extend) {
        assignment.notices |= due.bit();
        assignment.version += 1;
        decision.effects.push(Effect::NotifyEnd {
            mail: MailKind::ExtendAccess,
            to: assignment.target,
            package: assignment.package,
            end,
        });
        decision.change(Change::Assignment(assignment.clone(), Save::Changed));
    }
    if let Some(next) = assignment.next_deadline(now) {
        decision.change(Change::SetTimer(TimerKey::Assignment(assignment.id), next));
    }
    decision
}

fn lets_extend(facts: &NoticeFacts, now: Timestamp) -> bool {
    let (Some(policy), Some(target)) = (&facts.policy, &facts.target) else { return false };
    !policy.body.mails_disabled.unwrap_or(false) && may_extend(policy, target, &facts.assignment, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Expiration;
    use crate::request::update::tests::{facts, t};
    use crate::time::IsoDuration;

    fn mails(decision: &Decision) -> usize {
        decision.effects.len()
    }

    fn next(decision: &Decision) -> Option<Timestamp> {
        decision.changes.iter().find_map(|c| match c {
            Change::SetTimer(_, at) => Some(*at),
            _ => None,
        })
    }

    fn changed(decision: &Decision) -> Option<Assignment> {
        decision.changes.iter().find_map(|c| match c {
            Change::Assignment(a, _) => Some(a.clone()),
            _ => None,
        })
    }

    /// Access from day 0 to day 30 that can be extended.
    fn held() -> NoticeFacts {
        let facts = facts(Expiration::After(IsoDuration::days(30)));
        let assignment = Assignment { notices: 0, ..facts.assignment };
        NoticeFacts { assignment, policy: Some(facts.policy), target: Some(facts.target.facts), is_removed: false }
    }

    #[test]
    fn each_notice_goes_out_once_and_the_end_comes_last() {
        let mut facts = held();
        assert_eq!(facts.assignment.next_deadline(t(0)), Some(t(16)));
        for (day, following, status) in
            [(16, 29, "NearExpiry14DayNotificationTriggered"), (29, 30, "NearExpiry1DayNotificationTriggered")]
        {
            let decision = notice(&facts, t(day));
            assert_eq!((mails(&decision), next(&decision)), (1, Some(t(following))));
            facts.assignment = changed(&decision).unwrap_or(facts.assignment);
            assert_eq!(facts.assignment.status(), status);
            assert_eq!(mails(&notice(&facts, t(day))), 0, "fired twice");
        }
    }

    #[test]
    fn a_late_timer_sends_only_the_last_notice() {
        let decision = notice(&held(), t(29));
        assert_eq!((mails(&decision), next(&decision)), (1, Some(t(30))));
    }

    #[test]
    fn who_cannot_extend_is_not_told_to_and_is_looked_at_again() {
        type Change = fn(&mut NoticeFacts);
        let cases: [Change; 6] = [
            |f| f.policy.iter_mut().for_each(|p| p.body.requestor.self_update = false),
            |f| f.policy.iter_mut().for_each(|p| p.body.mails_disabled = Some(true)),
            |f| f.policy.iter_mut().for_each(|p| p.body.expiration = Expiration::At(t(30))),
            |f| f.target.iter_mut().for_each(|t| t.is_member = false),
            |f| f.policy = None,
            |f| f.is_removed = true,
        ];
        for change in cases {
            let mut facts = held();
            change(&mut facts);
            let decision = notice(&facts, t(16));
            assert_eq!((mails(&decision), next(&decision)), (0, Some(t(29))));
        }
    }

    #[test]
    fn access_that_is_shorter_than_the_time_of_a_notice_has_none() {
        let mut facts = held();
        facts.assignment.ends_at = Some(t(10));
        assert_eq!(facts.assignment.next_deadline(t(0)), Some(t(9)));
        assert_eq!(mails(&notice(&facts, t(5))), 0);
        assert_eq!(mails(&notice(&facts, t(9))), 1);
    }
}
