//! The pages of the authority, walked as a browser walks them: name and password, a new one, consent, device codes.

use crate::clients::{NewApp, new_app_from};
use crate::signin::{claims, number};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::page::{Form, fault, heading};
use tenure_testkit::{Answer, TestApp, company};

/// A proof key and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://localhost:8400/back";
const AUTHORIZE: &str = "/organizations/oauth2/v2.0/authorize";

/// Where a client sends a person.
fn authorize(client: &str, scope: &str, more: &str) -> String {
    format!(
        "{AUTHORIZE}?client_id={client}&response_type=code&redirect_uri={REDIRECT}&scope={scope}&state=s7&nonce=n8\
         &code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
    )
}

fn published(scope: &str, more: &str) -> String {
    authorize(&company::CLIENT_ID.to_string(), scope, more)
}

/// Fills in name and password on the page.
async fn type_in(app: &TestApp, page: &Answer, alias: &str, password: &str) -> Answer {
    let form = Form::of(page);
    let name = company::principal_name(alias);
    app.form(&form.action, &form.filled(&[("username", &name), ("password", password)])).await
}

/// Fills in the form of a page.
async fn answer(app: &TestApp, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let form = Form::of(page);
    app.form(&form.action, &form.filled(fields)).await
}

/// A parameter of the address that the browser is sent to.
fn sent(redirected: &Answer, name: &str) -> String {
    assert_eq!(redirected.status, 303, "{}", redirected.text);
    let location = redirected.header("location");
    assert!(location.starts_with(REDIRECT), "{location}");
    let query = location.split(['?', '#']).nth(1).unwrap_or_default();
    let found = query.split('&').filter_map(|p| p.split_once('=')).find(|(n, _)| *n == name);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// Brings a code back.
async fn redeem(app: &TestApp, client: &str, code: &str, verifier: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier),
    ];
    app.token(&fields).await
}

/// A public client that nobody has consented to.
async fn viewer(app: &TestApp) -> NewApp {
    new_app_from(app, json!({ "displayName": "Viewer <&>", "isFallbackPublicClient": true }), &[]).await
}

/// What was consented to: consent type, person and scopes.
async fn grants(app: &TestApp, client: &NewApp) -> Vec<Value> {
    let path = format!("/v1.0/servicePrincipals/{}/oauth2PermissionGrants", client.principal);
    let found = app.get(&path, &app.token_app().await).await.expect(200);
    found.values().iter().map(|g| json!([g["consentType"], g["principalId"], g["scope"]])).collect()
}

#[test]
fn a_browser_comes_back_with_a_code_that_the_proof_key_opens() {
    on_every_database(async |app| {
        let client = company::CLIENT_ID.to_string();
        let page = app.get(&published("User.Read openid offline_access", ""), "").await.expect(200);
        assert_eq!(heading(&page), "Sign in");
        let wrong = type_in(app, &page, "carla", "wrong").await;
        assert_eq!((wrong.status, fault(&wrong).is_empty()), (200, false));
        assert_eq!(Form::of(&wrong).fields[0].1, "carla@fabrikam.example", "the name need not be typed again");
        let back = type_in(app, &wrong, "carla", company::PASSWORD).await;
        assert_eq!(sent(&back, "state"), "s7");
        let code = sent(&back, "code");
        let tokens = redeem(app, &client, &code, VERIFIER).await.expect(200);
        let id = claims(tokens.json["id_token"].as_str().unwrap_or_default());
        assert_eq!((&id["nonce"], &id["preferred_username"]), (&json!("n8"), &json!("carla@fabrikam.example")));
        let access = tokens.json["access_token"].as_str().unwrap_or_default();
        assert_eq!(app.get("/v1.0/me", access).await.status, 200);
        let again = redeem(app, &client, &code, VERIFIER).await;
        assert_eq!(number(&again), 54_005);
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", tokens.json["refresh_token"].as_str().unwrap_or_default()),
        ];
        assert_eq!(app.token(&fields).await.status, 400, "the code came twice: all that came from it ends");
    });
}

