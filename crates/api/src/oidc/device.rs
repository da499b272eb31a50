//! Device codes (RFC 8628): a device shows a code, a person types it on a page and signs in there.

use super::failure::SignInError;
use super::form::Form;
use super::grants::{self, DeviceData};
use super::pages;
use super::signin::{self, Credentials, Purpose};
use super::tokens::{Refused, find_client};
use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tenure_auth::secret;
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_domain::time::plus_seconds;
use tenure_service::identity::artifacts::{self, Artifact, ArtifactKind};
use tenure_service::identity::clients::Client;
use tenure_service::{Cost, Ctx, Identity, ServiceError};

/// Seconds a code is good.
const CODE_SECONDS: i64 = 900;
/// Seconds between two questions of the device.
const INTERVAL_SECONDS: i64 = 2;

/// What a code that was typed belongs to.
pub struct Asked {
    /// The client that shows it.
    pub client: Client,
    /// What it wants.
    pub scope: String,
}

/// Under which hash a code that people type is kept.
fn typed_hash(user_code: &str) -> Vec<u8> {
    secret::hash(&format!("device:{}", secret::normal_user_code(user_code)))
}

/// A device begins.
pub async fn begin(raw: &Raw) -> Result<Reply, Failure> {
    match codes(raw, &Form::of_body(raw)).await {
        Ok(body) => Ok(Reply {
            content_type: Some("application/json; charset=utf-8"),
            ..Reply::json(StatusCode::OK, body.to_string().into_bytes())
        }),
        Err(refused) => refused.reply(raw),
    }
}

async fn codes(raw: &Raw, form: &Form) -> Result<serde_json::Value, Refused> {
    let client = find_client(raw, form.get("client_id")).await?;
    if !client.is_public {
        return Err(SignInError::secret_missing().into());
    }
    let scope = form.get("scope").ok_or_else(|| SignInError::missing("scope"))?;
    grants::wanted(raw, Some(scope))?;
    let mut entropy = raw.app.engine().entropy();
    let device_code = secret::generate(&mut *entropy);
    let user_code = secret::user_code(&mut *entropy);
    let expires_at = plus_seconds(raw.app.wall(), CODE_SECONDS);
    let data = DeviceData { scope: scope.to_owned(), declined: false };
    let artifact = |hash: Vec<u8>, kind, data: String| Artifact {
        hash,
        kind,
        client: client.principal,
        principal: None,
        data,
        family: Some(raw.app.engine().new_id()),
        expires_at,
        used_at: None,
    };
    let hash = secret::hash(&device_code);
    let by_code = json!({ "device": STANDARD.encode(&hash), "app": client.app_id });
    let kept = [
        artifact(hash, ArtifactKind::Device, json!(data).to_string()),
        artifact(typed_hash(&user_code), ArtifactKind::Ticket, by_code.to_string()),
    ];
    let keep = move |ctx: &mut Ctx<'_, '_>| {
        for artifact in &kept {
            artifacts::keep(ctx, artifact);
        }
        Ok(())
    };
    raw.app.engine().write(Identity::System, raw.id, keep).await?;
    let page = format!("{}/{}/oauth2/v2.0/deviceauth", raw.base, raw.app.tenant().id);
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
    );
    Ok(json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": CODE_SECONDS,
        "interval": INTERVAL_SECONDS,
        "message": message,
    }))
}

/// The device's artifact behind a code that was typed, if it still waits.
async fn waiting(raw: &Raw, user_code: &str) -> Result<Option<(Artifact, uuid::Uuid)>, ServiceError> {
    let hash = typed_hash(user_code);
    let look = move |ctx: &mut Ctx<'_, '_>| {
        let Some(typed) = artifacts::look_by_hash(ctx, ArtifactKind::Ticket, &hash)? else { return Ok(None) };
        let data: serde_json::Value = serde_json::from_str(&typed.data).unwrap_or_default();
        let text = |name| data.get(name).and_then(serde_json::Value::as_str);
        let device = text("device").and_then(|d| STANDARD.decode(d).ok()).unwrap_or_default();
        let app = text("app").and_then(|a| uuid::Uuid::parse_str(a).ok()).unwrap_or_default();
        let found = artifacts::look_by_hash(ctx, ArtifactKind::Device, &device)?;
        Ok(found.filter(|a| a.principal.is_none()).map(|a| (a, app)))
    };
    raw.app.engine().read(Cost::Small, Identity::System, raw.id, look).await
}

/// What a code that was typed belongs to.
pub async fn asked(raw: &Raw, user_code: &str) -> Result<Asked, Failure> {
    let unknown = || Failure::new(StatusCode::BAD_REQUEST, "BadRequest", "That code is not known, or has expired.");
    let (artifact, app) = waiting(raw, user_code).await?.ok_or_else(unknown)?;
    let data = DeviceData::parse(&artifact.data)?;
    if data.declined {
        return Err(unknown());
    }
    Ok(Asked { client: signin::client(raw, Some(&app.to_string())).await?, scope: data.scope })
}

/// The page: first the code, then name and password; both may come at once.
pub async fn page(raw: &Raw) -> Result<Reply, Failure> {
    let form = if raw.method == Method::POST { Form::of_body(raw) } else { Form::of_query(raw) };
    let Some(user_code) = form.get("user_code") else { return Ok(pages::device_code(raw, None)) };
    let user_code = secret::normal_user_code(user_code);
    if waiting(raw, &user_code).await?.is_none() {
        let fault = "That code is not known, or has expired. Look at your device again.";
        return Ok(pages::device_code(raw, Some(fault)));
    }
    let visit = signin::visit(raw, Purpose::Device { user_code }).await?;
    let (Some(name), Some(password)) = (form.get("username"), form.get("password")) else {
        return Ok(pages::sign_in(raw, &visit, None));
    };
    if raw.method != Method::POST {
        return Ok(pages::sign_in(raw, &visit, None));
    }
    let credentials = Credentials { name: name.to_owned(), password: password.to_owned() };
    let signed_in = signin::check(raw, credentials).await?;
    signin::proceed(raw, visit, signed_in).await
}

async fn settle(raw: &Raw, user_code: &str, person: Option<ObjectId>, declined: bool) -> Result<bool, Failure> {
    let Some((artifact, _)) = waiting(raw, user_code).await? else { return Ok(false) };
    let data = DeviceData { declined, ..DeviceData::parse(&artifact.data)? };
    let fill = move |ctx: &mut Ctx<'_, '_>| {
        artifacts::fill(ctx, &artifact.hash, person, &json!(data).to_string());
        Ok(())
    };
    raw.app.engine().write(Identity::System, raw.id, fill).await?;
    Ok(true)
}

/// The person has signed in: the device may go on.
pub async fn approve(raw: &Raw, user_code: &str, user: &User, client: &Client) -> Result<Reply, Failure> {
    if settle(raw, user_code, Some(user.id), false).await? {
        Ok(pages::device_done(raw, &client.name))
    } else {
        Ok(pages::over(raw))
    }
}

/// The person said no: the device is told so.
pub async fn decline(raw: &Raw, user_code: &str) -> Result<Reply, Failure> {
    settle(raw, user_code, None, true).await?;
    Ok(pages::device_declined(raw))
}
