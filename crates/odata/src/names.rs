//! Help with misspelt names.

/// Edits after which two names are no longer alike.
const EDITS_MAX: usize = 3;
/// Longer names are not compared.
const NAME_BYTES_MAX: usize = 64;

/// The name among `known` that `wrong` was probably meant to be.
pub fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = wrong.to_ascii_lowercase();
    if wrong.len() > NAME_BYTES_MAX {
        return None;
    }
    known
        .into_iter()
        .filter(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX)
        .map(|name| (distance(&wrong, &name.to_ascii_lowercase()), name))
        .filter(|(edits, name)| *edits <= EDITS_MAX.min(name.len() / 2))
        .min()
        .map(|(_, name)| name)
}

/// A sentence that ends a message about an unknown name.
pub fn did_you_mean<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(wrong, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Levenshtein's distance over bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (y, above) in b.bytes().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["displayName", "description", "id"];
        assert_eq!(nearest("dispayName", known), Some("displayName"));
        assert_eq!(nearest("DISPLAYNAM", known), Some("displayName"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
