//! What is left when something went wrong: removals that took nothing, groups that come back, deliveries that failed, people
//! who are gone for good (behaviour.md b.3, b.5; decisions.md B8, C6, E6, Q5).

use crate::EM;
use crate::approvals::{self, anna, carla_asks, decide, stage, user, yes};
use crate::attributes::{attribute, job_title, question, set, with_answer};
use crate::campaign::{Campaign, add_group, open_policy};
use crate::delivery::{activities, add_to_package, asked, by_hand, code, end, is_member, post, second_package, state};
use crate::updates::{end_of, only_tried, told, update, with_policy};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Fault, TestApp, company};

const REMOVED: &str = "Remove access package assignment";

fn removal(kind: &str, assignment: &str) -> Value {
    json!({ "requestType": kind, "assignment": { "id": assignment } })
}

/// How many mails of a kind were kept.
async fn mails(app: &TestApp, token: &str, kind: &str) -> usize {
    app.drain().await;
    let kept = app.get("/tenure/v1/outbox/mail", token).await.expect(200).column("kind");
    kept.iter().filter(|k| *k == kind).count()
}

async fn restore(app: &TestApp, token: &str, id: &str) {
    app.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), token, Value::Null).await.expect(200);
}

/// A package whose requests Anna approves, for five days each.
async fn approved_by_anna(app: &TestApp, change: impl FnOnce(&mut Value)) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = approvals::policy(&campaign.package, &[stage(&[user(&anna())])]);
    change(&mut body);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn anna_approves(app: &TestApp, request: &str) {
    let token = app.token_of_person("anna").await;
    decide(app, &token, (request, 0), yes()).await.expect(204);
    app.drain().await;
}

/// A policy for the members of that group.
pub fn for_group(body: &mut Value, alias: &str) {
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] =
        json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group(alias) }]);
}

#[test]
fn a_removal_that_is_only_tried_removes_nothing() {
    on_every_database(async |app| {
        let campaign =
            with_policy(app, |p| p["requestorSettings"]["enableTargetsToSelfRemoveAccess"] = json!(true)).await;
        let assignment = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        for (kind, token) in [("adminRemove", &campaign.token), ("userRemove", &carla)] {
            let tried = only_tried(app, token, &removal(kind, &assignment)).await.expect(200);
            assert_eq!(tried.json["requestType"].as_str().map(str::to_lowercase), Some(kind.to_lowercase()));
            assert_eq!(campaign.held_by(app, "carla").await, Some(assignment.clone()), "{kind}");
        }
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        let revoked = only_tried(app, &carla, &removal("approverRemove", &assignment)).await;
        assert_eq!(told(&revoked), (403, "NotAnApprover"));
        let made = app.get(&format!("{EM}/assignmentRequests"), &campaign.token).await.expect(200);
        assert_eq!(made.values().len(), 1, "the assignment's own");
        end(app, &campaign, &assignment).await;
        let late = only_tried(app, &campaign.token, &removal("adminRemove", &assignment)).await;
        assert_eq!(told(&late), (400, "AssignmentNotLive"));
    });
}

#[test]
fn what_ended_while_its_group_was_deleted_does_not_come_back_with_it() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let sales = company::group("sales").to_string();
        let role = add_to_package(app, &campaign, "staff").await;
        for alias in ["ben", "carla", "anna"] {
            campaign.assign(app, alias).await;
        }
        app.advance("P20D").await;
        app.delete(&format!("/v1.0/groups/{sales}"), token).await.expect(204);
        // Ben's is removed; the role of the deleted group leaves the package for the others.
        let filter = format!("target/objectId eq '{}'", company::person("ben"));
        let of_ben = app.get(&format!("{EM}/assignments?$filter={filter}"), token).await.expect(200).column("id");
        end(app, &campaign, &of_ben.concat()).await;
        assert_eq!(state(app, &campaign, "assignments", &of_ben.concat()).await, "expired");
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let all = app.get(&roles, token).await.expect(200).column("id");
        let of_sales: Vec<&String> = all.iter().filter(|id| **id != role).collect();
        app.delete(&format!("{roles}/{}", of_sales[0]), token).await.expect(204);
        app.drain().await;
        restore(app, token, &sales).await;
        assert_eq!(campaign.members(app).await, [""; 0], "nobody wants it any more");
        assert!(app.get("/tenure/v1/drift", token).await.expect(200).values().is_empty());
    });
}

