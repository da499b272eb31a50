//! External people: whom policies for organizations include, assignment by address, and the guest that is made when
//! access is given (behaviour.md c.1, e.1, e.2).

use crate::campaign::{Campaign, open_policy};
use crate::partners::{for_organization, organization};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_domain::directory::guest::home_domain;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// A campaign whose catalog is open to external people, under a policy for `scope`.
pub async fn campaign_for(app: &TestApp, scope: &str) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    open(app, &campaign).await;
    let mut body = open_policy(&campaign.package);
    body["allowedTargetScope"] = json!(scope);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn open(app: &TestApp, campaign: &Campaign) {
    let path = format!("{EM}/catalogs/{}", campaign.catalog);
    app.patch(&path, &campaign.token, json!({ "isExternallyVisible": true })).await.expect(204);
}

/// Assigns by address.
pub async fn assign(app: &TestApp, campaign: &Campaign, address: &str) -> Answer {
    let body = json!({
        "requestType": "adminAdd",
        "assignment": {
            "target": { "email": address },
            "assignmentPolicyId": campaign.policy,
            "accessPackageId": campaign.package,
        },
    });
    campaign.ask(app, &campaign.token, body).await
}

/// A guest of the directory.
async fn guest(app: &TestApp, token: &str, alias: &str, mail: &str) -> String {
    let body = json!({
        "displayName": alias, "userType": "Guest", "accountEnabled": true, "mailNickname": alias, "mail": mail,
        "userPrincipalName": format!("{alias}@{}", company::DOMAIN),
        "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
    });
    app.made(app.post("/v1.0/users", token, body).await, &format!("user:{alias}"))
}

#[test]
fn guests_belong_to_a_domain_as_a_whole_wherever_their_account_says_it() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        open(app, &campaign).await;
        let token = &campaign.token;
        organization(app, token, "Partner", "partner.example", "configured").await;
        let mut body = open_policy(&campaign.package);
        body["allowedTargetScope"] = json!("allConfiguredConnectedOrganizationUsers");
        campaign.add_policy(app, body).await;
        let browse = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
        let cases = [
            (Some("a@partner.example"), "ga"),
            (Some("b@Partner.EXAMPLE"), "gb"),
            (Some("c@evilpartner.example"), "gc"),
            (Some("d@sub.partner.example"), "gd"),
            (Some("e@partner.example.org"), "ge"),
            (Some("f@example"), "gf"),
            (Some("partner.example"), "gg"),
            (Some("h@partner_example"), "gh"),
            (None, "gi_partner.example#EXT#"),
            (None, "gj_x_Partner.example#EXT#"),
            (None, "gk_evilpartner.example#EXT#"),
            (None, "gl_sub.partner.example#EXT#"),
            (None, "partner.example"),
            (None, "gm_partner.example"),
        ];
        for (mail, alias) in cases {
            let name = format!("{alias}@{}", company::DOMAIN);
            let body = json!({
                "displayName": alias, "userType": "Guest", "accountEnabled": true, "mailNickname": "guest", "mail": mail,
                "userPrincipalName": name,
                "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
            });
            app.post("/v1.0/users", token, body).await.expect(201);
            let belongs = home_domain(mail, &name).as_deref() == Some("partner.example");
            let guest = app.token_person(&name).await;
            let offered = app.get(&browse, &guest).await.expect(200).values().len();
            assert_eq!(offered, usize::from(belongs), "{mail:?} {alias}");
        }
    });
}

async fn guests(app: &TestApp, token: &str) -> Vec<String> {
    let found =
        app.get("/v1.0/users?$filter=userType eq 'Guest'&$orderby=displayName&$select=displayName", token).await;
    found.expect(200).column("displayName")
}

async fn organizations(app: &TestApp, token: &str) -> Vec<Value> {
    let select = "$select=displayName,state&$orderby=displayName";
    app.get(&format!("{EM}/connectedOrganizations?{select}"), token).await.expect(200).values().to_vec()
}

