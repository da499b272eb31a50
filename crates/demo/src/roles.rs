//! Who looks after which catalog.

use crate::fixed;
use tenure_domain::authorize::{EntitlementRole as Role, Scope};
use tenure_domain::ids::{CatalogId, ObjectId};
use tenure_service::roles::{self, NewRoleAssignment};
use tenure_service::{Ctx, ServiceError};

/// A person by alias, or a group by name.
#[derive(Clone, Copy)]
enum Holder {
    Person(&'static str),
    Group(&'static str),
}

/// Roles, who holds them, and for which catalog; for the whole tenant where none is named.
const ROLES: [(Role, Holder, Option<&str>); 9] = [
    (Role::CatalogOwner, Holder::Person("owner"), Some("Marketing")),
    (Role::PackageManager, Holder::Person("packages"), Some("Marketing")),
    (Role::AssignmentManager, Holder::Person("assignments"), Some("Marketing")),
    (Role::CatalogReader, Holder::Person("reader"), Some("Marketing")),
    (Role::CatalogOwner, Holder::Person("sven.dahl"), Some("Sales")),
    (Role::AssignmentManager, Holder::Group("Deal Desk"), Some("Sales")),
    (Role::CatalogOwner, Holder::Person("lena.hoffmann"), Some("Engineering")),
    (Role::CatalogCreator, Holder::Person("ingrid.solberg"), None),
    (Role::OrganizationAdministrator, Holder::Person("peter.hall"), None),
];

impl Holder {
    fn id(self) -> ObjectId {
        match self {
            Self::Person(alias) => fixed::person(alias),
            Self::Group(name) => fixed::group(name),
        }
    }
}

/// Gives the roles.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>, catalogs: &[(&str, CatalogId)]) -> Result<(), ServiceError> {
    for (role, holder, place) in ROLES {
        let scope = match place {
            None => Scope::Tenant,
            Some(place) => {
                let found = catalogs.iter().find(|(name, _)| *name == place).map(|(_, id)| *id);
                Scope::Catalog(
                    found.ok_or_else(|| ServiceError::Internal(format!("the demo has no catalog `{place}`")))?,
                )
            }
        };
        roles::assign(ctx, &NewRoleAssignment { principal: holder.id(), role: role.id(), scope })?;
    }
    Ok(())
}
