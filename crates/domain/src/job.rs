//! Work that reaches many objects: done in chunks, each in one transaction that moves the cursor on, so that it can be
//! broken off anywhere and goes on where it stood (decisions.md C8). What a chunk does is decided anew from what is true;
//! a job only remembers what changed and how far it came. Who may do what a job does may pause and resume it; one that
//! would reach more people than the tenant lets a job reach unasked waits for somebody to resume it.

use crate::authorize::{Action, Placed, Scope};
use crate::ids::{CatalogId, JobId, PackageId, PolicyId, RoleId, ScopeId, SubjectId};
use crate::limits::{BULK_CHUNK, JOB_ATTEMPTS_MAX, JOB_GRANTS_MAX};
use crate::refusal::{Code, Refusal};
use crate::time::{Timestamp, plus_seconds};
use serde::{Deserialize, Serialize};

/// Seconds before a job is tried again for the first time; doubled with every further failure.
const BACKOFF_SECONDS: i64 = 5;
/// Seconds between two tries at most.
const BACKOFF_SECONDS_MAX: i64 = 3_600;

/// What a job brings about. Stored as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A role was put into a package or taken out: who holds the package follows.
    RoleChange {
        /// The role.
        role: RoleId,
        /// Its scope.
        scope: ScopeId,
    },
    /// A package has moved to another catalog: who holds it holds its roles by the resources there from now on.
    PackageMove,
    /// Assignments under a policy get the end that its current version gives (decisions.md H1).
    PolicyApplication {
        /// The policy.
        policy: PolicyId,
    },
    /// Requests that wait for approval under a policy are decided anew by its current version (decisions.md H1).
    ApprovalRestart {
        /// The policy.
        policy: PolicyId,
    },
    /// The rows of a file of assignments are carried out, or only looked at.
    AssignmentImport {
        /// Only looked at.
        dry_run: bool,
    },
}

impl Work {
    /// The word shown to administrators.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RoleChange { .. } => "packageRoleChange",
            Self::PackageMove => "packageMove",
            Self::PolicyApplication { .. } => "policyApplication",
            Self::ApprovalRestart { .. } => "approvalRestart",
            Self::AssignmentImport { dry_run: false } => "assignmentImport",
            Self::AssignmentImport { dry_run: true } => "assignmentImportDryRun",
        }
    }

    /// What begins such a job, and so pauses and resumes it.
    pub const fn action(self) -> Action {
        match self {
            Self::RoleChange { .. } | Self::PackageMove => Action::WritePackages,
            Self::PolicyApplication { .. } | Self::ApprovalRestart { .. } => Action::WritePolicies,
            Self::AssignmentImport { .. } => Action::AssignDirectly,
        }
    }
}

/// Where a job stands. Numbers are stored; 0 is that of rows which are no jobs of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Nothing was done yet.
    Waiting = 1,
    /// Part of it is done.
    Running = 2,
    /// Done.
    Completed = 3,
    /// Given up.
    Failed = 4,
    /// Somebody has paused it; it goes on where it stands when somebody resumes it.
    Paused = 5,
    /// It would reach more people than the tenant's threshold: nothing was done, and it begins when somebody resumes it.
    AwaitingConsent = 6,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Completed, Self::Failed, Self::Paused, Self::AwaitingConsent];

    /// The word shown to administrators.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::AwaitingConsent => "awaitingConsent",
        }
    }

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it brings about.
    pub work: Work,
    /// The package it is about; nil where it is about no single one.
    pub package: PackageId,
    /// The catalog of that package.
    pub catalog: CatalogId,
    /// The last holder, or target of a request, that was reached.
    pub cursor: Option<SubjectId>,
    /// How many there are to reach, as far as is known.
    pub total: i64,
    /// How many were reached.
    pub done: i64,
    /// Of those that were reached: how many could not get what they should.
    pub failed: i64,
    /// Where it stands.
    pub state: JobState,
    /// Failures in a row.
    pub attempt: i64,
    /// When it is to go on; `None` when it has ended, or goes on only when somebody resumes it.
    pub due_at: Option<Timestamp>,
    /// When its first chunk was done.
    pub started_at: Option<Timestamp>,
    /// The last failure.
    pub error: Option<String>,
}

/// What came of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// How many were asked for.
    pub limit: u32,
    /// How many there were.
    pub seen: i64,
    /// How many of them could not get what they should.
    pub failed: i64,
    /// The last of them.
    pub last: Option<SubjectId>,
}

