//! Histories of races (decisions.md E6; behaviour.md b.3): several callers want at the same moment what only one of them can
//! have. They run on threads of their own, against two nodes over one database. Nothing here waits for an instant or
//! draws a number: who wins is left open, and each round asks whether the answers, the store, the mails and the audit tell
//! the same story. Racers begin a different number of reads apart in every round, so that they meet at different places.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;
use tenure_testkit::app::on_two_nodes;
use tenure_testkit::{Answer, TestApp, company};

/// Rounds of each history, on each database.
const ROUNDS: usize = 16;
/// Times a caller asks again who was told to.
const TRIES: usize = 200;
/// Who asks at once.
const CROWD: usize = 20;

/// One of those who race, with what he was answered; nothing when it was the time that passed.
type Racer<'a> = Box<dyn FnOnce() -> Option<Answer> + Send + 'a>;

/// Lets all of them go at once, each on its thread; gives their answers in that order.
fn race(racers: Vec<Racer<'_>>) -> Vec<Option<Answer>> {
    let gate = Barrier::new(racers.len());
    thread::scope(|scope| {
        let gate = &gate;
        let running: Vec<_> = racers
            .into_iter()
            .map(|racer| {
                scope.spawn(move || {
                    gate.wait();
                    racer()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("no racer panics")).collect()
    })
}

/// What a racer asks for.
#[derive(Clone)]
struct Call<'a> {
    app: &'a TestApp,
    method: &'static str,
    path: String,
    token: String,
    body: Value,
    /// Reads before it, so many ticks later it comes.
    reads: usize,
    key: &'static str,
}

impl<'a> Call<'a> {
    fn post(app: &'a TestApp, path: String, token: &str, body: Value) -> Self {
        Self { app, method: "POST", path, token: token.to_owned(), body, reads: 0, key: "" }
    }

    fn after(self, reads: usize) -> Self {
        Self { reads, ..self }
    }

    /// "Try again" is an answer without effect (decisions.md L6), so that it is tried again.
    async fn answer(&self) -> Answer {
        for _ in 0..self.reads {
            self.app.get(&format!("{EM}/accessPackages?$top=1"), &self.token).await;
        }
        let headers: &[(&str, &str)] = &[("idempotency-key", self.key)];
        let headers = if self.key.is_empty() { &[] } else { headers };
        for _ in 0..TRIES {
            let (token, body) = (self.token.as_str(), self.body.clone());
            let answer = self.app.call_with(self.method, &self.path, (token, headers), body).await;
            if answer.status != 503 {
                return answer;
            }
        }
        panic!("{} {} is never answered", self.method, self.path);
    }

    fn racer(self) -> Racer<'a> {
        Box::new(move || Some(self.app.run(self.answer())))
    }
}

/// Time that passes, `reads` ticks later.
fn time<'a>(app: &'a TestApp, token: &str, duration: &'static str, reads: usize) -> Racer<'a> {
    let token = token.to_owned();
    Box::new(move || {
        app.run(async {
            for _ in 0..reads {
                app.get(&format!("{EM}/accessPackages?$top=1"), &token).await;
            }
            app.advance(duration).await;
        });
        None
    })
}

/// The answer of a racer who asked.
fn of(answers: &[Option<Answer>], who: usize) -> &Answer {
    answers[who].as_ref().expect("he asked")
}

/// How often each racer is late in a round: one of them, by more and more.
const fn head_start(round: usize) -> (usize, usize) {
    if round % 2 == 0 { (round / 2, 0) } else { (0, round / 2) }
}

fn user(alias: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": company::person(alias) })
}

/// A policy of one stage of five days with those approvers, and these alternates after two.
fn approval(package: &str, primary: &[Value], alternates: &[Value]) -> Value {
    let mut policy = open_policy(package);
    policy["requestApprovalSettings"] = json!({
        "isApprovalRequiredForAdd": true,
        "stages": [{
            "durationBeforeAutomaticDenial": "P5D",
            "isEscalationEnabled": !alternates.is_empty(),
            "durationBeforeEscalation": "P2D",
            "primaryApprovers": primary,
            "fallbackPrimaryApprovers": [],
            "escalationApprovers": alternates,
            "fallbackEscalationApprovers": [],
        }],
    });
    policy
}

/// The campaign under such a policy.
async fn with_approval(app: &TestApp, primary: &[&str], alternates: &[&str]) -> Campaign {
    let campaign = Campaign::without_policy(app).await;
    let all = |aliases: &[&str]| aliases.iter().map(|alias| user(alias)).collect::<Vec<_>>();
    let body = approval(&campaign.package, &all(primary), &all(alternates));
    let policy = campaign.add_policy(app, body).await;
    Campaign { policy, ..campaign }
}

/// Carla asks; gives the request and its first stage.
async fn asked(app: &TestApp, campaign: &Campaign, carla: &str) -> (String, String) {
    let request = campaign.ask(app, carla, campaign.request("userAdd", "carla")).await.expect(201).id();
    let approval = app.get(&approval_of(&request), &campaign.token).await.expect(200).json;
    (request, approval["stages"][0]["id"].as_str().unwrap_or_default().to_owned())
}

fn approval_of(request: &str) -> String {
    format!("{EM}/accessPackageAssignmentApprovals/{request}")
}

fn decide<'a>(app: &'a TestApp, (request, stage): (&str, &str), token: &str, yes: bool) -> Call<'a> {
    let body = json!({ "reviewResult": if yes { "Approve" } else { "Deny" }, "justification": "decided" });
    let path = format!("{}/stages/{stage}", approval_of(request));
    Call { method: "PATCH", ..Call::post(app, path, token, body) }
}

