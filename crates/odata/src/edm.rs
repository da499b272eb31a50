//! The schema as static tables: entity types, properties, navigations, and the tree of entity sets.
//!
//! A name has a spelling per API version; a version without a spelling does not have the thing. Columns, relations and
//! links are opaque words here: the store knows what they stand for.

pub use crate::types::EnumType;
use crate::types::{Operation, Primitive, Shape, Type};
use crate::value::Cells;

/// A version of the API. [`Version::Own`] is the product's own surface beside the two published ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `/v1.0`
    #[default]
    V1,
    /// `/beta`
    Beta,
    /// `/tenure/v1`
    Own,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1, Self::Beta, Self::Own];

    /// The first path segment or segments of the version.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
            Self::Own => "tenure/v1",
        }
    }
}

/// A name in each version; empty where the version does not have the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    v1: &'static str,
    beta: &'static str,
    own: &'static str,
}

impl Name {
    /// The same in both published versions.
    pub const fn both(name: &'static str) -> Self {
        Self { v1: name, beta: name, own: "" }
    }

    /// Another one in each published version; empty is absent.
    pub const fn pair(v1: &'static str, beta: &'static str) -> Self {
        Self { v1, beta, own: "" }
    }

    /// Only on the product's own surface.
    pub const fn own(name: &'static str) -> Self {
        Self { v1: "", beta: "", own: name }
    }

    /// The name in `version`, if it has one.
    pub const fn get(&self, version: Version) -> Option<&'static str> {
        let name = match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
            Version::Own => self.own,
        };
        if name.is_empty() { None } else { Some(name) }
    }

    /// Whether it is spelt `text` in `version`, without regard to case.
    pub fn is(&self, version: Version, text: &str) -> bool {
        self.get(version).is_some_and(|name| name.eq_ignore_ascii_case(text))
    }

    /// Every spelling.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        [self.v1, self.beta, self.own].into_iter().filter(|n| !n.is_empty())
    }
}

/// A column, as the store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column(pub &'static str);

/// Where the rows of an entity type come from, as the store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relation(pub &'static str);

/// A table of pairs, as the store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link(pub &'static str);

/// Writes a property's JSON from the cells of its columns.
pub type WriteJson = fn(&dyn Cells, Version, &mut Vec<u8>);

