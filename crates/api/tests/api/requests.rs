//! Assignment requests and what becomes of them: delivered, scheduled, canceled, removed, ended.

use crate::campaign::{Campaign, add_group, member_role, open_policy};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// The audit rows of a request, oldest first.
async fn audit_rows(app: &TestApp, token: &str, request: &str) -> Vec<Value> {
    let filter = format!("targetResources/any(t:t/id eq '{request}')");
    let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), token).await.expect(200);
    rows.values().to_vec()
}

fn activities(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["activityDisplayName"].as_str()).collect()
}

/// What a request became.
async fn state(app: &TestApp, token: &str, request: &str) -> (String, String) {
    let found = app.get(&format!("{EM}/assignmentRequests/{request}"), token).await.expect(200).json;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("status"))
}

async fn assignment(app: &TestApp, token: &str, id: &str) -> Value {
    app.get(&format!("{EM}/assignments/{id}"), token).await.expect(200).json
}

fn two(state: &str, status: &str) -> (String, String) {
    (state.to_owned(), status.to_owned())
}

#[test]
fn who_asks_is_a_member_at_once_and_the_answer_says_submitted() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        let asked = campaign.ask(app, &carla, body).await;
        let request = app.made(asked.clone(), "request:carla");
        assert_snapshot!("request_as_it_is_accepted_in_v1", app.show(&asked));
        let expand = "$expand=accessPackage($select=id,displayName),requestor,assignment($expand=target)";
        let now = app.get(&format!("{EM}/assignmentRequests/{request}?{expand}"), &carla).await;
        assert_snapshot!("request_delivered_in_v1", app.show(&now));
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        assert_eq!(app.drain().await, 1, "one mail");
        assert_snapshot!("mail_about_access", app.show(&app.get("/tenure/v1/outbox/mail", &campaign.token).await));
        assert_eq!(app.get("/tenure/v1/outbox/mail", &carla).await.status, 403);
    });
}

#[test]
fn a_delivery_leaves_four_audit_rows_in_order() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let asked = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        let request = app.made(asked, "request:carla");
        app.drain().await;
        let rows = audit_rows(app, &campaign.token, &request).await;
        assert_eq!(
            activities(&rows),
            [
                "User requests access package assignment",
                "Auto approve access package assignment request",
                "Ready to fulfill access package assignment request",
                "Fulfill access package assignment request",
            ]
        );
        assert!(rows.iter().all(|row| row["correlationId"] == json!(request)), "they belong together");
        assert_snapshot!("audit_row_of_a_request", app.show_json(&rows[0]));
        let by_carla = format!("initiatedBy/user/id eq '{}'", company::person("carla"));
        let path =
            format!("/beta/auditLogs/directoryAudits?$filter=category eq 'EntitlementManagement' and {by_carla}");
        assert_eq!(app.get(&path, &campaign.token).await.expect(200).values().len(), 4);
    });
}

#[test]
fn an_administrator_assigns_in_the_words_of_beta() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let body = json!({
            "requestType": "AdminAdd",
            "justification": "Needs it",
            "accessPackageAssignment": {
                "targetId": company::person("carla"),
                "assignmentPolicyId": campaign.policy,
                "accessPackageId": campaign.package,
            },
        });
        let asked = app.post(&format!("{EM_BETA}/accessPackageAssignmentRequests"), &campaign.token, body).await;
        let request = app.made(asked.clone(), "request:carla");
        assert_snapshot!("request_as_it_is_accepted_in_beta", app.show(&asked));
        let now = app.get(&format!("{EM_BETA}/assignmentRequests/{request}?$expand=requestor"), &campaign.token).await;
        assert_snapshot!("request_delivered_in_beta", app.show(&now));
        app.drain().await;
        let rows = audit_rows(app, &campaign.token, &request).await;
        assert_eq!(activities(&rows)[0], "Administrator directly assigns user to access package");
    });
}

#[test]
fn an_assignment_shows_whom_what_and_under_which_policy() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        let expand = "$expand=target,accessPackage($expand=catalog),assignmentPolicy($select=id,displayName)";
        let v1 = app.get(&format!("{EM}/assignments/{id}?{expand}"), &campaign.token).await;
        assert_snapshot!("assignment_expanded_in_v1", app.show(&v1));
        let expand = "$expand=target,accessPackageAssignmentPolicy($select=displayName),\
                      accessPackageAssignmentRequests,\
                      accessPackageAssignmentResourceRoles($expand=accessPackageResourceRole,accessPackageSubject)";
        let beta = app.get(&format!("{EM_BETA}/accessPackageAssignments/{id}?{expand}"), &campaign.token).await;
        assert_snapshot!("assignment_expanded_in_beta", app.show(&beta));
    });
}

