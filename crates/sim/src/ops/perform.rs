//! Operations, done by the product.

use super::{Came, Op, Other};
use crate::model::Model;
use crate::model::change::Change;
use crate::model::request::{Ask, Named, Verdict, Who};
use crate::outside::Outside;
use crate::product::{draft, member_of, new_user, schedule, token};
use crate::world::World;
use std::collections::BTreeMap;
use tenure_domain::Patch;
use tenure_domain::Uuid;
use tenure_domain::ids::{
    AssignmentId, CatalogId, GrantId, ObjectId, PackageId, PolicyId, QuestionId, RequestId, StageId,
};
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{Answer, RequestType};
use tenure_service::approvals::{self, DecideCommand};
use tenure_service::catalogs::{self, CatalogPatch};
use tenure_service::directory::users::UserPatch;
use tenure_service::directory::{deleted, groups, users};
use tenure_service::policies::SwitchesPatch;
use tenure_service::requests::{
    self, AssignmentRef, RemoveCommand, SubmitCommand, Submitted, TargetRef, UpdateCommand,
};
use tenure_service::{Ctx, Identity, ServiceError, drift, incompatible, packages, policies, rows};

const fn identity(who: Who) -> Identity {
    match who {
        Who::Person(id) => token(id),
        Who::System => Identity::System,
    }
}

/// What an answer of the product means. The error is no answer: the power failed, or the product did.
fn came(result: Result<Option<Uuid>, ServiceError>) -> Result<Came, ServiceError> {
    let verdict = |verdict| Ok(Came { verdict, made: None });
    match result {
        Ok(made) => Ok(Came { verdict: Verdict::Done, made }),
        Err(ServiceError::Refused(refusal)) => verdict(Verdict::Refused(refusal.code.name(), failed(&refusal))),
        Err(ServiceError::Unauthenticated(_)) => verdict(Verdict::Unknown),
        Err(error) => Err(error),
    }
}

/// The guards that failed.
fn failed(refusal: &Refusal) -> Vec<&'static str> {
    use tenure_domain::refusal::GuardName as G;
    let name = |guard: G| match guard {
        G::CatalogPublished => "catalogPublished",
        G::CatalogExternal => "catalogExternal",
        G::PackageVisible => "packageVisible",
        G::PolicyEnabled => "policyEnabled",
        G::SelfAddAllowed => "selfAddAllowed",
        G::OnBehalfAllowed => "onBehalfAllowed",
        G::PolicyScope => "policyScope",
        G::SignInAllowed => "signInAllowed",
        G::NoOpenRequest => "noOpenRequest",
        G::NoLiveAssignment => "noLiveAssignment",
        G::LiveAssignment => "liveAssignment",
        G::SelfUpdateAllowed => "selfUpdateAllowed",
        G::CompatibleAccess => "compatibleAccess",
        G::Schedule => "schedule",
        G::Justification => "justification",
        G::Answers => "answers",
        G::Attributes => "attributes",
        G::VerifiedId => "verifiedId",
        G::ApproverAvailable => "approverAvailable",
        G::ResourcesHealthy => "resourcesHealthy",
        G::SelfRemoveAllowed => "selfRemoveAllowed",
        G::TargetKnown => "targetKnown",
        G::NotOwnRequest => "notOwnRequest",
        G::IsApprover => "isApprover",
        G::StageOpen => "stageOpen",
        G::RequestCancelable => "requestCancelable",
        G::RequestReprocessable => "requestReprocessable",
        G::RequestDeletable => "requestDeletable",
    };
    refusal.guards.iter().filter(|g| !g.passed).map(|g| name(g.guard)).collect()
}

