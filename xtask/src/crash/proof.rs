//! Compares what the servers say, and what is in the database, with what the clients know. Nobody writes meanwhile but
//! background work.

mod rules;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, Count, Counts, Kind, Thing};
use super::rng::Rng;
use super::world::{EM, Package, World, ask};
use super::{Tally, http::Answer, inside};
use crate::clock;
use crate::database::Database;
use crate::failure::{Failure, Outcome};

/// Old things of each client that a sample looks at again.
const SAMPLE: usize = 6;
/// Background work is given so long to get where it must: the lease of a server that was killed, and a slow machine.
const SETTLE_TIME_MAX: Duration = Duration::from_mins(3);
/// Rows of a page.
const PAGE: usize = 999;

pub struct Proof {
    pub world: World,
    addresses: Vec<SocketAddr>,
    database: Database,
    next: usize,
    /// Requests that were there before the clients of this run began.
    before: Counts,
    /// Assignments that ended by their time.
    pub expired: u64,
}

impl Proof {
    /// Of clients that know everything that was ever requested.
    pub fn new(world: &World, addresses: Vec<SocketAddr>, database: Database) -> Self {
        Self { world: world.clone(), addresses, database, next: 0, before: Counts::default(), expired: 0 }
    }

    /// Of clients that go on: counts what is there before they begin.
    pub fn begin(world: &World, addresses: Vec<SocketAddr>, database: Database) -> Outcome<Self> {
        let mut proof = Self::new(world, addresses, database);
        proof.before = proof.requests()?;
        Ok(proof)
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
    pub fn list(&mut self, path: &str) -> Outcome<Vec<Value>> {
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
            let mut wanted: Vec<Thing> = client.things.iter().skip(client.proven).cloned().collect();
            if !client.things.is_empty() {
                let again = (0..SAMPLE).filter_map(|_| client.things.get(rng.pick(client.things.len())));
                wanted.extend(again.cloned());
            }
            client.proven = client.things.len();
            drop(client);
            for thing in wanted.iter().filter(|thing| !thing.id.is_empty()) {
                let path = format!("{}?$select=id&$filter=displayName eq '{}'", thing.kind.list(), thing.name);
                let rows = self.list(&path)?;
                judge(thing, &rows.iter().filter_map(id_of).collect::<Vec<_>>(), tally);
            }
        }
        self.new_decisions(clients, rng, tally)?;
        self.always(clients, tally)
    }

    /// Everything.
    pub fn whole(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        for kind in [Kind::Catalog, Kind::Group] {
            self.things(kind, clients, tally)?;
        }
        for client in clients {
            let departments = known(client)?.departments.clone();
            for (person, department) in departments {
                let found = self.ask("GET", &format!("/v1.0/users/{person}?$select=department"), None)?;
                if found.text("/department") != department {
                    tally.lost.push(format!("{person} is in {}, not in {department}", found.json));
                }
            }
        }
        self.all_decisions(clients, tally)?;
        self.many(clients, tally)?;
        self.always(clients, tally)
    }

    /// All things of a kind, and no other ones of that name.
    fn things(&mut self, kind: Kind, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        let path =
            format!("{}?$select=id,displayName&$top={PAGE}&$filter=startswith(displayName,'Crash ')", kind.list());
        let rows = self.list(&path)?;
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &rows {
            let name = row.get("displayName").and_then(Value::as_str).unwrap_or_default();
            found.entry(name).or_default().extend(id_of(row));
        }
        for client in clients {
            let wanted = known(client)?.things.clone();
            for thing in wanted.iter().filter(|thing| thing.kind == kind && !thing.id.is_empty()) {
                judge(thing, found.get(thing.name.as_str()).map_or(&[], Vec::as_slice), tally);
            }
        }
        Ok(())
    }

    /// What must hold whenever nobody writes.
    fn always(&mut self, clients: &[Mutex<Client>], tally: &mut Tally) -> Outcome<()> {
        let (mut lasting, mut asked) = (BTreeMap::new(), BTreeMap::new());
        let (mut counts, mut latest) = (self.before, String::new());
        for client in clients {
            let mut client = known(client)?;
            tally.lost.append(&mut client.faults);
            lasting.extend(client.people.iter().filter(|(_, holds)| **holds).map(|(id, _)| (id.clone(), 1)));
            let (asker, holds) = client.asker();
            asked.extend(holds.then(|| (asker.to_owned(), 1)));
            counts = counts + client.counts;
            latest = latest.max(client.clock.clone());
        }
        self.held("lasting", &self.world.lasting.clone(), &lasting, tally)?;
        self.held("asked", &self.world.asked.clone(), &asked, tally)?;
        self.approved(clients, tally)?;
        compare_counts(counts, self.requests()?, tally);
        let now = self.ask("GET", "/tenure/v1/clock", None)?;
        // Without its last letter a whole second is less than a part of it.
        if now.text("/now").trim_end_matches('Z') < latest.trim_end_matches('Z') {
            tally.lost.push(format!("the clock says {}, but it was at {latest} before", now.json));
        }
        inside::look(&self.database, &self.world, tally)
    }

