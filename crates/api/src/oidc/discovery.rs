//! What clients ask before they sign in.

use crate::http::{Raw, Reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

fn answer(body: &Value) -> Reply {
    let reply = Reply::json(StatusCode::OK, body.to_string().into_bytes());
    Reply { content_type: Some("application/json; charset=utf-8"), ..reply }
}

/// The issuer, under the name we were asked for.
pub fn issuer(raw: &Raw) -> String {
    format!("{}/{}/v2.0", raw.base, raw.app.tenant().id)
}

/// Where tokens are fetched, under the name we were asked for.
pub fn token_endpoint(raw: &Raw) -> String {
    format!("{}/{}/oauth2/v2.0/token", raw.base, raw.app.tenant().id)
}

/// Whom an assertion of a client may be meant for: the token endpoint, under every name of the tenant, and the issuer.
pub fn audiences(raw: &Raw) -> Vec<String> {
    let tenant = raw.app.tenant();
    let id = tenant.id.to_string();
    let names = [id.as_str(), "common", "organizations"].into_iter().chain(tenant.domains.iter().map(String::as_str));
    let of = |name: &str| ["oauth2/v2.0/token", "oauth2/token", "v2.0"].map(|end| format!("{}/{name}/{end}", raw.base));
    names.flat_map(of).collect()
}

/// The OpenID Connect discovery document.
pub fn document(raw: &Raw) -> Reply {
    let tenant = raw.app.tenant().id;
    let authority = format!("{}/{tenant}", raw.base);
    answer(&json!({
        "issuer": issuer(raw),
        "authorization_endpoint": format!("{authority}/oauth2/v2.0/authorize"),
        "token_endpoint": token_endpoint(raw),
        "device_authorization_endpoint": format!("{authority}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{authority}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{authority}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt", "none"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", "password",
            "urn:ietf:params:oauth:grant-type:device_code"
        ],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "preferred_username", "name", "tid", "oid", "ver"],
        "tenant_region_scope": null,
        "cloud_instance_name": host(raw),
        "msgraph_host": host(raw),
    }))
}

fn host(raw: &Raw) -> &str {
    raw.base.split_once("://").map_or("", |(_, host)| host)
}

/// The published keys.
pub fn keys(raw: &Raw) -> Reply {
    let keys: Vec<Value> = raw.app.public_keys().iter().map(tenure_auth::PublicKey::to_jwk).collect();
    answer(&json!({ "keys": keys }))
}

/// Which authorities there are: this one.
pub fn instance(raw: &Raw) -> Reply {
    let tenant = raw.app.tenant().id;
    answer(&json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", raw.base),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host(raw),
            "preferred_cache": host(raw),
            "aliases": [host(raw)],
        }],
    }))
}

/// How the accounts of a domain sign in: here, with a password.
pub fn user_realm(raw: &Raw, name: &str) -> Reply {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let domain = name.rsplit_once('@').map_or("", |(_, domain)| domain);
    answer(&json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain,
        "cloud_instance_name": host(raw),
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }))
}

/// What infrastructure tools ask for by `metadata_host` (clients.md 6).
pub fn cloud_metadata(raw: &Raw) -> Reply {
    answer(&json!({
        "name": "Tenure",
        "portal": raw.base,
        "resourceManager": raw.base,
        "microsoftGraphResourceId": format!("{}/", raw.base),
        "graph": raw.base,
        "authentication": {
            "loginEndpoint": raw.base,
            "audiences": [raw.base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {},
    }))
}
