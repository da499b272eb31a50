//! Which plans look at every row of a table that grows with the company, or walk through an index of it.

use super::seen::{Seen, Sent, label};
use std::collections::BTreeSet;
use tenure_store::Statement;

/// Tables that grow with people and with what they hold. All others hold what administrators make by hand (catalogs,
/// packages, policies, groups, applications and their roles), one row per installation (tenant, keys, sources), or work
/// that goes away when it is done (outbox): reading all of them is as cheap as looking one up.
const GROWING: [&str; 23] = [
    "directory_object",
    "dir_user",
    "extension_value",
    "group_member",
    "directory_change",
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
    "session",
    "identity_link",
    "idempotency",
    "policy_version",
];

/// The scans, each with its statement.
pub fn of(seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    for section in &seen.0 {
        for sent in &section.sent {
            let tables = tables(&sent.plan, &sent.statement.sql).into_iter();
            found.extend(tables.map(|t| format!("{}: {t} in {}", section.name, label(&sent.statement.sql))));
        }
    }
    found
}

/// The tables that a plan scans.
fn tables(plan: &[String], sql: &str) -> Vec<String> {
    let scans = plan.iter().enumerate().filter_map(|(n, line)| Some((n, line, scanned(line, sql)?)));
    let growing = scans.filter(|(_, _, table)| GROWING.contains(&table.as_str()));
    let above = |n: usize| n.checked_sub(1).and_then(|n| plan.get(n)).map_or("", |line| line.trim());
    let sorts = plan.iter().any(|l| l.contains("TEMP B-TREE FOR ORDER BY") || l.trim() == "Sort");
    growing.filter(|(n, line, _)| !is_accepted(line, above(*n), sql, sorts)).map(|(_, _, table)| table).collect()
}

/// Indexes that hold only what is under way or was given up, and what was undone by hand: what goes away when it is done.
const UNSETTLED: [&str; 2] = ["ix_grant_unsettled", "ix_grant_drift"];

/// The three walks over a whole index that are no scans of a table: one that a page stops after its rows, one that counts
/// (decisions.md D8: counts are exact), which reads the index alone, and one over what is unsettled.
fn is_accepted(line: &str, above: &str, sql: &str, sorts: bool) -> bool {
    let is_index = line.contains(" USING ") || line.contains("Index ");
    let is_only_index = line.contains("COVERING INDEX") || line.contains("Index Only Scan");
    let counts = sql.starts_with("SELECT count(*) FROM ") && is_only_index;
    let pages = above == "Limit" || (sql.contains(" ORDER BY ") && sql.contains(" LIMIT ") && !sorts);
    let is_unsettled = UNSETTLED.iter().any(|name| line.split(' ').any(|word| word == *name));
    is_index && (counts || pages || is_unsettled)
}

/// By which indexes a plan reads the tables that grow, in no order: what makes two plans the same at two sizes. In which
/// order tables are joined, whether rows of an index are collected before they are looked up, how many processes count,
/// and how the few rows of other tables are found, may differ.
pub fn accesses(sent: &Sent) -> BTreeSet<String> {
    let sql = &sent.statement.sql;
    let mut found = BTreeSet::new();
    // A bitmap names its table in the step above.
    let mut heap = "";
    for line in &sent.plan {
        let line = line.trim_start();
        let whole = if line.ends_with(" (whole)") { " (whole)" } else { "" };
        let words: Vec<&str> = line.split(' ').collect();
        let after = |word: &str| words.iter().skip_while(|w| **w != word).nth(1).copied().unwrap_or_default();
        let (name, access) = if line.starts_with("SCAN ") || line.starts_with("SEARCH ") {
            let (_, by) = line.split_once(" USING ").unwrap_or((line, "no index"));
            (table(sql, words.get(1).copied().unwrap_or_default()), by.trim_start_matches("COVERING ").to_owned())
        } else if line.contains("Bitmap Heap Scan on ") {
            heap = after("on");
            continue;
        } else if line.contains("Bitmap Index Scan on ") {
            (heap.to_owned(), after("on").to_owned())
        } else if line.contains("Seq Scan on ") {
            (after("on").to_owned(), "no index".to_owned())
        } else if line.contains("Index Scan ") || line.contains("Index Only Scan ") {
            (after("on").to_owned(), format!("{}{whole}", after("using")))
        } else {
            continue;
        };
        if GROWING.contains(&name.as_str()) {
            found.insert(format!("{name} by {access}"));
        }
    }
    found
}