#[test]
fn an_unknown_domain_becomes_a_proposed_organization_and_the_guest_is_made_at_delivery() {
    on_every_database(async |app| {
        // Scenario 21 of the reference.
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let body = json!({
            "requestType": "adminAdd",
            "schedule": { "startDateTime": "2026-03-05T09:00:00Z" },
            "assignment": {
                "target": { "email": "Ada.Lovelace@Analytical.example", "displayName": "Ada Lovelace" },
                "assignmentPolicyId": campaign.policy,
                "accessPackageId": campaign.package,
            },
        });
        let request = app.made(campaign.ask(app, token, body).await, "request:ada");
        assert_eq!(
            organizations(app, token).await,
            [json!({ "displayName": "analytical.example", "state": "proposed" })]
        );
        // It waits for its start: there is a person without an account.
        assert_eq!(guests(app, token).await, ["Gil Moreau"]);
        let subjects =
            format!("{EM}/subjects?$filter=email eq 'ada.lovelace@analytical.example'&$expand=connectedOrganization");
        let subject = app.get(&subjects, token).await.expect(200);
        let id = subject.values()[0]["id"].as_str().unwrap_or_default().to_owned();
        app.name(&id.parse().unwrap_or_default(), "subject:ada");
        let organization = subject.values()[0]["connectedOrganization"]["id"].as_str().unwrap_or_default().to_owned();
        app.name(&organization.parse().unwrap_or_default(), "organization:analytical");
        assert_snapshot!("subject_without_an_account_in_v1", app.show(&subject));
        let in_beta = app.get(&format!("{EM_BETA}/subjects/{id}"), token).await;
        assert_snapshot!("subject_without_an_account_in_beta", app.show(&in_beta));
        let expand = "$expand=assignment($expand=target),requestor";
        let waiting = app.get(&format!("{EM}/assignmentRequests/{request}?{expand}"), token).await.expect(200);
        assert_eq!(waiting.json["state"], "scheduled");
        app.drain().await;
        app.advance("P3D").await;
        app.drain().await;
        // Access is given, and the account takes the id of the subject.
        let select = "id,displayName,mail,userPrincipalName,userType,accountEnabled,creationType,externalUserState";
        let account = app.get(&format!("/v1.0/users/{id}?$select={select}"), token).await;
        assert_snapshot!("guest_that_was_made", app.show(&account));
        assert_eq!(campaign.members(app).await, ["Ada Lovelace"]);
        let subject = app.get(&format!("{EM}/subjects(objectId='{id}')"), token).await.expect(200);
        assert_eq!(subject.json["subjectLifecycle"], "governed");
        let assignments = format!("{EM}/assignments?$filter=target/objectId eq '{id}'&$expand=target");
        let held = app.get(&assignments, token).await.expect(200);
        assert_eq!(held.values()[0]["state"], "delivered");
        assert_eq!(held.values()[0]["target"]["email"], "Ada.Lovelace@Analytical.example");
        let mails = app.get("/tenure/v1/outbox/mail", token).await.expect(200);
        assert_eq!(mails.column("kind"), ["accessGranted"], "no invitation mail");
        assert_eq!(mails.values()[0]["to"], json!(["Ada.Lovelace@Analytical.example"]));
        let filter = format!("correlationId eq '{request}'");
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), token).await.expect(200);
        assert_eq!(
            rows.column("activityDisplayName"),
            [
                "Create connected organization",
                "Administrator directly assigns user to access package",
                "Auto approve access package assignment request",
                "Schedule a future access package assignment",
                "Invite external user",
                "Ready to fulfill access package assignment request",
                "Fulfill access package assignment request",
            ]
        );
    });
}

#[test]
fn under_any_external_policy_every_address_is_taken_and_a_known_domain_proposes_nothing() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        organization(app, &campaign.token, "Partner", "partner.example", "configured").await;
        // An organization that is only named like a domain does not have it.
        organization(app, &campaign.token, "other.example", "elsewhere.example", "configured").await;
        assign(app, &campaign, "ada@PARTNER.example").await.expect(201);
        assign(app, &campaign, "bob@other.example").await.expect(201);
        assign(app, &campaign, "eve@other.example").await.expect(201);
        let all = organizations(app, &campaign.token).await;
        let proposed: Vec<&str> =
            all.iter().filter(|o| o["state"] == "proposed").filter_map(|o| o["displayName"].as_str()).collect();
        assert_eq!((all.len(), proposed.len()), (3, 1), "{all:?}");
        assert!(proposed[0].starts_with("other.example ("), "{proposed:?}");
        assert_eq!(guests(app, &campaign.token).await.len(), 4);
        app.drain().await;
    });
}

