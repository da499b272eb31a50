//! Databases on the server that the environment names. The name of each begins with the number of a connection that
//! this process holds until it ends; databases whose number no connection has any more were left behind, and go.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use tenure_store::{ServerConfig, Store};

/// The server to make databases on, as a URL that ends in a database name.
pub const SERVER_VARIABLE: &str = "TENURE_TEST_POSTGRES";
/// Times a statement is tried: copying a database fails while somebody else is connected to it for a moment.
const TRIES: u32 = 20;
/// What databases of tests are called first.
const PREFIX: &str = "tenure_test";

const CONNECTION_NUMBER: &str = include_str!("server/connection_number.sql");
const LEFT_BEHIND: &str = include_str!("server/left_behind.sql");
const SAVE: &str = include_str!("server/save.sql");
const RESTORE: &str = include_str!("server/restore.sql");
const SEVER: &str = include_str!("server/sever.sql");

/// Databases that were copied from an image and are not in use: making one takes longer than putting it in order.
static FREE: Mutex<Vec<Database>> = Mutex::new(Vec::new());
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of this process.
pub(crate) struct Database {
    name: String,
    pub(crate) url: String,
    /// The image it was copied from.
    image: Option<String>,
    /// Stays when it was used.
    is_kept: bool,
}

fn admin() -> String {
    env::var(SERVER_VARIABLE).expect("kinds() looked")
}

fn at(name: &str) -> String {
    let admin = admin();
    let (head, _) = admin.rsplit_once('/').expect("a URL with a database name");
    format!("{head}/{name}")
}

fn free() -> MutexGuard<'static, Vec<Database>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The database that all others are copied from: migrated once per process.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = next_name();
        run(&admin(), &format!("CREATE DATABASE {name}"));
        drop(Store::server(&ServerConfig { url: at(&name), threads: 1 }).expect("the template is migrated"));
        name
    })
}

impl Database {
    /// An empty, migrated one.
    pub(crate) fn fresh() -> Self {
        Self::copied(template(), None)
    }

    /// A copy of an image that goes when it was used once.
    pub(crate) fn copy(image: &str) -> Self {
        Self::copied(image, None)
    }

    /// The same of a database that is no image.
    pub(crate) fn copy_of(from: &Self) -> Self {
        Self::copied(&from.name, None)
    }

    fn copied(from: &str, image: Option<String>) -> Self {
        let name = next_name();
        run(&admin(), &format!("CREATE DATABASE {name} TEMPLATE {from}"));
        let url = at(&name);
        Self { name, url, image, is_kept: false }
    }

    /// One that stays under its name; made anew unless it is whole.
    pub(crate) fn kept(name: &str, is_whole: bool) -> Self {
        if !is_whole {
            run(&admin(), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            run(&admin(), &format!("CREATE DATABASE {name}"));
        }
        Self { name: name.to_owned(), url: at(name), image: None, is_kept: true }
    }

    /// Ends all connections to it.
    pub(crate) fn sever(&self) {
        run(&self.url, SEVER);
    }

    /// Keeps what it holds for copies; gives the name of the image. It stays as long as the process.
    pub(crate) fn into_image(self) -> String {
        run(&self.url, SAVE);
        let name = self.name.clone();
        std::mem::forget(self);
        name
    }

    /// One that holds what an image does.
    pub(crate) fn of_image(image: &str) -> Self {
        let known = {
            let mut free = free();
            let at = free.iter().position(|d| d.image.as_deref() == Some(image));
            at.map(|at| free.swap_remove(at))
        };
        match known {
            Some(database) => {
                run(&database.url, RESTORE);
                database
            }
            None => Self::copied(image, Some(image.to_owned())),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if self.image.is_some() {
            let (name, url, image) = (self.name.clone(), self.url.clone(), self.image.take());
            free().push(Self { name, url, image, is_kept: false });
        } else {
            run(&admin(), &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn next_name() -> String {
    format!("{}_{}", process_prefix(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `tenure_test_{connection}`, with a connection that lives as long as this process.
fn process_prefix() -> &'static str {
    static HELD: OnceLock<String> = OnceLock::new();
    HELD.get_or_init(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            runtime().block_on(async {
                let client = connect(&admin()).await;
                let row = client.query_one(CONNECTION_NUMBER, &[]).await.expect("the number of the connection");
                tell.send(row.get::<_, String>(0)).expect("somebody waits");
                for row in client.query(LEFT_BEHIND, &[]).await.unwrap_or_default() {
                    // Another process may sweep at the same time.
                    let name: String = row.get(0);
                    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await;
                }
                std::future::pending::<()>().await;
            });
        });
        format!("{PREFIX}_{}", told.recv().expect("the server answers"))
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[expect(clippy::disallowed_methods, reason = "the test kit makes and drops databases; the store never does")]
async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

/// Runs a statement, on a thread and runtime of its own: tests may have one already.
fn run(url: &str, statement: &str) {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    let run = move || {
        runtime().block_on(async {
            let client = connect(&url).await;
            for attempt in 1..=TRIES {
                match client.batch_execute(&statement).await {
                    Ok(()) => return,
                    Err(error) => assert!(attempt < TRIES, "{statement}: {error:?}"),
                }
            }
        });
    };
    std::thread::spawn(run).join().expect("the statement runs");
}
