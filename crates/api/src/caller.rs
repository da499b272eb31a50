//! From the `Authorization` header to the one who calls. A token is verified once and then known by its hash; what its
//! bearer may do is asked of the directory with every use case (decisions.md D11, J1).

use crate::app::App;
use crate::error::Failure;
use axum::http::{HeaderMap, header};
use std::sync::Arc;
use tenure_auth::scopes;
use tenure_auth::token::{self, Claims, Expected};
use tenure_domain::ids::ObjectId;
use tenure_service::Identity;

/// Audiences by which clients name the published API.
const GRAPH_AUDIENCES: [&str; 3] =
    ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"];

/// Who calls, by the bearer token of a request.
pub fn identify(app: &App, headers: &HeaderMap, base: &str) -> Result<Identity, Failure> {
    let refused = |why: &str| Failure::unauthenticated(why, base);
    let text = headers.get(header::AUTHORIZATION).ok_or_else(|| refused("Access token is empty."))?;
    let text = text.to_str().map_err(|_| refused("the Authorization header is not text"))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(|| refused("the Authorization header has no token"))?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(refused("the Authorization header must have the scheme Bearer"));
    }
    let claims = claims(app, token.trim()).map_err(|error| refused(&error.to_string()))?;
    Ok(identity(&claims))
}

fn claims(app: &App, text: &str) -> Result<Arc<Claims>, token::TokenError> {
    let now = app.wall();
    let expected = Expected { tenant: app.tenant().id, audiences: &GRAPH_AUDIENCES, now };
    let known = app.tokens().get(text);
    app.metrics().token(known.is_some());
    if let Some(known) = known {
        token::check(&known, expected)?;
        return Ok(known);
    }
    let claims = token::verify(text, &app.public_keys(), expected)?;
    if !is_our_issuer(app, &claims) {
        return Err(token::TokenError::Audience);
    }
    Ok(app.tokens().put(text, claims, now.as_second()))
}

/// The issuer is one of our own names: `https://host[:port]/{tenant}/v2.0`.
fn is_our_issuer(app: &App, claims: &Claims) -> bool {
    let suffix = format!("/{}/v2.0", claims.tid);
    let base = claims.iss.strip_suffix(&suffix);
    let host = base.and_then(|b| b.split_once("://")).map_or("", |(_, host)| host);
    app.hosts().base(host).is_some()
}

fn identity(claims: &Claims) -> Identity {
    let is_app = claims.idtyp == "app";
    let capabilities = if is_app {
        scopes::capabilities(claims.roles.iter().flatten().map(String::as_str))
    } else {
        scopes::capabilities(claims.scp.iter().flat_map(|s| s.split_whitespace()))
    };
    let client = (!is_app).then_some(claims.appid);
    Identity::Token { principal: ObjectId(claims.oid), is_app, capabilities, epoch: claims.epoch, client }
}
