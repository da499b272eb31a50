//! The tenant as the one `organization`.

use super::types::directory::{ASSIGNED_PLAN, PROVISIONED_PLAN, VERIFIED_DOMAIN};
use super::types::{TEXTS, TIME};
use super::{fixed, id};
use crate::wire::json;
use crate::wire::schema::directory::DIRECTORY_OBJECT;
use serde_json::{Value as Json, json as j};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Name, Property, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;

/// The first domain is the default, and the one the tenant began with.
fn verified_domains(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let names: Vec<String> = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let shown: Vec<Json> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            j!({ "capabilities": "", "isDefault": i == 0, "isInitial": i == 0, "name": name, "type": "Managed" })
        })
        .collect();
    json::any(out, &shown);
}

/// The tenant.
pub static ORGANIZATION: EntityType = EntityType::new(
    "organization",
    c::tenant::RELATION,
    &[
        id(Name::both("id"), &[c::tenant::ID]).required(),
        fixed(Name::both("deletedDateTime"), "null").is(TIME),
        Property::new(Name::both("displayName"), Codec::Text, &[c::tenant::NAME]),
        Property::new(Name::both("createdDateTime"), Codec::Time, &[c::tenant_catalog::CREATED]),
        fixed(Name::both("tenantType"), "\"AAD\""),
        Property::new(Name::both("verifiedDomains"), Codec::Custom(verified_domains), &[c::tenant::DOMAINS])
            .is(Shape::structures(&VERIFIED_DOMAIN).never_null()),
        fixed(Name::both("assignedPlans"), "[]").is(Shape::structures(&ASSIGNED_PLAN).never_null()),
        fixed(Name::both("provisionedPlans"), "[]").is(Shape::structures(&PROVISIONED_PLAN).never_null()),
        fixed(Name::both("businessPhones"), "[]").is(TEXTS),
        fixed(Name::both("technicalNotificationMails"), "[]").is(TEXTS),
    ],
)
.adds_to(&DIRECTORY_OBJECT);
