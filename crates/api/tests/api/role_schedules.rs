//! Schedules of roles of entitlement management (semantics.md 11): each role that was given has one; there are no requests
//! for them and no eligibility.

use crate::delegation::{Shelf, give};
use tenure_domain::authorize::EntitlementRole;
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;
use uuid::Uuid;

const ROLES: &str = "roleManagement/entitlementManagement";

#[test]
fn every_role_that_was_given_has_a_schedule_and_an_instance() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let token = app.token_app().await;
        let carla = company::person("carla");
        let held = give(app, EntitlementRole::CatalogOwner, carla, &shelf.scope()).await;
        give(app, EntitlementRole::CatalogReader, company::person("ben"), &shelf.scope()).await;
        for version in ["v1.0", "beta"] {
            let set = format!("/{version}/{ROLES}/roleAssignmentSchedules");
            let query = format!("{set}?$filter=principalId eq '{carla}'&$expand=principal,roleDefinition");
            let all = app.get(&query, &token).await.expect(200);
            let schedule = &all.values()[0];
            assert_eq!((all.values().len(), &schedule["id"]), (1, &serde_json::json!(held)));
            assert_eq!(schedule["appScopeId"], shelf.scope());
            assert_eq!(schedule["assignmentType"], "Assigned");
            assert_eq!(schedule["status"], "Provisioned");
            assert_eq!(schedule["scheduleInfo"]["expiration"]["type"], "noExpiration");
            assert_eq!(schedule["scheduleInfo"]["startDateTime"], schedule["createdDateTime"]);
            assert_eq!(schedule["principal"]["id"], carla.to_string());
            assert_eq!(schedule["roleDefinition"]["displayName"], "Catalog owner");
            let one = app.get(&format!("/{version}/{ROLES}/roleAssignmentScheduleInstances/{held}"), &token).await;
            assert_eq!(one.expect(200).json["roleAssignmentScheduleId"], held);
        }
        app.delete(&format!("{}/{held}", crate::delegation::ASSIGNMENTS), &token).await.expect(204);
        let gone = app.get(&format!("/v1.0/{ROLES}/roleAssignmentSchedules/{held}"), &token).await;
        assert_eq!((gone.status, gone.code()), (404, "ResourceNotFound"));
    });
}

#[test]
fn everybody_lists_the_roles_that_he_holds_and_only_those() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let held = give(app, EntitlementRole::CatalogReader, company::person("ben"), &shelf.scope()).await;
        let other = give(app, EntitlementRole::CatalogOwner, company::person("carla"), &shelf.scope()).await;
        let (ben, gil) = (app.token_of_person("ben").await, app.token_of_person("gil").await);
        for set in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            let path = format!("/v1.0/{ROLES}/{set}/filterByCurrentUser(on='principal')");
            assert_eq!(app.get(&path, &ben).await.expect(200).column("id"), [held.as_str()]);
            assert!(app.get(&path, &gil).await.expect(200).values().is_empty());
            assert_eq!(app.get(&format!("/v1.0/{ROLES}/{set}"), &gil).await.status, 403);
            assert_eq!(app.get(&format!("/v1.0/{ROLES}/{set}/{other}"), &gil).await.status, 404);
            let wrong = app.get(&format!("/v1.0/{ROLES}/{set}/filterByCurrentUser(on='approver')"), &ben).await;
            assert_eq!((wrong.status, wrong.code()), (400, "InvalidModel"));
        }
    });
}

