//! Browsers: the session cookie, the guard without which it counts for nothing, and who the browser speaks for
//! (decisions.md K6, K7, R2, R3, R7).
//!
//! A page elsewhere can make a browser send our cookie, but neither the header of the guard nor an origin that is ours.
//! So a request with a cookie and without the guard is a request without a cookie; reads too. There is no CORS.

use crate::app::App;
use crate::caller;
use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::{Value, json};
use tenure_domain::authorize::{Capabilities, HeldIn};
use tenure_service::identity::sessions::{self, Session, WhoAmI};
use tenure_service::{Cost, Ctx, Identity, ServiceError};
use uuid::Uuid;

/// The session cookie. The prefix has browsers take it from us only, over HTTPS only, for the whole host.
pub const COOKIE: &str = "__Host-tenure";
/// Every call of the portal says this.
const GUARD: HeaderName = HeaderName::from_static("x-tenure-request");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Characters of a cookie that can be one of ours.
const COOKIE_CHARS_MAX: usize = 64;

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    let mut pairs = values.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(found, _)| *found == name).map(|(_, value)| value);
    found.filter(|v| !v.is_empty() && v.len() <= COOKIE_CHARS_MAX)
}

/// A cookie as the browser is to keep it.
pub fn set_cookie(name: &str, value: &str, same_site: &str, seconds: Option<i64>) -> String {
    let life = seconds.map_or_else(String::new, |s| format!("; Max-Age={s}"));
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{life}")
}

/// The session cookie of this browser. It ends with the browser at the latest; the server knows when it ends before.
pub fn session_cookie(text: &str) -> String {
    set_cookie(COOKIE, text, "Strict", None)
}

/// A cookie that the browser is to forget.
pub fn forget_cookie(name: &str, same_site: &str) -> String {
    set_cookie(name, "", same_site, Some(0))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|v| v.to_str().unwrap_or_default())
}

/// Whether a cookie that comes with this request may count: it has the guard, and where the browser says where it comes
/// from, that is here.
fn is_guarded(headers: &HeaderMap, base: &str) -> bool {
    text(headers, GUARD) == Some("1")
        && text(headers, header::ORIGIN).is_none_or(|origin| origin == base)
        && text(headers, FETCH_SITE).is_none_or(|site| site == "same-origin")
}

/// Whether a form that was sent may come from one of our pages. They send no referrer, so that browsers write `null` as
/// their origin; those that say more are believed.
pub fn is_own_form(headers: &HeaderMap, base: &str) -> bool {
    match text(headers, FETCH_SITE) {
        Some(site) => ["same-origin", "none"].contains(&site),
        None => text(headers, header::ORIGIN).is_none_or(|origin| origin == base || origin == "null"),
    }
}

/// The session a guarded request comes with, if it is good.
async fn find(app: &App, headers: &HeaderMap, base: &str, id: Uuid) -> Result<Option<Session>, ServiceError> {
    let Some(text) = cookie(headers, COOKIE).filter(|_| is_guarded(headers, base)) else { return Ok(None) };
    let text = text.to_owned();
    let look = move |ctx: &mut Ctx<'_, '_>| sessions::find(ctx, &text);
    let found = app.engine().read(Cost::Small, Identity::System, id, look).await?;
    if let Some(session) = found.as_ref().filter(|s| sessions::must_note(s, app.wall())) {
        let hash = session.hash.clone();
        let note = move |ctx: &mut Ctx<'_, '_>| {
            sessions::note(ctx, &hash);
            Ok(())
        };
        // Who only reads need not wait for a database that takes no writes.
        if let Err(error) = app.engine().write(Identity::System, id, note).await {
            tracing::warn!(%error, "that a person was seen could not be noted");
        }
    }
    Ok(found)
}

/// Who calls by a session: all scopes, the person's rights (decisions.md J1).
pub async fn identify(app: &App, headers: &HeaderMap, base: &str, id: Uuid) -> Result<Option<Identity>, ServiceError> {
    let found = find(app, headers, base, id).await?;
    Ok(found.map(|s| Identity::Token {
        principal: s.user,
        is_app: false,
        capabilities: Capabilities::ALL,
        epoch: s.epoch,
        client: None,
    }))
}

/// Whether a path of the own surface is about the session.
pub fn is_path(path: &str) -> bool {
    ["session", "session/end"].contains(&path.trim_matches('/').to_ascii_lowercase().as_str())
}

/// Answers what is about the session: it is asked by strangers, too.
pub async fn answer(raw: &Raw, path: &str) -> Result<Reply, Failure> {
    let ends = path.trim_matches('/').to_ascii_lowercase().ends_with("/end");
    match (ends, &raw.method) {
        (false, &Method::GET) => show(raw).await,
        (true, &Method::POST) => end(raw).await,
        (false, _) => Err(Failure::method_not_allowed("GET")),
        (true, _) => Err(Failure::method_not_allowed("POST")),
    }
}

