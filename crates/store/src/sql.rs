//! Statements are constants with a name, all of them known, so that tests can prepare every one on both databases.

/// A statement of this crate.
#[derive(Debug)]
pub struct Sql {
    /// The module it stands in.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its text, with `$1` to `$n`.
    pub text: &'static str,
    /// Run with every request: its plan must not scan a table.
    pub hot: bool,
}

/// Declares statements and the list of them: `sql! { NAME: "…"; OTHER(hot): "…"; }`.
macro_rules! sql {
    (@hot hot) => { true };
    (@hot) => { false };
    ($($(#[$doc:meta])* $name:ident $(($hot:ident))?: $text:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: $crate::sql::Sql = $crate::sql::Sql {
            module: module_path!(),
            name: stringify!($name),
            text: $text,
            hot: sql!(@hot $($hot)?),
        };)+

        /// All statements of this file.
        pub(crate) const STATEMENTS: &[&$crate::sql::Sql] = &[$(&$name),+];
    };
}

pub(crate) use sql;
