//! Query options: filters, order, pages, counts, searches, selections and expansions.

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// Makes packages of these names in General.
async fn packages(app: &TestApp, token: &str, names: &[&str]) {
    for name in names {
        let body = json!({ "displayName": name, "description": format!("All of {name}") });
        app.post(&format!("{EM}/accessPackages"), token, body).await.expect(201);
    }
}

/// The names of the packages that a query finds.
async fn found(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    app.get(&format!("{EM}/accessPackages?{query}"), token).await.expect(200).column("displayName")
}

/// The path and query of a next link.
fn next(page: &Answer) -> Option<String> {
    let link = page.json["@odata.nextLink"].as_str()?;
    Some(link.strip_prefix("https://localhost").unwrap_or(link).to_owned())
}

#[test]
fn filters_mean_what_they_say() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        packages(app, &token, &["Alpha", "Beta", "alphabet", "Größe", "It's"]).await;
        let all = ["Alpha", "Beta", "alphabet", "Größe", "It's"];
        for (filter, expected) in [
            ("displayName eq 'ALPHA'", &all[..1]),
            ("displayName ne 'alpha'", &all[1..]),
            ("contains(tolower(displayName),'alpha')", &["Alpha", "alphabet"]),
            ("startswith(displayName,'alpha')", &["Alpha", "alphabet"]),
            ("endswith(displayName,'ta')", &["Beta"]),
            ("displayName eq 'It''s'", &["It's"]),
            ("displayName eq 'GRÖSSE' or displayName eq 'GRÖßE'", &["Größe"]),
            ("displayName in ('Alpha','Beta')", &["Alpha", "Beta"]),
            ("not (displayName eq 'Alpha') and startswith(displayName,'a')", &["alphabet"]),
            ("isHidden eq true", &[]),
            ("catalog/displayName eq 'general' and displayName gt 'b'", &["Beta", "Größe", "It's"]),
            ("assignmentPolicies/any()", &[]),
            ("1 eq 1", &all[..]),
        ] {
            assert_eq!(found(app, &token, &format!("$filter={filter}")).await, expected, "{filter}");
        }
    });
}

#[test]
fn what_is_wrong_with_a_query_is_said_with_its_place() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let mut told = Vec::new();
        for query in [
            "$filter=displayNam eq 'x'",
            "$filter=displayName eq 7",
            "$filter=displayName eq 'x' und isHidden eq true",
            "$filter=id eq 'not-a-guid'",
            "$filter=catalog/id eq 'General'",
            "$filter=displayName eq 'x",
            "$filter=((displayName eq 'x')",
            "$filter=length(displayName) eq 3",
            "$filter=description eq 'x'",
            "$filter=modifiedDateTime gt 'yesterday'",
            "$top=0",
            "$top=-1",
            "$top=many",
            "$skip=-1",
            "$skip=10001",
            "$count=perhaps",
            "$select=displayNam",
            "$orderby=displayName upwards",
            "$orderby=description",
            "$expand=catalogs",
            "$expand=catalog($expand=accessPackages($expand=catalog($expand=accessPackages)))",
            "$fitler=x",
            "$search=",
            "$skiptoken=abc",
        ] {
            let answer = app.get(&format!("{EM}/accessPackages?{query}"), &token).await;
            let at = answer.json["error"]["details"][0]["message"].as_str().unwrap_or_default().to_owned();
            let place = at.rsplit_once(" at position ").map_or("", |(_, n)| n).to_owned();
            told.push(format!(
                "{query}\n  {} {} {:?} {place}\n  {}",
                answer.status,
                answer.code(),
                answer.pointers(),
                answer.message()
            ));
        }
        assert_snapshot!("queries_that_are_refused", told.join("\n"));
        let one = app.get(&format!("{EM}/accessPackages?$filter=displayNam eq 'x'"), &token).await;
        assert_snapshot!("filter_by_an_unknown_property", app.show(&one));
    });
}

#[test]
fn a_list_is_read_to_its_end_page_by_page() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let names: Vec<String> = (0..7).map(|n| format!("P{n}")).collect();
        packages(app, &token, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut seen = Vec::new();
        let mut path = Some(format!("{EM}/accessPackages?$top=3&$count=true&$select=displayName"));
        let mut pages = 0;
        while let Some(at) = path {
            let page = app.get(&at, &token).await.expect(200);
            assert_eq!(page.json["@odata.count"], 7, "the count goes along");
            seen.extend(page.column("displayName"));
            pages += 1;
            path = next(&page);
        }
        assert_eq!((pages, seen), (3, names));
        let whole = app.get(&format!("{EM}/accessPackages?$top=7"), &token).await.expect(200);
        assert_eq!(next(&whole), None, "there is no empty last page");
    });
}

