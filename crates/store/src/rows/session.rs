//! Sessions of browsers: who signed in, until when, and when he was last seen (decisions.md K6). Only the hash of what
//! the browser holds is stored.

use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::ids::ObjectId;

sql! {
    GET(hot): "SELECT token_hash, user_id, epoch, methods, created_at, seen_at, expires_at FROM session WHERE token_hash = $1";
    INSERT: "INSERT INTO session (token_hash, user_id, epoch, methods, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SEE: "UPDATE session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2";
    DELETE: "DELETE FROM session WHERE token_hash = $1";
    DELETE_OF_USER: "DELETE FROM session WHERE user_id = $1";
    DELETE_ENDED: "DELETE FROM session WHERE expires_at <= $1 OR seen_at <= $2";
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of what the browser holds.
    pub hash: Vec<u8>,
    /// Who signed in.
    pub user: ObjectId,
    /// The account's epoch at that time: a session of a smaller one is no longer good.
    pub epoch: i64,
    /// How he proved who he is, with blanks between the words of RFC 8176.
    pub methods: String,
    /// When he signed in.
    pub created_at: Timestamp,
    /// When he was last seen, to the step in which that is noted.
    pub seen_at: Timestamp,
    /// When it ends, whatever he does.
    pub expires_at: Timestamp,
}

/// The session of that hash.
pub fn get(hash: &[u8]) -> First<Session> {
    Query::new(&GET, vec![hash.to_vec().into()], |row| {
        let mut c = Columns::of(row, "session");
        Ok(Session {
            hash: c.bytes("token_hash")?,
            user: c.id("user_id")?,
            epoch: c.int("epoch")?,
            methods: c.text("methods")?,
            created_at: c.time("created_at")?,
            seen_at: c.time("seen_at")?,
            expires_at: c.time("expires_at")?,
        })
    })
    .first()
}

/// Adds a session.
pub fn insert(tx: &mut Tx<'_>, session: &Session) {
    let params = vec![
        session.hash.clone().into(),
        session.user.0.into(),
        session.epoch.into(),
        session.methods.as_str().into(),
        session.created_at.into(),
        session.seen_at.into(),
        session.expires_at.into(),
    ];
    tx.write(&INSERT, params);
}

/// Notes that somebody was seen.
pub fn see(tx: &mut Tx<'_>, hash: &[u8], now: Timestamp) {
    tx.write(&SEE, vec![hash.to_vec().into(), now.into()]);
}

/// Ends a session.
pub fn delete(tx: &mut Tx<'_>, hash: &[u8]) {
    tx.write(&DELETE, vec![hash.to_vec().into()]);
}

/// Ends all sessions of a person.
pub fn delete_of(tx: &mut Tx<'_>, user: ObjectId) {
    tx.write(&DELETE_OF_USER, vec![user.0.into()]);
}

/// Removes sessions that ended by `now`, and those whose person was last seen by `idle_since`.
pub fn delete_ended(tx: &mut Tx<'_>, now: Timestamp, idle_since: Timestamp) {
    tx.write(&DELETE_ENDED, vec![now.into(), idle_since.into()]);
}
