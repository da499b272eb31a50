//! Debian packages, installed where nobody has to be asked: as root, on a system that has apt.

use std::process::Command;
use std::time::Duration;

use crate::account;
use crate::failure::{Failure, Outcome};
use crate::process;

const INSTALL_TIME_MAX: Duration = Duration::from_mins(15);

/// Installs `package`, or says why it cannot be and what to do by hand.
pub fn install(package: &str) -> Outcome<()> {
    if !account::is_root() || !process::succeeds(Command::new("apt-get").arg("--version")) {
        return Err(Failure::new(format!(
            "install the package `{package}` (its name on Debian and Ubuntu); we do it ourselves only as root with apt-get"
        )));
    }
    println!("installing the Debian package {package}");
    // Old lists may still do: what counts is whether the installation works.
    let _ = process::succeed_within(&mut apt_get(&["update"]), INSTALL_TIME_MAX);
    process::succeed_within(&mut apt_get(&["install", "-y", "--no-install-recommends", package]), INSTALL_TIME_MAX)
}

fn apt_get(words: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(words).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
