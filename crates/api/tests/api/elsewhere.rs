//! Access to groups of a directory outside, by way of the reconciler and a connector (decisions.md C2, C3, C6).

use crate::EM;
use crate::campaign::Campaign;
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Fault, TestApp, company};

/// The package "Campaign", whose group has its master in a directory outside.
async fn campaign(app: &TestApp) -> Campaign {
    app.master_elsewhere(company::group("sales"), true).await;
    Campaign::start(app).await
}

/// Assigns it to Carla without running any job; gives the id of the assignment.
async fn assign(app: &TestApp, campaign: &Campaign) -> String {
    campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await.expect(201);
    let filter = format!("accessPackage/id eq '{}'", campaign.package);
    let found = app.get(&format!("{EM}/assignments?$filter={filter}"), &campaign.token).await.expect(200);
    found.column("id").first().cloned().unwrap_or_default()
}

async fn remove(app: &TestApp, campaign: &Campaign, assignment: &str) {
    let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
    campaign.ask(app, &campaign.token, body).await.expect(201);
}

/// The state of the assignment, how many hold the group there, and how many the directory here shows.
async fn seen(app: &TestApp, campaign: &Campaign, assignment: &str) -> (String, usize, usize) {
    let found = app.get(&format!("{EM}/assignments/{assignment}"), &campaign.token).await.expect(200).json;
    let state = found["state"].as_str().unwrap_or_default().to_owned();
    (state, app.elsewhere().holders("key"), campaign.members(app).await.len())
}

fn are(state: &str, there: usize, here: usize) -> (String, usize, usize) {
    (state.to_owned(), there, here)
}

#[test]
fn access_is_given_and_taken_where_its_group_has_its_master() {
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivering", 0, 0), "nobody was asked yet");
        app.drain().await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivered", 1, 1));
        app.drain().await;
        assert_eq!(app.elsewhere().changes(), 1, "what is right is left alone");
        remove(app, &campaign, &assignment).await;
        app.drain().await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("expired", 0, 0));
        assert_eq!(app.elsewhere().changes(), 2);
    });
}

#[test]
fn access_ends_there_when_its_time_is_over() {
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        app.drain().await;
        app.advance("P29D").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivered", 1, 1));
        app.advance("P2D").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("expired", 0, 0));
    });
}

#[test]
fn what_fails_for_now_is_tried_again_and_a_lost_answer_makes_no_double() {
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        app.elsewhere().fail_next([Fault::Unavailable, Fault::Unavailable, Fault::AnswerLost]);
        app.drain().await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivering", 0, 0));
        app.advance("PT59S").await;
        app.advance("PT1S").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivering", 0, 0), "the second try, after a minute");
        app.advance("PT4M59S").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivering", 0, 0), "not yet");
        app.advance("PT1S").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivering", 1, 0), "done there, and nobody told us");
        app.advance("PT15M").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("delivered", 1, 1));
        assert_eq!(app.elsewhere().changes(), 1);
    });
}

#[test]
fn what_fails_for_six_hours_has_failed() {
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        app.elsewhere().fail_next(std::iter::repeat_n(Fault::Unavailable, 20));
        app.drain().await;
        app.advance("PT5H50M").await;
        assert_eq!(seen(app, &campaign, &assignment).await.0, "delivering");
        app.advance("PT1H").await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("deliveryFailed", 0, 0));
        let filter = "activityDisplayName eq 'Failed access package assignment request'";
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &campaign.token).await;
        assert_eq!(rows.expect(200).column("resultReason"), ["TargetUnavailable"]);
        app.advance("P1D").await;
        assert_eq!(app.elsewhere().changes(), 0, "and is not tried any more");
    });
}

#[test]
fn what_is_refused_there_or_gone_has_failed_at_once() {
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        app.elsewhere().fail_next([Fault::Refused]);
        app.drain().await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("deliveryFailed", 0, 0));
    });
    on_every_database(async |app| {
        let campaign = campaign(app).await;
        let assignment = assign(app, &campaign).await;
        app.elsewhere().remove_object("key");
        app.drain().await;
        assert_eq!(seen(app, &campaign, &assignment).await, are("deliveryFailed", 0, 0));
    });
}

#[test]
fn a_directory_that_takes_no_writes_lends_no_groups() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), false).await;
        let token = app.token_app().await;
        let catalog = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Marketing" })).await.id();
        let body = json!({
            "requestType": "adminAdd",
            "resource": { "originId": company::group("sales"), "originSystem": "AadGroup" },
            "catalog": { "id": catalog },
        });
        let answer = app.post(&format!("{EM}/resourceRequests"), &token, body).await;
        assert_eq!((answer.status, answer.code()), (400, "ResourceNotWritable"));
        let path = format!("{EM}/catalogs/{catalog}/resources");
        assert!(app.get(&path, &token).await.expect(200).values().is_empty());
    });
}
