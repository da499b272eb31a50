//! Assignment policies: one value, two shapes.

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// A policy that uses every word of the older version that this release understands.
fn rich_in_v1(package: &str) -> Value {
    let (ben, staff) = (company::person("ben"), company::group("staff"));
    json!({
        "displayName": "Rich",
        "description": "Says everything",
        "accessPackage": { "id": package },
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [
            { "@odata.type": "#microsoft.graph.groupMembers", "groupId": staff, "description": "Staff" },
            { "@odata.type": "microsoft.graph.singleUser", "userId": ben },
        ],
        "expiration": { "type": "afterDuration", "duration": "P365D" },
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": true,
            "enableTargetsToSelfUpdateAccess": true,
            "enableTargetsToSelfRemoveAccess": true,
            "allowCustomAssignmentSchedule": true,
            "onBehalfRequestors": [],
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": true,
            "isApprovalRequiredForUpdate": false,
            "isRequestorJustificationRequired": true,
            "stages": [{
                "durationBeforeAutomaticDenial": "P5D",
                "isApproverJustificationRequired": true,
                "isEscalationEnabled": true,
                "durationBeforeEscalation": "P2D",
                "primaryApprovers": [{ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1 }],
                "fallbackPrimaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": ben }],
                "escalationApprovers": [{ "@odata.type": "#microsoft.graph.groupMembers", "groupId": staff }],
                "fallbackEscalationApprovers": [],
            }],
        },
        "reviewSettings": {
            "isEnabled": true,
            "expirationBehavior": "removeAccess",
            "isRecommendationEnabled": true,
            "isReviewerJustificationRequired": true,
            "isSelfReview": false,
            "schedule": {
                "startDateTime": "2026-04-01T00:00:00Z",
                "expiration": { "type": "afterDuration", "duration": "P14D" },
                "recurrence": {
                    "pattern": { "type": "absoluteMonthly", "interval": 3 },
                    "range": { "type": "noEnd", "startDate": "2026-04-01" },
                },
            },
            "primaryReviewers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": ben }],
            "fallbackReviewers": [],
        },
        "questions": questions_in_v1(),
        "notificationSettings": { "isAssignmentNotificationDisabled": true },
    })
}

fn questions_in_v1() -> Value {
    json!([
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true,
            "text": "What for?",
            "localizations": [{ "languageCode": "de", "text": "Wofür?" }],
            "isSingleLineQuestion": true,
            "regexPattern": "[a-z]+",
        },
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "text": "Which region?",
            "isMultipleSelectionAllowed": false,
            "choices": [
                { "actualValue": "eu", "text": "Europe", "localizations": [] },
                { "actualValue": "us", "text": "America", "localizations": [] },
            ],
        },
    ])
}

/// A policy in the words of the newer version.
fn rich_in_beta(package: &str) -> Value {
    let (ben, staff) = (company::person("ben"), company::group("staff"));
    json!({
        "accessPackageId": package,
        "displayName": "Rich",
        "description": "Says everything",
        "canExtend": true,
        "durationInDays": 180,
        "requestorSettings": {
            "scopeType": "SpecificDirectorySubjects",
            "acceptRequests": false,
            "allowedRequestors": [{ "@odata.type": "#microsoft.graph.groupMembers", "id": staff, "isBackup": false }],
        },
        "requestApprovalSettings": {
            "isApprovalRequired": true,
            "isApprovalRequiredForExtension": true,
            "isRequestorJustificationRequired": false,
            "approvalMode": "Serial",
            "approvalStages": [
                {
                    "approvalStageTimeOutInDays": 14,
                    "isApproverJustificationRequired": false,
                    "isEscalationEnabled": false,
                    "escalationTimeInMinutes": 0,
                    "primaryApprovers": [
                        { "@odata.type": "#microsoft.graph.requestorManager", "isBackup": false, "managerLevel": 1 },
                        { "@odata.type": "#microsoft.graph.singleUser", "isBackup": true, "id": ben },
                    ],
                    "escalationApprovers": [],
                },
                {
                    "approvalStageTimeOutInDays": 14,
                    "isEscalationEnabled": true,
                    "escalationTimeInMinutes": 11520,
                    "primaryApprovers": [{ "@odata.type": "#microsoft.graph.groupMembers", "id": staff }],
                    "escalationApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "id": ben }],
                },
            ],
        },
        "accessReviewSettings": {
            "isEnabled": true,
            "recurrenceType": "quarterly",
            "reviewerType": "Reviewers",
            "startDateTime": "2026-04-01T00:00:00Z",
            "durationInDays": 25,
            "reviewers": [{ "@odata.type": "#microsoft.graph.singleUser", "id": ben, "isBackup": false }],
        },
        "questions": [{
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "isRequired": false,
            "text": { "defaultText": "Which region?", "localizedTexts": [{ "languageCode": "de", "text": "Wo?" }] },
            "allowsMultipleSelection": true,
            "choices": [{ "actualValue": "eu", "displayValue": { "defaultText": "Europe", "localizedTexts": [] } }],
        }],
    })
}

