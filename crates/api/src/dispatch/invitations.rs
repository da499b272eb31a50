//! Invitations: made and answered in one, not kept.

use super::Target;
use super::changes::write;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::write::invitation::new_invitation;
use axum::http::StatusCode;
use tenure_domain::directory::user::UserKind;
use tenure_service::directory::invitations;

/// `POST invitations`. Inviting the same person twice finds the account that is there.
pub async fn create(call: &Call, _: &Target) -> Result<Reply, Failure> {
    let asked = new_invitation(&call.json()?)?;
    let new = asked.invitation.clone();
    let invited = write(call, move |ctx| invitations::create(ctx, &new)).await?;
    let new = asked.invitation;
    let body = serde_json::json!({
        "@odata.context": format!("{}/$metadata#invitations/$entity", call.root()),
        "id": invited.id,
        // Who is invited proves who he is where everybody signs in.
        "inviteRedeemUrl": format!("{}/signin?next=/@{}", call.base, invited.domain),
        "invitedUserDisplayName": invited.name,
        "invitedUserEmailAddress": new.address,
        "invitedUserType": if new.kind == UserKind::Member { "Member" } else { "Guest" },
        "resetRedemption": new.resets,
        "sendInvitationMessage": false,
        "invitedUserMessageInfo": asked.message,
        "inviteRedirectUrl": asked.redirect,
        "status": if invited.is_pending { "PendingAcceptance" } else { "Completed" },
        "invitedUser": { "id": invited.user },
    });
    Ok(Reply::json(StatusCode::CREATED, body.to_string().into_bytes()))
}
