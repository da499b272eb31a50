//! What was taken away is gone with the next request, on every node, although each node has verified the token before
//! and remembers it (decisions.md D11, K2). Each test asks both nodes first, so that both remember.

use crate::clients::{NewApp, new_app, new_app_from};
use crate::signin::claims;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::authorize::DirectoryRole;
use tenure_domain::ids::ObjectId;
use tenure_service::{Identity, bootstrap};
use tenure_testkit::app::on_two_nodes;
use tenure_testkit::{TestApp, company};
use uuid::Uuid;

/// What both nodes answer.
async fn both(nodes: [&TestApp; 2], path: &str, token: &str) -> [u16; 2] {
    [nodes[0].get(path, token).await.status, nodes[1].get(path, token).await.status]
}

fn path_of(alias: &str) -> String {
    format!("/v1.0/users/{}", company::person(alias))
}

async fn refresh(app: &TestApp, token: &str) -> u16 {
    let client = company::CLIENT_ID.to_string();
    app.token(&[("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", token)]).await.status
}

/// An access token and two refresh tokens of Carla.
async fn carla(app: &TestApp) -> [String; 3] {
    let (client, name) = (company::CLIENT_ID.to_string(), company::principal_name("carla"));
    let fields = [
        ("grant_type", "password"),
        ("client_id", client.as_str()),
        ("username", name.as_str()),
        ("password", company::PASSWORD),
        ("scope", "User.Read offline_access"),
    ];
    let (first, second) = (app.token(&fields).await.expect(200), app.token(&fields).await.expect(200));
    let text = |answer: &tenure_testkit::Answer, name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
    [text(&first, "access_token"), text(&first, "refresh_token"), text(&second, "refresh_token")]
}

#[test]
fn who_is_disabled_is_refused_at_once_and_old_tokens_stay_dead() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let [access, first, second] = carla(one).await;
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [200, 200]);
        other.patch(&path_of("carla"), &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401]);
        assert_eq!([refresh(one, &first).await, refresh(other, &second).await], [400, 400]);
        one.patch(&path_of("carla"), &admin, json!({ "accountEnabled": true })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401], "a new sign-in is needed");
        assert_eq!([refresh(one, &first).await, refresh(other, &second).await], [400, 400]);
    });
}

#[test]
fn who_is_deleted_is_refused_at_once_and_restoring_revives_no_token() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let [access, first, second] = carla(one).await;
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [200, 200]);
        one.delete(&path_of("carla"), &admin).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401]);
        assert_eq!([refresh(one, &first).await, refresh(other, &second).await], [400, 400]);
        let restore = format!("/v1.0/directory/deletedItems/{}/restore", company::person("carla"));
        one.post(&restore, &admin, Value::Null).await.expect(200);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401]);
        let [access, ..] = carla(other).await;
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [200, 200]);
        one.delete(&path_of("carla"), &admin).await.expect(204);
        one.delete(&format!("/v1.0/directory/deletedItems/{}", company::person("carla")), &admin).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401]);
    });
}

#[test]
fn another_password_ends_every_older_token_at_once() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let [access, first, second] = carla(one).await;
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [200, 200]);
        let body = json!({ "passwordProfile": { "password": "Other-Horse-2" } });
        one.patch(&path_of("carla"), &admin, body).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &access).await, [401, 401]);
        assert_eq!([refresh(one, &first).await, refresh(other, &second).await], [400, 400]);
    });
}

#[test]
fn a_directory_role_held_through_a_group_is_gone_with_the_membership() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let staff = ObjectId(company::group("staff"));
        let give = one.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            bootstrap::give_role(ctx, DirectoryRole::IdentityGovernanceAdministrator, staff)
        });
        give.await.expect("the role");
        let token = one.token_of_person("carla").await;
        let body = |name: &str| json!({ "displayName": name });
        assert_eq!(one.post(&format!("{EM}/catalogs"), &token, body("One")).await.status, 201);
        assert_eq!(other.post(&format!("{EM}/catalogs"), &token, body("Other")).await.status, 201);
        let path = format!("/v1.0/groups/{}/members/{}/$ref", staff.0, company::person("carla"));
        other.delete(&path, &admin).await.expect(204);
        for node in [one, other] {
            assert_eq!(node.post(&format!("{EM}/catalogs"), &token, body("Late")).await.status, 403);
            assert_eq!(node.get("/v1.0/me", &token).await.status, 200, "the token is still good for himself");
        }
    });
}

#[test]
fn an_app_loses_a_permission_at_once() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let app = new_app(one, "Reports", &["Group.Read.All", "User.Read.All"]).await;
        let token = app.token(one).await;
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [200, 200]);
        let given = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", app.principal);
        let rows = one.get(&given, &admin).await.expect(200);
        assert_eq!(rows.values().len(), 2);
        for row in rows.values() {
            let path = format!("{given}/{}", row["id"].as_str().unwrap_or_default());
            other.delete(&path, &admin).await.expect(204);
        }
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [403, 403]);
        assert_eq!(both([one, other], "/v1.0/users", &token).await, [403, 403]);
    });
}

