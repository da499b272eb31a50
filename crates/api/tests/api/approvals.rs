//! Approval in one to three stages: who decides, what time does, what everybody hears (behaviour.md b.4, h and p).

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

pub const APPROVALS: &str = "accessPackageAssignmentApprovals";

/// On every database; mails that wait are sent in the end.
pub fn on_both(test: impl AsyncFn(&TestApp) + Copy) {
    on_every_database(async |app| {
        test(app).await;
        app.drain().await;
    });
}

/// Makes a person of the company who can sign in; gives the id.
pub async fn hire(app: &TestApp, token: &str, alias: &str) -> String {
    let body = json!({
        "accountEnabled": true,
        "displayName": format!("{alias} of the company"),
        "mailNickname": alias,
        "userPrincipalName": company::principal_name(alias),
        "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
    });
    let made = app.post("/v1.0/users", token, body).await;
    app.made(made, &format!("user:{alias}"))
}

pub async fn add_member(app: &TestApp, token: &str, group: &str, member: &str) {
    let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}") });
    app.post(&format!("/v1.0/groups/{group}/members/$ref"), token, body).await.expect(204);
}

pub fn user(id: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": id })
}

pub fn group(id: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": id })
}

pub fn manager() -> Value {
    json!({ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1 })
}

/// A stage of five days.
pub fn stage(primary: &[Value]) -> Value {
    json!({
        "durationBeforeAutomaticDenial": "P5D",
        "isApproverJustificationRequired": false,
        "isEscalationEnabled": false,
        "primaryApprovers": primary,
        "fallbackPrimaryApprovers": [],
        "escalationApprovers": [],
        "fallbackEscalationApprovers": [],
    })
}

/// A policy with those stages.
pub fn policy(package: &str, stages: &[Value]) -> Value {
    json!({
        "displayName": "With approval",
        "accessPackage": { "id": package },
        "allowedTargetScope": "allMemberUsers",
        "expiration": { "type": "afterDuration", "duration": "P30D" },
        "requestorSettings": { "enableTargetsToSelfAddAccess": true, "allowCustomAssignmentSchedule": true },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": true,
            "isRequestorJustificationRequired": true,
            "stages": stages,
        },
    })
}

/// A package whose requests go through those stages.
pub async fn with_stages(app: &TestApp, stages: impl AsyncFnOnce(&TestApp, &str) -> Vec<Value>) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let stages = stages(app, &campaign.token).await;
    let policy = campaign.add_policy(app, policy(&campaign.package, &stages)).await;
    Campaign { policy, ..campaign }
}

/// A package for a group, whose requests Ben decides; and the group.
pub async fn for_staff(app: &TestApp) -> (Campaign, String) {
    let staff = company::group("staff").to_string();
    let campaign = Campaign::without_policy(app).await;
    let mut body = policy(&campaign.package, &[stage(&[user(&ben())])]);
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] = json!([group(&staff)]);
    let policy = campaign.add_policy(app, body).await;
    (Campaign { policy, ..campaign }, staff)
}

pub fn anna() -> String {
    company::person("anna").to_string()
}

pub fn ben() -> String {
    company::person("ben").to_string()
}

/// Carla asks, and says why.
pub async fn carla_asks(app: &TestApp, campaign: &Campaign) -> (String, String) {
    let carla = app.token_of_person("carla").await;
    let body = json!({
        "requestType": "userAdd",
        "justification": "for the launch",
        "assignment": { "accessPackageId": campaign.package },
    });
    let asked = campaign.ask(app, &carla, body).await;
    (app.made(asked, "request:carla"), carla)
}

/// The stages of an approval as somebody sees them.
pub async fn stages(app: &TestApp, token: &str, request: &str) -> Vec<Value> {
    let found = app.get(&format!("{EM}/{APPROVALS}/{request}"), token).await.expect(200).json;
    found["stages"].as_array().cloned().unwrap_or_default()
}

