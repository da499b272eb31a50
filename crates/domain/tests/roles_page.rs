//! The table of `docs/reference/roles.md` is made from the operation matrix: what the code permits is what the page says.

use std::fmt::Write;
use std::{env, fs};
use tenure_domain::authorize::{Action, EntitlementRole, permission_hint};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/roles.md");
const MARK: &str = "<!-- made by a test: UPDATE=1 cargo test -p tenure-domain --test roles_page -->\n";

fn table() -> String {
    let mut text = String::from(
        "| what | a token needs | directory roles, in the whole tenant | roles of entitlement management, where they are held | by an application's permission |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (action, what) in Action::ALL {
        let demand = action.demand();
        let join = |names: Vec<&str>| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
        let token = join(demand.capabilities.iter().map(|c| permission_hint(*c)).collect());
        let mut directory: Vec<&str> = demand.directory.iter().map(|r| r.name()).collect();
        if demand.older_rule {
            directory.push("User Administrator where `userAdministratorManagesAssignments` is on");
        }
        let directory = if demand.everybody { "everybody".to_owned() } else { join(directory) };
        let entitlement = join(demand.entitlement.iter().map(|r| r.name()).collect());
        let apps = if demand.apps { "yes" } else { "no" };
        writeln!(text, "| {} | {token} | {directory} | {entitlement} | {apps} |", what.trim()).expect("a text");
    }
    text
}

#[test]
fn the_page_of_roles_says_what_the_matrix_says() {
    let there = fs::read_to_string(PAGE).expect("the page");
    let (before, _) = there.split_once(MARK).expect("the mark of the table");
    let page = format!("{before}{MARK}{}", table());
    if env::var_os("UPDATE").is_some() {
        fs::write(PAGE, &page).expect("the page is written");
    }
    let there = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        there == page,
        "docs/reference/roles.md is out of date: UPDATE=1 cargo test -p tenure-domain --test roles_page"
    );
    for role in EntitlementRole::ALL {
        assert!(page.contains(&role.id().to_string()), "{} is on the page with its id", role.name());
    }
}
