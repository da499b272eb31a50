//! Where things are, as Cargo sees them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use serde_json::Value;

use crate::failure::{Context, Failure, Outcome};
use crate::process;

/// A first build of everything on a small machine takes ten minutes; nothing healthy takes an hour.
const CARGO_TIME_MAX: Duration = Duration::from_hours(1);

pub struct Workspace {
    /// The repository.
    pub root: PathBuf,
    /// Where Cargo builds; ours to write in.
    pub target: PathBuf,
    /// `cargo metadata` of the workspace members.
    pub metadata: Value,
}

impl Workspace {
    pub fn load() -> Outcome<Self> {
        let text = process::output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata: Value = serde_json::from_str(&text).context("reading `cargo metadata`")?;
        let path = |name: &str| {
            let text = metadata[name].as_str();
            text.map(PathBuf::from).ok_or_else(|| Failure::new(format!("`cargo metadata` has no {name}")))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, metadata })
    }

    /// Runs a Cargo command in the repository, its output going to the terminal.
    pub fn cargo(&self, words: &[&str], environment: &[(&str, &str)]) -> Outcome<()> {
        let mut command = cargo();
        command.args(words).envs(environment.iter().copied()).current_dir(&self.root);
        process::succeed_within(&mut command, CARGO_TIME_MAX)
    }

    /// Builds the server and says where it is.
    pub fn build_server(&self) -> Outcome<PathBuf> {
        self.cargo(&["build", "--bin", "tenure"], &[])?;
        let binary = self.target.join("debug").join("tenure");
        fs::metadata(&binary).context(format!("looking for the built server {}", binary.display()))?;
        Ok(binary)
    }
}

/// The Cargo that started us, so that its toolchain is used throughout.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
