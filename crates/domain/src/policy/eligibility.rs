//! Whom a policy fits, and which of several policies applies (behaviour.md c.1, c.2).

use super::{Policy, PolicyBody, SubjectSet, TargetScope};
use crate::ids::PolicyId;
use crate::refusal::{Code, Refusal, RelatedKind};
use crate::subject::SubjectKind;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a rule may know of a person or service principal that is to be given access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFacts {
    /// The directory object.
    pub id: Uuid,
    /// What it is.
    pub kind: SubjectKind,
    /// A member, and not a guest.
    pub is_member: bool,
    /// May sign in.
    pub is_enabled: bool,
    /// The groups it belongs to, nested ones too; at least those the policies name.
    pub groups: BTreeSet<Uuid>,
}

/// Whether the target is in the policy's scope. A policy for direct assignment only has everybody in scope; people do
/// not get to ask under it, because it never lets them.
pub fn in_scope(policy: &PolicyBody, target: &TargetFacts) -> bool {
    let is_user = target.kind == SubjectKind::User;
    match policy.scope {
        TargetScope::NotSpecified => true,
        TargetScope::SpecificDirectoryUsers | TargetScope::SpecificDirectoryServicePrincipals => {
            policy.targets.iter().any(|set| names(set, target))
        }
        TargetScope::AllMemberUsers => is_user && target.is_member,
        TargetScope::AllDirectoryUsers => is_user,
        TargetScope::AllDirectoryServicePrincipals => target.kind == SubjectKind::ServicePrincipal,
        TargetScope::AllExternalUsers => is_user && !target.is_member,
        // Connected organizations and agent identities are not known to this release: nobody belongs to one.
        TargetScope::SpecificConnectedOrganizationUsers
        | TargetScope::AllConfiguredConnectedOrganizationUsers
        | TargetScope::AllDirectoryAgentIdentities => false,
    }
}

fn names(set: &SubjectSet, target: &TargetFacts) -> bool {
    match set {
        SubjectSet::User { id, .. } | SubjectSet::ServicePrincipal { id, .. } => *id == target.id,
        SubjectSet::Group { id, .. } => target.groups.contains(id),
        _ => false,
    }
}

/// The policy a request runs under: the named one, else the only one that fits on the narrowest rung. `may_ask` says
/// which policies are open to this kind of request at all.
pub fn choose<'p>(
    policies: &'p [Policy],
    named: Option<PolicyId>,
    target: &TargetFacts,
    may_ask: impl Fn(&Policy) -> bool,
) -> Result<&'p Policy, Refusal> {
    if let Some(id) = named {
        return policies
            .iter()
            .find(|p| p.id == id)
            .ok_or_else(|| Refusal::not_found("assignment policy of this access package", id));
    }
    let fits = |p: &&Policy| may_ask(p) && in_scope(&p.body, target);
    let Some(rung) = policies.iter().filter(fits).map(|p| p.body.scope.rung()).min() else {
        return Err(no_policy(policies.is_empty()));
    };
    let candidates: Vec<&Policy> = policies.iter().filter(fits).filter(|p| p.body.scope.rung() == rung).collect();
    match candidates.as_slice() {
        [only] => Ok(only),
        several => Err(choice_required(several)),
    }
}

fn no_policy(none_at_all: bool) -> Refusal {
    if none_at_all {
        Refusal::new(Code::NoApplicablePolicy, "the access package has no assignment policy; add one first")
    } else {
        let message =
            "You don't meet policy requirements to request this entitlement. No policy of the access package applies.";
        Refusal::new(Code::NotInPolicyScope, message)
    }
}

