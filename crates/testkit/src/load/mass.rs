//! The mass as rows: what the use cases would have left of every person and every assignment.

use super::draw::{Drawing, Person, Removal, Seat, State, Waiting};
use super::filler::{Filler, Table};
use super::structure::Structure;
use serde_json::json;
use tenure_domain::approval::{Part, StageState, Verdict};
use tenure_domain::assignment::AssignmentState;
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::user::UserKind;
use tenure_domain::grant::Observed;
use tenure_domain::ids::AssignmentId;
use tenure_domain::policy::Expiration;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::refusal::{Guard, GuardName};
use tenure_domain::request::{RequestState, RequestType};
use tenure_domain::subject::SubjectKind;
use tenure_domain::text::{fold, search_terms};
use tenure_domain::time::from_micros;
use tenure_odata::Value;
use uuid::Uuid;

/// The domain of everybody's address.
const DOMAIN: &str = "load.example";
/// How a membership came about: somebody, or a package, gave it.
const DIRECT: i64 = 1;
/// One person of so many has allowed a client something; there are so many clients.
const CONSENTS_IN: usize = 4;
const CLIENTS: usize = 3;
/// One person of so many has a badge, whose number is kept as a schema extension.
const BADGES_IN: usize = 2;
const BADGE: &str = "extension_2b676109c7c74ae2b41549205f1947ed_badge";
/// The kind of a password, and of the link to a sponsor.
const PASSWORD: i64 = 1;
const SPONSORS: i64 = 2;
/// The kinds of timers.
const REQUEST_TIMER: i64 = 1;
const ASSIGNMENT_TIMER: i64 = 2;
/// Microseconds between the opening of a stage and its end, when the policy says nothing.
const STAGE_WINDOW: i64 = 14 * 86_400_000_000;

const OBJECT: Table = Table {
    name: "directory_object",
    columns: &["id", "kind", "display_name", "display_key", "created_at", "changed_at", "attrs", "version"],
};
const USER: Table = Table {
    name: "dir_user",
    columns: &[
        "id",
        "upn",
        "upn_key",
        "mail",
        "mail_key",
        "nickname",
        "nickname_key",
        "user_type",
        "is_enabled",
        "manager_id",
        "token_epoch",
        "given_name_key",
        "surname_key",
        "department_key",
        "job_title_key",
        "home_key",
        "is_deleted",
    ],
};
const TERM: Table = Table { name: "search_term", columns: &["term", "object_id"] };
const EXTENSION: Table = Table { name: "extension_value", columns: &["object_id", "name_key", "value_key"] };
const SUBJECT: Table = Table {
    name: "subject",
    columns: &["id", "object_id", "kind", "name", "name_key", "email", "email_key", "principal_name", "lifecycle"],
};
const REQUEST: Table = Table {
    name: "request",
    columns: &[
        "id",
        "kind",
        "direction",
        "package_id",
        "policy_id",
        "policy_version",
        "catalog_id",
        "requestor_id",
        "target_id",
        "assignment_id",
        "state",
        "status",
        "is_open",
        "schedule",
        "justification",
        "answers",
        "explain",
        "completed_at",
        "created_at",
        "version",
        "stage",
    ],
};
const ASSIGNMENT: Table = Table {
    name: "assignment",
    columns: &[
        "id",
        "package_id",
        "policy_id",
        "policy_version",
        "catalog_id",
        "target_id",
        "request_id",
        "state",
        "status",
        "is_live",
        "starts_at",
        "ends_at",
        "delivered_at",
        "ended_at",
        "created_at",
        "version",
    ],
};
const GRANT: Table = Table {
    name: "grant_row",
    columns: &[
        "id",
        "subject_id",
        "resource_id",
        "role_id",
        "scope_id",
        "desired",
        "observed",
        "pre_existing",
        "attempt",
        "due_at",
        "plan",
        "error",
    ],
};
const LINK: Table = Table { name: "assignment_grant", columns: &["assignment_id", "grant_id", "is_live"] };
const MEMBER: Table =
    Table { name: "group_member", columns: &["group_id", "member_id", "member_kind", "via", "created_at"] };
const TIMER: Table = Table { name: "timer", columns: &["subject_kind", "subject_id", "fire_at"] };

