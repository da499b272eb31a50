//! Grants: what one subject should hold of one resource role, and what was observed (decisions.md C).
//!
//! A grant is shared by every assignment that wants it; it is wanted while a live link exists. The plan is the same
//! for both ways of execution: inline in the embedded directory, or remote through a connector after the commit.

use crate::catalog::RoleKind;
use crate::directory::DirectoryOp;
use crate::ids::{AssignmentId, GrantId, Ids, ObjectId, ResourceId, RoleId, ScopeId, SubjectId};
use crate::limits::INLINE_GRANTS_MAX;
use crate::package::PackageRole;
use crate::time::{Timestamp, plus_seconds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is known of the subject's hold on the role. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// Not held.
    Absent = 0,
    /// Held.
    Present = 1,
    /// The object that is joined no longer exists.
    Gone = 2,
}

impl Observed {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The observation stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Absent),
            1 => Some(Self::Present),
            2 => Some(Self::Gone),
            _ => None,
        }
    }
}

/// One resource role of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who.
    pub subject: SubjectId,
    /// The resource.
    pub resource: ResourceId,
    /// The role.
    pub role: RoleId,
    /// The scope.
    pub scope: ScopeId,
    /// The outside directory that executes it, if any.
    pub source: Option<Uuid>,
    /// Whether a live assignment wants it.
    pub desired: bool,
    /// What was last seen.
    pub observed: Observed,
    /// The subject held the role before the first assignment that wanted it (decisions.md C7).
    pub pre_existing: bool,
    /// Failed tries since it was last right.
    pub attempt: i64,
    /// When it is to be tried; `None` when it is right, or given up.
    pub due_at: Option<Timestamp>,
    /// Raised with every plan; part of the key that makes remote operations idempotent.
    pub plan: i64,
    /// The last error.
    pub error: Option<String>,
    /// Since when the subject lacks the role although it was given: somebody took it away by hand. It stays away until
    /// somebody repairs it, and the assignments that want it stay as they are (behaviour.md b.5, p.15).
    pub drift_at: Option<Timestamp>,
}

impl Grant {
    /// Whether wish and observation agree.
    pub const fn is_settled(&self) -> bool {
        match self.observed {
            Observed::Present => self.desired,
            Observed::Absent => !self.desired,
            Observed::Gone => true,
        }
    }

    /// Whether it is still being worked on.
    pub const fn is_pending(&self) -> bool {
        !self.is_settled() && self.due_at.is_some()
    }
}

/// The error of a grant whose object is gone.
pub const TARGET_GONE: &str = "TargetGone";

/// A resource role with what the store knows about the subject's hold on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleFacts {
    /// The role in the package.
    pub role: PackageRole,
    /// The grant that exists already.
    pub grant: Option<Grant>,
    /// Whether the subject holds the role in the embedded directory at this moment.
    pub holds_now: bool,
    /// Whether another grant has given it: the object is a resource of another catalog, too.
    pub ours: bool,
}

/// A grant after a change, and the change of the directory that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantChange {
    /// The grant as it shall be stored.
    pub grant: Grant,
    /// Whether it is a new row.
    pub is_new: bool,
    /// What is done in the embedded directory in the same transaction.
    pub apply: Option<DirectoryOp>,
}

/// Gives `subject` every role, inline where the embedded directory holds the object, else due for the reconciler.
pub fn give(roles: &[RoleFacts], subject: SubjectId, now: Timestamp, ids: &mut Ids) -> Vec<GrantChange> {
    roles.iter().enumerate().map(|(i, facts)| give_one(facts, subject, i < INLINE_GRANTS_MAX, now, ids)).collect()
}

/// The same, and what is thought to be there in an outside directory is given once more: somebody may have taken it away
/// where nobody here could see it.
pub fn give_again(roles: &[RoleFacts], subject: SubjectId, now: Timestamp, ids: &mut Ids) -> Vec<GrantChange> {
    let mut given = give(roles, subject, now, ids);
    for (facts, change) in roles.iter().zip(&mut given) {
        let outside = facts.role.source.is_some() && !facts.role.is_missing;
        if outside && change.grant.due_at.is_none() {
            plan_again(&mut change.grant, now);
        }
    }
    given
}

