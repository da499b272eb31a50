//! The demo tenant as it is served: everything in it can be read in both versions, and its people can do what they came
//! for.

use crate::schema::sets;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_demo::{CLIENT_ID, DOMAIN, READER_CLIENT_ID};
use tenure_odata::edm::Version;
use tenure_testkit::TestApp;
use tenure_testkit::app::{on_every_database, on_every_demo};

/// Every row of a list, page by page.
async fn rows(app: &TestApp, token: &str, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(at) = next {
        let page = app.get(&at, token).await.expect(200);
        all.extend(page.values().iter().cloned());
        next = page.json["@odata.nextLink"].as_str().map(|l| l.trim_start_matches("https://localhost").to_owned());
    }
    all
}

#[test]
fn everything_in_the_demo_can_be_read_to_its_end_with_all_that_hangs_on_it() {
    on_every_demo(async |app| {
        let token = app.token_demo(READER_CLIENT_ID).await;
        for version in [Version::V1, Version::Beta] {
            for (path, set) in sets(version) {
                if set.id == "oauth2PermissionGrants" {
                    // The reader was not given the permission.
                    continue;
                }
                let count: usize =
                    app.get(&format!("{path}/$count"), &token).await.expect(200).text.parse().unwrap_or(0);
                let all = rows(app, &token, &format!("{path}?$top=20&$expand=*")).await;
                assert_eq!(all.len(), count, "{path}");
                let needs_rows = !["deletedItems", "oauth2PermissionGrants"].contains(&set.id);
                assert!(count > 0 || !needs_rows, "{path} is empty");
                let Some(id) = all.first().and_then(|row| row["id"].as_str()) else { continue };
                let one = app.get(&format!("{path}/{id}"), &token).await.expect(200);
                for (name, value) in one.json.as_object().into_iter().flatten().filter(|(n, _)| *n != "@odata.context")
                {
                    assert_eq!(all[0].get(name), Some(value), "{path}: {name} reads the same in the list");
                }
            }
        }
    });
}

#[test]
fn a_requestor_of_the_demo_gets_a_package_and_loses_it_in_time() {
    on_every_demo(async |app| {
        let requestor = app.token_person(&format!("requestor@{DOMAIN}")).await;
        let can = format!("{EM}/accessPackages/filterByCurrentUser(on='allowedRequestor')?$select=id,displayName");
        let offered = app.get(&can, &requestor).await.expect(200);
        let found = offered.values().iter().find(|p| p["displayName"] == "Marketing Campaign").cloned();
        let package = found.unwrap_or_default()["id"].clone();
        let body = json!({ "requestType": "UserAdd", "accessPackageAssignment": { "accessPackageId": package } });
        app.post(&format!("{EM_BETA}/accessPackageAssignmentRequests"), &requestor, body).await.expect(201);
        app.drain().await;
        let mine = format!(
            "{EM}/assignments/filterByCurrentUser(on='target')?$filter=accessPackage/id eq '{}'",
            package.as_str().unwrap_or_default()
        );
        assert_eq!(app.get(&mine, &requestor).await.expect(200).column("state"), ["delivered"]);
        app.advance("P1Y").await;
        assert_eq!(app.get(&mine, &requestor).await.expect(200).column("state"), ["expired"]);
        let writer = app.token_demo(CLIENT_ID).await;
        let live =
            app.get(&format!("{EM}/assignments/$count?$filter=state eq 'delivering'"), &writer).await.expect(200);
        assert_eq!(live.text, "0", "nothing hangs after a year");
    });
}

#[test]
fn no_list_is_open_to_strangers_or_to_an_app_without_permissions() {
    on_every_database(async |app| {
        let nobody = crate::clients::new_app(app, "Nobody", &[]).await.token(app).await;
        for version in [Version::V1, Version::Beta, Version::Own] {
            for (path, set) in sets(version) {
                assert_eq!(app.get(&path, "").await.status, 401, "{path}");
                for path in [path.clone(), format!("{path}/$count"), format!("{path}/x")] {
                    let answer = app.get(&path, &nobody).await;
                    assert!([403, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
                }
                assert_eq!(app.get(&path, &nobody).await.status, 403, "{path}");
                for nav in set.entity.navigations.iter().filter_map(|n| n.name.get(version)) {
                    let nested = format!("{path}/fab00000-0000-4000-8000-000000000003/{nav}");
                    let answer = app.get(&nested, &nobody).await;
                    assert!([403, 404].contains(&answer.status), "{nested}: {} {}", answer.status, answer.text);
                }
            }
        }
    });
}
