//! The settings of the whole tenant (behaviour.md e.3; semantics.md 9; decisions.md Q4).

use crate::limits::DURATION_DAYS_MAX;
use crate::policy::Faults;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// What becomes of an external account that was made for access when its last assignment ends. Numbers are the members of
/// the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExternalUserAction {
    /// It stays.
    Nothing = 0,
    /// It cannot sign in any more.
    BlockSignIn = 1,
    /// The same, and later it is deleted.
    BlockSignInAndDelete = 2,
}

impl ExternalUserAction {
    /// The published number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::BlockSignIn => "blockSignIn",
            Self::BlockSignInAndDelete => "blockSignInAndDelete",
        }
    }
}

/// Switches of the whole tenant. What a stored row does not mention has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, and is shown as one")]
pub struct TenantSettings {
    /// Direct assignment obeys the approval a policy demands (decisions.md H9).
    pub enforce_approval_on_direct_assignment: bool,
    /// The password grant is offered to public clients (decisions.md K3).
    pub password_grant: bool,
    /// The role User Administrator sees, makes and ends assignments, as in the older product.
    pub user_administrator_manages_assignments: bool,
    /// Where nobody could approve, the owners of the catalog are asked instead of refusing (decisions.md H7).
    pub route_to_catalog_owners: bool,
    /// Members see packages that only specific people can ask for (decisions.md H20).
    pub show_specific_packages_to_members: bool,
    /// How many people a job reaches at most without somebody's consent; no bound when `None` (decisions.md C8).
    pub job_threshold: Option<i64>,
    /// What becomes of external accounts; kept and shown, not acted on in this release.
    pub external_user_action: ExternalUserAction,
    /// Days between the block and the deletion of such an account; 0 is at once.
    pub external_user_days: i64,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            enforce_approval_on_direct_assignment: true,
            password_grant: false,
            user_administrator_manages_assignments: false,
            route_to_catalog_owners: false,
            show_specific_packages_to_members: false,
            job_threshold: None,
            external_user_action: ExternalUserAction::BlockSignInAndDelete,
            external_user_days: 30,
        }
    }
}

impl TenantSettings {
    /// Checks what a change must satisfy.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if !(0..=DURATION_DAYS_MAX).contains(&self.external_user_days) {
            let message =
                format!("external accounts are kept for 0 to {DURATION_DAYS_MAX} days after they were blocked");
            faults.add("daysUntilExternalUserDeletedAfterBlocked", message);
        }
        if self.job_threshold.is_some_and(|most| most < 0) {
            faults.add("jobThreshold", "a job reaches no fewer than 0 people; null is no threshold".to_owned());
        }
        faults.finish()
    }

    /// Every switch that can be changed, by the name the audit shows.
    pub fn shown(&self) -> [(&'static str, Option<String>); 7] {
        [
            ("EnforceApprovalOnDirectAssignment", Some(self.enforce_approval_on_direct_assignment.to_string())),
            ("UserAdministratorManagesAssignments", Some(self.user_administrator_manages_assignments.to_string())),
            ("RouteToCatalogOwners", Some(self.route_to_catalog_owners.to_string())),
            ("ShowSpecificPackagesToMembers", Some(self.show_specific_packages_to_members.to_string())),
            ("JobThreshold", self.job_threshold.map(|most| most.to_string())),
            ("ExternalUserLifecycleAction", Some(self.external_user_action.name().to_owned())),
            ("DaysUntilExternalUserDeletedAfterBlocked", Some(self.external_user_days.to_string())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_an_older_release_has_the_defaults_for_what_is_new() {
        let old = "{\"enforce_approval_on_direct_assignment\":false,\"password_grant\":true}";
        let read: TenantSettings = serde_json::from_str(old).unwrap_or_default();
        let wanted = TenantSettings {
            enforce_approval_on_direct_assignment: false,
            password_grant: true,
            ..TenantSettings::default()
        };
        assert_eq!(read, wanted);
        assert!(wanted.check().is_ok());
        assert_eq!(wanted.external_user_days, 30);
    }

    #[test]
    fn days_are_bounded() {
        let days = |n| TenantSettings { external_user_days: n, ..TenantSettings::default() };
        assert!(days(0).check().is_ok() && days(DURATION_DAYS_MAX).check().is_ok());
        assert!(days(-1).check().is_err() && days(DURATION_DAYS_MAX + 1).check().is_err());
    }

    #[test]
    fn a_threshold_of_jobs_is_no_negative_number() {
        let above = |n| TenantSettings { job_threshold: n, ..TenantSettings::default() };
        assert!(above(None).check().is_ok() && above(Some(0)).check().is_ok());
        let refused = above(Some(-1)).check().err();
        let pointer = refused.and_then(|r| r.details.into_iter().next()).and_then(|d| d.target);
        assert_eq!(pointer.as_deref(), Some("/jobThreshold"));
    }
}
