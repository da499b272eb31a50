//! Which operation comes next. Most make sense; some do not, and must be refused.

use super::{Op, Other};
use crate::company::{person, terms};
use crate::dice::Dice;
use crate::model::change::Change;
use crate::model::policy::{Wanted, WantedEnd};
use crate::model::request::{Ask, Named, Who};
use crate::model::{DAY, Group, HOUR, MINUTE, Micros, Model, Stand};
use crate::outside::Weather;
use std::collections::BTreeMap;
use tenure_domain::Uuid;

/// What is drawn, and how often.
const WEIGHTS: [usize; 29] =
    [260, 110, 70, 60, 25, 12, 30, 6, 3, 8, 14, 12, 1, 40, 30, 4, 14, 14, 3, 8, 200, 6, 70, 20, 10, 14, 3, 5, 12];

/// Draws the next operation.
pub fn draw(model: &Model, dice: &mut Dice, now: Micros) -> Option<Op> {
    Some(match dice.weighed(&WEIGHTS) {
        0 => Op::Ask(sensible(model, dice, now, ask)?),
        1 => Op::Ask(sensible(model, dice, now, assign)?),
        2 => give_back(model, dice)?,
        3 => take_away(model, dice)?,
        4 => cancel(model, dice)?,
        5 => Op::EraseRequest { by: boss(model, dice)?, request: before(model.requests.len(), dice)? },
        6 => save_policy(model, dice, now)?,
        7 => Op::AddPolicy { package: package(model, dice)?, terms: terms(model, dice, now) },
        8 => Op::DropPolicy { policy: policy(model, dice)? },
        9 => {
            let catalogs: Vec<Uuid> = model.catalogs.keys().copied().collect();
            Op::Switch {
                catalog: *dice.pick(&catalogs)?,
                is_published: dice.percent(85),
                is_external: dice.percent(70),
            }
        }
        10 => {
            let package = quiet_package(model, dice)?;
            let groups = &model.catalogs.get(&model.packages.get(&package)?.catalog)?.groups;
            Op::AddRole { package, group: *dice.pick(groups)? }
        }
        11 => {
            let package = quiet_package(model, dice)?;
            let groups: Vec<Uuid> = model.packages.get(&package)?.groups.iter().copied().collect();
            Op::DropRole { package, group: *dice.pick(&groups)? }
        }
        12 => Op::DropPackage { package: package(model, dice)? },
        13 => Op::Join { group: group(model, dice, |_| true)?, member: member(model, dice)? },
        14 => leave(model, dice)?,
        15 => {
            let number = model.people.len();
            Op::Hire { number, is_member: dice.percent(85) }
        }
        16 => {
            let id = ordinary(model, dice)?;
            let is_enabled = !model.people.get(&id)?.is_enabled || dice.percent(50);
            Op::Block { person: id, is_enabled }
        }
        17 => delete(model, dice)?,
        18 => {
            let group = group(model, dice, |g| g.outside.is_some())?;
            Op::Away { group, is_away: !model.groups.get(&group)?.was_away && dice.percent(50) }
        }
        19 => exclude(model, dice)?,
        20 => decide(model, dice)?,
        21 => revoke(model, dice)?,
        22 => Op::Change(change(model, dice, now)?),
        23 => reprocess(model, dice)?,
        24 => Op::Reapply { by: boss(model, dice)?, assignment: known(model, assignment(model, dice)?)? },
        25 => settle(model, dice)?,
        27 => {
            let manager = if dice.percent(85) { any_person(model, dice) } else { None };
            Op::Manager { person: any_person(model, dice)?, manager }
        }
        26 => Op::Keep { policy: policy(model, dice)?, keeps: dice.percent(50) },
        _ => {
            Op::Weather([Weather::Fair, Weather::Mixed, Weather::Away, Weather::Refusing][dice.weighed(&[6, 3, 2, 1])])
        }
    })
}

/// The person who is hired as the `number`th.
pub fn hired(number: usize, is_member: bool) -> crate::model::Person {
    person(number, is_member, false)
}

fn people(model: &Model) -> Vec<Uuid> {
    model.people.iter().filter(|(_, p)| !p.is_gone).map(|(id, _)| *id).collect()
}

/// A person; mostly one who is there.
fn any_person(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    let all = people(model);
    let first = *dice.pick(&all)?;
    if model.people.get(&first)?.is_there() { Some(first) } else { dice.pick(&all).copied() }
}

/// A person who is no administrator.
fn ordinary(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    let all: Vec<Uuid> =
        model.people.iter().filter(|(_, p)| !p.is_gone && !p.is_administrator).map(|(id, _)| *id).collect();
    dice.pick(&all).copied()
}

