//! The company that is simulated: two hundred people in nested teams, groups here and outside, catalogs, packages and
//! policies. Made by the use cases, and told to the model as it is made.

use crate::dice::Dice;
use crate::model::approval::{ApprovalTerms, Approver, StageTerms};
use crate::model::policy::{Life, Policy, Scope, Terms};
use crate::model::separation::Incompatible;
use crate::model::{Catalog, DAY, Group, HOUR, Micros, Model, Package, Person};
use crate::product::{draft, new_group, new_user};
use crate::world::World;
use std::collections::BTreeSet;
use tenure_domain::Uuid;
use tenure_domain::authorize::DirectoryRole;
use tenure_domain::catalog::OriginSystem;
use tenure_domain::ids::ObjectId;
use tenure_service::bootstrap::{NewTenant, create_tenant, give_role};
use tenure_service::catalogs::{self, NewCatalog};
use tenure_service::directory::{groups, users};
use tenure_service::packages::{self, NewPackage};
use tenure_service::resources::{self, ResourceCommand, ResourceRef};
use tenure_service::rows::catalog::ResourceRequestKind;
use tenure_service::rows::directory::object::{Source, insert_source, set_source};
use tenure_service::{Ctx, Identity, ServiceError, policies};

/// People of the company, two administrators among them.
pub const PEOPLE: usize = 200;
const GUESTS: usize = 25;
/// People who manage others, and those of them who manage the rest.
const MANAGERS: usize = 20;
const DIRECTORS: usize = 3;
const TEAMS: usize = 12;
const DIVISIONS: usize = 3;
const CATALOGS: usize = 3;
/// Groups that packages give: here, and outside.
const GROUPS_HERE: usize = 8;
const GROUPS_OUTSIDE: usize = 3;
const PACKAGES: usize = 6;
/// The domain of every address.
pub const DOMAIN: &str = "contoso.example";

/// Founds it.
pub fn found(world: &World, model: &mut Model, dice: &mut Dice) -> Result<(), ServiceError> {
    let drawn = dice.clone();
    let now = world.now();
    let (made, after) = world.write(Identity::System, move |ctx| {
        let mut dice = drawn.clone();
        let mut model = Model::default();
        let new = NewTenant {
            id: Some(Uuid::from_u128(0x51)),
            name: "Contoso".to_owned(),
            domains: vec![DOMAIN.to_owned()],
            is_demo: true,
        };
        create_tenant(ctx, &new)?;
        people(ctx, &mut model)?;
        teams(ctx, &mut model, &mut dice)?;
        let source = Uuid::from_u128(0x0c);
        let row = Source { id: source, kind: "memory".to_owned(), name: "Head office".to_owned(), can_write: true };
        insert_source(ctx.tx, &row);
        for n in 0..CATALOGS {
            catalog(ctx, &mut model, &mut dice, (n, source), now)?;
        }
        Ok((model, dice))
    })?;
    *model = made;
    *dice = after;
    Ok(())
}

fn people(ctx: &mut Ctx<'_, '_>, model: &mut Model) -> Result<(), ServiceError> {
    for n in 0..PEOPLE {
        let is_member = n < PEOPLE - GUESTS;
        let person = person(n, is_member, n < 2);
        let id = users::create(ctx, &new_user(&person))?;
        if person.is_administrator {
            give_role(ctx, DirectoryRole::GlobalAdministrator, id)?;
        }
        model.people.insert(id.0, person);
    }
    // The first few manage the others; some have nobody.
    let all: Vec<Uuid> = model.people.keys().copied().collect();
    for (n, id) in all.iter().enumerate().skip(DIRECTORS).filter(|(n, _)| n % 7 != 0) {
        let manager = all[if n < MANAGERS { n % DIRECTORS } else { n % MANAGERS }];
        users::set_manager(ctx, ObjectId(*id), Some(ObjectId(manager)))?;
        model.people.entry(*id).and_modify(|p| p.manager = Some(manager));
    }
    Ok(())
}

/// The `n`th person that ever was.
pub fn person(n: usize, is_member: bool, is_administrator: bool) -> Person {
    Person {
        name: format!("Person {n}"),
        address: format!("person{n}@{DOMAIN}"),
        is_member,
        is_enabled: true,
        is_administrator,
        deleted: None,
        is_gone: false,
        manager: None,
    }
}

