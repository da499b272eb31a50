//! What holds for every request: who is asked and who asks, envelopes of errors, limits, methods, batches, replays.

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::app::{HOST, request};
use tenure_testkit::company;

/// A catalog's body.
fn named(name: &str) -> Value {
    json!({ "displayName": name })
}

#[test]
fn without_a_token_nothing_is_answered() {
    on_every_database(async |app| {
        let path = format!("{EM}/catalogs");
        assert_snapshot!("unauthenticated", app.show(&app.get(&path, "").await));
        assert_eq!(app.get(&path, "nonsense").await.status, 401);
        let token = app.token_app().await;
        let altered = format!("{}x", &token[..token.len() - 1]);
        assert_eq!(app.get(&path, &altered).await.status, 401);
        let basic = app.call_with("GET", &path, ("", &[("authorization", "Basic YTpi")]), Value::Null).await;
        assert_eq!((basic.status, basic.code()), (401, "InvalidAuthenticationToken"));
        let unknown = app.get("/v1.0/nothing/here", "").await;
        assert_eq!(unknown.status, 401, "strangers do not learn what there is");
    });
}

#[test]
fn a_token_ends_with_its_time() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        assert_eq!(app.get("/v1.0/groups", &token).await.status, 200);
        app.advance("P10D").await;
        assert_eq!(app.get("/v1.0/groups", &token).await.status, 200, "I1: the business clock ends no token");
        app.let_pass(5_401);
        let ended = app.get("/v1.0/groups", &token).await;
        assert_eq!((ended.status, ended.code()), (401, "InvalidAuthenticationToken"));
    });
}

#[test]
fn who_is_blocked_or_deleted_is_out_at_once() {
    on_every_database(async |app| {
        let admin = app.token_app().await;
        let (ben, carla) = (app.token_of_person("ben").await, app.token_of_person("carla").await);
        let path = |alias: &str| format!("/v1.0/users/{}", company::principal_name(alias));
        assert_eq!(app.get("/v1.0/me", &ben).await.json["displayName"], "Ben Carter");
        app.patch(&path("ben"), &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(app.get("/v1.0/me", &ben).await.status, 401);
        app.patch(&path("ben"), &admin, json!({ "accountEnabled": true })).await.expect(204);
        assert_eq!(app.get("/v1.0/me", &ben).await.status, 401, "older tokens stay dead");
        app.delete(&path("carla"), &admin).await.expect(204);
        let out = app.get("/v1.0/me", &carla).await;
        assert_eq!((out.status, out.code()), (401, "InvalidAuthenticationToken"));
        assert!(out.header("www-authenticate").contains("https://localhost/"), "{:?}", out.headers);
    });
}

#[test]
fn a_foreign_host_name_is_not_answered() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for host in ["evil.example", "localhost.evil.example", ""] {
            let asked =
                request("GET", "/v1.0/groups", &[("host", host), ("authorization", &format!("Bearer {token}"))], "");
            let answer = app.send(asked).await;
            assert_eq!((answer.status, answer.code()), (421, "MisdirectedRequest"), "{host}");
        }
        let asked = request(
            "GET",
            "/v1.0/groups?$top=1",
            &[("host", "LOCALHOST:8443"), ("authorization", &format!("Bearer {token}"))],
            "",
        );
        let answer = app.send(asked).await.expect(200);
        let next = answer.json["@odata.nextLink"].as_str().unwrap_or_default();
        assert!(next.starts_with("https://localhost:8443/v1.0/groups?"), "{next}");
    });
}

