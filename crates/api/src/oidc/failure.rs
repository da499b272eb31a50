//! Refused sign-ins, with the numbers and words by which clients tell them apart (clients.md 2).

use crate::http::{Raw, Reply};
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

/// A refused sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInError {
    status: StatusCode,
    /// The word of the protocol.
    pub error: &'static str,
    /// The number clients and people look up.
    number: u32,
    /// What is wrong, and what to do.
    pub message: String,
    suberror: Option<&'static str>,
}

/// What can be refused, one line each.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) = $status:ident, $error:literal, $number:literal, $message:literal;)+) => {
        impl SignInError {$(
            $(#[$doc])*
            pub fn $name($($arg: impl std::fmt::Display),*) -> Self {
                Self { status: StatusCode::$status, error: $error, number: $number, message: format!($message), suberror: None }
            }
        )+}
    };
}

refusals! {
    /// The path names another tenant.
    unknown_tenant(name) = BAD_REQUEST, "invalid_tenant", 90_002, "Tenant '{name}' not found. Use the tenant's id, one of its domains, common or organizations.";
    /// A parameter is missing.
    missing(name) = BAD_REQUEST, "invalid_request", 900_144, "The request must contain the parameter '{name}'.";
    /// A parameter says something that cannot be.
    wrong(name, why) = BAD_REQUEST, "invalid_request", 9_002_313, "The parameter '{name}' is not acceptable: {why}.";
    /// The grant type is not known.
    grant_type(name) = BAD_REQUEST, "unsupported_grant_type", 70_003, "The grant type '{name}' is not supported here.";
    /// There is no such client.
    unknown_client(id) = BAD_REQUEST, "unauthorized_client", 700_016, "Application with identifier '{id}' was not found in the directory.";
    /// The client is switched off.
    disabled_client(id) = BAD_REQUEST, "unauthorized_client", 7_000_112, "Application '{id}' is disabled.";
    /// The client has a secret and did not send it.
    secret_missing() = UNAUTHORIZED, "invalid_client", 7_000_218, "The request must contain 'client_secret': this application is not a public client.";
    /// The secret is wrong or has ended.
    secret_wrong(id) = UNAUTHORIZED, "invalid_client", 7_000_215, "Invalid client secret provided for application '{id}'. Send the secret's text, not its id, and check that it has not expired.";
    /// The scope is one of another API.
    resource(name) = BAD_REQUEST, "invalid_resource", 500_011, "The resource principal named {name} was not found in the tenant. Tokens are for https://graph.microsoft.com, which this server's own address stands for, too.";
    /// The assertion is signed by a certificate the client has not registered, or not at all by it.
    assertion_key(id) = UNAUTHORIZED, "invalid_client", 700_027, "The signature of the client assertion is not by a certificate that is registered for application '{id}' and valid now. Name the certificate in the header (x5t or x5t#S256), sign with RS256 or PS256, and register it in keyCredentials.";
    /// The assertion speaks of another client.
    assertion_client(id) = UNAUTHORIZED, "invalid_client", 700_021, "The 'iss' and 'sub' of the client assertion must both be the client id '{id}'.";
    /// The assertion is meant for somebody else.
    assertion_audience(endpoint) = UNAUTHORIZED, "invalid_client", 700_023, "The 'aud' of the client assertion must be the token endpoint, {endpoint}.";
    /// The assertion has ended, or is not yet good, or is good for too long.
    assertion_time(hours) = UNAUTHORIZED, "invalid_client", 700_024, "The client assertion is not within its valid time range. It needs 'exp', at most {hours} hours ahead, and 'nbf' and 'iat' may not lie ahead.";
    /// The assertion cannot be read.
    assertion_form() = BAD_REQUEST, "invalid_request", 50_027, "The client assertion is not a JWT with RS256 or PS256.";
    /// A scope that does not exist.
    scope(name) = BAD_REQUEST, "invalid_scope", 70_011, "The scope '{name}' is not valid.";
    /// An application asks for single permissions.
    scope_of_app(name) = BAD_REQUEST, "invalid_scope", 1_002_012, "The scope '{name}' is not valid for client credentials: ask for https://graph.microsoft.com/.default.";
    /// Name or password is wrong.
    password() = BAD_REQUEST, "invalid_grant", 50_126, "Error validating credentials due to invalid username or password.";
    /// Too many failures.
    locked() = BAD_REQUEST, "invalid_grant", 50_053, "The account is locked for a while because of too many failed sign-ins.";
    /// The password must be replaced first.
    must_change() = BAD_REQUEST, "invalid_grant", 50_055, "The password is expired: sign in on a page once and set a new one.";
    /// The account is blocked.
    disabled() = BAD_REQUEST, "invalid_grant", 50_057, "The user account is disabled.";
    /// The client was not given what it asks for.
    consent(client, scopes) = BAD_REQUEST, "invalid_grant", 65_001, "The user or administrator has not consented to use the application '{client}' with: {scopes}. Sign in interactively to consent.";
    /// Names and passwords are only taken on pages.
    no_password_grant() = BAD_REQUEST, "unauthorized_client", 7_000_014, "The password grant is switched off in this tenant; sign in with a device code or in a browser.";
    /// A code or token that is unknown, has ended or belongs to another client.
    grant(what) = BAD_REQUEST, "invalid_grant", 70_000, "The provided {what} is not valid or has expired.";
    /// A refresh token or code that was used before.
    reused() = BAD_REQUEST, "invalid_grant", 54_005, "It was used before; all tokens that came from the same sign-in are withdrawn. Sign in again.";
    /// The person may no longer sign in.
    revoked() = BAD_REQUEST, "invalid_grant", 50_173, "The grant was revoked: sign in again.";
    /// The proof key does not fit.
    verifier() = BAD_REQUEST, "invalid_grant", 501_481, "The code_verifier does not match the code_challenge of the authorization request.";
    /// Not yet.
    pending() = BAD_REQUEST, "authorization_pending", 70_016, "The person has not signed in yet; ask again in a few seconds.";
    /// The person said no.
    declined() = BAD_REQUEST, "authorization_declined", 70_018, "The person declined.";
    /// Too late.
    device_expired() = BAD_REQUEST, "expired_token", 70_020, "The device code has expired: start again.";
    /// The redirect address is not registered.
    redirect(url) = BAD_REQUEST, "invalid_request", 50_011, "The redirect URI '{url}' does not match one registered for the application.";
    /// There is nobody signed in, and no page may be shown.
    login_required() = BAD_REQUEST, "login_required", 50_058, "Nobody is signed in here, and prompt=none forbids to ask.";
    /// The person or the administrator did not consent.
    denied() = BAD_REQUEST, "access_denied", 65_004, "The person declined to consent to access the application.";
    /// Too much at once.
    busy() = SERVICE_UNAVAILABLE, "temporarily_unavailable", 90_033, "The service is busy; try again in a moment.";
}

