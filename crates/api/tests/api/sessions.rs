//! Browsers (decisions.md K6, K7, R2, R3, R7): a session begins on the sign-in page, counts with the guard only, and ends
//! by its limits, by signing out, and with everything that ends tokens.

use crate::EM;
use crate::delegation::{ASSIGNMENTS, Shelf, give};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_domain::authorize::EntitlementRole as Role;
use tenure_service::rows::session;
use tenure_service::{Cost, Ctx, Identity};
use tenure_testkit::app::{on_every_database, on_two_nodes, request};
use tenure_testkit::page::{Form, fault, heading};
use tenure_testkit::{Answer, TestApp, company};
use uuid::Uuid;

const SESSION: &str = "/tenure/v1/session";
const GUARD: (&str, &str) = ("x-tenure-request", "1");

/// What the browser is told to keep under a name: the value.
fn kept(answer: &Answer, name: &str) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").into_iter().filter_map(|v| v.to_str().ok());
    let found = cookies.find_map(|c| c.strip_prefix(&format!("{name}="))).unwrap_or_default();
    found.split(';').next().unwrap_or_default().to_owned()
}

/// Signs somebody in as a browser does; gives the cookie header.
pub async fn browser(app: &TestApp, alias: &str) -> String {
    let page = app.get("/signin?next=/my/access", "").await.expect(200);
    assert_eq!(heading(&page), "Sign in");
    let form = Form::of(&page);
    let name = company::principal_name(alias);
    let done = app.form(&form.action, &form.filled(&[("username", &name), ("password", company::PASSWORD)])).await;
    assert_eq!((done.status, done.header("location")), (303, "https://localhost/my/access"), "{}", done.text);
    format!("__Host-tenure={}", kept(&done, "__Host-tenure"))
}

/// Asks with these headers and no token.
async fn ask(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.call_with(method, path, ("", headers), Value::Null).await
}

async fn guarded(app: &TestApp, path: &str, cookie: &str) -> Answer {
    ask(app, "GET", path, &[("cookie", cookie), GUARD]).await
}

/// Who the server says this is.
async fn who(app: &TestApp, cookie: &str) -> Value {
    guarded(app, SESSION, cookie).await.expect(200).json["user"]["userPrincipalName"].clone()
}

/// A session as a snapshot shows it: without the version of the server, which has one.
fn shown(app: &TestApp, answer: &Answer) -> String {
    let mut session = answer.json.clone();
    let version = session.as_object_mut().and_then(|s| s.remove("serverVersion")).unwrap_or_default();
    assert!(version.as_str().is_some_and(|v| v.contains('.')), "{version}");
    app.show_json(&session)
}

#[test]
fn a_stranger_is_told_that_nobody_is_signed_in() {
    on_every_database(async |app| {
        let stranger = ask(app, "GET", SESSION, &[]).await.expect(200);
        assert_snapshot!("session_of_a_stranger", shown(app, &stranger));
        let made_up = guarded(app, SESSION, "__Host-tenure=AAAA").await.expect(200);
        assert_eq!(made_up.json["user"], Value::Null);
        assert_eq!(ask(app, "POST", SESSION, &[GUARD]).await.status, 405);
        assert_eq!(ask(app, "GET", "/tenure/v1/session/end", &[GUARD]).await.status, 405);
        assert_eq!(ask(app, "GET", "/tenure/v1/sessions", &[]).await.status, 401);
    });
}

#[test]
fn a_browser_is_known_by_its_cookie_with_all_scopes_and_the_persons_rights() {
    on_every_database(async |app| {
        let anna = browser(app, "anna").await;
        assert_snapshot!("session_of_an_administrator", shown(app, &guarded(app, SESSION, &anna).await));
        assert_eq!(guarded(app, &format!("{EM}/catalogs"), &anna).await.status, 200);
        assert_eq!(guarded(app, "/beta/groups", &anna).await.status, 200);
        let post = async |cookie: &str| {
            let headers =
                [("cookie", cookie), GUARD, ("origin", "https://localhost"), ("sec-fetch-site", "same-origin")];
            app.call_with("POST", &format!("{EM}/catalogs"), ("", &headers), json!({ "displayName": "Own" }))
                .await
                .status
        };
        assert_eq!(post(&anna).await, 201);
        let carla = browser(app, "carla").await;
        assert_eq!(who(app, &carla).await, "carla@fabrikam.example");
        assert_eq!(post(&carla).await, 403, "scopes are no rights");
    });
}