#[test]
fn every_answer_has_its_headers() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let plain = app.get("/v1.0/groups", &token).await;
        let failed = app.get("/v1.0/nothing", &token).await;
        for answer in [&plain, &failed] {
            let id = answer.header("request-id");
            assert_eq!(id.len(), 36);
            assert_eq!(answer.header("client-request-id"), id);
            assert_eq!(answer.header("odata-version"), "4.0");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("vary"), "Accept-Encoding");
            assert!(answer.header("strict-transport-security").starts_with("max-age="));
            assert!(answer.header("x-ms-ags-diagnostic").contains("ServerInfo"));
            assert!(answer.header("content-type").starts_with("application/json;odata.metadata=minimal"));
        }
        assert_ne!(plain.header("request-id"), failed.header("request-id"));
        let mine = [("client-request-id", "mine")];
        let failed = app.call_with("GET", "/v1.0/nothing", (&token, &mine), Value::Null).await;
        assert_eq!(failed.header("client-request-id"), "mine");
        assert_eq!(failed.json["error"]["innerError"]["client-request-id"], "mine");
        assert_eq!(failed.json["error"]["innerError"]["date"], "2026-03-02T09:00:00");
    });
}

#[test]
fn what_leads_nowhere_says_so_and_what_was_meant() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        assert_snapshot!("unknown_route", app.show(&app.get(&format!("{EM}/catalog"), &token).await));
        for path in
            ["/v1.0", "/v1.0/", "/v1.0/identityGovernance", "/v2.0/users", "/v1.0/users/$count/x", "/tenure/v1/x"]
        {
            let answer = app.get(path, &token).await;
            assert_eq!((answer.status, answer.code()), (404, "UnknownRoute"), "{path}");
        }
        let beta_only = app.get(&format!("{EM}/accessPackageCatalogs"), &token).await;
        assert_eq!(beta_only.status, 404, "the name of the other version");
    });
}

#[test]
fn a_method_that_a_path_lacks_names_those_it_has() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let catalogs = app.delete(&format!("{EM}/catalogs"), &token).await;
        assert_snapshot!("method_not_allowed", app.show(&catalogs));
        let mut allowed = Vec::new();
        for (method, path) in [
            ("PUT", format!("{EM}/catalogs/x")),
            ("POST", format!("{EM}/assignments")),
            ("GET", format!("{EM}/assignmentRequests/x/cancel")),
            ("POST", "/v1.0/me".to_owned()),
            ("GET", "/v1.0/$batch".to_owned()),
            ("DELETE", "/tenure/v1/clock".to_owned()),
            ("HEAD", "/v1.0/groups".to_owned()),
            ("OPTIONS", "/v1.0/groups".to_owned()),
        ] {
            let answer = app.call(method, &path, &token, Value::Null).await;
            allowed.push(format!("{method} {path}: {} {}", answer.status, answer.header("allow")));
        }
        assert_snapshot!("methods_of_paths", allowed.join("\n"));
    });
}

#[test]
fn a_body_that_is_no_json_is_refused_with_the_place() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let bearer = format!("Bearer {token}");
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "application/json")];
        let path = format!("{EM}/catalogs");
        let broken = app.send(request("POST", &path, &headers, "{\"displayName\": ")).await;
        assert_snapshot!("body_that_is_no_json", app.show(&broken));
        for body in ["[]", "7", "\"x\"", "[{\"displayName\":\"x\"}]", "", "null", "{\"displayName\":\"a\u{0}b\"}"] {
            let answer = app.send(request("POST", &path, &headers, body)).await;
            assert_eq!((answer.status, answer.code()), (400, "InvalidModel"), "{body}: {}", answer.text);
        }
        let text = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "text/plain")];
        let answer = app.send(request("POST", &path, &text, "{\"displayName\":\"x\"}")).await;
        assert_eq!((answer.status, answer.code()), (415, "UnsupportedMediaType"));
        let answer = app.send(request("GET", &path, &text, "")).await;
        assert_eq!(answer.status, 200, "without a body its type does not matter");
    });
}