const CONSENT: Table =
    Table { name: "oauth_grant", columns: &["id", "client_id", "principal_id", "resource_id", "scopes", "created_at"] };

const CREDENTIAL: Table = Table {
    name: "credential",
    columns: &["id", "principal_id", "kind", "hash", "must_change", "starts_at", "failures"],
};
const SESSION: Table = Table {
    name: "session",
    columns: &["token_hash", "user_id", "epoch", "methods", "created_at", "seen_at", "expires_at"],
};
const IDENTITY: Table =
    Table { name: "identity_link", columns: &["issuer", "subject", "user_id", "created_at", "not_before"] };
const STAGE: Table = Table {
    name: "approval_stage",
    columns: &[
        "request_id",
        "number",
        "id",
        "state",
        "opened_at",
        "remind_at",
        "deadline_at",
        "is_escalated",
        "decision",
    ],
};
const APPROVER: Table =
    Table { name: "stage_approver", columns: &["request_id", "number", "principal_id", "part", "is_group", "is_open"] };
const ANSWER: Table = Table { name: "idempotency", columns: &["key_hash", "answer", "created_at"] };
const SPONSOR: Table = Table { name: "object_link", columns: &["kind", "object_id", "person_id"] };

/// Every table that is filled.
pub const TABLES: [&Table; 19] = [
    &OBJECT,
    &USER,
    &EXTENSION,
    &TERM,
    &SUBJECT,
    &REQUEST,
    &ASSIGNMENT,
    &GRANT,
    &LINK,
    &MEMBER,
    &TIMER,
    &CONSENT,
    &CREDENTIAL,
    &SPONSOR,
    &SESSION,
    &IDENTITY,
    &ANSWER,
    &STAGE,
    &APPROVER,
];

/// Fills every table, each in the order of its key.
pub fn fill(filler: &mut Filler, structure: &Structure, drawing: &Drawing) {
    let people = || drawing.people.iter().enumerate();
    filler.fill(&OBJECT, &mut people().map(|(n, p)| object(n, p)));
    filler.fill(&USER, &mut people().map(|(n, p)| user(n, p)));
    filler.fill(&EXTENSION, &mut people().filter_map(|(n, p)| extension(n, p)));
    filler.fill(&TERM, &mut terms(drawing).into_iter().map(|(term, id)| vec![term.into(), id.into()]));
    filler.fill(&SUBJECT, &mut people().map(|(n, p)| subject(n, p)));
    let texts = Texts::new();
    let made = drawing.seats.iter().map(|s| request(structure, drawing, &texts, s));
    let ended = drawing.removals.iter().map(|r| removal(structure, drawing, &texts, r));
    let waiting = drawing.waiting.iter().map(|w| request_that_waits(structure, drawing, &texts, w));
    filler.fill(&REQUEST, &mut made.chain(ended).chain(waiting));
    filler.fill(&ASSIGNMENT, &mut drawing.seats.iter().map(|s| assignment(structure, drawing, s)));
    filler.fill(&GRANT, &mut drawing.seats.iter().map(|s| grant(structure, drawing, s)));
    filler.fill(&LINK, &mut drawing.seats.iter().map(link));
    filler.fill(&MEMBER, &mut members(structure, drawing).into_iter().map(member));
    let live = drawing.seats.iter().filter(|s| s.state != State::Expired);
    let ends = live.filter_map(|s| s.ends_at.map(|at| vec![ASSIGNMENT_TIMER.into(), s.assignment.into(), at.into()]));
    let reminders = drawing.waiting.iter().map(|w| vec![REQUEST_TIMER.into(), w.request.into(), reminded_at(w).into()]);
    filler.fill(&TIMER, &mut reminders.chain(ends));
    filler.fill(&CONSENT, &mut people().step_by(CONSENTS_IN).map(|(n, p)| consent(n, p)));
    filler.fill(&CREDENTIAL, &mut people().map(|(_, p)| credential(p)));
    let sponsored = drawing.people.iter().filter_map(|p| p.manager.map(|m| sponsor(p, m)));
    filler.fill(&SPONSOR, &mut sponsored.into_iter());
    filler.fill(&SESSION, &mut people().map(|(_, p)| session(p, drawing.retry_at)));
    filler.fill(&IDENTITY, &mut people().map(|(_, p)| identity(p)));
    filler.fill(&ANSWER, &mut people().map(|(_, p)| answer(p, drawing.retry_at)));
    if let Some((approver, _)) = structure.approval {
        filler.fill(&STAGE, &mut drawing.waiting.iter().map(stage));
        filler.fill(&APPROVER, &mut drawing.waiting.iter().map(|w| asked(w, approver)));
    }
}

