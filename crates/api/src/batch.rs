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
use std::time::{Duration, Instant};
use tenure_domain::limits::{BATCH_HEADERS_MAX, BATCH_PARTS_MAX, BATCH_TIME_MAX_SECONDS, BATCH_URL_BYTES_MAX};

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

/// Whether a body is a batch.
pub fn reads(body: &Json) -> bool {
    read(body, parts).is_ok()
}

/// Answers a batch.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    call.seen.route("$batch");
    if call.method != Method::POST {
        return Err(Failure::method_not_allowed("POST"));
    }
    let body = call.json()?;
    let parts = read(&body, parts)?;
    let started = Instant::now();
    let is_late = || started.elapsed() >= Duration::from_secs(BATCH_TIME_MAX_SECONDS);
    answer_parts(call, &parts, is_late).await
}

/// Answers the parts one after the other; once it is late, none is begun any more.
async fn answer_parts(call: &Call, parts: &[Part], is_late: impl Fn() -> bool) -> Result<Reply, Failure> {
    let mut responses = Vec::with_capacity(parts.len());
    let mut failed: Vec<&str> = Vec::new();
    for part in parts {
        let unmet = part.depends_on.iter().find(|id| failed.iter().any(|failed| failed.eq_ignore_ascii_case(id)));
        let (status, response) = run(call, part, kept_back(is_late(), unmet)).await;
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
        let met = |part: &Part| part.depends_on.iter().all(|id| ordered.iter().any(|p| p.id.eq_ignore_ascii_case(id)));
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
    let headers = headers(b);
    let body = match b.raw(&["body"]) {
        None | Some(Json::Null) => Bytes::new(),
        Some(Json::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => bytes.into(),
            Err(_) => Bytes::from(text.clone()),
        },
        Some(value) => Bytes::from(value.to_string()),
    };
    let depends_on = b.texts(&["dependsOn"]).unwrap_or_default();
    if depends_on.len() > BATCH_PARTS_MAX {
        b.fault("dependsOn", format!("a request depends on at most {BATCH_PARTS_MAX} others"));
        return None;
    }
    if url.as_ref().is_some_and(|url| url.len() > BATCH_URL_BYTES_MAX) {
        b.fault("url", format!("the URL is longer than {BATCH_URL_BYTES_MAX} bytes"));
        return None;
    }
    b.finish(None, &[]);
    Some(Part { id: id?, method: method?, url: url?, headers, body, depends_on })
}

fn headers(b: &Body<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let given = b.raw(&["headers"]).and_then(Json::as_object);
    if given.is_some_and(|all| all.len() > BATCH_HEADERS_MAX) {
        // More than a header map can hold would be a panic, not an error.
        b.fault("headers", format!("a request has at most {BATCH_HEADERS_MAX} headers"));
        return headers;
    }
    for (name, value) in given.into_iter().flatten() {
        let name = name.parse::<HeaderName>().ok();
        let value = value.as_str().and_then(|v| HeaderValue::from_str(v).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Why a part is not begun: it is too late, or one that it depends on has failed.
fn kept_back(is_late: bool, unmet: Option<&String>) -> Option<Failure> {
    if is_late {
        return Some(Failure::unavailable("not run, because the requests before it took too long; send it again"));
    }
    let message = format!("not run, because request `{}` failed", unmet?);
    Some(Failure::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message))
}

/// Runs one part, unless it is kept back; whatever happens is its answer.
async fn run(call: &Call, part: &Part, kept_back: Option<Failure>) -> (StatusCode, Json) {
    let client = part.headers.get("client-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (id, since, seen) = (call.app.engine().new_id(), Instant::now(), Arc::new(Seen::default()));
    seen.caller(&call.identity);
    let answered = match (kept_back, inner(call, part, (id, seen.clone()))) {
        (None, Ok(inner)) => http::answer(&inner).await,
        (Some(failure), _) | (None, Err(failure)) => Err(failure),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_part_may_be_sent_again_and_one_that_depends_on_a_failure_may_not() {
        let failed = "a".to_owned();
        let status = |failure: Option<Failure>| failure.map(|f| f.status().as_u16());
        assert_eq!(status(kept_back(false, None)), None);
        assert_eq!(status(kept_back(false, Some(&failed))), Some(424));
        assert_eq!(status(kept_back(true, None)), Some(503));
        assert_eq!(status(kept_back(true, Some(&failed))), Some(503));
    }
}
