//! What POSTs have made, for clients that send one again because they lost the answer (decisions.md E7).

use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::limits::IDEMPOTENCY_KEEP_MINUTES;
use tenure_domain::time::plus_seconds;

sql! {
    GET(hot): "SELECT answer FROM idempotency WHERE key_hash = $1 AND created_at > $2";
    PUT: "INSERT INTO idempotency (key_hash, answer, created_at) VALUES ($1, $2, $3) ON CONFLICT (key_hash) DO UPDATE SET answer = excluded.answer, created_at = excluded.created_at";
    FORGET: "DELETE FROM idempotency WHERE created_at <= $1";
}

fn oldest(wall: Timestamp) -> Timestamp {
    plus_seconds(wall, -IDEMPOTENCY_KEEP_MINUTES * 60)
}

/// What the POST of that hash has made, as JSON.
pub fn get(hash: &[u8], wall: Timestamp) -> First<String> {
    Query::new(&GET, vec![hash.to_vec().into(), oldest(wall).into()], |row| {
        Columns::of(row, "idempotency").text("answer")
    })
    .first()
}

/// Remembers what a POST has made; a later one of the same hash takes its place.
pub fn put(tx: &mut Tx<'_>, hash: &[u8], answer: &str, wall: Timestamp) {
    tx.write(&PUT, vec![hash.to_vec().into(), answer.into(), wall.into()]);
}

/// Forgets what nobody will ask for any more.
pub fn forget_old(tx: &mut Tx<'_>, wall: Timestamp) {
    tx.write(&FORGET, vec![oldest(wall).into()]);
}
