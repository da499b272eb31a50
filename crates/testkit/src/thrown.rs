//! Bytes of strangers, thrown at what reads them: one function per kind of input, each with what must hold whatever the
//! bytes are. The fuzzer calls them by the million, and a test with everything the fuzzer once found worth keeping.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use tenure_api::SCHEMA;
use tenure_domain::authorize::{Reach, Sight};
use tenure_domain::ids::{CatalogId, ObjectId};
use tenure_odata::edm::{Column, EntityType, Nav, Relation, Version};
use tenure_odata::eval::{Record, eval};
use tenure_odata::query::{Context, Expand, Options};
use tenure_odata::token::{Cursor, SIGNATURE_BYTES, fingerprint};
use tenure_odata::{ErrorKind, Filter, Query, Value, check, parse, path};
use tenure_store::Statement;
use tenure_store::driver::dialect::Dialect;
use tenure_store::view::Select;

/// Throws bytes at a target.
pub type Throw = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Throw); 5] =
    [("path", path), ("filter", filter), ("query", query), ("skip_token", skip_token), ("body", body)];

/// Rows a selection asks for; which number does not matter here.
const ROWS: u32 = 100;
/// How far a made-up row has neighbours.
const NEIGHBOURS_DEPTH: u32 = 4;

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The entity and version that a line such as `/beta/users` names; assignments in the first version where it names none.
fn place(line: &str) -> (&'static EntityType, Version) {
    let line = line.trim_start_matches('/');
    let asked = Version::ALL.into_iter().find_map(|version| {
        let rest = line.strip_prefix(version.prefix())?;
        Some((path::resolve(&SCHEMA, version, rest, |_| None).ok()?.entity, version))
    });
    let usual = || {
        let path = "/identityGovernance/entitlementManagement/assignments";
        path::resolve(&SCHEMA, Version::V1, path, |_| None).ok().map(|r| (r.entity, Version::V1))
    };
    asked.or_else(usual).expect("the schema has assignments")
}

/// A path, after the version.
///
/// # Panics
/// When something does not hold.
pub fn path(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for version in Version::ALL {
        let Ok(found) = path::resolve(&SCHEMA, version, text, |_| Some("'target'")) else { continue };
        assert!(found.steps.len() <= text.len(), "every step was written");
    }
}

/// A place on the first line, a filter on the rest.
///
/// # Panics
/// When something does not hold.
pub fn filter(data: &[u8]) {
    let Some((line, text)) = text(data).and_then(|t| t.split_once('\n')) else { return };
    let (entity, version) = place(line);
    let Ok(expr) = parse(text) else { return };
    let printed = expr.to_string();
    match parse(&printed) {
        Ok(again) => assert_eq!(again.to_string(), printed, "what is printed is parsed back"),
        // It has more parentheses than what was written.
        Err(error) => assert_eq!(error.kind, ErrorKind::Limit, "{printed}: {error}"),
    }
    let Ok(filter) = check(entity, version, SCHEMA.fold, &expr) else { return };
    holds(entity, &filter);
}

/// What holds of every filter: one meaning, no third truth value, and user text only as a parameter.
fn holds(entity: &'static EntityType, filter: &Filter) {
    assert!(filter.depth() <= tenure_domain::limits::FILTER_NAV_DEPTH_MAX);
    for seed in 0..4 {
        let row = Row::new(seed, NEIGHBOURS_DEPTH);
        let negated = Filter::Not(Box::new(filter.clone()));
        assert_ne!(eval(filter, &row), eval(&negated, &row), "true or false, never unknown");
    }
    let mut select = Select::all(entity, Vec::new(), ROWS);
    select.filter = Some(filter);
    for dialect in [Dialect::Embedded, Dialect::Server] {
        for sight in sights() {
            well_formed(&select.statement(dialect, &sight));
            well_formed(&select.count(dialect, &sight));
        }
    }
}

/// Who looks: somebody who sees everything, and others who have roles in one catalog, in two, and in many.
fn sights() -> Vec<Sight> {
    let scoped = |catalogs: usize| Sight {
        me: Some(ObjectId(uuid::Uuid::nil())),
        principal: Some(ObjectId(uuid::Uuid::nil())),
        entitlement: Reach::Catalogs,
        catalogs: (0..catalogs as u128).map(|n| CatalogId(uuid::Uuid::from_u128(n))).collect(),
        ..Sight::ALL
    };
    vec![Sight::ALL, scoped(1), scoped(2), scoped(tenure_domain::limits::SCOPE_UNION_MAX + 1)]
}

