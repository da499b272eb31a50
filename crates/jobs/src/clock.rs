//! Moving the clock of a demo tenant: from one due instant to the next, running what is due there with the same function
//! as always, so that time passes in order (decisions.md I3). Survives a crash, because each step commits.

use crate::Runner;
use std::time::Duration;
use tenure_domain::Timestamp;
use tenure_domain::limits::POLL_INTERVAL_MILLIS;
use tenure_domain::time::DemoClock;
use tenure_service::{Identity, ServiceError};
use tenure_store::rows::tenant;
use uuid::Uuid;

/// Steps one move takes at most.
const STEPS_MAX: u32 = 1_000_000;

/// Why the clock was not moved.
#[derive(Debug)]
pub enum AdvanceError {
    /// The target lies behind.
    Backwards {
        /// The present.
        now: Timestamp,
    },
    /// Running what was due failed.
    Failed(ServiceError),
}

impl From<ServiceError> for AdvanceError {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// Moves `clock` forward to `target` and runs everything due on the way; gives the new present and how much was run.
pub async fn advance(runner: &Runner, clock: &DemoClock, target: Timestamp) -> Result<(Timestamp, u32), AdvanceError> {
    use tenure_domain::time::Clock;
    let _turn = runner.turn.lock().await;
    let now = clock.now();
    if target < now {
        return Err(AdvanceError::Backwards { now });
    }
    let mut ran = runner.drain_unguarded().await?;
    let mut held = tokio::time::interval(Duration::from_millis(POLL_INTERVAL_MILLIS));
    for _ in 0..STEPS_MAX {
        match runner.next_due().await? {
            Some(due) if due <= target => {
                set(runner, clock, due).await?;
                let done = runner.drain_unguarded().await?;
                ran += done;
                if done == 0 {
                    // Somebody holds it under a lease. The clock is moved where there is one node only (decisions.md I2),
                    // and we have our turn: whoever that was has died.
                    runner.take_over().await?;
                    held.tick().await;
                }
            }
            _ => break,
        }
    }
    set(runner, clock, target).await?;
    ran += runner.drain_unguarded().await?;
    Ok((clock.now(), ran))
}

/// Sets the clock to `at` (or leaves it, when it is there already) and keeps that.
async fn set(runner: &Runner, clock: &DemoClock, at: Timestamp) -> Result<(), ServiceError> {
    let wall = runner.engine.clocks().wall.now();
    clock.set_offset_micros(at.as_microsecond().saturating_sub(wall.as_microsecond()));
    let offset = clock.offset_micros();
    runner
        .engine
        .write(Identity::System, Uuid::nil(), move |ctx| {
            tenant::set_clock_offset(ctx.tx, offset);
            Ok(())
        })
        .await
}
