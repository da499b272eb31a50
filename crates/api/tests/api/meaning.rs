//! A filter means the same in a statement of either database and over rows in memory (`tenure_odata::eval`).

use crate::campaign::Campaign;
use crate::fuzz::runner;
use crate::schema::sets;
use proptest::prelude::*;
use proptest::sample::Index;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::ptr::from_ref;
use tenure_api::SCHEMA;
use tenure_domain::Timestamp;
use tenure_odata::edm::{Column, EntityType, Items, Kind, Nav, Property, Relation, Version, Via};
use tenure_odata::eval::{Record, eval};
use tenure_odata::{Cells, Filter, Value};
use tenure_service::view::{Origin, Select};
use tenure_service::{Cost, Ctx, Identity, ServiceError, query};
use tenure_testkit::TestApp;
use tenure_testkit::db::kinds;
use uuid::Uuid;

const VERSION: Version = Version::V1;
/// Rows of a type that are looked at; the world of the test has fewer.
const ROWS_MAX: u32 = 999;
/// Sets whose rows are compared.
const SETS: [&str; 11] = [
    "users",
    "groups",
    "applications",
    "servicePrincipals",
    "catalogs",
    "resources",
    "accessPackages",
    "assignmentPolicies",
    "assignmentRequests",
    "assignments",
    "subjects",
];

/// Something a filter can test.
#[derive(Clone)]
struct Operand {
    path: String,
    nav: Option<&'static Nav>,
    column: Column,
    kind: Kind,
}

fn of_properties(properties: &'static [Property], before: &str, nav: Option<&'static Nav>, all: &mut Vec<Operand>) {
    for property in properties {
        let Some(name) = property.name.get(VERSION) else { continue };
        let path = format!("{before}{name}");
        match property.operand {
            Some(operand) => all.push(Operand { path, nav, column: operand.column, kind: operand.kind }),
            None => of_properties(property.members, &format!("{path}/"), nav, all),
        }
    }
}

/// The operands of a type itself.
fn own(entity: &'static EntityType) -> Vec<Operand> {
    let mut all = Vec::new();
    of_properties(entity.properties, "", None, &mut all);
    all
}

/// Those, and what is behind navigations to one object.
fn reachable(entity: &'static EntityType) -> Vec<Operand> {
    let mut all = own(entity);
    for nav in entity.navigations.iter().filter(|n| !n.many) {
        if let Some(name) = nav.name.get(VERSION) {
            of_properties(nav.target.properties, &format!("{name}/"), Some(nav), &mut all);
        }
    }
    all
}

fn lists(entity: &'static EntityType) -> Vec<(&'static str, Column)> {
    let of = |p: &'static Property| match p.items {
        Some(Items::List(column)) => p.name.get(VERSION).map(|name| (name, *column)),
        _ => None,
    };
    entity.properties.iter().filter_map(of).collect()
}

/// A row with what it leads to.
struct Row {
    key: Uuid,
    values: HashMap<&'static str, Value>,
    /// By the navigation's address.
    related: HashMap<usize, Vec<Self>>,
}

fn address(nav: &'static Nav) -> usize {
    from_ref(nav).addr()
}

impl Record for Row {
    fn value(&self, column: Column) -> Value {
        self.values.get(column.0).cloned().unwrap_or(Value::Null)
    }

    fn related(&self, nav: &'static Nav) -> Vec<&dyn Record> {
        let rows = self.related.get(&address(nav)).into_iter().flatten();
        rows.map(|row| row as &dyn Record).collect()
    }

    fn side(&self, _: Relation) -> Vec<&dyn Record> {
        Vec::new()
    }
}

/// A cell as filters see it, on both databases.
fn value(row: &dyn Cells, at: usize, kind: Option<Kind>) -> Value {
    let cell = row.cell(at);
    if cell.is_null() {
        return Value::Null;
    }
    match kind {
        Some(Kind::Id) => cell.id().map_or(Value::Null, Value::Id),
        Some(Kind::Bool) => cell.bool().map_or(Value::Null, Value::Bool),
        Some(Kind::Int | Kind::Time | Kind::Enum(_)) => cell.int().map_or(Value::Null, Value::Int),
        Some(Kind::Text) | None => cell.text().map_or(Value::Null, Value::from),
    }
}

