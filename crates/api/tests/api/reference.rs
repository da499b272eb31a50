//! The pages of `docs/reference/api/`, made from the schema, the table of writes and the matrix of roles: `UPDATE=1` writes
//! them anew.

use crate::authz::written;
use crate::routes::{filled, leads_somewhere, reached};
use crate::schema::{all_sets, operands};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::{env, fs};
use tenure_api::probe;
use tenure_domain::authorize::{Action, permission_hint};
use tenure_domain::limits::{EXPAND_DEPTH_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use tenure_odata::edm::{EntitySet, EntityType, SearchBy, Version};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/api");
const DOCUMENTED: &str = include_str!("../documented-routes.txt");
const MARK: &str = "<!-- made by a test: UPDATE=1 cargo test -p tenure-api --test api reference -->\n";
/// The page of what has no set.
const REST: &str = "other";

/// What the own surface answers outside its sets: method, path, permission, options, errors, what it is.
const OWN: [(&str, &str, &str, &str, &str); 7] = [
    ("GET", "/tenure/v1/clock", "none; in a demo only", "", "404"),
    ("POST", "/tenure/v1/clock", "User.ReadWrite.All; in a demo only", "", "400 401 403 404"),
    ("POST", "/tenure/v1/explain", "EntitlementManagement.Read.All, or for oneself", "", "400 401 403 404"),
    ("GET", "/tenure/v1/explain/{id}", "whoever sees the request", "", "401 404"),
    ("GET", "/tenure/v1/overview", "everybody: what his lists show", "", "401"),
    (
        "GET",
        "/tenure/v1/export/{path of a list of v1.0}",
        "as that list",
        "$filter $orderby $search, format=csv or jsonl",
        "400 401 403 404",
    ),
    (
        "GET",
        "/tenure/v1/reports/users/{id}/{accessPackages or resourceAssignments}",
        "as the lists it is made from",
        "$select $expand $top status",
        "400 401 403 404",
    ),
];

/// One line.
#[derive(PartialEq)]
struct Line {
    route: String,
    versions: Vec<Version>,
    permission: String,
    options: String,
    errors: &'static str,
    is_documented: bool,
}

/// One page: its lines, and the types that its lists are of.
#[derive(Default)]
struct Page {
    lines: Vec<Line>,
    lists: Vec<(Version, String, &'static EntityType)>,
}

impl Page {
    /// Adds a line, whose route is only the method so far, or another version to the line before that says the same.
    fn add(&mut self, version: Version, route: &str, mut line: Line) {
        let method = std::mem::take(&mut line.route);
        line.is_documented = is_documented(&method, route);
        let after = route.strip_prefix(&format!("/{}", version.prefix()));
        line.route = format!("{method} {}", after.unwrap_or(route));
        let same = self.lines.iter_mut().find(|l| {
            l.route == line.route
                && l.permission == line.permission
                && (l.is_documented == line.is_documented)
                && (version == Version::Own) == l.versions.contains(&Version::Own)
        });
        match same {
            Some(found) if found.versions.contains(&version) => {}
            Some(found) => found.versions.push(version),
            None => self.lines.push(line),
        }
    }
}

/// A route as the list of documented ones writes it: the method stands before.
fn normal(route: &str) -> String {
    let parts = route.split('/').map(|part| match part.split_once('(') {
        _ if part.starts_with('{') => "{}".to_owned(),
        Some((name, _)) => format!("{name}()"),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

fn is_documented(method: &str, route: &str) -> bool {
    let wanted = format!("{method} {}", normal(route));
    DOCUMENTED.lines().any(|line| line.eq_ignore_ascii_case(&wanted))
}

/// Who may, by the matrix.
fn permitted(action: Option<Action>) -> String {
    let Some(action) = action else { return "whoever may read it".to_owned() };
    let demand = action.demand();
    let mut text: Vec<&str> = demand.capabilities.iter().map(|c| permission_hint(*c)).collect();
    text.dedup();
    let mut text = text.join(" or ");
    let roles: Vec<&str> =
        demand.directory.iter().map(|r| r.name()).chain(demand.entitlement.iter().map(|r| r.name())).collect();
    if demand.everybody {
        text.push_str("; every person");
    } else if !roles.is_empty() {
        write!(text, "; {}", roles.join(", ")).expect("a text");
    }
    text
}

/// What a read needs to show more than one's own.
fn readable(entity: &EntityType) -> String {
    let names: Vec<&str> = probe::needed_to_read(entity).iter().map(|c| permission_hint(*c)).collect();
    names.join(" or ")
}

/// Query options and errors of a read.
fn read_options(route: &str, entity: &EntityType, is_one: bool) -> (String, &'static str) {
    let search = if matches!(entity.search, SearchBy::Nothing) { "" } else { " $search" };
    let last = route.rsplit('/').next().unwrap_or_default();
    if last.starts_with("delta(") {
        ("$select $filter (by id) $top".to_owned(), "400 401 403 410")
    } else if last == "$count" {
        (format!("$filter{search}"), "400 401 403")
    } else if is_one || last == "{id}" {
        ("$select $expand".to_owned(), "400 401 403 404")
    } else {
        (format!("$filter $orderby $select $expand $count $top $skip{search}"), "400 401 403 404")
    }
}

fn errors_of_write(method: &str, shape: &str) -> &'static str {
    match method {
        "POST" if !shape.contains("{}") => "400 401 403 404 409",
        "POST" => "400 401 403 404",
        _ if shape.ends_with("$ref") => "400 401 403 404",
        "DELETE" => "400 401 403 404 412",
        _ => "400 401 403 404 409 412",
    }
}

/// The rest of a written shape in the words of a version; nothing where that version does not have it.
fn in_version(set: &EntitySet, rest: &str, version: Version) -> Option<String> {
    let mut entity = set.entity;
    let mut out = String::new();
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        out.push('/');
        if part == "{}" {
            out.push_str("{id}");
            continue;
        }
        if let Some(name) = part.strip_suffix("()") {
            let operation = entity.operations.iter().find(|o| o.name == name);
            if operation.is_some_and(|o| !o.is_in(version)) {
                return None;
            }
            out.push_str(name);
            continue;
        }
        let nav = entity.navigations.iter().find(|n| Version::ALL.into_iter().any(|v| n.name.is(v, part)));
        match nav {
            Some(nav) => {
                out.push_str(nav.name.get(version)?);
                entity = nav.target;
            }
            None => out.push_str(part),
        }
    }
    Some(out)
}

fn leads_to(version: Version, method: &str, path: &str, shape: &str) -> bool {
    let after = path.strip_prefix(&format!("/{}", version.prefix())).unwrap_or(path);
    let found = probe::route(version, method, &filled(after));
    found.is_some_and(|(found, _)| found == shape) || after.to_ascii_lowercase().contains("resourcerolescopes/{id}")
}

fn line(method: &str, permission: String, (options, errors): (String, &'static str), version: Version) -> Line {
    Line { route: method.to_owned(), versions: vec![version], permission, options, errors, is_documented: false }
}

fn pages() -> BTreeMap<String, Page> {
    let mut pages: BTreeMap<String, Page> = BTreeMap::new();
    for version in Version::ALL {
        for (path, set) in all_sets(version) {
            let page = pages.entry(set.id.to_owned()).or_default();
            if !set.is_one {
                page.lists.push((version, path.clone(), set.entity));
            }
            for (method, route) in reached(&path, set.entity, version, set.is_one) {
                let nav = route.rsplit('/').next().and_then(|last| set.entity.navigation(version, last));
                let is_nav = route != path;
                let (entity, is_one) = match nav.filter(|_| is_nav) {
                    Some(nav) => (nav.target, !nav.many),
                    None => (set.entity, set.is_one),
                };
                let line = line(&method, readable(entity), read_options(&route, entity, is_one), version);
                let route = route.replace("='{}'", "='…'");
                page.add(version, &route, line);
            }
        }
    }
    for (method, shape) in tenure_api::written() {
        let action = written(method, shape).unwrap_or_else(|| panic!("{method} {shape} has no row")).0;
        let (permission, errors) = (permitted(action), errors_of_write(method, shape));
        if let Some(own) = shape.strip_prefix("tenure/v1/") {
            let route = format!("/tenure/v1/{}", own.replace("{}", "{id}"));
            let page = pages.entry(REST.to_owned()).or_default();
            page.add(Version::Own, &route, line(method, permission, (String::new(), errors), Version::Own));
            continue;
        }
        let (id, rest) = shape.split_once('/').unwrap_or((shape, ""));
        let mut is_told = false;
        for version in Version::ALL {
            for (path, set) in all_sets(version).into_iter().filter(|(_, set)| set.id == id) {
                let Some(rest) = in_version(set, rest, version) else { continue };
                let route = format!("{path}{rest}");
                if leads_to(version, method, &route, shape) {
                    let line = line(method, permission.clone(), (String::new(), errors), version);
                    pages.entry(id.to_owned()).or_default().add(version, &route, line);
                    is_told = true;
                }
            }
        }
        assert!(is_told, "{method} {shape} is on no page");
    }
    let page = pages.entry(REST.to_owned()).or_default();
    for (method, route, permission, options, errors) in OWN {
        let line = line(method, permission.to_owned(), (options.to_owned(), errors), Version::Own);
        page.add(Version::Own, route, line);
    }
    for version in [Version::V1, Version::Beta] {
        let line = line("POST", "as each of its requests".to_owned(), (String::new(), "400 401"), version);
        page.add(version, &format!("/{}/$batch", version.prefix()), line);
    }
    pages
}

fn write_page(id: &str, page: &Page) -> String {
    let mut text = format!("{MARK}\n# {id}\n\n| route | versions | permission | options | errors | Microsoft |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for line in &page.lines {
        let versions: Vec<&str> = line.versions.iter().map(|v| v.prefix()).collect();
        let microsoft = if line.is_documented { "documented" } else { "–" };
        let Line { route, permission, options, errors, .. } = line;
        let options = if options.is_empty() { "–" } else { options };
        let versions = versions.join(", ");
        writeln!(text, "| `{route}` | {versions} | {permission} | {options} | {errors} | {microsoft} |")
            .expect("a text");
    }
    for (version, path, entity) in &page.lists {
        let all = operands(entity, *version);
        let name = |is: bool| {
            let names = all.iter().filter(|o| !is || o.is_sortable).map(|o| format!("`{}`", o.path));
            names.collect::<Vec<_>>().join(", ")
        };
        let navs: Vec<String> =
            entity.navigations.iter().filter_map(|n| n.name.get(*version)).map(|n| format!("`{n}`")).collect();
        writeln!(text, "\n## `{path}`\n").expect("a text");
        let sorted: Vec<&str> = all.iter().filter(|o| !o.is_sortable).map(|o| o.path.as_str()).collect();
        let but = if sorted.is_empty() { String::new() } else { format!("; not ordered by {}", sorted.join(", ")) };
        if !all.is_empty() {
            writeln!(text, "* filter and order: {}{but}", name(false)).expect("a text");
        }
        if !navs.is_empty() {
            writeln!(text, "* expand: {}", navs.join(", ")).expect("a text");
        }
    }
    text
}

/// Documented routes that no page has a line for: long paths, which are read and called by walking the schema.
fn deep(pages: &BTreeMap<String, Page>) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for line in pages.values().flat_map(|page| &page.lines) {
        for version in &line.versions {
            let (method, path) = line.route.split_once(' ').unwrap_or_default();
            told.insert(format!("{method} /{}{}", version.prefix(), normal(path)).to_ascii_lowercase());
        }
    }
    let all = DOCUMENTED.lines().filter(|line| !line.starts_with('#'));
    let untold = all.filter(|line| !told.contains(&line.to_ascii_lowercase()) && leads_somewhere(line));
    untold.map(ToOwned::to_owned).collect()
}

fn index(pages: &BTreeMap<String, Page>) -> String {
    let mut text = format!(
        "{MARK}\n# The API, route by route\n\n\
         Every set of both published versions and of our own surface has a page: a line for each route, and what its lists\n\
         can be filtered, ordered and expanded by.\n\n\
         * **permission**: what a token needs to reach more than one's own (any one of those named), then the roles of a\n  \
         signed-in person that suffice; [roles](../roles.md) says what each role may, where, and what applications may. What\n  \
         somebody does not see is not there for him: 404.\n\
         * **options**: `$top` up to {PAGE_ROWS_MAX} ({PAGE_ROWS_DEFAULT} if not said), `$expand` {EXPAND_DEPTH_MAX} deep with\n  \
         `$select`, `$filter`, `$orderby`, `$top` and `$count` inside. Longer lists go on at `@odata.nextLink`. `$format=json`\n  \
         and `$search` with quotation marks as the published conventions say.\n\
         * **errors**: what is to be expected, beside 429 (where quotas are on), 500 and 503; [status codes](../status-codes.md)\n  \
         lists the codes inside.\n\
         * **Microsoft**: whether the public documentation of Microsoft Graph has the route. What has not follows from the same\n  \
         model: any object can be read along the navigations of any other, as deep as the path goes. Where the two behave\n  \
         differently: [differences from Graph](../graph-differences.md).\n\n\
         | page | routes |\n| --- | --- |\n"
    );
    for (id, page) in pages {
        writeln!(text, "| [{id}]({id}.md) | {} |", page.lines.len()).expect("a text");
    }
    let deep = deep(pages);
    writeln!(
        text,
        "\n## Long paths\n\nThese documented routes are served by walking along the model; what they need is said where the last\n\
         object, or the last action, has its line.\n"
    )
    .expect("a text");
    for route in deep {
        writeln!(text, "* `{route}`").expect("a text");
    }
    text
}

#[test]
fn the_pages_of_the_api_say_what_is_served() {
    let pages = pages();
    let mut all: BTreeMap<String, String> =
        pages.iter().map(|(id, page)| (format!("{id}.md"), write_page(id, page))).collect();
    all.insert("README.md".to_owned(), index(&pages));
    if env::var_os("UPDATE").is_some() {
        let _ = fs::remove_dir_all(PAGES);
        fs::create_dir_all(PAGES).expect("the directory is made");
        for (name, text) in &all {
            fs::write(format!("{PAGES}/{name}"), text).expect("the page is written");
        }
    }
    let there: BTreeMap<String, String> = fs::read_dir(PAGES)
        .expect("the pages")
        .map(|entry| {
            let entry = entry.expect("a page");
            let text = fs::read_to_string(entry.path()).expect("a page");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    let differing: Vec<&String> = all
        .keys()
        .chain(there.keys())
        .filter(|name| all.get(*name) != there.get(*name))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(differing.is_empty(), "out of date: {differing:?}; UPDATE=1 writes them anew");
}