/// Decides a stage, the first being 0.
pub async fn decide(app: &TestApp, token: &str, (request, number): (&str, usize), body: Value) -> Answer {
    let administrator = app.token_app().await;
    let stages = stages(app, &administrator, request).await;
    let stage = stages[number]["id"].as_str().unwrap_or_default().to_owned();
    app.patch(&format!("{EM}/{APPROVALS}/{request}/stages/{stage}"), token, body).await
}

pub fn yes() -> Value {
    json!({ "reviewResult": "Approve", "justification": "fine" })
}

pub fn no() -> Value {
    json!({ "reviewResult": "Deny", "justification": "not now" })
}

/// State and status of a request.
pub async fn state(app: &TestApp, request: &str) -> (String, String) {
    let token = app.token_app().await;
    let found = app.get(&format!("{EM}/assignmentRequests/{request}"), &token).await.expect(200).json;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("status"))
}

pub fn two(state: &str, status: &str) -> (String, String) {
    (state.to_owned(), status.to_owned())
}

/// Kinds of the mails that were kept so far, oldest first, each with how many it went to.
pub async fn mails(app: &TestApp) -> Vec<(String, usize)> {
    app.drain().await;
    let token = app.token_app().await;
    let kept = app.get("/tenure/v1/outbox/mail", &token).await.expect(200);
    let one = |mail: &Value| {
        (mail["kind"].as_str().unwrap_or_default().to_owned(), mail["to"].as_array().map_or(0, Vec::len))
    };
    kept.values().iter().map(one).collect()
}

pub fn sent(kinds: &[(&str, usize)]) -> Vec<(String, usize)> {
    kinds.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect()
}

pub async fn activities(app: &TestApp, request: &str) -> Vec<String> {
    let token = app.token_app().await;
    let filter = format!("correlationId eq '{request}'");
    app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &token)
        .await
        .expect(200)
        .column("activityDisplayName")
}

#[test]
fn one_approver_decides_and_the_other_comes_too_late() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&anna()), user(&ben())])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        assert!(campaign.members(app).await.is_empty(), "nobody is a member before");
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        let waiting = app.get(&format!("{EM}/{APPROVALS}/filterByCurrentUser(on='approver')"), &ben).await;
        assert_eq!(waiting.expect(200).column("id"), [request.as_str()]);
        let seen = app.get(&format!("{EM}/{APPROVALS}/{request}"), &ben).await;
        assert_snapshot!("approval_that_waits_in_v1", app.show(&seen));
        assert_eq!(app.get(&format!("{EM}/{APPROVALS}/{request}"), &carla).await.status, 404, "not the requestor's");
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        let late = decide(app, &anna, (&request, 0), no()).await;
        assert_eq!((late.status, late.code()), (409, "StageAlreadyDecided"));
        let beta = app.get(&format!("{EM_BETA}/{APPROVALS}/{request}"), &anna).await;
        assert_snapshot!("approval_that_was_decided_in_beta", app.show(&beta));
        assert_eq!(mails(app).await, sent(&[("decide", 2), ("accessGranted", 1), ("requestFulfilled", 2)]));
        assert_eq!(
            activities(app, &request).await,
            [
                "User requests access package assignment",
                "Create request approval",
                "Add approver to request approval",
                "Add approver to request approval",
                "Approve access package assignment request",
                "Ready to fulfill access package assignment request",
                "Fulfill access package assignment request",
            ]
        );
    });
}

