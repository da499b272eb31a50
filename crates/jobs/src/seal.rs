//! The sealer: a signed checkpoint whenever something new is in the audit, every second at most but sooner after much
//! (decisions.md F2). One node seals for all; another takes over when its lease ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tenure_domain::limits::{SEAL_CHECKPOINTS_MAX, SEAL_INTERVAL_MILLIS};
use tenure_service::audit::{self, Checkpoint, CheckpointKey, Seal};
use tenure_service::{Cost, Engine, Identity, ServiceError};
use tenure_store::StoreError;
use tokio::sync::watch;
use uuid::Uuid;

/// A place outside the database that keeps checkpoints, in case somebody rewrites the database.
pub trait Outside: Send {
    /// The number of the last one it holds; 0 for none.
    fn last(&self) -> i64;
    /// Keeps further ones, or says why it cannot.
    fn keep(&mut self, checkpoints: &[Checkpoint]) -> Result<(), String>;
}

/// Makes checkpoints.
#[derive(Clone)]
pub struct Sealer {
    engine: Engine,
    key: Arc<CheckpointKey>,
    node: Uuid,
    outside: Option<Arc<Mutex<dyn Outside>>>,
}

impl Sealer {
    /// A sealer.
    pub fn new(engine: Engine, key: CheckpointKey, outside: Option<Arc<Mutex<dyn Outside>>>) -> Self {
        let node = engine.new_id();
        Self { engine, key: Arc::new(key), node, outside }
    }

    /// Seals until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = tokio::time::interval(Duration::from_millis(SEAL_INTERVAL_MILLIS));
        pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            tokio::select! {
                () = self.engine.audit_grown() => {}
                _ = pause.tick() => {}
                _ = stop.changed() => break,
            }
            if let Err(error) = self.seal().await {
                tracing::warn!(%error, "the audit could not be sealed; it will be tried again");
            }
        }
    }

    /// Seals what is new, unless another node does; gives the number of checkpoints.
    pub async fn seal(&self) -> Result<u32, ServiceError> {
        self.engine.count_audited_anew();
        let read = |ctx: &mut tenure_service::Ctx<'_, '_>| ctx.fetch(audit::has_unsealed());
        let unsealed = self.engine.read(Cost::Small, Identity::System, self.node, read).await?;
        let made = if unsealed.is_some() { self.checkpoints(false).await? } else { 0 };
        self.keep_outside().await?;
        Ok(made)
    }

    /// Seals everything, whoever has the lease, and gives the lease back: the last thing before a stop.
    pub async fn finish(&self) -> Result<u32, ServiceError> {
        let made = self.checkpoints(true).await?;
        self.keep_outside().await?;
        let node = self.node;
        let release = move |tx: &mut tenure_store::Tx<'_>| {
            audit::release_lease(tx, node);
            Ok(())
        };
        self.engine.claim(release).await?;
        Ok(made)
    }

    async fn checkpoints(&self, regardless: bool) -> Result<u32, ServiceError> {
        for made in 0..SEAL_CHECKPOINTS_MAX {
            let how = Seal { wall: self.engine.clocks().wall.now(), node: self.node, regardless };
            let key = self.key.clone();
            match self.engine.claim(move |tx| audit::seal(tx, how, &key)).await {
                Ok(Some((_, false))) => return Ok(made + 1),
                Ok(None) => return Ok(made),
                // Another node made the same one. What it has not seen is sealed with the next look.
                Err(StoreError::Conflict { .. } | StoreError::Stale { .. }) if !regardless => return Ok(made),
                Ok(Some((_, true))) | Err(StoreError::Conflict { .. } | StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(SEAL_CHECKPOINTS_MAX)
    }

    /// Copies what the place outside does not hold yet; also what other nodes have sealed.
    async fn keep_outside(&self) -> Result<(), ServiceError> {
        let Some(outside) = &self.outside else { return Ok(()) };
        loop {
            let last = outside.lock().unwrap_or_else(PoisonError::into_inner).last();
            let read = move |ctx: &mut tenure_service::Ctx<'_, '_>| ctx.fetch(audit::checkpoints_after(last));
            let new = self.engine.read(Cost::Small, Identity::System, self.node, read).await?;
            if new.is_empty() {
                return Ok(());
            }
            let outside = outside.clone();
            // A disk may be slow, and others share this thread.
            let keep = move || {
                let mut outside = outside.lock().unwrap_or_else(PoisonError::into_inner);
                // Whoever was stopped in the middle may have kept some already.
                let last = outside.last();
                let new: Vec<Checkpoint> = new.into_iter().filter(|c| c.checkpoint > last).collect();
                outside.keep(&new)
            };
            let kept = tokio::task::spawn_blocking(keep).await.map_err(|e| ServiceError::Internal(e.to_string()))?;
            kept.map_err(ServiceError::Unavailable)?;
        }
    }
}
