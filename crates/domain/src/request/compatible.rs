//! Separation of duties: what keeps somebody from a package because of what he has already (behaviour.md f; decisions.md
//! H12). It works one way: a package lists what its holders must not have; whoever holds it may still get what it lists,
//! unless that lists it too. It binds people, administrators and the product alike, and nobody can override it.

use crate::ids::{AssignmentId, ObjectId, PackageId, RequestId};
use crate::limits::RELATED_MAX;
use crate::refusal::{Code, Refusal, RelatedKind};

/// How somebody has what a package excludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// He holds another package; every live state counts, as long as something of it may be there.
    Assignment {
        /// The other package.
        package: PackageId,
        /// By which he holds it.
        assignment: AssignmentId,
    },
    /// He has asked for another package, and the request is open.
    Request {
        /// The other package.
        package: PackageId,
        /// The open request.
        request: RequestId,
    },
    /// He belongs to a group, through nested groups too (decisions.md B6).
    Membership {
        /// The group that the package lists.
        group: ObjectId,
    },
}

/// Something that the target has and the package excludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// How he has it.
    pub through: Through,
    /// The name of the other package, or of the group.
    pub name: String,
}

/// Who reads why it was refused: what may be named depends on it (decisions.md J6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// An administrator of the package learns everything.
    Administrator,
    /// The target knows what he holds and what he asked for, and not which groups he was put into.
    Target,
    /// Somebody who asks for another person learns nothing of that person.
    Other,
}

/// Everything that separation of duties looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts {
    found: Vec<Conflict>,
    counts_requests: bool,
    reader: Reader,
}

impl Conflicts {
    /// At the time of asking: open requests count too, so that two that exclude each other do not wait side by side.
    pub const fn when_asked(found: Vec<Conflict>, reader: Reader) -> Self {
        Self { found, counts_requests: true, reader }
    }

    /// Later: at the last approval, at a scheduled start, at a delivery that is tried again. What is not held yet does not
    /// count. Why it failed is written down for administrators.
    pub const fn later(found: Vec<Conflict>) -> Self {
        Self { found, counts_requests: false, reader: Reader::Administrator }
    }

    /// Whether an administrator of the package reads what the rules say.
    pub(super) const fn is_for_administrator(&self) -> bool {
        matches!(self.reader, Reader::Administrator)
    }

    /// What counts: a package that is held and asked for at once is held.
    fn counted(&self) -> impl Iterator<Item = &Conflict> {
        let is_held = |other: PackageId| {
            self.found.iter().any(|c| matches!(c.through, Through::Assignment { package, .. } if package == other))
        };
        self.found.iter().filter(move |conflict| match conflict.through {
            Through::Request { package, .. } => self.counts_requests && !is_held(package),
            Through::Assignment { .. } | Through::Membership { .. } => true,
        })
    }

    /// Whether the reader may know which one it is.
    const fn may_name(&self, conflict: &Conflict) -> bool {
        match self.reader {
            Reader::Administrator => true,
            Reader::Target => !matches!(conflict.through, Through::Membership { .. }),
            Reader::Other => false,
        }
    }

    fn words(&self, conflict: &Conflict) -> String {
        let name = &conflict.name;
        match (conflict.through, self.may_name(conflict)) {
            (Through::Assignment { .. }, true) => format!("holds the access package `{name}`"),
            (Through::Request { .. }, true) => format!("has an open request for the access package `{name}`"),
            (Through::Membership { .. }, true) => format!("belongs to the group `{name}`"),
            (Through::Membership { .. }, false) if self.reader == Reader::Target => "belongs to a group".to_owned(),
            (_, false) => "has other access".to_owned(),
        }
    }
}

