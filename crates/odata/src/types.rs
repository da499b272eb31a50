//! What values are: primitive types, enumerations, structures, and the shape of a property. Rows have entity types
//! ([`crate::edm::EntityType`]); everything that is written inside a row has a type from here.

use crate::edm::{EntityType, Name, Version};

/// A primitive type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// Text.
    String,
    /// A GUID that is declared as one; most ids are declared as text.
    Guid,
    /// Yes or no.
    Boolean,
    /// A whole number of 32 bits.
    Int32,
    /// An instant.
    DateTimeOffset,
    /// A day.
    Date,
    /// A length of time.
    Duration,
    /// Bytes, written in base64.
    Binary,
}

impl Primitive {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "Edm.String",
            Self::Guid => "Edm.Guid",
            Self::Boolean => "Edm.Boolean",
            Self::Int32 => "Edm.Int32",
            Self::DateTimeOffset => "Edm.DateTimeOffset",
            Self::Date => "Edm.Date",
            Self::Duration => "Edm.Duration",
            Self::Binary => "Edm.Binary",
        }
    }
}

/// The words of an enumeration with their numbers, which are the published ones and those that are stored.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The published type name; a version without one has the words as plain strings.
    pub name: Name,
    /// Number and word in lower camel case.
    pub members: &'static [(i64, &'static str)],
    /// Whether the newer version writes the words with a capital.
    pub beta_capital: bool,
}

impl EnumType {
    /// Words that are plain strings in every version, spelt the same.
    pub const fn strings(members: &'static [(i64, &'static str)]) -> Self {
        Self { name: Name::both(""), members, beta_capital: false }
    }

    /// Words of a type of the older version; the newer one has them as strings with a capital.
    pub const fn older(name: &'static str, members: &'static [(i64, &'static str)]) -> Self {
        Self { name: Name::pair(name, ""), members, beta_capital: true }
    }

    /// Words of a type, spelt the same in both versions.
    pub const fn named(name: Name, members: &'static [(i64, &'static str)]) -> Self {
        Self { name, members, beta_capital: false }
    }

    /// The stored number of a word, without regard to case.
    pub fn code(&self, word: &str) -> Option<i64> {
        self.members.iter().find(|(_, w)| w.eq_ignore_ascii_case(word)).map(|(code, _)| *code)
    }

    /// The word of a stored number.
    pub fn word(&self, code: i64) -> Option<&'static str> {
        self.members.iter().find(|(c, _)| *c == code).map(|(_, w)| *w)
    }

    /// Whether the word is written with a capital in `version`.
    pub fn is_capital(&self, version: Version) -> bool {
        self.beta_capital && version == Version::Beta
    }
}

/// A type.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A primitive one.
    Primitive(Primitive),
    /// An enumeration.
    Enum(&'static EnumType),
    /// A structure.
    Structure(&'static Structure),
}

/// What a property or a parameter holds.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The type in the older version and on the product's own surface.
    pub of: Type,
    /// The type in the newer version.
    pub beta: Type,
    /// One value or a list.
    pub many: bool,
    /// Whether it, or a value of the list, can be null.
    pub nullable: bool,
    /// Where it is a navigation: whether its targets are parts of what holds them.
    pub is_contained: bool,
}

impl Shape {
    /// One value, which can be null.
    pub const fn one(of: Type) -> Self {
        Self { of, beta: of, many: false, nullable: true, is_contained: false }
    }

    /// A list.
    pub const fn many(of: Type) -> Self {
        Self { many: true, ..Self::one(of) }
    }

    /// Its targets are parts of what holds them.
    pub const fn contained(mut self) -> Self {
        self.is_contained = true;
        self
    }

    /// One primitive value.
    pub const fn primitive(of: Primitive) -> Self {
        Self::one(Type::Primitive(of))
    }

    /// One structure.
    pub const fn structure(of: &'static Structure) -> Self {
        Self::one(Type::Structure(of))
    }

    /// A list of structures.
    pub const fn structures(of: &'static Structure) -> Self {
        Self::many(Type::Structure(of))
    }

    /// One word.
    pub const fn word(of: &'static EnumType) -> Self {
        Self::one(Type::Enum(of))
    }

    /// Another type in the newer version.
    pub const fn in_beta(mut self, beta: Type) -> Self {
        self.beta = beta;
        self
    }

    /// Never null.
    pub const fn never_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The type in `version`.
    pub const fn of(&self, version: Version) -> Type {
        match version {
            Version::Beta => self.beta,
            Version::V1 | Version::Own => self.of,
        }
    }
}

