//! What may be written where: rules that hold within crates, found by reading the sources.

use std::fs;
use std::path::Path;

use super::Violation;
use super::rust_text::{RustText, is_word, words};
use crate::failure::{Context, Outcome};

const BETA: &str = "beta-outside-wire";
const DATABASE: &str = "database-name";
const SQL: &str = "sql-outside-store";
const VAGUE: &str = "vague-name";

/// Names that say nothing about what is inside.
const VAGUE_NAMES: [&str; 5] = ["utils", "common", "helpers", "misc", "manager"];

/// Where an API version may be named. Elsewhere a handler would begin to differ between versions.
const BETA_PLACES: [&str; 2] = ["crates/api/src/wire/", "crates/odata/"];

const SQL_KEYWORDS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// The simulator looks at the database past the store, whose statements it puts to the test.
const SQL_PLACES: [&str; 2] = ["crates/store/", "crates/sim/"];

/// The two databases; `rusqlite`, `tokio-postgres` and `postgresql` contain them.
const DATABASE_NAMES: [&str; 3] = ["sqlite", "postgres", "pgsql"];
/// Where a database may be named, comments included: whoever needs the name elsewhere has found a leak.
const DATABASE_PLACES: [&str; 17] = [
    "Cargo.toml",
    "clippy.toml",
    "deny.toml",
    "crates/bench/",
    "crates/demo/",
    "crates/server/",
    "crates/sim/Cargo.toml",
    "crates/sim/src/eye.rs",
    "crates/sim/src/eye/",
    "crates/store/Cargo.toml",
    "crates/store/migrations/",
    "crates/store/src/driver.rs",
    "crates/store/src/driver/",
    "crates/store/src/migrate*",
    "crates/store/tests/",
    "crates/testkit/",
    "xtask/",
];

const EXTENSIONS: [&str; 3] = ["rs", "toml", "sql"];
/// Folders that hold no source of ours.
const SKIPPED_FOLDERS: [&str; 3] = [".git", "target", "node_modules"];
const QUOTED_CHARACTERS_MAX: usize = 120;

struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

/// Checks every source under `root` but those that Cargo itself writes into `target`.
pub(super) fn check(root: &Path, target: &Path) -> Outcome<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in read_sources(root, target)? {
        violations.extend(check_source(&source));
    }
    Ok(violations)
}

fn check_source(source: &Source) -> Vec<Violation> {
    let mut violations = database_names(source);
    if Path::new(&source.path).extension().is_some_and(|extension| extension == "rs") {
        let rust = RustText::read(&source.text);
        violations.extend(vague_names(source, &rust));
        if !is_test_file(&source.path) {
            violations.extend(beta(source, &rust));
            violations.extend(sql(source, &rust));
        }
    }
    violations
}

fn database_names(source: &Source) -> Vec<Violation> {
    if DATABASE_PLACES.iter().any(|place| is_in(&source.path, place)) {
        return Vec::new();
    }
    let names_one = |line: &str| {
        let line = line.to_lowercase();
        DATABASE_NAMES.iter().any(|name| line.contains(name))
    };
    let named = source.text.lines().enumerate().filter(|(_, line)| names_one(line));
    named.map(|(index, _)| source.violation(index + 1, DATABASE)).collect()
}

fn vague_names(source: &Source, rust: &RustText) -> Vec<Violation> {
    let mut violations = Vec::new();
    if source.path.split('/').any(|part| VAGUE_NAMES.contains(&part.strip_suffix(".rs").unwrap_or(part))) {
        violations.push(Violation {
            text: "a file or folder with a name that says nothing".to_owned(),
            ..source.violation(1, VAGUE)
        });
    }
    for (index, line) in rust.code.lines().enumerate() {
        let words: Vec<&str> = words(line).collect();
        if words.windows(2).any(|pair| pair[0] == "mod" && VAGUE_NAMES.contains(&pair[1])) {
            violations.push(source.violation(index + 1, VAGUE));
        }
    }
    violations
}

