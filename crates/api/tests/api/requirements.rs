//! `getApplicablePolicyRequirements`, the ladder of policies, and what a save of a policy must satisfy (behaviour.md c).

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

async fn ask(app: &TestApp, root: &str, campaign: &Campaign, token: &str, body: Value) -> Answer {
    let path = format!("{root}/accessPackages/{}/getApplicablePolicyRequirements", campaign.package);
    app.post(&path, token, body).await
}

async fn offered(app: &TestApp, campaign: &Campaign, alias: &str) -> Vec<String> {
    let token = app.token_of_person(alias).await;
    ask(app, EM, campaign, &token, Value::Null).await.expect(200).column("policyDisplayName")
}

fn specific(campaign: &Campaign, name: &str, set: &Value) -> Value {
    let mut body = open_policy(&campaign.package);
    body["displayName"] = json!(name);
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] = json!([set]);
    body
}

fn staff() -> Value {
    json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") })
}

fn carla() -> Value {
    json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("carla") })
}

#[test]
fn requirements_have_the_shape_of_each_version() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["requestApprovalSettings"] = json!({ "isRequestorJustificationRequired": true });
        body["questions"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "text": "Why?", "isSingleLineQuestion": true }]);
        campaign.policy = campaign.add_policy(app, body).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let question = app.get(&path, &campaign.token).await.json["questions"][0]["id"].clone();
        let carla = app.token_of_person("carla").await;
        let older = ask(app, EM, &campaign, &carla, Value::Null).await;
        assert_snapshot!("requirements_in_v1", app.show(&older));
        let mut request = campaign.request("userAdd", "carla");
        request["justification"] = json!("Work");
        request["answers"] = json!([{ "value": "Tests", "answeredQuestion": { "id": question } }]);
        campaign.ask(app, &carla, request).await.expect(201);
        app.drain().await;
        let newer = ask(app, EM_BETA, &campaign, &carla, Value::Null).await;
        assert_snapshot!("requirements_in_beta", app.show(&newer));
    });
}

#[test]
fn the_specific_policy_hides_the_general_one_and_two_specific_ones_are_a_choice() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        assert_eq!(offered(app, &campaign, "carla").await, ["Everybody"]);
        let first = campaign.add_policy(app, specific(&campaign, "Staff", &staff())).await;
        assert_eq!(offered(app, &campaign, "carla").await, ["Staff"]);
        let second = campaign.add_policy(app, specific(&campaign, "Carla", &carla())).await;
        assert_eq!(offered(app, &campaign, "carla").await, ["Staff", "Carla"]);
        let token = app.token_of_person("carla").await;
        let unnamed = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        let refused = campaign.ask(app, &token, unnamed.clone()).await;
        assert_eq!((refused.status, refused.code()), (400, "PolicyChoiceRequired"));
        let candidates: Vec<&str> = refused.related().into_iter().map(|(_, id)| id).collect();
        assert_eq!(candidates, [first.as_str(), second.as_str()]);
        let mut named = unnamed;
        named["assignment"]["assignmentPolicyId"] = json!(second);
        campaign.ask(app, &token, named).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn who_cannot_ask_is_offered_nothing_and_who_may_not_see_the_package_learns_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = format!("{EM}/accessPackages/{}", campaign.package);
        app.patch(&path, &campaign.token, json!({ "isHidden": true })).await.expect(204);
        assert_eq!(offered(app, &campaign, "carla").await, ["Everybody"], "hidden, and found by its link");
        let gil = app.token_of_person("gil").await;
        assert_eq!(ask(app, EM, &campaign, &gil, Value::Null).await.status, 404, "no policy for guests");
        let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let off = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } });
        app.patch(&policy, &campaign.token, off).await.expect(204);
        assert_eq!(offered(app, &campaign, "carla").await, [""; 0]);
        let on = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": true } });
        app.patch(&policy, &campaign.token, on).await.expect(204);
        let catalog = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&catalog, &campaign.token, json!({ "state": "unpublished" })).await.expect(204);
        assert_eq!(offered(app, &campaign, "carla").await, [""; 0]);
        assert_eq!(ask(app, EM, &campaign, &campaign.token, Value::Null).await.status, 400, "an app has no own");
    });
}

