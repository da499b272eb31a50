//! Runs use cases: opens the transaction, reads the clocks once, wakes the job runner after a commit.

use crate::audit::{Refused, record};
use crate::ctx::{Ctx, Identity};
use crate::error::ServiceError;
use crate::requests::{NoVerifier, Verifier};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use tenure_domain::ids::{Entropy, Ids};
use tenure_domain::limits::{CLOCK_SKEW_MAX_SECONDS, SEAL_ROWS};
use tenure_domain::time::Clock;
use tenure_store::metrics::Metrics;
use tenure_store::{Cost, Store, StoreError, Tx, Urgency, health};
use tokio::sync::Notify;
use uuid::Uuid;

/// The two clocks (decisions.md I1).
#[derive(Clone)]
pub struct Clocks {
    /// Requests, assignments, policies, mails.
    pub business: Arc<dyn Clock>,
    /// Tokens, leases, limits.
    pub wall: Arc<dyn Clock>,
}

/// Makes a source of randomness for one use case.
pub type MakeEntropy = Arc<dyn Fn() -> Box<dyn Entropy> + Send + Sync>;

struct Parts {
    store: Store,
    clocks: Clocks,
    entropy: MakeEntropy,
    wake: Notify,
    /// Audit rows that use cases of this process have written since it last sealed.
    audited: AtomicU64,
    seal: Notify,
    refused: Refused,
    /// Vouches for credentials that requestors present.
    verifier: Arc<dyn Verifier>,
    /// How far the wall clock is from the database's, in microseconds, when it was last measured.
    skew_micros: AtomicI64,
}

/// What a use case leaves for others to do.
#[derive(Debug, Default)]
pub struct Left {
    /// Something is due at once.
    pub(crate) work: AtomicBool,
    /// Audit rows.
    pub(crate) audited: AtomicU64,
}

/// Runs use cases.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

impl Engine {
    /// An engine over a store. Nobody vouches for credentials.
    pub fn new(store: Store, clocks: Clocks, entropy: MakeEntropy) -> Self {
        Self::vouched(store, clocks, entropy, Arc::new(NoVerifier))
    }

    /// The same, with somebody who vouches for the credentials that requestors present (behaviour.md c.6).
    pub fn vouched(store: Store, clocks: Clocks, entropy: MakeEntropy, verifier: Arc<dyn Verifier>) -> Self {
        Self(Arc::new(Parts {
            store,
            clocks,
            entropy,
            wake: Notify::new(),
            audited: AtomicU64::new(0),
            seal: Notify::new(),
            refused: Refused::default(),
            verifier,
            skew_micros: AtomicI64::new(0),
        }))
    }

    /// The clocks.
    pub fn clocks(&self) -> &Clocks {
        &self.0.clocks
    }

    /// A source of randomness.
    pub fn entropy(&self) -> Box<dyn Entropy> {
        (self.0.entropy)()
    }

    /// A new id of any kind, outside of a use case.
    pub fn new_id(&self) -> Uuid {
        Ids::new(self.entropy()).next(self.0.clocks.wall.now())
    }

    /// What the store counts, as of now.
    pub fn store_metrics(&self) -> &Metrics {
        self.0.store.metrics()
    }

    /// Measures how far the wall clock is from the database's, in microseconds; positive when the database is ahead. What
    /// the question takes is in our favour.
    pub async fn measure_skew(&self) -> Result<i64, ServiceError> {
        let wall = &self.0.clocks.wall;
        let before = wall.now().as_microsecond();
        let read = self.read(Cost::Unknown, Identity::System, Uuid::nil(), |ctx| Ok(health::clock(ctx.tx)?));
        let there = read.await?.as_microsecond();
        let nearest = there.clamp(before, wall.now().as_microsecond().max(before));
        let skew = there.saturating_sub(nearest);
        self.0.skew_micros.store(skew, Ordering::Relaxed);
        Ok(skew)
    }

    /// Seconds by which the wall clock was off when it was last measured, if they are too many (decisions.md I10).
    pub fn clock_is_off_by(&self) -> Option<i64> {
        let seconds = self.0.skew_micros.load(Ordering::Relaxed) / 1_000_000;
        (seconds.abs() > CLOCK_SKEW_MAX_SECONDS).then_some(seconds)
    }

