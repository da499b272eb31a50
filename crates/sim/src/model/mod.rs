//! A small model of the rules, written from behaviour.md and decisions.md and not from the product's code: whatever the
//! product does is compared with what this says. It calls no rule of `domain`; instants are microseconds, states are its
//! own, and it is as simple as it can be because it holds everything in memory and serves one caller.

pub mod access;
pub mod again;
pub mod approval;
pub mod change;
pub mod directory;
pub mod letters;
pub mod policy;
pub mod request;
pub mod separation;
pub mod time;
pub mod vanished;

use policy::Policy;
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::Uuid;

/// Microseconds since 1970.
pub type Micros = i64;
pub const SECOND: Micros = 1_000_000;
pub const MINUTE: Micros = 60 * SECOND;
pub const HOUR: Micros = 60 * MINUTE;
pub const DAY: Micros = 24 * HOUR;

/// A person of the directory.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about a person")]
pub struct Person {
    pub name: String,
    pub address: String,
    pub is_member: bool,
    pub is_enabled: bool,
    pub is_administrator: bool,
    pub deleted: Option<Micros>,
    /// Deleted for good.
    pub is_gone: bool,
    pub manager: Option<Uuid>,
}

impl Person {
    /// Whether the directory shows it.
    pub const fn is_there(&self) -> bool {
        self.deleted.is_none() && !self.is_gone
    }
}

/// A group of the directory.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    /// The key under which an outside directory masters it.
    pub outside: Option<String>,
    pub deleted: Option<Micros>,
    pub is_gone: bool,
    /// Members are drawn for it, and policies name it.
    pub is_team: bool,
    /// The object behind it outside was away once: who held it then is not known any more.
    pub was_away: bool,
}

impl Group {
    /// Whether the directory shows it.
    pub const fn is_there(&self) -> bool {
        self.deleted.is_none() && !self.is_gone
    }
}

/// A catalog.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub is_published: bool,
    pub is_external: bool,
    /// The groups that are resources of it.
    pub groups: Vec<Uuid>,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub catalog: Uuid,
    /// The groups whose membership it gives.
    pub groups: BTreeSet<Uuid>,
    pub is_deleted: bool,
    /// Packages and groups whose holders cannot get it.
    pub incompatible: separation::Incompatible,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    UserAdd,
    UserUpdate,
    UserRemove,
    AdminAdd,
    AdminUpdate,
    AdminRemove,
    SystemRemove,
    ApproverRemove,
}

impl Kind {
    /// The member number of the published enum.
    pub const fn number(self) -> i64 {
        match self {
            Self::UserAdd => 1,
            Self::UserUpdate => 2,
            Self::UserRemove => 3,
            Self::AdminAdd => 4,
            Self::AdminUpdate => 5,
            Self::AdminRemove => 6,
            Self::SystemRemove => 9,
            Self::ApproverRemove => 12,
        }
    }

    /// Whether it takes access.
    pub const fn takes(self) -> bool {
        matches!(self, Self::UserRemove | Self::AdminRemove | Self::SystemRemove | Self::ApproverRemove)
    }
}

/// Where a request stands (behaviour.md b.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Pending { stage: usize, is_escalated: bool },
    Denied(approval::Denied),
    Scheduled { starts: Micros },
    Delivering,
    Delivered,
    Partial,
    Failed,
    Canceled,
}

impl Stand {
    /// Whether something is still to come.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending { .. } | Self::Scheduled { .. } | Self::Delivering)
    }

    /// State and status as the database has them.
    pub const fn words(self) -> (i64, &'static str) {
        match self {
            Self::Pending { is_escalated: false, .. } => (1, "PendingApproval"),
            Self::Pending { is_escalated: true, .. } => (1, "PendingApprovalEscalated"),
            Self::Delivering => (2, "Delivering"),
            Self::Delivered => (3, "Fulfilled"),
            Self::Failed => (4, "DeliveryFailed"),
            Self::Denied(approval::Denied::ByTime) => (5, "Expired"),
            Self::Denied(_) => (5, "Denied"),
            Self::Scheduled { .. } => (6, "PendingNotBefore"),
            Self::Canceled => (7, "Canceled"),
            Self::Partial => (8, "PartiallyDelivered"),
        }
    }
}

