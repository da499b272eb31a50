//! Filters to SQL. User text is only ever a parameter; the meaning is that of `odata::eval`, which a property test holds
//! it to. Every condition is true or false, never unknown, wherever it stands under a `NOT`.

use super::link::link;
use super::relation::{self, RelationDef};
use super::sight::Seen;
use crate::driver::dialect::{Dialect, in_list, prefix_end};
use std::fmt::Write;
use tenure_domain::authorize::{EntitlementRole, Sight};
use tenure_domain::limits::SCOPE_UNION_MAX;
use tenure_domain::text::search_terms;
use tenure_odata::edm::{Column, EntityType, Items, Nav, SearchBy, Via};
use tenure_odata::query::Term;
use tenure_odata::{Filter, LIST_SEPARATOR, OperandPath, Operation, TextTest, Value};
use uuid::Uuid;

/// Values of one `IN` list.
const IN_LIST_MAX: usize = tenure_domain::limits::IN_LIST_MAX;

/// Keys of version 7 begin with milliseconds; so many bits follow.
const RANDOM_BITS: u32 = 80;
const MICROS_PER_MILLI: i64 = 1_000;

/// A statement in the making.
pub struct Writer<'a> {
    pub dialect: Dialect,
    pub sight: &'a Sight,
    pub params: Vec<Value>,
    /// The place whose rows are few already, so that no other column of it shall choose the index.
    few: Option<u32>,
    next_alias: u32,
}

/// One appearance of a relation in a statement.
#[derive(Clone, Copy)]
pub struct Place {
    pub def: &'static RelationDef,
    number: u32,
}

impl Place {
    /// `{a}` to `a3`.
    pub fn expand(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((alias, tail)) = after.split_once('}') else { break };
            let _ = write!(text, "{alias}{}", self.number);
            rest = tail;
        }
        text.push_str(rest);
        text
    }

    /// `a.state` to `a3.state`.
    pub fn column(&self, column: Column) -> String {
        match column.0.split_once('.') {
            Some((alias, name)) => format!("{alias}{}.{name}", self.number),
            None => column.0.to_owned(),
        }
    }

    /// The key.
    pub fn key(&self) -> String {
        self.column(self.def.key)
    }
}

impl<'a> Writer<'a> {
    pub fn new(dialect: Dialect, sight: &'a Sight) -> Self {
        Self { dialect, sight, params: Vec::new(), few: None, next_alias: 0 }
    }

    /// A place for the rows of an entity type. An unknown relation gives no rows; a test asserts that there is none.
    pub fn place(&mut self, entity: &'static EntityType) -> Place {
        let number = self.next_alias;
        self.next_alias += 1;
        let def = relation::relation(entity.relation);
        debug_assert!(def.is_some(), "the schema names the unknown relation {:?}", entity.relation);
        Place { def: def.unwrap_or(&relation::RELATIONS[0]), number }
    }

    /// Something that was or will be said finds few rows of a place.
    pub fn few(&mut self, place: Place) {
        self.few = Some(place.number);
    }

    /// A column as it is compared.
    fn compared(&self, place: Place, column: Column) -> String {
        let plain = place.column(column);
        let is_hushed = self.few == Some(place.number) && place.def.few != Some(column);
        if is_hushed { self.dialect.not_by(&plain) } else { plain }
    }

    fn number(&mut self) -> u32 {
        self.next_alias += 1;
        self.next_alias - 1
    }

