//! Values as the server sends and takes them: its binary format.

use bytes::{BufMut, BytesMut};
use std::error::Error;
use tenure_odata::{Value, ValueRef};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Param<'v>(pub(super) &'v Value);

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(b) => out.put_u8(u8::from(*b)),
            Value::Int(n) => match *ty {
                Type::INT2 => out.put_i16((*n).try_into()?),
                Type::INT4 => out.put_i32((*n).try_into()?),
                _ => out.put_i64(*n),
            },
            Value::Text(t) => out.put_slice(t.as_bytes()),
            Value::Id(id) => out.put_slice(id.as_bytes()),
            Value::Bytes(b) => out.put_slice(b),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The bytes of a cell as they were sent.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A cell of a row.
pub fn cell(row: &tokio_postgres::Row, i: usize) -> ValueRef<'_> {
    let Some(column) = row.columns().get(i) else { return ValueRef::Null };
    let Ok(Some(Raw(bytes))) = row.try_get::<_, Option<Raw<'_>>>(i) else { return ValueRef::Null };
    let number = |n: Option<i64>| n.map_or(ValueRef::Null, ValueRef::Int);
    match *column.type_() {
        Type::BOOL => ValueRef::Bool(bytes.first() == Some(&1)),
        Type::INT2 => number(bytes.try_into().ok().map(|b| i64::from(i16::from_be_bytes(b)))),
        Type::INT4 => number(bytes.try_into().ok().map(|b| i64::from(i32::from_be_bytes(b)))),
        Type::INT8 => number(bytes.try_into().ok().map(i64::from_be_bytes)),
        Type::UUID => Uuid::from_slice(bytes).map_or(ValueRef::Null, ValueRef::Id),
        Type::BYTEA => ValueRef::Bytes(bytes),
        _ => std::str::from_utf8(bytes).map_or(ValueRef::Null, ValueRef::Text),
    }
}
