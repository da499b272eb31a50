//! The meaning of a filter over rows in memory. The statements made from filters must agree with it, on every database.

use crate::check::matches;
use crate::edm::{Column, Items, Nav, Relation};
use crate::filter::{Filter, LIST_SEPARATOR, OperandPath, Operation, TextTest};
use crate::value::Value;
use std::cmp::Ordering;

/// A row in memory.
pub trait Record {
    /// What a column holds.
    fn value(&self, column: Column) -> Value;
    /// The rows a navigation leads to.
    fn related(&self, nav: &'static Nav) -> Vec<&dyn Record>;
    /// The rows of a side relation that belong to this one.
    fn side(&self, relation: Relation) -> Vec<&dyn Record>;
}

/// Whether `row` passes `filter`.
pub fn eval(filter: &Filter, row: &dyn Record) -> bool {
    match filter {
        Filter::Const(b) => *b,
        Filter::Not(inner) => !eval(inner, row),
        Filter::And(all) => all.iter().all(|f| eval(f, row)),
        Filter::Or(any) => any.iter().any(|f| eval(f, row)),
        Filter::Compare { path, op, value } => compare(&read(path, row), *op, value),
        Filter::IsNull(path) => read(path, row) == Value::Null,
        Filter::In { path, values } => values.contains(&read(path, row)),
        Filter::Text { path, test, needle } => match read(path, row) {
            Value::Text(text) => matches(&text, *test, needle),
            _ => false,
        },
        Filter::Lambda { navs, nav, all, inner } => {
            let Some(row) = follow(navs, row) else { return *all };
            quantify(&row.related(nav), *all, inner.as_deref())
        }
        Filter::Rows { items, all, inner } => match items {
            Items::Rows { relation, .. } => quantify(&row.side(*relation), *all, inner.as_deref()),
            Items::List(_) => false,
        },
        Filter::List { column, test, needle } => match row.value(*column) {
            Value::Text(list) => list_has(&list, *test, needle),
            _ => false,
        },
        Filter::Count { nav, op, number } => {
            let count = i64::try_from(row.related(nav).len()).unwrap_or(i64::MAX);
            holds(count.cmp(number), *op)
        }
        Filter::Kind { column, code } => row.value(*column) == Value::Int(*code),
    }
}

fn follow<'r>(navs: &[&'static Nav], row: &'r dyn Record) -> Option<&'r dyn Record> {
    navs.iter().try_fold(row, |row, nav| row.related(nav).into_iter().next())
}

fn read(path: &OperandPath, row: &dyn Record) -> Value {
    follow(&path.navs, row).map_or(Value::Null, |row| row.value(path.operand.column))
}

fn compare(left: &Value, op: Operation, right: &Value) -> bool {
    if *left == Value::Null {
        return op == Operation::Ne;
    }
    holds(left.cmp(right), op)
}

fn holds(ordering: Ordering, op: Operation) -> bool {
    match op {
        Operation::Eq => ordering.is_eq(),
        Operation::Ne => ordering.is_ne(),
        Operation::Gt => ordering.is_gt(),
        Operation::Ge => ordering.is_ge(),
        Operation::Lt => ordering.is_lt(),
        Operation::Le => ordering.is_le(),
    }
}

fn quantify(rows: &[&dyn Record], all: bool, inner: Option<&Filter>) -> bool {
    match inner {
        None => !rows.is_empty(),
        Some(inner) if all => rows.iter().all(|r| eval(inner, *r)),
        Some(inner) => rows.iter().any(|r| eval(inner, *r)),
    }
}

