//! Connectors of resources whose origin is outside: who provides their list, and how it is asked (semantics.md 10). They
//! belong to the tenant. They are kept; nothing asks them yet.

use crate::ids::OriginConnectorId;
use crate::limits::ORIGIN_CONNECTORS_MAX;
use crate::policy::Faults;
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Characters of a part of a connection, at most.
const PART_CHARS_MAX: usize = 2_048;

/// What is asked. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginConnectorKind {
    /// Identity access governance.
    SapIag = 1,
    /// Access control; the newer version only.
    SapAc = 2,
}

impl OriginConnectorKind {
    /// All of them, with the published words.
    pub const ALL: [(&'static str, Self); 2] = [("sapIag", Self::SapIag), ("sapAc", Self::SapAc)];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The kind stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().map(|(_, kind)| kind).find(|kind| kind.code() == code)
    }
}

/// How it is asked, as it was said: where, and where the secret for that is kept. The secret itself is nowhere here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its address.
    pub url: Option<String>,
    /// Where tokens are had.
    pub access_token_url: Option<String>,
    /// Who asks for them.
    pub client_id: Option<String>,
    /// The vault with the secret.
    pub key_vault_name: Option<String>,
    /// The resource group the vault is in.
    pub resource_group: Option<String>,
    /// The name of the secret.
    pub secret_name: Option<String>,
    /// The subscription the vault is in.
    pub subscription_id: Option<String>,
}

/// A connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginConnector {
    /// Its id.
    pub id: OriginConnectorId,
    /// What is asked.
    pub kind: OriginConnectorKind,
    /// Its name, of which the tenant has one.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it is asked.
    pub connection: Option<Connection>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub modified_by: String,
    /// Grows with every change.
    pub version: i64,
}

impl Connection {
    /// Whether it can be used one day; a fault names the member as the published model spells it.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        let parts = [
            ("url", &self.url),
            ("accessTokenUrl", &self.access_token_url),
            ("clientId", &self.client_id),
            ("keyVaultName", &self.key_vault_name),
            ("resourceGroup", &self.resource_group),
            ("secretName", &self.secret_name),
            ("subscriptionId", &self.subscription_id),
        ];
        for (name, part) in parts {
            let Some(part) = part else { continue };
            if part.chars().count() > PART_CHARS_MAX {
                faults.add(&format!("connectionInfo/{name}"), format!("it has at most {PART_CHARS_MAX} characters"));
            }
            let is_address = name == "url" || name == "accessTokenUrl";
            if is_address && !part.to_ascii_lowercase().starts_with("https://") {
                faults.add(&format!("connectionInfo/{name}"), "the address must begin with https://".to_owned());
            }
        }
        faults.finish()
    }
}

/// Whether the tenant can have one more.
pub fn may_add(there: i64) -> Result<(), Refusal> {
    if there < ORIGIN_CONNECTORS_MAX {
        return Ok(());
    }
    let message = format!("a tenant has at most {ORIGIN_CONNECTORS_MAX} connectors of origins outside");
    Err(Refusal::new(Code::LimitExceeded, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_connection_is_named() {
        let connection = Connection {
            url: Some("http://iag.example".to_owned()),
            secret_name: Some("x".repeat(PART_CHARS_MAX + 1)),
            ..Connection::default()
        };
        let named: Vec<_> = connection.check().err().into_iter().flat_map(|r| r.details).map(|d| d.target).collect();
        let wanted = ["/connectionInfo/url", "/connectionInfo/secretName"].map(|t| Some(t.to_owned()));
        assert_eq!(named, wanted);
        assert_eq!(Connection::default().check(), Ok(()));
    }

    #[test]
    fn a_tenant_has_so_many_connectors() {
        assert_eq!(may_add(ORIGIN_CONNECTORS_MAX - 1), Ok(()));
        assert!(may_add(ORIGIN_CONNECTORS_MAX).is_err());
    }
}
