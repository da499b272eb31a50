//! One run: rounds of all works.

use crate::arguments::{Kind, RunOptions};
use crate::failure::{Failure, Outcome, While};
use crate::generator::{self, Load, Measured, Source, Target};
use crate::ground::{self, Ground};
use crate::place::{self, World};
use crate::report::{Beside, Report};
use crate::server::Process;
use crate::works::{self, Supply, Tokens, Work};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections of every work but the overload.
const CONNECTIONS: usize = 64;
/// With it all connections together begin 200 works in a second: a latency means something only where there is room.
const PACE: Duration = Duration::from_millis(320);
/// More than the line of writers holds, so that some must be refused.
const OVERLOAD_CONNECTIONS: usize = 6_000;
/// At the start of a slice answers come unevenly: all connections have asked at once.
const LEAD: Duration = Duration::from_millis(100);
/// As much as all connections ask for; how long is up to the work.
const FULL: Load =
    Load { connections: CONNECTIONS, time: Duration::ZERO, lead: Some(LEAD), seed: 0, may_refuse: true, pace: None };
/// An answer that takes at most so many times the usual is a sign of health.
const HEALTHY_TIMES: f64 = 3.0;
const RECOVERY_TIME_MAX: Duration = Duration::from_mins(1);

/// How long everything takes.
#[derive(Clone, Copy)]
struct Times {
    is_quick: bool,
    /// What counts of a slice. Short, so that both sides meet the same moods of the machine; what a side leaves to be
    /// written to the disk meets both alike.
    slice: Duration,
    /// The first round; it does not count.
    warm_up: Duration,
    /// At a pace.
    paced: Duration,
    overload: Duration,
}

impl Times {
    const fn of(is_quick: bool) -> Self {
        let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
        if is_quick {
            let (slice, warm_up, paced) = (millis(300), millis(150), millis(900));
            Self { is_quick, slice, warm_up, paced, overload: seconds(1) }
        } else {
            Self { is_quick, slice: seconds(1), warm_up: seconds(1), paced: seconds(15), overload: seconds(10) }
        }
    }

    /// In how many rounds both sides have a slice.
    const fn rounds(self, work: Work, kind: Kind) -> u32 {
        match (work, kind) {
            _ if !self.is_quick => 10,
            (Work::Token, _) => 2,
            (Work::GetById | Work::List, Kind::Sqlite) => 3,
            _ => 4,
        }
    }
}

/// Measures everything.
pub fn run(options: &RunOptions) -> Outcome<()> {
    if options.only == Some(Kind::Postgres) && options.server.is_none() {
        return Err(Failure("there is no PostgreSQL to measure on".to_owned()));
    }
    let there = |kind| kind == Kind::Sqlite || options.server.is_some();
    let kinds = [Kind::Sqlite, Kind::Postgres].into_iter();
    let kinds: Vec<_> = kinds.filter(|k| there(*k) && options.only.is_none_or(|only| only == *k)).collect();
    let mut report = Report::new(options.json);
    for (kind, ground) in ground::prepare(options, &kinds, &report)? {
        measure(options, kind, ground?, &mut report)?;
    }
    report.end();
    Ok(())
}