/// How a property is written.
#[derive(Clone, Copy, Debug)]
pub enum Codec {
    /// A text.
    Text,
    /// An id.
    Id,
    /// Yes or no.
    Bool,
    /// A number.
    Int,
    /// An instant.
    Time,
    /// A word of an enumeration.
    Enum(&'static EnumType),
    /// JSON text that is stored as it is shown.
    Json,
    /// A member of a JSON object column; the word is its name there.
    Attribute(&'static str),
    /// Like [`Codec::Attribute`], but an absent one is an empty list.
    AttributeList(&'static str),
    /// Like [`Codec::Attribute`], but an absent one is no.
    AttributeFlag(&'static str),
    /// Always the same JSON.
    Fixed(&'static str),
    /// Anything else.
    Custom(WriteJson),
}

/// How the values of an operand compare.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text without regard to case; the column holds the folded text.
    Text,
    /// An id.
    Id,
    /// Yes or no.
    Bool,
    /// A number.
    Int,
    /// An instant.
    Time,
    /// A word of an enumeration; the column holds its number.
    Enum(&'static EnumType),
}

/// How filters and orders address a property.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// The column that is compared.
    pub column: Column,
    /// How.
    pub kind: Kind,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether its values are unique, so that looking one up is cheap.
    pub unique: bool,
    /// Whether lists can be ordered by it.
    pub sortable: bool,
}

/// What a lambda over a collection property looks into.
#[derive(Debug)]
pub enum Items {
    /// Folded texts in one column, each between separators.
    List(Column),
    /// Rows of a side relation that belong to this one.
    Rows {
        /// Where they come from.
        relation: Relation,
        /// Their column that holds this row's key.
        parent: Column,
        /// What can be said about them.
        members: &'static [Property],
    },
}

/// A property of an entity or complex type.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: Name,
    /// The columns it is written from.
    pub columns: &'static [Column],
    /// How it is written.
    pub codec: Codec,
    /// How filters address it.
    pub operand: Option<Operand>,
    /// Members that filters can address below it.
    pub members: &'static [Self],
    /// What lambdas over it look into.
    pub items: Option<&'static Items>,
    /// Only written when selected by name.
    pub on_request: bool,
    /// What it holds, where the codec does not tell.
    pub declared: Option<Shape>,
    /// Declared by each derived type; the base type only lets queries name it.
    pub of_derived: bool,
}

impl Property {
    /// A property written from `columns`; not filterable, written by default.
    pub const fn new(name: Name, codec: Codec, columns: &'static [Column]) -> Self {
        Self {
            name,
            columns,
            codec,
            operand: None,
            members: &[],
            items: None,
            on_request: false,
            declared: None,
            of_derived: false,
        }
    }

    /// What it holds, where the codec does not tell.
    pub const fn is(mut self, shape: Shape) -> Self {
        self.declared = Some(shape);
        self
    }

    /// Never null.
    pub const fn never_null(mut self) -> Self {
        self.declared = Some(self.shape().never_null());
        self
    }

    /// Declared by each derived type.
    pub const fn of_derived(mut self) -> Self {
        self.of_derived = true;
        self
    }

    /// What it holds. Ids are declared as text unless the property says otherwise.
    pub const fn shape(&self) -> Shape {
        if let Some(shape) = self.declared {
            return shape;
        }
        let primitive = match self.codec {
            Codec::Bool => Primitive::Boolean,
            Codec::AttributeFlag(_) => return Shape::primitive(Primitive::Boolean).never_null(),
            Codec::Int => Primitive::Int32,
            Codec::Time => Primitive::DateTimeOffset,
            Codec::Enum(words) => return Shape::word(words),
            Codec::AttributeList(_) => return Shape::many(Type::Primitive(Primitive::String)).never_null(),
            Codec::Text | Codec::Id | Codec::Json | Codec::Attribute(_) | Codec::Fixed(_) | Codec::Custom(_) => {
                Primitive::String
            }
        };
        Shape::primitive(primitive)
    }

    /// Filters compare `column`.
    pub const fn by(mut self, column: Column, kind: Kind) -> Self {
        self.operand = Some(Operand { column, kind, nullable: true, unique: false, sortable: true });
        self
    }

    /// Its operand is never null.
    pub const fn required(mut self) -> Self {
        if let Some(operand) = &mut self.operand {
            operand.nullable = false;
        }
        self
    }

    /// Its operand is unique.
    pub const fn unique(mut self) -> Self {
        if let Some(operand) = &mut self.operand {
            operand.unique = true;
        }
        self
    }

    /// Filters can address `members` below it.
    pub const fn with_members(mut self, members: &'static [Self]) -> Self {
        self.members = members;
        self
    }

    /// Lambdas look into `items`.
    pub const fn with_items(mut self, items: &'static Items) -> Self {
        self.items = Some(items);
        self
    }

    /// Only written when selected by name.
    pub const fn on_request(mut self) -> Self {
        self.on_request = true;
        self
    }
}

/// How a navigation finds its targets.
#[derive(Clone, Copy, Debug)]
pub enum Via {
    /// This row's column holds the target's key.
    Key(Column),
    /// The target's column holds this row's key.
    Back(Column),
    /// A table of pairs: this row's key, the target's key.
    Link(Link),
}

/// A navigation property.
#[derive(Debug)]
pub struct Nav {
    /// Its name.
    pub name: Name,
    /// What it leads to.
    pub target: &'static EntityType,
    /// To many or to one.
    pub many: bool,
    /// How.
    pub via: Via,
    /// Navigations from its target whose key this row holds too: a filter takes the short way.
    pub beyond: &'static [Self],
    /// The versions in which its targets are declared as parts of this row.
    pub contained: &'static [Version],
    /// Declared by each derived type; the base type only lets queries name it.
    pub of_derived: bool,
}

impl Nav {
    /// Its targets are parts of this row.
    pub const fn contained(mut self) -> Self {
        self.contained = &[Version::V1, Version::Beta];
        self
    }

    /// Declared by each derived type.
    pub const fn of_derived(mut self) -> Self {
        self.of_derived = true;
        self
    }

    /// Its targets are parts of this row in these versions.
    pub const fn contained_in(mut self, versions: &'static [Version]) -> Self {
        self.contained = versions;
        self
    }

    /// Leads to one target by a key of this row.
    pub const fn one(name: Name, target: &'static EntityType, key: Column) -> Self {
        Self { name, target, many: false, via: Via::Key(key), contained: &[], of_derived: false, beyond: &[] }
    }

    /// Leads to many targets that hold this row's key.
    pub const fn back(name: Name, target: &'static EntityType, column: Column) -> Self {
        Self { name, target, many: true, via: Via::Back(column), contained: &[], of_derived: false, beyond: &[] }
    }

    /// Leads to many targets by a table of pairs.
    pub const fn link(name: Name, target: &'static EntityType, link: Link) -> Self {
        Self { name, target, many: true, via: Via::Link(link), contained: &[], of_derived: false, beyond: &[] }
    }

    /// This row holds the keys of these navigations of its target too.
    pub const fn beyond(mut self, navigations: &'static [Self]) -> Self {
        self.beyond = navigations;
        self
    }

    /// The short way over this navigation and then `next`, if there is one.
    pub fn shortcut(&self, next: &Self) -> Option<&'static Self> {
        self.beyond.iter().find(|own| own.name.spellings().any(|name| next.name.spellings().any(|n| n == name)))
    }
}

/// How `$search` looks into an entity type.
#[derive(Clone, Copy, Debug)]
pub enum SearchBy {
    /// Not at all.
    Nothing,
    /// Words that begin like the ones asked for, in the term table.
    Terms,
    /// Texts that contain what is asked for, in these columns.
    Columns(&'static [Column]),
}

/// Members that objects of a type have beside the declared ones: texts under names that are found at run time.
#[derive(Debug)]
pub struct Open {
    /// Whether a member can have this name.
    pub takes: fn(&str) -> bool,
    /// The column with the JSON object that holds them. They are written only when selected by name, where there is one.
    pub column: Column,
    /// Where filters find them: rows of two members, the folded name and the folded text.
    pub items: &'static Items,
}

/// A derived type that rows of a polymorphic relation can have.
#[derive(Debug)]
pub struct Variant {
    /// The number in the discriminator column.
    pub code: i64,
    /// The type.
    pub entity: &'static EntityType,
}

/// An entity type.
#[derive(Debug)]
pub struct EntityType {
    /// The published type name, without namespace.
    pub name: &'static str,
    /// Where its rows come from.
    pub relation: Relation,
    /// Its properties; the key comes first.
    pub properties: &'static [Property],
    /// Its navigations.
    pub navigations: &'static [Nav],
    /// Functions and actions bound to it or to its collections.
    pub operations: &'static [&'static Operation],
    /// What it adds to; every type without one adds to `entity`.
    pub base: Option<&'static Self>,
    /// Derived types, told apart by `discriminator`.
    pub variants: &'static [Variant],
    /// The column that tells derived types apart.
    pub discriminator: Option<Column>,
    /// Whether every object says its type.
    pub says_type: bool,
    /// How `$search` looks into it.
    pub search: SearchBy,
    /// A navigation that is shown with one object unless the query says otherwise.
    pub inline: Option<Name>,
    /// What its objects have beside the declared members.
    pub open: Option<&'static Open>,
}

impl EntityType {
    /// A plain type: no operations, no variants, no search.
    pub const fn new(name: &'static str, relation: Relation, properties: &'static [Property]) -> Self {
        Self {
            name,
            relation,
            properties,
            navigations: &[],
            operations: &[],
            base: None,
            variants: &[],
            discriminator: None,
            says_type: false,
            search: SearchBy::Nothing,
            inline: None,
            open: None,
        }
    }

    /// With navigations.
    pub const fn nav(mut self, navigations: &'static [Nav]) -> Self {
        self.navigations = navigations;
        self
    }

    /// With operations.
    pub const fn ops(mut self, operations: &'static [&'static Operation]) -> Self {
        self.operations = operations;
        self
    }

    /// Adds to `base`.
    pub const fn adds_to(mut self, base: &'static Self) -> Self {
        self.base = Some(base);
        self
    }

    /// With derived types.
    pub const fn variants(mut self, discriminator: Column, variants: &'static [Variant]) -> Self {
        self.discriminator = Some(discriminator);
        self.variants = variants;
        self
    }

    /// Every object says its type.
    pub const fn says_type(mut self) -> Self {
        self.says_type = true;
        self
    }

    /// With members beside the declared ones.
    pub const fn open(mut self, open: &'static Open) -> Self {
        self.open = Some(open);
        self
    }

    /// What its objects have under a name that is not declared.
    pub fn open_member(&self, name: &str) -> Option<&'static Open> {
        self.open.filter(|open| (open.takes)(name))
    }

