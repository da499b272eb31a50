//! Delta queries (semantics.md 1.5; ADR 17): with nothing changed a round is empty, a change is told once, and nothing is
//! missed, however transactions overlap.

use serde_json::{Value, json};
use std::sync::mpsc::channel;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{CHANGE_KEEP_DAYS, CHANGES_PRUNED, DELTA_FILTER_MAX, DELTA_LIFE_DAYS};
use tenure_service::rows::directory::{change, group, member, object};
use tenure_service::{Cost, Identity, ServiceError, bootstrap};
use tenure_store::Sql;
use tenure_testkit::app::{on_every_database, on_two_nodes};
use tenure_testkit::db::kinds;
use tenure_testkit::{Answer, Kind, TestApp, company};
use uuid::Uuid;

const USERS: &str = "/v1.0/users/delta()";
const GROUPS: &str = "/v1.0/groups/delta()";
/// How many pages a round of these tests has at most.
const PAGES_MAX: usize = 50;

fn local(link: &Value) -> Option<String> {
    Some(link.as_str()?.trim_start_matches("https://localhost").to_owned())
}

/// A whole round: its values, and the link to the next one.
async fn round(app: &TestApp, token: &str, start: &str) -> (Vec<Value>, String) {
    let (mut path, mut values) = (start.to_owned(), Vec::new());
    for _ in 0..PAGES_MAX {
        let page = app.get(&path, token).await.expect(200);
        values.extend(page.values().iter().cloned());
        match (local(&page.json["@odata.nextLink"]), local(&page.json["@odata.deltaLink"])) {
            (Some(next), None) => path = next,
            (None, Some(end)) => return (values, end),
            links => panic!("a page has one link, not {links:?}"),
        }
    }
    panic!("{start} does not end")
}

/// Each value as `name` or `id`, with why it was removed and its members.
fn told(app: &TestApp, values: &[Value]) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let mark = |v: &Value| match v["@removed"]["reason"].as_str() {
        Some(reason) => format!(" ({reason})"),
        None => String::new(),
    };
    let one = |v: &Value| {
        let members: Vec<String> = v["members@delta"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|m| format!("{}{}", app.plain(&text(&m["id"])), mark(m)))
            .collect();
        let members = if members.is_empty() { String::new() } else { format!(": {}", members.join(", ")) };
        format!("{}{}{members}", app.plain(&text(&v["id"])), mark(v))
    };
    values.iter().map(|value| one(value).replace(['<', '>'], "")).collect()
}

/// What a round tells, and the link to the next one.
async fn follow(app: &TestApp, token: &str, link: &str) -> (Vec<String>, String) {
    let (values, next) = round(app, token, link).await;
    (told(app, &values), next)
}

/// Only what comes from now on.
async fn latest(app: &TestApp, token: &str, path: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    let (values, link) = round(app, token, &format!("{path}{mark}$deltatoken=latest")).await;
    assert_eq!(values, [0; 0], "nothing is listed");
    link
}

fn reference(id: impl std::fmt::Display) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

async fn rename(app: &TestApp, token: &str, path: &str, name: &str) {
    app.patch(path, token, json!({ "displayName": name })).await.expect(204);
}

fn person(alias: &str) -> String {
    format!("/v1.0/users/{}", company::person(alias))
}

fn new_person(alias: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@fabrikam.example"),
        "passwordProfile": { "password": company::PASSWORD },
    })
}

#[test]
fn the_first_round_lists_everything_and_the_next_one_nothing() {
    on_every_database(async |app| {
        let token = app.token_reader().await;
        for (set, properties) in [
            ("users", "displayName,userPrincipalName"),
            ("groups", "displayName,description"),
            ("directoryObjects", "id"),
            ("servicePrincipals", "displayName,appId"),
            ("applications", "displayName,appId"),
        ] {
            for version in ["v1.0", "beta"] {
                for call in ["delta()", "delta", "microsoft.graph.delta()", "microsoft.graph.delta"] {
                    let start = format!("/{version}/{set}/{call}?$select={properties}&$top=2");
                    let (values, link) = round(app, &token, &start).await;
                    let all = app.get(&format!("/{version}/{set}?$select=id"), &token).await.expect(200);
                    let ids: Vec<&Value> = values.iter().map(|v| &v["id"]).collect();
                    assert_eq!(ids, all.values().iter().map(|v| &v["id"]).collect::<Vec<_>>(), "{start}");
                    let (values, again) = round(app, &token, &link).await;
                    assert_eq!(values, [0; 0], "{start}");
                    let (values, _) = round(app, &token, &again).await;
                    assert_eq!(values, [0; 0], "{start}");
                }
            }
        }
    });
}

