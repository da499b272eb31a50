//! An older program does not touch the database of a newer one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::database::{Database, Rows, named};
use crate::failure::{Context, Failure, Outcome};
use crate::process;

const STATEMENTS: &str = include_str!("newer.sql");
const REFUSAL_TIME_MAX: Duration = Duration::from_mins(1);
/// What the sentence must say.
const SENTENCE: [&str; 2] = ["schema version 999", "use a newer program"];

/// Whether the server refuses a database that was migrated further than it knows, says so, and leaves it alone.
pub fn is_refused(binary: &Path, folder: &Path, url: Option<&str>, data: &Database) -> Outcome<()> {
    let statement = |kind: &str| named(STATEMENTS).into_iter().find(|s| s.kind == kind).map(|s| s.text);
    let (read, change) = (statement("read").unwrap_or_default(), statement("change").unwrap_or_default());
    let versions = || -> Outcome<Vec<Rows>> { data.rows(&[&read]) };
    data.change(&change)?;
    let before = versions()?;
    let log = folder.join("refusal.log");
    let mut command = Command::new(binary);
    process::hide_environment(&mut command, "TENURE_");
    command.args(["serve", "--demo", "--insecure-http", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder);
    command.args(url.iter().flat_map(|url| ["--database", url]));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).context("creating the log")?);
    let mut child = command.spawn().context("starting the server")?;
    let Some(status) = process::wait_within(&mut child, REFUSAL_TIME_MAX)? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::new("a database with a newer schema was opened"));
    };
    let said = fs::read_to_string(&log).context("reading what the server said")?;
    let last = said.lines().last().unwrap_or_default();
    let is_clear = last.starts_with("tenure: ") && SENTENCE.iter().all(|words| last.contains(words));
    if status.code() != Some(1) || !is_clear {
        return Err(Failure::new(format!("a newer schema was answered with {status}: {last}")));
    }
    if versions()? != before {
        return Err(Failure::new("the versions of the schema have changed"));
    }
    Ok(())
}
