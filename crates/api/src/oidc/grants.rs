//! What a sign-in ends in: scopes that were consented to, and tokens.

use super::discovery::issuer;
use super::failure::SignInError;
use super::tokens::Refused;
use crate::http::Raw;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_auth::scopes::{self, PROTOCOL_SCOPES};
use tenure_auth::{Claims, secret, token};
use tenure_domain::Timestamp;
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{ACCESS_TOKEN_LIFE_MAX_SECONDS, ACCESS_TOKEN_LIFE_MIN_SECONDS, REFRESH_LIFE_DAYS};
use tenure_domain::time::plus_seconds;
use tenure_service::identity::artifacts::{self, Artifact, ArtifactKind};
use tenure_service::identity::clients::Client;
use tenure_service::identity::consent::{self, Scopes, Wanted};
use tenure_service::{Cost, Identity, ServiceError};
use uuid::Uuid;

/// The one API that tokens are for.
const AUDIENCE: &str = "https://graph.microsoft.com";

/// What an authorization code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeData {
    /// Where it was sent.
    pub redirect_uri: String,
    /// What was asked for.
    pub scope: String,
    /// The proof key's challenge.
    pub challenge: Option<String>,
    /// The client's number, given back in the id token.
    pub nonce: Option<String>,
}

/// What a device code stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceData {
    /// What was asked for.
    pub scope: String,
    /// The person said no.
    #[serde(default)]
    pub declined: bool,
}

fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, ServiceError> {
    serde_json::from_str(text).map_err(|_| ServiceError::Internal("kept data cannot be read".to_owned()))
}

impl CodeData {
    /// From what was kept.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        parsed(text)
    }
}

impl DeviceData {
    /// From what was kept.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        parsed(text)
    }
}

/// The scope that a refresh token was handed out for.
pub fn refresh_scope(data: &str) -> Result<String, ServiceError> {
    parsed(data)
}

/// Names of the one API, besides our own addresses.
const API_NAMES: [&str; 3] =
    ["graph.microsoft.com", "00000003-0000-0000-c000-000000000000", "api://00000003-0000-0000-c000-000000000000"];

/// Whether a scope is one of our API: bare, or behind a name of it. `https://host/.default` is `.default`.
pub fn is_ours(raw: &Raw, scope: &str) -> bool {
    let Some((resource, _)) = scope.rsplit_once('/') else { return true };
    let name = resource.trim_end_matches('/');
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    API_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) || raw.app.hosts().base(name).is_some()
}

/// What a scope parameter asks for; names that do not exist, and those of other APIs, are refused.
pub fn wanted(raw: &Raw, scope: Option<&str>) -> Result<Wanted, SignInError> {
    if let Some(other) = scope.into_iter().flat_map(str::split_whitespace).find(|s| !is_ours(raw, s)) {
        return Err(SignInError::resource(other));
    }
    let wanted = consent::wanted(scope.unwrap_or(scopes::DEFAULT));
    match wanted.unknown.first() {
        Some(name) => Err(SignInError::scope(name)),
        None => Ok(wanted),
    }
}

/// What a client was given for a person, and what it asks for beyond that.
pub async fn given(
    raw: &Raw,
    client: ObjectId,
    person: ObjectId,
    wanted: &Wanted,
) -> Result<(Scopes, Scopes), ServiceError> {
    let read = move |ctx: &mut tenure_service::Ctx<'_, '_>| consent::granted(ctx, client, person);
    let all = raw.app.engine().read(Cost::Small, Identity::System, raw.id, read).await?;
    let given: Scopes = all.into_iter().filter(|n| !PROTOCOL_SCOPES.contains(&n.as_str())).collect();
    let missing: Scopes = wanted.named.difference(&given).cloned().collect();
    let used = if wanted.all_given { given } else { wanted.named.clone() };
    Ok((used, missing))
}

/// The scopes of a token for a person, when all of them were consented to.
pub async fn consented(raw: &Raw, client: &Client, person: ObjectId, wanted: &Wanted) -> Result<Scopes, Refused> {
    let (used, missing) = given(raw, client.principal, person, wanted).await?;
    if missing.is_empty() && !(wanted.all_given && used.is_empty()) {
        return Ok(used);
    }
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    let names = if names.is_empty() { scopes::DEFAULT.to_owned() } else { names.join(" ") };
    Err(SignInError::consent_required(&client.app_id.to_string(), &names).into())
}

/// When a token that is issued now ends: somewhere in the allowed span, so that not all end at once.
fn life(raw: &Raw) -> (Timestamp, i64) {
    let mut byte = [0_u8; 2];
    raw.app.engine().entropy().fill(&mut byte);
    let span = ACCESS_TOKEN_LIFE_MAX_SECONDS - ACCESS_TOKEN_LIFE_MIN_SECONDS;
    let seconds = ACCESS_TOKEN_LIFE_MIN_SECONDS + i64::from(u16::from_be_bytes(byte)) % (span + 1);
    (raw.app.wall(), seconds)
}

fn sign<T: Serialize>(raw: &Raw, claims: &T) -> Result<String, ServiceError> {
    let keys = raw.app.keys();
    let key =
        keys.current(raw.app.wall()).ok_or_else(|| ServiceError::Internal("there is no signing key".to_owned()))?;
    Ok(token::sign(key, claims)?)
}

