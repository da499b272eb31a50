//! Invitations (behaviour.md e.2; examples of the published page `invitation-post`).

use crate::campaign::Campaign;
use crate::clients::new_app;
use crate::{EM, EM_BETA};
use serde_json::{Value, json};
use tenure_domain::authorize::DirectoryRole;
use tenure_testkit::app::on_every_database;
use tenure_testkit::{Answer, TestApp, company};

const ADA: &str = "ada@partner.example";

fn invitation(address: &str) -> Value {
    json!({ "invitedUserEmailAddress": address, "inviteRedirectUrl": "https://myapp.contoso.com" })
}

async fn invite(app: &TestApp, token: &str, body: Value) -> Answer {
    app.post("/v1.0/invitations", token, body).await
}

async fn user(app: &TestApp, token: &str, id: &str) -> Value {
    let path =
        format!("/v1.0/users/{id}?$select=displayName,mail,userType,creationType,externalUserState,userPrincipalName");
    app.get(&path, token).await.expect(200).json
}

async fn mails(app: &TestApp) -> usize {
    app.drain().await;
    app.get("/tenure/v1/outbox/mail", &app.token_app().await).await.expect(200).values().len()
}

#[test]
fn an_invitation_makes_a_guest_and_answers_as_documented() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        for (version, address) in [("v1.0", ADA), ("beta", "bea@partner.example")] {
            let made = app.post(&format!("/{version}/invitations"), &token, invitation(address)).await.expect(201).json;
            assert!(made["@odata.context"].as_str().is_some_and(|c| c.ends_with("/$metadata#invitations/$entity")));
            assert_eq!(
                (&made["invitedUserEmailAddress"], &made["invitedUserType"]),
                (&json!(address), &json!("Guest"))
            );
            assert_eq!((&made["status"], &made["sendInvitationMessage"]), (&json!("PendingAcceptance"), &json!(false)));
            assert_eq!(made["inviteRedirectUrl"], json!("https://myapp.contoso.com"));
            assert_eq!(made["invitedUserMessageInfo"]["ccRecipients"][0]["emailAddress"]["address"], Value::Null);
            let redeem = made["inviteRedeemUrl"].as_str().unwrap_or_default();
            assert!(redeem.starts_with("https://") && redeem.contains("/signin?next=/@"), "{redeem}");
            let guest = user(app, &token, made["invitedUser"]["id"].as_str().unwrap_or_default()).await;
            assert_eq!((&guest["mail"], &guest["userType"]), (&json!(address), &json!("Guest")));
            assert_eq!(guest["creationType"], json!("Invitation"));
            assert_eq!(guest["externalUserState"], json!("PendingAcceptance"));
        }
        let log = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Invite external user'";
        assert_eq!(app.get(log, &token).await.expect(200).values().len(), 2);
    });
}

#[test]
fn who_is_invited_twice_is_one_guest_and_no_mail_is_sent() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let before = mails(app).await;
        let mut body = invitation(ADA);
        body["invitedUserDisplayName"] = json!("Ada of Partner");
        body["sendInvitationMessage"] = json!(true);
        body["invitedUserMessageInfo"] = json!({ "customizedMessageBody": "Welcome", "messageLanguage": "de" });
        body["invitedUserSponsors@odata.bind"] =
            json!([format!("https://localhost/v1.0/directoryObjects/{}", company::person("ben"))]);
        let first = invite(app, &token, body.clone()).await.expect(201).json;
        assert_eq!(first["invitedUserMessageInfo"]["customizedMessageBody"], json!("Welcome"));
        assert_eq!(first["sendInvitationMessage"], json!(false), "the answer says that none was sent");
        let second = invite(app, &token, invitation(&ADA.to_uppercase())).await.expect(201).json;
        assert_eq!(first["invitedUser"], second["invitedUser"]);
        assert_eq!(second["invitedUserDisplayName"], json!("Ada of Partner"));
        invite(app, &token, body).await.expect(201);
        let id = first["invitedUser"]["id"].as_str().unwrap_or_default();
        let sponsors = app.get(&format!("/v1.0/users/{id}/sponsors"), &token).await.expect(200);
        assert_eq!(sponsors.column("id"), [company::person("ben").to_string()]);
        assert_eq!(mails(app).await, before);
        let outside = json!({ "invitedUserEmailAddress": "cy@partner.example", "invitedUserType": "Member",
            "inviteRedirectUrl": "https://myapp.contoso.com" });
        let member = invite(app, &token, outside).await.expect(201).json;
        let member = user(app, &token, member["invitedUser"]["id"].as_str().unwrap_or_default()).await;
        assert_eq!(member["userType"], json!("Member"));
    });
}

