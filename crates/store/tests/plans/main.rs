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

/// The release of the server whose plans were kept. Another one may read in another order, by other indexes; that it
/// must not scan either is asked of every release.
const SERVER_RELEASE: &str = "15";

/// What snapshots of a kind of database are called.
const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Embedded => "embedded",
        Kind::Server => "server",
    }
}

/// Whether plans of this database were kept.
fn has_snapshot(app: &TestApp) -> bool {
    let release = || app.database().ask("SHOW server_version").concat();
    app.kind == Kind::Embedded || release().split('.').next() == Some(SERVER_RELEASE)
}

#[test]
fn hot_statements_keep_their_plans_and_scan_no_table_that_grows() {
    let mut faults = Vec::new();
    for kind in kinds() {
        let (app, loaded) = TestApp::loaded(kind, ROWS);
        let mut seen = Seen::default();
        calls::make_all(&app, &loaded, &mut seen);
        seen.explain(&app);
        if has_snapshot(&app) {
            let mut settings = Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_snapshot_path("snapshots");
            settings.bind(|| assert_snapshot!(word(kind), seen.text()));
        }
        faults.extend(scans::of(&seen).into_iter().map(|scan| format!("{} scans {scan}", word(kind))));
        // A database that nobody has counted yet must do as well.
        if kind == Kind::Embedded {
            app.database().forget_statistics();
            let mut uncounted = seen.clone();
            uncounted.explain(&app);
            faults.extend(scans::of(&uncounted).into_iter().map(|scan| format!("before it was counted, {scan}")));
        }
        let unseen = Store::statements().into_iter().filter(|sql| sql.hot && !seen.has(sql.text));
        faults.extend(unseen.map(|sql| format!("{}::{} is marked hot, and no call needs it", sql.module, sql.name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
