//! Mails about requests: who hears what (behaviour.md h).

use super::{Held, Kind, Mail, Model};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

/// Which approvers of a stage a mail goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    First,
    Later,
    /// Those who were asked, and alternates of a stage that ended before they were.
    All,
}

/// A mail to those who are asked about stages of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub kind: &'static str,
    pub request: usize,
    /// The first and the last of the stages.
    pub stages: (usize, usize),
    pub audience: Audience,
}

impl Model {
    /// A mail about one stage.
    pub(super) fn write_to(&mut self, kind: &'static str, request: usize, stage: usize, audience: Audience) {
        self.letters.push(Letter { kind, request, stages: (stage, stage), audience });
    }

    /// Those who decide first are told that they are asked.
    pub(super) fn call_on_first(&mut self, request: usize, stage: usize) {
        let kind = match (stage, self.requests[request].stages[stage].escalates.is_some()) {
            (0, false) => "decide",
            (0, true) => "decideBefore",
            (_, false) => "laterDecide",
            (_, true) => "laterDecideBefore",
        };
        self.write_to(kind, request, stage, Audience::First);
    }

    /// How a request that gives access ended, is told to the person who asked and to those who approved. Who approved last
    /// has just heard of it, and hears of it again only if he was the only one, or if it came to nothing.
    pub(super) fn tell_end(&mut self, request: usize, held: Held, mails: bool) {
        let asked = &self.requests[request];
        let (package, stages) = (asked.package, asked.stages.len());
        let kind = match held {
            Held::Delivering => return,
            Held::Delivered if mails => Some("accessGranted"),
            Held::Failed => Some("denied"),
            _ => None,
        };
        if let (Some(kind), Kind::UserAdd | Kind::UserUpdate, Some(to)) = (kind, asked.kind, asked.requestor) {
            self.outbox.push(Mail { kind, to, package });
        }
        self.tell_approvers(request, stages, held == Held::Delivered);
    }

    /// Those who approved hear how it ended.
    pub(super) fn tell_approvers(&mut self, request: usize, stages: usize, is_given: bool) {
        if stages == 0 {
            return;
        }
        let last = if is_given { stages.max(2) - 2 } else { stages - 1 };
        let (kind, audience) = ("requestFulfilled", Audience::All);
        self.letters.push(Letter { kind, request, stages: (0, last), audience });
    }

    /// To whom a letter goes now.
    pub fn readers(&self, letter: &Letter) -> BTreeSet<Uuid> {
        let own = self.own(letter.request);
        let terms = self.stage_terms(letter.request);
        let stages = self.requests[letter.request].stages.iter().zip(&terms);
        let mut asked: BTreeSet<Uuid> = BTreeSet::new();
        for (stage, terms) in stages.take(letter.stages.1 + 1).skip(letter.stages.0) {
            if letter.audience != Audience::Later {
                asked.extend(&stage.asked);
            }
            if letter.audience != Audience::First {
                asked.extend(&stage.asked_later);
            }
            let ended_before = stage.opened.is_some() && !stage.is_escalated && terms.escalation.is_some();
            if letter.audience == Audience::All && ended_before {
                asked.extend(self.resolved(&terms.alternate, own));
            }
        }
        let mut readers = BTreeSet::new();
        for one in asked {
            if self.people.contains_key(&one) {
                readers.insert(one);
            } else {
                readers.extend(self.people_in(one));
            }
        }
        readers.retain(|person| self.could(*person, own));
        readers
    }
}
