//! The end that is asked for what somebody holds already: any for an administrator, a later one for a person (behaviour.md
//! c.7; decisions.md H10, H16).

use super::RequestType;
use super::update::{UpdateAsk, UpdateFacts, Updater, is_later};
use crate::assignment::Assignment;
use crate::limits::DURATION_DAYS_MAX;
use crate::policy::expiration::{policy_end, start};
use crate::policy::{Expiration, Policy};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

fn not_allowed(message: String) -> Refusal {
    Refusal::new(Code::ScheduleNotAllowed, message).detail("/schedule", "not allowed")
}

/// The end that is asked for, as the request keeps it.
pub(super) fn new_end(facts: &UpdateFacts, ask: &UpdateAsk, now: Timestamp) -> Result<Expiration, Refusal> {
    let (policy, assignment) = (&facts.policy, &facts.assignment);
    let begins = start(&ask.wanted, now).filter(|start| *start != assignment.starts_at);
    if let Some(begins) = begins {
        let message = format!("access began at {}; its start cannot be moved to {begins}", assignment.starts_at);
        return Err(not_allowed(message));
    }
    if ask.by != Updater::Administrator {
        return later_end(policy, assignment, ask, now);
    }
    if facts.switches() && ask.wanted.end == Expiration::NotSpecified {
        // The end that the policy gives to access that begins when this happens.
        return match policy.body.expiration {
            Expiration::NotSpecified => Ok(Expiration::Never),
            end @ Expiration::At(_) => administrator_end(end, None, now),
            end => Ok(end),
        };
    }
    administrator_end(ask.wanted.end, ask.wanted.start, now)
}

/// An administrator's end: any that lies ahead. A duration counts from the start that was given, else from now.
fn administrator_end(wanted: Expiration, start: Option<Timestamp>, now: Timestamp) -> Result<Expiration, Refusal> {
    let end = match wanted {
        Expiration::After(duration) => {
            let message = || format!("the duration {duration} must be above zero and at most {DURATION_DAYS_MAX} days");
            let is_good = !duration.is_negative() && duration.seconds() <= DURATION_DAYS_MAX * 86_400;
            let end = duration.after(start.unwrap_or(now)).filter(|_| is_good);
            Expiration::At(end.ok_or_else(|| not_allowed(message()))?)
        }
        end => end,
    };
    match end {
        Expiration::At(at) if at <= now => {
            let message = format!("the end {at} does not lie ahead; use adminRemove to end access now");
            Err(not_allowed(message))
        }
        end => Ok(end),
    }
}

/// A person's end: later than the one there is, and not after the one the policy gives to access that begins now
/// (behaviour.md c.7; decisions.md H16).
fn later_end(policy: &Policy, assignment: &Assignment, ask: &UpdateAsk, now: Timestamp) -> Result<Expiration, Refusal> {
    if !ask.wants_extension() {
        return Ok(Expiration::NotSpecified);
    }
    if ask.wanted.end != Expiration::NotSpecified
        && ask.kind != RequestType::UserAdd
        && !policy.body.requestor.custom_schedule
    {
        let message = "the policy does not let requestors choose an end; leave schedule out";
        return Err(not_allowed(message.to_owned()));
    }
    let none = |message: String| Err(Refusal::new(Code::ExtensionNotAllowed, message));
    let Some(old) = assignment.ends_at else {
        return none("the assignment has no end that could be moved".to_owned());
    };
    if old <= now {
        return none(format!("the assignment has ended at {old}; ask for access again"));
    }
    let limit = policy_end(&policy.body, now);
    let wanted = match ask.wanted.end {
        Expiration::NotSpecified => match policy.body.expiration {
            Expiration::NotSpecified => Expiration::Never,
            given => given,
        },
        given => given,
    };
    let end = match wanted {
        Expiration::NotSpecified | Expiration::Never => None,
        Expiration::At(end) => Some(end),
        Expiration::After(duration) => {
            let message = || format!("the duration {duration} is not one that access can have");
            Some(duration.after(now).ok_or_else(|| not_allowed(message()))?)
        }
    };
    if let Some(limit) = limit
        && end.is_none_or(|end| end > limit)
    {
        let wanted = end.map_or("no end".to_owned(), |end| format!("the end {end}"));
        return Err(not_allowed(format!("{wanted} is wanted, and the policy allows access until {limit}")));
    }
    if !is_later(end, Some(old)) {
        let said = ask.wanted.end != Expiration::NotSpecified;
        return if said {
            Err(not_allowed(format!("the wanted end is not later than {old}, the end there is")))
        } else {
            none(format!("the policy gives no end later than {old}, the end there is"))
        };
    }
    Ok(wanted)
}