#[test]
fn lists_of_assignments_expand_with_one_target_each() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        campaign.assign(app, "ben").await;
        let filter = format!("accessPackage/id eq '{}' and state eq 'Delivered'", campaign.package);
        let path = format!("{EM}/assignments?$expand=target,assignmentPolicy&$filter={filter}&$count=true");
        let found = app.get(&path, &campaign.token).await.expect(200);
        assert_eq!(found.json["@odata.count"], 2);
        let shown: Vec<Value> = found
            .values()
            .iter()
            .map(|a| json!([a["target"]["principalName"], a["assignmentPolicy"]["id"], a["state"], a["status"]]))
            .collect();
        assert_snapshot!("assignments_of_a_package", app.show_json(&json!(shown)));
    });
}

#[test]
fn an_administrator_ends_an_assignment() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
        let asked = campaign.ask(app, &campaign.token, body.clone()).await;
        let request = app.made(asked.clone(), "request:removal");
        assert_snapshot!("removal_as_it_is_accepted", app.show(&asked));
        assert_eq!(state(app, &campaign.token, &request).await, two("delivered", "Fulfilled"));
        app.drain().await;
        assert_eq!(campaign.members(app).await, [""; 0]);
        let ended = app.get(&format!("{EM}/assignments/{id}"), &campaign.token).await;
        assert_snapshot!("assignment_after_its_removal", app.show(&ended));
        let again = campaign.ask(app, &campaign.token, body).await;
        assert_eq!((again.status, again.code()), (400, "AssignmentNotLive"));
        let rows = audit_rows(app, &campaign.token, &request).await;
        assert_eq!(
            activities(&rows),
            ["Administrator directly removes user access package assignment", "Remove access package assignment"]
        );
    });
}

#[test]
fn a_removal_may_name_the_request_instead() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let asked = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        let body = json!({ "requestType": "AdminRemove", "accessPackageAssignment": { "id": asked.id() } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
        assert_eq!(campaign.held_by(app, "carla").await, None, "H21");
        let unknown = json!({ "requestType": "adminRemove", "assignment": { "id": company::TENANT_ID } });
        let refused = campaign.ask(app, &campaign.token, unknown).await;
        assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"));
    });
}

#[test]
fn a_holder_gives_access_back_where_the_policy_lets_him() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userRemove", "assignment": { "id": id } });
        let refused = campaign.ask(app, &carla, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (400, "PolicyDisabled"));
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let settings = json!({ "requestorSettings": { "enableTargetsToSelfRemoveAccess": true } });
        app.patch(&path, &campaign.token, settings).await.expect(204);
        let gil = app.token_of_person("gil").await;
        let foreign = campaign.ask(app, &gil, body.clone()).await;
        assert_eq!((foreign.status, foreign.code()), (404, "ResourceNotFound"), "not his, so not there");
        campaign.ask(app, &carla, body).await.expect(201);
        app.drain().await;
        assert_eq!(campaign.members(app).await, [""; 0]);
    });
}

#[test]
fn a_start_ahead_waits_for_its_day() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = campaign.request("adminAdd", "carla");
        body["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z", "expiration": { "duration": "P10D" } });
        let asked = campaign.ask(app, &campaign.token, body).await;
        let request = app.made(asked, "request:carla");
        let waiting = app.get(&format!("{EM}/assignmentRequests/{request}?$expand=assignment"), &campaign.token).await;
        assert_snapshot!("request_that_waits_for_its_start", app.show(&waiting));
        assert_eq!(app.advance("P2D").await, 0);
        assert_eq!(campaign.members(app).await, [""; 0]);
        assert_eq!(app.advance("P1D").await, 1, "the start; nobody asked, so there is no mail");
        assert_eq!(state(app, &campaign.token, &request).await, two("delivered", "Fulfilled"));
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        let held = assignment(app, &campaign.token, &id).await;
        assert_eq!(held["schedule"]["startDateTime"], "2026-03-05T09:00:00Z");
        assert_eq!(held["schedule"]["expiration"]["endDateTime"], "2026-03-15T09:00:00Z");
        let rows = audit_rows(app, &campaign.token, &request).await;
        assert_eq!(
            activities(&rows)[1..],
            [
                "Auto approve access package assignment request",
                "Schedule a future access package assignment",
                "Ready to fulfill access package assignment request",
                "Fulfill access package assignment request",
            ]
        );
    });
}

