//! Databases to measure on, and what is in them.

use crate::failure::{Failure, Outcome, While};
use crate::rng::Rng;
use crate::template::Texts;
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

/// Packages with fewer assignments, and approvers with fewer requests, are the demo's own.
const LOADED_MIN: i64 = 40;
/// Who approves, as the demo calls her.
const APPROVER: &str = "approver";
/// Assignments that are read one by one.
const ASSIGNMENTS_MAX: i64 = 100_000;

/// A package that was loaded.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its id.
    pub id: Uuid,
    /// Its policy under which nobody approves.
    pub policy: Uuid,
    /// Its policy under which somebody does.
    pub approval: Uuid,
    /// Its catalog.
    pub catalog: Uuid,
    /// The group it gives.
    pub group: Uuid,
    /// The group as a resource.
    pub resource: Uuid,
    /// The role of it.
    pub role: Uuid,
    /// The scope of it.
    pub scope: Uuid,
}

/// A request that waits for a decision.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// The request.
    pub request: Uuid,
    /// Its one stage.
    pub stage: Uuid,
    /// Whom it is for.
    pub person: Uuid,
    /// What it is for.
    pub package: Package,
}

/// What requests can name.
pub struct World {
    /// Assignments.
    pub assignments: Vec<Uuid>,
    /// Packages.
    pub packages: Vec<Package>,
    /// People.
    pub people: Vec<Uuid>,
    /// Requests that wait, in no order.
    pub waiting: Vec<Waiting>,
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
        let least = LOADED_MIN.to_string();
        let asked = [
            include_str!("place/assignments.sql").replace("{limit}", &ASSIGNMENTS_MAX.to_string()),
            include_str!("place/packages.sql").replace("{least}", &least),
            include_str!("place/people.sql").replace("{least}", &least),
            include_str!("place/waiting.sql").replace("{least}", &least),
            include_str!("place/taken.sql").to_owned(),
        ];
        let read = match database {
            None => read_file(&folder.join("tenure.db"), &asked),
            Some(url) => read_server(url, &asked),
        };
        let [assignments, packages, people, waiting, taken] =
            <[Vec<Vec<Uuid>>; 5]>::try_from(read?).map_err(|_| none())?;
        let packages: Vec<Package> = packages.iter().filter_map(|row| package(row)).collect();
        let by_id: HashMap<Uuid, Package> = packages.iter().map(|p| (p.id, *p)).collect();
        let one_waits = |row: &Vec<Uuid>| match row.as_slice() {
            [request, stage, person, package] => by_id.get(package).map(|package| Waiting {
                request: *request,
                stage: *stage,
                person: *person,
                package: *package,
            }),
            _ => None,
        };
        let mut waiting: Vec<Waiting> = waiting.iter().filter_map(one_waits).collect();
        shuffle(&mut waiting);
        let pair = |row: &Vec<Uuid>| row.first().copied().zip(row.get(1).copied());
        let world = Self {
            assignments: assignments.into_iter().flatten().collect(),
            packages,
            people: people.into_iter().flatten().collect(),
            waiting,
            taken: taken.iter().filter_map(pair).collect(),
            tenant_id: value("TENANT_ID")?,
            client_id: value("CLIENT_ID")?,
            client_secret: value("CLIENT_SECRET")?,
        };
        if world.packages.len() < 3 || world.people.is_empty() || world.waiting.is_empty() {
            return Err(none());
        }
        Ok(world)
    }
}

fn package(row: &[Uuid]) -> Option<Package> {
    let [id, policy, approval, catalog, group, resource, role, scope] = *row else { return None };
    Some(Package { id, policy, approval, catalog, group, resource, role, scope })
}

/// Nobody decides in the order in which was asked.
fn shuffle<T>(all: &mut [T]) {
    let mut rng = Rng::new(11);
    for i in (1..all.len()).rev() {
        all.swap(i, rng.below(i + 1));
    }
}

/// The person who approves in the demo tenant: name and password.
pub fn approver(folder: &Path) -> Outcome<(String, String)> {
    let env = environment(folder)?;
    let value = |name: &str| env.get(name).cloned().doing(name);
    Ok((format!("{APPROVER}@{}", value("USER_DOMAIN")?), value("DEMO_PASSWORD")?))
}

