//! Claims of tokens whose signature was verified, by the hash of the token, so that a request does not pay an RSA check
//! each time (decisions.md D11). Holds nothing that could go stale: rights are read with every request.

use crate::token::Claims;
use aws_lc_rs::digest;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Tokens remembered; past it those that ended are dropped, and then all.
const TOKENS_MAX: usize = 20_000;

type Key = [u8; 32];

/// Remembers verified tokens.
#[derive(Debug, Default)]
pub struct TokenCache(RwLock<HashMap<Key, Arc<Claims>>>);

fn key(token: &str) -> Key {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(digest::digest(&digest::SHA256, token.as_bytes()).as_ref()) {
        *to = *from;
    }
    key
}

impl TokenCache {
    /// The claims of a token that was verified before.
    pub fn get(&self, token: &str) -> Option<Arc<Claims>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key(token)).cloned()
    }

    /// Remembers a verified token. `now` is in seconds.
    pub fn put(&self, token: &str, claims: Claims, now: i64) -> Arc<Claims> {
        let claims = Arc::new(claims);
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= TOKENS_MAX {
            map.retain(|_, c| c.exp > now);
            if map.len() >= TOKENS_MAX {
                map.clear();
            }
        }
        map.insert(key(token), claims.clone());
        claims
    }
}
