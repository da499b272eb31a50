//! The demo tenant as it is served: everything in it can be read in both versions, and its people can do what they came
//! for.

use crate::schema::sets;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_demo::{CLIENT_ID, DOMAIN, READER_CLIENT_ID};
use tenure_odata::edm::Version;
use tenure_testkit::TestApp;
use tenure_testkit::app::{on_every_database, on_every_demo};

/// Every row of a list, page by page.
async fn rows(app: &TestApp, token: &str, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(at) = next {
        let page = app.get(&at, token).await.expect(200);
        all.extend(page.values().iter().cloned());
        next = page.json["@odata.nextLink"].as_str().map(|l| l.trim_start_matches("https://localhost").to_owned());
    }
    all
}

#[test]
fn everything_in_the_demo_can_be_read_to_its_end_with_all_that_hangs_on_it() {
    on_every_demo(async |app| {
        let token = app.token_demo(READER_CLIENT_ID).await;
        for version in [Version::V1, Version::Beta] {
            for (path, set) in sets(version) {
                if ["oauth2PermissionGrants", "invitations"].contains(&set.id) {
                    // The reader was not given the permission; invitations are not kept.
                    continue;
                }
                // A list of environments says of which system.
                let is_of_system = set.id == "resourceEnvironments";
                let filter = if is_of_system { "$filter=originSystem eq 'SharePointOnline'" } else { "" };
                let count = app.get(&format!("{path}/$count?{filter}"), &token).await.expect(200);
                let count: usize = count.text.parse().unwrap_or(0);
                let all = rows(app, &token, &format!("{path}?$top=20&$expand=*&{filter}")).await;
                assert_eq!(all.len(), count, "{path}");
                // Roles of entitlement management are given at once and never deleted; the demo asks no system outside; suggestions are given by a function.
                let is_always_empty = set.id.starts_with("roleEligibility")
                    || [
                        "suggestions",
                        "originConnectors",
                        "roleAssignmentScheduleRequests",
                        "roleAssignmentApprovals",
                        "deletedRoleDefinitions",
                    ]
                    .contains(&set.id);
                let needs_rows = !is_always_empty && !["deletedItems", "oauth2PermissionGrants"].contains(&set.id);
                assert!(count > 0 || !needs_rows, "{path} is empty");
                let Some(id) = all.first().and_then(|row| row["id"].as_str()) else { continue };
                let one = app.get(&format!("{path}/{id}"), &token).await.expect(200);
                for (name, value) in one.json.as_object().into_iter().flatten().filter(|(n, _)| *n != "@odata.context")
                {
                    assert_eq!(all[0].get(name), Some(value), "{path}: {name} reads the same in the list");
                }
            }
        }
    });
}

/// The id of a package of the demo.
async fn package(app: &TestApp, token: &str, name: &str) -> String {
    let path = format!("{EM}/accessPackages?$select=id&$filter=displayName eq '{name}'");
    let found = app.get(&path, token).await.expect(200);
    found.values()[0]["id"].as_str().unwrap_or_default().to_owned()
}

