//! Tokens to an expression, by recursive descent: `or`, `and`, `not`, comparison, primary. Bounded in depth and size.

use crate::ast::{Comparison, Expr, Literal, Node, Path};
use crate::error::{Error, ErrorKind};
use crate::lex::{Token, lex};
use crate::limits::{FILTER_DEPTH_MAX, FILTER_NODES_MAX};

const OPTION: &str = "$filter";

/// Parses a filter.
pub fn parse(text: &str) -> Result<Expr, Error> {
    let mut parser = Parser { tokens: lex(OPTION, text)?, next: 0, nodes: 0, depth: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expr),
        other => Err(parser.fault(format!("the filter should end here, but {} follows", describe(other)))),
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    nodes: usize,
    depth: usize,
}

fn describe(token: &Token) -> String {
    match token {
        Token::Name(n) | Token::Bare(n) => format!("`{n}`"),
        Token::Text(t) => format!("'{t}'"),
        Token::Slash => "`/`".to_owned(),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Comma => "`,`".to_owned(),
        Token::Colon => "`:`".to_owned(),
        Token::End => "the end".to_owned(),
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |(_, at)| *at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn fault(&self, message: impl Into<String>) -> Error {
        Error::invalid(OPTION, self.at(), message)
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Error> {
        if self.peek() == wanted {
            self.next += 1;
            return Ok(());
        }
        Err(self.fault(format!("{} is expected here, but {} follows", describe(wanted), describe(self.peek()))))
    }

    /// Takes the next token if it is the name `word`, whatever its case.
    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(n) if n.eq_ignore_ascii_case(word));
        if found {
            self.next += 1;
        }
        found
    }

    fn node(&mut self, node: Node, at: usize) -> Result<Expr, Error> {
        self.nodes += 1;
        if self.nodes > FILTER_NODES_MAX {
            let message = format!("the filter has more than {FILTER_NODES_MAX} nodes");
            return Err(Error::whole(ErrorKind::Limit, OPTION, message));
        }
        Ok(Expr { node, at })
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > FILTER_DEPTH_MAX {
            let message = format!("the filter nests deeper than {FILTER_DEPTH_MAX}");
            return Err(Error::whole(ErrorKind::Limit, OPTION, message));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expr, Error> {
        let at = self.at();
        let mut left = self.and()?;
        while self.word("or") {
            let right = self.and()?;
            left = self.node(Node::Or(Box::new(left), Box::new(right)), at)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Error> {
        let at = self.at();
        let mut left = self.not()?;
        while self.word("and") {
            let right = self.not()?;
            left = self.node(Node::And(Box::new(left), Box::new(right)), at)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Error> {
        let at = self.at();
        if self.word("not") {
            let inner = self.deeper(Self::not)?;
            return self.node(Node::Not(Box::new(inner)), at);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, Error> {
        let at = self.at();
        let left = self.primary()?;
        for (word, op) in Comparison::WORDS {
            if self.word(word) {
                let right = self.primary()?;
                return self.node(Node::Compare(op, Box::new(left), Box::new(right)), at);
            }
        }
        if self.word("in") {
            let values = self.list()?;
            if values.is_empty() {
                return Err(self.fault("`in` takes at least one value"));
            }
            return self.node(Node::In(Box::new(left), values), at);
        }
        if let Token::Name(name) = self.peek() {
            let known = ["and", "or"].iter().any(|w| name.eq_ignore_ascii_case(w));
            if !known {
                let words = Comparison::WORDS.iter().map(|(w, _)| *w).chain(["in", "and", "or"]);
                let hint = crate::names::did_you_mean(name, words);
                return Err(self.fault(format!("`{name}` is no operator{hint}")));
            }
        }
        Ok(left)
    }

    /// Expressions in parentheses, with commas between them.
    fn list(&mut self) -> Result<Vec<Expr>, Error> {
        self.expect(&Token::Open)?;
        let mut items = Vec::new();
        if *self.peek() == Token::Close {
            self.next += 1;
            return Ok(items);
        }
        loop {
            items.push(self.deeper(Self::or)?);
            match self.take() {
                Token::Comma => {}
                Token::Close => return Ok(items),
                _ => {
                    self.next -= 1;
                    return Err(self.fault("`,` or `)` is expected here"));
                }
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let at = self.at();
        match self.peek().clone() {
            Token::Open => {
                self.next += 1;
                let inner = self.deeper(Self::or)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Text(text) => {
                self.next += 1;
                self.node(Node::Literal(Literal::Text(text)), at)
            }
            Token::Bare(text) => {
                self.next += 1;
                let literal = text.parse().map_or(Literal::Bare(text), Literal::Int);
                self.node(Node::Literal(literal), at)
            }
            Token::Name(name) => {
                self.next += 1;
                self.named(name, at)
            }
            other => Err(self.fault(format!("a property or value is expected here, but {} follows", describe(&other)))),
        }
    }

    /// What starts with a name: a word literal, a call, a typed literal, a lambda or a path.
    fn named(&mut self, name: String, at: usize) -> Result<Expr, Error> {
        match self.peek() {
            Token::Open => {
                let args = self.list()?;
                return self.node(Node::Call(name, args), at);
            }
            // `duration'P1D'`, `microsoft.graph.someEnum'word'`: the text is what counts.
            Token::Text(text) => {
                let text = text.clone();
                self.next += 1;
                return self.node(Node::Literal(Literal::Text(text)), at);
            }
            _ => {}
        }
        let literal = match name.as_str() {
            "null" => Some(Literal::Null),
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        };
        if let Some(literal) = literal {
            return self.node(Node::Literal(literal), at);
        }
        self.path(name, at)
    }

    fn path(&mut self, first: String, at: usize) -> Result<Expr, Error> {
        let mut names = vec![first];
        while *self.peek() == Token::Slash {
            self.next += 1;
            let Token::Name(name) = self.take() else {
                self.next -= 1;
                return Err(self.fault("a name is expected after `/`"));
            };
            let is_lambda = name.eq_ignore_ascii_case("any") || name.eq_ignore_ascii_case("all");
            if is_lambda && *self.peek() == Token::Open {
                return self.lambda(Path(names), name.eq_ignore_ascii_case("all"), at);
            }
            names.push(name);
        }
        self.node(Node::Path(Path(names)), at)
    }

    fn lambda(&mut self, path: Path, all: bool, at: usize) -> Result<Expr, Error> {
        self.expect(&Token::Open)?;
        if *self.peek() == Token::Close {
            self.next += 1;
            return self.node(Node::Lambda { path, all, body: None }, at);
        }
        let Token::Name(variable) = self.take() else {
            self.next -= 1;
            return Err(self.fault("a variable is expected here, as in `any(x:x/id eq '…')`"));
        };
        self.expect(&Token::Colon)?;
        let inner = self.deeper(Self::or)?;
        self.expect(&Token::Close)?;
        self.node(Node::Lambda { path, all, body: Some((variable, Box::new(inner))) }, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(text: &str) -> String {
        parse(text).map_or_else(|e| format!("{}: {}", e.position.unwrap_or(0), e.message), |e| e.to_string())
    }

    #[test]
    fn and_binds_stronger_than_or_and_not_strongest() {
        assert_eq!(printed("a eq 1 or b eq 2 and not c"), "(a eq 1 or (b eq 2 and not (c)))");
    }

    #[test]
    fn the_spellings_clients_send_are_understood() {
        assert_eq!(printed("(displayName eq 'General')"), "displayName eq 'General'");
        assert_eq!(printed("contains(tolower(displayName), 'x')"), "contains(tolower(displayName),'x')");
        assert_eq!(printed("state eq microsoft.graph.accessPackageAssignmentState'delivered'"), "state eq 'delivered'");
        assert_eq!(
            printed("identitySources/any(is:is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq 'x')"),
            "identitySources/any(is:is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq 'x')"
        );
        assert_eq!(printed("owners/$count eq 0"), "owners/$count eq 0");
        assert_eq!(printed("(a eq 1) eq true"), "(a eq 1) eq true");
        assert_eq!(printed("(not a) ne (b in (1))"), "(not (a)) ne (b in (1))");
    }

    #[test]
    fn faults_say_where_and_what() {
        assert_eq!(printed("displayName eq"), "14: a property or value is expected here, but the end follows");
        assert_eq!(printed("displayName equals 'x'"), "12: `equals` is no operator");
        assert_eq!(printed("displayName qe 'x'"), "12: `qe` is no operator; did you mean `ge`?");
        assert_eq!(printed("a eq 1)"), "6: the filter should end here, but `)` follows");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = |n: usize| parse(&format!("{}a eq 1{}", "(".repeat(n), ")".repeat(n))).err().map(|e| e.kind);
        assert_eq!((deep(FILTER_DEPTH_MAX), deep(FILTER_DEPTH_MAX + 1)), (None, Some(ErrorKind::Limit)));
        let not = |n: usize| parse(&format!("{}a eq 1", "not ".repeat(n))).err().map(|e| e.kind);
        assert_eq!((not(FILTER_DEPTH_MAX), not(FILTER_DEPTH_MAX + 1)), (None, Some(ErrorKind::Limit)));
        // Two operands and their comparison are three nodes, every `or` is one: n conditions have 4n - 1.
        let long = |n: usize| parse(&vec!["a eq 1"; n].join(" or ")).err().map(|e| e.kind);
        assert_eq!((long(50), long(51)), (None, Some(ErrorKind::Limit)), "199 and 203 nodes");
        let list = |n: usize| parse(&format!("a in ({})", vec!["1"; n].join(","))).err().map(|e| e.kind);
        let most = FILTER_NODES_MAX - 2;
        assert_eq!((list(most), list(most + 1)), (None, Some(ErrorKind::Limit)));
    }

    fn any_expr() -> impl Strategy<Value = Expr> {
        let e = |node| Expr { node, at: 0 };
        let name = prop_oneof![Just("a"), Just("bc"), Just("d_1")].prop_map(ToOwned::to_owned);
        let path = prop::collection::vec(name.clone(), 1..3).prop_map(Path);
        let literal = prop_oneof![
            Just(Literal::Null),
            any::<bool>().prop_map(Literal::Bool),
            any::<i64>().prop_map(Literal::Int),
            "[a-zA-Z' ()ü/]{0,8}".prop_map(Literal::Text),
            Just(Literal::Bare("2026-01-01T00:00:00Z".to_owned())),
        ];
        let operand = prop_oneof![
            path.clone().prop_map(move |p| e(Node::Path(p))),
            literal.prop_map(move |l| e(Node::Literal(l)))
        ];
        let op = prop::sample::select(Comparison::WORDS.to_vec()).prop_map(|(_, op)| op);
        let leaf = prop_oneof![
            (op, operand.clone(), operand.clone()).prop_map(move |(op, a, b)| e(Node::Compare(
                op,
                Box::new(a),
                Box::new(b)
            ))),
            (operand.clone(), prop::collection::vec(operand.clone(), 1..3))
                .prop_map(move |(a, v)| e(Node::In(Box::new(a), v))),
            (name.clone(), prop::collection::vec(operand, 0..3)).prop_map(move |(n, v)| e(Node::Call(n, v))),
        ];
        leaf.prop_recursive(4, 24, 2, move |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(move |(a, b)| e(Node::And(Box::new(a), Box::new(b)))),
                (inner.clone(), inner.clone()).prop_map(move |(a, b)| e(Node::Or(Box::new(a), Box::new(b)))),
                inner.clone().prop_map(move |a| e(Node::Not(Box::new(a)))),
                (path.clone(), any::<bool>(), name.clone(), inner)
                    .prop_map(move |(path, all, v, b)| { e(Node::Lambda { path, all, body: Some((v, Box::new(b))) }) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(expr in any_expr()) {
            let text = expr.to_string();
            let again = parse(&text);
            prop_assert_eq!(again.map(|e| e.to_string()), Ok(text));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = parse(&text);
        }
    }
}
