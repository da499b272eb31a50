//! The two reports about a person, and the figures of the overview (behaviour.md i.1): what the caller's lists would tell
//! him, put together.

use crate::EM;
use crate::campaign::Campaign;
use crate::delegation::{Shelf, give};
use serde_json::{Value, json};
use tenure_domain::authorize::{DirectoryRole, EntitlementRole};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

fn report(alias: &str, rest: &str) -> String {
    format!("/tenure/v1/reports/users/{}/{rest}", company::person(alias))
}

#[test]
fn a_report_says_which_packages_somebody_has_and_which_he_can_ask_for() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (mine, theirs) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Theirs").await);
        let reader = app.token_reader().await;
        // Anna has what lies on both shelves, and could ask for the campaign.
        let held = app.get(&report("anna", "accessPackages"), &reader).await.expect(200);
        assert_eq!(held.column("accessPackageId"), [mine.package.as_str(), theirs.package.as_str()]);
        let first = &held.values()[0];
        assert_eq!(first["accessPackage"]["displayName"], "Mine package");
        assert_eq!(first["policy"]["displayName"], "Mine policy");
        let role = &first["accessPackage"]["resourceRoles"][0];
        let names = (&role["role"]["displayName"], &role["resource"]["displayName"]);
        assert_eq!(names, (&json!("Member"), &json!("Mine group")));
        let page = app.get(&report("anna", "accessPackages?$top=1"), &reader).await.expect(200);
        let next =
            page.json["@odata.nextLink"].as_str().and_then(|l| l.strip_prefix("https://localhost")).unwrap_or("");
        let next = app.get(next, &reader).await.expect(200);
        assert_eq!(next.column("accessPackageId"), [theirs.package.as_str()]);

        let asks = report("anna", "accessPackages?status=canRequest");
        let offered = app.get(&asks, &reader).await.expect(200);
        assert_eq!(offered.column("id"), [campaign.package.as_str()]);
        assert_eq!(offered.values()[0]["policies"][0]["displayName"], "Everybody");
        let offered = app.get(&report("ben", "accessPackages?status=canRequest&$top=1"), &reader).await.expect(200);
        let next = offered.json["@odata.nextLink"].as_str().and_then(|l| l.strip_prefix("https://localhost"));
        let next = app.get(next.unwrap_or(""), &reader).await.expect(200);
        assert_eq!((offered.values().len(), next.values().len()), (1, 1), "the next page is one of the same list");
        assert!(next.values()[0]["policies"].is_array(), "{}", next.text);
        assert_eq!(app.get(&report("ben", "accessPackages?status=both"), &reader).await.status, 400);
        assert_eq!(app.get("/tenure/v1/reports/users/nobody/accessPackages", &reader).await.status, 404);
        let unknown = format!("/tenure/v1/reports/users/{}/accessPackages", uuid::Uuid::from_u128(99));
        assert_eq!(app.get(&unknown, &reader).await.status, 404);
        assert_eq!(app.post(&asks, &reader, Value::Null).await.status, 405);
    });
}

#[test]
fn a_report_says_which_roles_somebody_has_and_by_which_packages() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        // A second package gives the same role.
        let token = campaign.token.as_str();
        let body = json!({ "displayName": "Second", "catalog": { "id": campaign.catalog } });
        let second = app.post(&format!("{EM}/accessPackages"), token, body).await.expect(201).id();
        let roles = format!("{EM}/accessPackages/{second}/resourceRoleScopes");
        let group = company::group("sales").to_string();
        app.post(&roles, token, crate::campaign::member_role(&campaign.resource, &group)).await.expect(201);
        let policy = app.post(&format!("{EM}/assignmentPolicies"), token, crate::campaign::open_policy(&second)).await;
        let policy = policy.expect(201).id();
        campaign.assign(app, "ben").await;
        let wish = Shelf::wish("adminAdd", &second, &policy, "ben");
        app.post(&format!("{EM}/assignmentRequests"), token, wish).await.expect(201);
        app.drain().await;
        let reader = app.token_reader().await;
        let report = report("ben", "resourceAssignments");
        let told = app.get(&report, &reader).await.expect(200);
        assert_eq!(told.values().len(), 1);
        let row = &told.values()[0];
        assert_eq!((&row["resourceDisplayName"], &row["roleDisplayName"]), (&json!("Sales"), &json!("Member")));
        assert_eq!(row["status"], "Fulfilled");
        let names: Vec<&str> = row["assignments"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|a| a["accessPackage"]["displayName"].as_str())
            .collect();
        assert_eq!(names, ["Campaign", "Second"]);
        assert!(row["assignments"][0]["endDateTime"].is_string());
        let ben = app.token_of_person("ben").await;
        let own = app.get("/tenure/v1/reports/users/me/resourceAssignments", &ben).await.expect(200);
        assert_eq!(own.column("resourceDisplayName"), ["Sales"]);
    });
}

