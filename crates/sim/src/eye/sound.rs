//! What must hold of the database alone, whatever anybody asked for. These statements know no model but one thing: which
//! memberships somebody gave by hand.

use super::{Eye, id};
use crate::model::{Micros, Model, Seen};
use crate::outside::Outside;
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::Uuid;

type Checked = Result<(), String>;

/// Statements that must find nothing, and what it means when they do. `?1` is the present. The last two look through history.
const NOTHING: [(&str, &str); 9] = [
    (
        "two open requests of one pair and direction",
        "SELECT hex(package_id) FROM request WHERE is_open AND ?1 > 0 GROUP BY package_id, target_id, direction HAVING count(*) > 1",
    ),
    (
        "two live assignments of one pair",
        "SELECT hex(package_id) FROM assignment WHERE is_live AND ?1 > 0 GROUP BY package_id, target_id HAVING count(*) > 1",
    ),
    (
        "a delivered assignment without all of its grants",
        "SELECT hex(a.id) FROM assignment a JOIN assignment_grant ag ON ag.assignment_id = a.id AND ag.is_live JOIN grant_row g ON g.id = ag.grant_id WHERE a.state = 2 AND ?1 > 0 AND NOT (g.desired AND g.observed = 1)",
    ),
    (
        "an assignment past its end that nobody ends",
        "SELECT hex(a.id) FROM assignment a WHERE a.is_live AND a.ends_at <= ?1 AND NOT a.is_ending AND NOT EXISTS (SELECT 1 FROM request q WHERE q.assignment_id = a.id AND q.is_open AND q.direction = 2)",
    ),
    (
        "a timer of something that is over",
        "SELECT hex(t.subject_id) FROM timer t WHERE ?1 > 0 AND NOT CASE t.subject_kind WHEN 1 THEN EXISTS (SELECT 1 FROM request q WHERE q.id = t.subject_id AND q.is_open) WHEN 2 THEN EXISTS (SELECT 1 FROM assignment a WHERE a.id = t.subject_id AND a.is_live) ELSE EXISTS (SELECT 1 FROM directory_object o WHERE o.id = t.subject_id AND o.deleted_at IS NOT NULL) END",
    ),
    (
        "an assignment with an end and no timer for it",
        "SELECT hex(a.id) FROM assignment a WHERE a.is_live AND a.ends_at > ?1 AND NOT a.is_ending AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_kind = 2 AND t.subject_id = a.id) AND NOT EXISTS (SELECT 1 FROM request q WHERE q.assignment_id = a.id AND q.is_open AND q.direction = 2)",
    ),
    (
        "a grant whose wish is not that somebody wants it",
        "SELECT hex(g.id) FROM grant_row g WHERE ?1 > 0 AND g.desired <> EXISTS (SELECT 1 FROM assignment_grant ag JOIN assignment a ON a.id = ag.assignment_id WHERE ag.grant_id = g.id AND ag.is_live AND a.is_live)",
    ),
    (
        "a request that failed and of which the audit does not say so",
        "SELECT hex(q.id) FROM request q WHERE q.state IN (4, 8) AND ?1 > 0 AND NOT EXISTS (SELECT 1 FROM audit u WHERE u.correlation = q.id AND u.activity IN ('Partially fulfill access package assignment request', 'Failed access package assignment request'))",
    ),
    (
        "a request that ended without one last word in the audit",
        "SELECT hex(q.id) FROM request q WHERE NOT q.is_open AND ?1 > 0 AND CASE WHEN q.state IN (4, 8) THEN 0 ELSE 1 END <> (SELECT count(*) FROM audit u WHERE u.correlation = q.id AND (q.direction = 2 AND u.activity = 'Remove access package assignment' OR u.activity IN ('Fulfill access package assignment request', 'Cancel access package assignment request', 'Deny access package assignment request', 'Extend access package assignment', 'Access package assignment request timed out (no approver action taken)')))",
    ),
];

impl Eye {
    /// Checks what must hold after everything due was run. What looks through all of history is left out unless it is
    /// `thorough`: every change of it was compared when it was made.
    pub fn sound(&self, model: &Model, outside: &Outside, now: Micros, thorough: bool) -> Checked {
        for (what, sql) in NOTHING.iter().take(if thorough { NOTHING.len() } else { NOTHING.len() - 2 }) {
            let found: Vec<String> = self.rows(sql, &[&now], |r| r.get(0))?;
            if let Some(first) = found.first() {
                return Err(format!("{what}: {first}, and {} more", found.len() - 1));
            }
        }
        let due = "SELECT (SELECT count(*) FROM timer WHERE fire_at <= ?1) + (SELECT count(*) FROM outbox WHERE due_at <= ?1) + (SELECT count(*) FROM grant_row WHERE due_at <= ?1)";
        if self.row(due, &[&now], |r| r.get::<_, i64>(0))? != Some(0) {
            return Err("something is due after everything due was run".to_owned());
        }
        self.no_role_lacking(model)?;
        self.no_access_unasked(model)?;
        self.nested_right()?;
        outside_agrees(model, outside)
    }

