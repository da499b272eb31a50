//! Row by row: whatever has changed, in the database or in the model, must be the same in both.

use super::{Changes, Eye, id, key, opt_id};
use crate::model::{Grant, Held, Micros, Model, Seen, Stand, Timer};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

type Checked = Result<(), String>;

/// A request as the database has it.
struct RequestRow {
    id: Uuid,
    kind: i64,
    package: Uuid,
    policy: Uuid,
    version: i64,
    requestor: Option<Uuid>,
    target: Uuid,
    assignment: Option<Uuid>,
    state: i64,
    status: String,
    is_open: bool,
    starts: Option<Micros>,
    completed: Option<Micros>,
    created: Micros,
}

/// An assignment as the database has it.
struct AssignmentRow {
    id: Uuid,
    package: Uuid,
    policy: Uuid,
    version: i64,
    target: Uuid,
    request: Uuid,
    state: i64,
    status: String,
    is_live: bool,
    starts: Micros,
    ends: Option<Micros>,
    delivered: Option<Micros>,
    ended: Option<Micros>,
    is_ending: bool,
}

/// A stage of an approval: where it stands, its instants, whether it was escalated, and who decided how.
type StageRow = (i64, [Option<Micros>; 4], bool, i64, Option<Uuid>);

const REQUEST: &str = "SELECT id, kind, package_id, policy_id, policy_version, requestor_id, target_id, assignment_id, state, status, is_open, starts_at, completed_at, created_at FROM request WHERE id = ?1";
const ASSIGNMENT: &str = "SELECT id, package_id, policy_id, policy_version, target_id, request_id, state, status, is_live, starts_at, ends_at, delivered_at, ended_at, is_ending FROM assignment WHERE id = ?1";
const GRANT: &str = "SELECT desired, observed, pre_existing, attempt, due_at, error IS NOT NULL, drift_at IS NOT NULL, plan FROM grant_row WHERE subject_id = ?1 AND resource_id IN (SELECT id FROM resource WHERE origin_object = ?2)";

/// A named difference.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, model: &T, database: &T) -> Checked {
    if model == database {
        return Ok(());
    }
    Err(format!("{what}: the model says {model:?}, the database {database:?}"))
}

impl Eye {
    /// Compares what has changed. After everything due was run, no mail may be left.
    pub fn compare(&mut self, model: &mut Model, is_drained: bool) -> Checked {
        // One look: a lock for each statement would take longer than the statements.
        self.begin()?;
        let compared = self.compare_changes(model, is_drained);
        self.end()?;
        compared
    }

    fn compare_changes(&mut self, model: &mut Model, is_drained: bool) -> Checked {
        let changes = self.changes()?;
        self.learn(&changes, model)?;
        let touched = std::mem::take(&mut model.touched);
        let unknown = |id: &Uuid| format!("request {id} was made or changed, of which the model knows nothing");
        let mut requests = touched.requests;
        for id in &changes.requests {
            match model.request_ids.get(id) {
                Some(handle) => drop(requests.insert(*handle)),
                // Made and deleted between two looks.
                None if self.request(*id)?.is_none() => {}
                None => return Err(unknown(id)),
            }
        }
        for handle in requests {
            self.learn_stages(model, handle)?;
            self.same_request(model, handle)?;
        }
        let mut assignments = touched.assignments;
        for id in &changes.assignments {
            let handle = model.assignment_ids.get(id);
            assignments.insert(*handle.ok_or_else(|| format!("assignment {id} was made, which the model has not"))?);
        }
        for handle in assignments {
            self.same_assignment(model, handle)?;
        }
        let mut grants = touched.grants;
        for grant in &changes.grants {
            if let Some(key) = self.grant_key(*grant)? {
                model.grant_ids.insert(key, *grant);
                grants.insert(key);
            }
        }
        for key in grants {
            self.same_grant(model, key)?;
        }
        for (group, member) in touched.edges.union(&changes.edges) {
            self.same_edge(model, *group, *member)?;
        }
        self.same_timers(model, &touched.timers, &changes.timers)?;
        self.same_mails(model, &changes.mails, is_drained)
    }

