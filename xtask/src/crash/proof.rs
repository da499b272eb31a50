//! Compares what the servers say with what the clients know. Nobody writes meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::rng::Rng;
use super::world::{EM, World, ask};
use super::{Tally, http::Answer};
use crate::clock;
use crate::failure::{Failure, Outcome};

/// Old catalogs of each client that a sample looks at again.
const SAMPLE: usize = 10;
/// Background work is given so long to get where it must.
const SETTLE_TIME_MAX: Duration = Duration::from_mins(1);
/// Rows of a page.
const PAGE: usize = 999;

pub struct Proof {
    world: World,
    addresses: Vec<SocketAddr>,
    next: usize,
    /// Assignments that ended by their time.
    pub expired: u64,
}

impl Proof {
    pub fn new(world: &World, addresses: Vec<SocketAddr>) -> Self {
        Self { world: world.clone(), addresses, next: 0, expired: 0 }
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        // Each question goes to another server: all must know the same.
        self.next += 1;
        let answer = ask((&self.addresses, self.next), &self.world.token, (method, path), body, "")?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(Failure::new(format!("{method} {path} answered {}: {}", answer.status, answer.json)))
    }

    /// All rows of a list.
    fn list(&mut self, path: &str) -> Outcome<Vec<Value>> {
        let (mut rows, mut path) = (Vec::new(), path.to_owned());
        loop {
            let mut page = self.ask("GET", &path, None)?;
            match page.json.pointer_mut("/value").map(Value::take) {
                Some(Value::Array(found)) => rows.extend(found),
                _ => return Err(Failure::new(format!("{path} gave no list"))),
            }
            let link = page.text("/@odata.nextLink");
            let local = link.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
            match local {
                Some(next) => next.clone_into(&mut path),
                None => return Ok(rows),
            }
        }
    }

    /// Everything that is quick to look at, and of the rest what is new and some of the old.
    pub fn sample(&mut self, clients: &[Mutex<Client>], rng: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        for client in clients {
            let mut client = known(client)?;
            tally.lost.append(&mut client.faults);
            let mut wanted: Vec<(String, String)> = client.catalogs.iter().skip(client.proven).cloned().collect();
            if !client.catalogs.is_empty() {
                let again = (0..SAMPLE).filter_map(|_| client.catalogs.get(rng.pick(client.catalogs.len())));
                wanted.extend(again.cloned());
            }
            client.proven = client.catalogs.len();
            drop(client);
            self.catalogs(&wanted, tally)?;
        }
        self.assignments(clients, tally)
    }

    /// Everything.
    pub fn whole(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        for client in clients {
            let mut client = known(client)?;
            tally.lost.append(&mut client.faults);
            let (all, departments) = (client.catalogs.clone(), client.departments.clone());
            drop(client);
            self.catalogs(&all, tally)?;
            for (person, department) in departments {
                let found = self.ask("GET", &format!("/v1.0/users/{person}?$select=department"), None)?;
                if found.text("/department") != department {
                    tally.lost.push(format!("{person} is in {}, not in {department}", found.json));
                }
            }
        }
        self.assignments(clients, tally)
    }

    fn catalogs(&mut self, wanted: &[(String, String)], tally: &mut Tally) -> Outcome<()> {
        for (name, id) in wanted.iter().filter(|(_, id)| !id.is_empty()) {
            let found = self.list(&format!("{EM}/catalogs?$select=id&$filter=displayName eq '{name}'"))?;
            let ids: Vec<&str> = found.iter().filter_map(|row| row.get("id")?.as_str()).collect();
            match ids.as_slice() {
                [one] if one == id => {}
                [] => tally.lost.push(format!("the catalog {name} ({id}) is not there")),
                _ => tally.doubled.push(format!("the catalog {name} ({id}) is there as {ids:?}")),
            }
        }
        Ok(())
    }

    /// How often each person is in a list of rows, by the text at `pointer`.
    fn counted(&mut self, path: &str, pointer: &str) -> Outcome<BTreeMap<String, u32>> {
        let mut counts = BTreeMap::new();
        for row in self.list(path)? {
            let id = row.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            *counts.entry(id.to_owned()).or_insert(0) += 1;
        }
        Ok(counts)
    }

    fn members(&mut self, group: &str) -> Outcome<BTreeMap<String, u32>> {
        self.counted(&format!("/v1.0/groups/{group}/members?$select=id&$top={PAGE}"), "/id")
    }

