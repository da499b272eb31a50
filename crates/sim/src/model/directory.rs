//! People, groups and who is in which (decisions.md B).

use super::{DAY, Held, Micros, Model, Seen, Timer};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

/// How long a deleted object can be restored (decisions.md N).
const DELETED_KEPT: Micros = 30 * DAY;

impl Model {
    /// Whether somebody is a direct member.
    pub fn is_member(&self, group: Uuid, member: Uuid) -> bool {
        self.edges.get(&member).is_some_and(|groups| groups.contains(&group))
    }

    /// Whether somebody belongs to a group, through others too.
    pub fn belongs(&self, group: Uuid, member: Uuid) -> bool {
        self.groups_of(member).contains(&group)
    }

    /// All groups somebody belongs to, through others too.
    pub fn groups_of(&self, member: Uuid) -> BTreeSet<Uuid> {
        let mut seen = BTreeSet::new();
        let mut next = vec![member];
        while let Some(one) = next.pop() {
            for group in self.edges.get(&one).into_iter().flatten() {
                if seen.insert(*group) {
                    next.push(*group);
                }
            }
        }
        seen
    }

    /// A membership comes into being.
    pub fn join(&mut self, group: Uuid, member: Uuid) {
        self.edges.entry(member).or_default().insert(group);
        self.touched.edges.insert((group, member));
    }

    /// A membership ends.
    pub fn leave(&mut self, group: Uuid, member: Uuid) {
        if let Some(groups) = self.edges.get_mut(&member) {
            groups.remove(&group);
        }
        self.by_hand.remove(&(group, member));
        self.touched.edges.insert((group, member));
    }

    /// A person or group is deleted, to be kept for a while.
    pub fn delete_object(&mut self, id: Uuid, now: Micros) {
        self.set_timer(Timer::Deleted(id), now + DELETED_KEPT);
        self.look_at_what_waits_for(id, now);
        if let Some(person) = self.people.get_mut(&id) {
            person.deleted = Some(now);
        } else if let Some(group) = self.groups.get_mut(&id) {
            group.deleted = Some(now);
            self.origin_gone(id);
        }
    }

    /// Whether the directory has a person or a group of that name.
    pub fn is_in_the_directory(&self, id: Uuid) -> bool {
        self.people.get(&id).is_some_and(super::Person::is_there)
            || self.groups.get(&id).is_some_and(super::Group::is_there)
    }

    /// It is back.
    pub fn restore_object(&mut self, id: Uuid) {
        self.clear_timer(Timer::Deleted(id));
        if let Some(person) = self.people.get_mut(&id) {
            person.deleted = None;
        } else if let Some(group) = self.groups.get_mut(&id) {
            group.deleted = None;
            self.origin_back(id);
        }
    }

    /// It is deleted for good: with everything it belonged to.
    pub fn delete_for_good(&mut self, id: Uuid, now: Micros) {
        self.clear_timer(Timer::Deleted(id));
        if self.people.contains_key(&id) {
            self.end_all_of(id, now);
        }
        if let Some(person) = self.people.get_mut(&id) {
            (person.deleted, person.is_gone) = (None, true);
        } else if let Some(group) = self.groups.get_mut(&id) {
            (group.deleted, group.is_gone) = (None, true);
        }
        for person in self.people.values_mut().filter(|p| p.manager == Some(id)) {
            person.manager = None;
        }
        for package in self.packages.values_mut() {
            package.incompatible.groups.remove(&id);
        }
        let above: Vec<Uuid> = self.edges.get(&id).into_iter().flatten().copied().collect();
        for group in above {
            self.leave(group, id);
        }
        let below: Vec<Uuid> = self.edges.iter().filter(|(_, g)| g.contains(&id)).map(|(m, _)| *m).collect();
        for member in below {
            self.leave(id, member);
        }
    }

    /// The group behind a resource is gone: what was given of it is gone, and who held it holds a part of his package
    /// (decisions.md B9).
    fn origin_gone(&mut self, group: Uuid) {
        for handle in self.holders_of(group) {
            if self.assignments[handle].held == Held::Delivered {
                self.move_assignment(handle, Held::Partial);
            }
        }
        for (key, grant) in self.grants.iter_mut().filter(|((_, g), grant)| *g == group && grant.is_wanted) {
            (grant.seen, grant.due, grant.has_error) = (Seen::Gone, None, true);
            self.touched.grants.insert(*key);
        }
    }

    /// It is back, and with it every membership that is wanted.
    fn origin_back(&mut self, group: Uuid) {
        let mut back = Vec::new();
        for (key, grant) in self.grants.iter_mut().filter(|((_, g), grant)| *g == group && grant.is_wanted) {
            if grant.seen == Seen::Gone {
                (grant.seen, grant.has_error) = (Seen::Present, false);
                self.touched.grants.insert(*key);
                back.push(key.0);
            }
        }
        for person in back {
            if !self.is_member(group, person) {
                self.join(group, person);
            }
        }
        for handle in self.holders_of(group) {
            let held = self.assignments[handle].held;
            if matches!(held, Held::Partial | Held::Failed) {
                let now = self.sum(handle);
                self.move_assignment(handle, now);
            }
        }
    }

    /// The live assignments that want a group.
    pub fn holders_of(&self, group: Uuid) -> Vec<usize> {
        let wants = |handle: &usize| self.assignments[*handle].links.get(&group) == Some(&true);
        self.live.values().copied().filter(wants).collect()
    }
}
