//! People of the directory, and the rules their accounts obey (semantics.md 13; decisions.md B, K3).

use super::Attributes;
use crate::ids::ObjectId;
use crate::refusal::{Code, Refusal};
use crate::text::fold;
use crate::time::Timestamp;

/// Characters of a user principal name at most.
pub(super) const PRINCIPAL_NAME_CHARS_MAX: usize = 113;
/// Characters of a password at least.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Characters of a password at most.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Kinds of characters a password must mix.
const PASSWORD_CLASSES_MIN: usize = 3;

/// Whether a person belongs to the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserKind {
    /// Belongs to it.
    Member,
    /// Was invited.
    Guest,
}

impl UserKind {
    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Guest => "Guest",
        }
    }

    /// The stored number.
    pub const fn code(self) -> i64 {
        match self {
            Self::Member => 1,
            Self::Guest => 2,
        }
    }

    /// The kind stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Member),
            2 => Some(Self::Guest),
            _ => None,
        }
    }

    /// The kind of that name, without regard to case.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Member, Self::Guest].into_iter().find(|k| k.name().eq_ignore_ascii_case(name))
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Its id.
    pub id: ObjectId,
    /// Display name.
    pub name: String,
    /// `name@domain`, unique without regard to case.
    pub principal_name: String,
    /// Mail address.
    pub mail: Option<String>,
    /// Mail alias.
    pub nickname: Option<String>,
    /// Member or guest.
    pub kind: UserKind,
    /// Whether the account can sign in.
    pub is_enabled: bool,
    /// The manager.
    pub manager: Option<ObjectId>,
    /// Everything else.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Tokens issued under a smaller number are no longer good (decisions.md K2).
    pub token_epoch: i64,
    /// The outside directory it comes from.
    pub source: Option<uuid::Uuid>,
    /// Raised with every change.
    pub version: i64,
}

impl User {
    /// The address mails go to: mail, else user principal name.
    pub fn address(&self) -> &str {
        self.mail.as_deref().unwrap_or(&self.principal_name)
    }
}

/// Checks a user principal name: one `@`, a local part of allowed characters, a domain of the tenant.
pub fn check_principal_name(name: &str, domains: &[String]) -> Result<(), Refusal> {
    let bad = |why: &str| {
        Err(Refusal::new(Code::RequestBadRequest, format!("userPrincipalName `{name}` {why}"))
            .detail("/userPrincipalName", why))
    };
    if name.chars().count() > PRINCIPAL_NAME_CHARS_MAX {
        return bad(&format!("is longer than {PRINCIPAL_NAME_CHARS_MAX} characters"));
    }
    let Some((local, domain)) = name.rsplit_once('@') else {
        return bad("must have the form name@domain");
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~+".contains(c);
    if local.is_empty() || !local.chars().all(allowed) {
        return bad("may hold letters, digits and ' . - _ ! # ^ ~ + before the @");
    }
    if !domains.iter().any(|d| d.eq_ignore_ascii_case(domain)) {
        return bad(&format!("must use a verified domain of this tenant: {}", domains.join(", ")));
    }
    Ok(())
}

/// Checks a new password: length, three of four kinds of characters, not the account's own name.
pub fn check_password(password: &str, principal_name: &str) -> Result<(), Refusal> {
    let weak = |why: String| {
        Err(Refusal::new(Code::RequestBadRequest, format!("the password {why}"))
            .detail("/passwordProfile/password", "password is not acceptable"))
    };
    let length = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        return weak(format!("must have {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"));
    }
    let classes = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    if classes.iter().filter(|c| **c).count() < PASSWORD_CLASSES_MIN {
        return weak("must mix three of: lower case, upper case, digits, symbols".to_owned());
    }
    let local = fold(principal_name.split('@').next().unwrap_or_default());
    if local.len() > 3 && fold(password).contains(&local) {
        return weak("must not contain the user name".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorial_password_is_acceptable() {
        assert!(check_password("Contoso1234", "requestor1@contoso.example").is_ok());
        assert!(check_password("xWwvJ]6NMw+bWH-d", "requestor1@contoso.example").is_ok());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for password in ["Aa1!", "alllowercase1", "Requestor1!", &"A1!a".repeat(70)] {
            assert!(check_password(password, "requestor@contoso.example").is_err(), "{password}");
        }
    }

    #[test]
    fn principal_names_need_a_verified_domain() {
        let domains = ["contoso.example".to_owned()];
        assert!(check_principal_name("Ada.L@Contoso.example", &domains).is_ok());
        for name in ["ada", "ada@fabrikam.example", "@contoso.example", "a b@contoso.example"] {
            assert!(check_principal_name(name, &domains).is_err(), "{name}");
        }
    }
}
