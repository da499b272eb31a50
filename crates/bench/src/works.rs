//! What is measured: the requests of each work.

use crate::place::{Package, Waiting, World};
use crate::rng::Rng;
use crate::template::ids_in;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Tells the ceiling which statements to run; the stack does not know it.
pub const WORK_HEADER: &str = "x-bench-work";
/// Tells the ceiling ids that the stack has to look up, so that it touches the same rows.
pub const IDS_HEADER: &str = "x-bench-ids";
const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reads an assignment.
    GetById,
    /// Reads a page of twenty assignments with target and package.
    List,
    /// Makes a request that waits for somebody's decision.
    Create,
    /// Decides such a request: it is approved and delivered.
    Approve,
    /// Makes a request that is delivered.
    Member,
    /// Looks for the membership that came of it.
    Seen,
    /// Gets a token.
    Token,
    /// A greeting of the bare server, without a database.
    Hello,
}

impl Work {
    /// All that are recorded.
    pub const ALL: [Self; 7] =
        [Self::GetById, Self::List, Self::Create, Self::Approve, Self::Member, Self::Seen, Self::Token];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetById => "get_by_id",
            Self::List => "list_filter_expand",
            Self::Create => "create_request",
            Self::Approve => "approve",
            Self::Member => "request_to_member",
            Self::Seen => "member_seen",
            Self::Token => "token",
            Self::Hello => "hello",
        }
    }

    /// The status of its answers.
    pub const fn status(self) -> u16 {
        match self {
            Self::GetById | Self::List | Self::Seen | Self::Token | Self::Hello => 200,
            Self::Create | Self::Member => 201,
            Self::Approve => 204,
        }
    }
}

/// Tokens of those who ask.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Of the app that administers.
    pub app: String,
    /// Of the person who approves.
    pub approver: String,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub uri: String,
    /// The body, and whether it is a form.
    pub body: Option<(String, bool)>,
    /// The work it belongs to.
    pub work: Work,
    /// What it is about and does not say.
    pub about: Vec<Uuid>,
}

/// What can be used once: every pair of a person and a package, and every request that waits.
pub struct Supply<'w> {
    world: &'w World,
    next: AtomicU64,
    next_waiting: AtomicU64,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The person.
    pub person: Uuid,
    /// The package.
    pub package: Package,
}

impl<'w> Supply<'w> {
    /// Starts at a place in the order of pairs, and at one in that of requests.
    pub const fn starting(world: &'w World, at: u64, at_waiting: u64) -> Self {
        Self { world, next: AtomicU64::new(at), next_waiting: AtomicU64::new(at_waiting) }
    }

    /// The next request that waits; none when all are used.
    pub fn take_waiting(&self) -> Option<Waiting> {
        let n = usize::try_from(self.next_waiting.fetch_add(1, Ordering::Relaxed)).ok()?;
        self.world.waiting.get(n).copied()
    }

    /// The next pair that has nothing to do with each other yet; none when all are used.
    pub fn take(&self) -> Option<Pair> {
        let (people, packages) = (self.world.people.len(), self.world.packages.len());
        loop {
            let n = usize::try_from(self.next.fetch_add(1, Ordering::Relaxed)).ok()?;
            let (round, at) = (n / people.max(1), n % people.max(1));
            if round >= packages {
                return None;
            }
            let person = *self.world.people.get(at)?;
            let package = *self.world.packages.get((round + at * 31) % packages)?;
            if !self.world.taken.contains(&(package.id, person)) {
                return Some(Pair { person, package });
            }
        }
    }
}

/// Reads an assignment.
pub fn get_by_id(world: &World, rng: &mut Rng) -> Option<Asked> {
    let id = world.assignments.get(rng.below(world.assignments.len()))?;
    Some(get(Work::GetById, format!("{EM}/assignments/{id}")))
}

/// Reads twenty assignments of a package.
pub fn list(world: &World, rng: &mut Rng) -> Option<Asked> {
    let package = world.packages.get(rng.below(world.packages.len()))?.id;
    let filter = format!("accessPackage/id%20eq%20%27{package}%27%20and%20state%20eq%20%27delivered%27");
    Some(get(Work::List, format!("{EM}/assignments?$filter={filter}&$expand=target,accessPackage&$top=20")))
}

/// Asks for access that somebody must approve.
pub fn create(pair: Pair) -> Asked {
    request(Work::Create, pair, pair.package.approval)
}

/// Asks for access that begins now.
pub fn member(pair: Pair) -> Asked {
    request(Work::Member, pair, pair.package.policy)
}

/// Approves a request.
pub fn approve(waiting: Waiting) -> Asked {
    let Waiting { request, stage, person, package } = waiting;
    let uri = format!("{EM}/accessPackageAssignmentApprovals/{request}/stages/{stage}");
    let body = r#"{"reviewResult":"Approve","justification":"fine"}"#.to_owned();
    let about = about(person, package);
    Asked { method: "PATCH", body: Some((body, false)), about, ..get(Work::Approve, uri) }
}

/// Looks whether it is there.
pub fn seen(pair: Pair) -> Asked {
    let (group, person) = (pair.package.group, pair.person);
    let uri = format!("/v1.0/groups/{group}/members?$filter=id%20eq%20%27{person}%27&$select=id");
    get(Work::Seen, uri)
}

/// Greets.
pub fn hello() -> Asked {
    get(Work::Hello, "/hello".to_owned())
}

