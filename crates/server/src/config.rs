//! What the operator decides: flags, `TENURE_…` variables and a TOML file, in this order of precedence.

use crate::failure::{Failure, Outcome, While};
use crate::log::Format;
use crate::otlp::Endpoint;
use crate::providers::{OutboundEntry, ProviderEntry};
use clap::{Args, Parser, Subcommand};
use serde::Deserialize;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "tenure", version, about = "Entitlement management that you host yourself")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Given),
    /// Export, check and look after the sealed audit.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        command: crate::audit::Command,
    },
    /// Make the tenant of a new installation and print a one-time link for its first administrator.
    Init {
        /// User principal name of the first administrator, such as anna@example.org; its domain becomes the tenant's.
        #[arg(long, value_name = "NAME")]
        admin: String,
        /// Display name of the tenant; the domain when it is not given.
        #[arg(long)]
        name: Option<String>,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
    /// Forget which identities of providers outside belong to a person, and sign him out everywhere.
    Unlink {
        /// User principal name of the person.
        name: String,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
    /// Look whether everything is in order: settings, folder, keys, database, certificate, clock, space.
    Doctor {
        /// How many servers use the database.
        #[arg(long, default_value_t = 1, value_name = "COUNT")]
        nodes: u32,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
    /// Write the embedded database into one file, also while it is served.
    Backup {
        /// The file to make.
        file: PathBuf,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
    /// Put a backup into an empty data folder.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Where the installation shall be.
        #[command(flatten)]
        options: Given,
    },
    /// The keys that sign tokens.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        verb: KeysVerb,
    },
}

/// What to do with the keys that sign tokens.
#[derive(Debug, Subcommand)]
pub enum KeysVerb {
    /// Make another key and sign with it in two minutes; servers may run meanwhile.
    Rotate {
        /// End all tokens that older keys have signed at that moment, too: for a key that others may know.
        #[arg(long)]
        withdraw: bool,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
    /// Show the keys.
    List {
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
}

/// A switch that may stand alone, or have a value in the environment.
macro_rules! switch {
    () => {
        "true"
    };
}

/// What was given: every flag is also a variable and a key of the file.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Given {
    /// TOML file with the same names as these flags.
    #[arg(long, env = "TENURE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Folder of the database, the certificates and the keys [default: tenure-data].
    #[arg(long, env = "TENURE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8443].
    #[arg(long, env = "TENURE_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// URL of a database server; without it the database is a file in the data folder.
    #[arg(long, env = "TENURE_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Seed and serve the Contoso demo tenant.
    #[arg(long, env = "TENURE_DEMO", num_args = 0..=1, require_equals = true, default_missing_value = switch!())]
    demo: Option<bool>,
    /// Let a demo listen beyond this machine.
    #[arg(long, env = "TENURE_DEMO_ALLOW_REMOTE", num_args = 0..=1, require_equals = true, default_missing_value = switch!())]
    demo_allow_remote: Option<bool>,
    /// Address under which clients reach this server, when it is not the one it listens on.
    #[arg(long, env = "TENURE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// A further name for the certificate; may be given several times.
    #[arg(long = "tls-name", env = "TENURE_TLS_NAME", value_name = "NAME", value_delimiter = ',')]
    #[serde(rename = "tls-name")]
    tls_names: Vec<String>,
    /// Your own certificate chain, as PEM, instead of one from the private authority.
    #[arg(long, env = "TENURE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of your certificate, as PEM.
    #[arg(long, env = "TENURE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Plain HTTP, for a reverse proxy on this machine.
    #[arg(long, env = "TENURE_INSECURE_HTTP", num_args = 0..=1, require_equals = true, default_missing_value = switch!())]
    insecure_http: Option<bool>,
    /// File with the master key that seals all other keys.
    #[arg(long, env = "TENURE_MASTER_KEY_FILE", value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// File outside the database that checkpoints of the audit are appended to.
    #[arg(long, env = "TENURE_AUDIT_CHECKPOINT_FILE", value_name = "FILE")]
    audit_checkpoint_file: Option<PathBuf>,
    /// Providers that people sign in with: in the file only.
    #[arg(skip)]
    #[serde(rename = "oidc-provider")]
    providers: Vec<ProviderEntry>,
    /// Where other systems may be asked: in the file only.
    #[arg(skip)]
    outbound: OutboundEntry,
    /// Serve numbers for Prometheus at /metrics of this loopback address, such as 127.0.0.1:9464.
    #[arg(long, env = "TENURE_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// What is logged, as `LEVEL` or `TARGET=LEVEL,…`; `info` logs each request, too [default: info,request=warn].
    #[arg(long, env = "TENURE_LOG", value_name = "DIRECTIVES")]
    log: Option<String>,
    /// How a line of the log looks [default: text].
    #[arg(long, env = "TENURE_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<Format>,
    /// Send traces to the OpenTelemetry collector at http://HOST:PORT.
    #[arg(long, env = "TENURE_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Resource units that one caller may use in ten seconds, as the published service counts them; without it there is no
    /// quota.
    #[arg(long, env = "TENURE_QUOTA", value_name = "UNITS", value_parser = clap::value_parser!(u32).range(1..))]
    quota: Option<u32>,
}

/// How answers travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS with a certificate of the private authority.
    PrivateAuthority,
    /// HTTPS with the operator's own certificate: the chain and the key.
    OwnCertificate(PathBuf, PathBuf),
    /// Plain HTTP on loopback.
    Plain,
}

/// What holds, after all sources were read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Folder of everything that is kept in files.
    pub data_dir: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The database server, if not embedded.
    pub database: Option<String>,
    /// Whether this is the demo.
    pub demo: bool,
    /// The address in links.
    pub public_url: Option<String>,
    /// Further names we answer to.
    pub tls_names: Vec<String>,
    /// How answers travel.
    pub transport: Transport,
    /// The master key's file, when it is not the one in the data folder.
    pub master_key_file: Option<PathBuf>,
    /// The file that checkpoints of the audit are appended to.
    pub audit_checkpoint_file: Option<PathBuf>,
    /// Providers that people sign in with.
    pub providers: Vec<ProviderEntry>,
    /// Where other systems may be asked.
    pub outbound: OutboundEntry,
    /// Where the metrics are served.
    pub metrics_listen: Option<SocketAddr>,
    /// What is logged, if that was said.
    pub log: Option<String>,
    /// How a line of the log looks.
    pub log_format: Format,
    /// Where traces go.
    pub otlp_endpoint: Option<Endpoint>,
    /// Resource units of one caller in ten seconds, if he has a quota.
    pub quota: Option<u32>,
}

