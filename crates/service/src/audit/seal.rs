//! The next checkpoint, and the key that signs it.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::identity::keys::sealed_for;
use tenure_auth::Vault;
use tenure_auth::audit::{CheckpointKey, hash};
use tenure_domain::limits::SEAL_HEADS_MAX;
use tenure_domain::seal::{Checkpoint, Hex, covered_by_checkpoint};
use tenure_domain::{Timestamp, Uuid};
use tenure_store::rows::{identity, tenant};
use tenure_store::seal::{insert_checkpoint, last_checkpoint, leased, moved_heads, take_lease};
use tenure_store::{StoreError, Tx};

/// What the key is for, in the table of keys.
pub(crate) const PURPOSE: &str = "audit";

/// Opens the key that signs checkpoints; it is made on the first start and stays.
pub fn open_key(ctx: &mut Ctx<'_, '_>, vault: &Vault) -> Result<CheckpointKey, ServiceError> {
    let wall = ctx.wall;
    if let Some(row) = ctx.fetch(identity::keys(PURPOSE, wall))?.into_iter().next() {
        return Ok(CheckpointKey::from_private(&vault.open(&sealed_for(row.id), &row.sealed)?)?);
    }
    if ctx.fetch(last_checkpoint())?.is_some() {
        return Err(ServiceError::Internal("the audit has checkpoints, but their key is missing".to_owned()));
    }
    let id: Uuid = ctx.ids.next(wall);
    let (key, private) = CheckpointKey::generate()?;
    let sealed = vault.seal(&sealed_for(id), &private, ctx.ids.entropy())?;
    let public = key.public().0.to_vec();
    // The audit is kept for ever, and so is what checks it.
    let row = identity::SigningKey { id, public, sealed, not_before: wall, retire_at: Timestamp::MAX };
    identity::insert_key(ctx.tx, PURPOSE, &row, wall);
    Ok(key)
}

/// Who seals, and when.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    /// The wall clock.
    pub wall: Timestamp,
    /// This node.
    pub node: Uuid,
    /// Seals although another node has the lease: the last thing before a stop. Two that seal at once do no harm.
    pub regardless: bool,
}

/// Signs and keeps the next checkpoint, if something has happened since the last. Says whether more is left to seal.
pub fn seal(tx: &mut Tx<'_>, how: Seal, key: &CheckpointKey) -> Result<Option<(Checkpoint, bool)>, StoreError> {
    take_lease(tx, how.wall, how.node);
    let (holder, last, heads, tenant) = tx.fetch((leased(), last_checkpoint(), moved_heads(), tenant::get()))?;
    let Some(tenant) = tenant else { return Ok(None) };
    let is_ours = how.regardless || holder.flatten() == Some(how.node);
    if heads.is_empty() || !is_ours {
        return Ok(None);
    }
    let previous = last.as_ref().map_or(Hex([0; 32]), |last| hash(&covered_by_checkpoint(tenant.id, last)));
    let more = heads.len() as u64 >= u64::from(SEAL_HEADS_MAX);
    let mut next = Checkpoint {
        checkpoint: last.map_or(0, |last| last.checkpoint) + 1,
        at: how.wall.as_microsecond(),
        previous,
        heads,
        signature: Hex([0; 64]),
    };
    key.sign(tenant.id, &mut next).map_err(|error| StoreError::Internal(error.to_string()))?;
    insert_checkpoint(tx, &next)?;
    Ok(Some((next, more)))
}
