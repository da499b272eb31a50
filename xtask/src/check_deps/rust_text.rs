//! Rust source split into code and string literals, so that a rule looks only at what it is about.
//!
//! Not a parser: it knows comments and the spellings of literals, which is all that telling them apart needs.

/// A source file taken apart. Lines are counted from one.
pub(super) struct RustText<'a> {
    /// The source with spaces in place of comments and literals. Line ends are kept.
    pub(super) code: String,
    pub(super) literals: Vec<Literal<'a>>,
    /// The line from which everything is tests.
    tests_from: usize,
}

/// A string literal without its opening quote.
pub(super) struct Literal<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
}

enum Piece {
    Code,
    /// A comment or a character.
    Blank,
    Literal,
}

impl<'a> RustText<'a> {
    pub(super) fn read(source: &'a str) -> Self {
        let mut code = String::with_capacity(source.len());
        let mut literals = Vec::new();
        let mut line = 1;
        let mut rest = source;
        while !rest.is_empty() {
            let (piece, length) = first_piece(rest);
            let (text, after) = rest.split_at(length);
            match piece {
                Piece::Code => code.push_str(text),
                Piece::Blank => push_blank(&mut code, text),
                Piece::Literal => {
                    let text_start = text.find('"').map_or(0, |quote| quote + 1);
                    literals.push(Literal { line, text: &text[text_start..] });
                    push_blank(&mut code, text);
                }
            }
            line += line_ends(text);
            rest = after;
        }
        let tests_from = tests_from(&code);
        Self { code, literals, tests_from }
    }

    pub(super) fn is_test(&self, line: usize) -> bool {
        line >= self.tests_from
    }

    /// The line of a position in `code`.
    pub(super) fn line_at(&self, position: usize) -> usize {
        1 + line_ends(&self.code[..position])
    }
}

/// The words of code: names, keywords and numbers.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_ends(text: &str) -> usize {
    text.matches('\n').count()
}

fn push_blank(code: &mut String, text: &str) {
    code.extend(text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
}

/// Where `#[cfg(test)] mod … {` stands. Everything behind it counts as tests: Clippy refuses items after that module.
fn tests_from(code: &str) -> usize {
    let is_module = |&(at, _): &(usize, &str)| {
        let head = &code[at..];
        let end = head.find(['{', ';']).unwrap_or(head.len());
        head[end..].starts_with('{') && words(&head[..end]).any(|word| word == "mod")
    };
    let start = code.match_indices("#[cfg(test)]").find(is_module);
    start.map_or(usize::MAX, |(at, _)| 1 + line_ends(&code[..at]))
}

/// The kind and the length in bytes of what `rest` begins with. Words stay whole, so that the `r` that ends a name is
/// not taken for the start of a raw string.
fn first_piece(rest: &str) -> (Piece, usize) {
    if rest.starts_with("//") {
        return (Piece::Blank, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Piece::Blank, block_comment_length(rest));
    }
    if let Some(length) = string_length(rest) {
        return (Piece::Literal, length);
    }
    if let Some(length) = character_length(rest) {
        return (Piece::Blank, length);
    }
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let sign = rest.chars().next().map_or(0, char::len_utf8);
    (Piece::Code, word.max(sign))
}

/// Block comments nest.
fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let ahead = &rest.as_bytes()[at..];
        if ahead.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if ahead.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string of any spelling: `"…"`, `r#"…"#`, and both as bytes or C strings.
fn string_length(rest: &str) -> Option<usize> {
    let spelled = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let (body, end) = if let Some(raw) = spelled.strip_prefix('r') {
        let hashed = raw.trim_start_matches('#');
        let close = format!("\"{}", "#".repeat(raw.len() - hashed.len()));
        let body = hashed.strip_prefix('"')?;
        (body, body.find(&close).map(|quote| quote + close.len()))
    } else {
        let body = spelled.strip_prefix('"')?;
        (body, closing_quote(body).map(|quote| quote + 1))
    };
    Some(rest.len() - body.len() + end.unwrap_or(body.len()))
}

/// The first quote that no backslash escapes.
fn closing_quote(body: &str) -> Option<usize> {
    let mut escaped = false;
    body.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// The length of a character such as `'a'` or `'\''`; `None` for a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let first = body.chars().next()?;
    // An escape has one character that may itself be a quote, then perhaps more.
    let least = if first == '\\' { 2 } else { first.len_utf8() };
    let after = body.get(least..)?;
    let quote = if first == '\\' { after.find('\'')? } else { after.starts_with('\'').then_some(0)? };
    Some(1 + least + quote + 1)
}

#[cfg(test)]
mod tests {
    use super::RustText;

    fn code(source: &str) -> String {
        RustText::read(source).code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn literals(source: &str) -> Vec<(usize, String)> {
        RustText::read(source).literals.iter().map(|literal| (literal.line, literal.text.to_owned())).collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(code("a // b\n/* c /* d */ e */ f \"g\" h"), "a f h");
        assert_eq!(code(r##"let a = r#"x " y"#; b"##), "let a = ; b");
        assert_eq!(code(r#"a("x \" y", '"', '\'', '\u{1F}', b'"') b"#), "a( , , , , b ) b");
    }

    #[test]
    fn lifetimes_and_names_that_end_like_a_prefix_are_code() {
        assert_eq!(code("fn f<'a>(x: &'a str) -> &'a str"), "fn f<'a>(x: &'a str) -> &'a str");
        assert_eq!(code("concat!(for_bar, \"x\") + r#type"), "concat!(for_bar, ) + r#type");
    }

    #[test]
    fn literals_know_their_first_line() {
        let source = "let a = \"one\";\nlet b = \"two\n three\"; let c = br\"four\";";
        let found = literals(source);
        assert_eq!(found, [(1, "one\"".to_owned()), (2, "two\n three\"".to_owned()), (3, "four\"".to_owned())]);
    }

    #[test]
    fn unclosed_text_ends_with_the_file() {
        assert_eq!(code("a \"b"), "a");
        assert_eq!(code("a /* b"), "a");
        assert_eq!(code("a '"), "a '");
    }

    #[test]
    fn tests_begin_at_the_test_module_and_at_nothing_else() {
        let module = "#[cfg(test)]\nuse a::{b};\n#[cfg(test)]\nmod fixtures;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n";
        let text = RustText::read(module);
        assert!(!text.is_test(4));
        assert!(text.is_test(5));
        assert!(!RustText::read("// #[cfg(test)] mod tests {\nfn f() {}").is_test(2));
    }
}
