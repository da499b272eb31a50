//! Tokens of issuers that are not us: JWTs with RS256 or ES256, checked against a published key set (RFC 7515, 7517,
//! 7518, OpenID Connect Core 3.1.3.7). The key decides the algorithm; the header may only agree.

use crate::jws::{Jws, SKEW_SECONDS, bytes};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenure_domain::Timestamp;

/// Keys of a set that are looked at.
const KEYS_MAX: usize = 100;
/// Characters of a subject at most; OpenID Connect Core 2 allows no more.
const SUBJECT_CHARS_MAX: usize = 255;

/// Why a token from outside is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// It has not the form of a token, or lacks a claim.
    #[error("the token is malformed")]
    Malformed,
    /// Its key is not in the set: the set may be old.
    #[error("the key of the token is not published by its issuer")]
    UnknownKey,
    /// Its signature is wrong.
    #[error("the signature of the token is not its issuer's")]
    Signature,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// It is not yet good.
    #[error("the token is not yet valid")]
    NotYet,
    /// It is from somebody else, or for somebody else.
    #[error("the token is of another issuer or for another audience")]
    Audience,
}

enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

struct Key {
    id: Option<String>,
    material: Material,
}

/// The published keys of an issuer. Keys we cannot use are left out.
pub struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood: we understand none.
    #[serde(default)]
    crit: Option<Value>,
}

impl Key {
    fn read(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|u| u != "sig") {
            return None;
        }
        let (algorithm, material) = match text("kty")? {
            "RSA" => ("RS256", Material::Rsa { n: bytes(text("n")?)?, e: bytes(text("e")?)? }),
            "EC" if text("crv") == Some("P-256") => {
                let (x, y) = (bytes(text("x")?)?, bytes(text("y")?)?);
                // An uncompressed point: SEC 1, 2.3.3.
                ("ES256", Material::P256([&[4_u8], x.as_slice(), y.as_slice()].concat()))
            }
            _ => return None,
        };
        if text("alg").is_some_and(|a| a != algorithm) {
            return None;
        }
        Some(Self { id: text("kid").map(ToOwned::to_owned), material })
    }

    const fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Rsa { .. } => "RS256",
            Material::P256(_) => "ES256",
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

impl KeySet {
    /// Reads a published key set; nothing when it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let published: Published = serde_json::from_slice(json).ok()?;
        Some(Self(published.keys.iter().take(KEYS_MAX).filter_map(Key::read).collect()))
    }

    /// The key a header names; where it names none, the one key of its algorithm.
    fn find(&self, header: &Header) -> Result<&Key, ForeignError> {
        let mut fitting = self.0.iter().filter(|k| match &header.kid {
            Some(kid) => k.id.as_ref() == Some(kid),
            None => k.algorithm() == header.alg,
        });
        let key = fitting.next().ok_or(ForeignError::UnknownKey)?;
        if header.kid.is_none() && fitting.next().is_some() {
            return Err(ForeignError::UnknownKey);
        }
        if key.algorithm() == header.alg { Ok(key) } else { Err(ForeignError::Signature) }
    }
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its issuer, letter by letter.
    pub issuer: &'a str,
    /// Whom it must be for.
    pub audience: &'a str,
    /// The wall clock.
    pub now: Timestamp,
}

/// The claims of a good token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignClaims {
    /// The issuer's name for the person.
    pub subject: String,
    /// Issued at, seconds.
    pub issued_at: i64,
    /// Good until, seconds.
    pub expires_at: i64,
    /// All claims.
    pub all: Map<String, Value>,
}