/// All rows of a type, with what their navigations lead to.
fn load(
    ctx: &mut Ctx<'_, '_>,
    entity: &'static EntityType,
    origin: Origin<'static>,
    deeper: bool,
) -> Result<Vec<Row>, ServiceError> {
    let mut wanted: Vec<(Column, Option<Kind>)> = own(entity).iter().map(|o| (o.column, Some(o.kind))).collect();
    wanted.extend(lists(entity).iter().map(|(_, column)| (*column, None)));
    // `manager/id` is a column of this row.
    wanted.extend(entity.navigations.iter().filter_map(|nav| match nav.via {
        Via::Key(column) => Some((column, Some(Kind::Id))),
        Via::Back(_) | Via::Link(_) => None,
    }));
    let select = Select::all(entity, wanted.iter().map(|(column, _)| *column).collect(), ROWS_MAX).origin(origin);
    let key_at = select.layout().key;
    let mut rows = Vec::new();
    query::read(ctx, &[select], &mut |_, cells| {
        let values = wanted.iter().enumerate().map(|(at, (column, kind))| (column.0, value(cells, at, *kind)));
        let key = cells.cell(key_at).id().unwrap_or_default();
        rows.push(Row { key, values: values.collect(), related: HashMap::new() });
        Ok(())
    })?;
    for row in rows.iter_mut().filter(|_| deeper) {
        for nav in entity.navigations {
            let from = Origin::From { parent: entity, nav, key: row.key };
            row.related.insert(address(nav), load(ctx, nav.target, from, false)?);
        }
    }
    Ok(rows)
}

/// Keys of the rows a statement finds.
fn found(app: &TestApp, entity: &'static EntityType, filter: Filter) -> BTreeSet<Uuid> {
    let asked = app.engine().read(Cost::Unknown, Identity::System, Uuid::nil(), move |ctx| {
        let mut select = Select::all(entity, Vec::new(), ROWS_MAX);
        select.filter = Some(&filter);
        let key_at = select.layout().key;
        let mut keys = BTreeSet::new();
        query::read(ctx, &[select], &mut |_, cells| {
            keys.extend(cells.cell(key_at).id());
            Ok(())
        })?;
        Ok(keys)
    });
    app.run(asked).expect("the statement runs")
}

/// One step of a filter: which form, which operand, which value, and a number.
type Choice = (u8, Index, Index, u8);

#[derive(Clone, Debug)]
enum Wanted {
    Leaf(Choice),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let leaf = any::<Choice>().prop_map(Wanted::Leaf);
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|a| Wanted::Not(Box::new(a))),
            two.clone().prop_map(|(a, b)| Wanted::And(Box::new(a), Box::new(b))),
            two.prop_map(|(a, b)| Wanted::Or(Box::new(a), Box::new(b))),
        ]
    })
}

