//! An extract of a published document: JSON with the names, types and nullability of what it declares.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::model::{Kind, Member, Model, Operation, Structured, short};
use crate::failure::{Context, Failure, Outcome};

/// The version a file is about, and what it says.
pub fn read(path: &Path) -> Outcome<(String, Model)> {
    let text = fs::read_to_string(path).context("opening it")?;
    let json: Value = serde_json::from_str(&text).context("reading it as JSON")?;
    let version = json["meta"]["version"].as_str().ok_or_else(|| Failure::new("it has no meta.version"))?;
    let mut model = Model::default();
    for (section, kind) in [("entityTypes", Kind::Entity), ("complexTypes", Kind::Complex)] {
        for (name, said) in members(&json[section]) {
            model.types.insert(name.clone(), structured(said, kind));
        }
    }
    for (name, said) in members(&json["enumTypes"]) {
        let words = members(&said["members"]).map(|(word, value)| (word.clone(), value.as_i64())).collect();
        model.enums.insert(name.clone(), words);
    }
    for said in json["operations"].as_array().into_iter().flatten().filter(|o| o["bound"] == true) {
        let (name, bound_to) = (text_of(&said["name"]), text_of(&said["bindingType"]));
        let bound_to = collection(bound_to, said["bindingCollection"] == true);
        model.operations.insert(format!("{name}({bound_to})"), operation(said));
    }
    for (name, said) in members(&json["containers"]) {
        model.tops.insert(name.clone(), short(text_of(&said["type"])));
    }
    Ok((version.to_owned(), model))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn collection(name: &str, many: bool) -> String {
    if many { format!("Collection({})", short(name)) } else { short(name) }
}

fn structured(said: &Value, kind: Kind) -> Structured {
    let properties = members(&said["props"]).map(|(name, m)| (name.clone(), member(m, false)));
    let navigations = members(&said["nav"]).map(|(name, m)| (name.clone(), member(m, true)));
    let base = said["base"].as_str().map(ToOwned::to_owned);
    Structured { kind, base, members: properties.chain(navigations).collect() }
}

fn member(said: &Value, is_navigation: bool) -> Member {
    Member {
        type_name: collection(text_of(&said["type"]), said["collection"] == true),
        nullable: said["nullable"] != false,
        is_navigation,
    }
}

fn operation(said: &Value) -> Operation {
    let parameters = said["params"].as_array().into_iter().flatten();
    let parameters: BTreeMap<String, Member> =
        parameters.map(|p| (text_of(&p["name"]).to_owned(), member(p, false))).collect();
    let returns = said["returns"].is_object().then(|| member(&said["returns"], false));
    Operation { is_function: said["kind"] == "function", parameters, returns }
}
