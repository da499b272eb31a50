//! What is read can be written back: clients read a whole object, change one member, and send all of it. That is taken
//! in both versions, and changes nothing but that member.

use crate::approvals::{APPROVALS, carla_asks, with_stages};
use crate::attributes;
use crate::campaign::Campaign;
use crate::delegation::Shelf;
use crate::partners::organization;
use crate::strangers::{assign, campaign_for};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::authorize::EntitlementRole as Role;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// Members that a save changes by itself.
const MOVING: [&str; 2] = ["modifiedDateTime", "modifiedBy"];

/// An object without what a save changes by itself.
fn lasting(mut object: Value) -> Value {
    for name in MOVING {
        object.as_object_mut().and_then(|o| o.remove(name));
    }
    object
}

/// The object with other values at some pointers.
fn changed(object: &Value, changes: &[(&str, Value)]) -> Value {
    let mut object = object.clone();
    for (pointer, value) in changes {
        let place = object.pointer_mut(pointer);
        *place.unwrap_or_else(|| panic!("nothing is shown at {pointer}")) = value.clone();
    }
    object
}

/// Reads what is at `path`, sends it back by `method` with changes, and reads it again: only they are different. What
/// `other` shows, the same object in the other version, differs after an unchanged round by nothing.
async fn there_and_back(
    app: &TestApp,
    token: &str,
    (method, path, other): (&str, &str, &str),
    changes: &[(&str, Value)],
) {
    let read = async |path: &str| lasting(app.get(path, token).await.expect(200).json);
    let send = async |body: Value| {
        let bare = path.split('?').next().unwrap_or(path);
        let answer = app.call(method, bare, token, body).await;
        assert!((200..300).contains(&answer.status), "{method} {bare}: {}", answer.text);
    };
    let (before, seen) = (read(path).await, read(other).await);
    send(before.clone()).await;
    assert_eq!(read(path).await, before, "{method} of the same to {path}");
    assert_eq!(read(other).await, seen, "{method} of the same to {path}, as {other} shows it");
    let wanted = changed(&before, changes);
    assert_ne!(wanted, before, "the change is one");
    send(wanted.clone()).await;
    assert_eq!(read(path).await, wanted, "{method} of a change to {path}");
    send(before.clone()).await;
    assert_eq!(read(other).await, seen, "{method} of what was read first to {path}");
}

/// The same in both versions; each pair of paths leads to one object.
async fn in_both(app: &TestApp, token: &str, method: &str, paths: (&str, &str), changes: &[(&str, Value)]) {
    there_and_back(app, token, (method, paths.0, paths.1), changes).await;
    there_and_back(app, token, (method, paths.1, paths.0), changes).await;
}

#[test]
fn catalogs_and_packages_with_everything_expanded_are_patched_back() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = &campaign.token;
        let (id, described) =
            (&campaign.catalog, [("/description", json!("Other")), ("/isExternallyVisible", json!(true))]);
        let older = format!("{EM}/catalogs/{id}?$expand=accessPackages,resources");
        let newer = format!("{EM_BETA}/accessPackageCatalogs/{id}?$expand=accessPackages,accessPackageResources");
        in_both(app, token, "PATCH", (&older, &newer), &described).await;
        let (id, described) = (&campaign.package, [("/description", json!("Other")), ("/isHidden", json!(true))]);
        let older = format!(
            "{EM}/accessPackages/{id}?$expand=catalog,assignmentPolicies,resourceRoleScopes($expand=role,scope)"
        );
        let newer = format!(
            "{EM_BETA}/accessPackages/{id}?$expand=accessPackageCatalog,accessPackageAssignmentPolicies,accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)"
        );
        in_both(app, token, "PATCH", (&older, &newer), &described).await;
    });
}

#[test]
fn a_policy_with_what_it_belongs_to_is_put_and_patched_back_where_attributes_are_asked_for() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = &campaign.token;
        attributes::set(app, &campaign, json!([attributes::attribute("jobTitle", false, true)])).await.expect(201);
        let id = &campaign.policy;
        let older = format!("{EM}/assignmentPolicies/{id}?$expand=accessPackage,catalog,questions");
        let newer =
            format!("{EM_BETA}/accessPackageAssignmentPolicies/{id}?$expand=accessPackage,accessPackageCatalog");
        let described = [("/description", json!("Other"))];
        for method in ["PUT", "PATCH"] {
            in_both(app, token, method, (&older, &newer), &described).await;
        }
        assert_eq!(attributes::resource(app, EM, &campaign).await["attributes"][0]["name"], "jobTitle");
    });
}

