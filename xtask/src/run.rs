//! `cargo xtask run`: the server with the demo tenant, in this terminal.

use std::ops::RangeInclusive;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::ports;
use crate::workspace::Workspace;

const PORTS: RangeInclusive<u16> = 8443..=8463;

pub fn run(arguments: Arguments) -> Outcome<ExitCode> {
    let theirs = arguments.pass_on();
    let workspace = Workspace::load()?;
    let mut server = Command::new(workspace.build_server()?);
    server.arg("serve").current_dir(&workspace.root);
    if !gives(&theirs, "--demo") {
        server.arg("--demo");
    }
    if !gives(&theirs, "--data-dir") {
        server.arg("--data-dir").arg(workspace.target.join("demo"));
    }
    if !gives(&theirs, "--listen") {
        server.args(["--listen", &free_address()?]);
    }
    server.args(theirs);
    // The server takes our place: signals, the terminal and the exit code are its own. It comes back only on failure.
    Err(Failure::new(format!("starting the server: {}", server.exec())))
}

/// Whether the developer gave this flag, as `--flag value` or `--flag=value`.
fn gives(words: &[String], flag: &str) -> bool {
    words.iter().any(|word| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
}

fn free_address() -> Outcome<String> {
    let port = ports::first_free(PORTS).ok_or_else(|| {
        let (first, last) = PORTS.into_inner();
        Failure::new(format!("ports {first} to {last} are all taken; give one with `-- --listen 127.0.0.1:PORT`"))
    })?;
    Ok(format!("127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests {
    use super::gives;

    #[test]
    fn a_flag_is_known_in_both_spellings_and_not_by_its_beginning() {
        let words = ["--listen=127.0.0.1:9000".to_owned(), "--demo-allow-remote".to_owned()];
        assert!(gives(&words, "--listen"));
        assert!(!gives(&words, "--demo"));
    }
}
