//! `POST assignments/import`: a file of assignments becomes a job (decisions.md C8).

use super::begun;
use crate::error::Failure;
use crate::http::{Call, Reply};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use tenure_auth::secret;
use tenure_domain::import::{self as file, Format};
use tenure_odata::query::Options;
use tenure_service::Cost;
use tenure_service::import::{self, ImportCommand};

/// Media types of files.
const FORMATS: [(&str, Format); 4] = [
    ("text/csv", Format::Csv),
    ("application/jsonl", Format::JsonLines),
    ("application/x-ndjson", Format::JsonLines),
    ("application/x-jsonlines", Format::JsonLines),
];

/// Takes a file. Whoever could assign nothing hears so before it is looked at.
pub async fn begin(call: &Call) -> Result<Reply, Failure> {
    call.app.engine().read(Cost::Small, call.identity, call.id, import::may_begin).await?;
    let dry_run = dry_run(call)?;
    let format = format(call)?;
    let text = std::str::from_utf8(&call.body).map_err(|error| not_utf8(&call.body, error.valid_up_to()))?;
    let digest = URL_SAFE_NO_PAD.encode(secret::hash_bytes(text.as_bytes()));
    let command = Arc::new(ImportCommand { rows: file::rows(format, text)?, digest, dry_run });
    begun(call, move |ctx| import::begin(ctx, &command)).await
}

fn dry_run(call: &Call) -> Result<bool, Failure> {
    match Options::parse(&call.query)?.other("dryRun") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Failure::model("dryRun", "`dryRun` must be true or false")),
    }
}

fn format(call: &Call) -> Result<Format, Failure> {
    let kind = call.header("content-type").unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = FORMATS.iter().find(|(name, _)| *name == media);
    found.map(|(_, format)| *format).ok_or_else(|| {
        let message = "the body must be text/csv, or application/jsonl with a JSON object per line";
        Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    })
}

/// A file that is no UTF-8, with the place where it stops being so.
fn not_utf8(body: &[u8], good: usize) -> Failure {
    let before = body.get(..good).unwrap_or_default();
    let line = before.split(|b| *b == b'\n').count();
    let last = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    Failure::model(&format!("{line}:{column}"), format!("line {line}, column {column}: the file must be UTF-8"))
}
