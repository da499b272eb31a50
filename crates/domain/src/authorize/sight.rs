//! What a caller may read; it becomes a condition of every statement that lists (decisions.md J5).

use super::role::{DirectoryRole as R, EntitlementRole as E};
use super::{Caller, Capability, Capability as C, Principal};
use crate::ids::{CatalogId, ObjectId};
use crate::time::Timestamp;

/// How far the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// What is the caller's own.
    Own,
    /// What is the caller's own, and what lies in the catalogs of his roles.
    Catalogs,
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

/// What the caller may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// When he looks: what he may do for a time, he sees for that time ([`Sight::at`]).
    pub now: Timestamp,
    /// The person whose own things are meant.
    pub me: Option<ObjectId>,
    /// Who looks, a person or an application.
    pub principal: Option<ObjectId>,
    /// Users.
    pub users: Reach,
    /// Groups.
    pub groups: Reach,
    /// Applications and service principals.
    pub applications: Reach,
    /// Catalogs, packages, policies, requests, assignments.
    pub entitlement: Reach,
    /// The catalogs of the caller's roles, in order, each once, where [`Sight::entitlement`] is [`Reach::Catalogs`].
    pub catalogs: Vec<CatalogId>,
    /// Connected organizations.
    pub organizations: Reach,
    /// The audit log.
    pub audit: AuditReach,
    /// Delegated permission grants.
    pub grants: Reach,
    /// The tenant itself.
    pub tenant: Reach,
    /// Sites; one's own are those in whose groups one is.
    pub sites: Reach,
}

impl Sight {
    /// Everything: the product itself.
    pub const ALL: Self = Self {
        now: Timestamp::UNIX_EPOCH,
        me: None,
        principal: None,
        users: Reach::All,
        groups: Reach::All,
        applications: Reach::All,
        entitlement: Reach::All,
        catalogs: Vec::new(),
        organizations: Reach::All,
        audit: AuditReach::All,
        grants: Reach::All,
        tenant: Reach::All,
        sites: Reach::All,
    };

    /// The same at that instant.
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Whether the caller sees all that lies in a catalog.
    pub fn sees(&self, catalog: CatalogId) -> bool {
        self.entitlement == Reach::All || self.catalogs.contains(&catalog)
    }
}

/// Who sees all sites, whether or not he is in their groups.
const SITE_READERS: &[R] =
    &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator, R::GlobalReader, R::SharePointAdministrator];

const GOVERNANCE: &[R] =
    &[R::GlobalAdministrator, R::IdentityGovernanceAdministrator, R::GlobalReader, R::SecurityReader];

impl Caller {
    /// Whether the token lets read entitlement management at all: a person's by its scopes; an application's own roles
    /// need no permission (decisions.md J1).
    fn reads_by_roles(&self) -> bool {
        !matches!(self.principal, Principal::User(_))
            || self.capabilities.has_any(&[C::EntitlementRead, C::EntitlementWrite])
    }

    /// Whether all catalogs, packages, policies, requests and assignments are seen, and the audit of them.
    fn governs(&self) -> bool {
        let reads = self.capabilities.has_any(&[C::EntitlementRead, C::EntitlementWrite]);
        reads && (!matches!(self.principal, Principal::User(_)) || self.holds(GOVERNANCE))
    }

    /// Whether all catalogs, packages, policies, requests and assignments are seen.
    pub fn sees_all_entitlement(&self) -> bool {
        self.governs() || (self.manages_assignments() && self.reads_by_roles())
    }

    /// The catalogs of the caller's roles, in order, each once.
    pub fn catalogs_seen(&self) -> Vec<CatalogId> {
        if !self.reads_by_roles() {
            return Vec::new();
        }
        let held = self.rights.entitlement.iter().filter(|h| h.role.is_of_catalogs());
        let mut catalogs: Vec<CatalogId> = held.filter_map(|h| h.scope.catalog()).collect();
        catalogs.sort_unstable();
        catalogs.dedup();
        catalogs
    }

    /// Whether any of `roles` is held, anywhere.
    fn holds_somewhere(&self, roles: &[E]) -> bool {
        self.rights.entitlement.iter().any(|h| roles.contains(&h.role))
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
        let administers = |roles: &[R]| !person || self.holds(roles);
        let reads_own = caps.has_any(&[C::EntitlementRead, C::EntitlementWrite, C::SubjectAccess]) && own.is_some();
        let governs = self.governs();
        let entitlement = if governs || self.sees_all_entitlement() {
            Reach::All
        } else if self.reads_by_roles() && !self.rights.entitlement.is_empty() {
            Reach::Catalogs
        } else if reads_own {
            Reach::Own
        } else {
            Reach::Nothing
        };
        // Whoever makes policies names organizations in them.
        let names_organizations = [E::OrganizationAdministrator, E::CatalogOwner, E::PackageManager];
        let reads_organizations = governs || (self.reads_by_roles() && self.holds_somewhere(&names_organizations));
        Sight {
            now: Timestamp::UNIX_EPOCH,
            me: own,
            principal: self.principal.object(),
            users: directory(&[C::UserRead, C::UserWrite]),
            groups: directory(&[C::GroupRead, C::GroupWrite]),
            applications: directory(&[C::ApplicationRead, C::ApplicationWrite]),
            entitlement,
            catalogs: if entitlement == Reach::Catalogs { self.catalogs_seen() } else { Vec::new() },
            organizations: if reads_organizations { Reach::All } else { Reach::Nothing },
            audit: self.audit_sight(person, governs),
            // People who sign in learn where they are; that is what User.Read gives them.
            tenant: if caps.has(C::OrganizationRead) || (person && caps.has(C::SelfRead)) {
                Reach::All
            } else {
                Reach::Nothing
            },
            sites: match caps.has_any(&[C::SiteRead, C::SiteWrite]) {
                true if administers(SITE_READERS) => Reach::All,
                true => Reach::Own,
                false => Reach::Nothing,
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
    /// for the entitlement category only. Roles of catalogs give no sight of it (behaviour.md d.2).
    fn audit_sight(&self, person: bool, governs: bool) -> AuditReach {
        let readers = [R::GlobalAdministrator, R::GlobalReader, R::SecurityReader];
        if self.capabilities.has(C::AuditRead) && (!person || self.holds(&readers)) {
            AuditReach::All
        } else if governs {
            AuditReach::Entitlement
        } else {
            AuditReach::Nothing
        }
    }

    /// Who owns a catalog that this caller makes (behaviour.md d.2): the person; an application only when it makes it by
    /// a role, for one that has the permission administers all catalogs anyway, and shall not keep this one when the
    /// permission is taken from it.
    pub fn owner_of_what_is_made(&self) -> Option<ObjectId> {
        match self.principal {
            Principal::User(id) => Some(id),
            Principal::App(id) => (!self.capabilities.has(C::EntitlementWrite)).then_some(id),
            Principal::System => None,
        }
    }
}
