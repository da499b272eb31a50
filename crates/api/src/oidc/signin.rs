//! Signing a person in: the password, a new one where that is due, consent where it is missing, and back to whoever asked.
//! Between two pages nothing is kept but a ticket that is good once and for ten minutes.

use super::authorize::{self, Asked};
use super::device;
use super::failure::SignInError;
use super::form::Form;
use super::grants;
use super::pages;
use super::portal;
use super::tokens::find_client;
use crate::error::Failure;
use crate::http::{Raw, Reply};
use serde::{Deserialize, Serialize};
use tenure_auth::scopes;
use tenure_auth::secret;
use tenure_domain::directory::user::{User, check_password};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::SIGNIN_TICKET_MINUTES;
use tenure_domain::time::plus_seconds;
use tenure_service::directory::users::NewPassword;
use tenure_service::identity::artifacts::{self, Artifact, ArtifactKind, Redeemed};
use tenure_service::identity::clients::Client;
use tenure_service::identity::consent::{self, Scopes, Wanted};
use tenure_service::identity::people;
use tenure_service::identity::sessions::Method as Proof;
use tenure_service::{Cost, Ctx, Identity, ServiceError};
use uuid::Uuid;

/// A name and a password, as they were typed.
#[derive(Clone)]
pub struct Credentials {
    /// User principal name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// What came of a password.
pub enum SignIn {
    /// No.
    Refused(SignInError),
    /// Yes, but another one must be set first.
    MustChange(User),
    /// Yes.
    Good(User),
}

/// Checks a name and a password. All accounts take the same time, and an unknown name reads like a wrong password.
pub async fn check(raw: &Raw, given: Credentials) -> Result<SignIn, ServiceError> {
    let (addresses, wall) = (raw.app.addresses(), raw.app.wall());
    if raw.peer.is_some_and(|peer| addresses.waits(peer, wall)) {
        return Ok(SignIn::Refused(SignInError::locked()));
    }
    let result = check_account(raw, given).await?;
    if let Some(peer) = raw.peer {
        addresses.note(peer, !matches!(result, SignIn::Refused(_)), wall);
    }
    Ok(result)
}

async fn check_account(raw: &Raw, given: Credentials) -> Result<SignIn, ServiceError> {
    let name = given.name.trim().to_owned();
    let find = move |ctx: &mut Ctx<'_, '_>| people::find(ctx, &name);
    let account = raw.app.engine().read(Cost::Small, Identity::System, raw.id, find).await?;
    let password = account.as_ref().and_then(|a| a.password.clone());
    let wall = raw.app.wall();
    if password.as_ref().and_then(|p| p.locked_until).is_some_and(|until| until > wall) {
        return Ok(SignIn::Refused(SignInError::locked()));
    }
    let matches = raw.app.check_password(given.password, password.as_ref().map(|p| p.hash.clone())).await?;
    let (Some(account), Some(password)) = (account, password) else {
        return Ok(SignIn::Refused(SignInError::password()));
    };
    if !matches || password.failures > 0 {
        let id = account.user.id;
        let note = move |ctx: &mut Ctx<'_, '_>| people::note_try(ctx, id, matches);
        raw.app.engine().write(Identity::System, raw.id, note).await?;
    }
    Ok(match (matches, account.user.is_enabled) {
        (false, _) => SignIn::Refused(SignInError::password()),
        (true, false) => SignIn::Refused(SignInError::disabled()),
        (true, true) if password.must_change => SignIn::MustChange(account.user),
        (true, true) => SignIn::Good(account.user),
    })
}

/// What a person signs in for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A client sent the person here; its parameters as they came.
    Authorize {
        /// The query string.
        query: String,
    },
    /// A device shows a code.
    Device {
        /// The code.
        user_code: String,
    },
    /// The product's own pages.
    Portal {
        /// Where the person goes then: a path of this server.
        next: String,
    },
}

/// What a ticket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    NewPassword,
    Consent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TicketData {
    purpose: Purpose,
    step: Step,
    app: Uuid,
}

/// A client and what it asks for.
pub struct Visit {
    /// What for.
    pub purpose: Purpose,
    /// The client.
    pub client: Client,
    /// What it wants.
    pub wanted: Wanted,
    /// Consent is asked for even where it was given.
    pub asks_consent: bool,
}

/// What a person signs in for, from the purpose.
pub async fn visit(raw: &Raw, purpose: Purpose) -> Result<Visit, Failure> {
    let found = match &purpose {
        Purpose::Portal { .. } => Ok((Client::own_pages(), String::new(), false)),
        Purpose::Authorize { query } => {
            authorize::asked(raw, query).await.map(|a: Asked| (a.client, a.scope, a.prompt.contains("consent")))
        }
        Purpose::Device { user_code } => device::asked(raw, user_code).await.map(|a| (a.client, a.scope, false)),
    };
    let (client, scope, asks_consent) = found?;
    Ok(Visit { purpose, client, wanted: consent::wanted(&scope), asks_consent })
}

