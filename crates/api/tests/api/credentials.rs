//! Verified credentials, where somebody vouches for them (behaviour.md c.6).

use crate::EM_BETA;
use crate::campaign::Campaign;
use serde_json::{Value, json};
use std::sync::Arc;
use tenure_domain::Timestamp;
use tenure_domain::request::Proof;
use tenure_service::requests::{Presentation, Verifier};
use tenure_testkit::app::on_every_database_vouched;
use tenure_testkit::{Answer, TestApp, company};

const ISSUER: &str = "did:web:fabrikam.example";

/// Finds good what says of itself that it is signed.
struct Notary;

impl Verifier for Notary {
    fn verify(&self, presented: &[Presentation], now: Timestamp) -> Vec<Proof> {
        let good = presented.iter().filter(|p| p.claims.get("signed") == Some(&json!(true)));
        let proof = |p: &Presentation| Proof {
            kinds: p.kinds.clone(),
            issuer: p.authority.clone(),
            claims: p.claims.clone(),
            verified_at: now,
        };
        good.map(proof).collect()
    }
}

fn notary() -> Arc<dyn Verifier> {
    Arc::new(Notary)
}

/// A policy that wants two credentials, and Anna's approval.
async fn campaign(app: &TestApp) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let body = json!({
        "displayName": "Verified", "accessPackageId": campaign.package, "durationInDays": 30,
        "requestorSettings": { "scopeType": "AllExistingDirectoryMemberUsers", "acceptRequests": true },
        "requestApprovalSettings": { "isApprovalRequired": true, "approvalMode": "SingleStage", "approvalStages": [{
            "approvalStageTimeOutInDays": 5, "isApproverJustificationRequired": false, "isEscalationEnabled": false,
            "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "id": company::person("anna") }],
            "escalationApprovers": [] }] },
        "verifiableCredentialSettings": { "credentialTypes": [
            { "credentialType": "VerifiedEmployee", "issuers": [ISSUER] },
            { "credentialType": "Training", "issuers": [] }] },
    });
    let path = format!("{EM_BETA}/accessPackageAssignmentPolicies");
    let policy = app.post(&path, &campaign.token, body).await.expect(201).id();
    Campaign { policy, ..campaign }
}

fn credential(kind: &str, issuer: &str, is_signed: bool) -> Value {
    json!({ "authority": issuer, "type": [kind], "claims": { "name": "Carla", "signed": is_signed } })
}

async fn ask(app: &TestApp, campaign: &Campaign, token: &str, presented: Value) -> Answer {
    let body = json!({ "requestType": "UserAdd",
        "accessPackageAssignment": { "accessPackageId": campaign.package }, "verifiedCredentialsData": presented });
    app.post(&format!("{EM_BETA}/assignmentRequests"), token, body).await
}

#[test]
fn all_credentials_a_policy_wants_must_be_good_and_by_an_issuer_it_trusts() {
    on_every_database_vouched(&notary(), async |app| {
        let campaign = campaign(app).await;
        let carla = app.token_of_person("carla").await;
        let training = credential("Training", "did:web:school.example", true);
        for presented in [
            json!([]),
            json!([training]),
            json!([training, credential("VerifiedEmployee", ISSUER, false)]),
            json!([training, credential("VerifiedEmployee", "did:web:other.example", true)]),
            json!([credential("VerifiedEmployee", ISSUER, true)]),
        ] {
            let refused = ask(app, &campaign, &carla, presented.clone()).await;
            assert_eq!((refused.status, refused.code()), (400, "VerifiedIdRequired"), "{presented}");
        }
        let both = json!([training, credential("VerifiedEmployee", ISSUER, true)]);
        ask(app, &campaign, &carla, both).await.expect(201);
        app.drain().await;
    });
}

#[test]
fn what_was_proven_is_kept_with_the_request_and_what_was_not_is_not() {
    on_every_database_vouched(&notary(), async |app| {
        let campaign = campaign(app).await;
        let carla = app.token_of_person("carla").await;
        let presented = json!([
            credential("Training", "did:web:school.example", true),
            credential("VerifiedEmployee", ISSUER, true),
            credential("Boss", ISSUER, false),
        ]);
        let request = ask(app, &campaign, &carla, presented).await.expect(201).id();
        let anna = app.token_of_person("anna").await;
        let path = format!("{EM_BETA}/assignmentRequests/{request}");
        for token in [&anna, &carla] {
            let shown = app.get(&path, token).await.expect(200).json["verifiedCredentialsData"].clone();
            let kinds: Vec<&Value> = shown.as_array().into_iter().flatten().map(|c| &c["type"][0]).collect();
            assert_eq!(kinds, ["Training", "VerifiedEmployee"], "whoever decides sees it");
            assert_eq!((&shown[1]["authority"], &shown[1]["claims"]["name"]), (&json!(ISSUER), &json!("Carla")));
        }
        app.drain().await;
    });
}
