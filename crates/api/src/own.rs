//! The product's own surface, `/tenure/v1`, for what the published API has no name for (decisions.md A4). The demo clock
//! and the kept mails exist in a demo only.

mod explain;
mod import;
mod overview;

use crate::app::ClockFailure;
use crate::dispatch;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::write::approval::corrections;
use crate::wire::write::{Body, read};
use axum::http::{Method, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use tenure_domain::authorize::Action;
use tenure_domain::ids::{JobId, PolicyId, RequestId};
use tenure_domain::notification::MailKind;
use tenure_domain::time::IsoDuration;
use tenure_domain::{Patch, Refusal, Timestamp};
use tenure_service::policies::{self, SwitchesPatch};
use tenure_service::{Cost, Ctx, ServiceError};
use tenure_service::{approvals, edits};
use uuid::Uuid;

/// Moving the clock may take longer than other requests.
pub const CLOCK_PATH: &str = "/tenure/v1/clock";

/// Writes that are told apart here and not by the table of the published surface, clock and questions aside.
pub const WRITTEN: [(&str, &str); 6] = [
    ("POST", "tenure/v1/assignments/import"),
    ("PATCH", "tenure/v1/approvals/{}"),
    ("PATCH", "tenure/v1/policies/{}"),
    ("PATCH", "tenure/v1/policies/{}/mails"),
    ("POST", "tenure/v1/policies/{}/applyToExisting"),
    ("POST", "tenure/v1/policies/{}/restartApproval"),
];

/// Answers a call on the own surface.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    let path = call.path.trim_matches('/').to_ascii_lowercase();
    if path == "clock" && call.app.clock().is_some() {
        call.seen.route("clock");
        return match call.method {
            Method::GET => Ok(now(call)),
            Method::POST => move_clock(call).await,
            _ => Err(Failure::method_not_allowed("GET, POST")),
        };
    }
    if path == "explain" {
        call.seen.route("explain");
        return match call.method {
            Method::POST => explain::answer(call).await,
            _ => Err(Failure::method_not_allowed("POST")),
        };
    }
    if let Some(id) = path.strip_prefix("explain/").and_then(|id| Uuid::parse_str(id).ok()) {
        call.seen.route("explain");
        return match call.method {
            Method::GET => explain::told(call, RequestId(id)).await,
            _ => Err(Failure::method_not_allowed("GET")),
        };
    }
    if path.split('/').next() == Some("settings") {
        return dispatch::answer(call).await;
    }
    if path.split('/').next() == Some("outbox") && call.app.tenant().is_demo {
        permitted(call, Action::ReadMail).await?;
        return dispatch::answer(call).await;
    }
    if ["browse", "delegations", "jobs", "drift", "deliveries", "sites"]
        .contains(&path.split('/').next().unwrap_or_default())
    {
        return dispatch::answer(call).await;
    }
    if let Some(answer) = of_many(call, &path).await {
        return answer;
    }
    if let Some(id) = path.strip_prefix("approvals/").and_then(|id| Uuid::parse_str(id).ok()) {
        call.seen.route("approvals");
        return match call.method {
            Method::PATCH => correct_answers(call, RequestId(id)).await,
            _ => Err(Failure::method_not_allowed("PATCH")),
        };
    }
    if let Some(rest) = path.strip_prefix("policies/") {
        let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
        if let (Ok(id), Some(action)) = (Uuid::parse_str(id), PolicyAction::named(action)) {
            call.seen.route("policies");
            return of_policy(call, PolicyId(id), action).await;
        }
    }
    Err(Failure::unknown_route(&call.full_path()))
}