impl SignInError {
    /// Consent is missing; clients look for the word beside the error.
    pub fn consent_required(client: &str, scopes: &str) -> Self {
        Self { suberror: Some("consent_required"), ..Self::consent(client, scopes) }
    }

    /// What a page tells the person who signs in; clients get the published text.
    pub fn for_people(&self) -> &str {
        match self.number {
            50_126 => "The user name or the password is not right.",
            50_053 => "Too many tries have failed. Wait a few minutes, then try again.",
            50_057 => "This account is blocked. Ask your administrator.",
            _ => &self.message,
        }
    }

    /// `AADSTS50126: …`
    pub fn description(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.message)
    }

    /// As the token endpoint answers.
    pub fn reply(&self, raw: &Raw) -> Reply {
        let wall = raw.app.wall();
        let timestamp = wall.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let correlation = raw
            .headers
            .get("client-request-id")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| Uuid::parse_str(v).ok())
            .unwrap_or(raw.id);
        let trace = raw.id;
        let description =
            format!("{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}", self.description());
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        if let (Some(body), Some(suberror)) = (body.as_object_mut(), self.suberror) {
            body.insert("suberror".to_owned(), json!(suberror));
        }
        let reply = Reply {
            content_type: Some("application/json; charset=utf-8"),
            ..Reply::json(self.status, body.to_string().into_bytes())
        };
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            reply.with(axum::http::header::RETRY_AFTER, "2")
        } else {
            reply
        }
    }
}
