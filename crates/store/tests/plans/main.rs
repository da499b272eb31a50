//! Plans are held still: what the product asks a database at 10,000 assignments is explained, compared with a snapshot,
//! and must not scan a table that grows. `cargo xtask prove plans` does the same at a million, and times the reads.

mod calls;
mod prove;
mod scans;
mod seen;

use insta::{Settings, assert_snapshot};
use seen::Seen;
use tenure_store::Store;
use tenure_testkit::app::TestApp;
use tenure_testkit::db::{Kind, kinds};

/// Assignments of the snapshots.
const ROWS: u32 = 10_000;

/// What snapshots of a kind of database are called.
const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Embedded => "embedded",
        Kind::Server => "server",
    }
}

#[test]
fn hot_statements_keep_their_plans_and_scan_no_table_that_grows() {
    for kind in kinds() {
        let (app, loaded) = TestApp::loaded(kind, ROWS);
        let mut seen = Seen::default();
        app.run(calls::make_all(&app, &loaded, &mut seen));
        seen.explain(&app);
        let mut settings = Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("snapshots");
        settings.bind(|| assert_snapshot!(word(kind), seen.text()));
        assert_eq!(scans::of(&seen), Vec::<String>::new(), "tables that grow are scanned on {kind:?}");
        // A database that nobody has counted yet must do as well.
        if kind == Kind::Embedded {
            app.database().forget_statistics();
            let mut uncounted = seen.clone();
            uncounted.explain(&app);
            assert_eq!(scans::of(&uncounted), Vec::<String>::new(), "tables are scanned before they were counted");
        }
        let missing: Vec<String> = Store::statements()
            .into_iter()
            .filter(|sql| sql.hot && !seen.has(sql.text))
            .map(|sql| format!("{}::{}", sql.module, sql.name))
            .collect();
        assert_eq!(missing, Vec::<String>::new(), "statements are marked hot and no call of this test needs them");
    }
}
