//! Everything a use case may touch.

use crate::engine::Left;
use crate::error::ServiceError;
use crate::requests::{Presentation, Verifier};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tenure_auth::scopes;
use tenure_domain::Timestamp;
use tenure_domain::audit::AuditEvent;
use tenure_domain::authorize::{
    Action, Caller, Capabilities, DirectoryRole, Pending, Permit, Principal, Scope, Sight, pending,
};
use tenure_domain::ids::{Ids, ObjectId};
use tenure_domain::request::{Change, Decision, Proof};
use tenure_store::audit::{Circumstances, append};
use tenure_store::rows::identity::{ClientRights, RightsRow, account, client_rights, rights};
use tenure_store::rows::tenant;
use tenure_store::{Fetch, Query, Tx, apply};
use uuid::Uuid;

/// Who a request says it comes from; the directory is asked again with every use case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The bearer of a token.
    Token {
        /// The user, or the service principal of an app.
        principal: ObjectId,
        /// Whether the token is an app's own.
        is_app: bool,
        /// What the token allows.
        capabilities: Capabilities,
        /// The account's epoch when the token was issued.
        epoch: i64,
        /// The client a person gave his consent to: what it may do is asked again, too.
        client: Option<Uuid>,
    },
    /// The product itself.
    System,
}

impl Identity {
    /// The directory object, for fairness between callers.
    pub const fn principal(&self) -> Option<Uuid> {
        match self {
            Self::Token { principal, .. } => Some(principal.0),
            Self::System => None,
        }
    }
}

/// The circumstances of a use case.
pub struct Ctx<'t, 'c> {
    /// The transaction.
    pub tx: &'t mut Tx<'c>,
    /// The business clock, read once.
    pub now: Timestamp,
    /// The wall clock, read once.
    pub wall: Timestamp,
    /// Makes ids.
    pub ids: Ids,
    /// The HTTP request.
    pub correlation: Uuid,
    identity: Identity,
    caller: Option<Caller>,
    left: Arc<Left>,
    verifier: Arc<dyn Verifier>,
}

impl<'t, 'c> Ctx<'t, 'c> {
    pub(crate) fn new(
        tx: &'t mut Tx<'c>,
        (now, wall): (Timestamp, Timestamp),
        ids: Ids,
        (identity, correlation): (Identity, Uuid),
        (left, verifier): (Arc<Left>, Arc<dyn Verifier>),
    ) -> Self {
        let caller = (identity == Identity::System).then(Caller::system);
        Self { tx, now, wall, ids, correlation, identity, caller, left, verifier }
    }

    /// Reads; the first read of a use case also learns what the caller may do, in the same round trip.
    pub fn fetch<F: Fetch>(&mut self, wanted: F) -> Result<F::Out, ServiceError> {
        match (&self.caller, self.identity) {
            (None, Identity::Token { principal, is_app, client, .. }) => {
                let given = client.map(|client| client_rights(client, principal));
                let (rows, given, out) = self.tx.fetch((rights(principal, is_app), given, wanted))?;
                let mut caller = admit(self.identity, rows, given)?;
                if caller.holds(&[DirectoryRole::UserAdministrator]) {
                    // Only for one of these it matters what the tenant says of them.
                    let tenant = self.tx.fetch(tenant::get())?;
                    caller.rights.manages_assignments =
                        tenant.is_some_and(|t| t.settings.user_administrator_manages_assignments);
                }
                self.caller = Some(caller);
                Ok(out)
            }
            _ => Ok(self.tx.fetch(wanted)?),
        }
    }

    /// Who calls, with the rights of this moment.
    pub fn caller(&mut self) -> Result<&Caller, ServiceError> {
        if self.caller.is_none() {
            self.fetch(None::<Query<ClientRights>>)?;
        }
        self.caller.as_ref().ok_or_else(|| ServiceError::Internal("no caller".to_owned()))
    }

    /// Who calls, if that was learned already.
    fn known_caller(&self) -> Result<&Caller, ServiceError> {
        self.caller.as_ref().ok_or_else(|| ServiceError::Internal("the caller is not yet known".to_owned()))
    }

    /// What of `action` is permitted, wherever; or the 403 that names what is missing. Where the thing lies decides later.
    pub fn pending(&mut self, action: Action) -> Result<Pending, ServiceError> {
        Ok(pending(self.caller()?, action)?)
    }

    /// A permit for `action` in the whole tenant, or the 403 that names what is missing.
    pub fn permit(&mut self, action: Action) -> Result<Permit, ServiceError> {
        Ok(self.pending(action)?.within(Scope::Tenant)?)
    }

    /// Reads what a use case needs and permits it in the whole tenant, in one round trip. The permit is decided before
    /// anything that was read is looked at (decisions.md J2).
    pub fn load<F: Fetch>(&mut self, action: Action, wanted: F) -> Result<(Permit, F::Out), ServiceError> {
        let out = self.fetch(wanted)?;
        Ok((self.permit(action)?, out))
    }

    /// The same for what lies in a catalog: [`Pending::on`] turns what was found, or was not, into a permit.
    pub fn load_placed<F: Fetch>(&mut self, action: Action, wanted: F) -> Result<(Pending, F::Out), ServiceError> {
        let out = self.fetch(wanted)?;
        Ok((self.pending(action)?, out))
    }

