//! What all writes share: run the use case, then answer with what is there now.

use super::context::{self, Place};
use super::etag::IfMatch;
use super::key::{conditions, on};
use super::{Target, read};
use crate::error::Failure;
use crate::http::{Call, Reply};
use axum::http::{HeaderName, StatusCode, header};
use tenure_auth::secret;
use tenure_odata::Value;
use tenure_odata::edm::{Column, EntityType};
use tenure_odata::path::Key;
use tenure_service::replay::{self, Replay};
use tenure_service::{Ctx, ServiceError};
use uuid::Uuid;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Runs a use case.
pub async fn write<T, F>(call: &Call, run: F) -> Result<T, Failure>
where
    F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
    T: Send + 'static,
{
    Ok(call.app.engine().write(call.identity, call.id, run).await?)
}

/// A use case on the row that the first key of a path means.
pub fn keyed<T, F>(
    call: &Call,
    target: &Target,
    entity: &'static EntityType,
    mut run: F,
) -> impl FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static
where
    F: FnMut(&mut Ctx<'_, '_>, Uuid) -> Result<T, ServiceError> + Send + 'static,
{
    let (key, version) = (target.key(0), call.version);
    let expected = IfMatch::of(call, target);
    move |ctx| match &expected {
        None => on(ctx, (entity, version), &key, &mut run),
        Some(expected) => {
            on(ctx, (entity, version), &key, |ctx, id| expected.guard(ctx, (entity, id), |ctx, id| run(ctx, id)))
        }
    }
}

/// What a POST makes.
pub struct Made {
    /// Its type.
    pub entity: &'static EntityType,
    /// Where it is: the path that was posted to.
    pub place: Place,
    /// What the answer says of columns, whatever is there now.
    pub overlay: Vec<(Column, Value)>,
}

impl Made {
    /// Something of the collection that was posted to.
    pub fn of(call: &Call, target: &Target) -> Self {
        let resolved = &target.resolved;
        let place = Place {
            context: context::metadata_path(resolved, call.version),
            link: context::link_path(resolved, call.version),
        };
        Self { entity: resolved.entity, place, overlay: Vec::new() }
    }
}

/// Makes something; the answer is 201 with what was made, read anew.
pub async fn create<F>(call: &Call, made: Made, mut run: F) -> Result<Reply, Failure>
where
    F: FnMut(&mut Ctx<'_, '_>) -> Result<String, ServiceError> + Send + 'static,
{
    let replay = replay_of(call);
    let id = write(call, move |ctx| replay::once(ctx, replay.as_ref(), &mut run)).await?;
    Ok(created(call, made, &id).await)
}

/// The answer to a POST that has made something. It was made, so the answer says so even when reading it back fails.
pub async fn created(call: &Call, made: Made, id: &str) -> Reply {
    let location = format!("{}/{}/{id}", call.root(), made.place.link);
    if call.prefers("return=minimal") {
        let reply = Reply::no_content().with(header::LOCATION, &location);
        return reply.with(PREFERENCE_APPLIED, "return=minimal");
    }
    let key = conditions(made.entity, call.version, &Key::Id(id.to_owned())).unwrap_or_default();
    let reply = match read::one(call, &made.place, key, made.entity, made.overlay).await {
        Ok(Some(shown)) => shown.reply(StatusCode::CREATED),
        Ok(None) | Err(_) => Reply::json(StatusCode::CREATED, serde_json::json!({ "id": id }).to_string().into_bytes()),
    };
    reply.with(header::LOCATION, &location)
}

/// Changes something: 204, or 200 with what it is now when the client prefers that.
pub async fn change<F>(call: &Call, target: &Target, run: F) -> Result<Reply, Failure>
where
    F: FnMut(&mut Ctx<'_, '_>) -> Result<(), ServiceError> + Send + 'static,
{
    write(call, run).await?;
    if !call.prefers("return=representation") {
        return Ok(Reply::no_content());
    }
    let reply = representation(call, target).await.unwrap_or(Reply::no_content());
    Ok(reply.with(PREFERENCE_APPLIED, "return=representation"))
}

/// What the path of a change leads to now.
pub async fn representation(call: &Call, target: &Target) -> Option<Reply> {
    let entity = target.resolved.entity;
    let place = Place::of(target.resolved.set, call.version);
    let narrow = match target.key(0) {
        Key::Me => None,
        key => conditions(entity, call.version, &key),
    };
    let shown = read::one(call, &place, narrow?, entity, Vec::new()).await.ok()??;
    Some(shown.reply(StatusCode::OK))
}

/// Removes something: 204.
pub async fn remove<F>(call: &Call, run: F) -> Result<Reply, Failure>
where
    F: FnMut(&mut Ctx<'_, '_>) -> Result<(), ServiceError> + Send + 'static,
{
    write(call, run).await?;
    Ok(Reply::no_content())
}

/// What identifies this POST, if the client gave a key: `Idempotency-Key`, or the id of the request, which official
/// clients keep when they try again and then send with `Retry-Attempt`.
pub fn replay_of(call: &Call) -> Option<Replay> {
    let own = call.header("idempotency-key");
    let key = own.or_else(|| call.header("client-request-id"))?;
    let caller = call.identity.principal().unwrap_or_default();
    let mut identified = Vec::new();
    for part in [caller.as_bytes().as_slice(), key.as_bytes(), call.version.prefix().as_bytes(), call.path.as_bytes()] {
        identified.extend(part);
        identified.push(0);
    }
    identified.extend(call.body.as_ref());
    let is_repeat = own.is_some() || call.headers.contains_key("retry-attempt");
    Some(Replay { hash: secret::hash_bytes(&identified), is_repeat })
}
