//! `getApplicablePolicyRequirements`: what somebody must know before he asks for a package (semantics.md 5).

use super::Target;
use super::key::on;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::entitlement as em;
use crate::wire::schema::requirements::shown;
use crate::wire::write;
use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_service::Cost;
use tenure_service::requests::requirements;

/// Whom the question is about: the caller when nothing is said, else a report of his.
fn subject(call: &Call) -> Result<Option<ObjectId>, Failure> {
    if call.body.is_empty() {
        return Ok(None);
    }
    Ok(write::read(&call.json()?, |b| {
        let named = b.object(&["subject"]);
        let subject = named.as_ref().and_then(|s| {
            let id = s.id(&["objectId"]).or_else(|| s.id(&["id"]));
            s.finish(Some(&em::SUBJECT), &[]);
            id
        });
        b.finish(None, &[]);
        Some(subject)
    })?)
}

/// `POST accessPackages/{}/getApplicablePolicyRequirements`
pub async fn get(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (key, version, subject) = (target.key(0), call.version, subject(call)?);
    let asked = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let found = on(ctx, (&em::PACKAGE, version), &key, |ctx, id| requirements(ctx, PackageId(id), subject));
        found.map(|found| (found, ctx.now))
    });
    let (found, now) = asked.await?;
    let value: Vec<Json> = found.all.iter().map(|r| shown(r, &found, version, now)).collect();
    let of = "Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)";
    let body = json!({ "@odata.context": format!("{}/$metadata#{of}", call.root()), "value": value });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}
