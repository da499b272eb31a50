//! Assignments: subject, package, policy and time range. The state is a fold over the grants (style: derived, stored
//! for filtering, recomputed on every write).

use crate::grant::{Grant, Observed};
use crate::ids::{AssignmentId, CatalogId, PackageId, PolicyId, RequestId, SubjectId};
use crate::refusal::{Code, Refusal};
use crate::time::{Timestamp, plus_seconds};

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

/// A notice that access ends soon (behaviour.md h, mail 19). Numbers are bits of [`Assignment::notices`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Fourteen days before the end.
    FourteenDays = 1,
    /// One day before the end.
    OneDay = 2,
}

impl Notice {
    /// Both, in the order of their instants.
    pub const ALL: [Self; 2] = [Self::FourteenDays, Self::OneDay];

    /// Its bit.
    pub const fn bit(self) -> i64 {
        self as i64
    }

    /// The instant at which it is due for access that ends at `end`.
    pub fn instant(self, end: Timestamp) -> Timestamp {
        let days = match self {
            Self::FourteenDays => 14,
            Self::OneDay => 1,
        };
        plus_seconds(end, -days * 86_400)
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
    /// The notices that were sent about its present end, as bits (see [`Notice`]).
    pub notices: i64,
    /// Whether its end was ever moved to a later one.
    pub is_extended: bool,
    /// Whether its end was decided: nothing more is given by it, and it lives only until everything was taken. A removal
    /// that was given up leaves it so (decisions.md C6).
    pub is_ending: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

/// The refusal of what needs a live assignment, where the one that is meant has ended.
pub fn ended(id: AssignmentId) -> Refusal {
    Refusal::new(Code::AssignmentNotLive, format!("the assignment `{id}` has ended"))
}

impl Assignment {
    /// Whether the account of its holder was made for it: accounts of guests are made in the transaction that makes their
    /// first assignment (decisions.md C9). `invited` is when the account of an invited guest was made.
    pub fn came_with_account(&self, invited: Option<Timestamp>) -> bool {
        invited == Some(self.created_at)
    }

    /// The status word: that of the state, or which notice went out about the end (behaviour.md b.1).
    pub const fn status(&self) -> &'static str {
        match self.state {
            AssignmentState::Delivered if self.notices & Notice::OneDay.bit() != 0 => {
                "NearExpiry1DayNotificationTriggered"
            }
            AssignmentState::Delivered if self.notices & Notice::FourteenDays.bit() != 0 => {
                "NearExpiry14DayNotificationTriggered"
            }
            state => state.status(),
        }
    }

    /// The next instant after `now` at which somebody must look at it again (decisions.md I4): a notice that is still to
    /// come, or its end, while it lives. Whether the notice is then sent is decided then, by the policy of that moment.
    pub fn next_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let end = self.ends_at.filter(|_| self.state.is_live())?;
        let ahead = |n: &Notice| self.notices & n.bit() == 0 && n.instant(end) > now;
        Some(Notice::ALL.into_iter().find(ahead).map_or(end, |n| n.instant(end)))
    }

    /// The notice that is due at `now`: the last one whose instant has come, unless it was sent or the end has come too.
    pub fn due_notice(&self, now: Timestamp) -> Option<Notice> {
        let end = self.ends_at.filter(|end| self.state.is_live() && *end > now)?;
        let due = Notice::ALL.into_iter().rev().find(|n| n.instant(end) <= now && n.instant(end) > self.starts_at)?;
        (self.notices & due.bit() == 0).then_some(due)
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
