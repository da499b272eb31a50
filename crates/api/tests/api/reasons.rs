//! Why something was refused, denied or failed, for those who may know (behaviour.md b.3 #17, o.4; decisions.md J6, M).

use crate::campaign::{Campaign, open_policy};
use crate::incompatible::Two;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, Fault, TestApp, company};

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

/// The guards of a refusal, with whether each passed.
fn guards(answer: &Answer) -> Vec<(&str, bool)> {
    let guards = answer.json["error"]["innerError"]["tenure"]["guards"].as_array().into_iter().flatten();
    guards.filter_map(|g| Some((g["guard"].as_str()?, g["passed"].as_bool()?))).collect()
}

fn failed(answer: &Answer) -> Vec<&str> {
    guards(answer).into_iter().filter(|(_, passed)| !passed).map(|(name, _)| name).collect()
}

async fn why(app: &TestApp, token: &str, request: &str) -> Answer {
    app.get(&format!("/tenure/v1/explain/{request}"), token).await
}

async fn history(app: &TestApp, token: &str, request: &str) -> Value {
    let path = format!("{EM_BETA}/assignmentRequests/{request}?$select=history");
    app.get(&path, token).await.expect(200).json["history"].clone()
}

fn user(alias: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) })
}

fn one_stage(primary: &Value) -> Value {
    json!({ "isApprovalRequiredForAdd": true, "stages": [{ "durationBeforeAutomaticDenial": "P5D",
        "isApproverJustificationRequired": true, "primaryApprovers": primary }] })
}

async fn with_approval(app: &TestApp, approval: Value) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["requestApprovalSettings"] = approval;
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn stage_of(app: &TestApp, campaign: &Campaign, request: &str) -> String {
    let approval = format!("{EM}/accessPackageAssignmentApprovals/{request}");
    let found = app.get(&approval, &campaign.token).await.expect(200).json;
    format!("{approval}/stages/{}", found["stages"][0]["id"].as_str().unwrap_or_default())
}

#[test]
fn why_a_request_was_denied_is_told_to_who_made_it_and_to_administrators() {
    on_every_database(async |app| {
        let campaign = with_approval(app, one_stage(&json!([user("anna")]))).await;
        let carla = app.token_of_person("carla").await;
        let request = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id();
        let waiting = why(app, &carla, &request).await.expect(200).json;
        assert_eq!((&waiting["state"], &waiting["reason"]), (&json!("pendingApproval"), &Value::Null));
        let passed = waiting["guards"].as_array().map_or(0, Vec::len);
        assert!(passed > 5, "what it passed when it was made: {waiting}");
        let anna = app.token_of_person("anna").await;
        let no = json!({ "reviewResult": "Deny", "justification": "ask again in May" });
        app.patch(&stage_of(app, &campaign, &request).await, &anna, no).await.expect(204);
        for token in [&carla, &campaign.token, &anna] {
            let told = why(app, token, &request).await.expect(200).json;
            assert_eq!((&told["status"], &told["reason"]), (&json!("Denied"), &json!("ask again in May")));
            let last = history(app, token, &request).await.as_array().and_then(|h| h.last().cloned());
            let last = last.unwrap_or_default();
            assert_eq!((&last["action"], &last["detail"]), (&json!("Denied"), &json!("ask again in May")));
        }
        let ben = app.token_of_person("ben").await;
        let gil = app.token_of_person("gil").await;
        for token in [&ben, &gil] {
            assert_eq!(told(&why(app, token, &request).await), (404, "ResourceNotFound"), "not his");
        }
        let reader = app.token_reader().await;
        why(app, &reader, &request).await.expect(200);
        assert_eq!(why(app, &carla, "nonsense").await.status, 404);
        assert_eq!(app.post(&format!("/tenure/v1/explain/{request}"), &carla, json!({})).await.status, 405);
        app.drain().await;
    });
}

#[test]
fn why_a_request_failed_at_its_start_is_told() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        let mut later = two.audit("adminAdd", "carla");
        later["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = campaign.ask(app, &campaign.token, later).await.expect(201).id();
        campaign.assign(app, "carla").await;
        app.advance("P4D").await;
        let carla = app.token_of_person("carla").await;
        for token in [&carla, &campaign.token] {
            let told = why(app, token, &request).await.expect(200).json;
            assert_eq!((&told["state"], &told["reason"]), (&json!("deliveryFailed"), &json!("IncompatibleAccess")));
            assert!(told["message"].as_str().is_some_and(|m| m.contains("excludes")), "{told}");
            assert_eq!(told["deliveryErrors"], 0);
        }
        let history = history(app, &carla, &request).await;
        assert_eq!(history[0]["action"], "Accepted");
        assert_eq!(history[1]["detail"], "IncompatibleAccess");
    });
}

