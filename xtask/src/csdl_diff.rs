//! `cargo xtask csdl-diff`: our metadata documents against extracts of the published ones.
//!
//! Everything that we declare and that is not published, or not so, is a difference. Those we know of stand in a file
//! with their reasons; any other one fails, and so does a line of the file that is no difference any more.

mod accepted;
mod compare;
mod document;
mod extract;
mod model;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Context, Failure, Outcome};
use crate::workspace::Workspace;
use accepted::Accepted;
use model::Model;

/// Differences that are known, one a line.
const ACCEPTED_FILE: &str = "crates/api/tests/golden/csdl-accepted.txt";
/// Where a test keeps the documents.
const SNAPSHOTS: [(&str, &str); 2] = [
    ("v1.0", "crates/api/tests/api/snapshots/api__metadata__document_of_v1.snap"),
    ("beta", "crates/api/tests/api/snapshots/api__metadata__document_of_beta.snap"),
];

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let shows_missing = arguments.flag("--missing");
    let paths: Vec<PathBuf> = arguments.pass_on().into_iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err(Failure::new("csdl-diff needs the extracts to compare with: files of JSON"));
    }
    let workspace = Workspace::load()?;
    Ok(if compare(&workspace, &paths, shows_missing)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The documents that a test keeps, by version.
pub fn documents(workspace: &Workspace) -> Outcome<Vec<(&'static str, String)>> {
    let read = |(version, path): (&'static str, &str)| {
        let text = fs::read_to_string(workspace.root.join(path)).context(format!("reading {path}"))?;
        // The head of a snapshot ends with the second line of dashes.
        let body = text.splitn(3, "---\n").nth(2).unwrap_or_default();
        Ok((version, body.to_owned()))
    };
    SNAPSHOTS.into_iter().map(read).collect()
}

/// Prints what differs; true when all of it is accepted.
pub fn compare(workspace: &Workspace, paths: &[PathBuf], shows_missing: bool) -> Outcome<bool> {
    let published = published(paths)?;
    let accepted = Accepted::read(&workspace.root.join(ACCEPTED_FILE))?;
    let (mut differences, mut missing) = (Vec::new(), Vec::new());
    for (version, text) in documents(workspace)? {
        let Some(theirs) = published.get(version) else { continue };
        let ours = document::read(&text).context(format!("our document of {version}"))?;
        differences.extend(compare::differences(&ours, theirs).into_iter().map(|d| format!("{version} {d}")));
        missing.extend(compare::missing(&ours, theirs).into_iter().map(|d| format!("{version} {d}")));
    }
    let versions: Vec<&str> = published.keys().map(String::as_str).collect();
    let verdict = accepted.judge(&differences, &versions);
    for line in &verdict.unknown {
        println!("{line}");
    }
    for line in &verdict.stale {
        println!("accepted, but no difference any more: {line}");
    }
    if shows_missing {
        for line in &missing {
            println!("not served: {line}");
        }
    }
    println!(
        "csdl-diff: {} differences, {} of them accepted; {} published things are not served{}",
        differences.len(),
        differences.len() - verdict.unknown.len(),
        missing.len(),
        if shows_missing { "" } else { " (--missing lists them)" },
    );
    Ok(verdict.unknown.is_empty() && verdict.stale.is_empty())
}

/// The published models by version; files of one version are put together.
fn published(paths: &[PathBuf]) -> Outcome<BTreeMap<String, Model>> {
    let mut all: BTreeMap<String, Model> = BTreeMap::new();
    for path in paths {
        let (version, model) = extract::read(path).context(format!("reading {}", path.display()))?;
        all.entry(version).or_default().add(model);
    }
    Ok(all)
}

/// The extracts beside the repository, where they are.
pub fn extracts(root: &Path) -> Vec<PathBuf> {
    let names = ["v1.0", "beta", "neighbours-v1.0", "neighbours-beta"];
    let paths = names.map(|name| root.join(format!("../shared/graph/{name}.json")));
    paths.into_iter().filter(|path| path.is_file()).collect()
}