#[test]
fn a_request_that_waits_can_be_canceled_and_then_deleted() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = campaign.request("adminAdd", "carla");
        body["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        let path = format!("{EM}/assignmentRequests/{request}");
        let early = app.delete(&path, &campaign.token).await;
        assert_eq!((early.status, early.code()), (400, "RequestNotDeletable"));
        let canceled = app.post(&format!("{path}/cancel"), &campaign.token, Value::Null).await;
        assert_eq!((canceled.status, canceled.text.as_str()), (204, ""));
        assert_eq!(state(app, &campaign.token, &request).await, two("canceled", "Canceled"));
        let again = app.post(&format!("{path}/cancel"), &campaign.token, Value::Null).await;
        assert_eq!((again.status, again.code()), (400, "RequestNotCancelable"));
        assert_eq!(app.advance("P30D").await, 0, "nothing happens on its day");
        assert_eq!(app.delete(&path, &campaign.token).await.status, 204);
        assert_eq!(app.get(&path, &campaign.token).await.status, 404);
    });
}

#[test]
fn access_ends_by_itself_on_its_day() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let id = campaign.assign(app, "carla").await;
        app.advance("P29D").await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        let body = json!({ "advance": "P1D" });
        let moved = app.post("/tenure/v1/clock", &campaign.token, body).await;
        assert_snapshot!("clock_after_a_day_on_which_access_ends", app.show(&moved));
        assert_eq!(campaign.members(app).await, [""; 0]);
        let ended = assignment(app, &campaign.token, &id).await;
        assert_eq!((&ended["state"], &ended["status"]), (&json!("expired"), &json!("ExpiredNotificationTriggered")));
        let filter = format!("accessPackage/id eq '{}' and requestType eq 'systemRemove'", campaign.package);
        let path = format!("{EM}/assignmentRequests?$filter={filter}&$expand=requestor");
        let found = app.get(&path, &campaign.token).await;
        assert_snapshot!("request_by_which_access_ended", app.show(&found));
        let rows = audit_rows(app, &campaign.token, &found.column("id")[0]).await;
        assert_eq!(
            activities(&rows),
            [
                "Entitlement Management removes access package assignment request for user",
                "Remove access package assignment",
            ]
        );
        assert_eq!(rows[0]["initiatedBy"]["app"]["displayName"], "Azure AD Identity Governance - User Management");
    });
}

#[test]
fn who_has_lost_access_can_ask_again() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        app.advance("P31D").await;
        let carla = app.token_of_person("carla").await;
        campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        app.drain().await;
        assert!(campaign.held_by(app, "carla").await.is_some());
    });
}

#[test]
fn two_packages_share_a_group_until_the_last_one_ends() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let body = json!({ "displayName": "Second", "catalog": { "id": campaign.catalog } });
        let second = app.post(&format!("{EM}/accessPackages"), &campaign.token, body).await.expect(201).id();
        let role = member_role(&campaign.resource, &company::group("sales").to_string());
        let roles = format!("{EM}/accessPackages/{second}/resourceRoleScopes");
        app.post(&roles, &campaign.token, role).await.expect(201);
        let policy = campaign.add_policy(app, open_policy(&second)).await;
        let first = campaign.assign(app, "carla").await;
        let mut body = campaign.request("adminAdd", "carla");
        body["assignment"] =
            json!({ "targetId": company::person("carla"), "accessPackageId": second, "assignmentPolicyId": policy });
        let second = campaign.ask(app, &campaign.token, body).await.expect(201).id();
        for (id, left) in [(first, 1), (second, 0)] {
            let body = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
            campaign.ask(app, &campaign.token, body).await.expect(201);
            assert_eq!(campaign.members(app).await.len(), left);
        }
        app.drain().await;
    });
}

#[test]
fn a_package_with_an_app_role_assigns_it() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let found = app.get(&format!("/v1.0/servicePrincipals(appId='{}')", company::EXPENSES_ID), token).await;
        let origin = found.id();
        let body = json!({
            "requestType": "adminAdd",
            "resource": { "originId": origin, "originSystem": "AadApplication" },
            "catalog": { "id": campaign.catalog },
        });
        app.post(&format!("{EM}/resourceRequests"), token, body).await.expect(201);
        let role = json!({
            "role": { "originId": company::EXPENSES_ROLE, "originSystem": "AadApplication",
                "resource": { "originId": origin, "originSystem": "AadApplication" } },
            "scope": { "originId": origin, "originSystem": "AadApplication" },
        });
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        app.post(&roles, token, role).await.expect(201);
        let id = campaign.assign(app, "carla").await;
        let held = app.get(&format!("/v1.0/users/{}/appRoleAssignments", company::person("carla")), token).await;
        assert_snapshot!("app_role_that_a_package_gives", app.show(&held));
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
        campaign.ask(app, token, body).await.expect(201);
        app.drain().await;
        let held = app.get(&format!("/v1.0/users/{}/appRoleAssignments", company::person("carla")), token).await;
        assert_eq!(held.values().len(), 0);
    });
}

