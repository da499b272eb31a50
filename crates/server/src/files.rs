//! Files that only we may read. Written whole or not at all.

use crate::failure::{Outcome, While};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Read and write for the owner, nothing for others.
const PRIVATE: u32 = 0o600;
/// Read for everybody.
const PUBLIC: u32 = 0o644;

/// Writes a file that nobody else may read.
pub fn write_private(path: &Path, text: &str) -> Outcome<()> {
    write(path, text, PRIVATE)
}

/// Writes a file for everybody.
pub fn write_public(path: &Path, text: &str) -> Outcome<()> {
    write(path, text, PUBLIC)
}

fn write(path: &Path, text: &str, mode: u32) -> Outcome<()> {
    let half = path.with_extension("new");
    let written = (|| {
        // A leftover of a start that was cut off could have another mode.
        let _ = fs::remove_file(&half);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&half)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&half, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    })();
    written.doing(format!("writing {}", path.display()))
}

/// The file's text, or nothing when there is no such file.
pub fn read_if_there(path: &Path) -> Outcome<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing(format!("reading {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn private_files_are_private_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let path = folder.path().join("secret.key");
        assert_eq!(read_if_there(&path), Ok(None));
        assert_eq!(write_private(&path, "one"), Ok(()));
        assert_eq!(write_private(&path, "two"), Ok(()));
        assert_eq!(read_if_there(&path), Ok(Some("two".to_owned())));
        let mode = fs::metadata(&path).map(|m| m.permissions().mode() & 0o777).unwrap_or_default();
        assert_eq!(mode, 0o600);
    }
}
