//! Tables as text with commas (RFC 4180): read with the place of every fault, written so that no spreadsheet takes a cell
//! for a formula (decisions.md K16).

use std::iter::Peekable;
use std::str::Chars;

const NUL: &str = "a text must not hold the character U+0000: no database can keep it";

/// A line of a table; a cell in quotation marks may reach over several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line it begins in, counted from 1.
    pub line: u32,
    /// Its cells, without the marks around them.
    pub cells: Vec<String>,
}

/// Where a text is no table, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, counted from 1.
    pub line: u32,
    /// The character of that line, counted from 1.
    pub column: u32,
    /// What is wrong and what would be right.
    pub message: &'static str,
}

/// Reads a table line by line. Lines with nothing in them are passed over. After a fault nothing more comes.
pub struct Reader<'t> {
    text: Peekable<Chars<'t>>,
    line: u32,
    column: u32,
    is_broken: bool,
}

/// What ended a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Cell,
    Line,
    Text,
}

impl<'t> Reader<'t> {
    /// A reader of `text`; a byte order mark before it is passed over.
    pub fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text: text.chars().peekable(), line: 1, column: 1, is_broken: false }
    }

    /// The next character; every kind of line break is one.
    fn take(&mut self) -> Option<char> {
        let taken = match self.text.next()? {
            '\r' => {
                self.text.next_if_eq(&'\n');
                '\n'
            }
            other => other,
        };
        if taken == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(taken)
    }

    const fn fault<T>(&self, message: &'static str) -> Result<T, Malformed> {
        Err(Malformed { line: self.line, column: self.column, message })
    }

    fn cell(&mut self) -> Result<(String, End), Malformed> {
        let mut cell = String::new();
        if self.text.next_if_eq(&'"').is_none() {
            return self.plain(cell);
        }
        let opened = Malformed { line: self.line, column: self.column, message: "this quotation mark is never closed" };
        self.column = self.column.saturating_add(1);
        loop {
            match self.take() {
                None => return Err(opened),
                Some('"') if self.text.peek() == Some(&'"') => {
                    self.take();
                    cell.push('"');
                }
                Some('"') => break,
                Some('\0') => return self.fault(NUL),
                Some(other) => cell.push(other),
            }
        }
        match self.text.peek() {
            None | Some(',' | '\n' | '\r') => Ok((cell, self.end())),
            Some(_) => self.fault("after the closing quotation mark there must be a comma or the end of the line"),
        }
    }

    fn plain(&mut self, mut cell: String) -> Result<(String, End), Malformed> {
        loop {
            match self.text.peek() {
                None | Some(',' | '\n' | '\r') => return Ok((cell, self.end())),
                Some('"') => return self.fault("a cell with quotation marks in it must stand in quotation marks"),
                Some('\0') => return self.fault(NUL),
                Some(_) => cell.extend(self.take()),
            }
        }
    }

    fn end(&mut self) -> End {
        match self.take() {
            None => End::Text,
            Some(',') => End::Cell,
            Some(_) => End::Line,
        }
    }

    fn record(&mut self) -> Result<Option<Record>, Malformed> {
        while matches!(self.text.peek(), Some('\n' | '\r')) {
            self.take();
        }
        if self.text.peek().is_none() {
            return Ok(None);
        }
        let mut record = Record { line: self.line, cells: Vec::new() };
        loop {
            let (cell, end) = self.cell()?;
            record.cells.push(cell);
            if end != End::Cell {
                return Ok(Some(record));
            }
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken {
            return None;
        }
        let read = self.record();
        self.is_broken = read.is_err();
        read.transpose()
    }
}

/// Whether a spreadsheet could take a cell with this text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Writes a cell. One that a spreadsheet could take for a formula gets an apostrophe before it (decisions.md K16).
pub fn write_cell(out: &mut Vec<u8>, text: &str) {
    let guard = if is_formula(text) { "'" } else { "" };
    if !text.contains([',', '"', '\n', '\r']) {
        out.extend_from_slice(guard.as_bytes());
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(guard.as_bytes());
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// Writes a line.
pub fn write_record<'c>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c str>) {
    for (n, cell) in cells.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_cell(out, cell);
    }
    out.extend_from_slice(b"\r\n");
}

/// A cell as it was before [`write_cell`] guarded it.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_again(rows in vec(vec("[^\\x00\r'\u{feff}]*", 2..5), 1..5)) {
            let mut out = Vec::new();
            for row in &rows {
                write_record(&mut out, row.iter().map(String::as_str));
            }
            let text = String::from_utf8(out).unwrap_or_default();
            let read: Result<Vec<Vec<String>>, Malformed> = Reader::new(&text)
                .map(|r| r.map(|r| r.cells.iter().map(|c| unguarded(c).to_owned()).collect()))
                .collect();
            prop_assert_eq!(read, Ok(rows));
        }

        #[test]
        fn any_text_is_read_to_its_end(text in any::<String>()) {
            prop_assert!(Reader::new(&text).count() <= text.chars().count() + 1);
        }
    }

    fn read(text: &str) -> Result<Vec<(u32, Vec<String>)>, Malformed> {
        Reader::new(text).map(|record| record.map(|r| (r.line, r.cells))).collect()
    }

    fn cells(line: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (line, cells.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn a_table_has_cells_with_commas_marks_and_line_breaks() {
        let text = "\u{feff}a,b\r\n\"x, y\",\"say \"\"so\"\"\"\n\n\"two\r\nlines\",\rlast,";
        let all = [
            cells(1, &["a", "b"]),
            cells(2, &["x, y", "say \"so\""]),
            cells(4, &["two\nlines", ""]),
            cells(6, &["last", ""]),
        ];
        assert_eq!(read(text), Ok(all.to_vec()));
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(read("\r\n\r\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_fault_names_line_and_character_and_ends_the_table() {
        let at = |text: &str| read(text).map_err(|m| (m.line, m.column)).err();
        assert_eq!(at("a\nb,\"c"), Some((2, 3)), "where it was opened");
        assert_eq!(at("a\n\"b\" c"), Some((2, 4)));
        assert_eq!(at("a\nbö\"c"), Some((2, 3)), "characters, not bytes");
        assert_eq!(at("a\nb,c\0"), Some((2, 4)));
        let mut reader = Reader::new("a\"\nb");
        assert!(reader.next().is_some_and(|r| r.is_err()));
        assert_eq!(reader.next(), None);
    }

    #[test]
    fn no_cell_is_taken_for_a_formula_and_what_was_written_is_read_again() {
        let texts = ["=1+1", "+1", "-1", "@x", "\tx", "plain", "a,\"b\"\nc", "=a,b", "'quoted"];
        let mut out = Vec::new();
        write_record(&mut out, texts);
        let text = String::from_utf8(out).unwrap_or_default();
        assert!(text.starts_with("'=1+1,'+1,'-1,'@x,'\tx,plain,\"a,\"\"b\"\"\nc\",\"'=a,b\",'quoted\r\n"), "{text}");
        let read: Vec<String> =
            Reader::new(&text).flatten().flat_map(|r| r.cells).map(|c| unguarded(&c).to_owned()).collect();
        assert_eq!(read, texts);
    }
}
