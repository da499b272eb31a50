//! Sites: paths that name one by its address, and writes. The newer version makes sites; everything else about them is done on
//! our own surface (decisions.md A4, B10).

use super::Target;
use super::changes::{self, Made, change, keyed, remove};
use super::key::label;
use super::members::named_at;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::site::TENANT_SITE;
use crate::wire::write::directory::reference;
use crate::wire::write::site as w;
use tenure_domain::directory::site::published_id;
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::Query;
use tenure_odata::path::Resolved;
use tenure_service::directory::sites;
use tenure_service::view::columns as c;
use tenure_service::{Ctx, ServiceError, rows};
use uuid::Uuid;

/// The path with the address of a site in one segment: `/sites/contoso.example:/sites/x:/sites` names the site at
/// `contoso.example/sites/x`, and what follows the second colon belongs to it.
pub fn in_one_segment(path: &str) -> Option<String> {
    let rest = path.get(..7).filter(|head| head.eq_ignore_ascii_case("/sites/")).and_then(|_| path.get(7..))?;
    let (host, rest) = rest.split_once(":/")?;
    if host.contains('/') {
        return None;
    }
    let (address, more) = rest.split_once(':').unwrap_or((rest.trim_end_matches('/'), ""));
    Some(format!("/sites/{host}:%2F{}{more}", address.replace('/', "%2F")))
}

/// The list of all sites is for applications (routes.tsv: it has no delegated permission).
pub fn for_applications(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    if ctx.person()?.is_none() {
        return Ok(());
    }
    let message = "getAllSites is for applications; a signed-in person lists the sites that are open to him at /sites";
    Err(Refusal::new(Code::AuthorizationRequestDenied, message).into())
}

/// A list of environments says of which system (routes.tsv).
pub fn names_origin_system(resolved: &Resolved, query: &Query) -> Result<(), Refusal> {
    let is_theirs = resolved.set.id == "resourceEnvironments" && resolved.is_collection && resolved.steps.is_empty();
    if !is_theirs || query.filter.as_ref().is_some_and(|filter| filter.fixes(c::environment::SYSTEM)) {
        return Ok(());
    }
    Err(Refusal::new(Code::InvalidModel, "Origin system is required.").detail("/$filter", "no originSystem"))
}

/// `POST sites`, in the newer version.
pub async fn create_published(call: &Call, target: &Target) -> Result<Reply, Failure> {
    if !w::is_made_in(call.version) {
        return Err(Failure::method_not_allowed("GET"));
    }
    let new = w::new_published(&call.json()?)?;
    let made = Made::of(call, target);
    let run = move |ctx: &mut Ctx<'_, '_>| {
        let id = sites::create(ctx, &new)?;
        let site = ctx.fetch(rows::directory::site::get(id))?;
        Ok(site.map_or_else(|| id.to_string(), |s| published_id(s.address.host(), s.collection, id.0)))
    };
    changes::create(call, made, run).await
}

/// `POST /tenure/v1/sites`
pub async fn create(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_site(&call.json()?)?;
    let made = Made::of(call, target);
    changes::create(call, made, move |ctx| sites::create(ctx, &new).map(|id| id.to_string())).await
}

/// `PATCH /tenure/v1/sites/{}`
pub async fn update(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let patch = w::patch(&call.json()?)?;
    change(call, target, keyed(call, target, &TENANT_SITE, move |ctx, id| sites::update(ctx, ObjectId(id), &patch)))
        .await
}

/// `DELETE /tenure/v1/sites/{}`
pub async fn delete(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &TENANT_SITE, |ctx, id| sites::delete(ctx, ObjectId(id)))).await
}

/// `POST /tenure/v1/sites/{}/groups`
pub async fn add_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = w::new_group(&call.json()?)?;
    let made = Made::of(call, target);
    let run = keyed(call, target, &TENANT_SITE, move |ctx, id| {
        sites::add_group(ctx, ObjectId(id), &new).map(|id| id.to_string())
    });
    changes::create(call, made, run).await
}

/// The group that the second key of a path names; nothing has the nil id.
fn group(target: &Target) -> Uuid {
    Uuid::parse_str(&label(&target.key(1))).unwrap_or_default()
}

/// `POST /tenure/v1/sites/{}/groups/{}/members/$ref`
pub async fn add_member(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (who, group) = (reference(&call.json()?)?, group(target));
    remove(call, keyed(call, target, &TENANT_SITE, move |ctx, id| sites::add_member(ctx, ObjectId(id), group, who)))
        .await
}

/// `DELETE /tenure/v1/sites/{}/groups/{}/members/{}/$ref`
pub async fn remove_member(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (who, group) = (named_at(target, 2)?, group(target));
    remove(call, keyed(call, target, &TENANT_SITE, move |ctx, id| sites::remove_member(ctx, ObjectId(id), group, who)))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_path_becomes_one_key() {
        for (path, key) in [
            ("/sites/contoso.example:/sites/x", Some("/sites/contoso.example:%2Fsites%2Fx")),
            ("/Sites/contoso.example:/sites/x/", Some("/sites/contoso.example:%2Fsites%2Fx")),
            ("/sites/contoso.example:/sites/x:/sites", Some("/sites/contoso.example:%2Fsites%2Fx/sites")),
            ("/sites/contoso.example:/sites/x:", Some("/sites/contoso.example:%2Fsites%2Fx")),
            ("/sites/root", None),
            ("/sites/a/sites/b:/c", None),
            ("/groups/a:/b", None),
        ] {
            assert_eq!(in_one_segment(path).as_deref(), key, "{path}");
        }
    }
}
