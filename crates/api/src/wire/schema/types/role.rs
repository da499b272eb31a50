//! What roles hold inside (semantics.md 11).

use super::request::{EXPIRATION, RECURRENCE};
use super::{TEXT, TEXTS, TIME};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure};

/// What a role allows.
pub static PERMISSION: Structure = Structure::complex(
    Name::both("unifiedRolePermission"),
    &[Member::new("allowedResourceActions", TEXTS), Member::new("condition", TEXT)],
);

/// From when to when a role is held; the newer version calls the schedule of a request so too.
pub static SCHEDULE: Structure = Structure::complex(
    Name::both("requestSchedule"),
    &[
        Member::new("startDateTime", TIME),
        Member::new("recurrence", Shape::structure(&RECURRENCE)),
        Member::new("expiration", Shape::structure(&EXPIRATION)),
    ],
);

/// A number in another system.
pub static TICKET: Structure = Structure::complex(
    Name::both("ticketInfo"),
    &[
        Member::new("ticketNumber", TEXT),
        Member::new("ticketSystem", TEXT),
        Member::named(Name::pair("", "ticketApproverIdentityId"), TEXT),
        Member::named(Name::pair("", "ticketSubmitterIdentityId"), TEXT),
    ],
);
