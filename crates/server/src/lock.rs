//! One server per data folder. The operating system lets go of the lock when the process ends, however it ends.

use crate::failure::{Failure, Outcome, While};
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

/// Held as long as the server runs.
pub struct Lock {
    _file: File,
}

/// Takes the folder, or says who has it.
pub fn take(folder: &Path) -> Outcome<Lock> {
    let path = folder.join("serve.lock");
    let mut options = File::options();
    let mut file = options
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .doing(format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            return Err(Failure::new(format!(
                "another server runs on {} (process {}); stop it, or give this one a --data-dir of its own",
                folder.display(),
                holder.trim()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(error).doing(format!("locking {}", path.display())),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.doing(format!("writing {}", path.display()))?;
    Ok(Lock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let first = take(folder.path());
        assert!(first.is_ok());
        let refused = take(folder.path()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
        drop(first);
        assert!(take(folder.path()).is_ok());
    }
}