    /// A parameter's placeholder.
    pub fn param(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// A condition of the relation registry: aliases numbered, `{me}`, `{who}`, `{now}` and `{1}` as parameters.
    pub fn template(&mut self, place: Place, template: &str, first: Option<Value>) -> String {
        let mut text = template.to_owned();
        if text.contains("{me}") {
            let me = self.param(self.sight.me.map(|id| id.0));
            text = text.replace("{me}", &me);
        }
        if text.contains("{who}") {
            let who = self.param(self.sight.principal.map(|id| id.0));
            text = text.replace("{who}", &who);
        }
        if text.contains("{now}") {
            let now = self.param(self.sight.now.as_microsecond());
            text = text.replace("{now}", &now);
        }
        if text.contains("{1}") {
            let one = self.param(first.unwrap_or(Value::Null));
            text = text.replace("{1}", &one);
        }
        place.expand(&text)
    }

    /// The FROM clause of a place.
    pub fn from(&mut self, place: Place) -> String {
        self.template(place, place.def.from, None)
    }

    /// What always holds of a relation, and what the caller sees of it.
    pub fn visible(&mut self, place: Place) -> Vec<String> {
        let mut all: Vec<String> = place.def.always.map(|t| place.expand(t)).into_iter().collect();
        match place.def.family.seen(self.sight) {
            Seen::All => {}
            Seen::Nothing => all.push("1 = 0".to_owned()),
            Seen::Under(condition) => all.push(self.template(place, &condition, None)),
            Seen::InCatalogs(own) => {
                // Something else in the statement finds the rows: this one shall not choose the index.
                let mut any = self.by_catalog(place, true);
                if let Some(own) = own {
                    any.push(self.template(place, own, None));
                }
                all.push(if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) });
            }
        }
        all
    }

    /// What an administrator's list shows to a caller who has roles in some catalogs: what lies in them (decisions.md
    /// J3). Nothing where the caller sees more, or less.
    pub fn listed(&mut self, place: Place) -> Option<Vec<String>> {
        let Seen::InCatalogs(_) = place.def.family.seen(self.sight) else { return None };
        let mut all: Vec<String> = place.def.always.map(|t| place.expand(t)).into_iter().collect();
        let lies = self.by_catalog(place, self.few == Some(place.number)).pop();
        all.push(lies.unwrap_or_else(|| "1 = 0".to_owned()));
        Some(all)
    }

    /// The condition that a row has to do with one of the caller's catalogs, if there can be such rows.
    fn by_catalog(&mut self, place: Place, is_hushed: bool) -> Vec<String> {
        if let Some(column) = place.def.catalog {
            return vec![self.in_catalogs(&place.expand(column), is_hushed)];
        }
        let Some(template) = place.def.by_catalog else { return Vec::new() };
        let text = place.expand(template);
        let mut parts = text.split('[');
        let mut condition = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (column, rest) = part.split_once(']').unwrap_or((part, ""));
            condition.push_str(&self.in_catalogs(column, true));
            condition.push_str(rest);
        }
        vec![condition]
    }

    /// The condition that a column holds one of the caller's catalogs. Few of them are said; many are looked up.
    fn in_catalogs(&mut self, column: &str, is_hushed: bool) -> String {
        let sight = self.sight;
        let hushed = || self.dialect.gathered(column).unwrap_or_else(|| self.dialect.not_by(column));
        let column = if is_hushed { hushed() } else { column.to_owned() };
        match sight.catalogs.len() {
            0 => "1 = 0".to_owned(),
            1..=SCOPE_UNION_MAX => {
                let values: Vec<Value> = sight.catalogs.iter().map(|id| Value::Id(id.0)).collect();
                let list = self.list_of(&values);
                format!("{column} IN {list}")
            }
            _ => {
                let holder = self.param(sight.principal.map(|id| id.0));
                let roles: Vec<Value> = EntitlementRole::OF_CATALOGS.iter().map(|r| Value::Id(r.id())).collect();
                let roles = self.list_of(&roles);
                format!(
                    "{column} IN (SELECT hr.scope_id FROM role_assignment hr WHERE hr.principal_id IN (SELECT {holder} \
                         UNION ALL SELECT hc.ancestor_id FROM group_member hm JOIN group_closure hc \
                         ON hc.descendant_id = hm.group_id WHERE hm.member_id = {holder}) AND hr.provider = 2 \
                         AND hr.scope_kind = 1 AND hr.role_id IN {roles} AND NOT EXISTS (SELECT 1 FROM dir_group hg \
                         WHERE hg.id = hr.principal_id AND hg.is_deleted))"
                )
            }
        }
    }

    /// A filter as a condition.
    pub fn filter(&mut self, place: Place, filter: &Filter) -> String {
        match filter {
            Filter::Const(true) => "1 = 1".to_owned(),
            Filter::Const(false) => "1 = 0".to_owned(),
            Filter::Not(inner) => format!("NOT ({})", self.filter(place, inner)),
            Filter::And(all) => self.joined(place, all, " AND ", "1 = 1"),
            Filter::Or(any) => self.joined(place, any, " OR ", "1 = 0"),
            Filter::Compare { path, op: Operation::Ne, value } => {
                let equal = Filter::Compare { path: path.clone(), op: Operation::Eq, value: value.clone() };
                format!("NOT ({})", self.filter(place, &equal))
            }
            Filter::Compare { path, op, value } => self.compare(place, path, *op, value),
            Filter::IsNull(path) => {
                let some =
                    self.over(place, &path.navs, |_, p| format!("{} IS NOT NULL", p.column(path.operand.column)));
                format!("NOT ({some})")
            }
            Filter::In { path, values } => self.one_of(place, path, values),
            Filter::Text { path, test, needle } => self.over(place, &path.navs, |w, p| {
                let column = p.column(path.operand.column);
                let condition = w.text(&column, *test, needle);
                known(&column, path.operand.nullable, condition)
            }),
            Filter::Lambda { navs, nav, all, inner } => {
                let condition = self.over(place, navs, |w, p| w.lambda(p, nav, *all, inner.as_deref()));
                // Nothing on the way to the collection: all of its targets pass.
                if *all && !navs.is_empty() {
                    let missing = self.over(place, navs, |_, _| "1 = 1".to_owned());
                    format!("({condition} OR NOT ({missing}))")
                } else {
                    condition
                }
            }
            Filter::Rows { items, all, inner } => self.rows(place, items, *all, inner.as_deref()),
            Filter::List { column, test, needle } => self.list(&place.column(*column), *test, needle),
            Filter::Count { nav, op, number } => self.count(place, nav, *op, *number),
            Filter::Kind { column, code } => {
                let code = self.param(*code);
                format!("{} = {code}", place.column(*column))
            }
        }
    }

    fn joined(&mut self, place: Place, parts: &[Filter], word: &str, empty: &str) -> String {
        if parts.is_empty() {
            return empty.to_owned();
        }
        let parts: Vec<String> = parts.iter().map(|f| self.filter(place, f)).collect();
        format!("({})", parts.join(word))
    }

    /// A condition at the end of navigations to one: there is a target, and it passes.
    fn over(
        &mut self,
        place: Place,
        navs: &[&'static Nav],
        condition: impl FnOnce(&mut Self, Place) -> String,
    ) -> String {
        let Some((nav, rest)) = navs.split_first() else { return condition(self, place) };
        let target = self.place(nav.target);
        let mut parts = vec![join(place, target, nav)];
        parts.extend(self.visible(target));
        let inner = self.over(target, rest, condition);
        parts.push(inner);
        format!("EXISTS (SELECT 1 FROM {} WHERE {})", self.from(target), parts.join(" AND "))
    }

    fn compare(&mut self, place: Place, path: &OperandPath, op: Operation, value: &Value) -> String {
        // A unique property of the one target: its key is looked up once (decisions.md D3).
        if let ([nav], Operation::Eq, true, Via::Key(key)) = (
            path.navs.as_slice(),
            op,
            path.operand.unique,
            path.navs.first().map_or(Via::Key(place.def.key), |n| n.via),
        ) {
            let target = self.place(nav.target);
            let mut parts = self.visible(target);
            let value = self.param(value.clone());
            parts.push(format!("{} = {value}", target.column(path.operand.column)));
            let (key, wanted) = (place.column(key), target.key());
            let from = self.from(target);
            let lookup = format!("{key} IN (SELECT {wanted} FROM {from} WHERE {})", parts.join(" AND "));
            return known(&key, true, lookup);
        }
        self.over(place, &path.navs, |w, p| {
            let column = w.compared(p, path.operand.column);
            let since = w.made_since(p, path.operand.column, op, value);
            let value = w.param(value.clone());
            let condition = format!("{column} {} {value}", sign(op));
            let bounded = since.map_or_else(|| condition.clone(), |since| format!("({condition} AND {since})"));
            known(&column, path.operand.nullable, bounded)
        })
    }

    /// What follows for the key from a lower bound of the instant that it begins with (see [`RelationDef::made`]).
    fn made_since(&mut self, place: Place, column: Column, op: Operation, value: &Value) -> Option<String> {
        let (true, Operation::Gt | Operation::Ge, Value::Int(micros)) = (place.def.made == Some(column), op, value)
        else {
            return None;
        };
        let millis = u64::try_from(micros.div_euclid(MICROS_PER_MILLI)).ok()?;
        let least = self.param(Uuid::from_u128(u128::from(millis) << RANDOM_BITS));
        Some(format!("{} >= {least}", place.key()))
    }

    fn one_of(&mut self, place: Place, path: &OperandPath, values: &[Value]) -> String {
        self.over(place, &path.navs, |w, p| {
            let column = w.compared(p, path.operand.column);
            let list = w.list_of(values);
            known(&column, path.operand.nullable, format!("{column} IN {list}"))
        })
    }

    /// A list of parameters in parentheses.
    pub fn list_of(&mut self, values: &[Value]) -> String {
        let values = values.get(..IN_LIST_MAX).unwrap_or(values);
        let first = self.params.len() + 1;
        self.params.extend(values.iter().cloned());
        in_list(first, values.len())
    }

    fn text(&mut self, column: &str, test: TextTest, needle: &str) -> String {
        match test {
            TextTest::Equals => {
                let needle = self.param(needle);
                format!("{column} = {needle}")
            }
            TextTest::Contains if needle.is_empty() => "1 = 1".to_owned(),
            TextTest::Contains => {
                let needle = self.param(needle);
                self.dialect.contains(column, &needle)
            }
            TextTest::StartsWith => {
                let from = self.param(needle);
                match prefix_end(needle) {
                    Some(end) => {
                        let end = self.param(end);
                        format!("({column} >= {from} AND {column} < {end})")
                    }
                    None => format!("{column} >= {from}"),
                }
            }
            TextTest::EndsWith => {
                let length = i64::try_from(needle.chars().count()).unwrap_or(i64::MAX);
                let (needle, length) = (self.param(needle), self.param(length));
                format!(
                    "(length({column}) >= {length} AND substr({column}, length({column}) - {length} + 1) = {needle})"
                )
            }
        }
    }

    fn lambda(&mut self, place: Place, nav: &'static Nav, all: bool, inner: Option<&Filter>) -> String {
        let target = self.place(nav.target);
        let (from, mut parts) = self.targets(place, target, nav);
        parts.extend(self.visible(target));
        match inner {
            None => {}
            Some(inner) if all => {
                let condition = self.filter(target, inner);
                parts.push(format!("NOT ({condition})"));
            }
            Some(inner) => parts.push(self.filter(target, inner)),
        }
        let not = if all && inner.is_some() { "NOT " } else { "" };
        format!("{not}EXISTS (SELECT 1 FROM {from} WHERE {})", parts.join(" AND "))
    }

    /// FROM and join conditions of a navigation's targets.
    fn targets(&mut self, place: Place, target: Place, nav: &'static Nav) -> (String, Vec<String>) {
        let from = self.from(target);
        let Via::Link(name) = nav.via else { return (from, vec![join(place, target, nav)]) };
        let Some(link) = link(name) else { return (from, vec!["1 = 0".to_owned()]) };
        let pairs = Place { def: target.def, number: self.number() };
        let conditions = vec![
            format!("{} = {}", pairs.expand(link.left), place.key()),
            format!("{} = {}", pairs.expand(link.right), target.key()),
        ];
        (format!("{}, {from}", pairs.expand(link.from)), conditions)
    }

    fn rows(&mut self, place: Place, items: &'static Items, all: bool, inner: Option<&Filter>) -> String {
        let Items::Rows { relation: name, parent, .. } = items else { return "1 = 0".to_owned() };
        let Some(from) = relation::side(*name) else { return "1 = 0".to_owned() };
        let side = Place { def: place.def, number: self.number() };
        if let (false, Some(inner)) = (all, inner.filter(|f| is_narrow(f))) {
            // Few rows: they are found first, and not asked for row by row.
            let (column, key) = (side.column(*parent), place.key());
            let condition = self.filter(side, inner);
            return format!("{key} IN (SELECT {column} FROM {} WHERE {condition})", side.expand(from));
        }
        let mut parts = vec![format!("{} = {}", side.column(*parent), place.key())];
        match inner {
            None => {}
            Some(inner) if all => {
                let condition = self.filter(side, inner);
                parts.push(format!("NOT ({condition})"));
            }
            Some(inner) => parts.push(self.filter(side, inner)),
        }
        let not = if all && inner.is_some() { "NOT " } else { "" };
        format!("{not}EXISTS (SELECT 1 FROM {} WHERE {})", side.expand(from), parts.join(" AND "))
    }

    fn list(&mut self, column: &str, test: TextTest, needle: &str) -> String {
        if needle.is_empty() && test == TextTest::Contains {
            return format!("{column} <> ''");
        }
        let needle = match test {
            TextTest::Equals => format!("{LIST_SEPARATOR}{needle}{LIST_SEPARATOR}"),
            TextTest::StartsWith => format!("{LIST_SEPARATOR}{needle}"),
            TextTest::EndsWith => format!("{needle}{LIST_SEPARATOR}"),
            TextTest::Contains => needle.to_owned(),
        };
        let needle = self.param(needle);
        self.dialect.contains(column, &needle)
    }

    fn count(&mut self, place: Place, nav: &'static Nav, op: Operation, number: i64) -> String {
        let target = self.place(nav.target);
        let (from, mut parts) = self.targets(place, target, nav);
        parts.extend(self.visible(target));
        let number = self.param(number);
        let key = target.key();
        format!("(SELECT count(DISTINCT {key}) FROM {from} WHERE {}) {} {number}", parts.join(" AND "), sign(op))
    }

    /// A search: any of the groups, each with all of its terms.
    pub fn search(&mut self, place: Place, by: SearchBy, groups: &[Vec<Term>]) -> String {
        let groups: Vec<String> = groups
            .iter()
            .map(|group| {
                let terms: Vec<String> = group.iter().map(|term| self.search_term(place, by, &term.text)).collect();
                format!("({})", terms.join(" AND "))
            })
            .collect();
        format!("({})", groups.join(" OR "))
    }

    fn search_term(&mut self, place: Place, by: SearchBy, text: &str) -> String {
        match by {
            SearchBy::Nothing => "1 = 0".to_owned(),
            SearchBy::Terms => {
                let key = place.key();
                let words: Vec<String> = search_terms(text)
                    .iter()
                    .map(|word| {
                        let condition = self.text("st.term", TextTest::StartsWith, word);
                        format!("{key} IN (SELECT st.object_id FROM search_term st WHERE {condition})")
                    })
                    .collect();
                if words.is_empty() { "1 = 0".to_owned() } else { words.join(" AND ") }
            }
            SearchBy::Columns(columns) => {
                let needle = tenure_domain::text::fold(text);
                let any: Vec<String> =
                    columns.iter().map(|c| self.text(&place.column(*c), TextTest::Contains, &needle)).collect();
                format!("({})", any.join(" OR "))
            }
        }
    }

    /// The value an order compares; over navigations it is looked up.
    pub fn order_value(&mut self, place: Place, path: &OperandPath) -> String {
        let Some((nav, rest)) = path.navs.split_first() else { return place.column(path.operand.column) };
        let target = self.place(nav.target);
        let mut parts = vec![join(place, target, nav)];
        parts.extend(self.visible(target));
        let inner = OperandPath { navs: rest.to_vec(), operand: path.operand };
        let value = self.order_value(target, &inner);
        format!("(SELECT {value} FROM {} WHERE {})", self.from(target), parts.join(" AND "))
    }
}

