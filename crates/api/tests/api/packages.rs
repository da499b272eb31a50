//! Access packages and the resource roles in them.

use crate::campaign::{Campaign, add_group, member_role};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

#[test]
fn a_package_is_one_thing_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Campaign", "description": "Everything for the campaign" });
        let made = app.post(&format!("{EM}/accessPackages"), &token, body).await;
        let id = app.made(made.clone(), "package:campaign");
        assert_snapshot!("package_made_in_v1_without_a_catalog", app.show(&made));
        let in_beta = app.get(&format!("{EM_BETA}/accessPackages/{id}?$expand=accessPackageCatalog"), &token).await;
        assert_snapshot!("package_read_in_beta", app.show(&in_beta));
    });
}

#[test]
fn a_package_names_its_catalog_in_any_way_but_only_one() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Marketing" })).await;
        let catalog = app.made(made, "catalog:marketing");
        let bodies = [
            json!({ "displayName": "One", "catalogId": catalog }),
            json!({ "displayName": "Two", "catalog": { "id": catalog } }),
            json!({ "displayName": "Three", "accessPackageCatalog": { "id": catalog }, "catalogId": catalog }),
        ];
        for body in bodies {
            let made = app.post(&format!("{EM}/accessPackages?$expand=catalog"), &token, body).await;
            let path = format!("{EM}/accessPackages/{}?$expand=catalog", made.expect(201).id());
            assert_eq!(app.get(&path, &token).await.json["catalog"]["id"], json!(catalog));
        }
        let body = json!({ "displayName": "Four", "catalog": { "id": catalog }, "catalogId": company::TENANT_ID });
        let refused = app.post(&format!("{EM}/accessPackages"), &token, body).await;
        assert_eq!((refused.status, refused.pointers()), (400, vec!["/catalogId"]));
    });
}

#[test]
fn names_of_packages_are_unique_in_their_catalog() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM}/accessPackages");
        let body = |catalog: &str| json!({ "displayName": "campaign", "catalog": { "id": catalog } });
        let refused = app.post(&path, &campaign.token, body(&campaign.catalog)).await;
        assert_snapshot!("package_of_a_name_that_is_taken", app.show(&refused));
        let elsewhere = app.post(&path, &campaign.token, json!({ "displayName": "campaign" })).await;
        assert_eq!(elsewhere.status, 201, "General has none of that name");
    });
}

#[test]
fn a_package_is_changed_and_stays_in_its_catalog() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM}/accessPackages/{}", campaign.package);
        let body = json!({ "description": "New", "isHidden": true, "catalogId": campaign.catalog });
        app.patch(&path, &campaign.token, body).await.expect(204);
        let now = app.get(&path, &campaign.token).await;
        assert_eq!((&now.json["description"], &now.json["isHidden"]), (&json!("New"), &json!(true)));
        assert_eq!(now.json["displayName"], "Campaign");
        let general = app.get(&format!("{EM}/catalogs?$filter=displayName eq 'General'"), &campaign.token).await;
        let moved = app.patch(&path, &campaign.token, json!({ "catalogId": general.column("id")[0] })).await;
        assert_eq!((moved.status, moved.pointers()), (400, vec!["/catalogId"]));
    });
}

#[test]
fn a_role_is_named_as_the_tutorial_does() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let group = company::group("staff").to_string();
        let resource = add_group(app, token, &campaign.catalog, &group).await;
        app.name(&resource.parse().unwrap_or_default(), "resource:staff");
        let path = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let made = app.post(&path, token, member_role(&resource, &group)).await;
        assert_snapshot!("role_scope_made_in_v1", app.show(&made));
        let expand = "$expand=catalog,resourceRoleScopes($expand=role,scope)";
        let package = app.get(&format!("{EM}/accessPackages/{}?{expand}", campaign.package), token).await;
        assert_snapshot!("package_with_its_roles_in_v1", app.show(&package));
    });
}

