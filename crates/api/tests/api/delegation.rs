//! Roles of entitlement management: who may what in which catalog, that what lies elsewhere is not there, and that a role
//! ends with the next request (behaviour.md d, decisions.md J).

use crate::campaign::{add_group, member_role};
use crate::clients::new_app;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use std::fmt::Display;
use tenure_domain::authorize::{DirectoryRole, EntitlementRole as Role};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// Where roles are given.
pub const ASSIGNMENTS: &str = "/v1.0/roleManagement/entitlementManagement/roleAssignments";

/// The `appScopeId` of a catalog.
pub fn scope(catalog: impl Display) -> String {
    format!("/AccessPackageCatalog/{catalog}")
}

/// Gives a role, with the token of somebody.
pub async fn try_give(app: &TestApp, token: &str, role: Role, to: impl Display, scope: &str) -> Answer {
    let body = json!({ "principalId": to.to_string(), "roleDefinitionId": role.id(), "appScopeId": scope });
    app.post(ASSIGNMENTS, token, body).await
}

/// Gives a role; gives the id of its assignment.
pub async fn give(app: &TestApp, role: Role, to: impl Display, scope: &str) -> String {
    try_give(app, &app.token_app().await, role, to, scope).await.expect(201).id()
}

/// A catalog with a resource, a package, a policy for Anna and Ben, and her assignment. Everything in it is called
/// by its name.
pub struct Shelf {
    pub name: &'static str,
    pub catalog: String,
    pub resource: String,
    pub package: String,
    pub policy: String,
    pub request: String,
    pub assignment: String,
}

impl Shelf {
    pub async fn make(app: &TestApp, name: &'static str) -> Self {
        let token = app.token_app().await;
        let catalog = json!({ "displayName": format!("{name} catalog") });
        let catalog = app.post(&format!("{EM}/catalogs"), &token, catalog).await.expect(201).id();
        let group = json!({ "displayName": format!("{name} group"), "mailNickname": name.to_lowercase(),
            "mailEnabled": false, "securityEnabled": true });
        let group = app.post("/v1.0/groups", &token, group).await.expect(201).id();
        let resource = add_group(app, &token, &catalog, &group).await;
        let package = json!({ "displayName": format!("{name} package"), "catalog": { "id": catalog } });
        let package = app.post(&format!("{EM}/accessPackages"), &token, package).await.expect(201).id();
        let roles = format!("{EM}/accessPackages/{package}/resourceRoleScopes");
        app.post(&roles, &token, member_role(&resource, &group)).await.expect(201);
        let policy = app.post(&format!("{EM}/assignmentPolicies"), &token, Self::policy(name, &package)).await;
        let policy = policy.expect(201).id();
        let wish = Self::wish("adminAdd", &package, &policy, "anna");
        let request = app.post(&format!("{EM}/assignmentRequests"), &token, wish).await.expect(201).id();
        app.drain().await;
        let found = app.get(&format!("{EM}/assignments?$filter=accessPackage/id eq '{package}'"), &token).await;
        let assignment = found.expect(200).values()[0]["id"].as_str().unwrap_or_default().to_owned();
        Self { name, catalog, resource, package, policy, request, assignment }
    }

    pub fn policy(name: &str, package: &str) -> Value {
        json!({
            "displayName": format!("{name} policy"),
            "accessPackage": { "id": package },
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": [
                { "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("anna") },
                { "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") },
            ],
            "expiration": { "type": "noExpiration" },
            "requestorSettings": { "enableTargetsToSelfAddAccess": true },
        })
    }

    pub fn wish(kind: &str, package: &str, policy: &str, target: &str) -> Value {
        json!({ "requestType": kind, "assignment": {
            "targetId": company::person(target), "accessPackageId": package, "assignmentPolicyId": policy } })
    }

    /// Assigns the package to Ben with the token of somebody.
    pub async fn assign(&self, app: &TestApp, token: &str) -> Answer {
        let wish = Self::wish("adminAdd", &self.package, &self.policy, "ben");
        let answer = app.post(&format!("{EM}/assignmentRequests"), token, wish).await;
        app.drain().await;
        answer
    }

    pub fn scope(&self) -> String {
        scope(&self.catalog)
    }

    fn ids(&self) -> [&str; 6] {
        [&self.catalog, &self.resource, &self.package, &self.policy, &self.request, &self.assignment]
            .map(String::as_str)
    }

    /// Every object of it, by path.
    fn paths(&self) -> [String; 6] {
        [
            format!("{EM}/catalogs/{}", self.catalog),
            format!("{EM}/catalogs/{}/resources/{}", self.catalog, self.resource),
            format!("{EM}/accessPackages/{}", self.package),
            format!("{EM}/assignmentPolicies/{}", self.policy),
            format!("{EM}/assignmentRequests/{}", self.request),
            format!("{EM}/assignments/{}", self.assignment),
        ]
    }
}