/// Gets a token.
pub fn token(world: &World) -> Asked {
    let mut form = String::from("grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default");
    let _ = write!(form, "&client_id={}&client_secret={}", world.client_id, world.client_secret);
    to_authority(&world.tenant_id, form)
}

/// Gets a token of a person.
pub fn token_of_person(tenant: &str, client: &str, (name, password): (&str, &str)) -> Asked {
    let mut form = String::from("grant_type=password&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default");
    let _ = write!(form, "&client_id={client}&username={name}&password={password}");
    to_authority(tenant, form)
}

fn to_authority(tenant: &str, form: String) -> Asked {
    let uri = format!("/{tenant}/oauth2/v2.0/token");
    Asked { method: "POST", body: Some((form, true)), ..get(Work::Token, uri) }
}

const fn get(work: Work, uri: String) -> Asked {
    Asked { method: "GET", uri, body: None, work, about: Vec::new() }
}

fn request(work: Work, pair: Pair, policy: Uuid) -> Asked {
    let Pair { person, package } = pair;
    let body = format!(
        r#"{{"requestType":"adminAdd","assignment":{{"targetId":"{person}","assignmentPolicyId":"{policy}","accessPackageId":"{}"}}}}"#,
        package.id
    );
    let about = about(person, package);
    Asked { method: "POST", body: Some((body, false)), about, ..get(work, format!("{EM}/assignmentRequests")) }
}

/// What a request leads to.
fn about(person: Uuid, p: Package) -> Vec<Uuid> {
    vec![person, p.id, p.policy, p.approval, p.catalog, p.group, p.resource, p.role, p.scope]
}

impl Asked {
    /// The ids in it, in order: what the ceiling can fill statements with.
    pub fn ids(&self) -> Vec<Uuid> {
        let mut ids = ids_in(&self.uri);
        ids.extend(self.body.iter().flat_map(|(text, _)| ids_in(text)));
        ids.extend(&self.about);
        ids
    }

    /// Whose token it carries; a request for a token has none.
    pub fn token<'t>(&self, tokens: &'t Tokens) -> Option<&'t str> {
        match self.work {
            Work::Token => None,
            Work::Approve => Some(&tokens.approver),
            _ => Some(&tokens.app),
        }
    }

    /// As it goes over the wire.
    pub fn to_bytes(&self, host: &str, tokens: &Tokens) -> Vec<u8> {
        let mut text = String::with_capacity(2_048);
        let (method, uri, name) = (self.method, &self.uri, self.work.name());
        let _ = write!(text, "{method} {uri} HTTP/1.1\r\nhost: {host}\r\n{WORK_HEADER}: {name}\r\n");
        if let Some(token) = self.token(tokens) {
            let _ = write!(text, "authorization: Bearer {token}\r\n");
        }
        if !self.about.is_empty() {
            let _ = write!(text, "{IDS_HEADER}: ");
            self.about.iter().for_each(|id| {
                let _ = write!(text, "{id},");
            });
            text.push_str("\r\n");
        }
        match &self.body {
            Some((body, is_form)) => {
                let kind = media(*is_form);
                let _ = write!(text, "content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
            None => text.push_str("\r\n"),
        }
        text.into_bytes()
    }
}

/// The media type of a body.
pub const fn media(is_form: bool) -> &'static str {
    if is_form { "application/x-www-form-urlencoded" } else { "application/json" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn world() -> World {
        let id = Uuid::from_u128;
        let package = |n: u128| Package {
            id: id(n),
            policy: id(n + 1),
            approval: id(n + 2),
            catalog: id(n + 3),
            group: id(n + 4),
            resource: id(n + 5),
            role: id(n + 6),
            scope: id(n + 7),
        };
        let packages: Vec<Package> = [100, 200, 300].into_iter().map(package).collect();
        let waiting = packages.iter().map(|p| Waiting { request: p.id, stage: p.id, person: id(1), package: *p });
        World {
            assignments: Vec::new(),
            waiting: waiting.collect(),
            packages,
            people: (1..=5).map(id).collect(),
            taken: HashSet::from([(id(100), id(1)), (id(300), id(5))]),
            tenant_id: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
        }
    }

    #[test]
    fn every_free_pair_and_every_request_that_waits_is_used_once() {
        let world = world();
        let supply = Supply::starting(&world, 0, 1);
        let pairs: Vec<_> = std::iter::from_fn(|| supply.take()).map(|p| (p.package.id, p.person)).collect();
        let different: HashSet<_> = pairs.iter().copied().collect();
        assert_eq!((pairs.len(), different.len()), (13, 13), "three packages for five people, but for two pairs");
        assert!(different.is_disjoint(&world.taken));
        assert_eq!(std::iter::from_fn(|| supply.take_waiting()).count(), 2, "from the second on");
    }

    #[test]
    fn a_request_carries_the_ids_that_the_stack_looks_up_and_the_token_of_who_asks() {
        let world = world();
        let asked = approve(world.waiting[1]);
        let tokens = Tokens { app: "of the app".to_owned(), approver: "of the approver".to_owned() };
        let text = String::from_utf8(asked.to_bytes("host", &tokens)).unwrap_or_default();
        assert!(text.starts_with("PATCH ") && text.contains("Bearer of the approver\r\n"), "{text}");
        let ids = ids_in(&text);
        assert_eq!(ids.iter().filter(|id| asked.ids().contains(id)).count(), ids.len());
        assert!(ids.contains(&world.packages[1].group));
    }
}
