//! Catalogs and their resources.

use crate::campaign::{Campaign, add_group};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

async fn sales(app: &TestApp, token: &str) -> String {
    let made = app.post(&format!("{EM}/catalogs"), token, json!({ "displayName": "Sales tools" })).await;
    app.made(made, "catalog:sales")
}

#[test]
fn a_catalog_made_in_v1_has_the_words_of_beta_there() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales tools", "description": "For sales", "isExternallyVisible": true });
        let made = app.post(&format!("{EM}/catalogs"), &token, body).await;
        let id = app.made(made.clone(), "catalog:sales");
        assert_snapshot!("catalog_made_in_v1", app.show(&made));
        let in_beta = app.get(&format!("{EM_BETA}/accessPackageCatalogs/{id}"), &token).await;
        assert_snapshot!("catalog_read_in_beta", app.show(&in_beta));
    });
}

#[test]
fn a_catalog_made_in_beta_has_the_words_of_v1_there() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales tools", "catalogStatus": "Unpublished", "uniqueName": "sales-tools" });
        let made = app.post(&format!("{EM_BETA}/accessPackageCatalogs"), &token, body).await;
        let id = app.made(made.clone(), "catalog:sales");
        assert_snapshot!("catalog_made_in_beta", app.show(&made));
        let in_v1 = app.get(&format!("{EM}/catalogs/{id}"), &token).await.expect(200);
        assert_eq!((&in_v1.json["state"], &in_v1.json["catalogType"]), (&json!("unpublished"), &json!("userManaged")));
        assert_eq!(in_v1.json["isExternallyVisible"], false, "H19: not visible unless asked for");
        let by_name = format!("{EM_BETA}/accessPackageCatalogs(uniqueName='SALES-TOOLS')");
        assert_eq!(app.get(&by_name, &token).await.id(), id);
    });
}

#[test]
fn a_change_keeps_what_it_leaves_out_and_null_clears() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales tools", "description": "For sales" });
        let id = app.made(app.post(&format!("{EM}/catalogs"), &token, body).await, "catalog:sales");
        let path = format!("{EM}/catalogs/{id}");
        let changed = app.patch(&path, &token, json!({ "state": "unpublished" })).await;
        assert_eq!((changed.status, changed.text.as_str()), (204, ""));
        let now = app.get(&path, &token).await;
        assert_eq!((&now.json["state"], &now.json["description"]), (&json!("unpublished"), &json!("For sales")));
        let prefer = [("prefer", "return=representation")];
        let body = json!({ "description": null, "catalogStatus": "Published" });
        let changed = app.call_with("PATCH", &path, (&token, &prefer), body).await;
        assert_snapshot!("catalog_after_a_change_that_is_shown", app.show(&changed));
    });
}

#[test]
fn a_catalog_that_is_deleted_is_gone() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/catalogs/{}", sales(app, &token).await);
        assert_eq!(app.delete(&path, &token).await.status, 204);
        assert_snapshot!("catalog_that_is_gone", app.show(&app.get(&path, &token).await));
        assert_eq!(app.delete(&path, &token).await.code(), "ResourceNotFound");
        assert_eq!(app.patch(&path, &token, json!({ "displayName": "x" })).await.status, 404);
    });
}

#[test]
fn two_catalogs_do_not_share_a_name() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        sales(app, &token).await;
        let again = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "SALES TOOLS" })).await;
        assert_snapshot!("catalog_of_a_name_that_is_taken", app.show(&again));
    });
}

#[test]
fn the_built_in_catalog_stays() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let found = app.get(&format!("{EM}/catalogs?$filter=(displayName eq 'General')"), &token).await;
        assert_snapshot!("catalog_general", app.show(&found));
        let path = format!("{EM}/catalogs/{}", found.column("id")[0]);
        assert_eq!(app.delete(&path, &token).await.expect(400).code(), "BuiltInObject");
        let renamed = app.patch(&path, &token, json!({ "displayName": "Other" })).await;
        assert_eq!(renamed.expect(400).code(), "BuiltInObject");
    });
}

