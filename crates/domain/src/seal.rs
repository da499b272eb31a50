//! The sealed audit: which bytes each hash and signature covers, and what the lines of an export are (decisions.md F,
//! ADR 10). Whoever hashes, signs or checks takes the bytes from here, so that there is one definition of them.
//!
//! A writer's row begins its chain; each audit row names the hash before it; a checkpoint names the heads that moved
//! since the checkpoint before it, and is signed. Covered bytes begin with a word of their own, and everything of
//! variable length stands last or is counted, so that no two things are covered by the same bytes.

mod hex;

pub use hex::Hex;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The format of an export; another format has another name.
pub const FORMAT: &str = "tenure-audit-1";

/// Bytes of the salt of personal data.
pub const SALT_BYTES: usize = 24;

/// A SHA-256.
pub type Hash = Hex<32>;
/// A salt of personal data.
pub type Salt = Hex<SALT_BYTES>;
/// An Ed25519 public key.
pub type PublicKey = Hex<32>;
/// An Ed25519 signature.
pub type Signature = Hex<64>;

/// A row of a writer's chain: its number and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The writer.
    pub writer: Uuid,
    /// The number of the row, from 1.
    pub sequence: i64,
    /// Its hash.
    pub hash: Hash,
}

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The tenant.
    pub tenant: Uuid,
    /// The key that signs checkpoints; none before the first server has started.
    pub public_key: Option<PublicKey>,
}

/// A writer: one database thread in one process life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Writer {
    /// Its id.
    pub writer: Uuid,
    /// When it began, in microseconds since 1970.
    pub started_at: i64,
    /// The last known row of the writer it took over from, where one commit failed.
    pub previous: Option<Link>,
    /// The number of its last row that a checkpoint names. Not covered by the chain: the checkpoints tell it, too.
    pub sealed: i64,
}

/// An audit row. Event and personal data are kept as the very text that was hashed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row<'t> {
    /// Its number in the chain of its writer, from 1.
    pub row: i64,
    /// The writer.
    pub writer: Uuid,
    /// Its id.
    pub id: Uuid,
    /// What happened.
    #[serde(borrow)]
    pub event: &'t RawValue,
    /// Names of people; nothing once they were erased.
    #[serde(borrow)]
    pub personal: Option<&'t RawValue>,
    /// The salt of their digest; nothing once they were erased.
    pub salt: Option<Salt>,
    /// The digest of salt and names; it stays.
    pub digest: Hash,
    /// The hash of this row.
    pub hash: Hash,
    /// Columns of the database that say something else than the event: somebody changed them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Its number, from 1.
    pub checkpoint: i64,
    /// When it was signed by the wall clock, in microseconds since 1970.
    pub at: i64,
    /// The hash of the checkpoint before; zeros for the first.
    pub previous: Hash,
    /// The heads that moved since the checkpoint before, by writer.
    pub heads: Vec<Link>,
    /// The signature.
    pub signature: Signature,
}

/// The last line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// What came before it.
    pub end: Totals,
}

/// How much an export holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Writers.
    pub writers: u64,
    /// Rows.
    pub rows: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// The hash of all lines before the last.
    pub sha256: Hash,
}

/// The beginning of the event of an erasure: keys of an event are sorted.
pub const ERASURE_EVENT: &str = concat!("{\"activity\":\"", "Erase personal data of audit", "\",");
/// The detail in which an erasure says how many rows it emptied.
pub const ERASURE_ROWS: &str = "rows";

/// What a writer's own hash covers; the chain of its rows begins with it.
pub fn covered_by_writer(writer: &Writer) -> Vec<u8> {
    let mut out = b"tenure audit writer 1\n".to_vec();
    out.extend(writer.writer.as_bytes());
    out.extend(writer.started_at.to_be_bytes());
    if let Some(previous) = &writer.previous {
        link(&mut out, previous);
    }
    out
}

