//! Writes to connectors of resources whose origin is outside.

use super::Target;
use super::changes::{Made, change, create, keyed, remove};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::origin_connector::ORIGIN_CONNECTOR;
use crate::wire::write::origin_connector as w;
use tenure_domain::ids::OriginConnectorId;
use tenure_service::origin_connectors;

/// `POST externalOriginResourceConnectors`
pub async fn add(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_connector(&call.json()?, call.version)?;
    let run =
        move |ctx: &mut tenure_service::Ctx<'_, '_>| origin_connectors::create(ctx, &new).map(|id| id.to_string());
    create(call, Made::of(call, target), run).await
}

/// `PATCH externalOriginResourceConnectors/{}`
pub async fn update(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::connector_patch(&call.json()?, call.version)?;
    let run = keyed(call, target, &ORIGIN_CONNECTOR, move |ctx, id| {
        origin_connectors::update(ctx, OriginConnectorId(id), &patch)
    });
    change(call, target, run).await
}

/// `DELETE externalOriginResourceConnectors/{}`
pub async fn delete(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &ORIGIN_CONNECTOR, |ctx, id| origin_connectors::delete(ctx, OriginConnectorId(id)));
    remove(call, run).await
}
