//! Connectors of resources whose origin is outside.

use crate::driver::Row;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::OriginConnectorId;
use tenure_domain::origin_connector::{OriginConnector, OriginConnectorKind};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;

sql! {
    GET: "SELECT k.id, k.kind, k.name, k.description, k.connection, k.created_at, k.modified_at, k.created_by, k.modified_by, k.version FROM origin_connector k WHERE k.id = $1";
    COUNT: "SELECT count(*) FROM origin_connector";
    INSERT: "INSERT INTO origin_connector (id, kind, name, name_key, description, connection, created_at, modified_at, created_by, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)";
    UPDATE: "UPDATE origin_connector SET kind = $3, name = $4, name_key = $5, description = $6, connection = $7, modified_at = $8, modified_by = $9, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE: "DELETE FROM origin_connector WHERE id = $1";
}

fn decode(row: &Row<'_>) -> Result<OriginConnector, StoreError> {
    let mut c = Columns::of(row, "origin_connector");
    Ok(OriginConnector {
        id: c.id("id")?,
        kind: c.code("kind", OriginConnectorKind::from_code)?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        connection: c.json("connection")?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        version: c.int("version")?,
    })
}

/// A connector.
pub fn get(id: OriginConnectorId) -> First<OriginConnector> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// How many there are.
pub fn count() -> First<i64> {
    Query::new(&COUNT, Vec::new(), |row| Columns::of(row, "origin_connector").int("count")).first()
}

fn duplicate(name: &str) -> impl Fn() -> Refusal + Send + use<> {
    let message = format!("there is a connector named `{name}` already");
    move || Refusal::new(Code::DuplicateName, message.clone()).detail("/displayName", "not unique")
}

/// Adds a connector.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, connector: &OriginConnector) -> Result<(), StoreError> {
    let params = vec![
        connector.id.0.into(),
        connector.kind.code().into(),
        connector.name.as_str().into(),
        fold(&connector.name).into(),
        connector.description.clone().into(),
        json(&connector.connection)?,
        connector.created_at.into(),
        connector.modified_at.into(),
        connector.created_by.as_str().into(),
        connector.modified_by.as_str().into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_origin_connector_name", duplicate(&connector.name));
    Ok(())
}

/// Changes a connector that was read at `connector.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, connector: &OriginConnector) -> Result<(), StoreError> {
    let params = vec![
        connector.id.0.into(),
        connector.version.into(),
        connector.kind.code().into(),
        connector.name.as_str().into(),
        fold(&connector.name).into(),
        connector.description.clone().into(),
        json(&connector.connection)?,
        connector.modified_at.into(),
        connector.modified_by.as_str().into(),
    ];
    tx.write(&UPDATE, params)
        .exactly_one("origin_connector")
        .on_constraint("uq_origin_connector_name", duplicate(&connector.name));
    Ok(())
}

/// Deletes a connector.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: OriginConnectorId) {
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("origin_connector");
}
