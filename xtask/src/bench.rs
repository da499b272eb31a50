//! `cargo xtask bench`: the whole stack against its ceiling, on both databases.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::postgres::Postgres;
use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "tenure-bench";
const BENCH_TIME_MAX: Duration = Duration::from_hours(1);
/// What anybody sets before a server is used in earnest. By default it keeps 128 MB: a small database is in it and a large
/// one is not, and short and long runs would measure different things.
const SETTINGS: &str = "shared_buffers = '1GB'";

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let (quick, json) = (arguments.flag("--quick"), arguments.flag("--json"));
    let (rows, store) = (arguments.value("--rows")?, arguments.value("--store")?);
    arguments.finish()?;
    let workspace = Workspace::load()?;
    workspace.cargo(&["build", "--quiet", "--release", "--bin", "tenure", "--bin", PACKAGE], &[])?;
    let built = workspace.target.join("release");
    let postgres = match store.as_deref() {
        Some("sqlite") => None,
        // Its rows are left out where there is none; only who asks for it is told why.
        None => Postgres::start_with(SETTINGS)
            .inspect_err(|failure| eprintln!("no PostgreSQL to measure on: {failure}"))
            .ok(),
        Some("postgres") => Some(Postgres::start_with(SETTINGS)?),
        Some(_) => return Err(Failure::new("--store is sqlite or postgres")),
    };
    let mut command = Command::new(built.join(PACKAGE));
    process::hide_environment(&mut command, "TENURE_");
    command.args(["run", "--binary"]).arg(built.join("tenure"));
    command.arg("--folder").arg(workspace.target.join("bench"));
    command.args(quick.then_some("--quick")).args(json.then_some("--json"));
    command.args(rows.iter().flat_map(|rows| ["--rows", rows]));
    command.args(store.iter().flat_map(|store| ["--store", store]));
    if let Some(postgres) = &postgres {
        command.args(["--server", &postgres.admin_url()]);
    }
    process::succeed_within(&mut command, BENCH_TIME_MAX)?;
    Ok(ExitCode::SUCCESS)
}
