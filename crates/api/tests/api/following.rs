//! Everybody who holds a package follows its roles, a few at once and many by a job (behaviour.md p.13; decisions.md C8).

use crate::EM;
use crate::campaign::{Campaign, add_group, member_role};
use crate::delivery::{by_hand, is_member};
use serde_json::json;
use tenure_domain::ids::{ObjectId, PackageId, PolicyId};
use tenure_domain::limits::{BULK_CHUNK, INLINE_HOLDERS_MAX};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::RequestType;
use tenure_service::Identity;
use tenure_service::directory::users::{self, NewUser};
use tenure_service::requests::{self, SubmitCommand, TargetRef};
use tenure_store::queue::{self, ClaimTimes, Queue};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Fault, TestApp, company};
use uuid::Uuid;

const JOBS: &str = "/tenure/v1/jobs";

/// So many new people who hold the package.
pub async fn holders(app: &TestApp, campaign: &Campaign, count: usize) {
    let package = PackageId(campaign.package.parse().unwrap_or_default());
    let policy = PolicyId(campaign.policy.parse().unwrap_or_default());
    let all = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
        for n in 0..count {
            let id = ObjectId(Uuid::from_u128(0x0abc_0000_0000_4000_8000_0000_0000_0000 | n as u128));
            let new = NewUser {
                id: Some(id),
                ..company::newcomer(format!("Person {n}"), format!("person{n}@{}", company::DOMAIN))
            };
            users::create(ctx, &new)?;
            let command = SubmitCommand {
                kind: RequestType::AdminAdd,
                package,
                policy: Some(policy),
                target: TargetRef::Object(id),
                wanted: WantedSchedule::default(),
                justification: None,
                answers: Vec::new(),
                credentials: Vec::new(),
                bypass_approval: false,
                validate_only: false,
            };
            requests::submit(ctx, &command)?;
        }
        Ok(())
    });
    all.await.expect("the people are there");
    app.drain().await;
}

/// Adds the group Staff to the package; gives the path of the role.
pub async fn add_staff(app: &TestApp, campaign: &Campaign) -> String {
    let group = company::group("staff").to_string();
    let path = format!("{EM}/catalogs/{}/resources?$filter=originId eq '{group}'", campaign.catalog);
    let known = app.get(&path, &campaign.token).await.expect(200).column("id");
    let resource = match known.first() {
        Some(id) => id.clone(),
        None => add_group(app, &campaign.token, &campaign.catalog, &group).await,
    };
    let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
    let role = app.post(&roles, &campaign.token, member_role(&resource, &group)).await.expect(201).id();
    format!("{roles}/{role}")
}

/// How many belong to a group.
pub async fn members(app: &TestApp, token: &str, group: &str) -> usize {
    let path = format!("/v1.0/groups/{}/members/$count", company::group(group));
    app.get(&path, token).await.expect(200).text.trim_start_matches('\u{feff}').parse().unwrap_or_default()
}

/// State, total, done and failed of the newest job.
pub async fn newest(app: &TestApp, token: &str) -> (String, [i64; 3]) {
    let jobs = app.get(&format!("{JOBS}?$orderby=id desc&$top=1"), token).await.expect(200);
    let job = &jobs.values()[0];
    assert_eq!(job["kind"], "packageRoleChange");
    let one = app.get(&format!("{JOBS}/{}", job["id"].as_str().unwrap_or_default()), token).await.expect(200).json;
    assert_eq!(one["done"], job["done"]);
    let number = |name: &str| job[name].as_i64().unwrap_or(-1);
    (job["state"].as_str().unwrap_or_default().to_owned(), ["total", "done", "failed"].map(number))
}

#[test]
fn a_role_reaches_a_hundred_holders_by_a_job_that_shows_how_far_it_is() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 100).await;
        let before = members(app, token, "staff").await;
        let role = add_staff(app, &campaign).await;
        assert_eq!(newest(app, token).await, ("waiting".to_owned(), [100, 0, 0]));
        assert_eq!(members(app, token, "staff").await, before, "nobody was reached yet");
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [100, 100, 0]));
        assert_eq!(members(app, token, "staff").await, before + 100);
        let filter = "activityDisplayName eq 'Fulfill access package resource assignment'";
        let told =
            app.get(&format!("/v1.0/auditLogs/directoryAudits/$count?$filter={filter}"), token).await.expect(200);
        assert_eq!(told.text.trim_start_matches('\u{feff}'), "100");
        app.delete(&role, token).await.expect(204);
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [100, 100, 0]));
        assert_eq!(members(app, token, "staff").await, before);
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.get(JOBS, &carla).await.status, 403);
    });
}