/// The tenant.
pub fn tenant(folder: &Path) -> Outcome<String> {
    environment(folder)?.remove("TENANT_ID").doing("TENANT_ID")
}

/// The client with which people sign in.
pub fn public_client(folder: &Path) -> Outcome<String> {
    environment(folder)?.remove("PUBLIC_CLIENT_ID").doing("PUBLIC_CLIENT_ID")
}

fn none() -> Failure {
    Failure("the database holds no packages and people to measure with".to_owned())
}

/// What subjects are called: a request writes the one it is for, and changes nothing when it is called as before.
#[expect(clippy::disallowed_methods, reason = "the benchmark looks into its databases itself")]
pub fn texts(folder: &Path, database: Option<&str>) -> Outcome<Texts> {
    let sql = include_str!("place/texts.sql");
    if let Some(url) = database {
        return on_server(url, async |client| {
            let rows = client.query(sql, &[]).await.doing(sql)?;
            let one = |row: &tokio_postgres::Row| -> Result<(Uuid, Vec<String>), tokio_postgres::Error> {
                let texts = (1..row.len()).map(|at| row.try_get::<_, String>(at)).collect::<Result<Vec<_>, _>>()?;
                Ok((row.try_get::<_, Raw>(0)?.0, texts))
            };
            rows.iter().map(one).collect::<Result<Texts, _>>().doing(sql)
        });
    }
    let path = folder.join("tenure.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).doing("opening the file")?;
    let mut statement = connection.prepare(sql).doing(sql)?;
    let columns = statement.column_count();
    let one = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(Uuid, Vec<String>)> {
        let id = row.get_ref(0)?.as_blob().ok().and_then(|b| Uuid::from_slice(b).ok());
        let texts = (1..columns).map(|at| row.get::<_, String>(at)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((id.ok_or(rusqlite::Error::InvalidQuery)?, texts))
    };
    let found = statement.query_map([], one).doing(sql)?;
    found.collect::<rusqlite::Result<Texts>>().doing(sql)
}

#[expect(clippy::disallowed_methods, reason = "the benchmark looks into its databases itself")]
fn read_file(path: &Path, asked: &[String]) -> Outcome<Vec<Vec<Vec<Uuid>>>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).doing("opening the file")?;
    let one = |sql: &String| -> rusqlite::Result<Vec<Vec<Uuid>>> {
        let id = |row: &rusqlite::Row<'_>, at| -> rusqlite::Result<Uuid> {
            row.get_ref(at)?.as_blob().ok().and_then(|b| Uuid::from_slice(b).ok()).ok_or(rusqlite::Error::InvalidQuery)
        };
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        statement.query_map([], |row| (0..columns).map(|at| id(row, at)).collect())?.collect()
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

fn read_server(url: &str, asked: &[String]) -> Outcome<Vec<Vec<Vec<Uuid>>>> {
    on_server(url, async |client| {
        let mut all = Vec::new();
        for sql in asked {
            let rows = client.query(sql.as_str(), &[]).await.doing(sql)?;
            let ids = |row: tokio_postgres::Row| -> Result<Vec<Uuid>, tokio_postgres::Error> {
                (0..row.len()).map(|at| row.try_get::<_, Raw>(at).map(|raw| raw.0)).collect()
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

/// Whom a token is for.
pub fn bearer(token: &str) -> Outcome<Uuid> {
    let claims = token.split('.').nth(1).doing("reading the token")?;
    let json: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).doing("reading the token")?)
        .doing("reading the token")?;
    json.get("oid").and_then(|id| id.as_str()).doing("whom the token is for")?.parse().doing("whom the token is for")
}

/// The token in an answer of the authority.
pub fn access_token(answer: &[u8]) -> Outcome<String> {
    let json: serde_json::Value = serde_json::from_slice(answer).doing("reading the token")?;
    json.get("access_token").and_then(|t| t.as_str()).map(ToOwned::to_owned).doing("the access token")
}
