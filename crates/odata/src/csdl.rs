//! The schema as an OData 4.0 metadata document. What is not reachable from the sets of a version is not in its document.

use crate::edm::{Called, Container, EntitySet, EntityType, EnumType, Name, Nav, Property, Schema, Version};
use crate::types::{Member, Operation, Returned, Shape, Structure, Type};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The base of everything that has an id.
const ENTITY: &str = "entity";

/// The namespace of a version's types.
pub const fn namespace(version: Version) -> &'static str {
    match version {
        Version::V1 | Version::Beta => "microsoft.graph",
        Version::Own => "tenure",
    }
}

/// The document of a version.
pub fn document(schema: &'static Schema, version: Version) -> String {
    let mut found = Found { version, ..Found::default() };
    found.container(&schema.root);
    let mut xml = Xml::default();
    xml.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let edmx = ("xmlns:edmx", "http://docs.oasis-open.org/odata/ns/edmx");
    xml.within("edmx:Edmx", &[("Version", "4.0"), edmx], |xml| {
        xml.within("edmx:DataServices", &[], |xml| {
            let edm = ("xmlns", "http://docs.oasis-open.org/odata/ns/edm");
            xml.within("Schema", &[("Namespace", namespace(version)), edm], |xml| found.write(&schema.root, xml));
        });
    });
    xml.out
}

/// What a version reaches, by published name, and therefore in a fixed order.
#[derive(Default)]
struct Found {
    version: Version,
    enums: BTreeMap<&'static str, &'static EnumType>,
    structures: BTreeMap<&'static str, &'static Structure>,
    /// Several tables can describe one published type: living and deleted users.
    entities: BTreeMap<&'static str, Vec<&'static EntityType>>,
    operations: BTreeMap<(&'static str, &'static str), &'static Operation>,
    containers: BTreeMap<&'static str, &'static Container>,
}

impl Found {
    fn container(&mut self, container: &'static Container) {
        let version = self.version;
        for set in container.sets.iter().filter(|s| s.name.get(version).is_some()) {
            self.entity(set.entity);
        }
        for inner in container.containers.iter().filter(|c| c.name.get(version).is_some()) {
            self.containers.insert(inner.type_name, inner);
            self.container(inner);
        }
    }

    fn entity(&mut self, entity: &'static EntityType) {
        let same = self.entities.entry(entity.name).or_default();
        if same.iter().any(|known| std::ptr::eq(*known, entity)) {
            return;
        }
        same.push(entity);
        let version = self.version;
        for related in entity.base.into_iter().chain(entity.variants.iter().map(|v| v.entity)) {
            self.entity(related);
        }
        for property in entity.properties.iter().filter(|p| p.name.get(version).is_some()) {
            self.shape(property.shape());
        }
        for nav in entity.navigations.iter().filter(|n| n.name.get(version).is_some()) {
            self.entity(nav.target);
        }
        for operation in entity.operations.iter().filter(|o| o.is_in(version)) {
            self.operations.insert((operation.name, operation.bound_to.unwrap_or(entity.name)), operation);
            for parameter in operation.parameters {
                self.shape(parameter.shape);
            }
            match operation.returns {
                Returned::Value(shape) => self.shape(shape),
                Returned::Others(entity) => self.entity(entity),
                Returned::Nothing | Returned::Bound { .. } => {}
            }
        }
    }

    fn shape(&mut self, shape: Shape) {
        match shape.of(self.version) {
            Type::Primitive(_) => {}
            Type::Enum(words) => {
                if let Some(name) = words.name.get(self.version) {
                    self.enums.insert(name, words);
                }
            }
            Type::Structure(structure) => self.structure(structure),
        }
    }

    fn structure(&mut self, structure: &'static Structure) {
        let version = self.version;
        let Some(name) = structure.name.get(version) else { return };
        if self.structures.insert(name, structure).is_some() {
            return;
        }
        for related in structure.base.iter().chain(structure.derived) {
            self.structure(related);
        }
        for member in structure.members.iter().filter(|m| m.name.get(version).is_some()) {
            self.shape(member.shape);
        }
    }