#[test]
fn under_a_specific_policy_the_domain_is_exact_without_regard_to_case_and_never_a_suffix() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        open(app, &campaign).await;
        let partner = organization(app, &campaign.token, "Partner", "partner.example", "configured").await;
        organization(app, &campaign.token, "Other", "other.example", "configured").await;
        let policy = campaign.add_policy(app, for_organization(&campaign.package, &partner)).await;
        let campaign = Campaign { policy, ..campaign };
        for address in [
            "ada@evilpartner.example",
            "ada@sub.partner.example",
            "ada@partner.example.org",
            "partner.example@evil.example",
            "ada@other.example",
            "ada@unknown.example",
        ] {
            let refused = assign(app, &campaign, address).await;
            assert_eq!((refused.status, refused.code()), (400, "NotInPolicyScope"), "{address}");
        }
        assert_eq!(guests(app, &campaign.token).await, ["Gil Moreau"], "nothing was made");
        assert_eq!(organizations(app, &campaign.token).await.len(), 2, "nothing was proposed");
        let subjects = app.get(&format!("{EM}/subjects"), &campaign.token).await.expect(200);
        assert_eq!(subjects.values().len(), 0);
        assign(app, &campaign, "Ada@Partner.EXAMPLE").await.expect(201);
        assert_eq!(guests(app, &campaign.token).await, ["Ada@Partner.EXAMPLE", "Gil Moreau"]);
        app.drain().await;
    });
}

#[test]
fn all_configured_organizations_do_not_include_proposed_ones() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allConfiguredConnectedOrganizationUsers").await;
        organization(app, &campaign.token, "Partner", "partner.example", "configured").await;
        let proposed = organization(app, &campaign.token, "Proposed", "proposed.example", "proposed").await;
        for address in ["ada@proposed.example", "ada@unknown.example", "ada@evilpartner.example"] {
            let refused = assign(app, &campaign, address).await;
            assert_eq!((refused.status, refused.code()), (400, "NotInPolicyScope"), "{address}");
        }
        assign(app, &campaign, "ada@partner.example").await.expect(201);
        // A policy may name a proposed one.
        let policy = campaign.add_policy(app, for_organization(&campaign.package, &proposed)).await;
        let named = Campaign { policy, token: campaign.token.clone(), ..campaign };
        assign(app, &named, "ada@proposed.example").await.expect(201);
        app.drain().await;
    });
}

#[test]
fn policies_for_the_directory_refuse_who_is_not_in_it() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allMemberUsers").await;
        organization(app, &campaign.token, "Partner", "partner.example", "configured").await;
        let mut policies = vec![campaign.policy.clone()];
        for scope in ["allDirectoryUsers", "notSpecified"] {
            let body = json!({ "displayName": scope, "accessPackage": { "id": campaign.package }, "allowedTargetScope": scope });
            policies.push(campaign.add_policy(app, body).await);
        }
        for policy in policies {
            let campaign = Campaign {
                policy,
                token: campaign.token.clone(),
                catalog: String::new(),
                resource: String::new(),
                package: campaign.package.clone(),
            };
            let refused = assign(app, &campaign, "ada@partner.example").await;
            assert_eq!((refused.status, refused.code()), (400, "NotInPolicyScope"));
        }
        assert_eq!(guests(app, &campaign.token).await, ["Gil Moreau"]);
    });
}

#[test]
fn a_catalog_that_is_not_open_to_external_people_refuses_them_from_administrators_too() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let path = format!("{EM}/catalogs/{}", campaign.catalog);
        app.patch(&path, &campaign.token, json!({ "isExternallyVisible": false })).await.expect(204);
        let refused = assign(app, &campaign, "ada@partner.example").await;
        assert_eq!((refused.status, refused.code()), (400, "CatalogNotExternal"));
        let refused = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "gil")).await;
        assert_eq!((refused.status, refused.code()), (400, "CatalogNotExternal"));
        assert_eq!(organizations(app, &campaign.token).await.len(), 0);
    });
}

#[test]
fn what_is_no_address_is_refused_and_changes_nothing() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        for address in [
            "",
            "ada",
            "ada@",
            "@partner.example",
            "ada@partner",
            "ada lovelace@partner.example",
            "a@b@partner.example",
        ] {
            let refused = assign(app, &campaign, address).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{address}");
            assert_eq!(refused.pointers(), ["/assignment/target/email"], "{address}");
        }
        // Our own domain makes no guests.
        let own = assign(app, &campaign, &format!("nobody@{}", company::DOMAIN)).await;
        assert_eq!((own.status, own.code()), (400, "TargetNotEligible"));
        assert_eq!(guests(app, &campaign.token).await, ["Gil Moreau"]);
    });
}

