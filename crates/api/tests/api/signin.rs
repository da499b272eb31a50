//! The token endpoint and what clients ask before: numbers and words of errors, tokens that live, die and are renewed.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

pub const TOKEN: &str = "/organizations/oauth2/v2.0/token";
const DEFAULT: &str = "https://graph.microsoft.com/.default";

/// What a token says of itself.
pub fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap_or_default();
    serde_json::from_slice(&base64url(body)).unwrap_or_default()
}

fn base64url(text: &str) -> Vec<u8> {
    let value = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let bits = text.bytes().fold((Vec::new(), 0_u32, 0), |(mut out, held, count), b| {
        let (held, count) = (held << 6 | u32::from(value(b)), count + 6);
        if count < 8 {
            return (out, held, count);
        }
        out.push(u8::try_from(held >> (count - 8) & 0xff).unwrap_or_default());
        (out, held & ((1 << (count - 8)) - 1), count - 8)
    });
    bits.0
}

/// The number of a refused sign-in, after a look at the words around it.
pub fn number(refused: &Answer) -> i64 {
    let number = refused.json["error_codes"][0].as_i64().unwrap_or_default();
    let description = refused.json["error_description"].as_str().unwrap_or_default();
    assert!(description.starts_with(&format!("AADSTS{number}: ")), "{} {}", refused.status, refused.text);
    number
}

fn word(refused: &Answer) -> &str {
    refused.json["error"].as_str().unwrap_or_default()
}

/// Status, word and number of a refused sign-in.
fn said(refused: &Answer) -> String {
    format!("{} {} {}", refused.status, word(refused), number(refused))
}

/// Signs somebody in by name and password, with the published client.
async fn sign_in(app: &TestApp, alias: &str, password: &str, scope: &str) -> Answer {
    let name = company::principal_name(alias);
    let client = company::CLIENT_ID.to_string();
    let fields = [
        ("grant_type", "password"),
        ("client_id", client.as_str()),
        ("username", name.as_str()),
        ("password", password),
        ("scope", scope),
    ];
    app.token(&fields).await
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    let client = company::CLIENT_ID.to_string();
    app.token(&[("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", token)]).await
}

fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.json[name].as_str().unwrap_or_default()
}

#[test]
fn clients_learn_where_everything_is() {
    on_every_database(async |app| {
        for tenant in ["organizations", "common", company::DOMAIN, &company::TENANT_ID.to_string()] {
            let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
            let document = app.get(&path, "").await.expect(200);
            assert_eq!(document.json["issuer"], format!("https://localhost/{}/v2.0", company::TENANT_ID));
        }
        let document = app.get("/common/v2.0/.well-known/openid-configuration", "").await;
        assert_snapshot!("discovery_document", app.show(&document));
        for path in ["token_endpoint", "authorization_endpoint", "jwks_uri", "device_authorization_endpoint"] {
            let url = text(&document, path).trim_start_matches("https://localhost").to_owned();
            assert_ne!(app.get(&url, "").await.status, 404, "{path}");
        }
        let keys = app.get("/common/discovery/v2.0/keys", "").await.expect(200);
        assert_eq!((&keys.json["keys"][0]["kty"], &keys.json["keys"][0]["alg"]), (&json!("RSA"), &json!("RS256")));
        let realm = app.get("/common/UserRealm/carla%40fabrikam.example?api-version=1.0", "").await;
        assert_snapshot!("user_realm", app.show(&realm));
        let instance = app.get("/common/discovery/instance?api-version=1.1&authorization_endpoint=x", "").await;
        assert_snapshot!("instance_discovery", app.show(&instance));
        assert_snapshot!("cloud_metadata", app.show(&app.get("/metadata/endpoints?api-version=2022-09-01", "").await));
    });
}

