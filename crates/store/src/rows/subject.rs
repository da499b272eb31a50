//! Subjects: requestors and targets.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::rows::directory::user;
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{ObjectId, RequestId, SubjectId};
use tenure_domain::request::Invitation;
use tenure_domain::subject::{Lifecycle, Subject, SubjectKind};
use tenure_domain::text::fold;

sql! {
    UPSERT(hot): "INSERT INTO subject (id, object_id, kind, name, name_key, email, email_key, principal_name, organization_id, lifecycle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, email = coalesce(excluded.email, subject.email), email_key = coalesce(excluded.email_key, subject.email_key), principal_name = excluded.principal_name, organization_id = coalesce(excluded.organization_id, subject.organization_id) WHERE subject.name <> excluded.name OR coalesce(subject.email, '') <> coalesce(excluded.email, subject.email, '') OR coalesce(subject.principal_name, '') <> coalesce(excluded.principal_name, '') OR (excluded.organization_id IS NOT NULL AND (subject.organization_id IS NULL OR subject.organization_id <> excluded.organization_id))";
    GET: "SELECT id, object_id, kind, name, email, principal_name, organization_id, lifecycle FROM subject WHERE id = $1";
    OF_REQUEST: "SELECT j.id, j.object_id, j.kind, j.name, j.email, j.principal_name, j.organization_id, j.lifecycle FROM request q JOIN subject j ON j.id = q.target_id WHERE q.id = $1";
    UNKNOWN: "SELECT id, object_id, kind, name, email, principal_name, organization_id, lifecycle FROM subject WHERE email_key = $1 AND object_id IS NULL";
    /// As the directory names it now, else as it was named when it was made known.
    NAME: "SELECT j.id, coalesce(o.display_name, j.name) FROM subject j LEFT JOIN directory_object o ON o.id = j.id WHERE j.id = $1";
    /// When the account of a guest was made whom we invited.
    INVITED_AT: "SELECT j.id, o.created_at FROM subject j JOIN dir_user u ON u.id = j.id JOIN directory_object o ON o.id = u.id WHERE j.id = $1 AND j.lifecycle = $2 AND u.user_type = 2";
    SET_LIFECYCLE: "UPDATE subject SET lifecycle = $2 WHERE id = $1";
    INVITED: "UPDATE subject SET object_id = $1, principal_name = $2, lifecycle = $3 WHERE id = $1 AND COALESCE(object_id, id) = id";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Subject, StoreError> {
    let mut c = Columns::of(row, "subject");
    Ok(Subject {
        id: c.id("id")?,
        object: c.opt_id("object_id")?,
        kind: c.code("kind", SubjectKind::from_code)?,
        name: c.text("name")?,
        email: c.opt_text("email")?,
        principal_name: c.opt_text("principal_name")?,
        organization: c.opt_id("organization_id")?,
        lifecycle: c.code("lifecycle", Lifecycle::from_code)?,
    })
}

/// A subject.
pub fn get(id: SubjectId) -> First<Subject> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The target of a request.
pub fn of_request(id: RequestId) -> First<Subject> {
    Query::new(&OF_REQUEST, vec![id.0.into()], decode).first()
}

/// The external person who is known by this address only.
pub fn known_by_address(address: &str) -> First<Subject> {
    Query::new(&UNKNOWN, vec![fold(address).into()], decode).first()
}

/// What a subject is called.
pub fn name(id: SubjectId) -> First<String> {
    Query::new(&NAME, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "subject");
        c.id::<SubjectId>("id")?;
        c.text("name")
    })
    .first()
}

/// When the account of a subject was made, if we invited him.
pub fn invited_at(id: SubjectId) -> First<Timestamp> {
    Query::new(&INVITED_AT, vec![id.0.into(), Lifecycle::Governed.code().into()], |row| {
        let mut c = Columns::of(row, "subject");
        c.id::<SubjectId>("id")?;
        c.time("created_at")
    })
    .first()
}

/// Makes a subject known, or brings its names and its organization up to date.
pub fn save(tx: &mut Tx<'_>, subject: &Subject) {
    let params = vec![
        subject.id.0.into(),
        subject.object.map(|o| o.0).into(),
        subject.kind.code().into(),
        subject.name.as_str().into(),
        fold(&subject.name).into(),
        subject.email.clone().into(),
        subject.email.as_deref().map(fold).into(),
        subject.principal_name.clone().into(),
        subject.organization.map(|o| o.0).into(),
        subject.lifecycle.code().into(),
    ];
    tx.write(&UPSERT, params);
}

/// Whether the end of a person's last assignment ends his account.
pub fn set_lifecycle(tx: &mut Tx<'_>, _: &Permit, id: SubjectId, lifecycle: Lifecycle) {
    tx.write(&SET_LIFECYCLE, vec![id.0.into(), lifecycle.code().into()]).exactly_one("subject");
}

/// A subject that was known by its address only has got an account of the same id. Whoever was not invited by an access
/// package is not governed by one (behaviour.md e.3).
pub fn has_account(tx: &mut Tx<'_>, _: &Permit, id: SubjectId, principal_name: &str) {
    let params = vec![id.0.into(), principal_name.into(), Lifecycle::NotGoverned.code().into()];
    tx.write(&INVITED, params).exactly_one("subject");
}

/// Makes the guest account of a subject that has none; the account takes the subject's id (decisions.md B14).
pub(crate) fn invite(
    tx: &mut Tx<'_>,
    permit: &Permit,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = ObjectId(invitation.subject.0);
    let account = invitation.account.user(id, now);
    user::insert(tx, permit, &account)?;
    let params = vec![id.0.into(), account.principal_name.into(), Lifecycle::Governed.code().into()];
    tx.write(&INVITED, params).exactly_one("subject");
    Ok(())
}