/// Does it.
pub fn perform(world: &World, outside: &Outside, model: &Model, op: &Op) -> Result<Came, ServiceError> {
    let done = |result: Result<(), ServiceError>| came(result.map(|()| None));
    match op.clone() {
        Op::Ask(ask) => came(submit(world, &ask)),
        Op::Remove { by, is_direct, named } => came(remove(world, model, by, is_direct, named)),
        Op::Decide { by, request, stage, approves, has_reason } => {
            let found = model.requests.get(request);
            let stage = found.and_then(|r| r.stages.get(stage)).and_then(|s| s.id).unwrap_or_default();
            let command = DecideCommand {
                request: request_id(model, request),
                stage: StageId(stage),
                approves,
                justification: has_reason.then(|| "fine".to_owned()),
            };
            done(world.write(identity(by), move |ctx| approvals::decide(ctx, &command)))
        }
        Op::Revoke { by, assignment, has_reason } => {
            let id = assignment_id(model, assignment);
            let command = RemoveCommand {
                kind: RequestType::ApproverRemove,
                assignment: AssignmentRef { id: Some(id), ..AssignmentRef::default() },
                justification: has_reason.then(|| "no longer".to_owned()),
                validate_only: false,
            };
            came(world.write(token(by), move |ctx| requests::remove(ctx, &command)).map(|made| id_of(&made)))
        }
        Op::Change(change) => came(update(world, model, &change)),
        Op::Reprocess { by, request } => {
            let id = request_id(model, request);
            done(world.write(identity(by), move |ctx| requests::reprocess(ctx, id)))
        }
        Op::Reapply { by, assignment } => {
            let id = assignment_id(model, assignment);
            done(world.write(identity(by), move |ctx| requests::reprocess_assignment(ctx, id)))
        }
        Op::Settle { by, grant, gives } => {
            let id = GrantId(model.grant_ids.get(&grant).copied().unwrap_or_default());
            let settle =
                move |ctx: &mut Ctx<'_, '_>| if gives { drift::repair(ctx, id) } else { drift::adopt(ctx, id) };
            done(world.write(identity(by), settle))
        }
        Op::Cancel { by, request } => {
            let id = request_id(model, request);
            done(world.write(identity(by), move |ctx| requests::cancel(ctx, id)))
        }
        Op::EraseRequest { by, request } => {
            let id = request_id(model, request);
            done(world.write(identity(by), move |ctx| requests::delete(ctx, id)))
        }
        Op::Weather(weather) => {
            outside.set_weather(weather);
            came(Ok(None))
        }
        Op::Away { group, is_away } => {
            if let Some(object) = model.groups.get(&group).and_then(|g| g.outside.as_ref()) {
                outside.set_away(object, is_away);
            }
            came(Ok(None))
        }
        other => catalog(world, model, &other),
    }
}

/// Catalogs, packages and policies.
fn catalog(world: &World, model: &Model, op: &Op) -> Result<Came, ServiceError> {
    let system = Identity::System;
    let done = |result: Result<(), ServiceError>| came(result.map(|()| None));
    match op.clone() {
        Op::Keep { policy, keeps } => {
            let patch = SwitchesPatch { keep_pre_existing: Some(keeps), ..SwitchesPatch::default() };
            done(world.write(system, move |ctx| policies::set_switches(ctx, PolicyId(policy), &patch)))
        }
        Op::SavePolicy { by, policy, terms, is_enabled } => {
            let draft = draft(model, &terms, is_enabled);
            done(world.write(identity(by), move |ctx| policies::update(ctx, PolicyId(policy), &|_| Ok(draft.clone()))))
        }
        Op::AddPolicy { package, terms } => {
            let draft = draft(model, &terms, true);
            let create = move |ctx: &mut Ctx<'_, '_>| policies::create(ctx, PackageId(package), &draft);
            came(world.write(system, create).map(|id| Some(id.0)))
        }
        Op::DropPolicy { policy } => done(world.write(system, move |ctx| policies::delete(ctx, PolicyId(policy)))),
        Op::Switch { catalog, is_published, is_external } => {
            let patch = CatalogPatch {
                is_published: Patch::Value(is_published),
                is_external: Patch::Value(is_external),
                ..CatalogPatch::default()
            };
            done(world.write(system, move |ctx| catalogs::update(ctx, CatalogId(catalog), &patch)))
        }
        Op::AddRole { package, group } => {
            let add = move |ctx: &mut Ctx<'_, '_>| packages::add_role(ctx, PackageId(package), &member_of(group));
            done(world.write(system, add).map(|_| ()))
        }
        Op::DropRole { package, group } => done(world.write(system, move |ctx| drop_role(ctx, package, group))),
        Op::DropPackage { package } => done(world.write(system, move |ctx| packages::delete(ctx, PackageId(package)))),
        Op::Exclude { package, other, is_listed } => {
            done(world.write(system, move |ctx| exclude(ctx, PackageId(package), other, is_listed)))
        }
        other => directory(world, &other),
    }
}

fn directory(world: &World, op: &Op) -> Result<Came, ServiceError> {
    let system = Identity::System;
    let done = |result: Result<(), ServiceError>| came(result.map(|()| None));
    match *op {
        Op::Join { group, member } => {
            done(world.write(system, move |ctx| groups::add_member(ctx, ObjectId(group), ObjectId(member))))
        }
        Op::Leave { group, member } => {
            done(world.write(system, move |ctx| groups::remove_member(ctx, ObjectId(group), ObjectId(member))))
        }
        Op::Hire { number, is_member } => {
            let new = new_user(&super::draw::hired(number, is_member));
            came(world.write(system, move |ctx| users::create(ctx, &new)).map(|id| Some(id.0)))
        }
        Op::Manager { person, manager } => {
            let set = move |ctx: &mut Ctx<'_, '_>| users::set_manager(ctx, ObjectId(person), manager.map(ObjectId));
            done(world.write(system, set))
        }
        Op::Block { person, is_enabled } => {
            let patch = UserPatch { is_enabled: Patch::Value(is_enabled), ..UserPatch::default() };
            done(world.write(system, move |ctx| users::update(ctx, ObjectId(person), &patch)))
        }
        Op::Delete { object } => done(world.write(system, move |ctx| deleted::delete(ctx, ObjectId(object)))),
        Op::Restore { object } => done(world.write(system, move |ctx| deleted::restore(ctx, ObjectId(object)))),
        Op::DeleteForGood { object } => {
            done(world.write(system, move |ctx| deleted::delete_for_good(ctx, ObjectId(object))))
        }
        _ => Err(ServiceError::Internal(format!("{op:?} is no operation of the directory"))),
    }
}

