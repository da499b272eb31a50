//! What the rules say no to, and how: every guard is listed, what stands in the way is named, and nobody learns of what
//! he may not see.

use crate::campaign::{Campaign, open_policy};
use crate::clients::new_app;
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// Status, code and message of a refusal.
fn said(refused: &Answer) -> String {
    format!("{} {}: {}", refused.status, refused.code(), refused.message())
}

/// The guards that did not pass.
fn failed_guards(refused: &Answer) -> Vec<&str> {
    let guards = refused.json["error"]["innerError"]["tenure"]["guards"].as_array();
    let failed = guards.into_iter().flatten().filter(|g| g["passed"] == false);
    failed.filter_map(|g| g["guard"].as_str()).collect()
}

/// A request of a person for the package, without naming a policy.
fn wish(campaign: &Campaign) -> Value {
    json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } })
}

async fn change_policy(app: &TestApp, campaign: &Campaign, body: Value) {
    let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    app.patch(&path, &campaign.token, body).await.expect(204);
}

#[test]
fn who_holds_the_package_is_told_by_which_assignment() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, wish(&campaign)).await;
        assert_snapshot!("refused_because_she_holds_it", app.show(&refused));
    });
}

#[test]
fn an_open_request_stands_in_the_way_of_another() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut later = campaign.request("adminAdd", "carla");
        later["schedule"] = json!({ "startDateTime": "2026-04-01T00:00:00Z" });
        let open = campaign.ask(app, &campaign.token, later.clone()).await.expect(201).id();
        let refused = campaign.ask(app, &campaign.token, later).await;
        assert_eq!((refused.status, refused.code()), (400, "ExistingOpenRequest"));
        let related = &refused.json["error"]["innerError"]["tenure"]["related"][0];
        assert_eq!((&related["type"], &related["id"]), (&json!("accessPackageAssignmentRequest"), &json!(open)));
    });
}

#[test]
fn an_administrator_sees_which_guards_a_target_fails() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let catalog = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&catalog, &campaign.token, json!({ "isExternallyVisible": true })).await.expect(204);
        let refused = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "gil")).await;
        assert_snapshot!("refused_because_he_is_no_member", app.show(&refused));
    });
}

#[test]
fn a_package_that_a_person_cannot_ask_for_is_not_there() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = open_policy(&campaign.package);
        policy["allowedTargetScope"] = json!("specificDirectoryUsers");
        policy["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }]);
        campaign.add_policy(app, policy).await;
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, wish(&campaign)).await;
        let absent = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": company::TENANT_ID } });
        let absent = campaign.ask(app, &carla, absent).await;
        assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"));
        let known = refused.message().replace(&campaign.package, "it");
        assert_eq!(known, absent.message().replace(&company::TENANT_ID.to_string(), "it"), "J2: both read the same");
        let read = app.get(&format!("{EM}/accessPackages/{}", campaign.package), &carla).await;
        assert_eq!((read.status, read.code()), (404, "ResourceNotFound"));
        let ben = app.token_of_person("ben").await;
        assert_eq!(app.get(&format!("{EM}/accessPackages/{}", campaign.package), &ben).await.status, 200);
    });
}

#[test]
fn who_held_a_package_hears_why_not_again() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        app.advance("P31D").await;
        change_policy(app, &campaign, json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } })).await;
        let carla = app.token_of_person("carla").await;
        let mut body = wish(&campaign);
        let refused = campaign.ask(app, &carla, body.clone()).await;
        assert_eq!(refused.code(), "PolicyDisabled", "the only policy for her takes no wishes");
        body["assignment"]["assignmentPolicyId"] = json!(campaign.policy);
        let refused = campaign.ask(app, &carla, body).await;
        assert_eq!((refused.code(), failed_guards(&refused)), ("PolicyDisabled", vec!["policyEnabled"]));
    });
}

#[test]
fn every_cause_of_a_refusal_is_listed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        change_policy(
            app,
            &campaign,
            json!({
                "requestApprovalSettings": { "isRequestorJustificationRequired": true },
                "questions": [{
                    "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                    "isRequired": true, "text": "Which region?", "choices": [{ "actualValue": "eu", "text": "Europe" }],
                }],
            }),
        )
        .await;
        let path = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&path, &campaign.token, json!({ "state": "unpublished" })).await.expect(204);
        let carla = app.token_of_person("carla").await;
        let mut body = wish(&campaign);
        body["schedule"] = json!({ "expiration": { "duration": "P3D" } });
        let refused = campaign.ask(app, &carla, body).await;
        assert_eq!(refused.code(), "CatalogUnpublished", "the first one names the refusal");
        let failed = ["catalogPublished", "noLiveAssignment", "schedule", "justification", "answers"];
        assert_eq!(failed_guards(&refused), failed);
    });
}

