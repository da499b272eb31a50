//! From JSON bodies to commands. Names match without case and underscores, both versions' names are understood
//! everywhere, annotations and read-only properties are passed over, and every fault is listed with its JSON pointer
//! (decisions.md L).

pub mod approval;
pub mod directory;
pub mod entitlement;
pub mod explain;
pub mod extension;
pub mod invitation;
pub mod organization;
pub mod origin_connector;
pub mod policy;
mod recurrence;
pub mod request;
pub mod role;
mod shape;
pub mod site;
pub mod spelling;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};
use std::cell::RefCell;
use std::rc::Rc;
use tenure_domain::limits::{FAULTS_MAX, JSON_ITEMS_MAX, JSON_MEMBERS_MAX};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::time::{IsoDuration, whole_micros};
use tenure_domain::{Patch, Timestamp};
use tenure_odata::edm::{EntityType, EnumType};
use tenure_odata::nearest;
use uuid::Uuid;

/// The faults of one body, shared by its parts.
type Faults = Rc<RefCell<Vec<(String, String)>>>;

struct Field<'v> {
    name: &'v str,
    normal: String,
    value: &'v Json,
    used: RefCell<bool>,
}

/// A JSON object that is being read.
pub struct Body<'v> {
    fields: Vec<Field<'v>>,
    at: String,
    faults: Faults,
}

/// Notes a fault, unless there are enough already.
fn note(faults: &Faults, at: &str, message: impl Into<String>) {
    let mut faults = faults.borrow_mut();
    if faults.len() < FAULTS_MAX {
        faults.push((at.to_owned(), message.into()));
    }
}