#[test]
fn access_whose_end_comes_while_its_group_is_deleted_stays_ended() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let sales = company::group("sales").to_string();
        let assignment = campaign.assign(app, "carla").await;
        app.advance("P25D").await;
        app.delete(&format!("/v1.0/groups/{sales}"), &campaign.token).await.expect(204);
        app.advance("P6D").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        restore(app, &campaign.token, &sales).await;
        assert!(!is_member(app, &campaign.token, "sales", "carla").await);
    });
}

#[test]
fn a_deleted_group_that_another_package_gives_too_comes_back_with_its_member() {
    on_every_database(async |app| {
        let first = Campaign::start(app).await;
        let group = company::group("sales").to_string();
        let made = app.post(&format!("{EM}/catalogs"), &first.token, json!({ "displayName": "Other" })).await;
        let catalog = app.made(made, "catalog:other");
        let resource = add_group(app, &first.token, &catalog, &group).await;
        let second = second_package(app, &first, &catalog, &resource, &group).await;
        let (a, b) = (first.assign(app, "carla").await, second.assign(app, "carla").await);
        app.delete(&format!("/v1.0/groups/{group}"), &first.token).await.expect(204);
        end(app, &first, &a).await;
        restore(app, &first.token, &group).await;
        assert!(is_member(app, &first.token, "sales", "carla").await, "the other catalog's package gives it");
        end(app, &second, &b).await;
        assert!(!is_member(app, &first.token, "sales", "carla").await);
    });
}

#[test]
fn a_request_is_not_tried_again_while_its_assignment_is_being_removed() {
    on_every_database(async |app| {
        for alias in ["sales", "staff"] {
            app.master_elsewhere_as(company::group(alias), true, alias).await;
        }
        let campaign = Campaign::start(app).await;
        add_to_package(app, &campaign, "staff").await;
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, assignment) = asked(app, &campaign, "carla").await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "partiallyDelivered");
        app.elsewhere().fail_next([Fault::Unavailable]);
        let removed = campaign.ask(app, &campaign.token, removal("adminRemove", &assignment)).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removed).await, "delivering");
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        let refused = app.post(&path, &campaign.token, Value::Null).await;
        assert_eq!(told(&refused), (400, "ExistingOpenRequest"));
        assert!(refused.message().contains("being removed"), "{}", refused.message());
        app.advance("PT1H").await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        for alias in ["sales", "staff"] {
            assert_eq!(app.elsewhere().holders(alias), 0);
        }
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotReprocessable"));
    });
}

#[test]
fn a_removal_that_took_nothing_does_not_say_that_access_has_ended() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = with_policy(app, |_| {}).await;
        let token = campaign.token.as_str();
        let (_, assignment) = asked(app, &campaign, "carla").await;
        let carla = app.token_of_person("carla").await;
        app.elsewhere().fail_next([Fault::Refused]);
        let removed = campaign.ask(app, token, removal("adminRemove", &assignment)).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &removed).await, "deliveryFailed");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        assert_eq!(app.elsewhere().holders("key"), 1, "it is still there");
        assert_eq!(mails(app, token, "accessEnded").await, 0);
        let about = activities(app, token, &assignment).await;
        assert!(!about.iter().any(|a| a == REMOVED), "{about:?}");
        // Nothing brings it back meanwhile.
        let again = format!("{EM}/assignments/{assignment}/reprocess");
        let refused = app.post(&again, token, Value::Null).await;
        assert_eq!(told(&refused), (400, "AssignmentNotLive"));
        assert!(refused.message().contains("removal"), "{}", refused.message());
        add_to_package(app, &campaign, "staff").await;
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "deliveryFailed");
        for (kind, who) in [("userUpdate", &carla), ("adminUpdate", &campaign.token)] {
            let refused = campaign.ask(app, who, update(kind, &assignment)).await;
            assert_eq!(told(&refused), (400, "AssignmentNotLive"), "{kind}");
        }
        let anew = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(told(&anew), (400, "ExistingAssignment"), "he has it");
        // After the fourteen days it is removed once more, and that ends it.
        app.advance("P40D").await;
        let path = format!("{EM}/assignmentRequests/{removed}/reprocess");
        assert_eq!(post(app, token, &path).await, code(400, "RequestNotReprocessable"));
        let second = campaign.ask(app, token, removal("adminRemove", &assignment)).await.expect(201).id();
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &second).await, "delivered");
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "expired");
        assert_eq!((app.elsewhere().holders("key"), mails(app, token, "accessEnded").await), (0, 1));
        let about = activities(app, token, &assignment).await;
        assert_eq!(about.iter().filter(|a| *a == REMOVED).count(), 1);
    });
}