/// Without what every save changes.
fn lasting(mut policy: Value) -> Value {
    for name in ["modifiedDateTime", "modifiedBy"] {
        policy.as_object_mut().and_then(|p| p.remove(name));
    }
    policy
}

async fn both(app: &TestApp, token: &str, id: &str) -> (Value, Value) {
    let v1 = app.get(&format!("{EM}/assignmentPolicies/{id}"), token).await.expect(200);
    let beta = app.get(&format!("{EM_BETA}/accessPackageAssignmentPolicies/{id}"), token).await.expect(200);
    (v1.json, beta.json)
}

#[test]
fn a_policy_made_in_v1_is_read_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let made = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, rich_in_v1(&campaign.package)).await;
        let id = app.made(made.clone(), "policy:rich");
        assert_snapshot!("policy_made_in_v1", app.show(&made));
        let (_, beta) = both(app, &campaign.token, &id).await;
        assert_snapshot!("policy_made_in_v1_read_in_beta", app.show_json(&beta));
    });
}

#[test]
fn a_policy_made_in_beta_is_read_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
        let made = app.post(&path, &campaign.token, rich_in_beta(&campaign.package)).await;
        let id = app.made(made.clone(), "policy:rich");
        assert_snapshot!("policy_made_in_beta", app.show(&made));
        let (v1, _) = both(app, &campaign.token, &id).await;
        assert_snapshot!("policy_made_in_beta_read_in_v1", app.show_json(&v1));
    });
}

#[test]
fn a_policy_that_is_read_and_put_back_stays_what_it_was() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        for (path, body) in [
            (format!("{EM}/assignmentPolicies"), rich_in_v1(&campaign.package)),
            (format!("{EM_BETA}/accessPackageAssignmentPolicies"), rich_in_beta(&campaign.package)),
        ] {
            let id = app.post(&path, token, body).await.expect(201).id();
            let (v1, beta) = both(app, token, &id).await;
            app.put(&format!("{EM}/assignmentPolicies/{id}"), token, v1.clone()).await.expect(200);
            let (v1_now, beta_now) = both(app, token, &id).await;
            assert_eq!(
                (lasting(v1_now), lasting(beta_now)),
                (lasting(v1.clone()), lasting(beta.clone())),
                "put in v1.0"
            );
            let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{id}");
            app.put(&path, token, beta.clone()).await.expect(200);
            let (v1_now, beta_now) = both(app, token, &id).await;
            assert_eq!((lasting(v1_now), lasting(beta_now)), (lasting(v1), lasting(beta)), "put in beta");
        }
    });
}

#[test]
fn a_put_in_beta_keeps_what_only_v1_can_say_of_reviews() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = rich_in_v1(&campaign.package);
        body["reviewSettings"]["schedule"] = json!({
            "startDateTime": "2026-04-01T00:00:00Z",
            "expiration": { "type": "afterDuration", "duration": "PT60H" },
            "recurrence": {
                "pattern": { "type": "weekly", "interval": 2, "daysOfWeek": ["monday"] },
                "range": { "type": "endDate", "startDate": "2026-04-01", "endDate": "2027-04-01" },
            },
        });
        body["reviewSettings"]["primaryReviewers"] =
            json!([{ "@odata.type": "#microsoft.graph.targetManager", "managerLevel": 2 }]);
        let id = campaign.add_policy(app, body).await;
        let (v1, beta) = both(app, &campaign.token, &id).await;
        assert_eq!(beta["accessReviewSettings"]["recurrenceType"], Value::Null, "no word for it");
        assert_eq!(beta["accessReviewSettings"]["reviewerType"], "Manager");
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{id}");
        app.put(&path, &campaign.token, beta).await.expect(200);
        let (now, _) = both(app, &campaign.token, &id).await;
        assert_eq!(now["reviewSettings"], v1["reviewSettings"]);
    });
}

