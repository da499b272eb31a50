//! `tenure init`: the tenant of a real installation and the link for its first administrator. No account has a password
//! anybody else could know (decisions.md K13).

use crate::config::Options;
use crate::failure::{Failure, Outcome, While};
use crate::installation;
use std::io::Write;
use tenure_service::bootstrap::{self, NewTenant};

/// The verb.
pub fn run(options: &Options, admin: &str, name: Option<&str>) -> Outcome<()> {
    if options.demo {
        return Err(Failure::new("a demo seeds itself: `tenure serve --demo`"));
    }
    let domain = match admin.split_once('@') {
        Some((local, domain)) if !local.is_empty() && domain.contains('.') => domain.to_ascii_lowercase(),
        _ => {
            return Err(Failure::new(format!(
                "--admin must be a name with a domain, such as anna@example.org, not `{admin}`"
            )));
        }
    };
    let place = installation::open(options)?;
    place.keys()?;
    let new = NewTenant {
        id: None,
        name: name.map_or_else(|| domain.clone(), ToOwned::to_owned),
        domains: vec![domain],
        is_demo: false,
    };
    let (has_tenant, administrator) = (place.tenant.is_some(), admin.to_owned());
    let made = place.engine.write_blocking(move |ctx| {
        if !has_tenant {
            bootstrap::create_tenant(ctx, &new)?;
        }
        bootstrap::first_administrator(ctx, &administrator)
    });
    let code = made.doing("making the first administrator")?;
    let link = format!(
        "{}/setup?user={}&code={code}",
        options.base_url(),
        percent_encoding::utf8_percent_encode(admin, percent_encoding::NON_ALPHANUMERIC)
    );
    let told = writeln!(
        std::io::stdout(),
        "The tenant is ready. Start the server, then open this link within 24 hours to set the password of {admin}:\n\n  \
         {link}\n\nIt works once. Run this command again if it was lost before it was used."
    );
    told.doing("printing the link")
}
