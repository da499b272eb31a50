//! Limits that a caller meets: at the limit it works, one past it there is a refusal that names the limit, and nothing
//! was done. `crates/store/tests/every_limit.rs` lists where each limit is held and tested.

use crate::EM;
use crate::campaign::Campaign;
use crate::data_limits::{people, stranger};
use serde_json::{Value, json};
use std::time::Duration;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::{Catalog, CatalogKind};
use tenure_domain::ids::{CatalogId, PackageId};
use tenure_domain::limits;
use tenure_domain::package::Package;
use tenure_domain::{Timestamp, Uuid};
use tenure_service::{Identity, rows};
use tenure_store::Bounds;
use tenure_testkit::app::{HOST, on_every_database, on_every_database_within, request};
use tenure_testkit::{Answer, TestApp, company};

pub const CATALOG: u128 = 0xca00_0000;
pub const PACKAGE: u128 = 0x9a00_0000;

/// Catalogs C0 to Cn with so many packages each, made in one transaction.
pub async fn shelves(app: &TestApp, catalogs: u128, packages: u128) {
    let made = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
        for c in 0..catalogs {
            let id = CatalogId(Uuid::from_u128(CATALOG + c));
            rows::catalog::insert(ctx.tx, &Permit::system(Action::WriteCatalogs), &catalog(id, c, ctx.now));
            for p in c * packages..(c + 1) * packages {
                rows::package::insert(ctx.tx, &Permit::system(Action::WritePackages), &package(id, p, ctx.now));
            }
        }
        Ok(())
    });
    made.await.expect("the shelves are filled");
}

fn catalog(id: CatalogId, n: u128, now: Timestamp) -> Catalog {
    Catalog {
        id,
        name: format!("C{n}"),
        description: None,
        kind: CatalogKind::UserManaged,
        is_published: true,
        is_external: false,
        unique_name: None,
        created_at: now,
        modified_at: now,
        created_by: String::new(),
        modified_by: String::new(),
        version: 1,
    }
}

fn package(catalog: CatalogId, n: u128, now: Timestamp) -> Package {
    Package {
        id: PackageId(Uuid::from_u128(PACKAGE + n)),
        catalog,
        name: format!("P{n}"),
        description: None,
        is_hidden: false,
        scopes_visible: true,
        unique_name: None,
        created_at: now,
        modified_at: now,
        created_by: String::new(),
        modified_by: String::new(),
        version: 1,
    }
}

pub fn next(answer: &Answer) -> bool {
    answer.json.get("@odata.nextLink").is_some()
}

/// Status, code and the pointers or options at fault.
pub fn said(answer: &Answer) -> String {
    let targets = answer.pointers().join(" ");
    format!("{} {} {targets}", answer.status, answer.code()).trim().to_owned()
}

#[test]
fn pages_have_a_hundred_rows_and_at_most_nine_hundred_and_ninety_nine() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        // With the two that are there: General, and nothing else is asked for.
        shelves(app, 1_200, 0).await;
        let path = format!("{EM}/catalogs?$select=id&$filter=startswith(displayName,'C')");
        let rows = async |query: &str, headers: &[(&str, &str)]| {
            let page =
                app.call_with("GET", &format!("{path}{query}"), (&token, headers), Value::Null).await.expect(200);
            (page.values().len(), next(&page))
        };
        assert_eq!(rows("", &[]).await, (limits::PAGE_ROWS_DEFAULT as usize, true));
        assert_eq!(rows("&$top=999", &[]).await, (999, true));
        assert_eq!(rows("&$top=1000", &[]).await, (limits::PAGE_ROWS_MAX as usize, true));
        assert_eq!(rows("", &[("prefer", "odata.maxpagesize=1000")]).await, (999, true));
        assert_eq!(rows("&$skip=1199", &[]).await, (1, false));
        assert_eq!(rows(&format!("&$skip={}", limits::SKIP_MAX), &[]).await, (0, false));
        let past = app.get(&format!("{path}&$skip={}", limits::SKIP_MAX + 1), &token).await;
        assert_eq!(said(&past), "400 LimitExceeded $skip");
    });
}

