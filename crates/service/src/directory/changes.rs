//! What changed in the directory: what was seen of it, and how long it is kept (decisions.md B13, ADR 17).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::delta::Horizon;
use tenure_domain::directory::ObjectKind;
use tenure_domain::limits::CHANGE_KEEP_DAYS;
use tenure_domain::time::plus_seconds;
use tenure_store::rows::directory::change;

/// What this transaction sees of the changes of these streams.
pub fn horizon(ctx: &mut Ctx<'_, '_>, streams: &[i64]) -> Result<Horizon, ServiceError> {
    let open = change::open(ctx.tx);
    let newest: Vec<_> = streams.iter().map(|stream| change::newest(*stream)).collect();
    let (open, newest) = ctx.fetch((open, newest))?;
    Ok(Horizon::of(ctx.now, newest.into_iter().flatten().max(), &open))
}

/// Whether all changes are still there that somebody with this horizon has not seen.
pub fn reaches_back(ctx: &mut Ctx<'_, '_>, horizon: &Horizon) -> Result<bool, ServiceError> {
    if horizon.is_too_old(ctx.now) {
        return Ok(false);
    }
    match horizon.newest {
        Some(mark) => Ok(ctx.fetch(change::known(mark))?.is_some()),
        None => Ok(true),
    }
}

/// Removes a piece of what no token reaches back to any more; tells whether there was any. Memberships stay: who belonged
/// where at an instant is answered from them (decisions.md D13).
pub fn prune(ctx: &mut Ctx<'_, '_>) -> Result<bool, ServiceError> {
    let before = plus_seconds(ctx.now, -CHANGE_KEEP_DAYS * 86_400);
    let streams = [ObjectKind::User, ObjectKind::Group, ObjectKind::ServicePrincipal, ObjectKind::Application]
        .map(ObjectKind::code);
    let expired: Vec<_> = streams.iter().map(|stream| change::expired(*stream, before)).collect();
    let expired = ctx.fetch(expired)?;
    for (stream, _) in streams.iter().zip(&expired).filter(|(_, place)| place.is_some()) {
        change::prune(ctx.tx, *stream, before);
    }
    Ok(expired.iter().any(Option::is_some))
}
