//! One client: calls, repeats until answered, and remembers what must be true now.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::Answer;
use super::rng::Rng;
use super::world::{EM, Package, World, ask};
use crate::failure::{Failure, Outcome};

/// People of one client.
const PEOPLE: usize = 6;
const CLOCK: &str = "/tenure/v1/clock";
/// One move of the clock.
const STEP: &str = "PT10M";

/// What a client knows.
pub struct Client {
    number: usize,
    /// Tells the names of this run from those of the one it goes on with.
    run: u32,
    moves_clock: bool,
    addresses: Vec<SocketAddr>,
    world: World,
    rng: Rng,
    /// Calls that were answered.
    pub calls: u64,
    /// Those of them that had to be repeated.
    pub repeated: u64,
    /// Catalogs that were made: name and id.
    pub catalogs: Vec<(String, String)>,
    /// Catalogs that were not looked at by a proof yet begin here.
    pub proven: usize,
    /// People: id, and whether they hold the lasting package.
    pub people: BTreeMap<String, bool>,
    /// The department last given to each.
    pub departments: BTreeMap<String, String>,
    /// How often the ending package was given.
    pub endings: u64,
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
            catalogs: Vec::new(),
            proven: 0,
            people: BTreeMap::new(),
            departments: BTreeMap::new(),
            endings: 0,
            faults: Vec::new(),
        }
    }

    /// Makes its people.
    pub fn settle(&mut self) -> Outcome<()> {
        for n in 0..PEOPLE {
            let name = format!("crash{}x{n}", self.number);
            let person = json!({
                "accountEnabled": true,
                "displayName": name,
                "mailNickname": name,
                "userPrincipalName": format!("{name}@{}", self.world.domain),
                "passwordProfile": {"password": "Contoso1234"},
            });
            let made = self.call("POST", "/v1.0/users", Some(&person))?;
            let id = made.text("/id").to_owned();
            if id.is_empty() {
                return Err(Failure::new(format!("POST /users answered {}: {}", made.status, made.json)));
            }
            self.people.insert(id, false);
        }
        Ok(())
    }

    /// Goes on after an earlier run, which was cut off at any moment after it had kept this.
    pub fn go_on(&mut self, people: Vec<String>, catalogs: Vec<(String, String)>) -> Outcome<()> {
        self.catalogs = catalogs;
        let ending = self.world.ending.id.clone();
        for person in people {
            let lasting = self.world.lasting.clone();
            let holds = self.live_assignment(&lasting, &person).is_ok();
            let filter = format!(
                "requestType eq 'adminAdd' and accessPackage/id eq '{ending}' and requestor/objectId eq '{person}'"
            );
            let given = self.call("GET", &format!("{EM}/assignmentRequests/$count?$filter={filter}"), None)?;
            self.endings += given.json.as_u64().unwrap_or_default();
            self.people.insert(person, holds);
        }
        Ok(())
    }

    /// A call, repeated under one id until it is answered.
    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        let id = self.rng.uuid();
        let first = self.rng.pick(self.addresses.len());
        let answer = ask((&self.addresses, first), &self.world.token, (method, path), body, &id)?;
        self.calls += 1;
        self.repeated += u64::from(answer.tries > 1);
        Ok(answer)
    }

    /// One thing that a client does.
    pub fn step(&mut self) {
        let done = match self.rng.within(0..100) {
            0..25 => self.make_catalog(),
            25..70 => self.toggle(),
            70..88 => self.give_ending(),
            88..97 => self.change_department(),
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

    fn make_catalog(&mut self) -> Outcome<()> {
        let name = format!("Crash {} {} {}", self.run, self.number, self.catalogs.len());
        let body = json!({"displayName": name, "description": "made while the server is killed"});
        let answer = self.call("POST", &format!("{EM}/catalogs"), Some(&body))?;
        if answer.status == 201 {
            self.catalogs.push((name, answer.text("/id").to_owned()));
        } else {
            // The name must not be used again: whether it is there is not known.
            self.catalogs.push((name, String::new()));
            self.fault("make a catalog", &answer);
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
        } else {
            self.fault(if holds { "remove an assignment" } else { "assign" }, &answer);
        }
        Ok(())
    }

    fn live_assignment(&mut self, package: &Package, person: &str) -> Outcome<String> {
        let filter =
            format!("accessPackage/id eq '{}' and target/objectId eq '{person}' and state eq 'delivered'", package.id);
        let found = self.call("GET", &format!("{EM}/assignments?$select=id&$filter={filter}"), None)?;
        match found.text("/value/0/id") {
            "" => Err(Failure::new(format!("the assignment of {person} is lost: {}", found.json))),
            id => Ok(id.to_owned()),
        }
    }

    fn give_ending(&mut self) -> Outcome<()> {
        let (person, _) = self.person();
        let ending = self.world.ending.clone();
        let answer = self.assign(&ending, &person)?;
        match (answer.status, answer.text("/error/code")) {
            (201, _) => self.endings += 1,
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
        if answer.status != 200 {
            self.fault("move the clock", &answer);
        }
        Ok(())
    }
}