fn beta(source: &Source, rust: &RustText) -> Vec<Violation> {
    if BETA_PLACES.iter().any(|place| is_in(&source.path, place)) {
        return Vec::new();
    }
    let named = rust.code.match_indices("Version::").filter(|&(at, path)| {
        let is_whole = !rust.code[..at].ends_with(is_word);
        is_whole && names_beta(&rust.code[at + path.len()..])
    });
    let lines = named.map(|(at, _)| rust.line_at(at)).filter(|&line| !rust.is_test(line));
    lines.map(|line| source.violation(line, BETA)).collect()
}

/// Whether what follows `Version::` is `Beta`, everything, or a group with one of them.
fn names_beta(after: &str) -> bool {
    match after.strip_prefix('{') {
        Some(group) => {
            let group = group.split('}').next().unwrap_or_default();
            group.contains('*') || words(group).any(|word| word == "Beta")
        }
        None => after.starts_with('*') || after.split(|c| !is_word(c)).next() == Some("Beta"),
    }
}

fn sql(source: &Source, rust: &RustText) -> Vec<Violation> {
    if SQL_PLACES.iter().any(|place| is_in(&source.path, place)) {
        return Vec::new();
    }
    let is_statement = |text: &str| {
        let text = text.trim_start();
        SQL_KEYWORDS
            .iter()
            .any(|word| text.strip_prefix(word).is_some_and(|rest| rest.starts_with(char::is_whitespace)))
    };
    let statements = rust.literals.iter().filter(|literal| is_statement(literal.text) && !rust.is_test(literal.line));
    statements.map(|literal| source.violation(literal.line, SQL)).collect()
}

impl Source {
    /// A violation that quotes the line.
    fn violation(&self, line: usize, rule: &'static str) -> Violation {
        let quoted = self.text.lines().nth(line - 1).unwrap_or_default().trim();
        Violation { path: self.path.clone(), line, rule, text: quoted.chars().take(QUOTED_CHARACTERS_MAX).collect() }
    }
}

/// A place is a file, a folder (`…/`) or the beginning of a name (`…*`).
fn is_in(path: &str, place: &str) -> bool {
    match place.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None if place.ends_with('/') => path.starts_with(place),
        None => path == place,
    }
}

/// Files of tests only: what `tests/` holds, and the file of a module `tests`.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn read_sources(root: &Path, target: &Path) -> Outcome<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).context(format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry.context(format!("reading {}", folder.display()))?;
            let path = entry.path();
            // Links are not followed: they could lead out of the repository or in circles.
            let kind = entry.file_type().context(format!("looking at {}", path.display()))?;
            if kind.is_dir() && path != target && !has_name(&path, &SKIPPED_FOLDERS) {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|e| extension == *e))
            {
                sources.push(read_source(root, &path)?);
            }
        }
    }
    Ok(sources)
}

fn read_source(root: &Path, path: &Path) -> Outcome<Source> {
    let bytes = fs::read(path).context(format!("reading {}", path.display()))?;
    let relative = path.strip_prefix(root).unwrap_or(path).display().to_string();
    Ok(Source { path: relative, text: String::from_utf8_lossy(&bytes).into_owned() })
}

