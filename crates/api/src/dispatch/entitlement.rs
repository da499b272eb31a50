//! Writes to entitlement management.

use super::changes::{Made, change, create, created, keyed, remove, replay_of, representation, write};
use super::key::{self, id_of, label, on};
use super::{Target, context};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::{entitlement as em, policy};
use crate::wire::write::{self, entitlement, request};
use axum::http::StatusCode;
use tenure_domain::ids::{AssignmentId, CatalogId, PackageId, PolicyId, RequestId, ResourceId, RoleId, ScopeId};
use tenure_domain::refusal::{Code, Guard, Refusal};
use tenure_odata::Value;
use tenure_service::requests::{self, Submitted};
use tenure_service::view::columns as c;
use tenure_service::{Ctx, ServiceError, catalogs, packages, policies, replay, resources};
use uuid::Uuid;

/// `POST catalogs`
pub async fn create_catalog(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = entitlement::new_catalog(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| catalogs::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH catalogs/{}`
pub async fn update_catalog(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = entitlement::catalog_patch(&call.json()?)?;
    let run = keyed(call, target, &em::CATALOG, move |ctx, id| catalogs::update(ctx, CatalogId(id), &patch));
    change(call, target, run).await
}

/// `DELETE catalogs/{}`
pub async fn delete_catalog(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &em::CATALOG, |ctx, id| catalogs::delete(ctx, CatalogId(id)));
    remove(call, run).await
}

/// `POST resourceRequests`
pub async fn request_resource(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let command = entitlement::resource_request(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| resources::request(ctx, &command).map(|id| id.to_string())).await
}

/// `POST resources/{}/refresh`
pub async fn refresh_resource(call: &Call, target: &Target) -> Result<Reply, Failure> {
    write(call, keyed(call, target, &em::RESOURCE, |ctx, id| resources::refresh(ctx, None, ResourceId(id)))).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// `POST catalogs/{}/resources/{}/refresh`
pub async fn refresh_resource_of_catalog(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (catalog, resource, version) = (target.key(0), target.key(1), call.version);
    let run = move |ctx: &mut Ctx<'_, '_>| {
        let catalog = CatalogId(id_of(ctx, &em::CATALOG, version, &catalog)?);
        on(ctx, (&em::RESOURCE, version), &resource, |ctx, id| resources::refresh(ctx, Some(catalog), ResourceId(id)))
    };
    write(call, run).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// `POST accessPackages`
pub async fn create_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = entitlement::new_package(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| packages::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH accessPackages/{}`
pub async fn update_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = entitlement::package_patch(&call.json()?)?;
    let run = keyed(call, target, &em::PACKAGE, move |ctx, id| packages::update(ctx, PackageId(id), &patch));
    change(call, target, run).await
}

/// `DELETE accessPackages/{}`
pub async fn delete_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &em::PACKAGE, |ctx, id| packages::delete(ctx, PackageId(id)));
    remove(call, run).await
}

/// `POST accessPackages/{}/resourceRoleScopes`
pub async fn add_role(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let named = entitlement::role_scope(&call.json()?)?;
    let made = Made::of(call, target);
    let run = keyed(call, target, &em::PACKAGE, move |ctx, id| {
        packages::add_role(ctx, PackageId(id), &named).map(|(role, scope)| format!("{role}_{scope}"))
    });
    create(call, made, run).await
}

/// `DELETE accessPackages/{}/resourceRoleScopes/{}`
pub async fn remove_role(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (role, scope) = key::role_scope(&label(&target.key(1))).unwrap_or((Uuid::nil(), Uuid::nil()));
    let run = keyed(call, target, &em::PACKAGE, move |ctx, id| {
        packages::remove_role(ctx, PackageId(id), RoleId(role), ScopeId(scope))
    });
    remove(call, run).await
}

/// `POST assignmentPolicies`
pub async fn create_policy(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (package, draft) = write::policy::new_policy(&call.json()?, call.version)?;
    create(call, Made::of(call, target), move |ctx| policies::create(ctx, package, &draft).map(|id| id.to_string()))
        .await
}

/// `PUT assignmentPolicies/{}`: the whole policy, answered as it is now.
pub async fn replace_policy(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (body, version) = (call.json()?, call.version);
    let run = keyed(call, target, &policy::POLICY, move |ctx, id| {
        policies::update(ctx, PolicyId(id), &|old| write::policy::replaced(&body, version, old))
    });
    write(call, run).await?;
    Ok(representation(call, target).await.unwrap_or(Reply::no_content()))
}

/// `PATCH assignmentPolicies/{}`
pub async fn update_policy(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let body = call.json()?;
    let run = keyed(call, target, &policy::POLICY, move |ctx, id| {
        policies::update(ctx, PolicyId(id), &|old| write::policy::patched(&body, old))
    });
    change(call, target, run).await
}

