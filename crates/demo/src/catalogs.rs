//! Catalogs, the resources in them, and the packages made of those.

use crate::applications::{EXPENSES, STUDIO, WAREHOUSE, role_id, service};
use crate::{fixed, groups, roles};
use tenure_domain::catalog::{OriginSystem, RoleKind};
use tenure_domain::ids::{CatalogId, ObjectId, PackageId, PolicyId};
use tenure_service::catalogs::{self, NewCatalog};
use tenure_service::packages::{self, NewPackage, RoleScopeRef};
use tenure_service::resources::{self, ResourceCommand, ResourceRef};
use tenure_service::rows;
use tenure_service::rows::catalog::ResourceRequestKind;
use tenure_service::{Ctx, ServiceError};

/// What a package gives.
#[derive(Clone, Copy)]
enum Role {
    /// Membership of a group.
    Member(&'static str),
    /// A role of an application.
    App(&'static str, &'static str),
}

struct Package {
    name: &'static str,
    description: &'static str,
    is_hidden: bool,
    roles: &'static [Role],
}

struct Catalog {
    name: &'static str,
    description: &'static str,
    is_external: bool,
    groups: &'static [&'static str],
    apps: &'static [&'static str],
    packages: &'static [Package],
}

pub(crate) const CAMPAIGN: &str = "Marketing Campaign";
pub(crate) const BRAND: &str = "Brand Assets";
pub(crate) const SALES: &str = "Sales Essentials";
pub(crate) const EXPENSE_APPROVER: &str = "Expense Approver";
pub(crate) const PLATFORM: &str = "Platform Engineering";
pub(crate) const ANALYST: &str = "Data Warehouse Analyst";
pub(crate) const INSIGHTS: &str = "Customer Insights";
pub(crate) const RELEASE: &str = "Release Service Access";
pub(crate) const PARTNER: &str = "Partner Workspace";

const CATALOGS: [Catalog; 4] = [
    Catalog {
        name: "Marketing",
        description: "Campaigns, the brand, and the tools for both",
        is_external: false,
        groups: &["Marketing Team", groups::EDITORS, "Brand Studio"],
        apps: &[STUDIO],
        packages: &[
            Package {
                name: CAMPAIGN,
                description: "Write, lay out and publish a campaign",
                is_hidden: false,
                roles: &[Role::Member(groups::EDITORS), Role::App(STUDIO, "Editor")],
            },
            Package {
                name: BRAND,
                description: "Logos, templates and pictures for presentations and offers",
                is_hidden: false,
                roles: &[Role::Member("Brand Studio"), Role::App(STUDIO, "Viewer")],
            },
        ],
    },
    Catalog {
        name: "Sales",
        description: "What sales staff need from the first day on",
        is_external: false,
        groups: &["Deal Desk"],
        apps: &[EXPENSES],
        packages: &[
            Package {
                name: SALES,
                description: "The deal desk, and expense reports for customer visits",
                is_hidden: false,
                roles: &[Role::Member("Deal Desk"), Role::App(EXPENSES, "Submitter")],
            },
            Package {
                name: EXPENSE_APPROVER,
                description: "Approve the expense reports of a cost center",
                is_hidden: false,
                roles: &[Role::App(EXPENSES, "Approver")],
            },
        ],
    },
    Catalog {
        name: "Engineering",
        description: "Platform, data and the services that run there",
        is_external: false,
        groups: &[
            "Platform Engineers",
            "Data Engineers",
            "Customer Insights Readers",
            "Release Automation",
            groups::DELETED,
        ],
        apps: &[WAREHOUSE],
        packages: &[
            Package {
                name: PLATFORM,
                description: "Source, pipelines and dashboards of the platform",
                is_hidden: false,
                roles: &[Role::Member("Platform Engineers"), Role::App(WAREHOUSE, "Reader")],
            },
            Package {
                name: ANALYST,
                description: "Query the data marts of the warehouse",
                is_hidden: false,
                roles: &[Role::App(WAREHOUSE, "Analyst")],
            },
            Package {
                name: INSIGHTS,
                description: "What customers buy and say; three people must agree",
                is_hidden: false,
                roles: &[Role::Member("Customer Insights Readers"), Role::App(WAREHOUSE, "Reader")],
            },
            Package {
                name: RELEASE,
                description: "For services that publish releases and export data",
                is_hidden: true,
                roles: &[Role::Member("Release Automation"), Role::Member(groups::DELETED)],
            },
        ],
    },
    Catalog {
        name: "Partners",
        description: "Work with people of other organizations",
        is_external: true,
        groups: &["Partner Collaboration"],
        apps: &[STUDIO],
        packages: &[Package {
            name: PARTNER,
            description: "Shared files and a look at layouts, for agencies and consultants",
            is_hidden: false,
            roles: &[Role::Member("Partner Collaboration"), Role::App(STUDIO, "Viewer")],
        }],
    },
];