/// Half of the time has passed.
const fn reminded_at(w: &Waiting) -> i64 {
    w.created_at + STAGE_WINDOW / 2
}

/// The one stage, which is open.
fn stage(w: &Waiting) -> Vec<Value> {
    vec![
        w.request.into(),
        1_i64.into(),
        w.stage.into(),
        StageState::InProgress.code().into(),
        w.created_at.into(),
        reminded_at(w).into(),
        (w.created_at + STAGE_WINDOW).into(),
        false.into(),
        Verdict::NotReviewed.code().into(),
    ]
}

/// The one who was asked.
fn asked(w: &Waiting, approver: Uuid) -> Vec<Value> {
    vec![w.request.into(), 1_i64.into(), approver.into(), Part::Primary.code().into(), false.into(), true.into()]
}

/// A request by an administrator that waits for a decision.
fn request_that_waits(structure: &Structure, drawing: &Drawing, texts: &Texts, w: &Waiting) -> Vec<Value> {
    let state = RequestState::PendingApproval { stage: 1, is_escalated: false, assignment: None };
    let second = structure.approval.iter().find_map(|(_, policies)| policies.get(w.package));
    let mut package = structure.packages[w.package].clone();
    package.policy = second.copied().unwrap_or(package.policy);
    let whom = (&package, drawing.people[w.person].id, None);
    request_row(
        w.request,
        RequestType::AdminAdd,
        &state,
        whom,
        vec![
            texts.no_wish.as_str().into(),
            Value::Null,
            "[]".into(),
            texts.guards.as_str().into(),
            Value::Null,
            w.created_at.into(),
            1_i64.into(),
            1_i64.into(),
        ],
    )
}

/// A session that nobody uses.
fn session(p: &Person, until: i64) -> Vec<Value> {
    let hash = p.id.as_bytes().to_vec();
    vec![hash.into(), p.id.into(), 0_i64.into(), "pwd".into(), p.created_at.into(), until.into(), until.into()]
}

/// An account at an issuer that is not there any more.
fn identity(p: &Person) -> Vec<Value> {
    let subject = p.id.to_string();
    vec!["https://load.example".into(), subject.into(), p.id.into(), p.created_at.into(), p.created_at.into()]
}

/// What somebody made a moment ago and might ask for again.
fn answer(p: &Person, at: i64) -> Vec<Value> {
    vec![p.id.as_bytes().to_vec().into(), "null".into(), at.into()]
}

/// A password that nobody knows: such rows are never looked at, and are many.
fn credential(p: &Person) -> Vec<Value> {
    vec![p.id.into(), p.id.into(), PASSWORD.into(), "!".into(), false.into(), p.created_at.into(), 0_i64.into()]
}

/// His manager vouches for everybody.
fn sponsor(p: &Person, by: Uuid) -> Vec<Value> {
    vec![SPONSORS.into(), p.id.into(), by.into()]
}

/// What a person has allowed a client that is not there any more: such rows are never looked at, and are many.
fn consent(n: usize, p: &Person) -> Vec<Value> {
    let client = Uuid::from_u128(0xc11e_0000_0000_4000_8000_0000_0000_0000 | (n / CONSENTS_IN % CLIENTS) as u128);
    vec![p.id.into(), client.into(), p.id.into(), client.into(), "User.Read".into(), p.created_at.into()]
}

fn name(person: &Person) -> String {
    format!("{} {}", person.first, person.last)
}

/// `ada.lindqvist.17`
fn nickname(n: usize, person: &Person) -> String {
    format!("{}.{}.{n}", fold(person.first), fold(person.last))
}

fn address(n: usize, person: &Person) -> String {
    format!("{}@{DOMAIN}", nickname(n, person))
}

fn department(person: &Person) -> String {
    format!("Department {:02}", person.department)
}

fn job_title(n: usize) -> &'static str {
    ["Analyst", "Engineer", "Consultant", "Accountant", "Planner"].get(n % 5).copied().unwrap_or_default()
}

