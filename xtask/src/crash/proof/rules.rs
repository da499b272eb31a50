//! The same about approvals and jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;

use super::super::client::{Client, Count, Counts, Decision, Stand, petition};
use super::super::rng::Rng;
use super::super::world::EM;
use super::super::{Tally, inside};
use super::{PAGE, Proof, SAMPLE, compare, known, more_or_less};
use crate::failure::Outcome;

/// Where approvals are.
fn approvals() -> String {
    format!("{EM}/accessPackageAssignmentApprovals")
}

fn text<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a decision stands as it was made.
fn judge(decision: &Decision, stages: &[Value], tally: &mut Tally) {
    if !stages.iter().any(|stage| petition::is_decided(stage, decision)) {
        tally.lost.push(format!("the decision {decision:?} is not there, but {stages:?}"));
    }
}

impl Proof {
    pub(super) fn count_rules(&mut self, counts: &mut Counts) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return Ok(()) };
        let package = &rules.approved.id;
        let of = |kind: &str, state: &str| {
            format!("requestType eq '{kind}' and accessPackage/id eq '{package}' and state eq '{state}'")
        };
        let all = [
            (Count::Petitions, format!("requestType eq 'userAdd' and accessPackage/id eq '{package}'")),
            (Count::Approved, of("userAdd", "delivered")),
            (Count::Denied, of("userAdd", "denied")),
            (Count::Canceled, of("userAdd", "canceled")),
            (Count::Ends, of("adminUpdate", "delivered")),
            (Count::Extensions, of("userUpdate", "delivered")),
            (Count::Withdrawn, of("adminRemove", "delivered")),
        ];
        for (what, filter) in all {
            counts.add(what, self.count_where(&filter)?);
        }
        counts.add(Count::Roles, u64::try_from(self.jobs()?.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// The jobs of the package of many.
    fn jobs(&mut self) -> Outcome<Vec<Value>> {
        let package = self.world.rules.as_ref().map(|rules| rules.many.package.id.clone()).unwrap_or_default();
        let all = self.list(&format!("/tenure/v1/jobs?$top={PAGE}"))?;
        Ok(all.into_iter().filter(|job| text(job, "/accessPackageId") == package).collect())
    }

    /// What was approved is held until the end that was set last, and by nobody else.
    pub(super) fn approved(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return Ok(()) };
        let (mut holders, mut waiting, mut ends) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        for client in clients {
            let petition = known(client)?.petition.keep();
            match petition.stand {
                Stand::Nothing => {}
                Stand::Waits(request) => {
                    waiting.insert(request);
                }
                Stand::Holds => {
                    holders.insert(petition.asker.clone(), 1);
                    ends.insert(petition.asker, petition.end);
                }
            }
        }
        self.held("approved", &rules.approved, &holders, tally)?;
        let filter = format!("accessPackage/id eq '{}' and state eq 'delivered'", rules.approved.id);
        for row in self.list(&format!("{EM}/assignments?$expand=target&$top={PAGE}&$filter={filter}"))? {
            let (target, end) = (text(&row, "/target/objectId"), text(&row, "/schedule/expiration/endDateTime"));
            if ends.get(target).is_some_and(|wanted| wanted != end) {
                tally.lost.push(format!("access of {target} shall end at {:?}, and ends at {end}", ends.get(target)));
            }
        }
        let filter = format!("accessPackage/id eq '{}' and state eq 'pendingApproval'", rules.approved.id);
        let open = self.list(&format!("{EM}/assignmentRequests?$select=id&$top={PAGE}&$filter={filter}"))?;
        let open: BTreeSet<String> = open.iter().map(|row| text(row, "/id").to_owned()).collect();
        tally.lost.extend(waiting.difference(&open).map(|id| format!("the request {id} does not wait any more")));
        tally
            .doubled
            .extend(open.difference(&waiting).map(|id| format!("the request {id} waits, and nobody knows it")));
        Ok(())
    }

    /// New decisions, and some of the old.
    pub(super) fn new_decisions(&mut self, clients: &[Mutex<Client>], rng: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        for client in clients {
            let mut client = known(client)?;
            let petition = &mut client.petition;
            let mut wanted: Vec<Decision> = petition.decisions.iter().skip(petition.proven).cloned().collect();
            if !petition.decisions.is_empty() {
                let again = (0..SAMPLE).filter_map(|_| petition.decisions.get(rng.pick(petition.decisions.len())));
                wanted.extend(again.cloned());
            }
            petition.proven = petition.decisions.len();
            drop(client);
            for decision in wanted {
                let found = self.ask("GET", &format!("{}/{}", approvals(), decision.request), None)?;
                judge(&decision, petition::stages(&found.json), tally);
            }
        }
        Ok(())
    }

    /// All decisions.
    pub(super) fn all_decisions(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        if self.world.rules.is_none() {
            return Ok(());
        }
        let all = self.list(&format!("{}?$expand=stages&$top={PAGE}", approvals()))?;
        let found: BTreeMap<&str, &[Value]> = all.iter().map(|row| (text(row, "/id"), petition::stages(row))).collect();
        for client in clients {
            let decisions = known(client)?.petition.decisions.clone();
            for decision in decisions {
                judge(&decision, found.get(decision.request.as_str()).copied().unwrap_or_default(), tally);
            }
        }
        Ok(())
    }

    /// Jobs come to their end, have reached everybody once, and everybody holds each role that is in the package, and none
    /// that is not.
    pub(super) fn many(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        let Some(rules) = self.world.rules.clone() else { return Ok(()) };
        inside::settle(&self.database, &self.world)?;
        let everybody = self.members(&rules.many.package.group)?;
        let holders = u64::try_from(rules.many.holders).unwrap_or(u64::MAX);
        let there = u64::try_from(everybody.len()).unwrap_or(u64::MAX);
        more_or_less(&format!("{holders} hold the package of many, but {there} are there"), holders, there, tally);
        for client in clients {
            let (group, has_role) = {
                let client = known(client)?;
                (client.group_of_role().unwrap_or_default().to_owned(), client.role.is_some())
            };
            let expected = if has_role { everybody.clone() } else { BTreeMap::new() };
            compare(&format!("many: members of {group}"), &expected, &self.members(&group)?, tally);
        }
        for job in self.jobs()? {
            let done = job.get("done").and_then(Value::as_u64).unwrap_or_default();
            if text(&job, "/state") != "completed" {
                tally.lost.push(format!("a job has not come to its end: {job}"));
            }
            more_or_less(&format!("{job} has reached {done} of {holders}"), holders, done, tally);
        }
        Ok(())
    }
}
