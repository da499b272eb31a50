//! A live assignment follows its package: a role was put in or taken out, or the package has moved to another catalog.
//! Each is decided from what the package holds now and what the assignment wants, so that deciding it twice, late, or
//! after a further change comes to the same (decisions.md C8).

use super::fulfil::{Standing, joined, stands};
use super::{Change, Decision, Names, Request};
use crate::assignment::{Assignment, AssignmentState};
use crate::audit::{Activity, AuditEvent, AuditTarget, TargetKind};
use crate::catalog::RoleKind;
use crate::grant::{Grant, GrantChange, HeldGrant, Link, RoleFacts, give, take};
use crate::ids::{Ids, ObjectId, RoleId, ScopeId};
use crate::time::Timestamp;

/// Everything a change of what an assignment gives may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingFacts {
    /// The assignment, which is live and not being removed.
    pub assignment: Assignment,
    /// The request that is delivering it, if it is not there yet.
    pub delivering: Option<Request>,
    /// The roles of its package now, and its holder's hold on them.
    pub roles: Vec<RoleFacts>,
    /// What it wants.
    pub held: Vec<HeldGrant>,
    /// Who held a role before keeps it under its policy.
    pub keep_pre_existing: bool,
    /// Mails to assignees are sent under its policy.
    pub mails: bool,
    /// The account of its holder was made for it.
    pub is_new_guest: bool,
    /// For audit and mail.
    pub names: Names,
}

impl HoldingFacts {
    pub(super) const fn standing(&self) -> Standing<'_> {
        Standing {
            assignment: &self.assignment,
            request: self.delivering.as_ref(),
            names: &self.names,
            mails: self.mails,
            is_new_guest: self.is_new_guest,
        }
    }

    pub(super) fn wants(&self, facts: &RoleFacts) -> bool {
        self.held.iter().any(|h| h.grant.role == facts.role.role && h.grant.scope == facts.role.scope)
    }

    /// What it wants although its package does not hold it any more.
    pub(super) fn outdated(&self) -> Vec<HeldGrant> {
        let in_package =
            |h: &&HeldGrant| !self.roles.iter().any(|f| h.grant.role == f.role.role && h.grant.scope == f.role.scope);
        self.held.iter().filter(in_package).cloned().collect()
    }

    /// An audit row about the assignment.
    pub(super) fn row(&self, activity: Activity) -> AuditEvent {
        let a = &self.assignment;
        AuditEvent::new(activity, AuditTarget::new(TargetKind::AccessPackageAssignment, a.id, None))
            .about(AuditTarget::new(TargetKind::AccessPackage, a.package, self.names.package.clone()))
            .about(AuditTarget::new(TargetKind::User, a.target.0, self.names.target.clone()))
            .about(AuditTarget::new(TargetKind::AccessPackageAssignmentPolicy, a.policy, self.names.policy.clone()))
            .about(AuditTarget::new(TargetKind::AccessPackageCatalog, a.catalog, None))
            .correlated(a.request.0)
    }

    /// An audit row about one role of the assignment.
    fn role_row(&self, activity: Activity, role: (RoleKind, ObjectId, &str)) -> AuditEvent {
        self.row(activity).about(joined(role, activity == Activity::FulfillRole))
    }
}