    /// What is delivered has every role of its package, but for those that somebody accepted as taken by hand.
    fn no_role_lacking(&self, model: &Model) -> Checked {
        let sql = "SELECT a.id, r.origin_object FROM assignment a JOIN package_role z ON z.package_id = a.package_id JOIN resource r ON r.id = z.resource_id WHERE a.state = 2 AND NOT EXISTS (SELECT 1 FROM assignment_grant ag JOIN grant_row g ON g.id = ag.grant_id WHERE ag.assignment_id = a.id AND ag.is_live AND g.role_id = z.role_id)";
        for (assignment, group) in self.rows(sql, &[], |r| Ok((id(r, 0)?, id(r, 1)?)))? {
            let handle = model.assignment_ids.get(&assignment);
            if !handle.is_some_and(|handle| model.adopted.contains(&(*handle, group))) {
                return Err(format!("assignment {assignment} is delivered and lacks group {group} of its package"));
            }
        }
        Ok(())
    }

    /// Who is in a group that packages give holds such a package, or was put there by hand, or is being taken out.
    fn no_access_unasked(&self, model: &Model) -> Checked {
        let sql = "SELECT m.group_id, m.member_id FROM group_member m JOIN resource r ON r.origin_object = m.group_id WHERE m.member_kind = 1 AND NOT EXISTS (SELECT 1 FROM package_role z JOIN assignment a ON a.package_id = z.package_id WHERE z.resource_id = r.id AND a.target_id = m.member_id AND a.is_live) AND NOT EXISTS (SELECT 1 FROM grant_row g WHERE g.subject_id = m.member_id AND g.resource_id = r.id AND g.observed = 1 AND (g.due_at IS NOT NULL OR g.error IS NOT NULL))";
        for (group, person) in self.rows(sql, &[], |r| Ok((id(r, 0)?, id(r, 1)?)))? {
            if !model.by_hand.contains(&(group, person)) {
                return Err(format!("{person} is in group {group}, and nothing gives it to him"));
            }
        }
        Ok(())
    }

    /// What is kept about nested groups is what the edges say.
    fn nested_right(&self) -> Checked {
        let pairs = |sql: &str| self.rows(sql, &[], |r| Ok((id(r, 0)?, id(r, 1)?)));
        let mut above: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for (member, group) in pairs("SELECT member_id, group_id FROM group_member WHERE member_kind = 2")? {
            above.entry(member).or_default().push(group);
        }
        let mut expected = BTreeSet::new();
        for group in self.rows("SELECT id FROM dir_group", &[], |r| id(r, 0))? {
            let mut next = vec![group];
            while let Some(one) = next.pop() {
                if expected.insert((group, one)) {
                    next.extend(above.get(&one).into_iter().flatten());
                }
            }
        }
        let kept: BTreeSet<(Uuid, Uuid)> =
            pairs("SELECT descendant_id, ancestor_id FROM group_closure")?.into_iter().collect();
        match expected.symmetric_difference(&kept).next() {
            None => Ok(()),
            Some((below, above)) => Err(format!("group {below} in group {above} is kept wrongly")),
        }
    }

    /// With the directory outside in order again, nothing is left under way.
    pub fn converged(&self) -> Checked {
        let left = "SELECT 'grant ' || hex(id) || ' due ' || due_at || ' attempt ' || attempt || ' leased until ' || coalesce(lease_until, 0) FROM grant_row WHERE due_at IS NOT NULL UNION ALL SELECT 'assignment ' || hex(id) FROM assignment WHERE state = 0 UNION ALL SELECT 'request ' || hex(id) FROM request WHERE state = 2";
        let left: Vec<String> = self.rows(left, &[], |r| r.get(0))?;
        if left.is_empty() {
            return Ok(());
        }
        Err(format!("with nothing standing in its way this is still under way: {}", left.join(", ")))
    }
}

/// The directory outside holds what we believe it holds, where nothing is under way and nothing failed.
fn outside_agrees(model: &Model, outside: &Outside) -> Checked {
    for ((person, group), grant) in &model.grants {
        let Some(found) = model.groups.get(group).filter(|g| !g.was_away) else { continue };
        let Some(object) = &found.outside else { continue };
        let holds = outside.holds(object, *person);
        let at = || format!("{person} at `{object}` outside ({grant:?})");
        if holds && !grant.is_wanted && grant.is_settled() && !model.people.get(person).is_some_and(|p| p.is_gone) {
            return Err(format!("{}: he holds what nobody wants, and we think it gone", at()));
        }
        let is_sure = grant.seen == Seen::Present && grant.due.is_none() && !grant.has_error;
        if is_sure && !holds {
            return Err(format!("{}: we think he holds it, and he does not", at()));
        }
    }
    Ok(())
}