#[test]
fn a_code_needs_its_proof_key_its_address_and_its_time() {
    on_every_database(async |app| {
        let client = company::CLIENT_ID.to_string();
        let code = async || {
            let page = app.get(&published("User.Read", ""), "").await;
            sent(&type_in(app, &page, "carla", company::PASSWORD).await, "code")
        };
        assert_eq!(
            number(&redeem(app, &client, &code().await, "wrong-verifier-wrong-verifier-wrong-verifier").await),
            501_481
        );
        let elsewhere = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code_verifier", VERIFIER),
            ("redirect_uri", "http://localhost:9999/back"),
            ("code", &code().await),
        ];
        assert_eq!(number(&app.token(&elsewhere).await), 70_000);
        let late = code().await;
        app.let_pass(301);
        assert_eq!(number(&redeem(app, &client, &late, VERIFIER).await), 70_000);
    });
}

#[test]
fn faults_of_a_client_are_told_to_it_and_strangers_are_sent_nowhere() {
    on_every_database(async |app| {
        let client = company::CLIENT_ID.to_string();
        for (without, instead, error) in [
            ("response_type=code", "response_type=token", "invalid_request"),
            ("scope=User.Read", "scope=", "invalid_request"),
            ("scope=User.Read", "scope=Nothing.At.All", "invalid_scope"),
            ("code_challenge_method=S256", "code_challenge_method=plain", "invalid_request"),
            (&format!("&code_challenge={CHALLENGE}"), "", "invalid_request"),
            ("&state=s7", "&state=s7&prompt=none", "login_required"),
        ] {
            let path = published("User.Read", "").replace(without, instead);
            let back = app.get(&path, "").await;
            assert_eq!((sent(&back, "error"), sent(&back, "state")), (error.to_owned(), "s7".to_owned()), "{instead}");
        }
        let fragment = app.get(&published("", "&response_mode=fragment"), "").await;
        assert!(fragment.header("location").starts_with(&format!("{REDIRECT}#error=")), "{:?}", fragment.headers);
        let posted = app.get(&published("", "&response_mode=form_post"), "").await.expect(200);
        assert_eq!(Form::of(&posted).fields[0], ("error".to_owned(), "invalid_request".to_owned()));
        for (from, to) in [(REDIRECT, "https://evil.example/"), (client.as_str(), "nobody"), (REDIRECT, "")] {
            let page = app.get(&published("User.Read", "").replace(from, to), "").await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{to}");
            assert_eq!(heading(&page), "Sign-in is not possible");
        }
    });
}

#[test]
fn pages_are_closed_to_what_comes_from_outside() {
    on_every_database(async |app| {
        let hint = "&login_hint=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
        let page = app.get(&published("User.Read", hint), "").await.expect(200);
        assert!(!page.text.contains("<script"), "{}", page.text);
        let form = Form::of(&page);
        assert!(form.fields.iter().any(|(n, v)| n == "username" && v.contains("<script>")), "{:?}", form.fields);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    });
}

