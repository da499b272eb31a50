//! The manifests, as `cargo metadata` reports them, against the table.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{DRIVER_USERS, DRIVERS, INPUT_OUTPUT, PLANNED, PURE, ROWS, Row, Violation};
use crate::failure::{Failure, Outcome};

const TABLE: &str = "crate-table";
const CRATE: &str = "crate-dependency";
const THIRD_PARTY: &str = "third-party";

/// A workspace member as Cargo reports it.
struct Member<'a> {
    package: &'a str,
    /// Its `Cargo.toml`, relative to the repository, and the text of it.
    manifest: String,
    text: String,
    /// Package names of what it ships with: normal and build dependencies.
    dependencies: Vec<&'a str>,
}

pub(super) fn check(metadata: &Value, root: &Path) -> Outcome<Vec<Violation>> {
    let members = members(metadata, root)?;
    let mut violations = missing_crates(&members);
    for member in &members {
        match ROWS.iter().find(|row| package_of(row.name) == member.package) {
            Some(row) => violations.extend(check_member(row, member)),
            None => violations.push(member.violation(1, TABLE, "is not in the table of xtask/src/check_deps.rs")),
        }
    }
    Ok(violations)
}

fn missing_crates(members: &[Member]) -> Vec<Violation> {
    let rows = ROWS.iter().filter(|row| !PLANNED.contains(&row.name));
    let missing = rows.filter(|row| members.iter().all(|member| member.package != package_of(row.name)));
    let violation = |row: &Row| Violation {
        path: manifest_of(row.name),
        line: 1,
        rule: TABLE,
        text: format!("{} is in the table but not in the workspace", package_of(row.name)),
    };
    missing.map(violation).collect()
}

fn check_member(row: &Row, member: &Member) -> Vec<Violation> {
    let mut violations = Vec::new();
    if member.manifest != manifest_of(row.name) {
        // The rules for sources go by folder; a crate in another folder would escape them.
        violations.push(member.violation(1, TABLE, &format!("belongs in {}", manifest_of(row.name))));
    }
    for dependency in &member.dependencies {
        let line = line_of(&member.text, dependency);
        let used = ROWS.iter().find(|other| package_of(other.name) == *dependency);
        if used.is_some_and(|used| !row.may_use.contains(&used.name)) {
            violations.push(member.violation(line, CRATE, &format!("must not use {dependency}")));
        }
        if is_banned(row.name, dependency) {
            violations.push(member.violation(line, THIRD_PARTY, &format!("must not use {dependency}")));
        }
    }
    violations
}

fn is_banned(name: &str, dependency: &str) -> bool {
    (PURE.contains(&name) && INPUT_OUTPUT.contains(&dependency))
        || (DRIVERS.contains(&dependency) && !DRIVER_USERS.contains(&name))
}

impl Member<'_> {
    fn violation(&self, line: usize, rule: &'static str, what: &str) -> Violation {
        Violation { path: self.manifest.clone(), line, rule, text: format!("{} {what}", self.package) }
    }
}

fn members<'a>(metadata: &'a Value, root: &Path) -> Outcome<Vec<Member<'a>>> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .map(|package| member(package, root))
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::new("`cargo metadata` reports packages in a form we do not know"))
}

fn member<'a>(package: &'a Value, root: &Path) -> Option<Member<'a>> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    let shipped = package["dependencies"].as_array()?.iter().filter(|dependency| dependency["kind"] != "dev");
    Some(Member {
        package: package["name"].as_str()?,
        manifest: manifest.strip_prefix(root).unwrap_or(manifest).display().to_string(),
        text: fs::read_to_string(manifest).unwrap_or_default(),
        dependencies: shipped.map(|dependency| dependency["name"].as_str()).collect::<Option<_>>()?,
    })
}

fn package_of(name: &str) -> String {
    if name == "xtask" { name.to_owned() } else { format!("tenure-{name}") }
}

fn manifest_of(name: &str) -> String {
    if name == "xtask" { "xtask/Cargo.toml".to_owned() } else { format!("crates/{name}/Cargo.toml") }
}