/// What rows hold for an operand; always something.
fn values_of(rows: &[&Row], operand: &Operand) -> Vec<Value> {
    let held = rows.iter().flat_map(|row| match operand.nav {
        None => vec![row.value(operand.column)],
        Some(nav) => row.related(nav).iter().map(|target| target.value(operand.column)).collect(),
    });
    let mut held: Vec<Value> = held.filter(|v| *v != Value::Null).collect();
    held.push(match operand.kind {
        Kind::Text => Value::from("a"),
        Kind::Id => Value::Id(Uuid::nil()),
        Kind::Bool => Value::Bool(true),
        Kind::Int | Kind::Time => Value::Int(1_772_442_000_000_000),
        Kind::Enum(e) => Value::Int(e.members.first().map_or(0, |(code, _)| *code)),
    });
    held
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(kind: Kind, value: &Value) -> String {
    match (kind, value) {
        (_, Value::Text(text)) => quoted(text),
        (_, Value::Id(id)) => format!("'{id}'"),
        (_, Value::Bool(flag)) => flag.to_string(),
        (Kind::Time, Value::Int(at)) => Timestamp::from_microsecond(*at).unwrap_or_default().to_string(),
        (Kind::Enum(e), Value::Int(code)) => {
            quoted(e.members.iter().find(|(known, _)| known == code).map_or("", |(_, word)| word))
        }
        (_, Value::Int(number)) => number.to_string(),
        _ => "null".to_owned(),
    }
}

/// A test of an operand that a path leads to.
fn test((form, _, pick, number): &Choice, rows: &[&Row], operand: &Operand, path: &str) -> String {
    let values = values_of(rows, operand);
    let value = pick.get(&values);
    let literal = |v: &Value| literal(operand.kind, v);
    let is_ordered = matches!(operand.kind, Kind::Text | Kind::Int | Kind::Time);
    match (form % 8, value) {
        (0, _) => format!("{path} eq null"),
        (1, _) => format!("{path} in ({},{})", literal(value), literal(values.last().unwrap_or(value))),
        (2 | 3, Value::Text(text)) => {
            // Whole texts and nothing at all are parts, too: that is where the edges are.
            let (length, turn) = (text.chars().count(), usize::from(*number) / 3);
            let at = turn % (length + 1);
            let (function, part): (_, String) = match number % 3 {
                0 => ("startswith", text.chars().take(length - at).collect()),
                1 => ("endswith", text.chars().skip(at).collect()),
                _ => ("contains", text.chars().skip(at).take(turn % 4).collect()),
            };
            format!("{function}({path},{})", quoted(&part))
        }
        (4 | 5, _) if is_ordered => {
            let operator = ["gt", "ge", "lt", "le"][usize::from(*number) % 4];
            format!("{path} {operator} {}", literal(value))
        }
        (6, _) => format!("{path} ne {}", literal(value)),
        _ => format!("{path} eq {}", literal(value)),
    }
}

fn leaf(choice: &Choice, rows: &[&Row], entity: &'static EntityType) -> String {
    let (form, which, pick, number) = choice;
    let many: Vec<&'static Nav> =
        entity.navigations.iter().filter(|n| n.many && n.name.get(VERSION).is_some()).collect();
    let lists = lists(entity);
    if form % 5 == 0 && !many.is_empty() {
        let nav = which.get(&many);
        let name = nav.name.get(VERSION).unwrap_or_default();
        let key = address(nav);
        let targets: Vec<&Row> = rows.iter().filter_map(|row| row.related.get(&key)).flatten().collect();
        let operands = own(nav.target);
        let operand = pick.get(&operands);
        let inner = test(choice, &targets, operand, &format!("t/{}", operand.path));
        return match number % 4 {
            0 => format!("{name}/any()"),
            1 => format!("{name}/$count ge {}", number % 3),
            2 => format!("{name}/all(t:{inner})"),
            _ => format!("{name}/any(t:{inner})"),
        };
    }
    if form % 7 == 0 && !lists.is_empty() {
        let name = which.get(&lists).0;
        return match number % 3 {
            0 => format!("{name}/any()"),
            1 => format!("{name}/any(t:t eq 'unified')"),
            _ => format!("{name}/any(t:startswith(t,'uni'))"),
        };
    }
    let operands = reachable(entity);
    let operand = which.get(&operands);
    test(choice, rows, operand, &operand.path)
}

fn text(wanted: &Wanted, rows: &[&Row], entity: &'static EntityType) -> String {
    let inner = |w: &Wanted| text(w, rows, entity);
    match wanted {
        Wanted::Leaf(choice) => leaf(choice, rows, entity),
        Wanted::Not(a) => format!("not ({})", inner(a)),
        Wanted::And(a, b) => format!("({}) and ({})", inner(a), inner(b)),
        Wanted::Or(a, b) => format!("({}) or ({})", inner(a), inner(b)),
    }
}

#[test]
fn a_statement_finds_the_rows_that_the_filter_means() {
    for kind in kinds() {
        let app = TestApp::start(kind);
        app.run(async {
            let campaign = Campaign::start(&app).await;
            campaign.assign(&app, "carla").await;
        });
        for (path, set) in sets(VERSION).into_iter().filter(|(_, set)| SETS.contains(&set.id)) {
            let entity = set.entity;
            let rows = app
                .engine()
                .read(Cost::Unknown, Identity::System, Uuid::nil(), move |ctx| load(ctx, entity, Origin::All, true));
            let rows = app.run(rows).expect("the rows");
            assert!(!rows.is_empty(), "{path} has no rows to find");
            let all: Vec<&Row> = rows.iter().collect();
            let (tried, asked) = (Cell::new(0_u32), Cell::new(0_u32));
            let outcome = runner().run(&wanted(), |wanted| {
                let text = text(&wanted, &all, entity);
                tried.set(tried.get() + 1);
                let Ok(expr) = tenure_odata::parse(&text) else { return Ok(()) };
                let Ok(filter) = tenure_odata::check(entity, VERSION, SCHEMA.fold, &expr) else { return Ok(()) };
                asked.set(asked.get() + 1);
                let meant: BTreeSet<Uuid> = rows.iter().filter(|row| eval(&filter, *row)).map(|row| row.key).collect();
                prop_assert_eq!(found(&app, entity, filter), meant, "{} {}", path, text);
                Ok(())
            });
            if let Err(failure) = outcome {
                panic!("{kind:?}: {failure}");
            }
            assert!(
                asked.get() * 2 > tried.get(),
                "{path}: only {} of {} filters were asked",
                asked.get(),
                tried.get()
            );
        }
        app.run(app.drain());
    }
}