    /// Compares everything that is alive, whether it has changed or not; what is over too, if it is `thorough`.
    pub fn compare_all(&mut self, model: &mut Model, thorough: bool) -> Checked {
        model.touched.requests.extend(model.open.values().copied());
        model.touched.assignments.extend(model.live.values().copied());
        if thorough {
            model.touched.requests.extend(0..model.requests.len());
            model.touched.assignments.extend(0..model.assignments.len());
        }
        model.touched.grants.extend(model.grants.keys().copied());
        model.touched.timers.extend(model.timers.keys().copied());
        let edges: Vec<(Uuid, Uuid)> =
            model.edges.iter().flat_map(|(member, groups)| groups.iter().map(|g| (*g, *member))).collect();
        model.touched.edges.extend(edges.iter().copied());
        self.compare(model, true)?;
        let live = model.requests.iter().filter(|r| !r.is_erased).count();
        for (what, sql, count) in [
            ("requests", "SELECT count(*) FROM request", live),
            ("assignments", "SELECT count(*) FROM assignment", model.assignments.len()),
            ("grants", "SELECT count(*) FROM grant_row", model.grants.len()),
            ("timers", "SELECT count(*) FROM timer", model.timers.len()),
            ("memberships", "SELECT count(*) FROM group_member", edges.len()),
        ] {
            let found = self.row(sql, &[], |r| r.get::<_, i64>(0))?.unwrap_or(0);
            same(what, &i64::try_from(count).unwrap_or(0), &found)?;
        }
        Ok(())
    }

    /// Looks up the ids of what the product made by itself.
    pub fn learn_now(&mut self, model: &mut Model) -> Checked {
        let before = self.last;
        let changes = self.changes()?;
        self.last = before;
        self.learn(&changes, model)
    }

    fn learn(&self, changes: &Changes, model: &mut Model) -> Checked {
        let mut unknown = Vec::new();
        for id in changes.requests.iter().filter(|id| !model.request_ids.contains_key(id)) {
            unknown.extend(self.request(*id)?);
        }
        let of = |row: &RequestRow| (row.package, row.target, row.created, row.kind);
        for row in &unknown {
            let is_it = |r: &crate::model::Request| {
                r.id.is_none() && (r.package, r.target, r.created, r.kind.number()) == of(row)
            };
            // Two of one pair and kind can be made at one instant: then it is the one that stands where this stands, and
            // while the model knows of fewer it is not said yet which.
            let stands_so = |r: &crate::model::Request| r.stand.words() == (row.state, row.status.as_str());
            let is_this = |r: &crate::model::Request| is_it(r) && stands_so(r);
            let is_new = |other: &&RequestRow| of(other) == of(row) && !model.request_ids.contains_key(&other.id);
            let requests = &model.requests;
            let is_clear = unknown.iter().filter(is_new).count() <= requests.iter().filter(|r| is_it(r)).count();
            let any = || requests.iter().rposition(is_it).filter(|_| is_clear);
            if let Some(handle) = requests.iter().rposition(is_this).or_else(any) {
                model.requests[handle].id = Some(row.id);
                model.request_ids.insert(row.id, handle);
            }
        }
        for id in &changes.assignments {
            if model.assignment_ids.contains_key(id) {
                continue;
            }
            let Some(row) = self.assignment(*id)? else { continue };
            let request = model.request_ids.get(&row.request).copied();
            if let Some(handle) = request.and_then(|r| model.requests[r].assignment) {
                model.assignments[handle].id = Some(*id);
                model.assignment_ids.insert(*id, handle);
                self.compatible(*id)?;
            }
        }
        Ok(())
    }

    /// Nobody was given what excludes something that he held then. Asked at once, because later either may be listed.
    fn compatible(&self, assignment: Uuid) -> Checked {
        let held = "SELECT hex(b.id) FROM assignment a JOIN incompatibility i ON i.package_id = a.package_id AND i.kind = 1 JOIN assignment b ON b.package_id = i.other_id AND b.target_id = a.target_id AND b.is_live AND b.created_at < a.created_at WHERE a.id = ?1";
        match self.row(held, &[&assignment.as_bytes().as_slice()], |r| r.get::<_, String>(0))? {
            None => Ok(()),
            Some(other) => Err(format!("assignment {assignment} was made although {other} is incompatible with it")),
        }
    }