#[test]
fn a_role_is_named_by_ids_in_the_words_of_beta() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let resources =
            format!("{EM}/catalogs/{}/resources/{}?$expand=roles,scopes", campaign.catalog, campaign.resource);
        let found = app.get(&resources, token).await.expect(200);
        let owner = found.json["roles"].as_array().and_then(|all| all.iter().find(|r| r["displayName"] == "Owner"));
        let body = json!({
            "accessPackageResourceRole": {
                "id": owner.map(|r| r["id"].clone()),
                "accessPackageResource": { "id": campaign.resource },
            },
            "accessPackageResourceScope": { "id": found.json["scopes"][0]["id"], "isRootScope": true },
        });
        let path = format!("{EM_BETA}/accessPackages/{}/accessPackageResourceRoleScopes", campaign.package);
        let made = app.post(&path, token, body).await;
        assert_snapshot!("role_scope_made_in_beta", app.show(&made));
        let list = format!("{path}?$expand=accessPackageResourceRole,accessPackageResourceScope");
        let listed = app.get(&list, token).await.expect(200);
        let roles: Vec<_> = listed.values().iter().map(|v| &v["accessPackageResourceRole"]["displayName"]).collect();
        assert_eq!(roles, ["Member", "Owner"]);
        let one = app.delete(&format!("{path}/{}", made.id()), token).await;
        assert_eq!(one.status, 204);
        assert_eq!(app.get(&path, token).await.values().len(), 1);
        assert_eq!(app.delete(&format!("{path}/{}", made.id()), token).await.status, 404);
    });
}

#[test]
fn a_role_must_be_one_of_a_resource_of_the_catalog() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let group = company::group("sales").to_string();
        let path = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let mut body = member_role(&campaign.resource, &group);
        body["role"]["originId"] = json!("Janitor");
        let unknown = app.post(&path, &campaign.token, body).await;
        assert_eq!(
            (unknown.status, unknown.code(), unknown.message()),
            (404, "RoleNotFound", "The role was not found.")
        );
        // The id of the group is not the id of the resource: a mistake that many make.
        let body =
            json!({ "role": { "originId": format!("Member_{group}"), "resource": { "id": group } }, "scope": {} });
        let unknown = app.post(&path, &campaign.token, body).await;
        assert_eq!((unknown.status, unknown.code()), (404, "ResourceNotFound"));
        assert_eq!(unknown.message(), "The resource was not found.");
        let empty = app.post(&path, &campaign.token, json!({})).await;
        assert_eq!((empty.code(), empty.pointers()), ("InvalidModel", vec!["/role"]));
    });
}

#[test]
fn the_same_role_is_in_a_package_once() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let body = member_role(&campaign.resource, &company::group("sales").to_string());
        let again = app.post(&path, &campaign.token, body).await;
        assert_snapshot!("role_that_is_in_the_package_already", app.show(&again));
    });
}

#[test]
fn holders_follow_the_roles_of_their_package() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        let path = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let roles = app.get(&path, &campaign.token).await.column("id");
        app.delete(&format!("{path}/{}", roles[0]), &campaign.token).await.expect(204);
        assert_eq!(campaign.members(app).await, [""; 0]);
        let body = member_role(&campaign.resource, &company::group("sales").to_string());
        app.post(&path, &campaign.token, body).await.expect(201);
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        app.drain().await;
    });
}

#[test]
fn a_package_goes_with_its_policies_once_nobody_holds_it() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        let path = format!("{EM}/accessPackages/{}", campaign.package);
        let refused = app.delete(&path, &campaign.token).await;
        assert_snapshot!("package_in_use", app.show(&refused));
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
        assert_eq!(app.delete(&path, &campaign.token).await.status, 204);
        assert_eq!(app.get(&path, &campaign.token).await.status, 404);
        let policy = app.get(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token).await;
        assert_eq!(policy.status, 404);
    });
}
