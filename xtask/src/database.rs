//! A look into a database past its server: what no client can see must be whole, too. By other programs, since nothing
//! here knows a database driver: Python for a file, `psql` for a server.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process;

/// Between two cells; no text of ours holds it.
const SEPARATOR: char = '\u{1f}';
/// A line of its own after the rows of a statement.
const END: &str = "\u{1e}";
/// On the file that the first argument names: prints the rows of each statement that follows, or how much one changed.
const SCRIPT: &str = "\
import sqlite3, sys, uuid
def text(cell):
    if cell is None: return ''
    if isinstance(cell, bytes): return str(uuid.UUID(bytes=cell)) if len(cell) == 16 else cell.hex()
    return str(cell)
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
if sys.argv[2] == 'rows':
    for statement in sys.argv[3:]:
        for row in database.execute(statement): print('\\x1f'.join(map(text, row)))
        print('\\x1e')
else:
    before = database.total_changes
    database.executescript(sys.argv[3])
    print(database.total_changes - before)
database.close()";

/// The rows of one statement.
pub type Rows = Vec<Vec<String>>;

/// A database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of SQLite.
    File(PathBuf),
    /// On a server: its client program, and the address.
    Server { psql: PathBuf, url: String },
}

impl Database {
    /// The rows of each statement, every cell as text, nothing as an empty one. Each statement sees a snapshot of its
    /// own.
    pub fn rows(&self, statements: &[&str]) -> Outcome<Vec<Rows>> {
        let text = match self {
            Self::File(file) => python(file, "rows", statements)?,
            Self::Server { psql, url } => {
                let mut command = client(psql);
                command.args(["--tuples-only", "--no-align", "--field-separator", &SEPARATOR.to_string()]);
                for statement in statements {
                    command.args(["--command", statement, "--command", &format!("\\echo {END}")]);
                }
                process::output(command.arg(url))?
            }
        };
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        for line in text.lines() {
            if line == END {
                all.push(std::mem::take(&mut rows));
            } else {
                rows.push(line.split(SEPARATOR).map(str::to_owned).collect());
            }
        }
        if all.len() == statements.len() {
            return Ok(all);
        }
        Err(Failure::new(format!("{} statements were answered {} times", statements.len(), all.len())))
    }

    /// Changes it while no server runs on it; gives how many rows of a file were changed.
    pub fn change(&self, statements: &str) -> Outcome<u64> {
        match self {
            Self::File(file) => {
                let text = python(file, "change", &[statements])?;
                text.trim().parse().map_err(|_| Failure::new(format!("python answered `{text}`")))
            }
            Self::Server { psql, url } => {
                process::output(client(psql).args(["--command", statements]).arg(url)).map(|_| 0)
            }
        }
    }
}

fn python(file: &Path, what: &str, statements: &[&str]) -> Outcome<String> {
    process::output(Command::new("python3").args(["-c", SCRIPT]).arg(file).arg(what).args(statements))
}

/// `psql` that reads no settings of its caller and stops at the first error.
pub fn client(psql: &Path) -> Command {
    let mut command = Command::new(psql);
    command.args(["--no-psqlrc", "--quiet", "--no-password", "--set", "ON_ERROR_STOP=1"]);
    process::hide_environment(&mut command, "PG");
    command
}

/// A statement of a file of statements: a comment `-- kind: what it is about`, and what stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub kind: String,
    pub name: String,
    pub text: String,
}

/// The statements of a file. Other comments are left out.
pub fn named(file: &str) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for line in file.lines() {
        let title = line.strip_prefix("-- ").and_then(|title| title.split_once(": "));
        match (title, all.last_mut()) {
            (Some((kind, name)), _) => {
                all.push(Named { kind: kind.to_owned(), name: name.to_owned(), text: String::new() });
            }
            (None, Some(last)) if !line.starts_with("--") => {
                last.text.push_str(line);
                last.text.push('\n');
            }
            (None, _) => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::{Database, named};

    #[test]
    fn statements_have_names() {
        let all = named("-- About it.\n-- lost: one\nSELECT 1\n  FROM a;\n-- more\n-- doubled: two: b\nSELECT 2;\n");
        let names: Vec<(&str, &str)> = all.iter().map(|n| (n.kind.as_str(), n.name.as_str())).collect();
        assert_eq!(names, [("lost", "one"), ("doubled", "two: b")]);
        assert_eq!(all.first().map(|n| n.text.as_str()), Some("SELECT 1\n  FROM a;\n"));
    }

    #[test]
    fn a_file_is_read_and_changed() {
        let file = env::temp_dir().join(format!("xtask-database-{}.db", process::id()));
        let database = Database::File(file.clone());
        let made = "CREATE TABLE t (id BLOB, n INTEGER); INSERT INTO t VALUES (zeroblob(16), 7), (NULL, 8);";
        assert_eq!(database.change(made).unwrap(), 2);
        let rows = database.rows(&["SELECT id, n FROM t ORDER BY n", "SELECT n FROM t WHERE n > 8"]).unwrap();
        assert_eq!(rows[0], [["00000000-0000-0000-0000-000000000000", "7"], ["", "8"]]);
        assert!(rows[1].is_empty());
        assert!(database.rows(&["SELECT nothing"]).is_err());
        fs::remove_file(file).unwrap();
    }
}
