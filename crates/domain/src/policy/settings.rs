//! The parts of a policy's settings.

use super::{Faults, TargetScope};
use crate::ids::QuestionId;
use crate::limits;
use crate::time::{IsoDuration, Timestamp};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A set of people (or service principals) named in a policy. `backup` marks a fallback member of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubjectSet {
    /// One person.
    User { id: Uuid, description: Option<String>, backup: bool },
    /// The members of a group, nested ones too.
    Group { id: Uuid, description: Option<String>, backup: bool },
    /// One service principal.
    ServicePrincipal { id: Uuid, description: Option<String> },
    /// The people of a connected organization.
    ConnectedOrganization { id: Uuid, description: Option<String>, backup: bool },
    /// The requestor's manager, so many levels up.
    RequestorManager { level: i32, backup: bool },
    /// The target's manager, so many levels up.
    TargetManager { level: i32, backup: bool },
    /// The internal sponsors of the requestor's organization.
    InternalSponsors { backup: bool },
    /// The external sponsors of the requestor's organization.
    ExternalSponsors { backup: bool },
    /// The target's own sponsors.
    TargetUserSponsors { backup: bool },
    /// Sponsors or owners of an agent identity.
    TargetAgentSponsorsOrOwners { backup: bool },
    /// Owners of the target application.
    TargetApplicationOwners { backup: bool },
    /// Everybody a membership rule matches.
    Rule { description: Option<String>, rule: Option<String>, backup: bool },
}

impl SubjectSet {
    /// One person without description.
    pub const fn user(id: Uuid) -> Self {
        Self::User { id, description: None, backup: false }
    }

    /// The members of one group, without description.
    pub const fn group(id: Uuid) -> Self {
        Self::Group { id, description: None, backup: false }
    }

