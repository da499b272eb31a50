//! `docs/reference/status-codes.md` names every code with its status: those of the rules are listed there by this test,
//! those of the shell must be in its hand-written table.

use super::status;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};
use tenure_domain::refusal::Code;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/status-codes.md");
const BEGIN: &str = "<!-- made by a test: UPDATE=1 cargo test -p tenure-api status_page -->\n";
const END: &str = "<!-- end -->\n";

fn table() -> String {
    let mut rows: Vec<(u16, &str, &str)> =
        Code::ALL.iter().map(|(code, meaning)| (status(*code).as_u16(), code.name(), meaning.trim())).collect();
    rows.sort_unstable();
    let mut table = String::from("| status | code | when |\n| --- | --- | --- |\n");
    for (status, code, meaning) in rows {
        let _ = writeln!(table, "| {status} | `{code}` | {meaning} |");
    }
    table
}

fn read() -> (String, String, String) {
    let page = fs::read_to_string(PAGE).unwrap_or_default();
    let (head, rest) = page.split_once(BEGIN).unwrap_or_else(|| unreachable!("the mark where the table begins"));
    let (table, tail) = rest.split_once(END).unwrap_or_else(|| unreachable!("the mark where it ends"));
    (head.to_owned(), table.to_owned(), tail.to_owned())
}

/// Every status that stands before a code, under a folder.
fn written(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            written(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        for after in text.split("StatusCode::").skip(1) {
            let Some((name, rest)) = after.split_once(", \"") else { continue };
            let code = rest.split('"').next().unwrap_or_default();
            let is_name = name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            if is_name && code.starts_with(|c: char| c.is_ascii_uppercase()) {
                found.push((name.to_owned(), code.to_owned()));
            }
        }
    }
}

/// Their numbers, as the standard has them.
fn number(name: &str) -> u16 {
    match name {
        "BAD_REQUEST" => 400,
        "UNAUTHORIZED" => 401,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "METHOD_NOT_ALLOWED" => 405,
        "REQUEST_TIMEOUT" => 408,
        "CONFLICT" => 409,
        "PRECONDITION_FAILED" => 412,
        "PAYLOAD_TOO_LARGE" => 413,
        "URI_TOO_LONG" => 414,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "MISDIRECTED_REQUEST" => 421,
        "UNPROCESSABLE_ENTITY" => 422,
        "FAILED_DEPENDENCY" => 424,
        "TOO_MANY_REQUESTS" => 429,
        "INTERNAL_SERVER_ERROR" => 500,
        "SERVICE_UNAVAILABLE" => 503,
        "GATEWAY_TIMEOUT" => 504,
        other => unreachable!("add the number of {other} here"),
    }
}

#[test]
fn status_page_has_every_code_of_the_rules_and_of_the_shell() {
    let (head, _, tail) = read();
    if env::var_os("UPDATE").is_some() {
        assert!(fs::write(PAGE, format!("{head}{BEGIN}{}{END}{tail}", table())).is_ok());
    }
    let there = read().1;
    assert!(
        there == table(),
        "docs/reference/status-codes.md is out of date: UPDATE=1 cargo test -p tenure-api status_page"
    );
    let mut found = Vec::new();
    written(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    assert!(found.len() > 10, "the sources are read: {found:?}");
    for (name, code) in found {
        let row = format!("| {} | `{code}` |", number(&name));
        assert!(head.contains(&row) || there.contains(&row), "status-codes.md lacks the row `{row} … |`");
    }
}
