//! What the bulk loader leaves is what the use cases would have left: the invariants hold, and the API serves it.

use tenure_testkit::app::TestApp;
use tenure_testkit::company;
use tenure_testkit::db::kinds;
use tenure_testkit::load::Backlog;

const ROWS: u32 = 2_000;
const API: &str = "/v1.0/identityGovernance/entitlementManagement";

/// Statements that count what must not be there.
const MUST_BE_NONE: [(&str, &str); 10] = [
    (
        "grants no assignment is linked to",
        "SELECT count(*) FROM grant_row v WHERE NOT EXISTS (SELECT 1 FROM assignment_grant g WHERE g.grant_id = v.id)",
    ),
    (
        "grants whose wish is not that of their links",
        "SELECT count(*) FROM grant_row v WHERE v.desired <> EXISTS (SELECT 1 FROM assignment_grant g WHERE g.grant_id = v.id AND g.is_live)",
    ),
    (
        "live links of ended assignments, or the reverse",
        "SELECT count(*) FROM assignment a JOIN assignment_grant g ON g.assignment_id = a.id WHERE g.is_live <> a.is_live",
    ),
    (
        "delivered assignments without the membership",
        "SELECT count(*) FROM assignment a JOIN assignment_grant g ON g.assignment_id = a.id JOIN grant_row v ON v.id = g.grant_id JOIN resource r ON r.id = v.resource_id WHERE a.state = 2 AND NOT EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = r.origin_object AND m.member_id = a.target_id)",
    ),
    (
        "ended assignments with the membership",
        "SELECT count(*) FROM assignment a JOIN assignment_grant g ON g.assignment_id = a.id JOIN grant_row v ON v.id = g.grant_id JOIN resource r ON r.id = v.resource_id WHERE a.state = 3 AND EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = r.origin_object AND m.member_id = a.target_id)",
    ),
    (
        "assignments whose request is of another pair",
        "SELECT count(*) FROM assignment a LEFT JOIN request q ON q.id = a.request_id AND q.assignment_id = a.id AND q.package_id = a.package_id AND q.target_id = a.target_id AND q.catalog_id = a.catalog_id WHERE q.id IS NULL",
    ),
    (
        "live assignments with an end and no timer, or a timer without one",
        "SELECT count(*) FROM assignment a WHERE (a.is_live AND a.ends_at IS NOT NULL) <> EXISTS (SELECT 1 FROM timer t WHERE t.subject_kind = 2 AND t.subject_id = a.id)",
    ),
    (
        "people without a subject or without search terms",
        "SELECT count(*) FROM dir_user u WHERE u.upn LIKE '%@load.example' AND (NOT EXISTS (SELECT 1 FROM subject s WHERE s.object_id = u.id) OR NOT EXISTS (SELECT 1 FROM search_term st WHERE st.object_id = u.id))",
    ),
    (
        "requests that wait for nobody, or without a timer",
        "SELECT count(*) FROM request q WHERE q.state = 1 AND (NOT EXISTS (SELECT 1 FROM approval_stage s JOIN stage_approver a ON a.request_id = s.request_id AND a.number = s.number AND a.is_open WHERE s.request_id = q.id AND s.number = q.stage AND s.state = 2) OR NOT EXISTS (SELECT 1 FROM timer t JOIN approval_stage s ON s.request_id = t.subject_id AND s.remind_at = t.fire_at WHERE t.subject_kind = 1 AND t.subject_id = q.id))",
    ),
    (
        "groups that do not contain themselves",
        "SELECT count(*) FROM dir_group g WHERE NOT EXISTS (SELECT 1 FROM group_closure c WHERE c.descendant_id = g.id AND c.ancestor_id = g.id)",
    ),
];

