//! `$metadata`: the schema as a document, for everybody who asks, as the published service does.

use crate::error::Failure;
use crate::http::Reply;
use crate::wire::schema::SCHEMA;
use axum::http::Method;
use bytes::Bytes;
use std::sync::LazyLock;
use tenure_odata::csdl;
use tenure_odata::edm::Version;
use tenure_odata::query::Options;
use tenure_odata::{Error, ErrorKind};

/// Made once: the schema does not change while the server runs.
static DOCUMENTS: LazyLock<Vec<(Version, Bytes)>> =
    LazyLock::new(|| Version::ALL.map(|version| (version, csdl::document(&SCHEMA, version).into())).to_vec());

/// Whether a path, after its version, asks for the document.
pub fn is_asked(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.eq_ignore_ascii_case("$metadata") || path.eq_ignore_ascii_case("%24metadata")
}

/// Answers with the document of a version.
pub fn answer(method: &Method, version: Version, query: &str) -> Result<Reply, Failure> {
    if ![Method::GET, Method::HEAD].contains(method) {
        return Err(Failure::method_not_allowed("GET, HEAD"));
    }
    let format = Options::parse(query)?.get("format").map(str::to_ascii_lowercase);
    if let Some(format) = format.filter(|f| !["application/xml", "xml"].contains(&f.as_str())) {
        let message = format!("$metadata is there as application/xml only, not as `{format}`");
        return Err(Error::whole(ErrorKind::Invalid, "$format", message).into());
    }
    let document = DOCUMENTS.iter().find(|(v, _)| *v == version).map(|(_, document)| document.clone());
    Ok(Reply::text("application/xml", document.unwrap_or_default()))
}
