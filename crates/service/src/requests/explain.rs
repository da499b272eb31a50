//! What would come of a request, without making it (decisions.md M): anybody for himself, administrators for others.

use super::submit::{About, load, must_be_visible, reader};
use super::target::Named;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::{Action, Reach, Sight};
use tenure_domain::ids::{ObjectId, PackageId, PolicyId};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::requirements::Asks;
use tenure_domain::policy::{ApproverVisibility, Stage, SubjectSet};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{self, Answer, Ask, Explanation, Reader, RequestType};
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
    let approvers = explanation.stages.iter().map(|stage| approvers(stage, reader, &sight)).collect();
    Ok(Explained { subject, kind, explanation, approvers })
}

fn approvers(stage: &Stage, reader: Reader, sight: &Sight) -> StageApprovers {
    let shown = |set: &SubjectSet| {
        let is_shown =
            reader == Reader::Administrator || (stage.visibility == ApproverVisibility::Visible && sees(sight, set));
        Approver { set: set.clone(), id: set.reference().filter(|_| is_shown) }
    };
    StageApprovers {
        primary: stage.primary.iter().map(shown).collect(),
        escalation: stage.escalation.iter().map(shown).collect(),
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
