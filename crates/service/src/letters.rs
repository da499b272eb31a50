//! Letters: to whom an effect writes, and what it tells (behaviour.md h). What a policy has switched off is not written; the
//! policy is looked at as it is when the letter is written, not as it was when its cause came (behaviour.md m.10).

use crate::approvals::{people_in_stages, people_of_stages};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::requests;
use std::collections::BTreeMap;
use tenure_domain::Timestamp;
use tenure_domain::effect::{Audience, Effect};
use tenure_domain::ids::{ObjectId, PackageId, RequestId, SubjectId};
use tenure_domain::limits::MAIL_RECIPIENTS_MAX;
use tenure_domain::notification::{Ending, MailFacts, MailKind, MailsOff};
use tenure_domain::subject::{Lifecycle, Subject};
use tenure_store::rows;
use tenure_store::rows::tenant::Tenant;
use uuid::Uuid;

/// A mail to be kept.
pub(crate) struct Letter {
    /// Which.
    pub kind: MailKind,
    /// The addresses; nobody, when those it was for are gone.
    pub to: Vec<String>,
    /// What it tells.
    pub facts: MailFacts,
    /// What writes to the people who did not fit into it.
    pub rest: Option<Effect>,
}

/// What an effect writes; nothing when what it is about is gone, or its policy has that mail switched off.
pub(crate) fn letter(ctx: &mut Ctx<'_, '_>, effect: &Effect) -> Result<Option<Letter>, ServiceError> {
    match *effect {
        Effect::Notify { mail, to, package, request } => to_one(ctx, mail, to, (package, request)),
        Effect::NotifyEnd { mail, to, package, end } => of_end(ctx, mail, to, (package, end)),
        Effect::NotifyApprovers { mail, request, number, last, audience, until, after } => {
            let stages = Stages { first: number, last, audience, after: after.unwrap_or_default() };
            to_approvers(ctx, mail, request, &stages, (effect, until))
        }
        Effect::NotifyDelegate { from, to } => to_delegate(ctx, ObjectId(from), ObjectId(to)),
    }
}

/// Whether the policy sends a mail. One that is gone has switched nothing off.
fn is_sent(off: Option<MailsOff>, kind: MailKind) -> bool {
    off.unwrap_or_default().sends(kind)
}

/// To somebody who asked for access, or has or had it.
fn to_one(
    ctx: &mut Ctx<'_, '_>,
    kind: MailKind,
    to: SubjectId,
    (package, request): (PackageId, RequestId),
) -> Result<Option<Letter>, ServiceError> {
    let (person, package, request, off) = ctx.fetch((
        rows::directory::user::get(ObjectId(to.0)),
        rows::package::get(package),
        rows::request::get(request),
        rows::policy::mails_off_of_request(request),
    ))?;
    let (Some(person), Some(package), true) = (person, package, is_sent(off, kind)) else { return Ok(None) };
    let mut facts = MailFacts {
        person: Some(person.name.clone()),
        requestor: person.name.clone(),
        package: package.name,
        ..MailFacts::default()
    };
    if let Some(request) = request {
        let assignment = request.state.assignment().map(rows::assignment::get);
        let (target, assignment) = ctx.fetch((rows::subject::name(request.target), assignment))?;
        let assignment = assignment.flatten();
        facts.target = target.filter(|_| request.target != to);
        facts.ending = Ending::of(&request, assignment.as_ref());
        facts.until = assignment.and_then(|a| a.ends_at);
        facts.is_approved = request.stage.is_some();
        facts.reason = request.reason;
    }
    Ok(Some(Letter { kind, to: vec![person.address().to_owned()], facts, rest: None }))
}

/// To who holds access that ends soon.
fn of_end(
    ctx: &mut Ctx<'_, '_>,
    kind: MailKind,
    to: SubjectId,
    (package, end): (PackageId, Timestamp),
) -> Result<Option<Letter>, ServiceError> {
    let (person, package, off) = ctx.fetch((
        rows::directory::user::get(ObjectId(to.0)),
        rows::package::get(package),
        rows::policy::mails_off_of_holder(package, to),
    ))?;
    let (Some(person), Some(package), true) = (person, package, is_sent(off, kind)) else { return Ok(None) };
    let facts = MailFacts {
        person: Some(person.name.clone()),
        requestor: person.name.clone(),
        package: package.name,
        until: Some(end),
        ..MailFacts::default()
    };
    Ok(Some(Letter { kind, to: vec![person.address().to_owned()], facts, rest: None }))
}

