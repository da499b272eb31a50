//! What the outside world must hear of once it is committed. Effects are rows of the outbox, never calls.

use crate::ids::{PackageId, RequestId, SubjectId};
use crate::notification::MailKind;
use serde::{Deserialize, Serialize};

/// An effect of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A mail.
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
}
