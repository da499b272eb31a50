//! A field of a change: not mentioned, cleared, or set (semantics.md 1.2: in PATCH, absent keeps and null clears).

/// What a change says about one field.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not mentioned: keeps its value.
    #[default]
    Absent,
    /// Given as null: cleared.
    Null,
    /// Given.
    Value(T),
}

impl<T> Patch<T> {
    /// The new value of an optional field.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(v) => Some(v),
        }
    }

    /// The new value of a field that always has one; null leaves it.
    pub fn or(self, current: T) -> T {
        self.value().unwrap_or(current)
    }

    /// The given value, if one was given.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(v) => Some(v),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the field was mentioned at all.
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Applies `f` to the given value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(v) => Patch::Value(f(v)),
        }
    }
}
