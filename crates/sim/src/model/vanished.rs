//! Approvers who have vanished: others are asked in their place, and nothing waits in silence for nobody (behaviour.md b.4;
//! decisions.md H7).

use super::approval::StageStand;
use super::letters::Audience;
use super::{Micros, Model, Stand, Timer};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

impl Model {
    /// Looks whether those who were asked in the open stage still could decide, and asks others where they could not.
    /// `escalates`: the time of the alternates has come. Gives no when nobody is left.
    pub(super) fn look_for_others(&mut self, request: usize, number: usize, escalates: bool, now: Micros) -> bool {
        let terms = self.stage_terms(request).swap_remove(number);
        let own = self.own(request);
        let stage = &self.requests[request].stages[number];
        let are_there = self.could_any(&stage.asked, own);
        let others = if are_there { BTreeSet::new() } else { self.first_asked(&terms, own) };
        let is_left_alone = !are_there && others.is_empty();
        let mut alternates = BTreeSet::new();
        if escalates || is_left_alone && stage.escalates.is_some() {
            alternates = self.resolved(&terms.alternate, own);
        }
        alternates.retain(|one| !others.contains(one));
        if is_left_alone && alternates.is_empty() && !self.could_any(&stage.asked_later, own) {
            return false;
        }
        let stage = &mut self.requests[request].stages[number];
        if escalates {
            stage.escalates = None;
        }
        if !others.is_empty() {
            stage.asked.extend(others);
            self.call_on_first(request, number);
        }
        if !alternates.is_empty() {
            let stage = &mut self.requests[request].stages[number];
            (stage.escalates, stage.is_escalated) = (None, true);
            stage.asked_later.extend(alternates);
            let kind = if number == 0 { "forwarded" } else { "laterForwarded" };
            self.write_to(kind, request, number, Audience::Later);
            self.move_request(request, Stand::Pending { stage: number, is_escalated: true }, now);
        }
        true
    }

    /// Whether one of some people and groups could decide.
    fn could_any(&self, asked: &BTreeSet<Uuid>, own: (Uuid, Uuid)) -> bool {
        let could = |one: &Uuid| self.could(*one, own) || self.people_in(*one).any(|person| self.could(person, own));
        asked.iter().any(could)
    }

    /// Somebody may decide no more, or a group has fewer members: what waits for them is looked at at once.
    pub fn look_at_what_waits_for(&mut self, one: Uuid, now: Micros) {
        let mut those = self.groups_of(one);
        those.insert(one);
        let waits = |handle: &usize| {
            let asks = |s: &super::approval::Stage| {
                s.stand == StageStand::Open && s.asked.union(&s.asked_later).any(|asked| those.contains(asked))
            };
            self.requests[*handle].stages.iter().any(asks)
        };
        let waiting: Vec<usize> = self.open.values().copied().filter(waits).collect();
        for request in waiting {
            if self.timers.get(&Timer::Request(request)).is_some_and(|at| *at > now) {
                self.set_timer(Timer::Request(request), now);
            }
        }
    }
}