    fn write(&self, root: &Container, xml: &mut Xml) {
        for (name, words) in &self.enums {
            xml.within("EnumType", &[("Name", name)], |xml| {
                for (code, word) in words.members {
                    xml.leaf("Member", &[("Name", word), ("Value", &code.to_string())]);
                }
            });
        }
        let (entities, complexes): (Vec<_>, Vec<_>) =
            self.structures.iter().partition(|(_, s)| s.is_entity(self.version));
        for (name, structure) in complexes {
            self.structured("ComplexType", name, structure, xml);
        }
        xml.within("EntityType", &[("Name", ENTITY), ("Abstract", "true")], |xml| {
            xml.within("Key", &[], |xml| xml.leaf("PropertyRef", &[("Name", "id")]));
            xml.leaf("Property", &[("Name", "id"), ("Type", "Edm.String"), ("Nullable", "false")]);
        });
        // What has a table of its own is described by it, though others name it as a part of theirs.
        for (name, structure) in entities.into_iter().filter(|(name, _)| !self.entities.contains_key(*name)) {
            self.structured("EntityType", name, structure, xml);
        }
        for (name, tables) in &self.entities {
            self.entity_type(name, tables, xml);
        }
        for (name, container) in &self.containers {
            self.container_type(name, container, xml);
        }
        for ((name, bound_to), operation) in &self.operations {
            self.operation(name, bound_to, operation, xml);
        }
        xml.within("EntityContainer", &[("Name", "GraphService")], |xml| self.top(root, xml));
    }

    fn full(&self, name: &str) -> String {
        format!("{}.{name}", namespace(self.version))
    }

    fn type_name(&self, of: Type) -> String {
        match of {
            Type::Primitive(primitive) => primitive.name().to_owned(),
            Type::Enum(words) => words.name.get(self.version).map_or("Edm.String".to_owned(), |n| self.full(n)),
            Type::Structure(structure) => self.full(structure.name.get(self.version).unwrap_or_default()),
        }
    }

    fn shape_name(&self, shape: Shape) -> String {
        let name = self.type_name(shape.of(self.version));
        if shape.many { format!("Collection({name})") } else { name }
    }

    /// A member of a type: a property, or a navigation where it holds something that is an entity type.
    fn member(&self, name: &str, shape: Shape, xml: &mut Xml) {
        let type_name = self.shape_name(shape);
        let mut attributes = vec![("Name", name), ("Type", type_name.as_str())];
        match shape.of(self.version) {
            Type::Structure(structure) if structure.is_entity(self.version) => {
                attributes.extend(shape.is_contained.then_some(("ContainsTarget", "true")));
                xml.leaf("NavigationProperty", &attributes);
            }
            _ => {
                attributes.extend((!shape.nullable).then_some(("Nullable", "false")));
                xml.leaf("Property", &attributes);
            }
        }
    }

    fn structured(&self, tag: &str, name: &str, structure: &Structure, xml: &mut Xml) {
        let base = structure.base.and_then(|b| b.name.get(self.version));
        let base = base.or(structure.is_entity(self.version).then_some(ENTITY)).map(|b| self.full(b));
        let mut attributes = vec![("Name", name)];
        attributes.extend(base.as_deref().map(|b| ("BaseType", b)));
        attributes.extend(structure.is_abstract.then_some(("Abstract", "true")));
        attributes.extend(structure.is_open.then_some(("OpenType", "true")));
        xml.within(tag, &attributes, |xml| {
            for Member { name, shape } in structure.members {
                match name.get(self.version) {
                    Some("id") if structure.is_entity(self.version) => {}
                    Some(name) => self.member(name, *shape, xml),
                    None => {}
                }
            }
        });
    }

