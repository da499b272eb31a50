//! The directory that every rule reads: users, groups, applications and service principals (decisions.md B).

pub mod application;
pub mod group;
pub mod guest;
pub mod site;
pub mod user;

use crate::attribute::is_extension;
use crate::ids::ObjectId;
use serde_json::{Map, Value};

/// What a directory object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// The identity of an application in this tenant.
    ServicePrincipal,
    /// An application's registration.
    Application,
}

impl ObjectKind {
    /// The stored number.
    pub const fn code(self) -> i64 {
        match self {
            Self::User => 1,
            Self::Group => 2,
            Self::ServicePrincipal => 3,
            Self::Application => 4,
        }
    }

    /// The kind stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::User),
            2 => Some(Self::Group),
            3 => Some(Self::ServicePrincipal),
            4 => Some(Self::Application),
            _ => None,
        }
    }
}

/// Attributes that are kept and shown but that no rule of this release acts on, by their published names.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Attributes(pub Map<String, Value>);

impl Attributes {
    /// The text of `name`, if it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Takes over what `change` mentions; null clears. A schema extension has one value, however its name is written.
    pub fn merge(&mut self, change: &Self) {
        for (name, value) in &change.0 {
            let known = self.0.keys().find(|known| known.eq_ignore_ascii_case(name)).filter(|_| is_extension(name));
            let name = known.unwrap_or(name).clone();
            if value.is_null() {
                self.0.remove(&name);
            } else {
                self.0.insert(name, value.clone());
            }
        }
    }

    /// Names whose value differs from `other`, with the JSON texts before (here) and after (there).
    pub fn changes(&self, other: &Self) -> Vec<(String, Option<String>, Option<String>)> {
        let mut names: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.sort();
        names.dedup();
        let text = |m: &Map<String, Value>, n: &String| m.get(n).map(ToString::to_string);
        names
            .into_iter()
            .map(|n| (n.clone(), text(&self.0, n), text(&other.0, n)))
            .filter(|(_, old, new)| old != new)
            .collect()
    }
}

/// A change of the embedded directory that fulfilment makes (decisions.md C2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryOp {
    /// The group, service principal, site or directory role.
    pub origin: ObjectId,
    /// What is held there.
    pub role: crate::catalog::RoleKind,
    /// Who gets or loses it.
    pub principal: ObjectId,
    /// Whether it is given or taken.
    pub give: bool,
}
