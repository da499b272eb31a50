//! One selection: a page of rows, one row, or the targets of an expanded navigation for many parents at once.

use super::columns::assignment;
use super::columns::object::{ID as KEY, NAME_KEY};
use super::condition::{Place, Writer, asks_for_few, asks_for_names, join};
use super::link::link;
use super::predicate::Predicate;
use crate::driver::Statement;
use crate::driver::dialect::Dialect;
use tenure_domain::authorize::Sight;
use tenure_domain::limits::SCOPE_UNION_MAX;
use tenure_odata::edm::{Column, EntityType, Kind, Nav, Via};
use tenure_odata::query::{Order, Term};
use tenure_odata::{Filter, Operation, Value};
use uuid::Uuid;

/// Where the rows of a selection come from.
#[derive(Clone, Debug)]
pub enum Origin<'a> {
    /// Everywhere.
    All,
    /// The rows of these keys.
    Keys(Vec<Uuid>),
    /// The row whose column has this value.
    Where(Column, Value),
    /// The targets of a navigation from one parent.
    From {
        /// The type of the parent.
        parent: &'static EntityType,
        /// The navigation.
        nav: &'static Nav,
        /// The key of the parent.
        key: Uuid,
    },
    /// The targets of a navigation to many from many parents; each row says its parent.
    FromMany {
        /// The navigation.
        nav: &'static Nav,
        /// The keys of the parents.
        keys: &'a [Uuid],
    },
}

/// The columns after the wanted ones in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Where the order values start.
    pub order: usize,
    /// How many there are.
    pub order_count: usize,
    /// Where the key stands.
    pub key: usize,
    /// Where the parent's key stands, for [`Origin::FromMany`].
    pub parent: usize,
}

/// A selection of rows.
#[derive(Clone, Debug)]
pub struct Select<'a> {
    /// What.
    pub entity: &'static EntityType,
    /// The wanted columns.
    pub columns: Vec<Column>,
    /// From where.
    pub origin: Origin<'a>,
    /// Only rows whose columns have these values.
    pub narrow: Vec<(Column, Value)>,
    /// Only what lies in the caller's catalogs, where he does not see everything.
    pub in_catalogs: bool,
    /// Only what a function of the API stands for, with its parameters.
    pub predicate: Option<(Predicate, Vec<Value>)>,
    /// `$filter`
    pub filter: Option<&'a Filter>,
    /// `$search`
    pub search: &'a [Vec<Term>],
    /// `$orderby`
    pub order: &'a [Order],
    /// The order values and the key of the last row of the page before.
    pub after: Option<&'a [Value]>,
    /// `$skip`; per parent for [`Origin::FromMany`].
    pub skip: u32,
    /// Rows at most; per parent for [`Origin::FromMany`].
    pub limit: u32,
    /// Rows of all parents together at most, for [`Origin::FromMany`].
    pub total: Option<u32>,
    /// Every row says after its parent how many rows that one has in all; for [`Origin::FromMany`].
    pub counts: bool,
}

impl<'a> Select<'a> {
    /// All rows of a type.
    pub fn all(entity: &'static EntityType, columns: Vec<Column>, limit: u32) -> Self {
        Self {
            entity,
            columns,
            origin: Origin::All,
            narrow: Vec::new(),
            in_catalogs: false,
            predicate: None,
            filter: None,
            search: &[],
            order: &[],
            after: None,
            skip: 0,
            limit,
            total: None,
            counts: false,
        }
    }

    /// From there.
    pub fn origin(mut self, origin: Origin<'a>) -> Self {
        self.origin = origin;
        self
    }

    /// Where the columns after the wanted ones stand.
    pub fn layout(&self) -> Selected {
        let order = self.columns.len();
        let key = order + self.order.len();
        Selected { order, order_count: self.order.len(), key, parent: key + 1 }
    }