fn status_and_code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

const FORBIDDEN: (u16, &str) = (403, "Authorization_RequestDenied");
const ABSENT: (u16, &str) = (404, "ResourceNotFound");

/// A new package name in a catalog.
fn package(catalog: &str, name: &str) -> Value {
    json!({ "displayName": name, "catalog": { "id": catalog } })
}

fn add_resource(catalog: &str) -> Value {
    json!({ "requestType": "adminAdd", "catalog": { "id": catalog },
        "resource": { "originId": company::group("sales"), "originSystem": "AadGroup" } })
}

#[test]
fn each_role_of_a_catalog_may_what_is_its_own_and_no_more() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let token = app.token_app().await;
        let carla = app.token_of_person("carla").await;
        let policies = format!("{EM}/assignmentPolicies");
        let packages = format!("{EM}/accessPackages");
        let policy = format!("{policies}/{}", shelf.policy);
        let mut automatic = Shelf::policy("Automatic", &shelf.package);
        automatic["specificAllowedTargets"] = json!([
            { "@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "user.department -eq \"x\"" }]);
        automatic["automaticRequestSettings"] = json!({ "requestAccessForAllowedTargets": true });
        let renamed = json!({ "displayName": "Renamed" });

        let given = give(app, Role::CatalogOwner, company::person("carla"), &shelf.scope()).await;
        let refused = app.post(&policies, &carla, automatic.clone()).await;
        assert_eq!(status_and_code(&refused), FORBIDDEN, "an owner makes no automatic policy");
        app.post(&policies, &carla, Shelf::policy("Owner", &shelf.package)).await.expect(201);
        let refused = app.post(&format!("{EM}/resourceRequests"), &carla, add_resource(&shelf.catalog)).await;
        assert_eq!(status_and_code(&refused), (403, "CallerNotResourceOwner"), "the group is not hers");
        assert!(refused.message().contains("Groups Administrator"), "{}", refused.message());
        let owner = json!({ "@odata.id": format!("https://localhost/v1.0/users/{}", company::person("carla")) });
        app.post(&format!("/v1.0/groups/{}/owners/$ref", company::group("sales")), &token, owner).await.expect(204);
        app.post(&format!("{EM}/resourceRequests"), &carla, add_resource(&shelf.catalog)).await.expect(201);
        let bypass = json!({ "bypassApproval": true });
        let mut wish = Shelf::wish("adminAdd", &shelf.package, &shelf.policy, "ben");
        wish["parameters"] = bypass;
        let refused = app.post(&format!("{EM}/assignmentRequests"), &carla, wish).await;
        assert_eq!(status_and_code(&refused), FORBIDDEN, "an owner skips no approval");
        app.delete(&format!("{ASSIGNMENTS}/{given}"), &token).await.expect(204);

        let given = give(app, Role::PackageManager, company::person("carla"), &shelf.scope()).await;
        let refused = app.post(&format!("{EM}/resourceRequests"), &carla, add_resource(&shelf.catalog)).await;
        assert_eq!(status_and_code(&refused), FORBIDDEN, "a package manager adds no resource");
        app.post(&packages, &carla, package(&shelf.catalog, "Hers")).await.expect(201);
        app.patch(&policy, &carla, renamed.clone()).await.expect(204);
        let refused = app.patch(&format!("{EM}/catalogs/{}", shelf.catalog), &carla, renamed.clone()).await;
        assert_eq!(status_and_code(&refused), FORBIDDEN, "nor does she change the catalog");
        let more = try_give(app, &carla, Role::CatalogReader, company::person("ben"), &shelf.scope()).await;
        assert_eq!(status_and_code(&more), FORBIDDEN, "nor does she give roles");
        app.delete(&format!("{ASSIGNMENTS}/{given}"), &token).await.expect(204);

        let given = give(app, Role::AssignmentManager, company::person("carla"), &shelf.scope()).await;
        assert_eq!(status_and_code(&app.patch(&policy, &carla, renamed.clone()).await), FORBIDDEN);
        assert_eq!(status_and_code(&app.post(&packages, &carla, package(&shelf.catalog, "No")).await), FORBIDDEN);
        let made = shelf.assign(app, &carla).await.expect(201).id();
        let removal = json!({ "requestType": "adminRemove", "assignment": { "id": made } });
        app.post(&format!("{EM}/assignmentRequests"), &carla, removal).await.expect(201);
        app.drain().await;
        app.delete(&format!("{EM}/assignmentRequests/{made}"), &carla).await.expect(204);
        app.delete(&format!("{ASSIGNMENTS}/{given}"), &token).await.expect(204);

        give(app, Role::CatalogReader, company::person("carla"), &shelf.scope()).await;
        for path in shelf.paths() {
            app.get(&path, &carla).await.expect(200);
        }
        for refused in [
            app.patch(&policy, &carla, renamed.clone()).await,
            app.post(&packages, &carla, package(&shelf.catalog, "No")).await,
            app.delete(&format!("{packages}/{}", shelf.package), &carla).await,
            shelf.assign(app, &carla).await,
            app.delete(&format!("{EM}/assignmentRequests/{}", shelf.request), &carla).await,
        ] {
            assert_eq!(status_and_code(&refused), FORBIDDEN, "a reader writes nothing: {}", refused.text);
        }
        let anna = app.token_of_person("anna").await;
        app.post(&policies, &anna, automatic).await.expect(201);
    });
}

