//! People.

use super::object::{self, Common};
use crate::driver::{Statement, dialect};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::attribute::is_extension;
use tenure_domain::authorize::Permit;
use tenure_domain::directory::guest::home_domain;
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::{ObjectId, PackageId};
use tenure_domain::limits::IN_LIST_MAX;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    GET(hot): "SELECT u.id, o.display_name, u.upn, u.mail, u.nickname, u.user_type, u.is_enabled, u.manager_id, o.attrs, o.created_at, u.token_epoch, o.source_id, o.version FROM dir_user u JOIN directory_object o ON o.id = u.id WHERE u.id = $1 AND NOT u.is_deleted";
    BY_UPN(hot): "SELECT u.id, o.display_name, u.upn, u.mail, u.nickname, u.user_type, u.is_enabled, u.manager_id, o.attrs, o.created_at, u.token_epoch, o.source_id, o.version FROM dir_user u JOIN directory_object o ON o.id = u.id WHERE u.upn_key = $1 AND NOT u.is_deleted";
    OF_ADDRESS: "SELECT u.id, o.display_name, u.upn, u.mail, u.nickname, u.user_type, u.is_enabled, u.manager_id, o.attrs, o.created_at, u.token_epoch, o.source_id, o.version FROM dir_user u JOIN directory_object o ON o.id = u.id WHERE u.id IN (SELECT m.id FROM dir_user m WHERE m.mail_key = $1 UNION SELECT n.id FROM dir_user n WHERE n.upn_key = $1 AND NOT n.is_deleted) AND NOT u.is_deleted ORDER BY u.id LIMIT 1";
    KNOWN_AS: "SELECT u.id FROM dir_user u WHERE u.id IN (SELECT m.id FROM dir_user m WHERE m.mail_key = $1 UNION SELECT n.id FROM dir_user n WHERE n.upn_key = $1 AND NOT n.is_deleted) AND NOT u.is_deleted ORDER BY u.id LIMIT 2";
    NAMED_SO: "SELECT u.id FROM dir_user u WHERE u.upn_key >= $1 AND u.upn_key < $2 AND NOT u.is_deleted LIMIT 1";
    DELETED: "SELECT u.id, o.display_name, u.upn, u.mail, u.nickname, u.user_type, u.is_enabled, u.manager_id, o.attrs, o.created_at, u.token_epoch, o.source_id, o.version FROM dir_user u JOIN directory_object o ON o.id = u.id WHERE u.id = $1 AND u.is_deleted";
    INSERT: "INSERT INTO dir_user (id, upn, upn_key, mail, mail_key, nickname, nickname_key, user_type, is_enabled, manager_id, token_epoch, given_name_key, surname_key, department_key, job_title_key, office_key, city_key, state_key, country_key, company_key, employee_id_key, employee_type_key, usage_location_key, home_key, is_deleted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, FALSE)";
    UPDATE: "UPDATE dir_user SET upn = $2, upn_key = $3, mail = $4, mail_key = $5, nickname = $6, nickname_key = $7, user_type = $8, is_enabled = $9, manager_id = $10, token_epoch = $11, given_name_key = $12, surname_key = $13, department_key = $14, job_title_key = $15, office_key = $16, city_key = $17, state_key = $18, country_key = $19, company_key = $20, employee_id_key = $21, employee_type_key = $22, usage_location_key = $23, home_key = $24 WHERE id = $1";
    INSERT_EXTENSION: "INSERT INTO extension_value (object_id, name_key, value_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    /// From one name to the next, however many people have it.
    EXTENSION_NAMES: "WITH RECURSIVE known(name_key) AS (SELECT min(e.name_key) FROM extension_value e UNION ALL SELECT (SELECT min(e.name_key) FROM extension_value e WHERE e.name_key > known.name_key) FROM known WHERE known.name_key IS NOT NULL) SELECT known.name_key FROM known WHERE known.name_key IS NOT NULL LIMIT $1";
    DELETE_EXTENSIONS: "DELETE FROM extension_value WHERE object_id = $1";
    SET_MANAGER: "UPDATE dir_user SET manager_id = $2 WHERE id = $1";
    SET_DELETED: "UPDATE dir_user SET is_deleted = $2, token_epoch = token_epoch + 1 WHERE id = $1";
    RAISE_EPOCH: "UPDATE dir_user SET token_epoch = token_epoch + 1 WHERE id = $1";
    DELETE: "DELETE FROM dir_user WHERE id = $1";
    CLEAR_MANAGER: "UPDATE dir_user SET manager_id = NULL WHERE manager_id = $1";
    /// The groups a package's policies name among their targets and that a person belongs to (decisions.md B5).
    POLICY_GROUPS(hot): "SELECT DISTINCT f.ref_id FROM policy y JOIN policy_ref f ON f.policy_id = y.id AND f.role = 1 JOIN dir_group g ON g.id = f.ref_id JOIN group_closure gc ON gc.ancestor_id = f.ref_id JOIN group_member gm ON gm.group_id = gc.descendant_id WHERE y.package_id = $1 AND gm.member_id = $2 AND NOT g.is_deleted";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<User, StoreError> {
    let mut c = Columns::of(row, "dir_user");
    Ok(User {
        id: c.id("id")?,
        name: c.text("display_name")?,
        principal_name: c.text("upn")?,
        mail: c.opt_text("mail")?,
        nickname: c.opt_text("nickname")?,
        kind: c.code("user_type", UserKind::from_code)?,
        is_enabled: c.bool("is_enabled")?,
        manager: c.opt_id("manager_id")?,
        attributes: Attributes(c.json("attrs")?),
        created_at: c.time("created_at")?,
        token_epoch: c.int("token_epoch")?,
        source: c.opt_id("source_id")?,
        version: c.int("version")?,
    })
}