#[test]
fn a_resource_is_sent_back_with_its_attributes_and_their_questions_keep_their_ids() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let asked = json!([attributes::attribute("jobTitle", false, true), attributes::attribute("city", true, false)]);
        attributes::set(app, &campaign, asked).await.expect(201);
        for (root, word) in [(EM, "resource"), (EM_BETA, "accessPackageResource")] {
            let (older, newer) =
                (attributes::resource(app, EM, &campaign).await, attributes::resource(app, EM_BETA, &campaign).await);
            let mut own = if root == EM { older.clone() } else { newer.clone() };
            let requests = if root == EM { "resourceRequests" } else { "accessPackageResourceRequests" };
            let send = async |own: &Value| {
                let body = json!({ "requestType": "AdminUpdate", "catalogId": campaign.catalog, word: own });
                app.post(&format!("{root}/{requests}"), &campaign.token, body).await.expect(201);
            };
            send(&own).await;
            let now = (
                lasting(attributes::resource(app, EM, &campaign).await),
                lasting(attributes::resource(app, EM_BETA, &campaign).await),
            );
            assert_eq!(now, (lasting(older.clone()), lasting(newer.clone())), "the same, sent as {word}");
            own["attributes"][1]["isPersistedOnAssignmentRemoval"] = json!(true);
            send(&own).await;
            let now = attributes::resource(app, root, &campaign).await;
            assert_eq!(lasting(now), lasting(own.clone()), "one member of one attribute, sent as {word}");
            own["attributes"][1]["isPersistedOnAssignmentRemoval"] = json!(false);
            send(&own).await;
        }
    });
}

#[test]
fn a_guest_that_a_delivery_made_is_patched_back_with_all_that_can_be_selected() {
    on_every_database(async |app| {
        let campaign = campaign_for(app, "allExternalUsers").await;
        let token = &campaign.token;
        assign(app, &campaign, "ada@analytical.example").await.expect(201);
        app.drain().await;
        let found = app.get("/v1.0/users?$filter=mail eq 'ada@analytical.example'", token).await.expect(200);
        let id = found.values()[0]["id"].as_str().unwrap_or_default().to_owned();
        let select = "id,displayName,mail,mailNickname,userPrincipalName,userType,accountEnabled,creationType,\
                      externalUserState,externalUserStateChangeDateTime,jobTitle,department,businessPhones,otherMails,\
                      showInAddressList,createdDateTime,identities,proxyAddresses";
        let (older, newer) =
            (format!("/v1.0/users/{id}?$select={select}"), format!("/beta/users/{id}?$select={select}"));
        let moved = [("/jobTitle", json!("Analyst")), ("/displayName", json!("Ada Lovelace"))];
        in_both(app, token, "PATCH", (&older, &newer), &moved).await;
        let (older, newer) = (format!("/v1.0/users/{id}"), format!("/beta/users/{id}?$select=id,displayName,jobTitle"));
        there_and_back(app, token, ("PATCH", &older, &newer), &moved).await;
        let subject = (
            format!("{EM}/subjects(objectId='{id}')?$expand=connectedOrganization"),
            format!("{EM_BETA}/subjects(objectId='{id}')?$expand=connectedOrganization"),
        );
        let governed = [("/subjectLifecycle", json!("notGoverned"))];
        there_and_back(app, token, ("PATCH", &subject.0, &subject.1), &governed).await;
    });
}

#[test]
fn a_connected_organization_is_patched_back_with_its_sources_and_sponsors() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = organization(app, &token, "Partner", "partner.example", "proposed").await;
        let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", company::person("ben")) });
        app.post(&format!("{EM}/connectedOrganizations/{id}/internalSponsors/$ref"), &token, body).await.expect(204);
        let of = |root: &str| format!("{root}/connectedOrganizations/{id}?$expand=internalSponsors,externalSponsors");
        let moved = [("/description", json!("Builds bridges")), ("/state", json!("configured"))];
        in_both(app, &token, "PATCH", (&of(EM), &of(EM_BETA)), &moved).await;
    });
}