/// A request. Its handle is its place in [`Model::requests`].
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id in the database, as soon as it is known.
    pub id: Option<Uuid>,
    pub kind: Kind,
    pub package: Uuid,
    pub policy: Uuid,
    pub version: usize,
    pub requestor: Option<Uuid>,
    pub target: Uuid,
    pub stand: Stand,
    pub assignment: Option<usize>,
    pub wanted: policy::Wanted,
    /// The questions that were answered.
    pub answers: BTreeSet<Uuid>,
    pub created: Micros,
    pub completed: Option<Micros>,
    /// What the audit says of how it ended, each time that it did.
    pub said: Vec<&'static str>,
    /// It has moved the end of an assignment.
    pub moved: bool,
    pub is_erased: bool,
    /// The stages of its approval, if it needed one.
    pub stages: Vec<approval::Stage>,
}

/// What the audit says of a removal, and of an assignment that gives way to a new one.
pub const REMOVED: &str = "Remove access package assignment";

impl Request {
    /// What the audit says when it comes to stand so; nothing while something is still to come.
    fn words(&self, stand: Stand) -> &'static [&'static str] {
        match stand {
            Stand::Pending { .. } | Stand::Scheduled { .. } | Stand::Delivering => &[],
            Stand::Canceled => &["Cancel access package assignment request"],
            Stand::Denied(approval::Denied::ByPerson | approval::Denied::ByNobody) => {
                &["Deny access package assignment request"]
            }
            Stand::Denied(approval::Denied::ByTime) => {
                &["Access package assignment request timed out (no approver action taken)"]
            }
            Stand::Delivered if self.kind.takes() => &[REMOVED],
            // What could not be taken keeps the assignment alive (decisions.md C6).
            Stand::Partial if self.kind.takes() => &["Failed access package assignment request"],
            Stand::Delivered if self.moved => &["Extend access package assignment"],
            Stand::Delivered => &["Fulfill access package assignment request"],
            Stand::Partial => &["Partially fulfill access package assignment request"],
            Stand::Failed => &["Failed access package assignment request"],
        }
    }
}

/// Where an assignment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Delivering,
    Partial,
    Delivered,
    Expired,
    Failed,
}

impl Held {
    /// State and status as the database has them.
    pub const fn words(self) -> (i64, &'static str) {
        match self {
            Self::Delivering => (0, "Delivering"),
            Self::Partial => (1, "PartiallyDelivered"),
            Self::Delivered => (2, "Delivered"),
            Self::Expired => (3, "ExpiredNotificationTriggered"),
            Self::Failed => (4, "DeliveryFailed"),
        }
    }
}

/// An assignment. Its handle is its place in [`Model::assignments`].
#[derive(Clone, Debug)]
pub struct Assignment {
    pub id: Option<Uuid>,
    pub package: Uuid,
    pub policy: Uuid,
    pub version: usize,
    pub target: Uuid,
    /// The request that made it.
    pub request: usize,
    pub held: Held,
    pub starts: Micros,
    pub ends: Option<Micros>,
    pub delivered: Option<Micros>,
    pub ended: Option<Micros>,
    /// The groups it wants, or wanted.
    pub links: BTreeMap<Uuid, bool>,
    /// The open request that ends it.
    pub removal: Option<usize>,
    /// Its end was decided: it lives only until everything was taken, and gives nothing more.
    pub is_ending: bool,
    /// The notices that were sent about its present end, by their days before it.
    pub told: Vec<i64>,
}

impl Assignment {
    /// Whether it has not ended.
    pub fn is_live(&self) -> bool {
        self.held != Held::Expired
    }

    /// State and status as the database has them.
    pub fn words(&self) -> (i64, &'static str) {
        match self.held {
            Held::Delivered if self.told.contains(&1) => (2, "NearExpiry1DayNotificationTriggered"),
            Held::Delivered if self.told.contains(&14) => (2, "NearExpiry14DayNotificationTriggered"),
            held => held.words(),
        }
    }
}

/// What was last seen of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Absent,
    Present,
    Gone,
}

/// What one person should hold of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about a grant")]
pub struct Grant {
    pub is_wanted: bool,
    pub seen: Seen,
    pub was_before: bool,
    pub attempt: usize,
    pub due: Option<Micros>,
    pub has_error: bool,
    /// Somebody took it by hand.
    pub is_drifted: bool,
    /// How often it was planned to be given or taken outside.
    pub plans: i64,
}

