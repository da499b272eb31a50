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

/// What follows the last `$mark` of a text, as an expression; nothing where there is none. Both databases can cut
/// characters off an end, and neither finds the last of them: all but the mark is cut off, and that is how long it was.
macro_rules! after_last {
    ($text:expr, $mark:literal) => {
        concat!(
            "(CASE WHEN ",
            $text,
            " LIKE '%!",
            $mark,
            "%' ESCAPE '!' THEN substr(",
            $text,
            ", length(rtrim(",
            $text,
            ", replace(",
            $text,
            ", '",
            $mark,
            "', ''))) + 1) END)"
        )
    };
}

/// The domain that a user `$u` comes from, folded, as an expression: that of the mail address, else the one that the user
/// principal name of a guest holds before its mark. It says in SQL what [`tenure_domain::directory::guest::home_domain`]
/// says, so that domains are compared as wholes and by their index, never by how they end; a test holds both together.
macro_rules! home_domain {
    ($u:literal) => {
        concat!(
            "(CASE WHEN ",
            $u,
            ".mail_key IS NOT NULL THEN ",
            $crate::sql::after_last!(concat!($u, ".mail_key"), "@"),
            " WHEN ",
            $u,
            ".upn_key LIKE '%#ext#@%' THEN ",
            $crate::sql::after_last!(
                concat!(
                    "substr(",
                    $u,
                    ".upn_key, 1, length(rtrim(",
                    $u,
                    ".upn_key, replace(",
                    $u,
                    ".upn_key, '#', ''))) - 5)"
                ),
                "_"
            ),
            " ELSE ",
            $crate::sql::after_last!(concat!($u, ".upn_key"), "@"),
            " END)"
        )
    };
}

pub(crate) use {after_last, home_domain, sql};
