//! Keys of paths: ids, user principal names, alternate keys, `me`, and the two ids of a role scope.

use crate::wire::schema::SCHEMA;
use tenure_domain::directory::site::SiteKey;
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::edm::{Column, EntityType, Kind, Version};
use tenure_odata::path::Key;
use tenure_odata::{Cells, Value};
use tenure_service::view::columns as c;
use tenure_service::view::{Origin, Select};
use tenure_service::{Ctx, ServiceError, query};
use uuid::Uuid;

/// The column that identifies rows of a type.
pub fn key_column(entity: &EntityType) -> Option<Column> {
    entity.properties.first().and_then(|p| p.columns.first()).copied()
}

/// Whether a type belongs to the directory; missing directory objects have a text of their own.
fn is_directory(entity: &EntityType) -> bool {
    let names = [
        "user",
        "group",
        "application",
        "servicePrincipal",
        "directoryObject",
        "appRoleAssignment",
        "oAuth2PermissionGrant",
        "organization",
    ];
    names.contains(&entity.name)
}

/// How a key reads in messages.
pub fn label(key: &Key) -> String {
    match key {
        Key::Id(text) => text.clone(),
        Key::Alternate { value, .. } => value.clone(),
        Key::Me => "me".to_owned(),
    }
}

/// The 404 of a type.
pub fn missing(entity: &EntityType, label: &str) -> Refusal {
    if is_directory(entity) { Refusal::no_such_object(label) } else { Refusal::not_found(entity.name, label) }
}

/// The conditions that a key sets on the rows of a type; nothing when no row can have such a key.
pub fn conditions(entity: &EntityType, version: Version, key: &Key) -> Option<Vec<(Column, Value)>> {
    match key {
        Key::Me => None,
        Key::Id(text) => by_id(entity, text),
        Key::Alternate { property, value } => {
            let operand = entity.property(version, property)?.operand?;
            let value = match operand.kind {
                Kind::Id => Value::Id(Uuid::parse_str(value).ok()?),
                Kind::Text => Value::Text((SCHEMA.fold)(value)),
                _ => return None,
            };
            Some(vec![(operand.column, value)])
        }
    }
}

fn by_id(entity: &EntityType, text: &str) -> Option<Vec<(Column, Value)>> {
    if entity.relation == c::package_role::RELATION {
        let (role, scope) = role_scope(text)?;
        return Some(vec![(c::package_role::ROLE, Value::Id(role)), (c::package_role::SCOPE, Value::Id(scope))]);
    }
    if let Ok(id) = Uuid::parse_str(text) {
        return Some(vec![(key_column(entity)?, Value::Id(id))]);
    }
    if entity.relation == c::site::RELATION {
        return SiteKey::parse(text).map(site);
    }
    let is_name = entity.relation == c::user::RELATION && text.contains('@');
    is_name.then(|| vec![(c::user::UPN_KEY, Value::Text((SCHEMA.fold)(text)))])
}

/// What a name of a site says of its row.
fn site(key: SiteKey) -> Vec<(Column, Value)> {
    match key {
        SiteKey::Published { host, collection, id } => vec![
            (c::site::ID, Value::Id(id)),
            (c::site::COLLECTION, Value::Id(collection)),
            (c::site::HOST, Value::Text(host)),
        ],
        SiteKey::Address(address) => vec![(c::site::URL_KEY, Value::Text(address.key()))],
        SiteKey::Host(host) => vec![(c::site::HOST, Value::Text(host)), (c::site::ROOT, Value::Bool(true))],
        SiteKey::Root => vec![(c::site::ROOT, Value::Bool(true))],
    }
}

/// The ids of role and scope in the id of a resource role scope.
pub fn role_scope(text: &str) -> Option<(Uuid, Uuid)> {
    let (role, scope) = text.split_once('_')?;
    Some((Uuid::parse_str(role).ok()?, Uuid::parse_str(scope).ok()?))
}

/// The caller, where a path says `me`.
pub fn me(ctx: &mut Ctx<'_, '_>) -> Result<ObjectId, ServiceError> {
    let message = "/me request is only valid with delegated authentication flow.";
    Ok(ctx.person()?.ok_or_else(|| Refusal::new(Code::RequestBadRequest, message))?)
}

/// The id of the row that a key means. What cannot be found becomes the nil id: the use case then says whether the caller
/// may know that there is none (decisions.md J2).
pub fn id_of(
    ctx: &mut Ctx<'_, '_>,
    entity: &'static EntityType,
    version: Version,
    key: &Key,
) -> Result<Uuid, ServiceError> {
    match key {
        Key::Me => return Ok(me(ctx)?.0),
        Key::Id(text) => {
            if let Ok(id) = Uuid::parse_str(text) {
                return Ok(id);
            }
        }
        Key::Alternate { .. } => {}
    }
    let Some(conditions) = conditions(entity, version, key) else { return Ok(Uuid::nil()) };
    let found = row_id(ctx, entity, Origin::All, conditions)?;
    Ok(found.unwrap_or_default())
}

/// The key of the first row that the conditions leave.
pub fn row_id(
    ctx: &mut Ctx<'_, '_>,
    entity: &'static EntityType,
    origin: Origin<'static>,
    conditions: Vec<(Column, Value)>,
) -> Result<Option<Uuid>, ServiceError> {
    let mut select = Select::all(entity, Vec::new(), 1).origin(origin);
    select.narrow = conditions;
    let at = select.layout().key;
    let mut found = None;
    query::read(ctx, &[select], &mut |_, row: &dyn Cells| {
        found = row.cell(at).id();
        Ok(())
    })?;
    Ok(found)
}

/// Runs a use case on the row a key means; a 404 names the key as it was written.
pub fn on<T>(
    ctx: &mut Ctx<'_, '_>,
    (entity, version): (&'static EntityType, Version),
    key: &Key,
    run: impl FnOnce(&mut Ctx<'_, '_>, Uuid) -> Result<T, ServiceError>,
) -> Result<T, ServiceError> {
    let id = id_of(ctx, entity, version, key)?;
    run(ctx, id).map_err(|error| match error {
        ServiceError::Refused(refusal) if id.is_nil() && is_missing(refusal.code) => {
            missing(entity, &label(key)).into()
        }
        other => other,
    })
}

const fn is_missing(code: Code) -> bool {
    matches!(code, Code::ResourceNotFound | Code::RequestResourceNotFound)
}
