//! Delegates of approvers: what they see and decide, and when (behaviour.md b.4; decisions.md H7, H8, J4).

use crate::EM;
use crate::approvals::{
    APPROVALS, add_member, anna, ben, carla_asks, decide, group, hire, mails, no, on_both, stage, stages, state, two,
    user, with_stages, yes,
};
use crate::campaign::Campaign;
use serde_json::{Value, json};
use tenure_testkit::{Answer, TestApp, company};

const DELEGATIONS: &str = "/tenure/v1/delegations";

/// The approvals that a person is shown as his.
async fn his(app: &TestApp, token: &str) -> Vec<String> {
    let all = format!("{EM}/{APPROVALS}/filterByCurrentUser(on='approver')");
    app.get(&all, token).await.expect(200).column("id")
}

/// Whether a person sees an approval, and the request it is about; both or none.
async fn sees(app: &TestApp, token: &str, request: &str) -> bool {
    let approval = app.get(&format!("{EM}/{APPROVALS}/{request}"), token).await.status;
    let asked = app.get(&format!("{EM}/assignmentRequests/{request}"), token).await.status;
    assert_eq!(approval, asked, "the approval and the request");
    assert!([200, 404].contains(&approval));
    assert_eq!(his(app, token).await.iter().any(|id| id == request), approval == 200, "the list and the approval");
    approval == 200
}

/// What the first stage says of whether it waits for a person.
async fn is_his(app: &TestApp, token: &str, request: &str) -> Value {
    stages(app, token, request).await[0]["assignedToMe"].clone()
}

async fn delegate(app: &TestApp, token: &str, body: Value) -> String {
    app.post(DELEGATIONS, token, body).await.expect(201).id()
}

async fn block(app: &TestApp, campaign: &Campaign, person: &str, is_blocked: bool) {
    let body = json!({ "accountEnabled": !is_blocked });
    app.patch(&format!("/v1.0/users/{person}"), &campaign.token, body).await.expect(204);
}

fn may_not(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (403, "NotAnApprover"));
}

#[test]
fn a_delegate_sees_only_what_he_may_decide_and_only_while_he_may() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let (before, _) = carla_asks(app, &campaign).await;
        let id = hire(app, &campaign.token, "dora").await;
        let (ben, dora) = (app.token_of_person("ben").await, app.token_of_person("dora").await);
        app.advance("PT1H").await;
        let at = |days: i64| app.now().checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("a time");
        let (starts, ends) = (at(1), at(3));
        delegate(app, &ben, json!({ "delegateId": id, "startDateTime": starts, "endDateTime": ends })).await;
        assert!(!sees(app, &dora, &before).await, "it was assigned before");
        assert!(sees(app, &ben, &before).await);
        decide(app, &ben, (&before, 0), no()).await.expect(204);
        let (request, _) = carla_asks(app, &campaign).await;
        assert!(!sees(app, &dora, &request).await, "her time has not begun");
        may_not(&decide(app, &dora, (&request, 0), yes()).await);
        app.advance("P1D").await;
        assert!(sees(app, &dora, &request).await, "now it has");
        assert_eq!(is_his(app, &dora, &request).await, true);
        assert!(!sees(app, &dora, &before).await, "what was assigned before stays with the approver");
        app.advance("P2D").await;
        assert!(!sees(app, &dora, &request).await, "her time is over");
        may_not(&decide(app, &dora, (&request, 0), yes()).await);
        assert_eq!(is_his(app, &ben, &request).await, true, "the approver keeps his right");
    });
}

#[test]
fn a_delegate_of_a_member_of_a_group_of_approvers_is_told_sees_and_decides() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let id = hire(app, &campaign.token, "dora").await;
        let (ben, dora) = (app.token_of_person("ben").await, app.token_of_person("dora").await);
        delegate(app, &ben, json!({ "delegateId": id })).await;
        let (request, _) = carla_asks(app, &campaign).await;
        let told = mails(app).await;
        assert_eq!(told.last(), Some(&("decide".to_owned(), 3)), "Anna, Ben and Dora; not Carla, who asks");
        assert!(sees(app, &dora, &request).await);
        assert_eq!(is_his(app, &dora, &request).await, true);
        decide(app, &dora, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn a_delegate_of_who_asks_sees_nothing_of_it_although_both_are_in_the_group_of_approvers() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |_, _| vec![stage(&[group(&staff)])]).await;
        let id = hire(app, &campaign.token, "dora").await;
        let (carla, dora) = (app.token_of_person("carla").await, app.token_of_person("dora").await);
        delegate(app, &carla, json!({ "delegateId": id })).await;
        let (request, _) = carla_asks(app, &campaign).await;
        assert!(!sees(app, &dora, &request).await, "nobody decides his own request, by a delegate neither");
        assert_eq!(mails(app).await.last(), Some(&("decide".to_owned(), 2)), "she is not asked");
    });
}

