//! The tenant as the one `organization`: who reads it, and what it says.

use insta::assert_snapshot;
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

#[test]
fn the_organization_is_the_tenant_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let list = app.get("/v1.0/organization", &token).await.expect(200);
        assert_snapshot!("organization", app.show(&list));
        let newer = app.get("/beta/organization", &token).await.expect(200);
        assert_eq!(newer.values(), list.values());
        let one = app.get(&format!("/v1.0/organization/{}", company::TENANT_ID), &token).await.expect(200);
        assert_eq!(one.json["verifiedDomains"], list.values()[0]["verifiedDomains"]);
        let some = app.get("/v1.0/organization?$select=id,displayName", &token).await.expect(200);
        assert_eq!(some.values(), [json!({ "id": company::TENANT_ID, "displayName": "Fabrikam" })]);
    });
}

#[test]
fn who_signs_in_reads_it_and_an_app_needs_the_permission() {
    on_every_database(async |app| {
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.get("/v1.0/organization", &carla).await.expect(200).column("displayName"), ["Fabrikam"]);
        let refused = app.get("/v1.0/organization", &app.token_reader().await).await;
        assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"));
        assert!(refused.text.contains("Organization.Read.All"), "{}", refused.text);
    });
}

#[test]
fn there_is_no_other_organization_and_nobody_changes_it() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let other = app.get(&format!("/v1.0/organization/{}", company::WRITER_ID), &token).await;
        assert_eq!((other.status, other.code()), (404, "Request_ResourceNotFound"));
        let path = format!("/v1.0/organization/{}", company::TENANT_ID);
        let changed = app.patch(&path, &token, json!({ "displayName": "Contoso" })).await;
        assert_eq!((changed.status, changed.header("allow")), (405, "GET"));
    });
}
