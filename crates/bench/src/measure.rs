//! One run: databases, servers, rounds.

use crate::arguments::{Kind, RunOptions};
use crate::failure::{Failure, Outcome, While};
use crate::generator::{self, Connection, Load, Measured, Source, Target};
use crate::place::{self, World};
use crate::report::Report;
use crate::server::Process;
use crate::works::{self, Pairs, Work};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenure_domain::time::{Clock, SystemClock};
use tenure_testkit::load;

/// Connections of every work but the overload.
const CONNECTIONS: usize = 64;
/// With it all connections together begin 200 works in a second: a latency means something only where there is room.
const PACE: Duration = Duration::from_millis(320);
/// More than the line of writers holds, so that some must be refused.
const OVERLOAD_CONNECTIONS: usize = 6_000;
const STACK_DATABASE: &str = "bench_stack";
const CEILING_DATABASE: &str = "bench_ceiling";
/// An answer that takes at most so many times the usual is a sign of health.
const HEALTHY_TIMES: f64 = 3.0;
const RECOVERY_TIME_MAX: Duration = Duration::from_mins(1);

/// How long everything takes.
struct Times {
    rounds: u32,
    each: Duration,
    warm_up: Duration,
    overload: Duration,
}

impl Times {
    const fn of(quick: bool) -> Self {
        if quick {
            let each = Duration::from_millis(600);
            Self { rounds: 2, each, warm_up: Duration::from_millis(200), overload: Duration::from_secs(1) }
        } else {
            let each = Duration::from_secs(5);
            Self { rounds: 3, each, warm_up: Duration::from_secs(1), overload: Duration::from_secs(10) }
        }
    }
}

/// Measures everything.
pub fn run(options: &RunOptions) -> Outcome<()> {
    let mut report = Report::new(options.json);
    let wanted = |kind| options.only.is_none_or(|only| only == kind);
    if wanted(Kind::Sqlite) {
        measure(options, Kind::Sqlite, &mut report)?;
    }
    match &options.server {
        Some(_) if wanted(Kind::Postgres) => measure(options, Kind::Postgres, &mut report)?,
        None if options.only == Some(Kind::Postgres) => {
            return Err(Failure("there is no PostgreSQL to measure on".to_owned()));
        }
        Some(_) | None => {}
    }
    report.end();
    Ok(())
}

/// The two places of one database.
struct Places {
    stack: (PathBuf, Option<String>),
    ceiling: (PathBuf, Option<String>),
}

fn measure(options: &RunOptions, kind: Kind, report: &mut Report) -> Outcome<()> {
    report.say(&format!("{}: loading {} assignments", kind.name(), options.rows));
    let places = prepare(options, kind)?;
    let (folder, database) = (places.stack.0.as_path(), places.stack.1.as_deref());
    let world = World::read(folder, database)?;
    let ceiling = Process::ceiling(&places.ceiling.0, places.ceiling.1.as_deref())?;
    let stack = Process::stack(&options.binary, folder, database, false)?;
    let ready = stack.ready;
    let token = token_of(&stack, &world)?;
    let target = |process: &Process| Target { address: process.address, tls: None, token: token.clone() };
    let sides = Sides {
        world: &world,
        stack: Side { process: &stack, target: target(&stack), pairs: Pairs::starting(&world, 0) },
        ceiling: Side { process: &ceiling, target: target(&ceiling), pairs: Pairs::starting(&world, 0) },
        times: Times::of(options.quick),
    };
    hello(&sides, kind, report)?;
    // What deliveries at full speed cost is left to the long run: their latency is measured below.
    let works = [Work::GetById, Work::List, Work::Create, Work::Token, Work::Member];
    for work in works.into_iter().filter(|work| !options.quick || *work != Work::Member) {
        report.say(&format!("{}: {}", kind.name(), work.name()));
        let (measured, ceiling) = sides.measure(work)?;
        let name = if work == Work::Member { "request_to_member_full" } else { work.name() };
        report.work(name, kind, &measured, Some(&ceiling));
    }
    report.work(Work::Member.name(), kind, &sides.at_a_pace(Work::Member)?, None);
    let memory = stack.memory()?;
    sides.overload(kind, report)?;
    let after = stack.memory()?;
    report.line(
        json!({"work": "memory", "store": kind.name(), "rows": options.rows, "mb": memory.own, "mapped_mb": memory.mapped,
            "after_overload_mb": after.own}),
    );
    report.line(json!({"work": "start", "store": kind.name(), "rows": options.rows, "ready_ms": milliseconds(ready)}));
    drop(sides);
    stack.stop()?;
    drop(ceiling);
    if kind == Kind::Sqlite {
        with_tls(options, folder, &world, report)?;
    }
    Ok(())
}

