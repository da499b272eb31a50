//! Giving and taking access when not everything goes smoothly: roles that several packages share, that people held
//! before, that fail, that are taken away by hand (behaviour.md b.5, p.11, p.12, p.14, p.15).

use crate::campaign::{Campaign, add_group, member_role, open_policy};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Fault, TestApp, company};

const DRIFT: &str = "/tenure/v1/drift";
const DELIVERIES: &str = "/tenure/v1/deliveries";

/// Whether somebody is a direct member of a group.
pub async fn is_member(app: &TestApp, token: &str, group: &str, alias: &str) -> bool {
    let path = format!("/v1.0/groups/{}/members?$select=id", company::group(group));
    app.get(&path, token).await.expect(200).column("id").contains(&company::person(alias).to_string())
}

/// A package beside the campaign's, with a group from a catalog; gives it as the campaign it would be.
pub async fn second_package(app: &TestApp, first: &Campaign, catalog: &str, resource: &str, group: &str) -> Campaign {
    let body = json!({ "displayName": "Second", "catalog": { "id": catalog } });
    let made = app.post(&format!("{EM}/accessPackages"), &first.token, body).await;
    let package = app.made(made, "package:second");
    let roles = format!("{EM}/accessPackages/{package}/resourceRoleScopes");
    app.post(&roles, &first.token, member_role(resource, group)).await.expect(201);
    let made = app.post(&format!("{EM}/assignmentPolicies"), &first.token, open_policy(&package)).await;
    Campaign {
        token: first.token.clone(),
        catalog: catalog.to_owned(),
        resource: resource.to_owned(),
        policy: app.made(made, "policy:second"),
        package,
    }
}

/// Adds a group to the campaign's package; gives the id of the role.
pub async fn add_to_package(app: &TestApp, campaign: &Campaign, group: &str) -> String {
    let group = company::group(group).to_string();
    let resource = add_group(app, &campaign.token, &campaign.catalog, &group).await;
    let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
    app.post(&roles, &campaign.token, member_role(&resource, &group)).await.expect(201).id()
}

pub async fn end(app: &TestApp, campaign: &Campaign, assignment: &str) {
    let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
    campaign.ask(app, &campaign.token, body).await.expect(201);
    app.drain().await;
}

async fn keep_pre_existing(app: &TestApp, campaign: &Campaign) {
    let path = format!("/tenure/v1/policies/{}", campaign.policy);
    app.patch(&path, &campaign.token, json!({ "keepPreExistingAccess": true })).await.expect(204);
}

/// Puts somebody into a group, or takes him out, by hand.
pub async fn by_hand(app: &TestApp, campaign: &Campaign, group: &str, alias: &str, add: bool) {
    let group = company::group(group);
    if add {
        let body =
            json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{}", company::person(alias)) });
        app.post(&format!("/v1.0/groups/{group}/members/$ref"), &campaign.token, body).await.expect(204);
    } else {
        let path = format!("/v1.0/groups/{group}/members/{}/$ref", company::person(alias));
        app.delete(&path, &campaign.token).await.expect(204);
    }
}

pub async fn state(app: &TestApp, campaign: &Campaign, set: &str, id: &str) -> String {
    let found = app.get(&format!("{EM}/{set}/{id}"), &campaign.token).await.expect(200).json;
    found["state"].as_str().unwrap_or_default().to_owned()
}

/// The one assignment of somebody, in whatever state; and the request that made it.
pub async fn asked(app: &TestApp, campaign: &Campaign, alias: &str) -> (String, String) {
    let request = campaign.ask(app, &campaign.token, campaign.request("adminAdd", alias)).await.expect(201).id();
    app.drain().await;
    let path = format!("{EM}/assignmentRequests/{request}?$expand=assignment");
    let found = app.get(&path, &campaign.token).await.expect(200).json;
    (request, found["assignment"]["id"].as_str().unwrap_or_default().to_owned())
}

