//! What administrators and holders may choose: another policy for what somebody holds, and ends (behaviour.md b.5, c.7;
//! decisions.md B14, H16; semantics.md 7).

use crate::EM;
use crate::approvals::{ben, decide, mails, policy, stage, user, yes};
use crate::campaign::{Campaign, open_policy};
use crate::updates::{end_of, only_tried, told, until, update, with_policy};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// Beside the campaign's policy of thirty days, one of ninety; gives its id.
async fn longer(app: &TestApp, campaign: &Campaign) -> String {
    let mut body = open_policy(&campaign.package);
    body["displayName"] = json!("Longer");
    body["expiration"] = json!({ "type": "afterDuration", "duration": "P90D" });
    campaign.add_policy(app, body).await
}

async fn policy_of(app: &TestApp, campaign: &Campaign, assignment: &str) -> String {
    let path = format!("{EM}/assignments/{assignment}?$expand=assignmentPolicy");
    let shown = app.get(&path, &campaign.token).await.expect(200).json;
    shown["assignmentPolicy"]["id"].as_str().unwrap_or_default().to_owned()
}

fn under(mut body: Value, policy: &str) -> Value {
    body["assignment"]["assignmentPolicyId"] = json!(policy);
    body
}

#[test]
fn an_administrator_moves_a_holder_to_another_policy() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let other = longer(app, &campaign).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P10D").await;
        let carla = app.token_of_person("carla").await;
        let by_person = campaign.ask(app, &carla, under(campaign.request("userAdd", "carla"), &other)).await;
        assert_eq!(told(&by_person), (400, "ExistingAssignment"), "only administrators switch");
        let same = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        assert_eq!(told(&same), (400, "ExistingAssignment"), "it is under that policy already");
        only_tried(app, &campaign.token, &under(campaign.request("adminAdd", "carla"), &other)).await.expect(200);
        assert_eq!(policy_of(app, &campaign, &id).await, campaign.policy);
        let request = under(campaign.request("adminAdd", "carla"), &other);
        let request = campaign.ask(app, &campaign.token, request).await.expect(201).id();
        app.drain().await;
        assert_eq!(campaign.held_by(app, "carla").await, Some(id.clone()), "the same assignment");
        assert_eq!(policy_of(app, &campaign, &id).await, other);
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-06-10"), "ninety days from now");
        let shown = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
        assert_eq!((&shown["requestType"], &shown["state"]), (&json!("adminAdd"), &json!("delivered")));
        let about = crate::delivery::activities(app, &campaign.token, &request).await;
        assert_eq!(about.first().map(String::as_str), Some("Administrator directly assigns user to access package"));
        assert_eq!(about.last().map(String::as_str), Some("Extend access package assignment"));
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        // And back, by an update, until a day that is said.
        let back = until(under(update("adminUpdate", &id), &campaign.policy), "2026-04-02T00:00:00Z");
        campaign.ask(app, &campaign.token, back).await.expect(201);
        assert_eq!(policy_of(app, &campaign, &id).await, campaign.policy);
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-02"));
        app.advance("P40D").await;
        assert_eq!(campaign.members(app).await, [""; 0]);
    });
}

#[test]
fn an_administrator_hears_nothing_of_a_move_that_was_approved() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = policy(&campaign.package, &[stage(&[user(&ben())])]);
        body["displayName"] = json!("Approved by Ben");
        let other = campaign.add_policy(app, body).await;
        let id = campaign.assign(app, "carla").await;
        app.drain().await;
        let anna = app.token_of_person("anna").await;
        let moves = under(campaign.request("adminAdd", "carla"), &other);
        let request = campaign.ask(app, &anna, moves).await.expect(201).id();
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        app.drain().await;
        assert_eq!(policy_of(app, &campaign, &id).await, other);
        let told = mails(app).await;
        assert!(told.iter().all(|(kind, _)| kind != "accessGranted"), "{told:?}");
    });
}

