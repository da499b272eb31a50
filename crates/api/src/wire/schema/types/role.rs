//! What roles hold inside (semantics.md 11).

use super::{TEXT, TEXTS};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Structure};

/// What a role allows.
pub static PERMISSION: Structure = Structure::complex(
    Name::both("unifiedRolePermission"),
    &[Member::new("allowedResourceActions", TEXTS), Member::new("condition", TEXT)],
);
