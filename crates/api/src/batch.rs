//! `$batch`: up to twenty calls in one. Each is admitted, authorised and answered like a call of its own; they run one
//! after the other, in the order they were sent, except that a call waits for those it depends on.

use crate::error::Failure;
use crate::http::{self, Call, Reply, split_version};
use crate::watch::Seen;
use crate::wire::write::{Body, read};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use std::time::Instant;
use tenure_domain::limits::BATCH_PARTS_MAX;

/// One call of a batch.
struct Part {
    id: String,
    method: String,
    url: String,
    headers: HeaderMap,
    body: Bytes,
    /// Ids of the calls that must have succeeded before.
    depends_on: Vec<String>,
}

/// Answers a batch.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    call.seen.route("$batch");
    if call.method != Method::POST {
        return Err(Failure::method_not_allowed("POST"));
    }
    let body = call.json()?;
    let parts = read(&body, parts)?;
    let mut responses = Vec::with_capacity(parts.len());
    let mut failed: Vec<&str> = Vec::new();
    for part in &parts {
        let unmet = part.depends_on.iter().find(|id| failed.contains(&id.as_str()));
        let (status, response) = run(call, part, unmet).await;
        if status.is_client_error() || status.is_server_error() {
            failed.push(&part.id);
        }
        responses.push(response);
    }
    let body = json!({ "responses": responses });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

fn parts(b: &Body<'_>) -> Option<Vec<Part>> {
    let Some(items) = b.objects(&["requests"]) else {
        b.missing(&["requests"]);
        return None;
    };
    b.finish(None, &[]);
    if items.is_empty() || items.len() > BATCH_PARTS_MAX {
        b.fault("requests", format!("a batch has 1 to {BATCH_PARTS_MAX} requests, not {}", items.len()));
        return None;
    }
    let mut parts: Vec<Part> = Vec::with_capacity(items.len());
    for item in &items {
        let part = part(item);
        if let Some(part) = part {
            if parts.iter().any(|p| p.id.eq_ignore_ascii_case(&part.id)) {
                item.fault("id", format!("the id `{}` is there twice", part.id));
            }
            parts.push(part);
        }
    }
    in_order(b, parts)
}

/// The parts so that each comes after those it depends on, otherwise as they were sent.
fn in_order(b: &Body<'_>, mut waiting: Vec<Part>) -> Option<Vec<Part>> {
    let mut ordered: Vec<Part> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let met = |part: &Part| part.depends_on.iter().all(|id| ordered.iter().any(|p| p.id == *id));
        let Some(next) = waiting.iter().position(met) else {
            let stuck: Vec<&str> = waiting.iter().map(|p| p.id.as_str()).collect();
            let stuck = stuck.join(", ");
            b.fault("requests", format!("dependsOn of {stuck} names a request that is not there, or goes in a circle"));
            return None;
        };
        ordered.push(waiting.remove(next));
    }
    Some(ordered)
}

fn part(b: &Body<'_>) -> Option<Part> {
    let id = match b.raw(&["id"]) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => {
            b.missing(&["id"]);
            None
        }
    };
    let method = b.required_text(&["method"]);
    let url = b.required_text(&["url"]);
    let headers = headers(b.raw(&["headers"]));
    let body = match b.raw(&["body"]) {
        None | Some(Json::Null) => Bytes::new(),
        Some(Json::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => bytes.into(),
            Err(_) => Bytes::from(text.clone()),
        },
        Some(value) => Bytes::from(value.to_string()),
    };
    let depends_on = b.texts(&["dependsOn"]).unwrap_or_default();
    b.finish(None, &[]);
    Some(Part { id: id?, method: method?, url: url?, headers, body, depends_on })
}

fn headers(given: Option<&Json>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in given.and_then(Json::as_object).into_iter().flatten() {
        let name = name.parse::<HeaderName>().ok();
        let value = value.as_str().and_then(|v| HeaderValue::from_str(v).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Runs one part, unless one it depends on has failed; whatever happens is its answer.
async fn run(call: &Call, part: &Part, unmet: Option<&String>) -> (StatusCode, Json) {
    let client = part.headers.get("client-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (id, since, seen) = (call.app.engine().new_id(), Instant::now(), Arc::new(Seen::default()));
    seen.caller(&call.identity);
    let answered = match (unmet, inner(call, part, (id, seen.clone()))) {
        (Some(unmet), _) => {
            let message = format!("not run, because request `{unmet}` failed");
            Err(Failure::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message))
        }
        (None, Ok(inner)) => http::answer(&inner).await,
        (None, Err(failure)) => Err(failure),
    };
    let reply = answered.unwrap_or_else(|f| {
        let client = if client.is_empty() { id.to_string() } else { client };
        f.reply(call.app.wall(), id, &client)
    });
    let method = Method::from_bytes(part.method.to_ascii_uppercase().as_bytes()).unwrap_or_default();
    call.app.metrics().answered(&seen, (&method, reply.status), id, since);
    (reply.status, response(&part.id, &reply))
}

fn inner(call: &Call, part: &Part, (id, seen): (uuid::Uuid, Arc<Seen>)) -> Result<Call, Failure> {
    let bad = |message: String| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", message);
    let method = Method::from_bytes(part.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| bad(format!("`{}` is no method", part.method)))?;
    let (version, path, query) = locate(call, &part.url);
    if path.trim_matches('/').eq_ignore_ascii_case("$batch") {
        return Err(bad("a batch cannot hold another batch".to_owned()));
    }
    Ok(Call {
        method,
        version,
        path: path.into(),
        query: query.into(),
        headers: part.headers.clone(),
        body: part.body.clone(),
        id,
        seen,
        ..call.clone()
    })
}

/// Version, path and query of an item's URL: relative to the version, beginning with a version, or absolute.
fn locate(call: &Call, url: &str) -> (tenure_odata::edm::Version, String, String) {
    let local = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let (version, path) = match split_version(&path) {
        Some((version, rest)) => (version, rest.to_owned()),
        None => (call.version, path),
    };
    (version, path, query.to_owned())
}

fn response(id: &str, reply: &Reply) -> Json {
    let mut headers = Map::new();
    for (name, value) in &reply.headers {
        if let Ok(value) = value.to_str() {
            headers.insert(canonical(name.as_str()), json!(value));
        }
    }
    let mut response = json!({ "id": id, "status": reply.status.as_u16() });
    if let (Some(kind), false) = (reply.content_type, reply.body.is_empty()) {
        let is_json = kind.starts_with("application/json");
        let media = if is_json { "application/json" } else { kind };
        headers.insert("Content-Type".to_owned(), json!(media));
        let body = if is_json {
            serde_json::from_slice(&reply.body).unwrap_or(Json::Null)
        } else {
            json!(STANDARD.encode(&reply.body))
        };
        if let Some(response) = response.as_object_mut() {
            response.insert("body".to_owned(), body);
        }
    }
    if let Some(response) = response.as_object_mut() {
        response.insert("headers".to_owned(), Json::Object(headers));
    }
    response
}

/// `retry-after` as `Retry-After`: clients look names up as they are spelt.
fn canonical(name: &str) -> String {
    if name == "etag" {
        return "ETag".to_owned();
    }
    name.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect::<Vec<_>>()
        .join("-")
}