#[test]
fn a_put_resets_what_it_leaves_out_and_a_patch_keeps_it() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let id = campaign.add_policy(app, rich_in_v1(&campaign.package)).await;
        let path = format!("{EM}/assignmentPolicies/{id}");
        app.patch(&path, token, json!({ "description": "Changed" })).await.expect(204);
        let now = app.get(&path, token).await.expect(200).json;
        assert_eq!((&now["description"], &now["displayName"]), (&json!("Changed"), &json!("Rich")));
        assert_eq!(now["questions"].as_array().map(Vec::len), Some(2));
        let put = app.put(&path, token, json!({ "displayName": "Poor" })).await;
        assert_snapshot!("policy_after_a_put_of_its_name", app.show(&put));
    });
}

#[test]
fn the_versions_differ_in_what_leaving_out_can_extend_means() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let id = campaign.add_policy(app, open_policy(&campaign.package)).await;
        let (v1, beta) = both(app, &campaign.token, &id).await;
        assert_eq!(v1["requestorSettings"]["enableTargetsToSelfUpdateAccess"], false, "H11: no on v1.0");
        assert_eq!(beta["canExtend"], false);
        let body = json!({ "displayName": "Beta", "accessPackageId": campaign.package });
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
        let made = app.post(&path, &campaign.token, body).await.expect(201);
        assert_eq!(made.json["canExtend"], true, "H11: yes on beta");
    });
}

#[test]
fn the_switch_of_a_policy_is_one_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let v1_path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let beta_path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{}", campaign.policy);
        app.patch(&beta_path, token, json!({ "requestorSettings": { "acceptRequests": false } })).await.expect(204);
        let v1 = app.get(&v1_path, token).await.expect(200).json;
        assert_eq!(v1["requestorSettings"]["enableTargetsToSelfAddAccess"], false);
        let mut body = v1.clone();
        body["requestorSettings"]["enableTargetsToSelfAddAccess"] = json!(true);
        app.put(&v1_path, token, body).await.expect(200);
        let beta = app.get(&beta_path, token).await.expect(200).json;
        assert_eq!(beta["requestorSettings"]["acceptRequests"], true);
    });
}

#[test]
fn a_switch_that_v1_cannot_say_survives_its_put() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let body = json!({
            "displayName": "Direct",
            "accessPackageId": campaign.package,
            "requestorSettings": { "scopeType": "NoSubjects", "acceptRequests": false, "allowedRequestors": [] },
        });
        let made = app.post(&format!("{EM_BETA}/accessPackageAssignmentPolicies"), token, body).await.expect(201);
        let (v1, _) = both(app, token, &made.id()).await;
        app.put(&format!("{EM}/assignmentPolicies/{}", made.id()), token, v1).await.expect(200);
        let (_, beta) = both(app, token, &made.id()).await;
        assert_eq!(beta["requestorSettings"]["acceptRequests"], false, "Q2");
    });
}

#[test]
fn the_end_of_access_has_one_meaning_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let cases = [
            (json!({ "type": "noExpiration" }), json!({ "durationInDays": 0, "expirationDateTime": null })),
            (json!({ "type": "notSpecified" }), json!({ "durationInDays": 0, "expirationDateTime": null })),
            (json!({ "duration": "P2W" }), json!({ "durationInDays": 14, "expirationDateTime": null })),
            (
                json!({ "type": "afterDuration", "duration": "PT36H" }),
                json!({ "durationInDays": 2, "expirationDateTime": null }),
            ),
            (
                json!({ "endDateTime": "2026-12-31T23:00:00+01:00" }),
                json!({ "durationInDays": 0, "expirationDateTime": "2026-12-31T22:00:00Z" }),
            ),
        ];
        for (n, (pattern, expected)) in cases.into_iter().enumerate() {
            let (name, package) = (format!("P{n}"), json!({ "id": campaign.package }));
            let body = json!({ "displayName": name, "accessPackage": package, "expiration": pattern });
            let made = app.post(&format!("{EM}/assignmentPolicies"), token, body).await.expect(201);
            let (_, beta) = both(app, token, &made.id()).await;
            let shown =
                json!({ "durationInDays": beta["durationInDays"], "expirationDateTime": beta["expirationDateTime"] });
            assert_eq!(shown, expected, "{}", made.json["expiration"]);
            let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{}", made.id());
            app.put(&path, token, beta).await.expect(200);
            let (v1, _) = both(app, token, &made.id()).await;
            assert_eq!(v1["expiration"], made.json["expiration"], "after a PUT in beta");
        }
    });
}

