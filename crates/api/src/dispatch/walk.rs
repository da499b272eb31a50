//! Paths walked over the schema: where one leads, which parents must be there, and whether the caller may ask at all
//! (decisions.md J3).

use super::additional_access::additional_access;
use super::current_user::{browsed, current_user};
use super::key;
use crate::wire::schema::role;
use tenure_domain::authorize::{Capability, Reach, Sight, read_denied};
use tenure_domain::refusal::Refusal;
use tenure_odata::Value;
use tenure_odata::edm::{Column, EntityType, Version};
use tenure_odata::path::{Key, Resolved, Step};
use tenure_service::view::columns as c;
use tenure_service::view::{Origin, Predicate, Select, reach};
use tenure_service::{Ctx, ServiceError};
use uuid::Uuid;

/// Where a path has led so far: rows of a type, narrowed by keys.
#[derive(Clone)]
pub(super) struct Spot {
    pub(super) entity: &'static EntityType,
    pub(super) origin: Origin<'static>,
    pub(super) narrow: Vec<(Column, Value)>,
    pub(super) predicate: Option<(Predicate, Vec<Value>)>,
    /// Only what lies in the caller's catalogs.
    pub(super) in_catalogs: bool,
    /// How the last key reads in messages.
    pub(super) label: String,
}

/// A parent on the way that must be there.
pub(super) type Check = (Select<'static>, Refusal);

impl Spot {
    /// Rows of a type under a condition.
    pub(super) const fn selected(
        entity: &'static EntityType,
        predicate: (Predicate, Vec<Value>),
        in_catalogs: bool,
    ) -> Self {
        Self {
            entity,
            origin: Origin::All,
            narrow: Vec::new(),
            predicate: Some(predicate),
            in_catalogs,
            label: String::new(),
        }
    }

    pub(super) fn select<'q>(&self, columns: Vec<Column>, limit: u32) -> Select<'q> {
        let mut select = Select::all(self.entity, columns, limit).origin(self.origin.clone());
        select.narrow.clone_from(&self.narrow);
        select.predicate.clone_from(&self.predicate);
        select.in_catalogs = self.in_catalogs;
        select
    }

    pub(super) fn missing(&self) -> Refusal {
        key::missing(self.entity, &self.label)
    }

    /// The id of the one row, when the path says it.
    fn known_id(&self) -> Option<Uuid> {
        match self.narrow.as_slice() {
            [(column, Value::Id(id))] if Some(*column) == key::key_column(self.entity) => Some(*id),
            _ => None,
        }
    }
}

/// Walks a path. Parents whose id the path says are looked for together with what is wanted; others at once.
pub(super) fn walk(
    ctx: &mut Ctx<'_, '_>,
    version: Version,
    resolved: &Resolved,
) -> Result<(Spot, Vec<Check>), ServiceError> {
    let mut spot = Spot {
        entity: resolved.set.entity,
        origin: Origin::All,
        narrow: Vec::new(),
        predicate: condition_of(ctx, resolved.set.id)?,
        in_catalogs: false,
        label: String::new(),
    };
    let mut checks = Vec::new();
    for step in &resolved.steps {
        match step {
            Step::Key(key) => narrow(ctx, version, &mut spot, key)?,
            Step::Nav(nav) => {
                let parent = match spot.known_id() {
                    Some(id) => {
                        checks.push((spot.select(Vec::new(), 1), spot.missing()));
                        id
                    }
                    None => {
                        let found = key::row_id(ctx, spot.entity, spot.origin.clone(), spot.narrow.clone())?;
                        found.ok_or_else(|| spot.missing())?
                    }
                };
                spot = Spot {
                    entity: nav.target,
                    origin: Origin::From { parent: spot.entity, nav, key: parent },
                    narrow: Vec::new(),
                    predicate: None,
                    in_catalogs: false,
                    label: nav.name.get(version).unwrap_or_default().to_owned(),
                };
            }
            Step::Cast(variant) => {
                if let Some(column) = spot.entity.discriminator
                    && variant.entity.relation == spot.entity.relation
                {
                    spot.narrow.push((column, Value::Int(variant.code)));
                }
                spot.entity = variant.entity;
            }
            Step::Operation { name: "additionalAccess", args } => spot.predicate = Some(additional_access(args)?),
            Step::Operation { name: "getAllSites", .. } => super::sites::for_applications(ctx)?,
            Step::Operation { name: "assignedPrincipals", args } => {
                let role = spot.known_id().ok_or_else(|| spot.missing())?;
                checks.push((spot.select(Vec::new(), 1), spot.missing()));
                spot = Spot::selected(resolved.entity, super::roles::holders(role, args), false);
            }
            Step::Operation { name: "roleSchedules" | "roleScheduleInstances", args } => {
                super::roles::narrow(args, &mut spot.narrow, &mut spot.predicate);
            }
            Step::Operation { args, .. } => {
                let asked = current_user(ctx, spot.entity, args)?;
                // In a set without anything it stays so.
                spot.predicate = Some(spot.predicate.take().filter(|(p, _)| *p == Predicate::Nothing).unwrap_or(asked));
            }
            Step::Property(_) => {}
        }
    }
    Ok((spot, checks))
}

/// What holds for everything in a set.
fn condition_of(ctx: &mut Ctx<'_, '_>, set: &str) -> Result<Option<(Predicate, Vec<Value>)>, ServiceError> {
    if role::EMPTY.contains(&set) || set == role::NEVER_DELETED {
        return Ok(Some((Predicate::Nothing, Vec::new())));
    }
    // An application lists all packages.
    let is_for_him = set == "availablePackages" && ctx.person()?.is_some();
    (set == "browse" || is_for_him).then(|| browsed(ctx)).transpose()
}

fn narrow(ctx: &mut Ctx<'_, '_>, version: Version, spot: &mut Spot, key: &Key) -> Result<(), ServiceError> {
    spot.label = key::label(key);
    let conditions = match key {
        Key::Me => {
            let id = Value::Id(key::me(ctx)?.0);
            key::key_column(spot.entity).map(|column| vec![(column, id)])
        }
        key => key::conditions(spot.entity, version, key),
    };
    spot.narrow.extend(conditions.ok_or_else(|| spot.missing())?);
    Ok(())
}

/// What would let the caller read rows of a type, for the message.
pub fn capabilities(entity: &EntityType) -> &'static [Capability] {
    use Capability as C;
    if entity.relation == c::incompatible_group::RELATION {
        return &[C::EntitlementRead];
    }
    match entity.name {
        "user" => &[C::UserRead],
        "group" => &[C::GroupRead],
        "directoryObject" => &[C::UserRead, C::GroupRead, C::ApplicationRead],
        "application" | "servicePrincipal" | "appRoleAssignment" => &[C::ApplicationRead],
        "oAuth2PermissionGrant" => &[C::GrantRead],
        "site" | "tenantSite" | "siteGroup" => &[C::SiteRead],
        "organization" => &[C::OrganizationRead],
        "directoryAudit" => &[C::AuditRead, C::EntitlementRead],
        _ => &[C::EntitlementRead],
    }
}