/// A name without what clients spell differently.
fn normal(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Reads a whole body with `read`; gives what it made, or all faults.
pub fn read<T>(value: &Json, read: impl FnOnce(&Body<'_>) -> Option<T>) -> Result<T, Refusal> {
    let faults = Faults::default();
    let made = match value.as_object() {
        Some(map) => read(&Body::new(map, String::new(), faults.clone())),
        None => {
            faults.borrow_mut().push((String::new(), "the body must be a JSON object".to_owned()));
            None
        }
    };
    let faults = faults.take();
    match (made, faults.first()) {
        (Some(made), None) => Ok(made),
        (_, first) => {
            let message = first.map_or("The model is invalid.", |(_, message)| message).to_owned();
            let refusal = Refusal::new(Code::InvalidModel, message);
            Err(faults.into_iter().fold(refusal, |r, (at, message)| r.detail(at, message)))
        }
    }
}

impl<'v> Body<'v> {
    fn new(map: &'v Map<String, Json>, at: String, faults: Faults) -> Self {
        let fields = map
            .iter()
            .take(JSON_MEMBERS_MAX)
            .map(|(name, value)| Field { name, normal: normal(name), value, used: RefCell::new(false) })
            .collect();
        if map.len() > JSON_MEMBERS_MAX {
            let message = format!("an object has at most {JSON_MEMBERS_MAX} members");
            note(&faults, &at, message);
        }
        Self { fields, at, faults }
    }

    /// The pointer of a member.
    fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Notes a fault of a member.
    pub fn fault(&self, name: &str, message: impl Into<String>) {
        note(&self.faults, &self.pointer(name), message);
    }

    /// Notes a fault inside a member; `at` is the rest of its pointer.
    pub fn fault_below(&self, name: &str, at: &str, message: impl Into<String>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < FAULTS_MAX {
            faults.push((format!("{}{at}", self.pointer(name)), message.into()));
        }
    }

    /// The member that has one of these names: its name as written, and its value. The same fact in two spellings with
    /// different values is a fault (decisions.md L5).
    fn take(&self, names: &[&str]) -> Option<(&'v str, &'v Json)> {
        let mut found: Option<&Field<'v>> = None;
        let wanted: Vec<String> = names.iter().map(|n| normal(n)).collect();
        for field in self.fields.iter().filter(|f| wanted.contains(&f.normal)) {
            *field.used.borrow_mut() = true;
            match found {
                Some(first) if first.value.is_null() => found = Some(field),
                Some(first) if !field.value.is_null() && first.value != field.value => {
                    let message = format!("`{}` and `{}` say the same thing differently", first.name, field.name);
                    self.fault(field.name, message);
                }
                Some(_) => {}
                None => found = Some(field),
            }
        }
        found.map(|f| (f.name, f.value))
    }

    /// Whether a member of one of these names is there, null or not.
    pub fn has(&self, names: &[&str]) -> bool {
        self.take(names).is_some()
    }

    /// A member whose value `convert` understands; `wanted` says what that would be.
    fn patch<T>(&self, names: &[&str], wanted: &str, convert: impl FnOnce(&'v Json) -> Option<T>) -> Patch<T> {
        match self.take(names) {
            None => Patch::Absent,
            Some((_, Json::Null)) => Patch::Null,
            Some((name, value)) => match convert(value) {
                Some(made) => Patch::Value(made),
                None => {
                    self.fault(name, format!("`{name}` must be {wanted}"));
                    Patch::Absent
                }
            },
        }
    }

    /// A text, which may be absent or null.
    pub fn patch_text(&self, names: &[&str]) -> Patch<String> {
        self.patch(names, "a text", |v| v.as_str().map(ToOwned::to_owned))
    }

    /// A text.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        self.patch_text(names).value()
    }

    /// A text that must be there.
    pub fn required_text(&self, names: &[&str]) -> Option<String> {
        let text = self.patch_text(names);
        if let Patch::Value(text) = text {
            return Some(text);
        }
        // A wrong type has its fault already.
        if text.is_present() || !self.has(names) {
            self.missing(names);
        }
        None
    }

    /// Notes that a member is missing.
    pub fn missing(&self, names: &[&str]) {
        let name = names.first().copied().unwrap_or_default();
        self.fault(name, format!("`{name}` is required"));
    }

    /// Yes or no, which may be absent or null.
    pub fn patch_flag(&self, names: &[&str]) -> Patch<bool> {
        self.patch(names, "true or false", Json::as_bool)
    }

    /// Yes or no.
    pub fn flag(&self, names: &[&str]) -> Option<bool> {
        self.patch_flag(names).value()
    }

    /// A whole number, which may be absent or null.
    pub fn patch_int(&self, names: &[&str]) -> Patch<i32> {
        self.patch(names, "a whole number", |v: &Json| v.as_i64().and_then(|n| i32::try_from(n).ok()))
    }

    /// A whole number.
    pub fn int(&self, names: &[&str]) -> Option<i32> {
        self.patch_int(names).value()
    }

    /// An id.
    pub fn id<T: From<Uuid>>(&self, names: &[&str]) -> Option<T> {
        self.patch(names, "a GUID", |v| v.as_str().and_then(|t| Uuid::parse_str(t.trim()).ok())).value().map(T::from)
    }

    /// An instant: RFC 3339 with any number of fraction digits; UTC where no offset is given.
    pub fn time(&self, names: &[&str]) -> Option<Timestamp> {
        self.patch(names, "an instant such as 2026-03-01T09:00:00Z", |v| v.as_str().and_then(parse_time)).value()
    }

    /// A duration.
    pub fn duration(&self, names: &[&str]) -> Option<IsoDuration> {
        let wanted = "an ISO 8601 duration such as P30D or PT8H";
        self.patch(names, wanted, |v| v.as_str().and_then(|t| t.parse().ok())).value()
    }

    /// One of the words of a table, without regard to case.
    pub fn word<T: Copy>(&self, names: &[&str], words: &[(&str, T)]) -> Option<T> {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let find = |text: &str| words.iter().find(|(w, _)| w.eq_ignore_ascii_case(text.trim())).map(|(_, v)| *v);
        self.patch(names, &format!("one of {}", all.join(", ")), |v| v.as_str().and_then(find)).value()
    }

    /// One of the words of a published enumeration, as it is spelt there.
    pub fn declared_word(&self, names: &[&str], words: &EnumType) -> Option<String> {
        self.patch(names, &one_of(words), |v| spelt(words, v)).value()
    }

    /// A list of them.
    pub fn declared_words(&self, names: &[&str], words: &EnumType) -> Option<Vec<String>> {
        let all = |v: &Json| v.as_array()?.iter().map(|word| spelt(words, word)).collect();
        self.patch(names, &format!("a list of words, each {}", one_of(words)), all).value()
    }

    /// A day such as 2026-03-01.
    pub fn day(&self, names: &[&str]) -> Option<String> {
        let day = |v: &Json| v.as_str()?.trim().parse::<Date>().ok().map(|day| day.to_string());
        self.patch(names, "a day such as 2026-03-01", day).value()
    }

    /// A nested object, which may be absent or null.
    pub fn patch_object(&self, names: &[&str]) -> Patch<Body<'v>> {
        let taken = self.take(names).map_or("", |(name, _)| name);
        let at = self.pointer(taken);
        self.patch(names, "an object", |v| v.as_object().map(|map| Body::new(map, at, self.faults.clone())))
    }

    /// A nested object.
    pub fn object(&self, names: &[&str]) -> Option<Body<'v>> {
        self.patch_object(names).value()
    }

    /// A list of objects. The text `[]` is one too: an official example sends it.
    pub fn objects(&self, names: &[&str]) -> Option<Vec<Body<'v>>> {
        let (name, value) = self.take(names)?;
        let at = self.pointer(name);
        let items = match value {
            Json::Null => return None,
            Json::Array(items) => items.as_slice(),
            Json::String(text) if text.trim() == "[]" || text.trim().is_empty() => &[],
            _ => {
                self.fault(name, format!("`{name}` must be a list"));
                return None;
            }
        };
        if items.len() > JSON_ITEMS_MAX {
            self.fault(name, format!("`{name}` has at most {JSON_ITEMS_MAX} items"));
            return None;
        }
        let mut bodies = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            match item.as_object() {
                Some(map) => bodies.push(Body::new(map, format!("{at}/{i}"), self.faults.clone())),
                None => self.fault(name, format!("item {i} of `{name}` must be an object")),
            }
        }
        Some(bodies)
    }

    /// A list of texts.
    pub fn texts(&self, names: &[&str]) -> Option<Vec<String>> {
        let all = |v: &Json| -> Option<Vec<String>> {
            v.as_array()?.iter().map(|t| t.as_str().map(ToOwned::to_owned)).collect()
        };
        self.patch(names, "a list of texts", all).value()
    }

    /// Any value.
    pub fn raw(&self, names: &[&str]) -> Option<&'v Json> {
        self.take(names).map(|(_, value)| value)
    }

    /// Members whose names are taken, as they are written, with their values.
    pub fn members(&self, takes: impl Fn(&str) -> bool) -> Vec<(&'v str, &'v Json)> {
        let all = self.fields.iter().filter(|f| takes(f.name));
        all.inspect(|f| *f.used.borrow_mut() = true).map(|f| (f.name, f.value)).collect()
    }

    /// The type an object says it has, without namespace.
    pub fn type_name(&self) -> Option<&'v str> {
        let value = self.fields.iter().find(|f| f.name.eq_ignore_ascii_case("@odata.type"))?.value;
        value.as_str().map(tenure_odata::edm::type_name)
    }

    /// Ids behind `members@odata.bind` and the like: the last id of each reference, whatever host it names.
    pub fn bound<T: From<Uuid>>(&self, name: &str) -> Vec<T> {
        let annotation = format!("{name}@odata.bind");
        let Some((written, value)) = self.take(&[annotation.as_str()]) else { return Vec::new() };
        let references: Vec<&str> = match value {
            Json::Null => return Vec::new(),
            Json::String(one) => vec![one.as_str()],
            Json::Array(all) => all.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        if references.is_empty() && value.as_array().is_none_or(|a| !a.is_empty()) {
            self.fault(written, format!("`{written}` must be a list of references"));
        }
        let max = tenure_domain::limits::BIND_MAX;
        if references.len() > max {
            self.fault(written, format!("`{written}` holds at most {max} references"));
        }
        let mut ids = Vec::new();
        for reference in references {
            match last_id(reference) {
                Some(id) => ids.push(T::from(id)),
                None => self.fault(written, format!("`{reference}` is no reference to a directory object")),
            }
        }
        ids
    }

    /// Notes every member that nothing has asked for: a member with a value must be known. `entity` gives the names that
    /// are known but read-only here, `more` further ones.
    pub fn finish(&self, entity: Option<&'static EntityType>, more: &[&'static str]) {
        let mut known: Vec<&'static str> = more.to_vec();
        if let Some(entity) = entity {
            known.extend(entity.properties.iter().flat_map(|p| p.name.spellings()));
            known.extend(entity.navigations.iter().flat_map(|n| n.name.spellings()));
        }
        let normals: Vec<String> = known.iter().map(|n| normal(n)).collect();
        for field in &self.fields {
            let ignored = *field.used.borrow() || field.value.is_null() || field.name.contains('@');
            if ignored || normals.contains(&field.normal) {
                continue;
            }
            // Looking for the nearest name is dear, and nobody would read of it.
            if self.faults.borrow().len() >= FAULTS_MAX {
                return;
            }
            let hint = nearest(field.name, known.iter().copied()).map(|n| format!("; did you mean `{n}`?"));
            self.fault(field.name, format!("`{}` is not known here{}", field.name, hint.unwrap_or_default()));
        }
    }
}

