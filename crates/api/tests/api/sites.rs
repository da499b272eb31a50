//! Sites and their permission groups, as they are kept, published, put into catalogs and given by access packages
//! (semantics.md 4, decisions.md B10).

use crate::campaign::open_policy;
use crate::clients::new_app;
use crate::delegation::{give, scope};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::authorize::{DirectoryRole, EntitlementRole};
use tenure_domain::limits;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

const OWN: &str = "/tenure/v1/sites";
const SALES: &str = "https://contoso.example/sites/Sales";

fn new_site(name: &str, address: &str) -> Value {
    json!({ "displayName": name, "webUrl": address })
}

/// A site, by its own id, and a token of the app that made it.
async fn made(app: &TestApp, name: &str, address: &str) -> (String, String) {
    let token = app.token_app().await;
    let site = app.post(OWN, &token, new_site(name, address)).await.expect(201).id();
    (site, token)
}

/// The id of the group of a site that roles call so.
async fn group(app: &TestApp, token: &str, site: &str, number: &str) -> String {
    let groups = app.get(&format!("{OWN}/{site}/groups?$filter=originId eq '{number}'"), token).await.expect(200);
    groups.column("id").concat()
}

async fn members(app: &TestApp, token: &str, site: &str, number: &str) -> Vec<String> {
    let group = group(app, token, site, number).await;
    app.get(&format!("{OWN}/{site}/groups/{group}/members"), token).await.expect(200).column("displayName")
}

async fn put(app: &TestApp, token: &str, (site, number): (&str, &str), who: impl std::fmt::Display) -> Answer {
    let group = group(app, &app.token_app().await, site, number).await;
    let body = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{who}") });
    app.post(&format!("{OWN}/{site}/groups/{group}/members/$ref"), token, body).await
}

/// Asks that a site be put into a catalog.
async fn add(app: &TestApp, token: &str, catalog: &str, address: &str) -> Answer {
    let body = json!({ "requestType": "adminAdd", "catalog": { "id": catalog },
        "resource": { "originId": address, "originSystem": "SharePointOnline" } });
    app.post(&format!("{EM}/resourceRequests"), token, body).await
}

/// A catalog, a site in it, and a package that makes members of the site, for whoever asks.
struct Shelf {
    token: String,
    site: String,
    catalog: String,
    resource: String,
    package: String,
    policy: String,
}

impl Shelf {
    async fn make(app: &TestApp) -> Self {
        let (site, token) = made(app, "Sales", SALES).await;
        let catalog = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Places" })).await;
        let catalog = catalog.expect(201).id();
        add(app, &token, &catalog, SALES).await.expect(201);
        let found = app.get(&format!("{EM}/catalogs/{catalog}/resources"), &token).await.expect(200);
        let resource = found.column("id").concat();
        let package = json!({ "displayName": "Sales site", "catalog": { "id": catalog } });
        let package = app.post(&format!("{EM}/accessPackages"), &token, package).await.expect(201).id();
        let role = json!({
            "role": { "originId": "4", "originSystem": "SharePointOnline", "displayName": "Contributors",
                "resource": { "id": resource } },
            "scope": { "displayName": "Root", "description": "Root Scope", "originId": SALES,
                "originSystem": "SharePointOnline", "isRootScope": true },
        });
        app.post(&format!("{EM}/accessPackages/{package}/resourceRoleScopes"), &token, role).await.expect(201);
        let policy = app.post(&format!("{EM}/assignmentPolicies"), &token, open_policy(&package)).await;
        let policy = policy.expect(201).id();
        Self { token, site, catalog, resource, package, policy }
    }

    async fn ask(&self, app: &TestApp, kind: &str, who: &str) -> String {
        let body = json!({ "requestType": kind, "assignment": { "targetId": company::person(who),
            "assignmentPolicyId": self.policy, "accessPackageId": self.package } });
        let made = app.post(&format!("{EM}/assignmentRequests"), &self.token, body).await.expect(201).id();
        app.drain().await;
        made
    }

