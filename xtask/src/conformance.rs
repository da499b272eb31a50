//! Official clients against a running demo server: `cargo xtask conformance`, and the client steps of the tests.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::demo_server::{self, DemoServer};
use crate::failure::{Failure, Outcome};
use crate::process::{self, Echoed};
use crate::session::Session;
use crate::toolchain;
use crate::workspace::Workspace;

const DRIVER_TIME_MAX: Duration = Duration::from_mins(10);
/// Acceptance drivers that know nothing of this repository; run where they lie beside it.
const ACCEPTANCE_FOLDER: &str = "../shared/acceptance";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suite {
    /// Our own drivers.
    Sdk,
    /// The drivers beside the repository.
    Acceptance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Python,
    Js,
    /// Only by the verb, as `Go`: what they are built from is large.
    Java,
    Go,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Sqlite,
    Postgres,
}

/// One driver against one server with one empty database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    suite: Suite,
    client: Client,
    store: Store,
}

/// How a scenario ended.
pub struct Verdict {
    /// The driver's own last line, `N passed, M failed`.
    pub closing: String,
    pub passed: bool,
}

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let client = match arguments.value("--client")?.as_deref() {
        Some("python") => Client::Python,
        Some("js") => Client::Js,
        Some("java") => Client::Java,
        Some("go") => Client::Go,
        _ => return Err(Failure::new("conformance needs --client python, js, java or go")),
    };
    let store = match arguments.value("--store")?.as_deref() {
        None | Some("sqlite") => Store::Sqlite,
        Some("postgres") => Store::Postgres,
        Some(_) => return Err(Failure::new("--store is sqlite or postgres")),
    };
    arguments.finish()?;
    let session = Session::open()?;
    let verdict = Scenario { suite: Suite::Sdk, client, store }.run(&session);
    // Stops the database before the driver's line, which is the last one.
    drop(session);
    let verdict = verdict?;
    println!("{}", verdict.closing);
    Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every scenario that the tests have on this machine, in the order to run them.
pub fn scenarios(workspace: &Workspace) -> Vec<Scenario> {
    let has_acceptance = workspace.root.join(ACCEPTANCE_FOLDER).is_dir();
    let suites: &[Suite] = if has_acceptance { &[Suite::Sdk, Suite::Acceptance] } else { &[Suite::Sdk] };
    let mut scenarios = Vec::new();
    for store in [Store::Sqlite, Store::Postgres] {
        for client in [Client::Python, Client::Js] {
            scenarios.extend(suites.iter().map(|&suite| Scenario { suite, client, store }));
        }
    }
    scenarios
}

impl Scenario {
    pub fn name(self) -> String {
        let suite = match self.suite {
            Suite::Sdk => "sdk",
            Suite::Acceptance => "acceptance",
        };
        let client = match self.client {
            Client::Python => "python",
            Client::Js => "js",
            Client::Java => "java",
            Client::Go => "go",
        };
        let store = match self.store {
            Store::Sqlite => "sqlite",
            Store::Postgres => "postgres",
        };
        format!("{suite}-{client}-{store}")
    }

    /// Runs the driver against a server of its own. An error means that the driver came to no verdict.
    pub fn run(self, session: &Session) -> Outcome<Verdict> {
        let mut driver = self.driver(session)?;
        let folder = session.workspace.target.join("conformance").join(self.name());
        let database = self.database(session)?;
        let server = DemoServer::start(session.server()?, &folder, database.as_deref())?;
        driver.envs(server.environment()).env("NODE_EXTRA_CA_CERTS", &server.environment()["CA_BUNDLE"]);
        let echoed = process::echo_within(&mut driver, DRIVER_TIME_MAX);
        let stopped = report_stop(server);
        let verdict = echoed.and_then(|echoed| judge(echoed, stopped));
        if !verdict.as_ref().is_ok_and(|verdict| verdict.passed) {
            println!("{}", process::log_tail(&demo_server::log_of(&folder)));
        }
        verdict
    }

    /// The address of a fresh database, where the store is a server.
    fn database(self, session: &Session) -> Outcome<Option<String>> {
        match self.store {
            Store::Sqlite => Ok(None),
            Store::Postgres => session.postgres()?.create_database(&self.name().replace('-', "_")).map(Some),
        }
    }

    fn driver(self, session: &Session) -> Outcome<Command> {
        let root = &session.workspace.root;
        let mut command = match self.client {
            Client::Python => {
                let mut python = Command::new(session.python()?);
                python.current_dir(root).env("PYTHONUNBUFFERED", "1");
                // Compiled modules are kept, but not in the source tree.
                python.env("PYTHONPYCACHEPREFIX", session.workspace.target.join("conformance").join("pycache"));
                python.arg(root.join(self.suite.folder()).join(self.suite.script("python", "tutorial.py")));
                python
            }
            Client::Js => {
                let mut node = Command::new("node");
                // The driver looks for its packages from the working directory.
                node.current_dir(session.npm_folder()?);
                node.arg(root.join(self.suite.folder()).join(self.suite.script("js", "tutorial.mjs")));
                node
            }
            Client::Java => {
                let mut java = Command::new("java");
                java.arg("-cp").arg(toolchain::java_classes(&session.workspace)?).arg("tenure.Tutorial");
                java
            }
            Client::Go => Command::new(toolchain::go_program(&session.workspace)?),
        };
        // A proxy has no way to our loopback address.
        command.envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1,localhost")));
        Ok(command)
    }
}

impl Suite {
    /// Where its drivers are, from the repository.
    const fn folder(self) -> &'static str {
        match self {
            Self::Sdk => "conformance",
            Self::Acceptance => ACCEPTANCE_FOLDER,
        }
    }

    /// The driver of a client in that folder.
    fn script(self, client: &str, name: &str) -> PathBuf {
        match self {
            Self::Sdk => PathBuf::from(client).join(name),
            Self::Acceptance => PathBuf::from(format!("{client}_{name}")),
        }
    }
}

/// True when the server stopped as its contract says.
fn report_stop(server: DemoServer) -> bool {
    match server.stop() {
        Ok(took) => println!("server stopped cleanly in {} ms", took.as_millis()),
        Err(failure) => {
            println!("{failure}");
            return false;
        }
    }
    true
}

fn judge(echoed: Echoed, stopped: bool) -> Outcome<Verdict> {
    let closing = echoed.closing.unwrap_or_default();
    match failures_in(&closing) {
        Some(failures) => Ok(Verdict { passed: failures == 0 && echoed.status.success() && stopped, closing }),
        None => Err(Failure::new(format!(
            "the driver ended ({}) without `N passed, M failed`; its last line: {closing}",
            echoed.status
        ))),
    }
}

/// M of `N passed, M failed`.
fn failures_in(closing: &str) -> Option<u32> {
    let (passed, failed) = closing.split_once(" passed, ")?;
    passed.parse::<u32>().ok()?;
    failed.strip_suffix(" failed")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::failures_in;

    #[test]
    fn only_a_whole_closing_line_is_a_verdict() {
        assert_eq!(failures_in("34 passed, 0 failed"), Some(0));
        assert_eq!(failures_in("30 passed, 4 failed"), Some(4));
        assert_eq!(failures_in("ok user.create: 4 failed"), None);
        assert_eq!(failures_in(""), None);
    }
}