/// Where a request stands, by its status.
async fn status(app: &TestApp, campaign: &Campaign, request: &str) -> String {
    let found = app.get(&format!("{EM}/assignmentRequests/{request}"), &campaign.token).await.expect(200).json;
    found["status"].as_str().unwrap_or_default().to_owned()
}

/// Mails of one kind so far.
async fn mails(app: &TestApp, campaign: &Campaign, kind: &str) -> usize {
    app.drain().await;
    let path = format!("/tenure/v1/outbox/mail?$top=999&$filter=kind eq '{kind}'");
    app.get(&path, &campaign.token).await.expect(200).values().len()
}

/// How often the audit of a request has a row of that name.
async fn told(app: &TestApp, campaign: &Campaign, request: &str, activity: &str) -> usize {
    let filter = format!("correlationId eq '{request}' and activityDisplayName eq '{activity}'");
    let path = format!("/v1.0/auditLogs/directoryAudits?$filter={filter}");
    app.get(&path, &campaign.token).await.expect(200).values().len()
}

/// Requests and assignments of the package, by a filter.
async fn found(app: &TestApp, campaign: &Campaign, set: &str, filter: &str) -> Vec<String> {
    let path = format!("{EM}/{set}?$top=999&$filter=accessPackage/id eq '{}' and {filter}", campaign.package);
    app.get(&path, &campaign.token).await.expect(200).column("id")
}

/// Live assignments and members agree; gives whether Carla is in.
async fn is_in(app: &TestApp, campaign: &Campaign) -> bool {
    let live = found(app, campaign, "assignments", "state ne 'expired'").await;
    let members = campaign.members(app).await;
    assert_eq!(live.len(), members.len(), "whoever holds it is a member, once: {live:?} {members:?}");
    assert!(members.iter().all(|name| name == "Carla Díaz") && members.len() < 2, "{members:?}");
    assert_eq!(found(app, campaign, "assignmentRequests", "state eq 'delivering'").await, [""; 0]);
    assert_eq!(found(app, campaign, "assignmentRequests", "state eq 'pendingApproval'").await, [""; 0]);
    !members.is_empty()
}

/// Makes room for the next round: nobody holds the package.
async fn clear(app: &TestApp, campaign: &Campaign) {
    if let Some(id) = campaign.held_by(app, "carla").await {
        let body = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
        campaign.ask(app, &campaign.token, body).await.expect(201);
    }
    assert!(!is_in(app, campaign).await);
    app.drain().await;
}

