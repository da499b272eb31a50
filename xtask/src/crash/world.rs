//! What all clients share: a token, and packages that each give membership in one group. One lasts, one ends, one is for
//! people who ask, one for people who ask and wait for approval, and one is held by many whom changes reach by jobs.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

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
/// What was approved lasts longer than any proof: it ends only when an end is asked for.
const LONG_LIFE: &str = "P3650D";
/// Approvers have time enough for a run of many days of the demo clock.
const WINDOW: &str = "P180D";
/// Who holds the package of many comes from there.
const DOMAIN_OF_MANY: &str = "crash.example";
/// How many calls at a time make them.
const MAKERS: usize = 4;
/// So many more roles the package of many can have; each client owns one.
pub const ROLES: usize = super::CLIENTS;

/// A package and what it gives.
#[derive(Clone, Debug)]
pub struct Package {
    pub id: String,
    pub policy: String,
    pub group: String,
}

/// A package that is held by so many that changes of its roles reach them by jobs.
#[derive(Clone, Debug)]
pub struct Many {
    pub package: Package,
    /// Groups of the catalog that clients put into the package and take out again.
    pub groups: Vec<String>,
    /// How many hold it.
    pub holders: usize,
}

/// What a world has since there are approvals and jobs; one of an older release has none of it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The package that two stages of approval guard.
    pub approved: Package,
    /// The group whose members decide.
    pub approvers: String,
    pub many: Many,
}

#[derive(Clone, Debug)]
pub struct World {
    pub token: String,
    pub domain: String,
    pub lasting: Package,
    pub ending: Package,
    pub asked: Package,
    pub rules: Option<Rules>,
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
    /// Makes the packages, and so many holders of the package of many; `folder` is the data folder of the first server.
    pub fn build(addresses: &[SocketAddr], folder: &Path, has_clock: bool, holders: usize) -> Outcome<Self> {
        let env = sign_in_data(folder)?;
        let token = token(addresses, &env)?;
        let maker = Maker { addresses, token: &token };
        let catalog = json!({"displayName": "Crash", "state": "published", "isExternallyVisible": true});
        let catalog = maker.make(&format!("{EM}/catalogs"), &catalog)?;
        let for_ever = json!({"type": "noExpiration"});
        let direct = || policy("notSpecified", &for_ever, false);
        let lasting = maker.package(&catalog, "Crash lasting", direct())?;
        let ending = json!({"type": "afterDuration", "duration": if has_clock { LIFE } else { SHORT_LIFE }});
        let ending = maker.package(&catalog, "Crash ending", policy("notSpecified", &ending, false))?;
        let asked = maker.package(&catalog, "Crash asked", policy("allMemberUsers", &for_ever, true))?;
        let rules = maker.rules(&catalog, holders)?;
        Ok(Self::of(&env, token, [lasting, ending, asked], Some(rules)))
    }

    /// The packages of an earlier run.
    pub fn again(
        addresses: &[SocketAddr],
        folder: &Path,
        (packages, rules): ([Package; 3], Option<Rules>),
    ) -> Outcome<Self> {
        let env = sign_in_data(folder)?;
        Ok(Self::of(&env, token(addresses, &env)?, packages, rules))
    }

    fn of(
        env: &BTreeMap<String, String>,
        token: String,
        [lasting, ending, asked]: [Package; 3],
        rules: Option<Rules>,
    ) -> Self {
        let value = |name: &str| env.get(name).cloned().unwrap_or_default();
        let (domain, tenant, public_client) = (value("USER_DOMAIN"), value("TENANT_ID"), value("PUBLIC_CLIENT_ID"));
        Self { token, domain, lasting, ending, asked, rules, tenant, public_client }
    }

