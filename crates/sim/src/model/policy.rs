//! Policies: whom they fit, which of several applies, and when access ends (behaviour.md c.1, c.2, c.7).

use super::approval::ApprovalTerms;
use super::{DAY, MINUTE, Micros, Model, SECOND};
use tenure_domain::Uuid;

/// A start so near is now (decisions.md H3).
const NEAR: Micros = 60 * SECOND;
/// Longest duration anybody may ask for, in days.
const DAYS_MAX: Micros = 3_660;

/// Whom a policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Administrators assign; nobody asks.
    Nobody,
    /// The named people and groups.
    Named,
    Members,
    Everybody,
    Guests,
}

impl Scope {
    /// The rung of the ladder; the lowest that fits hides the others.
    const fn rung(self) -> u8 {
        match self {
            Self::Nobody => 0,
            Self::Named => 1,
            Self::Members => 2,
            Self::Everybody => 3,
            Self::Guests => 4,
        }
    }
}

/// When access ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Endless,
    Days(i32),
    Until(Micros),
}

/// What one version of a policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of a policy")]
pub struct Terms {
    pub scope: Scope,
    /// People and groups.
    pub targets: Vec<Uuid>,
    pub self_add: bool,
    pub self_remove: bool,
    pub self_update: bool,
    /// Managers may ask, change and take for their reports.
    pub for_reports: bool,
    pub own_dates: bool,
    pub life: Life,
    pub wants_reason: bool,
    /// One question that must be answered.
    pub question: Option<Uuid>,
    pub mails_off: bool,
    pub approval: ApprovalTerms,
}

#[cfg(test)]
impl Terms {
    /// Everybody may have it for ever, and do with it what he likes.
    pub fn open() -> Self {
        Self {
            scope: Scope::Everybody,
            targets: Vec::new(),
            self_add: true,
            self_remove: true,
            self_update: true,
            for_reports: true,
            own_dates: true,
            life: Life::Endless,
            wants_reason: false,
            question: None,
            mails_off: false,
            approval: ApprovalTerms::default(),
        }
    }
}

/// A policy with all its versions; the first has number 1.
#[derive(Clone, Debug)]
pub struct Policy {
    pub package: Uuid,
    pub is_enabled: bool,
    /// Who held a role before keeps it when access ends.
    pub keeps: bool,
    pub versions: Vec<Terms>,
    pub is_deleted: bool,
}

impl Policy {
    /// What it says now.
    ///
    /// # Panics
    /// Never: a policy begins with a version.
    pub fn current(&self) -> &Terms {
        self.versions.last().expect("a policy has a version")
    }

    /// The number of its current version.
    pub const fn version(&self) -> usize {
        self.versions.len()
    }

    /// Whether it can be asked for in that way.
    pub fn lets(&self, asks: Asks) -> bool {
        let terms = self.current();
        match asks {
            Asks::Administrator => true,
            Asks::Himself => terms.scope != Scope::Nobody && terms.self_add,
            Asks::ForReport => terms.scope != Scope::Nobody && terms.for_reports,
        }
    }

    /// Whether holders may extend and change what they hold; never under one for assignment by administrators only.
    pub fn lets_change(&self) -> bool {
        self.current().scope != Scope::Nobody && self.current().self_update
    }
}

/// Who asks for access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The one who gets it.
    Himself,
    /// His manager (behaviour.md b.2).
    ForReport,
    Administrator,
}

/// The end somebody wishes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WantedEnd {
    #[default]
    Open,
    Never,
    /// So many minutes after the start.
    After(i64),
    At(Micros),
}

/// The dates somebody wishes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Wanted {
    pub start: Option<Micros>,
    pub end: WantedEnd,
}

impl Wanted {
    /// The start it means; none is at once.
    pub fn start(&self, now: Micros) -> Option<Micros> {
        self.start.filter(|start| *start > now + NEAR)
    }
}

