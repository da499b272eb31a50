//! Which mails are sent under a policy, kind by kind (behaviour.md m.10, h).

use crate::campaign::{Campaign, open_policy};
use crate::delegation::{give, scope};
use crate::{EM, EM_BETA};
use serde_json::{Map, Value, json};
use tenure_domain::authorize::EntitlementRole as Role;
use tenure_domain::notification::MailKind;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

fn path(policy: &str) -> String {
    format!("/tenure/v1/policies/{policy}/mails")
}

async fn switch(app: &TestApp, campaign: &Campaign, changes: Value) {
    app.patch(&path(&campaign.policy), &campaign.token, changes).await.expect(204);
}

/// The kinds of all mails that were kept, in order of their names.
async fn kept(app: &TestApp, campaign: &Campaign) -> Vec<String> {
    app.drain().await;
    let mails = app.get("/tenure/v1/outbox/mail?$top=100", &campaign.token).await.expect(200);
    let mut kinds = mails.column("kind");
    kinds.sort_unstable();
    kinds
}

/// A package whose policy asks Ben for five days, and Anna when he does not answer for two; holders may extend.
async fn with_approval(app: &TestApp) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    let user = |alias: &str| json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) });
    body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
    body["requestApprovalSettings"] = json!({
        "isApprovalRequiredForAdd": true,
        "stages": [{
            "durationBeforeAutomaticDenial": "P5D",
            "isEscalationEnabled": true,
            "durationBeforeEscalation": "P2D",
            "primaryApprovers": [user("ben")],
            "escalationApprovers": [user("anna")],
        }],
    });
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn asks(app: &TestApp, campaign: &Campaign) -> String {
    let carla = app.token_of_person("carla").await;
    campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id()
}

async fn decide(app: &TestApp, campaign: &Campaign, request: &str, result: &str) {
    let approval = format!("{EM}/accessPackageAssignmentApprovals/{request}");
    let found = app.get(&approval, &campaign.token).await.expect(200).json;
    let stage = found["stages"][0]["id"].as_str().unwrap_or_default().to_owned();
    let body = json!({ "reviewResult": result, "justification": "so" });
    app.patch(&format!("{approval}/stages/{stage}"), &app.token_of_person("ben").await, body).await.expect(204);
}

#[test]
fn every_kind_of_mail_is_on_until_it_is_switched_off_by_itself() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let all = app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json;
        let expected: Map<String, Value> = MailKind::ALL
            .iter()
            .filter(|kind| **kind != MailKind::DelegateAppointed)
            .map(|kind| (kind.name().to_owned(), json!(true)))
            .collect();
        assert_eq!(all, Value::Object(expected.clone()));
        switch(app, &campaign, json!({ "denied": false, "accessEnded": false })).await;
        switch(app, &campaign, json!({ "accessEnded": true, "extendAccess": false })).await;
        let mut expected = expected;
        expected.insert("denied".to_owned(), json!(false));
        expected.insert("extendAccess".to_owned(), json!(false));
        let now = app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json;
        assert_eq!(now, Value::Object(expected), "what is not named stays");
        // What was read can be written.
        switch(app, &campaign, now.clone()).await;
        assert_eq!(app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json, now);
        let edits =
            "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update access package assignment policy'";
        let rows = app.get(edits, &campaign.token).await.expect(200);
        assert!(rows.text.contains("Mails/denied"), "who switched what is on record: {}", rows.text);
        // An edit of the policy is no word about its mails.
        let edit = json!({ "displayName": "Renamed" });
        app.patch(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token, edit).await.expect(204);
        assert_eq!(app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json, now);
    });
}

#[test]
fn what_is_switched_off_is_not_sent_and_the_rest_is() {
    on_every_database(async |app| {
        let campaign = with_approval(app).await;
        switch(app, &campaign, json!({ "decideBeforeReminder": false, "forwarded": false, "accessGranted": false }))
            .await;
        let request = asks(app, &campaign).await;
        app.advance("P3D").await;
        assert_eq!(kept(app, &campaign).await, ["decideBefore"], "neither the reminder nor the alternate's");
        decide(app, &campaign, &request, "Approve").await;
        let told = ["decideBefore", "requestFulfilled"];
        assert_eq!(kept(app, &campaign).await, told, "nor that access is there");
        assert!(campaign.held_by(app, "carla").await.is_some(), "which it is");
        switch(app, &campaign, json!({ "extendAccess": false })).await;
        app.advance("P20D").await;
        assert_eq!(kept(app, &campaign).await, told, "fourteen days before the end");
        // It is the policy of today that counts.
        switch(app, &campaign, json!({ "extendAccess": true, "accessEnded": true })).await;
        app.advance("P15D").await;
        assert_eq!(kept(app, &campaign).await, ["accessEnded", "decideBefore", "extendAccess", "requestFulfilled"]);
    });
}

