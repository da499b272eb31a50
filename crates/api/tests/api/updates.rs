//! Changing what somebody holds: extension by its holder, any end by an administrator, renewal by asking again, and who may
//! not (behaviour.md b.2, c.7).

use crate::campaign::{Campaign, open_policy};
use crate::delivery::by_hand;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// The campaign under a policy of thirty days that holders may extend, with an end that they choose.
pub async fn extendable(app: &TestApp) -> Campaign {
    with_policy(app, choosing).await
}

fn choosing(policy: &mut Value) {
    policy["requestorSettings"]["allowCustomAssignmentSchedule"] = json!(true);
}

pub async fn with_policy(app: &TestApp, change: impl FnOnce(&mut Value)) -> Campaign {
    let mut campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
    change(&mut body);
    campaign.policy = campaign.add_policy(app, body).await;
    campaign
}

pub fn update(kind: &str, assignment: &str) -> Value {
    json!({ "requestType": kind, "assignment": { "id": assignment } })
}

pub fn until(mut body: Value, end: &str) -> Value {
    body["schedule"] = json!({ "expiration": { "type": "afterDateTime", "endDateTime": end } });
    body
}

/// Has somebody's request tried and not made; in the newer version, which knows that it can be.
pub async fn only_tried(app: &TestApp, token: &str, body: &Value) -> Answer {
    // The older version writes these words with a capital.
    let mut kind = body["requestType"].as_str().unwrap_or_default().to_owned();
    kind.get_mut(..1).map(str::make_ascii_uppercase).unwrap_or_default();
    let body = json!({ "requestType": kind, "isValidationOnly": true, "accessPackageAssignment": body["assignment"] });
    app.post(&format!("{EM_BETA}/accessPackageAssignmentRequests"), token, body).await
}

pub async fn end_of(app: &TestApp, campaign: &Campaign, assignment: &str) -> String {
    let found = app.get(&format!("{EM}/assignments/{assignment}"), &campaign.token).await.expect(200);
    found.json["schedule"]["expiration"]["endDateTime"].as_str().unwrap_or_default().to_owned()
}

async fn patch_policy(app: &TestApp, campaign: &Campaign, body: Value) {
    app.patch(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token, body).await.expect(204);
}

async fn activities(app: &TestApp, token: &str, request: &str) -> Vec<String> {
    let filter = format!("targetResources/any(t:t/id eq '{request}')");
    let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), token).await.expect(200);
    rows.column("activityDisplayName")
}

pub fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

#[test]
fn a_holder_extends_his_access_and_the_end_moves() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        app.advance("P10D").await;
        let request = campaign.ask(app, &carla, update("userUpdate", &id)).await.expect(201).id();
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-11"), "thirty days from now");
        let shown = app.get(&format!("{EM}/assignmentRequests/{request}"), &carla).await.expect(200).json;
        assert_eq!((&shown["requestType"], &shown["state"]), (&json!("userUpdate"), &json!("delivered")));
        let rows = activities(app, &campaign.token, &request).await;
        assert_eq!(
            rows,
            [
                "User requests to extend access package assignment",
                "Auto approve access package assignment request",
                "Extend access package assignment",
            ]
        );
        let path = format!("{EM_BETA}/accessPackageAssignments/{id}");
        assert_eq!(app.get(&path, &carla).await.expect(200).json["isExtended"], true);
        app.advance("P20D").await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"], "past the first end");
        app.advance("P10D").await;
        assert_eq!(campaign.members(app).await, [""; 0]);
        let late = campaign.ask(app, &carla, update("userUpdate", &id)).await;
        assert_eq!(told(&late), (400, "AssignmentNotLive"));
    });
}

#[test]
fn the_old_name_extends_and_the_package_names_the_assignment() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        app.advance("P5D").await;
        let body = json!({ "requestType": "UserExtend",
            "accessPackageAssignment": { "accessPackageId": campaign.package, "assignmentPolicyId": campaign.policy } });
        let path = format!("{EM_BETA}/accessPackageAssignmentRequests");
        let made = app.post(&path, &carla, body).await.expect(201);
        assert_eq!(made.json["requestType"], "UserUpdate");
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-06"));
        let by_request = update("userExtend", &made.id());
        app.advance("P1D").await;
        campaign.ask(app, &carla, by_request).await.expect(201);
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-07"), "named by its last request");
    });
}