#[test]
fn a_request_that_is_only_tried_leaves_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({
            "requestType": "UserAdd",
            "isValidationOnly": true,
            "accessPackageAssignment": { "accessPackageId": campaign.package },
        });
        let path = format!("{EM_BETA}/accessPackageAssignmentRequests");
        let tried = app.post(&path, &carla, body.clone()).await;
        assert_snapshot!("request_that_is_only_tried", app.show(&tried));
        assert_eq!(app.get(&path, &campaign.token).await.values().len(), 0);
        assert_eq!(campaign.members(app).await, [""; 0]);
        campaign.assign(app, "carla").await;
        let refused = app.post(&path, &carla, body).await;
        assert_eq!((refused.status, refused.code()), (400, "ExistingAssignment"));
    });
}

#[test]
fn a_removal_that_is_only_tried_removes_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        let path = format!("{EM_BETA}/accessPackageAssignmentRequests");
        let removal = |tried: bool| {
            json!({
                "requestType": "AdminRemove",
                "isValidationOnly": tried,
                "accessPackageAssignment": { "id": assignment },
            })
        };
        let before = app.get(&path, &campaign.token).await.values().len();
        app.post(&path, &campaign.token, removal(true)).await.expect(200);
        assert_eq!(app.get(&path, &campaign.token).await.values().len(), before);
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
        app.post(&path, &campaign.token, removal(false)).await.expect(201);
        assert_eq!(campaign.members(app).await, [""; 0]);
        // What cannot be removed is refused to whoever only tries, too.
        let late = app.post(&path, &campaign.token, removal(true)).await;
        assert_eq!((late.status, late.code()), (400, "AssignmentNotLive"));
        app.drain().await;
    });
}

#[test]
fn everybody_finds_his_own() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let (carla, ben) = (app.token_of_person("carla").await, app.token_of_person("ben").await);
        let own = |set: &str, on: &str| format!("{EM}/{set}/filterByCurrentUser(on='{on}')");
        let count = async |path: String, token: &str| app.get(&path, token).await.expect(200).values().len();
        assert_eq!(count(own("assignments", "target"), &carla).await, 1);
        assert_eq!(count(own("assignments", "target"), &ben).await, 0);
        assert_eq!(count(own("assignmentRequests", "target"), &carla).await, 1);
        assert_eq!(count(own("assignmentRequests", "createdBy"), &carla).await, 0, "the app asked");
        assert_eq!(count(own("accessPackages", "allowedRequestor"), &carla).await, 0, "she holds it");
        assert_eq!(count(own("accessPackages", "allowedRequestor"), &ben).await, 1);
        let aliased =
            format!("{EM_BETA}/accessPackages/microsoft.graph.filterByCurrentUser(on=@on)?@on='allowedRequestor'");
        assert_eq!(count(aliased, &ben).await, 1);
        let unknown = app.get(&own("assignments", "nobody"), &carla).await;
        assert_eq!((unknown.status, unknown.code()), (400, "InvalidModel"));
        let by_app = app.get(&own("assignments", "target"), &campaign.token).await;
        assert_eq!(by_app.status, 400, "an app has no own");
    });
}

#[test]
fn a_group_in_the_scope_counts_its_nested_members() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let body =
            json!({ "displayName": "Outer", "mailNickname": "outer", "mailEnabled": false, "securityEnabled": true });
        let outer = app.post("/v1.0/groups", token, body).await.expect(201).id();
        let staff = company::group("staff");
        let link = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{staff}") });
        app.post(&format!("/v1.0/groups/{outer}/members/$ref"), token, link).await.expect(204);
        let mut policy = open_policy(&campaign.package);
        policy["allowedTargetScope"] = json!("specificDirectoryUsers");
        policy["specificAllowedTargets"] =
            json!([{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": outer }]);
        campaign.add_policy(app, policy).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        campaign.ask(app, &carla, body).await.expect(201);
        app.drain().await;
        assert_eq!(campaign.members(app).await, ["Carla Díaz"]);
    });
}

#[test]
fn a_deleted_group_leaves_its_holders_with_a_part() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let staff = company::group("staff").to_string();
        let resource = add_group(app, &campaign.token, &campaign.catalog, &staff).await;
        let roles = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        app.post(&roles, &campaign.token, member_role(&resource, &staff)).await.expect(201);
        let id = campaign.assign(app, "carla").await;
        app.delete(&format!("/v1.0/groups/{}", company::group("sales")), &campaign.token).await.expect(204);
        assert_eq!(assignment(app, &campaign.token, &id).await["state"], "partiallyDelivered");
        let path = format!("/v1.0/directory/deletedItems/{}/restore", company::group("sales"));
        app.post(&path, &campaign.token, Value::Null).await.expect(200);
        assert_eq!(assignment(app, &campaign.token, &id).await["state"], "delivered");
    });
}
