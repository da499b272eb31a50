//! How a database would run a statement: read by tests, which hold plans still, and by nobody else.

use super::dialect::Dialect;
use super::{Conn, Statement};
use crate::error::StoreError;
use std::collections::HashMap;
use tenure_odata::Cells;

/// The steps of a plan, one line each, indented below the step they serve. Costs and values are left out.
pub(crate) fn explain(conn: &mut dyn Conn, statement: &Statement) -> Result<Vec<String>, StoreError> {
    let dialect = conn.dialect();
    let mut lines = Vec::new();
    let mut depths = HashMap::from([(0, 0)]);
    conn.run(&questions(dialect, statement), &mut |_, row| {
        match dialect {
            Dialect::Embedded => {
                let (id, parent) = (row.cell(0).int().unwrap_or(0), row.cell(1).int().unwrap_or(0));
                let depth = depths.get(&parent).copied().unwrap_or(0);
                depths.insert(id, depth + 1);
                lines.push(format!("{}{}", "  ".repeat(depth), row.cell(3).text().unwrap_or_default()));
            }
            Dialect::Server => lines.extend(step(row.cell(0).text().unwrap_or_default(), lines.is_empty())),
        }
        Ok(())
    })
    .map_err(|e| e.error)?;
    Ok(lines)
}

/// What asks for the plan. The server is asked for the plan of a prepared statement, which is the one it would use.
fn questions(dialect: Dialect, statement: &Statement) -> Vec<Statement> {
    let sql = &statement.sql;
    match dialect {
        Dialect::Embedded => vec![Statement::new(format!("EXPLAIN QUERY PLAN {sql}"), statement.params.clone())],
        Dialect::Server => {
            let nothing = vec!["NULL"; statement.params.len()].join(", ");
            let values = if nothing.is_empty() { nothing } else { format!("({nothing})") };
            let texts = [
                format!("PREPARE explained AS {sql}"),
                format!("EXPLAIN (COSTS OFF) EXECUTE explained{values}"),
                "DEALLOCATE explained".to_owned(),
            ];
            texts.into_iter().map(|text| Statement::new(text, Vec::new())).collect()
        }
    }
}

/// The line of a step; others hold conditions with values.
fn step(line: &str, is_first: bool) -> Option<String> {
    let text = line.trim_start();
    let depth = (line.len() - text.len()) / 2;
    let named = ["InitPlan", "SubPlan", "CTE "].iter().any(|word| text.starts_with(word));
    match text.strip_prefix("->") {
        Some(node) => Some(format!("{}{}", "  ".repeat(depth), node.trim_start())),
        None if named => Some(format!("{}{}", "  ".repeat(depth), text.split(" (").next().unwrap_or(text))),
        None => is_first.then(|| text.to_owned()),
    }
}
