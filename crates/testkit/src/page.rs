//! Forms of the sign-in pages, read as a browser would: where they go, and what they hold already.

use crate::answer::Answer;

/// The one form of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent: path and query.
    pub action: String,
    /// Fields with what they hold: hidden ones, and texts that are filled in already.
    pub fields: Vec<(String, String)>,
    /// Buttons with a name and their value.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// The form of a page.
    ///
    /// # Panics
    /// When the page has none.
    #[track_caller]
    pub fn of(page: &Answer) -> Self {
        let tags: Vec<&str> = page.text.split('<').skip(1).filter_map(|t| t.split('>').next()).collect();
        let form = tags.iter().find(|t| t.starts_with("form ")).unwrap_or_else(|| panic!("no form in {}", page.text));
        let named = |kind: &str| -> Vec<(String, String)> {
            let of_kind = tags.iter().filter(|t| t.split(' ').next() == Some(kind));
            of_kind.filter_map(|t| Some((attribute(t, "name")?, attribute(t, "value").unwrap_or_default()))).collect()
        };
        let action = attribute(form, "action").unwrap_or_default();
        let local = action.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        Self {
            action: local.unwrap_or(&action).to_owned(),
            fields: named("input").into_iter().filter(|(name, _)| name != "for_all").collect(),
            buttons: named("button"),
        }
    }

    /// What is sent when these fields are filled in; a button is a field too.
    pub fn filled<'f>(&'f self, given: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let held = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = held.filter(|(name, _)| !given.iter().any(|(g, _)| g == name));
        kept.chain(given.iter().copied()).collect()
    }
}

/// The title of a page: its heading.
pub fn heading(page: &Answer) -> &str {
    let after = page.text.split("<h1>").nth(1).unwrap_or_default();
    after.split("</h1>").next().unwrap_or_default()
}

/// The fault that a page shows; empty when there is none.
pub fn fault(page: &Answer) -> String {
    let after = page.text.split("role=\"alert\">").nth(1).unwrap_or_default();
    unescaped(after.split("</p>").next().unwrap_or_default())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let after = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(unescaped(after.split('"').next()?))
}

fn unescaped(text: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |t, (escaped, sign)| t.replace(escaped, sign))
}
