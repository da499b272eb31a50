//! The audit log as `directoryAudit` objects (decisions.md Q8). What the chain covers and what can be erased are two
//! columns; they are put together here.

use super::types::directory::KEY_VALUE;
use super::types::{OPERATION_RESULT, audit as t};
use super::{id, time};
use crate::wire::json;
use serde_json::{Value as Json, json as j};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Items, Kind, Name, Property, SearchBy, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;

fn event(row: &dyn Cells, i: usize) -> Json {
    row.cell(i).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or(Json::Null)
}

/// A member of an object, or null.
fn at<'j>(value: &'j Json, name: &str) -> &'j Json {
    value.get(name).unwrap_or(&Json::Null)
}

/// A member of the event as a text or null.
macro_rules! member {
    ($($function:ident = $name:literal;)+) => {$(
        fn $function(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
            json::any(out, at(&event(row, 0), $name));
        }
    )+};
}

member! {
    activity = "activity";
    category = "category";
    operation = "operation";
    service = "service";
    reason = "reason";
}

fn result(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let succeeded = at(&event(row, 0), "succeeded").as_bool().unwrap_or(false);
    json::text(out, if succeeded { "success" } else { "failure" });
}

fn initiated_by(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let (event, personal) = (event(row, 0), event(row, 1));
    let actor = at(&event, "actor");
    let shown = if at(actor, "kind") == "user" {
        let person = at(&personal, "actor");
        j!({
            "app": null,
            "user": {
                "id": at(actor, "id"),
                "displayName": at(person, "name"),
                "userPrincipalName": at(person, "upn"),
                "ipAddress": null,
            },
        })
    } else {
        j!({
            "app": {
                "appId": at(actor, "appId"),
                "displayName": at(actor, "name"),
                "servicePrincipalId": at(actor, "id"),
                "servicePrincipalName": null,
            },
            "user": null,
        })
    };
    json::any(out, &shown);
}

fn targets(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let (event, personal) = (event(row, 0), event(row, 1));
    let shown: Vec<Json> = at(&event, "targets")
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, target)| {
            // People's names and values can be erased; then only what changed is left.
            let person = at(at(&personal, "targets"), &i.to_string());
            let name = target.get("name").unwrap_or(at(person, "name"));
            let modified = target.get("modified").unwrap_or(at(person, "modified"));
            let modified: Vec<Json> = modified
                .as_array()
                .into_iter()
                .flatten()
                .map(|m| j!({ "displayName": at(m, "property"), "oldValue": at(m, "old"), "newValue": at(m, "new") }))
                .collect();
            j!({
                "id": at(target, "id"),
                "type": at(target, "kind"),
                "displayName": name,
                "userPrincipalName": null,
                "groupType": null,
                "modifiedProperties": modified,
            })
        })
        .collect();
    json::any(out, &shown);
}

fn details(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let event = event(row, 0);
    let mut shown: Vec<Json> = at(&event, "details")
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| j!({ "key": pair.get(0), "value": pair.get(1) }))
        .collect();
    shown.push(j!({ "key": "requestId", "value": at(&event, "request") }));
    json::any(out, &shown);
}

/// Members a filter can address below `initiatedBy`.
static INITIATED_BY: [Property; 2] = [
    Property::new(Name::both("user"), Codec::Json, &[]).with_members(&[id(Name::both("id"), &[c::audit::ACTOR_USER])]),
    Property::new(Name::both("app"), Codec::Json, &[]).with_members(&[id(Name::both("appId"), &[c::audit::ACTOR_APP])]),
];

/// What a lambda over `targetResources` looks into.
static TARGETS: Items = Items::Rows {
    relation: c::audit_target::RELATION,
    parent: c::audit_target::AUDIT,
    members: &[id(Name::both("id"), &[c::audit_target::TARGET]).required()],
};

/// One thing that happened.
pub static DIRECTORY_AUDIT: EntityType = EntityType::new(
    "directoryAudit",
    c::audit::RELATION,
    &[
        id(Name::both("id"), &[c::audit::ID]).required(),
        time(Name::both("activityDateTime"), &[c::audit::AT]).required().never_null(),
        Property::new(Name::both("activityDisplayName"), Codec::Custom(activity), &[c::audit::EVENT])
            .by(c::audit::ACTIVITY_KEY, Kind::Text)
            .required()
            .never_null(),
        Property::new(Name::both("category"), Codec::Custom(category), &[c::audit::EVENT])
            .by(c::audit::CATEGORY_KEY, Kind::Text)
            .required()
            .never_null(),
        id(Name::both("correlationId"), &[c::audit::CORRELATION]).required(),
        Property::new(Name::both("result"), Codec::Custom(result), &[c::audit::EVENT])
            .is(Shape::word(&OPERATION_RESULT)),
        Property::new(Name::both("resultReason"), Codec::Custom(reason), &[c::audit::EVENT]),
        Property::new(Name::both("operationType"), Codec::Custom(operation), &[c::audit::EVENT]),
        Property::new(Name::both("loggedByService"), Codec::Custom(service), &[c::audit::EVENT]),
        Property::new(Name::both("initiatedBy"), Codec::Custom(initiated_by), &[c::audit::EVENT, c::audit::PERSONAL])
            .is(Shape::structure(&t::INITIATOR).never_null())
            .with_members(&INITIATED_BY),
        Property::new(Name::both("targetResources"), Codec::Custom(targets), &[c::audit::EVENT, c::audit::PERSONAL])
            .is(Shape::structures(&t::TARGET))
            .with_items(&TARGETS),
        Property::new(Name::both("additionalDetails"), Codec::Custom(details), &[c::audit::EVENT])
            .is(Shape::structures(&KEY_VALUE)),
    ],
)
.search(SearchBy::Columns(&[c::audit::ACTIVITY_KEY]));
