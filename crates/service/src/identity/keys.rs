//! The keys of this installation: the data key that seals secrets, the keys that sign tokens, the key of next links
//! (decisions.md K1, K11).
//!
//! A signing key is *next* while it is published and does not sign, *active* while it signs, and *retired* until the last
//! token it signed has ended. Nodes agree by the clock: a key is published long before it signs, and every node looks
//! more often than that.

use crate::ctx::{Ctx, Identity};
use crate::engine::Engine;
use crate::error::ServiceError;
use tenure_auth::vault::KEY_BYTES;
use tenure_auth::{PublicKey, SigningKey, Vault};
use tenure_domain::limits::{
    ACCESS_TOKEN_LIFE_MAX_SECONDS, KEY_LOOK_SECONDS, KEY_PUBLISH_AHEAD_HOURS, KEY_ROTATE_DAYS,
};
use tenure_domain::time::{plus_seconds, whole_micros};
use tenure_domain::{Timestamp, Uuid};
use tenure_store::Cost;
use tenure_store::rows::identity;

const DATA_KEY: &str = "data_key";
const PAGE_KEY: &str = "page_key";
const TOKEN: &str = "token";
/// Seconds between two looks of every node, twice: what is published so long before it signs is known everywhere.
const SEEN_SECONDS: i64 = 2 * KEY_LOOK_SECONDS;

/// What a key does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and does not sign yet.
    Next,
    /// It signs.
    Active,
    /// It does not sign any more, and what it signed is still good.
    Retired,
}

impl KeyState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

/// The time of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTime {
    /// Its id; the key id of tokens.
    pub id: Uuid,
    /// It signs from then on, until the next one does.
    pub not_before: Timestamp,
    /// Nothing it signed is good from then on.
    pub retire_at: Timestamp,
}

/// A key pair with its time.
pub struct TimedKey {
    /// The key.
    pub key: SigningKey,
    /// When it signs.
    pub time: KeyTime,
}

/// When a key ends that no other one has followed yet.
pub fn no_end() -> Timestamp {
    whole_micros(Timestamp::MAX)
}

/// Everything that is kept in memory of the keys.
pub struct KeyRing {
    /// Seals and opens secrets.
    pub vault: Vault,
    /// Signs next links.
    pub page_key: Vec<u8>,
    /// Keys that are published, in the order in which they sign.
    pub signing: Vec<TimedKey>,
}

impl KeyRing {
    /// The key that signs at `wall`.
    pub fn current(&self, wall: Timestamp) -> Option<&SigningKey> {
        let begun = self.signing.iter().rev().find(|k| k.time.not_before <= wall);
        begun.or(self.signing.first()).map(|k| &k.key)
    }

    /// The keys that are published at `wall`.
    pub fn public(&self, wall: Timestamp) -> Vec<PublicKey> {
        self.signing.iter().filter(|k| k.time.retire_at > wall).map(|k| k.key.public()).collect()
    }

    /// The times of all keys.
    pub fn times(&self) -> Vec<KeyTime> {
        self.signing.iter().map(|k| k.time).collect()
    }

    /// What each key does at `wall`; those that have ended are left out.
    pub fn states(&self, wall: Timestamp) -> Vec<(KeyTime, KeyState)> {
        let active = self.current(wall).map(|k| k.id);
        let state = |t: &KeyTime| match (Some(t.id) == active, t.not_before > wall) {
            (true, _) => KeyState::Active,
            (false, true) => KeyState::Next,
            (false, false) => KeyState::Retired,
        };
        self.times().into_iter().filter(|t| t.retire_at > wall).map(|t| (t, state(&t))).collect()
    }
}

/// What a sealed value belongs to: table, row and column. Moved elsewhere it does not open (decisions.md K11).
fn place(table: &str, row: &str, column: &str) -> String {
    format!("{table}/{row}/{column}")
}

fn of_secret(purpose: &str) -> String {
    place("secret", purpose, "sealed")
}

/// What the private part of a key is sealed for.
pub(crate) fn sealed_for(id: Uuid) -> String {
    place("signing_key", &id.to_string(), "sealed")
}

fn data_key(bytes: &[u8]) -> Result<[u8; KEY_BYTES], ServiceError> {
    bytes.try_into().map_err(|_| ServiceError::Internal("the data key has the wrong length".to_owned()))
}

/// Opens the key ring with the master key. What is missing is made: on the first start everything, later the next
/// signing key in time. A master key that does not fit is an error, never a new start.
pub fn open(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES]) -> Result<KeyRing, ServiceError> {
    let mut ring = open_known(ctx, master)?;
    if let Some(from) = next_key_from(&ring.times(), ctx.wall) {
        add(ctx, &mut ring, from)?;
    }
    identity::delete_ended_keys(ctx.tx, TOKEN, ctx.wall);
    Ok(ring)
}

/// Replaces the signing key at once: another one signs as soon as every node can have seen it. With `withdraw` nothing
/// that older keys signed is good from then on: the way out when a key may be known to others.
pub fn rotate(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES], withdraw: bool) -> Result<KeyRing, ServiceError> {
    let mut ring = open_known(ctx, master)?;
    let wall = ctx.wall;
    identity::delete_coming_keys(ctx.tx, TOKEN, wall);
    ring.signing.retain(|k| k.time.not_before <= wall);
    let from = if ring.signing.is_empty() { wall } else { plus_seconds(wall, SEEN_SECONDS) };
    let new = add(ctx, &mut ring, from)?;
    if withdraw {
        retire(ctx, &mut ring, new, from);
    }
    Ok(ring)
}

