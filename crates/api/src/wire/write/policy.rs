//! Assignment policies as clients write them: both shapes become one value (semantics.md 6 and 12). What a version cannot
//! say is kept by its PUT; what it can say and leaves out goes back to the default.

use super::entitlement::agree;
use super::recurrence::{recurrence, simple_recurrence};
use super::request::expiration;
use super::{Body, read};
use crate::wire::schema::policy::{POLICY, RECURRENCE_TYPES, SCOPE_TYPES, TARGET_SCOPE};
use crate::wire::schema::types::{EXTENSION_STAGES, REVIEW_OUTCOMES, VISIBILITIES, policy as t};
use serde_json::Value as Json;
use tenure_domain::ids::{PackageId, QuestionId};
use tenure_domain::policy::{
    ApprovalSettings, AutomaticSettings, Choice, CredentialType, Expiration, ExtensionStageSetting, Localized, Policy,
    PolicyBody, Question, QuestionKind, Recurrence, RequestorSettings, ReviewOutcome, ReviewSettings, Stage,
    SubjectSet, TargetScope,
};
use tenure_domain::time::IsoDuration;
use tenure_domain::{Patch, Refusal};
use tenure_odata::edm::Version;
use tenure_service::policies::PolicyDraft;
use uuid::Uuid;

/// A policy to be made, and its package.
pub fn new_policy(value: &Json, version: Version) -> Result<(PackageId, PolicyDraft), Refusal> {
    read(value, |b| {
        let package = package_id(b);
        if package.is_none() && !b.has(&["accessPackageId", "accessPackage"]) {
            b.missing(&["accessPackageId"]);
        }
        let draft = overlay(b, blank(version, None), None, true);
        Some((package?, draft))
    })
}

/// What a PUT makes of a policy.
pub fn replaced(value: &Json, version: Version, old: &Policy) -> Result<PolicyDraft, Refusal> {
    read(value, |b| {
        same_package(b, old);
        Some(overlay(b, blank(version, Some(old)), Some(old), true))
    })
}

/// What a PATCH makes of a policy.
pub fn patched(value: &Json, old: &Policy) -> Result<PolicyDraft, Refusal> {
    read(value, |b| {
        same_package(b, old);
        let base = PolicyDraft { name: old.name.clone(), is_enabled: old.is_enabled, body: old.body.clone() };
        Some(overlay(b, base, Some(old), false))
    })
}

fn package_id(b: &Body<'_>) -> Option<PackageId> {
    let nested = b.object(&["accessPackage"]).and_then(|p| p.id(&["id"]));
    agree(b, "accessPackageId", b.id(&["accessPackageId"]), nested)
}

fn same_package(b: &Body<'_>, old: &Policy) {
    if package_id(b).is_some_and(|id| id != old.package) {
        b.fault("accessPackageId", "a policy stays with its access package");
    }
}

fn is_beta(version: Version) -> bool {
    version == Version::Beta
}

/// What a save starts from: defaults, and of the old value what this version has no words for.
fn blank(version: Version, old: Option<&Policy>) -> PolicyDraft {
    let mut body = PolicyBody::direct_assignment_only();
    let mut is_enabled = true;
    // Leaving `canExtend` out means yes; the older version's property defaults to no (decisions.md H11).
    body.requestor.self_update = is_beta(version);
    if let Some(old) = old {
        if is_beta(version) {
            body.automatic.clone_from(&old.body.automatic);
            let update = body.requestor.self_update;
            body.requestor = RequestorSettings { self_update: update, ..old.body.requestor.clone() };
        } else {
            body.credentials.clone_from(&old.body.credentials);
            // Only for self-service the older version has a word for the switch (decisions.md Q2).
            is_enabled = old.body.is_self_service() || old.is_enabled;
        }
    }
    PolicyDraft { name: String::new(), is_enabled, body }
}

