//! Subjects: whether the end of the last assignment ends an external account (behaviour.md e.3).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Scope};
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::{ObjectId, SubjectId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::subject::{Lifecycle, SubjectKind};
use tenure_store::rows;
use tenure_store::rows::directory::user;

/// Marks an external person as governed, or as not. Members of the directory and services are never: their accounts are
/// not ours to end.
pub fn set_lifecycle(ctx: &mut Ctx<'_, '_>, id: SubjectId, lifecycle: Option<Lifecycle>) -> Result<(), ServiceError> {
    let wanted = (rows::subject::get(id), user::get(ObjectId(id.0)), rows::assignment::catalogs_of(id));
    let (pending, (subject, person, catalogs)) = ctx.load_placed(Action::AdministerAssignments, wanted)?;
    let missing = || Refusal::not_found("accessPackageSubject", id);
    let subject = subject.ok_or_else(missing)?;
    // Who administers assignments of a catalog does so for the people who have some there.
    let mut scopes = std::iter::once(Scope::Tenant).chain(catalogs.into_iter().map(Scope::Catalog));
    let permit = scopes.find_map(|scope| pending.within(scope).ok()).ok_or_else(missing)?;
    let lifecycle = lifecycle.unwrap_or(subject.lifecycle);
    let is_own = subject.kind == SubjectKind::ServicePrincipal || person.is_some_and(|p| p.kind == UserKind::Member);
    if lifecycle == Lifecycle::Governed && is_own {
        let message = "only an external person can be governed";
        return Err(Refusal::new(Code::TargetNotEligible, message).detail("/subjectLifecycle", message).into());
    }
    rows::subject::set_lifecycle(ctx.tx, &permit, id, lifecycle);
    let name = |l: Lifecycle| Some(l.name().to_owned());
    let modified = Modified::change("SubjectLifecycle", name(subject.lifecycle), name(lifecycle));
    let target = AuditTarget::new(TargetKind::User, id, subject.name).with(modified);
    ctx.audit(&AuditEvent::new(Activity::UpdateUser, target))
}