/// The number of the badge that some have.
fn badge(n: usize) -> Option<String> {
    n.is_multiple_of(BADGES_IN).then(|| format!("B{n}"))
}

fn extension(n: usize, p: &Person) -> Option<Vec<Value>> {
    Some(vec![p.id.into(), fold(BADGE).into(), fold(&badge(n)?).into()])
}

fn object(n: usize, p: &Person) -> Vec<Value> {
    let mut attributes = json!({
        "givenName": p.first, "surname": p.last, "department": department(p), "jobTitle": job_title(n),
    });
    if let Some(badge) = badge(n) {
        attributes[BADGE] = badge.into();
    }
    vec![
        p.id.into(),
        ObjectKind::User.code().into(),
        name(p).into(),
        fold(&name(p)).into(),
        p.created_at.into(),
        p.created_at.into(),
        attributes.to_string().into(),
        1_i64.into(),
    ]
}

fn user(n: usize, p: &Person) -> Vec<Value> {
    let (address, nickname) = (address(n, p), nickname(n, p));
    let kind = if p.is_guest { UserKind::Guest } else { UserKind::Member };
    vec![
        p.id.into(),
        address.as_str().into(),
        fold(&address).into(),
        address.as_str().into(),
        fold(&address).into(),
        nickname.as_str().into(),
        fold(&nickname).into(),
        kind.code().into(),
        true.into(),
        p.manager.into(),
        0_i64.into(),
        fold(p.first).into(),
        fold(p.last).into(),
        fold(&department(p)).into(),
        fold(job_title(n)).into(),
        p.is_guest.then(|| DOMAIN.to_owned()).into(),
        false.into(),
    ]
}

