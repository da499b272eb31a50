//! Separation of duties: what packages are incompatible with, who is refused because of it, and who has both.

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_domain::Uuid;
use tenure_domain::ids::{ObjectId, PackageId, RequestId};
use tenure_service::rows::incompatibility::{self, Other};
use tenure_service::{Cost, Identity, bootstrap, rows};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// The package "Campaign", and another one that everybody can ask for.
pub struct Two {
    pub campaign: Campaign,
    pub other: String,
    pub other_policy: String,
}

impl Two {
    pub async fn start(app: &TestApp) -> Self {
        let campaign = Campaign::start(app).await;
        let (other, other_policy) = package(app, &campaign, "Audit").await;
        Self { campaign, other, other_policy }
    }

    /// A request for "Audit".
    pub fn audit(&self, kind: &str, alias: &str) -> Value {
        json!({
            "requestType": kind,
            "assignment": {
                "targetId": company::person(alias),
                "assignmentPolicyId": self.other_policy,
                "accessPackageId": self.other,
            },
        })
    }

    /// Holders of "Campaign" cannot get "Audit".
    pub async fn exclude(&self, app: &TestApp) {
        exclude(app, &self.campaign.token, &self.other, &self.campaign.package).await;
    }

    /// "Audit" is to begin for Carla on a later day; before it she gets "Campaign", which excludes it. That day has passed.
    pub async fn first_the_excluding_one(&self, app: &TestApp) -> String {
        self.exclude(app).await;
        let mut later = self.audit("adminAdd", "carla");
        later["schedule"] = json!({ "startDateTime": "2026-03-05T09:00:00Z" });
        let request = self.campaign.ask(app, &self.campaign.token, later).await.expect(201).id();
        self.campaign.assign(app, "carla").await;
        app.advance("P4D").await;
        request
    }
}

/// A package in the catalog of "Campaign", with nothing in it.
async fn package(app: &TestApp, campaign: &Campaign, name: &str) -> (String, String) {
    let body = json!({ "displayName": name, "catalog": { "id": campaign.catalog } });
    let made = app.post(&format!("{EM}/accessPackages"), &campaign.token, body).await;
    let package = app.made(made, &format!("package:{}", name.to_lowercase()));
    let mut policy = open_policy(&package);
    policy["displayName"] = json!(format!("{name} for everybody"));
    let policy = campaign.add_policy(app, policy).await;
    (package, policy)
}

fn package_reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/identityGovernance/entitlementManagement/accessPackages/{id}") })
}

fn group_reference(id: impl std::fmt::Display) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/beta/groups/{id}") })
}

/// Holders of `other` cannot get `package`.
async fn exclude(app: &TestApp, token: &str, package: &str, other: &str) {
    let path = format!("{EM}/accessPackages/{package}/incompatibleAccessPackages/$ref");
    app.post(&path, token, package_reference(other)).await.expect(204);
}

async fn exclude_group(app: &TestApp, token: &str, package: &str, group: impl std::fmt::Display) {
    let path = format!("{EM}/accessPackages/{package}/incompatibleGroups/$ref");
    app.post(&path, token, group_reference(group)).await.expect(204);
}

async fn group(app: &TestApp, token: &str, name: &str, is_security: bool) -> String {
    let body = json!({ "displayName": name, "mailNickname": name.to_lowercase(), "mailEnabled": !is_security,
        "securityEnabled": is_security, "groupTypes": if is_security { json!([]) } else { json!(["Unified"]) } });
    app.made(app.post("/v1.0/groups", token, body).await, &format!("group:{}", name.to_lowercase()))
}

/// How much these packages list, whether or not it is there.
async fn listed(app: &TestApp, packages: &[&str]) -> i64 {
    let ids: Vec<PackageId> = packages.iter().map(|id| PackageId(id.parse().unwrap_or_default())).collect();
    let counted = app.engine().read(Cost::Small, Identity::System, Uuid::nil(), move |ctx| {
        let kinds = [Other::Package(PackageId(Uuid::nil())), Other::Group(ObjectId(Uuid::nil()))];
        let counts = ids.iter().flat_map(|id| kinds.map(|kind| incompatibility::count(*id, kind)));
        ctx.fetch(counts.collect::<Vec<_>>())
    });
    counted.await.expect("it is counted").into_iter().flatten().sum()
}

