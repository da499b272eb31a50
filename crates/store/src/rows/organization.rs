//! Connected organizations, what their people are known by, and their sponsors.

use crate::driver::{Statement, dialect};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::{Sql, sql};
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{ObjectId, OrganizationId};
use tenure_domain::organization::{Organization, OrganizationState, OrganizationUses};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use uuid::Uuid;

sql! {
    GET: "SELECT f.id, f.name, f.description, f.identity_sources, f.state, f.created_at, f.modified_at, f.created_by, f.modified_by, f.version FROM organization f WHERE f.id = $1";
    /// Those that have the domain, and one that is only named like it.
    OF_DOMAIN: "SELECT f.id, f.name, f.description, f.identity_sources, f.state, f.created_at, f.modified_at, f.created_by, f.modified_by, f.version FROM organization f WHERE f.name_key = $1 OR f.id IN (SELECT i.organization_id FROM org_identity i WHERE i.value_key = $1) ORDER BY f.id";
    /// Those whose tenant a provider speaks for by which the person has signed in.
    OF_ISSUERS: "SELECT f.id, f.name, f.description, f.identity_sources, f.state, f.created_at, f.modified_at, f.created_by, f.modified_by, f.version FROM organization f WHERE f.id IN (SELECT i.organization_id FROM identity_link l JOIN org_identity i ON i.kind IN (1, 2) AND lower(l.issuer) LIKE '%/' || i.value_key || '%' WHERE l.user_id = $1) ORDER BY f.id";
    INSERT: "INSERT INTO organization (id, name, name_key, description, identity_sources, state, created_at, modified_at, created_by, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)";
    INSERT_IDENTITY: "INSERT INTO org_identity (organization_id, place, kind, value_key) VALUES ($1, $2, $3, $4)";
    UPDATE: "UPDATE organization SET name = $3, name_key = $4, description = $5, state = $6, modified_at = $7, modified_by = $8, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE: "DELETE FROM organization WHERE id = $1";
    DELETE_IDENTITIES: "DELETE FROM org_identity WHERE organization_id = $1";
    DELETE_SPONSORS: "DELETE FROM object_link WHERE kind IN (3, 4) AND object_id = $1";
    FORGET: "UPDATE subject SET organization_id = NULL WHERE organization_id = $1";
    USES: "SELECT (SELECT count(DISTINCT f.policy_id) FROM policy_ref f WHERE f.ref_id = $1), (SELECT count(*) FROM subject j JOIN assignment a ON a.target_id = j.id WHERE j.organization_id = $1 AND a.is_live), (SELECT count(*) FROM subject j JOIN request r ON r.target_id = j.id WHERE j.organization_id = $1 AND r.is_open)";
    INSERT_SPONSOR: "INSERT INTO object_link (kind, object_id, person_id) VALUES ($1, $2, $3)";
    DELETE_SPONSOR: "DELETE FROM object_link WHERE kind = $1 AND object_id = $2 AND person_id = $3";
    IS_SPONSOR: "SELECT 1 FROM object_link WHERE kind = $1 AND object_id = $2 AND person_id = $3";
}

/// On which side a sponsor of an organization stands. Numbers are stored, as kinds of links between objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Ours: a member, or a group.
    Internal = 3,
    /// The organization's: one of its people.
    External = 4,
}

