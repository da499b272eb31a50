//! A package moves to another catalog, with everything that belongs to it (semantics.md 5; decisions.md D6).

use crate::campaign::{Campaign, add_group};
use crate::delivery::{is_member, second_package};
use crate::{EM, EM_BETA};
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

async fn move_to(app: &TestApp, campaign: &Campaign, catalog: &str) -> Answer {
    let path = format!("{EM_BETA}/accessPackages/{}/moveToCatalog", campaign.package);
    app.post(&path, &campaign.token, json!({ "catalogId": catalog })).await
}

async fn other_catalog(app: &TestApp, campaign: &Campaign) -> String {
    let made = app.post(&format!("{EM}/catalogs"), &campaign.token, json!({ "displayName": "Other" })).await;
    app.made(made, "catalog:other")
}

#[test]
fn a_package_moves_with_its_policies_requests_and_assignments_and_nobody_loses_anything() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let sales = company::group("sales").to_string();
        let second = second_package(app, &campaign, &campaign.catalog, &campaign.resource, &sales).await;
        let carla = campaign.assign(app, "carla").await;
        campaign.assign(app, "ben").await;
        second.assign(app, "ben").await;
        let other = other_catalog(app, &campaign).await;
        add_group(app, token, &other, &sales).await;
        assert_eq!(move_to(app, &campaign, &other).await.status, 204);
        app.drain().await;
        let filter = format!("$filter=catalogId eq '{other}'");
        let of =
            async |set: &str| app.get(&format!("{EM_BETA}/{set}?{filter}"), token).await.expect(200).values().len();
        assert_eq!(of("accessPackages").await, 1);
        assert_eq!(of("accessPackageAssignments").await, 2);
        let policy = app.get(&format!("{EM}/assignmentPolicies/{}?$expand=catalog", campaign.policy), token).await;
        assert_eq!(policy.expect(200).json["catalog"]["id"], json!(other));
        let requests = format!("{EM}/assignmentRequests?$filter=accessPackage/catalog/id eq '{other}'");
        assert_eq!(app.get(&requests, token).await.expect(200).values().len(), 2);
        for alias in ["carla", "ben"] {
            assert!(is_member(app, token, "sales", alias).await, "{alias} is still in it");
        }
        // The old catalog's resource is held by the second package alone.
        let roles = format!("{EM_BETA}/accessPackageAssignments/{carla}?$expand=accessPackageAssignmentResourceRoles");
        let roles = app.get(&roles, token).await.expect(200);
        assert_eq!(roles.json["accessPackageAssignmentResourceRoles"].as_array().map(Vec::len), Some(1));
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": carla } });
        campaign.ask(app, token, body).await.expect(201);
        app.drain().await;
        assert!(!is_member(app, token, "sales", "carla").await, "it ends as ever");
        let again = move_to(app, &campaign, &other).await;
        assert_eq!(again.status, 204, "it is there already");
    });
}

#[test]
fn what_the_package_gives_must_be_in_the_other_catalog_already() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let other = other_catalog(app, &campaign).await;
        let refused = move_to(app, &campaign, &other).await;
        assert_eq!((refused.status, refused.code(), refused.pointers()), (400, "InvalidModel", vec!["/catalogId"]));
        let detail = &refused.json["error"]["details"][0]["message"];
        assert!(detail.as_str().is_some_and(|m| m.contains("`Sales`")), "{detail}");
        let unknown = move_to(app, &campaign, &company::TENANT_ID.to_string()).await;
        assert_eq!((unknown.status, unknown.code()), (404, "ResourceNotFound"));
        let path = format!("{EM_BETA}/accessPackages/{}/moveToCatalog", campaign.package);
        let empty = app.post(&path, &campaign.token, json!({})).await;
        assert_eq!((empty.status, empty.pointers()), (400, vec!["/catalogId"]));
        let v1 = format!("{EM}/accessPackages/{}/moveToCatalog", campaign.package);
        let there = app.post(&v1, &campaign.token, json!({ "catalogId": other })).await;
        assert_eq!(there.status, 404, "the older version does not publish it");
        let package = app.get(&format!("{EM_BETA}/accessPackages/{}", campaign.package), &campaign.token).await;
        assert_eq!(package.json["catalogId"], json!(campaign.catalog));
    });
}

#[test]
fn a_name_that_the_other_catalog_has_stays_out() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let other = other_catalog(app, &campaign).await;
        add_group(app, &campaign.token, &other, &company::group("sales").to_string()).await;
        let body = json!({ "displayName": "campaign", "catalog": { "id": other } });
        app.post(&format!("{EM}/accessPackages"), &campaign.token, body).await.expect(201);
        let refused = move_to(app, &campaign, &other).await;
        assert_eq!((refused.status, refused.code()), (400, "DuplicateAccessPackage"));
    });
}
