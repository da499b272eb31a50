//! `cargo xtask crash`: the server is killed at random moments while clients write, and nothing may be lost or doubled.
//!
//! Every client owns its people and repeats a call until it is answered, as the official ones do, so that after each
//! call it knows what must be true. Between kills the clients pause and the whole truth is compared with what they know.

pub mod client;
pub mod http;
pub mod inside;
pub mod proof;
pub mod rng;
mod sabotage;
pub mod servers;
pub mod state;
pub mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::audit_check::audit_check;
use crate::failure::{Failure, Outcome};
use crate::postgres::Postgres;
use crate::session::Session;
use client::Client;
use proof::{Proof, known};
use rng::Rng;
use servers::Servers;
use world::World;

pub const CLIENTS: usize = 4;
/// So many hold the package whose roles change: more than one chunk of a job.
const HOLDERS: usize = 600;
/// So many where it is enough that there is a job.
pub const HOLDERS_FEW: usize = 20;
const KILLS_DEFAULT: u32 = 50;
const KILLS_MAX: u32 = 100_000;
/// Kills of the tests where two servers share the work; the rest is for one.
const KILLS_OF_TWO: u32 = 30;
/// The server lives at least and at most so long between two kills.
const LIFE_MILLIS: std::ops::Range<u64> = 20..600;
/// One of so many kills hits the database server, where there is one.
const KILLS_PER_DATABASE_KILL: usize = 8;
/// Kills between two proofs.
const KILLS_PER_PROOF: u32 = 10;

/// What the verb was asked for.
pub struct Plan {
    kills: u32,
    on_postgres: bool,
    seed: u64,
    servers: usize,
    /// Goes on with the run that was kept, if there is one; keeps this one in any case where it can.
    resume: bool,
    /// Another server than the one that is built here.
    binary: Option<PathBuf>,
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
    if arguments.flag("--sabotage") {
        arguments.finish()?;
        sabotage::is_found(&Session::open()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = plan(&mut arguments)?;
    arguments.finish()?;
    let session = Session::open()?;
    let tally = perform(&session, &plan)?;
    drop(session);
    for found in tally.lost.iter().chain(&tally.doubled) {
        println!("{found}");
    }
    println!("{}", closing(&plan, &tally));
    let clean = tally.lost.is_empty() && tally.doubled.is_empty();
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn closing(plan: &Plan, tally: &Tally) -> String {
    format!("{} kills, {} lost, {} doubled", plan.kills, tally.lost.len(), tally.doubled.len())
}

/// The same as a step of the tests: so many kills of each database, with one server and with two.
pub fn check(session: &Session, on_postgres: bool) -> Outcome<()> {
    let plan = |kills, servers| Plan { kills, on_postgres, seed: 1, servers, resume: false, binary: None };
    let plans = if on_postgres {
        vec![plan(KILLS_DEFAULT - KILLS_OF_TWO, 1), plan(KILLS_OF_TWO, 2)]
    } else {
        vec![plan(KILLS_DEFAULT, 1)]
    };
    for plan in plans {
        let tally = perform(session, &plan)?;
        println!("{}", closing(&plan, &tally));
        if let Some(first) = tally.lost.iter().chain(&tally.doubled).next() {
            return Err(Failure::new(first.clone()));
        }
    }
    // The proof is proven where that is quicker.
    if on_postgres { Ok(()) } else { sabotage::is_found(session) }
}

fn plan(arguments: &mut Arguments) -> Outcome<Plan> {
    let number = |given: Option<String>, name: &str, default: u64| match given {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Failure::new(format!("{name} takes a number, not `{text}`"))),
    };
    let kills = number(arguments.value("--kills")?, "--kills", u64::from(KILLS_DEFAULT))?;
    let seed = number(arguments.value("--seed")?, "--seed", 1)?;
    let servers = number(arguments.value("--servers")?, "--servers", 1)?;
    let resume = arguments.flag("--resume");
    let binary = arguments.value("--binary")?.map(PathBuf::from);
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
    Ok(Plan { kills, on_postgres, seed, servers, resume, binary })
}

/// The database of a run, where there is a server for it.
fn database_name(plan: &Plan) -> String {
    format!("crash_{}", plan.servers)
}

/// The parts of a run.
struct Run<'a> {
    plan: &'a Plan,
    folder: PathBuf,
    postgres: Option<&'a Postgres>,
    /// Counts the times that the run was gone on with.
    number: u32,
    /// Kills of earlier runs.
    done: u32,
    world: World,
    clients: Vec<Mutex<Client>>,
    /// Held by whoever calls; the proof waits until nobody does.
    gate: RwLock<()>,
}

/// Runs the whole thing and says what it found.
fn perform(session: &Session, plan: &Plan) -> Outcome<Tally> {
    let started = Instant::now();
    let name = format!("crash-{}", plan.servers);
    let postgres = match (plan.on_postgres, plan.resume) {
        (true, true) => Some(Postgres::start_kept(&name)?),
        (true, false) => Some(Postgres::start_apart(&name)?),
        (false, _) => None,
    };
    let postgres = postgres.as_ref();
    let mut rng = Rng::new(plan.seed);
    let (run, mut servers) = Run::start(session, plan, postgres, &mut rng)?;
    let data = servers.data(postgres.map(|p| p.program("psql")));
    let mut proof = Proof::begin(&run.world, servers.addresses(), data)?;
    let mut tally = Tally::default();
    // What an earlier run was told must be there before anything else happens.
    proof.whole(&run.clients, &mut tally)?;
    let stop = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        for client in &run.clients {
            scope.spawn(|| work(client, &run.gate, &stop));
        }
        let result = run.kill_and_prove((&mut rng, &mut servers), &mut proof, &mut tally);
        stop.store(true, Ordering::SeqCst);
        result
    });
    let database_kills = result?;
    let killed = started.elapsed();
    proof.whole(&run.clients, &mut tally)?;
    proof.time_passes(&run.clients, &mut tally, plan.has_clock())?;
    let sum = |of: fn(&Client) -> u64| run.clients.iter().map(|c| c.lock().map_or(0, |c| of(&c))).sum::<u64>();
    println!(
        "{} calls, {} of them repeated, {} expirations; servers killed {:?} times, {} times more while they started, \
         their database {database_kills} times; {} s of kills, {} s of proof at the end; seed {}",
        sum(|c| c.calls),
        sum(|c| c.repeated),
        proof.expired,
        servers.kills,
        servers.kills_while_starting,
        killed.as_secs(),
        started.elapsed().saturating_sub(killed).as_secs(),
        plan.seed
    );
    let folder = servers.folder().to_owned();
    let binary = plan.binary.as_deref().map_or_else(|| session.server(), Ok)?;
    servers.stop()?;
    let database = postgres.map(|p| p.database(&database_name(plan)));
    println!("audit {}", audit_check(binary, &folder, database.as_deref())?);
    Ok(tally)
}

