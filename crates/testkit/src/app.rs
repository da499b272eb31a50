//! A whole application without sockets: the real router and job runner over a database of its own. Time stands still
//! until a test moves it, randomness is counted, and jobs run when a test says so.

mod arranged;
mod tokens;

use crate::answer::{Answer, Names};
use crate::company::{self, Company};
use crate::db::{Db, Image, Kind, kinds};
use crate::declared;
use crate::issuer::{self, Issuer};
use crate::load::{self, Backlog, Loaded, Scale, load};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tenure_api::{App, ClockControl, ClockFailure, Hosts, Moved, Provider, Settings};
use tenure_connect::http::Rules;
use tenure_connect::{Connectors, MemoryConnector};
use tenure_domain::Timestamp;
use tenure_domain::ids::SeededEntropy;
use tenure_domain::time::{Clock, DemoClock, IsoDuration, ManualClock, plus_seconds};
use tenure_jobs::{AdvanceError, Runner, advance};
use tenure_service::identity::{Tenant, keys};
use tenure_service::requests::{NoVerifier, Verifier};
use tenure_service::rows::tenant;
use tenure_service::{Clocks, Engine};
use tenure_store::Bounds;
use tower::ServiceExt;
use uuid::Uuid;

/// When the tests begin: a Monday.
pub const START: &str = "2026-03-02T09:00:00Z";
/// The host that requests ask for.
pub const HOST: &str = "localhost";
/// Seconds between the founding of the company and the start.
const FOUNDED_BEFORE_SECONDS: i64 = 86_400;
/// The master key of every test.
pub const MASTER_KEY: [u8; 32] = [7; 32];
/// The first number of randomness in the company, and of everything after it.
const SEEDS: (u64, u64) = (1, 1_000_000);
/// Numbers of randomness of one node.
const SEEDS_OF_A_NODE: u64 = 1_000_000;

/// Runs a test on a fresh application over every kind of database: `on_every_database(async |app| { … })`. Snapshots
/// must come out the same.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
pub fn on_every_database(test: impl AsyncFn(&TestApp)) {
    on_every_database_within(Bounds::default(), test);
}

/// The same with somebody who vouches for the credentials that requestors present.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
#[expect(clippy::needless_pass_by_value, reason = "a closure that is written in place")]
pub fn on_every_database_vouched(verifier: &Arc<dyn Verifier>, test: impl AsyncFn(&TestApp)) {
    for kind in kinds() {
        let app = TestApp::start_vouched(kind, verifier.clone());
        app.run(async {
            test(&app).await;
            app.finish().await;
        });
    }
}

/// The same over stores within bounds that are not those of the product.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
#[expect(clippy::needless_pass_by_value, reason = "a closure that is written in place")]
pub fn on_every_database_within(bounds: Bounds, test: impl AsyncFn(&TestApp)) {
    for kind in kinds() {
        let app = TestApp::start_within(kind, bounds);
        app.run(async {
            test(&app).await;
            app.finish().await;
        });
    }
}

/// Runs a test on two applications over one database, as two nodes of one installation are: each has its own store and
/// remembers its own tokens. Both read the same clock.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
#[expect(clippy::needless_pass_by_value, reason = "a closure that is written in place")]
pub fn on_two_nodes(test: impl AsyncFn(&TestApp, &TestApp)) {
    for kind in kinds() {
        let one = TestApp::start(kind);
        let other = one.another_node(Vec::new());
        one.run(async {
            test(&one, &other).await;
            one.finish().await;
        });
    }
}

/// Runs a test on two nodes that both know an issuer outside, which is trusted for the addresses of these domains.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
#[expect(clippy::needless_pass_by_value, reason = "a closure that is written in place")]
pub fn on_two_nodes_with_issuer(trusted: &[&str], test: impl AsyncFn(&TestApp, &TestApp, &Issuer)) {
    for kind in kinds() {
        let first = TestApp::start(kind);
        let issuer = Issuer::new(first.wall.clone());
        let node = || first.another_node(vec![issuer.provider(trusted)]);
        let (one, other) = (node(), node());
        first.run(async {
            issuer.serve();
            test(&one, &other, &issuer).await;
            one.finish().await;
        });
    }
}

/// Runs a test on the demo tenant over every kind of database.
///
/// # Panics
/// When the test does, or leaves work undone that is due.
#[expect(clippy::needless_pass_by_value, reason = "a closure that is written in place")]
pub fn on_every_demo(test: impl AsyncFn(&TestApp)) {
    for kind in kinds() {
        let app = TestApp::demo(kind);
        app.run(async {
            test(&app).await;
            app.finish().await;
        });
    }
}

