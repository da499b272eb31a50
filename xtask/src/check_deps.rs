//! `cargo xtask check-deps`: which crate may use which, and what may be written where.
//!
//! Cargo already refuses an import that a manifest does not list. This check guards the manifests themselves, and the
//! few borders between rooms of one crate that Cargo cannot see.

mod graph;
mod rust_text;
mod sources;

use std::fmt;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// A workspace crate and the workspace crates it may use in what it ships (not in its tests).
struct Row {
    name: &'static str,
    may_use: &'static [&'static str],
}

const ROWS: [Row; 14] = [
    Row { name: "domain", may_use: &[] },
    Row { name: "odata", may_use: &[] },
    Row { name: "auth", may_use: &["domain"] },
    Row { name: "store", may_use: &["domain", "odata"] },
    Row { name: "service", may_use: &["domain", "store", "odata", "auth"] },
    Row { name: "connect", may_use: &["domain"] },
    Row { name: "jobs", may_use: &["domain", "service", "store", "connect"] },
    Row { name: "api", may_use: &["domain", "odata", "auth", "service"] },
    Row { name: "demo", may_use: &["domain", "service"] },
    Row { name: "server", may_use: &["domain", "odata", "auth", "store", "service", "connect", "jobs", "api", "demo"] },
    // A dev-dependency of the others: no other row names it.
    Row {
        name: "testkit",
        may_use: &["domain", "odata", "auth", "store", "service", "connect", "jobs", "api", "demo", "server"],
    },
    Row { name: "bench", may_use: &["domain", "odata", "auth", "store", "service", "api", "testkit"] },
    Row { name: "sim", may_use: &["domain", "auth", "store", "service", "connect", "jobs"] },
    Row { name: "xtask", may_use: &[] },
];

/// Rows whose crate is still to come.
const PLANNED: [&str; 0] = [];

/// Crates without input and output, and what they must therefore not use.
const PURE: [&str; 2] = ["domain", "odata"];
const INPUT_OUTPUT: [&str; 6] = ["tokio", "tokio-postgres", "rusqlite", "axum", "hyper", "reqwest"];

/// Database drivers, and the only crates that may use one.
const DRIVERS: [&str; 2] = ["rusqlite", "tokio-postgres"];
const DRIVER_USERS: [&str; 4] = ["store", "testkit", "bench", "sim"];

/// One thing to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    /// Relative to the repository, with `/`.
    path: String,
    line: usize,
    rule: &'static str,
    text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.path, self.line, self.rule, self.text)
    }
}

/// The verb.
pub fn run(arguments: Arguments) -> Outcome<ExitCode> {
    arguments.finish()?;
    let violations = find(&Workspace::load()?)?;
    println!("{}", summary(&violations));
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of the tests.
pub fn check(workspace: &Workspace) -> Outcome<()> {
    let violations = find(workspace)?;
    if !violations.is_empty() {
        return Err(Failure::new(summary(&violations)));
    }
    println!("{}", summary(&violations));
    Ok(())
}

/// Finds and prints.
fn find(workspace: &Workspace) -> Outcome<Vec<Violation>> {
    let mut violations = graph::check(&workspace.metadata, &workspace.root)?;
    violations.extend(sources::check(&workspace.root, &workspace.target)?);
    violations.sort();
    for violation in &violations {
        println!("{violation}");
    }
    Ok(violations)
}

fn summary(violations: &[Violation]) -> String {
    match violations.len() {
        0 => "check-deps: ok".to_owned(),
        count => format!("check-deps: {count} violations"),
    }
}
