//! Too much at once: what is refused had no effect, what is accepted had its effect, no line grows beyond its limit, and
//! afterwards everything is as before.

use crate::EM;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tenure_service::ServiceError;
use tenure_store::Bounds;
use tenure_testkit::app::on_every_database_within;
use tenure_testkit::db::{Kind, THREADS};
use tenure_testkit::{Answer, TestApp};

/// Use cases that may wait.
const LINE: usize = 16;

fn on_short_lines(test: impl AsyncFn(&TestApp)) {
    on_every_database_within(Bounds { writer: LINE, ..Bounds::default() }, test);
}

/// Every thread that writes, held in the middle of a use case until this is dropped.
struct Held {
    release: Vec<Sender<()>>,
    threads: Vec<JoinHandle<Result<(), ServiceError>>>,
}

impl Held {
    fn all(app: &TestApp) -> Self {
        let (entered, is_in) = channel();
        let mut held = Self { release: Vec::new(), threads: Vec::new() };
        for _ in 0..if app.kind == Kind::Embedded { 1 } else { THREADS } {
            let (release, released) = channel::<()>();
            let (engine, entered, released) = (app.engine().clone(), entered.clone(), Mutex::new(released));
            held.threads.push(std::thread::spawn(move || {
                engine.write_blocking(move |_| {
                    let _ = entered.send(());
                    // Ends when the other side is dropped.
                    let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    Ok(())
                })
            }));
            held.release.push(release);
            is_in.recv().expect("the use case has begun");
        }
        held
    }

    fn let_go(self) {
        drop(self.release);
        for thread in self.threads {
            assert!(thread.join().expect("no panic").is_ok());
        }
    }
}

/// Asks for a catalog; gives its name and the answer.
async fn make(app: &TestApp, token: &str, name: String) -> (String, Answer) {
    let answer = app.post(&format!("{EM}/catalogs"), token, json!({ "displayName": name })).await;
    (name, answer)
}

/// Whether it was done. Any answer but "made" and "try again" is a failure.
fn is_made(answer: &Answer) -> bool {
    if answer.status == 503 {
        assert_eq!(answer.code(), "ServiceUnavailable");
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|s| s > 0), "{:?}", answer.headers);
        return false;
    }
    assert_eq!(answer.status, 201, "{}", answer.text);
    true
}

/// The names of all catalogs that the tests made.
async fn there(app: &TestApp, token: &str) -> BTreeSet<String> {
    let path = format!("{EM}/catalogs?$top=999&$select=displayName&$filter=startswith(displayName,'C')");
    app.get(&path, token).await.expect(200).column("displayName").into_iter().collect()
}

async fn audited(app: &TestApp, token: &str) -> String {
    let filter = "activityDisplayName eq 'Create access package catalog'";
    app.call_with("GET", &format!("/v1.0/auditLogs/directoryAudits/$count?$filter={filter}"), (token, &[]), Value::Null)
        .await
        .expect(200)
        .text
}

#[test]
fn a_line_holds_so_many_and_the_others_are_refused_before_anything_is_done() {
    on_short_lines(async |app| {
        let token = app.token_app().await;
        let before: usize = audited(app, &token).await.parse().expect("a number");
        let held = Held::all(app);
        let asked = 10 * LINE;
        let mut answers: FuturesUnordered<_> = (0..asked).map(|n| make(app, &token, format!("C{n}"))).collect();
        let mut made = BTreeSet::new();
        for _ in 0..asked - LINE {
            let (name, answer) = answers.next().await.expect("an answer");
            assert!(!is_made(&answer), "nobody writes now, but {name} was made");
        }
        held.let_go();
        // What is left was in the line: exactly as many as it holds.
        while let Some((name, answer)) = answers.next().await {
            assert!(is_made(&answer), "{name} was accepted");
            made.insert(name);
        }
        assert_eq!(made.len(), LINE);
        assert_eq!(there(app, &token).await, made);
        assert!(is_made(&make(app, &token, "Cx".to_owned()).await.1), "afterwards there is room again");
        assert_eq!(audited(app, &token).await, (before + LINE + 1).to_string(), "what was refused left no trace");
    });
}

#[test]
fn in_a_storm_of_writers_every_answer_is_true() {
    on_short_lines(async |app| {
        let tokens = [app.token_app().await, app.token_of_person("anna").await];
        let storm = (0..400_usize).map(|n| make(app, &tokens[n % 2], format!("C{n}")));
        let mut answers: FuturesUnordered<_> = storm.collect();
        let (mut made, mut refused) = (BTreeSet::new(), 0);
        while let Some((name, answer)) = answers.next().await {
            if is_made(&answer) {
                made.insert(name);
            } else {
                refused += 1;
            }
        }
        assert!(refused > 0 && made.len() >= LINE, "{refused} refused, {} made", made.len());
        assert_eq!(there(app, &tokens[0]).await, made);
        // Whoever heeds the answer gets through.
        for name in (0..400).map(|n| format!("C{n}")).filter(|name| !made.contains(name)).take(20) {
            assert!(is_made(&make(app, &tokens[0], name).await.1));
        }
    });
}

#[test]
fn one_caller_leaves_half_of_the_line_to_others() {
    on_short_lines(async |app| {
        let (greedy, modest) = (app.token_app().await, app.token_of_person("anna").await);
        let held = Held::all(app);
        let mut answers = FuturesUnordered::new();
        for n in 0..2 * LINE {
            answers.push(make(app, &greedy, format!("Cgreedy{n}")));
        }
        for _ in 0..LINE {
            assert!(!is_made(&answers.next().await.expect("an answer").1), "the line is full");
        }
        for n in 0..LINE {
            answers.push(make(app, &modest, format!("Cmodest{n}")));
        }
        // Half of the line goes to the others: the last ones of the greedy caller leave, and no more of the others fit.
        for _ in 0..LINE {
            assert!(!is_made(&answers.next().await.expect("an answer").1));
        }
        held.let_go();
        let mut made = BTreeSet::new();
        while let Some((name, answer)) = answers.next().await {
            assert!(is_made(&answer), "{name}");
            made.insert(name);
        }
        let of = |who: &str| made.iter().filter(|name| name.starts_with(who)).count();
        assert_eq!((of("Cgreedy"), of("Cmodest")), (LINE / 2, LINE / 2));
        assert_eq!(there(app, &greedy).await, made);
    });
}
