//! Assignment policies: who may request a package, who approves, when access ends (behaviour.md c; semantics.md 6).
//!
//! One value for both API versions. Every save keeps the whole value as an immutable version (decisions.md H1).

pub mod eligibility;
pub mod expiration;
pub mod requirements;
mod settings;

pub use settings::{
    ApprovalSettings, ApproverVisibility, AutomaticSettings, Choice, CredentialType, ExtensionStage,
    ExtensionStageSetting, Localized, Question, QuestionKind, Recurrence, RequestorSettings, ReviewOutcome,
    ReviewSettings, Stage, SubjectSet,
};

use crate::ids::{CatalogId, PackageId, PolicyId};
use crate::limits;
use crate::refusal::{Code, Refusal};
use crate::time::{IsoDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who can be given access under a policy. Numbers are the members of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetScope {
    /// Nobody asks; administrators assign directly.
    NotSpecified = 0,
    /// Named users and groups.
    SpecificDirectoryUsers = 1,
    /// People of named connected organizations.
    SpecificConnectedOrganizationUsers = 2,
    /// Named service principals.
    SpecificDirectoryServicePrincipals = 3,
    /// All members, no guests.
    AllMemberUsers = 4,
    /// All users, guests too.
    AllDirectoryUsers = 5,
    /// All service principals.
    AllDirectoryServicePrincipals = 6,
    /// People of all configured connected organizations.
    AllConfiguredConnectedOrganizationUsers = 7,
    /// Any external person.
    AllExternalUsers = 8,
    /// All agent identities.
    AllDirectoryAgentIdentities = 9,
}

impl TargetScope {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::NotSpecified,
        Self::SpecificDirectoryUsers,
        Self::SpecificConnectedOrganizationUsers,
        Self::SpecificDirectoryServicePrincipals,
        Self::AllMemberUsers,
        Self::AllDirectoryUsers,
        Self::AllDirectoryServicePrincipals,
        Self::AllConfiguredConnectedOrganizationUsers,
        Self::AllExternalUsers,
        Self::AllDirectoryAgentIdentities,
    ];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The scope stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Whether the policy must name its targets.
    pub const fn names_targets(self) -> bool {
        matches!(
            self,
            Self::SpecificDirectoryUsers
                | Self::SpecificConnectedOrganizationUsers
                | Self::SpecificDirectoryServicePrincipals
        )
    }

    /// Whether it is for people outside the directory.
    pub const fn is_external(self) -> bool {
        matches!(
            self,
            Self::SpecificConnectedOrganizationUsers
                | Self::AllConfiguredConnectedOrganizationUsers
                | Self::AllExternalUsers
        )
    }

    /// The rung of the least-privilege ladder, 1 being the narrowest (behaviour.md c.2).
    pub const fn rung(self) -> u8 {
        match self {
            Self::NotSpecified => 0,
            Self::SpecificDirectoryUsers
            | Self::SpecificConnectedOrganizationUsers
            | Self::SpecificDirectoryServicePrincipals => 1,
            Self::AllMemberUsers => 2,
            Self::AllDirectoryUsers | Self::AllDirectoryServicePrincipals | Self::AllDirectoryAgentIdentities => 3,
            Self::AllConfiguredConnectedOrganizationUsers | Self::AllExternalUsers => 4,
        }
    }
}

/// When an assignment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Expiration {
    /// Not said; never, as far as the policy goes.
    #[default]
    NotSpecified,
    /// Never.
    Never,
    /// So long after its start.
    After(IsoDuration),
    /// At a fixed instant.
    At(Timestamp),
}

