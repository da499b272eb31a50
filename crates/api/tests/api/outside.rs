//! Issuers outside (decisions.md K17; docs/adr/0009-external-access-tokens.md): people sign in with them, and their access
//! tokens act for the person they are linked to and no further. The issuer is a real one, on loopback.

use crate::EM;
use serde_json::{Value, json};
use tenure_service::identity::outside;
use tenure_service::{Ctx, Identity};
use tenure_testkit::app::{on_two_nodes_with_issuer, request};
use tenure_testkit::issuer::{AUDIENCE, CLIENT_ID, Rules};
use tenure_testkit::page::{fault, heading};
use tenure_testkit::{Answer, Issuer, TestApp, company};
use uuid::Uuid;

const TRUSTED: &[&str] = &["fabrikam.example"];

fn cookie(answer: &Answer, name: &str) -> String {
    let cookies = answer.headers.get_all("set-cookie").into_iter().filter_map(|v| v.to_str().ok());
    let found = cookies.filter_map(|c| c.split(';').next()).find(|c| c.starts_with(&format!("{name}=")));
    found.unwrap_or_default().to_owned()
}

/// Where the button on the sign-in page leads.
async fn button(app: &TestApp, page: &str) -> String {
    let page = app.get(page, "").await.expect(200);
    assert!(page.text.contains("Sign in with Corp &lt;&amp;&gt;"), "{}", page.text);
    let link = page.text.split("class=\"button\" href=\"").nth(1).and_then(|t| t.split('"').next()).unwrap_or_default();
    link.trim_start_matches("https://localhost").replace("&amp;", "&")
}

/// The browser at the issuer: where it is sent, and the cookie it has got.
async fn at_issuer(app: &TestApp, page: &str) -> (String, String) {
    let sent = app.get(&button(app, page).await, "").await.expect(303);
    let kept = sent.header("set-cookie");
    assert!(kept.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"), "{kept}");
    (sent.header("location").to_owned(), cookie(&sent, "__Host-tenure-login"))
}

/// The browser comes back.
async fn back(app: &TestApp, location: &str, cookie: &str) -> Answer {
    let path = location.trim_start_matches("https://localhost");
    app.send(request("GET", path, &[("host", "localhost"), ("cookie", cookie)], "")).await
}

/// Signs in with the issuer as whoever is signed in there.
async fn sign_in(app: &TestApp, issuer: &Issuer) -> Answer {
    let (there, kept) = at_issuer(app, "/signin?next=/my").await;
    back(app, &issuer.visited(&there), &kept).await
}

fn carla() -> Value {
    json!({ "sub": "c-1", "email": "Carla@Fabrikam.example", "email_verified": true })
}

/// Who is signed in by the session of an answer.
async fn who(app: &TestApp, signed_in: &Answer) -> Value {
    let cookie = cookie(signed_in, "__Host-tenure");
    let headers = [("cookie", cookie.as_str()), ("x-tenure-request", "1")];
    let answer = app.call_with("GET", "/tenure/v1/session", ("", &headers), Value::Null).await.expect(200);
    answer.json["user"]["userPrincipalName"].clone()
}

/// The activities of a person that have to do with issuers outside, oldest first.
async fn audited(app: &TestApp, alias: &str) -> Vec<(String, String)> {
    let path =
        format!("/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{}')", company::person(alias));
    let rows = app.get(&path, &app.token_app().await).await.expect(200);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let all = rows.values().iter().map(|row| (text(row, "activityDisplayName"), text(row, "result")));
    all.filter(|(activity, _)| activity.contains("external")).collect()
}

#[test]
fn a_person_is_found_by_a_verified_address_once_and_by_the_link_from_then_on() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        issuer.signs_in(carla());
        let done = sign_in(one, issuer).await;
        assert_eq!((done.status, done.header("location")), (303, "https://localhost/my"), "{}", done.text);
        assert_eq!(who(one, &done).await, "carla@fabrikam.example");
        let success = "success".to_owned();
        let (link, signed_in) = ("Link external identity to user", "Sign in with external identity provider");
        assert_eq!(
            audited(one, "carla").await,
            [(link.to_owned(), success.clone()), (signed_in.to_owned(), success.clone())]
        );
        // The address is no longer looked at: it may belong to somebody else by now.
        issuer.signs_in(json!({ "sub": "c-1", "email": "ben@fabrikam.example", "email_verified": true }));
        assert_eq!(who(other, &sign_in(other, issuer).await).await, "carla@fabrikam.example");
        assert_eq!(audited(one, "carla").await.len(), 3);
        assert!(audited(one, "ben").await.is_empty());
    });
}