#[test]
fn every_change_of_a_person_is_told_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (_, link) = round(app, &token, USERS).await;
        rename(app, &token, &person("carla"), "Carla D.").await;
        rename(app, &token, &person("carla"), "Carla Díaz-Mora").await;
        rename(app, &token, &person("ben"), "Benjamin Carter").await;
        let (values, link) = round(app, &token, &link).await;
        assert_eq!(told(app, &values), ["user:carla", "user:ben"], "in the order of their last changes");
        assert_eq!(values[0]["displayName"], "Carla Díaz-Mora");
        assert_eq!(values[0]["userPrincipalName"], "carla@fabrikam.example", "with all that lists show");

        app.delete(&person("carla"), &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:carla (changed)"], "she can be brought back");
        let bin = format!("/v1.0/directory/deletedItems/{}", company::person("carla"));
        app.post(&format!("{bin}/restore"), &token, Value::Null).await.expect(200);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:carla"]);
        app.delete(&person("carla"), &token).await.expect(204);
        app.delete(&bin, &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:carla (deleted)"], "one row for all that happened to her");

        let dora = app.made(app.post("/v1.0/users", &token, new_person("dora")).await, "user:dora");
        let emil = app.made(app.post("/v1.0/users", &token, new_person("emil")).await, "user:emil");
        app.delete(&format!("/v1.0/users/{emil}"), &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:dora", "user:emil (changed)"], "who came and went is told of, too");
        app.delete(&format!("/v1.0/users/{dora}"), &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:dora (changed)"]);
        app.advance("P31D").await;
        app.forget_tokens();
        let (token, anew) = (app.token_app().await, app.get(&link, &token).await);
        assert!([401, 410].contains(&anew.status), "after a month the token is void: {}", anew.text);
        let (values, _) = follow(app, &token, USERS).await;
        assert_eq!(values.len(), 4);
    });
}

#[test]
fn thirty_days_after_a_deletion_the_end_is_told() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        app.delete(&person("carla"), &token).await.expect(204);
        app.advance("P29D").await;
        app.forget_tokens();
        let token = app.token_app().await;
        let link = latest(app, &token, USERS).await;
        app.advance("P2D").await;
        app.forget_tokens();
        let (values, _) = follow(app, &app.token_app().await, &link).await;
        assert_eq!(values, ["user:carla (deleted)"]);
    });
}

#[test]
fn members_come_and_go_once() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (sales, carla) = (company::group("sales"), company::person("carla"));
        let (values, link) = follow(app, &token, &format!("{GROUPS}?$top=2")).await;
        // A group may stand on several pages, each with some of its members.
        assert_eq!(
            values,
            ["group:sales", "group:staff", "group:staff: user:anna, user:ben", "group:staff: user:carla"]
        );
        let (whole, _) = follow(app, &token, GROUPS).await;
        assert_eq!(whole, ["group:sales", "group:staff: user:anna, user:ben, user:carla"]);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);

        let members = format!("/v1.0/groups/{sales}/members");
        app.post(&format!("{members}/$ref"), &token, reference(carla)).await.expect(204);
        app.post(&format!("{members}/$ref"), &token, reference(company::group("staff"))).await.expect(204);
        let (values, link) = round(app, &token, &link).await;
        assert_eq!(told(app, &values), ["group:sales: user:carla, group:staff"], "on one page of two");
        assert_eq!(
            values[0].as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default(),
            ["id", "members@delta"]
        );
        assert_eq!(values[0]["members@delta"][0]["@odata.type"], "#microsoft.graph.user");
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);

        app.delete(&format!("{members}/{carla}/$ref"), &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["group:sales: user:carla (deleted)"]);
        app.post(&format!("{members}/$ref"), &token, reference(carla)).await.expect(204);
        app.delete(&format!("{members}/{carla}/$ref"), &token).await.expect(204);
        app.post(&format!("{members}/$ref"), &token, reference(carla)).await.expect(204);
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, ["group:sales: user:carla"], "how it is now, once");
    });
}

