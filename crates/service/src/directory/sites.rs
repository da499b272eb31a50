//! Sites: made, changed, deleted; their permission groups, and who is in those (decisions.md B10).

use super::groups::origin_gone;
use super::target;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::RoleKind;
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::site::{OWNERS, Site, SiteAddress, SiteGroup, first_groups};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::SITE_GROUPS_MAX;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;
use tenure_store::rows::directory::{object, site, user};
use uuid::Uuid;

/// A site to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSite {
    /// The id, when the demo decides it.
    pub id: Option<ObjectId>,
    /// Its title.
    pub name: String,
    /// Its address, as it was written.
    pub address: String,
    /// What it is for.
    pub description: Option<String>,
    /// The site it shall be a subsite of.
    pub parent: Option<ObjectId>,
    /// The address of a person who shall be among its owners.
    pub owner: Option<String>,
}

/// What shall change about a site; its address stays.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SitePatch {
    /// Its title.
    pub name: Patch<String>,
    /// What it is for.
    pub description: Patch<String>,
}

/// A permission group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSiteGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

fn site_target(site: &Site) -> AuditTarget {
    AuditTarget::new(TargetKind::Site, site.id, site.name.clone())
}

fn missing(id: impl std::fmt::Display) -> Refusal {
    Refusal::not_found("site", id)
}

/// Makes a site with its three groups.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewSite) -> Result<ObjectId, ServiceError> {
    let permit = ctx.permit(Action::WriteSites)?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    let address = SiteAddress::parse(&new.address).ok_or_else(|| {
        let message = "webUrl must be an address such as https://contoso.example/sites/sales";
        Refusal::new(Code::InvalidModel, message).detail("/webUrl", "not the address of a site")
    })?;
    let parent = match new.parent {
        Some(id) => Some(ctx.fetch(site::get(id))?.ok_or_else(|| missing(id))?),
        None => None,
    };
    if let Some(parent) = &parent
        && !address.is_below(&parent.address)
    {
        let message = format!("the address of a subsite lies below {}", parent.address.text());
        return Err(Refusal::new(Code::InvalidModel, message).detail("/webUrl", "not below the parent site").into());
    }
    let owner = new.owner.as_deref().map(|address| owner_of(ctx, address)).transpose()?;
    let environment = match ctx.fetch(site::environment(&address))? {
        Some(id) => id,
        None => {
            let id = ctx.ids.next(ctx.now);
            site::insert_environment(ctx.tx, &permit, id, &address, ctx.now);
            id
        }
    };
    let made = Site {
        id: new.id.unwrap_or_else(|| ctx.ids.next(ctx.now)),
        collection: parent.as_ref().map_or_else(|| ctx.ids.next(ctx.now), |p| p.collection),
        environment,
        parent: new.parent,
        address,
        name: new.name.clone(),
        description: new.description.clone(),
        created_at: ctx.now,
        version: 1,
    };
    site::insert(ctx.tx, &permit, &made);
    let mut owners = None;
    for (number, name) in first_groups(&made.name) {
        let group = SiteGroup { id: ctx.ids.next(ctx.now), number, name, description: None };
        site::insert_group(ctx.tx, &permit, made.id, &group);
        if number == OWNERS {
            owners = Some(group);
        }
    }
    let said = [Modified::set("DisplayName", &made.name), Modified::set("WebUrl", made.address.text())];
    ctx.audit(&AuditEvent::new(Activity::AddSite, site_target(&made).with(said)))?;
    if let Some((owner, owners)) = owner.zip(owners) {
        put(ctx, &permit, (&made, &owners), &owner)?;
    }
    Ok(made.id)
}

/// The person who is named by an address.
fn owner_of(ctx: &mut Ctx<'_, '_>, address: &str) -> Result<object::Head, ServiceError> {
    let unknown = || {
        let message = format!("nobody in the directory has the address `{address}`");
        Refusal::new(Code::InvalidModel, message).detail("/ownerIdentityToResolve/email", "not found")
    };
    let user = ctx.fetch(user::of_address(address))?.ok_or_else(unknown)?;
    Ok(ctx.fetch(object::head(user.id))?.ok_or_else(unknown)?)
}

/// Changes title and description.
pub fn update(ctx: &mut Ctx<'_, '_>, id: ObjectId, patch: &SitePatch) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::WriteSites, site::get(id))?;
    let old = found.ok_or_else(|| missing(id))?;
    let given = patch.clone();
    let new = Site {
        name: given.name.or(old.name.clone()),
        description: given.description.apply(old.description.clone()),
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    site::update(ctx.tx, &permit, &new, ctx.now);
    let fields = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateSite, site_target(&new).with(fields.into_iter().flatten())))
}

