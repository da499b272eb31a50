//! One who writes without repeating anything, and believes the answers: 201 means done, 503 means not done, and 504 that
//! it is not known.

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock;
use crate::crash::http::{Answer, Call, once};
use crate::crash::world::{EM, sign_in_data, token};
use crate::failure::{Failure, Outcome};

/// A server in order answers well within it again.
const RECOVERY_TIME_MAX: Duration = Duration::from_mins(1);
/// Rows of a page.
const PAGE: usize = 999;

/// A writer and what it was told.
pub struct Writer {
    address: SocketAddr,
    token: String,
    /// What the names of its things begin with.
    prefix: String,
    next: u32,
    /// The names of what was acknowledged.
    done: Vec<String>,
    /// The names of what was refused for now.
    refused: Vec<String>,
    /// The names of what may be there or not.
    unknown: Vec<String>,
}

impl Writer {
    /// Signs in with the data in the server's folder.
    pub fn new(address: SocketAddr, folder: &Path) -> Outcome<Self> {
        Self::numbered(0, address, folder)
    }

    /// Several who write at the same time.
    pub fn crowd(count: u32, address: SocketAddr, folder: &Path) -> Outcome<Vec<Self>> {
        (0..count).map(|n| Self::numbered(n, address, folder)).collect()
    }

    fn numbered(n: u32, address: SocketAddr, folder: &Path) -> Outcome<Self> {
        let (token, prefix) = (token(&[address], &sign_in_data(folder)?)?, format!("Trouble {n} "));
        Ok(Self { address, token, prefix, next: 0, done: Vec::new(), refused: Vec::new(), unknown: Vec::new() })
    }

    /// How much was refused for now.
    pub const fn refusals(&self) -> usize {
        self.refused.len()
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let call = Call { method, path, token: &self.token, content_type: "application/json", body, id: "" };
        once(self.address, &call, 1)
    }

    /// Makes a catalog; false when it was not acknowledged for now. Every other answer is a fault.
    pub fn write(&mut self) -> Outcome<bool> {
        let name = format!("{}{}", self.prefix, self.next);
        self.next += 1;
        // Long enough that a few hundred of them fill something.
        let body = json!({"displayName": name, "description": "trouble ".repeat(400)});
        let answer = self.ask("POST", &format!("{EM}/catalogs"), Some(&body))?;
        match (answer.status, answer.retry_after) {
            (201, _) => self.done.push(name),
            (503, Some(_)) => self.refused.push(name),
            (504, Some(_)) => self.unknown.push(name),
            (503 | 504, None) => return Err(Failure::new("a 503 or 504 without Retry-After")),
            _ => return Err(unexpected("a write", &answer)),
        }
        Ok(answer.status == 201)
    }

    /// Writes until something is refused.
    pub fn write_until_refused(&mut self, writes_max: u32) -> Outcome<()> {
        for _ in 0..writes_max {
            if !self.write()? {
                return Ok(());
            }
        }
        Err(Failure::new(format!("{writes_max} writes went through in spite of the trouble")))
    }

    /// Reads something; false when that was refused for now.
    pub fn read(&self) -> Outcome<bool> {
        let answer = self.ask("GET", &format!("{EM}/catalogs?$top=1"), None)?;
        match (answer.status, answer.retry_after) {
            (200, _) => Ok(true),
            (503, Some(_)) => Ok(false),
            _ => Err(unexpected("a read", &answer)),
        }
    }

    /// The status of a path that needs no token.
    pub fn status(&self, path: &str) -> Outcome<u16> {
        Ok(self.ask("GET", path, None)?.status)
    }

    /// The trouble is over: writes go through again, soon and without help.
    pub fn recovers(&mut self) -> Outcome<()> {
        let recovered = clock::poll(RECOVERY_TIME_MAX, || Ok(self.write()?.then_some(())))?;
        recovered.ok_or_else(|| Failure::new("writes are still refused although the trouble is over"))
    }

    /// Everything that was acknowledged is there once, and nothing that was refused.
    pub fn proves(&self) -> Outcome<()> {
        let filter = format!("startswith(displayName,'{}')", self.prefix);
        let path = format!("{EM}/catalogs?$select=displayName&$top={PAGE}&$filter={filter}");
        let (mut there, mut next) = (Vec::new(), Some(path));
        while let Some(path) = next {
            let answer = self.ask("GET", &path, None)?;
            if answer.status != 200 {
                return Err(unexpected("the list", &answer));
            }
            let rows = answer.json.pointer("/value").and_then(Value::as_array).cloned().unwrap_or_default();
            there.extend(rows.iter().filter_map(|row| row.get("displayName")?.as_str().map(str::to_owned)));
            let link = answer.text("/@odata.nextLink");
            next = link.find("/v1.0/").and_then(|at| link.get(at..)).map(str::to_owned);
        }
        there.retain(|name| !self.unknown.contains(name));
        there.sort_unstable();
        let mut done = self.done.clone();
        done.sort_unstable();
        if there == done {
            return Ok(());
        }
        let lost = done.iter().filter(|name| !there.contains(name)).count();
        let undead = self.refused.iter().filter(|name| there.contains(name)).count();
        Err(Failure::new(format!(
            "{} acknowledged, {} there: {lost} lost, {undead} there in spite of a 503",
            done.len(),
            there.len()
        )))
    }
}

fn unexpected(what: &str, answer: &Answer) -> Failure {
    Failure::new(format!("{what} was answered {}: {}", answer.status, answer.json))
}

/// Has all of them do something at the same time; the first failure counts.
pub fn at_once(writers: &mut [Writer], doing: impl Fn(&mut Writer) -> Outcome<()> + Sync) -> Outcome<()> {
    let doing = &doing;
    thread::scope(|scope| {
        let working: Vec<_> = writers.iter_mut().map(|writer| scope.spawn(move || doing(writer))).collect();
        working.into_iter().try_for_each(|work| work.join().unwrap_or_else(|_| Err(Failure::new("a writer panicked"))))
    })
}