async fn ticket(raw: &Raw, visit: &Visit, user: ObjectId, step: Step) -> Result<String, Failure> {
    let text = secret::generate(&mut *raw.app.engine().entropy());
    let data = TicketData { purpose: visit.purpose.clone(), step, app: visit.client.app_id };
    let data = serde_json::to_string(&data).map_err(|e| Failure::internal(&e.to_string()))?;
    let artifact = Artifact {
        hash: secret::hash(&text),
        kind: ArtifactKind::Ticket,
        client: visit.client.principal,
        principal: Some(user),
        data,
        family: None,
        expires_at: plus_seconds(raw.app.wall(), SIGNIN_TICKET_MINUTES * 60),
        used_at: None,
    };
    grants::keep(raw, artifact).await?;
    Ok(text)
}

/// The next page for a person whose password was right.
pub async fn proceed(raw: &Raw, visit: Visit, signed_in: SignIn) -> Result<Reply, Failure> {
    let user = match signed_in {
        SignIn::Refused(error) => return Ok(pages::sign_in(raw, &visit, Some(error.for_people()))),
        SignIn::MustChange(user) => {
            let ticket = ticket(raw, &visit, user.id, Step::NewPassword).await?;
            return Ok(pages::new_password(raw, &pages::NewPasswordPage { ticket: &ticket, user: &user, fault: None }));
        }
        SignIn::Good(user) => user,
    };
    accepted(raw, visit, user, Proof::Password).await
}

/// The next page for a person who has proved who he is.
pub async fn accepted(raw: &Raw, visit: Visit, user: User, proof: Proof) -> Result<Reply, Failure> {
    if let Purpose::Portal { next } = &visit.purpose {
        return portal::begin(raw, next, &user, proof).await;
    }
    let (used, missing) = grants::given(raw, visit.client.principal, user.id, &visit.wanted).await?;
    let nothing_given = visit.wanted.all_given && used.is_empty();
    let asked = if visit.asks_consent { visit.wanted.named.clone() } else { missing };
    if !asked.is_empty() {
        return ask_consent(raw, &visit, &user, &asked).await;
    }
    if nothing_given {
        return turn_away(raw, &visit, &SignInError::consent(visit.client.app_id, scopes::DEFAULT)).await;
    }
    finish(raw, visit, &user).await
}

async fn is_administrator(raw: &Raw, user: ObjectId) -> Result<bool, ServiceError> {
    let read = move |ctx: &mut Ctx<'_, '_>| consent::may_consent_for_all(ctx, user);
    raw.app.engine().read(Cost::Small, Identity::System, raw.id, read).await
}

fn needs_administrator(names: &Scopes) -> bool {
    names.iter().any(|n| scopes::find(n).is_some_and(|p| p.needs_administrator))
}

async fn ask_consent(raw: &Raw, visit: &Visit, user: &User, names: &Scopes) -> Result<Reply, Failure> {
    let administrator = is_administrator(raw, user.id).await?;
    if needs_administrator(names) && !administrator {
        return Ok(pages::needs_administrator(raw, visit, names));
    }
    let ticket = ticket(raw, visit, user.id, Step::Consent).await?;
    Ok(pages::consent(raw, &pages::ConsentPage { ticket: &ticket, visit, user, names, administrator }))
}

/// Back to whoever asked, with the person signed in.
async fn finish(raw: &Raw, visit: Visit, user: &User) -> Result<Reply, Failure> {
    match &visit.purpose {
        Purpose::Authorize { query } => authorize::grant(raw, query, user).await,
        Purpose::Device { user_code } => device::approve(raw, user_code, user, &visit.client).await,
        // It has no consent to wait for.
        Purpose::Portal { next } => portal::begin(raw, next, user, Proof::Password).await,
    }
}

/// Back to whoever asked, with a no.
async fn turn_away(raw: &Raw, visit: &Visit, error: &SignInError) -> Result<Reply, Failure> {
    match &visit.purpose {
        Purpose::Authorize { query } => authorize::refuse(raw, query, error).await,
        Purpose::Device { user_code } => device::decline(raw, user_code).await,
        Purpose::Portal { .. } => Ok(pages::over(raw)),
    }
}

/// A page was sent back: a new password, or the answer to the question of consent.
pub async fn go_on(raw: &Raw) -> Result<Reply, Failure> {
    let form = Form::of_body(raw);
    let text = form.get("ticket").unwrap_or_default().to_owned();
    let asked = text.clone();
    let look = move |ctx: &mut Ctx<'_, '_>| artifacts::look(ctx, ArtifactKind::Ticket, &asked);
    let found = raw.app.engine().read(Cost::Small, Identity::System, raw.id, look).await?;
    let Some(data) = found.as_ref().and_then(|a| serde_json::from_str::<TicketData>(&a.data).ok()) else {
        return Ok(pages::over(raw));
    };
    let visit = visit(raw, data.purpose).await?;
    let Some(person) = found.and_then(|a| a.principal) else { return Ok(pages::over(raw)) };
    match data.step {
        Step::NewPassword => new_password(raw, &form, visit, person, &text).await,
        Step::Consent => answered(raw, &form, visit, &text).await,
    }
}

