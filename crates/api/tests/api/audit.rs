//! What was refused is on record where it matters: sign-ins, and what administrators may do.

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

async fn rows(app: &TestApp, activity: &str) -> Vec<serde_json::Value> {
    let path = format!("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq '{activity}'");
    app.get(&path, &app.token_app().await).await.expect(200).values().to_vec()
}

#[test]
fn a_refused_sign_in_is_on_record() {
    on_every_database(async |app| {
        let name = company::principal_name("carla");
        let fields = [
            ("grant_type", "password"),
            ("client_id", &company::CLIENT_ID.to_string()),
            ("username", &name),
            ("password", "wrong"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        app.token(&fields).await.expect(400);
        let rows = rows(app, "Refuse sign-in").await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0]["result"], "failure");
        assert_eq!(rows[0]["targetResources"][0]["id"], json!(company::person("carla")));
    });
}

#[test]
fn a_refused_administrator_action_is_on_record_once_a_minute() {
    on_every_database(async |app| {
        let carla = app.token_of_person("carla").await;
        let body = json!({ "displayName": "Hers", "description": "x" });
        for _ in 0..3 {
            app.post(&format!("{EM}/catalogs"), &carla, body.clone()).await.expect(403);
        }
        let first = rows(app, "Refuse administrator action").await;
        assert_eq!(first.len(), 1, "{first:?}");
        assert_eq!(first[0]["initiatedBy"]["user"]["id"], json!(company::person("carla")));
        assert_eq!(first[0]["result"], "failure");
        assert!(first[0]["resultReason"].as_str().is_some_and(|r| r.contains("lacks the role")), "{first:?}");
        app.let_pass(61);
        app.post(&format!("{EM}/catalogs"), &carla, body).await.expect(403);
        assert_eq!(rows(app, "Refuse administrator action").await.len(), 2);
    });
}

/// What a row says of the first thing it is about: property, old and new value.
fn said(row: &serde_json::Value) -> Vec<(String, serde_json::Value, serde_json::Value)> {
    let all = row["targetResources"][0]["modifiedProperties"].as_array().into_iter().flatten();
    all.map(|m| {
        (m["displayName"].as_str().unwrap_or_default().to_owned(), m["oldValue"].clone(), m["newValue"].clone())
    })
    .collect()
}

fn value(row: &serde_json::Value, property: &str) -> Option<(serde_json::Value, serde_json::Value)> {
    said(row).into_iter().find(|(name, _, _)| name == property).map(|(_, old, new)| (old, new))
}

#[test]
fn a_policy_that_is_made_is_on_record_with_all_it_says() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let made = rows(app, "Create access package assignment policy").await.pop().unwrap_or_default();
        let new = |property: &str| value(&made, property).map(|(old, new)| (old, new.to_string()));
        let null = serde_json::Value::Null;
        // Whoever watches for policies without approval reads it here.
        assert!(
            new("IsApprovalRequiredForAdd").is_some_and(|(old, new)| old == null && new.contains("false")),
            "{made}"
        );
        assert!(new("AllowedTargetScope").is_some_and(|(_, new)| new.contains("AllMemberUsers")), "{made}");
        assert!(new("Expiration").is_some() && new("RequestorSettings").is_some(), "{made}");
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{}", campaign.policy);
        let wants = json!({ "verifiableCredentialSettings": { "credentialTypes": [
            { "credentialType": "VerifiedEmployee", "issuers": ["did:web:fabrikam.example"] }] } });
        app.patch(&path, &campaign.token, wants).await.expect(204);
        let changed = rows(app, "Update access package assignment policy").await.pop().unwrap_or_default();
        let credentials = value(&changed, "VerifiableCredentialSettings");
        assert!(credentials.is_some_and(|(_, new)| new.to_string().contains("VerifiedEmployee")), "{changed}");
    });
}

#[test]
fn what_is_changed_of_packages_and_catalogs_is_on_record() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let package = format!("{EM_BETA}/accessPackages/{}", campaign.package);
        app.patch(&package, &campaign.token, json!({ "isRoleScopesVisible": true, "uniqueName": "campaign" }))
            .await
            .expect(204);
        let changed = rows(app, "Update access package").await.pop().unwrap_or_default();
        assert!(
            value(&changed, "IsRoleScopesVisible").is_some() && value(&changed, "UniqueName").is_some(),
            "{changed}"
        );
        let catalog = format!("{EM_BETA}/accessPackageCatalogs/{}", campaign.catalog);
        app.patch(&catalog, &campaign.token, json!({ "uniqueName": "marketing" })).await.expect(204);
        let changed = rows(app, "Update access package catalog").await.pop().unwrap_or_default();
        assert!(value(&changed, "UniqueName").is_some(), "{changed}");
    });
}

#[test]
fn a_catalog_that_is_deleted_leaves_a_row_for_what_goes_with_it() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let owner = json!({ "principalId": company::person("ben"),
            "appScopeId": format!("/AccessPackageCatalog/{}", campaign.catalog),
            "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178" });
        let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
        app.post(roles, &campaign.token, owner).await.expect(201);
        app.delete(&format!("{EM}/accessPackages/{}", campaign.package), &campaign.token).await.expect(204);
        app.delete(&format!("{EM}/catalogs/{}", campaign.catalog), &campaign.token).await.expect(204);
        let resources = rows(app, "Create resource remove request").await;
        assert!(resources.last().is_some_and(|r| r.to_string().contains("Sales")), "{resources:?}");
        let ben = json!(company::person("ben")).to_string();
        let roles = rows(app, "Remove Entitlement Management role assignment").await;
        assert!(roles.iter().any(|r| r.to_string().contains(&ben)), "{roles:?}");
    });
}

#[test]
fn a_delegate_who_takes_the_place_of_another_is_on_record_with_both() {
    on_every_database(async |app| {
        let anna = app.token_of_person("anna").await;
        let (ben, carla) = (company::person("ben").to_string(), company::person("carla").to_string());
        let until = "2026-03-20T09:00:00Z";
        let first = json!({ "delegateId": ben, "endDateTime": until });
        app.post("/tenure/v1/delegations", &anna, first).await.expect(201);
        app.post("/tenure/v1/delegations", &anna, json!({ "delegateId": carla })).await.expect(201);
        let last = rows(app, "Delegate approvals").await.pop().unwrap_or_default();
        let has = |value: &serde_json::Value, part: &str| value.to_string().contains(part);
        assert!(value(&last, "Delegate").is_some_and(|(old, new)| has(&old, &ben) && has(&new, &carla)), "{last}");
        let end = value(&last, "EndDateTime");
        assert!(end.is_some_and(|(old, new)| has(&old, until) && new.is_null()), "{last}");
        app.drain().await;
    });
}
