//! Which mail is sent to whom, and what it says (behaviour.md h). Rendering is plain text; sending is elsewhere.

use crate::assignment::Assignment;
use crate::policy::{Expiration, Faults};
use crate::refusal::{Code, Refusal};
use crate::request::{Request, RequestState};
use crate::time::{IsoDuration, Timestamp};
use serde::{Deserialize, Serialize};

macro_rules! mails {
    ($($number:literal $name:ident $word:literal: $doc:literal;)+) => {
        /// A mail of the product.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum MailKind { $(#[doc = $doc] $name,)+ }

        impl MailKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word by which kept mails are told apart.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Its number in behaviour.md h.
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)+ }
            }
        }
    };
}

mails! {
    1 Forwarded "forwarded": "To alternates of the first stage, when it escalates.";
    2 Decide "decide": "To approvers of the first stage, when it opens and does not escalate.";
    3 DecideReminder "decideReminder": "To the same, at half of their time.";
    4 DecideBefore "decideBefore": "To approvers of the first stage, when it opens and will escalate.";
    5 DecideBeforeReminder "decideBeforeReminder": "To the same, at half of their time.";
    6 StageExpired "stageExpired": "To approvers and alternates of the first stage: nobody decided.";
    7 RequestFulfilled "requestFulfilled": "To approvers and alternates: what came of what they approved.";
    8 StageApproved "stageApproved": "To approvers and alternates of the first stage of several: it was approved.";
    9 Denied "denied": "To the requestor: an approver said no, or what was approved could not be given.";
    10 Expired "expired": "To the requestor: nobody decided in time.";
    11 LaterDecide "laterDecide": "To approvers of a later stage, when it opens and does not escalate.";
    12 LaterDecideReminder "laterDecideReminder": "To the same, at half of their time.";
    13 LaterDecideBefore "laterDecideBefore": "To approvers of a later stage, when it opens and will escalate.";
    14 LaterDecideBeforeReminder "laterDecideBeforeReminder": "To the same, at half of their time.";
    15 LaterForwarded "laterForwarded": "To alternates of a later stage, when it escalates.";
    16 LaterStageApproved "laterStageApproved": "To approvers and alternates of a later stage: it was approved.";
    17 LaterStageExpired "laterStageExpired": "To approvers and alternates of a later stage: nobody decided.";
    18 AccessGranted "accessGranted": "To the requestor, and to a new guest: access is there, or was changed as was asked.";
    19 ExtendAccess "extendAccess": "To the assignee: access ends soon, and he can extend it.";
    20 AccessEnded "accessEnded": "To the assignee: access has ended.";
    23 DelegateAppointed "delegateAppointed": "To a delegate: he may decide in somebody's place.";
    24 DecidedByDelegate "decidedByDelegate": "To the requestor: a delegate has decided.";
}

impl MailKind {
    /// Why no policy can switch it off; nothing when each can.
    const fn why_always_sent(self) -> Option<&'static str> {
        match self {
            Self::DelegateAppointed => {
                Some("it is about a delegate of all of somebody's approvals, and so about no policy")
            }
            _ => None,
        }
    }

    /// Whether it is sent under a policy, which can then switch it off (behaviour.md m.10).
    pub const fn is_of_policies(self) -> bool {
        self.why_always_sent().is_none()
    }
}

/// The mails that are not sent under a policy, kind by kind (behaviour.md m.10). Stored as it is.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailsOff(Vec<MailKind>);

impl MailsOff {
    /// Whether a mail of that kind is sent.
    pub fn sends(&self, kind: MailKind) -> bool {
        !self.0.contains(&kind)
    }

    /// Every kind that can be switched, and whether it is sent.
    pub fn shown(&self) -> impl Iterator<Item = (MailKind, bool)> {
        MailKind::ALL.iter().filter(|kind| kind.is_of_policies()).map(|kind| (*kind, self.sends(*kind)))
    }

    /// The same after some kinds were switched on or off. Every kind that cannot be is named, with the reason.
    pub fn switched(&self, changes: &[(MailKind, bool)]) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        for (kind, _) in changes {
            if let Some(why) = kind.why_always_sent() {
                faults.add(kind.name(), format!("`{}` is not a policy's to switch: {why}", kind.name()));
            }
        }
        faults.finish()?;
        let asked = |kind: MailKind| changes.iter().rev().find(|(k, _)| *k == kind).map(|(_, on)| *on);
        let is_off = |kind: &MailKind| !asked(*kind).unwrap_or_else(|| self.sends(*kind));
        Ok(Self(MailKind::ALL.iter().copied().filter(is_off).collect()))
    }
}

