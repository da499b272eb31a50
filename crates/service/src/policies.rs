//! Assignment policies: every save is a new version (decisions.md H1).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::Action;
use tenure_domain::directory::ObjectKind;
use tenure_domain::ids::{PackageId, PolicyId};
use tenure_domain::limits::IN_LIST_MAX;
use tenure_domain::notification::{MailKind, MailsOff};
use tenure_domain::policy::{Faults, Policy, PolicyBody, SubjectSet};
use tenure_domain::refusal::{Code, Refusal, RelatedKind};
use tenure_domain::text::{check_description, check_name};
use tenure_store::rows;
use tenure_store::rows::policy::Switches;
use uuid::Uuid;

/// What a save says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDraft {
    /// The name.
    pub name: String,
    /// The one switch *Enabled*.
    pub is_enabled: bool,
    /// The settings.
    pub body: PolicyBody,
}

/// A change of the switches that the published model has no name for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchesPatch {
    /// Access that was there before stays when an assignment ends.
    pub keep_pre_existing: Option<bool>,
    /// Access ends when its holder leaves the policy's scope.
    pub remove_out_of_scope: Option<bool>,
}

impl PolicyDraft {
    /// Gives ids to questions and extension settings that came without.
    fn name_parts(&mut self, ctx: &mut Ctx<'_, '_>) {
        for question in self.body.questions.iter_mut().filter(|q| q.id.0.is_nil()) {
            question.id = ctx.ids.next(ctx.now);
        }
        for setting in self.body.extensions.iter_mut().filter(|e| e.id.is_nil()) {
            setting.id = ctx.ids.next(ctx.now);
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        check_name("displayName", &self.name)?;
        check_description("description", self.body.description.as_deref())?;
        self.body.check()
    }
}

/// The audit target of a policy.
pub(crate) fn target(policy: &Policy) -> AuditTarget {
    AuditTarget::new(TargetKind::AccessPackageAssignmentPolicy, policy.id, policy.name.clone())
}

/// What a policy may hold is not everybody's to decide (behaviour.md d.2): one that assigns by itself is its
/// administrators' business, and so is to demand verified credentials, or to demand others.
fn may_save(ctx: &mut Ctx<'_, '_>, old: Option<&PolicyBody>, new: &PolicyBody) -> Result<(), ServiceError> {
    if new.is_automatic() || old.is_some_and(PolicyBody::is_automatic) {
        ctx.permit(Action::WriteAutomaticPolicies)?;
    }
    let demanded = |body: &PolicyBody| body.credentials.clone().unwrap_or_default();
    if old.map(demanded).unwrap_or_default() != demanded(new) {
        ctx.permit(Action::RequireCredentials)?;
    }
    Ok(())
}

/// Makes a policy of a package.
pub fn create(ctx: &mut Ctx<'_, '_>, package: PackageId, draft: &PolicyDraft) -> Result<PolicyId, ServiceError> {
    let (pending, found) = ctx.load_placed(Action::WritePolicies, rows::package::get(package))?;
    let (permit, package) = pending.on(found, || Refusal::not_found("access package", package))?;
    may_save(ctx, None, &draft.body)?;
    draft.check()?;
    draft.body.check_end(ctx.now)?;
    may_be_automatic(ctx, package.id, PolicyId::default(), &draft.body)?;
    names_exist(ctx, &draft.body, None)?;
    crate::extensions::fit(ctx, package.catalog, &draft.body, None)?;
    let mut draft = draft.clone();
    draft.name_parts(ctx);
    let by = ctx.signature()?;
    let policy = Policy {
        id: ctx.ids.next(ctx.now),
        package: package.id,
        catalog: package.catalog,
        name: draft.name,
        is_enabled: draft.is_enabled,
        version: 1,
        body: draft.body,
        keep_pre_existing: false,
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: by.clone(),
        modified_by: by,
    };
    rows::policy::insert(ctx.tx, &permit, &policy)?;
    // What it says is on record from the first: whoever watches for policies without approval looks here.
    let target = target(&policy).with(changes(None, &policy));
    ctx.audit(&AuditEvent::new(Activity::CreatePolicy, target).about(crate::packages::target(&package)))?;
    Ok(policy.id)
}

/// Changes a policy; `change` makes the new settings from the current ones.
pub fn update(
    ctx: &mut Ctx<'_, '_>,
    id: PolicyId,
    change: &dyn Fn(&Policy) -> Result<PolicyDraft, Refusal>,
) -> Result<(), ServiceError> {
    let (pending, old) = ctx.load_placed(Action::WritePolicies, rows::policy::get(id))?;
    let (permit, old) = pending.on(old, || Refusal::not_found("assignment policy", id))?;
    let mut draft = change(&old)?;
    may_save(ctx, Some(&old.body), &draft.body)?;
    draft.check()?;
    if draft.body.expiration != old.body.expiration {
        draft.body.check_end(ctx.now)?;
    }
    may_be_automatic(ctx, old.package, old.id, &draft.body)?;
    names_exist(ctx, &draft.body, Some(&old.body))?;
    crate::extensions::fit(ctx, old.catalog, &draft.body, Some(&old.body))?;
    draft.name_parts(ctx);
    let new = Policy {
        name: draft.name,
        is_enabled: draft.is_enabled,
        version: old.version + 1,
        body: draft.body,
        modified_at: ctx.now,
        modified_by: ctx.signature()?,
        ..old.clone()
    };
    rows::policy::update(ctx.tx, &permit, &new)?;
    ctx.audit(&AuditEvent::new(Activity::UpdatePolicy, target(&new).with(changes(Some(&old), &new))))
}

/// A package has one automatic policy at most (behaviour.md a).
fn may_be_automatic(
    ctx: &mut Ctx<'_, '_>,
    package: PackageId,
    id: PolicyId,
    body: &PolicyBody,
) -> Result<(), ServiceError> {
    if !body.is_automatic() {
        return Ok(());
    }
    match ctx.fetch(rows::policy::automatic(package, id))? {
        None => Ok(()),
        Some(other) => {
            let message = "the access package has an automatic assignment policy already";
            let refusal =
                Refusal::new(Code::InvalidModel, message).detail("/automaticRequestSettings", "not the only one");
            Err(refusal.related(RelatedKind::Policy, other, None).into())
        }
    }
}

/// What a policy can name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamedKind {
    Object(ObjectKind),
    Organization,
}