async fn show(raw: &Raw) -> Result<Reply, Failure> {
    let stranger = WhoAmI::default();
    let who = match caller::identify(raw).await {
        Err(failure) if failure.status() == StatusCode::UNAUTHORIZED => stranger,
        Err(failure) => return Err(failure),
        Ok(identity) => {
            match raw.app.engine().read(Cost::Small, identity, raw.id, sessions::who_am_i).await {
                // The account was disabled, or all its sessions were ended.
                Err(ServiceError::Unauthenticated(_)) => stranger,
                known => known?,
            }
        }
    };
    let session = if who.user.is_some() { find(&raw.app, &raw.headers, &raw.base, raw.id).await? } else { None };
    let body = shown(raw, &who, session.as_ref());
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

fn shown(raw: &Raw, who: &WhoAmI, session: Option<&Session>) -> Value {
    let user = who.user.as_ref().map(|u| {
        json!({
            "id": u.id,
            "displayName": u.name,
            "userPrincipalName": u.principal_name,
            "mail": u.mail,
        })
    });
    json!({
        "user": user,
        "roles": who.roles.iter().map(|r| json!({ "id": r.id(), "displayName": r.name() })).collect::<Vec<_>>(),
        "entitlementRoles": who.entitlement.iter().map(held).collect::<Vec<_>>(),
        "features": { "demo": raw.app.tenant().is_demo, "clock": raw.app.clock().is_some() },
        "locale": who.user.as_ref().and_then(|u| u.attributes.text("preferredLanguage")),
        "expiresDateTime": session.map(sessions::ends_at),
        "serverVersion": env!("CARGO_PKG_VERSION"),
    })
}

/// A role of entitlement management and where it is held, as role assignments write it.
fn held(held: &HeldIn) -> Value {
    json!({
        "id": held.role.id(),
        "displayName": held.role.name(),
        "appScopeIds": held.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "count": held.count,
    })
}

async fn end(raw: &Raw) -> Result<Reply, Failure> {
    if !is_guarded(&raw.headers, &raw.base) {
        return Err(Failure::unauthenticated("send X-Tenure-Request: 1 from a page of this server", &raw.base));
    }
    if let Some(text) = cookie(&raw.headers, COOKIE) {
        let text = text.to_owned();
        let end = move |ctx: &mut Ctx<'_, '_>| {
            sessions::end(ctx, &text);
            Ok(())
        };
        raw.app.engine().write(Identity::System, raw.id, end).await?;
    }
    Ok(Reply::no_content().with(header::SET_COOKIE, &forget_cookie(COOKIE, "Strict")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const BASE: &str = "https://tenure.example";

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn a_cookie_counts_with_the_guard_and_from_here_only() {
        let guard = ("x-tenure-request", "1");
        for (good, more) in [
            (true, vec![guard]),
            (true, vec![guard, ("origin", BASE)]),
            (true, vec![guard, ("sec-fetch-site", "same-origin")]),
            (false, vec![]),
            (false, vec![("x-tenure-request", "0")]),
            (false, vec![("x-tenure-request", "1, 1")]),
            (false, vec![("origin", BASE), ("sec-fetch-site", "same-origin")]),
            (false, vec![guard, ("origin", "https://evil.example")]),
            (false, vec![guard, ("origin", "http://tenure.example")]),
            (false, vec![guard, ("origin", "https://tenure.example:8443")]),
            (false, vec![guard, ("origin", "null")]),
            (false, vec![guard, ("sec-fetch-site", "same-site")]),
            (false, vec![guard, ("sec-fetch-site", "cross-site")]),
            (false, vec![guard, ("sec-fetch-site", "none")]),
            (false, vec![guard, ("origin", BASE), ("sec-fetch-site", "cross-site")]),
        ] {
            assert_eq!(is_guarded(&headers(&more), BASE), good, "{more:?}");
        }
    }

    #[test]
    fn the_first_cookie_of_that_very_name_is_taken() {
        let all = headers(&[("cookie", "a=1; __Host-tenure=x; __Host-tenure=y"), ("cookie", "b=2")]);
        assert_eq!((cookie(&all, COOKIE), cookie(&all, "b"), cookie(&all, "tenure")), (Some("x"), Some("2"), None));
        assert_eq!(cookie(&headers(&[("cookie", "__Host-tenure=")]), COOKIE), None);
        assert_eq!(cookie(&headers(&[("cookie", "__host-tenure=x")]), COOKIE), None);
    }

    #[test]
    fn forms_of_other_sites_are_told_from_ours() {
        for (own, more) in [
            (true, vec![]),
            (true, vec![("origin", "null")]),
            (true, vec![("origin", BASE)]),
            (true, vec![("origin", "null"), ("sec-fetch-site", "same-origin")]),
            (false, vec![("origin", "https://evil.example")]),
            (false, vec![("origin", "null"), ("sec-fetch-site", "cross-site")]),
            (false, vec![("sec-fetch-site", "same-site")]),
        ] {
            assert_eq!(is_own_form(&headers(&more), BASE), own, "{more:?}");
        }
    }
}