/// The official Go client packs every body, and sends it again as it is when the answer is 415.
#[test]
fn a_packed_body_is_refused_so_that_clients_send_it_as_it_is() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let bearer = format!("Bearer {token}");
        let with = |coding| {
            let json = ("content-type", "application/json");
            [("host", HOST), ("authorization", bearer.as_str()), json, ("content-encoding", coding)]
        };
        let (path, body) = (format!("{EM}/catalogs"), "{\"displayName\":\"Packed\",\"description\":\"x\"}");
        for coding in ["gzip", "GZIP", "deflate, gzip", "br"] {
            let answer = app.send(request("POST", &path, &with(coding), body)).await;
            assert_eq!((answer.status, answer.code()), (415, "UnsupportedMediaType"), "{coding}");
            assert_eq!(answer.header("accept-encoding"), "identity", "{coding}");
            let form = [("host", HOST), ("content-encoding", coding)];
            let answer = app.send(request("POST", "/common/oauth2/v2.0/token", &form, "grant_type=x")).await;
            assert_eq!(answer.status, 415, "{coding}, before anybody signed in");
            let read = app.send(request("GET", &path, &with(coding), "")).await;
            assert_eq!(read.status, 200, "{coding}: without a body it does not matter");
        }
        app.send(request("POST", &path, &with("identity"), body)).await.expect(201);
    });
}

#[test]
fn every_fault_of_a_body_is_named_with_its_pointer() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/catalogs");
        let body = json!({ "displayName": "Sales", "descripton": "typing mistake" });
        assert_snapshot!("body_with_an_unknown_name", app.show(&app.post(&path, &token, body).await));
        let body = json!({ "displayName": 7, "isExternallyVisible": "yes", "state": "open", "colour": { "a": 1 } });
        assert_snapshot!("body_with_many_faults", app.show(&app.post(&path, &token, body).await));
        let body = json!({ "displayName": "Sales", "state": "published", "catalogStatus": "Unpublished" });
        let twice = app.post(&path, &token, body).await;
        assert_eq!((twice.code(), twice.pointers()), ("InvalidModel", vec!["/state"]), "L5");
        for name in ["", "   ", &"x".repeat(257)] {
            let answer = app.post(&path, &token, named(name)).await;
            assert_eq!((answer.code(), answer.pointers()), ("InvalidModel", vec!["/displayName"]), "{name}");
        }
        app.post(&path, &token, named(&"x".repeat(256))).await.expect(201);
    });
}

#[test]
fn names_match_in_any_case_and_annotations_are_passed_over() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({
            "@odata.type": "#microsoft.graph.accessPackageCatalog",
            "@odata.etag": "W/x",
            "DISPLAY_NAME": "Sales",
            "IsExternallyVisible": true,
            "catalogstatus": "UNPUBLISHED",
            "id": "7",
            "createdDateTime": "2020-01-01T00:00:00Z",
            "notKnown": null,
        });
        let made = app.post("/V1.0/identitygovernance/ENTITLEMENTMANAGEMENT/Catalogs", &token, body).await.expect(201);
        assert_eq!((&made.json["displayName"], &made.json["state"]), (&json!("Sales"), &json!("unpublished")));
        assert_eq!(made.json["isExternallyVisible"], true);
        assert_eq!(made.json["createdDateTime"], json!(app.now()), "read-only properties are not taken over");
        let quoted = app.get(&format!("{EM}/catalogs('{}')", made.id()), &token).await;
        assert_eq!(quoted.expect(200).id(), made.id());
        let slashes = app.get("//v1.0//groups", &token).await;
        assert_eq!(slashes.status, 404);
    });
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/catalogs");
        let mut deep = json!("x");
        for _ in 0..32 {
            deep = json!({ "a": deep });
        }
        let answer = app.post(&path, &token, json!({ "displayName": deep })).await;
        assert_eq!((answer.status, answer.code()), (400, "LimitExceeded"));
        let bearer = format!("Bearer {token}");
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "application/json")];
        let large = format!("{{\"displayName\":\"{}\"}}", "x".repeat(4 << 20));
        let answer = app.send(request("POST", &path, &headers, &large)).await;
        assert_eq!((answer.status, answer.code()), (413, "PayloadTooLarge"));
        let answer = app.get(&format!("{path}?x={}", "x".repeat(16 << 10)), &token).await;
        assert_eq!((answer.status, answer.code()), (414, "UriTooLong"));
        let answer = app.get(&format!("/v1.0/{}", "x/".repeat(40)), &token).await;
        assert_eq!((answer.status, answer.code()), (400, "LimitExceeded"));
    });
}