    /// All packages.
    pub fn packages(&self) -> Vec<&Package> {
        let more = self.rules.iter().flat_map(|rules| [&rules.approved, &rules.many.package]);
        [&self.lasting, &self.ending, &self.asked].into_iter().chain(more).collect()
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

    fn package(&self, catalog: &str, name: &str, mut policy: Value) -> Outcome<Package> {
        let group = self.resource(catalog, name)?;
        let package = json!({"displayName": name, "catalog": {"id": catalog}});
        let package = self.make(&format!("{EM}/accessPackages"), &package)?;
        self.make(&roles(&package), &member_role(&group))?;
        if let Some(members) = policy.as_object_mut() {
            members.insert("accessPackage".to_owned(), json!({"id": package}));
        }
        let policy = self.make(&format!("{EM}/assignmentPolicies"), &policy)?;
        Ok(Package { id: package, policy, group })
    }

    /// A group in the catalog.
    fn resource(&self, catalog: &str, name: &str) -> Outcome<String> {
        let group = self.group(name)?;
        let added = json!({
            "requestType": "adminAdd",
            "catalog": {"id": catalog},
            "resource": {"originId": group, "originSystem": "AadGroup"},
        });
        self.make(&format!("{EM}/resourceRequests"), &added)?;
        Ok(group)
    }

    fn group(&self, name: &str) -> Outcome<String> {
        let nick = name.replace(' ', "");
        let group = json!({"displayName": name, "mailEnabled": false, "mailNickname": nick, "securityEnabled": true});
        self.make("/v1.0/groups", &group)
    }

    fn rules(&self, catalog: &str, holders: usize) -> Outcome<Rules> {
        let approvers = self.group("Crash approvers")?;
        let long = json!({"type": "afterDuration", "duration": LONG_LIFE});
        let mut guarded = policy("allMemberUsers", &long, true);
        if let Some(members) = guarded.as_object_mut() {
            let stage = json!({
                "durationBeforeAutomaticDenial": WINDOW,
                "isApproverJustificationRequired": true,
                "isEscalationEnabled": false,
                "primaryApprovers": [{"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers}],
            });
            let settings = json!({"isApprovalRequiredForAdd": true, "stages": [stage, stage]});
            members.insert("requestApprovalSettings".to_owned(), settings);
        }
        let approved = self.package(catalog, "Crash approved", guarded)?;
        // A policy for people that lets none of them ask takes no requests at all.
        let mut open = policy("allExternalUsers", &json!({"type": "noExpiration"}), true);
        if let Some(members) = open.as_object_mut() {
            members.insert("notificationSettings".to_owned(), json!({"isAssignmentNotificationDisabled": true}));
        }
        let package = self.package(catalog, "Crash many", open)?;
        let groups: Vec<String> =
            (0..ROLES).map(|n| self.resource(catalog, &format!("Crash many {n}"))).collect::<Outcome<_>>()?;
        thread::scope(|scope| {
            let makers = (0..MAKERS).map(|first| {
                let package = &package;
                scope.spawn(move || (first..holders).step_by(MAKERS).try_for_each(|n| self.hold(package, n)))
            });
            let running: Vec<_> = makers.collect();
            let mut ended = running.into_iter().map(thread::ScopedJoinHandle::join);
            ended.try_for_each(|end| end.unwrap_or_else(|_| Err(Failure::new("a maker has panicked"))))
        })?;
        Ok(Rules { approved, approvers, many: Many { package, groups, holders } })
    }

    /// Somebody from outside, who has no account and no password, holds a package.
    fn hold(&self, package: &Package, n: usize) -> Outcome<()> {
        let assigned = json!({
            "requestType": "adminAdd",
            "assignment": {
                "target": {"email": format!("many{n}@{DOMAIN_OF_MANY}"), "displayName": format!("Many {n}")},
                "assignmentPolicyId": package.policy,
                "accessPackageId": package.id,
            },
        });
        self.make(&format!("{EM}/assignmentRequests"), &assigned).map(drop)
    }
}

/// Where the roles of a package are.
pub fn roles(package: &str) -> String {
    format!("{EM}/accessPackages/{package}/resourceRoleScopes")
}

/// Membership in a group of the catalog, as a package takes it in.
pub fn member_role(group: &str) -> Value {
    json!({
        "role": {
            "originId": format!("Member_{group}"),
            "displayName": "Member",
            "originSystem": "AadGroup",
            "resource": {"originId": group, "originSystem": "AadGroup"},
        },
        "scope": {"originId": group, "originSystem": "AadGroup", "isRootScope": true},
    })
}

fn policy(scope: &str, expiration: &Value, people_ask: bool) -> Value {
    json!({
        "displayName": "Crash",
        "description": "Crash",
        "allowedTargetScope": scope,
        "expiration": expiration,
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": people_ask,
            "enableTargetsToSelfUpdateAccess": expiration.get("duration").is_some() && people_ask,
            "enableTargetsToSelfRemoveAccess": people_ask,
        },
    })
}