/// The table that a step of a plan reads from end to end, or walks through by an index.
fn scanned(line: &str, sql: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some((_, rest)) = line.split_once("Seq Scan on ") {
        return rest.split(' ').next().map(ToOwned::to_owned);
    }
    if let Some(step) = line.strip_suffix(" (whole)") {
        let (_, rest) = step.split_once(" on ")?;
        return rest.split(' ').next().map(ToOwned::to_owned);
    }
    let alias = line.strip_prefix("SCAN ")?.split(' ').next()?;
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
    let page = "SELECT a0.id FROM assignment a0 WHERE 1 = 1 ORDER BY a0.id LIMIT 51";
    let count = "SELECT count(*) FROM assignment a0 WHERE 1 = 1";
    let found = |sql: &str, plan: &[&str]| {
        let plan: Vec<String> = plan.iter().map(|line| (*line).to_owned()).collect();
        tables(&plan, sql).len()
    };
    assert_eq!(found(sql, &["  SCAN a0"]), 1);
    assert_eq!(found(sql, &["SCAN assignment"]), 1);
    assert_eq!(found(sql, &["SCAN a0 USING INDEX ix_assignment_state"]), 1);
    assert_eq!(found(sql, &["  Parallel Seq Scan on assignment a0"]), 1);
    assert_eq!(found(sql, &["Index Scan using assignment_pkey on assignment a0 (whole)"]), 1);
    assert_eq!(found(sql, &["SEARCH a0 USING INDEX ix_assignment_state (state=?)"]), 0);
    assert_eq!(found(sql, &["Index Scan using ix_assignment_state on assignment a0"]), 0);
    assert_eq!(found(page, &["SCAN a0 USING INDEX sqlite_autoindex_assignment_1"]), 0);
    assert_eq!(found(page, &["SCAN a0 USING INDEX ix_assignment_state", "USE TEMP B-TREE FOR ORDER BY"]), 1);
    assert_eq!(found(page, &["SCAN a0"]), 1);
    assert_eq!(found(page, &["Limit", "  Index Scan using assignment_pkey on assignment a0 (whole)"]), 0);
    assert_eq!(found(page, &["Limit", "  Sort", "    Index Scan using assignment_pkey on assignment a0 (whole)"]), 1);
    assert_eq!(found(count, &["SCAN a0 USING COVERING INDEX ix_assignment_state"]), 0);
    assert_eq!(found(count, &["SCAN a0 USING INDEX ix_assignment_state"]), 1);
    assert_eq!(found(count, &["Aggregate", "  Index Only Scan using assignment_pkey on assignment a0 (whole)"]), 0);
    assert_eq!(found(count, &["Aggregate", "  Seq Scan on assignment a0"]), 1);
}

#[test]
fn plans_are_the_same_when_they_read_by_the_same_indexes() {
    let sql = "SELECT a0.id FROM assignment a0 JOIN source s0 ON s0.id = a0.id WHERE a0.target_id = $1";
    let of = |plan: &[&str]| {
        let plan = plan.iter().map(|line| (*line).to_owned()).collect();
        accesses(&Sent { statement: Statement::new(sql, Vec::new()), plan })
    };
    let by_target = of(&["Nested Loop", "  Index Scan using ix_target on assignment a0", "  Seq Scan on source s0"]);
    assert_eq!(by_target.len(), 1);
    assert_eq!(by_target, of(&["Sort", "  Bitmap Heap Scan on assignment a0", "    Bitmap Index Scan on ix_target"]));
    assert_ne!(by_target, of(&["Index Scan using ix_state on assignment a0"]));
    assert_ne!(by_target, of(&["Index Scan using ix_target on assignment a0 (whole)"]));
    assert_ne!(by_target, of(&["Seq Scan on assignment a0"]));
    let embedded = of(&["SEARCH a0 USING INDEX ix_target (target_id=?)", "SCAN s0"]);
    assert_eq!(embedded.len(), 1);
    assert_eq!(embedded, of(&["SCAN s0", "SEARCH a0 USING COVERING INDEX ix_target (target_id=?)"]));
    assert_ne!(embedded, of(&["SEARCH a0 USING INDEX ix_state (state=?)"]));
    assert_ne!(embedded, of(&["SCAN a0"]));
}
