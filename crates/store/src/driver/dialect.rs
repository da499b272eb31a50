//! The complete list of differences in SQL between the databases. Nothing else may branch.

use std::fmt::Write;

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Embedded,
    /// PostgreSQL.
    Server,
}

impl Dialect {
    /// Expands the placeholders of a migration.
    pub fn expand(self, script: &str) -> String {
        let words: [(&str, &str, &str); 10] = [
            ("{{id}}", "BLOB", "uuid"),
            ("{{ts}}", "INTEGER", "bigint"),
            ("{{int}}", "INTEGER", "bigint"),
            ("{{enum}}", "INTEGER", "smallint"),
            ("{{bool}}", "INTEGER", "boolean"),
            ("{{text}}", "TEXT", "text COLLATE \"C\""),
            // `json` and not `jsonb`: the text is opaque here and must come back as it was stored (ADR 0003).
            ("{{json}}", "TEXT", "json"),
            ("{{bytes}}", "BLOB", "bytea"),
            ("{{table}}", " STRICT", ""),
            ("{{edge}}", " STRICT, WITHOUT ROWID", ""),
        ];
        let text = words.iter().fold(script.to_owned(), |text, (placeholder, embedded, server)| {
            text.replace(placeholder, if self == Self::Embedded { embedded } else { server })
        });
        // `{{guid:…}}` is an id that a script writes: 32 digits.
        let (before, after) = if self == Self::Embedded { ("x'", "'") } else { ("'", "'::uuid") };
        let mut parts = text.split("{{guid:");
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (digits, rest) = part.split_once("}}").unwrap_or((part, ""));
            expanded.extend([before, digits, after, rest]);
        }
        expanded
    }

    /// A condition: the text of `column` holds the text of `parameter`.
    pub fn contains(self, column: &str, parameter: &str) -> String {
        match self {
            Self::Embedded => format!("instr({column}, {parameter}) > 0"),
            Self::Server => format!("strpos({column}, {parameter}) > 0"),
        }
    }

    /// A column that is compared but shall not choose the index: something else in the statement finds fewer rows. One
    /// database counts what its columns hold; the other may never have counted and is told.
    pub fn not_by(self, column: &str) -> String {
        match self {
            Self::Embedded => format!("+{column}"),
            Self::Server => column.to_owned(),
        }
    }

    /// A value that is sorted by where all that a statement finds is gathered first; nothing where that needs no saying.
    /// One database would rather walk through all rows in that order until a page is full, and does not know how rare
    /// what it looks for is: at a million assignments the three members of a group took 300 ms, and gathered 0.1.
    pub fn gathered(self, value: &str) -> Option<String> {
        (self == Self::Server).then(|| format!("COALESCE({value}, {value})"))
    }

    /// A statement that gives the clock of the database, in microseconds since 1970.
    pub const fn clock(self) -> &'static str {
        match self {
            Self::Embedded => "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            Self::Server => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        }
    }

    /// A statement that gives how many connections the database takes from us, and how many are open.
    pub const fn connections(self) -> Option<&'static str> {
        match self {
            Self::Embedded => None,
            Self::Server => Some(
                "SELECT current_setting('max_connections')::bigint \
                 - current_setting('superuser_reserved_connections')::bigint, \
                 (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')",
            ),
        }
    }

    /// The end of a claim's inner query: rows that another claim holds are passed over.
    pub const fn skip_locked(self) -> &'static str {
        match self {
            Self::Embedded => "",
            Self::Server => " FOR UPDATE SKIP LOCKED",
        }
    }
}

/// Placeholders for `count` values from `$first`, in parentheses, padded to a power of two by repeating the last value,
/// so that few statements are prepared.
pub fn in_list(first: usize, count: usize) -> String {
    let mut list = String::from("(");
    for i in 0..padded(count) {
        let position = first + i.min(count.saturating_sub(1));
        let _ = write!(list, "{}${position}", if i == 0 { "" } else { ", " });
    }
    list.push(')');
    list
}

fn padded(count: usize) -> usize {
    count.max(1).next_power_of_two()
}

/// `?n` for `$n`: to the embedded database `$1` is a name, indexed by first appearance, so that numbering freely would
/// bind the wrong values.
pub fn question_marks(sql: &str) -> String {
    sql.replace('$', "?")
}

/// The range of texts that begin with `prefix`: from it (inclusive) up to the given end (exclusive), if there is one.
pub fn prefix_end(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded_to_powers_of_two() {
        assert_eq!(in_list(2, 1), "($2)");
        assert_eq!(in_list(1, 3), "($1, $2, $3, $3)");
    }

    #[test]
    fn prefix_ranges_end_after_the_last_character() {
        assert_eq!(prefix_end("ab"), Some("ac".to_owned()));
        assert_eq!(prefix_end("a\u{d7ff}"), Some("a\u{e000}".to_owned()));
        assert_eq!(prefix_end("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(prefix_end(""), None);
    }

    #[test]
    fn every_placeholder_is_known() {
        let scripts = [
            include_str!("../../migrations/0001_init.sql"),
            include_str!("../../migrations/0002_rules.sql"),
            include_str!("../../migrations/0003_surface.sql"),
        ];
        for dialect in [Dialect::Embedded, Dialect::Server] {
            assert!(!scripts.iter().any(|script| dialect.expand(script).contains("{{")), "{dialect:?}");
        }
        assert_eq!(Dialect::Embedded.expand("({{guid:0a}}, {{guid:0b}})"), "(x'0a', x'0b')");
        assert_eq!(Dialect::Server.expand("({{guid:0a}})"), "('0a'::uuid)");
    }
}