/// Mostly an administrator; sometimes the product itself, sometimes somebody who may not.
fn boss(model: &Model, dice: &mut Dice) -> Option<Who> {
    if dice.percent(10) {
        return Some(Who::System);
    }
    if dice.percent(5) {
        return any_person(model, dice).map(Who::Person);
    }
    let all: Vec<Uuid> = model.people.iter().filter(|(_, p)| p.is_administrator).map(|(id, _)| *id).collect();
    dice.pick(&all).copied().map(Who::Person)
}

fn somebody(model: &Model, dice: &mut Dice) -> Option<Who> {
    if dice.percent(60) { boss(model, dice) } else { any_person(model, dice).map(Who::Person) }
}

fn package(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    let all: Vec<Uuid> = model.packages.iter().filter(|(_, p)| !p.is_deleted).map(|(id, _)| *id).collect();
    dice.pick(&all).copied()
}

/// A package that nobody is about to get or to lose. Not yet: what becomes of them when its roles change.
fn quiet_package(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    let is_moved = |(pair, handle): (&(Uuid, Uuid, bool), &usize)| {
        (model.requests[*handle].stand == Stand::Delivering).then_some(pair.0)
    };
    let moved: Vec<Uuid> = model.open.iter().filter_map(is_moved).collect();
    package(model, dice).filter(|p| !moved.contains(p))
}

fn policy(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    let all: Vec<Uuid> = model.policies.iter().filter(|(_, p)| !p.is_deleted).map(|(id, _)| *id).collect();
    dice.pick(&all).copied()
}

fn group(model: &Model, dice: &mut Dice, is: impl Fn(&Group) -> bool) -> Option<Uuid> {
    let all: Vec<Uuid> = model.groups.iter().filter(|(_, g)| !g.is_gone && is(g)).map(|(id, _)| *id).collect();
    dice.pick(&all).copied()
}

/// Any of so many.
fn before(count: usize, dice: &mut Dice) -> Option<usize> {
    (count > 0).then(|| dice.below(count))
}

/// One of the last few.
fn recent(count: usize, dice: &mut Dice) -> Option<usize> {
    (count > 0).then(|| count - 1 - dice.below(count.min(60)))
}

fn member(model: &Model, dice: &mut Dice) -> Option<Uuid> {
    if dice.percent(8) { group(model, dice, |g| g.is_team) } else { any_person(model, dice) }
}

fn wanted(dice: &mut Dice, now: Micros) -> Wanted {
    let start = match dice.weighed(&[70, 3, 3, 12, 12]) {
        0 => None,
        1 => Some(now + 30 * 1_000_000),
        2 => Some(now - DAY),
        3 => Some(now + dice.between(2, 48) * HOUR),
        _ => Some(now + dice.between(1, 30) * DAY),
    };
    let end = match dice.weighed(&[65, 4, 15, 12, 4]) {
        0 => WantedEnd::Open,
        1 => WantedEnd::Never,
        2 => WantedEnd::After(dice.between(1, 40) * 12 * 60),
        3 => WantedEnd::At(now + dice.between(1, 60) * DAY / 2 + MINUTE),
        _ => WantedEnd::At(now - HOUR),
    };
    Wanted { start, end }
}

/// Mostly something that will be granted, if a few draws find it.
fn sensible(
    model: &Model,
    dice: &mut Dice,
    now: Micros,
    draw: impl Fn(&Model, &mut Dice, Micros) -> Option<Ask>,
) -> Option<Ask> {
    let tries = if dice.percent(70) { 5 } else { 1 };
    let mut drawn = None;
    for _ in 0..tries {
        drawn = draw(model, dice, now);
        if drawn.as_ref().is_some_and(|ask| model.ask(ask, now).is_ok()) {
            break;
        }
    }
    drawn
}

/// Mostly a request that waits, by the one who made it or an administrator.
fn cancel(model: &Model, dice: &mut Dice) -> Option<Op> {
    let waits = |r: &&usize| matches!(model.requests[**r].stand, Stand::Scheduled { .. } | Stand::Pending { .. });
    let waiting: Vec<usize> = model.open.values().filter(waits).copied().collect();
    let request = if dice.percent(70) { *dice.pick(&waiting)? } else { recent(model.requests.len(), dice)? };
    let own = model.requests[request].requestor.filter(|_| dice.percent(40));
    Some(Op::Cancel { by: own.map_or_else(|| somebody(model, dice), |id| Some(Who::Person(id)))?, request })
}