/// Lays what a body says over a draft.
fn overlay(b: &Body<'_>, mut draft: PolicyDraft, old: Option<&Policy>, whole: bool) -> PolicyDraft {
    match b.text(&["displayName"]) {
        Some(name) => draft.name = name,
        None if whole => b.missing(&["displayName"]),
        None => {}
    }
    let body = &mut draft.body;
    set_optional(&mut body.description, b.patch_text(&["description"]));
    targets(b, body);
    ends(b, body, old);
    requestor(b, &mut draft.is_enabled, body);
    if let Some(can) = b.flag(&["canExtend"]) {
        body.requestor.self_update = can;
    }
    match b.patch_object(&["requestApprovalSettings"]) {
        Patch::Absent => {}
        Patch::Null => body.approval = ApprovalSettings::default(),
        Patch::Value(settings) => approval(&settings, &mut body.approval, old),
    }
    match b.patch_object(&["reviewSettings", "accessReviewSettings"]) {
        Patch::Absent => {}
        Patch::Null => body.review = None,
        Patch::Value(settings) => {
            body.review = Some(review(&settings, old.and_then(|p| p.body.review.as_ref())));
        }
    }
    if b.has(&["questions"]) {
        body.questions = b.objects(&["questions"]).unwrap_or_default().iter().filter_map(question).collect();
    }
    match b.patch_object(&["automaticRequestSettings"]) {
        Patch::Absent => {}
        Patch::Null => body.automatic = None,
        Patch::Value(settings) => body.automatic = Some(automatic(&settings)),
    }
    match b.patch_object(&["notificationSettings", "accessPackageNotificationSettings"]) {
        Patch::Absent => {}
        Patch::Null => body.mails_disabled = None,
        Patch::Value(settings) => {
            body.mails_disabled = settings.flag(&["isAssignmentNotificationDisabled"]);
            settings.finish(None, &[]);
        }
    }
    if let Some(all) = b.objects(&["customExtensionStageSettings", "customExtensionHandlers"]) {
        body.extensions = all.iter().filter_map(extension_stage).collect();
    }
    match b.patch_object(&["verifiableCredentialSettings"]) {
        Patch::Absent => {}
        Patch::Null => body.credentials = None,
        Patch::Value(settings) => body.credentials = Some(credentials(&settings)),
    }
    // Access that somebody may ask for is switched by one flag; the older word for it says the same.
    if body.is_self_service() {
        body.requestor.self_add = true;
    }
    b.finish(Some(&POLICY), &[]);
    draft
}

fn set_optional<T>(field: &mut Option<T>, patch: Patch<T>) {
    *field = patch.apply(field.take());
}

fn targets(b: &Body<'_>, body: &mut PolicyBody) {
    let words: Vec<(&str, TargetScope)> = TARGET_SCOPE
        .members
        .iter()
        .filter_map(|(code, word)| TargetScope::from_code(*code).map(|scope| (*word, scope)))
        .collect();
    if let Some(scope) = b.word(&["allowedTargetScope"], &words) {
        body.scope = scope;
    }
    if let Some(all) = b.objects(&["specificAllowedTargets"]) {
        body.targets = subject_sets(&all, false);
    }
}

/// The end of assignments, in three spellings. A count of days that only repeats what was shown keeps what is stored.
fn ends(b: &Body<'_>, body: &mut PolicyBody, old: Option<&Policy>) {
    if let Some(pattern) = b.object(&["expiration"]) {
        body.expiration = match expiration(&pattern) {
            // As zero days do in beta (behaviour.md c.7).
            Expiration::After(duration) if duration.is_zero() => Expiration::Never,
            given => given,
        };
        return;
    }
    let at = b.time(&["expirationDateTime"]);
    let days = b.int(&["durationInDays"]);
    let shown = old.map(|p| p.body.expiration);
    match (at, days) {
        (Some(at), _) => body.expiration = Expiration::At(at),
        (None, Some(days)) if days > 0 => {
            body.expiration = match shown {
                Some(Expiration::After(d)) if d.days_rounded_up() == i64::from(days) => Expiration::After(d),
                _ => Expiration::After(IsoDuration::days(days)),
            }
        }
        (None, Some(0)) => {
            body.expiration = shown.filter(|e| *e == Expiration::NotSpecified).unwrap_or(Expiration::Never);
        }
        (None, Some(_)) => b.fault("durationInDays", "`durationInDays` must not be below zero"),
        (None, None) => {}
    }
}

