//! The single writer of decisions: rows, timers, outbox and audit of one command, in one transaction.

use crate::audit::{self, Circumstances};
use crate::error::StoreError;
use crate::tx::Tx;
use crate::{directory_apply, queue, rows};
use tenure_domain::authorize::Permit;
use tenure_domain::ids::Ids;
use tenure_domain::request::{Change, Decision, Save};

/// Stores everything a decision says.
pub fn apply(
    tx: &mut Tx<'_>,
    permit: &Permit,
    at: Circumstances<'_>,
    decision: &Decision,
    ids: &mut Ids,
) -> Result<(), StoreError> {
    for change in &decision.changes {
        match change {
            Change::Subject(subject) => rows::subject::save(tx, subject),
            Change::Request(request, Save::New) => rows::request::insert(tx, request)?,
            Change::Request(request, Save::Changed) => rows::request::update(tx, request)?,
            Change::Assignment(assignment, Save::New) => rows::assignment::insert(tx, assignment),
            Change::Assignment(assignment, Save::Changed) => rows::assignment::update(tx, assignment),
            Change::Grant(grant, Save::New) => rows::grant::insert(tx, grant),
            Change::Grant(grant, Save::Changed) => rows::grant::update(tx, grant),
            Change::Link(link) => rows::grant::link(tx, *link),
            Change::Unlink(link) => rows::grant::unlink(tx, *link),
            Change::Directory(op) => directory_apply::apply(tx, op, at.now, ids),
            Change::Attributes(change) => rows::attribute::apply(tx, permit, change, at.now)?,
            Change::SetTimer(key, instant) => queue::set_timer(tx, (*key).into(), *instant),
            Change::ClearTimer(key) => queue::clear_timer(tx, (*key).into()),
            Change::Stage(stage, Save::New) => rows::approval::insert(tx, stage),
            Change::Stage(stage, Save::Changed) => rows::approval::update(tx, stage),
            Change::Approvers(opened) => rows::approval::open(tx, opened),
            Change::CloseApprovers(request) => rows::approval::close(tx, *request),
            Change::DeleteRequest(id) => rows::request::delete(tx, *id),
            Change::Organization(organization) => rows::organization::insert(tx, permit, organization)?,
            Change::Credentials(id, proofs) => rows::request::prove(tx, *id, proofs)?,
            Change::Guest(invitation) => rows::subject::invite(tx, permit, invitation, at.now)?,
        }
    }
    for effect in &decision.effects {
        queue::push(tx, ids.next(at.now), effect, at.now)?;
    }
    for event in &decision.audit {
        audit::append(tx, at, event, ids)?;
    }
    Ok(())
}
