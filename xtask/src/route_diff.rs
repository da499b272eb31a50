//! `cargo xtask route-diff`: our routes against a list of the published ones. The server's own resolver says what is
//! served, so a test of `api` that others leave out does the work.

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Context, Failure, Outcome};
use crate::workspace::Workspace;

const TEST: &str = "routes::published_routes_are_served";

/// The verb.
pub fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let shows_generated = arguments.flag("--all");
    let paths = arguments.pass_on();
    let [path] = paths.as_slice() else {
        return Err(Failure::new("route-diff needs the list to compare with: a table with tabs"));
    };
    let path = Path::new(path).canonicalize().context(format!("finding {path}"))?.display().to_string();
    let mut environment = vec![("TENURE_ROUTES", path.as_str())];
    environment.extend(shows_generated.then_some(("TENURE_ROUTES_ALL", "1")));
    let words =
        ["test", "--quiet", "-p", "tenure-api", "--test", "api", "--", "--ignored", "--nocapture", "--exact", TEST];
    Workspace::load()?.cargo(&words, &environment)?;
    Ok(ExitCode::SUCCESS)
}
