//! The mails about approval, each kind by itself: when it goes out, to whom, and what it says (behaviour.md h).

use crate::EM;
use crate::approvals::{
    anna, ben, carla_asks, decide, for_staff, group, hire, on_both, policy, stage, state, two, user, with_stages, yes,
};
use crate::campaign::{Campaign, open_policy};
use crate::partners::organization;
use crate::strangers::{assign, campaign_for, guest, open};
use serde_json::{Value, json};
use tenure_domain::ids::ObjectId;
use tenure_service::Identity;
use tenure_service::directory::groups;
use tenure_service::directory::users;
use tenure_testkit::{Fault, TestApp, company};
use uuid::Uuid;

/// A mail that was kept: its kind, the people it went to, its subject, its body.
struct Letter {
    kind: String,
    to: Vec<String>,
    subject: String,
    body: String,
}

/// The mails so far, oldest first.
async fn letters(app: &TestApp) -> Vec<Letter> {
    app.drain().await;
    let token = app.token_app().await;
    let kept = app.get("/tenure/v1/outbox/mail", &token).await.expect(200);
    let text = |mail: &Value, name: &str| mail[name].as_str().unwrap_or_default().to_owned();
    let people = |mail: &Value| {
        let all = mail["to"].as_array().cloned().unwrap_or_default();
        let name = |to: &Value| to.as_str().unwrap_or_default().trim_end_matches("@fabrikam.example").to_owned();
        let mut all: Vec<String> = all.iter().map(name).collect();
        all.sort();
        all
    };
    let one = |mail: &Value| Letter {
        kind: text(mail, "kind"),
        to: people(mail),
        subject: text(mail, "subject"),
        body: text(mail, "body"),
    };
    kept.values().iter().map(one).collect()
}

/// Which mails went out after the first `known` ones, as "kind: people"; those of one instant in the order of their kinds.
async fn since(app: &TestApp, known: &mut usize) -> Vec<String> {
    let all = letters(app).await;
    let mut new: Vec<String> = all[*known..].iter().map(|l| format!("{}: {}", l.kind, l.to.join(", "))).collect();
    new.sort();
    *known = all.len();
    new
}

async fn last(app: &TestApp, kind: &str) -> Letter {
    letters(app).await.into_iter().rev().find(|l| l.kind == kind).unwrap_or_else(|| panic!("no mail {kind}"))
}

/// A stage with alternates, who are asked after two of five days.
fn escalating(primary: &str, alternate: &str) -> Value {
    let mut one = stage(&[user(primary)]);
    one["isEscalationEnabled"] = json!(true);
    one["durationBeforeEscalation"] = json!("P2D");
    one["escalationApprovers"] = json!([user(alternate)]);
    one
}

async fn carla_may_extend(app: &TestApp, primary: &str) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = policy(&campaign.package, &[stage(&[user(primary)])]);
    body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
    body["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

#[test]
fn in_three_stages_everybody_hears_what_concerns_him_alternates_too() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let (dora, eve) = (hire(app, token, "dora").await, hire(app, token, "eve").await);
            let last = stage(&[user(&dora)]);
            vec![escalating(&ben(), &eve), escalating(&anna(), &eve), last]
        })
        .await;
        let mut known = 0;
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(since(app, &mut known).await, ["decideBefore: ben"]);
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(since(app, &mut known).await, ["laterDecideBefore: anna", "stageApproved: ben, eve"]);
        decide(app, &anna, (&request, 1), yes()).await.expect(204);
        assert_eq!(since(app, &mut known).await, ["laterDecide: dora", "laterStageApproved: anna, eve"]);
        app.advance("P2DT11H").await;
        assert!(since(app, &mut known).await.is_empty());
        app.advance("PT1H").await;
        assert_eq!(since(app, &mut known).await, ["laterDecideReminder: dora"]);
        let dora = app.token_of_person("dora").await;
        decide(app, &dora, (&request, 2), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        assert_eq!(
            since(app, &mut known).await,
            ["accessGranted: carla", "laterStageApproved: dora", "requestFulfilled: anna, ben, eve"]
        );
        app.advance("P30D").await;
        assert_eq!(since(app, &mut known).await, ["accessEnded: carla"]);
    });
}

