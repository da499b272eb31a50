//! What would come of a request, asked before it is made.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use crate::incompatible::Two;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

const EXPLAIN: &str = "/tenure/v1/explain";

async fn explain(app: &TestApp, token: &str, body: Value) -> Answer {
    app.post(EXPLAIN, token, body).await
}

fn failed(answer: &Answer) -> Vec<&str> {
    let guards = answer.json["guards"].as_array().into_iter().flatten();
    guards.filter(|g| g["passed"] == false).filter_map(|g| g["guard"].as_str()).collect()
}

/// An answer without its instants: time goes on from one question to the next.
fn undated(answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    (json["startDateTime"], json["endDateTime"]) = (Value::Null, Value::Null);
    json
}

fn day(instant: &Value) -> Option<&str> {
    instant.as_str()?.get(.."2026-03-01".len())
}

async fn change_policy(app: &TestApp, campaign: &Campaign, change: Value) {
    let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    app.patch(&path, &campaign.token, change).await.expect(204);
}

#[test]
fn anybody_learns_what_his_request_would_come_to_and_nothing_happens() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let would = explain(app, &carla, json!({ "accessPackageId": campaign.package })).await;
        assert_snapshot!("explained_to_herself", app.show(&would));
        for subject in [json!("me"), json!(company::person("carla"))] {
            let body =
                json!({ "subjectId": subject, "accessPackageId": campaign.package, "policyId": campaign.policy });
            assert_eq!(undated(&explain(app, &carla, body).await.expect(200)), undated(&would));
        }
        for set in ["assignmentRequests", "assignments", "subjects"] {
            let rows = app.get(&format!("{EM}/{set}"), &campaign.token).await.expect(200);
            assert_eq!(rows.values().len(), 0, "{set}");
        }
        let made = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        app.drain().await;
        let path = format!("{EM}/assignmentRequests/{}?$expand=assignment", made.id());
        let made = app.get(&path, &carla).await.expect(200);
        let end = &made.json["assignment"]["schedule"]["expiration"]["endDateTime"];
        assert_eq!(day(end), day(&would.json["endDateTime"]), "what was said is what came");
    });
}

#[test]
fn what_is_explained_is_what_the_request_then_hears() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        campaign.assign(app, "carla").await;
        let path = format!("{EM}/assignmentPolicies/{}", two.other_policy);
        let wants = json!({ "requestApprovalSettings": { "isRequestorJustificationRequired": true } });
        app.patch(&path, &campaign.token, wants).await.expect(204);
        let carla = app.token_of_person("carla").await;
        let would = explain(app, &carla, json!({ "accessPackageId": two.other })).await.expect(200);
        assert_eq!(failed(&would), ["compatibleAccess", "justification"], "also those after one that failed");
        let refused = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        let said = &refused.json["error"]["innerError"]["tenure"];
        assert_eq!(would.json["allowed"], false);
        for name in ["refusal", "guards", "related"] {
            assert_eq!(would.json[name], said[name], "{name}");
        }
        assert_eq!(would.json["message"], refused.json["error"]["message"]);
        let reasoned = json!({ "accessPackageId": two.other, "justification": "Needs it" });
        assert_eq!(failed(&explain(app, &carla, reasoned).await), ["compatibleAccess"]);
    });
}

#[test]
fn administrators_ask_for_others_as_the_person_or_as_themselves() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = company::person("carla");
        change_policy(app, &campaign, json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } })).await;
        let ask = |extra: Value| {
            let mut body =
                json!({ "subjectId": carla, "accessPackageId": campaign.package, "policyId": campaign.policy });
            body.as_object_mut().into_iter().for_each(|b| b.extend(extra.as_object().cloned().unwrap_or_default()));
            body
        };
        let as_person = explain(app, &campaign.token, ask(json!({}))).await.expect(200);
        assert_eq!(
            (&as_person.json["requestType"], &as_person.json["refusal"]),
            (&json!("userAdd"), &json!("PolicyDisabled"))
        );
        change_policy(app, &campaign, json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": true } })).await;
        let period = json!({ "as": "administrator", "schedule": { "startDateTime": "2026-03-20T09:00:00Z",
            "expiration": { "type": "afterDuration", "duration": "P90D" } } });
        let direct = explain(app, &campaign.token, ask(period.clone())).await.expect(200);
        assert_eq!((&direct.json["allowed"], &direct.json["requestType"]), (&json!(true), &json!("adminAdd")));
        assert_eq!(direct.json["startDateTime"], "2026-03-20T09:00:00Z");
        assert_eq!(direct.json["endDateTime"], "2026-06-18T09:00:00Z", "an administrator goes past the policy");
        let mut as_person = period;
        as_person["as"] = json!("user");
        let as_person = explain(app, &campaign.token, ask(as_person)).await.expect(200);
        assert_eq!(as_person.json["refusal"], "ScheduleNotAllowed");
        assert_eq!((&as_person.json["startDateTime"], &as_person.json["endDateTime"]), (&Value::Null, &Value::Null));
        let anna = app.token_of_person("anna").await;
        assert_eq!(explain(app, &anna, ask(json!({}))).await.expect(200).json["allowed"], true);
    });
}