#[test]
fn of_two_approvers_at_once_one_decides_and_the_other_hears_who() {
    on_two_nodes(async |one, other| {
        let campaign = with_approval(one, &["anna", "ben"], &[]).await;
        let carla = one.token_of_person("carla").await;
        let (anna, ben) = (one.token_of_person("anna").await, other.token_of_person("ben").await);
        for round in 0..ROUNDS {
            let kinds = ["accessGranted", "requestFulfilled", "denied"];
            let before = [
                mails(one, &campaign, kinds[0]).await,
                mails(one, &campaign, kinds[1]).await,
                mails(one, &campaign, kinds[2]).await,
            ];
            let (request, stage) = asked(one, &campaign, &carla).await;
            let (late_anna, late_ben) = head_start(round);
            let ben_says = round % 3 == 0;
            let answers = race(vec![
                decide(one, (&request, &stage), &anna, true).after(late_anna).racer(),
                decide(other, (&request, &stage), &ben, ben_says).after(late_ben).racer(),
            ]);
            let won: Vec<usize> = (0..2).filter(|who| of(&answers, *who).status == 204).collect();
            assert_eq!(won.len(), 1, "one decides: {answers:?}");
            let (winner, loser) = (won[0], of(&answers, 1 - won[0]));
            assert_eq!((loser.status, loser.code()), (409, "StageAlreadyDecided"), "{}", loser.text);
            let decider = company::person(["anna", "ben"][winner]).to_string();
            assert!(loser.message().contains(&decider), "{}", loser.message());
            let approves = winner == 0 || ben_says;
            // One decision in the store, and it is that of the winner.
            let seen = one.get(&approval_of(&request), &campaign.token).await.expect(200).json["stages"][0].clone();
            assert_eq!(seen["reviewedBy"]["id"], decider);
            assert_eq!(seen["reviewResult"], if approves { "Approved" } else { "Denied" });
            assert_eq!(status(one, &campaign, &request).await, if approves { "Fulfilled" } else { "Denied" });
            assert_eq!(is_in(one, &campaign).await, approves);
            let yes = told(one, &campaign, &request, "Approve access package assignment request").await;
            let no = told(one, &campaign, &request, "Deny access package assignment request").await;
            assert_eq!((yes, no), (usize::from(approves), usize::from(!approves)));
            let wanted = [usize::from(approves), usize::from(approves), usize::from(!approves)];
            for (i, kind) in kinds.iter().enumerate() {
                assert_eq!(mails(one, &campaign, kind).await - before[i], wanted[i], "{kind} in round {round}");
            }
            clear(one, &campaign).await;
        }
    });
}

#[test]
fn a_request_is_canceled_or_approved_and_never_both() {
    on_two_nodes(async |one, other| {
        let campaign = with_approval(one, &["ben"], &[]).await;
        let (carla, ben) = (one.token_of_person("carla").await, other.token_of_person("ben").await);
        for round in 0..ROUNDS {
            let before = mails(one, &campaign, "accessGranted").await;
            let (request, stage) = asked(one, &campaign, &carla).await;
            let (late_carla, late_ben) = head_start(round);
            let cancel = format!("{EM}/assignmentRequests/{request}/cancel");
            let answers = race(vec![
                Call::post(one, cancel, &carla, json!({})).after(late_carla).racer(),
                decide(other, (&request, &stage), &ben, true).after(late_ben).racer(),
            ]);
            let (canceled, approved) = (of(&answers, 0), of(&answers, 1));
            let is_canceled = canceled.status == 204;
            if is_canceled {
                assert_eq!((approved.status, approved.code()), (409, "StageAlreadyDecided"), "{}", approved.text);
            } else {
                assert_eq!((canceled.status, canceled.code()), (400, "RequestNotCancelable"), "{}", canceled.text);
                assert_eq!(approved.status, 204, "{}", approved.text);
            }
            let expected = if is_canceled { "Canceled" } else { "Fulfilled" };
            assert_eq!(status(one, &campaign, &request).await, expected);
            assert_eq!(is_in(one, &campaign).await, !is_canceled);
            let withdrawn = told(one, &campaign, &request, "Cancel access package assignment request").await;
            let fulfilled = told(one, &campaign, &request, "Fulfill access package assignment request").await;
            assert_eq!((withdrawn, fulfilled), (usize::from(is_canceled), usize::from(!is_canceled)));
            assert_eq!(mails(one, &campaign, "accessGranted").await - before, usize::from(!is_canceled));
            clear(one, &campaign).await;
        }
    });
}

