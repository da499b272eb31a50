//! Who is asked when those who were asked cannot answer: alternates after a while, and others at once when everybody has
//! vanished (decisions.md H7; behaviour.md b.4: never a silent wait).

use super::course::ask;
use super::{ApprovalStage, Approver, DueFacts, Part};
use crate::policy::Stage;
use crate::request::{Change, Decision, Request, RequestState, Save};

/// Looks whether those who were asked in the open stage still could decide, and asks others where they could not.
/// `escalates`: the time of the alternates has come. Gives no when nobody is left who could decide; then nothing else was
/// decided.
pub(super) fn look(
    decision: &mut Decision,
    facts: &DueFacts,
    (request, row): (&mut Request, &mut ApprovalStage),
    escalates: bool,
) -> bool {
    let settings = usize::try_from(row.number - 1).ok().and_then(|i| facts.stages.get(i));
    let settings = settings.cloned().unwrap_or_default();
    let others = if is_there(facts, Part::Primary) { Vec::new() } else { instead(facts, &settings) };
    let waits_alone = others.is_empty() && !is_there(facts, Part::Primary);
    let mut alternates = if escalates || (waits_alone && row.escalate_at.is_some()) {
        alternates(facts, &settings)
    } else if row.is_escalated && !is_there(facts, Part::Alternate) {
        new_owners(facts, Part::Alternate)
    } else {
        Vec::new()
    };
    alternates.retain(|a| others.iter().all(|o| o.principal != a.principal));
    if waits_alone && alternates.is_empty() && !is_there(facts, Part::Alternate) {
        return false;
    }
    if escalates {
        row.escalate_at = None;
    }
    if !others.is_empty() {
        ask(decision, (&*request, &*row), others, Part::Primary, &facts.names);
    }
    if !alternates.is_empty() {
        row.escalate_at = None;
        row.is_escalated = true;
        request.state = RequestState::PendingApproval {
            stage: row.number,
            is_escalated: true,
            assignment: request.state.assignment(),
        };
        ask(decision, (&*request, &*row), alternates, Part::Alternate, &facts.names);
        decision.change(Change::Request(request.clone(), Save::Changed));
    }
    true
}

/// Whether anybody who was asked in that part still could decide.
fn is_there(facts: &DueFacts, part: Part) -> bool {
    facts.asked.iter().any(|asked| asked.approver.part == part && asked.is_eligible)
}

/// Those who take the place of approvers who have all vanished: who the approvers would be now, fallbacks among them, else
/// the owners of the catalog.
fn instead(facts: &DueFacts, settings: &Stage) -> Vec<Approver> {
    let now = facts.people.primary(settings);
    if now.is_empty() { new_owners(facts, Part::Primary) } else { now }
}

/// Alternates, or the owners of the catalog when none of them is left.
fn alternates(facts: &DueFacts, settings: &Stage) -> Vec<Approver> {
    let named = facts.people.alternates(settings);
    if named.is_empty() { new_owners(facts, Part::Alternate) } else { named }
}