#[test]
fn what_a_delegate_decided_stays_visible_to_him_when_the_delegation_is_over() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben())])]).await;
        let id = hire(app, &campaign.token, "dora").await;
        let (ben, dora) = (app.token_of_person("ben").await, app.token_of_person("dora").await);
        let delegation = delegate(app, &ben, json!({ "delegateId": id })).await;
        let (hers, _) = carla_asks(app, &campaign).await;
        decide(app, &dora, (&hers, 0), no()).await.expect(204);
        let (his, _) = carla_asks(app, &campaign).await;
        assert!(sees(app, &dora, &his).await);
        decide(app, &ben, (&his, 0), no()).await.expect(204);
        app.delete(&format!("{DELEGATIONS}/{delegation}"), &ben).await.expect(204);
        assert!(sees(app, &dora, &hers).await, "she decided it");
        let shown = stages(app, &dora, &hers).await;
        assert_eq!(shown[0]["reviewedBy"]["id"], json!(id));
        assert!(!sees(app, &dora, &his).await, "he decided it");
        assert!(sees(app, &ben, &hers).await, "it was his to decide");
    });
}

#[test]
fn who_is_blocked_or_deleted_has_no_delegate() {
    on_both(async |app| {
        let campaign = with_stages(app, async |_, _| vec![stage(&[user(&ben()), user(&anna())])]).await;
        let id = hire(app, &campaign.token, "dora").await;
        let (token, dora) = (app.token_of_person("ben").await, app.token_of_person("dora").await);
        delegate(app, &token, json!({ "delegateId": id })).await;
        let (request, _) = carla_asks(app, &campaign).await;
        assert_eq!(mails(app).await.last(), Some(&("decide".to_owned(), 3)));
        block(app, &campaign, &ben(), true).await;
        assert!(!sees(app, &dora, &request).await, "who cannot decide has nobody decide for him");
        may_not(&decide(app, &dora, (&request, 0), yes()).await);
        app.advance("P3D").await;
        assert_eq!(mails(app).await.last(), Some(&("decideReminder".to_owned(), 1)), "Anna alone is reminded");
        block(app, &campaign, &ben(), false).await;
        assert!(sees(app, &dora, &request).await);
        app.delete(&format!("/v1.0/users/{}", ben()), &campaign.token).await.expect(204);
        assert!(!sees(app, &dora, &request).await);
        may_not(&decide(app, &dora, (&request, 0), yes()).await);
        app.post(&format!("/v1.0/directory/deletedItems/{}/restore", ben()), &campaign.token, json!({}))
            .await
            .expect(200);
        decide(app, &dora, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}

#[test]
fn members_of_a_deleted_group_decide_nothing_until_it_is_restored() {
    on_both(async |app| {
        let staff = company::group("staff").to_string();
        let campaign = with_stages(app, async |app, token| {
            let dora = hire(app, token, "dora").await;
            let eve = hire(app, token, "eve").await;
            add_member(app, token, &staff, &eve).await;
            vec![stage(&[group(&staff), user(&dora)])]
        })
        .await;
        let (request, _) = carla_asks(app, &campaign).await;
        let eve = app.token_of_person("eve").await;
        assert!(sees(app, &eve, &request).await);
        app.delete(&format!("/v1.0/groups/{staff}"), &campaign.token).await.expect(204);
        assert!(!sees(app, &eve, &request).await);
        may_not(&decide(app, &eve, (&request, 0), yes()).await);
        app.advance("P3D").await;
        assert_eq!(mails(app).await.last(), Some(&("decideReminder".to_owned(), 1)), "Dora alone is reminded");
        let restore = format!("/v1.0/directory/deletedItems/{staff}/restore");
        app.post(&restore, &campaign.token, json!({})).await.expect(200);
        decide(app, &eve, (&request, 0), yes()).await.expect(204);
        assert_eq!(state(app, &request).await, two("delivered", "Fulfilled"));
    });
}