    fn entity_type(&self, name: &str, tables: &[&'static EntityType], xml: &mut Xml) {
        let base = tables.iter().find_map(|t| t.base);
        let base_name = self.full(base.map_or(ENTITY, |b| b.name));
        let mut attributes = vec![("Name", name), ("BaseType", base_name.as_str())];
        attributes.extend(tables.iter().any(|t| t.open.is_some()).then_some(("OpenType", "true")));
        xml.within("EntityType", &attributes, |xml| {
            for (name, property) in self.own_properties(tables, base) {
                self.member(name, property.shape(), xml);
            }
            for (name, nav) in self.own_navigations(tables, base) {
                let target = self.full(nav.target.name);
                let type_name = if nav.many { format!("Collection({target})") } else { target };
                let mut attributes = vec![("Name", name), ("Type", type_name.as_str())];
                attributes.extend(nav.contained.contains(&self.version).then_some(("ContainsTarget", "true")));
                xml.leaf("NavigationProperty", &attributes);
            }
        });
    }

    /// What a type declares itself. The key is declared by `entity`.
    fn own_properties(
        &self,
        tables: &[&'static EntityType],
        base: Option<&'static EntityType>,
    ) -> Vec<(&'static str, &'static Property)> {
        let all = tables.iter().flat_map(|t| t.properties.iter().skip(1)).filter(|p| !p.of_derived);
        let named = all.filter_map(|p| Some((p.name.get(self.version)?, p)));
        let inherited = |name: &str| base.and_then(|b| b.property(self.version, name)).is_some_and(|p| !p.of_derived);
        once_each(named.filter(|(name, _)| !inherited(name)))
    }

    fn own_navigations(
        &self,
        tables: &[&'static EntityType],
        base: Option<&'static EntityType>,
    ) -> Vec<(&'static str, &'static Nav)> {
        let all = tables.iter().flat_map(|t| t.navigations.iter().filter(|n| !n.of_derived));
        let named = all.filter_map(|n| Some((n.name.get(self.version)?, n)));
        let inherited = |name: &str| base.and_then(|b| b.navigation(self.version, name)).is_some_and(|n| !n.of_derived);
        once_each(named.filter(|(name, _)| !inherited(name)))
    }

    fn container_type(&self, name: &str, container: &Container, xml: &mut Xml) {
        let base = self.full(ENTITY);
        let mut attributes = vec![("Name", name)];
        attributes.extend(container.has_id.then_some(("BaseType", base.as_str())));
        xml.within("EntityType", &attributes, |xml| {
            let mut part = |name: &Name, type_name: String| {
                if let Some(name) = name.get(self.version) {
                    let attributes = [("Name", name), ("Type", &type_name), ("ContainsTarget", "true")];
                    xml.leaf("NavigationProperty", &attributes);
                }
            };
            for inner in container.containers {
                part(&inner.name, self.full(inner.type_name));
            }
            for set in container.sets.iter().filter(|s| s.called == Called::AsDeclared) {
                let one = self.full(set.entity.name);
                part(&set.name, if set.is_one { one } else { format!("Collection({one})") });
            }
        });
    }

    fn operation(&self, name: &str, bound_to: &str, operation: &Operation, xml: &mut Xml) {
        let tag = if operation.is_function { "Function" } else { "Action" };
        let one = self.full(bound_to);
        let of = |many: bool| if many { format!("Collection({one})") } else { one.clone() };
        xml.within(tag, &[("Name", name), ("IsBound", "true")], |xml| {
            let binding = [("Name", "bindingParameter"), ("Type", &of(operation.on_many)), ("Nullable", "false")];
            xml.leaf("Parameter", &binding);
            for parameter in operation.parameters {
                let Some(name) = parameter.name.get(self.version) else { continue };
                let type_name = self.shape_name(parameter.shape);
                let mut attributes = vec![("Name", name), ("Type", type_name.as_str())];
                attributes.extend((!parameter.shape.nullable).then_some(("Nullable", "false")));
                xml.leaf("Parameter", &attributes);
            }
            let (type_name, nullable) = match operation.returns {
                Returned::Nothing => return,
                Returned::Bound { many, nullable } => (of(many), nullable),
                Returned::Value(shape) => (self.shape_name(shape), shape.nullable),
                Returned::Others(entity) => (format!("Collection({})", self.full(entity.name)), true),
            };
            let mut attributes = vec![("Type", type_name.as_str())];
            attributes.extend((!nullable).then_some(("Nullable", "false")));
            xml.leaf("ReturnType", &attributes);
        });
    }

    /// The top level sets; navigations of theirs that lead into each other are bound.
    fn top(&self, root: &Container, xml: &mut Xml) {
        let sets: Vec<(&'static str, &EntitySet)> = {
            let declared = root.sets.iter().filter(|s| s.called == Called::AsDeclared);
            declared.filter_map(|s| Some((s.name.get(self.version)?, s))).collect()
        };
        for (name, set) in &sets {
            let type_name = self.full(set.entity.name);
            let (tag, typed) = if set.me || set.is_one { ("Singleton", "Type") } else { ("EntitySet", "EntityType") };
            xml.within(tag, &[("Name", name), (typed, &type_name)], |xml| {
                let own = set.entity.navigations.iter();
                let all = own.chain(set.entity.base.into_iter().flat_map(|b| b.navigations));
                let declared = all.filter(|n| !n.of_derived);
                for (path, nav) in once_each(declared.filter_map(|n| Some((n.name.get(self.version)?, n)))) {
                    let target = sets.iter().find(|(_, s)| !s.me && s.entity.name == nav.target.name);
                    if let (Some((target, _)), false) = (target, nav.contained.contains(&self.version)) {
                        xml.leaf("NavigationPropertyBinding", &[("Path", path), ("Target", target)]);
                    }
                }
            });
        }
        for inner in root.containers {
            if let Some(name) = inner.name.get(self.version) {
                xml.leaf("Singleton", &[("Name", name), ("Type", &self.full(inner.type_name))]);
            }
        }
    }
}

/// The first of each name, in the order of the table.
fn once_each<T>(named: impl Iterator<Item = (&'static str, T)>) -> Vec<(&'static str, T)> {
    let mut all: Vec<(&'static str, T)> = Vec::new();
    for (name, item) in named {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((name, item));
        }
    }
    all
}

/// Indented elements.
#[derive(Default)]
struct Xml {
    out: String,
    depth: usize,
}

impl Xml {
    fn start(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.out.extend(["<", tag]);
        for (name, value) in attributes {
            // Writing to a text cannot fail.
            let _ = write!(self.out, " {name}=\"{}\"", escaped(value));
        }
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn leaf(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.out.push_str("/>\n");
    }

    fn within(&mut self, tag: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.start(tag, attributes);
        let empty = self.out.len();
        self.out.push_str(">\n");
        let full = self.out.len();
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        if self.out.len() == full {
            self.out.truncate(empty);
            return self.out.push_str("/>\n");
        }
        self.indent();
        self.out.extend(["</", tag, ">\n"]);
    }
}

/// Text that can stand between double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edm::{Codec, Column, Link, Relation};
    use crate::types::Primitive;

    const TEXT: Shape = Shape::primitive(Primitive::String);

    static COLOUR: EnumType = EnumType::older("colour", &[(1, "red"), (2, "blue")]);
    static PAINT: Structure =
        Structure::complex(Name::both("paint"), &[Member::new("colour", Shape::word(&COLOUR))]).one_of(&[&GLOSS]);
    static GLOSS: Structure =
        Structure::complex(Name::pair("gloss", ""), &[Member::new("shine", TEXT.never_null())]).open().adds_to(&PAINT);
    static NOTE: Structure =
        Structure::complex(Name::both("note"), &[Member::new("id", TEXT), Member::new("text", TEXT)])
            .entity_in(&[Version::V1]);
    static THING: EntityType = EntityType::new("thing", Relation("thing"), &THING_PROPERTIES)
        .variants(Column("t.kind"), &[crate::edm::Variant { code: 1, entity: &HOUSE }])
        .ops(&[&SHUT]);
    static THING_PROPERTIES: [Property; 3] = [
        Property::new(Name::both("id"), Codec::Id, &[]),
        Property::new(Name::pair("made", "madeOn"), Codec::Time, &[]).never_null(),
        Property::new(Name::both("name"), Codec::Text, &[]).of_derived(),
    ];
    static HOUSE: EntityType = EntityType::new("house", Relation("house"), &HOUSE_PROPERTIES)
        .nav(&[
            Nav::link(Name::both("rooms"), &THING, Link("rooms")),
            Nav::one(Name::pair("door", ""), &THING, Column("h.door")).contained(),
        ])
        .adds_to(&THING);
    static HOUSE_PROPERTIES: [Property; 6] = [
        Property::new(Name::both("id"), Codec::Id, &[]),
        Property::new(Name::pair("made", "madeOn"), Codec::Time, &[]),
        Property::new(Name::both("name"), Codec::Text, &[]),
        Property::new(Name::both("colour"), Codec::Enum(&COLOUR), &[]),
        Property::new(Name::both("paints"), Codec::Json, &[]).is(Shape::structures(&PAINT)),
        Property::new(Name::both("notes"), Codec::Json, &[]).is(Shape::structures(&NOTE).contained()),
    ];
    static SHUT: Operation = Operation::action("shut")
        .takes(&[Member::new("hard", Shape::primitive(Primitive::Boolean))])
        .gives(Returned::Bound { many: false, nullable: false });
    static SCHEMA: Schema = Schema {
        root: Container {
            name: Name::both(""),
            type_name: "",
            has_id: false,
            containers: &[Container {
                name: Name::both("town"),
                type_name: "town",
                has_id: true,
                containers: &[],
                sets: &[EntitySet::new("houses", Name::both("houses"), &HOUSE)],
            }],
            sets: &[
                EntitySet::new("things", Name::both("things"), &THING),
                EntitySet::alias("things", Name::both("objects"), &THING),
            ],
        },
        fold: str::to_lowercase,
    };

    fn has(document: &str, line: &str) -> bool {
        document.lines().any(|l| l.trim() == line)
    }

    #[test]
    fn each_version_declares_what_it_has() {
        let (v1, beta) = (document(&SCHEMA, Version::V1), document(&SCHEMA, Version::Beta));
        for (older, newer) in [
            (
                r#"<Property Name="colour" Type="microsoft.graph.colour"/>"#,
                r#"<Property Name="colour" Type="Edm.String"/>"#,
            ),
            (
                r#"<Property Name="made" Type="Edm.DateTimeOffset" Nullable="false"/>"#,
                r#"<Property Name="madeOn" Type="Edm.DateTimeOffset" Nullable="false"/>"#,
            ),
            (
                r#"<NavigationProperty Name="notes" Type="Collection(microsoft.graph.note)" ContainsTarget="true"/>"#,
                r#"<Property Name="notes" Type="Collection(microsoft.graph.note)"/>"#,
            ),
            (r#"<EntityType Name="note" BaseType="microsoft.graph.entity">"#, r#"<ComplexType Name="note">"#),
        ] {
            assert!(has(&v1, older) && !has(&beta, older), "{older}\n{v1}");
            assert!(has(&beta, newer) && !has(&v1, newer), "{newer}\n{beta}");
        }
        assert!(has(&v1, r#"<ComplexType Name="gloss" BaseType="microsoft.graph.paint" OpenType="true">"#));
        assert!(!beta.contains("gloss") && !beta.contains("door"));
    }

    #[test]
    fn what_a_base_declares_is_not_declared_again() {
        let v1 = document(&SCHEMA, Version::V1);
        assert_eq!(v1.matches(r#"Name="made""#).count(), 1, "by thing only");
        assert_eq!(v1.matches(r#"Name="name""#).count(), 1, "by house only");
        assert_eq!(v1.matches(r#"<Property Name="id""#).count(), 1, "by entity only");
    }

    #[test]
    fn sets_containers_and_operations_are_declared_and_aliases_are_not() {
        let v1 = document(&SCHEMA, Version::V1);
        assert!(has(&v1, r#"<EntitySet Name="things" EntityType="microsoft.graph.thing"/>"#));
        assert!(has(&v1, r#"<Singleton Name="town" Type="microsoft.graph.town"/>"#));
        assert!(has(&v1, r#"<EntityType Name="town" BaseType="microsoft.graph.entity">"#));
        assert!(has(
            &v1,
            r#"<NavigationProperty Name="houses" Type="Collection(microsoft.graph.house)" ContainsTarget="true"/>"#
        ));
        assert!(has(&v1, r#"<ReturnType Type="microsoft.graph.thing" Nullable="false"/>"#));
        assert!(!v1.contains("objects"));
    }

    #[test]
    fn markup_in_names_is_escaped() {
        let mut xml = Xml::default();
        xml.within("a", &[("b", "\"<&>'")], |xml| xml.leaf("c", &[]));
        assert_eq!(xml.out, "<a b=\"&quot;&lt;&amp;&gt;'\">\n  <c/>\n</a>\n");
    }
}