    /// With a navigation that is shown with one object.
    pub const fn inline(mut self, navigation: Name) -> Self {
        self.inline = Some(navigation);
        self
    }

    /// With a search.
    pub const fn search(mut self, by: SearchBy) -> Self {
        self.search = by;
        self
    }

    /// The property spelt `name` in `version`.
    pub fn property(&self, version: Version, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|p| p.name.is(version, name))
    }

    /// The navigation spelt `name` in `version`.
    pub fn navigation(&self, version: Version, name: &str) -> Option<&'static Nav> {
        self.navigations.iter().find(|n| n.name.is(version, name))
    }

    /// The derived type of that name, with or without namespace.
    pub fn variant(&self, name: &str) -> Option<&'static Variant> {
        let short = type_name(name);
        self.variants.iter().find(|v| v.entity.name.eq_ignore_ascii_case(short))
    }

    /// All names a query option may use in `version`.
    pub fn known_names(&self, version: Version) -> impl Iterator<Item = &'static str> {
        let properties = self.properties.iter().filter_map(move |p| p.name.get(version));
        properties.chain(self.navigations.iter().filter_map(move |n| n.name.get(version)))
    }
}

/// A type name without `#`, `microsoft.graph.` or `graph.`.
pub fn type_name(name: &str) -> &str {
    let name = name.strip_prefix('#').unwrap_or(name);
    let strip = |prefix: &str| match name.get(..prefix.len()) {
        Some(head) if head.eq_ignore_ascii_case(prefix) => name.get(prefix.len()..),
        _ => None,
    };
    strip("microsoft.graph.").or_else(|| strip("graph.")).unwrap_or(name)
}