impl ForeignClaims {
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// The words of a claim: a text with blanks between them, or a list of texts.
    pub fn words(&self, name: &str) -> Vec<&str> {
        match self.all.get(name) {
            Some(Value::String(text)) => text.split_whitespace().collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The mail address, if the issuer says that it was verified.
    pub fn verified_email(&self) -> Option<&str> {
        let verified = match self.all.get("email_verified") {
            Some(Value::Bool(yes)) => *yes,
            // Some issuers write it as text.
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        self.text("email").filter(|_| verified)
    }
}

/// Who says to have issued a token. Nothing is verified: it only tells whose keys to look at.
pub fn claimed_issuer(token: &str) -> Option<String> {
    let claims: Value = Jws::parse(token)?.claims()?;
    claims.get("iss").and_then(Value::as_str).map(ToOwned::to_owned)
}

/// The claims of a token that one of `keys` signed, that `expected.issuer` issued for `expected.audience`, and that is
/// good now.
pub fn verify(token: &str, keys: &KeySet, expected: Expected<'_>) -> Result<ForeignClaims, ForeignError> {
    let jws = Jws::parse(token).ok_or(ForeignError::Malformed)?;
    let header: Header = jws.header().ok_or(ForeignError::Malformed)?;
    if header.crit.is_some() {
        return Err(ForeignError::Malformed);
    }
    if !keys.find(&header)?.verify(jws.message, &jws.signature().ok_or(ForeignError::Malformed)?) {
        return Err(ForeignError::Signature);
    }
    check(jws.claims().ok_or(ForeignError::Malformed)?, expected)
}

fn check(all: Map<String, Value>, expected: Expected<'_>) -> Result<ForeignClaims, ForeignError> {
    let now = expected.now.as_second();
    let text = |name: &str| all.get(name).and_then(Value::as_str);
    // Whole seconds; some issuers write them with a fraction.
    #[expect(clippy::cast_possible_truncation, reason = "a number of seconds; what does not fit ends at the edge")]
    let seconds = |name: &str| all.get(name).and_then(Value::as_f64).map(|s| s as i64);
    if text("iss") != Some(expected.issuer) {
        return Err(ForeignError::Audience);
    }
    let (is_for_us, others) = match all.get("aud") {
        Some(Value::String(one)) => (one == expected.audience, false),
        Some(Value::Array(some)) => (some.iter().any(|a| a == expected.audience), some.len() > 1),
        _ => (false, false),
    };
    // A token for several must say who of them asked for it.
    if !is_for_us || (others && text("azp").is_some_and(|azp| azp != expected.audience)) {
        return Err(ForeignError::Audience);
    }
    let expires_at = seconds("exp").ok_or(ForeignError::Malformed)?;
    let issued_at = seconds("iat").ok_or(ForeignError::Malformed)?;
    if expires_at <= now {
        return Err(ForeignError::Expired);
    }
    if issued_at > now + SKEW_SECONDS || seconds("nbf").is_some_and(|nbf| nbf > now + SKEW_SECONDS) {
        return Err(ForeignError::NotYet);
    }
    let subject = text("sub").filter(|s| !s.is_empty() && s.chars().count() <= SUBJECT_CHARS_MAX && !s.contains('\0'));
    let subject = subject.ok_or(ForeignError::Malformed)?.to_owned();
    Ok(ForeignClaims { subject, issued_at, expires_at, all })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::TOKEN_CHARS_MAX;
    use crate::{CryptoError, SigningKey, token};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;
    use uuid::Uuid;

    const ISSUER: &str = "https://issuer.example";

    fn claims() -> Value {
        json!({ "iss": ISSUER, "aud": "us", "sub": "s1", "iat": 1_000, "exp": 4_600 })
    }

    fn expected(now: i64) -> Expected<'static> {
        let now = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Expected { issuer: ISSUER, audience: "us", now }
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap_or(KeySet(Vec::new()))
    }

    fn changed(name: &str, value: Value) -> Value {
        let mut all = claims();
        if let Some(all) = all.as_object_mut() {
            all.insert(name.to_owned(), value);
        }
        all
    }

    #[test]
    fn every_claim_is_checked() -> Result<(), CryptoError> {
        let (key, _) = SigningKey::generate(Uuid::from_u128(1))?;
        let keys = set(&[key.public().to_jwk()]);
        let result = |claims: &Value, now: i64| {
            token::sign(&key, claims).map(|t| verify(&t, &keys, expected(now)).map(|c| c.subject))
        };
        assert_eq!(result(&claims(), 2_000)?, Ok("s1".to_owned()));
        assert_eq!(result(&changed("aud", json!(["us"])), 2_000)?, Ok("s1".to_owned()));
        assert_eq!(result(&claims(), 4_599)?, Ok("s1".to_owned()), "the last second");
        assert_eq!(result(&claims(), 4_600)?, Err(ForeignError::Expired));
        assert_eq!(result(&claims(), 940)?, Ok("s1".to_owned()), "clocks may differ by a minute");
        assert_eq!(result(&claims(), 939)?, Err(ForeignError::NotYet));
        for (name, value, error) in [
            ("iss", json!("https://issuer.example/"), ForeignError::Audience),
            ("aud", json!("them"), ForeignError::Audience),
            ("aud", json!(["them"]), ForeignError::Audience),
            ("aud", Value::Null, ForeignError::Audience),
            ("exp", Value::Null, ForeignError::Malformed),
            ("iat", Value::Null, ForeignError::Malformed),
            ("nbf", json!(3_000), ForeignError::NotYet),
            ("sub", json!(""), ForeignError::Malformed),
            ("sub", json!(7), ForeignError::Malformed),
            ("sub", json!("x".repeat(256)), ForeignError::Malformed),
        ] {
            assert_eq!(result(&changed(name, value.clone()), 2_000)?, Err(error), "{name} {value}");
        }
        let mut several = changed("aud", json!(["us", "them"]));
        assert_eq!(result(&several, 2_000)?, Ok("s1".to_owned()));
        if let Some(all) = several.as_object_mut() {
            all.insert("azp".to_owned(), json!("them"));
        }
        assert_eq!(result(&several, 2_000)?, Err(ForeignError::Audience), "it was asked for by somebody else");
        Ok(())
    }

    #[test]
    fn the_key_decides_the_algorithm() -> Result<(), CryptoError> {
        let (key, _) = SigningKey::generate(Uuid::from_u128(1))?;
        let (stranger, _) = SigningKey::generate(Uuid::from_u128(1))?;
        let token = token::sign(&key, &claims())?;
        assert_eq!(verify(&token, &set(&[stranger.public().to_jwk()]), expected(2_000)), Err(ForeignError::Signature));
        assert_eq!(verify(&token, &set(&[]), expected(2_000)), Err(ForeignError::UnknownKey));
        let mut encrypting = key.public().to_jwk();
        if let Some(all) = encrypting.as_object_mut() {
            all.insert("use".to_owned(), json!("enc"));
        }
        assert_eq!(verify(&token, &set(&[encrypting]), expected(2_000)), Err(ForeignError::UnknownKey));
        let keys = set(&[key.public().to_jwk()]);
        let body = token.split('.').nth(1).unwrap_or_default();
        let kid = Uuid::from_u128(1).simple().to_string();
        for header in [
            json!({ "alg": "none", "kid": kid }),
            json!({ "alg": "HS256", "kid": kid }),
            json!({ "alg": "ES256", "kid": kid }),
            json!({ "alg": "RS256", "kid": kid, "crit": ["exp"] }),
            json!({ "alg": "RS256", "kid": "other" }),
        ] {
            let header = URL_SAFE_NO_PAD.encode(header.to_string());
            let signature = token.rsplit('.').next().unwrap_or_default();
            assert!(verify(&format!("{header}.{body}.{signature}"), &keys, expected(2_000)).is_err(), "{header}");
            assert!(verify(&format!("{header}.{body}."), &keys, expected(2_000)).is_err(), "{header}");
        }
        for bad in ["", "a.b.c", "a.b", &"x".repeat(TOKEN_CHARS_MAX + 1)] {
            assert_eq!(verify(bad, &keys, expected(2_000)), Err(ForeignError::Malformed));
        }
        Ok(())
    }

    #[test]
    fn elliptic_signatures_are_read_too() -> Result<(), Box<dyn std::error::Error>> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())?;
        let point = pair.public_key().as_ref();
        let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1), "y": coordinate(33) });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
        let signature = pair.sign(&random, message.as_bytes())?;
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        let keys = set(std::slice::from_ref(&jwk));
        assert_eq!(verify(&token, &keys, expected(2_000)).map(|c| c.issued_at), Ok(1_000), "no key id, one key");
        assert_eq!(claimed_issuer(&token).as_deref(), Some(ISSUER));
        assert_eq!(verify(&token, &set(&[jwk.clone(), jwk]), expected(2_000)), Err(ForeignError::UnknownKey));
        assert!(verify(&format!("{token}A"), &keys, expected(2_000)).is_err());
        Ok(())
    }

    #[test]
    fn only_a_verified_address_counts() {
        let of = |email_verified: Value| {
            let all = json!({ "email": "carla@fabrikam.example", "email_verified": email_verified });
            let all = all.as_object().cloned().unwrap_or_default();
            let claims = ForeignClaims { subject: String::new(), issued_at: 0, expires_at: 0, all };
            claims.verified_email().is_some()
        };
        assert!(of(json!(true)) && of(json!("true")));
        assert!(!of(json!(false)) && !of(json!("false")) && !of(json!(1)) && !of(Value::Null));
    }
}
