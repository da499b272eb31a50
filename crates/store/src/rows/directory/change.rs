//! What changed in the directory, in the order of changes: insert-only, and read by whoever follows it (decisions.md B13,
//! ADR 17). A row says that something changed, never how it is now: what is told of it is read beside it, so that the
//! order in which two transactions wrote and committed does not matter.

use crate::driver::{Statement, dialect};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use std::fmt::Write;
use tenure_domain::Timestamp;
use tenure_domain::delta::{Horizon, Mark};
use tenure_domain::directory::ObjectKind;
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{CHANGES_PRUNED, DELTA_OPEN_MAX};
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    NOTE: "INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at) SELECT o.kind, o.id, o.id, o.kind, $2, $3 FROM directory_object o WHERE o.id = $1";
    NOTE_MEMBER(hot): "INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at) SELECT 5, $1, o.id, o.kind, $3, $4 FROM directory_object o WHERE o.id = $2";
    NOTE_MEMBER_OF: "INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at) SELECT 5, m.group_id, m.member_id, m.member_kind, $2, $3 FROM group_member m WHERE m.member_id = $1";
    NOTE_MEMBERS: "INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at) SELECT 5, m.group_id, m.member_id, m.member_kind, FALSE, $2 FROM group_member m WHERE m.group_id = $1";
    NEWEST(hot): "SELECT stamp, place, stream, at FROM directory_change WHERE stream = $1 ORDER BY stamp DESC, place DESC LIMIT 1";
    KNOWN(hot): "SELECT 1 FROM directory_change WHERE stream = $1 AND stamp = $2 AND place = $3 AND at = $4";
    EXPIRED: "SELECT d.place FROM directory_change d WHERE d.stream = $1 AND d.at < $2 AND (d.stamp, d.place) < (SELECT k.stamp, k.place FROM directory_change k WHERE k.stream = $1 AND k.at < $2 ORDER BY k.stamp DESC, k.place DESC LIMIT 1) ORDER BY d.stamp, d.place LIMIT $3";
    PRUNE: "DELETE FROM directory_change WHERE stream = $1 AND (stamp, place) IN (SELECT d.stamp, d.place FROM directory_change d WHERE d.stream = $1 AND d.at < $2 AND (d.stamp, d.place) < (SELECT k.stamp, k.place FROM directory_change k WHERE k.stream = $1 AND k.at < $2 ORDER BY k.stamp DESC, k.place DESC LIMIT 1) ORDER BY d.stamp, d.place LIMIT $3)";
    COUNT: "SELECT count(*) FROM directory_change WHERE stream = $1";
}

/// The stream of memberships; those of objects have the numbers of their kinds.
pub const MEMBERSHIPS: i64 = 5;

/// A stamp that no change has.
const NO_STAMP: i64 = -2;

/// An object changed, or is about to be deleted for good.
pub(super) fn note(tx: &mut Tx<'_>, object: ObjectId, removed: bool, now: Timestamp) {
    tx.write(&NOTE, vec![object.0.into(), removed.into(), now.into()]);
}

/// Somebody became a direct member of a group, or is none any more.
pub(super) fn note_member(tx: &mut Tx<'_>, group: ObjectId, member: ObjectId, removed: bool, now: Timestamp) {
    tx.write(&NOTE_MEMBER, vec![group.0.into(), member.0.into(), removed.into(), now.into()]);
}

/// All direct memberships of an object are hidden with it, or come back with it.
pub(super) fn note_member_of(tx: &mut Tx<'_>, member: ObjectId, removed: bool, now: Timestamp) {
    tx.write(&NOTE_MEMBER_OF, vec![member.0.into(), removed.into(), now.into()]);
}

/// All direct members of a group come back with it.
pub(super) fn note_members(tx: &mut Tx<'_>, group: ObjectId, now: Timestamp) {
    tx.write(&NOTE_MEMBERS, vec![group.0.into(), now.into()]);
}

/// The newest change of a stream.
pub fn newest(stream: i64) -> First<Mark> {
    Query::new(&NEWEST, vec![stream.into()], |row| {
        let mut c = Columns::of(row, "directory_change");
        Ok(Mark { stamp: c.int("stamp")?, place: c.int("place")?, stream: c.int("stream")?, at: c.time("at")? })
    })
    .first()
}

