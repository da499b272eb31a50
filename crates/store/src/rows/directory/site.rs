//! Sites, their permission groups and who is in those (decisions.md B10).

use crate::driver::Row;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::catalog::OriginSystem;
use tenure_domain::directory::site::{OWNERS, Site, SiteAddress, SiteGroup};
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use uuid::Uuid;

sql! {
    GET: "SELECT id, collection_id, environment_id, parent_id, url, name, description, created_at, version FROM site WHERE id = $1";
    OF_ADDRESS: "SELECT id, collection_id, environment_id, parent_id, url, name, description, created_at, version FROM site WHERE url_key = $1";
    INSERT: "INSERT INTO site (id, collection_id, environment_id, parent_id, host, url, url_key, path_name, path_name_key, is_root, name, name_key, description, created_at, modified_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, 1)";
    UPDATE: "UPDATE site SET name = $3, name_key = $4, description = $5, modified_at = $6, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE: "DELETE FROM site WHERE id = $1";
    SUBSITES: "SELECT count(*) FROM site WHERE parent_id = $1";
    ENVIRONMENT: "SELECT id FROM site_environment WHERE url_key = $1";
    INSERT_ENVIRONMENT: "INSERT INTO site_environment (id, origin_system, url, url_key, is_default, created_at) SELECT $1, $2, $3, $4, NOT EXISTS (SELECT 1 FROM site_environment), $5";
    GROUPS: "SELECT id, number, name, description FROM site_group WHERE site_id = $1 ORDER BY number";
    INSERT_GROUP: "INSERT INTO site_group (id, site_id, number, number_key, name, name_key, description) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELETE_GROUPS: "DELETE FROM site_group WHERE site_id = $1";
    IS_MEMBER: "SELECT 1 FROM site_member WHERE group_id = $1 AND principal_id = $2";
    IS_OWNER: "SELECT 1 FROM site_group g JOIN site_member m ON m.group_id = g.id WHERE g.site_id = $1 AND g.number_key = $3 AND (m.principal_id = $2 OR m.principal_id IN (SELECT gc.ancestor_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN dir_group dg ON dg.id = gc.ancestor_id WHERE gm.member_id = $2 AND NOT dg.is_deleted)) LIMIT 1";
    INSERT_MEMBER: "INSERT INTO site_member (group_id, principal_id) VALUES ($1, $2)";
    ENSURE_MEMBER: "INSERT INTO site_member (group_id, principal_id) SELECT g.id, $3 FROM site_group g WHERE g.site_id = $1 AND g.number_key = $2 ON CONFLICT DO NOTHING";
    DELETE_MEMBER: "DELETE FROM site_member WHERE group_id = $1 AND principal_id = $2";
    DELETE_MEMBER_OF: "DELETE FROM site_member WHERE principal_id = $3 AND group_id IN (SELECT g.id FROM site_group g WHERE g.site_id = $1 AND g.number_key = $2)";
    DELETE_MEMBERS: "DELETE FROM site_member WHERE group_id IN (SELECT g.id FROM site_group g WHERE g.site_id = $1)";
    FORGET: "DELETE FROM site_member WHERE principal_id = $1";
}

fn decode(row: &Row<'_>) -> Result<Site, StoreError> {
    let mut c = Columns::of(row, "site");
    let (id, collection, environment) = (c.id("id")?, c.id("collection_id")?, c.id("environment_id")?);
    let parent = c.opt_id("parent_id")?;
    let address = SiteAddress::parse(&c.text("url")?).ok_or_else(|| c.corrupt("url"))?;
    Ok(Site {
        id,
        collection,
        environment,
        parent: parent.map(ObjectId),
        address,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        created_at: c.time("created_at")?,
        version: c.int("version")?,
    })
}

/// A site.
pub fn get(id: ObjectId) -> First<Site> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The site at an address.
pub fn of_address(address: &SiteAddress) -> First<Site> {
    Query::new(&OF_ADDRESS, vec![address.key().into()], decode).first()
}

/// How many sites lie directly in one.
pub fn subsites(id: ObjectId) -> First<i64> {
    Query::new(&SUBSITES, vec![id.0.into()], |row| Columns::of(row, "site").int("count")).first()
}

/// The environment of the sites of a host.
pub fn environment(address: &SiteAddress) -> First<Uuid> {
    Query::new(&ENVIRONMENT, vec![fold(&address.root()).into()], |row| Columns::of(row, "site_environment").id("id"))
        .first()
}