#[test]
fn an_address_that_is_not_verified_or_not_trusted_finds_nobody() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        let admin = one.token_app().await;
        let person = |upn: &str, mail: &str| {
            json!({
                "accountEnabled": true,
                "displayName": upn,
                "mailNickname": "x",
                "userPrincipalName": format!("{upn}@fabrikam.example"),
                "mail": mail,
                "passwordProfile": { "password": "Other-Horse-2" },
            })
        };
        for new in [
            person("dora", "shared@fabrikam.example"),
            person("dirk", "shared@fabrikam.example"),
            person("eva", "e@x.example"),
        ] {
            one.post("/v1.0/users", &admin, new).await.expect(201);
        }
        for claims in [
            json!({ "sub": "1" }),
            json!({ "sub": "2", "email": "carla@fabrikam.example" }),
            json!({ "sub": "3", "email": "carla@fabrikam.example", "email_verified": false }),
            json!({ "sub": "4", "email": "e@x.example", "email_verified": true }),
            json!({ "sub": "5", "email": "nobody@fabrikam.example", "email_verified": true }),
            json!({ "sub": "6", "email": "shared@fabrikam.example", "email_verified": true }),
            json!({ "sub": "7", "email": "carla@fabrikam.example@x.example", "email_verified": true }),
            json!({ "sub": "8", "preferred_username": "carla@fabrikam.example", "email_verified": true }),
        ] {
            issuer.signs_in(claims.clone());
            let refused = sign_in(one, issuer).await;
            assert_eq!((refused.status, heading(&refused)), (200, "Sign in"), "{claims}");
            assert!(
                fault(&refused).contains("No account here belongs to your identity"),
                "{claims} {}",
                fault(&refused)
            );
            assert_eq!(cookie(&refused, "__Host-tenure"), "", "{claims}");
        }
        let users = one.get("/v1.0/users?$count=true", &admin).await.expect(200);
        assert_eq!(users.values().len(), 8, "no account was made");
        issuer.signs_in(json!({ "sub": "9", "email": "carla@fabrikam.example", "email_verified": true }));
        assert_eq!(sign_in(one, issuer).await.status, 303);
        issuer.signs_in(json!({ "sub": "10", "email": "carla@fabrikam.example", "email_verified": true }));
        let second = sign_in(one, issuer).await;
        assert!(fault(&second).contains("No account here"), "an address that was given on takes nothing over");
    });
}

#[test]
fn an_identity_that_is_unlinked_ends_at_once_and_is_found_anew_by_its_address() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        issuer.signs_in(carla());
        let session = sign_in(one, issuer).await;
        one.let_pass(1);
        let token = access(issuer, "tenure.read");
        assert_eq!(other.get("/v1.0/me", &token).await.status, 200);
        let unlink = |name: String| {
            let unlink = move |ctx: &mut Ctx<'_, '_>| outside::unlink(ctx, &name);
            one.engine().write(Identity::System, Uuid::nil(), unlink)
        };
        assert_eq!(unlink("nobody@fabrikam.example".to_owned()).await.expect("an answer"), None);
        assert_eq!(unlink(company::principal_name("carla")).await.expect("an answer"), Some(1));
        assert_eq!(who(other, &session).await, Value::Null);
        assert_eq!(other.get("/v1.0/me", &token).await.status, 401);
        one.let_pass(5);
        // The issuer knows her by another name now.
        issuer.signs_in(json!({ "sub": "c-9", "email": "carla@fabrikam.example", "email_verified": true }));
        assert_eq!(who(other, &sign_in(one, issuer).await).await, "carla@fabrikam.example");
        assert_eq!(other.get("/v1.0/me", &token).await.status, 401, "that was another identity");
    });
}

