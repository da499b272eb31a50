//! When an assignment starts and ends: the policy's lifecycle and what the requestor asked for (behaviour.md c.7).

use super::{Expiration, PolicyBody};
use crate::limits::{DURATION_DAYS_MAX, START_TOLERANCE_SECONDS};
use crate::refusal::{Code, Refusal};
use crate::time::{IsoDuration, Timestamp, plus_seconds};
use serde::{Deserialize, Serialize};

/// The dates a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WantedSchedule {
    /// When access should start.
    pub start: Option<Timestamp>,
    /// When it should end; [`Expiration::NotSpecified`] leaves that to the policy.
    #[serde(default)]
    pub end: Expiration,
}

/// When access starts and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The start; `None` is at once.
    pub starts_at: Option<Timestamp>,
    /// The end, if there is one.
    pub ends_at: Option<Timestamp>,
}

/// Who asks: people are held to the policy's limits, administrators choose freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The requestor.
    Person,
    /// An administrator or an application.
    Administrator,
}

/// The start that `wanted` means: near enough to now is now (decisions.md H3).
pub fn start(wanted: &WantedSchedule, now: Timestamp) -> Option<Timestamp> {
    wanted.start.filter(|start| *start > plus_seconds(now, START_TOLERANCE_SECONDS))
}

/// The end a policy gives to access that starts at `from`.
pub fn policy_end(policy: &PolicyBody, from: Timestamp) -> Option<Timestamp> {
    match policy.expiration {
        Expiration::NotSpecified | Expiration::Never => None,
        Expiration::After(duration) => duration.after(from),
        Expiration::At(end) => Some(end),
    }
}

/// Start and end of access asked for now, or why the dates are not allowed (decisions.md H16).
pub fn period(policy: &PolicyBody, wanted: &WantedSchedule, asker: Asker, now: Timestamp) -> Result<Period, Refusal> {
    let starts_at = start(wanted, now);
    let chooses = starts_at.is_some() || wanted.end != Expiration::NotSpecified;
    if asker == Asker::Person && chooses && !policy.requestor.custom_schedule {
        let message = "the policy does not let requestors choose start or end; leave schedule out";
        return Err(Refusal::new(Code::ScheduleNotAllowed, message));
    }
    let ends_at = ends(policy, wanted, asker, starts_at.unwrap_or(now))?;
    Ok(Period { starts_at, ends_at })
}

/// The end of access that starts at `from`: the wanted one inside the policy's, else the policy's.
pub fn ends(
    policy: &PolicyBody,
    wanted: &WantedSchedule,
    asker: Asker,
    from: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let refuse = |message: String| Err(Refusal::new(Code::ScheduleNotAllowed, message));
    let limit = policy_end(policy, from);
    if let (Expiration::Never, Asker::Person, Some(limit)) = (wanted.end, asker, limit) {
        return refuse(format!("no end is wanted, and the policy allows access until {limit}"));
    }
    let wanted_end = match (wanted.end, asker) {
        (Expiration::Never, Asker::Administrator) => return Ok(None),
        (Expiration::NotSpecified | Expiration::Never, _) => None,
        (Expiration::After(duration), _) => Some(checked_end(duration, from)?),
        (Expiration::At(end), _) => Some(end),
    };
    if let (Asker::Person, Some(end), Some(limit)) = (asker, wanted_end, limit)
        && end > limit
    {
        return refuse(format!("the wanted end {end} lies after {limit}, the end the policy allows"));
    }
    match wanted_end.or(limit) {
        Some(end) if end <= from => refuse(format!("access would end at {end}, not after its start at {from}")),
        end => Ok(end),
    }
}

fn checked_end(duration: IsoDuration, from: Timestamp) -> Result<Timestamp, Refusal> {
    let message = format!("the wanted duration {duration} must be above zero and at most {DURATION_DAYS_MAX} days");
    let refusal = Refusal::new(Code::ScheduleNotAllowed, message);
    if duration.is_zero() || duration.is_negative() || duration.seconds() > DURATION_DAYS_MAX * 86_400 {
        return Err(refusal);
    }
    duration.after(from).ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn thirty_days(custom_schedule: bool) -> PolicyBody {
        let mut policy = PolicyBody::direct_assignment_only();
        policy.expiration = Expiration::After(IsoDuration::days(30));
        policy.requestor.custom_schedule = custom_schedule;
        policy
    }

    const NOW: &str = "2026-03-01T00:00:00Z";

    #[test]
    fn a_start_near_now_is_now() {
        let at = |s: &str| start(&WantedSchedule { start: Some(t(s)), ..Default::default() }, t(NOW));
        assert_eq!(at("2026-03-01T00:00:59Z"), None);
        assert_eq!(at("2026-02-01T00:00:00Z"), None);
        assert_eq!(at("2026-03-01T00:02:00Z"), Some(t("2026-03-01T00:02:00Z")));
    }

    #[test]
    fn the_policy_gives_the_end() {
        let period = period(&thirty_days(false), &WantedSchedule::default(), Asker::Person, t(NOW));
        assert_eq!(period, Ok(Period { starts_at: None, ends_at: Some(t("2026-03-31T00:00:00Z")) }));
    }

    #[test]
    fn a_later_start_moves_the_end() {
        let wanted = WantedSchedule { start: Some(t("2026-03-04T00:00:00Z")), ..Default::default() };
        let period = period(&thirty_days(true), &wanted, Asker::Person, t(NOW)).map(|p| p.ends_at);
        assert_eq!(period, Ok(Some(t("2026-04-03T00:00:00Z"))));
    }

    #[test]
    fn people_stay_inside_the_policy_and_administrators_need_not() {
        let wanted = WantedSchedule { start: None, end: Expiration::After(IsoDuration::days(60)) };
        let ask = |policy: &PolicyBody, asker| period(policy, &wanted, asker, t(NOW)).map_err(|r| r.code);
        assert_eq!(ask(&thirty_days(true), Asker::Person), Err(Code::ScheduleNotAllowed));
        assert_eq!(ask(&thirty_days(false), Asker::Person), Err(Code::ScheduleNotAllowed));
        assert!(ask(&thirty_days(false), Asker::Administrator).is_ok());
    }

    #[test]
    fn an_end_before_the_start_is_refused() {
        let wanted = WantedSchedule { start: None, end: Expiration::At(t("2026-02-01T00:00:00Z")) };
        let refused = period(&thirty_days(true), &wanted, Asker::Administrator, t(NOW)).err().map(|r| r.code);
        assert_eq!(refused, Some(Code::ScheduleNotAllowed));
    }

    proptest! {
        #[test]
        fn a_person_never_gets_past_the_policy(days in 1_i32..400, start_in in 0_i64..400, limit in 1_i32..400) {
            let mut policy = thirty_days(true);
            policy.expiration = Expiration::After(IsoDuration::days(limit));
            let start = plus_seconds(t(NOW), start_in * 86_400);
            let wanted = WantedSchedule { start: Some(start), end: Expiration::After(IsoDuration::days(days)) };
            if let Ok(p) = period(&policy, &wanted, Asker::Person, t(NOW)) {
                let from = p.starts_at.unwrap_or(t(NOW));
                prop_assert!(p.ends_at <= IsoDuration::days(limit).after(from));
                prop_assert!(p.ends_at > Some(from));
            } else {
                prop_assert!(days > limit);
            }
        }
    }
}
