//! After the decision: the history of an approver, taking back what was approved, and direct assignment that does not wait
//! for approval (behaviour.md b.3 #22, b.4, p.30; decisions.md H9, J4, Q1).

use crate::EM;
use crate::approvals::{
    APPROVALS, anna, ben, carla_asks, decide, group, on_both, policy, stage, state, two, user, with_stages, yes,
};
use crate::campaign::Campaign;
use serde_json::{Value, json};
use tenure_testkit::{Answer, TestApp, company};

async fn revoke(app: &TestApp, campaign: &Campaign, token: &str, assignment: &str) -> Answer {
    let body = json!({ "requestType": "approverRemove", "justification": "the launch is over",
        "assignment": { "id": assignment } });
    campaign.ask(app, token, body).await
}

async fn of(app: &TestApp, token: &str, set: &str) -> Vec<String> {
    app.get(&format!("{EM}/{set}/filterByCurrentUser(on='approver')"), token).await.expect(200).column("id")
}

#[test]
fn the_history_of_an_approver_shows_what_was_decided_by_whom_when_and_why() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        app.advance("P1D").await;
        for (who, token) in [("who decided", &ben), ("who could have", &anna)] {
            assert_eq!(of(app, token, APPROVALS).await, [request.as_str()], "{who}");
            assert_eq!(of(app, token, "assignmentRequests").await, [request.as_str()], "{who}");
            let seen = app.get(&format!("{EM}/{APPROVALS}/{request}"), token).await.expect(200).json;
            let stage = &seen["stages"][0];
            assert_eq!(stage["assignedToMe"], false, "{who}: nothing waits any more");
            assert_eq!(stage["reviewResult"], "Approved");
            assert_eq!(stage["reviewedBy"]["displayName"], "Ben Carter");
            let at = stage["reviewedDateTime"].as_str().unwrap_or_default();
            assert!(at.starts_with("2026-03-02T09:00:00"), "{at}");
            assert_eq!(stage["justification"], "fine");
            let asked = app.get(&format!("{EM}/assignmentRequests/{request}"), token).await.expect(200).json;
            assert_eq!((&asked["state"], &asked["justification"]), (&json!("delivered"), &json!("for the launch")));
        }
        assert!(of(app, &carla, APPROVALS).await.is_empty(), "it was hers to ask, not to decide");
        assert!(of(app, &carla, "assignmentRequests").await.is_empty());
    });
}

#[test]
fn an_approver_takes_back_from_his_history_and_the_reason_can_be_read() {
    on_both(async |app| {
        // Scenario 30 of the reference.
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        let path = format!("{EM}/assignmentRequests/filterByCurrentUser(on='approver')?$expand=assignment");
        let history = app.get(&path, &campaign.token).await;
        assert_ne!(history.status, 200, "an application approves nothing");
        let held = campaign.held_by(app, "carla").await.expect("an assignment");
        app.name(&held.parse().unwrap_or_default(), "assignment:carla");
        assert_eq!(of(app, &ben, "assignmentRequests").await, [request.as_str()], "his history");
        let removal = app.made(revoke(app, &campaign, &ben, &held).await, "request:removal");
        assert!(campaign.members(app).await.is_empty());
        let ended = app.get(&format!("{EM}/assignments/{held}"), &campaign.token).await.expect(200).json;
        assert_eq!(ended["state"], "expired");
        for token in [&campaign.token, &ben, &carla] {
            let shown = app.get(&format!("{EM}/assignmentRequests/{removal}"), token).await.expect(200).json;
            assert_eq!(shown["justification"], "the launch is over");
            assert_eq!((&shown["state"], &shown["status"]), (&json!("delivered"), &json!("Fulfilled")));
        }
        let again = revoke(app, &campaign, &ben, &held).await;
        assert_eq!((again.status, again.code()), (400, "AssignmentNotLive"));
    });
}

