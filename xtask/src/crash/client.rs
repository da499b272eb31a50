//! One client: calls, repeats until answered, and remembers what must be true now.

pub mod petition;
mod roles;

pub use petition::{Decision, Petition, Stand};

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::Answer;
use super::rng::Rng;
use super::state::Kept;
use super::world::{EM, Package, World, ask};
use crate::failure::{Failure, Outcome};

/// People of one client.
const PEOPLE: usize = 6;
const PASSWORD: &str = "Contoso1234";
const CLOCK: &str = "/tenure/v1/clock";
/// One move of the clock.
const STEP: &str = "PT10M";

/// A kind of thing that is made once and stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its name is unique: the database refuses a second one.
    Catalog,
    /// Its name is not unique: only the memory of answers keeps a repeated call from making a second one.
    Group,
}

impl Kind {
    /// The list of such things.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Catalog => "/v1.0/identityGovernance/entitlementManagement/catalogs",
            Self::Group => "/v1.0/groups",
        }
    }
}

/// A thing that was made.
#[derive(Clone, Debug)]
pub struct Thing {
    pub kind: Kind,
    pub name: String,
    /// Empty, when it is not known whether it was made.
    pub id: String,
}

/// What is counted: requests of each kind, and changes of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The lasting package was given.
    Given,
    /// It was taken away.
    Taken,
    /// The package that is asked for was got.
    Asked,
    /// It was given back.
    Returned,
    /// The ending package was given.
    Endings,
    /// The package that needs approval was asked for.
    Petitions,
    /// Both stages were approved.
    Approved,
    /// A stage was denied.
    Denied,
    /// The request was withdrawn.
    Canceled,
    /// Another end was set.
    Ends,
    /// The holder has extended it.
    Extensions,
    /// It was taken away.
    Withdrawn,
    /// A role of the package of many was put in or taken out.
    Roles,
}

impl Count {
    /// All of them, in the order in which they are kept.
    pub const ALL: [Self; 13] = [
        Self::Given,
        Self::Taken,
        Self::Asked,
        Self::Returned,
        Self::Endings,
        Self::Petitions,
        Self::Approved,
        Self::Denied,
        Self::Canceled,
        Self::Ends,
        Self::Extensions,
        Self::Withdrawn,
        Self::Roles,
    ];
}

/// How many of each there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Count::ALL.len()]);

impl Counts {
    /// In the order of [`Count::ALL`].
    pub const fn numbers(&self) -> &[u64] {
        &self.0
    }

    /// What [`Counts::numbers`] gave, now or in a release that counted less.
    pub fn of(numbers: &[u64]) -> Self {
        let mut all = Self::default();
        all.0.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
        all
    }

    pub fn get(&self, count: Count) -> u64 {
        self.0.get(count as usize).copied().unwrap_or_default()
    }

    pub fn add(&mut self, count: Count, more: u64) {
        if let Some(number) = self.0.get_mut(count as usize) {
            *number += more;
        }
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(mut self, more: Self) -> Self {
        self.0.iter_mut().zip(more.0).for_each(|(to, from)| *to += from);
        self
    }
}

/// The one person of each client who asks for access.
#[derive(Clone, Debug, Default)]
struct Asker {
    id: String,
    token: String,
    holds: bool,
}

/// What a client knows.
pub struct Client {
    number: usize,
    /// Tells the names of this run from those of the one it goes on with.
    run: u32,
    moves_clock: bool,
    addresses: Vec<SocketAddr>,
    pub world: World,
    rng: Rng,
    /// Calls that were answered.
    pub calls: u64,
    /// Those of them that had to be repeated.
    pub repeated: u64,
    /// What was made.
    pub things: Vec<Thing>,
    /// Things that were not looked at by a proof yet begin here.
    pub proven: usize,
    /// People: id, and whether they hold the lasting package.
    pub people: BTreeMap<String, bool>,
    asker: Asker,
    /// What it does about approval.
    pub petition: Petition,
    /// The role that it has put into the package of many.
    pub role: Option<String>,
    /// The department last given to each.
    pub departments: BTreeMap<String, String>,
    /// Requests that were acknowledged.
    pub counts: Counts,
    /// What the clock said last; it never goes back.
    pub clock: String,
    /// What went wrong.
    pub faults: Vec<String>,
}

impl Client {
    /// A client that knows nobody yet.
    pub fn new(
        (number, run): (usize, u32),
        moves_clock: bool,
        addresses: &[SocketAddr],
        world: &World,
        rng: Rng,
    ) -> Self {
        Self {
            number,
            run,
            moves_clock: moves_clock && number == 0,
            addresses: addresses.to_vec(),
            world: world.clone(),
            rng,
            calls: 0,
            repeated: 0,
            things: Vec::new(),
            proven: 0,
            people: BTreeMap::new(),
            asker: Asker::default(),
            petition: Petition::default(),
            role: None,
            departments: BTreeMap::new(),
            counts: Counts::default(),
            clock: String::new(),
            faults: Vec::new(),
        }
    }

