//! The bare server: the statements of the stack, its transport and its durability, and nothing else.

mod embedded;
mod server;

use crate::arguments::CeilingOptions;
use crate::failure::{Outcome, While};
use crate::template::{Filling, Template, Transaction, ids_in};
use crate::works::{IDS_HEADER, WORK_HEADER, Work};
use crate::{http, inside};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{any, get};
use http_body_util::BodyExt;
use std::collections::HashMap;
use std::sync::Arc;
use tenure_auth::{SigningKey, token};

/// What every JSON answer of the stack says of itself.
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// As much as the claims of a real token.
const CLAIMS: [&str; 8] = ["a claim of a token that is about as long as those of a real one"; 8];

/// Runs transactions without rules.
enum Backend {
    Embedded(embedded::Embedded),
    Server(server::Server),
}

struct Ceiling {
    works: HashMap<&'static str, Template>,
    backend: Backend,
    /// Answers to `token` are signed, as the stack signs them.
    key: SigningKey,
}

/// Records every work, then serves until the process ends.
pub fn serve(options: &CeilingOptions) -> Outcome<()> {
    let mut works = inside::record(options)?;
    for (name, template) in &works {
        for (n, transaction) in template.transactions.iter().enumerate() {
            let kind = if transaction.reads { "reads" } else { "writes" };
            // Into its log, for whoever wonders what is measured.
            transaction.steps.iter().for_each(|step| eprintln!("{name}: transaction {n} {kind}: {}", step.sql));
        }
    }
    if options.database.is_none() {
        let steps = works.values_mut().flat_map(|w| &mut w.transactions).flat_map(|t| &mut t.steps);
        steps.for_each(|step| step.sql = embedded::numbered(&step.sql).into());
    }
    let backend = match &options.database {
        None => Backend::Embedded(embedded::Embedded::open(&options.folder.join("tenure.db"))?),
        Some(url) => Backend::Server(server::Server::open(url)?),
    };
    let key = inside::signing_key()?;
    let state = Arc::new(Ceiling { works, backend, key });
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/hello", get(async || "hello\n"))
        .fallback(any(answer))
        .with_state(state);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().doing("starting")?;
    runtime.block_on(http::serve(options.port, router))
}

async fn answer(State(ceiling): State<Arc<Ceiling>>, request: Request) -> Response<Body> {
    let mut response = match ceiling.run(request).await {
        Some((status, body)) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            response
        }
        None => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(JSON));
    response
}

impl Ceiling {
    async fn run(&self, request: Request) -> Option<(StatusCode, Vec<u8>)> {
        let (parts, body) = request.into_parts();
        let name = parts.headers.get(WORK_HEADER)?.to_str().ok()?;
        let template = self.works.get(name)?;
        let body = body.collect().await.ok()?.to_bytes();
        let mut inputs = ids_in(parts.uri.path_and_query()?.as_str());
        inputs.extend(ids_in(std::str::from_utf8(&body).ok()?));
        inputs
            .extend(parts.headers.get(IDS_HEADER).and_then(|ids| ids.to_str().ok()).map(ids_in).into_iter().flatten());
        let filling = Arc::new(template.fill(inputs));
        for transaction in &template.transactions {
            self.backend.run(transaction, &filling).await?;
        }
        if name == Work::Token.name() {
            // What cannot be left out: the signature.
            std::hint::black_box(token::sign(&self.key, &CLAIMS).ok()?);
        }
        Some((StatusCode::from_u16(template.status).ok()?, template.body.clone()))
    }
}

impl Backend {
    async fn run(&self, transaction: &Transaction, filling: &Arc<Filling>) -> Option<()> {
        match self {
            Self::Embedded(db) if transaction.reads => db.read(transaction, filling),
            Self::Embedded(db) => db.write(transaction, filling).await,
            Self::Server(db) => db.run(transaction, filling).await,
        }
    }
}