impl Plan {
    /// The demo clock can be moved where one server uses the database.
    const fn has_clock(&self) -> bool {
        self.servers == 1
    }
}

impl<'a> Run<'a> {
    fn start(
        session: &Session,
        plan: &'a Plan,
        postgres: Option<&'a Postgres>,
        rng: &mut Rng,
    ) -> Outcome<(Self, Servers)> {
        let store = if plan.on_postgres { "postgres" } else { "sqlite" };
        let kept = if plan.resume { "-kept" } else { "" };
        let folder = session.workspace.target.join("crash").join(format!("{store}-{}{kept}", plan.servers));
        let name = database_name(plan);
        let earlier = if plan.resume { state::load(&folder)? } else { None };
        let binary = plan.binary.as_deref().map_or_else(|| session.server(), Ok)?;
        let database = match (&earlier, postgres) {
            (_, None) => None,
            (Some(_), Some(postgres)) => Some(postgres.database(&name)),
            (None, Some(postgres)) => Some(postgres.create_database(&name)?),
        };
        if earlier.is_none() {
            Servers::kill_first_starts(&folder, binary, database.clone(), rng)?;
        }
        let servers = Servers::start(&folder, binary, database, plan.servers)?;
        let addresses = servers.addresses();
        let (number, done, world, kept) = match earlier {
            None => (1, 0, World::build(&addresses, servers.folder(), plan.has_clock(), HOLDERS)?, Vec::new()),
            Some(s) => {
                let world = World::again(&addresses, servers.folder(), (s.packages, s.rules))?;
                (s.run + 1, s.kills, world, s.clients)
            }
        };
        let mut kept = kept.into_iter();
        let mut clients = Vec::new();
        for n in 0..CLIENTS {
            let mut client = Client::new((n, number), plan.has_clock(), &addresses, &world, rng.fork());
            match kept.next() {
                Some(kept) => client.go_on(kept)?,
                None => client.settle()?,
            }
            clients.push(Mutex::new(client));
        }
        let gate = RwLock::new(());
        Ok((Self { plan, folder, postgres, number, done, world, clients, gate }, servers))
    }

    /// Gives how often the database server was killed.
    fn kill_and_prove(
        &self,
        (rng, servers): (&mut Rng, &mut Servers),
        proof: &mut Proof,
        tally: &mut Tally,
    ) -> Outcome<u32> {
        let mut database_kills = 0;
        for kill in self.done + 1..=self.plan.kills {
            live(Duration::from_millis(rng.within(LIFE_MILLIS)));
            match self.postgres {
                Some(postgres) if rng.pick(KILLS_PER_DATABASE_KILL) == 0 => {
                    postgres.kill()?;
                    postgres.start_again()?;
                    database_kills += 1;
                }
                _ => servers.kill_and_restart(rng)?,
            }
            if kill % KILLS_PER_PROOF == 0 {
                let _closed = self.gate.write();
                self.sign_in(servers, proof)?;
                proof.sample(&self.clients, rng, tally)?;
                println!("{kill} kills, {} lost, {} doubled so far", tally.lost.len(), tally.doubled.len());
                if tally.lost.is_empty() && tally.doubled.is_empty() {
                    state::save(&self.folder, (kill, self.number), &self.world, &self.clients)?;
                }
            }
        }
        Ok(database_kills)
    }

    /// Tokens last for an hour, a long run for many.
    fn sign_in(&self, servers: &Servers, proof: &mut Proof) -> Outcome<()> {
        let addresses = servers.addresses();
        let token = world::token(&addresses, &world::sign_in_data(servers.folder())?)?;
        proof.world.token.clone_from(&token);
        for client in &self.clients {
            let mut client = known(client)?;
            client.world.token.clone_from(&token);
            client.sign_in()?;
        }
        Ok(())
    }
}

fn work(client: &Mutex<Client>, gate: &RwLock<()>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        // A poisoned lock means that somebody has panicked; the proof will say so.
        let (Ok(_open), Ok(mut client)) = (gate.read(), client.lock()) else { return };
        client.step();
    }
}

#[expect(clippy::disallowed_methods, reason = "another process lives for a while; no job clock reaches it")]
fn live(time: Duration) {
    thread::sleep(time);
}