/// The official Go client writes thirty days as `P4W2D`, and reads that back as four weeks.
#[test]
fn weeks_beside_other_units_are_told_as_days() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = campaign.token.as_str();
        let body = json!({ "displayName": "Mixed", "accessPackage": { "id": campaign.package },
            "expiration": { "type": "afterDuration", "duration": "P4W2D" } });
        let made = app.post(&format!("{EM}/assignmentPolicies"), token, body).await.expect(201);
        assert_eq!(made.json["expiration"]["duration"], "P30D");
        let (v1, beta) = both(app, token, &made.id()).await;
        assert_eq!((&v1["expiration"]["duration"], &beta["durationInDays"]), (&json!("P30D"), &json!(30)));
    });
}

#[test]
fn everything_wrong_with_a_policy_is_said_at_once() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let body = json!({
            "allowedTargetScope": "everybody",
            "specificAllowedTargets": [{ "groupId": company::group("staff") }],
            "expiration": { "type": "afterDuration" },
            "requestApprovalSettings": { "stages": "many" },
            "requestorSettings": { "enableTargetsToSelfAddAcess": true },
        });
        let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
        assert_snapshot!("policy_with_many_faults", app.show(&refused));
    });
}

#[test]
fn a_policy_obeys_the_limits_of_its_parts() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let faults = [
            json!({ "allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": [] }),
            json!({ "expiration": { "type": "afterDuration", "duration": "P4000D" } }),
            json!({ "requestApprovalSettings": { "isApprovalRequiredForAdd": true, "stages": [] } }),
            json!({ "requestApprovalSettings": { "stages": [{ "durationBeforeAutomaticDenial": "PT1M",
                "primaryApprovers": [{ "@odata.type": "#microsoft.graph.requestorManager" }] }] } }),
        ];
        let mut said = Vec::new();
        for fault in faults {
            let mut body = json!({ "displayName": "Wrong", "accessPackage": { "id": campaign.package } });
            if let (Some(body), Some(fault)) = (body.as_object_mut(), fault.as_object()) {
                body.extend(fault.clone());
            }
            let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
            said.push(format!("{} {}: {} {:?}", refused.status, refused.code(), refused.message(), refused.pointers()));
        }
        assert_snapshot!("policies_past_their_limits", said.join("\n"));
    });
}