    /// Makes its people.
    pub fn settle(&mut self) -> Outcome<()> {
        for n in 0..PEOPLE {
            let name = self.person_name(n);
            let person = json!({
                "accountEnabled": true,
                "displayName": name,
                "mailNickname": name,
                "userPrincipalName": format!("{name}@{}", self.world.domain),
                "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": false},
            });
            let made = self.call("POST", "/v1.0/users", Some(&person))?;
            let id = made.text("/id").to_owned();
            if id.is_empty() {
                return Err(Failure::new(format!("POST /users answered {}: {}", made.status, made.json)));
            }
            self.people.insert(id, false);
        }
        self.find_asker()?;
        self.settle_petition()
    }

    fn person_name(&self, n: usize) -> String {
        format!("crash{}x{n}", self.number)
    }

    /// The name by which a person signs in, and the id.
    fn find_person(&mut self, n: usize) -> Outcome<(String, String)> {
        let name = format!("{}@{}", self.person_name(n), self.world.domain);
        let found = self.call("GET", &format!("/v1.0/users/{name}?$select=id"), None)?;
        let id = found.text("/id").to_owned();
        if id.is_empty() {
            return Err(Failure::new(format!("{name} is lost: {} {}", found.status, found.json)));
        }
        Ok((name, id))
    }

    fn find_asker(&mut self) -> Outcome<()> {
        self.asker.id = self.find_person(0)?.1;
        let asked = self.world.asked.clone();
        let asker = self.asker.id.clone();
        self.asker.holds = self.find_live(&asked, &asker)?.is_some();
        self.sign_in()
    }

    /// New tokens before the old ones end.
    pub fn sign_in(&mut self) -> Outcome<()> {
        let name = format!("{}@{}", self.person_name(0), self.world.domain);
        self.asker.token = self.world.sign_in(&self.addresses, &name, PASSWORD)?;
        self.sign_in_petition()
    }

    /// What it knows.
    pub fn keep(&self) -> Kept {
        Kept {
            people: self.people.clone(),
            things: self.things.clone(),
            asker: (self.asker.id.clone(), self.asker.holds),
            petition: self.petition.keep(),
            role: self.role.clone(),
            departments: self.departments.clone(),
            counts: self.counts,
            clock: self.clock.clone(),
        }
    }

    /// Knows again what was kept after its last call.
    pub fn remember(&mut self, kept: Kept) -> Outcome<()> {
        let Kept { people, things, asker: (id, holds), petition, role, departments, counts, clock } = kept;
        (self.people, self.things, self.departments) = (people, things, departments);
        (self.counts, self.clock) = (counts, clock);
        (self.asker.id, self.asker.holds) = (id, holds);
        (self.petition, self.role) = (petition, role);
        self.sign_in()
    }

    /// Goes on after an earlier run, which was cut off at any moment after it had kept this.
    pub fn go_on(&mut self, kept: Kept) -> Outcome<()> {
        self.things = kept.things;
        self.find_asker()?;
        let lasting = self.world.lasting.clone();
        for person in kept.people.into_keys() {
            let holds = self.find_live(&lasting, &person)?.is_some();
            self.people.insert(person, holds);
        }
        self.petition.decisions = kept.petition.decisions;
        self.find_petition()?;
        self.find_role()
    }

