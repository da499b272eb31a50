//! The shell around every request: limits, headers, ids, the name we are asked for, and which room answers.

use crate::app::App;
use crate::body::Held;
use crate::caller;
use crate::dispatch;
use crate::error::Failure;
use crate::watch::{self, Seen};
use crate::{batch, metadata, oidc, own, quota, session};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::{any, get};
use bytes::Bytes;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tenure_domain::limits::{
    BODY_MAX_BYTES, BODY_TIME_MAX_SECONDS, CLOCK_ADVANCE_TIME_MAX_SECONDS, FORM_BYTES_MAX, JSON_DEPTH_MAX,
    REQUEST_TIME_MAX_SECONDS, URL_MAX_BYTES,
};
use tenure_odata::edm::Version;
use tenure_service::{Cost, Identity};
use tracing::Instrument;
use uuid::Uuid;

/// What JSON answers say of themselves.
pub const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
const DIAGNOSTIC: HeaderName = HeaderName::from_static("x-ms-ags-diagnostic");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");
/// What every answer says unless its room said otherwise.
static ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (ODATA_VERSION, HeaderValue::from_static("4.0")),
    (
        DIAGNOSTIC,
        HeaderValue::from_static("{\"ServerInfo\":{\"DataCenter\":\"local\",\"Slice\":\"E\",\"Ring\":\"1\"}}"),
    ),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::VARY, HeaderValue::from_static("Accept-Encoding")),
    (CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// Characters of a client's own request id that are given back.
const CLIENT_REQUEST_ID_CHARS_MAX: usize = 256;

/// Where a connection comes from; the listener adds it to every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// An answer, before it becomes HTTP or a part of a batch.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers besides those of the shell.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The media type, when there is a body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
    /// A body that is made while it is sent, in place of the other.
    pub stream: Option<Streamed>,
}

/// A body that is made while it is sent. Whoever takes it first has it.
#[derive(Clone)]
pub struct Streamed(Arc<Mutex<Option<Body>>>);

impl Streamed {
    /// A body that is still to be made.
    pub fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streamed")
    }
}

impl Reply {
    /// A status and nothing else.
    pub const fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), content_type: None, body: Bytes::new(), stream: None }
    }

    /// 204.
    pub const fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// JSON.
    pub fn json(status: StatusCode, body: Vec<u8>) -> Self {
        Self { content_type: Some(JSON), body: body.into(), ..Self::empty(status) }
    }

    /// Text of some media type.
    pub fn text(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type: Some(content_type), body: body.into(), ..Self::empty(StatusCode::OK) }
    }

    /// With a header, when its value can be one.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|v| (name, v)));
        self
    }
}

/// A request that was admitted: it asks for a name of ours and is within the limits.
#[derive(Clone)]
pub struct Call {
    /// What it may use.
    pub app: App,
    /// The method.
    pub method: Method,
    /// The version of the API it asks.
    pub version: Version,
    /// The path after the version, as it was sent.
    pub path: Arc<str>,
    /// The query string.
    pub query: Arc<str>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where links in the answer point: `https://host[:port]`.
    pub base: Arc<str>,
    /// The id of the request.
    pub id: Uuid,
    /// Who calls.
    pub identity: Identity,
    /// What is told about the request.
    pub seen: Arc<Seen>,
}

impl Call {
    /// The path with its version, as the caller wrote it.
    pub fn full_path(&self) -> String {
        format!("/{}{}", self.version.prefix(), self.path)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Whether the `Prefer` header has this preference.
    pub fn prefers(&self, preference: &str) -> bool {
        self.preferences().any(|p| p.eq_ignore_ascii_case(preference))
    }

    /// All preferences.
    pub fn preferences(&self) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all("prefer").into_iter();
        values.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split([',', ';'])).map(str::trim)
    }

    /// `https://host/v1.0`
    pub fn root(&self) -> String {
        format!("{}/{}", self.base, self.version.prefix())
    }

    /// The body as JSON; nothing when there is none.
    pub fn json(&self) -> Result<serde_json::Value, Failure> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(serde_json::Value::Null);
        }
        let kind = self.header("content-type").unwrap_or("application/json");
        let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media != "application/json" && media != "text/json" && !media.ends_with("+json") {
            let message = format!("the body must be application/json, not `{media}`");
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
        parse_json(&self.body)
    }
}

