//! Files of assignments (decisions.md C8): rows are carried out as direct assignments by whoever sent them, chunk by chunk.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use crate::delegation::{Shelf, give};
use serde_json::{Value, json};
use std::fmt::Write;
use tenure_domain::authorize::{DirectoryRole, EntitlementRole};
use tenure_domain::limits::{IMPORT_CHUNK, IMPORT_ROWS_MAX};
use tenure_testkit::app::{HOST, on_every_database, request};
use tenure_testkit::{Answer, TestApp, company};

const IMPORT: &str = "/tenure/v1/assignments/import";
const CSV: &str = "text/csv; charset=utf-8";

/// Sends a file.
pub async fn send(app: &TestApp, token: &str, path: &str, (kind, text): (&str, &str)) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", kind)];
    app.send(request("POST", path, &headers, text)).await
}

/// Sends a file that is taken, and has it carried out; gives the job and its rows.
async fn imported(app: &TestApp, token: &str, path: &str, file: (&str, &str)) -> (Value, Vec<Value>) {
    let taken = send(app, token, path, file).await.expect(202);
    let job = format!("/tenure/v1/jobs/{}", taken.id());
    assert_eq!(taken.header("location"), format!("https://localhost{job}"));
    app.drain().await;
    let rows = app.get(&format!("{job}/rows?$top=999"), token).await.expect(200).values().to_vec();
    (app.get(&job, token).await.expect(200).json, rows)
}

fn states(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["state"].as_str().unwrap_or_default()).collect()
}

async fn new_user(app: &TestApp, alias: &str, mail: Option<&str>) -> String {
    let body = json!({ "displayName": alias, "mailNickname": alias, "userPrincipalName": company::principal_name(alias),
        "accountEnabled": true, "mail": mail, "passwordProfile": { "password": company::PASSWORD } });
    app.post("/v1.0/users", &app.token_app().await, body).await.expect(201).id()
}

async fn count(app: &TestApp, set: &str, token: &str) -> String {
    let counted = app.get(&format!("{EM}/{set}/$count"), token).await.expect(200);
    counted.text.trim_start_matches('\u{feff}').to_owned()
}

#[test]
fn a_table_is_carried_out_row_by_row_and_the_same_file_again_adds_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let text = format!(
            "accessPackage,policy,target,name,start,end,justification\r\n\
             Campaign,Everybody,{},,,P10D,because\r\n\
             {},{},{},,,,\r\n\
             campaign,,newcomer@partner.example,New Comer,2026-04-01T00:00:00Z,,\r\n\
             Nothing,,{},,,,\r\n\
             Campaign,,nobody,,,,\r\n\
             Campaign,Nobody's,{},,,,\r\n\
             Campaign,,{},,,,\r\n",
            company::principal_name("anna"),
            campaign.package,
            campaign.policy,
            company::person("ben"),
            company::principal_name("carla"),
            company::principal_name("carla"),
            company::person("anna"),
        );
        let (job, rows) = imported(app, token, IMPORT, (CSV, &text)).await;
        assert_eq!(job["kind"], "assignmentImport");
        assert_eq!((&job["state"], &job["total"], &job["done"]), (&json!("completed"), &json!(7), &json!(7)));
        assert_eq!(job["accessPackageId"], Value::Null);
        let first = &rows[0];
        assert_eq!((&first["line"], &first["number"], &first["state"]), (&json!(2), &json!(1), &json!("made")));
        let path = format!("{EM}/assignmentRequests/{}", first["requestId"].as_str().unwrap_or("none"));
        let made = app.get(&path, token).await.expect(200).json;
        assert_eq!((&made["requestType"], &made["justification"]), (&json!("adminAdd"), &json!("because")));
        let codes: Vec<&str> = rows.iter().map(|r| r["code"].as_str().unwrap_or("-")).collect();
        assert_eq!(states(&rows)[1], "made");
        assert_eq!(codes[3..], ["ResourceNotFound", "Request_ResourceNotFound", "ResourceNotFound", "InvalidModel"]);
        assert!(rows[6]["message"].as_str().is_some_and(|m| m.contains("line 2")), "{}", rows[6]);
        assert_eq!(job["failed"], json!(rows.iter().filter(|r| r["state"] == "refused").count()));
        assert!(campaign.held_by(app, "anna").await.is_some() && campaign.held_by(app, "ben").await.is_some());
        assert!(campaign.held_by(app, "carla").await.is_none());

        let before = (count(app, "assignments", token).await, count(app, "assignmentRequests", token).await);
        let (again, rows) = imported(app, token, IMPORT, (CSV, &text)).await;
        assert_ne!(again["id"], job["id"], "the first one was over");
        assert_eq!(states(&rows)[..2], ["unchanged", "unchanged"]);
        assert!(!states(&rows).contains(&"made"), "{rows:#?}");
        assert_eq!((count(app, "assignments", token).await, count(app, "assignmentRequests", token).await), before);
    });
}