    async fn state(&self, app: &TestApp) -> Vec<String> {
        let path = format!("{EM}/assignments?$filter=accessPackage/id eq '{}'", self.package);
        app.get(&path, &self.token).await.expect(200).column("state")
    }
}

#[test]
fn a_site_is_made_changed_and_deleted_with_its_three_groups() {
    on_every_database(async |app| {
        let (site, token) = made(app, "Sales", SALES).await;
        let groups = app.get(&format!("{OWN}/{site}/groups?$orderby=originId"), &token).await.expect(200);
        assert_eq!(groups.column("originId"), ["3", "4", "5"]);
        assert_eq!(groups.column("displayName"), ["Sales Owners", "Sales Members", "Sales Visitors"]);
        let change = json!({ "displayName": "Selling", "description": "For sellers" });
        app.patch(&format!("{OWN}/{site}"), &token, change).await.expect(204);
        let kept = app.get(&format!("{OWN}/{site}"), &token).await.expect(200).json;
        assert_eq!((&kept["displayName"], &kept["description"]), (&json!("Selling"), &json!("For sellers")));
        assert_eq!(kept["webUrl"], json!(SALES));
        let moved = app.patch(&format!("{OWN}/{site}"), &token, json!({ "webUrl": "https://a.example/b" })).await;
        assert_eq!((moved.status, moved.code()), (400, "InvalidModel"));
        let more = app.post(&format!("{OWN}/{site}/groups"), &token, json!({ "displayName": "Editors" })).await;
        assert_eq!(more.expect(201).json["originId"], json!("6"));
        let below = json!({ "displayName": "EMEA", "webUrl": format!("{SALES}/emea"), "parentSiteId": site });
        let below = app.post(OWN, &token, below).await.expect(201).id();
        assert_eq!(app.delete(&format!("{OWN}/{site}"), &token).await.status, 400, "a subsite is left");
        app.delete(&format!("{OWN}/{below}"), &token).await.expect(204);
        app.delete(&format!("{OWN}/{site}"), &token).await.expect(204);
        assert_eq!(app.get(&format!("{OWN}/{site}"), &token).await.status, 404);
        let log = app.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'SiteManagement'", &token).await;
        let mut told = log.expect(200).column("activityDisplayName");
        told.sort();
        let expected = ["Add group to site", "Add site", "Add site", "Delete site", "Delete site", "Update site"];
        assert_eq!(told, expected);
    });
}

#[test]
fn what_is_no_site_is_not_made() {
    on_every_database(async |app| {
        let (site, token) = made(app, "Sales", SALES).await;
        for (body, at) in [
            (json!({ "displayName": "x" }), "/webUrl"),
            (json!({ "webUrl": "https://contoso.example/x" }), "/displayName"),
            (new_site("x", "http://contoso.example/x"), "/webUrl"),
            (new_site("x", "sites/x"), "/webUrl"),
            (new_site(&"x".repeat(257), "https://contoso.example/x"), "/displayName"),
            (new_site("x", &SALES.to_uppercase().replace("HTTPS", "https")), "/webUrl"),
            (json!({ "displayName": "x", "webUrl": "https://contoso.example/x", "parentSiteId": site }), "/webUrl"),
            (json!({ "displayName": "x", "webUrl": "https://contoso.example/x", "colour": "red" }), "/colour"),
        ] {
            let refused = app.post(OWN, &token, body.clone()).await;
            assert_eq!(refused.status, 400, "{body} {}", refused.text);
            assert!(refused.text.contains(&format!("\"target\":\"{at}\"")), "{body} {}", refused.text);
        }
        assert_eq!(app.get(OWN, &token).await.expect(200).column("displayName"), ["Sales"]);
    });
}

