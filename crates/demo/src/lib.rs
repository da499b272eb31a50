//! **Room: the demo tenant.** Contoso: a company with people, groups, applications, access packages, and a history of
//! who got access and who lost it.
//!
//! Tables say what there is; the use cases of [`tenure_service`] make it, so that every rule holds for it too. The
//! directory, catalogs and packages have the same ids in every demo; the history is told backwards from the day of the
//! first start. May use: domain and service. Reads no clock.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod applications;
mod asking;
mod catalogs;
mod fixed;
mod groups;
mod history;
mod partners;
mod people;
mod policies;
mod roles;
mod sites;
mod staff;

use crate::catalogs::{EXPENSE_APPROVER, SALES};
use tenure_domain::directory::application::GRAPH_COMMAND_LINE_APP_ID;
use tenure_service::bootstrap::{self, NewTenant};
use tenure_service::rows::tenant::Tenant;
use tenure_service::{Ctx, ServiceError, incompatible};
use uuid::Uuid;

/// The tenant.
pub const TENANT_ID: Uuid = Uuid::from_u128(0x5c1f_9e2a_7b34_4d08_9a61_c0e7_2f5b_8d13);
/// The app that may read and write.
pub const CLIENT_ID: Uuid = Uuid::from_u128(0x2d6b_0c84_91fe_4a37_b5d2_6e08_f4a9_173c);
/// The app that may read.
pub const READER_CLIENT_ID: Uuid = Uuid::from_u128(0x8f35_d7a1_46c9_4e52_8c0b_197d_e3b6_50fa);
/// The published client that people sign in with.
pub const PUBLIC_CLIENT_ID: Uuid = GRAPH_COMMAND_LINE_APP_ID;
/// The domain of every user principal name.
pub const DOMAIN: &str = "contoso.example";
/// The kind of the system outside that keeps a group for a while. Whoever serves a demo plays its part.
pub const OUTSIDE: &str = "memory";
/// The seed of everything that is drawn: ids, mostly.
pub const SEED: u64 = 0x0043_4f4e_544f_534f;

/// App permissions of the app that may write.
const CLIENT_PERMISSIONS: [&str; 9] = [
    "EntitlementManagement.ReadWrite.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "Sites.FullControl.All",
    "Directory.Read.All",
    "AuditLog.Read.All",
];
/// App permissions of the app that may read.
const READER_PERMISSIONS: [&str; 8] = [
    "EntitlementManagement.Read.All",
    "User.Read.All",
    "Group.Read.All",
    "Application.Read.All",
    "RoleManagement.Read.Directory",
    "Sites.Read.All",
    "Directory.Read.All",
    "AuditLog.Read.All",
];

/// What people and apps sign in with.
#[derive(Clone)]
pub struct Secrets {
    /// Secret of the app that may write.
    pub client: String,
    /// Secret of the app that may read.
    pub reader: String,
    /// Argon2 hash of every person's password.
    pub password_hash: String,
}

/// Seeds the tenant on an empty database, in one transaction. Gives the tenant.
pub fn seed(ctx: &mut Ctx<'_, '_>, secrets: &Secrets) -> Result<Tenant, ServiceError> {
    let today = ctx.now;
    // What lies before the first start is written as of its own day. Ids hold their time, so a fixed day fixes them too.
    ctx.now = fixed::directory_day().min(today);
    let new =
        NewTenant { id: Some(TENANT_ID), name: "Contoso".to_owned(), domains: vec![DOMAIN.to_owned()], is_demo: true };
    let tenant = bootstrap::create_tenant(ctx, &new)?;
    bootstrap::create_daemon(ctx, "Tenure Demo Automation", CLIENT_ID, &secrets.client, &CLIENT_PERMISSIONS)?;
    bootstrap::create_daemon(ctx, "Tenure Demo Reader", READER_CLIENT_ID, &secrets.reader, &READER_PERMISSIONS)?;
    people::seed(ctx, &secrets.password_hash)?;
    groups::seed(ctx)?;
    applications::seed(ctx)?;
    ctx.now = fixed::governance_day().min(today);
    partners::seed(ctx)?;
    let packages = catalogs::seed(ctx)?;
    policies::seed(ctx, &packages, today)?;
    sites::seed(ctx, &packages)?;
    history::seed(ctx, &packages, today)?;
    ctx.now = today;
    // Who sells does not approve expenses; who has both from before keeps both.
    incompatible::add_package(ctx, packages.get(EXPENSE_APPROVER)?, packages.get(SALES)?)?;
    Ok(tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_known_and_can_be_given_to_an_app() {
        for name in CLIENT_PERMISSIONS.iter().chain(&READER_PERMISSIONS) {
            let permission = tenure_auth::scopes::find(name);
            assert!(permission.is_some_and(|p| p.app_role_id().is_some()), "{name}");
        }
        let read_only = |name: &&str| name.contains(".Read.");
        assert!(READER_PERMISSIONS.iter().all(read_only));
    }
}