#[test]
fn pages_keep_an_order_with_equal_values() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for (n, name) in ["b", "a", "c", "a2", "b2"].iter().enumerate() {
            let body = json!({ "displayName": name, "isHidden": n % 2 == 0 });
            app.post(&format!("{EM}/accessPackages"), &token, body).await.expect(201);
        }
        let mut seen = Vec::new();
        let mut path = Some(format!("{EM}/accessPackages?$orderby=isHidden desc,displayName&$top=2"));
        while let Some(at) = path {
            let page = app.get(&at, &token).await.expect(200);
            seen.extend(page.column("displayName"));
            path = next(&page);
        }
        assert_eq!(seen, ["b", "b2", "c", "a", "a2"]);
    });
}

#[test]
fn a_next_link_belongs_to_its_query() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        packages(app, &token, &["One", "Two", "Three"]).await;
        let page = app.get(&format!("{EM}/accessPackages?$top=1&$filter=isHidden eq false"), &token).await.expect(200);
        let link = next(&page).unwrap_or_default();
        let token_at = link.find("$skiptoken=").unwrap_or_default() + "$skiptoken=".len();
        let middle = token_at + (link.len() - token_at) / 2;
        let swap = if link.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let altered = format!("{}{swap}{}", &link[..middle], &link[middle + 1..]);
        let foreign = format!("{EM}/catalogs?$skiptoken={}", &link[token_at..]);
        let other_filter = link.replace("false", "true");
        for bad in [altered, foreign, other_filter] {
            let answer = app.get(&bad, &token).await;
            assert_eq!((answer.status, answer.code()), (400, "InvalidNextLink"), "{bad}");
        }
        let reader = app.token_reader().await;
        assert_eq!(app.get(&link, &reader).await.expect(200).values().len(), 1);
    });
}

#[test]
fn the_size_of_a_page_may_be_a_preference() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        packages(app, &token, &["One", "Two", "Three"]).await;
        let prefer = [("prefer", "odata.maxpagesize=2")];
        let page = app.call_with("GET", &format!("{EM}/accessPackages"), (&token, &prefer), Value::Null).await;
        assert_eq!(page.expect(200).values().len(), 2);
        assert_eq!(found(app, &token, "$skip=1&$top=1").await, ["Two"]);
        assert_eq!(found(app, &token, "$top=5000").await.len(), 3, "more than a page holds is a full page");
    });
}

#[test]
fn counts_are_exact() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        packages(app, &token, &["Alpha", "Beta", "alphabet"]).await;
        let count = app.get(&format!("{EM}/accessPackages/$count"), &token).await.expect(200);
        assert_eq!((count.text.as_str(), count.header("content-type")), ("3", "text/plain"));
        let filtered = format!("{EM}/accessPackages/$count?$filter=startswith(displayName,'alpha')");
        assert_eq!(app.get(&filtered, &token).await.text, "2");
        let page = app.get(&format!("{EM}/accessPackages?$count=true&$filter=isHidden eq true"), &token).await;
        assert_eq!((&page.json["@odata.count"], page.values().len()), (&json!(0), 0));
        let members = format!("/v1.0/groups/{}/members/$count", company::group("staff"));
        assert_eq!(app.get(&members, &token).await.text, "3");
        let nobody = format!("/v1.0/groups/{}/members/$count", company::TENANT_ID);
        assert_eq!(app.get(&nobody, &token).await.status, 404);
    });
}

#[test]
fn people_are_found_by_the_beginnings_of_their_names() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for (search, expected) in [
            ("\"displayName:car\"", vec!["Ben Carter", "Carla Díaz"]),
            ("\"displayName:ben\" AND \"displayName:cart\"", vec!["Ben Carter"]),
            ("\"displayName:gil\" OR \"displayName:díaz\"", vec!["Carla Díaz", "Gil Moreau"]),
            ("\"displayName:arter\"", vec![]),
            ("anna", vec!["Anna Berg"]),
        ] {
            let path = format!("/v1.0/users?$search={search}&$orderby=displayName&$count=true");
            let advanced = [("consistencylevel", "eventual")];
            let answer = app.call_with("GET", &path, (&token, &advanced), Value::Null).await.expect(200);
            assert_eq!(answer.column("displayName"), expected, "{search}");
            assert_eq!(answer.json["@odata.count"], json!(expected.len()));
        }
    });
}