#[test]
fn an_extension_is_capped_at_the_policys_date() {
    on_every_database(async |app| {
        let campaign = with_policy(app, |p| {
            choosing(p);
            p["expiration"] = json!({ "type": "afterDateTime", "endDateTime": "2026-05-01T00:00:00Z" });
        })
        .await;
        let mut body = campaign.request("adminAdd", "carla");
        body["schedule"] = json!({ "expiration": { "type": "afterDuration", "duration": "P30D" } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        let carla = app.token_of_person("carla").await;
        for (end, told_) in [
            ("2026-05-01T00:00:01Z", (400, "ScheduleNotAllowed")),
            ("2026-03-20T00:00:00Z", (400, "ScheduleNotAllowed")),
        ] {
            let refused = campaign.ask(app, &carla, until(update("userUpdate", &id), end)).await;
            assert_eq!(told(&refused), told_, "{end}");
        }
        campaign.ask(app, &carla, update("userUpdate", &id)).await.expect(201);
        assert_eq!(end_of(app, &campaign, &id).await, "2026-05-01T00:00:00Z");
        let again = campaign.ask(app, &carla, update("userUpdate", &id)).await;
        assert_eq!(told(&again), (400, "ExtensionNotAllowed"), "there is no later one");
    });
}

#[test]
fn who_left_the_scope_or_may_not_extend_is_refused_with_every_guard() {
    on_every_database(async |app| {
        let campaign = with_policy(app, |p| {
            p["allowedTargetScope"] = json!("specificDirectoryUsers");
            p["specificAllowedTargets"] =
                json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") }]);
        })
        .await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        let (staff, person) = (company::group("staff"), company::person("carla"));
        app.delete(&format!("/v1.0/groups/{staff}/members/{person}/$ref"), &campaign.token).await.expect(204);
        let refused = campaign.ask(app, &carla, update("userUpdate", &id)).await;
        assert_eq!(told(&refused), (400, "NotInPolicyScope"));
        let guards = refused.json["error"]["innerError"]["tenure"]["guards"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = guards.iter().filter_map(|g| g["guard"].as_str()).collect();
        assert_eq!(
            names,
            [
                "liveAssignment",
                "policyEnabled",
                "selfUpdateAllowed",
                "policyScope",
                "signInAllowed",
                "noOpenRequest",
                "schedule",
                "justification",
                "answers",
                "attributes",
                "approverAvailable",
            ]
        );
        let failed: Vec<&str> =
            guards.iter().filter(|g| g["passed"] == false).filter_map(|g| g["guard"].as_str()).collect();
        assert_eq!(failed, ["policyScope"]);
        patch_policy(app, &campaign, json!({ "requestorSettings": { "enableTargetsToSelfUpdateAccess": false } }))
            .await;
        let refused = campaign.ask(app, &carla, update("userUpdate", &id)).await;
        assert_eq!(told(&refused), (400, "ExtensionNotAllowed"));
        let foreign = campaign.ask(app, &app.token_of_person("ben").await, update("userRemove", &id)).await;
        assert_eq!(foreign.status, 400, "he is her manager, so he knows of it, and the policy lets no manager");
        let stranger = app.token_of_person("gil").await;
        assert_eq!(told(&campaign.ask(app, &stranger, update("userUpdate", &id)).await), (404, "ResourceNotFound"));
    });
}

#[test]
fn leaving_out_whether_holders_may_extend_means_yes_in_beta_and_no_in_v1() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let older = app.made(
            app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, open_policy(&campaign.package)).await,
            "policy:older",
        );
        let body = json!({ "displayName": "Newer", "accessPackageId": campaign.package, "durationInDays": 30,
            "requestorSettings": { "scopeType": "AllExistingDirectoryMemberUsers", "acceptRequests": true } });
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
        let newer = app.made(app.post(&path, &campaign.token, body).await, "policy:newer");
        for (policy, alias, status) in [(older, "carla", 400), (newer, "ben", 201)] {
            let campaign = Campaign {
                policy,
                token: campaign.token.clone(),
                catalog: campaign.catalog.clone(),
                resource: campaign.resource.clone(),
                package: campaign.package.clone(),
            };
            let id = campaign.assign(app, alias).await;
            app.advance("P1D").await;
            let asked = campaign.ask(app, &app.token_of_person(alias).await, update("userUpdate", &id)).await;
            assert_eq!(asked.status, status, "{alias} {}", asked.text);
        }
    });
}

