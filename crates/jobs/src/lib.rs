//! **Room: background work.** Claims what is due, runs it through `service`, and looks again.
//!
//! Four queues: timers, the outbox, grants to be executed, and jobs that reach many. Everything is done at least once and under a lease, and
//! every handler asks again what is true, so that a crash, a second node or a late timer change nothing. The same
//! [`Runner::pass`] serves the running server, the demo clock and tests. Contains no rules and no SQL.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bulk;
mod clock;
mod notify;
mod provision;
mod seal;
mod timers;

pub use clock::{AdvanceError, advance};
pub use seal::{Outside, Sealer};

use std::sync::Arc;
use std::time::Duration;
use tenure_connect::Connectors;
use tenure_domain::Timestamp;
use tenure_domain::limits::{CHANGE_PRUNE_SECONDS, CLOCK_LOOK_SECONDS, POLL_INTERVAL_MILLIS};
use tenure_service::directory::changes;
use tenure_service::{Ctx, Engine, Identity, ServiceError, Urgency};
pub use tenure_store::queue::Waiting;
use tenure_store::queue::{self, ClaimTimes};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

/// Passes that one call of [`Runner::drain`] makes at most; work that makes more work forever is a bug.
const PASSES_MAX: u32 = 100_000;

/// Transactions of one cleaning at most; what is left waits for the next.
const PRUNES_MAX: u32 = 1_000;

/// Runs what is due.
#[derive(Clone)]
pub struct Runner {
    engine: Engine,
    connectors: Connectors,
    /// Held during a pass; whoever moves the demo clock holds it all the while.
    turn: Arc<Mutex<()>>,
}

impl Runner {
    /// A runner.
    pub fn new(engine: Engine, connectors: Connectors) -> Self {
        Self { engine, connectors, turn: Arc::default() }
    }

    fn times(&self) -> ClaimTimes {
        let clocks = self.engine.clocks();
        ClaimTimes { due: clocks.business.now(), wall: clocks.wall.now() }
    }

    fn lease(&self) -> Uuid {
        self.engine.new_id()
    }

    /// Takes over what a process before this one had claimed. Only where no other process uses the database.
    pub async fn take_over(&self) -> Result<(), ServiceError> {
        let free = |ctx: &mut Ctx<'_, '_>| {
            queue::free_leases(ctx.tx);
            Ok(())
        };
        self.engine.write(Identity::System, Uuid::nil(), free).await
    }

    /// Runs one claim of each queue; gives how much was done.
    async fn pass_unguarded(&self) -> Result<u32, ServiceError> {
        let timers = timers::run(self).await?;
        let grants = provision::run(self).await?;
        let jobs = bulk::run(self).await?;
        let mails = notify::run(self).await?;
        Ok(timers + grants + jobs + mails)
    }

    /// Runs one claim of each queue, when nobody else does.
    pub async fn pass(&self) -> Result<u32, ServiceError> {
        let _turn = self.turn.lock().await;
        self.pass_unguarded().await
    }

    /// Runs until nothing is due; gives how much was done.
    pub async fn drain(&self) -> Result<u32, ServiceError> {
        let _turn = self.turn.lock().await;
        self.drain_unguarded().await
    }

    async fn drain_unguarded(&self) -> Result<u32, ServiceError> {
        let mut done = 0;
        for _ in 0..PASSES_MAX {
            match self.pass_unguarded().await? {
                0 => return Ok(done),
                n => done += n,
            }
        }
        Err(ServiceError::Internal("background work does not end".to_owned()))
    }

    /// Removes changes of the directory that no token reaches back to any more.
    pub async fn prune(&self) -> Result<(), ServiceError> {
        for _ in 0..PRUNES_MAX {
            let pruned = self.engine.write_at(Urgency::Bulk, Identity::System, self.lease(), changes::prune);
            if !pruned.await? {
                break;
            }
        }
        Ok(())
    }

    /// The instant at which the next thing is due.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, ServiceError> {
        let read = self
            .engine
            .read(tenure_service::Cost::Small, Identity::System, Uuid::nil(), |ctx| ctx.fetch(queue::next_due()));
        Ok(read.await?.flatten())
    }

    /// What waits, and what was given up.
    pub async fn waiting(&self) -> Result<Waiting, ServiceError> {
        let now = self.engine.clocks().business.now();
        let read = self.engine.read(tenure_service::Cost::Unknown, Identity::System, Uuid::nil(), move |ctx| {
            ctx.fetch(queue::waiting(now))
        });
        Ok(read.await?.unwrap_or_default())
    }

    /// Measures the clock of this node. A wrong one breaks timers quietly, so that nothing is run by it.
    async fn look_at_clock(&self) {
        let was_off = self.engine.clock_is_off_by().is_some();
        match (self.engine.measure_skew().await, self.engine.clock_is_off_by()) {
            (Err(error), _) => tracing::warn!(%error, "the clock could not be compared with the database's"),
            (Ok(_), Some(seconds)) => tracing::error!(
                seconds,
                "the clock of this machine is that far behind the database's: no jobs are started until it is set right"
            ),
            (Ok(_), None) if was_off => tracing::info!("the clock is right again: jobs are started"),
            (Ok(_), None) => {}
        }
    }

    /// Runs until `stop` says so: at once after a commit that left work, and every second to be sure.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = tokio::time::interval(Duration::from_millis(POLL_INTERVAL_MILLIS));
        pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(Duration::from_secs(CLOCK_LOOK_SECONDS));
        look.tick().await;
        self.look_at_clock().await;
        let mut clean = tokio::time::interval(Duration::from_secs(CHANGE_PRUNE_SECONDS));
        while !*stop.borrow() {
            tokio::select! {
                () = self.engine.woken() => {}
                _ = pause.tick() => {}
                _ = look.tick() => self.look_at_clock().await,
                _ = clean.tick() => {
                    if let Err(error) = self.prune().await {
                        tracing::warn!(%error, "old changes could not be removed; it will be tried again");
                    }
                }
                _ = stop.changed() => break,
            }
            if let Err(error) = self.work().await {
                tracing::warn!(%error, "background work failed; it will be tried again");
            }
        }
    }

    /// Runs what is due, looking first whether anything is: a look costs less than four claims. Nothing is run while
    /// the clock of this node is wrong.
    pub async fn work(&self) -> Result<(), ServiceError> {
        if self.engine.clock_is_off_by().is_some() {
            return Ok(());
        }
        let now = self.engine.clocks().business.now();
        match self.next_due().await? {
            Some(due) if due <= now => self.drain().await.map(|_| ()),
            _ => Ok(()),
        }
    }
}
