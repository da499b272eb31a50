//! References from a package to what it is incompatible with (semantics.md 5).

use super::Target;
use super::changes::{keyed, remove};
use super::members::named;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::entitlement as em;
use crate::wire::write::directory as w;
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_service::{Ctx, ServiceError, incompatible};

type Link = fn(&mut Ctx<'_, '_>, PackageId, ObjectId) -> Result<(), ServiceError>;

async fn write(call: &Call, target: &Target, other: ObjectId, link: Link) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &em::PACKAGE, move |ctx, id| link(ctx, PackageId(id), other))).await
}

/// `POST accessPackages/{}/incompatibleAccessPackages/$ref`
pub async fn add_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let other = w::reference(&call.json()?)?;
    write(call, target, other, |ctx, id, other| incompatible::add_package(ctx, id, PackageId(other.0))).await
}

/// `DELETE accessPackages/{}/incompatibleAccessPackages/{}/$ref`
pub async fn remove_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let link: Link = |ctx, id, other| incompatible::remove_package(ctx, id, PackageId(other.0));
    write(call, target, named(target)?, link).await
}

/// `POST accessPackages/{}/incompatibleGroups/$ref`
pub async fn add_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    write(call, target, w::reference(&call.json()?)?, incompatible::add_group).await
}

/// `DELETE accessPackages/{}/incompatibleGroups/{}/$ref`
pub async fn remove_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    write(call, target, named(target)?, incompatible::remove_group).await
}