    fn held(
        &mut self,
        what: &str,
        package: &Package,
        expected: &BTreeMap<String, u32>,
        tally: &mut Tally,
    ) -> Outcome<()> {
        compare(&format!("{what}: live assignments"), expected, &self.live(&package.id)?, tally);
        compare(&format!("{what}: members"), expected, &self.members(&package.group)?, tally);
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

    fn count(&mut self, kind: &str, package: &str) -> Outcome<u64> {
        self.count_where(&format!(
            "requestType eq '{kind}' and accessPackage/id eq '{package}' and state eq 'delivered'"
        ))
    }

    fn count_where(&mut self, filter: &str) -> Outcome<u64> {
        let found = self.ask("GET", &format!("{EM}/assignmentRequests/$count?$filter={filter}"), None)?;
        found.json.as_u64().ok_or_else(|| Failure::new(format!("no count of requests, but {}", found.json)))
    }

    fn requests(&mut self) -> Outcome<Counts> {
        let World { lasting, ending, asked, .. } = self.world.clone();
        let mut counts = Counts::default();
        let plain = [
            (Count::Given, "adminAdd", &lasting),
            (Count::Taken, "adminRemove", &lasting),
            (Count::Asked, "userAdd", &asked),
            (Count::Returned, "userRemove", &asked),
            (Count::Endings, "adminAdd", &ending),
        ];
        for (what, kind, package) in plain {
            counts.add(what, self.count(kind, &package.id)?);
        }
        self.count_rules(&mut counts)?;
        Ok(counts)
    }

    /// Time passes: everything that had an end has ended, each once, and the mails tell so, each once.
    pub fn time_passes(&mut self, clients: &[Mutex<Client>], tally: &mut Tally, has_clock: bool) -> Outcome<()> {
        let ending = self.world.ending.clone();
        if has_clock {
            self.ask("POST", "/tenure/v1/clock", Some(&json!({"advance": "P1D"})))?;
        } else {
            // Real time: the assignments last for seconds, the leases of a killed server somewhat longer.
            clock::poll(SETTLE_TIME_MAX, || Ok(self.live(&ending.id)?.is_empty().then_some(())))?;
        }
        inside::settle(&self.database, &self.world)?;
        self.held("ending, after the end", &ending, &BTreeMap::new(), tally)?;
        self.always(clients, tally)?;
        let given = self.requests()?.get(Count::Endings);
        self.expired = self.count("systemRemove", &ending.id)?;
        let mails = self.mails_of_the_end()?;
        for (what, found) in [("ends", self.expired), ("mails of the end", mails)] {
            more_or_less(&format!("{given} assignments had an end, but there are {found} {what}"), given, found, tally);
        }
        Ok(())
    }

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

fn id_of(row: &Value) -> Option<&str> {
    row.get("id")?.as_str()
}

/// Whether a thing is there once, under the id that was acknowledged.
fn judge(thing: &Thing, found: &[&str], tally: &mut Tally) {
    let Thing { kind, name, id } = thing;
    match found {
        [one] if one == id => {}
        [] => tally.lost.push(format!("the {kind:?} {name} ({id}) is not there")),
        _ => tally.doubled.push(format!("the {kind:?} {name} ({id}) is there as {found:?}")),
    }
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

fn compare_counts(expected: Counts, found: Counts, tally: &mut Tally) {
    for count in Count::ALL {
        let (wanted, there) = (expected.get(count), found.get(count));
        more_or_less(&format!("{count:?}: {wanted} were acknowledged, but {there} are there"), wanted, there, tally);
    }
}

fn more_or_less(text: &str, wanted: u64, found: u64, tally: &mut Tally) {
    match found.cmp(&wanted) {
        std::cmp::Ordering::Less => tally.lost.push(text.to_owned()),
        std::cmp::Ordering::Greater => tally.doubled.push(text.to_owned()),
        std::cmp::Ordering::Equal => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Tally, compare, judge};
    use crate::crash::client::{Kind, Thing};

    fn sizes(tally: &Tally) -> (usize, usize) {
        (tally.lost.len(), tally.doubled.len())
    }

    #[test]
    fn what_is_missing_is_lost_and_what_nobody_made_is_doubled() {
        let of = |pairs: &[(&str, u32)]| pairs.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<BTreeMap<_, _>>();
        let mut tally = Tally::default();
        compare("x", &of(&[("a", 1), ("b", 1)]), &of(&[("a", 1), ("b", 1)]), &mut tally);
        assert_eq!(sizes(&tally), (0, 0));
        compare("x", &of(&[("a", 1), ("b", 1)]), &of(&[("b", 2), ("c", 1)]), &mut tally);
        assert_eq!(sizes(&tally), (1, 2));
    }

    #[test]
    fn a_thing_is_there_once_under_its_id() {
        let thing = Thing { kind: Kind::Group, name: "Crash 1 0 0".to_owned(), id: "a".to_owned() };
        let judged = |found: &[&str]| {
            let mut tally = Tally::default();
            judge(&thing, found, &mut tally);
            sizes(&tally)
        };
        assert_eq!(
            (judged(&["a"]), judged(&[]), judged(&["b"]), judged(&["a", "b"])),
            ((0, 0), (1, 0), (0, 1), (0, 1))
        );
    }
}
