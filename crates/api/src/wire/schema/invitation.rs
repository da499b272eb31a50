//! Invitations: they are made and answered, and not kept (semantics.md 13).

use super::directory::{DIRECTORY_OBJECT, USER};
use super::fixed;
use super::types::{FLAG, TEXT, invitation as t};
use tenure_odata::edm::{Codec, Column, EntityType, Name, Nav, Property, Relation};
use tenure_odata::types::Shape;

const fn text(name: &'static str) -> Property {
    Property::new(Name::both(name), Codec::Text, &[])
}

/// An invitation.
pub static INVITATION: EntityType = EntityType::new(
    "invitation",
    Relation("invitation"),
    &[
        Property::new(Name::both("id"), Codec::Text, &[]).is(TEXT.never_null()),
        text("inviteRedeemUrl"),
        text("invitedUserDisplayName"),
        text("invitedUserEmailAddress").never_null(),
        text("invitedUserType"),
        text("inviteRedirectUrl").never_null(),
        text("status"),
        fixed(Name::both("resetRedemption"), "false").is(FLAG),
        fixed(Name::both("sendInvitationMessage"), "false").is(FLAG),
        fixed(Name::both("invitedUserMessageInfo"), "null").is(Shape::structure(&t::MESSAGE)),
    ],
)
.nav(&[
    Nav::one(Name::both("invitedUser"), &USER, Column("")),
    Nav::back(Name::both("invitedUserSponsors"), &DIRECTORY_OBJECT, Column("")),
]);