/// Deletes a site for good. Resources it stands for are missing from now on (decisions.md B9).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<(), ServiceError> {
    let (permit, (found, subsites)) = ctx.load(Action::WriteSites, (site::get(id), site::subsites(id)))?;
    let found = found.ok_or_else(|| missing(id))?;
    found.may_delete(subsites.unwrap_or(0))?;
    site::delete(ctx.tx, &permit, id);
    origin_gone(ctx, id)?;
    ctx.audit(&AuditEvent::new(Activity::DeleteSite, site_target(&found)))
}

/// Adds a permission group; its number is the next one. Catalogs that hold the site offer it once they refresh it.
pub fn add_group(ctx: &mut Ctx<'_, '_>, id: ObjectId, new: &NewSiteGroup) -> Result<Uuid, ServiceError> {
    let (permit, (found, groups)) = ctx.load(Action::WriteSites, (site::get(id), site::groups(id)))?;
    let found = found.ok_or_else(|| missing(id))?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    if groups.len() >= SITE_GROUPS_MAX {
        let message = format!("a site has at most {SITE_GROUPS_MAX} permission groups");
        return Err(Refusal::new(Code::LimitExceeded, message).into());
    }
    let group = SiteGroup {
        id: ctx.ids.next(ctx.now),
        number: groups.last().map_or(OWNERS, |g| g.number + 1),
        name: new.name.clone(),
        description: new.description.clone(),
    };
    site::insert_group(ctx.tx, &permit, id, &group);
    let added = Modified::set("Site.Group", group.name.as_str());
    ctx.audit(&AuditEvent::new(Activity::AddSiteGroup, site_target(&found).with([added])))?;
    Ok(group.id)
}

/// A site and one of its groups.
fn group_of(groups: Vec<SiteGroup>, id: Uuid) -> Result<SiteGroup, Refusal> {
    groups.into_iter().find(|g| g.id == id).ok_or_else(|| Refusal::not_found("group of the site", id))
}

/// Puts a person, a group or a service principal into a permission group.
pub fn add_member(ctx: &mut Ctx<'_, '_>, id: ObjectId, group: Uuid, who: ObjectId) -> Result<(), ServiceError> {
    let (permit, (found, groups, head)) =
        ctx.load(Action::WriteSites, (site::get(id), site::groups(id), object::head(who)))?;
    let found = found.ok_or_else(|| missing(id))?;
    let group = group_of(groups, group)?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(who))?;
    if head.kind == ObjectKind::Application {
        let message = "a member is a user, a group, or a service principal";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    }
    put(ctx, &permit, (&found, &group), &head)
}

fn put(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    (site, group): (&Site, &SiteGroup),
    head: &object::Head,
) -> Result<(), ServiceError> {
    site::add_member(ctx.tx, permit, group.id, head.id);
    rows::grant::by_hand(ctx.tx, (site.id, RoleKind::SiteGroup(group.number)), head.id, None);
    let event = AuditEvent::new(Activity::AddSiteMember, target(head.kind, head.id, &head.name));
    ctx.audit(&event.about(site_target(site).with([Modified::set("Site.Group", group.name.as_str())])))
}

/// Takes somebody out of a permission group.
pub fn remove_member(ctx: &mut Ctx<'_, '_>, id: ObjectId, group: Uuid, who: ObjectId) -> Result<(), ServiceError> {
    let wanted = (site::get(id), site::groups(id), object::head(who), site::is_member(group, who));
    let (permit, (found, groups, head, member)) = ctx.load(Action::WriteSites, wanted)?;
    let found = found.ok_or_else(|| missing(id))?;
    let group = group_of(groups, group)?;
    let head = head.filter(|_| member.is_some()).ok_or_else(|| Refusal::no_such_object(who))?;
    site::remove_member(ctx.tx, &permit, group.id, who);
    rows::grant::by_hand(ctx.tx, (id, RoleKind::SiteGroup(group.number)), who, Some(ctx.now));
    let event = AuditEvent::new(Activity::RemoveSiteMember, target(head.kind, who, &head.name));
    ctx.audit(&event.about(site_target(&found).with([Modified::cleared("Site.Group", group.name.as_str())])))
}