fn one_of(words: &EnumType) -> String {
    let all: Vec<&str> = words.members.iter().map(|(_, word)| *word).collect();
    format!("one of {}", all.join(", "))
}

/// A word as its enumeration spells it.
fn spelt(words: &EnumType, value: &Json) -> Option<String> {
    words.code(value.as_str()?.trim()).and_then(|code| words.word(code)).map(ToOwned::to_owned)
}

/// An instant as clients write it (clients.md 3).
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let with_offset = text.parse::<Timestamp>().ok();
    let without = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp());
    with_offset.or_else(without).map(whole_micros)
}

/// The id that a reference ends with: `…/directoryObjects/{id}`, `…/users('{id}')`, or the id alone.
pub fn last_id(reference: &str) -> Option<Uuid> {
    let tail = reference.trim_end_matches('/').rsplit('/').next()?;
    let inner = tail.split_once('(').map_or(tail, |(_, key)| key.trim_end_matches(')'));
    Uuid::parse_str(inner.trim_matches('\'')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(value: &Json, reader: impl FnOnce(&Body<'_>)) -> Vec<(String, String)> {
        let read = read(value, |b| {
            reader(b);
            Some(())
        });
        let refusal = read.err();
        refusal.into_iter().flat_map(|r| r.details).map(|d| (d.target.unwrap_or_default(), d.message)).collect()
    }

    #[test]
    fn names_match_without_case_and_underscores() {
        for name in ["displayName", "DisplayName", "display_name", "DISPLAYNAME"] {
            let value = json!({ name: "x" });
            assert_eq!(read(&value, |b| b.text(&["displayName"])), Ok("x".to_owned()), "{name}");
        }
    }

    #[test]
    fn every_fault_is_listed_with_its_pointer() {
        let value = json!({ "flag": "yes", "inner": { "id": "x", "wrong": 1, "other@odata.type": 3 }, "gone": null });
        let found = faults(&value, |b| {
            b.required_text(&["displayName"]);
            b.flag(&["flag"]);
            if let Some(inner) = b.object(&["inner"]) {
                inner.id::<Uuid>(&["id"]);
                inner.finish(None, &["wrongs"]);
            }
            b.finish(None, &[]);
        });
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            found,
            [
                ("/displayName", "`displayName` is required"),
                ("/flag", "`flag` must be true or false"),
                ("/inner/id", "`id` must be a GUID"),
                ("/inner/wrong", "`wrong` is not known here; did you mean `wrongs`?"),
            ]
        );
    }

    #[test]
    fn two_spellings_must_agree() {
        let names: &[&str] = &["state", "catalogStatus"];
        let value = json!({ "state": "a", "catalogStatus": "b" });
        assert_eq!(faults(&value, |b| drop(b.text(names))).len(), 1);
        let value = json!({ "state": null, "catalogStatus": "b" });
        assert_eq!(read(&value, |b| b.text(names)), Ok("b".to_owned()));
    }

    #[test]
    fn instants_are_read_in_every_form_clients_send() {
        for text in [
            "2026-11-21T23:36:06.410983+00:00",
            "2026-11-21T23:36:06.410983Z",
            "2026-11-22T00:36:06.4109830+01:00",
            "2026-11-21T23:36:06.410983",
        ] {
            assert_eq!(
                parse_time(text).map(|t| t.to_string()).as_deref(),
                Some("2026-11-21T23:36:06.410983Z"),
                "{text}"
            );
        }
        assert_eq!(parse_time("soon"), None);
    }

    #[test]
    fn references_end_with_an_id() {
        let id = Uuid::from_u128(5);
        for text in [
            format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}"),
            format!("https://localhost:8443/beta/users('{id}')"),
            id.to_string(),
        ] {
            assert_eq!(last_id(&text), Some(id), "{text}");
        }
        assert_eq!(last_id("https://graph.microsoft.com/v1.0/users/ada@contoso.example"), None);
    }
}
