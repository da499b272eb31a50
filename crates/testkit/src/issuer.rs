//! An issuer outside: a small OpenID provider on loopback with keys of its own. A test says who is signed in there, and
//! may have it misbehave.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tenure_api::{AccessTokens, Outbound, Provider, Question, Said, Saying};
use tenure_auth::{SigningKey, pkce, token};
pub use tenure_connect::http::Rules;
use tenure_connect::http::{self, Client};
use tenure_domain::time::{Clock, ManualClock};
use uuid::Uuid;

/// Who we are there.
pub const CLIENT_ID: &str = "tenure-at-the-issuer";
/// How we prove it.
pub const CLIENT_SECRET: &str = "secret at the issuer & more";
/// Whom its access tokens are for.
pub const AUDIENCE: &str = "api://tenure";

type Parameters = HashMap<String, String>;

struct Inner {
    key: SigningKey,
    retired: Vec<SigningKey>,
    /// Claims of whoever is signed in there.
    person: Value,
    /// What the authorization request of a code said.
    codes: HashMap<String, Parameters>,
    /// How often the key set was read.
    reads: usize,
    is_down: bool,
}

/// The issuer.
#[derive(Clone)]
pub struct Issuer {
    /// Its name: `http://127.0.0.1:port`.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    listener: Arc<Mutex<Option<std::net::TcpListener>>>,
    wall: Arc<ManualClock>,
}

fn key(number: u128) -> SigningKey {
    SigningKey::generate(Uuid::from_u128(number)).expect("a key").0
}

impl Issuer {
    /// A new issuer, whose clock is `wall`. It answers once [`Issuer::serve`] was called inside the runtime.
    ///
    /// # Panics
    /// When there is no port.
    pub fn new(wall: Arc<ManualClock>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Inner {
            key: key(1),
            retired: Vec::new(),
            person: Value::Null,
            codes: HashMap::new(),
            reads: 0,
            is_down: false,
        };
        Self { url, inner: Arc::new(Mutex::new(inner)), listener: Arc::new(Mutex::new(Some(listener))), wall }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to answer.
    ///
    /// # Panics
    /// When it does already.
    pub fn serve(&self) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = tokio::net::TcpListener::from_std(listener.expect("it answers once")).expect("a listener");
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(exchange))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Who is signed in there from now on: claims besides those of every token.
    pub fn signs_in(&self, claims: Value) {
        self.inner().person = claims;
    }

    /// Uses another key from now on; the one before stays published, or is gone.
    pub fn rotate(&self, keep: bool) {
        let mut inner = self.inner();
        let number = 2 + inner.retired.len() as u128 + inner.key.id.as_u128();
        let before = std::mem::replace(&mut inner.key, key(number));
        if keep {
            inner.retired.push(before);
        }
    }

    /// Answers everything with a fault from now on, or no longer.
    pub fn goes_down(&self, is_down: bool) {
        self.inner().is_down = is_down;
    }

    /// How often the key set was read.
    pub fn reads(&self) -> usize {
        self.inner().reads
    }

    /// A token of these claims, with issuer and times where they say nothing else, signed with the present key.
    ///
    /// # Panics
    /// When it cannot be signed.
    pub fn token(&self, claims: &Value) -> String {
        let now = self.wall.now().as_second();
        let mut all = json!({ "iss": self.url, "iat": now, "exp": now + 3_600 });
        let (Some(all), Some(given)) = (all.as_object_mut(), claims.as_object()) else {
            panic!("claims are an object")
        };
        all.extend(given.iter().map(|(n, v)| (n.clone(), v.clone())));
        all.retain(|_, v| !v.is_null());
        token::sign(&self.inner().key, all).expect("a token")
    }

    /// As the configuration names it.
    pub fn provider(&self, trusted_domains: &[&str]) -> Provider {
        let scopes = [
            ("tenure.read", vec!["EntitlementManagement.Read.All", "User.Read", "Group.Read.All"]),
            ("tenure.write", vec!["EntitlementManagement.ReadWrite.All"]),
        ];
        let names = |all: Vec<&str>| all.into_iter().map(ToOwned::to_owned).collect();
        Provider {
            name: "corp".to_owned(),
            label: "Sign in with Corp <&>".to_owned(),
            issuer: self.url.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            trusted_domains: trusted_domains.iter().map(|d| (*d).to_owned()).collect(),
            access_tokens: Some(AccessTokens {
                audience: AUDIENCE.to_owned(),
                claim: "scope".to_owned(),
                scopes: scopes.into_iter().map(|(word, all)| (word.to_owned(), names(all))).collect(),
            }),
        }
    }

