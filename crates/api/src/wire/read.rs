//! From rows to JSON bytes: which columns a query needs, and how a row is written for a version. Without `$expand` rows
//! are written as they arrive; with it, one statement per expanded navigation is read in between.

use super::json;
use std::collections::HashMap;
use tenure_domain::limits::{EXPAND_ROWS_MAX, EXPAND_ROWS_TOTAL_MAX, IN_LIST_MAX};
use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::edm::{Codec, Column, EntityType, Nav, Property, Version, Via};
use tenure_odata::{Cells, Expand, Query, Value, ValueRef};
use tenure_service::view::{Origin, OwnedRow, Select};
use tenure_service::{Ctx, ServiceError, query};
use uuid::Uuid;

/// One property as it is written: its name, how, and from which cells.
struct Field {
    name: &'static str,
    codec: Codec,
    at: Vec<usize>,
}

/// The properties of one (derived) type.
struct Shape {
    /// The number that tells the type, for polymorphic rows.
    code: Option<i64>,
    entity: &'static EntityType,
    fields: Vec<Field>,
    open: Option<OpenFields>,
}

/// Selected members that are not declared: their names, and where the object is that holds them.
struct OpenFields {
    names: Vec<String>,
    at: usize,
}

/// What is read and written for one level of a query.
pub struct Plan<'q> {
    pub entity: &'static EntityType,
    pub version: Version,
    /// The columns the fields are written from.
    pub columns: Vec<Column>,
    shapes: Vec<Shape>,
    discriminator: Option<usize>,
    expands: Vec<ExpandPlan<'q>>,
}

struct ExpandPlan<'q> {
    name: &'static str,
    nav: &'static Nav,
    query: &'q Query,
    /// The options as they were written.
    options: &'q [(&'static str, String)],
    /// Where the key of the one target stands, for navigations by key.
    key_at: Option<usize>,
    plan: Plan<'q>,
}

/// Columns without repetition.
struct Columns(Vec<Column>);

impl Columns {
    fn at(&mut self, column: Column) -> usize {
        self.0.iter().position(|c| *c == column).unwrap_or_else(|| {
            self.0.push(column);
            self.0.len() - 1
        })
    }
}

impl<'q> Plan<'q> {
    /// The plan for a query over rows of `entity`.
    pub fn new(entity: &'static EntityType, version: Version, query: &'q Query) -> Self {
        let mut columns = Columns(Vec::new());
        let selected = query.select.as_deref();
        let discriminator = entity.discriminator.map(|c| columns.at(c));
        let mut shapes: Vec<Shape> = entity
            .variants
            .iter()
            .map(|v| Shape {
                code: Some(v.code),
                entity: v.entity,
                fields: fields(v.entity, version, selected, &mut columns),
                open: open_fields(v.entity, selected, &mut columns),
            })
            .collect();
        if shapes.is_empty() {
            let fields = fields(entity, version, selected, &mut columns);
            let open = open_fields(entity, selected, &mut columns);
            shapes.push(Shape { code: None, entity, fields, open });
        }
        let expands = query.expand.iter().filter_map(|e| expand_plan(e, version, &mut columns)).collect();
        Self { entity, version, columns: columns.0, shapes, discriminator, expands }
    }

    /// Whether rows must be kept until their expanded targets are read.
    pub fn expands(&self) -> bool {
        !self.expands.is_empty()
    }

    fn shape(&self, row: &dyn Cells) -> Option<&Shape> {
        match self.discriminator {
            None => self.shapes.first(),
            Some(at) => {
                let code = row.cell(at).int();
                self.shapes.iter().find(|s| s.code == code)
            }
        }
    }

    /// Whether a row of its type has a navigation: a base lets queries name what only some of its derived types have.
    fn has(&self, row: &dyn Cells, name: &str) -> bool {
        self.shape(row).is_some_and(|shape| shape.entity.navigation(self.version, name).is_some())
    }

    /// Writes the members of a row, without braces.
    pub fn write_members(&self, row: &dyn Cells, out: &mut Vec<u8>) {
        let Some(shape) = self.shape(row) else { return };
        if self.entity.says_type {
            json::member(out, "@odata.type");
            json::text(out, &format!("#microsoft.graph.{}", shape.entity.name));
        }
        let mut attributes = Attributes { at: usize::MAX, parsed: HashMap::new() };
        for field in &shape.fields {
            json::member(out, field.name);
            write_field(field, row, self.version, &mut attributes, out);
        }
        for name in shape.open.iter().flat_map(|open| &open.names) {
            let at = shape.open.as_ref().map_or(0, |open| open.at);
            if let Some((name, value)) = attributes.find(row, at, name) {
                json::member(out, name);
                out.extend(value.as_bytes());
            }
        }
    }
}