fn request_id(model: &Model, handle: usize) -> RequestId {
    RequestId(model.requests.get(handle).and_then(|r| r.id).unwrap_or_default())
}

fn assignment_id(model: &Model, handle: usize) -> AssignmentId {
    AssignmentId(model.assignments.get(handle).and_then(|a| a.id).unwrap_or_default())
}

fn answers(given: &BTreeMap<Uuid, String>) -> Vec<Answer> {
    let answer =
        |(id, value): (&Uuid, &String)| Answer { question: QuestionId(*id), value: value.clone(), ..Answer::default() };
    given.iter().map(answer).collect()
}

fn submit(world: &World, ask: &Ask) -> Result<Option<Uuid>, ServiceError> {
    let command = SubmitCommand {
        kind: if ask.is_direct { RequestType::AdminAdd } else { RequestType::UserAdd },
        package: PackageId(ask.package),
        policy: ask.policy.map(PolicyId),
        target: TargetRef::Object(ObjectId(ask.target)),
        wanted: schedule(&ask.wanted),
        justification: ask.has_reason.then(|| "needed".to_owned()),
        answers: answers(&ask.answers),
        credentials: Vec::new(),
        bypass_approval: ask.bypasses,
        validate_only: ask.only_validate,
    };
    world.write(identity(ask.by), move |ctx| requests::submit(ctx, &command)).map(|made| id_of(&made))
}

const fn id_of(submitted: &Submitted) -> Option<Uuid> {
    match submitted {
        Submitted::Made(id) => Some(id.0),
        Submitted::Valid(_) => None,
    }
}

fn update(world: &World, model: &Model, change: &Change) -> Result<Option<Uuid>, ServiceError> {
    let command = UpdateCommand {
        kind: if change.is_direct { RequestType::AdminUpdate } else { RequestType::UserUpdate },
        extends: change.extends,
        assignment: named_by(model, change.named),
        wanted: schedule(&change.wanted),
        justification: change.has_reason.then(|| "needed".to_owned()),
        answers: answers(&change.answers),
        bypass_approval: false,
        validate_only: change.only_validate,
    };
    world.write(identity(change.by), move |ctx| requests::update(ctx, &command)).map(|made| id_of(&made))
}

fn named_by(model: &Model, named: Named) -> AssignmentRef {
    match named {
        Named::Assignment(handle) => {
            AssignmentRef { id: Some(assignment_id(model, handle)), ..AssignmentRef::default() }
        }
        Named::Pair(package, target) => AssignmentRef {
            package: Some(PackageId(package)),
            target: Some(ObjectId(target)),
            ..AssignmentRef::default()
        },
    }
}

fn remove(world: &World, model: &Model, by: Who, is_direct: bool, named: Named) -> Result<Option<Uuid>, ServiceError> {
    let assignment = named_by(model, named);
    let kind = if is_direct { RequestType::AdminRemove } else { RequestType::UserRemove };
    let command = RemoveCommand { kind, assignment, justification: None, validate_only: false };
    world.write(identity(by), move |ctx| requests::remove(ctx, &command)).map(|made| id_of(&made))
}

fn exclude(ctx: &mut Ctx<'_, '_>, package: PackageId, other: Other, is_listed: bool) -> Result<(), ServiceError> {
    match (other, is_listed) {
        (Other::Package(other), true) => incompatible::add_package(ctx, package, PackageId(other)),
        (Other::Package(other), false) => incompatible::remove_package(ctx, package, PackageId(other)),
        (Other::Group(other), true) => incompatible::add_group(ctx, package, ObjectId(other)),
        (Other::Group(other), false) => incompatible::remove_group(ctx, package, ObjectId(other)),
    }
}

fn drop_role(ctx: &mut Ctx<'_, '_>, package: Uuid, group: Uuid) -> Result<(), ServiceError> {
    let package = PackageId(package);
    let roles = ctx.fetch(rows::package::roles(package))?;
    let found = roles.iter().find(|r| r.origin.0 == group);
    let found = found.ok_or_else(|| ServiceError::Internal(format!("the package does not give {group}")))?;
    packages::remove_role(ctx, package, found.role, found.scope)
}
