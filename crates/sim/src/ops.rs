//! What somebody does: drawn, done by the product, and foretold by the model.

mod draw;
mod foretell;
mod perform;

pub use draw::draw;
pub use foretell::foretell;
pub use perform::perform;

use crate::model::Micros;
use crate::model::change::Change;
use crate::model::policy::Terms;
use crate::model::request::{Ask, Named, Verdict, Who};
use crate::outside::Weather;
use tenure_domain::Uuid;

/// One thing that is done.
#[derive(Clone, Debug)]
pub enum Op {
    /// Somebody asks for access, or an administrator assigns it.
    Ask(Ask),
    /// Somebody gives access back, or an administrator takes it.
    Remove { by: Who, is_direct: bool, named: Named },
    /// Somebody wants what he holds to be changed, or an administrator changes it.
    Change(Change),
    /// A request that failed is tried again.
    Reprocess { by: Who, request: usize },
    /// All of an assignment is given again.
    Reapply { by: Who, assignment: usize },
    /// What was taken by hand is given back, or stays away: person and group.
    Settle { by: Who, grant: (Uuid, Uuid), gives: bool },
    /// A request is withdrawn.
    Cancel { by: Who, request: usize },
    /// Somebody decides a stage of a request.
    Decide { by: Who, request: usize, stage: usize, approves: bool, has_reason: bool },
    /// An approver takes back what he approved.
    Revoke { by: Uuid, assignment: usize, has_reason: bool },
    /// A finished request is deleted.
    EraseRequest { by: Who, request: usize },
    /// A policy gets other terms, or is switched.
    SavePolicy { by: Who, policy: Uuid, terms: Terms, is_enabled: bool },
    /// A package gets another policy.
    AddPolicy { package: Uuid, terms: Terms },
    /// Who held a role before keeps it under a policy, or not.
    Keep { policy: Uuid, keeps: bool },
    /// A policy is deleted.
    DropPolicy { policy: Uuid },
    /// A catalog is published or not, open to guests or not.
    Switch { catalog: Uuid, is_published: bool, is_external: bool },
    /// A package gives one more group.
    AddRole { package: Uuid, group: Uuid },
    /// A package gives a group no longer.
    DropRole { package: Uuid, group: Uuid },
    /// A package is deleted.
    DropPackage { package: Uuid },
    /// Who has something cannot get a package from now on, or can again.
    Exclude { package: Uuid, other: Other, is_listed: bool },
    /// Somebody is put into a group by hand.
    Join { group: Uuid, member: Uuid },
    /// Somebody is taken out of a group by hand.
    Leave { group: Uuid, member: Uuid },
    /// Somebody new.
    Hire { number: usize, is_member: bool },
    /// Somebody gets another manager, or none.
    Manager { person: Uuid, manager: Option<Uuid> },
    /// An account is blocked, or free again.
    Block { person: Uuid, is_enabled: bool },
    /// A person or group is deleted.
    Delete { object: Uuid },
    /// It is restored.
    Restore { object: Uuid },
    /// It is deleted for good.
    DeleteForGood { object: Uuid },
    /// The directory outside does better or worse.
    Weather(Weather),
    /// An object outside goes, or comes back empty.
    Away { group: Uuid, is_away: bool },
}

/// What a package is incompatible with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    Package(Uuid),
    Group(Uuid),
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    pub verdict: Verdict,
    /// The id of what was made.
    pub made: Option<Uuid>,
}

/// How the simulation goes on after an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Nothing is run: other operations come first.
    Nothing,
    /// So much time passes, then what is due is run, all of it late.
    Late(Micros),
    /// The demo clock moves so far, from one due instant to the next.
    Moved(Micros),
}