/// The line of a manifest that begins with the dependency's name; the first line when it is written otherwise.
fn line_of(manifest: &str, dependency: &str) -> usize {
    let names_it = |line: &str| {
        let rest = line.trim_start().strip_prefix(dependency);
        rest.is_some_and(|rest| rest.starts_with(['.', '=', ' ']))
    };
    manifest.lines().position(names_it).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::super::ROWS;
    use super::{check, line_of, manifest_of, package_of};

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies = dependencies.iter().map(|(name, kind)| json!({"name": name, "kind": kind}));
        json!({
            "name": package_of(name),
            "manifest_path": format!("/repository/{}", manifest_of(name)),
            "dependencies": dependencies.collect::<Vec<_>>(),
        })
    }

    /// The findings in a workspace that has every crate of the table, with `changed` in place of its namesake.
    fn findings(changed: &Value) -> Vec<String> {
        let untouched = ROWS.iter().map(|row| package(row.name, &[]));
        let untouched = untouched.filter(|package| package["name"] != changed["name"]);
        let packages: Vec<Value> = untouched.chain([changed.clone()]).collect();
        found(&json!({ "packages": packages }))
    }

    fn found(metadata: &Value) -> Vec<String> {
        check(metadata, Path::new("/repository")).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_may_use_what_its_row_names_and_nothing_else() {
        assert_eq!(findings(&package("store", &[("tenure-domain", None), ("tenure-odata", None)])), [""; 0]);
        assert_eq!(
            findings(&package("domain", &[("tenure-store", None)])),
            ["crates/domain/Cargo.toml:1: crate-dependency: tenure-domain must not use tenure-store"]
        );
        assert_eq!(findings(&package("xtask", &[("tenure-domain", None)])).len(), 1);
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert_eq!(findings(&package("api", &[("tenure-testkit", Some("dev"))])), [""; 0]);
        assert_eq!(findings(&package("api", &[("tenure-testkit", None)])).len(), 1);
        assert_eq!(findings(&package("api", &[("tenure-testkit", Some("build"))])).len(), 1);
    }

    #[test]
    fn pure_crates_have_no_input_or_output() {
        assert_eq!(findings(&package("odata", &[("jiff", None), ("tokio", Some("dev"))])), [""; 0]);
        assert_eq!(
            findings(&package("odata", &[("tokio", None)])),
            ["crates/odata/Cargo.toml:1: third-party: tenure-odata must not use tokio"]
        );
        assert_eq!(findings(&package("service", &[("tokio", None)])), [""; 0]);
    }

    #[test]
    fn only_the_store_speaks_to_a_database() {
        for driver in ["rusqlite", "tokio-postgres"] {
            assert_eq!(findings(&package("store", &[(driver, None)])), [""; 0]);
            assert_eq!(findings(&package("testkit", &[(driver, None)])), [""; 0]);
            assert_eq!(findings(&package("jobs", &[(driver, None)])).len(), 1);
            assert_eq!(findings(&package("server", &[(driver, None)])).len(), 1);
        }
    }

    #[test]
    fn workspace_and_table_name_the_same_crates() {
        let every: Vec<Value> = ROWS.iter().map(|row| package(row.name, &[])).collect();
        assert_eq!(found(&json!({ "packages": every })), [""; 0]);
        assert_eq!(
            found(&json!({ "packages": every[1..] })),
            ["crates/domain/Cargo.toml:1: crate-table: tenure-domain is in the table but not in the workspace"]
        );
        assert_eq!(
            findings(&package("extra", &[])),
            ["crates/extra/Cargo.toml:1: crate-table: tenure-extra is not in the table of xtask/src/check_deps.rs"]
        );
    }

    #[test]
    fn a_crate_lives_in_its_own_folder() {
        let mut moved = package("api", &[]);
        moved["manifest_path"] = json!("/repository/crates/http/Cargo.toml");
        assert_eq!(
            findings(&moved),
            ["crates/http/Cargo.toml:1: crate-table: tenure-api belongs in crates/api/Cargo.toml"]
        );
    }

    #[test]
    fn the_line_of_a_dependency_is_found_by_its_whole_name() {
        let manifest = "[dependencies]\ntokio-postgres.workspace = true\ntokio = \"1\"\n";
        assert_eq!(line_of(manifest, "tokio"), 3);
        assert_eq!(line_of(manifest, "tokio-postgres"), 2);
        assert_eq!(line_of(manifest, "axum"), 1);
    }
}