#[test]
fn who_is_disabled_or_deleted_here_does_not_get_in_from_there() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        let admin = one.token_app().await;
        issuer.signs_in(json!({ "sub": "n", "email": "nils@fabrikam.example", "email_verified": true }));
        let refused = sign_in(one, issuer).await;
        assert_eq!((refused.status, fault(&refused)), (200, "The user account is disabled.".to_owned()));
        let signed_in = "Sign in with external identity provider".to_owned();
        assert_eq!(audited(one, "nils").await, [(signed_in, "failure".to_owned())], "and he is not linked");
        issuer.signs_in(carla());
        let session = sign_in(one, issuer).await;
        assert_eq!(who(other, &session).await, "carla@fabrikam.example");
        one.delete(&format!("/v1.0/users/{}", company::person("carla")), &admin).await.expect(204);
        assert_eq!(who(other, &session).await, Value::Null);
        assert_eq!(fault(&sign_in(other, issuer).await), "The user account is disabled.");
    });
}

#[test]
fn a_client_that_sent_the_person_gets_its_code() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        issuer.signs_in(carla());
        let client = company::CLIENT_ID;
        let page = format!(
            "/organizations/oauth2/v2.0/authorize?client_id={client}&response_type=code&redirect_uri=http://localhost:8400/back\
             &scope=User.Read&state=s7&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let (there, kept) = at_issuer(one, &page).await;
        // The nodes share what waits.
        let done = back(other, &issuer.visited(&there), &kept).await.expect(303);
        let location = done.header("location").to_owned();
        assert!(
            location.starts_with("http://localhost:8400/back?code=") && location.ends_with("&state=s7"),
            "{location}"
        );
        let code = location.split("code=").nth(1).and_then(|c| c.split('&').next()).unwrap_or_default();
        let client = client.to_string();
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code", code),
            ("redirect_uri", "http://localhost:8400/back"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ];
        let tokens = one.token(&fields).await.expect(200);
        let token = tokens.json["access_token"].as_str().unwrap_or_default();
        assert_eq!(other.get("/v1.0/me", token).await.json["userPrincipalName"], "carla@fabrikam.example");
    });
}

#[test]
fn an_answer_counts_once_in_its_time_and_in_the_browser_that_asked() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        issuer.signs_in(carla());
        let over = async |answer: Answer, why: &str| {
            assert_eq!((answer.status, heading(&answer)), (400, "Start again"), "{why}");
            assert_eq!(cookie(&answer, "__Host-tenure"), "", "{why}");
        };
        let (there, kept) = at_issuer(one, "/signin").await;
        let answer = issuer.visited(&there);
        let (_, others) = at_issuer(one, "/signin").await;
        over(back(one, &answer, &others).await, "the cookie of another sign-in").await;
        over(back(one, &answer, &kept).await, "it was used up by that").await;
        let (there, kept) = at_issuer(one, "/signin").await;
        over(back(one, &issuer.visited(&there), "a=b").await, "no cookie: somebody else's sign-in").await;
        let answer = issuer.visited(&there);
        back(one, &answer, &kept).await.expect(303);
        over(back(other, &answer, &kept).await, "twice").await;
        let (there, kept) = at_issuer(one, "/signin").await;
        let answer = issuer.visited(&there);
        over(back(one, &answer.replace("state=", "state=x"), &kept).await, "another state").await;
        let mixed = answer.replace("iss=http", "iss=https");
        over(back(one, &mixed, &kept).await, "the answer of another issuer").await;
        let (there, kept) = at_issuer(one, "/signin").await;
        one.let_pass(601);
        over(back(one, &issuer.visited(&there), &kept).await, "too late").await;
    });
}

