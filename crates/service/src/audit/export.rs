//! The export: JSON lines in one fixed order, of one moment (decisions.md F, ADR 10). Writers come first; then the rows
//! that each checkpoint covers, and the checkpoint; then the rows that none covers yet; then what all of it comes to.
//!
//! It writes what the database holds, also where that is wrong: to find faults is the business of whoever checks it.

use super::seal::PURPOSE;
use crate::error::ServiceError;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, VecDeque};
use tenure_auth::audit::Running;
use tenure_domain::seal::{self, Checkpoint, End, FORMAT, Header, Hex, PublicKey, Totals, Writer};
use tenure_domain::{Timestamp, Uuid};
use tenure_store::rows::{identity, tenant};
use tenure_store::seal::{Row, checkpoints_after, rows_after, stray_writers, targets_between, writers_after};
use tenure_store::{StoreError, Tx};

/// Takes the lines, each with its line feed.
pub type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> Result<(), ServiceError>;

/// The public part of the key that signs checkpoints, if it was made already.
pub fn public_key(tx: &mut Tx<'_>) -> Result<Option<PublicKey>, ServiceError> {
    let key = tx.fetch(identity::keys(PURPOSE, Timestamp::UNIX_EPOCH))?.into_iter().next();
    let corrupt = |id| StoreError::corrupt("signing_key", "public", id);
    Ok(key.map(|key| Hex::of(&key.public).ok_or_else(|| corrupt(key.id))).transpose()?)
}

/// Exports the audit as this snapshot shows it.
pub fn export(tx: &mut Tx<'_>, sink: Sink<'_>) -> Result<(), ServiceError> {
    let tenant = tx.fetch(tenant::get())?;
    let tenant = tenant.ok_or_else(|| ServiceError::Internal("this database has no tenant yet".to_owned()))?;
    let public_key = public_key(tx)?;
    let mut export = Export { sink, hash: Running::default(), rows: 0, chains: BTreeMap::new() };
    export.line(&Header { format: FORMAT.to_owned(), tenant: tenant.id, public_key })?;
    let writers = export.writers(tx)?;
    let mut last = 0;
    let mut after = i64::MIN;
    loop {
        let page = tx.fetch(checkpoints_after(after))?;
        let Some(newest) = page.last() else { break };
        after = newest.checkpoint;
        for checkpoint in page {
            export.checkpoint(tx, &checkpoint)?;
            last += 1;
        }
    }
    export.rest(tx)?;
    export.end(writers, last)
}

/// Rows of a writer that were read ahead, and how far.
#[derive(Default)]
struct Ahead {
    rows: VecDeque<(Row, Vec<&'static str>)>,
    read_to: i64,
    is_over: bool,
}

struct Export<'s> {
    sink: Sink<'s>,
    hash: Running,
    rows: u64,
    chains: BTreeMap<Uuid, Ahead>,
}

impl Export<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), ServiceError> {
        let mut text = serde_json::to_vec(line).map_err(|error| ServiceError::Internal(error.to_string()))?;
        text.push(b'\n');
        self.hash.update(&text);
        (self.sink)(&text)
    }

    fn writers(&mut self, tx: &mut Tx<'_>) -> Result<u64, ServiceError> {
        let (mut count, mut after) = (0, Uuid::nil());
        loop {
            let page: Vec<Writer> = tx.fetch(writers_after(after))?;
            let Some(last) = page.last() else { break };
            after = last.writer;
            for writer in page {
                self.chains.insert(writer.writer, Ahead { read_to: i64::MIN, ..Ahead::default() });
                self.line(&writer)?;
                count += 1;
            }
        }
        for stray in tx.fetch(stray_writers())? {
            self.chains.insert(stray, Ahead { read_to: i64::MIN, ..Ahead::default() });
        }
        Ok(count)
    }

    fn checkpoint(&mut self, tx: &mut Tx<'_>, checkpoint: &Checkpoint) -> Result<(), ServiceError> {
        for head in &checkpoint.heads {
            self.rows(tx, head.writer, head.sequence)?;
        }
        self.line(checkpoint)
    }

    /// Rows that no checkpoint covers.
    fn rest(&mut self, tx: &mut Tx<'_>) -> Result<(), ServiceError> {
        let writers: Vec<Uuid> = self.chains.keys().copied().collect();
        for writer in writers {
            self.rows(tx, writer, i64::MAX)?;
        }
        Ok(())
    }

    /// The rows of a writer up to this number.
    fn rows(&mut self, tx: &mut Tx<'_>, writer: Uuid, to: i64) -> Result<(), ServiceError> {
        loop {
            let Some(ahead) = self.chains.get_mut(&writer) else { return Ok(()) };
            if ahead.rows.is_empty() && !ahead.is_over {
                ahead.read(tx, writer)?;
            }
            match ahead.rows.front() {
                Some((row, _)) if row.sequence <= to => {}
                _ => return Ok(()),
            }
            if let Some((row, differs)) = ahead.rows.pop_front() {
                self.row(writer, &row, differs)?;
            }
        }
    }

    fn row(&mut self, writer: Uuid, row: &Row, differs: Vec<&'static str>) -> Result<(), ServiceError> {
        let (event, personal) = (Text::of(&row.event)?, row.personal.as_deref().map(Text::of).transpose()?);
        self.rows += 1;
        self.line(&seal::Row {
            row: row.sequence,
            writer,
            id: row.id,
            event: event.raw(),
            personal: personal.as_ref().map(Text::raw),
            salt: row.salt,
            digest: row.digest,
            hash: row.hash,
            differs: differs.into_iter().map(ToOwned::to_owned).collect(),
        })
    }

    fn end(&mut self, writers: u64, checkpoints: u64) -> Result<(), ServiceError> {
        let sha256 = std::mem::take(&mut self.hash).finish();
        self.line(&End { end: Totals { writers, rows: self.rows, checkpoints, sha256 } })
    }
}

impl Ahead {
    fn read(&mut self, tx: &mut Tx<'_>, writer: Uuid) -> Result<(), ServiceError> {
        let page = tx.fetch(rows_after(writer, self.read_to))?;
        let Some(last) = page.last().map(|row| row.sequence) else {
            self.is_over = true;
            return Ok(());
        };
        let mut targets = tx.fetch(targets_between(writer, self.read_to, last))?.into_iter().peekable();
        self.read_to = last;
        for row in page {
            let mut own = Vec::new();
            while let Some((_, target)) = targets.next_if(|(sequence, _)| *sequence <= row.sequence) {
                own.push(target);
            }
            let differs = row.differs(&own);
            self.rows.push_back((row, differs));
        }
        Ok(())
    }
}

/// A stored text as part of a line.
enum Text<'t> {
    /// It is JSON on one line, and stands as it is.
    As(&'t RawValue),
    /// It is something else, by somebody's hand: it stands as a JSON text, which no check accepts.
    Quoted(Box<RawValue>),
}

impl<'t> Text<'t> {
    fn of(text: &'t str) -> Result<Self, ServiceError> {
        match serde_json::from_str::<&RawValue>(text) {
            // Blanks around a value would not be seen.
            Ok(raw) if raw.get() == text && !text.contains('\n') => Ok(Self::As(raw)),
            _ => Ok(Self::Quoted(to_raw_value(text).map_err(|error| ServiceError::Internal(error.to_string()))?)),
        }
    }

    fn raw(&self) -> &RawValue {
        match self {
            Self::As(raw) => raw,
            Self::Quoted(raw) => raw,
        }
    }
}
