//! What invitations hold inside.

use super::TEXT;
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure};

/// The mail that goes with an invitation.
pub static MESSAGE: Structure = Structure::complex(
    Name::both("invitedUserMessageInfo"),
    &[
        Member::new("ccRecipients", Shape::structures(&RECIPIENT)),
        Member::new("customizedMessageBody", TEXT),
        Member::new("messageLanguage", TEXT),
    ],
);

static RECIPIENT: Structure =
    Structure::complex(Name::both("recipient"), &[Member::new("emailAddress", Shape::structure(&ADDRESS))]);

static ADDRESS: Structure =
    Structure::complex(Name::both("emailAddress"), &[Member::new("address", TEXT), Member::new("name", TEXT)]);