impl NamedKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Object(ObjectKind::User) => "user",
            Self::Object(ObjectKind::Group) => "group",
            Self::Object(ObjectKind::ServicePrincipal | ObjectKind::Application) => "service principal",
            Self::Organization => "connected organization",
        }
    }
}

/// What a save newly names as targets or approvers must exist, and be what it is said to be. What was named before may be
/// gone by now.
fn names_exist(ctx: &mut Ctx<'_, '_>, body: &PolicyBody, old: Option<&PolicyBody>) -> Result<(), ServiceError> {
    let known: BTreeSet<Uuid> = old.iter().flat_map(|b| named(b)).map(|(_, _, id)| id).collect();
    let new: Vec<(String, NamedKind, Uuid)> =
        named(body).into_iter().filter(|(_, _, id)| !known.contains(id)).collect();
    let ids = |is_organization: bool| -> Vec<Uuid> {
        let of_kind = new.iter().filter(|(_, kind, _)| (*kind == NamedKind::Organization) == is_organization);
        of_kind.map(|(_, _, id)| *id).collect::<BTreeSet<Uuid>>().into_iter().collect()
    };
    let (objects, organizations) = (ids(false), ids(true));
    if new.is_empty() {
        return Ok(());
    }
    let (objects, organizations) = ctx.fetch((
        objects.chunks(IN_LIST_MAX).map(rows::directory::object::kinds).collect::<Vec<_>>(),
        organizations.chunks(IN_LIST_MAX).map(rows::organization::existing).collect::<Vec<_>>(),
    ))?;
    let of_objects = objects.into_iter().flatten().map(|(id, kind)| (id, NamedKind::Object(kind)));
    let of_organizations = organizations.into_iter().flatten().map(|id| (id, NamedKind::Organization));
    let found: BTreeMap<Uuid, NamedKind> = of_objects.chain(of_organizations).collect();
    let mut faults = Faults::default();
    for (at, kind, id) in &new {
        if found.get(id) != Some(kind) {
            faults.add(at, format!("there is no {} `{id}`", kind.word()));
        }
    }
    Ok(faults.finish()?)
}

