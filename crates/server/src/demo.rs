//! The demo: its secrets, its seeding, and `demo.env`, which tells clients how to sign in. All secrets follow from the
//! master key, so that every start writes the same file.

use crate::config::Options;
use crate::failure::{Outcome, While};
use crate::files;
use crate::installation::Installation;
use crate::master_key::MasterKey;
use crate::tls;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::{Path, PathBuf};
use tenure_auth::{SystemEntropy, password, secret};
use tenure_demo::{CLIENT_ID, DOMAIN, PUBLIC_CLIENT_ID, READER_CLIENT_ID, SEED, Secrets, TENANT_ID};
use tenure_domain::ids::{Ids, SeededEntropy};
use tenure_service::identity::Tenant;

/// Characters of the password of every demo person, besides a prefix that satisfies complexity rules.
const PASSWORD_CHARS: usize = 12;

/// What clients sign in with.
pub struct SignIn {
    /// Secret of the app that may write.
    client: String,
    /// Secret of the app that may read.
    reader: String,
    /// Password of every person.
    pub password: String,
}

/// The secrets of the demo under this master key.
pub fn sign_in(master: &MasterKey) -> SignIn {
    let text = |purpose: &str| secret::from_bytes(&secret::derived(master, purpose));
    let password: String = URL_SAFE_NO_PAD
        .encode(secret::derived(master, "demo/password"))
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(PASSWORD_CHARS)
        .collect();
    SignIn { client: text("demo/client"), reader: text("demo/reader"), password: format!("Demo1-{password}") }
}

/// Seeds the tenant: all of it, or nothing.
pub fn seed(place: &Installation, sign_in: &SignIn) -> Outcome<Tenant> {
    let password_hash = password::hash(&sign_in.password, &mut SystemEntropy).doing("hashing the demo password")?;
    let secrets = Secrets { client: sign_in.client.clone(), reader: sign_in.reader.clone(), password_hash };
    let seeded = place.engine.write_blocking(move |ctx| {
        ctx.ids = Ids::new(Box::new(SeededEntropy::new(SEED)));
        tenure_demo::seed(ctx, &secrets)
    });
    seeded.doing("seeding the demo tenant")
}

/// Where `demo.env` is.
pub fn env_path(options: &Options) -> PathBuf {
    options.data_dir.join("demo.env")
}

/// Writes `demo.env` for a server that is reached at this address.
pub fn write_env(options: &Options, sign_in: &SignIn) -> Outcome<()> {
    let base = options.base_url();
    let bundle = absolute(&tls::trusted_path(options));
    let lines = [
        ("BASE_URL", base.clone()),
        ("AUTHORITY_URL", base),
        ("TENANT_ID", TENANT_ID.to_string()),
        ("CLIENT_ID", CLIENT_ID.to_string()),
        ("CLIENT_SECRET", sign_in.client.clone()),
        ("READER_CLIENT_ID", READER_CLIENT_ID.to_string()),
        ("READER_CLIENT_SECRET", sign_in.reader.clone()),
        ("PUBLIC_CLIENT_ID", PUBLIC_CLIENT_ID.to_string()),
        ("CA_BUNDLE", bundle.to_string_lossy().into_owned()),
        ("USER_DOMAIN", DOMAIN.to_owned()),
        ("DEMO_PASSWORD", sign_in.password.clone()),
    ];
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    let text = lines.join("\n") + "\n";
    files::write_private(&env_path(options), &text)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// As a shell reads it back.
fn quoted(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:/@".contains(&b);
    if value.bytes().all(plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_follow_from_the_master_key() {
        let (one, same, other) = (sign_in(&[1; 32]), sign_in(&[1; 32]), sign_in(&[2; 32]));
        assert_eq!(one.password, same.password);
        assert_eq!(one.client, same.client);
        assert_ne!(one.password, other.password);
        assert_ne!(one.client, one.reader);
    }

    #[test]
    fn values_survive_a_shell() {
        assert_eq!(quoted("https://127.0.0.1:8443"), "https://127.0.0.1:8443");
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
