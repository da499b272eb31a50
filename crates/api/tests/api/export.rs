//! Lists as files (behaviour.md i.1): the rows, filter, order and rights of the list, whole, and never half of it unnoticed.

use crate::EM;
use crate::campaign::Campaign;
use crate::delegation::{Shelf, give};
use crate::following::holders;
use axum::body::Body;
use axum::http::Response;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tenure_domain::authorize::{DirectoryRole, EntitlementRole};
use tenure_domain::csv::Reader;
use tenure_domain::limits::{EXPORT_CONCURRENCY, EXPORT_ROWS};
use tenure_testkit::app::{HOST, on_every_database, request};
use tenure_testkit::{TestApp, company};

const EXPORT: &str = "/tenure/v1/export/identityGovernance/entitlementManagement";

/// The lines of a table, the names first.
fn lines(text: &str) -> Vec<Vec<String>> {
    Reader::new(text).map(|record| record.expect("a table").cells).collect()
}

/// One column of a table.
fn column(text: &str, name: &str) -> Vec<String> {
    let lines = lines(text);
    let at = lines[0].iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name} in {:?}", lines[0]));
    lines.iter().skip(1).map(|line| line[at].clone()).collect()
}

#[test]
fn assignments_and_requests_come_with_what_stands_around_them() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let assignment = campaign.assign(app, "ben").await;
        let token = campaign.token.as_str();
        let file = app.get(&format!("{EXPORT}/assignments?$filter=state eq 'delivered'&format=csv"), token).await;
        let file = file.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"assignments.csv\"");
        let names = "id,state,status,subjectId,displayName,userPrincipalName,mail,type,lifecycle,connectedOrganization,\
                     policy,start,end,requestedBy,deliveredAt,accessPackage";
        assert_eq!(file.text.lines().next(), Some(names));
        let rows = lines(&file.text);
        let list = app.get(&format!("{EM}/assignments"), token).await.expect(200);
        let schedule = &list.values()[0]["schedule"];
        let now = schedule["startDateTime"].as_str().unwrap_or_default();
        let end = schedule["expiration"]["endDateTime"].as_str().unwrap_or_default();
        let person = company::person("ben").to_string();
        assert_eq!(rows[1][..2], [assignment.as_str(), "delivered"]);
        assert_eq!(rows[1][3..6], [person.as_str(), "Ben Carter", &company::principal_name("ben")]);
        assert_eq!(rows[1][7..10], ["user", "notDefined", ""]);
        assert_eq!(rows[1][10..], ["Everybody", now, end, "Writer", now, "Campaign"]);
        assert_eq!(rows.len(), 2);
        let file = app.get(&format!("{EXPORT}/assignmentRequests?format=csv"), token).await.expect(200);
        let names = "id,type,state,status,requestor,target,policy,created,completed,stageDecisions,accessPackage";
        assert_eq!(file.text.lines().next(), Some(names));
        let rows = lines(&file.text);
        assert_eq!(rows[1][1..7], ["adminAdd", "delivered", "Fulfilled", "Writer", "Ben Carter", "Everybody"]);
        // What was selected is what there is.
        let few = app.get(&format!("{EXPORT}/assignments?$select=id,state&format=csv"), token).await.expect(200);
        assert_eq!(few.text, format!("id,state\r\n{assignment},delivered\r\n"));
    });
}

#[test]
fn a_list_is_exported_whole_in_its_order_in_both_formats() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let rows = EXPORT_ROWS as usize;
        holders(app, &campaign, rows + 20).await;
        let token = campaign.token.as_str();
        let names = |n: usize| format!("Person {n}");
        let mut wanted: Vec<String> = (0..rows + 20).map(names).collect();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        let options = "$filter=startswith(displayName, 'Person')&$orderby=displayName desc";
        let path = format!("/tenure/v1/export/users?{options}");
        let csv = app.get(&format!("{path}&$select=displayName,id&format=csv"), token).await.expect(200);
        assert_eq!(column(&csv.text, "displayName"), wanted);
        let jsonl = app.get(&format!("{path}&$select=displayName&format=jsonl"), token).await.expect(200);
        assert_eq!(jsonl.header("content-type"), "application/jsonl; charset=utf-8");
        let read: Vec<Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let read: Vec<&str> = read.iter().filter_map(|row| row["displayName"].as_str()).collect();
        assert_eq!(read, wanted);
        let expanded = format!("{EXPORT}/assignments?$expand=target,accessPackage&format=jsonl");
        let expanded = app.get(&expanded, token).await.expect(200);
        assert_eq!(expanded.text.lines().count(), rows + 20);
        let first: Value = serde_json::from_str(expanded.text.lines().next().unwrap_or_default()).expect("JSON");
        assert_eq!(first["accessPackage"]["displayName"], "Campaign");
        let all = app.get(&format!("{EXPORT}/assignments?format=csv"), token).await.expect(200);
        assert_eq!(column(&all.text, "id").len(), rows + 20);
    });
}

