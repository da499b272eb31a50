//! What a metadata document says, whichever form it was read from. Names carry no namespace.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Entity,
    Complex,
}

/// A property, a navigation or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `Edm.String`, `user`, or `Collection(user)`.
    pub type_name: String,
    pub nullable: bool,
    pub is_navigation: bool,
}

#[derive(Clone, Debug)]
pub struct Structured {
    pub kind: Kind,
    pub base: Option<String>,
    pub members: BTreeMap<String, Member>,
}

#[derive(Clone, Debug)]
pub struct Operation {
    pub is_function: bool,
    pub parameters: BTreeMap<String, Member>,
    pub returns: Option<Member>,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub types: BTreeMap<String, Structured>,
    /// Words with their numbers, where those are known.
    pub enums: BTreeMap<String, BTreeMap<String, Option<i64>>>,
    /// By `name(type)` or `name(Collection(type))`.
    pub operations: BTreeMap<String, Operation>,
    /// Sets and singletons of the container, with their type.
    pub tops: BTreeMap<String, String>,
}

impl Model {
    /// Takes over what another document says; what both say is put together.
    pub fn add(&mut self, other: Self) {
        for (name, theirs) in other.types {
            match self.types.get_mut(&name) {
                Some(ours) => {
                    ours.base = ours.base.take().or(theirs.base);
                    ours.members.extend(theirs.members);
                }
                None => drop(self.types.insert(name, theirs)),
            }
        }
        self.enums.extend(other.enums);
        self.operations.extend(other.operations);
        self.tops.extend(other.tops);
    }

    /// A member of a type or of what it adds to.
    pub fn member(&self, type_name: &str, name: &str) -> Option<&Member> {
        let mut next = self.types.get(type_name);
        // A chain of bases is no longer than there are types.
        for _ in 0..=self.types.len() {
            let structured = next?;
            if let Some(member) = structured.members.get(name) {
                return Some(member);
            }
            next = structured.base.as_ref().and_then(|base| self.types.get(base));
        }
        None
    }
}

/// A type name without namespace, inside `Collection(…)` too.
pub fn short(name: &str) -> String {
    let (before, inner, after) = match name.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => ("Collection(", inner, ")"),
        None => ("", name, ""),
    };
    let inner = inner.strip_prefix("microsoft.graph.").or_else(|| inner.strip_prefix("graph.")).unwrap_or(inner);
    format!("{before}{inner}{after}")
}
