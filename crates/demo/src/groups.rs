//! Groups, their owners and members.

use crate::people::attributes;
use crate::{DOMAIN, fixed};
use serde_json::json;
use tenure_service::directory::groups::{self, NewGroup};
use tenure_service::{Ctx, ServiceError};

/// What a group is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Guards access.
    Security,
    /// Works together, by mail and otherwise.
    Microsoft365,
}

struct Group {
    name: &'static str,
    nickname: &'static str,
    description: &'static str,
    kind: Kind,
    owner: &'static str,
    people: &'static [&'static str],
    /// Groups inside; they stand in earlier rows.
    groups: &'static [&'static str],
}

/// The group that writes campaigns; for a while a system outside kept it.
pub(crate) const EDITORS: &str = "Campaign Editors";
/// Was deleted a while ago, and with it a part of a package that somebody still holds.
pub(crate) const DELETED: &str = "Nightly Exports";

const GROUPS: &[Group] = &[
    Group {
        name: "Marketing Team",
        nickname: "marketing-team",
        description: "Everybody in Marketing",
        kind: Kind::Security,
        owner: "marcus.webb",
        people: &[
            "marcus.webb",
            "manager",
            "requestor",
            "leo.martins",
            "sofia.ricci",
            "owen.clarke",
            "hana.kim",
            "owner",
            "packages",
            "assignments",
            "reader",
            "mei.chen",
            "jonas.weber",
        ],
        groups: &[],
    },
    Group {
        name: EDITORS,
        nickname: "campaign-editors",
        description: "Write and publish campaign pages; filled by access packages",
        kind: Kind::Security,
        owner: "owner",
        people: &[],
        groups: &[],
    },
    Group {
        name: "Brand Studio",
        nickname: "brand-studio",
        description: "Logos, templates and pictures of the brand",
        kind: Kind::Microsoft365,
        owner: "owner",
        people: &["owner", "mei.chen", "jonas.weber"],
        groups: &[],
    },
    Group {
        name: "Sales EMEA",
        nickname: "sales-emea",
        description: "Sales in Europe, the Middle East and Africa",
        kind: Kind::Security,
        owner: "sven.dahl",
        people: &["sven.dahl", "emma.johansson", "daniel.obrien", "luca.moretti"],
        groups: &[],
    },
    Group {
        name: "Sales Americas",
        nickname: "sales-americas",
        description: "Sales in North and South America",
        kind: Kind::Security,
        owner: "carlos.vega",
        people: &["carlos.vega", "grace.thompson", "isabel.ramos"],
        groups: &[],
    },
    Group {
        name: "All Sales",
        nickname: "all-sales",
        description: "Everybody in Sales, by region",
        kind: Kind::Security,
        owner: "yuki.tanaka",
        people: &["yuki.tanaka"],
        groups: &["Sales EMEA", "Sales Americas"],
    },
    Group {
        name: "Platform Engineers",
        nickname: "platform-engineers",
        description: "Build and run the platform",
        kind: Kind::Security,
        owner: "lena.hoffmann",
        people: &["lena.hoffmann", "mateusz.kowalski"],
        groups: &[],
    },
    Group {
        name: "Data Engineers",
        nickname: "data-engineers",
        description: "Build and run the data warehouse",
        kind: Kind::Security,
        owner: "david.cohen",
        people: &["david.cohen", "priya.sharma", "samira.elmasri"],
        groups: &[],
    },
    Group {
        name: "All Engineers",
        nickname: "all-engineers",
        description: "Everybody in Engineering, by team",
        kind: Kind::Security,
        owner: "ravi.menon",
        people: &["ravi.menon", "arjun.patel", "zoe.martin", "nora.berg"],
        groups: &["Platform Engineers", "Data Engineers"],
    },
    Group {
        name: "Finance Team",
        nickname: "finance-team",
        description: "Everybody in Finance",
        kind: Kind::Security,
        owner: "helena.fischer",
        people: &["helena.fischer", "george.adams", "fatima.zahra", "liam.walsh", "auditor"],
        groups: &[],
    },
    Group {
        name: "Deal Desk",
        nickname: "deal-desk",
        description: "Quotes, discounts and contracts",
        kind: Kind::Microsoft365,
        owner: "yuki.tanaka",
        people: &["yuki.tanaka", "julia.santos"],
        groups: &[],
    },
    Group {
        name: "Partner Collaboration",
        nickname: "partner-collaboration",
        description: "Shared work with agencies and consultants",
        kind: Kind::Microsoft365,
        owner: "ingrid.solberg",
        people: &["ingrid.solberg", "peter.hall", "aisha.bello"],
        groups: &[],
    },
    Group {
        name: "Release Automation",
        nickname: "release-automation",
        description: "Services that publish releases",
        kind: Kind::Security,
        owner: "mateusz.kowalski",
        people: &[],
        groups: &[],
    },
    Group {
        name: "Customer Insights Readers",
        nickname: "customer-insights-readers",
        description: "Read reports about customers; filled by access packages",
        kind: Kind::Security,
        owner: "david.cohen",
        people: &[],
        groups: &[],
    },
    Group {
        name: DELETED,
        nickname: "nightly-exports",
        description: "Services that export data every night",
        kind: Kind::Security,
        owner: "david.cohen",
        people: &[],
        groups: &[],
    },
];

/// Makes the groups.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    for group in GROUPS {
        groups::create(ctx, &new(group))?;
    }
    Ok(())
}

fn new(group: &Group) -> NewGroup {
    let is_unified = group.kind == Kind::Microsoft365;
    let mut shown = attributes(json!({ "description": group.description }));
    if is_unified {
        shown.merge(&attributes(json!({
            "mail": format!("{}@{DOMAIN}", group.nickname),
            "visibility": "Private",
            "resourceProvisioningOptions": ["Team"],
        })));
    }
    let people = group.people.iter().map(|alias| fixed::person(alias));
    let inside = group.groups.iter().map(|name| fixed::group(name));
    NewGroup {
        id: Some(fixed::group(group.name)),
        name: group.name.to_owned(),
        nickname: group.nickname.to_owned(),
        unique_name: None,
        is_security: !is_unified,
        is_mail: is_unified,
        is_unified,
        is_dynamic: false,
        is_role_assignable: false,
        rule: None,
        attributes: shown,
        owners: vec![fixed::person(group.owner)],
        members: people.chain(inside).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outsider_is_in_no_group() {
        assert!(GROUPS.iter().all(|g| g.owner != "outsider" && !g.people.contains(&"outsider")));
    }
}
