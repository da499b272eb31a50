//! Verified credentials that a request was made with (behaviour.md c.6).

use super::decide::Ask;
use crate::policy::{CredentialType, Policy};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A credential that somebody vouched for; it is kept with the request, for those who decide it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Its types.
    pub kinds: Vec<String>,
    /// Who has issued it.
    pub issuer: Option<String>,
    /// What it says.
    pub claims: Map<String, Value>,
    /// When it was found good.
    pub verified_at: Timestamp,
}

impl Proof {
    /// Whether it is what a policy wants: of the type, if one is named, and by one of the issuers, if any are.
    fn is(&self, wanted: &CredentialType) -> bool {
        let is_kind = wanted.kind.as_ref().is_none_or(|kind| self.kinds.contains(kind));
        let is_by = wanted.issuers.is_empty() || self.issuer.as_ref().is_some_and(|by| wanted.issuers.contains(by));
        is_kind && is_by
    }
}

/// The credentials that the policy wants and that were not verified: all of them must be.
pub(super) fn credentials_fault(ask: &Ask, policy: &Policy, by_person: bool) -> Option<Refusal> {
    let wanted = policy.body.credentials.as_deref().unwrap_or_default();
    let missing = wanted.iter().filter(|_| by_person).find(|w| !ask.proofs.iter().any(|proof| proof.is(w)))?;
    let kind = missing.kind.as_deref().unwrap_or("of any type");
    let message = format!("the policy `{}` wants a verified credential `{kind}`, which was not presented", policy.name);
    Some(Refusal::new(Code::VerifiedIdRequired, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_has_the_type_and_the_issuer_that_are_wanted() {
        let proof = Proof {
            kinds: vec!["Badge".to_owned(), "Employee".to_owned()],
            issuer: Some("did:a".to_owned()),
            claims: Map::new(),
            verified_at: Timestamp::UNIX_EPOCH,
        };
        let wanted = |kind: Option<&str>, issuers: &[&str]| CredentialType {
            kind: kind.map(ToOwned::to_owned),
            issuers: issuers.iter().map(|i| (*i).to_owned()).collect(),
        };
        assert!(proof.is(&wanted(Some("Employee"), &["did:b", "did:a"])));
        assert!(proof.is(&wanted(Some("Badge"), &[])) && proof.is(&wanted(None, &["did:a"])));
        assert!(!proof.is(&wanted(Some("Employee"), &["did:b"])) && !proof.is(&wanted(Some("Visitor"), &["did:a"])));
        let unsigned = Proof { issuer: None, ..proof };
        assert!(!unsigned.is(&wanted(Some("Employee"), &["did:a"])));
    }
}