#[test]
fn a_stage_is_decided_by_sending_it_back_with_another_result() {
    on_every_database(async |app| {
        for (root, parts) in [(EM, "stages"), (EM_BETA, "steps")] {
            let ben = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") });
            let campaign =
                with_stages(app, async |_, _| vec![crate::approvals::stage(std::slice::from_ref(&ben))]).await;
            let (request, _) = carla_asks(app, &campaign).await;
            let token = app.token_of_person("ben").await;
            let path = format!("{root}/{APPROVALS}/{request}");
            let seen = app.get(&path, &token).await.expect(200).json;
            let mut stage = seen[parts][0].clone();
            let id = stage["id"].as_str().unwrap_or_default().to_owned();
            (stage["reviewResult"], stage["justification"]) = (json!("Approved"), json!("fine"));
            app.patch(&format!("{path}/{parts}/{id}"), &token, stage.clone()).await.expect(204);
            let now = app.get(&path, &token).await.expect(200).json;
            stage["status"] = json!("Completed");
            for name in ["reviewedBy", "reviewedDateTime", "assignedToMe"] {
                stage[name] = now[parts][0][name].clone();
            }
            assert_eq!(now[parts], json!([stage]), "{parts}");
            assert!(campaign.held_by(app, "carla").await.is_some());
            // The names are free again for the other version.
            let held = campaign.held_by(app, "carla").await;
            let body = json!({ "requestType": "adminRemove", "assignment": { "id": held } });
            campaign.ask(app, &campaign.token, body).await.expect(201);
            app.drain().await;
            rename(app, &campaign).await;
        }
    });
}

/// Lets another campaign have the names of this one.
async fn rename(app: &TestApp, campaign: &Campaign) {
    let path = format!("{EM}/catalogs/{}", campaign.catalog);
    app.patch(&path, &campaign.token, json!({ "displayName": campaign.catalog })).await.expect(204);
}

#[test]
fn a_role_assignment_that_was_taken_is_given_again_by_what_was_read() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let shelf = Shelf::make(app, "Mine").await;
        for version in ["v1.0", "beta"] {
            let set = format!("/{version}/roleManagement/entitlementManagement/roleAssignments");
            let body = json!({ "appScopeId": shelf.scope(), "principalId": company::person("carla"),
                "roleDefinitionId": Role::CatalogReader.id() });
            let id = app.post(&set, &token, body).await.expect(201).id();
            let read = app.get(&format!("{set}/{id}?$expand=principal,roleDefinition"), &token).await.expect(200).json;
            app.delete(&format!("{set}/{id}"), &token).await.expect(204);
            let again = app.post(&set, &token, read.clone()).await.expect(201).json;
            for name in ["principalId", "roleDefinitionId", "appScopeId", "directoryScopeId"] {
                assert_eq!(again[name], read[name], "{version} {name}");
            }
            app.delete(&format!("{set}/{}", again["id"].as_str().unwrap_or_default()), &token).await.expect(204);
        }
    });
}

#[test]
fn the_published_settings_are_patched_back() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (older, newer) = (format!("{EM}/settings"), format!("{EM_BETA}/settings"));
        let days = ("/durationUntilExternalUserDeletedAfterBlocked", json!("P9D"));
        there_and_back(app, &token, ("PATCH", &older, &newer), &[days]).await;
        let days = ("/daysUntilExternalUserDeletedAfterBlocked", json!(9));
        there_and_back(app, &token, ("PATCH", &newer, &older), &[days]).await;
    });
}

#[test]
fn objects_of_the_directory_are_patched_back_in_both_versions() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (staff, carla) = (company::group("staff"), company::person("carla"));
        for (set, id) in [("users", carla), ("groups", staff)] {
            let (older, newer) = (format!("/v1.0/{set}/{id}"), format!("/beta/{set}/{id}"));
            there_and_back(app, &token, ("PATCH", &older, &newer), &[("/displayName", json!("Other"))]).await;
            there_and_back(app, &token, ("PATCH", &newer, &older), &[("/displayName", json!("Other"))]).await;
        }
    });
}
