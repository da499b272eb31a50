//! Memberships: direct edges, and the closure over groups that answers "does this person belong to that group, through
//! nested groups too" by one join (decisions.md B4, B5). A change of membership never touches the group's own row.

use super::change::note_member;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::directory::ObjectKind;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{CLOSURE_GROUPS_MAX, CLOSURE_PAIRS_MAX};
use tenure_domain::refusal::{Code, Refusal};
use uuid::Uuid;

sql! {
    INSERT: "INSERT INTO group_member (group_id, member_id, member_kind, via, created_at) VALUES ($1, $2, $3, 1, $4)";
    ENSURE(hot): "INSERT INTO group_member (group_id, member_id, member_kind, via, created_at) SELECT $1, o.id, o.kind, 1, $3 FROM directory_object o WHERE o.id = $2 ON CONFLICT DO NOTHING";
    DELETE(hot): "DELETE FROM group_member WHERE group_id = $1 AND member_id = $2";
    INSERT_SELF: "INSERT INTO group_closure (descendant_id, ancestor_id) VALUES ($1, $1) ON CONFLICT DO NOTHING";
    INSERT_CLOSURE: "INSERT INTO group_closure (descendant_id, ancestor_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    DELETE_CLOSURE_OF: "DELETE FROM group_closure WHERE descendant_id = $1";
    DELETE_CLOSURE_TO: "DELETE FROM group_closure WHERE ancestor_id = $1 OR descendant_id = $1";
    DESCENDANTS: "SELECT descendant_id FROM group_closure WHERE ancestor_id = $1 ORDER BY descendant_id LIMIT $2";
    PARENT_EDGES: "SELECT m.member_id, m.group_id FROM group_member m JOIN group_closure c ON c.descendant_id = m.member_id WHERE c.ancestor_id = $1 AND m.member_kind = 2";
    PARENTS: "SELECT group_id FROM group_member WHERE member_id = $1 AND member_kind = 2";
    ANCESTORS: "SELECT ancestor_id FROM group_closure WHERE descendant_id = $1";
    DELETE_ALL_OF: "DELETE FROM group_member WHERE member_id = $1 OR group_id = $1";
    INSERT_OWNER: "INSERT INTO object_link (kind, object_id, person_id) VALUES (1, $1, $2)";
    ENSURE_OWNER: "INSERT INTO object_link (kind, object_id, person_id) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    DELETE_OWNER: "DELETE FROM object_link WHERE kind = 1 AND object_id = $1 AND person_id = $2";
    OWNERS: "SELECT count(*) FROM object_link WHERE kind = 1 AND object_id = $1";
    IS_OWNER: "SELECT 1 FROM object_link WHERE kind = 1 AND object_id = $1 AND person_id = $2";
    INSERT_SPONSOR: "INSERT INTO object_link (kind, object_id, person_id) VALUES (2, $1, $2)";
    IS_SPONSOR: "SELECT 1 FROM object_link WHERE kind = 2 AND object_id = $1 AND person_id = $2";
    GROUPS_IN: "SELECT member_id FROM group_member WHERE group_id = $1 AND member_kind = 2 ORDER BY member_id";
    DELETE_SPONSOR: "DELETE FROM object_link WHERE kind = 2 AND object_id = $1 AND person_id = $2";
    DELETE_ALL_LINKS: "DELETE FROM object_link WHERE object_id = $1 OR person_id = $1";
    IS_MEMBER: "SELECT 1 FROM group_member WHERE group_id = $1 AND member_id = $2";
    GROUPS_OF: "SELECT DISTINCT gc.ancestor_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN dir_group g ON g.id = gc.ancestor_id WHERE gm.member_id = $1 AND NOT g.is_deleted AND (g.is_security OR NOT $2) ORDER BY gc.ancestor_id";
}

/// A new group contains itself.
pub(super) fn insert_group(tx: &mut Tx<'_>, group: ObjectId) {
    tx.write(&INSERT_SELF, vec![group.0.into()]);
}

fn already(property: &'static str) -> impl Fn() -> Refusal + Send {
    move || {
        Refusal::new(
            Code::RequestBadRequest,
            format!(
                "One or more added object references already exist for the following modified properties: '{property}'."
            ),
        )
    }
}