fn choice_required(candidates: &[&Policy]) -> Refusal {
    let message = "several policies apply; name one of them as assignmentPolicyId";
    candidates.iter().fold(Refusal::new(Code::PolicyChoiceRequired, message), |r, p| {
        r.related(RelatedKind::Policy, p.id, Some(p.name.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CatalogId, PackageId};
    use crate::time::Timestamp;

    fn person(id: u128, groups: &[u128]) -> TargetFacts {
        TargetFacts {
            id: Uuid::from_u128(id),
            kind: SubjectKind::User,
            is_member: true,
            is_enabled: true,
            groups: groups.iter().map(|g| Uuid::from_u128(*g)).collect(),
        }
    }

    fn policy(id: u128, scope: TargetScope, targets: Vec<SubjectSet>) -> Policy {
        Policy {
            id: PolicyId(Uuid::from_u128(id)),
            package: PackageId(Uuid::nil()),
            catalog: CatalogId(Uuid::nil()),
            name: format!("policy {id}"),
            is_enabled: true,
            version: 1,
            body: PolicyBody { scope, targets, ..PolicyBody::direct_assignment_only() },
            keep_pre_existing: false,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            created_by: String::new(),
            modified_by: String::new(),
        }
    }

    fn group(id: u128) -> Vec<SubjectSet> {
        vec![SubjectSet::group(Uuid::from_u128(id))]
    }

    #[test]
    fn scope_follows_groups_membership_and_kind() {
        let specific = policy(1, TargetScope::SpecificDirectoryUsers, group(7));
        assert!(in_scope(&specific.body, &person(1, &[7])));
        assert!(!in_scope(&specific.body, &person(1, &[8])));
        let mut guest = person(1, &[]);
        guest.is_member = false;
        assert!(!in_scope(&policy(2, TargetScope::AllMemberUsers, vec![]).body, &guest));
        assert!(in_scope(&policy(2, TargetScope::AllDirectoryUsers, vec![]).body, &guest));
        assert!(in_scope(&policy(2, TargetScope::AllExternalUsers, vec![]).body, &guest));
        guest.kind = SubjectKind::ServicePrincipal;
        assert!(!in_scope(&policy(2, TargetScope::AllDirectoryUsers, vec![]).body, &guest));
        assert!(in_scope(&policy(2, TargetScope::AllDirectoryServicePrincipals, vec![]).body, &guest));
    }

    #[test]
    fn the_narrowest_rung_hides_the_wider_ones() {
        let all =
            [policy(1, TargetScope::AllMemberUsers, vec![]), policy(2, TargetScope::SpecificDirectoryUsers, group(7))];
        let chosen = |target: &TargetFacts| choose(&all, None, target, |_| true).map(|p| p.name.clone());
        assert_eq!(chosen(&person(1, &[7])), Ok("policy 2".to_owned()));
        assert_eq!(chosen(&person(1, &[])), Ok("policy 1".to_owned()));
    }

    #[test]
    fn two_on_one_rung_need_a_choice_and_none_is_a_refusal() {
        let all = [
            policy(1, TargetScope::SpecificDirectoryUsers, group(7)),
            policy(2, TargetScope::SpecificDirectoryUsers, group(8)),
        ];
        let refused = choose(&all, None, &person(1, &[7, 8]), |_| true).err();
        assert_eq!(refused.as_ref().map(|r| (r.code, r.related.len())), Some((Code::PolicyChoiceRequired, 2)));
        let none = choose(&all, None, &person(1, &[]), |_| true).err().map(|r| r.code);
        assert_eq!(none, Some(Code::NotInPolicyScope));
        let empty = choose(&[], None, &person(1, &[]), |_| true).err().map(|r| r.code);
        assert_eq!(empty, Some(Code::NoApplicablePolicy));
    }

    #[test]
    fn a_named_policy_must_belong_to_the_package() {
        let all = [policy(1, TargetScope::AllMemberUsers, vec![])];
        let named = |n: u128| choose(&all, Some(PolicyId(Uuid::from_u128(n))), &person(1, &[]), |_| true);
        assert!(named(1).is_ok());
        assert_eq!(named(9).err().map(|r| r.code), Some(Code::ResourceNotFound));
    }
}