    /// What it is, in words.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::User { .. } => "a user",
            Self::Group { .. } => "a group",
            Self::ServicePrincipal { .. } => "a service principal",
            Self::ConnectedOrganization { .. } => "a connected organization",
            Self::RequestorManager { .. } => "the requestor's manager",
            Self::TargetManager { .. } => "the target's manager",
            Self::InternalSponsors { .. } => "the internal sponsors",
            Self::ExternalSponsors { .. } => "the external sponsors",
            Self::TargetUserSponsors { .. } => "the target's sponsors",
            Self::TargetAgentSponsorsOrOwners { .. } => "the agent's sponsors or owners",
            Self::TargetApplicationOwners { .. } => "the application's owners",
            Self::Rule { .. } => "a membership rule",
        }
    }

    /// The object it names.
    pub const fn reference(&self) -> Option<Uuid> {
        match self {
            Self::User { id, .. }
            | Self::Group { id, .. }
            | Self::ServicePrincipal { id, .. }
            | Self::ConnectedOrganization { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether it is a fallback member of its list.
    pub const fn is_backup(&self) -> bool {
        match self {
            Self::ServicePrincipal { .. } => false,
            Self::User { backup, .. }
            | Self::Group { backup, .. }
            | Self::ConnectedOrganization { backup, .. }
            | Self::RequestorManager { backup, .. }
            | Self::TargetManager { backup, .. }
            | Self::InternalSponsors { backup }
            | Self::ExternalSponsors { backup }
            | Self::TargetUserSponsors { backup }
            | Self::TargetAgentSponsorsOrOwners { backup }
            | Self::TargetApplicationOwners { backup }
            | Self::Rule { backup, .. } => *backup,
        }
    }

    /// Whether it is somebody by what he is to requestor or target.
    const fn is_relative(&self) -> bool {
        matches!(
            self,
            Self::RequestorManager { .. }
                | Self::TargetManager { .. }
                | Self::InternalSponsors { .. }
                | Self::ExternalSponsors { .. }
                | Self::TargetUserSponsors { .. }
        )
    }

    /// How many levels up, where it is a manager.
    const fn manager_level(&self) -> Option<i32> {
        match self {
            Self::RequestorManager { level, .. } | Self::TargetManager { level, .. } => Some(*level),
            _ => None,
        }
    }

    /// The same set, as a fallback member or not.
    pub fn as_backup(mut self, value: bool) -> Self {
        match &mut self {
            Self::ServicePrincipal { .. } => {}
            Self::User { backup, .. }
            | Self::Group { backup, .. }
            | Self::ConnectedOrganization { backup, .. }
            | Self::RequestorManager { backup, .. }
            | Self::TargetManager { backup, .. }
            | Self::InternalSponsors { backup }
            | Self::ExternalSponsors { backup }
            | Self::TargetUserSponsors { backup }
            | Self::TargetAgentSponsorsOrOwners { backup }
            | Self::TargetApplicationOwners { backup }
            | Self::Rule { backup, .. } => *backup = value,
        }
        self
    }

    /// Whether it can be among the targets of a policy of that scope.
    pub const fn may_be_target(&self, scope: TargetScope) -> bool {
        match self {
            // People of the directory and people from outside do not share a policy (behaviour.md a).
            Self::User { .. } | Self::Group { .. } | Self::Rule { .. } => {
                !scope.is_external() && !matches!(scope, TargetScope::SpecificDirectoryServicePrincipals)
            }
            Self::ServicePrincipal { .. } => matches!(scope, TargetScope::SpecificDirectoryServicePrincipals),
            Self::ConnectedOrganization { .. } => matches!(scope, TargetScope::SpecificConnectedOrganizationUsers),
            _ => false,
        }
    }
}

/// What people may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of the published model")]
pub struct RequestorSettings {
    /// Targets may ask for themselves.
    pub self_add: bool,
    /// Targets may extend and change what they hold.
    pub self_update: bool,
    /// Targets may give it back.
    pub self_remove: bool,
    /// Requestors may choose start and end.
    pub custom_schedule: bool,
    /// Others may ask for targets.
    pub on_behalf_add: bool,
    /// Others may change what targets hold.
    pub on_behalf_update: bool,
    /// Others may take it away.
    pub on_behalf_remove: bool,
    /// Who those others are.
    pub on_behalf: Vec<SubjectSet>,
}

/// Who approves.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ApprovalSettings {
    /// New access needs approval.
    pub required_for_add: bool,
    /// Extending and changing needs approval.
    pub required_for_update: bool,
    /// The requestor must give a reason.
    pub requestor_justification: bool,
    /// One after the other.
    pub stages: Vec<Stage>,
}

impl ApprovalSettings {
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.stages.len() > limits::STAGES_MAX {
            faults.add("requestApprovalSettings/stages", format!("there are at most {} stages", limits::STAGES_MAX));
        }
        if (self.required_for_add || self.required_for_update) && self.stages.is_empty() {
            faults.add("requestApprovalSettings/stages", "approval needs at least one stage".to_owned());
        }
        for (i, stage) in self.stages.iter().enumerate() {
            stage.check(&format!("requestApprovalSettings/stages/{i}"), faults);
            // Who has decided as somebody's manager or sponsor would only decide again (behaviour.md b.4).
            let earlier = self.stages.get(..i).unwrap_or_default();
            let is_repeated = |set: &&SubjectSet| set.is_relative() && earlier.iter().any(|s| s.asks_the_kind_of(set));
            if let Some(set) = stage.primary.iter().find(is_repeated) {
                let at = format!("requestApprovalSettings/stages/{i}/primaryApprovers");
                faults.add(&at, format!("{} can be approvers of one stage only", set.name()));
            }
        }
    }
}

/// Whether requestors see who approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ApproverVisibility {
    /// As the tenant says.
    #[default]
    Default,
    /// No.
    NotVisible,
    /// Yes.
    Visible,
}

/// One stage of approval.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stage {
    /// How long approvers have; absent or zero is 14 days (decisions.md H4).
    pub window: Option<IsoDuration>,
    /// Approvers must give a reason.
    pub approver_justification: bool,
    /// Whether alternates are asked when nobody answers.
    pub escalation_enabled: bool,
    /// How long until then.
    pub escalation_delay: Option<IsoDuration>,
    /// Approvers, with their fallbacks marked.
    pub primary: Vec<SubjectSet>,
    /// Alternates, with their fallbacks marked.
    pub escalation: Vec<SubjectSet>,
    /// Whether requestors see who approves.
    pub visibility: ApproverVisibility,
    /// An extension that names the approvers (dynamic stage).
    pub extension: Option<Uuid>,
}

/// Escalation needs a window of at least four days, and its delay lies between one day and the window.
const ESCALATION_WINDOW_MIN_SECONDS: i64 = 4 * 86_400;
const ESCALATION_DELAY_MIN_SECONDS: i64 = 86_400;
const STAGE_WINDOW_DEFAULT_DAYS: i32 = 14;
/// Managers are looked for so many levels up; the published model has two.
const MANAGER_LEVEL_MAX: i32 = 4;

impl Stage {
    /// How long approvers have.
    pub fn effective_window(&self) -> IsoDuration {
        self.window.filter(|w| !w.is_zero()).unwrap_or_else(|| IsoDuration::days(STAGE_WINDOW_DEFAULT_DAYS))
    }

