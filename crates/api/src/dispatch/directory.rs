//! Writes to the directory.

use super::Target;
use super::changes::{Made, change, create, keyed, remove, write};
use super::context::Place;
use super::key;
use super::key::label;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::SCHEMA;
use crate::wire::schema::directory as d;
use crate::wire::write::directory as w;
use axum::http::StatusCode;
use tenure_domain::directory::user::check_password;
use tenure_domain::ids::{AppRoleAssignmentId, ObjectId};
use tenure_odata::edm::EntityType;
use tenure_service::directory::users::NewPassword;
use tenure_service::directory::{applications, deleted, groups, users};
use tenure_service::identity::consent;
use uuid::Uuid;

/// The hash of a given password; it is checked before it costs anything.
async fn hashed(
    call: &Call,
    given: Option<w::GivenPassword>,
    principal_name: &str,
) -> Result<Option<NewPassword>, Failure> {
    let Some(given) = given else { return Ok(None) };
    check_password(&given.text, principal_name)?;
    let hash = call.app.hash_password(given.text).await?;
    Ok(Some(NewPassword { hash, must_change: given.must_change }))
}

/// `POST users`
pub async fn create_user(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (mut new, given) = w::new_user(&call.json()?)?;
    new.password = hashed(call, given, &new.principal_name).await?;
    create(call, Made::of(call, target), move |ctx| users::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH users/{}`
pub async fn update_user(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (mut patch, given) = w::user_patch(&call.json()?)?;
    let name = patch.principal_name.clone().value().unwrap_or_default();
    patch.password = hashed(call, given, &name).await?;
    let run = keyed(call, target, &d::USER, move |ctx, id| users::update(ctx, ObjectId(id), &patch));
    change(call, target, run).await
}

/// `DELETE users/{}`
pub async fn delete_user(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::USER, |ctx, id| users::delete(ctx, ObjectId(id)))).await
}

/// `POST groups`
pub async fn create_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_group(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| groups::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH groups/{}`
pub async fn update_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::group_patch(&call.json()?)?;
    let run = keyed(call, target, &d::GROUP, move |ctx, id| groups::update(ctx, ObjectId(id), &patch));
    change(call, target, run).await
}

/// `DELETE groups/{}`
pub async fn delete_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::GROUP, |ctx, id| groups::delete(ctx, ObjectId(id)))).await
}

