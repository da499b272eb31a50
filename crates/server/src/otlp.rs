//! Traces for an OpenTelemetry collector: spans of requests, use cases and batches of statements, sent as OTLP over HTTP in
//! its JSON form. A bounded queue lies between: when the collector is slow or away, spans are dropped, never requests.
//! Why a page of our own code: ADR 0010.

use crate::failure::{Failure, Outcome, While};
use axum::body::Body;
use axum::http::{Request, header};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::counter::Counter;
use serde_json::{Value as Json, json};
use std::fmt::Debug;
use std::time::Duration;
use tenure_auth::SystemEntropy;
use tenure_domain::ids::Entropy;
use tenure_domain::time::{Clock, SystemClock};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What the spans of traces are called among all that is recorded.
pub const TARGET: &str = "otel";
/// Spans that wait to be sent; more are dropped.
const QUEUE_MAX: usize = 8_192;
/// Spans of one message.
const BATCH_MAX: usize = 512;
/// How long spans wait for others to go with them.
const SEND_INTERVAL: Duration = Duration::from_secs(1);
/// How long the collector may take.
const SEND_TIME_MAX: Duration = Duration::from_secs(5);
/// The field that holds the trace a caller began, as the standard header has it.
const TRACE_PARENT: &str = "traceparent";

/// Where traces go: `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    authority: String,
}

impl Endpoint {
    /// Reads it.
    pub fn parse(url: &str) -> Outcome<Self> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let is_host = |a: &&str| {
            let (host, port) = a.rsplit_once(':').unwrap_or(("", ""));
            !host.is_empty() && port.parse::<u16>().is_ok() && !a.contains(['/', '@', '?', '#'])
        };
        let authority = authority.filter(is_host).ok_or_else(|| {
            Failure::new(format!(
                "--otlp-endpoint must be http://HOST:PORT of a collector on this machine or in a network you trust, not \
                 `{url}`; a collector can pass traces on by TLS"
            ))
        })?;
        Ok(Self { authority: authority.to_owned() })
    }
}

/// A span that has ended.
#[derive(Debug)]
struct Span {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    name: &'static str,
    is_request: bool,
    start_micros: i64,
    end_micros: i64,
    attributes: Vec<(&'static str, Json)>,
}

/// Records spans and puts them into the queue.
pub struct Recorder {
    queue: mpsc::Sender<Span>,
    dropped: Counter,
}

/// The spans that are to be sent.
pub struct Spans {
    endpoint: Endpoint,
    queue: mpsc::Receiver<Span>,
    /// How many were not sent.
    pub dropped: Counter,
}

/// Both ends of the queue.
pub fn recorder(endpoint: Endpoint) -> (Recorder, Spans) {
    let ((sender, queue), dropped) = (mpsc::channel(QUEUE_MAX), Counter::default());
    (Recorder { queue: sender, dropped: dropped.clone() }, Spans { endpoint, queue, dropped })
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemEntropy.fill(&mut bytes);
    bytes
}

fn now_micros() -> i64 {
    SystemClock.now().as_microsecond()
}

/// Trace and span of `00-{32 hexadecimal digits}-{16}-{2}`, if the text is that.
fn trace_parent(text: &str) -> Option<(u128, u64)> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_whole = version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && parts.next().is_none();
    let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (is_whole && trace != 0 && span != 0).then_some((trace, span))
}

/// Collects the fields of a span.
struct Fields<'s>(&'s mut Span);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Json) {
        self.0.attributes.push((field.name(), value));
    }
}

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!({ "intValue": value.to_string() }));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!({ "intValue": value.to_string() }));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!({ "boolValue": value }));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == TRACE_PARENT {
            // A caller's word is only taken for numbers.
            if let Some((trace, parent)) = trace_parent(value) {
                self.0.trace = trace;
                self.0.parent = Some(parent);
            }
        } else {
            self.put(field, json!({ "stringValue": value }));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, json!({ "stringValue": format!("{value:?}") }));
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let above = span.parent().and_then(|p| p.extensions().get::<Span>().map(|s| (s.trace, s.id)));
        let mut new = Span {
            trace: above.map_or_else(|| u128::from_be_bytes(random()), |(trace, _)| trace),
            id: u64::from_be_bytes(random()),
            parent: above.map(|(_, id)| id),
            name: attributes.metadata().name(),
            is_request: above.is_none() && attributes.metadata().name() == "request",
            start_micros: now_micros(),
            end_micros: 0,
            attributes: Vec::new(),
        };
        attributes.record(&mut Fields(&mut new));
        span.extensions_mut().insert(new);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(known) = span.extensions_mut().get_mut::<Span>()
        {
            values.record(&mut Fields(known));
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let ended = ctx.span(&id).and_then(|span| span.extensions_mut().remove::<Span>());
        if let Some(mut span) = ended {
            span.end_micros = now_micros();
            if self.queue.try_send(span).is_err() {
                self.dropped.inc();
            }
        }
    }
}