#[test]
fn a_password_that_must_change_is_changed_on_the_way() {
    on_every_database(async |app| {
        let admin = app.token_app().await;
        let body = json!({ "passwordProfile": { "password": "First-Horse-9", "forceChangePasswordNextSignIn": true } });
        app.patch(&format!("/v1.0/users/{}", company::person("carla")), &admin, body).await.expect(204);
        let (client, name) = (company::CLIENT_ID.to_string(), company::principal_name("carla"));
        let fields = [
            ("grant_type", "password"),
            ("client_id", client.as_str()),
            ("username", name.as_str()),
            ("password", "First-Horse-9"),
            ("scope", "User.Read"),
        ];
        assert_eq!(number(&app.token(&fields).await), 50_055);
        let page = app.get(&published("User.Read", ""), "").await;
        let page = type_in(app, &page, "carla", "First-Horse-9").await.expect(200);
        assert_eq!(heading(&page), "Update your password");
        let mut told = Vec::new();
        for (new, repeated) in
            [("Other-Horse-2", "Other-Horse-3"), ("short", "short"), ("First-Horse-9", "First-Horse-9")]
        {
            let again = answer(app, &page, &[("new_password", new), ("repeated_password", repeated)]).await;
            told.push(fault(&again.expect(200)));
        }
        assert_eq!(
            told,
            [
                "The two passwords differ.",
                "The password must have 8 to 256 characters.",
                "Choose a password other than the present one.",
            ]
        );
        let both = [("new_password", "Other-Horse-2"), ("repeated_password", "Other-Horse-2")];
        let back = answer(app, &page, &both).await;
        redeem(app, &client, &sent(&back, "code"), VERIFIER).await.expect(200);
        let again = answer(app, &page, &both).await;
        assert_eq!((again.status, heading(&again)), (400, "Start again"), "a page is good once");
        let page = app.get(&published("User.Read", ""), "").await;
        sent(&type_in(app, &page, "carla", "Other-Horse-2").await, "code");
    });
}

#[test]
fn a_page_waits_ten_minutes() {
    on_every_database(async |app| {
        let admin = app.token_app().await;
        let body = json!({ "passwordProfile": { "password": "First-Horse-9", "forceChangePasswordNextSignIn": true } });
        app.patch(&format!("/v1.0/users/{}", company::person("carla")), &admin, body).await.expect(204);
        let page = app.get(&published("User.Read", ""), "").await;
        let page = type_in(app, &page, "carla", "First-Horse-9").await.expect(200);
        app.let_pass(601);
        let both = [("new_password", "Other-Horse-2"), ("repeated_password", "Other-Horse-2")];
        let late = answer(app, &page, &both).await;
        assert_eq!((late.status, heading(&late)), (400, "Start again"));
        let made_up = app.form("/organizations/oauth2/v2.0/continue", &[("ticket", "x")]).await;
        assert_eq!((made_up.status, heading(&made_up)), (400, "Start again"));
    });
}

#[test]
fn a_person_consents_once_and_it_can_be_withdrawn() {
    on_every_database(async |app| {
        let viewer = viewer(app).await;
        let page = app.get(&authorize(&viewer.app_id, "User.Read", ""), "").await.expect(200);
        assert!(page.text.contains("Viewer &lt;&amp;&gt;"), "{}", page.text);
        let page = type_in(app, &page, "carla", company::PASSWORD).await.expect(200);
        assert_eq!(heading(&page), "Permissions requested");
        assert!(page.text.contains("Read your profile"), "{}", page.text);
        assert!(!page.text.contains("for_all"), "only an administrator consents for everybody");
        assert_eq!(grants(app, &viewer).await, [Value::Null; 0]);
        let back = answer(app, &page, &[("decision", "accept"), ("for_all", "yes")]).await;
        let tokens = redeem(app, &viewer.app_id, &sent(&back, "code"), VERIFIER).await.expect(200);
        assert_eq!(claims(tokens.json["access_token"].as_str().unwrap_or_default())["scp"], "User.Read");
        assert_eq!(grants(app, &viewer).await, [json!(["Principal", company::person("carla"), "User.Read"])]);
        let page = app.get(&authorize(&viewer.app_id, "User.Read", ""), "").await;
        sent(&type_in(app, &page, "carla", company::PASSWORD).await, "code");
        let admin = app.token_app().await;
        let list = app.get("/v1.0/oauth2PermissionGrants", &admin).await.expect(200);
        let mine = list.values().iter().find(|g| g["clientId"] == json!(viewer.principal)).cloned().unwrap_or_default();
        let path = format!("/v1.0/oauth2PermissionGrants/{}", mine["id"].as_str().unwrap_or_default());
        let carla = app.token_of_person("carla").await;
        assert_eq!(app.delete(&path, &carla).await.status, 403);
        assert_eq!(app.delete(&path, &admin).await.status, 204);
        assert_eq!(app.delete(&path, &admin).await.status, 404);
        let page = app.get(&authorize(&viewer.app_id, "User.Read", ""), "").await;
        let page = type_in(app, &page, "carla", company::PASSWORD).await.expect(200);
        assert_eq!(heading(&page), "Permissions requested", "it is asked again");
    });
}

