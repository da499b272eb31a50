//! The directory's use cases (semantics.md 13; decisions.md B).

pub mod applications;
mod certificates;
pub mod changes;
pub mod deleted;
pub mod groups;
pub mod invitations;
pub mod sites;
pub mod users;

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::audit::{AuditTarget, Modified, TargetKind};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::EXTENSION_NAMES_MAX;
use tenure_domain::refusal::{Code, Refusal};
use tenure_store::rows;

/// Names of the extension attributes that people have, at most [`EXTENSION_NAMES_MAX`], as they are compared.
pub fn extension_names(ctx: &mut Ctx<'_, '_>) -> Result<Vec<String>, ServiceError> {
    ctx.fetch(rows::directory::user::extension_names(EXTENSION_NAMES_MAX))
}

/// The audit target of a directory object.
pub(crate) fn target(kind: ObjectKind, id: ObjectId, name: &str) -> AuditTarget {
    let kind = match kind {
        ObjectKind::User => TargetKind::User,
        ObjectKind::Group => TargetKind::Group,
        ObjectKind::ServicePrincipal => TargetKind::ServicePrincipal,
        ObjectKind::Application => TargetKind::Application,
    };
    AuditTarget::new(kind, id, name.to_owned())
}

/// Changed attributes, for the audit.
fn attribute_changes(old: &Attributes, new: &Attributes) -> Vec<Modified> {
    old.changes(new).into_iter().map(|(property, old, new)| Modified { property, old, new }).collect()
}

/// An object of an outside directory is changed there (decisions.md B3).
fn may_edit(source: Option<uuid::Uuid>, name: &str) -> Result<(), Refusal> {
    if source.is_none() {
        return Ok(());
    }
    let message = format!("`{name}` is mastered in an outside directory; change it there");
    Err(Refusal::new(Code::ObjectMasteredElsewhere, message))
}
