//! Operations, foretold by the model: what must come of them, and what is different afterwards.

use super::{Came, Op, Other};
use crate::model::approval::Approver;
use crate::model::policy::{Policy, Terms};
use crate::model::request::{Outcome, Verdict, Who};
use crate::model::{Kind, Micros, Model, Seen};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

const NO_OBJECT: Verdict = Verdict::refused("Request_ResourceNotFound");
const BAD: Verdict = Verdict::refused("Request_BadRequest");

/// Says what must come of an operation, and takes it up if it is accepted. `came` is what the product says; from it only
/// the ids of what was made are taken.
pub fn foretell(model: &mut Model, op: &Op, came: &Came, now: Micros) -> Verdict {
    match op {
        Op::Ask(ask) => match model.ask(ask, now) {
            Err(verdict) => verdict,
            Ok(_) if ask.only_validate => Verdict::Done,
            Ok(Outcome::New(passed)) => {
                model.submitted(ask, passed, came.made, now);
                Verdict::Done
            }
            Ok(Outcome::Change(passed)) => {
                model.changed(ask.by, ask.wanted, passed, came.made, now);
                Verdict::Done
            }
        },
        Op::Change(change) => match model.may_change(change, now) {
            Err(verdict) => verdict,
            Ok(_) if change.only_validate => Verdict::Done,
            Ok(passed) => {
                model.changed(change.by, change.wanted, passed, came.made, now);
                Verdict::Done
            }
        },
        Op::Reprocess { by, request } => model.reprocess(*by, *request, now),
        Op::Reapply { by, assignment } => model.reapply(*by, *assignment, now),
        Op::Settle { by, grant, gives: true } => model.repair(*by, *grant),
        Op::Settle { by, grant, gives: false } => model.adopt(*by, *grant, now),
        Op::Keep { policy, keeps } => match model.policies.get_mut(policy).filter(|p| !p.is_deleted) {
            None => Verdict::refused("ResourceNotFound"),
            Some(found) => {
                found.keeps = *keeps;
                Verdict::Done
            }
        },
        Op::Remove { by, is_direct, named } => match model.may_remove(*by, *is_direct, *named) {
            Err(verdict) => verdict,
            Ok(handle) => {
                let kind = if *is_direct { Kind::AdminRemove } else { Kind::UserRemove };
                let request = model.remove(handle, kind, by.person(), now);
                know(model, request, came.made);
                Verdict::Done
            }
        },
        Op::Decide { by, request, stage, approves, has_reason } => {
            let (at, by) = ((*request, *stage), *by);
            decide(model, by, at, (*approves, *has_reason), now)
        }
        Op::Revoke { by, assignment, has_reason } => match model.may_revoke(*by, *assignment, *has_reason) {
            Err(verdict) => verdict,
            Ok(handle) => {
                let request = model.remove(handle, Kind::ApproverRemove, Some(*by), now);
                know(model, request, came.made);
                Verdict::Done
            }
        },
        Op::Cancel { by, request } => model.cancel(*by, *request, now),
        Op::EraseRequest { by, request } => model.erase_request(*by, *request),
        Op::SavePolicy { .. } | Op::AddPolicy { .. } | Op::DropPolicy { .. } => policy(model, op, came),
        Op::Weather(_) => Verdict::Done,
        Op::Away { group, .. } => {
            model.groups.entry(*group).and_modify(|g| g.was_away = true);
            Verdict::Done
        }
        other => catalog(model, other, came, now),
    }
}

/// Catalogs and packages.
fn catalog(model: &mut Model, op: &Op, came: &Came, now: Micros) -> Verdict {
    match op {
        Op::Switch { catalog, is_published, is_external } => {
            if let Some(found) = model.catalogs.get_mut(catalog) {
                (found.is_published, found.is_external) = (*is_published, *is_external);
            }
            Verdict::Done
        }
        Op::AddRole { package, group } => {
            if model.packages.get(package).is_some_and(|p| p.groups.contains(group)) {
                return Verdict::refused("DuplicateName");
            }
            model.add_role(*package, *group, now);
            Verdict::Done
        }
        Op::DropRole { package, group } => {
            model.remove_role(*package, *group, now);
            Verdict::Done
        }
        Op::DropPackage { package } => drop_package(model, *package),
        Op::Exclude { package, other, is_listed } => exclude(model, *package, *other, *is_listed),
        other => directory(model, other, came, now),
    }
}

