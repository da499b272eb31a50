//! Writing JSON straight into a buffer: no tree is built for what comes from rows (decisions.md D1).

use jiff::Timestamp;
use std::io::Write;
use tenure_odata::ValueRef;
use uuid::Uuid;

/// A text with quotes and escapes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Writing into memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// A text, or null.
pub fn opt_text(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend(b"null"),
    }
}

/// A number.
pub fn int(out: &mut Vec<u8>, n: i64) {
    let _ = write!(out, "{n}");
}

/// Yes or no.
pub fn bool(out: &mut Vec<u8>, b: bool) {
    out.extend(if b { &b"true"[..] } else { b"false" });
}

/// An id in quotes.
pub fn id(out: &mut Vec<u8>, id: Uuid) {
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    out.push(b'"');
    out.extend(id.hyphenated().encode_lower(&mut buffer).as_bytes());
    out.push(b'"');
}

/// An instant in quotes: UTC, with as many digits after the second as it has.
pub fn time(out: &mut Vec<u8>, micros: i64) {
    let _ = write!(out, "\"{}\"", tenure_domain::time::from_micros(micros));
}

/// An instant, or null.
pub fn opt_time(out: &mut Vec<u8>, at: Option<Timestamp>) {
    match at {
        Some(at) => time(out, at.as_microsecond()),
        None => out.extend(b"null"),
    }
}

/// Any value that serializes.
pub fn any<T: serde::Serialize>(out: &mut Vec<u8>, value: &T) {
    let _ = serde_json::to_writer(out, value);
}

/// The name of a member, with its colon; a comma goes before it unless an object has just been opened.
pub fn member(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend(name.as_bytes());
    out.extend(b"\":");
}

/// A cell as a text, or null.
pub fn text_cell(out: &mut Vec<u8>, cell: ValueRef<'_>) {
    opt_text(out, cell.text());
}

/// A cell as an id, or null.
pub fn id_cell(out: &mut Vec<u8>, cell: ValueRef<'_>) {
    match cell.id() {
        Some(value) => id(out, value),
        None => out.extend(b"null"),
    }
}

/// A cell as an instant, or null.
pub fn time_cell(out: &mut Vec<u8>, cell: ValueRef<'_>) {
    match cell.int() {
        Some(micros) => time(out, micros),
        None => out.extend(b"null"),
    }
}

/// A word of an enumeration, with a capital where that is its spelling.
pub fn word(out: &mut Vec<u8>, word: &str, capital: bool) {
    out.push(b'"');
    let mut bytes = word.bytes();
    if let Some(first) = bytes.next() {
        out.push(if capital { first.to_ascii_uppercase() } else { first });
    }
    out.extend(bytes);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(f: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn values_are_written_as_clients_read_them() {
        assert_eq!(written(|o| text(o, "a\"b\n")), "\"a\\\"b\\n\"");
        assert_eq!(written(|o| time(o, 1_700_000_000_123_400)), "\"2023-11-14T22:13:20.1234Z\"");
        assert_eq!(written(|o| time(o, 1_700_000_000_000_000)), "\"2023-11-14T22:13:20Z\"");
        assert_eq!(written(|o| word(o, "delivered", true)), "\"Delivered\"");
        assert_eq!(written(|o| id(o, Uuid::nil())), "\"00000000-0000-0000-0000-000000000000\"");
    }
}
