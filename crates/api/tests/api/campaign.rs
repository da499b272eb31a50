//! An access package that most tests need: "Campaign" in the catalog "Marketing" makes its holders members of the group
//! Sales, for thirty days, and every member of the company can ask for it.

use crate::EM;
use serde_json::{Value, json};
use tenure_testkit::{Answer, TestApp, company};

/// The ids of everything that belongs to it, and a token of the app that made it.
pub struct Campaign {
    pub token: String,
    pub catalog: String,
    pub resource: String,
    pub package: String,
    pub policy: String,
}

/// A policy that lets every member of the company ask.
pub fn open_policy(package: &str) -> Value {
    json!({
        "displayName": "Everybody",
        "accessPackage": { "id": package },
        "allowedTargetScope": "allMemberUsers",
        "expiration": { "type": "afterDuration", "duration": "P30D" },
        "requestorSettings": { "enableTargetsToSelfAddAccess": true },
    })
}

/// A resource role of a group, as a package takes it in.
pub fn member_role(resource: &str, group: &str) -> Value {
    json!({
        "role": {
            "originId": format!("Member_{group}"),
            "originSystem": "AadGroup",
            "resource": { "id": resource, "originId": group, "originSystem": "AadGroup" },
        },
        "scope": { "originId": group, "originSystem": "AadGroup" },
    })
}

/// Puts a group into a catalog; gives the id of the resource.
pub async fn add_group(app: &TestApp, token: &str, catalog: &str, group: &str) -> String {
    let body = json!({
        "requestType": "adminAdd",
        "resource": { "originId": group, "originSystem": "AadGroup" },
        "catalog": { "id": catalog },
    });
    app.post(&format!("{EM}/resourceRequests"), token, body).await.expect(201);
    let found = app.get(&format!("{EM}/catalogs/{catalog}/resources?$filter=originId eq '{group}'"), token).await;
    found.expect(200).values()[0]["id"].as_str().unwrap_or_default().to_owned()
}

impl Campaign {
    /// Makes it.
    pub async fn start(app: &TestApp) -> Self {
        let campaign = Self::without_policy(app).await;
        let policy = campaign.add_policy(app, open_policy(&campaign.package)).await;
        Self { policy, ..campaign }
    }

    /// Makes it, but for the policy.
    pub async fn without_policy(app: &TestApp) -> Self {
        let token = app.token_app().await;
        let made = app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": "Marketing" })).await;
        let catalog = app.made(made, "catalog:marketing");
        let group = company::group("sales").to_string();
        let resource = add_group(app, &token, &catalog, &group).await;
        app.name(&resource.parse().unwrap_or_default(), "resource:sales");
        let body = json!({ "displayName": "Campaign", "catalog": { "id": catalog } });
        let made = app.post(&format!("{EM}/accessPackages"), &token, body).await;
        let package = app.made(made, "package:campaign");
        let roles = format!("{EM}/accessPackages/{package}/resourceRoleScopes");
        app.post(&roles, &token, member_role(&resource, &group)).await.expect(201);
        Self { token, catalog, resource, package, policy: String::new() }
    }

    /// Adds a policy; gives its id.
    pub async fn add_policy(&self, app: &TestApp, body: Value) -> String {
        let name = format!("policy:{}", body["displayName"].as_str().unwrap_or_default().to_lowercase());
        let made = app.post(&format!("{EM}/assignmentPolicies"), &self.token, body).await;
        app.made(made, &name)
    }

    /// A request body for somebody, by alias.
    pub fn request(&self, kind: &str, alias: &str) -> Value {
        json!({
            "requestType": kind,
            "assignment": {
                "targetId": company::person(alias),
                "assignmentPolicyId": self.policy,
                "accessPackageId": self.package,
            },
        })
    }

    /// Posts a request with the token of somebody.
    pub async fn ask(&self, app: &TestApp, token: &str, body: Value) -> Answer {
        app.post(&format!("{EM}/assignmentRequests"), token, body).await
    }

    /// Assigns it to somebody; gives the id of the assignment.
    pub async fn assign(&self, app: &TestApp, alias: &str) -> String {
        let made = self.ask(app, &self.token, self.request("adminAdd", alias)).await;
        app.made(made, &format!("request:{alias}"));
        app.drain().await;
        let id = self.held_by(app, alias).await.unwrap_or_else(|| panic!("{alias} holds nothing"));
        app.name(&id.parse().unwrap_or_default(), &format!("assignment:{alias}"));
        id
    }

    /// The delivered assignment of somebody.
    pub async fn held_by(&self, app: &TestApp, alias: &str) -> Option<String> {
        let person = company::person(alias);
        let package = &self.package;
        let filter =
            format!("state eq 'delivered' and accessPackage/id eq '{package}' and target/objectId eq '{person}'");
        let found = app.get(&format!("{EM}/assignments?$filter={filter}"), &self.token).await.expect(200);
        found.column("id").into_iter().next()
    }

    /// Who belongs to the group Sales, by display name.
    pub async fn members(&self, app: &TestApp) -> Vec<String> {
        let path = format!("/v1.0/groups/{}/members?$select=displayName", company::group("sales"));
        app.get(&path, &self.token).await.expect(200).column("displayName")
    }
}