/// Adds the environment of a host. The first one is the default.
pub fn insert_environment(tx: &mut Tx<'_>, _: &Permit, id: Uuid, address: &SiteAddress, now: Timestamp) {
    let url = address.root();
    let system = OriginSystem::SharePointOnline.code();
    tx.write(&INSERT_ENVIRONMENT, vec![id.into(), system.into(), url.as_str().into(), fold(&url).into(), now.into()]);
}

/// Adds a site.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, site: &Site) {
    let address = &site.address;
    let params = vec![
        site.id.0.into(),
        site.collection.into(),
        site.environment.into(),
        site.parent.map(|p| p.0).into(),
        address.host().into(),
        address.text().into(),
        address.key().into(),
        address.name().into(),
        fold(address.name()).into(),
        address.is_root().then_some(true).into(),
        site.name.as_str().into(),
        fold(&site.name).into(),
        site.description.clone().into(),
        site.created_at.into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_site_url", || {
        Refusal::new(Code::RequestBadRequest, "there is a site at this address already").detail("/webUrl", "not unique")
    });
}

/// Changes title and description of a site that was read at `site.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, site: &Site, now: Timestamp) {
    let params = vec![
        site.id.0.into(),
        site.version.into(),
        site.name.as_str().into(),
        fold(&site.name).into(),
        site.description.clone().into(),
        now.into(),
    ];
    tx.write(&UPDATE, params).exactly_one("site");
}

/// Deletes a site with its groups.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId) {
    for sql in [&DELETE_MEMBERS, &DELETE_GROUPS] {
        tx.write(sql, vec![id.0.into()]);
    }
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("site");
}

/// The permission groups of a site, by their numbers; at most [`tenure_domain::limits::SITE_GROUPS_MAX`].
pub fn groups(site: ObjectId) -> Query<SiteGroup> {
    Query::new(&GROUPS, vec![site.0.into()], |row| {
        let mut c = Columns::of(row, "site_group");
        Ok(SiteGroup {
            id: c.id("id")?,
            number: c.int("number")?,
            name: c.text("name")?,
            description: c.opt_text("description")?,
        })
    })
}

/// Adds a permission group.
pub fn insert_group(tx: &mut Tx<'_>, _: &Permit, site: ObjectId, group: &SiteGroup) {
    let params = vec![
        group.id.into(),
        site.0.into(),
        group.number.into(),
        group.number.to_string().into(),
        group.name.as_str().into(),
        fold(&group.name).into(),
        group.description.clone().into(),
    ];
    tx.write(&INSERT_GROUP, params);
}

/// Whether somebody is in a permission group.
pub fn is_member(group: Uuid, principal: ObjectId) -> First<i64> {
    Query::new(&IS_MEMBER, vec![group.into(), principal.0.into()], |row| Columns::of(row, "site_member").int("one"))
        .first()
}

/// Whether somebody is among the owners of a site, by a group too.
pub fn is_owner(site: ObjectId, principal: ObjectId) -> First<i64> {
    let params = vec![site.0.into(), principal.0.into(), OWNERS.to_string().into()];
    Query::new(&IS_OWNER, params, |row| Columns::of(row, "site_member").int("one")).first()
}

/// Puts somebody into a permission group.
pub fn add_member(tx: &mut Tx<'_>, _: &Permit, group: Uuid, principal: ObjectId) {
    tx.write(&INSERT_MEMBER, vec![group.into(), principal.0.into()]).on_constraint("pk_site_member", || {
        let message =
            "One or more added object references already exist for the following modified properties: 'members'.";
        Refusal::new(Code::RequestBadRequest, message)
    });
}

/// Makes sure that somebody is in the permission group of a number; for fulfilment.
pub(crate) fn ensure_member(tx: &mut Tx<'_>, site: ObjectId, number: i64, principal: ObjectId) {
    tx.write(&ENSURE_MEMBER, vec![site.0.into(), number.to_string().into(), principal.0.into()]);
}

/// Takes somebody who is there out of a permission group.
pub fn remove_member(tx: &mut Tx<'_>, _: &Permit, group: Uuid, principal: ObjectId) {
    tx.write(&DELETE_MEMBER, vec![group.into(), principal.0.into()]).exactly_one("site_member");
}

/// Makes sure that somebody is not in the permission group of a number; for fulfilment.
pub(crate) fn remove_member_if_there(tx: &mut Tx<'_>, site: ObjectId, number: i64, principal: ObjectId) {
    tx.write(&DELETE_MEMBER_OF, vec![site.0.into(), number.to_string().into(), principal.0.into()]);
}

/// Takes an object that is deleted for good out of all permission groups.
pub(super) fn forget(tx: &mut Tx<'_>, principal: ObjectId) {
    tx.write(&FORGET, vec![principal.0.into()]);
}
