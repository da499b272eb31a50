//! `tenure doctor` sees what is wrong before anybody else does.

use crate::process::{Server, run, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;
use tenure_testkit::Db;
use tenure_testkit::db::{Kind, kinds};

/// The findings: whether all is well, and the lines.
fn doctor(folder: &Path, more: &[&str]) -> (bool, String) {
    let output = run(&[&["doctor", "--data-dir", text(folder)][..], more].concat());
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[track_caller]
fn has(said: &str, line: &str) {
    assert!(said.lines().any(|l| l.starts_with(line)), "no line `{line}…` in:\n{said}");
}

#[test]
fn a_sound_installation_is_found_sound_also_while_it_serves() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let (is_well, said) = doctor(&data, &["--demo", "--insecure-http"]);
    for name in ["configuration", "data folder", "certificate", "master key", "database", "tenant", "keys", "clock"] {
        has(&said, &format!("ok   {name}: "));
    }
    assert!(is_well, "{said}");
    assert_eq!(server.token().matches('.').count(), 2, "it still serves");
    server.stop();
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let (is_well, said) = doctor(&data, &[]);
    assert!(is_well, "before the first start there is nothing wrong: {said}");
    has(&said, "warn database: there is none yet");
    assert!(!data.exists(), "it makes nothing");

    Server::start(&data, &[]).stop();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("rights");
    fs::set_permissions(data.join("master.key"), fs::Permissions::from_mode(0o644)).expect("rights");
    let (is_well, said) = doctor(&data, &["--demo"]);
    assert!(is_well, "{said}");
    has(&said, "warn data folder: others on this machine");
    has(&said, "warn master key: others on this machine");

    fs::write(data.join("master.key"), "A".repeat(43)).expect("another key");
    let (is_well, said) = doctor(&data, &["--demo"]);
    assert!(!is_well);
    has(&said, "FAIL keys: the master key does not fit this database");

    fs::write(data.join("tenure.db"), "nonsense").expect("another file");
    let (is_well, said) = doctor(&data, &["--demo"]);
    assert!(!is_well);
    has(&said, "FAIL database: ");

    let (is_well, said) = doctor(&data, &["--listen", "0.0.0.0:1", "--demo"]);
    assert!(!is_well);
    has(&said, "FAIL configuration: a demo has well-known accounts");

    let (is_well, said) = doctor(&data, &["--database", "postgres://127.0.0.1:1/none", "--demo"]);
    assert!(!is_well);
    has(&said, "FAIL database: ");
}

#[test]
fn a_certificate_that_has_ended_is_found() {
    let folder = TempDir::new().expect("a folder");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["tenure.example".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let (cert_path, key_path) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert_path, params.self_signed(&key).expect("a certificate").pem()).expect("it is written");
    fs::write(&key_path, key.serialize_pem()).expect("it is written");
    let (is_well, said) = doctor(folder.path(), &["--tls-cert", text(&cert_path), "--tls-key", text(&key_path)]);
    assert!(!is_well);
    let line = said.lines().find(|l| l.starts_with("FAIL certificate: ")).unwrap_or_default();
    assert!(line.contains("cert.pem has ended"), "{said}");
    let other = rcgen::KeyPair::generate().expect("another key");
    fs::write(&key_path, other.serialize_pem()).expect("it is written");
    let (is_well, said) = doctor(folder.path(), &["--tls-cert", text(&cert_path), "--tls-key", text(&key_path)]);
    assert!(!is_well);
    has(&said, "FAIL certificate: using the certificate: ");
}

#[test]
fn servers_are_counted_against_the_connections_of_the_database() {
    if !kinds().contains(&Kind::Server) {
        return;
    }
    let db = Db::fresh(Kind::Server);
    let url = db.url().expect("a server");
    let key = db.folder().join("given.key");
    fs::write(&key, "A".repeat(43)).expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("rights");
    let at = ["--database", url, "--master-key-file", text(&key)];
    let (is_well, said) = doctor(db.folder(), &at);
    assert!(is_well, "{said}");
    has(&said, "ok   connections: 1 server(s) open 16 of the ");
    has(&said, "ok   clock: as the database's");
    let (is_well, said) = doctor(db.folder(), &[&at[..], &["--nodes", "100000"]].concat());
    assert!(!is_well);
    has(&said, "FAIL connections: ");
}