fn to_delegate(ctx: &mut Ctx<'_, '_>, from: ObjectId, to: ObjectId) -> Result<Option<Letter>, ServiceError> {
    let (from, to) = ctx.fetch((rows::directory::object::head(from), rows::directory::user::get(to)))?;
    let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
    let facts = MailFacts { person: Some(to.name.clone()), requestor: from.name, ..MailFacts::default() };
    Ok(Some(Letter { kind: MailKind::DelegateAppointed, to: vec![to.address().to_owned()], facts, rest: None }))
}

/// Whose approvers a letter is for, and up to whom they were written to.
struct Stages {
    first: i64,
    last: i64,
    audience: Audience,
    after: Uuid,
}

/// To approvers of some stages of a request. Nobody is written to about his own request.
fn to_approvers(
    ctx: &mut Ctx<'_, '_>,
    kind: MailKind,
    id: RequestId,
    of: &Stages,
    (effect, until): (&Effect, Option<Timestamp>),
) -> Result<Option<Letter>, ServiceError> {
    let wanted = (
        rows::request::get(id),
        rows::approval::policy_of(id),
        rows::approval::stages(id),
        rows::subject::of_request(id),
        rows::tenant::get(),
        rows::policy::mails_off_of_request(id),
    );
    let (request, policy, stages, target, tenant, off) = ctx.fetch(wanted)?;
    if !is_sent(off, kind) {
        return Ok(None);
    }
    let (Some(request), Some(policy), Some(target)) = (request, policy, target) else { return Ok(None) };
    let by = request.requestor.unwrap_or(request.target);
    let (people, requestor, name, names, assignment, asked) = ctx.fetch((
        people_of_stages(&policy, &request),
        rows::subject::get(by),
        rows::subject::name(by),
        requests::name_rows(&request),
        request.state.assignment().map(rows::assignment::get),
        rows::approval::recipients(id, (of.first, of.last), of.audience, ctx.now, of.after),
    ))?;
    let people = people_in_stages(people);
    let others = if of.audience == Audience::Everybody {
        people.not_asked(&stages, &policy.approval.stages, of.first..=of.last)
    } else {
        Vec::new()
    };
    let requestor = requestor.unwrap_or_else(|| target.clone());
    let organization = |subject: &Subject| subject.organization.map(rows::organization::get);
    let (others, from, of_target) =
        ctx.fetch((rows::approval::recipients_of(&others, of.after), organization(&requestor), organization(&target)))?;
    let mut to: BTreeMap<Uuid, String> = asked.into_iter().chain(others.concat()).map(|r| (r.id, r.address)).collect();
    // Each list was read up to one more than fits: what is cut off here comes with the next mail.
    let most = usize::try_from(MAIL_RECIPIENTS_MAX).unwrap_or(usize::MAX);
    let mut rest = None;
    if let Some(next) = to.keys().nth(most).copied() {
        drop(to.split_off(&next));
        rest = to.last_key_value().map(|(last, _)| following(effect, *last));
    }
    to.retain(|id, _| *id != request.target.0 && request.requestor.is_none_or(|r| r.0 != *id));
    let names = requests::named(names);
    let assignment = assignment.flatten();
    let facts = MailFacts {
        requestor: name.unwrap_or_else(|| requestor.name.clone()),
        organization: home(&requestor, from.flatten().map(|o| o.name), tenant.as_ref()),
        target: (requestor.id != target.id).then(|| match of_target.flatten() {
            Some(organization) => format!("{} ({})", names.target, organization.name),
            None => names.target.clone(),
        }),
        package: names.package,
        changes: request.changes(assignment.as_ref()),
        wanted_from: request.wanted.start,
        wanted_until: Some(request.wanted.end),
        asked_at: Some(request.created_at),
        ending: Ending::of(&request, assignment.as_ref()),
        is_approved: true,
        justification: request.justification,
        reason: request.reason,
        until,
        ..MailFacts::default()
    };
    Ok(Some(Letter { kind, to: to.into_values().collect(), facts, rest }))
}

/// The same letter to those whose ids come after.
fn following(effect: &Effect, last: Uuid) -> Effect {
    let mut effect = effect.clone();
    if let Effect::NotifyApprovers { after, .. } = &mut effect {
        *after = Some(last);
    }
    effect
}

/// Where somebody comes from: a connected organization, or the tenant itself.
fn home(who: &Subject, organization: Option<String>, tenant: Option<&Tenant>) -> Option<String> {
    let is_ours = who.object.is_some() && who.lifecycle == Lifecycle::NotDefined;
    organization.or_else(|| tenant.filter(|_| is_ours).map(|t| t.name.clone()))
}
