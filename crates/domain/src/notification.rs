//! Which mail is sent to whom, and what it says (behaviour.md h). Rendering is plain text; sending is elsewhere.

use serde::{Deserialize, Serialize};

/// A mail of the product. Numbers are those of behaviour.md h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailKind {
    /// 18: the requestor has got access.
    AccessGranted,
    /// 20: the assignee's access has ended.
    AccessEnded,
}

impl MailKind {
    /// The word by which kept mails are told apart.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessGranted => "accessGranted",
            Self::AccessEnded => "accessEnded",
        }
    }

    /// The subject line for a package of this name.
    pub fn subject(self, package: &str) -> String {
        match self {
            Self::AccessGranted => format!("You now have access to {package}"),
            Self::AccessEnded => format!("Access has ended for {package}"),
        }
    }

    /// The text for a person and a package of these names.
    pub fn body(self, person: &str, package: &str) -> String {
        match self {
            Self::AccessGranted => {
                format!("Hello {person},\n\nyour request has been fulfilled: you now have access to {package}.\n")
            }
            Self::AccessEnded => format!("Hello {person},\n\nyour access to {package} has ended.\n"),
        }
    }
}