fn ask(model: &Model, dice: &mut Dice, now: Micros) -> Option<Ask> {
    let me = any_person(model, dice)?;
    let target = match dice.below(100) {
        0..2 => any_person(model, dice)?,
        2..10 => report(model, dice, me).unwrap_or(me),
        _ => me,
    };
    one(model, dice, now, (Who::Person(me), false, target))
}

fn assign(model: &Model, dice: &mut Dice, now: Micros) -> Option<Ask> {
    let (by, target) = (boss(model, dice)?, any_person(model, dice)?);
    one(model, dice, now, (by, true, target))
}

/// Somebody whose manager he is.
fn report(model: &Model, dice: &mut Dice, me: Uuid) -> Option<Uuid> {
    let all: Vec<Uuid> = model.people.iter().filter(|(_, p)| p.manager == Some(me)).map(|(id, _)| *id).collect();
    dice.pick(&all).copied()
}

fn one(model: &Model, dice: &mut Dice, now: Micros, (by, is_direct, target): (Who, bool, Uuid)) -> Option<Ask> {
    let package = package(model, dice)?;
    let policies: Vec<(Uuid, Option<Uuid>)> =
        model.policies_of(package).map(|(id, p)| (id, p.current().question)).collect();
    let policy = match dice.below(100) {
        0..50 => dice.pick(&policies).map(|(id, _)| *id),
        50..52 => policy(model, dice),
        _ => None,
    };
    // Mostly every question of the package that could be asked is answered, if it is one policy that asks.
    let mut answers = BTreeMap::new();
    let asked = policies.iter().filter(|(id, _)| policy.is_none_or(|p| p == *id)).filter_map(|(_, q)| *q);
    if dice.percent(92) {
        answers.extend(asked.map(|q| (q, "because".to_owned())));
    }
    Some(Ask {
        by,
        is_direct,
        target,
        package,
        policy,
        wanted: wanted(dice, now),
        has_reason: dice.percent(70),
        answers,
        bypasses: is_direct && dice.percent(15),
        only_validate: dice.percent(3),
    })
}

fn assignment(model: &Model, dice: &mut Dice) -> Option<usize> {
    if dice.percent(10) {
        return recent(model.assignments.len(), dice);
    }
    let live: Vec<usize> = model.live.values().copied().collect();
    dice.pick(&live).copied()
}

fn named(model: &Model, dice: &mut Dice, handle: usize) -> Named {
    let assignment = &model.assignments[handle];
    if assignment.id.is_some() && dice.percent(60) {
        Named::Assignment(handle)
    } else {
        Named::Pair(assignment.package, assignment.target)
    }
}

fn give_back(model: &Model, dice: &mut Dice) -> Option<Op> {
    let handle = assignment(model, dice)?;
    let by = holder(model, dice, handle)?;
    Some(Op::Remove { by, is_direct: false, named: named(model, dice, handle) })
}

/// Mostly who holds an assignment, or his manager.
fn holder(model: &Model, dice: &mut Dice, handle: usize) -> Option<Who> {
    let target = model.assignments[handle].target;
    let manager = model.people.get(&target).and_then(|p| p.manager);
    match dice.below(100) {
        0..85 => Some(Who::Person(target)),
        85..95 => Some(Who::Person(manager.unwrap_or(target))),
        _ => somebody(model, dice),
    }
}

/// One whose id in the database is known.
fn known(model: &Model, handle: usize) -> Option<usize> {
    model.assignments[handle].id.map(|_| handle)
}

/// A change of what somebody holds, if a few draws find one that will be granted.
fn change(model: &Model, dice: &mut Dice, now: Micros) -> Option<Change> {
    let tries = if dice.percent(60) { 5 } else { 1 };
    let mut drawn = None;
    for _ in 0..tries {
        drawn = one_change(model, dice, now);
        if drawn.as_ref().is_some_and(|change| model.may_change(change, now).is_ok()) {
            break;
        }
    }
    drawn
}

fn one_change(model: &Model, dice: &mut Dice, now: Micros) -> Option<Change> {
    let handle = assignment(model, dice)?;
    let is_direct = dice.percent(35);
    let by = if is_direct { boss(model, dice)? } else { holder(model, dice, handle)? };
    let question = model.policies.get(&model.assignments[handle].policy).and_then(|p| p.current().question);
    let wanted = if dice.percent(40) { Wanted::default() } else { wanted(dice, now) };
    let mut answers = BTreeMap::new();
    if dice.percent(40) {
        answers.extend(question.map(|q| (q, "because".to_owned())));
    }
    Some(Change {
        by,
        is_direct,
        named: named(model, dice, handle),
        extends: dice.percent(20),
        wanted: Wanted { start: wanted.start.filter(|_| dice.percent(20)), ..wanted },
        has_reason: dice.percent(75),
        answers,
        only_validate: dice.percent(3),
    })
}

