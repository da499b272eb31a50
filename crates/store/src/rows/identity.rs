//! Who may sign in, with what, and what was given to whom: keys, credentials, codes and tokens, consent, rights.

use super::role::{self, Provider};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::{DirectoryRole, Rights};
use tenure_domain::directory::application::GRAPH_APP_ID;
use tenure_domain::ids::{ObjectId, RoleAssignmentId};
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    /// What the directory says about a person who calls, at this moment (decisions.md D11): one row for the account, one
    /// for each role held directly or through groups, of the directory and of entitlement management alike.
    USER_RIGHTS(hot): "SELECT 0 AS kind, u.id AS id_value, CASE WHEN u.is_enabled AND o.deleted_at IS NULL THEN 1 ELSE 0 END AS n1, u.user_type AS n2, NULL AS scope_value, o.display_name AS text_value, u.token_epoch AS n3, u.upn AS more FROM dir_user u JOIN directory_object o ON o.id = u.id WHERE u.id = $1 UNION ALL SELECT 2, ra.role_id, ra.provider, ra.scope_kind, ra.scope_id, NULL, 0, NULL FROM role_assignment ra WHERE ra.principal_id IN (SELECT $1 UNION ALL SELECT gc.ancestor_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id WHERE gm.member_id = $1) AND NOT EXISTS (SELECT 1 FROM dir_group dg WHERE dg.id = ra.principal_id AND dg.is_deleted)";
    /// The same about an app, with one row for each app role held at the Graph application. Their published ids say what
    /// they allow.
    APP_RIGHTS(hot): "SELECT 1 AS kind, s.app_id AS id_value, CASE WHEN s.is_enabled AND o.deleted_at IS NULL THEN 1 ELSE 0 END AS n1, 0 AS n2, NULL AS scope_value, o.display_name AS text_value, 0 AS n3, NULL AS more FROM service_principal s JOIN directory_object o ON o.id = s.id WHERE s.id = $1 UNION ALL SELECT 2, ra.role_id, ra.provider, ra.scope_kind, ra.scope_id, NULL, 0, NULL FROM role_assignment ra WHERE ra.principal_id IN (SELECT $1 UNION ALL SELECT gc.ancestor_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id WHERE gm.member_id = $1) AND NOT EXISTS (SELECT 1 FROM dir_group dg WHERE dg.id = ra.principal_id AND dg.is_deleted) UNION ALL SELECT 3, aa.app_role_id, 0, 0, NULL, NULL, 0, NULL FROM service_principal gs JOIN app_role_assignment aa ON aa.principal_id = $1 AND aa.sp_id = gs.id WHERE gs.app_id = $2 AND NOT gs.is_deleted";
    /// Whether the client of a delegated token may act, and what it was given for everybody and for this person: both are
    /// asked again with every request, so that consent that is withdrawn ends at once.
    CLIENT_RIGHTS(hot): "SELECT s.is_enabled, NULL AS scopes FROM service_principal s WHERE s.app_id = $1 AND NOT s.is_deleted UNION ALL SELECT s.is_enabled, g.scopes FROM service_principal s JOIN oauth_grant g ON g.client_id = s.id AND g.principal_id IS NULL WHERE s.app_id = $1 AND NOT s.is_deleted UNION ALL SELECT s.is_enabled, g.scopes FROM service_principal s JOIN oauth_grant g ON g.client_id = s.id AND g.principal_id = $2 WHERE s.app_id = $1 AND NOT s.is_deleted";
    KEYS: "SELECT id, public, sealed, not_before, retire_at FROM signing_key WHERE purpose = $1 AND retire_at > $2 ORDER BY not_before, id";
    INSERT_KEY: "INSERT INTO signing_key (id, purpose, public, sealed, not_before, retire_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    RETIRE_KEYS: "UPDATE signing_key SET retire_at = $3 WHERE purpose = $1 AND id <> $2 AND retire_at > $3";
    DELETE_COMING_KEYS: "DELETE FROM signing_key WHERE purpose = $1 AND not_before > $2";
    DELETE_ENDED_KEYS: "DELETE FROM signing_key WHERE purpose = $1 AND retire_at <= $2";
    SECRET: "SELECT sealed FROM secret WHERE purpose = $1";
    INSERT_SECRET: "INSERT INTO secret (purpose, sealed, created_at) VALUES ($1, $2, $3)";
    CREDENTIALS: "SELECT id, kind, hash, name, hint, must_change, starts_at, expires_at, failures, locked_until FROM credential WHERE principal_id = $1 AND kind = $2 ORDER BY id";
    INSERT_CREDENTIAL: "INSERT INTO credential (id, principal_id, kind, hash, name, hint, must_change, starts_at, expires_at, failures, locked_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL)";
    DELETE_CREDENTIALS: "DELETE FROM credential WHERE principal_id = $1 AND kind = $2";
    DELETE_PRINCIPAL_CREDENTIALS: "DELETE FROM credential WHERE principal_id = $1";
    DELETE_CREDENTIAL: "DELETE FROM credential WHERE principal_id = $1 AND id = $2";
    SET_FAILURES: "UPDATE credential SET failures = $2, locked_until = $3 WHERE id = $1";
    ARTIFACT: "SELECT hash, kind, client_id, principal_id, data, family, expires_at, used_at FROM oauth_artifact WHERE hash = $1";
    INSERT_ARTIFACT: "INSERT INTO oauth_artifact (hash, kind, client_id, principal_id, data, family, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)";
    UPDATE_ARTIFACT: "UPDATE oauth_artifact SET principal_id = $2, data = $3 WHERE hash = $1 AND used_at IS NULL";
    USE_ARTIFACT: "UPDATE oauth_artifact SET used_at = $2 WHERE hash = $1 AND used_at IS NULL";
    DELETE_FAMILY: "DELETE FROM oauth_artifact WHERE family = $1";
    DELETE_PRINCIPAL_ARTIFACTS: "DELETE FROM oauth_artifact WHERE principal_id = $1";
    DELETE_EXPIRED_ARTIFACTS: "DELETE FROM oauth_artifact WHERE expires_at < $1";
    GRANTS(hot): "SELECT id, client_id, principal_id, resource_id, scopes FROM oauth_grant WHERE client_id = $1 AND principal_id IS NULL UNION ALL SELECT id, client_id, principal_id, resource_id, scopes FROM oauth_grant WHERE client_id = $1 AND principal_id = $2";
    GRANT: "SELECT id, client_id, principal_id, resource_id, scopes FROM oauth_grant WHERE id = $1";
    INSERT_GRANT: "INSERT INTO oauth_grant (id, client_id, principal_id, resource_id, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE_GRANT: "UPDATE oauth_grant SET scopes = $2 WHERE id = $1";
    DELETE_GRANT: "DELETE FROM oauth_grant WHERE id = $1";
    DELETE_CLIENT_GRANTS: "DELETE FROM oauth_grant WHERE client_id = $1 OR principal_id = $1";
    INSERT_ROLE: "INSERT INTO role_assignment (id, provider, role_id, principal_id, scope_kind, scope_id, created_at) VALUES ($1, 1, $2, $3, 0, $4, $5) ON CONFLICT DO NOTHING";
    DELETE_ROLE: "DELETE FROM role_assignment WHERE provider = 1 AND role_id = $1 AND principal_id = $2 AND scope_kind = 0";
    DELETE_PRINCIPAL_ROLES: "DELETE FROM role_assignment WHERE principal_id = $1";
    ADMINISTRATORS: "SELECT count(*) FROM role_assignment WHERE provider = 1 AND role_id = $1";
}