    /// Waits until a commit has left work to do.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Wakes whoever waits for work.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Waits until so much was written to the audit that a checkpoint is due.
    pub async fn audit_grown(&self) {
        self.0.seal.notified().await;
    }

    /// What was written up to now is being sealed, here or by another node.
    pub fn count_audited_anew(&self) {
        self.0.audited.store(0, Ordering::Relaxed);
    }

    fn count_audited(&self, rows: u64) {
        if rows > 0 && self.0.audited.fetch_add(rows, Ordering::Relaxed) + rows >= SEAL_ROWS {
            self.0.seal.notify_one();
        }
    }

    /// Wraps a use case into what the store runs.
    fn body<T, F>(
        &self,
        identity: Identity,
        correlation: Uuid,
        left: Arc<Left>,
        mut f: F,
    ) -> impl FnMut(&mut Tx<'_>) -> Result<T, ServiceError> + Send + 'static
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
    {
        let engine = self.clone();
        // It begins here: the time in the queue is part of it. The closure's own name says which use case it is.
        let span = tracing::info_span!(target: "otel", "use case", code.function = std::any::type_name::<F>());
        move |tx: &mut Tx<'_>| {
            let clocks = &engine.0.clocks;
            let times = (clocks.business.now(), clocks.wall.now());
            let ids = Ids::new(engine.entropy());
            // A run that is made again begins anew.
            left.audited.store(0, Ordering::Relaxed);
            let mut ctx = Ctx::new(tx, times, ids, (identity, correlation), (left.clone(), engine.0.verifier.clone()));
            span.in_scope(|| f(&mut ctx))
        }
    }

    /// Runs a use case that reads.
    pub async fn read<T, F>(&self, cost: Cost, identity: Identity, correlation: Uuid, f: F) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        let body = self.body(identity, correlation, Arc::default(), f);
        self.0.store.read(cost, identity.principal(), body).await
    }

    /// Runs a use case that writes.
    pub async fn write<T, F>(&self, identity: Identity, correlation: Uuid, f: F) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        self.write_at(Urgency::Interactive, identity, correlation, f).await
    }

    /// Runs a use case that writes, for somebody who waits or for nobody.
    pub async fn write_at<T, F>(
        &self,
        urgency: Urgency,
        identity: Identity,
        correlation: Uuid,
        f: F,
    ) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        let left = Arc::<Left>::default();
        let body = self.body(identity, correlation, left.clone(), f);
        let result = self.0.store.write(urgency, identity.principal(), body).await;
        match &result {
            Ok(_) => {
                self.count_audited(left.audited.load(Ordering::Relaxed));
                if left.work.load(Ordering::Relaxed) {
                    self.wake();
                }
            }
            Err(ServiceError::Refused(refusal)) => {
                let event = self.0.refused.event(identity, refusal, self.0.clocks.wall.now());
                if let Some(event) = event {
                    let body = self
                        .body(identity, correlation, Arc::default(), move |ctx: &mut Ctx<'_, '_>| record(ctx, &event));
                    if let Err(error) = self.0.store.write(Urgency::Bulk, None, body).await {
                        tracing::warn!(%error, "a refusal could not be recorded");
                    }
                }
            }
            Err(_) => {}
        }
        result
    }

    /// Claims rows of a queue.
    pub async fn claim<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.claim(f).await
    }

    /// [`Engine::write`] by the product itself, for callers that are not asynchronous: start-up and seeding.
    pub fn write_blocking<T, F>(&self, f: F) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        let body = self.body(Identity::System, self.new_id(), Arc::default(), f);
        self.0.store.write_blocking(body)
    }

    /// A read by the product itself, for callers that are not asynchronous.
    pub fn read_blocking<T, F>(&self, f: F) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        let body = self.body(Identity::System, self.new_id(), Arc::default(), f);
        self.0.store.read_blocking(body)
    }

    /// A read by the product itself for as long as it takes, on this thread; for tools, not for a server.
    pub fn read_long<T>(&self, body: impl FnMut(&mut Tx<'_>) -> Result<T, ServiceError>) -> Result<T, ServiceError> {
        self.0.store.read_long(body)
    }
}