/// What is done for many at once, and what is told of many; nothing where the path is another one.
async fn of_many(call: &Call, path: &str) -> Option<Result<Reply, Failure>> {
    let (name, method) = match path {
        "assignments/import" => ("import", Method::POST),
        "overview" => ("overview", Method::GET),
        path if path.starts_with("export/") => ("export", Method::GET),
        path if path.starts_with("reports/users/") => ("reports", Method::GET),
        _ => return None,
    };
    call.seen.route(name);
    if call.method != method {
        return Some(Err(Failure::method_not_allowed(method.as_str())));
    }
    Some(match name {
        "import" => import::begin(call).await,
        "overview" => overview::answer(call).await,
        "export" => {
            // Keys in a path are as they were written.
            let list = call.path.trim_start_matches('/').get(name.len()..).unwrap_or_default();
            dispatch::export::answer(call, list).await
        }
        _ => {
            let rest = path.strip_prefix("reports/users/").unwrap_or_default();
            let (user, report) = rest.split_once('/').unwrap_or((rest, ""));
            dispatch::reports::answer(call, user, report).await
        }
    })
}

/// What is done with a policy.
#[derive(Clone, Copy)]
enum PolicyAction {
    Switches,
    Mails,
    ApplyToExisting,
    RestartApproval,
}

impl PolicyAction {
    fn named(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::Switches),
            "mails" => Some(Self::Mails),
            "applytoexisting" => Some(Self::ApplyToExisting),
            "restartapproval" => Some(Self::RestartApproval),
            _ => None,
        }
    }
}

async fn of_policy(call: &Call, id: PolicyId, action: PolicyAction) -> Result<Reply, Failure> {
    match (action, &call.method) {
        (PolicyAction::Switches, &Method::GET) => policy(call, id).await,
        (PolicyAction::Switches, &Method::PATCH) => change_policy(call, id).await,
        (PolicyAction::Mails, &Method::GET) => mails(call, id).await,
        (PolicyAction::Mails, &Method::PATCH) => switch_mails(call, id).await,
        (PolicyAction::Switches | PolicyAction::Mails, _) => Err(Failure::method_not_allowed("GET, PATCH")),
        (PolicyAction::ApplyToExisting, &Method::POST) => {
            begun(call, move |ctx| edits::apply_to_existing(ctx, id)).await
        }
        (PolicyAction::RestartApproval, &Method::POST) => {
            begun(call, move |ctx| edits::restart_approvals(ctx, id)).await
        }
        (PolicyAction::ApplyToExisting | PolicyAction::RestartApproval, _) => Err(Failure::method_not_allowed("POST")),
    }
}

/// Begins work that reaches many; the answer names the job that tells how far it came.
async fn begun(
    call: &Call,
    work: impl Fn(&mut Ctx<'_, '_>) -> Result<JobId, ServiceError> + Send + 'static,
) -> Result<Reply, Failure> {
    let id = call.app.engine().write(call.identity, call.id, work).await?;
    let reply = Reply::json(StatusCode::ACCEPTED, json!({ "id": id }).to_string().into_bytes());
    Ok(reply.with(header::LOCATION, &format!("{}/jobs/{id}", call.root())))
}

/// What a policy says that the published model has no name for (decisions.md Q4).
async fn policy(call: &Call, id: PolicyId) -> Result<Reply, Failure> {
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| policies::switches(ctx, id));
    let found = read.await?;
    let body = json!({
        "id": id,
        "keepPreExistingAccess": found.keep_pre_existing,
        "removeWhenOutOfScope": found.remove_out_of_scope,
    });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

async fn change_policy(call: &Call, id: PolicyId) -> Result<Reply, Failure> {
    let patch = read(&call.json()?, |b| {
        let patch = SwitchesPatch {
            keep_pre_existing: b.flag(&["keepPreExistingAccess"]),
            remove_out_of_scope: b.flag(&["removeWhenOutOfScope"]),
        };
        b.finish(None, &["id"]);
        Some(patch)
    })?;
    let write = move |ctx: &mut Ctx<'_, '_>| policies::set_switches(ctx, id, &patch);
    call.app.engine().write(call.identity, call.id, write).await?;
    Ok(Reply::no_content())
}

