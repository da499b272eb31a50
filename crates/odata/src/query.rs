//! Query options: from a URL's query string to one checked value.

use crate::check::check;
use crate::edm::{EntityType, Nav, Operand, Property, Version};
use crate::error::{Error, ErrorKind};
use crate::filter::{Filter, OperandPath};
use crate::limits::{
    ARGUMENTS_MAX, EXPAND_DEPTH_MAX, EXPAND_NODES_MAX, ORDER_MAX, PAGE_ROWS_MAX, SEARCH_TERMS_MAX, SKIP_MAX,
};
use crate::names::did_you_mean;
use crate::parse::parse;
use percent_encoding::percent_decode;

/// The known options, without dollar sign.
const KNOWN: [&str; 12] = [
    "filter",
    "select",
    "expand",
    "orderby",
    "top",
    "skip",
    "count",
    "search",
    "skiptoken",
    "deltatoken",
    "format",
    "id",
];

/// The options as text, decoded; the last of equal names wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Known options by name, without dollar sign, in the order of the query string.
    named: Vec<(&'static str, String)>,
    /// Parameter aliases: `@p='target'`.
    aliases: Vec<(String, String)>,
    /// Other names, which mean nothing here: name and value.
    other: Vec<(String, String)>,
}

/// Decodes one part of a query string; a plus sign is a blank.
fn decode(text: &str) -> Option<String> {
    let blank = text.replace('+', " ");
    percent_decode(blank.as_bytes()).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl Options {
    /// Reads a query string. Names may come with or without `$`, encoded or not (clients.md 3); an unknown name with a
    /// dollar sign is refused, one without is ignored (decisions.md Q10).
    pub fn parse(query: &str) -> Result<Self, Error> {
        let mut options = Self::default();
        for part in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(Error::whole(ErrorKind::Invalid, "$query", "the query string is not UTF-8"));
            };
            if name.contains('\0') || value.contains('\0') {
                let message = "a query string must not hold the character U+0000";
                return Err(Error::whole(ErrorKind::Invalid, "$query", message));
            }
            let bare = name.strip_prefix('$').unwrap_or(&name);
            let known = KNOWN.iter().find(|k| k.eq_ignore_ascii_case(bare));
            match known {
                Some(known) => {
                    options.named.retain(|(n, _)| n != known);
                    options.named.push((known, value));
                }
                None if name.starts_with('$') => {
                    let hint = did_you_mean(bare, KNOWN);
                    let message = format!("the query option `{name}` is not known{hint}");
                    return Err(Error::whole(ErrorKind::Invalid, "$query", message));
                }
                None if name.starts_with('@') => {
                    options.aliases.push((name, value));
                    if options.aliases.len() > ARGUMENTS_MAX {
                        let message = format!("a query has at most {ARGUMENTS_MAX} parameter aliases");
                        return Err(Error::whole(ErrorKind::Limit, "$query", message));
                    }
                }
                None => options.other.push((name, value)),
            }
        }
        Ok(options)
    }

    /// The text of a known option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// Expands a navigation where nothing was selected or expanded.
    pub fn expand_by_default(&mut self, name: &str) {
        if self.get("expand").is_none() && self.get("select").is_none() {
            self.named.push(("expand", name.to_owned()));
        }
    }

    /// Takes a search for `*` away, which means all.
    pub fn forget_search_for_all(&mut self) {
        self.named.retain(|(name, value)| *name != "search" || !matches!(value.trim(), "*" | "\"*\""));
    }

    /// The value of a parameter alias.
    pub fn alias(&self, name: &str) -> Option<&str> {
        self.aliases.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All parameter aliases, as a next link repeats them.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The value of a name that is no option of the query language.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.other.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The known options but the paging ones, as a next link repeats them.
    pub fn repeated(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.named.iter().filter(|(n, _)| !matches!(*n, "skiptoken" | "skip" | "id")).map(|(n, v)| (*n, v.as_str()))
    }
}

/// One property of an order.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is ordered by.
    pub path: OperandPath,
    /// Largest first.
    pub descending: bool,
}

/// One navigation to expand.
#[derive(Clone, Debug)]
pub struct Expand {
    /// Which.
    pub nav: &'static Nav,
    /// Options for its targets.
    pub query: Query,
    /// The same as they were written, without dollar sign: a link to more targets repeats them.
    pub options: Vec<(&'static str, String)>,
}

/// One term of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The property it was asked of, as written.
    pub property: Option<String>,
    /// The text.
    pub text: String,
}