#[test]
fn a_company_loaded_in_bulk_is_one_the_use_cases_could_have_made() {
    for kind in kinds() {
        let (app, loaded) = TestApp::loaded(kind, ROWS);
        assert_eq!(loaded.by_state.iter().sum::<u32>(), ROWS);
        assert!(
            loaded.by_state[0] > 0 && loaded.by_state[3] > 100 && loaded.by_state[2] > ROWS / 2,
            "{:?}",
            loaded.by_state
        );
        for (what, statement) in MUST_BE_NONE {
            assert_eq!(app.database().ask(statement), ["0"], "{what} on {kind:?}");
        }
        app.run(async {
            let reader = app.token_reader().await;
            let all = app.get(&format!("{API}/assignments/$count"), &reader).await.expect(200);
            assert_eq!(all.text, ROWS.to_string());
            let package = &loaded.packages[0];
            let filter = format!("$filter=accessPackage/id eq '{}'", package.id);
            let list = app.get(&format!("{API}/assignments?{filter} and state eq 'delivered'&$count=true&$top=5&$expand=target,accessPackage"), &reader).await.expect(200);
            let members = app.get(&format!("/v1.0/groups/{}/members/$count", package.group), &reader).await.expect(200);
            assert_eq!(list.json["@odata.count"].to_string(), members.text);
            assert_eq!(list.json["value"].as_array().map(Vec::len), Some(5));
            assert!(list.json["value"][0]["target"]["email"].as_str().unwrap_or_default().ends_with("@load.example"));
            let everybody = app.get(&format!("/v1.0/groups/{}/transitiveMembers/microsoft.graph.user/$count", loaded.everybody), &reader).await.expect(200);
            assert_eq!(everybody.text, "500");
            let one = app.get(&format!("{API}/assignments/{}", loaded.assignments[0]), &reader).await.expect(200);
            assert_eq!(one.json["state"], "delivered");
            let writer = app.token_app().await;
            let body = serde_json::json!({"requestType": "adminAdd", "assignment": {
                "targetId": package.strangers[0], "assignmentPolicyId": package.policy, "accessPackageId": package.id}});
            app.post(&format!("{API}/assignmentRequests"), &writer, body).await.expect(201);
            let removal = serde_json::json!({"requestType": "adminRemove", "assignment": {"id": loaded.assignments[0]}});
            app.post(&format!("{API}/assignmentRequests"), &writer, removal).await.expect(201);
            app.drain().await;
            let after = app.get(&format!("/v1.0/groups/{}/members/$count", package.group), &reader).await.expect(200);
            assert!(after.text == members.text || after.text.parse::<u32>().ok() == members.text.parse::<u32>().ok().map(|n| n + 1));
            app.finish().await;
        });
        let again = TestApp::loaded(kind, ROWS).1;
        assert_eq!(again.assignments, loaded.assignments, "the same seed gives the same company");
    }
}

#[test]
fn requests_that_were_loaded_wait_for_their_approver() {
    const WAITING: u32 = 300;
    for kind in kinds() {
        let approver = company::person("ben");
        let (app, loaded) = TestApp::loaded_with(kind, ROWS, Some(Backlog { approver, requests: WAITING }));
        for (what, statement) in MUST_BE_NONE {
            assert_eq!(app.database().ask(statement), ["0"], "{what} on {kind:?}");
        }
        assert_eq!(loaded.assignments, TestApp::loaded(kind, ROWS).1.assignments, "all else is the same");
        app.run(async {
            let ben = app.token_of_person("ben").await;
            let mine = format!("{API}/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')");
            let page = app.get(&format!("{mine}?$top=1&$expand=stages"), &ben).await.expect(200);
            let (request, stage) = (&page.json["value"][0]["id"], &page.json["value"][0]["stages"][0]["id"]);
            let (request, stage) = (request.as_str().unwrap_or_default(), stage.as_str().unwrap_or_default());
            let uri = format!("{API}/accessPackageAssignmentApprovals/{request}/stages/{stage}");
            app.patch(&uri, &ben, serde_json::json!({ "reviewResult": "Approve" })).await.expect(204);
            app.drain().await;
            let reader = app.token_reader().await;
            let asked = app.get(&format!("{API}/assignmentRequests/{request}"), &reader).await.expect(200);
            assert_eq!(asked.json["state"], "delivered");
            let waiting = format!("{API}/assignmentRequests/$count?$filter=state eq 'pendingApproval'");
            let waiting = app.get(&waiting, &reader).await.expect(200);
            assert_eq!(waiting.text, (WAITING - 1).to_string());
            app.finish().await;
        });
    }
}
