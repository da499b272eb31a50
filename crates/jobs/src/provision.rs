//! The grant reconciler: takes no input, looks at grants whose wish and observation differ, acts, and records. No lock is
//! held while another system is asked.

use crate::Runner;
use tenure_connect::{Operation, Target};
use tenure_domain::ids::ObjectId;
use tenure_service::rows::grant::{self, Work};
use tenure_service::{Identity, ServiceError, Urgency, work};
use tenure_store::queue::{self, Queue};
use uuid::Uuid;

/// Executes the grants of one claim.
pub async fn run(runner: &Runner) -> Result<u32, ServiceError> {
    let (times, lease) = (runner.times(), runner.lease());
    let due = runner
        .engine
        .claim(move |tx| {
            queue::claim(tx, Queue::Grants, times, lease);
            tx.fetch(grant::work(lease))
        })
        .await?;
    let mut done = 0;
    for item in due {
        execute(runner, item, lease).await?;
        done += 1;
    }
    Ok(done)
}

async fn execute(runner: &Runner, item: Work, lease: Uuid) -> Result<(), ServiceError> {
    if let Some(outcome) = work::foregone(&item) {
        let record = move |ctx: &mut tenure_service::Ctx<'_, '_>| work::record_grant(ctx, &item, lease, &outcome);
        return runner.engine.write_at(Urgency::Bulk, Identity::System, lease, record).await;
    }
    if item.grant.source.is_none() {
        let apply = move |ctx: &mut tenure_service::Ctx<'_, '_>| work::apply_grant(ctx, &item, lease);
        return runner.engine.write_at(Urgency::Bulk, Identity::System, lease, apply).await;
    }
    let operation = Operation {
        target: Target { object: item.source_key.clone(), role: item.kind, principal: ObjectId(item.grant.subject.0) },
        give: item.grant.desired,
        key: format!("{}/{}", item.grant.id, item.grant.plan),
    };
    let outcome = runner.connectors.apply(&item.source_kind, &operation).await;
    let record = move |ctx: &mut tenure_service::Ctx<'_, '_>| work::record_grant(ctx, &item, lease, &outcome);
    runner.engine.write_at(Urgency::Bulk, Identity::System, lease, record).await
}
