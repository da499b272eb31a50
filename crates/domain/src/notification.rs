//! Which mail is sent to whom, and what it says (behaviour.md h). Rendering is plain text; sending is elsewhere.

use crate::time::Timestamp;
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
    6 StageExpired "stageExpired": "To all who were asked in the first stage: nobody decided.";
    7 RequestFulfilled "requestFulfilled": "To all who were asked in the first stage: access was given.";
    8 StageApproved "stageApproved": "To all who were asked in the first stage of several: it was approved.";
    9 Denied "denied": "To the requestor: an approver said no.";
    10 Expired "expired": "To the requestor: nobody decided in time.";
    11 LaterDecide "laterDecide": "To approvers of a later stage, when it opens and does not escalate.";
    12 LaterDecideReminder "laterDecideReminder": "To the same, at half of their time.";
    13 LaterDecideBefore "laterDecideBefore": "To approvers of a later stage, when it opens and will escalate.";
    14 LaterDecideBeforeReminder "laterDecideBeforeReminder": "To the same, at half of their time.";
    15 LaterForwarded "laterForwarded": "To alternates of a later stage, when it escalates.";
    16 LaterStageApproved "laterStageApproved": "To all who were asked in a later stage: it was approved.";
    17 LaterStageExpired "laterStageExpired": "To all who were asked in a later stage: nobody decided.";
    18 AccessGranted "accessGranted": "To the requestor: access is there.";
    19 ExtendAccess "extendAccess": "To the assignee: access ends soon, and he can extend it.";
    20 AccessEnded "accessEnded": "To the assignee: access has ended.";
    23 DelegateAppointed "delegateAppointed": "To a delegate: he may decide in somebody's place.";
    24 DecidedByDelegate "decidedByDelegate": "To the requestor: a delegate has decided.";
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
    /// The package.
    pub package: String,
    /// The reason the requestor gave.
    pub justification: Option<String>,
    /// The reason of who decided.
    pub reason: Option<String>,
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
            Self::AccessGranted => format!("You now have access to {package}"),
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
            Self::RequestFulfilled => format!("{}\nIt was approved, and access was given.", asks(facts)),
            Self::StageApproved | Self::LaterStageApproved => format!("{}\nIt was approved.", asks(facts)),
            Self::Denied => match &facts.reason {
                Some(reason) => format!("your request for {package} was denied: {reason}"),
                None => format!("your request for {package} was denied."),
            },
            Self::Expired => format!("nobody decided your request for {package} in time. You can ask again."),
            Self::AccessGranted => {
                format!("your request has been fulfilled: you now have access to {package}.")
            }
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

fn asks(facts: &MailFacts) -> String {
    let target = facts.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
    let why = facts.justification.as_ref().map(|why| format!(" The reason given: {why}")).unwrap_or_default();
    format!("{} asks for access to {}{target}.{why}", facts.requestor, facts.package)
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
    fn names_and_numbers_are_unique() {
        for (i, mail) in MailKind::ALL.iter().enumerate() {
            assert!(MailKind::ALL.iter().skip(i + 1).all(|o| o.name() != mail.name() && o.number() != mail.number()));
        }
    }
}
