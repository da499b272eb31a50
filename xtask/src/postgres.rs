//! A temporary PostgreSQL server: loopback only, gone when its value is dropped.
//!
//! It has its own directory, socket folder and port, so a server that the machine already runs (or that a
//! distribution starts when it installs the package) is neither used nor disturbed. `fsync` stays on: the tests
//! shall meet the commits that production has.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, process as this_process};

use crate::account::{self, Account};
use crate::failure::{Context, Failure, Outcome};
use crate::{apt, clock, ports, process};

const PROGRAMS: [&str; 7] = ["initdb", "postgres", "pg_ctl", "createdb", "dropdb", "psql", "pg_dump"];
const DEBIAN_PACKAGE: &str = "postgresql";
const DEBIAN_PROGRAMS: &str = "/usr/lib/postgresql";
/// The server refuses to run as root; packages of PostgreSQL bring this account.
const SERVER_ACCOUNT: &str = "postgres";
const SUPERUSER: &str = "postgres";
const CONNECTIONS_MAX: u16 = 200;
const START_SECONDS_MAX: u64 = 60;
const STOP_SECONDS_MAX: u64 = 20;
/// Stopping, then deleting some tens of megabytes.
const CLEAN_UP_TIME_MAX: Duration = Duration::from_secs(STOP_SECONDS_MAX + 20);

/// Waits until we end or close its input, then stops the server and deletes its directory. A process of its own
/// does this because Ctrl-C ends us without unwinding, and the server would stay behind for ever.
const KEEPER: &str = r#"
trap '' INT TERM HUP
read -r _
"$0" stop --silent --mode=fast --wait --timeout="$3" --pgdata="$1"
cd / && [ "$4" = keep ] || rm -rf "$2"
"#;

/// What becomes of the data when the server has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Afterwards {
    Keep,
    Remove,
}

/// A running server.
pub struct Postgres {
    programs: PathBuf,
    port: u16,
    home: Home,
    keeper: Child,
}

impl Postgres {
    pub fn start() -> Outcome<Self> {
        Self::start_with("")
    }

    /// One with settings of its own, as lines of its configuration.
    pub fn start_with(settings: &str) -> Outcome<Self> {
        let path = env::temp_dir().join(format!("tenure-postgres-{}", this_process::id()));
        Self::start_at(path, Afterwards::Remove, settings)
    }

    /// One for somebody who kills it: nobody else's work is in it, and it comes back sooner with less to look through.
    pub fn start_apart(name: &str) -> Outcome<Self> {
        let path = env::temp_dir().join(format!("tenure-postgres-{name}-{}", this_process::id()));
        Self::start_at(path, Afterwards::Remove, "")
    }

    /// One whose data stays for the next start under the same name.
    pub fn start_kept(name: &str) -> Outcome<Self> {
        Self::start_at(env::temp_dir().join(format!("tenure-postgres-{name}")), Afterwards::Keep, "")
    }