/// What the name of a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// The declared one.
    AsDeclared,
    /// A second one, which is served and not declared.
    ByAlias,
    /// That of a function of the tree itself: what stands in its parentheses are arguments, not a key.
    AsFunction,
}

/// A set of entities at a place of the tree.
#[derive(Debug)]
pub struct EntitySet {
    /// How handlers call it; the same in every version.
    pub id: &'static str,
    /// Its name.
    pub name: Name,
    /// What is in it.
    pub entity: &'static EntityType,
    /// The one object of the caller.
    pub me: bool,
    /// There is one object, and it has no key.
    pub is_one: bool,
    /// What its name is.
    pub called: Called,
}

impl EntitySet {
    /// A set.
    pub const fn new(id: &'static str, name: Name, entity: &'static EntityType) -> Self {
        Self { id, name, entity, me: false, is_one: false, called: Called::AsDeclared }
    }

    /// A second name for a set, which is served and not declared.
    pub const fn alias(id: &'static str, name: Name, entity: &'static EntityType) -> Self {
        Self { called: Called::ByAlias, ..Self::new(id, name, entity) }
    }

    /// A function of the tree, which is served and not declared as a set.
    pub const fn function(id: &'static str, name: Name, entity: &'static EntityType) -> Self {
        Self { called: Called::AsFunction, ..Self::new(id, name, entity) }
    }

    /// One object without a key.
    pub const fn one(id: &'static str, name: Name, entity: &'static EntityType) -> Self {
        Self { is_one: true, ..Self::new(id, name, entity) }
    }

    /// The one object of the caller.
    pub const fn me(id: &'static str, name: Name, entity: &'static EntityType) -> Self {
        Self { me: true, ..Self::new(id, name, entity) }
    }
}

/// A node of the tree of paths.
#[derive(Debug)]
pub struct Container {
    /// Its name; the root has none.
    pub name: Name,
    /// The published type, without namespace.
    pub type_name: &'static str,
    /// Whether the published type adds to `entity`.
    pub has_id: bool,
    /// Containers below it.
    pub containers: &'static [Self],
    /// Sets in it.
    pub sets: &'static [EntitySet],
}

/// The whole schema.
#[derive(Debug)]
pub struct Schema {
    /// The root of the tree.
    pub root: Container,
    /// Folds text for comparison without regard to case.
    pub fold: fn(&str) -> String,
}
