//! Jobs that somebody pauses and resumes, and those that wait for consent because they would reach many (decisions.md C8).

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use crate::delegation::{give, scope};
use crate::following::{add_staff, holders, members, newest};
use serde_json::{Value, json};
use tenure_domain::authorize::EntitlementRole as Role;
use tenure_domain::limits::{BULK_CHUNK, INLINE_HOLDERS_MAX};
use tenure_service::{Identity, bulk};
use tenure_store::queue::{self, ClaimTimes, Queue};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};
use uuid::Uuid;

const JOBS: &str = "/tenure/v1/jobs";
const SETTINGS: &str = "/tenure/v1/settings";

/// The job that was made last.
async fn last(app: &TestApp, token: &str) -> Value {
    let jobs = app.get(&format!("{JOBS}?$orderby=id desc&$top=1"), token).await.expect(200);
    jobs.values()[0].clone()
}

async fn last_id(app: &TestApp, token: &str) -> String {
    last(app, token).await["id"].as_str().unwrap_or_default().to_owned()
}

async fn say(app: &TestApp, token: &str, id: &str, what: &str) -> Answer {
    app.post(&format!("{JOBS}/{id}/{what}"), token, Value::Null).await
}

async fn threshold(app: &TestApp, token: &str, most: Value) {
    app.patch(SETTINGS, token, json!({ "jobThreshold": most })).await.expect(204);
}

/// How often somebody got a role by the audit.
async fn given(app: &TestApp, token: &str) -> String {
    let filter = "activityDisplayName eq 'Fulfill access package resource assignment'";
    let told = app.get(&format!("/v1.0/auditLogs/directoryAudits/$count?$filter={filter}"), token).await.expect(200);
    told.text.trim_start_matches('\u{feff}').to_owned()
}

/// From what to what jobs were switched, and by whom, oldest first.
async fn switched(app: &TestApp, token: &str) -> Vec<(String, String, String)> {
    let path = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update access package'&$top=100";
    let rows = app.get(path, token).await.expect(200);
    rows.values()
        .iter()
        .filter_map(|row| {
            let targets = row["targetResources"].as_array()?;
            let changed = targets.iter().filter_map(|t| t["modifiedProperties"].as_array()).flatten();
            let state = changed.into_iter().find(|m| m["displayName"] == "JobState")?;
            let by = row["initiatedBy"]["user"]["displayName"]
                .as_str()
                .or(row["initiatedBy"]["app"]["displayName"].as_str());
            let text = |name: &str| state[name].as_str().unwrap_or_default().trim_matches('"').to_owned();
            Some((text("oldValue"), text("newValue"), by.unwrap_or_default().to_owned()))
        })
        .collect()
}

#[test]
fn a_job_that_is_paused_does_nothing_until_it_is_resumed_and_then_the_rest_once() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let anna = app.token_of_person("anna").await;
        let chunk = BULK_CHUNK as usize;
        holders(app, &campaign, chunk + 10).await;
        let before = members(app, token, "staff").await;
        add_staff(app, &campaign).await;
        app.runner().pass().await.expect("a pass");
        let id = last_id(app, token).await;
        let (total, done) = (i64::from(BULK_CHUNK) + 10, i64::from(BULK_CHUNK));
        say(app, &anna, &id, "pause").await.expect(204);
        assert_eq!(newest(app, token).await, ("paused".to_owned(), [total, done, 0]));
        say(app, token, &id, "pause").await.expect(204);
        assert_eq!(app.drain().await, 0, "nothing of it is claimed");
        app.advance("PT1H").await;
        assert_eq!(newest(app, token).await, ("paused".to_owned(), [total, done, 0]));
        assert_eq!(members(app, token, "staff").await, before + chunk);
        let filtered = app.get(&format!("{JOBS}?$filter=state eq 'paused'"), token).await.expect(200);
        assert_eq!(filtered.column("id"), [id.as_str()]);
        say(app, &anna, &id, "resume").await.expect(204);
        assert_eq!(newest(app, token).await, ("running".to_owned(), [total, done, 0]));
        say(app, &anna, &id, "resume").await.expect(204);
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [total, total, 0]));
        assert_eq!(members(app, token, "staff").await, before + chunk + 10);
        assert_eq!(given(app, token).await, total.to_string(), "everybody once");
        for what in ["pause", "resume"] {
            let late = say(app, &anna, &id, what).await;
            assert_eq!((late.status, late.code()), (409, "JobEnded"));
            assert!(late.message().contains("has done what it was for"), "{}", late.message());
        }
        let row = |old: &str, new: &str| (old.to_owned(), new.to_owned(), "Anna Berg".to_owned());
        assert_eq!(
            switched(app, token).await,
            [row("running", "paused"), row("paused", "running")],
            "what did nothing"
        );
    });
}