#[test]
fn a_catalog_with_packages_is_not_deleted() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let refused = app.delete(&format!("{EM}/catalogs/{}", campaign.catalog), &campaign.token).await;
        assert_snapshot!("catalog_that_holds_packages", app.show(&refused));
    });
}

#[test]
fn a_group_becomes_a_resource_at_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = sales(app, &token).await;
        let body = json!({
            "requestType": "adminAdd",
            "resource": { "originId": company::group("sales"), "originSystem": "AadGroup" },
            "catalog": { "id": catalog },
        });
        let made = app.post(&format!("{EM}/resourceRequests"), &token, body).await;
        assert_snapshot!("resource_request_in_v1", app.show(&made));
        let resources = app.get(&format!("{EM}/catalogs/{catalog}/resources?$expand=roles,scopes"), &token).await;
        assert_snapshot!("resources_of_a_group_in_v1", app.show(&resources));
        let in_beta = format!(
            "{EM_BETA}/accessPackageCatalogs/{catalog}/accessPackageResources\
             ?$expand=accessPackageResourceScopes,accessPackageResourceRoles($filter=displayName eq 'Member')"
        );
        assert_snapshot!("resources_of_a_group_in_beta", app.show(&app.get(&in_beta, &token).await));
    });
}

#[test]
fn an_application_brings_its_app_roles() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = sales(app, &token).await;
        let found = app.get(&format!("/v1.0/servicePrincipals(appId='{}')", company::EXPENSES_ID), &token).await;
        let origin = found.expect(200).id();
        // The words of the newer version, on its path, as an infrastructure tool sends them.
        let body = json!({
            "catalogId": catalog,
            "requestType": "AdminAdd",
            "executeImmediately": true,
            "justification": "",
            "accessPackageResource": { "originId": origin, "originSystem": "AadApplication" },
        });
        let made = app.post(&format!("{EM_BETA}/accessPackageResourceRequests"), &token, body).await;
        assert_snapshot!("resource_request_in_beta", app.show(&made));
        let resources = app.get(&format!("{EM}/catalogs/{catalog}/resources"), &token).await;
        let resource = resources.column("id")[0].clone();
        app.name(&resource.parse().unwrap_or_default(), "resource:expenses");
        let roles = format!(
            "{EM}/catalogs/{catalog}/resourceRoles\
             ?$filter=(originSystem eq 'AadApplication' and resource/id eq '{resource}')&$expand=resource"
        );
        assert_snapshot!("roles_of_an_application", app.show(&app.get(&roles, &token).await));
        let scopes = app.get(&format!("{EM}/catalogs/{catalog}/resourceScopes?$expand=resource"), &token).await;
        assert_eq!(scopes.values().len(), 1);
        assert_eq!(scopes.values()[0]["resource"]["id"], json!(resource));
    });
}

#[test]
fn the_same_object_is_in_a_catalog_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = sales(app, &token).await;
        let group = company::group("sales").to_string();
        add_group(app, &token, &catalog, &group).await;
        let body = json!({
            "requestType": "adminAdd",
            "resource": { "originId": group, "originSystem": "AadGroup" },
            "catalog": { "id": catalog },
        });
        let again = app.post(&format!("{EM}/resourceRequests"), &token, body).await;
        assert_snapshot!("resource_that_is_there_already", app.show(&again));
    });
}

#[test]
fn what_a_resource_request_names_must_exist() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalog = sales(app, &token).await;
        let nobody = company::person("anna");
        let body = |system: &str, catalog: &str| {
            json!({
                "requestType": "adminAdd",
                "resource": { "originId": nobody, "originSystem": system },
                "catalog": { "id": catalog },
            })
        };
        let path = format!("{EM}/resourceRequests");
        let absent = app.post(&path, &token, body("AadGroup", &catalog)).await;
        assert_eq!((absent.status, absent.code()), (404, "Request_ResourceNotFound"));
        let nowhere = app.post(&path, &token, body("AadGroup", &nobody.to_string())).await;
        assert_eq!((nowhere.status, nowhere.code()), (404, "ResourceNotFound"));
        let unknown = app.post(&path, &token, body("SharePoint", &catalog)).await;
        assert_eq!((unknown.code(), unknown.pointers()), ("InvalidModel", vec!["/resource/originSystem"]));
    });
}

