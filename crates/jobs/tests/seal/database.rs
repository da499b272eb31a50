//! What is done to the database.

use crate::world::{Node, exported, verify};
use tenure_odata::Value;
use tenure_service::ServiceError;
use tenure_store::{Sql, Store};
use tenure_testkit::both_databases;

/// The fault of an export after these statements; nothing of them stays.
fn fault_after(store: &Store, changes: &[(&'static str, Vec<Value>)]) -> String {
    let changes = changes.to_vec();
    let result: Result<(), ServiceError> = store.write_blocking(move |tx| {
        for (text, params) in &changes {
            tx.write(&Sql { module: "tests", name: "change", text, hot: false }, params.clone());
        }
        // What cannot even be read is named by its table and row.
        let export = exported(tx)?;
        Err(match verify(export.as_bytes()) {
            Ok(summary) => ServiceError::Internal(format!("not found: {summary}\n{export}")),
            Err(fault) => ServiceError::Internal(fault.to_string()),
        })
    });
    result.expect_err("it is undone").to_string()
}

fn bytes(n: usize) -> Value {
    Value::Bytes(vec![5; n])
}

both_databases! {
    fn changes_of_any_column_are_found_and_named(db) {
        let node = Node::first(&db);
        for alias in ["ada", "ben", "cleo"] {
            node.person(alias);
            node.seal();
        }
        let other = Node::further(&db, 2);
        other.person("dora");
        other.finish();
        let store = db.store();
        let id = || Value::Id(tenure_domain::Uuid::from_u128(77));
        let text = |t: &str| Value::Text(t.to_owned());
        macro_rules! set {
            ($column:literal, $value:expr, $expected:literal) => {
                (concat!("UPDATE audit SET ", $column, " = $1 WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1)"), vec![$value], $expected)
            };
        }
        let personal = r#"{"actor":null,"targets":{"0":{"modified":[],"name":"Somebody Else"}}}"#;
        let cases = [
            set!("id", id(), "row 1"),
            set!("writer_id", id(), "is missing"),
            set!("sequence", Value::Int(9_000), "row"),
            set!("sequence", Value::Int(-1), "row -1: it is there twice or out of order"),
            set!("at", Value::Int(1), "row 1: the database was changed: at said something else"),
            set!("activity", text("Delete user"), "the database was changed: activity said"),
            set!("activity_key", text("delete user"), "the database was changed: activity_key said"),
            set!("category_key", text("grouping"), "the database was changed: category_key said"),
            set!("is_entitlement", Value::Bool(true), "the database was changed: is_entitlement said"),
            set!("actor_user", id(), "the database was changed: actor_user said"),
            set!("actor_app", id(), "the database was changed: actor_app said"),
            set!("correlation", id(), "the database was changed: correlation said"),
            set!("event", text("{}"), "the database was changed: event said"),
            set!("event", text("no\njson"), "the database was changed: event said"),
            set!("personal", text(personal), "row 1: its names of people were changed"),
            set!("personal", text("no\njson"), "row 1: its names of people were changed"),
            set!("personal", Value::Null, "row 1: names of people and their salt are erased together"),
            set!("salt", bytes(24), "row 1: its names of people were changed"),
            set!("digest", bytes(32), "row 1: its names of people were changed"),
            set!("hash", bytes(32), "row 1: it or the row before it was changed"),
            ("UPDATE audit SET personal = NULL, salt = NULL", vec![], "4 rows have no names of people, but the erasures on record account for 0"),
            ("UPDATE audit_writer SET started_at = $1", vec![Value::Int(1)], "row 1: it or the row before it was changed"),
            ("UPDATE audit_writer SET sealed_sequence = $1", vec![Value::Int(0)], "its rows are sealed up to 0, but"),
            ("UPDATE audit_writer SET previous_id = $1, previous_sequence = 1, previous_hash = $2", vec![id(), bytes(32)], "is missing: writer"),
            ("UPDATE audit_writer SET id = $1 WHERE id = (SELECT id FROM audit_writer ORDER BY id LIMIT 1)", vec![id()], "the writer is missing"),
            ("UPDATE audit_checkpoint SET n = $1 WHERE n = 2", vec![Value::Int(50)], "checkpoint 3: 2 is missing"),
            ("UPDATE audit_checkpoint SET at = $1 WHERE n = 2", vec![Value::Int(50)], "checkpoint 2: it was changed"),
            ("UPDATE audit_checkpoint SET previous_hash = $1 WHERE n = 2", vec![bytes(32)], "checkpoint 2: it does not follow"),
            ("UPDATE audit_checkpoint SET heads = $1 WHERE n = 2", vec![text("[]")], "checkpoint 2: it was changed"),
            ("UPDATE audit_checkpoint SET signature = $1 WHERE n = 2", vec![bytes(64)], "checkpoint 2: it was changed"),
            ("UPDATE signing_key SET public = $1 WHERE purpose = 'audit'", vec![bytes(32)], "checkpoint 1: it was changed"),
            ("UPDATE audit_target SET target_id = $1", vec![id()], "the database was changed: audit_target said"),
        ];
        for (statement, params, expected) in cases {
            let fault = fault_after(&store, &[(statement, params)]);
            assert!(fault.contains(expected), "{:?} {expected}: {fault}", db.kind);
        }
    }

    fn rows_and_checkpoints_that_are_removed_or_added_are_found(db) {
        let node = Node::first(&db);
        for alias in ["ada", "ben", "cleo", "dora"] {
            node.person(alias);
            node.seal();
        }
        let store = db.store();
        let copy = "INSERT INTO audit (id, writer_id, sequence, at, activity, activity_key, category_key, is_entitlement, actor_user, actor_app, correlation, event, personal, salt, digest, hash) SELECT $1, writer_id, $2, at, activity, activity_key, category_key, is_entitlement, actor_user, actor_app, correlation, event, personal, salt, digest, hash FROM audit ORDER BY id LIMIT 1";
        let id = || Value::Id(tenure_domain::Uuid::from_u128(77));
        let cases = [
            ("DELETE FROM audit WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1)", vec![], "is missing"),
            ("DELETE FROM audit WHERE id = (SELECT id FROM audit ORDER BY id DESC LIMIT 1)", vec![], "the row is missing"),
            ("DELETE FROM audit", vec![], "the row is missing"),
            ("DELETE FROM audit_writer", vec![], "the writer is missing"),
            ("DELETE FROM audit_target", vec![], "audit_target said"),
            (copy, vec![id(), Value::Int(0)], "row 0: it is there twice or out of order"),
            (copy, vec![id(), Value::Int(100)], "row 100:"),
            ("DELETE FROM audit_checkpoint WHERE n = 1", vec![], "checkpoint 2: 1 is missing"),
            ("DELETE FROM audit_checkpoint WHERE n = 3", vec![], "checkpoint 4: 3 is missing"),
            ("DELETE FROM audit_checkpoint WHERE n = 4", vec![], "its rows are sealed up to"),
            ("DELETE FROM audit_checkpoint", vec![], "its rows are sealed up to"),
            ("INSERT INTO audit_checkpoint (n, at, previous_hash, heads, signature) SELECT 5, at, previous_hash, heads, signature FROM audit_checkpoint WHERE n = 4", vec![], "checkpoint 5:"),
        ];
        for (statement, params, expected) in cases {
            let fault = fault_after(&store, &[(statement, params)]);
            assert!(fault.contains(expected), "{:?} {statement} {expected}: {fault}", db.kind);
        }
        // Two rows change places; each keeps its hash.
        let export = node.export();
        let rows: Vec<serde_json::Value> =
            export.lines().filter(|l| l.starts_with("{\"row\"")).filter_map(|l| serde_json::from_str(l).ok()).collect();
        let (first, last) = (&rows[0], &rows[rows.len() - 1]);
        let id_of = |row: &serde_json::Value, member: &str| Value::Id(row[member].to_string().trim_matches('"').parse().expect("an id"));
        let place = |of: &serde_json::Value, row: &serde_json::Value| {
            vec![id_of(of, "writer"), Value::Int(of["row"].as_i64().expect("a number")), id_of(row, "id")]
        };
        let move_to = "UPDATE audit SET writer_id = $1, sequence = $2 WHERE id = $3";
        let swap = [
            ("UPDATE audit SET sequence = -7 WHERE id = $1", vec![id_of(first, "id")]),
            (move_to, place(first, last)),
            (move_to, place(last, first)),
        ];
        let fault = fault_after(&store, &swap);
        assert!(fault.contains("it or the row before it was changed"), "{fault}");
    }
}