#[test]
fn searching_the_directory_needs_its_header() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let refused = app.get("/v1.0/users?$search=\"displayName:car\"", &token).await;
        assert_eq!((refused.status, refused.code()), (400, "Request_UnsupportedQuery"));
        packages(app, &token, &["Campaign", "Other"]).await;
        assert_eq!(found(app, &token, "$search=\"camp\"").await, ["Campaign"], "entitlement management does not");
    });
}

#[test]
fn only_what_is_selected_is_shown() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = format!("{EM}/accessPackages/{}", campaign.package);
        let chosen = app
            .get(&format!("{path}?$select=id,displayName&$expand=catalog($select=displayName)"), &campaign.token)
            .await;
        assert_snapshot!("package_with_selected_properties", app.show(&chosen));
        let one = app.get(&format!("{path}/displayName"), &campaign.token).await;
        assert_snapshot!("one_property", app.show(&one));
        let raw = app.get(&format!("{path}/displayName/$value"), &campaign.token).await.expect(200);
        assert_eq!((raw.text.as_str(), raw.header("content-type")), ("Campaign", "text/plain; charset=utf-8"));
        assert_eq!(app.get(&format!("{path}/description"), &campaign.token).await.status, 204, "null");
        assert_eq!(app.get(&format!("{path}/catalog/displayName/$value"), &campaign.token).await.text, "Marketing");
    });
}

#[test]
fn what_is_expanded_has_its_own_options() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let star = app.get(&format!("{EM}/assignments?$expand=*"), &campaign.token).await.expect(200);
        let first = &star.values()[0];
        for nav in ["target", "accessPackage", "assignmentPolicy"] {
            assert!(first[nav].is_object(), "{nav}");
        }
        packages(app, &campaign.token, &["One", "Two", "Three"]).await;
        let expand = "$expand=accessPackages($top=2;$orderby=displayName desc;$count=true;$select=displayName)";
        let path = format!("{EM}/catalogs?$filter=displayName eq 'General'&$select=displayName&{expand}");
        let expanded = app.get(&path, &campaign.token).await;
        assert_snapshot!("catalog_with_two_of_its_packages", app.show(&expanded));
        let link = expanded.values()[0]["accessPackages@odata.nextLink"].as_str().unwrap_or_default();
        let more = app.get(link.trim_start_matches("https://localhost"), &campaign.token).await.expect(200);
        assert_eq!(more.values(), [json!({ "displayName": "One" })], "the rest, in the same order");
        let skipped = "$expand=accessPackages($skip=1;$filter=displayName ne 'Two';$select=displayName)";
        let path = format!("{EM}/catalogs?$filter=displayName eq 'General'&{skipped}");
        let general = app.get(&path, &campaign.token).await.expect(200);
        assert_eq!(general.values()[0]["accessPackages"], json!([{ "displayName": "Three" }]));
        let nested = "$expand=catalog($expand=accessPackages($top=1))";
        let one = app.get(&format!("{EM}/accessPackages?$filter=displayName eq 'Two'&{nested}"), &campaign.token).await;
        let link = one.values()[0]["catalog"]["accessPackages@odata.nextLink"].as_str().unwrap_or_default();
        let more = app.get(link.trim_start_matches("https://localhost"), &campaign.token).await.expect(200);
        assert_eq!(more.column("displayName"), ["Two"], "{link}");
    });
}

