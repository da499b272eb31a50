//! The token endpoint.

use super::discovery;
use super::failure::SignInError;
use super::form::{Form, basic};
use super::grants::{self, Issue};
use super::signin::{self, Credentials, SignIn};
use crate::error::{Failure, tell_turned_away};
use crate::http::{Raw, Reply};
use axum::http::StatusCode;
use tenure_auth::certificate::{self, AssertionError};
use tenure_auth::{pkce, scopes};
use tenure_domain::directory::user::User;
use tenure_domain::limits::ASSERTION_LIFE_MAX_HOURS;
use tenure_service::identity::artifacts::{self, Artifact, ArtifactKind, Redeemed};
use tenure_service::identity::clients::{self, Client};
use tenure_service::identity::consent;
use tenure_service::{Cost, Identity, ServiceError};
use uuid::Uuid;

/// How a client says that it sends a signed assertion (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The grant of a device code.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What can go wrong: the protocol has its own errors, and the machine has others.
pub enum Refused {
    /// An error of the protocol.
    Protocol(SignInError),
    /// A failure of ours.
    Ours(ServiceError),
}

impl From<SignInError> for Refused {
    fn from(error: SignInError) -> Self {
        Self::Protocol(error)
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Ours(error)
    }
}

impl Refused {
    /// As the token endpoint answers.
    pub fn reply(self, raw: &Raw) -> Result<Reply, Failure> {
        match self {
            Self::Protocol(error) => Ok(error.reply(raw)),
            Self::Ours(ServiceError::Unavailable(why)) => {
                tell_turned_away(raw.app.wall(), raw.id, &why);
                Ok(SignInError::busy().reply(raw))
            }
            Self::Ours(error) => Err(error.into()),
        }
    }
}

/// Answers the token endpoint.
pub async fn answer(raw: &Raw) -> Result<Reply, Failure> {
    match grant(raw, &Form::of_body(raw)).await {
        Ok(body) => Ok(Reply {
            content_type: Some("application/json; charset=utf-8"),
            ..Reply::json(StatusCode::OK, body.to_string().into_bytes())
        }),
        Err(refused) => refused.reply(raw),
    }
}

async fn grant(raw: &Raw, form: &Form) -> Result<serde_json::Value, Refused> {
    let grant_type = form.get("grant_type").ok_or_else(|| SignInError::missing("grant_type"))?;
    let (client, proved) = client(raw, form).await?;
    match grant_type {
        "client_credentials" => client_credentials(raw, form, &client, proved).await,
        "password" => password(raw, form, &client).await,
        "authorization_code" => code(raw, form, &client).await,
        "refresh_token" => refresh(raw, form, &client).await,
        // One official library sends the short name.
        DEVICE_GRANT | "device_code" => device(raw, form, &client).await,
        other => Err(SignInError::grant_type(other).into()),
    }
}

/// The client of that id.
pub async fn find_client(raw: &Raw, id: Option<&str>) -> Result<Client, Refused> {
    let id = id.ok_or_else(|| SignInError::missing("client_id"))?;
    let Ok(app_id) = Uuid::parse_str(id) else { return Err(SignInError::unknown_client(id).into()) };
    let found = raw.app.engine().read(Cost::Small, Identity::System, raw.id, move |ctx| clients::find(ctx, app_id));
    let client = found.await?.ok_or_else(|| SignInError::unknown_client(id))?;
    if client.is_enabled { Ok(client) } else { Err(SignInError::disabled_client(id).into()) }
}

/// The client of a token request, and whether it has proved who it is. A client with secrets must; a public one need not.
async fn client(raw: &Raw, form: &Form) -> Result<(Client, bool), Refused> {
    let basic = basic(raw);
    let id = form.get("client_id").or(basic.as_ref().map(|(id, _)| id.as_str()));
    let client = find_client(raw, id).await?;
    if let Some(assertion) = form.get("client_assertion") {
        check_assertion(raw, form, &client, assertion)?;
        return Ok((client, true));
    }
    let secret = form.get("client_secret").or(basic.as_ref().map(|(_, secret)| secret.as_str()));
    match secret {
        Some(secret) if client.has_secret(secret, raw.app.wall()) => Ok((client, true)),
        Some(_) => Err(SignInError::secret_wrong(client.app_id).into()),
        None if client.is_public => Ok((client, false)),
        None => Err(SignInError::secret_missing().into()),
    }
}

