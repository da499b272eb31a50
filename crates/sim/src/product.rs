//! What the model says, in the product's words: commands and drafts.

use crate::model::approval::{Approver, StageTerms};
use crate::model::policy::{Life, Scope, Terms, Wanted, WantedEnd};
use crate::model::{MINUTE, Model, Person};
use tenure_domain::Timestamp;
use tenure_domain::Uuid;
use tenure_domain::authorize::Capabilities;
use tenure_domain::catalog::{OriginSystem, RoleKind};
use tenure_domain::directory::Attributes;
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::{ObjectId, QuestionId};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::{
    ApprovalSettings, Expiration, PolicyBody, Question, QuestionKind, RequestorSettings, Stage, SubjectSet, TargetScope,
};
use tenure_domain::time::IsoDuration;
use tenure_service::Identity;
use tenure_service::directory::groups::NewGroup;
use tenure_service::directory::users::NewUser;
use tenure_service::packages::RoleScopeRef;
use tenure_service::policies::PolicyDraft;
use tenure_service::resources::ResourceRef;

/// An instant.
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// The token of a person: it allows everything, and never was issued too early.
pub const fn token(person: Uuid) -> Identity {
    Identity::Token {
        principal: ObjectId(person),
        is_app: false,
        capabilities: Capabilities::ALL,
        epoch: i64::MAX,
        client: None,
    }
}

/// A person to be made.
pub fn new_user(person: &Person) -> NewUser {
    NewUser {
        id: None,
        name: person.name.clone(),
        principal_name: person.address.clone(),
        mail: Some(person.address.clone()),
        nickname: None,
        kind: if person.is_member { UserKind::Member } else { UserKind::Guest },
        is_enabled: true,
        password: None,
        manager: None,
        attributes: Attributes::default(),
    }
}

/// A group to be made.
pub fn new_group(name: &str, members: &[Uuid]) -> NewGroup {
    NewGroup {
        id: None,
        name: name.to_owned(),
        nickname: name.to_lowercase().replace(' ', "-"),
        unique_name: None,
        is_security: true,
        is_mail: false,
        is_unified: false,
        is_dynamic: false,
        is_role_assignable: false,
        rule: None,
        attributes: Attributes::default(),
        owners: Vec::new(),
        members: members.iter().map(|m| ObjectId(*m)).collect(),
    }
}

/// The role *Member* of a group.
pub fn member_of(group: Uuid) -> RoleScopeRef {
    let group = ObjectId(group);
    RoleScopeRef {
        resource: ResourceRef::of(OriginSystem::AadGroup, group),
        role_origin: Some(RoleKind::GroupMember.origin_id(group)),
        ..RoleScopeRef::default()
    }
}

/// The dates somebody wishes for.
pub fn schedule(wanted: &Wanted) -> WantedSchedule {
    let end = match wanted.end {
        WantedEnd::Open => Expiration::NotSpecified,
        WantedEnd::Never => Expiration::Never,
        WantedEnd::After(minutes) => Expiration::After(IsoDuration::minutes(minutes)),
        WantedEnd::At(end) => Expiration::At(instant(end)),
    };
    WantedSchedule { start: wanted.start.map(instant), end }
}

/// The policy with these terms; the model tells people from groups.
pub fn draft(model: &Model, terms: &Terms, is_enabled: bool) -> PolicyDraft {
    let scope = match terms.scope {
        Scope::Nobody => TargetScope::NotSpecified,
        Scope::Named => TargetScope::SpecificDirectoryUsers,
        Scope::Members => TargetScope::AllMemberUsers,
        Scope::Everybody => TargetScope::AllDirectoryUsers,
        Scope::Guests => TargetScope::AllExternalUsers,
    };
    let set = |id: &Uuid| if model.groups.contains_key(id) { SubjectSet::group(*id) } else { SubjectSet::user(*id) };
    let targets = terms.targets.iter().map(set).collect();
    let requestor = RequestorSettings {
        self_add: terms.self_add,
        self_update: terms.self_update,
        self_remove: terms.self_remove,
        on_behalf_add: terms.for_reports,
        on_behalf_update: terms.for_reports,
        on_behalf_remove: terms.for_reports,
        custom_schedule: terms.own_dates,
        ..RequestorSettings::default()
    };
    let mut body = PolicyBody {
        scope,
        targets: if terms.scope == Scope::Named { targets } else { Vec::new() },
        expiration: match terms.life {
            Life::Endless => Expiration::Never,
            Life::Days(days) => Expiration::After(IsoDuration::days(days)),
            Life::Until(end) => Expiration::At(instant(end)),
        },
        requestor,
        questions: terms.question.map(question).into_iter().collect(),
        mails_disabled: Some(terms.mails_off),
        ..PolicyBody::direct_assignment_only()
    };
    body.approval = ApprovalSettings {
        required_for_add: terms.approval.for_add,
        required_for_update: terms.approval.for_update,
        requestor_justification: terms.wants_reason,
        stages: terms.approval.stages.iter().map(stage).collect(),
    };
    PolicyDraft { name: "Policy".to_owned(), is_enabled, body }
}

fn stage(terms: &StageTerms) -> Stage {
    let minutes = |micros: i64| IsoDuration::minutes(micros / MINUTE);
    let sets = |list: &[Approver], backup: bool| -> Vec<SubjectSet> {
        let set = |approver: &Approver| match *approver {
            Approver::Person(id) => SubjectSet::user(id),
            Approver::Group(id) => SubjectSet::group(id),
            Approver::Manager => SubjectSet::RequestorManager { level: 1, backup: false },
            Approver::Above => SubjectSet::RequestorManager { level: 2, backup: false },
        };
        list.iter().map(|approver| set(approver).as_backup(backup)).collect()
    };
    Stage {
        window: Some(minutes(terms.window)),
        approver_justification: terms.wants_reason,
        escalation_enabled: terms.escalation.is_some(),
        escalation_delay: terms.escalation.map(minutes),
        primary: [sets(&terms.primary, false), sets(&terms.fallback, true)].concat(),
        escalation: sets(&terms.alternate, false),
        ..Stage::default()
    }
}

fn question(id: Uuid) -> Question {
    Question {
        id: QuestionId(id),
        is_required: true,
        is_editable: false,
        sequence: 0,
        text: "Why?".to_owned(),
        localizations: Vec::new(),
        kind: QuestionKind::Text { single_line: true, pattern: None },
    }
}