/// What a policy names as targets and approvers, and where it does.
fn named(body: &PolicyBody) -> Vec<(String, NamedKind, Uuid)> {
    let mut all = Vec::new();
    let mut add = |at: &str, sets: &[SubjectSet]| {
        for (i, set) in sets.iter().enumerate() {
            let kind = match set {
                SubjectSet::User { .. } => NamedKind::Object(ObjectKind::User),
                SubjectSet::Group { .. } => NamedKind::Object(ObjectKind::Group),
                SubjectSet::ServicePrincipal { .. } => NamedKind::Object(ObjectKind::ServicePrincipal),
                SubjectSet::ConnectedOrganization { .. } => NamedKind::Organization,
                _ => continue,
            };
            all.extend(set.reference().map(|id| (format!("{at}/{i}"), kind, id)));
        }
    };
    add("specificAllowedTargets", &body.targets);
    for (i, stage) in body.approval.stages.iter().enumerate() {
        add(&format!("requestApprovalSettings/stages/{i}/primaryApprovers"), &stage.primary);
        add(&format!("requestApprovalSettings/stages/{i}/escalationApprovers"), &stage.escalation);
    }
    all
}

/// The switches of a policy that the published model has no name for; for whoever may see policies.
pub fn switches(ctx: &mut Ctx<'_, '_>, id: PolicyId) -> Result<Switches, ServiceError> {
    let (policy, found) = ctx.fetch((rows::policy::get(id), rows::policy::switches(id)))?;
    visible(ctx, id, policy)?;
    Ok(found.ok_or_else(|| Refusal::not_found("assignment policy", id))?)
}

/// Refuses who does not see the policy that was looked for.
fn visible(ctx: &mut Ctx<'_, '_>, id: PolicyId, policy: Option<Policy>) -> Result<(), ServiceError> {
    let sight = ctx.sight()?;
    if !policy.as_ref().is_some_and(|p| sight.sees(p.catalog)) {
        ctx.pending(Action::WritePolicies)?.on(policy, || Refusal::not_found("assignment policy", id))?;
    }
    Ok(())
}

/// Sets some of them.
pub fn set_switches(ctx: &mut Ctx<'_, '_>, id: PolicyId, patch: &SwitchesPatch) -> Result<(), ServiceError> {
    let wanted = (rows::policy::get(id), rows::policy::switches(id));
    let (pending, (policy, old)) = ctx.load_placed(Action::WritePolicies, wanted)?;
    let missing = || Refusal::not_found("assignment policy", id);
    let (permit, policy) = pending.on(policy, missing)?;
    let old = old.ok_or_else(missing)?;
    let new = Switches {
        keep_pre_existing: patch.keep_pre_existing.unwrap_or(old.keep_pre_existing),
        remove_out_of_scope: patch.remove_out_of_scope.unwrap_or(old.remove_out_of_scope),
    };
    let by = ctx.signature()?;
    rows::policy::set_switches(ctx.tx, &permit, id, new, (&by, ctx.now));
    let text = |on: bool| Some(on.to_string());
    let modified = [
        Modified::change("KeepPreExistingAccess", text(old.keep_pre_existing), text(new.keep_pre_existing)),
        Modified::change("RemoveWhenOutOfScope", text(old.remove_out_of_scope), text(new.remove_out_of_scope)),
    ];
    let target = target(&policy).with(modified.into_iter().flatten());
    ctx.audit(&AuditEvent::new(Activity::UpdatePolicy, target))
}

/// The mails of a policy, kind by kind; for whoever may see policies.
pub fn mails(ctx: &mut Ctx<'_, '_>, id: PolicyId) -> Result<MailsOff, ServiceError> {
    let (policy, off) = ctx.fetch((rows::policy::get(id), rows::policy::mails_off(id)))?;
    visible(ctx, id, policy)?;
    Ok(off.unwrap_or_default())
}