#[test]
fn a_collection_is_expanded_to_a_thousand_rows_and_an_answer_to_fifty_thousand() {
    // So much takes a slow machine more than its time; that is another limit.
    let bounds = Bounds { read_time: Duration::from_mins(1), ..Bounds::default() };
    on_every_database_within(bounds, async |app| {
        let token = app.token_app().await;
        let full = u128::from(limits::EXPAND_ROWS_MAX);
        let catalogs = limits::EXPAND_ROWS_TOTAL_MAX as u128 / full;
        shelves(app, catalogs, full).await;
        let path = format!("{EM}/catalogs?$select=id&$filter=startswith(displayName,'C')");
        let expand = "&$expand=accessPackages($select=id)";
        let whole = app.get(&format!("{path}{expand}"), &token).await.expect(200);
        let lists = whole.values().iter().filter_map(|c| c["accessPackages"].as_array().map(Vec::len));
        assert!(lists.clone().all(|n| n == 1_000) && lists.count() == 50, "everything that is there");
        assert!(!whole.text.contains("accessPackages@odata.nextLink"));
        let more = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            let permit = Permit::system(Action::WritePackages);
            rows::package::insert(ctx.tx, &permit, &package(CatalogId(Uuid::from_u128(CATALOG)), 70_000, ctx.now));
            Ok(())
        });
        more.await.expect("one more package");
        let past = app.get(&format!("{path}{expand}"), &token).await;
        assert_eq!(said(&past), "400 LimitExceeded");
        let first = format!("{EM}/catalogs?$select=id&$filter=displayName eq 'C0'{expand}");
        let first = app.get(&first, &token).await.expect(200);
        assert_eq!(first.values()[0]["accessPackages"].as_array().map(Vec::len), Some(1_000));
        assert!(first.text.contains("accessPackages@odata.nextLink"), "one more is behind the link");
        let fewer = app.get(&format!("{path}{expand}&$top=20"), &token).await.expect(200);
        assert_eq!(fewer.values().len(), 20);
    });
}

#[test]
fn the_parents_of_an_expansion_are_more_than_one_statement_takes() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let many = limits::IN_LIST_MAX as u128 + 1;
        shelves(app, many, 1).await;
        let path = format!("{EM}/catalogs?$filter=startswith(displayName,'C')&$expand=accessPackages($select=id)");
        let page = app.get(&format!("{path}&$select=id&$top={many}"), &token).await.expect(200);
        let filled = page.values().iter().filter(|c| c["accessPackages"].as_array().is_some_and(|p| p.len() == 1));
        assert_eq!(filled.count(), limits::IN_LIST_MAX + 1);
        let path = format!("{EM}/accessPackages?$filter=startswith(displayName,'P')&$expand=catalog($select=id)");
        let page = app.get(&format!("{path}&$select=id&$top={many}"), &token).await.expect(200);
        let filled = page.values().iter().filter(|p| p["catalog"]["id"].is_string());
        assert_eq!(filled.count(), limits::IN_LIST_MAX + 1);
    });
}