#[test]
fn members_go_and_come_back_with_people_and_groups() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let restore = |id: Uuid| format!("/v1.0/directory/deletedItems/{id}/restore");
        let link = latest(app, &token, GROUPS).await;
        app.delete(&person("carla"), &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["group:staff: user:carla (deleted)"]);
        let (whole, _) = follow(app, &token, GROUPS).await;
        assert_eq!(whole, ["group:sales", "group:staff: user:anna, user:ben"], "as the list of members");
        app.post(&restore(company::person("carla")), &token, Value::Null).await.expect(200);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["group:staff: user:carla"]);
        let staff = format!("/v1.0/groups/{}", company::group("staff"));
        app.delete(&staff, &token).await.expect(204);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["group:staff (changed)"]);
        app.post(&restore(company::group("staff")), &token, Value::Null).await.expect(200);
        let (values, link) = round(app, &token, &link).await;
        assert_eq!(
            told(app, &values),
            ["group:staff: user:anna, user:ben, user:carla"],
            "a follower has forgotten them"
        );
        assert_eq!(values[0]["displayName"], "Staff");
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);
    });
}

#[test]
fn what_is_selected_is_told_and_members_only_when_they_are() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (values, link) = round(app, &token, &format!("{GROUPS}?$select=displayName")).await;
        assert_eq!(values[1], json!({ "id": company::group("staff"), "displayName": "Staff" }));
        let with_members = latest(app, &token, &format!("{GROUPS}?$select=members")).await;
        let path = format!("/v1.0/groups/{}/members/{}/$ref", company::group("staff"), company::person("ben"));
        app.delete(&path, &token).await.expect(204);
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);
        let (values, with_members) = follow(app, &token, &with_members).await;
        assert_eq!(values, ["group:staff: user:ben (deleted)"]);
        rename(app, &token, &format!("/v1.0/groups/{}", company::group("sales")), "Selling").await;
        let (values, _) = round(app, &token, &with_members).await;
        assert_eq!(values, [json!({ "id": company::group("sales") })], "which property changed is not looked at");
    });
}

#[test]
fn a_filter_names_objects_or_types() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (carla, ben) = (company::person("carla"), company::person("ben"));
        let (values, link) = follow(app, &token, &format!("{USERS}?$filter=id eq '{carla}' or id eq '{ben}'")).await;
        assert_eq!(values, ["user:ben", "user:carla"]);
        rename(app, &token, &person("anna"), "Anna B.").await;
        rename(app, &token, &person("ben"), "Ben C.").await;
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:ben"]);
        let staff = company::group("staff");
        let (values, link) = follow(app, &token, &format!("{GROUPS}?$filter=id eq '{staff}'")).await;
        assert_eq!(values, ["group:staff: user:anna, user:ben, user:carla"]);
        let sales = format!("/v1.0/groups/{}/members/$ref", company::group("sales"));
        app.post(&sales, &token, reference(carla)).await.expect(204);
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);

        let objects = "/v1.0/directoryObjects/delta()";
        let both = "isof('microsoft.graph.user') or isof('microsoft.graph.group')";
        let (values, link) = round(app, &token, &format!("{objects}?$filter={both}")).await;
        assert_eq!(values.len(), 7);
        assert!(
            values.iter().all(|v| v["@odata.type"].as_str().is_some_and(|t| t.contains("user") || t.contains("group")))
        );
        let app_path = format!("/v1.0/applications(appId='{}')", company::EXPENSES_ID);
        rename(app, &token, &app_path, "Costs").await;
        app.delete(&person("gil"), &token).await.expect(204);
        let (values, _) = round(app, &token, &link).await;
        let gil = json!({ "@odata.type": "#microsoft.graph.user", "id": company::person("gil"),
            "@removed": { "reason": "changed" } });
        assert_eq!(values, [gil]);

        let named = |n: usize| {
            let ids: Vec<String> = (0..n).map(|n| format!("id eq '{}'", Uuid::from_u128(n as u128 + 1))).collect();
            format!("{USERS}?$filter={}", ids.join(" or "))
        };
        app.get(&named(DELTA_FILTER_MAX), &token).await.expect(200);
        let many = app.get(&named(DELTA_FILTER_MAX + 1), &token).await;
        assert_eq!((many.status, many.code()), (400, "LimitExceeded"));
        for option in [
            "$filter=displayName eq 'Ben'",
            "$filter=not (id eq '00000000-0000-0000-0000-000000000001')",
            "$expand=manager",
            "$orderby=displayName",
            "$skip=1",
            "$search=\"displayName:x\"",
            "$count=true",
            "$select=colour",
        ] {
            let refused = app.get(&format!("{USERS}?{option}"), &token).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidFilter"), "{option}: {}", refused.text);
            assert_eq!(refused.pointers(), [option.split('=').next().unwrap_or_default()]);
        }
    });
}

