//! Paths: `/accessPackages/{id}/assignmentPolicies`, `accessPackages('id')`, `filterByCurrentUser(on='target')`,
//! `$count`, `$ref`. Resolved against the schema, so that a deep read needs no handler of its own.

use crate::edm::{Called, Container, EntitySet, EntityType, Nav, Property, Schema, Variant, Version, type_name};
use crate::error::{Error, ErrorKind};
use crate::limits::{ARGUMENTS_MAX, PATH_SEGMENTS_MAX};
use crate::names::did_you_mean;
use crate::types::{Operation, Returned};
use percent_encoding::percent_decode;

/// A key of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By id, or by whatever else a set takes for one (a user principal name).
    Id(String),
    /// By an alternate key.
    Alternate {
        /// The property.
        property: &'static str,
        /// Its value.
        value: String,
    },
    /// The caller.
    Me,
}

/// One step of a path after its set.
#[derive(Clone, Debug)]
pub enum Step {
    /// To one of several.
    Key(Key),
    /// Along a navigation.
    Nav(&'static Nav),
    /// Only those of a derived type.
    Cast(&'static Variant),
    /// A function or action.
    Operation {
        /// Its name as the schema spells it.
        name: &'static str,
        /// Its arguments, without quotes.
        args: Vec<(String, String)>,
    },
    /// One property.
    Property(&'static Property),
}

/// What is asked about the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffix {
    /// Itself.
    Nothing,
    /// How many.
    Count,
    /// The references only.
    Ref,
    /// The bare value.
    Value,
}

/// A path that leads somewhere.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The set it starts from.
    pub set: &'static EntitySet,
    /// The steps from there.
    pub steps: Vec<Step>,
    /// What is asked.
    pub suffix: Suffix,
    /// The type at its end.
    pub entity: &'static EntityType,
    /// Many or one.
    pub is_collection: bool,
}

/// A segment, cut into its name and what stands in its parentheses.
struct Segment {
    name: String,
    inner: Option<String>,
}

fn not_found(message: String) -> Error {
    Error::whole(ErrorKind::NotFound, "path", message)
}

/// The parts between slashes. One in a quoted argument of a function belongs to it: scopes are written so.
fn cut(path: &str) -> impl Iterator<Item = &str> {
    let (mut is_inside, mut is_quoted) = (false, false);
    path.split(move |c| {
        match c {
            '\'' if is_inside => is_quoted = !is_quoted,
            '(' if !is_quoted => is_inside = true,
            ')' if !is_quoted => is_inside = false,
            _ => {}
        }
        c == '/' && !is_quoted
    })
}

fn segments(path: &str) -> Result<Vec<Segment>, Error> {
    let mut all = Vec::new();
    for raw in cut(path).filter(|s| !s.is_empty()) {
        let text = percent_decode(raw.as_bytes())
            .decode_utf8()
            .map_err(|_| Error::whole(ErrorKind::Invalid, "path", "the path is not UTF-8"))?;
        if text.contains('\0') {
            return Err(Error::whole(ErrorKind::Invalid, "path", "a path must not hold the character U+0000"));
        }
        let segment = match text.split_once('(') {
            Some((name, rest)) if !name.is_empty() => {
                let inner = rest.strip_suffix(')').ok_or_else(|| {
                    Error::whole(ErrorKind::Invalid, "path", format!("`{text}` lacks a closing parenthesis"))
                })?;
                Segment { name: name.to_owned(), inner: Some(inner.to_owned()) }
            }
            _ => Segment { name: text.into_owned(), inner: None },
        };
        all.push(segment);
    }
    if all.len() > PATH_SEGMENTS_MAX {
        let message = format!("a path has at most {PATH_SEGMENTS_MAX} segments");
        return Err(Error::whole(ErrorKind::Limit, "path", message));
    }
    Ok(all)
}

/// Follows `path`, the part of the URL after the version. `alias` gives the value of a parameter alias.
pub fn resolve<'a>(
    schema: &'static Schema,
    version: Version,
    path: &str,
    alias: impl Fn(&str) -> Option<&'a str>,
) -> Result<Resolved, Error> {
    let all = segments(path)?;
    let mut rest = all.as_slice();
    let set = enter(&schema.root, version, &mut rest, path)?;
    let mut walk = Walk {
        version,
        path,
        resolved: Resolved {
            set,
            steps: if set.me { vec![Step::Key(Key::Me)] } else { Vec::new() },
            suffix: Suffix::Nothing,
            entity: set.entity,
            is_collection: !(set.me || set.is_one),
        },
    };
    // The set's own parentheses hold a key; a function's, arguments.
    let own_key = all.get(all.len() - rest.len() - 1).and_then(|s| s.inner.as_deref());
    if set.called == Called::AsFunction {
        let args = arguments(own_key.unwrap_or_default(), &alias)?;
        walk.resolved.steps.push(Step::Operation { name: set.id, args });
    } else if let Some(inner) = own_key.filter(|i| !i.is_empty()) {
        walk.key_in_parentheses(inner, &alias)?;
    }
    for segment in rest {
        walk.segment(segment, &alias)?;
    }
    Ok(walk.resolved)
}