#[test]
fn what_is_seen_is_refused_and_what_is_not_seen_is_absent() {
    on_every_database(async |app| {
        let (mine, seen, hidden) =
            (Shelf::make(app, "Mine").await, Shelf::make(app, "Seen").await, Shelf::make(app, "Hidden").await);
        give(app, Role::CatalogOwner, company::person("carla"), &mine.scope()).await;
        give(app, Role::CatalogReader, company::person("carla"), &seen.scope()).await;
        let carla = app.token_of_person("carla").await;
        let name = json!({ "displayName": "Hers" });
        for (shelf, expected) in [(&seen, FORBIDDEN), (&hidden, ABSENT)] {
            let answers = [
                app.patch(&format!("{EM}/catalogs/{}", shelf.catalog), &carla, name.clone()).await,
                app.patch(&format!("{EM}/accessPackages/{}", shelf.package), &carla, name.clone()).await,
                app.patch(&format!("{EM}/assignmentPolicies/{}", shelf.policy), &carla, name.clone()).await,
                app.delete(&format!("{EM}/assignmentRequests/{}", shelf.request), &carla).await,
                app.post(&format!("{EM}/accessPackages"), &carla, package(&shelf.catalog, "Hers")).await,
                app.post(&format!("{EM}/resourceRequests"), &carla, add_resource(&shelf.catalog)).await,
                app.post(&format!("{EM}/assignmentPolicies"), &carla, Shelf::policy("Hers", &shelf.package)).await,
                shelf.assign(app, &carla).await,
                try_give(app, &carla, Role::CatalogReader, company::person("ben"), &shelf.scope()).await,
            ];
            for answer in &answers {
                assert_eq!(status_and_code(answer), expected, "{} {}", shelf.name, answer.text);
                assert_eq!(answer.text.contains("Catalog owner"), expected == FORBIDDEN, "the missing role is named");
            }
        }
        let absent = app.patch(&format!("{EM}/catalogs/{}", company::TENANT_ID), &carla, name.clone()).await;
        let known = app.patch(&format!("{EM}/catalogs/{}", hidden.catalog), &carla, name.clone()).await;
        let told = |answer: &Answer, id: &str| answer.message().replace(id, "it");
        assert_eq!(
            told(&known, &hidden.catalog),
            told(&absent, &company::TENANT_ID.to_string()),
            "J2: both read the same"
        );
        app.patch(&format!("{EM}/catalogs/{}", mine.catalog), &carla, name).await.expect(204);
        let ben = app.token_of_person("ben").await;
        let before = app.patch(&format!("{EM}/catalogs/{}", hidden.catalog), &ben, json!({})).await;
        assert_eq!(status_and_code(&before), FORBIDDEN, "J2: who has no right at all hears so, whatever is there");
    });
}