/// Whether a change is still known: as it was, where it was.
pub fn known(mark: Mark) -> First<i64> {
    let params = vec![mark.stream.into(), mark.stamp.into(), mark.place.into(), mark.at.into()];
    Query::new(&KNOWN, params, |row| Columns::of(row, "directory_change").int("one")).first()
}

/// The stamps of transactions that are open in this snapshot, in order: one more than a horizon remembers.
pub fn open(tx: &Tx<'_>) -> Query<i64> {
    let limit = i64::try_from(DELTA_OPEN_MAX).unwrap_or(i64::MAX).saturating_add(1);
    let statement = Statement::new(tx.dialect().open_transactions(), vec![limit.into()]);
    Query::of(statement, |row| Columns::of(row, "pg_snapshot").int("xip"))
}

/// How many changes of a stream are kept.
pub fn count(stream: i64) -> First<i64> {
    Query::new(&COUNT, vec![stream.into()], |row| Columns::of(row, "directory_change").int("count")).first()
}

/// Whether a stream has changes that [`prune`] would remove.
pub fn expired(stream: i64, before: Timestamp) -> First<i64> {
    Query::new(&EXPIRED, vec![stream.into(), before.into(), 1_u32.into()], |row| {
        Columns::of(row, "directory_change").int("place")
    })
    .first()
}

/// Removes a piece of the oldest changes of a stream from before an instant. The last one before it stays: a token may
/// have been made when it was the newest.
pub fn prune(tx: &mut Tx<'_>, stream: i64, before: Timestamp) {
    tx.write(&PRUNE, vec![stream.into(), before.into(), CHANGES_PRUNED.into()]);
}

/// How an object is now that once changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there.
    There,
    /// It is deleted and can be restored.
    Deleted,
    /// It is gone for good.
    Gone,
}

/// A change, and how it stands now with what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The transaction.
    pub stamp: i64,
    /// Its place among all changes.
    pub place: i64,
    /// Which stream it belongs to.
    pub stream: i64,
    /// The object, or the group.
    pub object: Uuid,
    /// How it is now.
    pub state: State,
    /// The member; of an object itself the same again.
    pub member: Uuid,
    /// What the member is or was.
    pub member_kind: ObjectKind,
    /// Whether he is a member now, and not deleted.
    pub is_member: bool,
}

/// Which members of groups are told of: those of these kinds, and this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// Kinds of which the caller sees all.
    pub kinds: Vec<ObjectKind>,
    /// The caller himself, where he sees himself.
    pub me: Option<Uuid>,
}

impl Members {
    /// The condition on a kind and an id; four kinds at most, so that the text is always the same.
    fn condition(&self, columns: (&str, &str), params: &mut Vec<Value>) -> String {
        let first = params.len() + 1;
        let kind = |i: usize| self.kinds.get(i).or(self.kinds.first()).map_or(0, |kind| kind.code());
        params.extend((0..4).map(|i| Value::from(kind(i))));
        params.push(self.me.unwrap_or_default().into());
        let (kind, id) = columns;
        format!("({kind} IN {} OR {id} = ${})", dialect::in_list(first, 4), first + 4)
    }
}

/// Which changes are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// What was told already.
    pub since: &'a Horizon,
    /// What is told in this round.
    pub until: &'a Horizon,
    /// The last change of the page before.
    pub after: Option<(i64, i64)>,
    /// Only of these objects.
    pub objects: Option<&'a [Uuid]>,
}

fn stamps(late: &[i64], params: &mut Vec<Value>) -> String {
    let first = params.len() + 1;
    if late.is_empty() {
        params.push(NO_STAMP.into());
    }
    params.extend(late.iter().map(|stamp| Value::from(*stamp)));
    dialect::in_list(first, late.len().max(1))
}

fn ids(objects: &[Uuid], params: &mut Vec<Value>) -> String {
    let first = params.len() + 1;
    params.extend(objects.iter().map(|id| Value::from(*id)));
    dialect::in_list(first, objects.len())
}