/// Walks down the containers to a set.
fn enter(
    root: &'static Container,
    version: Version,
    rest: &mut &[Segment],
    path: &str,
) -> Result<&'static EntitySet, Error> {
    let mut here = root;
    loop {
        let Some((segment, tail)) = rest.split_first() else {
            return Err(unknown_route(version, path, ""));
        };
        *rest = tail;
        if let Some(set) = here.sets.iter().find(|s| s.name.is(version, &segment.name)) {
            return Ok(set);
        }
        let Some(next) = here.containers.iter().find(|c| c.name.is(version, &segment.name)) else {
            let sets = here.sets.iter().filter_map(|s| s.name.get(version));
            let known = sets.chain(here.containers.iter().filter_map(|c| c.name.get(version)));
            return Err(unknown_route(version, path, &did_you_mean(&segment.name, known)));
        };
        here = next;
    }
}

/// The text is one that clients know.
fn unknown_route(version: Version, path: &str, hint: &str) -> Error {
    let version = version.prefix();
    not_found(format!("No HTTP resource was found that matches the request URI `/{version}{path}`{hint}"))
}

struct Walk<'p> {
    version: Version,
    path: &'p str,
    resolved: Resolved,
}

impl Walk<'_> {
    fn lost(&self, name: &str) -> Error {
        let hint = did_you_mean(name, self.resolved.entity.known_names(self.version));
        unknown_route(self.version, self.path, &hint)
    }

    fn segment<'a>(&mut self, segment: &Segment, alias: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Error> {
        if self.resolved.suffix != Suffix::Nothing {
            return Err(self.lost(&segment.name));
        }
        let name = segment.name.as_str();
        if let Some(suffix) = suffix(name) {
            if suffix == Suffix::Count && !self.resolved.is_collection {
                return Err(self.lost(name));
            }
            self.resolved.suffix = suffix;
            return Ok(());
        }
        let short = type_name(name);
        let called = |o: &&&Operation| o.name.eq_ignore_ascii_case(short) && o.is_in(self.version);
        if let Some(operation) = self.resolved.entity.operations.iter().find(called) {
            let args = arguments(segment.inner.as_deref().unwrap_or_default(), alias)?;
            self.resolved.steps.push(Step::Operation { name: operation.name, args });
            if let Returned::Others(entity) = operation.returns {
                self.resolved.entity = entity;
                self.resolved.is_collection = true;
            }
            return Ok(());
        }
        if name.contains('.') && short.len() < name.len() {
            return self.cast(name, segment, alias);
        }
        if self.resolved.is_collection {
            let key = segment.inner.as_ref().map_or_else(|| name.to_owned(), |inner| format!("{name}({inner})"));
            self.key(Key::Id(key));
            return Ok(());
        }
        self.member(name, segment, alias)
    }

    fn key(&mut self, key: Key) {
        self.resolved.steps.push(Step::Key(key));
        self.resolved.is_collection = false;
    }

    /// `('id')`, `(id)` or `(property='value')`.
    fn key_in_parentheses<'a>(&mut self, inner: &str, alias: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Error> {
        let args = arguments(inner, alias)?;
        let [(name, value)] = args.as_slice() else {
            return Err(not_found("a key has one value".to_owned()));
        };
        if name.is_empty() || name.eq_ignore_ascii_case("id") {
            self.key(Key::Id(value.clone()));
            return Ok(());
        }
        let property =
            self.resolved.entity.property(self.version, name).filter(|p| p.operand.is_some_and(|o| o.unique));
        let Some(property) = property.and_then(|p| p.name.get(self.version)) else {
            return Err(not_found(format!("`{name}` is no alternate key of `{}`", self.resolved.entity.name)));
        };
        self.key(Key::Alternate { property, value: value.clone() });
        Ok(())
    }

    fn cast<'a>(
        &mut self,
        name: &str,
        segment: &Segment,
        alias: &impl Fn(&str) -> Option<&'a str>,
    ) -> Result<(), Error> {
        if self.resolved.entity.name.eq_ignore_ascii_case(type_name(name)) {
            return Ok(());
        }
        let Some(variant) = self.resolved.entity.variant(name) else {
            return Err(self.lost(name));
        };
        self.resolved.steps.push(Step::Cast(variant));
        self.resolved.entity = variant.entity;
        match segment.inner.as_deref().filter(|i| !i.is_empty()) {
            Some(inner) if self.resolved.is_collection => self.key_in_parentheses(inner, alias),
            _ => Ok(()),
        }
    }

    fn member<'a>(
        &mut self,
        name: &str,
        segment: &Segment,
        alias: &impl Fn(&str) -> Option<&'a str>,
    ) -> Result<(), Error> {
        if matches!(self.resolved.steps.last(), Some(Step::Property(_) | Step::Operation { .. })) {
            return Err(self.lost(name));
        }
        if let Some(nav) = self.resolved.entity.navigation(self.version, name) {
            self.resolved.steps.push(Step::Nav(nav));
            self.resolved.entity = nav.target;
            self.resolved.is_collection = nav.many;
            return match segment.inner.as_deref().filter(|i| !i.is_empty()) {
                Some(inner) if nav.many => self.key_in_parentheses(inner, alias),
                _ => Ok(()),
            };
        }
        if let Some(property) = self.resolved.entity.property(self.version, name) {
            self.resolved.steps.push(Step::Property(property));
            return Ok(());
        }
        Err(self.lost(name))
    }
}

