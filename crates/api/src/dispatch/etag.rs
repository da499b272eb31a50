//! Which state of an object somebody has read: `ETag` on answers with one object, `If-Match` on changes (decisions.md E8).
//! The tag is the number of changes of the row. It says nothing of members and other objects that only point there.

use super::Target;
use super::key::key_column;
use crate::http::{Call, Reply};
use axum::http::{StatusCode, header};
use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::edm::{Column, EntityType};
use tenure_odata::path::{Step, Suffix};
use tenure_odata::{Cells, Value};
use tenure_service::view::Select;
use tenure_service::view::columns as c;
use tenure_service::{Ctx, ServiceError, query};
use uuid::Uuid;

/// The column that counts the changes of a row; nothing for what never changes or is not counted.
pub fn column(entity: &EntityType) -> Option<Column> {
    let counted = [
        (c::catalog::RELATION, c::catalog::VERSION),
        (c::package::RELATION, c::package::VERSION),
        (c::policy::RELATION, c::policy::VERSION),
        (c::site::RELATION, c::site::VERSION),
        (c::organization::RELATION, c::organization::VERSION),
        (c::workflow_extension::RELATION, c::workflow_extension::VERSION),
        (c::legacy_extension::RELATION, c::legacy_extension::VERSION),
        (c::origin_connector::RELATION, c::origin_connector::VERSION),
        (c::request::RELATION, c::request::VERSION),
        (c::assignment::RELATION, c::assignment::VERSION),
    ];
    let objects = ["directory_object", "deleted_object", "dir_user", "dir_group", "application", "service_principal"];
    if objects.contains(&entity.relation.0) {
        return Some(c::object::VERSION);
    }
    counted.into_iter().find(|(relation, _)| *relation == entity.relation).map(|(_, column)| column)
}

/// A version as clients see it: weak, because two versions of the API write the same state differently.
fn tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// One object as it is answered.
pub struct Shown {
    /// The body.
    pub body: Vec<u8>,
    /// The number of its changes, where they are counted.
    pub version: Option<i64>,
}

impl Shown {
    /// The answer, with the `ETag`.
    pub fn reply(self, status: StatusCode) -> Reply {
        let reply = Reply::json(status, self.body);
        match self.version {
            Some(version) => reply.with(header::ETAG, &tag(version)),
            None => reply,
        }
    }
}

/// What a change may find: one of these states, or any when it is a star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Vec<String>);

impl IfMatch {
    /// The condition of a change of the object that the path names; nothing when the client sets none.
    pub fn of(call: &Call, target: &Target) -> Option<Self> {
        let resolved = &target.resolved;
        let names_the_object = matches!(resolved.steps.last(), Some(Step::Key(_)) | None) && target.keys.len() < 2;
        if !names_the_object || resolved.suffix != Suffix::Nothing {
            return None;
        }
        let mut given = call.headers.get_all("if-match").into_iter().peekable();
        given.peek()?;
        Some(Self::parse(given.filter_map(|value| value.to_str().ok())))
    }

    fn parse<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let tags = values.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/").to_owned());
        Self(tags.collect())
    }

    fn allows(&self, version: Option<i64>) -> bool {
        let strong = version.map(|version| format!("\"{version}\""));
        self.0.iter().any(|tag| tag == "*" || strong.as_ref() == Some(tag))
    }

    /// Runs a change of a row, and undoes it when the row was in another state. The change comes first, so that whoever
    /// may not make it learns nothing of the state.
    pub fn guard<T>(
        &self,
        ctx: &mut Ctx<'_, '_>,
        (entity, id): (&'static EntityType, Uuid),
        run: impl FnOnce(&mut Ctx<'_, '_>, Uuid) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let before = version(ctx, entity, id)?;
        let done = run(ctx, id)?;
        if self.allows(before) {
            return Ok(done);
        }
        let now = before.map_or_else(String::new, |version| format!("; its ETag is {} now", tag(version)));
        let message = format!("the object is not in the state that If-Match names{now}: read it again");
        Err(Refusal::new(Code::PreconditionFailed, message).detail("If-Match", "another state").into())
    }
}

fn version(ctx: &mut Ctx<'_, '_>, entity: &'static EntityType, id: Uuid) -> Result<Option<i64>, ServiceError> {
    let (Some(column), Some(key)) = (column(entity), key_column(entity)) else { return Ok(None) };
    let mut select = Select::all(entity, vec![column], 1);
    select.narrow = vec![(key, Value::Id(id))];
    let mut found = None;
    query::read(ctx, &[select], &mut |_, row: &dyn Cells| {
        found = row.cell(0).int();
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_a_star_fits_all() {
        let given = |text: &str| IfMatch::parse([text].into_iter());
        assert!(given(r#"W/"3""#).allows(Some(3)));
        assert!(given(r#""2", "3""#).allows(Some(3)));
        assert!(given("*").allows(None));
        assert!(!given(r#"W/"3""#).allows(Some(4)));
        assert!(!given("3").allows(Some(3)), "a tag has quotes");
        assert!(!given("").allows(Some(3)));
    }
}
