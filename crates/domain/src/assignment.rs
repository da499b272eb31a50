//! Assignments: subject, package, policy and time range. The state is a fold over the grants (style: derived, stored
//! for filtering, recomputed on every write).

use crate::grant::{Grant, Observed};
use crate::ids::{AssignmentId, CatalogId, PackageId, PolicyId, RequestId, SubjectId};
use crate::time::Timestamp;

/// The state of an assignment. Numbers are the members of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentState {
    /// Access is being given or taken.
    Delivering = 0,
    /// Some of it is there and the rest is given up.
    PartiallyDelivered = 1,
    /// All of it is there.
    Delivered = 2,
    /// It has ended.
    Expired = 3,
    /// None of it could be given.
    DeliveryFailed = 4,
}

impl AssignmentState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Delivering, Self::PartiallyDelivered, Self::Delivered, Self::Expired, Self::DeliveryFailed];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// The status word that goes with it.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Delivering => "Delivering",
            Self::PartiallyDelivered => "PartiallyDelivered",
            Self::Delivered => "Delivered",
            Self::Expired => "ExpiredNotificationTriggered",
            Self::DeliveryFailed => "DeliveryFailed",
        }
    }

    /// The word for it in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivering => "delivering",
            Self::PartiallyDelivered => "partiallyDelivered",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::DeliveryFailed => "deliveryFailed",
        }
    }

    /// Whether it stands for a live assignment, of which a subject has one per package (decisions.md E6).
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Expired)
    }
}

/// The state that the grants of a live assignment add up to (decisions.md Q5).
pub fn fold<'g>(grants: impl IntoIterator<Item = &'g Grant>) -> AssignmentState {
    let (mut pending, mut present, mut missing) = (0, 0, 0);
    for grant in grants {
        match grant.observed {
            _ if grant.is_pending() => pending += 1,
            Observed::Present => present += 1,
            Observed::Absent | Observed::Gone => missing += 1,
        }
    }
    if pending > 0 {
        AssignmentState::Delivering
    } else if missing == 0 {
        AssignmentState::Delivered
    } else if present == 0 {
        AssignmentState::DeliveryFailed
    } else {
        AssignmentState::PartiallyDelivered
    }
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// The package.
    pub package: PackageId,
    /// The policy it runs under.
    pub policy: PolicyId,
    /// The version of that policy that governs its end.
    pub policy_version: i64,
    /// The catalog of the package.
    pub catalog: CatalogId,
    /// Who holds it.
    pub target: SubjectId,
    /// Where it stands.
    pub state: AssignmentState,
    /// When access starts.
    pub starts_at: Timestamp,
    /// When access ends, if it does.
    pub ends_at: Option<Timestamp>,
    /// When all of it was there for the first time.
    pub delivered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The request that made it.
    pub request: RequestId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

impl Assignment {
    /// The instant at which somebody must look at it again (decisions.md I4): its end, while it lives.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.ends_at.filter(|_| self.state.is_live())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{GrantId, ResourceId, RoleId, ScopeId};
    use uuid::Uuid;

    fn grant(observed: Observed, due: bool) -> Grant {
        Grant {
            id: GrantId(Uuid::nil()),
            subject: SubjectId(Uuid::nil()),
            resource: ResourceId(Uuid::nil()),
            role: RoleId(Uuid::nil()),
            scope: ScopeId(Uuid::nil()),
            source: None,
            desired: true,
            observed,
            pre_existing: false,
            attempt: 0,
            due_at: due.then_some(Timestamp::UNIX_EPOCH),
            plan: 0,
            error: None,
            drift_at: None,
        }
    }

    #[test]
    fn the_state_is_a_fold_over_the_grants() {
        use AssignmentState as S;
        let (here, given_up, due) =
            (grant(Observed::Present, false), grant(Observed::Absent, false), grant(Observed::Absent, true));
        let gone = grant(Observed::Gone, false);
        assert_eq!(fold([]), S::Delivered);
        assert_eq!(fold([&here]), S::Delivered);
        assert_eq!(fold([&here, &due]), S::Delivering);
        assert_eq!(fold([&here, &given_up]), S::PartiallyDelivered);
        assert_eq!(fold([&here, &gone]), S::PartiallyDelivered);
        assert_eq!(fold([&given_up]), S::DeliveryFailed);
        assert_eq!(fold([&given_up, &due]), S::Delivering);
    }
}
