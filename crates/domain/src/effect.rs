//! What the outside world must hear of once it is committed. Effects are rows of the outbox, never calls.

use crate::ids::{PackageId, RequestId, SubjectId};
use crate::notification::MailKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which approvers of a stage hear of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Those who were asked when it opened.
    Primary,
    /// Those who are asked because nobody answered.
    Alternates,
    /// All who were asked, and the alternates who would have been.
    Everybody,
}

/// An effect of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A mail to one person.
    Notify {
        /// Which of the product's mails.
        mail: MailKind,
        /// Who gets it.
        to: SubjectId,
        /// The package it is about.
        package: PackageId,
        /// The request that caused it.
        request: RequestId,
    },
    /// A mail to who holds access that ends soon.
    NotifyEnd {
        /// Which of the product's mails.
        mail: MailKind,
        /// Who holds it.
        to: SubjectId,
        /// The package.
        package: PackageId,
        /// The end.
        end: Timestamp,
    },
    /// A mail to approvers of some stages; members of groups are found when it is sent.
    NotifyApprovers {
        /// Which of the product's mails.
        mail: MailKind,
        /// The request.
        request: RequestId,
        /// The first of the stages.
        number: i64,
        /// The last of them.
        last: i64,
        /// Which of their approvers.
        audience: Audience,
        /// Until when they can decide.
        until: Option<Timestamp>,
        /// People up to this id were written to: there are more than one mail goes to.
        after: Option<Uuid>,
    },
    /// A mail to a person who was named as delegate.
    NotifyDelegate {
        /// Whose approvals he may decide.
        from: Uuid,
        /// The delegate.
        to: Uuid,
    },
}