/// The query options of one request or one expand node.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// `$filter`
    pub filter: Option<Filter>,
    /// `$select`: names in lower case; `None` is the default set.
    pub select: Option<Vec<String>>,
    /// `$expand`
    pub expand: Vec<Expand>,
    /// `$orderby`
    pub order: Vec<Order>,
    /// `$top`
    pub top: Option<u32>,
    /// `$skip`
    pub skip: u32,
    /// `$count`
    pub count: bool,
    /// `$search`: any of these groups, each with all of its terms.
    pub search: Vec<Vec<Term>>,
    /// `$skiptoken`, still closed.
    pub token: Option<String>,
}

/// What a query is checked against.
#[derive(Clone, Copy)]
pub struct Context {
    /// The version of the API.
    pub version: Version,
    /// Folds text for comparison.
    pub fold: fn(&str) -> String,
}

impl Query {
    /// Checks all options for rows of `entity`.
    pub fn build(context: Context, entity: &'static EntityType, options: &Options) -> Result<Self, Error> {
        let mut nodes = 0;
        let pairs = options.named.iter().map(|(n, v)| (*n, v.as_str()));
        Self::from_pairs(context, entity, pairs, 0, &mut nodes)
    }

    fn from_pairs<'o>(
        context: Context,
        entity: &'static EntityType,
        pairs: impl Iterator<Item = (&'o str, &'o str)>,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<Self, Error> {
        let mut query = Self::default();
        for (name, value) in pairs {
            match name {
                "filter" if value.trim().is_empty() => {}
                "filter" => query.filter = Some(check(entity, context.version, context.fold, &parse(value)?)?),
                "select" => query.select = select(context.version, entity, value)?,
                "expand" => query.expand = expand(context, entity, value, depth, nodes)?,
                "orderby" => query.order = order(context.version, entity, value)?,
                "top" => query.top = Some(number("$top", value, 1)?.min(PAGE_ROWS_MAX)),
                "skip" => query.skip = skip(value)?,
                "count" => query.count = truth("$count", value)?,
                "search" => query.search = search(value)?,
                "skiptoken" => query.token = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(query)
    }
}

fn number(option: &'static str, value: &str, least: u32) -> Result<u32, Error> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|n| *n >= least)
        .ok_or_else(|| Error::invalid(option, 0, format!("`{value}` is not a whole number of at least {least}")))
}

fn skip(value: &str) -> Result<u32, Error> {
    let n = number("$skip", value, 0)?;
    if n > SKIP_MAX {
        let message = format!("$skip is at most {SKIP_MAX}; follow @odata.nextLink instead");
        return Err(Error::whole(ErrorKind::Limit, "$skip", message));
    }
    Ok(n)
}

fn truth(option: &'static str, value: &str) -> Result<bool, Error> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::invalid(option, 0, format!("`{value}` is neither true nor false"))),
    }
}

/// A name that means nothing here, with the nearest one that does.
fn unknown(option: &'static str, at: usize, entity: &EntityType, version: Version, name: &str) -> Error {
    let hint = did_you_mean(name, entity.known_names(version));
    Error::invalid(option, at, format!("`{}` has no property `{name}`{hint}", entity.name))
}

/// The property of that name, also of a derived type.
fn find_property(entity: &EntityType, version: Version, name: &str) -> Option<&'static Property> {
    let derived = || entity.variants.iter().find_map(|v| v.entity.property(version, name));
    entity.property(version, name).or_else(derived)
}

fn select(version: Version, entity: &EntityType, text: &str) -> Result<Option<Vec<String>>, Error> {
    let mut names = Vec::new();
    let mut at = 0;
    for item in text.split(',') {
        // `requestorSettings/scopeType` selects all of `requestorSettings`; a cast before a name says nothing.
        let name = item.trim().split('/').find(|s| !s.contains('.')).unwrap_or_default();
        if name == "*" {
            return Ok(None);
        }
        let derived = || entity.variants.iter().any(|v| v.entity.navigation(version, name).is_some());
        let known = find_property(entity, version, name).is_some() || entity.navigation(version, name).is_some();
        if !name.is_empty() && !known && !derived() && entity.open_member(name).is_none() {
            return Err(unknown("$select", at, entity, version, name));
        }
        if !name.is_empty() {
            names.push(name.to_ascii_lowercase());
        }
        at += item.len() + 1;
    }
    Ok(if names.is_empty() { None } else { Some(names) })
}

