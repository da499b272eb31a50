//! Whom a policy fits, and which of several policies applies (behaviour.md c.1, c.2).

use super::{Policy, PolicyBody, SubjectSet, TargetScope};
use crate::directory::guest::NewAccount;
use crate::ids::PolicyId;
use crate::organization::Belonging;
use crate::refusal::{Code, Refusal, RelatedKind};
use crate::subject::SubjectKind;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What is known of a person because he belongs to another organization; nothing of members.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct External {
    /// The organizations he belongs to, configured ones first.
    pub organizations: Vec<Belonging>,
    /// The domain he comes from, when no organization has it and it is not ours.
    pub proposal: Option<Proposal>,
    /// He was named by his address, and not by his account.
    pub by_address: bool,
    /// The account that is made when he is given access; somebody who has one is in the directory.
    pub account: Option<NewAccount>,
}

/// An organization that could be proposed (decisions.md Q7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its folded domain.
    pub domain: String,
    /// Another organization has that domain for its name.
    pub is_name_taken: bool,
}

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
    /// What is known of somebody from outside.
    pub external: External,
}

impl TargetFacts {
    /// Whether it is a person of another organization.
    pub fn is_external(&self) -> bool {
        self.kind == SubjectKind::User && !self.is_member
    }

    /// Whether it is in the directory already.
    pub const fn is_in_directory(&self) -> bool {
        self.external.account.is_none()
    }
}

/// Whether a policy lets a person know that its package exists (decisions.md J3). Where the tenant shows packages for
/// specific people to all members, they know of those, too (decisions.md H20).
pub fn offers(policy: &PolicyBody, target: &TargetFacts, shows_specific: bool) -> bool {
    let is_shown = shows_specific && target.is_member && policy.scope == TargetScope::SpecificDirectoryUsers;
    policy.scope != TargetScope::NotSpecified && !policy.is_automatic() && (in_scope(policy, target) || is_shown)
}

/// Whether the target is in the policy's scope. A policy for direct assignment only has everybody in scope; people do
/// not get to ask under it, because it never lets them. Who is not in the directory fits policies for external people only
/// (behaviour.md c.1).
pub fn in_scope(policy: &PolicyBody, target: &TargetFacts) -> bool {
    let is_user = target.kind == SubjectKind::User;
    match policy.scope {
        TargetScope::NotSpecified => target.is_in_directory(),
        TargetScope::SpecificDirectoryUsers | TargetScope::SpecificDirectoryServicePrincipals => {
            policy.targets.iter().any(|set| names(set, target))
        }
        TargetScope::AllMemberUsers => is_user && target.is_member,
        TargetScope::AllDirectoryUsers => is_user && target.is_in_directory(),
        TargetScope::AllDirectoryServicePrincipals => target.kind == SubjectKind::ServicePrincipal,
        TargetScope::AllExternalUsers => target.is_external(),
        TargetScope::SpecificConnectedOrganizationUsers => {
            target.is_external() && policy.targets.iter().any(|set| names(set, target))
        }
        TargetScope::AllConfiguredConnectedOrganizationUsers => {
            target.is_external() && target.external.organizations.iter().any(|b| b.is_configured)
        }
        // Agent identities are not known to this release.
        TargetScope::AllDirectoryAgentIdentities => false,
    }
}

fn names(set: &SubjectSet, target: &TargetFacts) -> bool {
    match set {
        SubjectSet::User { id, .. } | SubjectSet::ServicePrincipal { id, .. } => *id == target.id,
        SubjectSet::Group { id, .. } => target.groups.contains(id),
        SubjectSet::ConnectedOrganization { id, .. } => {
            target.external.organizations.iter().any(|b| b.organization.0 == *id)
        }
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

/// The policies on the narrowest rung that is narrower than that of `policy` and fits the target; they hide it
/// (behaviour.md c.2). Empty where none does.
pub fn narrower<'p>(
    policies: &'p [Policy],
    policy: &Policy,
    target: &TargetFacts,
    may_ask: impl Fn(&Policy) -> bool,
) -> Vec<&'p Policy> {
    let fits = |p: &&Policy| may_ask(p) && in_scope(&p.body, target) && p.body.scope.rung() < policy.body.scope.rung();
    let rung = policies.iter().filter(fits).map(|p| p.body.scope.rung()).min();
    policies.iter().filter(fits).filter(|p| Some(p.body.scope.rung()) == rung).collect()
}