#[test]
fn a_delivery_that_failed_does_not_keep_anybody_from_asking_anew() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        app.elsewhere().fail_next([Fault::Refused]);
        let (request, failed) = asked(app, &campaign, "carla").await;
        assert_eq!(state(app, &campaign, "assignments", &failed).await, "deliveryFailed");
        app.advance("P20D").await;
        let carla = app.token_of_person("carla").await;
        only_tried(app, &carla, &campaign.request("userAdd", "carla")).await.expect(200);
        assert_eq!(state(app, &campaign, "assignments", &failed).await, "deliveryFailed", "it was only tried");
        campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignments", &failed).await, "expired", "the new one takes its place");
        let held = campaign.held_by(app, "carla").await.unwrap_or_default();
        assert!(!held.is_empty() && held != failed);
        assert_eq!(app.elsewhere().holders("key"), 1);
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(400, "RequestNotReprocessable"));
        end(app, &campaign, &held).await;
        assert_eq!(app.elsewhere().holders("key"), 0);
        let filter = format!("accessPackage/id eq '{}' and state ne 'expired'", campaign.package);
        let left = app.get(&format!("{EM}/assignments?$filter={filter}"), &campaign.token).await.expect(200);
        assert!(left.values().is_empty());
    });
}

#[test]
fn who_lacks_access_only_because_its_group_is_deleted_is_told_so_when_he_asks_anew() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        app.delete(&format!("/v1.0/groups/{}", company::group("sales")), &campaign.token).await.expect(204);
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(told(&refused), (400, "ExistingAssignment"));
        assert!(refused.message().contains("administrator"), "{}", refused.message());
        restore(app, &campaign.token, &company::group("sales").to_string()).await;
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
    });
}

#[test]
fn an_extension_that_failed_is_carried_out_when_it_is_tried_again() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app, |p| {
            for_group(p, "staff");
            p["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
            p["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
        })
        .await;
        let mut body = campaign.request("adminAdd", "carla");
        body["parameters"] = json!({ "bypassApproval": true });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        let before = end_of(app, &campaign, &id).await;
        app.advance("P10D").await;
        let carla = app.token_of_person("carla").await;
        let mut body = update("userUpdate", &id);
        body["justification"] = json!("longer");
        let request = campaign.ask(app, &carla, body).await.expect(201).id();
        by_hand(app, &campaign, "staff", "carla", false).await;
        anna_approves(app, &request).await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed");
        let path = format!("{EM}/assignmentRequests/{request}/reprocess");
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "deliveryFailed", "out of scope yet");
        assert_eq!(end_of(app, &campaign, &id).await, before);
        by_hand(app, &campaign, "staff", "carla", true).await;
        assert_eq!(post(app, &campaign.token, &path).await, code(202, ""));
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivered");
        assert_ne!(end_of(app, &campaign, &id).await, before, "the end has moved");
        assert_eq!(campaign.held_by(app, "carla").await, Some(id));
    });
}

#[test]
fn the_request_is_delivered_when_its_assignment_was_reprocessed_in_full() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        add_to_package(app, &campaign, "staff").await;
        let carla = app.token_of_person("carla").await;
        app.elsewhere().fail_next([Fault::Refused]);
        let request = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201).id();
        app.drain().await;
        let path = format!("{EM}/assignmentRequests/{request}?$expand=assignment");
        let shown = app.get(&path, &campaign.token).await.expect(200).json;
        assert_eq!(shown["state"], "partiallyDelivered");
        let assignment = shown["assignment"]["id"].as_str().unwrap_or_default().to_owned();
        let again = format!("{EM}/assignments/{assignment}/reprocess");
        assert_eq!(post(app, &campaign.token, &again).await, code(202, ""));
        app.drain().await;
        assert_eq!(state(app, &campaign, "assignments", &assignment).await, "delivered");
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivered");
        assert_eq!(mails(app, &campaign.token, "accessGranted").await, 1);
    });
}

