//! A demo server for one scenario, started and stopped as an operator would.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::{clock, demo_env, ports, process};

const READY_TIME_MAX: Duration = Duration::from_mins(1);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);
/// Part of the server's contract: SIGTERM ends it with code 0 within this time.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

pub struct DemoServer {
    child: Child,
    log: PathBuf,
    environment: BTreeMap<String, String>,
}

impl DemoServer {
    /// Starts with an empty data directory in `folder`, whose former content is deleted, and waits until the server
    /// is ready. Without a `database` the server keeps its data in the data directory.
    pub fn start(binary: &Path, folder: &Path, database: Option<&str>) -> Outcome<Self> {
        let data = folder.join("data");
        // Not there at all the first time.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(&data).context(format!("creating {}", data.display()))?;
        let log = log_of(folder);
        let port = ports::any_free()?;
        let child = spawn(binary, &data, port, database, &log)?;
        let mut server = Self { child, log, environment: BTreeMap::new() };
        server.environment = server
            .wait_until_ready(&data.join("demo.env"), port)
            .map_err(|failure| Failure::new(format!("{failure}\n{}", process::log_tail(&server.log))))?;
        Ok(server)
    }

    /// What a driver needs to know of this server.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Asks the server to stop and holds it to its contract. Answers how long it took.
    pub fn stop(mut self) -> Outcome<Duration> {
        let asked = Instant::now();
        process::terminate(&self.child)?;
        match process::wait_within(&mut self.child, STOP_TIME_MAX)? {
            Some(status) if status.success() => Ok(asked.elapsed()),
            Some(status) => Err(Failure::new(format!("the server did not stop cleanly on SIGTERM: {status}"))),
            None => Err(Failure::new(format!("the server did not stop within {} s", STOP_TIME_MAX.as_secs()))),
        }
    }

    fn wait_until_ready(&mut self, demo_env: &Path, port: u16) -> Outcome<BTreeMap<String, String>> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut missing = Failure::new("demo.env was not written");
        let ready = clock::poll(READY_TIME_MAX, || {
            if let Some(status) = self.child.try_wait().context("watching the server")? {
                return Err(Failure::new(format!("the server ended before it was ready: {status}")));
            }
            match read_environment(demo_env).and_then(|values| connect(address).map(|()| values)) {
                Ok(values) => Ok(Some(values)),
                Err(failure) => {
                    missing = failure;
                    Ok(None)
                }
            }
        })?;
        ready.ok_or_else(|| {
            Failure::new(format!("the server was not ready after {} s: {missing}", READY_TIME_MAX.as_secs()))
        })
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        // After a proper stop there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the server of a scenario's folder writes.
pub fn log_of(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn spawn(binary: &Path, data: &Path, port: u16, database: Option<&str>, log: &Path) -> Outcome<Child> {
    let output = File::create(log).context(format!("creating {}", log.display()))?;
    let errors = output.try_clone().context("opening the server's log twice")?;
    let mut command = Command::new(binary);
    process::hide_environment(&mut command, "TENURE_");
    command.args(["serve", "--demo", "--data-dir"]).arg(data);
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    command.args(database.iter().flat_map(|url| ["--database", url]));
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    command.spawn().context(format!("starting {}", binary.display()))
}

fn read_environment(file: &Path) -> Outcome<BTreeMap<String, String>> {
    let text = fs::read_to_string(file).context(format!("reading {}", file.display()))?;
    demo_env::parse(&text)
}

fn connect(address: SocketAddr) -> Outcome<()> {
    TcpStream::connect_timeout(&address, CONNECT_TIME_MAX).map(drop).context(format!("connecting to {address}"))
}