#[test]
fn a_report_is_for_himself_and_for_whoever_sees_his_assignments() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (mine, _theirs) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Theirs").await);
        let all = ["accessPackages", "accessPackages?status=canRequest", "resourceAssignments"];
        let ben = app.token_of_person("ben").await;
        for rest in all {
            assert_eq!(app.get(&report("anna", rest), &ben).await.status, 403, "{rest}");
            assert_eq!(app.get(&report("anna", rest), "").await.status, 401, "{rest}");
            app.get(&report("ben", rest), &ben).await.expect(200);
        }
        let offered = app.get(&report("ben", all[1]), &ben).await.expect(200);
        let mut ids = offered.column("id");
        ids.sort_unstable();
        assert!(ids.contains(&mine.package) && ids.contains(&campaign.package));
        // Who has a role in one catalog is told what lies there, and of nothing else.
        give(app, EntitlementRole::CatalogReader, company::person("carla"), &mine.scope()).await;
        let carla = app.token_of_person("carla").await;
        let held = app.get(&report("anna", all[0]), &carla).await.expect(200);
        assert_eq!(held.column("accessPackageId"), [mine.package.as_str()]);
        let offered = app.get(&report("ben", all[1]), &carla).await.expect(200);
        assert_eq!(offered.column("id"), [mine.package.as_str()], "the campaign she could ask for herself");
        let given = app.get(&report("anna", all[2]), &carla).await.expect(200);
        assert_eq!(given.column("resourceDisplayName"), ["Mine group"]);
        let robot = crate::clients::new_app(app, "Robot", &[]).await;
        assert_eq!(app.get(&report("anna", all[0]), &robot.token(app).await).await.status, 403);
    });
}

const OVERVIEW: &str = "/tenure/v1/overview";

async fn figures(app: &TestApp, token: &str) -> Value {
    app.get(OVERVIEW, token).await.expect(200).json
}

#[test]
fn the_overview_counts_what_the_callers_lists_show_him() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (mine, _theirs) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Theirs").await);
        campaign.assign(app, "ben").await;
        let reader = app.token_reader().await;
        let told = figures(app, &reader).await;
        assert_eq!((&told["catalogs"], &told["accessPackages"], &told["policies"]), (&json!(4), &json!(3), &json!(3)));
        assert_eq!(told["assignments"]["delivered"], 3);
        assert_eq!(told["assignments"]["endingWithin30Days"], 1, "those on the shelves never end");
        assert_eq!(told["atLeast"], json!([]));
        assert_eq!(told["approvalsAwaitingMe"], Value::Null, "an application decides nothing");
        for (figure, count) in [("drift", 0), ("deliveryErrors", 0)] {
            assert_eq!(told[figure], count);
        }
        assert_eq!(told["connectedOrganizations"], json!({ "configured": 0, "proposed": 0 }));
        give(app, EntitlementRole::CatalogOwner, company::person("carla"), &mine.scope()).await;
        let carla = app.token_of_person("carla").await;
        let told = figures(app, &carla).await;
        assert_eq!((&told["catalogs"], &told["accessPackages"], &told["policies"]), (&json!(1), &json!(1), &json!(1)));
        assert_eq!(told["assignments"]["delivered"], 1);
        assert_eq!(told["assignments"]["endingWithin30Days"], 0);
        let ben = app.token_of_person("ben").await;
        let told = figures(app, &ben).await;
        assert_eq!((&told["catalogs"], &told["approvalsAwaitingMe"]), (&Value::Null, &json!(0)), "{told}");
        assert_eq!(app.get(OVERVIEW, "").await.status, 401);
        assert_eq!(app.post(OVERVIEW, &ben, Value::Null).await.status, 405);
        // When it has ended it ends no more.
        app.advance("P31D").await;
        assert_eq!(figures(app, &reader).await["assignments"]["endingWithin30Days"], 0);
    });
}

#[test]
fn the_overview_counts_approvals_that_wait_for_the_caller() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = crate::campaign::open_policy(&campaign.package);
        policy["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [{
            "durationBeforeAutomaticDenial": "P14D", "isApproverJustificationRequired": false,
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }] }] });
        campaign.add_policy(app, policy).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        let request = campaign.ask(app, &carla, body).await.expect(201).id();
        app.drain().await;
        let ben = app.token_of_person("ben").await;
        assert_eq!(figures(app, &ben).await["approvalsAwaitingMe"], 1);
        assert_eq!(figures(app, &carla).await["approvalsAwaitingMe"], 0);
        let reader = app.token_reader().await;
        assert_eq!(figures(app, &reader).await["openRequests"]["pendingApproval"], 1);
        let approval = format!("{EM}/accessPackageAssignmentApprovals/{request}");
        let stage = app.get(&approval, &ben).await.expect(200).json["stages"][0]["id"].clone();
        let path = format!("{approval}/stages/{}", stage.as_str().unwrap_or_default());
        app.patch(&path, &ben, json!({ "reviewResult": "Approve", "justification": "yes" })).await.expect(204);
        app.drain().await;
        assert_eq!(figures(app, &ben).await["approvalsAwaitingMe"], 0);
        app.give_role(DirectoryRole::GlobalReader, company::person("ben")).await;
        assert_eq!(figures(app, &ben).await["openRequests"]["pendingApproval"], 0);
    });
}