/// What somebody must look at again, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A request, by its handle.
    Request(usize),
    /// An assignment, by its handle.
    Assignment(usize),
    /// A deleted person or group.
    Deleted(Uuid),
}

/// A mail: its kind, whom it goes to, and the package it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mail {
    pub kind: &'static str,
    pub to: Uuid,
    pub package: Uuid,
}

/// What has changed since the database was last looked at.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    pub requests: BTreeSet<usize>,
    pub assignments: BTreeSet<usize>,
    pub grants: BTreeSet<(Uuid, Uuid)>,
    pub edges: BTreeSet<(Uuid, Uuid)>,
    pub timers: BTreeSet<Timer>,
}

/// Everything the model knows.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub people: BTreeMap<Uuid, Person>,
    pub groups: BTreeMap<Uuid, Group>,
    /// Groups by member, direct ones only; members are people and groups.
    pub edges: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// Memberships of people that somebody gave by hand: group and person.
    pub by_hand: BTreeSet<(Uuid, Uuid)>,
    pub catalogs: BTreeMap<Uuid, Catalog>,
    pub packages: BTreeMap<Uuid, Package>,
    pub policies: BTreeMap<Uuid, Policy>,
    pub requests: Vec<Request>,
    pub assignments: Vec<Assignment>,
    /// By person and group.
    pub grants: BTreeMap<(Uuid, Uuid), Grant>,
    pub timers: BTreeMap<Timer, Micros>,
    /// Mails that were decided and not yet kept.
    pub outbox: Vec<Mail>,
    /// Letters that were decided and not yet kept.
    pub letters: Vec<letters::Letter>,
    /// Open requests of a pair that give access, and that take it: package, target, takes.
    pub open: BTreeMap<(Uuid, Uuid, bool), usize>,
    /// Live assignments by package and target.
    pub live: BTreeMap<(Uuid, Uuid), usize>,
    /// Pairs of package and person that ever had an assignment.
    pub had: BTreeSet<(Uuid, Uuid)>,
    /// What grants are called in the database, by person and group.
    pub grant_ids: BTreeMap<(Uuid, Uuid), Uuid>,
    /// Ended assignments of which something is still to be taken.
    pub retried: BTreeSet<usize>,
    /// What assignments want no more because somebody accepted that it was taken by hand.
    pub adopted: BTreeSet<(usize, Uuid)>,
    pub request_ids: BTreeMap<Uuid, usize>,
    pub assignment_ids: BTreeMap<Uuid, usize>,
    pub touched: Touched,
}

impl Model {
    /// Sets what is looked at again, and when; an earlier wish is forgotten.
    pub fn set_timer(&mut self, timer: Timer, at: Micros) {
        self.timers.insert(timer, at);
        self.touched.timers.insert(timer);
    }

    /// No need to look again.
    pub fn clear_timer(&mut self, timer: Timer) {
        self.timers.remove(&timer);
        self.touched.timers.insert(timer);
    }

    /// Takes up a request.
    pub fn add_request(&mut self, request: Request) -> usize {
        let handle = self.requests.len();
        if request.stand.is_open() {
            self.open.insert((request.package, request.target, request.kind.takes()), handle);
        }
        if let Some(id) = request.id {
            self.request_ids.insert(id, handle);
        }
        self.requests.push(request);
        self.touched.requests.insert(handle);
        handle
    }

    /// Moves a request.
    pub fn move_request(&mut self, handle: usize, stand: Stand, now: Micros) {
        let request = &mut self.requests[handle];
        request.stand = stand;
        let words = request.words(stand);
        request.said.extend(words);
        let pair = (request.package, request.target, request.kind.takes());
        if stand.is_open() {
            request.completed = None;
            self.open.insert(pair, handle);
        } else {
            request.completed = Some(now);
            self.open.remove(&pair);
        }
        self.touched.requests.insert(handle);
    }

    /// Moves an assignment.
    pub fn move_assignment(&mut self, handle: usize, held: Held) {
        let assignment = &mut self.assignments[handle];
        assignment.held = held;
        if held == Held::Expired && self.live.get(&(assignment.package, assignment.target)) == Some(&handle) {
            self.live.remove(&(assignment.package, assignment.target));
        }
        self.touched.assignments.insert(handle);
    }

    /// The policy a request or assignment runs under, as it is now.
    pub fn mails_of(&self, policy: Uuid) -> bool {
        self.policies.get(&policy).is_none_or(|p| !p.current().mails_off)
    }
}
