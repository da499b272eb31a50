//! Where resources can be: one environment for each host that has sites (semantics.md 2).

use super::entitlement::{ORIGIN_SYSTEM, RESOURCE};
use super::types::request as t;
use super::{fixed, flag, id, keyed, time};
use crate::wire::json;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Kind, Name, Nav, Property, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;

fn connection(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::any(out, &serde_json::json!({ "url": row.cell(0).text() }));
}

/// The newer version declares that these two are always there.
const fn origin(name: Name) -> Property {
    keyed(name, &[c::environment::URL], c::environment::URL_KEY).required()
}

const fn system(name: Name) -> Property {
    Property::new(name, Codec::Enum(&ORIGIN_SYSTEM), &[c::environment::SYSTEM])
        .by(c::environment::SYSTEM, Kind::Enum(&ORIGIN_SYSTEM))
        .required()
}

/// Where the sites of a host are.
pub static ENVIRONMENT: EntityType = EntityType::new(
    "accessPackageResourceEnvironment",
    c::environment::RELATION,
    &[
        id(Name::both("id"), &[c::environment::ID]).required(),
        keyed(Name::both("displayName"), &[c::environment::URL], c::environment::URL_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::environment::URL]),
        origin(Name::pair("originId", "")),
        origin(Name::pair("", "originId")).never_null(),
        system(Name::pair("originSystem", "")),
        system(Name::pair("", "originSystem")).never_null(),
        flag(Name::both("isDefaultEnvironment"), &[c::environment::DEFAULT]),
        Property::new(Name::both("connectionInfo"), Codec::Custom(connection), &[c::environment::URL])
            .is(Shape::structure(&t::CONNECTION)),
        time(Name::both("createdDateTime"), &[c::environment::CREATED]).required(),
        Property::new(Name::both("modifiedDateTime"), Codec::Time, &[c::environment::CREATED]),
        fixed(Name::pair("", "createdBy"), "null"),
        fixed(Name::pair("", "modifiedBy"), "null"),
    ],
)
.nav(&[Nav::back(Name::pair("resources", "accessPackageResources"), &RESOURCE, c::resource::ENVIRONMENT)
    .contained_in(&[Version::V1])]);
