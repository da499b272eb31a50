//! **Room: the authority.** Signs people and applications in by OAuth 2.0 and OpenID Connect, on the paths and with the
//! error numbers that official clients know (clients.md 2; decisions.md K). The pages need no script.

mod addresses;
mod authorize;
mod device;
mod discovery;
mod failure;
mod form;
mod grants;
mod pages;
mod portal;
mod provider;
mod setup;
mod signin;
mod tokens;

pub use addresses::Addresses;

use crate::error::Failure;
use crate::http::{Raw, Reply};
use axum::http::Method;
use failure::SignInError;

/// Answers everything that is not the API.
pub async fn route(raw: &Raw) -> Result<Reply, Failure> {
    let path = raw.path.trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let lower: Vec<String> = segments.iter().map(|s| s.to_ascii_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    let (get, post) = (raw.method == Method::GET, raw.method == Method::POST);
    match names.as_slice() {
        ["common", "discovery", "instance"] if get => return Ok(discovery::instance(raw)),
        ["common", "userrealm", _] if get => return Ok(discovery::user_realm(raw, segments.last().unwrap_or(&""))),
        ["metadata", "endpoints"] if get => return Ok(discovery::cloud_metadata(raw)),
        ["setup"] if get || post => return setup::answer(raw).await,
        ["signin"] if get || post => return portal::answer(raw).await,
        ["signin", name] if get => return provider::begin(raw, name).await,
        ["signin", name, "callback"] if get => return provider::callback(raw, name).await,
        _ => {}
    }
    let Some((tenant, rest)) = names.split_first() else { return Err(Failure::unknown_route(&raw.path)) };
    if !is_known(rest) {
        return Err(Failure::unknown_route(&raw.path));
    }
    raw.seen.route(route_name(rest));
    if !is_tenant(raw, tenant) {
        return Ok(SignInError::unknown_tenant(segments.first().unwrap_or(&"")).reply(raw));
    }
    match rest {
        ["v2.0", ".well-known", "openid-configuration"] | [".well-known", "openid-configuration"] if get => {
            Ok(discovery::document(raw))
        }
        ["discovery", "v2.0", "keys"] | ["discovery", "keys"] if get => Ok(discovery::keys(raw)),
        ["oauth2", "v2.0", "token"] if post => tokens::answer(raw).await,
        ["oauth2", "v2.0", "devicecode"] if post => device::begin(raw).await,
        ["oauth2", "v2.0", "authorize"] if get || post => authorize::answer(raw).await,
        ["oauth2", "v2.0", "continue"] if post => signin::go_on(raw).await,
        ["oauth2", "v2.0", "deviceauth"] if get || post => device::page(raw).await,
        ["oauth2", "v2.0", "logout"] if get || post => Ok(pages::signed_out(raw)),
        _ => Err(Failure::method_not_allowed(if rest.last() == Some(&"token") { "POST" } else { "GET, POST" })),
    }
}

/// Whether these segments after the tenant lead anywhere.
fn is_known(rest: &[&str]) -> bool {
    matches!(
        rest,
        ["v2.0", ".well-known", "openid-configuration"]
            | [".well-known", "openid-configuration"]
            | ["discovery", "v2.0", "keys"]
            | ["discovery", "keys"]
            | ["oauth2", "v2.0", "token" | "devicecode" | "authorize" | "continue" | "deviceauth" | "logout"]
    )
}

/// What the log and the metrics call such a path: they have no use for the tenant in it.
fn route_name(rest: &[&str]) -> &'static str {
    const NAMES: [&str; 8] =
        ["token", "authorize", "continue", "devicecode", "deviceauth", "logout", "keys", "openid-configuration"];
    NAMES.into_iter().find(|name| rest.last() == Some(name)).unwrap_or("sign-in")
}

/// Whether a path segment names our tenant: its id, a verified domain, or one of the words that mean any.
fn is_tenant(raw: &Raw, name: &str) -> bool {
    let tenant = raw.app.tenant();
    let is_id = uuid::Uuid::parse_str(name).is_ok_and(|id| id == tenant.id);
    is_id || ["common", "organizations"].contains(&name) || tenant.domains.iter().any(|d| d.eq_ignore_ascii_case(name))
}
