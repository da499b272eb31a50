//! Who may do what: capabilities of a token, rights of a person, and the permit that writes demand (decisions.md J).
//!
//! A delegated call needs both the scope of its token and the right of its person; an app-only call needs the app
//! permission, or a role of its service principal. [`pending`] asks whether a caller could ever do something, and gives a
//! [`Permit`] once it is known where; the functions that write take one as an argument. The operation matrix is in
//! [`matrix`], what a caller sees in [`sight`].

pub mod matrix;
mod permit;
mod role;
mod sight;

pub use matrix::Action;
pub use permit::{Pending, Permit, Placed, pending, permission_hint, permit, read_denied};
pub use role::{DirectoryRole, EntitlementRole, Held, HeldIn, Scope, by_role};
pub use sight::{AuditReach, Reach, Sight};

use crate::ids::ObjectId;

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $bit:literal,)+) => {
        /// What a token may be used for, whatever its permission was called.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capability { $($(#[$doc])* $name = 1 << $bit,)+ }
    };
}

capabilities! {
    /// Read all of entitlement management.
    EntitlementRead = 0,
    /// Change all of entitlement management.
    EntitlementWrite = 1,
    /// Ask for access for oneself and see one's own.
    SubjectAccess = 2,
    /// Read one's own profile.
    SelfRead = 3,
    /// Read all users.
    UserRead = 4,
    /// Change users.
    UserWrite = 5,
    /// Read all groups.
    GroupRead = 6,
    /// Change groups and their members.
    GroupWrite = 7,
    /// Read applications and service principals.
    ApplicationRead = 8,
    /// Change applications and service principals.
    ApplicationWrite = 9,
    /// Assign app roles.
    AppRoleAssignmentWrite = 10,
    /// Read the audit log of the whole directory.
    AuditRead = 11,
    /// Read delegated permission grants.
    GrantRead = 12,
    /// Change delegated permission grants.
    GrantWrite = 13,
    /// Read role assignments of the directory.
    RoleRead = 14,
    /// Change role assignments of the directory.
    RoleWrite = 15,
    /// Read what the tenant says of itself.
    OrganizationRead = 16,
    /// Read sites.
    SiteRead = 17,
    /// Make, change and delete sites, their groups and who is in them.
    SiteWrite = 18,
    /// Invite guests.
    UserInvite = 19,
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Capabilities(u32);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// All of them: work of the product itself.
    pub const ALL: Self = Self(u32::MAX);

    /// The set as a number, to be kept.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set that was kept as a number.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// This set and one more.
    pub const fn with(self, one: Capability) -> Self {
        Self(self.0 | one as u32)
    }

    /// What is in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `one` is in the set.
    pub const fn has(self, one: Capability) -> bool {
        self.0 & one as u32 != 0
    }

    /// Whether any of `some` is in the set.
    pub fn has_any(self, some: &[Capability]) -> bool {
        some.iter().any(|c| self.has(*c))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        all.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User(ObjectId),
    /// An application by itself, named by its service principal.
    App(ObjectId),
    /// The product itself: timers, jobs, seeding.
    System,
}

impl Principal {
    /// The directory object that calls.
    pub const fn object(self) -> Option<ObjectId> {
        match self {
            Self::User(id) | Self::App(id) => Some(id),
            Self::System => None,
        }
    }
}

/// What the directory says about the caller at this moment; read with every use case, never cached (decisions.md D11).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rights {
    /// Whether the account may act at all.
    pub is_enabled: bool,
    /// Whether a person is a member and not a guest.
    pub is_member: bool,
    /// Directory roles held, through groups too.
    pub roles: Vec<DirectoryRole>,
    /// Roles of entitlement management held, through groups too.
    pub entitlement: Vec<Held>,
    /// Whether the tenant lets User Administrators manage assignments (`userAdministratorManagesAssignments`); asked only
    /// for one of them.
    pub manages_assignments: bool,
    /// Display name, for the audit.
    pub name: String,
    /// User principal name or app id, for the audit.
    pub principal_name: String,
}

/// Who calls, with what token and what rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// What the token allows.
    pub capabilities: Capabilities,
    /// What the directory allows.
    pub rights: Rights,
}

impl Caller {
    /// The product itself.
    pub fn system() -> Self {
        Self {
            principal: Principal::System,
            capabilities: Capabilities::ALL,
            rights: Rights {
                is_enabled: true,
                is_member: true,
                roles: Vec::new(),
                entitlement: Vec::new(),
                manages_assignments: false,
                name: "Azure AD Identity Governance - User Management".to_owned(),
                principal_name: String::new(),
            },
        }
    }

