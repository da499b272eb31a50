//! Packages that are suggested to somebody: those that he had, and those that people around him have (semantics.md 5). What
//! he has already is not suggested; whether he could ask for it is asked elsewhere.

use crate::ids::{ObjectId, PackageId};
use crate::limits::SUGGESTION_NAMES_MAX;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A package that somebody had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// The package.
    pub package: PackageId,
    /// How often.
    pub times: i64,
    /// When he had it last.
    pub last_end: Timestamp,
}

/// Somebody around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: ObjectId,
    /// His name.
    pub name: String,
}

/// That somebody around has a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The package.
    pub package: PackageId,
    /// Who has it.
    pub by: ObjectId,
}

/// People around who have a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// How many.
    pub count: usize,
    /// Some of them.
    pub people: Vec<Person>,
}

/// A package with the reasons for which it is suggested; there is one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The package.
    pub package: PackageId,
    /// He had it.
    pub past: Option<Past>,
    /// Others have it.
    pub around: Option<Around>,
}

/// What is suggested: the more reasons and the more people the earlier, then what was had last.
pub fn suggest(past: &[Past], people: &[Person], held: &[Held], has: &BTreeSet<PackageId>) -> Vec<Suggestion> {
    let mut all: BTreeMap<PackageId, Suggestion> = BTreeMap::new();
    let blank = |package| Suggestion { package, past: None, around: None };
    for one in past.iter().filter(|p| !has.contains(&p.package)) {
        all.entry(one.package).or_insert_with(|| blank(one.package)).past = Some(*one);
    }
    for one in held.iter().filter(|h| !has.contains(&h.package)) {
        let Some(person) = people.iter().find(|p| p.id == one.by) else { continue };
        let suggestion = all.entry(one.package).or_insert_with(|| blank(one.package));
        let around = suggestion.around.get_or_insert_with(|| Around { count: 0, people: Vec::new() });
        around.count += 1;
        if around.people.len() < SUGGESTION_NAMES_MAX {
            around.people.push(person.clone());
        }
    }
    let mut all: Vec<Suggestion> = all.into_values().collect();
    let weight = |s: &Suggestion| {
        let reasons = usize::from(s.past.is_some()) + usize::from(s.around.is_some());
        (reasons, s.around.as_ref().map_or(0, |a| a.count), s.past.map(|p| p.last_end))
    };
    all.sort_by_key(|s| std::cmp::Reverse(weight(s)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::plus_seconds;
    use uuid::Uuid;

    fn package(n: u128) -> PackageId {
        PackageId(Uuid::from_u128(n))
    }

    #[test]
    fn what_is_had_is_not_suggested_and_more_reasons_come_first() {
        let end = |n| plus_seconds(Timestamp::UNIX_EPOCH, n);
        let past = [(1, 5), (2, 9), (3, 7)].map(|(n, at)| Past { package: package(n), times: 1, last_end: end(at) });
        let people: Vec<Person> =
            (0..8).map(|n| Person { id: ObjectId(Uuid::from_u128(n)), name: n.to_string() }).collect();
        let mut held: Vec<Held> = people.iter().map(|p| Held { package: package(4), by: p.id }).collect();
        held.extend([1, 3].map(|n| Held { package: package(n), by: ObjectId(Uuid::from_u128(0)) }));
        held.push(Held { package: package(9), by: ObjectId(Uuid::from_u128(99)) });
        let all = suggest(&past, &people, &held, &BTreeSet::from([package(3)]));
        let order: Vec<PackageId> = all.iter().map(|s| s.package).collect();
        assert_eq!(order, [package(1), package(4), package(2)]);
        let around = all.iter().find(|s| s.package == package(4)).and_then(|s| s.around.clone());
        assert_eq!(around.map(|a| (a.count, a.people.len())), Some((8, SUGGESTION_NAMES_MAX)));
    }
}
