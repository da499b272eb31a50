//! What clients may do for people: consent by a person for himself, or by an administrator for all.

use crate::ctx::Ctx;
use crate::error::ServiceError;
use std::collections::BTreeSet;
use tenure_auth::scopes::{self, PROTOCOL_SCOPES};
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, DirectoryRole};
use tenure_domain::directory::ObjectKind;
use tenure_domain::directory::application::GRAPH_APP_ID;
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::Refusal;
use tenure_store::rows::directory::{application, object};
use tenure_store::rows::identity::{self, OauthGrant};
use uuid::Uuid;

/// Scope names.
pub type Scopes = BTreeSet<String>;

/// Everything a client was given for a person.
pub fn granted(ctx: &mut Ctx<'_, '_>, client: ObjectId, person: ObjectId) -> Result<Scopes, ServiceError> {
    let grants = ctx.fetch(identity::grants(client, person))?;
    Ok(grants.iter().flat_map(|g| g.scopes.split_whitespace().map(ToOwned::to_owned)).collect())
}

/// What a sign-in asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Permission names, without the protocol's own and without `.default`.
    pub named: Scopes,
    /// Whether everything that was given is asked for.
    pub all_given: bool,
    /// Whether an id token is wanted.
    pub openid: bool,
    /// Whether a refresh token is wanted.
    pub offline: bool,
    /// Names that are no permissions.
    pub unknown: Vec<String>,
}

/// Reads a scope parameter. Resources in front of names do not matter: there is one API.
pub fn wanted(text: &str) -> Wanted {
    let mut wanted =
        Wanted { named: Scopes::new(), all_given: false, openid: false, offline: false, unknown: Vec::new() };
    for scope in text.split_whitespace().map(scopes::bare) {
        match scopes::find(scope).map(|p| p.name) {
            Some("openid") => wanted.openid = true,
            Some("offline_access") => wanted.offline = true,
            Some(name) if PROTOCOL_SCOPES.contains(&name) => {}
            Some(name) => {
                wanted.named.insert(name.to_owned());
            }
            None if scope.eq_ignore_ascii_case(scopes::DEFAULT) => wanted.all_given = true,
            None => wanted.unknown.push(scope.to_owned()),
        }
    }
    wanted
}

/// Whether the person may consent for everybody.
pub fn may_consent_for_all(ctx: &mut Ctx<'_, '_>, person: ObjectId) -> Result<bool, ServiceError> {
    let account = identity::account(ctx.fetch(identity::rights(person, false))?);
    Ok(account.is_some_and(|a| a.rights.roles.contains(&DirectoryRole::GlobalAdministrator)))
}

/// Adds scopes to what a client was given, for one person or for all.
pub fn consent(
    ctx: &mut Ctx<'_, '_>,
    client: ObjectId,
    person: ObjectId,
    names: &Scopes,
    for_all: bool,
) -> Result<(), ServiceError> {
    // Who was only asked again has given nothing new.
    if names.is_empty() {
        return Ok(());
    }
    let (grants, graph, head, consenting) = ctx.fetch((
        identity::grants(client, person),
        application::service_principal_by_app_id(GRAPH_APP_ID),
        object::head(client),
        object::head(person),
    ))?;
    let graph = graph.ok_or_else(|| ServiceError::Internal("the Graph application is missing".to_owned()))?;
    let principal = (!for_all).then_some(person);
    match grants.iter().find(|g| g.principal == principal) {
        Some(grant) => {
            let mut all: Scopes = grant.scopes.split_whitespace().map(ToOwned::to_owned).collect();
            all.extend(names.iter().cloned());
            identity::update_grant(ctx.tx, grant.id, &joined(&all));
        }
        None => {
            let grant =
                OauthGrant { id: ctx.ids.next(ctx.now), client, principal, resource: graph.id, scopes: joined(names) };
            identity::insert_grant(ctx.tx, &grant, ctx.now);
        }
    }
    let name = head.map(|h| h.name).unwrap_or_default();
    let modified = [
        Modified::set("ConsentContext.IsAdminConsent", for_all.to_string()),
        Modified::set("ConsentAction.Permissions", joined(names)),
    ];
    let target = AuditTarget::new(TargetKind::ServicePrincipal, client, name).with(modified);
    let by = crate::directory::target(ObjectKind::User, person, consenting.as_ref().map_or("", |h| &h.name));
    ctx.audit(&AuditEvent::new(Activity::Consent, target).about(by))
}

fn joined(names: &Scopes) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(" ")
}

/// Withdraws a grant. Tokens that were issued under it lose what it allowed at once.
pub fn withdraw(ctx: &mut Ctx<'_, '_>, id: Uuid) -> Result<(), ServiceError> {
    let (_, grant) = ctx.load(Action::WriteGrants, identity::grant(id))?;
    let grant = grant.ok_or_else(|| Refusal::no_such_object(id))?;
    identity::delete_grant(ctx.tx, id);
    let head = ctx.fetch(object::head(grant.client))?;
    let target = AuditTarget::new(TargetKind::ServicePrincipal, grant.client, head.map(|h| h.name).unwrap_or_default());
    let modified = Modified::cleared("DelegatedPermissionGrant.Scope", grant.scopes);
    ctx.audit(&AuditEvent::new(Activity::RemoveGrant, target.with([modified])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_with_and_without_resource() {
        let w = wanted("https://graph.microsoft.com/.default openid profile offline_access");
        assert!(w.all_given && w.openid && w.offline && w.named.is_empty() && w.unknown.is_empty());
        let w = wanted("User.Read https://127.0.0.1:8443/group.read.all nonsense");
        assert_eq!(w.named.iter().map(String::as_str).collect::<Vec<_>>(), ["Group.Read.All", "User.Read"]);
        assert_eq!(w.unknown, ["nonsense"]);
    }
}
