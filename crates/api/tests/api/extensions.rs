//! Workflow extensions: kept exactly, in both versions and both forms, and named by policies of their catalog.

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::limits::CATALOG_EXTENSIONS_MAX;
use tenure_testkit::app::on_every_database;

const REQUEST: &str = "accessPackageAssignmentRequestWorkflowExtension";
const ASSIGNMENT: &str = "accessPackageAssignmentWorkflowExtension";
const LEGACY: &str = "customAccessPackageWorkflowExtension";

/// An extension of a kind that can be kept.
pub fn body(kind: &str, name: &str) -> Value {
    json!({
        "@odata.type": format!("#microsoft.graph.{kind}"),
        "displayName": name,
        "description": "Opens a ticket",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
            "resourceGroupName": "tickets",
            "logicAppWorkflowName": "open-ticket",
        },
        "authenticationConfiguration": { "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication" },
    })
}

/// What an extension answers with.
pub fn callback(stage: &str) -> Value {
    json!({
        "source": "Contoso.Tickets",
        "type": format!("microsoft.graph.accessPackageCustomExtensionStage.{stage}"),
        "data": {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": stage,
            "customExtensionStageInstanceId": "957d0c50-466b-4840-bb5b-c92cea7141ff",
            "customExtensionStageInstanceDetail": "Checked",
        },
    })
}

#[test]
fn an_extension_is_kept_exactly_and_shown_by_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, catalog) = (campaign.token.as_str(), &campaign.catalog);
        let path = format!("{EM}/catalogs/{catalog}/customWorkflowExtensions");
        let mut wanted = body(REQUEST, "Ticket");
        wanted["clientConfiguration"] = json!({ "timeoutInMilliseconds": 1_500, "maximumRetries": 1 });
        // The published page says it in other words than the published model.
        wanted["callbackConfiguration"] = json!({ "durationBeforeTimeout": "PT1H" });
        let made = app.post(&path, token, json!({ "value": wanted })).await.expect(201);
        let id = made.id();
        assert_eq!(made.json["@odata.type"], format!("#microsoft.graph.{REQUEST}"));
        for member in ["displayName", "description", "authenticationConfiguration", "clientConfiguration"] {
            assert_eq!(made.json[member], wanted[member], "{member}");
        }
        assert_eq!(made.json["endpointConfiguration"]["logicAppWorkflowName"], "open-ticket");
        assert_eq!(made.json["callbackConfiguration"]["timeoutDuration"], "PT1H");
        let read = app.get(&format!("{path}/{id}"), token).await.expect(200);
        assert_eq!(read.json["displayName"], "Ticket");
        assert_eq!(read.json["createdBy"], made.json["createdBy"]);
        let newer = format!("{EM_BETA}/accessPackageCatalogs/{catalog}/accessPackageCustomWorkflowExtensions");
        let listed = app.get(&newer, token).await.expect(200);
        assert_eq!(listed.column("id"), [id.as_str()]);
        assert_eq!(listed.json["value"][0]["callbackConfiguration"]["timeoutDuration"], "PT1H");
        let expanded = app.get(&format!("{EM}/catalogs/{catalog}?$expand=customWorkflowExtensions"), token).await;
        assert_eq!(expanded.json["customWorkflowExtensions"][0]["id"], id);

        let patch = json!({ "displayName": "Ticket 2", "callbackConfiguration": null });
        app.patch(&format!("{path}/{id}"), token, patch).await.expect(204);
        let now = app.get(&format!("{path}/{id}"), token).await.expect(200);
        assert_eq!(now.json["displayName"], "Ticket 2");
        assert_eq!(now.json["callbackConfiguration"], Value::Null);
        assert_eq!(now.json["clientConfiguration"], wanted["clientConfiguration"]);
        // What was read can be sent back as it is.
        app.patch(&format!("{path}/{id}"), token, now.json.clone()).await.expect(204);
        app.delete(&format!("{path}/{id}"), token).await.expect(204);
        assert_eq!(app.get(&format!("{path}/{id}"), token).await.status, 404);
    });
}

#[test]
fn the_older_form_of_the_newer_version_has_a_collection_of_its_own() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, catalog) = (campaign.token.as_str(), &campaign.catalog);
        let base = format!("{EM_BETA}/accessPackageCatalogs/{catalog}");
        let path = format!("{base}/customAccessPackageWorkflowExtensions");
        let mut wanted = body(LEGACY, "Old");
        wanted.as_object_mut().expect("an object").remove("@odata.type");
        let made = app.post(&path, token, wanted).await.expect(201);
        assert_eq!(app.get(&path, token).await.expect(200).column("displayName"), ["Old"]);
        assert_eq!(
            app.get(&format!("{base}/accessPackageCustomWorkflowExtensions"), token).await.column("id").len(),
            0
        );
        let renamed = json!({ "@odata.type": format!("#microsoft.graph.{LEGACY}"), "displayName": "Older" });
        app.call("PUT", &format!("{path}/{}", made.id()), token, renamed).await.expect(204);
        assert_eq!(app.get(&format!("{path}/{}", made.id()), token).await.json["displayName"], "Older");
        assert_eq!(app.post(&path, token, body(REQUEST, "New")).await.expect(400).code(), "InvalidModel");
    });
}