impl Given {
    /// Adds the file and the defaults, and checks that everything fits together.
    pub fn complete(mut self) -> Outcome<Options> {
        if let Some(path) = self.config.take() {
            let text = fs::read_to_string(&path).doing(format!("reading {}", path.display()))?;
            let file: Self = toml::from_str(&text).doing(format!("reading {}", path.display()))?;
            self = self.or(file);
        }
        self.check()
    }

    fn or(self, file: Self) -> Self {
        Self {
            config: None,
            data_dir: self.data_dir.or(file.data_dir),
            listen: self.listen.or(file.listen),
            database: self.database.or(file.database),
            demo: self.demo.or(file.demo),
            demo_allow_remote: self.demo_allow_remote.or(file.demo_allow_remote),
            public_url: self.public_url.or(file.public_url),
            tls_names: if self.tls_names.is_empty() { file.tls_names } else { self.tls_names },
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            insecure_http: self.insecure_http.or(file.insecure_http),
            master_key_file: self.master_key_file.or(file.master_key_file),
            audit_checkpoint_file: self.audit_checkpoint_file.or(file.audit_checkpoint_file),
            providers: file.providers,
            outbound: file.outbound,
            metrics_listen: self.metrics_listen.or(file.metrics_listen),
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
            otlp_endpoint: self.otlp_endpoint.or(file.otlp_endpoint),
            quota: self.quota.or(file.quota),
        }
    }

    fn check(self) -> Outcome<Options> {
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8_443)));
        let demo = self.demo.unwrap_or(false);
        if demo && !listen.ip().is_loopback() && !self.demo_allow_remote.unwrap_or(false) {
            return Err(Failure::new(format!(
                "a demo has well-known accounts, so it listens on loopback only, not on {}; add --demo-allow-remote if \
                 that is what you want",
                listen.ip()
            )));
        }
        let transport = match (self.insecure_http.unwrap_or(false), self.tls_cert, self.tls_key) {
            (true, None, None) if listen.ip().is_loopback() => Transport::Plain,
            (true, None, None) => {
                return Err(Failure::new("--insecure-http is for a reverse proxy on this machine: listen on loopback"));
            }
            (true, _, _) => return Err(Failure::new("give either --insecure-http or a certificate, not both")),
            (false, Some(cert), Some(key)) => Transport::OwnCertificate(cert, key),
            (false, None, None) => Transport::PrivateAuthority,
            (false, _, _) => return Err(Failure::new("--tls-cert and --tls-key belong together")),
        };
        if let Some(url) = &self.public_url {
            check_public_url(url)?;
        }
        if let Some(url) = &self.database
            && !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
        {
            return Err(Failure::new("--database must be postgres://USER:PASSWORD@HOST/DATABASE"));
        }
        if let Some(address) = self.metrics_listen.filter(|a| !a.ip().is_loopback()) {
            return Err(Failure::new(format!(
                "--metrics-listen must be on this machine, such as 127.0.0.1:9464, not {address}: the numbers are for \
                 whoever runs the server"
            )));
        }
        Ok(Options {
            data_dir: self.data_dir.unwrap_or_else(|| PathBuf::from("tenure-data")),
            listen,
            database: self.database,
            demo,
            public_url: self.public_url,
            tls_names: self.tls_names,
            transport,
            master_key_file: self.master_key_file,
            audit_checkpoint_file: self.audit_checkpoint_file,
            providers: self.providers,
            outbound: self.outbound,
            metrics_listen: self.metrics_listen,
            log: self.log,
            log_format: self.log_format.unwrap_or_default(),
            otlp_endpoint: self.otlp_endpoint.as_deref().map(Endpoint::parse).transpose()?,
            quota: self.quota,
        })
    }
}

