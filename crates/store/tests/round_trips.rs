//! A use case makes three round trips to a server database at most: what it needs, what follows from that, and its writes
//! with the commit (decisions.md E2). What the API does around it (who calls, was this asked before, what came of it) is
//! counted apart.

use serde_json::{Value, json};
use tenure_store::record::{self, Recorded};
use tenure_testkit::TestApp;
use tenure_testkit::app::on_every_database;

const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
/// Round trips of one use case.
const TRIPS_MAX: usize = 3;

/// The round trips of the one transaction that leaves an audit row.
fn trips_of(recorded: &[Recorded]) -> usize {
    let writes = |r: &&Recorded| r.batches.iter().flatten().any(|s| s.sql.starts_with("INSERT INTO audit "));
    let use_cases: Vec<&Recorded> = recorded.iter().filter(writes).collect();
    assert_eq!(use_cases.len(), 1, "one use case writes");
    use_cases.iter().map(|r| r.batches.len()).sum()
}

/// Posts a request, and counts.
async fn trips(app: &TestApp, token: &str, body: Value) -> (usize, String) {
    record::start();
    let made = app.post(&format!("{EM}/assignmentRequests"), token, body).await.expect(201);
    (trips_of(&record::stop()), made.id())
}

#[test]
fn use_cases_make_three_round_trips_at_most() {
    people_from_outside();
    on_every_database(async |app| {
        let writer = app.token_app().await;
        let carla = app.token_of_person("carla").await;
        let package = package(app, &writer).await;
        let ask = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package } });
        let (submit, request) = trips(app, &carla, ask.clone()).await;
        assert!(submit <= TRIPS_MAX, "a person asks in {submit}");
        let by_request = json!({ "requestType": "adminRemove", "assignment": { "id": request } });
        let (remove, _) = trips(app, &writer, by_request).await;
        assert!(remove <= TRIPS_MAX, "an administrator removes in {remove}");
        let (submit, _) = trips(app, &carla, ask).await;
        assert!(submit <= TRIPS_MAX, "a person asks again in {submit}");
        let give_back = json!({ "requestType": "userRemove", "assignment": { "accessPackageId": package } });
        let (remove, _) = trips(app, &carla, give_back).await;
        assert!(remove <= TRIPS_MAX, "a person gives back in {remove}");
        app.drain().await;
        let approved = approved(app, &writer, &carla, &package).await;
        assert!(approved <= TRIPS_MAX, "an approver decides in {approved}");

        let target = tenure_testkit::company::person("ben");
        let schedule = json!({
            "startDateTime": "2026-03-05T09:00:00Z",
            "expiration": { "type": "afterDateTime", "endDateTime": "2026-03-09T09:00:00Z" },
        });
        let assign = json!({ "requestType": "adminAdd", "schedule": schedule,
            "assignment": { "accessPackageId": package, "targetId": target } });
        let (submit, _) = trips(app, &writer, assign).await;
        assert!(submit <= TRIPS_MAX, "an administrator assigns in {submit}");
        for (what, days) in [("a start", "P4D"), ("an end", "P4D")] {
            record::start();
            app.advance(days).await;
            let made = trips_of(&record::stop());
            assert!(made <= TRIPS_MAX, "{what} in {made}");
        }
    });
}

/// Carla asks under a policy with two stages; the round trips of the last decision.
async fn approved(app: &TestApp, writer: &str, carla: &str, package: &str) -> usize {
    let ben = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": tenure_testkit::company::person("ben") });
    let stage = json!({ "durationBeforeAutomaticDenial": "P5D", "primaryApprovers": [ben] });
    let policy = json!({ "displayName": "Asked", "accessPackage": { "id": package },
        "allowedTargetScope": "allMemberUsers", "requestorSettings": { "enableTargetsToSelfAddAccess": true },
        "requestApprovalSettings": { "isApprovalRequiredForAdd": true, "stages": [stage, stage] } });
    let policy = app.post(&format!("{EM}/assignmentPolicies"), writer, policy).await.expect(201).id();
    let ask = json!({ "requestType": "userAdd",
        "assignment": { "accessPackageId": package, "assignmentPolicyId": policy } });
    let (submit, request) = trips(app, carla, ask).await;
    assert!(submit <= TRIPS_MAX, "a person asks for approval in {submit}");
    let approval = format!("{EM}/accessPackageAssignmentApprovals/{request}");
    let stages = app.get(&approval, writer).await.expect(200).json["stages"].clone();
    let ben = app.token_of_person("ben").await;
    let mut last = 0;
    for stage in stages.as_array().into_iter().flatten() {
        record::start();
        let path = format!("{approval}/stages/{}", stage["id"].as_str().unwrap_or_default());
        app.patch(&path, &ben, json!({ "reviewResult": "Approve" })).await.expect(204);
        last = last.max(trips_of(&record::stop()));
    }
    let gone = json!({ "requestType": "adminRemove", "assignment": { "id": request } });
    app.post(&format!("{EM}/assignmentRequests"), writer, gone).await.expect(201);
    app.delete(&format!("{EM}/assignmentPolicies/{policy}"), writer).await.expect(204);
    last
}

