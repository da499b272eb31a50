//! Users, groups and what links them.

use crate::EM;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// A person as the tutorials make one.
fn new_person(alias: &str) -> Value {
    json!({
        "accountEnabled": true,
        "displayName": "Dora Engel",
        "mailNickname": alias,
        "userPrincipalName": format!("{alias}@fabrikam.example"),
        "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false },
    })
}

fn reference(id: impl std::fmt::Display) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

async fn names(app: &TestApp, token: &str, path: &str) -> Vec<String> {
    app.get(path, token).await.expect(200).column("displayName")
}

#[test]
fn a_person_is_made_and_signs_in() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let mut body = new_person("dora");
        body["jobTitle"] = json!("Analyst");
        body["manager@odata.bind"] =
            json!(format!("https://graph.microsoft.com/v1.0/users/{}", company::person("ben")));
        let made = app.post("/v1.0/users", &token, body).await;
        let id = app.made(made.clone(), "user:dora");
        assert_snapshot!("person_as_she_is_made", app.show(&made));
        let select = "$select=id,accountEnabled,userType,createdDateTime,mailNickname,department\
                      &$expand=manager($select=displayName)";
        let read = app.get(&format!("/beta/users/dora@FABRIKAM.example?{select}"), &token).await;
        assert_snapshot!("person_with_selected_properties", app.show(&read));
        let dora = app.token_of_person("dora").await;
        let me = app.get("/v1.0/me", &dora).await.expect(200);
        assert_eq!(me.id(), id);
        assert_eq!(names(app, &token, &format!("/v1.0/users/{}/directReports", company::person("ben"))).await.len(), 2);
    });
}

#[test]
fn what_a_person_lacks_is_named() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        assert_snapshot!("person_without_anything", app.show(&app.post("/v1.0/users", &token, json!({})).await));
        let mut told = Vec::new();
        for (name, value) in [
            ("userPrincipalName", json!("dora@elsewhere.example")),
            ("userPrincipalName", json!("dora")),
            ("userPrincipalName", json!("carla@fabrikam.example")),
            ("displayName", json!("")),
            ("accountEnabled", json!("yes")),
            ("userType", json!("Robot")),
            ("passwordProfile", json!({ "password": "short" })),
            ("passwordProfile", json!({ "password": "alllowercase" })),
            ("passwordProfile", json!({})),
            ("employeeHireDate", json!("soon")),
            ("businessPhones", json!("one")),
            ("jobTitel", json!("Analyst")),
            ("manager@odata.bind", json!("https://localhost/v1.0/users/nobody")),
        ] {
            let mut body = new_person("dora");
            body[name] = value.clone();
            let answer = app.post("/v1.0/users", &token, body).await;
            told.push(format!(
                "{name} {value}: {} {} {:?}\n  {}",
                answer.status,
                answer.code(),
                answer.pointers(),
                answer.message()
            ));
        }
        assert_snapshot!("persons_that_are_refused", told.join("\n"));
    });
}

#[test]
fn a_person_is_changed_and_null_clears() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("/v1.0/users/{}", company::person("carla"));
        let body = json!({ "jobTitle": "Lead", "department": "Sales", "mobilePhone": "+1", "displayName": "Carla D." });
        assert_eq!(app.patch(&path, &token, body).await.status, 204);
        app.patch(&path, &token, json!({ "mobilePhone": null })).await.expect(204);
        let now = app.get(&format!("{path}?$select=displayName,jobTitle,department,mobilePhone,mail"), &token).await;
        assert_snapshot!("person_after_two_changes", app.show(&now));
        let by_department = "/v1.0/users?$filter=department eq 'SALES'&$select=displayName";
        assert_eq!(names(app, &token, by_department).await, ["Carla D."]);
    });
}

#[test]
fn a_deleted_person_can_be_brought_back_with_everything() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = company::person("carla");
        let path = format!("/v1.0/users/{id}");
        assert_eq!(app.delete(&path, &token).await.status, 204);
        assert_snapshot!("person_that_is_deleted", app.show(&app.get(&path, &token).await));
        let bin = app
            .get("/v1.0/directory/deletedItems/microsoft.graph.user?$select=id,displayName,deletedDateTime", &token)
            .await;
        assert_snapshot!("deleted_people", app.show(&bin));
        let staff = format!("/v1.0/groups/{}/members?$select=displayName", company::group("staff"));
        assert_eq!(names(app, &token, &staff).await, ["Anna Berg", "Ben Carter"]);
        let restored = app.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), &token, Value::Null).await;
        assert_snapshot!("person_that_is_restored", app.show(&restored));
        assert_eq!(names(app, &token, &staff).await, ["Anna Berg", "Ben Carter", "Carla Díaz"]);
        let again = app.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), &token, Value::Null).await;
        assert_eq!(again.status, 404);
    });
}

