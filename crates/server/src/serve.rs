//! `tenure serve`: puts the rooms together, runs them, and takes them apart again.

use crate::checkpoint_file::CheckpointFile;
use crate::config::{Options, Transport};
use crate::demo::{self, SignIn};
use crate::failure::{Failure, Outcome, While};
use crate::installation::{self, Installation};
use crate::metrics::{self, Metrics};
use crate::otlp::Spans;
use crate::{keys, listen, lock, providers, stop as stopping, tls};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tenure_api::{App, ClockControl, ClockFailure, Hosts, Moved, Settings};
use tenure_connect::{Connectors, MemoryConnector};
use tenure_demo::DOMAIN;
use tenure_domain::time::DemoClock;
use tenure_jobs::{AdvanceError, Outside, Runner, Sealer, advance};
use tenure_service::identity::keys::KeyRing;
use tenure_service::identity::{Tenant, artifacts};
use tenure_service::{Engine, Identity, audit, bulk};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use uuid::Uuid;

/// Time between two rounds of housekeeping.
const UPKEEP_INTERVAL: Duration = Duration::from_hours(1);
/// Time the job runner has to finish what it is doing.
const JOBS_TIME_MAX: Duration = Duration::from_secs(2);
/// Time the last checkpoint of the audit may take.
const SEAL_TIME_MAX: Duration = Duration::from_secs(2);

/// Time the last traces have to be sent.
const TRACES_TIME_MAX: Duration = Duration::from_secs(1);

/// The verb.
pub fn run(options: &Options, spans: Option<Spans>) -> Outcome<()> {
    let _lock = lock::take(installation::folder(options)?)?;
    let place = installation::open(options)?;
    let sign_in = options.demo.then(|| demo::sign_in(&place.master));
    let tenant = tenant(&place, sign_in.as_ref())?;
    let listener = listen::bind(options.listen)?;
    // Port 0 means any: from here on it has a number.
    let listen = listener.local_addr().doing("listening")?;
    let options = Options { listen, ..options.clone() };
    let metrics_listener = options.metrics_listen.map(listen::bind).transpose()?;
    let tls = tls::config(&options, place.engine.clocks().wall.now())?;
    let runner = Runner::new(place.engine.clone(), connectors(&options));
    let keys = place.keys()?;
    let sealer = sealer(&place, &keys, &options)?;
    let settings = Settings {
        engine: place.engine.clone(),
        tenant,
        keys,
        hosts: Hosts { names: options.names(), scheme: options.scheme(), public_url: options.public_url.clone() },
        clock: place.demo_clock.clone().map(|clock| clock_control(runner.clone(), clock)),
    };
    let outbound = providers::outbound(&options.outbound, options.demo)?;
    let app = App::with_providers(settings, providers::load(&options.providers, options.demo)?, outbound);
    app.limit_callers(options.quota.unwrap_or_default());
    if let Some(sign_in) = &sign_in {
        demo::write_env(&options, sign_in)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().doing("starting")?;
    runtime.block_on(async {
        let (stopper, stop) = watch::channel(false);
        if options.database.is_none() {
            runner.take_over().await?;
        }
        if let Some(listener) = metrics_listener {
            announce_metrics(&listener)?;
            let dropped = spans.as_ref().map(|s| s.dropped.clone()).unwrap_or_default();
            let metrics = Metrics::new(&app, place.engine.clone(), runner.clone(), dropped);
            tokio::spawn(metrics::run(listener, metrics, stop.clone()));
        }
        let sending = spans.map(|spans| tokio::spawn(spans.run(stop.clone())));
        let jobs = tokio::spawn(runner.run(stop.clone()));
        let sealing = tokio::spawn(sealer.clone().run(stop.clone()));
        let upkeep = tokio::spawn(upkeep(place.engine.clone(), stop.clone()));
        let keys = tokio::spawn(keys::look_after(place.engine.clone(), app.clone(), place.master, stop.clone()));
        let listening = tokio::spawn(listen::run(listener, tls, tenure_api::router(app), stop));
        // Whoever reads that it serves may ask it to stop.
        let stop_asked = stop_asked()?;
        announce(&options, sign_in.as_ref())?;
        stop_asked.await;
        tracing::info!("stopping");
        stopping::at_the_latest();
        let _ = stopper.send(true);
        listening.await.doing("stopping the listener")??;
        if tokio::time::timeout(JOBS_TIME_MAX, jobs).await.is_err() {
            tracing::warn!("background work did not end in time; it goes on at the next start");
        }
        upkeep.abort();
        keys.abort();
        sealing.abort();
        match tokio::time::timeout(SEAL_TIME_MAX, sealer.finish()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the end of the audit could not be sealed; the next start does it");
            }
            Err(_) => tracing::warn!("the end of the audit was not sealed in time; the next start does it"),
        }
        if let Some(sending) = sending {
            let _ = tokio::time::timeout(TRACES_TIME_MAX, sending).await;
        }
        Ok(())
    })
}

/// The systems outside; in a demo, the one that it tells of.
fn connectors(options: &Options) -> Connectors {
    let none = Connectors::default();
    if options.demo { none.with(Arc::new(MemoryConnector::default())) } else { none }
}

