//! What was refused is on record where it matters: sign-ins, and what administrators may do.

use crate::EM;
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
