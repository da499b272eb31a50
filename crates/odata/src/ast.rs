//! A filter as it was written: names are not yet resolved, and every node knows where it stood.

use std::fmt;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

impl Comparison {
    /// All with their words.
    pub const WORDS: [(&'static str, Self); 6] =
        [("eq", Self::Eq), ("ne", Self::Ne), ("gt", Self::Gt), ("ge", Self::Ge), ("lt", Self::Lt), ("le", Self::Le)];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The comparison with its sides exchanged.
    pub const fn flipped(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
        }
    }
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text in quotes.
    Text(String),
    /// Anything written without quotes that is neither number nor name: a GUID, a date, an instant.
    Bare(String),
}

/// A path of names, such as `assignment/target/objectId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<String>);

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// `a or b`
    Or(Box<Expr>, Box<Expr>),
    /// `a and b`
    And(Box<Expr>, Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `a eq b`
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `a in (b, c)`
    In(Box<Expr>, Vec<Expr>),
    /// `name(a, b)`
    Call(String, Vec<Expr>),
    /// `path/any(x: e)`, `path/all(x: e)` or `path/any()`
    Lambda {
        /// The collection.
        path: Path,
        /// All of it, or any.
        all: bool,
        /// The variable and what is said about it.
        body: Option<(String, Box<Expr>)>,
    },
    /// A path.
    Path(Path),
    /// A literal.
    Literal(Literal),
}

/// An expression and the byte at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it starts.
    pub at: usize,
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Text(t) => write!(f, "'{}'", t.replace('\'', "''")),
            Self::Bare(t) => f.write_str(t),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// One side of a comparison: a condition there stands in parentheses.
struct Operand<'e>(&'e Expr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.node {
            Node::Compare(..) | Node::In(..) | Node::Not(_) => write!(f, "({})", self.0),
            _ => self.0.fmt(f),
        }
    }
}

impl fmt::Display for Expr {
    /// Writes it so that parsing gives it back: operands in parentheses wherever precedence could matter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: &[Self]| items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match &self.node {
            Node::Or(a, b) => write!(f, "({a} or {b})"),
            Node::And(a, b) => write!(f, "({a} and {b})"),
            Node::Not(a) => write!(f, "not ({a})"),
            Node::Compare(op, a, b) => write!(f, "{} {} {}", Operand(a), op.word(), Operand(b)),
            Node::In(a, values) => write!(f, "{} in ({})", Operand(a), list(values)),
            Node::Call(name, args) => write!(f, "{name}({})", list(args)),
            Node::Lambda { path, all, body } => {
                let word = if *all { "all" } else { "any" };
                match body {
                    Some((variable, inner)) => write!(f, "{path}/{word}({variable}:{inner})"),
                    None => write!(f, "{path}/{word}()"),
                }
            }
            Node::Path(path) => path.fmt(f),
            Node::Literal(literal) => literal.fmt(f),
        }
    }
}