/// An application.
pub struct TestApp {
    /// Which kind of database.
    pub kind: Kind,
    router: Router,
    runner: Runner,
    engine: Engine,
    wall: Arc<ManualClock>,
    clock: Arc<DemoClock>,
    names: Mutex<Names>,
    tokens: Mutex<HashMap<String, String>>,
    tenant: Tenant,
    app: App,
    nodes: Arc<AtomicU64>,
    elsewhere: MemoryConnector,
    /// Last, so that it goes after what uses it.
    db: Arc<Db>,
}

fn start() -> Timestamp {
    START.parse().unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clocks, and an engine over them.
struct Base {
    wall: Arc<ManualClock>,
    clock: Arc<DemoClock>,
    engine: Engine,
}

/// The clock of the machine and that of the business over it.
type BothClocks = (Arc<ManualClock>, Arc<DemoClock>);

fn both_clocks(now: Timestamp) -> BothClocks {
    let wall = Arc::new(ManualClock::at(now));
    (wall.clone(), Arc::new(DemoClock::new(wall, 0)))
}

fn base(db: &Db, bounds: Bounds, now: Timestamp, first_seed: u64) -> Base {
    base_with(db, bounds, both_clocks(now), first_seed)
}

fn base_with(db: &Db, bounds: Bounds, clocks: BothClocks, first_seed: u64) -> Base {
    base_vouched(db, bounds, (clocks, first_seed), Arc::new(NoVerifier))
}

fn base_vouched(
    db: &Db,
    bounds: Bounds,
    ((wall, clock), first_seed): (BothClocks, u64),
    verifier: Arc<dyn Verifier>,
) -> Base {
    let clocks = Clocks { business: clock.clone(), wall: wall.clone() };
    // Every use case draws its own numbers, and the same ones in every run.
    let next = AtomicU64::new(first_seed);
    let entropy = Arc::new(move || -> Box<dyn tenure_domain::ids::Entropy> {
        Box::new(SeededEntropy::new(next.fetch_add(1, Ordering::Relaxed)))
    });
    Base { wall, clock, engine: Engine::vouched(db.store_within(bounds), clocks, entropy, verifier) }
}

/// The company on a database, founded once per process and kind: keys and passwords are slow to make.
fn founded(kind: Kind) -> &'static (Image, Company) {
    static EMBEDDED: OnceLock<(Image, Company)> = OnceLock::new();
    static SERVER: OnceLock<(Image, Company)> = OnceLock::new();
    let place = if kind == Kind::Embedded { &EMBEDDED } else { &SERVER };
    place.get_or_init(|| {
        let db = Db::fresh(kind);
        let company = found(&db);
        (db.into_image(), company)
    })
}

fn found(db: &Db) -> Company {
    let hash = company::password_hash();
    let base = base(db, Bounds::default(), plus_seconds(start(), -FOUNDED_BEFORE_SECONDS), SEEDS.0);
    let company = base.engine.write_blocking(move |ctx| {
        keys::open(ctx, &MASTER_KEY)?;
        company::found(ctx, &hash)
    });
    company.expect("the company is founded")
}