/// The end a policy gives to access from then on.
pub fn limit(life: Life, from: Micros) -> Option<Micros> {
    match life {
        Life::Endless => None,
        Life::Days(days) => Some(from + i64::from(days) * DAY),
        Life::Until(end) => Some(end),
    }
}

/// The end of access from then on; none when the dates are not allowed (decisions.md H16).
pub fn end(life: Life, wanted: WantedEnd, by_person: bool, from: Micros) -> Option<Option<Micros>> {
    let limit = limit(life, from);
    let wish = match wanted {
        WantedEnd::Never if !by_person => return Some(None),
        WantedEnd::Never if limit.is_some() => return None,
        WantedEnd::Open | WantedEnd::Never => None,
        WantedEnd::After(minutes) if minutes <= 0 || minutes * MINUTE > DAYS_MAX * DAY => return None,
        WantedEnd::After(minutes) => Some(from + minutes * MINUTE),
        WantedEnd::At(end) => Some(end),
    };
    let too_late = by_person && wish.is_some_and(|wish| limit.is_some_and(|limit| wish > limit));
    let end = wish.or(limit);
    (!too_late && end.is_none_or(|end| end > from)).then_some(end)
}

/// Why no policy could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoChoice {
    NotOfPackage,
    NoneAtAll,
    NoneFits,
    SeveralFit,
}

impl Model {
    /// Whether a person is whom the terms are for.
    pub fn fits(&self, terms: &Terms, person: Uuid) -> bool {
        let Some(found) = self.people.get(&person) else { return false };
        match terms.scope {
            Scope::Nobody | Scope::Everybody => true,
            Scope::Members => found.is_member,
            Scope::Guests => !found.is_member,
            Scope::Named => {
                let groups = self.groups_of(person);
                let is_there = |group: &Uuid| self.groups.get(group).is_some_and(super::Group::is_there);
                terms.targets.iter().any(|t| *t == person || groups.contains(t) && is_there(t))
            }
        }
    }

    /// The policies of a package.
    pub fn policies_of(&self, package: Uuid) -> impl Iterator<Item = (Uuid, &Policy)> {
        self.policies.iter().filter(move |(_, p)| p.package == package && !p.is_deleted).map(|(id, p)| (*id, p))
    }

    /// Whether somebody could ask under a policy on a narrower rung than that of the terms.
    pub fn is_hidden(&self, package: Uuid, terms: &Terms, person: Uuid, asks: Asks) -> bool {
        let is_narrower = |p: &Policy| p.current().scope.rung() < terms.scope.rung();
        self.policies_of(package)
            .any(|(_, p)| is_narrower(p) && p.is_enabled && p.lets(asks) && self.fits(p.current(), person))
    }

    /// The policy a request runs under.
    pub fn choose(
        &self,
        package: Uuid,
        named: Option<Uuid>,
        person: Uuid,
        asks: Asks,
    ) -> Result<(Uuid, &Policy), NoChoice> {
        if let Some(named) = named {
            return self.policies_of(package).find(|(id, _)| *id == named).ok_or(NoChoice::NotOfPackage);
        }
        let open = |p: &Policy| p.is_enabled && p.lets(asks);
        let fitting: Vec<(Uuid, &Policy)> =
            self.policies_of(package).filter(|(_, p)| open(p) && self.fits(p.current(), person)).collect();
        let Some(rung) = fitting.iter().map(|(_, p)| p.current().scope.rung()).min() else {
            // The only one that is for somebody says why he cannot have it.
            let mut own = self.policies_of(package).filter(|(_, p)| {
                let is_own = asks == Asks::Administrator || p.current().scope != Scope::Nobody;
                is_own && self.fits(p.current(), person)
            });
            if let (Some(only), None) = (own.next(), own.next()) {
                return Ok(only);
            }
            let is_empty = self.policies_of(package).next().is_none();
            return Err(if is_empty { NoChoice::NoneAtAll } else { NoChoice::NoneFits });
        };
        let mut lowest = fitting.into_iter().filter(|(_, p)| p.current().scope.rung() == rung);
        match (lowest.next(), lowest.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(NoChoice::SeveralFit),
        }
    }
}
