//! `cargo xtask fixture` keeps a small database of this release; `cargo xtask upgrade` opens all that were ever kept with
//! the server of today, and a database of tomorrow with it, too.
//!
//! A fixture is a folder `RELEASE/sqlite` or `RELEASE/postgres` with the data, the master key, and a manifest: what
//! clients knew when it was made. The key is one for tests and seals nothing else.

mod fixture;
mod newer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::audit_check::audit_check;
use crate::clock;
use crate::crash::client::Client;
use crate::crash::http::{Call, once};
use crate::crash::proof::Proof;
use crate::crash::rng::Rng;
use crate::crash::servers::Servers;
use crate::crash::world::World;
use crate::crash::{Tally, state};
use crate::database::client;
use crate::failure::{Context, Failure, Outcome};
use crate::process;
use crate::session::Session;

const FIXTURES: &str = "crates/server/tests/fixtures/upgrade";
const DATA: &str = "data.gz";
const KEY: &str = "master.key";
const MANIFEST: &str = "manifest.json";
/// What each client does with the new server.
const STEPS: u32 = 15;
/// Around its end a token may be taken or not: clocks differ a little.
const TOKEN_DOUBT_SECONDS: u64 = 120;

/// The databases, by the names of their folders.
const STORES: [&str; 2] = ["sqlite", "postgres"];

/// The verb `fixture`.
pub fn make(mut arguments: Arguments) -> Outcome<ExitCode> {
    let release = arguments.value("--release")?;
    arguments.finish()?;
    let session = Session::open()?;
    let release = release.map_or_else(|| fixture::release(session.server()?), Ok)?;
    for store in STORES {
        fixture::make(&session, &folder(&session).join(&release).join(store), store)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The verb `upgrade`.
pub fn run(arguments: Arguments) -> Outcome<ExitCode> {
    arguments.finish()?;
    check(&Session::open()?)?;
    Ok(ExitCode::SUCCESS)
}

/// The same as a step of the tests.
pub fn check(session: &Session) -> Outcome<()> {
    let mut opened = 0;
    for release in folders(&folder(session))? {
        for store in folders(&release)? {
            let name = format!("{} on {}", name_of(&release), name_of(&store));
            open(session, &store).map_err(|failure| Failure::new(format!("{name}: {failure}")))?;
            println!("{name}: everything is there, time goes on, and a newer schema is refused");
            opened += 1;
        }
    }
    if opened < STORES.len() {
        return Err(Failure::new(format!("{opened} fixtures in {FIXTURES}; make them with `cargo xtask fixture`")));
    }
    Ok(())
}

fn folder(session: &Session) -> PathBuf {
    session.workspace.root.join(FIXTURES)
}

/// The folders in a folder, in the order of their names.
fn folders(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let reading = || format!("reading {} (make it with `cargo xtask fixture`)", folder.display());
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).context(reading())? {
        let path = entry.context(reading())?.path();
        if path.is_dir() {
            all.push(path);
        }
    }
    all.sort_unstable();
    Ok(all)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Opens one fixture with the server of today.
fn open(session: &Session, fixture: &Path) -> Outcome<()> {
    let on_postgres = name_of(fixture) == "postgres";
    let work = session.workspace.target.join("upgrade").join(name_of(fixture));
    let url = unpack(session, fixture, &work, on_postgres)?;
    let text = fs::read_to_string(fixture.join(MANIFEST)).context("reading the manifest")?;
    let manifest: Value = serde_json::from_str(&text).context("reading the manifest")?;
    let known =
        manifest.get("state").and_then(state::parse).ok_or_else(|| Failure::new("the manifest has no state"))?;
    let mut servers = Servers::start(&work, session.server()?, url.clone(), 1)?;
    let psql = on_postgres.then(|| session.postgres().map(|p| p.program("psql"))).transpose()?;
    let data = servers.data(psql);
    let addresses = servers.addresses();
    let world = World::again(&addresses, servers.folder(), (known.packages, known.rules))?;
    let mut clients = Vec::new();
    let mut rng = Rng::new(known.run.into());
    for (n, kept) in known.clients.into_iter().enumerate() {
        let mut client = Client::new((n, known.run + 1), true, &addresses, &world, rng.fork());
        // Signs in with a password of then.
        client.remember(kept)?;
        clients.push(Mutex::new(client));
    }
    let mut proof = Proof::new(&world, addresses, data.clone());
    old_token(&servers, &manifest)?;
    lists_are_the_same(&mut proof, &manifest)?;
    let mut tally = Tally::default();
    proof.whole(&clients, &mut tally)?;
    nothing(&tally)?;
    for client in &clients {
        let mut client = crate::crash::proof::known(client)?;
        (0..STEPS).for_each(|_| client.step());
    }
    proof.whole(&clients, &mut tally)?;
    proof.time_passes(&clients, &mut tally, true)?;
    nothing(&tally)?;
    if proof.expired == 0 {
        return Err(Failure::new("nothing has ended: that proves nothing about timers"));
    }
    let folder = servers.folder().to_owned();
    servers.stop()?;
    println!("audit {}", audit_check(session.server()?, &folder, url.as_deref())?);
    newer::is_refused(session.server()?, &folder, url.as_deref(), &data)
}

fn nothing(tally: &Tally) -> Outcome<()> {
    match tally.lost.iter().chain(&tally.doubled).next() {
        None => Ok(()),
        Some(first) => Err(Failure::new(first.clone())),
    }
}

/// Puts the data where a server finds it; gives the address of the database, where that is on a server.
fn unpack(session: &Session, fixture: &Path, work: &Path, on_postgres: bool) -> Outcome<Option<String>> {
    // Not there at all the first time.
    let _ = fs::remove_dir_all(work);
    let folder = work.join("0");
    fs::create_dir_all(&folder).context(format!("creating {}", folder.display()))?;
    fs::copy(fixture.join(KEY), folder.join(KEY)).context("copying the master key")?;
    let data = folder.join(if on_postgres { "dump.sql" } else { "tenure.db" });
    let packed = folder.join(DATA);
    fs::copy(fixture.join(DATA), &packed).context("copying the data")?;
    process::output(Command::new("gzip").args(["--decompress", "--force"]).arg(&packed))?;
    fs::rename(packed.with_extension(""), &data).context("unpacking the data")?;
    if !on_postgres {
        return Ok(None);
    }
    let postgres = session.postgres()?;
    let url = postgres.create_database("upgrade")?;
    process::output(client(&postgres.program("psql")).arg("--file").arg(&data).arg(&url))?;
    Ok(Some(url))
}

/// A token of then is good as long as it was promised to be, whatever release checks it.
fn old_token(servers: &Servers, manifest: &Value) -> Outcome<()> {
    let token = manifest.get("token").and_then(Value::as_str).unwrap_or_default();
    let ends = end_of(token).ok_or_else(|| Failure::new("the token of the fixture cannot be read"))?;
    let address = servers.addresses().first().copied().ok_or_else(|| Failure::new("no server"))?;
    let body = String::new();
    let call = Call { method: "GET", path: "/v1.0/users?$top=1", token, content_type: "", body, id: "" };
    let status = once(address, &call, 1)?.status;
    let now = clock::unix_seconds();
    match status {
        200 if now < ends + TOKEN_DOUBT_SECONDS => Ok(()),
        401 if now + TOKEN_DOUBT_SECONDS > ends => Ok(()),
        _ => Err(Failure::new(format!("a token that ends at {ends} was answered {status} at {now}"))),
    }
}

/// When a token ends, as it says itself: tokens live for different times.
fn end_of(token: &str) -> Option<u64> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&claims).ok()?.get("exp")?.as_u64()
}

