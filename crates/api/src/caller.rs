//! From the `Authorization` header, or else the session cookie, to the one who calls. A token is verified once and then
//! known by its hash; what its bearer may do is asked of the directory with every use case (decisions.md D11, J1).

use crate::app::App;
use crate::error::Failure;
use crate::http::Raw;
use crate::outside::{AccessTokens, Issuer, OutsideError};
use crate::session;
use axum::http::header;
use std::sync::Arc;
use tenure_auth::scopes;
use tenure_auth::token::{self, Claims, Expected};
use tenure_domain::ids::ObjectId;
use tenure_service::identity::outside;
use tenure_service::{Cost, Ctx, Identity};

/// Audiences by which clients name the published API.
const GRAPH_AUDIENCES: [&str; 3] =
    ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"];

/// Who calls: by the bearer token of a request, and by its session only when there is none.
pub async fn identify(raw: &Raw) -> Result<Identity, Failure> {
    let app = &raw.app;
    let refused = |why: &str| Failure::unauthenticated(why, &raw.base);
    let Some(text) = raw.headers.get(header::AUTHORIZATION) else {
        let session = session::identify(app, &raw.headers, &raw.base, raw.id).await?;
        return session.ok_or_else(|| refused("Access token is empty."));
    };
    let text = text.to_str().map_err(|_| refused("the Authorization header is not text"))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(|| refused("the Authorization header has no token"))?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(refused("the Authorization header must have the scheme Bearer"));
    }
    let token = token.trim();
    let known = app.tokens().get(token);
    if known.is_none()
        && let Some(issuer) = app.outside().of_access_token(token)
    {
        return by_foreign_token(raw, issuer, token).await;
    }
    Ok(known_to_us(app, token, known).map_err(|error| refused(&error.to_string()))?.identity)
}

/// A token of ours whose signature was verified, and whom its claims name.
pub struct Known {
    claims: Claims,
    identity: Identity,
}

/// Who calls by an access token of an issuer outside: the person it is linked to, within what the configuration makes of
/// its scopes (docs/adr/0009-external-access-tokens.md). The link is read each time, so that it ends at once.
async fn by_foreign_token(raw: &Raw, issuer: (&Issuer, &AccessTokens), token: &str) -> Result<Identity, Failure> {
    let (app, now) = (&raw.app, raw.app.wall());
    let refused = |why: &str| Failure::unauthenticated(why, &raw.base);
    let known = app.foreign_tokens().get(token).filter(|known| known.until > now.as_second());
    let verified = match known {
        Some(known) => known,
        None => match app.outside().access(issuer, token, now).await {
            Ok(verified) => {
                let until = verified.until;
                app.foreign_tokens().put(token, verified, (until, now.as_second()))
            }
            Err(OutsideError::Token(error)) => return Err(refused(&error.to_string())),
            Err(OutsideError::Unavailable) => {
                return Err(Failure::unavailable("the issuer of the token cannot be asked for its keys now"));
            }
        },
    };
    let (asked, capabilities) = (verified.clone(), verified.capabilities);
    let find = move |ctx: &mut Ctx<'_, '_>| outside::bearer(ctx, &asked.issuer, &asked.subject, asked.issued_at);
    let bearer = app.engine().read(Cost::Small, Identity::System, raw.id, find).await?;
    let bearer =
        bearer.ok_or_else(|| refused("the token is linked to no account here, or was revoked; sign in again"))?;
    Ok(Identity::Token { principal: bearer.user, is_app: false, capabilities, epoch: bearer.epoch, client: None })
}

fn known_to_us(app: &App, text: &str, known: Option<Arc<Known>>) -> Result<Arc<Known>, token::TokenError> {
    let now = app.wall();
    let expected = Expected { tenant: app.tenant().id, audiences: &GRAPH_AUDIENCES, now };
    app.metrics().token(known.is_some());
    if let Some(known) = known {
        token::check(&known.claims, expected)?;
        return Ok(known);
    }
    let claims = token::verify(text, &app.public_keys(), expected)?;
    if !is_our_issuer(app, &claims) {
        return Err(token::TokenError::Audience);
    }
    let (until, identity) = (claims.exp, identity(&claims));
    Ok(app.tokens().put(text, Known { claims, identity }, (until, now.as_second())))
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
