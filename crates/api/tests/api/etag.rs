//! `ETag` and `If-Match`: nobody overwrites what he has not seen (decisions.md E8).

use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::TestApp;
use tenure_testkit::app::on_every_database;

/// Changes something, if it is in a state.
async fn change_if(app: &TestApp, method: &str, path: &str, (token, tag): (&str, &str), body: Value) -> u16 {
    let answer = app.call_with(method, path, (token, &[("if-match", tag)]), body).await;
    if answer.status == 412 {
        assert_eq!((answer.code(), answer.pointers()), ("PreconditionFailed", vec!["If-Match"]));
    }
    answer.status
}

#[test]
fn a_change_of_another_state_than_the_one_that_was_read_is_refused_and_changes_nothing() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Sales tools" })).await;
        let catalog = format!("{EM}/catalogs/{}", app.made(made, "catalog:sales"));
        let package = json!({ "displayName": "Trips" });
        let package = app.made(app.post(&format!("{EM}/accessPackages"), &token, package).await, "package:trips");
        let policy = json!({ "displayName": "By hand", "accessPackage": { "id": package } });
        let policy = app.made(app.post(&format!("{EM}/assignmentPolicies"), &token, policy).await, "policy:trips");
        let group = json!({ "displayName": "Travellers", "mailNickname": "travellers", "mailEnabled": false,
            "securityEnabled": true });
        let group = app.made(app.post("/v1.0/groups", &token, group).await, "group:travellers");
        let group = format!("/v1.0/groups/{group}");
        let package = format!("{EM}/accessPackages/{package}");
        let policy = format!("{EM}/assignmentPolicies/{policy}");
        for path in [catalog, package, policy, group] {
            let first = app.get(&path, &token).await.expect(200).header("etag").to_owned();
            assert!(first.starts_with("W/\""), "{path} has no tag");
            let body = |name: &str| json!({ "displayName": name });
            assert_eq!(change_if(app, "PATCH", &path, (&token, &first), body("One")).await, 204, "{path}");
            assert_eq!(change_if(app, "PATCH", &path, (&token, &first), body("Two")).await, 412, "{path}");
            assert_eq!(change_if(app, "DELETE", &path, (&token, &first), Value::Null).await, 412, "{path}");
            let now = app.get(&path, &token).await.expect(200);
            assert_eq!(now.json["displayName"], "One", "{path}");
            assert_ne!(now.header("etag"), first, "{path}");
            let known = format!("\"x\", {}", now.header("etag"));
            assert_eq!(change_if(app, "PATCH", &path, (&token, &known), body("Three")).await, 204, "{path}");
            assert_eq!(change_if(app, "PATCH", &path, (&token, "*"), body("Four")).await, 204, "{path}");
            assert_eq!(
                app.patch(&path, &token, body("Five")).await.status,
                204,
                "{path}: without it the last one wins"
            );
        }
    });
}

#[test]
fn both_versions_of_the_api_tell_the_same_state() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales tools" });
        let made = app.post(&format!("{EM}/catalogs"), &token, body.clone()).await;
        let id = app.made(made.clone(), "catalog:sales");
        let newer = format!("{EM_BETA}/accessPackageCatalogs/{id}");
        let tag = app.get(&newer, &token).await.header("etag").to_owned();
        assert_eq!(made.header("etag"), tag, "what is made has it, too");
        let shown = [("prefer", "return=representation"), ("if-match", tag.as_str())];
        let changed = app.call_with("PATCH", &newer, (&token, &shown), body).await.expect(200);
        let now = app.get(&format!("{EM}/catalogs/{id}"), &token).await.header("etag").to_owned();
        assert_eq!(changed.header("etag"), now);
        let part = json!({ "requests": [{ "id": "1", "method": "GET", "url": format!("{EM}/catalogs/{id}") }] });
        let batch = app.post("/v1.0/$batch", &token, part).await;
        assert_eq!(batch.json["responses"][0]["headers"]["ETag"], now);
    });
}

#[test]
fn whoever_may_not_change_a_thing_does_not_learn_its_state() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales tools" });
        let made = app.post(&format!("{EM}/catalogs"), &token, body.clone()).await;
        let path = format!("{EM}/catalogs/{}", app.made(made, "catalog:sales"));
        let reader = app.token_reader().await;
        for tag in ["W/\"1\"", "W/\"77\""] {
            assert_eq!(change_if(app, "PATCH", &path, (&reader, tag), body.clone()).await, 403);
        }
        let nowhere = format!("{EM}/catalogs/00000000-0000-4000-8000-000000000000");
        assert_eq!(change_if(app, "PATCH", &nowhere, (&token, "W/\"1\""), body).await, 404);
    });
}