fn requestor(b: &Body<'_>, is_enabled: &mut bool, body: &mut PolicyBody) {
    let settings = match b.patch_object(&["requestorSettings"]) {
        Patch::Absent => return,
        Patch::Null => {
            body.requestor = RequestorSettings::default();
            return;
        }
        Patch::Value(settings) => settings,
    };
    let s = &settings;
    if let Some(scope) = s.word(&["scopeType"], &SCOPE_TYPES) {
        body.scope = scope;
    }
    if let Some(all) = s.objects(&["allowedRequestors"]) {
        body.targets = subject_sets(&all, false);
    }
    if let Some(accepts) = s.flag(&["acceptRequests"]) {
        *is_enabled = accepts;
    }
    let set = |field: &mut bool, names: &[&str]| {
        if let Some(value) = s.flag(names) {
            *field = value;
        }
    };
    if let Some(self_add) = s.flag(&["enableTargetsToSelfAddAccess"]) {
        body.requestor.self_add = self_add;
        if body.is_self_service() {
            *is_enabled = self_add;
        }
    }
    let r = &mut body.requestor;
    set(&mut r.self_update, &["enableTargetsToSelfUpdateAccess"]);
    set(&mut r.self_remove, &["enableTargetsToSelfRemoveAccess"]);
    set(&mut r.custom_schedule, &["allowCustomAssignmentSchedule"]);
    set(&mut r.on_behalf_add, &["enableOnBehalfRequestorsToAddAccess"]);
    set(&mut r.on_behalf_update, &["enableOnBehalfRequestorsToUpdateAccess"]);
    set(&mut r.on_behalf_remove, &["enableOnBehalfRequestorsToRemoveAccess"]);
    if let Some(all) = s.objects(&["onBehalfRequestors"]) {
        r.on_behalf = subject_sets(&all, false);
    }
    s.finish(None, &[]);
}

fn approval(b: &Body<'_>, settings: &mut ApprovalSettings, old: Option<&Policy>) {
    let set = |field: &mut bool, names: &[&str]| {
        if let Some(value) = b.flag(names) {
            *field = value;
        }
    };
    set(&mut settings.required_for_add, &["isApprovalRequiredForAdd", "isApprovalRequired"]);
    set(&mut settings.required_for_update, &["isApprovalRequiredForUpdate", "isApprovalRequiredForExtension"]);
    set(&mut settings.requestor_justification, &["isRequestorJustificationRequired"]);
    let modes =
        [("NoApproval", 0..=0), ("SingleStage", 1..=1), ("Serial", 2..=3)].map(|(w, r)| (w, (*r.start(), *r.end())));
    let mode = b.word(&["approvalMode"], &modes);
    if let Some(stages) = b.objects(&["stages", "approvalStages"]) {
        let known = old.map(|p| p.body.approval.stages.as_slice()).unwrap_or_default();
        settings.stages = stages.iter().enumerate().map(|(i, s)| stage(s, known.get(i))).collect();
        let count = settings.stages.len();
        if mode.is_some_and(|(least, most)| !(least..=most).contains(&count)) {
            b.fault("approvalMode", format!("`approvalMode` does not go with {count} stages"));
        }
    }
    b.finish(None, &[]);
}

/// Minutes as a duration, in days where they are whole ones.
fn minutes(n: i32) -> Option<IsoDuration> {
    if n % 1_440 == 0 { Some(IsoDuration::days(n / 1_440)) } else { format!("PT{n}M").parse().ok() }
}

fn stage(b: &Body<'_>, known: Option<&Stage>) -> Stage {
    let shown = known.map(Stage::effective_window);
    let days = b.int(&["approvalStageTimeOutInDays"]).filter(|n| *n != 0);
    let in_days = days.map(|n| match shown {
        Some(window) if window.days_rounded_up() == i64::from(n) => window,
        _ => IsoDuration::days(n),
    });
    let delay = b.int(&["escalationTimeInMinutes"]).filter(|n| *n > 0).and_then(|n| {
        let stored = known.and_then(|s| s.escalation_delay).filter(|d| d.minutes_total() == i64::from(n));
        stored.or_else(|| minutes(n))
    });
    let sets =
        |names: &[&str], backup: bool| b.objects(names).map(|all| subject_sets(&all, backup)).unwrap_or_default();
    let extension = b.object(&["customExtension"]).and_then(|e| e.id(&["id"]));
    let stage = Stage {
        window: b.duration(&["durationBeforeAutomaticDenial"]).or(in_days),
        approver_justification: b.flag(&["isApproverJustificationRequired"]).unwrap_or(false),
        escalation_enabled: b.flag(&["isEscalationEnabled"]).unwrap_or(false),
        escalation_delay: b.duration(&["durationBeforeEscalation"]).filter(|d| !d.is_zero()).or(delay),
        primary: [sets(&["primaryApprovers"], false), sets(&["fallbackPrimaryApprovers"], true)].concat(),
        escalation: [sets(&["escalationApprovers"], false), sets(&["fallbackEscalationApprovers"], true)].concat(),
        visibility: b.word(&["approverInformationVisibility"], &VISIBILITIES).unwrap_or_default(),
        extension,
    };
    b.finish(None, &[]);
    stage
}