#[test]
fn above_the_threshold_nobody_is_reached_until_somebody_consents() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 4).await;
        let before = members(app, token, "staff").await;
        threshold(app, token, json!(3)).await;
        let role = add_staff(app, &campaign).await;
        assert_eq!(newest(app, token).await, ("awaitingConsent".to_owned(), [4, 0, 0]));
        assert_eq!(last(app, token).await["startedDateTime"], Value::Null);
        assert_eq!(app.drain().await, 0);
        app.advance("P1D").await;
        assert_eq!(members(app, token, "staff").await, before, "not even the few who fit into the change itself");
        let id = last_id(app, token).await;
        say(app, token, &id, "pause").await.expect(204);
        assert_eq!(newest(app, token).await.0, "awaitingConsent", "it does not go on anyway");
        // Who gets the package meanwhile gets what it holds now.
        campaign.assign(app, "nils").await;
        assert_eq!(members(app, token, "staff").await, before + 1);
        say(app, token, &id, "resume").await.expect(204);
        assert_eq!(newest(app, token).await, ("waiting".to_owned(), [4, 0, 0]));
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [5, 5, 0]));
        assert_eq!(members(app, token, "staff").await, before + 5);
        assert_eq!(switched(app, token).await.len(), 1, "who consented is on record");
        // As many as the threshold are reached at once, and without one any number is.
        threshold(app, token, json!(5)).await;
        app.delete(&role, token).await.expect(204);
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [5, 5, 0]));
        threshold(app, token, json!(0)).await;
        let role = add_staff(app, &campaign).await;
        assert_eq!(newest(app, token).await, ("awaitingConsent".to_owned(), [5, 0, 0]));
        threshold(app, token, Value::Null).await;
        assert_eq!(newest(app, token).await.0, "awaitingConsent", "what waits goes on waiting");
        app.delete(&role, token).await.expect(204);
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [5, 5, 0]));
        // The change that still waits finds that there is nothing left to do.
        let waits = app.get(&format!("{JOBS}?$filter=state eq 'awaitingConsent'"), token).await.expect(200);
        say(app, token, &waits.column("id")[0], "resume").await.expect(204);
        app.drain().await;
        assert_eq!(members(app, token, "staff").await, before);
    });
}

#[test]
fn a_large_change_above_the_threshold_begins_with_consent_and_is_done_chunk_by_chunk() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let many = INLINE_HOLDERS_MAX + 1;
        holders(app, &campaign, many).await;
        threshold(app, token, json!(INLINE_HOLDERS_MAX)).await;
        let before = members(app, token, "staff").await;
        add_staff(app, &campaign).await;
        let most = i64::try_from(many).unwrap_or_default();
        assert_eq!(newest(app, token).await, ("awaitingConsent".to_owned(), [most, 0, 0]));
        assert_eq!(app.drain().await, 0);
        say(app, token, &last_id(app, token).await, "resume").await.expect(204);
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [most, most, 0]));
        assert_eq!(members(app, token, "staff").await, before + many);
    });
}