    fn live(&mut self, package: &str) -> Outcome<BTreeMap<String, u32>> {
        let filter = format!("accessPackage/id eq '{package}' and state eq 'delivered'");
        let path = format!("{EM}/assignments?$expand=target&$top={PAGE}&$filter={filter}");
        self.counted(&path, "/target/objectId")
    }

    fn count(&mut self, path: &str) -> Outcome<u64> {
        let found = self.ask("GET", path, None)?;
        found.json.as_u64().ok_or_else(|| Failure::new(format!("{path} gave no number")))
    }

    fn assignments(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        let (lasting, ending) = (self.world.lasting.clone(), self.world.ending.clone());
        let mut expected = BTreeMap::new();
        for client in clients {
            let client = known(client)?;
            expected.extend(client.people.iter().filter(|(_, holds)| **holds).map(|(id, _)| (id.clone(), 1)));
        }
        compare("live assignments", &expected, &self.live(&lasting.id)?, tally);
        compare("members", &expected, &self.members(&lasting.group)?, tally);
        let (live, members) = (self.live(&ending.id)?, self.members(&ending.group)?);
        compare("members by ending assignments", &live, &members, tally);
        let unfinished = format!("{EM}/assignmentRequests/$count?$filter=accessPackage/id eq");
        for package in [&lasting, &ending] {
            let path = format!("{unfinished} '{}' and state ne 'delivered'", package.id);
            let settled = clock::poll(SETTLE_TIME_MAX, || Ok((self.count(&path)? == 0).then_some(())))?;
            if settled.is_none() {
                tally.lost.push(format!("requests of {} are stuck", package.id));
            }
        }
        Ok(())
    }

    /// A day passes: everything that had an end has ended, each once, and the mails tell so, each once.
    pub fn time_passes(&mut self, clients: &[Mutex<Client>], tally: &mut Tally, has_clock: bool) -> Outcome<()> {
        let ending = self.world.ending.clone();
        if has_clock {
            self.ask("POST", "/tenure/v1/clock", Some(&json!({"advance": "P1D"})))?;
        } else {
            // Real time: the assignments last for seconds, the leases of a killed server somewhat longer.
            clock::poll(SETTLE_TIME_MAX, || Ok(self.live(&ending.id)?.is_empty().then_some(())))?;
        }
        compare("live assignments after their end", &BTreeMap::new(), &self.live(&ending.id)?, tally);
        compare("members after the end", &BTreeMap::new(), &self.members(&ending.group)?, tally);
        let mut given = 0;
        for client in clients {
            given += known(client)?.endings;
        }
        let filter = format!("requestType eq 'systemRemove' and accessPackage/id eq '{}'", ending.id);
        self.expired = self.count(&format!("{EM}/assignmentRequests/$count?$filter={filter}"))?;
        let mut mails = 0;
        // Mails follow the end; with a clock they have followed already.
        clock::poll(SETTLE_TIME_MAX, || {
            mails = self.mails_of_the_end()?;
            Ok((mails >= given).then_some(()))
        })?;
        for (what, found) in [("ends", self.expired), ("mails of the end", mails)] {
            if found < given {
                tally.lost.push(format!("{given} assignments had an end, but there are {found} {what}"));
            } else if found > given {
                tally.doubled.push(format!("{given} assignments had an end, but there are {found} {what}"));
            }
        }
        Ok(())
    }
}

impl Proof {
    fn mails_of_the_end(&mut self) -> Outcome<u64> {
        let mails = self.list(&format!("/tenure/v1/outbox/mail?$top={PAGE}"))?;
        let ended =
            |mail: &&Value| mail.get("subject").and_then(Value::as_str) == Some("Access has ended for Crash ending");
        Ok(u64::try_from(mails.iter().filter(ended).count()).unwrap_or(u64::MAX))
    }
}

/// What a client knows.
pub fn known(client: &Mutex<Client>) -> Outcome<std::sync::MutexGuard<'_, Client>> {
    client.lock().map_err(|_| Failure::new("a client has panicked"))
}

fn compare(what: &str, expected: &BTreeMap<String, u32>, found: &BTreeMap<String, u32>, tally: &mut Tally) {
    for id in expected.keys().filter(|id| !found.contains_key(*id)) {
        tally.lost.push(format!("{what}: {id} is missing"));
    }
    for (id, count) in found {
        match expected.get(id) {
            None => tally.doubled.push(format!("{what}: {id} is there and should not be")),
            Some(wanted) if wanted < count => tally.doubled.push(format!("{what}: {id} is there {count} times")),
            Some(_) => {}
        }
    }
}
