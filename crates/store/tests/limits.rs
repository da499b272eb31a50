//! The limits of the store, on both databases: what waits, what takes time, what piles up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::{Catalog, CatalogKind};
use tenure_domain::directory::group::Group;
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::effect::Effect;
use tenure_domain::ids::{CatalogId, ObjectId, OutboxId, PackageId, RequestId, SubjectId};
use tenure_domain::limits::{CLAIM_BATCH, INLINE_READ_STEPS_MAX, LEASE_SECONDS, LEASE_SKEW_SECONDS, TX_RETRIES_MAX};
use tenure_domain::notification::MailKind;
use tenure_domain::{Code, Timestamp, Uuid};
use tenure_odata::Cells;
use tenure_store::queue::{self, ClaimTimes, Queue, claim};
use tenure_store::rows::directory::member;
use tenure_store::{Bounds, Cost, Query, Sql, Store, StoreError, rows};
use tenure_testkit::{Kind, both_databases};

/// Rows enough that their fourth power takes longer than any limit.
const MANY: u128 = 200;
/// A hundred times as many steps as a row, for a million rows.
const DEAR: Sql = Sql {
    module: "tests",
    name: "DEAR",
    text: "SELECT count(*) AS n FROM catalog a, catalog b, catalog c, catalog d WHERE a.name <> d.name || b.name",
    hot: false,
};
/// More steps than a read may take on the thread that asks, and still soon done.
const MIDDLING: Sql = Sql {
    module: "tests",
    name: "MIDDLING",
    text: "SELECT count(*) AS n FROM catalog a, catalog b, catalog c WHERE a.version + b.version + c.version = 3 AND c.id < a.id AND c.id < b.id",
    hot: false,
};
/// Cheap reads one after another; on the embedded database they take some ten steps each.
const CHEAP_READS: u32 = 20_000;
const CHEAP: Sql = Sql { module: "tests", name: "CHEAP", text: "SELECT count(*) AS n FROM catalog", hot: false };

fn permit() -> Permit {
    Permit::system(Action::WriteCatalogs)
}

fn catalog(n: u128, description: Option<String>) -> Catalog {
    Catalog {
        id: CatalogId(Uuid::from_u128(n)),
        name: format!("C{n}"),
        description,
        kind: CatalogKind::UserManaged,
        is_published: true,
        is_external: false,
        unique_name: None,
        created_at: Timestamp::UNIX_EPOCH,
        modified_at: Timestamp::UNIX_EPOCH,
        created_by: String::new(),
        modified_by: String::new(),
        version: 1,
    }
}

/// Groups and pairs that one change may touch here: those of the product take a minute to make.
const SMALL: (usize, usize) = (100, 499);
/// The number of the first group above the star.
const ABOVE: usize = 20_000;

fn named(id: ObjectId, n: usize) -> Group {
    Group {
        id,
        name: format!("G{n}"),
        nickname: format!("g{n}"),
        unique_name: None,
        is_security: true,
        is_mail: false,
        is_unified: false,
        is_dynamic: false,
        is_role_assignable: false,
        rule: None,
        attributes: Attributes::default(),
        created_at: Timestamp::UNIX_EPOCH,
        source: None,
        version: 1,
    }
}

fn insert(store: &Store, numbers: std::ops::Range<u128>, bytes: usize) {
    let done: Result<(), StoreError> = store.write_blocking(move |tx| {
        for n in numbers.clone() {
            rows::catalog::insert(tx, &permit(), &catalog(n, (bytes > 0).then(|| "x".repeat(bytes))));
        }
        Ok(())
    });
    done.expect("catalogs are written");
}

