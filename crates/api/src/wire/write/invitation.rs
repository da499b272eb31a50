//! Invitations as clients write them.

use super::shape::fit;
use super::{Body, read};
use crate::wire::schema::invitation as schema;
use crate::wire::schema::types::invitation as t;
use serde_json::{Value as Json, json};
use tenure_domain::Refusal;
use tenure_domain::directory::user::UserKind;
use tenure_odata::types::Shape;
use tenure_service::directory::invitations::NewInvitation;

/// Characters of the address that who is invited is sent to.
const REDIRECT_CHARS_MAX: usize = 2_048;

/// An invitation, and what the answer repeats of it.
pub struct Asked {
    /// What is asked for.
    pub invitation: NewInvitation,
    /// Where who is invited goes then.
    pub redirect: String,
    /// The mail that would be sent.
    pub message: Json,
}

/// The mail that would be sent, as it was written.
fn message(b: &Body<'_>) -> Json {
    const NAME: &str = "invitedUserMessageInfo";
    match b.raw(&[NAME]).filter(|value| !value.is_null()) {
        None => json!({
            "messageLanguage": null, "ccRecipients": [{ "emailAddress": { "name": null, "address": null } }],
            "customizedMessageBody": null,
        }),
        Some(value) => fit(Shape::structure(&t::MESSAGE), value).unwrap_or_else(|misfit| {
            b.fault_below(NAME, &misfit.at, format!("`{NAME}{}` {}", misfit.at, misfit.wanted));
            Json::Null
        }),
    }
}

/// An invitation.
pub fn new_invitation(value: &Json) -> Result<Asked, Refusal> {
    read(value, |b| {
        let redirect = b.required_text(&["inviteRedirectUrl"]).unwrap_or_default();
        let is_address = ["https://", "http://"].iter().any(|scheme| redirect.to_ascii_lowercase().starts_with(scheme));
        let is_short = redirect.chars().count() <= REDIRECT_CHARS_MAX;
        if b.has(&["inviteRedirectUrl"]) && !(is_address && is_short) {
            b.fault("inviteRedirectUrl", "`inviteRedirectUrl` must be an address such as https://myapp.contoso.com");
        }
        // Whether a mail is wanted is understood; the answer says that none was sent.
        b.flag(&["sendInvitationMessage"]);
        let kinds = [("Guest", UserKind::Guest), ("Member", UserKind::Member)];
        let invitation = NewInvitation {
            address: b.required_text(&["invitedUserEmailAddress"]).unwrap_or_default(),
            name: b.text(&["invitedUserDisplayName"]).filter(|name| !name.trim().is_empty()),
            kind: b.word(&["invitedUserType"], &kinds).unwrap_or(UserKind::Guest),
            sponsors: b.bound("invitedUserSponsors"),
            resets: b.flag(&["resetRedemption"]).unwrap_or(false),
        };
        let message = message(b);
        b.finish(Some(&schema::INVITATION), &[]);
        Some(Asked { invitation, redirect, message })
    })
}