#[test]
fn no_text_holds_what_no_database_can_keep() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "displayName": "Sales", "description": "a\u{0}b" });
        let answer = app.post(&format!("{EM}/catalogs"), &token, body).await;
        assert_eq!((answer.status, answer.pointers()), (400, vec!["/description"]));
        app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "a\\u0000\u{1}\u{ffff}" }))
            .await
            .expect(201);
        for path in [
            "/v1.0/users/a%00b@fabrikam.example",
            "/v1.0/users?$filter=displayName eq '%00'",
            "/v1.0/groups(uniqueName='%00')",
        ] {
            let answer = app.get(path, &token).await;
            assert_eq!((answer.status, answer.code()), (400, "InvalidFilter"), "{path}");
        }
        let client = company::CLIENT_ID.to_string();
        let fields =
            [("grant_type", "password"), ("client_id", client.as_str()), ("username", "a\u{0}b"), ("password", "x")];
        assert_eq!(app.token(&fields).await.json["error"], "invalid_request");
    });
}

#[test]
fn a_batch_runs_in_order_and_what_depends_on_a_failure_is_not_run() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let json_type = json!({ "Content-Type": "application/json" });
        let body = json!({ "requests": [
            { "id": "later", "method": "GET", "url": "/groups/$count", "dependsOn": ["made"] },
            { "id": "made", "method": "POST", "url": "/identityGovernance/entitlementManagement/catalogs",
                "headers": json_type, "body": named("Sales") },
            { "id": "twice", "method": "POST", "url": "/identityGovernance/entitlementManagement/catalogs",
                "headers": json_type, "body": named("Sales") },
            { "id": "unmet", "method": "GET", "url": "/groups", "dependsOn": ["twice"] },
            { "id": "unmet-too", "method": "GET", "url": "/groups", "dependsOn": ["unmet"] },
        ] });
        let answer = app.post("/v1.0/$batch", &token, body).await;
        assert_snapshot!("batch_with_dependencies", app.show(&answer));
    });
}

#[test]
fn every_part_of_a_batch_is_a_transaction_of_its_own() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let post = |id: &str, name: &str, on: Value| {
            json!({ "id": id, "method": "POST", "url": "/identityGovernance/entitlementManagement/catalogs",
                "headers": { "Content-Type": "application/json" }, "body": named(name), "dependsOn": on })
        };
        let body = json!({ "requests": [
            post("First", "Sales", json!([])),
            post("same", "Sales", json!(["first"])),
            post("held", "Support", json!(["SAME"])),
            post("free", "Finance", json!(["FIRST"])),
        ] });
        let answer = app.post("/v1.0/$batch", &token, body).await.expect(200);
        let statuses: Vec<String> = answer.json["responses"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| format!("{} {}", r["id"].as_str().unwrap_or_default(), r["status"]))
            .collect();
        assert_eq!(statuses, ["First 201", "same 400", "held 424", "free 201"]);
        let catalogs = app.get(&format!("{EM}/catalogs?$orderby=displayName"), &token).await.expect(200);
        assert_eq!(catalogs.column("displayName"), ["Finance", "General", "Sales"], "what failed undid nothing else");
    });
}