/// The settings of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBody {
    /// The number of this layout, for later readers.
    pub layout: u16,
    /// Shown to people who choose between policies.
    pub description: Option<String>,
    /// Who can be given access.
    pub scope: TargetScope,
    /// The named targets; a membership rule for automatic policies.
    pub targets: Vec<SubjectSet>,
    /// When assignments end.
    pub expiration: Expiration,
    /// What people may ask for.
    pub requestor: RequestorSettings,
    /// Who approves.
    pub approval: ApprovalSettings,
    /// Access reviews; kept and shown, not acted on in this release.
    pub review: Option<ReviewSettings>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Assignment by rule; kept and shown, not acted on in this release.
    pub automatic: Option<AutomaticSettings>,
    /// Whether mails to assignees are switched off; `None` when never said.
    pub mails_disabled: Option<bool>,
    /// Workflow extensions; kept and shown, not acted on in this release.
    pub extensions: Vec<ExtensionStageSetting>,
    /// Credentials to present; kept and shown, not acted on in this release. `None` when never said.
    pub credentials: Option<Vec<CredentialType>>,
}

/// The layout that [`PolicyBody`] has now.
pub const POLICY_LAYOUT: u16 = 1;

impl PolicyBody {
    /// A policy that lets administrators assign directly and nobody ask.
    pub fn direct_assignment_only() -> Self {
        Self {
            layout: POLICY_LAYOUT,
            description: None,
            scope: TargetScope::NotSpecified,
            targets: Vec::new(),
            expiration: Expiration::NotSpecified,
            requestor: RequestorSettings::default(),
            approval: ApprovalSettings::default(),
            review: None,
            questions: Vec::new(),
            automatic: None,
            mails_disabled: None,
            extensions: Vec::new(),
            credentials: None,
        }
    }

    /// Whether a rule assigns people.
    pub const fn is_automatic(&self) -> bool {
        self.automatic.is_some()
    }

    /// Whether people ask for it themselves; the switch *Enabled* then says whether they may now (decisions.md Q2).
    pub fn is_self_service(&self) -> bool {
        self.scope != TargetScope::NotSpecified && !self.is_automatic()
    }

    /// Checks what a save must satisfy. Every fault is listed.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        self.check_targets(&mut faults);
        self.check_expiration(&mut faults);
        self.check_questions(&mut faults);
        self.approval.check(&mut faults);
        faults.finish()
    }

    fn check_targets(&self, faults: &mut Faults) {
        let organizations =
            self.targets.iter().filter(|t| matches!(t, SubjectSet::ConnectedOrganization { .. })).count();
        if organizations > limits::POLICY_ORGANIZATIONS_MAX {
            let message = format!("a policy names at most {} organizations", limits::POLICY_ORGANIZATIONS_MAX);
            faults.add("specificAllowedTargets", message);
        }
        let named = self.targets.len();
        if named - organizations > limits::POLICY_TARGETS_MAX {
            faults.add(
                "specificAllowedTargets",
                format!("a policy names at most {} targets", limits::POLICY_TARGETS_MAX),
            );
        }
        if self.scope.names_targets() && named == 0 {
            faults.add("specificAllowedTargets", "this scope needs at least one named target".to_owned());
        }
        for (i, target) in self.targets.iter().enumerate() {
            if !target.may_be_target(self.scope) {
                let message = format!("{} does not fit this scope", target.name());
                faults.add(&format!("specificAllowedTargets/{i}"), message);
            }
        }
    }

    /// Whether an end at a fixed instant lies ahead (behaviour.md c.7). One that was kept may have passed meanwhile.
    pub fn check_end(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if let Expiration::At(end) = self.expiration
            && end <= now
        {
            faults.add("expiration/endDateTime", format!("the end {end} must lie ahead"));
        }
        faults.finish()
    }

    fn check_expiration(&self, faults: &mut Faults) {
        if let Expiration::After(duration) = self.expiration {
            let too_long = duration.seconds() > limits::DURATION_DAYS_MAX * 86_400;
            if duration.is_negative() || duration.is_zero() || too_long {
                let message = format!("the duration must be above zero and at most {} days", limits::DURATION_DAYS_MAX);
                faults.add("expiration/duration", message);
            }
        }
    }

    fn check_questions(&self, faults: &mut Faults) {
        if self.questions.len() > limits::QUESTIONS_MAX {
            faults.add("questions", format!("a policy asks at most {} questions", limits::QUESTIONS_MAX));
        }
        for (i, question) in self.questions.iter().enumerate() {
            question.check(&format!("questions/{i}"), faults);
        }
    }

    /// The users, groups, organizations and extensions that the policy names, by role.
    pub fn references(&self) -> Vec<(Reference, Uuid)> {
        let mut all = Vec::new();
        let mut add = |role: Reference, sets: &[SubjectSet]| {
            all.extend(sets.iter().filter_map(SubjectSet::reference).map(|id| (role, id)));
        };
        add(Reference::Target, &self.targets);
        for stage in &self.approval.stages {
            add(Reference::Approver, &stage.primary);
            add(Reference::Approver, &stage.escalation);
        }
        if let Some(review) = &self.review {
            add(Reference::Reviewer, &review.reviewers);
        }
        all.extend(self.extensions.iter().map(|e| (Reference::Extension, e.extension)));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// In what role a policy names an object. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// Can be given access.
    Target = 1,
    /// Decides.
    Approver = 2,
    /// Attests.
    Reviewer = 3,
    /// Is called.
    Extension = 4,
}