#[test]
fn an_administrator_moves_an_end_both_ways_but_not_into_the_past() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P10D").await;
        let ask = async |body: Value| campaign.ask(app, &campaign.token, body).await;
        let mut body = until(update("adminUpdate", &id), "2026-12-31T00:00:00Z");
        body["schedule"]["startDateTime"] = json!("2026-03-05T00:00:00Z");
        let request = ask(body).await.expect(201).id();
        assert_eq!(end_of(app, &campaign, &id).await, "2026-12-31T00:00:00Z");
        let shown = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await.json;
        assert_eq!(shown["schedule"]["startDateTime"].as_str().and_then(|t| t.get(..10)), Some("2026-03-02"));
        assert_eq!(
            activities(app, &campaign.token, &request).await,
            ["Update access package assignment request", "Extend access package assignment"]
        );
        ask(until(update("adminUpdate", &id), "2026-03-14T00:00:00Z")).await.expect(201);
        for end in ["2026-03-12T09:00:00Z", "2026-01-01T00:00:00Z"] {
            let refused = ask(until(update("adminUpdate", &id), end)).await;
            assert_eq!(told(&refused), (400, "ScheduleNotAllowed"), "{end}");
        }
        let carla = app.token_of_person("carla").await;
        assert_eq!(campaign.ask(app, &carla, update("adminUpdate", &id)).await.status, 403);
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        app.advance("P2D").await;
        assert_eq!(campaign.members(app).await, [""; 0], "the shorter end holds");
    });
}

#[test]
fn the_audit_has_the_end_before_and_after() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        let body = until(update("adminUpdate", &id), "2026-12-31T00:00:00Z");
        let request = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        let filter = format!("targetResources/any(t:t/id eq '{request}')");
        let rows =
            app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &campaign.token).await.expect(200);
        let modified: Vec<&Value> = rows
            .values()
            .iter()
            .flat_map(|row| row["targetResources"].as_array().into_iter().flatten())
            .flat_map(|target| target["modifiedProperties"].as_array().into_iter().flatten())
            .collect();
        let end = modified.iter().find(|m| m["displayName"] == "EndDateTime").expect("the end");
        assert_eq!(end["newValue"], "2026-12-31T00:00:00Z");
        assert!(end["oldValue"].as_str().is_some_and(|t| t.starts_with("2026-04-01")));
    });
}

#[test]
fn asking_again_with_an_end_is_a_renewal_and_without_one_is_refused() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        app.advance("P10D").await;
        let plain = campaign.request("userAdd", "carla");
        let refused = campaign.ask(app, &carla, plain.clone()).await;
        assert_eq!(
            (told(&refused), refused.related()),
            ((400, "ExistingAssignment"), vec![("accessPackageAssignment", id.as_str())])
        );
        let mut renewal = plain.clone();
        renewal["schedule"] = json!({ "expiration": { "type": "afterDuration", "duration": "P25D" } });
        let made = campaign.ask(app, &carla, renewal.clone()).await.expect(201);
        assert_eq!(made.json["requestType"], "userAdd");
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-06"));
        patch_policy(app, &campaign, json!({ "requestorSettings": { "enableTargetsToSelfUpdateAccess": false } }))
            .await;
        app.advance("P1D").await;
        assert_eq!(told(&campaign.ask(app, &carla, renewal).await), (400, "ExistingAssignment"));
    });
}