/// How a request for access ended, as far as mails tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ending {
    /// As it was asked for.
    #[default]
    Given,
    /// Some of it could not be given.
    Partly,
    /// Nothing of it could be given.
    Failed,
    /// What somebody had already was changed.
    Changed,
}

impl Ending {
    /// How a request ended that has this assignment.
    pub fn of(request: &Request, assignment: Option<&Assignment>) -> Self {
        match request.state {
            RequestState::DeliveryFailed { .. } => Self::Failed,
            RequestState::PartiallyDelivered { .. } => Self::Partly,
            _ if request.changes(assignment) => Self::Changed,
            _ => Self::Given,
        }
    }
}

/// What mails tell.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MailFacts {
    /// Whom the mail greets; several people are not greeted by name.
    pub person: Option<String>,
    /// Who asked, or who appointed a delegate.
    pub requestor: String,
    /// Who gets access, where that is somebody else.
    pub target: Option<String>,
    /// The organization the requestor comes from; ours or another.
    pub organization: Option<String>,
    /// The package.
    pub package: String,
    /// The request is about what somebody has already: a later end, other answers.
    pub changes: bool,
    /// From when access is wanted, if that was said.
    pub wanted_from: Option<Timestamp>,
    /// Until when access is wanted, if that was said.
    pub wanted_until: Option<Expiration>,
    /// When it was asked for.
    pub asked_at: Option<Timestamp>,
    /// The reason the requestor gave.
    pub justification: Option<String>,
    /// The reason of who decided, or why it could not be given: a text, or the name of a refusal.
    pub reason: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// Somebody has approved it.
    pub is_approved: bool,
    /// Until when something can be done.
    pub until: Option<Timestamp>,
}

fn day(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%H:%M UTC on %Y-%m-%d").to_string()).unwrap_or_default()
}

impl MailKind {
    /// The subject line.
    pub fn subject(self, facts: &MailFacts) -> String {
        let (package, requestor, day) = (&facts.package, &facts.requestor, day(facts.until));
        match self {
            Self::Forwarded | Self::LaterForwarded => {
                format!("Action required: Approve or deny forwarded request by {day}")
            }
            Self::Decide | Self::LaterDecide => format!("Action required: Approve or deny request by {day}"),
            Self::DecideReminder => format!("Reminder: Approve or deny the request by {day} for {requestor}"),
            Self::DecideBefore => format!("Approve or deny the request by {}", time(facts.until)),
            Self::LaterDecideBefore => {
                format!("Action required: Approve or deny the request by {day} for {requestor}")
            }
            Self::LaterDecideReminder => format!("Action required reminder: Approve or deny the request by {day}"),
            Self::DecideBeforeReminder | Self::LaterDecideBeforeReminder => {
                format!("Action required reminder: Approve or deny the request by {day} for {requestor}")
            }
            Self::StageExpired => format!("Request has expired for {package}"),
            Self::LaterStageExpired => format!("A request has expired for {package}"),
            Self::RequestFulfilled | Self::StageApproved | Self::LaterStageApproved => {
                format!("Request approved for {requestor} to {package}")
            }
            Self::Denied => format!("Request denied to {package}"),
            Self::Expired => format!("Your request has expired for {package}"),
            Self::AccessGranted => match &facts.target {
                Some(target) => format!("{target} now has access to {package}"),
                None => format!("You now have access to {package}"),
            },
            Self::ExtendAccess => format!("Extend access for {package} by {day}"),
            Self::AccessEnded => format!("Access has ended for {package}"),
            Self::DelegateAppointed => format!("{requestor} has named you as delegate for approvals"),
            Self::DecidedByDelegate => format!("A delegate has decided your request for {package}"),
        }
    }