/// What the directory says about a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whether it is a person.
    pub is_person: bool,
    /// Rights as rules see them.
    pub rights: Rights,
    /// Tokens issued under a smaller number are no longer good.
    pub token_epoch: i64,
    /// Ids of the app roles held at the Graph application.
    pub permissions: Vec<Uuid>,
}

/// Kinds of rows of the rights: a role, and an app role held at the Graph application; others are accounts.
const ROLE: i64 = 2;
const PERMISSION: i64 = 3;

/// One row of [`USER_RIGHTS`] or [`APP_RIGHTS`].
#[derive(Debug, Default)]
pub struct RightsRow {
    kind: i64,
    id: Uuid,
    n1: i64,
    n2: i64,
    scope: Option<Uuid>,
    text: Option<String>,
    n3: i64,
    more: Option<String>,
}

/// The rows that say what a person or an app may do; [`account`] puts them together.
pub fn rights(principal: ObjectId, is_app: bool) -> Query<RightsRow> {
    let (sql, params) = if is_app {
        (&APP_RIGHTS, vec![principal.0.into(), GRAPH_APP_ID.into()])
    } else {
        (&USER_RIGHTS, vec![principal.0.into()])
    };
    Query::new(sql, params, |row| {
        let mut c = Columns::of(row, "rights");
        let (kind, id) = (c.int("kind")?, c.id("id_value")?);
        if kind == PERMISSION {
            // An account has many of these, and they say nothing else.
            return Ok(RightsRow { kind, id, ..RightsRow::default() });
        }
        let (n1, n2, scope) = (c.int("n1")?, c.int("n2")?, c.opt_id("scope_value")?);
        if kind == ROLE {
            return Ok(RightsRow { kind, id, n1, n2, scope, ..RightsRow::default() });
        }
        Ok(RightsRow {
            kind,
            id,
            n1,
            n2,
            scope,
            text: c.opt_text("text_value")?,
            n3: c.int("n3")?,
            more: c.opt_text("more")?,
        })
    })
}