fn order(version: Version, entity: &'static EntityType, text: &str) -> Result<Vec<Order>, Error> {
    const OPTION: &str = "$orderby";
    let mut orders = Vec::new();
    let mut at = 0;
    for item in text.split(',') {
        let mut words = item.split_whitespace();
        let path = words.next().unwrap_or_default();
        let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(word) => return Err(Error::invalid(OPTION, at, format!("`{word}` is neither asc nor desc"))),
        };
        if orders.len() == ORDER_MAX {
            let message = format!("an order names at most {ORDER_MAX} properties");
            return Err(Error::whole(ErrorKind::Limit, OPTION, message));
        }
        orders.push(Order { path: order_path(version, entity, path, at)?, descending });
        at += item.len() + 1;
    }
    Ok(orders)
}

fn order_path(version: Version, entity: &'static EntityType, path: &str, at: usize) -> Result<OperandPath, Error> {
    const OPTION: &str = "$orderby";
    let mut here = entity;
    let mut members = entity.properties;
    let mut navs = Vec::new();
    let names: Vec<&str> = path.split('/').collect();
    for (i, name) in names.iter().enumerate() {
        if let Some(nav) = here.navigation(version, name).filter(|n| !n.many && i + 1 < names.len()) {
            navs.push(nav);
            here = nav.target;
            members = nav.target.properties;
            continue;
        }
        let Some(property) = members.iter().find(|p| p.name.is(version, name)) else {
            return Err(unknown(OPTION, at, here, version, name));
        };
        if i + 1 < names.len() && !property.members.is_empty() {
            members = property.members;
            continue;
        }
        let operand: Option<Operand> = property.operand.filter(|o| o.sortable && i + 1 == names.len());
        return operand
            .map(|operand| OperandPath { navs: std::mem::take(&mut navs), operand })
            .ok_or_else(|| Error::invalid(OPTION, at, format!("lists cannot be ordered by `{path}`")));
    }
    Err(Error::invalid(OPTION, at, "a property is expected"))
}

