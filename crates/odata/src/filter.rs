//! A filter with a meaning: every name resolved, every literal typed. Two-valued: a comparison with nothing is false,
//! except `ne`, and no node is ever "unknown", so that `not` is plain negation on every database.

pub use crate::ast::Comparison as Operation;
use crate::edm::{Column, Items, Nav, Operand};
use crate::value::Value;

/// How a text is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// It holds the needle.
    Contains,
    /// It begins with it.
    StartsWith,
    /// It ends with it.
    EndsWith,
    /// It is the needle.
    Equals,
}

/// An operand, reached over navigations to one.
#[derive(Clone, Debug)]
pub struct OperandPath {
    /// The navigations, in order.
    pub navs: Vec<&'static Nav>,
    /// The operand there.
    pub operand: Operand,
}

/// A checked filter.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Always or never.
    Const(bool),
    /// Not so.
    Not(Box<Self>),
    /// All of these.
    And(Vec<Self>),
    /// Any of these.
    Or(Vec<Self>),
    /// An operand against a value that is not null; texts are folded.
    Compare {
        /// The operand.
        path: OperandPath,
        /// How.
        op: Operation,
        /// The value.
        value: Value,
    },
    /// There is no value.
    IsNull(OperandPath),
    /// One of several values, none of them null.
    In {
        /// The operand.
        path: OperandPath,
        /// The values.
        values: Vec<Value>,
    },
    /// A test of a text.
    Text {
        /// The operand.
        path: OperandPath,
        /// How.
        test: TextTest,
        /// The folded needle.
        needle: String,
    },
    /// About the targets of a navigation to many.
    Lambda {
        /// Navigations to one before it.
        navs: Vec<&'static Nav>,
        /// The navigation to many.
        nav: &'static Nav,
        /// All of them, or any.
        all: bool,
        /// What is said; nothing asks whether there is any.
        inner: Option<Box<Self>>,
    },
    /// About the rows of a collection property.
    Rows {
        /// The collection.
        items: &'static Items,
        /// All of them, or any.
        all: bool,
        /// What is said; nothing asks whether there is any.
        inner: Option<Box<Self>>,
    },
    /// About the texts of a collection property; an empty needle with [`TextTest::Contains`] asks whether there is any.
    List {
        /// The column with the texts.
        column: Column,
        /// How.
        test: TextTest,
        /// The folded needle.
        needle: String,
    },
    /// The number of targets of a navigation to many.
    Count {
        /// The navigation.
        nav: &'static Nav,
        /// How.
        op: Operation,
        /// With what.
        number: i64,
    },
    /// The row has this derived type.
    Kind {
        /// The column that tells.
        column: Column,
        /// The type's number.
        code: i64,
    },
}

/// What separates the texts of a list column.
pub const LIST_SEPARATOR: char = '\u{1f}';

/// The content of a list column for these folded texts.
pub fn list_column<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut column = String::new();
    for text in texts {
        if column.is_empty() {
            column.push(LIST_SEPARATOR);
        }
        column.push_str(text);
        column.push(LIST_SEPARATOR);
    }
    column
}

impl Filter {
    /// Whether it says of `column` which values it has.
    pub fn fixes(&self, column: Column) -> bool {
        match self {
            Self::And(all) => all.iter().any(|one| one.fixes(column)),
            Self::Or(all) => !all.is_empty() && all.iter().all(|one| one.fixes(column)),
            Self::Compare { path, op: Operation::Eq, .. } | Self::In { path, .. } => {
                path.navs.is_empty() && path.operand.column == column
            }
            _ => false,
        }
    }

    /// How many navigations one path of it takes at most.
    pub fn depth(&self) -> usize {
        match self {
            Self::Const(_) | Self::List { .. } | Self::Kind { .. } => 0,
            Self::Not(inner) => inner.depth(),
            Self::And(all) | Self::Or(all) => all.iter().map(Self::depth).max().unwrap_or(0),
            Self::Compare { path, .. } | Self::IsNull(path) | Self::In { path, .. } | Self::Text { path, .. } => {
                path.navs.len()
            }
            Self::Lambda { navs, inner, .. } => navs.len() + 1 + inner.as_ref().map_or(0, |i| i.depth()),
            Self::Rows { inner, .. } => 1 + inner.as_ref().map_or(0, |i| i.depth()),
            Self::Count { .. } => 1,
        }
    }
}