fn decide(
    model: &mut Model,
    by: Who,
    at: (usize, usize),
    (approves, has_reason): (bool, bool),
    now: Micros,
) -> Verdict {
    if let Some(verdict) = model.caller(by) {
        return verdict;
    }
    let Some(person) = by.person() else { return Verdict::refused("NotAnApprover") };
    if let Some(code) = model.may_decide(at, person, has_reason, now) {
        return Verdict::refused(code);
    }
    model.decide(at, person, approves, now);
    Verdict::Done
}

fn know(model: &mut Model, request: usize, id: Option<Uuid>) {
    model.requests[request].id = id;
    if let Some(id) = id {
        model.request_ids.insert(id, request);
    }
}

fn policy(model: &mut Model, op: &Op, came: &Came) -> Verdict {
    match op {
        Op::SavePolicy { by, policy, terms, is_enabled } => {
            if let Some(verdict) = model.administrator(*by) {
                return verdict;
            }
            let before = model.policies.get(policy).map(|p| named(p.current())).unwrap_or_default();
            if named(terms).difference(&before).any(|id| !model.is_in_the_directory(*id)) {
                return Verdict::refused("InvalidModel");
            }
            if let Some(found) = model.policies.get_mut(policy) {
                found.is_enabled = *is_enabled;
                found.versions.push(terms.clone());
            }
            Verdict::Done
        }
        Op::AddPolicy { package, terms } => {
            if named(terms).iter().any(|id| !model.is_in_the_directory(*id)) {
                return Verdict::refused("InvalidModel");
            }
            let made = Policy {
                package: *package,
                is_enabled: true,
                keeps: false,
                versions: vec![terms.clone()],
                is_deleted: false,
            };
            model.policies.insert(came.made.unwrap_or_default(), made);
            Verdict::Done
        }
        Op::DropPolicy { policy } => {
            let holds = model.live.values().any(|h| model.assignments[*h].policy == *policy)
                || model.open.values().any(|h| model.requests[*h].policy == *policy);
            if holds {
                return Verdict::refused("PolicyInUse");
            }
            model.policies.entry(*policy).and_modify(|p| p.is_deleted = true);
            Verdict::Done
        }
        _ => Verdict::Done,
    }
}

fn drop_package(model: &mut Model, package: Uuid) -> Verdict {
    let holds = model.live.keys().any(|(p, _)| *p == package) || model.open.keys().any(|(p, _, _)| *p == package);
    if holds {
        return Verdict::refused("AccessPackageInUse");
    }
    model.packages.entry(package).and_modify(|p| p.is_deleted = true);
    for other in model.packages.values_mut() {
        other.incompatible.packages.remove(&package);
    }
    for policy in model.policies.values_mut().filter(|p| p.package == package) {
        policy.is_deleted = true;
    }
    Verdict::Done
}

fn exclude(model: &mut Model, package: Uuid, other: Other, is_listed: bool) -> Verdict {
    let is_there = match other {
        Other::Package(other) => model.packages.get(&other).is_some_and(|p| !p.is_deleted),
        Other::Group(other) => model.groups.get(&other).is_some_and(crate::model::Group::is_there),
    };
    let Some(found) = model.packages.get_mut(&package).filter(|p| !p.is_deleted) else {
        return Verdict::refused("ResourceNotFound");
    };
    let (list, id, missing) = match other {
        Other::Package(other) => (&mut found.incompatible.packages, other, Verdict::refused("ResourceNotFound")),
        Other::Group(other) => (&mut found.incompatible.groups, other, NO_OBJECT),
    };
    if !is_there || !is_listed && !list.contains(&id) {
        return missing;
    }
    if !is_listed {
        list.remove(&id);
    } else if package == id || !list.insert(id) {
        return Verdict::refused("InvalidModel");
    }
    Verdict::Done
}