#[test]
fn an_edited_policy_waits_for_consent_as_well() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 2).await;
        let mut body = open_policy(&campaign.package);
        body["displayName"] = json!("Asked");
        let stage = json!({ "durationBeforeAutomaticDenial": "P5D",
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }] });
        body["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [stage] });
        let asked = campaign.add_policy(app, body).await;
        let mut wish = campaign.request("userAdd", "carla");
        wish["assignment"]["assignmentPolicyId"] = json!(asked);
        campaign.ask(app, &app.token_of_person("carla").await, wish).await.expect(201);
        app.drain().await;
        threshold(app, token, json!(0)).await;
        for (policy, action, total) in
            [(&campaign.policy, "applyToExisting", 2), (&asked, "restartApproval", 1), (&asked, "applyToExisting", 0)]
        {
            let path = format!("/tenure/v1/policies/{policy}/{action}");
            let id = app.post(&path, token, Value::Null).await.expect(202).id();
            let state = async || {
                let job = app.get(&format!("{JOBS}/{id}"), token).await.expect(200).json;
                (job["state"].clone(), job["total"].clone(), job["done"].clone())
            };
            if total > 0 {
                assert_eq!(state().await, (json!("awaitingConsent"), json!(total), json!(0)), "{action}");
                assert_eq!(app.drain().await, 0, "{action}");
                say(app, token, &id, "resume").await.expect(204);
                app.drain().await;
            }
            assert_eq!(state().await, (json!("completed"), json!(total), json!(total)), "{action}: nobody is too many");
        }
    });
}

#[test]
fn whoever_may_make_the_change_pauses_and_resumes_its_job_and_nobody_else() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 2).await;
        threshold(app, token, json!(1)).await;
        add_staff(app, &campaign).await;
        let id = last_id(app, token).await;
        let elsewhere = json!({ "displayName": "Elsewhere" });
        let elsewhere = app.post(&format!("{EM}/catalogs"), token, elsewhere).await.expect(201).id();
        give(app, Role::CatalogOwner, company::person("carla"), &scope(&elsewhere)).await;
        give(app, Role::AssignmentManager, company::person("ben"), &scope(&campaign.catalog)).await;
        let reader = app.token_reader().await;
        let gil = app.token_of_person("gil").await;
        let (carla, ben) = (app.token_of_person("carla").await, app.token_of_person("ben").await);
        for what in ["pause", "resume"] {
            assert_eq!(say(app, "", &id, what).await.status, 401);
            for token in [&reader, &gil, &ben] {
                let refused = say(app, token, &id, what).await;
                assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"), "{}", refused.text);
            }
            let absent = say(app, &carla, &id, what).await;
            let unknown = say(app, &carla, &campaign.package, what).await;
            assert_eq!((absent.status, absent.code()), (404, "ResourceNotFound"));
            let told = |answer: &Answer, id: &str| answer.message().replace(id, "it");
            assert_eq!(told(&absent, &id), told(&unknown, &campaign.package), "what is elsewhere is not there");
            let read = app.get(&format!("{JOBS}/{id}/{what}"), token).await;
            assert_eq!((read.status, read.header("allow")), (405, "POST"));
        }
        assert_eq!(newest(app, token).await.0, "awaitingConsent", "nobody of them has moved it");
        assert!(switched(app, token).await.is_empty());
        give(app, Role::PackageManager, company::person("ben"), &scope(&campaign.catalog)).await;
        say(app, &ben, &id, "resume").await.expect(204);
        app.drain().await;
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [2, 2, 0]));
    });
}

#[test]
fn who_holds_a_claim_on_a_job_loses_it_when_the_job_is_paused() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 60).await;
        let before = members(app, token, "staff").await;
        add_staff(app, &campaign).await;
        let id = last_id(app, token).await;
        // A node claims the job and is slow, or dies.
        let (now, wall, lease) = (app.now(), app.wall(), Uuid::from_u128(7));
        let claimed = app.engine().claim(move |tx| {
            queue::claim(tx, Queue::Jobs, ClaimTimes { due: now, wall }, lease);
            Ok(())
        });
        claimed.await.expect("a claim");
        let chunk = async || {
            let late = app.engine().write(Identity::System, lease, move |ctx| bulk::run(ctx, lease));
            late.await.expect("it finds nothing to do");
            let failed = app.engine().write(Identity::System, lease, move |ctx| bulk::failed(ctx, lease, "late"));
            failed.await.expect("nor to tell");
        };
        say(app, token, &id, "pause").await.expect(204);
        chunk().await;
        assert_eq!(newest(app, token).await, ("paused".to_owned(), [60, 0, 0]));
        assert_eq!(members(app, token, "staff").await, before);
        say(app, token, &id, "resume").await.expect(204);
        chunk().await;
        assert_eq!(newest(app, token).await, ("waiting".to_owned(), [60, 0, 0]), "nor when it goes on");
        // Nobody waits for the lease of the node that is gone.
        assert!(app.drain().await > 0);
        assert_eq!(newest(app, token).await, ("completed".to_owned(), [60, 60, 0]));
        assert_eq!(members(app, token, "staff").await, before + 60);
        assert_eq!(given(app, token).await, "60");
    });
}

