//! `cargo xtask fuzz`: bytes of strangers by the million, steered by what they reach. What is found is kept in
//! `fuzz/found` and the next run goes on from there; `--keep` makes the smallest set that reaches as much, within
//! [`CORPUS_BYTES_MAX`], the one that the tests replay.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::failure::{Context, Failure, Outcome};
use crate::process;
use crate::workspace::{Workspace, cargo};

const TARGETS: [&str; 5] = ["path", "filter", "query", "skip_token", "body"];
const MINUTES_DEFAULT: u64 = 10;
/// Bytes of one target's corpus in the repository.
const CORPUS_BYTES_MAX: u64 = 200_000;
/// Inputs of it.
const CORPUS_INPUTS_MAX: usize = 400;
/// Bytes of one input; longer ones reach nothing that these do not.
const INPUT_BYTES_MAX: u32 = 8_192;
/// Seconds one input may take. A healthy one takes far less than a millisecond.
const INPUT_SECONDS_MAX: u32 = 10;
const MEMORY_MEBIBYTES_MAX: u32 = 2_048;
/// Beyond the time that the fuzzer is given: it finishes, and merging reads everything once more.
const GRACE: Duration = Duration::from_mins(20);
const BUILD_TIME_MAX: Duration = Duration::from_hours(1);
/// What has the compiler count which branches are taken; no sanitizer, because there is no unsafe code of ours.
const COUNTING: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let minutes = match arguments.value("--minutes")? {
        Some(text) => text.parse().context("--minutes is a whole number")?,
        None => MINUTES_DEFAULT,
    };
    let keep = arguments.flag("--keep");
    let wanted = arguments.verb();
    arguments.finish()?;
    let targets: Vec<&str> = match wanted.as_deref() {
        None => TARGETS.to_vec(),
        Some(name) => TARGETS.iter().copied().filter(|target| *target == name).collect(),
    };
    if targets.is_empty() {
        return Err(Failure::new(format!("the targets are {}", TARGETS.join(", "))));
    }
    let workspace = Workspace::load()?;
    let binaries = build(&workspace)?;
    let home = workspace.root.join("fuzz");
    for target in targets {
        if minutes > 0 {
            println!("==== {target}");
            throw(&home, &binaries.join(target), target, minutes)?;
        }
        if keep {
            merge(&home, &binaries.join(target), target)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn build(workspace: &Workspace) -> Outcome<PathBuf> {
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::new("rustc does not say its host"))?;
    let target = workspace.target.join("fuzz");
    let mut command = cargo();
    command
        // A target of its own keeps build scripts from being counted.
        .args(["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml", "--target", host])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", COUNTING)
        .current_dir(&workspace.root);
    process::succeed_within(&mut command, BUILD_TIME_MAX)?;
    Ok(target.join(host).join("release"))
}

fn throw(home: &Path, binary: &Path, target: &str, minutes: u64) -> Outcome<()> {
    let (found, artifacts) = (home.join("found").join(target), home.join("artifacts").join(target));
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).context(format!("making {}", folder.display()))?;
    }
    let mut command = Command::new(binary);
    command
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEBIBYTES_MAX}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-dict={}", home.join("words.dict").display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .args([&found, &home.join("corpus").join(target)]);
    process::succeed_within(&mut command, Duration::from_mins(minutes) + GRACE)
        .context(format!("{target} found something; the input is in {}", artifacts.display()))
}

/// Puts the smallest set of inputs that reaches as much in place of the corpus.
fn merge(home: &Path, binary: &Path, target: &str) -> Outcome<()> {
    let (corpus, found) = (home.join("corpus").join(target), home.join("found").join(target));
    let fresh = home.join("found").join(format!("{target}.merged"));
    // Left behind by a run that was cut off.
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh).context(format!("making {}", fresh.display()))?;
    let mut command = Command::new(binary);
    command.arg("-set_cover_merge=1").arg(format!("-max_len={INPUT_BYTES_MAX}")).args([&fresh, &corpus]);
    if found.is_dir() {
        command.arg(&found);
    }
    process::succeed_within(&mut command, GRACE)?;
    let bytes = trim(&fresh)?;
    fs::remove_dir_all(&corpus).context(format!("removing {}", corpus.display()))?;
    fs::rename(&fresh, &corpus).context(format!("putting {} in place", corpus.display()))?;
    println!("{target}: {bytes} bytes are kept");
    Ok(())
}

/// Drops the largest inputs until what is left is little enough; gives its bytes.
fn trim(folder: &Path) -> Outcome<u64> {
    let mut inputs: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).context(format!("reading {}", folder.display()))? {
        let entry = entry.context("reading the merged inputs")?;
        inputs.push((entry.metadata().context("reading the merged inputs")?.len(), entry.path()));
    }
    inputs.sort();
    let mut bytes: u64 = inputs.iter().map(|(size, _)| size).sum();
    while bytes > CORPUS_BYTES_MAX || inputs.len() > CORPUS_INPUTS_MAX {
        let Some((size, path)) = inputs.pop() else { break };
        fs::remove_file(&path).context(format!("removing {}", path.display()))?;
        bytes -= size;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{CORPUS_BYTES_MAX, CORPUS_INPUTS_MAX, TARGETS};

    #[test]
    fn every_target_has_a_binary_and_a_small_corpus() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        for target in TARGETS {
            assert!(root.join("fuzz_targets").join(format!("{target}.rs")).is_file(), "{target}");
            let inputs: Vec<_> = fs::read_dir(root.join("corpus").join(target)).unwrap().map(Result::unwrap).collect();
            let bytes: u64 = inputs.iter().map(|input| input.metadata().unwrap().len()).sum();
            assert!(
                !inputs.is_empty() && inputs.len() <= CORPUS_INPUTS_MAX && bytes <= CORPUS_BYTES_MAX,
                "{target}: {bytes} bytes"
            );
        }
    }
}
