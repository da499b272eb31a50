//! Attributes that resources ask for: asked, locked, written and taken back (behaviour.md c.5; semantics.md 4).

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

pub fn attribute(name: &str, is_editable: bool, persists: bool) -> Value {
    json!({
        "name": name,
        "isEditable": is_editable,
        "isPersistedOnAssignmentRemoval": persists,
        "destination": { "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore" },
        "source": {
            "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
            "question": {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "text": format!("Your {name}?"),
                "isSingleLineQuestion": true,
                "regexPattern": "^[A-Za-z ]+$",
            },
        },
    })
}

pub async fn set(app: &TestApp, campaign: &Campaign, attributes: Value) -> Answer {
    let body = json!({ "requestType": "adminUpdate", "catalog": { "id": campaign.catalog },
        "resource": { "id": campaign.resource, "attributes": attributes } });
    app.post(&format!("{EM}/resourceRequests"), &campaign.token, body).await
}

pub async fn resource(app: &TestApp, root: &str, campaign: &Campaign) -> Value {
    let sets = if root == EM { "catalogs" } else { "accessPackageCatalogs" };
    let resources = if root == EM { "resources" } else { "accessPackageResources" };
    let path = format!("{root}/{sets}/{}/{resources}", campaign.catalog);
    app.get(&path, &campaign.token).await.expect(200).values()[0].clone()
}

/// The question by which an attribute is asked for.
pub async fn question(app: &TestApp, campaign: &Campaign, at: usize) -> String {
    let shown = resource(app, EM, campaign).await;
    shown["attributes"][at]["source"]["question"]["id"].as_str().unwrap_or_default().to_owned()
}

pub fn with_answer(mut body: Value, question: &str, value: &str) -> Value {
    body["answers"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value,
        "answeredQuestion": { "id": question } }]);
    body
}

pub async fn job_title(app: &TestApp, campaign: &Campaign) -> Value {
    let path = format!("/v1.0/users/{}?$select=jobTitle", company::person("carla"));
    app.get(&path, &campaign.token).await.expect(200).json["jobTitle"].clone()
}

pub async fn remove(app: &TestApp, campaign: &Campaign) {
    let id = campaign.held_by(app, "carla").await.unwrap_or_default();
    let body = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
    campaign.ask(app, &campaign.token, body).await.expect(201);
    app.drain().await;
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

#[test]
fn what_a_resource_asks_for_is_kept_and_shown_in_both_versions() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", false, true)])).await.expect(201);
        let older = resource(app, EM, &campaign).await;
        let shown = &older["attributes"][0];
        assert_eq!((&shown["name"], &shown["isEditable"]), (&json!("jobTitle"), &json!(false)));
        assert_eq!(shown["source"]["question"]["text"], "Your jobTitle?");
        let newer = resource(app, EM_BETA, &campaign).await;
        let shown = &newer["attributes"][0];
        assert_eq!(
            (&shown["attributeName"], &shown["isPersistedOnAssignmentRemoval"]),
            (&json!("jobTitle"), &json!(true))
        );
        assert_eq!(shown["attributeSource"]["question"]["text"]["defaultText"], "Your jobTitle?");
        for wrong in [
            json!([attribute("mail", true, false)]),
            json!([attribute("city", true, false), attribute("city", true, false)]),
        ] {
            let refused = set(app, &campaign, wrong).await;
            assert_eq!(told(&refused), (400, "InvalidModel"), "{}", refused.text);
        }
        assert_eq!(resource(app, EM, &campaign).await["attributes"][0]["name"], "jobTitle", "refusals change nothing");
        set(app, &campaign, json!([])).await.expect(201);
        assert_eq!(resource(app, EM, &campaign).await["attributes"], json!([]));
    });
}

#[test]
fn an_attribute_is_asked_of_people_and_of_administrators_and_written_at_delivery() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", true, false)])).await.expect(201);
        let question = question(app, &campaign, 0).await;
        let carla = app.token_of_person("carla").await;
        let missing = campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await;
        assert_eq!(told(&missing), (400, "InvalidAnswers"));
        assert!(missing.message().contains("jobTitle"), "{}", missing.message());
        let direct = campaign.ask(app, &campaign.token, campaign.request("adminAdd", "carla")).await;
        assert_eq!(told(&direct), (400, "InvalidAnswers"));
        let unfitting = with_answer(campaign.request("userAdd", "carla"), &question, "R2D2");
        assert_eq!(told(&campaign.ask(app, &carla, unfitting).await), (400, "InvalidAnswers"));
        assert_eq!(job_title(app, &campaign).await, Value::Null);
        let answered = with_answer(campaign.request("userAdd", "carla"), &question, "Analyst");
        campaign.ask(app, &carla, answered).await.expect(201);
        app.drain().await;
        assert_eq!(job_title(app, &campaign).await, "Analyst");
        remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, Value::Null, "taken back with the access");
    });
}

