//! The calls that make up a working day: what portals, scripts and jobs ask for again and again.

use super::seen::Seen;
use serde_json::{Value, json};
use tenure_domain::authorize::EntitlementRole;
use tenure_domain::limits::SCOPE_UNION_MAX;
use tenure_store::record;
use tenure_testkit::app::{HOST, request};
use tenure_testkit::issuer::AUDIENCE;
use tenure_testkit::load::Loaded;
use tenure_testkit::page::Form;
use tenure_testkit::{Answer, Issuer, TestApp, company};

const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
const EM_BETA: &str = "/beta/identityGovernance/entitlementManagement";
const ROLES: &str = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
/// Why a count takes longer the more there is to count (decisions.md D8: counts are exact).
const COUNTS: Option<&str> = Some("it counts what there is");
/// Why a round of groups takes longer the larger they are.
const MEMBERS: Option<&str> = Some("a page has members with its groups, up to a limit");
/// Why a table takes longer the more rows it has.
const BATCHES: Option<&str> = Some("it takes as many rows as there are, up to a batch");
/// Why a search takes longer the more it finds.
const MATCHES: Option<&str> = Some("it gathers all that match before it sorts them");
/// Why a list takes longer the rarer what it looks for.
const WALKS: Option<&str> = Some("it walks through a state until a page is full");

/// Why a list takes longer the more people hold a package.
const HOLDERS: Option<&str> = Some("it looks at the holders of a package until a page is full");

/// Makes every call and notes what it sends.
pub fn make_all(app: &TestApp, loaded: &Loaded, seen: &mut Seen) {
    let issuer = app.issuer();
    // A node that takes tokens of an issuer outside.
    let node = app.another_node(vec![issuer.provider(&[])]);
    app.run(async {
        issuer.serve();
        Session { app, node: &node, issuer: &issuer, loaded, seen }.all().await;
    });
}

struct Session<'a> {
    app: &'a TestApp,
    node: &'a TestApp,
    issuer: &'a Issuer,
    loaded: &'a Loaded,
    seen: &'a mut Seen,
}