/// Adds a direct member.
pub fn add(tx: &mut Tx<'_>, _: &Permit, group: ObjectId, (member, kind): (ObjectId, ObjectKind), now: Timestamp) {
    tx.write(&INSERT, vec![group.0.into(), member.0.into(), kind.code().into(), now.into()])
        .on_constraint("pk_group_member", already("members"));
    note_member(tx, group, member, false, now);
}

/// Makes sure that somebody is a direct member; for fulfilment.
pub(crate) fn ensure(tx: &mut Tx<'_>, group: ObjectId, member: ObjectId, now: Timestamp) {
    tx.write(&ENSURE, vec![group.0.into(), member.0.into(), now.into()]);
    note_member(tx, group, member, false, now);
}

/// Removes a direct member who is there.
pub fn remove(tx: &mut Tx<'_>, _: &Permit, group: ObjectId, member: ObjectId, now: Timestamp) {
    tx.write(&DELETE, vec![group.0.into(), member.0.into()]).exactly_one("group_member");
    note_member(tx, group, member, true, now);
}

/// Makes sure that somebody is no direct member; for fulfilment.
pub(crate) fn remove_if_there(tx: &mut Tx<'_>, group: ObjectId, member: ObjectId, now: Timestamp) {
    tx.write(&DELETE, vec![group.0.into(), member.0.into()]);
    note_member(tx, group, member, true, now);
}

/// A remote write of a membership has succeeded: the local edge follows (decisions.md C3).
pub fn mirror(tx: &mut Tx<'_>, group: ObjectId, member: ObjectId, is_member: bool, now: Timestamp) {
    if is_member {
        ensure(tx, group, member, now);
    } else {
        remove_if_there(tx, group, member, now);
    }
}

/// Whether somebody is a direct member.
pub fn is_member(group: ObjectId, member: ObjectId) -> First<i64> {
    Query::new(&IS_MEMBER, vec![group.0.into(), member.0.into()], |row| Columns::of(row, "group_member").int("one"))
        .first()
}

/// All groups an object belongs to, nested ones too; only those that guard access, if so wanted.
pub fn groups_of(member: ObjectId, security_only: bool) -> Query<Uuid> {
    Query::new(&GROUPS_OF, vec![member.0.into(), security_only.into()], |row| {
        Columns::of(row, "group_closure").id("id")
    })
}

/// Works out anew what lies above `child` and everything below it, after an edge from `child` to a parent group was
/// added or removed. Bounded; cycles are only reachability.
pub fn rebuild_above(tx: &mut Tx<'_>, child: ObjectId) -> Result<(), StoreError> {
    rebuild_within(tx, child, (CLOSURE_GROUPS_MAX, CLOSURE_PAIRS_MAX))
}

/// The same within another number of groups and pairs, for tests.
pub fn rebuild_within(
    tx: &mut Tx<'_>,
    child: ObjectId,
    (groups_max, pairs_max): (usize, usize),
) -> Result<(), StoreError> {
    let limit = i64::try_from(groups_max).unwrap_or(i64::MAX);
    let id = |row: &crate::driver::Row<'_>| Columns::of(row, "group_closure").id::<Uuid>("id");
    let pair = |row: &crate::driver::Row<'_>| {
        let mut c = Columns::of(row, "group_member");
        Ok((c.id::<Uuid>("member_id")?, c.id::<Uuid>("group_id")?))
    };
    let (below, edges) = tx.fetch((
        Query::<Uuid>::new(&DESCENDANTS, vec![child.0.into(), (limit + 1).into()], id),
        Query::<(Uuid, Uuid)>::new(&PARENT_EDGES, vec![child.0.into()], pair),
    ))?;
    let mut parents: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    for (member, group) in edges {
        parents.entry(member).or_default().insert(group);
    }
    let mut pairs = 0;
    for group in &below {
        let above = ancestors(tx, *group, &mut parents, groups_max)?;
        pairs += above.len();
        if pairs > pairs_max {
            let message = format!("the change would nest more than {pairs_max} pairs of groups");
            return Err(Refusal::new(Code::LimitExceeded, message).into());
        }
        if below.len() > groups_max || above.len() > groups_max {
            let message = format!("the change would touch more than {groups_max} nested groups");
            return Err(Refusal::new(Code::LimitExceeded, message).into());
        }
        tx.write(&DELETE_CLOSURE_OF, vec![(*group).into()]);
        for ancestor in above {
            tx.write(&INSERT_CLOSURE, vec![(*group).into(), ancestor.into()]);
        }
    }
    Ok(())
}

