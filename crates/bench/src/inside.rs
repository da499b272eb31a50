//! The stack inside this process, without sockets and without jobs, to record what each work asks of the database.

use crate::arguments::CeilingOptions;
use crate::failure::{Failure, Outcome, While};
use crate::place::{self, World};
use crate::rng::Rng;
use crate::template::{Recording, Template, wall_millis};
use crate::works::{self, Asked, Pair, Supply, Tokens, Work};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use std::collections::HashMap;
use std::sync::Arc;
use tenure_api::{App, Hosts, Settings};
use tenure_auth::{SigningKey, SystemEntropy};
use tenure_domain::time::SystemClock;
use tenure_service::identity::keys;
use tenure_service::{Clocks, Engine, ServerConfig, Store, bootstrap};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use uuid::Uuid;

const HOST: &str = "127.0.0.1";
/// Requests before the recorded ones: the first use case of a process does more than the others.
const WARM_UPS: usize = 2;

struct Inside {
    router: Router,
    runtime: Runtime,
    tokens: Tokens,
}

/// A key as the stack signs with.
pub fn signing_key() -> Outcome<SigningKey> {
    SigningKey::generate(Uuid::nil()).map(|(key, _)| key).doing("making a key")
}

/// An engine over the database of a data folder.
pub fn engine(folder: &std::path::Path, database: Option<&str>) -> Outcome<Engine> {
    let store = match database {
        // One thread: each begins a chain of audit rows of its own, and the warm-ups must be for the one that is recorded.
        Some(url) => Store::server(&ServerConfig { url: url.to_owned(), threads: 1 }),
        None => Store::embedded(&folder.join("tenure.db")),
    };
    let clock = Arc::new(SystemClock);
    let clocks = Clocks { business: clock.clone(), wall: clock };
    Ok(Engine::new(store.doing("opening the database")?, clocks, Arc::new(|| Box::new(SystemEntropy))))
}

fn open(options: &CeilingOptions, world: &World) -> Outcome<Inside> {
    let engine = engine(&options.folder, options.database.as_deref())?;
    let master = place::master_key(&options.folder)?;
    let ring = engine.write_blocking(move |ctx| keys::open(ctx, &master)).doing("opening the keys")?;
    let tenant = engine.read_blocking(bootstrap::tenant).doing("reading the tenant")?.doing("the tenant")?;
    let hosts = Hosts { names: vec![HOST.to_owned()], scheme: "http", public_url: None };
    let app = App::new(Settings { engine, tenant, keys: ring, hosts, clock: None });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    let mut inside = Inside { router: tenure_api::router(app), runtime, tokens: Tokens::default() };
    let (_, answer) = inside.ask(&works::token(world))?;
    inside.tokens.app = place::access_token(&answer)?;
    let (name, password) = place::approver(&options.folder)?;
    let client = place::public_client(&options.folder)?;
    let (_, answer) = inside.ask(&works::token_of_person(&world.tenant_id, &client, (&name, &password)))?;
    inside.tokens.approver = place::access_token(&answer)?;
    Ok(inside)
}

/// What each work asks of the database.
pub fn record(options: &CeilingOptions) -> Outcome<HashMap<&'static str, Template>> {
    let world = World::read(&options.folder, options.database.as_deref())?;
    let texts = Arc::new(place::texts(&options.folder, options.database.as_deref())?);
    let inside = open(options, &world)?;
    // From the end of the order: whoever measures begins at its start.
    let last = world.people.len().saturating_mul(world.packages.len().saturating_sub(2));
    let last_waiting = world.waiting.len().saturating_sub(WARM_UPS + 2);
    let at = |place: usize| u64::try_from(place).unwrap_or(0);
    let supply = Supply::starting(&world, at(last), at(last_waiting));
    let mut rng = Rng::new(7);
    let mut templates = HashMap::new();
    let mut delivered: Vec<Pair> = Vec::new();
    for work in Work::ALL {
        let mut asked = Vec::new();
        for n in 0..WARM_UPS + 2 {
            asked.push(match work {
                Work::GetById => works::get_by_id(&world, &mut rng).doing("an assignment")?,
                Work::List => works::list(&world, &mut rng).doing("a package")?,
                Work::Create => works::create(supply.take().doing("a person without access")?),
                Work::Approve => works::approve(supply.take_waiting().doing("a request that waits")?),
                Work::Member => {
                    let pair = supply.take().doing("a person without access")?;
                    delivered.push(pair);
                    works::member(pair)
                }
                Work::Seen => works::seen(*delivered.get(n).doing("a member")?),
                Work::Token => works::token(&world),
                Work::Hello => works::hello(),
            });
        }
        let since = wall_millis();
        let (warm_ups, recorded) = asked.split_at(WARM_UPS);
        for one in warm_ups {
            inside.recorded(one)?;
        }
        let [one, other] = recorded else { return Err(Failure("two recordings".to_owned())) };
        let (one, other) = (inside.recorded(one)?, inside.recorded(other)?);
        templates.insert(work.name(), Template::of(work.name(), since, (&one, &other), &texts)?);
    }
    Ok(templates)
}

impl Inside {
    fn recorded(&self, asked: &Asked) -> Outcome<Recording> {
        tenure_store::record::start();
        let (status, body) = self.ask(asked)?;
        let transactions = tenure_store::record::stop();
        if status != asked.work.status() {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(Failure(format!("{} was answered {status}: {body}", asked.work.name())));
        }
        Ok(Recording { inputs: asked.ids(), transactions, status, body })
    }

    fn ask(&self, asked: &Asked) -> Outcome<(u16, Vec<u8>)> {
        let mut request = Request::builder().method(asked.method).uri(&asked.uri).header(header::HOST, HOST);
        if let Some(token) = asked.token(&self.tokens) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = asked.body.as_ref().map_or_else(Body::empty, |(text, _)| Body::from(text.clone()));
        if let Some((_, is_form)) = &asked.body {
            request = request.header(header::CONTENT_TYPE, works::media(*is_form));
        }
        let request = request.body(body).doing("making a request")?;
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.doing("asking")?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.doing("reading the answer")?.to_bytes();
            Ok((status, body.to_vec()))
        })
    }
}