    fn asks_the_kind_of(&self, set: &SubjectSet) -> bool {
        self.primary.iter().any(|own| std::mem::discriminant(own) == std::mem::discriminant(set))
    }

    fn check(&self, at: &str, faults: &mut Faults) {
        let mut fault = |field: &str, message: &str| faults.add(&format!("{at}/{field}"), message.to_owned());
        let window = self.effective_window().seconds();
        if !(limits::STAGE_WINDOW_MIN_SECONDS..=limits::STAGE_WINDOW_MAX_SECONDS).contains(&window) {
            fault("durationBeforeAutomaticDenial", "approvers need between one hour and 180 days");
        }
        if self.escalation_enabled {
            let delay = self.escalation_delay.map_or(0, |d| d.seconds());
            if window < ESCALATION_WINDOW_MIN_SECONDS {
                fault("durationBeforeAutomaticDenial", "escalation needs a window of at least four days");
            } else if !(ESCALATION_DELAY_MIN_SECONDS..window).contains(&delay) {
                fault(
                    "durationBeforeEscalation",
                    "escalation happens after at least one day and before the window ends",
                );
            }
        }
        if self.escalation_enabled && self.escalation.is_empty() {
            fault("escalationApprovers", "escalation needs somebody who is asked then");
        }
        if self.extension.is_none() && self.primary.is_empty() {
            fault("primaryApprovers", "a stage needs at least one primary approver");
        }
        for (list, sets) in [("primaryApprovers", &self.primary), ("escalationApprovers", &self.escalation)] {
            for (i, set) in sets.iter().enumerate() {
                if matches!(set, SubjectSet::Rule { .. } | SubjectSet::ServicePrincipal { .. }) {
                    fault(&format!("{list}/{i}"), "approvers are people");
                }
                if set.manager_level().is_some_and(|level| !(1..=MANAGER_LEVEL_MAX).contains(&level)) {
                    let message = format!("a manager is one to {MANAGER_LEVEL_MAX} levels up");
                    fault(&format!("{list}/{i}/managerLevel"), &message);
                }
            }
        }
    }
}

/// A text in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Localized {
    /// The language code.
    pub language: String,
    /// The text.
    pub text: String,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub text: String,
    /// What is shown in other languages.
    pub localizations: Vec<Localized>,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionKind {
    /// By text.
    Text {
        /// On one line.
        single_line: bool,
        /// The pattern it must match.
        pattern: Option<String>,
    },
    /// By choosing.
    Choice {
        /// Several at once.
        multiple: bool,
        /// What can be chosen.
        choices: Vec<Choice>,
    },
}

/// A question asked with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Whether it must be answered.
    pub is_required: bool,
    /// Whether approvers may change the answer.
    pub is_editable: bool,
    /// Its place.
    pub sequence: i32,
    /// What is asked.
    pub text: String,
    /// What is asked in other languages.
    pub localizations: Vec<Localized>,
    /// How it is answered.
    pub kind: QuestionKind,
}

impl Question {
    /// Whether a whole text matches the pattern that is asked for; without one every text does (ADR 13). The engine takes
    /// time that grows with the text and no more (decisions.md H24).
    pub fn matches(&self, text: &str) -> bool {
        match &self.kind {
            QuestionKind::Text { pattern: Some(pattern), .. } => whole(pattern).is_ok_and(|p| p.is_match(text)),
            QuestionKind::Text { pattern: None, .. } | QuestionKind::Choice { .. } => true,
        }
    }

    /// Checks what a save must satisfy; `at` is where the question stands.
    pub(crate) fn check(&self, at: &str, faults: &mut Faults) {
        if self.text.trim().is_empty() {
            faults.add(&format!("{at}/text"), "a question needs a text".to_owned());
        }
        match &self.kind {
            QuestionKind::Choice { choices, .. } if choices.is_empty() => {
                faults.add(&format!("{at}/choices"), format!("the question `{}` needs choices", self.text));
            }
            QuestionKind::Choice { choices, .. } => {
                let is_blank = choices.iter().any(|c| c.value.trim().is_empty());
                let is_twice =
                    choices.iter().enumerate().any(|(i, c)| choices.iter().take(i).any(|o| o.value == c.value));
                if is_blank || is_twice {
                    let message = format!("the choices of the question `{}` need values of their own", self.text);
                    faults.add(&format!("{at}/choices"), message);
                }
            }
            QuestionKind::Text { pattern: Some(pattern), .. } => {
                if let Err(why) = whole(pattern) {
                    faults.add(
                        &format!("{at}/regexPattern"),
                        format!("the pattern of the question `{}` {why}", self.text),
                    );
                }
            }
            QuestionKind::Text { pattern: None, .. } => {}
        }
    }
}