/// Lists of the demo that time does not change, and what of each is compared.
fn lists() -> [String; 12] {
    let governance = "/v1.0/identityGovernance/entitlementManagement";
    [
        // Guests are made when their access starts.
        "/v1.0/users?$select=id,displayName,userPrincipalName&$filter=userType eq 'Member'&$top=999".to_owned(),
        "/v1.0/groups?$select=id,displayName&$top=999".to_owned(),
        "/v1.0/applications?$select=id,displayName,appId&$top=999".to_owned(),
        "/v1.0/servicePrincipals?$select=id,displayName,appId&$top=999".to_owned(),
        format!("{governance}/catalogs?$select=id,displayName,description,state&$top=999"),
        format!("{governance}/accessPackages?$select=id,displayName,description&$top=999"),
        format!("{governance}/accessPackages?$select=id&$expand=incompatibleAccessPackages($select=id)&$top=999"),
        format!("{governance}/assignmentPolicies?$select=id,displayName,allowedTargetScope&$top=999"),
        format!(
            "{governance}/connectedOrganizations?$select=id,displayName,state&$expand=internalSponsors($select=id)&$top=999"
        ),
        "/v1.0/roleManagement/entitlementManagement/roleAssignments?$select=id,principalId,roleDefinitionId&$top=999"
            .to_owned(),
        "/tenure/v1/jobs?$select=id,state,total,done&$top=999".to_owned(),
        format!(
            "{governance}/assignmentRequests?$select=id,requestType,createdDateTime&$filter=requestType eq 'userAdd'&$top=999"
        ),
    ]
}

/// What each list says, by its path.
fn read_lists(proof: &mut Proof) -> Outcome<Value> {
    let mut all = serde_json::Map::new();
    for path in lists() {
        let mut rows = proof.list(&path)?;
        rows.sort_by_key(|row| row.get("id").map(ToString::to_string));
        all.insert(path, json!(rows));
    }
    Ok(Value::Object(all))
}

fn lists_are_the_same(proof: &mut Proof, manifest: &Value) -> Outcome<()> {
    let then = manifest.get("lists").and_then(Value::as_object).ok_or_else(|| Failure::new("no lists"))?;
    for (path, wanted) in then {
        let mut rows = proof.list(path)?;
        rows.sort_by_key(|row| row.get("id").map(ToString::to_string));
        let there = json!(rows);
        if there != *wanted {
            return Err(Failure::new(format!("{path} was {wanted} and is {there}")));
        }
    }
    Ok(())
}
