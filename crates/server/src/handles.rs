//! File handles: a connection is one, and systems give a process few of them unless it asks.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tenure_domain::limits::{CONNECTIONS_MAX, FILES_RESERVED};

/// Asks for as many handles as the system lets us have; gives how many connections may be open at once.
pub fn connections() -> usize {
    let given = getrlimit(Resource::Nofile);
    let wanted = CONNECTIONS_MAX as u64 + FILES_RESERVED;
    // No limit is written as nothing.
    let most = given.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let files = match given.current {
        Some(current) if current < most => raise(Rlimit { current: Some(most), ..given }).unwrap_or(current),
        Some(current) => current,
        None => wanted,
    };
    let connections = fit(files);
    if connections < CONNECTIONS_MAX {
        tracing::warn!(connections, "the system gives few file handles; raise `ulimit -n` for more connections");
    }
    connections
}

fn raise(limit: Rlimit) -> Option<u64> {
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(error) => {
            tracing::warn!(%error, "more file handles could not be had");
            None
        }
    }
}

/// How many connections fit into so many files; some at least.
fn fit(files: u64) -> usize {
    let most = files.saturating_sub(FILES_RESERVED).max(files / 2);
    usize::try_from(most).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_keeps_its_files() {
        assert_eq!(fit(1 << 20), CONNECTIONS_MAX);
        assert_eq!(fit(CONNECTIONS_MAX as u64 + FILES_RESERVED - 1), CONNECTIONS_MAX - 1);
        assert_eq!(fit(256), 128);
        assert_eq!(fit(0), 1);
    }
}
