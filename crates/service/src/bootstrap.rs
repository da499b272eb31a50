//! The first start of a tenant: the tenant row, the Graph application with its published permissions, the published
//! public clients, the General catalog, and for a real tenant its first administrator (decisions.md B12, K13).

use crate::ctx::Ctx;
use crate::directory::applications::{list_secrets, store_secret};
use crate::directory::target;
use crate::directory::users::{self, NewUser};
use crate::error::ServiceError;
use tenure_auth::scopes::{PERMISSIONS, PROTOCOL_SCOPES};
use tenure_auth::secret;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, DirectoryRole, Permit};
use tenure_domain::catalog::{Catalog, CatalogKind, GENERAL_CATALOG_NAME};
use tenure_domain::directory::application::{
    AZURE_COMMAND_LINE_APP_ID, AppRole, AppRoleAssignment, Application, GRAPH_APP_ID, GRAPH_COMMAND_LINE_APP_ID,
    ServicePrincipal,
};
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::settings::TenantSettings;
use tenure_domain::time::plus_seconds;
use tenure_store::rows;
use tenure_store::rows::directory::{application, object};
use tenure_store::rows::identity::{Credential, CredentialKind, OauthGrant};
use tenure_store::rows::tenant::Tenant;
use uuid::Uuid;

/// Hours in which the link for the first administrator is good.
const SETUP_LINK_HOURS: i64 = 24;

/// Scopes that the published clients are given for everybody. Rights never exceed the person's own (decisions.md J1).
const PUBLISHED_CLIENT_SCOPES: [&str; 17] = [
    "User.Read",
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Directory.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "EntitlementManagement.Read.All",
    "EntitlementManagement.ReadWrite.All",
    "EntitlementMgmt-SubjectAccess.ReadWrite",
    "AuditLog.Read.All",
    "Sites.FullControl.All",
    "User.Invite.All",
];

/// A tenant to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its id; a new one when none is given.
    pub id: Option<Uuid>,
    /// Its display name.
    pub name: String,
    /// Its verified domains; the first is the default.
    pub domains: Vec<String>,
    /// Whether it is a demo.
    pub is_demo: bool,
}

/// The tenant, if it was made.
pub fn tenant(ctx: &mut Ctx<'_, '_>) -> Result<Option<Tenant>, ServiceError> {
    ctx.fetch(rows::tenant::get())
}

/// Makes the tenant on an empty database.
pub fn create_tenant(ctx: &mut Ctx<'_, '_>, new: &NewTenant) -> Result<Tenant, ServiceError> {
    if ctx.fetch(rows::tenant::get())?.is_some() {
        return Err(Refusal::new(Code::RequestBadRequest, "this database has a tenant already").into());
    }
    let settings = TenantSettings { password_grant: new.is_demo, ..TenantSettings::default() };
    let tenant = Tenant {
        id: new.id.unwrap_or_else(|| ctx.ids.next(ctx.now)),
        name: new.name.clone(),
        domains: new.domains.clone(),
        settings,
        is_demo: new.is_demo,
        clock_offset: 0,
    };
    rows::tenant::insert(ctx.tx, &tenant)?;
    let graph = graph_application(ctx)?;
    for (app_id, name) in [
        (GRAPH_COMMAND_LINE_APP_ID, "Microsoft Graph Command Line Tools"),
        (AZURE_COMMAND_LINE_APP_ID, "Microsoft Azure CLI"),
    ] {
        published_client(ctx, app_id, name, graph)?;
    }
    general(ctx);
    Ok(tenant)
}

/// The Graph application: its app roles and scopes are the permissions of this API, under their published ids.
fn graph_application(ctx: &mut Ctx<'_, '_>) -> Result<ObjectId, ServiceError> {
    let permit = Permit::system(Action::WriteApplications);
    let roles = PERMISSIONS.iter().filter_map(|p| {
        Some(AppRole {
            id: p.app_role_id()?,
            display_name: Some(p.description.to_owned()),
            description: Some(p.description.to_owned()),
            value: Some(p.name.to_owned()),
            allowed_member_types: vec!["Application".to_owned()],
            is_enabled: true,
        })
    });
    let scopes: Vec<serde_json::Value> = PERMISSIONS
        .iter()
        .filter_map(|p| {
            Some(serde_json::json!({
                "id": p.scope_id()?,
                "value": p.name,
                "type": if p.needs_administrator { "Admin" } else { "User" },
                "isEnabled": true,
                "adminConsentDisplayName": p.description,
                "adminConsentDescription": p.description,
                "userConsentDisplayName": p.description,
                "userConsentDescription": p.description,
            }))
        })
        .collect();
    let mut attributes = Attributes::default();
    attributes.0.insert("oauth2PermissionScopes".to_owned(), scopes.into());
    attributes
        .0
        .insert("servicePrincipalNames".to_owned(), serde_json::json!([GRAPH_APP_ID, "https://graph.microsoft.com"]));
    let sp = ServicePrincipal {
        id: ctx.ids.next(ctx.now),
        app_id: GRAPH_APP_ID,
        name: "Microsoft Graph".to_owned(),
        is_enabled: true,
        roles: roles.collect(),
        attributes,
        created_at: ctx.now,
        version: 1,
    };
    application::insert_service_principal(ctx.tx, &permit, &sp)?;
    Ok(sp.id)
}