    /// A call, repeated under one id until it is answered.
    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        let token = self.world.token.clone();
        self.call_as(&token, method, path, body)
    }

    fn call_as(&mut self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        let id = self.rng.uuid();
        let first = self.rng.pick(self.addresses.len());
        let answer = ask((&self.addresses, first), token, (method, path), body, &id)?;
        self.calls += 1;
        self.repeated += u64::from(answer.tries > 1);
        Ok(answer)
    }

    /// One thing that a client does.
    pub fn step(&mut self) {
        let done = match self.rng.within(0..100) {
            0..12 => self.make(Kind::Catalog),
            12..20 => self.make(Kind::Group),
            20..40 => self.toggle(),
            40..50 => self.ask_or_return(),
            50..62 => self.give_ending(),
            62..90 => self.go_on_with_petition(),
            90..91 => self.change_role(),
            91..97 => self.change_department(),
            _ if self.moves_clock => self.move_clock(),
            _ => Ok(()),
        };
        if let Err(failure) = done {
            self.faults.push(failure.to_string());
        }
    }

    fn fault(&mut self, doing: &str, answer: &Answer) {
        let Answer { status, json, tries, .. } = answer;
        self.faults.push(format!("client {}: {doing}: {status} after {tries} tries: {json}", self.number));
    }

    fn make(&mut self, kind: Kind) -> Outcome<()> {
        let name = format!("Crash {} {} {}", self.run, self.number, self.things.len());
        let body = match kind {
            Kind::Catalog => json!({"displayName": name, "description": "made while the server is killed"}),
            Kind::Group => {
                let nick = name.replace(' ', "");
                json!({"displayName": name, "mailEnabled": false, "mailNickname": nick, "securityEnabled": true})
            }
        };
        let answer = self.call("POST", kind.list(), Some(&body));
        // The name is not used again in any case: whether the thing is there may not be known.
        let id = answer.as_ref().ok().filter(|a| a.status == 201).map(|a| a.text("/id").to_owned());
        self.things.push(Thing { kind, name, id: id.clone().unwrap_or_default() });
        if id.is_none() {
            self.fault("make something", &answer?);
        }
        Ok(())
    }

    fn person(&mut self) -> (String, bool) {
        let at = self.rng.pick(self.people.len());
        self.people.iter().nth(at).map(|(id, holds)| (id.clone(), *holds)).unwrap_or_default()
    }

    fn assign(&mut self, package: &Package, person: &str) -> Outcome<Answer> {
        let body = json!({
            "requestType": "adminAdd",
            "assignment": {
                "targetId": person,
                "assignmentPolicyId": package.policy,
                "accessPackageId": package.id,
            },
        });
        self.call("POST", &format!("{EM}/assignmentRequests"), Some(&body))
    }

    /// Gives the lasting package to somebody, or takes it away.
    fn toggle(&mut self) -> Outcome<()> {
        let (person, holds) = self.person();
        let lasting = self.world.lasting.clone();
        let answer = if holds {
            let live = self.live_assignment(&lasting, &person)?;
            let body = json!({"requestType": "adminRemove", "assignment": {"id": live}});
            self.call("POST", &format!("{EM}/assignmentRequests"), Some(&body))?
        } else {
            self.assign(&lasting, &person)?
        };
        if answer.status == 201 {
            self.people.insert(person, !holds);
            self.counts.add(if holds { Count::Taken } else { Count::Given }, 1);
        } else {
            self.fault(if holds { "remove an assignment" } else { "assign" }, &answer);
        }
        Ok(())
    }

    /// A person asks for a package, or gives it back.
    fn ask_or_return(&mut self) -> Outcome<()> {
        let asked = self.world.asked.clone();
        let Asker { id, token, holds } = self.asker.clone();
        let body = if holds {
            json!({"requestType": "userRemove", "assignment": {"id": self.live_assignment(&asked, &id)?}})
        } else {
            json!({"requestType": "userAdd", "assignment": {
                "accessPackageId": asked.id, "assignmentPolicyId": asked.policy}})
        };
        let answer = self.call_as(&token, "POST", &format!("{EM}/assignmentRequests"), Some(&body))?;
        if answer.status == 201 {
            self.asker.holds = !holds;
            self.counts.add(if holds { Count::Returned } else { Count::Asked }, 1);
        } else {
            self.fault(if holds { "give back" } else { "ask" }, &answer);
        }
        Ok(())
    }

    /// Whether the person who asks holds what is asked for, and who it is.
    pub fn asker(&self) -> (&str, bool) {
        (&self.asker.id, self.asker.holds)
    }

    fn find_live(&mut self, package: &Package, person: &str) -> Outcome<Option<String>> {
        Ok(self.find_live_until(package, person)?.map(|(id, _)| id))
    }

    /// The assignment of a package that somebody holds, and its end.
    fn find_live_until(&mut self, package: &Package, person: &str) -> Outcome<Option<(String, String)>> {
        let filter =
            format!("accessPackage/id eq '{}' and target/objectId eq '{person}' and state eq 'delivered'", package.id);
        let found = self.call("GET", &format!("{EM}/assignments?$select=id,schedule&$filter={filter}"), None)?;
        if found.status != 200 {
            return Err(Failure::new(format!("assignments were answered {}: {}", found.status, found.json)));
        }
        let (id, end) = (found.text("/value/0/id"), found.text("/value/0/schedule/expiration/endDateTime"));
        Ok((!id.is_empty()).then(|| (id.to_owned(), end.to_owned())))
    }

    fn live_assignment(&mut self, package: &Package, person: &str) -> Outcome<String> {
        let found = self.find_live(package, person)?;
        found.ok_or_else(|| Failure::new(format!("the assignment of {person} is lost")))
    }

    fn give_ending(&mut self) -> Outcome<()> {
        let (person, _) = self.person();
        let ending = self.world.ending.clone();
        let answer = self.assign(&ending, &person)?;
        match (answer.status, answer.text("/error/code")) {
            (201, _) => self.counts.add(Count::Endings, 1),
            // The one from before has not ended yet.
            (400, "ExistingAssignment") => {}
            _ => self.fault("assign until later", &answer),
        }
        Ok(())
    }

    fn change_department(&mut self) -> Outcome<()> {
        let (person, _) = self.person();
        let department = format!("Crash {}", self.rng.next());
        let body = json!({"department": department});
        let answer = self.call("PATCH", &format!("/v1.0/users/{person}"), Some(&body))?;
        if answer.status == 204 {
            self.departments.insert(person, department);
        } else {
            self.fault("change a person", &answer);
        }
        Ok(())
    }

    fn move_clock(&mut self) -> Outcome<()> {
        let answer = self.call("POST", CLOCK, Some(&json!({"advance": STEP})))?;
        if answer.status == 200 {
            answer.text("/now").clone_into(&mut self.clock);
        } else {
            self.fault("move the clock", &answer);
        }
        Ok(())
    }
}