impl Spans {
    /// Sends what is recorded until `stop` says so, and what waits then.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut round = tokio::time::interval(SEND_INTERVAL);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut was_sent = true;
        loop {
            let stopping = tokio::select! {
                _ = round.tick() => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            while let Some(batch) = self.batch() {
                let sent = send(&self.endpoint, &batch).await;
                if let Err(error) = &sent {
                    self.dropped.inc_by(batch.len() as u64);
                    // Once is enough while it is away.
                    if was_sent {
                        tracing::warn!(%error, "traces cannot be sent; they are dropped");
                    }
                }
                was_sent = sent.is_ok();
                if !was_sent {
                    break;
                }
            }
            if stopping {
                return;
            }
        }
    }

    fn batch(&mut self) -> Option<Vec<Span>> {
        let batch: Vec<Span> = std::iter::from_fn(|| self.queue.try_recv().ok()).take(BATCH_MAX).collect();
        (!batch.is_empty()).then_some(batch)
    }
}

async fn send(endpoint: &Endpoint, batch: &[Span]) -> Outcome<()> {
    let body = message(batch).to_string();
    let sending = async {
        let stream = TcpStream::connect(&endpoint.authority).await.doing("connecting to the collector")?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.doing("speaking to the collector")?;
        let connection = tokio::spawn(connection);
        let request = Request::post("/v1/traces")
            .header(header::HOST, &endpoint.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .doing("speaking to the collector")?;
        let answer = sender.send_request(request).await.doing("sending traces")?;
        connection.abort();
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(Failure::new(format!("the collector answered {status}"))) }
    };
    let in_time = tokio::time::timeout(SEND_TIME_MAX, sending).await;
    in_time.unwrap_or_else(|_| Err(Failure::new("the collector takes too long")))
}

/// The message of the protocol.
fn message(batch: &[Span]) -> Json {
    let spans: Vec<Json> = batch.iter().map(span).collect();
    let resource = [("service.name", "tenure"), ("service.version", env!("CARGO_PKG_VERSION"))];
    let resource: Vec<Json> = resource.map(|(k, v)| json!({ "key": k, "value": { "stringValue": v } })).into();
    json!({
        "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": "tenure" }, "spans": spans }],
        }]
    })
}

fn span(span: &Span) -> Json {
    /// As the protocol numbers them.
    const INTERNAL: u32 = 1;
    const SERVER: u32 = 2;
    let attributes = span.attributes.iter();
    let attributes: Vec<Json> = attributes.map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let nanos = |micros: i64| (i128::from(micros) * 1_000).to_string();
    json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "parentSpanId": span.parent.map(|id| format!("{id:016x}")).unwrap_or_default(),
        "name": span.name,
        "kind": if span.is_request { SERVER } else { INTERNAL },
        "startTimeUnixNano": nanos(span.start_micros),
        "endTimeUnixNano": nanos(span.end_micros),
        "attributes": attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_trace_of_the_caller_is_taken() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace_parent(good), Some((0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331)));
        let zero = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        for bad in ["", "00", &good[1..], &good.replace("00-0", "00-g"), &format!("{good}-x"), &zero] {
            assert_eq!(trace_parent(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_collector_is_named_by_host_and_port() {
        assert!(Endpoint::parse("http://127.0.0.1:4318").is_ok());
        assert!(Endpoint::parse("http://[::1]:4318/").is_ok());
        for bad in ["https://collector:4318", "http://collector", "http://u@collector:1", "http://c:1/path", "c:1"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
