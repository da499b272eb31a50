//! Who may do what: capabilities of a token, rights of a person, and the permit that writes demand (decisions.md J).
//!
//! A delegated call needs both the scope of its token and the right of its person; an app-only call needs the app
//! permission. [`permit`] is the only way to a [`Permit`], and the functions that write take one as an argument.

use crate::ids::ObjectId;
use crate::refusal::{Code, Detail, Refusal};
use uuid::Uuid;

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
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Capabilities(u32);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// All of them: work of the product itself.
    pub const ALL: Self = Self(u32::MAX);

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

macro_rules! directory_roles {
    ($($name:ident = $id:literal, $text:literal;)+) => {
        /// A directory role that Tenure gives a meaning to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum DirectoryRole { $(#[doc = $text] $name,)+ }

        impl DirectoryRole {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The published id of its role definition.
            pub const fn id(self) -> Uuid {
                match self { $(Self::$name => Uuid::from_u128($id),)+ }
            }

            /// Its display name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

directory_roles! {
    GlobalAdministrator = 0x62e9_0394_69f5_4237_9190_0121_7714_5e10, "Global Administrator";
    IdentityGovernanceAdministrator = 0x45d8_d3c5_c802_45c6_b32a_1d70_b5e1_e86e, "Identity Governance Administrator";
    GlobalReader = 0xf2ef_992c_3afb_46b9_b7cf_a126_ee74_c451, "Global Reader";
    SecurityReader = 0x5d6b_6bb7_de71_4623_b4af_9638_0a35_2509, "Security Reader";
    UserAdministrator = 0xfe93_0be7_5e62_47db_91af_98c3_a49a_38b1, "User Administrator";
    GroupsAdministrator = 0xfdd7_a751_b60b_444a_984c_0265_2fe8_fa1c, "Groups Administrator";
    ApplicationAdministrator = 0x9b89_5d92_2cd3_44c7_9d02_a6ac_2d5e_a5c3, "Application Administrator";
    PrivilegedRoleAdministrator = 0xe861_1ab8_c189_46e8_94e1_6021_3ab1_f814, "Privileged Role Administrator";
}

impl DirectoryRole {
    /// The role of that id.
    pub fn from_id(id: Uuid) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.id() == id)
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

/// An operation that needs a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make, change, delete and restore users.
    WriteUsers,
    /// Make, change, delete and restore groups, their members and owners.
    WriteGroups,
    /// Make, change and delete applications and service principals.
    WriteApplications,
    /// Assign app roles.
    AssignAppRoles,
    /// Assign directory roles.
    AssignDirectoryRoles,
    /// Make, change and delete catalogs.
    WriteCatalogs,
    /// Add resources to and remove them from catalogs.
    WriteResources,
    /// Make, change and delete packages and what is in them.
    WritePackages,
    /// Make, change and delete policies.
    WritePolicies,
    /// Assign and remove directly, cancel and delete requests of others.
    AdministerAssignments,
    /// Skip the approval a policy demands.
    BypassApproval,
    /// Ask for access.
    RequestAccess,
    /// Delete delegated permission grants.
    WriteGrants,
    /// Consent for everybody.
    ConsentForAll,
    /// Move the demo clock.
    MoveClock,
    /// Read kept mails.
    ReadMail,
    /// Make, change and delete connected organizations, and name their sponsors.
    WriteOrganizations,
    /// Change the settings of the tenant.
    WriteSettings,
}

/// Proof that the caller may do `action`. Only [`permit`] and [`Permit::system`] make one.
#[derive(Debug)]
pub struct Permit {
    action: Action,
}

impl Permit {
    /// What is permitted.
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The product's own work needs no permission of a caller.
    pub const fn system(action: Action) -> Self {
        Self { action }
    }
}

use Capability as C;
use DirectoryRole as R;

/// The role table: capability a token needs, and directory roles one of which a person needs; an empty list is everybody.
const fn demands(action: Action) -> (&'static [Capability], &'static [DirectoryRole]) {
    match action {
        Action::WriteUsers => (&[C::UserWrite], &[R::GlobalAdministrator, R::UserAdministrator]),
        Action::WriteGroups => {
            (&[C::GroupWrite], &[R::GlobalAdministrator, R::GroupsAdministrator, R::UserAdministrator])
        }
        Action::WriteApplications => (&[C::ApplicationWrite], &[R::GlobalAdministrator, R::ApplicationAdministrator]),
        Action::AssignAppRoles => {
            (&[C::AppRoleAssignmentWrite, C::ApplicationWrite], &[R::GlobalAdministrator, R::ApplicationAdministrator])
        }
        Action::AssignDirectoryRoles => (&[C::RoleWrite], &[R::GlobalAdministrator, R::PrivilegedRoleAdministrator]),
        Action::WriteCatalogs
        | Action::WriteResources
        | Action::WritePackages
        | Action::WritePolicies
        | Action::AdministerAssignments
        | Action::BypassApproval
        | Action::WriteOrganizations
        | Action::WriteSettings
        | Action::MoveClock => (&[C::EntitlementWrite], &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator]),
        Action::RequestAccess => (&[C::SubjectAccess, C::EntitlementWrite], &[]),
        Action::WriteGrants => {
            (&[C::GrantWrite, C::ApplicationWrite], &[R::GlobalAdministrator, R::ApplicationAdministrator])
        }
        Action::ConsentForAll => (&[], &[R::GlobalAdministrator]),
        Action::ReadMail => {
            (&[C::EntitlementRead, C::EntitlementWrite], &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator])
        }
    }
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
                name: "Azure AD Identity Governance - User Management".to_owned(),
                principal_name: String::new(),
            },
        }
    }

    /// Whether the person holds one of `roles`.
    pub fn holds(&self, roles: &[DirectoryRole]) -> bool {
        self.rights.roles.iter().any(|r| roles.contains(r))
    }

    /// What the caller may read.
    pub fn sight(&self) -> Sight {
        let caps = self.capabilities;
        let (person, own) = match self.principal {
            Principal::User(id) => (true, Some(id)),
            Principal::App(_) => (false, None),
            Principal::System => return Sight::ALL,
        };
        let reads_directory = !person || self.rights.is_member || !self.rights.roles.is_empty();
        let directory = |some: &[Capability]| match (caps.has_any(some), reads_directory) {
            (true, true) => Reach::All,
            _ if own.is_some() => Reach::Own,
            _ => Reach::Nothing,
        };
        let administers = |roles: &[DirectoryRole]| !person || self.holds(roles);
        let governance =
            [R::GlobalAdministrator, R::IdentityGovernanceAdministrator, R::GlobalReader, R::SecurityReader];
        let reads_all = caps.has_any(&[C::EntitlementRead, C::EntitlementWrite]) && administers(&governance);
        let reads_own = caps.has_any(&[C::EntitlementRead, C::EntitlementWrite, C::SubjectAccess]) && own.is_some();
        Sight {
            me: own,
            users: directory(&[C::UserRead, C::UserWrite]),
            groups: directory(&[C::GroupRead, C::GroupWrite]),
            applications: directory(&[C::ApplicationRead, C::ApplicationWrite]),
            entitlement: if reads_all {
                Reach::All
            } else if reads_own {
                Reach::Own
            } else {
                Reach::Nothing
            },
            audit: self.audit_sight(person, reads_all),
            // People who sign in learn where they are; that is what User.Read gives them.
            tenant: if caps.has(C::OrganizationRead) || (person && caps.has(C::SelfRead)) {
                Reach::All
            } else {
                Reach::Nothing
            },
            grants: if caps.has_any(&[C::GrantRead, C::GrantWrite, C::ApplicationWrite, C::ApplicationRead])
                && administers(&[R::GlobalAdministrator, R::GlobalReader, R::ApplicationAdministrator])
            {
                Reach::All
            } else {
                Reach::Nothing
            },
        }
    }

    /// decisions.md Q8: administrators and readers; apps with the audit permission, or with an entitlement permission
    /// for the entitlement category only.
    fn audit_sight(&self, person: bool, reads_entitlement: bool) -> AuditReach {
        let readers = [R::GlobalAdministrator, R::GlobalReader, R::SecurityReader];
        if self.capabilities.has(C::AuditRead) && (!person || self.holds(&readers)) {
            AuditReach::All
        } else if reads_entitlement {
            AuditReach::Entitlement
        } else {
            AuditReach::Nothing
        }
    }
}

