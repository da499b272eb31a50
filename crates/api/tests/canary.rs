//! What people write stays in the database (decisions.md K12). A run over the API, on both kinds of database, in which
//! everything a person could write is a canary: names, addresses, passwords, secrets, tokens, answers, reasons. Then the
//! whole log, at debug level and with the spans of traces, the metrics and the bodies of all errors are searched for them.
//!
//! A file of its own: the log belongs to the process.

#[path = "api/campaign.rs"]
mod campaign;

use campaign::{Campaign, open_policy};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};
use tracing_subscriber::fmt::format::FmtSpan;

/// Where entitlement management is.
const EM: &str = "/v1.0/identityGovernance/entitlementManagement";

/// In names, addresses, descriptions.
const NAME: &str = "Canaryname";
/// In passwords, secrets and tokens that are wrong, codes.
const SECRET: &str = "Canary-Secret-4711";
/// In answers, reasons, questions.
const WORDS: &str = "Canarywords";

/// The log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// What was said to callers who got it wrong, and the canaries that only came up on the way.
#[derive(Default)]
struct Heard {
    errors: Vec<String>,
    made: Vec<String>,
}

impl Heard {
    /// An answer that must be an error.
    #[track_caller]
    fn error(&mut self, answer: &Answer) {
        assert!(answer.status >= 400, "{}", answer.text);
        self.errors.push(answer.text.clone());
    }
}

async fn sign_in(app: &TestApp, name: &str, password: &str) -> Answer {
    let client = company::CLIENT_ID.to_string();
    let fields = [
        ("grant_type", "password"),
        ("client_id", &client),
        ("username", name),
        ("password", password),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    app.token(&fields).await
}

async fn app_token(app: &TestApp, id: &str, secret: &str) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    app.token(&fields).await
}

/// People and applications: made, signed in, refused.
async fn directory(app: &TestApp, token: &str, heard: &mut Heard) -> String {
    let upn = format!("{NAME}@{}", company::DOMAIN);
    let password = format!("{SECRET}-Aa");
    let user = json!({
        "displayName": format!("{NAME} Person"), "accountEnabled": true, "mailNickname": NAME,
        "userPrincipalName": upn, "mail": format!("{NAME}.mail@elsewhere.example"), "department": format!("{NAME} dept"),
        "passwordProfile": { "password": password, "forceChangePasswordNextSignIn": false },
    });
    let person = app.post("/v1.0/users", token, user.clone()).await.expect(201).id();
    heard.error(&app.post("/v1.0/users", token, user).await);
    heard.error(&sign_in(app, &upn, SECRET).await);
    heard.error(&sign_in(app, &format!("{NAME}-nobody@{}", company::DOMAIN), SECRET).await);
    let signed_in = sign_in(app, &upn, &password).await.expect(200);
    for kind in ["access_token", "refresh_token"] {
        let text = signed_in.json[kind].as_str().unwrap_or_default();
        heard.made.extend(
            (!text.is_empty()).then(|| text.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect()),
        );
    }
    let application =
        app.post("/v1.0/applications", token, json!({ "displayName": format!("{NAME} App") })).await.expect(201);
    let app_id = application.json["appId"].as_str().unwrap_or_default().to_owned();
    app.post("/v1.0/servicePrincipals", token, json!({ "appId": app_id })).await.expect(201);
    let path = format!("/v1.0/applications/{}/addPassword", application.id());
    let made = app.post(&path, token, json!({ "passwordCredential": { "displayName": NAME } })).await.expect(200);
    let secret = made.json["secretText"].as_str().expect("a secret").to_owned();
    app_token(app, &app_id, &secret).await.expect(200);
    heard.made.push(secret);
    heard.error(&app_token(app, &app_id, SECRET).await);
    let group = json!({
        "displayName": format!("{NAME} Group"), "mailNickname": NAME, "mailEnabled": false, "securityEnabled": true,
    });
    app.post("/v1.0/groups", token, group).await.expect(201);
    person
}

