//! What is handed out and comes back: codes, device codes, refresh tokens, unfinished sign-ins. Rotation and the
//! detection of reuse are here (decisions.md K2).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_auth::secret;
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_store::rows::directory::user;
use tenure_store::rows::identity;
pub use tenure_store::rows::identity::{Artifact, ArtifactKind};

/// Keeps what was handed out.
pub fn keep(ctx: &mut Ctx<'_, '_>, artifact: &Artifact) {
    identity::insert_artifact(ctx.tx, artifact);
}

/// What `text` is, if it is good for that purpose now.
pub fn look(ctx: &mut Ctx<'_, '_>, kind: ArtifactKind, text: &str) -> Result<Option<Artifact>, ServiceError> {
    let wall = ctx.wall;
    let found = ctx.fetch(identity::artifact(&secret::hash(text)))?;
    Ok(found.filter(|a| a.kind == kind && a.used_at.is_none() && a.expires_at > wall))
}

/// The same for something known by its hash.
pub fn look_by_hash(ctx: &mut Ctx<'_, '_>, kind: ArtifactKind, hash: &[u8]) -> Result<Option<Artifact>, ServiceError> {
    let wall = ctx.wall;
    let found = ctx.fetch(identity::artifact(hash))?;
    Ok(found.filter(|a| a.kind == kind && a.used_at.is_none() && a.expires_at > wall))
}

/// Gives an unused artifact its person and other data.
pub fn fill(ctx: &mut Ctx<'_, '_>, hash: &[u8], principal: Option<ObjectId>, data: &str) {
    identity::update_artifact(ctx.tx, hash, principal, data);
}

/// Uses up something that speaks for nobody yet.
pub fn take(ctx: &mut Ctx<'_, '_>, kind: ArtifactKind, text: &str) -> Result<Option<Artifact>, ServiceError> {
    let found = look(ctx, kind, text)?;
    if let Some(artifact) = &found {
        identity::use_artifact(ctx.tx, &artifact.hash, ctx.wall);
    }
    Ok(found)
}

/// What came of bringing something back.
#[derive(Clone, Debug, PartialEq)]
pub enum Redeemed {
    /// It is good, and used up now; the person it speaks for.
    Good(Box<Artifact>, Box<User>),
    /// It is unknown, or has ended.
    Unknown,
    /// It was used before: everything that descends from the same sign-in is withdrawn.
    Reused,
    /// The person may no longer sign in, or has signed out everywhere.
    Revoked,
}

/// Uses up a code or refresh token.
pub fn redeem(
    ctx: &mut Ctx<'_, '_>,
    kind: ArtifactKind,
    text: &str,
    client: ObjectId,
) -> Result<Redeemed, ServiceError> {
    let hash = secret::hash(text);
    let found = ctx.fetch(identity::artifact(&hash))?;
    let Some(artifact) = found.filter(|a| a.kind == kind && a.client == client) else { return Ok(Redeemed::Unknown) };
    if artifact.used_at.is_some() {
        if let Some(family) = artifact.family {
            identity::delete_family(ctx.tx, family);
        }
        return Ok(Redeemed::Reused);
    }
    if artifact.expires_at <= ctx.wall {
        return Ok(Redeemed::Unknown);
    }
    let Some(principal) = artifact.principal else { return Ok(Redeemed::Unknown) };
    let person = ctx.fetch(user::get(principal))?.filter(|u| u.is_enabled);
    let Some(person) = person else { return Ok(Redeemed::Revoked) };
    identity::use_artifact(ctx.tx, &hash, ctx.wall);
    Ok(Redeemed::Good(Box::new(artifact), Box::new(person)))
}

/// Removes what has ended: codes, tokens and sessions, and what lost answers could still be asked for.
pub fn clean_up(ctx: &mut Ctx<'_, '_>) {
    // Used refresh tokens are kept until their end, so that reuse is noticed.
    identity::delete_expired_artifacts(ctx.tx, ctx.wall);
    tenure_store::rows::replay::forget_old(ctx.tx, ctx.wall);
    super::sessions::clean_up(ctx);
}
