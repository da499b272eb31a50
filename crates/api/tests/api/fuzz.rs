//! Whatever is sent, the answer is one of ours: never a 5xx, never a panic, and every refusal in its envelope.

use crate::campaign::{Campaign, member_role, open_policy};
use crate::schema::{Operand, operands, sets};
use crate::{EM, EM_BETA};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use tenure_odata::edm::Version;
use tenure_testkit::app::{HOST, request};
use tenure_testkit::db::kinds;
use tenure_testkit::{Answer, TestApp, company};

/// A request as it is thrown.
#[derive(Clone, Debug)]
struct Thrown {
    method: &'static str,
    path: String,
    body: String,
}

/// Words that mean something in some path, and words that do not.
const SEGMENTS: &[&str] = &[
    "identityGovernance",
    "entitlementManagement",
    "catalogs",
    "accessPackageCatalogs",
    "accessPackages",
    "resources",
    "assignmentPolicies",
    "assignments",
    "accessPackageAssignments",
    "assignmentRequests",
    "resourceRequests",
    "resourceRoleScopes",
    "resourceRoles",
    "subjects",
    "connectedOrganizations",
    "internalSponsors",
    "settings",
    "users",
    "groups",
    "me",
    "applications",
    "servicePrincipals",
    "directoryObjects",
    "oauth2PermissionGrants",
    "directory",
    "deletedItems",
    "auditLogs",
    "directoryAudits",
    "members",
    "owners",
    "memberOf",
    "transitiveMemberOf",
    "transitiveMembers",
    "manager",
    "appRoleAssignments",
    "appRoleAssignedTo",
    "target",
    "accessPackage",
    "catalog",
    "displayName",
    "schedule",
    "targetResources",
    "$count",
    "$ref",
    "$value",
    "$batch",
    "microsoft.graph.user",
    "microsoft.graph.group",
    "microsoft.graph.nothing",
    "cancel",
    "restore",
    "refresh",
    "getByIds",
    "checkMemberGroups",
    "getMemberGroups",
    "addPassword",
    "filterByCurrentUser(on='target')",
    "filterByCurrentUser(on=@p)",
    "filterByCurrentUser(",
    "delta",
    "delta()",
    "microsoft.graph.delta()",
    "outbox",
    "mail",
    "x",
    "%00",
    "%2F",
    "%FF",
    "é",
    "..",
    "()",
    "('')",
    "users('x')",
    "groups(uniqueName='o''x')",
    "a_b",
    "00000000-0000-0000-0000-000000000000",
    "fab00000-0000-4000-8000-000000000003",
    "fab00000-0000-4000-8000-000000000012",
    "carla@fabrikam.example",
];
const NAMES: &[&str] = &[
    "id",
    "displayName",
    "state",
    "createdDateTime",
    "isHidden",
    "accessPackage/id",
    "target/objectId",
    "catalog/displayName",
    "assignment/target/objectId",
    "userPrincipalName",
    "department",
    "groupTypes",
    "members",
    "appRoles",
    "schedule",
    "schedule/expiration/endDateTime",
    "initiatedBy/user/id",
    "targetResources",
    "memberOf",
    "manager",
    "owners",
    "x",
    "",
    "microsoft.graph.user/mail",
    "assignmentState",
    "target",
    "requestor/email",
    "activityDateTime",
    "$count",
    "*",
];
const VALUES: &[&str] = &[
    "'x'",
    "''",
    "'o''x'",
    "null",
    "true",
    "7",
    "-1",
    "99999999999999999999",
    "1.5",
    "2026-03-02",
    "2026-03-02T09:00:00Z",
    "'fab00000-0000-4000-8000-000000000003'",
    "fab00000-0000-4000-8000-000000000003",
    "'delivered'",
    "'\u{0}'",
    "'é%_'",
    "duration'P1D'",
    "'",
    "(",
    "9999-12-31T23:59:59Z",
    "-9999-01-01T00:00:00Z",
];

