//! The tenant: one row.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::settings::TenantSettings;
use uuid::Uuid;

sql! {
    GET(hot): "SELECT id, name, domains, settings, is_demo, clock_offset FROM tenant";
    INSERT: "INSERT INTO tenant (id, name, domains, settings, is_demo, clock_offset) VALUES ($1, $2, $3, $4, $5, $6)";
    SETTINGS: "SELECT id, settings FROM tenant";
    UPDATE_SETTINGS: "UPDATE tenant SET settings = $1";
    SET_OFFSET: "UPDATE tenant SET clock_offset = $1 WHERE is_demo";
}

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: Uuid,
    /// Its display name.
    pub name: String,
    /// Its verified domains; the first is the default.
    pub domains: Vec<String>,
    /// Its switches.
    pub settings: TenantSettings,
    /// Whether it is a demo, whose clock can be moved.
    pub is_demo: bool,
    /// How far its clock was moved, in microseconds.
    pub clock_offset: i64,
}

/// The tenant, once it was made.
pub fn get() -> First<Tenant> {
    Query::new(&GET, Vec::new(), |row| {
        let mut c = Columns::of(row, "tenant");
        Ok(Tenant {
            id: c.id("id")?,
            name: c.text("name")?,
            domains: c.json("domains")?,
            settings: c.json("settings")?,
            is_demo: c.bool("is_demo")?,
            clock_offset: c.int("clock_offset")?,
        })
    })
    .first()
}

/// The switches of the tenant.
pub fn settings() -> First<TenantSettings> {
    Query::new(&SETTINGS, Vec::new(), |row| {
        let mut c = Columns::of(row, "tenant");
        c.id::<Uuid>("id")?;
        c.json("settings")
    })
    .first()
}

/// Changes the switches of the tenant.
pub fn set_settings(tx: &mut Tx<'_>, _: &Permit, settings: &TenantSettings) -> Result<(), StoreError> {
    tx.write(&UPDATE_SETTINGS, vec![json(settings)?]).exactly_one("tenant");
    Ok(())
}

/// Makes the tenant.
pub fn insert(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), StoreError> {
    let params = vec![
        tenant.id.into(),
        tenant.name.as_str().into(),
        json(&tenant.domains)?,
        json(&tenant.settings)?,
        tenant.is_demo.into(),
        tenant.clock_offset.into(),
    ];
    tx.write(&INSERT, params);
    Ok(())
}

/// Notes how far the clock of a demo tenant was moved.
pub fn set_clock_offset(tx: &mut Tx<'_>, micros: i64) {
    tx.write(&SET_OFFSET, vec![micros.into()]).exactly_one("tenant");
}
