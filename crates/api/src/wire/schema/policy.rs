//! Assignment policies: one stored value, two shapes (semantics.md 6 and 12). This file writes; `wire::write::policy`
//! reads. Both go through the same tables of words.

use super::types::request::EXPIRATION;
use super::types::{EXTENSION_STAGES, FLAG, NUMBER, REVIEW_OUTCOMES, TIME, VISIBILITIES, policy as t};
use super::{id, keyed, time};
use crate::wire::json;
use crate::wire::schema::entitlement::{CATALOG, PACKAGE};
use jiff::Timestamp;
use serde_json::{Value as Json, json as j};
use std::cell::RefCell;
use std::rc::Rc;
use tenure_domain::policy::{
    Choice, Expiration, Localized, PolicyBody, Question, QuestionKind, Recurrence, ReviewSettings, Stage, SubjectSet,
    TargetScope,
};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, Column, EntityType, EnumType, Kind, Name, Nav, Property, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;

/// Who can be given access, in the older version's words.
pub static TARGET_SCOPE: EnumType = EnumType::named(
    Name::pair("allowedTargetScope", ""),
    &[
        (0, "notSpecified"),
        (1, "specificDirectoryUsers"),
        (2, "specificConnectedOrganizationUsers"),
        (3, "specificDirectoryServicePrincipals"),
        (4, "allMemberUsers"),
        (5, "allDirectoryUsers"),
        (6, "allDirectoryServicePrincipals"),
        (7, "allConfiguredConnectedOrganizationUsers"),
        (8, "allExternalUsers"),
        (9, "allDirectoryAgentIdentities"),
    ],
);

/// The same in the newer version's words. The last word of a scope is the one that is written.
pub const SCOPE_TYPES: [(&str, TargetScope); 11] = [
    ("AllExistingConnectedOrganizationSubjects", TargetScope::AllConfiguredConnectedOrganizationUsers),
    ("NoSubjects", TargetScope::NotSpecified),
    ("SpecificDirectorySubjects", TargetScope::SpecificDirectoryUsers),
    ("SpecificConnectedOrganizationSubjects", TargetScope::SpecificConnectedOrganizationUsers),
    ("SpecificDirectoryServicePrincipals", TargetScope::SpecificDirectoryServicePrincipals),
    ("AllExistingDirectoryMemberUsers", TargetScope::AllMemberUsers),
    ("AllExistingDirectorySubjects", TargetScope::AllDirectoryUsers),
    ("AllDirectoryServicePrincipals", TargetScope::AllDirectoryServicePrincipals),
    ("AllConfiguredConnectedOrganizationSubjects", TargetScope::AllConfiguredConnectedOrganizationUsers),
    ("AllExternalSubjects", TargetScope::AllExternalUsers),
    ("AllDirectoryAgentIdentities", TargetScope::AllDirectoryAgentIdentities),
];

/// Words of the newer version for how often reviews happen: kind of pattern, and every so many.
pub const RECURRENCE_TYPES: [(&str, &str, i32); 5] = [
    ("weekly", "weekly", 1),
    ("monthly", "absoluteMonthly", 1),
    ("quarterly", "absoluteMonthly", 3),
    ("halfyearly", "absoluteMonthly", 6),
    ("annual", "absoluteYearly", 1),
];