/// Whether the client proves with one of its certificates who it is.
fn check_assertion(raw: &Raw, form: &Form, client: &Client, assertion: &str) -> Result<(), SignInError> {
    let kind = form.get("client_assertion_type").ok_or_else(|| SignInError::missing("client_assertion_type"))?;
    if kind != ASSERTION_TYPE {
        return Err(SignInError::wrong("client_assertion_type", format!("it must be {ASSERTION_TYPE}")));
    }
    let wall = raw.app.wall();
    let audiences = discovery::audiences(raw);
    let expected = certificate::Expected { client: client.app_id, audiences: &audiences, now: wall };
    certificate::verify(assertion, || client.certificates(wall), expected).map_err(|error| match error {
        AssertionError::Malformed => SignInError::assertion_form(),
        AssertionError::Unregistered | AssertionError::Signature => SignInError::assertion_key(client.app_id),
        AssertionError::Client => SignInError::assertion_client(client.app_id),
        AssertionError::Audience => SignInError::assertion_audience(discovery::token_endpoint(raw)),
        AssertionError::Time => SignInError::assertion_time(ASSERTION_LIFE_MAX_HOURS),
    })
}

/// An application by itself.
async fn client_credentials(
    raw: &Raw,
    form: &Form,
    client: &Client,
    proved: bool,
) -> Result<serde_json::Value, Refused> {
    if !proved {
        return Err(SignInError::secret_missing().into());
    }
    let scope = form.get("scope").ok_or_else(|| SignInError::missing("scope"))?;
    // Clients for Java and Go add the protocol's own scopes to every request; without a person they mean nothing.
    let is_protocol = |s: &str| scopes::PROTOCOL_SCOPES.iter().any(|known| known.eq_ignore_ascii_case(s));
    let asked: Vec<&str> = scope.split_whitespace().filter(|s| !is_protocol(s)).collect();
    if asked.is_empty() {
        return Err(SignInError::scope_of_app(scope).into());
    }
    if let Some(named) = asked.iter().find(|s| !scopes::bare(s).eq_ignore_ascii_case(scopes::DEFAULT)) {
        return Err(SignInError::scope_of_app(named).into());
    }
    if let Some(other) = asked.iter().find(|s| !grants::is_ours(raw, s)) {
        return Err(SignInError::resource(other).into());
    }
    let (app, of_client) = (client.clone(), client.clone());
    let read = move |ctx: &mut tenure_service::Ctx<'_, '_>| clients::permissions(ctx, &of_client);
    let roles = raw.app.engine().read(Cost::Small, Identity::System, raw.id, read).await?;
    Ok(grants::app_token(raw, &app, roles)?)
}

/// Name and password by a client, where the tenant allows it (decisions.md K3).
async fn password(raw: &Raw, form: &Form, client: &Client) -> Result<serde_json::Value, Refused> {
    if !raw.app.tenant().settings.password_grant {
        return Err(SignInError::no_password_grant().into());
    }
    let name = form.get("username").ok_or_else(|| SignInError::missing("username"))?;
    let given = form.get("password").ok_or_else(|| SignInError::missing("password"))?;
    let wanted = grants::wanted(raw, form.get("scope"))?;
    let credentials = Credentials { name: name.to_owned(), password: given.to_owned() };
    match signin::check(raw, credentials).await? {
        SignIn::Refused(error) => Err(error.into()),
        SignIn::MustChange(_) => Err(SignInError::must_change().into()),
        SignIn::Good(user) => {
            let scopes = grants::consented(raw, client, user.id, &wanted).await?;
            let family = raw.app.engine().new_id();
            let issue = Issue { client, user: &user, scopes: &scopes, wanted: &wanted, nonce: None, family };
            Ok(grants::user_tokens(raw, &issue).await?)
        }
    }
}

/// Uses up what a client brings back, in a transaction of its own: that it was used must be kept, whatever comes after.
async fn redeem(raw: &Raw, kind: ArtifactKind, text: &str, client: &Client) -> Result<Redeemed, ServiceError> {
    let (text, client) = (text.to_owned(), client.principal);
    let engine = raw.app.engine();
    engine.write(Identity::System, raw.id, move |ctx| artifacts::redeem(ctx, kind, &text, client)).await
}

