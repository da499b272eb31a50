//! The servers that are killed, all on one database.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::http::{Call, once};
use super::rng::Rng;
use crate::failure::{Context, Failure, Outcome};
use crate::{clock, ports, process};

const READY_TIME_MAX: Duration = Duration::from_mins(1);
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

struct Server {
    folder: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

pub struct Servers {
    binary: PathBuf,
    database: Option<String>,
    all: Vec<Server>,
}

impl Servers {
    /// Starts so many servers, each on an empty folder of its own in this one.
    pub fn start_fresh(folder: &Path, binary: &Path, database: Option<String>, count: usize) -> Outcome<Self> {
        // Not there at all the first time.
        let _ = fs::remove_dir_all(folder);
        Self::start(folder, binary, database, count)
    }

    /// The same, but goes on with the folders of an earlier start.
    pub fn start(folder: &Path, binary: &Path, database: Option<String>, count: usize) -> Outcome<Self> {
        let mut servers = Self { binary: binary.to_owned(), database, all: Vec::new() };
        for n in 0..count {
            let folder = folder.join(n.to_string());
            fs::create_dir_all(&folder).context(format!("creating {}", folder.display()))?;
            let first = servers.all.first().map(|s| s.folder.join("master.key"));
            if let Some(key) = first {
                // Nodes share the master key.
                fs::copy(key, folder.join("master.key")).context("copying the master key")?;
            }
            let address = SocketAddr::from(([127, 0, 0, 1], ports::any_free()?));
            servers.all.push(Server { folder, address, child: None });
            servers.spawn(n)?;
        }
        Ok(servers)
    }

    /// The data folder of the first server.
    pub fn folder(&self) -> &Path {
        self.all.first().map_or(Path::new(""), |s| &s.folder)
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|s| s.address).collect()
    }

    /// Starts the server of this number, and waits until it is healthy.
    fn spawn(&mut self, n: usize) -> Outcome<()> {
        let Some(server) = self.all.get_mut(n) else { return Err(Failure::new("no such server")) };
        let log = File::options().create(true).append(true).open(server.folder.join("server.log"));
        let log = log.context("opening the server's log")?;
        let mut command = Command::new(&self.binary);
        process::hide_environment(&mut command, "TENURE_");
        command.args(["serve", "--demo", "--insecure-http", "--data-dir"]).arg(&server.folder);
        command.args(["--listen", &server.address.to_string()]);
        command.args(self.database.iter().flat_map(|url| ["--database", url]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        server.child = Some(command.spawn().context("starting the server")?);
        let (address, folder) = (server.address, server.folder.clone());
        let ready = clock::poll(READY_TIME_MAX, || {
            if let Some(status) = self.exited(n)? {
                return Err(Failure::new(format!(
                    "the server ended before it was ready: {status}\n{}",
                    log_tail(&folder)
                )));
            }
            Ok(healthy(address))
        })?;
        ready.ok_or_else(|| Failure::new(format!("the server was not ready\n{}", log_tail(&folder))))
    }

    fn exited(&mut self, n: usize) -> Outcome<Option<std::process::ExitStatus>> {
        match self.all.get_mut(n).and_then(|s| s.child.as_mut()) {
            Some(child) => child.try_wait().context("watching the server"),
            None => Ok(None),
        }
    }

    /// SIGKILL for one of them, and another start.
    pub fn kill_and_restart(&mut self, rng: &mut Rng) -> Outcome<()> {
        let n = rng.pick(self.all.len());
        if let Some(status) = self.exited(n)? {
            let folder = self.all.get(n).map(|s| s.folder.clone()).unwrap_or_default();
            return Err(Failure::new(format!("the server ended by itself: {status}\n{}", log_tail(&folder))));
        }
        if let Some(child) = self.all.get_mut(n).and_then(|s| s.child.as_mut()) {
            child.kill().context("killing the server")?;
            child.wait().context("waiting for the killed server")?;
        }
        self.spawn(n)
    }

    /// Asks all to stop, as an operator would.
    pub fn stop(mut self) -> Outcome<()> {
        for server in &mut self.all {
            let Some(mut child) = server.child.take() else { continue };
            process::terminate(&child)?;
            match process::wait_within(&mut child, STOP_TIME_MAX)? {
                Some(status) if status.success() => {}
                other => {
                    let _ = child.kill();
                    return Err(Failure::new(format!("the server did not stop cleanly: {other:?}")));
                }
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.all {
            if let Some(child) = &mut server.child {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Whether the server there is healthy.
pub fn healthy(address: SocketAddr) -> Option<()> {
    let call = Call { method: "GET", path: "/healthz", token: "", content_type: "", body: String::new(), id: "" };
    once(address, &call, 1).is_ok_and(|answer| answer.status == 200).then_some(())
}

fn log_tail(folder: &Path) -> String {
    process::log_tail(&folder.join("server.log"))
}