/// Catalogs, packages and requests: made, asked for, refused, delivered, ended.
async fn entitlement(app: &TestApp, campaign: &Campaign, heard: &mut Heard) {
    let token = &campaign.token;
    let catalog = json!({ "displayName": format!("{NAME} Catalog"), "description": format!("{NAME} described") });
    app.post(&format!("{EM}/catalogs"), token, catalog.clone()).await.expect(201);
    heard.error(&app.post(&format!("{EM}/catalogs"), token, catalog).await);
    let mut policy = open_policy(&campaign.package);
    policy["displayName"] = json!(format!("{NAME} Policy"));
    policy["questions"] = json!([{
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "isRequired": true, "isSingleLineQuestion": true,
        "text": format!("{WORDS} question?"),
    }]);
    policy["requestApprovalSettings"] = json!({ "isRequestorJustificationRequired": true });
    let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    let policy = app.put(&path, token, policy).await.expect(200);
    let question = policy.json["questions"][0]["id"].clone();
    let answer = |id: &Value| {
        json!([{
            "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": format!("{WORDS} answer"),
            "answeredQuestion": { "@odata.type": "#microsoft.graph.accessPackageQuestion", "id": id },
        }])
    };
    let carla = app.token_of_person("carla").await;
    let mut wish = campaign.request("userAdd", "carla");
    wish["justification"] = json!(format!("{WORDS} reason"));
    wish["answers"] = answer(&json!("00000000-0000-0000-0000-00000000beef"));
    heard.error(&campaign.ask(app, &carla, wish.clone()).await);
    wish["answers"] = answer(&question);
    campaign.ask(app, &carla, wish.clone()).await.expect(201);
    heard.error(&campaign.ask(app, &carla, wish).await);
    app.drain().await;
    assert!(campaign.held_by(app, "carla").await.is_some());
    app.advance("P40D").await;
    app.drain().await;
    assert_eq!(campaign.members(app).await, [""; 0], "all of it has ended");
}

/// Requests that cannot be understood, and tokens that are none.
async fn nonsense(app: &TestApp, token: &str, heard: &mut Heard) {
    let wrong = json!({ "displayName": { "text": WORDS }, "passwordProfile": SECRET, "accountEnabled": WORDS });
    heard.error(&app.post("/v1.0/users", token, wrong).await);
    heard.error(&app.post(&format!("{EM}/catalogs"), token, json!({ "displayName": [SECRET] })).await);
    heard.error(&app.get(&format!("/v1.0/users/{NAME}-none@{}", company::DOMAIN), token).await);
    heard.error(
        &app.get(&format!("{EM}/catalogs?$filter=displayName eq '{NAME}' and nothing eq '{NAME}'"), token).await,
    );
    heard.error(&app.get(&format!("{EM}/catalogs?$filter=isExternallyVisible eq '{NAME}'"), token).await);
    heard.error(&app.get(&format!("{EM}/catalogs?$skiptoken={SECRET}"), token).await);
    heard.error(&app.get(&format!("{EM}/catalogs"), SECRET).await);
    heard.error(&app.get(&format!("{EM}/catalogs"), &format!("{token}{SECRET}")).await);
    let batch = json!({ "requests": [
        { "id": "1", "method": "POST", "url": "/users", "headers": { "Content-Type": "application/json" },
          "body": { "displayName": 1, "passwordProfile": { "password": SECRET } } },
    ] });
    heard.errors.push(app.post("/v1.0/$batch", token, batch).await.expect(200).text);
    let form = [("grant_type", "authorization_code"), ("client_id", &company::CLIENT_ID.to_string()), ("code", SECRET)];
    heard.error(&app.token(&form).await);
    let form =
        [("grant_type", "refresh_token"), ("client_id", &company::CLIENT_ID.to_string()), ("refresh_token", SECRET)];
    heard.error(&app.token(&form).await);
}

fn search(what: &str, text: &str, canaries: &[&str]) {
    let lower = text.to_lowercase();
    for canary in canaries {
        let found = lower.find(&canary.to_lowercase());
        let around = found.and_then(|at| text.get(at.saturating_sub(200)..(at + 100).min(text.len())));
        assert!(found.is_none(), "{what} has `{canary}`: {around:?}");
    }
}

#[test]
fn nothing_that_people_write_is_in_logs_metrics_traces_or_errors() {
    let log = Log::start();
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut heard = Heard::default();
        campaign.assign(app, "ben").await;
        let resource = format!("{EM}/catalogs/{}/resources/{}", campaign.catalog, campaign.resource);
        app.get(&resource, &campaign.token).await.expect(200);
        directory(app, &campaign.token, &mut heard).await;
        entitlement(app, &campaign, &mut heard).await;
        nonsense(app, &campaign.token, &mut heard).await;
        let carla = app.token_of_person("carla").await;
        heard.made.push(carla.chars().skip(carla.len() - 40).collect());

        let made: Vec<&str> = heard.made.iter().map(String::as_str).collect();
        let all = [&[NAME, SECRET, WORDS, company::PASSWORD, company::WRITER_SECRET, "Carla", "fabrikam"][..], &made]
            .concat();
        let text = log.text();
        search("the log", &text, &all);
        search("a metric", &app.metrics(), &all);
        // A caller may be told a name of his own request; what is secret, or somebody's words, not even he.
        search("an error", &heard.errors.join("\n"), &[&[SECRET, WORDS, company::WRITER_SECRET][..], &made].concat());
        for shown in ["path=\"users\"", "path=\"assignmentRequests\"", "use case", "database batch", "status=401"] {
            assert!(text.contains(shown), "the log is on: {shown}");
        }
        assert!(app.metrics().contains(r#"tenure_http_answers_total{route="users",method="POST",status="201"}"#));
    });
}
