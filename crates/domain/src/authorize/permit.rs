//! From a caller and an action to a permit. First, before anything is looked at: could the caller ever do this, anywhere?
//! Then, knowing where the thing lies: may he do it there? (decisions.md J2)

use super::matrix::{Action, Demand};
use super::role::Scope;
use super::{Caller, Capability, Principal};
use crate::assignment::Assignment;
use crate::catalog::{Catalog, Resource};
use crate::extension::WorkflowExtension;
use crate::ids::CatalogId;
use crate::package::Package;
use crate::policy::Policy;
use crate::refusal::{Code, Detail, Refusal};
use crate::request::Request;

/// Proof that the caller may do `action`. Only [`permit`], [`Pending`] and [`Permit::system`] make one.
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

/// Something that lies in a catalog, or belongs to the whole tenant.
pub trait Placed {
    /// Where.
    fn place(&self) -> Scope;
}

macro_rules! placed {
    ($($type:ty: $field:ident;)+) => {$(
        impl Placed for $type {
            fn place(&self) -> Scope {
                Scope::Catalog(self.$field)
            }
        }
    )+};
}

placed! {
    Catalog: id;
    Resource: catalog;
    WorkflowExtension: catalog;
    Package: catalog;
    Policy: catalog;
    Request: catalog;
    Assignment: catalog;
}

/// How far an action is permitted.
#[derive(Debug)]
enum Extent {
    /// In the whole tenant.
    Everywhere,
    /// In these catalogs. What he sees beyond them he hears about; the rest is not there for him.
    Some { may: Vec<CatalogId>, sees: Vec<CatalogId>, sees_all: bool },
}

/// The action is one that the caller may do somewhere. Where the thing lies decides whether here.
#[derive(Debug)]
pub struct Pending {
    action: Action,
    extent: Extent,
}

impl Pending {
    /// The permit for a scope: a catalog that the caller does not see is absent, one that he sees and may not act in is a
    /// 403 that names the role he lacks.
    pub fn within(&self, scope: Scope) -> Result<Permit, Refusal> {
        let hidden = || scope.catalog().map_or_else(|| lacks_role(self.action), |id| Refusal::not_found("catalog", id));
        self.judge(scope, scope == Scope::Tenant, hidden)
    }

    /// The permit for what was looked for, together with it. What the caller does not see was not found.
    pub fn on<T: Placed>(&self, found: Option<T>, missing: impl Fn() -> Refusal) -> Result<(Permit, T), Refusal> {
        let found = found.ok_or_else(&missing)?;
        let permit = self.judge(found.place(), false, missing)?;
        Ok((permit, found))
    }

    fn judge(&self, scope: Scope, is_known: bool, hidden: impl FnOnce() -> Refusal) -> Result<Permit, Refusal> {
        let (may, sees) = match (&self.extent, scope) {
            (Extent::Everywhere, _) => (true, true),
            (Extent::Some { sees_all, .. }, Scope::Tenant) => (false, *sees_all),
            (Extent::Some { may, sees, sees_all }, Scope::Catalog(id)) => {
                (may.contains(&id), *sees_all || sees.contains(&id))
            }
        };
        if may {
            Ok(Permit { action: self.action })
        } else if sees || is_known {
            Err(lacks_role(self.action))
        } else {
            Err(hidden())
        }
    }
}

/// Decides whether `caller` could do `action` anywhere, without looking at any object.
pub fn pending(caller: &Caller, action: Action) -> Result<Pending, Refusal> {
    let demand = action.demand();
    let has_capability = demand.capabilities.is_empty() || caller.capabilities.has_any(demand.capabilities);
    let is_person = matches!(caller.principal, Principal::User(_));
    let everywhere = match caller.principal {
        Principal::System => true,
        Principal::App(_) => demand.apps && has_capability,
        Principal::User(_) => {
            demand.everybody || caller.holds(demand.directory) || (demand.older_rule && caller.manages_assignments())
        }
    };
    let lacks_token = is_person && !has_capability;
    let of_tenant = || caller.rights.entitlement.iter().any(|h| h.scope == Scope::Tenant && is_enough(&demand, h.role));
    if !lacks_token && (everywhere || of_tenant()) {
        return Ok(Pending { action, extent: Extent::Everywhere });
    }
    let held = caller.rights.entitlement.iter().filter(|h| is_enough(&demand, h.role));
    let may: Vec<CatalogId> = held.filter_map(|h| h.scope.catalog()).collect();
    if lacks_token || may.is_empty() {
        let has_roles = !caller.rights.entitlement.is_empty();
        let lacks_capability = lacks_token || (!is_person && !has_capability);
        let lacks_role = if is_person { !everywhere && may.is_empty() } else { has_roles || !lacks_capability };
        return Err(denied(lacks_capability.then_some(demand.capabilities), lacks_role.then_some(&demand)));
    }
    let sees_all = caller.sees_all_entitlement();
    Ok(Pending { action, extent: Extent::Some { may, sees: caller.catalogs_seen(), sees_all } })
}

fn is_enough(demand: &Demand, role: super::EntitlementRole) -> bool {
    demand.entitlement.contains(&role)
}

/// Decides `action` for `caller` in `scope`: [`pending`], and where.
pub fn permit(caller: &Caller, action: Action, scope: Scope) -> Result<Permit, Refusal> {
    pending(caller, action)?.within(scope)
}

/// The 403 of somebody who may do it elsewhere.
fn lacks_role(action: Action) -> Refusal {
    denied(None, Some(&action.demand()))
}

/// The 403 that names what is missing.
fn denied(capabilities: Option<&[Capability]>, demand: Option<&Demand>) -> Refusal {
    let mut refusal = Refusal::new(
        Code::AuthorizationRequestDenied,
        "User is not authorized to perform the operation. Reason: Unauthorized",
    );
    let mut detail = |message: String| {
        refusal.details.push(Detail { code: Code::AuthorizationRequestDenied, message, target: None });
    };
    if let Some(some) = capabilities.filter(|some| !some.is_empty()) {
        let names: Vec<&str> = some.iter().map(|c| permission_hint(*c)).collect();
        detail(format!("the token lacks the permission {}", names.join(" or ")));
    }
    if let Some(demand) = demand {
        let directory = demand.directory.iter().map(|r| r.name());
        let names: Vec<&str> = directory.chain(demand.entitlement.iter().map(|r| r.name())).collect();
        detail(format!("the caller lacks the role {}", names.join(" or ")));
    }
    refusal
}

/// The permission an administrator would grant to give that capability.
pub const fn permission_hint(capability: Capability) -> &'static str {
    use Capability as C;
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
        C::SiteRead => "Sites.Read.All",
        C::SiteWrite => "Sites.FullControl.All",
        C::UserInvite => "User.Invite.All",
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