#[test]
fn a_token_is_good_for_its_own_query_and_for_no_other() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (_, link) = round(app, &token, &format!("{USERS}?$select=displayName")).await;
        let kept = link.split("$deltatoken=").nth(1).unwrap_or_default().to_owned();
        for path in [
            format!("/beta/users/delta()?$select=displayName&$deltatoken={kept}"),
            format!("{GROUPS}?$select=displayName&$deltatoken={kept}"),
            format!("{USERS}?$deltatoken={kept}"),
            format!("{USERS}?$select=mail&$deltatoken={kept}"),
            format!("{USERS}?$select=displayName&$filter=id eq '{}'&$deltatoken={kept}", company::person("ben")),
        ] {
            let refused = app.get(&path, &token).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidDeltaToken"), "{path}");
        }
        let (values, _) =
            round(app, &token, &format!("/v1.0/Users/microsoft.graph.delta?$deltatoken={kept}&$select=displayName"))
                .await;
        assert_eq!(values, [0; 0], "however the path is spelt");
        let both = app.get(&format!("{USERS}?$deltatoken={kept}&$skiptoken={kept}"), &token).await;
        assert_eq!((both.status, both.pointers()), (400, vec!["$deltatoken"]));

        let list = app.get("/v1.0/users?$top=1", &token).await.expect(200);
        let skip = local(&list.json["@odata.nextLink"]).unwrap_or_default();
        let of_list = skip.split("$skiptoken=").nth(1).unwrap_or_default().to_owned();
        let refused = app.get(&format!("{USERS}?$skiptoken={of_list}"), &token).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidDeltaToken"));
        let refused = app.get(&format!("/v1.0/users?$skiptoken={kept}"), &token).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidNextLink"));

        let altered = format!("{}x", &link[..link.len() - 1]);
        for path in [altered, format!("{USERS}?$select=displayName&$deltatoken=abc")] {
            let lost = app.get(&path, &token).await;
            assert_eq!((lost.status, lost.code()), (410, "syncStateNotFound"), "{path}");
            let anew = lost.header("location").trim_start_matches("https://localhost").to_owned();
            assert_eq!(anew, format!("{USERS}?$select=displayName&$deltatoken="));
            assert_eq!(round(app, &token, &anew).await.0.len(), 5, "everything is read again");
        }
        for path in ["/v1.0/me/delta()", "/v1.0/groups/x/members/delta()", "/v1.0/users/delta()/$count"] {
            assert_eq!(app.get(path, &token).await.status, 404, "{path}");
        }
        assert_eq!(app.post(USERS, &token, json!({})).await.status, 405);
    });
}

#[test]
fn a_token_lives_for_seven_days() {
    on_every_database(async |app| {
        let link = latest(app, &app.token_app().await, USERS).await;
        rename(app, &app.token_app().await, &person("ben"), "Ben C.").await;
        app.let_pass(DELTA_LIFE_DAYS * 86_400 - 1);
        app.forget_tokens();
        let (values, _) = follow(app, &app.token_app().await, &link).await;
        assert_eq!(values, ["user:ben"]);
        app.let_pass(1);
        let lost = app.get(&link, &app.token_app().await).await;
        assert_eq!((lost.status, lost.code()), (410, "syncStateNotFound"));
    });
}