/// Status, code and the guard that failed.
fn said(answer: &Answer) -> (u16, &str, Vec<&str>) {
    let guards = answer.json["error"]["innerError"]["tenure"]["guards"].as_array();
    let failed = guards.into_iter().flatten().filter(|g| g["passed"] == false);
    (answer.status, answer.code(), failed.filter_map(|g| g["guard"].as_str()).collect())
}

const INCOMPATIBLE: (u16, &str) = (400, "IncompatibleAccess");

#[test]
fn who_holds_what_a_package_lists_is_refused_and_who_holds_the_package_gets_what_it_lists() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        assert_eq!(said(&refused), (400, "IncompatibleAccess", vec!["compatibleAccess"]));
        assert_snapshot!("refused_because_of_a_package_she_holds", app.show(&refused));
        let by_admin = campaign.ask(app, &campaign.token, two.audit("adminAdd", "carla")).await;
        assert_eq!((by_admin.status, by_admin.code()), INCOMPATIBLE, "administrators are bound too");
        let mut tried = two.audit("userAdd", "carla");
        tried["isValidationOnly"] = json!(true);
        let tried = campaign.ask(app, &carla, tried).await;
        assert_eq!((tried.status, tried.code()), INCOMPATIBLE);
        // One way only: who holds Audit may get Campaign.
        let ben = app.token_of_person("ben").await;
        campaign.ask(app, &ben, two.audit("userAdd", "ben")).await.expect(201);
        campaign.ask(app, &ben, campaign.request("userAdd", "ben")).await.expect(201);
        app.drain().await;
        let held = format!("{EM}/assignments?$filter=target/objectId eq '{}'", company::person("ben"));
        assert_eq!(app.get(&held, &campaign.token).await.expect(200).values().len(), 2);
        // What is over does not count.
        app.advance("P31D").await;
        campaign.ask(app, &carla, two.audit("userAdd", "carla")).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn an_open_request_for_what_a_package_lists_counts_until_it_is_withdrawn() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        let mut later = campaign.request("adminAdd", "carla");
        later["schedule"] = json!({ "startDateTime": "2026-03-20T09:00:00Z" });
        let waiting = campaign.ask(app, &campaign.token, later).await.expect(201).id();
        app.name(&waiting.parse().unwrap_or_default(), "request:waiting");
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        assert_eq!(said(&refused), (400, "IncompatibleAccess", vec!["compatibleAccess"]));
        assert_eq!(
            refused.message(),
            "the target has an open request for the access package `Campaign`, which this access package is incompatible with"
        );
        app.post(&format!("{EM}/assignmentRequests/{waiting}/cancel"), &campaign.token, Value::Null).await.expect(204);
        campaign.ask(app, &carla, two.audit("userAdd", "carla")).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn members_of_an_incompatible_group_are_refused_through_nested_groups_too() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let token = campaign.token.as_str();
        let outer = group(app, token, "Traders", true).await;
        let link = json!({ "@odata.id": format!("https://x/v1.0/directoryObjects/{}", company::group("staff")) });
        app.post(&format!("/v1.0/groups/{outer}/members/$ref"), token, link).await.expect(204);
        exclude_group(app, token, &two.other, &outer).await;
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        assert_eq!(
            refused.message(),
            "the target belongs to a group, which this access package is incompatible with",
            "J6: she need not know which"
        );
        assert!(!refused.text.contains("Traders") && !refused.text.contains(&outer), "{}", refused.text);
        let by_admin = campaign.ask(app, token, two.audit("adminAdd", "carla")).await;
        assert_snapshot!("refused_because_of_a_group_to_an_administrator", app.show(&by_admin));
        // Whoever leaves the group, or when the group is deleted, is free.
        app.delete(&format!("/v1.0/groups/{outer}"), token).await.expect(204);
        campaign.ask(app, &carla, two.audit("userAdd", "carla")).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn a_scheduled_start_is_refused_when_something_incompatible_came_first() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let request = two.first_the_excluding_one(app).await;
        let failed = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
        assert_eq!((&failed["state"], &failed["status"]), (&json!("deliveryFailed"), &json!("DeliveryFailed")));
        let id = RequestId(request.parse().unwrap_or_default());
        let kept =
            app.engine().read(Cost::Small, Identity::System, Uuid::nil(), move |ctx| ctx.fetch(rows::request::get(id)));
        let reason = kept.await.expect("it is read").and_then(|request| request.reason);
        assert_eq!(reason.as_deref(), Some("IncompatibleAccess"));
        let filter = format!("targetResources/any(t:t/id eq '{request}')");
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &campaign.token).await;
        let last = rows.values().last().cloned().unwrap_or_default();
        assert_eq!(
            (&last["activityDisplayName"], &last["result"], &last["resultReason"]),
            (
                &json!("Failed access package assignment request"),
                &json!("failure"),
                &json!(
                    "the target holds the access package `Campaign`, which this access package is incompatible with"
                ),
            )
        );
        let live = format!("{EM}/assignments?$filter=accessPackage/id eq '{}'", two.other);
        assert_eq!(app.get(&live, &campaign.token).await.expect(200).values().len(), 0);
    });
}

