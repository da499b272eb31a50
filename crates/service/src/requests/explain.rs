//! What would come of a request, without making it (decisions.md M): anybody for himself, administrators for others.

use super::submit::{About, load, must_be_visible, reader};
use super::target::Named;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::approval;
use tenure_domain::authorize::{Action, Reach, Sight};
use tenure_domain::ids::{ObjectId, PackageId, PolicyId};
use tenure_domain::limits::IN_LIST_MAX;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::requirements::Asks;
use tenure_domain::policy::{ApproverVisibility, Stage, SubjectSet};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{self, Answer, Ask, Explanation, Reader, RequestType};
use tenure_store::rows;
use uuid::Uuid;

/// Something to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainCommand {
    /// Who would get access; the caller when nobody is named.
    pub subject: Option<ObjectId>,
    /// The package.
    pub package: PackageId,
    /// The policy, if one is named.
    pub policy: Option<PolicyId>,
    /// The dates wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// As if an administrator assigned it, instead of the subject asking for it.
    pub as_administrator: bool,
}

/// What would come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Who would get access.
    pub subject: ObjectId,
    /// The kind of request it was judged as.
    pub kind: RequestType,
    /// What the rules say.
    pub explanation: Explanation,
    /// Which approvers the caller may know, by stage.
    pub approvers: Vec<StageApprovers>,
}

/// The approvers of one stage, as far as the caller may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageApprovers {
    /// Those who are asked first.
    pub primary: Vec<Approver>,
    /// Those who are asked when nobody answers.
    pub escalation: Vec<Approver>,
    /// Who they are now, managers, sponsors, fallbacks and owners of the catalog too.
    pub asked: Vec<Asked>,
    /// Who would be asked later.
    pub asked_later: Vec<Asked>,
}

/// A person or group who would be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// It is a group: any of its members may decide.
    pub is_group: bool,
    /// Which, with its name, where the caller may know it.
    pub known: Option<(Uuid, String)>,
}

/// Somebody who would be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The set of people as the policy has it.
    pub set: SubjectSet,
    /// The object it names, where the caller may know it.
    pub id: Option<Uuid>,
}

/// Explains a request. Nothing is changed.
pub fn explain(ctx: &mut Ctx<'_, '_>, command: &ExplainCommand) -> Result<Explained, ServiceError> {
    let me = ctx.identity_person();
    let subject = command.subject.or(me).ok_or_else(|| {
        let message = "subjectId is required: an application has no access of its own to ask for";
        Refusal::new(Code::InvalidModel, message).detail("/subjectId", "missing")
    })?;
    let for_himself = me == Some(subject) && !command.as_administrator;
    let action = if for_himself { Action::RequestAccess } else { Action::AdministerAssignments };
    let kind = if command.as_administrator { RequestType::AdminAdd } else { RequestType::UserAdd };
    let about = About {
        package: command.package,
        named: &Named::Object { id: subject, by_address: None },
        kind,
        requestor: if kind == RequestType::UserAdd { Some(subject) } else { ctx.identity_principal() },
    };
    let (_, mut facts, _) = load(ctx, action, &about, |_, _| Ok(Asks::Himself))?;
    let reader = reader(ctx, subject, facts.package.catalog)?;
    if reader != Reader::Administrator {
        must_be_visible(&facts)?;
    }
    if kind == RequestType::UserAdd {
        facts.requestor = Some(facts.target.subject.clone());
    }
    if let Some(id) = command.policy.filter(|id| facts.policies.iter().all(|p| p.id != *id)) {
        return Err(Refusal::not_found("assignment policy of this access package", id).into());
    }
    let ask = Ask {
        kind,
        policy: command.policy,
        wanted: command.wanted,
        justification: command.justification.clone(),
        answers: command.answers.clone(),
        proofs: Vec::new(),
        bypass_approval: false,
    };
    let explanation = request::explain(&facts, &ask, ctx.now);
    let sight = ctx.sight()?;
    let names = names(ctx, &explanation)?;
    let shown = Shown { reader, sight: &sight, names: &names };
    let stages = explanation.stages.iter().zip(explanation.asked.iter().zip(&explanation.asked_later));
    let approvers = stages.map(|(stage, asked)| shown.stage(stage, asked)).collect();
    Ok(Explained { subject, kind, explanation, approvers })
}

/// What those who would be asked are called.
fn names(ctx: &mut Ctx<'_, '_>, explanation: &Explanation) -> Result<BTreeMap<Uuid, String>, ServiceError> {
    let asked = explanation.asked.iter().chain(&explanation.asked_later).flatten();
    let ids: Vec<Uuid> = asked.map(|approver| approver.principal).collect::<BTreeSet<_>>().into_iter().collect();
    let chunks: Vec<_> = ids.chunks(IN_LIST_MAX).map(rows::directory::object::names).collect();
    Ok(ctx.fetch(chunks)?.into_iter().flatten().collect())
}

/// What the caller may know of approvers.
struct Shown<'s> {
    reader: Reader,
    sight: &'s Sight,
    names: &'s BTreeMap<Uuid, String>,
}

impl Shown<'_> {
    fn stage(
        &self,
        stage: &Stage,
        (asked, later): (&Vec<approval::Approver>, &Vec<approval::Approver>),
    ) -> StageApprovers {
        let is_open = stage.visibility == ApproverVisibility::Visible;
        let may = |sees: bool| self.reader == Reader::Administrator || (is_open && sees);
        let set = |set: &SubjectSet| Approver {
            set: set.clone(),
            id: set.reference().filter(|_| may(sees(self.sight, set))),
        };
        let one = |approver: &approval::Approver| {
            let reach = if approver.is_group { self.sight.groups } else { self.sight.users };
            let known = self.names.get(&approver.principal).filter(|_| may(reach == Reach::All));
            Asked { is_group: approver.is_group, known: known.map(|name| (approver.principal, name.clone())) }
        };
        StageApprovers {
            primary: stage.primary.iter().map(set).collect(),
            escalation: stage.escalation.iter().map(set).collect(),
            asked: asked.iter().map(one).collect(),
            asked_later: later.iter().map(one).collect(),
        }
    }
}

/// Whether the caller can read the object that a set names (decisions.md J6).
fn sees(sight: &Sight, set: &SubjectSet) -> bool {
    match set {
        SubjectSet::User { .. } => sight.users == Reach::All,
        SubjectSet::Group { .. } => sight.groups == Reach::All,
        _ => false,
    }
}