#[test]
fn a_policy_that_is_edited_for_another_group_leaves_open_requests_under_their_own() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app, |p| for_group(p, "staff")).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let mut patch = json!({});
        for_group(&mut patch, "sales");
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        app.patch(&path, &campaign.token, patch).await.expect(204);
        anna_approves(app, &request).await;
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "delivered");
        assert!(is_member(app, &campaign.token, "sales", "carla").await);
    });
}

async fn set_job_title(app: &TestApp, campaign: &Campaign, title: &str) {
    let path = format!("/v1.0/users/{}", company::person("carla"));
    app.patch(&path, &campaign.token, json!({ "jobTitle": title })).await.expect(204);
}

#[test]
fn what_the_directory_says_by_the_time_of_delivery_is_not_overwritten() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app, |_| {}).await;
        set(app, &campaign, json!([attribute("jobTitle", true, false)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        set_job_title(app, &campaign, "Analyst").await;
        // Not answered: the value that is there counts as the answer, and is nobody's to write.
        let (request, carla) = carla_asks(app, &campaign).await;
        set_job_title(app, &campaign, "Director").await;
        anna_approves(app, &request).await;
        assert_eq!(job_title(app, &campaign).await, "Director");
        crate::attributes::remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, "Director", "no assignment has written it");
        // Answered, and changed by somebody else before it was delivered.
        let body = json!({ "requestType": "userAdd", "justification": "again",
            "assignment": { "accessPackageId": campaign.package } });
        let request = campaign.ask(app, &carla, with_answer(body.clone(), &id, "Writer")).await.expect(201).id();
        set_job_title(app, &campaign, "President").await;
        anna_approves(app, &request).await;
        assert_eq!(job_title(app, &campaign).await, "President");
        crate::attributes::remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, "President");
        // Answered and written; what somebody writes over it stays when access ends.
        let request = campaign.ask(app, &carla, with_answer(body, &id, "Writer")).await.expect(201).id();
        anna_approves(app, &request).await;
        assert_eq!(job_title(app, &campaign).await, "Writer");
        set_job_title(app, &campaign, "Editor").await;
        crate::attributes::remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, "Editor");
    });
}

#[test]
fn an_attribute_that_was_empty_and_is_locked_is_not_filled_twice() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app, |_| {}).await;
        set(app, &campaign, json!([attribute("jobTitle", false, false)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "justification": "once",
            "assignment": { "accessPackageId": campaign.package } });
        let request = campaign.ask(app, &carla, with_answer(body, &id, "Writer")).await.expect(201).id();
        set_job_title(app, &campaign, "Director").await;
        anna_approves(app, &request).await;
        assert_eq!(job_title(app, &campaign).await, "Director");
    });
}

#[test]
fn the_requests_of_somebody_who_is_gone_for_good_are_closed() {
    on_every_database(async |app| {
        let campaign = approved_by_anna(app, |_| {}).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let other = Campaign { policy: String::new(), ..second(app, &campaign).await };
        let mut body = other.request("adminAdd", "carla");
        body["assignment"]["assignmentPolicyId"] = Value::Null;
        body["schedule"] = json!({ "startDateTime": "2026-03-20T09:00:00Z" });
        let ahead = other.ask(app, &campaign.token, body).await.expect(201).id();
        let carla = company::person("carla");
        app.delete(&format!("/v1.0/users/{carla}"), &campaign.token).await.expect(204);
        assert_eq!(state(app, &campaign, "assignmentRequests", &request).await, "pendingApproval");
        app.delete(&format!("/v1.0/directory/deletedItems/{carla}"), &campaign.token).await.expect(204);
        for id in [&request, &ahead] {
            assert_eq!(state(app, &campaign, "assignmentRequests", id).await, "canceled");
            let about = activities(app, &campaign.token, id).await;
            assert_eq!(about.last().map(String::as_str), Some("Cancel access package assignment request"));
        }
        app.delete(&format!("{EM}/accessPackages/{}", campaign.package), &campaign.token).await.expect(204);
        app.advance("P40D").await;
    });
}

