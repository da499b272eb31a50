//! `cargo xtask test`: everything that must pass before a change lands.
//!
//! All steps run, also after a failure, so that one run tells everything there is to mend.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::conformance::{self, Scenario};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::workspace::{self, Workspace};
use crate::{check_deps, crash, metadata, process, sim, trouble, upgrade};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Fmt,
    Clippy,
    CheckDeps,
    Deny,
    Unit,
    Sim,
    Build,
    /// On PostgreSQL, or on the embedded database.
    Crash(bool),
    /// Likewise.
    Trouble(bool),
    Upgrade,
    Metadata,
    Client(Scenario),
}

struct Report {
    step: Step,
    passed: bool,
    took: Duration,
}

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let skip_sdk = arguments.flag("--skip-sdk");
    let only = arguments.value("--only")?;
    arguments.finish()?;
    let session = Session::open()?;
    let steps = plan(&session.workspace, skip_sdk, only.as_deref())?;
    let reports: Vec<Report> = steps.into_iter().filter_map(|step| perform(&session, step)).collect();
    drop(session);
    Ok(conclude(&reports, skip_sdk))
}

fn plan(workspace: &Workspace, skip_sdk: bool, only: Option<&str>) -> Outcome<Vec<Step>> {
    let mut steps = vec![Step::Fmt, Step::Clippy, Step::CheckDeps, Step::Deny, Step::Unit, Step::Sim, Step::Build];
    steps.extend([Step::Crash(false), Step::Crash(true), Step::Trouble(false), Step::Trouble(true)]);
    steps.push(Step::Upgrade);
    if !skip_sdk {
        steps.push(Step::Metadata);
        steps.extend(conformance::scenarios(workspace).into_iter().map(Step::Client));
    }
    let Some(only) = only else { return Ok(steps) };
    if let Some(&step) = steps.iter().find(|step| step.to_string() == only) {
        return Ok(vec![step]);
    }
    let names: Vec<String> = steps.iter().map(ToString::to_string).collect();
    Err(Failure::new(format!("no step `{only}`; the steps are {}", names.join(", "))))
}

/// Runs one step; `None` when it cannot run here and is not counted.
fn perform(session: &Session, step: Step) -> Option<Report> {
    if step == Step::Deny && !process::succeeds(workspace::cargo().args(["deny", "--version"])) {
        println!("deny: cargo-deny is not installed, not run");
        return None;
    }
    println!("==== {step}");
    let started = Instant::now();
    let outcome = step.run(session);
    let took = started.elapsed();
    let passed = outcome.is_ok();
    if let Err(failure) = outcome {
        println!("{failure}");
    }
    println!("==== {step}: {} in {:.1} s\n", word(passed), took.as_secs_f64());
    Some(Report { step, passed, took })
}

fn conclude(reports: &[Report], skip_sdk: bool) -> ExitCode {
    for Report { step, passed, took } in reports {
        println!("{:<28}{:<8}{:>8.1} s", step.to_string(), word(*passed), took.as_secs_f64());
    }
    let left_out = if skip_sdk { " (sdk and acceptance steps left out)" } else { "" };
    let failed = reports.iter().filter(|report| !report.passed).count();
    if failed == 0 {
        println!("test: all {} steps passed{left_out}", reports.len());
        return ExitCode::SUCCESS;
    }
    println!("test: {failed} of {} steps failed{left_out}", reports.len());
    ExitCode::FAILURE
}

fn word(passed: bool) -> &'static str {
    if passed { "ok" } else { "FAILED" }
}

impl Step {
    fn run(self, session: &Session) -> Outcome<()> {
        let workspace = &session.workspace;
        match self {
            Self::Fmt => workspace.cargo(&["fmt", "--all", "--check"], &[]),
            Self::Clippy => workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[]),
            Self::CheckDeps => check_deps::check(workspace),
            Self::Deny => workspace.cargo(&["deny", "check"], &[]),
            Self::Unit => unit(session),
            Self::Sim => sim::check(workspace),
            Self::Build => session.server().map(drop),
            Self::Crash(on_postgres) => crash::check(session, on_postgres),
            Self::Trouble(on_postgres) => trouble::check(session, on_postgres),
            Self::Upgrade => upgrade::check(session),
            Self::Metadata => metadata::check(&session.workspace),
            Self::Client(scenario) => client(session, scenario),
        }
    }
}

/// All tests of the workspace, with a real server for those that want both databases.
fn unit(session: &Session) -> Outcome<()> {
    let url = session.postgres()?.admin_url();
    let environment = [("TENURE_TEST_POSTGRES", url.as_str()), ("TENURE_REQUIRE_POSTGRES", "1")];
    session.workspace.cargo(&["test", "--workspace"], &environment)
}

fn client(session: &Session, scenario: Scenario) -> Outcome<()> {
    let verdict = scenario.run(session)?;
    println!("{}", verdict.closing);
    if verdict.passed { Ok(()) } else { Err(Failure::new(format!("{} did not pass", scenario.name()))) }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fmt => out.write_str("fmt"),
            Self::Clippy => out.write_str("clippy"),
            Self::CheckDeps => out.write_str("check-deps"),
            Self::Deny => out.write_str("deny"),
            Self::Unit => out.write_str("unit"),
            Self::Sim => out.write_str("sim"),
            Self::Build => out.write_str("build"),
            Self::Crash(false) => out.write_str("crash-sqlite"),
            Self::Crash(true) => out.write_str("crash-postgres"),
            Self::Trouble(false) => out.write_str("trouble-sqlite"),
            Self::Trouble(true) => out.write_str("trouble-postgres"),
            Self::Upgrade => out.write_str("upgrade"),
            Self::Metadata => out.write_str("metadata"),
            Self::Client(scenario) => out.write_str(&scenario.name()),
        }
    }
}
