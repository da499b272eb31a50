//! An expression against the schema: names become operands, literals become values of their kind.

use crate::ast::{Comparison, Expr, Literal, Node, Path};
use crate::edm::{EntityType, Items, Kind, Nav, Open, Operand, Property, Version, Via, type_name};
use crate::error::{Error, ErrorKind};
use crate::filter::{Filter, OperandPath, TextTest};
use crate::limits::FILTER_NAV_DEPTH_MAX;
use crate::names::did_you_mean;
use crate::value::Value;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

const OPTION: &str = "$filter";

/// Gives `expr` its meaning for rows of `entity`. `fold` makes texts comparable without regard to case.
pub fn check(
    entity: &'static EntityType,
    version: Version,
    fold: fn(&str) -> String,
    expr: &Expr,
) -> Result<Filter, Error> {
    let checker = Checker { version, fold };
    let filter = checker
        .boolean(&Place { entity: Some(entity), members: entity.properties, variable: None, list: None }, expr)?;
    if filter.depth() > FILTER_NAV_DEPTH_MAX { Err(too_deep()) } else { Ok(filter) }
}

fn too_deep() -> Error {
    let message = format!("the filter follows more than {FILTER_NAV_DEPTH_MAX} navigations in one path");
    Error::whole(ErrorKind::Limit, OPTION, message)
}

/// What names mean at a place of the filter.
struct Place<'a> {
    entity: Option<&'static EntityType>,
    members: &'static [Property],
    /// Inside a lambda, the word every path starts with.
    variable: Option<&'a str>,
    /// Inside a lambda over texts, their column.
    list: Option<crate::edm::Column>,
}