#[test]
fn a_token_that_is_not_for_this_sign_in_is_refused() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        for (name, value) in [
            ("aud", json!("somebody-else")),
            ("aud", json!(AUDIENCE)),
            ("iss", json!("https://else.example")),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("exp", json!(one.wall().as_second() - 1)),
            ("sub", Value::Null),
        ] {
            let mut claims = carla();
            claims[name] = value.clone();
            issuer.signs_in(claims);
            let refused = sign_in(one, issuer).await;
            assert_eq!(refused.status, 200, "{name} {value}");
            assert!(fault(&refused).contains("cannot be trusted"), "{name} {value}: {}", fault(&refused));
            assert_eq!(cookie(&refused, "__Host-tenure"), "", "{name} {value}");
        }
        let (there, kept) = at_issuer(one, "/signin").await;
        let refused = back(one, &issuer.visited(&there).replace("code=", "code=x"), &kept).await;
        assert!(fault(&refused).contains("cannot be reached"), "a code the issuer does not know: {}", fault(&refused));
        let (there, kept) = at_issuer(one, "/signin").await;
        let state = there.split("state=").nth(1).and_then(|s| s.split('&').next()).unwrap_or_default();
        let path = format!("/signin/corp/callback?error=access_denied&error_description=<b>&state={state}");
        let refused = back(one, &path, &kept).await;
        assert!(fault(&refused).contains("did not sign you in"), "{}", fault(&refused));
        assert_eq!(one.get("/signin/other?purpose={}", "").await.status, 404);
        assert_eq!(one.get("/signin/corp?purpose={}", "").await.status, 400);
        // What the authorization endpoint refuses, it refuses on this way, too.
        let query = |client: &str, redirect: &str| {
            let query =
                format!("client_id={client}&response_type=code&redirect_uri={redirect}&scope=User.Read&state=s7");
            let purpose = json!({ "Authorize": { "query": query } }).to_string();
            form_urlencoded::byte_serialize(purpose.as_bytes()).collect::<String>()
        };
        let client = company::CLIENT_ID.to_string();
        let unproved = one.get(&format!("/signin/corp?purpose={}", query(&client, "http://localhost:8400/")), "").await;
        assert!(
            unproved.header("location").starts_with("http://localhost:8400/?error=invalid_request"),
            "{}",
            unproved.text
        );
        let elsewhere = one.get(&format!("/signin/corp?purpose={}", query(&client, "https://evil.example/")), "").await;
        assert_eq!((elsewhere.status, elsewhere.header("location")), (400, ""));
    });
}

#[test]
fn an_issuer_that_is_down_is_asked_once_a_minute() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        issuer.signs_in(carla());
        issuer.goes_down(true);
        let link = button(one, "/signin").await;
        let refused = one.get(&link, "").await.expect(200);
        assert!(fault(&refused).contains("cannot be reached now"), "{}", fault(&refused));
        issuer.goes_down(false);
        assert!(fault(&one.get(&link, "").await).contains("cannot be reached now"), "it is not hammered");
        one.let_pass(60);
        assert_eq!(sign_in(one, issuer).await.status, 303);
        issuer.goes_down(true);
        assert_eq!(one.get(&link, "").await.status, 303, "what it published is kept for an hour");
        one.let_pass(3_600);
        assert!(fault(&one.get(&link, "").await).contains("cannot be reached now"), "and not longer");
    });
}

#[test]
fn a_private_address_is_not_asked_unless_the_configuration_lists_it() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        let strict = tenure_testkit::issuer::outbound(Rules::default());
        let question = tenure_api::Question { url: format!("{}/keys", issuer.url), form: None, authorization: None };
        assert_eq!(strict.ask(question).await.err().as_deref(), Some("the address must begin with https://"));
        let url = format!("{}/keys", issuer.url.replace("http://", "https://"));
        let question = tenure_api::Question { url, form: None, authorization: None };
        let refused = strict.ask(question).await.err().unwrap_or_default();
        assert!(refused.contains("127.0.0.1, in a range that is not asked"), "{refused}");
        assert_eq!(issuer.reads(), 0);
        assert_eq!(one.get("/signin", "").await.status, 200);
    });
}