#[test]
fn nobody_is_moved_to_a_policy_that_does_not_take_him() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = open_policy(&campaign.package);
        body["displayName"] = json!("Sales only");
        body["allowedTargetScope"] = json!("specificDirectoryUsers");
        body["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }]);
        let narrow = campaign.add_policy(app, body).await;
        let id = campaign.assign(app, "carla").await;
        for kind in ["adminAdd", "adminUpdate"] {
            let body = if kind == "adminAdd" { campaign.request(kind, "carla") } else { update(kind, &id) };
            let refused = campaign.ask(app, &campaign.token, under(body, &narrow)).await;
            assert_eq!(told(&refused), (400, "NotInPolicyScope"), "{kind}");
        }
        let unknown = campaign.ask(app, &campaign.token, under(update("adminUpdate", &id), &campaign.package)).await;
        assert_eq!(unknown.status, 404, "{}", unknown.text);
        assert_eq!(policy_of(app, &campaign, &id).await, campaign.policy);
    });
}

#[test]
fn a_person_does_not_get_no_end_under_a_policy_that_has_one() {
    on_every_database(async |app| {
        let campaign =
            with_policy(app, |p| p["requestorSettings"]["allowCustomAssignmentSchedule"] = json!(true)).await;
        let carla = app.token_of_person("carla").await;
        let mut body = campaign.request("userAdd", "carla");
        body["schedule"] = json!({ "expiration": { "type": "noExpiration" } });
        let refused = campaign.ask(app, &carla, body.clone()).await;
        assert_eq!(told(&refused), (400, "ScheduleNotAllowed"));
        assert!(refused.message().contains("2026-04-01"), "it names the end there is: {}", refused.message());
        body["requestType"] = json!("adminAdd");
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn a_holder_chooses_an_end_only_where_requestors_may_choose_one() {
    on_every_database(async |app| {
        let campaign = with_policy(app, |_| {}).await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        app.advance("P10D").await;
        let chosen = until(update("userUpdate", &id), "2026-04-05T00:00:00Z");
        let refused = campaign.ask(app, &carla, chosen.clone()).await;
        assert_eq!(told(&refused), (400, "ScheduleNotAllowed"));
        let settings = json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": true,
            "enableTargetsToSelfUpdateAccess": true, "allowCustomAssignmentSchedule": true } });
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        app.patch(&path, &campaign.token, settings).await.expect(204);
        campaign.ask(app, &carla, chosen).await.expect(201);
        assert_eq!(end_of(app, &campaign, &id).await.get(..10), Some("2026-04-05"));
    });
}

#[test]
fn somebody_outside_is_named_by_the_id_he_has_here() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&path, &campaign.token, json!({ "isExternallyVisible": true })).await.expect(204);
        let mut body = open_policy(&campaign.package);
        body["allowedTargetScope"] = json!("allExternalUsers");
        let campaign = Campaign { policy: campaign.add_policy(app, body).await, ..campaign };
        let body = json!({ "requestType": "adminAdd", "schedule": { "startDateTime": "2026-03-20T09:00:00Z" },
            "assignment": { "target": { "email": "ada@analytical.example" }, "assignmentPolicyId": campaign.policy,
                "accessPackageId": campaign.package } });
        let request = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        let path = format!("{EM}/assignmentRequests/{request}?$expand=requestor");
        app.get(&path, &campaign.token).await.expect(200);
        app.post(&format!("{EM}/assignmentRequests/{request}/cancel"), &campaign.token, Value::Null).await.expect(204);
        let subjects = app.get("/beta/identityGovernance/entitlementManagement/subjects", &campaign.token).await;
        let subjects = subjects.expect(200);
        let ada = subjects.values().iter().find(|s| s["email"] == "ada@analytical.example");
        let ada = ada.and_then(|s| s["id"].as_str()).unwrap_or_default().to_owned();
        let by_id = json!({ "requestType": "adminAdd", "assignment": { "targetId": ada,
            "assignmentPolicyId": campaign.policy, "accessPackageId": campaign.package } });
        campaign.ask(app, &campaign.token, by_id).await.expect(201);
        app.drain().await;
        let guest = app.get(&format!("/v1.0/users/{ada}"), &campaign.token).await.expect(200);
        assert_eq!(guest.json["mail"], "ada@analytical.example", "the guest has the id of the subject");
        let nobody = json!({ "requestType": "adminAdd", "assignment": { "targetId": company::TENANT_ID,
            "assignmentPolicyId": campaign.policy, "accessPackageId": campaign.package } });
        assert_eq!(campaign.ask(app, &campaign.token, nobody).await.status, 404);
    });
}
