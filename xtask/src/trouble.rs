//! `cargo xtask trouble`: what the machine can do to a server that keeps running. The disk fills up, somebody else holds
//! the file, the database goes away, its answers get lost. Each time: what cannot be done now is answered 503 with
//! `Retry-After` and has no effect, what was acknowledged is there, and all is well again without anybody's help.

mod away;
mod disk;
mod file;
mod proxy;
mod writer;

use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::postgres::Postgres;
use crate::session::Session;

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let store = arguments.value("--store")?;
    arguments.finish()?;
    let session = Session::open()?;
    match store.as_deref() {
        Some("sqlite") => check(&session, false)?,
        Some("postgres") => check(&session, true)?,
        None => [false, true].into_iter().try_for_each(|on_postgres| check(&session, on_postgres))?,
        Some(_) => return Err(Failure::new("--store is sqlite or postgres")),
    }
    Ok(ExitCode::SUCCESS)
}

/// All troubles of one database.
pub fn check(session: &Session, on_postgres: bool) -> Outcome<()> {
    if on_postgres {
        let postgres = Postgres::start_apart("trouble")?;
        away::database_is_gone(session, &postgres)?;
        proxy::answers_get_lost(session, &postgres)
    } else {
        disk::is_full(session)?;
        file::is_locked(session)
    }
}