    /// The text.
    pub fn body(self, facts: &MailFacts) -> String {
        let (package, requestor) = (&facts.package, &facts.requestor);
        let text = match self {
            Self::Forwarded | Self::LaterForwarded => format!(
                "{}\nThose who were asked first have not decided yet; you may decide as well as they. Please do by {}.",
                asks(facts),
                time(facts.until)
            ),
            Self::Decide | Self::DecideBefore | Self::LaterDecide | Self::LaterDecideBefore => {
                format!("{}\nPlease approve or deny it by {}.", asks(facts), time(facts.until))
            }
            Self::DecideReminder
            | Self::DecideBeforeReminder
            | Self::LaterDecideReminder
            | Self::LaterDecideBeforeReminder => {
                format!("{}\nNobody has decided yet. It is denied at {}.", asks(facts), time(facts.until))
            }
            Self::StageExpired | Self::LaterStageExpired => {
                format!("{}\nNobody decided in time, and it was denied.", asks(facts))
            }
            Self::RequestFulfilled => format!("{}\n{}", asks(facts), came_of(facts)),
            Self::StageApproved | Self::LaterStageApproved => format!("{}\nIt was approved.", asks(facts)),
            Self::Denied => denied(facts),
            Self::Expired => format!("nobody decided your request for {package} in time. You can ask again."),
            Self::AccessGranted => granted(facts),
            Self::ExtendAccess => format!(
                "your access to {package} ends at {}. If you still need it, ask for a later end before then.",
                time(facts.until)
            ),
            Self::AccessEnded => format!("your access to {package} has ended."),
            Self::DelegateAppointed => {
                format!("{requestor} has named you as delegate: you may decide requests in that person's place.")
            }
            Self::DecidedByDelegate => format!("your request for {package} was decided by a delegate of an approver."),
        };
        let hello = facts.person.as_ref().map_or_else(|| "Hello".to_owned(), |name| format!("Hello {name}"));
        format!("{hello},\n\n{text}\n")
    }
}

/// Who asks for what: the name and organization of the requestor, the package, the dates and the reason (behaviour.md h,
/// approver mail body).
fn asks(facts: &MailFacts) -> String {
    let from = facts.organization.as_ref().map(|from| format!(" ({from})")).unwrap_or_default();
    let what = if facts.changes { "to change or extend access" } else { "for access" };
    let target = facts.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
    let why = facts.justification.as_ref().map(|why| format!(" The reason given: {why}")).unwrap_or_default();
    let since = facts.asked_at.map(|_| format!("\nAsked at {}.", time(facts.asked_at))).unwrap_or_default();
    format!(
        "{}{from} asks {what} to {}{target}.{why}{since}{}",
        facts.requestor,
        facts.package,
        wanted(facts).unwrap_or_default()
    )
}

/// The dates that were asked for.
fn wanted(facts: &MailFacts) -> Option<String> {
    let from = facts.wanted_from.map(|_| format!(" from {}", time(facts.wanted_from)));
    let until = match facts.wanted_until {
        None | Some(Expiration::NotSpecified) => None,
        Some(Expiration::Never) => Some(" without an end".to_owned()),
        Some(Expiration::At(end)) => Some(format!(" until {}", time(Some(end)))),
        Some(Expiration::After(duration)) => Some(format!(" for {}", long(duration))),
    };
    let dates: String = from.into_iter().chain(until).collect();
    (!dates.is_empty()).then(|| format!("\nWanted{dates}."))
}

/// How long that is, in the unit that people would say it in.
fn long(duration: IsoDuration) -> String {
    let seconds = duration.seconds();
    if seconds % 86_400 == 0 { format!("{} days", seconds / 86_400) } else { format!("{} hours", seconds / 3_600) }
}

/// What came of what was approved.
fn came_of(facts: &MailFacts) -> String {
    match facts.ending {
        Ending::Given => "It was approved, and access was given.".to_owned(),
        Ending::Changed => "It was approved and done.".to_owned(),
        Ending::Partly => "It was approved, but only part of the access could be given.".to_owned(),
        Ending::Failed => format!("It was approved, but access could not be given{}.", because(facts)),
    }
}

fn denied(facts: &MailFacts) -> String {
    let package = &facts.package;
    match (facts.ending, &facts.reason) {
        (Ending::Failed, _) => {
            let approved = if facts.is_approved { "was approved, but" } else { "was accepted, but" };
            format!("your request for {package} {approved} access could not be given{}.", because(facts))
        }
        (_, Some(reason)) => format!("your request for {package} was denied: {reason}"),
        (_, None) => format!("your request for {package} was denied."),
    }
}

fn granted(facts: &MailFacts) -> String {
    let package = &facts.package;
    match (facts.ending, &facts.target) {
        (Ending::Changed, target) => {
            let whose = target.as_ref().map_or_else(|| "your access".to_owned(), |t| format!("the access of {t}"));
            let until = facts.until.map(|_| format!(" It ends at {}.", time(facts.until))).unwrap_or_default();
            format!("what you asked for was approved: {whose} to {package} was changed.{until}")
        }
        (_, Some(target)) => format!("your request has been fulfilled: {target} now has access to {package}."),
        (_, None) => format!("your request has been fulfilled: you now have access to {package}."),
    }
}

