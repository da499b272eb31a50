//! An edited policy touches nothing that is there, until an administrator says so: assignments get its end, and approvals
//! that wait begin anew (behaviour.md b.5, o.10, o.11; decisions.md H1).

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use crate::following::holders;
use serde_json::{Value, json};
use tenure_domain::limits::{INLINE_HOLDERS_MAX, JOB_KEEP_DAYS};
use tenure_service::{Identity, bulk};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};
use uuid::Uuid;

const APPROVALS: &str = "accessPackageAssignmentApprovals";

fn days(n: u32) -> Value {
    json!({ "type": "afterDuration", "duration": format!("P{n}D") })
}

async fn edit(app: &TestApp, campaign: &Campaign, change: Value) {
    let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    app.patch(&path, &campaign.token, change).await.expect(204);
}

async fn said(app: &TestApp, campaign: &Campaign, action: &str) -> Answer {
    app.post(&format!("/tenure/v1/policies/{}/{action}", campaign.policy), &campaign.token, Value::Null).await
}

/// Has what is there follow the policy; gives the job: kind, state, total, done and failed.
async fn follow(app: &TestApp, campaign: &Campaign, action: &str) -> (String, String, [i64; 3]) {
    let answer = said(app, campaign, action).await.expect(202);
    let id = answer.id();
    assert!(answer.header("location").ends_with(&format!("/tenure/v1/jobs/{id}")), "{:?}", answer.headers);
    job(app, campaign, &id).await
}

async fn job(app: &TestApp, campaign: &Campaign, id: &str) -> (String, String, [i64; 3]) {
    let job = app.get(&format!("/tenure/v1/jobs/{id}"), &campaign.token).await.expect(200).json;
    assert_eq!(job["accessPackageId"], campaign.package.as_str());
    let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| job[name].as_i64().unwrap_or(-1);
    (text("kind"), text("state"), ["total", "done", "failed"].map(number))
}

fn done(kind: &str, numbers: [i64; 3]) -> (String, String, [i64; 3]) {
    (kind.to_owned(), "completed".to_owned(), numbers)
}

/// The day on which the live assignment of somebody ends; empty when it never does, nothing when there is none.
async fn end_of(app: &TestApp, campaign: &Campaign, alias: &str) -> Option<String> {
    let id = campaign.held_by(app, alias).await?;
    let found = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await.expect(200).json;
    let end = found["schedule"]["expiration"]["endDateTime"].as_str().unwrap_or_default();
    Some(end.get(..10).unwrap_or_default().to_owned())
}

async fn audited(app: &TestApp, campaign: &Campaign, activity: &str) -> Vec<Value> {
    let path = format!("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq '{activity}'");
    app.get(&path, &campaign.token).await.expect(200).values().to_vec()
}

#[test]
fn an_edited_end_reaches_assignments_when_it_is_applied_and_once() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let mut chosen = campaign.request("adminAdd", "ben");
        chosen["schedule"] = json!({ "expiration": days(20) });
        campaign.ask(app, &campaign.token, chosen).await.expect(201);
        edit(app, &campaign, json!({ "expiration": days(60) })).await;
        let ends = async || (end_of(app, &campaign, "carla").await, end_of(app, &campaign, "ben").await);
        let day = |text: &str| Some(text.to_owned());
        assert_eq!(ends().await, (day("2026-04-01"), day("2026-03-22")), "an edit alone touches nothing");
        assert_eq!(follow(app, &campaign, "applyToExisting").await, done("policyApplication", [2, 2, 0]));
        assert_eq!(ends().await, (day("2026-05-01"), day("2026-03-22")), "a chosen end stays");
        let moved = audited(app, &campaign, "Extend access package assignment").await;
        assert_eq!(moved.len(), 1);
        let changed = moved[0]["targetResources"][0]["modifiedProperties"][0].clone();
        assert_eq!(changed["displayName"], "EndDateTime");
        let shows = |name: &str, day: &str| changed[name].as_str().is_some_and(|text| text.contains(day));
        assert!(shows("oldValue", "2026-04-01") && shows("newValue", "2026-05-01"), "{changed}");
        let edits = audited(app, &campaign, "Update access package assignment policy").await;
        assert!(edits.iter().any(|row| row.to_string().contains("ApplyToExisting")), "who said so is on record");
        assert_eq!(follow(app, &campaign, "applyToExisting").await, done("policyApplication", [2, 2, 0]));
        assert_eq!(audited(app, &campaign, "Extend access package assignment").await.len(), 1, "nothing was left");
        // What would have ended already ends now; a chosen end is cut to what could be asked for today.
        app.advance("P10D").await;
        edit(app, &campaign, json!({ "expiration": days(5) })).await;
        follow(app, &campaign, "applyToExisting").await;
        app.drain().await;
        assert_eq!(ends().await, (None, day("2026-03-17")));
        assert_eq!(campaign.members(app).await, ["Ben Carter"]);
        app.advance("P6D").await;
        assert_eq!(campaign.members(app).await, [""; 0]);
        let mails = app.get("/tenure/v1/outbox/mail?$filter=kind eq 'accessEnded'", &campaign.token).await.expect(200);
        assert_eq!(mails.values().len(), 2);
    });
}

