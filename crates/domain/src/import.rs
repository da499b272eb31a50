//! Files of assignments: a line for each, as a table with commas or as a JSON object per line (decisions.md C8). A file is
//! understood as a whole before anything is done with it; what its rows bring about is decided row by row, as if an
//! administrator assigned each of them by hand.

use crate::csv::{Reader, unguarded};
use crate::ids::QuestionId;
use crate::limits::{FAULTS_MAX, IMPORT_ROWS_MAX, QUESTIONS_MAX};
use crate::policy::Expiration;
use crate::policy::expiration::WantedSchedule;
use crate::refusal::{Code, Refusal};
use crate::time::{IsoDuration, Timestamp, whole_micros};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with commas and a line of names.
    Csv,
    /// A JSON object per line.
    JsonLines,
}

/// An assignment that a row asks for, as it is written: names are looked up when the row is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// The line of the file it begins in, counted from 1.
    pub line: u32,
    /// The access package, by id or exact name.
    pub package: String,
    /// The policy, by id or exact name; the one that fits, where nothing is said.
    pub policy: Option<String>,
    /// Who gets access: by id, user principal name or mail address.
    pub target: String,
    /// What to call somebody who is not in the directory.
    pub name: Option<String>,
    /// The dates wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// Answers to questions.
    pub answers: Vec<(QuestionId, String)>,
}

/// What came of a row. Numbers are stored; 0 is a row that was not carried out yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Nothing yet.
    Waiting = 0,
    /// A request was made.
    Made = 1,
    /// It would be made.
    Valid = 2,
    /// The target has, or has asked for, the package already.
    Unchanged = 3,
    /// The rules, or the caller's rights, say no.
    Refused = 4,
}

impl RowState {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }
}

/// A column that a file can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Package,
    Policy,
    Target,
    Name,
    Start,
    End,
    Justification,
    Answer(QuestionId),
}

const COLUMNS: [(&str, Column); 7] = [
    ("accessPackage", Column::Package),
    ("policy", Column::Policy),
    ("target", Column::Target),
    ("name", Column::Name),
    ("start", Column::Start),
    ("end", Column::End),
    ("justification", Column::Justification),
];
const ANSWER: &str = "answer:";

impl Column {
    fn named(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((_, column)) = COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(*column);
        }
        let is_answer = text.get(..ANSWER.len()).is_some_and(|head| head.eq_ignore_ascii_case(ANSWER));
        let question = text.get(ANSWER.len()..).filter(|_| is_answer);
        if let Some(id) = question {
            let id =
                Uuid::parse_str(id.trim()).map_err(|_| format!("`{text}`: after `answer:` comes a question's id"))?;
            return Ok(Self::Answer(QuestionId(id)));
        }
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        Err(format!("`{text}` is no column; there are {} and answer:<question id>", names.join(", ")))
    }
}

/// The faults of a file, as far as they are listed.
#[derive(Default)]
struct Faults(Vec<(String, String)>);

impl Faults {
    fn add(&mut self, line: u32, column: &str, message: &str) {
        if self.0.len() < FAULTS_MAX {
            self.0.push((format!("{line}:{column}"), format!("line {line}, column {column}: {message}")));
        }
    }

    /// Nothing, or the refusal that lists all of them.
    fn finish(self) -> Result<(), Refusal> {
        let Some((_, first)) = self.0.first() else { return Ok(()) };
        let refusal = Refusal::new(Code::InvalidModel, first.clone());
        Err(self.0.into_iter().fold(refusal, |refusal, (place, message)| refusal.detail(place, message)))
    }
}

/// One fault without which the rest of a file means nothing.
fn broken(line: u32, column: &str, message: &str) -> Refusal {
    let mut faults = Faults::default();
    faults.add(line, column, message);
    faults.finish().err().unwrap_or_else(|| Refusal::new(Code::InvalidModel, message))
}

fn too_many() -> Refusal {
    let message = format!("a file has at most {IMPORT_ROWS_MAX} rows; send it in parts");
    Refusal::new(Code::LimitExceeded, message)
}

/// The rows of a file; or every fault that can be seen without looking anything up, by line and column.
pub fn rows(format: Format, text: &str) -> Result<Vec<ImportRow>, Refusal> {
    let rows = match format {
        Format::Csv => from_csv(text)?,
        Format::JsonLines => from_json_lines(text)?,
    };
    if rows.is_empty() { Err(broken(1, "1", "the file has no rows")) } else { Ok(rows) }
}

