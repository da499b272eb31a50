//! Applications that prove with a certificate who they are (clients.md 2, RFC 7523).

use crate::clients::{NewApp, new_app};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, date_time_ymd};
use serde_json::{Value, json};
use tenure_domain::limits::{ASSERTION_LIFE_MAX_HOURS, CERTIFICATE_BYTES_MAX, CERTIFICATES_MAX};
use tenure_testkit::app::{HOST, on_every_database};
use tenure_testkit::{Answer, TestApp};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A certificate with its key. Keys are random: nothing here shows them.
struct Holder {
    der: Vec<u8>,
    pem: String,
    key: RsaKeyPair,
}

fn parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "Robot of the mill");
    parameters.not_before = date_time_ymd(2026, 1, 1);
    parameters.not_after = date_time_ymd(2027, 1, 1);
    parameters
}

impl Holder {
    fn new() -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        let made = parameters().self_signed(&pair).expect("a certificate");
        let key = RsaKeyPair::from_pkcs8(pair.serialized_der()).expect("the same key");
        Self { der: made.der().to_vec(), pem: made.pem(), key }
    }

    fn entry(&self) -> Value {
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": STANDARD.encode(&self.der), "displayName": "mill" })
    }

    /// Signs with the key whatever the header says.
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let encoding = if header["alg"] == "PS256" {
            &RSA_PSS_SHA256 as &dyn aws_lc_rs::signature::RsaEncoding
        } else {
            &RSA_PKCS1_SHA256
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header(&self) -> Value {
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.der)) })
    }
}

/// What an official library claims.
fn claims(app: &TestApp, client: &NewApp) -> Value {
    let now = app.wall().as_second();
    json!({ "aud": format!("https://{}/organizations/oauth2/v2.0/token", HOST), "iss": client.app_id,
            "sub": client.app_id, "jti": "1", "iat": now, "nbf": now, "exp": now + 600 })
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

async fn ask(app: &TestApp, client: &NewApp, kind: &str, assertion: &str) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client.app_id.as_str()),
        ("client_assertion_type", kind),
        ("client_assertion", assertion),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    app.token(&fields).await
}

/// The number of the refusal, and 0 when there is a token.
async fn outcome(app: &TestApp, client: &NewApp, assertion: &str) -> i64 {
    let answer = ask(app, client, TYPE, assertion).await;
    if answer.status == 200 { 0 } else { answer.json["error_codes"][0].as_i64().unwrap_or(-1) }
}

async fn register(app: &TestApp, client: &NewApp, entries: Value) -> Answer {
    let path = format!("/v1.0/applications/{}", client.application);
    app.patch(&path, &app.token_app().await, json!({ "keyCredentials": entries })).await
}

#[test]
fn an_app_signs_in_with_the_certificate_it_registered() {
    on_every_database(async |app| {
        let client = new_app(app, "Robot", &["Group.Read.All"]).await;
        let (holder, stranger) = (Holder::new(), Holder::new());
        let claims = claims(app, &client);
        let assertion = holder.sign(&holder.header(), &claims);
        assert_eq!(outcome(app, &client, &assertion).await, 700_027, "not registered");
        register(app, &client, json!([holder.entry()])).await.expect(204);
        let answer = ask(app, &client, TYPE, &assertion).await.expect(200);
        let token = answer.json["access_token"].as_str().unwrap_or_default();
        assert_eq!(app.get("/v1.0/groups", token).await.status, 200);
        assert_eq!(outcome(app, &client, &assertion).await, 0, "official libraries send the same one again");
        // As other libraries name it: SHA-1, and one pads it.
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, &holder.der);
        for print in [URL_SAFE_NO_PAD.encode(sha1), URL_SAFE.encode(sha1), STANDARD.encode(sha1)] {
            let header = json!({ "alg": "RS256", "typ": "JWT", "x5t": print });
            assert_eq!(outcome(app, &client, &holder.sign(&header, &claims)).await, 0);
        }
        let sha256 = digest(&SHA256, &holder.der);
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": STANDARD.encode(sha256) });
        assert_eq!(outcome(app, &client, &holder.sign(&header, &claims)).await, 0);
        assert_eq!(outcome(app, &client, &stranger.sign(&holder.header(), &claims)).await, 700_027, "another's key");
        assert_eq!(outcome(app, &client, &stranger.sign(&stranger.header(), &claims)).await, 700_027);
        let other = new_app(app, "Other", &[]).await;
        let theirs = holder.sign(&holder.header(), &self::claims(app, &other));
        assert_eq!(outcome(app, &other, &theirs).await, 700_027, "a certificate proves only its own client");
        // It is shown without the certificate, and can be kept by its id alone.
        let path = format!("/v1.0/applications/{}", client.application);
        let shown = app.get(&path, &app.token_app().await).await.expect(200).json["keyCredentials"].clone();
        assert_eq!(shown[0]["displayName"], json!("mill"));
        assert_eq!(shown[0]["key"], Value::Null);
        assert_eq!(shown[0]["customKeyIdentifier"], json!(STANDARD.encode(sha1)));
        assert_eq!(shown[0]["endDateTime"], json!("2027-01-01T00:00:00Z"));
        let pem =
            json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": URL_SAFE_NO_PAD.encode(&stranger.pem) });
        register(app, &client, json!([shown[0], pem])).await.expect(204);
        assert_eq!(outcome(app, &client, &assertion).await, 0);
        assert_eq!(outcome(app, &client, &stranger.sign(&stranger.header(), &claims)).await, 0);
        // Neither can take the other's place unseen.
        let swapped = with(&shown[0], "key", stranger.entry()["key"].clone());
        let answer = register(app, &client, json!([swapped])).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains("keyCredentials/0/key"), "{}", answer.text);
        // What is no longer listed is gone at once.
        register(app, &client, json!([])).await.expect(204);
        let filter = format!("targetResources/any(t:t/id eq '{}')", client.application);
        let rows = app.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}"), &app.token_app().await).await;
        let told: Vec<(bool, String)> = rows.expect(200).json["value"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|row| row["targetResources"][0]["modifiedProperties"].as_array().cloned().unwrap_or_default())
            .filter(|change| change["displayName"] == "KeyCredential")
            .map(|change| {
                (
                    change["newValue"].is_string(),
                    change["newValue"].as_str().or(change["oldValue"].as_str()).unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let print = |holder: &Holder| STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &holder.der));
        let mut gone = [(false, print(&holder)), (false, print(&stranger))];
        gone.sort();
        let mut last = told.get(2..).unwrap_or_default().to_vec();
        last.sort();
        assert_eq!(told.get(..2), Some(&[(true, print(&holder)), (true, print(&stranger))][..]), "{told:?}");
        assert_eq!(last, gone);
        assert_eq!(outcome(app, &client, &assertion).await, 700_027);
    });
}