/// The word of a value; the last entry wins.
fn word_of<T: PartialEq + Copy>(table: &[(&'static str, T)], value: T) -> &'static str {
    table.iter().rev().find(|(_, v)| *v == value).map_or("", |(word, _)| word)
}

/// The settings in a cell. Several properties of one row ask for the same text: the last one parsed is kept.
fn body(row: &dyn Cells, i: usize) -> Option<Rc<PolicyBody>> {
    thread_local! {
        static LAST: RefCell<Option<(String, Rc<PolicyBody>)>> = const { RefCell::new(None) };
    }
    let text = row.cell(i).text()?;
    LAST.with_borrow_mut(|last| {
        if let Some((known, parsed)) = last
            && known == text
        {
            return Some(parsed.clone());
        }
        let parsed = Rc::new(serde_json::from_str::<PolicyBody>(text).ok()?);
        *last = Some((text.to_owned(), parsed.clone()));
        Some(parsed)
    })
}

/// A property made from the settings by a function that knows the version.
macro_rules! from_body {
    ($($(#[$doc:meta])* $function:ident = |$body:ident, $version:ident| $make:expr;)+) => {$(
        $(#[$doc])*
        fn $function(row: &dyn Cells, $version: Version, out: &mut Vec<u8>) {
            match body(row, 0) {
                Some($body) => json::any(out, &$make),
                None => out.extend(b"null"),
            }
        }
    )+};
}

fn is_beta(version: Version) -> bool {
    version == Version::Beta
}

from_body! {
    description = |b, _version| b.description;
    duration_in_days = |b, _version| match b.expiration {
        Expiration::After(duration) => duration.days_rounded_up(),
        _ => 0,
    };
    expiration_date_time = |b, _version| match b.expiration {
        Expiration::At(at) => j!(at),
        _ => Json::Null,
    };
    expiration = |b, _version| expiration_json(&b.expiration);
    can_extend = |b, _version| b.requestor.self_update;
    targets = |b, version| subject_sets(&b.targets, version);
    approval = |b, version| approval_json(&b, version);
    review = |b, version| b.review.as_ref().map(|r| review_json(r, version));
    questions = |b, version| b.questions.iter().map(|q| question_json(q, version)).collect::<Vec<_>>();
    automatic = |b, _version| b.automatic.as_ref().map(|a| j!({
        "requestAccessForAllowedTargets": a.assign,
        "removeAccessWhenTargetLeavesAllowedTargets": a.remove,
        "gracePeriodBeforeAccessRemoval": a.grace.map(|g| g.to_string()),
    }));
    notification = |b, _version| b.mails_disabled.map(|off| j!({ "isAssignmentNotificationDisabled": off }));
    extension_stages = |b, _version| b.extensions.iter().map(|e| j!({
        "id": e.id,
        "stage": word_of(&EXTENSION_STAGES, e.stage),
        "customExtension": {
            "@odata.type": e.kind.as_deref().unwrap_or("#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"),
            "id": e.extension,
        },
    })).collect::<Vec<_>>();
    credentials = |b, _version| b.credentials.as_ref().map(|all| j!({
        "credentialTypes": all.iter().map(|c| j!({ "credentialType": c.kind, "issuers": c.issuers })).collect::<Vec<_>>(),
    }));
}

fn requestor(row: &dyn Cells, version: Version, out: &mut Vec<u8>) {
    let Some(b) = body(row, 0) else { return out.extend(b"null") };
    let enabled = row.cell(1).bool().unwrap_or(true);
    let r = &b.requestor;
    let shown = if is_beta(version) {
        j!({
            "scopeType": word_of(&SCOPE_TYPES, b.scope),
            "acceptRequests": enabled,
            "allowedRequestors": subject_sets(&b.targets, version),
        })
    } else {
        j!({
            "enableTargetsToSelfAddAccess": if b.is_self_service() { enabled } else { r.self_add },
            "enableTargetsToSelfUpdateAccess": r.self_update,
            "enableTargetsToSelfRemoveAccess": r.self_remove,
            "allowCustomAssignmentSchedule": r.custom_schedule,
            "enableOnBehalfRequestorsToAddAccess": r.on_behalf_add,
            "enableOnBehalfRequestorsToUpdateAccess": r.on_behalf_update,
            "enableOnBehalfRequestorsToRemoveAccess": r.on_behalf_remove,
            "onBehalfRequestors": subject_sets(&r.on_behalf, version),
        })
    };
    json::any(out, &shown);
}

/// An end, as a pattern.
pub fn expiration_json(end: &Expiration) -> Json {
    let (kind, duration, at): (_, _, Option<Timestamp>) = match end {
        Expiration::NotSpecified => ("notSpecified", None, None),
        Expiration::Never => ("noExpiration", None, None),
        Expiration::After(duration) => ("afterDuration", Some(duration.to_string()), None),
        Expiration::At(at) => ("afterDateTime", None, Some(*at)),
    };
    j!({ "endDateTime": at, "duration": duration, "type": kind })
}

fn subject_sets(sets: &[SubjectSet], version: Version) -> Vec<Json> {
    sets.iter().map(|s| subject_set(s, version)).collect()
}

/// A subject set with its type; the newer version calls every id `id` and marks fallbacks.
pub fn subject_set(set: &SubjectSet, version: Version) -> Json {
    let named = |kind: &str, older: &str, id: &uuid::Uuid, description: &Option<String>| {
        let key = if is_beta(version) { "id" } else { older };
        j!({ "@odata.type": format!("#microsoft.graph.{kind}"), key: id, "description": description })
    };
    let bare = |kind: &str| j!({ "@odata.type": format!("#microsoft.graph.{kind}") });
    let manager =
        |kind: &str, level: i32| j!({ "@odata.type": format!("#microsoft.graph.{kind}"), "managerLevel": level });
    let mut shown = match set {
        SubjectSet::User { id, description, .. } => named("singleUser", "userId", id, description),
        SubjectSet::Group { id, description, .. } => named("groupMembers", "groupId", id, description),
        SubjectSet::ServicePrincipal { id, description } => {
            named("singleServicePrincipal", "servicePrincipalId", id, description)
        }
        SubjectSet::ConnectedOrganization { id, description, .. } => {
            named("connectedOrganizationMembers", "connectedOrganizationId", id, description)
        }
        SubjectSet::RequestorManager { level, .. } => manager("requestorManager", *level),
        SubjectSet::TargetManager { level, .. } => manager("targetManager", *level),
        SubjectSet::InternalSponsors { .. } => bare("internalSponsors"),
        SubjectSet::ExternalSponsors { .. } => bare("externalSponsors"),
        SubjectSet::TargetUserSponsors { .. } => bare("targetUserSponsors"),
        SubjectSet::TargetAgentSponsorsOrOwners { .. } => bare("targetAgentIdentitySponsorsOrOwners"),
        SubjectSet::TargetApplicationOwners { .. } => bare("targetApplicationOwners"),
        SubjectSet::Rule { description, rule, .. } => j!({
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": description,
            "membershipRule": rule,
        }),
    };
    if is_beta(version)
        && let Some(object) = shown.as_object_mut()
    {
        object.insert("isBackup".to_owned(), j!(set.is_backup()));
    }
    shown
}

fn approval_json(b: &PolicyBody, version: Version) -> Json {
    let a = &b.approval;
    if !is_beta(version) {
        return j!({
            "isApprovalRequiredForAdd": a.required_for_add,
            "isApprovalRequiredForUpdate": a.required_for_update,
            "isRequestorJustificationRequired": a.requestor_justification,
            "stages": a.stages.iter().map(|s| stage_json(s, version)).collect::<Vec<_>>(),
        });
    }
    let mode = match a.stages.len() {
        0 => "NoApproval",
        1 => "SingleStage",
        _ => "Serial",
    };
    j!({
        "isApprovalRequired": a.required_for_add,
        "isApprovalRequiredForExtension": a.required_for_update,
        "isRequestorJustificationRequired": a.requestor_justification,
        "approvalMode": mode,
        "approvalStages": a.stages.iter().map(|s| stage_json(s, version)).collect::<Vec<_>>(),
    })
}

fn stage_json(s: &Stage, version: Version) -> Json {
    let mut shown = if is_beta(version) {
        j!({
            "approvalStageTimeOutInDays": s.effective_window().days_rounded_up(),
            "isApproverJustificationRequired": s.approver_justification,
            "isEscalationEnabled": s.escalation_enabled,
            "escalationTimeInMinutes": s.escalation_delay.map_or(0, |d| d.minutes_total()),
            "primaryApprovers": subject_sets(&s.primary, version),
            "escalationApprovers": subject_sets(&s.escalation, version),
        })
    } else {
        let (primary, fallback): (Vec<SubjectSet>, Vec<SubjectSet>) =
            s.primary.iter().cloned().partition(|a| !a.is_backup());
        let (escalation, fallback_escalation): (Vec<SubjectSet>, Vec<SubjectSet>) =
            s.escalation.iter().cloned().partition(|a| !a.is_backup());
        j!({
            "durationBeforeAutomaticDenial": s.effective_window().to_string(),
            "isApproverJustificationRequired": s.approver_justification,
            "isEscalationEnabled": s.escalation_enabled,
            "durationBeforeEscalation": s.escalation_delay.map_or_else(|| "PT0S".to_owned(), |d| d.to_string()),
            "primaryApprovers": subject_sets(&primary, version),
            "fallbackPrimaryApprovers": subject_sets(&fallback, version),
            "escalationApprovers": subject_sets(&escalation, version),
            "fallbackEscalationApprovers": subject_sets(&fallback_escalation, version),
        })
    };
    if let Some(object) = shown.as_object_mut() {
        object.insert("approverInformationVisibility".to_owned(), j!(word_of(&VISIBILITIES, s.visibility)));
        if let Some(extension) = s.extension {
            object.insert("@odata.type".to_owned(), j!("#microsoft.graph.accessPackageDynamicApprovalStage"));
            object.insert(
                "customExtension".to_owned(),
                j!({
                    "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
                    "id": extension,
                }),
            );
        }
    }
    shown
}

fn review_json(r: &ReviewSettings, version: Version) -> Json {
    if is_beta(version) {
        let manager = r
            .reviewers
            .iter()
            .any(|s| matches!(s, SubjectSet::RequestorManager { .. } | SubjectSet::TargetManager { .. }));
        let reviewer_type = if r.is_self_review {
            "Self"
        } else if manager {
            "Manager"
        } else {
            "Reviewers"
        };
        let named: Vec<SubjectSet> = r
            .reviewers
            .iter()
            .filter(|s| !matches!(s, SubjectSet::RequestorManager { .. } | SubjectSet::TargetManager { .. }))
            .cloned()
            .collect();
        return j!({
            "isEnabled": r.is_enabled,
            "recurrenceType": r.recurrence.as_ref().and_then(recurrence_word),
            "reviewerType": reviewer_type,
            "startDateTime": r.start,
            "durationInDays": r.duration.map_or(0, |d| d.days_rounded_up()),
            "reviewers": subject_sets(&named, version),
            "isAccessRecommendationEnabled": r.recommends,
            "isApprovalJustificationRequired": r.justification,
            "isAgenticExperienceEnabled": r.is_assisted,
            "accessReviewTimeoutBehavior": word_of(&REVIEW_OUTCOMES, r.on_timeout),
        });
    }
    let (primary, fallback): (Vec<SubjectSet>, Vec<SubjectSet>) =
        r.reviewers.iter().cloned().partition(|a| !a.is_backup());
    let end = r.duration.map_or(Expiration::NotSpecified, Expiration::After);
    j!({
        "isEnabled": r.is_enabled,
        "expirationBehavior": word_of(&REVIEW_OUTCOMES, r.on_timeout),
        "isRecommendationEnabled": r.recommends,
        "isReviewerJustificationRequired": r.justification,
        "isSelfReview": r.is_self_review,
        "schedule": {
            "startDateTime": r.start,
            "expiration": expiration_json(&end),
            "recurrence": r.recurrence.as_ref().map(recurrence_json),
        },
        "primaryReviewers": subject_sets(&primary, version),
        "fallbackReviewers": subject_sets(&fallback, version),
    })
}

fn recurrence_word(r: &Recurrence) -> Option<&'static str> {
    let found = RECURRENCE_TYPES.iter().find(|(_, pattern, interval)| *pattern == r.pattern && *interval == r.interval);
    found.map(|(word, _, _)| *word)
}

fn recurrence_json(r: &Recurrence) -> Json {
    let range = r.range.as_ref().map(|kind| {
        j!({
            "type": kind,
            "startDate": r.start_date,
            "endDate": r.end_date,
            "numberOfOccurrences": r.occurrences,
            "recurrenceTimeZone": r.time_zone,
        })
    });
    j!({
        "pattern": {
            "type": r.pattern,
            "interval": r.interval,
            "month": r.month,
            "dayOfMonth": r.day_of_month,
            "daysOfWeek": r.days_of_week,
            "firstDayOfWeek": r.first_day_of_week,
            "index": r.index,
        },
        "range": range,
    })
}

fn localized(all: &[Localized]) -> Vec<Json> {
    all.iter().map(|l| j!({ "languageCode": l.language, "text": l.text })).collect()
}

fn content(text: &str, localizations: &[Localized]) -> Json {
    j!({ "defaultText": text, "localizedTexts": localized(localizations) })
}

fn choice_json(choice: &Choice, version: Version) -> Json {
    if is_beta(version) {
        return j!({ "actualValue": choice.value, "displayValue": content(&choice.text, &choice.localizations) });
    }
    j!({ "actualValue": choice.value, "text": choice.text, "localizations": localized(&choice.localizations) })
}

/// A question with its type.
pub fn question_json(q: &Question, version: Version) -> Json {
    let mut shown = j!({
        "id": q.id,
        "isRequired": q.is_required,
        "isAnswerEditable": q.is_editable,
        "sequence": q.sequence,
    });
    let Some(object) = shown.as_object_mut() else { return shown };
    let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
    if is_beta(version) {
        put("text", content(&q.text, &q.localizations));
    } else {
        put("text", j!(q.text));
        put("localizations", j!(localized(&q.localizations)));
    }
    match &q.kind {
        QuestionKind::Text { single_line, pattern } => {
            put("@odata.type", j!("#microsoft.graph.accessPackageTextInputQuestion"));
            put("isSingleLineQuestion", j!(single_line));
            put("regexPattern", j!(pattern));
        }
        QuestionKind::Choice { multiple, choices } => {
            let name = if is_beta(version) { "allowsMultipleSelection" } else { "isMultipleSelectionAllowed" };
            put("@odata.type", j!("#microsoft.graph.accessPackageMultipleChoiceQuestion"));
            put(name, j!(multiple));
            put("choices", j!(choices.iter().map(|c| choice_json(c, version)).collect::<Vec<_>>()));
        }
    }
    shown
}

const BODY: &[Column] = &[c::policy_version::BODY];
const BODY_AND_SWITCH: &[Column] = &[c::policy_version::BODY, c::policy::ENABLED];

/// An assignment policy.
pub static POLICY: EntityType = EntityType::new(
    "accessPackageAssignmentPolicy",
    c::policy::RELATION,
    &[
        id(Name::both("id"), &[c::policy::ID]).required(),
        keyed(Name::both("displayName"), &[c::policy::NAME], c::policy::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Custom(description), BODY),
        id(Name::pair("", "accessPackageId"), &[c::policy::PACKAGE]).required(),
        time(Name::both("createdDateTime"), &[c::policy::CREATED]).required(),
        time(Name::both("modifiedDateTime"), &[c::policy::MODIFIED]).required(),
        Property::new(Name::pair("", "createdBy"), Codec::Text, &[c::policy::CREATED_BY]),
        Property::new(Name::pair("", "modifiedBy"), Codec::Text, &[c::policy::MODIFIED_BY]),
        Property::new(Name::pair("allowedTargetScope", ""), Codec::Enum(&TARGET_SCOPE), &[c::policy::SCOPE])
            .by(c::policy::SCOPE, Kind::Enum(&TARGET_SCOPE))
            .required(),
        Property::new(Name::pair("specificAllowedTargets", ""), Codec::Custom(targets), BODY)
            .is(Shape::structures(&t::SUBJECT_SET)),
        Property::new(Name::pair("expiration", ""), Codec::Custom(expiration), BODY).is(Shape::structure(&EXPIRATION)),
        Property::new(Name::pair("", "durationInDays"), Codec::Custom(duration_in_days), BODY).is(NUMBER),
        Property::new(Name::pair("", "expirationDateTime"), Codec::Custom(expiration_date_time), BODY).is(TIME),
        Property::new(Name::pair("", "canExtend"), Codec::Custom(can_extend), BODY).is(FLAG),
        Property::new(Name::both("requestorSettings"), Codec::Custom(requestor), BODY_AND_SWITCH)
            .is(Shape::structure(&t::REQUESTOR_SETTINGS)),
        Property::new(Name::both("requestApprovalSettings"), Codec::Custom(approval), BODY)
            .is(Shape::structure(&t::APPROVAL_SETTINGS)),
        Property::new(Name::pair("reviewSettings", "accessReviewSettings"), Codec::Custom(review), BODY)
            .is(Shape::structure(&t::REVIEW_SETTINGS)),
        Property::new(Name::pair("automaticRequestSettings", ""), Codec::Custom(automatic), BODY)
            .is(Shape::structure(&t::AUTOMATIC_SETTINGS)),
        Property::new(
            Name::pair("notificationSettings", "accessPackageNotificationSettings"),
            Codec::Custom(notification),
            BODY,
        )
        .is(Shape::structure(&t::NOTIFICATION_SETTINGS)),
        Property::new(Name::pair("", "verifiableCredentialSettings"), Codec::Custom(credentials), BODY)
            .is(Shape::structure(&t::CREDENTIAL_SETTINGS)),
        // The published model has these as navigations; they are always written in line.
        Property::new(Name::both("questions"), Codec::Custom(questions), BODY)
            .is(Shape::structures(&t::QUESTION).contained()),
        Property::new(Name::both("customExtensionStageSettings"), Codec::Custom(extension_stages), BODY)
            .is(Shape::structures(&t::STAGE_SETTING)),
        super::fixed(Name::pair("", "customExtensionHandlers"), "[]").is(Shape::structures(&t::EXTENSION_HANDLER)),
    ],
)
.nav(&[
    Nav::one(Name::both("accessPackage"), &PACKAGE, c::policy::PACKAGE),
    Nav::one(Name::pair("catalog", "accessPackageCatalog"), &CATALOG, c::policy::CATALOG)
        .contained_in(&[Version::Beta]),
]);
