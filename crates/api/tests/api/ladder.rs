//! Which policy somebody asks under, and what he is offered before (behaviour.md c.2, c.5, c.7, p.5 and p.20).

use crate::campaign::{Campaign, open_policy};
use crate::incompatible::Two;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

/// The guards of a refusal that failed.
fn failed(answer: &Answer) -> Vec<&str> {
    let guards = answer.json["error"]["innerError"]["tenure"]["guards"].as_array().into_iter().flatten();
    guards.filter(|g| g["passed"] == false).filter_map(|g| g["guard"].as_str()).collect()
}

/// A policy for the group Staff that wants Anna's approval.
fn for_staff(package: &str) -> Value {
    let mut body = open_policy(package);
    body["displayName"] = json!("Staff");
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] =
        json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") }]);
    body["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [{
        "durationBeforeAutomaticDenial": "P5D",
        "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("anna") }] }] });
    body
}

async fn offered(app: &TestApp, token: &str) -> Vec<String> {
    let path = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
    app.get(&path, token).await.expect(200).column("displayName")
}

#[test]
fn who_names_a_wider_policy_than_the_one_that_fits_him_is_refused_and_an_administrator_is_not() {
    on_every_database(async |app| {
        // Scenario 20: everybody without approval, the staff with one. Who is of the staff cannot choose.
        let campaign = Campaign::start(app).await;
        let staff = campaign.add_policy(app, for_staff(&campaign.package)).await;
        let carla = app.token_of_person("carla").await;
        let wider = campaign.request("userAdd", "carla");
        let refused = campaign.ask(app, &carla, wider.clone()).await;
        assert_eq!(told(&refused), (400, "NotInPolicyScope"));
        assert_eq!(failed(&refused), ["policyScope"]);
        assert_eq!(refused.related(), [("accessPackageAssignmentPolicy", staff.as_str())], "the one that applies");
        let mut tried = wider.clone();
        tried["isValidationOnly"] = json!(true);
        assert_eq!(told(&campaign.ask(app, &carla, tried).await), (400, "NotInPolicyScope"));
        let explained = json!({ "accessPackageId": campaign.package, "policyId": campaign.policy });
        let explained = app.post("/tenure/v1/explain", &carla, explained).await.expect(200).json;
        assert_eq!((&explained["allowed"], &explained["refusal"]), (&json!(false), &json!("NotInPolicyScope")));
        // The narrower one, and the wider one for whom nothing narrower fits.
        let path = format!("{EM}/assignmentPolicies/{staff}");
        let off = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } });
        app.patch(&path, &campaign.token, off).await.expect(204);
        campaign.ask(app, &carla, wider).await.expect(201);
        app.drain().await;
        assert!(campaign.held_by(app, "carla").await.is_some(), "a policy that takes no requests hides nothing");
        let on = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": true } });
        app.patch(&path, &campaign.token, on).await.expect(204);
        campaign.assign(app, "ben").await;
        assert!(campaign.held_by(app, "ben").await.is_some(), "administrators choose among all that fit");
    });
}

#[test]
fn a_manager_cannot_step_around_the_ladder_for_his_report_either() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let on = json!({ "enableTargetsToSelfAddAccess": true, "enableOnBehalfRequestorsToAddAccess": true });
        let mut everybody = open_policy(&campaign.package);
        everybody["requestorSettings"] = on.clone();
        campaign.policy = campaign.add_policy(app, everybody).await;
        let mut narrow = for_staff(&campaign.package);
        narrow["requestorSettings"] = on;
        let staff = campaign.add_policy(app, narrow).await;
        let ben = app.token_of_person("ben").await;
        let refused = campaign.ask(app, &ben, campaign.request("userAdd", "carla")).await;
        assert_eq!(told(&refused), (400, "NotInPolicyScope"));
        let mut narrower = campaign.request("userAdd", "carla");
        narrower["assignment"]["assignmentPolicyId"] = json!(staff);
        campaign.ask(app, &ben, narrower).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn the_only_policy_being_switched_off_is_what_the_refusal_says() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let off = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } });
        app.patch(&path, &campaign.token, off).await.expect(204);
        let carla = app.token_of_person("carla").await;
        let unnamed = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        let refused = campaign.ask(app, &carla, unnamed).await;
        assert_eq!(told(&refused), (400, "PolicyDisabled"), "{}", refused.text);
        assert!(failed(&refused).contains(&"policyEnabled"), "{}", refused.text);
        let guards = refused.json["error"]["innerError"]["tenure"]["guards"].to_string();
        assert!(
            guards.contains("justification") && guards.contains("approverAvailable"),
            "every check is told: {guards}"
        );
    });
}