/// `DELETE assignmentPolicies/{}`
pub async fn delete_policy(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &policy::POLICY, |ctx, id| policies::delete(ctx, PolicyId(id)));
    remove(call, run).await
}

/// What came of a POST of a request.
enum Outcome {
    Made(String),
    Valid(Vec<Guard>),
}

/// `POST assignmentRequests`. The answer shows the request as accepted, whatever has become of it since (decisions.md C5).
pub async fn request_access(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let body = call.json()?;
    let command = request::assignment_request(&body)?;
    let replay = replay_of(call);
    let run = move |ctx: &mut Ctx<'_, '_>| {
        let mut valid = None;
        let made = replay::once(ctx, replay.as_ref(), |ctx| ask(ctx, &command, &mut valid));
        match (valid, made) {
            (Some(guards), _) => Ok(Outcome::Valid(guards)),
            (None, made) => made.map(Outcome::Made),
        }
    };
    match write(call, run).await? {
        Outcome::Made(id) => {
            let overlay = vec![
                (c::request::STATE, Value::Int(0)),
                (c::request::STATUS, Value::from("Accepted")),
                (c::request::COMPLETED, Value::Null),
            ];
            Ok(created(call, Made { overlay, ..Made::of(call, target) }, &id).await)
        }
        Outcome::Valid(guards) => Ok(validated(call, target, &body, &guards)),
    }
}

fn ask(
    ctx: &mut Ctx<'_, '_>,
    command: &request::RequestCommand,
    valid: &mut Option<Vec<Guard>>,
) -> Result<String, ServiceError> {
    match command {
        request::RequestCommand::Remove(command) => made(requests::remove(ctx, command)?, valid),
        request::RequestCommand::Submit(command) => made(requests::submit(ctx, command)?, valid),
        request::RequestCommand::Update(command) => made(requests::update(ctx, command)?, valid),
    }
}

fn made(submitted: Submitted, valid: &mut Option<Vec<Guard>>) -> Result<String, ServiceError> {
    match submitted {
        Submitted::Made(id) => Ok(id.to_string()),
        Submitted::Valid(guards) => {
            *valid = Some(guards);
            // Nothing was made that could be remembered; what was found out has been put aside.
            Err(Refusal::new(Code::InvalidModel, "only validated").into())
        }
    }
}

/// The answer to a request that was only tried: what was asked, and every rule that was tested.
fn validated(call: &Call, target: &Target, body: &serde_json::Value, guards: &[Guard]) -> Reply {
    let context =
        format!("{}/$metadata#{}/$entity", call.root(), context::metadata_path(&target.resolved, call.version));
    let mut shown = serde_json::json!({ "@odata.context": context });
    if let (Some(shown), Some(given)) = (shown.as_object_mut(), body.as_object()) {
        shown.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
        shown.insert("@tenure.guards".to_owned(), serde_json::json!(guards));
    }
    Reply::json(StatusCode::OK, shown.to_string().into_bytes())
}

/// `POST assignmentRequests/{}/cancel`
pub async fn cancel_request(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &em::REQUEST, |ctx, id| requests::cancel(ctx, RequestId(id)));
    remove(call, run).await
}

/// `POST assignmentRequests/{}/resume`
pub async fn resume_request(call: &Call, target: &Target) -> Result<Reply, Failure> {
    request::callback(&call.json()?)?;
    remove(call, keyed(call, target, &em::REQUEST, |ctx, id| requests::resume(ctx, RequestId(id)))).await
}

/// `POST assignmentRequests/{}/reprocess`
pub async fn reprocess_request(call: &Call, target: &Target) -> Result<Reply, Failure> {
    write(call, keyed(call, target, &em::REQUEST, |ctx, id| requests::reprocess(ctx, RequestId(id)))).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// `POST assignments/{}/reprocess`
pub async fn reprocess_assignment(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = |ctx: &mut Ctx<'_, '_>, id| requests::reprocess_assignment(ctx, AssignmentId(id));
    write(call, keyed(call, target, &em::ASSIGNMENT, run)).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// `POST accessPackages/{}/moveToCatalog`
pub async fn move_package(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let to = entitlement::move_to_catalog(&call.json()?)?;
    let run = keyed(call, target, &em::PACKAGE, move |ctx, id| packages::move_to_catalog(ctx, PackageId(id), to));
    remove(call, run).await
}

/// `DELETE assignmentRequests/{}`
pub async fn delete_request(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &em::REQUEST, |ctx, id| requests::delete(ctx, RequestId(id)));
    remove(call, run).await
}
