//! What is measured on: loaded databases, a copy of each, and a bare server on the copy. That of all databases is made at
//! the same time, so that no processor waits for another.

use crate::arguments::{Kind, RunOptions};
use crate::failure::{Failure, Outcome, While};
use crate::generator::{self, Target};
use crate::place::{self, World};
use crate::report::Report;
use crate::server::Process;
use crate::works::{self, Tokens};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tenure_domain::time::{Clock, SystemClock};
use tenure_testkit::load;
use tokio_postgres::Client;
use uuid::Uuid;

const STACK_DATABASE: &str = "bench_stack";
const CEILING_DATABASE: &str = "bench_ceiling";
/// No checkpoint falls into the measuring: after it every page is written to the log as a whole when it is first changed,
/// and the disk would set the pace, for a while, and in short runs for all of it. A statement in each line.
const STILL: &str = include_str!("place/still.sql");
/// For so many assignments one request waits, and never fewer than can be decided in a short run.
const WAITING_IN: u32 = 3;
const WAITING_MIN: u32 = 30_000;

/// One database, ready.
pub struct Ground {
    /// What requests can name.
    pub world: World,
    /// The bare server, on the copy.
    pub ceiling: Process,
    /// The data folder of the stack, which is not started yet.
    pub folder: PathBuf,
    /// Its database, when that is on a server.
    pub database: Option<String>,
}

/// Makes them, and waits until they are on the disk. One that cannot be made keeps nobody from measuring the others.
pub fn prepare(options: &RunOptions, kinds: &[Kind], report: &Report) -> Outcome<Vec<(Kind, Outcome<Ground>)>> {
    for kind in kinds {
        report.say(&format!("{}: loading {} assignments", kind.name(), options.rows));
    }
    let made = std::thread::scope(|scope| {
        let making: Vec<_> = kinds.iter().map(|kind| (*kind, scope.spawn(|| make(options, *kind)))).collect();
        let died = || Err(Failure("the database could not be loaded".to_owned()));
        making.into_iter().map(|(kind, thread)| (kind, thread.join().unwrap_or_else(|_| died()))).collect()
    });
    // What is still to be written would be written while something is measured.
    Command::new("sync").status().doing("waiting for the disk")?;
    Ok(made)
}

fn make(options: &RunOptions, kind: Kind) -> Outcome<Ground> {
    let root = options.folder.join(kind.name());
    let (stack, ceiling) = (root.join("stack"), root.join("ceiling"));
    // Not there at all the first time.
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&stack).doing("making a folder")?;
    let server = options.server.as_deref().filter(|_| kind == Kind::Postgres);
    if let Some(url) = server {
        place::on_server(url, create)?;
    }
    let on = |name: &str| server.map(|url| on_database(url, name));
    let (stack_url, ceiling_url) = (on(STACK_DATABASE), on(CEILING_DATABASE));
    let approver = found(options, &stack, stack_url.as_deref())?;
    load(&stack, stack_url.as_deref(), options.rows, approver);
    copy_folder(&stack, &ceiling)?;
    if let Some(url) = server {
        place::on_server(url, copy)?;
    }
    let world = World::read(&stack, stack_url.as_deref())?;
    let ceiling = Process::ceiling(&ceiling, ceiling_url.as_deref())?;
    Ok(Ground { world, ceiling, folder: stack, database: stack_url })
}

async fn create(client: &Client) -> Outcome<()> {
    for still in STILL.lines() {
        client.batch_execute(still).await.doing("putting checkpoints off")?;
    }
    for name in [STACK_DATABASE, CEILING_DATABASE] {
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.doing("making a database")?;
    }
    client.batch_execute(&format!("CREATE DATABASE {STACK_DATABASE}")).await.doing("making a database")
}

async fn copy(client: &Client) -> Outcome<()> {
    let copy = format!("CREATE DATABASE {CEILING_DATABASE} TEMPLATE {STACK_DATABASE}");
    client.batch_execute(&copy).await.doing("copying the database")
}

/// The same server, another database.
fn on_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{server}/{name}")
}

/// Makes the demo tenant, by starting once; gives the person who approves.
fn found(options: &RunOptions, folder: &Path, database: Option<&str>) -> Outcome<Uuid> {
    let stack = Process::stack(&options.binary, folder, database, false)?;
    let (name, password) = place::approver(folder)?;
    let asked = works::token_of_person(&place::tenant(folder)?, &place::public_client(folder)?, (&name, &password));
    let target = Target { address: stack.address, tls: None, tokens: Tokens::default() };
    let token = generator::alone(&target, async |connection| {
        connection.ask(&asked, false).await?;
        place::access_token(connection.body())
    })?;
    stack.stop()?;
    place::bearer(&token)
}

fn load(folder: &Path, database: Option<&str>, rows: u32, approver: Uuid) {
    let target = match database {
        Some(url) => load::Target::Url(url.to_owned()),
        None => load::Target::File(folder.join("tenure.db")),
    };
    let backlog = load::Backlog { approver, requests: (rows / WAITING_IN).max(WAITING_MIN) };
    load::load_with(&target, load::Scale { rows, seed: 1, now: SystemClock.now() }, Some(backlog));
}

fn copy_folder(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to).doing("making a folder")?;
    for entry in fs::read_dir(from).doing("reading a folder")? {
        let entry = entry.doing("reading a folder")?;
        if entry.file_type().doing("reading a folder")?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).doing("copying the database")?;
        }
    }
    Ok(())
}
