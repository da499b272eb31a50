//! Text to tokens. The text is already decoded.

use crate::error::Error;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name; may hold dots.
    Name(String),
    /// A text in quotes, without them.
    Text(String),
    /// A number, date, instant or GUID.
    Bare(String),
    /// `/`
    Slash,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// The end.
    End,
}

const GUID_BYTES: usize = 36;

/// The tokens of `text` with the byte each starts at, closed by [`Token::End`].
pub fn lex(option: &'static str, text: &str) -> Result<Vec<(Token, usize)>, Error> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { break };
        let (token, used) = match first {
            '/' => (Token::Slash, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '\'' => quoted(option, rest, at)?,
            _ => word(option, rest, at)?,
        };
        tokens.push((token, at));
        rest = rest.get(used..).unwrap_or_default();
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

/// A text in quotes; two quotes stand for one.
fn quoted(option: &'static str, rest: &str, at: usize) -> Result<(Token, usize), Error> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != '\'' {
            text.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            text.push('\'');
            chars.next();
        } else {
            return Ok((Token::Text(text), i + 1));
        }
    }
    Err(Error::invalid(option, at, "the text that starts here has no closing quote"))
}

fn word(option: &'static str, rest: &str, at: usize) -> Result<(Token, usize), Error> {
    if let Some(guid) = rest.get(..GUID_BYTES).filter(|head| is_guid(head)) {
        let ends = rest.get(GUID_BYTES..).and_then(|r| r.chars().next()).is_none_or(|c| !is_name(c));
        if ends {
            return Ok((Token::Bare(guid.to_owned()), GUID_BYTES));
        }
    }
    let first = rest.chars().next().unwrap_or_default();
    if first.is_ascii_digit() || first == '-' {
        let used = span(rest, |c| c.is_ascii_alphanumeric() || "-+:.".contains(c));
        return Ok((Token::Bare(rest.get(..used).unwrap_or_default().to_owned()), used));
    }
    if !(first.is_ascii_alphabetic() || "_$*@".contains(first)) {
        let shown: String = rest.chars().take(1).collect();
        return Err(Error::invalid(option, at, format!("`{shown}` cannot stand here")));
    }
    let used = span(rest, |c| is_name(c) || "$*@".contains(c));
    Ok((Token::Name(rest.get(..used).unwrap_or_default().to_owned()), used))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn is_guid(text: &str) -> bool {
    text.bytes().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex("$filter", text).map(|t| t.into_iter().map(|(token, _)| token).collect()).unwrap_or_default()
    }

    #[test]
    fn guids_dates_numbers_and_names_are_told_apart() {
        let guid = "abcdef01-2345-6789-abcd-ef0123456789";
        assert_eq!(tokens(guid), [Token::Bare(guid.to_owned()), Token::End]);
        assert_eq!(tokens("2026-01-01T00:00:00Z"), [Token::Bare("2026-01-01T00:00:00Z".to_owned()), Token::End]);
        assert_eq!(tokens("-12"), [Token::Bare("-12".to_owned()), Token::End]);
        assert_eq!(
            tokens("x:x/id"),
            [
                Token::Name("x".into()),
                Token::Colon,
                Token::Name("x".into()),
                Token::Slash,
                Token::Name("id".into()),
                Token::End
            ]
        );
    }

    #[test]
    fn two_quotes_stand_for_one() {
        assert_eq!(tokens("'O''Neill'"), [Token::Text("O'Neill".to_owned()), Token::End]);
        assert!(lex("$filter", "'open").is_err());
    }

    #[test]
    fn strange_characters_are_refused_with_their_place() {
        assert_eq!(lex("$filter", "a eq ;").err().and_then(|e| e.position), Some(5));
    }
}
