//! Whose access somebody sees beside his own: a manager that of his reports, administrators that of people who were
//! deleted (behaviour.md b.2, b.5; decisions.md B8, J3).

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

async fn of_reports(app: &TestApp, set: &str, token: &str) -> Vec<String> {
    let path = format!("{EM}/{set}/filterByCurrentUser(on='targetManager')");
    app.get(&path, token).await.expect(200).column("id")
}

/// Ben manages Carla. Both are members; only Carla is in the scope of the policy.
async fn for_carla(app: &TestApp, on_behalf: bool) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] =
        json!([{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("carla") }]);
    body["requestorSettings"] =
        json!({ "enableTargetsToSelfAddAccess": true, "enableOnBehalfRequestorsToRemoveAccess": on_behalf });
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

#[test]
fn a_manager_sees_what_his_report_holds_with_its_package_and_not_what_she_held() {
    on_every_database(async |app| {
        let campaign = for_carla(app, false).await;
        let ben = app.token_of_person("ben").await;
        let package = format!("{EM}/accessPackages/{}", campaign.package);
        assert_eq!(app.get(&package, &ben).await.status, 404);
        let held = campaign.assign(app, "carla").await;
        for em in [EM, EM_BETA] {
            let set = if em == EM { "assignments" } else { "accessPackageAssignments" };
            let path = format!("{em}/{set}/{held}?$expand=accessPackage,target");
            let shown = app.get(&path, &ben).await.expect(200).json;
            assert_eq!(shown["accessPackage"]["displayName"], "Campaign", "{em}");
            assert_eq!(shown["target"]["displayName"], "Carla Díaz", "{em}");
        }
        assert_eq!(of_reports(app, "assignments", &ben).await, std::slice::from_ref(&held));
        app.advance("P31D").await;
        assert_eq!(of_reports(app, "assignments", &ben).await, [""; 0], "what has ended is hers alone");
        assert_eq!(app.get(&format!("{EM}/assignments/{held}"), &ben).await.status, 404);
        assert_eq!(app.get(&package, &ben).await.status, 404);
        let carla = app.token_of_person("carla").await;
        app.get(&format!("{EM}/assignments/{held}"), &carla).await.expect(200);
        // A package that nobody of his holds stays hidden from him.
        let gil = app.token_of_person("gil").await;
        assert_eq!(app.get(&package, &gil).await.status, 404);
    });
}

#[test]
fn a_manager_sees_the_open_requests_of_his_report_where_he_may_act_for_her() {
    on_every_database(async |app| {
        for on_behalf in [false, true] {
            let campaign = for_carla(app, on_behalf).await;
            let ben = app.token_of_person("ben").await;
            let mut waits = campaign.request("adminAdd", "carla");
            waits["justification"] = json!("a private matter");
            waits["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
            let request = campaign.ask(app, &campaign.token, waits).await.expect(201).id();
            let path = format!("{EM}/assignmentRequests/{request}");
            let (status, listed) = if on_behalf { (200, vec![request.clone()]) } else { (404, Vec::new()) };
            assert_eq!(app.get(&path, &ben).await.status, status, "{on_behalf}");
            assert_eq!(of_reports(app, "assignmentRequests", &ben).await, listed);
            app.post(&format!("{path}/cancel"), &campaign.token, Value::Null).await.expect(204);
            assert_eq!(app.get(&path, &ben).await.status, 404, "what has ended is hers alone");
            assert_eq!(of_reports(app, "assignmentRequests", &ben).await, [""; 0]);
            app.get(&path, &app.token_of_person("carla").await).await.expect(200);
            app.delete(&format!("{EM}/accessPackages/{}", campaign.package), &campaign.token).await.expect(204);
            app.delete(&format!("{EM}/catalogs/{}", campaign.catalog), &campaign.token).await.expect(204);
        }
    });
}

#[test]
fn somebody_who_was_deleted_is_marked_in_lists_and_what_she_holds_can_be_changed() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let held = campaign.assign(app, "carla").await;
        let name = async |em: &str, set: &str| {
            let path = format!("{em}/{set}/{held}?$expand=target");
            app.get(&path, token).await.expect(200).json["target"]["displayName"].clone()
        };
        assert_eq!(name(EM, "assignments").await, "Carla Díaz");
        let carla = company::person("carla");
        app.delete(&format!("/v1.0/users/{carla}"), token).await.expect(204);
        assert_eq!(name(EM, "assignments").await, "Carla Díaz (deleted)");
        assert_eq!(name(EM_BETA, "accessPackageAssignments").await, "Carla Díaz (deleted)");
        let filter = format!("{EM}/assignments?$expand=target&$filter=target/objectId eq '{carla}'");
        let listed = app.get(&filter, token).await.expect(200);
        assert_eq!(listed.values()[0]["target"]["displayName"], "Carla Díaz (deleted)");
        let found = app.get(&format!("{EM}/subjects?$filter=displayName eq 'Carla Díaz'"), token).await.expect(200);
        assert_eq!(found.values().len(), 1, "she is still found by her name");
        let end = "2026-03-12T09:00:00Z";
        let sooner = json!({ "requestType": "adminUpdate", "assignment": { "id": held },
            "schedule": { "expiration": { "type": "afterDateTime", "endDateTime": end } } });
        campaign.ask(app, token, sooner).await.expect(201);
        let changed = app.get(&format!("{EM}/assignments/{held}"), token).await.expect(200).json;
        assert_eq!(changed["schedule"]["expiration"]["endDateTime"], end);
        app.post(&format!("/v1.0/directory/deletedItems/{carla}/restore"), token, Value::Null).await.expect(200);
        assert_eq!(name(EM, "assignments").await, "Carla Díaz");
    });
}