/// What a path leads to.
enum Found {
    Operand(OperandPath),
    Count(&'static Nav),
    One(Vec<&'static Nav>, &'static Nav),
    Many(Vec<&'static Nav>, &'static Nav),
    Items(&'static Items),
    ListItem(crate::edm::Column),
    Open(OpenMember),
}

/// A member that is not declared: where filters find it, and its folded name.
struct OpenMember {
    items: &'static Items,
    name: Operand,
    value: Operand,
    folded: String,
}

impl OpenMember {
    fn new(open: &'static Open, folded: String) -> Option<Self> {
        let Items::Rows { members: [name, value], .. } = open.items else { return None };
        Some(Self { items: open.items, name: name.operand?, value: value.operand?, folded })
    }

    fn value(&self) -> OperandPath {
        OperandPath { navs: Vec::new(), operand: self.value }
    }

    /// There is such a member, and this holds of its value.
    fn that(self, said: Option<Filter>) -> Filter {
        let path = OperandPath { navs: Vec::new(), operand: self.name };
        let is_named = Filter::Compare { path, op: Comparison::Eq, value: Value::Text(self.folded) };
        let inner = Filter::And([is_named].into_iter().chain(said).collect());
        Filter::Rows { items: self.items, all: false, inner: Some(Box::new(inner)) }
    }

    /// A comparison; one with nothing, and `ne`, ask whether there is none.
    fn compared(self, filter: Filter) -> Filter {
        match filter {
            Filter::IsNull(_) => Filter::Not(Box::new(self.that(None))),
            Filter::Not(inner) if matches!(*inner, Filter::IsNull(_)) => self.that(None),
            Filter::Compare { path, op: Comparison::Ne, value } => {
                let equal = Filter::Compare { path, op: Comparison::Eq, value };
                Filter::Not(Box::new(self.that(Some(equal))))
            }
            said => self.that(Some(said)),
        }
    }
}

/// A path together with the type test a cast in it demands.
struct Resolved {
    found: Found,
    kind: Option<Filter>,
}

struct Checker {
    version: Version,
    fold: fn(&str) -> String,
}

fn fault(at: usize, message: impl Into<String>) -> Error {
    Error::invalid(OPTION, at, message)
}

/// The path of an operand: itself, or inside `tolower`, `toupper` or `trim`, which change nothing for us.
fn operand_path(expr: &Expr) -> Option<&Path> {
    match &expr.node {
        Node::Path(path) => Some(path),
        Node::Call(name, args) => match args.as_slice() {
            [inner] if is_case_function(name) => operand_path(inner),
            _ => None,
        },
        _ => None,
    }
}

fn with_kind(kind: Option<Filter>, filter: Filter) -> Filter {
    match kind {
        Some(kind) => Filter::And(vec![kind, filter]),
        None => filter,
    }
}

impl Checker {
    fn boolean(&self, place: &Place<'_>, expr: &Expr) -> Result<Filter, Error> {
        match &expr.node {
            Node::And(a, b) => Ok(Filter::And(vec![self.boolean(place, a)?, self.boolean(place, b)?])),
            Node::Or(a, b) => Ok(Filter::Or(vec![self.boolean(place, a)?, self.boolean(place, b)?])),
            Node::Not(inner) => Ok(Filter::Not(Box::new(self.boolean(place, inner)?))),
            Node::Compare(op, a, b) => self.compare(place, *op, a, b, expr.at),
            Node::In(operand, values) => self.one_of(place, operand, values),
            Node::Call(name, args) => self.call(place, name, args, expr.at),
            Node::Lambda { path, all, body } => self.lambda(place, path, *all, body.as_ref(), expr.at),
            Node::Literal(Literal::Bool(b)) => Ok(Filter::Const(*b)),
            Node::Literal(_) => Err(fault(expr.at, "a value alone is no condition")),
            Node::Path(path) => {
                let truth = Expr { node: Node::Literal(Literal::Bool(true)), at: expr.at };
                let operand = Expr { node: Node::Path(path.clone()), at: expr.at };
                self.compare(place, Comparison::Eq, &operand, &truth, expr.at)
            }
        }
    }

    fn compare(&self, place: &Place<'_>, op: Comparison, a: &Expr, b: &Expr, at: usize) -> Result<Filter, Error> {
        let (op, operand, literal) = match (&a.node, &b.node) {
            (Node::Literal(a), Node::Literal(b)) => return constant(op, a, b, at),
            (_, Node::Literal(literal)) => (op, a, literal),
            (Node::Literal(literal), _) => (op.flipped(), b, literal),
            _ => return Err(fault(at, "one side of a comparison must be a value")),
        };
        // `contains(x,'y') eq true`, `(a or b) eq false`
        let is_condition = !matches!(operand.node, Node::Path(_)) && operand_path(operand).is_none();
        if let (true, Literal::Bool(wanted)) = (is_condition, literal) {
            let inner = self.boolean(place, operand)?;
            let positive = matches!((op, wanted), (Comparison::Eq, true) | (Comparison::Ne, false));
            return Ok(if positive { inner } else { Filter::Not(Box::new(inner)) });
        }
        let Some(path) = operand_path(operand) else {
            return Err(fault(operand.at, "a property is expected here"));
        };
        let resolved = self.resolve(place, path, operand.at)?;
        let filter = match resolved.found {
            Found::Operand(path) => self.compare_operand(path, op, literal, at)?,
            Found::Open(member) => {
                let said = self.compare_operand(member.value(), op, literal, at)?;
                member.compared(said)
            }
            Found::Count(nav) => match literal {
                Literal::Int(number) => Filter::Count { nav, op, number: *number },
                _ => return Err(fault(at, "a count is compared with a number")),
            },
            Found::One(navs, nav) => null_navigation(navs, nav, op, literal, at)?,
            Found::ListItem(column) => match (op, literal) {
                (Comparison::Eq, Literal::Text(text)) => {
                    Filter::List { column, test: TextTest::Equals, needle: (self.fold)(text) }
                }
                _ => return Err(fault(at, "texts of a collection are compared by `eq` with a text in quotes")),
            },
            Found::Many(..) | Found::Items(_) => {
                return Err(fault(operand.at, format!("`{path}` is a collection; use `any` or `all`")));
            }
        };
        Ok(with_kind(resolved.kind, filter))
    }

    fn compare_operand(
        &self,
        path: OperandPath,
        op: Comparison,
        literal: &Literal,
        at: usize,
    ) -> Result<Filter, Error> {
        use Comparison::{Eq, Ne};
        if *literal == Literal::Null {
            return Ok(match op {
                Eq => Filter::IsNull(path),
                Ne => Filter::Not(Box::new(Filter::IsNull(path))),
                _ => Filter::Const(false),
            });
        }
        let ordered = matches!(path.operand.kind, Kind::Text | Kind::Id | Kind::Int | Kind::Time);
        if !ordered && !matches!(op, Eq | Ne) {
            return Err(fault(at, format!("`{}` does not work here; use `eq`, `ne` or `in`", op.word())));
        }
        let value = self.literal(path.operand.kind, literal, at)?;
        Ok(Filter::Compare { path, op, value })
    }

    /// The value of a literal for an operand of that kind.
    fn literal(&self, kind: Kind, literal: &Literal, at: usize) -> Result<Value, Error> {
        match (kind, literal) {
            (Kind::Text, Literal::Text(text) | Literal::Bare(text)) => Ok(Value::Text((self.fold)(text))),
            (Kind::Id, Literal::Text(text) | Literal::Bare(text)) => uuid::Uuid::parse_str(text.trim())
                .map(Value::Id)
                .map_err(|_| fault(at, format!("Unrecognized Guid format: `{text}`"))),
            (Kind::Bool, Literal::Bool(b)) => Ok(Value::Bool(*b)),
            (Kind::Int, Literal::Int(n)) => Ok(Value::Int(*n)),
            (Kind::Time, Literal::Text(text) | Literal::Bare(text)) => instant(text)
                .map(Value::from)
                .ok_or_else(|| fault(at, format!("`{text}` is no instant such as 2026-01-31T08:00:00Z"))),
            (Kind::Enum(e), Literal::Text(word)) => e.code(word).map(Value::Int).ok_or_else(|| {
                let known: Vec<&str> = e.members.iter().map(|(_, w)| *w).collect();
                fault(at, format!("`{word}` is none of {}", known.join(", ")))
            }),
            (kind, literal) => {
                let wanted = match kind {
                    Kind::Text | Kind::Enum(_) => "a text in quotes",
                    Kind::Id => "an id in quotes",
                    Kind::Bool => "true or false",
                    Kind::Int => "a number",
                    Kind::Time => "an instant such as 2026-01-31T08:00:00Z",
                };
                Err(fault(at, format!("`{literal}` does not fit; {wanted} is expected")))
            }
        }
    }

    fn one_of(&self, place: &Place<'_>, operand: &Expr, values: &[Expr]) -> Result<Filter, Error> {
        let path = operand_path(operand).ok_or_else(|| fault(operand.at, "a property is expected before `in`"))?;
        let resolved = self.resolve(place, path, operand.at)?;
        let (path, member) = match resolved.found {
            Found::Operand(path) => (path, None),
            Found::Open(member) => (member.value(), Some(member)),
            _ => return Err(fault(operand.at, format!("`{path}` cannot be compared by `in`"))),
        };
        let mut list = Vec::new();
        let mut or_null = false;
        for value in values {
            match &value.node {
                Node::Literal(Literal::Null) => or_null = true,
                Node::Literal(literal) => list.push(self.literal(path.operand.kind, literal, value.at)?),
                _ => return Err(fault(value.at, "`in` takes values only")),
            }
        }
        if let Some(member) = &member
            && or_null
        {
            return Err(fault(operand.at, format!("`{}` is not compared with null by `in`", member.folded)));
        }
        let null = Filter::IsNull(path.clone());
        let filter = match (list.is_empty(), or_null) {
            (true, _) => null,
            (false, false) => Filter::In { path, values: list },
            (false, true) => Filter::Or(vec![Filter::In { path, values: list }, null]),
        };
        let filter = match member {
            Some(member) => member.that(Some(filter)),
            None => filter,
        };
        Ok(with_kind(resolved.kind, filter))
    }

    fn call(&self, place: &Place<'_>, name: &str, args: &[Expr], at: usize) -> Result<Filter, Error> {
        let lower = name.to_ascii_lowercase();
        let test = match lower.as_str() {
            "contains" | "substringof" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            "isof" => return is_of(place, args, at),
            _ => {
                let known = ["contains", "startswith", "endswith", "tolower", "toupper", "isof"];
                return Err(fault(at, format!("the function `{name}` is not known{}", did_you_mean(name, known))));
            }
        };
        let [first, second] = args else {
            return Err(fault(at, format!("`{name}` takes two values")));
        };
        let (operand, needle) = if lower == "substringof" { (second, first) } else { (first, second) };
        let needle = needle_text(needle).ok_or_else(|| fault(needle.at, "a text in quotes is expected here"))?;
        let path = operand_path(operand).ok_or_else(|| fault(operand.at, "a property is expected here"))?;
        let resolved = self.resolve(place, path, operand.at)?;
        let filter = match resolved.found {
            Found::Operand(path) => self.text_test(path, test, needle, operand.at)?,
            Found::ListItem(column) => Filter::List { column, test, needle: (self.fold)(needle) },
            Found::Open(member) => {
                let said = self.text_test(member.value(), test, needle, operand.at)?;
                member.that(Some(said))
            }
            _ => return Err(fault(operand.at, format!("`{path}` is no text"))),
        };
        Ok(with_kind(resolved.kind, filter))
    }

    fn text_test(&self, path: OperandPath, test: TextTest, needle: &str, at: usize) -> Result<Filter, Error> {
        let needle = (self.fold)(needle);
        match path.operand.kind {
            Kind::Text => Ok(Filter::Text { path, test, needle }),
            // The words of an enumeration are few: test them now.
            Kind::Enum(e) => {
                let fits = |word: &str| matches(&(self.fold)(word), test, &needle);
                let values: Vec<Value> =
                    e.members.iter().filter(|(_, w)| fits(w)).map(|(code, _)| Value::Int(*code)).collect();
                Ok(if values.is_empty() { Filter::Const(false) } else { Filter::In { path, values } })
            }
            _ => Err(fault(at, "only texts can be tested this way")),
        }
    }

    fn lambda(
        &self,
        place: &Place<'_>,
        path: &Path,
        all: bool,
        body: Option<&(String, Box<Expr>)>,
        at: usize,
    ) -> Result<Filter, Error> {
        let resolved = self.resolve(place, path, at)?;
        let filter = match resolved.found {
            Found::Many(navs, nav) => {
                let place = |variable| Place {
                    entity: Some(nav.target),
                    members: nav.target.properties,
                    variable: Some(variable),
                    list: None,
                };
                let inner = body.map(|(v, e)| self.boolean(&place(v), e)).transpose()?.map(Box::new);
                Filter::Lambda { navs, nav, all, inner }
            }
            Found::Items(items @ Items::Rows { members, .. }) => {
                let place = |variable| Place { entity: None, members, variable: Some(variable), list: None };
                let inner = body.map(|(v, e)| self.boolean(&place(v), e)).transpose()?.map(Box::new);
                Filter::Rows { items, all, inner }
            }
            Found::Items(Items::List(column)) => {
                if all {
                    return Err(fault(at, "`all` is not offered for this collection; use `any`"));
                }
                let Some((variable, inner)) = body else {
                    return Ok(Filter::List { column: *column, test: TextTest::Contains, needle: String::new() });
                };
                let place =
                    Place { entity: None, members: &[], variable: Some(variable.as_str()), list: Some(*column) };
                self.boolean(&place, inner)?
            }
            _ => return Err(fault(at, format!("`{path}` is no collection"))),
        };
        Ok(with_kind(resolved.kind, filter))
    }

    /// Follows a path from a place.
    fn resolve(&self, place: &Place<'_>, path: &Path, at: usize) -> Result<Resolved, Error> {
        let mut names = path.0.as_slice();
        if let Some(variable) = place.variable {
            match names.split_first() {
                Some((first, rest)) if first == variable => names = rest,
                _ => return Err(fault(at, format!("inside this lambda a path starts with `{variable}/`"))),
            }
        }
        if names.is_empty() {
            return match place.list {
                Some(column) => Ok(Resolved { found: Found::ListItem(column), kind: None }),
                None => Err(fault(at, "a property is expected after the variable")),
            };
        }
        let mut walk = Walk { entity: place.entity, members: place.members, navs: Vec::new(), steps: 0, kind: None };
        while let Some((name, rest)) = names.split_first() {
            if let Some(found) = self.step(&mut walk, name, rest, at)? {
                return Ok(Resolved { found, kind: walk.kind });
            }
            names = rest;
        }
        Err(fault(at, format!("`{path}` names no property")))
    }

    fn step(&self, walk: &mut Walk, name: &str, rest: &[String], at: usize) -> Result<Option<Found>, Error> {
        if name.contains('.') {
            return cast(walk, name, at).map(|()| None);
        }
        if let Some(nav) = walk.entity.and_then(|e| e.navigation(self.version, name)) {
            return match walk.navigate(nav, rest) {
                None if walk.steps > FILTER_NAV_DEPTH_MAX => Err(too_deep()),
                found => Ok(found),
            };
        }
        let Some(property) = walk.members.iter().find(|p| p.name.is(self.version, name)) else {
            let open =
                walk.entity.filter(|_| rest.is_empty() && walk.navs.is_empty()).and_then(|e| e.open_member(name));
            if let Some(member) = open.and_then(|open| OpenMember::new(open, (self.fold)(name))) {
                return Ok(Some(Found::Open(member)));
            }
            let own = walk.members.iter().filter_map(|p| p.name.get(self.version));
            let known: Vec<&str> = match walk.entity {
                Some(entity) => entity.known_names(self.version).collect(),
                None => own.collect(),
            };
            let hint = did_you_mean(name, known);
            return Err(fault(at, format!("there is no property `{name}` here{hint}")));
        };
        if let Some(operand) = property.operand.filter(|_| rest.is_empty()) {
            let path = shorten(OperandPath { navs: std::mem::take(&mut walk.navs), operand }, walk.entity);
            return Ok(Some(Found::Operand(path)));
        }
        if let Some(items) = property.items.filter(|_| rest.is_empty() && walk.navs.is_empty()) {
            return Ok(Some(Found::Items(items)));
        }
        if property.members.is_empty() || rest.is_empty() {
            return Err(fault(at, format!("`{name}` cannot be filtered")));
        }
        walk.members = property.members;
        walk.entity = None;
        Ok(None)
    }
}

fn is_of(place: &Place<'_>, args: &[Expr], at: usize) -> Result<Filter, Error> {
    let name = match args.last().map(|a| &a.node) {
        Some(Node::Literal(Literal::Text(text))) => text.clone(),
        Some(Node::Path(Path(names))) => names.join("/"),
        _ => return Err(fault(at, "`isof` takes the name of a type")),
    };
    kind(place, &name).ok_or_else(|| fault(at, format!("`{name}` is no type that can stand here")))
}

/// The test for a derived type; a cast to the type itself is always true.
fn kind(place: &Place<'_>, name: &str) -> Option<Filter> {
    let entity = place.entity?;
    if entity.name.eq_ignore_ascii_case(type_name(name)) {
        return Some(Filter::Const(true));
    }
    let (variant, column) = (entity.variant(name)?, entity.discriminator?);
    Some(Filter::Kind { column, code: variant.code })
}

fn cast(walk: &mut Walk, name: &str, at: usize) -> Result<(), Error> {
    let Some(entity) = walk.entity else {
        // A cast of a complex value: its members are told apart by name.
        return Ok(());
    };
    if entity.name.eq_ignore_ascii_case(type_name(name)) {
        return Ok(());
    }
    let (Some(variant), Some(column)) = (entity.variant(name), entity.discriminator) else {
        return Err(fault(at, format!("`{name}` is no type that can stand here")));
    };
    if !walk.navs.is_empty() {
        return Err(fault(at, "a cast is only offered at the start of a path"));
    }
    walk.kind = Some(Filter::Kind { column, code: variant.code });
    walk.entity = Some(variant.entity);
    walk.members = variant.entity.properties;
    Ok(())
}

struct Walk {
    entity: Option<&'static EntityType>,
    members: &'static [Property],
    navs: Vec<&'static Nav>,
    /// Navigations to one as they were written; `navs` may take a shorter way.
    steps: usize,
    kind: Option<Filter>,
}

impl Walk {
    fn navigate(&mut self, nav: &'static Nav, rest: &[String]) -> Option<Found> {
        let is_count = rest.first().is_some_and(|r| r.eq_ignore_ascii_case("$count"));
        if nav.many {
            return Some(if is_count && self.navs.is_empty() {
                Found::Count(nav)
            } else {
                Found::Many(std::mem::take(&mut self.navs), nav)
            });
        }
        if rest.is_empty() {
            return Some(Found::One(std::mem::take(&mut self.navs), nav));
        }
        // `assignment/target` of a request is a key of the request itself (decisions.md D3).
        match self.navs.last().and_then(|last| last.shortcut(nav)) {
            Some(short) => {
                self.navs.pop();
                self.navs.push(short);
            }
            None => self.navs.push(nav),
        }
        self.steps += 1;
        self.entity = Some(nav.target);
        self.members = nav.target.properties;
        None
    }
}

/// `accessPackage/id` is this row's own key column: no need to look at the target (decisions.md D3).
fn shorten(mut path: OperandPath, entity: Option<&'static EntityType>) -> OperandPath {
    let key = entity.and_then(|e| e.properties.first()).and_then(|p| p.operand);
    if let (Some(nav), Some(key)) = (path.navs.last(), key)
        && let Via::Key(column) = nav.via
        && key.column == path.operand.column
    {
        path.operand = Operand { column, nullable: true, unique: false, ..path.operand };
        path.navs.pop();
    }
    path
}

fn null_navigation(
    navs: Vec<&'static Nav>,
    nav: &'static Nav,
    op: Comparison,
    literal: &Literal,
    at: usize,
) -> Result<Filter, Error> {
    let (Via::Key(column), Literal::Null) = (nav.via, literal) else {
        return Err(fault(at, "a navigation is only compared with null"));
    };
    let operand = Operand { column, kind: Kind::Id, nullable: true, unique: false, sortable: false };
    let is_null = Filter::IsNull(OperandPath { navs, operand });
    match op {
        Comparison::Eq => Ok(is_null),
        Comparison::Ne => Ok(Filter::Not(Box::new(is_null))),
        _ => Err(fault(at, "a navigation is compared by `eq` or `ne`")),
    }
}

/// `1 eq 1`: some clients send a condition that is always true.
fn constant(op: Comparison, a: &Literal, b: &Literal, at: usize) -> Result<Filter, Error> {
    match op {
        Comparison::Eq => Ok(Filter::Const(a == b)),
        Comparison::Ne => Ok(Filter::Const(a != b)),
        _ => Err(fault(at, "one side of a comparison must be a property")),
    }
}

fn is_case_function(name: &str) -> bool {
    ["tolower", "toupper", "trim"].iter().any(|f| name.eq_ignore_ascii_case(f))
}

/// A text in quotes, also inside `tolower`.
fn needle_text(expr: &Expr) -> Option<&str> {
    match &expr.node {
        Node::Literal(Literal::Text(text)) => Some(text),
        Node::Call(name, args) if is_case_function(name) => match args.as_slice() {
            [inner] => needle_text(inner),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a folded text passes a test; the one meaning of the text functions.
pub(crate) fn matches(text: &str, test: TextTest, needle: &str) -> bool {
    match test {
        TextTest::Contains => text.contains(needle),
        TextTest::StartsWith => text.starts_with(needle),
        TextTest::EndsWith => text.ends_with(needle),
        TextTest::Equals => text == needle,
    }
}

/// An instant, or the start of a day, in any of the usual spellings.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    if let Ok(date_time) = text.parse::<jiff::civil::DateTime>()
        && text.contains(['T', 't'])
    {
        return date_time.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp());
    }
    text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
}
