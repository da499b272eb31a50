//! The check of an export, line by line, with nothing kept but the head of every writer. It needs no database, no key
//! that is secret and no clock: whoever has the file can check it.

use super::outside::{Lines, Outside};
use super::pin::{Pin, fingerprint};
use super::{Running, hash};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use tenure_domain::Uuid;
use tenure_domain::limits::EXPORT_WRITERS_MAX;
use tenure_domain::seal::{
    Checkpoint, ERASURE_EVENT, ERASURE_ROWS, End, FORMAT, Hash, Header, Hex, Link, PublicKey, Row, Totals, Writer,
    covered_by_checkpoint, covered_by_digest, covered_by_row, covered_by_writer,
};

/// The first thing that is wrong with an export.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, with writer and row where it is about one.
    pub what: String,
}

/// What a good export holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Writers.
    pub writers: u64,
    /// Rows.
    pub rows: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Rows that no checkpoint names yet: the last moment before the export, or before a crash.
    pub unsealed: u64,
    /// Rows whose names of people were erased.
    pub erased: u64,
    /// The key that signed.
    pub key: Option<PublicKey>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writers, rows, checkpoints, unsealed, erased, key } = self;
        let key = key.as_ref().map_or_else(|| "none".to_owned(), fingerprint);
        write!(
            f,
            "verified: {rows} rows of {writers} writers, {checkpoints} checkpoints, {unsealed} rows not sealed yet, \
             {erased} rows with erased names; checkpoint key {key}"
        )
    }
}

/// Where a writer's chain has come to.
struct Chain {
    sequence: i64,
    hash: Hash,
    /// The last row that a checkpoint names, and what the writer's line says about it.
    sealed: i64,
    said: i64,
    /// Rows that later writers name: number, hash, and who names it.
    named: Vec<(i64, Hash, Uuid)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Writers,
    Rows,
    Over,
}

/// Takes the lines of an export, one after the other.
pub struct Verifier {
    line: u64,
    part: Part,
    pin: Option<Pin>,
    outside: Option<Outside>,
    tenant: Uuid,
    key: Option<PublicKey>,
    chains: HashMap<Uuid, Chain>,
    /// Rows that writers name as those they took over from, and who names them.
    links: Vec<(Link, Uuid)>,
    last_writer: Option<Uuid>,
    /// The row before, in the same section.
    last_row: Option<Uuid>,
    /// Writers with rows since the last checkpoint, in order.
    moved: Vec<Uuid>,
    checkpoint: (i64, Hash),
    rows: u64,
    unsealed: u64,
    erased: u64,
    /// Rows that erasures say they have emptied.
    erasures: u64,
    first_erased: Option<(u64, Uuid, i64)>,
    all: Running,
    written: Vec<u8>,
}

type Checked = Result<(), String>;

impl Verifier {
    /// Begins a check. `pin` is the key that must have signed; `outside` the checkpoints that were kept elsewhere.
    pub fn new(pin: Option<Pin>, outside: Option<Lines>) -> Result<Self, Fault> {
        let outside = outside.map(Outside::new).transpose().map_err(|what| Fault { line: 0, what })?;
        Ok(Self {
            line: 0,
            part: Part::Header,
            pin,
            outside,
            tenant: Uuid::nil(),
            key: None,
            chains: HashMap::new(),
            links: Vec::new(),
            last_writer: None,
            last_row: None,
            moved: Vec::new(),
            checkpoint: (0, Hex([0; 32])),
            rows: 0,
            unsealed: 0,
            erased: 0,
            erasures: 0,
            first_erased: None,
            all: Running::default(),
            written: Vec::new(),
        })
    }

    /// Checks the next line, with the line feed at its end.
    pub fn line(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.line += 1;
        let checked = self.any_line(bytes);
        checked.map_err(|what| Fault { line: self.line, what })
    }

    /// All lines were checked.
    pub fn finish(self) -> Result<Summary, Fault> {
        if self.part != Part::Over {
            let what = "the export is cut off: its last line is missing".to_owned();
            return Err(Fault { line: self.line + 1, what });
        }
        Ok(Summary {
            writers: self.chains.len() as u64,
            rows: self.rows,
            checkpoints: u64::try_from(self.checkpoint.0).unwrap_or(0),
            unsealed: self.unsealed,
            erased: self.erased,
            key: self.key,
        })
    }

    fn any_line(&mut self, bytes: &[u8]) -> Checked {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let text = text.strip_suffix('\n').ok_or("the line is cut off")?;
        let is = |name: &str| {
            text.strip_prefix("{\"").and_then(|t| t.strip_prefix(name)).is_some_and(|t| t.starts_with("\":"))
        };
        if self.part == Part::Writers && !is("writer") {
            self.writers_end()?;
        }
        match self.part {
            Part::Header => self.header(text)?,
            Part::Over => return Err("there is a line after the last".to_owned()),
            Part::Writers => self.writer(text)?,
            Part::Rows if is("row") => self.row(text)?,
            Part::Rows if is("checkpoint") => self.checkpoint(text)?,
            Part::Rows if is("end") => return self.end(text),
            Part::Rows if is("writer") => return Err("a writer stands after rows or checkpoints".to_owned()),
            Part::Rows => return Err("this is no line of an audit export".to_owned()),
        }
        self.all.update(bytes);
        Ok(())
    }