/// Takes over keys that other nodes made, and makes the next one when its time has come: a ring, if it is another one
/// than `known`. Of several nodes that find the time has come, the database lets one be first, and the others see its
/// key.
pub async fn refresh(
    engine: &Engine,
    master: [u8; KEY_BYTES],
    known: Vec<KeyTime>,
) -> Result<Option<KeyRing>, ServiceError> {
    let look = move |ctx: &mut Ctx<'_, '_>| {
        let rows = ctx.fetch(identity::keys(TOKEN, ctx.wall))?;
        let times: Vec<KeyTime> = rows.iter().map(time).collect();
        let is_due = next_key_from(&times, ctx.wall).is_some();
        let ring = if !is_due && times != known { Some(open_known(ctx, &master)?) } else { None };
        Ok((is_due, ring))
    };
    let (is_due, ring) = engine.read(Cost::Unknown, Identity::System, Uuid::nil(), look).await?;
    if !is_due {
        return Ok(ring);
    }
    engine.write(Identity::System, Uuid::nil(), move |ctx| open(ctx, &master)).await.map(Some)
}

/// The ring as it is kept, with a data key and a page key in any case.
fn open_known(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES]) -> Result<KeyRing, ServiceError> {
    let (sealed_data, sealed_page, keys) =
        ctx.fetch((identity::secret(DATA_KEY), identity::secret(PAGE_KEY), identity::keys(TOKEN, ctx.wall)))?;
    let master = Vault::new(master);
    let vault = match sealed_data {
        Some(sealed) => Vault::new(&data_key(&master.open(&of_secret(DATA_KEY), &sealed)?)?),
        None if !keys.is_empty() => return Err(ServiceError::Internal("the data key is missing".to_owned())),
        None => {
            let key: [u8; KEY_BYTES] = ctx.ids.bytes();
            let sealed = master.seal(&of_secret(DATA_KEY), &key, ctx.ids.entropy())?;
            identity::insert_secret(ctx.tx, DATA_KEY, sealed, ctx.wall);
            Vault::new(&key)
        }
    };
    let page_key = if let Some(sealed) = sealed_page {
        vault.open(&of_secret(PAGE_KEY), &sealed)?
    } else {
        let key: [u8; KEY_BYTES] = ctx.ids.bytes();
        let sealed = vault.seal(&of_secret(PAGE_KEY), &key, ctx.ids.entropy())?;
        identity::insert_secret(ctx.tx, PAGE_KEY, sealed, ctx.wall);
        key.to_vec()
    };
    let mut signing = Vec::new();
    for key in &keys {
        let private = vault.open(&sealed_for(key.id), &key.sealed)?;
        signing.push(TimedKey { key: SigningKey::from_private(key.id, &private)?, time: time(key) });
    }
    Ok(KeyRing { vault, page_key, signing })
}

/// Whether there are keys. A master key that does not fit them is an error. Changes nothing.
pub fn fits(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES]) -> Result<bool, ServiceError> {
    match ctx.fetch(identity::secret(DATA_KEY))? {
        Some(sealed) => Ok(Vault::new(master).open(&of_secret(DATA_KEY), &sealed).map(|_| true)?),
        None => Ok(false),
    }
}

const fn time(key: &identity::SigningKey) -> KeyTime {
    KeyTime { id: key.id, not_before: key.not_before, retire_at: key.retire_at }
}

/// From when on another key must sign, if one must be made now: at once when there is none, ahead of time when the
/// newest grows old.
fn next_key_from(keys: &[KeyTime], wall: Timestamp) -> Option<Timestamp> {
    let Some(newest) = keys.last() else { return Some(wall) };
    let ends = plus_seconds(newest.not_before, KEY_ROTATE_DAYS * 86_400);
    let ahead = KEY_PUBLISH_AHEAD_HOURS * 3_600;
    (wall >= plus_seconds(ends, -ahead)).then(|| ends.max(plus_seconds(wall, ahead)))
}

/// Makes a key that signs from an instant on; the others end with the last token they can have signed.
fn add(ctx: &mut Ctx<'_, '_>, ring: &mut KeyRing, not_before: Timestamp) -> Result<Uuid, ServiceError> {
    let id: Uuid = ctx.ids.next(ctx.wall);
    let (key, private) = SigningKey::generate(id)?;
    let sealed = ring.vault.seal(&sealed_for(id), &private, ctx.ids.entropy())?;
    // It ends when another one takes over, whenever that is.
    let retire_at = no_end();
    let row = identity::SigningKey { id, public: key.public().to_bytes(), sealed, not_before, retire_at };
    let time = time(&row);
    identity::insert_key(ctx.tx, TOKEN, &row, ctx.wall);
    ring.signing.push(TimedKey { key, time });
    // A node whose clock is late goes on signing a little longer.
    retire(ctx, ring, id, plus_seconds(not_before, SEEN_SECONDS + ACCESS_TOKEN_LIFE_MAX_SECONDS));
    Ok(id)
}

fn retire(ctx: &mut Ctx<'_, '_>, ring: &mut KeyRing, but: Uuid, at: Timestamp) {
    identity::retire_keys(ctx.tx, TOKEN, but, at);
    for key in ring.signing.iter_mut().filter(|k| k.time.id != but) {
        key.time.retire_at = key.time.retire_at.min(at);
    }
}
