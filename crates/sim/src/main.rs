//! `tenure-sim --seeds N --days D [--first S] [--seed S --until STEP]`: simulates, and tells the first violation.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers speaks on the terminal")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tenure_sim::{Plan, Report, Violation, simulate};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str =
    "usage: tenure-sim [--seeds N] [--first S] [--days D] [--seed S] [--until STEP] [--threads T] [--reach] [--tell]";

struct Options {
    first: u64,
    seeds: u64,
    days: i64,
    until: Option<u64>,
    threads: usize,
    /// Tells how often each operation came to what.
    reach: bool,
    tells: bool,
}

fn options() -> Option<Options> {
    let mut options = Options { first: 1, seeds: 1, days: 365, until: None, threads: 1, reach: false, tells: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--reach" => options.reach = true,
            "--tell" => options.tells = true,
            _ => {}
        }
        if word == "--reach" || word == "--tell" {
            continue;
        }
        let value: u64 = words.next()?.parse().ok()?;
        match word.as_str() {
            "--seeds" => options.seeds = value,
            "--first" => options.first = value,
            "--seed" => (options.first, options.seeds) = (value, 1),
            "--days" => options.days = i64::try_from(value).ok()?,
            "--until" => options.until = Some(value),
            "--threads" => options.threads = usize::try_from(value).ok()?.max(1),
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let next = AtomicU64::new(options.first);
    let end = options.first + options.seeds;
    let results: Mutex<Vec<Result<Report, Box<Violation>>>> = Mutex::default();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= end {
                        return;
                    }
                    let result =
                        simulate(Plan { seed, days: options.days, until: options.until, tells: options.tells });
                    if result.is_err() {
                        next.store(end, Ordering::SeqCst);
                    }
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    let took = started.elapsed().as_secs_f64();
    let results = results.into_inner().unwrap_or_default();
    let mut all = Report::default();
    let mut came: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut wrong = None;
    let mut seeds = 0_u32;
    for result in results {
        match result {
            Ok(report) => {
                seeds += 1;
                all.steps += report.steps;
                all.deaths += report.deaths;
                all.calls += report.calls;
                for (key, count) in report.came {
                    *came.entry(key).or_default() += count;
                }
            }
            Err(violation) => wrong = Some(violation),
        }
    }
    if options.reach {
        for ((op, word), count) in &came {
            println!("{op:<16}{word:<32}{count:>8}");
        }
    }
    if let Some(violation) = wrong {
        let Violation { seed, step, what, history } = *violation;
        for line in history {
            println!("  {line}");
        }
        println!("sim: seed {seed}, step {step}: {what}");
        println!("sim: see it again with `cargo xtask sim --seed {seed} --days {} --until {step}`", options.days);
        return ExitCode::FAILURE;
    }
    let threads = u32::try_from(options.threads).unwrap_or(u32::MAX);
    let each = took * f64::from(threads) / f64::from(seeds.max(1));
    println!(
        "sim: {seeds} seeds of {} days, {} steps, {} deaths, {} questions to the directory outside: all held; {took:.1} s, {each:.2} s each",
        options.days, all.steps, all.deaths, all.calls
    );
    ExitCode::SUCCESS
}