#[test]
fn access_ends_or_is_extended_and_never_both() {
    on_two_nodes(async |one, other| {
        let campaign = Campaign::without_policy(one).await;
        let mut body = open_policy(&campaign.package);
        body["expiration"] = json!({ "type": "afterDuration", "duration": "PT10H" });
        body["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = json!(true);
        let policy = campaign.add_policy(one, body).await;
        let campaign = Campaign { policy, ..campaign };
        let carla = other.token_of_person("carla").await;
        for round in 0..ROUNDS {
            let ended_before = mails(one, &campaign, "accessEnded").await;
            let removals = "requestType eq 'systemRemove'";
            let removed_before = found(one, &campaign, "assignmentRequests", removals).await.len();
            campaign.ask(one, &campaign.token, campaign.request("adminAdd", "carla")).await.expect(201);
            let id = campaign.held_by(one, "carla").await.expect("an assignment");
            // Halfway: an extension moves the end beyond the time that is about to pass.
            one.advance("PT5H").await;
            let extend = json!({ "requestType": "userExtend", "assignment": { "id": id } });
            let (late_time, late_carla) = head_start(round);
            let answers = race(vec![
                time(one, &campaign.token, "PT6H", late_time),
                Call::post(other, format!("{EM}/assignmentRequests"), &carla, extend).after(late_carla).racer(),
            ]);
            let extension = of(&answers, 1);
            let is_extended = extension.status == 201;
            if !is_extended {
                let told = (extension.status, extension.code());
                let known = [(400, "AssignmentNotLive"), (400, "ExtensionNotAllowed")];
                assert!(known.contains(&told), "{}", extension.text);
            }
            assert_eq!(is_in(one, &campaign).await, is_extended, "round {round}");
            let removed = found(one, &campaign, "assignmentRequests", removals).await.len() - removed_before;
            assert_eq!(removed, usize::from(!is_extended));
            let ended = mails(one, &campaign, "accessEnded").await - ended_before;
            assert_eq!(ended, usize::from(!is_extended));
            clear(one, &campaign).await;
        }
    });
}

#[test]
fn of_twenty_equal_requests_one_is_made_and_the_others_name_it() {
    on_two_nodes(async |one, other| {
        let approval = with_approval(one, &["ben"], &[]).await;
        let carla = [one.token_of_person("carla").await, other.token_of_person("carla").await];
        let crowd = |body: &Value, key: &'static str| {
            let path = format!("{EM}/assignmentRequests");
            let of =
                |n: usize| Call { key, ..Call::post([one, other][n % 2], path.clone(), &carla[n % 2], body.clone()) };
            let answers = race((0..CROWD).map(|n| of(n).racer()).collect());
            answers.into_iter().flatten().collect::<Vec<_>>()
        };
        let body = json!({ "requestType": "userAdd", "assignment": { "accessPackageId": approval.package } });
        for _ in 0..ROUNDS / 4 {
            // One that waits for an approver.
            let answers = crowd(&body, "");
            let made: Vec<String> = answers.iter().filter(|a| a.status == 201).map(Answer::id).collect();
            assert_eq!(made.len(), 1);
            for answer in answers.iter().filter(|a| a.status != 201) {
                assert_eq!((answer.status, answer.code()), (400, "ExistingOpenRequest"), "{}", answer.text);
                assert_eq!(answer.related(), [("accessPackageAssignmentRequest", made[0].as_str())]);
            }
            let open = found(one, &approval, "assignmentRequests", "state eq 'pendingApproval'").await;
            assert_eq!(open, made);
            let cancel = format!("{EM}/assignmentRequests/{}/cancel", made[0]);
            one.post(&cancel, &carla[0], json!({})).await.expect(204);
            let all = found(one, &approval, "assignmentRequests", "requestType eq 'userAdd'").await;
            assert_eq!(told(one, &approval, &made[0], "Create request approval").await, 1);
            // The same with one key: it is one request, and everybody is answered so (decisions.md E7).
            let key = ["one", "two", "three", "four"][all.len() / 2 % 4];
            let answers = crowd(&body, key);
            let ids: Vec<String> = answers.into_iter().map(|a| a.expect(201).id()).collect();
            assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
            let open = found(one, &approval, "assignmentRequests", "state eq 'pendingApproval'").await;
            assert_eq!(open, ids[..1]);
            one.post(&format!("{EM}/assignmentRequests/{}/cancel", ids[0]), &carla[0], json!({})).await.expect(204);
        }
        one.drain().await;
    });
}

