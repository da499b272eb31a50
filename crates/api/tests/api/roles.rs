//! The provider `entitlementManagement` of `roleManagement`: definitions, assignments, and what is refused.

use crate::clients::new_app;
use crate::delegation::{ASSIGNMENTS, Shelf, give, scope, try_give};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::json;
use tenure_domain::authorize::EntitlementRole as Role;
use tenure_domain::limits::SCOPE_UNION_MAX;
use tenure_testkit::app::{on_every_database, on_two_nodes};
use tenure_testkit::{Answer, company};

const DEFINITIONS: &str = "/v1.0/roleManagement/entitlementManagement/roleDefinitions";

#[test]
fn the_built_in_roles_are_those_that_the_rules_know() {
    on_every_database(async |app| {
        let token = app.token_reader().await;
        let all = app.get(DEFINITIONS, &token).await.expect(200);
        let mut known: Vec<String> = Role::ALL.iter().map(|r| r.id().to_string()).collect();
        known.sort();
        assert_eq!(all.column("id"), known);
        assert_snapshot!(
            "role_definition",
            app.show(&app.get(&format!("{DEFINITIONS}/{}", Role::CatalogOwner.id()), &token).await)
        );
        let beta = DEFINITIONS.replace("v1.0", "beta");
        let path = format!("{beta}?$filter=displayName eq 'Catalog owner'&$expand=inheritsPermissionsFrom");
        let named = app.get(&path, &token).await.expect(200);
        assert_eq!(named.column("id"), [Role::CatalogOwner.id().to_string()]);
        assert_eq!(named.values()[0]["inheritsPermissionsFrom"], json!([]));
        let path =
            format!("{DEFINITIONS}?$filter=displayName in ('Catalog owner','Catalog reader') and isBuiltIn eq true");
        assert_eq!(app.get(&path, &token).await.expect(200).values().len(), 2);
        for (method, path) in [
            ("POST", DEFINITIONS.to_owned()),
            ("PATCH", format!("{DEFINITIONS}/{}", Role::CatalogOwner.id())),
            ("DELETE", format!("{DEFINITIONS}/{}", Role::CatalogOwner.id())),
        ] {
            let refused = app.call(method, &path, &app.token_app().await, json!({})).await;
            assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"), "{method}");
        }
    });
}

#[test]
fn a_role_is_given_found_and_taken_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let shelf = Shelf::make(app, "Mine").await;
        app.name(&shelf.catalog.parse().unwrap_or_default(), "catalog:mine");
        let made = try_give(app, &token, Role::CatalogOwner, company::group("staff"), &shelf.scope()).await;
        assert_snapshot!("role_assignment_made_in_v1", app.show(&made));
        let beta = ASSIGNMENTS.replace("v1.0", "beta");
        let body = json!({ "appScopeId": shelf.scope(), "directoryScopeId": "/", "principalId": company::person("carla"),
            "roleDefinitionId": Role::CatalogReader.id() });
        let carla = app.post(&beta, &token, body).await;
        assert_snapshot!("role_assignment_made_in_beta", app.show(&carla));
        let carla = carla.id();
        let expanded = app.get(&format!("{ASSIGNMENTS}/{carla}?$expand=principal($select=id,displayName),roleDefinition($select=id,displayName),appScope"), &token).await;
        assert_snapshot!("role_assignment_expanded", app.show(&expanded));
        let robot = new_app(app, "Robot", &[]).await;
        give(app, Role::PackageManager, &robot.principal, &shelf.scope()).await;
        give(app, Role::CatalogCreator, company::person("carla"), "/").await;
        let found = async |filter: &str| {
            let v1 = app.get(&format!("{ASSIGNMENTS}?$filter={filter}"), &token).await.expect(200).values().len();
            let newer =
                app.get(&format!("{beta}?$count=true&$filter={filter}"), &token).await.expect(200).values().len();
            assert_eq!(v1, newer, "{filter}");
            v1
        };
        let (person, group) = (company::person("carla"), company::group("staff"));
        assert_eq!(found(&format!("principalId eq '{person}'")).await, 2);
        assert_eq!(found(&format!("principalId in ('{person}','{group}')")).await, 3);
        assert_eq!(found(&format!("roleDefinitionId eq '{}'", Role::CatalogReader.id())).await, 1);
        assert_eq!(found(&format!("appScopeId eq '{}'", shelf.scope())).await, 3);
        assert_eq!(found(&format!("appScopeId in ('{}','/')", shelf.scope().to_lowercase())).await, 4);
        assert_eq!(found("appScopeId eq '/'").await, 1);
        assert_eq!(
            found(&format!(
                "principalId eq '{person}' and roleDefinitionId eq '{}' and appScopeId eq '{}'",
                Role::CatalogReader.id(),
                shelf.scope()
            ))
            .await,
            1
        );
        app.delete(&format!("{beta}/{carla}"), &token).await.expect(204);
        let gone = app.delete(&format!("{beta}/{carla}"), &token).await;
        assert_eq!((gone.status, gone.code()), (404, "ResourceNotFound"));
        let audit = app.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Remove Entitlement Management role assignment'", &token);
        assert_snapshot!(
            "audit_of_a_role_that_is_taken",
            app.show_json(&audit.await.expect(200).values()[0]["targetResources"])
        );
    });
}

