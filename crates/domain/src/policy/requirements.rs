//! What a person must know before he asks: the policies that apply, and what they want (semantics.md 5).

use super::eligibility::{TargetFacts, in_scope};
use super::{Policy, Question, SubjectSet, TargetScope};
use crate::attribute::AskedAttribute;
use crate::refusal::{Code, Refusal};

/// Who asks a policy for access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The person who gets it.
    Himself,
    /// The direct manager of that person (behaviour.md b.2).
    ForReport,
}

/// Whether a policy is open to people who ask that way at all; whether it is enabled is another question.
pub fn lets_ask(policy: &Policy, asks: Asks) -> bool {
    let body = &policy.body;
    let lets = match asks {
        Asks::Himself => body.requestor.self_add,
        Asks::ForReport => body.requestor.on_behalf_add && names_managers(policy),
    };
    body.scope != TargetScope::NotSpecified && !body.is_automatic() && lets
}

/// Whether managers are among those who may act for targets. Only managers ever can: a policy that switches this on and
/// names nobody means them.
pub fn names_managers(policy: &Policy) -> bool {
    let named = &policy.body.requestor.on_behalf;
    named.is_empty() || named.iter().any(|s| matches!(s, SubjectSet::TargetManager { .. }))
}

/// Whether managers may do anything for their reports under a policy: what they may act on, they see (ADR 14).
pub fn lets_managers(policy: &Policy) -> bool {
    let may = &policy.body.requestor;
    (may.on_behalf_add || may.on_behalf_update || may.on_behalf_remove) && names_managers(policy)
}

/// Why somebody cannot ask for a target: he is not his manager, or no policy lets managers.
pub fn not_for_others() -> Refusal {
    let message = "requestType userAdd asks for the signed-in person, or for a direct report of his; an administrator \
                   uses adminAdd for others";
    Refusal::new(Code::TargetNotEligible, message).detail("/assignment/targetId", "neither the caller nor his report")
}

/// The policies that apply to a target: enabled, open to who asks, with the target in scope, on the narrowest rung
/// (behaviour.md c.2).
pub fn applicable<'p>(policies: &'p [Policy], target: &TargetFacts, asks: Asks) -> Vec<&'p Policy> {
    let fits = |p: &&Policy| p.is_enabled && lets_ask(p, asks) && in_scope(&p.body, target);
    let rung = policies.iter().filter(fits).map(|p| p.body.scope.rung()).min();
    policies.iter().filter(fits).filter(|p| Some(p.body.scope.rung()) == rung).collect()
}

/// Everything that is asked: the questions of the policy in their order, then the attributes. An attribute that has a
/// value need not be given again; one that is locked is not asked.
pub fn questions(policy: &Policy, attributes: &[AskedAttribute]) -> Vec<Question> {
    let mut all = policy.body.questions.clone();
    all.sort_by_key(|q| q.sequence);
    let of_attribute = |a: &AskedAttribute| Question {
        is_required: a.current.is_none(),
        is_editable: a.attribute.is_editable,
        ..a.attribute.question.clone()
    };
    all.extend(attributes.iter().filter(|a| !a.is_locked()).map(of_attribute));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CatalogId, PackageId, PolicyId};
    use crate::policy::PolicyBody;
    use crate::subject::SubjectKind;
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn policy(id: u128, scope: TargetScope, change: impl FnOnce(&mut PolicyBody)) -> Policy {
        let mut body = PolicyBody { scope, ..PolicyBody::direct_assignment_only() };
        body.requestor.self_add = true;
        change(&mut body);
        Policy {
            id: PolicyId(Uuid::from_u128(id)),
            package: PackageId(Uuid::nil()),
            catalog: CatalogId(Uuid::nil()),
            name: format!("policy {id}"),
            is_enabled: true,
            version: 1,
            body,
            keep_pre_existing: false,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            created_by: String::new(),
            modified_by: String::new(),
        }
    }

    fn person() -> TargetFacts {
        TargetFacts {
            id: Uuid::from_u128(1),
            kind: SubjectKind::User,
            is_member: true,
            is_enabled: true,
            groups: std::collections::BTreeSet::new(),
            external: crate::policy::eligibility::External::default(),
        }
    }

    fn names(policies: &[Policy], asks: Asks) -> Vec<String> {
        applicable(policies, &person(), asks).into_iter().map(|p| p.name.clone()).collect()
    }

    #[test]
    fn only_the_narrowest_rung_is_offered_and_all_of_it() {
        let named = |body: &mut PolicyBody| body.targets = vec![SubjectSet::user(Uuid::from_u128(1))];
        let wide = policy(1, TargetScope::AllMemberUsers, |_| {});
        let specific = |id| policy(id, TargetScope::SpecificDirectoryUsers, named);
        assert_eq!(names(&[wide.clone(), specific(2)], Asks::Himself), ["policy 2"]);
        assert_eq!(names(&[specific(3), wide.clone(), specific(2)], Asks::Himself), ["policy 3", "policy 2"]);
        let off = Policy { is_enabled: false, ..specific(2) };
        assert_eq!(names(&[wide, off], Asks::Himself), ["policy 1"]);
    }

    #[test]
    fn managers_are_offered_what_lets_them_ask() {
        let on = |body: &mut PolicyBody| body.requestor.on_behalf_add = true;
        let for_somebody = |body: &mut PolicyBody| {
            body.requestor.on_behalf_add = true;
            body.requestor.on_behalf = vec![SubjectSet::user(Uuid::from_u128(9))];
        };
        let all = [
            policy(1, TargetScope::AllMemberUsers, |_| {}),
            policy(2, TargetScope::AllMemberUsers, on),
            policy(3, TargetScope::AllMemberUsers, for_somebody),
        ];
        assert_eq!(names(&all, Asks::ForReport), ["policy 2"]);
        assert_eq!(names(&all, Asks::Himself).len(), 3);
    }
}
