//! `tenure doctor`: looks at an installation and says, one line per check, what is in order, what will be a problem, and
//! what is one, with what to do. Changes nothing.

use crate::config::{Given, Options, Transport};
use crate::failure::{Failure, Outcome, While};
use crate::{installation, log, master_key, tls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tenure_auth::SystemEntropy;
use tenure_domain::limits::{CLOCK_SKEW_MAX_SECONDS, DB_THREADS};
use tenure_domain::time::{Clock, SystemClock};
use tenure_service::health::{self, Schema};
use tenure_service::identity::keys;
use tenure_service::{Clocks, Engine, ServerConfig, Store, bootstrap};

/// Days before the end of a certificate from which on it is a warning.
const CERTIFICATE_DAYS_MIN: i64 = 30;
/// Free bytes below which it is a warning, and below which it is a failure.
const FREE_BYTES: (u64, u64) = (2 << 30, 200 << 20);
const DAY_SECONDS: i64 = 86_400;

/// How a check came out: what it saw, and what to do.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Ok(String),
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Good, Warn};

/// The lines so far.
#[derive(Default)]
struct Report {
    lines: String,
    failed: u32,
}

impl Report {
    fn add(&mut self, name: &str, finding: Finding) {
        let (word, text) = match finding {
            Good(text) => ("ok  ", text),
            Warn(text) => ("warn", text),
            Fail(text) => {
                self.failed += 1;
                ("FAIL", text)
            }
        };
        let _ = writeln!(self.lines, "{word} {name}: {text}");
    }
}

/// The verb.
pub fn run(given: Given, nodes: u32) -> Outcome<()> {
    let mut report = Report::default();
    match given.complete() {
        Err(failure) => report.add("configuration", Fail(failure.to_string())),
        Ok(options) => {
            // What the rooms below have to say comes only when it was asked for.
            let quiet = Options { log: Some(options.log.clone().unwrap_or_else(|| "off".to_owned())), ..options };
            log::start(&quiet)?;
            report.add("configuration", Good(format!("clients reach it at {}", quiet.base_url())));
            look(&mut report, &quiet, nodes);
        }
    }
    std::io::stdout().write_all(report.lines.as_bytes()).doing("printing the findings")?;
    match report.failed {
        0 => Ok(()),
        1 => Err(Failure::new("1 check failed")),
        n => Err(Failure::new(format!("{n} checks failed"))),
    }
}

fn look(report: &mut Report, options: &Options, nodes: u32) {
    let has_folder = options.data_dir.exists();
    report.add("data folder", data_folder(&options.data_dir));
    if has_folder {
        report.add("disk space", disk_space(&options.data_dir));
    }
    report.add("certificate", certificate(options));
    let master = master_key::read(options);
    report.add("master key", master_key_file(options, &master));
    let schema = match &options.database {
        Some(url) => Store::schema_server(&config(url)),
        None if installation::database_path(options).exists() => {
            Store::schema_embedded(&installation::database_path(options))
        }
        None => Ok(Schema::Empty),
    };
    let is_current = matches!(schema, Ok(Schema::Current { .. }));
    report.add(
        "database",
        match schema {
            Ok(Schema::Empty) => Warn("there is none yet; `tenure init` makes it".to_owned()),
            Ok(Schema::Older { version }) => {
                Warn(format!("schema version {version}, the next start brings it up to date; make a backup first"))
            }
            Ok(Schema::Current { version }) => Good(format!("it answers, schema version {version}")),
            Err(error) => Fail(format!("{error}; look at --database and --data-dir")),
        },
    );
    if is_current {
        let store = match &options.database {
            Some(url) => Store::server(&config(url)),
            None => Store::embedded(&installation::database_path(options)),
        };
        match store {
            Ok(store) => inside(report, store, master.ok().flatten(), nodes),
            Err(error) => report.add("database", Fail(error.to_string())),
        }
    }
}