#[test]
fn who_declines_is_sent_back_with_a_no() {
    on_every_database(async |app| {
        let viewer = viewer(app).await;
        let page = app.get(&authorize(&viewer.app_id, "User.Read", ""), "").await;
        let page = type_in(app, &page, "carla", company::PASSWORD).await;
        let back = answer(app, &page, &[("decision", "cancel")]).await;
        assert_eq!((sent(&back, "error"), sent(&back, "state")), ("access_denied".to_owned(), "s7".to_owned()));
        assert_eq!(grants(app, &viewer).await, [Value::Null; 0]);
        let again = answer(app, &page, &[("decision", "accept")]).await;
        assert_eq!((again.status, heading(&again)), (400, "Start again"), "the answer was given");
    });
}

#[test]
fn an_administrator_consents_for_everybody() {
    on_every_database(async |app| {
        let viewer = viewer(app).await;
        let path = authorize(&viewer.app_id, "Group.Read.All", "");
        let page = app.get(&path, "").await;
        let refused = type_in(app, &page, "carla", company::PASSWORD).await;
        assert_eq!((refused.status, heading(&refused)), (403, "Approval required"));
        let page = type_in(app, &page, "anna", company::PASSWORD).await.expect(200);
        let back = answer(app, &page, &[("decision", "accept"), ("for_all", "yes")]).await;
        sent(&back, "code");
        assert_eq!(grants(app, &viewer).await, [json!(["AllPrincipals", null, "Group.Read.All"])]);
        let page = app.get(&path, "").await;
        let code = sent(&type_in(app, &page, "carla", company::PASSWORD).await, "code");
        let tokens = redeem(app, &viewer.app_id, &code, VERIFIER).await.expect(200);
        let token = tokens.json["access_token"].as_str().unwrap_or_default();
        assert_eq!(app.get("/v1.0/groups", token).await.status, 200);
        let asked = app.get(&authorize(&viewer.app_id, "Group.Read.All", "&prompt=consent"), "").await;
        let page = type_in(app, &asked, "anna", company::PASSWORD).await.expect(200);
        assert_eq!(heading(&page), "Permissions requested", "prompt=consent asks even so");
        sent(&answer(app, &page, &[("decision", "accept")]).await, "code");
        assert_eq!(grants(app, &viewer).await.len(), 1, "nothing new was given");
    });
}

#[test]
fn a_confidential_client_signs_people_in_with_its_secret() {
    on_every_database(async |app| {
        let body = json!({ "displayName": "Site", "web": { "redirectUris": ["https://site.example/back"] } });
        let site = new_app_from(app, body, &[]).await;
        let path = authorize(&site.app_id, "User.Read", "").replace(REDIRECT, "https://site.example/back");
        let page = app.get(&path, "").await.expect(200);
        let page = type_in(app, &page, "carla", company::PASSWORD).await.expect(200);
        let back = answer(app, &page, &[("decision", "accept")]).await;
        let location = back.header("location").to_owned();
        let code = location.split("code=").nth(1).and_then(|c| c.split('&').next()).unwrap_or_default();
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", site.app_id.as_str()),
            ("code", code),
            ("redirect_uri", "https://site.example/back"),
            ("code_verifier", VERIFIER),
        ];
        assert_eq!(number(&app.token(&fields).await), 7_000_218);
        let with_secret = [fields.as_slice(), &[("client_secret", site.secret.as_str())]].concat();
        app.token(&with_secret).await.expect(200);
        let foreign = authorize(&site.app_id, "User.Read", "");
        assert_eq!(app.get(&foreign, "").await.status, 400, "an address that is not registered");
    });
}