fn claims(raw: &Raw, client: &Client, principal: ObjectId, (now, seconds): (Timestamp, i64)) -> Claims {
    Claims {
        aud: AUDIENCE.to_owned(),
        iss: issuer(raw),
        iat: now.as_second(),
        nbf: now.as_second(),
        exp: now.as_second() + seconds,
        tid: raw.app.tenant().id,
        oid: principal.0,
        sub: principal.to_string(),
        appid: client.app_id,
        idtyp: String::new(),
        roles: None,
        scp: None,
        name: None,
        upn: None,
        epoch: 0,
        uti: raw.app.engine().new_id(),
        ver: "1.0".to_owned(),
    }
}

/// The answer to an application that signs in by itself.
pub fn app_token(raw: &Raw, client: &Client, roles: Vec<String>) -> Result<Value, ServiceError> {
    let life = life(raw);
    let claims = Claims { idtyp: "app".to_owned(), roles: Some(roles), ..claims(raw, client, client.principal, life) };
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": life.1,
        "ext_expires_in": life.1,
        "access_token": sign(raw, &claims)?,
    }))
}

/// What tokens for a person are issued for.
pub struct Issue<'a> {
    /// The client.
    pub client: &'a Client,
    /// The person.
    pub user: &'a User,
    /// What the access token allows.
    pub scopes: &'a Scopes,
    /// What was asked for.
    pub wanted: &'a Wanted,
    /// The client's number.
    pub nonce: Option<&'a str>,
    /// The sign-in all tokens descend from.
    pub family: Uuid,
}

/// The answer to a client that signed a person in.
pub async fn user_tokens(raw: &Raw, issue: &Issue<'_>) -> Result<Value, ServiceError> {
    let life = life(raw);
    let (user, client) = (issue.user, issue.client);
    let joined = issue.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let access = Claims {
        idtyp: "user".to_owned(),
        scp: Some(joined),
        name: Some(user.name.clone()),
        upn: Some(user.principal_name.clone()),
        epoch: user.token_epoch,
        ..claims(raw, client, user.id, life)
    };
    let tenant = raw.app.tenant().id;
    let info = json!({ "uid": user.id, "utid": tenant }).to_string();
    let mut answer = json!({
        "token_type": "Bearer",
        "scope": shown_scope(issue),
        "expires_in": life.1,
        "ext_expires_in": life.1,
        "access_token": sign(raw, &access)?,
        "client_info": URL_SAFE_NO_PAD.encode(info),
    });
    let id_token = if issue.wanted.openid { Some(sign(raw, &id_claims(raw, issue, life))?) } else { None };
    let refresh = if issue.wanted.offline { Some(keep_refresh(raw, issue).await?) } else { None };
    if let Some(answer) = answer.as_object_mut() {
        answer.extend(id_token.map(|t| ("id_token".to_owned(), json!(t))));
        answer.extend(refresh.map(|t| ("refresh_token".to_owned(), json!(t))));
    }
    Ok(answer)
}

/// The scopes as clients remember them: what they asked for, and what they got.
fn shown_scope(issue: &Issue<'_>) -> String {
    let mut all: Vec<String> = issue.scopes.iter().map(|name| format!("{AUDIENCE}/{name}")).collect();
    if issue.wanted.all_given {
        all.push(format!("{AUDIENCE}/{}", scopes::DEFAULT));
    }
    if issue.wanted.openid {
        all.extend(["openid", "profile"].map(ToOwned::to_owned));
    }
    all.extend(issue.wanted.offline.then(|| "offline_access".to_owned()));
    all.join(" ")
}

fn id_claims(raw: &Raw, issue: &Issue<'_>, (now, seconds): (Timestamp, i64)) -> Value {
    let user = issue.user;
    let mut claims = json!({
        "aud": issue.client.app_id,
        "iss": issuer(raw),
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": now.as_second() + seconds,
        "name": user.name,
        "oid": user.id,
        "preferred_username": user.principal_name,
        "sub": user.id,
        "tid": raw.app.tenant().id,
        "uti": raw.app.engine().new_id(),
        "ver": "2.0",
    });
    if let (Some(claims), Some(nonce)) = (claims.as_object_mut(), issue.nonce) {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    claims
}

async fn keep_refresh(raw: &Raw, issue: &Issue<'_>) -> Result<String, ServiceError> {
    let text = secret::generate(&mut *raw.app.engine().entropy());
    let named = issue.wanted.named.iter().cloned();
    let default = issue.wanted.all_given.then(|| scopes::DEFAULT.to_owned());
    let openid = issue.wanted.openid.then(|| "openid".to_owned());
    let scope = named.chain(default).chain(openid).collect::<Vec<_>>().join(" ");
    let artifact = Artifact {
        hash: secret::hash(&text),
        kind: ArtifactKind::Refresh,
        client: issue.client.principal,
        principal: Some(issue.user.id),
        data: Value::String(scope).to_string(),
        family: Some(issue.family),
        expires_at: plus_seconds(raw.app.wall(), REFRESH_LIFE_DAYS * 86_400),
        used_at: None,
    };
    keep(raw, artifact).await?;
    Ok(text)
}

/// Keeps something that was handed out.
pub async fn keep(raw: &Raw, artifact: Artifact) -> Result<(), ServiceError> {
    let keep = move |ctx: &mut tenure_service::Ctx<'_, '_>| {
        artifacts::keep(ctx, &artifact);
        Ok(())
    };
    raw.app.engine().write(Identity::System, raw.id, keep).await
}