fn measure(options: &RunOptions, kind: Kind, ground: Ground, report: &mut Report) -> Outcome<()> {
    let Ground { world, ceiling, folder, database } = ground;
    if kind == Kind::Sqlite {
        with_tls(options, &folder, &world, report)?;
    }
    let stack = Process::stack(&options.binary, &folder, database.as_deref(), false)?;
    let ready = stack.ready;
    let tokens = tokens_of(&stack, None, &folder, &world)?;
    let target = |process: &Process| Target { address: process.address, tls: None, tokens: tokens.clone() };
    let sides = Sides {
        kind,
        world: &world,
        stack: Side { process: &stack, target: target(&stack), supply: Supply::starting(&world, 0, 0) },
        ceiling: Side { process: &ceiling, target: target(&ceiling), supply: Supply::starting(&world, 0, 0) },
        times: Times::of(options.quick),
    };
    hello(&sides, report)?;
    let measure = |work: Work, name: &str, report: &mut Report| {
        report.say(&format!("{}: {name}", kind.name()));
        let (measured, beside) = sides.measure(work)?;
        report.work(name, kind, &measured, Some(&beside));
        Ok::<_, Failure>(())
    };
    for work in [Work::GetById, Work::List, Work::Token] {
        measure(work, work.name(), report)?;
    }
    report.work(Work::Member.name(), kind, &sides.at_a_pace(Work::Member)?, None);
    if !options.quick {
        measure(Work::Member, "request_to_member_full", report)?;
    }
    // In the end, for they leave mails to be sent.
    for work in [Work::Approve, Work::Create] {
        measure(work, work.name(), report)?;
    }
    let memory = stack.memory()?;
    // A short run has no time to have a thousand requests decided on a server.
    let has_time = !options.quick || kind == Kind::Sqlite;
    if has_time {
        sides.overload(report)?;
    }
    let after = stack.memory()?;
    report.line(
        json!({"work": "memory", "store": kind.name(), "rows": options.rows, "mb": memory.own, "mapped_mb": memory.mapped,
            "after_overload_mb": after.own}),
    );
    report.line(json!({"work": "start", "store": kind.name(), "rows": options.rows, "ready_ms": milliseconds(ready)}));
    // Both are killed: nothing is asked of them any more, and sending the mails that wait would take its time.
    Ok(())
}

fn tokens_of(stack: &Process, tls: Option<Arc<ClientConfig>>, folder: &Path, world: &World) -> Outcome<Tokens> {
    let target = Target { address: stack.address, tls, tokens: Tokens::default() };
    let (name, password) = place::approver(folder)?;
    let client = place::public_client(folder)?;
    let of_approver = works::token_of_person(&world.tenant_id, &client, (&name, &password));
    generator::alone(&target, async |connection| {
        let mut token = async |asked| {
            connection.ask(asked, false).await?;
            place::access_token(connection.body())
        };
        Ok(Tokens { app: token(&works::token(world)).await?, approver: token(&of_approver).await? })
    })
}

/// One of the two.
struct Side<'w> {
    process: &'w Process,
    target: Target,
    supply: Supply<'w>,
}

impl<'w> Side<'w> {
    fn run(&self, world: &'w World, work: Work, load: Load) -> Outcome<Measured> {
        let before = self.process.processor()?;
        let mut measured = generator::run(&self.target, Source { work, world, supply: &self.supply }, load)?;
        measured.processor = self.process.processor()? - before;
        Ok(measured)
    }
}

struct Sides<'w> {
    kind: Kind,
    world: &'w World,
    stack: Side<'w>,
    ceiling: Side<'w>,
    times: Times,
}

