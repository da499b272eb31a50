//! **Room: reading.** Lists and single objects for the API, straight from rows: no domain value is built
//! (decisions.md D1). A [`Select`] becomes one statement; an expanded navigation is one more, never one per row.

pub mod columns;
mod condition;
mod link;
mod own;
mod predicate;
mod relation;
mod select;
mod sight;

pub use predicate::Predicate;
pub use relation::{RELATIONS, RelationDef};
pub use select::{Origin, Select, Selected};
pub use sight::reach;

use crate::error::StoreError;
use crate::fetch::Query;
use crate::tx::Tx;
use tenure_domain::authorize::Sight;
use tenure_odata::{Cells, Value};

/// One row, owned: for rows whose expanded targets are still to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnedRow(pub Vec<Value>);

impl Cells for OwnedRow {
    fn cell(&self, i: usize) -> tenure_odata::ValueRef<'_> {
        use tenure_odata::ValueRef as R;
        match self.0.get(i) {
            None | Some(Value::Null) => R::Null,
            Some(Value::Bool(b)) => R::Bool(*b),
            Some(Value::Int(n)) => R::Int(*n),
            Some(Value::Text(t)) => R::Text(t),
            Some(Value::Id(id)) => R::Id(*id),
            Some(Value::Bytes(b)) => R::Bytes(b),
        }
    }
}

/// Reads several selections in one round trip; each row goes to `sink` with the number of its selection.
pub fn read(
    tx: &mut Tx<'_>,
    sight: &Sight,
    selects: &[Select<'_>],
    sink: &mut dyn FnMut(usize, &dyn Cells) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let dialect = tx.dialect();
    let statements = selects.iter().map(|s| s.statement(dialect, sight)).collect();
    tx.stream(statements, &mut |i, row| sink(i, row))
}

/// Counts what selections would give without paging, each no further than `most`, in one round trip.
pub fn counts_up_to(tx: &mut Tx<'_>, sight: &Sight, selects: &[Select<'_>], most: u32) -> Result<Vec<i64>, StoreError> {
    let dialect = tx.dialect();
    let count = |s: &Select<'_>| {
        Query::of(s.count_up_to(dialect, sight, most), |row| Ok(row.cell(0).int().unwrap_or_default())).first()
    };
    let counted = tx.fetch(selects.iter().map(count).collect::<Vec<_>>())?;
    Ok(counted.into_iter().map(Option::unwrap_or_default).collect())
}

/// Counts what a selection would give without paging.
pub fn count(tx: &mut Tx<'_>, sight: &Sight, select: &Select<'_>) -> Result<i64, StoreError> {
    let statement = select.count(tx.dialect(), sight);
    let counted = tx.fetch(Query::of(statement, |row| Ok(row.cell(0).int().unwrap_or_default())).first())?;
    Ok(counted.unwrap_or_default())
}