pub async fn post(app: &TestApp, token: &str, path: &str) -> (u16, String) {
    let answer = app.post(path, token, Value::Null).await;
    (answer.status, answer.code().to_owned())
}

pub async fn activities(app: &TestApp, token: &str, about: &str) -> Vec<String> {
    let filter = format!("targetResources/any(t:t/id eq '{about}')");
    let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), token).await.expect(200);
    rows.column("activityDisplayName")
}

pub fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_group_that_two_packages_give_is_left_with_the_last_of_them() {
    on_every_database(async |app| {
        let first = Campaign::start(app).await;
        let group = company::group("sales").to_string();
        let second = second_package(app, &first, &first.catalog, &first.resource, &group).await;
        let (a, b) = (first.assign(app, "carla").await, second.assign(app, "carla").await);
        end(app, &first, &a).await;
        assert!(is_member(app, &first.token, "sales", "carla").await, "the second still gives it");
        end(app, &second, &b).await;
        assert!(!is_member(app, &first.token, "sales", "carla").await);
    });
}

#[test]
fn it_is_so_too_when_the_packages_are_of_two_catalogs_and_nothing_was_there_before() {
    on_every_database(async |app| {
        let first = Campaign::start(app).await;
        let group = company::group("sales").to_string();
        let made = app.post(&format!("{EM}/catalogs"), &first.token, json!({ "displayName": "Other" })).await;
        let catalog = app.made(made, "catalog:other");
        let resource = add_group(app, &first.token, &catalog, &group).await;
        let second = second_package(app, &first, &catalog, &resource, &group).await;
        keep_pre_existing(app, &first).await;
        keep_pre_existing(app, &second).await;
        let (a, b) = (first.assign(app, "carla").await, second.assign(app, "carla").await);
        end(app, &first, &a).await;
        assert!(is_member(app, &first.token, "sales", "carla").await, "the other catalog's package still gives it");
        end(app, &second, &b).await;
        assert!(
            !is_member(app, &first.token, "sales", "carla").await,
            "what the first package gave was not there before"
        );
    });
}

#[test]
fn who_was_a_member_before_loses_it_with_the_assignment() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        by_hand(app, &campaign, "sales", "carla", true).await;
        let assignment = campaign.assign(app, "carla").await;
        end(app, &campaign, &assignment).await;
        assert!(!is_member(app, &campaign.token, "sales", "carla").await, "as the reference does");
    });
}

#[test]
fn who_was_a_member_before_keeps_it_where_the_policy_says_so() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        keep_pre_existing(app, &campaign).await;
        by_hand(app, &campaign, "sales", "carla", true).await;
        let (carla, ben) = (campaign.assign(app, "carla").await, campaign.assign(app, "ben").await);
        end(app, &campaign, &carla).await;
        end(app, &campaign, &ben).await;
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
        assert!(!is_member(app, &campaign.token, "sales", "ben").await, "he got it by the assignment");
        // A second round is no different.
        let carla = campaign.assign(app, "carla").await;
        end(app, &campaign, &carla).await;
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
    });
}

#[test]
fn a_role_that_fails_leaves_a_part_and_a_reprocess_within_fourteen_days_gives_the_rest() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        add_to_package(app, &campaign, "staff").await;
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, assignment) = asked(app, &campaign, "nils").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "partiallyDelivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "partiallyDelivered");
        let errors = app.get(&format!("{DELIVERIES}?$expand=assignments"), &campaign.token).await.expect(200);
        assert_eq!(errors.column("error"), ["TargetRejected: not allowed"], "one error");
        assert_eq!(errors.column("nextTryDateTime"), ["null"]);
        assert_eq!(errors.values()[0]["assignments"][0]["id"], json!(assignment));
        // Thirteen days later it is repaired there.
        app.advance("P13D").await;
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivering");
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotReprocessable"), "it is under way");
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered");
        assert!(app.get(DELIVERIES, &campaign.token).await.expect(200).values().is_empty());
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotReprocessable"), "it did not fail");
        let about = activities(app, &campaign.token, &request).await;
        let last: Vec<&str> = about.iter().map(String::as_str).rev().take(2).collect();
        let (fulfil, ready) =
            ("Fulfill access package assignment request", "Ready to fulfill access package assignment request");
        assert_eq!(last, [fulfil, ready]);
    });
}