#[test]
fn a_name_is_free_again_and_then_the_old_one_cannot_come_back() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = company::person("carla");
        app.delete(&format!("/v1.0/users/{id}"), &token).await.expect(204);
        app.post("/v1.0/users", &token, new_person("carla")).await.expect(201);
        let refused = app.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), &token, Value::Null).await;
        assert_snapshot!("person_whose_name_was_taken_meanwhile", app.show(&refused));
    });
}

#[test]
fn who_was_deleted_is_gone_for_good_after_thirty_days() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = company::person("carla");
        let item = format!("/v1.0/directory/deletedItems/{id}");
        app.delete(&format!("/v1.0/users/{id}"), &token).await.expect(204);
        app.advance("P29D").await;
        assert_eq!(app.get(&item, &token).await.status, 200);
        assert_eq!(app.advance("P1D").await, 1);
        assert_eq!(app.get(&item, &token).await.status, 404);
        let other = company::person("gil");
        app.delete(&format!("/v1.0/users/{other}"), &token).await.expect(204);
        assert_eq!(app.delete(&format!("/v1.0/directory/deletedItems/{other}"), &token).await.status, 204);
        assert_eq!(app.advance("P31D").await, 0);
    });
}

#[test]
fn a_group_is_made_with_members_and_owners() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let link = |alias: &str| format!("https://graph.microsoft.com/v1.0/users/{}", company::person(alias));
        let body = json!({
            "displayName": "Marketing",
            "description": "Everybody in marketing",
            "mailEnabled": false,
            "mailNickname": "marketing",
            "securityEnabled": true,
            "groupTypes": [],
            "members@odata.bind": [link("carla"), link("ben")],
            "owners@odata.bind": [link("anna")],
        });
        let made = app.post("/v1.0/groups", &token, body).await;
        let id = app.made(made.clone(), "group:marketing");
        assert_snapshot!("group_as_it_is_made", app.show(&made));
        let members = app.get(&format!("/v1.0/groups/{id}/members?$select=id,displayName"), &token).await;
        assert_snapshot!("members_of_a_group", app.show(&members));
        let users =
            format!("/v1.0/groups/{id}/members/microsoft.graph.user?$filter=startswith(displayName,'c')&$count=true");
        assert_eq!(names(app, &token, &users).await, ["Carla Díaz"]);
        assert_eq!(names(app, &token, &format!("/v1.0/groups/{id}/owners")).await, ["Anna Berg"]);
        let missing = app.post("/v1.0/groups", &token, json!({ "displayName": "x" })).await;
        assert_eq!(missing.pointers(), ["/mailNickname", "/securityEnabled", "/mailEnabled"]);
    });
}

#[test]
fn a_member_is_added_once_and_removed_in_two_ways() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("/v1.0/groups/{}/members", company::group("sales"));
        let carla = company::person("carla");
        let add = format!("{path}/$ref");
        let first = app.post(&add, &token, reference(carla)).await;
        assert_eq!((first.status, first.text.as_str()), (204, ""));
        let again = app.post(&add, &token, reference(carla)).await;
        assert_snapshot!("member_that_is_added_twice", app.show(&again));
        assert_eq!(app.delete(&format!("{path}/{carla}/$ref"), &token).await.status, 204);
        assert_eq!(app.delete(&format!("{path}/{carla}/$ref"), &token).await.status, 404);
        app.post(&add, &token, reference(carla)).await.expect(204);
        let by_query = format!("{add}?@id=https://graph.microsoft.com/v1.0/directoryObjects/{carla}");
        assert_eq!(app.delete(&by_query, &token).await.status, 204);
        assert_eq!(names(app, &token, &path).await, [""; 0]);
        let nobody = app.post(&add, &token, reference(company::TENANT_ID)).await;
        assert_eq!((nobody.status, nobody.code()), (404, "Request_ResourceNotFound"));
        let wrong =
            app.post(&add, &token, json!({ "@odata.id": "https://graph.microsoft.com/v1.0/users/carla" })).await;
        assert_eq!((wrong.status, wrong.pointers()), (400, vec!["/@odata.id"]));
        let itself = app.post(&add, &token, reference(company::group("sales"))).await;
        assert_eq!((itself.status, itself.code()), (400, "Request_BadRequest"));
        let bound = json!({ "members@odata.bind": [format!("https://localhost/v1.0/users/{carla}")] });
        app.patch(&format!("/v1.0/groups/{}", company::group("sales")), &token, bound).await.expect(204);
        assert_eq!(names(app, &token, &path).await, ["Carla Díaz"]);
    });
}