    /// The statement that reads it.
    pub fn statement(&self, dialect: Dialect, sight: &Sight) -> Statement {
        if let Some(statement) = self.union(dialect, sight) {
            return statement;
        }
        let mut writer = Writer::new(dialect, sight);
        let place = writer.place(self.entity);
        let orders: Vec<String> = self.order.iter().map(|o| writer.order_value(place, &o.path)).collect();
        let mut columns: Vec<String> = self.columns.iter().map(|c| place.column(*c)).collect();
        columns.extend(orders.iter().cloned());
        columns.push(place.key());
        let source = self.source(&mut writer, place);
        let own_key = Self::named_key(place, &orders).unwrap_or_else(|| place.key());
        let key = source.key.unwrap_or_else(|| own_key.clone());
        let mut conditions = source.conditions;
        conditions.extend(self.conditions(&mut writer, place));
        if let Some(after) = self.after {
            conditions.push(self.keyset(&mut writer, &key, &orders, after));
        }
        let by_name = Self::by_name(place, conditions.iter().chain(&orders));
        conditions.extend(by_name);
        let gathers =
            source.gathers || !self.search.is_empty() || self.filter.is_some_and(|f| asks_for_names(f, NAME_KEY));
        let where_clause = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        let order = self.order_by(&orders, &key);
        let sql = if let Some(parent) = source.parent {
            // At most so many targets per parent.
            let listed = columns.iter().enumerate().map(|(i, c)| format!("{c} AS c{i}")).collect::<Vec<_>>().join(", ");
            let names = (0..columns.len()).map(|i| format!("c{i}")).collect::<Vec<_>>().join(", ");
            let (total, count) = if self.counts {
                (", total", format!(", count(*) OVER (PARTITION BY {parent}) AS total"))
            } else {
                ("", String::new())
            };
            let skip = writer.param(i64::from(self.skip));
            let last = writer.param(i64::from(self.skip) + i64::from(self.limit));
            let most = self.total.map(|n| format!(" LIMIT {}", writer.param(n))).unwrap_or_default();
            format!(
                "SELECT {names}, parent{total} FROM (SELECT {listed}, {parent} AS parent{count}, row_number() OVER \
                     (PARTITION BY {parent} ORDER BY {order}) AS place FROM {} WHERE {where_clause}) ranked \
                     WHERE place > {skip} AND place <= {last} ORDER BY parent, place{most}",
                source.from
            )
        } else {
            // Not a parameter: how many rows are wanted decides the plan, and plans are made once per text.
            let limit = self.limit;
            let skip =
                if self.skip > 0 { format!(" OFFSET {}", writer.param(i64::from(self.skip))) } else { String::new() };
            let list = columns.join(", ");
            let values: Option<Vec<String>> =
                orders.iter().chain([&key]).map(|value| dialect.gathered(value)).collect();
            if let Some((last, before)) = values.as_deref().and_then(<[String]>::split_last).filter(|_| gathers) {
                // The page is found first, and only its rows are read with what else is shown of them.
                let (gathered, own) = (self.order_by(before, last), place.key());
                let order = self.order_by(&orders, &own_key);
                let looked_at = format!("{where_clause} {gathered}");
                let found = counted(place, &source.from, &looked_at);
                let whole = writer.from(place);
                format!(
                    "SELECT {list} FROM {whole}, (SELECT {own} AS found FROM {found} WHERE {where_clause} \
                         ORDER BY {gathered} LIMIT {limit}{skip}) page WHERE {own} = page.found ORDER BY {order}"
                )
            } else {
                format!("SELECT {list} FROM {} WHERE {where_clause} ORDER BY {order} LIMIT {limit}{skip}", source.from)
            }
        };
        Statement::new(sql, writer.params)
    }

    /// The statement where a caller has roles in some catalogs and lists what lies in them: each of them is read by
    /// itself, in the order of ids and no further than the page, for a walk over all rows would pass over those of all
    /// other catalogs (decisions.md D5).
    fn union(&self, dialect: Dialect, sight: &Sight) -> Option<Statement> {
        let is_walk = self.is_list() && self.order.is_empty() && self.search.is_empty() && self.skip == 0;
        if !is_walk || !(2..=SCOPE_UNION_MAX).contains(&sight.catalogs.len()) {
            return None;
        }
        if self.filter.is_some_and(|filter| !is_state(filter)) {
            return None;
        }
        let mut writer = Writer::new(dialect, sight);
        let place = writer.place(self.entity);
        let catalog = place.expand(place.def.catalog?);
        let (key, from, limit) = (place.key(), writer.from(place), self.limit);
        let mut pages = Vec::new();
        for (n, id) in sight.catalogs.iter().enumerate() {
            let mut conditions: Vec<String> = place.def.always.map(|t| place.expand(t)).into_iter().collect();
            let id = writer.param(id.0);
            conditions.push(format!("{catalog} = {id}"));
            conditions.extend(self.filter.map(|f| writer.filter(place, f)));
            if let Some(after) = self.after {
                conditions.push(self.keyset(&mut writer, &key, &[], after));
            }
            let conditions = conditions.join(" AND ");
            let found = counted(place, &from, &conditions);
            pages.push(format!(
                "SELECT found FROM (SELECT {key} AS found FROM {found} WHERE {conditions} ORDER BY {key} LIMIT {limit}) s{n}"
            ));
        }
        let mut columns: Vec<String> = self.columns.iter().map(|c| place.column(*c)).collect();
        columns.push(key.clone());
        let (list, pages) = (columns.join(", "), pages.join(" UNION ALL "));
        let sql = format!(
            "SELECT {list} FROM {from}, (SELECT found FROM ({pages}) pages ORDER BY found LIMIT {limit}) page \
                 WHERE {key} = page.found ORDER BY {key}"
        );
        Some(Statement::new(sql, writer.params))
    }

