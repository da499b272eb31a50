//! An export made by hand: a writer that takes over from one whose commit failed, and what a check says when the link
//! between the two is not true.

use tenure_auth::audit::{CheckpointKey, Fault, Running, Summary, Verifier, hash};
use tenure_domain::Uuid;
use tenure_domain::seal::{
    Checkpoint, End, FORMAT, Hash, Header, Hex, Link, Row, Totals, Writer, covered_by_digest, covered_by_row,
    covered_by_writer,
};

/// Writes exports.
struct Book {
    key: CheckpointKey,
    lines: Vec<String>,
}

const TENANT: Uuid = Uuid::from_u128(9);
const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

fn line(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("a line")
}

impl Book {
    fn new() -> Self {
        let (key, _) = CheckpointKey::generate().expect("a key");
        let header = Header { format: FORMAT.to_owned(), tenant: TENANT, public_key: Some(key.public()) };
        Self { lines: vec![line(&header)], key }
    }

    fn writer(&mut self, id: Uuid, previous: Option<Link>, sealed: i64) -> Hash {
        let writer = Writer { writer: id, started_at: 5, previous, sealed };
        self.lines.push(line(&writer));
        hash(&covered_by_writer(&writer))
    }

    fn row(&mut self, writer: Uuid, n: i64, before: Hash) -> Hash {
        let event = "{\"activity\":\"Add user\"}";
        let (personal, salt) = ("{\"actor\":null}", Hex([3; 24]));
        let id = Uuid::from_u128(100 + u128::from(n.unsigned_abs()));
        let digest = hash(&covered_by_digest(&salt, personal));
        let hash = hash(&covered_by_row((writer, n), &before, id, &digest, event));
        let event = serde_json::from_str(event).expect("raw");
        let personal = serde_json::from_str(personal).expect("raw");
        let row = Row {
            row: n,
            writer,
            id,
            event,
            personal: Some(personal),
            salt: Some(salt),
            digest,
            hash,
            differs: Vec::new(),
        };
        self.lines.push(line(&row));
        hash
    }

    fn checkpoint(&mut self, heads: Vec<Link>) {
        let mut checkpoint =
            Checkpoint { checkpoint: 1, at: 7, previous: Hex([0; 32]), heads, signature: Hex([0; 64]) };
        self.key.sign(TENANT, &mut checkpoint).expect("a signature");
        self.lines.push(line(&checkpoint));
    }

    fn verify(&self) -> Result<Summary, Fault> {
        let mut hash = Running::default();
        let mut verifier = Verifier::new(None, None)?;
        let is = |kind: &str| self.lines.iter().filter(|l| l.starts_with(&format!("{{\"{kind}\":"))).count() as u64;
        for text in &self.lines {
            let text = format!("{text}\n");
            hash.update(text.as_bytes());
            verifier.line(text.as_bytes())?;
        }
        let totals =
            Totals { writers: is("writer"), rows: is("row"), checkpoints: is("checkpoint"), sha256: hash.finish() };
        verifier.line(format!("{}\n", line(&End { end: totals })).as_bytes())?;
        verifier.finish()
    }
}

/// Two rows of the first writer, then one of the second, which names row `named` with `hash_of` for its hash.
fn taken_over(named: i64, right: bool) -> Result<Summary, Fault> {
    let mut book = Book::new();
    let begin = book.writer(FIRST, None, 2);
    // What the chain of the first will be does not depend on where it is written.
    let mut aside = Book { key: CheckpointKey::generate().expect("a key").0, lines: Vec::new() };
    let one = aside.row(FIRST, 1, begin);
    let two = aside.row(FIRST, 2, one);
    let hash = match (named, right) {
        (1, true) => one,
        (2, true) => two,
        _ => Hex([8; 32]),
    };
    let second = book.writer(SECOND, Some(Link { writer: FIRST, sequence: named, hash }), 1);
    book.row(FIRST, 1, begin);
    book.row(FIRST, 2, one);
    let three = book.row(SECOND, 1, second);
    book.checkpoint(vec![
        Link { writer: FIRST, sequence: 2, hash: two },
        Link { writer: SECOND, sequence: 1, hash: three },
    ]);
    book.verify()
}

#[test]
fn a_writer_may_name_any_row_that_was_known_of_the_one_before() {
    // The commit after row 1 was lost, but had happened: row 2 is there all the same.
    for named in [1, 2] {
        assert_eq!(taken_over(named, true).map(|s| (s.rows, s.writers, s.unsealed)), Ok((3, 2, 0)));
    }
}

#[test]
fn a_writer_that_names_another_or_a_missing_row_is_found() {
    let fault = taken_over(1, false).expect_err("another row");
    assert!(fault.what.contains(&format!("writer {SECOND} names another row in its place")), "{fault}");
    let fault = taken_over(3, false).expect_err("a missing row");
    assert!(fault.what.contains(&format!("row 3: the row is missing; writer {SECOND} names it")), "{fault}");
}

#[test]
fn a_writer_that_is_named_must_be_there() {
    let mut book = Book::new();
    let begin = book.writer(SECOND, Some(Link { writer: FIRST, sequence: 1, hash: Hex([8; 32]) }), 0);
    book.row(SECOND, 1, begin);
    let fault = book.verify().expect_err("a missing writer");
    assert_eq!((fault.line, fault.what.contains(&format!("writer {FIRST} is missing"))), (3, true), "{fault}");
}

#[test]
fn a_checkpoint_of_another_tenant_does_not_fit() {
    let mut book = Book::new();
    let begin = book.writer(FIRST, None, 1);
    let one = book.row(FIRST, 1, begin);
    book.checkpoint(vec![Link { writer: FIRST, sequence: 1, hash: one }]);
    assert!(book.verify().is_ok());
    if let Some(header) = book.lines.first_mut() {
        *header = header.replace(&TENANT.to_string(), &SECOND.to_string());
    }
    assert!(book.verify().expect_err("another tenant").what.contains("its signature does not fit"));
}
