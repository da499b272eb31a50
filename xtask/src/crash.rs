//! `cargo xtask crash`: the server is killed at random moments while clients write, and nothing may be lost or doubled.
//!
//! Every client owns its people and repeats a call until it is answered, as the official ones do, so that after each
//! call it knows what must be true. Between kills the clients pause and the whole truth is compared with what they know.

mod client;
pub mod http;
mod proof;
mod rng;
pub mod servers;
pub mod world;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use client::Client;
use proof::Proof;
use rng::Rng;
use servers::Servers;
use world::World;

const CLIENTS: usize = 4;
const KILLS_DEFAULT: u32 = 50;
const KILLS_MAX: u32 = 100_000;
/// The server lives at least and at most so long between two kills.
const LIFE_MILLIS: std::ops::Range<u64> = 30..900;
/// Kills between two proofs.
const KILLS_PER_PROOF: u32 = 10;

/// What the verb was asked for.
pub struct Plan {
    kills: u32,
    on_postgres: bool,
    seed: u64,
    servers: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Tally {
    /// Acknowledged things that are not there, or half there.
    pub lost: Vec<String>,
    /// Things that are there twice.
    pub doubled: Vec<String>,
}

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let plan = plan(&mut arguments)?;
    arguments.finish()?;
    let session = Session::open()?;
    let tally = perform(&session, &plan)?;
    drop(session);
    for found in tally.lost.iter().chain(&tally.doubled) {
        println!("{found}");
    }
    println!("{} kills, {} lost, {} doubled", plan.kills, tally.lost.len(), tally.doubled.len());
    let clean = tally.lost.is_empty() && tally.doubled.is_empty();
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of the tests.
pub fn check(session: &Session, on_postgres: bool) -> Outcome<()> {
    let plan = Plan { kills: KILLS_DEFAULT, on_postgres, seed: 1, servers: 1 };
    let tally = perform(session, &plan)?;
    println!("{} kills, {} lost, {} doubled", plan.kills, tally.lost.len(), tally.doubled.len());
    match tally.lost.iter().chain(&tally.doubled).next() {
        None => Ok(()),
        Some(first) => Err(Failure::new(first.clone())),
    }
}

fn plan(arguments: &mut Arguments) -> Outcome<Plan> {
    let number = |given: Option<String>, name: &str, default: u64| match given {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Failure::new(format!("{name} takes a number, not `{text}`"))),
    };
    let kills = number(arguments.value("--kills")?, "--kills", u64::from(KILLS_DEFAULT))?;
    let seed = number(arguments.value("--seed")?, "--seed", 1)?;
    let servers = number(arguments.value("--servers")?, "--servers", 1)?;
    let on_postgres = match arguments.value("--store")?.as_deref() {
        None | Some("sqlite") => false,
        Some("postgres") => true,
        Some(_) => return Err(Failure::new("--store is sqlite or postgres")),
    };
    let kills = u32::try_from(kills).ok().filter(|k| *k <= KILLS_MAX);
    let kills = kills.ok_or_else(|| Failure::new(format!("--kills is at most {KILLS_MAX}")))?;
    let servers = match (servers, on_postgres) {
        (1, _) => 1,
        (2, true) => 2,
        _ => return Err(Failure::new("--servers is 1, or 2 on one postgres")),
    };
    Ok(Plan { kills, on_postgres, seed, servers })
}

/// Runs the whole thing and says what it found.
fn perform(session: &Session, plan: &Plan) -> Outcome<Tally> {
    let mut rng = Rng::new(plan.seed);
    let mut servers = Servers::start(session, plan.on_postgres, plan.servers)?;
    let world = World::build(&servers.addresses(), servers.folder())?;
    let clients: Vec<Mutex<Client>> = (0..CLIENTS)
        .map(|n| Client::new(n, plan.servers == 1, &servers.addresses(), &world, rng.fork()).map(Mutex::new))
        .collect::<Outcome<_>>()?;
    let mut proof = Proof::new(&world, servers.addresses());
    // Held by whoever calls; the proof waits until nobody does.
    let (stop, gate) = (AtomicBool::new(false), RwLock::new(()));
    let result = thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| work(client, &gate, &stop));
        }
        let result = kill_and_prove(plan, (&mut rng, &mut servers), (&clients, &gate), &mut proof);
        stop.store(true, Ordering::SeqCst);
        result
    });
    let mut tally = result?;
    proof.whole(&clients, &mut tally)?;
    proof.time_passes(&clients, &mut tally, plan.servers == 1)?;
    let sum = |of: fn(&Client) -> u64| clients.iter().map(|c| c.lock().map_or(0, |c| of(&c))).sum::<u64>();
    let (calls, repeated) = (sum(|c| c.calls), sum(|c| c.repeated));
    println!("{calls} calls, {repeated} of them repeated, {} expirations, seed {}", proof.expired, plan.seed);
    servers.stop()?;
    Ok(tally)
}

fn work(client: &Mutex<Client>, gate: &RwLock<()>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        // A poisoned lock means that somebody has panicked; the proof will say so.
        let (Ok(_open), Ok(mut client)) = (gate.read(), client.lock()) else { return };
        client.step();
    }
}

fn kill_and_prove(
    plan: &Plan,
    (rng, servers): (&mut Rng, &mut Servers),
    (clients, gate): (&[Mutex<Client>], &RwLock<()>),
    proof: &mut Proof,
) -> Outcome<Tally> {
    let mut tally = Tally::default();
    for kill in 1..=plan.kills {
        live(Duration::from_millis(rng.within(LIFE_MILLIS)));
        servers.kill_and_restart(rng)?;
        if kill % KILLS_PER_PROOF == 0 {
            let _closed = gate.write();
            proof.sample(clients, rng, &mut tally)?;
            println!("{kill} kills, {} lost, {} doubled so far", tally.lost.len(), tally.doubled.len());
        }
    }
    Ok(tally)
}

#[expect(clippy::disallowed_methods, reason = "another process lives for a while; no job clock reaches it")]
fn live(time: Duration) {
    thread::sleep(time);
}