    fn start_at(path: PathBuf, afterwards: Afterwards, settings: &str) -> Outcome<Self> {
        let programs = find_or_install_programs()?;
        let home = Home::create(path, afterwards)?;
        // From here on every way out, also a failed start, leaves nothing behind.
        let keeper = home.keep(&programs)?;
        let server = Self { programs, port: ports::any_free()?, home, keeper };
        if !server.home.data().exists() {
            server.home.initialise(&server.programs)?;
        }
        server.home.configure(server.port, settings)?;
        server.home.start(&server.programs)?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// SIGKILL, as a machine that loses power would do it.
    pub fn kill(&self) -> Outcome<()> {
        let file = self.home.data().join("postmaster.pid");
        let text = fs::read_to_string(&file).context(format!("reading {}", file.display()))?;
        let main = text.lines().next().unwrap_or_default();
        process::output(Command::new("sh").args(["-c", "kill -KILL \"$0\"", main])).map(drop)
    }

    /// Starts it again, once the last processes of the killed one have gone.
    pub fn start_again(&self) -> Outcome<()> {
        let mut last = None;
        let started = clock::poll(Duration::from_secs(START_SECONDS_MAX), || {
            last = self.home.start(&self.programs).err();
            Ok(last.is_none().then_some(()))
        })?;
        match (started, last) {
            (None, Some(failure)) => Err(failure),
            _ => Ok(()),
        }
    }

    /// The database every server has, by the account that may do everything. No password is checked.
    pub fn admin_url(&self) -> String {
        format!("postgres://{SUPERUSER}:{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes an empty database and answers with its address. One of that name goes.
    pub fn create_database(&self, name: &str) -> Outcome<String> {
        process::output(self.admin("dropdb").args(["--if-exists", "--force", name]))?;
        process::output(self.admin("createdb").args(["--template=template0", name]))?;
        Ok(self.database(name))
    }

    fn admin(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.args(["--host=127.0.0.1", "--username", SUPERUSER, "--no-password"]);
        command.arg("--port").arg(self.port.to_string());
        process::hide_environment(&mut command, "PG");
        command
    }

    /// Where one of its programs is.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The address of a database that is there.
    pub fn database(&self, name: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if !matches!(process::wait_within(&mut self.keeper, CLEAN_UP_TIME_MAX), Ok(Some(_))) {
            eprintln!("the temporary PostgreSQL on port {} could not be stopped; its keeper goes on trying", self.port);
        }
    }
}

/// The directory of one server, and the account it belongs to when that is not ours.
struct Home {
    path: PathBuf,
    account: Option<Account>,
    afterwards: Afterwards,
}

impl Home {
    fn create(path: PathBuf, afterwards: Afterwards) -> Outcome<Self> {
        let account = if account::is_root() {
            let account = Account::named(SERVER_ACCOUNT);
            Some(account.context(format!("PostgreSQL does not run as root and needs the account `{SERVER_ACCOUNT}`"))?)
        } else {
            None
        };
        let keep = afterwards == Afterwards::Keep;
        // Only a folder that is kept may be there already.
        fs::DirBuilder::new()
            .recursive(keep)
            .mode(0o700)
            .create(&path)
            .context(format!("creating {}", path.display()))?;
        if let Some(account) = &account {
            account.own(&path)?;
        }
        Ok(Self { path, account, afterwards })
    }

    fn keep(&self, programs: &Path) -> Outcome<Child> {
        let mut command = self.command(Path::new("sh"));
        command.args(["-c", KEEPER]).arg(programs.join("pg_ctl")).arg(self.data()).arg(&self.path);
        command.arg(STOP_SECONDS_MAX.to_string());
        command.arg(if self.afterwards == Afterwards::Keep { "keep" } else { "remove" });
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("starting the keeper of PostgreSQL")
    }

    fn initialise(&self, programs: &Path) -> Outcome<()> {
        let mut command = self.command(&programs.join("initdb"));
        command.args(["--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync", "--username", SUPERUSER]);
        command.arg("--pgdata").arg(self.data());
        process::output(&mut command).map(drop)
    }

    fn configure(&self, port: u16, more: &str) -> Outcome<()> {
        let file = self.data().join("postgresql.conf");
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nmax_connections = {CONNECTIONS_MAX}\n{more}\n",
            self.path.display()
        );
        let written =
            fs::OpenOptions::new().append(true).open(&file).and_then(|mut f| f.write_all(settings.as_bytes()));
        written.context(format!("writing {}", file.display()))
    }

    fn start(&self, programs: &Path) -> Outcome<()> {
        let log = self.path.join("server.log");
        let mut command = self.command(&programs.join("pg_ctl"));
        command.args(["start", "--silent", "--wait", &format!("--timeout={START_SECONDS_MAX}")]);
        command.arg("--pgdata").arg(self.data()).arg("--log").arg(&log);
        process::output(&mut command)
            .map(drop)
            .map_err(|failure| Failure::new(format!("{failure}\n{}", process::log_tail(&log))))
    }

    fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// A program that runs as the server's account, in a folder that account may enter.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("HOME", &self.path);
        process::hide_environment(&mut command, "PG");
        if let Some(account) = &self.account {
            account.run_as(&mut command);
        }
        command
    }
}

fn find_or_install_programs() -> Outcome<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    apt::install(DEBIAN_PACKAGE)
        .context("no PostgreSQL server programs by `pg_config --bindir`, in /usr/lib/postgresql or on PATH")?;
    find_programs().ok_or_else(|| Failure::new(format!("`{DEBIAN_PACKAGE}` is installed but has no server programs")))
}

/// The folder of the server programs: the one PostgreSQL names, else Debian's newest, else one on PATH.
fn find_programs() -> Option<PathBuf> {
    let named = process::output(Command::new("pg_config").arg("--bindir"));
    let named = named.ok().map(|text| PathBuf::from(text.trim()));
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut candidates = named.into_iter().chain(debian_folders()).chain(on_path.into_iter().flatten());
    // The client packages bring `pg_config` too, so its answer is no proof that a server is there.
    candidates.find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
}

fn debian_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir(DEBIAN_PROGRAMS).into_iter().flatten().flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut versions: Vec<u32> = versions.collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| Path::new(DEBIAN_PROGRAMS).join(version.to_string()).join("bin")).collect()
}
