//! What is measured: the requests of each work.

use crate::place::World;
use crate::rng::Rng;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Tells the ceiling which statements to run; the stack does not know it.
pub const WORK_HEADER: &str = "x-bench-work";
const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
/// A start that lies ahead of everything, so that the request waits for it.
const LATER: &str = "2099-01-01T00:00:00Z";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reads an assignment.
    GetById,
    /// Reads a page of twenty assignments with target and package.
    List,
    /// Makes a request that waits.
    Create,
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
    pub const ALL: [Self; 6] = [Self::GetById, Self::List, Self::Create, Self::Member, Self::Seen, Self::Token];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetById => "get_by_id",
            Self::List => "list_filter_expand",
            Self::Create => "create_request",
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
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whether it is a POST.
    pub posts: bool,
    /// Path and query.
    pub uri: String,
    /// The body, and whether it is a form.
    pub body: Option<(String, bool)>,
    /// The work it belongs to.
    pub work: Work,
}

/// Who gets what: every pair of a person and a package once.
pub struct Pairs<'w> {
    world: &'w World,
    next: AtomicU64,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The person.
    pub person: Uuid,
    /// The package.
    pub package: Uuid,
    /// Its policy.
    pub policy: Uuid,
    /// The group it gives.
    pub group: Uuid,
}

impl<'w> Pairs<'w> {
    /// Starts at a place in the order.
    pub const fn starting(world: &'w World, at: u64) -> Self {
        Self { world, next: AtomicU64::new(at) }
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
            let package = self.world.packages.get((round + at * 31) % packages)?;
            if !self.world.taken.contains(&(package.id, person)) {
                return Some(Pair { person, package: package.id, policy: package.policy, group: package.group });
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

/// Asks for access that begins later.
pub fn create(pair: Pair) -> Asked {
    request(Work::Create, pair, &format!(r#","schedule":{{"startDateTime":"{LATER}"}}"#))
}

/// Asks for access that begins now.
pub fn member(pair: Pair) -> Asked {
    request(Work::Member, pair, "")
}

/// Looks whether it is there.
pub fn seen(pair: Pair) -> Asked {
    let (group, person) = (pair.group, pair.person);
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
    let uri = format!("/{}/oauth2/v2.0/token", world.tenant_id);
    Asked { posts: true, body: Some((form, true)), ..get(Work::Token, uri) }
}

const fn get(work: Work, uri: String) -> Asked {
    Asked { posts: false, uri, body: None, work }
}

fn request(work: Work, pair: Pair, more: &str) -> Asked {
    let Pair { person, package, policy, .. } = pair;
    let body = format!(
        r#"{{"requestType":"adminAdd","assignment":{{"targetId":"{person}","assignmentPolicyId":"{policy}","accessPackageId":"{package}"}}{more}}}"#
    );
    Asked { posts: true, body: Some((body, false)), ..get(work, format!("{EM}/assignmentRequests")) }
}

impl Asked {
    /// As it goes over the wire.
    pub fn to_bytes(&self, host: &str, token: &str) -> Vec<u8> {
        let method = if self.posts { "POST" } else { "GET" };
        let mut text = String::with_capacity(2_048);
        let _ =
            write!(text, "{method} {} HTTP/1.1\r\nhost: {host}\r\n{WORK_HEADER}: {}\r\n", self.uri, self.work.name());
        if self.work != Work::Token {
            let _ = write!(text, "authorization: Bearer {token}\r\n");
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
