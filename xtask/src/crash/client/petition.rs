//! What a client does about approval: one of its people asks, two others decide, each stage once; what was given gets
//! another end, or is taken away.

use std::thread;

use serde_json::{Value, json};

use super::super::http::Answer;
use super::super::world::{EM, Rules, ask};
use super::{Client, Count, PASSWORD};
use crate::clock;
use crate::failure::{Failure, Outcome};

/// Who of a client's people asks, and who decides.
const ASKER: usize = 1;
const APPROVERS: [usize; 2] = [2, 3];
/// One of so many requests is withdrawn while it waits, one of so many decisions is a denial, and one of so many is made
/// by both approvers at once.
const PER_CANCEL: usize = 12;
const PER_DENIAL: usize = 5;
const PER_RACE: usize = 3;
/// An end lies so far ahead: far enough that no proof reaches it, near enough that the policy's lies behind it.
const END_SECONDS: std::ops::Range<u64> = 150_000_000..300_000_000;

/// A decision that was acknowledged, or is known to have been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub request: String,
    pub stage: String,
    pub approves: bool,
    /// Nobody else says the same.
    pub reason: String,
}

/// Where the request of the client stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stand {
    #[default]
    Nothing,
    /// This request waits.
    Waits(String),
    Holds,
}

/// What a client knows of it.
#[derive(Clone, Debug, Default)]
pub struct Petition {
    pub asker: String,
    /// How the asker signs in, and how the approvers do.
    pub token: String,
    pub approvers: Vec<String>,
    pub stand: Stand,
    /// The end of what is held; empty when it is not known.
    pub end: String,
    pub decisions: Vec<Decision>,
    /// Decisions that were not looked at by a proof yet begin here.
    pub proven: usize,
}

impl Petition {
    /// What is kept: no tokens.
    pub fn keep(&self) -> Self {
        Self { token: String::new(), approvers: Vec::new(), proven: 0, ..self.clone() }
    }
}