#[test]
fn a_site_has_so_many_groups() {
    on_every_database(async |app| {
        let (site, token) = made(app, "Sales", SALES).await;
        let groups = format!("{OWN}/{site}/groups");
        for n in 3..limits::SITE_GROUPS_MAX {
            app.post(&groups, &token, json!({ "displayName": format!("Group {n}") })).await.expect(201);
        }
        let refused = app.post(&groups, &token, json!({ "displayName": "One more" })).await;
        assert_eq!((refused.status, refused.code()), (400, "LimitExceeded"));
        let count = app.get(&format!("{groups}/$count"), &token).await.expect(200);
        assert_eq!(count.text.trim_start_matches('\u{feff}'), limits::SITE_GROUPS_MAX.to_string());
    });
}

#[test]
fn sites_are_published_as_documented() {
    on_every_database(async |app| {
        let (top, token) = made(app, "Root Site", "https://contoso.example").await;
        let (sales, _) = made(app, "Sales", SALES).await;
        let below = json!({ "displayName": "EMEA", "webUrl": format!("{SALES}/emea"), "parentSiteId": sales });
        app.post(OWN, &token, below).await.expect(201);
        for version in ["/v1.0", "/beta"] {
            let all = app.get(&format!("{version}/sites"), &token).await.expect(200);
            assert_eq!(all.column("displayName"), ["Root Site", "Sales", "EMEA"]);
            let one = &all.values()[1];
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            assert!(id.starts_with("contoso.example,") && id.ends_with(&sales) && id.split(',').count() == 3, "{id}");
            assert_eq!((&one["name"], &one["webUrl"]), (&json!("Sales"), &json!(SALES)));
            assert_eq!((&one["root"], &one["isPersonalSite"]), (&json!({}), &json!(false)));
            assert_eq!(one["siteCollection"]["hostname"], json!("contoso.example"));
            assert_eq!(all.values()[2]["root"], Value::Null, "a subsite is not at the top");
            for key in [id.as_str(), "contoso.example:/sites/sales", "contoso.example:/sites/Sales:", &sales] {
                let found = app.get(&format!("{version}/sites/{key}"), &token).await.expect(200);
                assert_eq!(found.json["displayName"], json!("Sales"), "{key}");
            }
            for key in ["root", "contoso.example", "contoso.example:/"] {
                let found = app.get(&format!("{version}/sites/{key}"), &token).await.expect(200);
                assert_eq!(found.json["displayName"], json!("Root Site"), "{key}");
            }
            for list in [format!("{id}/sites"), "contoso.example:/sites/sales:/sites".to_owned()] {
                let subsites = app.get(&format!("{version}/sites/{list}"), &token).await.expect(200);
                assert_eq!(subsites.column("displayName"), ["EMEA"], "{list}");
            }
            for (query, names) in [
                ("search=sal", vec!["Sales", "EMEA"]),
                ("$search=\"emea\"", vec!["EMEA"]),
                ("search=*", vec!["Root Site", "Sales", "EMEA"]),
                ("$filter=siteCollection/root ne null", vec!["Root Site"]),
                ("$filter=displayName eq 'sales'&$select=id,siteCollection", vec![""]),
            ] {
                let found = app.get(&format!("{version}/sites?{query}"), &token).await.expect(200);
                let shown = found.values().iter().map(|s| s["displayName"].as_str().unwrap_or_default().to_owned());
                assert_eq!(shown.collect::<Vec<_>>(), names, "{query}");
            }
            let page = app.get(&format!("{version}/sites/getAllSites()?$top=2"), &token).await.expect(200);
            assert_eq!(page.values().len(), 2);
            let next = page.json["@odata.nextLink"].as_str().unwrap_or_default();
            let next = next.split_once("localhost").map_or(next, |(_, path)| path);
            let rest = app.get(next.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()), &token).await;
            assert_eq!(rest.expect(200).column("displayName"), ["EMEA"]);
            let wrong = format!("contoso.example,{top},{sales}");
            for key in [wrong.as_str(), "contoso.example:/sites/nothing", "other.example", "nothing"] {
                assert_eq!(app.get(&format!("{version}/sites/{key}"), &token).await.status, 404, "{key}");
            }
        }
    });
}

