//! Checkpoints that were kept outside the database: an export must hold the very same ones.

use tenure_domain::seal::Checkpoint;

/// The lines of the file, oldest first, or why one cannot be read.
pub type Lines = Box<dyn Iterator<Item = Result<String, String>>>;

/// Compares checkpoints with those that were kept.
pub struct Outside {
    lines: Lines,
    /// The next one that must come.
    next: Option<(i64, String)>,
    read: u64,
}

impl Outside {
    /// Begins to read.
    pub fn new(lines: Lines) -> Result<Self, String> {
        let mut outside = Self { lines, next: None, read: 0 };
        outside.advance()?;
        Ok(outside)
    }

    fn advance(&mut self) -> Result<(), String> {
        let before = self.next.take().map(|(n, _)| n);
        self.read += 1;
        let Some(line) = self.lines.next().transpose()? else { return Ok(()) };
        let n = match serde_json::from_str::<Checkpoint>(&line) {
            Ok(checkpoint) => checkpoint.checkpoint,
            Err(error) => return Err(format!("line {} of the checkpoints kept outside: {error}", self.read)),
        };
        if let Some(before) = before.filter(|b| n != b + 1) {
            let (line, missing) = (self.read, before + 1);
            return Err(format!("line {line} of the checkpoints kept outside: {n} follows {before}, not {missing}"));
        }
        self.next = Some((n, line));
        Ok(())
    }

    /// The next checkpoint of the export.
    pub fn compare(&mut self, n: i64, line: &str) -> Result<(), String> {
        match &self.next {
            Some((kept, text)) if *kept == n => {
                if text != line {
                    return Err(format!("checkpoint {n} is not the one that was kept outside"));
                }
                self.advance()
            }
            // The file may have begun later than the audit.
            _ => Ok(()),
        }
    }

    /// The export has no more checkpoints.
    pub fn end(&self, last: i64) -> Result<(), String> {
        match &self.next {
            None => Ok(()),
            Some((kept, _)) => {
                Err(format!("the export ends with checkpoint {last}, but checkpoint {kept} was kept outside"))
            }
        }
    }
}
