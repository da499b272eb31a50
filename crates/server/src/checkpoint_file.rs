//! A file outside the database that checkpoints are appended to. Who can change the database, but not this file, cannot
//! rewrite history without being found.

use crate::failure::{Failure, Outcome, While};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tenure_jobs::Outside;
use tenure_service::Engine;
use tenure_service::audit::{self, Checkpoint};

/// Bytes at the end of the file in which its last line is looked for: several times the longest.
const TAIL_BYTES: u64 = 1 << 20;

/// The file.
pub struct CheckpointFile {
    path: PathBuf,
    file: File,
    /// Bytes up to the end of the last whole line.
    length: u64,
    last: i64,
}

impl CheckpointFile {
    /// Opens or makes the file, and checks that the database holds the checkpoint it ends with.
    pub fn open(path: &Path, engine: &Engine) -> Outcome<Self> {
        let (opened, last) = Self::read(path)?;
        if let Some(last) = last {
            let number = last.checkpoint;
            let held = engine.read_blocking(move |ctx| ctx.fetch(audit::checkpoints_after(number - 1)))?;
            if held.first() != Some(&last) {
                return Err(Failure::new(format!(
                    "{} ends with checkpoint {number}, which this database does not hold: it was restored from an older \
                     copy, or changed. Keep the file, and name another one with --audit-checkpoint-file",
                    path.display()
                )));
            }
        }
        Ok(opened)
    }

    fn read(path: &Path) -> Outcome<(Self, Option<Checkpoint>)> {
        let reading = || format!("reading {}", path.display());
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut file = options.open(path).doing(format!("opening {}", path.display()))?;
        let size = file.seek(SeekFrom::End(0)).doing(reading())?;
        let from = size.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from)).doing(reading())?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).doing(reading())?;
        // A crash can leave half a line behind; it is written again.
        let whole = tail.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let length = from + whole as u64;
        let last_line = tail.get(..whole.saturating_sub(1)).and_then(|t| t.rsplit(|b| *b == b'\n').next());
        let last_line = last_line.filter(|line| !line.is_empty());
        let last: Option<Checkpoint> = last_line.map(serde_json::from_slice).transpose().doing(reading())?;
        let number = last.as_ref().map_or(0, |last| last.checkpoint);
        Ok((Self { path: path.to_owned(), file, length, last: number }, last))
    }

    fn append(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text)?;
        self.file.sync_data()
    }
}

impl Outside for CheckpointFile {
    fn last(&self) -> i64 {
        self.last
    }

    fn keep(&mut self, checkpoints: &[Checkpoint]) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("writing {}: {error}", self.path.display());
        let mut text = Vec::new();
        for checkpoint in checkpoints {
            serde_json::to_writer(&mut text, checkpoint).map_err(|e| failed(&e))?;
            text.push(b'\n');
        }
        self.append(&text).map_err(|e| format!("writing {}: {e}", self.path.display()))?;
        self.length += text.len() as u64;
        self.last = checkpoints.last().map_or(self.last, |c| c.checkpoint);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tenure_domain::seal::Hex;

    fn checkpoint(n: i64) -> Checkpoint {
        Checkpoint { checkpoint: n, at: n, previous: Hex([1; 32]), heads: Vec::new(), signature: Hex([2; 64]) }
    }

    #[test]
    fn half_a_line_of_a_crash_is_written_again() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let path = folder.path().join("checkpoints");
        let open = || CheckpointFile::read(&path).unwrap_or_else(|e| unreachable!("{e}"));
        let (mut file, last) = open();
        assert_eq!((file.last(), last), (0, None));
        assert_eq!(file.keep(&[checkpoint(1), checkpoint(2)]), Ok(()));
        let whole = fs::read(&path).unwrap_or_default();
        let torn = [&whole[..], b"{\"checkpoint\":3,\"at\""].concat();
        assert!(fs::write(&path, torn).is_ok());
        let (mut file, last) = open();
        assert_eq!((file.last(), last), (2, Some(checkpoint(2))));
        assert_eq!(file.keep(&[checkpoint(3)]), Ok(()));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let numbers: Vec<i64> =
            text.lines().filter_map(|l| serde_json::from_str::<Checkpoint>(l).ok()).map(|c| c.checkpoint).collect();
        assert_eq!((numbers, text.lines().count()), (vec![1, 2, 3], 3));
    }
}