/// An access token of the issuer for Carla, with these scopes.
fn access(issuer: &Issuer, scope: &str) -> String {
    issuer.token(&json!({ "aud": AUDIENCE, "sub": "c-1", "scope": scope }))
}

#[test]
fn an_access_token_acts_for_the_person_it_is_linked_to_with_the_scopes_that_are_mapped() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        issuer.signs_in(carla());
        let read = access(issuer, "tenure.read other");
        assert_eq!(one.get("/v1.0/me", &read).await.status, 401, "no link yet: an address in a token links nobody");
        sign_in(one, issuer).await.expect(303);
        one.let_pass(1);
        let read = access(issuer, "tenure.read other");
        for node in [one, other] {
            assert_eq!(node.get("/v1.0/me", &read).await.json["userPrincipalName"], "carla@fabrikam.example");
            assert_eq!(node.get("/v1.0/groups", &read).await.status, 200);
            let catalog = json!({ "displayName": "Mine" });
            assert_eq!(node.post(&format!("{EM}/catalogs"), &read, catalog).await.status, 403);
        }
        let write = access(issuer, "tenure.write");
        assert_eq!(one.post(&format!("{EM}/catalogs"), &write, json!({ "displayName": "Mine" })).await.status, 403);
        assert_eq!(one.get("/v1.0/groups", &write).await.status, 403, "only what the word stands for");
        let nothing = access(issuer, "unknown");
        assert_eq!(one.get("/v1.0/groups", &nothing).await.status, 403);
        let stranger = issuer.token(&json!({ "aud": AUDIENCE, "sub": "c-2", "scope": "tenure.read" }));
        assert_eq!(one.get("/v1.0/me", &stranger).await.status, 401);
        // The same scopes in the hand of an administrator do what he may do.
        issuer.signs_in(json!({ "sub": "a-1", "email": "anna@fabrikam.example", "email_verified": true }));
        sign_in(one, issuer).await.expect(303);
        one.let_pass(1);
        let anna = issuer.token(&json!({ "aud": AUDIENCE, "sub": "a-1", "scope": ["tenure.write"] }));
        assert_eq!(other.post(&format!("{EM}/catalogs"), &anna, json!({ "displayName": "Hers" })).await.status, 201);
        let row = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Create access package catalog'";
        let rows = one.get(row, &one.token_app().await).await.expect(200);
        assert_eq!(rows.values()[0]["initiatedBy"]["user"]["userPrincipalName"], "anna@fabrikam.example");
    });
}

#[test]
fn an_access_token_that_is_not_for_us_or_not_good_is_refused() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        issuer.signs_in(carla());
        sign_in(one, issuer).await.expect(303);
        one.let_pass(1);
        let now = one.wall().as_second();
        let good = json!({ "aud": AUDIENCE, "sub": "c-1", "scope": "tenure.read" });
        assert_eq!(one.get("/v1.0/me", &issuer.token(&good)).await.status, 200);
        for (name, value) in [
            ("aud", json!(CLIENT_ID)),
            ("aud", json!("https://graph.microsoft.com")),
            ("iss", json!("https://else.example")),
            ("exp", json!(now)),
            ("nbf", json!(now + 3_600)),
            ("iat", json!(now + 3_600)),
            ("iat", Value::Null),
            ("exp", Value::Null),
            ("sub", Value::Null),
        ] {
            let mut claims = good.clone();
            claims[name] = value.clone();
            let refused = one.get("/v1.0/me", &issuer.token(&claims)).await;
            assert_eq!((refused.status, refused.code()), (401, "InvalidAuthenticationToken"), "{name} {value}");
        }
        let token = issuer.token(&good);
        let forged = format!("{token}x");
        assert_eq!(one.get("/v1.0/me", &forged).await.status, 401);
        one.let_pass(3_600);
        assert_eq!(one.get("/v1.0/me", &token).await.status, 401, "remembered or not, it has ended");
    });
}

