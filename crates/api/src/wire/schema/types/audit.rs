//! What audit rows hold inside (decisions.md Q8).

use super::{GROUP_TYPE, TEXT};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure};

/// Who did it.
pub static INITIATOR: Structure = Structure::complex(
    Name::both("auditActivityInitiator"),
    &[Member::new("app", Shape::structure(&APP)), Member::new("user", Shape::structure(&USER))],
);

static APP: Structure = Structure::complex(
    Name::both("appIdentity"),
    &[
        Member::new("appId", TEXT),
        Member::new("displayName", TEXT),
        Member::new("servicePrincipalId", TEXT),
        Member::new("servicePrincipalName", TEXT),
    ],
);

static IDENTITY: Structure =
    Structure::complex(Name::both("identity"), &[Member::new("displayName", TEXT), Member::new("id", TEXT)])
        .open()
        .or(&[&USER]);

static USER: Structure = Structure::complex(
    Name::both("userIdentity"),
    &[Member::new("ipAddress", TEXT), Member::new("userPrincipalName", TEXT)],
)
.open()
.adds_to(&IDENTITY);

/// What it was done to.
pub static TARGET: Structure = Structure::complex(
    Name::both("targetResource"),
    &[
        Member::new("displayName", TEXT),
        Member::new("groupType", Shape::word(&GROUP_TYPE)),
        Member::new("id", TEXT),
        Member::new("modifiedProperties", Shape::structures(&MODIFIED)),
        Member::new("type", TEXT),
        Member::new("userPrincipalName", TEXT),
    ],
);

static MODIFIED: Structure = Structure::complex(
    Name::both("modifiedProperty"),
    &[Member::new("displayName", TEXT), Member::new("newValue", TEXT), Member::new("oldValue", TEXT)],
);