fn directory(model: &mut Model, op: &Op, came: &Came, now: Micros) -> Verdict {
    match *op {
        Op::Join { group, member } => {
            let verdict = may_join(model, group, member);
            if verdict == Verdict::Done {
                model.join(group, member);
                model.by_hand.insert((group, member));
                drifts(model, (member, group), false);
            }
            verdict
        }
        Op::Leave { group, member } => {
            let verdict = match model.groups.get(&group).filter(|g| g.is_there()) {
                None => NO_OBJECT,
                Some(found) if found.outside.is_some() => Verdict::refused("ObjectMasteredElsewhere"),
                Some(_) if !model.is_member(group, member) => NO_OBJECT,
                Some(_) => Verdict::Done,
            };
            if verdict == Verdict::Done {
                model.leave(group, member);
                model.look_at_what_waits_for(group, now);
                drifts(model, (member, group), true);
            }
            verdict
        }
        Op::Hire { number, is_member } => {
            model.people.insert(came.made.unwrap_or_default(), super::draw::hired(number, is_member));
            Verdict::Done
        }
        Op::Manager { person, manager } => {
            let is_there = |id: &Uuid| model.people.get(id).is_some_and(crate::model::Person::is_there);
            if !is_there(&person) || !manager.as_ref().is_none_or(is_there) {
                return NO_OBJECT;
            }
            if manager == Some(person) {
                return BAD;
            }
            model.people.entry(person).and_modify(|p| p.manager = manager);
            Verdict::Done
        }
        Op::Block { person, is_enabled } => match model.people.get_mut(&person).filter(|p| p.is_there()) {
            None => NO_OBJECT,
            Some(found) => {
                let was_enabled = std::mem::replace(&mut found.is_enabled, is_enabled);
                if was_enabled && !is_enabled {
                    model.look_at_what_waits_for(person, now);
                }
                Verdict::Done
            }
        },
        Op::Delete { object } => {
            if deleted(model, object) != Some(false) {
                return NO_OBJECT;
            }
            model.delete_object(object, now);
            Verdict::Done
        }
        Op::Restore { object } => {
            if deleted(model, object) != Some(true) {
                return NO_OBJECT;
            }
            model.restore_object(object);
            Verdict::Done
        }
        Op::DeleteForGood { object } => {
            if deleted(model, object) != Some(true) {
                return NO_OBJECT;
            }
            model.delete_for_good(object, now);
            Verdict::Done
        }
        _ => Verdict::Done,
    }
}

/// Whether an object is deleted and kept; nothing when there is no such object.
fn deleted(model: &Model, object: Uuid) -> Option<bool> {
    let person = model.people.get(&object).filter(|p| !p.is_gone).map(|p| p.deleted.is_some());
    person.or_else(|| model.groups.get(&object).filter(|g| !g.is_gone).map(|g| g.deleted.is_some()))
}

/// Somebody takes by hand what was given, or gives it back; nothing follows but that it is known (behaviour.md b.5).
fn drifts(model: &mut Model, key: (Uuid, Uuid), is_taken: bool) {
    if let Some(grant) = model.grants.get_mut(&key).filter(|g| g.is_wanted && g.seen == Seen::Present) {
        grant.is_drifted = is_taken;
        model.touched.grants.insert(key);
    }
}

fn may_join(model: &Model, group: Uuid, member: Uuid) -> Verdict {
    let Some(found) = model.groups.get(&group).filter(|g| g.is_there()) else { return NO_OBJECT };
    if found.outside.is_some() {
        return Verdict::refused("ObjectMasteredElsewhere");
    }
    if deleted(model, member) != Some(false) {
        return NO_OBJECT;
    }
    if model.is_member(group, member) || group == member {
        return BAD;
    }
    Verdict::Done
}

/// The people and groups that terms name; what a save newly names must exist.
fn named(terms: &Terms) -> BTreeSet<Uuid> {
    let stages = terms.approval.stages.iter();
    let approvers =
        stages.flat_map(|s| s.primary.iter().chain(&s.fallback).chain(&s.alternate)).filter_map(Approver::named);
    terms.targets.iter().copied().chain(approvers).collect()
}