#[test]
fn rows_are_found_through_what_they_belong_to() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        campaign.assign(app, "ben").await;
        let carla = company::person("carla");
        let count = async |path: String| app.get(&path, &campaign.token).await.expect(200).values().len();
        let (package, policy, catalog) = (&campaign.package, &campaign.policy, &campaign.catalog);
        for (path, expected) in [
            (format!("{EM}/assignments?$filter=target/objectId eq '{carla}'&$expand=target"), 1),
            (format!("{EM}/assignments?$filter=target/objectid eq '{carla}' and assignmentPolicy/Id eq '{policy}'"), 1),
            (format!("{EM}/accessPackageAssignments?$filter=accessPackage/Id eq '{package}'"), 2),
            (format!("{EM_BETA}/accessPackageAssignments?$filter=accessPackageId eq '{package}'"), 2),
            (
                format!(
                    "{EM_BETA}/accessPackageAssignments\
                         ?$filter=assignmentState eq 'Delivered' and assignmentPolicyId eq '{policy}'"
                ),
                2,
            ),
            (format!("{EM_BETA}/accessPackageAssignments?$filter=accessPackageAssignmentPolicy/Id eq '{policy}'"), 2),
            (format!("{EM_BETA}/accessPackageAssignments?$filter=catalogId eq '{catalog}'"), 2),
            (format!("{EM}/assignmentRequests?$filter=assignment/target/objectId eq '{carla}'"), 1),
            (format!("{EM}/assignmentRequests?$filter=accessPackage/id eq '{package}' and state eq 'delivered'"), 2),
            (format!("{EM}/assignmentRequests?$filter=createdDateTime gt 2026-03-03T00:00:00Z"), 0),
            (format!("{EM}/assignmentRequests?$filter=createdDateTime ge 2026-03-02"), 2),
            (format!("{EM_BETA}/accessPackageAssignmentRequests?$filter=requestState eq 'Delivered'"), 2),
            (format!("{EM}/assignmentPolicies?$filter=accessPackage/id eq '{package}'"), 1),
            (format!("{EM_BETA}/accessPackageAssignmentPolicies?$filter=accessPackageId eq '{package}'"), 1),
            (format!("{EM_BETA}/accessPackages?$filter=accessPackageCatalog/Id eq '{catalog}'"), 1),
            (
                format!(
                    "{EM_BETA}/accessPackageAssignmentResourceRoles?$filter=accessPackageSubject/objectId eq '{carla}'"
                ),
                1,
            ),
            (format!("{EM_BETA}/accessPackageAssignmentResourceRoles?$filter=originSystem eq 'AadGroup'"), 2),
            (format!("{EM}/accessPackages/{package}/assignmentPolicies"), 1),
            (format!("{EM}/catalogs/{catalog}/accessPackages?$filter=displayName eq 'Campaign'"), 1),
            (
                format!(
                    "{EM}/assignments\
                         ?$filter=accessPackage/displayName eq 'campaign' and target/email eq 'BEN@fabrikam.example'"
                ),
                1,
            ),
            (format!("{EM}/assignments?$filter=schedule/expiration/endDateTime lt 2026-05-01T00:00:00Z"), 2),
        ] {
            assert_eq!(count(path.clone()).await, expected, "{path}");
        }
        let subject = app.get(&format!("{EM}/subjects(objectId='{carla}')"), &campaign.token).await.expect(200);
        assert_eq!(subject.json["principalName"], "carla@fabrikam.example");
    });
}

#[test]
fn parents_that_are_not_there_are_404() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let nobody = company::TENANT_ID;
        for (path, code) in [
            (format!("{EM}/catalogs/{nobody}/resources"), "ResourceNotFound"),
            (format!("{EM}/accessPackages/{nobody}/assignmentPolicies"), "ResourceNotFound"),
            (format!("{EM}/accessPackages/not-an-id"), "ResourceNotFound"),
            (format!("{EM}/accessPackages/not-an-id/resourceRoleScopes"), "ResourceNotFound"),
            (format!("/v1.0/groups/{nobody}/members"), "Request_ResourceNotFound"),
            ("/v1.0/users/nobody@fabrikam.example".to_owned(), "Request_ResourceNotFound"),
            ("/v1.0/users/nobody@fabrikam.example/memberOf".to_owned(), "Request_ResourceNotFound"),
            (format!("/v1.0/servicePrincipals(appId='{nobody}')"), "Request_ResourceNotFound"),
        ] {
            let answer = app.get(&path, &token).await;
            assert_eq!((answer.status, answer.code()), (404, code), "{path}");
        }
    });
}

#[test]
fn the_audit_log_is_read_by_who_may() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = "/v1.0/auditLogs/directoryAudits";
        let filter =
            "$filter=activityDisplayName eq 'Create access package' and activityDateTime ge 2026-03-02T00:00:00Z";
        let rows = app.get(&format!("{path}?{filter}"), &campaign.token).await;
        assert_snapshot!("audit_rows_of_a_package", app.show(&rows));
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.get(path, &carla).await.status, 403);
        let anna = app.token_of_person("anna").await;
        assert_eq!(app.get(&format!("{path}?$top=1"), &anna).await.expect(200).values().len(), 1);
        assert_eq!(app.post(path, &campaign.token, json!({})).await.status, 405);
        let id = rows.column("id")[0].clone();
        assert_eq!(app.delete(&format!("{path}/{id}"), &campaign.token).await.status, 405);
    });
}