/// `POST applications`
pub async fn create_application(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_application(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| applications::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH applications/{}`
pub async fn update_application(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::application_patch(&call.json()?)?;
    let run = keyed(call, target, &d::APPLICATION, move |ctx, id| applications::update(ctx, ObjectId(id), &patch));
    change(call, target, run).await
}

/// `DELETE applications/{}`
pub async fn delete_application(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::APPLICATION, |ctx, id| applications::delete(ctx, ObjectId(id)))).await
}

/// `POST servicePrincipals`
pub async fn create_service_principal(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_service_principal(&call.json()?)?;
    let run = move |ctx: &mut tenure_service::Ctx<'_, '_>| {
        applications::create_service_principal(ctx, &new).map(|id| id.to_string())
    };
    create(call, Made::of(call, target), run).await
}

/// `PATCH servicePrincipals/{}`
pub async fn update_service_principal(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::service_principal_patch(&call.json()?)?;
    let run = keyed(call, target, &d::SERVICE_PRINCIPAL, move |ctx, id| {
        applications::update_service_principal(ctx, ObjectId(id), &patch)
    });
    change(call, target, run).await
}

/// `DELETE servicePrincipals/{}`
pub async fn delete_service_principal(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run =
        keyed(call, target, &d::SERVICE_PRINCIPAL, |ctx, id| applications::delete_service_principal(ctx, ObjectId(id)));
    remove(call, run).await
}

/// The type of the object that the first key of a path names.
fn first_type(target: &Target) -> &'static EntityType {
    target.resolved.set.entity
}

/// `POST {applications,servicePrincipals}/{}/addPassword`: the only answer that ever shows the secret.
pub async fn add_password(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (name, expires_at) = w::password_credential(&call.json()?)?;
    let run = keyed(call, target, first_type(target), move |ctx, id| {
        applications::add_secret(ctx, ObjectId(id), name.clone(), expires_at)
    });
    let made = write(call, run).await?;
    let body = serde_json::json!({
        "@odata.context": format!("{}/$metadata#microsoft.graph.passwordCredential", call.root()),
        "customKeyIdentifier": null,
        "displayName": made.name,
        "endDateTime": made.expires_at,
        "hint": made.hint,
        "keyId": made.id,
        "secretText": made.text,
        "startDateTime": made.starts_at,
    });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// `POST {applications,servicePrincipals}/{}/removePassword`
pub async fn remove_password(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let secret = w::key_id(&call.json()?)?;
    let run =
        keyed(call, target, first_type(target), move |ctx, id| applications::remove_secret(ctx, ObjectId(id), secret));
    remove(call, run).await
}

/// `POST {users,groups,servicePrincipals}/{}/appRoleAssignments`, `POST servicePrincipals/{}/appRoleAssignedTo`
pub async fn assign_role(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::app_role_assignment(&call.json()?)?;
    let made = Made::of(call, target);
    let run = keyed(call, target, first_type(target), move |ctx, id| {
        let named = [new.principal.0, new.resource.0].contains(&id);
        if !named {
            let message = "the object in the path is neither principalId nor resourceId of the body";
            let refusal = tenure_domain::Refusal::new(tenure_domain::Code::RequestBadRequest, message);
            return Err(refusal.detail("/principalId", "not the object of the path").into());
        }
        applications::assign_role(ctx, new).map(|id| id.to_string())
    });
    create(call, made, run).await
}

/// `DELETE …/appRoleAssignments/{}`, `DELETE servicePrincipals/{}/appRoleAssignedTo/{}`
pub async fn unassign_role(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let assignment = Uuid::parse_str(&label(&target.key(1))).unwrap_or_default();
    let run = keyed(call, target, first_type(target), move |ctx, id| {
        applications::unassign_role(ctx, AppRoleAssignmentId(assignment), ObjectId(id))
    });
    remove(call, run).await
}

/// `DELETE oauth2PermissionGrants/{}`
pub async fn delete_grant(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::OAUTH_GRANT, consent::withdraw)).await
}

/// `DELETE directoryObjects/{}`
pub async fn delete_object(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::DIRECTORY_OBJECT, |ctx, id| deleted::delete(ctx, ObjectId(id)))).await
}

/// `POST directory/deletedItems/{}/restore`: answered with the object.
pub async fn restore(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let restored = write(
        call,
        keyed(call, target, &d::DELETED_OBJECT, |ctx, id| deleted::restore(ctx, ObjectId(id)).map(|()| id)),
    );
    let id = restored.await?;
    let set = SCHEMA.root.sets.iter().find(|s| s.id == "directoryObjects");
    let narrow = key::key_column(&d::DIRECTORY_OBJECT).map(|column| (column, tenure_odata::Value::Id(id)));
    let shown = match set {
        Some(set) => {
            let place = Place::of(set, call.version);
            super::read::one(call, &place, narrow.into_iter().collect(), &d::DIRECTORY_OBJECT, Vec::new()).await
        }
        None => Ok(None),
    };
    let fallback = || Reply::json(StatusCode::OK, serde_json::json!({ "id": id }).to_string().into_bytes());
    Ok(shown.ok().flatten().map_or_else(fallback, |shown| shown.reply(StatusCode::OK)))
}

/// `DELETE directory/deletedItems/{}`
pub async fn delete_for_good(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &d::DELETED_OBJECT, |ctx, id| deleted::delete_for_good(ctx, ObjectId(id)));
    remove(call, run).await
}