fn good(redeemed: Redeemed, what: &str) -> Result<(Artifact, User), SignInError> {
    match redeemed {
        Redeemed::Good(artifact, user) => Ok((*artifact, *user)),
        Redeemed::Unknown => Err(SignInError::grant(what)),
        Redeemed::Reused => Err(SignInError::reused()),
        Redeemed::Revoked => Err(SignInError::revoked()),
    }
}

/// A code that a page handed out.
async fn code(raw: &Raw, form: &Form, client: &Client) -> Result<serde_json::Value, Refused> {
    let text = form.get("code").ok_or_else(|| SignInError::missing("code"))?;
    let redirect = form.get("redirect_uri").ok_or_else(|| SignInError::missing("redirect_uri"))?;
    let (artifact, user) = good(redeem(raw, ArtifactKind::Code, text, client).await?, "authorization code")?;
    let data = grants::CodeData::parse(&artifact.data)?;
    if data.redirect_uri != redirect {
        return Err(SignInError::grant("redirect_uri").into());
    }
    match (&data.challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) if pkce::verify(verifier, challenge) => {}
        (None, _) if !client.is_public => {}
        _ => return Err(SignInError::verifier().into()),
    }
    let wanted = consent::wanted(&data.scope);
    let scopes = grants::consented(raw, client, user.id, &wanted).await?;
    let family = artifact.family.unwrap_or_else(|| raw.app.engine().new_id());
    let nonce = data.nonce.as_deref();
    let issue = Issue { client, user: &user, scopes: &scopes, wanted: &wanted, nonce, family };
    Ok(grants::user_tokens(raw, &issue).await?)
}

/// A refresh token: it is used up, and another one takes its place.
async fn refresh(raw: &Raw, form: &Form, client: &Client) -> Result<serde_json::Value, Refused> {
    let text = form.get("refresh_token").ok_or_else(|| SignInError::missing("refresh_token"))?;
    let (artifact, user) = good(redeem(raw, ArtifactKind::Refresh, text, client).await?, "refresh token")?;
    // Whoever refreshes wants to refresh again.
    let before = grants::refresh_scope(&artifact.data)?;
    let scope = format!("{} offline_access", form.get("scope").unwrap_or(&before));
    let wanted = grants::wanted(raw, Some(&scope))?;
    let scopes = grants::consented(raw, client, user.id, &wanted).await?;
    let family = artifact.family.unwrap_or_else(|| raw.app.engine().new_id());
    let issue = Issue { client, user: &user, scopes: &scopes, wanted: &wanted, nonce: None, family };
    Ok(grants::user_tokens(raw, &issue).await?)
}

/// A device code, once its person has signed in elsewhere.
async fn device(raw: &Raw, form: &Form, client: &Client) -> Result<serde_json::Value, Refused> {
    let text = form.get("device_code").or(form.get("code")).ok_or_else(|| SignInError::missing("device_code"))?;
    let asked = text.to_owned();
    let look = move |ctx: &mut tenure_service::Ctx<'_, '_>| artifacts::look(ctx, ArtifactKind::Device, &asked);
    let found = raw.app.engine().read(Cost::Small, Identity::System, raw.id, look).await?;
    let found = found.filter(|a| a.client == client.principal).ok_or_else(SignInError::device_expired)?;
    let data = grants::DeviceData::parse(&found.data)?;
    if data.declined {
        return Err(SignInError::declined().into());
    }
    if found.principal.is_none() {
        return Err(SignInError::pending().into());
    }
    let (artifact, user) = good(redeem(raw, ArtifactKind::Device, text, client).await?, "device code")?;
    let wanted = consent::wanted(&data.scope);
    let scopes = grants::consented(raw, client, user.id, &wanted).await?;
    let family = artifact.family.unwrap_or_else(|| raw.app.engine().new_id());
    let issue = Issue { client, user: &user, scopes: &scopes, wanted: &wanted, nonce: None, family };
    Ok(grants::user_tokens(raw, &issue).await?)
}
