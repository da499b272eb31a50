//! Reading for the API: what the caller sees is part of every statement (decisions.md J5).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::Sight;
use tenure_odata::Cells;
use tenure_store::StoreError;
use tenure_store::view::{self, Select};

/// Reads selections in one round trip; each row goes to `sink` with the number of its selection.
pub fn read(
    ctx: &mut Ctx<'_, '_>,
    selects: &[Select<'_>],
    sink: &mut dyn FnMut(usize, &dyn Cells) -> Result<(), StoreError>,
) -> Result<(), ServiceError> {
    let sight = ctx.sight()?;
    Ok(view::read(ctx.tx, &sight, selects, sink)?)
}

/// Counts selections without paging, each no further than `most`, in one round trip.
pub fn counts_up_to(ctx: &mut Ctx<'_, '_>, selects: &[Select<'_>], most: u32) -> Result<Vec<i64>, ServiceError> {
    let sight = ctx.sight()?;
    Ok(view::counts_up_to(ctx.tx, &sight, selects, most)?)
}

/// Counts a selection without paging.
pub fn count(ctx: &mut Ctx<'_, '_>, select: &Select<'_>) -> Result<i64, ServiceError> {
    let sight: Sight = ctx.sight()?;
    Ok(view::count(ctx.tx, &sight, select)?)
}
