//! Quotas of callers (decisions.md K14): off by default, counted and told as published.

use crate::EM;
use serde_json::json;
use tenure_testkit::app::on_every_database;

#[test]
fn a_caller_who_has_used_his_quota_waits_and_others_do_not() {
    on_every_database(async |app| {
        let (token, other) = (app.token_app().await, app.token_reader().await);
        let path = format!("{EM}/catalogs");
        let free = app.get(&path, &token).await.expect(200);
        assert_eq!(free.header("x-ms-resource-unit"), "", "no quota, no word of it");
        app.limit_callers(10);
        let first = app.get("/v1.0/users?$expand=manager", &token).await.expect(200);
        assert_eq!((first.header("x-ms-resource-unit"), first.header("x-ms-throttle-limit-percentage")), ("3", ""));
        let third = app.get("/v1.0/groups/0191f0a4-0000-7000-8000-000000000001/transitiveMembers", &token).await;
        assert_eq!((third.status, third.header("x-ms-resource-unit")), (404, ""), "what fails costs as well");
        let told = app.get("/v1.0/users", &token).await.expect(200);
        assert_eq!((told.header("x-ms-resource-unit"), told.header("x-ms-throttle-limit-percentage")), ("2", "1.00"));

        let body = json!({ "displayName": "Beyond the quota" });
        let refused = app.post(&path, &token, body).await;
        assert_eq!((refused.status, refused.code()), (429, "TooManyRequests"));
        let wait: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=10).contains(&wait), "{wait}");
        assert!(refused.header("x-ms-throttle-scope").starts_with("Tenant_Application/ReadWrite/"));
        assert_eq!(refused.header("x-ms-throttle-information"), "ResourceUnitLimitExceeded");
        app.get(&path, &other).await.expect(200);

        // In a batch each request has its own answer.
        let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users" }] });
        let batch = app.post("/v1.0/$batch", &token, batch).await.expect(200);
        assert_eq!(batch.json["responses"][0]["status"], 429);
        assert_eq!(batch.json["responses"][0]["body"]["error"]["code"], "TooManyRequests");

        app.limit_callers(0);
        let filter = "$filter=displayName eq 'Beyond the quota'";
        assert!(app.get(&format!("{path}?{filter}"), &token).await.expect(200).values().is_empty(), "it did nothing");
    });
}
