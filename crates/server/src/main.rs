//! **Room: the binary.** Reads the configuration, opens the store and the keys, starts the listener and the job runner,
//! and stops them again.
//!
//! Everything that differs between installations is decided here and handed on: clocks, randomness, database, names.
//! Contains no rules, no paths of the API and no SQL. May use every room but the test kit.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod checkpoint_file;
mod config;
mod demo;
mod failure;
mod files;
mod handles;
mod init;
mod installation;
mod keys;
mod listen;
mod lock;
mod master_key;
mod providers;
mod serve;
mod stop;
mod tls;

use clap::Parser;
use config::{Cli, Command, KeysVerb};
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Requests make and drop many small things on many threads; this allocator costs half of what the system's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    let done = match cli.command {
        Command::Serve(given) => given.complete().and_then(|options| serve::run(&options)),
        Command::Audit { command } => audit::run(command),
        Command::Init { admin, name, options } => {
            options.complete().and_then(|options| init::run(&options, &admin, name.as_deref()))
        }
        Command::Unlink { name, options } => options.complete().and_then(|o| providers::unlink(&o, &name)),
        Command::Keys { verb: KeysVerb::Rotate { withdraw, options } } => {
            options.complete().and_then(|options| keys::rotate(&options, withdraw))
        }
        Command::Keys { verb: KeysVerb::List { options } } => options.complete().and_then(|o| keys::list(&o)),
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

/// `TENURE_LOG` says what is logged, in the usual directives: `info`, `tenure_api=debug`.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("TENURE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