#[test]
fn an_address_that_the_directory_knows_means_that_person() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let id = guest(app, token, "ada", "ada@partner.example").await;
        assign(app, &campaign, "ADA@partner.example").await.expect(201);
        assert_eq!(guests(app, token).await.len(), 2, "no second account");
        assert_eq!(campaign.members(app).await, ["ada"]);
        let subject = app.get(&format!("{EM}/subjects(objectId='{id}')"), token).await.expect(200);
        assert_eq!(subject.json["subjectLifecycle"], "notGoverned", "the account was there before");
        let again = assign(app, &campaign, "ada@partner.example").await;
        assert_eq!((again.status, again.code()), (400, "ExistingAssignment"));
        assert_eq!(app.drain().await, 0, "direct assignments send no mail to who is there");
    });
}

#[test]
fn a_blocked_guest_is_refused_by_address_and_accepted_by_id() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let id = guest(app, &campaign.token, "ada", "ada@partner.example").await;
        app.patch(&format!("/v1.0/users/{id}"), &campaign.token, json!({ "accountEnabled": false })).await.expect(204);
        let refused = assign(app, &campaign, "ada@partner.example").await;
        assert_eq!((refused.status, refused.code()), (400, "TargetNotEligible"));
        let body = json!({ "requestType": "adminAdd", "assignment":
            { "targetId": id, "assignmentPolicyId": campaign.policy, "accessPackageId": campaign.package } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        assert_eq!(campaign.members(app).await, ["ada"]);
        app.drain().await;
    });
}

#[test]
fn the_same_stranger_is_one_person_and_gets_one_account() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let later = |address: &str, package: &str, policy: &str| {
            json!({
                "requestType": "adminAdd",
                "schedule": { "startDateTime": "2026-03-05T09:00:00Z" },
                "assignment": { "target": { "email": address }, "assignmentPolicyId": policy, "accessPackageId": package },
            })
        };
        campaign.ask(app, token, later("ada@partner.example", &campaign.package, &campaign.policy)).await.expect(201);
        let again = campaign.ask(app, token, later("ADA@partner.example", &campaign.package, &campaign.policy)).await;
        assert_eq!((again.status, again.code()), (400, "ExistingOpenRequest"));
        let body = json!({ "displayName": "Second", "catalog": { "id": campaign.catalog } });
        let second = app.made(app.post(&format!("{EM}/accessPackages"), token, body).await, "package:second");
        let mut body = open_policy(&second);
        body["allowedTargetScope"] = json!("allExternalUsers");
        let policy = app.made(app.post(&format!("{EM}/assignmentPolicies"), token, body).await, "policy:second");
        campaign.ask(app, token, later("ada@partner.example", &second, &policy)).await.expect(201);
        assert_eq!(
            app.get(&format!("{EM}/subjects"), token)
                .await
                .expect(200)
                .values()
                .iter()
                .filter(|s| s["objectId"].is_null())
                .count(),
            1
        );
        assert_eq!(organizations(app, token).await.len(), 1, "one domain, one organization");
        app.advance("P3D").await;
        app.drain().await;
        assert_eq!(guests(app, token).await, ["ada@partner.example", "Gil Moreau"]);
        let delivered = app.get(&format!("{EM}/assignments?$filter=state eq 'delivered'"), token).await.expect(200);
        assert_eq!(delivered.values().len(), 2);
    });
}

#[test]
fn an_account_that_is_made_meanwhile_is_not_made_twice() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let body = json!({
            "requestType": "adminAdd",
            "schedule": { "startDateTime": "2026-03-05T09:00:00Z" },
            "assignment": { "target": { "email": "ada@partner.example" }, "assignmentPolicyId": campaign.policy,
                            "accessPackageId": campaign.package },
        });
        let request = app.made(campaign.ask(app, token, body).await, "request:ada");
        guest(app, token, "ada", "ada@partner.example").await;
        app.advance("P3D").await;
        app.drain().await;
        assert_eq!(guests(app, token).await.len(), 2);
        let failed = app.get(&format!("{EM}/assignmentRequests/{request}"), token).await.expect(200);
        assert_eq!(failed.json["state"], "deliveryFailed");
    });
}