#[test]
fn what_other_systems_said_is_counted_for_the_requestor_and_named_to_administrators() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next([Fault::Refused]);
        let carla = app.token_of_person("carla").await;
        let request = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id();
        app.drain().await;
        let told = why(app, &carla, &request).await.expect(200).json;
        assert_eq!((&told["state"], &told["deliveryErrors"]), (&json!("deliveryFailed"), &json!(1)));
        assert_eq!(told["errors"], json!([]), "J6: groups are named to administrators only");
        let told = why(app, &campaign.token, &request).await.expect(200).json;
        assert_eq!(told["errors"][0]["resource"], "Sales");
        assert!(told["errors"][0]["error"].as_str().is_some_and(|e| e.contains("TargetRejected")), "{told}");
    });
}

#[test]
fn those_who_would_be_asked_are_named_managers_and_fallbacks_too() {
    on_every_database(async |app| {
        let manager = json!({ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1 });
        let staff = json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") });
        let stages = json!([
            { "durationBeforeAutomaticDenial": "P5D", "primaryApprovers": [manager],
              "fallbackPrimaryApprovers": [user("anna")],
              "isEscalationEnabled": true, "durationBeforeEscalation": "P2D", "escalationApprovers": [staff] },
        ]);
        let approval = json!({ "isApprovalRequiredForAdd": true, "stages": stages });
        let campaign = with_approval(app, approval).await;
        let asked = async |token: &str, of: &str| {
            let body = json!({ "subjectId": company::person(of), "accessPackageId": campaign.package });
            app.post("/tenure/v1/explain", token, body).await.expect(200).json["stages"][0].clone()
        };
        let of_carla = asked(&campaign.token, "carla").await;
        let ben = json!([{ "type": "user", "id": company::person("ben"), "displayName": "Ben Carter" }]);
        assert_eq!(of_carla["asked"], ben, "her manager");
        let group = json!([{ "type": "group", "id": company::group("staff"), "displayName": "Staff" }]);
        assert_eq!(of_carla["askedLater"], group);
        let of_ben = asked(&campaign.token, "ben").await;
        let anna = json!([{ "type": "user", "id": company::person("anna"), "displayName": "Anna Berg" }]);
        assert_eq!(of_ben["asked"], anna, "he has no manager: the fallback");
        let carla = app.token_of_person("carla").await;
        let to_herself = asked(&carla, "carla").await;
        let nameless = json!([{ "type": "user", "id": null, "displayName": null }]);
        assert_eq!(to_herself["asked"], nameless, "J6: the policy does not show approvers");
    });
}

#[test]
fn the_owners_of_the_catalog_are_named_where_nobody_else_would_be_asked() {
    on_every_database(async |app| {
        let campaign = with_approval(app, one_stage(&json!([user("nils")]))).await;
        let body = json!({ "subjectId": company::person("carla"), "accessPackageId": campaign.package });
        let nobody = app.post("/tenure/v1/explain", &campaign.token, body.clone()).await.expect(200).json;
        assert_eq!((&nobody["refusal"], &nobody["stages"][0]["asked"]), (&json!("NoEligibleApprover"), &json!([])));
        let owner = json!({ "principalId": company::person("ben"), "appScopeId": format!("/AccessPackageCatalog/{}", campaign.catalog),
            "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178" });
        app.post("/v1.0/roleManagement/entitlementManagement/roleAssignments", &campaign.token, owner)
            .await
            .expect(201);
        app.set_switches(|settings| settings.route_to_catalog_owners = true).await;
        let owners = app.post("/tenure/v1/explain", &campaign.token, body).await.expect(200).json;
        assert_eq!(owners["allowed"], true, "{owners}");
        let asked = owners["stages"][0]["asked"].to_string();
        assert!(asked.contains("Ben Carter"), "{asked}");
    });
}

