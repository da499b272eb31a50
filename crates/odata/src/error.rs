//! What is wrong with a path or query option, and where.

/// What kind of fault it is; decides code and status where answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The option is malformed, or names what does not exist.
    Invalid,
    /// A limit was passed.
    Limit,
    /// The next link was altered, or belongs to another query.
    NextLink,
    /// The path leads nowhere.
    NotFound,
}

/// A fault of a query option or path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The option, with its dollar sign.
    pub option: &'static str,
    /// Byte offset in the option's decoded text.
    pub position: Option<usize>,
}

impl Error {
    /// A malformed option.
    pub fn invalid(option: &'static str, position: usize, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Invalid, message: message.into(), option, position: Some(position) }
    }

    /// A fault of the whole option.
    pub fn whole(kind: ErrorKind, option: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), option, position: None }
    }
}