#[test]
fn parts_of_a_batch_name_their_url_in_three_ways() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = company::group("sales");
        let urls = [
            format!("/groups/{id}?$select=id"),
            format!("groups/{id}?$select=id"),
            format!("/v1.0/groups/{id}?$select=id"),
            format!("/beta/groups/{id}?$select=id"),
            format!("https://graph.microsoft.com/v1.0/groups/{id}?$select=id"),
            format!("https://graph.microsoft.com/beta/groups('{id}')?$select=id"),
            "/nothing".to_owned(),
            "/$batch".to_owned(),
            "/tenure/v1/clock".to_owned(),
            "/organizations/oauth2/v2.0/token".to_owned(),
        ];
        let parts: Vec<Value> =
            urls.iter().enumerate().map(|(n, url)| json!({ "id": n, "method": "get", "url": url })).collect();
        let answer = app.post("/v1.0/$batch", &token, json!({ "requests": parts })).await.expect(200);
        let responses = answer.json["responses"].as_array().cloned().unwrap_or_default();
        let told: Vec<String> = responses
            .iter()
            .map(|r| {
                let context = r["body"]["@odata.context"].as_str().or(r["body"]["error"]["code"].as_str());
                format!("{} {} {}", r["id"], r["status"], context.unwrap_or_default())
            })
            .collect();
        assert_snapshot!("batch_with_urls_of_all_kinds", told.join("\n"));
    });
}

#[test]
fn a_batch_that_is_not_one_is_refused_as_a_whole() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let part = |id: &str, on: Value| json!({ "id": id, "method": "GET", "url": "/groups", "dependsOn": on });
        let many: Vec<Value> = (0..21).map(|n| part(&n.to_string(), json!([]))).collect();
        let mut told = Vec::new();
        for body in [
            json!({ "requests": many }),
            json!({ "requests": [] }),
            json!({}),
            json!({ "requests": [part("a", json!([])), part("A", json!([]))] }),
            json!({ "requests": [part("a", json!(["b"])), part("b", json!(["a"]))] }),
            json!({ "requests": [part("a", json!(["nowhere"]))] }),
            json!({ "requests": [{ "method": "GET" }, 7] }),
        ] {
            let answer = app.post("/v1.0/$batch", &token, body).await;
            told.push(format!("{} {} {:?}: {}", answer.status, answer.code(), answer.pointers(), answer.message()));
        }
        assert_snapshot!("batches_that_are_refused", told.join("\n"));
        let twenty: Vec<Value> = (0..20).map(|n| part(&n.to_string(), json!([]))).collect();
        app.post("/v1.0/$batch", &token, json!({ "requests": twenty })).await.expect(200);
        assert_eq!(app.post("/v1.0/$batch", "", json!({ "requests": [] })).await.status, 401);
    });
}

#[test]
fn parts_of_a_batch_are_authorised_one_by_one() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requests": [
            { "id": 1, "method": "GET", "url": "/me?$select=displayName" },
            { "id": 2, "method": "GET", "url": "/identityGovernance/entitlementManagement/accessPackages" },
            { "id": 3, "method": "PATCH", "url": format!("{EM_BETA}/accessPackages/{}", campaign.package),
                "headers": { "Content-Type": "application/json" }, "body": named("Mine") },
        ] });
        let answer = app.post("/beta/$batch", &carla, body).await.expect(200);
        let statuses: Vec<&Value> =
            answer.json["responses"].as_array().into_iter().flatten().map(|r| &r["status"]).collect();
        assert_eq!(statuses, [200, 403, 403]);
    });
}