    /// Whether it is an administrator's list: everything there is, and not what a function of the API narrows to the
    /// caller.
    fn is_list(&self) -> bool {
        matches!(self.origin, Origin::All) && self.predicate.is_none() && self.narrow.is_empty()
    }

    /// The statement that counts it, without paging.
    pub fn count(&self, dialect: Dialect, sight: &Sight) -> Statement {
        let mut writer = Writer::new(dialect, sight);
        let place = writer.place(self.entity);
        let source = self.source(&mut writer, place);
        let mut conditions = source.conditions;
        conditions.extend(self.conditions(&mut writer, place));
        let by_name = Self::by_name(place, conditions.iter());
        conditions.extend(by_name);
        let where_clause = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        let from = counted(place, &source.from, &where_clause);
        Statement::new(format!("SELECT count(*) FROM {from} WHERE {where_clause}"), writer.params)
    }

    /// The statement that counts it, and stops counting at `most`.
    pub fn count_up_to(&self, dialect: Dialect, sight: &Sight, most: u32) -> Statement {
        let counted = self.count(dialect, sight);
        // Not a parameter: how far a count goes decides the plan.
        let sql = counted.sql.replacen("SELECT count(*) FROM", "SELECT 1 FROM", 1);
        Statement::new(format!("SELECT count(*) FROM ({sql} LIMIT {most}) counted"), counted.params)
    }

