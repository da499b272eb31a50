//! Who may what, held still: the matrix of roles, actions and scopes as a golden file, and a walk over every path as
//! nobody, as somebody without any role, and as each role. `UPDATE=1` writes both files anew; read what changed.

use crate::delegation::{Shelf, give};
use crate::schema::{all_sets, sets};
use crate::{EM, clients::new_app};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::{env, fs};
use tenure_auth::scopes;
use tenure_domain::authorize::{
    Action, AuditReach, Caller, Capabilities, Capability, DirectoryRole, EntitlementRole, Held, Principal, Reach,
    Rights, Scope, pending, permit,
};
use tenure_domain::ids::{CatalogId, ObjectId};
use tenure_domain::refusal::Code;
use tenure_odata::edm::Version;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};
use uuid::Uuid;

const MATRIX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authz-matrix.txt");
const WALK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authz-walk.txt");

fn compare(path: &str, text: &str) {
    if env::var_os("UPDATE").is_some() {
        fs::write(path, text).expect("the file is written");
    }
    let there = fs::read_to_string(path).unwrap_or_default();
    let differing = there.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(there == text, "{path} is out of date, first at {differing:?}: UPDATE=1 writes it anew");
}

fn catalog(n: u128) -> Scope {
    Scope::Catalog(CatalogId(Uuid::from_u128(n)))
}

const HERE: u128 = 1;
const ELSEWHERE: u128 = 2;

fn person(roles: &[DirectoryRole], held: Vec<Held>) -> Caller {
    Caller {
        principal: Principal::User(ObjectId(Uuid::from_u128(7))),
        capabilities: Capabilities::ALL,
        rights: Rights {
            is_enabled: true,
            is_member: true,
            roles: roles.to_vec(),
            entitlement: held,
            ..Rights::default()
        },
    }
}

fn app(permissions: &[&str], held: Vec<Held>) -> Caller {
    Caller {
        principal: Principal::App(ObjectId(Uuid::from_u128(8))),
        capabilities: scopes::capabilities(permissions.iter().copied()),
        ..person(&[], held)
    }
}

fn holding(role: EntitlementRole) -> Vec<Held> {
    vec![Held { role, scope: if role.is_of_catalogs() { catalog(HERE) } else { Scope::Tenant } }]
}

/// Everybody the matrix tells of.
fn callers() -> Vec<(String, Caller)> {
    let mut all = vec![("a member without roles".to_owned(), person(&[], Vec::new()))];
    all.extend(DirectoryRole::ALL.iter().map(|role| (role.name().to_owned(), person(&[*role], Vec::new()))));
    let mut older = person(&[DirectoryRole::UserAdministrator], Vec::new());
    older.rights.manages_assignments = true;
    all.push(("User Administrator under the older rule".to_owned(), older));
    all.extend(EntitlementRole::ALL.iter().map(|role| (role.name().to_owned(), person(&[], holding(*role)))));
    let mut narrow = person(&[DirectoryRole::GlobalAdministrator], holding(EntitlementRole::CatalogOwner));
    narrow.capabilities = Capabilities::NONE.with(Capability::SubjectAccess);
    all.push(("Global Administrator and owner with a token for his own access".to_owned(), narrow));
    for permission in ["EntitlementManagement.ReadWrite.All", "EntitlementManagement.Read.All"] {
        all.push((format!("an application with {permission}"), app(&[permission], Vec::new())));
    }
    for role in EntitlementRole::OF_CATALOGS {
        all.push((format!("an application as {} without permissions", role.name()), app(&[], holding(role))));
    }
    all
}

fn outcome(caller: &Caller, action: Action, scope: Scope) -> &'static str {
    match permit(caller, action, scope).map_err(|refusal| refusal.code) {
        Ok(_) => "yes",
        Err(Code::AuthorizationRequestDenied) => "403",
        Err(Code::ResourceNotFound) => "404",
        Err(_) => "?",
    }
}