#[test]
fn references_are_listed_as_links() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let refs = app.get(&format!("/v1.0/groups/{}/members/$ref", company::group("staff")), &token).await;
        assert_snapshot!("references_to_members", app.show(&refs));
        let manager = app.get(&format!("/v1.0/users/{}/manager/$ref", company::person("carla")), &token).await;
        assert_snapshot!("reference_to_a_manager", app.show(&manager));
    });
}

#[test]
fn membership_goes_through_nested_groups() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (sales, staff, carla) = (company::group("sales"), company::group("staff"), company::person("carla"));
        app.post(&format!("/v1.0/groups/{sales}/members/$ref"), &token, reference(staff)).await.expect(204);
        let of = |name: &str| format!("/v1.0/users/{carla}/{name}?$select=displayName");
        assert_eq!(names(app, &token, &of("memberOf")).await, ["Staff"]);
        assert_eq!(names(app, &token, &of("transitiveMemberOf")).await, ["Sales", "Staff"]);
        let all = format!("/v1.0/groups/{sales}/transitiveMembers/microsoft.graph.user?$select=displayName");
        assert_eq!(names(app, &token, &all).await, ["Anna Berg", "Ben Carter", "Carla Díaz"]);
        let body = json!({ "groupIds": [sales, company::TENANT_ID] });
        let checked = app.post(&format!("/v1.0/users/{carla}/checkMemberGroups"), &token, body).await;
        assert_snapshot!("groups_that_were_checked", app.show(&checked));
        let body = json!({ "securityEnabledOnly": true });
        let held = app.post(&format!("/v1.0/users/{carla}/getMemberGroups"), &token, body).await.expect(200);
        assert_eq!(held.json["value"], json!([sales, staff]));
        // A circle is reachability, not an error.
        app.post(&format!("/v1.0/groups/{staff}/members/$ref"), &token, reference(sales)).await.expect(204);
        assert_eq!(names(app, &token, &of("transitiveMemberOf")).await, ["Sales", "Staff"]);
        app.delete(&format!("/v1.0/groups/{sales}/members/{staff}/$ref"), &token).await.expect(204);
        let held = app.post(&format!("/v1.0/users/{carla}/getMemberGroups"), &token, json!({})).await.expect(200);
        assert_eq!(held.json["value"], json!([staff]));
    });
}

#[test]
fn objects_are_found_by_their_ids_whatever_they_are() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let ids = [company::person("ben"), company::group("staff"), company::TENANT_ID];
        let body = json!({ "ids": ids, "types": ["user", "group"] });
        let found = app.post("/v1.0/directoryObjects/getByIds", &token, body).await.expect(200);
        assert_eq!(found.column("@odata.type"), ["#microsoft.graph.user", "#microsoft.graph.group"]);
        let only = json!({ "ids": ids, "types": ["group"] });
        let found = app.post("/v1.0/directoryObjects/getByIds", &token, only).await.expect(200);
        assert_eq!(found.column("displayName"), ["Staff"]);
        let one = app.get(&format!("/v1.0/directoryObjects/{}", company::person("ben")), &token).await.expect(200);
        assert_eq!(one.json["@odata.type"], "#microsoft.graph.user");
        let many: Vec<String> = (0..1_001).map(|_| company::TENANT_ID.to_string()).collect();
        let refused = app.post("/v1.0/directoryObjects/getByIds", &token, json!({ "ids": many })).await;
        assert_eq!((refused.status, refused.pointers()), (400, vec!["/ids"]));
    });
}