#[test]
fn a_policy_without_an_end_takes_the_end_away_and_a_date_brings_one() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        edit(app, &campaign, json!({ "expiration": { "type": "noExpiration" } })).await;
        follow(app, &campaign, "applyToExisting").await;
        app.advance("P40D").await;
        assert_eq!(end_of(app, &campaign, "carla").await.as_deref(), Some(""));
        let date = json!({ "type": "afterDateTime", "endDateTime": "2026-05-01T00:00:00Z" });
        edit(app, &campaign, json!({ "expiration": date })).await;
        follow(app, &campaign, "applyToExisting").await;
        assert_eq!(end_of(app, &campaign, "carla").await.as_deref(), Some("2026-05-01"));
        app.advance("P30D").await;
        assert_eq!(campaign.members(app).await, [""; 0]);
    });
}

#[test]
fn many_assignments_follow_by_a_job_and_others_of_the_package_do_not() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        holders(app, &campaign, INLINE_HOLDERS_MAX + 1).await;
        let mut other = open_policy(&campaign.package);
        other["displayName"] = json!("Another");
        let other = Campaign { policy: campaign.add_policy(app, other).await, ..copy(&campaign) };
        other.assign(app, "carla").await;
        edit(app, &campaign, json!({ "expiration": days(60) })).await;
        let most = i64::try_from(INLINE_HOLDERS_MAX + 1).unwrap_or_default();
        let id = said(app, &campaign, "applyToExisting").await.expect(202).id();
        assert_eq!(job(app, &campaign, &id).await.2, [most, 0, 0], "nobody was reached yet");
        app.drain().await;
        assert_eq!(job(app, &campaign, &id).await, done("policyApplication", [most, most, 0]));
        let path = format!("{EM}/assignments?$top=999");
        let all = app.get(&path, &campaign.token).await.expect(200);
        let late = all
            .values()
            .iter()
            .filter(|a| a["schedule"]["expiration"]["endDateTime"].as_str().is_some_and(|end| end > "2026-04-30"));
        assert_eq!(late.count(), INLINE_HOLDERS_MAX + 1);
        assert_eq!(end_of(app, &campaign, "carla").await.as_deref(), Some("2026-04-01"), "under another policy");
    });
}

fn copy(campaign: &Campaign) -> Campaign {
    Campaign {
        token: campaign.token.clone(),
        catalog: campaign.catalog.clone(),
        resource: campaign.resource.clone(),
        package: campaign.package.clone(),
        policy: campaign.policy.clone(),
    }
}

fn stages(aliases: &[&str]) -> Value {
    let stage = |alias: &&str| {
        json!({
            "durationBeforeAutomaticDenial": "P5D",
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) }],
        })
    };
    json!({ "isApprovalRequiredForAdd": true, "stages": aliases.iter().map(stage).collect::<Vec<_>>() })
}

async fn with_approval(app: &TestApp, aliases: &[&str]) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["requestApprovalSettings"] = stages(aliases);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn asks(app: &TestApp, campaign: &Campaign, alias: &str) -> String {
    let token = app.token_of_person(alias).await;
    campaign.ask(app, &token, campaign.request("userAdd", alias)).await.expect(201).id()
}

/// Somebody says yes to the stage that is open.
async fn approve(app: &TestApp, campaign: &Campaign, request: &str, alias: &str) -> Answer {
    let found = app.get(&format!("{EM}/{APPROVALS}/{request}"), &campaign.token).await.expect(200).json;
    let open = found["stages"].as_array().and_then(|all| all.iter().find(|s| s["status"] == "InProgress").cloned());
    let stage = open.unwrap_or_else(|| found["stages"][0].clone());
    let path = format!("{EM}/{APPROVALS}/{request}/stages/{}", stage["id"].as_str().unwrap_or_default());
    app.patch(&path, &app.token_of_person(alias).await, json!({ "reviewResult": "Approve" })).await
}

