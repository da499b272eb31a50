//! Whether answers are as the schema declares them: every name, type and word, and null only where it may be.
//! `$metadata` is written from the same tables, so an answer that passes is one that the document describes.

use serde_json::{Map, Value};
use tenure_api::SCHEMA;
use tenure_odata::edm::{EntityType, Version, type_name};
use tenure_odata::path::{self, Step, Suffix};
use tenure_odata::types::{Primitive, Shape, Structure, Type};

/// What of an answer to `method path` is not as it is declared; nothing for paths whose answers are no objects.
pub fn faults(method: &str, path: &str, answer: &Value) -> Vec<String> {
    let found = Version::ALL.into_iter().find_map(|version| {
        let rest = path.strip_prefix('/')?.strip_prefix(version.prefix())?;
        rest.starts_with('/').then_some((version, rest))
    });
    let Some((version, path)) = found else { return Vec::new() };
    let path = path.split('?').next().unwrap_or_default();
    let Ok(resolved) = path::resolve(&SCHEMA, version, path, |_| None) else { return Vec::new() };
    let functions = ["filterByCurrentUser", "additionalAccess"];
    let is_action = |s: &Step| matches!(s, Step::Operation { name, .. } if !functions.contains(name));
    if resolved.suffix != Suffix::Nothing || resolved.steps.iter().any(is_action) {
        return Vec::new();
    }
    let mut check = Check { version, faults: Vec::new() };
    match (resolved.steps.last(), answer.get("value").and_then(Value::as_array)) {
        (Some(Step::Property(property)), _) => check.shape("", property.shape(), &answer["value"]),
        (_, Some(rows)) if resolved.is_collection && method == "GET" => {
            for (i, row) in rows.iter().enumerate() {
                check.entity(&format!("/value/{i}"), resolved.entity, row);
            }
        }
        _ => check.entity("", resolved.entity, answer),
    }
    check.faults
}

struct Check {
    version: Version,
    faults: Vec<String>,
}

impl Check {
    fn fault(&mut self, at: &str, what: impl Into<String>) {
        self.faults.push(format!("{at}: {}", what.into()));
    }

    fn entity(&mut self, at: &str, declared: &'static EntityType, value: &Value) {
        let Some(object) = value.as_object() else { return self.fault(at, "is no object") };
        let said = object.get("@odata.type").and_then(Value::as_str);
        let entity = match said {
            None if declared.says_type => return self.fault(at, "does not say its type"),
            None => declared,
            Some(said) if said.starts_with("#microsoft.graph.") => {
                let own = (declared.name == type_name(said)).then_some(declared);
                match declared.variant(said).map(|v| v.entity).or(own) {
                    Some(entity) => entity,
                    None => return self.fault(at, format!("`{said}` is no {}", declared.name)),
                }
            }
            Some(said) => return self.fault(at, format!("`{said}` is no full type name")),
        };
        for (name, value) in object.iter().filter(|(n, _)| !n.contains('@')) {
            let at = format!("{at}/{name}");
            let version = self.version;
            let property = entity.properties.iter().find(|p| p.name.get(version) == Some(name));
            let nav = entity.navigations.iter().find(|n| n.name.get(version) == Some(name));
            match (property, nav) {
                (Some(property), _) if entity.properties.first().is_some_and(|key| std::ptr::eq(key, property)) => {
                    self.shape(&at, property.shape().never_null(), value);
                }
                (Some(property), _) => self.shape(&at, property.shape(), value),
                (None, Some(nav)) if nav.many => {
                    let Some(all) = value.as_array() else { return self.fault(&at, "is no list") };
                    for one in all {
                        self.entity(&at, nav.target, one);
                    }
                }
                (None, Some(nav)) if !value.is_null() => self.entity(&at, nav.target, value),
                (None, Some(_)) => {}
                (None, None) if entity.open_member(name).is_some() && value.is_string() => {}
                (None, None) => self.fault(&at, format!("`{}` declares no such member", entity.name)),
            }
        }
    }

    fn shape(&mut self, at: &str, shape: Shape, value: &Value) {
        if !shape.many {
            return self.one(at, shape, value);
        }
        let Some(all) = value.as_array() else { return self.fault(at, format!("is no list: {value}")) };
        for one in all {
            self.one(at, shape, one);
        }
    }

    fn one(&mut self, at: &str, shape: Shape, value: &Value) {
        if value.is_null() {
            if !shape.nullable {
                self.fault(at, "is null");
            }
            return;
        }
        match shape.of(self.version) {
            Type::Primitive(primitive) if !is_a(primitive, value) => {
                self.fault(at, format!("is no {}: {value}", primitive.name()));
            }
            Type::Primitive(_) => {}
            Type::Enum(words) => {
                let said = value.as_str().unwrap_or_default();
                let is_capital = words.is_capital(self.version);
                let is_said = |word: &str| said == if is_capital { capital(word) } else { word.to_owned() };
                if !words.members.iter().any(|(_, word)| is_said(word)) {
                    self.fault(at, format!("is no declared word: {value}"));
                }
            }
            Type::Structure(structure) => self.structure(at, structure, value),
        }
    }

    fn structure(&mut self, at: &str, declared: &'static Structure, value: &Value) {
        let Some(object) = value.as_object() else { return self.fault(at, format!("is no object: {value}")) };
        let structure = match object.get("@odata.type").and_then(Value::as_str) {
            None if declared.is_abstract => return self.fault(at, "does not say its type"),
            None => declared,
            Some(said) => match declared.variant(self.version, said) {
                Some(structure) if said.starts_with("#microsoft.graph.") => structure,
                _ => return self.fault(at, format!("`{said}` is not declared")),
            },
        };
        self.members(at, structure, object);
    }

    fn members(&mut self, at: &str, structure: &'static Structure, object: &Map<String, Value>) {
        for (name, value) in object.iter().filter(|(n, _)| !n.contains('@')) {
            let version = self.version;
            match structure.all_members().find(|m| m.name.get(version) == Some(name)) {
                Some(member) => self.shape(&format!("{at}/{name}"), member.shape, value),
                None if structure.is_open => {}
                None => self.fault(&format!("{at}/{name}"), format!("{:?} declares no such member", structure.name)),
            }
        }
    }
}

/// A word with a capital.
fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn is_a(primitive: Primitive, value: &Value) -> bool {
    let text = value.as_str();
    match primitive {
        Primitive::String | Primitive::Binary => text.is_some(),
        Primitive::Guid => text.is_some_and(|t| uuid::Uuid::parse_str(t).is_ok()),
        Primitive::Boolean => value.is_boolean(),
        Primitive::Int32 => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        Primitive::DateTimeOffset => {
            text.is_some_and(|t| t.ends_with('Z') && t.parse::<tenure_domain::Timestamp>().is_ok())
        }
        Primitive::Date => text.is_some_and(|t| t.len() == "2026-03-01".len() && t.split('-').count() == 3),
        Primitive::Duration => text.is_some_and(|t| t.parse::<tenure_domain::time::IsoDuration>().is_ok()),
    }
}
