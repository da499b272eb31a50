//! Values as rows hold them, and a view of one row.

use uuid::Uuid;

/// A value of a column or a literal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number; instants are microseconds since 1970.
    Int(i64),
    /// A text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $to:expr;)+) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self {
                $to
            }
        }
    )+};
}

value_from! {
    bool => |v| Self::Bool(v);
    i64 => |v| Self::Int(v);
    i32 => |v| Self::Int(i64::from(v));
    u32 => |v| Self::Int(i64::from(v));
    String => |v| Self::Text(v);
    &str => |v| Self::Text(v.to_owned());
    Uuid => |v| Self::Id(v);
    Vec<u8> => |v| Self::Bytes(v);
    jiff::Timestamp => |v| Self::Int(v.as_microsecond());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

/// A value borrowed from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRef<'a> {
    /// Nothing.
    Null,
    /// Yes or no, where the database knows it as such.
    Bool(bool),
    /// A number; also yes or no where the database has no such type.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// An id.
    Id(Uuid),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

impl<'a> ValueRef<'a> {
    /// The text, if it is one.
    pub const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn int(self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(n),
            Self::Bool(b) => Some(i64::from(b)),
            _ => None,
        }
    }

    /// Yes or no, if it is that.
    pub const fn bool(self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(b),
            Self::Int(n) => Some(n != 0),
            _ => None,
        }
    }

    /// The id, if it is one.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(id),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Text(t) => Value::Text(t.to_owned()),
            Self::Id(id) => Value::Id(id),
            Self::Bytes(b) => Value::Bytes(b.to_vec()),
        }
    }
}

/// The cells of one row, by position. A position past the end is null.
pub trait Cells {
    /// The cell at `i`.
    fn cell(&self, i: usize) -> ValueRef<'_>;
}