impl Sides<'_> {
    /// Both in turn and in changing order, so that whatever else the machine does meets both. The one whose turn it is not
    /// stands still: it may have mails to send and pages to write back.
    fn measure(&self, work: Work) -> Outcome<(Measured, Beside)> {
        let (mut stack, mut ceiling) = (Vec::new(), Vec::new());
        for round in 0..=self.times.rounds(work, self.kind) {
            let load = self.load(round);
            let is_stack_first = round % 2 == 1;
            for is_stack in [is_stack_first, !is_stack_first] {
                let (side, other, rounds) = if is_stack {
                    (&self.stack, &self.ceiling, &mut stack)
                } else {
                    (&self.ceiling, &self.stack, &mut ceiling)
                };
                other.process.hold_still()?;
                let measured = side.run(self.world, work, load);
                other.process.go_on()?;
                rounds.push(measured?);
            }
        }
        // The first round warms up and does not count.
        let (stack, ceiling) = (stack.split_off(1), ceiling.split_off(1));
        let error = error_of(&stack, &ceiling);
        Ok((together(stack), Beside { ceiling: together(ceiling), error }))
    }

    fn load(&self, round: u32) -> Load {
        let time = if round == 0 { self.times.warm_up } else { self.times.slice };
        Load { time, seed: u64::from(round) << 32, ..FULL }
    }

    /// The stack alone, with room to spare: what counts is how long one waits.
    fn at_a_pace(&self, work: Work) -> Outcome<Measured> {
        let load = Load { pace: Some(PACE), ..FULL };
        self.stack.run(self.world, work, Load { time: self.times.warm_up, ..load })?;
        self.stack.run(self.world, work, Load { time: self.times.paced, seed: 1 << 32, ..load })
    }

    fn overload(&self, report: &mut Report) -> Outcome<()> {
        report.say(&format!("{}: overload", self.kind.name()));
        let run = |load| self.stack.run(self.world, Work::Create, load);
        let warm_up = Load { time: self.times.warm_up, may_refuse: false, ..FULL };
        let usual = run(Load { connections: 1, seed: 1, ..warm_up })?.percentile(50);
        let capacity = run(Load { seed: 2, ..warm_up })?.rate();
        // All that is asked counts: who waits longest most of all.
        let load = Load { connections: OVERLOAD_CONNECTIONS, time: self.times.overload, lead: None, seed: 3, ..FULL };
        let measured = run(load)?;
        let ended = Instant::now();
        let one = Load { connections: 1, time: Duration::from_millis(20), lead: None, seed: 4, ..FULL };
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
            "store": self.kind.name(),
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

/// How far the ratio of all rounds may be off, going by how much that of single ones differs: the standard error.
fn error_of(stack: &[Measured], ceiling: &[Measured]) -> f64 {
    let ratios: Vec<f64> = stack.iter().zip(ceiling).map(|(s, c)| s.rate() / c.rate().max(1e-9)).collect();
    let count = generator::to_f64(ratios.len()).max(1.0);
    let mean = ratios.iter().sum::<f64>() / count;
    let squares: f64 = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
    (squares / (count - 1.0).max(1.0) / count).sqrt()
}

/// Rounds as one.
fn together(rounds: Vec<Measured>) -> Measured {
    let mut all = Measured::default();
    for round in rounds {
        all.micros.extend(round.micros);
        all.counted += round.counted;
        all.refused += round.refused;
        all.time += round.time;
        all.done += round.done;
        all.processor += round.processor;
    }
    all.micros.sort_unstable();
    all
}

/// What the transport alone can do here.
fn hello(sides: &Sides<'_>, report: &mut Report) -> Outcome<()> {
    let load = Load { time: sides.times.slice, seed: 6, may_refuse: false, ..FULL };
    let measured = sides.ceiling.run(sides.world, Work::Hello, load)?;
    report.work(Work::Hello.name(), sides.kind, &measured, None);
    Ok(())
}

/// What TLS costs: the first work once more.
fn with_tls(options: &RunOptions, folder: &Path, world: &World, report: &mut Report) -> Outcome<()> {
    let stack = Process::stack(&options.binary, folder, None, true)?;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(folder.join("ca.pem")).doing("reading the certificate")?;
    roots.add(certificate).doing("trusting the certificate")?;
    let tls = Some(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()));
    let tokens = tokens_of(&stack, tls.clone(), folder, world)?;
    let target = Target { address: stack.address, tls, tokens };
    let supply = Supply::starting(world, 0, 0);
    let source = Source { work: Work::GetById, world, supply: &supply };
    let load = Load { time: Times::of(options.quick).slice, seed: 5, may_refuse: false, ..FULL };
    let measured = generator::run(&target, source, load)?;
    report.work("get_by_id_tls", Kind::Sqlite, &measured, None);
    stack.stop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rates: &[u32]) -> Vec<Measured> {
        let one =
            |rate: &u32| Measured { counted: f64::from(*rate), time: Duration::from_secs(1), ..Measured::default() };
        rates.iter().map(one).collect()
    }

    #[test]
    fn rounds_that_agree_have_no_error_and_those_that_do_not_have_one() {
        let ceiling = rounds(&[100, 200, 100, 200]);
        assert!(error_of(&rounds(&[50, 100, 50, 100]), &ceiling) < 1e-9);
        // Ratios of 0.4 and 0.6: each is 0.1 off, and four of them together half of 0.115.
        let error = error_of(&rounds(&[40, 120, 40, 120]), &ceiling);
        assert!((error - 0.0577).abs() < 1e-3, "{error}");
    }
}
