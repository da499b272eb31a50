//! Roles of entitlement management and who holds them: the provider `entitlementManagement` of `roleManagement`
//! (semantics.md 11).

use super::directory::DIRECTORY_OBJECT;
use super::types::{FLAG, TEXTS, role as t};
use super::{fixed, flag, id, keyed};
use crate::wire::json;
use tenure_domain::authorize::Scope;
use tenure_domain::ids::CatalogId;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Kind, Name, Nav, Property, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;
use uuid::Uuid;

fn permissions(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let actions: Vec<String> = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    json::any(out, &serde_json::json!([{ "allowedResourceActions": actions, "condition": null }]));
}

/// A built-in role.
pub static ROLE_DEFINITION: EntityType = EntityType::new(
    "unifiedRoleDefinition",
    c::role_definition::RELATION,
    &[
        id(Name::both("id"), &[c::role_definition::ID]).required(),
        keyed(Name::both("displayName"), &[c::role_definition::NAME], c::role_definition::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::role_definition::NAME]),
        flag(Name::both("isBuiltIn"), &[c::role_definition::BUILT_IN]),
        fixed(Name::both("isEnabled"), "true").is(FLAG),
        fixed(Name::both("resourceScopes"), "[\"/\"]").is(TEXTS),
        Property::new(Name::both("templateId"), Codec::Id, &[c::role_definition::ID]),
        fixed(Name::both("version"), "\"1.0\""),
        Property::new(Name::both("rolePermissions"), Codec::Custom(permissions), &[c::role_definition::ACTIONS])
            .is(Shape::structures(&t::PERMISSION).never_null()),
    ],
)
.nav(&[Nav::link(Name::both("inheritsPermissionsFrom"), &ROLE_DEFINITION, link::INHERITED_ROLES).contained()]);

fn scope(kind: Option<i64>, id: Option<Uuid>) -> Scope {
    match (kind, id) {
        (Some(1), Some(id)) => Scope::Catalog(CatalogId(id)),
        _ => Scope::Tenant,
    }
}

fn held_for(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, &scope(row.cell(0).int(), row.cell(1).id()).to_string());
}

/// A role that somebody holds.
pub static ROLE_ASSIGNMENT: EntityType = EntityType::new(
    "unifiedRoleAssignment",
    c::role_assignment::RELATION,
    &[
        id(Name::both("id"), &[c::role_assignment::ID]).required(),
        id(Name::both("principalId"), &[c::role_assignment::PRINCIPAL]).required(),
        id(Name::both("roleDefinitionId"), &[c::role_assignment::ROLE]).required(),
        Property::new(
            Name::both("appScopeId"),
            Codec::Custom(held_for),
            &[c::role_assignment::SCOPE_KIND, c::role_assignment::SCOPE],
        )
        .by(c::role_assignment::SCOPE_KEY, Kind::Text),
        fixed(Name::both("directoryScopeId"), "null"),
        fixed(Name::both("condition"), "null"),
    ],
)
.nav(&[
    Nav::one(Name::both("principal"), &DIRECTORY_OBJECT, c::role_assignment::PRINCIPAL),
    Nav::one(Name::both("roleDefinition"), &ROLE_DEFINITION, c::role_assignment::ROLE),
    Nav::one(Name::both("appScope"), &APP_SCOPE, c::role_assignment::SCOPE).contained(),
]);

fn path(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, &scope(Some(1), row.cell(0).id()).to_string());
}

/// The catalog that a role is held for.
pub static APP_SCOPE: EntityType = EntityType::new(
    "appScope",
    c::app_scope::RELATION,
    &[
        Property::new(Name::both("id"), Codec::Custom(path), &[c::app_scope::ID]),
        Property::new(Name::both("displayName"), Codec::Text, &[c::app_scope::NAME]),
        fixed(Name::both("type"), "\"AccessPackageCatalog\""),
    ],
);