    /// Reads a line that must be written exactly as an export writes it.
    fn read<'t, T: Deserialize<'t> + Serialize>(&mut self, text: &'t str) -> Result<T, String> {
        let read: T = serde_json::from_str(text).map_err(|error| format!("it cannot be read: {error}"))?;
        self.written.clear();
        serde_json::to_writer(&mut self.written, &read).map_err(|error| error.to_string())?;
        if self.written != text.as_bytes() {
            return Err("it is not written as an export writes it".to_owned());
        }
        Ok(read)
    }

    fn header(&mut self, text: &str) -> Checked {
        let header: Header = self.read(text)?;
        if header.format != FORMAT {
            return Err(format!("the format is `{}`; this program knows `{FORMAT}`", header.format));
        }
        match (&self.pin, &header.public_key) {
            (Some(pin), Some(key)) if !pin.fits(key) => {
                return Err(format!("the checkpoint key is {}, not the expected one", fingerprint(key)));
            }
            (Some(_), None) => return Err("the export has no checkpoint key, but one is expected".to_owned()),
            _ => {}
        }
        (self.tenant, self.key, self.part) = (header.tenant, header.public_key, Part::Writers);
        Ok(())
    }

    fn writer(&mut self, text: &str) -> Checked {
        let writer: Writer = self.read(text)?;
        let id = writer.writer;
        if self.last_writer.is_some_and(|last| last >= id) {
            return Err(format!("writer {id} is there twice or out of order"));
        }
        if self.chains.len() >= EXPORT_WRITERS_MAX {
            return Err(format!("there are more than {EXPORT_WRITERS_MAX} writers"));
        }
        self.last_writer = Some(id);
        self.links.extend(writer.previous.map(|link| (link, id)));
        let hash = hash(&covered_by_writer(&writer));
        let chain = Chain { sequence: 0, hash, sealed: 0, said: writer.sealed, named: Vec::new() };
        self.chains.insert(id, chain);
        Ok(())
    }

    /// All writers are known: what they name of each other is still to come.
    fn writers_end(&mut self) -> Checked {
        self.part = Part::Rows;
        for (link, id) in std::mem::take(&mut self.links) {
            let chain = self.chains.get_mut(&link.writer);
            let chain = chain.ok_or_else(|| format!("writer {} is missing: writer {id} names it", link.writer))?;
            chain.named.push((link.sequence, link.hash, id));
        }
        Ok(())
    }

    fn row(&mut self, text: &str) -> Checked {
        let row: Row<'_> = self.read(text)?;
        let (id, n) = (row.writer, row.row);
        let at = |what: String| format!("writer {id}, row {n}: {what}");
        let chain = self.chains.get_mut(&id).ok_or_else(|| at("the writer is missing".to_owned()))?;
        follows(chain.sequence, n).map_err(at)?;
        if !row.differs.is_empty() {
            let columns = row.differs.join(", ");
            return Err(at(format!("the database was changed: {columns} said something else than the event")));
        }
        let event = row.event.get();
        if !event.starts_with('{') {
            return Err(at("its event was changed: it is no object".to_owned()));
        }
        names(&row).map_err(at)?;
        let covered = covered_by_row((id, n), &chain.hash, row.id, &row.digest, event);
        if hash(&covered) != row.hash {
            return Err(at("it or the row before it was changed: its hash does not fit".to_owned()));
        }
        (chain.sequence, chain.hash) = (n, row.hash);
        if let Some((_, _, other)) = chain.named.iter().find(|(s, h, _)| *s == n && *h != row.hash) {
            return Err(at(format!("writer {other} names another row in its place")));
        }
        chain.named.retain(|(s, _, _)| *s != n);
        if let Some(last) = self.last_row.filter(|last| *last > id) {
            return Err(at(format!("it stands after rows of writer {last}: the order was changed")));
        }
        if self.last_row != Some(id) {
            self.moved.push(id);
        }
        self.last_row = Some(id);
        self.rows += 1;
        self.unsealed += 1;
        if row.personal.is_none() {
            self.erased += 1;
            self.first_erased.get_or_insert((self.line, id, n));
        }
        if event.starts_with(ERASURE_EVENT) {
            self.erasures += emptied(event);
        }
        Ok(())
    }

    fn checkpoint(&mut self, text: &str) -> Checked {
        let read: Checkpoint = self.read(text)?;
        let n = read.checkpoint;
        let at = |what: String| format!("checkpoint {n}: {what}");
        let key = self.key.ok_or_else(|| at("the export has no key to check it with".to_owned()))?;
        follows(self.checkpoint.0, n).map_err(at)?;
        if read.previous != self.checkpoint.1 {
            return Err(at("it does not follow the checkpoint before".to_owned()));
        }
        let covered = covered_by_checkpoint(self.tenant, &read);
        if UnparsedPublicKey::new(&ED25519, &key.0).verify(&covered, &read.signature.0).is_err() {
            return Err(at("it was changed: its signature does not fit".to_owned()));
        }
        if let Some(outside) = &mut self.outside {
            outside.compare(n, text)?;
        }
        self.heads(&read.heads).map_err(at)?;
        self.checkpoint = (n, hash(&covered));
        (self.unsealed, self.last_row) = (0, None);
        self.moved.clear();
        Ok(())
    }

