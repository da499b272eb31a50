//! Notices that access ends soon, to those who can extend it (behaviour.md h, mail 19).

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::TestApp;
use tenure_testkit::app::on_every_database;

async fn mails(app: &TestApp, campaign: &Campaign) -> Vec<String> {
    let path = "/tenure/v1/outbox/mail?$filter=kind eq 'extendAccess'";
    app.get(path, &campaign.token).await.expect(200).column("subject")
}

async fn status(app: &TestApp, campaign: &Campaign, id: &str) -> (String, String) {
    let older = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await.expect(200).json;
    let newer = app.get(&format!("{EM_BETA}/accessPackageAssignments/{id}"), &campaign.token).await.expect(200).json;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (text(&older["status"]), text(&newer["assignmentStatus"]))
}

async fn extendable(app: &TestApp) -> Campaign {
    let mut campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
    campaign.policy = campaign.add_policy(app, body).await;
    campaign
}

#[test]
fn who_can_extend_is_told_fourteen_days_and_one_day_before_the_end_and_once_each() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P15D").await;
        assert_eq!(mails(app, &campaign).await, [""; 0]);
        app.advance("P1D").await;
        assert_eq!(mails(app, &campaign).await, ["Extend access for Campaign by 2026-04-01"]);
        let fourteen = "NearExpiry14DayNotificationTriggered".to_owned();
        assert_eq!(status(app, &campaign, &id).await, (fourteen.clone(), fourteen));
        app.advance("P12D").await;
        assert_eq!(mails(app, &campaign).await.len(), 1);
        app.advance("P1D").await;
        assert_eq!(mails(app, &campaign).await.len(), 2);
        let one = "NearExpiry1DayNotificationTriggered".to_owned();
        assert_eq!(status(app, &campaign, &id).await, (one.clone(), one));
        app.advance("P2D").await;
        assert_eq!(mails(app, &campaign).await.len(), 2);
        assert_eq!(campaign.members(app).await, [""; 0]);
    });
}

#[test]
fn an_extension_begins_the_notices_anew() {
    on_every_database(async |app| {
        let campaign = extendable(app).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P20D").await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userExtend", "assignment": { "id": id } });
        campaign.ask(app, &carla, body).await.expect(201);
        assert_eq!(status(app, &campaign, &id).await.0, "Delivered");
        app.advance("P16D").await;
        assert_eq!(
            mails(app, &campaign).await,
            ["Extend access for Campaign by 2026-04-01", "Extend access for Campaign by 2026-04-21"]
        );
        app.advance("P30D").await;
        assert_eq!(mails(app, &campaign).await.len(), 3);
    });
}

#[test]
fn who_cannot_extend_is_told_nothing_until_the_policy_lets_him() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        app.advance("P20D").await;
        assert_eq!(mails(app, &campaign).await, [""; 0]);
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let lets = json!({ "requestorSettings": { "enableTargetsToSelfUpdateAccess": true } });
        app.patch(&path, &campaign.token, lets).await.expect(204);
        app.advance("P9D").await;
        assert_eq!(mails(app, &campaign).await.len(), 1, "the policy of that moment decides");
    });
}

#[test]
fn a_policy_without_mails_sends_no_notices() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
        body["notificationSettings"] = json!({ "isAssignmentNotificationDisabled": true });
        campaign.policy = campaign.add_policy(app, body).await;
        campaign.assign(app, "carla").await;
        app.advance("P40D").await;
        assert_eq!(app.get("/tenure/v1/outbox/mail", &campaign.token).await.values().len(), 0);
    });
}