#[test]
fn a_justification_and_answers_are_given_where_the_policy_wants_them() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        change_policy(
            app,
            &campaign,
            json!({
                "requestApprovalSettings": { "isRequestorJustificationRequired": true },
                "questions": [{
                    "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                    "isRequired": true, "text": "Which region?", "choices": [{ "actualValue": "eu", "text": "Europe" }],
                }],
            }),
        )
        .await;
        let policy = app.get(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token).await;
        let question = policy.json["questions"][0]["id"].clone();
        let answer = |value: &str| {
            json!([{
                "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "value": value,
                "answeredQuestion": { "@odata.type": "#microsoft.graph.accessPackageQuestion", "id": question },
            }])
        };
        let carla = app.token_of_person("carla").await;
        let mut body = wish(&campaign);
        body["answers"] = answer("mars");
        let mut heard = vec![said(&campaign.ask(app, &carla, body.clone()).await)];
        body["justification"] = json!("For the campaign");
        heard.push(said(&campaign.ask(app, &carla, body.clone()).await));
        body["answers"] = json!([]);
        heard.push(app.plain(&said(&campaign.ask(app, &carla, body.clone()).await)));
        let mut stray = answer("eu");
        stray[0]["answeredQuestion"]["id"] = json!("00000000-0000-0000-0000-00000000beef");
        body["answers"] = json!([answer("eu")[0], stray[0]]);
        heard.push(app.plain(&said(&campaign.ask(app, &carla, body.clone()).await)));
        assert_snapshot!("refused_for_want_of_words", heard.join("\n"));
        body["answers"] = answer("eu");
        let made = campaign.ask(app, &carla, body).await.expect(201);
        app.drain().await;
        let kept = app.get(&format!("{EM}/assignmentRequests/{}", made.id()), &carla).await.expect(200);
        assert_snapshot!("answers_as_they_are_kept", app.show_json(&kept.json["answers"]));
    });
}

#[test]
fn people_stay_within_the_dates_of_the_policy() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let with = |schedule: Value| {
            let mut body = wish(&campaign);
            body["schedule"] = schedule;
            body
        };
        let soon = json!({ "expiration": { "type": "afterDuration", "duration": "P10D" } });
        let refused = campaign.ask(app, &carla, with(soon.clone())).await;
        assert_eq!((refused.code(), failed_guards(&refused)), ("ScheduleNotAllowed", vec!["schedule"]));
        change_policy(app, &campaign, json!({ "requestorSettings": { "allowCustomAssignmentSchedule": true } })).await;
        let late = json!({ "expiration": { "type": "afterDuration", "duration": "P60D" } });
        assert_eq!(campaign.ask(app, &carla, with(late)).await.code(), "ScheduleNotAllowed");
        let past = json!({ "expiration": { "endDateTime": "2026-01-01T00:00:00Z" } });
        assert_eq!(campaign.ask(app, &carla, with(past)).await.code(), "ScheduleNotAllowed");
        let forever = json!({ "expiration": { "type": "noExpiration" } });
        assert_eq!(campaign.ask(app, &carla, with(forever)).await.code(), "ScheduleNotAllowed");
        let made = campaign.ask(app, &carla, with(json!({}))).await.expect(201);
        app.drain().await;
        let path = format!("{EM}/assignmentRequests/{}?$expand=assignment", made.id());
        let request = app.get(&path, &carla).await.expect(200).json;
        let end = request["assignment"]["schedule"]["expiration"]["endDateTime"].as_str().unwrap_or_default();
        assert!(end.starts_with("2026-04-01"), "the policy's end holds: {end}");
    });
}

