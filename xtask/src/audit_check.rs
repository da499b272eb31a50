//! The sealed audit of a server's database: exported and checked with the server's own program, as an auditor would.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Outcome};
use crate::process;

/// Where the export is written, in the server's folder.
const EXPORT: &str = "audit.jsonl";

/// Exports the audit of the database that the server of this folder uses, and checks it; also while servers run. Answers
/// the summary; the failure names the first fault.
pub fn audit_check(binary: &Path, folder: &Path, database: Option<&str>) -> Outcome<String> {
    let export = folder.join(EXPORT);
    let mut command = tenure(binary);
    command.args(["audit", "export", "--data-dir"]).arg(folder);
    command.args(database.iter().flat_map(|url| ["--database", url]));
    let file = File::create(&export).context(format!("creating {}", export.display()))?;
    let out = command.stdin(Stdio::null()).stdout(file).stderr(Stdio::piped()).spawn();
    let out = out.and_then(std::process::Child::wait_with_output).context("exporting the audit")?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(Failure::new(format!("the audit could not be exported: {}\n{said}", out.status)));
    }
    let summary = process::output(tenure(binary).args(["audit", "verify"]).arg(&export))?;
    Ok(summary.trim_end().to_owned())
}

fn tenure(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    process::hide_environment(&mut command, "TENURE_");
    command
}
