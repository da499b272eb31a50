//! The certificate the server shows: the operator's, or one of the authority in the data folder.

use crate::process::{Answer, Server, connect, exchange_over, text};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// `GET /healthz` by a client that knows the server by this name and trusts only what is in this file.
fn healthz(address: SocketAddr, name: &'static str, trusted: &Path) -> std::io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(trusted).expect("certificates");
    roots.add_parsable_certificates(certificates.map(|one| one.expect("a certificate")));
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    exchange_over(&mut StreamOwned::new(connection, connect(address)), "GET", "/healthz", &[], "")
}

fn authority(folder: &Path, name: &str) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("an authority");
    fs::write(folder.join(name), certificate.pem()).expect("it is written");
    Issuer::new(params, key)
}

#[test]
fn the_operators_certificate_is_the_one_that_is_shown() {
    let folder = TempDir::new().expect("a folder");
    let place = folder.path();
    let (ours, _) = (authority(place, "ours.pem"), authority(place, "others.pem"));
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["tenure.example".to_owned(), "localhost".to_owned()]).expect("names");
    let (cert_path, key_path) = (place.join("cert.pem"), place.join("key.pem"));
    fs::write(&cert_path, params.signed_by(&key, &ours).expect("a certificate").pem()).expect("it is written");
    fs::write(&key_path, key.serialize_pem()).expect("it is written");
    let data = place.join("data");
    let flags = ["--tls-cert", text(&cert_path), "--tls-key", text(&key_path)];
    let server = Server::start_over_tls(&data, &flags);
    for name in ["tenure.example", "localhost"] {
        assert_eq!(healthz(server.address(), name, &place.join("ours.pem")).expect("an answer").status, 200, "{name}");
    }
    let wrong_name = healthz(server.address(), "other.example", &place.join("ours.pem"));
    assert!(wrong_name.is_err_and(|e| e.to_string().contains("invalid peer certificate")));
    let stranger = healthz(server.address(), "localhost", &place.join("others.pem"));
    assert!(stranger.is_err_and(|e| e.to_string().contains("invalid peer certificate")));
    assert!(!data.join("ca.pem").exists(), "no authority of our own is made");
    assert_eq!(server.demo("CA_BUNDLE"), text(&cert_path), "clients of the demo are told what to trust");
    server.stop();
}

#[test]
fn without_one_the_authority_in_the_data_folder_vouches() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start_over_tls(folder.path(), &["--tls-name", "tenure.example"]);
    let trusted = Path::new(server.demo("CA_BUNDLE")).to_owned();
    assert_eq!(trusted, folder.path().join("ca.pem"));
    for name in ["localhost", "127.0.0.1", "tenure.example"] {
        assert_eq!(healthz(server.address(), name, &trusted).expect("an answer").status, 200, "{name}");
    }
    server.stop();
    let server = Server::start_over_tls(folder.path(), &[]);
    let before = fs::read(&trusted).expect("the authority");
    assert_eq!(healthz(server.address(), "localhost", &trusted).expect("an answer").status, 200);
    assert!(healthz(server.address(), "tenure.example", &trusted).is_err(), "a name that is not asked for any more");
    assert_eq!(fs::read(&trusted).expect("the authority"), before, "the authority stays");
    server.stop();
}
