//! A fresh database per test, of each kind. SQLite: a file in a temporary folder. PostgreSQL: a database of its own on
//! the server that the environment names.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tenure_store::{ServerConfig, Store};

/// The server to make databases on, as a URL that ends in a database name.
pub const SERVER_VARIABLE: &str = "TENURE_TEST_POSTGRES";
/// When set, tests fail where that server is missing, instead of running on the embedded database only.
pub const REQUIRED_VARIABLE: &str = "TENURE_REQUIRE_POSTGRES";
/// Connections of one test's store.
const THREADS: usize = 3;

/// Which kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SQLite.
    Embedded,
    /// PostgreSQL.
    Server,
}

/// The kinds that tests run on.
///
/// # Panics
/// When the server is required and not named.
pub fn kinds() -> Vec<Kind> {
    if env::var_os(SERVER_VARIABLE).is_some() {
        return vec![Kind::Embedded, Kind::Server];
    }
    assert!(env::var_os(REQUIRED_VARIABLE).is_none(), "{SERVER_VARIABLE} is not set");
    vec![Kind::Embedded]
}

/// Defines a test that runs on every kind of database: `both_databases! { fn name(db) { … } }`.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* fn $name:ident($db:ident) $body:block)+) => {$(
        $(#[$meta])*
        #[test]
        fn $name() {
            for kind in $crate::db::kinds() {
                let $db = $crate::Db::fresh(kind);
                $body
            }
        }
    )+};
}

/// A database of one test; gone when dropped.
pub struct Db {
    /// Which kind.
    pub kind: Kind,
    folder: TempDir,
    server: Option<Server>,
}

struct Server {
    admin: String,
    name: String,
    url: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Db {
    /// An empty, migrated database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn fresh(kind: Kind) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let server = (kind == Kind::Server).then(Server::create);
        Self { kind, folder, server }
    }

    /// Opens a store on it; several at once are several nodes.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn store(&self) -> Store {
        let opened = match &self.server {
            Some(server) => Store::server(&ServerConfig { url: server.url.clone(), threads: THREADS }),
            None => Store::embedded(&self.folder.path().join("tenure.db")),
        };
        opened.expect("the store opens")
    }

    /// The URL of a server database.
    pub fn url(&self) -> Option<&str> {
        self.server.as_ref().map(|s| s.url.as_str())
    }

    /// The folder of the test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// The database that all others are copied from: migrated once per process.
fn template(admin: &str) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("tenure_template_{}", std::process::id());
        sql(admin, &format!("DROP DATABASE IF EXISTS {name}"));
        sql(admin, &format!("CREATE DATABASE {name}"));
        let url = with_database(admin, &name);
        drop(Store::server(&ServerConfig { url, threads: 1 }).expect("the template is migrated"));
        name
    })
}

impl Server {
    fn create() -> Self {
        let admin = env::var(SERVER_VARIABLE).expect("kinds() looked");
        let template = template(&admin);
        let name = format!("tenure_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        sql(&admin, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let url = with_database(&admin, &name);
        Self { admin, name, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        sql(&self.admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (head, _) = url.rsplit_once('/').expect("a URL with a database name");
    format!("{head}/{name}")
}

/// Runs one statement on the server, on a thread and runtime of its own.
#[expect(clippy::disallowed_methods, reason = "the test kit makes and drops databases; the store never does")]
fn sql(url: &str, statement: &str) {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server answers");
            let task = tokio::spawn(connection);
            // Copying the template fails while somebody else is connected to it for a moment.
            for attempt in 0..20 {
                match client.batch_execute(&statement).await {
                    Ok(()) => break,
                    Err(error) => assert!(attempt < 19, "{statement}: {error:?}"),
                }
            }
            drop(client);
            let _ = task.await;
        });
    };
    std::thread::spawn(run).join().expect("the statement runs");
}
