//! What the application answered, and how snapshots show it: ids by name, instants to the second, and of the headers
//! only those that say something about this answer.

use axum::http::HeaderMap;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;
use uuid::Uuid;

/// Headers that belong to what is answered, not to every answer.
const SHOWN: [&str; 6] = ["location", "allow", "www-authenticate", "retry-after", "preference-applied", "content-type"];
/// The media type that goes without saying.
const USUAL: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub json: Value,
    /// The wall clock when it was asked, as errors show it.
    pub(crate) date: String,
}

impl Answer {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The id of the object that was answered.
    ///
    /// # Panics
    /// When the answer is no object with an id.
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {} {}", self.status, self.text)).to_owned()
    }

    /// `error.code`; empty when it is no error.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    /// `error.message`; empty when it is no error.
    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }

    /// The targets of `error.details`, in order.
    pub fn pointers(&self) -> Vec<&str> {
        let details = self.json["error"]["details"].as_array();
        details.into_iter().flatten().map(|d| d["target"].as_str().unwrap_or_default()).collect()
    }

    /// The objects a refusal names as standing in the way: type and id.
    pub fn related(&self) -> Vec<(&str, &str)> {
        let related = self.json["error"]["innerError"]["tenure"]["related"].as_array();
        related.into_iter().flatten().filter_map(|r| Some((r["type"].as_str()?, r["id"].as_str()?))).collect()
    }

    /// The objects of a list.
    ///
    /// # Panics
    /// When the answer is no list.
    pub fn values(&self) -> &[Value] {
        let values = self.json["value"].as_array();
        values.unwrap_or_else(|| panic!("no list in {} {}", self.status, self.text))
    }

    /// One property of all objects of a list, as text.
    pub fn column(&self, property: &str) -> Vec<String> {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned);
        self.values().iter().map(|v| text(&v[property])).collect()
    }

    /// The same answer, after a look at its status.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Without the three members of every error, if they are what they should be.
    fn without_ids(&self) -> Value {
        let mut json = self.json.clone();
        let Some(inner) = json.pointer_mut("/error/innerError").and_then(Value::as_object_mut) else { return json };
        let usual = [
            ("date", self.date.as_str()),
            ("request-id", self.header("request-id")),
            ("client-request-id", self.header("client-request-id")),
        ];
        for (name, value) in usual {
            if inner.get(name).is_some_and(|v| v == value) {
                inner.remove(name);
            }
        }
        if inner.is_empty()
            && let Some(error) = json.get_mut("error").and_then(Value::as_object_mut)
        {
            error.remove("innerError");
        }
        json
    }

    /// As a snapshot shows it, with ids as they are.
    pub(crate) fn shown(&self) -> String {
        let mut out = format!("{}\n", self.status);
        for name in SHOWN {
            let value = self.header(name);
            if !value.is_empty() && value != USUAL {
                let _ = writeln!(out, "{name}: {value}");
            }
        }
        if self.json.is_null() {
            out.push_str(&self.text);
        } else {
            out.push_str(&serde_json::to_string_pretty(&self.without_ids()).unwrap_or_default());
        }
        out
    }
}

/// What ids are called in snapshots.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<Uuid, String>,
    others: usize,
}

impl Names {
    /// Calls an id by a name from now on.
    pub fn put(&mut self, id: Uuid, name: impl Into<String>) {
        self.known.insert(id, name.into());
    }

    fn of(&mut self, id: Uuid) -> String {
        if id.is_nil() {
            return id.to_string();
        }
        let others = &mut self.others;
        let name = self.known.entry(id).or_insert_with(|| {
            *others += 1;
            format!("id:{others}")
        });
        format!("<{name}>")
    }

    /// A text with names in place of ids, and instants to the second: the clock of the tests moves by a millisecond
    /// with every call, so that what was made first comes first in lists.
    pub fn apply(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(id) = rest.get(..36).and_then(hyphenated) {
                out.push_str(&self.of(id));
                rest = rest.get(36..).unwrap_or_default();
                continue;
            }
            if c == '.' && ends_with_seconds(&out) {
                let after = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
                if after.starts_with('Z') {
                    rest = after;
                    continue;
                }
            }
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        out
    }
}

fn hyphenated(text: &str) -> Option<Uuid> {
    let dashes = text.bytes().enumerate().filter(|(_, b)| *b == b'-').map(|(i, _)| i);
    if dashes.eq([8, 13, 18, 23]) { Uuid::parse_str(text).ok() } else { None }
}

/// Whether a text ends like `T09:00:00`.
fn ends_with_seconds(text: &str) -> bool {
    let Some(tail) = text.len().checked_sub(9).and_then(|at| text.get(at..)) else { return false };
    let shape: String = tail.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "T00:00:00"
}

#[cfg(test)]
mod tests {
    use super::Names;
    use uuid::Uuid;

    #[test]
    fn ids_get_names_in_the_order_they_appear() {
        let mut names = Names::default();
        names.put(Uuid::from_u128(1), "user:ada");
        let (one, two, three) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let text = names.apply(&format!("{two}_{one} [{three}] {two} {}", Uuid::nil()));
        assert_eq!(text, "<id:1>_<user:ada> [<id:2>] <id:1> 00000000-0000-0000-0000-000000000000");
    }

    #[test]
    fn instants_are_shown_to_the_second() {
        let mut names = Names::default();
        assert_eq!(names.apply("\"2026-03-02T09:00:00.004123Z\""), "\"2026-03-02T09:00:00Z\"");
        assert_eq!(names.apply("v1.0 3.14Z T09:00:00.5"), "v1.0 3.14Z T09:00:00.5");
        assert_eq!(names.apply("Díaz"), "Díaz");
    }
}
