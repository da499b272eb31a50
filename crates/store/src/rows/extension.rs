//! Workflow extensions of catalogs.

use crate::driver::{Row, Statement, dialect};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::extension::{ExtensionKind, WorkflowExtension};
use tenure_domain::ids::{CatalogId, ExtensionId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use uuid::Uuid;

sql! {
    GET: "SELECT w.id, w.catalog_id, w.kind, w.name, w.description, w.settings, w.created_at, w.modified_at, w.created_by, w.modified_by, w.version FROM workflow_extension w WHERE w.id = $1";
    OF_CATALOG: "SELECT w.id, w.catalog_id, w.kind, w.name, w.description, w.settings, w.created_at, w.modified_at, w.created_by, w.modified_by, w.version FROM workflow_extension w WHERE w.catalog_id = $1 ORDER BY w.name_key";
    COUNT: "SELECT count(*) FROM workflow_extension w WHERE w.catalog_id = $1";
    INSERT: "INSERT INTO workflow_extension (id, catalog_id, kind, name, name_key, description, settings, created_at, modified_at, created_by, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)";
    UPDATE: "UPDATE workflow_extension SET name = $3, name_key = $4, description = $5, settings = $6, modified_at = $7, modified_by = $8, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE_OF_CATALOG: "DELETE FROM workflow_extension WHERE catalog_id = $1";
    DELETE: "DELETE FROM workflow_extension WHERE id = $1";
}

fn decode(row: &Row<'_>) -> Result<WorkflowExtension, StoreError> {
    let mut c = Columns::of(row, "workflow_extension");
    Ok(WorkflowExtension {
        id: c.id("id")?,
        catalog: c.id("catalog_id")?,
        kind: c.code("kind", ExtensionKind::from_code)?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        settings: c.json("settings")?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        version: c.int("version")?,
    })
}

/// An extension.
pub fn get(id: ExtensionId) -> First<WorkflowExtension> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The extensions of a catalog; there are few.
pub fn of_catalog(id: CatalogId) -> Query<WorkflowExtension> {
    Query::new(&OF_CATALOG, vec![id.0.into()], decode)
}

/// How many extensions a catalog has.
pub fn count(id: CatalogId) -> First<i64> {
    Query::new(&COUNT, vec![id.0.into()], |row| Columns::of(row, "workflow_extension").int("count")).first()
}

/// Of these extensions, those that exist: where and what they are; at most [`tenure_domain::limits::IN_LIST_MAX`] ids.
pub fn existing(ids: &[Uuid]) -> Query<(Uuid, CatalogId, ExtensionKind)> {
    let list = dialect::in_list(1, ids.len());
    let text = format!("SELECT w.id, w.catalog_id, w.kind FROM workflow_extension w WHERE w.id IN {list}");
    let params = ids.iter().map(|id| (*id).into()).collect();
    Query::of(Statement::new(text, params), |row| {
        let mut c = Columns::of(row, "workflow_extension");
        Ok((c.id("id")?, c.id("catalog_id")?, c.code("kind", ExtensionKind::from_code)?))
    })
}

fn duplicate(name: &str) -> impl Fn() -> Refusal + Send + use<> {
    let message = format!("the catalog has a workflow extension named `{name}` already");
    move || Refusal::new(Code::DuplicateName, message.clone()).detail("/displayName", "not unique")
}

/// Adds an extension.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, extension: &WorkflowExtension) -> Result<(), StoreError> {
    let params = vec![
        extension.id.0.into(),
        extension.catalog.0.into(),
        extension.kind.code().into(),
        extension.name.as_str().into(),
        fold(&extension.name).into(),
        extension.description.clone().into(),
        json(&extension.settings)?,
        extension.created_at.into(),
        extension.modified_at.into(),
        extension.created_by.as_str().into(),
        extension.modified_by.as_str().into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_workflow_extension_name", duplicate(&extension.name));
    Ok(())
}

/// Changes an extension that was read at `extension.version`. Where it is and what kind it has stays.
pub fn update(tx: &mut Tx<'_>, _: &Permit, extension: &WorkflowExtension) -> Result<(), StoreError> {
    let params = vec![
        extension.id.0.into(),
        extension.version.into(),
        extension.name.as_str().into(),
        fold(&extension.name).into(),
        extension.description.clone().into(),
        json(&extension.settings)?,
        extension.modified_at.into(),
        extension.modified_by.as_str().into(),
    ];
    tx.write(&UPDATE, params)
        .exactly_one("workflow_extension")
        .on_constraint("uq_workflow_extension_name", duplicate(&extension.name));
    Ok(())
}

/// Deletes the extensions of a catalog.
pub(crate) fn delete_of_catalog(tx: &mut Tx<'_>, id: CatalogId) {
    tx.write(&DELETE_OF_CATALOG, vec![id.0.into()]);
}

/// Deletes an extension.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: ExtensionId) {
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("workflow_extension");
}