    /// Whether the person holds one of `roles`.
    pub fn holds(&self, roles: &[DirectoryRole]) -> bool {
        self.rights.roles.iter().any(|r| roles.contains(r))
    }

    /// Whether a User Administrator, where the tenant keeps the older rule: he sees, assigns and removes.
    pub fn manages_assignments(&self) -> bool {
        self.rights.manages_assignments && self.holds(&[DirectoryRole::UserAdministrator])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CatalogId;
    use crate::refusal::{Code, Refusal};
    use uuid::Uuid;
    use {Capability as C, DirectoryRole as R, EntitlementRole as E};

    fn person(roles: &[DirectoryRole], capabilities: &[Capability]) -> Caller {
        Caller {
            principal: Principal::User(ObjectId(Uuid::from_u128(1))),
            capabilities: capabilities.iter().copied().collect(),
            rights: Rights { is_enabled: true, is_member: true, roles: roles.to_vec(), ..Rights::default() },
        }
    }

    fn app(capabilities: &[Capability]) -> Caller {
        Caller { principal: Principal::App(ObjectId(Uuid::from_u128(2))), ..person(&[], capabilities) }
    }

    #[test]
    fn a_delegated_call_needs_scope_and_role() {
        let both = person(&[R::IdentityGovernanceAdministrator], &[C::EntitlementWrite]);
        assert!(permit(&both, Action::WriteCatalogs, Scope::Tenant).is_ok());
        assert!(permit(&person(&[], &[C::EntitlementWrite]), Action::WriteCatalogs, Scope::Tenant).is_err());
        assert!(
            permit(&person(&[R::GlobalAdministrator], &[C::SubjectAccess]), Action::WriteCatalogs, Scope::Tenant)
                .is_err()
        );
    }

    #[test]
    fn an_app_needs_its_permission_only() {
        assert!(permit(&app(&[C::EntitlementWrite]), Action::WriteCatalogs, Scope::Tenant).is_ok());
        assert!(permit(&app(&[C::EntitlementRead]), Action::WriteCatalogs, Scope::Tenant).is_err());
        assert!(permit(&app(&[C::EntitlementWrite]), Action::ConsentForAll, Scope::Tenant).is_err());
    }

    #[test]
    fn a_denial_names_what_is_missing() {
        let refusal = permit(&person(&[], &[]), Action::WriteUsers, Scope::Tenant).err();
        let text: Vec<String> = refusal.into_iter().flat_map(|r| r.details).map(|d| d.message).collect();
        assert_eq!(
            text,
            [
                "the token lacks the permission User.ReadWrite.All",
                "the caller lacks the role Global Administrator or User Administrator"
            ]
        );
    }

    #[test]
    fn everybody_sees_his_own_and_administrators_see_all() {
        let user = person(&[], &[C::SubjectAccess, C::SelfRead]);
        assert_eq!(user.sight().entitlement, Reach::Own);
        assert_eq!(user.sight().users, Reach::Own);
        let reader = person(&[R::GlobalReader], &[C::EntitlementRead, C::AuditRead]);
        assert_eq!(reader.sight().entitlement, Reach::All);
        assert_eq!(reader.sight().audit, AuditReach::All);
        assert_eq!(app(&[]).sight().entitlement, Reach::Nothing);
        assert_eq!(app(&[C::EntitlementRead]).sight().audit, AuditReach::Entitlement);
    }

    #[test]
    fn who_signs_in_and_apps_with_the_permission_read_the_tenant() {
        assert_eq!(person(&[], &[C::SelfRead]).sight().tenant, Reach::All);
        assert_eq!(person(&[], &[C::SubjectAccess]).sight().tenant, Reach::Nothing);
        assert_eq!(app(&[C::OrganizationRead]).sight().tenant, Reach::All);
        assert_eq!(app(&[C::SelfRead, C::UserRead]).sight().tenant, Reach::Nothing);
    }

    #[test]
    fn a_guest_reads_only_himself() {
        let mut guest = person(&[], &[C::UserRead]);
        guest.rights.is_member = false;
        assert_eq!(guest.sight().users, Reach::Own);
    }

    fn holder(role: E, catalog: u128) -> Caller {
        let mut caller = person(&[], &[C::EntitlementWrite]);
        caller.rights.entitlement = vec![Held { role, scope: scope(catalog) }];
        caller
    }

    fn scope(catalog: u128) -> Scope {
        Scope::Catalog(CatalogId(Uuid::from_u128(catalog)))
    }

    fn code(outcome: Result<Permit, Refusal>) -> Option<Code> {
        outcome.err().map(|r| r.code)
    }

    #[test]
    fn a_role_of_a_catalog_permits_there_and_hides_the_rest() {
        let mut owner = holder(E::CatalogOwner, 7);
        assert!(permit(&owner, Action::WritePolicies, scope(7)).is_ok());
        assert_eq!(code(permit(&owner, Action::WritePolicies, scope(8))), Some(Code::ResourceNotFound));
        owner.rights.entitlement.push(Held { role: E::CatalogReader, scope: scope(8) });
        let visible = permit(&owner, Action::WritePolicies, scope(8));
        assert_eq!(code(visible), Some(Code::AuthorizationRequestDenied), "what he sees he hears about");
        assert_eq!(code(permit(&owner, Action::WritePolicies, Scope::Tenant)), Some(Code::AuthorizationRequestDenied));
        owner.capabilities = Capabilities::NONE;
        assert!(permit(&owner, Action::WritePolicies, scope(7)).is_err(), "a person's token needs the scope");
        assert_eq!(owner.sight().entitlement, Reach::Nothing);
    }

    #[test]
    fn who_could_never_do_it_is_refused_before_anything_is_looked_at() {
        let reader = holder(E::CatalogReader, 7);
        for action in [Action::WritePackages, Action::WriteResources, Action::AssignDirectly] {
            for place in [scope(7), scope(8), Scope::Tenant] {
                assert_eq!(code(permit(&reader, action, place)), Some(Code::AuthorizationRequestDenied), "{action:?}");
            }
        }
    }

    #[test]
    fn an_app_works_within_its_role_without_any_permission() {
        let robot = Caller { principal: app(&[]).principal, ..holder(E::AssignmentManager, 7) };
        let robot = Caller { capabilities: Capabilities::NONE, ..robot };
        assert!(permit(&robot, Action::AssignDirectly, scope(7)).is_ok());
        assert_eq!(code(permit(&robot, Action::AssignDirectly, scope(8))), Some(Code::ResourceNotFound));
        assert!(permit(&robot, Action::BypassApproval, Scope::Tenant).is_err());
        let sight = robot.sight();
        assert_eq!((sight.entitlement, sight.catalogs), (Reach::Catalogs, vec![CatalogId(Uuid::from_u128(7))]));
        assert_eq!((sight.audit, sight.users), (AuditReach::Nothing, Reach::Nothing));
    }

    #[test]
    fn a_user_administrator_manages_assignments_where_the_tenant_says_so() {
        let mut caller = person(&[R::UserAdministrator], &[C::EntitlementWrite, C::AuditRead]);
        assert_eq!(code(permit(&caller, Action::AssignDirectly, scope(7))), Some(Code::AuthorizationRequestDenied));
        assert_eq!(caller.sight().entitlement, Reach::Own);
        caller.rights.manages_assignments = true;
        assert!(permit(&caller, Action::AssignDirectly, scope(7)).is_ok());
        assert!(permit(&caller, Action::AdministerAssignments, scope(7)).is_err());
        assert!(permit(&caller, Action::WritePolicies, scope(7)).is_err());
        assert_eq!((caller.sight().entitlement, caller.sight().audit), (Reach::All, AuditReach::Nothing));
        caller.rights.roles.clear();
        assert!(permit(&caller, Action::AssignDirectly, scope(7)).is_err(), "the switch is no role");
    }

    #[test]
    fn what_a_caller_sees_of_a_catalog_is_named_once() {
        let mut caller = holder(E::CatalogOwner, 9);
        let more = [(E::PackageManager, 9), (E::CatalogReader, 3)].map(|(role, n)| Held { role, scope: scope(n) });
        caller.rights.entitlement.extend(more);
        caller.rights.entitlement.push(Held { role: E::CatalogCreator, scope: Scope::Tenant });
        let seen: Vec<u128> = caller.sight().catalogs.iter().map(|c| c.0.as_u128()).collect();
        assert_eq!(seen, [3, 9]);
        assert!(permit(&caller, Action::CreateCatalogs, Scope::Tenant).is_ok());
    }

    #[test]
    fn who_makes_a_catalog_owns_it() {
        assert_eq!(holder(E::CatalogCreator, 1).owner_of_what_is_made(), Some(ObjectId(Uuid::from_u128(1))));
        assert_eq!(app(&[C::EntitlementWrite]).owner_of_what_is_made(), None);
        assert_eq!(app(&[]).owner_of_what_is_made(), Some(ObjectId(Uuid::from_u128(2))));
        assert_eq!(Caller::system().owner_of_what_is_made(), None);
    }
}