/// A person who is not deleted.
pub fn get(id: ObjectId) -> First<User> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// A person by user principal name.
pub fn by_principal_name(name: &str) -> First<User> {
    Query::new(&BY_UPN, vec![fold(name).into()], decode).first()
}

/// A person who is deleted but kept.
pub fn deleted(id: ObjectId) -> First<User> {
    Query::new(&DELETED, vec![id.0.into()], decode).first()
}

/// Of the groups that a package's policies name as targets, those the person belongs to.
pub fn policy_groups(package: PackageId, person: ObjectId) -> Query<Uuid> {
    Query::new(&POLICY_GROUPS, vec![package.0.into(), person.0.into()], |row| {
        Columns::of(row, "policy_ref").id("ref_id")
    })
}

/// Of these groups, those the person belongs to, nested ones too; so many statements that each names few enough.
pub fn groups_among(person: ObjectId, groups: &[Uuid]) -> Vec<Query<Uuid>> {
    const AMONG: &str = "SELECT DISTINCT gc.ancestor_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN dir_group g ON g.id = gc.ancestor_id WHERE gm.member_id = $1 AND NOT g.is_deleted AND gc.ancestor_id IN ";
    let one = |groups: &[Uuid]| {
        let text = format!("{AMONG}{}", dialect::in_list(2, groups.len()));
        let params = std::iter::once(person.0).chain(groups.iter().copied()).map(Into::into).collect();
        Query::of(Statement::new(text, params), |row| Columns::of(row, "group_closure").id("ancestor_id"))
    };
    groups.chunks(IN_LIST_MAX).map(one).collect()
}

/// Attributes that filters can address, in the order of their columns.
const KEYED: [&str; 12] = [
    "givenName",
    "surname",
    "department",
    "jobTitle",
    "officeLocation",
    "city",
    "state",
    "country",
    "companyName",
    "employeeId",
    "employeeType",
    "usageLocation",
];

fn params(user: &User) -> Vec<Value> {
    let mut params: Vec<Value> = vec![
        user.id.0.into(),
        user.principal_name.as_str().into(),
        fold(&user.principal_name).into(),
        user.mail.clone().into(),
        user.mail.as_deref().map(fold).into(),
        user.nickname.clone().into(),
        user.nickname.as_deref().map(fold).into(),
        user.kind.code().into(),
        user.is_enabled.into(),
        user.manager.map(|m| m.0).into(),
        user.token_epoch.into(),
    ];
    params.extend(KEYED.iter().map(|name| Value::from(user.attributes.text(name).map(fold))));
    // Members are at home here.
    let home = || home_domain(user.mail.as_deref(), &user.principal_name);
    params.push((user.kind == UserKind::Guest).then(home).flatten().into());
    params
}

