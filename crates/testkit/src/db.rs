//! A fresh database per test, of each kind. SQLite: a file in a temporary folder. PostgreSQL: a database of its own on
//! the server that the environment names.

use crate::server::{Database, SERVER_VARIABLE};
use std::{env, fs};
use tempfile::TempDir;
use tenure_store::{Bounds, ServerConfig, Store};

/// When set, tests fail where that server is missing, instead of running on the embedded database only.
pub const REQUIRED_VARIABLE: &str = "TENURE_REQUIRE_POSTGRES";
/// Connections of one test's store.
pub const THREADS: usize = 3;
/// The file of an embedded database.
const FILE: &str = "tenure.db";

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
    let says = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if says(SERVER_VARIABLE) {
        return vec![Kind::Embedded, Kind::Server];
    }
    assert!(!says(REQUIRED_VARIABLE), "{SERVER_VARIABLE} is not set");
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
    server: Option<Database>,
}

/// A database to be copied: filled once, and as often as tests want.
pub enum Image {
    /// The bytes of the file.
    Embedded(Vec<u8>),
    /// The name on the server.
    Server(String),
}

impl Db {
    /// An empty, migrated database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn fresh(kind: Kind) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { kind, folder, server: (kind == Kind::Server).then(Database::fresh) }
    }

    /// A database with what another one held when its image was made.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn of_image(image: &Image) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        match image {
            Image::Embedded(bytes) => {
                fs::write(folder.path().join(FILE), bytes).expect("the copy is written");
                Self { kind: Kind::Embedded, folder, server: None }
            }
            Image::Server(name) => Self { kind: Kind::Server, folder, server: Some(Database::of_image(name)) },
        }
    }

    /// The same, and it is not put back into the shape of the image for others: for tests that load a lot.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn of_image_once(image: &Image) -> Self {
        match image {
            Image::Embedded(_) => Self::of_image(image),
            Image::Server(name) => {
                let folder = TempDir::new().expect("a temporary folder");
                Self { kind: Kind::Server, folder, server: Some(Database::copy(name)) }
            }
        }
    }

    /// What it holds, for copies. All of its stores are closed by now.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn into_image(self) -> Image {
        match self.server {
            Some(server) => Image::Server(server.into_image()),
            None => Image::Embedded(fs::read(self.folder.path().join(FILE)).expect("the database file")),
        }
    }

    /// Opens a store on it; several at once are several nodes.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn store(&self) -> Store {
        self.store_within(Bounds::default())
    }

    /// Opens a store on it within bounds that are not those of the product.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn store_within(&self, bounds: Bounds) -> Store {
        let opened = match &self.server {
            Some(server) => Store::server_within(&ServerConfig { url: server.url.clone(), threads: THREADS }, bounds),
            None => Store::embedded_within(&self.file(), bounds),
        };
        opened.expect("the store opens")
    }

    /// The file of an embedded database.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join(FILE)
    }

    /// Ends all connections to a server database, as the end of the server would.
    pub fn sever(&self) {
        if let Some(server) = &self.server {
            server.sever();
        }
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
