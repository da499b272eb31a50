//! What people did to memberships by hand: a role that was given and then taken away in the directory is missing until
//! somebody gives it back or accepts that it is gone (behaviour.md b.5; decisions.md Q4).

use super::fulfil::{Standing, joined, stands};
use super::{Change, Decision, Names};
use crate::assignment::Assignment;
use crate::audit::{Activity, AuditEvent, AuditTarget, TargetKind};
use crate::grant::{self, Grant, GrantChange, HeldGrant, Link};
use crate::time::Timestamp;

/// A grant that drifted, and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftFacts {
    /// The grant.
    pub held: HeldGrant,
    /// The live assignments that want it, each with everything it wants, and its names.
    pub wanted_by: Vec<(Assignment, Vec<Grant>, Names)>,
    /// The name of the person.
    pub subject: String,
}

impl DriftFacts {
    fn row(&self, activity: Activity) -> AuditEvent {
        let held = &self.held;
        let user = AuditTarget::new(TargetKind::User, held.grant.subject.0, self.subject.clone());
        let role = (held.kind, held.origin, held.resource_name.as_str());
        let event = AuditEvent::new(activity, user).about(joined(role, activity == Activity::FulfillRole));
        self.wanted_by.iter().fold(event, |event, (a, _, names)| {
            event.about(AuditTarget::new(TargetKind::AccessPackageAssignment, a.id, None)).about(AuditTarget::new(
                TargetKind::AccessPackage,
                a.package,
                names.package.clone(),
            ))
        })
    }

    fn store(decision: &mut Decision, change: GrantChange) {
        decision.grants(vec![change]);
    }
}

/// The role is given back.
pub fn repair(f: &DriftFacts, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    DriftFacts::store(&mut decision, grant::repair(&f.held, now));
    decision.audit.push(f.row(Activity::FulfillRole).because("given back after it was taken away by hand"));
    decision
}

/// The role stays away: the assignments that wanted it want it no more, and stand where their other roles are. A later
/// reprocess of such an assignment gives it again.
pub fn adopt(f: &DriftFacts, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    let id = f.held.grant.id;
    for (assignment, grants, names) in &f.wanted_by {
        decision.change(Change::Unlink(Link { assignment: assignment.id, grant: id }));
        let rest: Vec<&Grant> = grants.iter().filter(|g| g.id != id).collect();
        let standing = Standing { assignment, request: None, names, mails: false, is_new_guest: false };
        stands(&mut decision, &standing, &rest, now);
    }
    DriftFacts::store(&mut decision, grant::adopt(&f.held));
    decision.audit.push(f.row(Activity::RemoveRole).because("accepted that it was taken away by hand"));
    decision
}