#[test]
fn an_assertion_speaks_of_its_client_to_us_and_for_a_day_at_most() {
    on_every_database(async |app| {
        let client = new_app(app, "Robot", &[]).await;
        let holder = Holder::new();
        register(app, &client, json!([holder.entry()])).await.expect(204);
        let good = claims(app, &client);
        let now = app.wall().as_second();
        let organization = app.get("/v1.0/organization", &app.token_app().await).await.expect(200);
        let tenant = organization.column("id").first().cloned().unwrap_or_default();
        let at = |path: &str| json!(format!("https://{}/{path}", HOST));
        let day = ASSERTION_LIFE_MAX_HOURS * 3600;
        for (name, value, code) in [
            ("aud", at(&format!("{tenant}/v2.0")), 0),
            ("aud", at(&format!("{tenant}/oauth2/v2.0/token")), 0),
            ("aud", json!([at(&format!("{tenant}/oauth2/token"))]), 0),
            ("aud", at("litware.example/oauth2/v2.0/token"), 700_023),
            ("aud", json!("https://login.microsoftonline.com/organizations/oauth2/v2.0/token"), 700_023),
            ("aud", Value::Null, 700_023),
            ("iss", json!("somebody"), 700_021),
            ("sub", json!(tenant), 700_021),
            ("exp", json!(now + 1), 0),
            ("exp", json!(now), 700_024),
            ("exp", Value::Null, 700_024),
            ("exp", json!(now + day), 0),
            ("exp", json!(now + day + 61), 700_024),
            ("nbf", json!(now + 60), 0),
            ("nbf", json!(now + 61), 700_024),
            ("iat", json!(now + 61), 700_024),
        ] {
            let assertion = holder.sign(&holder.header(), &with(&good, name, value.clone()));
            assert_eq!(outcome(app, &client, &assertion).await, code, "{name} {value}");
        }
        let print = holder.header()["x5t#S256"].clone();
        for (header, code) in [
            (json!({ "alg": "none", "x5t#S256": print }), 50_027),
            (json!({ "alg": "HS256", "x5t#S256": print }), 50_027),
            (json!({ "alg": "RS256", "x5t#S256": print, "crit": ["exp"] }), 50_027),
            (json!({ "alg": "RS256" }), 700_027),
        ] {
            assert_eq!(outcome(app, &client, &holder.sign(&header, &good)).await, code, "{header}");
        }
        let assertion = holder.sign(&holder.header(), &good);
        for broken in ["", "x", "a.b.c", &assertion[1..], &format!("{assertion}A"), &"x".repeat(20_000)] {
            let answer = ask(app, &client, TYPE, broken).await;
            assert!([400, 401].contains(&answer.status), "{} for {broken}", answer.text);
        }
        let answer = ask(app, &client, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", &assertion).await;
        assert_eq!((answer.status, answer.json["error_codes"][0].as_i64()), (400, Some(9_002_313)));
        // The certificate ends before the next year does.
        app.let_pass(366 * 86_400);
        let late = holder.sign(&holder.header(), &claims(app, &client));
        assert_eq!(outcome(app, &client, &late).await, 700_027);
    });
}

#[test]
fn what_is_no_certificate_is_refused_and_changes_nothing() {
    on_every_database(async |app| {
        let client = new_app(app, "Robot", &[]).await;
        let holder = Holder::new();
        register(app, &client, json!([holder.entry()])).await.expect(204);
        let path = format!("/v1.0/applications/{}", client.application);
        let token = app.token_app().await;
        let before = app.get(&path, &token).await.json["keyCredentials"].clone();
        let elliptic = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let elliptic = parameters().self_signed(&elliptic).expect("a certificate");
        let longer = [holder.der.as_slice(), b"x"].concat();
        for (member, value) in [
            ("key", json!("%")),
            ("key", json!(STANDARD.encode("no certificate"))),
            ("key", json!(STANDARD.encode("-----BEGIN CERTIFICATE-----\nx"))),
            ("key", json!(STANDARD.encode(longer))),
            ("key", json!(STANDARD.encode(elliptic.der()))),
            ("key", Value::Null),
            ("type", json!("Symmetric")),
            ("usage", json!("Sign")),
            ("startDateTime", json!("2025-12-31T23:59:59Z")),
            ("endDateTime", json!("2027-01-01T00:00:01Z")),
            ("endDateTime", json!("2025-01-01T00:00:00Z")),
        ] {
            let answer = register(app, &client, json!([with(&holder.entry(), member, value.clone())])).await;
            assert_eq!((answer.status, answer.code()), (400, "Request_BadRequest"), "{member} {value}");
            assert!(answer.text.contains(&format!("keyCredentials/0/{member}")), "{}", answer.text);
        }
        let twice = with(&holder.entry(), "keyId", before[0]["keyId"].clone());
        register(app, &client, json!([twice, twice])).await.expect(400);
        assert_eq!(app.get(&path, &token).await.json["keyCredentials"], before);
        let assertion = holder.sign(&holder.header(), &claims(app, &client));
        assert_eq!(outcome(app, &client, &assertion).await, 0);
    });
}

#[test]
fn ids_of_certificates_are_the_own_of_their_application() {
    on_every_database(async |app| {
        let (one, other) = (new_app(app, "One", &[]).await, new_app(app, "Other", &[]).await);
        let holder = Holder::new();
        let entry = with(&holder.entry(), "keyId", json!("0191f0a4-0000-7000-8000-000000000001"));
        register(app, &one, json!([entry])).await.expect(204);
        register(app, &other, json!([entry])).await.expect(204);
        for client in [&one, &other] {
            let assertion = holder.sign(&holder.header(), &claims(app, client));
            assert_eq!(outcome(app, client, &assertion).await, 0);
        }
        let naive = with(&entry, "endDateTime", json!("2026-12-01T00:00:00"));
        register(app, &one, json!([naive])).await.expect(204);
        let path = format!("/v1.0/applications/{}", one.application);
        let shown = app.get(&path, &app.token_app().await).await.expect(200);
        assert_eq!(shown.json["keyCredentials"][0]["endDateTime"], json!("2026-12-01T00:00:00Z"));
    });
}

#[test]
fn certificates_are_bounded_in_number_and_length() {
    on_every_database(async |app| {
        let client = new_app(app, "Robot", &[]).await;
        let holder = Holder::new();
        let entries = vec![holder.entry(); CERTIFICATES_MAX];
        register(app, &client, json!(entries)).await.expect(204);
        let answer = register(app, &client, json!(vec![holder.entry(); CERTIFICATES_MAX + 1])).await.expect(400);
        assert!(answer.text.contains(&format!("at most {CERTIFICATES_MAX}")), "{}", answer.text);
        // White space before the first line of a PEM text makes it as long as we like.
        let padded =
            |length: usize| STANDARD.encode(format!("{}{}", holder.pem, " ".repeat(length - holder.pem.len())));
        let entry = |length| json!([with(&holder.entry(), "key", json!(padded(length)))]);
        register(app, &client, entry(CERTIFICATE_BYTES_MAX)).await.expect(204);
        let answer = register(app, &client, entry(CERTIFICATE_BYTES_MAX + 1)).await.expect(400);
        assert!(answer.text.contains("is longer than"), "{}", answer.text);
    });
}

#[test]
fn a_service_principal_has_certificates_of_its_own() {
    on_every_database(async |app| {
        let client = new_app(app, "Robot", &[]).await;
        let holder = Holder::new();
        let path = format!("/v1.0/servicePrincipals/{}", client.principal);
        let body = json!({ "keyCredentials": [holder.entry()] });
        app.patch(&path, &app.token_app().await, body).await.expect(204);
        let assertion = holder.sign(&holder.header(), &claims(app, &client));
        assert_eq!(outcome(app, &client, &assertion).await, 0);
    });
}