/// Reads that could tell of what lies elsewhere: path, and whether something of one's own must be in the answer.
fn reads(other: &Shelf) -> Vec<(String, bool)> {
    let Shelf { catalog, package, policy, request, assignment, .. } = other;
    let mut all: Vec<(String, bool)> = Vec::new();
    let sets = ["catalogs", "accessPackages", "assignmentPolicies", "assignmentRequests", "assignments"];
    for set in sets {
        all.extend([
            (format!("{EM}/{set}"), true),
            (format!("{EM}/{set}?$top=1"), true),
            (format!("{EM}/{set}?$count=true&$top=50"), true),
        ]);
    }
    for set in ["catalogs", "accessPackages", "assignmentPolicies"] {
        all.extend([
            (format!("{EM}/{set}?$orderby=displayName desc"), true),
            (format!("{EM}/{set}?$filter=contains(displayName,'Other')"), false),
            (format!("{EM}/{set}?$filter=not(contains(displayName,'x'))&$orderby=displayName"), true),
            (format!("{EM}/{set}?$search=\"Other\""), false),
        ]);
    }
    for path in [
        format!("catalogs?$filter=id eq '{catalog}'"),
        format!("accessPackages?$filter=catalog/id eq '{catalog}'"),
        format!("accessPackages?$filter=id in ('{package}')"),
        format!("assignmentPolicies?$filter=accessPackage/id eq '{package}'"),
        format!("assignmentPolicies?$filter=id eq '{policy}'"),
        format!("assignments?$filter=accessPackage/id eq '{package}'"),
        format!("assignments?$filter=id eq '{assignment}'"),
        "assignments?$filter=accessPackage/displayName eq 'Other package'".to_owned(),
        "assignments?$filter=assignmentPolicy/displayName eq 'Other policy'&$count=true".to_owned(),
        "assignments?$filter=accessPackage/catalog/displayName eq 'Other catalog'".to_owned(),
        format!("assignmentRequests?$filter=id eq '{request}'"),
        "assignmentRequests?$filter=accessPackage/displayName eq 'Other package'".to_owned(),
        "catalogs?$filter=accessPackages/any(p:p/displayName eq 'Other package')".to_owned(),
        "accessPackages?$filter=catalog/displayName eq 'Other catalog'".to_owned(),
        "accessPackages?$filter=assignmentPolicies/any(p:startswith(p/displayName,'Other'))".to_owned(),
    ] {
        all.push((format!("{EM}/{path}"), false));
    }
    for path in [
        "catalogs?$expand=accessPackages,resources,resourceRoles,resourceScopes",
        "accessPackages?$expand=catalog,assignmentPolicies,resourceRoleScopes($expand=role,scope)",
        "assignmentPolicies?$expand=accessPackage,catalog",
        "assignments?$expand=accessPackage($expand=catalog),assignmentPolicy,target",
        "assignments?$orderby=accessPackage/displayName desc",
        "assignments?$filter=state eq 'delivered'",
        "assignments?$filter=state eq 'delivered'&$top=1",
        "assignments?$filter=target/displayName eq 'Anna Berg'",
        "assignmentRequests?$expand=accessPackage,requestor,assignment($expand=target)",
        "assignmentRequests?$orderby=createdDateTime desc",
        "assignmentRequests?$skip=0&$top=5",
        "assignments?$filter=accessPackage/assignmentPolicies/all(p:p/displayName ne 'nothing')",
    ] {
        all.push((format!("{EM}/{path}"), true));
    }
    for path in [
        "accessPackageAssignments?$expand=accessPackageAssignmentResourceRoles,accessPackageAssignmentRequests".to_owned(),
        "accessPackageAssignmentResourceRoles?$expand=accessPackageResourceRole,accessPackageSubject,accessPackageAssignments".to_owned(),
        "accessPackageResourceRequests".to_owned(),
        "accessPackageResourceRoleScopes?$expand=accessPackageResourceRole($expand=accessPackageResource)".to_owned(),
        "subjects?$orderby=displayName".to_owned(),
    ] {
        all.push((format!("{EM_BETA}/{path}"), true));
    }
    all.push((format!("{EM_BETA}/accessPackageAssignments?$filter=catalogId eq '{catalog}'"), false));
    all.push((format!("{ASSIGNMENTS}?$expand=appScope,roleDefinition"), true));
    all.push((format!("{ASSIGNMENTS}?$filter=appScopeId eq '{}'", other.scope()), false));
    all
}