#[test]
fn alternates_get_their_mail_at_the_second_day_and_the_first_approver_decides_at_the_third() {
    on_both(async |app| {
        // Scenario 4 of the reference.
        let campaign = with_stages(app, async |_, _| vec![escalating(&ben(), &anna())]).await;
        let mut known = 0;
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(since(app, &mut known).await, ["decideBefore: ben"]);
        app.advance("P1DT23H").await;
        assert!(since(app, &mut known).await.is_empty(), "not yet");
        app.advance("PT1H").await;
        assert_eq!(since(app, &mut known).await, ["forwarded: anna"]);
        let forwarded = last(app, "forwarded").await;
        assert_eq!(forwarded.subject, "Action required: Approve or deny forwarded request by 2026-03-07");
        app.advance("P1D").await;
        assert_eq!(since(app, &mut known).await, ["decideBeforeReminder: ben"]);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(since(app, &mut known).await, ["accessGranted: carla", "requestFulfilled: anna, ben"]);
    });
}

#[test]
fn a_later_stage_escalates_reminds_and_expires_like_the_first() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            vec![stage(&[user(&ben())]), escalating(&anna(), &dora)]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        let mut known = letters(app).await.len();
        app.advance("P2D").await;
        assert_eq!(since(app, &mut known).await, ["laterForwarded: dora"]);
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApprovalEscalated"));
        app.advance("PT12H").await;
        assert_eq!(since(app, &mut known).await, ["laterDecideBeforeReminder: anna"]);
        let reminder = last(app, "laterDecideBeforeReminder").await;
        assert!(reminder.subject.starts_with("Action required reminder"), "{}", reminder.subject);
        app.advance("P2DT12H").await;
        assert_eq!(since(app, &mut known).await, ["expired: carla", "laterStageExpired: anna, dora"]);
        assert_eq!(state(app, &request).await, two("denied", "Expired"));
        assert_eq!(last(app, "laterStageExpired").await.subject, "A request has expired for Campaign");
        app.advance("P30D").await;
        assert!(since(app, &mut known).await.is_empty());
    });
}

#[test]
fn the_first_stage_expires_for_alternates_too() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![escalating(&ben(), &anna())]).await;
        carla_asks(app, &campaign).await;
        app.advance("P5D").await;
        let expired = last(app, "stageExpired").await;
        assert_eq!(expired.to, ["anna", "ben"]);
        assert_eq!(expired.subject, "Request has expired for Campaign");
    });
}

#[test]
fn a_mail_to_approvers_says_who_asks_from_where_since_when_for_which_time_and_why() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "justification": "for the launch",
            "assignment": { "accessPackageId": campaign.package },
            "schedule": { "startDateTime": "2026-03-09T08:00:00Z",
                "expiration": { "type": "afterDateTime", "endDateTime": "2026-03-20T18:00:00Z" } } });
        campaign.ask(app, &carla, body).await.expect(201);
        let asked = last(app, "decide").await.body;
        for said in [
            "Carla Díaz (Fabrikam) asks for access to Campaign",
            "for the launch",
            "Asked at 09:00 UTC on 2026-03-02",
            "from 08:00 UTC on 2026-03-09 until 18:00 UTC on 2026-03-20",
            "by 09:00 UTC on 2026-03-07",
        ] {
            assert!(asked.contains(said), "{said}: {asked}");
        }
    });
}

#[test]
fn a_mail_to_approvers_names_the_organization_of_somebody_from_outside() {
    on_both(async |app| {
        let campaign = Campaign::without_policy(app).await;
        open(app, &campaign).await;
        organization(app, &campaign.token, "Partner", "partner.example", "configured").await;
        guest(app, &campaign.token, "eve", "eve@partner.example").await;
        let mut body = policy(&campaign.package, &[stage(&[user(&ben())])]);
        body["allowedTargetScope"] = json!("allConfiguredConnectedOrganizationUsers");
        campaign.add_policy(app, body).await;
        let eve = app.token_of_person("eve").await;
        let body = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        campaign.ask(app, &eve, body).await.expect(201);
        let asked = last(app, "decide").await.body;
        assert!(asked.contains("eve (Partner) asks for access to Campaign"), "{asked}");
    });
}