#[test]
fn there_are_no_requests_and_no_eligibility() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        give(app, EntitlementRole::CatalogReader, company::person("ben"), &shelf.scope()).await;
        let (token, ben) = (app.token_app().await, app.token_of_person("ben").await);
        let sets = [
            "roleAssignmentScheduleRequests",
            "roleEligibilitySchedules",
            "roleEligibilityScheduleInstances",
            "roleEligibilityScheduleRequests",
        ];
        for set in sets {
            for version in ["v1.0", "beta"] {
                let path = format!("/{version}/{ROLES}/{set}");
                assert!(app.get(&path, &token).await.expect(200).values().is_empty(), "{path}");
                let mine = app.get(&format!("{path}/filterByCurrentUser(on='principal')"), &ben).await.expect(200);
                assert!(mine.values().is_empty(), "{path}");
                assert_eq!(
                    app.get(&format!("{path}/$count"), &token).await.expect(200).text.trim_start_matches('\u{feff}'),
                    "0"
                );
            }
        }
        let id = Uuid::from_u128(1);
        for action in [
            "roleAssignmentScheduleRequests/{}/cancel",
            "roleEligibilityScheduleRequests/{}/cancel",
            "roleAssignmentScheduleRequests/{}/updateRequest",
        ] {
            let path = format!("/v1.0/{ROLES}/{}", action.replace("{}", &id.to_string()));
            let refused = app.post(&path, &token, serde_json::json!({})).await;
            assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"), "{path}");
            assert_eq!(app.post(&path, &ben, serde_json::json!({})).await.status, 403);
        }
        let approvals = format!("/beta/{ROLES}/roleAssignmentApprovals/filterByCurrentUser(on='approver')");
        assert!(app.get(&approvals, &ben).await.expect(200).values().is_empty());
    });
}

#[test]
fn who_holds_a_role_is_told_with_groups_and_through_them() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let token = app.token_app().await;
        give(app, EntitlementRole::CatalogReader, company::person("gil"), &shelf.scope()).await;
        give(app, EntitlementRole::CatalogReader, company::group("staff"), &shelf.scope()).await;
        let role = EntitlementRole::CatalogReader.id();
        let holders = async |arguments: &str| {
            let path = format!("/beta/{ROLES}/roleDefinitions/{role}/assignedPrincipals({arguments})?$select=id");
            let mut ids: Vec<String> = app.get(&path, &token).await.expect(200).column("id");
            ids.sort();
            ids
        };
        let mut direct = vec![company::person("gil").to_string(), company::group("staff").to_string()];
        direct.sort();
        assert_eq!(holders("transitive=false").await, direct);
        assert_eq!(holders("transitive=@t,directoryScopeType='@d',directoryScopeId='@d'").await, direct);
        let mut all: Vec<String> = ["anna", "ben", "carla"].map(|who| company::person(who).to_string()).to_vec();
        all.extend(direct);
        all.sort();
        assert_eq!(holders("transitive=true").await, all);
        assert!(holders("transitive=true,directoryScopeId='/administrativeUnits/1'").await.is_empty());
        let unknown = Uuid::from_u128(5);
        let path = format!("/beta/{ROLES}/roleDefinitions/{unknown}/assignedPrincipals(transitive=true)");
        assert_eq!(app.get(&path, &token).await.status, 404);
    });
}

#[test]
fn schedules_are_found_by_what_they_are_of() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let token = app.token_app().await;
        let (ben, role) = (company::person("ben"), EntitlementRole::CatalogReader.id());
        let held = give(app, EntitlementRole::CatalogReader, ben, &shelf.scope()).await;
        give(app, EntitlementRole::CatalogReader, company::person("carla"), &shelf.scope()).await;
        for function in ["roleSchedules", "roleScheduleInstances"] {
            let found = async |arguments: &str| {
                let path = format!("/beta/{ROLES}/{function}({arguments})");
                app.get(&path, &token).await.expect(200).column("id")
            };
            assert_eq!(found(&format!("principalId='{ben}',roleDefinitionId='{role}'")).await, [held.as_str()]);
            let scope = shelf.scope();
            let all = format!("directoryScopeId='',appScopeId='{scope}',principalId='{ben}',roleDefinitionId=''");
            assert_eq!(found(&all).await, [held.as_str()]);
            assert!(found("principalId='nobody'").await.is_empty());
            assert!(found("directoryScopeId='/administrativeUnits/1'").await.is_empty());
        }
    });
}

#[test]
fn built_in_roles_were_never_deleted() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let role = EntitlementRole::CatalogOwner.id();
        let deleted = format!("/beta/{ROLES}/deletedItems/roleDefinitions");
        assert!(app.get(&deleted, &token).await.expect(200).values().is_empty());
        for path in [format!("{deleted}/{role}/restore"), format!("/beta/{ROLES}/roleDefinitions/{role}/restore")] {
            let refused = app.post(&path, &token, serde_json::json!({})).await;
            assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"), "{path}");
        }
        let path = format!("{deleted}/{role}/assignedPrincipals(transitive=true)");
        assert_eq!(app.get(&path, &token).await.status, 404);
    });
}
