//! What the drivers need: a Python environment and a folder of npm packages, both under the target directory.
//!
//! Each is made once and again only when its list of packages changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Context, Failure, Outcome};
use crate::workspace::Workspace;
use crate::{apt, process};

const INSTALL_TIME_MAX: Duration = Duration::from_mins(15);

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

    use super::once_per_list;
    use crate::failure::Failure;

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