#[test]
fn of_twenty_equal_requests_that_are_delivered_at_once_one_gives_access() {
    on_two_nodes(async |one, other| {
        let campaign = Campaign::start(one).await;
        let carla = [one.token_of_person("carla").await, other.token_of_person("carla").await];
        for round in 0..ROUNDS / 4 {
            let before = mails(one, &campaign, "accessGranted").await;
            let body = campaign.request("userAdd", "carla");
            let path = format!("{EM}/assignmentRequests");
            let call = |n: usize| Call::post([one, other][n % 2], path.clone(), &carla[n % 2], body.clone()).racer();
            let answers: Vec<Answer> = race((0..CROWD).map(call).collect()).into_iter().flatten().collect();
            assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1, "round {round}");
            assert!(is_in(one, &campaign).await);
            let held = campaign.held_by(one, "carla").await.expect("an assignment");
            for answer in answers.iter().filter(|a| a.status != 201) {
                assert_eq!((answer.status, answer.code()), (400, "ExistingAssignment"), "{}", answer.text);
                assert_eq!(answer.related(), [("accessPackageAssignment", held.as_str())]);
            }
            assert_eq!(mails(one, &campaign, "accessGranted").await - before, 1);
            clear(one, &campaign).await;
        }
    });
}

#[test]
fn of_two_administrators_who_remove_the_same_one_does() {
    on_two_nodes(async |one, other| {
        let campaign = Campaign::start(one).await;
        let anna = other.token_of_person("anna").await;
        for round in 0..ROUNDS {
            let before = mails(one, &campaign, "accessEnded").await;
            let removals = "requestType eq 'adminRemove'";
            let removed_before = found(one, &campaign, "assignmentRequests", removals).await.len();
            campaign.ask(one, &campaign.token, campaign.request("adminAdd", "carla")).await.expect(201);
            let id = campaign.held_by(one, "carla").await.expect("an assignment");
            let (path, body) = (
                format!("{EM}/assignmentRequests"),
                json!({ "requestType": "adminRemove",
                "assignment": { "id": id } }),
            );
            let (late_app, late_anna) = head_start(round);
            let answers = race(vec![
                Call::post(one, path.clone(), &campaign.token, body.clone()).after(late_app).racer(),
                Call::post(other, path, &anna, body).after(late_anna).racer(),
            ]);
            let won: Vec<usize> = (0..2).filter(|who| of(&answers, *who).status == 201).collect();
            assert_eq!(won.len(), 1, "{answers:?}");
            let loser = of(&answers, 1 - won[0]);
            assert_eq!((loser.status, loser.code()), (400, "AssignmentNotLive"), "{}", loser.text);
            assert!(!is_in(one, &campaign).await);
            let removed = found(one, &campaign, "assignmentRequests", removals).await.len() - removed_before;
            assert_eq!(removed, 1);
            assert_eq!(mails(one, &campaign, "accessEnded").await - before, 1);
        }
    });
}

