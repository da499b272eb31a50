//! The columns of a table, and how a row that was written as JSON becomes its cells.

use crate::wire::schema::entitlement as em;
use crate::wire::schema::export as ours;
use serde_json::Value as Json;
use tenure_domain::csv::write_record;
use tenure_odata::Query;
use tenure_odata::edm::{Codec, EntityType, Property, Version};
use tenure_odata::types::Type;

/// Where the cells of a column come from.
type Column = (&'static str, &'static str);

/// Assignments: name, and pointer into the row (behaviour.md i.1).
const ASSIGNMENT: &[Column] = &[
    ("id", "/id"),
    ("state", "/state"),
    ("status", "/status"),
    ("subjectId", "/target/id"),
    ("displayName", "/target/displayName"),
    ("userPrincipalName", "/target/principalName"),
    ("mail", "/target/email"),
    ("type", "/target/subjectType"),
    ("lifecycle", "/target/subjectLifecycle"),
    ("connectedOrganization", "/target/connectedOrganization/displayName"),
    ("policy", "/policy/displayName"),
    ("start", "/startDateTime"),
    ("end", "/endDateTime"),
    ("requestedBy", "/request/requestor/displayName"),
    ("deliveredAt", "/deliveredDateTime"),
    ("accessPackage", "/accessPackage/displayName"),
];

/// Requests.
const REQUEST: &[Column] = &[
    ("id", "/id"),
    ("type", "/requestType"),
    ("state", "/state"),
    ("status", "/status"),
    ("requestor", "/requestor/displayName"),
    ("target", "/target/displayName"),
    ("policy", "/policy/displayName"),
    ("created", "/createdDateTime"),
    ("completed", "/completedDateTime"),
    ("stageDecisions", "/stages"),
    ("accessPackage", "/accessPackage/displayName"),
];

/// The columns of a table.
pub enum Table {
    /// Those that we give assignments.
    Assignments,
    /// Those that we give requests.
    Requests,
    /// Properties of the list.
    Plain(Vec<String>),
}

impl Table {
    /// The table of a list: what was selected, else what we give it, else all that is one value. The error names what was
    /// selected and is not.
    pub fn of(entity: &'static EntityType, query: &Query) -> Result<Self, String> {
        let Some(selected) = &query.select else {
            return Ok(if entity.name == em::ASSIGNMENT.name {
                Self::Assignments
            } else if entity.name == em::REQUEST.name {
                Self::Requests
            } else {
                let plain = properties(entity).filter(|(_, p)| !p.on_request && is_scalar(p));
                Self::Plain(unique(plain.map(|(name, _)| name.to_owned())))
            });
        };
        let mut columns = Vec::new();
        for wanted in selected {
            let mut found = properties(entity).filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            match found.next() {
                Some((name, p)) if is_scalar(p) => columns.push(name.to_owned()),
                Some((name, _)) => {
                    return Err(format!("`{name}` is not one value and has no place in a table: ask for format=jsonl"));
                }
                // A navigation that is selected is not shown in the list either.
                None if entity.open_member(wanted).is_some() => columns.push(wanted.clone()),
                None => {}
            }
        }
        Ok(Self::Plain(unique(columns.into_iter())))
    }

    /// What rows are read as, and the query options for what stands around them.
    pub fn around(&self) -> Option<(&'static EntityType, &'static str)> {
        match self {
            Self::Assignments => Some((&ours::ASSIGNMENT, ours::AROUND_ASSIGNMENT)),
            Self::Requests => Some((&ours::REQUEST, ours::AROUND_REQUEST)),
            Self::Plain(_) => None,
        }
    }

    /// Writes the line of names.
    pub fn write_head(&self, out: &mut Vec<u8>) {
        match self {
            Self::Assignments => write_record(out, ASSIGNMENT.iter().map(|(name, _)| *name)),
            Self::Requests => write_record(out, REQUEST.iter().map(|(name, _)| *name)),
            Self::Plain(names) => write_record(out, names.iter().map(String::as_str)),
        }
    }