impl Session<'_> {
    async fn all(&mut self) {
        let app = self.app;
        record::start();
        let reader = app.token_reader().await;
        self.seen.add("an application signs in", None, record::stop());
        record::start();
        let carla = app.token_of_person("carla").await;
        self.seen.add("a person signs in", None, record::stop());
        let writer = app.token_app().await;
        self.assignments(&reader).await;
        self.requests(&reader).await;
        self.packages(&reader).await;
        self.directory(&reader).await;
        self.people(&reader).await;
        self.audit(&reader).await;
        self.writes(&writer, &carla).await;
        self.own(&carla).await;
        self.others().await;
        self.building(&writer).await;
        self.approvals(&writer, &carla).await;
        self.partners(&writer).await;
        self.jobs(&writer).await;
        self.bulk(&reader, &writer).await;
        self.scoped(&writer, &carla).await;
    }

    async fn get(&mut self, name: &'static str, path: &str, token: &str) -> Answer {
        self.get_growing(name, None, path, token).await
    }

    async fn get_growing(
        &mut self,
        name: &'static str,
        grows: Option<&'static str>,
        path: &str,
        token: &str,
    ) -> Answer {
        record::start();
        let headers = [("ConsistencyLevel", "eventual")];
        let answer = self.app.call_with("GET", path, (token, &headers), Value::Null).await.expect(200);
        self.seen.add(name, grows, record::stop());
        self.seen.was_read(path, token);
        answer
    }

    /// A list and its second page.
    async fn pages(&mut self, (first, second): (&'static str, &'static str), path: &str, token: &str) {
        let answer = self.get(first, path, token).await;
        let next =
            answer.json["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{first} has one page: {}", answer.text));
        let next = next.strip_prefix("https://localhost").unwrap_or(next).to_owned();
        self.get(second, &next, token).await;
    }

    async fn send(&mut self, name: &'static str, method: &str, path: &str, token: &str, body: Value) -> Answer {
        record::start();
        let answer = self.app.call(method, path, token, body).await;
        self.seen.add(name, None, record::stop());
        assert!(answer.status < 300, "{name}: {} {}", answer.status, answer.text);
        answer
    }

    async fn assignments(&mut self, token: &str) {
        let (loaded, set) = (self.loaded, format!("{EM}/assignments"));
        let (package, policy, catalog) = (loaded.packages[3].id, loaded.packages[3].policy, loaded.packages[3].catalog);
        let person = loaded.holders[7];
        self.get("an assignment", &format!("{set}/{}", loaded.assignments[5]), token).await;
        self.pages(("assignments", "assignments, next page"), &format!("{set}?$top=50"), token).await;
        let filter = format!("$filter=accessPackage/id eq '{package}' and state eq 'delivered'");
        let path = format!("{set}?$top=20&{filter}&$expand=target,accessPackage");
        self.pages(("assignments of a package, expanded", "assignments of a package, next page"), &path, token).await;
        self.get(
            "assignments of a package in any state",
            &format!("{set}?$top=20&$filter=accessPackage/id eq '{package}'"),
            token,
        )
        .await;
        self.get(
            "assignments of a person",
            &format!("{set}?$filter=target/objectId eq '{person}'&$expand=accessPackage,assignmentPolicy"),
            token,
        )
        .await;
        self.get(
            "assignments of a person, live",
            &format!("{set}?$filter=target/objectId eq '{person}' and state eq 'delivered'"),
            token,
        )
        .await;
        let pair = format!("{set}?$filter=accessPackage/id eq '{package}' and target/objectId eq '{person}'");
        self.get("an assignment of a package and a person", &pair, token).await;
        self.get("assignments of a policy", &format!("{set}?$top=20&$filter=assignmentPolicy/id eq '{policy}'"), token)
            .await;
        let by_catalog = format!("{EM_BETA}/accessPackageAssignments?$top=20&$filter=catalogId eq '{catalog}'");
        self.pages(("assignments of a catalog", "assignments of a catalog, next page"), &by_catalog, token).await;
        let by_state = format!("{set}?$top=20&$filter=state eq 'expired'");
        self.pages(("assignments in a state", "assignments in a state, next page"), &by_state, token).await;
        let soon = format!(
            "{set}?$top=20&$filter=schedule/expiration/endDateTime lt 2026-04-20T00:00:00Z and state eq 'delivered'"
        );
        self.get_growing("assignments that end soon", WALKS, &soon, token).await;
        self.get_growing("a count of assignments", COUNTS, &format!("{set}/$count"), token).await;
        self.get_growing(
            "a count of assignments of a package in a state",
            COUNTS,
            &format!("{set}/$count?{filter}"),
            token,
        )
        .await;
        let roles = format!(
            "{EM_BETA}/accessPackageAssignments?$top=20&$filter=accessPackageId eq '{package}'&$expand=accessPackageAssignmentResourceRoles,accessPackageAssignmentRequests"
        );
        self.get("assignments with their resource roles and requests", &roles, token).await;
        let other = loaded.packages[4].id;
        let both = format!("additionalAccess(accessPackageId='{package}',incompatibleAccessPackageId='{other}')");
        self.get_growing("who holds both of two packages", HOLDERS, &format!("{set}/{both}?$top=20"), token).await;
        self.get_growing("a count of who holds both", HOLDERS, &format!("{set}/{both}/$count"), token).await;
    }

    async fn requests(&mut self, token: &str) {
        let (loaded, set) = (self.loaded, format!("{EM}/assignmentRequests"));
        let (package, person) = (loaded.packages[3].id, loaded.holders[7]);
        self.get(
            "a request, expanded",
            &format!("{set}/{}?$expand=accessPackage,requestor,assignment", loaded.requests[5]),
            token,
        )
        .await;
        self.pages(
            ("requests", "requests, next page"),
            &format!("{set}?$top=50&$expand=accessPackage,requestor"),
            token,
        )
        .await;
        let filter = format!("$filter=accessPackage/id eq '{package}' and state eq 'delivered'");
        self.pages(
            ("requests for a package", "requests for a package, next page"),
            &format!("{set}?$top=20&{filter}"),
            token,
        )
        .await;
        self.get("requests of a requestor", &format!("{set}?$filter=requestor/objectId eq '{person}'"), token).await;
        self.get("requests for a target", &format!("{set}?$filter=assignment/target/objectId eq '{person}'"), token)
            .await;
        self.get("requests in a state", &format!("{set}?$top=20&$filter=state eq 'delivering'"), token).await;
        let newest = format!("{set}?$top=20&$orderby=createdDateTime desc");
        self.pages(("requests, newest first", "requests, newest first, next page"), &newest, token).await;
        self.get_growing("a count of requests for a package", COUNTS, &format!("{set}/$count?{filter}"), token).await;
    }

    async fn packages(&mut self, token: &str) {
        let (loaded, set) = (self.loaded, format!("{EM}/accessPackages"));
        let package = &loaded.packages[3];
        let one =
            format!("{set}/{}?$expand=catalog,assignmentPolicies,resourceRoleScopes($expand=role,scope)", package.id);
        self.get("a package, expanded", &one, token).await;
        let by_catalog = format!("{set}?$top=5&$filter=catalog/id eq '{}'", package.catalog);
        self.pages(("packages of a catalog", "packages of a catalog, next page"), &by_catalog, token).await;
        for (name, what) in [
            ("packages that a package lists", "incompatibleAccessPackages"),
            ("packages that list a package", "accessPackagesIncompatibleWith"),
            ("groups that a package lists", "incompatibleGroups"),
        ] {
            self.get(name, &format!("{set}/{}/{what}?$top=20", package.id), token).await;
        }
        self.pages(
            ("packages by name", "packages by name, next page"),
            &format!("{set}?$top=20&$orderby=displayName"),
            token,
        )
        .await;
        self.get("packages that contain a word", &format!("{set}?$filter=contains(displayName,'age 01')"), token).await;
        self.get("catalogs", &format!("{EM}/catalogs?$top=20&$orderby=displayName&$expand=resources"), token).await;
        self.get(
            "policies of a package",
            &format!("{EM}/assignmentPolicies?$filter=accessPackage/id eq '{}'", package.id),
            token,
        )
        .await;
    }

    async fn directory(&mut self, token: &str) {
        let loaded = self.loaded;
        let (group, everybody) = (loaded.packages[3].group, loaded.everybody);
        let members = format!("/v1.0/groups/{group}/members?$top=20&$select=id,displayName");
        self.pages(("members of a group", "members of a group, next page"), &members, token).await;
        self.get("people in a group", &format!("/v1.0/groups/{group}/members/microsoft.graph.user?$top=20"), token)
            .await;
        self.get_growing("a count of members", COUNTS, &format!("/v1.0/groups/{group}/members/$count"), token).await;
        self.get_growing(
            "everybody below a group",
            MATCHES,
            &format!("/v1.0/groups/{everybody}/transitiveMembers?$top=20"),
            token,
        )
        .await;
        self.pages(("groups by name", "groups by name, next page"), "/v1.0/groups?$top=20&$orderby=displayName", token)
            .await;
        self.get("groups", "/v1.0/groups?$top=20", token).await;
        self.changes(token).await;
    }

    /// The first round of each kind that differs, and one that goes on from a token.
    async fn changes(&mut self, token: &str) {
        let people = "/v1.0/users/delta()?$top=20";
        self.pages(("people, to be followed", "people, to be followed, next page"), people, token).await;
        let groups = "/v1.0/groups/delta()?$top=20";
        let first = self.get_growing("groups with members, to be followed", MEMBERS, groups, token).await;
        let next = first.json["@odata.nextLink"].as_str().unwrap_or_default().to_owned();
        let next = next.strip_prefix("https://localhost").unwrap_or(&next);
        self.get_growing("groups with members, next page", MEMBERS, next, token).await;
        let objects = "/v1.0/directoryObjects/delta()?$top=20&$filter=isof('microsoft.graph.group')";
        self.get("objects of a kind, to be followed", objects, token).await;
        for (name, path) in [
            ("what changed of people", "/v1.0/users/delta()"),
            ("what changed of groups and members", "/v1.0/groups/delta()"),
            ("what changed of objects", "/v1.0/directoryObjects/delta()"),
        ] {
            let begun = self.get("a token of changes", &format!("{path}?$deltatoken=latest"), token).await;
            let link = begun.json["@odata.deltaLink"].as_str().unwrap_or_default().to_owned();
            self.get(name, link.strip_prefix("https://localhost").unwrap_or(&link), token).await;
        }
        let person = self.loaded.holders[7];
        let one = format!("/v1.0/users/delta()?$filter=id eq '{person}'");
        self.get("a person, to be followed", &one, token).await;
    }

    async fn people(&mut self, token: &str) {
        let person = self.loaded.holders[7];
        let user = self.get("a person", &format!("/v1.0/users/{person}?$expand=manager"), token).await;
        let name = user.json["userPrincipalName"].as_str().unwrap_or_default().to_owned();
        self.get("a person by principal name", &format!("/v1.0/users/{name}"), token).await;
        self.get("a person by address", &format!("/v1.0/users?$filter=mail eq '{name}'"), token).await;
        self.get("direct reports", &format!("/v1.0/users/{person}/directReports"), token).await;
        self.get("groups of a person", &format!("/v1.0/users/{person}/memberOf"), token).await;
        self.get("all groups of a person", &format!("/v1.0/users/{person}/transitiveMemberOf"), token).await;
        let ask = json!({ "securityEnabledOnly": true });
        self.send("group ids of a person", "POST", &format!("/v1.0/users/{person}/getMemberGroups"), token, ask).await;
        self.pages(("people", "people, next page"), "/v1.0/users?$top=50", token).await;
        self.pages(("people by name", "people by name, next page"), "/v1.0/users?$top=20&$orderby=displayName", token)
            .await;
        let backwards = "/v1.0/users?$top=20&$orderby=displayName desc";
        self.pages(("people by name, backwards", "people by name, backwards, next page"), backwards, token).await;
        self.get_growing(
            "people whose name begins so",
            MATCHES,
            "/v1.0/users?$top=20&$filter=startswith(displayName,'ada l')",
            token,
        )
        .await;
        self.get_growing("a search for a word", MATCHES, "/v1.0/users?$top=20&$search=\"displayName:lindqv\"", token)
            .await;
        let words = name.split('@').next().unwrap_or_default().replace('.', " ");
        self.get_growing(
            "a search for several words",
            MATCHES,
            &format!("/v1.0/users?$search=\"displayName:{words}\""),
            token,
        )
        .await;
        self.get_growing(
            "people of a department",
            MATCHES,
            "/v1.0/users?$top=20&$filter=department eq 'Department 03'",
            token,
        )
        .await;
        let extended = "/v1.0/users?$top=20&$filter=extension_2b676109c7c74ae2b41549205f1947ed_badge eq 'B40'";
        self.get("people by a schema extension", extended, token).await;
        self.get_growing("a count of people", COUNTS, "/v1.0/users/$count", token).await;
        let ids: Vec<_> = self.loaded.holders.iter().take(5).collect();
        self.send("objects by ids", "POST", "/v1.0/directoryObjects/getByIds", token, json!({ "ids": ids })).await;
    }

    async fn audit(&mut self, token: &str) {
        let set = "/v1.0/auditLogs/directoryAudits";
        let package = self.loaded.packages[3].id;
        self.pages(("the audit log", "the audit log, next page"), &format!("{set}?$top=20"), token).await;
        let of_package = format!("{set}?$filter=targetResources/any(t:t/id eq '{package}')");
        self.get("what happened to an object", &of_package, token).await;
        let newest = format!("{set}?$top=20&$orderby=activityDateTime desc");
        self.pages(("what happened last", "what happened last, next page"), &newest, token).await;
        let since = format!("{set}?$top=20&$filter=activityDateTime ge 2026-03-01T00:00:00Z");
        self.get("what happened since", &since, token).await;
        let by_kind = format!("{set}?$top=20&$filter=activityDisplayName eq 'Create access package'");
        self.get("what happened of a kind", &by_kind, token).await;
    }

    async fn writes(&mut self, writer: &str, carla: &str) {
        let set = format!("{EM}/assignmentRequests");
        let package = &self.loaded.packages[150];
        let whom = json!({ "targetId": package.strangers[0], "accessPackageId": package.id, "assignmentPolicyId": package.policy });
        let made = self
            .send(
                "an administrator assigns",
                "POST",
                &set,
                writer,
                json!({ "requestType": "adminAdd", "assignment": whom }),
            )
            .await;
        let request = made.id();
        let read = self.get("a request that was made", &format!("{set}/{request}?$expand=assignment"), writer).await;
        let assignment = read.json["assignment"]["id"].clone();
        let removal = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        self.send("an administrator removes", "POST", &set, writer, removal).await;
        let ask = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package.id } });
        self.send("a person asks", "POST", &set, carla, ask).await;
        let what = json!({ "accessPackageId": self.loaded.packages[151].id });
        self.send("a person asks what would come of it", "POST", "/tenure/v1/explain", carla, what).await;
        let give_back = json!({ "requestType": "userRemove", "assignment": { "accessPackageId": package.id } });
        self.send("a person gives back", "POST", &set, carla, give_back).await;
        let group = package.group;
        let member =
            json!({ "@odata.id": format!("https://localhost/v1.0/directoryObjects/{}", package.strangers[1]) });
        self.send("a member is added", "POST", &format!("/v1.0/groups/{group}/members/$ref"), writer, member).await;
        let place = format!("/v1.0/groups/{group}/members/{}/$ref", package.strangers[1]);
        self.send("a member is removed", "DELETE", &place, writer, Value::Null).await;
        let person = self.loaded.holders[9];
        let change = json!({ "jobTitle": "Planner", "extension_2b676109c7c74ae2b41549205f1947ed_badge": "7" });
        self.send("a person is changed", "PATCH", &format!("/v1.0/users/{person}"), writer, change).await;
    }

    async fn own(&mut self, carla: &str) {
        for (name, on) in [("my assignments", "target"), ("assignments of my reports", "targetManager")] {
            self.get(name, &format!("{EM}/assignments/filterByCurrentUser(on='{on}')?$expand=accessPackage"), carla)
                .await;
        }
        for (name, on) in [
            ("requests for me", "target"),
            ("my requests", "createdBy"),
            ("requests for me or by me", "targetOrRequestor"),
            ("requests for my reports", "targetManager"),
        ] {
            self.get(name, &format!("{EM}/assignmentRequests/filterByCurrentUser(on='{on}')"), carla).await;
        }
        let browse = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')?$top=20");
        self.get("packages I can ask for", &browse, carla).await;
        self.get("a package I can ask for", &format!("{EM}/accessPackages/{}", self.loaded.packages[3].id), carla)
            .await;
        self.get("me", "/v1.0/me", carla).await;
        self.get("my groups", "/v1.0/me/transitiveMemberOf", carla).await;
    }

    /// Callers without a token of ours: a browser with a session, and one with a token from outside that nobody is
    /// linked to.
    async fn others(&mut self) {
        let app = self.app;
        let page = app.get("/signin?next=/my/access", "").await.expect(200);
        let form = Form::of(&page);
        let known = [("username", &*company::principal_name("carla")), ("password", company::PASSWORD)];
        let signed_in = app.form(&form.action, &form.filled(&known)).await;
        let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        record::start();
        let headers = [("cookie", cookie.as_str()), ("x-tenure-request", "1")];
        app.call_with("GET", "/v1.0/me", ("", &headers), Value::Null).await.expect(200);
        self.seen.add("a browser asks", None, record::stop());
        let token = self.issuer.token(&json!({ "sub": "stranger", "aud": AUDIENCE, "scope": "tenure.read" }));
        record::start();
        self.node.get("/v1.0/me", &token).await.expect(401);
        self.seen.add("a token from outside", None, record::stop());
    }

    /// An administrator builds a package, and sends one request twice.
    async fn building(&mut self, writer: &str) {
        let post = |what: &str| format!("{EM}/{what}");
        let made = json!({ "displayName": "Plans", "state": "published" });
        let catalog = self.send("a catalog is made", "POST", &post("catalogs"), writer, made).await.id();
        let group = self.loaded.packages[3].group;
        let place = json!({ "originId": group, "originSystem": "AadGroup" });
        let resource = json!({ "requestType": "adminAdd", "catalog": { "id": catalog }, "resource": place });
        self.send("a resource is added", "POST", &post("resourceRequests"), writer, resource).await;
        let package = json!({ "displayName": "Plans", "description": "One group", "catalog": { "id": catalog } });
        let package = self.send("a package is made", "POST", &post("accessPackages"), writer, package).await.id();
        let role = json!({
            "role": { "originId": format!("Member_{group}"), "originSystem": "AadGroup", "resource": place },
            "scope": place,
        });
        let roles = format!("accessPackages/{package}/resourceRoleScopes");
        let role = self.send("a role is put into a package", "POST", &post(&roles), writer, role).await.id();
        let role = post(&format!("{roles}/{role}"));
        self.send("a role is taken out of a package", "DELETE", &role, writer, Value::Null).await;
        record::start();
        let key = [("idempotency-key", "plans")];
        let again = json!({ "displayName": "Plans, once" });
        self.app.call_with("POST", &post("catalogs"), (writer, &key), again).await.expect(201);
        self.seen.add("what may be sent again", None, record::stop());
    }

    /// A request in two stages; the first approver is named, the second the manager.
    async fn approvals(&mut self, writer: &str, carla: &str) {
        let ben = company::person("ben");
        let stage = |approver: Value| {
            json!({ "durationBeforeAutomaticDenial": "P5D", "isEscalationEnabled": true,
            "durationBeforeEscalation": "P1D", "primaryApprovers": [approver],
            "escalationApprovers": [{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": company::group("staff") }] })
        };
        let named = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": ben });
        let manager = json!({ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1 });
        let package = json!({ "displayName": "Plans with approval", "description": "Nothing" });
        let package = self.app.post(&format!("{EM}/accessPackages"), writer, package).await.expect(201).id();
        let policy = json!({ "displayName": "Two stages", "accessPackage": { "id": package },
            "allowedTargetScope": "allMemberUsers", "requestorSettings": { "enableTargetsToSelfAddAccess": true },
            "requestApprovalSettings": { "isApprovalRequiredForAdd": true, "stages": [stage(named), stage(manager)] } });
        self.send("a policy with approval is made", "POST", &format!("{EM}/assignmentPolicies"), writer, policy).await;
        let ben = self.app.token_of_person("ben").await;
        let body = json!({ "delegateId": company::person("anna"), "startDateTime": "2027-03-03T09:00:00Z" });
        self.send("a delegate is named", "POST", "/tenure/v1/delegations", &ben, body).await;
        let ask = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package } });
        let request = self
            .send("a request that waits for approval", "POST", &format!("{EM}/assignmentRequests"), carla, ask)
            .await;
        let approvals = format!("{EM}/accessPackageAssignmentApprovals");
        self.get("what waits for an approver", &format!("{approvals}/filterByCurrentUser(on='approver')"), &ben).await;
        let of_requests = format!(
            "{EM}/assignmentRequests/filterByCurrentUser(on='approver')?$top=20&$expand=accessPackage,requestor"
        );
        self.get("requests of an approver", &of_requests, &ben).await;
        let approval = self.get("an approval", &format!("{approvals}/{}", request.id()), &ben).await;
        let stages: Vec<String> = approval.json["stages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| s["id"].as_str().map(ToOwned::to_owned))
            .collect();
        let yes = json!({ "reviewResult": "Approve", "justification": "fine" });
        for (name, stage) in [("a stage is approved", &stages[0]), ("the last stage is approved", &stages[1])] {
            self.send(name, "PATCH", &format!("{approvals}/{}/stages/{stage}", request.id()), &ben, yes.clone()).await;
        }
        let revoke =
            json!({ "requestType": "approverRemove", "justification": "over", "assignment": { "id": request.id() } });
        self.send("an approval is taken back", "POST", &format!("{EM}/assignmentRequests"), &ben, revoke).await;
        record::start();
        self.app.drain().await;
        self.seen.add("mails about an approval", None, record::stop());
    }

    /// Gives Carla a role in a catalog, without noting it.
    async fn let_read(&self, writer: &str, catalog: &str) {
        let body = json!({ "principalId": company::person("carla"), "roleDefinitionId": EntitlementRole::CatalogReader.id(),
            "appScopeId": format!("/AccessPackageCatalog/{catalog}") });
        self.app.post(ROLES, writer, body).await.expect(201);
    }

    /// Somebody who has roles in some catalogs looks at what lies in them: in one, in a few, in many.
    async fn scoped(&mut self, writer: &str, carla: &str) {
        let loaded = self.loaded;
        let package = &loaded.packages[3];
        let (id, person, assignment) = (package.id, loaded.holders[7], loaded.assignments[5]);
        let given = json!({ "principalId": company::group("staff"), "roleDefinitionId": EntitlementRole::CatalogReader.id(),
            "appScopeId": format!("/AccessPackageCatalog/{}", package.catalog) });
        let given = self.send("a role is given", "POST", ROLES, writer, given).await.id();
        self.send("a role is taken", "DELETE", &format!("{ROLES}/{given}"), writer, Value::Null).await;
        let known = ["roles in a catalog", "roles in few catalogs", "roles in many catalogs"];
        let (assignments, requests) = (format!("{EM}/assignments"), format!("{EM}/assignmentRequests"));
        for (round, name) in known.into_iter().enumerate() {
            let catalogs = match round {
                0 => vec![package.catalog.to_string()],
                1 => {
                    loaded.catalogs.iter().filter(|c| **c != package.catalog).take(3).map(ToString::to_string).collect()
                }
                _ => self.shelves(writer).await,
            };
            for catalog in catalogs {
                self.let_read(writer, &catalog).await;
            }
            for path in [
                format!("{assignments}?$top=20"),
                format!("{assignments}?$top=20&$filter=state eq 'delivered'"),
                format!("{requests}?$top=20"),
            ] {
                self.pages((name, name), &path, carla).await;
            }
            for path in [
                format!("{assignments}?$top=20&$filter=accessPackage/id eq '{id}'&$expand=target,accessPackage"),
                format!("{assignments}?$filter=target/objectId eq '{person}'&$expand=accessPackage,assignmentPolicy"),
                format!("{assignments}/{assignment}"),
                format!("{requests}?$top=20&$filter=accessPackage/id eq '{id}'&$expand=requestor,assignment"),
                format!("{EM}/accessPackages?$top=20&$expand=catalog,assignmentPolicies"),
                format!("{EM}/accessPackages/{id}?$expand=resourceRoleScopes($expand=role,scope)"),
                format!("{EM}/assignments/filterByCurrentUser(on='target')?$expand=accessPackage"),
                "/tenure/v1/overview".to_owned(),
                format!("/tenure/v1/reports/users/{person}/accessPackages"),
                format!("/tenure/v1/reports/users/{person}/resourceAssignments"),
                format!("{ROLES}?$filter=appScopeId eq '/AccessPackageCatalog/{}'&$expand=principal", package.catalog),
            ] {
                let headers = [("ConsistencyLevel", "eventual")];
                record::start();
                let answer = self.app.call_with("GET", &path, (carla, &headers), Value::Null).await;
                self.seen.add(name, COUNTS.filter(|_| path.ends_with("overview")), record::stop());
                assert!([200, 404].contains(&answer.status), "{path}: {}", answer.text);
            }
            self.get_growing(name, COUNTS, &format!("{assignments}/$count"), carla).await;
        }
    }

    /// So many more catalogs that no list reads each by itself.
    async fn shelves(&self, writer: &str) -> Vec<String> {
        let mut catalogs = Vec::new();
        for n in 0..SCOPE_UNION_MAX {
            let body = json!({ "displayName": format!("Shelf {n}") });
            catalogs.push(self.app.post(&format!("{EM}/catalogs"), writer, body).await.expect(201).id());
        }
        catalogs
    }

    /// Organizations outside, and people of theirs: some are in the directory, others are known by their address only.
    async fn partners(&mut self, writer: &str) {
        let post = |what: &str| format!("{EM}/{what}");
        let source =
            json!([{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "partner.example" }]);
        let made = json!({ "displayName": "Partner", "identitySources": source });
        let set = post("connectedOrganizations");
        let organization = self.send("an organization is made", "POST", &set, writer, made).await.id();
        let sponsor = json!({ "@odata.id": format!("https://localhost/v1.0/users/{}", self.loaded.holders[7]) });
        let sponsors = format!("{set}/{organization}/internalSponsors/$ref");
        self.send("a sponsor is named", "POST", &sponsors, writer, sponsor).await;
        let by_domain =
            "$filter=identitySources/any(is:is/microsoft.graph.domainIdentitySource/domainName eq 'partner.example')";
        self.get("organizations of a domain", &format!("{set}?{by_domain}&$expand=internalSponsors"), writer).await;
        let catalog = json!({ "displayName": "Partners", "isExternallyVisible": true });
        let catalog = self.app.post(&post("catalogs"), writer, catalog).await.expect(201).id();
        let package = json!({ "displayName": "Partners", "catalog": { "id": catalog } });
        let package = self.app.post(&post("accessPackages"), writer, package).await.expect(201).id();
        let policy = json!({ "displayName": "Partners", "accessPackage": { "id": package },
            "allowedTargetScope": "allExternalUsers", "requestorSettings": { "enableTargetsToSelfAddAccess": true } });
        let policy = self.app.post(&post("assignmentPolicies"), writer, policy).await.expect(201).id();
        for (name, address) in [
            ("a stranger is assigned by address", "ada@partner.example"),
            ("a stranger of an unknown domain is assigned", "ada@unknown.example"),
            ("a guest is assigned by address", "ada@partner.example"),
        ] {
            let whom =
                json!({ "target": { "email": address }, "accessPackageId": package, "assignmentPolicyId": policy });
            let body = json!({ "requestType": "adminAdd", "isValidationOnly": name.starts_with("a guest"), "assignment": whom });
            record::start();
            let answer = self.app.post(&post("assignmentRequests"), writer, body).await;
            self.seen.add(name, None, record::stop());
            // The second time she is there and holds it.
            assert!(answer.status == if name.starts_with("a guest") { 400 } else { 201 }, "{name}: {}", answer.text);
        }
        let gil = self.app.token_of_person("gil").await;
        let browse = post("accessPackages/filterByCurrentUser(on='allowedRequestor')?$top=20");
        self.get("packages a guest can ask for", &browse, &gil).await;
        let ask = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": package } });
        self.send("a guest asks", "POST", &post("assignmentRequests"), &gil, ask).await;
        self.get("subjects with their organizations", &post("subjects?$top=20&$expand=connectedOrganization"), writer)
            .await;
        let held = self.app.delete(&format!("{set}/{organization}"), writer).await;
        assert_eq!(held.status, 400, "her people hold something: {}", held.text);
    }

    /// Files, reports and figures.
    async fn bulk(&mut self, reader: &str, writer: &str) {
        let (loaded, em) = (self.loaded, "/identityGovernance/entitlementManagement");
        self.get_growing("the overview", COUNTS, "/tenure/v1/overview", reader).await;
        let person = loaded.holders[7];
        let report = format!("/tenure/v1/reports/users/{person}");
        self.get("what somebody has", &format!("{report}/accessPackages"), reader).await;
        self.get("what somebody can ask for", &format!("{report}/accessPackages?status=canRequest&$top=20"), reader)
            .await;
        self.get("roles that somebody has", &format!("{report}/resourceAssignments"), reader).await;
        let package = loaded.packages[3].id;
        let filter = format!("$filter=accessPackage/id eq '{package}'");
        let table = format!("/tenure/v1/export{em}/assignments?format=csv&{filter}");
        self.get_growing("a table of assignments", BATCHES, &table, reader).await;
        let package = &loaded.packages[151];
        let text = format!("accessPackage,policy,target\n{},{},{}\n", package.id, package.policy, package.strangers[3]);
        record::start();
        let bearer = format!("Bearer {writer}");
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "text/csv")];
        let taken = self.app.send(request("POST", "/tenure/v1/assignments/import", &headers, &text)).await;
        self.app.drain().await;
        let rows = format!("/tenure/v1/jobs/{}/rows", taken.expect(202).id());
        let rows = self.app.get(&rows, writer).await.expect(200);
        self.seen.add("a file of assignments", None, record::stop());
        assert_eq!(rows.column("state"), ["made"], "{}", rows.text);
    }

    async fn jobs(&mut self, writer: &str) {
        let package = &self.loaded.packages[150];
        let end = json!({ "startDateTime": "2026-03-03T09:00:00Z",
            "expiration": { "type": "afterDateTime", "endDateTime": "2026-03-04T09:00:00Z" } });
        let whom = json!({ "targetId": package.strangers[2], "accessPackageId": package.id, "assignmentPolicyId": package.policy });
        let body = json!({ "requestType": "adminAdd", "schedule": end, "assignment": whom });
        self.send("an assignment that starts later", "POST", &format!("{EM}/assignmentRequests"), writer, body).await;
        record::start();
        self.app.drain().await;
        self.app.advance("P5D").await;
        self.app.finish().await;
        self.seen.add("background work, a start and an end", None, record::stop());
    }
}