/// Whether the caller may ask at all (decisions.md J3): a list needs the right to read more than one's own, unless it is
/// about one's own.
pub(super) fn admit(sight: &Sight, resolved: &Resolved, spot: &Spot) -> Result<(), Refusal> {
    let denied = || Err(read_denied(capabilities(spot.entity)));
    let is_entitlement = capabilities(spot.entity) == [Capability::EntitlementRead];
    // A set in which there is nothing is not about anybody.
    let is_called = resolved.steps.iter().any(|s| matches!(s, Step::Operation { .. }));
    let is_about_caller = spot
        .predicate
        .as_ref()
        .is_some_and(|(predicate, _)| predicate.is_about_caller() && (is_called || *predicate != Predicate::Nothing));
    // Everybody may list the sites that are open to him.
    let nested = spot.entity.relation == c::site::RELATION || resolved.steps.iter().any(|s| matches!(s, Step::Nav(_)));
    match reach(spot.entity.relation, sight) {
        Reach::Nothing => denied(),
        // There is nothing of one's own in what there is one of.
        Reach::Own if resolved.set.is_one => denied(),
        Reach::Own if resolved.is_collection && !is_about_caller && (is_entitlement || !nested) => denied(),
        Reach::Own | Reach::Catalogs | Reach::All => Ok(()),
    }
}
