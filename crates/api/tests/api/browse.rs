//! Packages as people browse them (behaviour.md c.1; decisions.md H20).

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use serde_json::json;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// What somebody finds.
async fn found(app: &TestApp, alias: &str) -> Vec<String> {
    let token = app.token_of_person(alias).await;
    app.get("/tenure/v1/browse", &token).await.expect(200).column("displayName")
}

/// A campaign for Ben alone.
async fn for_ben(app: &TestApp) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["allowedTargetScope"] = json!("specificDirectoryUsers");
    body["specificAllowedTargets"] =
        json!([{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }]);
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

async fn show_to_members(app: &TestApp, token: &str) {
    let body = json!({ "showSpecificPackagesToMembers": true });
    app.patch("/tenure/v1/settings", token, body).await.expect(204);
}

#[test]
fn packages_for_specific_people_are_browsed_by_them_and_by_all_members_where_the_tenant_says_so() {
    on_every_database(async |app| {
        let campaign = for_ben(app).await;
        assert_eq!((found(app, "ben").await, found(app, "carla").await), (vec!["Campaign".to_owned()], vec![]));
        assert_eq!(found(app, "anna").await, [""; 0], "administrators browse as everybody does");
        let carla = app.token_of_person("carla").await;
        let asked = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(asked.status, 404, "what is not seen is not there");
        show_to_members(app, &campaign.token).await;
        assert_eq!(found(app, "carla").await, ["Campaign"]);
        let gil = found(app, "gil").await;
        assert_eq!(gil, [""; 0], "guests are no members");
        let asked = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!((asked.status, asked.code()), (400, "NotInPolicyScope"), "he sees it, and it is not for him");
        let offered = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
        assert!(app.get(&offered, &carla).await.expect(200).values().is_empty(), "what can be asked for is as before");
    });
}

#[test]
fn what_is_hidden_off_or_not_to_be_asked_for_is_browsed_by_nobody() {
    on_every_database(async |app| {
        let campaign = for_ben(app).await;
        show_to_members(app, &campaign.token).await;
        let package = format!("{EM}/accessPackages/{}", campaign.package);
        let catalog = format!("{EM}/catalogs/{}", campaign.catalog);
        let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        for (path, off, on) in [
            (&package, json!({ "isHidden": true }), json!({ "isHidden": false })),
            (&catalog, json!({ "state": "unpublished" }), json!({ "state": "published" })),
            (
                &policy,
                json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": false } }),
                json!({ "requestorSettings": { "enableTargetsToSelfAddAccess": true } }),
            ),
        ] {
            app.patch(path, &campaign.token, off).await.expect(204);
            assert_eq!((found(app, "ben").await.len(), found(app, "carla").await.len()), (0, 0), "{path}");
            app.patch(path, &campaign.token, on).await.expect(204);
            assert_eq!((found(app, "ben").await.len(), found(app, "carla").await.len()), (1, 1), "{path}");
        }
    });
}

#[test]
fn browsing_is_a_list_like_others_for_people_who_are_signed_in() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let path = format!("/tenure/v1/browse/{}", campaign.package);
        let one = app.get(&path, &carla).await.expect(200).json;
        assert_eq!((&one["displayName"], &one["catalogId"]), (&json!("Campaign"), &json!(campaign.catalog)));
        let filtered = app.get("/tenure/v1/browse?$filter=startswith(displayName,'X')&$count=true", &carla).await;
        assert_eq!(filtered.expect(200).json["@odata.count"], 0);
        let searched = app.get("/tenure/v1/browse?$search=\"camp\"", &carla).await;
        assert_eq!(searched.expect(200).column("displayName"), ["Campaign"]);
        let gil = app.token_of_person("gil").await;
        assert_eq!(app.get(&path, &gil).await.status, 404, "not his");
        let robot = app.get("/tenure/v1/browse", &campaign.token).await;
        assert_eq!((robot.status, robot.code()), (400, "Request_BadRequest"));
        assert_eq!(app.get("/tenure/v1/browse", "").await.status, 401);
        assert_eq!(app.post("/tenure/v1/browse", &carla, json!({})).await.status, 405);
    });
}

#[test]
fn what_is_in_a_package_is_shown_by_name_to_who_could_ask_for_it() {
    on_every_database(async |app| {
        let campaign = for_ben(app).await;
        let (ben, carla) = (app.token_of_person("ben").await, app.token_of_person("carla").await);
        let group = company::group("staff");
        crate::following::add_staff(app, &campaign).await;
        for version in ["v1.0", "beta"] {
            let set = format!("/{version}/identityGovernance/entitlementManagement/availableAccessPackages");
            let list = app.get(&format!("{set}?$expand=resourceRoleScopes"), &ben).await.expect(200);
            assert_eq!(list.column("displayName"), ["Campaign"]);
            let one = format!("{set}/{}", campaign.package);
            let (role, resource) = if version == "beta" {
                ("accessPackageResourceRole", "accessPackageResource")
            } else {
                ("role", "resource")
            };
            let inside = app.get(&format!("{one}/resourceRoleScopes?$expand={role}($expand={resource})"), &ben).await;
            let inside = inside.expect(200);
            let held: Vec<_> =
                inside.values().iter().filter(|v| v[role][resource]["originId"] == json!(group)).collect();
            assert_eq!(held.len(), 1, "{}", inside.text);
            assert_eq!(held[0][role]["displayName"], "Member");
            assert_eq!(list.values()[0]["resourceRoleScopes"].as_array().map(Vec::len), Some(inside.values().len()));
            for path in [one.clone(), format!("{one}/resourceRoleScopes")] {
                let refused = app.get(&path, &carla).await;
                assert_eq!((refused.status, refused.code()), (404, "ResourceNotFound"), "{path}");
            }
            assert!(app.get(&set, &carla).await.expect(200).values().is_empty());
        }
        let resources = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        assert_eq!(app.get(&resources, &ben).await.status, 403, "elsewhere he sees them as little as before");
    });
}
