//! Catalogs, packages, resources and roles as clients write them.

use super::policy::question;
use super::{Body, read};
use crate::wire::schema::{entitlement as em, environment};
use serde_json::Value as Json;
use tenure_domain::attribute::ResourceAttribute;
use tenure_domain::catalog::OriginSystem;
use tenure_domain::ids::{CatalogId, ObjectId};
use tenure_domain::{Patch, Refusal};
use tenure_service::catalogs::{CatalogPatch, NewCatalog};
use tenure_service::packages::{NewPackage, PackagePatch, RoleScopeRef};
use tenure_service::resources::{EnvironmentRef, ResourceCommand, ResourceRef};
use tenure_service::rows::catalog::ResourceRequestKind;
use uuid::Uuid;

const STATE: &[&str] = &["state", "catalogStatus"];
const STATES: [(&str, bool); 2] = [("published", true), ("unpublished", false)];

/// A catalog to be made.
pub fn new_catalog(value: &Json) -> Result<NewCatalog, Refusal> {
    read(value, |b| {
        let name = b.required_text(&["displayName"]);
        let catalog = NewCatalog {
            name: name.unwrap_or_default(),
            description: b.text(&["description"]),
            is_published: b.word(STATE, &STATES).unwrap_or(true),
            is_external: b.flag(&["isExternallyVisible"]).unwrap_or(false),
            unique_name: b.text(&["uniqueName"]),
        };
        privilege(b);
        b.finish(Some(&em::CATALOG), &[]);
        Some(catalog)
    })
}

/// A change of a catalog.
pub fn catalog_patch(value: &Json) -> Result<CatalogPatch, Refusal> {
    read(value, |b| {
        let patch = CatalogPatch {
            name: b.patch_text(&["displayName"]),
            description: b.patch_text(&["description"]),
            is_published: b.word(STATE, &STATES).map_or(Patch::Absent, Patch::Value),
            is_external: b.patch_flag(&["isExternallyVisible"]),
            unique_name: b.patch_text(&["uniqueName"]),
        };
        privilege(b);
        b.finish(Some(&em::CATALOG), &[]);
        Some(patch)
    })
}

/// Every catalog of this release is a standard one; another wish is not passed over in silence.
fn privilege(b: &Body<'_>) {
    b.word(&["privilegeLevel"], &[("standard", ())]);
}

/// The catalog a body names: flat, or as an object with an id.
pub fn catalog_id(b: &Body<'_>) -> Option<CatalogId> {
    let flat = b.id(&["catalogId", "accessPackageCatalogId"]);
    let nested = b.object(&["catalog", "accessPackageCatalog"]).and_then(|c| c.id(&["id"]));
    agree(b, "catalogId", flat, nested)
}

/// One fact from two places; they must not differ (decisions.md L5).
pub fn agree<T: PartialEq>(b: &Body<'_>, name: &str, flat: Option<T>, nested: Option<T>) -> Option<T> {
    match (flat, nested) {
        (Some(flat), Some(nested)) if flat != nested => {
            b.fault(name, format!("`{name}` is given twice with different values"));
            None
        }
        (flat, nested) => flat.or(nested),
    }
}

/// A package to be made.
pub fn new_package(value: &Json) -> Result<NewPackage, Refusal> {
    read(value, |b| {
        let package = NewPackage {
            catalog: catalog_id(b),
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            description: b.text(&["description"]),
            is_hidden: b.flag(&["isHidden"]).unwrap_or(false),
            scopes_visible: b.flag(&["isRoleScopesVisible"]).unwrap_or(false),
            unique_name: b.text(&["uniqueName"]),
        };
        b.finish(Some(&em::PACKAGE), &[]);
        Some(package)
    })
}

/// A change of a package.
pub fn package_patch(value: &Json) -> Result<PackagePatch, Refusal> {
    read(value, |b| {
        let patch = PackagePatch {
            catalog: catalog_id(b),
            name: b.patch_text(&["displayName"]),
            description: b.patch_text(&["description"]),
            is_hidden: b.patch_flag(&["isHidden"]),
            scopes_visible: b.patch_flag(&["isRoleScopesVisible"]),
            unique_name: b.patch_text(&["uniqueName"]),
        };
        b.finish(Some(&em::PACKAGE), &[]);
        Some(patch)
    })
}

