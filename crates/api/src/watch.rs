//! What whoever runs the server is told about its requests: one line in the log, counters, a span. It is made of the
//! shapes of paths, of numbers and of ids; nothing that a caller wrote gets here (decisions.md K12).

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::OnceLock;
use std::time::Instant;
use tenure_service::Identity;
use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

/// Seconds that divide requests by how long they took.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// What a request is called that led nowhere.
const NOWHERE: &str = "none";

/// What became known of a request on its way.
#[derive(Debug, Default)]
pub struct Seen {
    route: OnceLock<&'static str>,
    shape: OnceLock<String>,
    caller: OnceLock<Uuid>,
}

impl Seen {
    /// It leads to this part of the server. One of few names: they divide the metrics.
    pub fn route(&self, name: &'static str) {
        let _ = self.route.set(name);
    }

    /// Its path has this shape, with `{}` in place of keys.
    pub fn shape(&self, shape: impl Into<String>) {
        let _ = self.shape.set(shape.into());
    }

    /// This account sent it.
    pub fn caller(&self, identity: &Identity) {
        if let Some(id) = identity.principal() {
            let _ = self.caller.set(id);
        }
    }

    /// Completes the span of the request.
    pub fn tell(&self, span: &Span, status: StatusCode) {
        if !span.is_disabled() {
            span.record("http.route", self.shape.get().map_or(self.known_route(), String::as_str));
            span.record("http.response.status_code", status.as_u16());
        }
    }

    fn known_route(&self) -> &'static str {
        self.route.get().copied().unwrap_or(NOWHERE)
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Asked {
    route: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Token {
    known: bool,
}

/// Counters of requests; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    answers: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
    tokens: Family<Token, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        Self { answers: Family::default(), seconds: Family::new_with_constructor(histogram), tokens: Family::default() }
    }
}

impl Metrics {
    /// Makes them known under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_answers", "Answers, parts of batches too", self.answers.clone());
        registry.register("http_seconds", "How long answers took", self.seconds.clone());
        registry.register("http_tokens", "Tokens by whether their signature was known already", self.tokens.clone());
    }

    /// A token was looked up.
    pub fn token(&self, known: bool) {
        self.tokens.get_or_create(&Token { known }).inc();
    }

    /// A request was answered.
    pub fn answered(&self, seen: &Seen, (method, status): (&Method, StatusCode), id: Uuid, since: Instant) {
        let (route, took) = (seen.known_route(), since.elapsed());
        let known_method = method_name(method);
        let status = u32::from(status.as_u16());
        self.answers.get_or_create(&Answered { route, method: known_method, status }).inc();
        self.seconds.get_or_create(&Asked { route, method: known_method }).observe(took.as_secs_f64());
        tracing::info!(
            target: "request",
            method = known_method,
            path = seen.shape.get().map_or(route, String::as_str),
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            %id,
            caller = seen.caller.get().map(tracing::field::display),
        );
    }
}

/// The span of a request, for traces; it costs nothing when there are none.
pub fn span(request: &Request, id: Uuid) -> Span {
    tracing::info_span!(
        target: "otel",
        "request",
        http.request.method = method_name(request.method()),
        http.route = Empty,
        http.response.status_code = Empty,
        tenure.request_id = %id,
        traceparent = request.headers().get("traceparent").and_then(|v| v.to_str().ok()),
    )
}

/// Methods have few names here, whatever is sent.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_from_a_short_list() {
        let metrics = Metrics::default();
        for n in 0..100 {
            let (seen, method) = (Seen::default(), Method::from_bytes(format!("X{n}").as_bytes()).unwrap_or_default());
            metrics.answered(&seen, (&method, StatusCode::NOT_FOUND), Uuid::nil(), Instant::now());
        }
        let (mut registry, mut text) = (Registry::default(), String::new());
        metrics.register(&mut registry);
        assert!(prometheus_client::encoding::text::encode(&mut text, &registry).is_ok());
        let line = r#"http_answers_total{route="none",method="other",status="404"} 100"#;
        assert!(text.contains(line), "{text}");
    }
}