/// The names of those who hold a package in that state.
async fn holders(app: &TestApp, token: &str, package: &str, state: &str) -> Vec<String> {
    let filter = format!("accessPackage/id eq '{package}' and state eq '{state}'");
    let all = rows(app, token, &format!("{EM}/assignments?$expand=target&$filter={filter}")).await;
    let name = |row: &Value| row["target"]["displayName"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = all.iter().map(name).collect();
    names.sort();
    names
}

/// The only row of a list.
async fn only(app: &TestApp, token: &str, path: &str) -> Value {
    let found = app.get(path, token).await.expect(200);
    assert_eq!(found.values().len(), 1, "{path}: {}", found.text);
    found.values()[0].clone()
}

fn text(row: &Value, pointer: &str) -> String {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The only approval that somebody can decide now, and its open stage.
async fn to_decide(app: &TestApp, token: &str) -> (String, String) {
    let path = format!("{EM}/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')?$expand=stages");
    let mut open = Vec::new();
    for approval in rows(app, token, &path).await {
        let stages = approval["stages"].as_array().cloned().unwrap_or_default();
        let is_open = |stage: &&Value| stage["status"] == "InProgress" && stage["assignedToMe"] == true;
        open.extend(stages.iter().find(is_open).map(|stage| (text(&approval, "/id"), text(stage, "/id"))));
    }
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

const STATES: [&str; 5] = ["delivering", "partiallyDelivered", "delivered", "expired", "deliveryFailed"];

#[test]
fn marketing_campaign_has_assignments_in_every_state_and_what_failed_can_be_mended() {
    on_every_demo(async |app| {
        let token = app.token_demo(CLIENT_ID).await;
        let campaign = package(app, &token, "Marketing Campaign").await;
        for state in STATES {
            assert!(!holders(app, &token, &campaign, state).await.is_empty(), "nobody is {state}");
        }
        assert_eq!(holders(app, &token, &campaign, "deliveryFailed").await, ["Fatima Zahra"]);
        assert_eq!(holders(app, &token, &campaign, "partiallyDelivered").await, ["Aisha Bello"]);
        assert_eq!(holders(app, &token, &campaign, "delivering").await, ["Peter Hall"]);
        // The objects are back: giving once more is enough.
        for state in ["deliveryFailed", "partiallyDelivered"] {
            let filter = format!("accessPackage/id eq '{campaign}' and state eq '{state}'");
            let failed = only(app, &token, &format!("{EM}/assignmentRequests?$filter={filter}")).await;
            let path = format!("{EM}/assignmentRequests/{}/reprocess", text(&failed, "/id"));
            app.post(&path, &token, Value::Null).await.expect(202);
        }
        app.drain().await;
        // The system outside is back in three days.
        app.advance("P2D").await;
        assert_eq!(holders(app, &token, &campaign, "delivering").await, ["Peter Hall"]);
        app.advance("P2D").await;
        for state in ["delivering", "partiallyDelivered", "deliveryFailed"] {
            assert!(holders(app, &token, &campaign, state).await.is_empty(), "somebody is {state}");
        }
        let there = holders(app, &token, &campaign, "delivered").await;
        assert!(["Aisha Bello", "Fatima Zahra", "Peter Hall"].iter().all(|name| there.contains(&(*name).to_owned())));
    });
}

#[test]
fn three_people_of_the_demo_wait_at_the_three_stages_and_the_last_approver_gives_access() {
    on_every_demo(async |app| {
        let token = app.token_demo(CLIENT_ID).await;
        let insights = package(app, &token, "Customer Insights").await;
        let waiting = format!(
            "{EM}/assignmentRequests?$expand=requestor&$filter=state eq 'pendingApproval' and accessPackage/id eq '{insights}'"
        );
        let mut open = Vec::new();
        for request in rows(app, &token, &waiting).await {
            let path = format!("{EM}/accessPackageAssignmentApprovals/{}", text(&request, "/id"));
            let stages = app.get(&path, &token).await.expect(200).json["stages"].clone();
            let states = stages.as_array().into_iter().flatten().map(|stage| text(stage, "/status"));
            open.push((text(&request, "/requestor/displayName"), states.collect::<Vec<_>>()));
        }
        open.sort();
        let expected = [
            ("Hana Kim", ["InProgress", "Initializing", "Initializing"]),
            ("Leo Martins", ["Completed", "InProgress", "Initializing"]),
            ("Sofia Ricci", ["Completed", "Completed", "InProgress"]),
        ];
        assert_eq!(open, expected.map(|(name, states)| (name.to_owned(), states.map(ToOwned::to_owned).to_vec())));
        for approver in ["manager", "david.cohen"] {
            to_decide(app, &app.token_person(&format!("{approver}@{DOMAIN}")).await).await;
        }
        let approver = app.token_person(&format!("approver@{DOMAIN}")).await;
        let (last, stage) = to_decide(app, &approver).await;
        let path = format!("{EM}/accessPackageAssignmentApprovals/{last}/stages/{stage}");
        app.patch(&path, &approver, json!({ "reviewResult": "Approve", "justification": "Sums only" }))
            .await
            .expect(204);
        app.drain().await;
        assert_eq!(holders(app, &token, &insights, "delivered").await, ["Owen Clarke", "Sofia Ricci"]);
        let denied = format!("{EM}/assignmentRequests?$filter=state eq 'denied' and accessPackage/id eq '{insights}'");
        only(app, &token, &denied).await;
    });
}

#[test]
fn the_demo_shows_a_start_and_an_end_to_come_and_an_incompatible_pair() {
    on_every_demo(async |app| {
        let token = app.token_demo(CLIENT_ID).await;
        let campaign = package(app, &token, "Marketing Campaign").await;
        let filter = format!("state eq 'scheduled' and accessPackage/id eq '{campaign}'");
        for request in rows(app, &token, &format!("{EM}/assignmentRequests?$filter={filter}")).await {
            assert!(text(&request, "/schedule/startDateTime") > app.now().to_string(), "{request}");
        }
        let filter = format!("accessPackage/id eq '{campaign}' and state eq 'delivered'");
        let held = rows(app, &token, &format!("{EM}/assignments?$expand=target&$filter={filter}")).await;
        let ending = held.into_iter().find(|row| row["target"]["displayName"] == "Leo Martins").unwrap_or_default();
        assert_eq!(ending["status"], "NearExpiry14DayNotificationTriggered");
        app.advance("P11D").await;
        let ended = app.get(&format!("{EM}/assignments/{}", text(&ending, "/id")), &token).await.expect(200);
        assert_eq!(ended.json["state"], "expired");
        let started = holders(app, &token, &campaign, "delivered").await;
        assert!(started.contains(&"Luca Moretti".to_owned()), "{started:?}");

        let expenses = package(app, &token, "Expense Approver").await;
        let sales = package(app, &token, "Sales Essentials").await;
        let pair = only(app, &token, &format!("{EM}/accessPackages/{expenses}/incompatibleAccessPackages")).await;
        assert_eq!(text(&pair, "/id"), sales);
        let person = app.token_person(&format!("luca.moretti@{DOMAIN}")).await;
        let body = json!({ "requestType": "UserAdd", "justification": "I travel",
            "assignment": { "accessPackageId": expenses } });
        let refused = app.post(&format!("{EM}/assignmentRequests"), &person, body).await.expect(400);
        assert!(refused.text.contains("Sales Essentials"), "{}", refused.text);
    });
}

#[test]
fn the_demo_has_a_connected_organization_whose_sponsor_decides_about_its_people() {
    on_every_demo(async |app| {
        let token = app.token_demo(CLIENT_ID).await;
        let path =
            format!("{EM}/connectedOrganizations?$expand=internalSponsors,externalSponsors&$orderby=displayName");
        let found = rows(app, &token, &path).await;
        let shown: Vec<_> = found.iter().map(|o| (text(o, "/displayName"), text(o, "/state"))).collect();
        let pair = |name: &str, state: &str| (name.to_owned(), state.to_owned());
        assert_eq!(shown, [pair("Fabrikam", "configured"), pair("Litware", "proposed")]);
        assert_eq!(text(&found[0], "/internalSponsors/0/displayName"), "Peter Hall");
        assert_eq!(text(&found[0], "/externalSponsors/0/displayName"), "Ana Silva");

        let sponsor = app.token_person(&format!("peter.hall@{DOMAIN}")).await;
        let (approval, _) = to_decide(app, &sponsor).await;
        let request = format!("{EM}/assignmentRequests/{approval}?$expand=requestor");
        let request = app.get(&request, &token).await.expect(200).json;
        assert_eq!(text(&request, "/requestor/displayName"), "Lucia Ferri");

        // Somebody who is known by his address only has an account when his access starts.
        let mila = "/v1.0/users?$filter=mail eq 'mila.horvat@fabrikam.example'";
        assert!(app.get(mila, &token).await.expect(200).values().is_empty());
        app.advance("P21D").await;
        only(app, &token, mila).await;
        let partner = package(app, &token, "Partner Workspace").await;
        assert!(holders(app, &token, &partner, "delivered").await.contains(&"Mila Horvat".to_owned()));
    });
}

#[test]
fn a_requestor_of_the_demo_gets_a_package_and_loses_it_in_time() {
    on_every_demo(async |app| {
        let requestor = app.token_person(&format!("requestor@{DOMAIN}")).await;
        let can = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')?$select=id,displayName");
        let offered = app.get(&can, &requestor).await.expect(200);
        let found = offered.values().iter().find(|p| p["displayName"] == "Marketing Campaign").cloned();
        let package = found.unwrap_or_default()["id"].clone();
        let body = json!({ "requestType": "UserAdd", "accessPackageAssignment": { "accessPackageId": package } });
        app.post(&format!("{EM_BETA}/accessPackageAssignmentRequests"), &requestor, body).await.expect(201);
        app.drain().await;
        let mine = format!(
            "{EM}/assignments/filterByCurrentUser(on='target')?$filter=accessPackage/id eq '{}'",
            package.as_str().unwrap_or_default()
        );
        assert_eq!(app.get(&mine, &requestor).await.expect(200).column("state"), ["delivered"]);
        app.advance("P1Y").await;
        assert_eq!(app.get(&mine, &requestor).await.expect(200).column("state"), ["expired"]);
        let writer = app.token_demo(CLIENT_ID).await;
        let live =
            app.get(&format!("{EM}/assignments/$count?$filter=state eq 'delivering'"), &writer).await.expect(200);
        assert_eq!(live.text, "0", "nothing hangs after a year");
    });
}

#[test]
fn no_list_is_open_to_strangers_or_to_an_app_without_permissions() {
    on_every_database(async |app| {
        let nobody = crate::clients::new_app(app, "Nobody", &[]).await.token(app).await;
        for version in [Version::V1, Version::Beta, Version::Own] {
            for (path, set) in sets(version) {
                assert_eq!(app.get(&path, "").await.status, 401, "{path}");
                for path in [path.clone(), format!("{path}/$count"), format!("{path}/x")] {
                    let answer = app.get(&path, &nobody).await;
                    assert!([403, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
                }
                assert_eq!(app.get(&path, &nobody).await.status, 403, "{path}");
                for nav in set.entity.navigations.iter().filter_map(|n| n.name.get(version)) {
                    let nested = format!("{path}/fab00000-0000-4000-8000-000000000003/{nav}");
                    let answer = app.get(&nested, &nobody).await;
                    assert!([403, 404].contains(&answer.status), "{nested}: {} {}", answer.status, answer.text);
                }
            }
        }
    });
}