fn expand_plan<'q>(expand: &'q Expand, version: Version, columns: &mut Columns) -> Option<ExpandPlan<'q>> {
    let key_at = match expand.nav.via {
        Via::Key(column) => Some(columns.at(column)),
        Via::Back(_) | Via::Link(_) => None,
    };
    Some(ExpandPlan {
        name: expand.nav.name.get(version)?,
        nav: expand.nav,
        query: &expand.query,
        options: &expand.options,
        key_at,
        plan: Plan::new(expand.nav.target, version, &expand.query),
    })
}

fn fields(entity: &EntityType, version: Version, selected: Option<&[String]>, columns: &mut Columns) -> Vec<Field> {
    let wanted = |p: &Property, name: &str| match selected {
        None => !p.on_request,
        Some(names) => names.iter().any(|n| n.eq_ignore_ascii_case(name)),
    };
    let field = |p: &'static Property| {
        let name = p.name.get(version)?;
        wanted(p, name).then(|| Field { name, codec: p.codec, at: p.columns.iter().map(|c| columns.at(*c)).collect() })
    };
    entity.properties.iter().filter_map(field).collect()
}

fn open_fields(entity: &EntityType, selected: Option<&[String]>, columns: &mut Columns) -> Option<OpenFields> {
    let open = entity.open?;
    let names: Vec<String> = selected?.iter().filter(|name| (open.takes)(name)).cloned().collect();
    (!names.is_empty()).then(|| OpenFields { names, at: columns.at(open.column) })
}

/// The attributes of a row, parsed once for all properties that are written from them.
struct Attributes {
    at: usize,
    parsed: HashMap<String, Box<serde_json::value::RawValue>>,
}

impl Attributes {
    fn of(&mut self, row: &dyn Cells, at: usize) -> &HashMap<String, Box<serde_json::value::RawValue>> {
        if self.at != at {
            self.parsed = row.cell(at).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
            self.at = at;
        }
        &self.parsed
    }

    fn get(&mut self, row: &dyn Cells, at: usize, name: &str) -> Option<&str> {
        self.of(row, at).get(name).map(|v| v.get())
    }

    /// The attribute of that name in any case, with its name.
    fn find(&mut self, row: &dyn Cells, at: usize, name: &str) -> Option<(&str, &str)> {
        let found = self.of(row, at).iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some((found.0.as_str(), found.1.get()))
    }
}

/// The cells of one property, numbered from zero.
struct Part<'r> {
    row: &'r dyn Cells,
    at: &'r [usize],
}

impl Cells for Part<'_> {
    fn cell(&self, i: usize) -> ValueRef<'_> {
        self.at.get(i).map_or(ValueRef::Null, |at| self.row.cell(*at))
    }
}

fn write_field(field: &Field, row: &dyn Cells, version: Version, attributes: &mut Attributes, out: &mut Vec<u8>) {
    let part = Part { row, at: &field.at };
    let cell = part.cell(0);
    match field.codec {
        Codec::Text => json::text_cell(out, cell),
        Codec::Id => json::id_cell(out, cell),
        Codec::Time => json::time_cell(out, cell),
        Codec::Bool => match cell.bool() {
            Some(b) => json::bool(out, b),
            None => out.extend(b"null"),
        },
        Codec::Int => match cell.int() {
            Some(n) => json::int(out, n),
            None => out.extend(b"null"),
        },
        Codec::Enum(e) => match cell.int().and_then(|code| e.word(code)) {
            Some(word) => json::word(out, word, e.is_capital(version)),
            None => out.extend(b"null"),
        },
        Codec::Json => out.extend(cell.text().unwrap_or("null").as_bytes()),
        Codec::Attribute(name) | Codec::AttributeList(name) | Codec::AttributeFlag(name) => {
            let absent = match field.codec {
                Codec::AttributeList(_) => "[]",
                Codec::AttributeFlag(_) => "false",
                _ => "null",
            };
            let at = field.at.first().copied().unwrap_or(0);
            out.extend(attributes.get(row, at, name).unwrap_or(absent).as_bytes());
        }
        Codec::Fixed(text) => out.extend(text.as_bytes()),
        Codec::Custom(write) => write(&part, version, out),
    }
}

