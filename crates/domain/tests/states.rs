//! What holds of requests, assignments and grants whatever happens to them, in whatever order.

use proptest::prelude::*;
use tenure_domain::assignment::{Assignment, AssignmentState, fold};
use tenure_domain::grant::{Grant, HeldGrant, Observed, Outcome, RoleFacts, give, record, take};
use tenure_domain::ids::{
    AssignmentId, CatalogId, GrantId, Ids, ObjectId, PackageId, PolicyId, RequestId, ResourceId, RoleId, ScopeId,
    SeededEntropy, SubjectId,
};
use tenure_domain::policy::PolicyBody;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::{
    Change, Conflicts, Decider, Decision, Names, RemovalFacts, RemovalKind, Request, RequestState, RequestType,
    StartFacts, StartOutcome, cancel, delivery_progress, removal_progress, remove, start_reached,
};
use tenure_domain::time::plus_seconds;
use tenure_domain::{Timestamp, Uuid};

const fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("an instant")
}

fn ids() -> Ids {
    Ids::new(Box::new(SeededEntropy::new(1)))
}

fn grant(n: u128, desired: bool, observed: Observed, due: bool, attempt: i64) -> Grant {
    Grant {
        id: GrantId(id(n)),
        subject: SubjectId(id(9)),
        resource: ResourceId(id(n)),
        role: RoleId(id(n)),
        scope: ScopeId(id(n)),
        source: Some(id(8)),
        desired,
        observed,
        pre_existing: false,
        attempt,
        due_at: due.then(now),
        plan: 1,
        error: None,
        drift_at: None,
    }
}

fn any_grant(n: u128) -> impl Strategy<Value = Grant> {
    let observed = prop_oneof![Just(Observed::Absent), Just(Observed::Present), Just(Observed::Gone)];
    (any::<bool>(), observed, any::<bool>(), 0..11_i64).prop_map(move |(d, o, due, a)| grant(n, d, o, due, a))
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Done),
        4 => Just(Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds: None }),
        1 => (0..100_000_i64).prop_map(|s| Outcome::Transient { error: "slow".to_owned(), after_seconds: Some(s) }),
        1 => Just(Outcome::Permanent { error: "TargetRejected".to_owned() }),
        1 => Just(Outcome::TargetGone),
    ]
}

fn any_state() -> impl Strategy<Value = RequestState> {
    let (assignment, completed_at) = (AssignmentId(id(5)), now());
    prop_oneof![
        Just(RequestState::Denied { by: Decider::Person, completed_at }),
        Just(RequestState::Denied { by: Decider::Timeout, completed_at }),
        Just(RequestState::Scheduled { starts_at: now() }),
        Just(RequestState::Delivering { assignment }),
        Just(RequestState::Delivered { assignment, completed_at }),
        Just(RequestState::PartiallyDelivered { assignment, completed_at }),
        Just(RequestState::DeliveryFailed { assignment: None, completed_at }),
        Just(RequestState::DeliveryFailed { assignment: Some(assignment), completed_at }),
        Just(RequestState::Canceled { completed_at }),
    ]
}

fn request(kind: RequestType, state: RequestState) -> Request {
    Request {
        id: RequestId(id(4)),
        kind,
        package: PackageId(id(1)),
        policy: PolicyId(id(2)),
        policy_version: 1,
        catalog: CatalogId(id(3)),
        requestor: None,
        target: SubjectId(id(9)),
        state,
        wanted: WantedSchedule::default(),
        stage: None,
        justification: None,
        reason: None,
        answers: Vec::new(),
        guards: Vec::new(),
        created_at: now(),
        version: 1,
    }
}

fn assignment(state: AssignmentState, ends_at: Option<Timestamp>) -> Assignment {
    Assignment {
        id: AssignmentId(id(5)),
        package: PackageId(id(1)),
        policy: PolicyId(id(2)),
        policy_version: 1,
        catalog: CatalogId(id(3)),
        target: SubjectId(id(9)),
        state,
        starts_at: now(),
        ends_at,
        delivered_at: None,
        ended_at: None,
        request: RequestId(id(4)),
        created_at: now(),
        version: 1,
        notices: 0,
        is_extended: false,
        is_ending: false,
    }
}

fn held(grant: Grant, other_links: i64) -> HeldGrant {
    HeldGrant {
        grant,
        kind: tenure_domain::catalog::RoleKind::GroupMember,
        origin: ObjectId(id(7)),
        other_links,
        shared: false,
        resource_name: "g".to_owned(),
    }
}