#[test]
fn queries_are_bounded_in_every_direction() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let ask = async |path: &str| said(&app.get(path, &campaign.token).await);
        let or = |n: usize| format!("{EM}/assignments?$filter={}", vec!["state eq 'delivered'"; n].join(" or "));
        assert_eq!(ask(&or(50)).await, "200", "199 nodes");
        assert_eq!(ask(&or(51)).await, "400 LimitExceeded $filter");
        let deep = |n: usize| format!("{EM}/assignments?$filter={}1 eq 1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(ask(&deep(limits::FILTER_DEPTH_MAX)).await, "200");
        assert_eq!(ask(&deep(limits::FILTER_DEPTH_MAX + 1)).await, "400 LimitExceeded $filter");
        let list =
            |n: usize| format!("{EM}/assignments?$filter=id in ({})", vec![format!("'{}'", Uuid::nil()); n].join(","));
        assert_eq!(ask(&list(limits::FILTER_NODES_MAX - 2)).await, "200");
        assert_eq!(ask(&list(limits::FILTER_NODES_MAX - 1)).await, "400 LimitExceeded $filter");
        let far = |way: &str| format!("{EM}/assignmentRequests?$filter={way}/displayName eq 'x'");
        let (at, past) = ("assignment/accessPackage/catalog", "assignment/assignmentPolicy/accessPackage/catalog");
        let steps = [at, past].map(|way| way.split('/').count());
        assert_eq!(steps, [limits::FILTER_NAV_DEPTH_MAX, limits::FILTER_NAV_DEPTH_MAX + 1]);
        assert_eq!(ask(&far(at)).await, "200");
        assert_eq!(ask(&far(past)).await, "400 LimitExceeded $filter");
        let nested = |n: usize| {
            let names = ["catalog", "accessPackages"].into_iter().cycle().take(n).collect::<Vec<_>>();
            let (last, before) = names.split_last().expect("a level");
            let levels = before.iter().rfold((*last).to_owned(), |inner, name| format!("{name}($expand={inner})"));
            format!("{EM}/accessPackages?$expand={levels}")
        };
        assert_eq!(ask(&nested(limits::EXPAND_DEPTH_MAX)).await, "200");
        assert_eq!(ask(&nested(limits::EXPAND_DEPTH_MAX + 1)).await, "400 LimitExceeded $expand");
        let wide = |n: usize| format!("/v1.0/users?$expand={}", vec!["manager"; n].join(","));
        assert_eq!(ask(&wide(limits::EXPAND_NODES_MAX)).await, "200");
        assert_eq!(ask(&wide(limits::EXPAND_NODES_MAX + 1)).await, "400 LimitExceeded $expand");
        // The dearest of everything at once: its budget is counted in nodes, not in time.
        let lambda = "assignmentPolicies/any(p:contains(p/displayName,'é') and not startswith(p/displayName,'x'))";
        let heavy = format!("{EM}/accessPackages?$filter={}&$count=true", vec![lambda; 18].join(" or "));
        assert_eq!(ask(&heavy).await, "200");
    });
}

#[test]
fn a_request_is_bounded_in_its_url_body_and_depth() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/catalogs?x=");
        let url =
            async |bytes: usize| said(&app.get(&format!("{path}{}", "x".repeat(bytes - path.len())), &token).await);
        assert_eq!(url(limits::URL_MAX_BYTES).await, "200");
        assert_eq!(url(limits::URL_MAX_BYTES + 1).await, "414 UriTooLong");
        let bearer = format!("Bearer {token}");
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = async |bytes: usize| {
            let text = format!("{{\"description\":\"{}\"}}", "x".repeat(bytes - 18));
            said(&app.send(request("POST", &format!("{EM}/catalogs"), &headers, &text)).await)
        };
        assert_eq!(body(limits::BODY_MAX_BYTES).await, "400 InvalidModel /displayName", "it was read");
        assert_eq!(body(limits::BODY_MAX_BYTES + 1).await, "413 PayloadTooLarge");
        let deep = async |levels: usize| {
            let inner = (2..=levels).fold(json!("x"), |inner, _| json!([inner]));
            app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": inner })).await
        };
        assert_eq!(said(&deep(limits::JSON_DEPTH_MAX).await), "400 InvalidModel /displayName");
        assert_eq!(said(&deep(limits::JSON_DEPTH_MAX + 1).await), "400 LimitExceeded");
        let form = async |bytes: usize| {
            let text = "x".repeat(bytes);
            let form = [("host", HOST), ("content-type", "application/x-www-form-urlencoded")];
            app.send(request("POST", "/common/oauth2/v2.0/token", &form, &text)).await.status
        };
        assert_eq!(form(limits::FORM_BYTES_MAX).await, 400);
        assert_eq!(form(limits::FORM_BYTES_MAX + 1).await, 413);
    });
}