    fn request(&self, wanted: Uuid) -> Result<Option<RequestRow>, String> {
        self.row(REQUEST, &[&wanted.as_bytes().as_slice()], |r| {
            Ok(RequestRow {
                id: id(r, 0)?,
                kind: r.get(1)?,
                package: id(r, 2)?,
                policy: id(r, 3)?,
                version: r.get(4)?,
                requestor: opt_id(r, 5)?,
                target: id(r, 6)?,
                assignment: opt_id(r, 7)?,
                state: r.get(8)?,
                status: r.get(9)?,
                is_open: r.get(10)?,
                starts: r.get(11)?,
                completed: r.get(12)?,
                created: r.get(13)?,
            })
        })
    }

    fn same_request(&self, model: &Model, handle: usize) -> Checked {
        let request = &model.requests[handle];
        let Some(id) = request.id else { return Err(format!("the product has not made {request:?}")) };
        let Some(row) = self.request(id)? else {
            return if request.is_erased { Ok(()) } else { Err(format!("request {id} is gone: {request:?}")) };
        };
        same(&format!("request {id} is deleted"), &request.is_erased, &false)?;
        let (state, status) = request.stand.words();
        let starts = if let Stand::Scheduled { starts } = request.stand { Some(starts) } else { None };
        let assignment = request.assignment.and_then(|h| model.assignments[h].id);
        let at = |what: &str| format!("{what} of request {id} ({request:?})");
        same(&at("id"), &id, &row.id)?;
        same(&at("status"), &(state, status), &(row.state, row.status.as_str()))?;
        same(&at("type"), &request.kind.number(), &row.kind)?;
        same(&at("pair"), &(request.package, request.target), &(row.package, row.target))?;
        same(&at("policy"), &(request.policy, number(request.version)), &(row.policy, row.version))?;
        same(&at("requestor"), &request.requestor, &row.requestor)?;
        same(&at("openness"), &request.stand.is_open(), &row.is_open)?;
        same(&at("start"), &starts, &row.starts)?;
        same(&at("instants"), &(request.created, request.completed), &(row.created, row.completed))?;
        same(&at("assignment"), &assignment, &row.assignment)?;
        self.same_stages(request, id)?;
        self.last_words(request, id)
    }

    /// The stages of its approval.
    fn same_stages(&self, request: &crate::model::Request, id: Uuid) -> Checked {
        if request.stages.is_empty() && request.kind.takes() {
            return Ok(());
        }
        let sql = "SELECT state, opened_at, remind_at, escalate_at, deadline_at, is_escalated, decision, decided_by FROM approval_stage WHERE request_id = ?1 ORDER BY number";
        let rows: Vec<StageRow> = self.rows(sql, &[&id.as_bytes().as_slice()], |r| {
            let instants = [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?];
            Ok((r.get(0)?, instants, r.get(5)?, r.get(6)?, opt_id(r, 7)?))
        })?;
        let stage = |s: &crate::model::approval::Stage| {
            let decision = s.decision.map_or(0, |(_, approves)| if approves { 1 } else { 2 });
            let instants = [s.opened, s.reminds, s.escalates, s.deadline];
            (s.stand.number(), instants, s.is_escalated, decision, s.decision.map(|(by, _)| by))
        };
        let stages: Vec<StageRow> = request.stages.iter().map(stage).collect();
        same(&format!("stages of request {id} ({request:?})"), &stages, &rows)
    }

    fn learn_stages(&self, model: &mut Model, handle: usize) -> Checked {
        let request = &model.requests[handle];
        let Some(id) = request.id.filter(|_| request.stages.iter().any(|s| s.id.is_none())) else { return Ok(()) };
        let sql = "SELECT id FROM approval_stage WHERE request_id = ?1 ORDER BY number";
        let ids: Vec<Uuid> = self.rows(sql, &[&id.as_bytes().as_slice()], |r| super::id(r, 0))?;
        for (stage, id) in model.requests[handle].stages.iter_mut().zip(ids) {
            stage.id = Some(id);
        }
        Ok(())
    }