/// The catalog a package shall move to.
pub fn move_to_catalog(value: &Json) -> Result<CatalogId, Refusal> {
    read(value, |b| {
        let catalog = b.id(&["catalogId"]);
        if !b.has(&["catalogId"]) {
            b.missing(&["catalogId"]);
        }
        b.finish(None, &[]);
        catalog
    })
}

/// Names of a resource that are read-only, or that its origin gives.
const RESOURCE_MORE: [&str; 1] = ["resourceType"];

const ENVIRONMENT: &[&str] = &["environment", "accessPackageResourceEnvironment"];

/// Where a site is: an object with an id or an address, or a reference.
fn environment_of(b: &Body<'_>) -> Option<EnvironmentRef> {
    let bound = ENVIRONMENT.iter().flat_map(|name| b.bound::<Uuid>(name)).next().map(EnvironmentRef::Id);
    let nested = b.object(ENVIRONMENT).and_then(|e| {
        let (id, address) = (e.id(&["id"]), e.text(&["originId"]));
        origin_system(&e);
        e.finish(Some(&environment::ENVIRONMENT), &[]);
        id.map(EnvironmentRef::Id).or(address.map(EnvironmentRef::Address))
    });
    bound.or(nested)
}

fn origin_system(b: &Body<'_>) -> Option<OriginSystem> {
    b.word(&["originSystem"], &OriginSystem::ALL.map(|system| (system.name(), system)))
}

/// What a resource asks requestors for: nothing said is `None`.
fn attributes(b: &Body<'_>) -> Option<Vec<ResourceAttribute>> {
    let one = |a: &Body<'_>| {
        let name = a.required_text(&["name", "attributeName"]);
        let source = a.object(&["source", "attributeSource"]);
        let question = source.as_ref().and_then(|s| {
            let inner = s.object(&["question"]);
            if inner.is_none() {
                s.missing(&["question"]);
            }
            s.finish(None, &[]);
            inner.as_ref().and_then(question)
        });
        if source.is_none() {
            a.missing(&["source"]);
        }
        let made = ResourceAttribute {
            name: name?,
            is_editable: a.flag(&["isEditable"]).unwrap_or(true),
            is_persistent: a.flag(&["isPersistedOnAssignmentRemoval"]).unwrap_or(false),
            question: question?,
        };
        // There is one place attributes go to.
        if let Some(destination) = a.object(&["destination", "attributeDestination"]) {
            destination.finish(None, &[]);
        }
        a.finish(None, &["id"]);
        Some(made)
    };
    Some(b.objects(&["attributes"])?.iter().filter_map(one).collect())
}

/// Sites are named by their address, everything else by an id.
fn resource(b: &Body<'_>) -> (ResourceRef, Option<String>) {
    const ORIGIN: &[&str] = &["originId"];
    let mut named = ResourceRef { id: b.id(&["id"]), system: origin_system(b), ..ResourceRef::default() };
    let is_address = |value: &Json| value.as_str().is_some_and(|text| text.contains("://"));
    if named.system == Some(OriginSystem::SharePointOnline) || b.raw(ORIGIN).is_some_and(is_address) {
        named.address = b.text(ORIGIN);
    } else {
        named.origin = b.id::<ObjectId>(ORIGIN);
    }
    let description = b.text(&["description"]);
    b.finish(Some(&em::RESOURCE), &RESOURCE_MORE);
    (named, description)
}

/// A request to add, refresh or remove a resource.
pub fn resource_request(value: &Json) -> Result<ResourceCommand, Refusal> {
    use ResourceRequestKind as K;
    let kinds = [
        ("adminAdd", K::AdminAdd),
        ("adminUpdate", K::AdminUpdate),
        ("adminRemove", K::AdminRemove),
        // What an owner's own client calls it; who may is decided by who calls.
        ("userAdd", K::AdminAdd),
        ("userRemove", K::AdminRemove),
    ];
    read(value, |b| {
        let kind = b.word(&["requestType"], &kinds);
        if !b.has(&["requestType"]) {
            b.missing(&["requestType"]);
        }
        let catalog = catalog_id(b);
        if catalog.is_none() && !b.has(&["catalogId", "accessPackageCatalogId", "catalog", "accessPackageCatalog"]) {
            b.missing(&["catalogId"]);
        }
        let named = b.object(&["resource", "accessPackageResource"]);
        if named.is_none() {
            b.missing(&["resource"]);
        }
        let attributes = named.as_ref().and_then(attributes);
        let environment = named.as_ref().and_then(environment_of);
        let (resource, description) = named.as_ref().map(resource).unwrap_or_default();
        if b.flag(&["isValidationOnly"]) == Some(true) {
            b.fault("isValidationOnly", "resource requests are done when they are made; this one cannot be tried only");
        }
        let justification = b.text(&["justification"]);
        b.finish(Some(&em::RESOURCE_REQUEST), &[]);
        let (kind, catalog) = (kind?, catalog?);
        Some(ResourceCommand { kind, catalog, resource, environment, description, attributes, justification })
    })
}