#[test]
fn who_approved_an_extension_may_take_the_access_back_as_well_as_who_approved_it_first() {
    on_both(async |app| {
        for (stand, revoker) in [(1, "anna"), (2, "ben")] {
            let campaign = Campaign::without_policy(app).await;
            let mut body = policy(&campaign.package, &[stage(&[user(&ben())])]);
            body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
            body["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
            let made = campaign.add_policy(app, body.clone()).await;
            let campaign = Campaign { policy: made, ..campaign };
            let (request, carla) = carla_asks(app, &campaign).await;
            let (anna_token, ben_token) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
            decide(app, &ben_token, (&request, 0), yes()).await.expect(204);
            body["requestApprovalSettings"]["stages"] = json!([stage(&[user(&anna())])]);
            let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
            app.put(&path, &campaign.token, body).await.expect(200);
            app.advance("P10D").await;
            let held = campaign.held_by(app, "carla").await.expect("an assignment");
            let ask = json!({ "requestType": "userExtend", "justification": "more", "assignment": { "id": held } });
            let extension = app.made(campaign.ask(app, &carla, ask.clone()).await, "request:extension");
            let early = revoke(app, &campaign, &anna_token, &held).await;
            assert_eq!((early.status, early.code()), (403, "NotAnApprover"), "{stand}: nothing is approved yet");
            decide(app, &anna_token, (&extension, 0), yes()).await.expect(204);
            let token = app.token_of_person(revoker).await;
            revoke(app, &campaign, &token, &held).await.expect(201);
            assert!(campaign.members(app).await.is_empty());
            app.drain().await;
            let name = json!({ "displayName": format!("Marketing of year {stand}") });
            app.patch(&format!("{EM}/catalogs/{}", campaign.catalog), &campaign.token, name).await.expect(204);
        }
    });
}

#[test]
fn who_denied_an_extension_approved_nothing() {
    on_both(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = policy(&campaign.package, &[stage(&[user(&ben())])]);
        body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
        body["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
        body["requestApprovalSettings"]["isApprovalRequiredForAdd"] = json!(false);
        body["requestApprovalSettings"]["stages"] = json!([stage(&[user(&anna())]), stage(&[user(&ben())])]);
        let made = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy: made, ..campaign };
        let (_, carla) = carla_asks(app, &campaign).await;
        app.advance("P10D").await;
        let held = campaign.held_by(app, "carla").await.expect("an assignment");
        let ask = json!({ "requestType": "userExtend", "justification": "more", "assignment": { "id": held } });
        let extension = app.made(campaign.ask(app, &carla, ask).await, "request:extension");
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        decide(app, &anna, (&extension, 0), yes()).await.expect(204);
        decide(app, &ben, (&extension, 1), crate::approvals::no()).await.expect(204);
        for token in [&anna, &ben] {
            let refused = revoke(app, &campaign, token, &held).await;
            assert_eq!((refused.status, refused.code()), (403, "NotAnApprover"));
        }
    });
}

#[test]
fn direct_assignment_does_not_wait_where_the_tenant_does_not_enforce_approval_and_people_still_do() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let off = json!({ "enforceApprovalOnDirectAssignment": false });
        app.patch("/tenure/v1/settings", &campaign.token, off).await.expect(204);
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "anna")).await;
        let request = app.made(asked, "request:anna");
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        assert_eq!(campaign.members(app).await, ["Anna Berg"]);
        let on = json!({ "enforceApprovalOnDirectAssignment": true });
        app.patch("/tenure/v1/settings", &campaign.token, on).await.expect(204);
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "ben")).await;
        assert_eq!(asked.code(), "NoEligibleApprover", "Ben is the only approver, and it is for him");
    });
}

#[test]
fn more_approvers_than_one_statement_names_are_all_asked_and_any_of_them_decides() {
    const PEOPLE: usize = 501;
    on_both(async |app| {
        use tenure_service::directory::users;
        let made = app.engine().write(tenure_service::Identity::System, uuid::Uuid::nil(), move |ctx| {
            let mut all = Vec::new();
            for n in 0..PEOPLE {
                let new = company::newcomer(format!("Approver {n}"), company::principal_name(&format!("approver{n}")));
                all.push(users::create(ctx, &new)?.to_string());
            }
            Ok(all)
        });
        let mut people = made.await.expect("many people");
        people.push(ben());
        people.sort();
        let sets: Vec<Value> = people.iter().map(|id| user(id)).collect();
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&anna())]), stage(&sets)]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        let mails = crate::approvals::mails(app).await;
        assert_eq!(mails.last(), Some(&("laterDecide".to_owned(), PEOPLE + 1)));
    });
}
