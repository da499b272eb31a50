//! Questions to requestors and their answers (behaviour.md c.5).

use crate::campaign::{Campaign, open_policy};
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp};

fn questions() -> Value {
    json!([
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true,
            "isAnswerEditable": true,
            "sequence": 2,
            "text": "Cost center",
            "localizations": [{ "languageCode": "de", "text": "Kostenstelle" }],
            "isSingleLineQuestion": true,
            "regexPattern": "^[A-Z]{2}[0-9]{3}$",
        },
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "sequence": 1,
            "text": "Regions",
            "isMultipleSelectionAllowed": true,
            "choices": [
                { "actualValue": "eu", "text": "Europe", "localizations": [{ "languageCode": "de", "text": "Europa" }] },
                { "actualValue": "us", "text": "America", "localizations": [] },
            ],
        },
    ])
}

/// The campaign whose policy asks; and the ids of the questions.
async fn asking(app: &TestApp) -> (Campaign, String, String) {
    let mut campaign = Campaign::without_policy(app).await;
    let mut body = open_policy(&campaign.package);
    body["questions"] = questions();
    campaign.policy = campaign.add_policy(app, body).await;
    let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
    let policy = app.get(&path, &campaign.token).await.expect(200).json;
    let id = |i: usize| policy["questions"][i]["id"].as_str().unwrap_or_default().to_owned();
    (campaign, id(0), id(1))
}

fn answered(campaign: &Campaign, answers: &[(&str, &str)]) -> Value {
    let mut body = campaign.request("userAdd", "carla");
    let one = |(id, value): &(&str, &str)| {
        json!({ "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value,
            "answeredQuestion": { "@odata.type": "#microsoft.graph.accessPackageQuestion", "id": id } })
    };
    body["answers"] = json!(answers.iter().map(one).collect::<Vec<_>>());
    body
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

#[test]
fn a_missing_or_unfitting_answer_names_the_question_and_makes_no_row() {
    on_every_database(async |app| {
        let (campaign, center, regions) = asking(app).await;
        let carla = app.token_of_person("carla").await;
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[], "Cost center"),
            (&[(&center, "  ")], "Cost center"),
            (&[(&center, "ab12")], "Cost center"),
            (&[(&center, "AB123\nAB123")], "Cost center"),
            (&[(&center, "AB123"), (&regions, "mars")], "Regions"),
            (&[(&center, "AB123"), (&center, "AB124")], "Cost center"),
        ];
        for (answers, question) in cases {
            let refused = campaign.ask(app, &carla, answered(&campaign, answers)).await;
            assert_eq!(told(&refused), (400, "InvalidAnswers"), "{answers:?}");
            assert!(refused.message().contains(question), "{}", refused.message());
        }
        let admin = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        assert_eq!(told(&admin), (400, "InvalidAnswers"), "administrators answer too");
        let path = format!("{EM}/assignmentRequests");
        assert_eq!(app.get(&path, &campaign.token).await.expect(200).values().len(), 0, "no row");
    });
}

#[test]
fn several_choices_are_understood_in_every_way_clients_send_them() {
    on_every_database(async |app| {
        let (campaign, center, regions) = asking(app).await;
        let carla = app.token_of_person("carla").await;
        for value in ["eu", "eu,us", "[\"eu\",\"us\"]"] {
            let body = answered(&campaign, &[(&center, "AB123"), (&regions, value)]);
            let request = campaign.ask(app, &carla, body).await.expect(201).id();
            let remove = json!({ "requestType": "adminRemove", "assignment": { "id": request } });
            campaign.ask(app, &campaign.token, remove).await.expect(201);
        }
        let twice = answered(&campaign, &[(&center, "AB123"), (&regions, "eu"), (&regions, "us")]);
        campaign.ask(app, &carla, twice).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn answers_are_shown_with_their_question_in_both_versions() {
    on_every_database(async |app| {
        let (campaign, center, regions) = asking(app).await;
        let carla = app.token_of_person("carla").await;
        let body = answered(&campaign, &[(&center, "AB123"), (&regions, "eu,us")]);
        let request = campaign.ask(app, &carla, body).await.expect(201).id();
        app.drain().await;
        let older = app.get(&format!("{EM}/assignmentRequests/{request}"), &carla).await.expect(200).json;
        let answers = older["answers"].as_array().cloned().unwrap_or_default();
        assert_eq!(answers[0]["value"], "AB123");
        assert_eq!(answers[0]["answeredQuestion"]["text"], "Cost center");
        assert_eq!(answers[0]["answeredQuestion"]["localizations"][0]["text"], "Kostenstelle");
        assert_eq!((&answers[1]["value"], &answers[1]["displayValue"]), (&json!("eu,us"), &json!("Europe, America")));
        let newer = app.get(&format!("{EM_BETA}/assignmentRequests/{request}"), &carla).await.expect(200).json;
        let question = &newer["answers"][1]["answeredQuestion"];
        assert_eq!(question["text"]["defaultText"], "Regions");
        assert_eq!(question["allowsMultipleSelection"], true);
    });
}

#[test]
fn a_pattern_that_needs_more_than_linear_time_is_refused_when_it_is_saved() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        for pattern in ["(?=a)b", "(a)\\1", "(", "(?<!x)y", "a{1000}{1000}"] {
            let mut body = open_policy(&campaign.package);
            body["questions"] = questions();
            body["questions"][0]["regexPattern"] = json!(pattern);
            let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
            assert_eq!(told(&refused), (400, "InvalidModel"), "{pattern}");
            assert!(refused.message().contains("Cost center"), "{}", refused.message());
            assert_eq!(refused.pointers(), ["/questions/0/regexPattern"]);
        }
    });
}