/// Which mails are sent under a policy, kind by kind (behaviour.md m.10).
async fn mails(call: &Call, id: PolicyId) -> Result<Reply, Failure> {
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| policies::mails(ctx, id));
    let shown: Map<String, Json> =
        read.await?.shown().map(|(kind, is_sent)| (kind.name().to_owned(), is_sent.into())).collect();
    Ok(Reply::json(StatusCode::OK, Json::Object(shown).to_string().into_bytes()))
}

async fn switch_mails(call: &Call, id: PolicyId) -> Result<Reply, Failure> {
    let changes = read(&call.json()?, |b| {
        let mut changes = Vec::new();
        for kind in MailKind::ALL {
            match b.patch_flag(&[kind.name()]) {
                Patch::Absent => {}
                Patch::Null => b.fault(kind.name(), format!("`{}` must be true or false", kind.name())),
                Patch::Value(is_sent) => changes.push((*kind, is_sent)),
            }
        }
        b.finish(None, &MailKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>());
        Some(changes)
    })?;
    let write = move |ctx: &mut Ctx<'_, '_>| policies::set_mails(ctx, id, &changes);
    call.app.engine().write(call.identity, call.id, write).await?;
    Ok(Reply::no_content())
}

/// An approver corrects answers of the request he is asked about. The published model says which ones may be corrected, and
/// names no way to do it.
async fn correct_answers(call: &Call, id: RequestId) -> Result<Reply, Failure> {
    let answers = corrections(&call.json()?)?;
    let write = move |ctx: &mut Ctx<'_, '_>| approvals::correct(ctx, id, &answers);
    call.app.engine().write(call.identity, call.id, write).await?;
    Ok(Reply::no_content())
}

async fn permitted(call: &Call, action: Action) -> Result<(), Failure> {
    let asked = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| ctx.permit(action).map(drop));
    Ok(asked.await?)
}

fn now(call: &Call) -> Reply {
    let now = call.app.engine().clocks().business.now();
    Reply::json(StatusCode::OK, json!({ "now": now }).to_string().into_bytes())
}

/// Where the clock shall go.
enum Move {
    By(IsoDuration),
    To(Timestamp),
}

fn wanted(b: &Body<'_>) -> Option<Move> {
    let (by, to) = (b.duration(&["advance"]), b.time(&["set"]));
    let given = b.has(&["advance"]) || b.has(&["set"]);
    b.finish(None, &[]);
    match (by, to) {
        (Some(by), None) => return Some(Move::By(by)),
        (None, Some(to)) => return Some(Move::To(to)),
        (Some(_), Some(_)) => b.fault("set", "give either `advance` or `set`"),
        (None, None) if !given => {
            b.fault("advance", "give `advance`, such as P14D, or `set`, such as 2026-03-01T00:00:00Z");
        }
        (None, None) => {}
    }
    None
}

async fn move_clock(call: &Call) -> Result<Reply, Failure> {
    permitted(call, Action::MoveClock).await?;
    let Some(control) = call.app.clock() else { return Err(Failure::unknown_route(CLOCK_PATH)) };
    let present = call.app.engine().clocks().business.now();
    let backwards = |now: Timestamp| Failure::model("", format!("the clock only moves forward; it is {now}"));
    let target = match read(&call.json()?, wanted)? {
        Move::To(to) => to,
        Move::By(by) if by.is_negative() => return Err(backwards(present)),
        Move::By(by) => {
            let far = || Refusal::new(tenure_domain::Code::InvalidModel, "the clock cannot be moved that far");
            by.after(present).ok_or_else(far)?
        }
    };
    match control(target).await {
        Ok(moved) => {
            let body = json!({ "now": moved.now, "ran": moved.ran });
            Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
        }
        Err(ClockFailure::Backwards { now }) => Err(backwards(now)),
        Err(ClockFailure::Failed(error)) => Err(error.into()),
    }
}
