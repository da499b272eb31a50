//! Jobs: changes that reach many, a chunk at a time. A chunk moves the cursor on in its own transaction, so that a job that
//! is broken off anywhere goes on where it stood.

use crate::Runner;
use tenure_service::{Identity, ServiceError, Urgency, bulk};
use tenure_store::queue::{self, Queue};

/// Does one chunk of the job whose turn it is.
pub async fn run(runner: &Runner) -> Result<u32, ServiceError> {
    let (times, lease) = (runner.times(), runner.lease());
    let claimed = runner
        .engine
        .claim(move |tx| {
            queue::claim(tx, Queue::Jobs, times, lease);
            tx.fetch(tenure_service::rows::job::claimed(lease))
        })
        .await?;
    let Some(job) = claimed else { return Ok(0) };
    let done = runner.engine.write_at(Urgency::Bulk, Identity::System, lease, move |ctx| bulk::run(ctx, lease)).await;
    match done {
        Ok(()) => Ok(1),
        Err(away @ (ServiceError::Unavailable(_) | ServiceError::Unknown(_))) => Err(away),
        Err(error) => {
            tracing::error!(%error, id = %job.id, "a chunk of a job failed");
            let text = error.to_string();
            let note = move |ctx: &mut tenure_service::Ctx<'_, '_>| bulk::failed(ctx, lease, &text);
            runner.engine.write_at(Urgency::Bulk, Identity::System, lease, note).await?;
            Ok(1)
        }
    }
}
