//! Sessions of browsers (decisions.md K6): begun by a sign-in, ended by signing out, by not being seen for a while, and by
//! their own end. What a person may do is asked with every request; a session only says who he is.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_auth::secret;
use tenure_domain::Timestamp;
use tenure_domain::authorize::{DirectoryRole, HeldIn, by_role};
use tenure_domain::directory::user::User;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{SESSION_IDLE_HOURS, SESSION_MAX_HOURS, SESSION_SCOPES_MAX, SESSION_SEEN_STEP_SECONDS};
use tenure_domain::time::plus_seconds;
use tenure_store::rows::directory::user;
pub use tenure_store::rows::session::Session;
use tenure_store::rows::{identity, identity_link, session};

/// How a person proved who he is, in the words of RFC 8176.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a password.
    Password,
    /// By a provider outside.
    Federated,
}

impl Method {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Federated => "fed",
        }
    }
}

/// Begins a session for whoever holds `text`; the one that the same browser held before ends.
pub fn begin(ctx: &mut Ctx<'_, '_>, text: &str, before: Option<&str>, person: &User, method: Method) {
    if let Some(before) = before {
        session::delete(ctx.tx, &secret::hash(before));
    }
    let session = Session {
        hash: secret::hash(text),
        user: person.id,
        epoch: person.token_epoch,
        methods: method.word().to_owned(),
        created_at: ctx.wall,
        seen_at: ctx.wall,
        expires_at: plus_seconds(ctx.wall, SESSION_MAX_HOURS * 3_600),
    };
    session::insert(ctx.tx, &session);
}

/// When a session ends if its person is not seen again.
pub fn ends_at(session: &Session) -> Timestamp {
    session.expires_at.min(plus_seconds(session.seen_at, SESSION_IDLE_HOURS * 3_600))
}

/// The session of whoever holds `text`, if it has not ended.
pub fn find(ctx: &mut Ctx<'_, '_>, text: &str) -> Result<Option<Session>, ServiceError> {
    let wall = ctx.wall;
    Ok(ctx.fetch(session::get(&secret::hash(text)))?.filter(|s| ends_at(s) > wall))
}

/// Whether it must be noted that the person was seen: not with every request.
pub fn must_note(session: &Session, wall: Timestamp) -> bool {
    wall >= plus_seconds(session.seen_at, SESSION_SEEN_STEP_SECONDS)
}

/// Notes that the person was seen.
pub fn note(ctx: &mut Ctx<'_, '_>, hash: &[u8]) {
    session::see(ctx.tx, hash, ctx.wall);
}

/// Ends the session of whoever holds `text`.
pub fn end(ctx: &mut Ctx<'_, '_>, text: &str) {
    session::delete(ctx.tx, &secret::hash(text));
}

/// Removes what has ended.
pub fn clean_up(ctx: &mut Ctx<'_, '_>) {
    session::delete_ended(ctx.tx, ctx.wall, plus_seconds(ctx.wall, -SESSION_IDLE_HOURS * 3_600));
}

/// Ends everything that speaks for a person: codes, refresh tokens, sessions, and tokens that were issued outside. His
/// epoch, which ends our own access tokens, is raised by whoever calls.
pub(crate) fn end_all(ctx: &mut Ctx<'_, '_>, person: ObjectId) {
    identity::delete_principal_artifacts(ctx.tx, person);
    session::delete_of(ctx.tx, person);
    identity_link::raise_floor(ctx.tx, person, ctx.wall);
}

/// Who calls, as the portal shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhoAmI {
    /// The person; nobody when an application calls.
    pub user: Option<User>,
    /// Directory roles he holds at this moment.
    pub roles: Vec<DirectoryRole>,
    /// Roles of entitlement management he holds, and where.
    pub entitlement: Vec<HeldIn>,
}

/// Who calls, with the roles of this moment.
pub fn who_am_i(ctx: &mut Ctx<'_, '_>) -> Result<WhoAmI, ServiceError> {
    let Some(person) = ctx.person()? else { return Ok(WhoAmI::default()) };
    let user = ctx.fetch(user::get(person))?;
    let rights = &ctx.caller()?.rights;
    Ok(WhoAmI { user, roles: rights.roles.clone(), entitlement: by_role(&rights.entitlement, SESSION_SCOPES_MAX) })
}