#[test]
fn whoever_looks_after_a_resource_sees_that_its_object_is_gone() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let sales = company::group("sales").to_string();
        app.delete(&format!("/v1.0/groups/{sales}"), &campaign.token).await.expect(204);
        restore(app, &campaign.token, &sales).await;
        let filter = format!("targetResources/any(t:t/id eq '{}')", campaign.resource);
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &campaign.token).await;
        let rows = rows.expect(200);
        let told: Vec<&Value> = rows
            .values()
            .iter()
            .filter(|row| row["activityDisplayName"] == "Update access package catalog resource")
            .map(|row| &row["targetResources"][0]["modifiedProperties"][0])
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((&told[0]["displayName"], &told[0]["newValue"]), (&json!("IsMissing"), &json!("true")));
        assert_eq!(told[1]["newValue"], "false");
    });
}

async fn second(app: &TestApp, first: &Campaign) -> Campaign {
    let group = company::group("sales").to_string();
    second_package(app, first, &first.catalog, &first.resource, &group).await
}

#[test]
fn a_change_of_the_package_counts_whom_it_reaches() {
    on_every_database(async |app| {
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "ben").await;
        let leaving = campaign.assign(app, "carla").await;
        app.elsewhere().fail_next([Fault::Unavailable]);
        campaign.ask(app, &campaign.token, removal("adminRemove", &leaving)).await.expect(201);
        app.drain().await;
        add_to_package(app, &campaign, "staff").await;
        let jobs = app.get("/tenure/v1/jobs", &campaign.token).await.expect(200);
        assert_eq!((jobs.column("total"), jobs.column("done")), (vec!["1".to_owned()], vec!["1".to_owned()]));
        app.advance("PT1H").await;
    });
}

/// For policies that are saved.
fn with_approvers(package: &str, first: &[Value], escalation: &[Value]) -> Value {
    let mut stage = stage(first);
    stage["isEscalationEnabled"] = json!(!escalation.is_empty() || first.is_empty());
    stage["durationBeforeEscalation"] = json!("P2D");
    stage["escalationApprovers"] = json!(escalation);
    let mut body = open_policy(package);
    body["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [stage] });
    body
}

#[test]
fn a_policy_with_approvers_that_can_never_be_found_is_not_saved() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM}/assignmentPolicies");
        let manager = |level: i32| json!({ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": level });
        let anna = user(&anna());
        let refused = async |mut body: Value, at: &str| {
            body["accessPackage"] = json!({ "id": campaign.package });
            let answer = app.post(&path, &campaign.token, body).await;
            assert_eq!(told(&answer), (400, "InvalidModel"), "{}", answer.text);
            assert!(answer.text.contains(at), "{at}: {}", answer.text);
        };
        refused(with_approvers(&campaign.package, &[manager(5)], &[]), "managerLevel").await;
        refused(with_approvers(&campaign.package, &[manager(0)], &[]), "managerLevel").await;
        let mut without_alternates = with_approvers(&campaign.package, std::slice::from_ref(&anna), &[]);
        without_alternates["requestApprovalSettings"]["stages"][0]["isEscalationEnabled"] = json!(true);
        refused(without_alternates, "escalationApprovers").await;
        let mut twice = with_approvers(&campaign.package, &[manager(1)], &[]);
        let stages = json!([stage(&[manager(1)]), stage(&[manager(1)])]);
        twice["requestApprovalSettings"]["stages"] = stages;
        refused(twice, "one stage").await;
        let mut unknown = open_policy(&campaign.package);
        unknown["allowedTargetScope"] = json!("specificConnectedOrganizationUsers");
        unknown["specificAllowedTargets"] = json!([{ "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
            "connectedOrganizationId": company::TENANT_ID }]);
        refused(unknown, "specificAllowedTargets/0").await;
        let both = with_approvers(&campaign.package, std::slice::from_ref(&anna), &[manager(2)]);
        app.post(&path, &campaign.token, both).await.expect(201);
    });
}