#[test]
fn who_asked_for_a_report_hears_of_it_and_not_the_report() {
    on_both(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["requestorSettings"]["enableOnBehalfRequestorsToAddAccess"] = json!(true);
        body["requestorSettings"]["onBehalfRequestors"] =
            json!([{ "@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1 }]);
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        let ben = app.token_of_person("ben").await;
        campaign.ask(app, &ben, campaign.request("userAdd", "carla")).await.expect(201);
        let told = last(app, "accessGranted").await;
        assert_eq!(told.to, ["ben"]);
        assert!(told.body.contains("Hello Ben Carter"), "{}", told.body);
        assert!(told.body.contains("Carla Díaz now has access to Campaign"), "{}", told.body);
        assert_eq!(letters(app).await.len(), 1);
    });
}

#[test]
fn who_asked_for_a_later_end_hears_that_it_was_approved_and_until_when() {
    on_both(async |app| {
        let campaign = carla_may_extend(app, &ben()).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert!(last(app, "requestFulfilled").await.body.contains("access was given"));
        app.advance("P10D").await;
        let held = campaign.held_by(app, "carla").await.expect("an assignment");
        let body = json!({ "requestType": "userExtend", "justification": "more", "assignment": { "id": held } });
        let extension = app.made(campaign.ask(app, &carla, body).await, "request:extension");
        let asked = last(app, "decide").await.body;
        assert!(asked.contains("asks to change or extend access to Campaign"), "{asked}");
        let mut known = letters(app).await.len();
        decide(app, &ben, (&extension, 0), yes()).await.expect(204);
        assert_eq!(since(app, &mut known).await, ["accessGranted: carla", "requestFulfilled: ben"]);
        let granted = last(app, "accessGranted").await.body;
        assert!(granted.contains("was approved") && granted.contains("2026-04-11"), "{granted}");
        let told = last(app, "requestFulfilled").await.body;
        assert!(!told.contains("access was given"), "it was there: {told}");
    });
}

#[test]
fn approvers_and_who_asked_hear_that_what_was_approved_could_not_be_given() {
    on_both(async |app| {
        let (campaign, staff) = for_staff(app).await;
        let (at_once, carla) = carla_asks(app, &campaign).await;
        let leave = format!("/v1.0/groups/{staff}/members/{}/$ref", company::person("carla"));
        app.delete(&leave, &campaign.token).await.expect(204);
        let ben = app.token_of_person("ben").await;
        let mut known = letters(app).await.len();
        decide(app, &ben, (&at_once, 0), yes()).await.expect(204);
        assert_eq!(state(app, &at_once).await, two("deliveryFailed", "DeliveryFailed"));
        assert_eq!(since(app, &mut known).await, ["denied: carla", "requestFulfilled: ben"]);
        let why = "the policy does not include the person any more";
        for kind in ["denied", "requestFulfilled"] {
            let body = last(app, kind).await.body;
            assert!(body.contains("approved") && body.contains(why), "{kind}: {body}");
        }
        // The same at a start that was waited for.
        let join = json!({ "@odata.id": format!("https://localhost/v1.0/users/{}", company::person("carla")) });
        app.post(&format!("/v1.0/groups/{staff}/members/$ref"), &campaign.token, join).await.expect(204);
        let body = json!({ "requestType": "userAdd", "justification": "later",
            "schedule": { "startDateTime": "2026-03-12T09:00:00Z" },
            "assignment": { "accessPackageId": campaign.package } });
        let later = app.made(campaign.ask(app, &carla, body).await, "request:later");
        decide(app, &ben, (&later, 0), yes()).await.expect(204);
        app.delete(&leave, &campaign.token).await.expect(204);
        let mut known = letters(app).await.len();
        app.advance("P10D").await;
        assert_eq!(state(app, &later).await, two("deliveryFailed", "DeliveryFailed"));
        assert_eq!(since(app, &mut known).await, ["denied: carla", "requestFulfilled: ben"]);
    });
}

#[test]
fn approvers_and_who_asked_hear_that_a_system_outside_has_refused() {
    on_both(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, _) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        let mut known = letters(app).await.len();
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(since(app, &mut known).await, ["denied: carla", "requestFulfilled: ben"]);
        assert_eq!(state(app, &request).await, two("deliveryFailed", "DeliveryFailed"));
        let told = last(app, "requestFulfilled").await.body;
        assert!(told.contains("approved") && !told.contains("access was given"), "{told}");
        let again = format!("{EM}/assignmentRequests/{request}/reprocess");
        app.post(&again, &campaign.token, Value::Null).await.expect(202);
        assert_eq!(since(app, &mut known).await, ["accessGranted: carla", "requestFulfilled: ben"]);
    });
}