/// The account that the rows describe; `None` when there is no such object any more.
pub fn account(rows: Vec<RightsRow>) -> Option<Account> {
    let mut account: Option<Account> = None;
    for row in rows {
        match (row.kind, &mut account) {
            (0 | 1, None) => {
                account = Some(Account {
                    is_person: row.kind == 0,
                    rights: Rights {
                        is_enabled: row.n1 == 1,
                        is_member: row.n2 == 1,
                        roles: Vec::new(),
                        entitlement: Vec::new(),
                        manages_assignments: false,
                        name: row.text.unwrap_or_default(),
                        principal_name: row.more.unwrap_or_else(|| row.id.hyphenated().to_string()),
                    },
                    token_epoch: row.n3,
                    permissions: Vec::new(),
                });
            }
            (ROLE, Some(account)) if row.n1 == Provider::Directory as i64 => {
                account.rights.roles.extend(DirectoryRole::from_id(row.id));
            }
            (ROLE, Some(account)) => account.rights.entitlement.extend(role::held(row.id, row.n2, row.scope)),
            (PERMISSION, Some(account)) => account.permissions.push(row.id),
            _ => {}
        }
    }
    account
}

/// One row of [`CLIENT_RIGHTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRights {
    /// Whether the client may act at all.
    pub is_enabled: bool,
    /// Scope names it was given, with blanks between them.
    pub scopes: String,
}

/// What a client may do for a person at this moment; no row when there is no such client any more.
pub fn client_rights(app: Uuid, person: ObjectId) -> Query<ClientRights> {
    Query::new(&CLIENT_RIGHTS, vec![app.into(), person.0.into()], |row| {
        let mut c = Columns::of(row, "client rights");
        Ok(ClientRights { is_enabled: c.bool("is_enabled")?, scopes: c.opt_text("scopes")?.unwrap_or_default() })
    })
}

/// A key that signs or signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id; the key id of tokens.
    pub id: Uuid,
    /// The public part, DER.
    pub public: Vec<u8>,
    /// The private part, sealed.
    pub sealed: Vec<u8>,
    /// It signs from then on.
    pub not_before: Timestamp,
    /// Nothing it signed is good after that.
    pub retire_at: Timestamp,
}

/// The keys of a purpose that are not retired, oldest first.
pub fn keys(purpose: &'static str, now: Timestamp) -> Query<SigningKey> {
    Query::new(&KEYS, vec![purpose.into(), now.into()], |row| {
        let mut c = Columns::of(row, "signing_key");
        Ok(SigningKey {
            id: c.id("id")?,
            public: c.bytes("public")?,
            sealed: c.bytes("sealed")?,
            not_before: c.time("not_before")?,
            retire_at: c.time("retire_at")?,
        })
    })
}