#[test]
fn rights_are_those_of_the_list() {
    on_every_database(async |app| {
        let (mine, theirs) = (Shelf::make(app, "Mine").await, Shelf::make(app, "Theirs").await);
        give(app, EntitlementRole::CatalogReader, company::person("carla"), &mine.scope()).await;
        let carla = app.token_of_person("carla").await;
        let ben = app.token_of_person("ben").await;
        for set in
            ["assignments", "accessPackages", "assignmentRequests", "catalogs", "connectedOrganizations", "subjects"]
        {
            for token in [&carla, &ben, &app.token_reader().await] {
                let list = app.get(&format!("{EM}/{set}?$top=999"), token).await;
                let csv = app.get(&format!("{EXPORT}/{set}?format=csv"), token).await;
                let jsonl = app.get(&format!("{EXPORT}/{set}?format=jsonl"), token).await;
                assert_eq!((csv.status, jsonl.status), (list.status, list.status), "{set}");
                if list.status == 200 {
                    assert_eq!(column(&csv.text, "id"), list.column("id"), "{set}");
                    let lines = jsonl.text.lines().map(|l| serde_json::from_str(l).expect("JSON"));
                    assert_eq!(lines.collect::<Vec<Value>>(), list.values(), "{set}");
                } else {
                    assert_eq!(csv.code(), list.code(), "{set}");
                }
            }
        }
        assert_eq!(app.get(&format!("{EXPORT}/assignments?format=csv"), "").await.status, 401);
        let nested = format!("{EXPORT}/catalogs/{}/accessPackages?format=csv", theirs.catalog);
        assert_eq!(app.get(&nested, &carla).await.status, 404);
        let nested = format!("{EXPORT}/catalogs/{}/accessPackages?format=csv", mine.catalog);
        assert_eq!(column(&app.get(&nested, &carla).await.expect(200).text, "id"), [mine.package.as_str()]);
        let about_me = format!("{EXPORT}/assignments/filterByCurrentUser(on='target')?format=csv");
        assert_eq!(column(&app.get(&about_me, &ben).await.expect(200).text, "id").len(), 0);
    });
}

#[test]
fn no_cell_is_a_formula() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for name in ["=HYPERLINK(\"http://x\")", "@home", "a, \"b\""] {
            app.post(&format!("{EM}/catalogs"), &token, json!({ "displayName": name })).await.expect(201);
        }
        let path = format!("{EXPORT}/catalogs?$select=displayName&$orderby=displayName&format=csv");
        let file = app.get(&path, &token).await.expect(200);
        let names = "displayName\r\n\"'=HYPERLINK(\"\"http://x\"\")\"\r\n'@home\r\n\"a, \"\"b\"\"\"\r\nGeneral\r\n";
        assert_eq!(file.text, names);
    });
}

#[test]
fn what_is_no_list_or_no_table_is_refused_clearly() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let token = campaign.token.as_str();
        let status = async |path: &str| {
            let answer = app.get(&format!("/tenure/v1/export/{path}"), token).await;
            (answer.status, answer.code().to_owned())
        };
        let (bad, gone) = ((400, "InvalidFilter".to_owned()), (404, "UnknownRoute".to_owned()));
        assert_eq!(status("users").await, bad, "a format is needed");
        assert_eq!(status("users?format=xml").await, bad);
        assert_eq!(status("users?format=csv&$top=5").await, bad);
        assert_eq!(status("users?format=csv&$expand=manager").await, bad);
        assert_eq!(status("users?format=csv&$select=businessPhones").await, bad);
        assert_eq!(status("users?format=csv&$filter=wrong eq 1").await, bad);
        assert_eq!(status("users/$count?format=csv").await, gone);
        assert_eq!(status(&format!("users/{}?format=csv", company::person("ben"))).await, gone);
        assert_eq!(status("nothing?format=csv").await, gone);
        assert_eq!(status("jobs?format=csv").await, gone, "only what the published API has");
        assert_eq!(app.post("/tenure/v1/export/users?format=csv", token, Value::Null).await.status, 405);
    });
}

async fn opened(app: &TestApp, path: &str, token: &str) -> Response<Body> {
    let bearer = format!("Bearer {token}");
    app.open(request("GET", path, &[("host", HOST), ("authorization", &bearer)], "")).await
}

#[test]
fn an_export_that_cannot_go_on_breaks_off_and_does_not_look_like_the_end() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        holders(app, &campaign, EXPORT_ROWS as usize + 1).await;
        app.give_role(DirectoryRole::GlobalReader, company::person("carla")).await;
        let carla = app.token_of_person("carla").await;
        let answer = opened(app, &format!("{EXPORT}/assignments?format=csv"), &carla).await;
        assert_eq!(answer.status(), 200);
        let mut body = answer.into_body().into_data_stream();
        let first = body.next().await.expect("a page").expect("bytes");
        assert_eq!(lines(&String::from_utf8_lossy(&first)).len(), EXPORT_ROWS as usize + 1);
        // Her account is blocked between two pages.
        let path = format!("/v1.0/users/{}", company::person("carla"));
        app.patch(&path, &campaign.token, json!({ "accountEnabled": false })).await.expect(204);
        assert!(body.next().await.is_some_and(|read| read.is_err()), "the connection is broken off");
    });
}

#[test]
fn so_many_exports_are_under_way_at_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = "/tenure/v1/export/users?format=csv";
        let mut held = Vec::new();
        for _ in 0..EXPORT_CONCURRENCY {
            let answer = opened(app, path, &token).await;
            assert_eq!(answer.status(), 200);
            held.push(answer);
        }
        assert_eq!(opened(app, path, &token).await.status(), 503);
        held.pop();
        assert_eq!(opened(app, path, &token).await.status(), 200, "one was taken to its end, or given up");
    });
}