#[test]
fn what_a_package_lists_is_read_from_both_sides_in_both_versions() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let (token, campaign, other) = (two.campaign.token.as_str(), &two.campaign.package, &two.other);
        two.exclude(app).await;
        exclude_group(app, token, other, company::group("sales")).await;
        for em in [EM, EM_BETA] {
            let list = async |package: &str, what: &str| {
                app.get(&format!("{em}/accessPackages/{package}/{what}"), token).await.expect(200).column("displayName")
            };
            assert_eq!(list(other, "incompatibleAccessPackages").await, ["Campaign"]);
            assert_eq!(list(campaign, "incompatibleAccessPackages").await, [""; 0]);
            assert_eq!(list(campaign, "accessPackagesIncompatibleWith").await, ["Audit"]);
            assert_eq!(list(other, "accessPackagesIncompatibleWith").await, [""; 0]);
            assert_eq!(list(other, "incompatibleGroups").await, ["Sales"]);
            let count = app.get(&format!("{em}/accessPackages/{other}/incompatibleGroups/$count"), token).await;
            assert_eq!((count.status, count.text.as_str()), (200, "1"));
            let filtered = "incompatibleAccessPackages?$filter=displayName eq 'Audit'&$count=true";
            let none = app.get(&format!("{em}/accessPackages/{other}/{filtered}"), token).await.expect(200);
            assert_eq!(none.json["@odata.count"], 0);
        }
        let expand = "$select=id,displayName&$expand=incompatibleAccessPackages($select=displayName),\
            accessPackagesIncompatibleWith($select=displayName),incompatibleGroups($select=displayName)";
        let both = app.get(&format!("{EM}/accessPackages?$orderby=displayName&{expand}"), token).await;
        assert_snapshot!("packages_with_what_they_are_incompatible_with", app.show(&both));
        let references =
            app.get(&format!("{EM_BETA}/accessPackages/{other}/incompatibleAccessPackages/$ref"), token).await;
        assert_snapshot!("references_to_incompatible_packages", app.show(&references));
        let groups = app.get(&format!("{EM}/accessPackages/{other}/incompatibleGroups"), token).await;
        assert_snapshot!("incompatible_groups_in_v1", app.show(&groups));
    });
}

#[test]
fn references_are_taken_away_by_path_and_by_query_and_all_of_it_is_on_record() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let (token, campaign, other) = (two.campaign.token.as_str(), &two.campaign.package, &two.other);
        let sales = company::group("sales");
        let at = |em: &str, what: &str| format!("{em}/accessPackages/{other}/{what}");
        two.exclude(app).await;
        app.delete(&format!("{}/{campaign}/$ref", at(EM, "incompatibleAccessPackages")), token).await.expect(204);
        let bare = json!({ "@odata.id": format!("https://localhost:8443/beta/identityGovernance/entitlementManagement/accessPackages('{campaign}')") });
        app.post(&format!("{}/$ref", at(EM_BETA, "incompatibleAccessPackages")), token, bare).await.expect(204);
        let by_query = format!("$ref?@id=https://x/v1.0/accessPackages/{campaign}");
        app.delete(&format!("{}/{by_query}", at(EM_BETA, "incompatibleAccessPackages")), token).await.expect(204);
        exclude_group(app, token, other, sales).await;
        app.delete(&format!("{}/{sales}/$ref", at(EM_BETA, "incompatibleGroups")), token).await.expect(204);
        exclude_group(app, token, other, sales).await;
        let by_query = format!("$ref?@id=https://x/v1.0/groups/{sales}");
        app.delete(&format!("{}/{by_query}", at(EM, "incompatibleGroups")), token).await.expect(204);
        let gone = app.delete(&format!("{}/{sales}/$ref", at(EM, "incompatibleGroups")), token).await;
        assert_eq!((gone.status, gone.code()), (404, "Request_ResourceNotFound"));
        let gone = app.delete(&format!("{}/{campaign}/$ref", at(EM, "incompatibleAccessPackages")), token).await;
        assert_eq!((gone.status, gone.code()), (404, "ResourceNotFound"));
        let about =
            format!("targetResources/any(t:t/id eq '{other}') and contains(activityDisplayName,'incompatible')");
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={about}"), token).await.expect(200);
        let told: Vec<Value> = rows
            .values()
            .iter()
            .map(|r| {
                json!([
                    r["activityDisplayName"],
                    r["targetResources"][0]["displayName"],
                    r["targetResources"][1]["displayName"]
                ])
            })
            .collect();
        assert_eq!(
            told,
            [
                json!(["Create incompatible access package", "Audit", "Campaign"]),
                json!(["Delete incompatible access package", "Audit", "Campaign"]),
                json!(["Create incompatible access package", "Audit", "Campaign"]),
                json!(["Delete incompatible access package", "Audit", "Campaign"]),
                json!(["Create incompatible group", "Audit", "Sales"]),
                json!(["Delete incompatible group", "Audit", "Sales"]),
                json!(["Create incompatible group", "Audit", "Sales"]),
                json!(["Delete incompatible group", "Audit", "Sales"]),
            ]
        );
    });
}