fn from_csv(text: &str) -> Result<Vec<ImportRow>, Refusal> {
    let mut records = Reader::new(text);
    let mut next = || match records.next() {
        None => Ok(None),
        Some(Ok(record)) => Ok(Some(record)),
        Some(Err(m)) => Err(broken(m.line, &m.column.to_string(), m.message)),
    };
    let Some(head) = next()? else { return Ok(Vec::new()) };
    let columns = heading(head.line, &head.cells)?;
    let (mut rows, mut faults) = (Vec::new(), Faults::default());
    while let Some(record) = next()? {
        if rows.len() >= IMPORT_ROWS_MAX {
            return Err(too_many());
        }
        if record.cells.len() != columns.len() {
            let (has, wants) = (record.cells.len(), columns.len());
            let message = format!("the row has {has} cells, and the first line names {wants} columns");
            faults.add(record.line, &has.min(wants).saturating_add(1).to_string(), &message);
            continue;
        }
        let mut row = ImportRow { line: record.line, ..ImportRow::default() };
        for ((name, column), cell) in columns.iter().zip(&record.cells) {
            fill(&mut row, *column, unguarded(cell)).unwrap_or_else(|message| faults.add(record.line, name, &message));
        }
        missing(&row, &mut faults);
        rows.push(row);
    }
    faults.finish()?;
    Ok(rows)
}

/// The columns that the first line names.
fn heading(line: u32, cells: &[String]) -> Result<Vec<(String, Column)>, Refusal> {
    let (mut columns, mut faults): (Vec<(String, Column)>, _) = (Vec::new(), Faults::default());
    for (n, cell) in cells.iter().enumerate() {
        let place = n.saturating_add(1).to_string();
        match Column::named(cell) {
            Ok(column) if columns.iter().any(|(_, c)| *c == column) => {
                faults.add(line, &place, &format!("the column `{}` is there twice", cell.trim()));
            }
            Ok(column) => columns.push((cell.trim().to_owned(), column)),
            Err(message) => faults.add(line, &place, &message),
        }
    }
    // Where a name is wrong, it may be the one that is missing.
    let is_clear = faults.0.is_empty();
    for (name, column) in COLUMNS.iter().filter(|(_, c)| matches!(c, Column::Package | Column::Target)) {
        if is_clear && !columns.iter().any(|(_, c)| c == column) {
            faults.add(line, name, "this column is required");
        }
    }
    if columns.len() > COLUMNS.len() + QUESTIONS_MAX {
        return Err(Refusal::new(Code::LimitExceeded, format!("a file answers at most {QUESTIONS_MAX} questions")));
    }
    faults.finish()?;
    Ok(columns)
}

fn from_json_lines(text: &str) -> Result<Vec<ImportRow>, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut rows, mut faults) = (Vec::new(), Faults::default());
    for (line, text) in (1_u32..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        if rows.len() >= IMPORT_ROWS_MAX {
            return Err(too_many());
        }
        let members = match serde_json::from_str(text) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(broken(line, "1", "a line must hold a JSON object")),
            Err(error) => return Err(broken(line, &error.column().to_string(), "the line is not valid JSON")),
        };
        if members.len() > COLUMNS.len() + QUESTIONS_MAX {
            return Err(broken(line, "1", "the object has too many members"));
        }
        let (mut row, mut seen) = (ImportRow { line, ..ImportRow::default() }, Vec::new());
        for (name, value) in &members {
            let filled = Column::named(name).and_then(|column| {
                if seen.contains(&column) {
                    return Err("the member is there twice".to_owned());
                }
                seen.push(column);
                match value {
                    Json::Null => Ok(()),
                    Json::String(cell) if cell.contains('\0') => Err("a text must not hold U+0000".to_owned()),
                    Json::String(cell) => fill(&mut row, column, cell),
                    _ => Err("a value must be a text, or null".to_owned()),
                }
            });
            filled.unwrap_or_else(|message| faults.add(line, name, &message));
        }
        missing(&row, &mut faults);
        rows.push(row);
    }
    faults.finish()?;
    Ok(rows)
}

/// What no row can do without.
fn missing(row: &ImportRow, faults: &mut Faults) {
    for (name, text) in [("accessPackage", &row.package), ("target", &row.target)] {
        if text.is_empty() {
            faults.add(row.line, name, "a value is required");
        }
    }
}

/// Puts a cell into a row; an empty one says nothing.
fn fill(row: &mut ImportRow, column: Column, cell: &str) -> Result<(), String> {
    let text = cell.trim();
    if text.is_empty() {
        return Ok(());
    }
    match column {
        Column::Package => text.clone_into(&mut row.package),
        Column::Policy => row.policy = Some(text.to_owned()),
        Column::Target => text.clone_into(&mut row.target),
        Column::Name => row.name = Some(text.to_owned()),
        Column::Start => row.wanted.start = Some(instant(text)?),
        Column::End => row.wanted.end = end(text)?,
        Column::Justification => row.justification = Some(cell.to_owned()),
        Column::Answer(question) => row.answers.push((question, cell.to_owned())),
    }
    Ok(())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let read: Result<Timestamp, _> = text.parse();
    read.map(whole_micros).map_err(|_| format!("`{text}` is no instant such as 2026-03-01T00:00:00Z"))
}