#[test]
fn a_manager_is_set_and_cleared() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("/v1.0/users/{}/manager", company::person("gil"));
        assert_eq!(app.get(&path, &token).await.status, 404);
        app.put(&format!("{path}/$ref"), &token, reference(company::person("anna"))).await.expect(204);
        assert_eq!(app.get(&path, &token).await.expect(200).json["displayName"], "Anna Berg");
        let group = app.put(&format!("{path}/$ref"), &token, reference(company::group("staff"))).await;
        assert_eq!(group.status, 404);
        app.delete(&format!("{path}/$ref"), &token).await.expect(204);
        assert_eq!(app.get(&path, &token).await.status, 404);
    });
}

#[test]
fn people_see_the_directory_and_guests_only_themselves() {
    on_every_database(async |app| {
        let (carla, gil) = (app.token_of_person("carla").await, app.token_of_person("gil").await);
        assert_eq!(app.get("/v1.0/users", &carla).await.expect(200).values().len(), 5);
        assert_eq!(app.get("/v1.0/me", &gil).await.expect(200).json["displayName"], "Gil Moreau");
        let other = app.get(&format!("/v1.0/users/{}", company::person("carla")), &gil).await;
        assert_eq!((other.status, other.code()), (404, "Request_ResourceNotFound"));
        assert_eq!(app.get("/v1.0/users", &gil).await.status, 403, "there is no list of one's own");
        let written = app.patch("/v1.0/me", &carla, json!({ "jobTitle": "Boss" })).await;
        assert_eq!(written.status, 403);
        let app_me = app.get("/v1.0/me", &app.token_app().await).await;
        assert_snapshot!("me_of_an_app", app.show(&app_me));
        let catalogs = app.get(&format!("{EM}/catalogs"), &gil).await;
        assert_eq!(catalogs.status, 403);
    });
}

#[test]
fn an_application_is_shown_with_its_service_principal() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let application = app
            .get(
                &format!("/v1.0/applications(appId='{}')?$select=id,appId,displayName,appRoles", company::EXPENSES_ID),
                &token,
            )
            .await;
        assert_snapshot!("application", app.show(&application));
        let principal = app
            .get(
                &format!(
                    "/v1.0/servicePrincipals?$filter=appId eq '{}'&$select=id,appId,servicePrincipalNames",
                    company::EXPENSES_ID
                ),
                &token,
            )
            .await;
        assert_snapshot!("service_principal", app.show(&principal));
        let role = json!({
            "principalId": company::person("carla"),
            "resourceId": principal.column("id")[0],
            "appRoleId": company::EXPENSES_ROLE,
        });
        let path = format!("/v1.0/users/{}/appRoleAssignments", company::person("carla"));
        let given = app.post(&path, &token, role.clone()).await;
        assert_snapshot!("app_role_as_it_is_given", app.show(&given));
        let twice = app.post(&path, &token, role.clone()).await;
        assert_eq!((twice.status, twice.code()), (400, "Request_BadRequest"), "{}", twice.text);
        let location = given.header("location").trim_start_matches("https://localhost").to_owned();
        assert_eq!(app.get(&location, &token).await.status, 200);
        let of_resource = format!("/v1.0/servicePrincipals(appId='{}')/appRoleAssignedTo", company::EXPENSES_ID);
        assert_eq!(app.get(&of_resource, &token).await.expect(200).column("principalDisplayName"), ["Carla Díaz"]);
        let mut other = role.clone();
        other["principalId"] = json!(company::person("ben"));
        let given = app.post(&of_resource, &token, other).await.expect(201);
        let location = given.header("location").trim_start_matches("https://localhost").to_owned();
        assert_eq!(app.get(&location, &token).await.status, 200, "{location}");
        assert_eq!(app.delete(&location, &token).await.status, 204);
    });
}

#[test]
fn an_application_is_in_no_group() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let made = app.post("/v1.0/applications", &token, json!({ "displayName": "Alone" })).await.expect(201);
        let path = format!("/v1.0/applications/{}", made.id());
        let held = app.post(&format!("{path}/getMemberGroups"), &token, json!({ "securityEnabledOnly": true })).await;
        assert_eq!(held.expect(200).json["value"], json!([]));
        let some = json!({ "groupIds": [company::group("staff")] });
        let checked = app.post(&format!("{path}/checkMemberGroups"), &token, some.clone()).await.expect(200);
        assert_eq!(checked.json["value"], json!([]));
        let nobody = format!("/v1.0/applications/{}/checkMemberGroups", uuid::Uuid::nil());
        app.post(&nobody, &token, some).await.expect(404);
    });
}
