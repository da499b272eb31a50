//! Who there is and who holds what: drawn once, in the order in which rows are written.

use super::Scale;
use super::structure::{DEPARTMENTS, beginning};
use std::collections::HashSet;
use tenure_domain::assignment::AssignmentState;
use tenure_domain::ids::{Ids, SeededEntropy};
use tenure_domain::time::from_micros;
use uuid::Uuid;

/// Assignments per person.
const SEATS_PER_PERSON: usize = 10;
const PEOPLE_MIN: usize = 500;
/// One person of so many has just joined and holds nothing.
const JOINERS_IN: usize = 50;
/// One person of so many is a guest.
const GUESTS_IN: usize = 40;
/// People per manager.
const REPORTS: usize = 10;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Adil", "Aiko", "Alma", "Amara", "Anton", "Bea", "Bilal", "Bruno", "Chiara", "Dara", "Diego", "Edda",
    "Emil", "Esra", "Farah", "Felix", "Greta", "Hana", "Hugo", "Ines", "Iva", "Jamal", "Jonas", "Kaito", "Karin",
    "Leila", "Liam", "Maja", "Mateo", "Nadia", "Nils", "Oona", "Paolo", "Rosa", "Samir", "Tove", "Uma", "Viktor",
    "Zoé",
];
const LAST_NAMES: [&str; 50] = [
    "Abadi",
    "Ahlström",
    "Almeida",
    "Andersson",
    "Arslan",
    "Bakker",
    "Baptiste",
    "Bauer",
    "Bianchi",
    "Castro",
    "Chen",
    "Costa",
    "Dahl",
    "Demir",
    "Dubois",
    "Eriksen",
    "Farkas",
    "Fischer",
    "Fofana",
    "García",
    "Haddad",
    "Hansen",
    "Horvat",
    "Ito",
    "Jansen",
    "Jovanović",
    "Kaya",
    "Keller",
    "Kim",
    "Kowalski",
    "Larsen",
    "Lindqvist",
    "Mbeki",
    "Mehta",
    "Moreau",
    "Müller",
    "Nakamura",
    "Novák",
    "Nyström",
    "Okafor",
    "Oliveira",
    "Petrov",
    "Rossi",
    "Santos",
    "Schmidt",
    "Silva",
    "Sørensen",
    "Tanaka",
    "Virtanen",
    "Yılmaz",
];

/// A person.
pub struct Person {
    pub id: Uuid,
    pub first: &'static str,
    pub last: &'static str,
    pub department: usize,
    pub manager: Option<Uuid>,
    pub is_guest: bool,
    pub created_at: i64,
}

/// What became of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Delivered,
    /// Waits for its next try, long after `now`.
    Delivering,
    /// Given up.
    Failed,
    /// Reached its end.
    Expired,
}

impl State {
    /// The states an assignment can be stored in; more than are drawn.
    pub const ALL: [AssignmentState; 5] = AssignmentState::ALL;

    pub const fn stored(self) -> AssignmentState {
        match self {
            Self::Delivered => AssignmentState::Delivered,
            Self::Delivering => AssignmentState::Delivering,
            Self::Failed => AssignmentState::DeliveryFailed,
            Self::Expired => AssignmentState::Expired,
        }
    }
}

/// One person's assignment of one package, of which there is one at most.
pub struct Seat {
    /// The position of the person.
    pub person: usize,
    /// The position of the package.
    pub package: usize,
    pub request: Uuid,
    pub assignment: Uuid,
    pub grant: Uuid,
    /// Whether the person asked, and not an administrator.
    pub by_person: bool,
    pub state: State,
    pub created_at: i64,
    pub ends_at: Option<i64>,
}

/// The request with which the product ended an assignment.
pub struct Removal {
    pub id: Uuid,
    /// The position of the assignment.
    pub seat: usize,
    pub at: i64,
}

/// A request that waits for a decision.
pub struct Waiting {
    /// The position of the person.
    pub person: usize,
    /// The position of the package.
    pub package: usize,
    pub request: Uuid,
    pub stage: Uuid,
    pub created_at: i64,
}

/// All of it.
pub struct Drawing {
    /// When a grant that waits is tried again.
    pub retry_at: i64,
    /// In the order of their ids.
    pub people: Vec<Person>,
    /// In the order of their ids, which is that of their time.
    pub seats: Vec<Seat>,
    /// Likewise.
    pub removals: Vec<Removal>,
    /// Likewise.
    pub waiting: Vec<Waiting>,
}

struct Dice(SeededEntropy);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.next_u64() % limit).unwrap_or(0)
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(usize::try_from((high - low).max(1)).unwrap_or(1))).unwrap_or(0)
    }
}

impl Drawing {
    pub fn new(scale: Scale, packages: usize, waiting: usize) -> Self {
        let mut dice = Dice(SeededEntropy::new(scale.seed ^ 0x0064_7261_7769_6e67));
        let mut ids = Ids::new(Box::new(SeededEntropy::new(scale.seed ^ 0x0070_656f_706c_6500)));
        let (first, now) = (beginning(scale.now).as_microsecond(), scale.now.as_microsecond());
        let rows = scale.rows as usize;
        let people = people(&mut dice, &mut ids, (rows / SEATS_PER_PERSON).max(PEOPLE_MIN), (first, now));
        let pairs = pairs(&mut dice, rows, people.len() - people.len() / JOINERS_IN, packages);
        let seats = seats(&mut dice, &mut ids, &pairs, (first, now));
        let removals = removals(&mut ids, &seats);
        // Dice of their own: without them everything else is the same.
        let mut dice = Dice(SeededEntropy::new(scale.seed ^ 0x0077_6169_7469_6e67));
        let waiting = requests_that_wait(&mut dice, waiting, &pairs, (people.len(), packages), now);
        Self { retry_at: now + 365 * DAY, people, seats, removals, waiting }
    }
}

