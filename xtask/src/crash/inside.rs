//! What must hold in the database at any moment. Each statement is one snapshot, so that background work that goes on
//! meanwhile does not look like a fault.

use std::time::Duration;

use super::Tally;
use super::world::{Package, World};
use crate::clock;
use crate::database::{Database, Named, named};
use crate::failure::{Failure, Outcome};

const STATEMENTS: &str = include_str!("inside.sql");
/// The kind of statements that find work that is still to come.
const WAITING: &str = "waiting";
/// Background work is given so long: the lease of a server that was killed, and a slow machine.
const SETTLE_TIME_MAX: Duration = Duration::from_mins(3);
/// Rows of one fault that are told.
const EXAMPLES_MAX: usize = 3;

/// The statements, about the packages of this world.
fn statements(world: &World) -> Vec<Named> {
    let about = |package: &&Package| format!("CAST(payload AS TEXT) LIKE '%{}%'", package.id);
    let ours = world.packages().iter().map(about).collect::<Vec<_>>().join(" OR ");
    let holders = world.rules.as_ref().map_or(0, |rules| rules.many.holders).to_string();
    let mut all = named(STATEMENTS);
    for one in &mut all {
        one.text = one.text.replace("{{ours}}", &format!("({ours})")).replace("{{holders}}", &holders);
    }
    all
}

/// Looks for what is half done, missing or doubled.
pub fn look(database: &Database, world: &World, tally: &mut Tally) -> Outcome<()> {
    let statements: Vec<Named> = statements(world).into_iter().filter(|s| s.kind != WAITING).collect();
    let texts: Vec<&str> = statements.iter().map(|s| s.text.as_str()).collect();
    for (statement, rows) in statements.iter().zip(database.rows(&texts)?) {
        let found = if statement.kind == "lost" { &mut tally.lost } else { &mut tally.doubled };
        for row in rows.iter().take(EXAMPLES_MAX) {
            found.push(format!("{}: {} ({} times)", statement.name, row.join(" "), rows.len()));
        }
    }
    Ok(())
}

/// Waits until nothing is to come any more.
pub fn settle(database: &Database, world: &World) -> Outcome<()> {
    let waiting: Vec<Named> = statements(world).into_iter().filter(|s| s.kind == WAITING).collect();
    let texts: Vec<&str> = waiting.iter().map(|s| s.text.as_str()).collect();
    let mut left = Vec::new();
    let settled = clock::poll(SETTLE_TIME_MAX, || {
        left = database.rows(&texts)?;
        Ok(left.iter().all(Vec::is_empty).then_some(()))
    })?;
    settled.ok_or_else(|| Failure::new(format!("background work does not end: {left:?}")))
}