#[test]
fn nobody_else_learns_of_others_and_of_what_he_may_not_see() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = open_policy(&campaign.package);
        policy["allowedTargetScope"] = json!("specificDirectoryUsers");
        policy["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }]);
        campaign.add_policy(app, policy).await;
        let carla = app.token_of_person("carla").await;
        let of_ben = json!({ "subjectId": company::person("ben"), "accessPackageId": campaign.package });
        let denied = explain(app, &carla, of_ben.clone()).await;
        assert_eq!((denied.status, denied.code()), (403, "Authorization_RequestDenied"));
        let absent = json!({ "subjectId": company::TENANT_ID, "accessPackageId": company::TENANT_ID });
        assert_eq!(explain(app, &carla, absent).await.status, 403, "J2: whether or not there is one");
        let reader = app.token_reader().await;
        assert_eq!(explain(app, &reader, of_ben).await.status, 403, "who only reads does not administer");
        let as_admin = json!({ "accessPackageId": campaign.package, "as": "administrator" });
        assert_eq!(explain(app, &carla, as_admin).await.status, 403);
        let hidden = explain(app, &carla, json!({ "accessPackageId": campaign.package })).await;
        assert_eq!((hidden.status, hidden.code()), (404, "ResourceNotFound"));
        let of_carla = json!({ "subjectId": company::person("carla"), "accessPackageId": campaign.package });
        let told = explain(app, &campaign.token, of_carla).await;
        assert_snapshot!("explained_of_a_package_she_cannot_see", app.show(&told));
        assert_eq!(explain(app, "", json!({ "accessPackageId": campaign.package })).await.status, 401);
    });
}

#[test]
fn the_approvers_who_would_be_asked_are_named_to_who_may_know_them() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let ben = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") });
        let staff = json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") });
        let manager = json!({ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1 });
        let stages = json!([
            { "durationBeforeAutomaticDenial": "P5D", "isApproverJustificationRequired": true,
              "primaryApprovers": [manager], "fallbackPrimaryApprovers": [ben],
              "isEscalationEnabled": true, "durationBeforeEscalation": "P2D", "escalationApprovers": [staff] },
            { "primaryApprovers": [staff] },
        ]);
        let approval = json!({ "isApprovalRequiredForAdd": true, "stages": stages });
        change_policy(app, &campaign, json!({ "requestApprovalSettings": approval })).await;
        let body = json!({ "subjectId": company::person("carla"), "accessPackageId": campaign.package });
        let told = explain(app, &campaign.token, body.clone()).await.expect(200);
        assert_snapshot!("stages_as_an_administrator_sees_them", app.show_json(&told.json["stages"]));
        let carla = app.token_of_person("carla").await;
        let told = explain(app, &carla, body).await.expect(200);
        let stages = told.json["stages"].to_string();
        for hidden in [company::person("ben"), company::group("staff")] {
            assert!(!stages.contains(&hidden.to_string()), "J6: {stages}");
        }
        let types = |stage: usize| told.json["stages"][stage]["approvers"].to_string();
        assert!(types(0).contains("requestorManager") && types(1).contains("groupMembers"), "the kind is no secret");
    });
}

#[test]
fn where_several_policies_fit_they_are_named() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut other = open_policy(&campaign.package);
        other["displayName"] = json!("Other");
        campaign.add_policy(app, other).await;
        let carla = app.token_of_person("carla").await;
        let told = explain(app, &carla, json!({ "accessPackageId": campaign.package })).await.expect(200);
        assert_eq!((&told.json["refusal"], &told.json["policy"]), (&json!("PolicyChoiceRequired"), &Value::Null));
        let names: Vec<&str> = told.json["candidates"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|p| p["displayName"].as_str())
            .collect();
        assert_eq!(names, ["Everybody", "Other"]);
        let guards: Vec<&str> =
            told.json["guards"].as_array().into_iter().flatten().filter_map(|g| g["guard"].as_str()).collect();
        let known = [
            "catalogPublished",
            "catalogExternal",
            "packageVisible",
            "policyScope",
            "noOpenRequest",
            "noLiveAssignment",
            "compatibleAccess",
            "resourcesHealthy",
        ];
        assert_eq!(guards, known, "what does not hang on the policy is told all the same");
        let named = json!({ "accessPackageId": campaign.package, "policyId": campaign.policy });
        assert_eq!(explain(app, &carla, named).await.expect(200).json["policy"]["displayName"], "Everybody");
    });
}

#[test]
fn a_question_that_is_none_is_refused_by_name() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let said = |answer: &Answer| (answer.status, answer.pointers().join(" "));
        assert_eq!(said(&explain(app, &carla, json!({})).await), (400, "/accessPackageId".to_owned()));
        let wrong = json!({ "subjectId": "you", "accessPackageId": campaign.package, "as": "boss", "package": "x" });
        assert_eq!(said(&explain(app, &carla, wrong).await), (400, "/subjectId /as /package".to_owned()));
        let by_app = explain(app, &campaign.token, json!({ "accessPackageId": campaign.package })).await;
        assert_eq!(said(&by_app), (400, "/subjectId".to_owned()), "an app has no access of its own");
        let policy = json!({ "accessPackageId": campaign.package, "policyId": company::TENANT_ID });
        assert_eq!(explain(app, &carla, policy).await.code(), "ResourceNotFound");
        let nobody = json!({ "subjectId": company::TENANT_ID, "accessPackageId": campaign.package });
        assert_eq!(explain(app, &campaign.token, nobody).await.code(), "Request_ResourceNotFound");
        let read = app.get(EXPLAIN, &carla).await;
        assert_eq!((read.status, read.header("allow")), (405, "POST"));
    });
}