#[test]
fn somebody_from_outside_is_assigned_by_his_address() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let shelf = Shelf::make(app, "Mine").await;
        let policy = json!({ "displayName": "Partners", "accessPackage": { "id": shelf.package },
            "allowedTargetScope": "allExternalUsers", "expiration": { "type": "noExpiration" } });
        app.post(&format!("{EM}/assignmentPolicies"), &token, policy).await.expect(201);
        let open = json!({ "isExternallyVisible": true });
        app.patch(&format!("{EM}/catalogs/{}", shelf.catalog), &token, open).await.expect(204);
        let line = json!({ "accessPackage": "Mine package", "policy": "partners", "target": "Ada@Partner.example",
            "name": "Ada Partner" });
        let text = format!("{line}\n{line}\n");
        let (job, rows) = imported(app, &token, IMPORT, ("application/jsonl", &text)).await;
        assert_eq!(states(&rows), ["made", "unchanged"], "{job} {rows:#?}");
        let found = app.get(&format!("{EM}/subjects?$filter=email eq 'ada@partner.example'"), &token).await.expect(200);
        assert_eq!(found.column("displayName"), ["Ada Partner"]);
    });
}

#[test]
fn a_dry_run_looks_at_every_row_and_changes_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        campaign.assign(app, "ben").await;
        let before = (count(app, "assignments", token).await, count(app, "assignmentRequests", token).await);
        let line = |target: &str| json!({ "accessPackage": "Campaign", "target": target }).to_string();
        let all = [company::principal_name("anna"), company::principal_name("ben"), company::principal_name("nils")];
        let text: Vec<String> = all.iter().map(|target| line(target)).collect();
        let path = format!("{IMPORT}?dryRun=true");
        let (job, rows) = imported(app, token, &path, ("application/x-ndjson", &text.join("\n"))).await;
        assert_eq!((&job["kind"], &job["state"]), (&json!("assignmentImportDryRun"), &json!("completed")));
        assert_eq!(states(&rows)[..2], ["valid", "unchanged"]);
        assert_eq!(rows[0]["requestId"], Value::Null);
        assert_eq!((count(app, "assignments", token).await, count(app, "assignmentRequests", token).await), before);
        let refused = send(app, token, &format!("{IMPORT}?dryRun=maybe"), ("text/csv", "x")).await.expect(400);
        assert_eq!(refused.pointers(), ["dryRun"]);
    });
}

#[test]
fn a_bad_file_is_refused_as_a_whole_by_line_and_column() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let faults = async |kind: &str, text: &str| {
            let refused = send(app, token, IMPORT, (kind, text)).await.expect(400);
            (refused.pointers().join(" "), refused.message().to_owned())
        };
        let (places, message) = faults(CSV, "accessPackage,target,wish\na,b,c").await;
        assert_eq!(places, "1:3");
        assert!(message.starts_with("line 1, column 3: `wish` is no column"), "{message}");
        assert_eq!(faults(CSV, "accessPackage,target\nCampaign,anna\nCampaign").await.0, "3:2");
        assert_eq!(faults(CSV, "accessPackage,target,end\nCampaign,anna,soon").await.0, "2:end");
        assert_eq!(faults("application/jsonl", "{\"accessPackage\":\"a\",\"target\":\"b\"}\n{").await.0, "2:1");
        let many = format!("accessPackage,target\n{}", "C,a\n".repeat(IMPORT_ROWS_MAX + 1));
        assert_eq!(send(app, token, IMPORT, (CSV, &many)).await.expect(400).code(), "LimitExceeded");
        assert_eq!(send(app, token, IMPORT, ("text/plain", "x")).await.status, 415);
        assert_eq!(app.get(IMPORT, token).await.status, 405);
        assert!(app.get("/tenure/v1/jobs", token).await.expect(200).values().is_empty(), "nothing was begun");
    });
}

#[test]
fn an_ambiguous_name_is_a_fault_of_its_row() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let other = json!({ "displayName": "Another" });
        let other = app.post(&format!("{EM}/catalogs"), token, other).await.expect(201).id();
        let namesake = json!({ "displayName": "Twin", "catalog": { "id": other } });
        app.post(&format!("{EM}/accessPackages"), token, namesake).await.expect(201);
        let namesake = json!({ "displayName": "Twin", "catalog": { "id": campaign.catalog } });
        app.post(&format!("{EM}/accessPackages"), token, namesake).await.expect(201);
        campaign
            .add_policy(
                app,
                json!({ "displayName": "Everybody", "accessPackage": { "id": campaign.package },
            "allowedTargetScope": "notSpecified" }),
            )
            .await;
        new_user(app, "max", Some("max@shared.example")).await;
        new_user(app, "moritz", Some("max@shared.example")).await;
        let text = "accessPackage,policy,target\nTwin,,anna@fabrikam.example\nCampaign,,max@shared.example\n\
                    Campaign,Everybody,anna@fabrikam.example\n";
        let (_, rows) = imported(app, token, IMPORT, (CSV, text)).await;
        assert_eq!(states(&rows), ["refused"; 3]);
        for (row, name) in rows.iter().zip(["`Twin`", "`max@shared.example`", "`Everybody`"]) {
            let message = row["message"].as_str().unwrap_or_default();
            assert!(message.contains(name) && message.contains("write the id"), "{message}");
        }
    });
}