#[test]
fn of_two_equal_policies_one_must_be_named() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut other = open_policy(&campaign.package);
        other["displayName"] = json!("Other");
        campaign.add_policy(app, other).await;
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, wish(&campaign)).await;
        assert_snapshot!("refused_because_two_policies_fit", app.show(&refused));
        campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn a_request_is_about_somebody_who_can_have_access() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let mut heard = Vec::new();
        for (token, kind, target) in [
            (&carla, "userAdd", json!({ "targetId": company::person("ben") })),
            (&campaign.token, "userAdd", json!({})),
            (&campaign.token, "adminAdd", json!({})),
            (&campaign.token, "adminAdd", json!({ "targetId": company::TENANT_ID })),
            (&campaign.token, "adminAdd", json!({ "target": { "email": "nobody@elsewhere.example" } })),
            (&campaign.token, "adminAdd", json!({ "targetId": company::group("staff") })),
        ] {
            let mut body = campaign.request(kind, "carla");
            body["assignment"]["targetId"] = Value::Null;
            if let (Some(inner), Some(target)) = (body["assignment"].as_object_mut(), target.as_object()) {
                inner.extend(target.clone());
            }
            let refused = campaign.ask(app, token, body).await;
            heard.push(app.plain(&format!("{kind} {target}\n  {}", said(&refused))));
        }
        assert_snapshot!("refused_because_of_the_target", heard.join("\n"));
        let mut body = campaign.request("adminAdd", "carla");
        body["assignment"] = json!({ "accessPackageId": campaign.package, "assignmentPolicyId": campaign.policy,
            "target": { "email": "CARLA@fabrikam.example" } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn kinds_of_requests_that_cannot_be_made_say_why() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut heard = Vec::new();
        for kind in ["systemRemove", "approverRemove", "nonsense", ""] {
            let refused = campaign.ask(app, &campaign.token, campaign.request(kind, "carla")).await;
            heard.push(format!("{kind}: {} {:?}", said(&refused), refused.pointers()));
        }
        let refused = campaign.ask(app, &campaign.token, json!({ "requestType": "adminAdd" })).await;
        heard.push(format!("without assignment: {} {:?}", said(&refused), refused.pointers()));
        let refused = campaign.ask(app, &campaign.token, json!({})).await;
        heard.push(format!("empty: {} {:?}", said(&refused), refused.pointers()));
        let refused =
            campaign.ask(app, &campaign.token, json!({ "requestType": "adminRemove", "assignment": {} })).await;
        heard.push(format!("removal of nothing: {} {:?}", said(&refused), refused.pointers()));
        assert_snapshot!("refused_kinds_of_requests", heard.join("\n"));
    });
}

#[test]
fn a_person_without_a_role_may_not_administer() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let catalog = app.post(&format!("{EM}/catalogs"), &carla, json!({ "displayName": "Mine" })).await;
        assert_snapshot!("forbidden_to_a_person", app.show(&catalog));
        let missing = format!("{EM}/accessPackages/{}", company::TENANT_ID);
        assert_eq!(app.delete(&missing, &carla).await.status, 403, "J2: whether it exists or not");
        let present = format!("{EM}/accessPackages/{}", campaign.package);
        assert_eq!(app.delete(&present, &carla).await.status, 403);
        assert_eq!(campaign.ask(app, &carla, campaign.request("adminAdd", "ben")).await.status, 403);
        let listed = app.get(&format!("{EM}/accessPackages"), &carla).await;
        assert_eq!((listed.status, listed.code()), (403, "Authorization_RequestDenied"), "J3: no lists of everything");
        let anna = app.token_of_person("anna").await;
        app.post(&format!("{EM}/catalogs"), &anna, json!({ "displayName": "Mine" })).await.expect(201);
    });
}

#[test]
fn an_app_that_reads_may_not_write() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let reader = app.token_reader().await;
        assert_eq!(app.get(&format!("{EM}/accessPackages"), &reader).await.expect(200).values().len(), 1);
        let refused = app.post(&format!("{EM}/catalogs"), &reader, json!({ "displayName": "Mine" })).await;
        assert_snapshot!("forbidden_to_an_app_that_reads", app.show(&refused));
        assert_eq!(campaign.ask(app, &reader, campaign.request("adminAdd", "carla")).await.status, 403);
        let clock = app.post("/tenure/v1/clock", &reader, json!({ "advance": "P1D" })).await;
        assert_eq!(clock.status, 403);
    });
}

#[test]
fn a_group_is_onboarded_by_who_owns_it() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made =
            app.post(&format!("{EM_BETA}/accessPackageCatalogs"), &token, json!({ "displayName": "Mine" })).await;
        let body = json!({
            "requestType": "AdminAdd",
            "catalogId": made.id(),
            "accessPackageResource": { "originId": company::group("sales"), "originSystem": "AadGroup" },
        });
        let narrow = new_app(app, "Narrow", &["EntitlementManagement.ReadWrite.All"]).await.token(app).await;
        let refused = app.post(&format!("{EM_BETA}/accessPackageResourceRequests"), &narrow, body).await;
        assert_eq!((refused.status, refused.code()), (403, "CallerNotResourceOwner"), "H22");
        assert!(refused.message().contains("Group.ReadWrite.All"), "{}", refused.message());
    });
}
