//! What somebody must know before he asks: which policies of a package apply to him, or to a report of his, and what each
//! wants (semantics.md 5).

use super::submit::{About, asks_for, load, must_be_visible};
use super::target::Named;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::Action;
use tenure_domain::ids::{ObjectId, PackageId, SubjectId};
use tenure_domain::policy::requirements::{applicable, questions};
use tenure_domain::policy::{Policy, Question};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{Answer, RequestType};
use tenure_domain::subject::SubjectKind;
use tenure_store::rows;

/// What one policy wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The policy.
    pub policy: Policy,
    /// What is asked, by the policy and by the resources of the package.
    pub questions: Vec<Question>,
}

/// What applies to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Requirements {
    /// The policies among which he chooses; none when he cannot ask.
    pub all: Vec<Requirement>,
    /// The answers he has given before.
    pub existing: Vec<Answer>,
}

/// Finds out what applies to the caller, or to a report of his. A hidden package is found by whoever has its link.
pub fn requirements(
    ctx: &mut Ctx<'_, '_>,
    package: PackageId,
    subject: Option<ObjectId>,
) -> Result<Requirements, ServiceError> {
    let me = ctx.person()?;
    ctx.pending(Action::RequestAccess)?;
    let Some(me) = me else {
        let message = "getApplicablePolicyRequirements is about the signed-in person; an application has none";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    };
    let target = subject.unwrap_or(me);
    let named = Named::Object { id: target, by_address: None };
    let about = About { package, named: &named, kind: RequestType::UserAdd, requestor: Some(me) };
    let (_, facts, _) = load(ctx, Action::RequestAccess, &about, |ctx, person| asks_for(ctx, target, person))?;
    must_be_visible(&facts)?;
    let is_external = facts.target.facts.kind == SubjectKind::User && !facts.target.facts.is_member;
    if !facts.catalog_published || (is_external && !facts.catalog_external) {
        return Ok(Requirements::default());
    }
    let existing = ctx.fetch(rows::request::last_answers(package, SubjectId(target.0)))?;
    let all = applicable(&facts.policies, &facts.target.facts, facts.asks)
        .into_iter()
        .map(|policy| Requirement { questions: questions(policy, &facts.attributes), policy: policy.clone() })
        .collect();
    Ok(Requirements { all, existing: existing.unwrap_or_default() })
}
