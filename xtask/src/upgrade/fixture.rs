//! Makes a fixture: a demo server, some life in it, and its database packed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::json;

use super::{DATA, KEY, MANIFEST, read_lists};
use crate::crash::client::Client;
use crate::crash::proof::Proof;
use crate::crash::rng::Rng;
use crate::crash::servers::Servers;
use crate::crash::world::World;
use crate::crash::{CLIENTS, HOLDERS_FEW, Tally, inside, state};
use crate::failure::{Context, Failure, Outcome};
use crate::process;
use crate::session::Session;

/// What each client does.
const STEPS: u32 = 24;
const SEED: u64 = 2;
/// A fixture stays in the repository for ever.
const BYTES_MAX: u64 = 500 << 10;
/// Lines of a dump that only a `psql` of the same release, or a server of a later one, understands.
const LINES_LEFT_OUT: [&str; 3] = ["\\restrict", "\\unrestrict", "SET transaction_timeout"];

/// What the server calls itself.
pub fn release(binary: &Path) -> Outcome<String> {
    let text = process::output(Command::new(binary).arg("--version"))?;
    let version = text.split_whitespace().nth(1).map(str::to_owned);
    version.ok_or_else(|| Failure::new(format!("`tenure --version` says `{text}`")))
}

/// Makes one in an empty folder, whose former content goes.
pub fn make(session: &Session, fixture: &Path, store: &str) -> Outcome<()> {
    let work = session.workspace.target.join("fixture").join(store);
    let postgres = if store == "postgres" { Some(session.postgres()?) } else { None };
    let url = postgres.map(|p| p.create_database("fixture")).transpose()?;
    let mut servers = Servers::start_fresh(&work, session.server()?, url.clone(), 1)?;
    let addresses = servers.addresses();
    let world = World::build(&addresses, servers.folder(), true, HOLDERS_FEW)?;
    let data = servers.data(postgres.map(|p| p.program("psql")));
    let mut proof = Proof::new(&world, addresses.clone(), data.clone());
    let mut rng = Rng::new(SEED);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let mut client = Client::new((n, 1), true, &addresses, &world, rng.fork());
        client.settle()?;
        (0..STEPS).for_each(|_| client.step());
        // Time passes until somebody opens this: what waited would be denied.
        client.end_petition()?;
        clients.push(Mutex::new(client));
    }
    inside::settle(&data, &world)?;
    let mut tally = Tally::default();
    proof.whole(&clients, &mut tally)?;
    super::nothing(&tally)?;
    let manifest = json!({
        "lists": read_lists(&mut proof)?,
        "state": state::text((0, 1), &world, &clients)?,
        "token": world.token,
    });
    servers.stop()?;
    let _ = fs::remove_dir_all(fixture);
    fs::create_dir_all(fixture).context(format!("creating {}", fixture.display()))?;
    fs::copy(servers.folder().join(KEY), fixture.join(KEY)).context("copying the master key")?;
    let text = serde_json::to_string_pretty(&manifest).context("writing the manifest")?;
    fs::write(fixture.join(MANIFEST), text + "\n").context("writing the manifest")?;
    let plain = fixture.join(DATA).with_extension("");
    match (postgres, &url) {
        (Some(postgres), Some(url)) => {
            let mut dump = Command::new(postgres.program("pg_dump"));
            process::hide_environment(&mut dump, "PG");
            let dump = process::output(dump.args(["--no-owner", "--no-privileges", "--no-password"]).arg(url))?;
            let kept = dump.lines().filter(|line| !LINES_LEFT_OUT.iter().any(|left| line.starts_with(left)));
            let text = kept.fold(String::new(), |text, line| text + line + "\n");
            fs::write(&plain, text).context("writing the dump")?;
        }
        _ => {
            data.change("VACUUM")?;
            fs::copy(servers.folder().join("tenure.db"), &plain).map(drop).context("copying the file")?;
        }
    }
    process::output(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(&plain))?;
    let bytes = fs::metadata(fixture.join(DATA)).context("looking at the data")?.len();
    println!("{}: {} KiB", fixture.join(DATA).display(), bytes >> 10);
    if bytes > BYTES_MAX {
        return Err(Failure::new(format!("a fixture shall have at most {BYTES_MAX} bytes")));
    }
    Ok(())
}
