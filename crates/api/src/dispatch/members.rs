//! References between directory objects: members, owners, managers, sponsors; and questions about membership.

use super::Target;
use super::changes::{keyed, remove};
use super::key::{id_of, label};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::read::{Plan, owned};
use crate::wire::schema::directory as d;
use crate::wire::write::directory as w;
use crate::wire::write::last_id;
use axum::http::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;
use tenure_domain::authorize::{Capability, Reach, read_denied};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{GETBYIDS_MAX, IN_LIST_MAX};
use tenure_odata::edm::EntityType;
use tenure_odata::{Cells, Query, Value};
use tenure_service::directory::{applications, groups, users};
use tenure_service::view::columns as c;
use tenure_service::view::{Origin, Select, reach};
use tenure_service::{Cost, Ctx, ServiceError, query};
use uuid::Uuid;

/// Groups that one question about membership looks at.
const MEMBER_GROUPS_MAX: u32 = 11_000;
/// Ids that one `checkMemberGroups` may ask about.
const CHECK_IDS_MAX: usize = 20;

/// The object that a DELETE names: by the path, or by `?@id=…` (clients.md 5, "ByRef").
pub(super) fn named(target: &Target) -> Result<ObjectId, Failure> {
    named_at(target, 1)
}

/// The same, where the path names it by its key at `i`.
pub(super) fn named_at(target: &Target, i: usize) -> Result<ObjectId, Failure> {
    let text = match target.keys.get(i) {
        Some(key) => label(key),
        None => target.options.alias("@id").or_else(|| target.options.get("id")).unwrap_or_default().to_owned(),
    };
    let missing = || Failure::model("@id", "name the object by `/{id}/$ref` or by `?@id=` with a reference to it");
    last_id(&text).map(ObjectId).ok_or_else(missing)
}

pub(super) type Link = fn(&mut Ctx<'_, '_>, ObjectId, ObjectId) -> Result<(), ServiceError>;

pub(super) async fn add(call: &Call, target: &Target, link: Link) -> Result<Reply, Failure> {
    let who = w::reference(&call.json()?)?;
    remove(call, keyed(call, target, target.resolved.set.entity, move |ctx, id| link(ctx, ObjectId(id), who))).await
}

pub(super) async fn take(call: &Call, target: &Target, link: Link) -> Result<Reply, Failure> {
    let who = named(target)?;
    remove(call, keyed(call, target, target.resolved.set.entity, move |ctx, id| link(ctx, ObjectId(id), who))).await
}

/// `POST groups/{}/members/$ref`
pub async fn add_member(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, groups::add_member).await
}

/// `DELETE groups/{}/members/{}/$ref`
pub async fn remove_member(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, groups::remove_member).await
}

/// `POST groups/{}/owners/$ref`
pub async fn add_group_owner(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, groups::add_owner).await
}

/// `DELETE groups/{}/owners/{}/$ref`
pub async fn remove_group_owner(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, groups::remove_owner).await
}

/// `POST {applications,servicePrincipals}/{}/owners/$ref`
pub async fn add_app_owner(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, applications::add_owner).await
}

/// `DELETE {applications,servicePrincipals}/{}/owners/{}/$ref`
pub async fn remove_app_owner(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, applications::remove_owner).await
}

/// `POST users/{}/sponsors/$ref`
pub async fn add_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, users::add_sponsor).await
}

/// `DELETE users/{}/sponsors/{}/$ref`
pub async fn remove_sponsor(call: &Call, target: &Target) -> Result<Reply, Failure> {
    take(call, target, users::remove_sponsor).await
}

/// `PUT users/{}/manager/$ref`
pub async fn set_manager(call: &Call, target: &Target) -> Result<Reply, Failure> {
    add(call, target, |ctx, id, who| users::set_manager(ctx, id, Some(who))).await
}

/// `DELETE users/{}/manager/$ref`
pub async fn clear_manager(call: &Call, target: &Target) -> Result<Reply, Failure> {
    remove(call, keyed(call, target, &d::USER, |ctx, id| users::set_manager(ctx, ObjectId(id), None))).await
}