/// One property of a row, alone.
pub fn write_property(property: &'static Property, row: &dyn Cells, version: Version, out: &mut Vec<u8>) {
    let field = Field { name: "", codec: property.codec, at: (0..property.columns.len()).collect() };
    write_field(&field, row, version, &mut Attributes { at: usize::MAX, parsed: HashMap::new() }, out);
}

/// Rows with the targets of their expanded navigations.
pub struct Level {
    pub rows: Vec<OwnedRow>,
    children: Vec<Children>,
}

struct Children {
    /// Positions in `level.rows` by the key of the parent.
    by_parent: HashMap<Uuid, Vec<usize>>,
    level: Level,
}

/// Where an object is: `https://host/v1.0/…/set/{id}`. Asked only when it has more targets than were expanded.
pub type Link<'l> = &'l dyn Fn() -> String;

/// Reads the targets of every expanded navigation of these rows; all navigations of a level in one round trip. `key_at`
/// is where the key of a row stands.
pub fn expand(
    ctx: &mut Ctx<'_, '_>,
    plan: &Plan<'_>,
    rows: Vec<OwnedRow>,
    key_at: usize,
) -> Result<Level, ServiceError> {
    expand_within(ctx, plan, rows, key_at, &mut 0)
}

/// An answer stays in memory until it is sent: `read` counts its expanded rows, over all levels.
fn expand_within(
    ctx: &mut Ctx<'_, '_>,
    plan: &Plan<'_>,
    rows: Vec<OwnedRow>,
    key_at: usize,
    read: &mut usize,
) -> Result<Level, ServiceError> {
    if plan.expands.is_empty() {
        return Ok(Level { rows, children: Vec::new() });
    }
    let keys: Vec<Vec<Uuid>> = plan.expands.iter().map(|e| parent_keys(e, &rows, key_at)).collect();
    // A statement takes so many keys; a longer list is several statements of the same round trip.
    let jobs: Vec<(usize, &[Uuid])> =
        keys.iter().enumerate().flat_map(|(i, keys)| keys.chunks(IN_LIST_MAX).map(move |chunk| (i, chunk))).collect();
    let selects: Vec<Select<'_>> =
        jobs.iter().filter_map(|(i, chunk)| plan.expands.get(*i).map(|e| expand_select(e, chunk))).collect();
    let mut found: Vec<Vec<OwnedRow>> = plan.expands.iter().map(|_| Vec::new()).collect();
    let widths: Vec<usize> = selects.iter().map(|s| s.layout().parent + 1 + usize::from(s.counts)).collect();
    query::read(ctx, &selects, &mut |job, row| {
        *read += 1;
        if *read > EXPAND_ROWS_TOTAL_MAX {
            let message = format!("one answer expands at most {EXPAND_ROWS_TOTAL_MAX} rows; ask for fewer by $top");
            return Err(Refusal::new(Code::LimitExceeded, message).into());
        }
        let width = widths.get(job).copied().unwrap_or(0);
        let owned = OwnedRow((0..width).map(|i| row.cell(i).to_value()).collect());
        if let Some(list) = jobs.get(job).and_then(|(i, _)| found.get_mut(*i)) {
            list.push(owned);
        }
        Ok(())
    })?;
    let mut children = Vec::with_capacity(plan.expands.len());
    for (e, rows) in plan.expands.iter().zip(found) {
        let layout = expand_select(e, &[]).layout();
        let parent_at = if e.key_at.is_some() { layout.key } else { layout.parent };
        let mut by_parent: HashMap<Uuid, Vec<usize>> = HashMap::new();
        for (i, row) in rows.iter().enumerate() {
            by_parent.entry(row.cell(parent_at).id().unwrap_or_default()).or_default().push(i);
        }
        children.push(Children { by_parent, level: expand_within(ctx, &e.plan, rows, layout.key, read)? });
    }
    Ok(Level { rows, children })
}