/// Mostly a request that failed; now and then one that was to change what is held.
fn reprocess(model: &Model, dice: &mut Dice) -> Option<Op> {
    let mut failed: Vec<usize> = (0..model.requests.len())
        .rev()
        .take(400)
        .filter(|h| matches!(model.requests[*h].stand, Stand::Failed | Stand::Partial))
        .collect();
    let changes = |h: &usize| {
        let made = model.requests[*h].assignment.filter(|a| model.assignments[*a].is_live());
        !model.requests[*h].kind.takes() && made.is_some_and(|a| model.assignments[a].request != *h)
    };
    if dice.percent(30) && failed.iter().any(changes) {
        failed.retain(changes);
    }
    let request = if dice.percent(90) { *dice.pick(&failed)? } else { recent(model.requests.len(), dice)? };
    let found = &model.requests[request];
    // Not yet: what becomes of an assignment that ends while more is taken of an earlier one.
    let live = model.live.get(&(found.package, found.target)).copied();
    let is_held = found.kind.takes() && live.is_some_and(|handle| found.assignment != Some(handle));
    found.id.filter(|_| !is_held).and_then(|_| Some(Op::Reprocess { by: boss(model, dice)?, request }))
}

/// Something that was taken by hand.
fn settle(model: &Model, dice: &mut Dice) -> Option<Op> {
    let drifted: Vec<(Uuid, Uuid)> = model.grants.iter().filter(|(_, g)| g.is_drifted).map(|(key, _)| *key).collect();
    let all: Vec<(Uuid, Uuid)> = model.grants.keys().copied().collect();
    let grant = *if dice.percent(90) { dice.pick(&drifted) } else { dice.pick(&all) }?;
    Some(Op::Settle { by: boss(model, dice)?, grant, gives: dice.percent(60) })
}

fn take_away(model: &Model, dice: &mut Dice) -> Option<Op> {
    let handle = assignment(model, dice)?;
    Some(Op::Remove { by: boss(model, dice)?, is_direct: true, named: named(model, dice, handle) })
}

fn save_policy(model: &Model, dice: &mut Dice, now: Micros) -> Option<Op> {
    let policy = policy(model, dice)?;
    let current = model.policies.get(&policy)?;
    let terms = if dice.percent(60) { terms(model, dice, now) } else { current.current().clone() };
    Some(Op::SavePolicy { by: boss(model, dice)?, policy, terms, is_enabled: dice.percent(88) })
}

/// Mostly something new on the list of a package as long as that is short, else something off it.
fn exclude(model: &Model, dice: &mut Dice) -> Option<Op> {
    let package = package(model, dice)?;
    let listed = &model.packages.get(&package)?.incompatible;
    let on_it: Vec<Other> = listed
        .packages
        .iter()
        .map(|p| Other::Package(*p))
        .chain(listed.groups.iter().map(|g| Other::Group(*g)))
        .collect();
    if on_it.len() > 2 || dice.percent(30) {
        return Some(Op::Exclude { package, other: *dice.pick(&on_it)?, is_listed: false });
    }
    let all: Vec<Uuid> = model.packages.keys().copied().collect();
    let other =
        if dice.percent(70) { Other::Package(*dice.pick(&all)?) } else { Other::Group(group(model, dice, |_| true)?) };
    Some(Op::Exclude { package, other, is_listed: true })
}

