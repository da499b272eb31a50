//! What all clients share: a token, and packages that each give membership in one group. One lasts, one ends, and one is
//! for people who ask.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::http::{Answer, Call, until_answered};
use crate::demo_env;
use crate::failure::{Context, Failure, Outcome};

/// Where entitlement management is.
pub const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
const JSON: &str = "application/json";
/// After this time the second package's assignments end where the clock can be moved.
const LIFE: &str = "PT1H";
/// And where it cannot.
const SHORT_LIFE: &str = "PT5S";

/// A package and what it gives.
#[derive(Clone, Debug)]
pub struct Package {
    pub id: String,
    pub policy: String,
    pub group: String,
}

#[derive(Clone, Debug)]
pub struct World {
    pub token: String,
    pub domain: String,
    pub lasting: Package,
    pub ending: Package,
    pub asked: Package,
    /// The tenant's part of the addresses to sign in at, and the application by which people sign in.
    tenant: String,
    public_client: String,
}

/// A call as the demo's application, repeated until it is answered.
pub fn ask(
    (addresses, first): (&[SocketAddr], usize),
    token: &str,
    (method, path): (&str, &str),
    body: Option<&Value>,
    id: &str,
) -> Outcome<Answer> {
    let body = body.map(ToString::to_string).unwrap_or_default();
    until_answered(addresses, first, &Call { method, path, token, content_type: JSON, body, id })
}

impl World {
    /// Makes the packages; `folder` is the data folder of the first server.
    pub fn build(addresses: &[SocketAddr], folder: &Path, has_clock: bool) -> Outcome<Self> {
        let env = sign_in_data(folder)?;
        let token = token(addresses, &env)?;
        let maker = Maker { addresses, token: &token };
        let catalog = maker.make(&format!("{EM}/catalogs"), &json!({"displayName": "Crash", "state": "published"}))?;
        let for_ever = json!({"type": "noExpiration"});
        let lasting = maker.package(&catalog, "Crash lasting", &for_ever, false)?;
        let ending = json!({"type": "afterDuration", "duration": if has_clock { LIFE } else { SHORT_LIFE }});
        let ending = maker.package(&catalog, "Crash ending", &ending, false)?;
        let asked = maker.package(&catalog, "Crash asked", &for_ever, true)?;
        Ok(Self::of(&env, token, [lasting, ending, asked]))
    }

    /// The packages of an earlier run.
    pub fn again(addresses: &[SocketAddr], folder: &Path, packages: [Package; 3]) -> Outcome<Self> {
        let env = sign_in_data(folder)?;
        Ok(Self::of(&env, token(addresses, &env)?, packages))
    }

    fn of(env: &BTreeMap<String, String>, token: String, [lasting, ending, asked]: [Package; 3]) -> Self {
        let value = |name: &str| env.get(name).cloned().unwrap_or_default();
        let (domain, tenant, public_client) = (value("USER_DOMAIN"), value("TENANT_ID"), value("PUBLIC_CLIENT_ID"));
        Self { token, domain, lasting, ending, asked, tenant, public_client }
    }

    /// A token of a person.
    pub fn sign_in(&self, addresses: &[SocketAddr], name: &str, password: &str) -> Outcome<String> {
        let body = format!(
            "grant_type=password&client_id={}&username={name}&password={password}\
             &scope=https://graph.microsoft.com/EntitlementManagement.ReadWrite.All",
            self.public_client
        );
        token_for(addresses, &self.tenant, body)
    }
}

/// The sign-in data of the demo server on this folder.
pub fn sign_in_data(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    demo_env::parse(&fs::read_to_string(folder.join("demo.env")).context("reading demo.env")?)
}

/// A token of the demo's application.
pub fn token(addresses: &[SocketAddr], env: &BTreeMap<String, String>) -> Outcome<String> {
    let value = |name: &str| env.get(name).cloned().unwrap_or_default();
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https://graph.microsoft.com/.default",
        value("CLIENT_ID"),
        value("CLIENT_SECRET")
    );
    token_for(addresses, &value("TENANT_ID"), body)
}

fn token_for(addresses: &[SocketAddr], tenant: &str, body: String) -> Outcome<String> {
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let content_type = "application/x-www-form-urlencoded";
    let call = Call { method: "POST", path: &path, token: "", content_type, body, id: "" };
    let answer = until_answered(addresses, 0, &call)?;
    match answer.text("/access_token") {
        "" => Err(Failure::new(format!("no token: {}", answer.json))),
        token => Ok(token.to_owned()),
    }
}

struct Maker<'a> {
    addresses: &'a [SocketAddr],
    token: &'a str,
}

impl Maker<'_> {
    fn make(&self, path: &str, body: &Value) -> Outcome<String> {
        let answer = ask((self.addresses, 0), self.token, ("POST", path), Some(body), "")?;
        match answer.text("/id") {
            "" => Err(Failure::new(format!("POST {path} answered {}: {}", answer.status, answer.json))),
            id => Ok(id.to_owned()),
        }
    }

    fn package(&self, catalog: &str, name: &str, expiration: &Value, for_all: bool) -> Outcome<Package> {
        let nick = name.replace(' ', "");
        let group = json!({"displayName": name, "mailEnabled": false, "mailNickname": nick, "securityEnabled": true});
        let group = self.make("/v1.0/groups", &group)?;
        let added = json!({
            "requestType": "adminAdd",
            "catalog": {"id": catalog},
            "resource": {"originId": group, "originSystem": "AadGroup"},
        });
        self.make(&format!("{EM}/resourceRequests"), &added)?;
        let package = json!({"displayName": name, "catalog": {"id": catalog}});
        let package = self.make(&format!("{EM}/accessPackages"), &package)?;
        let resources = format!("{EM}/catalogs/{catalog}/resources?$filter=originId eq '{group}'");
        let found = ask((self.addresses, 0), self.token, ("GET", &resources), None, "")?;
        let resource = found.text("/value/0/id");
        let role = json!({
            "role": {
                "originId": format!("Member_{group}"),
                "displayName": "Member",
                "originSystem": "AadGroup",
                "resource": {"id": resource, "originId": group, "originSystem": "AadGroup"},
            },
            "scope": {"originId": group, "originSystem": "AadGroup", "isRootScope": true},
        });
        self.make(&format!("{EM}/accessPackages/{package}/resourceRoleScopes"), &role)?;
        let policy = json!({
            "displayName": "Crash",
            "description": "Crash",
            "allowedTargetScope": if for_all { "allMemberUsers" } else { "notSpecified" },
            "expiration": expiration,
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": for_all,
                "enableTargetsToSelfRemoveAccess": for_all,
            },
            "accessPackage": {"id": package},
        });
        let policy = self.make(&format!("{EM}/assignmentPolicies"), &policy)?;
        Ok(Package { id: package, policy, group })
    }
}
