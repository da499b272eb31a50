//! What a request brings about for external people: an organization that is proposed, and the account that is made when
//! access is given (behaviour.md e.1, e.2; decisions.md C9, Q7).

use super::{Change, Decision, Request};
use crate::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use crate::authorize::Caller;
use crate::directory::guest::NewAccount;
use crate::ids::{Ids, RequestId, SubjectId};
use crate::organization::{IdentitySource, Organization, OrganizationState};
use crate::policy::TargetScope;
use crate::policy::eligibility::External;
use crate::refusal::{Code, Refusal};
use crate::subject::Subject;
use crate::time::Timestamp;

/// An account to be made in the directory, with the id of its subject (decisions.md B14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Whose account it is.
    pub subject: SubjectId,
    /// The account.
    pub account: NewAccount,
}

/// The subject of a request, with the organization it belongs to. Under a policy for any external person an unknown domain
/// becomes a proposed organization.
pub(super) fn subject(
    decision: &mut Decision,
    (subject, external): (&Subject, &External),
    scope: TargetScope,
    request: RequestId,
    now: Timestamp,
    ids: &mut Ids,
) -> Subject {
    let known = external.organizations.first().map(|b| b.organization);
    let wanted = external.proposal.as_ref().filter(|_| scope == TargetScope::AllExternalUsers && known.is_none());
    let proposed = wanted.map(|proposal| {
        let id = ids.next(now);
        // The name of a domain may be taken by an organization that does not have the domain.
        let name = if proposal.is_name_taken { format!("{} ({id})", proposal.domain) } else { proposal.domain.clone() };
        let by = Caller::system().rights.name;
        let organization = Organization {
            id,
            name,
            description: None,
            sources: vec![IdentitySource::Domain {
                domain: proposal.domain.clone(),
                name: Some(proposal.domain.clone()),
            }],
            state: OrganizationState::Proposed,
            created_at: now,
            modified_at: now,
            created_by: by.clone(),
            modified_by: by,
            version: 1,
        };
        let target = AuditTarget::new(TargetKind::ConnectedOrganization, id, organization.name.clone())
            .with([Modified::set("State", OrganizationState::Proposed.name())]);
        decision.audit.push(AuditEvent::new(Activity::CreateOrganization, target).correlated(request));
        decision.change(Change::Organization(organization));
        id
    });
    Subject { organization: known.or(proposed), ..subject.clone() }
}

/// Makes the account of a target who is not in the directory yet; access is being given to it. No invitation is sent.
pub(super) fn invite(decision: &mut Decision, request: &Request, external: &External) {
    let Some(account) = &external.account else { return };
    let target = AuditTarget::new(TargetKind::User, request.target.0, account.name.clone())
        .with([Modified::set("UserPrincipalName", &account.principal_name), Modified::set("Mail", &account.address)]);
    decision.audit.push(AuditEvent::new(Activity::InviteUser, target).correlated(request.id));
    decision.change(Change::Guest(Invitation { subject: request.target, account: account.clone() }));
}

/// Whether the account can be made.
pub(super) fn may_invite(external: &External) -> Result<(), Refusal> {
    if external.account.as_ref().is_some_and(|account| account.is_taken) {
        let message = "somebody with the address of the target is in the directory by now; assign to that account";
        return Err(Refusal::new(Code::TargetNotEligible, message));
    }
    Ok(())
}