fn duplicate() -> Refusal {
    Refusal::new(
        Code::RequestBadRequest,
        "Another object with the same value for property userPrincipalName already exists.",
    )
    .detail("/userPrincipalName", "not unique")
}

fn common<'a>(user: &'a User, searchable: &'a [&'a str]) -> Common<'a> {
    Common { id: user.id, kind: ObjectKind::User, name: &user.name, attributes: &user.attributes, searchable }
}

/// What filters find schema extensions by.
fn insert_extensions(tx: &mut Tx<'_>, user: &User) {
    for (name, value) in user.attributes.0.iter().filter(|(name, _)| is_extension(name)) {
        if let Some(text) = value.as_str() {
            tx.write(&INSERT_EXTENSION, vec![user.id.0.into(), fold(name).into(), fold(text).into()]);
        }
    }
}

/// Adds a person.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, user: &User) -> Result<(), StoreError> {
    let searchable = [user.principal_name.as_str(), user.mail.as_deref().unwrap_or_default()];
    object::insert(tx, &common(user, &searchable), user.created_at)?;
    tx.write(&INSERT, params(user)).on_constraint("uq_user_upn", duplicate);
    insert_extensions(tx, user);
    Ok(())
}

/// Changes a person who was read at `user.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, user: &User, now: Timestamp) -> Result<(), StoreError> {
    let searchable = [user.principal_name.as_str(), user.mail.as_deref().unwrap_or_default()];
    object::update(tx, &common(user, &searchable), user.version, now)?;
    tx.write(&UPDATE, params(user)).exactly_one("dir_user").on_constraint("uq_user_upn", duplicate);
    tx.write(&DELETE_EXTENSIONS, vec![user.id.0.into()]);
    insert_extensions(tx, user);
    Ok(())
}

/// Gives a person a manager, or none.
pub fn set_manager(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, manager: Option<ObjectId>) {
    tx.write(&SET_MANAGER, vec![id.0.into(), manager.map(|m| m.0).into()]).exactly_one("dir_user");
}

/// Ends all tokens of a person at once (decisions.md K2).
pub fn raise_epoch(tx: &mut Tx<'_>, id: ObjectId) {
    tx.write(&RAISE_EPOCH, vec![id.0.into()]).exactly_one("dir_user");
}

/// Deletes a person, to be kept for a while; tokens end at once.
pub fn soft_delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    object::set_deleted(tx, id, Some(now), now);
    tx.write(&SET_DELETED, vec![id.0.into(), true.into()]).exactly_one("dir_user");
}

/// Brings a deleted person back.
pub fn restore(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    object::set_deleted(tx, id, None, now);
    tx.write(&SET_DELETED, vec![id.0.into(), false.into()])
        .exactly_one("dir_user")
        .on_constraint("uq_user_upn", duplicate);
}

/// Deletes a person for good; memberships and credentials are removed by their own rooms.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    tx.write(&CLEAR_MANAGER, vec![id.0.into()]);
    tx.write(&DELETE_EXTENSIONS, vec![id.0.into()]);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("dir_user");
    object::delete(tx, id, now);
}

/// The person whose mail address or user principal name this is; the oldest, when several share an address.
pub fn of_address(address: &str) -> First<User> {
    Query::new(&OF_ADDRESS, vec![fold(address).into()], decode).first()
}

/// Somebody whose user principal name is this part before the at sign, whatever domain follows.
pub fn named_so(local: &str) -> First<ObjectId> {
    // The sign after `@` ends the names that begin so.
    let local = fold(local);
    let params = vec![format!("{local}@").into(), format!("{local}A").into()];
    Query::new(&NAMED_SO, params, |row| Columns::of(row, "dir_user").id("id")).first()
}

/// Names of the extension attributes that people have, in their order.
pub fn extension_names(limit: i64) -> Query<String> {
    Query::new(&EXTENSION_NAMES, vec![limit.into()], |row| Columns::of(row, "extension_value").text("name_key"))
}

/// Two people at most whose mail address or user principal name this is: more than one, and it names nobody.
pub fn known_as(name: &str) -> Query<ObjectId> {
    Query::new(&KNOWN_AS, vec![fold(name).into()], |row| Columns::of(row, "dir_user").id("id"))
}