#[test]
fn an_update_that_is_only_tried_changes_nothing() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        let before = end_of(app, &campaign, &id).await;
        app.advance("P10D").await;
        let body =
            json!({ "requestType": "UserUpdate", "isValidationOnly": true, "accessPackageAssignment": { "id": id } });
        let tried = app.post(&format!("{EM_BETA}/assignmentRequests"), &app.token_of_person("carla").await, body).await;
        assert!(
            tried.expect(200).json["@tenure.guards"].as_array().is_some_and(|g| g.iter().all(|g| g["passed"] == true))
        );
        assert_eq!(end_of(app, &campaign, &id).await, before);
    });
}

#[test]
fn who_holds_by_direct_assignment_only_cannot_extend() {
    on_every_database(async |app| {
        let campaign = with_policy(app, |p| p["allowedTargetScope"] = json!("notSpecified")).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P1D").await;
        let refused = campaign.ask(app, &app.token_of_person("carla").await, update("userExtend", &id)).await;
        assert_eq!(told(&refused), (400, "ExtensionNotAllowed"));
    });
}

#[test]
fn a_request_keeps_the_period_it_was_made_under_when_the_policy_changes() {
    on_every_database(async |app| {
        let campaign =
            with_policy(app, |p| p["requestorSettings"]["allowCustomAssignmentSchedule"] = json!(true)).await;
        let carla = app.token_of_person("carla").await;
        let mut body = campaign.request("userAdd", "carla");
        body["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        campaign.ask(app, &carla, body).await.expect(201);
        patch_policy(app, &campaign, json!({ "expiration": { "type": "afterDuration", "duration": "P5D" } })).await;
        app.advance("P3D").await;
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        assert_eq!(
            end_of(app, &campaign, &id).await,
            "2026-04-04T09:00:00Z",
            "the period of the policy it was made under"
        );
    });
}

#[test]
fn a_policy_for_nobody_that_is_switched_off_lets_no_administrator_assign() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let body = json!({ "displayName": "None", "accessPackageId": campaign.package,
            "requestorSettings": { "scopeType": "NoSubjects", "acceptRequests": false } });
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
        let policy = app.post(&path, &campaign.token, body).await.expect(201).id();
        let campaign = Campaign { policy, ..campaign };
        let refused = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        assert_eq!(told(&refused), (400, "PolicyDisabled"));
        let on = json!({ "requestorSettings": { "acceptRequests": true } });
        app.patch(&format!("{path}/{}", campaign.policy), &campaign.token, on).await.expect(204);
        campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await.expect(201);
    });
}

/// The settings of a policy whose extensions Anna approves.
fn anna_approves() -> Value {
    json!({
        "isApprovalRequiredForAdd": false,
        "isApprovalRequiredForUpdate": true,
        "stages": [{
            "durationBeforeAutomaticDenial": "P5D",
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("anna") }],
            "fallbackPrimaryApprovers": [], "escalationApprovers": [], "fallbackEscalationApprovers": [],
        }],
    })
}

/// The campaign under such a policy.
async fn approved_by_anna(app: &TestApp) -> Campaign {
    with_policy(app, |p| p["requestApprovalSettings"] = anna_approves()).await
}

/// The same for the members of one group.
async fn for_staff_approved_by_anna(app: &TestApp) -> Campaign {
    with_policy(app, |p| {
        p["requestApprovalSettings"] = anna_approves();
        p["allowedTargetScope"] = json!("specificDirectoryUsers");
        p["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") }]);
    })
    .await
}

async fn decide(app: &TestApp, request: &str, verdict: &str) {
    let anna = app.token_of_person("anna").await;
    let path = format!("{EM}/accessPackageAssignmentApprovals/{request}");
    let stages = app.get(&format!("{path}/stages"), &anna).await.expect(200);
    let stage = stages.column("id")[0].clone();
    let body = json!({ "reviewResult": verdict, "justification": "Seen" });
    app.patch(&format!("{path}/stages/{stage}"), &anna, body).await.expect(204);
    app.drain().await;
}

