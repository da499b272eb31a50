//! **Room: the benchmark.** Measures the whole stack against its ceiling: a bare server in the same run, with the same
//! transport, the same statements, the same driver threads and the same durability, and no rules at all (decisions.md O2).
//!
//! `tenure-bench run` loads a database, starts the real server on it and the ceiling on a copy, and drives both in turn
//! with the same generator. `tenure-bench ceiling` is the bare server: it records what the stack asks of the database for
//! each work, then runs just that. Development only; no timing here decides a test. May use every room.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers speaks on the terminal")]

mod arguments;
mod ceiling;
mod failure;
mod generator;
mod ground;
mod http;
mod inside;
mod measure;
mod place;
mod report;
mod rng;
mod server;
mod template;
mod works;

use arguments::Command;
use std::process::ExitCode;

/// The one the product has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Command::of_process() {
        Ok(Command::Run(options)) => measure::run(&options),
        Ok(Command::Ceiling(options)) => ceiling::serve(&options),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tenure-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