fn suffix(name: &str) -> Option<Suffix> {
    [("$count", Suffix::Count), ("$ref", Suffix::Ref), ("$value", Suffix::Value)]
        .into_iter()
        .find(|(word, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, suffix)| suffix)
}

/// `on='target'`, `'id'`, `a='x',b=@p`: names (or nothing) and values without quotes.
fn arguments<'a>(inner: &str, alias: &impl Fn(&str) -> Option<&'a str>) -> Result<Vec<(String, String)>, Error> {
    let mut args = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        if args.len() == ARGUMENTS_MAX {
            let message = format!("a function has at most {ARGUMENTS_MAX} arguments");
            return Err(Error::whole(ErrorKind::Limit, "path", message));
        }
        let (name, value_text) = match rest.find(['=', '\'']) {
            Some(i) if rest.get(i..=i) == Some("=") => {
                (rest.get(..i).unwrap_or_default().trim(), rest.get(i + 1..).unwrap_or_default().trim_start())
            }
            _ => ("", rest),
        };
        let (value, tail) = argument(value_text)?;
        let value = match value.strip_prefix('@') {
            Some(_) => alias(&value).map(unquote).unwrap_or_default(),
            None => value,
        };
        args.push((name.to_owned(), value));
        rest = tail.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Ok(args)
}