    /// The heads of a checkpoint are exactly the rows at which the chains that moved stand now.
    fn heads(&mut self, heads: &[Link]) -> Checked {
        if heads.is_empty() {
            return Err("it names no rows".to_owned());
        }
        let mut moved = self.moved.iter();
        for head in heads {
            let Link { writer, sequence, hash } = head;
            let here = format!("writer {writer}, row {sequence}");
            let chain = self.chains.get_mut(writer).ok_or_else(|| format!("{here}: the writer is missing"))?;
            if chain.sequence < *sequence {
                return Err(format!("{here}: the row is missing; the writer's rows end with {}", chain.sequence));
            }
            match moved.next() {
                Some(next) if next == writer => {}
                Some(next) if next < writer => return Err(format!("rows of writer {next} are not covered by it")),
                _ => return Err(format!("{here}: no row of this writer stands before it")),
            }
            if chain.sequence > *sequence {
                let extra = chain.sequence;
                return Err(format!(
                    "writer {writer}, row {extra}: it stands before the checkpoint, which ends with {sequence}"
                ));
            }
            if chain.hash != *hash {
                return Err(format!("{here}: the checkpoint names another row in its place"));
            }
            chain.sealed = *sequence;
        }
        match moved.next() {
            None => Ok(()),
            Some(writer) => Err(format!("rows of writer {writer} are not covered by it")),
        }
    }

    fn end(&mut self, text: &str) -> Checked {
        let End { end } = self.read(text)?;
        self.part = Part::Over;
        // What is missing has a name where it can have one; the totals and the hash of the file come last.
        let mut writers: Vec<(&Uuid, &Chain)> = self.chains.iter().collect();
        writers.sort_unstable_by_key(|(id, _)| **id);
        for (id, chain) in writers {
            if let Some((sequence, _, other)) = chain.named.first() {
                return Err(format!("writer {id}, row {sequence}: the row is missing; writer {other} names it"));
            }
            if chain.said != chain.sealed {
                let Chain { said, sealed, .. } = chain;
                return Err(format!(
                    "writer {id}: its rows are sealed up to {said}, but the checkpoints end with {sealed}"
                ));
            }
        }
        if let Some(outside) = &self.outside {
            outside.end(self.checkpoint.0)?;
        }
        if let Some((line, id, n)) = self.first_erased.filter(|_| self.erased > self.erasures) {
            return Err(format!(
                "{} rows have no names of people, but the erasures on record account for {}; the first is line {line} \
                 (writer {id}, row {n})",
                self.erased, self.erasures
            ));
        }
        let sha256 = std::mem::take(&mut self.all).finish();
        let found = Totals {
            writers: self.chains.len() as u64,
            rows: self.rows,
            checkpoints: u64::try_from(self.checkpoint.0).unwrap_or(0),
            sha256,
        };
        if end.rows != found.rows || end.writers != found.writers || end.checkpoints != found.checkpoints {
            return Err(format!(
                "lines are missing or were added: {} rows, {} writers and {} checkpoints are there, the last line says \
                 {}, {} and {}",
                found.rows, found.writers, found.checkpoints, end.rows, end.writers, end.checkpoints
            ));
        }
        if end != found {
            return Err("the file was changed: its hash does not fit".to_owned());
        }
        Ok(())
    }
}

/// Numbers are dense and rising.
fn follows(before: i64, n: i64) -> Checked {
    match before.checked_add(1) {
        Some(next) if next == n => Ok(()),
        Some(next) if n > next => Err(format!("{next} is missing: {n} follows {before}")),
        _ => Err(format!("it is there twice or out of order: it follows {before}")),
    }
}

/// The names of people are those that were written, or were erased together with their salt.
fn names(row: &Row<'_>) -> Checked {
    match (row.personal, &row.salt) {
        (None, None) => Ok(()),
        (Some(personal), Some(salt)) => {
            let fits = hash(&covered_by_digest(salt, personal.get())) == row.digest;
            if fits { Ok(()) } else { Err("its names of people were changed: their digest does not fit".to_owned()) }
        }
        _ => Err("names of people and their salt are erased together or not at all".to_owned()),
    }
}

/// How many rows an erasure says it has emptied.
fn emptied(event: &str) -> u64 {
    #[derive(Deserialize)]
    struct Erasure {
        details: Vec<(String, String)>,
    }
    let Ok(erasure) = serde_json::from_str::<Erasure>(event) else { return 0 };
    let rows = erasure.details.iter().filter(|(name, _)| name == ERASURE_ROWS);
    rows.filter_map(|(_, n)| n.parse::<u64>().ok()).sum()
}