/// Decides `action` for `caller`, without looking at any object (decisions.md J2: 403 never depends on existence).
pub fn permit(caller: &Caller, action: Action) -> Result<Permit, Refusal> {
    let (capabilities, roles) = demands(action);
    let lacks_capability = !capabilities.is_empty() && !caller.capabilities.has_any(capabilities);
    let lacks_role = match caller.principal {
        Principal::User(_) => !roles.is_empty() && !caller.holds(roles),
        Principal::App(_) => capabilities.is_empty(),
        Principal::System => false,
    };
    if !lacks_capability && !lacks_role {
        return Ok(Permit { action });
    }
    Err(denied(lacks_capability.then_some(capabilities), lacks_role.then_some(roles)))
}

/// The 403 that names what is missing.
fn denied(capabilities: Option<&[Capability]>, roles: Option<&[DirectoryRole]>) -> Refusal {
    let mut refusal = Refusal::new(
        Code::AuthorizationRequestDenied,
        "User is not authorized to perform the operation. Reason: Unauthorized",
    );
    let mut detail = |message: String| {
        refusal.details.push(Detail { code: Code::AuthorizationRequestDenied, message, target: None });
    };
    if let Some(some) = capabilities {
        let names: Vec<&str> = some.iter().map(|c| permission_hint(*c)).collect();
        detail(format!("the token lacks the permission {}", names.join(" or ")));
    }
    if let Some(roles) = roles {
        let names: Vec<&str> = roles.iter().map(|r| r.name()).collect();
        detail(format!("the caller lacks the role {}", names.join(" or ")));
    }
    refusal
}

