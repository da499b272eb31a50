//! A proof that finds nothing proves nothing: damage is done on purpose, and the proof must find each.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::client::Client;
use super::proof::{Proof, known};
use super::rng::Rng;
use super::servers::Servers;
use super::world::World;
use super::{CLIENTS, HOLDERS_FEW, Tally};
use crate::database::{Database, named};
use crate::failure::{Context, Failure, Outcome};
use crate::session::Session;

const DAMAGES: &str = include_str!("sabotage.sql");
/// What each client does before the damage: enough that there is something of everything.
const STEPS: u32 = 70;
const SEED: u64 = 5;

/// Whether the proof finds every damage, and nothing where there is none.
pub fn is_found(session: &Session) -> Outcome<()> {
    let folder = session.workspace.target.join("crash").join("sabotage");
    let mut servers = Servers::start_fresh(&folder, session.server()?, None, 1)?;
    let file = servers.folder().join("tenure.db");
    let (whole, data) = (folder.join("whole.db"), Database::File(file.clone()));
    let addresses = servers.addresses();
    let world = World::build(&addresses, servers.folder(), true, HOLDERS_FEW)?;
    let mut proof = Proof::new(&world, addresses.clone(), data.clone());
    let mut rng = Rng::new(SEED);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let mut client = Client::new((n, 1), true, &addresses, &world, rng.fork());
        client.settle()?;
        (0..STEPS).for_each(|_| client.step());
        // Something of everything is there in the end.
        client.hold_all()?;
        clients.push(Mutex::new(client));
    }
    super::inside::settle(&data, &world)?;
    nothing_is_found(&mut proof, &clients)?;
    servers.stop()?;
    fs::copy(&file, &whole).context("keeping a whole file")?;
    let damages = named(DAMAGES);
    for damage in &damages {
        restore(&whole, &file)?;
        if data.change(&damage.text)? == 0 {
            return Err(Failure::new(format!("there is no {} to be {}", damage.name, damage.kind)));
        }
        servers.start_again()?;
        let mut tally = Tally::default();
        proof.whole(&clients, &mut tally)?;
        let found = if damage.kind == "lost" { &tally.lost } else { &tally.doubled };
        if found.is_empty() {
            return Err(Failure::new(format!("{}: {}: the proof does not see it", damage.kind, damage.name)));
        }
        servers.stop()?;
    }
    restore(&whole, &file)?;
    servers.start_again()?;
    nothing_is_found(&mut proof, &clients)?;
    servers.stop()?;
    println!("{} kinds of damage done on purpose, all found", damages.len());
    Ok(())
}

fn nothing_is_found(proof: &mut Proof, clients: &[Mutex<Client>]) -> Outcome<()> {
    let mut tally = Tally::default();
    proof.whole(clients, &mut tally)?;
    // The clients have written without trouble.
    let faults = clients.iter().map(|client| Ok(known(client)?.faults.clone())).collect::<Outcome<Vec<_>>>()?;
    match tally.lost.iter().chain(&tally.doubled).chain(faults.iter().flatten()).next() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("a fault where there is none: {first}"))),
    }
}

fn restore(whole: &Path, file: &Path) -> Outcome<()> {
    for extension in ["db-wal", "db-shm"] {
        // A server that was stopped leaves none behind.
        let _ = fs::remove_file(file.with_extension(extension));
    }
    fs::copy(whole, file).map(drop).context("putting the whole file back")
}
