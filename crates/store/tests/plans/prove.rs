//! `cargo xtask prove plans`: the same at a million assignments, and how long reads take there.

#![expect(clippy::print_stdout, reason = "it is run by hand and tells what it found")]

use super::calls;
use super::scans::accesses;
use super::seen::{Section, Seen, Sent, label, shape};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, hint};
use tenure_store::Statement;
use tenure_testkit::app::TestApp;
use tenure_testkit::db::Kind;

/// A read, from the request to its answer, takes at full size at most so many times what it takes at the small size.
const RATIO_MAX: f64 = 1.3;
/// And one of the statements behind it at most so many times: trees are deeper, and less of them is near the processor.
const STATEMENT_RATIO_MAX: f64 = 2.0;
/// Times a read is repeated, at least and at most, and how long that may take.
const REPEATS: std::ops::Range<usize> = 3..201;
const REPEAT_TIME_MAX: Duration = Duration::from_millis(200);
/// All is measured in turns, at the small and the full size: the machine is not always equally fast.
const TURNS: usize = 3;
/// Further turns for what seems to take longer.
const TURNS_MORE: usize = 12;
/// A difference that is smaller than this is noise of the machine; a server is asked over a socket.
const fn noise(kind: Kind) -> Duration {
    match kind {
        Kind::Embedded => Duration::from_micros(5),
        Kind::Server => Duration::from_micros(15),
    }
}

/// A database with what it was asked.
struct Size {
    app: TestApp,
    seen: Seen,
}

impl Size {
    fn of((app, loaded): (TestApp, tenure_testkit::load::Loaded)) -> Self {
        let mut seen = Seen::default();
        calls::make_all(&app, &loaded, &mut seen);
        seen.explain(&app);
        Self { app, seen }
    }

    /// The median of many reads, warm.
    fn time(&self, statement: &Statement) -> Duration {
        let statement = statement.clone();
        let took = self.app.engine().read_blocking(move |ctx| {
            let begun = Instant::now();
            let mut took = Vec::new();
            while took.len() < REPEATS.end && (took.len() < REPEATS.start || begun.elapsed() < REPEAT_TIME_MAX) {
                let one = Instant::now();
                hint::black_box(ctx.tx.repeat(&statement)?);
                took.push(one.elapsed());
            }
            took.sort_unstable();
            Ok(took[took.len() / 2])
        });
        took.expect("a read")
    }

    /// How many rows a read answers; one that is no list answers one.
    fn rows(&self, (path, token): &(String, String)) -> f64 {
        let headers = [("ConsistencyLevel", "eventual")];
        let mut rows = 0;
        self.app.run(async {
            let answer = self.app.call_with("GET", path, (token, &headers), Value::Null).await;
            rows = answer.json["value"].as_array().map_or(1, Vec::len);
        });
        f64::from(u32::try_from(rows.max(1)).unwrap_or(u32::MAX))
    }

    /// The median of many requests for the same.
    fn read(&self, (path, token): &(String, String)) -> Duration {
        let headers = [("ConsistencyLevel", "eventual")];
        let mut took = Vec::new();
        self.app.run(async {
            let begun = Instant::now();
            while took.len() < REPEATS.end && (took.len() < REPEATS.start || begun.elapsed() < REPEAT_TIME_MAX) {
                let one = Instant::now();
                hint::black_box(self.app.call_with("GET", path, (token, &headers), Value::Null).await);
                took.push(one.elapsed());
            }
        });
        took.sort_unstable();
        took[took.len() / 2]
    }
}

/// One read at both sizes.
struct Timed {
    name: String,
    grows: Option<&'static str>,
    small: Duration,
    full: Duration,
    /// How many times as many rows the read answers at full size: who has a little more there takes longer.
    rows: f64,
    noise: Duration,
}

impl Timed {
    fn ratio(&self) -> f64 {
        let small = self.small.as_secs_f64() * self.rows;
        let full = self.full.as_secs_f64();
        if full <= small + self.noise.as_secs_f64() { 1.0 } else { full / small }
    }
}

#[test]
#[ignore = "loads a million assignments; `cargo xtask prove plans` runs it"]
fn plans_and_reads_at_full_size() {
    let folder = PathBuf::from(env::var_os("TENURE_PROVE_FOLDER").expect("TENURE_PROVE_FOLDER"));
    let rows = env::var("TENURE_PROVE_ROWS").ok().and_then(|text| text.parse().ok()).expect("TENURE_PROVE_ROWS");
    let server = env::var("TENURE_TEST_POSTGRES").is_ok_and(|url| !url.is_empty());
    let kind = if server { Kind::Server } else { Kind::Embedded };
    let small = Size::of(TestApp::loaded(kind, super::ROWS));
    let begun = Instant::now();
    let full = Size::of(TestApp::kept(kind, &folder, rows));
    println!("{rows} assignments are there after {:.1} s", begun.elapsed().as_secs_f64());
    let (count, differing) = compare(&small.seen, &full.seen);
    for difference in &differing {
        println!("{difference}\n");
    }
    let (statements, reads) = (time_all(&small, &full), time_reads(&small, &full));
    tell("statements", &statements);
    tell("reads", &reads);
    let worst = |timed: &[Timed]| timed.iter().filter(|t| t.grows.is_none()).map(Timed::ratio).fold(1.0, f64::max);
    let (statement, read) = (worst(&statements), worst(&reads));
    println!(
        "plans: {count} statements, {} differ; worst ratio of a read {read:.2} ({} reads), of a statement {statement:.2}",
        differing.len(),
        reads.len()
    );
    assert!(differing.is_empty(), "plans differ");
    assert!(read <= RATIO_MAX, "reads take longer the more there is");
    assert!(statement <= STATEMENT_RATIO_MAX, "statements take longer the more there is");
}