    /// A request that has ended has exactly one audit row that says how, and an open one has none; but for those that
    /// failed before.
    fn last_words(&self, request: &crate::model::Request, id: Uuid) -> Checked {
        let sql = "SELECT activity FROM audit WHERE correlation = ?1 AND activity IN (\
                   'Fulfill access package assignment request', 'Partially fulfill access package assignment request', \
                   'Failed access package assignment request', 'Cancel access package assignment request', \
                   'Deny access package assignment request', 'Remove access package assignment', 'Extend access package assignment', \
                   'Access package assignment request timed out (no approver action taken)') ORDER BY activity";
        let said: Vec<String> = self.rows(sql, &[&id.as_bytes().as_slice()], |r| r.get(0))?;
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let mut expected = request.said.clone();
        expected.sort_unstable();
        same(&format!("last words about request {id} ({request:?})"), &expected, &said)
    }

    fn assignment(&self, wanted: Uuid) -> Result<Option<AssignmentRow>, String> {
        self.row(ASSIGNMENT, &[&wanted.as_bytes().as_slice()], |r| {
            Ok(AssignmentRow {
                id: id(r, 0)?,
                package: id(r, 1)?,
                policy: id(r, 2)?,
                version: r.get(3)?,
                target: id(r, 4)?,
                request: id(r, 5)?,
                state: r.get(6)?,
                status: r.get(7)?,
                is_live: r.get(8)?,
                starts: r.get(9)?,
                ends: r.get(10)?,
                delivered: r.get(11)?,
                ended: r.get(12)?,
                is_ending: r.get(13)?,
            })
        })
    }

    fn same_assignment(&self, model: &Model, handle: usize) -> Checked {
        let assignment = &model.assignments[handle];
        let Some(id) = assignment.id else { return Err(format!("the product has not made {assignment:?}")) };
        let Some(row) = self.assignment(id)? else { return Err(format!("assignment {id} is gone: {assignment:?}")) };
        let at = |what: &str| format!("{what} of assignment {id} ({assignment:?})");
        let (state, status) = assignment.words();
        same(&at("id"), &id, &row.id)?;
        same(&at("status"), &(state, status), &(row.state, row.status.as_str()))?;
        same(&at("life"), &(assignment.held != Held::Expired), &row.is_live)?;
        same(&at("ending"), &assignment.is_ending, &row.is_ending)?;
        same(&at("pair"), &(assignment.package, assignment.target), &(row.package, row.target))?;
        same(&at("policy"), &(assignment.policy, number(assignment.version)), &(row.policy, row.version))?;
        same(&at("request"), &model.requests[assignment.request].id, &Some(row.request))?;
        same(&at("time"), &(assignment.starts, assignment.ends), &(row.starts, row.ends))?;
        same(&at("delivery and end"), &(assignment.delivered, assignment.ended), &(row.delivered, row.ended))
    }

    /// Person and group of a grant.
    fn grant_key(&self, grant: Uuid) -> Result<Option<(Uuid, Uuid)>, String> {
        let sql = "SELECT subject_id, resource_id FROM grant_row WHERE id = ?1";
        let row = self.row(sql, &[&grant.as_bytes().as_slice()], |r| Ok((id(r, 0)?, id(r, 1)?)))?;
        Ok(row.and_then(|(person, resource)| self.groups.get(&resource).map(|group| (person, *group))))
    }

    fn same_grant(&self, model: &Model, (person, group): (Uuid, Uuid)) -> Checked {
        let row = self.row(GRANT, &[&person.as_bytes().as_slice(), &group.as_bytes().as_slice()], |r| {
            let seen = match r.get::<_, i64>(1)? {
                0 => Seen::Absent,
                1 => Seen::Present,
                _ => Seen::Gone,
            };
            let attempt = usize::try_from(r.get::<_, i64>(3)?).unwrap_or(usize::MAX);
            let (is_wanted, was_before, due) = (r.get(0)?, r.get(2)?, r.get(4)?);
            let (has_error, is_drifted, plans) = (r.get(5)?, r.get(6)?, r.get(7)?);
            Ok(Grant { is_wanted, seen, was_before, attempt, due, has_error, is_drifted, plans })
        })?;
        let grant = model.grants.get(&(person, group)).copied();
        same(&format!("what person {person} should hold of group {group}"), &grant, &row)
    }

