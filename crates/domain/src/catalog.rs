//! Catalogs and the resources they hold (behaviour.md a; semantics.md 3 and 4).

use crate::authorize::DirectoryRole;
use crate::directory::site::SiteGroup;
use crate::ids::{CatalogId, ObjectId, ResourceId, RoleId, ScopeId};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use uuid::Uuid;

/// The name of the catalog every tenant has from its first start.
pub const GENERAL_CATALOG_NAME: &str = "General";

/// Who made a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogKind {
    /// An administrator.
    UserManaged,
    /// The product: General.
    ServiceDefault,
}

impl CatalogKind {
    /// The stored number; also the member number of the published enum.
    pub const fn code(self) -> i64 {
        match self {
            Self::UserManaged => 1,
            Self::ServiceDefault => 2,
        }
    }

    /// The kind stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::UserManaged),
            2 => Some(Self::ServiceDefault),
            _ => None,
        }
    }
}

/// A catalog: a container of resources and packages, the unit of delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Its id.
    pub id: CatalogId,
    /// Its name, unique in the tenant without regard to case.
    pub name: String,
    /// Shown to requestors.
    pub description: Option<String>,
    /// Who made it.
    pub kind: CatalogKind,
    /// Whether its packages can be requested.
    pub is_published: bool,
    /// Whether external people can see its packages.
    pub is_external: bool,
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

impl Catalog {
    /// A built-in catalog keeps its name and stays.
    pub fn may_rename(&self, name: &str) -> Result<(), Refusal> {
        if self.kind == CatalogKind::ServiceDefault && name != self.name {
            return Err(Refusal::new(
                Code::BuiltInObject,
                format!("the catalog `{}` is built in and keeps its name", self.name),
            ));
        }
        Ok(())
    }

    /// A catalog is deleted only when it holds no package, and never when it is built in (decisions.md H17).
    pub fn may_delete(&self, packages: i64) -> Result<(), Refusal> {
        if self.kind == CatalogKind::ServiceDefault {
            return Err(Refusal::new(
                Code::BuiltInObject,
                format!("the catalog `{}` is built in and cannot be deleted", self.name),
            ));
        }
        if packages > 0 {
            let message =
                format!("the catalog `{}` still holds {packages} access packages; delete them first", self.name);
            return Err(Refusal::new(Code::CatalogNotEmpty, message));
        }
        Ok(())
    }
}

/// The system a resource comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginSystem {
    /// Groups.
    AadGroup,
    /// Applications, by their service principal.
    AadApplication,
    /// Sites, by their web URL.
    SharePointOnline,
    /// Directory roles, by the id of their definition.
    DirectoryRole,
}

impl OriginSystem {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AadGroup, Self::AadApplication, Self::SharePointOnline, Self::DirectoryRole];

    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AadGroup => "AadGroup",
            Self::AadApplication => "AadApplication",
            Self::SharePointOnline => "SharePointOnline",
            Self::DirectoryRole => "DirectoryRole",
        }
    }

    /// The stored number.
    pub const fn code(self) -> i64 {
        match self {
            Self::AadGroup => 1,
            Self::AadApplication => 2,
            Self::SharePointOnline => 3,
            Self::DirectoryRole => 4,
        }
    }

    /// The system stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.code() == code)
    }

    /// The system of that name, without regard to case and surrounding blanks (clients.md 3).
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name))
    }
}

/// A resource as a catalog holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its id in the catalog; another one than the object's.
    pub id: ResourceId,
    /// The catalog that holds it.
    pub catalog: CatalogId,
    /// Where it comes from.
    pub system: OriginSystem,
    /// The object behind it.
    pub origin: ObjectId,
    /// How the object is named where it comes from: the web URL of a site, the id of everything else.
    pub origin_id: String,
    /// The place where sites of its kind are, of a site.
    pub environment: Option<Uuid>,
    /// Its display name, copied from the origin.
    pub name: String,
    /// Its description, copied from the origin unless given.
    pub description: Option<String>,
    /// What kind of resource the origin is, in words.
    pub kind: String,
    /// The outside directory the object lives in, if any (decisions.md C3).
    pub source: Option<Uuid>,
    /// Who added it.
    pub added_by: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What holding a resource role means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// Membership of the group.
    GroupMember,
    /// Ownership of the group.
    GroupOwner,
    /// An app role of the application; the zero id is its default access.
    AppRole(Uuid),
    /// Being in the permission group of the site that has this number.
    SiteGroup(i64),
    /// Holding the directory role.
    DirectoryRole,
}

