//! Approvers whom a policy does not name: managers of managers, sponsors of people and of organizations, and fallbacks
//! that are groups (behaviour.md b.4, e.1, p.6, p.21).

use crate::EM;
use crate::approvals::{
    add_member, anna, ben, carla_asks, decide, group, hire, mails, manager, on_both, policy, stage, state, two, user,
    with_stages, yes,
};
use crate::campaign::Campaign;
use crate::partners::organization;
use crate::strangers::{assign, guest, open};
use serde_json::{Value, json};
use tenure_domain::ids::ObjectId;
use tenure_service::{Identity, rows};
use tenure_testkit::{TestApp, company};
use uuid::Uuid;

/// A set of people that is named by what they are.
fn set(kind: &str) -> Value {
    json!({ "@odata.type": format!("#microsoft.graph.{kind}") })
}

/// A campaign that is open to external people, under a policy for `scope` with one stage.
async fn for_externals(app: &TestApp, scope: &str, primary: &[Value]) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    open(app, &campaign).await;
    let mut body = policy(&campaign.package, &[stage(primary)]);
    body["allowedTargetScope"] = json!(scope);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn add_sponsor(app: &TestApp, token: &str, (kind, organization): (&str, &str), sponsor: &str) {
    let body = json!({ "@odata.id": format!("https://localhost/v1.0/users/{sponsor}") });
    let path = format!("{EM}/connectedOrganizations/{organization}/{kind}/$ref");
    app.post(&path, token, body).await.expect(204);
}

/// Somebody asks for himself; gives the request.
async fn asks(app: &TestApp, campaign: &Campaign, alias: &str) -> String {
    let token = app.token_of_person(alias).await;
    let body = json!({ "requestType": "userAdd", "justification": "the launch",
        "assignment": { "accessPackageId": campaign.package } });
    let asked = campaign.ask(app, &token, body).await;
    app.made(asked, &format!("request:{alias}"))
}

#[test]
fn sponsors_decide_about_a_stranger_who_is_assigned_by_his_address_and_the_guest_is_made_then() {
    on_both(async |app| {
        // Scenario 21 of the reference, with sponsors.
        let scope = "allConfiguredConnectedOrganizationUsers";
        let campaign = for_externals(app, scope, &[set("internalSponsors")]).await;
        let token = &campaign.token;
        let partner = organization(app, token, "Partner", "partner.example", "configured").await;
        let alone = assign(app, &campaign, "ada@partner.example").await;
        assert_eq!(alone.code(), "NoEligibleApprover", "the organization has no sponsor yet");
        add_sponsor(app, token, ("internalSponsors", &partner), &ben()).await;
        let asked = assign(app, &campaign, "ada@partner.example").await;
        let request = app.made(asked, "request:ada");
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApproval"));
        let guests = "/v1.0/users?$filter=userType eq 'Guest'&$select=displayName";
        assert_eq!(app.get(guests, token).await.expect(200).values().len(), 1, "she has no account yet");
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        assert_eq!(campaign.members(app).await, ["ada@partner.example"]);
        let told = mails(app).await.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(told, ["decide", "accessGranted", "requestFulfilled"], "no invitation mail");
    });
}

#[test]
fn an_unknown_domain_is_proposed_and_the_guest_is_made_when_somebody_has_approved() {
    on_both(async |app| {
        // Scenario 21 of the reference.
        let campaign = for_externals(app, "allExternalUsers", &[user(&ben())]).await;
        let asked = assign(app, &campaign, "ada@analytical.example").await;
        let request = app.made(asked, "request:ada");
        let select = "$select=displayName,state";
        let known = app.get(&format!("{EM}/connectedOrganizations?{select}"), &campaign.token).await.expect(200);
        assert_eq!(known.values(), [json!({ "displayName": "analytical.example", "state": "proposed" })]);
        let guests = "/v1.0/users?$filter=userType eq 'Guest'&$orderby=displayName&$select=displayName,mail";
        assert_eq!(app.get(guests, &campaign.token).await.expect(200).values().len(), 1);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        let made = app.get(guests, &campaign.token).await.expect(200);
        assert_eq!(made.values()[0]["mail"], "ada@analytical.example");
        assert_eq!(campaign.members(app).await, ["ada@analytical.example"]);
        app.drain().await;
        let granted = "/tenure/v1/outbox/mail?$filter=kind eq 'accessGranted'";
        let granted = app.get(granted, &campaign.token).await.expect(200);
        assert_eq!(granted.values().len(), 1);
        assert_eq!(granted.values()[0]["to"], json!(["ada@analytical.example"]), "which doubles as the invitation");
    });
}

