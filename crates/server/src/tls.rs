//! Transport security: the operator's certificate, or one from a private authority that lives in the data folder.

use crate::config::{Options, Transport};
use crate::failure::{Failure, Outcome, While};
use crate::files;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto};
use std::path::PathBuf;
use std::sync::Arc;
use tenure_domain::Timestamp;
use tenure_domain::time::plus_seconds;

/// Days the certificate of the server is good; a new one is made at each start.
const LEAF_DAYS: i64 = 397;
/// Days the private authority is good.
const AUTHORITY_DAYS: i64 = 3_650;
const DAY_SECONDS: i64 = 86_400;

/// The authority's certificate, which clients trust.
pub fn authority_path(options: &Options) -> PathBuf {
    options.data_dir.join("ca.pem")
}

/// What clients of the demo trust: the private authority, or the operator's own certificate with what follows it there.
pub fn trusted_path(options: &Options) -> PathBuf {
    match &options.transport {
        Transport::OwnCertificate(cert, _) => cert.clone(),
        Transport::Plain | Transport::PrivateAuthority => authority_path(options),
    }
}

/// What the listener needs; nothing for plain HTTP.
pub fn config(options: &Options, wall: Timestamp) -> Outcome<Option<Arc<ServerConfig>>> {
    let (chain, key) = match &options.transport {
        Transport::Plain => return Ok(None),
        Transport::OwnCertificate(cert, key) => {
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_file_iter(cert).doing(format!("reading {}", cert.display()))?.collect();
            let chain = chain.doing(format!("reading {}", cert.display()))?;
            (chain, PrivateKeyDer::from_pem_file(key).doing(format!("reading {}", key.display()))?)
        }
        Transport::PrivateAuthority => leaf(options, wall)?,
    };
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .doing("setting up TLS")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .doing("using the certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

type Leaf = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn leaf(options: &Options, wall: Timestamp) -> Outcome<Leaf> {
    let authority = authority(options, wall)?;
    let key = KeyPair::generate().doing("making a key")?;
    let names: Vec<String> = options.names().iter().map(|n| n.trim_matches(['[', ']']).to_owned()).collect();
    let mut params = CertificateParams::new(names)
        .map_err(|_| Failure::new("a --tls-name is neither a host name nor an address"))?;
    params.distinguished_name = named("Tenure server");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_time(&mut params, wall, LEAF_DAYS);
    let certificate = params.signed_by(&key, &authority).doing("signing the certificate")?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(Failure::new)?;
    Ok((vec![certificate.into()], key))
}

/// The private authority; made on the first start.
fn authority(options: &Options, wall: Timestamp) -> Outcome<Issuer<'static, KeyPair>> {
    let key_path = options.data_dir.join("ca.key");
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Tenure private authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_time(&mut params, wall, AUTHORITY_DAYS);
    // The certificate is written last: when it is there, its key is, too.
    let known = files::read_if_there(&authority_path(options))?;
    let key = match (known.is_some(), files::read_if_there(&key_path)?) {
        (true, Some(text)) => KeyPair::from_pem(&text).doing(format!("reading {}", key_path.display()))?,
        (true, None) => {
            return Err(Failure::new(format!(
                "{} is missing; restore it, or delete ca.pem to make a new authority that clients must trust anew",
                key_path.display()
            )));
        }
        (false, _) => {
            let key = KeyPair::generate().doing("making a key")?;
            files::write_private(&key_path, &key.serialize_pem())?;
            let certificate = params.self_signed(&key).doing("making the authority")?;
            files::write_public(&authority_path(options), &certificate.pem())?;
            key
        }
    };
    Ok(Issuer::new(params, key))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Good from yesterday, because clocks differ, for so many days.
fn set_time(params: &mut CertificateParams, wall: Timestamp, days: i64) {
    let date = |t: Timestamp| {
        let date = t.to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = date(plus_seconds(wall, -DAY_SECONDS));
    params.not_after = date(plus_seconds(wall, days * DAY_SECONDS));
}