/// The origin id of the one role that a directory role offers: it is held, not only to be had on demand.
const ACTIVE: &str = "Active";

impl RoleKind {
    /// The origin id of the role at `origin`, as published: `Member_{group}`, `Owner_{group}`, the app role id, or the number
    /// of the permission group.
    pub fn origin_id(self, origin: ObjectId) -> String {
        match self {
            Self::GroupMember => format!("Member_{origin}"),
            Self::GroupOwner => format!("Owner_{origin}"),
            Self::AppRole(role) => role.hyphenated().to_string(),
            Self::SiteGroup(number) => number.to_string(),
            Self::DirectoryRole => ACTIVE.to_owned(),
        }
    }

    /// The stored number.
    pub const fn code(self) -> i64 {
        match self {
            Self::GroupMember => 1,
            Self::GroupOwner => 2,
            Self::AppRole(_) => 3,
            Self::SiteGroup(_) => 4,
            Self::DirectoryRole => 5,
        }
    }

    /// The app role it means, if it means one.
    pub const fn app_role(self) -> Option<Uuid> {
        match self {
            Self::AppRole(id) => Some(id),
            Self::GroupMember | Self::GroupOwner | Self::SiteGroup(_) | Self::DirectoryRole => None,
        }
    }

    /// The kind stored as `code`, with the id of the app role or the number of the group that `origin_id` says.
    pub fn from_code(code: i64, origin_id: &str) -> Option<Self> {
        match code {
            1 => Some(Self::GroupMember),
            2 => Some(Self::GroupOwner),
            3 => Uuid::parse_str(origin_id).ok().map(Self::AppRole),
            4 => origin_id.parse().ok().map(Self::SiteGroup),
            5 => Some(Self::DirectoryRole),
            _ => None,
        }
    }
}

/// A role of a catalog resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRole {
    /// Its id.
    pub id: RoleId,
    /// The resource it belongs to.
    pub resource: ResourceId,
    /// What it means.
    pub kind: RoleKind,
    /// Its display name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
}

/// A scope of a catalog resource: the root, for everything this release knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceScope {
    /// Its id.
    pub id: ScopeId,
    /// The resource it belongs to.
    pub resource: ResourceId,
}

/// A role of the origin as it is offered: kind, display name, description.
pub type OfferedRole = (RoleKind, String, Option<String>);

/// An app role of a service principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRoleFact {
    /// Its id.
    pub id: Uuid,
    /// Its display name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether it can be assigned.
    pub is_enabled: bool,
}

/// What the origin of a resource is, as far as onboarding needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A group.
    Group {
        /// Whether it can guard access.
        is_security: bool,
        /// Whether it is a Microsoft 365 style group.
        is_unified: bool,
        /// Whether a rule fills it.
        is_dynamic: bool,
    },
    /// An application.
    Application {
        /// Its app roles.
        roles: Vec<AppRoleFact>,
    },
    /// A site.
    Site {
        /// Its permission groups.
        groups: Vec<SiteGroup>,
    },
    /// A directory role.
    DirectoryRole(DirectoryRole),
}

impl Origin {
    /// Whether it can be a resource at all (behaviour.md a, "Not addable").
    pub fn may_be_resource(&self) -> Result<(), Refusal> {
        match self {
            Self::Group { is_security: false, is_unified: false, .. } => Err(Refusal::new(
                Code::ResourceNotSupported,
                "a distribution group cannot be a resource; use a security or Microsoft 365 group",
            )),
            // Such roles are had on demand only, never held all the time; Tenure has no roles on demand.
            Self::DirectoryRole(role) if role.gives_roles() => Err(Refusal::new(
                Code::ResourceNotSupported,
                format!("{} gives every other role, too; access packages do not give it", role.name()),
            )),
            Self::Group { .. } | Self::Application { .. } | Self::Site { .. } | Self::DirectoryRole(_) => Ok(()),
        }
    }