#[test]
fn a_token_outlives_the_process_that_made_it() {
    on_two_nodes(async |app, other| {
        let token = app.token_app().await;
        let (_, link) = round(app, &token, GROUPS).await;
        let path = format!("/v1.0/groups/{}/members/{}/$ref", company::group("staff"), company::person("ben"));
        other.delete(&path, &other.token_app().await).await.expect(204);
        let (values, link) = follow(other, &other.token_app().await, &link).await;
        assert_eq!(values.len(), 1);
        assert!(values[0].ends_with("(deleted)"), "{values:?}");
        let (values, _) = follow(other, &other.token_app().await, &link).await;
        assert_eq!(values, [""; 0]);
    });
}

#[test]
fn a_round_of_many_pages_tells_what_was_there_when_it_began() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let link = latest(app, &token, &format!("{USERS}?$top=1")).await;
        for alias in ["anna", "ben", "carla"] {
            rename(app, &token, &person(alias), alias).await;
        }
        let first = app.get(&link, &token).await.expect(200);
        assert_eq!(told(app, first.values()), ["user:anna"]);
        // Between two pages one that was told changes again, and one that was not yet told.
        rename(app, &token, &person("anna"), "Anna").await;
        rename(app, &token, &person("carla"), "Carla").await;
        let next = local(&first.json["@odata.nextLink"]).unwrap_or_default();
        let (values, link) = follow(app, &token, &next).await;
        assert_eq!(values, ["user:ben", "user:carla"]);
        let (values, link) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:anna", "user:carla"], "only what changed during the round is told again");
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, [""; 0]);

        // In the first round as well.
        let first = app.get(&format!("{USERS}?$top=2"), &token).await.expect(200);
        assert_eq!(told(app, first.values()), ["user:anna", "user:ben"]);
        app.delete(&person("anna"), &token).await.expect(204);
        app.made(app.post("/v1.0/users", &token, new_person("dora")).await, "user:dora");
        let (_, link) = round(app, &token, &local(&first.json["@odata.nextLink"]).unwrap_or_default()).await;
        let (values, _) = follow(app, &token, &link).await;
        assert_eq!(values, ["user:anna (changed)", "user:dora"]);
    });
}

/// What is written by a transaction that began before a round and ends after it is told in the next one, although others
/// with larger numbers were told before it; and those are not told again.
#[test]
fn a_transaction_that_is_open_during_a_round_is_not_missed() {
    on_every_database(async |app| {
        if app.kind != Kind::Server {
            // There one transaction writes at a time.
            return;
        }
        let token = app.token_app().await;
        let (_, groups) = round(app, &token, GROUPS).await;
        let users = latest(app, &token, USERS).await;
        let (began, has_begun) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let engine = app.engine().clone();
        let slow = std::thread::spawn(move || {
            engine.write_blocking(move |ctx| {
                let (sales, gil) = (ObjectId(company::group("sales")), ObjectId(company::person("gil")));
                member::mirror(ctx.tx, sales, gil, true, ctx.now);
                tenure_service::rows::directory::user::soft_delete(
                    ctx.tx,
                    &Permit::system(Action::WriteUsers),
                    ObjectId(company::person("nils")),
                    ctx.now,
                );
                // Reading sends what was written: the transaction has its number now.
                ctx.fetch(object::head(gil))?;
                let _ = began.send(());
                let _ = may_go_on.recv();
                Ok::<(), ServiceError>(())
            })
        });
        has_begun.recv().expect("it has begun");
        let members = format!("/v1.0/groups/{}/members/$ref", company::group("sales"));
        app.post(&members, &token, reference(company::person("carla"))).await.expect(204);
        rename(app, &token, &person("ben"), "Ben C.").await;
        let (values, groups) = follow(app, &token, &groups).await;
        assert_eq!(values, ["group:sales: user:carla"]);
        let (values, users) = follow(app, &token, &users).await;
        assert_eq!(values, ["user:ben"]);
        // Whatever happens to it now, also a second try after a lost race, it does not wait any more.
        drop(go_on);
        slow.join().expect("no panic").expect("it commits");
        let (values, groups) = follow(app, &token, &groups).await;
        assert_eq!(values, ["group:sales: user:gil"], "late, and alone");
        let (values, users) = follow(app, &token, &users).await;
        assert_eq!(values, ["user:nils (changed)"]);
        for link in [groups, users] {
            let (values, _) = follow(app, &token, &link).await;
            assert_eq!(values, [""; 0]);
        }
    });
}