fn teams(ctx: &mut Ctx<'_, '_>, model: &mut Model, dice: &mut Dice) -> Result<(), ServiceError> {
    let mut divisions = Vec::new();
    for n in 0..DIVISIONS {
        divisions.push(group(ctx, model, &format!("Division {n}"), true, &[])?);
    }
    let everybody: Vec<Uuid> = model.people.keys().copied().collect();
    for n in 0..TEAMS {
        let members: BTreeSet<Uuid> = (0..PEOPLE / TEAMS).filter_map(|_| dice.pick(&everybody)).copied().collect();
        let members: Vec<Uuid> = members.into_iter().collect();
        let team = group(ctx, model, &format!("Team {n}"), true, &members)?;
        if let Some(division) = divisions.get(n % (DIVISIONS + 1)).copied() {
            groups::add_member(ctx, ObjectId(division), ObjectId(team))?;
            model.join(division, team);
        }
    }
    Ok(())
}

fn group(
    ctx: &mut Ctx<'_, '_>,
    model: &mut Model,
    name: &str,
    is_team: bool,
    members: &[Uuid],
) -> Result<Uuid, ServiceError> {
    let id = groups::create(ctx, &new_group(name, members))?.0;
    let (name, outside) = (name.to_owned(), None);
    model.groups.insert(id, Group { name, outside, deleted: None, is_gone: false, is_team, was_away: false });
    for member in members {
        model.join(id, *member);
        model.by_hand.insert((id, *member));
    }
    Ok(id)
}

fn catalog(
    ctx: &mut Ctx<'_, '_>,
    model: &mut Model,
    dice: &mut Dice,
    (n, source): (usize, Uuid),
    now: Micros,
) -> Result<(), ServiceError> {
    let new = NewCatalog {
        name: format!("Catalog {n}"),
        description: None,
        is_published: true,
        is_external: n > 0,
        unique_name: None,
    };
    let id = catalogs::create(ctx, &new)?;
    let mut resources_of = Vec::new();
    for m in 0..GROUPS_HERE + GROUPS_OUTSIDE {
        let is_outside = m >= GROUPS_HERE;
        let name = format!("Group {n}.{m}");
        let first: Vec<Uuid> = if is_outside { Vec::new() } else { some_people(model, dice, 2) };
        let group = group(ctx, model, &name, false, &first)?;
        if is_outside {
            let key = format!("group-{n}-{m}");
            set_source(ctx.tx, ObjectId(group), source, &key);
            model.groups.entry(group).and_modify(|g| g.outside = Some(key));
        }
        let command = ResourceCommand {
            kind: ResourceRequestKind::AdminAdd,
            catalog: id,
            resource: ResourceRef::of(OriginSystem::AadGroup, ObjectId(group)),
            environment: None,
            description: None,
            justification: None,
            attributes: None,
        };
        resources::request(ctx, &command)?;
        resources_of.push(group);
    }
    model.catalogs.insert(id.0, Catalog { is_published: true, is_external: n > 0, groups: resources_of.clone() });
    for m in 0..PACKAGES {
        let name = format!("Package {n}.{m}");
        let new = NewPackage {
            catalog: Some(id),
            name: name.clone(),
            description: None,
            is_hidden: false,
            scopes_visible: true,
            unique_name: None,
        };
        let package = packages::create(ctx, &new)?;
        let mut given = BTreeSet::new();
        for _ in 0..=dice.below(3) {
            given.extend(dice.pick(&resources_of).copied());
        }
        for group in &given {
            packages::add_role(ctx, package, &crate::product::member_of(*group))?;
        }
        let made =
            Package { name, catalog: id.0, groups: given, is_deleted: false, incompatible: Incompatible::default() };
        model.packages.insert(package.0, made);
        for _ in 0..=dice.below(2) {
            let terms = terms(model, dice, now);
            let policy = policies::create(ctx, package, &draft(model, &terms, true))?;
            let made =
                Policy { package: package.0, is_enabled: true, keeps: false, versions: vec![terms], is_deleted: false };
            model.policies.insert(policy.0, made);
        }
    }
    Ok(())
}