/// Switches mails of a policy on or off, kind by kind (behaviour.md m.10). Holds from now on, for what is there already,
/// too: mails look at the policy as it is when they are written.
pub fn set_mails(ctx: &mut Ctx<'_, '_>, id: PolicyId, changes: &[(MailKind, bool)]) -> Result<(), ServiceError> {
    let wanted = (rows::policy::get(id), rows::policy::mails_off(id));
    let (pending, (policy, old)) = ctx.load_placed(Action::WritePolicies, wanted)?;
    let (permit, policy) = pending.on(policy, || Refusal::not_found("assignment policy", id))?;
    let old = old.unwrap_or_default();
    let new = old.switched(changes)?;
    let by = ctx.signature()?;
    rows::policy::set_mails_off(ctx.tx, &permit, id, &new, (&by, ctx.now))?;
    let modified = old.shown().zip(new.shown()).filter_map(|((kind, was), (_, is))| {
        Modified::change(&format!("Mails/{}", kind.name()), Some(was.to_string()), Some(is.to_string()))
    });
    ctx.audit(&AuditEvent::new(Activity::UpdatePolicy, target(&policy).with(modified)))
}

/// What was changed, or made: the switches an auditor asks for first by themselves, every other setting as it is kept.
fn changes(old: Option<&Policy>, new: &Policy) -> Vec<Modified> {
    type Shown = fn(&Policy) -> Option<String>;
    fn kept<T: serde::Serialize>(value: &T) -> Option<String> {
        match serde_json::to_value(value).ok()? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }
    let properties: [(&str, Shown); 18] = [
        ("DisplayName", |p| Some(p.name.clone())),
        ("Description", |p| p.body.description.clone()),
        ("IsEnabled", |p| Some(p.is_enabled.to_string())),
        ("AllowedTargetScope", |p| kept(&p.body.scope)),
        ("SpecificAllowedTargets", |p| kept(&p.body.targets)),
        ("Expiration", |p| kept(&p.body.expiration)),
        ("RequestorSettings", |p| kept(&p.body.requestor)),
        ("IsApprovalRequiredForAdd", |p| Some(p.body.approval.required_for_add.to_string())),
        ("IsApprovalRequiredForUpdate", |p| Some(p.body.approval.required_for_update.to_string())),
        ("IsRequestorJustificationRequired", |p| Some(p.body.approval.requestor_justification.to_string())),
        ("ApprovalStages", |p| kept(&p.body.approval.stages)),
        ("ReviewSettings", |p| kept(&p.body.review)),
        ("Questions", |p| kept(&p.body.questions)),
        ("AutomaticRequestSettings", |p| kept(&p.body.automatic)),
        ("IsAssignmentNotificationDisabled", |p| kept(&p.body.mails_disabled)),
        ("CustomExtensionStageSettings", |p| kept(&p.body.extensions)),
        ("VerifiableCredentialSettings", |p| kept(&p.body.credentials)),
        ("Version", |p| Some(p.version.to_string())),
    ];
    properties.into_iter().filter_map(|(name, shown)| Modified::change(name, old.and_then(shown), shown(new))).collect()
}

/// Deletes a policy that no live assignment and no open request uses (decisions.md H17).
pub fn delete(ctx: &mut Ctx<'_, '_>, id: PolicyId) -> Result<(), ServiceError> {
    let wanted = (rows::policy::get(id), rows::policy::uses(id));
    let (pending, (policy, uses)) = ctx.load_placed(Action::WritePolicies, wanted)?;
    let (permit, policy) = pending.on(policy, || Refusal::not_found("assignment policy", id))?;
    if let Err(refusal) = uses.unwrap_or_default().may_delete(Code::PolicyInUse, "assignment policy", &policy.name) {
        return Err(refusal.because_of(ctx.fetch(rows::hold::policy(id))?).into());
    }
    rows::policy::delete(ctx.tx, &permit, id);
    ctx.audit(&AuditEvent::new(Activity::DeletePolicy, target(&policy)))
}
