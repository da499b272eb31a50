//! Invitations: an account for somebody from outside, or the one he has already (behaviour.md e.2). No mail is sent; whoever
//! invites passes the link on.

use super::target;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::identity::outside;
use tenure_domain::audit::{Activity, AuditEvent, Modified};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::guest::{Address, NewAccount};
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::{check_name, fold};
use tenure_store::rows;
use tenure_store::rows::directory::{member, object, user};
use tenure_store::rows::{identity_link, tenant};
use uuid::Uuid;

/// Who shall be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// His address.
    pub address: String,
    /// What to call him; his address, unless it is said.
    pub name: Option<String>,
    /// As a guest, or as a member who is at home elsewhere.
    pub kind: UserKind,
    /// Who answers for him.
    pub sponsors: Vec<ObjectId>,
    /// He has to prove anew who he is.
    pub resets: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub id: Uuid,
    /// The account.
    pub user: ObjectId,
    /// What the account is called.
    pub name: String,
    /// Whether he has not proved yet who he is.
    pub is_pending: bool,
    /// The domain of the tenant he is invited to.
    pub domain: String,
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::RequestBadRequest, message).detail("/invitedUserEmailAddress", "cannot be invited")
}

/// Invites somebody.
pub fn create(ctx: &mut Ctx<'_, '_>, new: &NewInvitation) -> Result<Invited, ServiceError> {
    let (permit, tenant) = ctx.load(Action::InviteGuests, tenant::get())?;
    if let Some(name) = &new.name {
        check_name("invitedUserDisplayName", name)?;
    }
    let address = Address::parse(&new.address).ok_or_else(|| {
        let message = "invitedUserEmailAddress must be a mail address, such as ada@example.com";
        Refusal::new(Code::InvalidModel, message).detail("/invitedUserEmailAddress", message)
    })?;
    let domains = tenant.map(|t| t.domains).unwrap_or_default();
    let own = domains.first().cloned().unwrap_or_default();
    let person = match ctx.fetch(user::of_address(&address.text()))? {
        Some(person) if person.kind == UserKind::Member && is_ours(&domains, &address) => {
            let message = format!(
                "The invited user already exists in the directory as object ID: {}. They can use that account to sign in to shared apps and resources.",
                person.id
            );
            return Err(refused(message).into());
        }
        Some(person) => {
            if new.resets {
                ctx.permit(Action::WriteUsers)?;
                outside::unlink(ctx, &person.principal_name)?;
            }
            person
        }
        None if is_ours(&domains, &address) => {
            let message =
                "The domain of the invited user is a verified domain of this directory: make the account instead.";
            return Err(refused(message).into());
        }
        None => make(ctx, &permit, new, (&address, &own))?,
    };
    for sponsor in &new.sponsors {
        answer_for(ctx, &permit, &person, *sponsor)?;
    }
    let proved = ctx.fetch(identity_link::issuers(person.id))?;
    Ok(Invited {
        id: ctx.ids.next(ctx.now),
        user: person.id,
        name: person.name,
        is_pending: proved.is_empty(),
        domain: own,
    })
}

fn is_ours(domains: &[String], address: &Address) -> bool {
    domains.iter().any(|own| fold(own) == address.domain())
}

/// Makes the account. Somebody who was asked for by his address before has an id already (decisions.md B14).
fn make(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    new: &NewInvitation,
    (address, own): (&Address, &str),
) -> Result<User, ServiceError> {
    let text = address.text();
    let (subject, namesake) =
        ctx.fetch((rows::subject::known_by_address(&text), user::named_so(&address.guest_alias())))?;
    let id = subject.as_ref().map_or_else(|| ctx.ids.next(ctx.now), |s| ObjectId(s.id.0));
    let name = new.name.clone().or_else(|| subject.as_ref().map(|s| s.name.clone())).unwrap_or(text);
    let account = NewAccount::new(address, &name, own, id, namesake.is_some()).user(id, ctx.now);
    let account = User { kind: new.kind, ..account };
    user::insert(ctx.tx, permit, &account)?;
    if let Some(subject) = subject {
        rows::subject::has_account(ctx.tx, permit, subject.id, &account.principal_name);
    }
    let said = [Modified::set("UserPrincipalName", &account.principal_name), Modified::set("Mail", address.text())];
    let event = AuditEvent::new(Activity::InviteUser, target(ObjectKind::User, id, &account.name).with(said));
    ctx.audit(&event)?;
    Ok(account)
}

/// Makes a person or a group a sponsor of whoever is invited.
fn answer_for(ctx: &mut Ctx<'_, '_>, permit: &Permit, person: &User, sponsor: ObjectId) -> Result<(), ServiceError> {
    let (head, already) = ctx.fetch((object::head(sponsor), member::is_sponsor(person.id, sponsor)))?;
    let head = head.filter(|h| h.deleted_at.is_none()).ok_or_else(|| Refusal::no_such_object(sponsor))?;
    if !matches!(head.kind, ObjectKind::User | ObjectKind::Group) || sponsor == person.id {
        return Err(Refusal::new(Code::RequestBadRequest, "a sponsor is another user or a group").into());
    }
    if already.is_some() {
        return Ok(());
    }
    member::add_sponsor(ctx.tx, permit, person.id, sponsor);
    let added = Modified::set("User.Sponsor", sponsor.to_string());
    let event = AuditEvent::new(Activity::UpdateUser, target(ObjectKind::User, person.id, &person.name).with([added]));
    ctx.audit(&event)
}
