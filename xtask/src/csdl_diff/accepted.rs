//! Differences that are known: one a line, `VERSION DIFFERENCE | REASON`, where the version can be `both`.

use std::fs;
use std::path::Path;

use crate::failure::{Context, Failure, Outcome};

const BOTH: &str = "both ";

struct Line {
    /// `v1.0 `, `beta ` or `both `, and the difference.
    text: String,
    /// The differences it accepts.
    accepts: Vec<String>,
}

pub struct Accepted(Vec<Line>);

/// What is not as the file says.
pub struct Verdict {
    /// Differences that it does not accept.
    pub unknown: Vec<String>,
    /// Lines that accept what is no difference.
    pub stale: Vec<String>,
}

impl Accepted {
    pub fn read(path: &Path) -> Outcome<Self> {
        let text = fs::read_to_string(path).context(format!("reading {}", path.display()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Outcome<Self> {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let (text, reason) = line.rsplit_once(" | ").unwrap_or((line, ""));
            if reason.trim().is_empty() {
                return Err(Failure::new(format!("no reason is given for `{line}`")));
            }
            let accepts = match text.strip_prefix(BOTH) {
                Some(difference) => vec![format!("v1.0 {difference}"), format!("beta {difference}")],
                None => vec![text.to_owned()],
            };
            Ok(Line { text: text.to_owned(), accepts })
        });
        Ok(Self(parsed.collect::<Outcome<_>>()?))
    }

    /// Only what is said about one of `versions` is judged.
    pub fn judge(&self, differences: &[String], versions: &[&str]) -> Verdict {
        let is_known = |difference: &String| self.0.iter().any(|line| line.accepts.contains(difference));
        let is_asked = |accepted: &&String| versions.iter().any(|v| accepted.split(' ').next() == Some(v));
        let is_stale = |line: &&Line| line.accepts.iter().filter(is_asked).any(|a| !differences.contains(a));
        Verdict {
            unknown: differences.iter().filter(|d| !is_known(d)).cloned().collect(),
            stale: self.0.iter().filter(is_stale).map(|line| line.text.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Accepted;

    #[test]
    fn what_is_not_accepted_and_what_is_accepted_for_nothing_are_told() {
        let accepted = Accepted::parse("# why\nboth a: is new | documented\nbeta b: is new | documented\n").unwrap();
        let differences = ["v1.0 a: is new", "beta a: is new", "v1.0 c: is new"].map(ToOwned::to_owned);
        let verdict = accepted.judge(&differences, &["v1.0", "beta"]);
        assert_eq!(verdict.unknown, ["v1.0 c: is new"]);
        assert_eq!(verdict.stale, ["beta b: is new"]);
        assert!(accepted.judge(&differences[..1], &["v1.0"]).stale.is_empty());
    }

    #[test]
    fn every_line_has_a_reason() {
        assert!(Accepted::parse("v1.0 a: is new").is_err());
    }
}