/// The condition that joins a target without a table of pairs.
pub fn join(place: Place, target: Place, nav: &Nav) -> String {
    match nav.via {
        Via::Key(column) => format!("{} = {}", target.key(), place.column(column)),
        Via::Back(column) => format!("{} = {}", target.column(column), place.key()),
        Via::Link(_) => "1 = 0".to_owned(),
    }
}

/// Whether a filter asks for one value of the column that has few rows for each (see [`RelationDef::few`]).
pub fn asks_for_few(filter: &Filter, def: &RelationDef) -> bool {
    match (filter, def.few) {
        (Filter::Compare { path, op: Operation::Eq, .. }, Some(few)) => match path.navs.as_slice() {
            [] => path.operand.column == few,
            [nav] => path.operand.unique && matches!(nav.via, Via::Key(key) if key == few),
            _ => false,
        },
        (Filter::And(all), _) => all.iter().any(|f| asks_for_few(f, def)),
        _ => false,
    }
}

/// Whether a filter asks for names that are or begin so, whatever else it asks for: an index finds them.
pub fn asks_for_names(filter: &Filter, name: Column) -> bool {
    let is_name = |path: &OperandPath| path.navs.is_empty() && path.operand.column == name;
    match filter {
        Filter::Compare { path, op: Operation::Eq, .. }
        | Filter::In { path, .. }
        | Filter::Text { path, test: TextTest::Equals | TextTest::StartsWith, .. } => is_name(path),
        Filter::And(all) => all.iter().any(|f| asks_for_names(f, name)),
        _ => false,
    }
}

/// Whether a filter asks for one value of a column, whatever else it asks for.
fn is_narrow(filter: &Filter) -> bool {
    match filter {
        Filter::Compare { path, op: Operation::Eq, .. } => path.navs.is_empty(),
        Filter::And(all) => all.iter().any(is_narrow),
        _ => false,
    }
}

/// A condition on a column that may be null is false, and not unknown, when it is.
fn known(column: &str, nullable: bool, condition: String) -> String {
    if nullable { format!("({column} IS NOT NULL AND {condition})") } else { condition }
}

const fn sign(op: Operation) -> &'static str {
    match op {
        Operation::Eq => "=",
        Operation::Ne => "<>",
        Operation::Gt => ">",
        Operation::Ge => ">=",
        Operation::Lt => "<",
        Operation::Le => "<=",
    }
}