fn give_one(facts: &RoleFacts, subject: SubjectId, inline: bool, now: Timestamp, ids: &mut Ids) -> GrantChange {
    let RoleFacts { role, grant, holds_now, ours } = facts;
    let is_new = grant.is_none();
    let mut grant = grant.clone().unwrap_or_else(|| Grant {
        id: ids.next(now),
        subject,
        resource: role.resource,
        role: role.role,
        scope: role.scope,
        source: role.source,
        desired: true,
        observed: Observed::Absent,
        pre_existing: false,
        attempt: 0,
        due_at: None,
        plan: 0,
        error: None,
        drift_at: None,
    });
    if grant.observed != Observed::Present && !grant.desired || is_new {
        grant.pre_existing = *holds_now && !ours;
    }
    // A removal under way outside may have been carried out already without our hearing of it: nobody knows.
    if !grant.desired && grant.source.is_some() && grant.due_at.is_some() {
        grant.observed = Observed::Absent;
    }
    grant.desired = true;
    let mut apply = None;
    if role.is_missing {
        grant.observed = Observed::Gone;
        grant.error = Some(TARGET_GONE.to_owned());
        grant.due_at = None;
    } else if role.source.is_none() && inline {
        settle(&mut grant, Observed::Present);
        if !holds_now {
            apply = Some(op(role.kind, role.origin, subject, true));
        }
    } else if grant.observed != Observed::Present || grant.drift_at.is_some() {
        plan_again(&mut grant, now);
    }
    GrantChange { grant, is_new, apply }
}

/// A grant that an ending assignment was linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldGrant {
    /// The grant.
    pub grant: Grant,
    /// What holding the role means.
    pub kind: RoleKind,
    /// The object that is joined.
    pub origin: ObjectId,
    /// Live links of other assignments.
    pub other_links: i64,
    /// Another grant gives the same: the object is a resource of another catalog, too.
    pub shared: bool,
    /// The resource, by name.
    pub resource_name: String,
}

impl HeldGrant {
    /// Whether a resource role gives the same membership, be it of this resource or of another one that stands for the
    /// same object.
    pub fn gives_the_same_as(&self, role: &PackageRole) -> bool {
        self.kind == role.kind && self.origin == role.origin
    }
}

/// Takes away what no other assignment wants (behaviour.md p.11), except what was there before and shall stay. The policy
/// of the assignment that ends last says whether it shall. What an object that is deleted but kept still gives is taken too,
/// lest it comes back with the object (decisions.md B8).
pub fn take(held: &[HeldGrant], keep_pre_existing: bool, now: Timestamp) -> Vec<GrantChange> {
    held.iter()
        .enumerate()
        .filter(|(_, h)| h.other_links == 0)
        .map(|(i, h)| {
            let mut grant = h.grant.clone();
            grant.desired = false;
            let mut apply = None;
            if h.shared || (keep_pre_existing && grant.pre_existing) {
                settle(&mut grant, Observed::Absent);
            } else if grant.source.is_none() && i < INLINE_GRANTS_MAX {
                settle(&mut grant, Observed::Absent);
                apply = Some(op(h.kind, h.origin, grant.subject, false));
            } else if was_never_tried(&grant) {
                settle(&mut grant, Observed::Absent);
            } else {
                // A try whose answer never came may have been carried out: it counts as held until it was taken.
                grant.observed = Observed::Present;
                plan_again(&mut grant, now);
            }
            GrantChange { grant, is_new: false, apply }
        })
        .collect()
}

/// Whether nothing can have been given outside: it is not there, and no try is under way or was left without an answer.
/// What became of the tries of an earlier plan nobody remembers.
const fn was_never_tried(grant: &Grant) -> bool {
    matches!(grant.observed, Observed::Absent) && grant.due_at.is_none() && grant.attempt == 0 && grant.plan <= 1
}

/// Forgets what no other assignment wants, without taking it: the subject is deleted for good, and there is nobody to take
/// it from (decisions.md B8).
pub fn let_go(held: &[HeldGrant]) -> Vec<GrantChange> {
    let unwanted = held.iter().filter(|h| h.other_links == 0);
    unwanted
        .map(|h| {
            let mut grant = h.grant.clone();
            grant.desired = false;
            settle(&mut grant, Observed::Absent);
            GrantChange { grant, is_new: false, apply: None }
        })
        .collect()
}

fn op(role: RoleKind, origin: ObjectId, subject: SubjectId, give: bool) -> DirectoryOp {
    DirectoryOp { origin, role, principal: ObjectId(subject.0), give }
}