fn removal_facts(assignment: Assignment, open: Option<Request>, held: Vec<HeldGrant>) -> RemovalFacts {
    RemovalFacts {
        assignment,
        held,
        open_grant_request: open,
        open_removal: None,
        removes_earlier: false,
        self_remove: true,
        manager_remove: false,
        keep_pre_existing: false,
        attributes: Vec::new(),
        mails: true,
        names: Names::default(),
    }
}

/// The requests of that id that a decision stores.
fn stored(decision: &Decision, wanted: RequestId) -> Vec<RequestState> {
    let of = |change: &Change| match change {
        Change::Request(r, _) if r.id == wanted => Some(r.state.clone()),
        _ => None,
    };
    decision.changes.iter().filter_map(of).collect()
}

/// The grants as a decision leaves them.
fn after(grants: &[Grant], decision: &Decision) -> Vec<Grant> {
    let changed = |g: &Grant| {
        decision.changes.iter().rev().find_map(|change| match change {
            Change::Grant(new, _) if new.id == g.id => Some(new.clone()),
            _ => None,
        })
    };
    grants.iter().map(|g| changed(g).unwrap_or_else(|| g.clone())).collect()
}

proptest! {
    #[test]
    fn a_request_that_has_ended_is_never_moved_again(
        state in any_state(),
        kind in prop_oneof![Just(RequestType::UserAdd), Just(RequestType::AdminAdd), Just(RequestType::AdminRemove)],
        grants in proptest::collection::vec(any_grant(1), 0..3),
        minutes in 0..10_000_i64,
    ) {
        let (request, later) = (request(kind, state.clone()), plus_seconds(now(), minutes * 60));
        let live = assignment(AssignmentState::Delivering, None);
        let mut decisions = vec![
            delivery_progress(&request, &live, &grants, &Names::default(), (true, false), later),
            removal_progress(&request, &live, &grants, true, &Names::default(), later),
        ];
        decisions.extend(cancel(&request, &Names::default(), later));
        let start = StartFacts {
            request: request.clone(),
            policy: PolicyBody::direct_assignment_only(),
            target: None,
            live_assignment: None,
            conflicts: Conflicts::later(Vec::new()),
            roles: Vec::new(),
            names: Names::default(),
            mails: true,
        };
        if let StartOutcome::Decided(decision) = start_reached(&start, later, &mut ids()) {
            decisions.push(decision);
        }
        for decision in decisions {
            for new in stored(&decision, request.id) {
                prop_assert!(state.is_open(), "{state:?} became {new:?}");
                prop_assert!(new.is_open() != new.completed_at().is_some(), "{new:?}");
            }
        }
    }

    #[test]
    fn an_assignment_that_has_ended_is_never_live_again(
        grants in proptest::collection::vec(any_grant(1), 0..3),
        by_end in any::<bool>(),
    ) {
        let request = request(RequestType::UserAdd, RequestState::Delivering { assignment: AssignmentId(id(5)) });
        let ended = assignment(AssignmentState::Expired, Some(now()));
        let progress = delivery_progress(&request, &ended, &grants, &Names::default(), (true, false), now());
        prop_assert!(progress.is_nothing());
        let facts = removal_facts(ended, None, Vec::new());
        let administrator = RemovalKind::Administrator { requestor: None, justification: None };
        let kind = if by_end { RemovalKind::EndReached } else { administrator };
        let removed = remove(&facts, &kind, now(), &mut ids());
        prop_assert!(!matches!(removed, Ok(Some(_))));
    }

    #[test]
    fn the_stored_state_is_what_the_grants_add_up_to(
        observed in proptest::collection::vec(any_grant(1), 1..5),
        outcomes in proptest::collection::vec(any_outcome(), 0..12),
        kind in prop_oneof![Just(RequestType::UserAdd), Just(RequestType::AdminAdd)],
    ) {
        let mut grants: Vec<Grant> = observed
            .into_iter()
            .enumerate()
            .map(|(n, g)| Grant { id: GrantId(id(n as u128)), desired: true, ..g })
            .collect();
        let mut live = assignment(fold(&grants), None);
        live.delivered_at = (live.state == AssignmentState::Delivered).then(now);
        let state = match live.state {
            AssignmentState::Delivering => RequestState::Delivering { assignment: live.id },
            _ => RequestState::Delivered { assignment: live.id, completed_at: now() },
        };
        let mut request = request(kind, state);
        let mut at = now();
        for (n, outcome) in outcomes.iter().enumerate() {
            let place = n % grants.len();
            if grants[place].due_at.is_none() {
                continue;
            }
            at = at.max(grants[place].due_at.unwrap_or(at));
            grants[place] = record(&grants[place], outcome, at);
            let before = request.state.clone();
            let decision = delivery_progress(&request, &live, &grants, &Names::default(), (true, false), at);
            for change in &decision.changes {
                match change {
                    Change::Assignment(new, _) => live = new.clone(),
                    Change::Request(new, _) => request = new.clone(),
                    _ => {}
                }
            }
            prop_assert_eq!(live.state, fold(&grants));
            let ended = match live.state {
                AssignmentState::Delivered => RequestState::Delivered { assignment: live.id, completed_at: at },
                AssignmentState::PartiallyDelivered => {
                    RequestState::PartiallyDelivered { assignment: live.id, completed_at: at }
                }
                _ => RequestState::DeliveryFailed { assignment: Some(live.id), completed_at: at },
            };
            let expected = match before {
                open if live.state == AssignmentState::Delivering || !open.is_open() => open,
                _ => ended,
            };
            prop_assert_eq!(&request.state, &expected, "a request ends once, as its assignment then stands");
            prop_assert!(live.delivered_at.is_some() || live.state != AssignmentState::Delivered);
        }
    }

    #[test]
    fn tries_end_within_six_hours_unless_the_other_side_asks_to_wait(outcomes in proptest::collection::vec(any::<bool>(), 12)) {
        let mut grant = grant(1, true, Observed::Absent, true, 0);
        let (mut tries, mut at) = (0, now());
        for fails in outcomes {
            let Some(due) = grant.due_at else { break };
            at = due.max(at);
            let fault = Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds: None };
            grant = record(&grant, if fails { &fault } else { &Outcome::Done }, at);
            tries += 1;
        }
        prop_assert!(tries <= 10 && at.as_second() - now().as_second() <= 6 * 3_600);
        prop_assert!(grant.due_at.is_none() || !grant.is_settled());
    }

    #[test]
    fn nothing_wanted_is_taken_and_nothing_unwanted_is_kept_in_silence(
        observed in any_grant(1),
        other_links in 0..2_i64,
        embedded in any::<bool>(),
    ) {
        let mut grant = Grant { desired: true, ..observed };
        if embedded {
            grant.source = None;
        }
        let taken = take(&[held(grant.clone(), other_links)], false, now());
        if other_links > 0 {
            prop_assert!(taken.is_empty());
        } else {
            let change = &taken[0];
            prop_assert!(!change.grant.desired);
            let was_tried = grant.observed != Observed::Absent || grant.attempt > 0 || grant.due_at.is_some();
            let is_asked = change.apply.is_some() || change.grant.due_at.is_some();
            prop_assert_eq!(is_asked, embedded || was_tried, "{:?}", grant);
        }
    }

    #[test]
    fn giving_again_is_giving_once(holds_now in any::<bool>(), outside in any::<bool>()) {
        let role = tenure_domain::package::PackageRole {
            role: RoleId(id(1)),
            scope: ScopeId(id(2)),
            resource: ResourceId(id(3)),
            kind: tenure_domain::catalog::RoleKind::GroupMember,
            origin: ObjectId(id(7)),
            source: outside.then_some(id(8)),
            is_missing: false,
            resource_name: "g".to_owned(),
        };
        let first = give(&[RoleFacts { role: role.clone(), grant: None, holds_now, ours: false }], SubjectId(id(9)), now(), &mut ids());
        let given = &first[0];
        let again = RoleFacts { role, grant: Some(given.grant.clone()), holds_now: holds_now || given.apply.is_some(), ours: false };
        let second = give(&[again], SubjectId(id(9)), now(), &mut ids());
        prop_assert!(!second[0].is_new && second[0].apply.is_none());
        prop_assert_eq!(second[0].grant.pre_existing, given.grant.pre_existing);
        prop_assert_eq!(second[0].grant.desired, true);
    }

    #[test]
    fn ending_access_withdraws_what_would_give_it(starts in 0..2_i64) {
        let open = request(RequestType::UserAdd, RequestState::Scheduled { starts_at: plus_seconds(now(), starts) });
        let open_id = open.id;
        let live = assignment(AssignmentState::Delivered, Some(now()));
        let removed = remove(&removal_facts(live, Some(open), Vec::new()), &RemovalKind::EndReached, now(), &mut ids());
        let Ok(Some((_, decision))) = removed else { return Err(TestCaseError::fail("it is not removed")) };
        let is_canceled = matches!(stored(&decision, open_id).as_slice(), [RequestState::Canceled { .. }]);
        prop_assert!(is_canceled, "{decision:?}");
        prop_assert!(after(&[], &decision).is_empty());
    }
}