fn number(sql: &Sql) -> Query<i64> {
    Query::new(sql, Vec::new(), |row| Ok(row.cell(0).int().unwrap_or_default()))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

both_databases! {
    fn a_read_that_takes_too_long_is_stopped_and_the_next_one_runs(db) {
        let store = db.store_within(Bounds { read_time: Duration::from_millis(200), ..Bounds::default() });
        insert(&store, 0..MANY, 0);
        for _ in 0..3 {
            let stopped = store.read_blocking(|tx| tx.fetch(number(&DEAR)));
            assert!(matches!(stopped, Err(StoreError::TooExpensive)), "{stopped:?}");
            // Several statements of one read share its time.
            let together = store.read_blocking(|tx| tx.fetch((number(&CHEAP), number(&DEAR), number(&DEAR))));
            assert!(matches!(together, Err(StoreError::TooExpensive)), "{together:?}");
            let quick = store.read_blocking(|tx| tx.fetch(number(&CHEAP)));
            assert!(matches!(quick.as_deref(), Ok([n]) if *n == i64::try_from(MANY).unwrap()), "{quick:?}");
        }
    }

    fn cheap_reads_are_never_taken_for_dear_ones_however_many_there_are(db) {
        let store = db.store();
        insert(&store, 0..1, 0);
        let count = Arc::new(AtomicU32::new(0));
        // The database counts steps per statement over all of its runs: together these are many times the limit.
        for n in 1..=CHEAP_READS {
            let counted = count.clone();
            let read: Result<Vec<i64>, StoreError> = run(store.read(Cost::Small, None, move |tx| {
                counted.fetch_add(1, Ordering::Relaxed);
                tx.fetch(number(&CHEAP))
            }));
            assert!(matches!(read.as_deref(), Ok([1])), "read {n}: {read:?}");
        }
        assert_eq!(count.load(Ordering::Relaxed), CHEAP_READS, "each ran once");
    }

    fn a_read_expected_to_be_cheap_that_is_not_goes_to_a_reader(db) {
        let store = db.store();
        insert(&store, 0..MANY, 0);
        let runs = |sql: &'static Sql| {
            let count = Arc::new(AtomicU32::new(0));
            let counted = count.clone();
            let read: Result<Vec<i64>, StoreError> = run(store.read(Cost::Small, None, move |tx| {
                counted.fetch_add(1, Ordering::Relaxed);
                tx.fetch(number(sql))
            }));
            (read.expect("a number")[0], count.load(Ordering::Relaxed))
        };
        assert_eq!(runs(&CHEAP), (200, 1));
        let (found, ran) = runs(&MIDDLING);
        // A triple of different rows of which the third is the smallest, and the pairs in which two are one.
        assert!(found > i64::from(INLINE_READ_STEPS_MAX), "each of them takes a step or more");
        assert_eq!(ran, if db.kind == Kind::Embedded { 2 } else { 1 });
    }

    fn a_claim_takes_so_many_rows_and_holds_them_for_its_lease(db) {
        let store = db.store();
        let many = u128::from(CLAIM_BATCH) + 1;
        let wall = Timestamp::UNIX_EPOCH;
        let pushed: Result<(), StoreError> = store.write_blocking(move |tx| {
            for n in 0..many {
                let effect = Effect::Notify {
                    mail: MailKind::AccessGranted,
                    to: SubjectId(Uuid::nil()),
                    package: PackageId(Uuid::nil()),
                    request: RequestId(Uuid::nil()),
                };
                queue::push(tx, OutboxId(Uuid::from_u128(n)), &effect, Timestamp::UNIX_EPOCH)?;
            }
            Ok(())
        });
        pushed.expect("the outbox is filled");
        let claimed = |micros_later: i64, lease: u128| {
            let wall = Timestamp::from_microsecond(wall.as_microsecond() + micros_later).expect("an instant");
            let times = ClaimTimes { due: Timestamp::UNIX_EPOCH, wall };
            let token = Uuid::from_u128(lease);
            let rows: Result<Vec<_>, StoreError> = run(store.claim(move |tx| {
                claim(tx, Queue::Outbox, times, token);
                tx.fetch(queue::claimed_outbox(token))
            }));
            rows.expect("a claim").len()
        };
        let held = (LEASE_SECONDS + LEASE_SKEW_SECONDS) * 1_000_000;
        assert_eq!(claimed(0, 1), CLAIM_BATCH as usize);
        assert_eq!(claimed(0, 2), 1);
        assert_eq!(claimed(held, 3), 0, "both are held to the last moment");
        assert_eq!(claimed(held + 1, 4), CLAIM_BATCH as usize);
        let parked: Result<(), StoreError> = run(store.claim(|tx| {
            for n in 0..u128::from(CLAIM_BATCH) {
                queue::outbox_failed(tx, OutboxId(Uuid::from_u128(n)), Uuid::from_u128(4), None, "for good");
            }
            Ok(())
        }));
        parked.expect("they are parked");
        assert_eq!(claimed(held + 1, 5), 1, "what is parked is not tried again");
    }

    fn a_change_of_nesting_touches_so_many_groups(db) {
        let store = db.store();
        let group = |n: usize| ObjectId(Uuid::from_u128(0xa000 + n as u128));
        // A star: all the others are in the first group. And four groups above it, each in the next.
        let nested = store.write_blocking(move |tx| -> Result<(), StoreError> {
            let above = [ABOVE, ABOVE + 1, ABOVE + 2, ABOVE + 3];
            for n in (0..=SMALL.0).chain(above) {
                rows::directory::group::insert(tx, &permit(), &named(group(n), n))?;
            }
            for n in 1..SMALL.0 {
                let inner = (group(n), ObjectKind::Group);
                member::add(tx, &permit(), group(0), inner, Timestamp::UNIX_EPOCH);
                member::rebuild_within(tx, group(n), SMALL)?;
            }
            Ok(())
        });
        nested.expect("groups are nested");
        let link = |parent: usize, child: usize| {
            store.write_blocking(move |tx| -> Result<(), StoreError> {
                let inner = (group(child), ObjectKind::Group);
                member::add(tx, &permit(), group(parent), inner, Timestamp::UNIX_EPOCH);
                member::rebuild_within(tx, group(child), SMALL)
            })
        };
        let said = |r: &Result<(), StoreError>, word: &str| {
            matches!(r, Err(StoreError::Refused(r)) if r.code == Code::LimitExceeded && r.message.contains(word))
        };
        // With three groups above, 99 groups have five in their closure, and the one that holds them four.
        assert_eq!(99 * 5 + 4, SMALL.1);
        link(ABOVE + 1, ABOVE).expect("a chain");
        link(ABOVE + 2, ABOVE + 1).expect("a chain");
        link(ABOVE, 0).expect("as many groups and pairs as one change may touch");
        let refused = link(ABOVE + 3, 0);
        assert!(said(&refused, "pairs of groups"), "{refused:?}");
        link(0, SMALL.0).expect("one group more");
        let refused = link(ABOVE + 3, 0);
        assert!(said(&refused, "nested groups") || said(&refused, "pairs of groups"), "{refused:?}");
        // Small changes go on.
        link(ABOVE + 3, SMALL.0).expect("two groups");
    }

    fn a_full_line_says_so_before_anything_is_done(db) {
        let store = Arc::new(db.store_within(Bounds { writer: 3, readers: 3, ..Bounds::default() }));
        let threads = tenure_testkit::db::THREADS;
        // Every thread that writes is held in the middle of a use case.
        let holders = if db.kind == Kind::Embedded { 1 } else { threads };
        let (entered, is_in) = channel();
        let mut held = Vec::new();
        for _ in 0..holders {
            let (release, released) = channel::<()>();
            let (store, entered) = (store.clone(), entered.clone());
            let released = std::sync::Mutex::new(released);
            held.push((release, std::thread::spawn(move || {
                store.write_blocking(move |_| -> Result<(), StoreError> {
                    let _ = entered.send(());
                    let _ = released.lock().map(|r| r.recv());
                    Ok(())
                })
            })));
            is_in.recv().expect("a use case began");
        }
        let (tell, told) = channel();
        let waiting: Vec<_> = (0..5_u128).map(|n| {
            let (store, tell) = (store.clone(), tell.clone());
            std::thread::spawn(move || {
                let done = store.write_blocking(move |tx| -> Result<(), StoreError> {
                    rows::catalog::insert(tx, &permit(), &catalog(n, None));
                    Ok(())
                });
                let _ = tell.send((n, done.is_ok()));
                done
            })
        }).collect();
        // Two of the five find no place, and hear of it while the others still wait.
        let refused = [told.recv().expect("an answer"), told.recv().expect("an answer")];
        assert!(refused.iter().all(|(_, done)| !done), "{refused:?}");
        for (release, holder) in held {
            drop(release);
            assert!(holder.join().expect("no panic").is_ok());
        }
        let outcomes: Vec<Result<(), StoreError>> = waiting.into_iter().map(|w| w.join().expect("no panic")).collect();
        for (n, outcome) in outcomes.iter().enumerate() {
            assert!(matches!(outcome, Ok(()) | Err(StoreError::Busy)), "{outcome:?}");
            let id = CatalogId(Uuid::from_u128(n as u128));
            let there = store.read_blocking(move |tx| tx.fetch(rows::catalog::get(id))).expect("a read");
            assert_eq!(there.is_some(), outcome.is_ok(), "done if and only if it was said to be");
        }
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 3);
    }
}