/// Adds a key.
pub fn insert_key(tx: &mut Tx<'_>, purpose: &'static str, key: &SigningKey, now: Timestamp) {
    let params = vec![
        key.id.into(),
        purpose.into(),
        key.public.clone().into(),
        key.sealed.clone().into(),
        key.not_before.into(),
        key.retire_at.into(),
        now.into(),
    ];
    tx.write(&INSERT_KEY, params);
}

/// Has all keys of a purpose but one end at an instant, unless they end before.
pub fn retire_keys(tx: &mut Tx<'_>, purpose: &'static str, but: Uuid, at: Timestamp) {
    tx.write(&RETIRE_KEYS, vec![purpose.into(), but.into(), at.into()]);
}

/// Removes keys that have not begun to sign.
pub fn delete_coming_keys(tx: &mut Tx<'_>, purpose: &'static str, now: Timestamp) {
    tx.write(&DELETE_COMING_KEYS, vec![purpose.into(), now.into()]);
}

/// Removes keys whose last token has ended.
pub fn delete_ended_keys(tx: &mut Tx<'_>, purpose: &'static str, now: Timestamp) {
    tx.write(&DELETE_ENDED_KEYS, vec![purpose.into(), now.into()]);
}

/// A sealed secret of the product itself.
pub fn secret(purpose: &'static str) -> First<Vec<u8>> {
    Query::new(&SECRET, vec![purpose.into()], |row| Columns::of(row, "secret").bytes("sealed")).first()
}

/// Adds a sealed secret.
pub fn insert_secret(tx: &mut Tx<'_>, purpose: &'static str, sealed: Vec<u8>, now: Timestamp) {
    tx.write(&INSERT_SECRET, vec![purpose.into(), sealed.into(), now.into()]);
}

/// What kind of credential. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A person's password.
    Password = 1,
    /// An application's secret.
    ClientSecret = 2,
    /// A one-time link to set the first password.
    SetupLink = 3,
    /// An application's certificate: the hash is the certificate itself, in base64.
    Certificate = 4,
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: Uuid,
    /// The hash it is checked against.
    pub hash: String,
    /// Its display name.
    pub name: Option<String>,
    /// Of a secret its first characters; of a certificate the id by which its application lists it.
    pub hint: Option<String>,
    /// It must be replaced at the next sign-in.
    pub must_change: bool,
    /// It is good from then on.
    pub starts_at: Timestamp,
    /// It is good until then.
    pub expires_at: Option<Timestamp>,
    /// Failed tries since the last success.
    pub failures: i64,
    /// No tries are taken until then.
    pub locked_until: Option<Timestamp>,
}

/// The credentials of a principal.
pub fn credentials(principal: ObjectId, kind: CredentialKind) -> Query<Credential> {
    Query::new(&CREDENTIALS, vec![principal.0.into(), (kind as i64).into()], |row| {
        let mut c = Columns::of(row, "credential");
        let id = c.id("id")?;
        c.int("kind")?;
        Ok(Credential {
            id,
            hash: c.text("hash")?,
            name: c.opt_text("name")?,
            hint: c.opt_text("hint")?,
            must_change: c.bool("must_change")?,
            starts_at: c.time("starts_at")?,
            expires_at: c.opt_time("expires_at")?,
            failures: c.int("failures")?,
            locked_until: c.opt_time("locked_until")?,
        })
    })
}

/// Adds a credential.
pub fn insert_credential(tx: &mut Tx<'_>, principal: ObjectId, kind: CredentialKind, credential: &Credential) {
    let params = vec![
        credential.id.into(),
        principal.0.into(),
        (kind as i64).into(),
        credential.hash.as_str().into(),
        credential.name.clone().into(),
        credential.hint.clone().into(),
        credential.must_change.into(),
        credential.starts_at.into(),
        credential.expires_at.into(),
    ];
    tx.write(&INSERT_CREDENTIAL, params);
}

/// Removes all credentials of a kind.
pub fn delete_credentials(tx: &mut Tx<'_>, principal: ObjectId, kind: CredentialKind) {
    tx.write(&DELETE_CREDENTIALS, vec![principal.0.into(), (kind as i64).into()]);
}

