//! Who decides about a request: named people and groups, managers, sponsors, owners, fallbacks and delegates; and what is
//! done where there is nobody (behaviour.md b.4; decisions.md H7, H8).

use crate::EM;
use crate::approvals::{
    APPROVALS, add_member, anna, ben, carla_asks, decide, group, hire, mails, manager, no, on_both, policy, sent,
    stage, state, two, user, with_stages, yes,
};
use crate::campaign::Campaign;
use insta::assert_snapshot;
use serde_json::json;
use tenure_testkit::company;

#[test]
fn the_manager_decides_and_a_fallback_where_there_is_none() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| {
            let mut one = stage(&[manager()]);
            one["fallbackPrimaryApprovers"] = json!([user(&anna())]);
            vec![one]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let ben = app.token_of_person("ben").await;
        let anna = app.token_of_person("anna").await;
        assert_eq!(decide(app, &anna, (&request, 0), yes()).await.code(), "NotAnApprover", "Carla has a manager");
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        // Ben has none.
        let body = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        let asked = campaign.ask(app, &ben, body).await;
        let request = app.made(asked, "request:ben");
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(campaign.members(app).await.len(), 2);
    });
}

#[test]
fn a_request_that_nobody_could_decide_is_refused_with_the_reason() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[manager()])]).await;
        let ben = app.token_of_person("ben").await;
        let body = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        let refused = campaign.ask(app, &ben, body).await;
        assert_snapshot!("refused_for_want_of_an_approver", app.show(&refused));
        let none = app.get(&format!("{EM}/assignmentRequests?$count=true"), &campaign.token).await;
        assert_eq!(none.expect(200).values().len(), 0, "no row was made");
    });
}

#[test]
fn nobody_decides_his_own_request_not_even_through_a_group_or_a_delegate() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let (request, carla) = carla_asks(app, &campaign).await;
        let mine = app.get(&format!("{EM}/{APPROVALS}/filterByCurrentUser(on='approver')"), &carla).await;
        assert!(mine.expect(200).values().is_empty(), "she does not see it among her approvals");
        let own = decide(app, &carla, (&request, 0), yes()).await;
        assert_eq!((own.status, own.code()), (403, "SelfApproval"));
        // A delegate of hers has no right through her.
        let dora = hire(app, &campaign.token, "dora").await;
        let body = json!({ "delegateId": dora });
        app.post("/tenure/v1/delegations", &carla, body).await.expect(201);
        let dora = app.token_of_person("dora").await;
        assert_eq!(decide(app, &dora, (&request, 0), yes()).await.code(), "NotAnApprover");
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
    });
}

#[test]
fn who_joins_the_group_later_may_decide_and_who_left_may_not() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let dora = hire(app, &campaign.token, "dora").await;
        let token = app.token_of_person("dora").await;
        assert_eq!(decide(app, &token, (&request, 0), yes()).await.code(), "NotAnApprover");
        let nested =
            json!({ "displayName": "Leads", "mailEnabled": false, "mailNickname": "leads", "securityEnabled": true });
        let leads = app.post("/v1.0/groups", &campaign.token, nested).await;
        let leads = app.made(leads, "group:leads");
        add_member(app, &campaign.token, &staff, &leads).await;
        add_member(app, &campaign.token, &leads, &dora).await;
        let gone = format!("/v1.0/groups/{staff}/members/{}/$ref", ben());
        app.delete(&gone, &campaign.token).await.expect(204);
        let ben = app.token_of_person("ben").await;
        assert_eq!(decide(app, &ben, (&request, 0), yes()).await.code(), "NotAnApprover");
        decide(app, &token, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn a_delegate_decides_what_was_assigned_after_he_was_named() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (before, _) = carla_asks(app, &campaign).await;
        let dora = hire(app, &campaign.token, "dora").await;
        let (ben, token) = (app.token_of_person("ben").await, app.token_of_person("dora").await);
        app.advance("PT1H").await;
        let made = app.post("/tenure/v1/delegations", &ben, json!({ "delegateId": dora })).await;
        let delegation = app.made(made.clone(), "delegation:ben");
        assert_snapshot!("delegation_as_it_was_made", app.show(&made));
        assert_eq!(decide(app, &token, (&before, 0), yes()).await.code(), "NotAnApprover");
        decide(app, &ben, (&before, 0), no()).await.expect(204);
        let (request, carla) = carla_asks(app, &campaign).await;
        decide(app, &token, (&request, 0), yes()).await.expect(204);
        let kinds = mails(app).await;
        let expected =
            [("decide", 1), ("delegateAppointed", 1), ("denied", 1), ("decide", 2), ("decidedByDelegate", 1)];
        assert_eq!(kinds[..5], sent(&expected));
        let listed = app.get("/tenure/v1/delegations", &token).await.expect(200);
        assert_eq!(listed.values().len(), 1);
        assert!(app.get("/tenure/v1/delegations", &carla).await.expect(200).values().is_empty());
        let path = format!("/tenure/v1/delegations/{delegation}");
        assert_eq!(app.delete(&path, &token).await.status, 404, "it is Ben's to end");
        app.delete(&path, &ben).await.expect(204);
        let own = app.post("/tenure/v1/delegations", &ben, json!({ "delegateId": company::person("ben") })).await;
        assert_eq!((own.status, own.pointers()), (400, vec!["/delegateId"]));
    });
}