/// What the hash of a row covers: its place in the chain, the hash before it, its id, the digest of its personal part,
/// and the event.
pub fn covered_by_row(place: (Uuid, i64), previous: &Hash, id: Uuid, digest: &Hash, event: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(160 + event.len());
    out.extend(b"tenure audit row 1\n");
    out.extend(place.0.as_bytes());
    out.extend(place.1.to_be_bytes());
    out.extend(previous.0);
    out.extend(id.as_bytes());
    out.extend(digest.0);
    out.extend(event.as_bytes());
    out
}

/// What the digest of personal data covers.
pub fn covered_by_digest(salt: &Salt, personal: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + personal.len());
    out.extend(b"tenure audit personal 1\n");
    out.extend(salt.0);
    out.extend(personal.as_bytes());
    out
}

/// What the signature of a checkpoint covers, and the hash by which the next one names it.
pub fn covered_by_checkpoint(tenant: Uuid, checkpoint: &Checkpoint) -> Vec<u8> {
    let mut out = b"tenure audit checkpoint 1\n".to_vec();
    out.extend(tenant.as_bytes());
    out.extend(checkpoint.checkpoint.to_be_bytes());
    out.extend(checkpoint.at.to_be_bytes());
    out.extend(checkpoint.previous.0);
    for head in &checkpoint.heads {
        link(&mut out, head);
    }
    out
}

/// Always as many bytes.
fn link(out: &mut Vec<u8>, link: &Link) {
    out.extend(link.writer.as_bytes());
    out.extend(link.sequence.to_be_bytes());
    out.extend(link.hash.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Activity;

    #[test]
    fn an_erasure_is_known_by_the_beginning_of_its_event() {
        assert_eq!(ERASURE_EVENT, format!("{{\"activity\":\"{}\",", Activity::ErasePersonal.name()));
    }

    #[test]
    fn covered_bytes_tell_every_part_apart() {
        let link = |n| Link { writer: Uuid::from_u128(n), sequence: 1, hash: Hex([1; 32]) };
        let writer = Writer { writer: Uuid::from_u128(1), started_at: 5, previous: None, sealed: 0 };
        let succeeding = Writer { previous: Some(link(9)), ..writer.clone() };
        assert_ne!(covered_by_writer(&writer), covered_by_writer(&succeeding));
        let (zero, one) = (Hex([0; 32]), Hex([1; 32]));
        let row = covered_by_row((Uuid::from_u128(1), 1), &zero, Uuid::from_u128(2), &one, "{}");
        assert_ne!(row, covered_by_row((Uuid::from_u128(1), 2), &zero, Uuid::from_u128(2), &one, "{}"));
        assert_ne!(row, covered_by_row((Uuid::from_u128(1), 1), &one, Uuid::from_u128(2), &zero, "{}"));
        assert_ne!(covered_by_digest(&Hex([0; 24]), "ab"), covered_by_digest(&Hex([0; 24]), "ac"));
    }

    #[test]
    fn lines_are_read_back_as_they_were_written() {
        let event = serde_json::from_str::<&RawValue>("{\"a\":1}").unwrap_or(RawValue::NULL);
        let row = Row {
            row: 3,
            writer: Uuid::from_u128(1),
            id: Uuid::from_u128(2),
            event,
            personal: None,
            salt: None,
            digest: Hex([0xab; 32]),
            hash: Hex([0; 32]),
            differs: Vec::new(),
        };
        let text = serde_json::to_string(&row).unwrap_or_default();
        assert!(text.starts_with("{\"row\":3,\"writer\":\"00000000-0000-0000-0000-000000000001\","), "{text}");
        assert!(text.contains("\"event\":{\"a\":1},\"personal\":null,\"salt\":null,\"digest\":\"abab"), "{text}");
        let again = serde_json::from_str::<Row<'_>>(&text).ok().and_then(|r| serde_json::to_string(&r).ok());
        assert_eq!(again.as_deref(), Some(text.as_str()));
    }
}
