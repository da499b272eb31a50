//! Signing in with a provider outside: authorization code with proof key, state and nonce (RFC 6749, 7636; OpenID Connect
//! Core 3.1). What waits here is bound to the browser by a cookie and is good once; the person comes back to the same
//! step at which he pressed the button.

use super::authorize;
use super::form::Form;
use super::pages;
use super::signin::{self, Purpose, Visit};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use crate::outside::{Issuer, Metadata, OutsideError, Provider, Question};
use crate::session;
use axum::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_auth::foreign::ForeignClaims;
use tenure_auth::secret;
use tenure_domain::Timestamp;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::SIGNIN_TICKET_MINUTES;
use tenure_domain::time::plus_seconds;
use tenure_service::identity::artifacts::{self, Artifact, ArtifactKind};
use tenure_service::identity::outside::{self, Found, Proven};
use tenure_service::identity::sessions::Method as Proof;
use tenure_service::{Ctx, Identity};
use uuid::Uuid;

/// Binds a sign-in to the browser that began it. It must come along when the provider sends the browser back.
const COOKIE: &str = "__Host-tenure-login";

/// What waits for the browser to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    provider: String,
    purpose: Purpose,
    nonce: String,
    verifier: String,
    /// The hash of the cookie.
    browser: String,
}

fn redirect_uri(raw: &Raw, provider: &Provider) -> String {
    format!("{}/signin/{}/callback", raw.base, provider.name)
}

/// Where the button of a provider leads.
pub fn link(raw: &Raw, provider: &Provider, purpose: &Purpose) -> String {
    let purpose = serde_json::to_string(purpose).unwrap_or_default();
    let purpose: String = form_urlencoded::byte_serialize(purpose.as_bytes()).collect();
    format!("{}/signin/{}?purpose={purpose}", raw.base, provider.name)
}

fn unknown(raw: &Raw) -> Failure {
    Failure::unknown_route(&raw.path)
}