    /// What is said where rows are found or ordered by their name.
    fn by_name<'t>(place: Place, mut texts: impl Iterator<Item = &'t String>) -> Option<String> {
        let template = place.def.by_name?;
        let name = place.column(NAME_KEY);
        texts.any(|text| text.contains(&name)).then(|| place.expand(template))
    }

    /// What rows are paged by where they come in the order of their names: the key beside the name in its index.
    fn named_key(place: Place, orders: &[String]) -> Option<String> {
        let is_first = orders.first() == Some(&place.column(NAME_KEY));
        (is_first && place.def.by_name.is_some()).then(|| place.column(KEY))
    }

    fn conditions(&self, writer: &mut Writer<'_>, place: Place) -> Vec<String> {
        let is_few = self.predicate.as_ref().is_some_and(|(predicate, _)| predicate.is_few());
        if is_few || self.filter.is_some_and(|f| asks_for_few(f, place.def)) {
            writer.few(place);
        }
        let listed = if self.is_list() || self.in_catalogs { writer.listed(place) } else { None };
        let mut all = listed.unwrap_or_else(|| writer.visible(place));
        for (column, value) in &self.narrow {
            let value = writer.param(value.clone());
            all.push(format!("{} = {value}", place.column(*column)));
        }
        if let Some((predicate, values)) = &self.predicate {
            let mut values = values.iter().cloned();
            all.push(writer.template(place, predicate.text(), values.next()));
            all.extend(values.next().map(|package| self.holds_too(writer, place, package)));
        }
        all.extend(self.filter.map(|f| writer.filter(place, f)));
        if !self.search.is_empty() {
            all.push(writer.search(place, self.entity.search, self.search));
        }
        all
    }

    /// The holder of an assignment has a live one of another package too. One that the caller may not see is not there
    /// for him (decisions.md J5).
    fn holds_too(&self, writer: &mut Writer<'_>, place: Place, package: Value) -> String {
        let other = writer.place(self.entity);
        let package = writer.param(package);
        let mut parts = vec![
            format!("{} = {package}", other.column(assignment::PACKAGE)),
            format!("{} = {}", other.column(assignment::TARGET), place.column(assignment::TARGET)),
            other.expand("{a}.is_live"),
        ];
        parts.extend(writer.visible(other));
        format!("EXISTS (SELECT 1 FROM {} WHERE {})", other.expand(other.def.from), parts.join(" AND "))
    }

    fn source(&self, writer: &mut Writer<'_>, place: Place) -> Source {
        let from = writer.from(place);
        let plain = |conditions| Source { from: from.clone(), conditions, parent: None, key: None, gathers: false };
        match &self.origin {
            Origin::All => plain(Vec::new()),
            Origin::Keys(keys) => {
                let values: Vec<Value> = keys.iter().map(|k| Value::Id(*k)).collect();
                let list = writer.list_of(&values);
                plain(vec![format!("{} IN {list}", place.key())])
            }
            Origin::Where(column, value) => {
                let value = writer.param(value.clone());
                plain(vec![format!("{} = {value}", place.column(*column))])
            }
            Origin::From { parent, nav, key } => from_one(writer, place, (parent, nav, *key), &from),
            Origin::FromMany { nav, keys } => {
                let values: Vec<Value> = keys.iter().map(|k| Value::Id(*k)).collect();
                from_many(writer, place, nav, &values, from)
            }
        }
    }

    /// Rows after the last one of the page before, in any mixture of directions; nothing sorts last.
    fn keyset(&self, writer: &mut Writer<'_>, key: &str, orders: &[String], after: &[Value]) -> String {
        let key_sign = if self.ends_descending() { "<" } else { ">" };
        let is_plain = |order: &Order| order.descending == self.ends_descending() && !may_be_null(order);
        if !orders.is_empty() && self.order.iter().all(is_plain) && !after.iter().any(|v| matches!(v, Value::Null)) {
            // An index finds the row to go on from.
            let values: Vec<String> = after.iter().map(|value| writer.param(value.clone())).collect();
            return format!("({}, {key}) {key_sign} ({})", orders.join(", "), values.join(", "));
        }
        let mut alternatives = Vec::new();
        let mut equal: Vec<String> = Vec::new();
        // Said once more where it can be read off an index: without it the walk would begin at the first row.
        let mut bound = None;
        for ((order, expression), value) in self.order.iter().zip(orders).zip(after) {
            let sign = if order.descending { "<" } else { ">" };
            let beyond = match value {
                Value::Null => None,
                value => {
                    let p = writer.param(value.clone());
                    if may_be_null(order) {
                        Some(format!("({expression} {sign} {p} OR {expression} IS NULL)"))
                    } else {
                        bound = bound.or_else(|| equal.is_empty().then(|| format!("{expression} {sign}= {p}")));
                        Some(format!("{expression} {sign} {p}"))
                    }
                }
            };
            if let Some(beyond) = beyond {
                alternatives.push(equal.iter().cloned().chain([beyond]).collect::<Vec<_>>().join(" AND "));
            }
            equal.push(match value {
                Value::Null => format!("{expression} IS NULL"),
                value => {
                    let p = writer.param(value.clone());
                    format!("{expression} = {p}")
                }
            });
        }
        let last = writer.param(after.last().cloned().unwrap_or(Value::Null));
        equal.push(format!("{key} {key_sign} {last}"));
        alternatives.push(equal.join(" AND "));
        let any = match alternatives.as_slice() {
            [one] => one.clone(),
            all => format!("({})", all.iter().map(|a| format!("({a})")).collect::<Vec<_>>().join(" OR ")),
        };
        bound.into_iter().chain([any]).collect::<Vec<_>>().join(" AND ")
    }

    /// Rows that are equal by every order come in the direction of the last one, so that an index can be read from
    /// either end.
    fn ends_descending(&self) -> bool {
        self.order.last().is_some_and(|o| o.descending)
    }

    fn order_by(&self, orders: &[String], key: &str) -> String {
        let mut parts: Vec<String> = self
            .order
            .iter()
            .zip(orders)
            .map(|(order, expression)| {
                let direction = if order.descending { "DESC" } else { "ASC" };
                // Where nothing is null the words would only keep an index from being read backwards.
                let nulls = if may_be_null(order) { " NULLS LAST" } else { "" };
                format!("{expression} {direction}{nulls}")
            })
            .collect();
        parts.push(if self.ends_descending() { format!("{key} DESC") } else { key.to_owned() });
        parts.join(", ")
    }
}

/// Whether a filter asks for one word of the rows themselves: within a catalog an index holds the rows of each state in
/// the order of their ids.
fn is_state(filter: &Filter) -> bool {
    let Filter::Compare { path, op: Operation::Eq, .. } = filter else { return false };
    path.navs.is_empty() && matches!(path.operand.kind, Kind::Enum(_))
}