/// An application of its own, with these permissions.
async fn token_with(app: &TestApp, number: u128, permissions: &'static [&'static str]) -> String {
    let id = Uuid::from_u128(0xde17_a000 + number);
    let made = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
        bootstrap::create_daemon(ctx, "Follower", id, "secret-of-the-follower", permissions)
    });
    made.await.expect("an application");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &id.to_string()),
        ("client_secret", "secret-of-the-follower"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    app.token(&fields).await.expect(200).json["access_token"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_a_caller_does_not_see_is_not_told() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let gil = app.token_of_person("gil").await;
        for set in ["users", "groups", "directoryObjects", "servicePrincipals", "applications"] {
            let (list, changes) =
                (app.get(&format!("/v1.0/{set}"), &gil).await, app.get(&format!("/v1.0/{set}/delta"), &gil).await);
            assert_eq!((changes.status, changes.code()), (list.status, list.code()), "{set}");
            assert_eq!(changes.status, 403, "who sees only his own follows nothing");
        }
        let of_groups = token_with(app, 1, &["Group.Read.All"]).await;
        let (values, groups) = follow(app, &of_groups, GROUPS).await;
        assert_eq!(values, ["group:sales", "group:staff"], "members are people, whom it does not see");
        let (values, objects) = follow(app, &of_groups, "/v1.0/directoryObjects/delta").await;
        assert_eq!(values, ["group:sales", "group:staff"]);
        assert_eq!(app.get(USERS, &of_groups).await.status, 403);
        let of_all = latest(app, &token, GROUPS).await;
        let sales = format!("/v1.0/groups/{}", company::group("sales"));
        for id in [company::person("carla"), company::group("staff")] {
            app.post(&format!("{sales}/members/$ref"), &token, reference(id)).await.expect(204);
        }
        app.delete(&person("ben"), &token).await.expect(204);
        rename(app, &token, &sales, "Selling").await;
        let (values, _) = follow(app, &of_groups, &groups).await;
        assert_eq!(values, ["group:sales: group:staff"]);
        let (values, _) = follow(app, &of_groups, &objects).await;
        assert_eq!(values, ["group:sales"]);
        let (values, _) = follow(app, &token, &of_all).await;
        assert_eq!(values, ["group:sales: user:carla, group:staff", "group:staff: user:ben (deleted)"]);
        // The token of one who sees less is no token for one who sees more: what he had not seen was never told.
        let more = app.get(&objects, &token).await;
        assert_eq!((more.status, more.code()), (410, "syncStateNotFound"));
        assert!(more.header("location").contains("/v1.0/directoryObjects/delta?"));
    });
}

async fn kept(app: &TestApp, stream: i64) -> i64 {
    let read =
        app.engine().read(Cost::Unknown, Identity::System, Uuid::nil(), move |ctx| ctx.fetch(change::count(stream)));
    read.await.expect("a count").unwrap_or_default()
}