#[test]
fn another_tenant_is_not_found() {
    on_every_database(async |app| {
        let unknown = app.form("/contoso.example/oauth2/v2.0/token", &[("grant_type", "password")]).await;
        assert_snapshot!("unknown_tenant", app.show(&unknown));
        assert_eq!(number(&unknown), 90_002);
        let other = format!("/{}/v2.0/.well-known/openid-configuration", company::person("anna"));
        assert_eq!(app.get(&other, "").await.status, 400);
        assert_eq!(app.get("/contoso.example/nothing", "").await.status, 404);
    });
}

#[test]
fn an_app_signs_in_with_its_secret() {
    on_every_database(async |app| {
        let client = company::WRITER_ID.to_string();
        let fields = [("grant_type", "client_credentials"), ("client_id", &client), ("scope", DEFAULT)];
        let with = |secret: &'static str| [fields.as_slice(), &[("client_secret", secret)]].concat();
        let answer = app.token(&with(company::WRITER_SECRET)).await.expect(200);
        assert_eq!((text(&answer, "token_type"), answer.json["refresh_token"].clone()), ("Bearer", Value::Null));
        let life = answer.json["expires_in"].as_i64().unwrap_or_default();
        assert!((3_600..=5_400).contains(&life), "{life}");
        let said_by = claims(text(&answer, "access_token"));
        assert_eq!(said_by["exp"].as_i64().unwrap_or_default() - said_by["iat"].as_i64().unwrap_or_default(), life);
        let lasting = ["aud", "iss", "tid", "oid", "sub", "appid", "idtyp", "roles", "ver"];
        let shown: serde_json::Map<String, Value> =
            lasting.iter().map(|name| ((*name).to_owned(), said_by[*name].clone())).collect();
        assert_snapshot!("claims_of_an_app", app.show_json(&Value::Object(shown)));
        let wrong = app.token(&with("wrong")).await;
        assert_snapshot!("wrong_secret", app.show(&wrong));
        assert_eq!(number(&wrong), 7_000_215);
    });
}

/// The official clients for Java and Go ask like that.
#[test]
fn an_app_may_name_scopes_of_the_protocol_beside_the_default() {
    on_every_database(async |app| {
        let client = company::WRITER_ID.to_string();
        let ask = async |scope: &str| {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", client.as_str()),
                ("client_secret", company::WRITER_SECRET),
                ("scope", scope),
            ];
            app.token(&fields).await
        };
        for scope in [format!("{DEFAULT} openid offline_access profile"), format!("OpenId email {DEFAULT}")] {
            let answer = ask(&scope).await.expect(200);
            assert_eq!(claims(text(&answer, "access_token"))["idtyp"], json!("app"), "{scope}");
            for name in ["id_token", "refresh_token", "client_info"] {
                assert_eq!(answer.json[name], Value::Null, "{scope}: nobody signed in, so that there is no {name}");
            }
        }
        for scope in ["openid", "openid profile", "openid User.Read", "https://elsewhere.example/.default openid"] {
            let answer = ask(scope).await;
            assert_eq!((answer.status, text(&answer, "error").is_empty()), (400, false), "{scope}");
        }
    });
}

#[test]
fn a_secret_may_come_as_basic_authentication() {
    on_every_database(async |app| {
        // base64 of the client id, a colon, and its secret.
        let header = "Basic ZmFiMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMGEyOnNlY3JldC1vZi10aGUtcmVhZGVy";
        let headers = [("host", "localhost"), ("authorization", header)];
        let body = format!("grant_type=client_credentials&scope={DEFAULT}");
        let asked = tenure_testkit::app::request("POST", TOKEN, &headers, &body);
        let answer = app.send(asked).await.expect(200);
        assert_eq!(claims(text(&answer, "access_token"))["appid"], json!(company::READER_ID));
    });
}