/// A policy row with its current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// The package it opens.
    pub package: PackageId,
    /// The catalog of that package.
    pub catalog: CatalogId,
    /// Its name.
    pub name: String,
    /// The one switch *Enabled* (decisions.md Q2).
    pub is_enabled: bool,
    /// The number of its current version.
    pub version: i64,
    /// Its settings.
    pub body: PolicyBody,
    /// Who held a role before his assignment gave it keeps it when the assignment ends (decisions.md C7, Q4). Holds for
    /// assignments that are there already, too.
    pub keep_pre_existing: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who made it, as shown.
    pub created_by: String,
    /// Who changed it last, as shown.
    pub modified_by: String,
}

/// Collects the faults of one body.
#[derive(Debug, Default)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// Adds a fault at a property path, unless there are enough already.
    pub fn add(&mut self, target: &str, message: String) {
        if self.0.len() < limits::FAULTS_MAX {
            self.0.push((target.to_owned(), message));
        }
    }

    /// Nothing, or one refusal that lists them all.
    pub fn finish(self) -> Result<(), Refusal> {
        let Some((_, first)) = self.0.first() else { return Ok(()) };
        let refusal = Refusal::new(Code::InvalidModel, first.clone());
        Err(self.0.into_iter().fold(refusal, |r, (target, message)| r.detail(format!("/{target}"), message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specific_scope_needs_targets_that_fit() {
        let mut policy = PolicyBody::direct_assignment_only();
        assert!(policy.check().is_ok());
        policy.scope = TargetScope::SpecificDirectoryUsers;
        assert!(policy.check().is_err());
        policy.targets = vec![SubjectSet::user(Uuid::nil())];
        assert!(policy.check().is_ok());
        policy.targets = vec![SubjectSet::RequestorManager { level: 1, backup: false }];
        assert!(policy.check().is_err());
    }

    #[test]
    fn every_fault_is_listed() {
        let mut policy = PolicyBody::direct_assignment_only();
        policy.scope = TargetScope::SpecificDirectoryUsers;
        policy.expiration = Expiration::After(IsoDuration::days(4_000));
        let details = policy.check().err().map(|r| r.details.len());
        assert_eq!(details, Some(2));
    }

    #[test]
    fn the_stored_form_comes_back_unchanged() {
        let mut policy = PolicyBody::direct_assignment_only();
        policy.expiration = Expiration::After(IsoDuration::days(30));
        policy.targets = vec![SubjectSet::user(Uuid::from_u128(5))];
        let text = serde_json::to_string(&policy).unwrap_or_default();
        assert_eq!(serde_json::from_str::<PolicyBody>(&text).ok(), Some(policy));
    }
}
