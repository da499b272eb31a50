//! Access packages: the requestable bundle (behaviour.md a; semantics.md 5).

use crate::catalog::RoleKind;
use crate::directory::group::Group;
use crate::ids::{CatalogId, ObjectId, PackageId, ResourceId, RoleId, ScopeId};
use crate::limits::{INCOMPATIBLE_MAX, MOVE_ROWS_MAX};
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

/// The list of packages, or of groups, that a package is incompatible with, before something is put on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incompatible {
    /// How many are on it.
    pub count: i64,
    /// What is to be put on it is there already.
    pub is_listed: bool,
}

const REFERENCE: &str = "/@odata.id";

/// Whether a move of a package to another catalog may rewrite so many rows: it is one transaction (decisions.md D6).
pub fn may_move(name: &str, rows: i64) -> Result<(), Refusal> {
    if rows <= MOVE_ROWS_MAX {
        return Ok(());
    }
    let message = format!("moving `{name}` would rewrite {rows} rows; one move rewrites at most {MOVE_ROWS_MAX}");
    Err(Refusal::new(Code::LimitExceeded, message))
}

/// What is listed already is not listed again.
pub fn listed_already() -> Refusal {
    let message = "the access package is incompatible with it already";
    Refusal::new(Code::InvalidModel, message).detail(REFERENCE, "listed already")
}

impl Incompatible {
    fn has_room(self) -> Result<(), Refusal> {
        if self.is_listed {
            return Err(listed_already());
        }
        if self.count >= INCOMPATIBLE_MAX {
            let message = format!(
                "an access package is incompatible with at most {INCOMPATIBLE_MAX} packages and as many groups"
            );
            return Err(Refusal::new(Code::LimitExceeded, message));
        }
        Ok(())
    }

    /// Whether `package` may list `other` (behaviour.md f).
    pub fn may_list_package(self, package: PackageId, other: PackageId) -> Result<(), Refusal> {
        if package == other {
            let message = "an access package cannot be incompatible with itself";
            return Err(Refusal::new(Code::InvalidModel, message).detail(REFERENCE, "the access package itself"));
        }
        self.has_room()
    }

    /// Whether a package may list `group`: only groups that guard access say what somebody can do (behaviour.md f).
    pub fn may_list_group(self, group: &Group) -> Result<(), Refusal> {
        if !group.is_security {
            let message = format!(
                "the group `{}` is not security-enabled; a package can only be incompatible with groups that are",
                group.name
            );
            return Err(Refusal::new(Code::InvalidModel, message).detail(REFERENCE, "not security-enabled"));
        }
        self.has_room()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_incompatible_with_others_once_and_never_with_itself() {
        let (one, two) = (PackageId(Uuid::from_u128(1)), PackageId(Uuid::from_u128(2)));
        let list = |count, is_listed| Incompatible { count, is_listed };
        let code = |list: Incompatible, other| list.may_list_package(one, other).err().map(|r| r.code);
        assert_eq!(code(list(INCOMPATIBLE_MAX - 1, false), two), None);
        assert_eq!(code(list(INCOMPATIBLE_MAX, false), two), Some(Code::LimitExceeded));
        assert_eq!(code(list(INCOMPATIBLE_MAX, true), two), Some(Code::InvalidModel));
        assert_eq!(code(list(0, false), one), Some(Code::InvalidModel));
    }

    #[test]
    fn a_move_rewrites_so_many_rows_and_not_one_more() {
        assert_eq!(may_move("CRM", MOVE_ROWS_MAX), Ok(()));
        let refusal = may_move("CRM", MOVE_ROWS_MAX + 1).err();
        assert!(refusal.is_some_and(|r| r.code == Code::LimitExceeded && r.message.contains("500001 rows")));
    }

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