impl Job {
    /// A job that is due at once.
    pub const fn new(
        id: JobId,
        work: Work,
        package: PackageId,
        catalog: CatalogId,
        total: i64,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            work,
            package,
            catalog,
            cursor: None,
            total,
            done: 0,
            failed: 0,
            state: JobState::Waiting,
            attempt: 0,
            due_at: Some(now),
            started_at: None,
            error: None,
        }
    }

    /// The same job, which waits for consent where it would reach more than `threshold` people.
    pub fn held_above(self, threshold: Option<i64>) -> Self {
        if threshold.is_some_and(|most| self.total > most) {
            Self { state: JobState::AwaitingConsent, due_at: None, ..self }
        } else {
            self
        }
    }

    /// The job paused; nothing, when it is not going on anyway. One that has ended is refused.
    pub fn paused(&self) -> Result<Option<Self>, Refusal> {
        self.check_open()?;
        let goes_on = matches!(self.state, JobState::Waiting | JobState::Running);
        Ok(goes_on.then(|| Self { state: JobState::Paused, due_at: None, ..self.clone() }))
    }

    /// The job resumed: due at once, where it stands, and with fresh tries; nothing, when it goes on anyway. One that has
    /// ended is refused.
    pub fn resumed(&self, now: Timestamp) -> Result<Option<Self>, Refusal> {
        self.check_open()?;
        let state = match (self.state, self.cursor) {
            (JobState::Paused, Some(_)) => JobState::Running,
            (JobState::Paused, None) | (JobState::AwaitingConsent, _) => JobState::Waiting,
            _ => return Ok(None),
        };
        Ok(Some(Self { state, due_at: Some(now), attempt: 0, ..self.clone() }))
    }

    fn check_open(&self) -> Result<(), Refusal> {
        let how = match self.state {
            JobState::Completed => "has done what it was for",
            JobState::Failed => "was given up; make the change anew",
            JobState::Waiting | JobState::Running | JobState::Paused | JobState::AwaitingConsent => return Ok(()),
        };
        let message = format!("the job `{}` {how}: it cannot be paused or resumed any more", self.id);
        Err(Refusal::new(Code::JobEnded, message))
    }

    /// The job after a chunk. A chunk that is not full was the last one.
    pub fn after(&self, chunk: Chunk, now: Timestamp) -> Self {
        let is_last = chunk.seen < i64::from(chunk.limit);
        let done = self.done + chunk.seen;
        Self {
            cursor: chunk.last.or(self.cursor),
            done,
            // Who came meanwhile is counted too; who left is not missed.
            total: if is_last { done } else { self.total.max(done) },
            failed: self.failed + chunk.failed,
            state: if is_last { JobState::Completed } else { JobState::Running },
            attempt: 0,
            due_at: (!is_last).then_some(now),
            started_at: self.started_at.or(Some(now)),
            error: None,
            ..self.clone()
        }
    }

    /// The job after a chunk that failed and left nothing: it is tried again, slower each time, and given up in the end.
    pub fn after_failure(&self, error: String, now: Timestamp) -> Self {
        let attempt = self.attempt + 1;
        let given_up = attempt >= JOB_ATTEMPTS_MAX;
        let doublings = u32::try_from(self.attempt).unwrap_or(0).min(16);
        let pause = (BACKOFF_SECONDS << doublings).min(BACKOFF_SECONDS_MAX);
        Self {
            attempt,
            state: if given_up { JobState::Failed } else { self.state },
            due_at: (!given_up).then(|| plus_seconds(now, pause)),
            started_at: self.started_at.or(Some(now)),
            error: Some(error),
            ..self.clone()
        }
    }
}

impl Placed for Job {
    fn place(&self) -> Scope {
        match self.work {
            // A file may name packages of any catalog.
            Work::AssignmentImport { .. } => Scope::Tenant,
            _ => Scope::Catalog(self.catalog),
        }
    }
}