/// Mostly the open stage of a request that waits, by one of those who were asked.
fn decide(model: &Model, dice: &mut Dice) -> Option<Op> {
    let waits = |handle: &&usize| matches!(model.requests[**handle].stand, Stand::Pending { .. });
    let waiting: Vec<usize> = model.open.values().filter(waits).copied().collect();
    let with: Vec<usize> = (0..model.requests.len()).filter(|h| !model.requests[*h].stages.is_empty()).collect();
    let comes_too_late = |h: &&usize| model.requests[**h].assignment.is_some() && !model.may_still_change(**h);
    let too_late: Vec<usize> = waiting.iter().filter(comes_too_late).copied().collect();
    let request = *match dice.below(100) {
        0..30 if !too_late.is_empty() => dice.pick(&too_late),
        0..93 => dice.pick(&waiting),
        _ => dice.pick(&with),
    }?;
    let found = &model.requests[request];
    let stage = match found.stand {
        Stand::Pending { stage, .. } if dice.percent(95) => stage,
        _ => dice.below(found.stages.len()),
    };
    let asked: Vec<Uuid> = found.stages[stage].asked.union(&found.stages[stage].asked_later).copied().collect();
    let by = match dice.below(100) {
        0..80 => match dice.pick(&asked) {
            Some(one) if model.people.contains_key(one) => *one,
            Some(group) => {
                let inside: Vec<Uuid> = model.people.keys().copied().filter(|p| model.belongs(*group, *p)).collect();
                *dice.pick(&inside)?
            }
            None => any_person(model, dice)?,
        },
        80..90 => found.requestor.unwrap_or(found.target),
        _ => any_person(model, dice)?,
    };
    let by = if dice.percent(1) { Who::System } else { Who::Person(by) };
    Some(Op::Decide { by, request, stage, approves: dice.percent(80), has_reason: dice.percent(75) })
}

/// Mostly by one who approved.
fn revoke(model: &Model, dice: &mut Dice) -> Option<Op> {
    let approved = |h: &usize| !model.requests[model.assignments[*h].request].stages.is_empty();
    let all: Vec<usize> = model.live.values().copied().filter(approved).collect();
    let assignment = *dice.pick(&all)?;
    let stages = &model.requests[model.assignments[assignment].request].stages;
    let by: Vec<Uuid> = stages.iter().filter_map(|s| s.decision.map(|(by, _)| by)).collect();
    let by = if dice.percent(85) { *dice.pick(&by)? } else { any_person(model, dice)? };
    model.assignments[assignment].id?;
    Some(Op::Revoke { by, assignment, has_reason: dice.percent(85) })
}

fn leave(model: &Model, dice: &mut Dice) -> Option<Op> {
    if let Some((group, member)) = leaves_scope(model, dice).filter(|_| dice.percent(30)) {
        return Some(Op::Leave { group, member });
    }
    let group = group(model, dice, |_| true)?;
    let inside: Vec<Uuid> = model.edges.iter().filter(|(_, g)| g.contains(&group)).map(|(m, _)| *m).collect();
    let member = if dice.percent(95) { dice.pick(&inside).copied()? } else { member(model, dice)? };
    Some(Op::Leave { group, member })
}

/// Somebody for whom a request waits, and a group by which he may have it.
fn leaves_scope(model: &Model, dice: &mut Dice) -> Option<(Uuid, Uuid)> {
    let waits = |handle: &&usize| matches!(model.requests[**handle].stand, Stand::Pending { .. });
    let (mut all, mut of_changes) = (Vec::new(), Vec::new());
    for request in model.open.values().filter(waits).map(|handle| &model.requests[*handle]) {
        let Some(policy) = model.policies.get(&request.policy) else { continue };
        let targets = policy.versions[request.version - 1].targets.iter();
        let by = targets.filter(|group| model.is_member(**group, request.target)).map(|g| (*g, request.target));
        if request.assignment.is_some() { of_changes.extend(by) } else { all.extend(by) }
    }
    if dice.percent(60) && !of_changes.is_empty() { dice.pick(&of_changes).copied() } else { dice.pick(&all).copied() }
}

/// Deletes, restores, or deletes for good, whatever fits the object.
fn delete(model: &Model, dice: &mut Dice) -> Option<Op> {
    let object = if dice.percent(80) {
        let deleted: Vec<Uuid> = model.people.iter().filter(|(_, p)| p.deleted.is_some()).map(|(id, _)| *id).collect();
        if dice.percent(50) && !deleted.is_empty() { *dice.pick(&deleted)? } else { ordinary(model, dice)? }
    } else {
        // A group that is in another one is left alone. Not yet: those that packages give.
        let lies_in = |id: &Uuid| model.edges.get(id).is_some_and(|above| !above.is_empty());
        let all: Vec<Uuid> =
            model.groups.iter().filter(|(id, g)| !g.is_gone && g.is_team && !lies_in(id)).map(|(id, _)| *id).collect();
        *dice.pick(&all)?
    };
    let person = model.people.get(&object).map(|p| p.deleted);
    let deleted = person.or_else(|| model.groups.get(&object).map(|g| g.deleted))?;
    Some(match (deleted, dice.below(100)) {
        (None, 0..97) | (Some(_), 0..2) => Op::Delete { object },
        (Some(_), 2..60) | (None, 97..99) => Op::Restore { object },
        _ => Op::DeleteForGood { object },
    })
}
