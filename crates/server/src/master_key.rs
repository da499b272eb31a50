//! The master key: 32 random bytes as base64url text in a file of its own. It seals the data key, which seals the rest
//! (decisions.md K11). Lost or mixed up, it must fail loudly, so that nobody starts anew by accident.

use crate::config::Options;
use crate::failure::{Failure, Outcome};
use crate::files;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::PathBuf;
use tenure_auth::SystemEntropy;
use tenure_auth::vault::KEY_BYTES;
use tenure_domain::ids::Entropy;

/// A key, fresh or read.
pub type MasterKey = [u8; KEY_BYTES];

/// Where the master key is, or belongs.
pub fn path(options: &Options) -> PathBuf {
    options.master_key_file.clone().unwrap_or_else(|| options.data_dir.join("master.key"))
}

/// The key of this installation, if its file is there.
pub fn read(options: &Options) -> Outcome<Option<MasterKey>> {
    let path = path(options);
    let Some(text) = files::read_if_there(&path)? else {
        return match options.master_key_file {
            Some(_) => Err(Failure::new(format!("the master key file {} does not exist", path.display()))),
            None => Ok(None),
        };
    };
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|b| MasterKey::try_from(b).ok());
    let wrong = || {
        let path = path.display();
        Failure::new(format!("{path} is no master key: it must hold {KEY_BYTES} random bytes as base64url text"))
    };
    bytes.map(Some).ok_or_else(wrong)
}

/// Makes the key of a new installation in its data folder.
pub fn create(options: &Options) -> Outcome<MasterKey> {
    if options.database.is_some() && !options.demo {
        return Err(Failure::new(
            "with a database server the master key must be given with --master-key-file: several servers share it, and \
             a backup of the database is worth nothing without it. Make one with: openssl rand 32 | basenc --base64url \
             | tr -d '=' > master.key",
        ));
    }
    let mut key = [0; KEY_BYTES];
    SystemEntropy.fill(&mut key);
    files::write_private(&path(options), &URL_SAFE_NO_PAD.encode(key))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;
    use crate::providers::OutboundEntry;
    use std::net::SocketAddr;
    use std::path::Path;

    fn options(folder: &Path, database: Option<&str>, demo: bool) -> Options {
        Options {
            data_dir: folder.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 1)),
            database: database.map(ToOwned::to_owned),
            demo,
            public_url: None,
            tls_names: Vec::new(),
            transport: Transport::PrivateAuthority,
            master_key_file: None,
            audit_checkpoint_file: None,
            providers: Vec::new(),
            outbound: OutboundEntry::default(),
            metrics_listen: None,
            log: None,
            log_format: crate::log::Format::Text,
            otlp_endpoint: None,
            quota: None,
        }
    }

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let options = options(folder.path(), None, false);
        assert_eq!(read(&options), Ok(None));
        let made = create(&options);
        assert_eq!(read(&options), made.map(Some));
    }

    #[test]
    fn with_a_database_server_only_a_demo_makes_one() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        assert!(create(&options(folder.path(), Some("url"), false)).is_err());
        assert!(create(&options(folder.path(), Some("url"), true)).is_ok());
    }

    #[test]
    fn a_damaged_or_missing_key_is_refused() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let mut options = options(folder.path(), None, false);
        assert_eq!(files::write_private(&folder.path().join("master.key"), "abc"), Ok(()));
        assert!(read(&options).is_err());
        options.master_key_file = Some(folder.path().join("other.key"));
        assert!(read(&options).is_err());
    }
}