#[test]
fn external_sponsors_decide_about_people_of_their_organization() {
    on_both(async |app| {
        let scope = "allConfiguredConnectedOrganizationUsers";
        let campaign = for_externals(app, scope, &[set("externalSponsors")]).await;
        let token = &campaign.token;
        let partner = organization(app, token, "Partner", "partner.example", "configured").await;
        let eve = guest(app, token, "eve", "eve@partner.example").await;
        add_sponsor(app, token, ("externalSponsors", &partner), &eve).await;
        let asked = assign(app, &campaign, "ada@partner.example").await;
        let request = app.made(asked, "request:ada");
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "NotAnApprover");
        let eve = app.token_of_person("eve").await;
        decide(app, &eve, (&request, 0), yes()).await.expect(204);
        assert_eq!(campaign.members(app).await, ["ada@partner.example"]);
        // She does not decide about herself.
        let own = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        assert_eq!(campaign.ask(app, &eve, own).await.code(), "NoEligibleApprover");
    });
}

#[test]
fn sponsors_decide_about_a_guest_who_is_known_by_the_tenant_he_signs_in_at_or_by_his_name_alone() {
    on_both(async |app| {
        let scope = "allConfiguredConnectedOrganizationUsers";
        let campaign = for_externals(app, scope, &[set("internalSponsors")]).await;
        let token = &campaign.token;
        let tenant = "bf85dc9d-cb43-44a4-80c4-469e8c58249e";
        let wingtip = json!({ "displayName": "Wingtip", "identitySources": [
            { "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": tenant, "displayName": "W" }] });
        let wingtip = app.post(&format!("{EM}/connectedOrganizations"), token, wingtip).await;
        let wingtip = app.made(wingtip, "organization:wingtip");
        add_sponsor(app, token, ("internalSponsors", &wingtip), &ben()).await;
        let gil = ObjectId(company::person("gil"));
        let (issuer, now) = (format!("https://login.example/{}/v2.0", tenant.to_uppercase()), app.wall());
        let linked = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            rows::identity_link::insert(ctx.tx, (&issuer, "g-1"), gil, now, now);
            Ok(())
        });
        linked.await.expect("the link");
        let request = asks(app, &campaign, "gil").await;
        let ben_token = app.token_of_person("ben").await;
        decide(app, &ben_token, (&request, 0), yes()).await.expect(204);
        assert_eq!(campaign.members(app).await, ["Gil Moreau"]);
        // Without a mail address, by the name that guests have.
        let partner = organization(app, token, "Partner", "partner.example", "configured").await;
        add_sponsor(app, token, ("internalSponsors", &partner), &anna()).await;
        let body = json!({
            "displayName": "Noa", "userType": "Guest", "accountEnabled": true, "mailNickname": "noa",
            "userPrincipalName": format!("noa_partner.example#EXT#@{}", company::DOMAIN),
            "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
        });
        let noa = app.post("/v1.0/users", token, body).await;
        let noa = app.made(noa, "user:noa");
        let body = json!({ "requestType": "adminAdd", "assignment":
            { "targetId": noa, "assignmentPolicyId": campaign.policy, "accessPackageId": campaign.package } });
        let asked = campaign.ask(app, token, body).await;
        let request = app.made(asked, "request:noa");
        assert_eq!(decide(app, &ben_token, (&request, 0), yes()).await.code(), "NotAnApprover");
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(campaign.members(app).await.len(), 2);
    });
}

