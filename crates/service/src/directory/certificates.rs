//! The certificates of applications: `keyCredentials` is written as a whole, like any list of Graph.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use serde_json::{Map, Value, json};
use tenure_auth::certificate::Certificate;
use tenure_domain::Timestamp;
use tenure_domain::audit::Modified;
use tenure_domain::directory::Attributes;
use tenure_domain::directory::application::certificate_period;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::CERTIFICATES_MAX;
use tenure_domain::refusal::{Code, Refusal};
use tenure_store::rows::identity::{self, Credential, CredentialKind};
use uuid::Uuid;

/// The property.
const NAME: &str = "keyCredentials";
/// The one type of key an application signs in with.
const TYPE: &str = "AsymmetricX509Cert";
/// What the audit calls one.
const AUDITED: &str = "KeyCredential";
/// What it is for.
const USAGE: &str = "Verify";

/// Stores the certificates that a body lists and takes away those it no longer lists. The body then lists them as they
/// are shown: when they end and which they are, without the certificate. An entry without `key` keeps the one of its
/// `keyId`. Gives what the audit is told: the fingerprints of those that came and went, whatever the body calls them.
pub(super) fn settle(
    ctx: &mut Ctx<'_, '_>,
    id: ObjectId,
    given: &mut Attributes,
) -> Result<Vec<Modified>, ServiceError> {
    let Some(list) = given.0.get_mut(NAME) else { return Ok(Vec::new()) };
    let entries = list.as_array().cloned().unwrap_or_default();
    if entries.len() > CERTIFICATES_MAX {
        let message = format!("`{NAME}` holds at most {CERTIFICATES_MAX} certificates");
        return Err(refused(&format!("/{NAME}"), message).into());
    }
    let known = ctx.fetch(identity::credentials(id, CredentialKind::Certificate))?;
    let mut kept: Vec<(Credential, Value)> = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let one = Entry { at, members: entry.as_object().cloned().unwrap_or_default() };
        let fresh = ctx.ids.next(ctx.now);
        let (credential, shown) = one.read(&known, fresh)?;
        if kept.iter().any(|(other, _)| other.hint == credential.hint) {
            return Err(one.refused("keyId", "is that of another entry").into());
        }
        kept.push((credential, shown));
    }
    *list = Value::Array(kept.iter().map(|(_, shown)| shown.clone()).collect());
    identity::delete_credentials(ctx.tx, id, CredentialKind::Certificate);
    for (credential, _) in &kept {
        identity::insert_credential(ctx.tx, id, CredentialKind::Certificate, credential);
    }
    let came = kept.iter().map(|(c, _)| c).filter(|c| !known.iter().any(|k| k.hash == c.hash));
    let went = known.iter().filter(|k| !kept.iter().any(|(c, _)| c.hash == k.hash));
    let came = came.filter_map(print).map(|print| Modified::set(AUDITED, print));
    Ok(came.chain(went.filter_map(print).map(|print| Modified::cleared(AUDITED, print))).collect())
}

fn print(credential: &Credential) -> Option<String> {
    Some(Certificate::from_base64(&credential.hash).ok()?.thumbprint())
}

fn refused(target: &str, message: String) -> Refusal {
    Refusal::new(Code::RequestBadRequest, message.clone()).detail(target, message)
}

/// One entry of a body.
struct Entry {
    at: usize,
    members: Map<String, Value>,
}

impl Entry {
    fn refused(&self, member: &str, why: impl std::fmt::Display) -> Refusal {
        let at = self.at;
        refused(&format!("/{NAME}/{at}/{member}"), format!("`{NAME}/{at}/{member}` {why}"))
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }

    fn time(&self, member: &str) -> Result<Option<Timestamp>, Refusal> {
        let parsed = self.text(member).map(str::parse).transpose();
        parsed.map_err(|_| self.refused(member, "is not a time"))
    }

    /// The certificate as it is kept, and as it is shown.
    fn read(&self, known: &[Credential], fresh: Uuid) -> Result<(Credential, Value), Refusal> {
        for (member, only) in [("type", TYPE), ("usage", USAGE)] {
            if self.text(member).is_none_or(|given| given != only) {
                return Err(self.refused(member, format!("must be \"{only}\"")));
            }
        }
        let id = self.text("keyId").map(Uuid::parse_str).transpose();
        let id = id.map_err(|_| self.refused("keyId", "is not a GUID"))?;
        // Ids of entries are their object's own: rows have others.
        let listed_as = id.unwrap_or(fresh).to_string();
        let before = known.iter().find(|c| c.hint.as_ref() == Some(&listed_as));
        let read = |text: &str| Certificate::from_base64(text).map_err(|error| self.refused("key", error));
        let certificate = match (self.text("key").map(read).transpose()?, before) {
            (Some(given), Some(kept)) if given.to_base64() != kept.hash => {
                return Err(self.refused("key", "is not the one of that keyId; list another one under another keyId"));
            }
            (Some(given), _) => given,
            (None, Some(kept)) => read(&kept.hash)?,
            (None, None) => return Err(self.refused("key", "is missing, and no certificate has that keyId")),
        };
        let asked = (self.time("startDateTime")?, self.time("endDateTime")?);
        let period = certificate_period(asked, (certificate.starts_at, certificate.ends_at));
        let (starts_at, ends_at) = period.map_err(|(member, why)| self.refused(member, why))?;
        let name = self.text("displayName").map_or_else(|| certificate.subject.clone(), ToOwned::to_owned);
        let shown = json!({
            "customKeyIdentifier": self.text("customKeyIdentifier").map_or_else(|| certificate.thumbprint(), ToOwned::to_owned),
            "displayName": name,
            "endDateTime": ends_at,
            "key": null,
            "keyId": listed_as,
            "startDateTime": starts_at,
            "type": TYPE,
            "usage": USAGE,
        });
        let credential = Credential {
            id: fresh,
            hash: certificate.to_base64(),
            name: Some(name),
            hint: Some(listed_as),
            must_change: false,
            starts_at,
            expires_at: Some(ends_at),
            failures: 0,
            locked_until: None,
        };
        Ok((credential, shown))
    }
}