#[test]
fn a_persistent_attribute_stays_and_so_does_what_was_there_before() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", true, true)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        let carla = app.token_of_person("carla").await;
        campaign.ask(app, &carla, with_answer(campaign.request("userAdd", "carla"), &id, "Analyst")).await.expect(201);
        remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, "Analyst");
        set(app, &campaign, json!([attribute("jobTitle", true, false)])).await.expect(201);
        campaign.ask(app, &carla, campaign.request("userAdd", "carla")).await.expect(201);
        remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, "Analyst", "no assignment has written it");
    });
}

#[test]
fn a_locked_attribute_is_filled_once_and_then_refused_another_value_to_everybody() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", false, true)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        let carla = app.token_of_person("carla").await;
        campaign.ask(app, &carla, with_answer(campaign.request("userAdd", "carla"), &id, "Analyst")).await.expect(201);
        remove(app, &campaign).await;
        for (kind, token) in [("userAdd", &carla), ("adminAdd", &campaign.token)] {
            let other = with_answer(campaign.request(kind, "carla"), &id, "Boss");
            let refused = campaign.ask(app, token, other).await;
            assert_eq!(told(&refused), (400, "AttributeLocked"), "{kind}");
            assert!(refused.message().contains("jobTitle"));
        }
        campaign.ask(app, &carla, with_answer(campaign.request("userAdd", "carla"), &id, "Analyst")).await.expect(201);
        app.drain().await;
        assert_eq!(job_title(app, &campaign).await, "Analyst");
    });
}

#[test]
fn attributes_are_among_the_questions_until_they_are_locked() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", false, false), attribute("city", true, false)]))
            .await
            .expect(201);
        let carla = app.token_of_person("carla").await;
        let path = format!("{EM}/accessPackages/{}/getApplicablePolicyRequirements", campaign.package);
        let texts = async || {
            let asked = app.post(&path, &carla, Value::Null).await.expect(200);
            let questions = asked.values()[0]["questions"].as_array().cloned().unwrap_or_default();
            questions
                .iter()
                .map(|q| (q["text"].as_str().unwrap_or_default().to_owned(), q["isRequired"] == true))
                .collect::<Vec<_>>()
        };
        assert_eq!(texts().await, [("Your jobTitle?".to_owned(), true), ("Your city?".to_owned(), true)]);
        let person = format!("/v1.0/users/{}", company::person("carla"));
        app.patch(&person, &campaign.token, json!({ "jobTitle": "Analyst", "city": "Oslo" })).await.expect(204);
        assert_eq!(texts().await, [("Your city?".to_owned(), false)]);
    });
}

