//! `tenure keys`, and the task that keeps the keys of a running server in step with those of other nodes.

use crate::config::Options;
use crate::failure::{Outcome, While};
use crate::installation;
use crate::master_key::MasterKey;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;
use tenure_api::App;
use tenure_domain::limits::KEY_LOOK_SECONDS;
use tenure_service::Engine;
use tenure_service::identity::keys::{self, KeyRing};
use tokio::sync::watch;

/// Time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(KEY_LOOK_SECONDS.unsigned_abs());

/// `tenure keys rotate`: servers that run take the new key over by themselves.
pub fn rotate(options: &Options, withdraw: bool) -> Outcome<()> {
    let place = installation::open(options)?;
    let master = place.master;
    let ring = place.engine.write_blocking(move |ctx| keys::rotate(ctx, &master, withdraw));
    print(&place.engine, &ring.doing("making a signing key")?)
}

/// `tenure keys list`.
pub fn list(options: &Options) -> Outcome<()> {
    let place = installation::open(options)?;
    print(&place.engine, &place.keys()?)
}

fn print(engine: &Engine, ring: &KeyRing) -> Outcome<()> {
    let wall = engine.clocks().wall.now();
    let mut text = String::new();
    for (time, state) in ring.states(wall) {
        let last = time.retire_at == keys::no_end();
        let until = if last { String::new() } else { format!(", its tokens end by {}", time.retire_at) };
        let _ = writeln!(text, "{}  {:8} signs from {}{until}", time.id.simple(), state.word(), time.not_before);
    }
    std::io::stdout().write_all(text.as_bytes()).doing("printing the keys")
}

/// Looks every minute: makes the next key in time, and takes over keys that were made elsewhere.
pub async fn look_after(engine: Engine, app: App, master: MasterKey, mut stop: watch::Receiver<bool>) {
    let mut round = tokio::time::interval(LOOK_INTERVAL);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = round.tick() => {}
            _ = stop.changed() => return,
        }
        match keys::refresh(&engine, master, app.key_times()).await {
            Ok(Some(ring)) => app.replace_keys(ring),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the keys could not be looked after"),
        }
    }
}