impl Side {
    const fn code(self) -> i64 {
        self as i64
    }
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Organization, StoreError> {
    let mut c = Columns::of(row, "organization");
    Ok(Organization {
        id: c.id("id")?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        sources: c.json("identity_sources")?,
        state: c.code("state", OrganizationState::from_code)?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        version: c.int("version")?,
    })
}

/// An organization.
pub fn get(id: OrganizationId) -> First<Organization> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// Of these organizations, those that exist; at most [`tenure_domain::limits::IN_LIST_MAX`] ids.
pub fn existing(ids: &[Uuid]) -> Query<Uuid> {
    let text = format!("SELECT g.id FROM organization g WHERE g.id IN {}", dialect::in_list(1, ids.len()));
    let params = ids.iter().map(|id| (*id).into()).collect();
    Query::of(Statement::new(text, params), |row| Columns::of(row, "organization").id("id"))
}

/// The organizations that have a domain, and one that is named like it.
pub fn of_domain(domain: &str) -> Query<Organization> {
    Query::new(&OF_DOMAIN, vec![fold(domain).into()], decode)
}

/// Organizations whose tenant the person may have signed in at; which of them it is, the rules say.
pub fn of_issuers(person: ObjectId) -> Query<Organization> {
    Query::new(&OF_ISSUERS, vec![person.0.into()], decode)
}

/// What holds an organization in place.
pub fn uses(id: OrganizationId) -> First<OrganizationUses> {
    Query::new(&USES, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "organization");
        Ok(OrganizationUses {
            policies: c.int("policies")?,
            live_assignments: c.int("assignments")?,
            open_requests: c.int("requests")?,
        })
    })
    .first()
}

fn duplicate(name: &str) -> impl Fn() -> Refusal + Send + use<> {
    let message = format!("there is a connected organization named `{name}` already");
    move || Refusal::new(Code::DuplicateName, message.clone()).detail("/displayName", "not unique")
}

/// Adds an organization.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, organization: &Organization) -> Result<(), StoreError> {
    let params = vec![
        organization.id.0.into(),
        organization.name.as_str().into(),
        fold(&organization.name).into(),
        organization.description.clone().into(),
        json(&organization.sources)?,
        organization.state.code().into(),
        organization.created_at.into(),
        organization.modified_at.into(),
        organization.created_by.as_str().into(),
        organization.modified_by.as_str().into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_organization_name", duplicate(&organization.name));
    for (place, source) in (0_i64..).zip(&organization.sources) {
        let params = vec![organization.id.0.into(), place.into(), source.code().into(), source.key().into()];
        tx.write(&INSERT_IDENTITY, params);
    }
    Ok(())
}

/// Changes an organization that was read at `organization.version`. Its identity sources stay.
pub fn update(tx: &mut Tx<'_>, _: &Permit, organization: &Organization) {
    let params = vec![
        organization.id.0.into(),
        organization.version.into(),
        organization.name.as_str().into(),
        fold(&organization.name).into(),
        organization.description.clone().into(),
        organization.state.code().into(),
        organization.modified_at.into(),
        organization.modified_by.as_str().into(),
    ];
    tx.write(&UPDATE, params)
        .exactly_one("organization")
        .on_constraint("uq_organization_name", duplicate(&organization.name));
}

/// Deletes an organization; its people belong to none any more.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: OrganizationId) {
    for sql in [&FORGET, &DELETE_SPONSORS, &DELETE_IDENTITIES] {
        tx.write(sql, vec![id.0.into()]);
    }
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("organization");
}

fn link(side: Side, id: OrganizationId, sponsor: ObjectId) -> Vec<tenure_odata::Value> {
    vec![side.code().into(), id.0.into(), sponsor.0.into()]
}

/// Whether somebody is a sponsor of an organization on that side.
pub fn is_sponsor(id: OrganizationId, side: Side, sponsor: ObjectId) -> First<i64> {
    one(&IS_SPONSOR, link(side, id, sponsor))
}

fn one(sql: &Sql, params: Vec<tenure_odata::Value>) -> First<i64> {
    Query::new(sql, params, |row| Columns::of(row, "object_link").int("one")).first()
}

/// Adds a sponsor.
pub fn add_sponsor(tx: &mut Tx<'_>, _: &Permit, id: OrganizationId, side: Side, sponsor: ObjectId) {
    tx.write(&INSERT_SPONSOR, link(side, id, sponsor)).on_constraint("pk_object_link", || {
        let message =
            "One or more added object references already exist for the following modified properties: 'sponsors'.";
        Refusal::new(Code::RequestBadRequest, message)
    });
}

/// Removes a sponsor who is there.
pub fn remove_sponsor(tx: &mut Tx<'_>, _: &Permit, id: OrganizationId, side: Side, sponsor: ObjectId) {
    tx.write(&DELETE_SPONSOR, link(side, id, sponsor)).exactly_one("object_link");
}