#[test]
fn when_all_approvers_are_gone_the_request_is_denied_and_says_so() {
    on_both(async |app| {
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            vec![stage(&[user(&ben())]), stage(&[user(&dora)])]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let dora = company::principal_name("dora");
        app.delete(&format!("/v1.0/users/{dora}"), &campaign.token).await.expect(204);
        let ben = app.token_of_person("ben").await;
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("denied", "Denied"));
    });
}

#[test]
fn sponsors_of_the_organization_decide_about_its_people() {
    on_both(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = &campaign.token;
        let open = json!({ "isExternallyVisible": true });
        app.patch(&format!("{EM}/catalogs/{}", campaign.catalog), token, open).await.expect(204);
        let partner = json!({ "displayName": "Partner", "identitySources": [
            { "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "partner.example" }] });
        let partner = app.post(&format!("{EM}/connectedOrganizations"), token, partner).await;
        let partner = app.made(partner, "organization:partner");
        let sponsor = json!({ "@odata.id": format!("https://localhost/v1.0/users/{}", ben()) });
        let sponsors = format!("{EM}/connectedOrganizations/{partner}/internalSponsors/$ref");
        app.post(&sponsors, token, sponsor).await.expect(204);
        let gil = format!("/v1.0/users/{}", company::person("gil"));
        app.patch(&gil, token, json!({ "mail": "gil@partner.example" })).await.expect(204);
        let mut body =
            policy(&campaign.package, &[stage(&[json!({ "@odata.type": "#microsoft.graph.internalSponsors" })])]);
        body["allowedTargetScope"] = json!("allConfiguredConnectedOrganizationUsers");
        let policy = campaign.add_policy(app, body).await;
        let campaign = Campaign { policy, ..campaign };
        let gil = app.token_of_person("gil").await;
        let body = json!({ "requestType": "userAdd", "justification": "the launch",
            "assignment": { "accessPackageId": campaign.package } });
        let asked = campaign.ask(app, &gil, body).await;
        let request = app.made(asked, "request:gil");
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        assert_eq!(decide(app, &anna, (&request, 0), yes()).await.code(), "NotAnApprover");
        decide(app, &ben, (&request, 0), yes()).await.expect(204);
        assert_eq!(campaign.members(app).await, ["Gil Moreau"]);
    });
}

#[test]
fn the_owners_of_the_catalog_are_asked_where_the_tenant_says_so() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[manager()])]).await;
        let owner = json!({ "principalId": anna(), "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178",
            "appScopeId": format!("/AccessPackageCatalog/{}", campaign.catalog) });
        let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
        app.post(roles, &campaign.token, owner).await.expect(201);
        let ben = app.token_of_person("ben").await;
        let body = json!({ "requestType": "userAdd", "justification": "mine",
            "assignment": { "accessPackageId": campaign.package } });
        let refused = campaign.ask(app, &ben, body.clone()).await;
        assert_eq!(refused.code(), "NoEligibleApprover", "he has no manager");
        let routes = json!({ "routeToCatalogOwners": true });
        app.patch("/tenure/v1/settings", &campaign.token, routes).await.expect(204);
        let asked = campaign.ask(app, &ben, body).await;
        let request = app.made(asked, "request:ben");
        let anna = app.token_of_person("anna").await;
        decide(app, &anna, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}