/// Why something could not be given, in words that name nobody (decisions.md J6).
fn because(facts: &MailFacts) -> String {
    let Some(reason) = &facts.reason else { return String::new() };
    let known = [
        (Code::NotInPolicyScope, "the policy does not include the person any more"),
        (Code::IncompatibleAccess, "the person has got other access that excludes it"),
        (Code::TargetNotEligible, "the account of the person cannot be given access"),
        (Code::ExistingAssignment, "the person has this access already"),
        (Code::AssignmentNotLive, "the access has ended meanwhile"),
    ];
    let why = known.iter().find(|(code, _)| code.name() == reason).map_or(reason.as_str(), |(_, why)| *why);
    format!(": {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_names_what_it_is_about() {
        let facts = MailFacts {
            requestor: "Adele".to_owned(),
            package: "CRM".to_owned(),
            until: Timestamp::from_second(1_800_000_000).ok(),
            ..MailFacts::default()
        };
        for mail in MailKind::ALL {
            let (subject, body) = (mail.subject(&facts), mail.body(&facts));
            assert!(["CRM", "Adele", "2027-01-15"].iter().any(|word| subject.contains(word)), "{subject}");
            assert!(body.contains("CRM") || body.contains("Adele"), "{body}");
        }
    }

    #[test]
    fn a_mail_to_approvers_tells_the_dates_that_were_asked_for_and_what_came_of_it() {
        let at = |second| Timestamp::from_second(second).ok();
        let facts = MailFacts {
            requestor: "Adele".to_owned(),
            organization: Some("Contoso".to_owned()),
            package: "CRM".to_owned(),
            wanted_from: at(1_800_000_000),
            wanted_until: Some(Expiration::After(IsoDuration::days(30))),
            asked_at: at(1_700_000_000),
            ..MailFacts::default()
        };
        let body = MailKind::Decide.body(&facts);
        for said in
            ["Adele (Contoso) asks for access to CRM.", "Asked at 22:13 UTC on 2023-11-14.", "Wanted from 08:00"]
        {
            assert!(body.contains(said), "{said}: {body}");
        }
        assert!(body.contains(" for 30 days."), "{body}");
        let plain = MailFacts { wanted_from: None, wanted_until: Some(Expiration::NotSpecified), ..facts.clone() };
        assert!(!MailKind::Decide.body(&plain).contains("Wanted"));
        let failed = MailFacts {
            ending: Ending::Failed,
            is_approved: true,
            reason: Some(Code::NotInPolicyScope.name().to_owned()),
            ..facts
        };
        for mail in [MailKind::Denied, MailKind::RequestFulfilled] {
            let body = mail.body(&failed);
            assert!(body.contains("could not be given: the policy does not include"), "{body}");
        }
    }

    #[test]
    fn kinds_are_switched_one_by_one_and_stay_as_they_were_otherwise() {
        use MailKind as K;
        let none = MailsOff::default();
        assert!(none.shown().all(|(_, on)| on));
        let off = none.switched(&[(K::Denied, false), (K::Expired, false)]).unwrap_or_default();
        assert_eq!((off.sends(K::Denied), off.sends(K::Expired), off.sends(K::Decide)), (false, false, true));
        let back = off.switched(&[(K::Denied, true)]).unwrap_or_default();
        assert_eq!((back.sends(K::Denied), back.sends(K::Expired)), (true, false));
        assert_eq!(off.switched(&[]), Ok(off.clone()));
        let text = serde_json::to_string(&off).unwrap_or_default();
        assert_eq!(serde_json::from_str::<MailsOff>(&text).ok(), Some(off));
        let refused = none.switched(&[(K::Denied, false), (K::DelegateAppointed, false)]).err();
        let named: Vec<_> = refused.into_iter().flat_map(|r| r.details).filter_map(|d| d.target).collect();
        assert_eq!(named, ["/delegateAppointed"]);
        assert!(none.shown().all(|(kind, _)| kind != K::DelegateAppointed), "what cannot be switched is not offered");
    }

    #[test]
    fn names_and_numbers_are_unique() {
        for (i, mail) in MailKind::ALL.iter().enumerate() {
            assert!(MailKind::ALL.iter().skip(i + 1).all(|o| o.name() != mail.name() && o.number() != mail.number()));
        }
    }
}
