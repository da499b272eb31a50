//! Passwords: Argon2id (decisions.md K4). Slow on purpose; callers bound how many are computed at once.

use crate::CryptoError;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::OnceLock;
use tenure_domain::ids::Entropy;

const MEMORY_KIBIBYTES: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

fn hasher() -> Result<Argon2<'static>, CryptoError> {
    let params =
        Params::new(MEMORY_KIBIBYTES, PASSES, LANES, None).map_err(|_| CryptoError("the hash parameters are wrong"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password.
pub fn hash(password: &str, entropy: &mut dyn Entropy) -> Result<String, CryptoError> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|_| CryptoError("the salt is wrong"))?;
    let hash = hasher()?.hash_password(password.as_bytes(), &salt);
    hash.map(|h| h.to_string()).map_err(|_| CryptoError("the password could not be hashed"))
}

/// Whether a password has this hash. Without a hash it takes as long and is false, so that nobody learns which accounts
/// exist.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = || {
        let mut entropy = tenure_domain::ids::SeededEntropy::new(0);
        self::hash("nobody has this password", &mut entropy).unwrap_or_default()
    };
    let text = hash.unwrap_or_else(|| NOBODY.get_or_init(nobody));
    let Ok(parsed) = PasswordHash::new(text) else { return false };
    let Ok(hasher) = hasher() else { return false };
    let matches = hasher.verify_password(password.as_bytes(), &parsed).is_ok();
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_domain::ids::SeededEntropy;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let stored = hash("Contoso1234", &mut SeededEntropy::new(3)).unwrap_or_default();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("Contoso1234", Some(&stored)));
        assert!(!verify("contoso1234", Some(&stored)));
        assert!(!verify("nobody has this password", None));
        assert!(!verify("x", Some("not a hash")));
    }
}