#[test]
fn the_newer_version_makes_sites() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "name": "Test Site", "webUrl": "https://contoso.example/sites/test", "locale": "en-US",
            "shareByEmailEnabled": false, "description": "Tests", "template": "sts",
            "ownerIdentityToResolve": { "email": company::principal_name("ben") } });
        let made = app.post("/beta/sites", &token, body.clone()).await.expect(201);
        let (id, name) = (made.id(), made.json["displayName"].clone());
        assert_eq!(name, json!("Test Site"));
        assert_eq!(app.get(&format!("/v1.0/sites/{id}"), &token).await.expect(200).json["name"], json!("test"));
        let site = id.rsplit(',').next().unwrap_or_default();
        assert_eq!(members(app, &token, site, "3").await, ["Ben Carter"]);
        let twice = app.post("/beta/sites", &token, body.clone()).await;
        assert_eq!((twice.status, twice.code()), (400, "Request_BadRequest"));
        let mut nobody = body.clone();
        nobody["webUrl"] = json!("https://contoso.example/sites/other");
        nobody["ownerIdentityToResolve"]["email"] = json!("nobody@contoso.example");
        assert_eq!(app.post("/beta/sites", &token, nobody).await.code(), "InvalidModel");
        assert_eq!(app.get("/v1.0/sites", &token).await.expect(200).values().len(), 1, "nothing was half made");
        assert_eq!(app.post("/v1.0/sites", &token, body).await.status, 405);
    });
}

#[test]
fn people_see_the_sites_that_are_open_to_them_and_administrators_all() {
    on_every_database(async |app| {
        let (sales, token) = made(app, "Sales", SALES).await;
        let (other, _) = made(app, "Other", "https://contoso.example/sites/other").await;
        put(app, &token, (&sales, "5"), company::person("carla")).await.expect(204);
        put(app, &token, (&other, "4"), company::group("sales")).await.expect(204);
        let ben = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{}", company::person("ben")) });
        let sales_group = format!("/v1.0/groups/{}/members/$ref", company::group("sales"));
        app.post(&sales_group, &token, ben).await.expect(204);
        let again = put(app, &token, (&sales, "5"), company::person("carla")).await;
        assert_eq!((again.status, again.code()), (400, "Request_BadRequest"));
        let seen = async |who: &str| {
            let token = app.token_of_person(who).await;
            app.get("/v1.0/sites?$orderby=displayName", &token).await.expect(200).column("displayName")
        };
        assert_eq!(seen("carla").await, ["Sales"]);
        assert_eq!(seen("ben").await, ["Other"], "by the group Sales");
        assert_eq!(seen("anna").await, ["Other", "Sales"], "a Global Administrator");
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.get(&format!("/v1.0/sites/{sales}"), &carla).await.status, 200);
        assert_eq!(app.get(&format!("/v1.0/sites/{other}"), &carla).await.status, 404);
        assert_eq!(app.get("/v1.0/sites/getAllSites()", &carla).await.status, 403);
        assert_eq!(app.post(OWN, &carla, new_site("x", "https://contoso.example/x")).await.status, 403);
        app.give_role(DirectoryRole::SharePointAdministrator, company::person("carla")).await;
        assert_eq!(seen("carla").await, ["Other", "Sales"]);
        app.post(OWN, &carla, new_site("x", "https://contoso.example/x")).await.expect(201);
        let blind = new_app(app, "Blind", &["User.Read.All"]).await.token(app).await;
        assert_eq!(app.get("/v1.0/sites", &blind).await.status, 403);
        let reader = new_app(app, "Reads", &["Sites.Read.All"]).await.token(app).await;
        assert_eq!(app.get("/v1.0/sites", &reader).await.expect(200).values().len(), 3);
        assert_eq!(app.post(OWN, &reader, new_site("y", "https://contoso.example/y")).await.status, 403);
    });
}