fn list_has(list: &str, test: TextTest, needle: &str) -> bool {
    if needle.is_empty() && test == TextTest::Contains {
        return !list.is_empty();
    }
    list.split(LIST_SEPARATOR).filter(|t| !t.is_empty()).any(|text| matches(text, test, needle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edm::{Codec, EntityType, EnumType, Kind, Name, Property, Version};
    use crate::filter::list_column;
    use std::collections::HashMap;

    static STATE: EnumType = EnumType::older("state", &[(0, "delivering"), (2, "delivered")]);
    static PACKAGE: EntityType = EntityType::new(
        "package",
        Relation("package"),
        &[
            Property::new(Name::both("id"), Codec::Id, &[]).by(Column("p.id"), Kind::Id).required(),
            Property::new(Name::both("displayName"), Codec::Text, &[]).by(Column("p.name"), Kind::Text),
        ],
    )
    .nav(&[Nav::back(Name::both("assignments"), &ASSIGNMENT, Column("a.package"))]);
    static ASSIGNMENT: EntityType = EntityType::new(
        "assignment",
        Relation("assignment"),
        &[
            Property::new(Name::both("id"), Codec::Id, &[]).by(Column("a.id"), Kind::Id).required(),
            Property::new(Name::pair("state", "assignmentState"), Codec::Enum(&STATE), &[])
                .by(Column("a.state"), Kind::Enum(&STATE)),
            Property::new(Name::both("endDateTime"), Codec::Time, &[]).by(Column("a.end"), Kind::Time),
            Property::new(Name::both("tags"), Codec::Json, &[]).with_items(&Items::List(Column("a.tags"))),
        ],
    )
    .nav(&[Nav::one(Name::both("accessPackage"), &PACKAGE, Column("a.package"))]);

    struct Row {
        values: HashMap<&'static str, Value>,
        package: Option<Box<Row>>,
    }

    impl Record for Row {
        fn value(&self, column: Column) -> Value {
            self.values.get(column.0).cloned().unwrap_or(Value::Null)
        }
        fn related(&self, _: &'static Nav) -> Vec<&dyn Record> {
            self.package.iter().map(|p| &**p as &dyn Record).collect()
        }
        fn side(&self, _: Relation) -> Vec<&dyn Record> {
            Vec::new()
        }
    }

    fn row() -> Row {
        let package = Row { values: HashMap::from([("p.name", Value::from("crm"))]), package: None };
        let values = HashMap::from([
            ("a.state", Value::Int(2)),
            ("a.package", Value::Id(uuid::Uuid::from_u128(7))),
            ("a.tags", Value::Text(list_column(["red", "green"]))),
        ]);
        Row { values, package: Some(Box::new(package)) }
    }

    fn ask(text: &str) -> Result<bool, String> {
        let expr = crate::parse(text).map_err(|e| e.message)?;
        let fold = |t: &str| t.to_lowercase();
        let filter = crate::check(&ASSIGNMENT, Version::V1, fold, &expr).map_err(|e| e.message)?;
        Ok(eval(&filter, &row()))
    }

    #[test]
    fn names_and_words_ignore_case() {
        assert_eq!(ask("State eq 'Delivered'"), Ok(true));
        assert_eq!(ask("accesspackage/DISPLAYNAME eq 'CRM'"), Ok(true));
        assert_eq!(ask("startswith(state,'DELIVER')"), Ok(true));
        assert_eq!(ask("contains(tolower(accessPackage/displayName),'rm')"), Ok(true));
        assert_eq!(ask("accessPackage/id eq '00000000-0000-0000-0000-000000000007'"), Ok(true));
    }

    #[test]
    fn nothing_compares_false_except_by_ne() {
        assert_eq!(ask("endDateTime eq 2026-01-01T00:00:00Z"), Ok(false));
        assert_eq!(ask("endDateTime ne 2026-01-01"), Ok(true));
        assert_eq!(ask("not (endDateTime gt 2026-01-01T00:00:00Z)"), Ok(true));
        assert_eq!(ask("endDateTime eq null"), Ok(true));
        assert_eq!(ask("state in ('delivering', 'delivered')"), Ok(true));
    }

    #[test]
    fn lists_of_texts_have_any() {
        assert_eq!(ask("tags/any(t:t eq 'RED')"), Ok(true));
        assert_eq!(ask("tags/any(t:startswith(t,'gre'))"), Ok(true));
        assert_eq!(ask("tags/any(t:t eq 'ed')"), Ok(false));
        assert_eq!(ask("tags/any()"), Ok(true));
        assert_eq!(ask("not tags/any(t:t eq 'blue')"), Ok(true));
    }

    #[test]
    fn faults_name_the_cause() {
        assert_eq!(ask("stat eq 'x'"), Err("there is no property `stat` here; did you mean `state`?".to_owned()));
        assert_eq!(ask("state eq 'lost'"), Err("`lost` is none of delivering, delivered".to_owned()));
        assert_eq!(ask("id eq 'x'"), Err("Unrecognized Guid format: `x`".to_owned()));
        assert_eq!(ask("state gt 'delivered'"), Err("`gt` does not work here; use `eq`, `ne` or `in`".to_owned()));
        assert_eq!(ask("tags eq 'red'"), Err("`tags` is a collection; use `any` or `all`".to_owned()));
    }
}