#[test]
fn an_object_has_so_many_members_a_list_so_many_items_and_an_answer_so_many_faults() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let post = async |body: Value| app.post(&format!("{EM}/catalogs"), &token, body).await;
        let members = |n: usize| -> Value {
            let mut body = json!({ "displayName": "Wide", "description": null });
            for i in 2..n {
                body[format!("x{i}@odata.type")] = json!("x");
            }
            body
        };
        assert_eq!(post(members(limits::JSON_MEMBERS_MAX)).await.status, 201);
        let past = post(members(limits::JSON_MEMBERS_MAX + 1)).await;
        assert_eq!(past.status, 400);
        assert!(past.message().contains("at most 1000 members"), "{}", past.text);
        let unknown = |n: usize| (0..n).map(|i| (format!("unknown{i}"), json!(1))).collect::<serde_json::Map<_, _>>();
        assert_eq!(post(unknown(60).into()).await.pointers().len(), limits::FAULTS_MAX);
        // Hundreds of thousands of faults cost no more than fifty.
        assert_eq!(post(unknown(200_000).into()).await.pointers().len(), limits::FAULTS_MAX);
        let list = |n: usize| json!({ "questions": vec![json!({}); n] });
        let policy = async |body: Value| app.post(&format!("{EM}/assignmentPolicies"), &token, body).await.text;
        assert!(!policy(list(limits::JSON_ITEMS_MAX)).await.contains("at most 10000 items"));
        assert!(policy(list(limits::JSON_ITEMS_MAX + 1)).await.contains("at most 10000 items"));
    });
}

#[test]
fn a_part_of_a_batch_is_bounded_like_a_request() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let part = async |member: &str, value: Value| {
            let mut part = json!({ "id": "1", "method": "GET", "url": "/groups?$top=1" });
            part[member] = value;
            let answer = app.post("/v1.0/$batch", &token, json!({ "requests": [part] })).await;
            let inner = answer.json["responses"][0]["status"].as_u64().map(|s| s.to_string()).unwrap_or_default();
            format!("{} {inner}", said(&answer)).trim().to_owned()
        };
        let headers =
            |n: usize| (0..n).map(|i| (format!("x-{i}"), json!("y"))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(part("headers", headers(limits::BATCH_HEADERS_MAX)).await, "200 200");
        let refused = "400 InvalidModel /requests/0/headers";
        assert_eq!(part("headers", headers(limits::BATCH_HEADERS_MAX + 1)).await, refused);
        assert_eq!(part("headers", headers(40_000)).await, refused, "more than a map of headers can hold");
        let url = |n: usize| json!(format!("/groups?x={}", "x".repeat(n - 10)));
        assert_eq!(part("url", url(limits::BATCH_URL_BYTES_MAX)).await, "200 200");
        assert_eq!(part("url", url(limits::BATCH_URL_BYTES_MAX + 1)).await, "400 InvalidModel /requests/0/url");
        let on = |n: usize| json!(vec!["nowhere"; n]);
        assert_eq!(part("dependsOn", on(limits::BATCH_PARTS_MAX)).await, "400 InvalidModel /requests");
        assert_eq!(part("dependsOn", on(limits::BATCH_PARTS_MAX + 1)).await, "400 InvalidModel /requests/0/dependsOn");
    });
}