#[test]
fn the_sponsors_of_a_person_decide_people_and_groups_of_them() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[set("targetUserSponsors")])]).await;
        let token = &campaign.token;
        let ask = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        let carla = app.token_of_person("carla").await;
        assert_eq!(campaign.ask(app, &carla, ask).await.code(), "NoEligibleApprover", "she has no sponsor");
        let dora = hire(app, token, "dora").await;
        let staff = company::group("staff").to_string();
        for sponsor in [&dora, &staff] {
            let body = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{sponsor}") });
            let path = format!("/v1.0/users/{}/sponsors/$ref", company::person("carla"));
            app.post(&path, token, body).await.expect(204);
        }
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(mails(app).await, [("decide".to_owned(), 3)], "Dora, and Anna and Ben of the group");
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn the_manager_of_the_manager_decides_and_alone() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let body = json!({ "@odata.id": format!("https://localhost/v1.0/users/{}", anna()) });
            app.put(&format!("/v1.0/users/{}/manager/$ref", ben()), token, body).await.expect(204);
            let mut second = manager();
            second["managerLevel"] = json!(2);
            vec![stage(&[second])]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let (ben, anna) = (app.token_of_person("ben").await, app.token_of_person("anna").await);
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "NotAnApprover", "the first level");
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn a_guest_is_no_manager_although_the_policy_names_him_elsewhere() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let gus = guest(app, token, "gus", "gus@partner.example").await;
            let body = json!({ "@odata.id": format!("https://localhost/v1.0/users/{gus}") });
            let of_carla = format!("/v1.0/users/{}/manager/$ref", company::person("carla"));
            app.put(&of_carla, token, body).await.expect(204);
            let mut first = stage(&[manager()]);
            first["fallbackPrimaryApprovers"] = json!([user(&anna())]);
            vec![first, stage(&[user(&gus)])]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let gus = app.token_person(&format!("gus@{}", company::DOMAIN)).await;
        assert_eq!(decide(app, &gus, (&request, 0), yes()).await.code(), "NotAnApprover");
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        decide(app, &gus, (&request, 1), yes()).await.expect(204);
        app.drain().await;
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn a_manager_without_a_mail_address_counts_as_none() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let of_ben = format!("/v1.0/users/{}", company::person("ben"));
            app.patch(&of_ben, token, json!({ "mail": null })).await.expect(204);
            let mut one = stage(&[manager()]);
            one["fallbackPrimaryApprovers"] = json!([user(&anna())]);
            vec![one]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "NotAnApprover");
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
        app.drain().await;
    });
}

#[test]
fn a_group_is_the_fallback_where_there_is_no_manager() {
    on_both(async |app| {
        // Scenario 6 of the reference.
        let campaign = with_stages(app, async |app, token| {
            let deputies = json!({ "displayName": "Deputies", "mailEnabled": false, "mailNickname": "deputies",
                "securityEnabled": true });
            let deputies = app.post("/v1.0/groups", token, deputies).await;
            let deputies = app.made(deputies, "group:deputies");
            let dora = hire(app, token, "dora").await;
            for member in [dora, ben()] {
                add_member(app, token, &deputies, &member).await;
            }
            let mut one = stage(&[manager()]);
            one["fallbackPrimaryApprovers"] = json!([group(&deputies)]);
            vec![one]
        })
        .await;
        let dora = app.token_of_person("dora").await;
        let (of_carla, _) = carla_asks(app, &campaign).await;
        assert_eq!(decide(app, &dora, (&of_carla, 0), yes()).await.code(), "NotAnApprover", "Carla has a manager");
        let of_ben = asks(app, &campaign, "ben").await;
        assert_eq!(mails(app).await.last(), Some(&("decide".to_owned(), 1)), "Dora; Ben belongs to the group, too");
        decide(app, &dora, (&of_ben, 0), yes()).await.expect(204);
        assert_eq!(state(app, &of_ben).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn alternates_have_a_fallback_too() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            let mut second = manager();
            second["managerLevel"] = json!(2);
            let mut one = stage(&[manager()]);
            one["isEscalationEnabled"] = json!(true);
            one["durationBeforeEscalation"] = json!("P2D");
            one["escalationApprovers"] = json!([second]);
            one["fallbackEscalationApprovers"] = json!([user(&dora)]);
            vec![one]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let dora = app.token_of_person("dora").await;
        assert_eq!(decide(app, &dora, (&request, 0), yes()).await.code(), "NotAnApprover");
        app.advance("P2D").await;
        assert_eq!(state(app, &request).await, two("pendingApproval", "PendingApprovalEscalated"));
        assert_eq!(mails(app).await.last(), Some(&("forwarded".to_owned(), 1)), "Ben has no manager");
        decide(app, &dora, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}