/// Subject sets of a list; all of them fallbacks in a list of fallbacks.
fn subject_sets(all: &[Body<'_>], backups: bool) -> Vec<SubjectSet> {
    all.iter().filter_map(|b| subject_set(b).map(|s| if backups { s.as_backup(true) } else { s })).collect()
}

fn subject_set(b: &Body<'_>) -> Option<SubjectSet> {
    let Some(kind) = b.type_name() else {
        b.fault("@odata.type", "`@odata.type` is required, such as #microsoft.graph.singleUser");
        return None;
    };
    let backup = b.flag(&["isBackup"]).unwrap_or(false);
    let description = || b.text(&["description"]);
    let level = || b.int(&["managerLevel"]).unwrap_or(1);
    let id = |names: &[&str]| {
        let id = b.id::<Uuid>(names);
        if id.is_none() && !b.has(names) {
            b.missing(names);
        }
        id
    };
    let set = match kind.to_ascii_lowercase().as_str() {
        "singleuser" => SubjectSet::User { id: id(&["userId", "id"])?, description: description(), backup },
        "groupmembers" => SubjectSet::Group { id: id(&["groupId", "id"])?, description: description(), backup },
        "singleserviceprincipal" => {
            SubjectSet::ServicePrincipal { id: id(&["servicePrincipalId", "id"])?, description: description() }
        }
        "connectedorganizationmembers" => SubjectSet::ConnectedOrganization {
            id: id(&["connectedOrganizationId", "id"])?,
            description: description(),
            backup,
        },
        "requestormanager" => SubjectSet::RequestorManager { level: level(), backup },
        "targetmanager" => SubjectSet::TargetManager { level: level(), backup },
        "internalsponsors" => SubjectSet::InternalSponsors { backup },
        "externalsponsors" => SubjectSet::ExternalSponsors { backup },
        "targetusersponsors" => SubjectSet::TargetUserSponsors { backup },
        "targetagentidentitysponsorsorowners" => SubjectSet::TargetAgentSponsorsOrOwners { backup },
        "targetapplicationowners" => SubjectSet::TargetApplicationOwners { backup },
        "attributerulemembers" => {
            SubjectSet::Rule { description: description(), rule: b.text(&["membershipRule"]), backup }
        }
        _ => {
            b.fault("@odata.type", format!("`{kind}` is no kind of people that a policy can name"));
            return None;
        }
    };
    b.finish(None, &["id", "description", "email", "displayName"]);
    Some(set)
}

fn automatic(b: &Body<'_>) -> AutomaticSettings {
    let settings = AutomaticSettings {
        assign: b.flag(&["requestAccessForAllowedTargets"]).unwrap_or(false),
        remove: b.flag(&["removeAccessWhenTargetLeavesAllowedTargets"]).unwrap_or(false),
        grace: b.duration(&["gracePeriodBeforeAccessRemoval"]),
    };
    b.finish(None, &[]);
    settings
}

fn credentials(b: &Body<'_>) -> Vec<CredentialType> {
    let one = |c: &Body<'_>| {
        let made =
            CredentialType { kind: c.text(&["credentialType"]), issuers: c.texts(&["issuers"]).unwrap_or_default() };
        c.finish(None, &[]);
        made
    };
    let all = b.objects(&["credentialTypes"]).unwrap_or_default().iter().map(one).collect();
    b.finish(None, &[]);
    all
}

fn extension_stage(b: &Body<'_>) -> Option<ExtensionStageSetting> {
    let stage = b.word(&["stage"], &EXTENSION_STAGES);
    let named = b.object(&["customExtension"]);
    let extension = named.as_ref().and_then(|e| e.id(&["id"]));
    if extension.is_none() {
        b.missing(&["customExtension"]);
    }
    if stage.is_none() && !b.has(&["stage"]) {
        b.missing(&["stage"]);
    }
    let id = b.id(&["id"]).unwrap_or_default();
    b.finish(None, &[]);
    let kind = named.as_ref().and_then(|n| extension_type(n));
    Some(ExtensionStageSetting { id, stage: stage?, extension: extension?, kind })
}