#[test]
fn what_is_wrong_with_a_token_request_has_its_number() {
    on_every_database(async |app| {
        let (writer, command_line) = (company::WRITER_ID.to_string(), company::CLIENT_ID.to_string());
        let secret = ("client_secret", company::WRITER_SECRET);
        let credentials = ("grant_type", "client_credentials");
        let mut told = Vec::new();
        let cases: [(&str, Vec<(&str, &str)>); 12] = [
            ("nothing", vec![]),
            ("no client", vec![credentials]),
            ("unknown client", vec![credentials, ("client_id", "x"), secret]),
            ("no secret", vec![credentials, ("client_id", &writer), ("scope", DEFAULT)]),
            ("no scope", vec![credentials, ("client_id", &writer), secret]),
            ("one permission", vec![credentials, ("client_id", &writer), secret, ("scope", "User.Read.All")]),
            ("public client by itself", vec![credentials, ("client_id", &command_line), ("scope", DEFAULT)]),
            ("unknown grant", vec![("grant_type", "magic"), ("client_id", &writer), secret]),
            ("no password", vec![("grant_type", "password"), ("client_id", &command_line), ("username", "x")]),
            (
                "unknown scope",
                vec![
                    ("grant_type", "password"),
                    ("client_id", &command_line),
                    ("username", "x"),
                    ("password", "y"),
                    ("scope", "Nothing.At.All"),
                ],
            ),
            (
                "unknown code",
                vec![
                    ("grant_type", "authorization_code"),
                    ("client_id", &command_line),
                    ("code", "x"),
                    ("redirect_uri", "http://localhost"),
                ],
            ),
            (
                "unknown refresh token",
                vec![("grant_type", "refresh_token"), ("client_id", &command_line), ("refresh_token", "x")],
            ),
        ];
        for (what, fields) in cases {
            told.push(format!("{what}: {}", said(&app.token(&fields).await)));
        }
        assert_snapshot!("token_requests_that_are_refused", told.join("\n"));
        assert_eq!(app.get(TOKEN, "").await.status, 405);
    });
}

#[test]
fn a_person_signs_in_with_name_and_password() {
    on_every_database(async |app| {
        let scope = format!("{DEFAULT} openid profile offline_access");
        let answer = sign_in(app, "carla", company::PASSWORD, &scope).await.expect(200);
        assert!(text(&answer, "scope").contains("offline_access"), "{}", text(&answer, "scope"));
        let access = claims(text(&answer, "access_token"));
        assert_eq!((&access["idtyp"], &access["upn"]), (&json!("user"), &json!("carla@fabrikam.example")));
        assert!(access["scp"].as_str().unwrap_or_default().contains("EntitlementManagement.Read.All"));
        let id = claims(text(&answer, "id_token"));
        assert_eq!(id["aud"], json!(company::CLIENT_ID));
        assert_eq!((&id["oid"], &id["name"]), (&json!(company::person("carla")), &json!("Carla Díaz")));
        let client_info = base64url(text(&answer, "client_info"));
        let client_info: Value = serde_json::from_slice(&client_info).unwrap_or_default();
        assert_eq!(client_info, json!({ "uid": company::person("carla"), "utid": company::TENANT_ID }));
        let narrow = sign_in(app, "carla", company::PASSWORD, "User.Read").await.expect(200);
        let token = text(&narrow, "access_token");
        assert_eq!((claims(token)["scp"].clone(), &narrow.json["refresh_token"]), (json!("User.Read"), &Value::Null));
        assert_eq!(app.get("/v1.0/me", token).await.status, 200);
        assert_eq!(app.get("/v1.0/groups", token).await.status, 403);
    });
}

#[test]
fn a_wrong_password_reads_like_an_unknown_name() {
    on_every_database(async |app| {
        let wrong = sign_in(app, "carla", "wrong", DEFAULT).await;
        let unknown = sign_in(app, "nobody", "wrong", DEFAULT).await;
        assert_eq!(said(&wrong), "400 invalid_grant 50126");
        let text = |a: &Answer| {
            a.json["error_description"].as_str().and_then(|t| t.split(" Trace ID").next()).map(str::to_owned)
        };
        assert_eq!((said(&wrong), text(&wrong)), (said(&unknown), text(&unknown)));
        assert_eq!(said(&sign_in(app, "nils", company::PASSWORD, DEFAULT).await), "400 invalid_grant 50057");
        assert_eq!(
            said(&sign_in(app, "nils", "wrong", DEFAULT).await),
            "400 invalid_grant 50126",
            "nobody learns that he is blocked"
        );
    });
}