/// Only where transactions run side by side can one lose against another.
#[test]
fn a_transaction_that_always_loses_is_tried_so_often() {
    for kind in tenure_testkit::db::kinds().into_iter().filter(|kind| *kind == Kind::Server) {
        let db = tenure_testkit::Db::fresh(kind);
        let (store, rival) = (db.store(), Arc::new(db.store()));
        insert(&store, 1..2, 0);
        for (losses, succeeds) in [(TX_RETRIES_MAX, true), (TX_RETRIES_MAX + 1, false)] {
            let runs = Arc::new(AtomicU32::new(0));
            let (counted, rival) = (runs.clone(), rival.clone());
            let outcome = store.write_blocking(move |tx| -> Result<(), StoreError> {
                let read = tx.fetch(rows::catalog::get(CatalogId(Uuid::from_u128(1))))?;
                let change = |catalog: &Catalog, name: String| Catalog { name, ..catalog.clone() };
                let run = counted.fetch_add(1, Ordering::Relaxed);
                let Some(read) = read else { return Err(StoreError::Internal("it is gone".to_owned())) };
                if run < losses {
                    let other = change(&read, format!("rival {losses} {run}"));
                    rival.write_blocking(move |tx| -> Result<(), StoreError> {
                        rows::catalog::update(tx, &permit(), &other);
                        Ok(())
                    })?;
                }
                rows::catalog::update(tx, &permit(), &change(&read, format!("mine {losses}")));
                Ok(())
            });
            assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
            assert!(succeeds || matches!(outcome, Err(StoreError::Contended)), "{outcome:?}");
            assert_eq!(runs.load(Ordering::Relaxed), TX_RETRIES_MAX + 1);
        }
    }
}