/// Everything reachable upwards from `start`, itself included; reads the parents it does not know yet.
fn ancestors(
    tx: &mut Tx<'_>,
    start: Uuid,
    parents: &mut BTreeMap<Uuid, BTreeSet<Uuid>>,
    groups_max: usize,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let mut seen = BTreeSet::from([start]);
    let mut next = vec![start];
    while let Some(group) = next.pop() {
        if let Entry::Vacant(unknown) = parents.entry(group) {
            let read = tx.fetch(Query::<Uuid>::new(&PARENTS, vec![group.into()], |row| {
                Columns::of(row, "group_member").id("group_id")
            }))?;
            unknown.insert(read.into_iter().collect());
        }
        for parent in parents.get(&group).into_iter().flatten() {
            if seen.len() <= groups_max && seen.insert(*parent) {
                next.push(*parent);
            }
        }
    }
    Ok(seen)
}

/// The groups above a group, itself included.
pub fn closure_of(group: ObjectId) -> Query<Uuid> {
    Query::new(&ANCESTORS, vec![group.0.into()], |row| Columns::of(row, "group_closure").id("ancestor_id"))
}

/// Adds an owner.
pub fn add_owner(tx: &mut Tx<'_>, _: &Permit, object: ObjectId, owner: ObjectId) {
    tx.write(&INSERT_OWNER, vec![object.0.into(), owner.0.into()]).on_constraint("pk_object_link", already("owners"));
}

/// Makes sure that somebody is an owner; for fulfilment.
pub(crate) fn ensure_owner(tx: &mut Tx<'_>, object: ObjectId, owner: ObjectId) {
    tx.write(&ENSURE_OWNER, vec![object.0.into(), owner.0.into()]);
}

/// Removes an owner who is there.
pub fn remove_owner(tx: &mut Tx<'_>, _: &Permit, object: ObjectId, owner: ObjectId) {
    tx.write(&DELETE_OWNER, vec![object.0.into(), owner.0.into()]).exactly_one("object_link");
}

/// Makes sure that somebody is no owner; for fulfilment.
pub(crate) fn remove_owner_if_there(tx: &mut Tx<'_>, object: ObjectId, owner: ObjectId) {
    tx.write(&DELETE_OWNER, vec![object.0.into(), owner.0.into()]);
}

/// How many owners an object has.
pub fn owners(object: ObjectId) -> First<i64> {
    Query::new(&OWNERS, vec![object.0.into()], |row| Columns::of(row, "object_link").int("count")).first()
}

/// Whether somebody is an owner.
pub fn is_owner(object: ObjectId, owner: ObjectId) -> First<i64> {
    Query::new(&IS_OWNER, vec![object.0.into(), owner.0.into()], |row| Columns::of(row, "object_link").int("one"))
        .first()
}

/// Whether somebody is a sponsor of a person.
pub fn is_sponsor(person: ObjectId, sponsor: ObjectId) -> First<i64> {
    Query::new(&IS_SPONSOR, vec![person.0.into(), sponsor.0.into()], |row| Columns::of(row, "object_link").int("one"))
        .first()
}

/// The groups that are direct members of a group.
pub fn groups_directly_in(group: ObjectId) -> Query<Uuid> {
    Query::new(&GROUPS_IN, vec![group.0.into()], |row| Columns::of(row, "group_member").id("member_id"))
}

/// Adds a sponsor of a person.
pub fn add_sponsor(tx: &mut Tx<'_>, _: &Permit, person: ObjectId, sponsor: ObjectId) {
    tx.write(&INSERT_SPONSOR, vec![person.0.into(), sponsor.0.into()])
        .on_constraint("pk_object_link", already("sponsors"));
}

/// Removes a sponsor who is there.
pub fn remove_sponsor(tx: &mut Tx<'_>, _: &Permit, person: ObjectId, sponsor: ObjectId) {
    tx.write(&DELETE_SPONSOR, vec![person.0.into(), sponsor.0.into()]).exactly_one("object_link");
}

/// Removes every membership (of sites, too), ownership and sponsorship of an object that is deleted for good, and its place in the
/// closure. Groups below a deleted group lose what was above it only through it; see the caller.
pub fn forget(tx: &mut Tx<'_>, _: &Permit, object: ObjectId) {
    for sql in [&DELETE_ALL_OF, &DELETE_ALL_LINKS, &DELETE_CLOSURE_TO] {
        tx.write(sql, vec![object.0.into()]);
    }
    super::site::forget(tx, object);
}
