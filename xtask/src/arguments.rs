//! The words after the verb.

use std::env;

use crate::failure::{Failure, Outcome};

/// Words not yet understood; a verb takes those it knows and then calls [`Arguments::finish`].
pub struct Arguments(Vec<String>);

impl Arguments {
    pub fn of_process() -> Self {
        Self(env::args().skip(1).collect())
    }

    pub fn verb(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes `--name`; true when it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes `--name VALUE`.
    pub fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let Some(at) = self.0.iter().position(|word| word == name) else { return Ok(None) };
        if at + 1 == self.0.len() {
            return Err(Failure::new(format!("{name} needs a value")));
        }
        self.0.remove(at);
        Ok(Some(self.0.remove(at)))
    }

    /// Everything left, meant for another program; a leading `--` only separates.
    pub fn pass_on(mut self) -> Vec<String> {
        if self.0.first().is_some_and(|word| word == "--") {
            self.0.remove(0);
        }
        self.0
    }

    /// Refuses what no one took, so that a typing mistake is not silently ignored.
    pub fn finish(self) -> Outcome<()> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(Failure::new(format!("`{word}` is not understood here; see `cargo xtask help`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn arguments(words: &[&str]) -> Arguments {
        Arguments(words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn flags_and_values_are_taken_and_the_rest_is_refused() {
        let mut all = arguments(&["--skip-sdk", "--only", "fmt"]);
        assert!(all.flag("--skip-sdk"));
        assert_eq!(all.value("--only").unwrap().as_deref(), Some("fmt"));
        all.finish().unwrap();

        assert!(arguments(&["--onyl", "fmt"]).finish().is_err());
        assert!(arguments(&["--only"]).value("--only").is_err());
    }

    #[test]
    fn only_the_first_separator_is_dropped() {
        assert_eq!(arguments(&["--", "--listen", "--"]).pass_on(), ["--listen", "--"]);
    }
}
