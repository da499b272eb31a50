//! What there is little of, made by the use cases: groups, catalogs, packages, policies.

use super::{LoadedPackage, Scale};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tenure_domain::Timestamp;
use tenure_domain::catalog::{OriginSystem, RoleKind};
use tenure_domain::directory::Attributes;
use tenure_domain::ids::{CatalogId, Entropy, ObjectId, PackageId, SeededEntropy};
use tenure_domain::policy::{
    ApprovalSettings, Expiration, PolicyBody, RequestorSettings, Stage, SubjectSet, TargetScope,
};
use tenure_domain::time::{ManualClock, plus_seconds};
use tenure_service::catalogs::{self, NewCatalog};
use tenure_service::directory::groups::{self, NewGroup};
use tenure_service::packages::{self, NewPackage, RoleScopeRef};
use tenure_service::policies::{self, PolicyDraft};
use tenure_service::resources::{self, ResourceCommand, ResourceRef};
use tenure_service::rows::catalog::ResourceRequestKind;
use tenure_service::{Clocks, Ctx, Engine, ServiceError, rows};
use tenure_store::Store;
use uuid::Uuid;

const CATALOGS: usize = 20;
const PACKAGES_PER_CATALOG: usize = 10;
/// Departments, each with a group of its people.
pub const DEPARTMENTS: usize = 20;
/// Groups that hold groups of departments.
const DIVISIONS: usize = 4;
/// Seconds of history: two years.
const HISTORY_SECONDS: i64 = 2 * 365 * 86_400;

/// What was made.
pub struct Structure {
    pub catalogs: Vec<Uuid>,
    pub packages: Vec<LoadedPackage>,
    pub departments: Vec<Uuid>,
    pub everybody: Uuid,
    /// Where somebody approves: who, and the second policy of each package.
    pub approval: Option<(Uuid, Vec<Uuid>)>,
}

/// When history begins.
pub fn beginning(now: Timestamp) -> Timestamp {
    plus_seconds(now, -HISTORY_SECONDS)
}

/// Makes it, as of the beginning of history. The store is closed afterwards.
pub fn build(store: Store, scale: Scale, approver: Option<Uuid>) -> Structure {
    let clock = Arc::new(ManualClock::at(beginning(scale.now)));
    let clocks = Clocks { business: clock.clone(), wall: clock };
    let next = AtomicU64::new(scale.seed);
    let entropy =
        Arc::new(move || -> Box<dyn Entropy> { Box::new(SeededEntropy::new(next.fetch_add(1, Ordering::Relaxed))) });
    let engine = Engine::new(store, clocks, entropy);
    let made = engine.write_blocking(move |ctx| {
        let (departments, everybody) = organisation(ctx)?;
        let mut structure =
            Structure { catalogs: Vec::new(), packages: Vec::new(), departments, everybody, approval: None };
        for n in 0..CATALOGS {
            let catalog = catalogs::create(ctx, &new_catalog(n))?;
            structure.catalogs.push(catalog.0);
            for m in 0..PACKAGES_PER_CATALOG {
                structure.packages.push(package(ctx, catalog, n * PACKAGES_PER_CATALOG + m)?);
            }
        }
        if let Some(approver) = approver {
            let draft = approved_by(approver);
            let second = |p: &LoadedPackage| policies::create(ctx, PackageId(p.id), &draft).map(|id| id.0);
            let policies = structure.packages.iter().map(second).collect::<Result<_, _>>()?;
            structure.approval = Some((approver, policies));
        }
        Ok(structure)
    });
    made.expect("the structure is made")
}

