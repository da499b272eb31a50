//! `cargo xtask sim`: a company lives for as long as it is told, against a model of the rules; and the proof that the
//! model finds what is planted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::failure::{Context, Failure, Outcome};
use crate::process;
use crate::workspace::{self, Workspace};

const PACKAGE: &str = "tenure-sim";
const SIM_TIME_MAX: Duration = Duration::from_hours(4);
/// What every change is tried with.
const SEEDS: &str = "20";
const DAYS: &str = "365";
/// What a planted bug must be found within.
const SEEDS_TO_FIND: &str = "80";
const DAYS_TO_FIND: &str = "120";
/// Where patches are kept.
const MUTATIONS: &str = "crates/sim/mutations";

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let workspace = Workspace::load()?;
    let only = arguments.value("--mutation")?;
    if arguments.flag("--mutations") || only.is_some() {
        arguments.finish()?;
        mutations(&workspace, only.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    workspace.cargo(&["build", "--quiet", "--release", "--package", PACKAGE], &[])?;
    let mut command = Command::new(workspace.target.join("release").join(PACKAGE));
    command.args(arguments.pass_on());
    process::succeed_within(&mut command, SIM_TIME_MAX)?;
    Ok(ExitCode::SUCCESS)
}

/// The same as a step of the tests, as the tests were built.
pub fn check(workspace: &Workspace) -> Outcome<()> {
    workspace.cargo(&["build", "--package", PACKAGE], &[])?;
    let mut command = Command::new(workspace.target.join("debug").join(PACKAGE));
    command.args(["--seeds", SEEDS, "--days", DAYS, "--threads", "2"]);
    process::succeed_within(&mut command, SIM_TIME_MAX)
}

/// Plants every bug that is kept, or the one that is named, each in a copy of the sources, and looks whether the simulator
/// finds it.
fn mutations(workspace: &Workspace, only: Option<&str>) -> Outcome<()> {
    let mut patches: Vec<PathBuf> = fs::read_dir(workspace.root.join(MUTATIONS))
        .context("reading the planted bugs")?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "patch"))
        .collect();
    patches.sort();
    let folder = workspace.target.join("mutations");
    let changed = changed_by(&patches)?;
    patches.retain(|patch| only.is_none_or(|only| patch.file_stem().is_some_and(|stem| stem == only)));
    if patches.is_empty() {
        return Err(Failure::new(format!("sim: no planted bug is called `{}`", only.unwrap_or_default())));
    }
    let mut missed = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        println!("==== {name}");
        let copy = folder.join("tree");
        copy_sources(&workspace.root, &copy, &changed)?;
        // The copy lies inside the repository: without the ceiling Git would look for the files at its root.
        let mut apply = Command::new("git");
        apply.arg("apply").arg(patch).current_dir(&copy).env("GIT_CEILING_DIRECTORIES", &folder);
        process::output(&mut apply)?;
        if found(&copy, &folder.join("target"))? {
            println!("==== {name}: found\n");
        } else {
            println!("==== {name}: NOT FOUND\n");
            missed.push(name);
        }
    }
    if missed.is_empty() {
        println!("sim: all {} planted bugs were found", patches.len());
        return Ok(());
    }
    Err(Failure::new(format!("sim: not found: {}", missed.join(", "))))
}

/// Builds a copy of the sources and simulates with it; true when something does not hold.
fn found(copy: &Path, target: &Path) -> Outcome<bool> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--package", PACKAGE]).current_dir(copy).env("CARGO_TARGET_DIR", target);
    process::succeed_within(&mut build, SIM_TIME_MAX)?;
    let mut simulate = Command::new(target.join("debug").join(PACKAGE));
    simulate.args(["--seeds", SEEDS_TO_FIND, "--days", DAYS_TO_FIND, "--threads", "2"]);
    let ended = process::ended(&mut simulate)?;
    // What it says first is the history; what it found stands at the end.
    for line in ended.1.lines().filter(|line| line.starts_with("sim: ")) {
        println!("{}", line.chars().take(400).collect::<String>());
    }
    Ok(!ended.0)
}

/// The files that any of the patches changes.
fn changed_by(patches: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    for patch in patches {
        let text = fs::read_to_string(patch).context(format!("reading {}", patch.display()))?;
        all.extend(text.lines().filter_map(|line| line.strip_prefix("+++ b/")).map(str::to_owned));
    }
    Ok(all)
}

/// Copies what Git knows of the repository, without what lies there from an earlier copy. The times of files are kept, so
/// that the copy is built again only where it differs; but for those that patches change, because an earlier one may have.
fn copy_sources(root: &Path, copy: &Path, changed: &[String]) -> Outcome<()> {
    let listed = process::output(Command::new("git").args(["ls-files", "-z"]).current_dir(root))?;
    if copy.exists() {
        fs::remove_dir_all(copy).context("removing an earlier copy")?;
    }
    for file in listed.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (root.join(file), copy.join(file));
        if !from.exists() {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).context("copying the sources")?;
        }
        fs::copy(&from, &to).context(format!("copying {file}"))?;
        if changed.iter().any(|changed| changed == file) {
            continue;
        }
        let times = fs::FileTimes::new()
            .set_modified(from.metadata().and_then(|meta| meta.modified()).context(format!("looking at {file}"))?);
        let written = fs::File::options().write(true).open(&to).and_then(|to| to.set_times(times));
        written.context(format!("copying {file}"))?;
    }
    Ok(())
}
