//! Things that are handed out once and come back: client secrets, codes, refresh tokens. Only hashes are stored.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tenure_domain::ids::Entropy;

/// Bytes of a secret: too many to guess, so that a plain hash is enough.
const SECRET_BYTES: usize = 32;
/// Letters of a code that people type: no vowels, nothing that looks like a digit.
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of such a code.
const USER_CODE_LENGTH: usize = 9;

/// A new secret.
pub fn generate(entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0; SECRET_BYTES];
    entropy.fill(&mut bytes);
    from_bytes(&bytes)
}

/// The secret that these random bytes are.
pub fn from_bytes(bytes: &[u8; SECRET_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new code that people type.
pub fn user_code(entropy: &mut dyn Entropy) -> String {
    let mut code = String::with_capacity(USER_CODE_LENGTH);
    while code.len() < USER_CODE_LENGTH {
        let mut byte = [0];
        entropy.fill(&mut byte);
        // Bytes past the last whole multiple would favour some letters.
        let [b] = byte;
        if let Some(letter) = (b < 240).then(|| USER_CODE_LETTERS.get(usize::from(b) % 20)).flatten() {
            code.push(char::from(*letter));
        }
    }
    code
}

/// A code as it was typed, without blanks and dashes, in capitals.
pub fn normal_user_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).take(2 * USER_CODE_LENGTH).collect()
}

/// The hash under which a secret is stored.
pub fn hash(secret: &str) -> Vec<u8> {
    hash_bytes(secret.as_bytes())
}

/// The SHA-256 of any bytes.
pub fn hash_bytes(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The same as text.
pub fn hash_text(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(hash(secret))
}

/// The first half of the HMAC of `bytes`: enough that nobody makes one up.
pub fn tag(key: &[u8], bytes: &[u8]) -> [u8; 16] {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes);
    signature.as_ref().first_chunk().copied().unwrap_or_default()
}

/// A secret that belongs to `purpose` under a key, the same each time.
pub fn derived(key: &[u8], purpose: &str) -> [u8; SECRET_BYTES] {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose.as_bytes());
    signature.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Whether `secret` has this hash; takes the same time whatever differs.
pub fn matches(secret: &str, hash_text: &str) -> bool {
    let Ok(expected) = URL_SAFE_NO_PAD.decode(hash_text) else { return false };
    constant_time::verify_slices_are_equal(&hash(secret), &expected).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_domain::ids::SeededEntropy;

    #[test]
    fn a_secret_matches_its_hash_and_no_other() {
        let mut entropy = SeededEntropy::new(1);
        let secret = generate(&mut entropy);
        assert!(matches(&secret, &hash_text(&secret)));
        assert!(!matches("wrong", &hash_text(&secret)));
        assert!(!matches(&secret, "not a hash"));
    }

    #[test]
    fn user_codes_survive_typing() {
        let code = user_code(&mut SeededEntropy::new(2));
        assert_eq!(code.len(), USER_CODE_LENGTH);
        let typed: String = code.to_lowercase().chars().flat_map(|c| [c, '-']).collect();
        assert_eq!(normal_user_code(&typed), code);
    }
}