#[test]
fn an_app_that_is_disabled_or_deleted_is_refused_at_once() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let app = new_app(one, "Reports", &["Group.Read.All"]).await;
        let token = app.token(one).await;
        let principal = format!("/v1.0/servicePrincipals/{}", app.principal);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [200, 200]);
        other.patch(&principal, &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [401, 401]);
        assert_eq!(app.sign_in(one).await.status, 400);
        other.patch(&principal, &admin, json!({ "accountEnabled": true })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [200, 200]);
        one.delete(&principal, &admin).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [401, 401]);
    });
}

/// A client that Carla signed in with, and its token: everybody may be seen by it.
async fn viewer(app: &TestApp) -> (NewApp, String, String) {
    let admin = app.token_app().await;
    let viewer = new_app_from(app, json!({ "displayName": "Viewer", "isFallbackPublicClient": true }), &[]).await;
    let graph = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = app.get(graph, &admin).await.expect(200).id();
    let client: Uuid = viewer.principal.parse().unwrap_or_default();
    let give = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
        let scopes = ["Group.Read.All", "User.Read"].map(ToOwned::to_owned).into();
        tenure_service::identity::consent::consent(
            ctx,
            ObjectId(client),
            ObjectId(company::person("anna")),
            &scopes,
            true,
        )
    });
    give.await.expect("consent");
    let name = company::principal_name("carla");
    let fields = [
        ("grant_type", "password"),
        ("client_id", viewer.app_id.as_str()),
        ("username", name.as_str()),
        ("password", company::PASSWORD),
        ("scope", "Group.Read.All User.Read"),
    ];
    let token = app.token(&fields).await.expect(200).json["access_token"].as_str().unwrap_or_default().to_owned();
    assert_eq!(claims(&token)["scp"], "Group.Read.All User.Read");
    (viewer, token, graph)
}

#[test]
fn consent_that_is_withdrawn_ends_with_the_next_request() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let (viewer, token, _) = viewer(one).await;
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [200, 200]);
        let given = format!("/v1.0/servicePrincipals/{}/oauth2PermissionGrants", viewer.principal);
        let rows = one.get(&given, &admin).await.expect(200);
        assert_eq!(rows.values().len(), 1);
        let path = format!("/v1.0/oauth2PermissionGrants/{}", rows.values()[0]["id"].as_str().unwrap_or_default());
        other.delete(&path, &admin).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [403, 403]);
    });
}

#[test]
fn a_client_that_is_disabled_or_deleted_no_longer_acts_for_people() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let (viewer, token, _) = viewer(one).await;
        let principal = format!("/v1.0/servicePrincipals/{}", viewer.principal);
        assert_eq!(both([one, other], "/v1.0/me", &token).await, [200, 200]);
        one.patch(&principal, &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &token).await, [401, 401]);
        one.patch(&principal, &admin, json!({ "accountEnabled": true })).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &token).await, [200, 200]);
        one.delete(&principal, &admin).await.expect(204);
        assert_eq!(both([one, other], "/v1.0/me", &token).await, [401, 401]);
    });
}

#[test]
fn a_removed_secret_gets_no_new_token_and_what_was_issued_lives_to_its_end() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let app = new_app(one, "Reports", &["Group.Read.All"]).await;
        let path = format!("/v1.0/applications/{}", app.application);
        let made = one
            .post(&format!("{path}/addPassword"), &admin, json!({ "passwordCredential": { "displayName": "second" } }))
            .await
            .expect(200);
        let secret = made.json["secretText"].as_str().unwrap_or_default().to_owned();
        let second = NewApp { secret, ..app.clone() };
        let token = second.token(one).await;
        let body = json!({ "keyId": made.json["keyId"] });
        one.post(&format!("{path}/removePassword"), &admin, body).await.expect(204);
        assert_eq!([second.sign_in(one).await.status, second.sign_in(other).await.status], [401, 401]);
        assert_eq!(app.sign_in(other).await.status, 200, "the other secret is still there");
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [200, 200]);
        one.let_pass(5_401);
        assert_eq!(both([one, other], "/v1.0/groups", &token).await, [401, 401]);
    });
}

#[test]
fn a_refresh_token_that_comes_back_on_another_node_ends_the_sign_in_on_both() {
    on_two_nodes(async |one, other| {
        let [_, first, second] = carla(one).await;
        assert_eq!(refresh(one, &first).await, 200);
        assert_eq!(refresh(other, &first).await, 400, "it was used on the first node");
        assert_eq!(refresh(other, &second).await, 200, "another sign-in is another family");
    });
}

#[test]
fn asking_in_a_batch_is_no_way_around() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let token = one.token_of_person("carla").await;
        let body = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
        let batch = async |node: &TestApp| {
            let path = EM_BETA.split("/identityGovernance").next().unwrap_or_default();
            node.post(&format!("{path}/$batch"), &token, body.clone()).await.expect(200).json["responses"][0]["status"]
                .as_u64()
        };
        assert_eq!([batch(one).await, batch(other).await], [Some(200), Some(200)]);
        one.patch(&path_of("carla"), &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!([batch(one).await, batch(other).await], [Some(401), Some(401)]);
    });
}
