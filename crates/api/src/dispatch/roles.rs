//! Writes to the roles of entitlement management.

use super::Target;
use super::changes::{Made, create, keyed, remove};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::role as schema;
use crate::wire::write::role;
use tenure_domain::ids::RoleAssignmentId;
use tenure_service::roles;

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