/// Why a person cannot ask under a policy that narrower ones hide; they are named.
pub fn hidden_by(policy: &Policy, narrower: &[&Policy]) -> Option<Refusal> {
    let names: Vec<String> = narrower.iter().map(|p| format!("`{}`", p.name)).collect();
    let message = format!(
        "You don't meet policy requirements to request this entitlement. The policy `{}` is not for those whom a narrower \
         one includes: ask under {}.",
        policy.name,
        names.join(" or ")
    );
    let refusal = Refusal::new(Code::NotInPolicyScope, message);
    let with = |r: Refusal, p: &&Policy| r.related(RelatedKind::Policy, p.id, Some(p.name.clone()));
    (!narrower.is_empty()).then(|| narrower.iter().fold(refusal, with))
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
    use crate::ids::{CatalogId, OrganizationId, PackageId};
    use crate::time::Timestamp;

    fn person(id: u128, groups: &[u128]) -> TargetFacts {
        TargetFacts {
            id: Uuid::from_u128(id),
            kind: SubjectKind::User,
            is_member: true,
            is_enabled: true,
            groups: groups.iter().map(|g| Uuid::from_u128(*g)).collect(),
            external: External::default(),
        }
    }

    /// Somebody from outside, of an organization that is configured or not.
    fn guest(organization: Option<(u128, bool)>) -> TargetFacts {
        let organizations = organization
            .into_iter()
            .map(|(id, is_configured)| Belonging { organization: OrganizationId(Uuid::from_u128(id)), is_configured });
        let external = External { organizations: organizations.collect(), ..External::default() };
        TargetFacts { is_member: false, external, ..person(1, &[]) }
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
    fn organizations_decide_about_external_people() {
        let named = SubjectSet::ConnectedOrganization { id: Uuid::from_u128(5), description: None, backup: false };
        let specific = policy(1, TargetScope::SpecificConnectedOrganizationUsers, vec![named]).body;
        let configured = policy(2, TargetScope::AllConfiguredConnectedOrganizationUsers, vec![]).body;
        let any = policy(3, TargetScope::AllExternalUsers, vec![]).body;
        for (who, wanted) in [
            (guest(Some((5, true))), [true, true, true]),
            // A proposed organization counts only where it is named.
            (guest(Some((5, false))), [true, false, true]),
            (guest(Some((6, true))), [false, true, true]),
            (guest(None), [false, false, true]),
            (TargetFacts { is_member: true, ..guest(Some((5, true))) }, [false, false, false]),
        ] {
            assert_eq!([&specific, &configured, &any].map(|p| in_scope(p, &who)), wanted, "{who:?}");
        }
    }

    #[test]
    fn who_is_not_in_the_directory_fits_external_policies_only() {
        let mut stranger = guest(Some((5, true)));
        stranger.external.account = Some(NewAccount {
            address: "ada@partner.example".to_owned(),
            name: "Ada".to_owned(),
            principal_name: "ada_partner.example#EXT#@fabrikam.example".to_owned(),
            is_taken: false,
        });
        let fits = |scope| in_scope(&policy(1, scope, vec![]).body, &stranger);
        for scope in TargetScope::ALL {
            let wanted =
                [TargetScope::AllExternalUsers, TargetScope::AllConfiguredConnectedOrganizationUsers].contains(&scope);
            assert_eq!(fits(scope), wanted, "{scope:?}");
        }
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
    fn a_policy_is_hidden_by_those_of_the_narrowest_rung_above_it() {
        let everybody = policy(1, TargetScope::AllDirectoryUsers, vec![]);
        let specific = policy(2, TargetScope::SpecificDirectoryUsers, group(7));
        let all = [everybody.clone(), specific.clone(), policy(3, TargetScope::AllMemberUsers, vec![])];
        let by = |target: &TargetFacts, may_ask: fn(&Policy) -> bool| {
            narrower(&all, &everybody, target, may_ask).iter().map(|p| p.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(by(&person(1, &[7]), |_| true), ["policy 2"]);
        assert_eq!(by(&person(1, &[]), |_| true), ["policy 3"]);
        let open = by(&person(1, &[7]), |p| p.name == "policy 3");
        assert_eq!(open, ["policy 3"], "who cannot ask there is not led there");
        assert!(narrower(&all, &specific, &person(1, &[7]), |_| true).is_empty());
        assert_eq!(hidden_by(&everybody, &[]), None);
        let refusal = hidden_by(&everybody, &[&specific]);
        assert_eq!(refusal.map(|r| (r.code, r.related.len())), Some((Code::NotInPolicyScope, 1)));
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
