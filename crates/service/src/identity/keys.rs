//! The keys of this installation: the data key that seals secrets, the keys that sign tokens, the key of next links
//! (decisions.md K1, K11).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_auth::vault::KEY_BYTES;
use tenure_auth::{PublicKey, SigningKey, Vault};
use tenure_domain::limits::{ACCESS_TOKEN_LIFE_MAX_SECONDS, KEY_PUBLISH_AHEAD_HOURS, KEY_ROTATE_DAYS};
use tenure_domain::time::plus_seconds;
use tenure_domain::{Timestamp, Uuid};
use tenure_store::rows::identity;

const DATA_KEY: &str = "data_key";
const PAGE_KEY: &str = "page_key";
const TOKEN: &str = "token";

/// A key pair with its time.
pub struct TimedKey {
    /// The key.
    pub key: SigningKey,
    /// It signs from then on.
    pub not_before: Timestamp,
}

/// Everything that is kept in memory of the keys.
pub struct KeyRing {
    /// Seals and opens secrets.
    pub vault: Vault,
    /// Signs next links.
    pub page_key: Vec<u8>,
    /// Keys that are published, oldest first; the newest that has begun signs.
    pub signing: Vec<TimedKey>,
}

impl KeyRing {
    /// The key that signs at `wall`.
    pub fn current(&self, wall: Timestamp) -> Option<&SigningKey> {
        let begun = self.signing.iter().rev().find(|k| k.not_before <= wall);
        begun.or(self.signing.first()).map(|k| &k.key)
    }

    /// The published keys.
    pub fn public(&self) -> Vec<PublicKey> {
        self.signing.iter().map(|k| k.key.public()).collect()
    }
}

fn data_key(bytes: &[u8]) -> Result<[u8; KEY_BYTES], ServiceError> {
    bytes.try_into().map_err(|_| ServiceError::Internal("the data key has the wrong length".to_owned()))
}

/// Opens the key ring with the master key. What is missing is made: on the first start everything, later the next
/// signing key in time. A master key that does not fit is an error, never a new start.
pub fn open(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES]) -> Result<KeyRing, ServiceError> {
    let (sealed_data, sealed_page, keys) =
        ctx.fetch((identity::secret(DATA_KEY), identity::secret(PAGE_KEY), identity::keys(TOKEN, ctx.wall)))?;
    let master = Vault::new(master);
    let vault = match sealed_data {
        Some(sealed) => Vault::new(&data_key(&master.open(DATA_KEY, &sealed)?)?),
        None if !keys.is_empty() => return Err(ServiceError::Internal("the data key is missing".to_owned())),
        None => {
            let key: [u8; KEY_BYTES] = ctx.ids.bytes();
            let sealed = master.seal(DATA_KEY, &key, ctx.ids.entropy())?;
            identity::insert_secret(ctx.tx, DATA_KEY, sealed, ctx.wall);
            Vault::new(&key)
        }
    };
    let page_key = if let Some(sealed) = sealed_page {
        vault.open(PAGE_KEY, &sealed)?
    } else {
        let key: [u8; KEY_BYTES] = ctx.ids.bytes();
        let sealed = vault.seal(PAGE_KEY, &key, ctx.ids.entropy())?;
        identity::insert_secret(ctx.tx, PAGE_KEY, sealed, ctx.wall);
        key.to_vec()
    };
    let mut signing = Vec::new();
    for key in keys {
        let private = vault.open(&sealed_for(key.id), &key.sealed)?;
        signing.push(TimedKey { key: SigningKey::from_private(key.id, &private)?, not_before: key.not_before });
    }
    if let Some(from) = next_key_from(&signing, ctx.wall) {
        signing.push(make(ctx, &vault, from)?);
    }
    Ok(KeyRing { vault, page_key, signing })
}

/// Whether there are keys. A master key that does not fit them is an error. Changes nothing.
pub fn fits(ctx: &mut Ctx<'_, '_>, master: &[u8; KEY_BYTES]) -> Result<bool, ServiceError> {
    match ctx.fetch(identity::secret(DATA_KEY))? {
        Some(sealed) => Ok(Vault::new(master).open(DATA_KEY, &sealed).map(|_| true)?),
        None => Ok(false),
    }
}

fn sealed_for(id: Uuid) -> String {
    format!("signing_key/{id}")
}

/// From when on another key must sign, if one must be made now: at once when there is none, ahead of time when the
/// newest grows old.
fn next_key_from(keys: &[TimedKey], wall: Timestamp) -> Option<Timestamp> {
    let Some(newest) = keys.last() else { return Some(wall) };
    let ends = plus_seconds(newest.not_before, KEY_ROTATE_DAYS * 86_400);
    let ahead = KEY_PUBLISH_AHEAD_HOURS * 3_600;
    (wall >= plus_seconds(ends, -ahead)).then(|| ends.max(plus_seconds(wall, ahead)))
}

fn make(ctx: &mut Ctx<'_, '_>, vault: &Vault, not_before: Timestamp) -> Result<TimedKey, ServiceError> {
    let id: Uuid = ctx.ids.next(ctx.wall);
    let (key, private) = SigningKey::generate(id)?;
    let sealed = vault.seal(&sealed_for(id), &private, ctx.ids.entropy())?;
    // The next key may come late: this one stays good for a second period, and until its last token has ended.
    let retire_at = plus_seconds(not_before, 2 * KEY_ROTATE_DAYS * 86_400 + ACCESS_TOKEN_LIFE_MAX_SECONDS);
    let row = identity::SigningKey { id, public: key.public().to_bytes(), sealed, not_before, retire_at };
    identity::insert_key(ctx.tx, TOKEN, &row, ctx.wall);
    Ok(TimedKey { key, not_before })
}
