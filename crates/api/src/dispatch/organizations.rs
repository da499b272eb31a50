//! Writes to connected organizations, subjects and settings.

use super::Target;
use super::changes::{Made, change, create, keyed, remove, write};
use super::context::Place;
use super::members::{add, take};
use super::read;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::entitlement::SUBJECT;
use crate::wire::schema::organization::CONNECTED_ORGANIZATION;
use crate::wire::write::organization as w;
use axum::http::StatusCode;
use tenure_domain::ids::{OrganizationId, SubjectId};
use tenure_odata::edm::Version;
use tenure_service::organizations::{self, Side};
use tenure_service::settings::{self, SettingsPatch};
use tenure_service::subjects;

/// `POST connectedOrganizations`
pub async fn create_organization(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_organization(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| organizations::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH connectedOrganizations/{}`: the older version says that it was accepted (decisions.md L3).
pub async fn update_organization(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::organization_patch(&call.json()?)?;
    let run = keyed(call, target, &CONNECTED_ORGANIZATION, move |ctx, id| {
        organizations::update(ctx, OrganizationId(id), &patch)
    });
    let mut reply = change(call, target, run).await?;
    if call.version == Version::V1 && reply.status == StatusCode::NO_CONTENT {
        reply.status = StatusCode::ACCEPTED;
    }
    Ok(reply)
}

/// `DELETE connectedOrganizations/{}`
pub async fn delete_organization(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &CONNECTED_ORGANIZATION, |ctx, id| organizations::delete(ctx, OrganizationId(id)));
    remove(call, run).await
}

/// `POST connectedOrganizations/{}/internalSponsors/$ref`
pub async fn add_internal_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, |ctx, id, who| organizations::add_sponsor(ctx, OrganizationId(id.0), Side::Internal, who)).await
}

/// `DELETE connectedOrganizations/{}/internalSponsors/{}/$ref`
pub async fn remove_internal_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, |ctx, id, who| organizations::remove_sponsor(ctx, OrganizationId(id.0), Side::Internal, who))
        .await
}

/// `POST connectedOrganizations/{}/externalSponsors/$ref`
pub async fn add_external_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, |ctx, id, who| organizations::add_sponsor(ctx, OrganizationId(id.0), Side::External, who)).await
}

/// `DELETE connectedOrganizations/{}/externalSponsors/{}/$ref`
pub async fn remove_external_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, |ctx, id, who| organizations::remove_sponsor(ctx, OrganizationId(id.0), Side::External, who))
        .await
}

/// `PATCH subjects/{}`, `PATCH subjects(objectId='{}')`
pub async fn update_subject(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let lifecycle = w::subject_patch(&call.json()?)?;
    let run = keyed(call, target, &SUBJECT, move |ctx, id| subjects::set_lifecycle(ctx, SubjectId(id), lifecycle));
    change(call, target, run).await
}

/// `PATCH settings`
pub async fn update_settings(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::settings_patch(&call.json()?)?;
    change_settings(call, target, patch).await
}

/// `PATCH /tenure/v1/settings`
pub async fn update_tenant_settings(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::tenant_settings_patch(&call.json()?)?;
    change_settings(call, target, patch).await
}

async fn change_settings(call: &Call, target: &Target, patch: SettingsPatch) -> Result<Reply, Failure> {
    write(call, move |ctx| settings::update(ctx, &patch)).await?;
    if !call.prefers("return=representation") {
        return Ok(Reply::no_content());
    }
    let place = Place::of(target.resolved.set, call.version);
    let shown = read::one(call, &place, Vec::new(), target.resolved.entity, Vec::new()).await;
    Ok(shown.ok().flatten().map_or(Reply::no_content(), |shown| shown.reply(StatusCode::OK)))
}
