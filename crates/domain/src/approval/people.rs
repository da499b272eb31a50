//! Who approvers are: sets of a policy to people and groups.

use super::{Approver, Part};
use crate::policy::{Stage, SubjectSet};
use crate::refusal::{Code, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a decision about approvers may know, loaded beforehand. Whoever asks, or gets access, is eligible nowhere: nobody
/// decides his own request (decisions.md H8).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct People {
    /// People who could decide now, and groups with a member who could; with whether it is a group.
    pub eligible: BTreeMap<Uuid, bool>,
    /// The requestor's managers, by level.
    pub requestor_managers: BTreeMap<i64, Uuid>,
    /// The target's managers, by level.
    pub target_managers: BTreeMap<i64, Uuid>,
    /// The target's own sponsors.
    pub target_sponsors: Vec<Uuid>,
    /// The internal sponsors of the requestor's organization.
    pub internal_sponsors: Vec<Uuid>,
    /// Its external sponsors.
    pub external_sponsors: Vec<Uuid>,
    /// The owners of the catalog, who are asked when nobody else is left (decisions.md H7).
    pub owners: Vec<Uuid>,
    /// The tenant routes to those owners at submit too, instead of refusing.
    pub route_to_owners: bool,
}

impl People {
    fn candidates(&self, set: &SubjectSet) -> Vec<Uuid> {
        let level = |managers: &BTreeMap<i64, Uuid>, level: i32| {
            managers.get(&i64::from(level.max(1))).copied().into_iter().collect()
        };
        match set {
            SubjectSet::User { id, .. } | SubjectSet::Group { id, .. } => vec![*id],
            SubjectSet::RequestorManager { level: n, .. } => level(&self.requestor_managers, *n),
            SubjectSet::TargetManager { level: n, .. } => level(&self.target_managers, *n),
            SubjectSet::TargetUserSponsors { .. } => self.target_sponsors.clone(),
            SubjectSet::InternalSponsors { .. } => self.internal_sponsors.clone(),
            SubjectSet::ExternalSponsors { .. } => self.external_sponsors.clone(),
            // Not people who approve, or kinds that come with agents.
            SubjectSet::ServicePrincipal { .. }
            | SubjectSet::ConnectedOrganization { .. }
            | SubjectSet::TargetAgentSponsorsOrOwners { .. }
            | SubjectSet::TargetApplicationOwners { .. }
            | SubjectSet::Rule { .. } => Vec::new(),
        }
    }

    fn those(&self, ids: impl IntoIterator<Item = Uuid>, part: Part) -> Vec<Approver> {
        let known =
            |id: Uuid| self.eligible.get(&id).map(|is_group| Approver { principal: id, is_group: *is_group, part });
        ids.into_iter().collect::<BTreeSet<_>>().into_iter().filter_map(known).collect()
    }

    /// Those of a list who could decide; its fallback members when nobody else could (behaviour.md b.4).
    fn of(&self, sets: &[SubjectSet], part: Part) -> Vec<Approver> {
        let some = |backup: bool| {
            let sets = sets.iter().filter(|set| set.is_backup() == backup);
            self.those(sets.flat_map(|set| self.candidates(set)), part)
        };
        let first = some(false);
        if first.is_empty() { some(true) } else { first }
    }

    /// The approvers of a stage from its beginning.
    pub(crate) fn primary(&self, stage: &Stage) -> Vec<Approver> {
        self.of(&stage.primary, Part::Primary)
    }

    /// Who would be asked when a stage opens, as things stand now: its approvers, else the owners of the catalog where the
    /// tenant routes to them.
    pub(crate) fn asked(&self, stage: &Stage) -> Vec<Approver> {
        let approvers = self.primary(stage);
        if approvers.is_empty() && self.route_to_owners { self.catalog_owners() } else { approvers }
    }

    /// Those who are asked when nobody answers.
    pub(crate) fn alternates(&self, stage: &Stage) -> Vec<Approver> {
        self.of(&stage.escalation, Part::Alternate)
    }

    /// The owners of the catalog, as approvers.
    pub(super) fn catalog_owners(&self) -> Vec<Approver> {
        self.those(self.owners.iter().copied(), Part::Primary)
    }
}

/// Why a request under these stages could not be decided: nobody is eligible for one of them (decisions.md H7).
pub fn fault(stages: &[Stage], people: &People) -> Option<Refusal> {
    let has_owners = people.route_to_owners && !people.catalog_owners().is_empty();
    let nobody = |stage: &Stage| people.primary(stage).is_empty() && !has_owners;
    let (number, _) = (1..).zip(stages).find(|(_, stage)| nobody(stage))?;
    let message = format!(
        "nobody could decide stage {number} of the approval: its approvers are missing or blocked, or would decide their \
         own request, and it has no fallback; ask an administrator to name approvers in the policy"
    );
    Some(Refusal::new(Code::NoEligibleApprover, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn people(eligible: &[u128]) -> People {
        People { eligible: eligible.iter().map(|n| (id(*n), *n >= 100)).collect(), ..People::default() }
    }

    fn stage(primary: Vec<SubjectSet>) -> Stage {
        Stage { primary, ..Stage::default() }
    }

    #[test]
    fn fallbacks_decide_when_the_manager_is_missing_and_only_then() {
        let sets =
            vec![SubjectSet::RequestorManager { level: 1, backup: false }, SubjectSet::group(id(100)).as_backup(true)];
        let mut known = people(&[7, 100]);
        let chosen =
            |known: &People| known.primary(&stage(sets.clone())).iter().map(|a| a.principal).collect::<Vec<_>>();
        assert_eq!(chosen(&known), [id(100)]);
        known.requestor_managers.insert(1, id(7));
        assert_eq!(chosen(&known), [id(7)]);
        known.eligible.remove(&id(7));
        assert_eq!(chosen(&known), [id(100)], "a manager who cannot decide is a missing one");
    }

    #[test]
    fn a_stage_that_nobody_could_decide_is_a_refusal_that_names_it() {
        let stages = [stage(vec![SubjectSet::user(id(1))]), stage(vec![SubjectSet::user(id(2))])];
        assert_eq!(fault(&stages, &people(&[1, 2])), None);
        let refusal = fault(&stages, &people(&[1]));
        assert!(refusal.is_some_and(|r| r.code == Code::NoEligibleApprover && r.message.contains("stage 2")));
    }

    #[test]
    fn a_tenant_may_have_the_catalog_owners_decide_instead() {
        let stages = [stage(vec![SubjectSet::user(id(9))])];
        let mut known = people(&[3]);
        known.owners = vec![id(3)];
        assert!(fault(&stages, &known).is_some());
        known.route_to_owners = true;
        assert_eq!(fault(&stages, &known), None);
    }
}