#[test]
fn what_lies_in_other_catalogs_is_not_there_through_any_option() {
    on_every_database(async |app| {
        let (mine, more, other) =
            (Shelf::make(app, "Mine").await, Shelf::make(app, "More").await, Shelf::make(app, "Other").await);
        give(app, Role::CatalogReader, company::person("ben"), &other.scope()).await;
        let robot = new_app(app, "Robot", &[]).await;
        let carla = app.token_of_person("carla").await;
        give(app, Role::CatalogReader, company::person("carla"), &mine.scope()).await;
        give(app, Role::AssignmentManager, &robot.principal, &mine.scope()).await;
        // With one catalog, and with two, which are read one by one.
        for round in 1..=2 {
            if round == 2 {
                give(app, Role::PackageManager, company::person("carla"), &more.scope()).await;
                give(app, Role::CatalogOwner, &robot.principal, &more.scope()).await;
            }
            for token in [carla.clone(), robot.token(app).await] {
                for (path, has_own) in reads(&other) {
                    let answer = app.get(&path, &token).await;
                    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                    let shown = answer.json["value"].to_string();
                    let leaks = other.ids().iter().any(|id| shown.contains(id));
                    assert!(!leaks && !shown.contains("Other"), "{path}: {}", answer.text);
                    assert_eq!(!answer.values().is_empty(), has_own, "round {round} {path}: {}", answer.text);
                    if let Some(count) = answer.json["@odata.count"].as_u64() {
                        assert_eq!(count, answer.values().len() as u64, "{path} counts what it shows");
                    }
                }
                for set in ["catalogs", "accessPackages", "assignmentPolicies", "assignmentRequests", "assignments"] {
                    let counted = app.get(&format!("{EM}/{set}/$count"), &token).await.expect(200).text;
                    assert_eq!(counted, round.to_string(), "{set}");
                    assert_eq!(app.get(&format!("{EM}/{set}"), &token).await.values().len(), round, "{set}");
                    // Page by page, by the links.
                    let (mut next, mut ids) = (format!("{EM}/{set}?$top=1"), Vec::new());
                    while !next.is_empty() {
                        let page = app.get(&next, &token).await.expect(200);
                        ids.extend(page.column("id"));
                        let link = page.json["@odata.nextLink"].as_str().unwrap_or_default();
                        next = link.strip_prefix("https://localhost").unwrap_or(link).to_owned();
                    }
                    assert_eq!(ids, app.get(&format!("{EM}/{set}"), &token).await.column("id"), "{set} in pages");
                }
                for path in other.paths() {
                    assert_eq!(status_and_code(&app.get(&path, &token).await), ABSENT, "{path}");
                }
                for path in mine.paths() {
                    app.get(&path, &token).await.expect(200);
                }
                let nested = [
                    format!("{EM}/catalogs/{}/accessPackages", other.catalog),
                    format!("{EM}/accessPackages/{}/assignmentPolicies", other.package),
                ];
                for path in nested {
                    assert_eq!(app.get(&path, &token).await.status, 404, "{path}");
                }
            }
        }
        let audit = app.get("/v1.0/auditLogs/directoryAudits", &robot.token(app).await).await;
        assert_eq!(audit.status, 403, "a role of a catalog shows no audit");
    });
}

