//! Next links: a signed, versioned cursor of the last row's order values. What a client sends back is checked before
//! any of it is believed, so that a cursor cannot be made up or moved to another query.

use crate::error::{Error, ErrorKind};
use crate::limits::SKIP_TOKEN_CHARS_MAX;
use crate::value::Value;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The layout of the cursor.
const LAYOUT: u8 = 1;
/// Bytes of the signature.
pub const SIGNATURE_BYTES: usize = 16;

/// Where the next page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Identifies the query the cursor belongs to.
    pub fingerprint: u64,
    /// The count computed for the first page.
    pub count: Option<i64>,
    /// The order values of the last row, its id last.
    pub after: Vec<Value>,
}

/// Signs bytes.
pub type Sign<'s> = &'s dyn Fn(&[u8]) -> [u8; SIGNATURE_BYTES];

fn bad() -> Error {
    Error::whole(
        ErrorKind::NextLink,
        "$skiptoken",
        "the next link was altered or belongs to another query; start again",
    )
}

impl Cursor {
    /// The cursor as text.
    pub fn seal(&self, sign: Sign<'_>) -> String {
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.fingerprint.to_be_bytes());
        put(&mut bytes, &Value::from(self.count));
        for value in &self.after {
            put(&mut bytes, value);
        }
        let signature = sign(&bytes);
        bytes.extend(signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The signature that a text bears, good or not; for tests of what lies behind it.
    #[doc(hidden)]
    pub fn signature_of(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
        URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()?.last_chunk().copied()
    }

    /// The cursor of a text that this server signed for the same query.
    pub fn open(text: &str, fingerprint: u64, sign: Sign<'_>) -> Result<Self, Error> {
        let cursor = Self::read(text, sign)?;
        if cursor.fingerprint == fingerprint { Ok(cursor) } else { Err(bad()) }
    }

    /// The cursor of a text that this server signed, for whatever query.
    pub fn read(text: &str, sign: Sign<'_>) -> Result<Self, Error> {
        if text.len() > SKIP_TOKEN_CHARS_MAX {
            return Err(bad());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_| bad())?;
        let (body, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or_else(bad)?;
        let differs = sign(body).iter().zip(signature).fold(0, |d, (a, b)| d | (a ^ b));
        if differs != 0 {
            return Err(bad());
        }
        let mut reader = Reader(body);
        reader.cursor().ok_or_else(bad)
    }
}

fn put(bytes: &mut Vec<u8>, value: &Value) {
    let mut sized = |tag: u8, content: &[u8]| {
        bytes.push(tag);
        bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(content);
    };
    match value {
        Value::Null => bytes.push(0),
        Value::Bool(b) => bytes.extend([1, u8::from(*b)]),
        Value::Int(n) => {
            bytes.push(2);
            bytes.extend(n.to_be_bytes());
        }
        Value::Text(t) => sized(3, t.as_bytes()),
        Value::Id(id) => {
            bytes.push(4);
            bytes.extend(id.as_bytes());
        }
        Value::Bytes(b) => sized(5, b),
    }
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn sized(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(u32::from_be_bytes(self.take()?)).ok()?;
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn value(&mut self) -> Option<Value> {
        let [tag] = self.take()?;
        match tag {
            0 => Some(Value::Null),
            1 => self.take::<1>().map(|[b]| Value::Bool(b != 0)),
            2 => self.take().map(|b| Value::Int(i64::from_be_bytes(b))),
            3 => self.sized().and_then(|b| String::from_utf8(b.to_vec()).ok()).map(Value::Text),
            4 => self.take().map(|b| Value::Id(Uuid::from_bytes(b))),
            5 => self.sized().map(|b| Value::Bytes(b.to_vec())),
            _ => None,
        }
    }

    fn cursor(&mut self) -> Option<Cursor> {
        let [layout] = self.take()?;
        if layout != LAYOUT {
            return None;
        }
        let fingerprint = u64::from_be_bytes(self.take()?);
        let count = match self.value()? {
            Value::Null => None,
            Value::Int(n) => Some(n),
            _ => return None,
        };
        let mut after = Vec::new();
        while !self.0.is_empty() {
            after.push(self.value()?);
        }
        Some(Cursor { fingerprint, count, after })
    }
}

/// A number that identifies a query: FNV-1a over its parts, which is enough because the token is signed.
pub fn fingerprint<'p>(parts: impl IntoIterator<Item = &'p str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sign(bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let sum = bytes.iter().fold(7_u128, |h, b| h.wrapping_mul(31).wrapping_add(u128::from(*b)));
        sum.to_be_bytes()
    }

    fn cursor() -> Cursor {
        Cursor { fingerprint: 9, count: Some(12), after: vec![Value::from("ada"), Value::Null, Value::Id(Uuid::nil())] }
    }

    #[test]
    fn a_cursor_comes_back_and_only_for_its_query() {
        let text = cursor().seal(&sign);
        assert_eq!(Cursor::open(&text, 9, &sign), Ok(cursor()));
        assert!(Cursor::open(&text, 10, &sign).is_err());
    }

    #[test]
    fn an_altered_cursor_is_refused() {
        let text = cursor().seal(&sign);
        for i in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            if let Some(b) = bytes.get_mut(i) {
                *b = if *b == b'A' { b'B' } else { b'A' };
            }
            let altered = String::from_utf8(bytes).unwrap_or_default();
            // The last character may carry bits that mean nothing; then the bytes are the same.
            let same = URL_SAFE_NO_PAD.decode(&altered).ok() == URL_SAFE_NO_PAD.decode(&text).ok();
            assert!(same || Cursor::open(&altered, 9, &sign).is_err(), "{i}");
        }
    }

    #[test]
    fn a_token_that_is_too_long_was_not_made_here() {
        let sized = |bytes: usize| {
            let text = "x".repeat(bytes);
            Cursor { fingerprint: 9, count: None, after: vec![Value::Text(text)] }.seal(&sign)
        };
        // 9 bytes before the values, 1 for no count, 5 before the text, 16 of signature: 31 besides the text.
        let most = sized(SKIP_TOKEN_CHARS_MAX / 4 * 3 - 31);
        assert_eq!(most.len(), SKIP_TOKEN_CHARS_MAX);
        assert!(Cursor::open(&most, 9, &sign).is_ok());
        assert!(Cursor::open(&sized(SKIP_TOKEN_CHARS_MAX / 4 * 3 - 30), 9, &sign).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_us_panic(text in "[A-Za-z0-9_-]{0,120}") {
            let _ = Cursor::open(&text, 9, &sign);
            let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap_or_default();
            let _ = Reader(&bytes).cursor();
        }
    }
}