/// How many holders of a package with so many roles one chunk takes: one transaction is bounded in both.
pub fn chunk_size(roles: usize) -> u32 {
    let fit = JOB_GRANTS_MAX / roles.max(1);
    u32::try_from(fit).unwrap_or(BULK_CHUNK).clamp(1, BULK_CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn job() -> Job {
        let (package, catalog) = (PackageId(Uuid::nil()), CatalogId(Uuid::nil()));
        Job::new(JobId(Uuid::nil()), Work::PackageMove, package, catalog, 700, Timestamp::UNIX_EPOCH)
    }

    fn chunk(seen: i64) -> Chunk {
        Chunk { limit: 500, seen, failed: 1, last: (seen > 0).then_some(SubjectId(Uuid::from_u128(9))) }
    }

    #[test]
    fn a_job_moves_on_chunk_by_chunk_until_one_is_not_full() {
        let now = Timestamp::UNIX_EPOCH;
        let first = job().after(chunk(500), now);
        assert_eq!((first.state, first.done, first.total, first.failed), (JobState::Running, 500, 700, 1));
        assert_eq!((first.due_at, first.started_at), (Some(now), Some(now)));
        let second = first.after(chunk(210), now);
        assert_eq!((second.state, second.done, second.total), (JobState::Completed, 710, 710), "ten came meanwhile");
        assert_eq!(second.due_at, None);
        let empty = first.after(chunk(0), now);
        assert_eq!((empty.state, empty.cursor), (JobState::Completed, first.cursor));
    }

    #[test]
    fn a_job_that_always_fails_is_tried_slower_and_given_up() {
        let now = Timestamp::UNIX_EPOCH;
        let mut job = job();
        let mut pauses = Vec::new();
        while let Some(due) = job.due_at {
            job = job.after_failure("Conflict".to_owned(), now);
            pauses.push(due.as_second());
        }
        assert_eq!(i64::try_from(pauses.len()).ok(), Some(JOB_ATTEMPTS_MAX));
        assert_eq!(pauses.get(..4), Some([0, 5, 10, 20].as_slice()));
        assert_eq!((job.state, job.error.as_deref(), job.done), (JobState::Failed, Some("Conflict"), 0));
        let recovered = self::job().after_failure("x".to_owned(), now).after(chunk(500), now);
        assert_eq!((recovered.attempt, recovered.error), (0, None), "failures count in a row");
    }

    #[test]
    fn a_paused_job_goes_on_where_it_stood_and_one_that_never_began_begins() {
        let now = Timestamp::UNIX_EPOCH;
        let later = plus_seconds(now, 60);
        let running = job().after(chunk(500), now).after_failure("x".to_owned(), now);
        let paused = running.paused().ok().flatten().unwrap_or_else(job);
        assert_eq!((paused.state, paused.due_at, paused.cursor), (JobState::Paused, None, running.cursor));
        assert_eq!(paused.paused(), Ok(None), "it is paused already");
        let resumed = paused.resumed(later).ok().flatten().unwrap_or_else(job);
        assert_eq!((resumed.state, resumed.due_at, resumed.done), (JobState::Running, Some(later), 500));
        assert_eq!((resumed.cursor, resumed.attempt), (running.cursor, 0), "with fresh tries");
        assert_eq!(resumed.resumed(later), Ok(None), "it goes on already");
        let before_it_began = job().paused().ok().flatten().unwrap_or_else(job);
        let begins = before_it_began.resumed(later).ok().flatten();
        assert_eq!(begins.map(|j| (j.state, j.due_at)), Some((JobState::Waiting, Some(later))));
    }

    #[test]
    fn a_job_above_the_threshold_waits_for_consent() {
        let now = Timestamp::UNIX_EPOCH;
        for threshold in [None, Some(700), Some(701)] {
            assert_eq!(job().held_above(threshold), job(), "{threshold:?}");
        }
        for threshold in [Some(699), Some(0)] {
            let held = job().held_above(threshold);
            assert_eq!((held.state, held.due_at), (JobState::AwaitingConsent, None), "{threshold:?}");
            assert_eq!(held.paused(), Ok(None), "nothing of it is done anyway");
            let begins = held.resumed(now).ok().flatten();
            assert_eq!(begins, Some(job()));
        }
    }

    #[test]
    fn a_job_that_has_ended_is_neither_paused_nor_resumed() {
        for state in [JobState::Completed, JobState::Failed] {
            let ended = Job { state, due_at: None, ..job() };
            for refused in [ended.paused(), ended.resumed(Timestamp::UNIX_EPOCH)] {
                assert_eq!(refused.err().map(|r| r.code), Some(Code::JobEnded));
            }
        }
    }

    #[test]
    fn a_chunk_is_bounded_in_holders_and_in_grants() {
        assert_eq!(chunk_size(0), BULK_CHUNK);
        assert_eq!(chunk_size(10), BULK_CHUNK);
        assert_eq!(chunk_size(100), 50);
        assert_eq!(chunk_size(1_000_000), 1);
    }
}
