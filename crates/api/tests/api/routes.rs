//! Every route of both published versions, from the schema and the table of writes, held still in a golden file; and what
//! of a list of published routes is missing.

use crate::schema::all_sets;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::{env, fs};
use tenure_api::probe;
use tenure_odata::edm::{EntityType, Version};
use tenure_odata::types::Operation;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/routes.txt");
/// Where `cargo xtask route-diff` says the published routes are: a table with tabs and a head.
const PUBLISHED: &str = "TENURE_ROUTES";
const PUBLISHED_VERSIONS: [Version; 2] = [Version::V1, Version::Beta];
/// What fills a place for a key.
const KEY: &str = "0191f0a4-0000-7000-8000-000000000001";
/// A role in a package is named by two ids.
const KEY_OF_ROLE_SCOPE: &str = "0191f0a4-0000-7000-8000-000000000001_0191f0a4-0000-7000-8000-000000000002";

/// What can be read and called along a path, with everything one object leads to. What that leads to in turn follows from
/// the type there, and is not written out: there is no end to it.
pub fn reached(path: &str, entity: &'static EntityType, version: Version, is_one: bool) -> Vec<(String, String)> {
    let mut all = vec![("GET".to_owned(), path.to_owned())];
    let one = if is_one { path.to_owned() } else { format!("{path}/{{id}}") };
    if !is_one {
        all.push(("GET".to_owned(), format!("{path}/$count")));
        all.push(("GET".to_owned(), one.clone()));
    }
    all.extend(
        entity.navigations.iter().filter_map(|n| Some(("GET".to_owned(), format!("{one}/{}", n.name.get(version)?)))),
    );
    let called = |o: &&&Operation| o.is_in(version) && o.is_function;
    for operation in entity.operations.iter().filter(called) {
        let arguments: Vec<_> = operation
            .parameters
            .iter()
            .map(|p| format!("{}='{{}}'", p.name.get(version).unwrap_or_default()))
            .collect();
        all.push(("GET".to_owned(), format!("{path}/{}({})", operation.name, arguments.join(","))));
    }
    all
}

pub fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{id}" => KEY.to_owned(),
        _ => part.replace("{}", "x"),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_is_the_golden_one_and_leads_somewhere() {
    let mut text = String::from(
        "# Every route of the published versions: sets, objects, what they lead to, functions; then the shapes that are\n\
         # written to, in the names of the older version. Made from the schema: UPDATE=1 writes it anew.\n",
    );
    for version in PUBLISHED_VERSIONS {
        for (path, set) in all_sets(version) {
            for (method, route) in reached(&path, set.entity, version, set.is_one) {
                let after = route.strip_prefix(&format!("/{}", version.prefix())).expect("a path of the version");
                assert!(probe::route(version, &method, &filled(after)).is_some(), "{method} {route} leads nowhere");
                writeln!(text, "{method} {route}").expect("a text");
            }
        }
    }
    for (method, shape) in tenure_api::written() {
        writeln!(text, "{method} {shape}").expect("a text");
    }
    if env::var_os("UPDATE").is_some() {
        fs::write(GOLDEN, &text).expect("the file is written");
    }
    let there = fs::read_to_string(GOLDEN).unwrap_or_default();
    let differing = there.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(there == text, "{GOLDEN} is out of date, first at {differing:?}: UPDATE=1 writes it anew");
}

/// One published route.
struct Published {
    version: Version,
    method: String,
    path: String,
    is_documented: bool,
    /// The real service has it in its description and answers 404.
    is_dead: bool,
}

fn published(text: &str) -> Vec<Published> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a head").split('\t').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap_or_else(|| panic!("no column {name}"));
    let columns = ["version", "method", "path", "documented", "notes"].map(column);
    let read = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [version, method, path, documented, notes] = columns.map(|at| cells.get(at).copied().unwrap_or_default());
        Published {
            version: if version == "beta" { Version::Beta } else { Version::V1 },
            method: method.to_owned(),
            path: path.to_owned(),
            is_documented: documented == "y",
            is_dead: notes.contains("answers 404"),
        }
    };
    lines.map(read).collect()
}