#[test]
fn a_site_is_a_resource_with_its_groups_as_roles() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app).await;
        let (token, catalog, resource) = (&shelf.token, &shelf.catalog, &shelf.resource);
        let path = format!("{EM}/catalogs/{catalog}/resources/{resource}?$expand=roles,scopes,environment");
        let shown = app.get(&path, token).await.expect(200).json;
        assert_eq!((&shown["originSystem"], &shown["originId"]), (&json!("SharePointOnline"), &json!(SALES)));
        let roles: Vec<_> = shown["roles"].as_array().into_iter().flatten().map(|r| r["originId"].clone()).collect();
        assert_eq!(roles, ["3", "4", "5"]);
        assert_eq!(shown["scopes"][0]["originId"], json!(SALES));
        assert_eq!(shown["environment"]["originId"], json!("https://contoso.example"));
        let path = format!("{EM_BETA}/accessPackageCatalogs/{catalog}/accessPackageResources/{resource}");
        let newer = app.get(&path, token).await.expect(200).json;
        assert_eq!((&newer["resourceType"], &newer["url"]), (&json!("SharePoint Online Site"), &json!(SALES)));
        let filter = format!("(originSystem eq 'SharePointOnline' and resource/id eq '{resource}')");
        let path = format!("{EM}/catalogs/{catalog}/resourceRoles?$filter={filter}&$expand=resource");
        let listed = app.get(&path, token).await.expect(200);
        assert_eq!(listed.column("displayName"), ["Sales Owners", "Sales Members", "Sales Visitors"]);
        let twice = add(app, token, catalog, &format!("{SALES}/")).await;
        assert_eq!(twice.code(), "ResourceAlreadyInCatalog");
        for (address, code) in [
            ("https://contoso.example/sites/nothing", "Request_ResourceNotFound"),
            (company::group("sales").to_string().as_str(), "InvalidModel"),
        ] {
            assert_eq!(add(app, token, catalog, address).await.code(), code, "{address}");
        }
        let mut removal = json!({ "requestType": "adminRemove", "catalog": { "id": catalog },
            "resource": { "originId": SALES, "originSystem": "SharePointOnline" } });
        let requests = format!("{EM}/resourceRequests");
        let used = app.post(&requests, token, removal.clone()).await;
        assert_eq!(used.code(), "InvalidDeleteResourceHasEntitlements");
        // A group that came later is offered once the resource was read again.
        let groups = format!("{OWN}/{}/groups", shelf.site);
        app.post(&groups, token, json!({ "displayName": "Editors" })).await.expect(201);
        app.patch(&format!("{OWN}/{}", shelf.site), token, json!({ "displayName": "Selling" })).await.expect(204);
        app.post(&format!("{EM}/catalogs/{catalog}/resources/{resource}/refresh"), token, Value::Null)
            .await
            .expect(200);
        let shown = app.get(&format!("{EM}/catalogs/{catalog}/resources/{resource}?$expand=roles"), token).await;
        let shown = shown.expect(200).json;
        assert_eq!((&shown["displayName"], &shown["roles"][3]["originId"]), (&json!("Selling"), &json!("6")));
        app.delete(&format!("{EM}/assignmentPolicies/{}", shelf.policy), token).await.expect(204);
        app.delete(&format!("{EM}/accessPackages/{}", shelf.package), token).await.expect(204);
        removal["resource"] = json!({ "id": resource });
        app.post(&requests, token, removal).await.expect(201);
        assert!(app.get(&format!("{EM}/catalogs/{catalog}/resources"), token).await.expect(200).values().is_empty());
    });
}

