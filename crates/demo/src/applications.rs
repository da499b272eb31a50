//! Applications with app roles, and who was given a role before there were access packages.

use crate::fixed;
use crate::people::attributes;
use serde_json::json;
use tenure_domain::directory::application::AppRole;
use tenure_domain::ids::ObjectId;
use tenure_service::directory::applications::{self, NewAppRoleAssignment, NewApplication, NewServicePrincipal};
use tenure_service::rows::directory::application::service_principal_by_app_id;
use tenure_service::{Ctx, ServiceError};
use uuid::Uuid;

struct App {
    name: &'static str,
    description: &'static str,
    owner: &'static str,
    /// Display name, value, description.
    roles: &'static [(&'static str, &'static str, &'static str)],
    /// Who holds which role by direct assignment.
    holders: &'static [(&'static str, &'static str)],
}

pub(crate) const EXPENSES: &str = "Expense Tracker";
pub(crate) const STUDIO: &str = "Design Studio";
pub(crate) const WAREHOUSE: &str = "Data Warehouse";

const APPS: [App; 3] = [
    App {
        name: EXPENSES,
        description: "Travel and expense reports",
        owner: "george.adams",
        roles: &[
            ("Submitter", "Expense.Submit", "Submit reports of one's own"),
            ("Approver", "Expense.Approve", "Approve reports of a cost center"),
            ("Auditor", "Expense.Audit", "Read all reports"),
        ],
        holders: &[("fatima.zahra", "Submitter"), ("liam.walsh", "Submitter"), ("auditor", "Auditor")],
    },
    App {
        name: STUDIO,
        description: "Layouts, pictures and approvals of campaigns",
        owner: "owner",
        roles: &[
            ("Viewer", "Design.View", "Look at layouts and comment"),
            ("Editor", "Design.Edit", "Make and change layouts"),
        ],
        holders: &[("owner", "Editor"), ("jonas.weber", "Editor")],
    },
    App {
        name: WAREHOUSE,
        description: "Sales, product and finance data for reports",
        owner: "david.cohen",
        roles: &[
            ("Reader", "Data.Read", "Read published reports"),
            ("Analyst", "Data.Analyze", "Query all data marts"),
            ("Administrator", "Data.Administer", "Load data and give access"),
        ],
        holders: &[("david.cohen", "Administrator"), ("samira.elmasri", "Analyst")],
    },
];

/// Makes the applications with their service principals, and the direct assignments.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    for app in &APPS {
        let app_id = app_id(app.name);
        applications::create(ctx, &registration(app, app_id))?;
        let shown = attributes(json!({
            "description": app.description,
            "appRoleAssignmentRequired": true,
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        }));
        let new = NewServicePrincipal { app_id, is_enabled: true, attributes: shown };
        let resource = applications::create_service_principal(ctx, &new)?;
        applications::add_owner(ctx, resource, fixed::person(app.owner))?;
        for (alias, role) in app.holders {
            let principal = fixed::person(alias);
            let given = NewAppRoleAssignment { resource, role: role_id(app.name, role), principal };
            applications::assign_role(ctx, given)?;
        }
    }
    Ok(())
}

fn registration(app: &App, app_id: Uuid) -> NewApplication {
    let roles = app.roles.iter().map(|(name, value, description)| AppRole {
        id: role_id(app.name, name),
        display_name: Some((*name).to_owned()),
        description: Some((*description).to_owned()),
        value: Some((*value).to_owned()),
        allowed_member_types: vec!["User".to_owned(), "Application".to_owned()],
        is_enabled: true,
    });
    NewApplication {
        app_id: Some(app_id),
        name: app.name.to_owned(),
        unique_name: None,
        is_public_client: false,
        roles: roles.collect(),
        attributes: attributes(json!({ "description": app.description, "signInAudience": "AzureADMyOrg" })),
        owners: vec![fixed::person(app.owner)],
    }
}

fn app_id(name: &str) -> Uuid {
    fixed::id("application", name)
}

/// The id of an app role.
pub(crate) fn role_id(app: &str, role: &str) -> Uuid {
    fixed::id(app, role)
}

/// The service principal of an application.
pub(crate) fn service(ctx: &mut Ctx<'_, '_>, name: &str) -> Result<ObjectId, ServiceError> {
    let found = ctx.fetch(service_principal_by_app_id(app_id(name)))?;
    Ok(found.ok_or_else(|| ServiceError::Internal(format!("the demo has no application `{name}`")))?.id)
}