/// One value in or without quotes, and what follows it.
fn argument(text: &str) -> Result<(String, &str), Error> {
    let Some(open) = text.strip_prefix('\'') else {
        let end = text.find(',').unwrap_or(text.len());
        return Ok((text.get(..end).unwrap_or_default().trim().to_owned(), text.get(end..).unwrap_or_default()));
    };
    let mut value = String::new();
    let mut chars = open.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            value.push('\'');
            chars.next();
        } else {
            return Ok((value, open.get(i + 1..).unwrap_or_default()));
        }
    }
    Err(Error::whole(ErrorKind::Invalid, "path", "a closing quote is missing in the path"))
}

fn unquote(text: &str) -> String {
    argument(text.trim()).map(|(value, _)| value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edm::{Codec, Column, Kind, Name, Relation};
    use proptest::prelude::*;

    static USER: EntityType = EntityType::new("user", Relation("user"), &PROPERTIES);
    static PROPERTIES: [Property; 2] = [
        Property::new(Name::both("id"), Codec::Id, &[]).by(Column("u.id"), Kind::Id).required(),
        Property::new(Name::both("objectId"), Codec::Text, &[]).by(Column("u.o"), Kind::Id).unique(),
    ];
    static OBJECT: EntityType = EntityType::new("directoryObject", Relation("object"), &PROPERTIES)
        .variants(Column("o.kind"), &[Variant { code: 1, entity: &USER }]);
    static GROUP: EntityType = EntityType::new("group", Relation("group"), &PROPERTIES)
        .nav(&[Nav::back(Name::pair("members", "people"), &OBJECT, Column("m.group"))])
        .ops(&[&FILTER, &Operation::action("getMemberGroups")]);
    static FILTER: Operation = Operation::selection("filterByCurrentUser", &[]);
    static SCHEMA: Schema = Schema {
        root: Container {
            name: Name::both(""),
            type_name: "",
            has_id: false,
            containers: &[Container {
                name: Name::both("identityGovernance"),
                type_name: "identityGovernance",
                has_id: false,
                containers: &[],
                sets: &[EntitySet::new("deep", Name::both("deep"), &GROUP)],
            }],
            sets: &[
                EntitySet::new("groups", Name::both("groups"), &GROUP),
                EntitySet::me("me", Name::both("me"), &USER),
            ],
        },
        fold: str::to_lowercase,
    };

    fn shape(path: &str) -> String {
        shape_of(Version::V1, path)
    }

    fn shape_of(version: Version, path: &str) -> String {
        match resolve(&SCHEMA, version, path, |name| (name == "@p").then_some("'target'")) {
            Err(e) => format!("{:?}", e.kind),
            Ok(r) => {
                let steps = r.steps.iter().map(|s| match s {
                    Step::Key(Key::Id(id)) => format!("[{id}]"),
                    Step::Key(Key::Alternate { property, value }) => format!("[{property}={value}]"),
                    Step::Key(Key::Me) => "[me]".to_owned(),
                    Step::Nav(nav) => nav.name.get(version).unwrap_or("?").to_owned(),
                    Step::Cast(v) => format!("<{}>", v.entity.name),
                    Step::Operation { name, args } => format!("{name}{args:?}"),
                    Step::Property(p) => format!(".{}", p.name.get(version).unwrap_or("?")),
                });
                let steps: Vec<String> = std::iter::once(r.set.id.to_owned()).chain(steps).collect();
                format!("{} {:?}{}", steps.join(" "), r.suffix, if r.is_collection { " many" } else { "" })
            }
        }
    }

    #[test]
    fn keys_come_in_every_spelling() {
        assert_eq!(shape("/groups/abc"), "groups [abc] Nothing");
        assert_eq!(shape("/Groups('abc')"), "groups [abc] Nothing");
        assert_eq!(shape("/groups(objectId='x')"), "groups [objectId=x] Nothing");
        assert_eq!(shape("/groups/a%40b"), "groups [a@b] Nothing");
        assert_eq!(shape("/me"), "me [me] Nothing");
        assert_eq!(shape("/identitygovernance/deep/1/members"), "deep [1] members Nothing many");
        assert_eq!(shape("/groups/1/members('2')"), "groups [1] members [2] Nothing");
    }

    #[test]
    fn a_slash_in_a_quoted_argument_belongs_to_it() {
        let wanted = "groups filterByCurrentUser[(\"on\", \"/a/b\")] Nothing many";
        assert_eq!(shape("/groups/filterByCurrentUser(on='/a/b')"), wanted);
        assert_eq!(shape("/groups/filterByCurrentUser(on='%2Fa%2Fb')"), wanted);
        assert_eq!(shape("/groups/o'neil/members"), "groups [o'neil] members Nothing many");
        assert_eq!(shape("/groups/filterByCurrentUser(on='/a/b"), "Invalid");
    }

    #[test]
    fn functions_take_arguments_and_aliases() {
        let wanted = "groups filterByCurrentUser[(\"on\", \"target\")] Nothing many";
        assert_eq!(shape("/groups/filterByCurrentUser(on='target')"), wanted);
        assert_eq!(shape("/groups/filterByCurrentUser%28on%3D%27target%27%29"), wanted);
        assert_eq!(shape("/groups/microsoft.graph.filterByCurrentUser(on=@p)"), wanted);
        assert_eq!(shape("/groups/1/getMemberGroups"), "groups [1] getMemberGroups[] Nothing");
    }

    #[test]
    fn segments_and_arguments_are_bounded() {
        let segments = |n: usize| shape(&format!("/groups/x{}", "/members/y".repeat((n - 2) / 2)));
        assert_eq!(segments(PATH_SEGMENTS_MAX + 2), "Limit");
        assert_ne!(segments(PATH_SEGMENTS_MAX), "Limit");
        let arguments = |n: usize| shape(&format!("/groups/filterByCurrentUser({})", vec!["a='x'"; n].join(",")));
        assert_eq!(arguments(ARGUMENTS_MAX + 1), "Limit");
        assert_ne!(arguments(ARGUMENTS_MAX), "Limit");
    }

    #[test]
    fn casts_suffixes_and_properties() {
        assert_eq!(shape("/groups/1/members/microsoft.graph.user"), "groups [1] members <user> Nothing many");
        assert_eq!(shape("/groups/1/members/graph.user/$count"), "groups [1] members <user> Count many");
        assert_eq!(shape("/groups/1/members/$ref"), "groups [1] members Ref many");
        assert_eq!(shape("/groups/1/members/2/%24ref"), "groups [1] members [2] Ref");
        assert_eq!(shape("/groups/1/objectId/$value"), "groups [1] .objectId Value");
    }

    #[test]
    fn versions_have_their_own_names() {
        assert_eq!(shape_of(Version::Beta, "/groups/1/people"), "groups [1] people Nothing many");
        assert_eq!(shape_of(Version::Beta, "/groups/1/members"), "NotFound");
        assert_eq!(shape_of(Version::Own, "/groups"), "NotFound");
    }

    #[test]
    fn lost_paths_are_not_found() {
        for path in
            ["", "/", "/nothing", "/groups/1/colour", "/groups/1/$count", "/groups/1/members/$ref/x", "/groups(1"]
        {
            assert!(["NotFound", "Invalid"].contains(&shape(path).as_str()), "{path}: {}", shape(path));
        }
        assert_eq!(shape(&"/groups/1".repeat(20)), "Limit");
    }

    proptest! {
        #[test]
        fn no_path_makes_us_panic(path in "[/$a-z()'=,@%.0-9]{0,80}") {
            let _ = resolve(&SCHEMA, Version::V1, &path, |_| None);
        }
    }
}