#[test]
fn environments_are_listed_by_origin_system_and_named_by_requests() {
    on_every_database(async |app| {
        let (_, token) = made(app, "Sales", SALES).await;
        made(app, "Japan", "https://contoso-jp.example/sites/japan").await;
        for path in [format!("{EM}/resourceEnvironments"), format!("{EM_BETA}/accessPackageResourceEnvironments")] {
            for query in ["", "?$filter=isDefaultEnvironment eq true", "?$filter=not(originSystem eq 'AadGroup')"] {
                let refused = app.get(&format!("{path}{query}"), &token).await;
                assert_eq!(refused.status, 400, "{query}");
                assert!(refused.text.contains("Origin system is required."), "{}", refused.text);
            }
            let all = app.get(&format!("{path}?$filter=originSystem eq 'SharePointOnline'"), &token).await.expect(200);
            assert_eq!(all.column("displayName"), ["https://contoso.example", "https://contoso-jp.example"]);
            let (first, second) = (&all.values()[0], &all.values()[1]);
            assert_eq!(
                (&first["isDefaultEnvironment"], &second["isDefaultEnvironment"]),
                (&json!(true), &json!(false))
            );
            assert_eq!(first["connectionInfo"]["url"], json!("https://contoso.example"));
            let id = first["id"].as_str().unwrap_or_default();
            assert_eq!(app.get(&format!("{path}/{id}"), &token).await.expect(200).json["id"], json!(id));
        }
        let all =
            app.get(&format!("{EM}/resourceEnvironments?$filter=originSystem eq 'SharePointOnline'"), &token).await;
        let ids = all.expect(200).column("id");
        let catalog = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Places" })).await;
        let catalog = catalog.expect(201).id();
        let ask = async |more: Value| {
            let mut resource = json!({ "originId": SALES, "originSystem": "SharePointOnline" });
            for (name, value) in more.as_object().into_iter().flatten() {
                resource[name] = value.clone();
            }
            let body = json!({ "requestType": "AdminAdd", "catalogId": catalog, "accessPackageResource": resource });
            app.post(&format!("{EM}/resourceRequests"), &token, body).await
        };
        let bound = format!("accessPackageResourceEnvironments/{}", ids[1]);
        for wrong in [
            json!({ "accessPackageResourceEnvironment@odata.bind": bound }),
            json!({ "environment": { "originId": "https://contoso-jp.example" } }),
            json!({ "environment": { "id": catalog } }),
        ] {
            let refused = ask(wrong.clone()).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{wrong} {}", refused.text);
        }
        let bound = format!("accessPackageResourceEnvironments/{}", ids[0]);
        ask(json!({ "accessPackageResourceEnvironment@odata.bind": bound })).await.expect(201);
        let path = format!("{EM}/resourceEnvironments/{}/resources", ids[0]);
        assert_eq!(app.get(&path, &token).await.expect(200).column("originId"), [SALES]);
    });
}

#[test]
fn an_assignment_puts_into_the_group_and_its_end_takes_out_again() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app).await;
        let request = shelf.ask(app, "adminAdd", "carla").await;
        assert_eq!(shelf.state(app).await, ["delivered"]);
        assert_eq!(members(app, &shelf.token, &shelf.site, "4").await, ["Carla Díaz"]);
        assert!(members(app, &shelf.token, &shelf.site, "3").await.is_empty());
        let log = format!("/v1.0/auditLogs/directoryAudits?$filter=correlationId eq '{request}'");
        let told = app.get(&log, &shelf.token).await.expect(200);
        assert!(told.text.contains("Site.Group"), "the audit names the site: {}", told.text);
        let roles = app.get(&format!("{EM_BETA}/accessPackageAssignmentResourceRoles"), &shelf.token).await.expect(200);
        assert_eq!((&roles.values()[0]["originId"], &roles.values()[0]["status"]), (&json!("4"), &json!("Fulfilled")));
        app.advance("P31D").await;
        assert_eq!(shelf.state(app).await, ["expired"]);
        assert!(members(app, &shelf.token, &shelf.site, "4").await.is_empty());
    });
}

