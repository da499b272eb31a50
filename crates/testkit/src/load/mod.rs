//! A company of any size, loaded in bulk: for tests of plans and for measuring. What there is little of (groups, catalogs,
//! packages, policies) is made by the use cases; the mass (people, requests, assignments, grants, memberships) is written
//! as rows in the order of their keys, indexes last, so that a million assignments take minutes and not hours. It leaves
//! what the use cases would have left, but no audit rows for the mass.

mod draw;
mod filler;
mod mass;
mod structure;

use crate::db::Db;
use draw::{Drawing, State};
use filler::Filler;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tenure_domain::Timestamp;
use tenure_store::{ServerConfig, Store};
use uuid::Uuid;

/// Assignments whose ids are told.
const SAMPLES: usize = 1_000;
/// People without a package whose ids are told, per package.
const STRANGERS: usize = 500;

/// Where the database is. It is migrated already or becomes so; nobody else has it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The file of an embedded database.
    File(PathBuf),
    /// The URL of a server database.
    Url(String),
}

impl Target {
    /// The database of a test.
    pub fn of(db: &Db) -> Self {
        db.url().map_or_else(|| Self::File(db.file()), |url| Self::Url(url.to_owned()))
    }

    /// The first column of what a statement gives, as text.
    ///
    /// # Panics
    /// When it fails. Not to be called where an asynchronous runtime runs.
    pub fn ask(&self, statement: &str) -> Vec<String> {
        Filler::ask(self, statement)
    }

    /// Takes away what an embedded database knows about how much there is, as if nobody had counted.
    ///
    /// # Panics
    /// When it is a server.
    pub fn forget_statistics(&self) {
        Filler::forget_statistics(self);
    }

    fn store(&self) -> Store {
        let opened = match self {
            Self::File(path) => Store::embedded(path),
            Self::Url(url) => Store::server(&ServerConfig { url: url.clone(), threads: 1 }),
        };
        opened.expect("the store opens")
    }
}

/// How large, and from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Assignments.
    pub rows: u32,
    /// Where randomness starts: the same seed gives the same company.
    pub seed: u64,
    /// The present: history lies before it, ends and everything that is due at least 30 days after it.
    pub now: Timestamp,
}

/// Requests that wait for a decision, for packages that were loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Who decides all of them: a person of the directory. Every package has a second policy under which he is asked.
    pub approver: Uuid,
    /// How many. They were made within the last day and are for people who never had the package.
    pub requests: u32,
}

/// A package that was loaded, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedPackage {
    /// The package.
    pub id: Uuid,
    /// Its catalog.
    pub catalog: Uuid,
    /// Its first policy: everyone may ask, nobody approves, access does not end.
    pub policy: Uuid,
    /// The group whose membership it gives.
    pub group: Uuid,
    /// The group as a resource of the catalog.
    pub resource: Uuid,
    /// The role *Member* of that resource.
    pub role: Uuid,
    /// The scope of that resource.
    pub scope: Uuid,
    /// Live assignments of it.
    pub live: u32,
    /// Members of the directory who never had it and never asked for it.
    pub strangers: Vec<Uuid>,
}

/// What was loaded, as far as somebody who asks for it needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Assignments, in whatever state.
    pub rows: u32,
    /// Catalogs; the packages are spread over them evenly.
    pub catalogs: Vec<Uuid>,
    /// Packages; the first ones are held by most.
    pub packages: Vec<LoadedPackage>,
    /// Groups of departments; they are nested in others.
    pub departments: Vec<Uuid>,
    /// The group that holds everybody, through two levels of groups.
    pub everybody: Uuid,
    /// People who hold several packages.
    pub holders: Vec<Uuid>,
    /// Delivered assignments.
    pub assignments: Vec<Uuid>,
    /// The requests that made them, in the same order.
    pub requests: Vec<Uuid>,
    /// Assignments in each state, by the number of the state.
    pub by_state: Vec<u32>,
}

/// Loads a company beside whatever the database holds.
///
/// # Panics
/// When it cannot be loaded; the database is then of no use.
pub fn load(target: &Target, scale: Scale) -> Loaded {
    load_with(target, scale, None)
}

/// The same, with requests that wait.
///
/// # Panics
/// When it cannot be loaded; the database is then of no use.
pub fn load_with(target: &Target, scale: Scale, backlog: Option<Backlog>) -> Loaded {
    let structure = structure::build(target.store(), scale, backlog.map(|b| b.approver));
    let waiting = backlog.map_or(0, |b| b.requests as usize);
    let drawing = Drawing::new(scale, structure.packages.len(), waiting);
    let mut filler = Filler::open(target);
    mass::fill(&mut filler, &structure, &drawing);
    filler.finish();
    tell(scale, structure, &drawing)
}

fn tell(scale: Scale, structure: structure::Structure, drawing: &Drawing) -> Loaded {
    let mut packages = structure.packages;
    let mut held = vec![vec![false; drawing.people.len()]; packages.len()];
    for seat in &drawing.seats {
        held[seat.package][seat.person] = true;
        packages[seat.package].live += u32::from(seat.state.stored().is_live());
    }
    // The newest first: they are the ones who have nothing yet.
    for (package, held) in packages.iter_mut().zip(&held) {
        let members = drawing.people.iter().enumerate().rev().filter(|(n, p)| !held[*n] && !p.is_guest);
        package.strangers = members.take(STRANGERS).map(|(_, p)| p.id).collect();
    }
    let in_state = |state| drawing.seats.iter().filter(|s| s.state.stored() == state).count();
    let by_state = State::ALL.iter().map(|state| u32::try_from(in_state(*state)).unwrap_or(u32::MAX)).collect();
    let delivered: Vec<_> = drawing.seats.iter().filter(|s| s.state == State::Delivered).collect();
    let step = (delivered.len() / SAMPLES).max(1);
    let sampled: Vec<_> = delivered.iter().step_by(step).take(SAMPLES).collect();
    let mut holders: Vec<Uuid> = sampled.iter().map(|s| drawing.people[s.person].id).collect();
    holders.sort_unstable();
    holders.dedup();
    Loaded {
        rows: scale.rows,
        catalogs: structure.catalogs,
        packages,
        departments: structure.departments,
        everybody: structure.everybody,
        holders,
        assignments: sampled.iter().map(|s| s.assignment).collect(),
        requests: sampled.iter().map(|s| s.request).collect(),
        by_state,
    }
}
