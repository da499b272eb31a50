//! What a path is called in `@odata.context` and in links.

use crate::http::Call;
use crate::wire::schema::SCHEMA;
use tenure_odata::Query;
use tenure_odata::edm::{Container, EntitySet, Version};
use tenure_odata::path::{Key, Resolved, Step};

/// Where objects are: their path in `@odata.context`, and in links.
pub struct Place {
    /// The path after `#`.
    pub context: String,
    /// The path without the key.
    pub link: String,
}

impl Place {
    /// In a set.
    pub fn of(set: &EntitySet, version: Version) -> Self {
        let path = set_path(set, version);
        Self { context: path.clone(), link: path }
    }
}

/// The path of a set: `identityGovernance/entitlementManagement/catalogs`.
pub fn set_path(set: &EntitySet, version: Version) -> String {
    let mut names = Vec::new();
    find(&SCHEMA.root, set, version, &mut names);
    names.join("/")
}

fn find(here: &Container, set: &EntitySet, version: Version, names: &mut Vec<&'static str>) -> bool {
    if let Some(found) = here.sets.iter().find(|s| std::ptr::eq(*s, set)) {
        names.extend(found.name.get(version));
        return true;
    }
    for inner in here.containers {
        let depth = names.len();
        names.extend(inner.name.get(version));
        if find(inner, set, version, names) {
            return true;
        }
        names.truncate(depth);
    }
    false
}

/// The path of the rows that a path leads to, with the keys before them: what `@odata.context` names after `#`.
pub fn metadata_path(resolved: &Resolved, version: Version) -> String {
    path(resolved, version, |key| format!("('{key}')"))
}

/// The whole text of `@odata.context`.
pub fn context_text(call: &Call, resolved: &Resolved, query: &Query) -> String {
    let mut text = format!("{}/$metadata#{}", call.root(), metadata_path(resolved, call.version));
    if let Some(selected) = &query.select {
        let derived = resolved.entity.variants.iter().map(|variant| variant.entity);
        let types = std::iter::once(resolved.entity).chain(derived);
        let known = types.flat_map(|entity| entity.known_names(call.version));
        let mut named: Vec<&str> = Vec::new();
        for name in known.filter(|n| selected.iter().any(|s| s.eq_ignore_ascii_case(n))) {
            if !named.contains(&name) {
                named.push(name);
            }
        }
        text.extend(["(", &named.join(","), ")"]);
    }
    if !resolved.is_collection {
        text.push_str("/$entity");
    }
    text
}

/// The same as a link: `catalogs/{id}/resources`.
pub fn link_path(resolved: &Resolved, version: Version) -> String {
    path(resolved, version, |key| format!("/{key}"))
}

fn path(resolved: &Resolved, version: Version, keyed: impl Fn(&str) -> String) -> String {
    let mut path = if resolved.set.me { "users".to_owned() } else { set_path(resolved.set, version) };
    // A key is only written when more follows: the last one tells which row, not which rows.
    let mut pending: Option<String> = None;
    for step in &resolved.steps {
        match step {
            Step::Key(Key::Id(id)) => pending = Some(keyed(id)),
            Step::Key(Key::Alternate { property, value }) => {
                pending = Some(format!("({property}='{}')", value.replace('\'', "''")));
            }
            Step::Key(Key::Me) => pending = Some(keyed("me")),
            Step::Nav(nav) => {
                path.extend(pending.take());
                path.push('/');
                path.push_str(nav.name.get(version).unwrap_or_default());
            }
            Step::Property(_) => path.extend(pending.take()),
            Step::Cast(_) | Step::Operation { .. } => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_odata::path::resolve;

    fn both(path: &str) -> (String, String) {
        let Ok(resolved) = resolve(&SCHEMA, Version::Beta, path, |_| None) else { return Default::default() };
        (metadata_path(&resolved, Version::Beta), link_path(&resolved, Version::Beta))
    }

    #[test]
    fn paths_are_written_in_full_with_canonical_names() {
        let em = "identityGovernance/entitlementManagement";
        let (context, link) = both(&format!("/{em}/ACCESSPACKAGECATALOGS/a/accesspackageresources/b"));
        assert_eq!(context, format!("{em}/accessPackageCatalogs('a')/accessPackageResources"));
        assert_eq!(link, format!("{em}/accessPackageCatalogs/a/accessPackageResources"));
        assert_eq!(both("/me/memberOf").0, "users('me')/memberOf");
        assert_eq!(both("/users/x/displayName").0, "users('x')");
        let by_name = "groups(uniqueName='o''x')/members".to_owned();
        assert_eq!(both("/groups(uniqueName='o''x')/members"), (by_name.clone(), by_name));
    }
}