#[test]
fn rows_are_carried_out_with_the_rights_that_their_sender_has_then() {
    on_every_database(async |app| {
        let (mine, theirs) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Theirs").await);
        let held = give(app, EntitlementRole::AssignmentManager, company::person("carla"), &mine.scope()).await;
        let carla = app.token_of_person("carla").await;
        let text = format!(
            "accessPackage,policy,target\nMine package,Mine policy,{ben}\nTheirs package,,{ben}\n{},,{ben}\n",
            theirs.package,
            ben = company::person("ben"),
        );
        let (job, rows) = imported(app, &carla, IMPORT, (CSV, &text)).await;
        assert_eq!(states(&rows), ["made", "refused", "refused"], "{rows:#?}");
        assert_eq!(rows[1]["code"], "ResourceNotFound", "what she does not see is not there");
        assert_eq!(rows[2]["code"], "ResourceNotFound");
        assert_eq!(job["failed"], 2);
        let told = app.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Administrator directly assigns user to access package'", &app.token_app().await).await.expect(200);
        let by: Vec<&Value> = told.values().iter().map(|v| &v["initiatedBy"]["user"]["id"]).collect();
        assert!(by.contains(&&json!(company::person("carla"))), "the audit names her: {by:?}");

        // A role that ends before the rows have their turn permits nothing any more.
        let file = format!("accessPackage,policy,target\nMine package,,{}\n", company::person("anna"));
        let taken = send(app, &carla, IMPORT, (CSV, &file)).await.expect(202);
        app.delete(&format!("{}/{held}", crate::delegation::ASSIGNMENTS), &app.token_app().await).await.expect(204);
        app.drain().await;
        let path = format!("/tenure/v1/jobs/{}/rows", taken.id());
        let rows = app.get(&path, &app.token_app().await).await.expect(200);
        assert_eq!(rows.column("code"), ["Authorization_RequestDenied"]);
        assert_eq!(send(app, &carla, IMPORT, (CSV, "what")).await.status, 403, "before the file is looked at");
        let ben = app.token_of_person("ben").await;
        assert_eq!(app.get(&path, &ben).await.status, 403);
        assert_eq!(app.get(&format!("/tenure/v1/jobs/{}", taken.id()), &ben).await.status, 404);
    });
}

#[test]
fn a_file_is_paused_and_resumed_by_its_sender_and_by_who_assigns_everywhere() {
    on_every_database(async |app| {
        let mine = Shelf::make(app, "Mine").await;
        for who in ["carla", "gil"] {
            give(app, EntitlementRole::AssignmentManager, company::person(who), &mine.scope()).await;
        }
        let (carla, gil, admin) =
            (app.token_of_person("carla").await, app.token_of_person("gil").await, app.token_app().await);
        let text = format!("accessPackage,policy,target\nMine package,Mine policy,{}\n", company::person("ben"));
        let taken = send(app, &carla, IMPORT, (CSV, &text)).await.expect(202);
        let path = format!("/tenure/v1/jobs/{}", taken.id());
        let say = async |token: &str, what: &str| app.post(&format!("{path}/{what}"), token, json!({})).await.status;
        let state = async || app.get(&path, &carla).await.expect(200).json["state"].clone();
        assert_eq!((say(&gil, "pause").await, state().await), (404, json!("waiting")), "it is not his");
        assert_eq!((say(&carla, "pause").await, state().await), (204, json!("paused")));
        app.drain().await;
        assert_eq!(state().await, "paused", "nothing was done");
        assert_eq!((say(&admin, "resume").await, state().await), (204, json!("waiting")));
        app.drain().await;
        assert_eq!(state().await, "completed");
        let rows = app.get(&format!("{path}/rows"), &carla).await.expect(200);
        assert_eq!(rows.column("state"), ["made"], "{}", rows.text);
    });
}

