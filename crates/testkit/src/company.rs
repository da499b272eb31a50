//! The company of the tests: few enough people to know them all by name. Everything has the same id in every run.

use tenure_auth::password;
use tenure_domain::authorize::DirectoryRole;
use tenure_domain::directory::Attributes;
use tenure_domain::directory::application::{AppRole, GRAPH_APP_ID, GRAPH_COMMAND_LINE_APP_ID};
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::{ObjectId, SeededEntropy};
use tenure_service::bootstrap::{self, NewTenant};
use tenure_service::directory::applications::{self, NewApplication, NewServicePrincipal};
use tenure_service::directory::groups::{self, NewGroup};
use tenure_service::directory::users::{self, NewPassword, NewUser};
use tenure_service::rows::directory::application::service_principal_by_app_id;
use tenure_service::rows::tenant::Tenant;
use tenure_service::{Ctx, ServiceError, rows};
use uuid::Uuid;

/// The tenant.
pub const TENANT_ID: Uuid = id(0x0f);
/// The domain of every user principal name.
pub const DOMAIN: &str = "fabrikam.example";
/// The password of every person.
pub const PASSWORD: &str = "Correct-Horse-1";
/// The app that may read and write everything.
pub const WRITER_ID: Uuid = id(0xa1);
/// Its secret.
pub const WRITER_SECRET: &str = "secret-of-the-writer";
/// The app that may only read.
pub const READER_ID: Uuid = id(0xa2);
/// Its secret.
pub const READER_SECRET: &str = "secret-of-the-reader";
/// The client that people sign in with.
pub const CLIENT_ID: Uuid = GRAPH_COMMAND_LINE_APP_ID;
/// The app that is a resource: it has one role.
pub const EXPENSES_ID: Uuid = id(0xa3);
/// The role of that app.
pub const EXPENSES_ROLE: Uuid = id(0xb1);

const WRITES: [&str; 11] = [
    "EntitlementManagement.ReadWrite.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "DelegatedPermissionGrant.ReadWrite.All",
    "AuditLog.Read.All",
    "Organization.Read.All",
    "Sites.FullControl.All",
    "User.Invite.All",
];
const READS: [&str; 5] =
    ["EntitlementManagement.Read.All", "User.Read.All", "Group.Read.All", "Application.Read.All", "AuditLog.Read.All"];

/// An id that shows in a debugger which it is.
const fn id(n: u128) -> Uuid {
    Uuid::from_u128(0xfab0_0000_0000_4000_8000_0000_0000_0000 | n)
}

struct Person {
    alias: &'static str,
    name: &'static str,
    number: u128,
    kind: UserKind,
    is_enabled: bool,
    manager: Option<&'static str>,
}

const fn member(alias: &'static str, name: &'static str, number: u128) -> Person {
    Person { alias, name, number, kind: UserKind::Member, is_enabled: true, manager: None }
}

const PEOPLE: [Person; 5] = [
    // Global Administrator.
    member("anna", "Anna Berg", 1),
    member("ben", "Ben Carter", 2),
    Person { manager: Some("ben"), ..member("carla", "Carla Díaz", 3) },
    Person { kind: UserKind::Guest, ..member("gil", "Gil Moreau", 4) },
    // Blocked.
    Person { is_enabled: false, ..member("nils", "Nils Olsen", 5) },
];

/// A group: its alias, its name, its number, and its members.
const GROUPS: [(&str, &str, u128, &[&str]); 2] =
    [("sales", "Sales", 0x11, &[]), ("staff", "Staff", 0x12, &["anna", "ben", "carla"])];

/// The id of a person, by alias.
///
/// # Panics
/// When there is no such person.
pub fn person(alias: &str) -> Uuid {
    let found = PEOPLE.iter().find(|p| p.alias == alias);
    id(found.unwrap_or_else(|| panic!("nobody is called {alias}")).number)
}

/// The id of a group, by alias.
///
/// # Panics
/// When there is no such group.
pub fn group(alias: &str) -> Uuid {
    let found = GROUPS.iter().find(|g| g.0 == alias);
    id(found.unwrap_or_else(|| panic!("no group is called {alias}")).2)
}

/// The user principal name of a person, by alias.
pub fn principal_name(alias: &str) -> String {
    format!("{alias}@{DOMAIN}")
}

/// The company, and what snapshots call its objects.
pub struct Company {
    /// The tenant.
    pub tenant: Tenant,
    /// Names of objects.
    pub names: Vec<(Uuid, String)>,
}