    fn same_edge(&self, model: &Model, group: Uuid, member: Uuid) -> Checked {
        let sql = "SELECT 1 FROM group_member WHERE group_id = ?1 AND member_id = ?2";
        let params: [&dyn rusqlite::ToSql; 2] = [&group.as_bytes().as_slice(), &member.as_bytes().as_slice()];
        let is_there = self.row(sql, &params, |_| Ok(()))?.is_some();
        same(&format!("{member} is in group {group}"), &model.is_member(group, member), &is_there)
    }

    fn same_timers(&self, model: &Model, touched: &BTreeSet<Timer>, changed: &BTreeSet<(i64, Uuid)>) -> Checked {
        let mut all = touched.clone();
        for (kind, id) in changed {
            all.extend(match kind {
                1 => model.request_ids.get(id).map(|h| Timer::Request(*h)),
                2 => model.assignment_ids.get(id).map(|h| Timer::Assignment(*h)),
                _ => Some(Timer::Deleted(*id)),
            });
        }
        for timer in all {
            if key(timer, model).is_some() {
                let set = self.timer(timer, model)?;
                same(&format!("timer {timer:?}"), &model.timers.get(&timer).copied(), &set)?;
            }
        }
        Ok(())
    }

    /// Each mail that was kept was decided, and each that was decided is kept once; but for those whose reader or whose
    /// package is gone.
    fn same_mails(&self, model: &mut Model, kept: &BTreeSet<Uuid>, is_drained: bool) -> Checked {
        for mail in kept {
            let sql = "SELECT kind, recipients, subject FROM mail WHERE id = ?1";
            let read =
                |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?));
            let Some((kind, to, subject)) = self.row(sql, &[&mail.as_bytes().as_slice()], read)? else { continue };
            let is_it = |m: &crate::model::Mail| {
                let address = model.people.get(&m.to).map(|p| format!("[\"{}\"]", p.address));
                let package = model.packages.get(&m.package).map(|p| p.name.as_str()).unwrap_or_default();
                m.kind == kind && address.as_deref() == Some(to.as_str()) && subject.contains(package)
            };
            if let Some(at) = model.outbox.iter().position(is_it) {
                model.outbox.remove(at);
                continue;
            }
            let addresses: BTreeSet<String> = serde_json::from_str(&to).map_err(|e| e.to_string())?;
            let reads = |letter: &crate::model::letters::Letter| {
                let readers = model.readers(letter).into_iter();
                let addresses_of: BTreeSet<String> =
                    readers.filter_map(|id| model.people.get(&id).map(|p| p.address.clone())).collect();
                letter.kind == kind && addresses_of == addresses
            };
            let Some(at) = model.letters.iter().position(reads) else {
                let of_kind: Vec<_> = model
                    .letters
                    .iter()
                    .filter(|l| l.kind == kind)
                    .map(|l| (l, named(model, &model.readers(l))))
                    .collect();
                return Err(format!(
                    "a mail `{kind}` (`{subject}`) went to {to}, which nobody decided or which went before; of its kind wait {of_kind:?}"
                ));
            };
            model.letters.remove(at);
        }
        if is_drained {
            for mail in std::mem::take(&mut model.outbox) {
                let has_reader = model.people.get(&mail.to).is_some_and(crate::model::Person::is_there);
                if has_reader && model.packages.get(&mail.package).is_some_and(|p| !p.is_deleted) {
                    return Err(format!("{mail:?} was decided and not kept"));
                }
            }
            for letter in std::mem::take(&mut model.letters) {
                if !model.requests[letter.request].is_erased && !model.readers(&letter).is_empty() {
                    return Err(format!("{letter:?} was decided and not kept"));
                }
            }
        }
        Ok(())
    }
}

/// The names of people.
fn named<'m>(model: &'m Model, people: &BTreeSet<Uuid>) -> Vec<&'m str> {
    people.iter().filter_map(|id| model.people.get(id).map(|p| p.name.as_str())).collect()
}

fn number(version: usize) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