/// Pairs of statements at both sizes: those of the same call that read the same but for how many values a list has.
fn pairs<'s>(small: &'s Seen, full: &'s Seen) -> Vec<(&'static str, Option<&'static str>, &'s Sent, &'s Sent)> {
    let mut all = Vec::new();
    for (a, b) in small.0.iter().zip(&full.0) {
        for sent in &a.sent {
            let same = b.sent.iter().find(|other| shape(&other.statement.sql) == shape(&sent.statement.sql));
            all.extend(same.map(|other| (a.name, a.grows, sent, other)));
        }
    }
    all
}

/// How many statements there are, and those whose plans differ, with both.
fn compare(small: &Seen, full: &Seen) -> (usize, Vec<String>) {
    let pairs = pairs(small, full);
    let of = |seen: &Seen| seen.0.iter().map(|s| s.sent.len()).sum::<usize>();
    let mut differing = Vec::new();
    if of(small) != pairs.len() {
        let labels = |seen: &Seen| -> Vec<String> {
            let sent =
                |s: &Section| s.sent.iter().map(|one| format!("{}: {}", s.name, label(&one.statement.sql))).collect();
            seen.0.iter().flat_map::<Vec<String>, _>(sent).collect()
        };
        let known = labels(full);
        differing
            .extend(labels(small).into_iter().filter(|l| !known.contains(l)).map(|l| format!("small size only: {l}")));
    }
    for (name, _, a, b) in &pairs {
        if accesses(a) != accesses(b) {
            let (a_plan, b_plan) = (a.plan.join("\n    "), b.plan.join("\n    "));
            differing
                .push(format!("{name}: {}\n  small:\n    {a_plan}\n  full:\n    {b_plan}", label(&a.statement.sql)));
        }
    }
    (pairs.len(), differing)
}

fn time_all(small: &Size, full: &Size) -> Vec<Timed> {
    let reads = |(_, _, a, _): &(_, _, &Sent, _)| a.statement.sql.starts_with("SELECT");
    let pairs: Vec<_> = pairs(&small.seen, &full.seen).into_iter().filter(reads).collect();
    let noise = noise(small.app.kind);
    let unknown = |(name, grows, a, _): &(&str, Option<&'static str>, &Sent, _)| {
        let text: String = label(&a.statement.sql).chars().take(70).collect();
        Timed {
            name: format!("{name}: {text}"),
            grows: *grows,
            small: Duration::MAX,
            full: Duration::MAX,
            rows: 1.0,
            noise,
        }
    };
    let mut timed: Vec<Timed> = pairs.iter().map(unknown).collect();
    for turn in 0..TURNS + TURNS_MORE {
        for ((_, _, a, b), t) in pairs.iter().zip(&mut timed) {
            if turn < TURNS || (t.grows.is_none() && t.ratio() > RATIO_MAX) {
                t.small = t.small.min(small.time(&a.statement));
                t.full = t.full.min(full.time(&b.statement));
            }
        }
    }
    timed
}

/// A call and its read at both sizes.
type Pair<'s> = (&'s Section, &'s (String, String), &'s (String, String));

/// The reads of both sizes, as a client makes them but for the network.
fn time_reads(small: &Size, full: &Size) -> Vec<Timed> {
    let noise = noise(small.app.kind);
    let pairs =
        small.seen.0.iter().zip(&full.seen.0).filter_map(|(a, b)| Some((a, a.read.as_ref()?, b.read.as_ref()?)));
    let pairs: Vec<Pair<'_>> = pairs.collect();
    let unknown = |(section, a, b): &Pair<'_>| Timed {
        name: section.name.to_owned(),
        grows: section.grows,
        small: Duration::MAX,
        full: Duration::MAX,
        rows: (full.rows(b) / small.rows(a)).max(1.0),
        noise,
    };
    let mut timed: Vec<Timed> = pairs.iter().map(unknown).collect();
    for turn in 0..TURNS + TURNS_MORE {
        for ((_, a, b), t) in pairs.iter().zip(&mut timed) {
            if turn < TURNS || (t.grows.is_none() && t.ratio() > RATIO_MAX) {
                t.small = t.small.min(small.read(a));
                t.full = t.full.min(full.read(b));
            }
        }
    }
    timed
}

fn tell(what: &str, timed: &[Timed]) {
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    println!("{:>10} {:>10} {:>6}  {what}", "small µs", "full µs", "ratio");
    for t in timed {
        let grows = t.grows.map(|why| format!("  [grows: {why}]")).unwrap_or_default();
        println!("{:>10.0} {:>10.0} {:>6.2}  {}{grows}", micros(t.small), micros(t.full), t.ratio(), t.name);
    }
}