#[test]
fn a_namesake_does_not_keep_a_guest_from_being_made() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let name = format!("ada_partner.example#EXT#@{}", company::DOMAIN);
        let body = json!({
            "displayName": "Namesake", "userType": "Guest", "accountEnabled": true, "mailNickname": "namesake",
            "mail": "somebody@else.example", "userPrincipalName": name,
            "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
        });
        app.made(app.post("/v1.0/users", token, body).await, "user:namesake");
        assign(app, &campaign, "ada@partner.example").await.expect(201);
        let found = app.get("/v1.0/users?$filter=mail eq 'ada@partner.example'", token).await.expect(200);
        let given = found.values()[0]["userPrincipalName"].as_str().unwrap_or_default().to_owned();
        assert!(given.starts_with("ada_partner.example_") && given.contains("#EXT#@"), "{given}");
        app.drain().await;
    });
}

#[test]
fn guests_of_the_directory_ask_under_the_policies_of_their_organization() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        open(app, &campaign).await;
        let token = &campaign.token;
        let partner = organization(app, token, "Partner", "partner.example", "configured").await;
        guest(app, token, "ada", "ada@Partner.example").await;
        guest(app, token, "eve", "eve@evilpartner.example").await;
        let (ada, eve) = (app.token_of_person("ada").await, app.token_of_person("eve").await);
        campaign.add_policy(app, for_organization(&campaign.package, &partner)).await;
        let browse = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
        assert_eq!(app.get(&browse, &ada).await.expect(200).column("displayName"), ["Campaign"]);
        assert_eq!(app.get(&browse, &eve).await.expect(200).values().len(), 0);
        let ask = || json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        let refused = campaign.ask(app, &eve, ask()).await;
        assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"), "she may not know of it");
        campaign.ask(app, &ada, ask()).await.expect(201);
        assert_eq!(campaign.members(app).await, ["ada"]);
        let expand = "$expand=connectedOrganization($select=displayName)&$filter=displayName eq 'ada'";
        let subject = app.get(&format!("{EM}/subjects?{expand}"), token).await.expect(200);
        assert_eq!(subject.values()[0]["connectedOrganization"]["displayName"], "Partner");
        let in_beta =
            app.get(&format!("{EM_BETA}/subjects?$filter=connectedOrganizationId eq '{partner}'"), token).await;
        assert_eq!(in_beta.expect(200).column("displayName"), ["ada"]);
        let held = app.delete(&format!("{EM}/connectedOrganizations/{partner}"), token).await;
        assert_eq!((held.status, held.code()), (400, "ConnectedOrganizationInUse"));
        let related = held.json["error"]["innerError"]["tenure"]["related"]
            .as_array()
            .map(|all| all.iter().filter_map(|r| r["type"].as_str().map(ToOwned::to_owned)).collect::<Vec<_>>());
        assert_eq!(related.unwrap_or_default(), ["accessPackageAssignmentPolicy", "accessPackageAssignment"]);
        app.drain().await;
    });
}

#[test]
fn a_guest_of_an_unknown_domain_who_asks_proposes_his_organization() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        guest(app, token, "ada", "ada@analytical.example").await;
        let ada = app.token_of_person("ada").await;
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        campaign.ask(app, &ada, body).await.expect(201);
        assert_eq!(
            organizations(app, token).await,
            [json!({ "displayName": "analytical.example", "state": "proposed" })]
        );
        let subject =
            app.get(&format!("{EM}/subjects?$filter=displayName eq 'ada'&$expand=connectedOrganization"), token).await;
        assert_eq!(subject.expect(200).values()[0]["connectedOrganization"]["displayName"], "analytical.example");
        app.drain().await;
    });
}

#[test]
fn a_person_is_marked_as_governed_by_object_id_and_by_id() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let id = guest(app, token, "ada", "ada@partner.example").await;
        assign(app, &campaign, "ada@partner.example").await.expect(201);
        let lifecycle = async |path: &str| app.get(path, token).await.expect(200).json["subjectLifecycle"].clone();
        let by_object = format!("{EM}/subjects(objectId='{id}')");
        app.patch(&by_object, token, json!({ "subjectLifecycle": "governed" })).await.expect(204);
        assert_eq!(lifecycle(&by_object).await, "governed");
        let by_id = format!("{EM_BETA}/subjects/{id}");
        app.patch(&by_id, token, json!({ "subjectLifecycle": "notGoverned" })).await.expect(204);
        assert_eq!(lifecycle(&by_id).await, "notGoverned");
        let wrong = app.patch(&by_id, token, json!({ "subjectLifecycle": "sometimes" })).await;
        assert_eq!((wrong.status, wrong.pointers()), (400, vec!["/subjectLifecycle"]));
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.patch(&by_id, &carla, json!({ "subjectLifecycle": "governed" })).await.status, 403);
        // Members are not ours to end: carla becomes a subject by being assigned.
        let direct = json!({ "displayName": "Direct", "accessPackage": { "id": campaign.package }, "allowedTargetScope": "notSpecified" });
        let policy = campaign.add_policy(app, direct).await;
        let body = json!({ "requestType": "adminAdd", "assignment": { "targetId": company::person("carla"),
            "assignmentPolicyId": policy, "accessPackageId": campaign.package } });
        campaign.ask(app, token, body).await.expect(201);
        let member = format!("{EM}/subjects(objectId='{}')", company::person("carla"));
        let refused = app.patch(&member, token, json!({ "subjectLifecycle": "governed" })).await;
        assert_eq!((refused.status, refused.code()), (400, "TargetNotEligible"));
        let nobody = format!("{EM}/subjects(objectId='{}')", uuid::Uuid::nil());
        assert_eq!(app.patch(&nobody, token, json!({ "subjectLifecycle": "governed" })).await.status, 404);
        app.drain().await;
    });
}

