//! Tokens: compact JWS with RS256 and nothing else, so that no header can choose how it is checked (decisions.md K1).

use crate::CryptoError;
use crate::jws::{Jws, SKEW_SECONDS};
use crate::key::{PublicKey, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tenure_domain::Timestamp;
use uuid::Uuid;

/// Claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whom it is for.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// Good from, seconds.
    pub nbf: i64,
    /// Good until, seconds.
    pub exp: i64,
    /// The tenant.
    pub tid: Uuid,
    /// The user, or the service principal of an app.
    pub oid: Uuid,
    /// The same; one subject per principal.
    pub sub: String,
    /// The client.
    pub appid: Uuid,
    /// `app` or `user`.
    pub idtyp: String,
    /// App permissions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roles: Option<Vec<String>>,
    /// Delegated scopes, with blanks between them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scp: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// User principal name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upn: Option<String>,
    /// The epoch of the account; older ones are no longer good (decisions.md K2).
    #[serde(default)]
    pub epoch: i64,
    /// The id of this token.
    pub uti: Uuid,
    /// The version of the layout.
    pub ver: String,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It has not the form of a token.
    #[error("the token is malformed")]
    Malformed,
    /// Its key is unknown or its signature wrong.
    #[error("the signature of the token is not ours")]
    Signature,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// It is not yet good.
    #[error("the token is not yet valid")]
    NotYet,
    /// It is for somebody else.
    #[error("the token is for another audience or tenant")]
    Audience,
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

/// Signs any claims.
pub fn sign<T: Serialize>(key: &SigningKey, claims: &T) -> Result<String, CryptoError> {
    let header = Header { typ: "JWT".to_owned(), alg: "RS256".to_owned(), kid: key.id.simple().to_string() };
    let part = |json: Result<Vec<u8>, serde_json::Error>| {
        json.map(|j| URL_SAFE_NO_PAD.encode(j)).map_err(|_| CryptoError("claims cannot be written"))
    };
    let message = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(claims))?);
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The tenant.
    pub tenant: Uuid,
    /// Audiences that mean us.
    pub audiences: &'a [&'a str],
    /// The wall clock.
    pub now: Timestamp,
}

/// The claims of a token that one of `keys` signed and that is good now.
pub fn verify(token: &str, keys: &[PublicKey], expected: Expected<'_>) -> Result<Claims, TokenError> {
    let jws = Jws::parse(token).ok_or(TokenError::Malformed)?;
    let header: Header = jws.header().ok_or(TokenError::Malformed)?;
    let key = keys.iter().find(|k| k.id.simple().to_string() == header.kid).ok_or(TokenError::Signature)?;
    if header.alg != "RS256" || !key.verify(jws.message, &jws.signature().ok_or(TokenError::Malformed)?) {
        return Err(TokenError::Signature);
    }
    let claims: Claims = jws.claims().ok_or(TokenError::Malformed)?;
    check(&claims, expected)?;
    Ok(claims)
}

/// Whether claims are good now and for us; also for claims that come from the cache.
pub fn check(claims: &Claims, expected: Expected<'_>) -> Result<(), TokenError> {
    let now = expected.now.as_second();
    if claims.exp <= now {
        return Err(TokenError::Expired);
    }
    if claims.nbf > now + SKEW_SECONDS {
        return Err(TokenError::NotYet);
    }
    if claims.tid != expected.tenant || !expected.audiences.contains(&claims.aud.as_str()) {
        return Err(TokenError::Audience);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIENCE: &str = "https://graph.microsoft.com";

    fn claims() -> Claims {
        Claims {
            aud: AUDIENCE.to_owned(),
            iss: "https://localhost".to_owned(),
            iat: 1_000,
            nbf: 1_000,
            exp: 4_600,
            tid: Uuid::from_u128(1),
            oid: Uuid::from_u128(2),
            sub: "s".to_owned(),
            appid: Uuid::from_u128(3),
            idtyp: "app".to_owned(),
            roles: Some(vec!["User.Read.All".to_owned()]),
            scp: None,
            name: None,
            upn: None,
            epoch: 0,
            uti: Uuid::from_u128(4),
            ver: "1.0".to_owned(),
        }
    }

    fn expected(now: i64) -> Expected<'static> {
        let now = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Expected { tenant: Uuid::from_u128(1), audiences: &[AUDIENCE], now }
    }

    #[test]
    fn a_token_is_good_for_its_time_audience_and_key_only() -> Result<(), CryptoError> {
        let (key, private) = SigningKey::generate(Uuid::from_u128(9))?;
        let again = SigningKey::from_private(key.id, &private)?;
        let public = PublicKey::from_bytes(key.id, &again.public().to_bytes());
        let keys: Vec<PublicKey> = public.into_iter().collect();
        let token = sign(&key, &claims())?;
        assert_eq!(verify(&token, &keys, expected(2_000)), Ok(claims()));
        assert_eq!(verify(&token, &keys, expected(4_600)), Err(TokenError::Expired));
        assert_eq!(verify(&token, &keys, expected(900)), Err(TokenError::NotYet));
        let elsewhere = Expected { audiences: &["https://other"], ..expected(2_000) };
        assert_eq!(verify(&token, &keys, elsewhere), Err(TokenError::Audience));
        let (stranger, _) = SigningKey::generate(Uuid::from_u128(9))?;
        assert_eq!(verify(&token, &[stranger.public()], expected(2_000)), Err(TokenError::Signature));
        assert_eq!(verify(&token, &[], expected(2_000)), Err(TokenError::Signature));
        Ok(())
    }

    #[test]
    fn an_altered_token_is_refused() -> Result<(), CryptoError> {
        let (key, _) = SigningKey::generate(Uuid::from_u128(9))?;
        let keys = [key.public()];
        let token = sign(&key, &claims())?;
        let forged = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none","kid":"00000000000000000000000000000009"}"#);
        let body = token.split('.').nth(1).unwrap_or_default();
        for bad in
            [format!("{forged}.{body}."), format!("{token}x"), String::new(), "a.b".to_owned(), "a.b.c".to_owned()]
        {
            assert!(verify(&bad, &keys, expected(2_000)).is_err(), "{bad}");
        }
        Ok(())
    }
}
