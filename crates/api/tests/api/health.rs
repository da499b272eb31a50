//! Whether a server is ready, and what it does not do when it is not.

use crate::campaign::Campaign;
use serde_json::json;
use tenure_testkit::app::on_every_database;

/// Seconds by which the clock of this node goes wrong.
const WRONG_BY_SECONDS: i64 = 10_000 * 86_400;

#[test]
fn a_node_whose_clock_is_wrong_starts_no_jobs_and_says_so() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        let carla = app.token_of_person("carla").await;
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": campaign.package } });
        campaign.ask(app, &carla, body).await.expect(201);
        app.get("/readyz", "").await.expect(200);

        app.let_pass(WRONG_BY_SECONDS);
        let skew = app.engine().measure_skew().await.expect("the database tells the time");
        assert!(skew < -1_000_000, "this node is ahead: {skew}");
        let refused = app.get("/readyz", "").await;
        assert_eq!(refused.status, 503);
        assert!(refused.text.contains("no jobs are started here"), "{}", refused.text);
        app.runner().work().await.expect("nothing to fail");
        assert_eq!(app.runner().waiting().await.expect("a count").effects, 1, "the mail still waits");
        assert_eq!(app.get("/healthz", "").await.status, 200, "requests are answered all the same");
        app.drain().await;
    });
}