fn settle(grant: &mut Grant, observed: Observed) {
    grant.observed = observed;
    grant.attempt = 0;
    grant.due_at = None;
    grant.error = None;
    grant.drift_at = None;
}

fn plan_again(grant: &mut Grant, now: Timestamp) {
    grant.plan += 1;
    grant.attempt = 0;
    grant.due_at = Some(now);
    grant.error = None;
    grant.drift_at = None;
    if grant.observed == Observed::Gone {
        grant.observed = Observed::Absent;
    }
}

/// A removal that was given up is tried once more, with fresh retries.
pub fn take_again(held: &[HeldGrant], now: Timestamp) -> Vec<GrantChange> {
    held.iter()
        .filter(|h| !h.grant.desired && !h.grant.is_settled() && !h.grant.is_pending())
        .map(|h| {
            let mut grant = h.grant.clone();
            let mut apply = None;
            if h.shared {
                settle(&mut grant, Observed::Absent);
            } else if grant.source.is_none() {
                settle(&mut grant, Observed::Absent);
                apply = Some(op(h.kind, h.origin, grant.subject, false));
            } else {
                plan_again(&mut grant, now);
            }
            GrantChange { grant, is_new: false, apply }
        })
        .collect()
}

/// A role that was taken away by hand is given back.
pub fn repair(held: &HeldGrant, now: Timestamp) -> GrantChange {
    let mut grant = held.grant.clone();
    let mut apply = None;
    if grant.source.is_none() {
        settle(&mut grant, Observed::Present);
        apply = Some(op(held.kind, held.origin, grant.subject, true));
    } else {
        plan_again(&mut grant, now);
    }
    GrantChange { grant, is_new: false, apply }
}

/// A role that was taken away by hand stays away: nobody wants it any more.
pub fn adopt(held: &HeldGrant) -> GrantChange {
    let mut grant = held.grant.clone();
    grant.desired = false;
    settle(&mut grant, Observed::Absent);
    GrantChange { grant, is_new: false, apply: None }
}

/// What came of one try at a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Not now; the other side may ask to wait so many seconds.
    Transient {
        /// Why.
        error: String,
        /// How long to wait at least.
        after_seconds: Option<i64>,
    },
    /// Never.
    Permanent {
        /// Why.
        error: String,
    },
    /// The object that is joined no longer exists.
    TargetGone,
}

/// Minutes to wait after each failed try; hourly after that, six hours in all (decisions.md C6).
const RETRY_MINUTES: [i64; 9] = [1, 5, 15, 30, 60, 60, 60, 60, 60];

/// The grant after a try (decisions.md C6).
pub fn record(grant: &Grant, outcome: &Outcome, now: Timestamp) -> Grant {
    let mut next = grant.clone();
    match outcome {
        Outcome::Done => settle(&mut next, if grant.desired { Observed::Present } else { Observed::Absent }),
        // What shall go from an object that is gone has gone with it.
        Outcome::TargetGone if !grant.desired => settle(&mut next, Observed::Absent),
        Outcome::TargetGone => {
            next.observed = Observed::Gone;
            next.error = Some(TARGET_GONE.to_owned());
            next.due_at = None;
        }
        Outcome::Permanent { error } => {
            next.error = Some(error.clone());
            next.due_at = None;
        }
        Outcome::Transient { error, after_seconds } => {
            let tried = usize::try_from(grant.attempt).unwrap_or(usize::MAX);
            next.due_at = RETRY_MINUTES
                .get(tried)
                .map(|minutes| plus_seconds(now, (minutes * 60).max(after_seconds.unwrap_or(0))));
            next.attempt += 1;
            next.error = Some(error.clone());
        }
    }
    next
}

