//! What the drivers need: a Python environment, a folder of npm packages, compiled classes and a program, all under the
//! target directory.
//!
//! Packages are installed once and again only when their list changes; what is compiled, its own tools keep up to date.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use crate::failure::{Context, Failure, Outcome};
use crate::workspace::Workspace;
use crate::{apt, process};

const INSTALL_TIME_MAX: Duration = Duration::from_mins(15);
/// The Go SDK is one package of many thousand types: seven minutes of one core, when nothing is compiled yet.
const COMPILE_TIME_MAX: Duration = Duration::from_hours(1);

/// The Python with the packages of `conformance/python/requirements.txt`.
pub fn python(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target.join("conformance").join("python");
    let python = folder.join("bin").join("python");
    let list = workspace.root.join("conformance/python/requirements.txt");
    let installed = folder.join("installed-requirements.txt");
    once_per_list(&list, &installed, &python, || {
        println!("installing the Python packages of the drivers (once)");
        create_environment(&folder)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r"]).arg(&list);
        process::succeed_within(&mut pip, INSTALL_TIME_MAX)
    })?;
    Ok(python)
}

/// The folder whose `node_modules` has the packages of `conformance/NAME/package-lock.json`.
pub fn npm_folder(workspace: &Workspace, name: &str) -> Outcome<PathBuf> {
    let folder = workspace.target.join("conformance").join(name);
    let source = workspace.root.join("conformance").join(name);
    let installed = folder.join("installed-package-lock.json");
    once_per_list(&source.join("package-lock.json"), &installed, &folder.join("node_modules"), || {
        println!("installing the npm packages of conformance/{name} (once)");
        for file in ["package.json", "package-lock.json"] {
            let from = source.join(file);
            fs::copy(&from, folder.join(file)).context(format!("copying {}", from.display()))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        process::succeed_within(&mut npm, INSTALL_TIME_MAX)
    })?;
    Ok(folder)
}

/// The class path of `conformance/java`, compiled from what the repository holds now.
pub fn java_classes(workspace: &Workspace) -> Outcome<OsString> {
    for program in ["java", "mvn"] {
        need(program, "-version", "the Java driver needs a JDK 17 or later and Maven 3.8 or later")?;
    }
    println!("compiling the Java driver (the first time Maven gets its packages, which takes a few minutes)");
    let folder = workspace.target.join("conformance").join("java");
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "--file"]).arg(workspace.root.join("conformance/java/pom.xml"));
    maven.arg(format!("-Dfolder={}", folder.display())).arg("process-classes");
    process::succeed_within(&mut maven, COMPILE_TIME_MAX)?;
    env::join_paths([folder.join("classes"), folder.join("lib").join("*")]).context("naming the class path")
}

/// The program of `conformance/go`, compiled from what the repository holds now.
pub fn go_program(workspace: &Workspace) -> Outcome<PathBuf> {
    need("go", "version", "the Go driver needs Go 1.25 or later")?;
    println!("compiling the Go driver (the first time about seven minutes, and 5 GB of memory)");
    let program = workspace.target.join("conformance").join("go").join("tutorial");
    let mut go = Command::new("go");
    // One package at a time: two of the large ones want twice the memory.
    go.args(["build", "-p", "1", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    go.current_dir(workspace.root.join("conformance/go"));
    process::succeed_within(&mut go, COMPILE_TIME_MAX)?;
    Ok(program)
}

/// Says what is missing before anything is begun.
fn need(program: &str, version: &str, otherwise: &str) -> Outcome<()> {
    if process::succeeds(Command::new(program).arg(version)) {
        return Ok(());
    }
    Err(Failure::new(format!("no `{program}` on PATH: {otherwise}")))
}

/// Runs `install` unless it has succeeded before for this very list and its `result` is still there.
fn once_per_list(list: &Path, installed: &Path, result: &Path, install: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let wanted = fs::read(list).context(format!("reading {}", list.display()))?;
    if result.exists() && fs::read(installed).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    if let Some(folder) = installed.parent() {
        fs::create_dir_all(folder).context(format!("creating {}", folder.display()))?;
    }
    // Half an installation must not pass for a whole one. The mark is not there at all the first time.
    let _ = fs::remove_file(installed);
    install()?;
    fs::write(installed, wanted).context(format!("writing {}", installed.display()))
}

fn create_environment(folder: &Path) -> Outcome<()> {
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    let Err(failure) = process::output(&mut venv) else { return Ok(()) };
    if !failure.to_string().contains("ensurepip") {
        return Err(Failure::new(format!("{failure}\nthe drivers need Python 3.11 or later with its `venv` module")));
    }
    // Debian splits `venv` from its Python.
    apt::install("python3-venv").context("python3 has no ensurepip")?;
    process::output(&mut venv).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::{need, once_per_list};
    use crate::failure::Failure;

    #[test]
    fn what_is_missing_is_named_with_what_is_needed() {
        let failure = need("no-such-program-here", "-version", "get one").unwrap_err().to_string();
        assert!(failure.contains("no-such-program-here") && failure.contains("get one"), "{failure}");
        assert!(need("true", "-version", "get one").is_ok());
    }

    #[test]
    fn an_installation_is_repeated_only_for_a_new_list_or_after_a_failure() {
        let folder = env::temp_dir().join(format!("xtask-toolchain-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (list, installed) = (folder.join("list"), folder.join("installed"));
        let mut runs = 0;
        let mut install = |succeeds: bool| {
            let _ = once_per_list(&list, &installed, &folder, || {
                runs += 1;
                if succeeds { Ok(()) } else { Err(Failure::new("no network")) }
            });
            runs
        };

        fs::write(&list, "one").unwrap();
        assert_eq!((install(false), install(true), install(true)), (1, 2, 2));
        fs::write(&list, "two").unwrap();
        assert_eq!((install(false), install(true), install(true)), (3, 4, 4));
        fs::remove_dir_all(&folder).unwrap();
    }
}
