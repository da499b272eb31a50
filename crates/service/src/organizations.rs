//! Connected organizations: make, change, delete, and name their sponsors (behaviour.md e.1; semantics.md 9).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::{ObjectId, OrganizationId};
use tenure_domain::organization::{IdentitySource, Organization, OrganizationState};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;
use tenure_store::rows::directory::{object, user};
pub use tenure_store::rows::organization::Side;

/// An organization to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganization {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// How its people prove who they are.
    pub sources: Vec<IdentitySource>,
    /// Whether the relationship was decided on.
    pub state: OrganizationState,
}

/// What shall change about an organization. Its identity sources stay.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OrganizationPatch {
    /// Its name.
    pub name: Patch<String>,
    /// What it is.
    pub description: Patch<String>,
    /// Whether the relationship was decided on.
    pub state: Option<OrganizationState>,
}

fn target(organization: &Organization) -> AuditTarget {
    AuditTarget::new(TargetKind::ConnectedOrganization, organization.id, organization.name.clone())
}

fn missing(id: OrganizationId) -> Refusal {
    Refusal::not_found("connected organization", id)
}

/// Makes an organization.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewOrganization) -> Result<OrganizationId, ServiceError> {
    let (permit, tenant) = ctx.load(Action::WriteOrganizations, rows::tenant::get())?;
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    let by = ctx.signature()?;
    let organization = Organization {
        id: ctx.ids.next(ctx.now),
        name: new.name.clone(),
        description: new.description.clone(),
        sources: new.sources.clone(),
        state: new.state,
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
        version: 1,
    };
    organization.check_sources(&tenant.map(|t| t.domains).unwrap_or_default())?;
    rows::organization::insert(ctx.tx, &permit, &organization)?;
    let modified = [
        Modified::set("DisplayName", &organization.name),
        Modified::set("State", organization.state.name()),
        Modified::set(
            "IdentitySources",
            organization.sources.iter().map(IdentitySource::key).collect::<Vec<_>>().join(" "),
        ),
    ];
    ctx.audit(&AuditEvent::new(Activity::CreateOrganization, target(&organization).with(modified)))?;
    Ok(organization.id)
}

/// Changes an organization.
pub fn update(ctx: &mut Ctx<'_, '_>, id: OrganizationId, patch: &OrganizationPatch) -> Result<(), ServiceError> {
    let (permit, old) = ctx.load(Action::WriteOrganizations, rows::organization::get(id))?;
    let old = old.ok_or_else(|| missing(id))?;
    let patch = patch.clone();
    let new = Organization {
        name: patch.name.or(old.name.clone()),
        description: patch.description.apply(old.description.clone()),
        state: patch.state.unwrap_or(old.state),
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    check_name("displayName", &new.name)?;
    check_description("description", new.description.as_deref())?;
    rows::organization::update(ctx.tx, &permit, &new);
    let modified = [
        Modified::change("DisplayName", Some(old.name), Some(new.name.clone())),
        Modified::change("Description", old.description, new.description.clone()),
        Modified::change("State", Some(old.state.name().to_owned()), Some(new.state.name().to_owned())),
    ];
    ctx.audit(&AuditEvent::new(Activity::UpdateOrganization, target(&new).with(modified.into_iter().flatten())))
}

/// Deletes an organization that no policy names and whose people hold and wait for nothing (behaviour.md o.18).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: OrganizationId) -> Result<(), ServiceError> {
    let wanted = (rows::organization::get(id), rows::organization::uses(id));
    let (permit, (organization, uses)) = ctx.load(Action::WriteOrganizations, wanted)?;
    let organization = organization.ok_or_else(|| missing(id))?;
    if let Err(refusal) = uses.unwrap_or_default().may_delete(&organization.name) {
        return Err(refusal.because_of(ctx.fetch(rows::hold::organization(id))?).into());
    }
    rows::organization::delete(ctx.tx, &permit, id);
    ctx.audit(&AuditEvent::new(Activity::DeleteOrganization, target(&organization)))
}

/// Adds a sponsor: on our side members and groups, on its own side guests (behaviour.md a).
pub fn add_sponsor(
    ctx: &mut Ctx<'_, '_>,
    id: OrganizationId,
    side: Side,
    sponsor: ObjectId,
) -> Result<(), ServiceError> {
    let wanted = (rows::organization::get(id), object::head(sponsor), user::get(sponsor));
    let (permit, (organization, head, person)) = ctx.load(Action::WriteOrganizations, wanted)?;
    let organization = organization.ok_or_else(|| missing(id))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(sponsor))?;
    let kind = person.map(|p| p.kind);
    let (fits, wanted) = match side {
        Side::Internal => (
            kind == Some(UserKind::Member) || head.kind == ObjectKind::Group,
            "an internal sponsor is a member of this directory or a group",
        ),
        Side::External => (kind == Some(UserKind::Guest), "an external sponsor is a guest of this directory"),
    };
    if !fits {
        return Err(Refusal::new(Code::RequestBadRequest, wanted).detail("/@odata.id", wanted).into());
    }
    rows::organization::add_sponsor(ctx.tx, &permit, id, side, sponsor);
    let activity = match side {
        Side::Internal => Activity::AssignInternalSponsor,
        Side::External => Activity::AssignExternalSponsor,
    };
    ctx.audit(
        &AuditEvent::new(activity, target(&organization))
            .about(crate::directory::target(head.kind, sponsor, &head.name)),
    )
}

/// Removes a sponsor.
pub fn remove_sponsor(
    ctx: &mut Ctx<'_, '_>,
    id: OrganizationId,
    side: Side,
    sponsor: ObjectId,
) -> Result<(), ServiceError> {
    let wanted =
        (rows::organization::get(id), rows::organization::is_sponsor(id, side, sponsor), object::head(sponsor));
    let (permit, (organization, link, head)) = ctx.load(Action::WriteOrganizations, wanted)?;
    let organization = organization.ok_or_else(|| missing(id))?;
    let head = link.and(head).ok_or_else(|| Refusal::no_such_object(sponsor))?;
    rows::organization::remove_sponsor(ctx.tx, &permit, id, side, sponsor);
    let activity = match side {
        Side::Internal => Activity::RemoveInternalSponsor,
        Side::External => Activity::RemoveExternalSponsor,
    };
    ctx.audit(
        &AuditEvent::new(activity, target(&organization))
            .about(crate::directory::target(head.kind, sponsor, &head.name)),
    )
}
