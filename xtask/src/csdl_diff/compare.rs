//! What one model says and another does not, or says otherwise.

use std::collections::BTreeMap;

use super::model::{Kind, Member, Model, Operation, Structured};

const ABSENT: &str = "is not published";

/// Everything that `ours` says and `theirs` does not say so. Nothing is said twice: of a type that is not published, its
/// members are not mentioned.
pub fn differences(ours: &Model, theirs: &Model) -> Vec<String> {
    let mut found = Vec::new();
    for (name, mine) in &ours.types {
        match theirs.types.get(name) {
            None => found.push(format!("{name}: {ABSENT}")),
            Some(other) => of_type(name, mine, other, theirs, &mut found),
        }
    }
    for (name, words) in &ours.enums {
        let Some(other) = theirs.enums.get(name) else {
            found.push(format!("{name}: {ABSENT}"));
            continue;
        };
        for (word, value) in words {
            match other.get(word) {
                None => found.push(format!("{name}/{word}: {ABSENT}")),
                Some(Some(published)) if Some(*published) != *value => {
                    found.push(format!("{name}/{word}: is {published} in the published one"));
                }
                Some(_) => {}
            }
        }
    }
    for (name, mine) in &ours.operations {
        match theirs.operations.get(name) {
            None => found.push(format!("{name}: {ABSENT}")),
            Some(other) => of_operation(name, mine, other, &mut found),
        }
    }
    for (name, type_name) in &ours.tops {
        match theirs.tops.get(name) {
            None => found.push(format!("/{name}: {ABSENT}")),
            Some(published) if published != type_name => {
                found.push(format!("/{name}: is {type_name}, published is {published}"));
            }
            Some(_) => {}
        }
    }
    found
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Entity => "an entity type",
        Kind::Complex => "a complex type",
    }
}

fn of_type(name: &str, mine: &Structured, other: &Structured, theirs: &Model, found: &mut Vec<String>) {
    if mine.kind != other.kind {
        found.push(format!("{name}: is {}, published is {}", word(mine.kind), word(other.kind)));
    }
    if mine.base != other.base {
        let base = |b: &Option<String>| b.clone().unwrap_or_else(|| "nothing".to_owned());
        found.push(format!("{name}: adds to {}, published adds to {}", base(&mine.base), base(&other.base)));
    }
    for (member, said) in &mine.members {
        of_member(&format!("{name}/{member}"), said, theirs.member(name, member), found);
    }
}

fn of_member(path: &str, mine: &Member, other: Option<&Member>, found: &mut Vec<String>) {
    let Some(other) = other else {
        found.push(format!("{path}: {ABSENT}"));
        return;
    };
    if mine.is_navigation != other.is_navigation {
        let word = |m: &Member| if m.is_navigation { "a navigation" } else { "a property" };
        found.push(format!("{path}: is {}, published is {}", word(mine), word(other)));
    }
    if mine.type_name != other.type_name {
        found.push(format!("{path}: is {}, published is {}", mine.type_name, other.type_name));
    }
    // Lists of navigations have no nullability.
    if mine.nullable != other.nullable && !mine.is_navigation {
        let word = |m: &Member| if m.nullable { "nullable" } else { "never null" };
        found.push(format!("{path}: is {}, published is {}", word(mine), word(other)));
    }
}

fn of_operation(name: &str, mine: &Operation, other: &Operation, found: &mut Vec<String>) {
    if mine.is_function != other.is_function {
        found.push(format!("{name}: is a function in one and an action in the other"));
    }
    for (parameter, said) in &mine.parameters {
        of_member(&format!("{name}/{parameter}"), said, other.parameters.get(parameter), found);
    }
    for parameter in other.parameters.keys().filter(|p| !mine.parameters.contains_key(*p)) {
        found.push(format!("{name}/{parameter}: is published and not declared"));
    }
    match (&mine.returns, &other.returns) {
        (Some(mine), other) => of_member(&format!("{name}/ReturnType"), mine, other.as_ref(), found),
        (None, Some(_)) => found.push(format!("{name}/ReturnType: is published and not declared")),
        (None, None) => {}
    }
}

/// What `theirs` says and `ours` does not.
pub fn missing(ours: &Model, theirs: &Model) -> Vec<String> {
    let mut found = Vec::new();
    for (name, said) in &theirs.types {
        if !ours.types.contains_key(name) {
            found.push(name.clone());
            continue;
        }
        let members = said.members.keys().filter(|member| ours.member(name, member).is_none());
        found.extend(members.map(|member| format!("{name}/{member}")));
    }
    found.extend(keys_missing(&theirs.enums, &ours.enums));
    for (name, words) in &theirs.enums {
        if let Some(known) = ours.enums.get(name) {
            found.extend(keys_missing(words, known).map(|word| format!("{name}/{word}")));
        }
    }
    found.extend(keys_missing(&theirs.operations, &ours.operations));
    found.extend(keys_missing(&theirs.tops, &ours.tops).map(|name| format!("/{name}")));
    found
}

fn keys_missing<'m, V, W>(
    theirs: &'m BTreeMap<String, V>,
    ours: &'m BTreeMap<String, W>,
) -> impl Iterator<Item = String> + 'm {
    theirs.keys().filter(|key| !ours.contains_key(*key)).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::{document, model::Model};
    use super::{differences, missing};

    fn model(types: &str) -> Model {
        document::read(&format!(
            "<e:Edmx xmlns:e='e'><Schema xmlns='s' Namespace='microsoft.graph'>{types}</Schema></e:Edmx>"
        ))
        .unwrap()
    }

    const PUBLISHED: &str = "<EntityType Name='entity'><Property Name='id' Type='Edm.String' Nullable='false'/></EntityType>\
        <EntityType Name='user' BaseType='microsoft.graph.entity'><Property Name='mail' Type='Edm.String'/>\
        <NavigationProperty Name='manager' Type='microsoft.graph.entity'/></EntityType>\
        <EnumType Name='state'><Member Name='on' Value='1'/></EnumType>";

    #[test]
    fn a_document_does_not_differ_from_itself() {
        let published = model(PUBLISHED);
        assert!(differences(&published, &published).is_empty());
        assert!(missing(&published, &published).is_empty());
    }

    #[test]
    fn names_types_nullability_and_values_are_compared() {
        let ours = model(
            "<EntityType Name='user' BaseType='microsoft.graph.entity'>\
             <Property Name='mail' Type='Collection(Edm.String)' Nullable='false'/><Property Name='colour' Type='Edm.String'/>\
             <Property Name='manager' Type='microsoft.graph.entity'/><Property Name='id' Type='Edm.String' Nullable='false'/>\
             </EntityType><EnumType Name='state'><Member Name='on' Value='2'/><Member Name='off' Value='0'/></EnumType>\
             <ComplexType Name='paint'/>",
        );
        let found = differences(&ours, &model(PUBLISHED));
        assert_eq!(
            found,
            [
                "paint: is not published",
                "user/colour: is not published",
                "user/mail: is Collection(Edm.String), published is Edm.String",
                "user/mail: is never null, published is nullable",
                "user/manager: is a property, published is a navigation",
                "state/off: is not published",
                "state/on: is 1 in the published one",
            ]
        );
        assert_eq!(missing(&ours, &model(PUBLISHED)), ["entity"]);
    }
}