#[test]
fn who_holds_a_role_by_a_group_within_a_group_holds_it() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let token = app.token_app().await;
        let carla = app.token_of_person("carla").await;
        let (outer, inner) = (company::group("sales"), company::group("staff"));
        let packages = format!("{EM}/accessPackages");
        give(app, Role::CatalogReader, outer, &shelf.scope()).await;
        assert_eq!(app.get(&packages, &carla).await.status, 403);
        let members = format!("/v1.0/groups/{outer}/members");
        let reference = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{inner}") });
        app.post(&format!("{members}/$ref"), &token, reference).await.expect(204);
        assert_eq!(app.get(&packages, &carla).await.expect(200).column("id"), [shelf.package.as_str()]);
        let hers = format!("{ASSIGNMENTS}?$filter=principalId eq '{}'", company::person("carla"));
        let listed = app.get(&hers, &token);
        assert!(listed.await.expect(200).values().is_empty(), "only direct ones are listed");
        app.delete(&format!("{members}/{inner}/$ref"), &token).await.expect(204);
        assert_eq!(app.get(&packages, &carla).await.status, 403, "with the next request");
        let direct =
            json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{}", company::person("carla")) });
        app.post(&format!("{members}/$ref"), &token, direct).await.expect(204);
        app.get(&packages, &carla).await.expect(200);
        app.delete(&format!("/v1.0/groups/{outer}"), &token).await.expect(204);
        assert_eq!(app.get(&packages, &carla).await.status, 403, "a deleted group gives nothing");
        app.post(&format!("/v1.0/directory/deletedItems/{outer}/restore"), &token, Value::Null).await.expect(200);
        app.get(&packages, &carla).await.expect(200);
    });
}

#[test]
fn an_application_without_any_permission_works_within_its_catalog() {
    on_every_database(async |app| {
        let (mine, other) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Other").await);
        let robot = new_app(app, "Robot", &[]).await;
        let token = robot.token(app).await;
        assert_eq!(app.get(&format!("{EM}/accessPackages"), &token).await.status, 403);
        let given = give(app, Role::PackageManager, &robot.principal, &mine.scope()).await;
        let made =
            app.post(&format!("{EM}/accessPackages"), &token, package(&mine.catalog, "Robot's")).await.expect(201);
        app.post(&format!("{EM}/assignmentPolicies"), &token, Shelf::policy("Robot", &made.id())).await.expect(201);
        mine.assign(app, &token).await.expect(201);
        let elsewhere = app.post(&format!("{EM}/accessPackages"), &token, package(&other.catalog, "No")).await;
        assert_eq!(status_and_code(&elsewhere), ABSENT);
        assert_eq!(status_and_code(&other.assign(app, &token).await), ABSENT);
        let catalog = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "No" })).await;
        assert_eq!(status_and_code(&catalog), FORBIDDEN);
        assert_eq!(app.get("/v1.0/users", &token).await.status, 403, "the role opens no directory");
        app.delete(&format!("{ASSIGNMENTS}/{given}"), &app.token_app().await).await.expect(204);
        assert_eq!(app.get(&format!("{EM}/accessPackages"), &token).await.status, 403, "with the next request");
        assert_eq!(status_and_code(&mine.assign(app, &token).await), FORBIDDEN);
    });
}

