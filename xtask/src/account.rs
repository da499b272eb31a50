//! Who we are on this machine, and whom we may become.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::process;

/// A system account to run a program as.
pub struct Account {
    user: u32,
    group: u32,
}

impl Account {
    pub fn named(name: &str) -> Outcome<Self> {
        Ok(Self { user: id(&["-u", name])?, group: id(&["-g", name])? })
    }

    /// Makes `command` run as this account. Needs root.
    pub fn run_as(&self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    /// Makes this account the owner of `path`. Needs root.
    pub fn own(&self, path: &Path) -> Outcome<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .context(format!("changing the owner of {}", path.display()))
    }
}

pub fn is_root() -> bool {
    id(&["-u"]).is_ok_and(|user| user == 0)
}

fn id(words: &[&str]) -> Outcome<u32> {
    let text = process::output(Command::new("id").args(words))?;
    text.trim().parse().context("reading the answer of `id`")
}