#[test]
fn an_application_with_a_role_reads_what_became_of_its_file() {
    on_every_database(async |app| {
        let mine = Shelf::make(app, "Mine").await;
        let robot = crate::clients::new_app(app, "Robot", &[]).await;
        give(app, EntitlementRole::CatalogOwner, &robot.principal, &mine.scope()).await;
        let token = robot.token(app).await;
        let text = format!("accessPackage,policy,target\nMine package,,{}\n", company::person("ben"));
        let (job, rows) = imported(app, &token, IMPORT, (CSV, &text)).await;
        assert_eq!((&job["state"], states(&rows)), (&json!("completed"), vec!["made"]));
    });
}

#[test]
fn a_token_that_was_revoked_carries_out_nothing() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        app.give_role(DirectoryRole::IdentityGovernanceAdministrator, company::person("carla")).await;
        let carla = app.token_of_person("carla").await;
        let file = format!("accessPackage,target\nCampaign,{}\n", company::person("ben"));
        let taken = send(app, &carla, IMPORT, (CSV, &file)).await.expect(202);
        let path = format!("/v1.0/users/{}", company::person("carla"));
        app.patch(&path, &campaign.token, json!({ "accountEnabled": false })).await.expect(204);
        app.drain().await;
        let path = format!("/tenure/v1/jobs/{}/rows", taken.id());
        assert_eq!(app.get(&path, &campaign.token).await.expect(200).column("code"), ["InvalidAuthenticationToken"]);
        assert!(campaign.held_by(app, "ben").await.is_none());
    });
}

#[test]
fn rows_are_carried_out_in_chunks_and_go_on_where_they_stood() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let chunk = IMPORT_CHUNK as usize;
        let mut text = "accessPackage,policy,target\n".to_owned();
        for n in 0..=2 * chunk {
            let id = new_user(app, &format!("person{n}"), None).await;
            writeln!(text, "Campaign,{},{id}", campaign.policy).expect("a text");
        }
        let taken = send(app, token, IMPORT, (CSV, &text)).await.expect(202);
        let path = format!("/tenure/v1/jobs/{}", taken.id());
        assert_eq!(send(app, token, IMPORT, (CSV, &text)).await.expect(202).id(), taken.id(), "it is under way");
        let stand = async || {
            let job = app.get(&path, token).await.expect(200).json;
            let made = app.get(&format!("{path}/rows/$count?$filter=state eq 'made'"), token).await.expect(200);
            (job["state"].clone(), job["done"].clone(), made.text.trim_start_matches('\u{feff}').to_owned())
        };
        assert_eq!(stand().await, (json!("waiting"), json!(0), "0".to_owned()));
        app.runner().pass().await.expect("a pass");
        assert_eq!(stand().await, (json!("running"), json!(chunk), chunk.to_string()));
        // The node is gone while it held the next rows; another one goes on.
        let lease = uuid::Uuid::from_u128(9);
        let times = tenure_store::queue::ClaimTimes { due: app.now(), wall: app.wall() };
        let claim = app.engine().claim(move |tx| {
            tenure_store::queue::claim(tx, tenure_store::queue::Queue::Jobs, times, lease);
            Ok(())
        });
        claim.await.expect("a claim");
        app.runner().take_over().await.expect("the leases are free");
        app.drain().await;
        let all = 2 * chunk + 1;
        assert_eq!(stand().await, (json!("completed"), json!(all), all.to_string()));
        let filter = format!("$filter=accessPackage/id eq '{}' and state eq 'delivered'", campaign.package);
        let held = app.get(&format!("{EM}/assignments/$count?{filter}"), token).await.expect(200);
        assert_eq!(held.text.trim_start_matches('\u{feff}'), all.to_string());
        let page = app.get(&format!("{path}/rows?$top=10&$select=number,state"), token).await.expect(200);
        assert_eq!(page.column("number"), (1..=10).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(page.json["@odata.nextLink"].is_string());
    });
}

#[test]
fn questions_are_answered_by_columns() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = open_policy(&campaign.package);
        policy["questions"] = json!([{ "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "text": "Why?", "isRequired": true, "sequence": 1, "isSingleLineQuestion": true }]);
        let id = campaign.add_policy(app, policy).await;
        let path = format!("{EM}/assignmentPolicies/{id}");
        let question = app.get(&path, &campaign.token).await.expect(200).json["questions"][0]["id"].clone();
        let question = question.as_str().unwrap_or_default();
        let text = format!(
            "accessPackage,target,answer:{question}\nCampaign,{},\"so, that\"\nCampaign,{},\n",
            company::person("ben"),
            company::person("carla")
        );
        let (_, rows) = imported(app, &campaign.token, IMPORT, (CSV, &text)).await;
        assert_eq!(states(&rows)[0], "made", "{rows:#?}");
        let made = rows[0]["requestId"].as_str().unwrap_or_default();
        let made = app.get(&format!("{EM}/assignmentRequests/{made}"), &campaign.token).await.expect(200);
        assert_eq!(made.json["answers"][0]["value"], "so, that");
    });
}