/// A structure that has no rows: its values are written inside others.
#[derive(Debug)]
pub struct Structure {
    /// The published type name.
    pub name: Name,
    /// The versions that publish it as an entity type, so that what holds it is a navigation there.
    pub entity_in: &'static [Version],
    /// What it adds to.
    pub base: Option<&'static Self>,
    /// Structures that add to it; values say their type when there are any.
    pub derived: &'static [&'static Self],
    /// Only values of derived structures exist.
    pub is_abstract: bool,
    /// Values may have further members.
    pub is_open: bool,
    /// Its own members.
    pub members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// What it holds.
    pub shape: Shape,
}

impl Member {
    /// The same in both versions.
    pub const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name: Name::both(name), shape }
    }

    /// With a name per version.
    pub const fn named(name: Name, shape: Shape) -> Self {
        Self { name, shape }
    }
}

impl Structure {
    /// A complex type.
    pub const fn complex(name: Name, members: &'static [Member]) -> Self {
        Self { name, entity_in: &[], base: None, derived: &[], is_abstract: false, is_open: false, members }
    }

    /// Published as an entity type by these versions; its values are written in line, with their id.
    pub const fn entity_in(mut self, versions: &'static [Version]) -> Self {
        self.entity_in = versions;
        self
    }

    /// Adds to `base`, which names it among its derived structures.
    pub const fn adds_to(mut self, base: &'static Self) -> Self {
        self.base = Some(base);
        self
    }

    /// Only these exist as values.
    pub const fn one_of(mut self, derived: &'static [&'static Self]) -> Self {
        self.derived = derived;
        self.is_abstract = true;
        self
    }

    /// These add to it.
    pub const fn or(mut self, derived: &'static [&'static Self]) -> Self {
        self.derived = derived;
        self
    }

    /// Values may have further members.
    pub const fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Whether what holds it is a navigation in `version`.
    pub fn is_entity(&self, version: Version) -> bool {
        self.entity_in.contains(&version)
    }

    /// Its members and those of what it adds to.
    pub fn all_members(&self) -> impl Iterator<Item = &'static Member> {
        let mut next = Some(self.members);
        let mut base = self.base;
        std::iter::from_fn(move || {
            let members = next.take()?;
            next = base.map(|b| b.members);
            base = base.and_then(|b| b.base);
            Some(members)
        })
        .flatten()
    }

    /// It, or what adds to it, that has this name; with or without namespace.
    pub fn variant(&'static self, version: Version, name: &str) -> Option<&'static Self> {
        if self.name.is(version, crate::edm::type_name(name)) {
            return Some(self);
        }
        self.derived.iter().find_map(|d| d.variant(version, name))
    }
}

/// What an operation answers.
#[derive(Clone, Copy, Debug)]
pub enum Returned {
    /// Nothing.
    Nothing,
    /// The type it is bound to: a list of it, or one.
    Bound {
        /// A list or one.
        many: bool,
        /// Whether it, or a value of the list, can be null.
        nullable: bool,
    },
    /// Something else.
    Value(Shape),
    /// A list of another entity type: the path goes on there.
    Others(&'static EntityType),
}

/// A function or an action that is bound to a type or to lists of it.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// Functions are read; actions are posted.
    pub is_function: bool,
    /// The type it is published for, when that is a base of the one that offers it.
    pub bound_to: Option<&'static str>,
    /// Bound to lists.
    pub on_many: bool,
    /// What it takes.
    pub parameters: &'static [Member],
    /// What it answers.
    pub returns: Returned,
    /// The versions that have it.
    pub versions: &'static [Version],
}

impl Operation {
    /// An action on one object that answers nothing.
    pub const fn action(name: &'static str) -> Self {
        Self {
            name,
            is_function: false,
            bound_to: None,
            on_many: false,
            parameters: &[],
            returns: Returned::Nothing,
            versions: &Version::ALL,
        }
    }

    /// A function on lists that answers a part of them.
    pub const fn selection(name: &'static str, parameters: &'static [Member]) -> Self {
        Self {
            is_function: true,
            on_many: true,
            parameters,
            returns: Returned::Bound { many: true, nullable: true },
            ..Self::action(name)
        }
    }

    /// Published for a base type.
    pub const fn bound_to(mut self, base: &'static str) -> Self {
        self.bound_to = Some(base);
        self
    }

    /// Only in these versions.
    pub const fn only_in(mut self, versions: &'static [Version]) -> Self {
        self.versions = versions;
        self
    }

    /// Whether `version` has it.
    pub fn is_in(&self, version: Version) -> bool {
        self.versions.contains(&version)
    }

    /// Bound to lists.
    pub const fn on_many(mut self) -> Self {
        self.on_many = true;
        self
    }

    /// With parameters.
    pub const fn takes(mut self, parameters: &'static [Member]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Answers this.
    pub const fn gives(mut self, returns: Returned) -> Self {
        self.returns = returns;
        self
    }
}