/// Why the target cannot have the package beside what he has; nothing when he can. The refusal names what stands in the
/// way where its reader may know it.
pub(super) fn conflict(facts: &Conflicts) -> Option<Refusal> {
    let mut words: Vec<String> = Vec::new();
    for said in facts.counted().map(|c| facts.words(c)) {
        if words.len() < RELATED_MAX as usize && !words.contains(&said) {
            words.push(said);
        }
    }
    if words.is_empty() {
        return None;
    }
    let message = format!("the target {}, which this access package is incompatible with", words.join(" and "));
    let refusal = Refusal::new(Code::IncompatibleAccess, message);
    let named = facts.counted().filter(|c| facts.may_name(c)).take(RELATED_MAX as usize);
    Some(named.fold(refusal, |refusal, conflict| {
        let name = Some(conflict.name.clone());
        match conflict.through {
            Through::Assignment { package, assignment } => {
                let refusal = refusal.related(RelatedKind::Package, package, name);
                refusal.related(RelatedKind::Assignment, assignment, None)
            }
            Through::Request { package, request } => {
                refusal.related(RelatedKind::Package, package, name).related(RelatedKind::Request, request, None)
            }
            Through::Membership { group } => refusal.related(RelatedKind::Group, group, name),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use RelatedKind as K;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn held(n: u128) -> Conflict {
        let through = Through::Assignment {
            package: PackageId(Uuid::from_u128(n)),
            assignment: AssignmentId(Uuid::from_u128(100 + n)),
        };
        Conflict { through, name: format!("P{n}") }
    }

    fn asked(n: u128) -> Conflict {
        let through =
            Through::Request { package: PackageId(Uuid::from_u128(n)), request: RequestId(Uuid::from_u128(200 + n)) };
        Conflict { through, name: format!("P{n}") }
    }

    fn member(n: u128) -> Conflict {
        Conflict { through: Through::Membership { group: ObjectId(Uuid::from_u128(n)) }, name: format!("G{n}") }
    }

    fn told(found: Vec<Conflict>, reader: Reader) -> (String, Vec<RelatedKind>) {
        let refusal = conflict(&Conflicts::when_asked(found, reader));
        let related = refusal.iter().flat_map(|r| r.related.iter().map(|r| r.kind)).collect();
        (refusal.map(|r| r.message).unwrap_or_default(), related)
    }

    #[test]
    fn an_administrator_hears_of_everything() {
        let (message, related) = told(vec![held(1), asked(2), member(3)], Reader::Administrator);
        assert_eq!(
            message,
            "the target holds the access package `P1` and has an open request for the access package `P2` and belongs \
             to the group `G3`, which this access package is incompatible with"
        );
        assert_eq!(related, [K::Package, K::Assignment, K::Package, K::Request, K::Group]);
    }

    #[test]
    fn the_target_hears_of_what_he_holds_and_of_no_group() {
        let (message, related) = told(vec![held(1), member(3), member(4)], Reader::Target);
        assert_eq!(
            message,
            "the target holds the access package `P1` and belongs to a group, which this access package is incompatible \
             with"
        );
        assert_eq!(related, [K::Package, K::Assignment]);
    }

    #[test]
    fn who_asks_for_another_hears_of_nothing() {
        let (message, related) = told(vec![held(1), asked(2), member(3)], Reader::Other);
        assert_eq!(message, "the target has other access, which this access package is incompatible with");
        assert_eq!(related, []);
    }

    #[test]
    fn open_requests_count_when_it_is_asked_for_and_not_later() {
        assert!(conflict(&Conflicts::when_asked(vec![asked(1)], Reader::Target)).is_some());
        assert_eq!(conflict(&Conflicts::later(vec![asked(1)])), None);
        let later = conflict(&Conflicts::later(vec![asked(1), held(2)])).map(|r| (r.code, r.related.len()));
        assert_eq!(later, Some((Code::IncompatibleAccess, 2)));
    }

    #[test]
    fn a_package_that_is_being_delivered_is_held() {
        let (message, _) = told(vec![held(1), asked(1)], Reader::Target);
        assert_eq!(message, "the target holds the access package `P1`, which this access package is incompatible with");
    }

    fn any_conflict() -> impl Strategy<Value = Conflict> {
        (0_u8..3, 1_u128..6).prop_map(|(kind, n)| match kind {
            0 => held(n),
            1 => asked(n),
            _ => member(n),
        })
    }

    proptest! {
        #[test]
        fn whatever_counts_refuses_and_who_may_not_know_is_told_no_name(found in prop::collection::vec(any_conflict(), 0..6)) {
            let later = conflict(&Conflicts::later(found.clone()));
            prop_assert_eq!(later.is_some(), found.iter().any(|c| !matches!(c.through, Through::Request { .. })));
            let other = conflict(&Conflicts::when_asked(found.clone(), Reader::Other));
            prop_assert_eq!(other.is_some(), !found.is_empty());
            prop_assert!(other.is_none_or(|r| r.related.is_empty() && !r.message.contains('`')));
            let target = conflict(&Conflicts::when_asked(found, Reader::Target));
            prop_assert!(target.is_none_or(|r| !r.message.contains("`G") && r.related.iter().all(|r| r.kind != K::Group)));
        }
    }
}
