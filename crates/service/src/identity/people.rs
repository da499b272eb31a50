//! People as they sign in: find the account, count failures, change the password (decisions.md K2 to K5).

use crate::ctx::Ctx;
use crate::directory::users::{NewPassword, set_password};
use crate::error::ServiceError;
use tenure_domain::audit::{Activity, AuditEvent};
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{SIGNIN_FAILURES_MAX, SIGNIN_LOCK_MINUTES};
use tenure_domain::time::plus_seconds;
use tenure_store::rows::directory::user;
use tenure_store::rows::identity::{self, Credential, CredentialKind};

/// Failed tries after which a pause begins.
const FAILURES_WITHOUT_PAUSE: i64 = 3;

/// An account with its password, if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The password.
    pub password: Option<Credential>,
}

/// The account of a user principal name.
pub fn find(ctx: &mut Ctx<'_, '_>, principal_name: &str) -> Result<Option<Account>, ServiceError> {
    let Some(user) = ctx.fetch(user::by_principal_name(principal_name))? else { return Ok(None) };
    let password = ctx.fetch(identity::credentials(user.id, CredentialKind::Password).first())?;
    Ok(Some(Account { user, password }))
}

/// The person of that id, unless he is deleted.
pub fn get(ctx: &mut Ctx<'_, '_>, id: ObjectId) -> Result<Option<User>, ServiceError> {
    ctx.fetch(user::get(id))
}

/// Notes how a try at a password ended. After too many failures no tries are taken for a while.
pub fn note_try(ctx: &mut Ctx<'_, '_>, id: ObjectId, succeeded: bool) -> Result<(), ServiceError> {
    let Some(password) = ctx.fetch(identity::credentials(id, CredentialKind::Password).first())? else { return Ok(()) };
    if succeeded {
        if password.failures > 0 {
            identity::set_failures(ctx.tx, password.id, 0, None);
        }
        return Ok(());
    }
    let failures = password.failures + 1;
    let locked = failures >= i64::from(SIGNIN_FAILURES_MAX);
    let pause = if locked { SIGNIN_LOCK_MINUTES * 60 } else { pause_seconds(failures) };
    let until = (pause > 0).then(|| plus_seconds(ctx.wall, pause));
    // A lock starts the count anew.
    identity::set_failures(ctx.tx, password.id, if locked { 0 } else { failures }, until);
    let name = ctx.fetch(user::get(id))?.map(|user| user.name).unwrap_or_default();
    let refused = AuditEvent::new(Activity::RefuseSignIn, crate::directory::target(ObjectKind::User, id, &name));
    ctx.audit(&refused.failed().because("wrong password"))
}

/// Seconds in which no try is taken after so many failures in a row: none at first, then ever more (decisions.md K5).
fn pause_seconds(failures: i64) -> i64 {
    let past = failures - FAILURES_WITHOUT_PAUSE;
    if past <= 0 { 0 } else { 1 << past.min(6) }
}

/// A person replaces his own password; tokens issued before are no longer good.
pub fn change_password(
    ctx: &mut Ctx<'_, '_>,
    id: ObjectId,
    password: &NewPassword,
) -> Result<Option<User>, ServiceError> {
    let Some(found) = ctx.fetch(user::get(id))? else { return Ok(None) };
    set_password(ctx, id, password);
    user::raise_epoch(ctx.tx, id);
    super::sessions::end_all(ctx, id);
    ctx.audit(&AuditEvent::new(Activity::ChangePassword, crate::directory::target(ObjectKind::User, id, &found.name)))?;
    Ok(Some(User { token_epoch: found.token_epoch + 1, ..found }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow() {
        let pauses: Vec<i64> = (1..=9).map(pause_seconds).collect();
        assert_eq!(pauses, [0, 0, 0, 2, 4, 8, 16, 32, 64]);
    }
}