#[test]
fn a_device_waits_for_the_code_to_be_typed_elsewhere() {
    on_every_database(async |app| {
        let client = company::CLIENT_ID.to_string();
        let fields = [("client_id", client.as_str()), ("scope", "User.Read openid")];
        let begun = app.form("/organizations/oauth2/v2.0/devicecode", &fields).await.expect(200);
        let text = |name: &str| begun.json[name].as_str().unwrap_or_default().to_owned();
        let (device_code, user_code) = (text("device_code"), text("user_code"));
        assert!(text("message").contains(&user_code), "{}", text("message"));
        let ask = async || {
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("client_id", client.as_str()),
                ("device_code", device_code.as_str()),
            ];
            app.token(&fields).await
        };
        assert_eq!(number(&ask().await), 70_016);
        let page = app.get(text("verification_uri").trim_start_matches("https://localhost"), "").await.expect(200);
        assert_eq!(heading(&page), "Enter code");
        let wrong = answer(app, &page, &[("user_code", "XXXX-XXXX")]).await;
        assert_eq!((wrong.status, fault(&wrong).is_empty()), (200, false));
        let typed = user_code.to_lowercase().replace('-', " ");
        let page = answer(app, &wrong, &[("user_code", &typed)]).await.expect(200);
        assert_eq!(heading(&page), "Sign in");
        let done = type_in(app, &page, "carla", company::PASSWORD).await.expect(200);
        assert_eq!(heading(&done), "You have signed in");
        let tokens = ask().await.expect(200);
        assert_eq!(claims(tokens.json["access_token"].as_str().unwrap_or_default())["upn"], "carla@fabrikam.example");
        assert_eq!(ask().await.status, 400, "once");
    });
}

#[test]
fn a_device_hears_of_a_no_and_of_the_end_of_its_time() {
    on_every_database(async |app| {
        let viewer = viewer(app).await;
        let begin = async || {
            app.form("/common/oauth2/v2.0/devicecode", &[("client_id", &viewer.app_id), ("scope", "User.Read")])
                .await
                .expect(200)
        };
        let begun = begin().await;
        let complete = begun.json["verification_uri_complete"].as_str().unwrap_or_default();
        let page = app.get(complete.trim_start_matches("https://localhost"), "").await.expect(200);
        let page = type_in(app, &page, "carla", company::PASSWORD).await.expect(200);
        assert_eq!(heading(&page), "Permissions requested");
        let page = answer(app, &page, &[("decision", "cancel")]).await.expect(200);
        assert_eq!(heading(&page), "Declined");
        let ask = async |begun: &Answer| {
            let fields = [
                ("grant_type", "device_code"),
                ("client_id", viewer.app_id.as_str()),
                ("device_code", begun.json["device_code"].as_str().unwrap_or_default()),
            ];
            app.token(&fields).await
        };
        assert_eq!(number(&ask(&begun).await), 70_018);
        let late = begin().await;
        app.let_pass(901);
        assert_eq!(number(&ask(&late).await), 70_020);
    });
}

#[test]
fn signing_out_is_a_page() {
    on_every_database(async |app| {
        let page = app.get("/common/oauth2/v2.0/logout", "").await.expect(200);
        assert_eq!(heading(&page), "You signed out");
        let setup = app
            .form(
                "/setup?user=anna@fabrikam.example&code=x",
                &[("new_password", "Other-Horse-2"), ("repeated_password", "Other-Horse-2")],
            )
            .await;
        assert_eq!((setup.status, heading(&setup)), (400, "Start again"), "there is no link to use");
    });
}