/// Requests of the last day for pairs of person and package that were never any, in the order of their time.
fn requests_that_wait(
    dice: &mut Dice,
    count: usize,
    pairs: &[(usize, usize)],
    (people, packages): (usize, usize),
    now: i64,
) -> Vec<Waiting> {
    let mut taken: HashSet<(usize, usize)> = if count == 0 { HashSet::new() } else { pairs.iter().copied().collect() };
    assert!(taken.len() + count <= people * packages / 2, "so many requests find no room");
    let mut ids = Ids::new(Box::new(SeededEntropy::new(dice.0.next_u64())));
    let stretch = DAY / i64::try_from(count).unwrap_or(i64::MAX).max(1);
    let mut waiting = Vec::with_capacity(count);
    while waiting.len() < count {
        let (person, package) = (dice.below(people), dice.below(packages));
        // Guests may not ask.
        if person % GUESTS_IN == GUESTS_IN - 1 || !taken.insert((person, package)) {
            continue;
        }
        let created_at = now - DAY + stretch * i64::try_from(waiting.len()).unwrap_or(0);
        let at = from_micros(created_at);
        waiting.push(Waiting { person, package, request: ids.next(at), stage: ids.next(at), created_at });
    }
    waiting
}

fn people(dice: &mut Dice, ids: &mut Ids, count: usize, (first, now): (i64, i64)) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::with_capacity(count);
    let joiners = count - count / JOINERS_IN;
    for n in 0..count {
        // Most were there before the first package; the last ones came in these days.
        let created_at = if n < joiners { first } else { now - DAY };
        people.push(Person {
            id: ids.next(from_micros(created_at)),
            first: FIRST_NAMES[dice.below(FIRST_NAMES.len())],
            last: LAST_NAMES[dice.below(LAST_NAMES.len())],
            department: dice.below(DEPARTMENTS),
            manager: (n >= REPORTS).then(|| people[n / REPORTS].id),
            is_guest: n % GUESTS_IN == GUESTS_IN - 1,
            created_at,
        });
    }
    people
}

/// Pairs of person and package, each once, in no order. Some people hold few packages and some many; the first packages
/// are held by most.
fn pairs(dice: &mut Dice, rows: usize, holders: usize, packages: usize) -> Vec<(usize, usize)> {
    let (base, rest) = (rows / holders, rows % holders);
    let mut pairs = Vec::with_capacity(rows);
    let mut taken: Vec<usize> = Vec::new();
    for person in 0..holders {
        let sway = (person / 2) % (base + 1);
        let paired = person + 1 < holders || person % 2 == 1;
        let count = match (paired, person % 2) {
            (true, 0) => base + sway,
            (true, _) => base - sway,
            (false, _) => base,
        };
        taken.clear();
        while taken.len() < count + usize::from(person < rest) {
            let at = dice.below(1 << 20);
            let package = at * at / (1 << 20) * packages / (1 << 20);
            if !taken.contains(&package) {
                taken.push(package);
            }
        }
        pairs.extend(taken.iter().map(|package| (person, *package)));
    }
    for i in (1..pairs.len()).rev() {
        pairs.swap(i, dice.below(i + 1));
    }
    pairs
}

fn seats(dice: &mut Dice, ids: &mut Ids, pairs: &[(usize, usize)], (first, now): (i64, i64)) -> Vec<Seat> {
    let count = i64::try_from(pairs.len()).unwrap_or(i64::MAX).max(1);
    let stretch = (now - DAY - first) / count;
    let mut seats = Vec::with_capacity(pairs.len());
    for (n, &(person, package)) in (0..).zip(pairs) {
        let created_at = first + stretch * n;
        let chance = dice.below(100);
        let end = dice.between(created_at + DAY, created_at + 200 * DAY);
        let (state, ends_at) = match chance {
            0..15 if end < now - DAY => (State::Expired, Some(end)),
            15..17 => (State::Delivering, None),
            17 => (State::Failed, None),
            18..45 => (State::Delivered, Some(now + dice.between(30 * DAY, 365 * DAY))),
            _ => (State::Delivered, None),
        };
        let at = from_micros(created_at);
        seats.push(Seat {
            person,
            package,
            request: ids.next(at),
            assignment: ids.next(at),
            grant: ids.next(at),
            by_person: person % GUESTS_IN != GUESTS_IN - 1 && ends_at.is_none() && dice.below(3) > 0,
            state,
            created_at,
            ends_at,
        });
    }
    seats
}

fn removals(ids: &mut Ids, seats: &[Seat]) -> Vec<Removal> {
    let ended = seats.iter().enumerate().filter(|(_, s)| s.state == State::Expired);
    let mut ends: Vec<(i64, usize)> = ended.filter_map(|(n, s)| s.ends_at.map(|at| (at, n))).collect();
    ends.sort_unstable();
    // A generator of its own: ids of one never go back in time.
    let mut own = Ids::new(Box::new(SeededEntropy::new(u64::from_be_bytes(ids.bytes()))));
    ends.into_iter().map(|(at, seat)| Removal { id: own.next(from_micros(at)), seat, at }).collect()
}
