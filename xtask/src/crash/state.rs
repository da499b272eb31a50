//! What is kept of a long run, so that it can be cut off and gone on with on the same database.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::client::Client;
use super::proof::known;
use super::world::{Package, World};
use crate::failure::{Context, Failure, Outcome};

/// What one client knew.
pub struct Kept {
    pub people: Vec<String>,
    pub catalogs: Vec<(String, String)>,
}

/// A run that was cut off.
pub struct State {
    pub kills: u32,
    pub run: u32,
    /// The packages; the token is a new one.
    pub lasting: Package,
    pub ending: Package,
    pub clients: Vec<Kept>,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// Keeps what is known after so many kills. Whole or not at all.
pub fn save(folder: &Path, (kills, run): (u32, u32), world: &World, clients: &[Mutex<Client>]) -> Outcome<()> {
    let package = |p: &Package| json!([p.id, p.policy, p.group]);
    let mut kept = Vec::new();
    for client in clients {
        let client = known(client)?;
        kept.push(json!({"people": client.people.keys().collect::<Vec<_>>(), "catalogs": client.catalogs}));
    }
    let (lasting, ending) = (package(&world.lasting), package(&world.ending));
    let text = json!({"kills": kills, "run": run, "lasting": lasting, "ending": ending, "clients": kept}).to_string();
    let half = folder.join("state.new");
    fs::write(&half, text).and_then(|()| fs::rename(&half, file(folder))).context("keeping the state of the run")
}

/// What was kept, if anything was.
pub fn load(folder: &Path) -> Outcome<Option<State>> {
    let Ok(text) = fs::read_to_string(file(folder)) else { return Ok(None) };
    let json: Value = serde_json::from_str(&text).context("reading the state of the run")?;
    parse(&json).map(Some).ok_or_else(|| Failure::new("the state of the run cannot be read"))
}

fn parse(json: &Value) -> Option<State> {
    let number = |name: &str| u32::try_from(json.get(name)?.as_u64()?).ok();
    let package = |name: &str| {
        let parts = texts(json.get(name)?)?;
        let [id, policy, group] = parts.try_into().ok()?;
        Some(Package { id, policy, group })
    };
    let clients = json.get("clients")?.as_array()?.iter().map(|client| {
        let catalogs = client.get("catalogs")?.as_array()?.iter().map(|pair| {
            let [name, id] = texts(pair)?.try_into().ok()?;
            Some((name, id))
        });
        Some(Kept { people: texts(client.get("people")?)?, catalogs: catalogs.collect::<Option<_>>()? })
    });
    Some(State {
        kills: number("kills")?,
        run: number("run")?,
        lasting: package("lasting")?,
        ending: package("ending")?,
        clients: clients.collect::<Option<_>>()?,
    })
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}