/// The owners of the catalog who were not asked yet.
fn new_owners(facts: &DueFacts, part: Part) -> Vec<Approver> {
    let is_new = |owner: &Approver| facts.asked.iter().all(|asked| asked.approver.principal != owner.principal);
    facts.people.catalog_owners(part).into_iter().filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, StageState, Verdict};
    use super::*;
    use crate::approval::{People, due};
    use crate::ids::{CatalogId, Ids, PackageId, PolicyId, RequestId, SeededEntropy, StageId, SubjectId};
    use crate::policy::SubjectSet;
    use crate::policy::expiration::WantedSchedule;
    use crate::request::{Decider, Names, RequestType};
    use crate::time::{Timestamp, plus_seconds};
    use uuid::Uuid;

    const APPROVER: u128 = 1;
    const ALTERNATE: u128 = 2;
    const OWNER: u128 = 3;
    const FALLBACK: u128 = 4;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn t(days: i64) -> Timestamp {
        plus_seconds(Timestamp::UNIX_EPOCH, days * 86_400)
    }

    /// A request that waits since day 0 for one approver; alternates come on day 4, the end on day 14. `there` can decide.
    fn facts(there: &[u128], asked_alternates: &[u128]) -> DueFacts {
        let is_escalated = !asked_alternates.is_empty();
        let request = Request {
            id: RequestId(id(10)),
            kind: RequestType::UserAdd,
            package: PackageId(id(11)),
            policy: PolicyId(id(12)),
            policy_version: 1,
            catalog: CatalogId(id(13)),
            requestor: Some(SubjectId(id(14))),
            target: SubjectId(id(14)),
            state: RequestState::PendingApproval { stage: 1, is_escalated, assignment: None },
            wanted: WantedSchedule::default(),
            stage: Some(1),
            justification: None,
            reason: None,
            answers: Vec::new(),
            guards: Vec::new(),
            created_at: t(0),
            version: 1,
        };
        let stage = ApprovalStage {
            request: request.id,
            number: 1,
            id: StageId(id(15)),
            state: StageState::InProgress,
            opened_at: Some(t(0)),
            remind_at: Some(t(7)),
            escalate_at: (!is_escalated).then(|| t(4)),
            deadline_at: Some(t(14)),
            is_escalated,
            verdict: Verdict::NotReviewed,
            decided_by: None,
            decided_for: None,
            decided_at: None,
            justification: None,
        };
        let settings = Stage {
            primary: vec![SubjectSet::user(id(APPROVER)), SubjectSet::user(id(FALLBACK)).as_backup(true)],
            escalation: vec![SubjectSet::user(id(ALTERNATE))],
            escalation_enabled: true,
            ..Stage::default()
        };
        let one = |part| {
            move |n: &u128| Asked {
                approver: Approver { principal: id(*n), is_group: false, part },
                is_eligible: there.contains(n),
            }
        };
        let asked = [APPROVER].iter().map(one(Part::Primary)).chain(asked_alternates.iter().map(one(Part::Alternate)));
        DueFacts {
            request,
            stage,
            asked: asked.collect(),
            stages: vec![settings],
            people: People {
                eligible: there.iter().map(|n| (id(*n), false)).collect(),
                owners: vec![id(OWNER)],
                ..People::default()
            },
            names: Names { target: String::new(), package: String::new(), policy: String::new() },
        }
    }

    /// Whom a look on that day asks, each with his part; nothing where it denies the request.
    fn asks(facts: &DueFacts, day: i64) -> Option<Vec<(Part, u128)>> {
        let decision = due(facts, t(day), &mut Ids::new(Box::new(SeededEntropy::new(1))));
        let mut all = Vec::new();
        for change in &decision.changes {
            match change {
                Change::Approvers(opened) => {
                    all.extend(opened.approvers.iter().map(|a| (a.part, a.principal.as_u128())));
                }
                Change::Request(Request { state: RequestState::Denied { by, .. }, .. }, _) => {
                    assert_eq!(*by, Decider::Nobody);
                    return None;
                }
                _ => {}
            }
        }
        Some(all)
    }

    #[test]
    fn others_are_asked_at_once_when_all_who_were_asked_have_vanished() {
        use Part::{Alternate as A, Primary as P};
        // Who is there, which alternates were asked, and who is asked then.
        type Case = (&'static [u128], &'static [u128], Option<&'static [(Part, u128)]>);
        let cases: [Case; 9] = [
            (&[APPROVER, OWNER, FALLBACK, ALTERNATE], &[], Some(&[])),
            (&[OWNER, FALLBACK, ALTERNATE], &[], Some(&[(P, FALLBACK)])),
            (&[OWNER, ALTERNATE], &[], Some(&[(P, OWNER)])),
            (&[ALTERNATE], &[], Some(&[(A, ALTERNATE)])),
            (&[], &[], None),
            (&[APPROVER, OWNER], &[ALTERNATE], Some(&[(A, OWNER)])),
            (&[APPROVER], &[ALTERNATE], Some(&[])),
            (&[ALTERNATE], &[ALTERNATE], Some(&[])),
            (&[OWNER], &[ALTERNATE], Some(&[(P, OWNER)])),
        ];
        for (there, alternates, expected) in cases {
            let asked = asks(&facts(there, alternates), 1);
            assert_eq!(asked.as_deref(), expected, "{there:?} are there, {alternates:?} were asked");
        }
    }

    #[test]
    fn alternates_who_have_vanished_before_their_time_are_replaced_by_owners_when_it_comes() {
        use Part::Alternate as A;
        assert_eq!(asks(&facts(&[APPROVER, ALTERNATE, OWNER], &[]), 4), Some(vec![(A, ALTERNATE)]));
        assert_eq!(asks(&facts(&[APPROVER, OWNER], &[]), 4), Some(vec![(A, OWNER)]));
        assert_eq!(asks(&facts(&[APPROVER], &[]), 4), Some(Vec::new()), "the first approver still waits");
    }

    #[test]
    fn looking_twice_asks_nobody_twice() {
        let mut facts = facts(&[OWNER], &[]);
        assert_eq!(asks(&facts, 1), Some(vec![(Part::Primary, OWNER)]));
        let approver = Approver { principal: id(OWNER), is_group: false, part: Part::Primary };
        facts.asked.push(Asked { approver, is_eligible: true });
        assert_eq!(asks(&facts, 1), Some(Vec::new()));
    }
}
