//! The disk fills up under a server, and is cleared again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, process as this_process};

use super::writer::{Writer, at_once};
use crate::crash::servers::healthy;
use crate::failure::{Context, Failure, Outcome};
use crate::session::Session;
use crate::{account, clock, ports, process};

/// The file system of the server; the demo needs about ten of them.
const SIZE_MEBIBYTES: u32 = 64;
const WRITES_MAX: u32 = 20_000;
const WRITES_WHILE_FULL: u32 = 20;
/// So many write at the same time: what shares a commit is refused together.
const WRITERS: u32 = 4;
const START_TIME_MAX: Duration = Duration::from_mins(1);
const BLOCK_BYTES: usize = 64 << 10;

/// Mounts a file system of its own at the first argument, seen by nobody else and gone with the last process, and
/// becomes the program after the second.
const INSIDE: &str = r#"mount -t tmpfs -o "size=$1" tmpfs "$0" && shift && exec "$@""#;

struct Server {
    child: Child,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn is_full(session: &Session) -> Outcome<()> {
    let mount = env::temp_dir().join(format!("tenure-full-disk-{}", this_process::id()));
    fs::create_dir_all(&mount).context(format!("creating {}", mount.display()))?;
    let result = on(&mount, session);
    // The file system is gone with its server; this is the empty folder it was mounted on.
    let _ = fs::remove_dir(&mount);
    result
}

fn on(mount: &Path, session: &Session) -> Outcome<()> {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], ports::any_free()?));
    let mut command = Command::new("unshare");
    // Who is not root is root in a world of his own.
    command.arg(if account::is_root() { "-m" } else { "-rm" }).args(["--", "sh", "-c", INSIDE]);
    command.arg(mount).arg(format!("{SIZE_MEBIBYTES}m")).arg(session.server()?);
    process::hide_environment(&mut command, "TENURE_");
    command.args(["serve", "--demo", "--insecure-http", "--data-dir"]).arg(mount.join("data"));
    command.args(["--listen", &address.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
    let log = session.workspace.target.join("trouble").join("full-disk.log");
    fs::create_dir_all(log.with_file_name("")).context("creating the folder of the log")?;
    command.stderr(File::create(&log).context("creating the log")?);
    let child = command.spawn().context("starting the server on a file system of its own (needs `unshare`)")?;
    // Another process's file system is seen through its root.
    let folder = PathBuf::from(format!("/proc/{}/root{}", child.id(), mount.display()));
    let mut server = Server { child, folder };
    let started = clock::poll(START_TIME_MAX, || match server.child.try_wait().context("watching the server")? {
        None => Ok(healthy(address)),
        Some(status) => {
            let log = process::log_tail(&log);
            Err(Failure::new(format!("the server or its mount failed: {status}\n{log}")))
        }
    })?;
    started.ok_or_else(|| Failure::new("the server did not start"))?;
    let mut writers = Writer::crowd(WRITERS, address, &server.folder.join("data"))?;
    let ballast = server.folder.join("ballast");
    fill(&ballast)?;
    at_once(&mut writers, |writer| {
        writer.write_until_refused(WRITES_MAX)?;
        for _ in 0..WRITES_WHILE_FULL {
            writer.write()?;
        }
        if writer.read()? {
            Ok(())
        } else {
            Err(Failure::new("a full disk stops writers only, but a read was refused"))
        }
    })?;
    fs::remove_file(&ballast).context("removing the ballast")?;
    at_once(&mut writers, |writer| {
        writer.recovers()?;
        writer.proves()
    })?;
    let refusals: usize = writers.iter().map(Writer::refusals).sum();
    println!("the disk was full: {refusals} writes refused, nothing lost, recovered");
    Ok(())
}

/// Writes until there is no room for more.
fn fill(ballast: &Path) -> Outcome<()> {
    let mut file = File::create(ballast).context(format!("creating {}", ballast.display()))?;
    for block in [BLOCK_BYTES, 1 << 10] {
        let block = vec![0; block];
        for _ in 0..usize::try_from(SIZE_MEBIBYTES << 10).unwrap_or(0) {
            match file.write(&block) {
                Ok(n) if n == block.len() => {}
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error).context("filling the disk"),
            }
        }
    }
    Ok(())
}