#[test]
fn ids_and_references_are_counted() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let ids = async |n: usize| {
            let mut ids = vec![Uuid::from_u128(1).to_string(); n];
            // The last one is in the last statement.
            ids[n - 1] = company::person("ben").to_string();
            let answer = app.post("/v1.0/directoryObjects/getByIds", &token, json!({ "ids": ids })).await;
            let found = if answer.status == 200 { answer.column("displayName") } else { Vec::new() };
            (said(&answer), found)
        };
        let ben = vec!["Ben Carter".to_owned()];
        assert_eq!(ids(limits::IN_LIST_MAX).await, ("200".to_owned(), ben.clone()));
        assert_eq!(ids(limits::IN_LIST_MAX + 1).await, ("200".to_owned(), ben.clone()));
        assert_eq!(ids(limits::GETBYIDS_MAX).await, ("200".to_owned(), ben));
        assert_eq!(ids(limits::GETBYIDS_MAX + 1).await.0, "400 InvalidModel /ids");
        people(app, 21).await;
        let bind = async |n: u128| {
            let members: Vec<String> = (0..n).map(|i| format!("https://{HOST}/v1.0/users/{}", stranger(i).0)).collect();
            let body = json!({ "displayName": format!("G{n}"), "mailNickname": format!("g{n}"), "mailEnabled": false,
                "securityEnabled": true, "members@odata.bind": members });
            said(&app.post("/v1.0/groups", &token, body).await)
        };
        assert_eq!(bind(limits::BIND_MAX as u128).await, "201");
        assert_eq!(bind(limits::BIND_MAX as u128 + 1).await, "400 InvalidModel /members@odata.bind");
    });
}

#[test]
fn what_a_post_made_is_remembered_to_the_last_moment_of_its_time() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let send = async |key: &str, name: &str| {
            let key = [("idempotency-key", key)];
            app.call_with("POST", &format!("{EM}/catalogs"), (&token, &key), json!({ "displayName": name })).await
        };
        let first = send("k", "One").await.expect(201).id();
        app.let_pass(limits::IDEMPOTENCY_KEEP_MINUTES * 60 - 1);
        assert_eq!(send("k", "One").await.expect(201).id(), first);
        app.let_pass(2);
        assert_eq!(send("k", "One").await.code(), "DuplicateCatalog", "nothing is remembered any more");
    });
}

#[test]
fn access_tokens_live_between_an_hour_and_ninety_minutes() {
    on_every_database(async |app| {
        let mut lives = Vec::new();
        for _ in 0..20 {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", &company::READER_ID.to_string()),
                ("client_secret", company::READER_SECRET),
                ("scope", "https://graph.microsoft.com/.default"),
            ];
            let answer = app.token(&fields).await.expect(200);
            lives.push(answer.json["expires_in"].as_i64().unwrap_or_default());
        }
        let allowed = limits::ACCESS_TOKEN_LIFE_MIN_SECONDS..=limits::ACCESS_TOKEN_LIFE_MAX_SECONDS;
        assert!(lives.iter().all(|life| allowed.contains(life)), "{lives:?}");
        let token = app.token_reader().await;
        app.let_pass(limits::ACCESS_TOKEN_LIFE_MIN_SECONDS - 60);
        assert_eq!(app.get("/v1.0/groups", &token).await.status, 200);
        app.let_pass(limits::ACCESS_TOKEN_LIFE_MAX_SECONDS - limits::ACCESS_TOKEN_LIFE_MIN_SECONDS + 61);
        assert_eq!(app.get("/v1.0/groups", &token).await.status, 401);
    });
}

#[test]
fn an_account_is_locked_after_so_many_failures_for_so_long() {
    on_every_database(async |app| {
        let try_with = async |password: &str| {
            let fields = [
                ("grant_type", "password"),
                ("client_id", &company::CLIENT_ID.to_string()),
                ("username", &company::principal_name("carla")),
                ("password", password),
                ("scope", "https://graph.microsoft.com/.default"),
            ];
            app.token(&fields).await.json["error_codes"][0].as_i64()
        };
        // Each failure is followed by a pause of at most 64 seconds, the last one by the lock.
        for _ in 1..limits::SIGNIN_FAILURES_MAX {
            assert_eq!(try_with("wrong").await, Some(50_126));
            app.let_pass(65);
        }
        assert_eq!(try_with("wrong").await, Some(50_126));
        app.let_pass(limits::SIGNIN_LOCK_MINUTES * 60 - 2);
        assert_eq!(try_with(company::PASSWORD).await, Some(50_053), "locked to the last moment");
        app.let_pass(3);
        assert_eq!(try_with(company::PASSWORD).await, None, "and no longer");
    });
}