#[test]
fn on_the_fifteenth_day_a_request_is_not_reprocessed_any_more() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, _) = asked(app, &campaign, "carla").await;
        app.advance("P14DT1S").await;
        let path = format!("{EM_BETA}/accessPackageAssignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotReprocessable"));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed");
        let unknown = format!("{EM}/assignmentRequests/{}/reprocess", company::TENANT_ID);
        assert_eq!(post(app, &campaign.token, &unknown).await, code(404, "ResourceNotFound"));
        let carla = app.token_of_person("carla").await;
        assert_eq!(post(app, &carla, &path).await.0, 403);
    });
}

#[test]
fn a_reprocess_begins_with_fresh_retries() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next(std::iter::repeat_n(Fault::Unavailable, 10));
        let (request, assignment) = asked(app, &campaign, "carla").await;
        app.advance("PT7H").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        app.elsewhere().fail_next(std::iter::repeat_n(Fault::Unavailable, 9));
        app.post(&format!("{EM}/assignmentRequests/{request}/reprocess"), &campaign.token, Value::Null)
            .await
            .expect(202);
        app.drain().await;
        let waiting = app.get(DELIVERIES, &campaign.token).await.expect(200);
        assert_eq!(
            (waiting.column("error"), waiting.column("failedTries")),
            (vec!["TargetUnavailable".to_owned()], vec!["1".to_owned()])
        );
        assert_ne!(waiting.column("nextTryDateTime"), ["null"]);
        app.advance("PT7H").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered", "the tenth try");
    });
}

#[test]
fn who_left_the_scope_before_his_start_is_evaluated_again_when_reprocessed() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = open_policy(&campaign.package);
        policy["allowedTargetScope"] = json!("specificDirectoryUsers");
        policy["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") }]);
        let policy = campaign.add_policy(app, policy).await;
        let campaign = Campaign { policy, ..campaign };
        let mut body = campaign.request("adminAdd", "carla");
        body["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        by_hand(app, &campaign, "staff", "carla", false).await;
        app.advance("P4D").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed");
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert_eq!(
            state(app, &campaign, "assignmentRequests", &request).await,
            "deliveryFailed",
            "he is still out of it"
        );
        by_hand(app, &campaign, "staff", "carla", true).await;
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivered");
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
        assert!(campaign.held_by(app, "carla").await.is_some());
    });
}

#[test]
fn a_removal_that_left_something_is_tried_again() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        let (_, assignment) = asked(app, &campaign, "carla").await;
        app.elsewhere().fail_next([Fault::Refused]);
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        let removal = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "deliveryFailed");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed", "as is its removal");
        assert_eq!(app.elsewhere().holders("key"), 1, "it is still there");
        let mails = async || app.get("/tenure/v1/outbox/mail", &campaign.token).await.expect(200).values().len();
        let told = mails().await;
        let path = format!("{EM}/assignmentRequests/{removal}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "delivering");
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "delivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        assert_eq!((app.elsewhere().holders("key"), mails().await), (0, told + 1), "gone, and told now");
    });
}