#[test]
fn a_stage_is_decided_or_runs_out_and_never_both() {
    on_two_nodes(async |one, other| {
        let campaign = with_approval(one, &["ben"], &[]).await;
        let (carla, ben) = (one.token_of_person("carla").await, other.token_of_person("ben").await);
        for round in 0..ROUNDS {
            let before = (mails(one, &campaign, "stageExpired").await, mails(one, &campaign, "expired").await);
            let (request, stage) = asked(one, &campaign, &carla).await;
            let (late_time, late_ben) = head_start(round);
            let answers = race(vec![
                time(one, &campaign.token, "P6D", late_time),
                decide(other, (&request, &stage), &ben, true).after(late_ben).racer(),
            ]);
            let decision = of(&answers, 1);
            let is_decided = decision.status == 204;
            if !is_decided {
                assert_eq!((decision.status, decision.code()), (409, "StageAlreadyDecided"), "{}", decision.text);
            }
            let expected = if is_decided { "Fulfilled" } else { "Expired" };
            assert_eq!(status(one, &campaign, &request).await, expected);
            assert_eq!(is_in(one, &campaign).await, is_decided);
            let out = "Access package assignment request timed out (no approver action taken)";
            assert_eq!(told(one, &campaign, &request, out).await, usize::from(!is_decided));
            let yes = told(one, &campaign, &request, "Approve access package assignment request").await;
            assert_eq!(yes, usize::from(is_decided));
            let after = (mails(one, &campaign, "stageExpired").await, mails(one, &campaign, "expired").await);
            let missed = usize::from(!is_decided);
            assert_eq!((after.0 - before.0, after.1 - before.1), (missed, missed));
            clear(one, &campaign).await;
        }
    });
}

#[test]
fn a_decision_and_an_escalation_at_once_leave_one_decision_and_nobody_asked() {
    on_two_nodes(async |one, other| {
        let campaign = with_approval(one, &["ben"], &["anna"]).await;
        let carla = one.token_of_person("carla").await;
        let (anna, ben) = (one.token_of_person("anna").await, other.token_of_person("ben").await);
        for round in 0..ROUNDS {
            let before = (mails(one, &campaign, "forwarded").await, mails(one, &campaign, "accessGranted").await);
            let (request, stage) = asked(one, &campaign, &carla).await;
            let (late_time, late_ben) = head_start(round);
            let answers = race(vec![
                time(one, &campaign.token, "P3D", late_time),
                decide(other, (&request, &stage), &ben, true).after(late_ben).racer(),
                decide(one, (&request, &stage), &anna, true).after(late_ben + late_time).racer(),
            ]);
            let won: Vec<usize> = (1..3).filter(|who| of(&answers, *who).status == 204).collect();
            assert_eq!(won.len(), 1, "{answers:?}");
            let loser = of(&answers, 3 - won[0]);
            // The alternate may have come before she was asked.
            let told_loser = (loser.status, loser.code());
            let is_early = won[0] == 1 && told_loser == (403, "NotAnApprover");
            assert!(is_early || told_loser == (409, "StageAlreadyDecided"), "{}", loser.text);
            assert_eq!(status(one, &campaign, &request).await, "Fulfilled");
            assert!(is_in(one, &campaign).await);
            assert_eq!(told(one, &campaign, &request, "Approve access package assignment request").await, 1);
            let (forwarded, granted) =
                (mails(one, &campaign, "forwarded").await - before.0, mails(one, &campaign, "accessGranted").await);
            assert_eq!(granted - before.1, 1);
            assert!(forwarded <= 1, "alternates hear of it at most once");
            assert!(won[0] == 1 || forwarded == 1, "whoever decided as an alternate was asked");
            // No instant of the stage is left.
            one.advance("P5D").await;
            assert_eq!(status(one, &campaign, &request).await, "Fulfilled");
            clear(one, &campaign).await;
        }
    });
}
