//! Writes to the roles of entitlement management.

use super::Target;
use super::changes::{Made, create, keyed, remove};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::role as schema;
use crate::wire::write::role;
use tenure_domain::ids::RoleAssignmentId;
use tenure_domain::text::fold;
use tenure_odata::Value;
use tenure_odata::edm::Column;
use tenure_service::roles;
use tenure_service::view::Predicate;
use tenure_service::view::columns::role_assignment as c;
use uuid::Uuid;

/// Who has been given a role; with `transitive=true`, by a group too. Roles of entitlement management have no scope in the
/// directory.
pub(super) fn holders(role: Uuid, args: &[(String, String)]) -> (Predicate, Vec<Value>) {
    let value = |name: &str| argument(args, name);
    if value("directoryScopeId").is_some_and(|scope| scope != "/") || value("directoryScopeType").is_some() {
        return (Predicate::Nothing, Vec::new());
    }
    let goes_beyond = value("transitive").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let predicate = if goes_beyond { Predicate::RoleHolderBeyond } else { Predicate::RoleHolder };
    (predicate, vec![Value::Id(role)])
}

/// An argument that says something.
fn argument<'a>(args: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = args.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    found.filter(|value| !value.is_empty() && *value != "null")
}

/// Narrows schedules to what the arguments of the function name.
pub(super) fn narrow(
    args: &[(String, String)],
    narrow: &mut Vec<(Column, Value)>,
    predicate: &mut Option<(Predicate, Vec<Value>)>,
) {
    let id = |name: &str| argument(args, name).map(|value| Uuid::parse_str(value).ok());
    for (column, value) in [(c::PRINCIPAL, id("principalId")), (c::ROLE, id("roleDefinitionId"))] {
        match value {
            Some(Some(id)) => narrow.push((column, Value::Id(id))),
            // Nothing has an id that is none.
            Some(None) => *predicate = Some((Predicate::Nothing, Vec::new())),
            None => {}
        }
    }
    if argument(args, "directoryScopeId").is_some_and(|scope| scope != "/") {
        *predicate = Some((Predicate::Nothing, Vec::new()));
    }
    if let Some(scope) = argument(args, "appScopeId") {
        narrow.push((c::SCOPE_KEY, Value::Text(fold(scope))));
    }
}

/// `POST roleAssignments`
pub async fn assign(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = role::new_assignment(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| roles::assign(ctx, &new).map(|id| id.to_string())).await
}

/// `DELETE roleAssignments/{}`
pub async fn unassign(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &schema::ROLE_ASSIGNMENT, |ctx, id| roles::unassign(ctx, RoleAssignmentId(id)));
    remove(call, run).await
}

/// Actions on requests for schedules of roles, of which there are none.
pub async fn no_request(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, target.resolved.set.entity, roles::no_request);
    remove(call, run).await
}

/// `restore` of built-in roles, none of which was ever deleted.
pub async fn not_deleted(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &schema::ROLE_DEFINITION, roles::not_deleted);
    remove(call, run).await
}