fn parent_keys(e: &ExpandPlan<'_>, rows: &[OwnedRow], key_at: usize) -> Vec<Uuid> {
    let at = e.key_at.unwrap_or(key_at);
    let mut keys: Vec<Uuid> = rows.iter().filter_map(|r| r.cell(at).id()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Targets of one parent that are shown; one more is read, to know whether there are more.
fn shown_max(query: &Query) -> u32 {
    query.top.unwrap_or(EXPAND_ROWS_MAX).min(EXPAND_ROWS_MAX)
}

fn expand_select<'s>(e: &'s ExpandPlan<'s>, keys: &'s [Uuid]) -> Select<'s> {
    let (origin, limit) = if e.key_at.is_some() {
        (Origin::Keys(keys.to_vec()), u32::try_from(IN_LIST_MAX).unwrap_or(u32::MAX))
    } else {
        (Origin::FromMany { nav: e.nav, keys }, shown_max(e.query) + 1)
    };
    let mut select = Select::all(e.nav.target, e.plan.columns.clone(), limit).origin(origin);
    select.filter = e.query.filter.as_ref();
    select.search = &e.query.search;
    select.order = &e.query.order;
    select.skip = if e.key_at.is_some() { 0 } else { e.query.skip };
    select.total = e.key_at.is_none().then(|| u32::try_from(EXPAND_ROWS_TOTAL_MAX).map_or(u32::MAX, |n| n + 1));
    select.counts = e.key_at.is_none() && e.query.count;
    select
}

/// The rest of a list that was expanded in part: the same options, and how many were shown already.
fn rest_of(e: &ExpandPlan<'_>, shown: usize) -> String {
    let mut rest = format!("/{}?", e.name);
    for (name, value) in e.options.iter().filter(|(name, _)| !["skip", "count"].contains(name)) {
        rest.extend(["$", name, "=", &encoded(value), "&"]);
    }
    rest.extend(["$skip=", &(e.query.skip as usize + shown).to_string()]);
    rest
}

/// Encodes what cannot stand in a query string, and nothing else: people read these links.
pub fn encoded(text: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const RESERVED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'&')
        .add(b'+')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Writes the members of one row of a level, with its expanded targets.
pub fn write_expanded(plan: &Plan<'_>, level: &Level, at: usize, key_at: usize, link: Link<'_>, out: &mut Vec<u8>) {
    let Some(row) = level.rows.get(at) else { return };
    plan.write_members(row, out);
    for (e, children) in plan.expands.iter().zip(&level.children).filter(|(e, _)| plan.has(row, e.name)) {
        let key = row.cell(e.key_at.unwrap_or(key_at)).id();
        let targets = key.and_then(|k| children.by_parent.get(&k)).map_or(&[][..], Vec::as_slice);
        let layout = expand_select(e, &[]).layout();
        if !e.nav.many {
            json::member(out, e.name);
            match targets.first() {
                Some(target) => {
                    let link = || format!("{}/{}", link(), e.name);
                    write_object(&e.plan, &children.level, *target, layout.key, &link, out);
                }
                None => out.extend(b"null"),
            }
            continue;
        }
        let shown = shown_max(e.query) as usize;
        let cell_of = |target: usize, i: usize| children.level.rows.get(target).map(|r| r.cell(i));
        if e.query.count {
            let total = targets.first().and_then(|t| cell_of(*t, layout.parent + 1)?.int());
            json::member(out, &format!("{}@odata.count", e.name));
            json::int(out, total.unwrap_or_default());
        }
        json::member(out, e.name);
        out.push(b'[');
        for (i, target) in targets.iter().take(shown).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            let id = || cell_of(*target, layout.key).and_then(tenure_odata::ValueRef::id).unwrap_or_default();
            let link = || format!("{}/{}/{}", link(), e.name, id());
            write_object(&e.plan, &children.level, *target, layout.key, &link, out);
        }
        out.push(b']');
        if targets.len() > shown {
            json::member(out, &format!("{}@odata.nextLink", e.name));
            json::text(out, &format!("{}{}", link(), rest_of(e, shown)));
        }
    }
}

fn write_object(plan: &Plan<'_>, level: &Level, at: usize, key_at: usize, link: Link<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    write_expanded(plan, level, at, key_at, link, out);
    out.push(b'}');
}

/// An owned copy of a row.
pub fn owned(row: &dyn Cells, width: usize) -> OwnedRow {
    OwnedRow((0..width).map(|i| row.cell(i).to_value()).collect())
}

/// The order values and the key of a row, for the next link.
pub fn position(row: &dyn Cells, order_at: usize, order_count: usize, key_at: usize) -> Vec<Value> {
    (order_at..order_at + order_count).chain([key_at]).map(|i| row.cell(i).to_value()).collect()
}