#[test]
fn an_access_token_from_outside_dies_with_everything_that_ends_our_own() {
    on_two_nodes_with_issuer(TRUSTED, async |one, other, issuer| {
        let admin = one.token_app().await;
        let path = format!("/v1.0/users/{}", company::person("carla"));
        issuer.signs_in(carla());
        sign_in(one, issuer).await.expect(303);
        one.let_pass(1);
        let both =
            async |token: &str| [one.get("/v1.0/me", token).await.status, other.get("/v1.0/me", token).await.status];
        let first = access(issuer, "tenure.read");
        assert_eq!(both(&first).await, [200, 200], "both nodes remember it");
        other.patch(&path, &admin, json!({ "accountEnabled": false })).await.expect(204);
        assert_eq!(both(&first).await, [401, 401]);
        other.patch(&path, &admin, json!({ "accountEnabled": true })).await.expect(204);
        assert_eq!(both(&first).await, [401, 401], "it is older than the end of everything");
        one.let_pass(1);
        let second = access(issuer, "tenure.read");
        assert_eq!(both(&second).await, [200, 200]);
        one.let_pass(1);
        let body = json!({ "passwordProfile": { "password": "Other-Horse-2" } });
        one.patch(&path, &admin, body).await.expect(204);
        assert_eq!(both(&second).await, [401, 401]);
        one.let_pass(1);
        let third = access(issuer, "tenure.read");
        assert_eq!(both(&third).await, [200, 200]);
        one.delete(&path, &admin).await.expect(204);
        assert_eq!(both(&third).await, [401, 401]);
        one.let_pass(1);
        let between = access(issuer, "tenure.read");
        let restore = format!("/v1.0/directory/deletedItems/{}/restore", company::person("carla"));
        one.let_pass(1);
        one.post(&restore, &admin, Value::Null).await.expect(200);
        assert_eq!([both(&third).await, both(&between).await], [[401, 401], [401, 401]]);
        one.let_pass(1);
        assert_eq!(both(&access(issuer, "tenure.read")).await, [200, 200]);
        one.delete(&path, &admin).await.expect(204);
        one.delete(&format!("/v1.0/directory/deletedItems/{}", company::person("carla")), &admin).await.expect(204);
        one.let_pass(1);
        assert_eq!(both(&access(issuer, "tenure.read")).await, [401, 401], "the link is gone for good");
    });
}

#[test]
fn another_key_of_the_issuer_is_learnt_and_unknown_ones_do_not_hammer_it() {
    on_two_nodes_with_issuer(TRUSTED, async |one, _, issuer| {
        issuer.signs_in(carla());
        sign_in(one, issuer).await.expect(303);
        assert_eq!(issuer.reads(), 1);
        one.let_pass(61);
        issuer.rotate(true);
        assert_eq!(one.get("/v1.0/me", &access(issuer, "tenure.read")).await.status, 200);
        assert_eq!(issuer.reads(), 2);
        // A stranger who makes tokens up with ever new keys has it asked once a minute, not each time.
        let stranger = Issuer::new(std::sync::Arc::new(tenure_domain::time::ManualClock::at(one.wall())));
        for _ in 0..3 {
            stranger.rotate(false);
            let made_up =
                stranger.token(&json!({ "iss": issuer.url, "aud": AUDIENCE, "sub": "c-1", "scope": "tenure.read" }));
            assert_eq!(one.get("/v1.0/me", &made_up).await.status, 401);
        }
        assert_eq!(issuer.reads(), 2);
        // A key that is withdrawn there is no longer good here after an hour at the latest.
        let token = issuer.token(&json!({
            "aud": AUDIENCE, "sub": "c-1", "scope": "tenure.read", "exp": one.wall().as_second() + 86_400
        }));
        assert_eq!(one.get("/v1.0/me", &token).await.status, 200);
        issuer.rotate(false);
        one.let_pass(3_601);
        assert_eq!(one.get("/v1.0/me", &token).await.status, 401);
        issuer.goes_down(true);
        one.let_pass(3_601);
        let unsure = one.get("/v1.0/me", &access(issuer, "tenure.read")).await;
        assert_eq!((unsure.status, unsure.header("retry-after")), (503, "2"), "neither yes nor no");
        issuer.goes_down(false);
    });
}
