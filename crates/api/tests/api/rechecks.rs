//! Scope and separation of duties are tested again whenever access is about to be given (decisions.md H12; behaviour.md
//! b.3 #15, o.3): after the last approval, for guests too, and when a request is reprocessed. Those at a scheduled start are
//! in `incompatible` and `delivery`.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use crate::delivery::by_hand;
use crate::incompatible::Two;
use crate::leftovers::for_group;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, Fault, TestApp, company};

async fn state(app: &TestApp, campaign: &Campaign, request: &str) -> String {
    let found = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
    found["state"].as_str().unwrap_or_default().to_owned()
}

async fn reprocess(app: &TestApp, campaign: &Campaign, request: &str) {
    let path = format!("{EM}/assignmentRequests/{request}/reprocess");
    app.post(&path, &campaign.token, Value::Null).await.expect(202);
    app.drain().await;
}

/// What the last audit row of a request says: name, result and why.
async fn last_row(app: &TestApp, campaign: &Campaign, request: &str) -> (String, String, String) {
    let path = format!("/v1.0/auditLogs/directoryAudits?$top=999&$filter=correlationId eq '{request}'");
    let rows = app.get(&path, &campaign.token).await.expect(200);
    let last = rows.values().last().cloned().unwrap_or_default();
    let text = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
    (text("activityDisplayName"), text("result"), text("resultReason"))
}

/// Asserts that a request has failed, and that the audit tells why.
async fn failed(app: &TestApp, campaign: &Campaign, request: &str, why: &str) {
    assert_eq!(state(app, campaign, request).await, "deliveryFailed");
    let (activity, result, reason) = last_row(app, campaign, request).await;
    assert_eq!((activity.as_str(), result.as_str()), ("Failed access package assignment request", "failure"));
    assert!(reason.contains(why), "{reason}");
}

fn approval(alias: &str) -> Value {
    json!({ "isApprovalRequiredForAdd": true, "stages": [{
        "durationBeforeAutomaticDenial": "P5D",
        "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) }],
    }] })
}

/// Ben says yes to the one stage of a request.
async fn approve(app: &TestApp, campaign: &Campaign, request: &str) {
    let path = format!("{EM}/accessPackageAssignmentApprovals/{request}");
    let found = app.get(&path, &campaign.token).await.expect(200).json;
    let stage = found["stages"][0]["id"].as_str().unwrap_or_default().to_owned();
    let ben = app.token_of_person("ben").await;
    app.patch(&format!("{path}/stages/{stage}"), &ben, json!({ "reviewResult": "Approve" })).await.expect(204);
}

async fn edit(app: &TestApp, campaign: &Campaign, policy: &str, change: Value) {
    app.patch(&format!("{EM}/assignmentPolicies/{policy}"), &campaign.token, change).await.expect(204);
}

#[test]
fn a_delivery_that_failed_is_not_tried_again_for_who_has_what_excludes_it_by_now() {
    on_every_database(async |app| {
        // The group of "Campaign" is kept elsewhere, where it fails; "Campaign" lists "Audit".
        app.master_elsewhere(company::group("sales"), true).await;
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let list = format!("{EM}/accessPackages/{}/incompatibleAccessPackages/$ref", campaign.package);
        let audit = json!({ "@odata.id": format!("https://graph.microsoft.com{EM}/accessPackages/{}", two.other) });
        app.post(&list, &campaign.token, audit).await.expect(204);
        app.elsewhere().fail_next([Fault::Refused]);
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        let request = app.made(asked, "request:carla");
        app.drain().await;
        assert_eq!(state(app, campaign, &request).await, "deliveryFailed");
        // It works one way: she may get "Audit" meanwhile.
        campaign.ask(app, &campaign.token, two.audit("adminAdd", "carla")).await.expect(201);
        reprocess(app, campaign, &request).await;
        failed(app, campaign, &request, "`Audit`").await;
        assert_eq!(app.elsewhere().holders("key"), 0, "nothing was asked of the other side");
        let filter = format!("$filter=accessPackage/id eq '{}' and state eq 'delivered'", two.other);
        let held = app.get(&format!("{EM}/assignments?{filter}"), &campaign.token).await.expect(200).column("id");
        let end = json!({ "requestType": "adminRemove", "assignment": { "id": held[0] } });
        campaign.ask(app, &campaign.token, end).await.expect(201);
        reprocess(app, campaign, &request).await;
        assert_eq!(state(app, campaign, &request).await, "delivered");
        assert_eq!(app.elsewhere().holders("key"), 1);
    });
}

