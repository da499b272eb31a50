//! People as issuers outside know them (decisions.md K17): which account a proven identity belongs to, and how it came to
//! belong there. No account is made.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::identity::sessions::end_all;
use tenure_domain::Timestamp;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified};
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_domain::time::plus_seconds;
use tenure_store::rows::directory::user;
use tenure_store::rows::identity_link;

/// What an issuer has proved about whoever signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The issuer.
    pub issuer: String,
    /// Its name for the person.
    pub subject: String,
    /// The mail address, if the issuer has verified it, its domain in lower case is one for which the issuer is trusted.
    pub trusted_address: Option<String>,
    /// When the issuer said so.
    pub issued_at: Timestamp,
}

/// What came of a sign-in outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The account.
    Account(Box<User>),
    /// The account is blocked or deleted.
    Blocked,
    /// Nobody here is known by that identity, and its address is no reason to believe who it is.
    Nobody,
}

fn target(user: &User) -> AuditTarget {
    crate::directory::target(ObjectKind::User, user.id, &user.name)
}

/// The account that a proven identity signs in to; the first time it is found by the verified address.
pub fn sign_in(ctx: &mut Ctx<'_, '_>, proven: &Proven) -> Result<Found, ServiceError> {
    let link = ctx.fetch(identity_link::get(&proven.issuer, &proven.subject))?;
    let (id, is_new) = match link {
        Some(link) => (link.user, false),
        None => match by_address(ctx, proven)? {
            Some(id) => (id, true),
            None => return Ok(Found::Nobody),
        },
    };
    let Some(person) = ctx.fetch(user::get(id))? else { return Ok(Found::Blocked) };
    let details = [("Issuer", proven.issuer.as_str()), ("Subject", proven.subject.as_str())];
    let details = details.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    if !person.is_enabled {
        let event = AuditEvent::new(Activity::SignInOutside, target(&person)).because("the account is disabled");
        ctx.audit(&AuditEvent { details, ..event.failed() })?;
        return Ok(Found::Blocked);
    }
    if is_new {
        // Access tokens of the same sign-in are a moment older than the link.
        let not_before = plus_seconds(proven.issued_at, -1);
        let key = (proven.issuer.as_str(), proven.subject.as_str());
        identity_link::insert(ctx.tx, key, id, ctx.wall, not_before);
        let modified =
            [Modified::set("Identity.Issuer", &proven.issuer), Modified::set("Identity.Subject", &proven.subject)];
        ctx.audit(&AuditEvent::new(Activity::LinkIdentity, target(&person).with(modified)))?;
    }
    let event = AuditEvent::new(Activity::SignInOutside, target(&person));
    ctx.audit(&AuditEvent { details, ..event })?;
    Ok(Found::Account(Box::new(person)))
}

/// The one person with that address whom this issuer does not yet know by another name.
fn by_address(ctx: &mut Ctx<'_, '_>, proven: &Proven) -> Result<Option<ObjectId>, ServiceError> {
    let Some(address) = &proven.trusted_address else { return Ok(None) };
    let found = ctx.fetch(identity_link::by_address(address))?;
    // Several people share it: it says of none of them who he is.
    let [id] = found.as_slice() else { return Ok(None) };
    let known = ctx.fetch(identity_link::subjects(*id, &proven.issuer))?;
    // The address was given to somebody else there, or the account was made anew: a person must look at it.
    Ok(known.is_empty().then_some(*id))
}

/// Forgets who somebody is outside, and ends everything that speaks for him: for a link to the wrong account, and for a
/// person whom the issuer knows by another name now. Gives how many links there were; nothing when there is no such
/// account.
pub fn unlink(ctx: &mut Ctx<'_, '_>, principal_name: &str) -> Result<Option<usize>, ServiceError> {
    let Some(person) = ctx.fetch(user::by_principal_name(principal_name))? else { return Ok(None) };
    let issuers = ctx.fetch(identity_link::issuers(person.id))?;
    identity_link::delete_of(ctx.tx, person.id);
    user::raise_epoch(ctx.tx, person.id);
    end_all(ctx, person.id);
    let modified = issuers.iter().map(|issuer| Modified::cleared("Identity.Issuer", issuer));
    ctx.audit(&AuditEvent::new(Activity::UnlinkIdentity, target(&person).with(modified)))?;
    Ok(Some(issuers.len()))
}

/// Whom an access token of an issuer outside acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The person.
    pub user: ObjectId,
    /// His epoch at this moment: raised before the use case begins, it ends the token.
    pub epoch: i64,
}

/// Whom an access token acts for, if it was issued after everything of that person was last ended.
pub fn bearer(
    ctx: &mut Ctx<'_, '_>,
    issuer: &str,
    subject: &str,
    issued_at: i64,
) -> Result<Option<Bearer>, ServiceError> {
    let link = ctx.fetch(identity_link::get(issuer, subject))?;
    // A token only says the second: one of the same second may be older.
    let good = link.filter(|l| issued_at > l.not_before.as_second());
    Ok(good.map(|l| Bearer { user: l.user, epoch: l.epoch }))
}