/// People from outside cost no more.
fn people_from_outside() {
    on_every_database(async |app| {
        let writer = app.token_app().await;
        let gil = app.token_of_person("gil").await;
        let package = package(app, &writer).await;
        let found = app.get(&format!("{EM}/accessPackages/{package}?$expand=catalog"), &writer).await.expect(200);
        let catalog = found.json["catalog"]["id"].as_str().unwrap_or_default();
        let open = json!({ "isExternallyVisible": true });
        app.patch(&format!("{EM}/catalogs/{catalog}"), &writer, open).await.expect(204);
        let policy = json!({ "displayName": "Any", "accessPackage": { "id": package },
            "allowedTargetScope": "allExternalUsers", "requestorSettings": { "enableTargetsToSelfAddAccess": true } });
        let policy = app.post(&format!("{EM}/assignmentPolicies"), &writer, policy).await.expect(201).id();
        let named = |address: &str, start: Value| {
            json!({ "requestType": "adminAdd", "schedule": { "startDateTime": start },
            "assignment": { "accessPackageId": package, "assignmentPolicyId": policy, "target": { "email": address } } })
        };
        let (submit, _) = trips(app, &writer, named("ada@partner.example", Value::Null)).await;
        assert!(submit <= TRIPS_MAX, "a stranger is assigned in {submit}");
        let (submit, _) = trips(app, &writer, named("gil@fabrikam.example", json!("2026-03-05T09:00:00Z"))).await;
        assert!(submit <= TRIPS_MAX, "a guest is assigned by address in {submit}");
        record::start();
        app.advance("P3D").await;
        let start = trips_of(&record::stop());
        assert!(start <= TRIPS_MAX, "the start of a guest in {start}");
        let (submit, _) = trips(app, &writer, named("eve@partner.example", json!("2026-03-07T09:00:00Z"))).await;
        assert!(submit <= TRIPS_MAX, "a stranger is assigned for later in {submit}");
        app.drain().await;
        record::start();
        app.advance("P3D").await;
        let start = trips_of(&record::stop());
        assert!(start <= TRIPS_MAX, "the start of a stranger in {start}");
        app.drain().await;
        let removal = json!({ "requestType": "adminRemove", "assignment": { "accessPackageId": package,
            "targetId": tenure_testkit::company::person("gil") } });
        app.post(&format!("{EM}/assignmentRequests"), &writer, removal).await.expect(201);
        app.drain().await;
        let ask = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package } });
        let (submit, _) = trips(app, &gil, ask).await;
        assert!(submit <= TRIPS_MAX, "a guest asks in {submit}");
        app.drain().await;
    });
}

/// A package that anybody may ask for, with one group in it.
async fn package(app: &TestApp, token: &str) -> String {
    let catalog =
        app.post(&format!("{EM}/catalogs"), token, json!({ "displayName": "Trips", "state": "published" })).await;
    let catalog = catalog.expect(201).id();
    let group = tenure_testkit::company::group("sales");
    let resource = json!({ "requestType": "adminAdd", "catalog": { "id": catalog },
        "resource": { "originId": group, "originSystem": "AadGroup" } });
    app.post(&format!("{EM}/resourceRequests"), token, resource).await.expect(201);
    let package = json!({ "displayName": "Trip", "description": "One group", "catalog": { "id": catalog } });
    let package = app.post(&format!("{EM}/accessPackages"), token, package).await.expect(201).id();
    let scope = json!({
        "role": { "originId": format!("Member_{group}"), "originSystem": "AadGroup",
            "resource": { "originId": group, "originSystem": "AadGroup" } },
        "scope": { "originId": group, "originSystem": "AadGroup" },
    });
    app.post(&format!("{EM}/accessPackages/{package}/resourceRoleScopes"), token, scope).await.expect(201);
    let policy = json!({
        "displayName": "All", "description": "All", "accessPackage": { "id": package },
        "allowedTargetScope": "allMemberUsers",
        "expiration": { "type": "noExpiration" },
        "requestorSettings": { "enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true },
        "requestApprovalSettings": { "isApprovalRequiredForAdd": false, "stages": [] },
    });
    app.post(&format!("{EM}/assignmentPolicies"), token, policy).await.expect(201);
    package
}