/// A page of the changes of one stream in a window, in their order: of several changes of one thing the last one.
pub fn page(stream: i64, window: Window<'_>, members: &Members, limit: u32) -> Query<Changed> {
    let Window { since, until, after, objects } = window;
    let (stamp, place) = after.unwrap_or((since.first_unseen(), 0));
    let mut params: Vec<Value> = [stream, stamp, place, since.seen_to, until.seen_to].map(Value::from).to_vec();
    let (told, open) = (stamps(&since.late, &mut params), stamps(&until.late, &mut params));
    let inside =
        |c: &str| format!("({c}.stamp > $4 OR {c}.stamp IN {told}) AND {c}.stamp <= $5 AND {c}.stamp NOT IN {open}");
    let mut conditions = format!(
        "c.stream = $1 AND (c.stamp, c.place) > ($2, $3) AND {} AND NOT EXISTS (SELECT 1 FROM directory_change n \
         WHERE n.object_id = c.object_id AND n.member_id = c.member_id AND (n.stamp, n.place) > (c.stamp, c.place) \
         AND n.stream = c.stream AND {})",
        inside("c"),
        inside("n")
    );
    if let Some(objects) = objects {
        let list = ids(objects, &mut params);
        let _ = write!(conditions, " AND c.object_id IN {list}");
    }
    let (is_member, join) = if stream == MEMBERSHIPS {
        let shown = members.condition(("c.member_kind", "c.member_id"), &mut params);
        let _ = write!(conditions, " AND {shown}");
        (
            "CASE WHEN w.deleted_at IS NULL AND EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = c.object_id \
             AND m.member_id = w.id) THEN 1 ELSE 0 END",
            " LEFT JOIN directory_object w ON w.id = c.member_id",
        )
    } else {
        ("0", "")
    };
    params.push(limit.into());
    let text = format!(
        "SELECT c.stamp, c.place, c.stream, c.object_id, CASE WHEN o.id IS NULL THEN 2 \
         WHEN o.deleted_at IS NOT NULL THEN 1 ELSE 0 END, c.member_id, c.member_kind, {is_member} \
         FROM directory_change c LEFT JOIN directory_object o ON o.id = c.object_id{join} WHERE {conditions} \
         ORDER BY c.stamp, c.place LIMIT ${}",
        params.len()
    );
    Query::of(Statement::new(text, params), changed)
}

fn changed(row: &crate::driver::Row<'_>) -> Result<Changed, StoreError> {
    let mut c = Columns::of(row, "directory_change");
    Ok(Changed {
        stamp: c.int("stamp")?,
        place: c.int("place")?,
        stream: c.int("stream")?,
        object: c.id("object_id")?,
        state: match c.int("state")? {
            0 => State::There,
            1 => State::Deleted,
            _ => State::Gone,
        },
        member: c.id("member_id")?,
        member_kind: c.code("member_kind", ObjectKind::from_code)?,
        is_member: c.int("is_member")? == 1,
    })
}

/// A direct membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The group.
    pub group: Uuid,
    /// The member.
    pub member: Uuid,
    /// What he is.
    pub kind: ObjectKind,
}

/// A page of the direct memberships there are, in the order of groups and members, after one of them; only in these
/// groups.
pub fn edges(after: (Uuid, Uuid), groups: Option<&[Uuid]>, members: &Members, limit: u32) -> Query<Edge> {
    let mut params: Vec<Value> = vec![after.0.into(), after.1.into()];
    let mut conditions = format!(
        "(m.group_id, m.member_id) > ($1, $2) AND NOT g.is_deleted AND o.deleted_at IS NULL AND {}",
        members.condition(("m.member_kind", "m.member_id"), &mut params)
    );
    if let Some(groups) = groups {
        let list = ids(groups, &mut params);
        let _ = write!(conditions, " AND m.group_id IN {list}");
    }
    params.push(limit.into());
    let text = format!(
        "SELECT m.group_id, m.member_id, m.member_kind FROM group_member m JOIN dir_group g ON g.id = m.group_id \
         JOIN directory_object o ON o.id = m.member_id WHERE {conditions} ORDER BY m.group_id, m.member_id LIMIT ${}",
        params.len()
    );
    Query::of(Statement::new(text, params), |row| {
        let mut c = Columns::of(row, "group_member");
        Ok(Edge {
            group: c.id("group_id")?,
            member: c.id("member_id")?,
            kind: c.code("member_kind", ObjectKind::from_code)?,
        })
    })
}