#[test]
fn a_delivery_that_failed_is_not_tried_again_for_who_left_the_scope() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        for_group(&mut body, "staff");
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        app.elsewhere().fail_next([Fault::Refused]);
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        let request = app.made(asked, "request:carla");
        app.drain().await;
        by_hand(app, &campaign, "staff", "carla", false).await;
        reprocess(app, &campaign, &request).await;
        failed(app, &campaign, &request, "scope").await;
        by_hand(app, &campaign, "staff", "carla", true).await;
        reprocess(app, &campaign, &request).await;
        assert_eq!(state(app, &campaign, &request).await, "delivered");
    });
}

#[test]
fn an_extension_that_failed_for_want_of_scope_moves_the_end_when_it_is_reprocessed() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        for_group(&mut body, "staff");
        body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
        let mut stages = approval("ben");
        stages["isApprovalRequiredForAdd"] = json!(false);
        stages["isApprovalRequiredForUpdate"] = json!(true);
        body["requestApprovalSettings"] = stages;
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        let id = campaign.assign(app, "carla").await;
        app.advance("P10D").await;
        let carla = app.token_of_person("carla").await;
        let extend = json!({ "requestType": "userExtend", "assignment": { "id": id } });
        let request = campaign.ask(app, &carla, extend).await.expect(201).id();
        by_hand(app, &campaign, "staff", "carla", false).await;
        approve(app, &campaign, &request).await;
        failed(app, &campaign, &request, "scope").await;
        let end = async || {
            let found = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await.expect(200).json;
            let end = found["schedule"]["expiration"]["endDateTime"].as_str().unwrap_or_default();
            end.get(..10).unwrap_or_default().to_owned()
        };
        assert_eq!(end().await, "2026-04-01");
        reprocess(app, &campaign, &request).await;
        failed(app, &campaign, &request, "scope").await;
        by_hand(app, &campaign, "staff", "carla", true).await;
        reprocess(app, &campaign, &request).await;
        assert_eq!(state(app, &campaign, &request).await, "delivered");
        assert_eq!(end().await, "2026-04-11", "the end that was asked for");
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        app.drain().await;
    });
}

#[test]
fn what_came_between_the_request_and_its_last_approval_excludes_the_delivery() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        edit(app, campaign, &two.other_policy, json!({ "requestApprovalSettings": approval("ben") })).await;
        let asked = campaign.ask(app, &campaign.token, two.audit("adminAdd", "carla")).await;
        let request = app.made(asked, "request:carla");
        campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await.expect(201);
        approve(app, campaign, &request).await;
        failed(app, campaign, &request, "`Campaign`").await;
        let live = format!("{EM}/assignments?$filter=accessPackage/id eq '{}'", two.other);
        assert_eq!(app.get(&live, &campaign.token).await.expect(200).values().len(), 0);
        app.drain().await;
    });
}

/// Two packages for everybody outside, both with approval; "Audit" lists "Campaign".
async fn for_everybody_outside(app: &TestApp) -> Two {
    let two = Two::start(app).await;
    two.exclude(app).await;
    let campaign = &two.campaign;
    let path = format!("{EM}/catalogs/{}", campaign.catalog);
    app.patch(&path, &campaign.token, json!({ "isExternallyVisible": true })).await.expect(204);
    for policy in [&campaign.policy, &two.other_policy] {
        let change = json!({ "allowedTargetScope": "allExternalUsers", "requestApprovalSettings": approval("ben") });
        edit(app, campaign, policy, change).await;
    }
    two
}

