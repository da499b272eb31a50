//! Actions on the directory that only ask: whether a group can be called so, which attributes there are beside the
//! published ones; and licences, of which there are none.

use super::Target;
use super::changes::representation;
use super::read;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::directory as d;
use crate::wire::write::read as read_body;
use axum::http::StatusCode;
use serde_json::json;
use tenure_domain::Refusal;
use tenure_domain::authorize::{Action, Capability, Reach, read_denied};
use tenure_domain::directory::group::check_nickname;
use tenure_domain::text::check_name;
use tenure_service::view::reach;
use tenure_service::{Cost, Ctx, ServiceError, directory};
use uuid::Uuid;

/// The type that the published action takes, and the only one.
const VALIDATED_TYPE: &str = "Group";

fn may_read_groups(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    match reach(d::GROUP.relation, &ctx.sight()?) {
        Reach::Nothing => Err(read_denied(&[Capability::GroupRead]).into()),
        _ => Ok(()),
    }
}

struct Named {
    name: Option<String>,
    nickname: Option<String>,
}

impl Named {
    /// Every fault of the names, as the rules for groups have them.
    fn faults(&self) -> Vec<Refusal> {
        let name = self.name.as_deref().map(|name| check_name("displayName", name));
        let nickname = self.nickname.as_deref().map(check_nickname);
        name.into_iter().chain(nickname).filter_map(Result::err).collect()
    }
}

fn named(call: &Call, is_of_list: bool) -> Result<Named, Failure> {
    let read = read_body(&call.json()?, |b| {
        if is_of_list {
            let entity = b.required_text(&["entityType"]).unwrap_or_default();
            if !entity.is_empty() && !entity.eq_ignore_ascii_case(VALIDATED_TYPE) {
                b.fault("entityType", format!("names are validated for `{VALIDATED_TYPE}` only"));
            }
        }
        let named = Named { name: b.text(&["displayName"]), nickname: b.text(&["mailNickname"]) };
        if named.name.is_none() && named.nickname.is_none() {
            b.fault("displayName", "give `displayName`, `mailNickname` or both");
        }
        let _: Option<Uuid> = b.id(&["onBehalfOfUserId"]);
        b.finish(None, &[]);
        Some(named)
    })?;
    Ok(read)
}

fn judged(named: &Named) -> Result<Reply, Failure> {
    let faults = named.faults();
    if faults.is_empty() { Ok(Reply::no_content()) } else { Err(Failure::unprocessable(&faults)) }
}

/// `POST directoryObjects/validateProperties`: whether a group could be called so.
pub async fn validate(call: &Call, _: &Target) -> Result<Reply, Failure> {
    let named = named(call, true)?;
    call.app.engine().read(Cost::Small, call.identity, call.id, may_read_groups).await?;
    judged(&named)
}

/// `POST groups/{}/validateProperties`: whether this group could be called so.
pub async fn validate_group(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let named = named(call, false)?;
    let mut way = target.resolved.clone();
    way.steps.pop();
    read::id_at(call, way).await?;
    judged(&named)
}

/// `POST directoryObjects/getAvailableExtensionProperties`: attributes of extensions that people have.
pub async fn extension_properties(call: &Call, _: &Target) -> Result<Reply, Failure> {
    let body = Some(call.json()?).filter(|body| !body.is_null()).unwrap_or_else(|| json!({}));
    let is_synced = read_body(&body, |b| {
        let is_synced = b.flag(&["isSyncedFromOnPremises"]).unwrap_or(false);
        b.finish(None, &[]);
        Some(is_synced)
    })?;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, |ctx| {
        let sight = ctx.sight()?;
        if reach(d::USER.relation, &sight) == Reach::Nothing {
            return Err(read_denied(&[Capability::UserRead]).into());
        }
        directory::extension_names(ctx)
    });
    let names = read.await?;
    // None comes from a directory on premises.
    let shown: Vec<_> = names.iter().filter(|_| !is_synced).map(|name| {
        json!({ "name": name, "dataType": "String", "isSyncedFromOnPremises": false, "targetObjects": ["User"] })
    }).collect();
    let body =
        json!({ "@odata.context": format!("{}/$metadata#Collection(extensionProperty)", call.root()), "value": shown });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// `POST users/{}/assignLicense`, `POST groups/{}/assignLicense`: there are no licences, so whoever names one is told so.
pub async fn assign_license(call: &Call, target: &Target) -> Result<Reply, Failure> {
    read_body(&call.json()?, |b| {
        for (at, license) in b.objects(&["addLicenses"]).unwrap_or_default().iter().enumerate() {
            let sku: Uuid = license.id(&["skuId"]).unwrap_or_default();
            let message = format!("License {sku} does not correspond to a valid company License.");
            b.fault_below("addLicenses", &format!("/{at}/skuId"), message);
        }
        for (at, sku) in b.texts(&["removeLicenses"]).unwrap_or_default().iter().enumerate() {
            b.fault_below("removeLicenses", &format!("/{at}"), format!("{sku}: there is no such license to remove."));
        }
        b.finish(None, &[]);
        Some(())
    })?;
    let is_group = std::ptr::eq(target.resolved.set.entity, &raw const d::GROUP);
    let action = if is_group { Action::WriteGroups } else { Action::WriteUsers };
    let permitted =
        call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| ctx.permit(action).map(drop));
    permitted.await?;
    let mut way = target.resolved.clone();
    way.steps.pop();
    read::id_at(call, way).await?;
    representation(call, target).await.ok_or_else(|| Failure::unknown_route(&call.full_path()))
}