#[test]
fn an_extension_that_needs_approval_moves_the_end_when_it_is_approved() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app).await;
        let id = campaign.assign(app, "carla").await;
        let before = end_of(app, &campaign, &id).await;
        let carla = app.token_of_person("carla").await;
        app.advance("P16D").await;
        let request = campaign.ask(app, &carla, update("userExtend", &id)).await.expect(201).id();
        app.drain().await;
        let state = async || {
            let found = app.get(&format!("{EM}/assignmentRequests/{request}"), &carla).await.expect(200).json;
            found["state"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(state().await, "pendingApproval");
        assert_eq!(end_of(app, &campaign, &id).await, before);
        let second = campaign.ask(app, &carla, update("userExtend", &id)).await;
        assert_eq!(told(&second), (400, "ExistingOpenRequest"));
        app.advance("P2D").await;
        decide(app, &request, "Approve").await;
        assert_eq!(state().await, "delivered");
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-19"), "thirty days from the approval");
        assert_eq!(
            activities(app, &campaign.token, &request).await,
            [
                "User requests to extend access package assignment",
                "Create request approval",
                "Add approver to request approval",
                "Approve access package assignment request",
                "Extend access package assignment",
            ]
        );
    });
}

#[test]
fn an_extension_that_is_denied_or_comes_too_late_leaves_the_end() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app).await;
        let id = campaign.assign(app, "carla").await;
        let before = end_of(app, &campaign, &id).await;
        let carla = app.token_of_person("carla").await;
        app.advance("P20D").await;
        let request = campaign.ask(app, &carla, update("userExtend", &id)).await.expect(201).id();
        decide(app, &request, "Deny").await;
        assert_eq!(end_of(app, &campaign, &id).await, before);
        app.advance("P9D").await;
        let late = campaign.ask(app, &carla, update("userExtend", &id)).await.expect(201).id();
        app.advance("P2D").await;
        assert_eq!(campaign.members(app).await, [""; 0], "the end does not wait");
        let found = app.get(&format!("{EM}/assignmentRequests/{late}"), &carla).await.expect(200).json;
        assert_eq!(found["state"], "canceled");
    });
}

#[test]
fn an_administrator_needs_no_approval_to_move_an_end() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app).await;
        let id = campaign.assign(app, "carla").await;
        let body = until(update("adminUpdate", &id), "2026-12-31T00:00:00Z");
        campaign.ask(app, &campaign.token, body).await.expect(201);
        assert_eq!(end_of(app, &campaign, &id).await, "2026-12-31T00:00:00Z");
    });
}

#[test]
fn a_change_that_was_approved_and_failed_is_made_when_it_is_reprocessed_and_can_be_made() {
    on_every_database(async |app| {
        let campaign = for_staff_approved_by_anna(app).await;
        let id = campaign.assign(app, "carla").await;
        let before = end_of(app, &campaign, &id).await;
        let carla = app.token_of_person("carla").await;
        app.advance("P16D").await;
        let request = campaign.ask(app, &carla, update("userExtend", &id)).await.expect(201).id();
        by_hand(app, &campaign, "staff", "carla", false).await;
        decide(app, &request, "Approve").await;
        let state = async || {
            let path = format!("{EM}/assignmentRequests/{request}");
            app.get(&path, &campaign.token).await.expect(200).json["state"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(state().await, "deliveryFailed", "she left the scope");
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        app.post(&path, &campaign.token, Value::Null).await.expect(202);
        assert_eq!((state().await.as_str(), end_of(app, &campaign, &id).await), ("deliveryFailed", before));
        by_hand(app, &campaign, "staff", "carla", true).await;
        app.post(&path, &campaign.token, Value::Null).await.expect(202);
        assert_eq!(state().await, "delivered");
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-17"), "thirty days from now");
        app.drain().await;
    });
}

#[test]
fn what_has_ended_is_not_changed_although_its_policy_is_gone() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        campaign.ask(app, &campaign.token, update("adminRemove", &id)).await.expect(201);
        app.delete(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token).await.expect(204);
        let carla = app.token_of_person("carla").await;
        let body = |kind| until(update(kind, &id), "2027-01-01T00:00:00Z");
        let asked = campaign.ask(app, &carla, body("userUpdate")).await;
        assert_eq!(told(&asked), (400, "AssignmentNotLive"));
        let set = campaign.ask(app, &campaign.token, body("adminUpdate")).await;
        assert_eq!(told(&set), (400, "AssignmentNotLive"));
        app.drain().await;
    });
}