/// Every parameter is used and none is missing; quotes and parentheses outside of texts are closed.
fn well_formed(statement: &Statement) {
    let numbers = statement.sql.split('$').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().expect("a parameter has a number")
    });
    let used: BTreeSet<usize> = numbers.collect();
    assert_eq!(used.len(), statement.params.len(), "{}", statement.sql);
    assert!(used.into_iter().eq(1..=statement.params.len()), "{}", statement.sql);
    let depth = statement.sql.split('\'').step_by(2).flat_map(str::bytes).fold(0_i64, |depth, byte| match byte {
        b'(' => depth + 1,
        b')' => depth - 1,
        _ => depth,
    });
    assert_eq!(depth, 0, "{}", statement.sql);
    assert_eq!(statement.sql.matches('\'').count() % 2, 0, "{}", statement.sql);
}

/// A place on the first line, a query string on the rest.
///
/// # Panics
/// When something does not hold.
pub fn query(data: &[u8]) {
    let Some((line, text)) = text(data).and_then(|t| t.split_once('\n')) else { return };
    let (entity, version) = place(line);
    let Ok(options) = Options::parse(text) else { return };
    let context = Context { version, fold: SCHEMA.fold };
    let Ok(query) = Query::build(context, entity, &options) else { return };
    assert!(nodes(&query.expand) <= tenure_domain::limits::EXPAND_NODES_MAX);
    assert!(levels(&query.expand) <= tenure_domain::limits::EXPAND_DEPTH_MAX);
    selected(entity, &query);
}

fn nodes(all: &[Expand]) -> usize {
    all.iter().map(|e| 1 + nodes(&e.query.expand)).sum()
}

fn levels(all: &[Expand]) -> usize {
    all.iter().map(|e| 1 + levels(&e.query.expand)).max().unwrap_or(0)
}

fn selected(entity: &'static EntityType, query: &Query) {
    assert!(query.top.is_none_or(|n| n <= tenure_domain::limits::PAGE_ROWS_MAX));
    assert!(query.skip <= tenure_domain::limits::SKIP_MAX);
    let after: Vec<Value> = query.order.iter().map(|_| Value::Null).chain([Value::Id(uuid::Uuid::nil())]).collect();
    let mut select = Select::all(entity, Vec::new(), ROWS);
    select.filter = query.filter.as_ref();
    select.search = &query.search;
    select.order = &query.order;
    select.skip = query.skip;
    for dialect in [Dialect::Embedded, Dialect::Server] {
        for sight in sights() {
            well_formed(&select.statement(dialect, &sight));
            let mut next = select.clone();
            next.after = Some(&after);
            well_formed(&next.statement(dialect, &sight));
        }
    }
    if let Some(filter) = &query.filter {
        holds(entity, filter);
    }
    for inner in &query.expand {
        selected(inner.nav.target, &inner.query);
    }
}

/// A skip token. Every signature is good here, as if the key were known.
///
/// # Panics
/// When something does not hold.
pub fn skip_token(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let mark = fingerprint(["list", "filter"]);
    let good = |bytes: &[u8]| Cursor::signature_of(text).unwrap_or_else(|| sign(bytes));
    for fingerprint in [mark, 0, u64::MAX] {
        let Ok(cursor) = Cursor::open(text, fingerprint, &good) else { continue };
        let sealed = cursor.seal(&sign);
        assert_eq!(Cursor::open(&sealed, fingerprint, &sign).as_ref(), Ok(&cursor), "sealed and opened again");
    }
    let _ = Cursor::open(text, mark, &sign);
}

fn sign(bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    u128::from(hasher.finish()).to_be_bytes()
}

/// A JSON body, read as every command of every version.
pub fn body(data: &[u8]) {
    let _ = tenure_api::probe::every_command(data);
}

/// A row whose values follow from its number.
struct Row {
    seed: u64,
    near: Vec<Row>,
}

impl Row {
    fn new(seed: u64, depth: u32) -> Self {
        let neighbours = if depth == 0 { 0 } else { (seed + u64::from(depth)) % 3 };
        Self { seed, near: (0..neighbours).map(|n| Self::new(seed * 3 + n + 1, depth - 1)).collect() }
    }
}

impl Record for Row {
    fn value(&self, column: Column) -> Value {
        let mut hasher = DefaultHasher::new();
        (self.seed, column.0).hash(&mut hasher);
        match hasher.finish() % 5 {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::Int(2),
            3 => Value::Text("\u{1f}unified\u{1f}".to_owned()),
            _ => Value::Id(uuid::Uuid::nil()),
        }
    }

    fn related(&self, _: &'static Nav) -> Vec<&dyn Record> {
        self.near.iter().map(|r| r as &dyn Record).collect()
    }

    fn side(&self, _: Relation) -> Vec<&dyn Record> {
        self.near.iter().map(|r| r as &dyn Record).collect()
    }
}