#[test]
fn a_post_that_is_sent_again_makes_nothing_new() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("{EM}/accessPackages");
        let send = async |headers: &[(&str, &str)], name: &str| {
            app.call_with("POST", &path, (&token, headers), named(name)).await
        };
        let key = [("idempotency-key", "k1")];
        let first = send(&key, "One").await.expect(201);
        assert_eq!(send(&key, "One").await.expect(201).id(), first.id(), "E7: the same key, the same package");
        assert_eq!(send(&key, "Two").await.expect(201).json["displayName"], "Two", "another body is another POST");
        let mine = [("client-request-id", "c1")];
        let third = send(&mine, "Three").await.expect(201);
        let blind = send(&mine, "Three").await;
        assert_eq!((blind.status, blind.code()), (400, "DuplicateAccessPackage"), "some clients reuse one id for all");
        let retry = [("client-request-id", "c1"), ("retry-attempt", "1")];
        assert_eq!(send(&retry, "Three").await.expect(201).id(), third.id());
        app.let_pass(601);
        let token = app.token_app().await;
        let late = app.call_with("POST", &path, (&token, &key), named("One")).await;
        assert_eq!((late.status, late.code()), (400, "DuplicateAccessPackage"), "it is kept for ten minutes");
    });
}

#[test]
fn a_replayed_request_gives_access_once() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let retry = [("client-request-id", "c1"), ("retry-attempt", "1")];
        let path = format!("{EM_BETA}/accessPackageAssignmentRequests");
        let body = campaign.request("adminAdd", "carla");
        let first = app.call_with("POST", &path, (&campaign.token, &retry), body.clone()).await.expect(201);
        let second = app.call_with("POST", &path, (&campaign.token, &retry), body.clone()).await.expect(201);
        assert_eq!(first.json, second.json);
        let anna = app.token_of_person("anna").await;
        let other = app.call_with("POST", &path, (&anna, &retry), body).await;
        assert_eq!((other.status, other.code()), (400, "ExistingAssignment"), "another caller is another POST");
    });
}

#[test]
fn who_wants_no_body_gets_none() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let minimal = [("prefer", "return=minimal")];
        let path = format!("{EM}/catalogs");
        let made = app.call_with("POST", &path, (&token, &minimal), named("Sales")).await;
        assert_eq!((made.status, made.text.as_str(), made.header("preference-applied")), (204, "", "return=minimal"));
        let location = made.header("location").trim_start_matches("https://localhost").to_owned();
        assert_eq!(app.get(&location, &token).await.expect(200).json["displayName"], "Sales");
    });
}

#[test]
fn the_server_says_that_it_is_there() {
    on_every_database(async |app| {
        assert_eq!(app.get("/healthz", "").await.expect(200).text, "ok\n");
        assert_eq!(app.get("/readyz", "").await.expect(200).text, "ready\n");
        let front = app.get("/", "").await.expect(200);
        assert!(front.header("content-type").starts_with("text/"), "{:?}", front.headers);
        for path in ["/", "/healthz", "/readyz"] {
            let posted = app.post(path, "", json!({})).await;
            assert_eq!((posted.status, posted.code()), (405, "MethodNotAllowed"), "{path}");
            assert_eq!(posted.headers.get_all("allow").iter().count(), 1, "{:?}", posted.headers);
        }
    });
}

#[test]
fn the_clock_only_moves_forward_and_by_whom_it_may() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = "/tenure/v1/clock";
        assert_eq!(app.get(path, &token).await.expect(200).json, json!({ "now": app.now() }));
        let mut told = Vec::new();
        for body in [
            json!({ "advance": "-P1D" }),
            json!({ "set": "2020-01-01T00:00:00Z" }),
            json!({ "set": "soon" }),
            json!({ "advance": "P1D", "set": "2027-01-01T00:00:00Z" }),
            json!({}),
            json!({ "advance": "P99999Y" }),
            json!({ "advance": 7 }),
        ] {
            let answer = app.post(path, &token, body.clone()).await;
            told.push(app.plain(&format!("{body}: {} {} {}", answer.status, answer.code(), answer.message())));
        }
        assert_snapshot!("moves_of_the_clock_that_are_refused", told.join("\n"));
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.post(path, &carla, json!({ "advance": "P1D" })).await.status, 403);
        let moved = app.post(path, &token, json!({ "set": "2026-04-01T00:00:00+02:00" })).await.expect(200);
        assert_eq!(moved.json["now"], "2026-03-31T22:00:00Z");
    });
}
