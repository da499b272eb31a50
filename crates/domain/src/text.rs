//! Text that is compared without regard to case. Databases disagree about that, so we fold here and store the key.

use crate::limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX};
use crate::refusal::{Code, Refusal};

/// The comparison key of `text`: Unicode lower case. Stored in every `*_key` column.
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}

/// The words of `text` as a people picker searches them: folded runs of letters and digits, without repeats.
pub fn search_terms(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    terms.sort();
    terms.dedup();
    terms
}

/// Checks a display name: there is one, and it is not too long. `field` is where it was given.
pub fn check_name(field: &str, name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_CHARS_MAX {
        let message = format!("{field} must have 1 to {NAME_CHARS_MAX} characters");
        return Err(Refusal::new(Code::InvalidModel, message.clone()).detail(format!("/{field}"), message));
    }
    Ok(())
}

/// Checks a description or justification: it is not too long.
pub fn check_description(field: &str, text: Option<&str>) -> Result<(), Refusal> {
    if text.is_some_and(|t| t.chars().count() > DESCRIPTION_CHARS_MAX) {
        let message = format!("{field} must have at most {DESCRIPTION_CHARS_MAX} characters");
        return Err(Refusal::new(Code::InvalidModel, message.clone()).detail(format!("/{field}"), message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_knows_more_than_ascii() {
        assert_eq!(fold("ÅSA Ström"), "åsa ström");
        assert_eq!(fold("General"), "general");
    }

    #[test]
    fn terms_are_folded_unique_words() {
        assert_eq!(search_terms("Ada-Lovelace ada  1"), ["1", "ada", "lovelace"]);
    }
}