fn config(url: &str) -> ServerConfig {
    ServerConfig { url: url.to_owned(), threads: 1 }
}

/// What only the database can tell.
fn inside(report: &mut Report, store: Store, master: Option<master_key::MasterKey>, nodes: u32) {
    let wall = Arc::new(SystemClock);
    let engine = Engine::new(store, Clocks { business: wall.clone(), wall }, Arc::new(|| Box::new(SystemEntropy)));
    report.add(
        "tenant",
        match engine.read_blocking(bootstrap::tenant) {
            Ok(Some(tenant)) => Good(format!("{}{}", tenant.id, if tenant.is_demo { ", a demo" } else { "" })),
            Ok(None) => Warn("there is none yet; make it with `tenure init --admin NAME`".to_owned()),
            Err(error) => Fail(error.to_string()),
        },
    );
    if let Some(master) = master {
        let fits = engine.read_blocking(move |ctx| keys::fits(ctx, &master));
        report.add(
            "keys",
            match fits {
                Ok(true) => Good("the master key opens them".to_owned()),
                Ok(false) => Warn("there are none yet; the first start makes them".to_owned()),
                Err(error) => Fail(format!("{error}; find the key that this database was begun with")),
            },
        );
    }
    match engine.read_blocking(|ctx| Ok(health::connections(ctx.tx)?)) {
        Ok(Some(found)) => report.add("connections", connections(found, nodes)),
        Ok(None) => {}
        Err(error) => report.add("connections", Fail(error.to_string())),
    }
    let before = SystemClock.now();
    let clock = engine.read_blocking(|ctx| Ok(health::clock(ctx.tx)?));
    report.add(
        "clock",
        match clock {
            Ok(there) => {
                let after = SystemClock.now();
                let nearest = there.clamp(before, after.max(before));
                skew(there.as_second() - nearest.as_second())
            }
            Err(error) => Fail(error.to_string()),
        },
    );
}

fn skew(seconds: i64) -> Finding {
    if seconds.abs() <= CLOCK_SKEW_MAX_SECONDS {
        return Good("as the database's".to_owned());
    }
    let word = if seconds > 0 { "behind" } else { "ahead of" };
    Fail(format!(
        "this machine is {} s {word} the database, more than {CLOCK_SKEW_MAX_SECONDS}: no jobs are started here; set the \
         clocks right, for example with NTP",
        seconds.abs()
    ))
}

fn connections(found: health::Connections, nodes: u32) -> Finding {
    let wanted = i64::from(nodes) * i64::try_from(DB_THREADS).unwrap_or(i64::MAX);
    let text = format!(
        "{nodes} server(s) open {wanted} of the {} connections that the database takes ({} are open)",
        found.max, found.open
    );
    if wanted > found.max { Fail(format!("{text}; raise max_connections or run fewer servers")) } else { Good(text) }
}

fn data_folder(folder: &Path) -> Finding {
    let Ok(found) = fs::metadata(folder) else {
        return Warn(format!("{} is not there yet; the first start makes it", folder.display()));
    };
    if !found.is_dir() {
        return Fail(format!("{} is no folder; name one with --data-dir", folder.display()));
    }
    let trial = folder.join(format!("doctor-{}.tmp", std::process::id()));
    let written = fs::write(&trial, b"x");
    let _ = fs::remove_file(&trial);
    if let Err(error) = written {
        return Fail(format!("{} cannot be written: {error}; run as its owner", folder.display()));
    }
    if private(folder) {
        Good(format!("{} is ours alone", folder.display()))
    } else {
        Warn(format!("others on this machine may look into {0}; chmod 700 {0}", folder.display()))
    }
}

/// Whether group and others have no right to it.
fn private(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| (found.permissions().mode() & 0o777) | 0o700 == 0o700)
}