/// What is counted: without the tables that only add to each row, when no condition looks at them.
fn counted(place: Place, from: &str, conditions: &str) -> String {
    let Some(counted) = place.def.counted else { return from.to_owned() };
    let aliases = |template: &'static str| template.split('{').skip(1).filter_map(|t| t.split('}').next());
    let is_added = |alias: &&str| !aliases(counted).any(|kept| kept == *alias);
    let looked_at = |alias: &str| conditions.contains(&place.expand(&format!("{{{alias}}}.")));
    if aliases(place.def.from).filter(is_added).any(looked_at) {
        return from.to_owned();
    }
    from.replace(&place.expand(place.def.from), &place.expand(counted))
}

/// Over a navigation there may be nothing at the end.
fn may_be_null(order: &Order) -> bool {
    order.path.operand.nullable || !order.path.navs.is_empty()
}

struct Source {
    from: String,
    conditions: Vec<String>,
    /// The parent's key, where rows of several parents are read.
    parent: Option<String>,
    /// What rows are paged by, where that is not their own key but equals it.
    key: Option<String>,
    /// Whether all that is found is gathered before it is sorted.
    gathers: bool,
}

/// The targets of a navigation from one parent.
fn from_one(
    writer: &mut Writer<'_>,
    place: Place,
    (parent, nav, key): (&'static EntityType, &'static Nav, Uuid),
    from: &str,
) -> Source {
    let plain = |conditions| Source { from: from.to_owned(), conditions, parent: None, key: None, gathers: false };
    match nav.via {
        Via::Back(column) => {
            let key = writer.param(key);
            plain(vec![format!("{} = {key}", place.column(column))])
        }
        Via::Key(_) => {
            let owner = writer.place(parent);
            let key = writer.param(key);
            let from = writer.from(owner);
            let joined = join(owner, place, nav);
            plain(vec![format!("EXISTS (SELECT 1 FROM {from} WHERE {} = {key} AND {joined})", owner.key())])
        }
        Via::Link(name) => {
            let Some(link) = link(name) else { return plain(vec!["1 = 0".to_owned()]) };
            let pairs = writer.place(parent);
            let key = writer.param(key);
            let (pairs_from, left, right) =
                (pairs.expand(link.from), pairs.expand(link.left), pairs.expand(link.right));
            if link.repeats {
                let found = format!("{} IN (SELECT {right} FROM {pairs_from} WHERE {left} = {key})", place.key());
                return Source { gathers: true, ..plain(vec![found]) };
            }
            // Pairs come in the order of their targets: a page of them is found without looking at the others.
            let conditions = vec![format!("{left} = {key}"), format!("{} = {right}", place.key())];
            Source { from: format!("{pairs_from}, {from}"), conditions, parent: None, key: Some(right), gathers: false }
        }
    }
}

/// The targets of a navigation to many from many parents.
fn from_many(writer: &mut Writer<'_>, place: Place, nav: &'static Nav, keys: &[Value], from: String) -> Source {
    match nav.via {
        Via::Back(column) => {
            let list = writer.list_of(keys);
            let parent = place.column(column);
            Source {
                from,
                conditions: vec![format!("{parent} IN {list}")],
                parent: Some(parent),
                key: None,
                gathers: false,
            }
        }
        Via::Link(name) => {
            let Some(link) = link(name) else {
                return Source {
                    from,
                    conditions: vec!["1 = 0".to_owned()],
                    parent: Some("NULL".to_owned()),
                    key: None,
                    gathers: false,
                };
            };
            let pairs = writer.place(nav.target);
            let (pairs_from, left, right) =
                (pairs.expand(link.from), pairs.expand(link.left), pairs.expand(link.right));
            let list = writer.list_of(keys);
            if link.repeats {
                let alias = pairs.expand("{d}");
                let inner = format!(
                    "(SELECT DISTINCT {left} AS l, {right} AS r FROM {pairs_from} WHERE {left} IN {list}) {alias}"
                );
                return Source {
                    from: format!("{inner}, {from}"),
                    conditions: vec![format!("{} = {alias}.r", place.key())],
                    parent: Some(format!("{alias}.l")),
                    key: None,
                    gathers: false,
                };
            }
            Source {
                from: format!("{pairs_from}, {from}"),
                conditions: vec![format!("{left} IN {list}"), format!("{} = {right}", place.key())],
                parent: Some(left),
                key: None,
                gathers: false,
            }
        }
        Via::Key(_) => Source {
            from,
            conditions: vec!["1 = 0".to_owned()],
            parent: Some("NULL".to_owned()),
            key: None,
            gathers: false,
        },
    }
}