#[test]
fn a_member_removed_by_hand_is_missing_until_the_assignment_is_reprocessed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        assert!(app.get(DRIFT, &campaign.token).await.expect(200).values().is_empty());
        by_hand(app, &campaign, "sales", "carla", false).await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered", "it stays delivered");
        app.advance("P1D").await;
        assert!(!is_member(app, &campaign.token, "sales", "carla").await, "nobody puts him back unasked");
        let drift = app.get(&format!("{DRIFT}?$expand=assignments"), &campaign.token).await.expect(200);
        assert_eq!(drift.column("subjectId"), [company::person("carla").to_string()]);
        assert_eq!(drift.column("originId"), [company::group("sales").to_string()]);
        assert_eq!(drift.column("roleDisplayName"), ["Member"]);
        assert_eq!(drift.values()[0]["assignments"][0]["id"], json!(assignment));
        let path = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
        assert!(app.get(DRIFT, &campaign.token).await.expect(200).values().is_empty());
        let about = activities(app, &campaign.token, &assignment).await;
        assert_eq!(about.last().map(String::as_str), Some("Fulfill access package resource assignment"));
        end(app, &campaign, &assignment).await;
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "AssignmentNotLive"));
    });
}

#[test]
fn assignments_are_reprocessed_under_all_their_names() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        let paths = [
            format!("{EM}/assignments/{assignment}/reprocess"),
            format!("{EM}/accessPackageAssignments/{assignment}/reprocess"),
            format!("{EM_BETA}/accessPackageAssignments/{assignment}/microsoft.graph.reprocess"),
        ];
        for path in paths {
            by_hand(app, &campaign, "sales", "carla", false).await;
            assert_eq!(post(app, &campaign.token, &path).await, code(202, ""), "{path}");
            assert!(is_member(app, &campaign.token, "sales", "carla").await, "{path}");
        }
        let unknown = format!("{EM}/assignments/{}/reprocess", company::TENANT_ID);
        assert_eq!(post(app, &campaign.token, &unknown).await, code(404, "ResourceNotFound"));
        let carla = app.token_of_person("carla").await;
        let own = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, &carla, &own).await.0, 403);
        assert_eq!(app.get(&own, &campaign.token).await.status, 405);
    });
}

#[test]
fn a_reprocess_gives_again_what_an_outside_directory_may_have_lost() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        let (_, assignment) = asked(app, &campaign, "carla").await;
        let before = app.elsewhere().changes();
        let path = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered", "meanwhile too");
        app.drain().await;
        assert_eq!((app.elsewhere().changes(), app.elsewhere().holders("key")), (before + 1, 1));
    });
}

#[test]
fn drift_is_repaired_adopted_or_undone_by_hand() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let assignment = campaign.assign(app, "carla").await;
        let drift = async || app.get(DRIFT, token).await.expect(200).column("id");
        by_hand(app, &campaign, "sales", "carla", false).await;
        by_hand(app, &campaign, "sales", "carla", true).await;
        assert!(drift().await.is_empty(), "whoever took him out has put him back");

        by_hand(app, &campaign, "sales", "carla", false).await;
        let grant = drift().await.concat();
        let reader = app.token_reader().await;
        assert_eq!(post(app, &reader, &format!("{DRIFT}/{grant}/repair")).await.0, 403);
        assert_eq!(post(app, token, &format!("{DRIFT}/{grant}/repair")).await, code(204, ""));
        assert!(is_member(app, token, "sales", "carla").await && drift().await.is_empty());
        assert_eq!(post(app, token, &format!("{DRIFT}/{grant}/repair")).await, code(404, "ResourceNotFound"));

        by_hand(app, &campaign, "sales", "carla", false).await;
        assert_eq!(post(app, token, &format!("{DRIFT}/{grant}/adopt")).await, code(204, ""));
        assert!(!is_member(app, token, "sales", "carla").await && drift().await.is_empty());
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered", "without that role");
        by_hand(app, &campaign, "sales", "carla", true).await;
        end(app, &campaign, &assignment).await;
        assert!(is_member(app, token, "sales", "carla").await, "he is there by hand, and not by the assignment");
        let about = activities(app, token, &assignment).await;
        let of_role: Vec<&String> = about.iter().filter(|a| a.contains("resource assignment")).collect();
        assert_eq!(
            of_role,
            ["Fulfill access package resource assignment", "Remove access package resource assignment"]
        );
    });
}

