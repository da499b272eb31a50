//! Applications as clients: registered, given permissions and signed in as an administrator's script does it.

use serde_json::{Value, json};
use tenure_testkit::TestApp;
use tenure_testkit::app::on_every_database;

/// An application that can sign in by itself.
#[derive(Clone)]
pub struct NewApp {
    /// The application object.
    pub application: String,
    /// Its service principal.
    pub principal: String,
    /// The id it signs in with.
    pub app_id: String,
    pub secret: String,
}

impl NewApp {
    /// The answer of the token endpoint.
    pub async fn sign_in(&self, app: &TestApp) -> tenure_testkit::Answer {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", self.app_id.as_str()),
            ("client_secret", self.secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        app.token(&fields).await
    }

    /// A token of its own.
    pub async fn token(&self, app: &TestApp) -> String {
        let answer = self.sign_in(app).await.expect(200);
        answer.json["access_token"].as_str().unwrap_or_default().to_owned()
    }
}

/// Registers an application and gives it permissions of the API, by name.
pub async fn new_app(app: &TestApp, name: &str, permissions: &[&str]) -> NewApp {
    new_app_from(app, json!({ "displayName": name }), permissions).await
}

/// The same from a body of one's own.
pub async fn new_app_from(app: &TestApp, body: Value, permissions: &[&str]) -> NewApp {
    let token = app.token_app().await;
    let made = app.post("/v1.0/applications", &token, body).await.expect(201);
    let app_id = made.json["appId"].as_str().unwrap_or_default().to_owned();
    let principal = app.post("/v1.0/servicePrincipals", &token, json!({ "appId": app_id })).await.expect(201).id();
    let path = format!("/v1.0/applications/{}/addPassword", made.id());
    let secret = app.post(&path, &token, json!({ "passwordCredential": { "displayName": "test" } })).await.expect(200);
    let graph = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = app.get(graph, &token).await.expect(200);
    for permission in permissions {
        let roles = graph.json["appRoles"].as_array();
        let role = roles.and_then(|all| all.iter().find(|r| r["value"] == json!(permission)));
        let body = json!({ "principalId": principal, "resourceId": graph.id(), "appRoleId": role.map(|r| &r["id"]) });
        app.post(&format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments"), &token, body).await.expect(201);
    }
    let secret = secret.json["secretText"].as_str().unwrap_or_default().to_owned();
    NewApp { application: made.id(), principal, app_id, secret }
}

#[test]
fn an_app_has_the_permissions_it_was_given_as_long_as_it_has_them() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = new_app(app, "Robot", &["Group.Read.All"]).await;
        let robot = made.token(app).await;
        assert_eq!(app.get("/v1.0/groups", &robot).await.status, 200);
        assert_eq!(app.get("/v1.0/users", &robot).await.status, 403);
        let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", made.principal);
        let given = app.get(&path, &token).await.column("id");
        app.delete(&format!("{path}/{}", given[0]), &token).await.expect(204);
        assert_eq!(app.get("/v1.0/groups", &robot).await.status, 403, "the token is old, the right is gone");
    });
}

#[test]
fn a_secret_that_was_removed_signs_nobody_in() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = new_app(app, "Robot", &[]).await;
        made.sign_in(app).await.expect(200);
        let path = format!("/v1.0/applications/{}", made.application);
        let second = app.post(&format!("{path}/addPassword"), &token, Value::Null).await.expect(200);
        let end = second.json["endDateTime"].as_str().unwrap_or_default();
        assert!(end.starts_with("2028-03-01T09:00:00"), "two years unless said otherwise: {end}");
        let read = app.get(&path, &token).await.expect(200);
        assert!(!read.text.contains(&made.secret), "a secret is shown once");
        let body = json!({ "keyId": second.json["keyId"] });
        app.post(&format!("{path}/removePassword"), &token, body.clone()).await.expect(204);
        let again = app.post(&format!("{path}/removePassword"), &token, body).await;
        assert_eq!((again.status, again.code()), (400, "Request_BadRequest"));
        made.sign_in(app).await.expect(200);
        app.patch(&format!("/v1.0/servicePrincipals/{}", made.principal), &token, json!({ "accountEnabled": false }))
            .await
            .expect(204);
        let refused = made.sign_in(app).await;
        assert_eq!((refused.status, &refused.json["error_codes"]), (400, &json!([7_000_112])));
    });
}

#[test]
fn an_app_that_is_deleted_is_out_at_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = new_app(app, "Robot", &["Group.Read.All"]).await;
        let robot = made.token(app).await;
        app.delete(&format!("/v1.0/applications/{}", made.application), &token).await.expect(204);
        assert_eq!(app.get("/v1.0/groups", &robot).await.status, 401);
        let refused = made.sign_in(app).await;
        assert_eq!((refused.status, &refused.json["error_codes"]), (400, &json!([700_016])));
    });
}