/// Uses up a ticket; nobody when it was used before.
async fn use_ticket(raw: &Raw, visit: &Visit, text: &str) -> Result<Option<User>, ServiceError> {
    let (text, client) = (text.to_owned(), visit.client.principal);
    let engine = raw.app.engine();
    let redeem = move |ctx: &mut Ctx<'_, '_>| artifacts::redeem(ctx, ArtifactKind::Ticket, &text, client);
    Ok(match engine.write(Identity::System, raw.id, redeem).await? {
        Redeemed::Good(_, user) => Some(*user),
        Redeemed::Unknown | Redeemed::Reused | Redeemed::Revoked => None,
    })
}

/// Checks a new password that was typed twice. The text says what is wrong.
pub async fn acceptable(raw: &Raw, form: &Form, user: &User) -> Result<Result<String, String>, ServiceError> {
    let new = form.get("new_password").unwrap_or_default().to_owned();
    if form.get("repeated_password").unwrap_or_default() != new {
        return Ok(Err("The two passwords differ.".to_owned()));
    }
    if let Err(refusal) = check_password(&new, &user.principal_name) {
        return Ok(Err(format!("{}.", capitalized(&refusal.message))));
    }
    let name = user.principal_name.clone();
    let find = move |ctx: &mut Ctx<'_, '_>| people::find(ctx, &name);
    let account = raw.app.engine().read(Cost::Small, Identity::System, raw.id, find).await?;
    if let Some(old) = account.and_then(|a| a.password)
        && raw.app.check_password(new.clone(), Some(old.hash)).await?
    {
        return Ok(Err("Choose a password other than the present one.".to_owned()));
    }
    Ok(Ok(new))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + letters.as_str())
}

/// Sets a new password.
pub async fn set_password(raw: &Raw, user: ObjectId, text: String) -> Result<Option<User>, ServiceError> {
    let password = NewPassword { hash: raw.app.hash_password(text).await?, must_change: false };
    let change = move |ctx: &mut Ctx<'_, '_>| people::change_password(ctx, user, &password);
    raw.app.engine().write(Identity::System, raw.id, change).await
}

async fn new_password(raw: &Raw, form: &Form, visit: Visit, person: ObjectId, ticket: &str) -> Result<Reply, Failure> {
    let read = move |ctx: &mut Ctx<'_, '_>| people::get(ctx, person);
    let Some(user) = raw.app.engine().read(Cost::Small, Identity::System, raw.id, read).await? else {
        return Ok(pages::over(raw));
    };
    let new = match acceptable(raw, form, &user).await? {
        Ok(new) => new,
        Err(fault) => {
            let page = pages::NewPasswordPage { ticket, user: &user, fault: Some(&fault) };
            return Ok(pages::new_password(raw, &page));
        }
    };
    if use_ticket(raw, &visit, ticket).await?.is_none() {
        return Ok(pages::over(raw));
    }
    match set_password(raw, user.id, new).await? {
        Some(user) => proceed(raw, visit, SignIn::Good(user)).await,
        None => Ok(pages::over(raw)),
    }
}

async fn answered(raw: &Raw, form: &Form, visit: Visit, ticket: &str) -> Result<Reply, Failure> {
    let Some(user) = use_ticket(raw, &visit, ticket).await? else { return Ok(pages::over(raw)) };
    if form.get("decision") != Some("accept") {
        return turn_away(raw, &visit, &SignInError::denied()).await;
    }
    // What was shown is what is given: it is worked out anew, never taken from the form.
    let (_, missing) = grants::given(raw, visit.client.principal, user.id, &visit.wanted).await?;
    let administrator = is_administrator(raw, user.id).await?;
    if needs_administrator(&missing) && !administrator {
        return turn_away(raw, &visit, &SignInError::denied()).await;
    }
    let for_all = administrator && form.get("for_all") == Some("yes");
    let names = if for_all { visit.wanted.named.clone() } else { missing };
    let (client, person) = (visit.client.principal, user.id);
    let give = move |ctx: &mut Ctx<'_, '_>| consent::consent(ctx, client, person, &names, for_all);
    raw.app.engine().write(Identity::System, raw.id, give).await?;
    finish(raw, visit, &user).await
}

/// The client of an app id, as pages need it: errors become pages.
pub async fn client(raw: &Raw, id: Option<&str>) -> Result<Client, Failure> {
    match find_client(raw, id).await {
        Ok(client) => Ok(client),
        Err(super::tokens::Refused::Protocol(error)) => {
            Err(Failure::new(axum::http::StatusCode::BAD_REQUEST, "BadRequest", error.description()))
        }
        Err(super::tokens::Refused::Ours(error)) => Err(error.into()),
    }
}