/// Splits at `separator` where it stands outside of quotes and parentheses; gives each part and where it starts.
fn split_outside(text: &str, separator: char) -> Vec<(&str, usize)> {
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    let mut parts = Vec::new();
    for (i, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && !quoted && depth == 0 => {
                parts.push((text.get(start..i).unwrap_or_default(), start));
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push((text.get(start..).unwrap_or_default(), start));
    parts
}

fn expand(
    context: Context,
    entity: &'static EntityType,
    text: &str,
    depth: usize,
    nodes: &mut usize,
) -> Result<Vec<Expand>, Error> {
    const OPTION: &str = "$expand";
    if depth >= EXPAND_DEPTH_MAX {
        let message = format!("$expand nests at most {EXPAND_DEPTH_MAX} levels");
        return Err(Error::whole(ErrorKind::Limit, OPTION, message));
    }
    let mut all: Vec<Expand> = Vec::new();
    for (item, at) in split_outside(text, ',').into_iter().filter(|(i, _)| !i.trim().is_empty()) {
        let item = item.trim();
        let (path, inner) = match item.split_once('(') {
            Some((path, rest)) => {
                let inner = rest.strip_suffix(')');
                (path.trim(), inner.ok_or_else(|| Error::invalid(OPTION, at, "a closing parenthesis is missing"))?)
            }
            None => (item, ""),
        };
        let name = path.split('/').find(|s| !s.contains('.')).unwrap_or_default();
        let navs: Vec<&'static Nav> = match entity.navigation(context.version, name) {
            Some(nav) => vec![nav],
            None if name == "*" => {
                entity.navigations.iter().filter(|n| n.name.get(context.version).is_some()).collect()
            }
            // Some navigations of the published model are always written in line here.
            None if entity.property(context.version, name).is_some() => Vec::new(),
            None => {
                let known = entity.navigations.iter().filter_map(|n| n.name.get(context.version));
                let hint = did_you_mean(name, known);
                let message = format!("`{}` has no navigation `{name}`{hint}", entity.name);
                return Err(Error::invalid(OPTION, at, message));
            }
        };
        for nav in navs {
            *nodes += 1;
            // Before its options are looked at: each of them may be as long as the whole query.
            if *nodes > EXPAND_NODES_MAX {
                let message = format!("a query expands at most {EXPAND_NODES_MAX} navigations");
                return Err(Error::whole(ErrorKind::Limit, OPTION, message));
            }
            let pairs = inner_options(inner, at)?;
            let borrowed = pairs.iter().map(|(n, v)| (*n, *v));
            let query = Query::from_pairs(context, nav.target, borrowed, depth + 1, nodes)?;
            all.retain(|e| !std::ptr::eq(e.nav, nav));
            let options = pairs.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
            all.push(Expand { nav, query, options });
        }
    }
    Ok(all)
}

/// The options inside the parentheses of an expand item.
fn inner_options(text: &str, at: usize) -> Result<Vec<(&'static str, &str)>, Error> {
    let mut pairs = Vec::new();
    for (part, _) in split_outside(text, ';').into_iter().filter(|(p, _)| !p.trim().is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let bare = name.trim();
        let bare = bare.strip_prefix('$').unwrap_or(bare);
        let allowed = ["filter", "select", "expand", "orderby", "top", "skip", "count", "search"];
        let Some(known) = allowed.into_iter().find(|k| k.eq_ignore_ascii_case(bare)) else {
            let hint = did_you_mean(bare, allowed);
            return Err(Error::invalid("$expand", at, format!("the option `{name}` cannot stand in $expand{hint}")));
        };
        pairs.push((known, value.trim()));
    }
    Ok(pairs)
}

/// `"displayName:ada" OR "mail:ada"`, `"ada" AND "lovelace"`, or plain words.
fn search(text: &str) -> Result<Vec<Vec<Term>>, Error> {
    const OPTION: &str = "$search";
    let mut groups: Vec<Vec<Term>> = vec![Vec::new()];
    let mut count = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (word, tail) = if let Some(open) = rest.strip_prefix('"') {
            let end = open.find('"').ok_or_else(|| Error::invalid(OPTION, 0, "a closing quote is missing"))?;
            (term(open.get(..end).unwrap_or_default(), true), open.get(end + 1..).unwrap_or_default())
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (term(rest.get(..end).unwrap_or_default(), false), rest.get(end..).unwrap_or_default())
        };
        match word {
            Word::And => {}
            Word::Or => groups.push(Vec::new()),
            Word::Term(term) => {
                count += 1;
                let words = term.text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count();
                if count > SEARCH_TERMS_MAX || words > SEARCH_TERMS_MAX {
                    let message = format!("a search has at most {SEARCH_TERMS_MAX} terms of {SEARCH_TERMS_MAX} words");
                    return Err(Error::whole(ErrorKind::Limit, OPTION, message));
                }
                if let Some(group) = groups.last_mut() {
                    group.push(term);
                }
            }
        }
        rest = tail.trim_start();
    }
    groups.retain(|g| !g.is_empty());
    if groups.is_empty() {
        return Err(Error::invalid(OPTION, 0, "a search needs a term such as \"displayName:ada\""));
    }
    Ok(groups)
}

enum Word {
    And,
    Or,
    Term(Term),
}