    /// The kind of resource, in the published words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Group { is_unified: true, .. } => "O365 Group",
            Self::Group { .. } => "Security Group",
            Self::Application { .. } => "Application",
            Self::Site { .. } => "SharePoint Online Site",
            Self::DirectoryRole(_) => "Directory Role",
        }
    }

    /// The roles it offers: member and owner of a group (a rule-filled one has owners only); the enabled app roles, or
    /// default access where there are none (semantics.md 4); the permission groups of a site (decisions.md B10); holding a
    /// directory role.
    pub fn roles(&self) -> Vec<OfferedRole> {
        match self {
            Self::Group { is_dynamic, .. } => {
                let member = (RoleKind::GroupMember, "Member".to_owned(), None);
                let owner = (RoleKind::GroupOwner, "Owner".to_owned(), None);
                if *is_dynamic { vec![owner] } else { vec![member, owner] }
            }
            Self::Application { roles } => {
                let offered: Vec<OfferedRole> = roles
                    .iter()
                    .filter(|r| r.is_enabled)
                    .map(|r| (RoleKind::AppRole(r.id), r.name.clone(), r.description.clone()))
                    .collect();
                if offered.is_empty() {
                    vec![(RoleKind::AppRole(Uuid::nil()), "Default Access".to_owned(), None)]
                } else {
                    offered
                }
            }
            Self::Site { groups } => {
                let offered =
                    groups.iter().map(|g| (RoleKind::SiteGroup(g.number), g.name.clone(), g.description.clone()));
                offered.collect()
            }
            Self::DirectoryRole(_) => vec![(RoleKind::DirectoryRole, ACTIVE.to_owned(), None)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_offers_member_and_owner_but_a_rule_filled_one_only_owner() {
        let group = |is_dynamic| Origin::Group { is_security: true, is_unified: false, is_dynamic };
        let kinds = |o: Origin| o.roles().into_iter().map(|r| r.0).collect::<Vec<_>>();
        assert_eq!(kinds(group(false)), [RoleKind::GroupMember, RoleKind::GroupOwner]);
        assert_eq!(kinds(group(true)), [RoleKind::GroupOwner]);
    }

    #[test]
    fn an_application_without_roles_offers_default_access() {
        let roles = Origin::Application { roles: Vec::new() }.roles();
        assert_eq!(roles.first().map(|r| r.0), Some(RoleKind::AppRole(Uuid::nil())));
    }

    #[test]
    fn distribution_groups_are_refused() {
        let group = Origin::Group { is_security: false, is_unified: false, is_dynamic: false };
        assert_eq!(group.may_be_resource().err().map(|r| r.code), Some(Code::ResourceNotSupported));
    }

    #[test]
    fn origin_system_ignores_case_and_blanks() {
        assert_eq!(OriginSystem::parse("aadgroup "), Some(OriginSystem::AadGroup));
        assert_eq!(OriginSystem::parse("SharePoint"), None);
    }

    #[test]
    fn systems_and_roles_are_stored_as_they_are_read() {
        for system in OriginSystem::ALL {
            assert_eq!(OriginSystem::from_code(system.code()), Some(system));
            assert_eq!(OriginSystem::parse(system.name()), Some(system));
        }
        let origin = ObjectId(Uuid::from_u128(7));
        let kinds = [RoleKind::GroupMember, RoleKind::GroupOwner, RoleKind::AppRole(Uuid::from_u128(1))];
        for kind in kinds.into_iter().chain([RoleKind::SiteGroup(4), RoleKind::DirectoryRole]) {
            assert_eq!(RoleKind::from_code(kind.code(), &kind.origin_id(origin)), Some(kind));
        }
    }

    #[test]
    fn a_role_that_gives_every_role_is_in_no_catalog() {
        let may = |role| Origin::DirectoryRole(role).may_be_resource();
        assert!(may(DirectoryRole::GroupsAdministrator).is_ok());
        for role in [DirectoryRole::GlobalAdministrator, DirectoryRole::PrivilegedRoleAdministrator] {
            assert_eq!(may(role).err().map(|r| r.code), Some(Code::ResourceNotSupported));
        }
    }
}