/// The path with its places filled, and with what.
fn with_keys(path: &str) -> (String, Vec<String>) {
    let mut keys = Vec::new();
    let mut previous = "";
    let parts = path.split('/').map(|part| {
        let key = if previous.to_ascii_lowercase().ends_with("resourcerolescopes") { KEY_OF_ROLE_SCOPE } else { KEY };
        previous = part;
        if part.starts_with('{') {
            keys.push(key.to_owned());
            return key.to_owned();
        }
        let Some((name, arguments)) = part.split_once('(').filter(|(_, a)| a.contains('{')) else {
            return part.to_owned();
        };
        // A function keeps its arguments, a set has a key in parentheses.
        let value = arguments.split_once('{').map_or("", |(before, _)| before);
        if !["filterByCurrentUser", "additionalAccess"].contains(&name) {
            keys.push("x".to_owned());
        }
        if value.is_empty() { format!("{name}('x')") } else { format!("{name}({value}x')") }
    });
    let path = parts.collect::<Vec<_>>().join("/");
    (path, keys)
}

/// Whether a documented route, a method and a path with `{}` for keys, leads somewhere.
pub fn leads_somewhere(line: &str) -> bool {
    let (method, path) = line.split_once(" /").unwrap_or_default();
    let (version, path) = path.split_once('/').unwrap_or_default();
    is_served(&Published {
        version: if version == "beta" { Version::Beta } else { Version::V1 },
        method: method.to_owned(),
        path: format!("/{path}").replace("()", "(on='x')").replace("{}", "{id}"),
        is_documented: true,
        is_dead: false,
    })
}

fn is_served(route: &Published) -> bool {
    let (path, keys) = with_keys(&route.path);
    // A word that no member of the type has is taken for a key where a key can stand.
    probe::route(route.version, &route.method, &path)
        .is_some_and(|(_, found)| found.iter().filter(|key| *key != "me").all(|key| keys.contains(key)))
}

#[test]
#[expect(clippy::print_stdout, reason = "it is run by hand and tells what it found")]
#[ignore = "needs a list of published routes: cargo xtask route-diff FILE"]
fn published_routes_are_served() {
    let file = env::var(PUBLISHED).unwrap_or_else(|_| panic!("{PUBLISHED} names no file"));
    let all = published(&fs::read_to_string(&file).expect("the list of published routes"));
    let (alive, dead): (Vec<_>, Vec<_>) = all.iter().partition(|route| !route.is_dead);
    let mut missing: BTreeMap<bool, BTreeSet<String>> = BTreeMap::new();
    let mut served: BTreeMap<bool, usize> = BTreeMap::new();
    for route in alive {
        if is_served(route) {
            *served.entry(route.is_documented).or_default() += 1;
        } else {
            let line = format!("{} /{}{}", route.method, route.version.prefix(), route.path);
            missing.entry(route.is_documented).or_default().insert(line);
        }
    }
    let revived: Vec<_> = dead.into_iter().filter(|route| is_served(route)).collect();
    for route in &revived {
        println!("served, though the published service answers 404: {} {}", route.method, route.path);
    }
    for (is_documented, lines) in &missing {
        let kind = if *is_documented { "documented" } else { "generated" };
        let shown = *is_documented || env::var_os("TENURE_ROUTES_ALL").is_some();
        lines.iter().filter(|_| shown).for_each(|line| println!("missing, {kind}: {line}"));
    }
    let count = |is_documented: bool| missing.get(&is_documented).map_or(0, BTreeSet::len);
    let had = |is_documented: bool| served.get(&is_documented).copied().unwrap_or_default();
    println!(
        "route-diff: documented: {} served, {} missing; generated: {} served, {} missing",
        had(true),
        count(true),
        had(false),
        count(false)
    );
    assert_eq!(count(true), 0, "documented routes are missing");
    assert!(revived.is_empty(), "routes are served that the published service answers with 404");
}