/// Parses JSON within the limit of depth.
pub fn parse_json(bytes: &[u8]) -> Result<serde_json::Value, Failure> {
    if depth(bytes) > JSON_DEPTH_MAX {
        let message = format!("the JSON body nests deeper than {JSON_DEPTH_MAX} levels");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "LimitExceeded", message));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("the body is not valid JSON: {error}");
        Failure::model("", message)
    })?;
    // Only escaped can it be there; looking for it costs less than walking every body.
    if bytes.windows(ESCAPED_NUL.len()).any(|w| w == ESCAPED_NUL)
        && let Some(pointer) = nul_in(&value)
    {
        return Err(Failure::model(&pointer, "a text must not hold the character U+0000: no database can keep it"));
    }
    Ok(value)
}

const ESCAPED_NUL: &[u8] = b"\\u0000";

/// The pointer of the first text that holds U+0000; of the object, where a name does.
fn nul_in(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => text.contains('\0').then(String::new),
        Json::Array(items) => items.iter().enumerate().find_map(|(i, v)| Some(format!("/{i}{}", nul_in(v)?))),
        Json::Object(members) => members.iter().find_map(|(name, v)| {
            if name.contains('\0') { Some(String::new()) } else { Some(format!("/{name}{}", nul_in(v)?)) }
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// How deep brackets nest, outside of texts.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Everything we answer.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .method_not_allowed_fallback(only_read)
        .fallback(any(everything_else))
        .with_state(app)
}

/// The portal comes with a later release; this line says what is here.
async fn front(State(app): State<App>, request: Request) -> Response<Body> {
    let notice = "Tenure is running. The API is at /v1.0 and /beta; the portal was not built into this server.\n";
    let answer = |raw: Raw| async move {
        raw.seen.route("front");
        Ok(Reply::text("text/plain; charset=utf-8", notice))
    };
    shell(&app, request, answer).await
}

async fn healthy(State(_): State<App>) -> &'static str {
    "ok\n"
}

/// Asks the database.
async fn ready(State(app): State<App>) -> Response<Body> {
    let asked = app.engine().read(Cost::Unknown, Identity::System, Uuid::nil(), tenure_service::identity::tenant).await;
    let off = app.engine().clock_is_off_by();
    let (status, text) = match asked {
        Ok(_) if off.is_some() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the clock of this machine differs too much from the database's: no jobs are started here\n",
        ),
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// The paths above are only read.
async fn only_read(State(app): State<App>, request: Request) -> Response<Body> {
    shell(&app, request, |_| async move { Err(Failure::method_not_allowed("GET")) }).await
}

async fn everything_else(State(app): State<App>, request: Request) -> Response<Body> {
    shell(&app, request, route).await
}

/// A request before it is known who calls and which version is asked.
pub struct Raw {
    /// What it may use.
    pub app: App,
    /// The method.
    pub method: Method,
    /// The whole path.
    pub path: String,
    /// The query string.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where links in the answer point.
    pub base: String,
    /// Where the request comes from, if that is known.
    pub peer: Option<IpAddr>,
    /// The id of the request.
    pub id: Uuid,
    /// What is told about the request.
    pub seen: Arc<Seen>,
}

/// Reads the request within its limits, answers it in time, and adds what every answer has.
async fn shell<F, R>(app: &App, request: Request, answer: F) -> Response<Body>
where
    F: FnOnce(Raw) -> R,
    R: Future<Output = Result<Reply, Failure>>,
{
    let id = app.engine().new_id();
    let client = client_request_id(request.headers(), id);
    let seconds = if request.uri().path().eq_ignore_ascii_case(own::CLOCK_PATH) {
        CLOCK_ADVANCE_TIME_MAX_SECONDS
    } else {
        REQUEST_TIME_MAX_SECONDS
    };
    let (since, seen, method) = (Instant::now(), Arc::new(Seen::default()), request.method().clone());
    let span = watch::span(&request, id);
    let work = async {
        let (raw, body) = admit(app, request, (id, seen.clone())).await?;
        let answered = tokio::time::timeout(Duration::from_secs(seconds), answer(raw)).await;
        drop(body);
        // A write may have been done: neither "try again" nor "nothing happened" would be true.
        answered.unwrap_or_else(|_| Err(Failure::unknown("the request took too long")))
    };
    let result = work.instrument(span.clone()).await;
    let reply = result.unwrap_or_else(|failure| failure.reply(app.wall(), id, &client));
    seen.tell(&span, reply.status);
    app.metrics().answered(&seen, (&method, reply.status), id, since);
    finish(reply, id, &client)
}

fn client_request_id(headers: &HeaderMap, id: Uuid) -> String {
    let given = headers.get(CLIENT_REQUEST_ID).and_then(|v| v.to_str().ok());
    given.filter(|v| v.len() <= CLIENT_REQUEST_ID_CHARS_MAX).map_or_else(|| id.to_string(), ToOwned::to_owned)
}

/// The request within its limits, and the share of memory that its body holds.
async fn admit(app: &App, request: Request, (id, seen): (Uuid, Arc<Seen>)) -> Result<(Raw, Held), Failure> {
    let (parts, body) = request.into_parts();
    if parts.uri.path_and_query().map_or(0, |p| p.as_str().len()) > URL_MAX_BYTES {
        let message = format!("the URL is longer than {URL_MAX_BYTES} bytes; send long filters in a $batch");
        return Err(Failure::new(StatusCode::URI_TOO_LONG, "UriTooLong", message));
    }
    let host = parts
        .uri
        .authority()
        .map(ToString::to_string)
        .or_else(|| parts.headers.get(header::HOST).and_then(|h| h.to_str().ok()).map(ToOwned::to_owned));
    let base = host.as_deref().and_then(|h| app.hosts().base(h)).ok_or_else(|| {
        let message = "this server does not answer to that host name; start it with --tls-name or --public-url";
        Failure::new(StatusCode::MISDIRECTED_REQUEST, "MisdirectedRequest", message)
    })?;
    let peer = peer(app, &parts);
    // Whoever has no token yet sends forms, which are small.
    let max = if split_version(parts.uri.path()).is_some() { BODY_MAX_BYTES } else { FORM_BYTES_MAX };
    let held = app.bodies().read(body, max, Duration::from_secs(BODY_TIME_MAX_SECONDS)).await?;
    if !held.bytes.is_empty() && is_packed(&parts.headers) {
        return Err(Failure::packed());
    }
    let raw = Raw {
        app: app.clone(),
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: held.bytes.clone(),
        base,
        peer,
        id,
        seen,
    };
    Ok((raw, held))
}

/// Whether the body is packed. We unpack nothing: a small body could become one of any size.
fn is_packed(headers: &HeaderMap) -> bool {
    let plain = |coding: &HeaderValue| coding.is_empty() || coding.as_bytes().eq_ignore_ascii_case(b"identity");
    !headers.get_all(header::CONTENT_ENCODING).iter().all(plain)
}

/// The address a request comes from; behind a proxy on this machine, the one that the proxy saw.
fn peer(app: &App, parts: &Parts) -> Option<IpAddr> {
    if app.hosts().is_behind_proxy() {
        let seen = parts.headers.get_all(FORWARDED_FOR).into_iter().next_back()?;
        return seen.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    }
    parts.extensions.get::<Peer>().map(|peer| peer.0)
}

/// Which room answers a path.
async fn route(raw: Raw) -> Result<Reply, Failure> {
    let Some((version, path)) = split_version(&raw.path) else { return oidc::route(&raw).await };
    if metadata::is_asked(path) {
        return metadata::answer(&raw.method, version, &raw.query);
    }
    if version == Version::Own && session::is_path(path) {
        return session::answer(&raw, path).await;
    }
    let identity = caller::identify(&raw).await?;
    raw.seen.caller(&identity);
    let call = Call {
        version,
        path: path.into(),
        app: raw.app,
        method: raw.method,
        query: raw.query.into(),
        headers: raw.headers,
        body: raw.body,
        base: raw.base.into(),
        id: raw.id,
        identity,
        seen: raw.seen,
    };
    if is_batch(&call) { batch::answer(&call).await } else { answer(&call).await }
}

fn is_batch(call: &Call) -> bool {
    call.version != Version::Own && is_batch_path(&call.path)
}

/// Whether a path, after its version, is that of a batch.
pub fn is_batch_path(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.eq_ignore_ascii_case("$batch") || path.eq_ignore_ascii_case("%24batch")
}

/// Answers one call, alone or as a part of a batch.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    let charge = quota::charge(call)?;
    let answered = if call.version == Version::Own { own::answer(call).await } else { dispatch::answer(call).await };
    let answered = answered.map_err(|failure| failure.challenged(&call.base));
    match charge {
        Some(charge) => answered.map(|reply| charge.tell(reply)),
        None => answered,
    }
}

/// The version a path begins with, and the rest.
pub fn split_version(path: &str) -> Option<(Version, &str)> {
    Version::ALL.into_iter().find_map(|version| {
        let prefix = version.prefix();
        let head = path.get(1..=prefix.len())?;
        let rest = path.get(1 + prefix.len()..)?;
        (head.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))).then_some((version, rest))
    })
}

