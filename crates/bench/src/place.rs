//! Databases to measure on, and what is in them.

use crate::failure::{Failure, Outcome, While};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OpenFlags};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Packages with fewer assignments are the demo's own.
const LOADED_ASSIGNMENTS_MIN: i64 = 40;
/// Assignments that are read one by one.
const ASSIGNMENTS_MAX: i64 = 100_000;

/// A package that was loaded.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its id.
    pub id: Uuid,
    /// Its policy.
    pub policy: Uuid,
    /// The group it gives.
    pub group: Uuid,
}

/// What requests can name.
pub struct World {
    /// Assignments.
    pub assignments: Vec<Uuid>,
    /// Packages.
    pub packages: Vec<Package>,
    /// People.
    pub people: Vec<Uuid>,
    /// Who has or had which package.
    pub taken: HashSet<(Uuid, Uuid)>,
    /// The tenant.
    pub tenant_id: String,
    /// The app that calls.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl World {
    /// Reads it from a database that nobody serves.
    pub fn read(folder: &Path, database: Option<&str>) -> Outcome<Self> {
        let env = environment(folder)?;
        let value = |name: &str| env.get(name).cloned().doing(name);
        let least = LOADED_ASSIGNMENTS_MIN.to_string();
        let asked = [
            include_str!("place/assignments.sql").replace("{limit}", &ASSIGNMENTS_MAX.to_string()),
            include_str!("place/packages.sql").replace("{least}", &least),
            include_str!("place/people.sql").replace("{least}", &least),
            include_str!("place/taken.sql").to_owned(),
        ];
        let read = match database {
            None => read_file(&folder.join("tenure.db"), &asked),
            Some(url) => read_server(url, &asked),
        };
        let [assignments, packages, people, taken] = <[Vec<[Uuid; 3]>; 4]>::try_from(read?).map_err(|_| none())?;
        let world = Self {
            assignments: assignments.into_iter().map(|[id, ..]| id).collect(),
            packages: packages.into_iter().map(|[id, policy, group]| Package { id, policy, group }).collect(),
            people: people.into_iter().map(|[id, ..]| id).collect(),
            taken: taken.into_iter().map(|[package, person, _]| (package, person)).collect(),
            tenant_id: value("TENANT_ID")?,
            client_id: value("CLIENT_ID")?,
            client_secret: value("CLIENT_SECRET")?,
        };
        if world.packages.len() < 3 || world.people.is_empty() { Err(none()) } else { Ok(world) }
    }
}

fn none() -> Failure {
    Failure("the database holds no packages and people to measure with".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the benchmark looks into its databases itself")]
fn read_file(path: &Path, asked: &[String]) -> Outcome<Vec<Vec<[Uuid; 3]>>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).doing("opening the file")?;
    let one = |sql: &String| -> rusqlite::Result<Vec<[Uuid; 3]>> {
        let id = |row: &rusqlite::Row<'_>, at| -> rusqlite::Result<Uuid> {
            row.get_ref(at)?.as_blob().ok().and_then(|b| Uuid::from_slice(b).ok()).ok_or(rusqlite::Error::InvalidQuery)
        };
        connection.prepare(sql)?.query_map([], |row| Ok([id(row, 0)?, id(row, 1)?, id(row, 2)?]))?.collect()
    };
    asked.iter().map(|sql| one(sql).doing(sql)).collect()
}

struct Raw(Uuid);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Uuid::from_slice(raw)?))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Runs something on a connection to a server database.
#[expect(clippy::disallowed_methods, reason = "the benchmark makes and reads its databases itself")]
pub fn on_server<T>(url: &str, work: impl AsyncFnOnce(&Client) -> Outcome<T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.doing("connecting")?;
        tokio::spawn(connection);
        work(&client).await
    })
}

fn read_server(url: &str, asked: &[String]) -> Outcome<Vec<Vec<[Uuid; 3]>>> {
    on_server(url, async |client| {
        let mut all = Vec::new();
        for sql in asked {
            let rows = client.query(sql.as_str(), &[]).await.doing(sql)?;
            let ids = |row: tokio_postgres::Row| -> Result<[Uuid; 3], tokio_postgres::Error> {
                let id = |at: usize| row.try_get::<_, Raw>(at).map(|raw| raw.0);
                Ok([id(0)?, id(1)?, id(2)?])
            };
            all.push(rows.into_iter().map(ids).collect::<Result<Vec<_>, _>>().doing(sql)?);
        }
        Ok(all)
    })
}

/// `demo.env` of a data folder.
fn environment(folder: &Path) -> Outcome<HashMap<String, String>> {
    let text = fs::read_to_string(folder.join("demo.env")).doing("reading demo.env")?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
}

/// The master key of a data folder.
pub fn master_key(folder: &Path) -> Outcome<[u8; 32]> {
    let text = fs::read_to_string(folder.join("master.key")).doing("reading the master key")?;
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).doing("the master key")?;
    bytes.try_into().map_err(|_| Failure("the master key has the wrong length".to_owned()))
}

/// The token in an answer of the authority.
pub fn access_token(answer: &[u8]) -> Outcome<String> {
    let json: serde_json::Value = serde_json::from_slice(answer).doing("reading the token")?;
    json.get("access_token").and_then(|t| t.as_str()).map(ToOwned::to_owned).doing("the access token")
}