/// Only where transactions run side by side can somebody come between looking and adding.
#[test]
fn what_is_found_taken_is_looked_at_once_more() {
    for kind in tenure_testkit::db::kinds().into_iter().filter(|kind| *kind == Kind::Server) {
        let db = tenure_testkit::Db::fresh(kind);
        let store = db.store();
        insert(&store, 1..2, 0);
        for (takes, succeeds) in [(1, true), (2, false)] {
            let runs = Arc::new(AtomicU32::new(0));
            let counted = runs.clone();
            let outcome = store.write_blocking(move |tx| -> Result<(), StoreError> {
                let run = counted.fetch_add(1, Ordering::Relaxed);
                let id = if run < takes { 1 } else { 2 };
                rows::catalog::insert(tx, &permit(), &catalog(id, None));
                Ok(())
            });
            assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
            assert!(succeeds || matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
            assert_eq!(runs.load(Ordering::Relaxed), 2);
        }
    }
}

/// Only an embedded database has a log of its own.
#[test]
fn the_log_does_not_grow_without_end() {
    const SOFT: u64 = 1 << 20;
    const HARD: u64 = 4 << 20;
    /// Bytes of one transaction, and what it may add to the log beside them.
    const EACH: usize = 256 << 10;
    for bounds in [
        Bounds { wal_soft_bytes: u64::MAX, wal_hard_bytes: HARD, ..Bounds::default() },
        Bounds { wal_soft_bytes: SOFT, wal_hard_bytes: HARD, ..Bounds::default() },
    ] {
        let db = tenure_testkit::Db::fresh(Kind::Embedded);
        let store = db.store_within(bounds);
        let log = db.folder().join("tenure.db-wal");
        let mut largest = 0;
        for n in 0..64_u128 {
            insert(&store, n..n + 1, EACH);
            largest = largest.max(std::fs::metadata(&log).expect("a log").len());
        }
        assert!(largest <= HARD + 2 * EACH as u64, "{largest} bytes after 16 MiB were written within {bounds:?}");
        drop(store);
        assert!(std::fs::metadata(&log).is_ok_and(|m| m.len() == 0) || !log.exists(), "the end leaves no log");
    }
}
