//! The processes that are measured: started, watched and stopped.

use crate::failure::{Failure, Outcome, While};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_TIME_MAX: Duration = Duration::from_mins(2);
const STOP_TIME_MAX: Duration = Duration::from_secs(20);
/// In which the system counts processor time.
const TICKS_PER_SECOND: f64 = 100.0;
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Memory of a process, in megabytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What it has for itself: without it it could not run.
    pub own: f64,
    /// Its share of what it maps of files: its program, and of the database what was read lately. The system takes that
    /// back when somebody needs it, as it does with everything it keeps of files.
    pub mapped: f64,
}

/// A process that serves.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took until it was ready.
    pub ready: Duration,
}

/// A port that nobody has.
fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("finding a port")?;
    Ok(listener.local_addr().doing("finding a port")?.port())
}

#[expect(clippy::disallowed_methods, reason = "waits for another process")]
fn pause() {
    std::thread::sleep(PAUSE);
}

impl Process {
    /// The product, on a data folder.
    pub fn stack(binary: &Path, folder: &Path, database: Option<&str>, tls: bool) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("TENURE_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--demo", "--data-dir"]).arg(folder);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.args(database.iter().flat_map(|url| ["--database", url]));
        if !tls {
            command.arg("--insecure-http");
        }
        Self::start(command, folder, port, tls)
    }

    /// The bare server, on a data folder.
    pub fn ceiling(folder: &Path, database: Option<&str>) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe().doing("finding this program")?);
        command.args(["ceiling", "--port", &port.to_string(), "--folder"]).arg(folder);
        command.args(database.iter().flat_map(|url| ["--database", url]));
        Self::start(command, folder, port, false)
    }

    fn start(mut command: Command, folder: &Path, port: u16, tls: bool) -> Outcome<Self> {
        let log = folder.join("bench.log");
        let output = File::create(&log).doing("making a log")?;
        let errors = output.try_clone().doing("making a log")?;
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn().doing("starting a server")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut process = Self { child, address, ready: Duration::ZERO };
        while started.elapsed() < READY_TIME_MAX {
            if process.child.try_wait().doing("watching a server")?.is_some() {
                break;
            }
            // The certificate comes after the listener.
            let is_up = if tls { folder.join("ca.pem").exists() } else { answers(address) };
            if is_up {
                process.ready = started.elapsed();
                return Ok(process);
            }
            pause();
        }
        let text = fs::read_to_string(&log).unwrap_or_default();
        Err(Failure(format!("a server did not start: {text}")))
    }

    /// Seconds of processor time that it used so far.
    pub fn processor(&self) -> Outcome<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).doing("reading its time")?;
        // After the name in parentheses; user and system time are the fields 14 and 15 of the whole.
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// The memory that it has now.
    pub fn memory(&self) -> Outcome<Memory> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).doing("reading its memory")?;
        let part = |name: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(name)).doing("reading its memory")?;
            let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().doing("reading its memory")?;
            Ok((kibibytes / 1_024.0).round())
        };
        Ok(Memory { own: part("Pss_Anon:")?, mapped: part("Pss_File:")? })
    }

    /// Has it do nothing at all, in the background neither, until [`Self::go_on`].
    pub fn hold_still(&self) -> Outcome<()> {
        self.signal("STOP")
    }

    /// Goes on where it was.
    pub fn go_on(&self) -> Outcome<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Outcome<()> {
        // The shell's own `kill`: small systems have no program of that name.
        let script = format!("kill -{name} \"$0\"");
        let words = ["-c", &script, &self.child.id().to_string()];
        Command::new("sh").args(words).status().doing("sending a signal to a server")?;
        Ok(())
    }

    /// Stops it as an operator would.
    pub fn stop(mut self) -> Outcome<()> {
        self.signal("TERM")?;
        let asked = Instant::now();
        while asked.elapsed() < STOP_TIME_MAX {
            if self.child.try_wait().doing("stopping a server")?.is_some() {
                return Ok(());
            }
            pause();
        }
        Err(Failure("a server did not stop".to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After a proper stop there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    });
    asked.is_ok_and(|text| text.starts_with("HTTP/1.1 200"))
}