fn some_people(model: &Model, dice: &mut Dice, n: usize) -> Vec<Uuid> {
    let everybody: Vec<Uuid> = model.people.keys().copied().collect();
    let some: BTreeSet<Uuid> = (0..n).filter_map(|_| dice.pick(&everybody)).copied().collect();
    some.into_iter().collect()
}

/// Terms of a policy, as somebody might wish them.
pub fn terms(model: &Model, dice: &mut Dice, now: Micros) -> Terms {
    let scope =
        [Scope::Nobody, Scope::Named, Scope::Members, Scope::Everybody, Scope::Guests][dice.weighed(&[1, 3, 3, 3, 1])];
    let mut targets = Vec::new();
    if scope == Scope::Named {
        let teams: Vec<Uuid> =
            model.groups.iter().filter(|(_, g)| g.is_team && !g.is_gone).map(|(id, _)| *id).collect();
        targets.extend((0..=dice.below(3)).filter_map(|_| dice.pick(&teams)).copied());
        targets.extend(some_people(model, dice, 5));
        targets.sort_unstable();
        targets.dedup();
    }
    let life = match dice.weighed(&[1, 5, 3, 1]) {
        0 => Life::Endless,
        1 => Life::Days(i32::try_from(dice.between(1, 90)).unwrap_or(1)),
        2 => Life::Days(1),
        _ => Life::Until(now - now % DAY + dice.between(5, 200) * DAY),
    };
    Terms {
        scope,
        targets,
        self_add: dice.percent(90),
        self_remove: dice.percent(70),
        self_update: dice.percent(60),
        for_reports: dice.percent(40),
        own_dates: dice.percent(60),
        life,
        wants_reason: dice.percent(15),
        question: dice.percent(15).then(|| Uuid::from_u128(0x9_0000 + dice.below(4) as u128)),
        mails_off: dice.percent(20),
        approval: if dice.percent(40) { approval(model, dice) } else { ApprovalTerms::default() },
    }
}

/// One to three stages of approval.
fn approval(model: &Model, dice: &mut Dice) -> ApprovalTerms {
    let mut stages: Vec<StageTerms> = Vec::new();
    for _ in 0..=dice.below(3) {
        let mut stage = stage(model, dice);
        let asks_managers = |s: &StageTerms| s.primary.iter().chain(&s.fallback).any(|a| a.named().is_none());
        // Managers are asked in one stage only (behaviour.md b.4).
        if stages.iter().any(asks_managers) {
            stage.primary.retain(|approver| approver.named().is_some());
            stage.fallback.retain(|approver| approver.named().is_some());
        }
        if stage.primary.is_empty() {
            stage.primary = some_people(model, dice, 1).into_iter().map(Approver::Person).collect();
        }
        stages.push(stage);
    }
    ApprovalTerms { for_add: dice.percent(90), for_update: dice.percent(50), stages }
}

fn stage(model: &Model, dice: &mut Dice) -> StageTerms {
    let window = [HOUR, DAY, 3 * DAY, 5 * DAY, 14 * DAY][dice.weighed(&[1, 2, 3, 4, 3])];
    let escalates = window >= 4 * DAY && dice.percent(60);
    let primary = approvers(model, dice, 3);
    let alternate = if escalates { approvers(model, dice, 2) } else { Vec::new() };
    StageTerms {
        window,
        escalation: (!alternate.is_empty()).then(|| dice.between(1, window / DAY - 1) * DAY),
        wants_reason: dice.percent(25),
        primary: if primary.is_empty() { vec![Approver::Manager] } else { primary },
        fallback: if dice.percent(60) { approvers(model, dice, 2) } else { Vec::new() },
        alternate,
    }
}

fn approvers(model: &Model, dice: &mut Dice, most: usize) -> Vec<Approver> {
    let teams: Vec<Uuid> = model.groups.iter().filter(|(_, g)| g.is_team && !g.is_gone).map(|(id, _)| *id).collect();
    let mut all: Vec<Approver> = (0..=dice.below(most))
        .filter_map(|_| match dice.weighed(&[6, 6, 4, 2]) {
            0 => some_people(model, dice, 1).first().copied().map(Approver::Person),
            1 => dice.pick(&teams).copied().map(Approver::Group),
            2 => Some(Approver::Manager),
            _ => Some(Approver::Above),
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}
