//! Separation of duties: what somebody holds, asks for or belongs to may exclude a package (behaviour.md f; decisions.md
//! H12). One way: who holds what a package lists cannot get that package.

use super::Model;
use std::collections::BTreeSet;
use tenure_domain::Uuid;

/// What a package lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incompatible {
    pub packages: BTreeSet<Uuid>,
    pub groups: BTreeSet<Uuid>,
}

/// What stands in the way of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// It is held.
    Held(Uuid),
    /// It is asked for; counts when asking only.
    Asked(Uuid),
    /// Somebody belongs to it, through others too.
    Group(Uuid),
}

impl Model {
    /// Everything that keeps a person from a package. `at_submit` counts open requests, too.
    pub fn conflicts(&self, package: Uuid, person: Uuid, at_submit: bool) -> BTreeSet<Conflict> {
        let Some(listed) = self.packages.get(&package).map(|p| &p.incompatible) else { return BTreeSet::new() };
        let held = |p: &&Uuid| self.live.contains_key(&(**p, person));
        let asked = |p: &&Uuid| at_submit && self.open.contains_key(&(**p, person, false));
        let groups = if listed.groups.is_empty() { BTreeSet::new() } else { self.groups_of(person) };
        let is_there = |g: &Uuid| self.groups.get(g).is_some_and(super::Group::is_there);
        let belongs = |g: &&Uuid| groups.contains(*g) && is_there(g);
        listed
            .packages
            .iter()
            .filter(held)
            .map(|p| Conflict::Held(*p))
            .chain(listed.packages.iter().filter(asked).map(|p| Conflict::Asked(*p)))
            .chain(listed.groups.iter().filter(belongs).map(|g| Conflict::Group(*g)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Group, Package};

    fn model() -> Model {
        let mut model = Model::default();
        let package = Package {
            name: "payer".to_owned(),
            catalog: Uuid::nil(),
            groups: BTreeSet::new(),
            is_deleted: false,
            incompatible: Incompatible { packages: [id(2)].into(), groups: [id(3)].into() },
        };
        model.packages.insert(id(1), package);
        for n in [3, 4] {
            let group = Group {
                name: n.to_string(),
                outside: None,
                deleted: None,
                is_gone: false,
                is_team: true,
                was_away: false,
            };
            model.groups.insert(id(n), group);
        }
        model
    }

    const fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn holding_asking_and_belonging_conflict_one_way() {
        let mut model = model();
        assert!(model.conflicts(id(1), id(9), true).is_empty());
        model.open.insert((id(2), id(9), false), 0);
        assert_eq!(model.conflicts(id(1), id(9), true), [Conflict::Asked(id(2))].into());
        assert!(model.conflicts(id(1), id(9), false).is_empty(), "open requests count when asking only");
        model.live.insert((id(2), id(9)), 0);
        model.join(id(4), id(9));
        model.join(id(3), id(4));
        assert!(model.conflicts(id(1), id(9), false).contains(&Conflict::Group(id(3))), "through another group");
        assert!(model.conflicts(id(2), id(9), true).is_empty(), "the other way is not listed");
    }
}
