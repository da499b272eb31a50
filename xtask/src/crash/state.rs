//! What is kept of a run, so that it can be cut off and gone on with on the same database, or looked at again much later
//! by another release.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::client::{Client, Counts, Decision, Kind, Petition, Stand, Thing};
use super::proof::known;
use super::world::{Many, Package, Rules, World};
use crate::failure::{Context, Failure, Outcome};

/// What one client knew.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// People, and whether they hold the lasting package.
    pub people: BTreeMap<String, bool>,
    pub things: Vec<Thing>,
    /// Who asks, and whether that person holds what is asked for.
    pub asker: (String, bool),
    /// What it knows about approval.
    pub petition: Petition,
    /// The role that it has put into the package of many.
    pub role: Option<String>,
    pub departments: BTreeMap<String, String>,
    pub counts: Counts,
    pub clock: String,
}

/// A run that was cut off.
pub struct State {
    pub kills: u32,
    pub run: u32,
    /// The packages: lasting, ending, asked for. The token is a new one.
    pub packages: [Package; 3],
    /// Nothing in a run of a release that had no approvals.
    pub rules: Option<Rules>,
    pub clients: Vec<Kept>,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// Keeps what is known after so many kills. Whole or not at all.
pub fn save(folder: &Path, kills_and_run: (u32, u32), world: &World, clients: &[Mutex<Client>]) -> Outcome<()> {
    let text = text(kills_and_run, world, clients)?.to_string();
    let half = folder.join("state.new");
    fs::write(&half, text).and_then(|()| fs::rename(&half, file(folder))).context("keeping the state of the run")
}

/// What is known after so many kills.
pub fn text((kills, run): (u32, u32), world: &World, clients: &[Mutex<Client>]) -> Outcome<Value> {
    let packages = [&world.lasting, &world.ending, &world.asked].map(package_text);
    let rules = world.rules.as_ref().map(|rules| {
        let Rules { approved, approvers, many } = rules;
        json!({
            "approved": package_text(approved),
            "approvers": approvers,
            "many": package_text(&many.package),
            "groups": many.groups,
            "holders": many.holders,
        })
    });
    let mut kept = Vec::new();
    for client in clients {
        let client = known(client)?.keep();
        let things: Vec<Value> = client.things.iter().map(|t| json!([t.kind.list(), t.name, t.id])).collect();
        kept.push(json!({
            "people": client.people,
            "things": things,
            "asker": client.asker.0,
            "asker_holds": client.asker.1,
            "departments": client.departments,
            "counts": client.counts.numbers(),
            "petition": petition_text(&client.petition),
            "role": client.role,
            "clock": client.clock,
        }));
    }
    Ok(json!({"kills": kills, "run": run, "packages": packages, "rules": rules, "clients": kept}))
}

fn package_text(package: &Package) -> Value {
    json!([package.id, package.policy, package.group])
}

fn petition_text(petition: &Petition) -> Value {
    let stand = match &petition.stand {
        Stand::Nothing => json!(null),
        Stand::Waits(request) => json!(request),
        Stand::Holds => json!(true),
    };
    let decisions: Vec<Value> =
        petition.decisions.iter().map(|d| json!([d.request, d.stage, d.approves, d.reason])).collect();
    json!({"asker": petition.asker, "stand": stand, "end": petition.end, "decisions": decisions})
}

/// What was kept, if anything was.
pub fn load(folder: &Path) -> Outcome<Option<State>> {
    let Ok(text) = fs::read_to_string(file(folder)) else { return Ok(None) };
    let json: Value = serde_json::from_str(&text).context("reading the state of the run")?;
    parse(&json).map(Some).ok_or_else(|| Failure::new("the state of the run cannot be read"))
}

/// Reads what [`text`] wrote.
pub fn parse(json: &Value) -> Option<State> {
    let number = |name: &str| u32::try_from(json.get(name)?.as_u64()?).ok();
    let packages = json.get("packages")?.as_array()?.iter().map(package);
    let clients = json.get("clients")?.as_array()?.iter().map(|client| {
        let things = client.get("things")?.as_array()?.iter().map(|thing| {
            let [list, name, id] = texts(thing)?.try_into().ok()?;
            let kind = [Kind::Catalog, Kind::Group].into_iter().find(|kind| kind.list() == list)?;
            Some(Thing { kind, name, id })
        });
        let people = client.get("people")?.as_object()?.iter().map(|(id, holds)| Some((id.clone(), holds.as_bool()?)));
        let departments = client.get("departments")?.as_object()?.iter();
        let departments = departments.map(|(id, name)| Some((id.clone(), name.as_str()?.to_owned())));
        let counts: Vec<u64> = client.get("counts")?.as_array()?.iter().filter_map(Value::as_u64).collect();
        Some(Kept {
            people: people.collect::<Option<_>>()?,
            things: things.collect::<Option<_>>()?,
            asker: (client.get("asker")?.as_str()?.to_owned(), client.get("asker_holds")?.as_bool()?),
            departments: departments.collect::<Option<_>>()?,
            counts: Counts::of(&counts),
            petition: client.get("petition").map_or_else(|| Some(Petition::default()), petition)?,
            role: client.get("role").and_then(Value::as_str).map(str::to_owned),
            clock: client.get("clock")?.as_str()?.to_owned(),
        })
    });
    Some(State {
        kills: number("kills")?,
        run: number("run")?,
        packages: packages.collect::<Option<Vec<_>>>()?.try_into().ok()?,
        rules: json.get("rules").filter(|rules| !rules.is_null()).map_or(Some(None), |of| rules(of).map(Some))?,
        clients: clients.collect::<Option<_>>()?,
    })
}

fn package(json: &Value) -> Option<Package> {
    let [id, policy, group] = texts(json)?.try_into().ok()?;
    Some(Package { id, policy, group })
}

fn rules(json: &Value) -> Option<Rules> {
    let many = Many {
        package: package(json.get("many")?)?,
        groups: texts(json.get("groups")?)?,
        holders: usize::try_from(json.get("holders")?.as_u64()?).ok()?,
    };
    let approvers = json.get("approvers")?.as_str()?.to_owned();
    Some(Rules { approved: package(json.get("approved")?)?, approvers, many })
}

fn petition(json: &Value) -> Option<Petition> {
    let decisions = json.get("decisions")?.as_array()?.iter().map(|decision| {
        let text = |at: usize| Some(decision.get(at)?.as_str()?.to_owned());
        Some(Decision { request: text(0)?, stage: text(1)?, approves: decision.get(2)?.as_bool()?, reason: text(3)? })
    });
    let stand = match json.get("stand")? {
        Value::String(request) => Stand::Waits(request.clone()),
        Value::Bool(true) => Stand::Holds,
        _ => Stand::Nothing,
    };
    Some(Petition {
        asker: json.get("asker")?.as_str()?.to_owned(),
        stand,
        end: json.get("end")?.as_str()?.to_owned(),
        decisions: decisions.collect::<Option<_>>()?,
        ..Petition::default()
    })
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::crash::client::{Count, Stand};

    #[test]
    fn a_state_is_read_whole_or_not_at_all() {
        let text = r#"{"kills":20,"run":2,"packages":[["a","b","c"],["d","e","f"],["g","h","i"]],
            "clients":[{"people":{"p":true},"things":[["/v1.0/groups","Crash 1 0 0","x"]],"asker":"p","asker_holds":false,
            "departments":{"p":"Crash 7"},"counts":[1,2,3,4,5],"clock":"2026-01-01T00:00:00Z"}]}"#;
        let state = parse(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((state.kills, state.run, state.packages[2].group.as_str()), (20, 2, "i"));
        assert!(state.rules.is_none(), "a release without rules");
        let client = &state.clients[0];
        assert_eq!(
            (client.things[0].name.as_str(), client.counts.get(Count::Endings), client.people["p"]),
            ("Crash 1 0 0", 5, true)
        );
        assert!(parse(&serde_json::from_str(&text.replace("/v1.0/groups", "/v1.0/sites")).unwrap()).is_none());
    }

    #[test]
    fn what_is_known_about_approval_is_read_again() {
        let text = r#"{"kills":20,"run":2,"packages":[["a","b","c"],["d","e","f"],["g","h","i"]],
            "rules":{"approved":["j","k","l"],"approvers":"m","many":["n","o","p"],"groups":["q"],"holders":7},
            "clients":[{"people":{},"things":[],"asker":"p","asker_holds":false,"departments":{},"counts":[1],"clock":"",
            "petition":{"asker":"r","stand":"s","end":"","decisions":[["s","t",true,"Crash 1"]]},"role":"u_v"}]}"#;
        let state = parse(&serde_json::from_str(text).unwrap()).unwrap();
        let client = &state.clients[0];
        assert_eq!(state.rules.map(|rules| (rules.many.holders, rules.approved.policy)), Some((7, "k".to_owned())));
        assert_eq!(client.petition.stand, Stand::Waits("s".to_owned()));
        assert_eq!((client.petition.decisions[0].stage.as_str(), client.role.as_deref()), ("t", Some("u_v")));
    }
}
