//! The settings of the tenant, on the published surface and on our own (semantics.md 9; decisions.md Q4).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::Patch;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::settings::{ExternalUserAction, TenantSettings};
use tenure_store::rows;

/// What shall change; nothing keeps what there is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SettingsPatch {
    /// What becomes of external accounts.
    pub external_user_action: Option<ExternalUserAction>,
    /// Days between their block and their deletion.
    pub external_user_days: Option<i64>,
    /// Direct assignment obeys the approval a policy demands.
    pub enforce_approval_on_direct_assignment: Option<bool>,
    /// The role User Administrator manages assignments.
    pub user_administrator_manages_assignments: Option<bool>,
    /// The owners of the catalog are asked where nobody could approve.
    pub route_to_catalog_owners: Option<bool>,
    /// Members see packages for specific people.
    pub show_specific_packages_to_members: Option<bool>,
    /// How many people a job reaches at most without consent; null takes the bound away.
    pub job_threshold: Patch<i64>,
}

/// Changes settings of the tenant.
pub fn update(ctx: &mut Ctx<'_, '_>, patch: &SettingsPatch) -> Result<(), ServiceError> {
    let (permit, tenant) = ctx.load(Action::WriteSettings, rows::tenant::get())?;
    let tenant = tenant.ok_or_else(|| ServiceError::Internal("this database has no tenant yet".to_owned()))?;
    let old = tenant.settings;
    let new = TenantSettings {
        external_user_action: patch.external_user_action.unwrap_or(old.external_user_action),
        external_user_days: patch.external_user_days.unwrap_or(old.external_user_days),
        enforce_approval_on_direct_assignment: patch
            .enforce_approval_on_direct_assignment
            .unwrap_or(old.enforce_approval_on_direct_assignment),
        user_administrator_manages_assignments: patch
            .user_administrator_manages_assignments
            .unwrap_or(old.user_administrator_manages_assignments),
        route_to_catalog_owners: patch.route_to_catalog_owners.unwrap_or(old.route_to_catalog_owners),
        show_specific_packages_to_members: patch
            .show_specific_packages_to_members
            .unwrap_or(old.show_specific_packages_to_members),
        job_threshold: patch.job_threshold.clone().apply(old.job_threshold),
        password_grant: old.password_grant,
    };
    new.check()?;
    rows::tenant::set_settings(ctx.tx, &permit, &new)?;
    let modified = old.shown().into_iter().zip(new.shown());
    let modified = modified.filter_map(|((name, old), (_, new))| Modified::change(name, old, new));
    let target = AuditTarget::new(TargetKind::Other, tenant.id, tenant.name).with(modified);
    ctx.audit(&AuditEvent::new(Activity::UpdateSettings, target))
}
