//! Fulfilment in the embedded directory: the membership is written in the transaction that decided it (decisions.md C2).

use crate::rows::directory::{application, member, site};
use crate::rows::identity;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::catalog::RoleKind;
use tenure_domain::directory::DirectoryOp;
use tenure_domain::directory::application::AppRoleAssignment;
use tenure_domain::ids::Ids;

/// Gives or takes one role. Doing it twice is doing it once.
pub fn apply(tx: &mut Tx<'_>, op: &DirectoryOp, now: Timestamp, ids: &mut Ids) {
    match (op.role, op.give) {
        (RoleKind::GroupMember, true) => member::ensure(tx, op.origin, op.principal, now),
        (RoleKind::GroupMember, false) => member::remove_if_there(tx, op.origin, op.principal, now),
        (RoleKind::GroupOwner, true) => member::ensure_owner(tx, op.origin, op.principal),
        (RoleKind::GroupOwner, false) => member::remove_owner_if_there(tx, op.origin, op.principal),
        (RoleKind::AppRole(role), true) => {
            let assignment = AppRoleAssignment {
                id: ids.next(now),
                resource: op.origin,
                role,
                principal: op.principal,
                created_at: now,
            };
            application::ensure_assignment(tx, &assignment);
        }
        (RoleKind::AppRole(role), false) => application::remove_assignment_of(tx, op.origin, role, op.principal),
        (RoleKind::SiteGroup(number), true) => site::ensure_member(tx, op.origin, number, op.principal),
        (RoleKind::SiteGroup(number), false) => site::remove_member_if_there(tx, op.origin, number, op.principal),
        (RoleKind::DirectoryRole, true) => {
            identity::ensure_role(tx, ids.next(now), op.origin, op.principal, now);
        }
        (RoleKind::DirectoryRole, false) => identity::remove_role_if_there(tx, op.origin, op.principal),
    }
}