/// Removes one credential.
pub fn delete_credential(tx: &mut Tx<'_>, principal: ObjectId, id: Uuid) {
    tx.write(&DELETE_CREDENTIAL, vec![principal.0.into(), id.into()]).exactly_one("credential");
}

/// Notes failed tries, or none after a success.
pub fn set_failures(tx: &mut Tx<'_>, credential: Uuid, failures: i64, locked_until: Option<Timestamp>) {
    tx.write(&SET_FAILURES, vec![credential.into(), failures.into(), locked_until.into()]);
}

/// What kind of artifact. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// An authorization code.
    Code = 1,
    /// A device code.
    Device = 2,
    /// A refresh token.
    Refresh = 3,
    /// A sign-in that is not finished: consent or a new password is still to come.
    Ticket = 4,
    /// A sign-in that goes on at a provider outside.
    Outside = 5,
}

impl ArtifactKind {
    fn from_code(code: i64) -> Option<Self> {
        [Self::Code, Self::Device, Self::Refresh, Self::Ticket, Self::Outside].into_iter().find(|k| *k as i64 == code)
    }
}

/// Something that was handed out and comes back. Only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The hash of what was handed out.
    pub hash: Vec<u8>,
    /// Its kind.
    pub kind: ArtifactKind,
    /// The client it was handed to.
    pub client: ObjectId,
    /// The person it speaks for, once known.
    pub principal: Option<ObjectId>,
    /// Whatever belongs to it, as JSON.
    pub data: String,
    /// Refresh tokens that descend from one sign-in.
    pub family: Option<Uuid>,
    /// It is good until then.
    pub expires_at: Timestamp,
    /// It was used then.
    pub used_at: Option<Timestamp>,
}

/// The artifact of that hash.
pub fn artifact(hash: &[u8]) -> First<Artifact> {
    Query::new(&ARTIFACT, vec![hash.to_vec().into()], |row| {
        let mut c = Columns::of(row, "oauth_artifact");
        Ok(Artifact {
            hash: c.bytes("hash")?,
            kind: c.code("kind", ArtifactKind::from_code)?,
            client: c.id("client_id")?,
            principal: c.opt_id("principal_id")?,
            data: c.text("data")?,
            family: c.opt_id("family")?,
            expires_at: c.time("expires_at")?,
            used_at: c.opt_time("used_at")?,
        })
    })
    .first()
}

/// Adds an artifact.
pub fn insert_artifact(tx: &mut Tx<'_>, artifact: &Artifact) {
    let params = vec![
        artifact.hash.clone().into(),
        (artifact.kind as i64).into(),
        artifact.client.0.into(),
        artifact.principal.map(|p| p.0).into(),
        artifact.data.as_str().into(),
        artifact.family.into(),
        artifact.expires_at.into(),
    ];
    tx.write(&INSERT_ARTIFACT, params);
}

/// Gives an unused artifact its person and data.
pub fn update_artifact(tx: &mut Tx<'_>, hash: &[u8], principal: Option<ObjectId>, data: &str) {
    let params = vec![hash.to_vec().into(), principal.map(|p| p.0).into(), data.into()];
    tx.write(&UPDATE_ARTIFACT, params).exactly_one("oauth_artifact");
}

/// Marks an artifact as used; only the first use succeeds.
pub fn use_artifact(tx: &mut Tx<'_>, hash: &[u8], now: Timestamp) {
    tx.write(&USE_ARTIFACT, vec![hash.to_vec().into(), now.into()]).exactly_one("oauth_artifact");
}

/// Removes all refresh tokens that descend from one sign-in.
pub fn delete_family(tx: &mut Tx<'_>, family: Uuid) {
    tx.write(&DELETE_FAMILY, vec![family.into()]);
}

/// Removes everything that speaks for a person.
pub fn delete_principal_artifacts(tx: &mut Tx<'_>, principal: ObjectId) {
    tx.write(&DELETE_PRINCIPAL_ARTIFACTS, vec![principal.0.into()]);
}

