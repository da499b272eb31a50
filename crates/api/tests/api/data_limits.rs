//! Limits of what is kept: names, people of a group, parts of a policy, what a package holds. At the limit it works, one
//! past it there is a refusal that names the limit, and nothing was done.

use crate::EM;
use crate::campaign::Campaign;
use crate::limits::{PACKAGE, next, said, shelves};
use serde_json::{Value, json};
use std::fmt::Write;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_domain::{Uuid, limits};
use tenure_service::rows::incompatibility::{self, Other};
use tenure_service::{Identity, rows};
use tenure_testkit::app::{HOST, on_every_database};
use tenure_testkit::{TestApp, company};

pub const fn stranger(n: u128) -> ObjectId {
    ObjectId(Uuid::from_u128(0x5700_0000 + n))
}

/// So many people whom nobody knows.
pub async fn people(app: &TestApp, count: u128) {
    let made = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
        let ben = ctx.fetch(rows::directory::user::get(ObjectId(company::person("ben"))))?;
        for (n, ben) in (0..count).zip(std::iter::repeat(ben.expect("ben is there"))) {
            let mut user = ben;
            user.id = stranger(n);
            user.principal_name = format!("s{n}@{}", company::DOMAIN);
            user.nickname = Some(format!("s{n}"));
            user.mail = None;
            rows::directory::user::insert(ctx.tx, &Permit::system(Action::WriteUsers), &user)?;
        }
        Ok(())
    });
    made.await.expect("people are made");
}

#[test]
fn a_group_has_so_many_owners() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let most = limits::GROUP_OWNERS_MAX as u128;
        people(app, most + 1).await;
        let sales = company::group("sales");
        let owned = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            for n in 0..most - 1 {
                let permit = Permit::system(Action::WriteGroups);
                rows::directory::member::add_owner(ctx.tx, &permit, ObjectId(sales), stranger(n));
            }
            Ok(())
        });
        owned.await.expect("owners are made");
        let add = async |n: u128| {
            let reference = json!({ "@odata.id": format!("https://{HOST}/v1.0/users/{}", stranger(n).0) });
            said(&app.post(&format!("/v1.0/groups/{sales}/owners/$ref"), &token, reference).await)
        };
        assert_eq!(add(most - 1).await, "204");
        assert_eq!(add(most).await, "400 LimitExceeded");
    });
}

#[test]
fn a_policy_is_bounded_in_its_parts() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let ask = async |part: Value| {
            let mut body = json!({ "displayName": "P", "accessPackage": { "id": campaign.package } });
            body.as_object_mut().expect("an object").extend(part.as_object().cloned().expect("an object"));
            let answer = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
            let mut text = answer.status.to_string();
            for pointer in answer.pointers() {
                let _ = write!(text, " {pointer}");
            }
            text
        };
        let user = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") });
        let targets = |n: usize| json!({ "allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": vec![user.clone(); n] });
        assert_eq!(ask(targets(limits::POLICY_TARGETS_MAX)).await, "201");
        assert!(ask(targets(limits::POLICY_TARGETS_MAX + 1)).await.starts_with("400 /specificAllowedTargets"));
        let questions = |n: usize| {
            let question = json!({ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?" });
            json!({ "questions": vec![question; n] })
        };
        assert_eq!(ask(questions(limits::QUESTIONS_MAX)).await, "201");
        assert_eq!(ask(questions(limits::QUESTIONS_MAX + 1)).await, "400 /questions");
        let stage =
            |window: String| json!({ "durationBeforeAutomaticDenial": window, "primaryApprovers": [user.clone()] });
        let stages = |n: usize, window: &str| json!({ "requestApprovalSettings": { "isApprovalRequiredForAdd": true, "stages": vec![stage(window.to_owned()); n] } });
        assert_eq!(ask(stages(limits::STAGES_MAX, "P14D")).await, "201");
        assert_eq!(ask(stages(limits::STAGES_MAX + 1, "P14D")).await, "400 /requestApprovalSettings/stages");
        for (window, status) in [("PT1H", "201"), ("PT59M59S", "400"), ("P180D", "201"), ("P180DT1S", "400")] {
            assert!(ask(stages(1, window)).await.starts_with(status), "{window}");
        }
        let duration =
            |days: i64| json!({ "expiration": { "type": "afterDuration", "duration": format!("P{days}D") } });
        assert_eq!(ask(duration(limits::DURATION_DAYS_MAX)).await, "201");
        assert!(ask(duration(limits::DURATION_DAYS_MAX + 1)).await.starts_with("400 /expiration"));
        let pattern = |pattern: String| {
            json!({ "questions": [{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?",
                "regexPattern": pattern }] })
        };
        assert_eq!(ask(pattern("a".repeat(limits::PATTERN_CHARS_MAX))).await, "201");
        let past = "400 /questions/0/regexPattern";
        assert_eq!(ask(pattern("a".repeat(limits::PATTERN_CHARS_MAX + 1))).await, past);
        // Ten bytes or so for every repetition.
        assert_eq!(ask(pattern("a{1000}".to_owned())).await, "201");
        assert_eq!(ask(pattern(format!("(a{{{0}}}){{{0}}}", limits::PATTERN_SIZE_MAX_BYTES / 512))).await, past);
        let organizations = |n: usize| {
            let one = json!({ "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
                "connectedOrganizationId": company::TENANT_ID });
            json!({ "allowedTargetScope": "specificConnectedOrganizationUsers", "specificAllowedTargets": vec![one; n] })
        };
        let too_many = ask(organizations(limits::POLICY_ORGANIZATIONS_MAX + 1)).await;
        assert!(too_many.starts_with("400 /specificAllowedTargets"), "{too_many}");
    });
}