fn disk_space(folder: &Path) -> Finding {
    let free = match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => return Warn(format!("cannot be asked: {error}")),
    };
    let text = format!("{} MiB are free", free >> 20);
    match free {
        n if n < FREE_BYTES.1 => Fail(format!("{text}; writes fail when it is full, make room now")),
        n if n < FREE_BYTES.0 => Warn(format!("{text}; make room, a backup needs as much as the database")),
        _ => Good(text),
    }
}

fn master_key_file(options: &Options, read: &Outcome<Option<master_key::MasterKey>>) -> Finding {
    let path = master_key::path(options);
    match read {
        Err(failure) => Fail(failure.to_string()),
        Ok(None) if options.database.is_some() && !options.demo => {
            Fail("none is given; with a database server name it with --master-key-file".to_owned())
        }
        Ok(None) => {
            Warn(format!("{} is not there; right before the first start, otherwise restore it", path.display()))
        }
        Ok(Some(_)) if !private(&path) => {
            Warn(format!("others on this machine may read {0}; chmod 600 {0}", path.display()))
        }
        Ok(Some(_)) => Good(format!("{} is ours alone; keep a copy apart from the backups", path.display())),
    }
}

fn certificate(options: &Options) -> Finding {
    let path = match &options.transport {
        Transport::Plain => return Good("none: a proxy on this machine speaks TLS".to_owned()),
        Transport::OwnCertificate(chain, _) => chain.clone(),
        Transport::PrivateAuthority => tls::authority_path(options),
    };
    if options.transport == Transport::PrivateAuthority && !path.exists() {
        return Good("the first start makes a private authority".to_owned());
    }
    let end = CertificateDer::from_pem_file(&path).map_err(|e| e.to_string()).and_then(|der| {
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|e| e.to_string())?;
        Ok(certificate.validity().not_after.timestamp())
    });
    let end = match end {
        Ok(end) => end,
        Err(error) => return Fail(format!("{} cannot be read: {error}", path.display())),
    };
    if let (Transport::OwnCertificate(..), Err(failure)) = (&options.transport, tls::config(options, SystemClock.now()))
    {
        return Fail(failure.to_string());
    }
    expiry(&path, (end - SystemClock.now().as_second()).div_euclid(DAY_SECONDS))
}

fn expiry(path: &Path, days: i64) -> Finding {
    let path = path.display();
    match days {
        d if d < 0 => Fail(format!("{path} has ended; clients refuse it, put a new one there")),
        d if d < CERTIFICATE_DAYS_MIN => Warn(format!("{path} ends in {d} days; put a new one there and start again")),
        d => Good(format!("{path} is good for {d} days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(finding: &Finding) -> &'static str {
        match finding {
            Good(_) => "ok",
            Warn(_) => "warn",
            Fail(_) => "FAIL",
        }
    }

    #[test]
    fn a_clock_may_differ_by_a_few_seconds_either_way() {
        let words = [0, 5, -5, 6, -6].map(|s| word(&skew(s)));
        assert_eq!(words, ["ok", "ok", "ok", "FAIL", "FAIL"]);
    }

    #[test]
    fn all_threads_of_all_servers_must_find_a_connection() {
        let found = health::Connections { max: 97, open: 20 };
        assert_eq!([1, 6, 7].map(|nodes| word(&connections(found, nodes))), ["ok", "ok", "FAIL"]);
    }

    #[test]
    fn a_certificate_is_missed_before_it_ends() {
        let words = [-1, 0, 29, 30].map(|days| word(&expiry(Path::new("x"), days)));
        assert_eq!(words, ["FAIL", "warn", "warn", "ok"]);
    }

    #[test]
    fn a_folder_that_others_may_read_is_a_warning() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        for (mode, finding) in [(0o700, "ok"), (0o755, "warn")] {
            assert!(fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).is_ok());
            assert_eq!(word(&data_folder(folder.path())), finding);
        }
        assert_eq!(word(&data_folder(&folder.path().join("none"))), "warn");
    }
}