#[test]
fn what_is_offered_can_be_requested_now() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let carla = app.token_of_person("carla").await;
        assert_eq!(offered(app, &carla).await.len(), 2);
        // An open request, and what it excludes.
        two.exclude(app).await;
        let mut waits = campaign.request("adminAdd", "carla");
        waits["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = campaign.ask(app, &campaign.token, waits).await.expect(201).id();
        assert_eq!(offered(app, &carla).await, [""; 0], "one is asked for, and excludes the other");
        let cancel = format!("{EM}/assignmentRequests/{request}/cancel");
        app.post(&cancel, &campaign.token, Value::Null).await.expect(204);
        assert_eq!(offered(app, &carla).await.len(), 2);
        campaign.assign(app, "carla").await;
        assert_eq!(offered(app, &carla).await, [""; 0], "one is held, and excludes the other");
        // A group that excludes, through a group in between.
        let ben = app.token_of_person("ben").await;
        assert_eq!(offered(app, &ben).await.len(), 2);
        let body = json!({ "displayName": "Traders", "mailEnabled": false, "mailNickname": "traders", "securityEnabled": true });
        let outer = app.post("/v1.0/groups", &campaign.token, body).await.expect(201).id();
        let link = |id: &str| json!({ "@odata.id": format!("https://x/v1.0/directoryObjects/{id}") });
        let staff = company::group("staff").to_string();
        app.post(&format!("/v1.0/groups/{outer}/members/$ref"), &campaign.token, link(&staff)).await.expect(204);
        let groups = format!("{EM}/accessPackages/{}/incompatibleGroups/$ref", two.other);
        app.post(&groups, &campaign.token, link(&outer)).await.expect(204);
        assert_eq!(offered(app, &ben).await, ["Campaign"]);
        app.delete(&format!("/v1.0/groups/{outer}"), &campaign.token).await.expect(204);
        assert_eq!(offered(app, &ben).await.len(), 2, "a deleted group excludes nothing");
    });
}

#[test]
fn after_a_denial_and_an_expiry_the_old_answers_are_offered_and_a_new_request_takes_them() {
    on_every_database(async |app| {
        // Scenario 5, resubmit.
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = for_staff(&campaign.package);
        body["questions"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "text": "Why?", "isSingleLineQuestion": true }]);
        campaign.policy = campaign.add_policy(app, body).await;
        let policy = app.get(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token).await;
        let question = policy.json["questions"][0]["id"].clone();
        let carla = app.token_of_person("carla").await;
        let answered = |value: &str| {
            let mut body = campaign.request("userAdd", "carla");
            body["answers"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value,
                "answeredQuestion": { "id": question } }]);
            body
        };
        let existing = async || {
            let path = format!("{EM_BETA}/accessPackages/{}/getApplicablePolicyRequirements", campaign.package);
            let told = app.post(&path, &carla, Value::Null).await.expect(200).json;
            told["value"][0]["existingAnswers"][0]["value"].clone()
        };
        assert_eq!(existing().await, Value::Null);
        let denied = campaign.ask(app, &carla, answered("for the launch")).await.expect(201).id();
        let approval = format!("{EM}/accessPackageAssignmentApprovals/{denied}");
        let stage = app.get(&approval, &campaign.token).await.expect(200).json["stages"][0]["id"].clone();
        let anna = app.token_of_person("anna").await;
        let no = json!({ "reviewResult": "Deny", "justification": "not now" });
        app.patch(&format!("{approval}/stages/{}", stage.as_str().unwrap_or_default()), &anna, no).await.expect(204);
        assert_eq!(existing().await, "for the launch");
        campaign.ask(app, &carla, answered("for the spring")).await.expect(201);
        app.advance("P6D").await;
        let found = app.get(&format!("{EM}/assignmentRequests?$orderby=createdDateTime"), &campaign.token).await;
        assert_eq!(found.column("status"), ["Denied", "Expired"]);
        assert_eq!(existing().await, "for the spring");
        let again = campaign.ask(app, &carla, answered("for the spring")).await.expect(201).id();
        let again = app.get(&format!("{EM}/assignmentRequests/{again}"), &carla).await.expect(200).json;
        assert_eq!(again["answers"][0]["value"], "for the spring");
        app.drain().await;
    });
}

#[test]
fn a_pattern_is_what_the_whole_answer_must_match() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["questions"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "text": "Cost center", "regexPattern": "[A-Z]{2}[0-9]{3}|none" }]);
        campaign.policy = campaign.add_policy(app, body).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let question = app.get(&path, &campaign.token).await.json["questions"][0]["id"].clone();
        let carla = app.token_of_person("carla").await;
        let judged = async |value: &str| {
            let answers = json!([{ "value": value, "answeredQuestion": { "id": question } }]);
            let body = json!({ "accessPackageId": campaign.package, "answers": answers });
            app.post("/tenure/v1/explain", &carla, body).await.expect(200).json["refusal"].clone()
        };
        for value in ["xxAB123yy", "AB1234", "nonesuch", "AB123\nand more"] {
            assert_eq!(judged(value).await, "InvalidAnswers", "{value}");
        }
        for value in ["AB123", "none"] {
            assert_eq!(judged(value).await, Value::Null, "{value}");
        }
    });
}

#[test]
fn zero_days_mean_no_end_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["expiration"] = json!({ "type": "afterDuration", "duration": "P0D" });
        let policy = campaign.add_policy(app, body).await;
        let kept = app.get(&format!("{EM}/assignmentPolicies/{policy}"), &campaign.token).await.expect(200).json;
        assert_eq!(kept["expiration"]["type"], "noExpiration");
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{policy}");
        let kept = app.get(&path, &campaign.token).await.expect(200).json;
        assert_eq!(kept["durationInDays"], 0);
        let campaign = Campaign { policy, ..campaign };
        let held = campaign.assign(app, "carla").await;
        let held = app.get(&format!("{EM}/assignments/{held}"), &campaign.token).await.expect(200).json;
        assert_eq!(held["schedule"]["expiration"]["type"], "noExpiration");
        for wrong in ["-P1D", "P3661D"] {
            let mut body = open_policy(&campaign.package);
            body["expiration"] = json!({ "type": "afterDuration", "duration": wrong });
            let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
            assert_eq!(told(&refused), (400, "InvalidModel"), "{wrong}");
        }
    });
}