/// A seeded and loaded database, and a copy.
fn prepare(options: &RunOptions, kind: Kind) -> Outcome<Places> {
    let root = options.folder.join(kind.name());
    let (stack, ceiling) = (root.join("stack"), root.join("ceiling"));
    // Not there at all the first time.
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&stack).doing("making a folder")?;
    let server = options.server.as_deref().filter(|_| kind == Kind::Postgres);
    let database = |name: &str| server.map(|url| on_database(url, name));
    if let Some(url) = server {
        place::on_server(url, async |client| {
            for name in [STACK_DATABASE, CEILING_DATABASE] {
                client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.doing("making a database")?;
            }
            client.batch_execute(&format!("CREATE DATABASE {STACK_DATABASE}")).await.doing("making a database")
        })?;
    }
    let stack_url = database(STACK_DATABASE);
    Process::stack(&options.binary, &stack, stack_url.as_deref(), false)?.stop()?;
    load(&stack, stack_url.as_deref(), options.rows);
    copy_folder(&stack, &ceiling)?;
    if let Some(url) = server {
        let copy = format!("CREATE DATABASE {CEILING_DATABASE} TEMPLATE {STACK_DATABASE}");
        place::on_server(url, async |client| client.batch_execute(&copy).await.doing("copying the database"))?;
    }
    Ok(Places { stack: (stack, stack_url), ceiling: (ceiling, database(CEILING_DATABASE)) })
}

/// The same server, another database.
fn on_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{server}/{name}")
}

fn load(folder: &Path, database: Option<&str>, rows: u32) {
    let target = match database {
        Some(url) => load::Target::Url(url.to_owned()),
        None => load::Target::File(folder.join("tenure.db")),
    };
    load::load(&target, load::Scale { rows, seed: 1, now: SystemClock.now() });
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

fn token_of(stack: &Process, world: &World) -> Outcome<String> {
    let target = Target { address: stack.address, tls: None, token: String::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    runtime.block_on(async {
        let mut connection = Connection::open(&target).await?;
        connection.ask(&works::token(world), false).await?;
        place::access_token(connection.body())
    })
}

/// One of the two.
struct Side<'w> {
    process: &'w Process,
    target: Target,
    pairs: Pairs<'w>,
}

impl<'w> Side<'w> {
    fn run(&self, world: &'w World, work: Work, load: Load) -> Outcome<Measured> {
        let before = self.process.processor()?;
        let mut measured = generator::run(&self.target, Source { work, world, pairs: &self.pairs }, load)?;
        measured.processor = self.process.processor()? - before;
        Ok(measured)
    }
}

struct Sides<'w> {
    world: &'w World,
    stack: Side<'w>,
    ceiling: Side<'w>,
    times: Times,
}

