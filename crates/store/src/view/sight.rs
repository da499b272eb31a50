//! What a caller sees of each family of relations: everything, what lies in his catalogs, his own, or nothing.

use super::relation::{Family, relation};
use tenure_domain::authorize::{AuditReach, Reach, Sight};
use tenure_odata::edm::Relation;

/// What a caller sees of a family: everything, nothing, or rows under a condition.
pub enum Seen {
    /// Everything.
    All,
    /// Nothing.
    Nothing,
    /// Rows under this condition; `{me}` is the caller.
    Under(String),
    /// What lies in the caller's catalogs, and rows under this condition.
    InCatalogs(Option<&'static str>),
}

const OWN_GROUP: &str = "({k} IN (SELECT gc.ancestor_id FROM group_member gm JOIN group_closure gc \
    ON gc.descendant_id = gm.group_id WHERE gm.member_id = {me}) \
    OR {k} IN (SELECT ol.object_id FROM object_link ol WHERE ol.kind = 1 AND ol.person_id = {me}))";

fn by_reach(reach: Reach, own: Option<&str>) -> Seen {
    match (reach, own) {
        (Reach::All, _) => Seen::All,
        (Reach::Own | Reach::Catalogs, Some(own)) => Seen::Under(own.to_owned()),
        (Reach::Own | Reach::Catalogs, None) | (Reach::Nothing, _) => Seen::Nothing,
    }
}

/// The built-in roles are no secret to whoever administers anything.
fn roles(sight: &Sight) -> Reach {
    if matches!(sight.entitlement, Reach::All | Reach::Catalogs) { Reach::All } else { Reach::Nothing }
}

impl Family {
    /// What a caller with this sight sees.
    pub fn seen(self, sight: &Sight) -> Seen {
        let own_group = |key: &str| OWN_GROUP.replace("{k}", key);
        match self {
            Self::Users => by_reach(sight.users, Some("{u}.id = {me}")),
            Self::Groups => by_reach(sight.groups, Some(&own_group("{g}.id"))),
            Self::Applications => by_reach(sight.applications, None),
            Self::Grants => by_reach(sight.grants, None),
            Self::Entitlement(own) if sight.entitlement == Reach::Catalogs => {
                Seen::InCatalogs(own.filter(|own| sight.me.is_some() || own.contains("{who}")))
            }
            Self::Entitlement(own) => by_reach(sight.entitlement, own),
            Self::Organizations => by_reach(sight.organizations, None),
            Self::Roles => by_reach(roles(sight), None),
            Self::Audit => match sight.audit {
                AuditReach::All => Seen::All,
                AuditReach::Entitlement => Seen::Under("{t}.is_entitlement".to_owned()),
                AuditReach::Nothing => Seen::Nothing,
            },
            Self::Sites(own) => by_reach(sight.sites, Some(own)),
            Self::Tenant => by_reach(sight.tenant, None),
            Self::Mine(own) => by_reach(sight.entitlement, Some(own)),
            Self::Everybody => Seen::All,
            Self::Objects => objects_seen(sight, &own_group("{o}.id")),
        }
    }
}

/// How far a caller sees into a relation: what decides whether a list is answered at all.
pub fn reach(name: Relation, sight: &Sight) -> Reach {
    match relation(name).map(|r| r.family) {
        None => Reach::Nothing,
        Some(Family::Users) => sight.users,
        Some(Family::Groups) => sight.groups,
        Some(Family::Applications) => sight.applications,
        Some(Family::Grants) => sight.grants,
        Some(Family::Entitlement(_)) => sight.entitlement,
        Some(Family::Organizations) => sight.organizations,
        Some(Family::Roles) => roles(sight),
        Some(Family::Sites(_)) => sight.sites,
        Some(Family::Tenant) => sight.tenant,
        // Whoever may use entitlement management at all lists his own.
        Some(Family::Mine(_)) if sight.entitlement == Reach::Nothing => Reach::Nothing,
        Some(Family::Mine(_) | Family::Everybody) => Reach::All,
        Some(Family::Audit) => match sight.audit {
            AuditReach::Nothing => Reach::Nothing,
            AuditReach::Entitlement | AuditReach::All => Reach::All,
        },
        Some(Family::Objects) => {
            let all = [sight.users, sight.groups, sight.applications];
            let any = |reach: Reach| all.contains(&reach);
            if any(Reach::All) {
                Reach::All
            } else if any(Reach::Own) {
                Reach::Own
            } else {
                Reach::Nothing
            }
        }
    }
}

fn objects_seen(sight: &Sight, own_group: &str) -> Seen {
    let parts = [
        (1, sight.users, "{o}.id = {me}"),
        (2, sight.groups, own_group),
        (3, sight.applications, ""),
        (4, sight.applications, ""),
    ];
    if parts.iter().all(|(_, reach, _)| *reach == Reach::All) {
        return Seen::All;
    }
    let conditions: Vec<String> = parts
        .iter()
        .filter_map(|(kind, reach, own)| match reach {
            Reach::All => Some(format!("{{o}}.kind = {kind}")),
            Reach::Own | Reach::Catalogs if !own.is_empty() => Some(format!("({{o}}.kind = {kind} AND {own})")),
            Reach::Own | Reach::Catalogs | Reach::Nothing => None,
        })
        .collect();
    if conditions.is_empty() { Seen::Nothing } else { Seen::Under(format!("({})", conditions.join(" OR "))) }
}
