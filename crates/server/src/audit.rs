//! `tenure audit`: the sealed audit out of the database, the check of it without one, the public key of its checkpoints,
//! and the erasure of a person's names.

use crate::config::{Given, Options};
use crate::failure::{Failure, Outcome, While};
use crate::log;
use clap::Subcommand;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_auth::SystemEntropy;
use tenure_auth::audit::{Lines, Pin, Summary, Verifier, pem};
use tenure_domain::ids::{Ids, ObjectId};
use tenure_domain::limits::EXPORT_LINE_MAX_BYTES;
use tenure_domain::time::{Clock, SystemClock, from_micros};
use tenure_service::identity::Tenant;
use tenure_service::{Clocks, Engine, ServerConfig, ServiceError, Store, audit, bootstrap};
use uuid::Uuid;

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the sealed audit to standard output, as JSON lines; also while the server runs.
    Export(Given),
    /// Check an export, without database or network: exit 0 and a summary, or exit 1 and the first fault.
    Verify {
        /// The export; `-` is standard input.
        file: PathBuf,
        /// File with the checkpoint key that must have signed: as `tenure audit key` prints it, or its fingerprint.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// Checkpoints that a server kept outside, by its --audit-checkpoint-file; all of them must be in the export.
        #[arg(long, value_name = "FILE")]
        checkpoint_file: Option<PathBuf>,
    },
    /// Print the public key of the checkpoints, as PEM.
    Key(Given),
    /// Erase the names of a person from the audit; what happened stays, and can still be checked.
    Erase {
        /// The person's object id.
        #[arg(long, value_name = "ID")]
        person: Uuid,
        /// Where the installation is.
        #[command(flatten)]
        options: Given,
    },
}

/// The verb.
pub fn run(command: Command) -> Outcome<()> {
    match command {
        Command::Export(given) => export(&log::begin(given)?),
        Command::Verify { file, public_key, checkpoint_file } => {
            let summary = verify(&file, public_key.as_deref(), checkpoint_file.as_deref())?;
            writeln!(io::stdout(), "{summary}").doing("printing the summary")
        }
        Command::Key(given) => key(&log::begin(given)?),
        Command::Erase { person, options } => erase(&log::begin(options)?, ObjectId(person)),
    }
}

/// The database of an installation that is there already; a server may use it at the same time.
fn open(options: &Options) -> Outcome<(Engine, Tenant)> {
    let store = if let Some(url) = &options.database {
        Store::server(&ServerConfig { url: url.clone(), threads: 1 })
    } else {
        let path = options.data_dir.join("tenure.db");
        if !path.exists() {
            return Err(Failure::new(format!("there is no database in {}", options.data_dir.display())));
        }
        Store::embedded(&path)
    };
    let wall = Arc::new(SystemClock);
    let clocks = Clocks { business: wall.clone(), wall };
    let engine = Engine::new(store.doing("opening the database")?, clocks, Arc::new(|| Box::new(SystemEntropy)));
    let tenant = engine.read_blocking(bootstrap::tenant)?;
    let tenant = tenant.ok_or_else(|| Failure::new("there is no tenant in this database"))?;
    Ok((engine, tenant))
}

fn export(options: &Options) -> Outcome<()> {
    let (engine, _) = open(options)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let failed = |error: io::Error| ServiceError::Unavailable(format!("writing the export: {error}"));
    engine.read_long(|tx| audit::export(tx, &mut |line| out.write_all(line).map_err(failed)))?;
    out.flush().doing("writing the export")
}

fn key(options: &Options) -> Outcome<()> {
    let (engine, _) = open(options)?;
    let key = engine.read_long(audit::public_key)?;
    let key =
        key.ok_or_else(|| Failure::new("there is no checkpoint key yet: the first start of a server makes it"))?;
    io::stdout().write_all(pem(&key).as_bytes()).doing("printing the key")
}

/// Checks an export; `Err` names the first fault.
pub fn verify(file: &Path, public_key: Option<&Path>, checkpoints: Option<&Path>) -> Outcome<Summary> {
    let pin = public_key.map(pin).transpose()?;
    let outside = checkpoints.map(kept_outside).transpose()?;
    let named = |fault: tenure_auth::audit::Fault| Failure::new(format!("{}: {fault}", file.display()));
    let mut verifier = Verifier::new(pin, outside).map_err(named)?;
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin().lock()))
    } else {
        Box::new(BufReader::new(File::open(file).doing(format!("opening {}", file.display()))?))
    };
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        number += 1;
        let read = (&mut reader).take(EXPORT_LINE_MAX_BYTES as u64 + 1).read_until(b'\n', &mut line);
        match read.doing(format!("reading {}", file.display()))? {
            0 => return verifier.finish().map_err(named),
            n if n > EXPORT_LINE_MAX_BYTES => {
                return Err(Failure::new(format!(
                    "{}: line {number}: it is longer than {EXPORT_LINE_MAX_BYTES} bytes",
                    file.display()
                )));
            }
            _ => verifier.line(&line).map_err(named)?,
        }
    }
}

fn pin(path: &Path) -> Outcome<Pin> {
    let text = fs::read_to_string(path).doing(format!("reading {}", path.display()))?;
    let wrong = || {
        Failure::new(format!(
            "{} holds no Ed25519 public key as PEM, 32 bytes in hexadecimal or base64, or fingerprint sha256:…",
            path.display()
        ))
    };
    Pin::read(&text).ok_or_else(wrong)
}

fn kept_outside(path: &Path) -> Outcome<Lines> {
    let mut reader = BufReader::new(File::open(path).doing(format!("opening {}", path.display()))?);
    let name = path.display().to_string();
    Ok(Box::new(std::iter::from_fn(move || {
        let mut line = String::new();
        match (&mut reader).take(EXPORT_LINE_MAX_BYTES as u64).read_line(&mut line) {
            // A copy that was taken while the server wrote may end with half a line.
            Ok(_) => line.strip_suffix('\n').map(|line| Ok(line.to_owned())),
            Err(error) => Some(Err(format!("reading {name}: {error}"))),
        }
    })))
}

fn erase(options: &Options, person: ObjectId) -> Outcome<()> {
    let (engine, tenant) = open(options)?;
    // The clock of a demo is ahead of ours.
    let now = from_micros(SystemClock.now().as_microsecond().saturating_add(tenant.clock_offset));
    let runtime = tokio::runtime::Builder::new_current_thread().build().doing("starting")?;
    let mut rows = 0;
    loop {
        let some = engine.claim(move |tx| {
            let mut ids = Ids::new(Box::new(SystemEntropy));
            audit::erase_some(tx, person, now, &mut ids)
        });
        match runtime.block_on(some).doing("erasing")? {
            0 => break,
            n => rows += n,
        }
    }
    let text = format!("{rows} rows of the audit named {}; they name nobody now\n", person.0);
    io::stdout().write_all(text.as_bytes()).doing("printing what was done")
}