#[test]
fn a_schema_extension_that_was_written_is_selected_and_filtered_by_its_name() {
    const TITLE: &str = "extension_2b676109c7c74ae2b41549205f1947ed_personalTitle";
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = &campaign.token;
        set(app, &campaign, json!([attribute(TITLE, true, false)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        let carla = app.token_of_person("carla").await;
        let request = with_answer(campaign.request("userAdd", "carla"), &id, "Great Dame");
        campaign.ask(app, &carla, request).await.expect(201);
        app.drain().await;
        let person = format!("/v1.0/users/{}", company::person("carla"));
        let selected = async |path: &str| app.get(path, token).await.expect(200).json;
        for version in ["v1.0", "beta"] {
            let path = format!("/{version}/users/{}?$select=id,{}", company::person("carla"), TITLE.to_uppercase());
            let shown = selected(&path).await;
            assert_eq!((&shown[TITLE], &shown["displayName"]), (&json!("Great Dame"), &Value::Null), "{shown}");
        }
        assert_eq!(selected(&person).await.get(TITLE), None, "only when it is selected");
        let ben = format!("/v1.0/users/{}?$select=id,{TITLE}", company::person("ben"));
        assert_eq!(selected(&ben).await.get(TITLE), None, "he has none");
        let all = selected("/v1.0/users?$select=id").await["value"].as_array().map_or(0, Vec::len);
        let found = async |filter: &str| {
            let list = app.get(&format!("/v1.0/users?$count=true&$filter={filter}"), token).await.expect(200);
            (list.column("displayName"), list.values().len())
        };
        for filter in ["eq 'great dame'", "ne null", "in ('Great Dame','x')", "ge 'great'"] {
            let (names, _) = found(&format!("{TITLE} {filter}")).await;
            assert_eq!(names, ["Carla Díaz"], "{filter}");
        }
        for filter in [
            format!("startswith({TITLE},'Great')"),
            format!("contains(tolower({TITLE}),'dame') and accountEnabled eq true"),
            format!("not({TITLE} eq null)"),
        ] {
            assert_eq!(found(&filter).await.0, ["Carla Díaz"], "{filter}");
        }
        for filter in ["eq null", "ne 'Great Dame'"] {
            assert_eq!(found(&format!("{TITLE} {filter}")).await.1, all - 1, "{filter}");
        }
        assert_eq!(found(&format!("{TITLE} eq 'other'")).await.1, 0);
        // Another name of that form is one that nobody has; others are not known.
        let other = TITLE.replace("Title", "Colour");
        assert_eq!(found(&format!("{other} eq 'red'")).await.1, 0);
        for path in ["$select=extension_short_x", "$filter=extension_short_x eq 'a'", "$orderby=extension_short_x"] {
            assert_eq!(app.get(&format!("/v1.0/users?{path}"), token).await.code(), "InvalidFilter", "{path}");
        }
        assert_eq!(app.get(&format!("/v1.0/users?$orderby={TITLE}"), token).await.code(), "InvalidFilter");
        assert_eq!(app.get(&format!("/v1.0/groups?$select={TITLE}"), token).await.code(), "InvalidFilter");
        // It is written by administrators, too, and goes with the access.
        app.patch(&person, token, json!({ TITLE.to_lowercase(): "Lady" })).await.expect(204);
        assert_eq!(selected(&format!("{person}?$select={TITLE}")).await[TITLE], "Lady");
        let wrong = app.patch(&person, token, json!({ TITLE: 7 })).await;
        assert_eq!((wrong.status, wrong.pointers()), (400, vec![format!("/{TITLE}").as_str()]));
        app.patch(&person, token, json!({ TITLE: "Great Dame" })).await.expect(204);
        remove(app, &campaign).await;
        assert_eq!(selected(&format!("{person}?$select={TITLE}")).await.get(TITLE), None);
        assert_eq!(found(&format!("{TITLE} ne null")).await.1, 0);
    });
}

#[test]
fn who_may_not_read_people_finds_nobody_by_their_schema_extensions() {
    const TITLE: &str = "extension_2b676109c7c74ae2b41549205f1947ed_personalTitle";
    on_every_database(async |app| {
        let token = app.token_app().await;
        let ben = format!("/v1.0/users/{}", company::person("ben"));
        app.patch(&ben, &token, json!({ TITLE: "Lord" })).await.expect(204);
        let found = app.get(&format!("/v1.0/users?$filter={TITLE} eq 'Lord'"), &token).await.expect(200);
        assert_eq!(found.values().len(), 1);
        let gil = app.token_of_person("gil").await;
        let path = format!("/v1.0/users?$filter={TITLE} eq 'Lord'");
        let seen = app.get(&path, &gil).await;
        assert!(seen.status == 403 || seen.values().is_empty(), "{}", seen.text);
        // Who is deleted for a while is not found, and is again when he is back.
        app.delete(&ben, &token).await.expect(204);
        assert_eq!(app.get(&path, &token).await.expect(200).values().len(), 0);
        let restored = format!("/v1.0/directory/deletedItems/{}/restore", company::person("ben"));
        app.post(&restored, &token, Value::Null).await.expect(200);
        assert_eq!(app.get(&path, &token).await.expect(200).values().len(), 1);
    });
}

#[test]
fn a_delivery_that_is_withdrawn_takes_its_attributes_back() {
    on_every_database(async |app| {
        // The group has its master in a directory outside, so that the delivery waits.
        app.master_elsewhere(company::group("sales"), true).await;
        let campaign = Campaign::start(app).await;
        set(app, &campaign, json!([attribute("jobTitle", true, false)])).await.expect(201);
        let id = question(app, &campaign, 0).await;
        let answered = with_answer(campaign.request("adminAdd", "carla"), &id, "Analyst");
        let request = campaign.ask(app, &campaign.token, answered).await.expect(201).id();
        assert_eq!(job_title(app, &campaign).await, "Analyst");
        let path = format!("{EM}/assignmentRequests/{request}/cancel");
        app.post(&path, &campaign.token, Value::Null).await.expect(204);
        app.drain().await;
        assert_eq!(job_title(app, &campaign).await, Value::Null);
    });
}

#[test]
fn an_extension_writes_the_attribute_it_answers_and_keeps_the_one_it_does_not() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let path = format!("{EM}/assignmentPolicies/{}", campaign.policy);
        let on = json!({ "requestorSettings": { "enableTargetsToSelfUpdateAccess": true } });
        app.patch(&path, &campaign.token, on).await.expect(204);
        set(app, &campaign, json!([attribute("jobTitle", true, false)])).await.expect(201);
        let question = question(app, &campaign, 0).await;
        let answered = with_answer(campaign.request("adminAdd", "carla"), &question, "Analyst");
        campaign.ask(app, &campaign.token, answered).await.expect(201);
        app.drain().await;
        let carla = app.token_of_person("carla").await;
        let id = campaign.held_by(app, "carla").await.unwrap_or_default();
        let extend = json!({ "requestType": "userExtend", "assignment": { "id": id } });
        app.advance("P5D").await;
        campaign.ask(app, &carla, extend.clone()).await.expect(201);
        assert_eq!(job_title(app, &campaign).await, "Analyst");
        app.advance("P5D").await;
        campaign.ask(app, &carla, with_answer(extend, &question, "Lead")).await.expect(201);
        assert_eq!(job_title(app, &campaign).await, "Lead");
        remove(app, &campaign).await;
        assert_eq!(job_title(app, &campaign).await, Value::Null);
    });
}