#[test]
fn a_session_says_which_roles_of_entitlement_management_are_held_where_and_no_longer_when_they_are_taken() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (carla, staff) = (company::person("carla"), company::group("staff"));
        let (one, two) = (Shelf::make(app, "One").await, Shelf::make(app, "Two").await);
        let roles = async || {
            let cookie = browser(app, "carla").await;
            guarded(app, SESSION, &cookie).await.expect(200).json["entitlementRoles"].clone()
        };
        assert_eq!(roles().await, json!([]));
        give(app, Role::CatalogOwner, carla, &one.scope()).await;
        // Through a group she belongs to, too.
        give(app, Role::CatalogReader, staff, &two.scope()).await;
        give(app, Role::CatalogReader, carla, &two.scope()).await;
        let creator = give(app, Role::CatalogCreator, carla, "/").await;
        let held = |role: Role, scopes: &[String]| json!({ "id": role.id(), "displayName": role.name(), "appScopeIds": scopes, "count": scopes.len() });
        let (owner, reader) = (held(Role::CatalogOwner, &[one.scope()]), held(Role::CatalogReader, &[two.scope()]));
        assert_eq!(roles().await, json!([owner, reader, held(Role::CatalogCreator, &["/".to_owned()])]));
        app.delete(&format!("{ASSIGNMENTS}/{creator}"), &token).await.expect(204);
        assert_eq!(roles().await, json!([owner, reader]));
        let robot = app.get(SESSION, &token).await.expect(200);
        assert_eq!(robot.json["entitlementRoles"], json!([]));
    });
}

#[test]
fn a_cookie_without_the_guard_or_from_elsewhere_is_no_cookie() {
    on_every_database(async |app| {
        let anna = browser(app, "anna").await;
        let cookie = ("cookie", anna.as_str());
        let elsewhere: [&[(&str, &str)]; 6] = [
            &[cookie],
            &[cookie, ("x-tenure-request", "yes")],
            &[cookie, GUARD, ("origin", "https://evil.example")],
            &[cookie, GUARD, ("origin", "null")],
            &[cookie, GUARD, ("sec-fetch-site", "cross-site")],
            &[cookie, GUARD, ("sec-fetch-site", "same-site")],
        ];
        for headers in elsewhere {
            for (method, path) in [("GET", "/v1.0/me"), ("POST", "/v1.0/groups"), ("GET", "/tenure/v1/outbox/mail")] {
                assert_eq!(ask(app, method, path, headers).await.status, 401, "{method} {path} {headers:?}");
            }
            assert_eq!(ask(app, "GET", SESSION, headers).await.expect(200).json["user"], Value::Null, "{headers:?}");
            assert_eq!(ask(app, "POST", "/tenure/v1/session/end", headers).await.status, 401, "{headers:?}");
        }
        assert_eq!(who(app, &anna).await, "anna@fabrikam.example", "nobody elsewhere has ended it");
        let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
        assert_eq!(app.call_with("POST", "/v1.0/$batch", ("", &[cookie]), batch.clone()).await.status, 401);
        let inside = app.call_with("POST", "/v1.0/$batch", ("", &[cookie, GUARD]), batch).await.expect(200);
        assert_eq!(inside.json["responses"][0]["status"], 200);
    });
}

#[test]
fn a_bearer_needs_no_guard_and_a_cookie_never_helps_it() {
    on_every_database(async |app| {
        let (anna, carla) = (browser(app, "anna").await, app.token_of_person("carla").await);
        let bearer = format!("Bearer {carla}");
        let foreign = [("authorization", bearer.as_str()), ("origin", "https://evil.example")];
        assert_eq!(ask(app, "GET", "/v1.0/me", &foreign).await.status, 200);
        let both = [("authorization", bearer.as_str()), ("cookie", anna.as_str()), GUARD];
        assert_eq!(ask(app, "GET", "/v1.0/me", &both).await.json["userPrincipalName"], "carla@fabrikam.example");
        let bad = [("authorization", "Bearer x"), ("cookie", anna.as_str()), GUARD];
        assert_eq!(ask(app, "GET", "/v1.0/me", &bad).await.status, 401);
        let shown = ask(app, "GET", SESSION, &foreign).await.expect(200);
        assert_eq!(
            (&shown.json["user"]["displayName"], &shown.json["expiresDateTime"]),
            (&json!("Carla Díaz"), &Value::Null)
        );
        let app_only = app.get(SESSION, &app.token_app().await).await.expect(200);
        assert_eq!(app_only.json["user"], Value::Null, "an application is nobody");
    });
}