/// Sends the browser to the provider.
pub async fn begin(raw: &Raw, name: &str) -> Result<Reply, Failure> {
    let issuer = raw.app.outside().named(name).ok_or_else(|| unknown(raw))?;
    let purpose = Form::of_query(raw).get("purpose").and_then(|p| serde_json::from_str(p).ok());
    let Some(purpose) = purpose else { return Ok(pages::over(raw)) };
    if let Purpose::Authorize { query } = &purpose
        && let Some(refused) = authorize::refusal(raw, query).await?
    {
        return Ok(refused);
    }
    let visit = match signin::visit(raw, purpose).await {
        Ok(visit) => visit,
        Err(failure) => return Ok(pages::failed(raw, &failure)),
    };
    let metadata = match raw.app.outside().metadata(issuer, raw.app.wall()).await {
        Ok(metadata) => metadata,
        Err(error) => return Ok(refused(raw, &visit, &issuer.provider, &error)),
    };
    let mut entropy = raw.app.engine().entropy();
    let [state, nonce, verifier, browser] = std::array::from_fn(|_| secret::generate(&mut *entropy));
    let waiting = Waiting {
        provider: issuer.provider.name.clone(),
        purpose: visit.purpose,
        nonce: nonce.clone(),
        verifier: verifier.clone(),
        browser: secret::hash_text(&browser),
    };
    let artifact = Artifact {
        hash: secret::hash(&state),
        kind: ArtifactKind::Outside,
        client: ObjectId(Uuid::nil()),
        principal: None,
        data: serde_json::to_string(&waiting).map_err(|e| Failure::internal(&e.to_string()))?,
        family: None,
        expires_at: plus_seconds(raw.app.wall(), SIGNIN_TICKET_MINUTES * 60),
        used_at: None,
    };
    super::grants::keep(raw, artifact).await?;
    let challenge = secret::hash_text(&verifier);
    let redirect = redirect_uri(raw, &issuer.provider);
    let mut asked = form_urlencoded::Serializer::new(String::new());
    asked.extend_pairs([
        ("client_id", issuer.provider.client_id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", redirect.as_str()),
        ("scope", "openid email profile"),
        ("state", state.as_str()),
        ("nonce", nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]);
    let separator = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
    let location = format!("{}{separator}{}", metadata.authorization_endpoint, asked.finish());
    let cookie = session::set_cookie(COOKIE, &browser, "Lax", Some(SIGNIN_TICKET_MINUTES * 60));
    Ok(Reply::empty(StatusCode::SEE_OTHER).with(header::LOCATION, &location).with(header::SET_COOKIE, &cookie))
}

/// The sign-in page again, with what went wrong.
fn refused(raw: &Raw, visit: &Visit, provider: &Provider, error: &OutsideError) -> Reply {
    let fault = match error {
        OutsideError::Unavailable => format!("{} cannot be reached now. Try again in a minute.", provider.label),
        OutsideError::Token(_) => format!("{} answered something that cannot be trusted.", provider.label),
    };
    pages::sign_in(raw, visit, Some(&fault))
}

/// The provider has sent the browser back.
pub async fn callback(raw: &Raw, name: &str) -> Result<Reply, Failure> {
    let issuer = raw.app.outside().named(name).ok_or_else(|| unknown(raw))?;
    let form = Form::of_query(raw);
    let Some(waiting) = waiting(raw, &form, issuer).await? else { return Ok(pages::over(raw)) };
    let visit = match signin::visit(raw, waiting.purpose.clone()).await {
        Ok(visit) => visit,
        Err(failure) => return Ok(pages::failed(raw, &failure)),
    };
    let reply = answered(raw, &form, issuer, &waiting, visit).await?;
    Ok(reply.with(header::SET_COOKIE, &session::forget_cookie(COOKIE, "Lax")))
}

/// What waited for this answer: used up now, if the same browser brings it.
async fn waiting(raw: &Raw, form: &Form, issuer: &Issuer) -> Result<Option<Waiting>, Failure> {
    let (Some(state), Some(browser)) = (form.get("state"), session::cookie(&raw.headers, COOKIE)) else {
        return Ok(None);
    };
    let state = state.to_owned();
    let take = move |ctx: &mut Ctx<'_, '_>| artifacts::take(ctx, ArtifactKind::Outside, &state);
    let found = raw.app.engine().write(Identity::System, raw.id, take).await?;
    let waiting = found.and_then(|a| serde_json::from_str::<Waiting>(&a.data).ok());
    Ok(waiting.filter(|w| w.provider == issuer.provider.name && secret::matches(browser, &w.browser)))
}

async fn answered(raw: &Raw, form: &Form, issuer: &Issuer, waiting: &Waiting, visit: Visit) -> Result<Reply, Failure> {
    let provider = &issuer.provider;
    // RFC 9207: an answer that says it is somebody else's is not looked at.
    if form.get("iss").is_some_and(|iss| iss != provider.issuer) {
        return Ok(pages::over(raw));
    }
    let Some(code) = form.get("code") else {
        let fault = format!("{} did not sign you in.", provider.label);
        return Ok(pages::sign_in(raw, &visit, Some(&fault)));
    };
    let claims = match prove(raw, issuer, waiting, code).await {
        Ok(claims) => claims,
        Err(error) => return Ok(refused(raw, &visit, provider, &error)),
    };
    let proven = proven(provider, &claims);
    let sign_in = move |ctx: &mut Ctx<'_, '_>| outside::sign_in(ctx, &proven);
    match raw.app.engine().write(Identity::System, raw.id, sign_in).await? {
        Found::Account(user) => signin::accepted(raw, visit, *user, Proof::Federated).await,
        Found::Blocked => Ok(pages::sign_in(raw, &visit, Some("The user account is disabled."))),
        Found::Nobody => {
            let fault =
                format!("No account here belongs to your identity at {}. Ask an administrator.", provider.label);
            Ok(pages::sign_in(raw, &visit, Some(&fault)))
        }
    }
}

/// Brings the code to the provider and reads who signed in there.
async fn prove(raw: &Raw, issuer: &Issuer, waiting: &Waiting, code: &str) -> Result<ForeignClaims, OutsideError> {
    let (outside, provider, now) = (raw.app.outside(), &issuer.provider, raw.app.wall());
    let metadata = outside.metadata(issuer, now).await?;
    let redirect = redirect_uri(raw, provider);
    let said = outside.ask(provider, token_request(provider, &metadata, (code, &redirect, &waiting.verifier))).await?;
    let tokens: Value = serde_json::from_slice(&said.body).unwrap_or_default();
    let token = tokens.get("id_token").and_then(Value::as_str).filter(|_| said.status == 200);
    let Some(token) = token else {
        let error = tokens.get("error").and_then(Value::as_str).unwrap_or_default();
        let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        tracing::warn!(provider = provider.name, status = said.status, error, "a provider gave no token for its code");
        return Err(OutsideError::Unavailable);
    };
    let claims = outside.verify(issuer, token, &provider.client_id, now).await?;
    if claims.text("nonce") != Some(waiting.nonce.as_str()) {
        return Err(OutsideError::Token(tenure_auth::foreign::ForeignError::Audience));
    }
    Ok(claims)
}

fn token_request(
    provider: &Provider,
    metadata: &Metadata,
    (code, redirect, verifier): (&str, &String, &String),
) -> Question {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("client_id", provider.client_id.as_str()),
        ("code_verifier", verifier.as_str()),
    ]);
    let methods = &metadata.token_endpoint_auth_methods_supported;
    // Where nothing is said, the header is what every provider takes (Discovery 3).
    let by_header = methods.is_empty() || methods.iter().any(|m| m == "client_secret_basic");
    let mut authorization = None;
    match &provider.client_secret {
        Some(secret) if by_header => {
            let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", part(&provider.client_id), part(secret));
            authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
        }
        Some(secret) => {
            form.append_pair("client_secret", secret);
        }
        None => {}
    }
    Question { url: metadata.token_endpoint.clone(), form: Some(form.finish()), authorization }
}

fn proven(provider: &Provider, claims: &ForeignClaims) -> Proven {
    let is_trusted = |address: &&str| {
        let domain = address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        domain.is_some_and(|d| provider.trusted_domains.contains(&d))
    };
    Proven {
        issuer: provider.issuer.clone(),
        subject: claims.subject.clone(),
        trusted_address: claims.verified_email().filter(is_trusted).map(ToOwned::to_owned),
        issued_at: Timestamp::from_second(claims.issued_at).unwrap_or_default(),
    }
}