#[test]
fn addresses_of_our_own_and_addresses_that_are_none_are_refused() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let (known, domain) = (company::principal_name("ben"), company::DOMAIN);
        let users = app.get("/v1.0/users/$count", &token).await.text;
        for (address, code, says) in [
            (known.as_str(), "Request_BadRequest", "already exists in the directory"),
            (&format!("nobody@{domain}"), "Request_BadRequest", "verified domain"),
            (&format!("nobody@{}", domain.to_uppercase()), "Request_BadRequest", "verified domain"),
            ("nobody", "InvalidModel", "mail address"),
            ("", "InvalidModel", "mail address"),
        ] {
            let refused = invite(app, &token, invitation(address)).await;
            assert_eq!((refused.status, refused.code()), (400, code), "{address} {}", refused.text);
            assert!(
                refused.text.contains(says) && refused.text.contains("/invitedUserEmailAddress"),
                "{}",
                refused.text
            );
        }
        for (name, value, at) in [
            ("inviteRedirectUrl", json!("myapp"), "/inviteRedirectUrl"),
            ("inviteRedirectUrl", Value::Null, "/inviteRedirectUrl"),
            ("invitedUserType", json!("Robot"), "/invitedUserType"),
            ("invitedUserMessageInfo", json!({ "colour": "red" }), "/invitedUserMessageInfo/colour"),
            ("invitedUserDisplayName", json!("x".repeat(300)), "/invitedUserDisplayName"),
            ("colour", json!("red"), "/colour"),
        ] {
            let mut body = invitation(ADA);
            body[name] = value;
            let refused = invite(app, &token, body).await;
            assert_eq!(refused.status, 400, "{name}");
            assert!(refused.text.contains(&format!("\"target\":\"{at}\"")), "{name}: {}", refused.text);
        }
        let mut body = invitation(ADA);
        body["invitedUserSponsors@odata.bind"] =
            json!([format!("https://localhost/v1.0/users/{}", company::TENANT_ID)]);
        assert_eq!(invite(app, &token, body).await.status, 404, "a sponsor who is nobody");
        assert_eq!(app.get("/v1.0/users/$count", &token).await.text, users, "nothing was made");
        assert_eq!(app.get("/v1.0/invitations", &token).await.status, 403, "they are not kept");
    });
}

#[test]
fn who_may_invite_is_said_by_permission_and_role() {
    on_every_database(async |app| {
        let inviter = new_app(app, "Inviter", &["User.Invite.All"]).await.token(app).await;
        invite(app, &inviter, invitation(ADA)).await.expect(201);
        let mut again = invitation(ADA);
        again["resetRedemption"] = json!(true);
        assert_eq!(invite(app, &inviter, again.clone()).await.status, 403, "that ends somebody's sessions");
        invite(app, &app.token_app().await, again).await.expect(201);
        let reader = new_app(app, "Reader of users", &["User.Read.All"]).await.token(app).await;
        assert_eq!(invite(app, &reader, invitation(ADA)).await.status, 403);
        let carla = app.token_of_person("carla").await;
        assert_eq!(invite(app, &carla, invitation(ADA)).await.status, 403);
        app.give_role(DirectoryRole::GuestInviter, company::person("carla")).await;
        invite(app, &carla, invitation("bea@partner.example")).await.expect(201);
    });
}

#[test]
fn somebody_who_was_known_by_his_address_keeps_his_id_and_is_not_governed() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut policy = crate::campaign::open_policy(&campaign.package);
        policy["allowedTargetScope"] = json!("allExternalUsers");
        let external = json!({ "isExternallyVisible": true });
        app.patch(&format!("{EM}/catalogs/{}", campaign.catalog), &campaign.token, external).await.expect(204);
        let policy = campaign.add_policy(app, policy).await;
        let body = json!({ "requestType": "adminAdd", "schedule": { "startDateTime": "2026-04-01T00:00:00Z" },
            "assignment": { "target": { "email": ADA }, "assignmentPolicyId": policy,
                "accessPackageId": campaign.package } });
        app.post(&format!("{EM}/assignmentRequests"), &campaign.token, body).await.expect(201);
        app.drain().await;
        let subjects = format!("{EM_BETA}/subjects?$filter=email eq '{ADA}'");
        let before = app.get(&subjects, &campaign.token).await.expect(200).values()[0].clone();
        assert_eq!(before["objectId"], Value::Null, "his access starts later");
        let made = invite(app, &campaign.token, invitation(ADA)).await.expect(201).json;
        assert_eq!(made["invitedUser"]["id"], before["id"]);
        let after = app.get(&subjects, &campaign.token).await.expect(200).values()[0].clone();
        assert_eq!((&after["objectId"], &after["subjectLifecycle"]), (&before["id"], &json!("notGoverned")));
    });
}