#[test]
fn the_matrix_of_roles_actions_and_scopes_is_the_golden_one() {
    let mut text = String::from(
        "Who may what, and where. Made by asking for a permit; a role of a catalog is held in the first catalog.\n\
         yes: permitted · 403: refused before or after the look-up · 404: not there for this caller\n",
    );
    for (name, caller) in callers() {
        let sight = caller.sight();
        let reach = match sight.entitlement {
            Reach::Nothing => "nothing",
            Reach::Own => "his own",
            Reach::Catalogs => "his catalogs and his own",
            Reach::All => "everything",
        };
        let audit = match sight.audit {
            AuditReach::Nothing => "nothing",
            AuditReach::Entitlement => "of entitlement management",
            AuditReach::All => "everything",
        };
        writeln!(text, "\n## {name}\nsees {reach}; of the audit {audit}").expect("a text");
        writeln!(text, "{:<26}{:<8}{:<8}another", "", "tenant", "catalog").expect("a text");
        for (action, _) in Action::ALL {
            let [tenant, here, elsewhere] =
                [Scope::Tenant, catalog(HERE), catalog(ELSEWHERE)].map(|scope| outcome(&caller, *action, scope));
            writeln!(text, "{:<26}{tenant:<8}{here:<8}{elsewhere}", format!("{action:?}")).expect("a text");
        }
    }
    assert!(!text.contains('?'), "a permit is given, or refused by one of two codes");
    compare(MATRIX, &text);
}

