//! Questions to the directory that change nothing: names of groups, attributes of extensions, licences.

use serde_json::{Value, json};
use tenure_domain::limits::{EXTENSION_NAMES_MAX, EXTENSION_VALUES_MAX};
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

#[test]
fn names_of_groups_are_validated_before_one_is_made() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let group = format!("groups/{}", company::group("sales"));
        for version in ["v1.0", "beta"] {
            for set in ["directoryObjects", "users", "groups", "applications", "servicePrincipals", group.as_str()] {
                let path = format!("/{version}/{set}/validateProperties");
                let entity = if set == group { json!(null) } else { json!("Group") };
                let good = json!({ "entityType": entity, "displayName": "Sales", "mailNickname": "sales" });
                assert_eq!(app.post(&path, &token, good).await.expect(204).text, "");
                let bad = json!({ "entityType": entity, "displayName": "", "mailNickname": "no spaces" });
                let refused = app.post(&path, &token, bad).await.expect(422);
                assert_eq!(refused.code(), "UnprocessableEntity");
                let targets: Vec<_> = refused.json["error"]["details"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|d| d["target"].clone())
                    .collect();
                assert_eq!(targets, [json!("displayName"), json!("mailNickname")], "{}", refused.text);
            }
        }
        let user = json!({ "entityType": "User", "displayName": "Sales" });
        let refused = app.post("/v1.0/directoryObjects/validateProperties", &token, user).await.expect(400);
        assert!(refused.text.contains("/entityType"), "{}", refused.text);
        let nobody = format!("/v1.0/groups/{}/validateProperties", uuid::Uuid::nil());
        app.post(&nobody, &token, json!({ "displayName": "Sales" })).await.expect(404);
    });
}

#[test]
fn attributes_of_extensions_that_people_have_are_listed() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let ask = "/v1.0/directoryObjects/getAvailableExtensionProperties";
        assert_eq!(app.post(ask, &token, json!({})).await.expect(200).json["value"], json!([]));
        let carla = format!("/v1.0/users/{}", company::person("carla"));
        let names =
            ["extension_b7d8e648520f41d3b9c0fdeb91768a0a_badge", "extension_b7d8e648520f41d3b9c0fdeb91768a0a_floor"];
        app.patch(&carla, &token, json!({ names[1]: "3", names[0]: "red" })).await.expect(204);
        let known = app.post(ask, &token, json!({ "isSyncedFromOnPremises": false })).await.expect(200);
        assert_eq!(known.column("name"), names);
        assert_eq!(known.json["value"][0]["targetObjects"], json!(["User"]));
        let synced = app.post(ask, &token, json!({ "isSyncedFromOnPremises": true })).await.expect(200);
        assert_eq!(synced.json["value"], json!([]));
    });
}

#[test]
fn there_are_no_licenses_and_whoever_names_one_is_told_so() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for object in [format!("users/{}", company::person("carla")), format!("groups/{}", company::group("sales"))] {
            let path = format!("/v1.0/{object}/assignLicense");
            let nothing = json!({ "addLicenses": [], "removeLicenses": [] });
            let same = app.post(&path, &token, nothing).await.expect(200);
            assert_eq!(same.id(), object.rsplit('/').next().unwrap_or_default());
            let sku = "c7df2760-2c81-4ef7-b578-5b5392b571df";
            let some = json!({ "addLicenses": [{ "skuId": sku, "disabledPlans": [] }], "removeLicenses": [] });
            let refused = app.post(&path, &token, some).await.expect(400);
            assert!(refused.text.contains("/addLicenses/0/skuId") && refused.text.contains(sku), "{}", refused.text);
            let gone = json!({ "addLicenses": [], "removeLicenses": [sku] });
            assert!(app.post(&path, &token, gone).await.expect(400).text.contains("/removeLicenses/0"));
        }
    });
}

#[test]
fn so_many_names_of_extensions_are_listed_and_no_more() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let most = usize::try_from(EXTENSION_NAMES_MAX).expect("a small number");
        let names: Vec<String> =
            (0..=most).map(|n| format!("extension_b7d8e648520f41d3b9c0fdeb91768a0a_n{n:04}")).collect();
        let people = ["anna", "ben", "carla", "gil", "nils"];
        for (person, some) in people.iter().zip(names.chunks(EXTENSION_VALUES_MAX)) {
            let values: serde_json::Map<String, Value> = some.iter().map(|name| (name.clone(), json!("x"))).collect();
            app.patch(&format!("/v1.0/users/{}", company::person(person)), &token, values.into()).await.expect(204);
        }
        let listed = app.post("/v1.0/users/getAvailableExtensionProperties", &token, json!({})).await.expect(200);
        assert_eq!(listed.column("name"), names[..most]);
    });
}
