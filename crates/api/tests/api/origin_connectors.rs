//! Connectors of resources whose origin is outside (semantics.md 10): kept and given back as they were said.

use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;

const SET: &str = "externalOriginResourceConnectors";

fn connector(name: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.externalOriginResourceConnector",
        "connectorType": "sapIag",
        "displayName": name,
        "description": "Roles of the finance system",
        "connectionInfo": {
            "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
            "url": "https://iag.example/api",
            "accessTokenUrl": "https://iag.example/token",
            "clientId": "finance",
            "keyVaultName": "vault",
            "resourceGroup": "group",
            "secretName": "secret",
            "subscriptionId": "0191f0a4-0000-7000-8000-000000000009",
        },
    })
}

#[test]
fn a_connector_is_kept_exactly_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for (root, name) in [(EM, "Finance"), (EM_BETA, "Sales")] {
            let sent = connector(name);
            let made = app.post(&format!("{root}/{SET}"), &token, sent.clone()).await.expect(201);
            let path = format!("{root}/{SET}/{}", made.id());
            let read = app.get(&path, &token).await.expect(200).json;
            for member in ["displayName", "description", "connectorType", "connectionInfo"] {
                assert_eq!((&made.json[member], &read[member]), (&sent[member], &sent[member]));
            }
            assert_eq!(read["createdDateTime"], read["modifiedDateTime"]);
            // What was read goes back as it is.
            app.patch(&path, &token, read).await.expect(204);
            let change = json!({ "description": null, "connectionInfo": { "url": "https://other.example" } });
            app.patch(&path, &token, change).await.expect(204);
            let read = app.get(&path, &token).await.expect(200).json;
            assert_eq!(read["description"], Value::Null);
            assert_eq!(read["connectionInfo"]["url"], "https://other.example");
            assert_eq!(read["connectionInfo"]["clientId"], Value::Null, "a connection is replaced as a whole");
            let filter = format!("{root}/{SET}?$filter=displayName eq '{name}'&$count=true");
            assert_eq!(app.get(&filter, &token).await.expect(200).column("id"), [made.id()]);
            app.delete(&path, &token).await.expect(204);
            assert_eq!(app.get(&path, &token).await.status, 404);
        }
    });
}

#[test]
fn bad_connectors_are_refused_by_name() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (path, beta) = (format!("{EM}/{SET}"), format!("{EM_BETA}/{SET}"));
        app.post(&path, &token, connector("Finance")).await.expect(201);
        let with = |member: &str, value: Value| {
            let mut body = connector("Other");
            body[member] = value;
            body
        };
        for (body, named) in [
            (with("connectorType", json!("sapAc")), "/connectorType"),
            (with("connectorType", Value::Null), "/connectorType"),
            (with("displayName", json!("")), "/displayName"),
            (with("displayName", json!("FINANCE")), "/displayName"),
            (with("connectionInfo", json!({ "url": "http://iag.example" })), "/connectionInfo/url"),
            (with("connectionInfo", json!({ "@odata.type": "#microsoft.graph.group" })), "/connectionInfo/@odata.type"),
            (with("colour", json!("red")), "/colour"),
        ] {
            let refused = app.post(&path, &token, body).await;
            assert!((400..=409).contains(&refused.status), "{named}: {}", refused.text);
            assert_eq!(refused.json["error"]["details"][0]["target"], named, "{}", refused.text);
        }
        app.post(&beta, &token, with("connectorType", json!("sapAc"))).await.expect(201);
        assert_eq!(app.get(&path, &token).await.expect(200).values().len(), 2);
    });
}

#[test]
fn connectors_are_for_administrators() {
    on_every_database(async |app| {
        let (token, carla, reader) =
            (app.token_app().await, app.token_of_person("carla").await, app.token_reader().await);
        let path = format!("{EM}/{SET}");
        let made = app.post(&path, &token, connector("Finance")).await.expect(201).id();
        for caller in [&carla, &reader] {
            assert_eq!(app.post(&path, caller, connector("Other")).await.status, 403);
            assert_eq!(app.delete(&format!("{path}/{made}"), caller).await.status, 403);
        }
        app.get(&path, &reader).await.expect(200);
        assert_eq!(app.get(&path, &carla).await.status, 403);
    });
}
