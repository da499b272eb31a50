//! The settings of the tenant: those that are published, and our own.

use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::json;
use tenure_testkit::app::on_every_database;

const OWN: &str = "/tenure/v1/settings";

#[test]
fn the_published_settings_are_one_object_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (v1, beta) = (format!("{EM}/settings"), format!("{EM_BETA}/settings"));
        assert_snapshot!("settings_in_v1", app.show(&app.get(&v1, &token).await));
        assert_snapshot!("settings_in_beta", app.show(&app.get(&beta, &token).await));
        app.patch(&v1, &token, json!({ "externalUserLifecycleAction": "None" })).await.expect(204);
        app.patch(&beta, &token, json!({ "daysUntilExternalUserDeletedAfterBlocked": 4 })).await.expect(204);
        let now = app.get(&v1, &token).await.expect(200);
        assert_eq!(now.json["externalUserLifecycleAction"], "none");
        assert_eq!(now.json["durationUntilExternalUserDeletedAfterBlocked"], "P4D");
        let body = json!({ "externalUserLifecycleAction": "blockSignIn", "durationUntilExternalUserDeletedAfterBlocked": "P2W" });
        let prefer = [("prefer", "return=representation")];
        let shown = app.call_with("PATCH", &beta, (&token, &prefer), body).await.expect(200);
        assert_eq!(shown.json["externalUserLifecycleAction"], "BlockSignIn");
        assert_eq!(shown.json["daysUntilExternalUserDeletedAfterBlocked"], 14);
        let some = app.get(&format!("{v1}?$select=externalUserLifecycleAction"), &token).await.expect(200);
        assert_eq!(some.json.as_object().map(serde_json::Map::len), Some(2));
        let rows =
            app.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update tenant setting'", &token);
        let rows = rows.await.expect(200);
        assert_eq!(rows.values().len(), 3);
        assert_snapshot!("audit_row_of_a_setting", app.show_json(&rows.values()[0]));
    });
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/settings");
        let (duration, days) =
            ("durationUntilExternalUserDeletedAfterBlocked", "daysUntilExternalUserDeletedAfterBlocked");
        for (body, pointer) in [
            (json!({ "externalUserLifecycleAction": "exile" }), "/externalUserLifecycleAction".to_owned()),
            (json!({ duration: "soon" }), format!("/{duration}")),
            (json!({ duration: "PT5H" }), format!("/{duration}")),
            (json!({ days: -1 }), format!("/{days}")),
            (json!({ days: 3_661 }), format!("/{days}")),
            (json!({ days: 4, duration: "P5D" }), format!("/{days}")),
            (json!({ "colour": "red" }), "/colour".to_owned()),
        ] {
            let refused = app.patch(&path, &token, body.clone()).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{body}");
            assert_eq!(refused.pointers(), [pointer.as_str()], "{body}");
        }
        let now = app.get(&path, &token).await.expect(200);
        assert_eq!(now.json[duration], "P30D", "nothing was kept");
    });
}

#[test]
fn our_own_settings_have_their_defaults_and_are_kept() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        assert_snapshot!("own_settings", app.show(&app.get(OWN, &token).await));
        let body = json!({ "userAdministratorManagesAssignments": true, "enforceApprovalOnDirectAssignment": false });
        app.patch(OWN, &token, body).await.expect(204);
        app.patch(OWN, &token, json!({ "routeToCatalogOwners": true })).await.expect(204);
        let now = app.get(OWN, &token).await.expect(200).json;
        let wanted = [
            ("enforceApprovalOnDirectAssignment", false),
            ("userAdministratorManagesAssignments", true),
            ("routeToCatalogOwners", true),
            ("showSpecificPackagesToMembers", false),
        ];
        assert!(wanted.iter().all(|(name, value)| now[*name] == json!(value)), "{now}");
        let refused = app.patch(OWN, &token, json!({ "routeToCatalogOwners": "yes", "other": 1 })).await;
        assert_eq!(refused.pointers(), ["/routeToCatalogOwners", "/other"]);
        assert_eq!(
            app.get(&format!("{EM}/settings"), &token).await.expect(200).json["externalUserLifecycleAction"],
            "blockSignInAndDelete"
        );
    });
}

#[test]
fn settings_are_for_administrators() {
    on_every_database(async |app| {
        let (reader, carla, anna) =
            (app.token_reader().await, app.token_of_person("carla").await, app.token_of_person("anna").await);
        for path in [format!("{EM}/settings"), format!("{EM_BETA}/settings"), OWN.to_owned()] {
            app.get(&path, &reader).await.expect(200);
            app.get(&path, &anna).await.expect(200);
            assert_eq!(app.get(&path, &carla).await.status, 403, "{path}");
            for token in [&reader, &carla] {
                assert_eq!(app.patch(&path, token, json!({})).await.status, 403, "{path}");
            }
            app.patch(&path, &anna, json!({})).await.expect(204);
            let posted = app.post(&path, &anna, json!({})).await;
            assert_eq!((posted.status, posted.header("allow")), (405, "GET, PATCH"), "{path}");
        }
    });
}
