//! Access packages: the requestable bundle (behaviour.md a; semantics.md 5).

use crate::catalog::RoleKind;
use crate::ids::{CatalogId, ObjectId, PackageId, ResourceId, RoleId, ScopeId};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use uuid::Uuid;

/// An access package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// The one catalog it belongs to.
    pub catalog: CatalogId,
    /// Its name, unique in its catalog without regard to case.
    pub name: String,
    /// Shown to requestors.
    pub description: Option<String>,
    /// Hidden packages are not browsed but can be requested by link.
    pub is_hidden: bool,
    /// Whether requestors see what is inside.
    pub scopes_visible: bool,
    /// An alternate key, unique in the tenant.
    pub unique_name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who made it, as shown.
    pub created_by: String,
    /// Who changed it last, as shown.
    pub modified_by: String,
    /// Raised with every change.
    pub version: i64,
}

/// A resource role in a package, with what fulfilment needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRole {
    /// The role.
    pub role: RoleId,
    /// The scope.
    pub scope: ScopeId,
    /// The resource both belong to.
    pub resource: ResourceId,
    /// What holding the role means.
    pub kind: RoleKind,
    /// The object that is joined.
    pub origin: ObjectId,
    /// The outside directory that object lives in, if any.
    pub source: Option<Uuid>,
    /// Whether the object is gone from its origin.
    pub is_missing: bool,
    /// The name of the resource.
    pub resource_name: String,
}

/// Things that hold a package or policy in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Uses {
    /// Assignments that have not ended.
    pub live_assignments: i64,
    /// Requests that have not ended.
    pub open_requests: i64,
}

impl Uses {
    /// Deleting is refused while assignments or open requests exist (decisions.md H17).
    pub fn may_delete(self, code: Code, what: &str, name: &str) -> Result<(), Refusal> {
        if self.live_assignments == 0 && self.open_requests == 0 {
            return Ok(());
        }
        let message = format!(
            "the {what} `{name}` has {} live assignments and {} open requests; remove or cancel them first",
            self.live_assignments, self.open_requests
        );
        Err(Refusal::new(code, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_history_does_not_hold_a_package() {
        assert!(Uses::default().may_delete(Code::AccessPackageInUse, "access package", "CRM").is_ok());
        let live = Uses { live_assignments: 1, open_requests: 0 };
        let code = live.may_delete(Code::AccessPackageInUse, "access package", "CRM").err().map(|r| r.code);
        assert_eq!(code, Some(Code::AccessPackageInUse));
        let open = Uses { live_assignments: 0, open_requests: 2 };
        assert!(open.may_delete(Code::PolicyInUse, "policy", "p").is_err());
    }
}
