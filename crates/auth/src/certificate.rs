//! Certificates by which an application proves who it is, and the assertions it signs with their keys (RFC 7523 section
//! 2.2, clients.md 2).

use crate::jws::{Jws, SKEW_SECONDS, bytes};
use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenure_domain::Timestamp;
use tenure_domain::limits::{ASSERTION_LIFE_MAX_HOURS, CERTIFICATE_BYTES_MAX};
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Bits of a key at least and at most.
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A certificate of an application. Who issued it does not matter: it is trusted because it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its bytes, DER.
    der: Vec<u8>,
    /// Whom it names.
    pub subject: String,
    /// Good from.
    pub starts_at: Timestamp,
    /// Good until.
    pub ends_at: Timestamp,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why something is not a certificate that can be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It has not the form of one.
    #[error("is not one X.509 certificate, as DER or PEM, in base64")]
    Malformed,
    /// Too long.
    #[error("is longer than {CERTIFICATE_BYTES_MAX} bytes")]
    TooLong,
    /// A key we cannot verify with.
    #[error("holds a key that is not RSA of 2048 to 8192 bits")]
    Key,
}

impl Certificate {
    /// Reads a certificate from base64, as bodies carry it and as it is kept: either alphabet, padded or not, since OData
    /// has one and Graph's examples the other.
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        if text.len() > CERTIFICATE_BYTES_MAX / 3 * 4 + 4 {
            return Err(CertificateError::TooLong);
        }
        let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
        Self::parse(&STANDARD_NO_PAD.decode(text).map_err(|_| CertificateError::Malformed)?)
    }

    /// The certificate in base64.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// Reads a certificate, DER or PEM.
    fn parse(given: &[u8]) -> Result<Self, CertificateError> {
        if given.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLong);
        }
        let pem = if given.starts_with(b"-----") {
            let (_, pem) = x509_parser::pem::parse_x509_pem(given).map_err(|_| CertificateError::Malformed)?;
            Some(pem.contents)
        } else {
            None
        };
        let der = pem.as_deref().unwrap_or(given);
        let (rest, read) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let Ok(PublicKey::RSA(key)) = read.public_key().parsed() else { return Err(CertificateError::Key) };
        // A leading zero is the sign, not the number.
        let unsigned = |number: &[u8]| number.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
        let (modulus, exponent) = (unsigned(key.modulus), unsigned(key.exponent));
        let leading_zeros = modulus.first().map_or(0, |b| b.leading_zeros() as usize);
        if !KEY_BITS.contains(&(modulus.len() * 8).saturating_sub(leading_zeros)) {
            return Err(CertificateError::Key);
        }
        let at = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| CertificateError::Malformed);
        Ok(Self {
            subject: read.subject().to_string(),
            starts_at: at(read.validity().not_before.timestamp())?,
            ends_at: at(read.validity().not_after.timestamp())?,
            modulus,
            exponent,
            der: der.to_vec(),
        })
    }

    /// The fingerprint by which it is listed: SHA-1, in base64.
    pub fn thumbprint(&self) -> String {
        STANDARD.encode(self.sha1())
    }

    fn sha1(&self) -> Digest {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der)
    }

    fn is_named_by(&self, header: &Header) -> bool {
        let names = |text: &Option<String>, print: &[u8]| {
            // Official libraries pad what needs no padding, and one of them writes the other alphabet of base64.
            let text = text.as_deref().map(|t| t.trim_end_matches('=').replace('+', "-").replace('/', "_"));
            text.and_then(|t| bytes(&t)).as_deref() == Some(print)
        };
        names(&header.sha256, digest(&SHA256, &self.der).as_ref()) || names(&header.sha1, self.sha1().as_ref())
    }

    fn verifies(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(parameters, message, signature).is_ok()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t", default)]
    sha1: Option<String>,
    #[serde(rename = "x5t#S256", default)]
    sha256: Option<String>,
    /// Extensions that must be understood: we understand none.
    #[serde(default)]
    crit: Option<Value>,
}

/// Why an assertion proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionError {
    /// It has not the form of one.
    Malformed,
    /// Its certificate is not among those of the client.
    Unregistered,
    /// Its signature is wrong.
    Signature,
    /// It speaks of another client.
    Client,
    /// It is meant for somebody else.
    Audience,
    /// It has ended, is not yet good, or is good for too long.
    Time,
}

/// What an assertion must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client that proves itself.
    pub client: Uuid,
    /// Names of the token endpoint and of the issuer; one of them must be meant.
    pub audiences: &'a [String],
    /// The wall clock.
    pub now: Timestamp,
}

/// Whether one of the `certificates` of the client signed the assertion, the client made it about itself, and it is meant
/// for us and now. They are asked for only when the assertion has the form of one. An assertion may come again until it
/// ends: official libraries keep and resend theirs.
pub fn verify(
    assertion: &str,
    certificates: impl FnOnce() -> Vec<Certificate>,
    expected: Expected<'_>,
) -> Result<(), AssertionError> {
    let jws = Jws::parse(assertion).ok_or(AssertionError::Malformed)?;
    let header: Header = jws.header().ok_or(AssertionError::Malformed)?;
    let parameters = match header.alg.as_str() {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        _ => return Err(AssertionError::Malformed),
    };
    if header.crit.is_some() {
        return Err(AssertionError::Malformed);
    }
    let signature = jws.signature().ok_or(AssertionError::Malformed)?;
    let named = certificates().into_iter().find(|c| c.is_named_by(&header)).ok_or(AssertionError::Unregistered)?;
    if !named.verifies(parameters, jws.message, &signature) {
        return Err(AssertionError::Signature);
    }
    check(&jws.claims().ok_or(AssertionError::Malformed)?, expected)
}

fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), AssertionError> {
    let names_client = |claim: &str| {
        let text = claims.get(claim).and_then(Value::as_str);
        text.and_then(|t| Uuid::parse_str(t).ok()) == Some(expected.client)
    };
    if !names_client("iss") || !names_client("sub") {
        return Err(AssertionError::Client);
    }
    let is_us = |name: &Value| {
        let name = name.as_str().unwrap_or_default().trim_end_matches('/');
        expected.audiences.iter().any(|a| a.eq_ignore_ascii_case(name))
    };
    let meant = match claims.get("aud") {
        Some(Value::Array(some)) => some.iter().any(is_us),
        Some(one) => is_us(one),
        None => false,
    };
    if !meant {
        return Err(AssertionError::Audience);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a number of seconds; what does not fit ends at the edge")]
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(|s| s as i64);
    let now = expected.now.as_second();
    let ends = seconds("exp").ok_or(AssertionError::Time)?;
    let is_early = ["nbf", "iat"].iter().any(|name| seconds(name).is_some_and(|at| at > now + SKEW_SECONDS));
    let is_long = ends > now + ASSERTION_LIFE_MAX_HOURS * 3600 + SKEW_SECONDS;
    if ends <= now || is_early || is_long { Err(AssertionError::Time) } else { Ok(()) }
}