/// Adds what every answer has.
fn finish(reply: Reply, id: Uuid, client: &str) -> Response<Body> {
    let body = reply.stream.and_then(|stream| stream.take()).unwrap_or_else(|| Body::from(reply.body));
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    if let Some(kind) = reply.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let id = HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    for (name, value) in [(REQUEST_ID, id), (CLIENT_REQUEST_ID, HeaderValue::from_str(client))] {
        if let Ok(value) = value {
            headers.entry(name).or_insert(value);
        }
    }
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_whole_segments() {
        assert_eq!(split_version("/v1.0/users"), Some((Version::V1, "/users")));
        assert_eq!(split_version("/Beta"), Some((Version::Beta, "")));
        assert_eq!(split_version("/tenure/v1/clock"), Some((Version::Own, "/clock")));
        assert_eq!(split_version("/v1.0x/users"), None);
        assert_eq!(split_version("/contoso.example/oauth2/v2.0/token"), None);
        assert_eq!(split_version("é"), None);
    }

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        assert_eq!(depth(br#"{"a":[{"b":"[[[{\"["}]}"#), 3);
        let deep = "[".repeat(JSON_DEPTH_MAX + 1);
        assert!(parse_json(deep.as_bytes()).is_err());
        let allowed = format!("{}{}", "[".repeat(JSON_DEPTH_MAX), "]".repeat(JSON_DEPTH_MAX));
        assert!(parse_json(allowed.as_bytes()).is_ok());
    }

    #[test]
    fn no_text_holds_what_no_database_can_keep() {
        let refused = |text: &str| parse_json(text.as_bytes()).is_err();
        assert!(refused(r#"{"a":["x\u0000y"]}"#));
        assert!(refused(r#"{"a\u0000":1}"#));
        assert!(!refused(r#"{"a":"x\\u0000y\u0001"}"#));
    }
}