/// What seals the audit, with the key for it.
fn sealer(place: &Installation, keys: &KeyRing, options: &Options) -> Outcome<Sealer> {
    let vault = keys.vault.clone();
    let key = place.engine.write_blocking(move |ctx| audit::open_key(ctx, &vault))?;
    let outside: Option<Arc<Mutex<dyn Outside>>> = match &options.audit_checkpoint_file {
        Some(path) => Some(Arc::new(Mutex::new(CheckpointFile::open(path, &place.engine)?))),
        None => None,
    };
    Ok(Sealer::new(place.engine.clone(), key, outside))
}

fn tenant(place: &Installation, sign_in: Option<&SignIn>) -> Outcome<Tenant> {
    match (&place.tenant, sign_in) {
        (Some(tenant), _) => Ok(tenant.clone()),
        (None, Some(sign_in)) => demo::seed(place, sign_in),
        (None, None) => Err(Failure::new(
            "there is no tenant yet: make it with `tenure init --admin NAME`, or try the demo with `tenure serve --demo`",
        )),
    }
}

fn clock_control(runner: Runner, clock: Arc<DemoClock>) -> ClockControl {
    Arc::new(move |target| {
        let (runner, clock) = (runner.clone(), clock.clone());
        Box::pin(async move {
            // Moving on must not end half-way because a client lost patience.
            let moving = tokio::spawn(async move { advance(&runner, &clock, target).await });
            match moving.await {
                Ok(Ok((now, ran))) => Ok(Moved { now, ran }),
                Ok(Err(AdvanceError::Backwards { now })) => Err(ClockFailure::Backwards { now }),
                Ok(Err(AdvanceError::Failed(error))) => Err(ClockFailure::Failed(error)),
                Err(error) => Err(ClockFailure::Failed(tenure_service::ServiceError::Internal(error.to_string()))),
            }
        })
    })
}

/// Removes what has ended.
async fn upkeep(engine: Engine, mut stop: watch::Receiver<bool>) {
    let mut round = tokio::time::interval(UPKEEP_INTERVAL);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = round.tick() => {}
            _ = stop.changed() => return,
        }
        let cleaned = engine.write(Identity::System, Uuid::nil(), |ctx| {
            artifacts::clean_up(ctx);
            bulk::clean_up(ctx);
            Ok(())
        });
        if let Err(error) = cleaned.await {
            tracing::warn!(%error, "what has ended could not be removed");
        }
    }
}

/// Gives what ends when somebody asks to stop. From here on a signal no longer ends the process by itself.
fn stop_asked() -> Outcome<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).doing("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).doing("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn announce_metrics(listener: &std::net::TcpListener) -> Outcome<()> {
    let address = listener.local_addr().doing("listening for metrics")?;
    writeln!(std::io::stdout(), "Metrics at http://{address}/metrics").doing("printing where the metrics are")
}

fn announce(options: &Options, sign_in: Option<&SignIn>) -> Outcome<()> {
    let base = options.base_url();
    let text = match sign_in {
        None => format!("Tenure serves {base}\n"),
        Some(sign_in) => demo_text(options, &base, &sign_in.password),
    };
    std::io::stdout().write_all(text.as_bytes()).doing("printing where the server is")
}

fn demo_text(options: &Options, base: &str, password: &str) -> String {
    let env = std::path::absolute(demo::env_path(options)).unwrap_or_else(|_| demo::env_path(options));
    let env = env.display();
    let trust = if options.transport == Transport::Plain { "" } else { " --cacert \"$CA_BUNDLE\"" };
    format!(
        r#"Tenure serves the Contoso demo at {base}

Who can sign in (password {password}):
  admin@{DOMAIN}       Global Administrator
  governance@{DOMAIN}  Identity Governance Administrator
  requestor@{DOMAIN}   somebody who needs access
  manager, approver, owner, packages, assignments, reader, auditor, outsider and all other people, too
Applications and secrets are in {env}

Three things to try, in another terminal:
  1. Load the sign-in data and get a token as the demo's application:
     set -a; . {env}; set +a
     TOKEN=$(curl -s{trust} "$AUTHORITY_URL/$TENANT_ID/oauth2/v2.0/token" -d grant_type=client_credentials \
       -d client_id="$CLIENT_ID" -d client_secret="$CLIENT_SECRET" -d scope=https://graph.microsoft.com/.default \
       | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  2. See who has the access package Marketing Campaign:
     curl -s{trust} -H "Authorization: Bearer $TOKEN" -G "$BASE_URL/v1.0/identityGovernance/entitlementManagement/assignments" \
       --data-urlencode "\$filter=accessPackage/displayName eq 'Marketing Campaign'" --data-urlencode "\$expand=target"
  3. Let four months pass, and watch access end:
     curl -s{trust} -H "Authorization: Bearer $TOKEN" "$BASE_URL/tenure/v1/clock" -H 'Content-Type: application/json' -d '{{"advance":"P120D"}}'

Stop with Ctrl-C.
"#
    )
}
