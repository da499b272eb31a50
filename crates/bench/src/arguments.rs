//! The command line.

use crate::failure::{Failure, Outcome, While};
use std::collections::HashMap;
use std::path::PathBuf;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file.
    Sqlite,
    /// The server.
    Postgres,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// What the benchmark is asked for.
pub struct RunOptions {
    /// The program of the product.
    pub binary: PathBuf,
    /// Where databases are made; emptied first.
    pub folder: PathBuf,
    /// Assignments that are loaded first.
    pub rows: u32,
    /// Ends within a minute.
    pub quick: bool,
    /// Only JSON lines.
    pub json: bool,
    /// The address of a database server on which databases may be made; without it only the file is measured.
    pub server: Option<String>,
    /// Only this database.
    pub only: Option<Kind>,
}

/// What the bare server is started with.
pub struct CeilingOptions {
    /// A data folder of the product, not served by anybody.
    pub folder: PathBuf,
    /// Its database, when that is on a server.
    pub database: Option<String>,
    /// The port of the loopback interface to listen on.
    pub port: u16,
}

/// What to do.
pub enum Command {
    /// Measure.
    Run(RunOptions),
    /// Be the ceiling.
    Ceiling(CeilingOptions),
}

impl Command {
    /// What this process was started with.
    pub fn of_process() -> Outcome<Self> {
        let mut words = std::env::args().skip(1);
        let verb = words.next().unwrap_or_default();
        let mut given: HashMap<String, String> = HashMap::new();
        while let Some(name) = words.next() {
            let value = if ["--quick", "--json"].contains(&name.as_str()) {
                String::new()
            } else {
                words.next().doing(&name)?
            };
            given.insert(name, value);
        }
        match verb.as_str() {
            "run" => run(&given).map(Self::Run),
            "ceiling" => ceiling(&given).map(Self::Ceiling),
            _ => Err(Failure("use `cargo xtask bench`".to_owned())),
        }
    }
}

fn run(given: &HashMap<String, String>) -> Outcome<RunOptions> {
    let quick = given.contains_key("--quick");
    let default = if quick { 100_000 } else { 300_000 };
    let rows = given.get("--rows").map_or(Ok(default), |n| n.parse().doing("--rows takes a number"))?;
    let only = match given.get("--store").map(String::as_str) {
        None => None,
        Some("sqlite") => Some(Kind::Sqlite),
        Some("postgres") => Some(Kind::Postgres),
        Some(_) => return Err(Failure("--store is sqlite or postgres".to_owned())),
    };
    Ok(RunOptions {
        binary: given.get("--binary").doing("--binary")?.into(),
        folder: given.get("--folder").doing("--folder")?.into(),
        rows,
        quick,
        json: given.contains_key("--json"),
        server: given.get("--server").cloned(),
        only,
    })
}

fn ceiling(given: &HashMap<String, String>) -> Outcome<CeilingOptions> {
    Ok(CeilingOptions {
        folder: given.get("--folder").doing("--folder")?.into(),
        database: given.get("--database").cloned(),
        port: given.get("--port").doing("--port")?.parse().doing("--port")?,
    })
}
