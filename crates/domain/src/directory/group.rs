//! Groups of the directory (semantics.md 13; decisions.md B4 to B6).

use super::Attributes;
use crate::ids::ObjectId;
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

/// Characters of a mail nickname at most.
const NICKNAME_CHARS_MAX: usize = 64;

/// A group.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent properties of the published model")]
pub struct Group {
    /// Its id.
    pub id: ObjectId,
    /// Display name.
    pub name: String,
    /// Mail alias.
    pub nickname: String,
    /// An alternate key, unique in the tenant.
    pub unique_name: Option<String>,
    /// Whether it can guard access.
    pub is_security: bool,
    /// Whether it receives mail.
    pub is_mail: bool,
    /// Microsoft 365 style.
    pub is_unified: bool,
    /// Filled by a rule.
    pub is_dynamic: bool,
    /// Whether directory roles can be given to it.
    pub is_role_assignable: bool,
    /// The rule that fills it.
    pub rule: Option<String>,
    /// Everything else.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
    /// The outside directory it comes from.
    pub source: Option<uuid::Uuid>,
    /// Raised with every change.
    pub version: i64,
}

/// Checks a mail nickname.
pub fn check_nickname(nickname: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii() && !c.is_ascii_control() && !"@()\\[]\";:<>, ".contains(c);
    if nickname.is_empty() || nickname.chars().count() > NICKNAME_CHARS_MAX || !nickname.chars().all(allowed) {
        let message = format!(
            "mailNickname must have 1 to {NICKNAME_CHARS_MAX} ASCII characters without blanks and @()\\[]\";:<>,"
        );
        return Err(Refusal::new(Code::RequestBadRequest, message).detail("/mailNickname", "not a mail nickname"));
    }
    Ok(())
}

/// Whether members may be written by hand: not where a rule or an outside directory fills the group.
pub fn may_edit_members(group: &Group) -> Result<(), Refusal> {
    if group.is_dynamic {
        return Err(Refusal::new(Code::RequestBadRequest, "the members of this group are set by its membership rule"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_have_no_blanks_or_brackets() {
        assert!(check_nickname("markres1").is_ok());
        for bad in ["", "a b", "a@b", "ä", &"x".repeat(65)] {
            assert!(check_nickname(bad).is_err(), "{bad}");
        }
    }
}
