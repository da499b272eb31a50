//! Changing an assignment that somebody holds: a later end, an earlier one, other answers (behaviour.md b.2, b.5;
//! decisions.md H10, H16).

use super::policy::{Life, Terms, WantedEnd, end, limit};
use super::{Assignment, Micros, Model};

/// Why an extension is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Not {
    /// The assignment has ended or is being ended.
    Live,
    /// The policy lets nobody extend.
    Allowed,
    /// The holder is no longer whom the policy is for.
    Fitting,
    /// The dates are not allowed.
    Dates,
}

impl Not {
    /// The code of the refusal.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Live => "AssignmentNotLive",
            Self::Allowed => "ExtensionNotAllowed",
            Self::Fitting => "NotInPolicyScope",
            Self::Dates => "ScheduleNotAllowed",
        }
    }
}

/// The end after an extension that a person asks for now: within what the policy of this moment gives to access that
/// begins now, and never past its fixed date.
pub fn extended(terms: &Terms, wanted: WantedEnd, now: Micros) -> Option<Option<Micros>> {
    end(terms.life, wanted, true, now)
}

/// The end after an administrator's change: as he says, but after the start; without a word it stays.
pub fn changed(assignment: &Assignment, wanted: WantedEnd) -> Option<Option<Micros>> {
    match wanted {
        WantedEnd::Open => Some(assignment.ends),
        wanted => end(Life::Endless, wanted, false, assignment.starts),
    }
}

impl Model {
    /// Whether a holder may extend now, and to when.
    pub fn extend(&self, handle: usize, wanted: WantedEnd, now: Micros) -> Result<Option<Micros>, Not> {
        let assignment = &self.assignments[handle];
        let is_over = assignment.ends.is_some_and(|ends| ends <= now);
        if !assignment.is_live() || assignment.removal.is_some() || is_over {
            return Err(Not::Live);
        }
        let Some(policy) = self.policies.get(&assignment.policy) else { return Err(Not::Allowed) };
        let terms = policy.current();
        if !terms.self_update || limit(terms.life, now).is_none() {
            return Err(Not::Allowed);
        }
        if !self.fits(terms, assignment.target) {
            return Err(Not::Fitting);
        }
        extended(terms, wanted, now).ok_or(Not::Dates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DAY;
    use crate::model::policy::Scope;

    fn terms(life: Life) -> Terms {
        Terms {
            scope: Scope::Everybody,
            targets: Vec::new(),
            self_add: true,
            self_remove: true,
            self_update: true,
            own_dates: true,
            life,
            wants_reason: false,
            question: None,
            mails_off: false,
            approval: crate::model::approval::ApprovalTerms::default(),
        }
    }

    #[test]
    fn an_extension_stays_inside_the_policy() {
        let thirty = terms(Life::Days(30));
        assert_eq!(extended(&thirty, WantedEnd::Open, 5 * DAY), Some(Some(35 * DAY)));
        assert_eq!(extended(&thirty, WantedEnd::At(20 * DAY), 5 * DAY), Some(Some(20 * DAY)));
        assert_eq!(extended(&thirty, WantedEnd::At(36 * DAY), 5 * DAY), None);
        assert_eq!(extended(&terms(Life::Until(10 * DAY)), WantedEnd::Open, 5 * DAY), Some(Some(10 * DAY)));
        assert_eq!(extended(&terms(Life::Until(10 * DAY)), WantedEnd::Open, 11 * DAY), None);
    }
}