#[test]
fn what_cannot_be_listed_is_refused_by_name_and_changes_nothing() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let (token, campaign, other) = (two.campaign.token.as_str(), &two.campaign.package, &two.other);
        two.exclude(app).await;
        exclude_group(app, token, other, company::group("sales")).await;
        let mail_only = group(app, token, "News", false).await;
        let unknown = company::TENANT_ID.to_string();
        let packages = format!("{EM}/accessPackages/{other}/incompatibleAccessPackages/$ref");
        let groups = format!("{EM}/accessPackages/{other}/incompatibleGroups/$ref");
        let mut heard = Vec::new();
        for (path, body) in [
            (&packages, package_reference(other)),
            (&packages, package_reference(campaign)),
            (&packages, package_reference(&unknown)),
            (&packages, json!({ "@odata.id": "accessPackages/Campaign" })),
            (&packages, json!({})),
            (&groups, group_reference(company::group("sales"))),
            (&groups, group_reference(&mail_only)),
            (&groups, group_reference(&unknown)),
            (&groups, group_reference(company::person("carla"))),
        ] {
            let answer = app.post(path, token, body).await;
            let at = answer.pointers().join(" ");
            heard.push(app.plain(&format!("{} {} {at} {}", answer.status, answer.code(), answer.message())));
        }
        assert_snapshot!("references_that_are_refused", heard.join("\n"));
        let absent = format!("{EM}/accessPackages/{unknown}/incompatibleGroups/$ref");
        let answer = app.post(&absent, token, group_reference(company::group("sales"))).await;
        assert_eq!((answer.status, answer.code()), (404, "ResourceNotFound"));
        let reverse = format!("{EM}/accessPackages/{campaign}/accessPackagesIncompatibleWith/$ref");
        assert_eq!(app.post(&reverse, token, package_reference(other)).await.status, 405, "it is read only");
        assert_eq!(listed(app, &[other]).await, 2);
    });
}

#[test]
fn who_reads_packages_reads_what_they_list_and_nobody_else_does() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        two.exclude(app).await;
        exclude_group(app, &two.campaign.token, &two.other, company::group("sales")).await;
        let (id, secret) = (Uuid::from_u128(0xfab0_0000_0000_4000_8000_0000_0000_00e1), "secret-of-the-auditor");
        let made = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            bootstrap::create_daemon(ctx, "Auditor", id, secret, &["EntitlementManagement.Read.All"])
        });
        made.await.expect("the daemon is made");
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &id.to_string()),
            ("client_secret", secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let auditor = app.token(&fields).await.expect(200).json["access_token"].as_str().unwrap_or_default().to_owned();
        let carla = app.token_of_person("carla").await;
        for what in ["incompatibleAccessPackages", "accessPackagesIncompatibleWith", "incompatibleGroups"] {
            let path = format!("{EM}/accessPackages/{}/{what}", two.other);
            let found = app.get(&path, &auditor).await.expect(200);
            assert_eq!(found.values().len(), usize::from(what != "accessPackagesIncompatibleWith"), "{what}");
            let refused = app.get(&path, &carla).await;
            assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"), "{what}");
        }
        let path = format!("{EM}/accessPackages/{}?$expand=incompatibleGroups", two.other);
        let seen = app.get(&path, &carla).await.expect(200);
        assert_eq!(seen.json["incompatibleGroups"], json!([]), "she sees the package, and not what it lists");
        for token in [&auditor, &carla] {
            let path = format!("{EM}/accessPackages/{}/incompatibleGroups/$ref", two.other);
            let refused = app.post(&path, token, group_reference(company::group("staff"))).await;
            assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"));
        }
    });
}