/// Gives roles and takes others, and says so: audit rows of what was done at once, the rest being told when it is done.
/// Gives the state of the assignment after it.
pub(super) fn exchange(
    decision: &mut Decision,
    f: &HoldingFacts,
    (roles, given): (&[RoleFacts], Vec<GrantChange>),
    lost: &[HeldGrant],
    now: Timestamp,
) -> AssignmentState {
    for (facts, change) in roles.iter().zip(&given) {
        let role = (facts.role.kind, facts.role.origin, facts.role.resource_name.as_str());
        if change.apply.is_some() {
            decision.audit.push(f.role_row(Activity::FulfillRole, role));
        } else if let (true, Some(error)) = (facts.role.is_missing, &change.grant.error) {
            decision.audit.push(f.role_row(Activity::FulfillRole, role).failed().because(error.clone()));
        }
    }
    // Two resources can stand for one object: what is given by one of them is not taken for the other.
    let lost: Vec<HeldGrant> = lost
        .iter()
        .map(|h| HeldGrant { shared: h.shared || roles.iter().any(|r| h.gives_the_same_as(&r.role)), ..h.clone() })
        .collect();
    let taken = take(&lost, f.keep_pre_existing, now);
    for change in taken.iter().filter(|c| c.apply.is_some()) {
        if let Some(h) = lost.iter().find(|h| h.grant.id == change.grant.id) {
            decision.audit.push(f.role_row(Activity::RemoveRole, (h.kind, h.origin, h.resource_name.as_str())));
        }
    }
    let untouched = f.held.iter().map(|h| &h.grant);
    let untouched = untouched.filter(|g| lost.iter().all(|h| h.grant.id != g.id));
    let untouched = untouched.filter(|g| given.iter().all(|c| c.grant.id != g.id)).cloned().collect::<Vec<Grant>>();
    let after: Vec<Grant> = given.iter().map(|c| c.grant.clone()).chain(untouched).collect();
    let new = |c: &&GrantChange| f.held.iter().all(|h| h.grant.id != c.grant.id);
    let assignment = f.assignment.id;
    let links: Vec<Link> = given.iter().filter(new).map(|c| Link { assignment, grant: c.grant.id }).collect();
    for grant in lost.iter().map(|h| h.grant.id) {
        decision.change(Change::Unlink(Link { assignment, grant }));
    }
    decision.grants(given);
    decision.grants(taken);
    decision.changes.extend(links.into_iter().map(Change::Link));
    stands(decision, &f.standing(), &after.iter().collect::<Vec<_>>(), now)
}