async fn status(app: &TestApp, campaign: &Campaign, request: &str) -> String {
    let found = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
    found["status"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn approvals_that_wait_begin_anew_under_the_edited_policy_when_they_are_restarted() {
    on_every_database(async |app| {
        let campaign = with_approval(app, &["ben", "anna"]).await;
        let request = asks(app, &campaign, "carla").await;
        approve(app, &campaign, &request, "ben").await.expect(204);
        app.advance("P3D").await;
        edit(app, &campaign, json!({ "requestApprovalSettings": stages(&["anna"]), "expiration": days(10) })).await;
        assert_eq!(follow(app, &campaign, "restartApproval").await, done("approvalRestart", [1, 1, 0]));
        let found = app.get(&format!("{EM}/{APPROVALS}/{request}"), &campaign.token).await.expect(200).json;
        let all = found["stages"].as_array().cloned().unwrap_or_default();
        let told: Vec<_> = all.iter().map(|s| (s["status"].as_str(), s["reviewResult"].as_str())).collect();
        assert_eq!(told, [(Some("InProgress"), Some("NotReviewed"))], "what was decided counts no more");
        let ben = approve(app, &campaign, &request, "ben").await;
        assert_eq!((ben.status, ben.code()), (403, "NotAnApprover"));
        // Her time begins now.
        app.advance("P4D").await;
        assert_eq!(status(app, &campaign, &request).await, "PendingApproval");
        approve(app, &campaign, &request, "anna").await.expect(204);
        assert_eq!(status(app, &campaign, &request).await, "Fulfilled");
        assert_eq!(end_of(app, &campaign, "carla").await.as_deref(), Some("2026-03-19"), "ten days, as edited");
        app.drain().await;
        let mails = app.get("/tenure/v1/outbox/mail?$filter=kind eq 'decide'", &campaign.token).await.expect(200);
        let to = mails.column("to");
        let asked: Vec<bool> = to.iter().zip(["ben", "anna"]).map(|(to, who)| to.contains(who)).collect();
        assert_eq!((to.len(), asked), (2, vec![true, true]), "Ben was asked, and then Anna: {to:?}");
        app.advance("P1D").await;
    });
}

#[test]
fn where_nobody_has_to_approve_any_more_requests_go_on_and_where_nobody_could_they_stay() {
    on_every_database(async |app| {
        let campaign = with_approval(app, &["ben"]).await;
        let request = asks(app, &campaign, "carla").await;
        // She would decide her own request.
        edit(app, &campaign, json!({ "requestApprovalSettings": stages(&["carla"]) })).await;
        assert_eq!(follow(app, &campaign, "restartApproval").await, done("approvalRestart", [1, 1, 1]));
        assert_eq!(status(app, &campaign, &request).await, "PendingApproval");
        let told = audited(app, &campaign, "Create request approval").await;
        assert!(told.iter().any(|row| row["result"] == "failure"), "{told:?}");
        edit(app, &campaign, json!({ "requestApprovalSettings": { "isApprovalRequiredForAdd": false, "stages": [] } }))
            .await;
        assert_eq!(follow(app, &campaign, "restartApproval").await, done("approvalRestart", [1, 1, 0]));
        assert_eq!(status(app, &campaign, &request).await, "Fulfilled");
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        assert_eq!(follow(app, &campaign, "restartApproval").await, done("approvalRestart", [0, 0, 0]));
        // The instants of the stage that was forgotten bring nothing.
        app.advance("P6D").await;
        assert_eq!(status(app, &campaign, &request).await, "Fulfilled");
    });
}

#[test]
fn an_extension_that_waits_is_restarted_too() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        let mut approval = stages(&["ben"]);
        approval["isApprovalRequiredForAdd"] = json!(false);
        approval["isApprovalRequiredForUpdate"] = json!(true);
        body["requestApprovalSettings"] = approval;
        body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        let id = campaign.assign(app, "carla").await;
        app.advance("P10D").await;
        let carla = app.token_of_person("carla").await;
        let extend = json!({ "requestType": "userExtend", "assignment": { "id": id } });
        let request = campaign.ask(app, &carla, extend).await.expect(201).id();
        assert_eq!(status(app, &campaign, &request).await, "PendingApproval");
        let none = json!({ "isApprovalRequiredForAdd": false, "isApprovalRequiredForUpdate": false, "stages": [] });
        edit(app, &campaign, json!({ "requestApprovalSettings": none })).await;
        assert_eq!(follow(app, &campaign, "restartApproval").await, done("approvalRestart", [1, 1, 0]));
        assert_eq!(status(app, &campaign, &request).await, "Fulfilled");
        assert_eq!(end_of(app, &campaign, "carla").await.as_deref(), Some("2026-04-11"));
        app.drain().await;
    });
}

