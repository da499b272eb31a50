//! Timers: what was to be looked at again.

use crate::Runner;
use tenure_domain::time::plus_seconds;
use tenure_service::{Identity, ServiceError, Urgency, work};
use tenure_store::queue::{self, Queue};

/// Seconds until a timer whose use case failed is tried again.
const RETRY_SECONDS: i64 = 30;

/// Fires the due timers of one claim, in the order of their instants.
pub async fn run(runner: &Runner) -> Result<u32, ServiceError> {
    let (times, lease) = (runner.times(), runner.lease());
    let timers = runner
        .engine
        .claim(move |tx| {
            queue::claim(tx, Queue::Timers, times, lease);
            tx.fetch(queue::claimed_timers(lease))
        })
        .await?;
    let mut done = 0;
    for timer in timers {
        let fired = runner
            .engine
            .write_at(Urgency::Bulk, Identity::System, lease, move |ctx| work::fire(ctx, timer, lease))
            .await;
        match fired {
            Ok(()) => done += 1,
            Err(away @ (ServiceError::Unavailable(_) | ServiceError::Unknown(_))) => return Err(away),
            Err(error) => {
                tracing::error!(%error, ?timer, "a timer failed");
                let again = plus_seconds(times.due, RETRY_SECONDS);
                runner
                    .engine
                    .claim(move |tx| {
                        queue::set_timer(tx, timer.subject, again);
                        Ok(())
                    })
                    .await?;
            }
        }
    }
    Ok(done)
}