#[test]
fn what_is_deleted_for_good_is_listed_nowhere() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let token = two.campaign.token.as_str();
        two.exclude(app).await;
        exclude(app, token, &two.campaign.package, &two.other).await;
        let traders = group(app, token, "Traders", true).await;
        exclude_group(app, token, &two.other, &traders).await;
        let groups = async || {
            let path = format!("{EM}/accessPackages/{}/incompatibleGroups", two.other);
            app.get(&path, token).await.expect(200).values().len()
        };
        app.delete(&format!("/v1.0/groups/{traders}"), token).await.expect(204);
        assert_eq!(groups().await, 0, "a deleted group is not shown");
        let deleted = format!("/v1.0/directory/deletedItems/{traders}");
        app.post(&format!("{deleted}/restore"), token, Value::Null).await.expect(200);
        assert_eq!(groups().await, 1, "and comes back");
        app.delete(&format!("/v1.0/groups/{traders}"), token).await.expect(204);
        app.delete(&deleted, token).await.expect(204);
        let all = [two.other.as_str(), &two.campaign.package];
        assert_eq!(listed(app, &all).await, 2);
        app.delete(&format!("{EM}/accessPackages/{}", two.other), token).await.expect(204);
        assert_eq!(listed(app, &all).await, 0, "neither what it listed nor where it was listed");
    });
}

#[test]
fn who_has_both_is_found() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let token = campaign.token.as_str();
        for alias in ["carla", "ben"] {
            campaign.assign(app, alias).await;
            campaign.ask(app, token, two.audit("adminAdd", alias)).await.expect(201);
        }
        campaign.assign(app, "anna").await;
        two.exclude(app).await;
        let (one, other) = (&two.other, &campaign.package);
        let both = format!("additionalAccess(accessPackageId='{one}',incompatibleAccessPackageId='{other}')");
        let v1 = format!("{EM}/assignments/{both}");
        let found = app.get(&format!("{v1}?$expand=target&$count=true"), token).await.expect(200);
        assert_eq!(found.json["@odata.count"], 2);
        let names: Vec<&str> = found.values().iter().filter_map(|a| a["target"]["displayName"].as_str()).collect();
        assert_eq!(names, ["Carla Díaz", "Ben Carter"], "nobody is removed because of it");
        let beta = format!("{EM_BETA}/accessPackageAssignments/microsoft.graph.{both}");
        let selected = app.get(&format!("{beta}?$select=accessPackageId"), token).await.expect(200);
        assert_eq!(selected.column("accessPackageId"), [one.as_str(), one.as_str()]);
        let of_ben = format!("{v1}?$filter=target/objectId eq '{}'", company::person("ben"));
        assert_eq!(app.get(&of_ben, token).await.expect(200).values().len(), 1);
        let first = app.get(&format!("{v1}?$top=1"), token).await.expect(200);
        let next = first.json["@odata.nextLink"].as_str().unwrap_or_default().to_owned();
        let second = app.get(next.trim_start_matches("https://localhost"), token).await.expect(200);
        assert_eq!((second.values().len(), second.json.get("@odata.nextLink")), (1, None));
        assert_ne!(first.column("id"), second.column("id"));
        let count = app.get(&format!("{v1}/$count"), token).await;
        assert_eq!((count.status, count.text.as_str()), (200, "2"));
        let aliased = format!(
            "{EM}/assignments/additionalAccess(accessPackageId=@a,incompatibleAccessPackageId=@b)?@a='{other}'&@b='{one}'"
        );
        assert_eq!(app.get(&aliased, token).await.expect(200).values().len(), 2);
        // Who asks again for what he has both of is refused, and so is who ends one and asks for it again.
        let carla = app.token_of_person("carla").await;
        let again = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        assert_eq!(said(&again), (400, "ExistingAssignment", vec!["noLiveAssignment", "compatibleAccess"]));
        let end = json!({ "requestType": "adminRemove", "assignment": { "accessPackageId": one, "targetId": company::person("carla") } });
        campaign.ask(app, token, end).await.expect(201);
        assert_eq!(app.get(&v1, token).await.expect(200).values().len(), 1, "only live ones count");
        let again = campaign.ask(app, &carla, two.audit("userAdd", "carla")).await;
        assert_eq!((again.status, again.code()), INCOMPATIBLE);
        app.drain().await;
    });
}

