//! How a database would run a statement: read by tests, which hold plans still, and by nobody else.

use super::dialect::Dialect;
use super::{Conn, Statement};
use crate::error::StoreError;
use std::collections::HashMap;
use tenure_odata::Cells;

/// What is added to such a step.
const WHOLE: &str = " (whole)";

/// The steps of a plan, one line each, indented below the step they serve. Costs and values are left out.
pub(crate) fn explain(conn: &mut dyn Conn, statement: &Statement) -> Result<Vec<String>, StoreError> {
    let dialect = conn.dialect();
    let mut lines = Vec::new();
    conn.run(&questions(dialect, statement), &mut |_, row| {
        lines.push(match dialect {
            Dialect::Embedded => Line {
                id: row.cell(0).int().unwrap_or(0),
                parent: row.cell(1).int().unwrap_or(0),
                text: row.cell(3).text().unwrap_or_default().to_owned(),
            },
            Dialect::Server => Line { id: 0, parent: 0, text: row.cell(0).text().unwrap_or_default().to_owned() },
        });
        Ok(())
    })
    .map_err(|e| e.error)?;
    Ok(match dialect {
        Dialect::Embedded => embedded(&lines),
        Dialect::Server => server(&lines),
    })
}

/// A line as it is answered.
struct Line {
    id: i64,
    parent: i64,
    text: String,
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

/// Every line names the one it serves.
fn embedded(lines: &[Line]) -> Vec<String> {
    let mut depths = HashMap::from([(0, 0)]);
    let mut steps = Vec::new();
    for line in lines {
        let depth = depths.get(&line.parent).copied().unwrap_or(0);
        depths.insert(line.id, depth + 1);
        steps.push(format!("{}{}", "  ".repeat(depth), line.text));
    }
    steps
}

/// Steps begin with an arrow; below each is what it compares, which is left out. But a walk over an index that begins
/// and ends nowhere says so: it has no condition.
fn server(lines: &[Line]) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut walk = None;
    for line in lines {
        let text = line.text.trim_start();
        let indent = "  ".repeat((line.text.len() - text.len()) / 2);
        let is_part = ["InitPlan", "SubPlan", "CTE "].iter().any(|word| text.starts_with(word));
        let step = match text.strip_prefix("->") {
            Some(node) => node.trim_start(),
            None if is_part => text.split(" (").next().unwrap_or(text),
            None if steps.is_empty() => text,
            None => {
                if text.starts_with("Index Cond:") {
                    walk = None;
                }
                continue;
            }
        };
        mark(&mut steps, walk);
        walk = (step.contains("Index Scan") || step.contains("Index Only Scan")).then_some(steps.len());
        steps.push(format!("{indent}{step}"));
    }
    mark(&mut steps, walk);
    steps
}

/// Says of a step that it walks over a whole index.
fn mark(steps: &mut [String], walk: Option<usize>) {
    if let Some(step) = walk.and_then(|at| steps.get_mut(at)) {
        step.push_str(WHOLE);
    }
}
