//! `demo.env`: what a demo server tells its clients, as shell lines `NAME=value`.

use std::collections::BTreeMap;

use crate::failure::{Failure, Outcome};

/// Without these no driver can begin.
const REQUIRED: [&str; 5] = ["BASE_URL", "TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "CA_BUNDLE"];

/// Reads the file's text; the value of a line may stand in single quotes.
pub fn parse(text: &str) -> Outcome<BTreeMap<String, String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let values: BTreeMap<_, _> = lines.map(parse_line).collect::<Outcome<_>>()?;
    match REQUIRED.iter().find(|name| !values.contains_key(**name)) {
        None => Ok(values),
        Some(missing) => Err(Failure::new(format!("demo.env has no {missing}"))),
    }
}

fn parse_line(line: &str) -> Outcome<(String, String)> {
    let parts = line.split_once('=').and_then(|(name, value)| Some((name, unquote(value)?)));
    match parts {
        Some((name, value)) => Ok((name.to_owned(), value)),
        // The line may hold a secret: name it by its beginning only.
        None => Err(Failure::new(format!(
            "demo.env has a line that is not NAME=value: {}…",
            line.chars().take(12).collect::<String>()
        ))),
    }
}

/// `None` when a quote is not closed.
fn unquote(value: &str) -> Option<String> {
    match value.strip_prefix('\'') {
        None => Some(value.to_owned()),
        // In a shell a single quote within single quotes is written '\''.
        Some(quoted) => Some(quoted.strip_suffix('\'')?.replace(r"'\''", "'")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    const COMPLETE: &str = "BASE_URL=https://127.0.0.1:8443\nTENANT_ID=t\nCLIENT_ID=c\nCA_BUNDLE='/tmp/a b/ca.pem'\n";

    #[test]
    fn values_may_be_quoted_and_hold_equals_signs() {
        let text = format!("# written by the server\n\n{COMPLETE}CLIENT_SECRET='it'\\''s=secret'\nUSER_DOMAIN=\n");
        let values = parse(&text).unwrap();
        assert_eq!(values["BASE_URL"], "https://127.0.0.1:8443");
        assert_eq!(values["CA_BUNDLE"], "/tmp/a b/ca.pem");
        assert_eq!(values["CLIENT_SECRET"], "it's=secret");
        assert_eq!(values["USER_DOMAIN"], "");
    }

    #[test]
    fn a_missing_name_is_named() {
        assert!(parse(COMPLETE).unwrap_err().to_string().contains("CLIENT_SECRET"));
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        assert!(parse(&format!("{COMPLETE}CLIENT_SECRET\n")).is_err());
        assert!(parse(&format!("{COMPLETE}CLIENT_SECRET='open\n")).is_err());
    }
}
