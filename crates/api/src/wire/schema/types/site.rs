//! What sites hold inside.

use super::TEXT;
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure};

/// That something is at the top.
pub static ROOT: Structure = Structure::complex(Name::both("root"), &[]);

/// The collection of a site.
pub static COLLECTION: Structure = Structure::complex(
    Name::both("siteCollection"),
    &[
        Member::new("dataLocationCode", TEXT),
        Member::new("hostname", TEXT),
        Member::new("root", Shape::structure(&ROOT)),
    ],
);

/// The ids of a site one by one.
pub static IDS: Structure = Structure::complex(
    Name::both("sharepointIds"),
    &[
        Member::new("listId", TEXT),
        Member::new("listItemId", TEXT),
        Member::new("listItemUniqueId", TEXT),
        Member::new("siteId", TEXT),
        Member::new("siteUrl", TEXT),
        Member::new("tenantId", TEXT),
        Member::new("webId", TEXT),
    ],
);
