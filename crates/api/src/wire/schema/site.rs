//! Sites: as they are published, and as the product's own surface keeps them with their groups (decisions.md B10).

use super::types::{FLAG, site as t};
use super::{fixed, id, keyed, time};
use crate::wire::json;
use tenure_domain::directory::site::published_id;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, EnumType, Kind, Name, Nav, Property, Relation, SearchBy, Version};
use tenure_odata::types::{Operation, Shape};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;
use uuid::Uuid;

/// What the published id is made of; the key comes first.
const ID: &[tenure_odata::edm::Column] = &[c::site::ID, c::site::HOST, c::site::COLLECTION];

fn parts(row: &dyn Cells) -> (Uuid, &str, Uuid) {
    let collection = row.cell(2).id().unwrap_or_default();
    (row.cell(0).id().unwrap_or_default(), row.cell(1).text().unwrap_or_default(), collection)
}

fn whole_id(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let (id, host, collection) = parts(row);
    json::text(out, &published_id(host, collection, id));
}

/// Top sites say that they are, by an empty object.
fn root(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    out.extend_from_slice(if row.cell(0).is_null() { b"{}" } else { b"null" });
}

/// The collection a site is in; the root site of a host says so.
fn collection(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let root = (!row.cell(1).is_null()).then(|| serde_json::json!({}));
    json::any(out, &serde_json::json!({ "hostname": row.cell(0).text(), "dataLocationCode": null, "root": root }));
}

fn sharepoint_ids(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let ids = serde_json::json!({
        "listId": null, "listItemId": null, "listItemUniqueId": null, "siteId": row.cell(0).id(),
        "siteUrl": row.cell(1).text(), "tenantId": null, "webId": row.cell(2).id(),
    });
    json::any(out, &ids);
}

/// What sites have in common with other items that have a place.
pub static BASE_ITEM: EntityType = EntityType::new(
    "baseItem",
    Relation(""),
    &[
        Property::new(Name::both("id"), Codec::Text, &[]).on_request(),
        Property::new(Name::both("createdDateTime"), Codec::Time, &[]).never_null(),
        Property::new(Name::both("description"), Codec::Text, &[]),
        Property::new(Name::both("lastModifiedDateTime"), Codec::Time, &[]).never_null(),
        Property::new(Name::both("name"), Codec::Text, &[]),
        Property::new(Name::both("webUrl"), Codec::Text, &[]),
    ],
);

static ALL_SITES: Operation = Operation::selection("getAllSites", &[]);

/// Members a filter can address below `siteCollection`.
static COLLECTION: [Property; 1] = [Property::new(Name::both("root"), Codec::Json, &[]).by(c::site::ROOT, Kind::Bool)];

/// A site.
pub static SITE: EntityType = EntityType::new(
    "site",
    c::site::RELATION,
    &[
        Property::new(Name::both("id"), Codec::Custom(whole_id), ID),
        keyed(Name::both("displayName"), &[c::site::NAME], c::site::NAME_KEY).required(),
        keyed(Name::both("name"), &[c::site::PATH_NAME], c::site::PATH_NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::site::DESCRIPTION]),
        keyed(Name::both("webUrl"), &[c::site::URL], c::site::URL_KEY).required(),
        time(Name::both("createdDateTime"), &[c::site::CREATED]).required().never_null(),
        time(Name::both("lastModifiedDateTime"), &[c::site::MODIFIED]).required().never_null(),
        fixed(Name::both("isPersonalSite"), "false").is(FLAG),
        Property::new(Name::both("root"), Codec::Custom(root), &[c::site::PARENT]).is(Shape::structure(&t::ROOT)),
        Property::new(Name::both("siteCollection"), Codec::Custom(collection), &[c::site::HOST, c::site::ROOT])
            .is(Shape::structure(&t::COLLECTION))
            .with_members(&COLLECTION),
        Property::new(
            Name::both("sharepointIds"),
            Codec::Custom(sharepoint_ids),
            &[c::site::COLLECTION, c::site::URL, c::site::ID],
        )
        .is(Shape::structure(&t::IDS))
        .on_request(),
    ],
)
.nav(&[Nav::back(Name::both("sites"), &SITE, c::site::PARENT).contained()])
.ops(&[&ALL_SITES])
.adds_to(&BASE_ITEM)
.search(SearchBy::Columns(&[c::site::NAME_KEY, c::site::URL_KEY]));

/// A site on the product's own surface, where sites are kept.
pub static TENANT_SITE: EntityType = EntityType::new(
    "tenantSite",
    c::site::RELATION,
    &[
        id(Name::own("id"), &[c::site::ID]).required(),
        Property::new(Name::own("siteId"), Codec::Custom(whole_id), ID),
        keyed(Name::own("displayName"), &[c::site::NAME], c::site::NAME_KEY).required(),
        Property::new(Name::own("description"), Codec::Text, &[c::site::DESCRIPTION]),
        keyed(Name::own("webUrl"), &[c::site::URL], c::site::URL_KEY).required(),
        id(Name::own("parentSiteId"), &[c::site::PARENT]),
        time(Name::own("createdDateTime"), &[c::site::CREATED]).required(),
        time(Name::own("lastModifiedDateTime"), &[c::site::MODIFIED]).required(),
    ],
)
.nav(&[Nav::back(Name::own("groups"), &SITE_GROUP, c::site_group::SITE).contained()])
.search(SearchBy::Columns(&[c::site::NAME_KEY, c::site::URL_KEY]));

/// A permission group of a site.
pub static SITE_GROUP: EntityType = EntityType::new(
    "siteGroup",
    c::site_group::RELATION,
    &[
        id(Name::own("id"), &[c::site_group::ID]).required(),
        keyed(Name::own("originId"), &[c::site_group::NUMBER_KEY], c::site_group::NUMBER_KEY).required(),
        keyed(Name::own("displayName"), &[c::site_group::NAME], c::site_group::NAME_KEY).required(),
        Property::new(Name::own("description"), Codec::Text, &[c::site_group::DESCRIPTION]),
    ],
)
.nav(&[Nav::link(Name::own("members"), &SITE_MEMBER, link::SITE_MEMBERS)]);

static MEMBER_TYPE: EnumType = EnumType::strings(&[(1, "user"), (2, "group"), (3, "servicePrincipal")]);

/// Somebody in such a group.
pub static SITE_MEMBER: EntityType = EntityType::new(
    "siteMember",
    c::object::RELATION,
    &[
        id(Name::own("id"), &[c::object::ID]).required(),
        keyed(Name::own("displayName"), &[c::object::NAME], c::object::NAME_KEY).required(),
        Property::new(Name::own("type"), Codec::Enum(&MEMBER_TYPE), &[c::object::KIND]),
    ],
);