fn term(text: &str, quoted: bool) -> Word {
    match (quoted, text) {
        (false, "AND") => Word::And,
        (false, "OR") => Word::Or,
        _ => {
            let (property, text) = match text.split_once(':') {
                Some((property, text)) => (Some(property.trim().to_owned()), text),
                None => (None, text),
            };
            Word::Term(Term { property, text: text.trim().to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edm::{Codec, Column, Kind, Name, Relation};
    use proptest::prelude::*;

    static NODE: EntityType = EntityType::new(
        "node",
        Relation("node"),
        &[
            Property::new(Name::both("id"), Codec::Id, &[]).by(Column("n.id"), Kind::Id).required(),
            Property::new(Name::both("displayName"), Codec::Text, &[]).by(Column("n.name"), Kind::Text),
            Property::new(Name::both("notes"), Codec::Json, &[]),
        ],
    )
    .nav(&[
        Nav::one(Name::both("parent"), &NODE, Column("n.parent")),
        Nav::back(Name::both("children"), &NODE, Column("n.parent")),
    ]);

    fn build(query: &str) -> Result<Query, Error> {
        let context = Context { version: Version::V1, fold: |t| t.to_lowercase() };
        Query::build(context, &NODE, &Options::parse(query)?)
    }

    fn message(query: &str) -> String {
        build(query).err().map(|e| format!("{} {}", e.option, e.message)).unwrap_or_default()
    }

    #[test]
    fn all_spellings_of_an_option_are_one() {
        for query in [
            "$filter=%28displayName%20eq%20%27General%27%29",
            "%24filter=displayName+eq+%27General%27",
            "filter=displayName eq 'General'",
            "$FILTER=DisplayName eq 'General'",
        ] {
            assert!(build(query).is_ok_and(|q| q.filter.is_some()), "{query}");
        }
    }

    #[test]
    fn the_last_top_wins_and_is_capped() {
        assert_eq!(build("$top=5&$top=7").ok().and_then(|q| q.top), Some(7));
        assert_eq!(build("$top=100000").ok().and_then(|q| q.top), Some(999));
        assert_eq!(message("$top=0"), "$top `0` is not a whole number of at least 1");
        assert_eq!(build("$skip=10001").err().map(|e| e.kind), Some(ErrorKind::Limit));
        assert!(build("$skip=10000").is_ok());
    }

    #[test]
    fn expand_nests_with_its_own_options() {
        let query = build("$expand=parent($expand=children($select=id;$filter=displayName eq 'a;b,c)')),children").ok();
        let shape: Vec<(usize, usize)> =
            query.iter().flat_map(|q| &q.expand).map(|e| (e.query.expand.len(), usize::from(e.nav.many))).collect();
        assert_eq!(shape, [(1, 0), (0, 1)]);
        assert!(build("$expand=resourceRoleScopes").is_err());
        assert!(build("$expand=notes").is_ok_and(|q| q.expand.is_empty()));
        assert_eq!(build("$expand=*").ok().map(|q| q.expand.len()), Some(2));
    }

    #[test]
    fn expansion_is_bounded() {
        let nested = "$expand=parent($expand=parent($expand=parent($expand=parent)))";
        assert_eq!(build(nested).err().map(|e| e.kind), Some(ErrorKind::Limit));
        assert!(build("$expand=parent($expand=parent($expand=parent))").is_ok());
        // A node is an item; the same one again takes the place of the first, but was read.
        let wide = |n: usize| build(&format!("$expand={}", vec!["parent"; n].join(","))).err().map(|e| e.kind);
        assert_eq!((wide(EXPAND_NODES_MAX), wide(EXPAND_NODES_MAX + 1)), (None, Some(ErrorKind::Limit)));
        let stars = "$expand=*($expand=*($expand=*($filter=displayName eq 'x')))";
        assert_eq!(build(stars).err().map(|e| e.kind), Some(ErrorKind::Limit), "two and four and eight");
    }

    #[test]
    fn lists_of_names_are_bounded() {
        let limit = |query: String| build(&query).err().map(|e| e.kind);
        let order = |n: usize| limit(format!("$orderby={}", vec!["id"; n].join(",")));
        assert_eq!((order(ORDER_MAX), order(ORDER_MAX + 1)), (None, Some(ErrorKind::Limit)));
        let terms = |n: usize| limit(format!("$search={}", vec!["\"ada\""; n].join(" AND ")));
        assert_eq!((terms(SEARCH_TERMS_MAX), terms(SEARCH_TERMS_MAX + 1)), (None, Some(ErrorKind::Limit)));
        let words = |n: usize| limit(format!("$search=\"{}\"", vec!["ada"; n].join(" ")));
        assert_eq!((words(SEARCH_TERMS_MAX), words(SEARCH_TERMS_MAX + 1)), (None, Some(ErrorKind::Limit)));
        let aliases = |n: usize| limit((0..n).map(|i| format!("@p{i}=1&")).collect::<Vec<_>>().concat());
        assert_eq!((aliases(ARGUMENTS_MAX), aliases(ARGUMENTS_MAX + 1)), (None, Some(ErrorKind::Limit)));
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest_one() {
        assert_eq!(
            message("$select=displyName"),
            "$select `node` has no property `displyName`; did you mean `displayName`?"
        );
        assert_eq!(message("$fitler=x"), "$query the query option `$fitler` is not known; did you mean `filter`?");
        assert!(build("colour=blue&api-version=1").is_ok());
        assert!(build("$filter=displayName eq '%00'").is_err());
        assert_eq!(message("$orderby=notes"), "$orderby lists cannot be ordered by `notes`");
    }

    #[test]
    fn searches_have_groups_of_terms() {
        let terms = |q: &str| build(q).map(|q| q.search.iter().map(Vec::len).collect::<Vec<_>>()).ok();
        assert_eq!(terms("$search=\"displayName:ada\" OR \"mail:ada\""), Some(vec![1, 1]));
        assert_eq!(terms("$search=\"ada\" AND \"l\""), Some(vec![2]));
        assert_eq!(terms("$search="), None);
    }

    proptest! {
        #[test]
        fn no_query_string_makes_us_panic(query in "[$&=%'(),;/a-z0-9 +]{0,100}") {
            let _ = build(&query);
        }
    }
}
