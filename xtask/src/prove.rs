//! `cargo xtask prove plans`: the plans of hot statements at a million assignments are those at 10,000, and reads take
//! about as long.
//!
//! The work is done by a test of the store that others leave out. What was loaded stays under `target/prove` (and, for a
//! database server, in the folder of a server that is kept), so that the next run begins where this one ended.

use std::fs;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Context, Failure, Outcome};
use crate::postgres::Postgres;
use crate::workspace::Workspace;

const ROWS_DEFAULT: u32 = 1_000_000;
const ROWS_MAX: u32 = 10_000_000;
/// The name under which the data of the database server is kept.
const KEPT: &str = "prove";
const TEST: &str = "prove::plans_and_reads_at_full_size";

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    match arguments.verb().as_deref() {
        Some("plans") => {}
        _ => return Err(Failure::new("prove what? `cargo xtask prove plans`")),
    }
    let stores = match arguments.value("--store")?.as_deref() {
        None => vec!["sqlite", "postgres"],
        Some("sqlite") => vec!["sqlite"],
        Some("postgres") => vec!["postgres"],
        Some(_) => return Err(Failure::new("--store is sqlite or postgres")),
    };
    let rows = match arguments.value("--rows")? {
        None => Some(ROWS_DEFAULT),
        Some(text) => text.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows)),
    };
    let rows = rows.ok_or_else(|| Failure::new(format!("--rows is 1 to {ROWS_MAX}")))?;
    arguments.finish()?;
    let workspace = Workspace::load()?;
    for store in stores {
        println!("==== {store}, {rows} assignments");
        prove(&workspace, store, rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn prove(workspace: &Workspace, store: &str, rows: u32) -> Outcome<()> {
    let folder = workspace.target.join("prove").join(format!("{store}-{rows}"));
    fs::create_dir_all(&folder).context(format!("creating {}", folder.display()))?;
    let postgres = if store == "postgres" { Some(Postgres::start_kept(KEPT)?) } else { None };
    let (folder, rows) = (folder.display().to_string(), rows.to_string());
    let url = postgres.as_ref().map(Postgres::admin_url).unwrap_or_default();
    let environment = [
        ("TENURE_PROVE_FOLDER", folder.as_str()),
        ("TENURE_PROVE_ROWS", rows.as_str()),
        ("TENURE_TEST_POSTGRES", url.as_str()),
    ];
    let words = ["test", "-p", "tenure-store", "--test", "plans", "--", "--ignored", "--nocapture", "--exact", TEST];
    workspace.cargo(&words, &environment)
}