#[test]
fn a_resource_asks_for_so_many_attributes() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let ask = async |n: usize| {
            let one = |i: usize| {
                json!({ "name": format!("extension_2b676109c7c74ae2b41549205f1947ed_a{i}"),
                    "source": { "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion", "question": {
                        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?" } } })
            };
            let body = json!({ "requestType": "adminUpdate", "catalog": { "id": campaign.catalog },
                "resource": { "id": campaign.resource, "attributes": (0..n).map(one).collect::<Vec<_>>() } });
            app.post(&format!("{EM}/resourceRequests"), &campaign.token, body).await.status
        };
        assert_eq!(ask(limits::RESOURCE_ATTRIBUTES_MAX).await, 201);
        assert_eq!(ask(limits::RESOURCE_ATTRIBUTES_MAX + 1).await, 400);
    });
}

#[test]
fn texts_are_bounded_in_characters_not_in_bytes() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let catalog = async |name: usize, description: usize| {
            let body = json!({ "displayName": "é".repeat(name), "description": "é".repeat(description) });
            said(&app.post(&format!("{EM}/catalogs"), &campaign.token, body).await)
        };
        assert_eq!(catalog(limits::NAME_CHARS_MAX, limits::DESCRIPTION_CHARS_MAX).await, "201");
        assert_eq!(catalog(limits::NAME_CHARS_MAX + 1, 1).await, "400 InvalidModel /displayName");
        assert_eq!(catalog(1, limits::DESCRIPTION_CHARS_MAX + 1).await, "400 InvalidModel /description");
        let justify = async |chars: usize, alias: &str| {
            let mut body = campaign.request("adminAdd", alias);
            body["justification"] = json!("é".repeat(chars));
            let status = campaign.ask(app, &campaign.token, body).await.status;
            app.drain().await;
            status
        };
        assert_eq!(justify(limits::DESCRIPTION_CHARS_MAX + 1, "carla").await, 400);
        assert_eq!(justify(limits::DESCRIPTION_CHARS_MAX, "carla").await, 201);
    });
}

#[test]
fn an_answer_to_a_question_has_so_many_characters() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = crate::campaign::open_policy(&campaign.package);
        body["questions"] =
            json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?" }]);
        campaign.policy = campaign.add_policy(app, body).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let question = app.get(&path, &campaign.token).await.expect(200).json["questions"][0]["id"].clone();
        let answer = async |chars: usize| {
            let mut body = campaign.request("userAdd", "ben");
            body["answers"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "value": "é".repeat(chars), "answeredQuestion": { "id": question } }]);
            let ben = app.token_of_person("ben").await;
            campaign.ask(app, &ben, body).await
        };
        let past = answer(limits::ANSWER_CHARS_MAX + 1).await;
        assert_eq!((past.status, past.code()), (400, "InvalidAnswers"), "{}", past.text);
        assert_eq!(answer(limits::ANSWER_CHARS_MAX).await.status, 201);
        app.drain().await;
    });
}