#[test]
fn an_assignment_by_address_can_only_be_tried() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let body = json!({
            "requestType": "AdminAdd", "isValidationOnly": true,
            "accessPackageAssignment": { "target": { "email": "ada@partner.example" },
                "assignmentPolicyId": campaign.policy, "accessPackageId": campaign.package },
        });
        app.post(&format!("{EM_BETA}/accessPackageAssignmentRequests"), &campaign.token, body).await.expect(200);
        assert_eq!(guests(app, &campaign.token).await, ["Gil Moreau"]);
        assert_eq!(organizations(app, &campaign.token).await.len(), 0);
        let carla = app.token_of_person("carla").await;
        assert_eq!(assign(app, &Campaign { token: carla, ..campaign }, "ada@partner.example").await.status, 403);
    });
}

#[test]
fn strangers_of_one_unknown_domain_at_the_same_time_propose_one_organization() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let ask = async |name: &str| assign(app, &campaign, &format!("{name}@analytical.example")).await;
        let made = tokio::join!(ask("ada"), ask("bob"), ask("eve"), ask("joe"));
        assert_eq!([made.0.status, made.1.status, made.2.status, made.3.status], [201; 4]);
        assert_eq!(organizations(app, &campaign.token).await.len(), 1);
        // The same stranger at the same time: one is made, the others are told.
        let again = tokio::join!(ask("zoe"), ask("zoe"), ask("zoe"));
        let mut statuses = [again.0.status, again.1.status, again.2.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201, "{statuses:?}");
        assert!(statuses[1..].iter().all(|s| [400, 409].contains(s)), "{statuses:?}");
        assert_eq!(guests(app, &campaign.token).await.len(), 6);
        app.drain().await;
    });
}

#[test]
fn an_attribute_is_asked_of_somebody_without_an_account_and_written_to_the_one_he_gets() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        let attributes = json!([{
            "name": "companyName", "isEditable": true, "isPersistedOnAssignmentRemoval": false,
            "destination": { "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore" },
            "source": { "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion", "question": {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Your company?",
                "isSingleLineQuestion": true } },
        }]);
        let body = json!({ "requestType": "adminUpdate", "catalog": { "id": campaign.catalog },
            "resource": { "id": campaign.resource, "attributes": attributes } });
        app.post(&format!("{EM}/resourceRequests"), token, body).await.expect(201);
        let resources = format!("{EM}/catalogs/{}/resources", campaign.catalog);
        let shown = app.get(&resources, token).await.expect(200).values()[0].clone();
        let question = shown["attributes"][0]["source"]["question"]["id"].clone();
        let missing = assign(app, &campaign, "ada@analytical.example").await;
        assert_eq!((missing.status, missing.code()), (400, "InvalidAnswers"));
        assert!(missing.message().contains("companyName"), "{}", missing.message());
        let body = json!({
            "requestType": "adminAdd",
            "assignment": { "target": { "email": "ada@analytical.example" }, "accessPackageId": campaign.package,
                "assignmentPolicyId": campaign.policy },
            "answers": [{ "value": "Analytical", "answeredQuestion": { "id": question } }],
        });
        campaign.ask(app, token, body).await.expect(201);
        app.drain().await;
        let path = "/v1.0/users?$filter=mail eq 'ada@analytical.example'&$select=companyName";
        assert_eq!(app.get(path, token).await.expect(200).column("companyName"), ["Analytical"]);
    });
}