/// A resource role to be put into a package. Everything may be named by id or by origin.
pub fn role_scope(value: &Json) -> Result<RoleScopeRef, Refusal> {
    read(value, |b| {
        let role = b.object(&["role", "accessPackageResourceRole"]);
        let scope = b.object(&["scope", "accessPackageResourceScope"]);
        if role.is_none() {
            b.missing(&["role"]);
        }
        let mut named = RoleScopeRef::default();
        let scope_resource = scope.as_ref().and_then(|s| {
            named.scope = s.id(&["id"]);
            origin_system(s);
            let inner = s.object(&["resource", "accessPackageResource"]);
            s.finish(Some(&em::RESOURCE_SCOPE), &[]);
            inner.as_ref().map(resource)
        });
        if let Some(r) = &role {
            named.role = r.id(&["id"]);
            named.role_origin = r.text(&["originId"]);
            let system = origin_system(r);
            let inner = r.object(&["resource", "accessPackageResource"]);
            r.finish(Some(&em::RESOURCE_ROLE), &[]);
            let (mut found, _) = inner.as_ref().map(resource).or(scope_resource).unwrap_or_default();
            found.system = found.system.or(system);
            if found == ResourceRef::default()
                || (found.id.is_none() && found.origin.is_none() && found.address.is_none())
            {
                r.missing(&["resource"]);
            }
            if named.role.is_none() && named.role_origin.is_none() {
                r.missing(&["originId"]);
            }
            named.resource = found;
        }
        b.finish(Some(&em::ROLE_SCOPE), &[]);
        Some(named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_catalog_is_named_in_every_spelling() {
        let id = Uuid::from_u128(7);
        for body in [
            json!({ "displayName": "x", "catalogId": id }),
            json!({ "displayName": "x", "catalog": { "id": id } }),
            json!({ "DisplayName": "x", "accessPackageCatalog": { "id": id, "displayName": "c", "@odata.type": "#x" } }),
            json!({ "display_name": "x", "catalog_id": id }),
        ] {
            assert_eq!(new_package(&body).map(|p| p.catalog), Ok(Some(CatalogId(id))), "{body}");
        }
        let differing = json!({ "displayName": "x", "catalogId": id, "catalog": { "id": Uuid::nil() } });
        assert!(new_package(&differing).is_err());
    }

    #[test]
    fn origin_systems_are_trimmed_and_unknown_ones_named() {
        let body = |system: &str| {
            json!({ "catalogId": Uuid::nil(), "requestType": "AdminAdd",
                    "accessPackageResource": { "originSystem": system, "originId": Uuid::from_u128(1) } })
        };
        let added = resource_request(&body("AadGroup ")).map(|c| c.resource.system);
        assert_eq!(added, Ok(Some(OriginSystem::AadGroup)));
        let refused = resource_request(&body("SharePoint")).err().and_then(|r| r.details.first().cloned());
        assert_eq!(refused.and_then(|d| d.target).as_deref(), Some("/accessPackageResource/originSystem"));
    }

    #[test]
    fn roles_are_named_as_the_tutorials_do() {
        let (resource, group) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let v1 = json!({ "role": { "originId": format!("Member_{group}"), "originSystem": "AadGroup", "displayName": "Member",
                                   "resource": { "id": resource, "originId": group, "originSystem": "AadGroup" } },
                         "scope": { "originId": group, "originSystem": "AadGroup" } });
        let named = role_scope(&v1);
        assert_eq!(named.as_ref().map(|n| n.resource.id.map(|i| i.0)), Ok(Some(resource)));
        assert_eq!(named.map(|n| n.role_origin), Ok(Some(format!("Member_{group}"))));
        assert!(role_scope(&json!({ "scope": {} })).is_err());
    }
}
