//! Suggested packages (semantics.md 5): from what somebody had, and from what people around him have.

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::limits::SUGGESTIONS_MAX;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

async fn ask(app: &TestApp, root: &str, token: &str, on: &str) -> Answer {
    let path = format!("{root}/accessPackageSuggestions/filterByCurrentUser(on='{on}')?$expand=accessPackage");
    app.get(&path, token).await
}

fn reason<'v>(suggestion: &'v Value, kind: &str) -> Option<&'v Value> {
    let all = suggestion["reasons"].as_array()?;
    all.iter().find(|r| r["@odata.type"] == format!("#microsoft.graph.accessPackageSuggestion{kind}"))
}

#[test]
fn what_people_around_have_and_what_was_had_is_suggested_with_the_reason() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let both = "relatedPeopleAssignments,assignmentHistory";
        assert!(ask(app, EM, &carla, both).await.expect(200).values().is_empty());

        // Ben is her manager.
        campaign.assign(app, "ben").await;
        for root in [EM, EM_BETA] {
            let found = ask(app, root, &carla, both).await.expect(200);
            let one = &found.values()[0];
            assert_eq!((found.values().len(), &one["id"]), (1, &json!(campaign.package)));
            assert_eq!(one["accessPackage"]["displayName"], "Campaign");
            let people = reason(one, "RelatedPeopleBased").expect("a reason");
            assert_eq!(people["relatedPeopleAssignmentCount"], 1);
            assert_eq!(people["relatedPeople"][0]["id"], company::person("ben").to_string());
            assert_eq!(reason(one, "SelfAssignmentHistoryBased"), None);
        }
        assert!(ask(app, EM, &carla, "assignmentHistory").await.expect(200).values().is_empty());

        let held = campaign.assign(app, "carla").await;
        assert!(ask(app, EM, &carla, both).await.expect(200).values().is_empty(), "she has it");
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": held } });
        app.post(&format!("{EM}/assignmentRequests"), &campaign.token, body).await.expect(201);
        app.drain().await;
        let found = ask(app, EM, &carla, both).await.expect(200);
        let past = reason(&found.values()[0], "SelfAssignmentHistoryBased").expect("a reason");
        assert_eq!(past["pastAssignmentCount"], 1);
        assert!(past["lastAssignmentDateTime"].as_str().is_some_and(|at| at.starts_with("2026-03-02T09:")), "{past}");
        assert!(reason(&found.values()[0], "RelatedPeopleBased").is_some());

        // What she could not ask for is not suggested.
        let hidden = format!("{EM}/accessPackages/{}", campaign.package);
        app.patch(&hidden, &campaign.token, json!({ "isHidden": true })).await.expect(204);
        assert!(ask(app, EM, &carla, both).await.expect(200).values().is_empty());
    });
}

#[test]
fn suggestions_are_for_people_and_say_what_they_take() {
    on_every_database(async |app| {
        let (carla, robot) = (app.token_of_person("carla").await, app.token_app().await);
        let wrong = ask(app, EM, &carla, "weather").await;
        assert_eq!((wrong.status, wrong.code()), (400, "InvalidModel"));
        assert!(wrong.message().contains("assignmentHistory"));
        assert_eq!(ask(app, EM, &robot, "assignmentHistory").await.status, 400);
        let path =
            format!("{EM}/accessPackageSuggestions/filterByCurrentUser(on='assignmentHistory')?$filter=id eq 'x'");
        let refused = app.get(&path, &carla).await;
        assert_eq!((refused.status, refused.json["error"]["details"][0]["target"].as_str()), (400, Some("$filter")));
    });
}

#[test]
fn so_many_packages_are_suggested_and_no_more() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let (token, carla) = (campaign.token.as_str(), app.token_of_person("carla").await);
        for n in 0..=SUGGESTIONS_MAX {
            let body = json!({ "displayName": format!("Package {n}"), "catalog": { "id": campaign.catalog } });
            let package = app.post(&format!("{EM}/accessPackages"), token, body).await.expect(201).id();
            let policy =
                app.post(&format!("{EM}/assignmentPolicies"), token, open_policy(&package)).await.expect(201).id();
            let body = json!({ "requestType": "adminAdd", "assignment": {
                "targetId": company::person("ben"), "assignmentPolicyId": policy, "accessPackageId": package } });
            app.post(&format!("{EM}/assignmentRequests"), token, body).await.expect(201);
        }
        app.drain().await;
        let all = ask(app, EM, &carla, "relatedPeopleAssignments").await.expect(200);
        assert_eq!(all.values().len(), SUGGESTIONS_MAX);
        let path = format!("{EM}/accessPackageSuggestions/filterByCurrentUser(on='relatedPeopleAssignments')?$top=3");
        assert_eq!(app.get(&path, &carla).await.expect(200).values().len(), 3);
    });
}
