//! A live assignment follows its edited policy, when an administrator says so (behaviour.md b.5; decisions.md H1): saving a
//! policy alone touches nothing that is there.

use super::{Change, Decision, Names, Save, TimerKey};
use crate::assignment::Assignment;
use crate::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use crate::policy::expiration::policy_end;
use crate::policy::{Policy, PolicyBody};
use crate::time::Timestamp;

/// Everything it may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedFacts<'p> {
    /// The assignment, which is live and not being removed.
    pub assignment: Assignment,
    /// The policy in the version that governs its end so far.
    pub was: &'p PolicyBody,
    /// The policy as it is now.
    pub policy: &'p Policy,
    /// For the audit.
    pub names: Names,
}

/// The end of the assignment becomes the one that the current version gives. Who had the end of his version gets the end of
/// the current one, counted from his start. An end that somebody has chosen or moved stays, unless it lies after the last one
/// that could be asked for today. What would have ended already ends now.
pub fn policy_applied(f: &AppliedFacts<'_>, now: Timestamp) -> Decision {
    let (a, policy) = (&f.assignment, f.policy);
    let mut decision = Decision::default();
    let end = if a.ends_at == policy_end(f.was, a.starts_at) {
        policy_end(&policy.body, a.starts_at)
    } else {
        earlier(a.ends_at, policy_end(&policy.body, now))
    };
    let end = end.map(|end| end.max(now));
    if !a.state.is_live() || (a.policy_version == policy.version && a.ends_at == end) {
        return decision;
    }
    let mut moved = Assignment { policy_version: policy.version, version: a.version + 1, ..a.clone() };
    if a.ends_at != end {
        moved.ends_at = end;
        moved.notices = 0;
        let text = |end: Option<Timestamp>| end.map(|at| at.to_string());
        let modified = Modified::change("EndDateTime", text(a.ends_at), text(end));
        let target = AuditTarget::new(TargetKind::AccessPackageAssignment, a.id, None).with(modified);
        let event = AuditEvent::new(Activity::ExtendAssignment, target)
            .about(AuditTarget::new(TargetKind::AccessPackage, a.package, f.names.package.clone()))
            .about(AuditTarget::new(TargetKind::User, a.target.0, f.names.target.clone()))
            .about(AuditTarget::new(TargetKind::AccessPackageAssignmentPolicy, a.policy, f.names.policy.clone()))
            .about(AuditTarget::new(TargetKind::AccessPackageCatalog, a.catalog, None))
            .correlated(a.request.0)
            .because("the policy was applied to existing assignments");
        decision.audit.push(event);
        let timer = TimerKey::Assignment(a.id);
        decision.change(moved.next_deadline(now).map_or(Change::ClearTimer(timer), |at| Change::SetTimer(timer, at)));
    }
    decision.change(Change::Assignment(moved, Save::Changed));
    decision
}

/// The earlier of two ends; no end is the latest.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Expiration;
    use crate::request::update::tests::{facts, t};
    use crate::time::IsoDuration;

    fn days(n: i64) -> Expiration {
        let duration: Option<IsoDuration> = format!("P{n}D").parse().ok();
        duration.map_or(Expiration::Never, Expiration::After)
    }

    /// The end after the policy went from `was` to `is`, for access that began on day 0 and ends on a day, seen on day 5.
    fn end(was: Expiration, is: Expiration, ends: Option<i64>) -> Option<Timestamp> {
        let known = facts(was);
        let mut policy = known.policy.clone();
        policy.version += 1;
        policy.body.expiration = is;
        let assignment = Assignment { ends_at: ends.map(t), ..known.assignment };
        let f = AppliedFacts { assignment, was: &known.policy.body, policy: &policy, names: Names::default() };
        let decision = policy_applied(&f, t(5));
        let moved = decision.changes.iter().find_map(|c| match c {
            Change::Assignment(a, _) => Some(a.clone()),
            _ => None,
        });
        let moved = moved.unwrap_or(f.assignment.clone());
        assert_eq!(moved.policy_version, policy.version);
        assert_eq!(decision.audit.is_empty(), moved.ends_at == f.assignment.ends_at, "what moves is on record");
        moved.ends_at
    }

    #[test]
    fn who_had_the_end_of_the_policy_gets_that_of_the_edited_one() {
        assert_eq!(end(days(30), days(60), Some(30)), Some(t(60)));
        assert_eq!(end(days(30), days(10), Some(30)), Some(t(10)));
        assert_eq!(end(days(30), days(2), Some(30)), Some(t(5)), "it ends now, not in the past");
        assert_eq!(end(days(30), Expiration::Never, Some(30)), None);
        assert_eq!(end(Expiration::Never, Expiration::At(t(90)), None), Some(t(90)));
    }

    #[test]
    fn an_end_that_somebody_chose_stays_within_what_could_be_asked_for_today() {
        assert_eq!(end(days(30), days(60), Some(20)), Some(t(20)));
        assert_eq!(end(days(30), days(10), Some(20)), Some(t(15)), "ten days from today");
        assert_eq!(end(days(30), days(10), None), Some(t(15)));
        assert_eq!(end(days(30), Expiration::Never, Some(20)), Some(t(20)));
    }

    #[test]
    fn applied_twice_it_is_applied_once() {
        let known = facts(days(30));
        let assignment = Assignment { policy_version: known.policy.version, ..known.assignment.clone() };
        let (was, policy) = (&known.policy.body, &known.policy);
        let f = AppliedFacts { assignment, was, policy, names: Names::default() };
        assert!(policy_applied(&f, t(5)).is_nothing());
    }
}
