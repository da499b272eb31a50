//! Reads as values: a statement, and how its rows become what it is asked for. Several are fetched in one round trip.

use crate::driver::{Row, Statement};
use crate::error::StoreError;
use crate::sql::Sql;
use tenure_odata::{Cells, Value};

/// Turns a row into a value.
pub type Decode<T> = fn(&Row<'_>) -> Result<T, StoreError>;

/// A read that gives rows of one kind.
pub struct Query<T> {
    statement: Statement,
    decode: Decode<T>,
    rows: Vec<T>,
}

impl<T> Query<T> {
    /// A registered statement.
    pub fn new(sql: &Sql, params: Vec<Value>, decode: Decode<T>) -> Self {
        Self::of(Statement::new(sql.text, params), decode)
    }

    /// A statement whose text is made where it is used.
    pub(crate) fn of(statement: Statement, decode: Decode<T>) -> Self {
        Self { statement, decode, rows: Vec::new() }
    }

    /// The first row, if there is one.
    pub fn first(self) -> First<T> {
        First(self)
    }
}

/// The first row of a read.
pub struct First<T>(Query<T>);

/// Something that can be read.
pub trait Fetch {
    /// What comes of it.
    type Out;
    /// Adds its statements.
    fn statements(&self, to: &mut Vec<Statement>);
    /// How many statements it adds.
    fn count(&self) -> usize;
    /// Takes a row of its statement number `index`.
    fn accept(&mut self, index: usize, row: &Row<'_>) -> Result<(), StoreError>;
    /// All rows were taken.
    fn finish(self) -> Result<Self::Out, StoreError>;
}

impl<T> Fetch for Query<T> {
    type Out = Vec<T>;

    fn statements(&self, to: &mut Vec<Statement>) {
        to.push(self.statement.clone());
    }

    fn count(&self) -> usize {
        1
    }

    fn accept(&mut self, _: usize, row: &Row<'_>) -> Result<(), StoreError> {
        self.rows.push((self.decode)(row)?);
        Ok(())
    }

    fn finish(self) -> Result<Vec<T>, StoreError> {
        Ok(self.rows)
    }
}

impl<T> Fetch for First<T> {
    type Out = Option<T>;

    fn statements(&self, to: &mut Vec<Statement>) {
        self.0.statements(to);
    }

    fn count(&self) -> usize {
        1
    }

    fn accept(&mut self, index: usize, row: &Row<'_>) -> Result<(), StoreError> {
        if self.0.rows.is_empty() { self.0.accept(index, row) } else { Ok(()) }
    }

    fn finish(self) -> Result<Option<T>, StoreError> {
        Ok(self.0.rows.into_iter().next())
    }
}

impl<F: Fetch> Fetch for Option<F> {
    type Out = Option<F::Out>;

    fn statements(&self, to: &mut Vec<Statement>) {
        if let Some(inner) = self {
            inner.statements(to);
        }
    }

    fn count(&self) -> usize {
        self.as_ref().map_or(0, Fetch::count)
    }

    fn accept(&mut self, index: usize, row: &Row<'_>) -> Result<(), StoreError> {
        self.as_mut().map_or(Ok(()), |inner| inner.accept(index, row))
    }

    fn finish(self) -> Result<Self::Out, StoreError> {
        self.map(Fetch::finish).transpose()
    }
}

impl<F: Fetch> Fetch for Vec<F> {
    type Out = Vec<F::Out>;

    fn statements(&self, to: &mut Vec<Statement>) {
        for inner in self {
            inner.statements(to);
        }
    }

    fn count(&self) -> usize {
        self.iter().map(Fetch::count).sum()
    }

    fn accept(&mut self, mut index: usize, row: &Row<'_>) -> Result<(), StoreError> {
        for inner in self {
            if index < inner.count() {
                return inner.accept(index, row);
            }
            index -= inner.count();
        }
        Ok(())
    }

    fn finish(self) -> Result<Self::Out, StoreError> {
        self.into_iter().map(Fetch::finish).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))+) => {$(
        impl<$($name: Fetch),+> Fetch for ($($name,)+) {
            type Out = ($($name::Out,)+);

            fn statements(&self, to: &mut Vec<Statement>) {
                $(self.$place.statements(to);)+
            }

            fn count(&self) -> usize {
                0 $(+ self.$place.count())+
            }

            fn accept(&mut self, index: usize, row: &Row<'_>) -> Result<(), StoreError> {
                let mut index = index;
                $(
                    if index < self.$place.count() {
                        return self.$place.accept(index, row);
                    }
                    index -= self.$place.count();
                )+
                let _ = index;
                Ok(())
            }

            fn finish(self) -> Result<Self::Out, StoreError> {
                Ok(($(self.$place.finish()?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
}

/// Reads the cells of a row in order, naming table and row when one cannot be understood.
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r Row<'r>, table: &'static str) -> Self {
        Self { row, table, next: 0 }
    }

    fn take<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(tenure_odata::ValueRef<'r>) -> Option<T>,
    ) -> Result<T, StoreError> {
        let cell = self.row.cell(self.next);
        self.next += 1;
        read(cell).ok_or_else(|| self.corrupt(column))
    }

    /// The error of a column that cannot be understood. The first column is taken for the row's id.
    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::corrupt(self.table, column, self.row.cell(0).id().unwrap_or_default())
    }

    fn optional<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(tenure_odata::ValueRef<'r>) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.take(column, |cell| if cell.is_null() { Some(None) } else { read(cell).map(Some) })
    }

    pub(crate) fn id<T: From<uuid::Uuid>>(&mut self, column: &'static str) -> Result<T, StoreError> {
        self.take(column, |c| c.id().map(T::from))
    }

    pub(crate) fn opt_id<T: From<uuid::Uuid>>(&mut self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.optional(column, |c| c.id().map(T::from))
    }

    pub(crate) fn text(&mut self, column: &'static str) -> Result<String, StoreError> {
        self.take(column, |c| c.text().map(ToOwned::to_owned))
    }

    pub(crate) fn opt_text(&mut self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.optional(column, |c| c.text().map(ToOwned::to_owned))
    }

    pub(crate) fn int(&mut self, column: &'static str) -> Result<i64, StoreError> {
        self.take(column, tenure_odata::ValueRef::int)
    }

    pub(crate) fn opt_int(&mut self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.optional(column, tenure_odata::ValueRef::int)
    }

    pub(crate) fn bool(&mut self, column: &'static str) -> Result<bool, StoreError> {
        self.take(column, tenure_odata::ValueRef::bool)
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Result<jiff::Timestamp, StoreError> {
        self.int(column).map(tenure_domain::time::from_micros)
    }

    pub(crate) fn opt_time(&mut self, column: &'static str) -> Result<Option<jiff::Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(tenure_domain::time::from_micros))
    }

    pub(crate) fn code<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(i64) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.take(column, |c| c.int().and_then(read))
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&mut self, column: &'static str) -> Result<T, StoreError> {
        self.take(column, |c| c.text().and_then(|t| serde_json::from_str(t).ok()))
    }

    pub(crate) fn opt_bytes(&mut self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.optional(column, |c| match c {
            tenure_odata::ValueRef::Bytes(b) => Some(b.to_vec()),
            _ => None,
        })
    }

    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.take(column, |c| match c {
            tenure_odata::ValueRef::Bytes(b) => Some(b.to_vec()),
            _ => None,
        })
    }
}

/// The JSON text of a value that is stored as such.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_string(value).map(Value::Text).map_err(|e| StoreError::Internal(e.to_string()))
}
