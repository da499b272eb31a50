//! A POST that is sent again because its answer was lost makes nothing new (decisions.md E7).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_store::rows::replay;

/// What identifies one POST of one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The hash of caller, path, the client's key and the body.
    pub hash: Vec<u8>,
    /// Whether the client says that it may have sent it before.
    pub is_repeat: bool,
}

/// Runs `make` unless it was run for the same POST a moment ago; gives the id of what was made.
pub fn once(
    ctx: &mut Ctx<'_, '_>,
    replay: Option<&Replay>,
    make: impl FnOnce(&mut Ctx<'_, '_>) -> Result<String, ServiceError>,
) -> Result<String, ServiceError> {
    let Some(replay) = replay else { return make(ctx) };
    if replay.is_repeat {
        let wall = ctx.wall;
        if let Some(answer) = ctx.fetch(replay::get(&replay.hash, wall))?
            && let Ok(made) = serde_json::from_str(&answer)
        {
            return Ok(made);
        }
    }
    let made = make(ctx)?;
    let answer = serde_json::Value::String(made.clone()).to_string();
    replay::put(ctx.tx, &replay.hash, &answer, ctx.wall);
    Ok(made)
}