/// The packages by name.
pub(crate) struct Packages(Vec<(&'static str, PackageId)>);

impl Packages {
    /// The package of that name.
    pub(crate) fn get(&self, name: &str) -> Result<PackageId, ServiceError> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, id)| *id).ok_or_else(|| ServiceError::Internal(format!("the demo has no package `{name}`")))
    }

    /// The policy of that name of a package.
    pub(crate) fn policy(&self, ctx: &mut Ctx<'_, '_>, package: &str, name: &str) -> Result<PolicyId, ServiceError> {
        let all = ctx.fetch(rows::policy::of_package(self.get(package)?))?;
        let found = all.iter().find(|p| p.name == name);
        let missing = || ServiceError::Internal(format!("the demo package `{package}` has no policy `{name}`"));
        Ok(found.ok_or_else(missing)?.id)
    }
}

/// Makes the catalogs with their resources, packages and roles.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>) -> Result<Packages, ServiceError> {
    let (mut made, mut ids) = (Vec::new(), Vec::new());
    for plan in &CATALOGS {
        let new = NewCatalog {
            name: plan.name.to_owned(),
            description: Some(plan.description.to_owned()),
            is_published: true,
            is_external: plan.is_external,
            unique_name: None,
        };
        let catalog = catalogs::create(ctx, &new)?;
        ids.push((plan.name, catalog));
        for name in plan.groups {
            add_resource(ctx, catalog, (OriginSystem::AadGroup, fixed::group(name)))?;
        }
        for name in plan.apps {
            let service = service(ctx, name)?;
            add_resource(ctx, catalog, (OriginSystem::AadApplication, service))?;
        }
        for package in plan.packages {
            made.push((package.name, add_package(ctx, catalog, package)?));
        }
    }
    roles::seed(ctx, &ids)?;
    Ok(Packages(made))
}

fn add_resource(
    ctx: &mut Ctx<'_, '_>,
    catalog: CatalogId,
    (system, origin): (OriginSystem, ObjectId),
) -> Result<(), ServiceError> {
    let command = ResourceCommand {
        kind: ResourceRequestKind::AdminAdd,
        catalog,
        resource: ResourceRef::of(system, origin),
        environment: None,
        description: None,
        attributes: None,
        justification: None,
    };
    resources::request(ctx, &command)?;
    Ok(())
}

fn add_package(ctx: &mut Ctx<'_, '_>, catalog: CatalogId, plan: &Package) -> Result<PackageId, ServiceError> {
    let new = NewPackage {
        catalog: Some(catalog),
        name: plan.name.to_owned(),
        description: Some(plan.description.to_owned()),
        is_hidden: plan.is_hidden,
        scopes_visible: true,
        unique_name: None,
    };
    let id = packages::create(ctx, &new)?;
    for role in plan.roles {
        let (system, origin, kind) = match role {
            Role::Member(group) => (OriginSystem::AadGroup, fixed::group(group), RoleKind::GroupMember),
            Role::App(app, role) => {
                (OriginSystem::AadApplication, service(ctx, app)?, RoleKind::AppRole(role_id(app, role)))
            }
        };
        let named = RoleScopeRef {
            resource: ResourceRef::of(system, origin),
            role_origin: Some(kind.origin_id(origin)),
            ..RoleScopeRef::default()
        };
        packages::add_role(ctx, id, &named)?;
    }
    Ok(id)
}