#[test]
fn a_pause_that_meets_a_chunk_leaves_it_done_or_not_done() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 60).await;
        let before = members(app, token, "staff").await;
        let mut role = add_staff(app, &campaign).await;
        for round in 0..6 {
            if round > 0 {
                app.delete(&role, token).await.expect(204);
                app.drain().await;
                assert_eq!(members(app, token, "staff").await, before);
                role = add_staff(app, &campaign).await;
            }
            let id = last_id(app, token).await;
            let (paused, ran) = tokio::join!(say(app, token, &id, "pause"), app.runner().pass());
            ran.expect("a pass");
            assert!([204, 409].contains(&paused.status), "{}", paused.text);
            let (state, [_, done, _]) = newest(app, token).await;
            assert_eq!(state, if paused.status == 409 { "completed" } else { "paused" });
            let reached = i64::try_from(members(app, token, "staff").await - before).unwrap_or_default();
            assert_eq!(reached, done, "what it tells is what was done");
            if state == "paused" {
                assert_eq!(app.drain().await, 0);
                say(app, token, &id, "resume").await.expect(204);
            }
            app.drain().await;
            assert_eq!(newest(app, token).await, ("completed".to_owned(), [60, 60, 0]));
            assert_eq!(members(app, token, "staff").await, before + 60);
        }
        assert_eq!(given(app, token).await, (6 * 60).to_string(), "once in each round");
    });
}

#[test]
fn a_package_with_a_job_that_waits_stays_in_its_catalog() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        holders(app, &campaign, 2).await;
        threshold(app, token, json!(1)).await;
        add_staff(app, &campaign).await;
        let elsewhere = json!({ "displayName": "Elsewhere" });
        let elsewhere = app.post(&format!("{EM}/catalogs"), token, elsewhere).await.expect(201).id();
        let path = format!("{}/accessPackages/{}/moveToCatalog", crate::EM_BETA, campaign.package);
        let refused = app.post(&path, token, json!({ "catalogId": elsewhere })).await;
        assert_eq!((refused.status, refused.code()), (400, "AccessPackageInUse"));
        assert!(refused.message().contains("waits to be resumed"), "{}", refused.message());
        say(app, token, &last_id(app, token).await, "resume").await.expect(204);
        app.drain().await;
        let lacks = app.post(&path, token, json!({ "catalogId": elsewhere })).await;
        assert_eq!((lacks.status, lacks.code()), (400, "InvalidModel"), "the next thing that is looked at");
    });
}

#[test]
fn the_threshold_is_a_number_of_people_or_null() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        assert_eq!(app.get(SETTINGS, &token).await.expect(200).json["jobThreshold"], Value::Null);
        threshold(app, &token, json!(1_000)).await;
        for bad in [json!(-1), json!("many"), json!(1.5), json!(3_000_000_000_i64), json!(true)] {
            let refused = app.patch(SETTINGS, &token, json!({ "jobThreshold": bad })).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{bad}");
            assert_eq!(refused.pointers(), ["/jobThreshold"], "{bad}");
        }
        app.patch(SETTINGS, &token, json!({ "routeToCatalogOwners": true })).await.expect(204);
        assert_eq!(app.get(SETTINGS, &token).await.expect(200).json["jobThreshold"], 1_000, "what is not named stays");
        threshold(app, &token, Value::Null).await;
        assert_eq!(app.get(SETTINGS, &token).await.expect(200).json["jobThreshold"], Value::Null);
        let path = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update tenant setting'";
        let rows = app.get(path, &token).await.expect(200);
        let named = rows.values().iter().filter(|row| row.to_string().contains("JobThreshold")).count();
        assert_eq!(named, 2, "set and taken away: {}", rows.text);
    });
}
