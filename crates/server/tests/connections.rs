//! The server as operators run it: ten thousand connections that say nothing, and clients that never finish.

#![expect(clippy::print_stdout, reason = "the test says what it measured")]

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Connections that say nothing.
const IDLE: usize = 10_000;
/// Files of this process beside its connections.
const OTHER_FILES: u64 = 200;
/// Bytes of memory that one of them may cost the server.
const BYTES_PER_CONNECTION_MAX: u64 = 24 << 10;
/// The contract (decisions.md I9).
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

fn tenure(folder: &TempDir, verb: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.arg(verb).arg("--data-dir").arg(folder.path()).env("TENURE_LOG", "warn");
    command
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let made = tenure(&folder, "init").args(["--admin", "anna@example.org"]).output().expect("tenure init runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut child = tenure(&folder, "serve")
            .args(["--listen", "127.0.0.1:0", "--insecure-http"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("tenure serve starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let address = line.trim().rsplit('/').next().unwrap_or_default();
        let address = address.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
        Self { child, address, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(ANSWER_TIME_MAX)).expect("a limit");
        stream
    }

    /// Asks over a connection that stays open.
    fn ask(&self, stream: &TcpStream, path: &str) -> String {
        let mut writer = stream;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        writer.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = Vec::new();
        let mut piece = [0; 1_024];
        // Both answers that are asked for here end with a line feed.
        while !answer.ends_with(b"k\n") && !answer.ends_with(b"ready\n") {
            let read = (&*stream).read(&mut piece).expect("an answer");
            assert!(read > 0, "closed: {}", String::from_utf8_lossy(&answer));
            answer.extend(&piece[..read]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Bytes of memory it has in use.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1_024
    }

    /// Asks it to stop, and gives how long that took.
    fn stop(mut self) -> Duration {
        let started = Instant::now();
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is there");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        started.elapsed()
    }
}

/// Raises the number of files of this process; gives how many connections it may have.
fn connections_possible() -> usize {
    let given = getrlimit(Resource::Nofile);
    let wanted = IDLE as u64 + OTHER_FILES;
    let most = given.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if given.current.is_some_and(|current| current < most) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..given }).expect("more files");
    }
    usize::try_from(most.saturating_sub(OTHER_FILES)).unwrap_or(IDLE).min(IDLE)
}

fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    matches!((&*stream).read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn ten_thousand_idle_connections_are_held_while_others_are_served() {
    let count = connections_possible();
    let server = Server::start();
    assert!(server.ask(&server.connect(), "/readyz").starts_with("HTTP/1.1 200"));
    let before = server.memory();
    let mut idle = Vec::with_capacity(count);
    for n in 0..count {
        let stream = server.connect();
        // Every tenth has been served once; the others have not said a word.
        if n % 10 == 0 {
            server.ask(&stream, "/healthz");
        }
        idle.push(stream);
    }
    assert!(server.ask(&server.connect(), "/readyz").starts_with("HTTP/1.1 200"));
    let open = idle.iter().filter(|stream| is_open(stream)).count();
    let bytes = server.memory().saturating_sub(before) / count as u64;
    println!("{open} of {count} idle connections are open; each costs {bytes} bytes of the server's memory");
    assert_eq!(open, count);
    assert!(bytes <= BYTES_PER_CONNECTION_MAX, "{bytes} bytes each");
    let took = server.stop();
    assert!(took < STOP_TIME_MAX, "{took:?}");
}

#[test]
fn clients_that_never_finish_do_not_hold_up_the_stop() {
    let server = Server::start();
    let host = server.address;
    let halves = [
        String::new(),
        "GET / HTTP/1.1\r\nHost: ".to_owned(),
        format!("POST /common/oauth2/v2.0/token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\ngrant"),
        format!("POST /v1.0/$batch HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    let clients: Vec<TcpStream> = halves
        .iter()
        .map(|half| {
            let mut stream = server.connect();
            stream.write_all(half.as_bytes()).expect("a half");
            stream
        })
        .collect();
    assert!(server.ask(&server.connect(), "/healthz").starts_with("HTTP/1.1 200"), "all were accepted before this one");
    let took = server.stop();
    assert!(took < STOP_TIME_MAX, "{took:?}");
    drop(clients);
}