#[test]
fn a_package_whose_resource_is_gone_says_so_when_it_is_asked_for() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let sales = company::group("sales");
        app.delete(&format!("/v1.0/groups/{sales}"), &campaign.token).await.expect(204);
        let carla = app.token_of_person("carla").await;
        for (token, kind) in [(&carla, "userAdd"), (&campaign.token, "adminAdd")] {
            let refused = campaign.ask(app, token, campaign.request(kind, "carla")).await;
            assert_eq!(told(&refused), (400, "ResourceMissing"), "{}", refused.text);
            assert_eq!(failed(&refused), ["resourcesHealthy"]);
            assert_eq!(refused.text.contains("Sales"), kind == "adminAdd", "J6: {}", refused.text);
        }
        let body = json!({ "accessPackageId": campaign.package });
        let told = app.post("/tenure/v1/explain", &carla, body).await.expect(200).json;
        assert_eq!(told["refusal"], "ResourceMissing");
        let offered = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
        assert_eq!(app.get(&offered, &carla).await.expect(200).values().len(), 0, "what is offered can be requested");
        app.post(&format!("/v1.0/directory/deletedItems/{sales}/restore"), &campaign.token, Value::Null)
            .await
            .expect(200);
        campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn what_is_not_tested_for_administrators_is_not_said_to_have_passed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let catalog = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&catalog, &campaign.token, json!({ "state": "unpublished" })).await.expect(204);
        let tried = json!({ "subjectId": company::person("carla"), "accessPackageId": campaign.package,
            "as": "administrator" });
        let tried = app.post("/tenure/v1/explain", &campaign.token, tried).await.expect(200).json;
        let named = tried["guards"].to_string();
        assert_eq!(tried["allowed"], true);
        assert!(!named.contains("catalogPublished") && named.contains("resourcesHealthy"), "{named}");
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(failed(&refused), ["catalogPublished"]);
    });
}

#[test]
fn a_removal_that_is_refused_says_by_which_check() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let held = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        let remove = |kind: &str| json!({ "requestType": kind, "assignment": { "id": held } });
        let refused = campaign.ask(app, &carla, remove("userRemove")).await;
        assert_eq!(told(&refused), (400, "PolicyDisabled"));
        let all = guards(&refused);
        assert!(all.contains(&("liveAssignment", true)) && all.contains(&("noOpenRequest", true)), "{all:?}");
        assert_eq!(failed(&refused), ["selfRemoveAllowed"]);
        campaign.ask(app, &campaign.token, remove("adminRemove")).await.expect(201);
        app.drain().await;
        let refused = campaign.ask(app, &campaign.token, remove("adminRemove")).await;
        assert_eq!((told(&refused), failed(&refused)), ((400, "AssignmentNotLive"), vec!["liveAssignment"]));
    });
}

#[test]
fn what_is_refused_after_the_request_says_by_which_check() {
    on_every_database(async |app| {
        let campaign = with_approval(app, one_stage(&json!([user("anna")]))).await;
        let carla = app.token_of_person("carla").await;
        let request = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id();
        let stage = stage_of(app, &campaign, &request).await;
        let yes = json!({ "reviewResult": "Approve", "justification": "fine" });
        let refused = app.patch(&stage, &carla, yes.clone()).await;
        assert_eq!((told(&refused), failed(&refused)), ((403, "SelfApproval"), vec!["notOwnRequest"]));
        let ben = app.token_of_person("ben").await;
        let refused = app.patch(&stage, &ben, yes.clone()).await;
        assert_eq!((told(&refused), failed(&refused)), ((403, "NotAnApprover"), vec!["isApprover"]));
        let anna = app.token_of_person("anna").await;
        let refused = app.patch(&stage, &anna, json!({ "reviewResult": "Approve" })).await;
        assert_eq!((told(&refused), failed(&refused)), ((400, "JustificationRequired"), vec!["justification"]));
        assert!(guards(&refused).contains(&("stageOpen", true)), "{:?}", guards(&refused));
        app.patch(&stage, &anna, yes.clone()).await.expect(204);
        app.drain().await;
        let refused = app.patch(&stage, &anna, yes).await;
        assert_eq!((told(&refused), failed(&refused)), ((409, "StageAlreadyDecided"), vec!["stageOpen"]));
        let path = format!("{EM}/assignmentRequests/{request}");
        let refused = app.post(&format!("{path}/cancel"), &carla, Value::Null).await;
        assert_eq!((told(&refused), failed(&refused)), ((400, "RequestNotCancelable"), vec!["requestCancelable"]));
        let refused = app.post(&format!("{path}/reprocess"), &campaign.token, Value::Null).await;
        assert_eq!(
            (told(&refused), failed(&refused)),
            ((400, "RequestNotReprocessable"), vec!["requestReprocessable"])
        );
        let mut unknown = campaign.request("adminAdd", "carla");
        unknown["assignment"]["targetId"] = Value::Null;
        unknown["assignment"]["target"] = json!({ "email": format!("nobody@{}", company::DOMAIN) });
        let refused = campaign.ask(app, &campaign.token, unknown).await;
        assert_eq!((told(&refused), failed(&refused)), ((400, "TargetNotEligible"), vec!["targetKnown"]));
    });
}