fn published_client(ctx: &mut Ctx<'_, '_>, app_id: Uuid, name: &str, graph: ObjectId) -> Result<(), ServiceError> {
    let permit = Permit::system(Action::WriteApplications);
    let sp = ServicePrincipal {
        id: ctx.ids.next(ctx.now),
        app_id,
        name: name.to_owned(),
        is_enabled: true,
        roles: Vec::new(),
        attributes: Attributes::default(),
        created_at: ctx.now,
        version: 1,
    };
    application::insert_service_principal(ctx.tx, &permit, &sp)?;
    let scopes = PROTOCOL_SCOPES.iter().chain(&PUBLISHED_CLIENT_SCOPES).copied().collect::<Vec<_>>().join(" ");
    let grant = OauthGrant { id: ctx.ids.next(ctx.now), client: sp.id, principal: None, resource: graph, scopes };
    rows::identity::insert_grant(ctx.tx, &grant, ctx.now);
    Ok(())
}

fn general(ctx: &mut Ctx<'_, '_>) {
    let catalog = Catalog {
        id: ctx.ids.next(ctx.now),
        name: GENERAL_CATALOG_NAME.to_owned(),
        description: Some("Built-in catalog.".to_owned()),
        kind: CatalogKind::ServiceDefault,
        is_published: true,
        is_external: true,
        unique_name: None,
        created_at: ctx.now,
        modified_at: ctx.now,
        created_by: String::new(),
        modified_by: String::new(),
        version: 1,
    };
    rows::catalog::insert(ctx.tx, &Permit::system(Action::WriteCatalogs), &catalog);
}

/// An application that signs in by itself, with app permissions; used by the demo tenant.
pub fn create_daemon(
    ctx: &mut Ctx<'_, '_>,
    name: &str,
    app_id: Uuid,
    secret: &str,
    permissions: &[&str],
) -> Result<ObjectId, ServiceError> {
    let permit = Permit::system(Action::WriteApplications);
    let app = Application {
        id: ctx.ids.next(ctx.now),
        app_id,
        name: name.to_owned(),
        unique_name: None,
        is_public_client: false,
        roles: Vec::new(),
        attributes: Attributes::default(),
        created_at: ctx.now,
        version: 1,
    };
    application::insert(ctx.tx, &permit, &app)?;
    ctx.audit(&AuditEvent::new(Activity::AddApplication, target(ObjectKind::Application, app.id, name)))?;
    let sp = ServicePrincipal {
        id: ctx.ids.next(ctx.now),
        app_id,
        name: name.to_owned(),
        is_enabled: true,
        roles: Vec::new(),
        attributes: Attributes::default(),
        created_at: ctx.now,
        version: 1,
    };
    application::insert_service_principal(ctx.tx, &permit, &sp)?;
    let this = target(ObjectKind::ServicePrincipal, sp.id, name);
    ctx.audit(&AuditEvent::new(Activity::AddServicePrincipal, this.clone()))?;
    let made = crate::directory::applications::MadeSecret {
        id: ctx.ids.next(ctx.now),
        text: secret.to_owned(),
        hint: secret.chars().take(3).collect(),
        name: Some("demo".to_owned()),
        starts_at: ctx.wall,
        expires_at: None,
    };
    store_secret(ctx, app.id, &made);
    list_secrets(ctx, &permit, ObjectKind::Application, app.id)?;
    let graph = ctx.fetch(application::service_principal_by_app_id(GRAPH_APP_ID))?;
    let graph = graph.ok_or_else(|| ServiceError::Internal("the Graph application is missing".to_owned()))?;
    for role in graph.roles.iter().filter(|r| r.value.as_deref().is_some_and(|v| permissions.contains(&v))) {
        let assignment = AppRoleAssignment {
            id: ctx.ids.next(ctx.now),
            resource: graph.id,
            role: role.id,
            principal: sp.id,
            created_at: ctx.now,
        };
        application::insert_assignment(ctx.tx, &permit, &assignment);
        let given = Modified::set("AppRole.Id", role.id.to_string());
        let resource = target(ObjectKind::ServicePrincipal, graph.id, &graph.name).with([given]);
        ctx.audit(&AuditEvent::new(Activity::AddAppRoleAssignment, this.clone()).about(resource))?;
    }
    Ok(sp.id)
}