fn terms(drawing: &Drawing) -> Vec<(String, Uuid)> {
    let of_one = |(n, p): (usize, &Person)| {
        let mut words = search_terms(&name(p));
        words.extend(search_terms(&address(n, p)));
        words.into_iter().map(|word| (word, p.id)).collect::<Vec<_>>()
    };
    let mut all: Vec<(String, Uuid)> = drawing.people.iter().enumerate().flat_map(of_one).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn subject(n: usize, p: &Person) -> Vec<Value> {
    let address = address(n, p);
    vec![
        p.id.into(),
        p.id.into(),
        SubjectKind::User.code().into(),
        name(p).into(),
        fold(&name(p)).into(),
        address.as_str().into(),
        fold(&address).into(),
        address.into(),
        0_i64.into(),
    ]
}

/// JSON that is the same in many rows.
struct Texts {
    guards: String,
    no_guards: String,
    no_wish: String,
}

impl Texts {
    fn new() -> Self {
        use GuardName as G;
        let passed = [
            G::CatalogPublished,
            G::CatalogExternal,
            G::PolicyEnabled,
            G::PolicyScope,
            G::NoOpenRequest,
            G::NoLiveAssignment,
            G::Schedule,
            G::Justification,
            G::Answers,
            G::ApproverAvailable,
        ];
        let passed = passed.map(|guard| Guard { guard, passed: true, message: None });
        Self { guards: text(&passed), no_guards: "[]".to_owned(), no_wish: text(&WantedSchedule::default()) }
    }
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("JSON")
}

fn request(structure: &Structure, drawing: &Drawing, texts: &Texts, s: &Seat) -> Vec<Value> {
    let package = &structure.packages[s.package];
    let person = drawing.people[s.person].id;
    let (assignment, completed_at) = (AssignmentId(s.assignment), from_micros(s.created_at));
    let state = match s.state {
        State::Delivered | State::Expired => RequestState::Delivered { assignment, completed_at },
        State::Delivering => RequestState::Delivering { assignment },
        State::Failed => RequestState::DeliveryFailed { assignment: Some(assignment), completed_at },
    };
    let kind = if s.by_person { RequestType::UserAdd } else { RequestType::AdminAdd };
    let schedule = match s.ends_at {
        None => texts.no_wish.clone(),
        Some(end) => text(&WantedSchedule { start: None, end: Expiration::At(from_micros(end)) }),
    };
    request_row(
        s.request,
        kind,
        &state,
        (package, person, s.by_person.then_some(person)),
        vec![
            schedule.into(),
            s.by_person.then_some("For the project").into(),
            "[]".into(),
            texts.guards.as_str().into(),
            state.completed_at().into(),
            s.created_at.into(),
            1_i64.into(),
            Value::Null,
        ],
    )
}

fn removal(structure: &Structure, drawing: &Drawing, texts: &Texts, r: &Removal) -> Vec<Value> {
    let seat = &drawing.seats[r.seat];
    let completed_at = from_micros(r.at);
    let state = RequestState::Delivered { assignment: AssignmentId(seat.assignment), completed_at };
    let whom = (&structure.packages[seat.package], drawing.people[seat.person].id, None);
    request_row(
        r.id,
        RequestType::SystemRemove,
        &state,
        whom,
        vec![
            texts.no_wish.as_str().into(),
            Value::Null,
            "[]".into(),
            texts.no_guards.as_str().into(),
            completed_at.into(),
            r.at.into(),
            1_i64.into(),
            Value::Null,
        ],
    )
}

fn request_row(
    id: Uuid,
    kind: RequestType,
    state: &RequestState,
    (package, target, requestor): (&super::LoadedPackage, Uuid, Option<Uuid>),
    rest: Vec<Value>,
) -> Vec<Value> {
    let mut row = vec![
        id.into(),
        kind.code().into(),
        kind.direction().code().into(),
        package.id.into(),
        package.policy.into(),
        1_i64.into(),
        package.catalog.into(),
        requestor.into(),
        target.into(),
        state.assignment().map(|a| a.0).into(),
        state.code().into(),
        state.status().into(),
        state.is_open().into(),
    ];
    row.extend(rest);
    row
}

fn assignment(structure: &Structure, drawing: &Drawing, s: &Seat) -> Vec<Value> {
    let package = &structure.packages[s.package];
    let state = s.state.stored();
    let delivered = matches!(s.state, State::Delivered | State::Expired);
    vec![
        s.assignment.into(),
        package.id.into(),
        package.policy.into(),
        1_i64.into(),
        package.catalog.into(),
        drawing.people[s.person].id.into(),
        s.request.into(),
        state.code().into(),
        state.status().into(),
        state.is_live().into(),
        s.created_at.into(),
        s.ends_at.into(),
        delivered.then_some(s.created_at).into(),
        s.ends_at.filter(|_| state == AssignmentState::Expired).into(),
        s.created_at.into(),
        if state == AssignmentState::Expired { 2_i64 } else { 1 }.into(),
    ]
}

fn grant(structure: &Structure, drawing: &Drawing, s: &Seat) -> Vec<Value> {
    let package = &structure.packages[s.package];
    let observed = if s.state == State::Delivered { Observed::Present } else { Observed::Absent };
    let error = match s.state {
        State::Delivered | State::Expired => None,
        State::Delivering => Some("TargetUnavailable"),
        State::Failed => Some("TargetRejected"),
    };
    vec![
        s.grant.into(),
        drawing.people[s.person].id.into(),
        package.resource.into(),
        package.role.into(),
        package.scope.into(),
        (s.state != State::Expired).into(),
        observed.code().into(),
        false.into(),
        i64::from(error.is_some()).into(),
        (s.state == State::Delivering).then_some(drawing.retry_at).into(),
        1_i64.into(),
        error.into(),
    ]
}

fn link(s: &Seat) -> Vec<Value> {
    vec![s.assignment.into(), s.grant.into(), (s.state != State::Expired).into()]
}

/// Members of the packages' and of the departments' groups: group, member, since when.
fn members(structure: &Structure, drawing: &Drawing) -> Vec<(Uuid, Uuid, i64)> {
    let delivered = drawing.seats.iter().filter(|s| s.state == State::Delivered);
    let by_package =
        delivered.map(|s| (structure.packages[s.package].group, drawing.people[s.person].id, s.created_at));
    let by_department = drawing.people.iter().map(|p| (structure.departments[p.department], p.id, p.created_at));
    let mut all: Vec<_> = by_package.chain(by_department).collect();
    all.sort_unstable();
    all
}

fn member((group, member, since): (Uuid, Uuid, i64)) -> Vec<Value> {
    vec![group.into(), member.into(), ObjectKind::User.code().into(), DIRECT.into(), since.into()]
}
