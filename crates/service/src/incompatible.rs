//! What packages are incompatible with: other packages and groups (behaviour.md f; semantics.md 5). Nothing happens to
//! those who have both already.

use crate::ctx::Ctx;
use crate::directory;
use crate::error::ServiceError;
use crate::packages;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::group::Group;
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_domain::package::{Incompatible, Package};
use tenure_domain::refusal::Refusal;
use tenure_store::rows;
use tenure_store::rows::directory::group;
use tenure_store::rows::incompatibility::{self, Other};

fn no_package(id: PackageId) -> Refusal {
    Refusal::not_found("access package", id)
}

fn group_target(group: &Group) -> AuditTarget {
    directory::target(ObjectKind::Group, group.id, &group.name)
}

fn list(count: Option<i64>, listed: Option<uuid::Uuid>) -> Incompatible {
    Incompatible { count: count.unwrap_or_default(), is_listed: listed.is_some() }
}

/// Holders of `other` cannot get the package from now on.
pub fn add_package(ctx: &mut Ctx<'_, '_>, id: PackageId, other: PackageId) -> Result<(), ServiceError> {
    let what = Other::Package(other);
    let rows = (incompatibility::count(id, what), incompatibility::listed(id, what));
    let wanted = (rows::package::get(id), rows::package::get(other), rows);
    let (pending, (package, found, (count, listed))) = ctx.load_placed(Action::WritePackages, wanted)?;
    let (permit, package) = pending.on(package, || no_package(id))?;
    let sight = ctx.sight()?;
    let found = found.filter(|other| sight.sees(other.catalog)).ok_or_else(|| no_package(other))?;
    list(count, listed).may_list_package(id, other)?;
    incompatibility::insert(ctx.tx, &permit, id, what);
    audit(ctx, Activity::CreateIncompatiblePackage, &package, packages::target(&found))
}

/// Members of a group cannot get the package from now on.
pub fn add_group(ctx: &mut Ctx<'_, '_>, id: PackageId, other: ObjectId) -> Result<(), ServiceError> {
    let what = Other::Group(other);
    let rows = (incompatibility::count(id, what), incompatibility::listed(id, what));
    let (pending, (package, found, (count, listed))) =
        ctx.load_placed(Action::WritePackages, (rows::package::get(id), group::get(other), rows))?;
    let (permit, package) = pending.on(package, || no_package(id))?;
    let found = found.ok_or_else(|| Refusal::no_such_object(other))?;
    list(count, listed).may_list_group(&found)?;
    incompatibility::insert(ctx.tx, &permit, id, what);
    audit(ctx, Activity::CreateIncompatibleGroup, &package, group_target(&found))
}

/// Holders of `other` can get the package again.
pub fn remove_package(ctx: &mut Ctx<'_, '_>, id: PackageId, other: PackageId) -> Result<(), ServiceError> {
    let (permit, package) = listing(ctx, id, Other::Package(other))?;
    let found = ctx.fetch(rows::package::get(other))?.ok_or_else(|| no_package(other))?;
    incompatibility::delete(ctx.tx, &permit, id, Other::Package(other));
    audit(ctx, Activity::DeleteIncompatiblePackage, &package, packages::target(&found))
}

/// Members of a group can get the package again.
pub fn remove_group(ctx: &mut Ctx<'_, '_>, id: PackageId, other: ObjectId) -> Result<(), ServiceError> {
    let (permit, package) = listing(ctx, id, Other::Group(other))?;
    let found = ctx.fetch(group::get(other))?.ok_or_else(|| Refusal::no_such_object(other))?;
    incompatibility::delete(ctx.tx, &permit, id, Other::Group(other));
    audit(ctx, Activity::DeleteIncompatibleGroup, &package, group_target(&found))
}

/// A package that lists `other`.
fn listing(ctx: &mut Ctx<'_, '_>, id: PackageId, other: Other) -> Result<(Permit, Package), ServiceError> {
    let wanted = (rows::package::get(id), incompatibility::listed(id, other));
    let (pending, (package, listed)) = ctx.load_placed(Action::WritePackages, wanted)?;
    let (permit, package) = pending.on(package, || no_package(id))?;
    match (listed, other) {
        (Some(_), _) => Ok((permit, package)),
        (None, Other::Package(other)) => Err(no_package(other).into()),
        (None, Other::Group(other)) => Err(Refusal::no_such_object(other).into()),
    }
}

fn audit(ctx: &mut Ctx<'_, '_>, activity: Activity, package: &Package, other: AuditTarget) -> Result<(), ServiceError> {
    ctx.audit(&AuditEvent::new(activity, packages::target(package)).about(other))
}