    /// What the caller may read now.
    pub fn sight(&mut self) -> Result<Sight, ServiceError> {
        let now = self.now;
        Ok(self.caller()?.sight().at(now))
    }

    /// The person or app whom the token names, before anything was asked about it.
    pub(crate) const fn identity_principal(&self) -> Option<ObjectId> {
        match self.identity {
            Identity::Token { principal, .. } => Some(principal),
            Identity::System => None,
        }
    }

    /// The person whom the token names, before anything was asked about him.
    pub(crate) const fn identity_person(&self) -> Option<ObjectId> {
        match self.identity {
            Identity::Token { principal, is_app: false, .. } => Some(principal),
            Identity::Token { .. } | Identity::System => None,
        }
    }

    /// The person who calls, if it is one.
    pub fn person(&mut self) -> Result<Option<ObjectId>, ServiceError> {
        Ok(match self.caller()?.principal {
            Principal::User(id) => Some(id),
            Principal::App(_) | Principal::System => None,
        })
    }

    /// How the caller is shown in "created by".
    pub fn signature(&mut self) -> Result<String, ServiceError> {
        let caller = self.caller()?;
        Ok(match caller.principal {
            Principal::User(_) => caller.rights.principal_name.clone(),
            Principal::App(_) | Principal::System => caller.rights.name.clone(),
        })
    }

    /// Goes on as somebody else, whose rights are asked anew; gives who it was. For work that somebody left to a job.
    pub(crate) fn act_as(&mut self, identity: Identity, correlation: Uuid) -> (Identity, Uuid) {
        let before = (self.identity, self.correlation);
        self.caller = (identity == Identity::System).then(Caller::system);
        self.identity = identity;
        self.correlation = correlation;
        before
    }

    /// Sends the writes that wait. A broken constraint of theirs is not taken for what comes next.
    pub(crate) fn flush(&mut self) -> Result<(), ServiceError> {
        Ok(self.tx.fetch(None::<Query<ClientRights>>).map(drop)?)
    }

    /// Who calls, as the token says.
    pub(crate) const fn identity(&self) -> Identity {
        self.identity
    }

    /// The credentials that the one who vouches for them finds good.
    pub(crate) fn verified(&self, presented: &[Presentation]) -> Vec<Proof> {
        if presented.is_empty() { Vec::new() } else { self.verifier.verify(presented, self.now) }
    }

    /// Something is due at once: whoever runs jobs is woken after the commit.
    pub(crate) fn leaves_work(&self) {
        self.left.work.store(true, Ordering::Relaxed);
    }

    /// Writes audit rows.
    pub fn audit(&mut self, event: &AuditEvent) -> Result<(), ServiceError> {
        self.caller()?;
        let caller = self.known_caller()?.clone();
        let at = Circumstances { caller: &caller, now: self.now, correlation: self.correlation };
        self.left.audited.fetch_add(1, Ordering::Relaxed);
        Ok(append(self.tx, at, event, &mut self.ids)?)
    }

    /// Stores a decision of the rules.
    pub fn apply(&mut self, permit: &Permit, decision: &Decision) -> Result<(), ServiceError> {
        let due = |c: &Change| matches!(c, Change::Grant(g, _) if g.due_at.is_some());
        if !decision.effects.is_empty() || decision.changes.iter().any(due) {
            self.left.work.store(true, Ordering::Relaxed);
        }
        self.left.audited.fetch_add(decision.audit.len() as u64, Ordering::Relaxed);
        self.caller()?;
        let caller = self.known_caller()?.clone();
        let at = Circumstances { caller: &caller, now: self.now, correlation: self.correlation };
        Ok(apply(self.tx, permit, at, decision, &mut self.ids)?)
    }
}

/// The caller that the directory describes now, or why the token is no longer good.
fn admit(identity: Identity, rows: Vec<RightsRow>, given: Option<Vec<ClientRights>>) -> Result<Caller, ServiceError> {
    let Identity::Token { principal, is_app, capabilities, epoch, .. } = identity else {
        return Ok(Caller::system());
    };
    let refused = |why: &str| Err(ServiceError::Unauthenticated(why.to_owned()));
    let Some(account) = account(rows) else { return refused("the account of this token no longer exists") };
    if !account.rights.is_enabled {
        return refused("the account of this token is disabled or deleted");
    }
    if epoch < account.token_epoch {
        return refused("the token was revoked; sign in again");
    }
    // What an app may do is what it was given and has not lost since, alone and for a person.
    let live = match (is_app, given) {
        (true, _) => scopes::capabilities_of_roles(&account.permissions),
        (false, Some(rows)) if !rows.iter().any(|r| r.is_enabled) => {
            return refused("the application of this token is disabled or deleted");
        }
        (false, Some(rows)) => scopes::capabilities(rows.iter().flat_map(|r| r.scopes.split_whitespace())),
        (false, None) => capabilities,
    };
    let capabilities = capabilities.intersection(live);
    let principal = if is_app { Principal::App(principal) } else { Principal::User(principal) };
    Ok(Caller { principal, capabilities, rights: account.rights })
}
