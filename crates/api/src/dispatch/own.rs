//! Writes to the product's own surface that have a place in the schema.

use super::Target;
use super::changes::{keyed, remove};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::own::{DRIFT, JOB};
use tenure_domain::ids::{GrantId, JobId};
use tenure_service::{bulk, drift};

/// `POST drift/{}/repair`
pub async fn repair(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &DRIFT, |ctx, id| drift::repair(ctx, GrantId(id)))).await
}

/// `POST drift/{}/adopt`
pub async fn adopt(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &DRIFT, |ctx, id| drift::adopt(ctx, GrantId(id)))).await
}

/// `POST jobs/{}/pause`
pub async fn pause(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &JOB, |ctx, id| bulk::pause(ctx, JobId(id)))).await
}

/// `POST jobs/{}/resume`
pub async fn resume(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &JOB, |ctx, id| bulk::resume(ctx, JobId(id)))).await
}