#[test]
fn no_other_origin_is_given_anything() {
    on_every_database(async |app| {
        let anna = browser(app, "anna").await;
        let headers = [
            ("cookie", anna.as_str()),
            ("origin", "https://evil.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "x-tenure-request"),
        ];
        for method in ["OPTIONS", "GET"] {
            let answer = ask(app, method, "/v1.0/me", &headers).await;
            assert!(answer.status >= 400, "{method} {}", answer.status);
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{method}");
        }
    });
}

#[test]
fn the_cookie_is_for_this_host_and_for_nobody_to_read() {
    on_every_database(async |app| {
        let page = app.get("/signin", "").await.expect(200);
        let (form, name) = (Form::of(&page), company::principal_name("carla"));
        let done = app.form(&form.action, &form.filled(&[("username", &name), ("password", company::PASSWORD)])).await;
        let text = kept(&done, "__Host-tenure");
        assert_eq!(text.len(), 43, "256 bits");
        let whole = format!("__Host-tenure={text}; Path=/; Secure; HttpOnly; SameSite=Strict");
        assert_eq!(done.header("set-cookie"), whole);
        assert_eq!(done.header("location"), "https://localhost/");
        let (by_text, by_hash) = (text.clone().into_bytes(), tenure_auth::secret::hash(&text));
        let look = move |ctx: &mut Ctx<'_, '_>| ctx.fetch((session::get(&by_text), session::get(&by_hash)));
        let found = app.engine().read(Cost::Small, Identity::System, Uuid::nil(), look).await.expect("the sessions");
        assert_eq!(
            (found.0, found.1.map(|s| s.user.0)),
            (None, Some(company::person("carla"))),
            "only the hash is stored"
        );
    });
}

#[test]
fn the_page_leads_nowhere_else_and_takes_no_form_from_elsewhere() {
    on_every_database(async |app| {
        for next in ["//evil.example", "https://evil.example", "/%5Cevil.example", "%2F%2Fevil.example"] {
            let page = app.get(&format!("/signin?next={next}"), "").await.expect(200);
            assert!(Form::of(&page).action.ends_with("/signin?next=%2F"), "{}", Form::of(&page).action);
        }
        let name = company::principal_name("carla");
        let body = format!("username={name}&password={}", company::PASSWORD);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        for (headers, status) in [
            ([("sec-fetch-site", "cross-site"), ("origin", "null")], 403),
            ([("sec-fetch-site", "same-site"), ("origin", "https://other.localhost")], 403),
            ([("sec-fetch-site", "same-origin"), ("origin", "null")], 303),
        ] {
            let headers = [&[("host", "localhost"), kind][..], &headers].concat();
            let answer = app.send(request("POST", "/signin", &headers, &body)).await;
            assert_eq!(answer.status, status, "{headers:?}");
            assert_eq!(kept(&answer, "__Host-tenure").is_empty(), status != 303);
        }
        let page = app.get("/signin", "").await;
        let wrong = app.form(&Form::of(&page).action, &[("username", name.as_str()), ("password", "wrong")]).await;
        assert_eq!(
            (wrong.status, fault(&wrong).is_empty(), kept(&wrong, "__Host-tenure")),
            (200, false, String::new())
        );
    });
}

#[test]
fn a_password_that_must_change_is_changed_before_the_session_begins() {
    on_every_database(async |app| {
        let admin = app.token_app().await;
        let body = json!({ "passwordProfile": { "password": "First-Horse-9", "forceChangePasswordNextSignIn": true } });
        app.patch(&format!("/v1.0/users/{}", company::person("carla")), &admin, body).await.expect(204);
        let page = app.get("/signin?next=/my", "").await;
        let (form, name) = (Form::of(&page), company::principal_name("carla"));
        let page = app.form(&form.action, &form.filled(&[("username", &name), ("password", "First-Horse-9")])).await;
        assert_eq!((heading(&page), kept(&page, "__Host-tenure")), ("Update your password", String::new()));
        let form = Form::of(&page);
        let both = [("new_password", "Other-Horse-2"), ("repeated_password", "Other-Horse-2")];
        let done = app.form(&form.action, &form.filled(&both)).await;
        assert_eq!((done.status, done.header("location")), (303, "https://localhost/my"), "{}", done.text);
        let cookie = format!("__Host-tenure={}", kept(&done, "__Host-tenure"));
        assert_eq!(who(app, &cookie).await, "carla@fabrikam.example");
    });
}

#[test]
fn a_session_ends_when_its_person_is_not_seen_for_eight_hours() {
    on_every_database(async |app| {
        let carla = browser(app, "carla").await;
        // Each question moves the clock by a millisecond, too.
        app.let_pass(8 * 3_600 - 1);
        assert_eq!(who(app, &carla).await, "carla@fabrikam.example", "the last second");
        app.let_pass(8 * 3_600 - 1);
        assert_eq!(who(app, &carla).await, "carla@fabrikam.example", "he was seen meanwhile");
        app.let_pass(8 * 3_600);
        assert_eq!(who(app, &carla).await, Value::Null);
        assert_eq!(guarded(app, "/v1.0/me", &carla).await.status, 401);
    });
}

#[test]
fn a_session_ends_after_a_day_however_busy_it_is() {
    on_every_database(async |app| {
        let carla = browser(app, "carla").await;
        for _ in 0..24 {
            assert_eq!(who(app, &carla).await, "carla@fabrikam.example");
            app.let_pass(3_600 - 1);
        }
        assert_eq!(who(app, &carla).await, "carla@fabrikam.example", "some seconds are left");
        app.let_pass(24);
        assert_eq!(who(app, &carla).await, Value::Null);
    });
}

#[test]
fn signing_out_ends_this_session_on_every_node_and_no_other() {
    on_two_nodes(async |one, other| {
        let (here, there) = (browser(one, "carla").await, browser(other, "carla").await);
        assert_eq!([who(one, &there).await, who(other, &here).await], ["carla@fabrikam.example"; 2]);
        let out = ask(one, "POST", "/tenure/v1/session/end", &[("cookie", &here), GUARD]).await.expect(204);
        assert_eq!(out.header("set-cookie"), "__Host-tenure=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
        assert_eq!([who(one, &here).await, who(other, &here).await], [Value::Null, Value::Null]);
        assert_eq!(who(one, &there).await, "carla@fabrikam.example");
        ask(one, "POST", "/tenure/v1/session/end", &[("cookie", &here), GUARD]).await.expect(204);
    });
}

#[test]
fn signing_in_again_ends_the_session_the_browser_had() {
    on_every_database(async |app| {
        let first = browser(app, "carla").await;
        let name = company::principal_name("ben");
        let body = format!("username={name}&password={}", company::PASSWORD);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("host", "localhost"), kind, ("cookie", first.as_str())];
        let done = app.send(request("POST", "/signin", &headers, &body)).await.expect(303);
        let second = format!("__Host-tenure={}", kept(&done, "__Host-tenure"));
        assert_eq!([who(app, &first).await, who(app, &second).await], [Value::Null, json!("ben@fabrikam.example")]);
    });
}

#[test]
fn what_ends_tokens_ends_sessions_on_both_nodes() {
    on_two_nodes(async |one, other| {
        let admin = one.token_app().await;
        let path = |alias: &str| format!("/v1.0/users/{}", company::person(alias));
        let gone = async |cookie: &str| {
            for node in [one, other] {
                assert_eq!(who(node, cookie).await, Value::Null);
                assert_eq!(guarded(node, "/v1.0/me", cookie).await.status, 401);
            }
        };
        let carla = browser(one, "carla").await;
        assert_eq!(who(other, &carla).await, "carla@fabrikam.example");
        other.patch(&path("carla"), &admin, json!({ "accountEnabled": false })).await.expect(204);
        gone(&carla).await;
        other.patch(&path("carla"), &admin, json!({ "accountEnabled": true })).await.expect(204);
        gone(&carla).await;
        let carla = browser(one, "carla").await;
        let body = json!({ "passwordProfile": { "password": "Other-Horse-2" } });
        other.patch(&path("carla"), &admin, body).await.expect(204);
        gone(&carla).await;
        let ben = browser(one, "ben").await;
        assert_eq!(who(other, &ben).await, "ben@fabrikam.example");
        one.delete(&path("ben"), &admin).await.expect(204);
        gone(&ben).await;
        let restore = format!("/v1.0/directory/deletedItems/{}/restore", company::person("ben"));
        one.post(&restore, &admin, Value::Null).await.expect(200);
        gone(&ben).await;
    });
}