/// Departments in divisions, divisions in one group.
fn organisation(ctx: &mut Ctx<'_, '_>) -> Result<(Vec<Uuid>, Uuid), ServiceError> {
    let mut departments = Vec::new();
    let mut divisions = Vec::new();
    for n in 0..DIVISIONS {
        let mut members = Vec::new();
        for m in (n..DEPARTMENTS).step_by(DIVISIONS) {
            let id = groups::create(ctx, &new_group(&format!("Department {m:02}"), &format!("department{m:02}"), &[]))?;
            departments.push((m, id.0));
            members.push(id);
        }
        divisions.push(groups::create(ctx, &new_group(&format!("Division {n}"), &format!("division{n}"), &members))?);
    }
    let everybody = groups::create(ctx, &new_group("Everybody", "everybody", &divisions))?;
    departments.sort_unstable();
    Ok((departments.into_iter().map(|(_, id)| id).collect(), everybody.0))
}

fn new_group(name: &str, nickname: &str, members: &[ObjectId]) -> NewGroup {
    NewGroup {
        id: None,
        name: name.to_owned(),
        nickname: nickname.to_owned(),
        unique_name: None,
        is_security: true,
        is_mail: false,
        is_unified: false,
        is_dynamic: false,
        is_role_assignable: false,
        rule: None,
        attributes: Attributes::default(),
        owners: Vec::new(),
        members: members.to_vec(),
    }
}

fn new_catalog(n: usize) -> NewCatalog {
    NewCatalog {
        name: format!("Catalog {n:02}"),
        description: Some("Loaded in bulk".to_owned()),
        is_published: true,
        is_external: false,
        unique_name: None,
    }
}

fn package(ctx: &mut Ctx<'_, '_>, catalog: CatalogId, n: usize) -> Result<LoadedPackage, ServiceError> {
    let group = groups::create(ctx, &new_group(&format!("Package {n:03} members"), &format!("package{n:03}"), &[]))?;
    let command = ResourceCommand {
        kind: ResourceRequestKind::AdminAdd,
        catalog,
        resource: ResourceRef::of(OriginSystem::AadGroup, group),
        environment: None,
        description: None,
        attributes: None,
        justification: None,
    };
    resources::request(ctx, &command)?;
    let new = NewPackage {
        catalog: Some(catalog),
        name: format!("Package {n:03}"),
        description: Some("Membership of one group".to_owned()),
        is_hidden: false,
        scopes_visible: true,
        unique_name: None,
    };
    let id = packages::create(ctx, &new)?;
    let named = RoleScopeRef {
        resource: ResourceRef::of(OriginSystem::AadGroup, group),
        role_origin: Some(RoleKind::GroupMember.origin_id(group)),
        ..RoleScopeRef::default()
    };
    packages::add_role(ctx, id, &named)?;
    let policy = policies::create(ctx, id, &everyone_may_ask())?;
    let roles = ctx.fetch(rows::package::roles(id))?;
    let role = roles.first().ok_or_else(|| ServiceError::Internal("the package has no role".to_owned()))?;
    Ok(LoadedPackage {
        id: id.0,
        catalog: catalog.0,
        policy: policy.0,
        group: group.0,
        resource: role.resource.0,
        role: role.role.0,
        scope: role.scope.0,
        live: 0,
        strangers: Vec::new(),
    })
}

fn everyone_may_ask() -> PolicyDraft {
    let requestor = RequestorSettings { self_add: true, self_remove: true, ..RequestorSettings::default() };
    let body = PolicyBody {
        scope: TargetScope::AllDirectoryUsers,
        expiration: Expiration::Never,
        requestor,
        ..PolicyBody::direct_assignment_only()
    };
    PolicyDraft { name: "Everyone may ask".to_owned(), is_enabled: true, body }
}

/// The same with one stage, and one person in it.
fn approved_by(person: Uuid) -> PolicyDraft {
    let stage = Stage { primary: vec![SubjectSet::user(person)], ..Stage::default() };
    let approval = ApprovalSettings { required_for_add: true, stages: vec![stage], ..ApprovalSettings::default() };
    let asked = everyone_may_ask();
    PolicyDraft { name: "Somebody approves".to_owned(), body: PolicyBody { approval, ..asked.body }, ..asked }
}