/// All groups that the object of a path belongs to, through nested ones too.
fn groups_of(
    ctx: &mut Ctx<'_, '_>,
    entity: &'static EntityType,
    object: Uuid,
    only_security: bool,
) -> Result<BTreeSet<Uuid>, ServiceError> {
    let sight = ctx.sight()?;
    if reach(entity.relation, &sight) == Reach::Nothing || sight.groups == Reach::Nothing {
        return Err(read_denied(&[Capability::GroupRead, Capability::UserRead]).into());
    }
    let mut found = BTreeSet::new();
    let through = |n: &&tenure_odata::edm::Nav| n.name.spellings().any(|name| name == "transitiveMemberOf");
    let mut wanted = vec![Select::all(entity, Vec::new(), 1).origin(Origin::Keys(vec![object]))];
    // What no group can hold, such as an application, is in none.
    if let Some(nav) = entity.navigations.iter().find(through) {
        let from = Origin::From { parent: entity, nav, key: object };
        let mut list = Select::all(&d::GROUP, Vec::new(), MEMBER_GROUPS_MAX).origin(from);
        if only_security {
            list.narrow.push((c::group::SECURITY, Value::Bool(true)));
        }
        wanted.push(list);
    }
    let keys: Vec<usize> = wanted.iter().map(|select| select.layout().key).collect();
    let mut is_there = false;
    query::read(ctx, &wanted, &mut |job, row: &dyn Cells| {
        match keys.get(job) {
            Some(at) if job > 0 => found.extend(row.cell(*at).id()),
            _ => is_there = true,
        }
        Ok(())
    })?;
    if is_there { Ok(found) } else { Err(tenure_domain::Refusal::no_such_object(object).into()) }
}

async fn membership(call: &Call, target: &Target, only_security: bool) -> Result<BTreeSet<Uuid>, Failure> {
    let (entity, key, version) = (target.resolved.set.entity, target.key(0), call.version);
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let id = id_of(ctx, entity, version, &key)?;
        groups_of(ctx, entity, id, only_security)
    });
    Ok(read.await?)
}

fn id_list(call: &Call, ids: &[Uuid]) -> Reply {
    let body = json!({ "@odata.context": format!("{}/$metadata#Collection(Edm.String)", call.root()), "value": ids });
    Reply::json(StatusCode::OK, body.to_string().into_bytes())
}

/// `POST …/checkMemberGroups`, `POST …/checkMemberObjects`: which of the named groups the object belongs to.
pub async fn check_groups(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let (asked, _) = w::ids(&call.json()?, &["groupIds", "ids"], CHECK_IDS_MAX)?;
    let held = membership(call, target, false).await?;
    let both: Vec<Uuid> = asked.into_iter().filter(|id| held.contains(id)).collect();
    Ok(id_list(call, &both))
}

/// `POST …/getMemberGroups`, `POST …/getMemberObjects`: every group the object belongs to.
pub async fn member_groups(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let body = call.json()?;
    let only_security = crate::wire::write::read(&body, |b| {
        let only = b.flag(&["securityEnabledOnly"]).unwrap_or(false);
        b.finish(None, &[]);
        Some(only)
    })?;
    let held = membership(call, target, only_security).await?;
    Ok(id_list(call, &held.into_iter().collect::<Vec<_>>()))
}

/// `POST directoryObjects/getByIds`: the objects of these ids that the caller can see, in the order of their ids.
pub async fn by_ids(call: &Call, _: &Target) -> Result<Reply, Failure> {
    let (ids, types) = w::ids(&call.json()?, &["ids"], GETBYIDS_MAX)?;
    let (version, root) = (call.version, call.root());
    let read = call.app.engine().read(Cost::Unknown, call.identity, call.id, move |ctx| {
        let sight = ctx.sight()?;
        let entity = &d::DIRECTORY_OBJECT;
        if reach(entity.relation, &sight) == Reach::Nothing {
            return Err(read_denied(&[Capability::UserRead, Capability::GroupRead]).into());
        }
        let query = Query::default();
        let plan = Plan::new(entity, version, &query);
        let limit = u32::try_from(IN_LIST_MAX).unwrap_or(u32::MAX);
        let selects: Vec<Select<'_>> = ids
            .chunks(IN_LIST_MAX)
            .map(|chunk| Select::all(entity, plan.columns.clone(), limit).origin(Origin::Keys(chunk.to_vec())))
            .collect();
        let kind_at = entity.discriminator.and_then(|d| plan.columns.iter().position(|c| *c == d));
        let wanted = |row: &dyn Cells| {
            let code = kind_at.and_then(|at| row.cell(at).int());
            let name = entity.variants.iter().find(|v| Some(v.code) == code).map_or("", |v| v.entity.name);
            types.is_empty()
                || types.iter().any(|t| t.eq_ignore_ascii_case(name) || t.eq_ignore_ascii_case("directoryObject"))
        };
        let mut rows = Vec::new();
        query::read(ctx, &selects, &mut |_, row| {
            if wanted(row) {
                rows.push(owned(row, plan.columns.len()));
            }
            Ok(())
        })?;
        let mut body = Vec::new();
        body.extend(b"{\"@odata.context\":");
        crate::wire::json::text(&mut body, &format!("{root}/$metadata#directoryObjects"));
        body.extend(b",\"value\":[");
        for row in &rows {
            if body.last() != Some(&b'[') {
                body.push(b',');
            }
            body.push(b'{');
            plan.write_members(row, &mut body);
            body.push(b'}');
        }
        body.extend(b"]}");
        Ok(body)
    });
    let body: Vec<u8> = read.await.map_err(|e: ServiceError| Failure::from(e))?;
    Ok(Reply::json(StatusCode::OK, body))
}