#[test]
fn faults_of_a_policy_stand_where_the_version_that_was_asked_has_its_words() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let nobody = company::TENANT_ID;
        let person = |id: &str| json!({ "@odata.type": "#microsoft.graph.singleUser", id: nobody });
        let stranger = json!({ "@odata.type": "#microsoft.graph.singleUser", "id": nobody, "isBackup": true });
        let rule = json!({ "@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "x" });
        let manager = json!([{ "@odata.type": "#microsoft.graph.requestorManager" }]);
        let stage = |changes: Value| {
            let mut stage = json!({ "primaryApprovers": manager });
            for (name, value) in changes.as_object().into_iter().flatten() {
                stage[name] = value.clone();
            }
            json!({ "requestApprovalSettings": { "isApprovalRequired": true, "approvalStages": [stage] } })
        };
        let first = |rest: &str| format!("/requestApprovalSettings/approvalStages/0/{rest}");
        let scoped = |requestors: Value| json!({ "requestorSettings": { "scopeType": "SpecificDirectorySubjects", "allowedRequestors": requestors } });
        let soon = json!({ "isEscalationEnabled": true, "escalationApprovers": manager, "escalationTimeInMinutes": 5 });
        let newer = [
            (json!({ "durationInDays": 4_000 }), "/durationInDays".to_owned()),
            (json!({ "durationInDays": "long" }), "/durationInDays".to_owned()),
            (json!({ "expirationDateTime": "2020-01-01T00:00:00Z" }), "/expirationDateTime".to_owned()),
            (scoped(json!([])), "/requestorSettings/allowedRequestors".to_owned()),
            (scoped(json!([person("id")])), "/requestorSettings/allowedRequestors/0".to_owned()),
            (
                scoped(json!([{ "@odata.type": "#microsoft.graph.groupMembers" }])),
                "/requestorSettings/allowedRequestors/0/id".to_owned(),
            ),
            (stage(json!({ "approvalStageTimeOutInDays": 181 })), first("approvalStageTimeOutInDays")),
            (stage(soon), first("escalationTimeInMinutes")),
            (stage(json!({ "primaryApprovers": [] })), first("primaryApprovers")),
            (stage(json!({ "primaryApprovers": [manager[0], stranger] })), first("primaryApprovers/1")),
            (stage(json!({ "escalationApprovers": [rule] })), first("escalationApprovers/0")),
            (
                json!({ "requestApprovalSettings": { "isApprovalRequired": true, "approvalStages": [] } }),
                "/requestApprovalSettings/approvalStages".to_owned(),
            ),
            (
                json!({ "accessReviewSettings": { "reviewers": [{}] } }),
                "/accessReviewSettings/reviewers/0/@odata.type".to_owned(),
            ),
            (
                json!({ "questions": [{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion" }] }),
                "/questions/0/text".to_owned(),
            ),
        ];
        let post = async |root: &str, fault: &Value| {
            let (set, package) = if root == EM {
                ("assignmentPolicies", json!({ "accessPackage": { "id": campaign.package } }))
            } else {
                ("accessPackageAssignmentPolicies", json!({ "accessPackageId": campaign.package }))
            };
            let mut body = json!({ "displayName": "Wrong" });
            for more in [&package, fault] {
                for (name, value) in more.as_object().into_iter().flatten() {
                    body[name] = value.clone();
                }
            }
            app.post(&format!("{root}/{set}"), &campaign.token, body).await
        };
        for (fault, pointer) in newer {
            let refused = post(EM_BETA, &fault).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{fault}: {}", refused.text);
            assert_eq!(refused.pointers(), [pointer.as_str()], "{fault}");
        }
        // In the older version fallbacks are a list of their own.
        let fault = json!({ "requestApprovalSettings": { "stages": [
            { "primaryApprovers": manager, "fallbackPrimaryApprovers": [person("userId")] },
        ] } });
        let at = "/requestApprovalSettings/stages/0/fallbackPrimaryApprovers/0";
        assert_eq!(post(EM, &fault).await.pointers(), [at]);
        // A message names what its pointer does.
        let missing = app.post(&format!("{EM_BETA}/accessPackageResourceRequests"), &campaign.token, json!({})).await;
        assert_eq!(missing.pointers(), ["/requestType", "/catalogId", "/accessPackageResource"]);
        assert!(missing.text.contains("`accessPackageResource` is required"), "{}", missing.text);
        // A change of what is stored names it so, too.
        let policy = campaign.add_policy(app, rich_in_v1(&campaign.package)).await;
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies/{policy}");
        let scope = json!({ "requestorSettings": { "scopeType": "AllExternalSubjects" } });
        let at = ["/requestorSettings/allowedRequestors/0", "/requestorSettings/allowedRequestors/1"];
        assert_eq!(app.patch(&path, &campaign.token, scope).await.pointers(), at);
    });
}

#[test]
fn a_policy_belongs_to_a_package_that_exists_and_stays_there() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let mut body = open_policy(&company::TENANT_ID.to_string());
        let nowhere = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body.clone()).await;
        assert_eq!((nowhere.status, nowhere.code()), (404, "ResourceNotFound"));
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let moved = app.put(&path, &campaign.token, body.clone()).await;
        assert_eq!((moved.status, moved.pointers()), (400, vec!["/accessPackage/id"]));
        body.as_object_mut().and_then(|b| b.remove("accessPackage"));
        let missing = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
        assert_eq!((missing.status, missing.pointers()), (400, vec!["/accessPackage/id"]));
    });
}

#[test]
fn a_policy_in_use_is_not_deleted() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "carla").await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let refused = app.delete(&path, &campaign.token).await;
        assert_eq!((refused.status, refused.code()), (400, "PolicyInUse"));
        assert_eq!(refused.related(), [("accessPackageAssignment", assignment.as_str())]);
        let package = app.delete(&format!("{EM}/accessPackages/{}", campaign.package), &campaign.token).await;
        assert_eq!((package.status, package.code()), (400, "AccessPackageInUse"));
        assert_eq!(package.related(), [("accessPackageAssignment", assignment.as_str())]);
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": assignment } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
        app.drain().await;
        assert_eq!(app.delete(&path, &campaign.token).await.status, 204);
        assert_eq!(app.get(&path, &campaign.token).await.status, 404);
    });
}
