//! Approvers who vanish while their stage is open: somebody else is asked at once, and told; nothing waits in silence
//! (decisions.md H7; behaviour.md b.4, o.5 to o.7).

use crate::EM;
use crate::approvals::{
    activities, anna, ben, carla_asks, decide, group, hire, mails, manager, no, on_both, policy, stage, state, two,
    user, with_stages, yes,
};
use crate::campaign::Campaign;
use serde_json::{Value, json};
use tenure_testkit::{TestApp, company};

/// Makes somebody an owner of the campaign's catalog.
async fn own(app: &TestApp, campaign: &Campaign, person: &str) {
    let body = json!({ "principalId": person, "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178",
        "appScopeId": format!("/AccessPackageCatalog/{}", campaign.catalog) });
    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    app.post(roles, &campaign.token, body).await.expect(201);
}

async fn block(app: &TestApp, campaign: &Campaign, person: &str) {
    let body = json!({ "accountEnabled": false });
    app.patch(&format!("/v1.0/users/{person}"), &campaign.token, body).await.expect(204);
}

async fn delete_user(app: &TestApp, campaign: &Campaign, person: &str) {
    app.delete(&format!("/v1.0/users/{person}"), &campaign.token).await.expect(204);
}

fn mail(kind: &str, to: usize) -> (String, usize) {
    (kind.to_owned(), to)
}

/// The last mail that was kept.
async fn newest(app: &TestApp) -> (String, usize) {
    mails(app).await.pop().unwrap_or_default()
}

fn escalating(primary: &[Value], alternates: &[Value]) -> Value {
    let mut one = stage(primary);
    one["isEscalationEnabled"] = json!(true);
    one["durationBeforeEscalation"] = json!("P2D");
    one["escalationApprovers"] = json!(alternates);
    one
}

#[test]
fn the_owners_are_asked_and_told_when_the_only_approver_is_blocked() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        own(app, &campaign, &anna()).await;
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(mails(app).await.len(), 1);
        block(app, &campaign, &ben()).await;
        assert_eq!(newest(app).await, mail("decide", 1), "Anna is told at once");
        assert_eq!(mails(app).await.len(), 2);
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        let added = activities(app, &request).await;
        assert_eq!(added.iter().filter(|a| *a == "Add approver to request approval").count(), 2);
        // What time does goes on, and for the owners now.
        app.advance("P3D").await;
        assert_eq!(newest(app).await, mail("decideReminder", 1));
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn the_owners_are_asked_when_the_approver_is_deleted_or_his_group_is_or_it_loses_its_last_member() {
    on_both(async |app| {
        let made = |name: &str| {
            json!({ "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
                "members@odata.bind": [format!("https://localhost/v1.0/users/{}", ben())] })
        };
        let token = app.token_app().await;
        let (first, second) = (made("first"), made("second"));
        let first = app.made(app.post("/v1.0/groups", &token, first).await, "group:first");
        let second = app.made(app.post("/v1.0/groups", &token, second).await, "group:second");
        let dora = hire(app, &token, "dora").await;
        let campaign = with_stages(app, async |_, _| {
            vec![stage(&[group(&first)]), stage(&[group(&second)]), stage(&[user(&dora)])]
        })
        .await;
        own(app, &campaign, &anna()).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let anna = app.token_of_person("anna").await;
        app.delete(&format!("/v1.0/groups/{first}/members/{}/$ref", ben()), &token).await.expect(204);
        assert_eq!(newest(app).await, mail("decide", 1));
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        app.delete(&format!("/v1.0/groups/{second}"), &token).await.expect(204);
        assert_eq!(newest(app).await, mail("laterDecide", 1));
        decide(app, &anna, (&request, 1), yes()).await.expect(204);
        delete_user(app, &campaign, &dora).await;
        assert_eq!(newest(app).await, mail("laterDecide", 1));
        decide(app, &anna, (&request, 2), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn nobody_new_is_asked_as_long_as_one_approver_is_left() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let dora = hire(app, &campaign.token, "dora").await;
        own(app, &campaign, &dora).await;
        let (request, _) = carla_asks(app, &campaign).await;
        block(app, &campaign, &ben()).await;
        assert_eq!(mails(app).await.len(), 1, "Anna is still there");
        let dora = app.token_of_person("dora").await;
        assert_eq!(decide(app, &dora, (&request, 0), yes()).await.code(), "NotAnApprover");
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
    });
}

#[test]
fn the_fallback_is_asked_before_the_owners_when_the_manager_vanishes() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            let mut one = stage(&[manager()]);
            one["fallbackPrimaryApprovers"] = json!([user(&dora)]);
            vec![one]
        })
        .await;
        own(app, &campaign, &anna()).await;
        let (request, _) = carla_asks(app, &campaign).await;
        block(app, &campaign, &ben()).await;
        assert_eq!(newest(app).await, mail("decide", 1));
        let (anna, dora) = (app.token_of_person("anna").await, app.token_of_person("dora").await);
        assert_eq!(decide(app, &anna, (&request, 0), yes()).await.code(), "NotAnApprover");
        decide(app, &dora, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn a_request_is_denied_at_once_and_says_why_when_nobody_is_left_at_all() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(mails(app).await.len(), 1);
        block(app, &campaign, &ben()).await;
        app.drain().await;
        assert_eq!(state(app, &request).await, two("denied", "Denied"));
        let told = app.get("/tenure/v1/outbox/mail?$filter=kind eq 'denied'", &campaign.token).await.expect(200);
        assert_eq!(told.values().len(), 1);
        let body = told.values()[0]["body"].as_str().unwrap_or_default();
        assert!(body.contains("nobody is left who could decide"), "{body}");
        app.advance("P30D").await;
        assert_eq!(mails(app).await.len(), 2, "its instants bring nothing more");
        carla_asks_in_vain(app, &campaign).await;
    });
}

