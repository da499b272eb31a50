//! The servers that are killed, all on one database.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::http::{Call, once};
use super::live;
use super::rng::Rng;
use crate::database::Database;
use crate::failure::{Context, Failure, Outcome};
use crate::{clock, ports, process};

const READY_TIME_MAX: Duration = Duration::from_mins(2);
/// The contract is ten seconds; a machine that does other things at the same time is given more.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);
/// One of so many kills is followed by another one during the start.
const STARTS_PER_KILL: usize = 5;
/// How often a server is killed while it starts for the very first time, and how long such a start lasts.
const FIRST_STARTS: u32 = 3;
const FIRST_START_MILLIS: std::ops::Range<u64> = 5..400;
/// How long a start lasts that is cut off.
const START_MILLIS: std::ops::Range<u64> = 1..120;

struct Server {
    folder: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

pub struct Servers {
    binary: PathBuf,
    database: Option<String>,
    all: Vec<Server>,
    /// How often each was killed, and how often while it was still starting.
    pub kills: Vec<u32>,
    pub kills_while_starting: u32,
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
        let mut servers = Self::none(binary.to_owned(), database);
        for n in 0..count {
            servers.add(folder)?;
            servers.spawn(n)?;
        }
        Ok(servers)
    }

    const fn none(binary: PathBuf, database: Option<String>) -> Self {
        Self { binary, database, all: Vec::new(), kills: Vec::new(), kills_while_starting: 0 }
    }

    /// Kills a server while it makes everything for the first time, several times. Whoever starts it then in this folder
    /// finds what is left of that.
    pub fn kill_first_starts(folder: &Path, binary: &Path, database: Option<String>, rng: &mut Rng) -> Outcome<()> {
        let _ = fs::remove_dir_all(folder);
        let mut servers = Self::none(binary.to_owned(), database);
        servers.add(folder)?;
        for _ in 0..FIRST_STARTS {
            servers.launch(0)?;
            live(Duration::from_millis(rng.within(FIRST_START_MILLIS)));
            servers.kill(0)?;
        }
        Ok(())
    }

    fn add(&mut self, folder: &Path) -> Outcome<()> {
        let folder = folder.join(self.all.len().to_string());
        fs::create_dir_all(&folder).context(format!("creating {}", folder.display()))?;
        let first = self.all.first().map(|s| s.folder.join("master.key"));
        if let Some(key) = first {
            // Nodes share the master key.
            fs::copy(key, folder.join("master.key")).context("copying the master key")?;
        }
        let address = SocketAddr::from(([127, 0, 0, 1], ports::any_free()?));
        self.all.push(Server { folder, address, child: None });
        self.kills.push(0);
        Ok(())
    }

    /// Where they keep their data, for a look past them; a server database is looked at with this `psql`.
    pub fn data(&self, psql: Option<PathBuf>) -> Database {
        match (&self.database, psql) {
            (Some(url), Some(psql)) => Database::Server { psql, url: url.clone() },
            _ => Database::File(self.folder().join("tenure.db")),
        }
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
        self.launch(n)?;
        self.wait_until_healthy(n)
    }

    fn launch(&mut self, n: usize) -> Outcome<()> {
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
        Ok(())
    }

    fn wait_until_healthy(&mut self, n: usize) -> Outcome<()> {
        let Some(server) = self.all.get(n) else { return Err(Failure::new("no such server")) };
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

    /// SIGKILL for one of them, and another start. Some are killed before they are ready.
    pub fn kill_and_restart(&mut self, rng: &mut Rng) -> Outcome<()> {
        let n = rng.pick(self.all.len());
        if rng.pick(STARTS_PER_KILL) == 0 {
            self.kill(n)?;
            self.launch(n)?;
            live(Duration::from_millis(rng.within(START_MILLIS)));
            self.kills_while_starting += 1;
        }
        self.kill(n)?;
        if let Some(count) = self.kills.get_mut(n) {
            *count += 1;
        }
        self.spawn(n)
    }

    fn kill(&mut self, n: usize) -> Outcome<()> {
        if let Some(status) = self.exited(n)? {
            let folder = self.all.get(n).map(|s| s.folder.clone()).unwrap_or_default();
            return Err(Failure::new(format!("the server ended by itself: {status}\n{}", log_tail(&folder))));
        }
        if let Some(child) = self.all.get_mut(n).and_then(|s| s.child.as_mut()) {
            child.kill().context("killing the server")?;
            child.wait().context("waiting for the killed server")?;
        }
        Ok(())
    }

    /// All again, after [`Servers::stop`].
    pub fn start_again(&mut self) -> Outcome<()> {
        (0..self.all.len()).try_for_each(|n| self.spawn(n))
    }

    /// Asks all to stop, as an operator would.
    pub fn stop(&mut self) -> Outcome<()> {
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