#[test]
fn a_hostile_answer_is_matched_in_time_that_grows_with_it() {
    on_every_database(async |app| {
        let mut campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["questions"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "text": "Why?", "regexPattern": "^(a+)+$" }]);
        campaign.policy = campaign.add_policy(app, body).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let id =
            app.get(&path, &campaign.token).await.json["questions"][0]["id"].as_str().unwrap_or_default().to_owned();
        let hostile = format!("{}!", "a".repeat(3_999));
        let carla = app.token_of_person("carla").await;
        let refused = campaign.ask(app, &carla, answered(&campaign, &[(&id, &hostile)])).await;
        assert_eq!(told(&refused), (400, "InvalidAnswers"));
    });
}

#[test]
fn a_policy_that_wants_a_credential_refuses_who_presents_none_that_is_verified() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let body = json!({
            "displayName": "Verified", "accessPackageId": campaign.package, "durationInDays": 30,
            "requestorSettings": { "scopeType": "AllExistingDirectoryMemberUsers", "acceptRequests": true },
            "verifiableCredentialSettings": { "credentialTypes": [
                { "credentialType": "VerifiedEmployee", "issuers": ["did:web:fabrikam.example"] }] },
        });
        let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
        app.post(&path, &campaign.token, body).await.expect(201);
        let carla = app.token_of_person("carla").await;
        let body = json!({
            "requestType": "UserAdd",
            "accessPackageAssignment": { "accessPackageId": campaign.package },
            "verifiedCredentialsData": [{ "authority": "did:web:fabrikam.example", "type": ["VerifiedEmployee"],
                "claims": { "name": "Carla" } }],
        });
        let refused = app.post(&format!("{EM_BETA}/assignmentRequests"), &carla, body).await;
        assert_eq!(told(&refused), (400, "VerifiedIdRequired"), "what is presented is not proof");
        let ask = app
            .post(
                &format!("{EM_BETA}/accessPackages/{}/getApplicablePolicyRequirements", campaign.package),
                &carla,
                Value::Null,
            )
            .await
            .expect(200);
        assert_eq!(
            ask.values()[0]["verifiableCredentialRequirementStatus"]["@odata.type"],
            "#microsoft.graph.verifiableCredentialRequired"
        );
    });
}

#[test]
fn a_holder_changes_his_answers_and_those_he_leaves_out_stay() {
    on_every_database(async |app| {
        let (campaign, center, regions) = asking(app).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let carla = app.token_of_person("carla").await;
        let body = answered(&campaign, &[(&center, "AB123"), (&regions, "eu")]);
        campaign.ask(app, &carla, body).await.expect(201);
        app.drain().await;
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        let update = |answers: &[(&str, &str)]| {
            let mut body = answered(&campaign, answers);
            body["requestType"] = json!("userUpdate");
            body["assignment"] = json!({ "id": id });
            body
        };
        let off = campaign.ask(app, &carla, update(&[(&center, "CD456")])).await;
        assert_eq!(told(&off), (400, "ExtensionNotAllowed"), "the policy lets nobody");
        let on = json!({ "requestorSettings": { "enableTargetsToSelfUpdateAccess": true } });
        app.patch(&path, &campaign.token, on).await.expect(204);
        let unfitting = campaign.ask(app, &carla, update(&[(&center, "no center")])).await;
        assert_eq!(told(&unfitting), (400, "InvalidAnswers"));
        let before = app.get(&format!("{EM}/assignments/{id}"), &carla).await.expect(200).json;
        let request = campaign.ask(app, &carla, update(&[(&center, "CD456")])).await.expect(201).id();
        app.drain().await;
        let changed = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
        let mut values: Vec<&str> =
            changed["answers"].as_array().into_iter().flatten().filter_map(|a| a["value"].as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, ["CD456", "eu"]);
        assert_eq!(changed["state"], "delivered");
        let after = app.get(&format!("{EM}/assignments/{id}"), &carla).await.expect(200).json;
        assert_eq!(after["schedule"], before["schedule"], "answers move no end");
        let asked = format!("{EM_BETA}/accessPackages/{}/getApplicablePolicyRequirements", campaign.package);
        let told = app.post(&asked, &carla, Value::Null).await.expect(200).json;
        let existing = told["value"][0]["existingAnswers"].to_string();
        assert!(existing.contains("CD456") && !existing.contains("AB123"), "{existing}");
    });
}