#[test]
fn who_has_both_is_asked_for_with_two_packages_by_who_may_see_it() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let (token, one, other) = (two.campaign.token.as_str(), &two.other, &two.campaign.package);
        for (arguments, at) in [
            (String::new(), "accessPackageId incompatibleAccessPackageId"),
            (format!("accessPackageId='{one}'"), "incompatibleAccessPackageId"),
            (format!("accessPackageId='{one}',incompatibleAccessPackageId='x'"), "incompatibleAccessPackageId"),
            (format!("accessPackageId='{one}',incompatibleAccessPackageId='{one}'"), "incompatibleAccessPackageId"),
            (format!("accessPackageId='{one}',incompatibleAccessPackageId='{other}',more='1'"), "more"),
        ] {
            for set in [format!("{EM}/assignments"), format!("{EM_BETA}/accessPackageAssignments")] {
                let refused = app.get(&format!("{set}/additionalAccess({arguments})"), token).await;
                assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{arguments}");
                assert_eq!(refused.pointers().join(" "), at, "{arguments}");
            }
        }
        let both = format!("additionalAccess(accessPackageId='{one}',incompatibleAccessPackageId='{other}')");
        let carla = app.token_of_person("carla").await;
        let refused = app.get(&format!("{EM}/assignments/{both}"), &carla).await;
        assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"));
        let reader = app.token_reader().await;
        assert_eq!(app.get(&format!("{EM}/assignments/{both}"), &reader).await.expect(200).values().len(), 0);
        let posted = app.post(&format!("{EM}/assignments/{both}"), token, Value::Null).await;
        assert_eq!(posted.status, 405);
    });
}

#[test]
fn of_twenty_equal_requests_at_once_one_is_made() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        let asked = (0..20).map(|_| campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")));
        let answers = join_all(asked).await;
        let made = answers.iter().filter(|a| a.status == 201).count();
        let refused = answers
            .iter()
            .filter(|a| a.status == 400 && ["ExistingAssignment", "ExistingOpenRequest"].contains(&a.code()));
        assert_eq!(
            (made, refused.count()),
            (1, 19),
            "{:?}",
            answers.iter().map(|a| (a.status, a.code())).collect::<Vec<_>>()
        );
        for set in ["assignmentRequests", "assignments"] {
            let rows = app.get(&format!("{EM}/{set}"), &campaign.token).await.expect(200);
            assert_eq!(rows.values().len(), 1, "{set}");
        }
        app.drain().await;
    });
}

#[test]
fn of_two_packages_that_exclude_each_other_one_is_given_whoever_is_first() {
    on_every_database(async |app| {
        let two = Two::start(app).await;
        let campaign = &two.campaign;
        two.exclude(app).await;
        exclude(app, &campaign.token, &campaign.package, &two.other).await;
        let mut firsts = Vec::new();
        for round in 0..12 {
            let aliases = ["carla", "ben", "anna"];
            // All three people at once, each for both packages.
            let asked = aliases.iter().flat_map(|alias| {
                let both = [campaign.request("adminAdd", alias), two.audit("adminAdd", alias)];
                both.map(|body| campaign.ask(app, &campaign.token, body))
            });
            let answers = join_all(asked).await;
            for (alias, pair) in aliases.iter().zip(answers.chunks(2)) {
                let mut outcomes: Vec<(u16, &str)> = pair.iter().map(|a| (a.status, a.code())).collect();
                firsts.push(outcomes.first().is_some_and(|(status, _)| *status == 201));
                outcomes.sort_unstable();
                assert_eq!(outcomes, [(201, ""), INCOMPATIBLE], "{alias}, round {round}");
            }
            let live = app.get(&format!("{EM}/assignments?$filter=state eq 'delivered'"), &campaign.token).await;
            let ids = live.expect(200).column("id");
            assert_eq!(ids.len(), aliases.len(), "round {round}");
            for id in ids {
                let end = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
                campaign.ask(app, &campaign.token, end).await.expect(201);
            }
        }
        assert_eq!(firsts.len(), 36);
        app.drain().await;
    });
}