/// A link between an assignment and a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The assignment that wants it.
    pub assignment: AssignmentId,
    /// The grant.
    pub grant: GrantId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededEntropy;

    fn ids() -> Ids {
        Ids::new(Box::new(SeededEntropy::new(1)))
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn role(source: Option<Uuid>) -> PackageRole {
        PackageRole {
            role: RoleId(Uuid::from_u128(1)),
            scope: ScopeId(Uuid::from_u128(2)),
            resource: ResourceId(Uuid::from_u128(3)),
            kind: RoleKind::GroupMember,
            origin: ObjectId(Uuid::from_u128(4)),
            source,
            is_missing: false,
            resource_name: "g".to_owned(),
        }
    }

    fn given(facts: &RoleFacts) -> GrantChange {
        give_one(facts, SubjectId(Uuid::from_u128(9)), true, now(), &mut ids())
    }

    fn held_by_nobody_else() -> HeldGrant {
        let facts = RoleFacts { role: role(None), grant: None, holds_now: false, ours: false };
        HeldGrant {
            grant: given(&facts).grant,
            kind: RoleKind::GroupMember,
            origin: ObjectId(Uuid::from_u128(4)),
            other_links: 0,
            shared: false,
            resource_name: "g".to_owned(),
        }
    }

    #[test]
    fn a_membership_that_another_grant_gives_is_neither_pre_existing_nor_taken() {
        let ours = RoleFacts { role: role(None), grant: None, holds_now: true, ours: true };
        assert!(!given(&ours).grant.pre_existing);
        let shared = HeldGrant { shared: true, ..held_by_nobody_else() };
        let taken = take(&[shared], false, now());
        assert!(taken.iter().all(|c| c.apply.is_none() && !c.grant.desired && c.grant.is_settled()));
        assert_eq!(taken.len(), 1);
    }

    #[test]
    fn nobody_is_asked_to_take_anything_from_who_is_deleted_for_good() {
        let shared = HeldGrant { other_links: 1, ..held_by_nobody_else() };
        let gone = let_go(&[held_by_nobody_else(), shared]);
        assert_eq!(gone.len(), 1, "what another assignment wants stays wanted");
        assert!(gone.iter().all(|c| !c.grant.desired && c.grant.is_settled() && c.apply.is_none()));
    }

    #[test]
    fn a_try_outside_whose_answer_never_came_is_taken_as_if_it_had_worked() {
        let outside = RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false };
        let never = given(&outside).grant;
        let lost = Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds: None };
        let taken = |grant| take(&[HeldGrant { grant, ..held_by_nobody_else() }], false, now());
        let unheard = Grant { due_at: None, ..record(&never, &lost, now()) };
        assert!(taken(unheard).iter().all(|c| c.grant.due_at == Some(now()) && c.grant.observed == Observed::Present));
        let untried = Grant { due_at: None, ..never };
        assert!(taken(untried).iter().all(|c| c.grant.due_at.is_none() && c.grant.is_settled()));
    }

    #[test]
    fn drift_ends_when_it_is_repaired_adopted_or_given_anew() {
        let mut held = held_by_nobody_else();
        held.grant.drift_at = Some(now());
        let repaired = repair(&held, now());
        assert_eq!((repaired.grant.drift_at, repaired.apply.map(|o| o.give)), (None, Some(true)));
        let adopted = adopt(&held);
        assert!(!adopted.grant.desired && adopted.grant.is_settled() && adopted.apply.is_none());
        let facts = RoleFacts { role: role(None), grant: Some(held.grant), holds_now: false, ours: false };
        let anew = given(&facts);
        assert!(anew.grant.drift_at.is_none() && anew.apply.is_some() && !anew.grant.pre_existing);
    }

    #[test]
    fn what_is_thought_to_be_there_outside_is_given_again_and_counts_meanwhile() {
        let outside = RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false };
        let first = record(&given(&outside).grant, &Outcome::Done, now());
        let facts = RoleFacts { grant: Some(first.clone()), ..outside };
        assert!(
            give(std::slice::from_ref(&facts), first.subject, now(), &mut ids())
                .iter()
                .all(|c| c.grant.due_at.is_none())
        );
        let again = give_again(&[facts], first.subject, now(), &mut ids());
        assert!(again.iter().all(|c| c.grant.due_at == Some(now()) && c.grant.plan == first.plan + 1));
        assert!(again.iter().all(|c| !c.grant.is_pending()), "it is there as far as anybody knows");
    }

    #[test]
    fn what_was_gone_is_tried_when_it_is_back_and_pending_until_then() {
        let outside = RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false };
        let gone = record(&given(&outside).grant, &Outcome::TargetGone, now());
        assert!(gone.is_settled() && gone.due_at.is_none());
        let again = given(&RoleFacts { grant: Some(gone), ..outside });
        assert!(again.grant.is_pending());
    }

    #[test]
    fn what_is_given_while_it_is_being_taken_outside_is_given_under_a_new_plan() {
        let outside = RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false };
        let there = record(&given(&outside).grant, &Outcome::Done, now());
        let held = HeldGrant { grant: there, ..held_by_nobody_else() };
        let taken = take(&[held], false, now()).into_iter().next().map(|c| c.grant);
        let plan = taken.as_ref().map(|g| g.plan);
        let again = given(&RoleFacts { grant: taken, holds_now: true, ..outside }).grant;
        assert!(again.is_pending() && !again.pre_existing);
        assert_eq!(Some(again.plan), plan.map(|n| n + 1));
    }

    #[test]
    fn a_removal_that_was_given_up_is_tried_again_with_fresh_retries() {
        let outside = RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false };
        let there = record(&given(&outside).grant, &Outcome::Done, now());
        let held = HeldGrant { grant: there, ..held_by_nobody_else() };
        let taken = take(std::slice::from_ref(&held), false, now());
        let refused = Outcome::Permanent { error: "TargetRejected".to_owned() };
        let left: Vec<HeldGrant> =
            taken.iter().map(|c| HeldGrant { grant: record(&c.grant, &refused, now()), ..held.clone() }).collect();
        assert!(left.iter().all(|h| !h.grant.is_settled() && !h.grant.is_pending()));
        let again = take_again(&left, now());
        assert!(again.iter().all(|c| c.grant.is_pending() && c.grant.attempt == 0 && c.grant.error.is_none()));
        assert_eq!(again.len(), 1);
    }

    #[test]
    fn an_embedded_role_is_given_at_once_and_joins_the_group() {
        let change = given(&RoleFacts { role: role(None), grant: None, holds_now: false, ours: false });
        assert!(change.is_new && change.grant.is_settled());
        assert_eq!(change.apply.map(|o| o.give), Some(true));
        assert!(!change.grant.pre_existing);
    }

    #[test]
    fn an_existing_member_is_noted_and_not_joined_again() {
        let change = given(&RoleFacts { role: role(None), grant: None, holds_now: true, ours: false });
        assert!(change.grant.pre_existing);
        assert_eq!(change.apply, None);
    }

    #[test]
    fn a_drifted_member_is_joined_again_without_becoming_pre_existing() {
        let mut first = given(&RoleFacts { role: role(None), grant: None, holds_now: false, ours: false }).grant;
        first.desired = true;
        let again = given(&RoleFacts { role: role(None), grant: Some(first), holds_now: false, ours: false });
        assert!(!again.is_new && again.apply.is_some() && !again.grant.pre_existing);
    }

    #[test]
    fn a_remote_role_is_due_and_pending() {
        let change =
            given(&RoleFacts { role: role(Some(Uuid::from_u128(8))), grant: None, holds_now: false, ours: false });
        assert!(change.grant.is_pending());
        assert_eq!(change.apply, None);
        assert_eq!(change.grant.due_at, Some(now()));
    }

    #[test]
    fn a_shared_grant_stays_until_its_last_assignment_ends() {
        let grant = given(&RoleFacts { role: role(None), grant: None, holds_now: false, ours: false }).grant;
        let held = |other_links| HeldGrant {
            grant: grant.clone(),
            kind: RoleKind::GroupMember,
            origin: ObjectId(Uuid::from_u128(4)),
            other_links,
            shared: false,
            resource_name: String::new(),
        };
        assert!(take(&[held(1)], false, now()).is_empty());
        let last = take(&[held(0)], false, now());
        assert_eq!(last.first().and_then(|c| c.apply).map(|o| o.give), Some(false));
    }

    #[test]
    fn pre_existing_access_goes_too_unless_it_shall_stay() {
        let grant = given(&RoleFacts { role: role(None), grant: None, holds_now: true, ours: false }).grant;
        let held = [HeldGrant { grant, ..held_by_nobody_else() }];
        assert!(take(&held, false, now()).iter().all(|c| c.apply.is_some()));
        assert!(take(&held, true, now()).iter().all(|c| c.apply.is_none() && !c.grant.desired));
    }

    #[test]
    fn retries_follow_the_schedule_and_end_after_six_hours() {
        let mut grant =
            given(&RoleFacts { role: role(Some(Uuid::nil())), grant: None, holds_now: false, ours: false }).grant;
        let fail = Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds: None };
        let mut at = now();
        let mut tries = 0;
        while let Some(due) = grant.due_at {
            at = due.max(at);
            grant = record(&grant, &fail, at);
            tries += 1;
        }
        assert_eq!(tries, 10);
        assert!(at.as_second() - now().as_second() <= 6 * 3_600);
        assert!(!grant.is_settled() && !grant.is_pending());
        assert!(record(&grant, &Outcome::Done, at).is_settled());
    }
}
