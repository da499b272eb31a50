//! Sites: one where the brand is shown, with a package that opens it.

use crate::catalogs::{BRAND, Packages};
use crate::fixed;
use tenure_domain::catalog::{OriginSystem, RoleKind};
use tenure_domain::directory::site;
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::Refusal;
use tenure_service::directory::sites::{self, NewSite};
use tenure_service::packages::{self, RoleScopeRef};
use tenure_service::resources::{self, ResourceCommand, ResourceRef};
use tenure_service::rows;
use tenure_service::rows::catalog::ResourceRequestKind;
use tenure_service::{Ctx, ServiceError};

const NAME: &str = "Brand Portal";
const ADDRESS: &str = "https://sites.contoso.example/sites/brand";

/// Makes the site, puts it into the catalog of the brand, and lets the brand's package make its holders members.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>, packages: &Packages) -> Result<(), ServiceError> {
    let id: ObjectId = fixed::id("site", NAME);
    let new = NewSite {
        id: Some(id),
        name: NAME.to_owned(),
        address: ADDRESS.to_owned(),
        description: Some("Logos, templates and how to use them".to_owned()),
        parent: None,
        owner: None,
    };
    sites::create(ctx, &new)?;
    let package = packages.get(BRAND)?;
    let found = ctx.fetch(rows::package::get(package))?.ok_or_else(|| Refusal::not_found("access package", package))?;
    let command = ResourceCommand {
        kind: ResourceRequestKind::AdminAdd,
        catalog: found.catalog,
        resource: ResourceRef::of(OriginSystem::SharePointOnline, id),
        environment: None,
        description: None,
        attributes: None,
        justification: None,
    };
    resources::request(ctx, &command)?;
    let role = RoleScopeRef {
        resource: ResourceRef { address: Some(ADDRESS.to_owned()), ..ResourceRef::default() },
        role_origin: Some(RoleKind::SiteGroup(site::MEMBERS).origin_id(id)),
        ..RoleScopeRef::default()
    };
    packages::add_role(ctx, package, &role)?;
    Ok(())
}
