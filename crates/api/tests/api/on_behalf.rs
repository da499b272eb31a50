//! Managers act for their direct reports where a policy lets them (behaviour.md b.2). Ben is the manager of Carla.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

async fn campaign(app: &TestApp, settings: Value) -> Campaign {
    let mut campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    if let (Some(all), Some(more)) = (body["requestorSettings"].as_object_mut(), settings.as_object()) {
        all.extend(more.clone());
    }
    campaign.policy = campaign.add_policy(app, body).await;
    campaign
}

fn managers() -> Value {
    json!([{ "@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1 }])
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

#[test]
fn a_manager_asks_for_a_direct_report_where_the_policy_lets_him() {
    on_every_database(async |app| {
        let settings = json!({ "enableOnBehalfRequestorsToAddAccess": true, "onBehalfRequestors": managers() });
        let campaign = campaign(app, settings).await;
        let ben = app.token_of_person("ben").await;
        let request = campaign.ask(app, &ben, campaign.request("userAdd", "carla")).await.expect(201).id();
        app.drain().await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        let path = format!("{EM}/assignmentRequests/{request}?$expand=requestor,assignment($expand=target)");
        let shown = app.get(&path, &ben).await.expect(200).json;
        assert_eq!(shown["requestor"]["objectId"], json!(company::person("ben")));
        assert_eq!(shown["assignment"]["target"]["objectId"], json!(company::person("carla")));
        let found = async |set: &str, on: &str, token: &str| {
            let path = format!("{EM}/{set}/filterByCurrentUser(on='{on}')");
            app.get(&path, token).await.expect(200).values().len()
        };
        assert_eq!(found("assignmentRequests", "requestForOthers", &ben).await, 1);
        assert_eq!(found("assignmentRequests", "targetManager", &ben).await, 1);
        assert_eq!(found("assignments", "targetManager", &ben).await, 1);
        let carla = app.token_of_person("carla").await;
        assert_eq!(found("assignmentRequests", "target", &carla).await, 1);
        assert_eq!(found("assignmentRequests", "requestForOthers", &carla).await, 0);
        assert_eq!(found("assignments", "targetManager", &carla).await, 0);
    });
}

#[test]
fn a_manager_is_refused_without_the_switch_and_for_who_is_no_report() {
    on_every_database(async |app| {
        let off = campaign(app, json!({ "onBehalfRequestors": managers() })).await;
        let ben = app.token_of_person("ben").await;
        let refused = off.ask(app, &ben, off.request("userAdd", "carla")).await;
        assert_eq!(told(&refused), (400, "PolicyDisabled"));
        let guards = refused.json["error"]["innerError"]["tenure"]["guards"].as_array().cloned().unwrap_or_default();
        assert!(guards.iter().any(|g| g["guard"] == "onBehalfAllowed" && g["passed"] == false));
        let on = json!({ "requestorSettings": { "enableOnBehalfRequestorsToAddAccess": true } });
        app.patch(&format!("{EM}/assignmentPolicies/{}", off.policy), &off.token, on).await.expect(204);
        for alias in ["anna", "gil"] {
            let refused = off.ask(app, &ben, off.request("userAdd", alias)).await;
            assert_eq!(told(&refused), (400, "TargetNotEligible"), "{alias}");
            assert_eq!(refused.pointers(), ["/assignment/targetId"]);
        }
        let mut nobody = off.request("userAdd", "carla");
        nobody["assignment"]["targetId"] = json!(company::TENANT_ID);
        let refused = off.ask(app, &ben, nobody).await;
        assert_eq!(told(&refused), (400, "TargetNotEligible"), "whether there is such a person is not told");
        let carla = app.token_of_person("carla").await;
        let upward = off.ask(app, &carla, off.request("userAdd", "ben")).await;
        assert_eq!(told(&upward), (400, "TargetNotEligible"));
    });
}

#[test]
fn the_scope_is_that_of_the_report_and_not_of_the_manager() {
    on_every_database(async |app| {
        let settings = json!({ "enableOnBehalfRequestorsToAddAccess": true, "onBehalfRequestors": managers() });
        let campaign = campaign(app, settings).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let only = |alias: &str| {
            json!({ "allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": [
                { "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) }] })
        };
        let ben = app.token_of_person("ben").await;
        let mut body = campaign.request("userAdd", "carla");
        body["assignment"].as_object_mut().expect("an object").remove("assignmentPolicyId");
        app.patch(&path, &campaign.token, only("ben")).await.expect(204);
        assert_eq!(campaign.ask(app, &ben, body.clone()).await.status, 404, "not offered to her");
        app.patch(&path, &campaign.token, only("carla")).await.expect(204);
        campaign.ask(app, &ben, body).await.expect(201);
        app.drain().await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
    });
}

#[test]
fn a_manager_takes_access_from_a_report_where_the_policy_lets_him() {
    on_every_database(async |app| {
        let campaign = campaign(app, json!({ "onBehalfRequestors": managers() })).await;
        let id = campaign.assign(app, "carla").await;
        let ben = app.token_of_person("ben").await;
        let body = json!({ "requestType": "userRemove", "assignment": { "id": id } });
        assert_eq!(told(&campaign.ask(app, &ben, body.clone()).await), (400, "PolicyDisabled"));
        let on = json!({ "requestorSettings": { "enableOnBehalfRequestorsToRemoveAccess": true } });
        app.patch(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token, on).await.expect(204);
        let gil = app.token_of_person("gil").await;
        assert_eq!(told(&campaign.ask(app, &gil, body.clone()).await), (404, "ResourceNotFound"), "no report of his");
        let request = campaign.ask(app, &ben, body).await.expect(201).id();
        app.drain().await;
        assert_eq!(campaign.members(app).await, [""; 0]);
        let shown =
            app.get(&format!("{EM}/assignmentRequests/{request}?$expand=requestor"), &ben).await.expect(200).json;
        assert_eq!(shown["requestType"], "userRemove");
        assert_eq!(shown["requestor"]["objectId"], json!(company::person("ben")));
    });
}

#[test]
fn a_manager_extends_and_changes_what_a_report_holds_where_the_policy_lets_him() {
    on_every_database(async |app| {
        let campaign = campaign(app, json!({ "onBehalfRequestors": managers() })).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P10D").await;
        let ben = app.token_of_person("ben").await;
        let later = json!({ "requestType": "userUpdate", "assignment": { "id": id },
            "schedule": { "expiration": { "type": "afterDuration", "duration": "P30D" } } });
        assert_eq!(told(&campaign.ask(app, &ben, later.clone()).await), (400, "PolicyDisabled"));
        let on = json!({ "requestorSettings":
            { "enableOnBehalfRequestorsToUpdateAccess": true, "allowCustomAssignmentSchedule": true } });
        app.patch(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token, on).await.expect(204);
        let anna = app.token_of_person("anna").await;
        assert_eq!(
            told(&campaign.ask(app, &anna, later.clone()).await),
            (404, "ResourceNotFound"),
            "no report of hers"
        );
        let request = campaign.ask(app, &ben, later).await.expect(201).id();
        let held = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await.expect(200).json;
        let end = held["schedule"]["expiration"]["endDateTime"].as_str().unwrap_or_default().to_owned();
        assert!(end.starts_with("2026-04-11"), "thirty days from now: {end}");
        let path = format!("{EM}/assignmentRequests/{request}?$expand=requestor");
        let shown = app.get(&path, &ben).await.expect(200).json;
        assert_eq!((&shown["requestType"], &shown["state"]), (&json!("userUpdate"), &json!("delivered")));
        assert_eq!(shown["requestor"]["objectId"], json!(company::person("ben")));
        app.drain().await;
    });
}