fn has_name(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|known| name == *known))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::{env, fs, process};

    use super::check;

    static TREES: AtomicU32 = AtomicU32::new(0);

    /// A small repository in a temporary folder.
    struct Tree(PathBuf);

    impl Tree {
        fn with(files: &[(&str, &str)]) -> Self {
            let number = TREES.fetch_add(1, Ordering::Relaxed);
            let root = env::temp_dir().join(format!("xtask-sources-{}-{number}", process::id()));
            for (path, text) in files {
                let file = root.join(path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// The findings in a repository that holds one file.
    fn findings(path: &str, text: &str) -> Vec<String> {
        let tree = Tree::with(&[(path, text)]);
        check(&tree.0, &tree.0.join("target")).unwrap().iter().map(ToString::to_string).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn beta_is_named_in_wire_and_odata_only() {
        let text = "fn f(v: Version) -> bool {\n    v == Version::Beta\n}\n";
        assert_eq!(findings("crates/api/src/wire/read.rs", text), NOTHING);
        assert_eq!(findings("crates/odata/src/edm.rs", text), NOTHING);
        assert_eq!(
            findings("crates/api/src/dispatch.rs", text),
            ["crates/api/src/dispatch.rs:2: beta-outside-wire: v == Version::Beta"]
        );
    }

    #[test]
    fn beta_may_not_be_imported_either() {
        for import in ["use edm::Version::Beta;", "use edm::Version::*;", "use edm::Version::{\n    Beta,\n    V1,\n};"]
        {
            assert_eq!(findings("crates/service/src/query.rs", import).len(), 1, "{import}");
        }
        for import in ["use edm::Version::V1;", "use edm::Version::{Own, V1};", "use edm::{Version, Betamax};"] {
            assert_eq!(findings("crates/service/src/query.rs", import), NOTHING, "{import}");
        }
    }

    #[test]
    fn beta_is_free_in_comments_text_and_tests() {
        let text = "// Version::Beta\nconst A: &str = \"Version::Beta\";\n#[cfg(test)]\nmod tests {\n    use Version::Beta;\n}\n";
        assert_eq!(findings("crates/api/src/dispatch.rs", text), NOTHING);
        assert_eq!(findings("crates/api/tests/lists.rs", "use edm::Version::Beta;"), NOTHING);
        assert_eq!(findings("crates/api/src/batch/tests.rs", "use edm::Version::Beta;"), NOTHING);
    }

    #[test]
    fn databases_are_named_behind_the_seam_only() {
        let text = "// Faster on SQLite.\n";
        let places = [
            "crates/store/src/driver/dialect.rs",
            "crates/store/src/driver.rs",
            "crates/store/src/migrate.rs",
            "crates/store/migrations/0001_init.sql",
            "crates/store/tests/both.rs",
            "crates/server/src/config.rs",
            "clippy.toml",
        ];
        for place in places {
            assert_eq!(findings(place, text), NOTHING, "{place}");
        }
        assert_eq!(
            findings("crates/store/src/rows/package.rs", text),
            ["crates/store/src/rows/package.rs:1: database-name: // Faster on SQLite."]
        );
        assert_eq!(findings("crates/store/src/drivers.rs", text).len(), 1);
        assert_eq!(findings("crates/jobs/Cargo.toml", "[dependencies]\ntokio-postgres = \"0.7\"\n").len(), 1);
        assert_eq!(findings("crates/jobs/README.md", text), NOTHING);
    }

    #[test]
    fn statements_are_written_in_the_store_only() {
        let text = "const LIST: &str = \"SELECT id FROM package\";\n";
        assert_eq!(findings("crates/store/src/rows/package.rs", text), NOTHING);
        assert_eq!(findings("crates/service/tests/rows.rs", text), NOTHING);
        assert_eq!(
            findings("crates/service/src/query.rs", text),
            ["crates/service/src/query.rs:1: sql-outside-store: const LIST: &str = \"SELECT id FROM package\";"]
        );
        assert_eq!(
            findings("crates/service/src/query.rs", "const A: &str = r\"\n    DELETE FROM package\";\n").len(),
            1
        );
        let harmless = "// \"SELECT 1\"\nconst A: &str = \"SELECTED\";\nconst B: &str = \"please SELECT one\";\n";
        assert_eq!(findings("crates/service/src/query.rs", harmless), NOTHING);
    }

    #[test]
    fn no_file_folder_or_module_is_named_for_nothing() {
        assert_eq!(findings("crates/service/src/packages.rs", "mod policies;\n// mod utils;\n"), NOTHING);
        assert_eq!(
            findings("crates/service/src/lib.rs", "pub mod helpers {}\n"),
            ["crates/service/src/lib.rs:1: vague-name: pub mod helpers {}"]
        );
        for path in ["crates/service/src/utils.rs", "crates/api/tests/common/mod.rs"] {
            assert_eq!(findings(path, "").len(), 1, "{path}");
        }
    }

    #[test]
    fn what_is_not_our_source_is_not_read() {
        let text = "// sqlite\n";
        for path in ["target/debug/build/out.rs", "portal/node_modules/x/y.rs", ".git/x.rs"] {
            assert_eq!(findings(path, text), NOTHING, "{path}");
        }
    }
}
