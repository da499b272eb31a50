//! The verbs of this repository: `cargo xtask VERB`.
//!
//! Development only: nothing here ships, and nothing here knows the product beyond its command line. Everything a
//! verb needs and can get by itself (packages of the drivers, a PostgreSQL server) it gets; what it cannot get it
//! names, with the way to install it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers speaks on the terminal")]

mod account;
mod apt;
mod arguments;
mod audit_check;
mod bench;
mod check_deps;
mod clock;
mod conformance;
mod crash;
mod csdl_diff;
mod database;
mod demo_env;
mod demo_server;
mod failure;
mod fuzz;
mod metadata;
mod ports;
mod postgres;
mod process;
mod prove;
mod route_diff;
mod run;
mod session;
mod sim;
mod test;
mod toolchain;
mod trouble;
mod upgrade;
mod workspace;

use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};

const USAGE: &str = "\
usage: cargo xtask VERB

  run [-- FLAGS]    build the server and start it with the demo tenant on the first free port from 8443;
                    FLAGS go to `tenure serve` and win over ours (for instance `-- --listen 127.0.0.1:9000`)

  test [--skip-sdk] [--only STEP]
                    everything that must pass before a change lands: format, lints, dependencies, tests on both
                    databases, and the official clients against a running server (left out by --skip-sdk)

  check-deps        which crate may use which, and what may be written where

  conformance --client python|js|java|go [--store sqlite|postgres]
                    one official client against a demo server on one database; java needs a JDK and Maven, go needs
                    Go and, the first time, some minutes and 5 GB of memory

  bench [--quick] [--json] [--rows N] [--store sqlite|postgres]
                    the whole stack against a bare server that runs the same statements, on both databases; a line of
                    JSON per work

  csdl-diff [--missing] PATH…
                    our metadata documents against extracts of the published ones: every name, type or nullability
                    that differs and is not accepted in crates/api/tests/golden/csdl-accepted.txt

  route-diff [--all] FILE
                    our routes against a list of the published ones: what is missing of the documented ones, with --all
                    of the generated ones too

  crash [--kills N] [--store sqlite|postgres] [--servers 1|2] [--seed S] [--resume] [--binary FILE]
                    kills the server (and the database server) at random moments while clients write, and looks for
                    what was lost or doubled; a run that was cut off goes on with --resume, on the same data;
                    FILE is another server than the one built here
  crash --sabotage  damages a database on purpose, and looks whether the proof finds it

  sim [--seeds N] [--days D] [--seed S [--until STEP]] [--threads T] [--reach] [--tell]
                    a company lives for so long, with faults, crashes and clock jumps, and is compared with a model of
                    the rules after every step; --reach tells how often each operation came to what
  sim --mutations | --mutation NAME
                    plants bugs in copies of the sources, and looks whether the simulator finds them

  trouble [--store sqlite|postgres]
                    fills the disk under a server, locks its file, kills its database and loses its answers

  fixture [--release NAME]
                    keeps a small database of this release for the tests of later ones
  upgrade           opens every database that was kept with the server of today

  fuzz [--minutes N] [--keep] [TARGET]
                    throws made-up paths, filters, queries, skip tokens and bodies at what reads them, ten minutes
                    each; goes on from what it found before; --keep puts the best of it where the tests replay it
  prove plans [--store sqlite|postgres] [--rows N]
                    the plans of hot statements at a million assignments are those at 10,000, and reads take about as
                    long; what was loaded is kept for the next run

  help              this text";

fn main() -> ExitCode {
    match dispatch(Arguments::of_process()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut arguments: Arguments) -> Outcome<ExitCode> {
    let verb = arguments.verb();
    match verb.as_deref() {
        Some("run") => run::run(arguments),
        Some("test") => test::run(arguments),
        Some("check-deps") => check_deps::run(arguments),
        Some("bench") => bench::run(arguments),
        Some("crash") => crash::run(arguments),
        Some("fuzz") => fuzz::run(arguments),
        Some("trouble") => trouble::run(arguments),
        Some("fixture") => upgrade::make(arguments),
        Some("upgrade") => upgrade::run(arguments),
        Some("prove") => prove::run(arguments),
        Some("sim") => sim::run(arguments),
        Some("csdl-diff") => csdl_diff::run(arguments),
        Some("route-diff") => route_diff::run(arguments),
        Some("conformance") => conformance::run(arguments),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(Failure::new(format!("unknown verb `{unknown}`\n\n{USAGE}"))),
        None => Err(Failure::new(format!("which verb?\n\n{USAGE}"))),
    }
}