impl Sides<'_> {
    /// Both in turn, so that whatever else the machine does meets both.
    fn measure(&self, work: Work) -> Outcome<(Measured, Measured)> {
        let (mut stack, mut ceiling) = (Vec::new(), Vec::new());
        for round in 0..=self.times.rounds {
            let load = self.load(round, None);
            let below = self.ceiling.run(self.world, work, load)?;
            let above = self.stack.run(self.world, work, load)?;
            if round > 0 {
                ceiling.push(below);
                stack.push(above);
            }
        }
        Ok((together(stack), together(ceiling)))
    }

    /// The stack alone, with room to spare: what counts is how long one waits.
    fn at_a_pace(&self, work: Work) -> Outcome<Measured> {
        let rounds = 0..=self.times.rounds;
        let all = rounds.map(|round| self.stack.run(self.world, work, self.load(round, Some(PACE))));
        Ok(together(all.collect::<Outcome<Vec<_>>>()?.split_off(1)))
    }

    /// The first round warms up and does not count.
    fn load(&self, round: u32, pace: Option<Duration>) -> Load {
        let time = if round == 0 { self.times.warm_up } else { self.times.each };
        Load { connections: CONNECTIONS, time, seed: u64::from(round) << 32, may_refuse: true, pace }
    }

    fn overload(&self, kind: Kind, report: &mut Report) -> Outcome<()> {
        report.say(&format!("{}: overload", kind.name()));
        let run = |load| self.stack.run(self.world, Work::Create, load);
        let alone = Load { connections: 1, time: self.times.warm_up, seed: 1, may_refuse: false, pace: None };
        let usual = run(alone)?.percentile(50);
        let full = Load { connections: CONNECTIONS, time: self.times.warm_up, seed: 2, may_refuse: false, pace: None };
        let capacity = run(full)?.rate();
        let load = Load {
            connections: OVERLOAD_CONNECTIONS,
            time: self.times.overload,
            seed: 3,
            may_refuse: true,
            pace: None,
        };
        let measured = run(load)?;
        let ended = Instant::now();
        let one = Load { connections: 1, time: Duration::from_millis(20), seed: 4, may_refuse: true, pace: None };
        let recovered = loop {
            let look = run(one)?;
            if look.refused == 0 && look.percentile(50) <= usual * HEALTHY_TIMES {
                break ended.elapsed();
            }
            if ended.elapsed() > RECOVERY_TIME_MAX {
                return Err(Failure("the server did not recover from the overload".to_owned()));
            }
        };
        let (accepted, refused) = (generator::to_f64(measured.micros.len()), measured.refused);
        let asked = accepted + generator::to_f64(usize::try_from(refused).unwrap_or(0));
        report.line(json!({
            "work": "overload",
            "store": kind.name(),
            "rps": measured.rate().round(),
            "p50_ms": measured.percentile(50).round(),
            "p99_ms": measured.percentile(99).round(),
            "connections": OVERLOAD_CONNECTIONS,
            "capacity_rps": capacity.round(),
            "offered_rps": (asked / measured.time.as_secs_f64()).round(),
            "refused_share": ((1.0 - accepted / asked.max(1.0)) * 1_000.0).round() / 1_000.0,
            "recovered_ms": milliseconds(recovered),
        }));
        Ok(())
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Rounds as one.
fn together(rounds: Vec<Measured>) -> Measured {
    let mut all = Measured::default();
    for round in rounds {
        all.micros.extend(round.micros);
        all.refused += round.refused;
        all.time += round.time;
        all.processor += round.processor;
    }
    all.micros.sort_unstable();
    all
}

/// What the transport alone can do here.
fn hello(sides: &Sides<'_>, kind: Kind, report: &mut Report) -> Outcome<()> {
    let load = Load { connections: CONNECTIONS, time: sides.times.each, seed: 6, may_refuse: false, pace: None };
    let measured = sides.ceiling.run(sides.world, Work::Hello, load)?;
    report.work(Work::Hello.name(), kind, &measured, None);
    Ok(())
}

/// What TLS costs: the first work once more.
fn with_tls(options: &RunOptions, folder: &Path, world: &World, report: &mut Report) -> Outcome<()> {
    let stack = Process::stack(&options.binary, folder, None, true)?;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(folder.join("ca.pem")).doing("reading the certificate")?;
    roots.add(certificate).doing("trusting the certificate")?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let mut target = Target { address: stack.address, tls: Some(Arc::new(config)), token: String::new() };
    let pairs = Pairs::starting(world, 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    target.token = runtime.block_on(async {
        let mut connection = Connection::open(&target).await?;
        connection.ask(&works::token(world), false).await?;
        place::access_token(connection.body())
    })?;
    let source = Source { work: Work::GetById, world, pairs: &pairs };
    let times = Times::of(options.quick);
    let load = Load { connections: CONNECTIONS, time: times.each, seed: 5, may_refuse: false, pace: None };
    let measured = generator::run(&target, source, load)?;
    report.work("get_by_id_tls", Kind::Sqlite, &measured, None);
    stack.stop()
}
