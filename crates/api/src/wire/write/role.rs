//! Role assignments as clients write them (semantics.md 11).

use super::read;
use crate::wire::schema::role as r;
use serde_json::Value as Json;
use tenure_domain::Refusal;
use tenure_domain::authorize::Scope;
use tenure_service::roles::NewRoleAssignment;

/// A role to be given. `directoryScopeId` is the directory's own scope; clients that know both providers send the root.
pub fn new_assignment(value: &Json) -> Result<NewRoleAssignment, Refusal> {
    read(value, |b| {
        let (principal, role) = (b.id(&["principalId"]), b.id(&["roleDefinitionId"]));
        for name in ["principalId", "roleDefinitionId", "appScopeId"] {
            if !b.has(&[name]) {
                b.missing(&[name]);
            }
        }
        let place = b.text(&["appScopeId"]);
        let scope = place.as_deref().and_then(Scope::parse);
        if place.is_some() && scope.is_none() {
            b.fault("appScopeId", "`/AccessPackageCatalog/{id}` names a catalog, and `/` the whole tenant");
        }
        if b.text(&["directoryScopeId"]).is_some_and(|place| place != "/") {
            b.fault("directoryScopeId", "roles of entitlement management are held in an appScopeId");
        }
        b.finish(Some(&r::ROLE_ASSIGNMENT), &["directoryScope"]);
        Some(NewRoleAssignment { principal: principal?, role: role?, scope: scope? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_role_is_given_as_terraform_and_the_samples_do() {
        let (who, role, catalog) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let body = |scope: &str| json!({ "principalId": who, "roleDefinitionId": role, "appScopeId": scope, "directoryScopeId": "/" });
        let read = new_assignment(&body(&format!("/AccessPackageCatalog/{catalog}")));
        assert_eq!(read.map(|n| n.scope), Ok(Scope::Catalog(tenure_domain::ids::CatalogId(catalog))));
        assert_eq!(new_assignment(&body("/")).map(|n| n.scope), Ok(Scope::Tenant));
        let mut elsewhere = body("/");
        elsewhere["directoryScopeId"] = json!("/administrativeUnits/7");
        let pointers = |value: &Json| -> Vec<String> {
            let refused = new_assignment(value).err();
            refused.into_iter().flat_map(|r| r.details).filter_map(|d| d.target).collect()
        };
        assert_eq!(pointers(&elsewhere), ["/directoryScopeId"]);
        assert_eq!(pointers(&body("catalog")), ["/appScopeId"]);
        assert_eq!(pointers(&json!({})), ["/principalId", "/roleDefinitionId", "/appScopeId"]);
    }
}