#[test]
fn a_resource_in_use_is_not_removed_and_an_unused_one_is() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let (token, catalog) = (campaign.token.as_str(), campaign.catalog.as_str());
        let staff = add_group(app, token, catalog, &company::group("staff").to_string()).await;
        let remove = |id: &str| {
            json!({
                "requestType": "adminRemove",
                "resource": { "id": id },
                "catalog": { "id": catalog },
            })
        };
        let path = format!("{EM}/resourceRequests");
        let refused = app.post(&path, token, remove(&campaign.resource)).await;
        assert_snapshot!("resource_in_use", app.show(&refused));
        app.post(&path, token, remove(&staff)).await.expect(201);
        let left = app.get(&format!("{EM}/catalogs/{catalog}/resources"), token).await;
        assert_eq!(left.column("displayName"), ["Sales"]);
    });
}

#[test]
fn a_refresh_takes_over_the_name_of_the_origin() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let (token, catalog, resource) = (campaign.token.as_str(), &campaign.catalog, &campaign.resource);
        let group = format!("/v1.0/groups/{}", company::group("sales"));
        app.patch(&group, token, json!({ "displayName": "Sales and more" })).await.expect(204);
        let path = format!("{EM}/catalogs/{catalog}/resources/{resource}");
        let refreshed = app.post(&format!("{path}/refresh"), token, Value::Null).await;
        assert_eq!((refreshed.status, refreshed.text.as_str()), (200, ""));
        let now = app.get(&path, token).await;
        assert_eq!(now.json["displayName"], "Sales and more");
        app.patch(&group, token, json!({ "displayName": "Sales again" })).await.expect(204);
        // The page of the older version documents the names of the newer one.
        let documented = format!("{EM}/accessPackageCatalogs/{catalog}/accessPackageResources/{resource}/refresh");
        assert_eq!(app.post(&documented, token, Value::Null).await.status, 200);
        assert_eq!(app.get(&path, token).await.json["displayName"], "Sales again");
    });
}

#[test]
fn a_resource_is_refreshed_by_every_path_that_leads_to_it() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let (token, catalog, resource) = (campaign.token.as_str(), &campaign.catalog, &campaign.resource);
        let scopes = format!("{EM_BETA}/accessPackages/{}/accessPackageResourceRoleScopes", campaign.package);
        let held = app.get(&scopes, token).await.expect(200).json["value"][0]["id"].as_str().map(ToOwned::to_owned);
        let role = format!("{scopes}/{}/accessPackageResourceRole", held.expect("an id"));
        let roles = format!("{EM_BETA}/accessPackageCatalogs/{catalog}/accessPackageResourceRoles");
        let of_catalog = app.get(&roles, token).await.expect(200).json["value"][0]["id"].clone();
        let ways = [
            format!("{EM_BETA}/accessPackageResources/{resource}"),
            format!("{role}/accessPackageResource"),
            format!("{roles}/{}/accessPackageResource", of_catalog.as_str().expect("an id")),
        ];
        for (n, way) in ways.iter().enumerate() {
            let group = format!("/v1.0/groups/{}", company::group("sales"));
            let name = format!("Sales {n}");
            app.patch(&group, token, json!({ "displayName": name })).await.expect(204);
            assert_eq!(app.post(&format!("{way}/refresh"), token, Value::Null).await.status, 200, "{way}");
            assert_eq!(app.get(way, token).await.json["displayName"], name, "{way}");
        }
        let carla = app.token_of_person("carla").await;
        // On the way to it lie things that are not there for her.
        for (way, status) in ways.iter().zip([403, 404, 404]) {
            assert_eq!(app.post(&format!("{way}/refresh"), &carla, Value::Null).await.status, status, "{way}");
        }
        let lost = format!("{role}/accessPackageResource/refreshed");
        assert_eq!(app.post(&lost, token, Value::Null).await.status, 404);
    });
}