#[test]
fn owners_and_app_roles_drift_as_members_do() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let apps = app.get("/v1.0/servicePrincipals?$filter=displayName eq 'Expenses'", token).await.expect(200);
        let expenses = apps.column("id").concat();
        let body = json!({ "requestType": "adminAdd", "catalog": { "id": campaign.catalog },
            "resource": { "originId": expenses, "originSystem": "AadApplication" } });
        app.post(&format!("{EM}/resourceRequests"), token, body).await.expect(201);
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let group = company::group("sales").to_string();
        let mut owner = member_role(&campaign.resource, &group);
        owner["role"]["originId"] = json!(format!("Owner_{group}"));
        app.post(&roles, token, owner).await.expect(201);
        let body = json!({
            "role": { "originId": company::EXPENSES_ROLE, "originSystem": "AadApplication",
                "resource": { "originId": expenses, "originSystem": "AadApplication" } },
            "scope": { "originId": expenses, "originSystem": "AadApplication" },
        });
        app.post(&roles, token, body).await.expect(201);
        let assignment = campaign.assign(app, "carla").await;
        let carla = company::person("carla");
        let held = app.get(&format!("/v1.0/users/{carla}/appRoleAssignments"), token).await.expect(200).column("id");
        app.delete(&format!("/v1.0/users/{carla}/appRoleAssignments/{}", held.concat()), token).await.expect(204);
        app.delete(&format!("/v1.0/groups/{group}/owners/{carla}/$ref"), token).await.expect(204);
        let drift = app.get(&format!("{DRIFT}?$orderby=roleDisplayName"), token).await.expect(200);
        assert_eq!(drift.column("roleDisplayName"), ["Approver", "Owner"]);
        let path = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, token, &path).await, code(202, ""));
        let held = app.get(&format!("/v1.0/users/{carla}/appRoleAssignments"), token).await.expect(200);
        let owners = app.get(&format!("/v1.0/groups/{group}/owners?$select=id"), token).await.expect(200);
        assert_eq!((held.values().len(), owners.column("id")), (1, vec![carla.to_string()]));
        assert!(app.get(DRIFT, token).await.expect(200).values().is_empty());
    });
}

#[test]
fn who_was_to_join_a_group_while_it_was_gone_joins_when_his_request_is_reprocessed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let before = campaign.assign(app, "ben").await;
        let group = company::group("sales");
        // It is asked for while there is such a group, and begins when there is none.
        let mut later = campaign.request("adminAdd", "carla");
        later["schedule"] = json!({ "startDateTime": "2026-03-03T09:00:00Z" });
        let request = campaign.ask(app, token, later).await.expect(201).id();
        app.delete(&format!("/v1.0/groups/{group}"), token).await.expect(204);
        assert_eq!(state(app, &campaign, "assignments", &before).await, "deliveryFailed", "all he had is gone");
        app.advance("P2D").await;
        let made = app.get(&format!("{EM}/assignmentRequests/{request}?$expand=assignment"), token).await.expect(200);
        let assignment = made.json["assignment"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed");
        let errors = app.get(DELIVERIES, token).await.expect(200);
        assert_eq!(errors.column("error"), ["TargetGone", "TargetGone"]);
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed", "it is still gone");
        app.post(&format!("/v1.0/directory/deletedItems/{group}/restore"), token, Value::Null).await.expect(200);
        assert_eq!(state(app, &campaign, "assignments", &before).await, "delivered", "he was kept in it");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed", "she never was in it");
        assert!(!is_member(app, token, "sales", "carla").await);
        assert_eq!(post(app, token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered");
        assert!(is_member(app, token, "sales", "carla").await);
        app.drain().await;
    });
}

