//! Directory objects of any kind, and the secrets of applications.

use insta::assert_snapshot;
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

#[test]
fn an_object_is_deleted_whatever_kind_it_has_by_those_who_may() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let group =
            json!({ "displayName": "Gone", "mailNickname": "gone", "mailEnabled": false, "securityEnabled": true });
        let group = app.made(app.post("/v1.0/groups", &token, group).await, "group:gone");
        let application = app.post("/v1.0/applications", &token, json!({ "displayName": "Gone" })).await;
        let application = app.made(application, "application:gone");
        let person = company::person("carla").to_string();
        let reader = app.token_reader().await;
        for id in [group, application, person] {
            let path = format!("/v1.0/directoryObjects/{id}");
            assert_eq!(app.delete(&path, &reader).await.status, 403, "{path}");
            assert_eq!(app.delete(&path, &token).await.status, 204, "{path}");
            assert_eq!(app.delete(&path, &token).await.code(), "Request_ResourceNotFound", "{path}");
            app.get(&format!("/v1.0/directory/deletedItems/{id}"), &token).await.expect(200);
        }
    });
}

#[test]
fn readers_see_which_secrets_there_are_and_never_a_secret() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Mill", "passwordCredentials": [{ "secretText": "canary", "keyId": null }] });
        let made = app.post("/v1.0/applications", &token, body.clone()).await;
        assert!(!made.text.contains("canary"), "{}", made.text);
        assert_eq!(made.json["passwordCredentials"], json!([]));
        let app_id = made.json["appId"].clone();
        let application = format!("/v1.0/applications/{}", app.made(made, "application:mill"));
        let principal = app.post("/v1.0/servicePrincipals", &token, json!({ "appId": app_id })).await;
        assert_eq!(principal.json["servicePrincipalType"], "Application");
        let principal = format!("/v1.0/servicePrincipals/{}", app.made(principal, "servicePrincipal:mill"));
        for path in [application, principal] {
            app.patch(&path, &token, json!({ "passwordCredentials": body["passwordCredentials"] })).await.expect(204);
            let name = json!({ "passwordCredential": { "displayName": "for the mill" } });
            let secret = app.post(&format!("{path}/addPassword"), &token, name).await.expect(200);
            let read = app.get(&path, &token).await.expect(200);
            let shown = &read.json["passwordCredentials"];
            assert_eq!(shown.as_array().map(Vec::len), Some(1));
            for name in ["keyId", "displayName", "hint", "startDateTime", "endDateTime"] {
                assert_eq!(shown[0][name], secret.json[name], "{name}");
            }
            let text = secret.json["secretText"].as_str().unwrap_or("no secret");
            assert!(!read.text.contains(text) && !read.text.contains("canary"), "{}", read.text);
            let remove = json!({ "keyId": secret.json["keyId"] });
            app.post(&format!("{path}/removePassword"), &token, remove).await.expect(204);
            let after = app.get(&format!("{path}?$select=passwordCredentials"), &token).await.expect(200);
            assert_eq!(after.json["passwordCredentials"], json!([]));
        }
    });
}

#[test]
fn the_audit_of_a_policy_says_every_setting_that_changed() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let package =
            app.post(&format!("{}/accessPackages", crate::EM), &token, json!({ "displayName": "Trips" })).await;
        let body = json!({ "displayName": "By hand", "accessPackage": { "id": app.made(package, "package:trips") } });
        let path = format!("{}/assignmentPolicies", crate::EM);
        let policy = app.made(app.post(&path, &token, body).await, "policy:trips");
        let change = json!({
            "description": "Trips of a day",
            "allowedTargetScope": "allMemberUsers",
            "expiration": { "type": "afterDuration", "duration": "P30D" },
            "requestorSettings": { "enableTargetsToSelfAddAccess": true },
            "questions": [{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Where to?" }],
        });
        app.patch(&format!("{path}/{policy}"), &token, change).await.expect(204);
        let rows = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq \
                    'Update access package assignment policy'";
        let row = app.get(rows, &token).await.expect(200);
        assert_snapshot!("audit_of_a_changed_policy", app.show_json(&row.values()[0]["targetResources"]));
    });
}

#[test]
fn what_an_outside_directory_masters_is_changed_there_except_sponsors() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (person, group) = (company::person("carla"), company::group("sales"));
        app.master_elsewhere(person, false).await;
        app.master_elsewhere(group, false).await;
        let (person, group) = (format!("/v1.0/users/{person}"), format!("/v1.0/groups/{group}"));
        let somebody =
            json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", company::person("ben")) });
        for (method, path, body) in [
            ("PATCH", person.clone(), json!({ "jobTitle": "Chief" })),
            ("DELETE", person.clone(), json!(null)),
            ("PUT", format!("{person}/manager/$ref"), somebody.clone()),
            ("PATCH", group.clone(), json!({ "displayName": "Sellers" })),
            ("DELETE", group.clone(), json!(null)),
            ("POST", format!("{group}/members/$ref"), somebody.clone()),
            ("POST", format!("{group}/owners/$ref"), somebody.clone()),
        ] {
            let refused = app.call(method, &path, &token, body).await;
            assert_eq!((refused.status, refused.code()), (400, "ObjectMasteredElsewhere"), "{method} {path}");
        }
        app.post(&format!("{person}/sponsors/$ref"), &token, somebody).await.expect(204);
    });
}