    /// Writes a row.
    pub fn write(&self, object: &[u8], out: &mut Vec<u8>) {
        let row: Json = serde_json::from_slice(object).unwrap_or_default();
        let pointed = |columns: &[Column]| columns.iter().map(|(_, at)| cell(row.pointer(at))).collect::<Vec<_>>();
        let cells = match self {
            Self::Assignments => pointed(ASSIGNMENT),
            Self::Requests => pointed(REQUEST),
            Self::Plain(names) => names.iter().map(|name| cell(member(&row, name))).collect(),
        };
        write_record(out, cells.iter().map(String::as_str));
    }
}

/// A member; one that is not declared comes as whoever wrote it has named it.
fn member<'j>(row: &'j Json, name: &str) -> Option<&'j Json> {
    let folded = || row.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    row.get(name).or_else(folded)
}

/// The properties of a type and of those that derive from it.
fn properties(entity: &'static EntityType) -> impl Iterator<Item = (&'static str, &'static Property)> {
    let types = std::iter::once(entity).chain(entity.variants.iter().map(|v| v.entity));
    types.flat_map(|e| e.properties.iter().filter_map(|p| Some((p.name.get(Version::V1)?, p))))
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Whether a property is one value.
fn is_scalar(property: &Property) -> bool {
    let shape = property.shape();
    let is_plain = !shape.many && matches!(shape.of, Type::Primitive(_) | Type::Enum(_));
    is_plain && property.members.is_empty() && !matches!(property.codec, Codec::AttributeList(_))
}

/// The text of a cell.
fn cell(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(stages)) => stages.iter().map(stage).collect::<Vec<_>>().join("; "),
        Some(other) => other.to_string(),
    }
}

/// `1 Approve by Ben Carter at 2026-03-02T09:00:00Z`
fn stage(stage: &Json) -> String {
    let text = |name: &str| stage.get(name).and_then(Json::as_str);
    let mut told = format!("{} {}", cell(stage.get("number")), text("reviewResult").unwrap_or_default());
    if let Some(by) = text("reviewedBy") {
        told.extend([" by ", by]);
    }
    if let Some(at) = text("reviewedDateTime") {
        told.extend([" at ", at]);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema::SCHEMA;
    use tenure_odata::query::{Context, Options};

    fn table(entity: &'static EntityType, options: &str) -> Result<Table, String> {
        let context = Context { version: Version::V1, fold: SCHEMA.fold };
        let options = Options::parse(options).unwrap_or_default();
        Table::of(entity, &Query::build(context, entity, &options).unwrap_or_default())
    }

    fn head(table: &Table) -> String {
        let mut out = Vec::new();
        table.write_head(&mut out);
        String::from_utf8(out).unwrap_or_default().trim_end().to_owned()
    }

    #[test]
    fn a_table_has_what_was_selected_else_all_that_is_one_value() {
        let plain = table(&em::CATALOG, "").map(|t| head(&t));
        let names = "id,displayName,description,catalogType,state,isExternallyVisible,createdDateTime,modifiedDateTime";
        assert_eq!(plain.as_deref(), Ok(names));
        assert_eq!(table(&em::CATALOG, "$select=STATE,id").map(|t| head(&t)).as_deref(), Ok("state,id"));
        assert_eq!(table(&em::ASSIGNMENT, "$select=id,state").map(|t| head(&t)).as_deref(), Ok("id,state"));
        let refused = table(&em::ASSIGNMENT, "$select=schedule").err();
        assert!(refused.is_some_and(|m| m.contains("`schedule`")));
    }

    #[test]
    fn cells_are_found_in_what_stands_around_a_row() {
        let row = br#"{"id":"1","requestType":"userAdd","requestor":null,"target":{"displayName":"=Ada, L"},
            "stages":[{"number":1,"reviewResult":"Approve","reviewedBy":"Ben","reviewedDateTime":"2026-03-02T09:00:00Z"},
            {"number":2,"reviewResult":"NotReviewed","reviewedBy":null,"reviewedDateTime":null}]}"#;
        let mut out = Vec::new();
        Table::Requests.write(row, &mut out);
        let text = String::from_utf8(out).unwrap_or_default();
        let stages = "1 Approve by Ben at 2026-03-02T09:00:00Z; 2 NotReviewed";
        assert_eq!(text, format!("1,userAdd,,,,\"'=Ada, L\",,,,{stages},\r\n"));
    }
}
