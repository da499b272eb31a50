//! Names of a person in the audit are erased; what happened stays, and so does the proof of it (decisions.md F4).

use tenure_domain::Timestamp;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, TargetKind};
use tenure_domain::authorize::Caller;
use tenure_domain::ids::{Ids, ObjectId};
use tenure_domain::seal::ERASURE_ROWS;
use tenure_store::audit::{Circumstances, append};
use tenure_store::seal::{erasable, erase};
use tenure_store::{StoreError, Tx};
use uuid::Uuid;

/// Empties the names of people in rows about this person or done by him, some at a time, and records that; gives how
/// many. A row that names others as well loses their names, too: the digest covers them together.
pub fn erase_some(tx: &mut Tx<'_>, person: ObjectId, now: Timestamp, ids: &mut Ids) -> Result<usize, StoreError> {
    let rows = tx.fetch(erasable(person))?;
    if rows.is_empty() {
        return Ok(0);
    }
    for row in &rows {
        erase(tx, *row);
    }
    let mut event = AuditEvent::new(Activity::ErasePersonal, AuditTarget::new(TargetKind::User, person, None));
    // Whoever checks an export counts: rows that nobody has recorded as emptied are a fault.
    event.details.push((ERASURE_ROWS.to_owned(), rows.len().to_string()));
    let correlation: Uuid = ids.next(now);
    append(tx, Circumstances { caller: &Caller::system(), now, correlation }, &event, ids)?;
    Ok(rows.len())
}