/// A pattern made ready for whole answers, or why it cannot be used. It is read by itself first: what is no pattern does
/// not become one by what is put around it.
fn whole(pattern: &str) -> Result<Regex, String> {
    if pattern.chars().count() > limits::PATTERN_CHARS_MAX {
        return Err(format!("has more than {} characters", limits::PATTERN_CHARS_MAX));
    }
    ready(pattern)?;
    // A comment at the end would take the closing bracket with it; where there can be one, a line's end ends it.
    ready(&format!("\\A(?:{pattern})\\z")).or_else(|_| ready(&format!("\\A(?:{pattern}\n)\\z")))
}

fn ready(pattern: &str) -> Result<Regex, String> {
    let made = RegexBuilder::new(pattern)
        .size_limit(limits::PATTERN_SIZE_MAX_BYTES)
        .dfa_size_limit(limits::PATTERN_SIZE_MAX_BYTES)
        .build();
    made.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "is too large".to_owned(),
        error => {
            let text = error.to_string();
            let cause = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("cannot be used: {cause}")
        }
    })
}

/// Assignment by rule.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AutomaticSettings {
    /// Assign whom the rule matches.
    pub assign: bool,
    /// Remove whom it matches no longer.
    pub remove: bool,
    /// How long after that.
    pub grace: Option<IsoDuration>,
}

/// What happens to those nobody reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ReviewOutcome {
    /// They keep access.
    #[default]
    Keep,
    /// They lose it.
    Remove,
    /// The recommendation decides.
    Recommendation,
}

/// When something happens again (the published recurrence pattern and range).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// The kind of pattern: `weekly`, `absoluteMonthly` and so on.
    pub pattern: String,
    /// Every so many units.
    pub interval: i32,
    /// Month of the year.
    pub month: i32,
    /// Day of the month.
    pub day_of_month: i32,
    /// Days of the week.
    pub days_of_week: Vec<String>,
    /// First day of the week.
    pub first_day_of_week: Option<String>,
    /// Which week.
    pub index: Option<String>,
    /// The kind of range: `noEnd`, `endDate` or `numbered`; `None` when no range was given.
    pub range: Option<String>,
    /// First date.
    pub start_date: Option<String>,
    /// Last date.
    pub end_date: Option<String>,
    /// So many times.
    pub occurrences: i32,
    /// Time zone of the dates.
    pub time_zone: Option<String>,
}

/// Access reviews of a policy's assignments.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of the published model")]
pub struct ReviewSettings {
    /// Whether reviews take place.
    pub is_enabled: bool,
    /// What happens to those nobody reviewed.
    pub on_timeout: ReviewOutcome,
    /// Whether recommendations are shown.
    pub recommends: bool,
    /// Whether reviewers must give a reason.
    pub justification: bool,
    /// Whether people review themselves.
    pub is_self_review: bool,
    /// An assistant helps the reviewers.
    pub is_assisted: bool,
    /// Reviewers, with their fallbacks marked.
    pub reviewers: Vec<SubjectSet>,
    /// When the first review starts.
    pub start: Option<Timestamp>,
    /// How long a review stays open.
    pub duration: Option<IsoDuration>,
    /// When reviews start again.
    pub recurrence: Option<Recurrence>,
}

/// A moment at which an extension is called. Numbers are the members of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExtensionStage {
    /// A request was made.
    RequestCreated = 1,
    /// A request was approved.
    RequestApproved = 2,
    /// Access was given.
    RequestGranted = 3,
    /// Access was taken.
    RequestRemoved = 4,
    /// Fourteen days before the end.
    FourteenDaysBeforeExpiration = 5,
    /// One day before the end.
    OneDayBeforeExpiration = 6,
}

impl ExtensionStage {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::RequestCreated,
        Self::RequestApproved,
        Self::RequestGranted,
        Self::RequestRemoved,
        Self::FourteenDaysBeforeExpiration,
        Self::OneDayBeforeExpiration,
    ];
}

/// An extension to call at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionStageSetting {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub stage: ExtensionStage,
    /// Which extension.
    pub extension: Uuid,
    /// The kind of extension as it was named, if it was.
    pub kind: Option<String>,
}

/// A credential people must present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialType {
    /// Its type.
    pub kind: Option<String>,
    /// Who may have issued it.
    pub issuers: Vec<String>,
}
