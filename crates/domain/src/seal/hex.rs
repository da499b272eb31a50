//! Bytes of a fixed length, written as small hexadecimal letters.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Bytes that are written for a signature, the longest of all.
const LETTERS_MAX: usize = 128;
const LETTERS: &[u8; 16] = b"0123456789abcdef";

/// `N` bytes, at most 64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// From exactly so many bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From exactly twice as many small hexadecimal letters.
    pub fn parse(text: &str) -> Option<Self> {
        let mut out = [0; N];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return None;
        }
        for (to, [high, low]) in out.iter_mut().zip(pairs) {
            *to = (digit(*high)? << 4) | digit(*low)?;
        }
        Some(Self(out))
    }

    fn letters(&self) -> [u8; LETTERS_MAX] {
        let mut out = [b'0'; LETTERS_MAX];
        let letter = |n: u8| LETTERS.get(usize::from(n)).copied().unwrap_or(b'?');
        for ([high, low], byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(&self.0) {
            (*high, *low) = (letter(byte >> 4), letter(byte & 15));
        }
        out
    }

    fn with_text<T>(&self, f: impl FnOnce(&str) -> T) -> T {
        let letters = self.letters();
        f(letters.get(..2 * N).and_then(|l| std::str::from_utf8(l).ok()).unwrap_or_default())
    }
}

const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

struct Letters<const N: usize>;

impl<const N: usize> Visitor<'_> for Letters<N> {
    type Value = Hex<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} small hexadecimal letters", 2 * N)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hex<N>, E> {
        Hex::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_small_letters_are_read() {
        assert_eq!(Hex::parse("00ff"), Some(Hex([0, 255])));
        assert_eq!(Hex([0, 255]).to_string(), "00ff");
        assert_eq!(Hex::<64>([0xa5; 64]).to_string(), "a5".repeat(64));
        for wrong in ["00fF", "00f", "00ff0", "00ff00", "", "0x00", "zz00"] {
            assert_eq!(Hex::<2>::parse(wrong), None, "{wrong}");
        }
    }
}