impl TestApp {
    /// The company of the tests, on the first morning.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(kind: Kind) -> Self {
        Self::start_within(kind, Bounds::default())
    }

    /// The same over a store within bounds that are not those of the product.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_within(kind: Kind, bounds: Bounds) -> Self {
        let (image, company) = founded(kind);
        Self::over(Db::of_image(image), bounds, company.tenant.clone()).named(company)
    }

    /// The same with somebody who vouches for credentials.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_vouched(kind: Kind, verifier: Arc<dyn Verifier>) -> Self {
        let (image, company) = founded(kind);
        let db = Db::of_image(image);
        let base = base_vouched(&db, Bounds::default(), (both_clocks(start()), SEEDS.1), verifier);
        Self::with(Arc::new(db), company.tenant.clone(), base, Vec::new()).named(company)
    }

    fn named(self, company: &Company) -> Self {
        for (id, name) in &company.names {
            self.name(id, name);
        }
        self
    }

    /// The company of the tests beside a large one that was loaded in bulk.
    ///
    /// # Panics
    /// When it cannot be loaded.
    pub fn loaded(kind: Kind, rows: u32) -> (Self, Loaded) {
        Self::loaded_with(kind, rows, None)
    }

    /// The same, with requests that wait.
    ///
    /// # Panics
    /// When it cannot be loaded.
    pub fn loaded_with(kind: Kind, rows: u32, backlog: Option<Backlog>) -> (Self, Loaded) {
        let (image, company) = founded(kind);
        let db = Db::of_image_once(image);
        let scale = Scale { rows, seed: SEEDS.0, now: start() };
        let loaded = load::load_with(&load::Target::of(&db), scale, backlog);
        (Self::over(db, Bounds::default(), company.tenant.clone()), loaded)
    }

    /// The same on a copy of a database that stays in (or beside) a folder: what is whole is used again.
    ///
    /// # Panics
    /// When it cannot be loaded.
    pub fn kept(kind: Kind, folder: &Path, rows: u32) -> (Self, Loaded) {
        let note = folder.join("loaded.json");
        let name = format!("tenure_kept_{rows}");
        let known: Option<Loaded> = fs::read(&note).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let known = known.map(|loaded| (Db::kept(kind, folder, &name, true), loaded));
        let (db, loaded) = known.filter(|(db, _)| db.is_current()).unwrap_or_else(|| {
            let db = Db::kept(kind, folder, &name, false);
            found(&db);
            let loaded = load(&load::Target::of(&db), Scale { rows, seed: SEEDS.0, now: start() });
            fs::write(&note, serde_json::to_vec(&loaded).expect("JSON")).expect("the note is written");
            (db, loaded)
        });
        let copy = db.copy();
        let asked =
            base(&copy, Bounds::default(), start(), SEEDS.1).engine.read_blocking(|ctx| ctx.fetch(tenant::get()));
        (Self::over(copy, Bounds::default(), asked.expect("a read").expect("a tenant")), loaded)
    }

    /// An issuer outside whose clock is that of this application; it answers once it was told to serve.
    pub fn issuer(&self) -> Issuer {
        Issuer::new(self.wall.clone())
    }

    /// The demo tenant, as a first start on that morning makes it.
    ///
    /// # Panics
    /// When it cannot be seeded.
    pub fn demo(kind: Kind) -> Self {
        let db = Db::fresh(kind);
        let secrets = tenure_demo::Secrets {
            client: company::WRITER_SECRET.to_owned(),
            reader: company::READER_SECRET.to_owned(),
            password_hash: company::password_hash(),
        };
        let base = base(&db, Bounds::default(), start(), SEEDS.0);
        let tenant = base.engine.write_blocking(move |ctx| tenure_demo::seed(ctx, &secrets));
        drop(base);
        Self::over(db, Bounds::default(), tenant.expect("the demo is seeded"))
    }

    /// Another node on the same database, with the same clock, where people can sign in with these providers.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn another_node(&self, providers: Vec<Provider>) -> Self {
        let number = self.nodes.fetch_add(1, Ordering::Relaxed);
        let clocks = (self.wall.clone(), self.clock.clone());
        let base = base_with(&self.db, Bounds::default(), clocks, number * SEEDS_OF_A_NODE);
        let node = Self::with(self.db.clone(), self.tenant.clone(), base, providers);
        Self { nodes: self.nodes.clone(), ..node }
    }

    fn over(db: Db, bounds: Bounds, tenant: Tenant) -> Self {
        let base = base(&db, bounds, start(), SEEDS.1);
        Self::with(Arc::new(db), tenant, base, Vec::new())
    }

    fn with(db: Arc<Db>, tenant: Tenant, base: Base, providers: Vec<Provider>) -> Self {
        let Base { wall, clock, engine } = base;
        let elsewhere = MemoryConnector::default();
        let connectors = Connectors::default().with(Arc::new(elsewhere.clone()));
        let runner = Runner::new(engine.clone(), connectors);
        let keys = engine.write_blocking(|ctx| keys::open(ctx, &MASTER_KEY)).expect("the keys");
        let settings = Settings {
            engine: engine.clone(),
            tenant: tenant.clone(),
            keys,
            hosts: Hosts { names: vec![HOST.to_owned()], scheme: "https", public_url: None },
            clock: Some(clock_control(runner.clone(), clock.clone())),
        };
        let outbound = issuer::outbound(Rules { loopback: true, ..Rules::default() });
        let app = App::with_providers(settings, providers, outbound);
        let router = tenure_api::router(app.clone());
        let (names, tokens) = (Mutex::default(), Mutex::default());
        // The company and the first node have the seeds before.
        let nodes = Arc::new(AtomicU64::new(2));
        Self { kind: db.kind, router, runner, engine, wall, clock, names, tokens, tenant, app, nodes, elsewhere, db }
    }

    /// Runs something asynchronous to its end, on this thread.
    ///
    /// # Panics
    /// When it does.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    }

    /// Sends a request as it is. The wall clock moves on by a millisecond.
    ///
    /// # Panics
    /// When the body of the answer breaks off, or is not as the schema declares it.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let now = self.wall.now();
        self.wall.set(Timestamp::from_microsecond(now.as_microsecond() + 1_000).unwrap_or(now));
        let date = self.wall.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the whole body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if [200, 201].contains(&parts.status.as_u16()) && json.is_object() {
            let faults = declared::faults(&method, &path, &json);
            assert!(faults.is_empty(), "{method} {path} is not as it is declared: {faults:#?}");
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, json, date }
    }

    /// Sends a request and leaves the body of the answer to be read, or not.
    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Calls the API. Characters that a URL cannot hold are encoded; no token is the empty text, no body is null.
    pub async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        self.call_with(method, path, (token, &[]), body).await
    }

    /// The same with further headers.
    ///
    /// # Panics
    /// When the path or a header cannot be sent.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        (token, headers): (&str, &[(&str, &str)]),
        body: Value,
    ) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = Request::builder().method(method).uri(encoded(path)).header(header::HOST, HOST);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// GET.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, Value::Null).await
    }

    /// POST.
    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, body).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("PATCH", path, token, body).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("PUT", path, token, body).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        self.call("DELETE", path, token, Value::Null).await
    }

    /// Makes something that must be made, and calls it by a name in snapshots. Gives its id.
    #[track_caller]
    pub fn made(&self, answer: Answer, name: &str) -> String {
        let id = answer.expect(201).id();
        if let Ok(known) = Uuid::parse_str(&id) {
            self.name(&known, name);
        }
        id
    }

    /// Sends a form.
    ///
    /// # Panics
    /// When the path cannot be sent.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(encoded(path))
            .header(header::HOST, HOST)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Calls an id by a name in snapshots.
    pub fn name(&self, id: &Uuid, name: &str) {
        lock(&self.names).put(*id, name);
    }

    /// An answer as a snapshot shows it.
    pub fn show(&self, answer: &Answer) -> String {
        self.plain(&answer.shown())
    }

    /// JSON as a snapshot shows it.
    pub fn show_json(&self, json: &Value) -> String {
        self.plain(&serde_json::to_string_pretty(json).unwrap_or_default())
    }

    /// A text with names in place of ids.
    pub fn plain(&self, text: &str) -> String {
        lock(&self.names).apply(text)
    }

    /// The business clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the business clock on, running what is due on the way; gives how much that was.
    ///
    /// # Panics
    /// When a job fails.
    pub async fn advance(&self, duration: &str) -> u32 {
        let duration: IsoDuration = duration.parse().expect("a duration");
        let target = duration.after(self.now()).expect("an instant");
        advance(&self.runner, &self.clock, target).await.expect("the clock moves").1
    }

    /// The wall clock.
    pub fn wall(&self) -> Timestamp {
        self.wall.now()
    }

    /// Moves the wall clock on: tokens grow old. The business clock goes along.
    pub fn let_pass(&self, seconds: i64) {
        self.wall.set(plus_seconds(self.wall.now(), seconds));
    }

    /// Runs jobs until nothing is due; gives how much was done.
    ///
    /// # Panics
    /// When a job fails.
    pub async fn drain(&self) -> u32 {
        self.runner.drain().await.expect("the jobs run")
    }

    /// The database, for what is to be asked of it directly.
    pub fn database(&self) -> load::Target {
        load::Target::of(&self.db)
    }

    /// The directory in memory that stands for those outside.
    pub fn elsewhere(&self) -> &MemoryConnector {
        &self.elsewhere
    }

    /// The metrics of the API and the store, as text.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn metrics(&self) -> String {
        let (mut registry, mut text) = (Registry::with_prefix("tenure"), String::new());
        self.app.register_metrics(&mut registry);
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("a text");
        text
    }

    /// The job runner, to be asked in other ways than by [`TestApp::drain`].
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// The engine, for what has no path.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Every caller has so many resource units in ten seconds; 0 is no quota.
    pub fn limit_callers(&self, units: u32) {
        self.app.limit_callers(units);
    }

    /// A test that made work and did not run it has not seen what it does.
    ///
    /// # Panics
    /// When something is due.
    pub async fn finish(&self) {
        let due = self.runner.next_due().await.expect("the queues can be read");
        let now = self.now();
        assert!(due.is_none_or(|due| due > now), "the test ends with work that is due: call app.drain()");
    }
}

fn clock_control(runner: Runner, clock: Arc<DemoClock>) -> ClockControl {
    Arc::new(move |target| {
        let (runner, clock) = (runner.clone(), clock.clone());
        Box::pin(async move {
            match advance(&runner, &clock, target).await {
                Ok((now, ran)) => Ok(Moved { now, ran }),
                Err(AdvanceError::Backwards { now }) => Err(ClockFailure::Backwards { now }),
                Err(AdvanceError::Failed(error)) => Err(ClockFailure::Failed(error)),
            }
        })
    })
}

/// A request with these headers and no others.
///
/// # Panics
/// When it cannot be sent.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(encoded(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).expect("a request")
}

/// A path and query as a URL can hold them.
fn encoded(path: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