/// Founds it on an empty database.
pub fn found(ctx: &mut Ctx<'_, '_>, password_hash: &str) -> Result<Company, ServiceError> {
    let domains = vec![DOMAIN.to_owned()];
    let new = NewTenant { id: Some(TENANT_ID), name: "Fabrikam".to_owned(), domains, is_demo: true };
    let tenant = bootstrap::create_tenant(ctx, &new)?;
    let mut names = vec![
        (TENANT_ID, "tenant".to_owned()),
        (EXPENSES_ROLE, "role:expenses-approver".to_owned()),
        (EXPENSES_ID, "appId:expenses".to_owned()),
        (WRITER_ID, "appId:writer".to_owned()),
        (READER_ID, "appId:reader".to_owned()),
        (GRAPH_APP_ID, "appId:graph".to_owned()),
        (CLIENT_ID, "appId:command-line".to_owned()),
    ];
    let writer = bootstrap::create_daemon(ctx, "Writer", WRITER_ID, WRITER_SECRET, &WRITES)?;
    let reader = bootstrap::create_daemon(ctx, "Reader", READER_ID, READER_SECRET, &READS)?;
    names.extend([(writer.0, "app:writer".to_owned()), (reader.0, "app:reader".to_owned())]);
    for person in &PEOPLE {
        users::create(ctx, &new_user(person, password_hash))?;
        names.push((id(person.number), format!("user:{}", person.alias)));
    }
    bootstrap::give_role(ctx, DirectoryRole::GlobalAdministrator, ObjectId(person("anna")))?;
    for (alias, name, number, members) in GROUPS {
        groups::create(ctx, &new_group((alias, name, number), members))?;
        names.push((id(number), format!("group:{alias}")));
    }
    let (expenses, principal) = expenses(ctx)?;
    names.extend([(expenses.0, "application:expenses".to_owned()), (principal.0, "app:expenses".to_owned())]);
    for (app_id, name) in [(GRAPH_APP_ID, "app:graph"), (CLIENT_ID, "app:command-line")] {
        let known = ctx.fetch(service_principal_by_app_id(app_id))?;
        names.extend(known.map(|sp| (sp.id.0, name.to_owned())));
    }
    let general = ctx.fetch(rows::catalog::general())?;
    names.extend(general.map(|c| (c.id.0, "catalog:general".to_owned())));
    Ok(Company { tenant, names })
}

/// Somebody more, of whom nothing is known but a name.
pub fn newcomer(name: String, principal_name: String) -> NewUser {
    NewUser {
        id: None,
        name,
        principal_name,
        mail: None,
        nickname: None,
        kind: UserKind::Member,
        is_enabled: true,
        password: None,
        manager: None,
        attributes: Attributes::default(),
    }
}

fn new_user(person: &Person, password_hash: &str) -> NewUser {
    NewUser {
        id: Some(ObjectId(id(person.number))),
        name: person.name.to_owned(),
        principal_name: principal_name(person.alias),
        mail: Some(principal_name(person.alias)),
        nickname: Some(person.alias.to_owned()),
        kind: person.kind,
        is_enabled: person.is_enabled,
        password: Some(NewPassword { hash: password_hash.to_owned(), must_change: false }),
        manager: person.manager.map(|alias| ObjectId(self::person(alias))),
        attributes: Attributes::default(),
    }
}

fn new_group((alias, name, number): (&str, &str, u128), members: &[&str]) -> NewGroup {
    NewGroup {
        id: Some(ObjectId(id(number))),
        name: name.to_owned(),
        nickname: alias.to_owned(),
        unique_name: None,
        is_security: true,
        is_mail: false,
        is_unified: false,
        is_dynamic: false,
        is_role_assignable: false,
        rule: None,
        attributes: Attributes::default(),
        owners: Vec::new(),
        members: members.iter().map(|alias| ObjectId(person(alias))).collect(),
    }
}

fn expenses(ctx: &mut Ctx<'_, '_>) -> Result<(ObjectId, ObjectId), ServiceError> {
    let role = AppRole {
        id: EXPENSES_ROLE,
        display_name: Some("Approver".to_owned()),
        description: Some("Approves expenses".to_owned()),
        value: Some("approver".to_owned()),
        allowed_member_types: vec!["User".to_owned()],
        is_enabled: true,
    };
    let app = NewApplication {
        app_id: Some(EXPENSES_ID),
        name: "Expenses".to_owned(),
        unique_name: None,
        is_public_client: false,
        roles: vec![role],
        attributes: Attributes::default(),
        owners: Vec::new(),
    };
    let made = applications::create(ctx, &app)?;
    let principal = NewServicePrincipal { app_id: EXPENSES_ID, is_enabled: true, attributes: Attributes::default() };
    Ok((made, applications::create_service_principal(ctx, &principal)?))
}

/// The hash of the one password. Slow: once per process is enough.
///
/// # Panics
/// When it cannot be made.
pub fn password_hash() -> String {
    password::hash(PASSWORD, &mut SeededEntropy::new(7)).expect("the hash of a password")
}
