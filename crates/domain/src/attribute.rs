//! Attributes of people that resources ask for (behaviour.md c.5; semantics.md 4): asked with every request for a package
//! that holds the resource, written to the person when access is given, and taken back with it unless they persist.

use crate::directory::Attributes;
use crate::directory::user::User;
use crate::ids::{AssignmentId, ObjectId};
use crate::limits::{EXTENSION_VALUES_MAX, RESOURCE_ATTRIBUTES_MAX};
use crate::policy::{Faults, Question};
use crate::refusal::{Code, Refusal};
use serde::{Deserialize, Serialize};

/// Built-in attributes of a person that the directory keeps as texts and that may be asked for.
const BUILT_IN: [&str; 17] = [
    "city",
    "companyName",
    "country",
    "department",
    "employeeId",
    "employeeType",
    "faxNumber",
    "givenName",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
];
/// Hexadecimal digits of an application's id in the name of a schema extension.
const APP_ID_DIGITS: usize = 32;

/// An attribute that a resource asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceAttribute {
    /// Its name in the directory.
    pub name: String,
    /// Whether a value that is there may be replaced; otherwise only an empty one can be filled, once.
    pub is_editable: bool,
    /// Whether the value stays when access ends.
    pub is_persistent: bool,
    /// How it is asked.
    pub question: Question,
}

/// The name as the directory spells it, if the directory keeps such an attribute of people as a text: a built-in one, or
/// a schema extension `extension_<application id without dashes>_<name>`.
pub fn storable(name: &str) -> Option<String> {
    let name = name.trim();
    if let Some(known) = BUILT_IN.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return Some((*known).to_owned());
    }
    is_extension(name).then(|| name.to_owned())
}

/// What the name of a schema extension begins with.
const EXTENSION: &str = "extension_";

/// Whether a name is that of a schema extension, in any case: `extension_<application id without dashes>_<name>`.
pub fn is_extension(name: &str) -> bool {
    let (Some(begin), Some(rest)) = (name.get(..EXTENSION.len()), name.get(EXTENSION.len()..)) else { return false };
    let Some((app, own)) = rest.split_once('_').filter(|_| begin.eq_ignore_ascii_case(EXTENSION)) else { return false };
    let is_app = app.len() == APP_ID_DIGITS && app.chars().all(|c| c.is_ascii_hexdigit());
    is_app && !own.is_empty() && own.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A person has at most so many schema extensions.
pub fn check_extensions(attributes: &Attributes) -> Result<(), Refusal> {
    let count = attributes.0.keys().filter(|name| is_extension(name)).count();
    if count <= EXTENSION_VALUES_MAX {
        return Ok(());
    }
    let message =
        format!("a person has at most {EXTENSION_VALUES_MAX} schema extensions, and this one would have {count}");
    Err(Refusal::new(Code::LimitExceeded, message))
}

/// Checks what a resource shall ask for. Every fault is listed.
pub fn check(all: &[ResourceAttribute]) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    if all.len() > RESOURCE_ATTRIBUTES_MAX {
        faults.add("resource/attributes", format!("a resource asks for at most {RESOURCE_ATTRIBUTES_MAX} attributes"));
    }
    for (i, attribute) in all.iter().enumerate() {
        let at = format!("resource/attributes/{i}");
        if storable(&attribute.name).is_none() {
            let message = format!(
                "`{}` is no attribute that can be asked for: use one of {}, or extension_<application id>_<name>",
                attribute.name,
                BUILT_IN.join(", ")
            );
            faults.add(&format!("{at}/name"), message);
        }
        if all.iter().take(i).any(|other| other.name == attribute.name) {
            faults.add(&format!("{at}/name"), format!("`{}` is asked for twice", attribute.name));
        }
        attribute.question.check(&format!("{at}/source/question"), &mut faults);
    }
    faults.finish()
}

/// An attribute that is asked of a person, with the value he has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedAttribute {
    /// What is asked.
    pub attribute: ResourceAttribute,
    /// The value in the directory, unless it is empty.
    pub current: Option<String>,
}

impl AskedAttribute {
    /// Whether the value stands and cannot be replaced by a request.
    pub const fn is_locked(&self) -> bool {
        !self.attribute.is_editable && self.current.is_some()
    }
}

/// What the resources of a package ask of a person. An attribute that several resources ask for is asked once; it is
/// locked if one of them locks it, and persists if it does for one of them.
pub fn asked(resources: Vec<Vec<ResourceAttribute>>, person: &User) -> Vec<AskedAttribute> {
    asked_where(resources, |name| person.attributes.text(name).filter(|v| !v.trim().is_empty()).map(ToOwned::to_owned))
}

