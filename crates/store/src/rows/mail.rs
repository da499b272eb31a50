//! Mails that are kept because no mail server is configured.

use crate::error::StoreError;
use crate::fetch::json;
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::ids::MailId;
use tenure_domain::text::fold;
use tenure_odata::list_column;

sql! {
    INSERT: "INSERT INTO mail (id, kind, kind_key, recipients, recipients_list, subject, subject_key, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its id; that of the outbox row that asked for it, so that it is kept once.
    pub id: MailId,
    /// Its kind.
    pub kind: String,
    /// Addresses.
    pub to: Vec<String>,
    /// Subject line.
    pub subject: String,
    /// Text.
    pub body: String,
    /// When it was sent, by the business clock.
    pub created_at: Timestamp,
}

/// Keeps a mail; twice is once.
pub fn insert(tx: &mut Tx<'_>, mail: &Mail) -> Result<(), StoreError> {
    let folded: Vec<String> = mail.to.iter().map(|a| fold(a)).collect();
    let params = vec![
        mail.id.0.into(),
        mail.kind.as_str().into(),
        fold(&mail.kind).into(),
        json(&mail.to)?,
        list_column(folded.iter().map(String::as_str)).into(),
        mail.subject.as_str().into(),
        fold(&mail.subject).into(),
        mail.body.as_str().into(),
        mail.created_at.into(),
    ];
    tx.write(&INSERT, params);
    Ok(())
}