/// An instant, a duration after the start, or never.
fn end(text: &str) -> Result<Expiration, String> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(Expiration::Never);
    }
    if text.starts_with(['P', 'p']) {
        let duration: IsoDuration = text.parse().map_err(|_| format!("`{text}` is no duration such as P30D"))?;
        return if duration.is_negative() || duration.is_zero() {
            Err(format!("`{text}` must be longer than nothing"))
        } else {
            Ok(Expiration::After(duration))
        };
    }
    let message =
        || format!("`{text}` must be an instant such as 2026-03-01T00:00:00Z, a duration such as P30D, or never");
    instant(text).map(Expiration::At).map_err(|_| message())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = "0191f0a4-0000-7000-8000-000000000001";

    fn places(format: Format, text: &str) -> Vec<String> {
        let details = rows(format, text).err().into_iter().flat_map(|r| r.details);
        details.filter_map(|d| d.target).collect()
    }

    #[test]
    fn both_formats_say_the_same() {
        let csv = format!(
            "\u{feff}AccessPackage,policy,target,start,end,justification,answer:{QUESTION}\r\n\
             Campaign,,anna@x.example,2026-03-01T00:00:00Z,P30D,\"one, two\",'=blue\r\n"
        );
        let json = format!(
            "\n{{\"accessPackage\":\"Campaign\",\"policy\":null,\"target\":\"anna@x.example\",\"start\":\"2026-03-01T00:00:00Z\",\
             \"end\":\"P30D\",\"justification\":\"one, two\",\"answer:{QUESTION}\":\"=blue\"}}"
        );
        let read = rows(Format::Csv, &csv);
        assert_eq!(read, rows(Format::JsonLines, &json));
        let row = read.ok().and_then(|rows| rows.into_iter().next()).unwrap_or_default();
        assert_eq!((row.line, row.package.as_str(), row.policy), (2, "Campaign", None));
        assert_eq!(row.answers.iter().map(|(_, a)| a.as_str()).collect::<Vec<_>>(), ["=blue"]);
        assert!(matches!(row.wanted.end, Expiration::After(_)));
    }

    #[test]
    fn every_fault_is_named_by_line_and_column() {
        let text = "accessPackage,target,start,end\n,a,soon,P0D\nC,a,,2026\nC,a\n\nC,\"a\",,never\n";
        assert_eq!(places(Format::Csv, text), ["2:start", "2:end", "2:accessPackage", "3:end", "4:3"]);
        let message = rows(Format::Csv, text).err().map(|r| r.message);
        assert!(message.is_some_and(|m| m.starts_with("line 2, column start: `soon`")));
        assert_eq!(places(Format::Csv, "accessPackage,target\nC,\"a"), ["2:3"]);
        let lines = "{\"accessPackage\":\"C\",\"target\":1}\n{\"target\":\"a\",\"wish\":\"x\"}";
        assert_eq!(places(Format::JsonLines, lines), ["1:target", "1:target", "2:wish", "2:accessPackage"]);
        assert_eq!(places(Format::JsonLines, "{\"accessPackage\":}"), ["1:18"]);
        assert_eq!(places(Format::JsonLines, "[]"), ["1:1"]);
    }

    #[test]
    fn the_first_line_names_known_columns_once_and_those_that_are_required() {
        assert_eq!(places(Format::Csv, "accessPackage,target,wish,target,answer:x\n"), ["1:3", "1:4", "1:5"]);
        assert_eq!(places(Format::Csv, "policy\nx"), ["1:accessPackage", "1:target"]);
        assert_eq!(places(Format::Csv, ""), ["1:1"]);
        assert_eq!(places(Format::Csv, "accessPackage,target\n"), ["1:1"]);
    }

    #[test]
    fn a_file_has_so_many_rows() {
        let file = |n: usize| format!("accessPackage,target\n{}", "C,a\n".repeat(n));
        assert_eq!(rows(Format::Csv, &file(IMPORT_ROWS_MAX)).map(|r| r.len()), Ok(IMPORT_ROWS_MAX));
        let code = |text: &str, format| rows(format, text).err().map(|r| r.code);
        assert_eq!(code(&file(IMPORT_ROWS_MAX + 1), Format::Csv), Some(Code::LimitExceeded));
        let lines = "{\"accessPackage\":\"C\",\"target\":\"a\"}\n".repeat(IMPORT_ROWS_MAX + 1);
        assert_eq!(code(&lines, Format::JsonLines), Some(Code::LimitExceeded));
    }

    #[test]
    fn faults_are_listed_up_to_a_limit() {
        let text = format!("accessPackage,target\n{}", ",\n".repeat(FAULTS_MAX));
        assert_eq!(places(Format::Csv, &text).len(), FAULTS_MAX);
    }
}