#[test]
fn many_approvals_are_restarted_by_a_job() {
    on_every_database(async |app| {
        let campaign = with_approval(app, &["ben"]).await;
        holders(app, &campaign, INLINE_HOLDERS_MAX + 1).await;
        edit(app, &campaign, json!({ "requestApprovalSettings": stages(&["anna"]) })).await;
        let most = i64::try_from(INLINE_HOLDERS_MAX + 1).unwrap_or_default();
        let id = said(app, &campaign, "restartApproval").await.expect(202).id();
        assert_eq!(job(app, &campaign, &id).await.2, [most, 0, 0]);
        app.drain().await;
        assert_eq!(job(app, &campaign, &id).await, done("approvalRestart", [most, most, 0]));
        let waits = async |alias: &str| {
            let path = format!("{EM}/{APPROVALS}/filterByCurrentUser(on='approver')?$top=999");
            let token = app.token_of_person(alias).await;
            app.get(&path, &token).await.expect(200).values().len()
        };
        assert_eq!((waits("anna").await, waits("ben").await), (INLINE_HOLDERS_MAX + 1, 0));
    });
}

#[test]
fn only_who_writes_policies_has_them_followed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let reader = app.token_reader().await;
        let carla = app.token_of_person("carla").await;
        for action in ["applyToExisting", "restartApproval"] {
            let path = format!("/tenure/v1/policies/{}/{action}", campaign.policy);
            assert_eq!(app.post(&path, "", Value::Null).await.status, 401);
            for token in [&reader, &carla] {
                let refused = app.post(&path, token, Value::Null).await;
                assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"));
            }
            let missing = format!("/tenure/v1/policies/{}/{action}", campaign.package);
            assert_eq!(app.post(&missing, &campaign.token, Value::Null).await.status, 404);
            let read = app.get(&path, &campaign.token).await;
            assert_eq!((read.status, read.header("allow")), (405, "POST"));
        }
        let unknown = said(app, &campaign, "else").await;
        assert_eq!((unknown.status, unknown.code()), (404, "UnknownRoute"));
        let none = app.get("/tenure/v1/jobs", &campaign.token).await.expect(200);
        assert!(none.values().is_empty(), "what was refused left no job");
    });
}

#[test]
fn a_job_that_has_ended_is_kept_for_ninety_days() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let ended = said(app, &campaign, "applyToExisting").await.expect(202).id();
        let clean_up = async || {
            let cleaned = app.engine().write(Identity::System, Uuid::nil(), |ctx| {
                bulk::clean_up(ctx);
                Ok(())
            });
            cleaned.await.expect("it is cleaned up");
            app.get("/tenure/v1/jobs", &campaign.token).await.expect(200).column("id")
        };
        let before = format!("P{}DT23H", JOB_KEEP_DAYS - 1);
        app.advance(&before).await;
        assert_eq!(clean_up().await, [ended]);
        // One that has not ended stays, whenever it began.
        holders(app, &campaign, INLINE_HOLDERS_MAX + 1).await;
        let waits = said(app, &campaign, "applyToExisting").await.expect(202).id();
        app.let_pass(2 * 3_600);
        // The token is too old by now.
        let client = company::WRITER_ID.to_string();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client.as_str()),
            ("client_secret", company::WRITER_SECRET),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = app.token(&fields).await.expect(200);
        let token = answer.json["access_token"].as_str().unwrap_or_default().to_owned();
        let cleaned = app.engine().write(Identity::System, Uuid::nil(), |ctx| {
            bulk::clean_up(ctx);
            Ok(())
        });
        cleaned.await.expect("it is cleaned up");
        assert_eq!(app.get("/tenure/v1/jobs", &token).await.expect(200).column("id"), [waits]);
        app.drain().await;
    });
}
