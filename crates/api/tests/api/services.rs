//! Service principals as those who get access (behaviour.md a, c.1).

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

/// The service principal of an application.
async fn service(app: &TestApp, token: &str, of: impl std::fmt::Display) -> String {
    app.get(&format!("/v1.0/servicePrincipals(appId='{of}')"), token).await.expect(200).id()
}

fn request(campaign: &Campaign, kind: &str, target: &str) -> Value {
    json!({ "requestType": kind, "assignment": { "targetId": target, "assignmentPolicyId": campaign.policy,
        "accessPackageId": campaign.package } })
}

async fn campaign(app: &TestApp, scope: &str, targets: Value) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["allowedTargetScope"] = json!(scope);
    body["specificAllowedTargets"] = targets;
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

#[test]
fn a_policy_for_named_service_principals_includes_those_and_nobody_else() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (named, other) =
            (service(app, &token, company::EXPENSES_ID).await, service(app, &token, company::READER_ID).await);
        let set = json!([{ "@odata.type": "#microsoft.graph.singleServicePrincipal", "servicePrincipalId": named }]);
        let campaign = campaign(app, "specificDirectoryServicePrincipals", set).await;
        let carla = company::person("carla").to_string();
        for target in [other.as_str(), carla.as_str()] {
            let refused = campaign.ask(app, &token, request(&campaign, "adminAdd", target)).await;
            assert_eq!(told(&refused), (400, "NotInPolicyScope"), "{target}");
        }
        let made = campaign.ask(app, &token, request(&campaign, "adminAdd", &named)).await.expect(201).id();
        app.drain().await;
        let path = format!("{EM}/assignmentRequests/{made}?$expand=assignment($expand=target)");
        let made = app.get(&path, &token).await.expect(200).json;
        assert_eq!(made["state"], "delivered");
        let target = &made["assignment"]["target"];
        assert_eq!((&target["subjectType"], &target["objectId"]), (&json!("servicePrincipal"), &json!(named)));
        assert_eq!(campaign.members(app).await, ["Expenses"]);
        let remove = json!({ "requestType": "adminRemove", "assignment": { "id": made["assignment"]["id"] } });
        campaign.ask(app, &token, remove).await.expect(201);
        app.drain().await;
        assert_eq!(campaign.members(app).await, [""; 0]);
    });
}

#[test]
fn a_policy_for_all_service_principals_includes_every_one_and_no_person() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let campaign = campaign(app, "allDirectoryServicePrincipals", json!([])).await;
        let refused = campaign.ask(app, &token, campaign.request("adminAdd", "carla")).await;
        assert_eq!(told(&refused), (400, "NotInPolicyScope"));
        for of in [company::EXPENSES_ID, company::READER_ID] {
            let id = service(app, &token, of).await;
            campaign.ask(app, &token, request(&campaign, "adminAdd", &id)).await.expect(201);
        }
        app.drain().await;
        let mut members = campaign.members(app).await;
        members.sort_unstable();
        assert_eq!(members, ["Expenses", "Reader"]);
        // What is for people is not for them.
        let everybody = campaign.add_policy(app, open_policy(&campaign.package)).await;
        let campaign = Campaign { policy: everybody, ..campaign };
        let writer = service(app, &token, company::WRITER_ID).await;
        let refused = campaign.ask(app, &token, request(&campaign, "adminAdd", &writer)).await;
        assert_eq!(told(&refused), (400, "NotInPolicyScope"));
    });
}

#[test]
fn a_policy_names_only_service_principals_that_exist() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["allowedTargetScope"] = json!("specificDirectoryServicePrincipals");
        for nobody in [company::TENANT_ID, company::person("carla")] {
            body["specificAllowedTargets"] =
                json!([{ "@odata.type": "#microsoft.graph.singleServicePrincipal", "servicePrincipalId": nobody }]);
            let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body.clone()).await;
            assert_eq!(told(&refused), (400, "InvalidModel"));
            assert_eq!(refused.pointers(), ["/specificAllowedTargets/0"]);
        }
    });
}
