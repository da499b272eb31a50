//! Answers that an approver corrects before he decides (behaviour.md b.4, c.5; i.2).

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

/// A request of Carla's that Ben is asked about, and its questions.
struct Asked {
    campaign: Campaign,
    request: String,
    stage: String,
    /// Must be answered, fits a pattern, and may be corrected.
    center: String,
    /// May not be corrected.
    reason: String,
    /// Of the resource: is written to the person.
    title: String,
}

fn text(label: &str, is_editable: bool, pattern: Option<&str>) -> Value {
    json!({ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "isRequired": true, "text": label,
        "isAnswerEditable": is_editable, "isSingleLineQuestion": true, "regexPattern": pattern })
}

fn answer(question: &str, value: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value,
        "answeredQuestion": { "id": question } })
}

impl Asked {
    async fn start(app: &TestApp) -> Self {
        let mut campaign = Campaign::without_policy(app).await;
        let attribute = json!({
            "name": "jobTitle",
            "isEditable": true,
            "destination": { "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore" },
            "source": { "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": text("Your title?", true, None) },
        });
        let body = json!({ "requestType": "adminUpdate", "catalog": { "id": campaign.catalog },
            "resource": { "id": campaign.resource, "attributes": [attribute] } });
        app.post(&format!("{EM}/resourceRequests"), &campaign.token, body).await.expect(201);
        let shown =
            app.get(&format!("{EM}/catalogs/{}/resources", campaign.catalog), &campaign.token).await.expect(200);
        let question = &shown.values()[0]["attributes"][0]["source"]["question"]["id"];
        let title = question.as_str().unwrap_or_default().to_owned();
        let mut body = open_policy(&campaign.package);
        body["questions"] = json!([text("Cost center", true, Some("^[A-Z]{2}[0-9]{3}$")), text("Reason", false, None)]);
        body["requestApprovalSettings"] = json!({ "isApprovalRequiredForAdd": true, "stages": [{
            "durationBeforeAutomaticDenial": "P5D",
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person("ben") }],
        }] });
        campaign.policy = campaign.add_policy(app, body).await;
        let policy = app.get(&format!("{EM}/assignmentPolicies/{}", campaign.policy), &campaign.token).await;
        let id = |i: usize| policy.json["questions"][i]["id"].as_str().unwrap_or_default().to_owned();
        let (center, reason) = (id(0), id(1));
        let mut body = campaign.request("userAdd", "carla");
        body["answers"] = json!([answer(&center, "AB123"), answer(&reason, "launch"), answer(&title, "Analyst")]);
        let carla = app.token_of_person("carla").await;
        let asked = campaign.ask(app, &carla, body).await;
        let request = app.made(asked, "request:carla");
        let path = format!("{EM}/accessPackageAssignmentApprovals/{request}");
        let approval = app.get(&path, &campaign.token).await.expect(200).json;
        let stage = approval["stages"][0]["id"].as_str().unwrap_or_default().to_owned();
        Self { campaign, request, stage, center, reason, title }
    }

    async fn correct(&self, app: &TestApp, token: &str, answers: &[Value]) -> Answer {
        app.patch(&format!("/tenure/v1/approvals/{}", self.request), token, json!({ "answers": answers })).await
    }

    async fn decide(&self, app: &TestApp, token: &str) {
        let path = format!("{EM}/accessPackageAssignmentApprovals/{}/stages/{}", self.request, self.stage);
        app.patch(&path, token, json!({ "reviewResult": "Approve" })).await.expect(204);
    }

    /// The answers as the request keeps them.
    async fn values(&self, app: &TestApp) -> Vec<String> {
        let path = format!("{EM}/assignmentRequests/{}", self.request);
        let shown = app.get(&path, &self.campaign.token).await.expect(200).json;
        let answers = shown["answers"].as_array().cloned().unwrap_or_default();
        answers.iter().map(|a| a["value"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What the audit says of corrections.
    async fn told(&self, app: &TestApp) -> Vec<Value> {
        let filter = format!(
            "correlationId eq '{}' and activityDisplayName eq 'Update request answers by approver'",
            self.request
        );
        let path = format!("/v1.0/auditLogs/directoryAudits?$filter={filter}");
        app.get(&path, &self.campaign.token).await.expect(200).values().to_vec()
    }
}

#[test]
fn an_approver_corrects_answers_and_what_he_wrote_is_what_counts() {
    on_every_database(async |app| {
        let asked = Asked::start(app).await;
        let ben = app.token_of_person("ben").await;
        // He finds the request, with its answers, among those he is asked about.
        let path = format!("{EM}/assignmentRequests/filterByCurrentUser(on='approver')");
        let found = app.get(&path, &ben).await.expect(200).values()[0].clone();
        assert_eq!(found["id"], asked.request.as_str());
        assert_eq!(found["answers"][0]["answeredQuestion"]["isAnswerEditable"], true);
        let corrected = [answer(&asked.center, "CD456"), answer(&asked.title, "Lead"), answer(&asked.reason, "launch")];
        asked.correct(app, &ben, &corrected).await.expect(204);
        assert_eq!(asked.values(app).await, ["CD456", "launch", "Lead"]);
        let told = asked.told(app).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["initiatedBy"]["user"]["id"], company::person("ben").to_string());
        let text = told[0].to_string();
        assert!(text.contains(&format!("Answers/{}", asked.center)) && text.contains(&asked.title), "{text}");
        assert!(!text.contains("CD456") && !text.contains("AB123") && !text.contains("Lead"), "{text}");
        asked.correct(app, &ben, &corrected).await.expect(204);
        assert_eq!(asked.told(app).await.len(), 1, "the same again is nothing");
        asked.decide(app, &ben).await;
        app.drain().await;
        let carla = format!("/v1.0/users/{}?$select=jobTitle", company::person("carla"));
        assert_eq!(app.get(&carla, &asked.campaign.token).await.expect(200).json["jobTitle"], "Lead");
    });
}

#[test]
fn a_correction_is_refused_to_others_of_other_questions_and_after_the_decision() {
    on_every_database(async |app| {
        let asked = Asked::start(app).await;
        let (anna, ben) = (app.token_of_person("anna").await, app.token_of_person("ben").await);
        let carla = app.token_of_person("carla").await;
        let good = [answer(&asked.center, "CD456")];
        let told = |a: &Answer| (a.status, a.code().to_owned());
        let code = |status: u16, code: &str| (status, code.to_owned());
        assert_eq!(asked.correct(app, "", &good).await.status, 401);
        for (token, wanted) in [
            (&anna, code(403, "NotAnApprover")),
            (&carla, code(403, "SelfApproval")),
            (&asked.campaign.token, code(403, "NotAnApprover")),
        ] {
            assert_eq!(told(&asked.correct(app, token, &good).await), wanted);
        }
        let too_long = "A".repeat(4_001);
        for (question, value, about) in [
            (&asked.reason, "party", "may not change"),
            (&asked.center, "cd456", "does not match"),
            (&asked.center, " ", "must be answered"),
            (&asked.title, "", "must be answered"),
            (&asked.title, too_long.as_str(), "4000 characters"),
            (&asked.campaign.package, "x", "no question"),
        ] {
            // A good one beside it changes nothing either.
            let mut answers = vec![answer(question, value)];
            if *question != asked.center {
                answers.extend(good.clone());
            }
            let refused = asked.correct(app, &ben, &answers).await;
            assert_eq!(told(&refused), code(400, "InvalidAnswers"), "{}", refused.text);
            assert!(refused.message().contains(about), "{}", refused.message());
        }
        let path = format!("/tenure/v1/approvals/{}", asked.request);
        let without = app.patch(&path, &ben, json!({})).await;
        assert_eq!((without.status, without.pointers()), (400, vec!["/answers"]));
        assert_eq!(told(&asked.correct(app, &ben, &[]).await), code(400, "InvalidModel"));
        let strange = app.patch(&path, &ben, json!({ "answers": [], "reviewResult": "Approve" })).await;
        assert_eq!((strange.status, strange.pointers()), (400, vec!["/reviewResult"]));
        let unknown = format!("/tenure/v1/approvals/{}", asked.campaign.package);
        assert_eq!(app.patch(&unknown, &ben, json!({ "answers": good })).await.status, 404);
        assert_eq!(app.get(&path, &ben).await.status, 405);
        assert_eq!(asked.values(app).await, ["AB123", "launch", "Analyst"]);
        asked.decide(app, &ben).await;
        assert_eq!(told(&asked.correct(app, &ben, &good).await), code(409, "StageAlreadyDecided"));
        assert_eq!(asked.values(app).await, ["AB123", "launch", "Analyst"]);
        assert!(asked.told(app).await.is_empty());
        app.drain().await;
    });
}

#[test]
fn a_value_that_the_directory_has_locked_meanwhile_is_not_corrected() {
    on_every_database(async |app| {
        let asked = Asked::start(app).await;
        let ben = app.token_of_person("ben").await;
        let lock = json!({ "requestType": "adminUpdate", "catalog": { "id": asked.campaign.catalog },
            "resource": { "id": asked.campaign.resource, "attributes": [{
                "name": "jobTitle",
                "isEditable": false,
                "destination": { "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore" },
                "source": { "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                    "question": text("Your title?", true, None) },
            }] } });
        app.post(&format!("{EM}/resourceRequests"), &asked.campaign.token, lock).await.expect(201);
        let carla = format!("/v1.0/users/{}", company::person("carla"));
        app.patch(&carla, &asked.campaign.token, json!({ "jobTitle": "Director" })).await.expect(204);
        let refused = asked.correct(app, &ben, &[answer(&asked.title, "Lead")]).await;
        assert_eq!((refused.status, refused.code()), (400, "AttributeLocked"));
        asked.correct(app, &ben, &[answer(&asked.center, "CD456")]).await.expect(204);
        app.drain().await;
    });
}