#[test]
fn what_cannot_be_an_extension_is_refused_by_name() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, catalog) = (campaign.token.as_str(), &campaign.catalog);
        let path = format!("{EM}/catalogs/{catalog}/customWorkflowExtensions");
        let with = |member: &str, value: Value| {
            let mut changed = body(ASSIGNMENT, "Wrong");
            changed[member] = value;
            changed
        };
        let cases = [
            ("/@odata.type", with("@odata.type", json!("#microsoft.graph.user"))),
            ("/displayName", with("displayName", Value::Null)),
            ("/endpointConfiguration", with("endpointConfiguration", Value::Null)),
            ("/endpointConfiguration/targetUrl", with("endpointConfiguration", json!({ "targetUrl": "http://x" }))),
            (
                "/endpointConfiguration/subscriptionId",
                with("endpointConfiguration", json!({ "resourceGroupName": "x" })),
            ),
            ("/clientConfiguration/maximumRetries", with("clientConfiguration", json!({ "maximumRetries": 9 }))),
            (
                "/callbackConfiguration/timeoutDuration",
                with("callbackConfiguration", json!({ "timeoutDuration": "PT1H" })),
            ),
            ("/colour", with("colour", json!("red"))),
        ];
        for (at, wrong) in cases {
            let answer = app.post(&path, token, wrong).await.expect(400);
            assert!(answer.text.contains(&format!("\"{at}\"")), "{at}: {}", answer.text);
        }
        assert_eq!(app.get(&path, token).await.column("id").len(), 0);
        app.post(&path, token, body(ASSIGNMENT, "One")).await.expect(201);
        assert_eq!(app.post(&path, token, body(REQUEST, "one")).await.code(), "DuplicateName");
    });
}

#[test]
fn a_catalog_has_so_many_extensions() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, catalog) = (campaign.token.as_str(), &campaign.catalog);
        let path = format!("{EM}/catalogs/{catalog}/customWorkflowExtensions");
        for n in 0..CATALOG_EXTENSIONS_MAX {
            app.post(&path, token, body(REQUEST, &n.to_string())).await.expect(201);
        }
        assert_eq!(app.post(&path, token, body(REQUEST, "more")).await.expect(400).code(), "LimitExceeded");
    });
}

#[test]
fn a_policy_names_extensions_of_its_catalog_and_holds_them_in_place() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, catalog) = (campaign.token.as_str(), &campaign.catalog);
        let path = format!("{EM}/catalogs/{catalog}/customWorkflowExtensions");
        let id = app.post(&path, token, body(REQUEST, "Ticket")).await.expect(201).id();
        let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let named = |stage: &str, id: &str| {
            json!({ "customExtensionStageSettings": [{ "stage": stage, "customExtension": {
                "@odata.type": format!("#microsoft.graph.{REQUEST}"), "id": id } }] })
        };
        let stranger = "0191f0a4-0000-7000-8000-00000000dead";
        let refused = app.patch(&policy, token, named("assignmentRequestCreated", stranger)).await.expect(400);
        assert!(refused.text.contains("/customExtensionStageSettings/0/customExtension"), "{}", refused.text);
        let refused = app.patch(&policy, token, named("assignmentOneDayBeforeExpiration", &id)).await.expect(400);
        assert!(refused.text.contains("/customExtensionStageSettings/0/stage"), "{}", refused.text);
        app.patch(&policy, token, named("assignmentRequestCreated", &id)).await.expect(204);
        let shown = app.get(&format!("{policy}?$expand=customExtensionStageSettings"), token).await.expect(200);
        assert_eq!(shown.json["customExtensionStageSettings"][0]["customExtension"]["id"], id);
        let held = app.delete(&format!("{path}/{id}"), token).await.expect(400);
        assert_eq!(held.code(), "ExtensionInUse");
        assert!(held.text.contains(&campaign.policy), "{}", held.text);
        app.patch(&policy, token, json!({ "customExtensionStageSettings": [] })).await.expect(204);
        app.delete(&format!("{path}/{id}"), token).await.expect(204);
    });
}

#[test]
fn a_request_that_does_not_wait_for_an_extension_is_not_resumed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let token = &campaign.token;
        let requests = format!("{EM}/assignmentRequests");
        let id = app.get(&requests, token).await.expect(200).column("id").remove(0);
        for path in [format!("{requests}/{id}"), format!("{EM_BETA}/accessPackageAssignmentRequests/{id}")] {
            let refused = app.post(&format!("{path}/resume"), token, callback("assignmentRequestCreated")).await;
            assert_eq!(refused.expect(400).code(), "RequestNotWaiting");
            let wrong = app.post(&format!("{path}/resume"), token, callback("someday")).await.expect(400);
            assert!(wrong.text.contains("/data/stage"), "{}", wrong.text);
            let empty = app.post(&format!("{path}/resume"), token, json!({})).await.expect(400);
            for member in ["/source", "/type", "/data"] {
                assert!(empty.text.contains(member), "{member}: {}", empty.text);
            }
        }
    });
}