#[test]
fn a_manager_learns_what_his_report_must_answer() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let ben = app.token_of_person("ben").await;
        let about = |alias: &str| json!({ "subject": { "objectId": company::person(alias) } });
        let asked = ask(app, EM_BETA, &campaign, &ben, about("carla")).await.expect(200);
        assert_eq!(asked.values().len(), 0, "the policy lets no manager");
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let on = json!({ "requestorSettings": { "enableOnBehalfRequestorsToAddAccess": true } });
        app.patch(&path, &campaign.token, on).await.expect(204);
        let asked = ask(app, EM_BETA, &campaign, &ben, about("carla")).await.expect(200);
        assert_eq!(asked.column("policyDisplayName"), ["Everybody"]);
        let foreign = ask(app, EM_BETA, &campaign, &ben, about("anna")).await;
        assert_eq!((foreign.status, foreign.code()), (400, "TargetNotEligible"));
    });
}

#[test]
fn a_policy_is_saved_only_when_what_it_says_can_be() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let try_one = async |change: &dyn Fn(&mut Value)| {
            let mut body = open_policy(&campaign.package);
            change(&mut body);
            let answer = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
            (answer.status, answer.pointers().join(" "))
        };
        let nobody = company::TENANT_ID;
        let past =
            try_one(&|b| b["expiration"] = json!({ "type": "afterDateTime", "endDateTime": "2026-03-01T00:00:00Z" }))
                .await;
        assert_eq!(past, (400, "/expiration/endDateTime".to_owned()));
        let missing = try_one(&|b| {
            b["allowedTargetScope"] = json!("specificDirectoryUsers");
            b["specificAllowedTargets"] =
                json!([staff(), { "@odata.type": "#microsoft.graph.singleUser", "userId": nobody }]);
        })
        .await;
        assert_eq!(missing, (400, "/specificAllowedTargets/1".to_owned()));
        let wrong_kind = try_one(&|b| {
            b["allowedTargetScope"] = json!("specificDirectoryUsers");
            b["specificAllowedTargets"] =
                json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::person("ben") }]);
        })
        .await;
        assert_eq!(wrong_kind.0, 400);
        let approver = try_one(&|b| {
            b["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [{
                "durationBeforeAutomaticDenial": "P2D",
                "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": nobody }] }] });
        })
        .await;
        assert_eq!(approver, (400, "/requestApprovalSettings/stages/0/primaryApprovers/0".to_owned()));
        let mixed = try_one(&|b| {
            b["allowedTargetScope"] = json!("specificConnectedOrganizationUsers");
            b["specificAllowedTargets"] = json!([staff()]);
        })
        .await;
        assert_eq!(mixed, (400, "/specificAllowedTargets/0".to_owned()));
    });
}

#[test]
fn a_package_has_one_automatic_policy() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let automatic = |name: &str| {
            json!({
                "displayName": name, "accessPackage": { "id": campaign.package },
                "allowedTargetScope": "specificDirectoryUsers",
                "specificAllowedTargets": [{ "@odata.type": "#microsoft.graph.attributeRuleMembers",
                    "description": "Sales", "membershipRule": "(user.department -eq \"Sales\")" }],
                "automaticRequestSettings": { "requestAccessForAllowedTargets": true },
            })
        };
        let path = format!("{EM}/assignmentPolicies");
        let first = app.post(&path, &campaign.token, automatic("First")).await.expect(201).id();
        let second = app.post(&path, &campaign.token, automatic("Second")).await;
        assert_eq!((second.status, second.pointers()), (400, vec!["/automaticRequestSettings"]));
        let own = format!("{path}/{first}");
        app.patch(&own, &campaign.token, json!({ "description": "Still the one" })).await.expect(204);
    });
}

#[test]
fn what_the_published_model_has_no_name_for_is_switched_on_our_own_surface() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = format!("/tenure/v1/policies/{}", campaign.policy);
        let off = json!({ "id": campaign.policy, "keepPreExistingAccess": false, "removeWhenOutOfScope": false });
        assert_eq!(app.get(&path, &campaign.token).await.expect(200).json, off);
        app.patch(&path, &campaign.token, json!({ "keepPreExistingAccess": true })).await.expect(204);
        let now = app.get(&path, &campaign.token).await.expect(200).json;
        assert_eq!((&now["keepPreExistingAccess"], &now["removeWhenOutOfScope"]), (&json!(true), &json!(false)));
        let unknown = app.patch(&path, &campaign.token, json!({ "keepAccess": true })).await;
        assert_eq!((unknown.status, unknown.pointers()), (400, vec!["/keepAccess"]));
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.patch(&path, &carla, json!({ "keepPreExistingAccess": true })).await.status, 403);
        assert_eq!(app.get(&path, &carla).await.status, 403);
        let nothing = format!("/tenure/v1/policies/{}", company::TENANT_ID);
        assert_eq!(app.get(&nothing, &campaign.token).await.status, 404);
        assert_eq!(app.delete(&path, &campaign.token).await.status, 405);
    });
}
