//! Connectors of resources whose origin is outside: make, change, delete (semantics.md 10). They are kept and not asked yet.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::ids::OriginConnectorId;
use tenure_domain::origin_connector::{Connection, OriginConnector, OriginConnectorKind, may_add};
use tenure_domain::refusal::Refusal;
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;

/// A connector to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOriginConnector {
    /// What is asked.
    pub kind: OriginConnectorKind,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it is asked.
    pub connection: Option<Connection>,
}

/// What shall change about a connector.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OriginConnectorPatch {
    /// What is asked.
    pub kind: Option<OriginConnectorKind>,
    /// Its name.
    pub name: Patch<String>,
    /// What it is for.
    pub description: Patch<String>,
    /// How it is asked.
    pub connection: Patch<Connection>,
}

fn target(connector: &OriginConnector) -> AuditTarget {
    AuditTarget::new(TargetKind::Other, connector.id, connector.name.clone())
}

fn missing(id: OriginConnectorId) -> Refusal {
    Refusal::not_found("connector", id)
}

fn kept(connection: Option<&Connection>) -> Option<String> {
    connection.and_then(|c| serde_json::to_string(c).ok())
}

fn check(connector: &OriginConnector) -> Result<(), Refusal> {
    check_name("displayName", &connector.name)?;
    check_description("description", connector.description.as_deref())?;
    connector.connection.as_ref().map_or(Ok(()), Connection::check)
}

/// Makes a connector.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewOriginConnector) -> Result<OriginConnectorId, ServiceError> {
    let (permit, there) = ctx.load(Action::WriteSettings, rows::origin_connector::count())?;
    let by = ctx.signature()?;
    let connector = OriginConnector {
        id: ctx.ids.next(ctx.now),
        kind: new.kind,
        name: new.name.clone(),
        description: new.description.clone(),
        connection: new.connection.clone(),
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
        version: 1,
    };
    check(&connector)?;
    may_add(there.unwrap_or_default())?;
    rows::origin_connector::insert(ctx.tx, &permit, &connector)?;
    let modified = [
        Some(Modified::set("DisplayName", &connector.name)),
        Modified::change("ConnectionInfo", None, kept(connector.connection.as_ref())),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateSettings, target(&connector).with(modified.into_iter().flatten())))?;
    Ok(connector.id)
}

/// Changes a connector.
pub fn update(ctx: &mut Ctx<'_, '_>, id: OriginConnectorId, patch: &OriginConnectorPatch) -> Result<(), ServiceError> {
    let (permit, old) = ctx.load(Action::WriteSettings, rows::origin_connector::get(id))?;
    let old = old.ok_or_else(|| missing(id))?;
    let patch = patch.clone();
    let new = OriginConnector {
        kind: patch.kind.unwrap_or(old.kind),
        name: patch.name.or(old.name.clone()),
        description: patch.description.apply(old.description.clone()),
        connection: patch.connection.apply(old.connection.clone()),
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    check(&new)?;
    rows::origin_connector::update(ctx.tx, &permit, &new)?;
    let modified = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
        Modified::change("ConnectionInfo", kept(old.connection.as_ref()), kept(new.connection.as_ref())),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateSettings, target(&new).with(modified.into_iter().flatten())))
}

/// Deletes a connector.
pub fn delete(ctx: &mut Ctx<'_, '_>, id: OriginConnectorId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteSettings, rows::origin_connector::get(id))?;
    let connector = found.ok_or_else(|| missing(id))?;
    rows::origin_connector::delete(ctx.tx, &permit, id);
    let modified = Modified::cleared("DisplayName", connector.name.as_str());
    ctx.audit(&AuditEvent::new(Activity::UpdateSettings, target(&connector).with([modified])))
}