/// The type an extension says it has, spelt as it is published.
fn extension_type(b: &Body<'_>) -> Option<String> {
    let said = b.type_name()?;
    let known = [Version::V1, Version::Beta].into_iter().find_map(|v| t::EXTENSION.variant(v, said)?.name.get(v));
    if known.is_none() {
        b.fault("@odata.type", format!("`{said}` is no kind of extension that a policy can name"));
    }
    known.map(|kind| format!("#microsoft.graph.{kind}"))
}

/// A text with translations, in either shape.
fn content(b: &Body<'_>, names: &[&str]) -> (Option<String>, Vec<Localized>) {
    match b.raw(names) {
        Some(Json::String(text)) => (Some(text.clone()), Vec::new()),
        Some(Json::Object(_)) => {
            let Some(inner) = b.object(names) else { return (None, Vec::new()) };
            let text = inner.text(&["defaultText"]);
            let all = localized(&inner, &["localizedTexts"]);
            inner.finish(None, &[]);
            (text, all)
        }
        Some(Json::Null) | None => (None, Vec::new()),
        Some(_) => {
            let name = names.first().copied().unwrap_or_default();
            b.fault(name, format!("`{name}` must be a text"));
            (None, Vec::new())
        }
    }
}

fn localized(b: &Body<'_>, names: &[&str]) -> Vec<Localized> {
    let one = |l: &Body<'_>| {
        let made = Localized {
            language: l.text(&["languageCode"]).unwrap_or_default(),
            text: l.text(&["text"]).unwrap_or_default(),
        };
        l.finish(None, &[]);
        made
    };
    b.objects(names).unwrap_or_default().iter().map(one).collect()
}

/// A question, in either shape.
pub(super) fn question(b: &Body<'_>) -> Option<Question> {
    let (text, mut localizations) = content(b, &["text"]);
    localizations.extend(localized(b, &["localizations"]));
    let multiple = b.flag(&["isMultipleSelectionAllowed", "allowsMultipleSelection"]);
    let single_line = b.flag(&["isSingleLineQuestion"]);
    let pattern = b.text(&["regexPattern"]);
    let choices = b.objects(&["choices"]);
    let is_choice = match b.type_name().map(str::to_ascii_lowercase).as_deref() {
        Some("accesspackagemultiplechoicequestion") => true,
        Some("accesspackagetextinputquestion") => false,
        Some(other) => {
            b.fault("@odata.type", format!("`{other}` is no kind of question"));
            return None;
        }
        // The base type alone says nothing about how it is answered.
        None if choices.is_some() => true,
        None if single_line.is_some() || pattern.is_some() => false,
        None => {
            b.fault(
                "@odata.type",
                "`@odata.type` is required, such as #microsoft.graph.accessPackageTextInputQuestion",
            );
            return None;
        }
    };
    let kind = if is_choice {
        let choices = choices.unwrap_or_default().iter().map(choice).collect();
        QuestionKind::Choice { multiple: multiple.unwrap_or(false), choices }
    } else {
        QuestionKind::Text { single_line: single_line.unwrap_or(false), pattern }
    };
    let question = Question {
        id: b.id(&["id"]).unwrap_or(QuestionId(Uuid::nil())),
        is_required: b.flag(&["isRequired"]).unwrap_or(false),
        is_editable: b.flag(&["isAnswerEditable"]).unwrap_or(true),
        sequence: b.int(&["sequence"]).unwrap_or(0),
        text: text.unwrap_or_default(),
        localizations,
        kind,
    };
    b.finish(None, &[]);
    Some(question)
}

fn choice(b: &Body<'_>) -> Choice {
    let value = b.text(&["actualValue"]);
    let (plain, mut localizations) = content(b, &["text"]);
    localizations.extend(localized(b, &["localizations"]));
    let (display, more) = content(b, &["displayValue"]);
    localizations.extend(more);
    b.finish(None, &[]);
    let text = plain.or(display);
    let value = value.or_else(|| text.clone()).unwrap_or_default();
    Choice { text: text.unwrap_or_else(|| value.clone()), value, localizations }
}

