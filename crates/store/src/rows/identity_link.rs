//! Who somebody is at an issuer outside: its name for him, and our account (decisions.md K17).

use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::ids::ObjectId;
use tenure_domain::text::fold;

sql! {
    GET(hot): "SELECT l.user_id, l.not_before, u.token_epoch FROM identity_link l JOIN dir_user u ON u.id = l.user_id WHERE l.issuer = $1 AND l.subject = $2";
    OF_USER: "SELECT subject FROM identity_link WHERE user_id = $1 AND issuer = $2";
    ISSUERS: "SELECT issuer FROM identity_link WHERE user_id = $1 ORDER BY issuer, subject";
    INSERT: "INSERT INTO identity_link (issuer, subject, user_id, created_at, not_before) VALUES ($1, $2, $3, $4, $5)";
    RAISE_FLOOR: "UPDATE identity_link SET not_before = $2 WHERE user_id = $1 AND not_before < $2";
    DELETE_OF_USER: "DELETE FROM identity_link WHERE user_id = $1";
    /// Two are enough to know that an address is shared.
    BY_ADDRESS: "SELECT u.id FROM dir_user u WHERE (u.mail_key = $1 OR u.upn_key = $1) AND NOT u.is_deleted ORDER BY u.id LIMIT 2";
}

/// A link as a sign-in or a token needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Our account.
    pub user: ObjectId,
    /// Tokens issued outside by then are no longer good.
    pub not_before: Timestamp,
    /// The account's epoch at this moment.
    pub epoch: i64,
}

/// Who that is.
pub fn get(issuer: &str, subject: &str) -> First<Link> {
    Query::new(&GET, vec![issuer.into(), subject.into()], |row| {
        let mut c = Columns::of(row, "identity_link");
        Ok(Link { user: c.id("user_id")?, not_before: c.time("not_before")?, epoch: c.int("token_epoch")? })
    })
    .first()
}

/// The issuer's names for somebody.
pub fn subjects(user: ObjectId, issuer: &str) -> Query<String> {
    Query::new(&OF_USER, vec![user.0.into(), issuer.into()], |row| Columns::of(row, "identity_link").text("subject"))
}

/// The issuers that know somebody, once for each name they have for him.
pub fn issuers(user: ObjectId) -> Query<String> {
    Query::new(&ISSUERS, vec![user.0.into()], |row| Columns::of(row, "identity_link").text("issuer"))
}

/// Adds a link. `not_before`: tokens the issuer has issued by then are not good.
pub fn insert(tx: &mut Tx<'_>, (issuer, subject): (&str, &str), user: ObjectId, now: Timestamp, not_before: Timestamp) {
    tx.write(&INSERT, vec![issuer.into(), subject.into(), user.0.into(), now.into(), not_before.into()]);
}

/// Ends all tokens that were issued outside for a person by `now`.
pub fn raise_floor(tx: &mut Tx<'_>, user: ObjectId, now: Timestamp) {
    tx.write(&RAISE_FLOOR, vec![user.0.into(), now.into()]);
}

/// Forgets who somebody is outside.
pub fn delete_of(tx: &mut Tx<'_>, user: ObjectId) {
    tx.write(&DELETE_OF_USER, vec![user.0.into()]);
}

/// People with this mail address or user principal name; two at most.
pub fn by_address(address: &str) -> Query<ObjectId> {
    Query::new(&BY_ADDRESS, vec![fold(address).into()], |row| Columns::of(row, "dir_user").id("id"))
}