fn check_public_url(url: &str) -> Outcome<()> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let well_formed = |h: &str| {
        let h = h.trim_end_matches('/');
        !h.is_empty() && h.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    };
    if host.is_some_and(well_formed) {
        return Ok(());
    }
    Err(Failure::new(format!("--public-url must be https://HOST or https://HOST:PORT without a path, not `{url}`")))
}

impl Options {
    /// `https`, or `http` behind a proxy.
    pub const fn scheme(&self) -> &'static str {
        match self.transport {
            Transport::Plain => "http",
            Transport::PrivateAuthority | Transport::OwnCertificate(..) => "https",
        }
    }

    /// Every name clients may use for us, without port (decisions.md K15).
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(ToOwned::to_owned).to_vec();
        let ip = self.listen.ip();
        if !ip.is_unspecified() {
            names.push(bracketed(ip));
        }
        names.extend(self.tls_names.iter().cloned());
        let public = self.public_url.as_deref().and_then(|u| u.split_once("://"));
        names.extend(public.map(|(_, host)| without_port(host.trim_end_matches('/')).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    /// Where this machine reaches the server.
    pub fn base_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let ip = self.listen.ip();
        let host = if ip.is_unspecified() { "localhost".to_owned() } else { bracketed(ip) };
        format!("{}://{host}:{}", self.scheme(), self.listen.port())
    }
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// `host[:port]` or `[v6][:port]` without the port.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Outcome<Options> {
        let words = ["tenure", "serve"].iter().chain(words);
        match Cli::try_parse_from(words).map_err(|e| Failure::new(e.to_string()))?.command {
            Command::Serve(given) => given.complete(),
            _ => Err(Failure::new("not serve")),
        }
    }

    #[test]
    fn nothing_given_serves_on_loopback_with_a_private_authority() {
        let options = options(&[]).unwrap_or_else(|e| unreachable!("{e}"));
        assert_eq!(options.base_url(), "https://127.0.0.1:8443");
        assert_eq!(options.transport, Transport::PrivateAuthority);
        assert!(!options.demo);
        assert_eq!(options.names(), ["127.0.0.1", "[::1]", "localhost"]);
    }

    #[test]
    fn a_demo_stays_on_this_machine_unless_told_otherwise() {
        assert!(options(&["--demo", "--listen", "0.0.0.0:8443"]).is_err());
        assert!(options(&["--demo", "--listen", "0.0.0.0:8443", "--demo-allow-remote"]).is_ok());
        assert!(options(&["--listen", "0.0.0.0:8443"]).is_ok());
        assert!(options(&["--insecure-http", "--listen", "0.0.0.0:8443"]).is_err());
    }

    #[test]
    fn the_file_fills_what_flags_leave_open_and_may_not_misspell() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let path = folder.path().join("tenure.toml");
        let text = "data-dir = \"/srv/tenure\"\nlisten = \"[::1]:9000\"\ntls-name = [\"tenure.example\"]\n";
        assert!(fs::write(&path, text).is_ok());
        let file = path.to_string_lossy();
        let read = options(&["--config", &file, "--data-dir", "/else"]).unwrap_or_else(|e| unreachable!("{e}"));
        assert_eq!(read.data_dir, PathBuf::from("/else"));
        assert_eq!(read.base_url(), "https://[::1]:9000");
        assert!(read.names().contains(&"tenure.example".to_owned()));
        assert!(fs::write(&path, "listn = \"x\"\n").is_ok());
        let refused = options(&["--config", &file]).err().map(|e| e.0).unwrap_or_default();
        assert!(refused.contains("listn"), "{refused}");
    }

    #[test]
    fn a_public_url_has_no_path_and_names_us() {
        assert!(options(&["--public-url", "https://tenure.example/x"]).is_err());
        assert!(options(&["--public-url", "tenure.example"]).is_err());
        let read = options(&["--public-url", "https://tenure.example:444/"]).unwrap_or_else(|e| unreachable!("{e}"));
        assert_eq!(read.base_url(), "https://tenure.example:444");
        assert!(read.names().contains(&"tenure.example".to_owned()));
    }
}