#[test]
fn a_denial_in_the_second_of_three_stages_ends_the_request() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            vec![stage(&[user(&ben())]), stage(&[user(&anna())]), stage(&[user(&dora)])]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        let early = decide(app, &anna, (&request, 1), yes()).await;
        assert_eq!((early.status, early.code()), (403, "NotAnApprover"), "her stage is not open");
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        decide(app, &anna, (&request, 1), no()).await.expect(204);
        assert_eq!(state(app, &request).await, two("denied", "Denied"));
        let seen = stages(app, &campaign.token, &request).await;
        let told: Vec<_> = seen.iter().map(|s| (s["status"].as_str(), s["reviewResult"].as_str())).collect();
        assert_eq!(
            told,
            [
                (Some("Completed"), Some("Approved")),
                (Some("Completed"), Some("Denied")),
                (Some("Initializing"), Some("NotReviewed"))
            ]
        );
        let sent_now = mails(app).await;
        assert_eq!(sent_now, sent(&[("decide", 1), ("stageApproved", 1), ("laterDecide", 1), ("denied", 1)]));
        let again = carla_asks(app, &campaign).await.0;
        assert_ne!(again, request, "a denied request can be made again");
    });
}

#[test]
fn alternates_are_asked_after_two_days_and_the_first_keeps_his_right() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| {
            let mut one = stage(&[user(&ben())]);
            one["isEscalationEnabled"] = json!(true);
            one["durationBeforeEscalation"] = json!("P2D");
            one["escalationApprovers"] = json!([user(&anna())]);
            vec![one]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        let early = decide(app, &anna, (&request, 0), yes()).await;
        assert_eq!(early.code(), "NotAnApprover");
        app.advance("P2D").await;
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApprovalEscalated"));
        app.advance("P1D").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(
            mails(app).await,
            sent(&[
                ("decideBefore", 1),
                ("forwarded", 1),
                ("decideBeforeReminder", 1),
                ("accessGranted", 1),
                ("requestFulfilled", 2)
            ])
        );
    });
}

#[test]
fn nobody_decides_and_the_request_expires() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        app.advance("P3D").await;
        assert_eq!(mails(app).await, sent(&[("decide", 1), ("decideReminder", 1)]));
        app.advance("P2D").await;
        assert_eq!(state(app, &request).await, two("denied", "Expired"));
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "StageAlreadyDecided");
        let kinds = mails(app).await;
        assert_eq!(kinds[2..], sent(&[("stageExpired", 1), ("expired", 1)]));
        app.advance("P30D").await;
        assert_eq!(mails(app).await.len(), 4, "nobody hears of it again");
        let audit = activities(app, &request).await;
        assert_eq!(
            audit.last().map(String::as_str),
            Some("Access package assignment request timed out (no approver action taken)")
        );
    });
}

#[test]
fn a_stage_may_want_a_reason_and_a_strange_word_is_refused() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| {
            let mut one = stage(&[user(&ben())]);
            one["isApproverJustificationRequired"] = json!(true);
            vec![one]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        let bare = decide(app, &ben, (&request, 0), json!({ "reviewResult": "Approve" })).await;
        assert_eq!((bare.status, bare.code(), bare.pointers()), (400, "JustificationRequired", vec!["/justification"]));
        let strange = decide(app, &ben, (&request, 0), json!({ "reviewResult": "Perhaps" })).await;
        assert_eq!((strange.status, strange.pointers()), (400, vec!["/reviewResult"]));
        let app_alone = decide(app, &campaign.token, (&request, 0), yes()).await;
        assert_eq!((app_alone.status, app_alone.code()), (403, "NotAnApprover"), "applications do not approve");
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        let unknown = format!("{EM}/{APPROVALS}/{}/stages/{}", campaign.package, campaign.package);
        assert_eq!(app.patch(&unknown, &ben, yes()).await.status, 404);
    });
}

#[test]
fn what_waits_for_approval_can_be_taken_back() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        app.post(&format!("{EM}/assignmentRequests/{request}/cancel"), &carla, json!({})).await.expect(204);
        assert_eq!(state(app, &request).await, two("canceled", "Canceled"));
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "StageAlreadyDecided");
        app.advance("P30D").await;
        assert_eq!(state(app, &request).await, two("canceled", "Canceled"));
        assert_eq!(mails(app).await, sent(&[("decide", 1)]), "its instants bring nothing");
    });
}

