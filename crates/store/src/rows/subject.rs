//! Subjects: requestors and targets.

use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::subject::Subject;
use tenure_domain::text::fold;

sql! {
    UPSERT(hot): "INSERT INTO subject (id, object_id, kind, name, name_key, email, email_key, principal_name, lifecycle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, email = coalesce(excluded.email, subject.email), email_key = coalesce(excluded.email_key, subject.email_key), principal_name = excluded.principal_name WHERE subject.name <> excluded.name OR coalesce(subject.email, '') <> coalesce(excluded.email, subject.email, '') OR coalesce(subject.principal_name, '') <> coalesce(excluded.principal_name, '')";
}

/// Makes a subject known, or brings its names up to date.
pub fn save(tx: &mut Tx<'_>, subject: &Subject) {
    let params = vec![
        subject.id.0.into(),
        subject.object.0.into(),
        subject.kind.code().into(),
        subject.name.as_str().into(),
        fold(&subject.name).into(),
        subject.email.clone().into(),
        subject.email.as_deref().map(fold).into(),
        subject.principal_name.clone().into(),
    ];
    tx.write(&UPSERT, params);
}