#[test]
fn a_request_that_was_made_before_hears_no_more_of_what_is_switched_off() {
    on_every_database(async |app| {
        let campaign = with_approval(app).await;
        let first = asks(app, &campaign).await;
        assert_eq!(kept(app, &campaign).await, ["decideBefore"]);
        switch(app, &campaign, json!({ "denied": false })).await;
        decide(app, &campaign, &first, "Deny").await;
        assert_eq!(kept(app, &campaign).await, ["decideBefore"]);
        switch(app, &campaign, json!({ "denied": true })).await;
        let second = asks(app, &campaign).await;
        decide(app, &campaign, &second, "Deny").await;
        assert_eq!(kept(app, &campaign).await, ["decideBefore", "decideBefore", "denied"]);
    });
}

#[test]
fn switching_one_policy_says_nothing_of_another_and_the_published_switch_stays_what_it_is() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut other = open_policy(&campaign.package);
        other["displayName"] = json!("Other");
        let other = campaign.add_policy(app, other).await;
        switch(app, &campaign, json!({ "accessGranted": false, "accessEnded": false })).await;
        let carla = app.token_of_person("carla").await;
        let mut wish = campaign.request("userAdd", "carla");
        wish["assignment"]["assignmentPolicyId"] = json!(other);
        campaign.ask(app, &carla, wish).await.expect(201);
        assert_eq!(kept(app, &campaign).await, ["accessGranted"], "under the other policy");
        let ben = app.token_of_person("ben").await;
        campaign.ask(app, &ben, campaign.request("userAdd", "ben")).await.expect(201);
        assert_eq!(kept(app, &campaign).await, ["accessGranted"]);
        let published = format!("{EM_BETA}/accessPackageAssignmentPolicies/{other}");
        let off = json!({ "notificationSettings": { "isAssignmentNotificationDisabled": true } });
        app.patch(&format!("{EM}/assignmentPolicies/{other}"), &campaign.token, off.clone()).await.expect(204);
        let shown = app.get(&published, &campaign.token).await.expect(200).json;
        assert_eq!(shown["accessPackageNotificationSettings"], off["notificationSettings"], "{shown}");
        let mails = app.get(&path(&other), &campaign.token).await.expect(200).json;
        assert!(mails.as_object().is_some_and(|all| all.values().all(|on| on == true)), "each has its own switch");
        app.advance("P31D").await;
        assert_eq!(kept(app, &campaign).await, ["accessGranted"], "one by our switch, one by the published one");
        assert_eq!(campaign.members(app).await, [""; 0], "access has ended under both");
    });
}

#[test]
fn a_kind_that_is_no_policys_or_no_kind_is_refused_and_nothing_is_switched() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let before = app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json;
        for (change, pointer, said) in [
            (json!({ "denied": false, "delegateAppointed": false }), "/delegateAppointed", "about no policy"),
            (json!({ "denied": false, "reviewReminder": false }), "/reviewReminder", "not known"),
            (json!({ "denied": "no" }), "/denied", "true or false"),
            (json!({ "denied": null }), "/denied", "true or false"),
        ] {
            let refused = app.patch(&path(&campaign.policy), &campaign.token, change.clone()).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{change}");
            assert_eq!(refused.pointers(), [pointer], "{change}");
            assert!(refused.message().contains(said), "{change}: {}", refused.message());
        }
        assert_eq!(app.get(&path(&campaign.policy), &campaign.token).await.expect(200).json, before);
    });
}

#[test]
fn who_sees_policies_sees_their_mails_and_who_writes_them_switches_them() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let at = path(&campaign.policy);
        let off = json!({ "denied": false });
        let (reader, carla, ben) =
            (app.token_reader().await, app.token_of_person("carla").await, app.token_of_person("ben").await);
        give(app, Role::PackageManager, company::person("ben"), &scope(&campaign.catalog)).await;
        let elsewhere = json!({ "displayName": "Elsewhere" });
        let elsewhere = app.post(&format!("{EM}/catalogs"), &campaign.token, elsewhere).await.expect(201).id();
        give(app, Role::CatalogOwner, company::person("gil"), &scope(&elsewhere)).await;
        let gil = app.token_of_person("gil").await;
        app.get(&at, &reader).await.expect(200);
        assert_eq!((app.get(&at, "").await.status, app.patch(&at, "", off.clone()).await.status), (401, 401));
        for token in [&reader, &carla] {
            assert_eq!(app.patch(&at, token, off.clone()).await.status, 403);
        }
        assert_eq!(app.get(&at, &carla).await.status, 403);
        assert_eq!((app.get(&at, &gil).await.status, app.patch(&at, &gil, off.clone()).await.status), (404, 404));
        let unknown = path(&campaign.package);
        assert_eq!(app.get(&unknown, &campaign.token).await.status, 404);
        let posted = app.post(&at, &campaign.token, off.clone()).await;
        assert_eq!((posted.status, posted.header("allow")), (405, "GET, PATCH"));
        app.patch(&at, &ben, off).await.expect(204);
        assert_eq!(app.get(&at, &ben).await.expect(200).json["denied"], false);
    });
}