/// The permission an administrator would grant to give that capability.
const fn permission_hint(capability: Capability) -> &'static str {
    match capability {
        C::EntitlementRead => "EntitlementManagement.Read.All",
        C::EntitlementWrite => "EntitlementManagement.ReadWrite.All",
        C::SubjectAccess => "EntitlementMgmt-SubjectAccess.ReadWrite",
        C::SelfRead => "User.Read",
        C::UserRead => "User.Read.All",
        C::UserWrite => "User.ReadWrite.All",
        C::GroupRead => "Group.Read.All",
        C::GroupWrite => "Group.ReadWrite.All",
        C::ApplicationRead => "Application.Read.All",
        C::ApplicationWrite => "Application.ReadWrite.All",
        C::AppRoleAssignmentWrite => "AppRoleAssignment.ReadWrite.All",
        C::AuditRead => "AuditLog.Read.All",
        C::GrantRead => "DelegatedPermissionGrant.Read.All",
        C::GrantWrite => "DelegatedPermissionGrant.ReadWrite.All",
        C::RoleRead => "RoleManagement.Read.Directory",
        C::RoleWrite => "RoleManagement.ReadWrite.Directory",
        C::OrganizationRead => "Organization.Read.All",
    }
}

/// A 403 for a read of things the caller has no right to at all; any of `capabilities` would do, for a person together
/// with a role that reads them.
pub fn read_denied(capabilities: &[Capability]) -> Refusal {
    let mut refusal = denied(None, None);
    let names: Vec<&str> = capabilities.iter().map(|c| permission_hint(*c)).collect();
    let message = format!(
        "reading this needs the permission {}; a signed-in person needs a role that reads it as well",
        names.join(" or ")
    );
    refusal.details.push(Detail { code: Code::AuthorizationRequestDenied, message, target: None });
    refusal
}

/// How far the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// What is the caller's own.
    Own,
    /// Everything.
    All,
}

/// How far the caller sees into the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditReach {
    /// Not at all.
    Nothing,
    /// The entitlement category.
    Entitlement,
    /// Everything.
    All,
}

/// What the caller may read; becomes a condition of every list statement (decisions.md J5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The person whose own things are meant.
    pub me: Option<ObjectId>,
    /// Users.
    pub users: Reach,
    /// Groups.
    pub groups: Reach,
    /// Applications and service principals.
    pub applications: Reach,
    /// Catalogs, packages, policies, requests, assignments.
    pub entitlement: Reach,
    /// The audit log.
    pub audit: AuditReach,
    /// Delegated permission grants.
    pub grants: Reach,
    /// The tenant itself.
    pub tenant: Reach,
}

impl Sight {
    /// Everything: the product itself.
    pub const ALL: Self = Self {
        me: None,
        users: Reach::All,
        groups: Reach::All,
        applications: Reach::All,
        entitlement: Reach::All,
        audit: AuditReach::All,
        grants: Reach::All,
        tenant: Reach::All,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(permit(&both, Action::WriteCatalogs).is_ok());
        assert!(permit(&person(&[], &[C::EntitlementWrite]), Action::WriteCatalogs).is_err());
        assert!(permit(&person(&[R::GlobalAdministrator], &[C::SubjectAccess]), Action::WriteCatalogs).is_err());
    }

    #[test]
    fn an_app_needs_its_permission_only() {
        assert!(permit(&app(&[C::EntitlementWrite]), Action::WriteCatalogs).is_ok());
        assert!(permit(&app(&[C::EntitlementRead]), Action::WriteCatalogs).is_err());
        assert!(permit(&app(&[C::EntitlementWrite]), Action::ConsentForAll).is_err());
    }

    #[test]
    fn a_denial_names_what_is_missing() {
        let refusal = permit(&person(&[], &[]), Action::WriteUsers).err();
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
}
