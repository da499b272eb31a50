//! Which plans look at every row of a table that grows with the company.

use super::seen::{Seen, label};

/// Tables that grow with people and with what they hold. All others hold what administrators make by hand (catalogs,
/// packages, policies, groups, applications and their roles), one row per installation (tenant, keys, sources), or work
/// that goes away when it is done (outbox): reading all of them is as cheap as looking one up.
const GROWING: [&str; 20] = [
    "directory_object",
    "dir_user",
    "group_member",
    "member_change",
    "object_link",
    "search_term",
    "subject",
    "request",
    "assignment",
    "grant_row",
    "assignment_grant",
    "timer",
    "mail",
    "audit",
    "audit_target",
    "credential",
    "oauth_artifact",
    "oauth_grant",
    "idempotency",
    "policy_version",
];

/// The scans, each with its statement.
pub fn of(seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    for section in &seen.0 {
        for sent in &section.sent {
            for line in &sent.plan {
                if let Some(table) = scanned(line, &sent.statement.sql).filter(|t| GROWING.contains(&t.as_str())) {
                    found.push(format!("{}: {table} in {}", section.name, label(&sent.statement.sql)));
                }
            }
        }
    }
    found
}

/// The table that a step of a plan reads from end to end, without an index.
fn scanned(line: &str, sql: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some((_, rest)) = line.split_once("Seq Scan on ") {
        return rest.split(' ').next().map(ToOwned::to_owned);
    }
    let name = line.strip_prefix("SCAN ")?;
    if name.contains(" USING ") {
        return None;
    }
    let alias = name.split(' ').next()?;
    Some(table(sql, alias))
}

/// The table an alias stands for.
fn table(sql: &str, alias: &str) -> String {
    let words: Vec<&str> = sql.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    let named = words.windows(2).find(|pair| pair[1] == alias && GROWING.contains(&pair[0]));
    named.map_or(alias, |pair| pair[0]).to_owned()
}

#[test]
fn a_scan_is_known_when_it_is_seen() {
    let sql = "SELECT a0.id FROM assignment a0 WHERE a0.status = $1";
    assert_eq!(scanned("  SCAN a0", sql), Some("assignment".to_owned()));
    assert_eq!(scanned("SCAN assignment", sql), Some("assignment".to_owned()));
    assert_eq!(scanned("SCAN a0 USING COVERING INDEX ix_assignment_state", sql), None);
    assert_eq!(scanned("  Parallel Seq Scan on assignment a0", sql), Some("assignment".to_owned()));
    assert_eq!(scanned("SEARCH a0 USING INDEX ix_assignment_state (state=?)", sql), None);
}