#[test]
fn approval_comes_before_the_start_and_the_start_before_delivery() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let carla = app.token_of_person("carla").await;
        let start = app.now().checked_add(jiff::SignedDuration::from_hours(72)).expect("a time");
        let body = json!({ "requestType": "userAdd", "justification": "later",
            "assignment": { "accessPackageId": campaign.package }, "schedule": { "startDateTime": start } });
        let asked = campaign.ask(app, &carla, body).await;
        let request = app.made(asked, "request:carla");
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("scheduled", "PendingNotBefore"));
        app.advance("P3D").await;
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn who_lost_the_scope_meanwhile_is_not_delivered() {
    on_both(async |app| {
        let (campaign, staff) = for_staff(app).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let gone = format!("/v1.0/groups/{staff}/members/{}/$ref", company::person("carla"));
        app.delete(&gone, &campaign.token).await.expect(204);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("deliveryFailed", "DeliveryFailed"));
        assert!(campaign.members(app).await.is_empty());
    });
}

#[test]
fn direct_assignment_waits_for_approval_too_unless_somebody_may_bypass_it() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        let request = app.made(asked, "request:carla");
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        app.post(&format!("{EM}/assignmentRequests/{request}/cancel"), &campaign.token, json!({})).await.expect(204);
        let mut body = campaign.request("adminAdd", "carla");
        body["parameters"] = json!({ "bypassApproval": true });
        let asked = campaign.ask(app, &campaign.token, body.clone()).await;
        let request = app.made(asked, "request:carla:again");
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(mails(app).await, sent(&[("decide", 1)]), "direct assignments are not announced");
        let carla = app.token_of_person("carla").await;
        body["requestType"] = json!("userAdd");
        let refused = campaign.ask(app, &carla, body).await;
        assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"), "a person cannot skip it");
    });
}

#[test]
fn an_approver_takes_back_what_he_approved_and_says_why() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        let held = campaign.held_by(app, "carla").await.expect("an assignment");
        let body =
            |why: Value| json!({ "requestType": "approverRemove", "justification": why, "assignment": { "id": held } });
        let other = campaign.ask(app, &anna, body(json!("no"))).await;
        assert_eq!((other.status, other.code()), (403, "NotAnApprover"));
        let silent = campaign.ask(app, &ben, body(Value::Null)).await;
        assert_eq!((silent.status, silent.code()), (400, "JustificationRequired"));
        campaign.ask(app, &ben, body(json!("the launch is over"))).await.expect(201);
        assert!(campaign.members(app).await.is_empty());
        drop(carla);
    });
}

#[test]
fn an_edited_policy_leaves_open_requests_as_they_were_asked() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let mut changed = policy(&campaign.package, &[stage(&[user(&anna())]), stage(&[user(&anna())])]);
        changed["expiration"] = json!({ "type": "afterDuration", "duration": "P5D" });
        app.put(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token, changed).await.expect(200);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        app.advance("P6D").await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"], "thirty days, as when she asked");
        app.advance("P25D").await;
        assert!(campaign.members(app).await.is_empty());
    });
}

#[test]
fn a_group_that_is_deleted_decides_nothing_until_it_is_restored() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&anna()), group(&staff)])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        app.delete(&format!("/v1.0/groups/{staff}"), &campaign.token).await.expect(204);
        app.drain().await;
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "NotAnApprover");
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"), "Anna is still there");
        let restore = format!("/v1.0/directory/deletedItems/{staff}/restore");
        app.post(&restore, &campaign.token, Value::Null).await.expect(200);
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        app.drain().await;
    });
}

#[test]
fn who_decides_after_the_end_comes_too_late_although_nobody_has_looked_yet() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        app.let_pass(5 * 86_400);
        app.forget_tokens();
        let ben = app.token_of_person("ben").await;
        let late = decide(app, &ben, (&request, 0), yes()).await;
        assert_eq!((late.status, late.code()), (409, "StageAlreadyDecided"));
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        app.drain().await;
        assert_eq!(state(app, &request).await, two("denied", "Expired"));
    });
}