fn filter() -> impl Strategy<Value = String> {
    let name = || select(NAMES);
    let value = || select(VALUES);
    let operator = select(&["eq", "ne", "gt", "ge", "lt", "le", "in", "has", "xx"][..]);
    let function = select(&["contains", "startswith", "endswith", "tolower", "length", "isof", "cast", "x"][..]);
    let leaf = prop_oneof![
        (name(), operator, value()).prop_map(|(n, o, v)| format!("{n} {o} {v}")),
        (function, name(), value()).prop_map(|(f, n, v)| format!("{f}({n},{v})")),
        (name(), value(), value()).prop_map(|(n, a, b)| format!("{n} in ({a},{b})")),
        (name(), name(), value()).prop_map(|(n, m, v)| format!("{n}/any(t:t/{m} eq {v})")),
        (name(), value()).prop_map(|(n, v)| format!("{n}/all(t:t eq {v})")),
        name().prop_map(|n| format!("{n}/any()")),
        (name(), value()).prop_map(|(n, v)| format!("{n}/$count gt {v}")),
        "[ -~]{0,20}",
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let name = || select(NAMES);
    let option = prop_oneof![
        4 => filter().prop_map(|f| format!("$filter={f}")),
        1 => (name(), name()).prop_map(|(a, b)| format!("$select={a},{b}")),
        1 => (name(), name()).prop_map(|(a, b)| format!("$orderby={a} desc,{b}")),
        1 => (name(), filter()).prop_map(|(n, f)| format!("$expand={n}($filter={f};$top=1;$count=true)")),
        1 => (name(), name()).prop_map(|(a, b)| format!("$expand={a}($expand={b}($select=id)),{b}")),
        1 => select(VALUES).prop_map(|v| format!("$top={v}")),
        1 => select(&["$count=true", "$top=1", "$skip=1", "$skiptoken=x", "$deltatoken=x", "$format=xml", "@p=1"][..])
            .prop_map(ToOwned::to_owned),
        1 => "[ -~]{0,15}".prop_map(|t| format!("$search={t}")),
        1 => "[ -~]{0,15}",
    ];
    prop::collection::vec(option, 0..4).prop_map(|all| all.join("&"))
}

/// Any JSON that is not too large.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        select(VALUES).prop_map(|v| Value::from(v.trim_matches('\''))),
        select(
            &["P30D", "-P1D", "P9999999D", "PT0.000000001S", "#microsoft.graph.singleUser", "published", "adminAdd"][..]
        )
        .prop_map(Value::from),
        Just(Value::from("x".repeat(5_000))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(select(NAMES).prop_map(ToOwned::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Puts something else in place of one part of a body; `at` says which.
fn mutated(value: &mut Value, at: &mut usize, other: &Value) -> bool {
    if *at == 0 {
        *value = other.clone();
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|v| mutated(v, at, other)),
        Value::Object(members) => members.values_mut().any(|v| mutated(v, at, other)),
        _ => false,
    }
}

fn in_some_version(path: String) -> impl Strategy<Value = String> {
    select(&["/v1.0", "/beta", "/tenure/v1", "/V1.0", ""][..]).prop_map(move |version| format!("{version}{path}"))
}

/// A path of the schema with a query that may well be right.
fn likely() -> impl Strategy<Value = Thrown> {
    let all: Vec<(String, Vec<Operand>, Vec<&'static str>)> = [Version::V1, Version::Beta, Version::Own]
        .into_iter()
        .flat_map(|version| sets(version).into_iter().map(move |(path, set)| (version, path, set.entity)))
        .map(|(version, path, entity)| (path, operands(entity, version), entity.known_names(version).collect()))
        .collect();
    select(all).prop_flat_map(|(path, operands, names)| {
        let leaf = || {
            let operator = select(&["eq", "ne", "gt", "ge", "lt", "le"][..]);
            let value = prop_oneof![4 => Just(None), 1 => select(VALUES).prop_map(Some)];
            (select(operands.clone()), operator, value)
                .prop_map(|(o, operator, value)| format!("{} {operator} {}", o.path, value.unwrap_or(&o.literal)))
        };
        let filter = prop_oneof![
            leaf(),
            (leaf(), leaf()).prop_map(|(a, b)| format!("{a} and not ({b})")),
            (leaf(), leaf(), leaf()).prop_map(|(a, b, c)| format!("({a} or {b}) and {c}")),
        ];
        let more = prop_oneof![
            2 => Just(String::new()),
            1 => select(names.clone()).prop_map(|n| format!("&$select={n}")),
            1 => select(names).prop_map(|n| format!("&$expand={n}")),
            1 => select(operands.clone()).prop_map(|o| format!("&$orderby={} desc", o.path)),
            1 => select(&["&$count=true", "&$top=1", "&$skip=1", "&$search=a"][..]).prop_map(ToOwned::to_owned),
        ];
        (Just(path), filter, more.clone(), more)
            .prop_map(|(path, filter, a, b)| format!("{path}?$filter={filter}{a}{b}"))
            .prop_map(|path| Thrown { method: "GET", path, body: String::new() })
    })
}

/// A form for the authority: fields that it knows, with values that may well be right.
fn forms() -> impl Strategy<Value = Thrown> {
    let path = select(
        &["token", "devicecode", "authorize", "authorize?x=y", "continue", "deviceauth", "logout", "nothing"][..],
    );
    let tenant = select(&["common", "organizations", company::DOMAIN, "x", "é"][..]);
    let field = select(
        &[
            "grant_type",
            "client_id",
            "client_secret",
            "scope",
            "username",
            "password",
            "code",
            "code_verifier",
            "redirect_uri",
            "refresh_token",
            "device_code",
            "user_code",
            "ticket",
            "decision",
            "response_type",
            "code_challenge",
            "state",
            "prompt",
            "code_challenge_method",
            "response_mode",
            "new_password",
            "repeated_password",
            "client_assertion",
            "for_all",
        ][..],
    );
    let value = prop_oneof![
        select(
            &[
                "14d82eec-204b-4c2f-b7e8-296a70dab67e",
                "fab00000-0000-4000-8000-0000000000a1",
                company::WRITER_SECRET,
                "client_credentials",
                "password",
                "authorization_code",
                "refresh_token",
                "device_code",
                "User.Read openid",
                ".default",
                "https://graph.microsoft.com/.default",
                "carla@fabrikam.example",
                "http://localhost:1/x?y",
                "S256",
                "code",
                "form_post",
                "accept",
                "none",
                "consent",
                "ABCD-EFGH",
            ][..]
        )
        .prop_map(ToOwned::to_owned),
        ".{0,12}",
    ];
    let method = select(&["POST", "POST", "POST", "GET"][..]);
    (method, tenant, path, prop::collection::vec((field, value), 0..8)).prop_map(|(method, tenant, path, fields)| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let path = format!("/{tenant}/oauth2/v2.0/{path}");
        if method == "GET" {
            return Thrown { method, path: format!("{path}?{body}"), body: String::new() };
        }
        Thrown { method, path, body }
    })
}

fn wandering() -> impl Strategy<Value = Thrown> {
    let method = select(&["GET", "GET", "GET", "POST", "PATCH", "PUT", "DELETE", "TRACE"][..]);
    let free = prop::collection::vec(select(SEGMENTS), 0..6).prop_map(|all| format!("/{}", all.join("/")));
    let under_a_set = (select(sets(Version::V1)), prop::collection::vec(select(SEGMENTS), 0..3))
        .prop_map(|((path, _), rest)| [vec![path.trim_start_matches("/v1.0")], rest].concat().join("/"));
    let path = prop_oneof![1 => free, 2 => under_a_set].prop_flat_map(in_some_version);
    let body = prop_oneof![2 => Just(String::new()), 1 => any_json().prop_map(|v| v.to_string()), 1 => ".{0,20}"];
    (method, path, query(), body).prop_map(|(method, path, query, body)| Thrown {
        method,
        path: format!("{path}?{query}"),
        body,
    })
}

/// Everything that can be posted, with a body that is right.
fn posts(campaign: &Campaign) -> Vec<(&'static str, String, Value)> {
    let group = company::group("sales").to_string();
    let policy = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    let package = format!("{EM}/accessPackages/{}", campaign.package);
    let request = campaign.request("adminAdd", "carla");
    let mut rich = open_policy(&campaign.package);
    let german = json!([{ "languageCode": "de", "text": "Warum?" }]);
    rich["questions"] = json!([{ "text": "Why?", "isSingleLineQuestion": true, "localizations": german }]);
    rich["requestApprovalSettings"] = json!({ "stages": [{ "durationBeforeAutomaticDenial": "P5D", "primaryApprovers": [
        { "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }] }] });
    rich["reviewSettings"] = json!({ "isEnabled": true, "schedule": { "startDateTime": "2026-04-01T00:00:00Z",
        "recurrence": { "pattern": { "type": "weekly", "interval": 1 }, "range": { "type": "noEnd" } } } });
    vec![
        (
            "POST",
            format!("{EM}/catalogs"),
            json!({ "displayName": "X", "description": "x", "state": "published", "isExternallyVisible": true }),
        ),
        (
            "POST",
            format!("{EM_BETA}/accessPackages"),
            json!({ "displayName": "X", "catalogId": campaign.catalog, "uniqueName": "x", "isHidden": false }),
        ),
        ("PATCH", package.clone(), json!({ "displayName": "X", "description": null, "isHidden": true })),
        ("POST", format!("{package}/resourceRoleScopes"), member_role(&campaign.resource, &group)),
        (
            "POST",
            format!("{EM}/resourceRequests"),
            json!({ "requestType": "adminAdd", "catalog": { "id": campaign.catalog },
            "resource": { "originId": company::group("staff"), "originSystem": "AadGroup" } }),
        ),
        ("POST", format!("{EM}/assignmentPolicies"), rich.clone()),
        ("PUT", policy.clone(), rich.clone()),
        ("PATCH", policy, rich),
        (
            "POST",
            format!("{EM}/assignmentRequests"),
            json!({ "requestType": request["requestType"], "assignment": request["assignment"],
            "justification": "x", "answers": [{ "value": "x", "answeredQuestion": { "id": company::TENANT_ID } }],
            "schedule": { "startDateTime": "2026-05-01T00:00:00Z", "expiration": { "duration": "P3D" } } }),
        ),
        (
            "POST",
            "/v1.0/users".to_owned(),
            json!({ "accountEnabled": true, "displayName": "X", "mailNickname": "x", "userPrincipalName": "x@y",
            "passwordProfile": { "password": "x" }, "employeeHireDate": "2026-01-01T00:00:00Z", "businessPhones": [] }),
        ),
        (
            "PATCH",
            format!("/v1.0/users/{}", company::person("carla")),
            json!({ "displayName": "X", "department": "x", "manager@odata.bind": "x" }),
        ),
        (
            "POST",
            "/v1.0/groups".to_owned(),
            json!({ "displayName": "X", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true,
            "groupTypes": [], "members@odata.bind": [company::person("ben")] }),
        ),
        ("POST", format!("/v1.0/groups/{group}/members/$ref"), json!({ "@odata.id": company::person("ben") })),
        (
            "POST",
            "/v1.0/applications".to_owned(),
            json!({ "displayName": "X", "appRoles": [{ "id": company::EXPENSES_ROLE, "displayName": "x",
            "value": "x", "allowedMemberTypes": ["User"], "isEnabled": true }], "web": { "redirectUris": ["x"] } }),
        ),
        (
            "POST",
            "/v1.0/directoryObjects/getByIds".to_owned(),
            json!({ "ids": [company::person("ben")], "types": ["user"] }),
        ),
        (
            "POST",
            "/v1.0/$batch".to_owned(),
            json!({ "requests": [{ "id": "1", "method": "GET", "url": "/groups", "headers": { "a": "b" },
            "dependsOn": [] }, { "id": "2", "method": "POST", "url": "/users", "body": {} }] }),
        ),
    ]
}

/// What must hold of every answer.
fn judge(thrown: &Thrown, answer: &Answer) -> Result<(), TestCaseError> {
    let context = || format!("{thrown:?}\n{} {}", answer.status, answer.text);
    prop_assert!(answer.status < 500, "{}", context());
    if answer.status >= 400 {
        let error = &answer.json["error"];
        let said = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
        let is_sign_in = error.is_string() && answer.json["error_codes"].is_array();
        let is_page = answer.header("content-type").starts_with("text/html");
        prop_assert!((said("code") && said("message")) || is_sign_in || is_page, "{}", context());
        prop_assert!(
            is_sign_in || is_page || error["innerError"]["request-id"] == answer.header("request-id"),
            "{}",
            context()
        );
    } else if answer.header("content-type").starts_with("application/json") {
        prop_assert!(!answer.json.is_null(), "{}", context());
    }
    prop_assert!(!answer.header("request-id").is_empty(), "{}", context());
    Ok(())
}

/// 256 throws, the same in every run; as many as `PROPTEST_CASES` says, and others each time, where it is set.
pub fn runner() -> TestRunner {
    let config = Config { failure_persistence: None, ..Config::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    }
}

/// Throws what a strategy makes at an application over every kind of database.
fn throw<S: Strategy<Value = Thrown>>(strategy: impl Fn(&Campaign) -> S) {
    for kind in kinds() {
        let app = TestApp::start(kind);
        let (campaign, bearer) = app.run(async {
            let campaign = Campaign::start(&app).await;
            let bearer = format!("Bearer {}", campaign.token);
            (campaign, bearer)
        });
        let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "application/json")];
        let outcome = runner().run(&strategy(&campaign), |thrown| {
            let asked = request(thrown.method, &thrown.path, &headers, &thrown.body);
            judge(&thrown, &app.run(app.send(asked)))
        });
        if let Err(failure) = outcome {
            panic!("{kind:?}: {failure}");
        }
        app.run(app.drain());
    }
}

#[test]
fn no_path_and_no_query_breaks_the_server() {
    throw(|_| wandering());
}

#[test]
fn no_query_of_the_schema_breaks_the_server() {
    throw(|_| likely());
}

#[test]
fn no_form_breaks_the_authority() {
    throw(|_| forms());
}

#[test]
fn no_body_breaks_the_server() {
    throw(|campaign| {
        let all = posts(campaign);
        (0..all.len(), any_json(), 0..40_usize, prop::option::of(0..40_usize)).prop_map(
            move |(which, other, at, again)| {
                let (method, path, mut body) = all[which].clone();
                for at in [Some(at), again].into_iter().flatten() {
                    mutated(&mut body, &mut at.clone(), &other);
                }
                Thrown { method, path, body: body.to_string() }
            },
        )
    });
}
