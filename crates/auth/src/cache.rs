//! Claims of tokens whose signature was verified, by the hash of the token, so that a request does not pay an RSA check
//! each time (decisions.md D11). Holds nothing that could go stale: rights are read with every request.

use aws_lc_rs::digest;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Tokens remembered; past it those that ended are dropped, and then all.
const TOKENS_MAX: usize = 20_000;

type Key = [u8; 32];

/// What a token says, and until when that is remembered, in seconds.
type Entry<C> = (i64, Arc<C>);

/// Remembers verified tokens.
#[derive(Debug)]
pub struct TokenCache<C>(RwLock<HashMap<Key, Entry<C>>>);

impl<C> Default for TokenCache<C> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

fn key(token: &str) -> Key {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(digest::digest(&digest::SHA256, token.as_bytes()).as_ref()) {
        *to = *from;
    }
    key
}

impl<C> TokenCache<C> {
    /// The claims of a token that was verified before.
    pub fn get(&self, token: &str) -> Option<Arc<C>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key(token)).map(|(_, claims)| claims.clone())
    }

    /// Forgets all tokens.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Remembers a verified token until it ends. Both times are in seconds.
    pub fn put(&self, token: &str, claims: C, (until, now): (i64, i64)) -> Arc<C> {
        let claims = Arc::new(claims);
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= TOKENS_MAX {
            map.retain(|_, (until, _)| *until > now);
            if map.len() >= TOKENS_MAX {
                map.clear();
            }
        }
        map.insert(key(token), (until, claims.clone()));
        claims
    }
}