/// Gives a directory role to somebody; for seeding and the first administrator.
pub fn give_role(ctx: &mut Ctx<'_, '_>, role: DirectoryRole, principal: ObjectId) -> Result<(), ServiceError> {
    let head = ctx.fetch(object::head(principal))?.ok_or_else(|| Refusal::no_such_object(principal))?;
    let id = ctx.ids.next(ctx.now);
    rows::identity::insert_role(ctx.tx, id, role, principal, ctx.now);
    let event = AuditEvent::new(Activity::AddRoleMember, target(head.kind, head.id, &head.name));
    ctx.audit(&event.about(AuditTarget::new(TargetKind::Role, role.id(), role.name().to_owned())))
}

/// Makes the first administrator of a real tenant and gives the secret of his one-time link. Refused once there is one;
/// as long as he has not used his link, he gets another, and the old one is void.
pub fn first_administrator(ctx: &mut Ctx<'_, '_>, principal_name: &str) -> Result<String, ServiceError> {
    let holders = ctx.fetch(rows::identity::role_holders(DirectoryRole::GlobalAdministrator))?;
    let id = if holders.unwrap_or(0) == 0 {
        let id = users::create(ctx, &administrator(principal_name))?;
        give_role(ctx, DirectoryRole::GlobalAdministrator, id)?;
        id
    } else {
        waiting_administrator(ctx, principal_name)?
    };
    let random: [u8; 32] = ctx.ids.bytes();
    let text = secret::from_bytes(&random);
    let credential = Credential {
        id: ctx.ids.next(ctx.now),
        hash: secret::hash_text(&text),
        name: None,
        hint: None,
        must_change: true,
        starts_at: ctx.wall,
        expires_at: Some(plus_seconds(ctx.wall, SETUP_LINK_HOURS * 3_600)),
        failures: 0,
        locked_until: None,
    };
    rows::identity::insert_credential(ctx.tx, id, CredentialKind::SetupLink, &credential);
    Ok(text)
}

/// The administrator whose link was not used yet, without that link.
fn waiting_administrator(ctx: &mut Ctx<'_, '_>, principal_name: &str) -> Result<ObjectId, ServiceError> {
    let taken = || Refusal::new(Code::RequestBadRequest, "this tenant has an administrator already");
    let user = ctx.fetch(rows::directory::user::by_principal_name(principal_name))?.ok_or_else(taken)?;
    let links = ctx.fetch(rows::identity::credentials(user.id, CredentialKind::SetupLink))?;
    if links.is_empty() {
        return Err(taken().into());
    }
    rows::identity::delete_credentials(ctx.tx, user.id, CredentialKind::SetupLink);
    Ok(user.id)
}

fn administrator(principal_name: &str) -> NewUser {
    let local = principal_name.split('@').next().unwrap_or_default().to_owned();
    NewUser {
        id: None,
        name: local.clone(),
        principal_name: principal_name.to_owned(),
        mail: None,
        nickname: Some(local),
        kind: UserKind::Member,
        is_enabled: true,
        password: None,
        manager: None,
        attributes: Attributes::default(),
    }
}

/// The person a one-time link is for, if it is good.
pub fn setup_link(ctx: &mut Ctx<'_, '_>, principal_name: &str, text: &str) -> Result<Option<User>, ServiceError> {
    let Some(user) = ctx.fetch(rows::directory::user::by_principal_name(principal_name))? else { return Ok(None) };
    let links = ctx.fetch(rows::identity::credentials(user.id, CredentialKind::SetupLink))?;
    let good = |c: &Credential| c.expires_at.is_some_and(|end| end > ctx.wall) && secret::matches(text, &c.hash);
    Ok(links.iter().any(good).then_some(user))
}

/// Uses up a one-time link: the person it is for.
pub fn redeem_setup_link(
    ctx: &mut Ctx<'_, '_>,
    principal_name: &str,
    text: &str,
) -> Result<Option<ObjectId>, ServiceError> {
    let Some(user) = setup_link(ctx, principal_name, text)? else { return Ok(None) };
    rows::identity::delete_credentials(ctx.tx, user.id, CredentialKind::SetupLink);
    Ok(Some(user.id))
}
