//! Applications as clients of the authority.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use serde_json::Value;
use tenure_auth::certificate::Certificate;
use tenure_auth::{scopes, secret};
use tenure_domain::Timestamp;
use tenure_domain::directory::application::{AZURE_COMMAND_LINE_APP_ID, Application, GRAPH_COMMAND_LINE_APP_ID};
use tenure_domain::ids::ObjectId;
use tenure_store::rows::directory::application;
use tenure_store::rows::identity::{self, Credential, CredentialKind};
use uuid::Uuid;

/// The redirect of published native clients.
const NATIVE_REDIRECT: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";

/// A client.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// The id it signs in with.
    pub app_id: Uuid,
    /// Its service principal.
    pub principal: ObjectId,
    /// Its display name.
    pub name: String,
    /// Whether it may sign in at all.
    pub is_enabled: bool,
    /// Whether it has no secret.
    pub is_public: bool,
    /// The addresses it may be answered at.
    redirects: Vec<String>,
    secrets: Vec<Credential>,
    certificates: Vec<Credential>,
}

/// The client of that id.
pub fn find(ctx: &mut Ctx<'_, '_>, app_id: Uuid) -> Result<Option<Client>, ServiceError> {
    let (sp, app) = ctx.fetch((application::service_principal_by_app_id(app_id), application::by_app_id(app_id)))?;
    let Some(sp) = sp else { return Ok(None) };
    let of_app = |kind| app.as_ref().map(|a| identity::credentials(a.id, kind));
    let of_sp = |kind| identity::credentials(sp.id, kind);
    let (secret, certificate) = (CredentialKind::ClientSecret, CredentialKind::Certificate);
    let wanted = (of_app(secret), of_sp(secret), of_app(certificate), of_sp(certificate));
    let (app_secrets, sp_secrets, app_certificates, sp_certificates) = ctx.fetch(wanted)?;
    let published = [GRAPH_COMMAND_LINE_APP_ID, AZURE_COMMAND_LINE_APP_ID].contains(&app_id);
    Ok(Some(Client {
        app_id,
        principal: sp.id,
        name: sp.name,
        is_enabled: sp.is_enabled,
        is_public: published || app.as_ref().is_some_and(|a| a.is_public_client),
        redirects: app.as_ref().map(redirects).unwrap_or_default(),
        secrets: app_secrets.unwrap_or_default().into_iter().chain(sp_secrets).collect(),
        certificates: app_certificates.unwrap_or_default().into_iter().chain(sp_certificates).collect(),
    }))
}

fn redirects(app: &Application) -> Vec<String> {
    ["web", "spa", "publicClient"]
        .iter()
        .filter_map(|kind| app.attributes.0.get(*kind)?.get("redirectUris")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

impl Client {
    /// The product's own pages, which ask for no consent and get no tokens.
    pub fn own_pages() -> Self {
        Self {
            app_id: Uuid::nil(),
            principal: ObjectId(Uuid::nil()),
            name: "Tenure".to_owned(),
            is_enabled: true,
            is_public: false,
            redirects: Vec::new(),
            secrets: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// Whether `text` is a secret of this client that is good now.
    pub fn has_secret(&self, text: &str, wall: Timestamp) -> bool {
        self.secrets.iter().filter(|c| is_good(c, wall)).any(|c| secret::matches(text, &c.hash))
    }

    /// The certificates of this client that are good now.
    pub fn certificates(&self, wall: Timestamp) -> Vec<Certificate> {
        let good = self.certificates.iter().filter(|c| is_good(c, wall));
        good.filter_map(|c| Certificate::from_base64(&c.hash).ok()).collect()
    }

    /// Whether the client may be answered at `redirect`: a registered address, or for public clients this machine on any
    /// port (RFC 8252 section 7.3).
    pub fn may_redirect_to(&self, redirect: &str) -> bool {
        let registered = self.redirects.iter().any(|r| same_address(r, redirect));
        registered || (self.is_public && (is_loopback(redirect) || redirect == NATIVE_REDIRECT))
    }
}

fn is_good(credential: &Credential, wall: Timestamp) -> bool {
    credential.starts_at <= wall && credential.expires_at.is_none_or(|end| end > wall)
}

/// Equal, but for the port of an address on this machine.
fn same_address(registered: &str, asked: &str) -> bool {
    let without_port = |url: &str| {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(a, p)| (a, p));
        let host = authority.split(':').next()?;
        ["localhost", "127.0.0.1"].contains(&host).then(|| format!("{host}/{path}"))
    };
    registered == asked || (without_port(registered).is_some() && without_port(registered) == without_port(asked))
}

fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    ["localhost", "127.0.0.1"].contains(&host) && port.parse::<u16>().is_ok()
}

/// The app permissions a client was given at the Graph application, by name.
pub fn permissions(ctx: &mut Ctx<'_, '_>, client: &Client) -> Result<Vec<String>, ServiceError> {
    let rows = ctx.fetch(identity::rights(client.principal, true))?;
    let roles = identity::account(rows).map(|a| a.permissions).unwrap_or_default();
    let named = roles.iter().filter_map(|id| scopes::of_app_role(*id));
    let mut names: Vec<String> = named.map(|p| p.name.to_owned()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(is_public: bool, redirects: &[&str]) -> Client {
        Client {
            app_id: Uuid::nil(),
            principal: ObjectId(Uuid::nil()),
            name: String::new(),
            is_enabled: true,
            is_public,
            redirects: redirects.iter().map(|r| (*r).to_owned()).collect(),
            secrets: Vec::new(),
            certificates: Vec::new(),
        }
    }

    #[test]
    fn public_clients_are_answered_on_this_machine_on_any_port() {
        let public = client(true, &[]);
        for good in ["http://localhost:8400", "http://localhost", "http://127.0.0.1:5000/path?x=1", NATIVE_REDIRECT] {
            assert!(public.may_redirect_to(good), "{good}");
        }
        for bad in [
            "http://localhost.evil.example",
            "https://evil.example",
            "http://localhost@evil.example",
            "http://localhost:x",
        ] {
            assert!(!public.may_redirect_to(bad), "{bad}");
        }
        assert!(!client(false, &[]).may_redirect_to("http://localhost:8400"));
    }

    #[test]
    fn registered_addresses_must_be_equal_but_for_a_local_port() {
        let web = client(false, &["https://app.example/callback", "http://localhost/cb"]);
        assert!(web.may_redirect_to("https://app.example/callback"));
        assert!(!web.may_redirect_to("https://app.example/callback/x"));
        assert!(web.may_redirect_to("http://localhost:3000/cb"));
        assert!(!web.may_redirect_to("http://localhost:3000/other"));
    }
}