/// Rows of organizations, subjects and settings.
fn written_about_others(method: &str, set: &str, rest: &str) -> Option<(Option<Action>, Value)> {
    use Action as A;
    let nil = Uuid::nil();
    let reference = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{nil}") });
    let name = json!({ "displayName": "x" });
    Some(match (method, set, rest) {
        ("POST" | "DELETE", "connectedOrganizations", rest) if rest.ends_with("$ref") => {
            (Some(A::WriteOrganizations), reference)
        }
        ("POST", "connectedOrganizations", "") => (
            Some(A::WriteOrganizations),
            json!({ "displayName": "x", "identitySources": [
                { "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "x.example" }] }),
        ),
        ("PATCH" | "DELETE", "connectedOrganizations", "{}") => (Some(A::WriteOrganizations), name),
        ("POST", "assignmentRequests", "{}/resume()") => {
            (Some(A::AdministerAssignments), crate::extensions::callback("assignmentRequestCreated"))
        }
        ("POST", "assignmentRequests" | "assignments", "{}/reprocess()") => {
            (Some(A::AdministerAssignments), Value::Null)
        }
        ("POST", "accessPackages", "{}/getApplicablePolicyRequirements()") => (Some(A::RequestAccess), Value::Null),
        ("PATCH", "tenure", "v1/policies/{}") => (Some(A::WritePolicies), json!({ "keepPreExistingAccess": true })),
        ("PATCH", "tenure", "v1/policies/{}/mails") => (Some(A::WritePolicies), json!({ "denied": false })),
        ("POST", "tenure", "v1/policies/{}/applyToExisting" | "v1/policies/{}/restartApproval") => {
            (Some(A::WritePolicies), Value::Null)
        }
        ("PATCH", "tenure", "v1/approvals/{}") => {
            (Some(A::RequestAccess), json!({ "answers": [{ "answeredQuestion": { "id": nil }, "value": "x" }] }))
        }
        ("POST", "tenure", "v1/assignments/import") => (Some(A::AssignDirectly), Value::Null),
        ("POST", "drift", _) => (Some(A::AdministerAssignments), Value::Null),
        ("POST", "jobs", "{}/pause()" | "{}/resume()") => (Some(A::WritePackages), Value::Null),
        ("POST", "accessPackages", "{}/moveToCatalog()") => (Some(A::WritePackages), json!({ "catalogId": nil })),
        ("POST", "invitations", "") => (
            Some(A::InviteGuests),
            json!({ "invitedUserEmailAddress": "ada@partner.example", "inviteRedirectUrl": "https://app.contoso.example" }),
        ),
        ("POST", "sites", "") => {
            (Some(A::WriteSites), json!({ "name": "x", "webUrl": "https://contoso.example/sites/x" }))
        }
        ("POST", "tenantSites", "") => {
            (Some(A::WriteSites), json!({ "displayName": "x", "webUrl": "https://contoso.example/sites/y" }))
        }
        ("POST" | "DELETE", "tenantSites", rest) if rest.ends_with("$ref") => (Some(A::WriteSites), reference),
        ("PATCH" | "DELETE", "tenantSites", "{}") | ("POST", "tenantSites", "{}/groups") => (Some(A::WriteSites), name),
        ("PATCH", "settings", "") => (Some(A::WriteSettings), json!({ "externalUserLifecycleAction": "none" })),
        ("PATCH", "tenantSettings", "") => (Some(A::WriteSettings), json!({ "routeToCatalogOwners": true })),
        ("PATCH", "subjects", "{}") => (Some(A::AdministerAssignments), json!({ "subjectLifecycle": "governed" })),
        _ => return None,
    })
}

/// Rows of workflow extensions, and of questions to the directory that change nothing.
fn written_beside(method: &str, set: &str, rest: &str) -> Option<(Option<Action>, Value)> {
    use Action as A;
    Some(match (method, set, rest) {
        ("POST" | "PATCH" | "DELETE", "originConnectors", _) => {
            (Some(A::WriteSettings), json!({ "displayName": "x", "connectorType": "sapIag" }))
        }
        (
            "POST",
            "roleAssignmentScheduleRequests"
            | "roleEligibilityScheduleRequests"
            | "roleDefinitions"
            | "deletedRoleDefinitions",
            _,
        ) => (Some(A::AssignEntitlementRoles), Value::Null),
        ("POST" | "PATCH" | "PUT" | "DELETE", "catalogs", rest) if rest.contains("WorkflowExtensions") => {
            let kind = if rest.contains("AccessPackage") {
                "customAccessPackageWorkflowExtension"
            } else {
                "accessPackageAssignmentRequestWorkflowExtension"
            };
            (Some(A::WriteExtensions), crate::extensions::body(kind, "x"))
        }
        ("POST", _, rest) if rest.ends_with("validateProperties()") => {
            let entity = if rest.starts_with("{}") { Value::Null } else { json!("Group") };
            (None, json!({ "entityType": entity, "displayName": "x" }))
        }
        ("POST", _, "getAvailableExtensionProperties()") => (None, json!({})),
        ("POST", "users", "{}/assignLicense()") => {
            (Some(A::WriteUsers), json!({ "addLicenses": [], "removeLicenses": [] }))
        }
        ("POST", "groups", "{}/assignLicense()") => {
            (Some(A::WriteGroups), json!({ "addLicenses": [], "removeLicenses": [] }))
        }
        _ => return None,
    })
}

/// What must be permitted for a write, and a body that is good enough to be asked about. A path without a row here is
/// not covered, and the walk fails.
pub fn written(method: &str, shape: &str) -> Option<(Option<Action>, Value)> {
    use Action as A;
    let nil = Uuid::nil();
    let reference = json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{nil}") });
    let name = json!({ "displayName": "x" });
    let (set, rest) = shape.split_once('/').unwrap_or((shape, ""));
    if let Some(row) = written_beside(method, set, rest) {
        return Some(row);
    }
    let row = match (method, set, rest) {
        ("POST", "catalogs", "") => (Some(A::CreateCatalogs), json!({ "displayName": Uuid::nil() })),
        ("POST", "catalogs", "{}/resources/{}/refresh()") | ("POST", "resources", "{}/refresh()") => {
            (Some(A::WriteResources), Value::Null)
        }
        ("PATCH" | "DELETE", "catalogs", "{}") => (Some(A::WriteCatalogs), name),
        ("POST", "resourceRequests", "") => {
            let resource = json!({ "originId": nil, "originSystem": "AadGroup" });
            (
                Some(A::WriteResources),
                json!({ "requestType": "adminAdd", "catalog": { "id": nil }, "resource": resource }),
            )
        }
        ("POST", "accessPackages", "") => {
            (Some(A::WritePackages), json!({ "displayName": "x", "catalog": { "id": nil } }))
        }
        ("PATCH" | "DELETE", "accessPackages", "{}") => (Some(A::WritePackages), name),
        ("POST", "accessPackages", "{}/resourceRoleScopes") => {
            (Some(A::WritePackages), crate::campaign::member_role(&nil.to_string(), &nil.to_string()))
        }
        ("DELETE", "accessPackages", "{}/resourceRoleScopes/{}") => (Some(A::WritePackages), Value::Null),
        ("POST" | "DELETE", "accessPackages", rest) if rest.ends_with("$ref") => (Some(A::WritePackages), reference),
        ("POST", "assignmentPolicies", "") => (Some(A::WritePolicies), Shelf::policy("x", &nil.to_string())),
        ("PUT" | "PATCH" | "DELETE", "assignmentPolicies", "{}") => (Some(A::WritePolicies), name),
        ("POST", "assignmentRequests", "") => {
            (Some(A::AssignDirectly), Shelf::wish("adminAdd", &nil.to_string(), &nil.to_string(), "anna"))
        }
        ("DELETE", "assignmentRequests", "{}") => (Some(A::AdministerAssignments), Value::Null),
        ("PATCH", "approvals", _) => (Some(A::RequestAccess), json!({ "reviewResult": "Approve" })),
        ("POST" | "DELETE", "delegations", _) => (Some(A::RequestAccess), json!({ "delegateId": nil })),
        // Whoever may ask for access may also withdraw; whose request it is decides later.
        ("POST", "assignmentRequests", "{}/cancel()") => (None, Value::Null),
        ("POST", "roleAssignments", "") => (
            Some(A::AssignEntitlementRoles),
            json!({ "principalId": nil, "roleDefinitionId": nil, "appScopeId": format!("/AccessPackageCatalog/{nil}") }),
        ),
        ("DELETE", "roleAssignments", "{}") => (Some(A::AssignEntitlementRoles), Value::Null),
        ("POST", _, "getByIds()") => (None, json!({ "ids": [nil] })),
        ("POST", _, rest) if rest.contains("Member") => (None, json!({ "groupIds": [nil], "ids": [nil] })),
        ("POST" | "DELETE", _, rest) if rest.starts_with("{}/appRoleAssign") => {
            (Some(A::AssignAppRoles), json!({ "principalId": nil, "resourceId": nil, "appRoleId": nil }))
        }
        ("POST", "users", "") => (
            Some(A::WriteUsers),
            json!({ "displayName": "x", "mailNickname": "x", "userPrincipalName": "x@elsewhere.example",
                "accountEnabled": true, "passwordProfile": { "password": company::PASSWORD } }),
        ),
        ("POST" | "PUT", "users", rest) if rest.ends_with("$ref") => (Some(A::WriteUsers), reference),
        ("PATCH" | "DELETE", "users", _) => (Some(A::WriteUsers), name),
        ("POST", "groups", "") => (
            Some(A::WriteGroups),
            json!({ "displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true }),
        ),
        ("POST", "groups", rest) if rest.ends_with("$ref") => (Some(A::WriteGroups), reference),
        ("PATCH" | "DELETE", "groups", _) => (Some(A::WriteGroups), name),
        ("POST", "servicePrincipals", "") => (Some(A::WriteApplications), json!({ "appId": nil })),
        ("POST", "applications" | "servicePrincipals", rest) if rest.ends_with("$ref") => {
            (Some(A::WriteApplications), reference)
        }
        ("POST", "applications" | "servicePrincipals", rest) if rest.ends_with("removePassword()") => {
            (Some(A::WriteApplications), json!({ "keyId": nil }))
        }
        ("POST", "applications" | "servicePrincipals", rest) if rest.ends_with("addPassword()") => {
            (Some(A::WriteApplications), json!({ "passwordCredential": { "displayName": "x" } }))
        }
        ("POST" | "PATCH" | "DELETE", "applications" | "servicePrincipals", _) => (Some(A::WriteApplications), name),
        ("DELETE", "oauth2PermissionGrants", "{}") => (Some(A::WriteGrants), Value::Null),
        ("POST" | "DELETE", "directoryObjects" | "deletedItems", _) => (Some(A::WriteUsers), Value::Null),
        _ => return written_about_others(method, set, rest),
    };
    Some(row)
}

/// A path of a shape in the older version; ids are such as nothing has.
fn path_of(shape: &str) -> String {
    if shape.starts_with("tenure/") {
        return format!("/{}", shape.replace("{}", &Uuid::nil().to_string()));
    }
    let (set, rest) = shape.split_once('/').unwrap_or((shape, ""));
    // Some things have another name in the newer version, and some are ours alone.
    let newer = ["/steps", "moveToCatalog", "customAccessPackage", "restore()"];
    let versions = if shape == "sites" || newer.iter().any(|name| shape.contains(name)) {
        vec![Version::Beta]
    } else {
        Version::ALL.to_vec()
    };
    let known = versions.into_iter().flat_map(all_sets).find(|(_, s)| s.id == set);
    let (path, _) = known.unwrap_or_else(|| panic!("no path leads to {set}"));
    let nil = Uuid::nil().to_string();
    let rest = rest.replace("resourceRoleScopes/{}", &format!("resourceRoleScopes/{nil}_{nil}"));
    let mut path = format!("{path}/{}", rest.replace("{}", &nil).replace("()", ""));
    if shape.ends_with("/$ref") {
        path = format!("{path}?$id=https://localhost/v1.0/directoryObjects/{nil}");
    }
    path.trim_end_matches('/').to_owned()
}

/// Somebody who walks: what he is called, his token, and what the rules know of him.
struct Walker {
    name: String,
    token: String,
    caller: Caller,
}

async fn newcomer(app: &TestApp, alias: &str) -> (Uuid, String) {
    let upn = company::principal_name(alias);
    let body = json!({ "displayName": alias, "mailNickname": alias, "userPrincipalName": upn, "accountEnabled": true,
        "passwordProfile": { "password": company::PASSWORD, "forceChangePasswordNextSignIn": false } });
    let made = app.post("/v1.0/users", &app.token_app().await, body).await.expect(201);
    (made.id().parse().expect("an id"), app.token_person(&upn).await)
}

/// Everybody who walks; roles of catalogs are held for the shelf.
async fn walkers(app: &TestApp, shelf: &Shelf) -> Vec<Walker> {
    let mut all = Vec::new();
    let mut add = |name: &str, token: String, caller: Caller| all.push(Walker { name: name.to_owned(), token, caller });
    add("stranger", app.token_of_person("carla").await, person(&[], Vec::new()));
    let mut guest = person(&[], Vec::new());
    guest.rights.is_member = false;
    add("guest", app.token_of_person("gil").await, guest);
    for (n, role) in DirectoryRole::ALL.iter().enumerate() {
        let (id, token) = newcomer(app, &format!("directory{n}")).await;
        app.give_role(*role, id).await;
        add(role.name(), token, person(&[*role], Vec::new()));
    }
    let place = shelf.catalog.parse().map(|id| Scope::Catalog(CatalogId(id))).expect("an id");
    for (n, role) in EntitlementRole::ALL.iter().enumerate() {
        let (id, token) = newcomer(app, &format!("entitlement{n}")).await;
        let scope = if role.is_of_catalogs() { place } else { Scope::Tenant };
        give(app, *role, id, &scope.to_string()).await;
        add(role.name(), token, person(&[], vec![Held { role: *role, scope }]));
    }
    let robot = new_app(app, "Robot", &[]).await;
    give(app, EntitlementRole::CatalogOwner, &robot.principal, &shelf.scope()).await;
    let owns = vec![Held { role: EntitlementRole::CatalogOwner, scope: place }];
    add("app as owner", robot.token(app).await, self::app(&[], owns));
    let reads = [
        "EntitlementManagement.Read.All",
        "User.Read.All",
        "Group.Read.All",
        "Application.Read.All",
        "AuditLog.Read.All",
    ];
    add("app that reads", app.token_reader().await, self::app(&reads, Vec::new()));
    let mut writer = self::app(&[], Vec::new());
    writer.capabilities = Capabilities::ALL;
    add("app that writes", app.token_app().await, writer);
    all
}

#[test]
fn every_write_is_open_to_whom_the_matrix_says_and_to_nobody_else() {
    let uncovered: Vec<_> = tenure_api::written().filter(|(method, shape)| written(method, shape).is_none()).collect();
    assert!(uncovered.is_empty(), "paths that nobody has looked at: {uncovered:#?}");
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let walkers = walkers(app, &shelf).await;
        let mut faults = Vec::new();
        // Whoever makes a catalog owns it: that comes last.
        let (last, others): (Vec<_>, Vec<_>) = tenure_api::written().partition(|route| *route == ("POST", "catalogs"));
        for (method, shape) in others.into_iter().chain(last) {
            let (action, body) = written(method, shape).unwrap_or_default();
            let path = path_of(shape);
            let nobody = app.call(method, &path, "", body.clone()).await;
            if nobody.status != 401 {
                faults.push(format!("{method} {path} as nobody: {} {}", nobody.status, nobody.text));
            }
            for walker in &walkers {
                let mut body = body.clone();
                if shape == "catalogs" {
                    body["displayName"] = json!(walker.name);
                }
                let answer = app.call(method, &path, &walker.token, body).await;
                let is_refused = action.is_some_and(|action| pending(&walker.caller, action).is_err());
                let is_as_expected = match answer.status {
                    403 => {
                        is_refused
                            || action.is_none()
                            || ["CallerNotResourceOwner", "NotAnApprover"].contains(&answer.code())
                    }
                    401 | 405 | 500.. => false,
                    _ => !is_refused,
                };
                if !is_as_expected {
                    faults.push(format!("{method} {path} as {}: {} {}", walker.name, answer.status, answer.text));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// The paths of a version: every set with its count, its functions, and one object of it with everything it leads to.
async fn read_paths(app: &TestApp, version: Version, owner: &str) -> Vec<(String, &'static str)> {
    let writer = app.token_app().await;
    let mut all = Vec::new();
    for (path, set) in sets(version) {
        let kind = set.entity.name;
        all.extend([(path.clone(), kind), (format!("{path}/$count"), kind)]);
        for operation in set.entity.operations.iter().filter(|o| o.name == "filterByCurrentUser") {
            let on = match kind {
                "accessPackage" => "allowedRequestor",
                "approval" => "approver",
                _ => "target",
            };
            all.push((format!("{path}/{}(on='{on}')", operation.name), kind));
        }
        let mut id = None;
        for token in [owner, &writer] {
            let listed = app.get(&format!("{path}?$top=1"), token).await;
            let first = listed.json["value"][0]["id"].as_str().map(ToOwned::to_owned);
            id = id.or(first.filter(|_| listed.status == 200));
        }
        // Of what there is nothing of yet, an object that nobody has.
        let id = id.unwrap_or_else(|| Uuid::nil().to_string());
        let one = format!("{path}/{id}");
        all.push((one.clone(), kind));
        if kind == "accessPackageAssignmentRequest" && version == Version::V1 {
            all.push((format!("/tenure/v1/explain/{id}"), kind));
        }
        for nav in set.entity.navigations {
            all.extend(nav.name.get(version).map(|name| (format!("{one}/{name}"), nav.target.name)));
        }
        let shown = set.entity.properties.iter().find_map(|p| p.name.get(version).filter(|name| *name != "id"));
        all.extend(shown.map(|name| (format!("{one}/{name}"), kind)));
    }
    if version == Version::V1 {
        let own = ["/v1.0/me", "/v1.0/me/memberOf", "/tenure/v1/clock", "/tenure/v1/overview"];
        all.extend(own.map(|path| (path.to_owned(), "own")));
        let report = format!("/tenure/v1/reports/users/{}", company::person("anna"));
        let about = ["accessPackages", "accessPackages?status=canRequest", "resourceAssignments"];
        all.extend(about.map(|name| (format!("{report}/{name}"), "accessPackageAssignment")));
        let list = format!("/tenure/v1/export{}/assignments", EM.trim_start_matches("/v1.0"));
        all.extend(["csv", "jsonl"].map(|format| (format!("{list}?format={format}"), "accessPackageAssignment")));
    }
    all
}

const ADMINISTERED: [&str; 14] = [
    "approval",
    "accessPackageCatalog",
    "accessPackageResource",
    "accessPackageResourceRequest",
    "accessPackageResourceRoleScope",
    "accessPackage",
    "accessPackageAssignmentPolicy",
    "accessPackageAssignmentRequest",
    "accessPackageAssignment",
    "accessPackageAssignmentResourceRole",
    "accessPackageSubject",
    "unifiedRoleAssignment",
    "unifiedRoleDefinition",
    "mail",
];

/// What a read of entitlement management must answer: to whoever sees the shelf its content, to others nothing of it.
fn is_right(walker: &Walker, path: &str, status: u16) -> bool {
    let (sight, is_person) = (walker.caller.sight(), walker.caller.sight().me.is_some());
    if path.contains("/outbox/") {
        let reads = pending(&walker.caller, Action::ReadMail).is_ok();
        return if reads { [200, 204, 404].contains(&status) } else { status == 403 };
    }
    if path.contains("filterByCurrentUser") {
        return status
            == if is_person {
                200
            } else if sight.entitlement == Reach::Nothing {
                403
            } else {
                400
            };
    }
    let holds_here = !sight.catalogs.is_empty();
    match (sight.entitlement, holds_here) {
        (Reach::All, _) | (Reach::Catalogs, true) => [200, 204, 404].contains(&status),
        // A role, but not of a catalog: lists are empty.
        (Reach::Catalogs, false) => [200, 403, 404].contains(&status),
        (Reach::Own | Reach::Nothing, _) => [403, 404].contains(&status),
    }
}

#[test]
fn every_read_shows_itself_to_whom_it_should() {
    on_every_database(async |app| {
        let shelf = Shelf::make(app, "Mine").await;
        let walkers = walkers(app, &shelf).await;
        let owner = walkers.iter().find(|w| w.name == EntitlementRole::CatalogOwner.name()).map(|w| w.token.clone());
        let owner = owner.expect("there is an owner");
        let mut text = String::from("Every path that is read, and who gets which answer. Ids are written {}.\n");
        let mut faults = Vec::new();
        for version in Version::ALL {
            for (path, kind) in read_paths(app, version, &owner).await {
                let nobody = app.get(&path, "").await;
                if nobody.status != 401 {
                    faults.push(format!("{path} as nobody: {} {}", nobody.status, nobody.text));
                }
                let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
                for walker in &walkers {
                    let answer = app.get(&path, &walker.token).await;
                    by_status.entry(answer.status).or_default().push(&walker.name);
                    let is_administered = ADMINISTERED.contains(&kind);
                    if is_administered && !is_right(walker, &path, answer.status)
                        || [401, 405, 500].contains(&answer.status)
                    {
                        faults.push(format!("{path} as {}: {} {}", walker.name, answer.status, answer.text));
                    }
                }
                let shape: Vec<&str> = path.split('/').map(|s| if s.len() >= 36 { "{}" } else { s }).collect();
                writeln!(text, "\n{}", shape.join("/")).expect("a text");
                for (status, names) in by_status {
                    writeln!(text, "  {status}: {}", names.join(", ")).expect("a text");
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(text.contains(&format!("\n{EM}/catalogs\n")), "the walk went somewhere");
        compare(WALK, &text);
    });
}