/// A role was put into the package or taken out: the assignment wants it if, and only if, the package holds it now.
pub fn role_changed(f: &HoldingFacts, (role, scope): (RoleId, ScopeId), now: Timestamp, ids: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let of_package = f.roles.iter().find(|r| r.role.role == role && r.role.scope == scope);
    let wanted = f.held.iter().find(|h| h.grant.role == role && h.grant.scope == scope);
    match (of_package, wanted) {
        (Some(facts), None) => {
            let roles = std::slice::from_ref(facts);
            let given = give(roles, f.assignment.target, now, ids);
            exchange(&mut decision, f, (roles, given), &[], now);
        }
        (None, Some(held)) => {
            exchange(&mut decision, f, (&[], Vec::new()), std::slice::from_ref(held), now);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    decision
}

/// The package has moved to another catalog: what the assignment wants of resources of the old one, it wants of those of
/// the new one that stand for the same objects. Nothing is given that it did not want before.
pub fn package_moved(f: &HoldingFacts, now: Timestamp, ids: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let lost = f.outdated();
    let instead = |r: &&RoleFacts| !f.wants(r) && lost.iter().any(|h| h.gives_the_same_as(&r.role));
    let roles: Vec<RoleFacts> = f
        .roles
        .iter()
        .filter(instead)
        .map(|r| {
            // What one of our grants holds was held before it only if that one says so.
            let before = lost.iter().filter(|h| h.gives_the_same_as(&r.role)).all(|h| h.grant.pre_existing);
            RoleFacts { ours: r.ours || !before, ..r.clone() }
        })
        .collect();
    let given = give(&roles, f.assignment.target, now, ids);
    exchange(&mut decision, f, (&roles, given), &lost, now);
    decision
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::grant::Observed;
    use crate::ids::{
        AssignmentId, CatalogId, GrantId, PackageId, PolicyId, RequestId, ResourceId, SeededEntropy, SubjectId,
    };
    use crate::package::PackageRole;
    use uuid::Uuid;

    fn ids() -> Ids {
        Ids::new(Box::new(SeededEntropy::new(1)))
    }

    const fn n(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    /// Role number `role` of the object number `origin`, as the package holds it.
    fn of_package(role: u128, origin: u128, grant: Option<Grant>) -> RoleFacts {
        let role = PackageRole {
            role: RoleId(n(role)),
            scope: ScopeId(n(1)),
            resource: ResourceId(n(role)),
            kind: RoleKind::GroupMember,
            origin: ObjectId(n(origin)),
            source: None,
            is_missing: false,
            resource_name: "g".to_owned(),
        };
        RoleFacts { role, holds_now: grant.is_some(), grant, ours: false }
    }

    fn grant(role: u128) -> Grant {
        Grant {
            id: GrantId(n(100 + role)),
            subject: SubjectId(n(7)),
            resource: ResourceId(n(role)),
            role: RoleId(n(role)),
            scope: ScopeId(n(1)),
            source: None,
            desired: true,
            observed: Observed::Present,
            pre_existing: false,
            attempt: 0,
            due_at: None,
            plan: 0,
            error: None,
            drift_at: None,
        }
    }

    pub(in crate::request) fn held(role: u128, origin: u128) -> HeldGrant {
        HeldGrant {
            grant: grant(role),
            kind: RoleKind::GroupMember,
            origin: ObjectId(n(origin)),
            other_links: 0,
            shared: false,
            resource_name: "g".to_owned(),
        }
    }

    pub(in crate::request) fn facts(roles: Vec<RoleFacts>, held: Vec<HeldGrant>) -> HoldingFacts {
        let assignment = Assignment {
            id: AssignmentId(n(5)),
            package: PackageId(n(6)),
            policy: PolicyId(n(8)),
            policy_version: 1,
            catalog: CatalogId(n(9)),
            target: SubjectId(n(7)),
            state: AssignmentState::Delivered,
            starts_at: Timestamp::UNIX_EPOCH,
            ends_at: None,
            delivered_at: None,
            ended_at: None,
            request: RequestId(n(4)),
            created_at: Timestamp::UNIX_EPOCH,
            version: 1,
            notices: 0,
            is_extended: false,
            is_ending: false,
        };
        HoldingFacts {
            assignment,
            delivering: None,
            roles,
            held,
            keep_pre_existing: false,
            mails: true,
            is_new_guest: false,
            names: Names::default(),
        }
    }

    /// What a decision does in the directory, and how many links come and go.
    fn done(decision: &Decision) -> (Vec<bool>, usize, usize) {
        let ops = decision.changes.iter().filter_map(|c| match c {
            Change::Directory(op) => Some(op.give),
            _ => None,
        });
        let count = |link: bool| {
            let is = |c: &&Change| if link { matches!(c, Change::Link(_)) } else { matches!(c, Change::Unlink(_)) };
            decision.changes.iter().filter(is).count()
        };
        (ops.collect(), count(true), count(false))
    }

    fn changed(f: &HoldingFacts) -> Decision {
        role_changed(f, (RoleId(n(1)), ScopeId(n(1))), Timestamp::UNIX_EPOCH, &mut ids())
    }

    #[test]
    fn an_assignment_follows_what_the_package_holds_now_and_following_twice_is_nothing() {
        let put_in = changed(&facts(vec![of_package(1, 21, None)], Vec::new()));
        assert_eq!(done(&put_in), (vec![true], 1, 0));
        assert_eq!(put_in.audit.iter().map(|e| e.activity).collect::<Vec<_>>(), [Activity::FulfillRole]);
        let taken_out = changed(&facts(Vec::new(), vec![held(1, 21)]));
        assert_eq!(done(&taken_out), (vec![false], 0, 1));
        assert_eq!(taken_out.audit.iter().map(|e| e.activity).collect::<Vec<_>>(), [Activity::RemoveRole]);
        assert!(changed(&facts(vec![of_package(1, 21, Some(grant(1)))], vec![held(1, 21)])).is_nothing());
        assert!(changed(&facts(Vec::new(), Vec::new())).is_nothing());
    }

    #[test]
    fn another_role_is_left_alone_whatever_became_of_it() {
        let mut drifted = held(2, 22);
        drifted.grant.drift_at = Some(Timestamp::UNIX_EPOCH);
        let roles =
            vec![of_package(1, 21, None), of_package(2, 22, Some(drifted.grant.clone())), of_package(3, 23, None)];
        let decision = changed(&facts(roles, vec![drifted]));
        assert_eq!(done(&decision), (vec![true], 1, 0), "neither repaired nor given although it was never wanted");
    }

    #[test]
    fn what_a_role_of_the_same_object_still_gives_is_not_taken() {
        let roles = vec![of_package(2, 21, Some(grant(2)))];
        let decision = changed(&facts(roles, vec![HeldGrant { shared: true, ..held(1, 21) }, held(2, 21)]));
        assert_eq!(done(&decision), (Vec::new(), 0, 1));
    }

    #[test]
    fn a_move_exchanges_grants_without_anybody_leaving_the_group() {
        let roles = vec![RoleFacts { holds_now: true, ..of_package(11, 21, None) }, of_package(12, 22, None)];
        let f = facts(roles, vec![held(1, 21)]);
        let decision = package_moved(&f, Timestamp::UNIX_EPOCH, &mut ids());
        assert_eq!(done(&decision), (Vec::new(), 1, 1), "the second role was not wanted before");
        let given = decision.changes.iter().find_map(|c| match c {
            Change::Grant(g, super::super::Save::New) => Some(g.clone()),
            _ => None,
        });
        assert!(given.is_some_and(|g| g.desired && !g.pre_existing && g.observed == Observed::Present));
    }
}
