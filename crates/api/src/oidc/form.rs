//! Parameters of a form or a query string.

use crate::http::Raw;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// Parameters by name; of equal names the first counts, so that nothing appended changes what was meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// Reads a form or query string.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut all = HashMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            all.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(all)
    }

    /// The body of a request.
    pub fn of_body(raw: &Raw) -> Self {
        Self::parse(&raw.body)
    }

    /// The query string of a request.
    pub fn of_query(raw: &Raw) -> Self {
        Self::parse(raw.query.as_bytes())
    }

    /// A parameter that says something; what no database could look for says nothing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty() && !v.contains('\0'))
    }
}

/// Client id and secret of an `Authorization: Basic` header.
pub fn basic(raw: &Raw) -> Option<(String, String)> {
    let header = raw.headers.get("authorization")?.to_str().ok()?;
    let encoded = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?.1;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        form_urlencoded::parse(format!("v={part}").as_bytes()).next().map(|(_, v)| v.into_owned()).unwrap_or_default()
    };
    Some((decoded(id), decoded(secret)))
}