#[test]
fn old_changes_go_and_no_token_that_lives_misses_them() {
    on_every_database(async |app| {
        let many = i64::from(CHANGES_PRUNED) + 20;
        let written = app.engine().write(Identity::System, Uuid::nil(), move |ctx| {
            for _ in 0..many {
                let found = ctx.fetch(group::get(ObjectId(company::group("sales"))))?;
                if let Some(found) = found {
                    group::update(ctx.tx, &Permit::system(Action::WriteGroups), &found, ctx.now)?;
                }
            }
            Ok(())
        });
        written.await.expect("many changes");
        let (groups, members) = (kept(app, 2).await, kept(app, change::MEMBERSHIPS).await);
        assert_eq!((groups, members), (many + 2, 3));
        app.let_pass(86_400);
        app.forget_tokens();
        let link = latest(app, &app.token_app().await, GROUPS).await;
        app.let_pass(DELTA_LIFE_DAYS * 86_400 - 60);
        app.forget_tokens();
        let token = app.token_app().await;
        rename(app, &token, &format!("/v1.0/groups/{}", company::group("staff")), "Everybody").await;
        app.runner().prune().await.expect("it is cleaned");
        assert_eq!(kept(app, 2).await, many + 2, "but for one of the two of the founding, eight days are not over");
        app.let_pass((CHANGE_KEEP_DAYS - DELTA_LIFE_DAYS - 1) * 86_400 + 59);
        app.forget_tokens();
        app.runner().prune().await.expect("it is cleaned");
        assert_eq!(kept(app, 2).await, many + 2, "to the last second");
        let (values, _) = follow(app, &app.token_app().await, &link).await;
        assert_eq!(values, ["group:staff"]);
        app.let_pass(2);
        app.runner().prune().await.expect("it is cleaned");
        assert_eq!(kept(app, 2).await, 2, "the last of the old ones stays, for it may have been the newest");
        assert_eq!(kept(app, change::MEMBERSHIPS).await, members, "who belonged where is history");
        let young = latest(app, &app.token_app().await, GROUPS).await;
        let (values, _) = follow(app, &app.token_app().await, &young).await;
        assert_eq!(values, [""; 0]);
    });
}

/// As if the database had been dumped and brought into a server that counts its transactions from lower numbers.
const COUNTED_FURTHER: Sql = Sql {
    module: "test",
    name: "COUNTED_FURTHER",
    text: "UPDATE directory_change SET stamp = stamp + 4000000000",
    hot: false,
};

#[test]
fn a_database_that_moves_to_another_server_begins_anew() {
    for kind in kinds().into_iter().filter(|kind| *kind == Kind::Server) {
        let app = TestApp::start(kind);
        let link = app.run(async {
            let moved = app.engine().write(Identity::System, Uuid::nil(), |ctx| {
                ctx.tx.write(&COUNTED_FURTHER, Vec::new());
                Ok(())
            });
            moved.await.expect("it is moved");
            let token = app.token_app().await;
            let link = latest(&app, &token, USERS).await;
            rename(&app, &token, &person("ben"), "Ben C.").await;
            link
        });
        let node = app.another_node(Vec::new());
        node.run(async {
            let token = node.token_app().await;
            let lost = node.get(&link, &token).await;
            assert_eq!((lost.status, lost.code()), (410, "syncStateNotFound"), "what came after it would be missed");
            let link = latest(&node, &token, USERS).await;
            rename(&node, &token, &person("ben"), "Ben Carter").await;
            let (values, _) = round(&node, &token, &link).await;
            assert_eq!(values.iter().map(|v| &v["displayName"]).collect::<Vec<_>>(), ["Ben Carter"]);
        });
    }
}

/// The embedded database from a backup: places are counted from where they were then.
#[test]
fn a_token_from_before_a_backup_was_restored_is_void() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        rename(app, &token, &person("ben"), "Ben C.").await;
        let link = latest(app, &token, USERS).await;
        let undone = app.engine().write(Identity::System, Uuid::nil(), |ctx| {
            ctx.tx.write(&UNDONE, Vec::new());
            Ok(())
        });
        undone.await.expect("it is undone");
        app.let_pass(1);
        rename(app, &token, &person("carla"), "Carla D.").await;
        let lost: Answer = app.get(&link, &token).await;
        assert_eq!((lost.status, lost.code()), (410, "syncStateNotFound"));
    });
}

const UNDONE: Sql = Sql {
    module: "test",
    name: "UNDONE",
    text: "DELETE FROM directory_change WHERE place = (SELECT max(place) FROM directory_change)",
    hot: false,
};

#[test]
fn a_batch_follows_changes_as_a_request_does() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let body = json!({ "requests": [
            { "id": "1", "method": "GET", "url": "/users/delta()?$select=id&$top=2" },
            { "id": "2", "method": "GET", "url": "/groups/delta?$deltatoken=latest" },
        ] });
        let answer = app.post("/v1.0/$batch", &token, body).await.expect(200);
        let responses = answer.json["responses"].as_array().cloned().unwrap_or_default();
        assert!(responses[0]["body"]["@odata.nextLink"].is_string(), "{}", answer.text);
        assert!(responses[1]["body"]["@odata.deltaLink"].is_string(), "{}", answer.text);
    });
}