/// What they ask of somebody who has no account yet, and so no values.
pub fn asked_of_newcomer(resources: Vec<Vec<ResourceAttribute>>) -> Vec<AskedAttribute> {
    asked_where(resources, |_| None)
}

fn asked_where(
    resources: Vec<Vec<ResourceAttribute>>,
    current: impl Fn(&str) -> Option<String>,
) -> Vec<AskedAttribute> {
    let mut all: Vec<AskedAttribute> = Vec::new();
    for attribute in resources.into_iter().flatten() {
        if let Some(known) = all.iter_mut().find(|a| a.attribute.name == attribute.name) {
            known.attribute.is_editable &= attribute.is_editable;
            known.attribute.is_persistent |= attribute.is_persistent;
            continue;
        }
        all.push(AskedAttribute { current: current(&attribute.name), attribute });
    }
    all
}

/// A value for an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenAttribute {
    /// The attribute.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What the directory had when the value was given; it is written over nothing else.
    pub before: Option<String>,
    /// It is that value itself, which nobody gave, and is not written.
    pub is_filled: bool,
    /// Whether it stays when access ends.
    pub is_persistent: bool,
}

impl GivenAttribute {
    /// Whether it is written over what the directory has now.
    pub fn replaces(&self, current: Option<&str>) -> bool {
        let text = |value: Option<&str>| value.map(str::trim).filter(|v| !v.is_empty()).map(ToOwned::to_owned);
        !self.is_filled && text(current) == text(self.before.as_deref()) && current != Some(self.value.as_str())
    }
}

/// What an assignment does to the attributes of its holder. People who come from an outside directory keep theirs
/// (decisions.md B3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeChange {
    /// Writes values, and remembers those it has changed.
    Give {
        /// The assignment.
        assignment: AssignmentId,
        /// The holder.
        user: ObjectId,
        /// The values.
        values: Vec<GivenAttribute>,
    },
    /// What an assignment has written, another one has from now on.
    Move {
        /// The assignment that ends.
        from: AssignmentId,
        /// The one that takes its place.
        to: AssignmentId,
    },
    /// Empties what it has written and still stands so.
    Take {
        /// The assignment.
        assignment: AssignmentId,
        /// The holder.
        user: ObjectId,
        /// The attributes.
        names: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_over_what_was_there_when_it_was_given_and_nothing_newer() {
        let given = |before: Option<&str>, is_filled| GivenAttribute {
            name: "jobTitle".to_owned(),
            value: "Writer".to_owned(),
            before: before.map(ToOwned::to_owned),
            is_filled,
            is_persistent: false,
        };
        assert!(given(None, false).replaces(None) && given(None, false).replaces(Some(" ")));
        assert!(given(Some("Analyst"), false).replaces(Some("Analyst")));
        assert!(!given(None, false).replaces(Some("Director")) && !given(Some("Analyst"), false).replaces(None));
        assert!(!given(Some("Writer"), true).replaces(Some("Director")));
        assert!(!given(Some("Analyst"), false).replaces(Some("Writer")), "it says so already");
    }

    #[test]
    fn only_what_the_directory_keeps_as_a_text_can_be_asked_for() {
        assert_eq!(storable("jobtitle").as_deref(), Some("jobTitle"));
        let extension = "extension_2b676109c7c74ae2b41549205f1947ed_personalTitle";
        assert_eq!(storable(extension).as_deref(), Some(extension));
        for name in
            ["", "mail", "accountEnabled", "extension_2b67_title", "extension_2b676109c7c74ae2b41549205f1947ed_"]
        {
            assert_eq!(storable(name), None, "{name}");
        }
    }

    #[test]
    fn a_person_has_so_many_schema_extensions() {
        let with = |count: usize| {
            let name = |n| format!("extension_2b676109c7c74ae2b41549205f1947ed_x{n}");
            let all = (0..count).map(|n| (name(n), "a".into())).chain([("city".to_owned(), "b".into())]);
            Attributes(all.collect())
        };
        assert!(check_extensions(&with(EXTENSION_VALUES_MAX)).is_ok());
        let refused = check_extensions(&with(EXTENSION_VALUES_MAX + 1)).err();
        assert_eq!(refused.map(|r| r.code), Some(Code::LimitExceeded));
    }
}
