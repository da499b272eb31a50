//! **Room: the binary.** Reads the configuration, opens the store and the keys, starts the listener and the job runner,
//! and stops them again.
//!
//! Everything that differs between installations is decided here and handed on: clocks, randomness, database, names.
//! Contains no rules, no paths of the API and no SQL. May use every room but the test kit.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod backup;
mod checkpoint_file;
mod config;
#[cfg(test)]
mod config_page;
mod demo;
mod doctor;
mod failure;
mod files;
mod handles;
mod init;
mod installation;
mod keys;
mod listen;
mod lock;
mod log;
mod master_key;
mod metrics;
mod otlp;
mod providers;
mod serve;
mod stop;
mod tls;

use clap::Parser;
use config::{Cli, Command, Given, KeysVerb};
use failure::Outcome;
use std::io::Write;
use std::process::ExitCode;

/// Requests make and drop many small things on many threads; this allocator costs half of what the system's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(given) => serve(given),
        Command::Audit { command } => audit::run(command),
        Command::Init { admin, name, options } => {
            log::begin(options).and_then(|options| init::run(&options, &admin, name.as_deref()))
        }
        Command::Unlink { name, options } => log::begin(options).and_then(|o| providers::unlink(&o, &name)),
        Command::Keys { verb: KeysVerb::Rotate { withdraw, options } } => {
            log::begin(options).and_then(|options| keys::rotate(&options, withdraw))
        }
        Command::Keys { verb: KeysVerb::List { options } } => log::begin(options).and_then(|o| keys::list(&o)),
        Command::Doctor { nodes, options } => doctor::run(options, nodes),
        Command::Backup { file, options } => log::begin(options).and_then(|o| backup::back_up(&o, &file)),
        Command::Restore { file, options } => log::begin(options).and_then(|o| backup::restore(&o, &file)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when standard error is gone, too.
            let _ = writeln!(std::io::stderr(), "tenure: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve(given: Given) -> Outcome<()> {
    let options = given.complete()?;
    let spans = log::start(&options)?;
    serve::run(&options, spans)
}