/// Who reviews, in the word of the older version.
#[derive(Clone, Copy, PartialEq)]
enum Reviewers {
    Themselves,
    Named,
    Managers,
}

/// Settings of reviews. Words that only repeat what the newer version showed keep what is stored: it can say more.
fn review(b: &Body<'_>, known: Option<&ReviewSettings>) -> ReviewSettings {
    let outcomes = REVIEW_OUTCOMES;
    let types = [("Self", Reviewers::Themselves), ("Reviewers", Reviewers::Named), ("Manager", Reviewers::Managers)];
    let kind = b.word(&["reviewerType"], &types);
    let sets = |names: &[&str], backup| b.objects(names).map(|all| subject_sets(&all, backup)).unwrap_or_default();
    let mut reviewers = [sets(&["primaryReviewers", "reviewers"], false), sets(&["fallbackReviewers"], true)].concat();
    if kind == Some(Reviewers::Managers) {
        reviewers.splice(0..0, managers(known));
    }
    let schedule = b.object(&["schedule"]);
    let when = schedule.as_ref().map(review_schedule).unwrap_or_default();
    let days = b.int(&["durationInDays"]).filter(|d| *d > 0);
    let in_days = days.map(|n| match known.and_then(|k| k.duration) {
        Some(shown) if shown.days_rounded_up() == i64::from(n) => shown,
        _ => IsoDuration::days(n),
    });
    let settings = ReviewSettings {
        is_enabled: b.flag(&["isEnabled"]).unwrap_or(false),
        on_timeout: b
            .word(&["expirationBehavior", "accessReviewTimeoutBehavior"], &outcomes)
            .unwrap_or(ReviewOutcome::Keep),
        recommends: b.flag(&["isRecommendationEnabled", "isAccessRecommendationEnabled"]).unwrap_or(true),
        justification: b.flag(&["isReviewerJustificationRequired", "isApprovalJustificationRequired"]).unwrap_or(true),
        is_self_review: b.flag(&["isSelfReview"]).unwrap_or(kind == Some(Reviewers::Themselves)),
        is_assisted: b.flag(&["isAgenticExperienceEnabled"]).unwrap_or(false),
        reviewers,
        start: b.time(&["startDateTime"]).or(when.start),
        duration: in_days.or(when.duration),
        recurrence: repeated(b, known.and_then(|k| k.recurrence.as_ref())).or(when.recurrence),
    };
    b.finish(None, &[]);
    settings
}

/// The managers that the newer version calls by one word.
fn managers(known: Option<&ReviewSettings>) -> Vec<SubjectSet> {
    let is_manager =
        |s: &&SubjectSet| matches!(s, SubjectSet::RequestorManager { .. } | SubjectSet::TargetManager { .. });
    let stored: Vec<SubjectSet> = known.iter().flat_map(|k| &k.reviewers).filter(is_manager).cloned().collect();
    if stored.is_empty() { vec![SubjectSet::RequestorManager { level: 1, backup: false }] } else { stored }
}

/// How often reviews happen, in the one word of the newer version; null is what it shows where it has no word.
fn repeated(b: &Body<'_>, known: Option<&Recurrence>) -> Option<Recurrence> {
    let periods = RECURRENCE_TYPES.map(|(word, pattern, interval)| (word, (pattern, interval)));
    let shown = known.map(|r| (r.pattern.as_str(), r.interval));
    match b.word(&["recurrenceType"], &periods) {
        Some(word) if shown == Some(word) => known.cloned(),
        Some((pattern, interval)) => Some(simple_recurrence(pattern, interval)),
        None => {
            let has_word = periods.iter().any(|(_, period)| Some(*period) == shown);
            known.filter(|_| !has_word && b.has(&["recurrenceType"])).cloned()
        }
    }
}

#[derive(Default)]
struct ReviewSchedule {
    start: Option<tenure_domain::Timestamp>,
    duration: Option<IsoDuration>,
    recurrence: Option<Recurrence>,
}

fn review_schedule(b: &Body<'_>) -> ReviewSchedule {
    let end = b.object(&["expiration"]).map(|e| expiration(&e));
    let made = ReviewSchedule {
        start: b.time(&["startDateTime"]),
        duration: match end {
            Some(Expiration::After(duration)) => Some(duration),
            _ => None,
        },
        recurrence: b.object(&["recurrence"]).map(|r| recurrence(&r)),
    };
    b.finish(None, &[]);
    made
}