#[test]
fn too_many_wrong_passwords_lock_the_account_for_a_while() {
    on_every_database(async |app| {
        let mut numbers = Vec::new();
        for _ in 0..5 {
            numbers.push(number(&sign_in(app, "carla", "wrong", DEFAULT).await));
        }
        assert_eq!(numbers, [50_126, 50_126, 50_126, 50_126, 50_053], "a pause after the fourth");
        assert_eq!(number(&sign_in(app, "carla", company::PASSWORD, DEFAULT).await), 50_053);
        assert_eq!(sign_in(app, "ben", company::PASSWORD, DEFAULT).await.status, 200, "others are not kept waiting");
        app.let_pass(3);
        assert_eq!(sign_in(app, "carla", company::PASSWORD, DEFAULT).await.status, 200);
    });
}

#[test]
fn a_refresh_token_is_good_once_and_reuse_ends_the_whole_sign_in() {
    on_every_database(async |app| {
        let first = sign_in(app, "carla", company::PASSWORD, "User.Read offline_access").await.expect(200);
        let second = refresh(app, text(&first, "refresh_token")).await.expect(200);
        assert_eq!(claims(text(&second, "access_token"))["scp"], "User.Read");
        let third = refresh(app, text(&second, "refresh_token")).await.expect(200);
        let reused = refresh(app, text(&first, "refresh_token")).await;
        assert_eq!(said(&reused), "400 invalid_grant 54005");
        let newest = refresh(app, text(&third, "refresh_token")).await;
        assert_eq!(newest.status, 400, "the thief and the owner are both out: {}", newest.text);
        let other = company::WRITER_ID.to_string();
        let mine = sign_in(app, "carla", company::PASSWORD, "User.Read offline_access").await.expect(200);
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &other),
            ("client_secret", company::WRITER_SECRET),
            ("refresh_token", text(&mine, "refresh_token")),
        ];
        assert_eq!(said(&app.token(&fields).await), "400 invalid_grant 70000", "a token of another client");
        refresh(app, text(&mine, "refresh_token")).await.expect(200);
    });
}

#[test]
fn a_refresh_token_ends_with_its_person_and_its_time() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let ben = sign_in(app, "ben", company::PASSWORD, "User.Read offline_access").await.expect(200);
        app.patch(&format!("/v1.0/users/{}", company::person("ben")), &token, json!({ "accountEnabled": false }))
            .await
            .expect(204);
        assert_eq!(refresh(app, text(&ben, "refresh_token")).await.status, 400);
        let carla = sign_in(app, "carla", company::PASSWORD, "User.Read offline_access").await.expect(200);
        app.let_pass(14 * 86_400 + 1);
        assert_eq!(said(&refresh(app, text(&carla, "refresh_token")).await), "400 invalid_grant 70000");
    });
}

#[test]
fn a_new_password_ends_older_tokens() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let carla = sign_in(app, "carla", company::PASSWORD, "User.Read offline_access").await.expect(200);
        let body = json!({ "passwordProfile": { "password": "Other-Horse-2" } });
        app.patch(&format!("/v1.0/users/{}", company::person("carla")), &token, body).await.expect(204);
        assert_eq!(app.get("/v1.0/me", text(&carla, "access_token")).await.status, 401);
        assert_eq!(refresh(app, text(&carla, "refresh_token")).await.status, 400);
        assert_eq!(number(&sign_in(app, "carla", company::PASSWORD, DEFAULT).await), 50_126);
        sign_in(app, "carla", "Other-Horse-2", DEFAULT).await.expect(200);
    });
}