#[test]
fn who_was_taken_out_by_hand_has_drifted_and_is_put_back() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app).await;
        shelf.ask(app, "adminAdd", "carla").await;
        let group = group(app, &shelf.token, &shelf.site, "4").await;
        let reference = format!("{OWN}/{}/groups/{group}/members/{}/$ref", shelf.site, company::person("carla"));
        app.delete(&reference, &shelf.token).await.expect(204);
        assert_eq!(app.delete(&reference, &shelf.token).await.status, 404);
        let drift = app.get("/tenure/v1/drift", &shelf.token).await.expect(200);
        assert_eq!(drift.column("originId"), [SALES]);
        let repair = format!("/tenure/v1/drift/{}/repair", drift.column("id").concat());
        app.post(&repair, &shelf.token, Value::Null).await.expect(204);
        assert_eq!(members(app, &shelf.token, &shelf.site, "4").await, ["Carla Díaz"]);
        assert!(app.get("/tenure/v1/drift", &shelf.token).await.expect(200).values().is_empty());
    });
}

#[test]
fn a_site_that_is_deleted_is_missing_from_its_catalogs() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app).await;
        shelf.ask(app, "adminAdd", "carla").await;
        app.delete(&format!("{OWN}/{}", shelf.site), &shelf.token).await.expect(204);
        assert_ne!(shelf.state(app).await, ["delivered"]);
        let log =
            "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update access package catalog resource'";
        let told = app.get(log, &shelf.token).await.expect(200);
        assert!(told.text.contains("IsMissing"), "{}", told.text);
        let body = json!({ "requestType": "adminAdd", "assignment": { "targetId": company::person("ben"),
            "assignmentPolicyId": shelf.policy, "accessPackageId": shelf.package } });
        let refused = app.post(&format!("{EM}/assignmentRequests"), &shelf.token, body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        app.advance("P31D").await;
        assert_eq!(shelf.state(app).await, ["expired"]);
    });
}

#[test]
fn a_catalog_owner_adds_the_sites_he_owns() {
    on_every_database(async |app| {
        let (site, token) = made(app, "Sales", SALES).await;
        let catalog = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Places" })).await;
        let catalog = catalog.expect(201).id();
        let ben = app.token_of_person("ben").await;
        assert_eq!(add(app, &ben, &catalog, SALES).await.status, 403, "he has no role of the catalog");
        give(app, EntitlementRole::CatalogOwner, company::person("ben"), &scope(&catalog)).await;
        assert_eq!(add(app, &ben, &catalog, SALES).await.code(), "CallerNotResourceOwner");
        let nothing = add(app, &ben, &catalog, "https://contoso.example/sites/nothing").await;
        assert_eq!(nothing.code(), "CallerNotResourceOwner", "he does not learn which sites there are");
        put(app, &token, (&site, "4"), company::person("ben")).await.expect(204);
        assert_eq!(add(app, &ben, &catalog, SALES).await.code(), "CallerNotResourceOwner", "a member is no owner");
        put(app, &token, (&site, "3"), company::person("ben")).await.expect(204);
        add(app, &ben, &catalog, SALES).await.expect(201);
    });
}

#[test]
fn somebody_who_is_deleted_for_good_is_in_no_group() {
    on_every_database(async |app| {
        let (site, token) = made(app, "Sales", SALES).await;
        let carla = company::person("carla");
        put(app, &token, (&site, "5"), carla).await.expect(204);
        app.delete(&format!("/v1.0/users/{carla}"), &token).await.expect(204);
        assert!(members(app, &token, &site, "5").await.is_empty(), "who is deleted is not shown");
        app.post(&format!("/v1.0/directory/deletedItems/{carla}/restore"), &token, Value::Null).await.expect(200);
        assert_eq!(members(app, &token, &site, "5").await, ["Carla Díaz"]);
        app.delete(&format!("/v1.0/users/{carla}"), &token).await.expect(204);
        app.delete(&format!("/v1.0/directory/deletedItems/{carla}"), &token).await.expect(204);
        let group = group(app, &token, &site, "5").await;
        let left = app.get(&format!("{OWN}/{site}/groups/{group}/members/$count"), &token).await.expect(200);
        assert_eq!(left.text.trim_start_matches('\u{feff}'), "0");
    });
}