async fn by_address(app: &TestApp, campaign: &Campaign, package: &str, policy: &str) -> Answer {
    let body = json!({ "requestType": "adminAdd", "assignment": {
        "target": { "email": "ada@analytical.example" }, "assignmentPolicyId": policy, "accessPackageId": package } });
    campaign.ask(app, &campaign.token, body).await
}

async fn guests(app: &TestApp, token: &str) -> Vec<String> {
    let path = "/v1.0/users?$filter=userType eq 'Guest'&$select=mail,displayName&$orderby=displayName";
    app.get(path, token).await.expect(200).column("mail")
}

#[test]
fn a_guest_is_made_when_the_last_approver_has_said_yes_and_not_before() {
    on_every_database(async |app| {
        let two = for_everybody_outside(app).await;
        let campaign = &two.campaign;
        let asked = by_address(app, campaign, &campaign.package, &campaign.policy).await;
        let request = app.made(asked, "request:ada");
        assert_eq!(state(app, campaign, &request).await, "pendingApproval");
        let before = guests(app, &campaign.token).await;
        assert!(!before.iter().any(|mail| mail.contains("ada@")), "{before:?}");
        approve(app, campaign, &request).await;
        assert_eq!(state(app, campaign, &request).await, "delivered");
        let after = guests(app, &campaign.token).await;
        assert_eq!(after.iter().filter(|mail| *mail == "ada@analytical.example").count(), 1, "{after:?}");
        assert_eq!(campaign.members(app).await.len(), 1);
        app.drain().await;
    });
}

#[test]
fn a_guest_is_not_given_what_the_access_he_got_meanwhile_excludes() {
    on_every_database(async |app| {
        let two = for_everybody_outside(app).await;
        let campaign = &two.campaign;
        let audit = by_address(app, campaign, &two.other, &two.other_policy).await;
        let audit = app.made(audit, "request:audit");
        let first = by_address(app, campaign, &campaign.package, &campaign.policy).await;
        let first = app.made(first, "request:campaign");
        approve(app, campaign, &first).await;
        assert_eq!(state(app, campaign, &first).await, "delivered");
        approve(app, campaign, &audit).await;
        failed(app, campaign, &audit, "`Campaign`").await;
        let after = guests(app, &campaign.token).await;
        assert_eq!(after.iter().filter(|mail| *mail == "ada@analytical.example").count(), 1, "one account: {after:?}");
        app.drain().await;
    });
}

#[test]
fn an_assignment_that_lacks_a_role_is_not_completed_for_who_left_the_scope() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::without_policy(app).await;
        crate::delivery::add_to_package(app, &campaign, "staff").await;
        let mut body = open_policy(&campaign.package);
        for_group(&mut body, "staff");
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, id) = crate::delivery::asked(app, &campaign, "carla").await;
        assert_eq!(state(app, &campaign, &request).await, "partiallyDelivered");
        by_hand(app, &campaign, "staff", "carla", false).await;
        let again = format!("{EM}/assignments/{id}/reprocess");
        let refused = app.post(&again, &campaign.token, Value::Null).await;
        assert_eq!((refused.status, refused.code()), (400, "NotInPolicyScope"), "{}", refused.text);
        assert!(refused.text.contains("policyScope"), "{}", refused.text);
        reprocess(app, &campaign, &request).await;
        assert_eq!(state(app, &campaign, &request).await, "partiallyDelivered", "the request itself fails again");
        assert_eq!(app.elsewhere().holders("key"), 0);
        by_hand(app, &campaign, "staff", "carla", true).await;
        app.post(&again, &campaign.token, Value::Null).await.expect(202);
        app.drain().await;
        assert_eq!(state(app, &campaign, &request).await, "delivered");
        assert_eq!(app.elsewhere().holders("key"), 1);
    });
}