#[test]
fn a_client_without_consent_gets_no_token() {
    on_every_database(async |app| {
        let body = json!({ "displayName": "Viewer", "isFallbackPublicClient": true });
        let viewer = crate::clients::new_app_from(app, body, &[]).await;
        let name = company::principal_name("carla");
        let fields = [
            ("grant_type", "password"),
            ("client_id", viewer.app_id.as_str()),
            ("username", name.as_str()),
            ("password", company::PASSWORD),
            ("scope", "User.Read Group.Read.All"),
        ];
        let refused = app.token(&fields).await;
        assert_eq!(said(&refused), "400 invalid_grant 65001");
        assert_eq!(text(&refused, "suberror"), "consent_required");
    });
}

#[test]
fn tokens_are_for_one_api_under_its_names_and_ours() {
    on_every_database(async |app| {
        for resource in ["https://graph.microsoft.com/", "https://localhost:8443/", "https://localhost//", ""] {
            sign_in(app, "carla", company::PASSWORD, &format!("{resource}User.Read")).await.expect(200);
        }
        let other = "https://vault.example/";
        for scope in [format!("{other}User.Read"), format!("openid {other}.default")] {
            assert_eq!(said(&sign_in(app, "carla", company::PASSWORD, &scope).await), "400 invalid_resource 500011");
        }
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &company::WRITER_ID.to_string()),
            ("client_secret", company::WRITER_SECRET),
            ("scope", "https://vault.example/.default"),
        ];
        assert_eq!(said(&app.token(&fields).await), "400 invalid_resource 500011");
    });
}

#[test]
fn the_tenth_wrong_password_locks_the_account_for_a_quarter_of_an_hour() {
    on_every_database(async |app| {
        let wrong = async |times: usize| {
            for _ in 0..times {
                // Longer than any pause between two tries.
                app.let_pass(65);
                assert_eq!(number(&sign_in(app, "carla", "wrong", DEFAULT).await), 50_126);
            }
        };
        wrong(9).await;
        app.let_pass(65);
        assert_eq!(sign_in(app, "carla", company::PASSWORD, DEFAULT).await.status, 200, "nine are not too many");
        wrong(10).await;
        app.let_pass(15 * 60 - 1);
        assert_eq!(number(&sign_in(app, "carla", company::PASSWORD, DEFAULT).await), 50_053);
        app.let_pass(1);
        assert_eq!(sign_in(app, "carla", company::PASSWORD, DEFAULT).await.status, 200);
    });
}

#[test]
fn an_address_with_too_many_wrong_passwords_waits_whichever_account_it_names() {
    on_every_database(async |app| {
        let from = async |last: u8, alias: &str, password: &str| {
            let client = company::CLIENT_ID;
            let (name, kind) = (company::principal_name(alias), "application/x-www-form-urlencoded");
            let body =
                format!("grant_type=password&client_id={client}&username={name}&password={password}&scope={DEFAULT}");
            let headers = [("host", "localhost"), ("content-type", kind)];
            let mut asked = tenure_testkit::app::request("POST", TOKEN, &headers, &body);
            asked.extensions_mut().insert(tenure_api::Peer([192, 0, 2, last].into()));
            app.send(asked).await
        };
        for _ in 0..30 {
            assert_eq!(number(&from(1, "nobody", "wrong").await), 50_126);
        }
        assert_eq!(number(&from(1, "somebody", "wrong").await), 50_126, "thirty are not too many");
        assert_eq!(number(&from(1, "carla", company::PASSWORD).await), 50_053, "thirty-one are");
        assert_eq!(from(2, "carla", company::PASSWORD).await.status, 200, "others are not kept waiting");
        app.let_pass(2);
        assert_eq!(from(1, "carla", company::PASSWORD).await.status, 200);
    });
}