async fn carla_asks_in_vain(app: &TestApp, campaign: &Campaign) {
    let carla = app.token_of_person("carla").await;
    let body = json!({ "requestType": "userAdd", "justification": "again",
        "assignment": { "accessPackageId": campaign.package } });
    assert_eq!(campaign.ask(app, &carla, body).await.code(), "NoEligibleApprover");
}

#[test]
fn alternates_are_asked_early_when_the_approver_vanishes_and_there_is_no_owner() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![escalating(&[user(&ben())], &[user(&anna())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        block(app, &campaign, &ben()).await;
        assert_eq!(newest(app).await, mail("forwarded", 1));
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApprovalEscalated"));
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), no()).await.expect(204);
        app.drain().await;
        assert_eq!(mails(app).await.iter().filter(|(kind, _)| kind == "forwarded").count(), 1);
    });
}

#[test]
fn the_owners_are_asked_when_alternates_have_vanished_before_or_after_they_were_asked() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            vec![escalating(&[user(&ben())], &[user(&dora)]), escalating(&[user(&ben())], &[user(&dora)])]
        })
        .await;
        own(app, &campaign, &anna()).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let dora = format!("/v1.0/users/{}", company::principal_name("dora"));
        // Before.
        app.patch(&dora, &campaign.token, json!({ "accountEnabled": false })).await.expect(204);
        app.advance("P2D").await;
        assert_eq!(newest(app).await, mail("forwarded", 1), "Anna, as owner");
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApprovalEscalated"));
        let anna = app.token_of_person("anna").await;
        app.patch(&dora, &campaign.token, json!({ "accountEnabled": true })).await.expect(204);
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        // After.
        app.advance("P2D").await;
        assert_eq!(newest(app).await, mail("laterForwarded", 1), "Dora");
        assert_eq!(decide(app, &anna, (&request, 1), yes()).await.code(), "NotAnApprover");
        app.patch(&dora, &campaign.token, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(mails(app).await.iter().filter(|(kind, _)| kind == "laterForwarded").count(), 2);
        decide(app, &anna, (&request, 1), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn who_leaves_the_approvers_without_a_word_is_noticed_at_the_next_instant_of_the_stage() {
    on_both(async |app| {
        // Access that ends takes an approver out of the group; nobody has touched the group by hand.
        let sales = company::group("sales").to_string();
        let campaign = Campaign::without_policy(app).await;
        let direct = json!({ "displayName": "Direct", "accessPackage": { "id": campaign.package },
            "allowedTargetScope": "notSpecified", "expiration": { "type": "afterDuration", "duration": "P1D" } });
        let direct = campaign.add_policy(app, direct).await;
        let body = json!({ "requestType": "adminAdd", "assignment": { "targetId": ben(), "assignmentPolicyId": direct,
            "accessPackageId": campaign.package } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        let made = json!({ "displayName": "Second", "catalog": { "id": campaign.catalog } });
        let second = app.made(app.post(&format!("{EM}/accessPackages"), &campaign.token, made).await, "package:second");
        let policy = policy(&second, &[stage(&[group(&sales)])]);
        let policy = app.made(app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, policy).await, "policy:2");
        let second = Campaign {
            package: second,
            policy,
            token: campaign.token.clone(),
            catalog: campaign.catalog.clone(),
            resource: campaign.resource.clone(),
        };
        own(app, &second, &anna()).await;
        let (request, _) = carla_asks(app, &second).await;
        app.advance("P3D").await;
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
    });
}
