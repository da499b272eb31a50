//! The authorization endpoint: a client sends a person here, and gets a code back (RFC 6749 section 4.1, RFC 7636).

use super::failure::SignInError;
use super::form::Form;
use super::grants::{self, CodeData};
use super::pages;
use super::signin::{self, Credentials, Purpose};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::{Method, StatusCode, header};
use tenure_auth::secret;
use tenure_domain::directory::user::User;
use tenure_domain::time::plus_seconds;
use tenure_service::identity::artifacts::{Artifact, ArtifactKind};
use tenure_service::identity::clients::Client;

/// Minutes a code is good.
const CODE_MINUTES: i64 = 5;

/// What a client asks for, checked as far as its address goes.
pub struct Asked {
    /// The client.
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The scope parameter.
    pub scope: String,
    /// The prompt parameter.
    pub prompt: String,
    response_mode: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    challenge_method: Option<String>,
    response_type: String,
}

/// Reads a client's parameters. An unknown client or address is an error page: nobody is sent anywhere.
pub async fn asked(raw: &Raw, query: &str) -> Result<Asked, Failure> {
    let form = Form::parse(query.as_bytes());
    let bad = |error: SignInError| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", error.description());
    let client = signin::client(raw, form.get("client_id")).await?;
    let redirect_uri = form.get("redirect_uri").ok_or_else(|| bad(SignInError::missing("redirect_uri")))?.to_owned();
    if !client.may_redirect_to(&redirect_uri) {
        return Err(bad(SignInError::redirect(&redirect_uri)));
    }
    let text = |name: &str| form.get(name).map(ToOwned::to_owned);
    Ok(Asked {
        client,
        redirect_uri,
        scope: text("scope").unwrap_or_default(),
        prompt: text("prompt").unwrap_or_default(),
        response_mode: text("response_mode").unwrap_or_else(|| "query".to_owned()),
        state: text("state"),
        nonce: text("nonce"),
        challenge: text("code_challenge"),
        challenge_method: text("code_challenge_method"),
        response_type: text("response_type").unwrap_or_default(),
    })
}

/// What is wrong with a request from a client that is known: it is told so.
fn fault(raw: &Raw, asked: &Asked) -> Option<SignInError> {
    if asked.response_type != "code" {
        return Some(SignInError::wrong("response_type", "only `code` is supported"));
    }
    if asked.scope.trim().is_empty() {
        return Some(SignInError::missing("scope"));
    }
    if let Err(error) = grants::wanted(raw, Some(&asked.scope)) {
        return Some(error);
    }
    let method = asked.challenge_method.as_deref().unwrap_or("plain");
    if asked.challenge.is_some() && method != "S256" {
        return Some(SignInError::wrong("code_challenge_method", "only `S256` is supported"));
    }
    if asked.client.is_public && asked.challenge.is_none() {
        return Some(SignInError::missing("code_challenge"));
    }
    if asked.prompt.split_whitespace().any(|p| p == "none") {
        return Some(SignInError::login_required());
    }
    None
}

/// What is answered at once to a request that is wrong; nothing when a person may be asked.
pub async fn refusal(raw: &Raw, query: &str) -> Result<Option<Reply>, Failure> {
    let asked = match asked(raw, query).await {
        Ok(asked) => asked,
        Err(failure) => return Ok(Some(pages::failed(raw, &failure))),
    };
    Ok(fault(raw, &asked).map(|error| send_back(raw, &asked, &error_params(&error))))
}

/// Answers the endpoint: a page, and then what the page sends back.
pub async fn answer(raw: &Raw) -> Result<Reply, Failure> {
    let body = Form::of_body(raw);
    let sent_back = raw.method == Method::POST && body.get("username").is_some();
    // Some clients send their parameters as a form.
    let query = if raw.method == Method::POST && !sent_back && raw.query.is_empty() {
        String::from_utf8_lossy(&raw.body).into_owned()
    } else {
        raw.query.clone()
    };
    if let Some(refused) = refusal(raw, &query).await? {
        return Ok(refused);
    }
    let visit = signin::visit(raw, Purpose::Authorize { query }).await?;
    if !sent_back {
        return Ok(pages::sign_in(raw, &visit, None));
    }
    let credentials = Credentials {
        name: body.get("username").unwrap_or_default().to_owned(),
        password: body.get("password").unwrap_or_default().to_owned(),
    };
    let signed_in = signin::check(raw, credentials).await?;
    signin::proceed(raw, visit, signed_in).await
}

/// Hands out a code.
pub async fn grant(raw: &Raw, query: &str, user: &User) -> Result<Reply, Failure> {
    let asked = asked(raw, query).await?;
    let code = secret::generate(&mut *raw.app.engine().entropy());
    let data = CodeData {
        redirect_uri: asked.redirect_uri.clone(),
        scope: asked.scope.clone(),
        challenge: asked.challenge.clone(),
        nonce: asked.nonce.clone(),
    };
    let artifact = Artifact {
        hash: secret::hash(&code),
        kind: ArtifactKind::Code,
        client: asked.client.principal,
        principal: Some(user.id),
        data: serde_json::to_string(&data).map_err(|e| Failure::internal(&e.to_string()))?,
        // Tokens that descend from it end with it, should it come back a second time.
        family: Some(raw.app.engine().new_id()),
        expires_at: plus_seconds(raw.app.wall(), CODE_MINUTES * 60),
        used_at: None,
    };
    grants::keep(raw, artifact).await?;
    let session = raw.app.engine().new_id().to_string();
    Ok(send_back(raw, &asked, &[("code", code), ("session_state", session)]))
}

/// Sends the client an error.
pub async fn refuse(raw: &Raw, query: &str, error: &SignInError) -> Result<Reply, Failure> {
    let asked = asked(raw, query).await?;
    Ok(send_back(raw, &asked, &error_params(error)))
}

fn error_params(error: &SignInError) -> [(&'static str, String); 2] {
    [("error", error.error.to_owned()), ("error_description", error.description())]
}

/// Sends the browser back to the client, in the way it asked for.
fn send_back(raw: &Raw, asked: &Asked, params: &[(&str, String)]) -> Reply {
    let mut all: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
    all.extend(asked.state.as_deref().map(|s| ("state", s)));
    if asked.response_mode == "form_post" {
        return pages::form_post(raw, &asked.redirect_uri, &all);
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(&all);
    let encoded = encoded.finish();
    let separator = match asked.response_mode.as_str() {
        "fragment" => '#',
        _ if asked.redirect_uri.contains('?') => '&',
        _ => '?',
    };
    let location = format!("{}{separator}{encoded}", asked.redirect_uri);
    // "See other": whatever brought the browser here, it goes on with a GET.
    Reply::empty(StatusCode::SEE_OTHER).with(header::LOCATION, &location)
}
