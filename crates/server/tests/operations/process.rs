//! A running server, and commands beside it.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Time a server has to answer one request, in seconds.
const ANSWER_SECONDS_MAX: u64 = 60;
/// Where entitlement management is.
pub const EM: &str = "/v1.0/identityGovernance/entitlementManagement";

/// `tenure` with nothing of this process's own settings.
pub fn tenure(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.env_clear().args(arguments);
    command
}

/// Runs `tenure` to its end.
pub fn run(arguments: &[&str]) -> Output {
    tenure(arguments).output().expect("tenure runs")
}

/// What a command said that must have failed.
#[track_caller]
pub fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "it must fail: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command printed that must have succeeded.
#[track_caller]
pub fn success(output: &Output) -> String {
    assert!(output.status.success(), "it must succeed: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// A server over the demo tenant in a folder.
pub struct Server {
    child: Child,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    demo: HashMap<String, String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head as it was sent.
    head: String,
    /// The body as it was sent.
    pub body: String,
}

impl Answer {
    /// A header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Server {
    /// Starts a demo on `folder` and waits until it serves.
    pub fn start(folder: &Path, more: &[&str]) -> Self {
        Self::start_logging(folder, more, Stdio::inherit())
    }

    /// The same, with the log going somewhere.
    pub fn start_logging(folder: &Path, more: &[&str], log: Stdio) -> Self {
        Self::launch(folder, &[&["--insecure-http"], more].concat(), log)
    }

    /// The same over TLS, as `more` says.
    pub fn start_over_tls(folder: &Path, more: &[&str]) -> Self {
        Self::launch(folder, more, Stdio::inherit())
    }

    fn launch(folder: &Path, more: &[&str], log: Stdio) -> Self {
        let mut command = tenure(&["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"]);
        let mut child =
            command.arg(folder).args(more).stdout(Stdio::piped()).stderr(log).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut metrics = None;
        let address = lines.by_ref().find_map(|line| {
            let line = line.expect("a line");
            let (_, address) = line.rsplit_once("://")?;
            metrics = metrics.or(address.strip_suffix("/metrics").and_then(|a| a.parse().ok()));
            address.parse().ok()
        });
        // What it says further is of no interest, but must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the server did not start: {:?}", child.wait());
        };
        let env = std::fs::read_to_string(folder.join("demo.env")).expect("the demo's secrets");
        let demo = env.lines().filter_map(|l| l.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Self { child, address, metrics, demo }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A value of `demo.env`.
    pub fn demo(&self, name: &str) -> &str {
        &self.demo[name]
    }

    /// What it tells Prometheus.
    pub fn metrics(&self) -> String {
        let answer = exchange(self.metrics.expect("it has a listener for metrics"), "GET", "/metrics", &[], "");
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Sends a request and reads the answer.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        exchange(self.address, method, path, headers, body)
    }

    /// A token of the demo's app.
    pub fn token(&self) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
            self.demo("CLIENT_ID"),
            self.demo("CLIENT_SECRET")
        );
        let path = format!("/{}/oauth2/v2.0/token", self.demo("TENANT_ID"));
        let answer = self.send("POST", &path, &[("Content-Type", "application/x-www-form-urlencoded")], &form);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Calls the API with a token.
    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.send(method, path, &headers, &if body.is_null() { String::new() } else { body.to_string() })
    }

    /// Every value of a list, page by page.
    pub fn list(&self, path: &str, token: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = self.call("GET", &path, token, &Value::Null);
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json();
            all.extend(page["value"].as_array().expect("a list").iter().cloned());
            let link = page["@odata.nextLink"].as_str();
            next = link.and_then(|l| l.splitn(4, '/').nth(3)).map(|path| format!("/{path}"));
        }
        all
    }

    /// Asks it to stop, as an init system does, and waits.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own.
pub fn exchange(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    exchange_over(&mut connect(address), method, path, headers, body).expect("the answer")
}

/// A connection that does not wait for ever.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(ANSWER_SECONDS_MAX))).expect("a limit");
    stream
}

/// One request, and the answer up to the end of the connection.
pub fn exchange_over(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers.iter().chain(&[("Content-Length", body.len().to_string().as_str())]) {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    head += "\r\n";
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
