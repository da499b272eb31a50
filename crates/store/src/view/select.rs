//! One selection: a page of rows, one row, or the targets of an expanded navigation for many parents at once.

use super::condition::{Place, Writer, join};
use super::relation::{self, Predicate};
use crate::driver::Statement;
use crate::driver::dialect::Dialect;
use tenure_domain::authorize::Sight;
use tenure_odata::edm::{Column, EntityType, Nav, Via};
use tenure_odata::query::{Order, Term};
use tenure_odata::{Filter, Value};
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
    /// Only what a function of the API stands for, with its parameter.
    pub predicate: Option<(Predicate, Value)>,
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
        let mut writer = Writer::new(dialect, sight);
        let place = writer.place(self.entity);
        let orders: Vec<String> = self.order.iter().map(|o| writer.order_value(place, &o.path)).collect();
        let mut columns: Vec<String> = self.columns.iter().map(|c| place.column(*c)).collect();
        columns.extend(orders.iter().cloned());
        columns.push(place.key());
        let source = self.source(&mut writer, place);
        let mut conditions = source.conditions;
        conditions.extend(self.conditions(&mut writer, place));
        if let Some(after) = self.after {
            conditions.push(self.keyset(&mut writer, place, &orders, after));
        }
        let order = self.order_by(&orders, &place.key());
        let where_clause = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
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
            let limit = writer.param(i64::from(self.limit));
            let skip =
                if self.skip > 0 { format!(" OFFSET {}", writer.param(i64::from(self.skip))) } else { String::new() };
            let list = columns.join(", ");
            format!("SELECT {list} FROM {} WHERE {where_clause} ORDER BY {order} LIMIT {limit}{skip}", source.from)
        };
        Statement::new(sql, writer.params)
    }

    /// The statement that counts it, without paging.
    pub fn count(&self, dialect: Dialect, sight: &Sight) -> Statement {
        let mut writer = Writer::new(dialect, sight);
        let place = writer.place(self.entity);
        let source = self.source(&mut writer, place);
        let mut conditions = source.conditions;
        conditions.extend(self.conditions(&mut writer, place));
        let where_clause = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        Statement::new(format!("SELECT count(*) FROM {} WHERE {where_clause}", source.from), writer.params)
    }

    fn conditions(&self, writer: &mut Writer<'_>, place: Place) -> Vec<String> {
        let mut all = writer.visible(place);
        for (column, value) in &self.narrow {
            let value = writer.param(value.clone());
            all.push(format!("{} = {value}", place.column(*column)));
        }
        if let Some((predicate, value)) = &self.predicate {
            all.push(writer.template(place, predicate.text(), Some(value.clone())));
        }
        all.extend(self.filter.map(|f| writer.filter(place, f)));
        if !self.search.is_empty() {
            all.push(writer.search(place, self.entity.search, self.search));
        }
        all
    }

    fn source(&self, writer: &mut Writer<'_>, place: Place) -> Source {
        let from = place.expand(place.def.from);
        let plain = |conditions| Source { from: from.clone(), conditions, parent: None };
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
            Origin::From { parent, nav, key } => {
                let conditions = from_one(writer, place, parent, nav, *key);
                plain(conditions)
            }
            Origin::FromMany { nav, keys } => {
                let values: Vec<Value> = keys.iter().map(|k| Value::Id(*k)).collect();
                from_many(writer, place, nav, &values, from)
            }
        }
    }

    /// Rows after the last one of the page before, in any mixture of directions; nothing sorts last.
    fn keyset(&self, writer: &mut Writer<'_>, place: Place, orders: &[String], after: &[Value]) -> String {
        let key = place.key();
        let mut alternatives = Vec::new();
        let mut equal: Vec<String> = Vec::new();
        for ((order, expression), value) in self.order.iter().zip(orders).zip(after) {
            let beyond = match value {
                Value::Null => None,
                value => {
                    let p = writer.param(value.clone());
                    let sign = if order.descending { "<" } else { ">" };
                    Some(format!("({expression} {sign} {p} OR {expression} IS NULL)"))
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
        equal.push(format!("{key} > {last}"));
        alternatives.push(equal.join(" AND "));
        let all: Vec<String> = alternatives.into_iter().map(|a| format!("({a})")).collect();
        format!("({})", all.join(" OR "))
    }

    fn order_by(&self, orders: &[String], key: &str) -> String {
        let mut parts: Vec<String> = self
            .order
            .iter()
            .zip(orders)
            .map(|(order, expression)| {
                let direction = if order.descending { "DESC" } else { "ASC" };
                format!("{expression} {direction} NULLS LAST")
            })
            .collect();
        parts.push(key.to_owned());
        parts.join(", ")
    }
}

struct Source {
    from: String,
    conditions: Vec<String>,
    /// The parent's key, where rows of several parents are read.
    parent: Option<String>,
}

/// The targets of a navigation from one parent.
fn from_one(
    writer: &mut Writer<'_>,
    place: Place,
    parent: &'static EntityType,
    nav: &'static Nav,
    key: Uuid,
) -> Vec<String> {
    match nav.via {
        Via::Back(column) => {
            let key = writer.param(key);
            vec![format!("{} = {key}", place.column(column))]
        }
        Via::Key(_) => {
            let owner = writer.place(parent);
            let key = writer.param(key);
            let from = owner.expand(owner.def.from);
            vec![format!("EXISTS (SELECT 1 FROM {from} WHERE {} = {key} AND {})", owner.key(), join(owner, place, nav))]
        }
        Via::Link(name) => {
            let Some(link) = relation::link(name) else { return vec!["1 = 0".to_owned()] };
            let pairs = writer.place(parent);
            let key = writer.param(key);
            let (from, left, right) = (pairs.expand(link.from), pairs.expand(link.left), pairs.expand(link.right));
            vec![format!("{} IN (SELECT {right} FROM {from} WHERE {left} = {key})", place.key())]
        }
    }
}

/// The targets of a navigation to many from many parents.
fn from_many(writer: &mut Writer<'_>, place: Place, nav: &'static Nav, keys: &[Value], from: String) -> Source {
    match nav.via {
        Via::Back(column) => {
            let list = writer.list_of(keys);
            let parent = place.column(column);
            Source { from, conditions: vec![format!("{parent} IN {list}")], parent: Some(parent) }
        }
        Via::Link(name) => {
            let Some(link) = relation::link(name) else {
                return Source { from, conditions: vec!["1 = 0".to_owned()], parent: Some("NULL".to_owned()) };
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
                };
            }
            Source {
                from: format!("{pairs_from}, {from}"),
                conditions: vec![format!("{left} IN {list}"), format!("{} = {right}", place.key())],
                parent: Some(left),
            }
        }
        Via::Key(_) => Source { from, conditions: vec!["1 = 0".to_owned()], parent: Some("NULL".to_owned()) },
    }
}