#[test]
fn as_many_as_fit_are_reached_at_once_and_one_more_by_a_job() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, INLINE_HOLDERS_MAX).await;
        let before = members(app, token, "staff").await;
        let most = i64::try_from(INLINE_HOLDERS_MAX).unwrap_or_default();
        let role = add_staff(app, &campaign).await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [most, most, 0]), "without any job run");
        assert_eq!(members(app, token, "staff").await, before + INLINE_HOLDERS_MAX);
        campaign.assign(app, "nils").await;
        app.delete(&role, token).await.expect(204);
        assert_eq!(newest(app, token).await, ("waiting".to_owned(), [most + 1, 0, 0]));
        app.drain().await;
        assert_eq!(members(app, token, "staff").await, before);
    });
}

#[test]
fn a_change_while_a_job_runs_ends_right_for_everybody() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let chunk = BULK_CHUNK as usize;
        holders(app, &campaign, chunk + 10).await;
        let before = members(app, token, "staff").await;
        let role = add_staff(app, &campaign).await;
        app.runner().pass().await.expect("a pass");
        let (total, done) = (i64::from(BULK_CHUNK) + 10, i64::from(BULK_CHUNK));
        assert_eq!(newest(app, token).await, ("running".to_owned(), [total, done, 0]));
        assert_eq!(members(app, token, "staff").await, before + chunk, "a chunk is there, the rest is not");
        app.delete(&role, token).await.expect(204);
        add_staff(app, &campaign).await;
        campaign.assign(app, "nils").await;
        let jobs = app.get(&format!("{JOBS}?$filter=state ne 'completed'"), token).await.expect(200);
        assert!(jobs.values().is_empty(), "the assignment has run what was due");
        assert_eq!(members(app, token, "staff").await, before + chunk + 11);
        let wanted = app.get("/tenure/v1/deliveries/$count", token).await.expect(200);
        assert_eq!(wanted.text.trim_start_matches('\u{feff}'), "0");
    });
}

#[test]
fn a_job_that_was_broken_off_goes_on_where_it_stood() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 60).await;
        let before = members(app, token, "staff").await;
        add_staff(app, &campaign).await;
        // A node claims the job and dies.
        let (now, wall) = (app.now(), app.wall());
        let claimed = app.engine().claim(move |tx| {
            queue::claim(tx, Queue::Jobs, ClaimTimes { due: now, wall }, Uuid::from_u128(7));
            Ok(())
        });
        claimed.await.expect("a claim");
        assert_eq!(app.drain().await, 0, "it is held");
        assert_eq!(members(app, token, "staff").await, before);
        app.let_pass(40);
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [60, 60, 0]));
        assert_eq!(members(app, token, "staff").await, before + 60);
    });
}

#[test]
fn who_is_losing_the_package_gets_no_new_role_of_it() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        campaign.ask(app, &campaign.token, campaign.request("adminAdd", "nils")).await.expect(201);
        app.drain().await;
        let assignment = campaign.held_by(app, "nils").await.unwrap_or_default();
        app.elsewhere().fail_next([Fault::Unavailable]);
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
        add_staff(app, &campaign).await;
        assert!(!is_member(app, &campaign.token, "staff", "nils").await);
        app.advance("PT1H").await;
        assert!(!is_member(app, &campaign.token, "staff", "nils").await);
        assert_eq!(app.elsewhere().holders("key"), 0);
    });
}

#[test]
fn a_request_that_waits_for_a_role_ends_when_the_role_goes() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        add_staff(app, &campaign).await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        let request = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "nils")).await.expect(201).id();
        app.drain().await;
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let expanded = app.get(&format!("{roles}?$expand=role($expand=resource)"), &campaign.token).await.expect(200);
        let outside = expanded.values().iter().find(|r| r["role"]["resource"]["id"] == json!(campaign.resource));
        let id = outside.and_then(|r| r["id"].as_str()).unwrap_or_default().to_owned();
        app.delete(&format!("{roles}/{id}"), &campaign.token).await.expect(204);
        let path = format!("{EM}/assignmentRequests/{request}");
        assert_eq!(app.get(&path, &campaign.token).await.expect(200).json["state"], "delivered");
        assert!(campaign.held_by(app, "nils").await.is_some());
        app.advance("PT1H").await;
        assert_eq!(app.elsewhere().holders("key"), 0);
    });
}

#[test]
fn what_was_taken_away_by_hand_is_not_given_back_by_another_role() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "nils").await;
        by_hand(app, &campaign, "sales", "nils", false).await;
        add_staff(app, &campaign).await;
        assert!(is_member(app, &campaign.token, "staff", "nils").await);
        assert!(!is_member(app, &campaign.token, "sales", "nils").await);
        let drift = app.get("/tenure/v1/drift/$count", &campaign.token).await.expect(200);
        assert_eq!(drift.text.trim_start_matches('\u{feff}'), "1");
        app.drain().await;
    });
}