/// The stages of an approval, as a list of them shows it.
pub fn stages(approval: &Value) -> &[Value] {
    approval.get("stages").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a stage was decided so.
pub fn is_decided(stage: &Value, decision: &Decision) -> bool {
    let word = if decision.approves { "Approved" } else { "Denied" };
    text(stage, "id") == decision.stage
        && text(stage, "status") == "Completed"
        && text(stage, "reviewResult") == word
        && text(stage, "justification") == decision.reason
}

impl Client {
    /// Two of its people become approvers.
    pub(super) fn settle_petition(&mut self) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return Ok(()) };
        self.petition.asker = self.find_person(ASKER)?.1;
        for n in APPROVERS {
            let id = self.find_person(n)?.1;
            let member = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")});
            let path = format!("/v1.0/groups/{}/members/$ref", rules.approvers);
            let added = self.call("POST", &path, Some(&member))?;
            if added.status != 204 {
                return Err(Failure::new(format!("POST {path} answered {}: {}", added.status, added.json)));
            }
        }
        Ok(())
    }

    pub(super) fn sign_in_petition(&mut self) -> Outcome<()> {
        if self.world.rules.is_none() {
            return Ok(());
        }
        let token = |client: &Self, n| {
            let name = format!("{}@{}", client.person_name(n), client.world.domain);
            client.world.sign_in(&client.addresses, &name, PASSWORD)
        };
        self.petition.token = token(self, ASKER)?;
        self.petition.approvers = APPROVERS.into_iter().map(|n| token(self, n)).collect::<Outcome<_>>()?;
        Ok(())
    }

    /// Where its request stands, after a run that was cut off.
    pub(super) fn find_petition(&mut self) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return Ok(()) };
        let asker = self.find_person(ASKER)?.1;
        let held = self.find_live_until(&rules.approved, &asker)?;
        let waiting = format!("state eq 'pendingApproval' and accessPackage/id eq '{}'", rules.approved.id);
        let path = format!("{EM}/assignmentRequests?$expand=requestor&$filter={waiting}");
        let open = self.call("GET", &path, None)?;
        let open = open.json.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_ours = |row: &&Value| row.pointer("/requestor/objectId").and_then(Value::as_str) == Some(&asker);
        let open = open.iter().find(is_ours).map(|row| text(row, "id").to_owned());
        (self.petition.stand, self.petition.end) = match (held, open) {
            (Some((_, end)), _) => (Stand::Holds, end),
            (None, Some(request)) => (Stand::Waits(request), String::new()),
            (None, None) => (Stand::Nothing, String::new()),
        };
        self.petition.asker = asker;
        Ok(())
    }

    /// The next thing about approval.
    pub(super) fn go_on_with_petition(&mut self) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return self.change_department() };
        match self.petition.stand.clone() {
            Stand::Nothing => self.petition_for(&rules),
            Stand::Waits(request) if self.rng.pick(PER_CANCEL) == 0 => self.cancel(&request),
            Stand::Waits(request) => self.decide(&rules, &request),
            Stand::Holds => match self.rng.pick(4) {
                0 => self.withdraw(&rules),
                1 => self.extend(&rules),
                _ => self.set_end(&rules),
            },
        }
    }

    /// Until nothing waits for a decision of this client.
    pub fn end_petition(&mut self) -> Outcome<()> {
        while let (Some(rules), Stand::Waits(request)) = (self.world.rules.clone(), self.petition.stand.clone()) {
            self.decide(&rules, &request)?;
        }
        Ok(())
    }

    fn request(&mut self, token: &str, body: &Value) -> Outcome<Answer> {
        self.call_as(token, "POST", &format!("{EM}/assignmentRequests"), Some(body))
    }

    fn petition_for(&mut self, rules: &Rules) -> Outcome<()> {
        let body = json!({"requestType": "userAdd", "justification": "Crash", "assignment": {
            "accessPackageId": rules.approved.id, "assignmentPolicyId": rules.approved.policy}});
        let token = self.petition.token.clone();
        let answer = self.request(&token, &body)?;
        if answer.status == 201 {
            self.petition.stand = Stand::Waits(answer.text("/id").to_owned());
            self.counts.add(Count::Petitions, 1);
        } else {
            self.fault("ask for approval", &answer);
        }
        Ok(())
    }

    fn cancel(&mut self, request: &str) -> Outcome<()> {
        let token = self.petition.token.clone();
        let answer = self.call_as(&token, "POST", &format!("{EM}/assignmentRequests/{request}/cancel"), None)?;
        let is_done = answer.is_success() || answer.tries > 1 && self.state_of(request)? == "canceled";
        if is_done {
            self.petition.stand = Stand::Nothing;
            self.counts.add(Count::Canceled, 1);
        } else {
            self.fault("cancel", &answer);
        }
        Ok(())
    }

    fn state_of(&mut self, request: &str) -> Outcome<String> {
        let found = self.call("GET", &format!("{EM}/assignmentRequests/{request}?$select=state"), None)?;
        Ok(found.text("/state").to_owned())
    }

    fn stages_of(&mut self, request: &str) -> Outcome<Vec<Value>> {
        let found = self.call("GET", &format!("{EM}/accessPackageAssignmentApprovals/{request}"), None)?;
        match stages(&found.json) {
            [] => Err(Failure::new(format!("the approval {request} was answered {}: {}", found.status, found.json))),
            all => Ok(all.to_vec()),
        }
    }

    /// The open stage is decided by one approver, or by both at once, who need not agree.
    fn decide(&mut self, rules: &Rules, request: &str) -> Outcome<()> {
        let before = self.stages_of(request)?;
        let Some(at) = before.iter().position(|stage| text(stage, "status") == "InProgress") else {
            return Err(Failure::new(format!("no stage of {request} is open: {before:?}")));
        };
        let stage = before.get(at).map(|stage| text(stage, "id").to_owned()).unwrap_or_default();
        let count = if self.rng.pick(PER_RACE) == 0 { 2 } else { 1 };
        let first = self.rng.pick(APPROVERS.len());
        let tries: Vec<(String, Decision)> = (0..count)
            .map(|n| {
                let token = self.petition.approvers.get((first + n) % APPROVERS.len()).cloned().unwrap_or_default();
                let (request, stage) = (request.to_owned(), stage.clone());
                let approves = self.rng.pick(PER_DENIAL) != 0;
                (token, Decision { request, stage, approves, reason: format!("Crash {}", self.rng.uuid()) })
            })
            .collect();
        let answers = self.all_decide(&tries)?;
        let after = self.stages_of(request)?;
        let made = tries.iter().find(|(_, decision)| after.iter().any(|stage| is_decided(stage, decision)));
        for ((_, decision), answer) in tries.iter().zip(&answers) {
            let was_made = made.is_some_and(|(_, made)| made == decision);
            // Whose answer was lost repeats the call and hears that the stage was decided: by himself.
            let is_right = match answer.status {
                204 => was_made,
                409 => count > 1 || was_made && answer.tries > 1,
                _ => false,
            };
            if !is_right {
                self.fault(if answer.status == 204 { "a decision that is not there" } else { "decide" }, answer);
            }
        }
        let Some((_, made)) = made.cloned() else {
            return Err(Failure::new(format!("nobody has decided {stage} of {request}: {after:?}")));
        };
        let is_last = at + 1 == before.len();
        if !made.approves {
            self.petition.stand = Stand::Nothing;
            self.counts.add(Count::Denied, 1);
        } else if is_last {
            self.counts.add(Count::Approved, 1);
            let asker = self.petition.asker.clone();
            let held = self.find_live_until(&rules.approved, &asker)?;
            let (_, end) = held.ok_or_else(|| Failure::new(format!("{request} was approved, and gave nothing")))?;
            (self.petition.stand, self.petition.end) = (Stand::Holds, end);
        }
        self.petition.decisions.push(made);
        Ok(())
    }

    /// Several approvers decide at the same time.
    fn all_decide(&mut self, tries: &[(String, Decision)]) -> Outcome<Vec<Answer>> {
        let calls: Vec<(String, usize)> =
            tries.iter().map(|_| (self.rng.uuid(), self.rng.pick(self.addresses.len()))).collect();
        let addresses = self.addresses.clone();
        let answers: Vec<Outcome<Answer>> = thread::scope(|scope| {
            let running: Vec<_> = tries
                .iter()
                .zip(&calls)
                .map(|((token, decision), (id, first))| {
                    let addresses = &addresses;
                    scope.spawn(move || {
                        let Decision { request, stage, approves, reason } = decision;
                        let path = format!("{EM}/accessPackageAssignmentApprovals/{request}/stages/{stage}");
                        let word = if *approves { "Approve" } else { "Deny" };
                        let body = json!({"reviewResult": word, "justification": reason});
                        ask((addresses, *first), token, ("PATCH", &path), Some(&body), id)
                    })
                })
                .collect();
            let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
            ended.map(|end| end.unwrap_or_else(|_| Err(Failure::new("an approver has panicked")))).collect()
        });
        let answers = answers.into_iter().collect::<Outcome<Vec<Answer>>>()?;
        for answer in &answers {
            self.calls += 1;
            self.repeated += u64::from(answer.tries > 1);
        }
        Ok(answers)
    }

    fn held(&mut self, rules: &Rules) -> Outcome<(String, String)> {
        let asker = self.petition.asker.clone();
        let held = self.find_live_until(&rules.approved, &asker)?;
        let (id, end) = held.ok_or_else(|| Failure::new(format!("what {asker} was approved is lost")))?;
        if end != self.petition.end {
            return Err(Failure::new(format!("{id} ends at {end}, not at {}", self.petition.end)));
        }
        Ok((id, end))
    }

    /// An administrator sets another end.
    fn set_end(&mut self, rules: &Rules) -> Outcome<()> {
        let (id, _) = self.held(rules)?;
        let end = clock::text(clock::unix_seconds() + self.rng.within(END_SECONDS));
        let body = json!({"requestType": "adminUpdate", "assignment": {"id": id},
            "schedule": {"expiration": {"type": "afterDateTime", "endDateTime": end}}});
        let token = self.world.token.clone();
        let answer = self.request(&token, &body)?;
        if answer.status == 201 {
            self.petition.end = end;
            self.counts.add(Count::Ends, 1);
        } else {
            self.fault("set an end", &answer);
        }
        Ok(())
    }

    /// The holder extends what he has, as far as the policy lets him.
    fn extend(&mut self, rules: &Rules) -> Outcome<()> {
        let (id, before) = self.held(rules)?;
        let body = json!({"requestType": "userExtend", "assignment": {"id": id}});
        let token = self.petition.token.clone();
        let answer = self.request(&token, &body)?;
        if answer.status != 201 {
            self.fault("extend", &answer);
            return Ok(());
        }
        self.counts.add(Count::Extensions, 1);
        let asker = self.petition.asker.clone();
        let (_, end) = self.find_live_until(&rules.approved, &asker)?.unwrap_or_default();
        // Without its last letter a whole second is less than a part of it.
        if end.trim_end_matches('Z') <= before.trim_end_matches('Z') {
            self.faults.push(format!("{id} was extended, but ends at {end}, and before at {before}"));
        }
        self.petition.end = end;
        Ok(())
    }

    fn withdraw(&mut self, rules: &Rules) -> Outcome<()> {
        let (id, _) = self.held(rules)?;
        let token = self.world.token.clone();
        let answer = self.request(&token, &json!({"requestType": "adminRemove", "assignment": {"id": id}}))?;
        if answer.status == 201 {
            (self.petition.stand, self.petition.end) = (Stand::Nothing, String::new());
            self.counts.add(Count::Withdrawn, 1);
        } else {
            self.fault("take away what was approved", &answer);
        }
        Ok(())
    }
}