    /// What the browser of the person is sent back to, when it opens this address there.
    ///
    /// # Panics
    /// When the address is not one of this issuer.
    pub fn visited(&self, location: &str) -> String {
        let query = location.strip_prefix(&format!("{}/authorize?", self.url)).expect("an address of the issuer");
        let asked: Parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        self.grant(asked)
    }

    fn grant(&self, asked: Parameters) -> String {
        let mut inner = self.inner();
        let code = format!("code-{}", inner.codes.len());
        let back = asked.get("redirect_uri").cloned().unwrap_or_default();
        let state = asked.get("state").cloned().unwrap_or_default();
        inner.codes.insert(code.clone(), asked);
        let pairs = [("code", code.as_str()), ("state", state.as_str()), ("iss", self.url.as_str())];
        format!("{back}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    }
}

fn answer(status: StatusCode, json: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}

fn down() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "down").into_response()
}

async fn discovery(State(issuer): State<Issuer>) -> Response {
    if issuer.inner().is_down {
        return down();
    }
    let url = &issuer.url;
    let document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
    });
    answer(StatusCode::OK, &document)
}

async fn keys(State(issuer): State<Issuer>) -> Response {
    let mut inner = issuer.inner();
    if inner.is_down {
        return down();
    }
    inner.reads += 1;
    let keys: Vec<Value> = inner.retired.iter().chain([&inner.key]).map(|k| k.public().to_jwk()).collect();
    answer(StatusCode::OK, &json!({ "keys": keys }))
}

async fn authorize(State(issuer): State<Issuer>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let asked = form_urlencoded::parse(query).into_owned().collect();
    (StatusCode::FOUND, [(header::LOCATION, issuer.grant(asked))]).into_response()
}

fn refused(error: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

/// Checks all that a provider checks: the client, the code, where it was sent, and the proof key.
async fn exchange(State(issuer): State<Issuer>, request: Request) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).cloned();
    let authorization = authorization.and_then(|a| a.to_str().ok().map(ToOwned::to_owned)).unwrap_or_default();
    let Ok(body) = axum::body::to_bytes(request.into_body(), 1 << 16).await else { return refused("invalid_request") };
    let form: Parameters = form_urlencoded::parse(&body).into_owned().collect();
    // base64 of the two, each as a form writes it (RFC 6749, 2.3.1).
    let expected = "Basic dGVudXJlLWF0LXRoZS1pc3N1ZXI6c2VjcmV0K2F0K3RoZStpc3N1ZXIrJTI2K21vcmU=";
    if authorization != expected {
        return answer(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_client" }));
    }
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let Some(asked) = issuer.inner().codes.remove(text("code")) else { return refused("invalid_grant") };
    let said = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let fits = said("redirect_uri") == text("redirect_uri")
        && said("code_challenge_method") == "S256"
        && pkce::verify(text("code_verifier"), said("code_challenge"));
    if !fits || text("grant_type") != "authorization_code" {
        return refused("invalid_grant");
    }
    let mut claims = json!({ "aud": CLIENT_ID, "nonce": said("nonce") });
    let person = issuer.inner().person.clone();
    if let (Some(claims), Some(person)) = (claims.as_object_mut(), person.as_object()) {
        claims.extend(person.iter().map(|(n, v)| (n.clone(), v.clone())));
    }
    answer(StatusCode::OK, &json!({ "token_type": "Bearer", "id_token": issuer.token(&claims) }))
}

/// The way out that tests use: the real one, by the rules of a demo.
struct Asking(Client);

impl Outbound for Asking {
    fn ask(&self, question: Question) -> Saying {
        let client = self.0.clone();
        Box::pin(async move {
            let request = http::Request::of_form(question.url, question.form, question.authorization);
            let answer = client.send(request).await.map_err(|failure| failure.to_string())?;
            Ok(Said { status: answer.status, body: answer.body.to_vec() })
        })
    }
}

/// The way out, by these rules.
///
/// # Panics
/// When the cryptographic provider fails.
pub fn outbound(rules: Rules) -> Arc<dyn Outbound> {
    Arc::new(Asking(Client::new(rules, http::RootCertStore::empty()).expect("a client")))
}