#[test]
fn a_new_guest_is_told_when_his_access_is_there_however_long_that_takes() {
    on_both(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        assign(app, &campaign, "ada@partner.example").await.expect(201);
        let mut known = 0;
        assert_eq!(since(app, &mut known).await, ["accessGranted: ada@partner.example"], "by a system outside");
        // It takes some tries.
        app.elsewhere().fail_next([Fault::Unavailable]);
        assign(app, &campaign, "bob@partner.example").await.expect(201);
        assert!(since(app, &mut known).await.is_empty());
        app.advance("PT2M").await;
        assert_eq!(since(app, &mut known).await, ["accessGranted: bob@partner.example"]);
        // It fails and is tried again by hand.
        app.elsewhere().fail_next([Fault::Refused]);
        let request = assign(app, &campaign, "eve@partner.example").await.expect(201).id();
        assert!(since(app, &mut known).await.is_empty());
        assert_eq!(state(app, &request).await, two("deliveryFailed", "DeliveryFailed"));
        app.advance("P1D").await;
        app.post(&format!("{EM}/assignmentRequests/{request}/reprocess"), token, Value::Null).await.expect(202);
        assert_eq!(since(app, &mut known).await, ["accessGranted: eve@partner.example"]);
        // Who is there already hears nothing of direct assignments.
        let second = json!({ "displayName": "Second", "catalog": { "id": campaign.catalog } });
        let second = app.post(&format!("{EM}/accessPackages"), token, second).await.expect(201).id();
        let role = crate::campaign::member_role(&campaign.resource, &company::group("sales").to_string());
        app.post(&format!("{EM}/accessPackages/{second}/resourceRoleScopes"), token, role).await.expect(201);
        let mut body = open_policy(&second);
        body["allowedTargetScope"] = json!("allExternalUsers");
        let policy = app.post(&format!("{EM}/assignmentPolicies"), token, body).await.expect(201).id();
        let second = Campaign {
            package: second,
            policy,
            token: token.clone(),
            catalog: campaign.catalog.clone(),
            resource: campaign.resource.clone(),
        };
        assign(app, &second, "ada@partner.example").await.expect(201);
        assert!(since(app, &mut known).await.is_empty());
    });
}

#[test]
fn who_loses_access_is_told_unless_the_policy_sends_no_mails() {
    on_both(async |app| {
        for (disabled, told) in [(false, vec!["accessEnded: ben", "accessEnded: carla"]), (true, vec![])] {
            let campaign = Campaign::without_policy(app).await;
            let mut body = open_policy(&campaign.package);
            body["notificationSettings"] = json!({ "isAssignmentNotificationDisabled": disabled });
            let policy = campaign.add_policy(app, body).await;
            let campaign = Campaign { policy, ..campaign };
            let held = campaign.assign(app, "ben").await;
            campaign.assign(app, "carla").await;
            let mut known = letters(app).await.len();
            let body = json!({ "requestType": "adminRemove", "assignment": { "id": held } });
            campaign.ask(app, &campaign.token, body).await.expect(201);
            app.advance("P30D").await;
            assert_eq!(since(app, &mut known).await, told);
            if !disabled {
                assert_eq!(last(app, "accessEnded").await.subject, "Access has ended for Campaign");
                let name = json!({ "displayName": "Marketing of last year" });
                let path = format!("{EM}/catalogs/{}", campaign.catalog);
                app.patch(&path, &campaign.token, name).await.expect(204);
            }
        }
    });
}

#[test]
fn whether_mails_are_sent_is_for_the_policy_to_say_as_it_is_at_delivery() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let mut known = letters(app).await.len();
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let off = json!({ "notificationSettings": { "isAssignmentNotificationDisabled": true } });
        app.patch(&path, &campaign.token, off).await.expect(204);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(since(app, &mut known).await, ["requestFulfilled: ben"], "approvers are always told");
    });
}

#[test]
fn every_member_of_a_large_group_of_approvers_is_written_to_in_as_many_mails_as_it_takes() {
    const PEOPLE: usize = 1_203;
    on_both(async |app| {
        let token = app.token_app().await;
        let many =
            json!({ "displayName": "Many", "mailEnabled": false, "mailNickname": "many", "securityEnabled": true });
        let many = app.made(app.post("/v1.0/groups", &token, many).await, "group:many");
        let group_id = ObjectId(many.parse().expect("an id"));
        let filled = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            for n in 0..PEOPLE {
                let new = company::newcomer(format!("Member {n}"), company::principal_name(&format!("member{n}")));
                let id = users::create(ctx, &new)?;
                groups::add_member(ctx, group_id, id)?;
            }
            Ok(())
        });
        filled.await.expect("many people");
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&many)])]).await;
        carla_asks(app, &campaign).await;
        let mails = letters(app).await;
        let mut sizes: Vec<usize> = mails.iter().map(|l| l.to.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [PEOPLE - 1_000, 1_000]);
        let mut people: Vec<&String> = mails.iter().flat_map(|l| &l.to).collect();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), PEOPLE, "each once");
    });
}