/// Removes artifacts that ended before `before`.
pub fn delete_expired_artifacts(tx: &mut Tx<'_>, before: Timestamp) {
    tx.write(&DELETE_EXPIRED_ARTIFACTS, vec![before.into()]);
}

/// A delegated permission grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthGrant {
    /// Its id.
    pub id: Uuid,
    /// The client's service principal.
    pub client: ObjectId,
    /// The person who consented; nobody when an administrator did for all.
    pub principal: Option<ObjectId>,
    /// The API's service principal.
    pub resource: ObjectId,
    /// Scope names with blanks between them.
    pub scopes: String,
}

fn decode_grant(row: &crate::driver::Row<'_>) -> Result<OauthGrant, StoreError> {
    let mut c = Columns::of(row, "oauth_grant");
    Ok(OauthGrant {
        id: c.id("id")?,
        client: c.id("client_id")?,
        principal: c.opt_id("principal_id")?,
        resource: c.id("resource_id")?,
        scopes: c.text("scopes")?,
    })
}

/// What a client may do for a person: his own consent and that for all.
pub fn grants(client: ObjectId, principal: ObjectId) -> Query<OauthGrant> {
    Query::new(&GRANTS, vec![client.0.into(), principal.0.into()], decode_grant)
}

/// One grant.
pub fn grant(id: Uuid) -> First<OauthGrant> {
    Query::new(&GRANT, vec![id.into()], decode_grant).first()
}

/// Adds a grant.
pub fn insert_grant(tx: &mut Tx<'_>, grant: &OauthGrant, now: Timestamp) {
    let params: Vec<Value> = vec![
        grant.id.into(),
        grant.client.0.into(),
        grant.principal.map(|p| p.0).into(),
        grant.resource.0.into(),
        grant.scopes.as_str().into(),
        now.into(),
    ];
    tx.write(&INSERT_GRANT, params);
}

/// Gives a grant other scopes.
pub fn update_grant(tx: &mut Tx<'_>, id: Uuid, scopes: &str) {
    tx.write(&UPDATE_GRANT, vec![id.into(), scopes.into()]).exactly_one("oauth_grant");
}

/// Removes a grant.
pub fn delete_grant(tx: &mut Tx<'_>, id: Uuid) {
    tx.write(&DELETE_GRANT, vec![id.into()]).exactly_one("oauth_grant");
}

/// Removes every grant of or by a directory object, its roles and its artifacts: it is deleted for good.
pub fn forget_principal(tx: &mut Tx<'_>, principal: ObjectId) {
    let all =
        [&DELETE_CLIENT_GRANTS, &DELETE_PRINCIPAL_ROLES, &DELETE_PRINCIPAL_ARTIFACTS, &DELETE_PRINCIPAL_CREDENTIALS];
    for sql in all {
        tx.write(sql, vec![principal.0.into()]);
    }
}

/// Gives a principal a directory role for the whole tenant; twice is once.
pub fn insert_role(tx: &mut Tx<'_>, id: RoleAssignmentId, role: DirectoryRole, principal: ObjectId, now: Timestamp) {
    ensure_role(tx, id, ObjectId(role.id()), principal, now);
}

/// Makes sure that a principal holds the directory role of a definition for the whole tenant; for fulfilment.
pub(crate) fn ensure_role(
    tx: &mut Tx<'_>,
    id: RoleAssignmentId,
    definition: ObjectId,
    principal: ObjectId,
    now: Timestamp,
) {
    let params = vec![id.0.into(), definition.0.into(), principal.0.into(), Uuid::nil().into(), now.into()];
    tx.write(&INSERT_ROLE, params);
}

/// Makes sure that he does not; for fulfilment.
pub(crate) fn remove_role_if_there(tx: &mut Tx<'_>, definition: ObjectId, principal: ObjectId) {
    tx.write(&DELETE_ROLE, vec![definition.0.into(), principal.0.into()]);
}

/// How many hold a directory role directly.
pub fn role_holders(role: DirectoryRole) -> First<i64> {
    Query::new(&ADMINISTRATORS, vec![role.id().into()], |row| Columns::of(row, "role_assignment").int("count")).first()
}