#[test]
fn roles_that_cannot_be_given_say_why() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let shelf = Shelf::make(app, "Mine").await;
        let robot = new_app(app, "Robot", &[]).await;
        let (person, place) = (company::person("carla").to_string(), shelf.scope());
        let (owner, creator) = (Role::CatalogOwner.id().to_string(), Role::CatalogCreator.id().to_string());
        let nowhere = scope(company::TENANT_ID);
        let unknown = company::TENANT_ID.to_string();
        let mut heard = Vec::new();
        for (what, principal, role, place) in [
            ("a role of a catalog for the tenant", &person, &owner, "/"),
            ("a role of the tenant for a catalog", &person, &creator, place.as_str()),
            ("an unknown role", &person, &unknown, place.as_str()),
            ("an unknown principal", &unknown, &owner, place.as_str()),
            ("an unknown catalog", &person, &owner, nowhere.as_str()),
            ("another scope", &person, &owner, "/administrativeUnits/1"),
            ("no id", &"carla".to_owned(), &owner, place.as_str()),
            ("an application", &robot.application, &owner, place.as_str()),
            ("a service principal for the tenant", &robot.principal, &creator, "/"),
        ] {
            let body = json!({ "principalId": principal, "roleDefinitionId": role, "appScopeId": place });
            let refused = app.post(ASSIGNMENTS, &token, body).await;
            heard.push(app.plain(&format!(
                "{what}: {} {}: {} {:?}",
                refused.status,
                refused.code(),
                refused.message(),
                refused.pointers()
            )));
        }
        give(app, Role::CatalogOwner, &person, &place).await;
        let twice = try_give(app, &token, Role::CatalogOwner, &person, &place).await;
        heard.push(format!("twice: {} {}: {}", twice.status, twice.code(), twice.message()));
        assert_snapshot!("roles_that_are_refused", heard.join("\n"));
        assert_eq!(app.get(ASSIGNMENTS, &token).await.expect(200).values().len(), 1, "nothing was given");
        app.delete(&format!("/v1.0/users/{person}"), &token).await.expect(204);
        let deleted = try_give(app, &token, Role::CatalogReader, &person, &place).await;
        assert_eq!((deleted.status, deleted.code()), (404, "Request_ResourceNotFound"));
    });
}

#[test]
fn a_role_that_is_taken_is_gone_on_every_node_with_the_next_request() {
    on_two_nodes(async |one, other| {
        let shelf = Shelf::make(one, "Mine").await;
        let token = one.token_app().await;
        let carla = one.token_of_person("carla").await;
        let path = format!("{EM}/accessPackages/{}", shelf.package);
        let rename = json!({ "displayName": "Hers" });
        let given = give(one, Role::PackageManager, company::person("carla"), &shelf.scope()).await;
        for node in [one, other] {
            node.patch(&path, &carla, rename.clone()).await.expect(204);
        }
        other.delete(&format!("{ASSIGNMENTS}/{given}"), &token).await.expect(204);
        for node in [one, other] {
            assert_eq!(node.patch(&path, &carla, rename.clone()).await.status, 403);
            assert_eq!(node.get(&path, &carla).await.status, 404);
        }
    });
}

#[test]
fn many_catalogs_are_read_as_few_are() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let carla = app.token_of_person("carla").await;
        let mut made = Vec::new();
        let sets = ["accessPackages", "catalogs"];
        let shown = async |path: String| -> Answer { app.get(&path, &carla).await.expect(200) };
        for n in 0..=SCOPE_UNION_MAX {
            let catalog = json!({ "displayName": format!("C{n}") });
            let catalog = app.post(&format!("{EM}/catalogs"), &token, catalog).await.expect(201).id();
            let body = json!({ "displayName": "P", "catalog": { "id": catalog } });
            made.push(app.post(&format!("{EM}/accessPackages"), &token, body).await.expect(201).id());
            // One more that is not hers.
            let body = json!({ "displayName": format!("Hidden {n}") });
            app.post(&format!("{EM}/accessPackages"), &token, body).await.expect(201);
            give(app, Role::CatalogReader, company::person("carla"), &scope(catalog)).await;
            if n + 1 < SCOPE_UNION_MAX {
                continue;
            }
            for set in sets {
                assert_eq!(shown(format!("{EM}/{set}?$top=999")).await.values().len(), n + 1, "{set}");
                assert_eq!(shown(format!("{EM}/{set}/$count")).await.text, (n + 1).to_string(), "{set}");
            }
            assert_eq!(shown(format!("{EM}/accessPackages?$top=999")).await.column("id"), made);
            let first = shown(format!("{EM}/accessPackages?$top=20")).await;
            let next = first.json["@odata.nextLink"].as_str().unwrap_or_default().replace("https://localhost", "");
            let second = shown(next).await;
            assert_eq!([first.column("id"), second.column("id")].concat(), made, "in pages");
            let newest = shown(format!("{EM_BETA}/accessPackages?$top=2&$orderby=createdDateTime desc")).await;
            assert_eq!(newest.column("id"), made.iter().rev().take(2).cloned().collect::<Vec<_>>());
        }
    });
}