#[test]
fn whoever_makes_a_catalog_owns_it() {
    on_every_database(async |app| {
        let other = Shelf::make(app, "Other").await;
        let carla = app.token_of_person("carla").await;
        let catalogs = format!("{EM}/catalogs");
        let new = |name: &str| json!({ "displayName": name });
        assert_eq!(app.post(&catalogs, &carla, new("Hers")).await.status, 403);
        give(app, Role::CatalogCreator, company::person("carla"), "/").await;
        assert!(app.get(&catalogs, &carla).await.expect(200).values().is_empty(), "she sees none yet");
        let hers = app.post(&catalogs, &carla, new("Hers")).await.expect(201).id();
        assert_eq!(app.get(&catalogs, &carla).await.expect(200).column("id"), [hers.as_str()]);
        app.post(&format!("{EM}/accessPackages"), &carla, package(&hers, "Hers")).await.expect(201);
        try_give(app, &carla, Role::CatalogReader, company::person("ben"), &scope(&hers)).await.expect(201);
        let creator = try_give(app, &carla, Role::CatalogCreator, company::person("ben"), "/").await;
        assert_eq!(status_and_code(&creator), FORBIDDEN);
        let refused = app.patch(&format!("{catalogs}/{}", other.catalog), &carla, new("Hers too")).await;
        assert_eq!(status_and_code(&refused), ABSENT);
        let token = app.token_app().await;
        let owners = |id: &str| {
            format!(
                "{ASSIGNMENTS}?$filter=appScopeId eq '{}' and roleDefinitionId eq '{}'",
                scope(id),
                Role::CatalogOwner.id()
            )
        };
        assert_eq!(app.get(&owners(&hers), &token).await.column("principalId"), [company::person("carla").to_string()]);
        let anna = app.token_of_person("anna").await;
        let annas = app.post(&catalogs, &anna, new("Anna's")).await.expect(201).id();
        assert_eq!(app.get(&owners(&annas), &token).await.column("principalId"), [company::person("anna").to_string()]);
        assert!(app.get(&owners(&other.catalog), &token).await.values().is_empty(), "an app that may all owns nothing");
        app.delete(&format!("{catalogs}/{annas}"), &anna).await.expect(204);
        assert!(app.get(&owners(&annas), &token).await.values().is_empty(), "roles go with their catalog");
    });
}

#[test]
fn a_user_administrator_manages_assignments_where_the_tenant_keeps_the_older_rule() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        app.give_role(DirectoryRole::UserAdministrator, company::person("ben")).await;
        let ben = app.token_of_person("ben").await;
        let assignments = format!("{EM}/assignments");
        assert_eq!(app.get(&assignments, &ben).await.status, 403);
        assert_eq!(status_and_code(&shelf.assign(app, &ben).await), FORBIDDEN);
        app.set_switches(|s| s.user_administrator_manages_assignments = true).await;
        assert_eq!(app.get(&assignments, &ben).await.expect(200).values().len(), 1);
        let made = shelf.assign(app, &ben).await.expect(201).id();
        let removal = json!({ "requestType": "adminRemove", "assignment": { "id": made } });
        app.post(&format!("{EM}/assignmentRequests"), &ben, removal).await.expect(201);
        app.drain().await;
        for refused in [
            app.delete(&format!("{EM}/assignmentRequests/{made}"), &ben).await,
            app.patch(&format!("{EM}/assignmentPolicies/{}", shelf.policy), &ben, json!({ "displayName": "x" })).await,
            app.post(&format!("{EM}/catalogs"), &ben, json!({ "displayName": "x" })).await,
            app.get("/v1.0/auditLogs/directoryAudits", &ben).await,
        ] {
            assert_eq!(status_and_code(&refused), FORBIDDEN, "{}", refused.text);
        }
        app.set_switches(|s| s.user_administrator_manages_assignments = false).await;
        assert_eq!(app.get(&assignments, &ben).await.status, 403);
    });
}

#[test]
fn verified_credentials_are_demanded_by_a_global_administrator() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        app.give_role(DirectoryRole::IdentityGovernanceAdministrator, company::person("ben")).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{}", shelf.policy);
        let demand = json!({ "verifiableCredentialSettings": {
            "credentialTypes": [{ "credentialType": "Employee", "issuers": ["did:example:1"] }] } });
        assert_eq!(status_and_code(&app.patch(&path, &ben, demand.clone()).await), FORBIDDEN);
        app.patch(&path, &anna, demand).await.expect(204);
        app.patch(&path, &ben, json!({ "displayName": "Kept" })).await.expect(204);
        let fewer = json!({ "verifiableCredentialSettings": { "credentialTypes": [] } });
        assert_eq!(status_and_code(&app.patch(&path, &ben, fewer).await), FORBIDDEN, "nor is the demand his to drop");
    });
}
