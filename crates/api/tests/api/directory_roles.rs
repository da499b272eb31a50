//! Directory roles as resources of catalogs: who may add them, and that a package gives and takes them (behaviour.md a, d.2).

use crate::campaign::open_policy;
use crate::delegation::{give, scope};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::authorize::{DirectoryRole, EntitlementRole};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

const GROUPS: DirectoryRole = DirectoryRole::GroupsAdministrator;

async fn add(app: &TestApp, token: &str, catalog: &str, role: DirectoryRole) -> Answer {
    let body = json!({ "requestType": "adminAdd", "catalog": { "id": catalog },
        "resource": { "originId": role.id(), "originSystem": "DirectoryRole" } });
    app.post(&format!("{EM}/resourceRequests"), token, body).await
}

async fn catalog(app: &TestApp, token: &str) -> String {
    app.post(&format!("{EM}/catalogs"), token, json!({ "displayName": "Roles" })).await.expect(201).id()
}

async fn resource(app: &TestApp, token: &str, catalog: &str) -> Value {
    let found = app.get(&format!("{EM}/catalogs/{catalog}/resources?$expand=roles,scopes"), token).await.expect(200);
    found.values()[0].clone()
}

fn active(resource: &Value) -> Value {
    json!({ "role": { "originId": "Active", "originSystem": "DirectoryRole", "resource": { "id": resource["id"] } },
        "scope": { "originId": GROUPS.id(), "originSystem": "DirectoryRole" } })
}

async fn package(app: &TestApp, token: &str, catalog: &str) -> String {
    let body = json!({ "displayName": "Administers groups", "catalog": { "id": catalog } });
    app.post(&format!("{EM}/accessPackages"), token, body).await.expect(201).id()
}

/// Whether somebody may do what the role permits: make a group.
async fn administers(app: &TestApp, who: &str) -> bool {
    let token = app.token_of_person(who).await;
    let body = json!({ "displayName": "made", "mailNickname": "made", "mailEnabled": false, "securityEnabled": true });
    match app.post("/v1.0/groups", &token, body).await.status {
        201 => true,
        403 => false,
        other => panic!("{other}"),
    }
}

#[test]
fn a_package_gives_a_directory_role_and_its_end_takes_it() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = catalog(app, &token).await;
        add(app, &token, &catalog, GROUPS).await.expect(201);
        let resource = resource(app, &token, &catalog).await;
        assert_eq!(resource["displayName"], json!("Groups Administrator"));
        assert_eq!((&resource["originId"], &resource["originSystem"]), (&json!(GROUPS.id()), &json!("DirectoryRole")));
        assert_eq!(resource["roles"][0]["originId"], json!("Active"));
        assert_eq!(resource["scopes"][0]["originId"], json!(GROUPS.id()));
        let newer = format!("{EM_BETA}/accessPackageCatalogs/{catalog}/accessPackageResources");
        let newer = app.get(&newer, &token).await.expect(200);
        assert_eq!(newer.column("resourceType"), ["Directory Role"]);
        let package = package(app, &token, &catalog).await;
        let roles = format!("{EM}/accessPackages/{package}/resourceRoleScopes");
        app.post(&roles, &token, active(&resource)).await.expect(201);
        let policy =
            app.post(&format!("{EM}/assignmentPolicies"), &token, open_policy(&package)).await.expect(201).id();
        assert!(!administers(app, "carla").await);
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package } });
        let carla = app.token_of_person("carla").await;
        app.post(&format!("{EM}/assignmentRequests"), &carla, body).await.expect(201);
        app.drain().await;
        let state = format!("{EM}/assignments?$filter=assignmentPolicy/id eq '{policy}'");
        assert_eq!(app.get(&state, &token).await.expect(200).column("state"), ["delivered"]);
        assert!(administers(app, "carla").await, "with her next request");
        app.advance("P31D").await;
        assert_eq!(app.get(&state, &token).await.expect(200).column("state"), ["expired"]);
        app.forget_tokens();
        assert!(!administers(app, "carla").await, "the role went with the package");
    });
}

#[test]
fn who_may_not_give_directory_roles_puts_none_into_a_catalog_or_a_package() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = catalog(app, &token).await;
        give(app, EntitlementRole::CatalogOwner, company::person("ben"), &scope(&catalog)).await;
        let ben = app.token_of_person("ben").await;
        assert_eq!(add(app, &ben, &catalog, GROUPS).await.code(), "CallerNotResourceOwner");
        app.give_role(DirectoryRole::IdentityGovernanceAdministrator, company::person("ben")).await;
        assert_eq!(add(app, &ben, &catalog, GROUPS).await.code(), "CallerNotResourceOwner", "that alone does not do");
        add(app, &token, &catalog, GROUPS).await.expect(201);
        let resource = resource(app, &token, &catalog).await;
        let package = package(app, &ben, &catalog).await;
        let roles = format!("{EM}/accessPackages/{package}/resourceRoleScopes");
        assert_eq!(app.post(&roles, &ben, active(&resource)).await.code(), "CallerNotResourceOwner");
        app.give_role(DirectoryRole::PrivilegedRoleAdministrator, company::person("ben")).await;
        app.post(&roles, &ben, active(&resource)).await.expect(201);
        add(app, &ben, &catalog, DirectoryRole::UserAdministrator).await.expect(201);
    });
}

#[test]
fn roles_that_give_every_role_and_roles_that_are_none_are_refused() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = catalog(app, &token).await;
        for role in [DirectoryRole::GlobalAdministrator, DirectoryRole::PrivilegedRoleAdministrator] {
            let refused = add(app, &token, &catalog, role).await;
            assert_eq!((refused.status, refused.code()), (400, "ResourceNotSupported"), "{}", role.name());
        }
        let body = json!({ "requestType": "adminAdd", "catalog": { "id": catalog },
            "resource": { "originId": catalog, "originSystem": "DirectoryRole" } });
        let refused = app.post(&format!("{EM}/resourceRequests"), &token, body).await;
        assert_eq!((refused.status, refused.code()), (404, "Request_ResourceNotFound"));
    });
}