#[test]
fn a_package_is_incompatible_with_so_many() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let most = u128::try_from(limits::INCOMPATIBLE_MAX).unwrap_or_default();
        shelves(app, 1, most + 3).await;
        let packages = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            let (permit, id) = (Permit::system(Action::WritePackages), |n| PackageId(Uuid::from_u128(PACKAGE + n)));
            for other in 1..most {
                incompatibility::insert(ctx.tx, &permit, id(0), Other::Package(id(other)));
            }
            Ok(())
        });
        packages.await.expect("they are listed");
        let path = format!("{EM}/accessPackages/{}/incompatibleAccessPackages", Uuid::from_u128(PACKAGE));
        let add = async |n: u128| {
            let body = json!({ "@odata.id": format!("https://x/accessPackages/{}", Uuid::from_u128(PACKAGE + n)) });
            said(&app.post(&format!("{path}/$ref"), &token, body).await)
        };
        assert_eq!(add(most).await, "204");
        assert_eq!(add(most + 1).await, "400 LimitExceeded");
        let group = json!({ "@odata.id": format!("https://x/groups/{}", company::group("sales")) });
        let groups = format!("{EM}/accessPackages/{}/incompatibleGroups/$ref", Uuid::from_u128(PACKAGE));
        app.post(&groups, &token, group).await.expect(204);
        let page = app.get(&format!("{path}?$count=true"), &token).await.expect(200);
        assert_eq!((page.values().len(), &page.json["@odata.count"], next(&page)), (100, &json!(most), true));
    });
}

#[test]
fn a_package_has_so_many_roles_and_gives_so_many_at_once() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let most = limits::PACKAGE_ROLES_MAX;
        let role = |n: usize| Uuid::from_u128(0x0123_0000_0000_4000_8000_0000_0000_0000 | n as u128).to_string();
        let roles: Vec<Value> = (0..most)
            .map(|n| {
                json!({ "id": role(n), "displayName": format!("R{n}"), "value": format!("r{n}"),
                "description": "x", "allowedMemberTypes": ["User"], "isEnabled": true })
            })
            .collect();
        let body = json!({ "displayName": "Many", "appRoles": roles });
        let made = app.post("/v1.0/applications", token, body).await.expect(201);
        let made = app.post("/v1.0/servicePrincipals", token, json!({ "appId": made.json["appId"] })).await.expect(201);
        let origin = made.id();
        let body = json!({ "requestType": "adminAdd", "catalog": { "id": campaign.catalog },
            "resource": { "originId": origin, "originSystem": "AadApplication" } });
        app.post(&format!("{EM}/resourceRequests"), token, body).await.expect(201);
        let path = format!("{EM}/accessPackages/{}/resourceRoleScopes", campaign.package);
        let add = async |n: usize| {
            let body = json!({
                "role": { "originId": role(n), "originSystem": "AadApplication",
                    "resource": { "originId": origin, "originSystem": "AadApplication" } },
                "scope": { "originId": origin, "originSystem": "AadApplication" },
            });
            said(&app.post(&path, token, body).await)
        };
        // The membership in Sales is there already.
        for n in 1..most {
            assert_eq!(add(n).await, "201", "{n}");
        }
        assert_eq!(add(0).await, "400 LimitExceeded");
        let made = campaign.ask(app, token, campaign.request("adminAdd", "carla")).await;
        app.made(made, "request:many");
        let held = async || {
            let path = format!("/v1.0/users/{}/appRoleAssignments?$top=999", company::person("carla"));
            app.get(&path, token).await.expect(200).values().len() + campaign.members(app).await.len()
        };
        assert_eq!(held().await, limits::INLINE_GRANTS_MAX);
        assert_eq!(campaign.held_by(app, "carla").await, None, "the rest is still to come");
        app.drain().await;
        assert_eq!(held().await, most);
        assert!(campaign.held_by(app, "carla").await.is_some());
    });
}
