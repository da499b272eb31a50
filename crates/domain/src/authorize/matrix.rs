//! The operation matrix: what there is to be permitted, and whom it is permitted to (behaviour.md d.2). One table; the
//! page `docs/reference/roles.md` and the golden file of the API's tests are made from it.

use super::role::{DirectoryRole as R, EntitlementRole as E};
use super::{Capability, Capability as C};

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// An operation that needs a permit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[doc = $doc])+ $name,)+ }

        impl Action {
            /// Every action, and what it is.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, concat!($($doc),+))),+];
        }
    };
}

actions! {
    /// Make, change, delete and restore users.
    WriteUsers,
    /// Make, change, delete and restore groups, their members and owners.
    WriteGroups,
    /// Make, change and delete applications and service principals.
    WriteApplications,
    /// Make, change and delete sites, their permission groups, and who is in those.
    WriteSites,
    /// Invite guests.
    InviteGuests,
    /// Assign app roles.
    AssignAppRoles,
    /// Assign directory roles.
    AssignDirectoryRoles,
    /// Make catalogs; a person who makes one becomes its owner.
    CreateCatalogs,
    /// Change and delete catalogs.
    WriteCatalogs,
    /// Add resources to and remove them from catalogs; needs a right on the object behind the resource, too.
    WriteResources,
    /// Make, change and delete workflow extensions.
    WriteExtensions,
    /// Make, change and delete packages, what is in them, and what excludes them.
    WritePackages,
    /// Make, change and delete policies.
    WritePolicies,
    /// Save policies that assign by themselves.
    WriteAutomaticPolicies,
    /// Demand verified credentials by a policy.
    RequireCredentials,
    /// Assign and remove directly.
    AssignDirectly,
    /// Reprocess, cancel and delete requests of others, reprocess and update assignments.
    AdministerAssignments,
    /// Skip the approval a policy demands.
    BypassApproval,
    /// Give and take roles of entitlement management.
    AssignEntitlementRoles,
    /// Make, change and delete connected organizations and their sponsors.
    WriteOrganizations,
    /// Ask for access.
    RequestAccess,
    /// Delete delegated permission grants.
    WriteGrants,
    /// Consent for everybody.
    ConsentForAll,
    /// Move the demo clock.
    MoveClock,
    /// Change the settings of the tenant.
    WriteSettings,
    /// Read kept mails.
    ReadMail,
}

/// Whom an action is permitted to.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// Any of these a token needs; none where the list is empty.
    pub capabilities: &'static [Capability],
    /// Whether every person may, in the whole tenant.
    pub everybody: bool,
    /// Directory roles any of which permits it to a person, in the whole tenant.
    pub directory: &'static [R],
    /// Roles of entitlement management any of which permits it where it is held.
    pub entitlement: &'static [E],
    /// Whether an application may by its permission.
    pub apps: bool,
    /// Whether a User Administrator may, where the tenant keeps the older rule (`userAdministratorManagesAssignments`).
    pub older_rule: bool,
}

const GOVERNORS: &[R] = &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator];
const OWNER: &[E] = &[E::CatalogOwner];
const MANAGERS: &[E] = &[E::CatalogOwner, E::PackageManager];
const ASSIGNERS: &[E] = &[E::CatalogOwner, E::PackageManager, E::AssignmentManager];

/// An action of directory roles.
const fn directory(capabilities: &'static [Capability], roles: &'static [R]) -> Demand {
    Demand { capabilities, everybody: false, directory: roles, entitlement: &[], apps: true, older_rule: false }
}

/// An action of entitlement management: its administrators in the whole tenant, and `roles` where they are held.
const fn entitlement(roles: &'static [E]) -> Demand {
    Demand { entitlement: roles, ..directory(&[C::EntitlementWrite], GOVERNORS) }
}

impl Action {
    /// Its row of the matrix.
    pub const fn demand(self) -> Demand {
        match self {
            Self::WriteUsers => directory(&[C::UserWrite], &[R::GlobalAdministrator, R::UserAdministrator]),
            Self::WriteGroups => {
                directory(&[C::GroupWrite], &[R::GlobalAdministrator, R::GroupsAdministrator, R::UserAdministrator])
            }
            Self::WriteApplications => {
                directory(&[C::ApplicationWrite], &[R::GlobalAdministrator, R::ApplicationAdministrator])
            }
            Self::WriteSites => directory(&[C::SiteWrite], &[R::GlobalAdministrator, R::SharePointAdministrator]),
            Self::InviteGuests => {
                const INVITERS: &[R] = &[R::GlobalAdministrator, R::UserAdministrator, R::GuestInviter];
                directory(&[C::UserInvite, C::UserWrite], INVITERS)
            }
            Self::AssignAppRoles => directory(
                &[C::AppRoleAssignmentWrite, C::ApplicationWrite],
                &[R::GlobalAdministrator, R::ApplicationAdministrator],
            ),
            Self::AssignDirectoryRoles => {
                directory(&[C::RoleWrite], &[R::GlobalAdministrator, R::PrivilegedRoleAdministrator])
            }
            Self::CreateCatalogs => entitlement(&[E::CatalogCreator]),
            Self::WriteCatalogs | Self::WriteResources | Self::WriteExtensions | Self::AssignEntitlementRoles => {
                entitlement(OWNER)
            }
            Self::WritePackages | Self::WritePolicies => entitlement(MANAGERS),
            Self::AssignDirectly => Demand { older_rule: true, ..entitlement(ASSIGNERS) },
            Self::AdministerAssignments => entitlement(ASSIGNERS),
            Self::WriteOrganizations => entitlement(&[E::OrganizationAdministrator]),
            Self::WriteAutomaticPolicies | Self::BypassApproval | Self::MoveClock | Self::WriteSettings => {
                entitlement(&[])
            }
            Self::RequireCredentials => directory(&[C::EntitlementWrite], &[R::GlobalAdministrator]),
            Self::RequestAccess => {
                Demand { everybody: true, ..directory(&[C::SubjectAccess, C::EntitlementWrite], &[]) }
            }
            Self::WriteGrants => {
                directory(&[C::GrantWrite, C::ApplicationWrite], &[R::GlobalAdministrator, R::ApplicationAdministrator])
            }
            Self::ConsentForAll => Demand { apps: false, ..directory(&[], &[R::GlobalAdministrator]) },
            Self::ReadMail => directory(&[C::EntitlementRead, C::EntitlementWrite], GOVERNORS),
        }
    }
}
