//! People of outside organizations: their addresses, and the accounts that are made for them (behaviour.md e.2).

use super::Attributes;
use super::user::{PRINCIPAL_NAME_CHARS_MAX, User, UserKind};
use crate::ids::ObjectId;
use crate::organization::is_domain;
use crate::text::fold;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Characters of a mail address at most (RFC 5321).
const ADDRESS_CHARS_MAX: usize = 254;
/// Characters before the at sign at most.
const LOCAL_CHARS_MAX: usize = 64;
/// What marks the user principal name of a guest.
const MARK: &str = "#EXT#";

/// A mail address that has the form of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// The address, if `text` is one: a name of plain characters, one at sign, the full name of a domain.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let is_local = (1..=LOCAL_CHARS_MAX).contains(&local.chars().count()) && local.chars().all(plain);
        let is_whole = is_local && is_domain(domain) && text.chars().count() <= ADDRESS_CHARS_MAX;
        is_whole.then(|| Self { local: local.to_owned(), domain: domain.to_owned() })
    }

    /// As it is written.
    pub fn text(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Its folded domain.
    pub fn domain(&self) -> String {
        fold(&self.domain)
    }

    /// The part of a guest's user principal name before the tenant's domain: `name_domain#EXT#`. What such a name may not
    /// hold becomes a low line.
    pub fn guest_alias(&self) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!^~+".contains(c);
        let plain: String = self.local.chars().chain(['_']).chain(self.domain.chars()).collect();
        let plain: String = plain.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
        format!("{plain}{MARK}")
    }
}

/// The folded domain an account's person comes from: that of the mail address, else that which the user principal name of
/// a guest holds before its mark.
pub fn home_domain(mail: Option<&str>, principal_name: &str) -> Option<String> {
    if let Some(mail) = mail {
        return mail.rsplit_once('@').map(|(_, domain)| fold(domain));
    }
    let name = fold(principal_name);
    let (local, domain) = name.rsplit_once('@')?;
    match local.strip_suffix(&fold(MARK)) {
        Some(home) => home.rsplit_once('_').map(|(_, domain)| domain.to_owned()),
        None => Some(domain.to_owned()),
    }
}

/// The account that is made for somebody who is not in the directory yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The mail address.
    pub address: String,
    /// Display name.
    pub name: String,
    /// User principal name.
    pub principal_name: String,
    /// Somebody else in the directory has this address by now.
    pub is_taken: bool,
}

impl NewAccount {
    /// The account of a person known by an address. `has_namesake`: another account has the usual user principal name, so
    /// that the id is added to it.
    pub fn new(address: &Address, name: &str, tenant_domain: &str, id: ObjectId, has_namesake: bool) -> Self {
        let alias = address.guest_alias();
        let usual = format!("{alias}@{tenant_domain}");
        let principal_name = if has_namesake || usual.chars().count() > PRINCIPAL_NAME_CHARS_MAX {
            let rest = format!("_{}{MARK}@{tenant_domain}", id.0.simple());
            let left = PRINCIPAL_NAME_CHARS_MAX.saturating_sub(rest.chars().count());
            let begin: String = alias.trim_end_matches(MARK).chars().take(left).collect();
            format!("{begin}{rest}")
        } else {
            usual
        };
        Self { address: address.text(), name: name.to_owned(), principal_name, is_taken: false }
    }

    /// The account as the directory keeps it. Whoever it is for proves at home who he is; there is no password.
    pub fn user(&self, id: ObjectId, now: Timestamp) -> User {
        let text = |t: &str| Value::String(t.to_owned());
        let attributes = Map::from_iter([
            ("creationType".to_owned(), text("Invitation")),
            ("externalUserState".to_owned(), text("PendingAcceptance")),
            ("externalUserStateChangeDateTime".to_owned(), text(&now.to_string())),
        ]);
        User {
            id,
            name: self.name.clone(),
            principal_name: self.principal_name.clone(),
            mail: Some(self.address.clone()),
            nickname: self.principal_name.rsplit_once('@').map(|(alias, _)| alias.to_owned()),
            kind: UserKind::Guest,
            is_enabled: true,
            manager: None,
            attributes: Attributes(attributes),
            created_at: now,
            token_epoch: 0,
            source: None,
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::user::check_principal_name;
    use uuid::Uuid;

    const TENANT: &str = "fabrikam.example";

    fn account(address: &str, has_namesake: bool) -> Option<NewAccount> {
        let id = ObjectId(Uuid::from_u128(7));
        Some(NewAccount::new(&Address::parse(address)?, "Somebody", TENANT, id, has_namesake))
    }

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        let long = format!("{}@partner.example", "a".repeat(65));
        for text in
            ["", "partner.example", "a@b", "a@", "@b.example", "a b@c.example", "a@b@c.example", "<a@b.example>", &long]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        let address = Address::parse(" Ada.Lovelace+x@Partner.Example ");
        assert_eq!(address.as_ref().map(Address::domain).as_deref(), Some("partner.example"));
        assert_eq!(address.map(|a| a.text()).as_deref(), Some("Ada.Lovelace+x@Partner.Example"));
    }

    #[test]
    fn a_guest_has_the_usual_name_and_always_a_valid_one() {
        let usual = account("ada@partner.example", false).map(|a| a.principal_name);
        assert_eq!(usual.as_deref(), Some("ada_partner.example#EXT#@fabrikam.example"));
        let long = format!("{}@{}.example", "a".repeat(60), "b".repeat(60));
        for (address, has_namesake) in
            [("ada@partner.example", true), (long.as_str(), false), ("a/ö=#b@x.example", false)]
        {
            let name = account(address, has_namesake).map(|a| a.principal_name).unwrap_or_default();
            assert!(check_principal_name(&name, &[TENANT.to_owned()]).is_ok(), "{name}");
            assert!(name.contains(MARK), "{name}");
        }
    }

    #[test]
    fn the_domain_of_a_guest_is_that_of_his_mail_else_of_his_name() {
        let domain = |mail, name| home_domain(mail, name).unwrap_or_default();
        assert_eq!(domain(Some("a@Partner.example"), "x_other.example#EXT#@fabrikam.example"), "partner.example");
        assert_eq!(domain(None, "x_y_other.example#EXT#@fabrikam.example"), "other.example");
        assert_eq!(domain(None, "x@Other.example"), "other.example");
    }
}
