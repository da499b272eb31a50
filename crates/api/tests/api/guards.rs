//! What is in use is not deleted, and the refusal says by what; people who are deleted but can be restored count
//! (behaviour.md b.5, p.28; decisions.md H17).

use crate::EM;
use crate::campaign::{Campaign, add_group};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Fault, TestApp, company};

/// The code of a refused deletion, and what it names.
async fn refused(app: &TestApp, token: &str, path: &str) -> (String, Vec<(String, String)>) {
    let answer = app.delete(path, token).await.expect(400);
    let related = answer.related().into_iter().map(|(kind, id)| (kind.to_owned(), id.to_owned())).collect();
    (answer.code().to_owned(), related)
}

fn by(code: &str, kind: &str, id: &str) -> (String, Vec<(String, String)>) {
    (code.to_owned(), vec![(kind.to_owned(), id.to_owned())])
}

#[test]
fn a_deleted_persons_live_assignment_holds_package_and_policy_and_is_listed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let assignment = campaign.assign(app, "carla").await;
        let carla = company::person("carla");
        app.delete(&format!("/v1.0/users/{carla}"), token).await.expect(204);
        let package = format!("{EM}/accessPackages/{}", campaign.package);
        let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let held = "accessPackageAssignment";
        assert_eq!(refused(app, token, &package).await, by("AccessPackageInUse", held, &assignment));
        assert_eq!(refused(app, token, &policy).await, by("PolicyInUse", held, &assignment));
        let answer = app.delete(&package, token).await.expect(400);
        let related = &answer.json["error"]["innerError"]["tenure"]["related"][0];
        assert_eq!(related["displayName"], "Carla Díaz (deleted)");
        let filter = format!("accessPackage/id eq '{}' and state eq 'delivered'", campaign.package);
        let listed = app.get(&format!("{EM}/assignments?$expand=target&$filter={filter}"), token).await.expect(200);
        assert_eq!(listed.column("id"), std::slice::from_ref(&assignment));
        assert_eq!(listed.values()[0]["target"]["displayName"], "Carla Díaz (deleted)");
        // Thirty days later she is gone for good, and nothing holds them any more.
        app.advance("P31D").await;
        let ended = app.get(&format!("{EM}/assignments/{assignment}"), token).await.expect(200);
        assert_eq!(ended.json["state"], "expired");
        app.delete(&policy, token).await.expect(204);
        app.delete(&package, token).await.expect(204);
    });
}

#[test]
fn a_history_of_ended_assignments_holds_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        app.advance("P31D").await;
        app.delete(&format!("{EM}/accessPackages/{}", campaign.package), &campaign.token).await.expect(204);
        let left = app.get(&format!("{EM}/assignments/{assignment}"), &campaign.token).await.expect(200);
        assert_eq!(left.json["state"], "expired", "the history stays");
    });
}

#[test]
fn an_open_request_holds_package_and_policy() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = campaign.request("adminAdd", "carla");
        body["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        let held = "accessPackageAssignmentRequest";
        let package = format!("{EM}/accessPackages/{}", campaign.package);
        let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        assert_eq!(refused(app, &campaign.token, &package).await, by("AccessPackageInUse", held, &request));
        assert_eq!(refused(app, &campaign.token, &policy).await, by("PolicyInUse", held, &request));
        let cancel = format!("{EM}/assignmentRequests/{request}/cancel");
        app.post(&cancel, &campaign.token, Value::Null).await.expect(204);
        app.delete(&policy, &campaign.token).await.expect(204);
        app.delete(&package, &campaign.token).await.expect(204);
    });
}

#[test]
fn a_catalog_is_held_by_its_packages_and_a_resource_by_those_that_use_it() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let catalog = format!("{EM}/catalogs/{}", campaign.catalog);
        assert_eq!(refused(app, token, &catalog).await, by("CatalogNotEmpty", "accessPackage", &campaign.package));
        let removal = |resource: &str| json!({ "requestType": "adminRemove", "catalog": { "id": campaign.catalog }, "resource": { "id": resource } });
        let requests = format!("{EM}/resourceRequests");
        let answer = app.post(&requests, token, removal(&campaign.resource)).await.expect(400);
        assert_eq!(answer.code(), "InvalidDeleteResourceHasEntitlements");
        assert_eq!(answer.related(), [("accessPackage", campaign.package.as_str())]);
        let free = add_group(app, token, &campaign.catalog, &company::group("staff").to_string()).await;
        app.post(&requests, token, removal(&free)).await.expect(201);
        app.delete(&format!("{EM}/accessPackages/{}", campaign.package), token).await.expect(204);
        app.delete(&catalog, token).await.expect(204);
    });
}

#[test]
fn a_resource_stays_while_somebody_is_still_to_lose_it() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        campaign.ask(app, token, campaign.request("adminAdd", "carla")).await.expect(201);
        app.drain().await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let role = app.get(&roles, token).await.expect(200).column("id").concat();
        app.delete(&format!("{roles}/{role}"), token).await.expect(204);
        app.drain().await;
        let body = json!({ "requestType": "adminRemove", "catalog": { "id": campaign.catalog },
            "resource": { "id": campaign.resource } });
        let requests = format!("{EM}/resourceRequests");
        let answer = app.post(&requests, token, body.clone()).await.expect(400);
        assert_eq!(answer.code(), "InvalidDeleteResourceHasEntitlements");
        app.advance("PT1H").await;
        assert_eq!(app.elsewhere().holders("key"), 0);
        app.post(&requests, token, body).await.expect(201);
    });
}
