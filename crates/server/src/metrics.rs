//! `/metrics` on a listener of its own, on loopback: numbers for Prometheus, of this process and of what is due.

use crate::failure::{Outcome, While};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use tenure_api::App;
use tenure_jobs::Runner;
use tenure_service::Engine;
use tokio::net::TcpListener;
use tokio::sync::watch;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What can be read at `/metrics`.
#[derive(Clone)]
pub struct Metrics(Arc<Parts>);

struct Parts {
    registry: Registry,
    engine: Engine,
    runner: Runner,
    timers: Gauge,
    effects: Gauge,
    grants: Gauge,
    jobs: Gauge,
    parked: Gauge,
    clock: Gauge,
}

impl Metrics {
    /// Everything that is counted.
    pub fn new(app: &App, engine: Engine, runner: Runner, dropped_spans: Counter) -> Self {
        let mut registry = Registry::with_prefix("tenure");
        app.register_metrics(&mut registry);
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let timers = gauge("jobs_timers_due", "Timers that are due, counted up to 10000");
        let effects = gauge("jobs_outbox_due", "Mails and other effects that are due, counted up to 10000");
        let grants = gauge("jobs_grants_due", "Grants that are due, counted up to 10000");
        let jobs = gauge("jobs_bulk_due", "Jobs that reach many and are not done");
        let parked = gauge("jobs_outbox_parked", "Effects that were given up");
        let clock = gauge("clock_off_seconds", "Seconds the clock is off, when they are too many to start jobs");
        registry.register("spans_dropped", "Spans of traces that were not sent", dropped_spans);
        Self(Arc::new(Parts { registry, engine, runner, timers, effects, grants, jobs, parked, clock }))
    }

    /// The numbers of now.
    async fn text(&self) -> Result<String, std::fmt::Error> {
        let parts = &*self.0;
        parts.engine.store_metrics();
        match parts.runner.waiting().await {
            Ok(waiting) => {
                parts.timers.set(waiting.timers);
                parts.effects.set(waiting.effects);
                parts.grants.set(waiting.grants);
                parts.jobs.set(waiting.jobs);
                parts.parked.set(waiting.parked);
            }
            // The rest is worth telling most when the database is away.
            Err(error) => tracing::warn!(%error, "what is due could not be counted"),
        }
        parts.clock.set(parts.engine.clock_is_off_by().unwrap_or(0));
        let mut text = String::new();
        encode(&mut text, &parts.registry)?;
        Ok(text)
    }
}

async fn answer(State(metrics): State<Metrics>) -> Response {
    match metrics.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Serves them until `stop` says so.
pub async fn run(listener: std::net::TcpListener, metrics: Metrics, mut stop: watch::Receiver<bool>) -> Outcome<()> {
    let listener = TcpListener::from_std(listener).doing("listening for metrics")?;
    let router = Router::new().route("/metrics", get(answer)).with_state(metrics);
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = stop.wait_for(|stop| *stop).await;
    });
    serving.await.doing("serving metrics")
}