#[test]
fn an_object_that_goes_while_somebody_is_to_join_it_ends_his_request() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        add_to_package(app, &campaign, "staff").await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        let (request, assignment) = asked(app, &campaign, "nils").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivering");
        app.elsewhere().remove_object("key");
        app.advance("PT1H").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "partiallyDelivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "partiallyDelivered");
    });
}

#[test]
fn an_administrator_withdraws_what_is_being_delivered_and_what_has_failed() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        add_to_package(app, &campaign, "staff").await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        let (request, assignment) = asked(app, &campaign, "nils").await;
        assert!(is_member(app, &campaign.token, "staff", "nils").await, "one role is there already");
        let path = format!("{EM}/assignmentRequests/{request}/cancel");
        assert_eq!(post(app, &campaign.token, &path).await, code(204, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "canceled");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        assert!(!is_member(app, &campaign.token, "staff", "nils").await);
        app.advance("PT1H").await;
        assert_eq!(app.elsewhere().holders("key"), 0, "and nobody joins the other");
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotCancelable"));
    });
}

#[test]
fn an_administrator_withdraws_what_he_has_assigned_himself() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        let anna = app.token_of_person("anna").await;
        let request = campaign.ask(app, &anna, campaign.request("adminAdd", "carla")).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivering");
        let path = format!("{EM}/assignmentRequests/{request}/cancel");
        assert_eq!(post(app, &anna, &path).await, code(204, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "canceled");
        app.advance("PT1H").await;
        assert_eq!(app.elsewhere().holders("key"), 0);
    });
}

#[test]
fn who_asked_does_not_withdraw_what_is_being_delivered() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next([Fault::Unavailable, Fault::Refused]);
        let carla = app.token_of_person("carla").await;
        let request = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id();
        app.drain().await;
        let path = format!("{EM}/assignmentRequests/{request}/cancel");
        assert_eq!(post(app, &carla, &path).await, code(400, "RequestNotCancelable"));
        app.advance("PT1H").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed");
        assert_eq!(post(app, &campaign.token, &path).await, code(204, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "canceled");
        let again = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(again.status, 201, "nothing stands in the way of a new one: {}", again.text);
        app.drain().await;
    });
}

#[test]
fn what_is_being_taken_is_neither_given_again_nor_withdrawn() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next(std::iter::repeat_n(Fault::Unavailable, 10));
        let (request, assignment) = asked(app, &campaign, "carla").await;
        app.advance("PT7H").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        let again = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, &campaign.token, &again).await, code(400, "AssignmentNotLive"), "it never was delivered");
        // A try whose answer never came may have been carried out: what is taken is taken there.
        app.elsewhere().fail_next([Fault::Unavailable]);
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        let removal = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "delivering");
        let path = format!("{EM}/assignmentRequests/{request}");
        let reprocess = post(app, &campaign.token, &format!("{path}/reprocess")).await;
        assert_eq!(reprocess, code(400, "ExistingOpenRequest"));
        assert_eq!(post(app, &campaign.token, &format!("{path}/cancel")).await, code(204, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "canceled");
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "delivering", "it goes on");
        app.advance("PT1H").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removal).await, "delivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        let rows = activities(app, &campaign.token, &removal).await;
        assert!(rows.contains(&"Remove access package assignment".to_owned()), "{rows:?}");
    });
}

#[test]
fn what_a_try_without_an_answer_may_have_given_is_taken_although_a_later_try_was_refused() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        let lost = std::iter::once(Fault::AnswerLost).chain(std::iter::repeat_n(Fault::Unavailable, 9));
        app.elsewhere().fail_next(lost);
        let (request, assignment) = asked(app, &campaign, "carla").await;
        app.advance("PT7H").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        assert_eq!(app.elsewhere().holders("key"), 1, "the first try was carried out");
        app.elsewhere().fail_next([Fault::Refused]);
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        end(app, &campaign, &assignment).await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        assert_eq!(app.elsewhere().holders("key"), 0, "nobody is left there whom nothing lets in");
    });
}
